//! Shares (docs/model.md#shares): `grant` makes them, `change` changes, revokes and prunes them, `cascade` finds what
//! rests on a share, `orphans` the shares that rest on nothing, and `handover` transfers or ends the shares of an account that is destroyed.

pub mod cascade;
mod change;
mod grant;
mod handover;
mod orphans;

pub use change::{DEPENDENTS, ShareSelector, Sharer, authorize, own_share_at, prune, prune_everywhere, revoke, set};
pub use grant::{NewShare, apply_end_caps, defer_end_caps, grant, record, required_to_record};
pub(crate) use grant::{refuse_principal, unfit};
pub(super) use handover::{describe_share, end_made_by, made_by, reassign};
pub use orphans::OrphanSearch;
