//! Lookups with one open side: [`lookup_subjects`] lists who can do an action on a resource,
//! [`lookup_resources`] what a principal can do, and [`Comparison`] what changed between two states.
//!
//! A lookup collects candidates from the same rows of the catalogue that decide (`candidate_subjects`,
//! `candidate_resources`, `item_boundaries`) and then asks the evaluator about each. A candidate too many
//! costs time only, because what the evaluator denies is never listed.

mod affected;
mod allowed_actions;
mod candidate_resources;
mod candidate_subjects;
mod class_cover;
mod difference;
mod fellows;
mod filter;
mod item_boundaries;
mod lookup_resources;
mod lookup_subjects;

use crate::model::Kind;

/// The kinds of principals in listings. Groups and workgroups are listed as their members; the two classes
/// are listed too.
const PRINCIPALS: [Kind; 3] = [Kind::Account, Kind::Invitee, Kind::AccessToken];

pub use affected::{AffectedSet, IdMap};
pub use class_cover::{is_covered, stopped};
pub use difference::{Comparison, Counts, Difference, DifferencePart, Pair, VisitDifference};
pub use filter::{Filter, ItemDetail, VisitResource};
pub use lookup_resources::{lookup_beyond_class, lookup_resources};
pub use lookup_subjects::{Breadth, VisitSubject, lookup_subjects};
