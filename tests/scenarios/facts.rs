//! Builds the facts of a scenario file with the operations of the program, as the operator.

use std::collections::BTreeMap;

use rolebook::model::attributes::{Attributes, MemberAccess, SendPolicy, Setting, SettingValue};
use rolebook::model::secret::Secret;
use rolebook::model::time::Expiry;
use rolebook::model::{Id, Kind, Name, Path, Reference, Resource, Role, Time};
use rolebook::ops::{Actor, Transaction, account, group, invitation, membership, package, server};
use rolebook::policy::{EmptyFacts, Facts};

use super::form::{File, PlaceFacts, ServerFacts};
use super::{organizations, storage};

/// The facts, and the names that the files use for numbered resources.
pub(super) struct Built {
    pub(super) tx: Transaction<'static>,
    /// `KIND:NAME` → its id.
    pub(super) numbered: BTreeMap<String, Id>,
}

/// The resource that a reference in a file names.
pub(super) struct Meant {
    pub(super) id: Id,
    pub(super) kind: Kind,
    /// False for a path that is not registered; the nearest item above stands for it.
    pub(super) is_registered: bool,
}

pub(super) fn build(file: &File, now: Time) -> Built {
    let tx = Transaction::new(&EmptyFacts, Actor::Operator, now).unwrap();
    let mut built = Built { tx, numbered: BTreeMap::new() };
    let tx = &mut built.tx;
    build_server(tx, &file.server);
    for (who, facts) in &file.accounts {
        let options = account::AccountSettings {
            role: facts.role.as_deref().map(|role| account::parse_role(role, who).unwrap()),
            settings: settings(&facts.settings),
            ..account::AccountSettings::default()
        };
        account::add(tx, &name(who), &options, None).unwrap();
        if let Some(end) = facts.expires.as_deref().and_then(|text| Expiry::parse(text).unwrap().resolve_at(now)) {
            account::expire(tx, &name(who), end).unwrap();
        }
        if facts.inactive {
            account::set_active(tx, &name(who), false).unwrap();
        }
    }
    for group in file.groups.keys() {
        let options =
            group::GroupSettings { visible: file.visible.get(group).copied(), ..group::GroupSettings::default() };
        group::add(tx, Kind::Group, &name(group), &options).unwrap();
    }
    for (group, members) in &file.groups {
        membership::add(tx, Kind::Group, &name(group), &references(members), None).unwrap();
    }
    for (kind, places) in [(Kind::Workgroup, &file.workgroups), (Kind::Dropbox, &file.dropboxes)] {
        for (which, facts) in places {
            build_place(tx, kind, which, facts);
        }
    }
    for facts in &file.packages {
        let sender = tx.facts().named(Kind::Account, None, name(&facts.from).key()).unwrap();
        let sender = match sender {
            Some(account) => account.id,
            None => tx.facts().named(Kind::Invitee, None, name(&facts.from).key()).unwrap().unwrap().id,
        };
        let inside: Vec<Id> = references(&facts.to).iter().filter_map(|to| recipient(tx, to)).collect();
        let made = package::record(tx, sender, &facts.name, &[], &inside, &[], None).unwrap();
        built.numbered.insert(format!("package:{}", facts.name), made);
    }
    storage::build_endpoints(&mut built.tx, &file.endpoints);
    for (org, facts) in &file.organizations {
        organizations::build(&mut built, org, facts);
    }
    for share in &file.shares {
        storage::build_share(&mut built, share);
    }
    built.tx.check().unwrap();
    built
}

fn build_server(tx: &mut Transaction<'static>, facts: &ServerFacts) {
    let options = server::ServerSettings {
        managers_administer_dropboxes: facts.managers_administer_dropboxes,
        private_directory: facts.private_directory,
        public_links: Some(true),
        settings: settings(&facts.settings),
        ..server::ServerSettings::default()
    };
    server::set(tx, &options).unwrap();
    let known = tx.facts().resource(Id::SERVER).unwrap().unwrap();
    let mut server = known.as_server().unwrap().clone();
    server.members_edit_workspaces = facts.members_edit_workspaces.unwrap_or(server.members_edit_workspaces);
    server.members_may_leave = facts.members_may_leave.unwrap_or(server.members_may_leave);
    tx.put(Resource { attributes: Attributes::Server(server), ..(*known).clone() });
}

