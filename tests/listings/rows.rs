//! Random worlds with rows of every kind: the oracle's worlds plus the kinds that the oracle does not
//! have, and changed versions of them.

use std::collections::{BTreeMap, BTreeSet};

use rolebook::model::attributes::{
    AccessToken, AdminRights, AllowDeny, BindingAttributes, Dropbox, Endpoint, EndpointKind, Group, Home, Invitation,
    InvitationState, Invitee, Item, ItemType, Media, Org, Package, PublicLink, Server, Setting, SettingValue,
    SettingValues, SigningKey, Stream, TokenMode, Workspace,
};
use rolebook::model::name::key;
use rolebook::model::{Attributes, Binding, Id, Kind, Permissions, Resource, Role, SetNames, Time};
use rolebook::policy::{Facts, Overlay};
use rolebook::store::{RevisionHeader, Store};

use crate::oracle::truth::World;
use crate::oracle::worlds::{Dice, NOW, permissions};

/// The rows of a state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    pub(crate) resources: BTreeMap<Id, Resource>,
    pub(crate) bindings: BTreeMap<Id, Binding>,
    last: u64,
}

/// A random expiry; mostly none.
fn expiry(dice: &mut Dice) -> Option<Time> {
    dice.chance(1, 6).then(|| Time(NOW + dice.pick(&[-1000, -1, 0, 1, 1000])))
}

impl Rows {
    /// The rows of a world of the oracle.
    pub(crate) fn of(world: &World) -> Rows {
        let (resources, bindings) = world.rows();
        Rows {
            resources: resources.into_iter().map(|it| (it.id, it)).collect(),
            bindings: bindings.into_iter().map(|it| (it.id, it)).collect(),
            last: world.last_id(),
        }
    }

    /// A random world with every kind of row.
    pub(crate) fn random(dice: &mut Dice) -> Rows {
        let mut rows = Rows::of(&World::random(dice));
        rows.add_settings(dice);
        // A server that was never configured has no row.
        if dice.chance(1, 4) {
            rows.resources.remove(&Id::SERVER);
        }
        rows.add_members(dice);
        rows.add_endpoints(dice);
        rows.add_dropboxes(dice);
        rows.add_packages(dice);
        rows.add_organizations(dice);
        for _ in 0..8 {
            rows.add_share(dice);
            rows.move_item(dice);
        }
        rows
    }

    /// The last assigned id.
    pub(crate) const fn last(&self) -> Id {
        Id(self.last)
    }

    /// Assigns ids from this one on.
    pub(crate) fn skip_to(&mut self, id: u64) {
        self.last = self.last.max(id);
    }

    pub(crate) fn ids(&self, kind: Kind) -> Vec<Id> {
        self.resources.values().filter(|it| it.kind() == kind).map(|it| it.id).collect()
    }

    /// Accounts, groups and workgroups of some kinds, as holders of roles and shares.
    fn people(&self, kinds: &[Kind]) -> Vec<Id> {
        kinds.iter().flat_map(|kind| self.ids(*kind)).collect()
    }

    fn new_id(&mut self) -> Id {
        self.last += 1;
        Id(self.last)
    }

    fn put(&mut self, parent: Option<Id>, name: &str, attributes: Attributes) -> Id {
        let id = self.new_id();
        let named = if attributes.kind() == Kind::Item { name.to_owned() } else { key(name) };
        let it = Resource {
            id,
            parent,
            name: name.to_owned(),
            key: named,
            alias: None,
            attributes,
            sets: SetNames::NONE,
            since: 0,
        };
        self.resources.insert(id, it);
        id
    }

    fn bind(&mut self, resource: Id, principal: Id, role: Role) -> Id {
        let id = self.new_id();
        let attributes = BindingAttributes::default();
        let it = Binding {
            id,
            resource,
            principal,
            role,
            grantor: None,
            expires: None,
            attributes,
            sets: SetNames::NONE,
            since: 0,
        };
        self.bindings.insert(id, it);
        id
    }

