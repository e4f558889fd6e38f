//! Closed lists of words: settings and their values, policies, states.

use serde::{Deserialize, Serialize};

macro_rules! string_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The word as it is written.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }

            /// Reads the word.
            pub fn from_name(word: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }
    };
}

string_enum! {
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
    pub const TOGGLES: [Setting; 6] = [
        Setting::Send,
        Setting::Receive,
        Setting::Forward,
        Setting::SendNormal,
        Setting::SendExternal,
        Setting::SendToAllUsers,
    ];

    /// What a server that was never configured says: everything but sending outside.
    pub const fn default_allowed(self) -> bool {
        !matches!(self, Setting::SendExternal)
    }
}

string_enum! {
    /// An account's own value of a setting.
    SettingValue {
        /// As the server's setting says.
        Default = "default",
        /// Allowed, whatever the server's setting says.
        Allow = "allow",
        /// Denied, whatever the server's setting says.
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

string_enum! {
    /// What an endpoint is. Never changes.
    EndpointKind {
        /// An institutional server.
        Host = "host",
        /// Somebody's own machine.
        Personal = "personal",
        /// A bucket.
        S3 = "s3",
        /// A directory of another endpoint, opened by rules.
        Share = "share",
        /// A transfer server with node software.
        Node = "node",
    }
}

string_enum! {
    /// Who decides about the shares of an endpoint.
    Sharing {
        /// There are none.
        None = "none",
        /// Its access managers.
        Managed = "managed",
        /// Whoever holds something may pass it on.
        Delegated = "delegated",
    }
}

impl EndpointKind {
    /// How its content is shared.
    pub const fn sharing(self) -> Sharing {
        match self {
            EndpointKind::Host | EndpointKind::Personal => Sharing::None,
            EndpointKind::S3 | EndpointKind::Share => Sharing::Managed,
            EndpointKind::Node => Sharing::Delegated,
        }
    }
}

string_enum! {
    /// Whether an item holds others.
    ItemType {
        /// It does.
        Folder = "folder",
        /// It does not.
        File = "file",
    }
}

string_enum! {
    /// Where a share comes from.
    ShareClass {
        /// Somebody shared what they hold.
        User = "user",
        /// An administrator or the operator shared it.
        Admin = "admin",
        /// Made by the system to show shared folders of a workspace.
        WorkspaceFolder = "internal:workspace-folder",
        /// Made by the system for itself.
        Application = "internal:application",
        /// Made on the node or by another app.
        Other = "other",
        /// Made by an automated workflow.
        Automation = "automation",
    }
}

impl ShareClass {
    /// Whether lists leave it out unless everything is asked for.
    pub const fn is_hidden(self) -> bool {
        !matches!(self, ShareClass::User | ShareClass::Admin)
    }
}

string_enum! {
    /// A switch that is on or off.
    AllowDeny {
        /// On.
        Allow = "allow",
        /// Off.
        Deny = "deny",
    }
}

string_enum! {
    /// What an access token may do.
    TokenMode {
        /// Look.
        Read = "read",
        /// Look and change.
        ReadWrite = "read-write",
    }
}

/// A setting for each switch, in the order of [`Setting::TOGGLES`].
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
    /// The value of a switch; the expiry is none and reads as default.
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

    /// Sets a switch; the expiry is none and is left alone.
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
