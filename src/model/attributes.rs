//! What is known of each kind of resource besides its name: typed here, JSON in the store.
//!
//! Values that are the default are left out of the JSON, so most rows carry `{}`.

use serde::{Deserialize, Serialize};

use super::Id;
pub use super::fields::{setting_field, time_value};
use super::kind::Kind;
use super::time::Time;
pub use super::words::{Choice, Choices, InvitationState, MemberAccess, SendPolicy, Setting};

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
fn is_yes(value: &bool) -> bool {
    *value
}

/// The server's settings.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Whether managers create, edit and administer dropboxes.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub managers_administer_dropboxes: bool,
    /// Whether plain users see only themselves and fellow members.
    #[serde(default, skip_serializing_if = "is_default")]
    pub private_directory: bool,
    /// Whether dropboxes may have public links.
    #[serde(default, skip_serializing_if = "is_default")]
    pub public_links: bool,
    /// What `default` means in each account's settings.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settings: Choices,
    /// Where links of dropboxes begin, such as `https://files.example.com`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub url: Option<String>,
}

impl Default for Server {
    fn default() -> Server {
        Server {
            managers_administer_dropboxes: true,
            private_directory: false,
            public_links: false,
            settings: Choices::default(),
            url: None,
        }
    }
}

impl Server {
    /// Whether the server's own value of a switch is `allow`.
    pub fn allows(&self, setting: Setting) -> bool {
        match self.settings.get(setting) {
            Choice::Allow => true,
            Choice::Deny => false,
            Choice::Default => setting.initial(),
        }
    }
}

/// An account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// E-mail address, as written.
    #[serde(default, skip_serializing_if = "is_default")]
    pub email: Option<String>,
    /// The name that people read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub display_name: Option<String>,
    /// False once deactivated.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub active: bool,
    /// When it becomes inactive by itself.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expires: Option<Time>,
    /// Its own settings.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settings: Choices,
}

impl Default for Account {
    fn default() -> Account {
        Account { email: None, display_name: None, active: true, expires: None, settings: Choices::default() }
    }
}

/// Whether an account may do anything at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It may.
    Active,
    /// Somebody deactivated it.
    Inactive,
    /// Its time is over.
    Expired,
}

impl Status {
    /// The word as it is shown.
    pub const fn word(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Inactive => "inactive",
            Status::Expired => "expired",
        }
    }
}

impl Account {
    /// Its status at a time; it is expired from the very moment of its expiry on.
    pub fn status(&self, at: Time) -> Status {
        if !self.active {
            Status::Inactive
        } else if self.expires.is_some_and(|end| end <= at) {
            Status::Expired
        } else {
            Status::Active
        }
    }
}

/// A group has no attributes of its own yet.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {}

/// What admins of a workgroup or of a dropbox may do in it. All off by default.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminRights {
    /// Add existing users, and remove members who are not admins.
    #[serde(skip_serializing_if = "is_default")]
    pub manage_members: bool,
    /// Create accounts of role `user` straight into it.
    #[serde(skip_serializing_if = "is_default")]
    pub create_users: bool,
    /// Add and remove groups.
    #[serde(skip_serializing_if = "is_default")]
    pub manage_groups: bool,
}

/// A workgroup.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workgroup {
    /// Who may send to it. Nobody, by default.
    #[serde(default = "nobody", skip_serializing_if = "is_nobody")]
    pub send: SendPolicy,
    /// Whom its members see. Nobody, by default.
    #[serde(default = "no_member", skip_serializing_if = "is_no_member")]
    pub member_access: MemberAccess,
    /// What its admins may do.
    #[serde(default, skip_serializing_if = "is_default")]
    pub admins: AdminRights,
}

fn nobody() -> SendPolicy {
    SendPolicy::Nobody
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
fn is_nobody(value: &SendPolicy) -> bool {
    *value == SendPolicy::Nobody
}

fn no_member() -> MemberAccess {
    MemberAccess::None
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
fn is_no_member(value: &MemberAccess) -> bool {
    *value == MemberAccess::None
}

impl Default for Workgroup {
    fn default() -> Workgroup {
        Workgroup { send: SendPolicy::Nobody, member_access: MemberAccess::None, admins: AdminRights::default() }
    }
}

/// A dropbox.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropbox {
    /// What its admins may do.
    #[serde(default, skip_serializing_if = "is_default")]
    pub admins: AdminRights,
    /// Whether its admins invite outside submitters and revoke their links.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub admins_manage_invitations: bool,
    /// Whether its standard members invite outside submitters.
    #[serde(default, skip_serializing_if = "is_default")]
    pub members_invite: bool,
}

impl Default for Dropbox {
    fn default() -> Dropbox {
        Dropbox { admins: AdminRights::default(), admins_manage_invitations: true, members_invite: false }
    }
}

/// A file of a package: its name and size only, no bytes are kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A package. Its sender and its recipients inside are bindings as well, for look-ups.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// What it is called.
    pub title: String,
    /// Who sent it; stays when the account is destroyed.
    pub sender: Id,
    /// Accounts, workgroups and dropboxes it went to; stay when they are removed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub recipients: Vec<Id>,
    /// Addresses outside that it went to.
    #[serde(default, skip_serializing_if = "is_default")]
    pub external: Vec<String>,
    /// What is in it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub files: Vec<File>,
    /// When it was sent.
    pub sent: Time,
    /// The package this one passes on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub forwarded: Option<Id>,
}

