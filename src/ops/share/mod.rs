//! Shares: granting, changing, revoking, pruning, and what becomes of those of an account that ends
//! (docs/model.md#shares).

pub mod cascade;
mod change;
mod grant;
mod handover;

pub use change::{DEPENDENTS, ShareSelector, Sharer, authorize, own_share_at, prune, prune_everywhere, revoke, set};
pub use grant::{NewShare, apply_end_caps, defer_end_caps, grant, record, required_to_record};
pub(crate) use grant::{refuse_principal, unfit};
pub(super) use handover::{describe_share, end_made_by, made_by, reassign};
