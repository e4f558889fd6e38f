//! Removals: what shall be absent, what an exclusive list does not name, what the set declares no
//! more; and how much of that one apply may do.

use super::groups::has_members;
use super::{Owned, Planner, Result};
use crate::manifest::limits;
use crate::manifest::said::Spot;
use crate::model::attributes::ShareClass;
use crate::model::{Binding, Id, Kind, Name, Path, Problem, Reference, Resource, Role};
use crate::ops::share::Which;
use crate::ops::{account, content, endpoint, membership, org, org_member, place, share, workspace, workspace_member};
use crate::policy::{Facts, RowChange, Select};

/// Things of which nobody may hold anything that is not declared.
pub(super) struct Exclusive {
    pub(super) spot: Spot,
    pub(super) on: Vec<Id>,
}

/// A thing that shall be gone.
pub(super) enum Thing {
    Account(Name, Option<Name>),
    Group(Kind, Name),
    Endpoint(Name),
    Org(Name),
    Workspace(Name, Name),
    Item(Name, Path),
}

impl<F: Facts + ?Sized> Planner<'_, F> {
    /// Removes whoever an exclusive list does not name.
    pub(super) fn exclusives(&mut self) -> Result<()> {
        for Exclusive { spot, mut on } in std::mem::take(&mut self.later.exclusive) {
            let Some(first) = on.first().copied() else { continue };
            let Some(thing) = self.work.facts().resource(first)? else { continue };
            match thing.kind() {
                Kind::Org => on.extend(self.work.facts().ids(Kind::Workspace, Some(first))?),
                Kind::Endpoint => on.extend(self.shared_paths(first)?),
                _ => {}
            }
            // Who leaves an organization leaves its workspaces with it.
            for id in on {
                for binding in self.work.facts().list(Select::On(id))? {
                    if self.is_listed(&binding) && !self.is_declared(binding.id) {
                        let outcome = self.end(&binding);
                        self.keep(Some(spot), outcome)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The items of an endpoint on which something is declared to be shared.
    fn shared_paths(&self, endpoint: Id) -> Result<Vec<Id>> {
        let mut found = Vec::new();
        for row in self.origin.keys() {
            if let Some(binding) = self.work.facts().binding(*row)?
                && binding.role == Role::ItemShare
                && self.work.outermost(binding.resource)? == endpoint
                && !found.contains(&binding.resource)
            {
                found.push(binding.resource);
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Whether a binding is one that a manifest lists: no outside submitter, no share of the system's.
    fn is_listed(&self, binding: &Binding) -> bool {
        match binding.role {
            Role::DropboxOutside | Role::ItemOwner | Role::PackageSender | Role::PackageRecipient => false,
            Role::ItemShare => !binding.attributes.share_class().is_hidden(),
            _ => true,
        }
    }

    /// Removes what the set declared before and does no more; or names it.
    pub(super) fn prune(&mut self, owned: &Owned) -> Result<()> {
        let Some(own) = self.options.set.clone() else { return Ok(()) };
        let bindings: Vec<Id> = owned.bindings.iter().copied().filter(|row| !self.is_declared(*row)).collect();
        let resources: Vec<Id> = owned.resources.iter().copied().filter(|row| !self.is_declared(*row)).collect();
        if self.options.prune && self.origin.is_empty() && owned.count() > 0 {
            let problem = Problem::conflict(
                "empty_manifest",
                format!("the manifest declares nothing, and would remove all of the set {own}"),
            )
            .why("an empty file is more often a mistake than a wish")
            .tip("to remove them, name each with `ensure: absent`");
            return self.keep(None, Err(problem));
        }
        for row in bindings {
            // It may have gone with something else.
            let Some(binding) = self.work.facts().binding(row)? else { continue };
            if !self.options.prune {
                let name = self.row_name(row)?;
                self.undeclared.push(name);
                continue;
            }
            let is_shared = binding.sets.names().count() > 1;
            let outcome = if is_shared { self.mark(row, &|sets| sets.without(own.key())) } else { self.end(&binding) };
            self.keep(None, outcome)?;
        }
        // What lies in something goes before it.
        for row in resources.into_iter().rev() {
            let Some(resource) = self.work.facts().resource(row)? else { continue };
            if !self.options.prune {
                let name = self.row_name(row)?;
                self.undeclared.push(name);
                continue;
            }
            let is_shared = resource.sets.names().count() > 1;
            let stays = is_shared || resource.kind() == Kind::Server || is_inactive(&resource);
            let outcome = if stays { Ok(()) } else { self.prune_resource(&resource) };
            self.keep(None, outcome)?;
            if self.work.facts().resource(row)?.is_some() {
                let outcome = self.mark(row, &|sets| sets.without(own.key()));
                self.keep(None, outcome)?;
            }
        }
        self.undeclared.sort();
        Ok(())
    }

    /// Removes a thing that is no longer declared, unless it holds something.
    fn prune_resource(&mut self, resource: &Resource) -> Result<()> {
        let name = self.work.name(resource.id)?;
        if let Some(what) = self.holds(resource)? {
            return Err(Problem::conflict("holds_data", format!("{name} is no longer declared, and {what}"))
                .why("what holds data is never pruned")
                .tip("to remove it with all that hangs on it, name it with `ensure: absent`"));
        }
        let told = Name::parse(&resource.name);
        match resource.kind() {
            Kind::Account => account::remove(&mut self.work, &told?, false, None),
            kind if has_members(kind) => place::remove(&mut self.work, kind, &told?),
            Kind::Endpoint => endpoint::remove(&mut self.work, &told?),
            Kind::Org => org::remove(&mut self.work, &told?),
            _ => Ok(()),
        }
    }

    /// What would be lost with a thing; none where nothing would.
    fn holds(&self, resource: &Resource) -> Result<Option<&'static str>> {
        let facts = self.work.facts();
        Ok(match resource.kind() {
            Kind::Account if !facts.list(Select::OfAs(resource.id, Role::ItemOwner))?.is_empty() => {
                Some("owns files or folders")
            }
            Kind::Dropbox if !facts.list(Select::OfAs(resource.id, Role::PackageRecipient))?.is_empty() => {
                Some("holds packages")
            }
            Kind::Workspace => Some("is a workspace"),
            Kind::Item => Some("is content"),
            Kind::Org if !facts.ids(Kind::Workspace, Some(resource.id))?.is_empty() => Some("has workspaces"),
            Kind::Endpoint => match facts.named(Kind::Item, Some(resource.id), "/")? {
                Some(root) if self.holds_content(&root)? => Some("has content"),
                _ => None,
            },
            _ => None,
        })
    }

    /// Ends what somebody holds, by the operation of its noun.
    fn end(&mut self, binding: &Binding) -> Result<()> {
        let Some(on) = self.work.facts().resource(binding.resource)? else { return Ok(()) };
        let who = self.reference(binding.principal)?;
        let one = std::slice::from_ref(&who);
        match on.kind() {
            kind if has_members(kind) => membership::remove(&mut self.work, kind, &Name::parse(&on.name)?, one),
            Kind::Endpoint => endpoint::remove_role(&mut self.work, &Name::parse(&on.name)?, binding.role, one),
            Kind::Org => org_member::remove(&mut self.work, &Name::parse(&on.name)?, one),
            Kind::Workspace => {
                let org = on.parent.map(|id| self.work.facts().resource(id)).transpose()?.flatten();
                let Some(org) = org else { return Ok(()) };
                workspace_member::remove(&mut self.work, &Name::parse(&org.name)?, &Name::parse(&on.name)?, one)
            }
            Kind::Item if binding.role == Role::ItemShare => self.revoke(binding, who),
            _ => Ok(()),
        }
    }

    fn revoke(&mut self, binding: &Binding, who: Reference) -> Result<()> {
        let text = self.work.name(binding.resource)?;
        let Reference::Item(endpoint, path) = Reference::parse(&text, Kind::Item)? else { return Ok(()) };
        let by = binding.grantor.map(|sharer| self.reference(sharer)).transpose()?;
        let which = Which { principal: who, by: Some(by) };
        // A class of the system's own stands beside people's: the one that is meant is ended by its row.
        if binding.attributes.share_class() != ShareClass::User && binding.attributes.share_class().is_hidden() {
            self.work.end_binding(binding.id);
            return Ok(());
        }
        share::revoke(&mut self.work, (&endpoint, &path), &[which], false)
    }

    /// The reference of a principal.
    fn reference(&self, id: Id) -> Result<Reference> {
        Reference::principal(&self.work.name(id)?)
    }

    /// Removes what shall be absent.
    pub(super) fn absents(&mut self) -> Result<()> {
        // What lies in something goes before it.
        for (spot, thing) in std::mem::take(&mut self.later.absent).into_iter().rev() {
            let outcome = self.remove(&thing);
            self.keep(Some(spot), outcome)?;
        }
        Ok(())
    }

    fn remove(&mut self, thing: &Thing) -> Result<()> {
        match thing {
            Thing::Account(name, heir) => match self.named(Kind::Account, None, name)? {
                Some(known) if self.sees(&known)? => account::remove(&mut self.work, name, true, heir.as_ref()),
                _ => Ok(()),
            },
            Thing::Group(kind, name) => match self.named(*kind, None, name)? {
                Some(known) if self.sees(&known)? => place::remove(&mut self.work, *kind, name),
                _ => Ok(()),
            },
            Thing::Endpoint(name) => match self.named(Kind::Endpoint, None, name)? {
                Some(known) if self.sees(&known)? => endpoint::remove(&mut self.work, name),
                _ => Ok(()),
            },
            Thing::Org(name) => match self.named(Kind::Org, None, name)? {
                Some(known) if self.sees(&known)? => org::remove(&mut self.work, name),
                _ => Ok(()),
            },
            Thing::Workspace(org, name) => match self.named(Kind::Org, None, org)? {
                Some(parent) => match self.named(Kind::Workspace, Some(parent.id), name)? {
                    Some(known) if self.sees(&known)? => workspace::remove(&mut self.work, org, name),
                    _ => Ok(()),
                },
                None => Ok(()),
            },
            Thing::Item(host, path) => match self.item_at(host, path)? {
                Some((item, true)) if self.sees(&item)? => content::remove(&mut self.work, host, path),
                _ => Ok(()),
            },
        }
    }

    /// Refuses more removals than one apply may make.
    pub(super) fn limit(&mut self, owned: &Owned) -> Result<()> {
        let gone = self.gone()?;
        let count = gone.len() as u64;
        if count == 0 {
            return Ok(());
        }
        let problem = match self.options.max_removals {
            Some(most) if count <= most => return Ok(()),
            Some(most) => format!("{count} removals are more than the {most} that --max-removals allows"),
            None => {
                let most = self.options.limits.removals.unwrap_or(limits::REMOVALS);
                let part = self.options.limits.share.unwrap_or(limits::SHARE);
                let all = (owned.count() as u64).max(self.origin.len() as u64);
                if count > most {
                    format!("{count} removals are more than the {most} that one apply makes")
                } else if all >= limits::FROM && count * 100 > all * part {
                    format!("{count} removals are more than {part}% of the {all} things of the set")
                } else {
                    return Ok(());
                }
            }
        };
        let mut problem = Problem::conflict("too_many_removals", problem)
            .why("a slip in a file should not empty a platform")
            .tip(format!("if that is what is wanted: --max-removals {count}"));
        for row in gone {
            let name = self.row_name(row)?;
            problem.details.push(name);
        }
        problem.details.sort();
        self.keep(None, Err(problem))
    }

    /// What is there before and not afterwards, and accounts that are deactivated; what goes with a
    /// thing is counted with it.
    fn gone(&self) -> Result<Vec<Id>> {
        let (facts, base) = (self.work.facts(), self.work.facts().base());
        let draft = facts.draft();
        let mut gone = Vec::new();
        for change in draft.against(base)? {
            match change {
                RowChange::Resource(Some(before), None) => gone.push(before.id),
                RowChange::Resource(Some(before), Some(after)) if is_inactive(&after) && !is_inactive(&before) => {
                    gone.push(before.id);
                }
                // Its role goes with an account.
                RowChange::Binding(Some(before), None) if before.resource != Id::SERVER => gone.push(before.id),
                _ => {}
            }
        }
        Ok(gone)
    }
}

/// Whether it is an account that may do nothing.
fn is_inactive(resource: &Resource) -> bool {
    resource.as_account().is_some_and(|account| !account.active)
}
