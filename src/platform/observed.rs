//! What a platform holds, as its dumps tell it: accounts, groups and places by the platform's ids, and who holds what.
//! Nothing here is judged by our rules: a platform's state is a fact.

use std::collections::BTreeMap;

use super::refusal::Place;
use crate::model::attributes::EndpointKind;
use crate::model::platform_id::Instance;
use crate::model::{Permissions, Role, Time};

/// A principal, by the platform's id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ObservedPrincipal {
    /// An account.
    Account(String),
    /// A group.
    Group(String),
    /// Whoever can sign in to the platform.
    Authenticated,
    /// Everybody.
    Anyone,
}

/// An account. `None` is what the dump does not tell.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ObservedAccount {
    /// The name to sign in with; `None` for an id that no list names.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The name that people read.
    pub display_name: Option<String>,
}

/// The own role of a member in a group of the platform. It gives nothing elsewhere and is kept for display.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GroupRank {
    /// A plain member.
    Member,
    /// A manager of the group.
    Manager,
    /// An admin of the group.
    Admin,
}

/// A group.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ObservedGroup {
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The active members, by id.
    pub members: BTreeMap<String, GroupRank>,
}

/// An endpoint or a collection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObservedEndpoint {
    /// The name that people read.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its kind here.
    pub kind: EndpointKind,
    /// Whether its definition is hidden; `None` if that is not told.
    pub private: Option<bool>,
    /// Whether roles can be assigned; `None` if that is not told.
    pub managed: Option<bool>,
    /// The endpoint and the folder that a share opens.
    pub of: Option<(String, String)>,
    /// The endpoint of Globus Connect Server that it belongs to.
    pub server: Option<String>,
}

/// A role on an endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObservedRole {
    /// The platform's id of the role.
    pub id: String,
    /// The endpoint.
    pub endpoint: String,
    /// Who holds it.
    pub principal: ObservedPrincipal,
    /// The role.
    pub role: Role,
    /// Whether it cannot be taken away.
    pub is_owner: bool,
    /// Whether it is a role on the endpoint that a collection belongs to, which reaches the collection.
    pub inherited: bool,
}

/// A rule that gives access to a folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObservedRule {
    /// The platform's id of the rule.
    pub id: String,
    /// The endpoint.
    pub endpoint: String,
    /// The folder.
    pub path: String,
    /// Who has it.
    pub principal: ObservedPrincipal,
    /// What it gives.
    pub permissions: Permissions,
    /// When it ends.
    pub expires: Option<Time>,
}

/// A list of a platform.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ObservedList {
    /// The endpoints that the caller administers.
    Endpoints,
    /// The roles on an endpoint.
    Roles(String),
    /// The rules of an endpoint.
    Rules(String),
    /// The members of a group.
    Members(String),
}

/// Rows that have no place here, of one kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotTaken {
    /// What they are, as a phrase: `memberships that are not active`.
    pub what: &'static str,
    /// How many there are.
    pub count: u64,
    /// Where the first of them stands.
    pub first: Place,
}

/// What was observed on a platform.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observed {
    /// The installation.
    pub instance: Instance,
    /// Accounts, by id.
    pub accounts: BTreeMap<String, ObservedAccount>,
    /// Groups, by id.
    pub groups: BTreeMap<String, ObservedGroup>,
    /// Endpoints, by id.
    pub endpoints: BTreeMap<String, ObservedEndpoint>,
    /// Roles on endpoints.
    pub roles: Vec<ObservedRole>,
    /// Rules.
    pub rules: Vec<ObservedRule>,
    /// The lists that were read, and whether each is whole. A list that is not here was not read.
    pub lists: BTreeMap<ObservedList, bool>,
    /// Rows that were not taken.
    pub not_taken: Vec<NotTaken>,
    /// What to tell people: each an observation that is no mistake.
    pub notes: Vec<String>,
}

impl Observed {
    /// Nothing, of an installation.
    pub const fn nothing(instance: Instance) -> Observed {
        Observed {
            instance,
            accounts: BTreeMap::new(),
            groups: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            roles: Vec::new(),
            rules: Vec::new(),
            lists: BTreeMap::new(),
            not_taken: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Counts a row that is not taken.
    pub fn leave_out(&mut self, what: &'static str, place: &Place) {
        match self.not_taken.iter_mut().find(|known| known.what == what) {
            Some(known) => known.count += 1,
            None => self.not_taken.push(NotTaken { what, count: 1, first: place.clone() }),
        }
    }
}
