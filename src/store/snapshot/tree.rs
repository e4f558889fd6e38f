//! The resources of a snapshot, in the orders in which they are looked up.

use hashbrown::{DefaultHashBuilder, HashTable};

use super::index::{Index, NOWHERE};
use super::rows::{Names, ResourceRow};
use crate::model::{Id, Kind};

/// The resources with their orders; see the fields of [`Snapshot`](super::Snapshot).
pub(super) struct Tree {
    pub(super) rows: Vec<ResourceRow>,
    pub(super) names: Names,
    pub(super) places: Index,
    pub(super) families: Vec<u32>,
    pub(super) keys: HashTable<u32>,
    pub(super) hasher: DefaultHashBuilder,
    pub(super) aliases: Vec<u32>,
}

impl Tree {
    /// Brings resources into their orders. Until then a row has the id of what it lies in where it is to
    /// have the place.
    pub(super) fn new(mut rows: Vec<ResourceRow>, names: Names) -> Tree {
        rows.sort_unstable_by_key(|row| row.id);
        let mut places = index(&rows);
        // What holds roles, or has them held on it, and may have no row.
        let reserved = [Id::SERVER, Id::AUTHENTICATED, Id::ANYONE].into_iter().filter_map(super::narrow);
        let parents = rows.iter().map(|row| row.above).filter(|parent| ![0, NOWHERE].contains(parent));
        let missing = parents.chain(reserved).filter(|id| places.get(*id).is_none()).collect();
        add_bare(&mut rows, &mut places, missing);
        // No id is as large as this one: it closes the ranges of the last.
        rows.push(ResourceRow::bare(NOWHERE));
        for row in &mut rows {
            row.above = places.get(row.above).unwrap_or(NOWHERE);
        }
        rows.shrink_to_fit();
        let mut tree = Tree {
            rows,
            names,
            places,
            families: Vec::new(),
            keys: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            aliases: Vec::new(),
        };
        tree.order();
        tree.names.shrink();
        tree
    }

    /// The same with rows for ids that others speak of, if they have none.
    pub(super) fn with(mut self, ids: impl Iterator<Item = u32>) -> Tree {
        let missing: Vec<u32> = ids.filter(|id| self.places.get(*id).is_none()).collect();
        if missing.is_empty() {
            return self;
        }
        let ids: Vec<u32> = self.rows.iter().map(|row| row.id).collect();
        for row in &mut self.rows {
            row.above = ids.get(row.above as usize).copied().unwrap_or(0);
        }
        self.rows.pop();
        add_bare(&mut self.rows, &mut self.places, missing);
        Tree::new(self.rows, self.names)
    }

    fn order(&mut self) {
        let rows = &self.rows;
        let row = |place: &u32| rows.get(*place as usize).copied().unwrap_or(ResourceRow::bare(0));
        let there = || (0_u32..).zip(rows).filter(|(_, row)| row.kind.is_some()).map(|(place, _)| place);
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
            let parent = rows.get(row.above as usize).map_or(0, |above| above.id);
            row.kind.map_or(0, |kind| hash(&self.hasher, kind, parent, self.names.get(row.names).key))
        };
        for place in &families {
            keys.insert_unique(hash(place), *place, hash);
        }
        (self.families, self.aliases, self.keys) = (families, aliases, keys);
    }
}

/// The hash that a key is looked up by.
pub(super) fn hash(hasher: &DefaultHashBuilder, kind: Kind, parent: u32, key: &str) -> u64 {
    std::hash::BuildHasher::hash_one(hasher, (kind as u8, parent, key))
}

fn index(rows: &[ResourceRow]) -> Index {
    let mut places = Index::default();
    for (place, row) in (0_u32..).zip(rows) {
        places.put(row.id, place);
    }
    places
}

/// Adds rows for ids that have none.
fn add_bare(rows: &mut Vec<ResourceRow>, places: &mut Index, mut missing: Vec<u32>) {
    missing.sort_unstable();
    missing.dedup();
    rows.extend(missing.into_iter().map(ResourceRow::bare));
    rows.sort_unstable_by_key(|row| row.id);
    *places = index(rows);
}

#[cfg(test)]
mod tests {
    use super::super::rows::Name;
    use super::*;

    #[test]
    fn ids_that_only_others_speak_of_get_rows_and_the_rest_stays() {
        let mut names = Names::default();
        let mut row = |id: u32, above: u32, name: &str| {
            let names = names.add(Name { name, key: name, ..Name::default() }).unwrap();
            ResourceRow { above, names, attributes: 0, kind: Some(Kind::Group), ..ResourceRow::bare(id) }
        };
        let rows = vec![row(40, 20, "lower"), row(20, 0, "upper"), row(50, 45, "of one without a row")];
        let tree = Tree::new(rows, names).with([20, 30, 30, 60].into_iter());
        let ids: Vec<u32> = tree.rows.iter().map(|row| row.id).collect();
        assert_eq!(ids, [1, 2, 3, 20, 30, 40, 45, 50, 60, NOWHERE]);
        let above = |id: u32| {
            let row = tree.rows[tree.places.get(id).unwrap() as usize];
            (tree.rows.get(row.above as usize).map(|above| above.id), row.kind)
        };
        assert_eq!(above(40), (Some(20), Some(Kind::Group)));
        assert_eq!(above(50), (Some(45), Some(Kind::Group)));
        assert_eq!((above(20), above(45)), ((None, Some(Kind::Group)), (None, None)));
        assert_eq!(tree.families.len(), 3);
    }
}
