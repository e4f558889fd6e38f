//! The workload of the benchmarks, as plain data: N accounts; N/20 groups nested up to three deep, with each account in
//! about five; 2 N folders up to eight deep; about 5 N shares with accounts and groups; endpoints with their roles; and
//! questions about all of them, half of them allowed. The same number of accounts always makes the same workload and
//! the same questions.
//!
//! [`bare`] answers the questions from arrays, as the oracle. [`rows`] turns the workload into rows of a store, and
//! [`load`] writes them.

pub(crate) mod bare;
pub(crate) mod load;
pub(crate) mod rows;

use rolebook::model::{Permission, Permissions, Role};

use bare::{Bare, Lists};

/// The number of folders of an endpoint.
const FOLDERS_OF_ONE: usize = 2_000;
/// The maximum depth of folders, counting the root folder.
const DEEPEST: usize = 8;
/// The roles on an endpoint with delegated sharing, strongest first: each implies those after it.
const ROLES: [Role; 3] = [Role::EndpointAdministrator, Role::ActivityManager, Role::ActivityMonitor];

/// The number of an account or a group: accounts come first, then groups.
pub(crate) type Principal = u32;

/// Numbers that look random and are the same in every run: the upper half of a 64-bit linear congruential generator.
struct Numbers(u64);

impl Numbers {
    /// The next number below a bound.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound.max(1)
    }

    /// One element of a list.
    fn one_of<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.below(things.len())]
    }
}

/// A membership of a principal in a group.
#[derive(Clone, Copy)]
pub(crate) struct Membership {
    /// The account or group that is the member.
    pub(crate) member: Principal,
    /// The group of the membership.
    pub(crate) group: Principal,
}

/// A folder, which is identified by its index in the list. Parents come first.
#[derive(Clone, Copy)]
pub(crate) struct Folder {
    /// The parent folder; `None` for the root folder of an endpoint.
    pub(crate) parent: Option<u32>,
    /// The endpoint of the folder.
    pub(crate) endpoint: u32,
}

/// A role that a principal holds on an endpoint.
#[derive(Clone, Copy)]
pub(crate) struct EndpointRole {
    /// The endpoint.
    pub(crate) endpoint: u32,
    /// The principal that holds the role.
    pub(crate) principal: Principal,
    /// The role.
    pub(crate) role: Role,
}

/// A share: permissions that a principal holds on a folder and everything below it.
#[derive(Clone, Copy)]
pub(crate) struct Share {
    /// The folder.
    pub(crate) folder: u32,
    /// The principal that holds the share.
    pub(crate) principal: Principal,
    /// The permissions: one of the four presets.
    pub(crate) permissions: Permissions,
}

/// The subject matter of a question.
#[derive(Clone, Copy, Debug)]
pub(crate) enum About {
    /// Whether the account holds a permission on a folder.
    Folder(u32, Permission),
    /// Whether the account holds a role on an endpoint, or a role that implies it.
    Endpoint(u32, Role),
}

/// A question and its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    /// The account that the question is about.
    pub(crate) account: Principal,
    /// The permission or role that the question asks for.
    pub(crate) about: About,
    /// The answer of the oracle.
    pub(crate) allowed: bool,
}

/// The accounts, groups, endpoints and folders, with who holds what on them.
pub(crate) struct Workload {
    /// The number of accounts.
    pub(crate) accounts: usize,
    /// The number of groups.
    pub(crate) groups: usize,
    /// The number of endpoints.
    pub(crate) endpoints: usize,
    /// Who belongs to which group.
    pub(crate) memberships: Vec<Membership>,
    /// The folders.
    pub(crate) folders: Vec<Folder>,
    /// Who holds which role on an endpoint.
    pub(crate) roles: Vec<EndpointRole>,
    /// Who holds which share of a folder.
    pub(crate) shares: Vec<Share>,
}

impl Workload {
    /// Makes the workload of N accounts.
    pub(crate) fn new(accounts: usize) -> Workload {
        let folders = 2 * accounts;
        let mut workload = Workload {
            accounts,
            groups: (accounts / 20).max(4),
            endpoints: folders.div_ceil(FOLDERS_OF_ONE),
            memberships: Vec::with_capacity(6 * accounts),
            folders: Vec::with_capacity(folders),
            roles: Vec::new(),
            shares: Vec::with_capacity(5 * accounts),
        };
        let mut numbers = Numbers(7);
        workload.nest_groups(&mut numbers);
        workload.join_groups(&mut numbers);
        workload.make_folders(folders, &mut numbers);
        workload.give_roles(&mut numbers);
        workload.share(5 * accounts, &mut numbers);
        workload
    }

    /// The number of memberships, roles and shares.
    pub(crate) const fn grants(&self) -> usize {
        self.memberships.len() + self.roles.len() + self.shares.len()
    }

    /// The number of accounts and groups.
    pub(crate) const fn principals(&self) -> usize {
        self.accounts + self.groups
    }

    /// Puts a third of the groups into one of the first tenth, and of those into one of the first hundredth.
    fn nest_groups(&mut self, numbers: &mut Numbers) {
        let top = (self.groups / 100).max(1);
        let middle = (self.groups / 10).max(top + 1);
        for group in (top..self.groups).filter(|group| group % 3 == 1) {
            let outer = if group < middle { numbers.below(top) } else { top + numbers.below(middle - top) };
            let [member, group] = [group, outer].map(|group| (self.accounts + group) as Principal);
            self.memberships.push(Membership { member, group });
        }
    }

