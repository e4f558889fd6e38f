//! What somebody can do: every resource with the actions that the evaluator allows on it.

use std::ops::ControlFlow;

use super::candidate_resources::candidate_resources;
use super::item_boundaries;
use crate::model::{Action, Id, Kind};
use crate::policy::decide::allows;
use crate::policy::evaluator::Evaluator;
use crate::policy::facts::{Facts, Result};
use crate::policy::subject::Subject;
use crate::policy::target::Target;

/// Which part of the answer is wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// On resources of this kind alone.
    pub kind: Option<Kind>,
    /// On this item and those beneath it alone.
    pub under: Option<Id>,
    /// These actions alone; every one that [`Action::listable`] names where there are none.
    pub actions: Vec<Action>,
}

/// How items are listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ItemDetail {
    /// An item stands for everything beneath it (a root folder for that alone), down to items that are listed themselves because
    /// other actions are allowed there.
    #[default]
    Boundaries,
    /// Every registered item is listed itself.
    All,
}

impl Filter {
    /// The actions asked about on a kind of resource.
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

/// Told of each resource with the actions allowed on it, of which there is at least one; and whether
/// it stands for everything beneath it. A resource that is listed because less is allowed there than
/// above may have none.
pub type VisitResource<'v> = &'v mut dyn FnMut(Id, &[Action]) -> Result<ControlFlow<()>>;

/// Every resource that somebody may do something on, kind by kind, with what.
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

/// As [`lookup_resources`], without what every active account may do anyway: a resource is told of where somebody, who is
/// one or stands for some, may do something else than `authenticated`.
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

/// What is left out of a listing because every active account has it.
pub(super) struct ClassBaseline<'c, 'f, F: Facts + ?Sized> {
    /// Every active account.
    pub(super) class: &'c Subject<'f, F>,
    /// Whoever is listed, without what it has as any account.
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
        // Whoever asks may come into question itself, and be a group where accounts are listed.
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

/// Those of some actions that are allowed beneath an item, as on every path there that is not registered;
/// of any other kind, on the resource itself.
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
