//! Endpoints and the files and folders on them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{is_default, is_yes, yes};
use crate::model::Id;
use crate::model::escape::printable;
use crate::model::permission::Permissions;
use crate::model::problem::Problem;
use crate::model::role::Role;
use crate::model::settings::{EndpointKind, ItemType, Sharing};

/// An endpoint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// The kind of the endpoint; never changes.
    #[serde(default = "host", skip_serializing_if = "is_host")]
    pub kind: EndpointKind,
    /// Whether only holders of a role see the definition.
    #[serde(default, skip_serializing_if = "is_default")]
    pub private: bool,
    /// Whether roles can be assigned on the endpoint.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub managed: bool,
    /// The version of a node's software.
    #[serde(default, skip_serializing_if = "is_default")]
    pub node_version: Option<NodeVersion>,
    /// For a `share`: the folder of another endpoint that it makes accessible.
    #[serde(default, skip_serializing_if = "is_default")]
    pub of: Option<Id>,
    /// The account that created the endpoint, or for which the operator created it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub creator: Option<Id>,
    /// The name that people read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub display_name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub description: Option<String>,
}

fn host() -> EndpointKind {
    EndpointKind::Host
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
fn is_host(value: &EndpointKind) -> bool {
    *value == EndpointKind::Host
}

impl Endpoint {
    /// An endpoint of a kind, with defaults for everything else.
    pub const fn of_kind(kind: EndpointKind) -> Endpoint {
        Endpoint {
            kind,
            private: false,
            managed: true,
            node_version: None,
            of: None,
            creator: None,
            display_name: None,
            description: None,
        }
    }

    /// Whether the endpoint can hold shares of any set of permissions, and not only of presets.
    pub fn takes_custom_sets(&self) -> bool {
        self.kind.sharing() == Sharing::Delegated
            && self.node_version.as_ref().is_some_and(|version| *version >= NodeVersion::CUSTOM_SETS)
    }

    /// Whether a principal can hold a role on the endpoint. On an unmanaged endpoint, only the creator can
    /// be administrator. Access managers need managed sharing.
    pub fn takes_role(&self, role: Role, principal: Id) -> bool {
        let creators = role == Role::EndpointAdministrator && self.creator == Some(principal);
        (self.managed || creators) && (role != Role::AccessManager || self.kind.sharing() == Sharing::Managed)
    }

    /// Whether the endpoint can hold a share of this set.
    pub fn takes(&self, set: Permissions) -> bool {
        match self.kind.sharing() {
            Sharing::None => false,
            Sharing::Managed => set == Permissions::VIEW || set == Permissions::EDIT,
            Sharing::Delegated => !set.is_custom() || self.takes_custom_sets(),
        }
    }
}

/// The version of a node's software: one to four numbers, compared field by field.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct NodeVersion([u32; 4]);

impl NodeVersion {
    /// The first version that holds custom sets of permissions (seed 003).
    pub const CUSTOM_SETS: NodeVersion = NodeVersion([3, 7, 4, 0]);

    /// Parses one to four numbers, as in `3.7.4`.
    ///
    /// # Errors
    /// A usage problem for anything else.
    pub fn parse(text: &str) -> Result<NodeVersion, Problem> {
        let wrong = || {
            Problem::usage("bad_version", format!("`{}` is not a version of node software", printable(text)))
                .tip("write up to four numbers with dots between, as in `3.7.4` or `4.4.6.2033`")
        };
        let mut fields = [0; 4];
        let mut remaining = fields.iter_mut();
        for part in text.split('.') {
            let field = remaining.next().ok_or_else(wrong)?;
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(wrong());
            }
            *field = part.parse().map_err(|_| wrong())?;
        }
        Ok(NodeVersion(fields))
    }
}

impl fmt::Display for NodeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch, build] = self.0;
        write!(f, "{major}.{minor}.{patch}")?;
        if build == 0 { Ok(()) } else { write!(f, ".{build}") }
    }
}

impl Serialize for NodeVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NodeVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NodeVersion, D::Error> {
        let text = String::deserialize(deserializer)?;
        NodeVersion::parse(&text).map_err(|problem| serde::de::Error::custom(problem.message))
    }
}

/// A file or a folder. Owners and shares are bindings.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Whether the item is a file or a folder.
    #[serde(rename = "type", default = "folder", skip_serializing_if = "is_folder")]
    pub item_type: ItemType,
    /// The size of a file in bytes, if known.
    #[serde(default, skip_serializing_if = "is_default")]
    pub size: Option<u64>,
    /// The workspace whose files lie in this folder.
    #[serde(default, skip_serializing_if = "is_default")]
    pub files_of: Option<Id>,
    /// The account whose home folder this is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub home: Option<Home>,
}

/// The account and workspace of a home folder. They stay when the membership ends, so that a later
/// account of the same name does not get the folder.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Home {
    /// The workspace.
    pub workspace: Id,
    /// The account that the folder was made for.
    pub of: Id,
}

fn folder() -> ItemType {
    ItemType::Folder
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
fn is_folder(value: &ItemType) -> bool {
    *value == ItemType::Folder
}

impl Item {
    /// A folder with defaults for everything else.
    pub const FOLDER: Item = Item { item_type: ItemType::Folder, size: None, files_of: None, home: None };

    /// A file with a size, if known.
    pub const fn file(size: Option<u64>) -> Item {
        Item { item_type: ItemType::File, size, ..Item::FOLDER }
    }

    /// Whether the item is a file.
    pub fn is_file(&self) -> bool {
        self.item_type == ItemType::File
    }

    /// Whether the item is a folder.
    pub fn is_folder(&self) -> bool {
        self.item_type == ItemType::Folder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number_field_by_field() {
        let version = |text: &str| NodeVersion::parse(text).unwrap();
        assert!(version("3.10") > version("3.7.4"));
        assert!(version("3.7.4") >= NodeVersion::CUSTOM_SETS);
        assert!(version("3.7.3.999") < NodeVersion::CUSTOM_SETS);
        assert!(version("4.4.6.2033") > version("4.4.6"));
        assert_eq!(version("4.4").to_string(), "4.4.0");
        for bad in ["", "3.", ".3", "3.7.4-1", "v3", "1.2.3.4.5", "99999999999", "+3"] {
            assert!(NodeVersion::parse(bad).is_err(), "{bad}");
        }
    }
}
