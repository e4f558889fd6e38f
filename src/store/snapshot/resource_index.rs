//! Sorting the resources of a snapshot into the orders of its lookups: by id, by parent, by key and by alias.

use hashbrown::{DefaultHashBuilder, HashTable};

use super::id_index::{ABSENT, IdIndex};
use super::packed_rows::{NamePool, ResourceRow};
use crate::model::{Id, Kind};

/// The resources in their orders; see the fields of [`Snapshot`](super::Snapshot).
pub(super) struct ResourceIndex {
    pub(super) rows: Vec<ResourceRow>,
    pub(super) names: NamePool,
    pub(super) positions: IdIndex,
    pub(super) by_parent: Vec<u32>,
    pub(super) by_key: HashTable<u32>,
    pub(super) hasher: DefaultHashBuilder,
    pub(super) aliases: Vec<u32>,
}

impl ResourceIndex {
    /// Sorts resources. In the rows given, `parent` is the id of the parent; in the result it is a position.
    pub(super) fn new(mut rows: Vec<ResourceRow>, names: NamePool) -> ResourceIndex {
        rows.sort_unstable_by_key(|row| row.id);
        let mut positions = index(&rows);
        // These can hold roles, or have roles held on them, without a row in the store.
        let reserved = [Id::SERVER, Id::AUTHENTICATED, Id::ANYONE].into_iter().filter_map(super::to_u32);
        let parents = rows.iter().map(|row| row.parent).filter(|parent| ![0, ABSENT].contains(parent));
        let missing = parents.chain(reserved).filter(|id| positions.get(*id).is_none()).collect();
        add_placeholders(&mut rows, &mut positions, missing);
        // No id is as large as this one; its row closes the ranges of the last resource.
        rows.push(ResourceRow::placeholder(ABSENT));
        for row in &mut rows {
            row.parent = positions.get(row.parent).unwrap_or(ABSENT);
        }
        rows.shrink_to_fit();
        let mut tree = ResourceIndex {
            rows,
            names,
            positions,
            by_parent: Vec::new(),
            by_key: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            aliases: Vec::new(),
        };
        tree.sort();
        tree.names.shrink();
        tree
    }

    /// Adds placeholder rows for ids that bindings name and that have no row.
    pub(super) fn with_placeholders(mut self, ids: impl Iterator<Item = u32>) -> ResourceIndex {
        let missing: Vec<u32> = ids.filter(|id| self.positions.get(*id).is_none()).collect();
        if missing.is_empty() {
            return self;
        }
        let ids: Vec<u32> = self.rows.iter().map(|row| row.id).collect();
        for row in &mut self.rows {
            row.parent = ids.get(row.parent as usize).copied().unwrap_or(0);
        }
        self.rows.pop();
        add_placeholders(&mut self.rows, &mut self.positions, missing);
        ResourceIndex::new(self.rows, self.names)
    }

    fn sort(&mut self) {
        let rows = &self.rows;
        let row = |position: &u32| rows.get(*position as usize).copied().unwrap_or(ResourceRow::placeholder(0));
        let there = || (0_u32..).zip(rows).filter(|(_, row)| row.kind.is_some()).map(|(position, _)| position);
        // Positions are in the order of ids; the wrapping addition puts rows without a parent first.
        let outer = |row: &ResourceRow| row.parent.wrapping_add(1);
        let mut families: Vec<u32> = there().collect();
        families.sort_unstable_by_key(|position| (row(position).kind, outer(&row(position)), *position));
        let mut aliases: Vec<u32> =
            there().filter(|position| self.names.get(row(position).names).alias.is_some()).collect();
        aliases.sort_by(|a, b| {
            let by = |position| (row(position).kind, self.names.get(row(position).names).alias);
            by(a).cmp(&by(b))
        });
        let mut keys = HashTable::with_capacity(families.len());
        let hash = |position: &u32| {
            let row = row(position);
            let parent = rows.get(row.parent as usize).map_or(0, |above| above.id);
            row.kind.map_or(0, |kind| hash(&self.hasher, kind, parent, self.names.get(row.names).key))
        };
        for position in &families {
            keys.insert_unique(hash(position), *position, hash);
        }
        (self.by_parent, self.aliases, self.by_key) = (families, aliases, keys);
    }
}

/// The hash for a lookup by kind, parent and key.
pub(super) fn hash(hasher: &DefaultHashBuilder, kind: Kind, parent: u32, key: &str) -> u64 {
    std::hash::BuildHasher::hash_one(hasher, (kind as u8, parent, key))
}

fn index(rows: &[ResourceRow]) -> IdIndex {
    let mut positions = IdIndex::default();
    for (position, row) in (0_u32..).zip(rows) {
        positions.put(row.id, position);
    }
    positions
}

/// Adds placeholder rows for ids that have no row.
fn add_placeholders(rows: &mut Vec<ResourceRow>, positions: &mut IdIndex, mut missing: Vec<u32>) {
    missing.sort_unstable();
    missing.dedup();
    rows.extend(missing.into_iter().map(ResourceRow::placeholder));
    rows.sort_unstable_by_key(|row| row.id);
    *positions = index(rows);
}

#[cfg(test)]
mod tests {
    use super::super::packed_rows::NameTexts;
    use super::*;

    #[test]
    fn ids_that_only_bindings_name_get_rows_and_the_rest_stays() {
        let mut names = NamePool::default();
        let mut row = |id: u32, above: u32, name: &str| {
            let names = names.add(NameTexts { name, key: name, ..NameTexts::default() }).unwrap();
            ResourceRow { parent: above, names, attributes: 0, kind: Some(Kind::Group), ..ResourceRow::placeholder(id) }
        };
        let rows = vec![row(40, 20, "lower"), row(20, 0, "upper"), row(50, 45, "of one without a row")];
        let tree = ResourceIndex::new(rows, names).with_placeholders([20, 30, 30, 60].into_iter());
        let ids: Vec<u32> = tree.rows.iter().map(|row| row.id).collect();
        assert_eq!(ids, [1, 2, 3, 20, 30, 40, 45, 50, 60, ABSENT]);
        let above = |id: u32| {
            let row = tree.rows[tree.positions.get(id).unwrap() as usize];
            (tree.rows.get(row.parent as usize).map(|above| above.id), row.kind)
        };
        assert_eq!(above(40), (Some(20), Some(Kind::Group)));
        assert_eq!(above(50), (Some(45), Some(Kind::Group)));
        assert_eq!((above(20), above(45)), ((None, Some(Kind::Group)), (None, None)));
        assert_eq!(tree.by_parent.len(), 3);
    }
}