    /// Makes a principal a member, sometimes deactivated or with an expiry.
    fn join(&mut self, resource: Id, principal: Id, role: Role, dice: &mut Dice) {
        if self.bindings.values().any(|it| it.resource == resource && it.principal == principal) {
            return;
        }
        let id = self.bind(resource, principal, role);
        if let Some(it) = self.bindings.get_mut(&id) {
            it.attributes.inactive = role.is_level() && dice.chance(1, 6);
            it.expires = expiry(dice);
        }
    }

    fn add_settings(&mut self, dice: &mut Dice) {
        let choices = |dice: &mut Dice| {
            let mut choices = SettingValues::default();
            for setting in Setting::TOGGLES {
                if dice.chance(1, 4) {
                    choices.set(setting, dice.pick(&[SettingValue::Allow, SettingValue::Deny]));
                }
            }
            choices
        };
        for it in self.resources.values_mut() {
            let named = it.name.clone();
            match &mut it.attributes {
                Attributes::Server(server) => {
                    *server = Server {
                        managers_administer_dropboxes: dice.chance(1, 2),
                        members_edit_workspaces: dice.chance(1, 2),
                        members_may_leave: dice.chance(1, 2),
                        settings: if dice.chance(1, 2) { choices(dice) } else { SettingValues::default() },
                        ..server.clone()
                    };
                }
                Attributes::Account(account) => {
                    account.settings = choices(dice);
                    account.display_name = dice.chance(1, 2).then(|| format!("The {named}"));
                    if dice.chance(1, 2) {
                        let address = dice.pick(&["A@example.com", "b@example.com"]);
                        account.email = Some(address.to_owned());
                        it.alias = Some(key(address));
                    }
                }
                Attributes::Item(item) if item.item_type == ItemType::File => {
                    item.size = dice.chance(1, 2).then(|| dice.below(1000) as u64);
                }
                _ => {}
            }
        }
    }

    /// More members, so that some accounts share a workgroup.
    fn add_members(&mut self, dice: &mut Dice) {
        let known = self.people(&[Kind::Account, Kind::Group]);
        for workgroup in self.ids(Kind::Workgroup) {
            for _ in 0..3 {
                self.join(workgroup, dice.pick(&known), Role::WorkgroupStandard, dice);
            }
        }
    }

    /// Adds an endpoint of every missing kind.
    fn add_endpoints(&mut self, dice: &mut Dice) {
        let known = self.people(&[Kind::Account, Kind::Group]);
        for kind in EndpointKind::ALL {
            if self.resources.values().any(|it| it.as_endpoint().is_some_and(|it| it.kind == *kind)) {
                continue;
            }
            let creator = dice.pick(&self.ids(Kind::Account));
            let attributes = Endpoint {
                private: dice.chance(1, 2),
                managed: dice.chance(4, 5),
                creator: Some(creator),
                ..Endpoint::of_kind(*kind)
            };
            let endpoint = self.put(None, &format!("new {}", kind.as_str()), Attributes::Endpoint(attributes));
            self.bind(endpoint, creator, Role::EndpointAdministrator);
            for _ in 0..dice.below(3) {
                self.join(endpoint, dice.pick(&known), dice.pick(&Role::ENDPOINT), dice);
            }
            let root = self.put(Some(endpoint), "/", Attributes::Item(Item::FOLDER));
            let folder = self.put(Some(root), "a", Attributes::Item(Item::FOLDER));
            self.put(Some(folder), "b", Attributes::Item(Item::file(Some(7))));
            self.put(Some(root), "c", Attributes::Item(Item::file(None)));
        }
    }

