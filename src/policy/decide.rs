//! The evaluator: [`decide`] answers a question with a proof, and [`allows`] gives the same answer
//! without one, for callers with many questions.

use super::conditions::condition_holds;
use super::content::denied_part;
use super::facts::{Facts, Result};
use super::grantees::is_grantee;
use super::proof::{Evidence, Proof};
use super::restrictions::requirement_met;
use super::subject::{PrincipalKind, Subject};
use super::target::Target;
use crate::model::attributes::LinkStatus;
use crate::model::catalogue::{
    self, ACTIVE_ONLY, Grant, Grantee, NOT_GRANTED, NOT_THERE, OUTSIDERS, Rule, TOKEN_ENDED,
};
use crate::model::{Action, Id, Kind, Time, Verb};

/// A question: may this principal do this action on this resource at this time?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Question {
    /// The principal that would act.
    pub principal: Id,
    /// The action.
    pub action: Action,
    /// The resource to act on.
    pub resource: Id,
    /// The time at which expiries are judged.
    pub at: Time,
}

/// The answer to a question, with the evidence for it.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision<E = Proof> {
    /// Whether the action is allowed.
    pub allowed: bool,
    /// The rule that decided.
    pub rule: Rule,
    /// The facts that the answer rests on. For a denial: the facts that speak against the action, if any.
    pub proof: E,
}

impl<E: Evidence> Decision<E> {
    fn denied(rule: Rule, proof: E) -> Decision<E> {
        Decision { allowed: false, rule, proof }
    }
}

/// Whether a principal may do an action on a resource.
///
/// Denied if the resource does not exist.
///
/// ```
/// use rolebook::model::attributes::{Account, Attributes, BindingAttributes};
/// use rolebook::model::{Action, Binding, Id, Resource, Role, SetNames, Time, Verb};
/// use rolebook::policy::{EmptyFacts, Overlay, Question, decide};
///
/// let now = Time::parse("2026-06-01")?;
/// let mut facts = Overlay::new(&EmptyFacts)?;
/// let alice = facts.new_id();
/// facts.put_resource(Resource {
///     id: alice,
///     parent: None,
///     name: "alice".to_owned(),
///     key: "alice".to_owned(),
///     alias: None,
///     attributes: Attributes::Account(Account::default()),
///     sets: SetNames::NONE,
///     since: 0,
/// });
/// let create = Action::Plain(Verb::CreateWorkgroup);
/// let question = Question { principal: alice, action: create, resource: Id::SERVER, at: now };
/// assert!(!decide(&facts, &question)?.allowed);
///
/// let id = facts.new_id();
/// facts.put_binding(Binding {
///     id,
///     resource: Id::SERVER,
///     principal: alice,
///     role: Role::ServerAdmin,
///     grantor: None,
///     expires: None,
///     attributes: BindingAttributes::default(),
///     sets: SetNames::NONE,
///     since: 0,
/// });
/// let decision = decide(&facts, &question)?;
/// assert!(decision.allowed);
/// assert_eq!(decision.rule.name, "workgroup.admins-manage");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When the facts cannot be read.
pub fn decide<F: Facts + ?Sized>(facts: &F, question: &Question) -> Result<Decision> {
    let subject = Subject::new(facts, question.principal, question.at)?;
    decide_for(&subject, question.action, question.resource)
}

/// As [`decide`], for a subject that is already loaded: a listing asks many questions about one subject.
///
/// # Errors
/// When the facts cannot be read.
pub fn decide_for<F: Facts + ?Sized>(subject: &Subject<'_, F>, action: Action, resource: Id) -> Result<Decision> {
    match Target::load(subject.facts(), resource)? {
        Some(target) => decide_on(subject, action, &target),
        None => Ok(Decision::denied(NOT_GRANTED, Vec::new())),
    }
}

/// As [`decide_for`], on a resource that is already loaded.
///
/// # Errors
/// When the facts cannot be read.
pub fn decide_on<F: Facts + ?Sized>(subject: &Subject<'_, F>, action: Action, target: &Target) -> Result<Decision> {
    let mut decision = evaluate(subject, action, target)?;
    if !decision.allowed && decision.rule == NOT_GRANTED {
        decision.rule = denial_rule(subject, target, action)?;
    }
    Ok(decision)
}

/// The rule that lets a subject do an action on a resource; `None` if the subject may not.
///
/// # Errors
/// When the facts cannot be read.
pub fn allows<F: Facts + ?Sized>(subject: &Subject<'_, F>, action: Action, target: &Target) -> Result<Option<Rule>> {
    let decision: Decision<()> = evaluate(subject, action, target)?;
    Ok(decision.allowed.then_some(decision.rule))
}