    /// Puts every account into five groups, or into fewer if a group is drawn twice.
    fn join_groups(&mut self, numbers: &mut Numbers) {
        for account in 0..self.accounts {
            let own = self.memberships.len();
            for _ in 0..5 {
                let group = self.some_group(numbers);
                if self.memberships[own..].iter().all(|known| known.group != group) {
                    self.memberships.push(Membership { member: account as Principal, group });
                }
            }
        }
    }

    fn make_folders(&mut self, count: usize, numbers: &mut Numbers) {
        // The folders of the endpoint that can hold others, with their depths.
        let mut open: Vec<(usize, usize)> = Vec::new();
        for folder in 0..count {
            let endpoint = (folder / FOLDERS_OF_ONE) as u32;
            if folder % FOLDERS_OF_ONE == 0 {
                open.clear();
                open.push((folder, 1));
                self.folders.push(Folder { parent: None, endpoint });
                continue;
            }
            let (parent, depth) = numbers.one_of(&open);
            self.folders.push(Folder { parent: Some(parent as u32), endpoint });
            if depth + 1 < DEEPEST {
                open.push((folder, depth + 1));
            }
        }
    }

    fn give_roles(&mut self, numbers: &mut Numbers) {
        for endpoint in 0..self.endpoints as u32 {
            for role in ROLES {
                for principal in [numbers.below(self.accounts) as Principal, self.some_group(numbers)] {
                    self.roles.push(EndpointRole { endpoint, principal, role });
                }
            }
        }
    }

    /// Shares folders with accounts and groups in turn, each folder at most once with the same principal.
    fn share(&mut self, count: usize, numbers: &mut Numbers) {
        for number in 0..count {
            let folder = numbers.below(self.folders.len()) as u32;
            let principal =
                if number % 2 == 0 { numbers.below(self.accounts) as Principal } else { self.some_group(numbers) };
            let (permissions, ..) = numbers.one_of(&Permissions::PRESETS);
            self.shares.push(Share { folder, principal, permissions });
        }
        self.shares.sort_unstable_by_key(|it| (it.folder, it.principal, it.permissions));
        self.shares.dedup_by_key(|it| (it.folder, it.principal));
        // People do not share in the order of folders.
        for last in (1..self.shares.len()).rev() {
            self.shares.swap(last, numbers.below(last + 1));
        }
    }

    fn some_group(&self, numbers: &mut Numbers) -> Principal {
        (self.accounts + numbers.below(self.groups)) as Principal
    }
}

/// Makes the questions, with the lists that this needs. It must outlive the measurement of a contender's memory, so
/// that memory that it frees is not reused by the contender.
pub(crate) struct Asker<'w> {
    workload: &'w Workload,
    members: Lists<Principal>,
    children: Lists<u32>,
    numbers: Numbers,
}

impl<'w> Asker<'w> {
    /// Builds the lists of members by group and of children by folder.
    pub(crate) fn new(workload: &'w Workload) -> Asker<'w> {
        let members = workload.memberships.iter().map(|it| (it.group as usize, it.member));
        let children = (0..).zip(&workload.folders).filter_map(|(at, it)| Some((it.parent? as usize, at)));
        Asker {
            workload,
            members: Lists::new(workload.principals(), members),
            children: Lists::new(workload.folders.len(), children),
            numbers: Numbers(11),
        }
    }

    /// Questions about folders and endpoints, allowed and denied in turn, so that no run of equal
    /// answers flatters the processor.
    pub(crate) fn questions(&mut self, oracle: &Bare, count: usize) -> Vec<Question> {
        let mut questions = Vec::with_capacity(count);
        while questions.len() < count {
            let wanted = questions.len() % 2 == 0;
            if let Some(question) = self.question()
                && oracle.check(&question) == wanted
            {
                questions.push(Question { allowed: wanted, ..question });
            }
        }
        questions
    }

    /// A question without its answer. Every second one asks about a given role or share, or about a folder below a
    /// shared one, since nearly all others would be denied.
    fn question(&mut self) -> Option<Question> {
        let workload = self.workload;
        let is_given = self.numbers.below(2) == 0;
        let anybody = self.numbers.below(workload.accounts) as Principal;
        let (account, about) = if self.numbers.below(20) == 0 {
            let role = self.numbers.one_of(&ROLES);
            if is_given {
                let given = self.numbers.one_of(&workload.roles);
                (self.account_in(given.principal)?, About::Endpoint(given.endpoint, role))
            } else {
                (anybody, About::Endpoint(self.numbers.below(workload.endpoints) as u32, role))
            }
        } else {
            let permission = self.numbers.one_of(&Permission::ALL);
            if is_given {
                let given = self.numbers.one_of(&workload.shares);
                (self.account_in(given.principal)?, About::Folder(self.folder_in(given.folder), permission))
            } else {
                (anybody, About::Folder(self.numbers.below(workload.folders.len()) as u32, permission))
            }
        };
        Some(Question { account, about, allowed: false })
    }

    /// The account itself, or an account in the group; `None` if the group has no members.
    fn account_in(&mut self, mut principal: Principal) -> Option<Principal> {
        while principal as usize >= self.workload.accounts {
            match self.members.of(principal) {
                [] => return None,
                some => principal = self.numbers.one_of(some),
            }
        }
        Some(principal)
    }

    /// The folder itself, or a folder some levels below it.
    fn folder_in(&mut self, mut folder: u32) -> u32 {
        for _ in 0..self.numbers.below(DEEPEST) {
            match self.children.of(folder) {
                [] => break,
                some => folder = self.numbers.one_of(some),
            }
        }
        folder
    }
}

/// The strength of a role on an endpoint: each implies the weaker ones.
pub(crate) fn strength(role: Role) -> u8 {
    match role {
        Role::EndpointAdministrator => 3,
        Role::ActivityManager => 2,
        Role::ActivityMonitor => 1,
        _ => 0,
    }
}
