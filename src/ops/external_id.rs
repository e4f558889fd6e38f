//! External ids: what the platforms call accounts, groups and places (docs/model.md#external-ids). An id says whose
//! access an import reads, so to change one takes the rights to change all of what it identifies.

use std::ops::ControlFlow;

use super::adoption::adoption;
use super::{Result, Transaction};
use crate::model::attributes::{Attributes, ExternalId};
use crate::model::{Id, Kind, PlatformId, Problem, Resource, SetNames};
use crate::policy::Facts;

/// Ids to add to a resource and to remove from it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ExternalIdChanges {
    /// The ids that it gets.
    pub add: Vec<PlatformId>,
    /// The ids that it loses.
    pub remove: Vec<PlatformId>,
}

impl ExternalIdChanges {
    /// Whether nothing is to change.
    pub const fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }
}

/// Adds ids to a resource and removes others from it. What it has already, or has not, is left alone.
///
/// # Errors
/// A denial; a conflict for an id that something else has; a usage problem for one that is both added and removed.
pub fn change(tx: &mut Transaction<'_>, of: &Resource, changes: &ExternalIdChanges) -> Result<()> {
    if let Some(both) = changes.add.iter().find(|id| changes.remove.contains(id)) {
        return Err(Problem::usage("both_ways", format!("`{both}` is both added and removed")));
    }
    let mut removed = Vec::new();
    for id in &changes.remove {
        match tx.facts().external_id(&id.to_string())?.filter(|row| row.parent == Some(of.id)) {
            Some(row) => removed.push(row.id),
            None => tx.warnings.push(format!("{} does not have the id `{id}`", of.reference())),
        }
    }
    let mut added = Vec::new();
    for id in &changes.add {
        let holder = tx.facts().external_id(&id.to_string())?.and_then(|row| row.parent);
        if holder != Some(of.id) && !added.iter().any(|(known, _)| *known == id) {
            added.push((id, holder));
        }
    }
    if removed.is_empty() && added.is_empty() {
        return Ok(());
    }
    for (action, on) in adoption(tx, of)? {
        tx.require(action, on)?;
    }
    removed.into_iter().for_each(|row| tx.end(row));
    for (id, holder) in added {
        if let Some(holder) = holder {
            return Err(taken(tx, holder, id)?);
        }
        add(tx, of.id, id);
    }
    Ok(())
}

fn add(tx: &mut Transaction<'_>, of: Id, id: &PlatformId) {
    let text = id.to_string();
    let row = Resource {
        id: tx.new_id(),
        parent: Some(of),
        name: text.clone(),
        key: text,
        alias: None,
        attributes: Attributes::ExternalId(ExternalId {}),
        sets: SetNames::NONE,
        since: 0,
    };
    tx.put(row);
}

/// Two things with one id would hand the access of one to the other at the next import.
fn taken(tx: &Transaction<'_>, holder: Id, id: &PlatformId) -> Result<Problem> {
    let problem = Problem::conflict("id_taken", format!("`{id}` is an id of {}", tx.name(holder)?))
        .why("an external id belongs to one account, group or place");
    let kind = tx.facts().header(holder)?.map_or(Kind::Account, |it| it.kind());
    let name = tx.shell_name(holder)?;
    Ok(problem.tip(format!("rolebook {} set {name} --remove-id {id}", kind.command())))
}

/// The external ids of a resource, sorted.
///
/// # Errors
/// When the facts cannot be read.
pub fn of(facts: &dyn Facts, resource: Id) -> Result<Vec<String>> {
    let mut found = Vec::new();
    facts.resources(Kind::ExternalId, Some(resource), &mut |row| {
        found.push(row.name.clone());
        Ok(ControlFlow::Continue(()))
    })?;
    found.sort_unstable();
    Ok(found)
}