    fn add_dropboxes(&mut self, dice: &mut Dice) {
        let known = self.people(&[Kind::Account, Kind::Group]);
        let invitees: Vec<Id> =
            (0..3).map(|it| self.put(None, &format!("out{it}@example.com"), Attributes::Invitee(Invitee {}))).collect();
        for number in 0..2 {
            let attributes = Dropbox {
                admins: AdminRights {
                    manage_members: dice.chance(1, 2),
                    create_users: dice.chance(1, 2),
                    manage_groups: dice.chance(1, 2),
                },
                admins_manage_invitations: dice.chance(1, 2),
                members_invite: dice.chance(1, 2),
                display_name: dice.chance(1, 2).then(|| "Display: A/B".to_owned()),
                description: dice.chance(1, 2).then(|| "what it is for".to_owned()),
            };
            let dropbox = self.put(None, &format!("d{number}"), Attributes::Dropbox(attributes));
            for _ in 0..dice.below(4) {
                let who = dice.pick(&known);
                let is_account = self.resources[&who].kind() == Kind::Account;
                let levels = if is_account { &Role::DROPBOX[..] } else { &Role::DROPBOX[1..] };
                self.join(dropbox, who, dice.pick(levels), dice);
            }
            for invitee in &invitees {
                if dice.chance(1, 2) {
                    self.join(dropbox, *invitee, Role::DropboxOutside, dice);
                    let invitation = Invitation {
                        invitee: Some(*invitee),
                        email: "Out@example.com".to_owned(),
                        by: None,
                        created: Time(NOW),
                        expires: expiry(dice),
                        after_one_upload: dice.chance(1, 2),
                        role: None,
                        workspaces: Vec::new(),
                        state: InvitationState::Active,
                    };
                    self.put(Some(dropbox), &format!("h{number}{invitee}"), Attributes::Invitation(invitation));
                }
            }
            if dice.chance(1, 2) {
                self.put(Some(dropbox), &format!("p{number}"), Attributes::PublicLink(PublicLink { by: None }));
            }
        }
    }

    fn add_packages(&mut self, dice: &mut Dice) {
        let senders = self.people(&[Kind::Account, Kind::Invitee]);
        let receivers = self.people(&[Kind::Account, Kind::Workgroup, Kind::Dropbox]);
        for number in 0..4 {
            let sender = dice.pick(&senders);
            let package = Package {
                title: "reels".to_owned(),
                sender,
                recipients: Vec::new(),
                external: vec!["x@example.com".to_owned()],
                files: Vec::new(),
                sent: Time(NOW),
                forwarded: None,
            };
            let package = self.put(None, &format!("{number}"), Attributes::Package(package));
            self.bind(package, sender, Role::PackageSender);
            let to: BTreeSet<Id> = (0..dice.below(4)).map(|_| dice.pick(&receivers)).collect();
            for receiver in to {
                self.bind(package, receiver, Role::PackageRecipient);
            }
        }
    }

    fn add_organizations(&mut self, dice: &mut Dice) {
        let accounts = self.ids(Kind::Account);
        self.put(
            None,
            "second",
            Attributes::Org(Org {
                display_name: Some("The 2nd".to_owned()),
                description: Some("another one".to_owned()),
            }),
        );
        for org in self.ids(Kind::Org) {
            for _ in 0..3 {
                self.join(org, dice.pick(&accounts), dice.pick(&Role::ORG), dice);
            }
            let workspace = self.put(Some(org), "more", Attributes::Workspace(Workspace::default()));
            for _ in 0..dice.below(3) {
                self.join(workspace, dice.pick(&accounts), dice.pick(&Role::WORKSPACE), dice);
            }
            if dice.chance(2, 3) {
                self.add_files(workspace, dice);
            }
        }
        for place in self.people(&[Kind::Org, Kind::Workspace]) {
            let made = Time(NOW - 1);
            if dice.chance(1, 2) {
                let attributes = SigningKey { public_key: "PEM".to_owned(), by: None, created: made };
                self.put(Some(place), "key", Attributes::SigningKey(attributes));
            }
            if dice.chance(2, 3) {
                self.put(Some(place), "media", Attributes::Media(Media { title: Some("A film".to_owned()) }));
            }
            if dice.chance(2, 3) {
                let attributes = Stream { title: None, key_hash: "00".to_owned() };
                self.put(Some(place), "stream", Attributes::Stream(attributes));
            }
            if self.resources[&place].kind() == Kind::Workspace {
                for number in 0..dice.below(3) {
                    let attributes = AccessToken {
                        mode: dice.pick(&[TokenMode::Read, TokenMode::ReadWrite]),
                        by: None,
                        created: made,
                        expires: expiry(dice),
                        revoked: dice.chance(1, 6),
                    };
                    self.put(Some(place), &format!("t{number}"), Attributes::AccessToken(attributes));
                }
            }
        }
    }

