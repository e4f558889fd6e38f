//! Parses questions: resolves the principal, action and resource, and checks that the reader may ask.

use super::super::view::ReadView;
use crate::model::action::Destination;
use crate::model::catalogue::disclosure::ABOUT_OTHERS;
use crate::model::escape::printable;
use crate::model::{Action, Id, Kind, Name, Problem, ProblemKind, Reference, Verb};
use crate::ops::Actor;
use crate::policy::{Facts, Question};
use crate::render::RenderError;

/// A question with the text of its resource.
pub(in crate::cli) struct ParsedQuestion {
    pub(super) question: Question,
    /// The reference of the resource; for a path that is not registered, the path as typed.
    pub(super) resource: String,
}

/// The resource of a question.
#[derive(Clone, Copy)]
pub(super) struct ResourceArg {
    pub(super) id: Id,
    pub(super) kind: Kind,
    /// Whether `id` is the resource itself and not the nearest registered folder above it.
    pub(super) is_registered: bool,
}

impl ResourceArg {
    /// Parses and resolves a resource. `action` is the action of the question, empty if it is not known.
    pub(super) fn find<F: Facts>(view: &ReadView<'_, F>, text: &str, action: &str) -> Result<ResourceArg, Problem> {
        ResourceArg::of(view, &Reference::parse(text, Kind::Server)?, action)
    }

    /// Resolves a parsed resource.
    pub(super) fn of<F: Facts>(
        view: &ReadView<'_, F>,
        reference: &Reference,
        action: &str,
    ) -> Result<ResourceArg, Problem> {
        let reference = &*view.with_kind(reference)?;
        let kind = match reference {
            Reference::Authenticated | Reference::Anyone | Reference::External(_) => {
                return Err(reference.wrong_kind("a resource"));
            }
            other => other.kind().unwrap_or(Kind::Server),
        };
        let (id, is_registered) = match reference {
            Reference::Item(endpoint, path) => {
                let resolved = view.find_item(endpoint, path)?;
                (resolved.nearest.id, resolved.missing.is_empty())
            }
            Reference::Named(Kind::Endpoint, name) => (endpoint(view, name, action)?, true),
            other => (view.resolve(other)?.0, true),
        };
        Ok(ResourceArg { id, kind, is_registered })
    }

    /// Parses an action on this resource.
    pub(super) fn action<F: Facts>(&self, view: &ReadView<'_, F>, text: &str) -> Result<Action, Problem> {
        let action = Action::parse(text, self.kind, &|text| folder(view, text, !self.is_registered))?;
        Ok(if self.is_registered { action } else { action.on_unregistered() })
    }

    /// The text of the resource in answers: its reference, or the typed path if that is not registered.
    pub(super) fn shown<F: Facts>(&self, view: &ReadView<'_, F>, text: &str) -> Result<String, Problem> {
        if self.is_registered { view.name(self.id) } else { Ok(Reference::parse(text, Kind::Server)?.to_string()) }
    }
}

impl ParsedQuestion {
    /// A question about a registered resource that the reader may see.
    pub(in crate::cli) fn of<F: Facts>(view: &ReadView<'_, F>, question: Question) -> Result<ParsedQuestion, Problem> {
        Ok(ParsedQuestion { question, resource: view.name(question.resource)? })
    }

    /// Parses a question and resolves its names.
    pub(in crate::cli) fn read<F: Facts>(
        view: &ReadView<'_, F>,
        principal: &str,
        action: &str,
        resource: &str,
    ) -> Result<ParsedQuestion, RenderError> {
        let principal = Reference::principal(principal)?;
        let on = ResourceArg::find(view, resource, action)?;
        let action = on.action(view, action)?;
        let who = resolve_principal(view, &principal, on.id, on.kind)?;
        let question = Question { principal: who, action, resource: on.id, at: view.at };
        Ok(ParsedQuestion { question, resource: on.shown(view, resource)? })
    }
}

