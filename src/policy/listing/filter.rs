//! What a lookup of resources is asked: a part of the answer, its detail, what to leave out, and who takes the rows.

use std::ops::ControlFlow;

use crate::model::{Action, Id, Kind};
use crate::policy::facts::{Facts, Result};
use crate::policy::subject::Subject;

/// Restricts a lookup to a part of the answer.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only resources of this kind.
    pub kind: Option<Kind>,
    /// Only this item and the items below it.
    pub under: Option<Id>,
    /// Only these actions; if empty, every action that [`Action::listable`] names.
    pub actions: Vec<Action>,
}

/// How many items a listing shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ItemDetail {
    /// An item stands for everything below it (a root folder only for what is below it), down to items with a row of
    /// their own because other actions are allowed there.
    #[default]
    Boundaries,
    /// Every registered item has a row of its own.
    All,
}

impl Filter {
    /// The actions to ask about on a kind of resource.
    pub fn actions_on(&self, kind: Kind) -> Vec<Action> {
        let all = Action::listable(kind);
        if self.actions.is_empty() {
            return all;
        }
        let valued = |action: &Action| matches!(action, Action::Share(_)) && kind == Kind::Item;
        self.actions.iter().copied().filter(|action| all.contains(action) || valued(action)).collect()
    }

    pub(super) fn matches(&self, kind: Kind) -> bool {
        self.kind.is_none_or(|only| only == kind) && (self.under.is_none() || kind == Kind::Item)
    }
}

/// A visitor that is called for each resource with the actions allowed on it. The list is empty for an
/// item that is listed because less is allowed there than above. Returns whether to continue.
pub type VisitResource<'v> = &'v mut dyn FnMut(Id, &[Action]) -> Result<ControlFlow<()>>;

/// The baseline of a listing that leaves out what every active account has.
pub(super) struct ClassBaseline<'c, 'f, F: Facts + ?Sized> {
    /// The class `authenticated`.
    pub(super) class: &'c Subject<'f, F>,
    /// The listed subject without its classes.
    pub(super) own: &'c Subject<'f, F>,
}
