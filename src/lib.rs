//! Access governance for file-transfer platforms.
//!
//! Three ideas carry everything:
//!
//! 1. A **resource** has a kind, a name, a parent and attributes.
//! 2. A **binding** says that a principal holds a role on a resource. Account roles, memberships,
//!    endpoint roles, shares, ownership and the recipients of a package are all bindings.
//! 3. A **revision** is one change: it closes some rows and opens others, and is stamped with a
//!    number, a time, an actor, a reason and a digest over its predecessor. Nothing is overwritten.
//!
//! The layers, and what each may use (`tests/layers.rs` enforces it, `ARCHITECTURE.md` is the map):
//!
//! ```text
//! cli       manifest, ops, platform, input, render, store, policy, model
//! manifest  ops, input, policy, model
//! ops       policy, model
//! store     policy, model    (implements policy::Facts, commits drafts)
//! policy    model
//! platform  model
//! render    model
//! input     model
//! ```
//!
//! Start reading at [`model::catalogue`] (every rule as data), then [`policy::decide`] (the one
//! evaluator), then [`ops`] (what people do, as drafts), then [`store`] (what happened).

pub mod input;
pub mod manifest;
pub mod model;
pub mod ops;
pub mod platform;
pub mod policy;
pub mod store;

pub mod cli;
pub mod render;
