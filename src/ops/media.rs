//! Media files and live streams of workspaces: adding, editing, removing and listing them
//! (docs/model.md#keys-tokens-media-and-streams).

use std::rc::Rc;

use super::key::{find_org_or_workspace, lying_in};
use super::text_setting::text_setting;
use super::{Result, Transaction};
use crate::model::attributes::{Attributes, Media, Stream};
use crate::model::secret::Secret;
use crate::model::{Id, Kind, Name, Problem, Reference, Resource, Verb};
use crate::policy::Facts;

/// Attributes to change; `None` leaves an attribute as it is.
#[derive(Clone, Debug, Default)]
pub struct MediaEdit {
    /// The name.
    pub name: Option<Name>,
    /// The title; an empty text removes it.
    pub title: Option<String>,
    /// A new stream key, for live streams.
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

/// Adds a media file or a live stream to a workspace. `key` is the key of a stream; a media file ignores it.
///
/// # Errors
/// A denial; a conflict if it exists with another title.
pub fn add(
    tx: &mut Transaction<'_>,
    kind: Kind,
    workspace: &Reference,
    name: &Name,
    given: Option<&str>,
    key: &Secret,
) -> Result<Id> {
    let owner = tx.find_reference(Kind::Workspace, workspace)?;
    tx.require_verb(if kind == Kind::Stream { Verb::CreateStream } else { Verb::CreateMedia }, owner.id)?;
    if let Some(existing) = tx.facts().named(kind, Some(owner.id), name.key())? {
        if text_setting(given, title(&existing))?.as_deref() == title(&existing) {
            return Ok(existing.id);
        }
        return Err(taken(tx, &existing)?.tip(format!("rolebook {} edit {} --title …", kind.command(), existing.id)));
    }
    let title = text_setting(given, None)?;
    let attributes = match kind {
        Kind::Stream => Attributes::Stream(Stream { title, key_hash: key.hash() }),
        _ => Attributes::Media(Media { title }),
    };
    tx.create(Some(owner.id), name, attributes)
}

fn taken(tx: &Transaction<'_>, existing: &Resource) -> Result<Problem> {
    let owner = existing.parent.map_or_else(|| Ok(String::new()), |id| tx.name(id))?;
    let what = existing.kind().noun();
    Ok(Problem::conflict("exists", format!("the {what} `{}` exists already in {owner}", existing.name))
        .why("names are unique in a workspace, compared without case"))
}

/// Changes the name or the title, or the key of a stream.
///
/// # Errors
/// A denial; a conflict if the name is taken.
pub fn edit(tx: &mut Transaction<'_>, kind: Kind, which: &Reference, edit: &MediaEdit) -> Result<()> {
    if edit.name.is_none() && edit.title.is_none() && edit.key.is_none() {
        return Err(super::nothing_to_set());
    }
    let existing = tx.find_reference(kind, which)?;
    tx.require_verb(Verb::Update, existing.id)?;
    if let Some(name) = &edit.name {
        if let Some(other) = tx.facts().named(kind, existing.parent, name.key())?
            && other.id != existing.id
        {
            return Err(taken(tx, &other)?);
        }
        tx.put_name(&existing, name)?;
    }
    let mut after = tx.find_reference(kind, which)?.as_ref().clone();
    let title = text_setting(edit.title.as_deref(), title(&existing))?;
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
    tx.put(after);
    Ok(())
}

/// Removes a media file or a live stream.
///
/// # Errors
/// A denial.
pub fn remove(tx: &mut Transaction<'_>, kind: Kind, which: &Reference) -> Result<()> {
    let existing = tx.find_reference(kind, which)?;
    tx.require_verb(Verb::Delete, existing.id)?;
    tx.end_with_bindings(existing.id)
}

/// The media files or live streams of an organization or of one workspace that the actor may see, oldest first.
///
/// # Errors
/// When the facts cannot be read; "no such organization".
pub fn list(tx: &Transaction<'_>, kind: Kind, on: &Reference) -> Result<Vec<Rc<Resource>>> {
    let owner = find_org_or_workspace(tx, on)?;
    let viewer = tx.viewer()?;
    let mut seen = Vec::new();
    for it in lying_in(tx, kind, &owner)? {
        if viewer.sees(&it)? {
            seen.push(it);
        }
    }
    Ok(seen)
}
