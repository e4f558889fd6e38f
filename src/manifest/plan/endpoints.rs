//! Endpoints, the roles on them, their files and folders.

use super::removal::{Exclusive, Thing};
use super::{Planner, Result};
use crate::manifest::statement::{Endpoint, EndpointRole, Ensure, Item, Spot};
use crate::model::attributes::{EndpointKind, Item as Attributes};
use crate::model::{Id, Kind, Name, Path, Problem, Reference, Resource, Role, Verb};
use crate::ops::{Actor, content, endpoint};
use crate::policy::{BindingQuery, Facts};

impl<F: Facts + ?Sized> Planner<'_, F> {
    pub(super) fn endpoint(&mut self, spot: Spot, said: &Endpoint) -> Result<()> {
        if said.ensure == Ensure::Absent {
            self.later.absent.push((spot, Thing::Endpoint(said.name.clone())));
            return Ok(());
        }
        self.put(
            (Kind::Endpoint, &said.name),
            said.previously.as_ref(),
            |planner, existing| planner.change_endpoint(spot, said, existing),
            |planner| planner.add_endpoint(spot, said),
        )
    }

    fn add_endpoint(&mut self, spot: Spot, said: &Endpoint) -> Result<()> {
        let administrators: Vec<Reference> =
            said.administrators.iter().filter(|who| !self.misses(who)).cloned().collect();
        if administrators.is_empty() && self.tx.actor == Actor::Operator {
            // Where somebody is named who could not be made, that was said.
            if !said.administrators.is_empty() {
                self.failed.insert((Kind::Endpoint, said.name.key().to_owned()));
                return Ok(());
            }
            return Err(Problem::conflict(
                "no_administrator",
                format!("endpoint:{} needs an administrator", said.name),
            )
            .why("the operator is no account, so it must name one")
            .tip("roles: {administrator: [NAME]}"));
        }
        let new = endpoint::NewEndpoint {
            kind: said.kind.unwrap_or(EndpointKind::Host),
            of: said.of.clone(),
            administrators,
            settings: options(said),
        };
        let id = endpoint::add(&mut self.tx, &said.name, &new)?;
        self.declare_made(id, spot)?;
        self.exclude(said.exclusive, Exclusive { paths: said.shared.clone(), ..Exclusive::of(spot, id) });
        Ok(())
    }

    fn change_endpoint(&mut self, spot: Spot, said: &Endpoint, existing: &Resource) -> Result<()> {
        let Some(before) = existing.as_endpoint() else { return Ok(()) };
        if let Some(kind) = said.kind.filter(|kind| *kind != before.kind) {
            return Err(Problem::conflict(
                "fixed_kind",
                format!("{} is of kind {}, not {}", existing.reference(), before.kind.as_str(), kind.as_str()),
            )
            .why("the kind of an endpoint never changes")
            .tip("give the new one another name, or remove this one first with `ensure: absent`"));
        }
        if let Some((endpoint, path)) = &said.of {
            let opens = before.of.map(|of| self.tx.name(of)).transpose()?.unwrap_or_default();
            let there = self.item_at(endpoint, path)?;
            if there.is_none() || there != before.of {
                return Err(Problem::conflict("fixed_folder", format!("{} opens `{opens}`", existing.reference()))
                    .why("what a share opens never changes"));
            }
        }
        let options = options(said);
        if options.applied(before) != *before {
            endpoint::set(&mut self.tx, &said.name, &options)?;
        }
        self.declare(&existing.sets, existing.id, spot);
        self.exclude(said.exclusive, Exclusive { paths: said.shared.clone(), ..Exclusive::of(spot, existing.id) });
        Ok(())
    }

    /// The item of a path, if it is registered.
    pub(super) fn item_at(&self, endpoint: &Name, path: &Path) -> Result<Option<Id>> {
        let Some(host) = self.id_named(Kind::Endpoint, endpoint)? else { return Ok(None) };
        let found = self.tx.facts().nearest_item(host, path)?;
        Ok(found.filter(|(_, depth)| *depth == path.depth()).map(|(item, _)| item))
    }

    pub(super) fn role(&mut self, spot: Spot, said: &EndpointRole) -> Result<()> {
        if self.is_missing(Kind::Endpoint, &said.endpoint) || self.misses(&said.who) {
            return Ok(());
        }
        if let Some((on, binding)) = self.held_on(said)?
            && self.may_skip(Verb::ListRoles, on)?
        {
            self.declare(&binding.sets, binding.id, spot);
            return Ok(());
        }
        endpoint::add_role(&mut self.tx, &said.endpoint, said.role, std::slice::from_ref(&said.who))?;
        if let Some((_, binding)) = self.held_on(said)? {
            self.declare(&binding.sets, binding.id, spot);
        }
        Ok(())
    }

    fn held_on(&self, said: &EndpointRole) -> Result<Option<(Id, crate::model::Binding)>> {
        let Reference::Named(kind, name) = &said.who else { return Ok(None) };
        let Some(on) = self.id_named(Kind::Endpoint, &said.endpoint)? else { return Ok(None) };
        let Some(who) = self.id_named(*kind, name)? else { return Ok(None) };
        Ok(self.tx.facts().held(on, said.role, who)?.map(|binding| (on, binding)))
    }

    pub(super) fn item(&mut self, spot: Spot, said: &Item) -> Result<()> {
        let is_ownerless = said.owner.as_ref().is_some_and(|owner| self.is_missing(Kind::Account, owner));
        if self.is_missing(Kind::Endpoint, &said.endpoint) || is_ownerless {
            return Ok(());
        }
        if said.ensure == Ensure::Absent {
            let thing = Thing::Item(said.endpoint.clone(), said.path.clone());
            self.later.absent.push((spot, thing));
            return Ok(());
        }
        let owner = match said.ownerless {
            true => Some(None),
            false => said.owner.clone().map(|owner| Some(Reference::Named(Kind::Account, owner))),
        };
        let existing = match self.item_at(&said.endpoint, &said.path)? {
            Some(item) => self.tx.facts().resource(item)?,
            None => None,
        };
        match existing {
            Some(item) if self.sees(&item)? => self.change_item(spot, said, &item, owner),
            _ => {
                let request = content::ItemSettings { item_type: said.item_type, size: said.size, owner };
                let id = content::add(&mut self.tx, &said.endpoint, &said.path, &request)?;
                self.declare_made(id, spot)
            }
        }
    }

    fn change_item(
        &mut self,
        spot: Spot,
        said: &Item,
        existing: &Resource,
        owner: Option<Option<Reference>>,
    ) -> Result<()> {
        let Some(before) = existing.as_item() else { return Ok(()) };
        if let Some(wanted) = said.item_type.filter(|it| *it != before.item_type) {
            let path = self.tx.name(existing.id)?;
            return Err(Problem::conflict(
                "fixed_type",
                format!("`{path}` is a {}, not a {}", before.item_type.as_str(), wanted.as_str()),
            )
            .why("a file does not become a folder, nor a folder a file")
            .tip("remove it first with `ensure: absent`"));
        }
        let owned = match &said.owner {
            None if said.ownerless => {
                self.tx.facts().list_bindings(BindingQuery::OnAs(existing.id, Role::ItemOwner))?.is_empty()
            }
            None => true,
            Some(owner) => match self.id_named(Kind::Account, owner)? {
                Some(owner) => self.tx.facts().held(existing.id, Role::ItemOwner, owner)?.is_some(),
                None => false,
            },
        };
        let request = content::ItemSettings {
            item_type: None,
            size: said.size.filter(|size| Some(*size) != before.size),
            owner: owner.filter(|_| !owned),
        };
        if request.size.is_some() || request.owner.is_some() {
            content::set(&mut self.tx, &said.endpoint, &said.path, &request)?;
        }
        self.declare(&existing.sets, existing.id, spot);
        Ok(())
    }

    /// Whether something lies in a folder, or is shared of it.
    pub(super) fn holds_content(&self, item: &Resource) -> Result<bool> {
        let below = self.tx.facts().ids(Kind::Item, Some(item.id))?;
        let owned = self.tx.facts().list_bindings(BindingQuery::OnAs(item.id, Role::ItemOwner))?;
        Ok(!below.is_empty() || !owned.is_empty() || item.as_item().is_some_and(Attributes::is_file))
    }
}

fn options(said: &Endpoint) -> endpoint::EndpointSettings {
    endpoint::EndpointSettings {
        private: said.private,
        managed: said.managed,
        node_version: said.node_version.clone().map(Some),
    }
}
