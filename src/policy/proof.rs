//! Proofs: the facts a decision rests on, in the order in which they lead to it.
//!
//! The rules are written once for both kinds of [`Evidence`]: the [`Proof`], for whoever wants to
//! know why, and `()`, for the many questions whose answer alone is wanted.

use crate::model::attributes::Setting;
use crate::model::{Binding, Id, Role};

/// One fact of a proof.
#[derive(Clone, PartialEq, Debug)]
pub enum ProofStep {
    /// The principal is an active account (or stands for active accounts).
    Account {
        /// Which.
        principal: Id,
    },
    /// The account acts on itself.
    Itself {
        /// Which.
        principal: Id,
    },
    /// The principal is a member of a group; what the group has, it has.
    Member(Binding),
    /// The principal holds a role on a resource.
    Role(Binding),
    /// A role gives another one.
    Implies {
        /// The one held.
        role: Role,
        /// The one that follows.
        implied: Role,
    },
    /// A setting of an account, or the server's default for it.
    Setting {
        /// Of which account.
        principal: Id,
        /// Which.
        setting: Setting,
        /// Whether it allows.
        allowed: bool,
        /// Whether the account's own value decided, rather than the server's.
        own: bool,
    },
    /// A value that stands on a resource: a send policy, a permission of its admins.
    Value {
        /// On which resource.
        on: Id,
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// Two accounts are both members of this workgroup.
    Shared {
        /// The workgroup.
        workgroup: Id,
        /// The other account.
        with: Id,
    },
    /// The principal holds a share of an item, directly or as something it is.
    Share(Binding),
    /// The principal is a live access token of this workspace.
    Token {
        /// The token.
        token: Id,
        /// Its workspace.
        workspace: Id,
    },
    /// The package went to this workgroup, dropbox or account.
    Received {
        /// Who received it.
        by: Id,
    },
}

/// The facts of a decision, in the order in which they lead to it.
pub type Proof = Vec<ProofStep>;

/// What an evaluation brings back besides its answer.
pub trait Evidence: Default {
    /// Whether steps are kept, so that looking up what they say is worth it.
    const RECORDS: bool;

    /// Adds a step; it is made only where steps are kept.
    fn add(&mut self, step: impl FnOnce() -> ProofStep);

    /// Adds all steps of another, after its own.
    fn join(&mut self, other: Self);

    /// Adds the steps of another that are not there yet.
    fn join_new(&mut self, other: Self);

    /// The same without some steps.
    #[must_use]
    fn without(self, which: &dyn Fn(&ProofStep) -> bool) -> Self;

    /// Of a single step.
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
    /// The binding it rests on, if it rests on one.
    pub const fn binding(&self) -> Option<&Binding> {
        match self {
            ProofStep::Member(binding) | ProofStep::Role(binding) | ProofStep::Share(binding) => Some(binding),
            _ => None,
        }
    }
}
