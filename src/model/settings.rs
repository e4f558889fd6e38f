//! Enums with fixed words: settings and their values, policies, kinds, states.

use serde::{Deserialize, Serialize};

macro_rules! string_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The word as written.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }

            /// The value with this word.
            pub fn from_name(word: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }
    };
}

string_enum! {
    /// The settings of an account, each `allow`, `deny` or `default`.
    Setting {
        /// Send packages at all.
        Send = "send",
        /// Download received packages. If denied, packages still arrive and are listed.
        Receive = "receive",
        /// Forward received packages.
        Forward = "forward",
        /// Send to recipients other than the account's own dropboxes.
        SendNormal = "send-normal",
        /// Send to outside addresses.
        SendExternal = "send-external",
        /// Send to people and workgroups with which the account shares no workgroup.
        SendToAllUsers = "send-to-all-users",
        /// The expiry of the account: a time, not `allow` or `deny`.
        Expires = "expires",
    }
}

impl Setting {
    /// The settings that allow or deny: all but the expiry.
    pub const TOGGLES: [Setting; 6] = [
        Setting::Send,
        Setting::Receive,
        Setting::Forward,
        Setting::SendNormal,
        Setting::SendExternal,
        Setting::SendToAllUsers,
    ];

    /// Whether a server that was never configured allows it: everything but sending to outside addresses.
    pub const fn default_allowed(self) -> bool {
        !matches!(self, Setting::SendExternal)
    }
}

string_enum! {
    /// An account's own value of a setting.
    SettingValue {
        /// The server's value applies.
        Default = "default",
        /// Allowed, whatever the server's value.
        Allow = "allow",
        /// Denied, whatever the server's value.
        Deny = "deny",
    }
}

string_enum! {
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

string_enum! {
    /// Which other members a member of a workgroup sees and may send to one by one.
    MemberAccess {
        /// Every other member.
        All = "all",
        /// Its workgroup admins.
        Admins = "admins",
        /// Nobody.
        None = "none",
    }
}

string_enum! {
    /// Who sees a group's name and may give it roles and shares.
    GroupVisibility {
        /// Every active account, unless the directory is private.
        Default = "default",
        /// Every active account.
        Everyone = "everyone",
        /// Its members, server admins and managers.
        Members = "members",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro derives the same for every list of words")]
impl Default for GroupVisibility {
    fn default() -> GroupVisibility {
        GroupVisibility::Default
    }
}

impl GroupVisibility {
    /// Whether every active account sees the group.
    pub const fn includes_everyone(self, private_directory: bool) -> bool {
        match self {
            GroupVisibility::Default => !private_directory,
            GroupVisibility::Everyone => true,
            GroupVisibility::Members => false,
        }
    }
}

string_enum! {
    /// The state of an invitation or of an outside submitter's private link.
    InvitationState {
        /// The link can be used until it expires.
        Active = "active",
        /// The one submission or acceptance was made.
        Used = "used",
        /// The link was revoked.
        Revoked = "revoked",
    }
}

string_enum! {
    /// The type of an endpoint. It never changes.
    EndpointKind {
        /// An institutional server.
        Host = "host",
        /// A personal computer.
        Personal = "personal",
        /// A bucket.
        S3 = "s3",
        /// A directory of another endpoint, made accessible by rules.
        Share = "share",
        /// A transfer server with node software.
        Node = "node",
    }
}

string_enum! {
    /// Who decides about the shares of an endpoint.
    Sharing {
        /// Nobody: the endpoint has no shares.
        None = "none",
        /// The access managers of the endpoint.
        Managed = "managed",
        /// Everybody who holds permissions may pass them on.
        Delegated = "delegated",
    }
}

impl EndpointKind {
    /// How the content of the endpoint is shared.
    pub const fn sharing(self) -> Sharing {
        match self {
            EndpointKind::Host | EndpointKind::Personal => Sharing::None,
            EndpointKind::S3 | EndpointKind::Share => Sharing::Managed,
            EndpointKind::Node => Sharing::Delegated,
        }
    }
}

string_enum! {
    /// The type of an item.
    ItemType {
    /// A folder, which holds other items.
    Folder = "folder",
    /// A file.
        File = "file",
    }
}

string_enum! {
    /// Where a share comes from.
    ShareClass {
        /// A person shared permissions that they hold.
        User = "user",
        /// An administrator or the operator shared it.
        Admin = "admin",
        /// The system made it to show shared folders of a workspace.
        WorkspaceFolder = "internal:workspace-folder",
        /// The system made it for its own use.
        Application = "internal:application",
        /// It was made on the node or by another app.
        Other = "other",
        /// An automated workflow made it.
        Automation = "automation",
    }
}

impl ShareClass {
    /// Whether lists leave out shares of this class unless all shares are asked for.
    pub const fn is_hidden(self) -> bool {
        !matches!(self, ShareClass::User | ShareClass::Admin)
    }
}

string_enum! {
    /// A value that is either `allow` or `deny`.
    AllowDeny {
    /// Allowed.
    Allow = "allow",
    /// Denied.
        Deny = "deny",
    }
}

string_enum! {
    /// The mode of an access token.
    TokenMode {
    /// May read.
    Read = "read",
    /// May read and write.
        ReadWrite = "read-write",
    }
}

/// A value for each setting of [`Setting::TOGGLES`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SettingValues {
    #[serde(skip_serializing_if = "Option::is_none")]
    send: Option<SettingValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receive: Option<SettingValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forward: Option<SettingValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    send_normal: Option<SettingValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    send_external: Option<SettingValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    send_to_all_users: Option<SettingValue>,
}

impl SettingValues {
    /// The value of a setting. The expiry has none and reads as `default`.
    pub fn get(&self, setting: Setting) -> SettingValue {
        let value = match setting {
            Setting::Send => self.send,
            Setting::Receive => self.receive,
            Setting::Forward => self.forward,
            Setting::SendNormal => self.send_normal,
            Setting::SendExternal => self.send_external,
            Setting::SendToAllUsers => self.send_to_all_users,
            Setting::Expires => None,
        };
        value.unwrap_or(SettingValue::Default)
    }

    /// Sets the value of a setting. Does nothing for the expiry, which has none.
    pub fn set(&mut self, setting: Setting, choice: SettingValue) {
        let place = match setting {
            Setting::Send => &mut self.send,
            Setting::Receive => &mut self.receive,
            Setting::Forward => &mut self.forward,
            Setting::SendNormal => &mut self.send_normal,
            Setting::SendExternal => &mut self.send_external,
            Setting::SendToAllUsers => &mut self.send_to_all_users,
            Setting::Expires => return,
        };
        *place = (choice != SettingValue::Default).then_some(choice);
    }
}
