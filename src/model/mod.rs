//! The data model: names, references, kinds, roles, actions and the attributes of every resource.
//!
//! Pure data: nothing here decides who may do what (that is [`crate::policy`]), touches a file, or reads a
//! clock except [`Time::now`]. Start with [`Kind`], [`Resource`] and [`Binding`]: a store holds only rows of
//! resources and of bindings, and each version of a row carries the revision that made it.

pub mod action;
mod attribute_values;
pub mod attributes;
pub mod binding;
pub mod catalogue;
pub mod escape;
pub mod kind;
pub mod name;
pub mod path;
pub mod permission;
pub mod platform_id;
pub mod problem;
pub mod reference;
pub mod resource;
pub mod role;
pub mod secret;
pub mod set_names;
mod settings;
pub mod shell;
pub mod spelling;
pub mod system;
pub mod time;
mod verb;

pub use action::{Action, Verb};
pub use attributes::Attributes;
pub use binding::Binding;
pub use kind::Kind;
pub use name::Name;
pub use path::Path;
pub use permission::{Permission, Permissions};
pub use platform_id::PlatformId;
pub use problem::{Problem, ProblemKind};
pub use reference::Reference;
pub use resource::Resource;
pub use role::Role;
pub use set_names::SetNames;
pub use time::Time;

use serde::{Deserialize, Serialize};

/// The number of a revision: 1 for the first change of a store, without gaps. 0 is the empty store.
pub type Revision = u64;

/// The key of a resource or a binding. An id is never reused: history follows ids, not names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(pub u64);

impl Id {
    /// The server: the resource on which account roles are held. It always exists.
    pub const SERVER: Id = Id(1);
    /// The principal `authenticated`: every active account.
    pub const AUTHENTICATED: Id = Id(2);
    /// The principal `anyone`: everybody, also without an account.
    pub const ANYONE: Id = Id(3);
    /// The last reserved id. Rows that operations create get higher ids.
    pub const LAST_RESERVED: Id = Id(15);
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
