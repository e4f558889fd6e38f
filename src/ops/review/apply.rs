//! Applying decisions: all of them in one change, or none. What is revoked is revoked by the ordinary operation under
//! the rights of the reviewer.

use std::collections::HashMap;

use super::{decision_about, is_in_scope, require_reviewer};
use crate::model::attributes::{Attributes, Review, ReviewDecision, Verdict};
use crate::model::catalogue::REVIEWER;
use crate::model::{Binding, Id, Kind, Problem, ProblemKind, Resource, Revision, SetNames};
use crate::ops::revocation::{self, Revocation};
use crate::ops::{Result, Transaction};
use crate::policy::{Facts, Subject};

/// A row of a file of decisions.
#[derive(Clone, Debug)]
pub struct DecisionRow {
    /// The number of the binding.
    pub binding: Id,
    /// The revision that made the version that was exported.
    pub version: Revision,
    /// What was decided; `None` if nothing was.
    pub verdict: Option<Verdict>,
    /// Whether shares that rest on it are revoked too.
    pub cascade: bool,
    /// What the reviewer wrote.
    pub comment: Option<String>,
}

/// A row that was refused.
#[derive(Clone, Debug)]
pub struct RowRefusal {
    /// The index of the row.
    pub row: usize,
    /// Why.
    pub problem: Problem,
}

/// Why decisions were not applied.
#[derive(Clone, Debug)]
pub enum Refused {
    /// Something about the review or the store.
    Whole(Problem),
    /// These rows; all that can be found in one run.
    Rows(Vec<RowRefusal>),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Refused {
        Refused::Whole(problem)
    }
}

/// Applies the decisions of some rows. `then` are the facts at the revision of the review. Rows without a decision, and
/// those that were applied before, change nothing.
///
/// # Errors
/// A denial for anybody but the reviewer; a conflict for a closed review; every refused row.
pub fn apply(
    tx: &mut Transaction<'_>,
    then: &dyn Facts,
    review: &Resource,
    rows: &[DecisionRow],
) -> std::result::Result<(), Refused> {
    let Some(attributes) = review.as_review() else { return Ok(()) };
    require_reviewer(tx, attributes)?;
    if attributes.closed.is_some() {
        let problem = Problem::conflict("review_closed", format!("{} is closed", review.reference()));
        return Err(problem.tip("start another one: rolebook audit review start").into());
    }
    let mut run = Run { then, review: (review.id, attributes), rows, refusals: Vec::new() };
    run.refuse_repeated();
    let mut pending = Vec::new();
    for index in 0..rows.len() {
        if let Some(found) = run.check(tx, index)? {
            pending.push(found);
        }
    }
    if run.refusals.is_empty() {
        run.decide(tx, &pending)?;
    }
    if run.refusals.is_empty() {
        return Ok(());
    }
    run.refusals.sort_by_key(|it| it.row);
    Err(Refused::Rows(run.refusals))
}

/// A row with a decision that is to be applied.
struct Pending {
    row: usize,
    binding: Binding,
    verdict: Verdict,
}

struct Run<'r> {
    then: &'r dyn Facts,
    review: (Id, &'r Review),
    rows: &'r [DecisionRow],
    refusals: Vec<RowRefusal>,
}

