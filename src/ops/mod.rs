//! What people do: each operation reads facts and adds to a draft; it writes nothing.
//!
//! An operation takes a [`Transaction`] (facts with the draft so far laid over them, an actor and a time)
//! and a request of plain values. It asks [`crate::policy::decide`] before it changes anything and
//! answers with a [`Problem`] when a rule or an invariant forbids it. What becomes of the draft is
//! up to the caller: commit it, show it (`--dry-run`), or ask further questions about it.

pub mod account;
pub mod authority;
mod change;
pub mod changes;
pub mod content;
pub mod dropbox;
pub mod endpoint;
mod heir;
pub mod home;
pub mod invitation;
pub mod item;
pub mod key;
mod lookalike;
pub mod media;
pub mod membership;
pub mod org;
pub mod org_invitation;
pub mod org_member;
pub mod package;
pub mod place;
mod refusal;
pub mod remedy;
pub mod rows;
mod scope;
pub mod server;
pub mod share;
mod sight;
mod transaction;
pub mod transfer;
pub mod undo;
pub mod workspace;
pub mod workspace_member;

pub use refusal::{action_phrase, lacks_phrase};
pub use remedy::remedies;
pub use scope::scope;
pub use sight::{AnyViewer, Place, find, find_item, find_workspace, numbered, require_active, resolve};
pub use transaction::Transaction;

pub use crate::policy::{Actor, Viewer};

use crate::model::Problem;

/// The result of an operation.
pub type Result<T> = std::result::Result<T, Problem>;

/// A change that names nothing to change.
fn nothing_to_set() -> Problem {
    Problem::usage("nothing_to_set", "nothing is said that could be changed").tip("name an option; --help lists them")
}
