//! Reviews of access: somebody decides about each binding in a scope whether it stays. A review and its decisions are
//! resources, so they are in the chained history as everything else.
//!
//! A review is about the bindings of the revision before it was started. A decision is about one version of a binding: if
//! the binding changes, the decision no longer says anything about it.

mod apply;
mod start;

pub use apply::{DecisionRow, Refused, RowRefusal, apply};
pub use start::{ReviewScope, close, start};

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::rc::Rc;

use super::revocation::Revocation;
use super::{Actor, Result, Transaction};
use crate::model::attributes::{Review, ReviewDecision, Verdict};
use crate::model::catalogue::REVIEWER;
use crate::model::{Binding, Id, Kind, Problem, Resource, Revision, Role, Time, Verb};
use crate::policy::{BindingQuery, Facts};

/// What has become of a binding since its review was started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReviewState {
    /// Nothing is decided about it as it is now.
    Open,
    /// It was decided to keep it.
    Kept,
    /// It was decided to revoke it, and it is gone.
    Revoked,
    /// It is gone without a decision.
    Removed,
}

impl ReviewState {
    /// The word in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReviewState::Open => "open",
            ReviewState::Kept => "kept",
            ReviewState::Revoked => "revoked",
            ReviewState::Removed => "removed",
        }
    }
}

/// A binding in the scope of a review.
#[derive(Clone, Debug)]
pub struct ReviewedBinding {
    /// The binding as it is now; as it was, if it is gone.
    pub binding: Binding,
    /// What has become of it.
    pub state: ReviewState,
    /// The decision that the state rests on.
    pub decision: Option<ReviewDecision>,
}

/// Visits the bindings in the scope of a review, each once. `then` are the facts at the revision of the review.
///
/// # Errors
/// When the facts cannot be read; those of the visitor.
pub fn each_in_scope<E: From<Problem>>(
    (then, now): (&dyn Facts, &dyn Facts),
    review: (Id, &Review),
    visit: &mut dyn FnMut(ReviewedBinding) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let mut seen = HashSet::new();
    let mut each = |query: BindingQuery| {
        for binding in then.list_bindings(query).map_err(Problem::from)? {
            if Revocation::of(&binding).is_some() && seen.insert(binding.id) {
                visit(reviewed(now, review.0, binding)?)?;
            }
        }
        Ok::<(), E>(())
    };
    for principal in &review.1.principals {
        each(BindingQuery::Of(*principal))?;
    }
    let mut open = if review.1.is_about_everything() { outermost(then)? } else { review.1.of.clone() };
    while let Some(resource) = open.pop() {
        each(BindingQuery::On(resource))?;
        open.extend(inner(then, resource)?);
    }
    Ok(())
}

/// Whether a binding is in the scope of a review. `then` are the facts at the revision of the review.
///
/// # Errors
/// When the facts cannot be read.
pub fn is_in_scope(then: &dyn Facts, review: &Review, binding: &Binding) -> Result<bool> {
    if Revocation::of(binding).is_none() {
        return Ok(false);
    }
    Ok(review.principals.contains(&binding.principal) || covers(then, review, binding.resource)?)
}

/// Whether a resource is one that a review is about, or lies in one. `then` are the facts at the revision of the review.
///
/// # Errors
/// When the facts cannot be read.
pub fn covers(then: &dyn Facts, review: &Review, resource: Id) -> Result<bool> {
    Ok(review.is_about_everything()
        || review.of.contains(&resource)
        || then.ancestors(resource)?.iter().any(|above| review.of.contains(&above.id)))
}

/// Every resource that lies in no other and that roles which are taken away by themselves are on.
fn outermost(facts: &dyn Facts) -> Result<Vec<Id>> {
    let mut found = vec![Id::SERVER];
    for kind in Kind::ALL.into_iter().filter(|kind| kind.parents().is_empty() && holds_roles(*kind)) {
        found.extend(facts.ids(kind, None)?);
    }
    Ok(found)
}

/// The resources that lie in a resource and that roles are on.
fn inner(facts: &dyn Facts, resource: Id) -> Result<Vec<Id>> {
    let Some(kind) = facts.header(resource)?.map(|it| it.kind()) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for kind in kind.children().filter(|kind| holds_roles(*kind)) {
        found.extend(facts.ids(kind, Some(resource))?);
    }
    Ok(found)
}

