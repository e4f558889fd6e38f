//! What look-ups ask for, and what they answer with where a whole row would be too much.

use std::sync::Arc;

use crate::model::attributes::Attributes;
use crate::model::{Binding, Id, Kind, Permissions, Resource, Role};

/// Which bindings are asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Select {
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

impl Select {
    /// The resource and the principal that are asked for.
    pub const fn ends(self) -> (Option<Id>, Option<Id>) {
        match self {
            Select::Exact(resource, _, principal) => (Some(resource), Some(principal)),
            Select::On(resource) | Select::OnAs(resource, _) => (Some(resource), None),
            Select::Of(principal) | Select::OfAs(principal, _) | Select::SharesBy(principal) => (None, Some(principal)),
        }
    }

    /// Whether a binding is among those asked for.
    pub fn takes(self, binding: &Binding) -> bool {
        match self {
            Select::Exact(resource, role, principal) => {
                binding.resource == resource && binding.role == role && binding.principal == principal
            }
            Select::On(resource) => binding.resource == resource,
            Select::OnAs(resource, role) => binding.resource == resource && binding.role == role,
            Select::Of(principal) => binding.principal == principal,
            Select::OfAs(principal, role) => binding.principal == principal && binding.role == role,
            Select::SharesBy(sharer) => binding.grantor == Some(sharer) && binding.role == Role::ItemShare,
        }
    }
}

/// What a thing is named by: its kind, what it lies in, and its key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ByName<'k>(pub Kind, pub Option<Id>, pub &'k str);

impl<'r> ByName<'r> {
    /// What a resource is named by.
    pub fn of(resource: &'r Resource) -> ByName<'r> {
        ByName(resource.kind(), resource.parent, &resource.key)
    }
}

/// A resource without its names: what rules read of it.
#[derive(Clone, Debug)]
pub struct Outline {
    /// Its id.
    pub id: Id,
    /// What it lies in.
    pub parent: Option<Id>,
    /// What is known of it; also says its kind. Where many are alike they share one.
    pub attributes: Arc<Attributes>,
}

impl Outline {
    /// Of a resource.
    pub fn of(resource: &Resource) -> Outline {
        Outline { id: resource.id, parent: resource.parent, attributes: Arc::new(resource.attributes.clone()) }
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
pub struct Handle {
    /// The principal.
    pub principal: u32,
    /// The item.
    pub item: u32,
    /// The place.
    pub place: u32,
    /// What it gives.
    pub permissions: Permissions,
    /// Whether it gives at any time: it neither expires nor is it deactivated.
    pub always: bool,
}

impl Handle {
    /// The principal.
    pub const fn principal(self) -> Id {
        Id(self.principal as u64)
    }
}

/// What shares and owners an item and everything it lies in have, gathered in one walk.
#[derive(Debug)]
pub struct AtHand {
    /// The shares, the nearest first.
    pub shares: Vec<Handle>,
    /// The owners, the nearest first.
    pub owners: Vec<Id>,
    /// Of how many items they are.
    pub items: usize,
    /// What the item lies in last of all: its endpoint.
    pub outermost: Outline,
}

/// The last registered item on the way to a path, and how many components of the path lead to it.
pub type Nearest = Option<(Id, usize)>;
