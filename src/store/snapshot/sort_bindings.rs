//! Sorting the bindings of a snapshot into the orders of its lookups: by resource, and by principal.

use super::Snapshot;
use super::id_index::ABSENT;
use super::packed_rows::{BindingRow, HeldBinding, NEVER};
use crate::model::{Permissions, Role};

impl Snapshot {
    /// Sorts the bindings that were read. `on` has the id of the resource of each binding.
    pub(super) fn sort_bindings(&mut self, on: &[u32]) {
        self.sort_by_resource(on);
        self.sort_held();
        self.attributes.shrink_to_fit();
        self.binding_attributes.shrink_to_fit();
    }

    /// The index at which the rows of each resource begin, if the rows are sorted by resource. `of_each` has the id of
    /// the resource, or principal, of each row.
    fn starts(&self, of_each: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut starts = vec![0_u32; self.resources.len()];
        for id in of_each {
            // The rows of the next resource begin one later.
            let next = self.positions.get(id).unwrap_or(ABSENT) as usize + 1;
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

    /// Sorts the bindings by resource with a counting sort, then by rank: most resources have few.
    fn sort_by_resource(&mut self, on: &[u32]) {
        let mut next = self.starts(on.iter().copied());
        for (row, start) in self.resources.iter_mut().zip(&next) {
            row.bindings_start = *start;
        }
        let mut sorted = self.bindings.clone();
        for (row, on) in self.bindings.iter().zip(on) {
            let Some(next) = self.positions.get(*on).and_then(|position| next.get_mut(position as usize)) else {
                continue;
            };
            if let Some(slot) = sorted.get_mut(*next as usize) {
                *slot = *row;
            }
            *next += 1;
        }
        self.bindings = sorted;
        for (start, end) in
            self.resources.iter().zip(self.resources.iter().skip(1)).map(|(a, b)| (a.bindings_start, b.bindings_start))
        {
            if let Some(rows) = self.bindings.get_mut(start as usize..end as usize)
                && rows.len() > 1
            {
                rows.sort_unstable_by_key(BindingRow::rank);
            }
        }
    }

    /// Sorts the bindings by principal and role; they come sorted by resource already.
    fn sort_held(&mut self) {
        let mut next = self.starts(self.bindings.iter().map(|row| row.principal));
        for (row, start) in self.resources.iter_mut().zip(&next) {
            row.held_start = *start;
        }
        let nothing = HeldBinding {
            position: ABSENT,
            resource: 0,
            role: Role::ServerUser,
            permissions: Permissions::NONE,
            always: false,
        };
        let mut held = vec![nothing; self.bindings.len()];
        let ends = self.resources.iter().skip(1).map(|next| next.bindings_start);
        for (resource, end) in self.resources.iter().zip(ends) {
            let on = self.bindings.get(resource.bindings_start as usize..end as usize).unwrap_or_default();
            for (position, row) in (resource.bindings_start..).zip(on) {
                let Some(next) = self.positions.get(row.principal).and_then(|position| next.get_mut(position as usize))
                else {
                    continue;
                };
                let attributes = self.binding_attributes.get(row.attributes as usize);
                if let (Some(slot), Some((attributes, _))) = (held.get_mut(*next as usize), attributes) {
                    *slot = HeldBinding {
                        position,
                        resource: resource.id,
                        role: row.role,
                        permissions: attributes.permissions,
                        always: row.expires == NEVER && !attributes.inactive,
                    };
                }
                *next += 1;
            }
        }
        for (start, end) in
            self.resources.iter().zip(self.resources.iter().skip(1)).map(|(a, b)| (a.held_start, b.held_start))
        {
            if let Some(held) = held.get_mut(start as usize..end as usize)
                && held.len() > 1
            {
                held.sort_by_key(|held| held.role);
            }
        }
        self.held = held;
    }
}
