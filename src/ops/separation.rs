//! Separation of duties: rights that no one account should have together. A policy of audits lists them as conflicts.
//!
//! The rights are looked for in effective access: through groups, presets, ownership and roles that imply others.
//! Findings report the accounts that have them; [`Transaction::check`](super::Transaction::check) refuses a change that would make another one, if
//! the conflict is enforced.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use hashbrown::HashSet;

use super::{Actor, Result, Viewer, resolve};
use crate::model::attributes::Status;
use crate::model::{Action, Binding, Id, Kind, ProblemKind, Reference, Role, Time};
use crate::policy::listing::{Breadth, lookup_subjects};
use crate::policy::{BindingQuery, Evaluator, Facts, Subject};

/// Rights that no one account should have together.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// The name.
    pub name: String,
    /// Why they should not be together.
    pub why: Option<String>,
    /// The rights. An account that has all of them is a finding.
    pub each_of: Vec<Right>,
    /// Accounts and groups that may have them.
    pub except: Vec<Reference>,
    /// Whether a change that gives an account all of the rights is refused.
    pub is_enforced: bool,
}

/// A right of an account.
#[derive(Clone, Debug)]
pub enum Right {
    /// To do an action on a resource.
    May(Action, Reference),
    /// To hold a role on a resource, or on any of its kind.
    Holds(Role, Option<Reference>),
}

/// How an account has a right: on what, and by which bindings.
#[derive(Clone, Debug)]
pub struct HeldRight {
    /// The resource that the account has the right on.
    pub on: Id,
    /// The bindings that give it.
    pub by: Vec<Binding>,
}

/// An account that has all rights of a conflict.
#[derive(Clone, Debug)]
pub struct Violator {
    /// The account.
    pub account: Id,
    /// How it has each right, in the order of the conflict.
    pub held: Vec<HeldRight>,
}

/// What to do about a resource that a conflict names and that does not exist.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    /// Report it: it is probably misspelt.
    Refuse,
    /// Nobody has a right on it, at this moment.
    Skip,
}

/// A search for the accounts that violate conflicts, in the facts of one moment.
pub struct ConflictSearch<'f> {
    facts: &'f dyn Facts,
    at: Time,
    missing: Missing,
}

impl<'f> ConflictSearch<'f> {
    /// A search in these facts.
    pub const fn new(facts: &'f dyn Facts, at: Time, missing: Missing) -> ConflictSearch<'f> {
        ConflictSearch { facts, at, missing }
    }

    /// The active accounts that have all rights of a conflict, without the excepted ones.
    ///
    /// # Errors
    /// "No such …" for a resource that does not exist, if that is asked for; when the facts cannot be read.
    pub fn violators(&self, conflict: &Conflict) -> Result<Vec<Violator>> {
        let mut excepted = HashSet::new();
        for reference in &conflict.except {
            excepted.extend(self.find(reference)?);
        }
        let mut rights = Vec::new();
        for right in &conflict.each_of {
            rights.push(self.holders_of(right)?);
        }
        let mut found = Vec::new();
        let Some(first) = rights.first() else { return Ok(found) };
        for account in first.keys() {
            let held: Vec<HeldRight> = rights.iter().filter_map(|holders| holders.get(account)).cloned().collect();
            if held.len() == rights.len() && self.is_active(*account)? && !self.is_one_of(*account, &excepted)? {
                found.push(Violator { account: *account, held });
            }
        }
        Ok(found)
    }

    /// Checks that everything that a conflict names exists.
    ///
    /// # Errors
    /// "No such …".
    pub fn check_names(&self, conflict: &Conflict) -> Result<()> {
        self.named(conflict).map(drop)
    }

    /// What a conflict names: the excepted accounts and groups, and then the resources of the rights; `None` for what
    /// does not exist.
    ///
    /// # Errors
    /// "No such …" for what does not exist, if that is asked for; when the facts cannot be read.
    pub fn named(&self, conflict: &Conflict) -> Result<Vec<Option<Id>>> {
        let of_right = |right: &'_ Right| match right {
            Right::May(_, on) | Right::Holds(_, Some(on)) => Some(self.find(on)),
            Right::Holds(_, None) => None,
        };
        let excepted = conflict.except.iter().map(|it| self.find(it));
        excepted.chain(conflict.each_of.iter().filter_map(of_right)).collect()
    }