/// A private link of a dropbox. The resource's key is the hash of its secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// The outside submitter it was made for.
    pub invitee: Id,
    /// The address as written.
    pub email: String,
    /// Who made it; none for the operator.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by: Option<Id>,
    /// When it was made.
    pub created: Time,
    /// When it ends; none for never.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expires: Option<Time>,
    /// Whether one completed submission uses it up.
    #[serde(default, skip_serializing_if = "is_default")]
    pub after_one_upload: bool,
    /// How far it has come.
    #[serde(default = "active_state", skip_serializing_if = "is_active_state")]
    pub state: InvitationState,
}

fn active_state() -> InvitationState {
    InvitationState::Active
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
fn is_active_state(value: &InvitationState) -> bool {
    *value == InvitationState::Active
}

impl Invitation {
    /// Its status at a time: `active`, `used`, `expired` or `revoked`.
    pub fn status(&self, at: Time) -> &'static str {
        match self.state {
            InvitationState::Active if self.expires.is_some_and(|end| end <= at) => "expired",
            state => state.word(),
        }
    }
}

/// The public link of a dropbox. The resource's key is the hash of its secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicLink {
    /// Who turned it on; none for the operator.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by: Option<Id>,
}

/// An outside submitter has no attributes: its name is the address.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitee {}

/// The attributes of a resource, by kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Attributes {
    /// Of the server.
    Server(Server),
    /// Of an account.
    Account(Account),
    /// Of a group.
    Group(Group),
    /// Of a workgroup.
    Workgroup(Workgroup),
    /// Of a dropbox.
    Dropbox(Dropbox),
    /// Of a package.
    Package(Package),
    /// Of a private link.
    Invitation(Invitation),
    /// Of a public link.
    PublicLink(PublicLink),
    /// Of an outside submitter.
    Invitee(Invitee),
}

impl Attributes {
    /// The kind they belong to.
    pub const fn kind(&self) -> Kind {
        match self {
            Attributes::Server(_) => Kind::Server,
            Attributes::Account(_) => Kind::Account,
            Attributes::Group(_) => Kind::Group,
            Attributes::Workgroup(_) => Kind::Workgroup,
            Attributes::Dropbox(_) => Kind::Dropbox,
            Attributes::Package(_) => Kind::Package,
            Attributes::Invitation(_) => Kind::Invitation,
            Attributes::PublicLink(_) => Kind::PublicLink,
            Attributes::Invitee(_) => Kind::Invitee,
        }
    }

    /// As JSON, without what is default.
    ///
    /// # Errors
    /// None in practice: every field can be written.
    pub fn to_json(&self) -> serde_json::Result<String> {
        match self {
            Attributes::Server(it) => serde_json::to_string(it),
            Attributes::Account(it) => serde_json::to_string(it),
            Attributes::Group(it) => serde_json::to_string(it),
            Attributes::Workgroup(it) => serde_json::to_string(it),
            Attributes::Dropbox(it) => serde_json::to_string(it),
            Attributes::Package(it) => serde_json::to_string(it),
            Attributes::Invitation(it) => serde_json::to_string(it),
            Attributes::PublicLink(it) => serde_json::to_string(it),
            Attributes::Invitee(it) => serde_json::to_string(it),
        }
    }

    /// From JSON.
    ///
    /// # Errors
    /// When the text was not written by [`Attributes::to_json`] of the same kind.
    pub fn from_json(kind: Kind, text: &str) -> serde_json::Result<Attributes> {
        Ok(match kind {
            Kind::Server => Attributes::Server(serde_json::from_str(text)?),
            Kind::Account => Attributes::Account(serde_json::from_str(text)?),
            Kind::Group => Attributes::Group(serde_json::from_str(text)?),
            Kind::Workgroup => Attributes::Workgroup(serde_json::from_str(text)?),
            Kind::Dropbox => Attributes::Dropbox(serde_json::from_str(text)?),
            Kind::Package => Attributes::Package(serde_json::from_str(text)?),
            Kind::Invitation => Attributes::Invitation(serde_json::from_str(text)?),
            Kind::PublicLink => Attributes::PublicLink(serde_json::from_str(text)?),
            Kind::Invitee => Attributes::Invitee(serde_json::from_str(text)?),
        })
    }
}

/// What a binding carries besides its columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BindingAttributes {
    /// A membership that was deactivated: listed, and gives nothing.
    #[serde(skip_serializing_if = "is_default")]
    pub inactive: bool,
    /// The invitation an outside submitter came by.
    #[serde(skip_serializing_if = "is_default")]
    pub invitation: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_default_is_left_out() {
        let defaults = [
            Attributes::Server(Server::default()),
            Attributes::Account(Account::default()),
            Attributes::Group(Group::default()),
            Attributes::Workgroup(Workgroup::default()),
            Attributes::Dropbox(Dropbox::default()),
        ];
        for attributes in defaults {
            assert_eq!(attributes.to_json().unwrap(), "{}");
            assert_eq!(Attributes::from_json(attributes.kind(), "{}").unwrap(), attributes);
        }
    }

    #[test]
    fn an_account_expires_at_the_very_moment() {
        let account = Account { expires: Some(Time(1000)), ..Account::default() };
        assert_eq!(account.status(Time(999)), Status::Active);
        assert_eq!(account.status(Time(1000)), Status::Expired);
    }
}
