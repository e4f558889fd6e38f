//! Undoing a revision: a new one that turns every change of it round.

use std::rc::Rc;

use super::authority::needed;
use super::{Result, Work, endpoint, share};
use crate::model::{Binding, Id, Kind, Problem, ProblemKind, Resource, Role};
use crate::policy::{Facts, RowChange, Select};

/// Turns the changes of a revision round, if nothing later builds on them.
///
/// # Errors
/// A conflict that lists what later changes build on it; a denial where the actor could not make
/// the reverse changes one by one.
pub fn undo<F: Facts + ?Sized>(work: &mut Work<'_, F>, rows: &[RowChange]) -> Result<()> {
    let reversed: Vec<RowChange> = rows
        .iter()
        .map(|row| match row {
            RowChange::Resource(before, after) => RowChange::Resource(after.clone(), before.clone()),
            RowChange::Binding(before, after) => {
                RowChange::Binding(after.clone().map(Box::new), before.as_deref().cloned())
            }
        })
        .collect();
    authorize(work, &reversed)?;
    let mut in_the_way = Vec::new();
    for row in rows {
        stands(work, row, &mut in_the_way)?;
    }
    if in_the_way.is_empty() {
        for row in rows {
            dependents(work, rows, row, &mut in_the_way)?;
        }
    }
    if !in_the_way.is_empty() {
        in_the_way.dedup();
        let mut problem = Problem::conflict("later_changes", "later changes build on this revision")
            .why("an undo never takes along what was done since");
        problem.details = in_the_way;
        return Err(problem.tip("undo the later changes first, or make the change by hand"));
    }
    for row in &reversed {
        match row {
            RowChange::Resource(_, Some(after)) => work.put((**after).clone()),
            RowChange::Resource(Some(before), None) => work.end(before.id),
            RowChange::Binding(_, Some(after)) => work.put_binding(after.clone()),
            RowChange::Binding(Some(before), None) => work.end_binding(before.id),
            RowChange::Resource(None, None) | RowChange::Binding(None, None) => {}
        }
    }
    refuse_misplaced(work, &reversed)
}

/// What comes back, or is moved back, must find the folder it lay in, and not inside itself.
fn refuse_misplaced<F: Facts + ?Sized>(work: &Work<'_, F>, reversed: &[RowChange]) -> Result<()> {
    for row in reversed {
        let RowChange::Resource(_, Some(after)) = row else { continue };
        let lineage = work.facts().lineage(after.id)?;
        if lineage.last().is_none_or(|outermost| outermost.parent.is_some()) {
            return Err(Problem::conflict(
                "later_changes",
                format!("what `{}` lay in is gone, or lies in it by now", after.name),
            )
            .why("an undo never takes along what was done since"));
        }
    }
    Ok(())
}

/// Whoever undoes must be allowed each reverse change. Asked first: a refusal tells nothing of
/// things the actor may not see.
fn authorize<F: Facts + ?Sized>(work: &Work<'_, F>, reversed: &[RowChange]) -> Result<()> {
    for row in reversed {
        // A share is no matter of its item alone: it is its sharer's.
        if let RowChange::Binding(before, after) = row
            && before.as_deref().or(after.as_ref()).is_some_and(|it| it.role == Role::ItemShare)
        {
            let goes = reversed.iter().any(|row| ends(row, before.as_ref().map(|it| it.resource)));
            if !goes && !share::authorize(work, before.as_deref(), after.as_ref())? {
                return Err(may_not());
            }
            continue;
        }
        for (action, on) in needed(work, row)? {
            if work.may(action, on)? {
                continue;
            }
            let seen = match work.facts().resource(on)? {
                Some(resource) => work.sees(&resource)?,
                None => on == Id::SERVER,
            };
            if seen {
                work.require(action, on)?;
            }
            return Err(may_not());
        }
    }
    Ok(())
}

fn may_not() -> Problem {
    let mut problem = Problem::new(ProblemKind::Denied, "denied", "you may not undo this revision")
        .why("an undo takes the right to make each of the reverse changes");
    problem.rule = Some("undo.authority");
    problem
}

/// Whether a row is the end of that resource.
fn ends(row: &RowChange, resource: Option<Id>) -> bool {
    matches!(row, RowChange::Resource(Some(before), None) if Some(before.id) == resource)
}

