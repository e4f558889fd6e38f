//! Random worlds, and conversion between the oracle's structs and the program's rows.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::LazyLock;

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use rolebook::model::attributes::{
    AdminRights, AllowDeny, Attributes, BindingAttributes, Endpoint as EndpointRow, EndpointKind, Group,
    GroupVisibility, Home, Item as ItemRow, ItemType, MemberAccess, NodeVersion, Org, SendPolicy, Server, ShareClass,
    Workgroup as WorkgroupRow, Workspace as WorkspaceRow,
};
use rolebook::model::name::key;
use rolebook::model::{Binding, Id, Kind, Permissions, Resource, Role, SetNames, Time};
use rolebook::policy::{BindingQuery, Facts};

use super::truth::*;

pub(crate) const NOW: i64 = 1_800_000_000_000;

/// A random generator from one seed.
pub(crate) struct Dice(TestRng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Dice(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
    }

    /// A random number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.0.next_u64() % end.max(1) as u64) as usize
    }

    /// True `times` times in `in_all`.
    pub(crate) fn chance(&mut self, times: usize, in_all: usize) -> bool {
        self.below(in_all) < times
    }

    pub(crate) fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    /// A random set of permissions, never empty; a preset half of the time.
    pub(crate) fn set(&mut self) -> Set {
        if self.chance(1, 2) { self.pick(&PRESETS) } else { (self.below(127) + 1) as Set }
    }
}

pub(crate) const NAMES: [&str; 3] = ["a", "b", "ü c"];
const CLASSES: [&str; 8] = ["user", "user", "user", "user", "admin", "other", "internal:application", "automation"];
const VERSIONS: [[u32; 4]; 5] = [[3, 7, 3, 9], [3, 7, 4, 0], [3, 10, 0, 0], [4, 4, 6, 0], [2, 99, 0, 0]];

/// Ids for new rows.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

impl World {
    pub(crate) fn random(dice: &mut Dice) -> World {
        let mut new = Numbers(15);
        let mut world = World { private_directory: dice.chance(1, 2), ..World::default() };
        for place in 0..6 {
            let admin = place == 0;
            let account = Account {
                active: admin || dice.chance(9, 10),
                expires: (!admin && dice.chance(1, 5)).then(|| NOW + dice.pick(&[-1000, 0, 1, 1000])),
                role: if admin { "admin" } else { dice.pick(&["user", "user", "user", "manager"]) },
                role_id: new.next(),
            };
            world.accounts.insert(new.next(), account);
        }
        let accounts: Vec<u64> = world.accounts.keys().copied().collect();
        let mut known = accounts.clone();
        for _ in 0..4 {
            // Members of a group are accounts and earlier groups, so there are no cycles.
            let members = (0..dice.below(4)).map(|_| Link { id: new.next(), who: dice.pick(&known) }).collect();
            let group = new.next();
            world.groups.insert(group, once_each(members, |it: &Link| it.who));
            world.visible.extend(dice.chance(1, 2).then(|| (group, dice.chance(1, 2))));
            known.push(group);
        }
        for _ in 0..2 {
            let members = (0..dice.below(4))
                .map(|_| {
                    let who = dice.pick(&known);
                    let admin = accounts.contains(&who) && dice.chance(1, 3);
                    Member { id: new.next(), who, admin, active: dice.chance(4, 5) }
                })
                .collect();
            let workgroup = Workgroup {
                members: once_each(members, |it: &Member| it.who),
                send: dice.pick(&["anyone", "members", "admins", "nobody"]),
                access: dice.pick(&["all", "admins", "none"]),
                manage_members: dice.chance(1, 2),
                create_users: dice.chance(1, 2),
                manage_groups: dice.chance(1, 2),
            };
            world.workgroups.insert(new.next(), workgroup);
        }
        for kind in ["node", dice.pick(&["node", "s3", "s3", "share"]), dice.pick(&["host", "personal", "s3", "share"])]
        {
            world.add_endpoint(kind, &known, &mut new, dice);
        }
        world.add_workspace(&accounts, &mut new, dice);
        world.add_shares(14, &mut new, dice);
        world
    }

