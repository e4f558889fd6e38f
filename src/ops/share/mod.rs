//! Shares: granting, changing, revoking, pruning (model §8).

pub mod cascade;
mod change;
mod grant;

pub use change::{Which, authorize, prune, prune_everywhere, revoke, set};
pub use grant::{Grant, grant, record};
