//! Bringing the bindings of a snapshot into the orders in which they are looked up.

use super::Snapshot;
use super::index::NOWHERE;
use super::rows::{BindingRow, Held, NEVER};
use crate::model::{Permissions, Role};

impl Snapshot {
    /// Brings the bindings that were read into their orders. `on` says what each is on.
    pub(super) fn arrange(&mut self, on: &[u32]) {
        self.order_bindings(on);
        self.order_held();
        self.attributes.shrink_to_fit();
        self.binding_attributes.shrink_to_fit();
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
        let nothing =
            Held { place: NOWHERE, resource: 0, role: Role::ServerUser, permissions: Permissions::NONE, always: false };
        let mut held = vec![nothing; self.bindings.len()];
        let ends = self.resources.iter().skip(1).map(|next| next.on);
        for (resource, end) in self.resources.iter().zip(ends) {
            let on = self.bindings.get(resource.on as usize..end as usize).unwrap_or_default();
            for (place, row) in (resource.on..).zip(on) {
                let Some(next) = self.places.get(row.principal).and_then(|place| next.get_mut(place as usize)) else {
                    continue;
                };
                let attributes = self.binding_attributes.get(row.attributes as usize);
                if let (Some(slot), Some((attributes, _))) = (held.get_mut(*next as usize), attributes) {
                    *slot = Held {
                        place,
                        resource: resource.id,
                        role: row.role,
                        permissions: attributes.permissions,
                        always: row.expires == NEVER && !attributes.inactive,
                    };
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
}
