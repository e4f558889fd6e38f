//! A read cache for the current state: one question reads the same rows many times, and rows do not change while a
//! reader is open. A change that is written in parts updates the cache with the rows it writes.

use std::cell::{Cell, RefCell};
use std::hash::{BuildHasher, Hash};
use std::rc::Rc;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::model::{Binding, Id, Kind, Resource, Revision, Role};
use crate::policy::RowChange;
use crate::policy::facts::NameKey;

/// The maximum number of entries: more than one question needs. Listings and changes can need more; a full map is
/// cleared.
const MAX_ROWS: usize = 4096;

/// The maximum number of entries for a change that is written in parts, whose many rows refer to each other.
const MAX_ROWS_IN_PARTS: usize = 1 << 19;

/// A resource with more bindings in a role than this is asked about one principal at a time.
pub(super) const MAX_CACHED_HOLDERS: usize = 16;

/// A map with a maximum number of entries; it is cleared when it is full.
#[derive(Debug)]
pub(super) struct BoundedMap<K, V> {
    rows: RefCell<HashMap<K, V>>,
    capacity: Cell<usize>,
}

impl<K, V> Default for BoundedMap<K, V> {
    fn default() -> BoundedMap<K, V> {
        BoundedMap { rows: RefCell::default(), capacity: Cell::new(MAX_ROWS) }
    }
}

impl<K: Eq + Hash, V: Clone> BoundedMap<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<V> {
        self.rows.borrow().get(key).cloned()
    }

    pub(super) fn put(&self, key: K, value: V) {
        let mut kept = self.rows.borrow_mut();
        if kept.len() >= self.capacity.get() {
            kept.clear();
        }
        kept.insert(key, value);
    }

    fn remove(&self, key: &K) {
        self.rows.borrow_mut().remove(key);
    }
}

/// Resources by kind, parent and key, without copies of the keys.
#[derive(Debug, Default)]
pub(super) struct NameIndex {
    rows: RefCell<HashTable<Rc<Resource>>>,
    hasher: DefaultHashBuilder,
}

impl NameIndex {
    pub(super) fn get(&self, name: NameKey<'_>) -> Option<Rc<Resource>> {
        let rows = self.rows.borrow();
        rows.find(self.hasher.hash_one(name), |row| NameKey::of(row) == name).cloned()
    }

    pub(super) fn put(&self, row: &Rc<Resource>, most: usize) {
        let mut rows = self.rows.borrow_mut();
        if rows.len() >= most {
            rows.clear();
        }
        let name = NameKey::of(row);
        let hash = |row: &Rc<Resource>| self.hasher.hash_one(NameKey::of(row));
        match rows.entry(hash(row), |known| NameKey::of(known) == name, hash) {
            Entry::Occupied(mut known) => *known.get_mut() = Rc::clone(row),
            Entry::Vacant(vacant) => drop(vacant.insert(Rc::clone(row))),
        }
    }

    fn remove(&self, row: &Resource) {
        let name = NameKey::of(row);
        let mut rows = self.rows.borrow_mut();
        if let Ok(known) = rows.find_entry(self.hasher.hash_one(name), |known| NameKey::of(known) == name) {
            known.remove();
        }
    }
}

/// The cache.
#[derive(Debug, Default)]
pub(super) struct ReadCache {
    /// The last id used, after the first lookup of it: no row has a larger id.
    pub(super) last_id: Cell<Option<Id>>,
    /// Resources by id; for an id without a resource, `None`.
    pub(super) resources: BoundedMap<Id, Option<Rc<Resource>>>,
    /// Resources by name.
    pub(super) names: NameIndex,
    /// A shared empty list.
    no_bindings: Rc<[Binding]>,
    /// The bindings of a principal in a role.
    pub(super) held: BoundedMap<(Id, Role), Rc<[Binding]>>,
    /// The bindings of a principal in the member roles.
    pub(super) memberships: BoundedMap<Id, Rc<[Binding]>>,
    /// The bindings on a resource in a role; `Some(None)` if there are more than [`MAX_CACHED_HOLDERS`].
    pub(super) holders: BoundedMap<(Id, Role), Option<Rc<[Binding]>>>,
    /// The resources and roles for which a principal was looked up.
    asked: BoundedMap<(Id, Role), ()>,
}

impl ReadCache {
    /// Updates the cache with rows that were written as a part of a revision.
    pub(super) fn record_writes(&self, changes: &[RowChange], revision: Revision) {
        self.resources.capacity.set(MAX_ROWS_IN_PARTS);
        self.holders.capacity.set(MAX_ROWS_IN_PARTS);
        let last = changes.iter().filter_map(RowChange::id).max();
        self.last_id.set(self.last_id.get().max(last));
        for change in changes {
            match change {
                RowChange::Resource(before, after) => self.resource(before.as_deref(), after.as_deref(), revision),
                RowChange::Binding(before, after) => self.binding(before.as_deref(), after.as_ref(), revision),
            }
        }
    }

    /// Whether a principal was looked up in a role on a resource before; records that one is now.
    pub(super) fn is_asked_again(&self, key: (Id, Role)) -> bool {
        let is_known = self.asked.get(&key).is_some();
        if !is_known {
            self.asked.put(key, ());
        }
        is_known
    }

    /// Adds a resource that was read, by id and by name.
    pub(super) fn insert(&self, row: &Rc<Resource>) {
        self.names.put(row, self.resources.capacity.get());
        self.resources.put(row.id, Some(Rc::clone(row)));
    }

