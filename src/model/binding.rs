//! [`Binding`]: one version of a row that says which principal holds which role on which resource.

use super::attributes::BindingAttributes;
use super::role::Role;
use super::set_names::SetNames;
use super::time::Time;
use super::{Id, Revision};

/// A principal holds a role on a resource: one version of the row, valid from a revision on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Binding {
    /// The id of the binding, the same in every version.
    pub id: Id,
    /// The resource that the role is on.
    pub resource: Id,
    /// The principal that holds the role.
    pub principal: Id,
    /// The role.
    pub role: Role,
    /// Who gave the binding; `None` for the operator.
    pub grantor: Option<Id>,
    /// The time from which the binding gives nothing.
    pub expires: Option<Time>,
    /// The other attributes.
    pub attributes: BindingAttributes,
    /// The sets that declare the binding.
    pub sets: SetNames,
    /// The revision that made this version; 0 in a draft.
    pub since: Revision,
}

impl Binding {
    /// Whether the binding is a share of an item.
    pub fn is_share(&self) -> bool {
        self.role == Role::ItemShare
    }

    /// Whether the binding makes its principal the owner of an item.
    pub fn is_ownership(&self) -> bool {
        self.role == Role::ItemOwner
    }

    /// Whether the binding is effective at a time: neither deactivated nor expired.
    pub fn is_effective(&self, at: Time) -> bool {
        !self.attributes.inactive && self.expires.is_none_or(|end| at < end)
    }

    /// Whether two versions are equal apart from their revisions.
    pub fn is_same_as(&self, other: &Binding) -> bool {
        Binding { since: 0, ..self.clone() } == Binding { since: 0, ..other.clone() }
    }
}