impl Run<'_> {
    fn refuse(&mut self, row: usize, problem: Problem) {
        self.refusals.push(RowRefusal { row, problem });
    }

    fn refuse_repeated(&mut self) {
        let mut first: HashMap<Id, usize> = HashMap::new();
        for (index, row) in self.rows.iter().enumerate() {
            if first.insert(row.binding, index).is_some() {
                let message = format!("{} is decided in another row too", row_id(row));
                self.refuse(index, Problem::new(ProblemKind::Input, "repeated_row", message));
            }
        }
    }

    /// The decision of a row, if it changes anything; refuses a row that cannot be applied.
    fn check(&mut self, tx: &Transaction<'_>, index: usize) -> Result<Option<Pending>> {
        let Some(row) = self.rows.get(index) else { return Ok(None) };
        let then = match self.then.binding(row.binding)? {
            Some(then) if is_in_scope(self.then, self.review.1, &then)? && tx.sees_binding(&then)? => then,
            _ => {
                let message = format!("`{}` is not in this review", row_id(row));
                let problem = Problem::new(ProblemKind::Input, "unknown_row", message);
                self.refuse(index, problem.tip("rolebook audit review export lists its rows"));
                return Ok(None);
            }
        };
        let Some(verdict) = row.verdict else { return Ok(None) };
        let before = decision_about(tx.facts(), self.review.0, row.binding)?;
        let is_same = |it: &ReviewDecision| (it.verdict, it.version) == (verdict, row.version);
        if before.as_ref().is_some_and(|it| is_same(it) && it.comment == row.comment) {
            return Ok(None);
        }
        let current = tx.facts().binding(row.binding)?.filter(|it| Revocation::of(it).is_some());
        let Some(binding) = current.filter(|it| it.since == row.version) else {
            // Only the comment can still change once it is revoked.
            if before.as_ref().is_some_and(|it| verdict == Verdict::Revoke && is_same(it)) {
                return Ok(Some(Pending { row: index, binding: then, verdict }));
            }
            let message = format!("{} has changed since the export", describe(tx, &then)?);
            let problem = Problem::conflict("changed_meanwhile", message);
            self.refuse(index, problem.tip("export the review again, and decide about it as it is now"));
            return Ok(None);
        };
        if self.is_own(tx, &binding)? {
            let message = format!("{} is access of the reviewer", describe(tx, &binding)?);
            self.refuse(index, Problem::denied(REVIEWER, message).tip("somebody else decides about it"));
            return Ok(None);
        }
        Ok(Some(Pending { row: index, binding, verdict }))
    }

    /// Whether the reviewer holds a binding, themselves or through a group or workgroup.
    fn is_own(&self, tx: &Transaction<'_>, binding: &Binding) -> Result<bool> {
        let Some(reviewer) = tx.actor.principal() else { return Ok(false) };
        let subject = Subject::new(tx.facts(), reviewer, tx.at)?.without_classes();
        Ok(subject.principals()?.contains(&binding.principal))
    }

    fn decide(&mut self, tx: &mut Transaction<'_>, pending: &[Pending]) -> Result<()> {
        // A share can rest on another one that is revoked too, so what is refused is tried again while others succeed.
        let mut left: Vec<&Pending> = pending.iter().filter(|it| it.verdict == Verdict::Revoke).collect();
        loop {
            let (mut refused, before) = (Vec::new(), left.len());
            for it in std::mem::take(&mut left) {
                if let Err(problem) = self.revoke(tx, it) {
                    if problem.kind == ProblemKind::Store {
                        return Err(problem);
                    }
                    refused.push((it, problem));
                }
            }
            if refused.is_empty() {
                break;
            }
            if refused.len() == before {
                for (it, problem) in refused {
                    self.refuse(it.row, problem);
                }
                return Ok(());
            }
            left = refused.into_iter().map(|(it, _)| it).collect();
        }
        for it in pending {
            if it.verdict == Verdict::Keep && tx.facts().binding(it.binding.id)?.is_none() {
                let message = format!("{} is kept, but rests on what another row revokes", describe(tx, &it.binding)?);
                self.refuse(it.row, Problem::conflict("kept_and_revoked", message));
                continue;
            }
            self.record(tx, it)?;
        }
        Ok(())
    }

    fn revoke(&self, tx: &mut Transaction<'_>, it: &Pending) -> Result<()> {
        let still = |tx: &Transaction<'_>| {
            Ok::<_, Problem>(tx.facts().binding(it.binding.id)?.filter(|it| Revocation::of(it).is_some()))
        };
        // The row of another share may have taken it along.
        let Some(binding) = still(tx)? else { return Ok(()) };
        let cascade = self.rows.get(it.row).is_some_and(|row| row.cascade);
        revocation::revoke(tx, &binding, cascade)?;
        match still(tx)? {
            None => Ok(()),
            Some(_) => {
                let message = format!("{} is still there", describe(tx, &binding)?);
                Err(Problem::conflict("not_revoked", message))
            }
        }
    }

    /// Keeps the decision, in the place of an earlier one about the same binding.
    fn record(&self, tx: &mut Transaction<'_>, it: &Pending) -> Result<()> {
        let Some(row) = self.rows.get(it.row) else { return Ok(()) };
        let decision = ReviewDecision {
            binding: it.binding.id,
            version: row.version,
            on: it.binding.resource,
            principal: it.binding.principal,
            verdict: it.verdict,
            comment: row.comment.clone(),
            by: tx.actor.principal(),
            at: tx.at,
        };
        let (review, key) = (self.review.0, it.binding.id.to_string());
        let before = tx.facts().named(Kind::ReviewDecision, Some(review), &key)?;
        let attributes = Attributes::ReviewDecision(decision);
        match before {
            Some(before) => tx.put_attributes(&before, attributes),
            None => {
                let id = tx.new_id();
                let (name, alias, sets) = (String::new(), None, SetNames::NONE);
                tx.put(Resource { id, parent: Some(review), name, key, alias, attributes, sets, since: 0 });
            }
        }
        Ok(())
    }
}

/// The id of a row, as the export writes it.
fn row_id(row: &DecisionRow) -> String {
    super::row_id(row.binding, row.version)
}

fn describe(tx: &Transaction<'_>, binding: &Binding) -> Result<String> {
    let (who, on) = (tx.participant(binding, binding.principal)?, tx.participant(binding, binding.resource)?);
    Ok(format!("{} of {who} on {on}", binding.role.qualified()))
}
