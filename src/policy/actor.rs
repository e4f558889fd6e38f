//! Who acts or reads.

use crate::model::Id;

/// Who acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Actor {
    /// Whoever holds the store: allowed every action, told everything, bound by every invariant.
    Operator,
    /// An account, or whoever holds a link: every rule applies.
    Principal(Id),
}

impl Actor {
    /// The principal, if it is not the operator.
    pub const fn principal(self) -> Option<Id> {
        match self {
            Actor::Operator => None,
            Actor::Principal(id) => Some(id),
        }
    }
}
