//! Looking resources up as an actor sees them. A resource that the actor may not see gets the same answer as one
//! that does not exist. [`super::Transaction`] offers the same lookups for its actor.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::rc::Rc;

use super::Result;
use crate::model::attributes::{Endpoint, Status};
use crate::model::catalogue::ACTIVE_ONLY;
use crate::model::spelling::closest_match;
use crate::model::{Id, Kind, Name, Path, Problem, Reference, Resource, Time};
use crate::policy::{Actor, Facts, Viewer};

/// The reader of a lookup. The rights of the reader come from the same facts, or from the present ones where the
/// past is read.
pub type AnyViewer<'f> = Viewer<'f, dyn Facts + 'f>;

/// Refuses an account that is inactive or expired: it may do nothing at all.
///
/// # Errors
/// A denial for an account that is inactive or expired.
pub fn require_active(facts: &dyn Facts, actor: Actor, at: Time) -> Result<()> {
    let Actor::Principal(id) = actor else { return Ok(()) };
    let resource = facts.resource(id)?;
    let account = resource.as_ref().and_then(|it| Some((it, it.as_account()?.status(at))));
    // The holder of a link is not an account.
    let Some((account, status)) = account.filter(|(_, status)| *status != Status::Active) else { return Ok(()) };
    let message = format!("{} is {}", account.reference(), status.as_str());
    Err(Problem::denied(ACTIVE_ONLY, message))
}

/// The resource of that kind and name, if the actor may see it.
///
/// # Errors
/// As [`super::Transaction::find`].
pub fn find(facts: &dyn Facts, viewer: &AnyViewer<'_>, kind: Kind, name: &Name) -> Result<Rc<Resource>> {
    find_with_hint(facts, viewer, (kind, name), || true)
}

/// As [`find`]. If there is no such resource, `may_hint` decides whether to look for the nearest name, which
/// compares all names of the kind.
pub(super) fn find_with_hint(
    facts: &dyn Facts,
    viewer: &AnyViewer<'_>,
    (kind, name): (Kind, &Name),
    may_hint: impl Fn() -> bool,
) -> Result<Rc<Resource>> {
    if let Some(resource) = facts.named(kind, None, name.key())?
        && viewer.sees(&resource)?
    {
        return Ok(resource);
    }
    let problem = Problem::not_found(kind.noun(), name.as_written());
    let near = if may_hint() { closest_name(facts, viewer, kind, name)? } else { None };
    Err(match near {
        Some(near) => problem.tip(format!("did you mean `{near}`?")),
        None => problem,
    })
}

