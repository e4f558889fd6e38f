//! What was read of the present already: one question comes to the same rows many times, and a row
//! does not change while a store is open at one moment. A change that is written in parts keeps it up
//! to date with what it writes.

use std::cell::{Cell, RefCell};
use std::hash::Hash;
use std::rc::Rc;

use hashbrown::{Equivalent, HashMap};

use crate::model::{Binding, Id, Kind, Resource, Revision, Role};
use crate::policy::RowChange;
use crate::policy::facts::{ByName, Named};

/// More than one question comes to; listings and changes ask on, and begin anew here.
const MOST: usize = 4096;

/// The same for a change of very many rows, which come back to each other.
const MOST_IN_PARTS: usize = 1 << 18;

/// An item with more shares than this is asked about one principal at a time.
pub(super) const FEW: usize = 16;

/// Rows by what they are asked for with.
#[derive(Debug)]
pub(super) struct Kept<K, V> {
    rows: RefCell<HashMap<K, V>>,
    most: Cell<usize>,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Kept<K, V> {
        Kept { rows: RefCell::default(), most: Cell::new(MOST) }
    }
}

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    pub(super) fn get<Q: Equivalent<K> + Hash + ?Sized>(&self, key: &Q) -> Option<V> {
        self.rows.borrow().get(key).cloned()
    }

    pub(super) fn put(&self, key: K, value: V) {
        let mut kept = self.rows.borrow_mut();
        if kept.len() >= self.most.get() {
            kept.clear();
        }
        kept.insert(key, value);
    }

    fn forget<Q: Equivalent<K> + Hash + ?Sized>(&self, key: &Q) {
        self.rows.borrow_mut().remove(key);
    }
}

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Resources by their ids; none for one that is not there.
    pub(super) resources: Kept<Id, Option<Rc<Resource>>>,
    /// Resources by their names; none for one that is not there.
    pub(super) names: Kept<Named, Option<Rc<Resource>>>,
    /// What a principal holds in a role.
    pub(super) held: Kept<(Id, Role), Rc<[Binding]>>,
    /// The bindings on a resource in a role; none within where they are many.
    pub(super) holders: Kept<(Id, Role), Option<Rc<[Binding]>>>,
}

impl Known {
    /// Takes in what was written, as a part of a revision.
    pub(super) fn wrote(&self, changes: &[RowChange], revision: Revision) {
        self.resources.most.set(MOST_IN_PARTS);
        self.names.most.set(MOST_IN_PARTS);
        self.holders.most.set(MOST_IN_PARTS);
        for change in changes {
            match change {
                RowChange::Resource(before, after) => self.resource(before.as_deref(), after.as_deref(), revision),
                RowChange::Binding(before, after) => self.binding(before.as_ref(), after.as_ref(), revision),
            }
        }
    }

    fn resource(&self, before: Option<&Resource>, after: Option<&Resource>, since: Revision) {
        if let Some(before) = before {
            self.names.forget(&ByName(before.kind(), before.parent, &before.key));
            self.resources.forget(&before.id);
        }
        let Some(after) = after else { return };
        let row = Rc::new(Resource { since, ..after.clone() });
        self.names.put(ByName(row.kind(), row.parent, &row.key).kept(), Some(Rc::clone(&row)));
        self.resources.put(row.id, Some(Rc::clone(&row)));
        if before.is_none() && row.kind() == Kind::Item {
            // Nobody has shared what was not there.
            self.holders.put((row.id, Role::ItemShare), Some(Rc::from([])));
        }
    }

    fn binding(&self, before: Option<&Binding>, after: Option<&Binding>, since: Revision) {
        let Some(any) = after.or(before) else { return };
        self.held.forget(&(any.principal, any.role));
        let key = (any.resource, any.role);
        match (before, after, self.holders.get(&key)) {
            (None, Some(after), Some(Some(few))) if few.len() < FEW => {
                let row = Binding { since, ..after.clone() };
                self.holders.put(key, Some(few.iter().cloned().chain([row]).collect()));
            }
            _ => self.holders.forget(&key),
        }
        if let Some(before) = before {
            self.held.forget(&(before.principal, before.role));
            self.holders.forget(&(before.resource, before.role));
        }
    }
}
