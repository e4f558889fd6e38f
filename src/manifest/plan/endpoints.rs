//! Plans endpoints, their roles and their content.

use super::removal::{Exclusive, RemovalTarget};
use super::{Planner, Result};
use crate::manifest::statement::{DeclaredEndpoint, DeclaredEndpointRole, DeclaredItem, Ensure, SourceLocation};
use crate::model::attributes::{EndpointKind, Item as Attributes};
use crate::model::{Id, Kind, Name, Path, Problem, Reference, Resource, Role, Verb};
use crate::ops::{Actor, content, endpoint, labels};
use crate::policy::{BindingQuery, Facts};

impl Planner<'_> {
    pub(super) fn endpoint(&mut self, location: SourceLocation, declared: &DeclaredEndpoint) -> Result<()> {
        if declared.ensure == Ensure::Absent {
            self.deferred.absent.push((location, RemovalTarget::Endpoint(declared.name.clone())));
            return Ok(());
        }
        self.put(
            (Kind::Endpoint, &declared.name),
            declared.previously.as_ref(),
            |planner, existing| planner.change_endpoint(location, declared, existing),
            |planner| planner.add_endpoint(location, declared),
        )
    }

    fn add_endpoint(&mut self, location: SourceLocation, declared: &DeclaredEndpoint) -> Result<()> {
        let administrators: Vec<Reference> =
            declared.administrators.iter().filter(|who| !self.misses(who)).cloned().collect();
        if administrators.is_empty() && self.tx.actor == Actor::Operator {
            // If all named administrators could not be made, they were refused already.
            if !declared.administrators.is_empty() {
                self.failed.insert((Kind::Endpoint, declared.name.key().to_owned()));
                return Ok(());
            }
            return Err(Problem::conflict(
                "no_administrator",
                format!("endpoint:{} needs an administrator", declared.name),
            )
            .why("the operator is not an account, so it must name one")
            .tip("roles: {administrator: [NAME]}"));
        }
        let new = endpoint::NewEndpoint {
            kind: declared.kind.unwrap_or(EndpointKind::Host),
            of: declared.of.clone(),
            administrators,
            settings: options(declared),
        };
        let id = endpoint::add(&mut self.tx, &declared.name, &new)?;
        self.declare_made(id, location)?;
        self.exclude(declared.exclusive, Exclusive { paths: declared.shared.clone(), ..Exclusive::of(location, id) });
        Ok(())
    }

    fn change_endpoint(
        &mut self,
        location: SourceLocation,
        declared: &DeclaredEndpoint,
        existing: &Resource,
    ) -> Result<()> {
        let Some(before) = existing.as_endpoint() else { return Ok(()) };
        if let Some(kind) = declared.kind.filter(|kind| *kind != before.kind) {
            return Err(Problem::conflict(
                "fixed_kind",
                format!("{} is of kind {}, not {}", existing.reference(), before.kind.as_str(), kind.as_str()),
            )
            .why("the kind of an endpoint never changes")
            .tip("give the new endpoint another name, or remove this one first with `ensure: absent`"));
        }
        if let Some((endpoint, path)) = &declared.of {
            let opens = before.of.map(|of| self.tx.name(of)).transpose()?.unwrap_or_default();
            let there = self.item_at(endpoint, path)?;
            if there.is_none() || there != before.of {
                return Err(Problem::conflict("fixed_folder", format!("{} opens `{opens}`", existing.reference()))
                    .why("the folder that a share endpoint opens never changes"));
            }
        }
        let options = options(declared);
        if options.applied(before)? != *before || !labels::has_ids(&self.tx, existing, &options.labels.ids)? {
            endpoint::set(&mut self.tx, &declared.name, &options)?;
        }
        self.declare(&existing.sets, existing.id, location);
        self.exclude(
            declared.exclusive,
            Exclusive { paths: declared.shared.clone(), ..Exclusive::of(location, existing.id) },
        );
        Ok(())
    }

    /// The item of a path, if it is registered.
    pub(super) fn item_at(&self, endpoint: &Name, path: &Path) -> Result<Option<Id>> {
        let Some(host) = self.id_named(Kind::Endpoint, endpoint)? else { return Ok(None) };
        let found = self.tx.facts().nearest_item(host, path)?;
        Ok(found.filter(|(_, depth)| *depth == path.depth()).map(|(item, _)| item))
    }

    pub(super) fn role(&mut self, location: SourceLocation, declared: &DeclaredEndpointRole) -> Result<()> {
        if self.is_missing(Kind::Endpoint, &declared.endpoint) || self.misses(&declared.who) {
            return Ok(());
        }
        if let Some((on, binding)) = self.held_on(declared)?
            && self.may_skip(Verb::ListRoles, on)?
        {
            return self.declare_binding(&binding, &declared.ids, location);
        }
        endpoint::add_role(&mut self.tx, &declared.endpoint, declared.role, std::slice::from_ref(&declared.who))?;
        if let Some((_, binding)) = self.held_on(declared)? {
            self.declare_binding(&binding, &declared.ids, location)?;
        }
        Ok(())
    }

    fn held_on(&self, declared: &DeclaredEndpointRole) -> Result<Option<(Id, crate::model::Binding)>> {
        let Reference::Named(kind, name) = &declared.who else { return Ok(None) };
        let Some(on) = self.id_named(Kind::Endpoint, &declared.endpoint)? else { return Ok(None) };
        let Some(who) = self.id_named(*kind, name)? else { return Ok(None) };
        Ok(self.tx.facts().held(on, declared.role, who)?.map(|binding| (on, binding)))
    }

    pub(super) fn item(&mut self, location: SourceLocation, declared: &DeclaredItem) -> Result<()> {
        let is_ownerless = declared.owner.as_ref().is_some_and(|owner| self.is_missing(Kind::Account, owner));
        if self.is_missing(Kind::Endpoint, &declared.endpoint) || is_ownerless {
            return Ok(());
        }
        if declared.ensure == Ensure::Absent {
            let target = RemovalTarget::Item(declared.endpoint.clone(), declared.path.clone());
            self.deferred.absent.push((location, target));
            return Ok(());
        }
        let owner = match declared.ownerless {
            true => Some(None),
            false => declared.owner.clone().map(|owner| Some(Reference::Named(Kind::Account, owner))),
        };
        let existing = match self.item_at(&declared.endpoint, &declared.path)? {
            Some(item) => self.tx.facts().resource(item)?,
            None => None,
        };
        match existing {
            Some(item) if self.sees(&item)? => self.change_item(location, declared, &item, owner),
            _ => {
                let request = content::ItemSettings { item_type: declared.item_type, size: declared.size, owner };
                let id = content::add(&mut self.tx, &declared.endpoint, &declared.path, &request)?;
                self.declare_made(id, location)
            }
        }
    }

    fn change_item(
        &mut self,
        location: SourceLocation,
        declared: &DeclaredItem,
        existing: &Resource,
        owner: Option<Option<Reference>>,
    ) -> Result<()> {
        let Some(before) = existing.as_item() else { return Ok(()) };
        if let Some(declared_type) = declared.item_type.filter(|it| *it != before.item_type) {
            let path = self.tx.name(existing.id)?;
            return Err(Problem::conflict(
                "fixed_type",
                format!("`{path}` is a {}, not a {}", before.item_type.as_str(), declared_type.as_str()),
            )
            .why("the type of an item never changes")
            .tip("remove it first with `ensure: absent`"));
        }
        let owned = match &declared.owner {
            None if declared.ownerless => {
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
            size: declared.size.filter(|size| Some(*size) != before.size),
            owner: owner.filter(|_| !owned),
        };
        if request.size.is_some() || request.owner.is_some() {
            content::set(&mut self.tx, &declared.endpoint, &declared.path, &request)?;
        }
        self.declare(&existing.sets, existing.id, location);
        Ok(())
    }

    /// Whether an item holds data: it has items below it, has an owner, or is a file.
    pub(super) fn holds_content(&self, item: &Resource) -> Result<bool> {
        let below = self.tx.facts().ids(Kind::Item, Some(item.id))?;
        let owned = self.tx.facts().list_bindings(BindingQuery::OnAs(item.id, Role::ItemOwner))?;
        Ok(!below.is_empty() || !owned.is_empty() || item.as_item().is_some_and(Attributes::is_file))
    }
}

fn options(declared: &DeclaredEndpoint) -> endpoint::EndpointSettings {
    endpoint::EndpointSettings {
        private: declared.private,
        managed: declared.managed,
        node_version: declared.node_version.clone().map(Some),
        labels: declared.labels.clone(),
    }
}
