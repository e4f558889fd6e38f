//! [`Rule`]: the name of a rule, with the sentence it comes from.

/// A rule: its name, which never changes, and the sentence it comes from. Only the catalogue can make one, so
/// every rule that a denial names is in the catalogue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// A fixed word, `NOUN.RULE`.
    pub name: &'static str,
    /// `seed NNN: SENTENCE`, `product: SENTENCE` or `decision: SENTENCE`.
    pub source: &'static str,
    sealed: Sealed,
}

/// A private field type, so that only the catalogue can make a [`Rule`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Sealed;

/// Makes a rule for a row of the catalogue.
pub(super) const fn rule(name: &'static str, source: &'static str) -> Rule {
    Rule { name, source, sealed: Sealed }
}
