//! The drawings of a report: what some people may do on a resource and through which bindings, as `perm explain --graph`
//! draws it.

use std::collections::BTreeSet;

use super::super::binding_rows::BindingRows;
use super::super::perm::{Answer, ParsedQuestion, graph};
use super::super::view::ReadView;
use crate::model::{Action, Binding, Id, Kind};
use crate::ops::findings::Finding;
use crate::policy::{Evaluator, Facts as _, Question};
use crate::render::RenderError;
use crate::render::pages::Drawing;
use crate::store::Snapshot;

/// How many drawings a report has.
const MAX_DRAWINGS: usize = 12;

/// Draws the access that findings name, the most severe first, and then that of bindings. A binding of a group is drawn
/// from one of its members.
pub(super) fn drawings<'f>(
    view: &ReadView<'_, Snapshot>,
    rows: &BindingRows<'_, '_, Snapshot>,
    findings: impl IntoIterator<Item = &'f Finding>,
    bindings: &[Binding],
) -> Result<Vec<Drawing>, RenderError> {
    let named = findings.into_iter().filter_map(|finding| Some((finding.principal?, finding.resource)));
    let bound = bindings.iter().map(|binding| (binding.principal, binding.resource));
    let (mut drawn, mut drawings) = (BTreeSet::new(), Vec::new());
    for (principal, resource) in named.chain(bound) {
        if drawings.len() == MAX_DRAWINGS {
            break;
        }
        let person = match rows.accounts_in(principal)? {
            Some(accounts) => accounts.first().copied(),
            None => Some(principal),
        };
        if let Some(person) = person
            && drawn.insert((person, resource))
        {
            drawings.extend(drawing(view, person, resource, drawings.len())?);
        }
    }
    Ok(drawings)
}

/// What a principal may do on a resource; `None` if that is nothing, or not for the reader.
fn drawing(
    view: &ReadView<'_, Snapshot>,
    principal: Id,
    resource: Id,
    number: usize,
) -> Result<Option<Drawing>, RenderError> {
    if !view.viewer()?.sees_access(principal, resource)? {
        return Ok(None);
    }
    let kind = view.facts.header(resource)?.map_or(Kind::Server, |it| it.kind());
    let evaluator = Evaluator::new(&view.facts, view.at);
    let mut answers = Vec::new();
    for action in Action::listable(kind) {
        if evaluator.allows(principal, action, resource)?.is_some() {
            let question = Question { principal, action, resource, at: view.at };
            answers.push(Answer::decide(view, ParsedQuestion::of(view, question)?, false)?);
        }
    }
    if answers.is_empty() {
        return Ok(None);
    }
    // told: `sees_access` checked the reader above.
    let title = format!("{} on {}", view.name(principal)?, view.name(resource)?);
    let svg = graph(view, &title, &answers)?.svg(&format!("drawing-{number}"))?;
    Ok(Some(Drawing { title, svg }))
}
