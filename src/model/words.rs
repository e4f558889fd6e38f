//! Closed lists of words: settings and their values, policies, states.

use serde::{Deserialize, Serialize};

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
    pub const fn to_everyone(self, private_directory: bool) -> bool {
        match self {
            GroupVisibility::Default => !private_directory,
            GroupVisibility::Everyone => true,
            GroupVisibility::Members => false,
        }
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

words! {
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

words! {
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

words! {
    /// Whether an item holds others.
    ItemType {
        /// It does.
        Folder = "folder",
        /// It does not.
        File = "file",
    }
}

words! {
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

words! {
    /// A switch that is on or off.
    Switch {
        /// On.
        Allow = "allow",
        /// Off.
        Deny = "deny",
    }
}

words! {
    /// What an access token may do.
    TokenMode {
        /// Look.
        Read = "read",
        /// Look and change.
        ReadWrite = "read-write",
    }
}

/// A setting for each switch, in the order of [`Setting::SWITCHES`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choices {
    #[serde(skip_serializing_if = "Option::is_none")]
    send: Option<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receive: Option<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forward: Option<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    send_normal: Option<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    send_external: Option<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
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
