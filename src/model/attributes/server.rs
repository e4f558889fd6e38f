//! The server, accounts and groups.

use serde::{Deserialize, Serialize};

use super::{is_default, is_yes, yes};
use crate::model::settings::{GroupVisibility, Setting, SettingValue, SettingValues};
use crate::model::time::Time;

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
    pub settings: SettingValues,
    /// Whether members of an organization edit the details of the workspaces they have.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub members_edit_workspaces: bool,
    /// Whether members leave an organization by themselves.
    #[serde(default, skip_serializing_if = "is_default")]
    pub members_may_leave: bool,
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
            members_edit_workspaces: true,
            members_may_leave: false,
            settings: SettingValues::default(),
            url: None,
        }
    }
}

impl Server {
    /// Whether the server's own value of a switch is `allow`.
    pub fn allows(&self, setting: Setting) -> bool {
        match self.settings.get(setting) {
            SettingValue::Allow => true,
            SettingValue::Deny => false,
            SettingValue::Default => setting.default_allowed(),
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
    pub settings: SettingValues,
}

impl Default for Account {
    fn default() -> Account {
        Account { email: None, display_name: None, active: true, expires: None, settings: SettingValues::default() }
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
    pub const fn as_str(self) -> &'static str {
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

/// A group.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Who sees that it is there.
    #[serde(default, skip_serializing_if = "is_default")]
    pub visible: GroupVisibility,
}
