//! Evaluates the claim of a test: resolves its names first, then decides its questions, on the store's facts or on any
//! others.

use std::ops::ControlFlow;

use super::super::question::{
    ParsedQuestion, ResourceArg, may_ask_about_others, oneself, others_refused, parse_listable,
};
use crate::cli::view::ReadView;
use crate::manifest::assertions::{Claim, Expected};
use crate::model::{Action, Id, Kind, Problem, Reference};
use crate::policy::listing::{Breadth, Filter, ItemDetail, lookup_resources, lookup_subjects};
use crate::policy::{Evaluator, Facts, Question};
use crate::render::RenderError;

/// A claim with its names resolved to ids.
pub(super) enum ResolvedClaim {
    /// Each of these questions has the same answer.
    Each { allowed: bool, asked: Vec<ParsedQuestion> },
    /// Who may do each of these actions on a resource.
    Who { actions: Vec<Action>, on: Id, expected: ExpectedIds },
    /// The resources on which a principal may do something.
    List { who: Id, filter: Filter, expected: ExpectedIds },
}

/// [`Expected`] with its names resolved to ids.
#[derive(Default)]
pub(super) struct ExpectedIds {
    is: Option<Vec<Id>>,
    includes: Vec<Id>,
    excludes: Vec<Id>,
}

/// A question whose answer contradicts the test.
pub(super) struct Contradiction {
    pub(super) question: Question,
    /// The resource as the test writes it; `None` if a listing found it.
    pub(super) resource: Option<String>,
    /// Whether the test claims that it is allowed.
    pub(super) expected: bool,
}

impl ResolvedClaim {
    /// Resolves the names of a claim. Fails if the reader may not ask its questions.
    pub(super) fn find<F: Facts>(view: &ReadView<'_, F>, claim: &Claim) -> Result<ResolvedClaim, RenderError> {
        match claim {
            Claim::Each { principals, allowed, actions, resource } => {
                let mut asked = Vec::new();
                for who in principals {
                    for action in actions {
                        asked.push(ParsedQuestion::read(view, who, action, resource)?);
                    }
                }
                Ok(ResolvedClaim::Each { allowed: *allowed, asked })
            }
            Claim::Who { actions, resource, expected } => {
                let on = ResourceArg::find(view, resource, actions.first().map_or("", String::as_str))?;
                let actions = actions.iter().map(|text| on.action(view, text)).collect::<Result<_, _>>()?;
                if !may_ask_about_others(view, on.id, on.kind)? {
                    return Err(others_refused(view)?.into());
                }
                let expected =
                    ExpectedIds::find(expected, &|text| match view.resolve(&Reference::principal(text)?)? {
                        // The listing names the members of a group and never the group.
                        (_, kind @ (Kind::Group | Kind::Workgroup)) => {
                            Err(Problem::conflict("wrong_kind", format!("not an account: `{text}`"))
                                .why(format!("the answer names the members of {}", kind.article())))
                        }
                        (id, _) => Ok(id),
                    })?;
                Ok(ResolvedClaim::Who { actions, on: on.id, expected })
            }
            Claim::List { principal: who, kind, under, actions, expected } => {
                let reference = Reference::principal(who)?;
                let who = match oneself(view, &reference)? {
                    Some(own) => own,
                    None if may_ask_about_others(view, Id::SERVER, Kind::Server)? => view.resolve(&reference)?.0,
                    None => return Err(others_refused(view)?.into()),
                };
                let under = under.as_ref().map(|text| ResourceArg::find(view, text, "")).transpose()?.map(|on| on.id);
                let of = if under.is_some() { Some(Kind::Item) } else { *kind };
                let actions = actions.iter().map(|text| parse_listable(text, of)).collect::<Result<_, _>>()?;
                let expected = ExpectedIds::find(expected, &|text| ResourceArg::find(view, text, "").map(|on| on.id))?;
                Ok(ResolvedClaim::List { who, filter: Filter { kind: *kind, under, actions }, expected })
            }
        }
    }

    /// The questions whose answers contradict the claim.
    pub(super) fn contradictions<F: Facts>(
        &self,
        evaluator: &Evaluator<'_, F>,
    ) -> Result<Vec<Contradiction>, RenderError> {
        let mut found = Vec::new();
        match self {
            ResolvedClaim::Each { allowed, asked } => {
                for ParsedQuestion { question, resource } in asked {
                    let Question { principal, action, resource: on, .. } = *question;
                    if evaluator.allows(principal, action, on)?.is_some() != *allowed {
                        let resource = Some(resource.clone());
                        found.push(Contradiction { question: *question, resource, expected: *allowed });
                    }
                }
            }
            ResolvedClaim::Who { actions, on, expected } => {
                for action in actions {
                    expected.among_people(evaluator, *action, *on, &mut found)?;
                }
            }
            ResolvedClaim::List { who, filter, expected } => {
                expected.among_resources(evaluator, *who, filter, &mut found)?
            }
        }
        Ok(found)
    }
}

