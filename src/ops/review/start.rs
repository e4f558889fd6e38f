//! Starting a review, and closing it.

use crate::model::attributes::{Attributes, Review};
use crate::model::time::Expiry;
use crate::model::{Id, Kind, Name, Problem, Reference, Revision, Verb};
use crate::ops::{Result, Transaction, resolve};
use crate::policy::Facts;

/// What a review is about, who decides, and until when.
#[derive(Clone, Debug, Default)]
pub struct ReviewScope {
    /// The resources, each with what lies in it.
    pub of: Vec<Reference>,
    /// The principals. Without resources and principals it is about everything.
    pub principals: Vec<Reference>,
    /// Who decides; `None` for whoever may configure the server.
    pub reviewer: Option<Reference>,
    /// The time by which everything should be decided.
    pub due: Option<Expiry>,
}

/// Starts a review of the bindings of a revision, and returns it.
///
/// # Errors
/// A denial; a conflict for a name that is taken or a time in the past; "no such …".
pub fn start(tx: &mut Transaction<'_>, name: &Name, scope: &ReviewScope, as_of: Revision) -> Result<Id> {
    tx.require_verb(Verb::Configure, Id::SERVER)?;
    if let Some(existing) = tx.facts().named(Kind::Review, None, name.key())? {
        let problem = Problem::conflict("exists", format!("there is a review `{}` already", existing.name));
        return Err(problem.tip("name another one, such as one with the year and the quarter"));
    }
    let principals = scope.principals.iter().map(|it| found(tx, it)).collect::<Result<Vec<_>>>()?;
    let reviewer = match scope.reviewer.as_ref().map(|it| tx.with_kind(it)).transpose()?.as_deref() {
        None => None,
        Some(Reference::Named(Kind::Account, name)) => Some(tx.find(Kind::Account, name)?.id),
        Some(other) => return Err(other.wrong_kind("an account")),
    };
    let due = scope.due.and_then(|it| it.resolve_at(tx.at));
    if due.is_some_and(|due| due <= tx.at) {
        return Err(Problem::conflict("past_end", "the review would be due in the past"));
    }
    let review = Review {
        of: scope.of.iter().map(|it| found(tx, it)).collect::<Result<Vec<_>>>()?,
        principals,
        as_of,
        reviewer,
        due,
        by: tx.actor.principal(),
        created: tx.at,
        closed: None,
    };
    tx.create(None, name, Attributes::Review(review))
}

/// Closes a review: nothing more is decided in it. Warns if it was closed before.
///
/// # Errors
/// A denial; "no such review".
pub fn close(tx: &mut Transaction<'_>, name: &Name) -> Result<()> {
    let existing = tx.find(Kind::Review, name)?;
    tx.require_verb(Verb::Configure, Id::SERVER)?;
    let Some(review) = existing.as_review() else { return Ok(()) };
    if review.closed.is_some() {
        tx.warnings.push(format!("{} was closed already", existing.reference()));
        return Ok(());
    }
    let closed = Review { closed: Some(tx.at), ..review.clone() };
    tx.put_attributes(&existing, Attributes::Review(closed));
    Ok(())
}

/// A resource or principal. A path must be registered itself: nothing is held on any other.
fn found(tx: &Transaction<'_>, reference: &Reference) -> Result<Id> {
    let (id, _) = resolve(tx.facts(), &tx.viewer()?, reference)?;
    if let Reference::Item(endpoint, path) = reference
        && !tx.find_item(endpoint, path)?.missing.is_empty()
    {
        return Err(Problem::not_found("file or folder", &reference.to_string()));
    }
    Ok(id)
}
