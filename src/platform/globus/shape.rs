//! What a document of Globus is, by its shape: tapes, files of the command and bodies of the interfaces look alike.

use serde_json::Value;

use crate::platform::calls::{Request, Service};
use crate::platform::dump::{Document, Origin};
use crate::platform::observed::ObservedList;

/// The shape of a document, in the order in which documents are read: what a list of roles proves depends on the kind of
/// its endpoint, and rules restate roles.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Shape {
    /// Anything else: the answer to a command, an error, a single row.
    Other,
    /// A call that was refused.
    Refused,
    /// Who is logged in.
    Caller,
    /// An endpoint or a collection.
    Endpoint,
    /// A search for endpoints.
    Search,
    /// Identities with their names.
    Identities,
    /// Groups with their names.
    Groups,
    /// One group, with its members or without.
    Group,
    /// The members of a group alone.
    Members,
    /// The roles of an endpoint, as Transfer tells them.
    Roles,
    /// Roles of Globus Connect Server, with marks of pages.
    GcsRoles,
    /// Roles of Globus Connect Server as the command prints them, without marks.
    GcsRolesAlone,
    /// The rules of an endpoint.
    Rules,
}

/// The list that a call asks for.
pub(super) fn list_of_call(call: &Request) -> Option<ObservedList> {
    Some(match call.parts().as_slice() {
        [_, "endpoint_search"] => ObservedList::Endpoints,
        [_, "endpoint", id, "role_list"] => ObservedList::Roles(id.to_ascii_lowercase()),
        [_, "endpoint", id, "access_list"] => ObservedList::Rules(id.to_ascii_lowercase()),
        [_, "groups", "my_groups"] => ObservedList::Groups,
        [_, "groups", id] => ObservedList::Members(id.to_ascii_lowercase()),
        ["roles"] => {
            let of_collection = call.query.iter().find(|(name, _)| name == "collection_id").map(|(_, id)| id.as_str());
            let id = of_collection.or_else(|| call.service.as_str().strip_prefix(Service::GCS))?;
            ObservedList::Roles(id.to_ascii_lowercase())
        }
        _ => return None,
    })
}

impl Shape {
    pub(super) fn of(document: &Document) -> Shape {
        let value = &document.value;
        let has = |key: &str| value.get(key).is_some();
        let data_type = value.get("DATA_TYPE").and_then(Value::as_str).unwrap_or_default();
        let first = |key: &str| value.get(key).and_then(Value::as_array).and_then(|rows| rows.first());
        let is_role =
            |row: &Value| row.get("DATA_TYPE").and_then(Value::as_str).is_some_and(|it| it.starts_with("role#"));
        match data_type {
            "endpoint" => return Shape::Endpoint,
            "endpoint_list" => return Shape::Search,
            "role_list" => return Shape::Roles,
            "access_list" => return Shape::Rules,
            _ => {}
        }
        match (value, &document.origin) {
            (Value::Null, Origin::Tape(..)) => Shape::Refused,
            (Value::Array(rows), _) => match rows.first() {
                Some(row) if row.get("identity_id").is_some() => Shape::Members,
                Some(row) if row.get("group_type").is_some() || row.get("my_memberships").is_some() => Shape::Groups,
                None if matches!(&document.origin, Origin::Tape(call, _) if call.path.ends_with("/my_groups")) => {
                    Shape::Groups
                }
                _ => Shape::Other,
            },
            _ if data_type.starts_with("result#") && value.get("code").and_then(Value::as_str) == Some("success") => {
                let is_list = value.get("data").is_some_and(Value::is_array) && first("data").is_none_or(is_role);
                if is_list { Shape::GcsRoles } else { Shape::Other }
            }
            _ if data_type.is_empty() && first("DATA").is_some_and(is_role) => Shape::GcsRolesAlone,
            // The searches and lists of a loopback or of older versions name no type.
            (_, Origin::Tape(call, _)) => Shape::by_call(&call.path, value),
            _ if value.get("identities").is_some_and(Value::is_array) => Shape::Identities,
            _ if has("id") && has("name") && (has("group_type") || has("memberships")) => Shape::Group,
            _ => Shape::Other,
        }
    }

    /// The shape of an answer to a call that does not tell it by itself.
    fn by_call(path: &str, value: &Value) -> Shape {
        let has_rows = |key: &str| value.get(key).is_some_and(Value::is_array);
        match path.rsplit('/').next().unwrap_or_default() {
            "endpoint_search" if has_rows("DATA") => Shape::Search,
            "role_list" if has_rows("DATA") => Shape::Roles,
            "access_list" if has_rows("DATA") => Shape::Rules,
            "roles" if has_rows("data") => Shape::GcsRoles,
            "identities" if has_rows("identities") => Shape::Identities,
            "userinfo" => Shape::Caller,
            _ if path.starts_with("/v2/groups/") && value.get("id").is_some() => Shape::Group,
            _ => Shape::Other,
        }
    }
}
