//! What somebody can do: every resource with the actions that the evaluator allows on it.

use std::ops::ControlFlow;

use super::items;
use super::places::places;
use crate::model::{Action, Id, Kind};
use crate::policy::decide::allows;
use crate::policy::facts::{Facts, Result};
use crate::policy::panel::Panel;
use crate::policy::subject::Subject;
use crate::policy::target::Target;

/// Which part of the answer is wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// On resources of this kind alone.
    pub kind: Option<Kind>,
    /// On this item and those beneath it alone.
    pub under: Option<Id>,
    /// These actions alone; every one that [`Action::listed`] names where there are none.
    pub actions: Vec<Action>,
}

/// How items are listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reach {
    /// An item stands for everything beneath it, down to items that are listed themselves because
    /// other actions are allowed there.
    #[default]
    Outlined,
    /// Every registered item is listed itself.
    Every,
}

impl Filter {
    /// The actions asked about on a kind of resource.
    pub fn actions_on(&self, kind: Kind) -> Vec<Action> {
        let all = Action::listed(kind);
        if self.actions.is_empty() {
            return all;
        }
        let valued = |action: &Action| matches!(action, Action::Share(_)) && kind == Kind::Item;
        self.actions.iter().copied().filter(|action| all.contains(action) || valued(action)).collect()
    }

    fn takes(&self, kind: Kind) -> bool {
        self.kind.is_none_or(|only| only == kind) && (self.under.is_none() || kind == Kind::Item)
    }
}

/// Told of each resource with the actions allowed on it, of which there is at least one; and whether
/// it stands for everything beneath it. A resource that is listed because less is allowed there than
/// above may have none.
pub type VisitWhat<'v> = &'v mut dyn FnMut(Id, &[Action]) -> Result<ControlFlow<()>>;

/// Every resource that somebody may do something on, kind by kind, with what.
///
/// # Errors
/// When the facts cannot be read, or what the visitor answers.
pub fn what<'f, F: Facts + ?Sized>(
    panel: &Panel<'f, F>,
    subject: &Subject<'f, F>,
    filter: &Filter,
    reach: Reach,
    visit: VisitWhat<'_>,
) -> Result<()> {
    for kind in Kind::ALL.into_iter().filter(|kind| filter.takes(*kind)) {
        let actions = filter.actions_on(kind);
        if actions.is_empty() {
            continue;
        }
        let flow = match kind {
            Kind::Item => items::list(panel, subject, filter, &actions, reach, visit)?,
            _ => others(panel, subject, kind, &actions, visit)?,
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

fn others<'f, F: Facts + ?Sized>(
    panel: &Panel<'f, F>,
    subject: &Subject<'f, F>,
    kind: Kind,
    actions: &[Action],
    visit: VisitWhat<'_>,
) -> Result<ControlFlow<()>> {
    for id in places(panel, subject, kind, actions)? {
        // Whoever asks may come into question itself, and be a group where accounts are listed.
        let Some(target) = panel.target(id)?.filter(|target| target.kind == kind) else { continue };
        let allowed = allowed(subject, actions, &target)?;
        if !allowed.is_empty() && visit(id, &allowed)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Those of some actions that are allowed.
pub(super) fn allowed<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    actions: &[Action],
    target: &Target,
) -> Result<Vec<Action>> {
    let mut allowed = Vec::new();
    for action in actions {
        if allows(subject, *action, target)?.is_some() {
            allowed.push(*action);
        }
    }
    Ok(allowed)
}
