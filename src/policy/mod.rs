//! Authorization: pure decisions over facts.
//!
//! [`decide`] answers whether a principal may do an action on a resource at a time, with the proof.
//! It reads [`Facts`] and the [catalogue](crate::model::catalogue) and nothing else: no clock, no
//! terminal, no SQL. Every command that changes the store, every listing and every explanation
//! asks it, so each rule is written once.

mod actor;
pub mod cache;
mod conditions;
pub mod content;
mod decide;
pub mod disclosure;
pub mod draft;
mod empty;
pub mod evaluator;
pub mod facts;
mod grantees;
pub mod invariants;
pub mod listing;
mod overlay;
pub mod proof;
pub mod remedy;
mod restrictions;
pub mod sharing;
pub mod subject;
mod swappable;
pub mod target;

pub use actor::Actor;
pub use decide::{Decision, Question, allows, decide, decide_for, decide_on};
pub use disclosure::{CurrentRights, LogScope, Viewer};
pub use draft::{Draft, RowChange};
pub use empty::EmptyFacts;
pub use evaluator::Evaluator;
pub use facts::{BindingQuery, Facts, FactsError, ResourceHeader, Result};
pub use overlay::Overlay;
pub use proof::{Proof, ProofStep};
pub use remedy::{Remedy, missing_sets};
pub use subject::Subject;
pub use swappable::{AdaptiveFacts, SwappableFacts};
pub use target::Target;
