//! [`lookup_subjects`]: who can do an action. Every principal that the evaluator allows.

use std::ops::ControlFlow;

use super::candidate_subjects::SubjectSearch;
use super::class_cover::{is_covered, may_be_anybody};
use crate::model::catalogue::Rule;
use crate::model::{Action, Id};
use crate::policy::decide::allows;
use crate::policy::evaluator::Evaluator;
use crate::policy::facts::{Facts, Result};
use crate::policy::subject::Subject;
use crate::policy::target::Target;

/// Which principals a listing names.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Breadth {
    /// The classes `authenticated` and `anyone` have rows of their own. Accounts that may do the action
    /// only because every account may are not named.
    #[default]
    Classes,
    /// Everybody who can, by name, and the two classes.
    Everybody,
}

/// A visitor that is called for each principal with the allowing rule for each action, in the order of the
/// actions. Returns whether to continue.
pub type VisitSubject<'v> = &'v mut dyn FnMut(Id, &[Option<Rule>]) -> Result<ControlFlow<()>>;

/// Visits every account, outside submitter, access token and class that may do any of some actions on a
/// resource: classes first, then by id. Groups are listed as their members.
///
/// # Errors
/// When the facts cannot be read, or what the visitor answers.
pub fn lookup_subjects<F: Facts + ?Sized>(
    evaluator: &Evaluator<'_, F>,
    actions: &[Action],
    target: &Target,
    breadth: Breadth,
    visit: VisitSubject<'_>,
) -> Result<()> {
    let mut covered = Vec::new();
    let mut search = SubjectSearch::new(evaluator);
    let mut everybody = false;
    for action in actions {
        let by_class = breadth == Breadth::Classes && is_covered(evaluator, *action, target)?;
        covered.push(by_class);
        if !by_class && may_be_anybody(evaluator, *action, target)? {
            everybody = true;
        } else {
            search.add(*action, target)?;
        }
    }
    if everybody {
        search.add_everybody()?;
    }
    let mut rules = Vec::new();
    let mut ask = |principal: Id| -> Result<ControlFlow<()>> {
        rules.clear();
        let in_general = Subject::new(evaluator.facts(), principal, evaluator.at())?;
        let is_class = principal == Id::AUTHENTICATED || principal == Id::ANYONE;
        let mut in_particular = None;
        for (action, covered) in actions.iter().zip(&covered) {
            let subject = if *covered && !is_class {
                match &in_particular {
                    Some(subject) => subject,
                    None => in_particular
                        .insert(Subject::new(evaluator.facts(), principal, evaluator.at())?.without_classes()),
                }
            } else {
                &in_general
            };
            rules.push(allows(subject, *action, target)?);
        }
        if rules.iter().all(Option::is_none) { Ok(ControlFlow::Continue(())) } else { visit(principal, &rules) }
    };
    for class in [Id::ANYONE, Id::AUTHENTICATED] {
        if ask(class)?.is_break() {
            return Ok(());
        }
    }
    for principal in search.found() {
        if ask(principal)?.is_break() {
            break;
        }
    }
    Ok(())
}
