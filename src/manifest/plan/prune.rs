//! Pruning: removes or lists the rows that the set owns and no longer declares.

use super::removal::{has_members, is_inactive};
use super::{Owned, Planner, Result};
use crate::model::{Id, Kind, Name, Problem, Resource, Role};
use crate::ops::{Actor, Viewer, account, endpoint, group, org};
use crate::policy::{BindingQuery, Facts};

impl Planner<'_> {
    /// Removes the rows that the set owns and no longer declares. Without `--prune` it only lists them.
    pub(super) fn prune(&mut self, owned: &Owned) -> Result<()> {
        let Some(own) = self.options.set.clone() else { return Ok(()) };
        let mut hidden = 0;
        let mut no_more = |rows: &[Id]| -> Result<Vec<Id>> {
            let mut seen = Vec::new();
            for row in rows.iter().copied().filter(|row| !self.is_declared(*row)) {
                match (self.is_there(row)?, self.knew_before(row)?) {
                    // The row was removed together with another one.
                    (false, _) => {}
                    (true, true) => seen.push(row),
                    (true, false) => hidden += 1,
                }
            }
            Ok(seen)
        };
        let (bindings, resources) = (no_more(&owned.bindings)?, no_more(&owned.resources)?);
        match hidden {
            0 => {}
            1 => self.tx.warnings.push("you may not see one object of the set; it remains unchanged".to_owned()),
            _ => self.tx.warnings.push(format!("you may not see {hidden} objects of the set; they remain unchanged")),
        }
        if self.options.prune && self.declared.count() == 0 && !self.names_absent && owned.count() > 0 {
            let problem = Problem::conflict(
                "empty_manifest",
                format!("the manifest declares nothing, and would remove all of the set {own}"),
            )
            .why("an empty file is usually a mistake")
            .tip("to remove them, name each with `ensure: absent`");
            return self.record(None, Err(problem));
        }
        if !self.options.prune {
            for row in bindings.into_iter().chain(resources) {
                let name = self.row_name(row)?;
                self.undeclared.push(name);
            }
            self.undeclared.sort();
            return Ok(());
        }
        let mut ending = Vec::new();
        for row in bindings {
            let Some(binding) = self.tx.facts().binding(row)? else { continue };
            if binding.sets.names().count() > 1 {
                let outcome = self.mark(row, &|sets| sets.without(own.key()));
                self.record(None, outcome)?;
            } else {
                ending.push((None, binding));
            }
        }
        for (location, problem) in self.end_all(ending)? {
            self.record(location, Err(problem))?;
        }
        // Contents follow their container in the list, so the reverse order removes them first.
        for row in resources.into_iter().rev() {
            let Some(resource) = self.tx.facts().resource(row)? else { continue };
            let is_shared = resource.sets.names().count() > 1;
            // The root folder is removed with its endpoint.
            let stays = is_shared || resource.kind() == Kind::Server || resource.is_root() || is_inactive(&resource);
            let outcome = if stays { Ok(()) } else { self.prune_resource(&resource) };
            self.record(None, outcome)?;
            if self.tx.facts().resource(row)?.is_some() {
                let outcome = self.mark(row, &|sets| sets.without(own.key()));
                self.record(None, outcome)?;
            }
        }
        Ok(())
    }

    /// Removes a resource that is no longer declared, unless it holds data.
    fn prune_resource(&mut self, resource: &Resource) -> Result<()> {
        let name = self.tx.name(resource.id)?;
        if let Some(what) = self.holds(resource)? {
            return Err(Problem::conflict("holds_data", format!("{name} is no longer declared, and {what}"))
                .why("what holds data is never pruned")
                .tip("to remove it with its contents, declare it with `ensure: absent`"));
        }
        let parsed_name = Name::parse(&resource.name);
        match resource.kind() {
            Kind::Account => account::remove(&mut self.tx, &parsed_name?, &account::Removal::Deactivate),
            kind if has_members(kind) => group::remove(&mut self.tx, kind, &parsed_name?),
            Kind::Endpoint => endpoint::remove(&mut self.tx, &parsed_name?),
            Kind::Org => org::remove(&mut self.tx, &parsed_name?),
            _ => Ok(()),
        }
    }

    /// The data that would be lost with a resource, as a phrase for messages; `None` if there is no data.
    fn holds(&self, resource: &Resource) -> Result<Option<&'static str>> {
        let facts = self.tx.facts();
        Ok(match resource.kind() {
            Kind::Account if !facts.list_bindings(BindingQuery::OfAs(resource.id, Role::ItemOwner))?.is_empty() => {
                Some("owns files or folders")
            }
            Kind::Dropbox
                if !facts.list_bindings(BindingQuery::OfAs(resource.id, Role::PackageRecipient))?.is_empty() =>
            {
                Some("holds packages")
            }
            Kind::Workspace => Some("is a workspace"),
            Kind::Item => Some("is a file or folder"),
            Kind::Org if !facts.ids(Kind::Workspace, Some(resource.id))?.is_empty() => Some("has workspaces"),
            Kind::Endpoint => match facts.named(Kind::Item, Some(resource.id), "/")? {
                Some(root) if self.holds_content(&root)? => Some("has content"),
                // Without content only the root folder can be opened by another endpoint.
                Some(root) if !endpoint::opened_on(&self.tx, &[root.id])?.is_empty() => {
                    Some("another endpoint opens a folder of it")
                }
                _ => None,
            },
            _ => None,
        })
    }

    /// Whether the actor may know of a row in the state before the apply: that a resource exists, or who holds a
    /// binding.
    pub(super) fn knew_before(&self, row: Id) -> Result<bool> {
        if self.tx.actor == Actor::Operator {
            return Ok(true);
        }
        let base = self.tx.facts().base();
        let viewer = Viewer::new(base, self.tx.actor, self.tx.at)?;
        if let Some(resource) = base.resource(row)? {
            return Ok(viewer.sees(&resource)?);
        }
        let Some(binding) = base.binding(row)? else { return Ok(false) };
        Ok(viewer.may_name(binding.resource)? && viewer.sees_binding(&binding)?)
    }
}
