//! Attributes of the server, of accounts and of groups.

use serde::{Deserialize, Serialize};

use super::{is_default, is_yes, yes};
use crate::model::settings::{GroupVisibility, Setting, SettingValue, SettingValues, string_enum};
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
    /// The values that `default` in an account's settings stands for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settings: SettingValues,
    /// Whether members of an organization may edit the workspaces that they are members of.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub members_edit_workspaces: bool,
    /// Whether members may leave an organization by themselves.
    #[serde(default, skip_serializing_if = "is_default")]
    pub members_may_leave: bool,
    /// The base URL of dropbox links, such as `https://files.example.com`.
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
    /// Whether the server's value of a setting allows.
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
    /// The e-mail address, as written.
    #[serde(default, skip_serializing_if = "is_default")]
    pub email: Option<String>,
    /// The name that people read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub display_name: Option<String>,
    /// False if the account is deactivated.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub active: bool,
    /// The expiry; `None` for never.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expires: Option<Time>,
    /// The account's own settings.
    #[serde(default, skip_serializing_if = "is_default")]
    pub settings: SettingValues,
}

impl Default for Account {
    fn default() -> Account {
        Account { email: None, display_name: None, active: true, expires: None, settings: SettingValues::default() }
    }
}

string_enum! {
    /// The status of an account. Only an active account may act.
    Status {
        /// Neither deactivated nor expired.
        Active = "active",
        /// Deactivated.
        Inactive = "inactive",
        /// Expired.
        Expired = "expired",
    }
}

impl Account {
    /// The status at a time. From the moment of its expiry on, the account is expired.
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
    /// Who sees the group.
    #[serde(default, skip_serializing_if = "is_default")]
    pub visible: GroupVisibility,
    /// The name that people read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub display_name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub description: Option<String>,
}

/// An external id has no attributes: its name is the id, and its parent is what it identifies.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalId {}