    fn add_endpoint(&mut self, kind: &'static str, known: &[u64], new: &mut Numbers, dice: &mut Dice) {
        let creator = dice.pick(&self.accounts.keys().copied().collect::<Vec<_>>());
        let managed = dice.chance(4, 5);
        let mut roles = vec![Held { id: new.next(), who: creator, role: "administrator" }];
        if managed {
            let words: &[&'static str] = match kind {
                "s3" | "share" => {
                    &["administrator", "access-manager", "access-manager", "activity-manager", "activity-monitor"]
                }
                _ => &["administrator", "activity-manager", "activity-monitor"],
            };
            for _ in 0..dice.below(4) {
                roles.push(Held { id: new.next(), who: dice.pick(known), role: dice.pick(words) });
            }
            roles = once_each(roles, |it: &Held| (it.who, it.role));
        }
        let version = (kind == "node" && dice.chance(4, 5)).then(|| dice.pick(&VERSIONS));
        let endpoint = new.next();
        let it = Endpoint { kind, private: dice.chance(1, 2), managed, version, creator, roles };
        self.endpoints.insert(endpoint, it);
        let root = Item { id: new.next(), folder: true, owner: None, home: None, files_of: None };
        self.items.insert((endpoint, Vec::new()), root);
        let accounts: Vec<u64> = self.accounts.keys().copied().collect();
        for _ in 0..dice.below(8) + 1 {
            let folders: Vec<Place> =
                self.items.iter().filter(|(at, it)| at.0 == endpoint && it.folder).map(|(at, _)| at.clone()).collect();
            let mut place = dice.pick(&folders);
            place.1.push(dice.pick(&NAMES).to_owned());
            if self.items.contains_key(&place) {
                continue;
            }
            let owner = dice.chance(1, 4).then(|| Link { id: new.next(), who: dice.pick(&accounts) });
            let item = Item { id: new.next(), folder: dice.chance(3, 4), owner, home: None, files_of: None };
            self.items.insert(place, item);
        }
    }

    /// A workspace with its files on the first endpoint, and home folders of its members.
    fn add_workspace(&mut self, accounts: &[u64], new: &mut Numbers, dice: &mut Dice) {
        let endpoint = *self.endpoints.keys().next().unwrap();
        let workspace = Workspace { org: new.next(), root_upload: dice.chance(1, 2), members: Vec::new() };
        let number = new.next();
        self.workspaces.insert(number, workspace);
        let files = (endpoint, vec!["files".to_owned()]);
        let top = Item { id: new.next(), folder: true, owner: None, home: None, files_of: Some(number) };
        self.items.insert(files.clone(), top);
        for who in accounts {
            if !dice.chance(1, 2) {
                continue;
            }
            let root_upload = dice.pick(&[None, None, Some(true), Some(false)]);
            // A former member may still have a home folder, with or without owning it.
            if dice.chance(4, 5) {
                let member = Membership { id: new.next(), who: *who, manager: dice.chance(1, 3), root_upload };
                self.workspaces.get_mut(&number).unwrap().members.push(member);
            }
            let mut home = files.clone();
            home.1.push(format!("home{who}"));
            let owner = dice.chance(4, 5).then(|| Link { id: new.next(), who: *who });
            let item = Item { id: new.next(), folder: true, owner, home: Some((*who, number)), files_of: None };
            self.items.insert(home.clone(), item);
            if dice.chance(1, 2) {
                home.1.push(dice.pick(&NAMES).to_owned());
                let item = Item { id: new.next(), folder: dice.chance(1, 2), owner: None, home: None, files_of: None };
                self.items.insert(home, item);
            }
        }
    }

    fn add_shares(&mut self, count: usize, new: &mut Numbers, dice: &mut Dice) {
        let places: Vec<Place> = self.items.keys().cloned().collect();
        let principals = self.principals();
        let accounts: Vec<u64> = self.accounts.keys().copied().collect();
        for _ in 0..count {
            let on = dice.pick(&places);
            let (sharing, with) = (self.sharing(on.0), dice.pick(&principals));
            let mut set = dice.set();
            if sharing == "managed" {
                set = dice.pick(&[EDIT, VIEW]);
            }
            let fits = self.takes(on.0, set)
                && (sharing != "managed" || (self.items[&on].folder && !self.workgroups.contains_key(&with)));
            let class = if sharing == "managed" { "user" } else { dice.pick(&CLASSES) };
            let by = dice.chance(4, 5).then(|| dice.pick(&accounts)).filter(|by| *by != with);
            let expires = dice.chance(1, 3).then(|| NOW + dice.pick(&[-1000, -1, 0, 1, 2, 1000]));
            let twice = self.shares.iter().any(|it| it.on == on && it.with == with && it.by == by);
            if fits && !twice {
                self.shares.push(Share { id: new.next(), on, with, by, set, expires, class });
            }
        }
    }

