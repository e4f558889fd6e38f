//! How much an apply removes before it asks for a number.

/// The most things that one apply removes.
pub const MAX_REMOVALS: u64 = 20;

/// The largest part of a set that one apply removes, in hundredths.
pub const MAX_PERCENT: u64 = 25;

/// From so many things on the part of a set counts; below it, one would be too many.
pub const PERCENT_APPLIES_FROM: u64 = 8;