fn holds_roles(kind: Kind) -> bool {
    !matches!(kind, Kind::Server | Kind::Package) && Role::ALL.iter().any(|role| role.resource_kind() == kind)
}

fn reviewed(now: &dyn Facts, review: Id, then: Binding) -> Result<ReviewedBinding> {
    let decision = decision_about(now, review, then.id)?;
    // A role of an account that is taken away leaves the binding with the role that every account has.
    let current = now.binding(then.id)?.filter(|it| Revocation::of(it).is_some());
    let is_revoked = decision.as_ref().is_some_and(|it| it.verdict == Verdict::Revoke);
    let state = match &current {
        None if is_revoked => ReviewState::Revoked,
        None => ReviewState::Removed,
        Some(current) => match &decision {
            Some(it) if it.verdict == Verdict::Keep && it.version == current.since => ReviewState::Kept,
            _ => ReviewState::Open,
        },
    };
    let decision = decision.filter(|_| state != ReviewState::Open);
    Ok(ReviewedBinding { binding: current.unwrap_or(then), state, decision })
}

/// What a review decided about a binding.
fn decision_about(facts: &dyn Facts, review: Id, binding: Id) -> Result<Option<ReviewDecision>> {
    let found = facts.named(Kind::ReviewDecision, Some(review), &binding.to_string())?;
    Ok(found.and_then(|it| it.as_decision().cloned()))
}

/// When and by whom it was last decided that bindings stay, over all reviews.
pub struct LastReviews<'f> {
    facts: &'f dyn Facts,
    reviews: Vec<Id>,
}

impl<'f> LastReviews<'f> {
    /// Reads which reviews there are.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn read(facts: &'f dyn Facts) -> Result<LastReviews<'f>> {
        Ok(LastReviews { facts, reviews: facts.ids(Kind::Review, None)? })
    }

    /// Whether there is no review.
    pub const fn is_empty(&self) -> bool {
        self.reviews.is_empty()
    }

    /// The last decision to keep this version of a binding.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn of(&self, binding: &Binding) -> Result<Option<ReviewDecision>> {
        let mut last: Option<ReviewDecision> = None;
        for review in &self.reviews {
            let found = decision_about(self.facts, *review, binding.id)?
                .filter(|it| it.verdict == Verdict::Keep && it.version == binding.since);
            // Reviews overlap in time, so any of them can have the last decision.
            if found.as_ref().is_some_and(|it| last.as_ref().is_none_or(|last| last.at < it.at)) {
                last = found;
            }
        }
        Ok(last)
    }
}

/// The id of a row in a review: the number of the binding and the revision of its version. No spreadsheet takes it for
/// a number or a date.
pub fn row_id(binding: Id, version: Revision) -> String {
    format!("b{binding}r{version}")
}

/// Reads what [`row_id`] wrote.
pub fn parse_row_id(text: &str) -> Option<(Id, Revision)> {
    let (binding, version) = text.strip_prefix('b')?.split_once('r')?;
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    Some((Id(number(binding)?), number(version)?))
}

/// Every review, the oldest first.
///
/// # Errors
/// When the facts cannot be read.
pub fn all(facts: &dyn Facts) -> Result<Vec<Rc<Resource>>> {
    let mut found = Vec::new();
    facts.resources(Kind::Review, None, &mut |review| {
        found.push(review);
        Ok(ControlFlow::Continue(()))
    })?;
    found.sort_by_key(|it| it.id);
    Ok(found)
}

/// Whether a review is open after the time by which it was due.
pub fn is_overdue(review: &Review, at: Time) -> bool {
    review.closed.is_none() && review.due.is_some_and(|due| due <= at)
}

/// Requires that the actor is the reviewer of a review; if none is named, that the actor may configure the server.
///
/// # Errors
/// A denial that names the reviewer.
pub fn require_reviewer(tx: &Transaction<'_>, review: &Review) -> Result<()> {
    match review.reviewer {
        None => tx.require_verb(Verb::Configure, Id::SERVER),
        Some(reviewer) if tx.actor == Actor::Principal(reviewer) => Ok(()),
        Some(reviewer) => {
            let message = format!("{} decides in this review", tx.name(reviewer)?);
            Err(Problem::denied(REVIEWER, message).tip("--as names who acts"))
        }
    }
}