/// Every row must stand as the revision left it.
fn stands<F: Facts + ?Sized>(work: &Work<'_, F>, row: &RowChange, in_the_way: &mut Vec<String>) -> Result<()> {
    match row {
        RowChange::Resource(before, after) => {
            let Some(any) = after.as_ref().or(before.as_ref()) else { return Ok(()) };
            let now = work.facts().resource(any.id)?;
            if now.as_ref().map(|it| it.since) != after.as_ref().map(|it| it.since) {
                in_the_way.push(changed_since(&any.reference(), now.map(|it| it.since)));
            }
            // A name that was free to take may have been taken since.
            if let Some(before) = before
                && let Some(other) = work.facts().named(before.kind(), before.parent, &before.key)?
                && other.id != before.id
            {
                in_the_way.push(format!("the name of {} was taken in revision {}", before.reference(), other.since));
            }
        }
        RowChange::Binding(before, after) => {
            let Some(any) = after.as_ref().or(before.as_deref()) else { return Ok(()) };
            let now = work.facts().binding(any.id)?;
            if now.as_ref().map(|it| it.since) != after.as_ref().map(|it| it.since) {
                let what =
                    format!("{} as {} of {}", work.name(any.principal)?, any.role.word(), work.name(any.resource)?);
                in_the_way.push(changed_since(&what, now.map(|it| it.since)));
            }
            // What was taken away may have been given again since, as another binding.
            if before.is_some() && after.is_none() {
                for other in work.facts().list(Select::On(any.resource))? {
                    // Two sharers may both have shared with one principal.
                    let same = any.role != Role::ItemShare || other.grantor == any.grantor;
                    if other.principal == any.principal && same && excludes(any.role, other.role) {
                        in_the_way.push(format!(
                            "{} is {} of {} again since revision {}",
                            work.name(any.principal)?,
                            other.role.word(),
                            work.name(any.resource)?,
                            other.since
                        ));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Whether nobody holds both roles on one thing: there is one membership, at one level.
fn excludes(role: Role, other: Role) -> bool {
    let one_of = [&Role::WORKGROUP[..], &Role::DROPBOX, &Role::ORG, &Role::WORKSPACE];
    role == other || one_of.iter().any(|levels| levels.contains(&role) && levels.contains(&other))
}

fn changed_since(what: &str, now: Option<u64>) -> String {
    match now {
        Some(revision) => format!("{what} was changed in revision {revision}"),
        None => format!("{what} was removed since"),
    }
}

/// Nothing else may hang on what would go, and what comes back must find its ends.
fn dependents<F: Facts + ?Sized>(
    work: &Work<'_, F>,
    rows: &[RowChange],
    row: &RowChange,
    in_the_way: &mut Vec<String>,
) -> Result<()> {
    match row {
        RowChange::Resource(None, Some(gone)) => {
            for select in [Select::On(gone.id), Select::Of(gone.id)] {
                for binding in work.facts().list(select)? {
                    if !touches(rows, binding.id) {
                        in_the_way.push(format!(
                            "{} is {} of {} since revision {}",
                            work.name(binding.principal)?,
                            binding.role.word(),
                            work.name(binding.resource)?,
                            binding.since
                        ));
                    }
                }
            }
            for opened in endpoint::opened_on(work, &[gone.id])? {
                if !touches(rows, opened.id) {
                    in_the_way.push(format!("{} opens it since revision {}", opened.reference(), opened.since));
                }
            }
            for kind in LYING_IN {
                for child in super::place::children(work, kind, gone.id)? {
                    if !touches(rows, child.id) {
                        in_the_way.push(format!("{} was made in revision {}", work.name(child.id)?, child.since));
                    }
                }
            }
        }
        RowChange::Binding(Some(back), None) => {
            if back.role.on() == Kind::Workspace && !finds_member(work, rows, back)? {
                in_the_way.push(format!("{} left the organization since", work.name(back.principal)?));
            }
            for end in [back.resource, back.principal] {
                if end > Id::LAST_RESERVED && work.facts().resource(end)?.is_none() && !comes_back(rows, end) {
                    in_the_way.push(format!("{} is gone", work.name(end)?));
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// The kinds that lie in others.
const LYING_IN: [Kind; 8] = [
    Kind::Item,
    Kind::Invitation,
    Kind::PublicLink,
    Kind::Workspace,
    Kind::SigningKey,
    Kind::AccessToken,
    Kind::Media,
    Kind::Stream,
];

/// Whether a membership of a workspace that would come back finds its holder in the organization.
fn finds_member<F: Facts + ?Sized>(work: &Work<'_, F>, rows: &[RowChange], back: &Binding) -> Result<bool> {
    // The workspace may come back with it.
    let returning = rows.iter().find_map(|row| match row {
        RowChange::Resource(Some(before), None) if before.id == back.resource => Some(Rc::clone(before)),
        _ => None,
    });
    let workspace = work.facts().resource(back.resource)?.or(returning);
    let Some(org) = workspace.and_then(|it| it.parent) else { return Ok(true) };
    for role in Role::ORG {
        if work.facts().held(org, role, back.principal)?.is_some() {
            return Ok(true);
        }
    }
    let is_back = |it: &Binding| it.role.on() == Kind::Org && it.resource == org && it.principal == back.principal;
    Ok(rows.iter().any(|row| matches!(row, RowChange::Binding(Some(before), _) if is_back(before))))
}

fn touches(rows: &[RowChange], id: Id) -> bool {
    rows.iter().any(|row| row.id() == Some(id))
}

fn comes_back(rows: &[RowChange], id: Id) -> bool {
    let is_back = |it: &std::rc::Rc<Resource>| it.id == id;
    rows.iter().any(|row| matches!(row, RowChange::Resource(Some(before), _) if is_back(before)))
}