/// The endpoint of a question. Access managers of a private bucket may not see it. But when they ask about themselves,
/// questions about its content are answered (docs/model.md#endpoints).
fn endpoint<F: Facts>(view: &ReadView<'_, F>, name: &Name, action: &str) -> Result<Id, Problem> {
    let found = view.find(Kind::Endpoint, name);
    let Err(problem) = &found else { return found.map(|it| it.id) };
    let about_content = [Verb::ManagePermissions, Verb::ReadFiles, Verb::WriteFiles];
    if problem.kind == ProblemKind::NotFound
        && about_content.iter().any(|verb| verb.as_str() == action)
        && let Some(hidden) = view.facts.named(Kind::Endpoint, None, name.key())?
        && view.viewer()?.sees_content_of(hidden.id)?
    {
        return Ok(hidden.id);
    }
    found.map(|it| it.id)
}

/// Parses the folder that an item is moved or copied to.
fn folder<F: Facts>(view: &ReadView<'_, F>, text: &str, of_file: bool) -> Result<Destination, Problem> {
    let Reference::Item(endpoint, path) = Reference::parse(text, Kind::Item)? else {
        return Err(Problem::usage("bad_reference", format!("not a path: `{}`", printable(text)))
            .tip("write `ENDPOINT:/path`, as in `node1:/projects`"));
    };
    let resolved = view.find_item(&endpoint, &path)?;
    Ok(Destination { folder: resolved.nearest.id, is_registered: resolved.missing.is_empty(), of_file })
}

/// Whether the reader may ask about others on a resource.
pub(super) fn may_ask_about_others<F: Facts>(view: &ReadView<'_, F>, on: Id, kind: Kind) -> Result<bool, Problem> {
    Ok(view.viewer()?.may_ask_about_others(on, kind)?)
}

/// Resolves a principal that the reader may ask about: themselves, and others if they are a server admin or administer
/// the resource (docs/model.md#visibility).
fn resolve_principal<F: Facts>(
    view: &ReadView<'_, F>,
    principal: &Reference,
    on: Id,
    kind: Kind,
) -> Result<Id, Problem> {
    match oneself(view, principal)? {
        Some(actor) => Ok(actor),
        None => {
            if !may_ask_about_others(view, on, kind)? {
                return Err(others_refused(view)?);
            }
            view.principal(principal)
        }
    }
}

/// The actor, if the reference names it.
pub(super) fn oneself<F: Facts>(view: &ReadView<'_, F>, principal: &Reference) -> Result<Option<Id>, Problem> {
    let Actor::Principal(actor) = view.actor else { return Ok(None) };
    let name = match principal {
        Reference::Named(Kind::Account, name) => name.clone(),
        Reference::Id(id) => Name::of_id(id),
        _ => return Ok(None),
    };
    // By the name at that moment; by today's name if nobody had it then.
    let named = match view.facts.named(Kind::Account, None, name.key())? {
        None => view.reader.facts().named(Kind::Account, None, name.key())?,
        then => then,
    };
    Ok(named.is_some_and(|it| it.id == actor).then_some(actor))
}

/// The denial of a question about others.
pub(super) fn others_refused<F: Facts>(view: &ReadView<'_, F>) -> Result<Problem, Problem> {
    let who = match view.actor {
        Actor::Principal(actor) => view.name(actor)?,
        Actor::Operator => "operator".to_owned(),
    };
    Ok(Problem::denied(ABOUT_OTHERS, format!("{who} may ask about themselves only")))
}

/// Parses an action for a listing, on one kind of resource or on every kind that has it.
pub(super) fn parse_listable(text: &str, only: Option<Kind>) -> Result<Action, Problem> {
    Action::parse_listable(text, only)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_found_on_some_kind() {
        assert!(parse_listable("download", None).is_ok());
        assert!(parse_listable("download", Some(Kind::Workgroup)).is_err());
        assert!(parse_listable("copy-to=node1:/x", None).is_err());
    }
}