    /// Files of a workspace, with home folders of members and of some former members.
    fn add_files(&mut self, workspace: Id, dice: &mut Dice) {
        let roots: Vec<Id> = self.resources.values().filter(|it| it.is_root()).map(|it| it.id).collect();
        let files = Item { files_of: Some(workspace), ..Item::FOLDER };
        let files = self.put(Some(dice.pick(&roots)), &format!("files {workspace}"), Attributes::Item(files));
        let root_upload = dice.pick(&[AllowDeny::Allow, AllowDeny::Deny, AllowDeny::Deny]);
        let attributes = Workspace { files: Some(files), root_upload, ..Workspace::default() };
        if let Some(it) = self.resources.get_mut(&workspace) {
            it.attributes = Attributes::Workspace(attributes);
        }
        let members: Vec<Id> =
            self.bindings.values().filter(|it| it.resource == workspace).map(|it| it.principal).collect();
        for account in self.ids(Kind::Account) {
            let is_member = members.contains(&account);
            if !is_member && dice.chance(1, 2) {
                continue;
            }
            let home = Item { home: Some(Home { workspace, of: account }), ..Item::FOLDER };
            let home = self.put(Some(files), &format!("home {account}"), Attributes::Item(home));
            if is_member {
                self.bind(home, account, Role::ItemOwner);
            }
            if dice.chance(1, 2) {
                self.put(Some(home), "below", Attributes::Item(Item::FOLDER));
                self.put(Some(home), "file", Attributes::Item(Item::file(None)));
            }
        }
        if dice.chance(2, 3) {
            let with = dice.pick(&[Id::AUTHENTICATED, Id::ANYONE]);
            self.share(files, with, dice.pick(&[Permissions::EDIT, Permissions::UPLOAD]), None);
        }
    }

    fn share(&mut self, item: Id, with: Id, set: Permissions, by: Option<Id>) -> Id {
        let share = self.bind(item, with, Role::ItemShare);
        if let Some(it) = self.bindings.get_mut(&share) {
            it.attributes.permissions = set;
            it.grantor = by;
        }
        share
    }

    fn add_share(&mut self, dice: &mut Dice) {
        let mut people = self.people(&[Kind::Account, Kind::Group, Kind::Workgroup]);
        people.extend([Id::AUTHENTICATED, Id::ANYONE]);
        let (item, with) = (dice.pick(&self.ids(Kind::Item)), dice.pick(&people));
        let by = dice.chance(2, 3).then(|| dice.pick(&self.ids(Kind::Account)));
        let set = permissions(dice.set());
        let share = self.share(item, with, set, by);
        if let Some(it) = self.bindings.get_mut(&share) {
            it.expires = expiry(dice);
        }
    }

    /// The rows after random changes: bindings and resources ended, changed, new; names that pass from
    /// one resource to another; moved folders.
    pub(crate) fn changed(&self, dice: &mut Dice) -> Rows {
        let mut rows = self.clone();
        rows.bindings.retain(|_, _| dice.chance(9, 10));
        for it in rows.bindings.values_mut() {
            if dice.chance(1, 8) {
                it.expires = expiry(dice);
                it.attributes.inactive ^= it.role.is_level();
            }
            if it.role == Role::ItemShare && dice.chance(1, 6) {
                it.attributes.permissions = permissions(dice.set());
            }
        }
        let first = rows.ids(Kind::Account)[0];
        for kind in [Kind::Account, Kind::Group, Kind::Workgroup, Kind::Dropbox, Kind::AccessToken, Kind::Invitee] {
            for id in rows.ids(kind) {
                // One account always stays.
                if id != first && dice.chance(1, 12) {
                    rows.remove(id);
                } else if dice.chance(1, 6) {
                    rows.rename(id, &format!("Renamed {id} {}", dice.below(3)));
                }
            }
        }
        let groups = rows.ids(Kind::Group);
        if !groups.is_empty() && dice.chance(1, 2) {
            let gone = dice.pick(&groups);
            let named = rows.resources[&gone].name.clone();
            rows.remove(gone);
            let heir = rows.put(None, &named, Attributes::Group(Group::default()));
            let member = dice.pick(&rows.ids(Kind::Account));
            rows.bind(heir, member, Role::GroupMember);
        }
        for _ in 0..3 {
            rows.move_item(dice);
        }
        for _ in 0..5 {
            rows.add_share(dice);
        }
        for role in [Role::GroupMember, Role::WorkgroupStandard, Role::DropboxStandard, Role::ActivityMonitor] {
            let (places, who) = (rows.ids(role.resource_kind()), dice.pick(&rows.ids(Kind::Account)));
            if !places.is_empty() {
                rows.join(dice.pick(&places), who, role, dice);
            }
        }
        rows
    }

