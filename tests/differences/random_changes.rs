//! Worlds with everything that rules read, and random changes of them.

use rolebook::model::attributes::{
    AccessToken, AdminRights, AllowDeny, Attributes, BindingAttributes, Dropbox, Invitee, Item, ItemType, Media,
    MemberAccess, Package, SendPolicy, Setting, SettingValue, TokenMode, Workgroup,
};
use rolebook::model::{Binding, Id, Kind, Permissions, Resource, Role, SetNames, Time};
use rolebook::policy::Facts;

use super::State;
use crate::oracle::worlds::{Dice, NOW};

/// Ids that no world uses.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> Id {
        self.0 += 1;
        Id(self.0)
    }
}

fn resource(id: Id, parent: Option<Id>, attributes: Attributes) -> Resource {
    let name = format!("x{id}");
    Resource { id, parent, key: name.clone(), name, alias: None, attributes, sets: SetNames::NONE, since: 0 }
}

fn bind(state: &mut State, id: Id, on: Id, who: Id, role: Role) {
    bind_with(state, id, on, who, role, BindingAttributes::NONE);
}

fn bind_with(state: &mut State, id: Id, on: Id, who: Id, role: Role, attributes: BindingAttributes) {
    let (grantor, expires, sets) = (None, None, SetNames::NONE);
    state.put_binding(Binding { id, resource: on, principal: who, role, grantor, expires, attributes, sets, since: 0 });
}

fn all(state: &State, kind: Kind) -> Vec<Id> {
    let mut found = state.ids(kind, None).unwrap();
    found.sort_unstable();
    found
}

fn bindings(state: &State) -> Vec<Binding> {
    state.draft().bindings.values().flatten().cloned().collect()
}

fn rights(dice: &mut Dice) -> AdminRights {
    AdminRights { manage_members: dice.chance(1, 2), create_users: dice.chance(1, 2), manage_groups: dice.chance(1, 2) }
}

const CHOICES: [SettingValue; 3] = [SettingValue::Default, SettingValue::Allow, SettingValue::Deny];

/// Adds to a world what the oracle's worlds do not have: settings, dropboxes, packages, submitters, tokens, roles
/// in organizations. The same dice add the same.
pub(super) fn furnish(state: &mut State, first: u64, dice: &mut Dice) {
    let mut new = Numbers(first);
    let accounts = all(state, Kind::Account);
    for account in &accounts {
        if dice.chance(1, 3) {
            settings(state, *account, dice);
        }
    }
    server(state, dice);
    let dropbox = new.next();
    let attributes = Dropbox { admins: rights(dice), members_invite: dice.chance(1, 2), ..Dropbox::default() };
    state.put_resource(resource(dropbox, None, Attributes::Dropbox(attributes)));
    for role in Role::DROPBOX {
        bind(state, new.next(), dropbox, dice.pick(&accounts), role);
    }
    let submitter = new.next();
    state.put_resource(resource(submitter, None, Attributes::Invitee(Invitee::default())));
    bind(state, new.next(), dropbox, submitter, Role::DropboxOutside);
    let mut receivers = all(state, Kind::Workgroup);
    receivers.extend([dropbox, dice.pick(&accounts)]);
    for receiver in receivers {
        let (package, sender) = (new.next(), dice.pick(&accounts));
        let attributes = Package {
            title: String::new(),
            sender,
            recipients: vec![receiver],
            external: Vec::new(),
            files: Vec::new(),
            sent: Time(NOW - 1),
            forwarded: None,
        };
        state.put_resource(resource(package, None, Attributes::Package(attributes)));
        bind(state, new.next(), package, sender, Role::PackageSender);
        bind(state, new.next(), package, receiver, Role::PackageRecipient);
    }
    for org in all(state, Kind::Org) {
        for role in [Role::OrgAdmin, Role::OrgAdmin, Role::OrgMember] {
            bind(state, new.next(), org, dice.pick(&accounts), role);
        }
    }
    for workspace in all(state, Kind::Workspace) {
        let mode = dice.pick(&[TokenMode::Read, TokenMode::ReadWrite]);
        let token = AccessToken { mode, by: None, created: Time(0), expires: None, revoked: false };
        state.put_resource(resource(new.next(), Some(workspace), Attributes::AccessToken(token)));
        state.put_resource(resource(new.next(), Some(workspace), Attributes::Media(Media::default())));
    }
    for class in [Id::AUTHENTICATED, Id::ANYONE] {
        share(state, &mut new, class, dice);
    }
}

