//! Queries of lookups, and the small values that lookups return when a whole row is not needed.

use std::sync::Arc;

use crate::model::attributes::Attributes;
use crate::model::{Binding, Id, Kind, Permissions, Resource, Role};

/// A query for bindings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BindingQuery {
    /// The bindings of one principal, in one role, on one resource.
    Exact(Id, Role, Id),
    /// The bindings on one resource, in any role.
    On(Id),
    /// The bindings on one resource, in one role.
    OnAs(Id, Role),
    /// The bindings of one principal, in any role.
    Of(Id),
    /// The bindings of one principal, in one role.
    OfAs(Id, Role),
    /// Every share with this grantor.
    SharesBy(Id),
}

impl BindingQuery {
    /// The shares of an item.
    pub const fn shares_of(item: Id) -> BindingQuery {
        BindingQuery::OnAs(item, Role::ItemShare)
    }

    /// The shares with a principal.
    pub const fn shares_with(principal: Id) -> BindingQuery {
        BindingQuery::OfAs(principal, Role::ItemShare)
    }

    /// The owner of an item.
    pub const fn owner_of(item: Id) -> BindingQuery {
        BindingQuery::OnAs(item, Role::ItemOwner)
    }

    /// The members of a group.
    pub const fn members_of(group: Id) -> BindingQuery {
        BindingQuery::OnAs(group, Role::GroupMember)
    }

    /// The resource and the principal in the query. The sharer counts as the principal.
    pub const fn resource_and_principal(self) -> (Option<Id>, Option<Id>) {
        match self {
            BindingQuery::Exact(resource, _, principal) => (Some(resource), Some(principal)),
            BindingQuery::On(resource) | BindingQuery::OnAs(resource, _) => (Some(resource), None),
            BindingQuery::Of(principal) | BindingQuery::OfAs(principal, _) | BindingQuery::SharesBy(principal) => {
                (None, Some(principal))
            }
        }
    }

    /// Whether a binding matches the query.
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

/// The unique name of a resource: its kind, its parent and its key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NameKey<'k>(pub Kind, pub Option<Id>, pub &'k str);

impl<'r> NameKey<'r> {
    /// The name of a resource.
    pub fn of(resource: &'r Resource) -> NameKey<'r> {
        NameKey(resource.kind(), resource.parent, &resource.key)
    }
}

/// A resource without its names: the part that rules read.
#[derive(Clone, Debug)]
pub struct ResourceHeader {
    /// The id of the resource.
    pub id: Id,
    /// The resource that it lies in.
    pub parent: Option<Id>,
    /// The attributes, which also give the kind. Resources with equal attributes may share them.
    pub attributes: Arc<Attributes>,
}

impl ResourceHeader {
    /// The header of a resource.
    pub fn of(resource: &Resource) -> ResourceHeader {
        ResourceHeader { id: resource.id, parent: resource.parent, attributes: Arc::new(resource.attributes.clone()) }
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.attributes.kind()
    }
}

/// A binding seen from its principal: the resource, and what the binding gives on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Holding {
    /// The resource.
    pub resource: Id,
    /// The role.
    pub role: Role,
    /// The permissions of a share; empty for any other role.
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

    /// This set with one more role.
    #[must_use]
    pub const fn with(self, role: Role) -> Roles {
        Roles(self.0 | 1 << role as u32)
    }

    /// The union of two sets.
    #[must_use]
    pub const fn union(self, others: Roles) -> Roles {
        Roles(self.0 | others.0)
    }

    /// Whether a role is in the set.
    pub const fn has(self, role: Role) -> bool {
        self.0 & (1 << role as u32) != 0
    }

    /// Whether any of some roles is in the set.
    pub fn has_any(self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.has(*role))
    }
}

/// A handle to a share in memory. Only the facts that made it can [`unpack`](super::Facts::unpack) it.
#[derive(Clone, Copy, Debug)]
pub struct PackedShare {
    /// The holder, as a small number.
    pub principal: u32,
    /// The item, as a small number.
    pub item: u32,
    /// The position of the share in the arrays of these facts.
    pub position: u32,
    /// The permissions that the share gives.
    pub permissions: Permissions,
    /// Whether the share is effective at any time: it does not expire and is not deactivated.
    pub always: bool,
}

impl PackedShare {
    /// The id of the holder.
    pub const fn principal(self) -> Id {
        Id(self.principal as u64)
    }
}

/// The shares and owners of an item and its ancestors, collected in one walk.
#[derive(Debug)]
pub struct PackedShares {
    /// The shares, nearest first.
    pub shares: Vec<PackedShare>,
    /// The owners, nearest first.
    pub owners: Vec<Id>,
    /// The number of items in the walk.
    pub items: usize,
    /// The outermost ancestor of the item: its endpoint.
    pub outermost: ResourceHeader,
}

/// The deepest registered item on a path, and how many components of the path lead to it.
pub type NearestItem = Option<(Id, usize)>;
