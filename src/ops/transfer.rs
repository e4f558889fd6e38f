//! Copying and moving items (docs/model.md#items). A copy has neither the shares nor the owner of its source. An item
//! that is moved within an endpoint keeps its own shares and inherits from the new folder.

use std::collections::HashMap;
use std::rc::Rc;

use super::content::{own_if_home, refuse_fixed, registered, remove_unchecked, target_folder};
use super::item::{self, levels, refuse_files, require_room, subtree};
use super::{Result, Transaction};
use crate::model::action::Destination;
use crate::model::attributes::{Attributes, Item};
use crate::model::{Action, Id, Kind, Name, Path, Problem, Resource, Role, Verb};
use crate::policy::{BindingQuery, Facts};

/// A copy or a move whose source and target are looked up and whose rights are checked.
struct TransferPlan {
    source: Rc<Resource>,
    folder: Rc<Resource>,
    /// A file of the same name in the target folder, which the source replaces.
    replaced: Option<Rc<Resource>>,
}

/// Copies an item, with everything below it, into a folder; returns the id of the copy.
///
/// # Errors
/// A denial; a conflict if the folder cannot take the item.
pub fn copy(tx: &mut Transaction<'_>, source: (&Name, &Path), to: (&Name, &Path)) -> Result<Id> {
    let journey = prepare(tx, source, to, Action::CopyTo)?;
    if let Some(replaced) = &journey.replaced {
        let (Some(old), Some(new)) = (replaced.as_item(), journey.source.as_item()) else { return Ok(replaced.id) };
        tx.put_attributes(replaced, Attributes::Item(Item { size: new.size, ..old.clone() }));
        return Ok(replaced.id);
    }
    let items = subtree(tx, &journey.source)?;
    require_room(tx, &journey.folder, levels(&items))?;
    let mut copies: HashMap<Id, Id> = HashMap::new();
    for original in &items {
        let Some(existing) = original.as_item() else { continue };
        let top = original.id == journey.source.id;
        let parent =
            if top { Some(journey.folder.id) } else { original.parent.and_then(|id| copies.get(&id).copied()) };
        let Some(parent) = parent else { continue };
        // The copy of a home folder or of a folder with a workspace's files is a plain folder.
        let plain = Item { files_of: None, home: None, ..existing.clone() };
        copies.insert(original.id, item::make(tx, parent, &original.name, plain));
    }
    let made = copies.get(&journey.source.id).copied().unwrap_or(journey.source.id);
    own_if_home(tx, &journey.folder, made)?;
    Ok(made)
}

/// Moves an item, with everything below it, into a folder.
///
/// # Errors
/// A denial; a conflict if the folder cannot take the item.
pub fn move_to(tx: &mut Transaction<'_>, source: (&Name, &Path), to: (&Name, &Path)) -> Result<()> {
    let journey = prepare(tx, source, to, Action::MoveTo)?;
    let item = &journey.source;
    refuse_fixed(tx, item, "moved")?;
    let items = subtree(tx, item)?;
    require_room(tx, &journey.folder, levels(&items))?;
    for below in &items {
        refuse_fixed(tx, below, "moved")?;
    }
    let away = tx.outermost(item.id)? != tx.outermost(journey.folder.id)?;
    if let Some(replaced) = &journey.replaced {
        remove_unchecked(tx, replaced)?;
    }
    if away {
        leave_endpoint(tx, item)?;
    } else {
        leave_home(tx, item)?;
    }
    let mut moved = Resource { parent: Some(journey.folder.id), ..(**item).clone() };
    // A home folder whose owner has left the workspace is a home folder only among the files of the workspace.
    if let (Some(existing), true) = (item.as_item(), item.parent != moved.parent) {
        moved.attributes = Attributes::Item(Item { home: None, ..existing.clone() });
    }
    tx.put(moved);
    own_if_home(tx, &journey.folder, item.id)
}

/// Ends the shares and ownerships of an item that moves to another endpoint, where it is another item.
fn leave_endpoint(tx: &mut Transaction<'_>, top: &Rc<Resource>) -> Result<()> {
    for item in subtree(tx, top)? {
        refuse_files(tx, &item)?;
        for held in tx.facts().list_bindings(BindingQuery::On(item.id))? {
            let (path, who) = (tx.name(item.id)?, tx.name(held.principal)?);
            tx.cascades.push(match held.role {
                Role::ItemShare => format!("the share of {path} with {who}, which stays behind"),
                role => format!("{who} as {} of {path}", role.as_str()),
            });
            tx.end_binding(held.id);
        }
    }
    Ok(())
}

/// Ends the ownership that an item has because it lies directly in its owner's home folder. In another folder its
/// owner has the permissions of that folder (seed 003: "the same permission that you have to the folder").
fn leave_home(tx: &mut Transaction<'_>, item: &Resource) -> Result<()> {
    let folder = item.parent.map(|id| tx.facts().resource(id)).transpose()?.flatten();
    let Some(home) = folder.as_ref().and_then(|it| it.as_item()).and_then(|it| it.home) else { return Ok(()) };
    if let Some(owned) = tx.facts().held(item.id, Role::ItemOwner, home.of)? {
        tx.end_binding(owned.id);
    }
    Ok(())
}

fn prepare(
    tx: &mut Transaction<'_>,
    (endpoint, path): (&Name, &Path),
    (to_endpoint, to_path): (&Name, &Path),
    action: fn(Destination) -> Action,
) -> Result<TransferPlan> {
    let source = registered(tx, endpoint, path)?.nearest;
    let folder = target_folder(tx, to_endpoint, to_path)?;
    let action = action(Destination { folder: folder.id, is_registered: true, of_file: false });
    tx.require(action, source.id)?;
    if source.is_root() {
        let moves = action.verb() == Verb::MoveTo;
        return Err(Problem::conflict(
            "is_root",
            format!("the root folder cannot be {}", if moves { "moved" } else { "copied" }),
        ));
    }
    let (name, folder_name) = (tx.name(source.id)?, tx.name(folder.id)?);
    if source.parent == Some(folder.id) {
        return Err(Problem::conflict("same_place", format!("`{name}` lies in `{folder_name}` already")));
    }
    if tx.facts().ancestors(folder.id)?.iter().any(|above| above.id == source.id) {
        return Err(Problem::conflict("into_itself", format!("`{name}` cannot go into itself")));
    }
    let replaced = tx.facts().named(Kind::Item, Some(folder.id), &source.key)?;
    let is_file = |it: &Resource| it.as_item().is_some_and(|it| !it.is_folder());
    if let Some(existing) = &replaced
        && !(is_file(existing) && is_file(&source))
    {
        return Err(Problem::conflict("exists", format!("`{}` exists already", tx.name(existing.id)?))
            .why("a file replaces a file; a folder is never replaced"));
    }
    Ok(TransferPlan { source, folder, replaced })
}
