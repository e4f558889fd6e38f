//! Undoing a revision: a new revision that reverses each of its changes (docs/model.md#undo). [`undo`] is refused if
//! the actor could not make the reverse changes, or if later changes build on the revision.

use std::rc::Rc;

use super::change_index::ChangeIndex;
use super::required_actions::{ActionOn, RefusedRow, first_refused};
use super::{AnyViewer, Result, Transaction, account};
use crate::model::catalogue::UNDO;
use crate::model::{Action, Binding, Id, Kind, Problem, Resource, Revision, Role, Verb};
use crate::policy::disclosure::UNSEEN;
use crate::policy::{BindingQuery, Facts, RowChange};

/// The revision to undo, without its changes.
#[derive(Clone, Copy, Debug, Default)]
pub struct UndoneRevision {
    /// The number of the revision.
    pub number: Revision,
    /// The account that made the revision; `None` for the operator.
    pub author: Option<Id>,
    /// Whether the revision is a denied change.
    pub is_denied: bool,
    /// The revision that undid this one, if it was undone.
    pub undone_by: Option<Revision>,
}

/// Reverses the changes of a revision, if no later change builds on them.
///
/// The author of a resource may take it back, with what came with it. To undo a removal takes the right to create
/// each row again (docs/model.md#undo). Rights over what exists are judged in the present state, rights over what
/// comes back in the state after the undo.
///
/// # Errors
/// A conflict that lists the later changes that build on the revision, or if there is nothing to undo; a denial if
/// the actor could not make the reverse changes.
pub fn undo(tx: &mut Transaction<'_>, past: &UndoneRevision, changes: &[RowChange]) -> Result<()> {
    refuse_undone(tx, past)?;
    let reversed: Vec<RowChange> = changes
        .iter()
        .map(|row| match row {
            RowChange::Resource(before, after) => RowChange::Resource(after.clone(), before.clone()),
            RowChange::Binding(before, after) => {
                RowChange::Binding(after.clone().map(Box::new), before.as_deref().cloned())
            }
        })
        .collect();
    for row in &reversed {
        match row {
            RowChange::Resource(_, Some(after)) => tx.put((**after).clone()),
            RowChange::Resource(Some(before), None) => tx.end(before.id),
            RowChange::Binding(_, Some(after)) => tx.put_binding(after.clone()),
            RowChange::Binding(Some(before), None) => tx.end_binding(before.id),
            RowChange::Resource(None, None) | RowChange::Binding(None, None) => {}
        }
    }
    let rows = ChangeIndex::new(&reversed);
    let present = Transaction::new(tx.facts().base(), tx.actor, tx.at)?;
    authorize(&present, tx, (&rows, &reversed), past.author)?;
    let mut obstacles = Obstacles::new(&present)?;
    for row in &reversed {
        obstacles.changed_since(row)?;
    }
    if obstacles.is_empty() {
        for row in &reversed {
            obstacles.building_on(tx, &rows, row)?;
        }
        obstacles.opened(&rows)?;
    }
    obstacles.refuse()?;
    refuse_misplaced(tx, &reversed)
}

/// Refuses a revision that was denied or that was undone before. Only its author and readers of the log learn which;
/// everybody else gets the same denial.
fn refuse_undone(tx: &Transaction<'_>, past: &UndoneRevision) -> Result<()> {
    if !past.is_denied && past.undone_by.is_none() {
        return Ok(());
    }
    let own = past.author.is_some() && past.author == tx.actor.principal();
    if !own && !tx.may(Action::Plain(Verb::ViewLog), Id::SERVER)? {
        return Err(undo_denied());
    }
    let number = past.number;
    Err(match past.undone_by {
        Some(by) => Problem::conflict("undone_already", format!("revision {number} was undone by revision {by}"))
            .tip(format!("rolebook undo {by}")),
        None => {
            Problem::conflict("nothing_to_undo", format!("revision {number} was a denied change: it changed nothing"))
        }
    })
}

/// Refuses to bring or move back a resource whose parent is gone, or lies in the resource itself.
fn refuse_misplaced(tx: &Transaction<'_>, reversed: &[RowChange]) -> Result<()> {
    for row in reversed {
        let RowChange::Resource(_, Some(after)) = row else { continue };
        let ancestors = tx.facts().ancestors(after.id)?;
        if ancestors.last().is_none_or(|outermost| outermost.parent.is_some()) {
            return Err(Problem::conflict(
                "later_changes",
                format!("the parent of `{}` is gone, or lies in it now", after.name),
            )
            .why("an undo never reverses later changes"));
        }
    }
    Ok(())
}