    fn rename(&mut self, id: Id, name: &str) {
        if let Some(it) = self.resources.get_mut(&id) {
            (it.name, it.key) = (name.to_owned(), key(name));
            it.alias = it.alias.take().map(|_| key(name));
        }
    }

    /// Removes a resource with everything in it and every binding on or of any of these.
    fn remove(&mut self, id: Id) {
        let below: Vec<Id> = self.resources.values().filter(|it| it.parent == Some(id)).map(|it| it.id).collect();
        below.into_iter().for_each(|it| self.remove(it));
        self.resources.remove(&id);
        self.bindings.retain(|_, it| it.resource != id && it.principal != id);
    }

    /// Moves a plain folder or file to some other folder, if it fits there.
    pub(crate) fn move_item(&mut self, dice: &mut Dice) {
        let items = self.ids(Kind::Item);
        let (item, to) = (dice.pick(&items), dice.pick(&items));
        let above = std::iter::successors(Some(to), |id| self.resources.get(id).and_then(|it| it.parent));
        let is_plain = |id: &Id| {
            self.resources[id].as_item().is_some_and(|it| it.home.is_none() && it.files_of.is_none())
                && !self.resources[id].is_root()
        };
        let goes = is_plain(&item)
            && self.resources[&to].as_item().is_some_and(Item::is_folder)
            && above.into_iter().all(|it| it != item);
        let Some(key) = self.resources.get(&item).map(|it| it.key.clone()).filter(|_| goes) else { return };
        let taken = self.resources.values().any(|it| it.parent == Some(to) && it.key == key);
        let Some(it) = self.resources.get_mut(&item).filter(|_| !taken) else { return };
        it.parent = Some(to);
    }

    /// Puts these rows over some facts, and ends the other rows of the facts.
    pub(crate) fn lay<F: Facts + ?Sized>(&self, draft: &mut Overlay<'_, F>, before: &Rows) {
        for gone in before.resources.keys().filter(|id| !self.resources.contains_key(id)) {
            draft.end_resource(*gone);
        }
        for gone in before.bindings.keys().filter(|id| !self.bindings.contains_key(id)) {
            draft.end_binding(*gone);
        }
        for it in self.resources.values().filter(|it| before.resources.get(&it.id) != Some(*it)) {
            draft.put_resource(it.clone());
        }
        for it in self.bindings.values().filter(|it| before.bindings.get(&it.id) != Some(*it)) {
            draft.put_binding(it.clone());
        }
        while draft.last_id().unwrap().0 < self.last {
            draft.new_id();
        }
    }

    /// Commits these rows to a store as one revision.
    pub(crate) fn commit(&self, store: &Store, before: &Rows) -> u64 {
        let writer = store.write().unwrap();
        let facts = writer.facts();
        let mut draft = Overlay::new(&facts).unwrap();
        self.lay(&mut draft, before);
        let changes = draft.draft().against(&facts).unwrap();
        drop(draft);
        let entry = RevisionHeader {
            at: Time(NOW),
            actor: None,
            operator: "test".to_owned(),
            command: "change".to_owned(),
            reason: None,
            undoes: None,
        };
        writer.commit(&changes, self.last(), entry).unwrap().unwrap().revision
    }
}