    fn resource(&self, before: Option<&Resource>, after: Option<&Resource>, since: Revision) {
        if let Some(before) = before {
            self.names.remove(before);
            self.resources.remove(&before.id);
        }
        let Some(after) = after else { return };
        let row = Rc::new(Resource { since, ..after.clone() });
        self.insert(&row);
        if before.is_none() && row.kind() == Kind::Item {
            // A new item has no shares.
            self.holders.put((row.id, Role::ItemShare), Some(Rc::clone(&self.no_bindings)));
        }
    }

    fn binding(&self, before: Option<&Binding>, after: Option<&Binding>, since: Revision) {
        let Some(any) = after.or(before) else { return };
        self.held.remove(&(any.principal, any.role));
        self.memberships.remove(&any.principal);
        let key = (any.resource, any.role);
        match (before, after, self.holders.get(&key)) {
            (None, Some(after), Some(Some(few))) if few.len() < MAX_CACHED_HOLDERS => {
                let row = Binding { since, ..after.clone() };
                self.holders.put(key, Some(few.iter().cloned().chain([row]).collect()));
            }
            _ => self.holders.remove(&key),
        }
        if let Some(before) = before {
            self.held.remove(&(before.principal, before.role));
            self.memberships.remove(&before.principal);
            self.holders.remove(&(before.resource, before.role));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::model::attributes::BindingAttributes;
    use crate::model::{SetNames, Time};
    use crate::policy::Facts;
    use crate::store::{RevisionHeader, Store};

    fn binding(id: u64, resource: u64, role: Role, principal: u64) -> Binding {
        let (id, resource, principal) = (Id(id), Id(resource), Id(principal));
        let attributes = BindingAttributes::default();
        Binding {
            id,
            resource,
            principal,
            role,
            grantor: None,
            expires: None,
            attributes,
            sets: SetNames::NONE,
            since: 0,
        }
    }

    fn entry() -> RevisionHeader {
        let (operator, command) = ("test".to_owned(), "test".to_owned());
        RevisionHeader { at: Time(0), actor: None, operator, command, reason: None, undoes: None }
    }

    #[test]
    fn the_cache_answers_as_the_store_does() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = Store::create(&folder.path().join("s.db")).unwrap();
        let share = Role::ItemShare;
        let mut rows: Vec<Binding> =
            [105, 103, 101].into_iter().zip(1000..).map(|(who, id)| binding(id, 50, share, who)).collect();
        rows.extend((0..40).map(|number| binding(2000 + number, 51, share, 100 + number)));
        rows.extend(
            [(60, Role::GroupMember), (61, Role::GroupMember), (62, Role::WorkgroupAdmin)]
                .into_iter()
                .zip(3000..)
                .map(|((on, role), id)| binding(id, on, role, 101)),
        );
        let changes: Vec<RowChange> = rows.iter().map(|row| RowChange::Binding(None, Some(row.clone()))).collect();
        store.write().unwrap().commit(&changes, Id(4000), entry()).unwrap();
        let gone = Binding { since: 1, ..rows.first().unwrap().clone() };
        let gone = [RowChange::Binding(Some(Box::new(gone)), None)];
        store.write().unwrap().commit(&gone, Id(4000), entry()).unwrap();

        let reader = store.read().unwrap();
        let asked: Vec<Id> = [140, 101, 102, 105, 103].map(Id).to_vec();
        // The current facts are asked twice: the second time the cache answers.
        for facts in [reader.facts_at(1), reader.facts(), reader.facts()] {
            let before = facts.revision() == Some(1);
            let held = |on: u64, role| {
                let mut found = Vec::new();
                let flow = facts.held_by(Id(on), role, &asked, &mut |index, binding| {
                    assert_eq!(asked.get(index), Some(&binding.principal));
                    found.push(binding.principal.0);
                    Ok(ControlFlow::Continue(()))
                });
                assert!(flow.unwrap().is_continue());
                found
            };
            assert_eq!(held(50, share), if before { vec![101, 105, 103] } else { vec![101, 103] });
            assert_eq!(held(51, share), [101, 102, 105, 103], "too many to cache");
            assert_eq!(held(62, Role::WorkgroupAdmin), [101]);
            assert_eq!(held(52, share), [] as [u64; 0]);
            let mut first = None;
            let flow = facts.held_by(Id(50), share, &asked, &mut |index, _| {
                first = first.or(Some(index));
                Ok(ControlFlow::Break(()))
            });
            assert!(flow.unwrap().is_break() && first == Some(1));
            assert_eq!(facts.held(Id(50), share, Id(105)).unwrap().is_some(), before);
            assert!(facts.held(Id(51), share, Id(139)).unwrap().is_some());
            let mut holdings = Vec::new();
            let roles = [Role::WorkgroupAdmin, Role::GroupMember];
            facts.holdings(Id(101), &roles, Time(0), &mut |held| holdings.push((held.resource.0, held.role))).unwrap();
            assert_eq!(
                holdings,
                [(62, Role::WorkgroupAdmin), (60, Role::GroupMember), (61, Role::GroupMember)],
                "role by role"
            );
            assert!(facts.held(Id(61), Role::GroupMember, Id(101)).unwrap().is_some());
            assert!(facts.held(Id(62), Role::GroupMember, Id(101)).unwrap().is_none());
            assert!(facts.resource(Id(7)).unwrap().is_none());
        }
    }
}
