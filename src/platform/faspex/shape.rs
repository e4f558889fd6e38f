//! What a document of Faspex 5 is: a list of the interface under its key, or the bare array that `ascli` prints.

use serde_json::Value;

use crate::model::Kind;
use crate::platform::calls::Request;
use crate::platform::dump::Document;
use crate::platform::observed::ObservedList;

/// What a list has, in the order in which the lists are read: members need the accounts and the places.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::platform) enum Listed {
    /// Accounts.
    Accounts,
    /// Workgroups.
    Workgroups,
    /// Shared inboxes.
    Inboxes,
    /// Groups of the directories.
    Groups,
    /// Members of a workgroup, a shared inbox or a group.
    Members,
    /// Groups in a workgroup or a shared inbox.
    GroupsOfPlace,
}

impl Listed {
    /// The key of the rows.
    pub(in crate::platform) const fn key(self) -> &'static str {
        match self {
            Listed::Accounts => "accounts",
            Listed::Workgroups => "workgroups",
            Listed::Inboxes => "shared_inboxes",
            Listed::Members => "members",
            Listed::Groups | Listed::GroupsOfPlace => "groups",
        }
    }

    /// Whether a file with such a list proves that the list is whole. `ascli` reads every page of accounts and strips the
    /// count; of any other list it reads one page. A list of workgroups that was not asked for with `all` has only the
    /// caller's own, and its count too.
    pub(super) const fn proves_itself(self, is_array: bool, has_count: bool) -> bool {
        match self {
            Listed::Accounts => is_array || has_count,
            Listed::Workgroups | Listed::Inboxes => false,
            Listed::Groups | Listed::Members | Listed::GroupsOfPlace => has_count,
        }
    }

    /// What the rows of a list are.
    const fn of(list: &ObservedList) -> Option<Listed> {
        Some(match list {
            ObservedList::Accounts => Listed::Accounts,
            ObservedList::Places(Kind::Dropbox) => Listed::Inboxes,
            ObservedList::Places(_) => Listed::Workgroups,
            ObservedList::Groups => Listed::Groups,
            ObservedList::Members(_) | ObservedList::PlaceMembers(_) => Listed::Members,
            ObservedList::PlaceGroups(_) => Listed::GroupsOfPlace,
            ObservedList::Endpoints | ObservedList::Roles(_) | ObservedList::Rules(_) => return None,
        })
    }
}

/// The list that a call asks for.
pub(super) fn list_of_call(call: &Request) -> Option<ObservedList> {
    Some(match call.parts().as_slice() {
        ["accounts"] => ObservedList::Accounts,
        ["saml_groups"] => ObservedList::Groups,
        ["saml_groups", id, "members"] => ObservedList::Members((*id).to_owned()),
        [place] => ObservedList::Places(kind_of(place)?),
        [place, id, "members"] => ObservedList::PlaceMembers((kind_of(place)?, (*id).to_owned())),
        [place, id, "saml_groups"] => ObservedList::PlaceGroups((kind_of(place)?, (*id).to_owned())),
        _ => return None,
    })
}

/// The kind of a place by the word for it in the interface.
pub(super) fn kind_of(word: &str) -> Option<Kind> {
    match word {
        "workgroups" | "workgroup" => Some(Kind::Workgroup),
        "shared_inboxes" | "shared_inbox" => Some(Kind::Dropbox),
        _ => None,
    }
}

/// The shape of a document, in the order in which documents are read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Shape {
    /// Anything else.
    Other,
    /// A call that was refused.
    Refused,
    /// The settings of the server.
    Configuration,
    /// A list.
    List(Listed),
}

impl Shape {
    pub(super) fn of(document: &Document) -> Shape {
        let value = &document.value;
        if let Some(call) = document.call() {
            if value.is_null() {
                return Shape::Refused;
            }
            return match list_of_call(call).as_ref().and_then(Listed::of) {
                Some(listed) => Shape::List(listed),
                None if call.path == "/configuration" => Shape::Configuration,
                None => Shape::Other,
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