fn settings(state: &mut State, account: Id, dice: &mut Dice) {
    let mut row = (*state.resource(account).unwrap().unwrap()).clone();
    if let Attributes::Account(it) = &mut row.attributes {
        for setting in Setting::ALL.iter().copied().filter(|it| *it != Setting::Expires) {
            it.settings.set(setting, dice.pick(&CHOICES));
        }
    }
    state.put_resource(row);
}

fn server(state: &mut State, dice: &mut Dice) {
    let mut row = (*state.resource(Id::SERVER).unwrap().unwrap()).clone();
    if let Attributes::Server(it) = &mut row.attributes {
        it.managers_administer_dropboxes = dice.chance(1, 2);
        it.members_edit_workspaces = dice.chance(1, 2);
        it.members_may_leave = dice.chance(1, 2);
        for setting in Setting::ALL.iter().copied().filter(|it| *it != Setting::Expires) {
            it.settings.set(
                setting,
                dice.pick(&[SettingValue::Default, SettingValue::Default, SettingValue::Allow, SettingValue::Deny]),
            );
        }
    }
    state.put_resource(row);
}

fn share(state: &mut State, new: &mut Numbers, with: Id, dice: &mut Dice) {
    let items = all(state, Kind::Item);
    if items.is_empty() {
        return;
    }
    let sets = [Permissions::VIEW, Permissions::UPLOAD, Permissions::PREVIEW, Permissions::EDIT];
    let permissions = dice.pick(&sets);
    let attributes = BindingAttributes { permissions, ..BindingAttributes::NONE };
    bind_with(state, new.next(), dice.pick(&items), with, Role::ItemShare, attributes);
}

fn end(state: &mut State, id: Id) {
    for binding in bindings(state).iter().filter(|it| it.resource == id || it.principal == id) {
        state.end_binding(binding.id);
    }
    state.end_resource(id);
}

/// Makes some random changes.
pub(super) fn shake(state: &mut State, first: u64, dice: &mut Dice) {
    let mut new = Numbers(first);
    for _ in 0..=dice.below(6) {
        change(state, &mut new, dice);
    }
}

