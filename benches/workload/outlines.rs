//! The floor for a listing, built on [`Bare`]: for each account, the folders where it holds more permissions than on
//! the folder above.

use hashbrown::HashMap;
use rolebook::model::Permissions;

use super::workload::bare::{Bare, Lists};
use super::workload::{Principal, Workload};

/// The shares by principal, and the parents from [`Bare`].
pub(crate) struct Outlines<'b> {
    bare: &'b Bare,
    /// The shares of each principal.
    held: Lists<(u32, Permissions)>,
}

impl<'b> Outlines<'b> {
    /// Builds the lists of shares by principal.
    pub(crate) fn new(workload: &Workload, bare: &'b Bare) -> Outlines<'b> {
        let shares = workload.shares.iter().map(|it| (it.principal as usize, (it.folder, it.permissions)));
        Outlines { bare, held: Lists::new(workload.principals(), shares) }
    }

    /// The folders of an account's listing, with its permissions there.
    pub(crate) fn of(&self, account: Principal) -> Vec<(u32, Permissions)> {
        let mut gives: HashMap<u32, Permissions> = HashMap::new();
        for principal in self.bare.principals.of(account) {
            for (folder, set) in self.held.of(*principal) {
                let all = gives.entry(*folder).or_insert(Permissions::NONE);
                *all = all.union(*set);
            }
        }
        let mut found = Vec::new();
        for (folder, own) in &gives {
            let mut above = Permissions::NONE;
            let mut next = self.bare.parents[*folder as usize];
            while next != u32::MAX {
                above = above.union(gives.get(&next).copied().unwrap_or(Permissions::NONE));
                next = self.bare.parents[next as usize];
            }
            if !above.contains(*own) {
                found.push((*folder, above.union(*own)));
            }
        }
        found
    }
}
