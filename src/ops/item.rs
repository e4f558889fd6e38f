//! Steps that operations on items share: creating item rows, registering a path with the folders above it, walking
//! a subtree, and checks on folders. None of them asks for a right; their callers do.

use std::collections::HashMap;
use std::rc::Rc;

use super::group::children;
use super::{Result, Transaction};
use crate::model::attributes::{Attributes, Item};
use crate::model::name::shell_quote;
use crate::model::{Id, Kind, Name, Path, Problem, Resource, SetNames};
use crate::policy::Facts;

/// Creates the root folder of a new endpoint.
pub(super) fn make_root(tx: &mut Transaction<'_>, endpoint: Id) -> Id {
    make(tx, endpoint, "/", Item::FOLDER)
}

/// Creates an item in a folder. The caller has asked for the right.
pub(super) fn make(tx: &mut Transaction<'_>, parent: Id, name: &str, item: Item) -> Id {
    let id = tx.new_id();
    tx.put(Resource {
        id,
        parent: Some(parent),
        name: name.to_owned(),
        key: name.to_owned(),
        alias: None,
        attributes: Attributes::Item(item),
        sets: SetNames::NONE,
        since: 0,
    });
    id
}

/// Registers a path as a folder, with the folders above it. A path that is registered as a folder stays as it is.
/// The caller has asked for the right.
///
/// # Errors
/// "No such endpoint"; a conflict if the path or a part of it is a file.
pub(super) fn register_folder(tx: &mut Transaction<'_>, endpoint: &Name, path: &Path) -> Result<Rc<Resource>> {
    let missing = || Problem::not_found("endpoint", endpoint.as_written());
    let existing = tx.facts().named(Kind::Endpoint, None, endpoint.key())?.ok_or_else(missing)?;
    let (nearest, depth) = tx.facts().nearest_item(existing.id, path)?.ok_or_else(missing)?;
    let mut item = tx.facts().resource(nearest)?.ok_or_else(missing)?;
    for component in path.components().skip(depth) {
        require_folder(tx, &item)?;
        let id = make(tx, item.id, component, Item::FOLDER);
        item = tx.facts().resource(id)?.ok_or_else(missing)?;
    }
    require_folder(tx, &item)?;
    Ok(item)
}

/// Refuses a file where a folder is needed.
///
/// # Errors
/// A conflict.
pub(super) fn require_folder(tx: &Transaction<'_>, item: &Resource) -> Result<()> {
    if item.as_item().is_some_and(|it| it.is_folder()) {
        return Ok(());
    }
    let path = tx.name(item.id)?;
    Err(Problem::conflict("not_a_folder", format!("`{path}` is a file, not a folder"))
        .tip(format!("rolebook content show {}", shell_quote(&path))))
}

/// Refuses to put a number of levels of items into a folder if the deepest path would be too long.
///
/// # Errors
/// A conflict.
pub(super) fn require_room(tx: &Transaction<'_>, folder: &Resource, levels: usize) -> Result<()> {
    // The ancestors end with the root folder and the endpoint, which are not path components.
    let depth = tx.facts().ancestors(folder.id)?.len().saturating_sub(2);
    if depth + levels <= Path::MAX_DEPTH {
        return Ok(());
    }
    let path = tx.name(folder.id)?;
    let message = match levels {
        1 => format!("nothing can lie in `{path}`: it would be deeper than {} folders", Path::MAX_DEPTH),
        _ => format!("{levels} levels do not fit into `{path}`: it would be deeper than {} folders", Path::MAX_DEPTH),
    };
    Err(Problem::conflict("too_deep", message).why(format!("a path has at most {} components", Path::MAX_DEPTH)))
}

/// The number of levels in a [`subtree`], its top included. The items must be in the order of [`subtree`].
pub(super) fn levels(subtree: &[Rc<Resource>]) -> usize {
    let mut depths: HashMap<Id, usize> = HashMap::new();
    for item in subtree {
        let above = item.parent.and_then(|parent| depths.get(&parent)).copied().unwrap_or(0);
        depths.insert(item.id, above + 1);
    }
    depths.into_values().max().unwrap_or(0)
}

/// Refuses a folder that holds the files of a workspace. The message does not name a workspace that the actor may
/// not see.
///
/// # Errors
/// A conflict.
pub(super) fn refuse_files(tx: &Transaction<'_>, item: &Resource) -> Result<()> {
    let Some(workspace) = item.as_item().and_then(|it| it.files_of) else { return Ok(()) };
    let (path, whose) = (tx.name(item.id)?, tx.name(workspace)?);
    let problem = Problem::conflict("holds_files", format!("the files of {whose} lie in `{path}`"))
        .why("the files of a workspace stay in their folder while the workspace exists");
    Err(match whose.strip_prefix("workspace:") {
        Some(name) => problem.tip(format!("rolebook workspace remove {}", shell_quote(name))),
        None => problem,
    })
}

/// An item and everything registered below it, each folder before what lies in it.
///
/// # Errors
/// When the facts cannot be read.
pub fn subtree(tx: &Transaction<'_>, top: &Rc<Resource>) -> Result<Vec<Rc<Resource>>> {
    let mut found = vec![Rc::clone(top)];
    let mut next = 0;
    // A list instead of recursion: a tree may be deeper than the stack.
    while let Some(id) = found.get(next).map(|item| item.id) {
        found.extend(children(tx, Kind::Item, id)?);
        next += 1;
    }
    Ok(found)
}
