//! The default limits on what one apply may remove. `--max-removals` raises them.

/// The maximum number of removals in one apply.
pub const MAX_REMOVALS: u64 = 20;

/// The maximum part of a set that one apply removes, in percent.
pub const MAX_PERCENT: u64 = 25;

/// The percentage limit applies from this many objects on; in smaller sets few removals would exceed it.
pub const PERCENT_APPLIES_FROM: u64 = 8;
