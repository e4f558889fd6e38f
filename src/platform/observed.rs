//! What a platform holds, as its dumps tell it: accounts, groups and places by the platform's ids, and who holds what.
//! Nothing here is judged by our rules: a platform's state is a fact.

use std::collections::BTreeMap;

use super::refusal::Place;
use crate::model::attributes::{Attributes, EndpointKind, Setting, SettingValue};
use crate::model::platform_id::Instance;
use crate::model::{Kind, Permissions, Role, Time};

/// A principal, by the platform's id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ObservedPrincipal {
    /// An account.
    Account(String),
    /// A group.
    Group(String),
    /// Whoever can sign in to the platform.
    Authenticated,
    /// Everybody.
    Anyone,
}

/// An account. `None` is what the dump does not tell.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ObservedAccount {
    /// The name to sign in with; `None` for an id that no list names.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The name that people read.
    pub display_name: Option<String>,
    /// The role on the server.
    pub role: Option<Role>,
    /// Whether it can sign in.
    pub active: Option<bool>,
    /// When it expires.
    pub expires: Option<Time>,
    /// Its own settings.
    pub settings: Vec<(Setting, SettingValue)>,
}

/// The own role of a member in a group of the platform. It gives nothing elsewhere and is kept for display.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GroupRank {
    /// A plain member.
    Member,
    /// A manager of the group.
    Manager,
    /// An admin of the group.
    Admin,
}

/// A group.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ObservedGroup {
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The active members, by id.
    pub members: BTreeMap<String, GroupRank>,
}

/// A workgroup or a dropbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObservedPlace {
    /// The name.
    pub name: String,
    /// Its settings, of the kind that it is.
    pub attributes: Attributes,
}

/// The key of a workgroup or a dropbox: its kind and its id, since the two have ids of their own.
pub type PlaceKey = (Kind, String);

/// A membership of a workgroup or a dropbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObservedMember {
    /// The platform's id of the membership.
    pub id: String,
    /// The workgroup or the dropbox.
    pub place: PlaceKey,
    /// The member.
    pub principal: ObservedPrincipal,
    /// The level.
    pub level: Role,
}

/// Somebody outside who may submit to a dropbox with a link. The link itself is never kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObservedInvitation {
    /// The platform's id of the invitation.
    pub id: String,
    /// The dropbox.
    pub dropbox: String,
    /// The address that the link was made for.
    pub email: String,
    /// When it ends.
    pub expires: Option<Time>,
    /// Whether it ends after one upload.
    pub after_one_upload: bool,
    /// Whether it can be used.
    pub active: bool,
}

/// The settings of a server. `None` is what the dump does not tell.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ObservedServer {
    /// Whether plain users see only themselves and fellow members.
    pub private_directory: Option<bool>,
    /// Whether dropboxes may have public links.
    pub public_links: Option<bool>,
    /// What `default` stands for in the settings of accounts.
    pub settings: Vec<(Setting, SettingValue)>,
}

/// An endpoint or a collection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObservedEndpoint {
    /// The name that people read.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its kind here.
    pub kind: EndpointKind,
    /// Whether its definition is hidden; `None` if that is not told.
    pub private: Option<bool>,
    /// Whether roles can be assigned; `None` if that is not told.
    pub managed: Option<bool>,
    /// The endpoint and the folder that a share opens.
    pub of: Option<(String, String)>,
    /// The endpoint of Globus Connect Server that it belongs to.
    pub server: Option<String>,
}

/// A role on an endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObservedRole {
    /// The platform's id of the role.
    pub id: String,
    /// The endpoint.
    pub endpoint: String,
    /// Who holds it.
    pub principal: ObservedPrincipal,
    /// The role.
    pub role: Role,
    /// Whether it cannot be taken away.
    pub is_owner: bool,
    /// Whether it is a role on the endpoint that a collection belongs to, which reaches the collection.
    pub inherited: bool,
}

/// A rule that gives access to a folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObservedRule {
    /// The platform's id of the rule.
    pub id: String,
    /// The endpoint.
    pub endpoint: String,
    /// The folder.
    pub path: String,
    /// Who has it.
    pub principal: ObservedPrincipal,
    /// What it gives.
    pub permissions: Permissions,
    /// When it ends.
    pub expires: Option<Time>,
}

/// A list of a platform.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ObservedList {
    /// The endpoints that the caller administers.
    Endpoints,
    /// The roles on an endpoint.
    Roles(String),
    /// The rules of an endpoint.
    Rules(String),
    /// The members of a group.
    Members(String),
    /// Every account.
    Accounts,
    /// Every workgroup, or every dropbox.
    Places(Kind),
    /// The accounts in a workgroup or a dropbox.
    PlaceMembers(PlaceKey),
    /// The groups in a workgroup or a dropbox.
    PlaceGroups(PlaceKey),
    /// Every group.
    Groups,
}

/// Rows that have no place here, of one kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotTaken {
    /// What they are, as a phrase: `memberships that are not active`.
    pub what: &'static str,
    /// How many there are.
    pub count: u64,
    /// Where the first of them stands.
    pub first: Place,
}

/// What was observed on a platform.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observed {
    /// The installation.
    pub instance: Instance,
    /// Accounts, by id.
    pub accounts: BTreeMap<String, ObservedAccount>,
    /// Groups, by id.
    pub groups: BTreeMap<String, ObservedGroup>,
    /// Workgroups and dropboxes.
    pub places: BTreeMap<PlaceKey, ObservedPlace>,
    /// Memberships of workgroups and dropboxes.
    pub members: Vec<ObservedMember>,
    /// Invitations to dropboxes.
    pub invitations: Vec<ObservedInvitation>,
    /// The settings of the server, if they were read.
    pub server: Option<ObservedServer>,
    /// Endpoints, by id.
    pub endpoints: BTreeMap<String, ObservedEndpoint>,
    /// Roles on endpoints.
    pub roles: Vec<ObservedRole>,
    /// Rules.
    pub rules: Vec<ObservedRule>,
    /// The lists that were read, and whether each is whole. A list that is not here was not read.
    pub lists: BTreeMap<ObservedList, bool>,
    /// Rows that were not taken.
    pub not_taken: Vec<NotTaken>,
    /// What to tell people: each an observation that is no mistake.
    pub notes: Vec<String>,
}

impl Observed {
    /// Nothing, of an installation.
    pub const fn nothing(instance: Instance) -> Observed {
        Observed {
            instance,
            accounts: BTreeMap::new(),
            groups: BTreeMap::new(),
            places: BTreeMap::new(),
            members: Vec::new(),
            invitations: Vec::new(),
            server: None,
            endpoints: BTreeMap::new(),
            roles: Vec::new(),
            rules: Vec::new(),
            lists: BTreeMap::new(),
            not_taken: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Records a list, which is whole only if every document of it is.
    pub fn add_list(&mut self, list: ObservedList, is_whole: bool) {
        *self.lists.entry(list).or_insert(true) &= is_whole;
    }

    /// Adds an account; returns whether nothing described it in another way before.
    pub fn add_account(&mut self, id: String, account: ObservedAccount) -> bool {
        self.accounts.insert(id, account.clone()).is_none_or(|before| before == account)
    }

    /// Counts a row that is not taken.
    pub fn leave_out(&mut self, what: &'static str, place: &Place) {
        match self.not_taken.iter_mut().find(|known| known.what == what) {
            Some(known) => known.count += 1,
            None => self.not_taken.push(NotTaken { what, count: 1, first: place.clone() }),
        }
    }
}
