//! The columns that every list of bindings has: what the platforms call the binding, when it was last reviewed, and by
//! whom.

use serde_json::{Map, Value, json};

use super::view::ReadView;
use crate::model::time::time_value;
use crate::model::{Binding, Problem};
use crate::ops::review::LastReviews;
use crate::policy::Facts;
use crate::render::{Column, hidden};

const IDS: &str = "ids";
const REVIEWED: &str = "reviewed";
const REVIEWED_BY: &str = "reviewed_by";

/// The columns, for the facts of one view.
pub(super) struct BindingColumns<'f>(LastReviews<'f>);

impl<'f> BindingColumns<'f> {
    /// Reads which reviews there are.
    pub(super) fn read<F: Facts>(view: &'f ReadView<'_, F>) -> Result<BindingColumns<'f>, Problem> {
        Ok(BindingColumns(LastReviews::read(&view.facts)?))
    }

    /// The columns of a list with those of bindings. The table shows the time of the review once there has been any.
    pub(super) fn with(&self, columns: &[Column]) -> Vec<Column> {
        let time = Column { shown: !self.0.is_empty(), ..hidden(REVIEWED) };
        columns.iter().cloned().chain([hidden(IDS), time, hidden(REVIEWED_BY)]).collect()
    }

    /// Adds the ids and the last review of a binding to its row.
    pub(super) fn add<F: Facts>(
        &self,
        view: &ReadView<'_, F>,
        binding: &Binding,
        row: &mut Map<String, Value>,
    ) -> Result<(), Problem> {
        let last = self.0.of(binding)?;
        row.insert(IDS.to_owned(), json!(binding.attributes.ids));
        row.insert(REVIEWED.to_owned(), time_value(last.as_ref().map(|it| it.at)));
        row.insert(REVIEWED_BY.to_owned(), json!(last.map(|it| view.actor_name(it.by)).transpose()?));
        Ok(())
    }
}