/// Requires the right to each reverse change. This comes first, so that other refusals reach only actors with these
/// rights.
fn authorize(
    present: &Transaction<'_>,
    tx: &Transaction<'_>,
    (rows, reversed): (&ChangeIndex<'_>, &[RowChange]),
    author: Option<Id>,
) -> Result<()> {
    match first_refused(present, tx, (rows, reversed), author)? {
        None => {}
        Some(RefusedRow { missing: Some(asked), .. }) => return Err(denial(present, asked)?),
        Some(RefusedRow { missing: None, .. }) => return Err(undo_denied()),
    }
    for row in reversed {
        if let RowChange::Resource(Some(before), Some(after)) = row
            && let (Some(was), Some(is)) = (before.as_account(), after.as_account())
        {
            account::refuse_own_address(present, after.id, was, is)?;
        }
    }
    Ok(())
}

/// The denial of an action, or if the actor may not see the resource, the denial that names nothing.
fn denial(present: &Transaction<'_>, (action, on): ActionOn) -> Result<Problem> {
    let seen = match present.facts().resource(on)? {
        Some(resource) => present.sees(&resource)?,
        None => on == Id::SERVER,
    };
    match present.require(action, on) {
        Err(problem) if seen => Ok(problem),
        _ => Ok(undo_denied()),
    }
}

/// The denial that discloses nothing about the revision.
fn undo_denied() -> Problem {
    Problem::denied(UNDO, "you may not undo this revision")
}

/// The later changes that prevent an undo: a line for each that the actor may see, and a count of the others.
struct Obstacles<'w, 'f> {
    present: &'w Transaction<'f>,
    viewer: AnyViewer<'w>,
    named: Vec<String>,
    hidden: usize,
}

impl<'w, 'f> Obstacles<'w, 'f> {
    fn new(present: &'w Transaction<'f>) -> Result<Obstacles<'w, 'f>> {
        Ok(Obstacles { present, viewer: present.viewer()?, named: Vec::new(), hidden: 0 })
    }

    fn is_empty(&self) -> bool {
        self.named.is_empty() && self.hidden == 0
    }

    /// Whether the actor may see a resource.
    fn sees(&self, id: Id) -> Result<bool> {
        match self.present.facts().resource(id)? {
            Some(resource) => Ok(self.viewer.sees(&resource)?),
            None => Ok(id <= Id::LAST_RESERVED || self.viewer.subject().is_none()),
        }
    }

    /// Adds an obstacle; only counts it if the actor may not see every resource in `names`.
    fn add(&mut self, names: &[Id], line: impl FnOnce(&Transaction<'f>) -> Result<String>) -> Result<()> {
        for id in names {
            if !self.sees(*id)? {
                self.hidden += 1;
                return Ok(());
            }
        }
        self.named.push(line(self.present)?);
        Ok(())
    }

    /// Adds an obstacle if a row is no longer as the revision left it.
    fn changed_since(&mut self, row: &RowChange) -> Result<()> {
        match row {
            RowChange::Resource(left, back) => {
                let Some(any) = left.as_ref().or(back.as_ref()) else { return Ok(()) };
                let now = self.present.facts().resource(any.id)?;
                if now.as_ref().map(|it| it.since) != left.as_ref().map(|it| it.since) {
                    let (what, now) = (any.reference(), now.map(|it| it.since));
                    self.add(&[], |_| Ok(changed(&what, now)))?;
                }
                // Something else may have got the external id since.
                if let Some(back) = back.as_ref().filter(|it| it.kind() == Kind::ExternalId)
                    && let Some(other) = self.present.facts().identified(&back.key)?
                    && left.as_ref().is_none_or(|left| left.key != back.key)
                {
                    let holder = if self.sees(other.id)? { other.reference() } else { UNSEEN.to_owned() };
                    self.add(&[], |_| Ok(format!("the id `{}` belongs to {holder} now", back.name)))?;
                }
                // Another resource may have taken the name since.
                if let Some(back) = back
                    && let Some(other) = self.present.facts().named(back.kind(), back.parent, &back.key)?
                    && other.id != back.id
                {
                    let what = back.reference();
                    let since =
                        if self.sees(other.id)? { format!(" in revision {}", other.since) } else { String::new() };
                    self.add(&[], |_| Ok(format!("the name of {what} was taken{since}")))?;
                }
                Ok(())
            }
            RowChange::Binding(left, back) => {
                let Some(any) = left.as_deref().or(back.as_ref()) else { return Ok(()) };
                let now = self.present.facts().binding(any.id)?;
                if now.as_ref().map(|it| it.since) != left.as_ref().map(|it| it.since) {
                    let now = now.map(|it| it.since);
                    self.add(&[], |tx| Ok(changed(&described(tx, any)?, now)))?;
                }
                match back {
                    Some(back) if left.is_none() => self.given_again(back),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Adds an obstacle if the role or share that would come back was given again since, as another binding.
    fn given_again(&mut self, back: &Binding) -> Result<()> {
        for role in exclusive(back.role) {
            for other in self.present.facts().list_bindings(BindingQuery::Exact(back.resource, role, back.principal))? {
                // Two sharers may both have shared with one principal.
                if back.role != Role::ItemShare || other.grantor == back.grantor {
                    self.add(&[other.resource, other.principal], |tx| {
                        let (who, resource) = (tx.name(other.principal)?, tx.name(other.resource)?);
                        Ok(format!(
                            "{who} is {} of {resource} again since revision {}",
                            other.role.as_str(),
                            other.since
                        ))
                    })?;
                }
            }
        }
        Ok(())
    }

    /// Adds an obstacle for each binding on or of a resource that would go, for each resource in it, and for each end
    /// of a returning binding that is gone.
    fn building_on(&mut self, tx: &Transaction<'_>, rows: &ChangeIndex<'_>, row: &RowChange) -> Result<()> {
        match row {
            RowChange::Resource(Some(gone), None) => {
                for select in [BindingQuery::On(gone.id), BindingQuery::Of(gone.id)] {
                    for binding in self.present.facts().list_bindings(select)? {
                        if !rows.touches(binding.id) {
                            self.add(&[binding.resource, binding.principal], |tx| {
                                let what = described(tx, &binding)?;
                                Ok(format!("{what} since revision {}", binding.since))
                            })?;
                        }
                    }
                }
                for kind in gone.kind().children() {
                    for child in super::group::children(self.present, kind, gone.id)? {
                        if !rows.touches(child.id) {
                            self.add(&[child.id], |tx| {
                                Ok(format!("{} was made in revision {}", tx.name(child.id)?, child.since))
                            })?;
                        }
                    }
                }
            }
            RowChange::Binding(None, Some(back)) => {
                if back.role.resource_kind() == Kind::Workspace && !finds_member(tx, back)? {
                    self.add(&[back.principal], |tx| {
                        Ok(format!("{} left the organization since", tx.name(back.principal)?))
                    })?;
                }
                for end in [back.resource, back.principal] {
                    if end > Id::LAST_RESERVED && tx.facts().resource(end)?.is_none() {
                        self.add(&[], |tx| Ok(format!("{} is gone", tx.name(end)?)))?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds an obstacle for each share endpoint that opens a folder which would go.
    fn opened(&mut self, rows: &ChangeIndex<'_>) -> Result<()> {
        let mut opened: Vec<Rc<Resource>> = Vec::new();
        if rows.all_removed().next().is_none() {
            return Ok(());
        }
        self.present.facts().resources(Kind::Endpoint, None, &mut |endpoint| {
            let of = endpoint.as_endpoint().and_then(|it| it.of);
            if of.is_some_and(|of| rows.removed(of).is_some()) && !rows.touches(endpoint.id) {
                opened.push(endpoint);
            }
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
        for endpoint in opened {
            self.add(&[endpoint.id], |_| {
                Ok(format!("{} opens it since revision {}", endpoint.reference(), endpoint.since))
            })?;
        }
        Ok(())
    }

    /// Refuses the undo if there is any obstacle.
    fn refuse(mut self) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        self.named.dedup();
        match self.hidden {
            0 => {}
            1 => self.named.push("one change that you may not see".to_owned()),
            count => self.named.push(format!("{count} changes that you may not see")),
        }
        let mut problem = Problem::conflict("later_changes", "later changes build on this revision")
            .why("an undo never reverses later changes");
        problem.details = self.named;
        Err(problem.tip("undo the later changes first, or make the change by hand"))
    }
}

/// The roles of which a principal holds at most one on a resource: the levels of a membership, or the role alone.
fn exclusive(role: Role) -> Vec<Role> {
    let levels = Role::levels(role.resource_kind());
    if levels.contains(&role) { levels.to_vec() } else { vec![role] }
}

/// A line that describes a binding.
fn described(tx: &Transaction<'_>, binding: &Binding) -> Result<String> {
    let (who, resource) = (tx.name(binding.principal)?, tx.name(binding.resource)?);
    Ok(format!("{who} is {} of {resource}", binding.role.as_str()))
}

fn changed(what: &str, now: Option<u64>) -> String {
    match now {
        Some(revision) => format!("{what} was changed in revision {revision}"),
        None => format!("{what} was removed since"),
    }
}

/// Whether the holder of a returning membership of a workspace is still a member of the organization.
fn finds_member(tx: &Transaction<'_>, back: &Binding) -> Result<bool> {
    let workspace = tx.facts().resource(back.resource)?;
    let Some(org) = workspace.and_then(|it| it.parent) else { return Ok(true) };
    for role in Role::ORG {
        if tx.facts().held(org, role, back.principal)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
