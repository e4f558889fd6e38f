//! Every answer to a question with one side left open: who can do this, what can they do.
//!
//! A listing finds who or what comes into question from the same rows of the catalogue that decide
//! (`candidates`, `places`), and then asks the evaluator about each. What is found too much costs
//! time; what the evaluator denies is never listed.

mod affected;
mod candidate_resources;
mod candidate_subjects;
mod class_cover;
mod difference;
mod item_boundaries;
mod lookup_resources;
mod lookup_subjects;

use crate::model::Kind;

/// The kinds of principals that are named; groups and workgroups are named as their members, and the two
/// classes stand beside them.
const PRINCIPALS: [Kind; 3] = [Kind::Account, Kind::Invitee, Kind::AccessToken];

pub use affected::{AffectedSet, IdMap};
pub use class_cover::{is_covered, stopped};
pub use difference::{Comparison, Counts, Difference, DifferencePart, Pair, VisitDifference};
pub use lookup_resources::{Filter, ItemDetail, VisitResource, lookup_beyond_class, lookup_resources};
pub use lookup_subjects::{Breadth, VisitSubject, lookup_subjects};
