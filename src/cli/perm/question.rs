//! A question as it is written, and what it means to whoever asks it.

use super::super::view::ReadView;
use crate::model::action::Destination;
use crate::model::catalogue::disclosure::ABOUT_OTHERS;
use crate::model::name::printable;
use crate::model::{Action, Id, Kind, Name, Problem, ProblemKind, Reference, Verb};
use crate::ops::Actor;
use crate::policy::{Facts, Question};
use crate::render::RenderError;

/// A question with the words it was asked in.
pub(super) struct ParsedQuestion {
    pub(super) question: Question,
    /// The resource; a path that is not registered as it was asked about.
    pub(super) resource: String,
}

/// A resource that was asked about.
#[derive(Clone, Copy)]
pub(super) struct ResourceArg {
    pub(super) id: Id,
    pub(super) kind: Kind,
    /// Whether it is the very thing, and not the nearest registered folder above.
    pub(super) is_registered: bool,
}

impl ResourceArg {
    /// Reads and finds a resource. `action` is what it is asked about, where that is known.
    pub(super) fn find<F: Facts>(view: &ReadView<'_, F>, text: &str, action: &str) -> Result<ResourceArg, Problem> {
        ResourceArg::of(view, &Reference::parse(text, Kind::Server)?, action)
    }

    /// Finds a resource that was read.
    pub(super) fn of<F: Facts>(
        view: &ReadView<'_, F>,
        reference: &Reference,
        action: &str,
    ) -> Result<ResourceArg, Problem> {
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

    /// Reads an action on it.
    pub(super) fn action<F: Facts>(&self, view: &ReadView<'_, F>, text: &str) -> Result<Action, Problem> {
        let action = Action::parse(text, self.kind, &|text| folder(view, text, !self.is_registered))?;
        Ok(if self.is_registered { action } else { action.on_unregistered() })
    }

    /// As it is shown: a path that is not registered as it was asked about in a text.
    pub(super) fn shown<F: Facts>(&self, view: &ReadView<'_, F>, text: &str) -> Result<String, Problem> {
        if self.is_registered { view.name(self.id) } else { Ok(Reference::parse(text, Kind::Server)?.to_string()) }
    }
}

impl ParsedQuestion {
    /// Reads a question and finds what it is about.
    pub(super) fn read<F: Facts>(
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

/// The endpoint asked about. Access managers of a private bucket do not see it, but what they
/// may do with its content is answered truthfully when they ask about themselves (docs/model.md#endpoints).
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

/// The folder that something is to be moved or copied to.
fn folder<F: Facts>(view: &ReadView<'_, F>, text: &str, of_file: bool) -> Result<Destination, Problem> {
    let Reference::Item(endpoint, path) = Reference::parse(text, Kind::Item)? else {
        return Err(Problem::usage("bad_reference", format!("`{}` is no path on an endpoint", printable(text)))
            .tip("write `ENDPOINT:/path`, as in `node1:/projects`"));
    };
    let resolved = view.find_item(&endpoint, &path)?;
    Ok(Destination { folder: resolved.nearest.id, is_registered: resolved.missing.is_empty(), of_file })
}

/// Whether whoever asks may ask about others on a resource.
pub(super) fn may_ask_about_others<F: Facts>(view: &ReadView<'_, F>, on: Id, kind: Kind) -> Result<bool, Problem> {
    Ok(view.viewer()?.may_ask_about_others(on, kind)?)
}

/// Whom whoever asks may ask about on a resource: themselves; others as a server admin, or as somebody who
/// administers the resource (docs/model.md#visibility).
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

/// Whoever asks, if that is who is asked about.
pub(super) fn oneself<F: Facts>(view: &ReadView<'_, F>, principal: &Reference) -> Result<Option<Id>, Problem> {
    let Actor::Principal(actor) = view.actor else { return Ok(None) };
    let Reference::Named(Kind::Account, name) = principal else { return Ok(None) };
    // By the name of that moment; by today's where nobody had it then.
    let named = match view.facts.named(Kind::Account, None, name.key())? {
        None => view.reader.facts().named(Kind::Account, None, name.key())?,
        then => then,
    };
    Ok(named.is_some_and(|it| it.id == actor).then_some(actor))
}

/// The refusal of a question about others.
pub(super) fn others_refused<F: Facts>(view: &ReadView<'_, F>) -> Result<Problem, Problem> {
    let who = match view.actor {
        Actor::Principal(actor) => view.name(actor)?,
        Actor::Operator => "operator".to_owned(),
    };
    Ok(Problem::denied(ABOUT_OTHERS, format!("{who} may ask about themselves only")))
}

/// An action that listings ask about, on a kind of resource or on any that has it.
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
