//! Asking for the rights that a change takes: for all rows of an undo ([`first_refused`]), or for one row that a
//! manifest declares ([`require`]).

use super::{ActionOn, RequiredActions, required_actions};
use crate::model::catalogue::{NOT_GRANTED, OWN_ACCOUNT, Rule, SHARER_ONLY};
use crate::model::{Problem, Role};
use crate::ops::change_index::ChangeIndex;
use crate::ops::{Actor, Result, Transaction, share};
use crate::policy::{Evaluator, RowChange, sharing};

/// The first row of a change that the actor may not make.
#[derive(Clone, PartialEq, Debug)]
pub struct RefusedRow {
    /// The index of the row in the change.
    pub row: usize,
    /// The action that is not allowed; `None` for a share, and for a change that nobody may make.
    pub missing: Option<ActionOn>,
}

/// The first row of a change that the actor may not make; `None` if the whole change is allowed.
///
/// Rights over what exists are judged in `present`, without the change: otherwise a change that gives a right would
/// be allowed by that right. Rights over what the change creates are judged in `tx`, which has the change in its
/// draft.
///
/// # Errors
/// When the facts cannot be read; a conflict if other shares rest on one that would go.
pub fn first_refused(
    present: &Transaction<'_>,
    tx: &Transaction<'_>,
    (rows, changes): (&ChangeIndex<'_>, &[RowChange]),
    author: Option<crate::model::Id>,
) -> Result<Option<RefusedRow>> {
    let Some(actor) = tx.actor.principal() else {
        for row in changes {
            share_allowed(present, tx, rows, row)?;
        }
        return Ok(None);
    };
    let (now, then) = (Evaluator::new(present.facts(), tx.at), Evaluator::new(tx.facts(), tx.at));
    let is_allowed = |(action, on): ActionOn| -> Result<bool> {
        let allows = match now.target(on)? {
            Some(_) => now.allows(actor, action, on)?,
            None => then.allows(actor, action, on)?,
        };
        Ok(allows.is_some())
    };
    'rows: for (index, row) in changes.iter().enumerate() {
        let any = match required_actions(tx, rows, row, author)? {
            RequiredActions::Share if share_allowed(present, tx, rows, row)? => continue,
            RequiredActions::Share => return Ok(Some(RefusedRow { row: index, missing: None })),
            RequiredActions::AnyOf(any) => any,
        };
        let mut first = None;
        for asked in &any {
            let mut missing = None;
            for question in asked {
                if !is_allowed(*question)? {
                    missing = Some(*question);
                    break;
                }
            }
            if missing.is_none() {
                continue 'rows;
            }
            first = first.or(missing);
        }
        return Ok(Some(RefusedRow { row: index, missing: first }));
    }
    Ok(None)
}

/// Whether the actor may make the change of a share. A share that ends with its item takes no right.
fn share_allowed(
    present: &Transaction<'_>,
    tx: &Transaction<'_>,
    rows: &ChangeIndex<'_>,
    row: &RowChange,
) -> Result<bool> {
    let RowChange::Binding(before, after) = row else { return Ok(true) };
    let (before, after) = (before.as_deref(), after.as_ref());
    let Some(any) = after.or(before).filter(|it| it.role == Role::ItemShare) else { return Ok(true) };
    if rows.removed(any.resource).is_some() {
        return Ok(true);
    }
    match rows.created(any.resource) {
        Some(_) => share::authorize(tx, before, after),
        None => share::authorize(present, before, after),
    }
}

/// Requires the rights that the change of one row takes, in the state with the change. It is for rows that a manifest
/// declares: to adopt a row takes the right to change it, and nobody adopts their own account
/// (docs/model.md#manifests).
///
/// # Errors
/// A denial.
pub fn require(tx: &Transaction<'_>, change: &RowChange) -> Result<()> {
    let Actor::Principal(actor) = tx.actor else { return Ok(()) };
    if change.id() == Some(actor) {
        let problem = denied(tx, "may not put their own account into a set", OWN_ACCOUNT)?;
        return Err(problem.tip("leave the account out, or have somebody else apply the manifest"));
    }
    let rows = ChangeIndex::new(std::slice::from_ref(change));
    match required_actions(tx, &rows, change, None)? {
        RequiredActions::AnyOf(any) => {
            for asked in &any {
                if all_allowed(tx, asked)? {
                    return Ok(());
                }
            }
            for (action, on) in any.first().into_iter().flatten() {
                tx.require(*action, *on)?;
            }
            Err(denied(tx, "may not change this", NOT_GRANTED)?)
        }
        RequiredActions::Share => {
            let RowChange::Binding(before, after) = change else { return Ok(()) };
            if share::authorize(tx, before.as_deref(), after.as_ref())? {
                return Ok(());
            }
            let viewer = tx.viewer()?;
            let rule = match (viewer.subject(), after.as_ref().or(before.as_deref())) {
                (Some(subject), Some(any)) => sharing::may_change(subject, any)?.rule,
                _ => SHARER_ONLY,
            };
            Err(denied(tx, "may not change this share", rule)?)
        }
    }
}

fn denied(tx: &Transaction<'_>, what: &str, rule: Rule) -> Result<Problem> {
    let who = tx.actor.principal().map_or_else(|| Ok("the operator".to_owned()), |id| tx.name(id))?;
    Ok(Problem::denied(rule, format!("{who} {what}")))
}

fn all_allowed(tx: &Transaction<'_>, asked: &[ActionOn]) -> Result<bool> {
    for (action, on) in asked {
        if !tx.may(*action, *on)? {
            return Ok(false);
        }
    }
    Ok(true)
}
