//! Organizations, their workspaces, and what lies in those.

use serde::{Deserialize, Serialize};

use super::is_default;
use crate::model::Id;
use crate::model::role::Role;
use crate::model::settings::{AllowDeny, TokenMode};
use crate::model::time::Time;

/// An organization.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Org {
    /// What it is for.
    #[serde(skip_serializing_if = "is_default")]
    pub description: Option<String>,
}

/// A role in an organization, as an invitation keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrgRole {
    /// Admin.
    Admin,
    /// Member.
    Member,
}

impl OrgRole {
    /// The role it is.
    pub const fn role(self) -> Role {
        match self {
            OrgRole::Admin => Role::OrgAdmin,
            OrgRole::Member => Role::OrgMember,
        }
    }
}

/// A workspace of an organization.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workspace {
    /// What it is for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub description: Option<String>,
    /// The folder its files lie in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub files: Option<Id>,
    /// Whether its members upload straight into their home folders.
    #[serde(default = "allow", skip_serializing_if = "is_allow")]
    pub root_upload: AllowDeny,
}

fn allow() -> AllowDeny {
    AllowDeny::Allow
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
fn is_allow(value: &AllowDeny) -> bool {
    *value == AllowDeny::Allow
}

impl Default for Workspace {
    fn default() -> Workspace {
        Workspace { description: None, files: None, root_upload: AllowDeny::Allow }
    }
}

/// A signing key. The private half was shown once and is kept nowhere.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningKey {
    /// The public half: a SubjectPublicKeyInfo in PEM.
    pub public_key: String,
    /// Who made it; none for the operator.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by: Option<Id>,
    /// When it was made.
    pub created: Time,
}

/// An access token. The resource's key is the hash of its secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessToken {
    /// What it may do.
    pub mode: TokenMode,
    /// Who made it; none for the operator.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by: Option<Id>,
    /// When it was made.
    pub created: Time,
    /// When it ends; none for never.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expires: Option<Time>,
    /// Whether somebody ended it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub revoked: bool,
}

impl AccessToken {
    /// Its status at a time: `active`, `expired` or `revoked`.
    pub fn status(&self, at: Time) -> &'static str {
        match (self.revoked, self.expires.is_some_and(|end| end <= at)) {
            (true, _) => "revoked",
            (_, true) => "expired",
            _ => "active",
        }
    }
}

/// A media file.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Media {
    /// The title people read.
    #[serde(skip_serializing_if = "is_default")]
    pub title: Option<String>,
}

/// A live stream. Whoever has its stream key can broadcast; only the key's hash is kept.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stream {
    /// The title people read.
    #[serde(skip_serializing_if = "is_default")]
    pub title: Option<String>,
    /// The SHA-256 of its stream key, in hexadecimal.
    pub key_hash: String,
}
