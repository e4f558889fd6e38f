//! What a document of Faspex 5 is: a list of the interface under its key, or the bare array that `ascli` prints.

use serde_json::Value;

use crate::platform::dump::{Document, Origin};

/// What a list has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Listed {
    /// Accounts.
    Accounts,
    /// Workgroups.
    Workgroups,
    /// Shared inboxes.
    Inboxes,
    /// Members of a workgroup, a shared inbox or a group.
    Members,
    /// Groups of the directories.
    Groups,
    /// Groups in a workgroup or a shared inbox.
    GroupsOfPlace,
}

impl Listed {
    /// The key of the rows.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Listed::Accounts => "accounts",
            Listed::Workgroups => "workgroups",
            Listed::Inboxes => "shared_inboxes",
            Listed::Members => "members",
            Listed::Groups | Listed::GroupsOfPlace => "groups",
        }
    }
}

/// The shape of a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// A list.
    List(Listed),
    /// The settings of the server.
    Configuration,
    /// A call that was refused.
    Refused,
    /// Anything else.
    Other,
}

impl Shape {
    pub(super) fn of(document: &Document) -> Shape {
        let value = &document.value;
        if value.is_null() {
            return Shape::Refused;
        }
        if let Origin::Tape(call, _) = &document.origin {
            let parts: Vec<&str> = call.path.split('/').filter(|part| !part.is_empty()).collect();
            return match parts.as_slice() {
                ["configuration"] => Shape::Configuration,
                ["accounts"] => Shape::List(Listed::Accounts),
                ["workgroups"] => Shape::List(Listed::Workgroups),
                ["shared_inboxes"] => Shape::List(Listed::Inboxes),
                ["saml_groups"] => Shape::List(Listed::Groups),
                [.., "members"] => Shape::List(Listed::Members),
                [.., "saml_groups"] => Shape::List(Listed::GroupsOfPlace),
                _ => Shape::Other,
            };
        }
        for listed in [Listed::Accounts, Listed::Workgroups, Listed::Inboxes, Listed::Members, Listed::Groups] {
            if let Some(rows) = value.get(listed.key()).and_then(Value::as_array) {
                let is_of_place = listed == Listed::Groups && rows.iter().any(|row| row.get("access").is_some());
                return Shape::List(if is_of_place { Listed::GroupsOfPlace } else { listed });
            }
        }
        match value {
            Value::Array(rows) => rows.first().map_or(Shape::Other, Shape::of_row),
            _ if value.get("users_can_send_normal_packages").is_some() || value.get("private_user_dir").is_some() => {
                Shape::Configuration
            }
            _ => Shape::Other,
        }
    }

    /// The shape of an array by its first row.
    fn of_row(row: &Value) -> Shape {
        let has = |key: &str| row.get(key).is_some();
        if has("user_id") && has("access") {
            Shape::List(Listed::Members)
        } else if has("group_id") && has("access") {
            Shape::List(Listed::GroupsOfPlace)
        } else if has("workgroup_type") || has("member_access") {
            Shape::List(Listed::Workgroups)
        } else if has("allow_public_url") || has("admin_can_manage_external_submitters") {
            Shape::List(Listed::Inboxes)
        } else if has("role") && has("email") && has("account_activated") {
            Shape::List(Listed::Accounts)
        } else if has("group_name") {
            Shape::List(Listed::Groups)
        } else {
            Shape::Other
        }
    }
}