fn change(state: &mut State, new: &mut Numbers, dice: &mut Dice) {
    let accounts = all(state, Kind::Account);
    let Some(account) = (!accounts.is_empty()).then(|| dice.pick(&accounts)) else { return };
    let row = (*state.resource(account).unwrap().unwrap()).clone();
    match dice.below(16) {
        0 => settings(state, account, dice),
        1 => {
            let mut row = row;
            if let Attributes::Account(it) = &mut row.attributes {
                it.active = !it.active;
            }
            state.put_resource(row);
        }
        2 => {
            for held in bindings(state).iter().filter(|it| it.resource == Id::SERVER && it.principal == account) {
                state.end_binding(held.id);
            }
            bind(state, new.next(), Id::SERVER, account, dice.pick(&Role::SERVER));
        }
        3 => {
            let added = new.next();
            state.put_resource(resource(added, None, Attributes::Account(Default::default())));
            bind(state, new.next(), Id::SERVER, added, dice.pick(&Role::SERVER));
            if dice.chance(1, 3) {
                settings(state, added, dice);
            }
            let roles = [
                (Kind::Group, &[Role::GroupMember][..]),
                (Kind::Workgroup, &Role::WORKGROUP),
                (Kind::Dropbox, &Role::DROPBOX),
                (Kind::Org, &Role::ORG),
                (Kind::Endpoint, &Role::ENDPOINT),
            ];
            for (kind, roles) in roles {
                let places = all(state, kind);
                if !places.is_empty() && dice.chance(1, 2) {
                    bind(state, new.next(), dice.pick(&places), added, dice.pick(roles));
                }
            }
            share(state, new, added, dice);
        }
        4 => end(state, account),
        5 => {
            let there = bindings(state);
            state.end_binding(dice.pick(&there).id);
        }
        6 | 7 => {
            let there = bindings(state);
            let mut binding = dice.pick(&there);
            match binding.role {
                Role::ItemShare => binding.attributes.permissions = dice.pick(&[Permissions::VIEW, Permissions::EDIT]),
                Role::WorkspaceMember | Role::WorkspaceManager => {
                    binding.attributes.root_upload = dice.pick(&[None, Some(AllowDeny::Allow), Some(AllowDeny::Deny)]);
                }
                Role::ItemOwner => return,
                _ => binding.attributes.inactive = !binding.attributes.inactive,
            }
            state.put_binding(binding);
        }
        8 => {
            let kinds = [Kind::Workgroup, Kind::Dropbox, Kind::Endpoint, Kind::Workspace];
            let places = all(state, dice.pick(&kinds));
            if places.is_empty() {
                return;
            }
            let mut row = (*state.resource(dice.pick(&places)).unwrap().unwrap()).clone();
            match &mut row.attributes {
                Attributes::Workgroup(it) => {
                    *it = Workgroup {
                        send: dice.pick(&[
                            SendPolicy::Anyone,
                            SendPolicy::Members,
                            SendPolicy::Admins,
                            SendPolicy::Nobody,
                        ]),
                        member_access: dice.pick(&[MemberAccess::All, MemberAccess::Admins, MemberAccess::None]),
                        admins: rights(dice),
                        ..Workgroup::default()
                    }
                }
                Attributes::Dropbox(it) => it.admins = rights(dice),
                Attributes::Endpoint(it) => it.private = !it.private,
                Attributes::Workspace(it) => it.root_upload = dice.pick(&[AllowDeny::Allow, AllowDeny::Deny]),
                _ => {}
            }
            state.put_resource(row);
        }
        9 => server(state, dice),
        10 => {
            let mut server = (*state.resource(Id::SERVER).unwrap().unwrap()).clone();
            if let Attributes::Server(it) = &mut server.attributes {
                it.private_directory = !it.private_directory;
            }
            state.put_resource(server);
        }
        11 => move_item(state, dice),
        12 => {
            let folders = folders(state);
            if !folders.is_empty() {
                let item = Attributes::Item(Item::FOLDER);
                state.put_resource(resource(new.next(), Some(dice.pick(&folders)), item));
            }
        }
        13 => share(state, new, dice.pick(&[account, Id::AUTHENTICATED, Id::ANYONE]), dice),
        14 => {
            let group = new.next();
            let workgroups = all(state, Kind::Workgroup);
            state.put_resource(resource(group, None, Attributes::Group(Default::default())));
            bind(state, new.next(), group, account, Role::GroupMember);
            bind(state, new.next(), group, dice.pick(&accounts), Role::GroupMember);
            if !workgroups.is_empty() {
                bind(state, new.next(), dice.pick(&workgroups), group, Role::WorkgroupStandard);
            }
            share(state, new, group, dice);
        }
        _ => {
            let tokens = all(state, Kind::AccessToken);
            if let Some(token) = tokens.first() {
                let mut row = (*state.resource(*token).unwrap().unwrap()).clone();
                if let Attributes::AccessToken(it) = &mut row.attributes {
                    it.revoked = !it.revoked;
                }
                state.put_resource(row);
            }
        }
    }
}

fn folders(state: &State) -> Vec<Id> {
    let is_folder = |id: &Id| {
        state.resource(*id).unwrap().is_some_and(|it| it.as_item().is_some_and(|it| it.item_type == ItemType::Folder))
    };
    all(state, Kind::Item).into_iter().filter(is_folder).collect()
}

/// Moves an item to another folder of its endpoint.
fn move_item(state: &mut State, dice: &mut Dice) {
    let (items, folders) = (all(state, Kind::Item), folders(state));
    if items.is_empty() || folders.is_empty() {
        return;
    }
    let (item, into) = (dice.pick(&items), dice.pick(&folders));
    let line = |id: Id| state.ancestors(id).unwrap();
    let (own, target) = (line(item), line(into));
    let is_root = own.get(1).is_none_or(|above| above.kind() != Kind::Item);
    let fits = own.last().map(|it| it.id) == target.last().map(|it| it.id);
    if is_root || !fits || target.iter().any(|above| above.id == item) {
        return;
    }
    let mut row = (*state.resource(item).unwrap().unwrap()).clone();
    row.parent = Some(into);
    state.put_resource(row);
}
