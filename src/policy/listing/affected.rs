//! The input of a comparison of two states: which resources correspond ([`IdMap`]), and which rows can differ
//! ([`AffectedSet`]).

use std::collections::BTreeSet;

use hashbrown::HashMap;

use crate::model::Id;

/// Maps the ids of one state to the ids of the same resources in the other state.
#[derive(Debug, Default)]
pub struct IdMap(Option<(HashMap<Id, Id>, HashMap<Id, Id>)>);

impl IdMap {
    /// For two states of one store, where ids stay the same.
    pub const fn by_id() -> IdMap {
        IdMap(None)
    }

    /// For two stores: pairs of the id before and the id after of the same resource.
    pub fn by_pairs(pairs: impl IntoIterator<Item = (Id, Id)>) -> IdMap {
        let (mut there, mut back) = (HashMap::new(), HashMap::new());
        for (before, after) in pairs {
            there.insert(before, after);
            back.insert(after, before);
        }
        IdMap(Some((there, back)))
    }

    /// Whether ids are the same on both sides.
    pub(super) const fn are_by_id(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn after(&self, before: Id) -> Option<Id> {
        match &self.0 {
            Some((there, _)) if before > Id::LAST_RESERVED => there.get(&before).copied(),
            _ => Some(before),
        }
    }

    pub(super) fn before(&self, after: Id) -> Option<Id> {
        match &self.0 {
            Some((_, back)) if after > Id::LAST_RESERVED => back.get(&after).copied(),
            _ => Some(after),
        }
    }
}

/// The part of two states that can differ. Everything else is the same on both sides.
#[derive(Clone, Debug, Default)]
pub struct AffectedSet {
    /// Principals for which any resource may differ, by their ids on either side; `None` for all.
    pub principals: Option<BTreeSet<Id>>,
    /// Principals for which items may differ, including all of `principals`; `None` for all.
    pub holders: Option<BTreeSet<Id>>,
    /// Resources, other than items, that may differ for any principal; `None` for all.
    pub resources: Option<BTreeSet<Id>>,
    /// Items that were moved or changed their attributes; `None` if the comparison must find them.
    pub items: Option<BTreeSet<Id>>,
}

impl AffectedSet {
    /// The set for two states that do not differ.
    pub const fn nothing() -> AffectedSet {
        AffectedSet {
            principals: Some(BTreeSet::new()),
            holders: Some(BTreeSet::new()),
            resources: Some(BTreeSet::new()),
            items: Some(BTreeSet::new()),
        }
    }

    /// Adds a principal for which any resource may differ.
    pub fn add_principal(&mut self, principal: Id) {
        self.principals.iter_mut().for_each(|all| all.extend([principal]));
        self.add_holder(principal);
    }

    /// Adds a principal for which items may differ.
    pub fn add_holder(&mut self, principal: Id) {
        self.holders.iter_mut().for_each(|all| all.extend([principal]));
    }

    /// Adds an item that was moved or changed its attributes. It may differ for any principal.
    pub fn add_item(&mut self, item: Id) {
        self.holders = None;
        self.items.iter_mut().for_each(|all| all.extend([item]));
    }

    /// Adds a resource that may differ for any principal.
    pub fn add_resource(&mut self, resource: Id) {
        self.resources.iter_mut().for_each(|all| all.extend([resource]));
    }
}
