//! Shares: granting, changing, revoking, pruning, and what becomes of those of an account that ends
//! (docs/model.md#shares).

pub mod cascade;
mod change;
mod grant;
mod settle;

pub use change::{DEPENDENTS, Sharer, Which, authorize, own_share_at, prune, prune_everywhere, revoke, set};
pub use grant::{Grant, bound, bound_later, grant, needed_to_record, record};
pub(crate) use grant::{refuse_principal, unfit};
pub(super) use settle::{end_made_by, hand_over, made_by, shown};