/// The nearest name among the resources of that kind that the actor may see.
fn closest_name(facts: &dyn Facts, viewer: &AnyViewer<'_>, kind: Kind, name: &Name) -> Result<Option<String>> {
    let mut close = Vec::new();
    facts.resources(kind, None, &mut |resource| {
        // The cheap test comes first: only close names are asked about.
        if closest_match(name.key(), std::iter::once(resource.key.as_str())).is_some()
            && viewer.sees(&resource).unwrap_or(false)
        {
            close.push(resource.name.clone());
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(closest_match(name.as_written(), close.iter().map(String::as_str)).map(str::to_owned))
}

/// The resource of that kind and number, if the actor may see it.
///
/// # Errors
/// As [`super::Transaction::find`].
pub fn numbered(facts: &dyn Facts, viewer: &AnyViewer<'_>, kind: Kind, number: u64) -> Result<Rc<Resource>> {
    if let Some(resource) = facts.resource(Id(number))?
        && resource.kind() == kind
        && viewer.sees(&resource)?
    {
        return Ok(resource);
    }
    Err(Problem::not_found(kind.noun(), &number.to_string()))
}

/// The workspace of that name, if the actor may see it.
///
/// # Errors
/// As [`super::Transaction::find`].
pub fn find_workspace(facts: &dyn Facts, viewer: &AnyViewer<'_>, org: &Name, name: &Name) -> Result<Rc<Resource>> {
    if name.is_id() {
        return match facts.named(Kind::Workspace, None, name.key())? {
            Some(found) if viewer.sees(&found)? => Ok(found),
            _ => Err(Problem::not_found("workspace", name.as_written())),
        };
    }
    if let Some(org) = facts.named(Kind::Org, None, org.key())?
        && let Some(found) = facts.named(Kind::Workspace, Some(org.id), name.key())?
        && viewer.sees(&found)?
    {
        return Ok(found);
    }
    Err(Problem::not_found("workspace", &format!("{org}/{name}")))
}

/// A path of an endpoint, resolved as far as it is registered.
#[derive(Clone, Debug)]
pub struct ResolvedPath {
    /// The item, or if it is not registered, the nearest item above it that is.
    pub nearest: Rc<Resource>,
    /// The endpoint of the path.
    pub endpoint: Rc<Resource>,
    /// The components that are not registered, from the item down.
    pub missing: Vec<String>,
}

impl ResolvedPath {
    /// The attributes of the endpoint.
    ///
    /// # Errors
    /// "No such endpoint"; it does not occur, since every item lies on an endpoint.
    pub fn endpoint_attributes(&self) -> Result<Endpoint> {
        let endpoint = self.endpoint.as_endpoint().cloned();
        endpoint.ok_or_else(|| Problem::not_found("endpoint", &self.endpoint.name))
    }
}

/// The item that a path names, if the actor may see it: the actor holds a permission on it, or administers it.
/// The actor need not see the endpoint: shares on a private endpoint count.
///
/// # Errors
/// "No such file or folder", the same for an item that does not exist and for one that the actor may not see.
pub fn find_item(facts: &dyn Facts, viewer: &AnyViewer<'_>, endpoint: &Name, path: &Path) -> Result<ResolvedPath> {
    find_item_with_hint(facts, viewer, (endpoint, path), || true)
}

/// As [`find_item`]; `may_hint` as in [`find_with_hint`].
pub(super) fn find_item_with_hint(
    facts: &dyn Facts,
    viewer: &AnyViewer<'_>,
    (endpoint, path): (&Name, &Path),
    may_hint: impl Fn() -> bool,
) -> Result<ResolvedPath> {
    let existing = facts.named(Kind::Endpoint, None, endpoint.key())?;
    if let Some(host) = &existing
        && let Some((item, depth)) = facts.nearest_item(host.id, path)?
        && let Some(item) = facts.resource(item)?
        && viewer.sees(&item)?
    {
        let rest = path.components().skip(depth).map(str::to_owned).collect();
        return Ok(ResolvedPath { nearest: item, endpoint: Rc::clone(host), missing: rest });
    }
    let problem = Problem::not_found("file or folder", &format!("{endpoint}:{path}"));
    let sees_endpoint = existing.map_or(Ok(false), |known| viewer.sees(&known))?;
    let near = if !sees_endpoint && may_hint() { closest_name(facts, viewer, Kind::Endpoint, endpoint)? } else { None };
    Err(match near {
        Some(near) if !sees_endpoint => problem.tip(format!("did you mean `{near}:{path}`?")),
        _ => problem,
    })
}

/// A reference by an external id with the kind of what it identifies, if the actor may see that; every other reference
/// unchanged.
///
/// # Errors
/// "No such external id".
pub fn with_kind<'r>(
    facts: &dyn Facts,
    viewer: &AnyViewer<'_>,
    reference: &'r Reference,
) -> Result<Cow<'r, Reference>> {
    let Reference::Id(id) = reference else { return Ok(Cow::Borrowed(reference)) };
    match facts.identified(&id.to_string())? {
        Some(found) if viewer.sees(&found)? => Ok(Cow::Owned(Reference::by_id(found.kind(), id))),
        _ => Err(Problem::not_found(Kind::ExternalId.noun(), &id.to_string())),
    }
}

/// The resource that a reference names, with its kind, if the actor may see it; for a path, the nearest registered
/// item.
///
/// # Errors
/// As [`super::Transaction::find`].
pub fn resolve(facts: &dyn Facts, viewer: &AnyViewer<'_>, reference: &Reference) -> Result<(Id, Kind)> {
    match &*with_kind(facts, viewer, reference)? {
        Reference::Server => Ok((Id::SERVER, Kind::Server)),
        Reference::Authenticated => Ok((Id::AUTHENTICATED, Kind::Account)),
        Reference::Anyone => Ok((Id::ANYONE, Kind::Account)),
        Reference::Named(kind, name) => find(facts, viewer, *kind, name).map(|found| (found.id, *kind)),
        Reference::Numbered(kind, number) => numbered(facts, viewer, *kind, *number).map(|found| (found.id, *kind)),
        Reference::Workspace(org, name) => {
            find_workspace(facts, viewer, org, name).map(|found| (found.id, Kind::Workspace))
        }
        Reference::Item(endpoint, path) => {
            find_item(facts, viewer, endpoint, path).map(|resolved| (resolved.nearest.id, Kind::Item))
        }
        other @ (Reference::Id(_) | Reference::External(_)) => Err(other.wrong_kind("a principal or a resource")),
    }
}
