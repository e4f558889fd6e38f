//! The look-ups that rules make, on the arrays of a snapshot.

use std::ops::ControlFlow;
use std::rc::Rc;

use super::index::NOWHERE;
use super::rows::{BindingRow, NEVER, wide};
use super::{Snapshot, narrow, range};
use crate::model::attributes::{Home, Server};
use crate::model::{Attributes, Binding, Id, Kind, Resource, Role, Time};
use crate::policy::facts::{AtHand, Facts, Handle, Holding, Outline, Result, Roles, Select, Visit, VisitHeld};

/// More than so many are not gone through one by one for a list of principals.
const MANY: usize = 256;

impl Facts for Snapshot {
    fn resource(&self, id: Id) -> Result<Option<Rc<Resource>>> {
        self.row(id).map_or(Ok(None), |(_, row)| self.resource_of(row))
    }

    fn named(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Rc<Resource>>> {
        match self.find(kind, parent, key) {
            Some(row) => self.resource_of(row),
            None => Ok(None),
        }
    }

    fn id_named(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Id>> {
        Ok(self.find(kind, parent, key).filter(|row| row.attributes != NOWHERE).map(|row| wide(row.id)))
    }

    fn aliased(&self, kind: Kind, alias: &str, visit: Visit<'_, Rc<Resource>>) -> Result<()> {
        let within = range(self.aliases.len(), |at| {
            let row = self.aliases.get(at).and_then(|place| self.resources.get(*place as usize))?;
            Some((row.kind, self.names.get(row.names).alias).cmp(&(Some(kind), Some(alias))))
        });
        self.each_resource(self.aliases.get(within).unwrap_or_default(), visit)
    }

    fn resources(&self, kind: Kind, parent: Option<Id>, visit: Visit<'_, Rc<Resource>>) -> Result<()> {
        self.each_resource(self.family(kind, parent), visit)
    }

    fn ids(&self, kind: Kind, parent: Option<Id>) -> Result<Vec<Id>> {
        let rows = self.family(kind, parent).iter().filter_map(|place| self.resources.get(*place as usize));
        Ok(rows.map(|row| wide(row.id)).collect())
    }

    fn home(&self, folder: Id, home: Home) -> Result<Option<Rc<Resource>>> {
        let row = self.homes().get(&(folder, home)).and_then(|place| self.resources.get(*place as usize));
        row.map_or(Ok(None), |row| self.resource_of(row))
    }

    fn bindings(&self, select: Select, visit: Visit<'_, Binding>) -> Result<()> {
        match select {
            Select::Exact(resource, role, principal) => {
                self.each_on(resource, self.exactly(resource, role, principal), visit)
            }
            Select::On(resource) => self.each_on(resource, self.on(resource), visit),
            Select::OnAs(resource, role) => self.each_on(resource, self.on_as(resource, role), visit),
            Select::Of(principal) => self.each_of(self.of(principal), visit),
            Select::OfAs(principal, role) => {
                let all = self.of(principal);
                let within = range(all.len(), |at| all.get(at).map(|held| held.role.cmp(&role)));
                self.each_of(all.get(within).unwrap_or_default(), visit)
            }
            Select::SharesBy(sharer) => self.each_at(self.part(self.by_sharer(), sharer, |row| row.grantor), visit),
        }
    }

    fn binding(&self, id: Id) -> Result<Option<Binding>> {
        let mut found = None;
        self.each_at(self.part(self.by_id(), id, |row| row.id), &mut |binding| {
            found = Some(binding);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    fn last_id(&self) -> Result<Id> {
        Ok(self.last_id)
    }

    fn outline(&self, id: Id) -> Result<Option<Outline>> {
        Ok(self.row(id).and_then(|(_, row)| self.outline_of(row)))
    }

    fn line(&self, first: Outline) -> Result<Vec<Outline>> {
        let above = self.upwards_of(first.id).skip(1).filter_map(|row| self.outline_of(row));
        // Deep enough for most.
        let mut found = Vec::with_capacity(8);
        found.push(first);
        found.extend(above);
        Ok(found)
    }

    fn upwards(&self, from: Id, visit: &mut dyn FnMut(Id, &Attributes)) -> Result<()> {
        for row in self.upwards_of(from) {
            if let Some(attributes) = self.attributes.get(row.attributes as usize) {
                visit(wide(row.id), attributes);
            }
        }
        Ok(())
    }

    fn holdings(&self, principal: Id, roles: &[Role], at: Time, visit: &mut dyn FnMut(Holding)) -> Result<()> {
        let all = self.of(principal);
        for role in roles {
            // Memberships come before shares, of which there are many; so for these this ends early.
            let before = if *role < Role::ItemShare { 0 } else { all.partition_point(|held| held.role < *role) };
            for held in all.iter().skip(before).take_while(|held| held.role <= *role) {
                if held.role == *role
                    && (held.always || self.binding_at(held.place).is_some_and(|it| it.is_effective(at)))
                {
                    visit(Holding { resource: wide(held.resource), role: *role, permissions: held.permissions });
                }
            }
        }
        Ok(())
    }

    fn roles_of(&self, principal: Id) -> Result<Roles> {
        let mut left = self.of(principal);
        let mut found = Roles::NONE;
        // Sorted by role: those of one are passed over together.
        while let Some(first) = left.first() {
            found = found.with(first.role);
            let same = range(left.len(), |at| left.get(at).map(|held| held.role.cmp(&first.role)));
            left = left.get(same.end..).unwrap_or_default();
        }
        Ok(found)
    }

    fn count_of(&self, principal: Id, most: usize) -> Result<usize> {
        Ok(self.of(principal).len().min(most))
    }

    fn held(&self, resource: Id, role: Role, principal: Id) -> Result<Option<Binding>> {
        Ok(self.exactly(resource, role, principal).first().and_then(|row| {
            let resource = narrow(resource)?;
            Some(row.binding(resource, self.attributes_of(row)))
        }))
    }

    fn held_by(&self, resource: Id, role: Role, principals: &[Id], visit: VisitHeld<'_>) -> Result<ControlFlow<()>> {
        let all = self.on_as(resource, role);
        let binding = |row: &BindingRow| row.binding(narrow(resource).unwrap_or(NOWHERE), self.attributes_of(row));
        // Few on the resource: look at each of them. Many: look for each principal.
        if all.len() > (2 * principals.len()).min(MANY) {
            for (place, principal) in principals.iter().enumerate() {
                for row in self.exactly(resource, role, *principal) {
                    if visit(place, &binding(row))?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
            return Ok(ControlFlow::Continue(()));
        }
        let mut found: Vec<(usize, &BindingRow)> = Vec::new();
        for row in all {
            let principal = wide(row.principal);
            if let Some(place) = principals.iter().position(|known| *known == principal) {
                found.push((place, row));
            }
        }
        found.sort_by_key(|(place, _)| *place);
        for (place, row) in found {
            if visit(place, &binding(row))?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn at_hand(&self, item: &Outline, most: usize) -> Option<AtHand> {
        let first = self.row(item.id)?;
        // Counted first, so that no more room is made than is needed.
        let (mut place, mut row) = first;
        let mut count = 0;
        while row.kind == Some(Kind::Item) {
            count += self.on_place(place).len();
            if count > most {
                return None;
            }
            place = row.above;
            row = self.resources.get(place as usize)?;
        }
        let (mut place, mut row) = first;
        let mut found =
            AtHand { shares: Vec::with_capacity(count), owners: Vec::new(), items: 0, outermost: item.clone() };
        while row.kind == Some(Kind::Item) {
            found.items += 1;
            let on = self.on_place(place);
            for (place, binding) in (row.on..).zip(on) {
                match binding.role {
                    Role::ItemShare => {
                        let (attributes, _) = self.attributes_of(binding);
                        found.shares.push(Handle {
                            principal: binding.principal,
                            item: row.id,
                            place,
                            permissions: attributes.permissions,
                            always: binding.expires == NEVER && !attributes.inactive,
                        });
                    }
                    Role::ItemOwner => found.owners.push(wide(binding.principal)),
                    _ => {}
                }
            }
            place = row.above;
            row = self.resources.get(place as usize)?;
        }
        found.outermost = self.outline_of(row)?;
        Some(found)
    }

    fn behind(&self, handle: Handle) -> Option<Binding> {
        let row = self.bindings.get(handle.place as usize)?;
        Some(row.binding(handle.item, self.attributes_of(row)))
    }

    fn server(&self) -> Result<Server> {
        let outline = self.outline(Id::SERVER)?;
        Ok(match outline.as_ref().map(|outline| &*outline.attributes) {
            Some(Attributes::Server(server)) => server.clone(),
            _ => Server::default(),
        })
    }
}
