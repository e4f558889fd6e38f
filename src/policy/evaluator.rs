//! [`Evaluator`]: many questions over the same facts at one time. Subjects and targets are cached in
//! memory that does not grow with the number of questions.

use std::rc::Rc;

use super::cache::BoundedCache;
use super::decide::{Decision, allows, decide_on};
use super::facts::{Facts, Result};
use super::subject::Subject;
use super::target::Target;
use crate::model::catalogue::{NOT_GRANTED, Rule};
use crate::model::{Action, Id, Time};

/// Answers many questions over the same facts at the same time.
pub struct Evaluator<'f, F: Facts + ?Sized> {
    facts: &'f F,
    at: Time,
    subjects: BoundedCache<Subject<'f, F>>,
    targets: BoundedCache<Target>,
}

impl<'f, F: Facts + ?Sized> Evaluator<'f, F> {
    /// An evaluator over some facts; expiries are judged at `at`.
    pub const fn new(facts: &'f F, at: Time) -> Evaluator<'f, F> {
        Evaluator { facts, at, subjects: BoundedCache::new(), targets: BoundedCache::new() }
    }

    /// The facts that questions are answered from.
    pub const fn facts(&self) -> &'f F {
        self.facts
    }

    /// The time that expiries are judged at.
    pub const fn at(&self) -> Time {
        self.at
    }

    /// A principal with its groups, workgroups and classes.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn subject(&self, id: Id) -> Result<Rc<Subject<'f, F>>> {
        match self.subjects.get(id.0, |kept| kept.id == id) {
            Some(subject) => Ok(subject),
            None => Ok(self.subjects.put(id.0, Subject::new(self.facts, id, self.at)?)),
        }
    }

    /// A resource with its ancestors; `None` if it does not exist.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn target(&self, id: Id) -> Result<Option<Rc<Target>>> {
        match self.targets.get(id.0, |kept| kept.id == id) {
            Some(target) => Ok(Some(target)),
            None => Ok(Target::load(self.facts, id)?.map(|target| self.targets.put(id.0, target))),
        }
    }

    /// The rule that lets a principal do an action on a resource; `None` if the principal may not.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn allows(&self, principal: Id, action: Action, resource: Id) -> Result<Option<Rule>> {
        match self.target(resource)? {
            Some(target) => self.allows_on(principal, action, &target),
            None => Ok(None),
        }
    }

    /// As [`allows`](Evaluator::allows), on a resource that is already loaded.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn allows_on(&self, principal: Id, action: Action, target: &Target) -> Result<Option<Rule>> {
        allows(&*self.subject(principal)?, action, target)
    }

    /// As [`allows`](Evaluator::allows), with the proof, or with the rule behind the denial.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn decide(&self, principal: Id, action: Action, resource: Id) -> Result<Decision> {
        match self.target(resource)? {
            Some(target) => decide_on(&*self.subject(principal)?, action, &target),
            None => Ok(Decision { allowed: false, rule: NOT_GRANTED, proof: Vec::new() }),
        }
    }
}