fn build_place(tx: &mut Transaction<'static>, kind: Kind, which: &str, facts: &PlaceFacts) {
    let options = group::GroupSettings {
        visible: None,
        send: facts.send.as_deref().map(|word| SendPolicy::from_name(word).unwrap()),
        member_access: facts.member_access.as_deref().map(|word| MemberAccess::from_name(word).unwrap()),
        admins_manage_members: facts.admins_manage_members,
        admins_create_users: facts.admins_create_users,
        admins_manage_groups: facts.admins_manage_groups,
        admins_manage_invitations: facts.admins_manage_invitations,
        members_invite: facts.members_invite,
    };
    let which = name(which);
    group::add(tx, kind, &which, &options).unwrap();
    membership::add(tx, kind, &which, &references(&facts.members), None).unwrap();
    membership::add(tx, kind, &which, &references(&facts.submit_only), Some(Role::DropboxSubmitOnly)).unwrap();
    membership::add(tx, kind, &which, &references(&facts.admins), None).unwrap();
    membership::set_admin(tx, kind, &which, &references(&facts.admins), true).unwrap();
    membership::set_active(tx, kind, &which, &references(&facts.deactivated), false).unwrap();
    for (place, address) in facts.invited.iter().chain(&facts.revoked).enumerate() {
        let secret = Secret::from_bytes(&[u8::try_from(place).unwrap(); 32]);
        invitation::invite(tx, &which, &Name::parse_email(address).unwrap(), invitation::LinkTerms::default(), &secret)
            .unwrap();
    }
    for address in &facts.revoked {
        invitation::revoke(tx, &which, &invitation::LinkSelector::Address(Name::parse_email(address).unwrap()))
            .unwrap();
    }
}

/// A recipient in the store; `None` for an outside address, which questions cannot be about.
fn recipient(tx: &Transaction<'_>, reference: &Reference) -> Option<Id> {
    match reference {
        Reference::Named(kind, name) => Some(tx.facts().named(*kind, None, name.key()).unwrap().unwrap().id),
        Reference::External(_) => None,
        other => panic!("{other} cannot be sent to"),
    }
}

impl Built {
    /// Resolves a reference; a word without a colon is a name of the kind `bare`.
    pub(super) fn meant(&self, text: &str, bare: Kind) -> Meant {
        let found = |id, kind| Meant { id, kind, is_registered: true };
        if let Some(id) = self.numbered.get(text) {
            return found(*id, self.tx.facts().resource(*id).unwrap().unwrap().kind());
        }
        let named = |kind, parent, name: &Name| {
            let resource = self.tx.facts().named(kind, parent, name.key()).unwrap();
            resource.unwrap_or_else(|| panic!("no {text} in the facts")).id
        };
        match Reference::parse(text, bare).unwrap() {
            Reference::Server => found(Id::SERVER, Kind::Server),
            Reference::Authenticated => found(Id::AUTHENTICATED, Kind::Account),
            Reference::Anyone => found(Id::ANYONE, Kind::Account),
            Reference::Named(kind, name) => found(named(kind, None, &name), kind),
            Reference::Workspace(org, name) => {
                let org = named(Kind::Org, None, &org);
                found(named(Kind::Workspace, Some(org), &name), Kind::Workspace)
            }
            Reference::Item(endpoint, path) => {
                let endpoint = named(Kind::Endpoint, None, &endpoint);
                let (item, depth) = self.tx.facts().nearest_item(endpoint, &path).unwrap().unwrap();
                Meant { id: item, kind: Kind::Item, is_registered: depth == path.depth() }
            }
            other => panic!("{other} cannot stand in a scenario"),
        }
    }

    /// The account with this name.
    pub(super) fn account(&self, who: &str) -> Id {
        self.meant(who, Kind::Account).id
    }
}

pub(super) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// An endpoint and a path on it.
pub(super) fn place_of(text: &str) -> (Name, Path) {
    match Reference::parse(text, Kind::Item).unwrap() {
        Reference::Item(endpoint, path) => (endpoint, path),
        other => panic!("not a path: {other}"),
    }
}

pub(super) fn references(texts: &[String]) -> Vec<Reference> {
    texts.iter().map(|text| Reference::parse(text, Kind::Account).unwrap()).collect()
}

fn settings(given: &BTreeMap<String, String>) -> Vec<(Setting, SettingValue)> {
    given
        .iter()
        .map(|(setting, choice)| (Setting::from_name(setting).unwrap(), SettingValue::from_name(choice).unwrap()))
        .collect()
}
