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

            /// The word of each.
            pub const WORDS: &'static [&'static str] = &[$($word,)*];

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

pub(in crate::model) use string_enum;

/// A row is `Variant field = word, the default of a server that was never configured, what an account may do`.
macro_rules! toggles {
    ($($setting:ident $field:ident = $word:literal, $default:ident, $may:literal;)*) => {
        string_enum! {
            /// The settings of an account: toggles, each `allow`, `deny` or `default`, and the expiry.
            Setting {
                $(#[doc = concat!("Whether an account may ", $may, ".")] $setting = $word,)*
                /// The expiry of the account: a time, not a toggle.
                Expires = "expires",
            }
        }

        impl Setting {
            /// The toggles: all but the expiry.
            pub const TOGGLES: [Setting; [$($word),*].len()] = [$(Setting::$setting),*];

            /// The field in JSON.
            pub const fn field(self) -> &'static str {
                match self {
                    $(Setting::$setting => stringify!($field),)*
                    Setting::Expires => "expires",
                }
            }

            /// The meaning of an account's own value, for help.
            pub const fn of_account(self) -> &'static str {
                match self {
                    $(Setting::$setting => concat!("Whether it may ", $may),)*
                    Setting::Expires => "When it expires",
                }
            }

            /// The meaning of the server's value, for help.
            pub const fn of_server(self) -> &'static str {
                match self {
                    $(Setting::$setting => concat!("Whether accounts may ", $may, ", by default"),)*
                    Setting::Expires => "When accounts expire",
                }
            }

            /// Whether a server that was never configured allows it.
            pub const fn default_allowed(self) -> bool {
                match self {
                    $(Setting::$setting => matches!(AllowDeny::$default, AllowDeny::Allow),)*
                    Setting::Expires => true,
                }
            }
        }

        /// A value for each setting of [`Setting::TOGGLES`].
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct SettingValues {
            $(#[serde(skip_serializing_if = "Option::is_none")] $field: Option<SettingValue>,)*
        }

        impl SettingValues {
            /// The value of a toggle. The expiry has none and reads as `default`.
            pub fn get(&self, setting: Setting) -> SettingValue {
                let value = match setting {
                    $(Setting::$setting => self.$field,)*
                    Setting::Expires => None,
                };
                value.unwrap_or(SettingValue::Default)
            }

            /// Sets the value of a toggle. Does nothing for the expiry, which has none.
            pub fn set(&mut self, setting: Setting, choice: SettingValue) {
                let value = match setting {
                    $(Setting::$setting => &mut self.$field,)*
                    Setting::Expires => return,
                };
                *value = (choice != SettingValue::Default).then_some(choice);
            }
        }
    };
}

toggles! {
    Send send = "send", Allow, "send packages at all";
    // Packages that it may not download still arrive and are listed.
    Receive receive = "receive", Allow, "download received packages";
    Forward forward = "forward", Allow, "forward received packages";
    SendNormal send_normal = "send-normal", Allow, "send to anything but joined dropboxes";
    SendExternal send_external = "send-external", Deny, "send to addresses outside";
    SendToAllUsers send_to_all_users = "send-to-all-users", Allow,
        "send to people and workgroups without a workgroup in common";
}

string_enum! {
    /// An account's own value of a setting.
    SettingValue {
        /// Allowed, whatever the server's value.
        Allow = "allow",
        /// Denied, whatever the server's value.
        Deny = "deny",
        /// The server's value applies.
        Default = "default",
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
        /// Every active account.
        Everyone = "everyone",
        /// Its members, server admins and managers.
        Members = "members",
        /// Every active account, unless the directory is private.
        Default = "default",
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
    /// The status of an invitation, a private link or an access token at a time.
    LinkStatus {
        /// It can be used.
        Active = "active",
        /// Its one use was made.
        Used = "used",
        /// It expired.
        Expired = "expired",
        /// It was revoked.
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
    /// What a reviewer decides about a binding.
    Verdict {
        /// It stays.
        Keep = "keep",
        /// It is taken away.
        Revoke = "revoke",
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
