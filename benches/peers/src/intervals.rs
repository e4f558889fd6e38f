//! Bare arrays by principal: folders are numbered in preorder, so that a folder and everything below it is an interval
//! of numbers. For every principal and permission there is a list of the intervals that it holds, without those
//! contained in others. A check is a binary search for each principal of the account.

use std::cmp::Reverse;

use rolebook::model::{Permission, Role};

use crate::workload::bare::{Lists, has_role, principals};
use crate::workload::{About, Principal, Question, Workload};

const PERMISSIONS: u32 = Permission::ALL.len() as u32;

/// The workload as intervals.
pub(crate) struct Intervals {
    principals: Lists<Principal>,
    /// The number of each folder in preorder.
    places: Vec<u32>,
    /// The intervals that a principal holds with a permission: the first number, and the number after the last.
    held: Lists<(u32, u32)>,
    roles: Lists<(Principal, Role)>,
}

impl Intervals {
    /// Numbers the folders and computes the intervals of the shares.
    pub(crate) fn new(workload: &Workload) -> Intervals {
        let (places, sizes) = preorder(workload);
        let mut all: Vec<(u32, u32, Reverse<u32>)> = Vec::with_capacity(4 * workload.shares.len());
        for share in &workload.shares {
            let start = places[share.folder as usize];
            let end = start + sizes[share.folder as usize];
            all.extend(share.permissions.iter().map(|it| (key(share.principal, it), start, Reverse(end))));
        }
        all.sort_unstable();
        let mut reached = (u32::MAX, 0);
        all.retain(|(key, _, Reverse(end))| {
            let inside = reached.0 == *key && *end <= reached.1;
            if !inside {
                reached = (*key, *end);
            }
            !inside
        });
        let held = all.iter().map(|(key, start, Reverse(end))| (*key as usize, (*start, *end)));
        let roles = workload.roles.iter().map(|it| (it.endpoint as usize, (it.principal, it.role)));
        Intervals {
            principals: principals(workload),
            held: Lists::new(workload.principals() * PERMISSIONS as usize, held),
            places,
            roles: Lists::new(workload.endpoints, roles),
        }
    }

    /// The answer to a question.
    pub(crate) fn check(&self, question: &Question) -> bool {
        let who = self.principals.of(question.account);
        match question.about {
            About::Endpoint(endpoint, role) => has_role(self.roles.of(endpoint), who, role),
            About::Folder(folder, permission) => {
                let place = self.places[folder as usize];
                who.iter().any(|principal| {
                    let held = self.held.of(key(*principal, permission));
                    let after = held.partition_point(|(start, _)| *start <= place);
                    after > 0 && place < held[after - 1].1
                })
            }
        }
    }
}

fn key(principal: Principal, permission: Permission) -> u32 {
    principal * PERMISSIONS + permission as u32
}

/// The preorder number of each folder, and the number of folders in its subtree.
fn preorder(workload: &Workload) -> (Vec<u32>, Vec<u32>) {
    let folders = &workload.folders;
    let mut sizes = vec![1; folders.len()];
    for (at, folder) in folders.iter().enumerate().rev() {
        if let Some(parent) = folder.parent {
            sizes[parent as usize] += sizes[at];
        }
    }
    let mut places = vec![0; folders.len()];
    // The number of the next folder: inside each folder, and outside all.
    let (mut inside, mut outside) = (vec![0; folders.len()], 0);
    for (at, folder) in folders.iter().enumerate() {
        let next = folder.parent.map_or(&mut outside, |parent| &mut inside[parent as usize]);
        places[at] = *next;
        *next += sizes[at];
        inside[at] = places[at] + 1;
    }
    (places, sizes)
}
