//! The columns that say when a binding was last reviewed, and by whom. Every list of bindings has them.

use serde_json::{Map, Value, json};

use super::view::ReadView;
use crate::model::time::time_value;
use crate::model::{Binding, Problem};
use crate::ops::review::LastReviews;
use crate::policy::Facts;
use crate::render::{Column, hidden};

const REVIEWED: &str = "reviewed";
const REVIEWED_BY: &str = "reviewed_by";

/// The columns of reviews, for the facts of one view.
pub(super) struct ReviewedColumns<'f>(LastReviews<'f>);

impl<'f> ReviewedColumns<'f> {
    /// Reads which reviews there are.
    pub(super) fn read<F: Facts>(view: &'f ReadView<'_, F>) -> Result<ReviewedColumns<'f>, Problem> {
        Ok(ReviewedColumns(LastReviews::read(&view.facts)?))
    }

    /// The columns of a list with those of reviews. The table shows the time of the review once there has been any.
    pub(super) fn with(&self, columns: &[Column]) -> Vec<Column> {
        let time = Column { shown: !self.0.is_empty(), ..hidden(REVIEWED) };
        columns.iter().cloned().chain([time, hidden(REVIEWED_BY)]).collect()
    }

    /// Adds the last review of a binding to its row.
    pub(super) fn add<F: Facts>(
        &self,
        view: &ReadView<'_, F>,
        binding: &Binding,
        row: &mut Map<String, Value>,
    ) -> Result<(), Problem> {
        let last = self.0.of(binding)?;
        row.insert(REVIEWED.to_owned(), time_value(last.as_ref().map(|it| it.at)));
        row.insert(REVIEWED_BY.to_owned(), json!(last.map(|it| view.actor_name(it.by)).transpose()?));
        Ok(())
    }
}
