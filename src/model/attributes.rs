//! What is known of each kind of resource besides its name: typed here, JSON in the store.
//!
//! Values that are the default are left out of the JSON, so most rows carry `{}`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Id;
use super::kind::Kind;
use super::time::Time;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The word as it is written.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }

            /// Reads the word.
            pub fn from_word(word: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|value| value.word() == word)
            }
        }
    };
}

words! {
    /// What can be set on an account, each `allow`, `deny` or `default`.
    Setting {
        /// Send packages at all.
        Send = "send",
        /// Download what one received; denied, packages still arrive and are listed.
        Receive = "receive",
        /// Send on what one received.
        Forward = "forward",
        /// Send to anything but the dropboxes one belongs to.
        SendNormal = "send-normal",
        /// Send to addresses outside.
        SendExternal = "send-external",
        /// Send to people and workgroups one shares no workgroup with.
        SendToAllUsers = "send-to-all-users",
        /// When the account expires. No `allow` or `deny`: a time.
        Expires = "expires",
    }
}

impl Setting {
    /// The settings that are switches: all but the expiry.
    pub const SWITCHES: [Setting; 6] = [
        Setting::Send,
        Setting::Receive,
        Setting::Forward,
        Setting::SendNormal,
        Setting::SendExternal,
        Setting::SendToAllUsers,
    ];

    /// What a server that was never configured says: everything but sending outside.
    pub const fn initial(self) -> bool {
        !matches!(self, Setting::SendExternal)
    }
}

words! {
    /// An account's own value of a setting.
    Choice {
        /// As the server's setting says.
        Default = "default",
        /// Allowed, whatever the server's setting says.
        Allow = "allow",
        /// Denied, whatever the server's setting says.
        Deny = "deny",
    }
}

words! {
    /// Who may send packages to a workgroup as a whole.
    SendPolicy {
        /// Every active account, never outsiders.
        Anyone = "anyone",
        /// Its members.
        Members = "members",
        /// Its workgroup admins.
        Admins = "admins",
        /// Nobody, not even a server admin.
        Nobody = "nobody",
    }
}

words! {
    /// Which members a member of a workgroup sees and may send to one by one.
    MemberAccess {
        /// Every other member.
        All = "all",
        /// Its workgroup admins.
        Admins = "admins",
        /// Nobody.
        None = "none",
    }
}

words! {
    /// How far an outside submitter's private link has come.
    InvitationState {
        /// It can be used until it expires.
        Active = "active",
        /// Its one upload was made.
        Used = "used",
        /// Somebody ended it.
        Revoked = "revoked",
    }
}

/// A setting for each switch, in the order of [`Setting::SWITCHES`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choices {
    #[serde(skip_serializing_if = "is_default")]
    send: Option<Choice>,
    #[serde(skip_serializing_if = "is_default")]
    receive: Option<Choice>,
    #[serde(skip_serializing_if = "is_default")]
    forward: Option<Choice>,
    #[serde(skip_serializing_if = "is_default")]
    send_normal: Option<Choice>,
    #[serde(skip_serializing_if = "is_default")]
    send_external: Option<Choice>,
    #[serde(skip_serializing_if = "is_default")]
    send_to_all_users: Option<Choice>,
}

impl Choices {
    /// The value of a switch; the expiry is none and reads as default.
    pub fn get(&self, setting: Setting) -> Choice {
        let value = match setting {
            Setting::Send => self.send,
            Setting::Receive => self.receive,
            Setting::Forward => self.forward,
            Setting::SendNormal => self.send_normal,
            Setting::SendExternal => self.send_external,
            Setting::SendToAllUsers => self.send_to_all_users,
            Setting::Expires => None,
        };
        value.unwrap_or(Choice::Default)
    }

    /// Sets a switch; the expiry is none and is left alone.
    pub fn set(&mut self, setting: Setting, choice: Choice) {
        let place = match setting {
            Setting::Send => &mut self.send,
            Setting::Receive => &mut self.receive,
            Setting::Forward => &mut self.forward,
            Setting::SendNormal => &mut self.send_normal,
            Setting::SendExternal => &mut self.send_external,
            Setting::SendToAllUsers => &mut self.send_to_all_users,
            Setting::Expires => return,
        };
        *place = (choice != Choice::Default).then_some(choice);
    }
}

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

    /// Every attribute that people set, under the name that options, YAML and JSON give it,
    /// defaults included. What output shows and what changes are described by.
    pub fn fields(&self) -> Vec<(&'static str, Value)> {
        match self {
            Attributes::Server(it) => server_fields(it),
            Attributes::Account(it) => account_fields(it),
            Attributes::Group(_) | Attributes::Invitee(_) | Attributes::PublicLink(_) => Vec::new(),
            Attributes::Workgroup(it) => {
                let mut fields = vec![("send", json!(it.send)), ("member_access", json!(it.member_access))];
                fields.extend(rights_fields(it.admins));
                fields
            }
            Attributes::Dropbox(it) => {
                let mut fields = rights_fields(it.admins);
                fields.push(("admins_manage_invitations", json!(it.admins_manage_invitations)));
                fields.push(("members_invite", json!(it.members_invite)));
                fields
            }
            Attributes::Package(it) => vec![("title", json!(it.title)), ("files", json!(it.files.len()))],
            Attributes::Invitation(it) => vec![
                ("email", json!(it.email)),
                ("state", json!(it.state)),
                ("expires", time_value(it.expires)),
                ("after_one_upload", json!(it.after_one_upload)),
            ],
        }
    }
}

fn server_fields(it: &Server) -> Vec<(&'static str, Value)> {
    let word = |allowed: bool| if allowed { "allow" } else { "deny" };
    let mut fields = vec![
        ("managers_administer_dropboxes", json!(it.managers_administer_dropboxes)),
        ("private_directory", json!(it.private_directory)),
        ("public_links", json!(word(it.public_links))),
    ];
    fields.extend(Setting::SWITCHES.map(|setting| (setting_field(setting), json!(word(it.allows(setting))))));
    fields.push(("url", json!(it.url)));
    fields
}

fn account_fields(it: &Account) -> Vec<(&'static str, Value)> {
    let mut fields = vec![
        ("email", json!(it.email)),
        ("display_name", json!(it.display_name)),
        ("active", json!(it.active)),
        ("expires", time_value(it.expires)),
    ];
    fields.extend(Setting::SWITCHES.map(|setting| (setting_field(setting), json!(it.settings.get(setting)))));
    fields
}

fn rights_fields(rights: AdminRights) -> Vec<(&'static str, Value)> {
    vec![
        ("admins_manage_members", json!(rights.manage_members)),
        ("admins_create_users", json!(rights.create_users)),
        ("admins_manage_groups", json!(rights.manage_groups)),
    ]
}

/// A setting's name as a JSON field.
pub const fn setting_field(setting: Setting) -> &'static str {
    match setting {
        Setting::Send => "send",
        Setting::Receive => "receive",
        Setting::Forward => "forward",
        Setting::SendNormal => "send_normal",
        Setting::SendExternal => "send_external",
        Setting::SendToAllUsers => "send_to_all_users",
        Setting::Expires => "expires",
    }
}

/// A time as output shows it; null for none.
pub fn time_value(time: Option<Time>) -> Value {
    time.map_or(Value::Null, |time| Value::String(time.to_string()))
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