/// As [`evaluate`], on a resource that is not loaded yet.
pub(super) fn evaluate_for<F: Facts + ?Sized, E: Evidence>(
    subject: &Subject<'_, F>,
    action: Action,
    resource: Id,
) -> Result<Decision<E>> {
    match Target::load(subject.facts(), resource)? {
        Some(target) => evaluate(subject, action, &target),
        None => Ok(Decision::denied(NOT_GRANTED, E::default())),
    }
}

/// Evaluates limits and grants. The rule of a denial that no limit causes is [`NOT_GRANTED`].
pub(super) fn evaluate<F: Facts + ?Sized, E: Evidence>(
    subject: &Subject<'_, F>,
    action: Action,
    target: &Target,
) -> Result<Decision<E>> {
    if subject.principal_kind == PrincipalKind::Account && !subject.is_registered() {
        return Ok(Decision::denied(ACTIVE_ONLY, E::default()));
    }
    if subject.is_gone() {
        return Ok(Decision::denied(NOT_THERE, E::default()));
    }
    if subject.principal_kind == PrincipalKind::Token && !is_live_token(subject)? {
        return Ok(Decision::denied(TOKEN_ENDED, E::default()));
    }
    let verb = action.verb();
    // A share with `anyone` reaches outsiders too.
    let can_be_shared = matches!(target.kind, Kind::Item | Kind::Endpoint);
    if subject.principal_kind == PrincipalKind::Outsider && verb != Verb::Submit && !can_be_shared {
        return Ok(Decision::denied(OUTSIDERS, E::default()));
    }
    let rows = catalogue::rules_for(target.kind, verb);
    let mut limits = E::default();
    for limit in &rows.restrictions {
        let (ok, steps) = requirement_met::<F, E>(subject, limit.requirement, action, target)?;
        if !ok {
            return Ok(Decision::denied(limit.rule, steps));
        }
        limits.join(steps);
    }
    for grant in &rows.grants {
        if let Some(mut proof) = grant_applies::<F, E>(subject, grant, action, target)? {
            proof.join(limits);
            return Ok(Decision { allowed: true, rule: grant.rule, proof });
        }
    }
    Ok(Decision::denied(NOT_GRANTED, E::default()))
}

/// Whether an access token is active and its workspace exists.
fn is_live_token<F: Facts + ?Sized>(subject: &Subject<'_, F>) -> Result<bool> {
    let Some((token, workspace)) = subject.token() else { return Ok(false) };
    Ok(token.status(subject.at) == LinkStatus::Active && subject.facts().header(workspace)?.is_some())
}

/// Evidence that a grant applies: the subject is its grantee and its condition is met.
pub(super) fn grant_applies<F: Facts + ?Sized, E: Evidence>(
    subject: &Subject<'_, F>,
    grant: &Grant,
    action: Action,
    target: &Target,
) -> Result<Option<E>> {
    // The condition first: most conditions only read the resource, which costs less than a look at the subject.
    let more = match grant.when {
        Some(condition) => condition_holds::<F, E>(subject, condition, action, target)?,
        None => Some(E::default()),
    };
    let Some(more) = more else { return Ok(None) };
    let Some(mut steps) = is_grantee::<F, E>(subject, grant.grantee, action, target)? else { return Ok(None) };
    steps.join(more);
    Ok(Some(steps))
}

/// The rule whose sentence explains a denial.
fn denial_rule<F: Facts + ?Sized>(subject: &Subject<'_, F>, target: &Target, action: Action) -> Result<Rule> {
    let verb = action.verb();
    // For a move or a copy, the sentence is that of the denied part. The exception is a denied upload into the
    // destination: the sentence about moving and copying says that itself.
    if let Action::MoveTo(to) | Action::CopyTo(to) = action
        && let Some((part, on, decision)) = denied_part(subject, action, target.id)?
    {
        if decision.rule != NOT_GRANTED {
            return Ok(decision.rule);
        }
        if (part.verb() != Verb::Upload || on != to.folder)
            && let Some(on) = Target::load(subject.facts(), on)?
        {
            return denial_rule(subject, &on, part);
        }
    }
    for row in &catalogue::rules_for(target.kind, verb).denial_reasons {
        let held = match row.role {
            None => true,
            Some(role) => is_grantee::<F, ()>(subject, Grantee::Role(role), Action::Plain(verb), target)?.is_some(),
        };
        let fits = match row.when {
            Some(condition) if held => condition_holds::<F, ()>(subject, condition, action, target)?.is_some(),
            _ => held,
        };
        if fits {
            return Ok(row.rule);
        }
    }
    Ok(NOT_GRANTED)
}