    /// The rights of a violator as text, with the groups that give them; `name` writes references.
    ///
    /// # Errors
    /// Those of `name`.
    pub fn phrase(
        &self,
        conflict: &Conflict,
        violator: &Violator,
        name: &dyn Fn(Id) -> Result<String>,
    ) -> Result<String> {
        let mut phrases = Vec::new();
        for (right, held) in conflict.each_of.iter().zip(&violator.held) {
            let what = match right {
                Right::May(action, _) => format!("may {} on {}", action.verb().as_str(), name(held.on)?),
                Right::Holds(role, Some(_)) => format!("is {} of {}", role.as_str(), name(held.on)?),
                Right::Holds(role, None) => format!("is {}", role.qualified()),
            };
            let mut groups = Vec::new();
            for binding in held.by.iter().filter(|binding| binding.principal != violator.account) {
                let group = name(binding.principal)?;
                if !groups.contains(&group) {
                    groups.push(group);
                }
            }
            phrases.push(match groups.is_empty() {
                true => what,
                false => format!("{what} through {}", groups.join(" and ")),
            });
        }
        Ok(phrases.join("; "))
    }

    fn is_active(&self, account: Id) -> Result<bool> {
        let resource = self.facts.resource(account)?;
        Ok(resource.and_then(|it| it.as_account().map(|it| it.status(self.at))) == Some(Status::Active))
    }

    fn is_one_of(&self, account: Id, excepted: &HashSet<Id>) -> Result<bool> {
        if excepted.is_empty() {
            return Ok(false);
        }
        let subject = Subject::new(self.facts, account, self.at)?.without_classes();
        Ok(subject.principals()?.iter().any(|principal| excepted.contains(principal)))
    }

    /// A resource or principal that the policy names. The policy is the operator's, so it may name anything.
    fn find(&self, reference: &Reference) -> Result<Option<Id>> {
        match resolve(self.facts, &Viewer::new(self.facts, Actor::Operator, self.at)?, reference) {
            Err(problem) if problem.kind == ProblemKind::NotFound && self.missing == Missing::Skip => Ok(None),
            found => found.map(|(id, _)| Some(id)),
        }
    }

    /// The accounts that have a right.
    fn holders_of(&self, right: &Right) -> Result<BTreeMap<Id, HeldRight>> {
        let mut found = BTreeMap::new();
        match right {
            Right::May(action, on) => {
                if let Some(on) = self.find(on)? {
                    self.add_who_may(*action, on, &mut found)?;
                }
            }
            Right::Holds(role, Some(on)) => {
                if let Some(on) = self.find(on)? {
                    self.add_holders(*role, on, &mut found)?;
                }
            }
            Right::Holds(role, None) => {
                for on in self.all_of(role.resource_kind())? {
                    self.add_holders(*role, on, &mut found)?;
                }
            }
        }
        Ok(found)
    }

    /// Every resource of a kind that roles are on.
    fn all_of(&self, kind: Kind) -> Result<Vec<Id>> {
        match kind {
            Kind::Server => Ok(vec![Id::SERVER]),
            Kind::Workspace => {
                let mut found = Vec::new();
                for org in self.facts.ids(Kind::Org, None)? {
                    found.extend(self.facts.ids(Kind::Workspace, Some(org))?);
                }
                Ok(found)
            }
            kind => Ok(self.facts.ids(kind, None)?),
        }
    }

    fn add_who_may(&self, action: Action, on: Id, found: &mut BTreeMap<Id, HeldRight>) -> Result<()> {
        let evaluator = Evaluator::new(self.facts, self.at);
        let mut accounts = Vec::new();
        if let Some(target) = evaluator.target(on)? {
            lookup_subjects(&evaluator, &[action], &target, Breadth::Everybody, &mut |principal, _| {
                accounts.push(principal);
                Ok(ControlFlow::Continue(()))
            })?;
        }
        for account in accounts {
            if self.kind_of(account)? == Some(Kind::Account) && account > Id::LAST_RESERVED {
                let decision = evaluator.decide(account, action, on)?;
                let by = decision.proof.iter().filter_map(|step| step.binding().cloned()).collect();
                found.insert(account, HeldRight { on, by });
            }
        }
        Ok(())
    }

    /// Adds the accounts that hold a role, or one that implies it, on a resource, themselves or through groups.
    fn add_holders(&self, role: Role, on: Id, found: &mut BTreeMap<Id, HeldRight>) -> Result<()> {
        for role in role.implied_by() {
            for binding in self.facts.list_bindings(BindingQuery::OnAs(on, *role))? {
                let mut open: Vec<Vec<Binding>> = vec![vec![binding]];
                let mut seen = HashSet::new();
                while let Some(path) = open.pop() {
                    let Some(last) = path.last().filter(|last| last.is_effective(self.at)) else { continue };
                    if !seen.insert(last.principal) {
                        continue;
                    }
                    if self.kind_of(last.principal)? != Some(Kind::Group) {
                        found.entry(last.principal).or_insert(HeldRight { on, by: path });
                        continue;
                    }
                    for member in self.facts.list_bindings(BindingQuery::members_of(last.principal))? {
                        open.push(path.iter().cloned().chain([member]).collect());
                    }
                }
            }
        }
        Ok(())
    }

    fn kind_of(&self, id: Id) -> Result<Option<Kind>> {
        Ok(self.facts.header(id)?.map(|header| header.kind()))
    }
}