    /// A changed copy of the world: some bindings ended, some changed, some new.
    pub(crate) fn changed(&self, dice: &mut Dice) -> World {
        let mut world = self.clone();
        let mut new = Numbers(self.last_id() + 10);
        world.shares.retain(|_| dice.chance(3, 4));
        for share in &mut world.shares {
            if dice.chance(1, 4) && self.sharing(share.on.0) == "delegated" {
                share.set = dice.pick(&PRESETS);
            }
        }
        for members in world.groups.values_mut() {
            members.retain(|_| dice.chance(3, 4));
        }
        for workgroup in world.workgroups.values_mut() {
            workgroup.members.retain(|_| dice.chance(3, 4));
            for member in &mut workgroup.members {
                member.active ^= dice.chance(1, 4);
            }
        }
        for endpoint in world.endpoints.values_mut() {
            endpoint.roles.retain(|held| held.who == endpoint.creator || dice.chance(3, 4));
            endpoint.private ^= dice.chance(1, 4);
        }
        world.add_shares(8, &mut new, dice);
        world
    }

    /// Every principal that questions can be about.
    pub(crate) fn principals(&self) -> Vec<u64> {
        let named = self.accounts.keys().chain(self.groups.keys()).chain(self.workgroups.keys());
        named.copied().chain([AUTHENTICATED, ANYONE]).collect()
    }

    pub(crate) fn last_id(&self) -> u64 {
        self.rows().0.iter().map(|it| it.id.0).chain(self.rows().1.iter().map(|it| it.id.0)).max().unwrap_or(15)
    }

    /// The world as rows of the program.
    pub(crate) fn rows(&self) -> (Vec<Resource>, Vec<Binding>) {
        let mut rows = Rows::default();
        let server = Server { private_directory: self.private_directory, ..Server::default() };
        rows.resource(SERVER, None, "server", Attributes::Server(server));
        for (id, it) in &self.accounts {
            let account = rolebook::model::attributes::Account {
                active: it.active,
                expires: it.expires.map(Time),
                ..Default::default()
            };
            rows.resource(*id, None, &format!("u{id}"), Attributes::Account(account));
            let role = Role::from_name(Kind::Server, it.role).unwrap();
            rows.binding(it.role_id, SERVER, *id, role);
        }
        for (id, members) in &self.groups {
            let visible = match self.visible.get(id) {
                None => GroupVisibility::Default,
                Some(true) => GroupVisibility::Everyone,
                Some(false) => GroupVisibility::Members,
            };
            rows.resource(*id, None, &format!("g{id}"), Attributes::Group(Group { visible, ..Group::default() }));
            for member in members {
                rows.binding(member.id, *id, member.who, Role::GroupMember);
            }
        }
        for (id, it) in &self.workgroups {
            let workgroup = WorkgroupRow {
                send: SendPolicy::from_name(it.send).unwrap(),
                member_access: MemberAccess::from_name(it.access).unwrap(),
                admins: AdminRights {
                    manage_members: it.manage_members,
                    create_users: it.create_users,
                    manage_groups: it.manage_groups,
                },
                ..WorkgroupRow::default()
            };
            rows.resource(*id, None, &format!("w{id}"), Attributes::Workgroup(workgroup));
            for member in &it.members {
                let role = if member.admin { Role::WorkgroupAdmin } else { Role::WorkgroupStandard };
                rows.binding(member.id, *id, member.who, role).attributes.inactive = !member.active;
            }
        }
        for (id, it) in &self.endpoints {
            let version = it.version.map(|[a, b, c, d]| NodeVersion::parse(&format!("{a}.{b}.{c}.{d}")).unwrap());
            let endpoint = EndpointRow {
                private: it.private,
                managed: it.managed,
                node_version: version,
                creator: Some(Id(it.creator)),
                ..EndpointRow::of_kind(EndpointKind::from_name(it.kind).unwrap())
            };
            rows.resource(*id, None, &format!("e{id}"), Attributes::Endpoint(endpoint));
            for held in &it.roles {
                rows.binding(held.id, *id, held.who, Role::from_name(Kind::Endpoint, held.role).unwrap());
            }
        }
        for (id, it) in &self.workspaces {
            rows.resource(it.org, None, &format!("o{}", it.org), Attributes::Org(Org::default()));
            let files = self.items.values().find(|item| item.files_of == Some(*id)).map(|item| Id(item.id));
            let workspace = WorkspaceRow { files, root_upload: switch(it.root_upload), ..WorkspaceRow::default() };
            rows.resource(*id, Some(it.org), "prod", Attributes::Workspace(workspace));
            for member in &it.members {
                let role = if member.manager { Role::WorkspaceManager } else { Role::WorkspaceMember };
                rows.binding(member.id, *id, member.who, role).attributes.root_upload = member.root_upload.map(switch);
            }
        }
        for (place, it) in &self.items {
            let (parent, name) = match place.1.split_last() {
                None => (place.0, "/"),
                Some((name, above)) => (self.items[&(place.0, above.to_vec())].id, name.as_str()),
            };
            let item = ItemRow {
                item_type: if it.folder { ItemType::Folder } else { ItemType::File },
                size: None,
                files_of: it.files_of.map(Id),
                home: it.home.map(|(of, workspace)| Home { workspace: Id(workspace), of: Id(of) }),
            };
            rows.resource(it.id, Some(parent), name, Attributes::Item(item));
            if let Some(owner) = &it.owner {
                rows.binding(owner.id, it.id, owner.who, Role::ItemOwner);
            }
        }
        for it in &self.shares {
            let class = ShareClass::from_name(it.class).unwrap();
            let binding = rows.binding(it.id, self.items[&it.on].id, it.with, Role::ItemShare);
            binding.grantor = it.by.map(Id);
            binding.expires = it.expires.map(Time);
            binding.attributes.permissions = permissions(it.set);
            binding.attributes.class = (class != ShareClass::User).then_some(class);
        }
        (rows.0, rows.1)
    }