impl ExpectedIds {
    fn find(expected: &Expected, find: &dyn Fn(&str) -> Result<Id, Problem>) -> Result<ExpectedIds, Problem> {
        let all = |list: &[String]| list.iter().map(|text| find(text)).collect::<Result<Vec<_>, _>>();
        Ok(ExpectedIds {
            is: expected.is.as_deref().map(all).transpose()?,
            includes: all(&expected.includes)?,
            excludes: all(&expected.excludes)?,
        })
    }

    /// The ids that must be in the answer.
    fn needed(&self) -> impl Iterator<Item = Id> {
        self.is.iter().flatten().chain(&self.includes).copied()
    }

    fn among_people<F: Facts>(
        &self,
        evaluator: &Evaluator<'_, F>,
        action: Action,
        on: Id,
        found: &mut Vec<Contradiction>,
    ) -> Result<(), RenderError> {
        let mut wrong = |principal: Id, expected: bool| {
            let question = Question { principal, action, resource: on, at: evaluator.at() };
            found.push(Contradiction { question, resource: None, expected });
        };
        for principal in self.needed() {
            if evaluator.allows(principal, action, on)?.is_none() {
                wrong(principal, true);
            }
        }
        for principal in &self.excludes {
            if evaluator.allows(*principal, action, on)?.is_some() {
                wrong(*principal, false);
            }
        }
        let (Some(is), Some(target)) = (&self.is, evaluator.target(on)?) else { return Ok(()) };
        lookup_subjects(evaluator, &[action], &target, Breadth::Classes, &mut |principal, _| {
            let is_account =
                || evaluator.facts().header(principal).map(|it| it.is_some_and(|it| it.kind() == Kind::Account));
            // The name of a class covers everybody in it.
            let is_named = is.contains(&principal)
                || is.contains(&Id::ANYONE)
                || (is.contains(&Id::AUTHENTICATED) && principal != Id::ANYONE && is_account()?);
            if !is_named {
                wrong(principal, false);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(())
    }

    fn among_resources<F: Facts>(
        &self,
        evaluator: &Evaluator<'_, F>,
        principal: Id,
        filter: &Filter,
        found: &mut Vec<Contradiction>,
    ) -> Result<(), RenderError> {
        let mut wrong = |action: Action, resource: Id, expected: bool| {
            let question = Question { principal, action, resource, at: evaluator.at() };
            found.push(Contradiction { question, resource: None, expected });
        };
        for resource in self.needed() {
            let (first, allowed) = first_allowed(evaluator, principal, filter, resource)?;
            if let (Some(first), None) = (first, allowed) {
                wrong(first, resource, true);
            }
        }
        for resource in &self.excludes {
            if let (_, Some(allowed)) = first_allowed(evaluator, principal, filter, *resource)? {
                wrong(allowed, *resource, false);
            }
        }
        let Some(is) = &self.is else { return Ok(()) };
        let subject = evaluator.subject(principal)?;
        lookup_resources(evaluator, &subject, filter, ItemDetail::Boundaries, &mut |resource, actions| {
            if let Some(action) = actions.first()
                && !is.contains(&resource)
            {
                wrong(*action, resource, false);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(())
    }
}

/// The first action that a filter asks about on a resource, and the first that is allowed.
fn first_allowed<F: Facts>(
    evaluator: &Evaluator<'_, F>,
    principal: Id,
    filter: &Filter,
    resource: Id,
) -> Result<(Option<Action>, Option<Action>), RenderError> {
    let kind = evaluator.facts().header(resource)?.map_or(Kind::Server, |it| it.kind());
    let actions = filter.actions_on(kind);
    for action in &actions {
        if evaluator.allows(principal, *action, resource)?.is_some() {
            return Ok((actions.first().copied(), Some(*action)));
        }
    }
    Ok((actions.first().copied(), None))
}

/// The resource of a contradiction as it is shown: as the test writes it, else by its reference.
pub(super) fn shown<F: Facts>(view: &ReadView<'_, F>, contradiction: &Contradiction) -> Result<String, Problem> {
    match &contradiction.resource {
        Some(resource) => Ok(resource.clone()),
        None => view.name(contradiction.question.resource),
    }
}
