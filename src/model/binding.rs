//! One version of a binding: a row of the store that says who holds which role on what.

use super::attributes::BindingAttributes;
use super::role::Role;
use super::set_names::SetNames;
use super::time::Time;
use super::{Id, Revision};

/// A principal holds a role on a resource, as it stood from a revision on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Binding {
    /// Its id, the same in every version.
    pub id: Id,
    /// On what.
    pub resource: Id,
    /// Who.
    pub principal: Id,
    /// As what.
    pub role: Role,
    /// Who gave it; none for the operator.
    pub grantor: Option<Id>,
    /// From when on it gives nothing any more.
    pub expires: Option<Time>,
    /// The rest.
    pub attributes: BindingAttributes,
    /// Which manifests declare it.
    pub sets: SetNames,
    /// The revision that made it so; 0 in a draft.
    pub since: Revision,
}

impl Binding {
    /// Whether it gives anything at a time: not deactivated, not expired.
    pub fn is_effective(&self, at: Time) -> bool {
        !self.attributes.inactive && self.expires.is_none_or(|end| at < end)
    }

    /// Whether another version says the same, whenever it was made.
    pub fn is_same_as(&self, other: &Binding) -> bool {
        Binding { since: 0, ..self.clone() } == Binding { since: 0, ..other.clone() }
    }
}
