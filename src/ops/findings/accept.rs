//! Accepting a finding: a deliberate exception, which the store keeps with its reason. To accept takes the right to
//! configure the server (docs/decisions.md#findings).

use std::ops::ControlFlow;
use std::rc::Rc;

use hashbrown::HashMap;

use super::{Accepted, Finding, FindingOptions, FindingSearch, HistoryLookup};
use crate::model::attributes::{Acceptance, Attributes};
use crate::model::catalogue::findings::FindingKind;
use crate::model::time::Expiry;
use crate::model::{Id, Kind, Problem, Reference, Resource, Revision, Time, Verb};
use crate::ops::separation::Conflict;
use crate::ops::{Result, Transaction, resolve};
use crate::policy::Facts;

/// The finding to accept.
#[derive(Clone, Debug)]
pub struct AcceptedFinding {
    /// What was found.
    pub kind: FindingKind,
    /// The resource.
    pub on: Reference,
    /// The principal; `None` for a finding that names none, or for all principals.
    pub principal: Option<Reference>,
    /// Why it is accepted.
    pub reason: String,
    /// Until when; `None` for ever.
    pub expires: Option<Expiry>,
    /// The conflicts of the policy, to find one that is accepted.
    pub conflicts: Vec<Conflict>,
}

/// Accepts a finding, and returns the acceptance. One that was accepted before gets the new reason and end. `revision_at`
/// gives the last revision at or before a time.
///
/// # Errors
/// A denial; a conflict for an end in the past; "no such finding" if nothing like it is found now.
pub fn accept(
    tx: &mut Transaction<'_>,
    request: &AcceptedFinding,
    revision_at: &dyn Fn(Time) -> Result<Revision>,
) -> Result<Id> {
    tx.require_verb(Verb::Configure, Id::SERVER)?;
    let find = |reference: &Reference| resolve(tx.facts(), &tx.viewer()?, reference).map(|(id, _)| id);
    let accepted = Acceptance {
        finding: request.kind,
        on: find(&request.on)?,
        principal: request.principal.as_ref().map(find).transpose()?,
        reason: request.reason.clone(),
        by: tx.actor.principal(),
        created: tx.at,
        expires: request.expires.and_then(|it| it.resolve_at(tx.at)),
    };
    if accepted.expires.is_some_and(|end| end <= tx.at) {
        return Err(Problem::conflict("past_end", "the end of an acceptance lies in the past"));
    }
    if !is_found(tx, &accepted, &request.conflicts, revision_at)? {
        let what = format!("{} on {}", accepted.finding.as_str(), tx.name(accepted.on)?);
        return Err(Problem::not_found("finding", &what).tip("rolebook audit findings lists them"));
    }
    let Some(before) = existing(tx, &accepted)? else {
        return Ok(tx.create_unnamed(None, None, Attributes::Acceptance(accepted)));
    };
    tx.put_attributes(&before, Attributes::Acceptance(accepted));
    Ok(before.id)
}

/// What the search for the accepted finding asks the history.
struct TransactionHistory<'t, 'f> {
    tx: &'t Transaction<'f>,
    revision_at: &'t dyn Fn(Time) -> Result<Revision>,
}

impl HistoryLookup for TransactionHistory<'_, '_> {
    fn reference(&self, id: Id) -> Result<String> {
        // told: the name is not shown.
        self.tx.internal_reference(id)
    }

    fn revision_at(&self, time: Time) -> Result<Revision> {
        (self.revision_at)(time)
    }
}

fn is_found(
    tx: &Transaction<'_>,
    accepted: &Acceptance,
    conflicts: &[Conflict],
    revision_at: &dyn Fn(Time) -> Result<Revision>,
) -> Result<bool> {
    let options = FindingOptions {
        only: [accepted.finding].into(),
        within: Some(accepted.on),
        accepted: Accepted::With,
        conflicts: conflicts.to_vec(),
        ..FindingOptions::default()
    };
    let history = TransactionHistory { tx, revision_at };
    let search = FindingSearch::new(tx.facts(), tx.viewer()?, tx.at, &options, &history)?;
    let mut found = false;
    search.run(&mut |finding: Finding| {
        found |= finding.resource == accepted.on
            && accepted.principal.is_none_or(|principal| finding.principal == Some(principal));
        Ok::<_, Problem>(())
    })?;
    Ok(found)
}

fn existing(tx: &Transaction<'_>, accepted: &Acceptance) -> Result<Option<Rc<Resource>>> {
    let mut found = None;
    tx.facts().resources(Kind::Acceptance, None, &mut |resource| {
        let is_same = resource
            .as_acceptance()
            .is_some_and(|it| (it.finding, it.on, it.principal) == (accepted.finding, accepted.on, accepted.principal));
        if !is_same {
            return Ok(ControlFlow::Continue(()));
        }
        found = Some(resource);
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// The acceptances in force, by what they are about.
pub(super) struct Acceptances(HashMap<(FindingKind, Id, Option<Id>), Id>);

impl Acceptances {
    pub(super) fn read(facts: &dyn Facts, at: Time) -> Result<Acceptances> {
        let mut found = HashMap::new();
        facts.resources(Kind::Acceptance, None, &mut |resource| {
            if let Some(it) = resource.as_acceptance().filter(|it| it.is_in_force(at)) {
                found.insert((it.finding, it.on, it.principal), resource.id);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(Acceptances(found))
    }

    /// The acceptance of a finding: for its principal, or for all.
    pub(super) fn of(&self, finding: &Finding) -> Option<Id> {
        let by = |principal| self.0.get(&(finding.kind, finding.resource, principal)).copied();
        finding.principal.and_then(|principal| by(Some(principal))).or_else(|| by(None))
    }
}
