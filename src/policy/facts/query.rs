//! What look-ups ask for, and what they answer with where a whole row would be too much.

use std::sync::Arc;

use crate::model::attributes::Attributes;
use crate::model::{Binding, Id, Kind, Permissions, Resource, Role};

/// Which bindings are asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BindingQuery {
    /// Of one principal, in one role, on one resource.
    Exact(Id, Role, Id),
    /// On one resource, in any role.
    On(Id),
    /// On one resource, in one role.
    OnAs(Id, Role),
    /// Of one principal, in any role.
    Of(Id),
    /// Of one principal, in one role.
    OfAs(Id, Role),
    /// Every share that somebody made.
    SharesBy(Id),
}

impl BindingQuery {
    /// The resource and the principal that are asked for.
    pub const fn resource_and_principal(self) -> (Option<Id>, Option<Id>) {
        match self {
            BindingQuery::Exact(resource, _, principal) => (Some(resource), Some(principal)),
            BindingQuery::On(resource) | BindingQuery::OnAs(resource, _) => (Some(resource), None),
            BindingQuery::Of(principal) | BindingQuery::OfAs(principal, _) | BindingQuery::SharesBy(principal) => {
                (None, Some(principal))
            }
        }
    }

    /// Whether a binding is among those asked for.
    pub fn matches(self, binding: &Binding) -> bool {
        match self {
            BindingQuery::Exact(resource, role, principal) => {
                binding.resource == resource && binding.role == role && binding.principal == principal
            }
            BindingQuery::On(resource) => binding.resource == resource,
            BindingQuery::OnAs(resource, role) => binding.resource == resource && binding.role == role,
            BindingQuery::Of(principal) => binding.principal == principal,
            BindingQuery::OfAs(principal, role) => binding.principal == principal && binding.role == role,
            BindingQuery::SharesBy(sharer) => binding.grantor == Some(sharer) && binding.role == Role::ItemShare,
        }
    }
}

/// What a thing is named by: its kind, what it lies in, and its key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NameKey<'k>(pub Kind, pub Option<Id>, pub &'k str);

impl<'r> NameKey<'r> {
    /// What a resource is named by.
    pub fn of(resource: &'r Resource) -> NameKey<'r> {
        NameKey(resource.kind(), resource.parent, &resource.key)
    }
}

/// A resource without its names: what rules read of it.
#[derive(Clone, Debug)]
pub struct ResourceHeader {
    /// Its id.
    pub id: Id,
    /// What it lies in.
    pub parent: Option<Id>,
    /// What is known of it; also says its kind. Where many are alike they share one.
    pub attributes: Arc<Attributes>,
}

impl ResourceHeader {
    /// Of a resource.
    pub fn of(resource: &Resource) -> ResourceHeader {
        ResourceHeader { id: resource.id, parent: resource.parent, attributes: Arc::new(resource.attributes.clone()) }
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.attributes.kind()
    }
}

/// A binding as its principal has it: what it is on, and what it gives there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Holding {
    /// The resource.
    pub resource: Id,
    /// The role.
    pub role: Role,
    /// The permissions; none where it is no share.
    pub permissions: Permissions,
}

/// A set of roles.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Roles(u32);

impl Roles {
    /// No role.
    pub const NONE: Roles = Roles(0);
    /// Every role.
    pub const ALL: Roles = Roles(u32::MAX);

    /// With one more.
    #[must_use]
    pub const fn with(self, role: Role) -> Roles {
        Roles(self.0 | 1 << role as u32)
    }

    /// These and others.
    #[must_use]
    pub const fn union(self, others: Roles) -> Roles {
        Roles(self.0 | others.0)
    }

    /// Whether a role is among them.
    pub const fn has(self, role: Role) -> bool {
        self.0 & (1 << role as u32) != 0
    }

    /// Whether any of some roles is among them.
    pub fn has_any(self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.has(*role))
    }
}

/// A share at hand: who holds it, and where these facts have it. Of no meaning to any others.
#[derive(Clone, Copy, Debug)]
pub struct PackedShare {
    /// The principal.
    pub principal: u32,
    /// The item.
    pub item: u32,
    /// The place.
    pub position: u32,
    /// What it gives.
    pub permissions: Permissions,
    /// Whether it gives at any time: it neither expires nor is it deactivated.
    pub always: bool,
}

impl PackedShare {
    /// The principal.
    pub const fn principal(self) -> Id {
        Id(self.principal as u64)
    }
}

/// What shares and owners an item and everything it lies in have, gathered in one walk.
#[derive(Debug)]
pub struct PackedShares {
    /// The shares, the nearest first.
    pub shares: Vec<PackedShare>,
    /// The owners, the nearest first.
    pub owners: Vec<Id>,
    /// Of how many items they are.
    pub items: usize,
    /// What the item lies in last of all: its endpoint.
    pub outermost: ResourceHeader,
}

/// The last registered item on the way to a path, and how many components of the path lead to it.
pub type NearestItem = Option<(Id, usize)>;
