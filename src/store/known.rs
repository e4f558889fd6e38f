//! What was read of the present already: one question comes to the same rows many times, and a row
//! does not change while a store is open at one moment.

use std::cell::RefCell;
use std::rc::Rc;

use hashbrown::HashMap;

use crate::model::{Binding, Id, Resource, Role};

/// More than one question comes to; listings and changes ask on, and begin anew here.
const MOST: usize = 4096;

/// Rows by what they are asked for with.
#[derive(Debug)]
pub(super) struct Kept<K, V>(RefCell<HashMap<K, V>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Kept<K, V> {
        Kept(RefCell::default())
    }
}

impl<K: Eq + std::hash::Hash, V: Clone> Kept<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<V> {
        self.0.borrow().get(key).cloned()
    }

    pub(super) fn put(&self, key: K, value: V) {
        let mut kept = self.0.borrow_mut();
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(key, value);
    }
}

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Resources by their ids; none for one that is not there.
    pub(super) resources: Kept<Id, Option<Rc<Resource>>>,
    /// What a principal holds in a role.
    pub(super) held: Kept<(Id, Role), Rc<[Binding]>>,
    /// The bindings on a resource in a role; none within where they are many.
    pub(super) holders: Kept<(Id, Role), Option<Rc<[Binding]>>>,
}

impl Known {
    /// Forgets everything: something was written.
    pub(super) fn forget(&self) {
        self.resources.0.borrow_mut().clear();
        self.held.0.borrow_mut().clear();
        self.holders.0.borrow_mut().clear();
    }
}