    /// The rows of some facts as a world.
    pub(crate) fn read<F: Facts>(facts: &F) -> World {
        let mut world = World { private_directory: facts.server().unwrap().private_directory, ..World::default() };
        let on = |id: Id| facts.list_bindings(BindingQuery::On(id)).unwrap();
        for binding in on(Id::SERVER) {
            let account = facts.resource(binding.principal).unwrap().unwrap();
            let it = account.as_account().unwrap();
            let account = Account {
                active: it.active,
                expires: it.expires.map(|time| time.0),
                role: binding.role.as_str(),
                role_id: binding.id.0,
            };
            world.accounts.insert(binding.principal.0, account);
        }
        for group in all(facts, Kind::Group) {
            let members = on(group.id).into_iter().map(|it| Link { id: it.id.0, who: it.principal.0 }).collect();
            world.groups.insert(group.id.0, sorted(members, |it: &Link| it.id));
            if let Attributes::Group(Group { visible, .. }) = &group.attributes
                && *visible != GroupVisibility::Default
            {
                world.visible.insert(group.id.0, *visible == GroupVisibility::Everyone);
            }
        }
        for workgroup in all(facts, Kind::Workgroup) {
            let members = on(workgroup.id)
                .into_iter()
                .map(|it| Member {
                    id: it.id.0,
                    who: it.principal.0,
                    admin: it.role == Role::WorkgroupAdmin,
                    active: !it.attributes.inactive,
                })
                .collect();
            let it = workgroup.as_workgroup().unwrap();
            let row = Workgroup {
                members: sorted(members, |it: &Member| it.id),
                send: it.send.as_str(),
                access: it.member_access.as_str(),
                manage_members: it.admins.manage_members,
                create_users: it.admins.create_users,
                manage_groups: it.admins.manage_groups,
            };
            world.workgroups.insert(workgroup.id.0, row);
        }
        for endpoint in all(facts, Kind::Endpoint) {
            let it = endpoint.as_endpoint().unwrap();
            let version = it.node_version.as_ref().map(|version| {
                let mut fields = [0; 4];
                for (place, field) in version.to_string().split('.').enumerate() {
                    fields[place] = field.parse().unwrap();
                }
                fields
            });
            let roles = on(endpoint.id)
                .into_iter()
                .map(|it| Held { id: it.id.0, who: it.principal.0, role: it.role.as_str() })
                .collect();
            let row = Endpoint {
                kind: it.kind.as_str(),
                private: it.private,
                managed: it.managed,
                version,
                creator: it.creator.unwrap().0,
                roles: sorted(roles, |it: &Held| it.id),
            };
            world.endpoints.insert(endpoint.id.0, row);
        }
        for workspace in all(facts, Kind::Workspace) {
            let members = on(workspace.id)
                .into_iter()
                .map(|it| Membership {
                    id: it.id.0,
                    who: it.principal.0,
                    manager: it.role == Role::WorkspaceManager,
                    root_upload: it.attributes.root_upload.map(|switch| switch == AllowDeny::Allow),
                })
                .collect();
            let it = workspace.as_workspace().unwrap();
            let row = Workspace {
                org: workspace.parent.unwrap().0,
                root_upload: it.root_upload == AllowDeny::Allow,
                members: sorted(members, |it: &Membership| it.id),
            };
            world.workspaces.insert(workspace.id.0, row);
        }
        world.read_items(facts);
        world
    }

