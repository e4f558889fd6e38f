//! The one evaluator: `decide(facts, question)` is a decision with its proof.

use super::conditions::met;
use super::facts::{Facts, Result};
use super::holders::holder;
use super::limits::demand;
use super::proof::Step;
use super::subject::{Sort, Subject};
use super::target::Target;
use crate::model::catalogue::{self, ACTIVE_ONLY, Grant, Holder, NOT_GRANTED, OUTSIDERS, Rule, TOKEN_ENDED, denials};
use crate::model::{Action, Id, Kind, Time, Verb};

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Question {
    /// Who would do it.
    pub principal: Id,
    /// What.
    pub action: Action,
    /// On what.
    pub resource: Id,
    /// When: expiries are judged at this time.
    pub at: Time,
}

/// The answer, with what it rests on.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision {
    /// Yes or no.
    pub allowed: bool,
    /// The rule that decided.
    pub rule: Rule,
    /// The facts it rests on; for a denial, those that stand against it, if any do.
    pub proof: Vec<Step>,
}

impl Decision {
    fn denied(rule: Rule, proof: Vec<Step>) -> Decision {
        Decision { allowed: false, rule, proof }
    }
}

/// Whether a principal may do an action on a resource.
///
/// A resource that is not there is nobody's: the answer is a denial.
///
/// # Errors
/// When the facts cannot be read.
pub fn decide<F: Facts + ?Sized>(facts: &F, question: &Question) -> Result<Decision> {
    let subject = Subject::new(facts, question.principal, question.at)?;
    decide_for(&subject, question.action, question.resource)
}

/// As [`decide`], for a subject that was looked up before: listings ask many questions for one.
///
/// # Errors
/// When the facts cannot be read.
pub fn decide_for<F: Facts + ?Sized>(subject: &Subject<'_, F>, action: Action, resource: Id) -> Result<Decision> {
    let Some(target) = Target::of(subject.facts(), resource)? else {
        return Ok(Decision::denied(NOT_GRANTED, Vec::new()));
    };
    if subject.sort == Sort::Account && !subject.is_registered() {
        return Ok(Decision::denied(ACTIVE_ONLY, Vec::new()));
    }
    if subject.sort == Sort::Token && !is_live(subject)? {
        return Ok(Decision::denied(TOKEN_ENDED, Vec::new()));
    }
    let verb = action.verb();
    // What is shared with anyone is shared with outsiders too.
    let can_be_shared = matches!(target.kind, Kind::Item | Kind::Endpoint);
    if subject.sort == Sort::Outsider && verb != Verb::Submit && !can_be_shared {
        return Ok(Decision::denied(OUTSIDERS, Vec::new()));
    }
    let mut limits = Vec::new();
    for limit in catalogue::limits_of(target.kind, verb) {
        let (ok, steps) = demand(subject, limit.demand, action, &target)?;
        if !ok {
            return Ok(Decision::denied(limit.rule, steps));
        }
        limits.extend(steps);
    }
    for grant in catalogue::grants_of(target.kind, verb) {
        if let Some(mut proof) = given(subject, grant, action, &target)? {
            proof.append(&mut limits);
            return Ok(Decision { allowed: true, rule: grant.rule, proof });
        }
    }
    Ok(Decision::denied(denial_rule(subject, &target, action)?, Vec::new()))
}

/// Whether an access token is active and its workspace is there.
fn is_live<F: Facts + ?Sized>(subject: &Subject<'_, F>) -> Result<bool> {
    let Some(token) = subject.resource() else { return Ok(false) };
    let active = token.as_token().is_some_and(|it| it.status(subject.at) == "active");
    Ok(active && token.parent.map(|id| subject.facts().resource(id)).transpose()?.flatten().is_some())
}

/// Whether a row gives: its holder is the subject and its condition is met.
pub(super) fn given<F: Facts + ?Sized>(
    subject: &Subject<'_, F>,
    grant: &Grant,
    action: Action,
    target: &Target,
) -> Result<Option<Vec<Step>>> {
    let Some(mut steps) = holder(subject, grant.holder, action, target)? else { return Ok(None) };
    if let Some(condition) = grant.when {
        let Some(more) = met(subject, condition, action, target)? else { return Ok(None) };
        steps.extend(more);
    }
    Ok(Some(steps))
}

/// The sentence a refusal is read from.
fn denial_rule<F: Facts + ?Sized>(subject: &Subject<'_, F>, target: &Target, action: Action) -> Result<Rule> {
    let verb = action.verb();
    for row in denials().filter(|row| row.kind == target.kind && row.verbs.contains(&verb)) {
        let held = match row.holder {
            None => true,
            Some(role) => holder(subject, Holder::Role(role), Action::Plain(verb), target)?.is_some(),
        };
        let fits = match row.when {
            Some(condition) if held => met(subject, condition, action, target)?.is_some(),
            _ => held,
        };
        if fits {
            return Ok(row.rule);
        }
    }
    Ok(NOT_GRANTED)
}
