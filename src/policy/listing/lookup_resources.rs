//! [`lookup_resources`]: what a principal can do. Every resource with the actions that the evaluator allows on it.

use std::ops::ControlFlow;

use super::allowed_actions::allowed;
use super::candidate_resources::candidate_resources;
use super::filter::{ClassBaseline, Filter, ItemDetail, VisitResource};
use super::item_boundaries;
use crate::model::{Action, Id, Kind};
use crate::policy::evaluator::Evaluator;
use crate::policy::facts::{Facts, Result};
use crate::policy::subject::Subject;

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
