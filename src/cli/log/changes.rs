//! The changes of one revision, as the log shows them to a reader. There may be millions, so they are streamed and
//! never held together.

use std::ops::ControlFlow;

use super::{LogReader, PastNames};
use crate::model::{Id, Kind, Problem, Revision};
use crate::ops::describe::{Change, concerns, describe_with_last_values};
use crate::policy::{Facts, RowChange};
use crate::render::{PushElement, RenderError};
use crate::store::StoreFacts;

/// The number of rows of a revision that are described at once.
const BATCH_ROWS: usize = 1_000;

/// The changes of one revision that the reader may see, with the names of that time.
pub(in crate::cli) struct Changes<'l, 'v, 'r, F: Facts> {
    log: &'l LogReader<'v, 'r, F>,
    number: Revision,
    then: PastNames<'l, 'v, 'r, F>,
}

/// The callback that receives each change.
type VisitChange<'c> = &'c mut dyn FnMut(Change) -> Result<ControlFlow<()>, RenderError>;

impl<'l, 'v, 'r, F: Facts> Changes<'l, 'v, 'r, F> {
    pub(super) fn new(log: &'l LogReader<'v, 'r, F>, number: Revision) -> Changes<'l, 'v, 'r, F> {
        Changes { log, number, then: log.past_names(number) }
    }

    /// Calls `visit` with each change.
    pub(in crate::cli) fn each(&self, visit: VisitChange<'_>) -> Result<(), RenderError> {
        let reader = self.log.view.reader;
        let mut rows: Vec<RowChange> = Vec::new();
        let mut flow = ControlFlow::Continue(());
        reader.each_change(self.number, &mut |change| {
            // Changes that the reader may not see are skipped before anything is described.
            if !self.is_visible(&change)? {
                return Ok(ControlFlow::Continue(()));
            }
            match &change {
                // The role of an account is described with the account, so it is added here and skipped below.
                RowChange::Resource(before, after) => {
                    let account = after.as_ref().or(before.as_ref()).filter(|any| any.kind() == Kind::Account);
                    let account = account.map(|any| any.id);
                    rows.push(change);
                    if let Some(account) = account {
                        rows.extend(reader.changes_of(self.number, account, Id::SERVER)?);
                    }
                }
                RowChange::Binding(before, after) => {
                    let any = after.as_ref().or(before.as_deref());
                    let of = any.filter(|any| any.resource == Id::SERVER).map(|any| any.principal);
                    let is_account_changed = of.map_or(Ok(false), |of| reader.is_changed(self.number, of))?;
                    if !is_account_changed {
                        rows.push(change);
                    }
                }
            }
            if rows.len() >= BATCH_ROWS {
                flow = self.describe(&mut rows, visit)?;
            }
            Ok::<_, RenderError>(flow)
        })?;
        if flow.is_break() {
            return Ok(());
        }
        self.describe(&mut rows, visit).map(drop)
    }

    fn describe(&self, rows: &mut Vec<RowChange>, visit: VisitChange<'_>) -> Result<ControlFlow<()>, RenderError> {
        // Resources come first, as everywhere.
        rows.sort_by_key(|row| matches!(row, RowChange::Binding(..)));
        for change in describe_with_last_values(&std::mem::take(rows), &self.then)? {
            if visit(change)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Pushes each change as an element of the row's list.
    pub(in crate::cli) fn list(&self, push: PushElement<'_>) -> Result<(), RenderError> {
        self.each(&mut |change| {
            push(change.json_with_both_sides())?;
            Ok(ControlFlow::Continue(()))
        })
    }

    /// Whether any change concerns a sought resource, including changes that the reader may not see. Describes none.
    pub(super) fn any_concerns(&self, is_sought: &mut dyn FnMut(Id) -> bool) -> Result<bool, Problem> {
        let mut found = false;
        self.log.view.reader.each_change(self.number, &mut |row| {
            found = concerns(&row, &self.then)?.is_some_and(&mut *is_sought);
            Ok::<_, Problem>(if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(found)
    }

    /// Whether a row changed that the reader may see and for which a condition holds.
    pub(super) fn any_visible(&self, holds: &dyn Fn(&RowChange) -> Result<bool, Problem>) -> Result<bool, Problem> {
        let mut found = false;
        self.log.view.reader.each_change(self.number, &mut |row| {
            found = holds(&row)? && self.is_visible(&row)?;
            Ok::<_, Problem>(if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(found)
    }

    /// Whether the reader may see a change.
    fn is_visible(&self, row: &RowChange) -> Result<bool, Problem> {
        Ok(self.log.reads_all() || concerns(row, &self.then)?.is_some_and(|id| self.log.reads_of(id)))
    }

    /// Whether a change touches a resource: it is a change of the resource, of what lay in it before or lies in it after
    /// the revision, of a binding on either, or of a binding that the resource holds or made.
    pub(super) fn touches(&self, row: &RowChange, sought: Id) -> Result<bool, Problem> {
        let [is, was] = &self.then.sides;
        let lies_in = |facts: &StoreFacts<'_>, id: Id| -> Result<bool, Problem> {
            Ok(id == sought || facts.ancestors(id)?.iter().any(|above| above.id == sought))
        };
        match row {
            RowChange::Resource(before, after) => {
                for (row, facts) in [(after, is), (before, was)] {
                    if let Some(row) = row
                        && (row.id == sought || row.parent.map_or(Ok(false), |parent| lies_in(facts, parent))?)
                    {
                        return Ok(true);
                    }
                }
            }
            RowChange::Binding(before, after) => {
                for (row, facts) in [(after.as_ref(), is), (before.as_deref(), was)] {
                    if let Some(row) = row
                        && (row.principal == sought || row.grantor == Some(sought) || lies_in(facts, row.resource)?)
                    {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }
}
