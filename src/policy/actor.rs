//! The actor: who acts or reads in one command.

use crate::model::Id;

/// Who acts or reads in one command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Actor {
    /// Whoever can write the store file: may do every action and see everything, but is bound by every invariant.
    Operator,
    /// An account, a token, or an outside submitter with a link: every rule applies.
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
