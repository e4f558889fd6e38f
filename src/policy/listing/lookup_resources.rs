//! [`lookup_resources`]: what a principal can do. Every resource with the actions that the evaluator allows on it.

use std::ops::ControlFlow;

use super::candidate_resources::candidate_resources;
use super::item_boundaries;
use crate::model::{Action, Id, Kind};
use crate::policy::decide::allows;
use crate::policy::evaluator::Evaluator;
use crate::policy::facts::{Facts, Result};
use crate::policy::subject::Subject;
use crate::policy::target::Target;

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

/// Visits every resource on which a principal may do an action, kind by kind.
///
/// # Errors
/// When the facts cannot be read, or what the visitor answers.
pub fn lookup_resources<'f, F: Facts + ?Sized>(
    evaluator: &Evaluator<'f, F>,
    subject: &Subject<'f, F>,
    filter: &Filter,
    detail: ItemDetail,
    visit: VisitResource<'_>,
) -> Result<()> {
    list(evaluator, subject, None, filter, detail, visit)
}

/// As [`lookup_resources`], for a subject that is an active account or a set of accounts, without what every active
/// account may do: a resource is visited if the subject may do other actions there than `authenticated`.
///
/// # Errors
/// When the facts cannot be read, or what the visitor answers.
pub fn lookup_beyond_class<'f, F: Facts + ?Sized>(
    evaluator: &Evaluator<'f, F>,
    subject: &Subject<'f, F>,
    filter: &Filter,
    detail: ItemDetail,
    visit: VisitResource<'_>,
) -> Result<()> {
    let class = evaluator.subject(Id::AUTHENTICATED)?;
    let own = Subject::new(evaluator.facts(), subject.id, subject.at)?.without_classes();
    list(evaluator, subject, Some(ClassBaseline { class: &class, own: &own }), filter, detail, visit)
}

/// The baseline of a listing that leaves out what every active account has.
pub(super) struct ClassBaseline<'c, 'f, F: Facts + ?Sized> {
    /// The class `authenticated`.
    pub(super) class: &'c Subject<'f, F>,
    /// The listed subject without its classes.
    pub(super) own: &'c Subject<'f, F>,
}

fn list<'f, F: Facts + ?Sized>(
    evaluator: &Evaluator<'f, F>,
    subject: &Subject<'f, F>,
    common: Option<ClassBaseline<'_, 'f, F>>,
    filter: &Filter,
    detail: ItemDetail,
    visit: VisitResource<'_>,
) -> Result<()> {
    for kind in Kind::ALL.into_iter().filter(|kind| filter.matches(*kind)) {
        let actions = filter.actions_on(kind);
        if actions.is_empty() {
            continue;
        }
        let flow = match kind {
            Kind::Item => {
                item_boundaries::list(evaluator, (subject, common.as_ref()), filter, &actions, detail, visit)?
            }
            _ => others(evaluator, (subject, common.as_ref()), kind, &actions, visit)?,
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

fn others<'f, F: Facts + ?Sized>(
    evaluator: &Evaluator<'f, F>,
    (subject, common): (&Subject<'f, F>, Option<&ClassBaseline<'_, 'f, F>>),
    kind: Kind,
    actions: &[Action],
    visit: VisitResource<'_>,
) -> Result<ControlFlow<()>> {
    let sought = common.map_or(subject, |common| common.own);
    for id in candidate_resources(evaluator, sought, kind, actions)? {
        // The subject may be a candidate itself, such as a group when accounts are listed.
        let Some(target) = evaluator.target(id)?.filter(|target| target.kind == kind) else { continue };
        let found = allowed(subject, actions, &target)?;
        if found.is_empty() {
            continue;
        }
        if let Some(common) = common
            && allowed(common.class, actions, &target)? == found
        {
            continue;
        }
        if visit(id, &found)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// The actions that are allowed below an item, as on every path there that is not registered. For any other
/// kind, the actions that are allowed on the resource itself.
pub(super) fn allowed_beneath<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    actions: &[Action],
    target: &Target,
) -> Result<Vec<Action>> {
    let mut found = Vec::new();
    for action in actions {
        let asked = if target.kind == Kind::Item { action.on_unregistered() } else { *action };
        if allows(subject, asked, target)?.is_some() {
            found.push(*action);
        }
    }
    Ok(found)
}

/// The actions of a list that are allowed on a resource.
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
