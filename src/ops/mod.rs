//! The operations: one file per noun of the command line. An operation reads facts and adds to a draft; it never
//! writes to the store.
//!
//! An operation takes a [`Transaction`] (facts with the draft so far laid over them, an actor and a time)
//! and a request of plain values. It asks [`crate::policy::decide`] before it changes anything and
//! returns a [`Problem`] when a rule or an invariant forbids the change. The caller decides what to do with the
//! draft: commit it, show it (`--dry-run`), or ask further questions about it.

pub mod account;
mod adoption;
pub mod change_index;
mod change_text;
pub mod content;
mod denial;
pub mod describe;
pub mod endpoint;
pub mod external_id;
pub mod findings;
pub mod group;
mod handover;
pub mod home;
mod impact;
pub mod invitation;
pub mod item;
pub mod key;
pub mod labels;
pub mod lookalike;
pub mod media;
pub mod membership;
pub mod org;
pub mod org_invitation;
pub mod org_member;
mod org_membership;
pub mod package;
pub mod public_link;
pub mod remedy;
pub mod required_actions;
pub mod review;
pub mod revocation;
pub mod separation;
pub mod server;
pub mod share;
mod text_setting;
mod transaction;
pub mod transfer;
pub mod undo;
pub mod violation_periods;
mod visibility;
pub mod workspace;
pub mod workspace_member;

pub use denial::action_phrase;
pub use impact::affected_set;
pub use remedy::{lacks_phrase, remedies};
pub use transaction::Transaction;
pub use visibility::{
    AnyViewer, ResolvedPath, find, find_item, find_workspace, numbered, require_active, resolve, with_kind,
};

pub use crate::policy::{Actor, Viewer};

use crate::model::{Id, Problem};
use crate::policy::FactsError;

/// The result of an operation.
pub type Result<T> = std::result::Result<T, Problem>;

/// Why an operation was refused. A link or an invitation that does not work is always refused in the same words;
/// the true reason is for the log alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The problem that the actor sees.
    pub problem: Box<Problem>,
    /// The true reason, for the log; empty where `problem` has it.
    pub reason: &'static str,
    /// The outside submitter whose link it was, if known.
    pub invitee: Option<Id>,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Refusal {
        Refusal { problem: Box::new(problem), reason: "", invitee: None }
    }
}

impl From<FactsError> for Refusal {
    fn from(error: FactsError) -> Refusal {
        Problem::from(error).into()
    }
}

/// The problem of a request that sets nothing.
fn nothing_to_set() -> Problem {
    Problem::usage("nothing_to_set", "nothing to change").tip("name an option; --help lists them")
}
