//! Attributes of organizations, their workspaces, and the keys, tokens, media and streams in these.

use serde::{Deserialize, Serialize};

use super::is_default;
use crate::model::Id;
use crate::model::settings::{AllowDeny, LinkStatus, TokenMode};
use crate::model::time::Time;

/// An organization.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Org {
    /// The name that people read.
    #[serde(skip_serializing_if = "is_default")]
    pub display_name: Option<String>,
    /// The purpose of the organization.
    #[serde(skip_serializing_if = "is_default")]
    pub description: Option<String>,
}

/// A role in an organization as an invitation keeps it: by its word without the kind.
pub(super) mod org_role {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::model::{Kind, Role};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
    pub(in super::super) fn serialize<S: Serializer>(role: &Option<Role>, to: S) -> Result<S::Ok, S::Error> {
        role.map(Role::as_str).serialize(to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Role>, D::Error> {
        let Some(word) = Option::<String>::deserialize(from)? else { return Ok(None) };
        Role::from_name(Kind::Org, &word).map(Some).ok_or_else(|| D::Error::custom("not a role of an organization"))
    }
}

/// A workspace of an organization.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workspace {
    /// The name that people read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub display_name: Option<String>,
    /// The purpose of the workspace.
    #[serde(default, skip_serializing_if = "is_default")]
    pub description: Option<String>,
    /// The folder of the workspace's files.
    #[serde(default, skip_serializing_if = "is_default")]
    pub files: Option<Id>,
    /// Whether members may upload directly into their home folders.
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
        Workspace { display_name: None, description: None, files: None, root_upload: AllowDeny::Allow }
    }
}

/// A signing key. The private half was shown once and is not stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningKey {
    /// The public half: a SubjectPublicKeyInfo in PEM.
    pub public_key: String,
    /// The account that made the key; `None` for the operator.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by: Option<Id>,
    /// The time of creation.
    pub created: Time,
}

/// An access token. The resource's key is the hash of its secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessToken {
    /// Whether the token may write or only read.
    pub mode: TokenMode,
    /// The account that made the token; `None` for the operator.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by: Option<Id>,
    /// The time of creation.
    pub created: Time,
    /// The expiry; `None` for never.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expires: Option<Time>,
    /// Whether the token was revoked.
    #[serde(default, skip_serializing_if = "is_default")]
    pub revoked: bool,
}

impl AccessToken {
    /// The status at a time.
    pub fn status(&self, at: Time) -> LinkStatus {
        match (self.revoked, self.expires.is_some_and(|end| end <= at)) {
            (true, _) => LinkStatus::Revoked,
            (_, true) => LinkStatus::Expired,
            _ => LinkStatus::Active,
        }
    }
}

/// A media file.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Media {
    /// The title that people read.
    #[serde(skip_serializing_if = "is_default")]
    pub title: Option<String>,
}

/// A live stream. Everybody with the stream key can broadcast. Only the hash of the key is stored.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stream {
    /// The title that people read.
    #[serde(skip_serializing_if = "is_default")]
    pub title: Option<String>,
    /// The SHA-256 of the stream key, in hexadecimal.
    pub key_hash: String,
}
