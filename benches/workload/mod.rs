//! The workload that checks are measured on: N accounts; N/20 groups nested up to three deep, each
//! account in about five; 2 N folders up to eight deep; about 5 N shares with accounts and groups;
//! endpoints with the four roles. Deterministic: the same numbers make the same world.

use std::rc::Rc;

use rolebook::model::attributes::{
    Account, Attributes, BindingAttributes, Endpoint, EndpointKind, Group, Item, NodeVersion,
};
use rolebook::model::{Action, Binding, Id, Kind, Permissions, Resource, Role, Time, Verb};
use rolebook::policy::{Facts, Nothing, Overlay, Question};

/// The time that every question is asked at.
pub(crate) const NOW: Time = Time(1_800_000_000_000);
/// How many folders an endpoint has.
const FOLDERS_OF_ONE: usize = 2_000;

/// Numbers that look random and are the same in every run (a 64-bit linear congruential generator,
/// its upper half).
pub(crate) struct Numbers(u64);

impl Numbers {
    /// The next number below a bound.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound.max(1)
    }
}

/// A world in memory, and what can be asked of it.
pub(crate) struct World {
    /// The facts.
    pub(crate) facts: Overlay<'static, Nothing>,
    /// How many memberships and shares there are.
    pub(crate) grants: usize,
    accounts: Vec<Id>,
    groups: Vec<Id>,
    folders: Vec<Id>,
    endpoints: Vec<Id>,
    numbers: Numbers,
}

impl World {
    /// Makes the world of N accounts.
    pub(crate) fn new(accounts: usize) -> World {
        let mut world = World {
            facts: Overlay::new(&Nothing).unwrap(),
            grants: 0,
            accounts: Vec::new(),
            groups: Vec::new(),
            folders: Vec::new(),
            endpoints: Vec::new(),
            numbers: Numbers(7),
        };
        world.people(accounts);
        world.places(2 * accounts);
        world.shares(5 * accounts);
        world
    }

    fn make(&mut self, parent: Option<Id>, name: String, attributes: Attributes) -> Id {
        let id = self.facts.new_id();
        self.facts.put_resource(Resource { id, parent, key: name.clone(), name, alias: None, attributes, since: 1 });
        id
    }

    fn bind(&mut self, resource: Id, principal: Id, role: Role, permissions: Permissions) {
        let id = self.facts.new_id();
        let attributes = BindingAttributes { permissions, ..BindingAttributes::default() };
        self.facts.put_binding(Binding {
            id,
            resource,
            principal,
            role,
            grantor: None,
            expires: None,
            attributes,
            since: 1,
        });
        self.grants += 1;
    }

    fn people(&mut self, count: usize) {
        for number in 0..count {
            let id = self.make(None, format!("u{number}"), Attributes::Account(Account::default()));
            self.accounts.push(id);
        }
        for number in 0..(count / 20).max(4) {
            let id = self.make(None, format!("g{number}"), Attributes::Group(Group::default()));
            self.groups.push(id);
        }
        let groups = self.groups.clone();
        // A third of all are in one of the first tenth, and of those in one of the first hundredth.
        for (number, group) in groups.iter().enumerate().filter(|(number, _)| number % 3 == 1) {
            let first = if number >= groups.len() / 10 { groups.len() / 10 } else { groups.len() / 100 };
            let outer = self.numbers.below(first.max(1));
            if outer < number {
                self.bind(groups[outer], *group, Role::GroupMember, Permissions::NONE);
            }
        }
        for account in self.accounts.clone() {
            for _ in 0..5 {
                let group = groups[self.numbers.below(groups.len())];
                if self.facts.held(group, Role::GroupMember, account).unwrap().is_none() {
                    self.bind(group, account, Role::GroupMember, Permissions::NONE);
                }
            }
        }
    }