    fn read_items<F: Facts>(&mut self, facts: &F) {
        let mut known: BTreeMap<Id, Resource> = BTreeMap::new();
        for item in all(facts, Kind::Item) {
            known.insert(item.id, item);
        }
        for (id, resource) in &known {
            let mut path = Vec::new();
            let mut at = resource;
            while at.name != "/" {
                path.insert(0, at.name.clone());
                at = &known[&at.parent.unwrap()];
            }
            let place = (at.parent.unwrap().0, path);
            let it = resource.as_item().unwrap();
            let mut item = Item {
                id: id.0,
                folder: it.item_type == ItemType::Folder,
                owner: None,
                home: it.home.map(|home| (home.of.0, home.workspace.0)),
                files_of: it.files_of.map(|id| id.0),
            };
            for binding in facts.list_bindings(BindingQuery::On(*id)).unwrap() {
                if binding.role == Role::ItemOwner {
                    assert!(item.owner.is_none(), "two owners of {place:?}");
                    item.owner = Some(Link { id: binding.id.0, who: binding.principal.0 });
                    continue;
                }
                self.shares.push(Share {
                    id: binding.id.0,
                    on: place.clone(),
                    with: binding.principal.0,
                    by: binding.grantor.map(|id| id.0),
                    set: set_of(binding.attributes.permissions),
                    expires: binding.expires.map(|time| time.0),
                    class: binding.attributes.share_class().as_str(),
                });
            }
            assert!(self.items.insert(place, item).is_none(), "two items of one path");
        }
        self.shares.sort_by_key(|it| it.id);
    }
}

fn sorted<T>(mut list: Vec<T>, id: impl Fn(&T) -> u64) -> Vec<T> {
    list.sort_by_key(id);
    list
}

fn all<F: Facts>(facts: &F, kind: Kind) -> Vec<Resource> {
    let mut found = Vec::new();
    facts
        .resources(kind, None, &mut |resource| {
            found.push((*resource).clone());
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    found
}

fn once_each<T, K: Ord>(list: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut seen = std::collections::BTreeSet::new();
    list.into_iter().filter(|it| seen.insert(key(it))).collect()
}

fn switch(on: bool) -> AllowDeny {
    if on { AllowDeny::Allow } else { AllowDeny::Deny }
}

pub(crate) fn permissions(set: Set) -> Permissions {
    // From their words, as the program reads them; once, because a world has many.
    static ALL: LazyLock<Vec<Permissions>> = LazyLock::new(|| {
        let of = |set: usize| {
            let words: Vec<&str> =
                WORDS.iter().filter(|(bit, _)| set & usize::from(*bit) != 0).map(|(_, word)| *word).collect();
            if words.is_empty() { Permissions::NONE } else { serde_json::from_value(serde_json::json!(words)).unwrap() }
        };
        (0..128).map(of).collect()
    });
    ALL[usize::from(set)]
}

pub(crate) fn set_of(permissions: Permissions) -> Set {
    static ALL: LazyLock<HashMap<Permissions, Set>> = LazyLock::new(|| {
        let of = |permissions: Permissions| {
            let words = permissions.names();
            (permissions, WORDS.iter().filter(|(_, word)| words.contains(word)).map(|(bit, _)| bit).sum())
        };
        (0..128).map(|set| of(self::permissions(set))).collect()
    });
    ALL[&permissions]
}

#[derive(Default)]
struct Rows(Vec<Resource>, Vec<Binding>);

impl Rows {
    fn resource(&mut self, id: u64, parent: Option<u64>, name: &str, attributes: Attributes) {
        // The name of an item is compared byte for byte.
        let key = if attributes.kind() == Kind::Item { name.to_owned() } else { key(name) };
        let parent = parent.map(Id);
        self.0.push(Resource {
            id: Id(id),
            parent,
            name: name.to_owned(),
            key,
            alias: None,
            attributes,
            sets: SetNames::NONE,
            since: 0,
        });
    }

    fn binding(&mut self, id: u64, resource: u64, principal: u64, role: Role) -> &mut Binding {
        self.1.push(Binding {
            id: Id(id),
            resource: Id(resource),
            principal: Id(principal),
            role,
            grantor: None,
            expires: None,
            attributes: BindingAttributes::default(),
            sets: SetNames::NONE,
            since: 0,
        });
        self.1.last_mut().unwrap()
    }
}
