//! What a comparison of two states goes by: which things of the two are the same, and which can differ.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use crate::model::Id;

/// Which resources of one state are which of the other.
#[derive(Debug, Default)]
pub struct IdMap(Option<(HashMap<Id, Id>, HashMap<Id, Id>)>);

impl IdMap {
    /// Of one store, where ids stay what they are.
    pub const fn by_id() -> IdMap {
        IdMap(None)
    }

    /// Of two stores: pairs of what is the same thing in the first and in the second.
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

/// The part of two states that can differ; everything else is the same on both sides.
#[derive(Clone, Debug, Default)]
pub struct AffectedSet {
    /// Principals for whom anything may differ, by their ids on either side; none for all of them.
    pub principals: Option<BTreeSet<Id>>,
    /// Principals for whom items may differ, those above among them; none for all of them.
    pub holders: Option<BTreeSet<Id>>,
    /// Resources, other than items, that may differ for anybody; none for all of them.
    pub resources: Option<BTreeSet<Id>>,
    /// Items that lie elsewhere or are something else than they were; none where that is to be found out.
    pub items: Option<BTreeSet<Id>>,
}

impl AffectedSet {
    /// Of two states that do not differ.
    pub const fn nothing() -> AffectedSet {
        AffectedSet {
            principals: Some(BTreeSet::new()),
            holders: Some(BTreeSet::new()),
            resources: Some(BTreeSet::new()),
            items: Some(BTreeSet::new()),
        }
    }

    /// Anything may differ for a principal.
    pub fn add_principal(&mut self, principal: Id) {
        self.principals.iter_mut().for_each(|all| all.extend([principal]));
        self.add_holder(principal);
    }

    /// Items may differ for a principal.
    pub fn add_holder(&mut self, principal: Id) {
        self.holders.iter_mut().for_each(|all| all.extend([principal]));
    }

    /// An item lies elsewhere or is something else than it was: anybody may be concerned.
    pub fn add_item(&mut self, item: Id) {
        self.holders = None;
        self.items.iter_mut().for_each(|all| all.extend([item]));
    }

    /// A resource may differ for anybody.
    pub fn add_resource(&mut self, resource: Id) {
        self.resources.iter_mut().for_each(|all| all.extend([resource]));
    }
}