    fn places(&mut self, folders: usize) {
        let mut depth: Vec<(Id, usize)> = Vec::new();
        for number in 0..folders {
            if number % FOLDERS_OF_ONE == 0 {
                self.endpoint(number / FOLDERS_OF_ONE);
                depth.clear();
                depth.push((*self.folders.last().unwrap(), 1));
                continue;
            }
            let (parent, below) = depth[self.numbers.below(depth.len())];
            let id = self.make(Some(parent), format!("f{number}"), Attributes::Item(Item::FOLDER));
            self.folders.push(id);
            if below < 8 {
                depth.push((id, below + 1));
            }
        }
    }

    fn endpoint(&mut self, number: usize) {
        let mut endpoint = Endpoint::of_kind(EndpointKind::Node);
        endpoint.node_version = Some(NodeVersion::CUSTOM_SETS);
        let id = self.make(None, format!("e{number}"), Attributes::Endpoint(endpoint));
        let root = self.make(Some(id), "/".to_owned(), Attributes::Item(Item::FOLDER));
        self.endpoints.push(id);
        self.folders.push(root);
        for role in [Role::EndpointAdministrator, Role::ActivityManager, Role::ActivityMonitor] {
            let (account, group) = (self.account(), self.group());
            self.bind(id, account, role, Permissions::NONE);
            self.bind(id, group, role, Permissions::NONE);
        }
    }

    fn account(&mut self) -> Id {
        self.accounts[self.numbers.below(self.accounts.len())]
    }

    fn group(&mut self) -> Id {
        self.groups[self.numbers.below(self.groups.len())]
    }

    fn shares(&mut self, count: usize) {
        for number in 0..count {
            let folder = self.folders[self.numbers.below(self.folders.len())];
            let principal = if number % 2 == 0 { self.account() } else { self.group() };
            let (set, ..) = Permissions::PRESETS[self.numbers.below(4)];
            self.bind(folder, principal, Role::ItemShare, set);
        }
    }

    /// Questions about folders and endpoints, half of them allowed and half denied, as `decide` has it.
    pub(crate) fn questions(&mut self, count: usize, allows: &dyn Fn(&Question) -> bool) -> Vec<Question> {
        let (mut allowed, mut denied) = (Vec::new(), Vec::new());
        while allowed.len() < count / 2 || denied.len() < count / 2 {
            let question = self.question();
            let side = if allows(&question) { &mut allowed } else { &mut denied };
            if side.len() < count / 2 {
                side.push(question);
            }
        }
        // One after the other, so that no run of equal answers flatters the processor.
        allowed.into_iter().zip(denied).flat_map(|(yes, no)| [yes, no]).collect()
    }

    fn question(&mut self) -> Question {
        const OF_ITEMS: [Verb; 5] = [Verb::Browse, Verb::Download, Verb::Upload, Verb::Delete, Verb::Preview];
        const OF_ENDPOINTS: [Verb; 3] = [Verb::Edit, Verb::ControlConsole, Verb::ViewConsole];
        let principal = self.account();
        let (verb, resource) = if self.numbers.below(20) == 0 {
            (OF_ENDPOINTS[self.numbers.below(3)], self.endpoints[self.numbers.below(self.endpoints.len())])
        } else {
            // Half of what is asked is about what somebody was given, else nearly all would be denied.
            let folder = self.folders[self.numbers.below(self.folders.len())];
            (OF_ITEMS[self.numbers.below(5)], self.shared(principal).unwrap_or(folder))
        };
        Question { principal, action: Action::Plain(verb), resource, at: NOW }
    }

    /// A folder that is shared with somebody, every second time.
    fn shared(&mut self, principal: Id) -> Option<Id> {
        if self.numbers.below(2) == 0 {
            return None;
        }
        let shares = self.facts.list(rolebook::policy::Select::OfAs(principal, Role::ItemShare)).unwrap();
        let share = shares.get(self.numbers.below(shares.len()))?;
        let mut below: Vec<Rc<Resource>> = Vec::new();
        self.facts
            .resources(Kind::Item, Some(share.resource), &mut |item| {
                below.push(item);
                Ok(std::ops::ControlFlow::Continue(()))
            })
            .unwrap();
        Some(below.first().map_or(share.resource, |item| item.id))
    }
}
