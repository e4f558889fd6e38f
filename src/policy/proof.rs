//! Proofs: the facts a decision rests on, in the order in which they lead to it.
//!
//! The rules are generic over [`Evidence`]: [`Proof`] records the steps for an explanation, and `()`
//! records nothing, for questions that only need the answer.

use crate::model::attributes::Setting;
use crate::model::{Binding, Id, Role};

/// One fact of a proof.
#[derive(Clone, PartialEq, Debug)]
pub enum ProofStep {
    /// The principal is an active account, or a class, group or workgroup of active accounts.
    Account {
        /// The account or class.
        principal: Id,
    },
    /// The principal is the resource asked about, or is it by being a member.
    Itself {
        /// The principal.
        principal: Id,
    },
    /// The principal is a member of a group, and so has what the group has.
    Member(Binding),
    /// The principal holds a role on a resource.
    Role(Binding),
    /// A role implies another role.
    Implies {
        /// The role that is held.
        role: Role,
        /// The role that follows from it.
        implied: Role,
    },
    /// A setting of an account, or the server's default for it.
    Setting {
        /// The account.
        principal: Id,
        /// The setting.
        setting: Setting,
        /// Whether the setting allows.
        allowed: bool,
        /// Whether the account's own value decided, and not the server's.
        own: bool,
    },
    /// An attribute of a resource: a send policy, a right of its admins.
    Value {
        /// The resource.
        on: Id,
        /// The name of the attribute.
        name: &'static str,
        /// The value of the attribute.
        value: String,
    },
    /// Two accounts are both members of this workgroup.
    Shared {
        /// The workgroup.
        workgroup: Id,
        /// The other account.
        with: Id,
    },
    /// The principal holds a share of an item, directly or through a group, workgroup or class.
    Share(Binding),
    /// The principal is a live access token of this workspace.
    Token {
        /// The token.
        token: Id,
        /// The workspace of the token.
        workspace: Id,
    },
    /// The package went to this workgroup, dropbox or account.
    Received {
        /// The recipient.
        by: Id,
    },
}

/// The facts a decision rests on, in the order in which they lead to it.
pub type Proof = Vec<ProofStep>;

/// What an evaluation returns in addition to its answer: recorded steps, or nothing.
pub trait Evidence: Default {
    /// Whether steps are recorded. If not, rules skip the lookups that only a step needs.
    const RECORDS: bool;

    /// Adds a step. The step is only built if steps are recorded.
    fn add(&mut self, step: impl FnOnce() -> ProofStep);

    /// Appends all steps of `other`.
    fn join(&mut self, other: Self);

    /// Appends the steps of `other` that are not recorded yet.
    fn join_new(&mut self, other: Self);

    /// This evidence without the steps that `which` selects.
    #[must_use]
    fn without(self, which: &dyn Fn(&ProofStep) -> bool) -> Self;

    /// Evidence of a single step.
    fn of(step: impl FnOnce() -> ProofStep) -> Self {
        let mut evidence = Self::default();
        evidence.add(step);
        evidence
    }
}

impl Evidence for Proof {
    const RECORDS: bool = true;

    fn add(&mut self, step: impl FnOnce() -> ProofStep) {
        self.push(step());
    }

    fn join(&mut self, other: Proof) {
        self.extend(other);
    }

    fn without(mut self, which: &dyn Fn(&ProofStep) -> bool) -> Proof {
        self.retain(|step| !which(step));
        self
    }

    fn join_new(&mut self, other: Proof) {
        for step in other {
            if !self.contains(&step) {
                self.push(step);
            }
        }
    }
}

impl Evidence for () {
    const RECORDS: bool = false;

    fn add(&mut self, _: impl FnOnce() -> ProofStep) {}

    fn join(&mut self, (): ()) {}

    fn join_new(&mut self, (): ()) {}

    fn without(self, _: &dyn Fn(&ProofStep) -> bool) {}
}

impl ProofStep {
    /// The binding that the step rests on, if any.
    pub const fn binding(&self) -> Option<&Binding> {
        match self {
            ProofStep::Member(binding) | ProofStep::Role(binding) | ProofStep::Share(binding) => Some(binding),
            _ => None,
        }
    }
}
