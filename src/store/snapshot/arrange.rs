//! Bringing the rows of a snapshot into the orders in which they are looked up.

use hashbrown::HashTable;

use super::Snapshot;
use super::index::{Index, NOWHERE};
use super::rows::{BindingRow, Held, NEVER, ResourceRow};
use crate::model::Role;

impl Snapshot {
    /// Brings the rows that were read into their orders. `on` says what each binding is on; until
    /// then a row has the id of what it lies in where it is to have the place.
    pub(super) fn arrange(&mut self, on: &[u32]) {
        self.resources.sort_unstable_by_key(|row| row.id);
        self.index_resources();
        self.add_bare_ones(on);
        self.index_resources();
        for row in &mut self.resources {
            row.above = self.places.get(row.above).unwrap_or(NOWHERE);
        }
        self.order_bindings(on);
        self.order_held();
        self.order_resources();
        self.names.shrink();
        self.resources.shrink_to_fit();
        self.attributes.shrink_to_fit();
        self.binding_attributes.shrink_to_fit();
    }

    fn index_resources(&mut self) {
        self.places = Index::default();
        for (place, row) in (0_u32..).zip(&self.resources).filter(|(_, row)| row.id != NOWHERE) {
            self.places.put(row.id, place);
        }
    }

    /// Rows for ids that others speak of and that have none.
    fn add_bare_ones(&mut self, on: &[u32]) {
        let principals = self.bindings.iter().map(|binding| binding.principal);
        let parents = self.resources.iter().map(|row| row.above).filter(|parent| *parent != 0);
        let mut missing: Vec<u32> =
            on.iter().copied().chain(principals).chain(parents).filter(|id| self.places.get(*id).is_none()).collect();
        missing.sort_unstable();
        missing.dedup();
        self.resources.extend(missing.into_iter().map(ResourceRow::bare));
        self.resources.sort_unstable_by_key(|row| row.id);
        // No id is as large as this one: it closes the ranges of the last.
        self.resources.push(ResourceRow::bare(NOWHERE));
    }

    /// Where the rows of each resource begin when they lie one after the other.
    fn starts(&self, of_each: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut starts = vec![0_u32; self.resources.len()];
        for id in of_each {
            // The row after it begins one later.
            let next = self.places.get(id).unwrap_or(NOWHERE) as usize + 1;
            if let Some(count) = starts.get_mut(next) {
                *count += 1;
            }
        }
        let mut total = 0;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        starts
    }

    /// Sorts the bindings by what they are on, counting first: most resources have few.
    fn order_bindings(&mut self, on: &[u32]) {
        let mut next = self.starts(on.iter().copied());
        for (row, start) in self.resources.iter_mut().zip(&next) {
            row.on = *start;
        }
        let mut sorted = self.bindings.clone();
        for (row, on) in self.bindings.iter().zip(on) {
            let Some(next) = self.places.get(*on).and_then(|place| next.get_mut(place as usize)) else { continue };
            if let Some(slot) = sorted.get_mut(*next as usize) {
                *slot = *row;
            }
            *next += 1;
        }
        self.bindings = sorted;
        for (start, end) in self.resources.iter().zip(self.resources.iter().skip(1)).map(|(a, b)| (a.on, b.on)) {
            if let Some(rows) = self.bindings.get_mut(start as usize..end as usize)
                && rows.len() > 1
            {
                rows.sort_unstable_by_key(BindingRow::rank);
            }
        }
    }

    /// Sorts what principals hold; by resource they come already.
    fn order_held(&mut self) {
        let mut next = self.starts(self.bindings.iter().map(|row| row.principal));
        for (row, start) in self.resources.iter_mut().zip(&next) {
            row.of = *start;
        }
        let nothing = Held { place: NOWHERE, resource: 0, role: Role::ServerUser, always: false };
        let mut held = vec![nothing; self.bindings.len()];
        let ends = self.resources.iter().skip(1).map(|next| next.on);
        for (resource, end) in self.resources.iter().zip(ends) {
            let on = self.bindings.get(resource.on as usize..end as usize).unwrap_or_default();
            for (place, row) in (resource.on..).zip(on) {
                let Some(next) = self.places.get(row.principal).and_then(|place| next.get_mut(place as usize)) else {
                    continue;
                };
                let inactive = self.binding_attributes.get(row.attributes as usize).is_some_and(|it| it.inactive);
                let always = row.expires == NEVER && !inactive;
                if let Some(slot) = held.get_mut(*next as usize) {
                    *slot = Held { place, resource: resource.id, role: row.role, always };
                }
                *next += 1;
            }
        }
        for (start, end) in self.resources.iter().zip(self.resources.iter().skip(1)).map(|(a, b)| (a.of, b.of)) {
            if let Some(held) = held.get_mut(start as usize..end as usize)
                && held.len() > 1
            {
                held.sort_by_key(|held| held.role);
            }
        }
        self.held = held;
    }

    fn order_resources(&mut self) {
        let resources = &self.resources;
        let row = |place: &u32| resources.get(*place as usize).copied().unwrap_or(ResourceRow::bare(0));
        let there = || (0_u32..).zip(resources).filter(|(_, row)| row.kind.is_some()).map(|(place, _)| place);
        // Places come in the order of ids, and nowhere last.
        let outer = |row: &ResourceRow| row.above.wrapping_add(1);
        let mut families: Vec<u32> = there().collect();
        families.sort_unstable_by_key(|place| (row(place).kind, outer(&row(place)), *place));
        let mut aliases: Vec<u32> = there().filter(|place| self.names.get(row(place).names).alias.is_some()).collect();
        aliases.sort_by(|a, b| {
            let by = |place| (row(place).kind, self.names.get(row(place).names).alias);
            by(a).cmp(&by(b))
        });
        let mut keys = HashTable::with_capacity(families.len());
        let hash = |place: &u32| {
            let row = row(place);
            let parent = self.parent_of(&row).unwrap_or(0);
            row.kind.map_or(0, |kind| self.hash(kind, parent, self.names.get(row.names).key))
        };
        for place in &families {
            keys.insert_unique(hash(place), *place, hash);
        }
        (self.families, self.aliases, self.keys) = (families, aliases, keys);
    }
}
