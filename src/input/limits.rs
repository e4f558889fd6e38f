//! The limits on a YAML or JSON document, which keep a small text from taking much memory or a deep stack.

/// The maximum depth of nesting: far more than a manifest needs, and safe for any stack.
pub(super) const MAX_DEPTH: usize = 32;

/// The maximum number of values that all aliases of a text may repeat. A list of 500 people in 100 groups is far
/// below it; this many values take about 20 MB of memory.
pub(super) const MAX_ALIAS_NODES: usize = 200_000;

/// The maximum amount of text in repeated values, in bytes.
pub(super) const MAX_ALIAS_BYTES: usize = 16 << 20;
