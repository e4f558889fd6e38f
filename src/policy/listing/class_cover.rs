//! When `authenticated` covers every account: a listing does not name accounts that may do an action
//! only because every account may.

use super::filter::Filter;
use crate::model::catalogue::{self, Condition, Grantee, Requirement};
use crate::model::{Action, Id, Kind, Verb};
use crate::policy::evaluator::Evaluator;
use crate::policy::facts::{Facts, Result};
use crate::policy::subject::Subject;
use crate::policy::target::Target;

/// Whether every active account may do an action because `authenticated` may. A listing then shows
/// `authenticated` for all of them.
///
/// # Errors
/// When the facts cannot be read.
pub fn is_covered<F: Facts + ?Sized>(evaluator: &Evaluator<'_, F>, action: Action, target: &Target) -> Result<bool> {
    Ok(!distinguishes(evaluator.facts(), action, target)?
        && evaluator.allows_on(Id::AUTHENTICATED, action, target)?.is_some())
}

/// The actions, with the kind of resource, that a subject's own settings stop although the server's settings allow
/// them to active accounts.
///
/// # Errors
/// When the facts cannot be read.
pub fn stopped<F: Facts + ?Sized>(subject: &Subject<'_, F>, filter: &Filter) -> Result<Vec<(Kind, Action)>> {
    let mut found: Vec<(Kind, Action)> = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| filter.matches(*kind)) {
        for action in filter.actions_on(kind) {
            if is_stopped(subject, kind, action.verb())? {
                found.push((kind, action));
            }
        }
    }
    Ok(found)
}

fn is_stopped<F: Facts + ?Sized>(subject: &Subject<'_, F>, kind: Kind, verb: Verb) -> Result<bool> {
    let rows = catalogue::rules_for(kind, verb);
    let mut anybody = rows.grants.iter().filter(|grant| grant.grantee == Grantee::Account).peekable();
    if anybody.peek().is_none() {
        return Ok(false);
    }
    for limit in &rows.restrictions {
        if let Requirement::Allowed(setting) | Requirement::AllowedOrShared(setting) = limit.requirement
            && subject.server()?.allows(setting)
            && !subject.setting(setting)?.0
        {
            return Ok(true);
        }
    }
    // A grant may depend on another action. If every grant depends on a stopped action, this action is stopped.
    for grant in anybody {
        match grant.when.and_then(Condition::required_verb).filter(|also| *also != verb) {
            Some(also) if is_stopped(subject, kind, also)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Whether an action that every account has may be stopped for one account and not for another.
fn distinguishes<F: Facts + ?Sized>(facts: &F, action: Action, target: &Target) -> Result<bool> {
    let rows = catalogue::rules_for(target.kind, action.verb());
    for limit in &rows.restrictions {
        if is_personal(facts, limit.requirement, action, target)? {
            return Ok(true);
        }
    }
    // A condition may require another action, which may be stopped.
    for grant in &rows.grants {
        if let Some(also) = grant.when.and_then(Condition::required_verb)
            && distinguishes(facts, Action::Plain(also), target)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether any account may be a candidate, so that each account has to be asked about: a grant is to
/// every account, or a class has the action.
pub(super) fn may_be_anybody<F: Facts + ?Sized>(
    evaluator: &Evaluator<'_, F>,
    action: Action,
    target: &Target,
) -> Result<bool> {
    let rows = catalogue::rules_for(target.kind, action.verb());
    if rows.grants.iter().any(|grant| grant.grantee == Grantee::Account) {
        return Ok(true);
    }
    for class in [Id::AUTHENTICATED, Id::ANYONE] {
        if evaluator.allows_on(class, action, target)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a limit may stop one account and not another.
fn is_personal<F: Facts + ?Sized>(
    facts: &F,
    requirement: Requirement,
    action: Action,
    target: &Target,
) -> Result<bool> {
    Ok(match requirement {
        Requirement::Managed
        | Requirement::RoleFitsKind
        | Requirement::Shareable
        | Requirement::SetFits
        | Requirement::NotRoot
        | Requirement::TargetActive => false,
        // Root uploads concern the account in whose home folder the upload lands.
        Requirement::RootUpload if target.kind == Kind::Item => match action {
            Action::MoveTo(to) | Action::CopyTo(to) => match Target::load(facts, to.folder)? {
                Some(folder) => is_at_home(facts, &folder)?,
                None => false,
            },
            _ => is_at_home(facts, target)?,
        },
        Requirement::RootUpload
        | Requirement::NotItself
        | Requirement::Allowed(_)
        | Requirement::AllowedOrShared(_)
        | Requirement::AllowedOrSent(_) => true,
    })
}

/// Whether an item is a home folder or lies directly in one.
fn is_at_home<F: Facts + ?Sized>(facts: &F, item: &Target) -> Result<bool> {
    Ok(item.items(facts)?.take(2).any(|(_, it)| it.home.is_some()))
}
