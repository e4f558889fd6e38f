//! Every answer to a question with one side left open: who can do this, what can they do.
//!
//! A listing finds who or what comes into question from the same rows of the catalogue that decide
//! (`candidates`, `places`), and then asks the evaluator about each. What is found too much costs
//! time; what the evaluator denies is never listed.

mod candidates;
mod coverage;
mod difference;
mod items;
mod places;
mod scope;
mod what;
mod who;

use crate::model::Kind;

/// The kinds of principals that are named; groups and workgroups are named as their members, and the two
/// classes stand beside them.
const PRINCIPALS: [Kind; 3] = [Kind::Account, Kind::Invitee, Kind::AccessToken];

pub use coverage::{is_covered, stopped};
pub use difference::{Comparison, Counts, Difference, Pair, Part, VisitDifference};
pub use scope::{Scope, Twins};
pub use what::{Filter, Reach, VisitWhat, beyond, what};
pub use who::{Breadth, VisitWho, who};
