//! The floor for a check: arrays, without names, rules or proofs. It walks up from the folder and scans the shares on
//! the way for one of the account's principals. Its answers are the oracle of every measurement, and are themselves
//! compared with a naive walk over the plain data.

use rolebook::model::{Permissions, Role};

use super::{About, Principal, Question, Workload, strength};

/// A list for every key, all in one array.
pub(crate) struct Lists<T> {
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T: Copy> Lists<T> {
    /// The lists of `keys` keys, from pairs of key and item in any order.
    pub(crate) fn new(keys: usize, pairs: impl Iterator<Item = (usize, T)> + Clone) -> Lists<T> {
        let mut starts = vec![0; keys + 1];
        let mut some = None;
        for (key, item) in pairs.clone() {
            starts[key + 1] += 1;
            some = Some(item);
        }
        for key in 0..keys {
            starts[key + 1] += starts[key];
        }
        let mut items = some.map_or_else(Vec::new, |item| vec![item; starts[keys] as usize]);
        // Each start is the index of the next item, and so becomes the start of the next key.
        for (key, item) in pairs {
            items[starts[key] as usize] = item;
            starts[key] += 1;
        }
        starts.rotate_right(1);
        starts[0] = 0;
        Lists { starts, items }
    }

    /// The list of a key.
    pub(crate) fn of(&self, key: u32) -> &[T] {
        &self.items[self.starts[key as usize] as usize..self.starts[key as usize + 1] as usize]
    }
}

/// The principals of every account: itself and the groups it is in, nearest first.
pub(crate) fn principals(workload: &Workload) -> Lists<Principal> {
    let groups =
        Lists::new(workload.principals(), workload.memberships.iter().map(|it| (it.member as usize, it.group)));
    let mut all = Lists { starts: Vec::with_capacity(workload.accounts + 1), items: Vec::new() };
    for account in 0..workload.accounts as Principal {
        let start = all.items.len();
        all.starts.push(start as u32);
        all.items.push(account);
        let mut next = start;
        while let Some(from) = all.items.get(next) {
            for group in groups.of(*from) {
                if !all.items[start..].contains(group) {
                    all.items.push(*group);
                }
            }
            next += 1;
        }
    }
    all.starts.push(all.items.len() as u32);
    all
}

/// The workload as arrays.
pub(crate) struct Bare {
    /// The principals of each account.
    pub(crate) principals: Lists<Principal>,
    /// The parent of each folder; `u32::MAX` for none.
    pub(crate) parents: Vec<u32>,
    shares: Lists<(Principal, Permissions)>,
    roles: Lists<(Principal, Role)>,
}

impl Bare {
    /// Builds the arrays.
    pub(crate) fn new(workload: &Workload) -> Bare {
        let shares = workload.shares.iter().map(|it| (it.folder as usize, (it.principal, it.permissions)));
        let roles = workload.roles.iter().map(|it| (it.endpoint as usize, (it.principal, it.role)));
        Bare {
            principals: principals(workload),
            parents: workload.folders.iter().map(|it| it.parent.unwrap_or(u32::MAX)).collect(),
            shares: Lists::new(workload.folders.len(), shares),
            roles: Lists::new(workload.endpoints, roles),
        }
    }

    /// The answer to a question.
    pub(crate) fn check(&self, question: &Question) -> bool {
        let who = self.principals.of(question.account);
        match question.about {
            About::Endpoint(endpoint, role) => has_role(self.roles.of(endpoint), who, role),
            About::Folder(mut folder, permission) => {
                while folder != u32::MAX {
                    let shares = self.shares.of(folder);
                    if shares.iter().any(|(principal, set)| set.has(permission) && who.contains(principal)) {
                        return true;
                    }
                    folder = self.parents[folder as usize];
                }
                false
            }
        }
    }
}

/// Whether one of the principals has a role on an endpoint, or a role that implies it.
pub(crate) fn has_role(roles: &[(Principal, Role)], who: &[Principal], role: Role) -> bool {
    roles.iter().any(|(principal, held)| strength(*held) >= strength(role) && who.contains(principal))
}

/// Panics at the first question whose answer differs from the naive one, which is found by recursion over the plain
/// data, row by row, without any index.
pub(crate) fn assert_naive(workload: &Workload, questions: &[Question]) {
    for question in questions {
        let naive = match question.about {
            About::Endpoint(endpoint, role) => workload.roles.iter().any(|it| {
                it.endpoint == endpoint
                    && strength(it.role) >= strength(role)
                    && belongs(workload, question.account, it.principal)
            }),
            About::Folder(folder, permission) => {
                holds(workload, question.account, folder, Permissions::single(permission))
            }
        };
        assert_eq!(question.allowed, naive, "the oracle and the naive walk disagree on {question:?}");
    }
}

fn belongs(workload: &Workload, member: Principal, principal: Principal) -> bool {
    member == principal
        || workload.memberships.iter().any(|it| it.member == member && belongs(workload, it.group, principal))
}

fn holds(workload: &Workload, account: Principal, folder: u32, set: Permissions) -> bool {
    workload
        .shares
        .iter()
        .any(|it| it.folder == folder && it.permissions.contains(set) && belongs(workload, account, it.principal))
        || workload.folders[folder as usize].parent.is_some_and(|parent| holds(workload, account, parent, set))
}
