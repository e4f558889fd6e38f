//! Media files and live streams of workspaces (docs/model.md#keys-tokens-media-and-streams).

use std::rc::Rc;

use super::key::{find_place, lying_in};
use super::org::said;
use super::{Result, Work};
use crate::model::attributes::{Attributes, Media, Stream};
use crate::model::secret::Secret;
use crate::model::{Id, Kind, Name, Problem, Reference, Resource, Verb};
use crate::policy::Facts;

/// What shall be otherwise; what is none is left as it is.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// Its name.
    pub name: Option<Name>,
    /// The title people read; an empty text takes it away.
    pub title: Option<String>,
    /// A new stream key, for a live stream.
    pub key: Option<Secret>,
}

/// The title of a media file or a live stream.
pub fn title(resource: &Resource) -> Option<&str> {
    match &resource.attributes {
        Attributes::Media(it) => it.title.as_deref(),
        Attributes::Stream(it) => it.title.as_deref(),
        _ => None,
    }
}

/// Adds a media file to a workspace, or a live stream, which has a key.
///
/// # Errors
/// A denial; a conflict when it exists with another title.
pub fn add<F: Facts + ?Sized>(
    work: &mut Work<'_, F>,
    kind: Kind,
    workspace: &Reference,
    name: &Name,
    given: Option<&str>,
    key: &Secret,
) -> Result<Id> {
    let place = work.find_reference(Kind::Workspace, workspace)?;
    work.require_verb(if kind == Kind::Stream { Verb::CreateStream } else { Verb::CreateMedia }, place.id)?;
    if let Some(known) = work.facts().named(kind, Some(place.id), name.key())? {
        if said(given, title(&known))?.as_deref() == title(&known) {
            return Ok(known.id);
        }
        return Err(taken(work, &known)?.tip(format!("rolebook {} edit {} --title …", kind.command(), known.id)));
    }
    let title = said(given, None)?;
    let attributes = match kind {
        Kind::Stream => Attributes::Stream(Stream { title, key_hash: key.hash() }),
        _ => Attributes::Media(Media { title }),
    };
    work.make(Some(place.id), name, attributes)
}

fn taken<F: Facts + ?Sized>(work: &Work<'_, F>, known: &Resource) -> Result<Problem> {
    let place = known.parent.map_or_else(|| Ok(String::new()), |id| work.name(id))?;
    let what = known.kind().noun();
    Ok(Problem::conflict("exists", format!("the {what} `{}` exists already in {place}", known.name))
        .why("names are unique in a workspace, compared without case"))
}

/// Changes the name, the title, or the key of a stream.
///
/// # Errors
/// A denial; a conflict when the name is taken.
pub fn edit<F: Facts + ?Sized>(work: &mut Work<'_, F>, kind: Kind, which: &Reference, edit: &Edit) -> Result<()> {
    if edit.name.is_none() && edit.title.is_none() && edit.key.is_none() {
        return Err(super::nothing_to_set());
    }
    let known = work.find_reference(kind, which)?;
    work.require_verb(Verb::Update, known.id)?;
    if let Some(name) = &edit.name {
        if let Some(other) = work.facts().named(kind, known.parent, name.key())?
            && other.id != known.id
        {
            return Err(taken(work, &other)?);
        }
        work.put_name(&known, name)?;
    }
    let mut after = work.find_reference(kind, which)?.as_ref().clone();
    let title = said(edit.title.as_deref(), title(&known))?;
    match &mut after.attributes {
        Attributes::Media(it) => it.title = title,
        Attributes::Stream(it) => {
            it.title = title;
            if let Some(key) = &edit.key {
                it.key_hash = key.hash();
            }
        }
        _ => {}
    }
    work.put(after);
    Ok(())
}

/// Removes one.
///
/// # Errors
/// A denial.
pub fn remove<F: Facts + ?Sized>(work: &mut Work<'_, F>, kind: Kind, which: &Reference) -> Result<()> {
    let known = work.find_reference(kind, which)?;
    work.require_verb(Verb::Delete, known.id)?;
    work.end_with_bindings(known.id)
}

/// Those of an organization or of one workspace that the actor may see, oldest first.
///
/// # Errors
/// When the facts cannot be read; "no such organization".
pub fn list<F: Facts + ?Sized>(work: &Work<'_, F>, kind: Kind, on: &Reference) -> Result<Vec<Rc<Resource>>> {
    let place = find_place(work, on)?;
    let viewer = work.viewer()?;
    let mut seen = Vec::new();
    for it in lying_in(work, kind, &place)? {
        if viewer.sees(&it)? {
            seen.push(it);
        }
    }
    Ok(seen)
}
