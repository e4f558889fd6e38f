//! The lookups of [`Facts`], on the arrays of a snapshot.

use std::ops::ControlFlow;
use std::rc::Rc;

use super::id_index::ABSENT;
use super::packed_rows::{BindingRow, NEVER, to_id};
use super::{Snapshot, range, to_u32};
use crate::model::attributes::{Home, Server};
use crate::model::{Attributes, Binding, Id, Kind, Resource, Role, Time};
use crate::policy::facts::{
    BindingQuery, Facts, Holding, PackedShare, PackedShares, ResourceHeader, Result, Roles, Visit, VisitHeld,
};

/// If a resource has more bindings in a role than this, a search for several principals looks each of them up.
const MAX_LINEAR_SCAN: usize = 256;

impl Facts for Snapshot {
    fn resource(&self, id: Id) -> Result<Option<Rc<Resource>>> {
        self.row(id).map_or(Ok(None), |(_, row)| self.resource_of(row))
    }

    fn by_key(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Rc<Resource>>> {
        match self.find(kind, parent, key) {
            Some(row) => self.resource_of(row),
            None => Ok(None),
        }
    }

    fn id_by_key(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Id>> {
        Ok(self.find(kind, parent, key).filter(|row| row.attributes != ABSENT).map(|row| to_id(row.id)))
    }

    fn aliased(&self, kind: Kind, alias: &str, visit: Visit<'_, Rc<Resource>>) -> Result<()> {
        let within = range(self.aliases.len(), |at| {
            let row = self.aliases.get(at).and_then(|position| self.resources.get(*position as usize))?;
            Some((row.kind, self.names.get(row.names).alias).cmp(&(Some(kind), Some(alias))))
        });
        self.each_resource(self.aliases.get(within).unwrap_or_default(), visit)
    }

    fn resources(&self, kind: Kind, parent: Option<Id>, visit: Visit<'_, Rc<Resource>>) -> Result<()> {
        self.each_resource(self.children_of(kind, parent), visit)
    }

    fn ids(&self, kind: Kind, parent: Option<Id>) -> Result<Vec<Id>> {
        let rows = self.children_of(kind, parent).iter().filter_map(|position| self.resources.get(*position as usize));
        Ok(rows.map(|row| to_id(row.id)).collect())
    }

    fn home(&self, folder: Id, home: Home) -> Result<Option<Rc<Resource>>> {
        let row = self.homes().get(&(folder, home)).and_then(|position| self.resources.get(*position as usize));
        row.map_or(Ok(None), |row| self.resource_of(row))
    }

    fn bindings(&self, select: BindingQuery, visit: Visit<'_, Binding>) -> Result<()> {
        match select {
            BindingQuery::Exact(resource, role, principal) => {
                self.each_on(resource, self.rows_exact(resource, role, principal), visit)
            }
            BindingQuery::On(resource) => self.each_on(resource, self.rows_on(resource), visit),
            BindingQuery::OnAs(resource, role) => self.each_on(resource, self.rows_on_as(resource, role), visit),
            BindingQuery::Of(principal) => self.each_of(self.held_by_principal(principal), visit),
            BindingQuery::OfAs(principal, role) => {
                let all = self.held_by_principal(principal);
                let within = range(all.len(), |at| all.get(at).map(|held| held.role.cmp(&role)));
                self.each_of(all.get(within).unwrap_or_default(), visit)
            }
            BindingQuery::SharesBy(sharer) => {
                self.each_at(self.equal_range(self.by_sharer(), sharer, |row| row.grantor), visit)
            }
        }
    }

    fn binding(&self, id: Id) -> Result<Option<Binding>> {
        let mut found = None;
        self.each_at(self.equal_range(self.by_id(), id, |row| row.id), &mut |binding| {
            found = Some(binding);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    fn last_id(&self) -> Result<Id> {
        Ok(self.last_id)
    }

    fn header(&self, id: Id) -> Result<Option<ResourceHeader>> {
        Ok(self.row(id).and_then(|(_, row)| self.header_of(row)))
    }

    fn ancestor_headers(&self, first: ResourceHeader) -> Result<Vec<ResourceHeader>> {
        let above = self.ancestor_rows(first.id).skip(1).filter_map(|row| self.header_of(row));
        // Few trees are deeper than this.
        let mut found = Vec::with_capacity(8);
        found.push(first);
        found.extend(above);
        Ok(found)
    }

    fn each_ancestor(&self, from: Id, visit: &mut dyn FnMut(Id, &Attributes)) -> Result<()> {
        for row in self.ancestor_rows(from) {
            if let Some(attributes) = self.attributes.get(row.attributes as usize) {
                visit(to_id(row.id), attributes);
            }
        }
        Ok(())
    }

    fn holdings(&self, principal: Id, roles: &[Role], at: Time, visit: &mut dyn FnMut(Holding)) -> Result<()> {
        let all = self.held_by_principal(principal);
        for role in roles {
            // Shares are many and sort after memberships, so a scan from the start ends early for memberships.
            let before = if *role < Role::ItemShare { 0 } else { all.partition_point(|held| held.role < *role) };
            for held in all.iter().skip(before).take_while(|held| held.role <= *role) {
                if held.role == *role
                    && (held.always || self.binding_at(held.position).is_some_and(|it| it.is_effective(at)))
                {
                    visit(Holding { resource: to_id(held.resource), role: *role, permissions: held.permissions });
                }
            }
        }
        Ok(())
    }

    fn roles_of(&self, principal: Id) -> Result<Roles> {
        let mut left = self.held_by_principal(principal);
        let mut found = Roles::NONE;
        // The bindings are sorted by role: those of one role are skipped together.
        while let Some(first) = left.first() {
            found = found.with(first.role);
            let same = range(left.len(), |at| left.get(at).map(|held| held.role.cmp(&first.role)));
            left = left.get(same.end..).unwrap_or_default();
        }
        Ok(found)
    }

    fn count_bindings(&self, principal: Id, most: usize) -> Result<usize> {
        Ok(self.held_by_principal(principal).len().min(most))
    }

    fn held(&self, resource: Id, role: Role, principal: Id) -> Result<Option<Binding>> {
        Ok(self.rows_exact(resource, role, principal).first().and_then(|row| {
            let resource = to_u32(resource)?;
            Some(row.binding(resource, self.attributes_of(row)))
        }))
    }

    fn held_by(&self, resource: Id, role: Role, principals: &[Id], visit: VisitHeld<'_>) -> Result<ControlFlow<()>> {
        let all = self.rows_on_as(resource, role);
        let binding = |row: &BindingRow| row.binding(to_u32(resource).unwrap_or(ABSENT), self.attributes_of(row));
        // With few bindings on the resource, look at each of them; with many, look up each principal.
        if all.len() > (2 * principals.len()).min(MAX_LINEAR_SCAN) {
            for (position, principal) in principals.iter().enumerate() {
                for row in self.rows_exact(resource, role, *principal) {
                    if visit(position, &binding(row))?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
            return Ok(ControlFlow::Continue(()));
        }
        let mut found: Vec<(usize, &BindingRow)> = Vec::new();
        for row in all {
            let principal = to_id(row.principal);
            if let Some(position) = principals.iter().position(|known| *known == principal) {
                found.push((position, row));
            }
        }
        found.sort_by_key(|(position, _)| *position);
        for (position, row) in found {
            if visit(position, &binding(row))?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn packed_shares(&self, item: &ResourceHeader, most: usize) -> Option<PackedShares> {
        let first = self.row(item.id)?;
        // The shares are counted first, so that no more memory is allocated than needed.
        let (mut position, mut row) = first;
        let mut count = 0;
        while row.kind == Some(Kind::Item) {
            count += self.rows_at(position).len();
            if count > most {
                return None;
            }
            position = row.parent;
            row = self.resources.get(position as usize)?;
        }
        let (mut position, mut row) = first;
        let mut found =
            PackedShares { shares: Vec::with_capacity(count), owners: Vec::new(), items: 0, outermost: item.clone() };
        while row.kind == Some(Kind::Item) {
            found.items += 1;
            let on = self.rows_at(position);
            for (position, binding) in (row.bindings_start..).zip(on) {
                match binding.role {
                    Role::ItemShare => {
                        let (attributes, _) = self.attributes_of(binding);
                        found.shares.push(PackedShare {
                            principal: binding.principal,
                            item: row.id,
                            position,
                            permissions: attributes.permissions,
                            always: binding.expires == NEVER && !attributes.inactive,
                        });
                    }
                    Role::ItemOwner => found.owners.push(to_id(binding.principal)),
                    _ => {}
                }
            }
            position = row.parent;
            row = self.resources.get(position as usize)?;
        }
        found.outermost = self.header_of(row)?;
        Some(found)
    }

    fn unpack(&self, handle: PackedShare) -> Option<Binding> {
        let row = self.bindings.get(handle.position as usize)?;
        Some(row.binding(handle.item, self.attributes_of(row)))
    }

    fn server(&self) -> Result<Server> {
        let header = self.header(Id::SERVER)?;
        Ok(match header.as_ref().map(|header| &*header.attributes) {
            Some(Attributes::Server(server)) => server.clone(),
            _ => Server::default(),
        })
    }
}
