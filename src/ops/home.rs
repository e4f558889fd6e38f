//! Home folders: each member of a workspace that has files owns a folder among them (docs/model.md#home-folders).
//! `workspace` and `workspace_member` create and end home folders through this module.

use std::rc::Rc;

use super::item::make;
use super::{Result, Transaction};
use crate::model::attributes::{Home, Item};
use crate::model::name::shell_quote;
use crate::model::{Binding, Id, Kind, Name, Path, Problem, Reference, Resource, Role};
use crate::policy::{BindingQuery, Facts};

/// The home folder that a request names for a member.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum HomeFolder {
    /// The existing home folder of the member, else one with the name of the member.
    #[default]
    Usual,
    /// The folder at a path of an endpoint, directly in the folder of the workspace's files.
    At(Name, Path),
    /// No home folder.
    Missing,
}

impl HomeFolder {
    /// Reads a path on an endpoint, or `none`.
    ///
    /// # Errors
    /// A problem if the text is neither.
    pub fn parse(text: &str) -> Result<HomeFolder> {
        if text == HomeFolder::NONE {
            return Ok(HomeFolder::Missing);
        }
        match Reference::parse(text, Kind::Item)? {
            Reference::Item(endpoint, path) => Ok(HomeFolder::At(endpoint, path)),
            other => Err(other.wrong_kind("a path on an endpoint")),
        }
    }

    /// The word for a member without a home folder.
    pub const NONE: &'static str = "none";
}

/// Refuses a home folder that does not lie directly in the folder of the workspace's files.
///
/// # Errors
/// A conflict.
pub fn refuse_elsewhere(files: (&Name, &Path), (endpoint, path): (&Name, &Path)) -> Result<()> {
    let folder = path.split_last().map(|(folder, _)| folder);
    if endpoint.key() == files.0.key() && folder.as_ref() == Some(files.1) {
        return Ok(());
    }
    Err(elsewhere(endpoint, path))
}

fn elsewhere(endpoint: &Name, path: &Path) -> Problem {
    Problem::conflict("not_among_files", format!("`{endpoint}:{path}` cannot be a home folder of the workspace"))
        .why("a home folder lies directly in the folder that holds the files of its workspace")
}

/// Creates the home folder of a member, with the member as owner. Does nothing if the workspace has no files.
///
/// # Errors
/// A conflict if an item of that name exists that is not this account's home folder: a later account of the same
/// name does not inherit the folder of an earlier one.
pub(super) fn make_home(
    tx: &mut Transaction<'_>,
    workspace: &Resource,
    account: &Resource,
    (at, grantor): (&HomeFolder, Option<Id>),
) -> Result<()> {
    let Some(files) = workspace.as_workspace().and_then(|it| it.files) else {
        return match at {
            HomeFolder::At(endpoint, path) => Err(elsewhere(endpoint, path)),
            HomeFolder::Usual | HomeFolder::Missing => Ok(()),
        };
    };
    let home = Home { workspace: workspace.id, of: account.id };
    // The folder that the account had before, even if it was renamed.
    let existing = tx.facts().home(files, home)?;
    let name = match at {
        HomeFolder::Missing => return Ok(()),
        HomeFolder::At(endpoint, path) => Some(name_in(tx, files, (endpoint, path))?),
        HomeFolder::Usual => None,
    };
    let item = match existing {
        Some(existing) if name.as_ref().is_none_or(|name| *name == existing.name) => existing.id,
        Some(existing) => return Err(has_home(tx, &existing, account)?),
        None => {
            // Names of accounts contain no `/`, but `.` and `..` are valid names.
            let name = name.map_or_else(|| Path::component(&account.name), Ok);
            let Ok(name) = name else { return Err(no_folder(account)) };
            if let Some(existing) = tx.facts().named(Kind::Item, Some(files), &name)? {
                return Err(taken(tx, &existing, account)?);
            }
            make(tx, files, &name, Item { home: Some(home), ..Item::FOLDER })
        }
    };
    if tx.facts().held(item, Role::ItemOwner, account.id)?.is_none() {
        let binding = tx.bind(item, account.id, Role::ItemOwner);
        if let Some(made) = tx.facts().binding(binding)? {
            tx.put_binding(Binding { grantor, ..made });
        }
    }
    Ok(())
}

/// Gives a member without a home folder the one that a request names.
///
/// # Errors
/// A conflict if the member has another home folder; else as [`make_home`].
pub(super) fn put_home(
    tx: &mut Transaction<'_>,
    workspace: &Resource,
    account: &Resource,
    (at, grantor): (&HomeFolder, Option<Id>),
) -> Result<()> {
    if lies_at(tx, workspace, account.id, at)? {
        return Ok(());
    }
    if *at == HomeFolder::Missing
        && let Some(existing) = home_of(tx, workspace, account.id)?
    {
        return Err(has_home(tx, &existing, account)?);
    }
    make_home(tx, workspace, account, (at, grantor))
}

/// Whether the home folder of a member is the one that a request names.
///
/// # Errors
/// When the facts cannot be read.
pub fn lies_at(tx: &Transaction<'_>, workspace: &Resource, account: Id, at: &HomeFolder) -> Result<bool> {
    Ok(match at {
        HomeFolder::Usual => true,
        HomeFolder::Missing => home_of(tx, workspace, account)?.is_none(),
        HomeFolder::At(endpoint, path) => match home_of(tx, workspace, account)? {
            Some(existing) => item_at(tx, endpoint, path)? == Some(existing.id),
            None => false,
        },
    })
}

/// The home folder of a member; `None` if the member or the workspace has none.
fn home_of(tx: &Transaction<'_>, workspace: &Resource, of: Id) -> Result<Option<Rc<Resource>>> {
    match workspace.as_workspace().and_then(|it| it.files) {
        Some(files) => Ok(tx.facts().home(files, Home { workspace: workspace.id, of })?),
        None => Ok(None),
    }
}

/// The item that is registered at a path.
fn item_at(tx: &Transaction<'_>, endpoint: &Name, path: &Path) -> Result<Option<Id>> {
    let Some(host) = tx.facts().named(Kind::Endpoint, None, endpoint.key())? else { return Ok(None) };
    let nearest = tx.facts().nearest_item(host.id, path)?;
    Ok(nearest.filter(|(_, depth)| *depth == path.depth()).map(|(item, _)| item))
}

/// The name of the folder at a path, if it lies directly in `files`.
fn name_in(tx: &Transaction<'_>, files: Id, (endpoint, path): (&Name, &Path)) -> Result<String> {
    if let Some((folder, name)) = path.split_last()
        && item_at(tx, endpoint, &folder)? == Some(files)
    {
        return Ok(name.to_owned());
    }
    Err(elsewhere(endpoint, path))
}

fn has_home(tx: &Transaction<'_>, existing: &Resource, account: &Resource) -> Result<Problem> {
    let path = tx.name(existing.id)?;
    Ok(Problem::conflict("has_home", format!("the home folder of {} is `{path}`", account.reference()))
        .why("a member has one home folder, which stays where it is"))
}

fn no_folder(account: &Resource) -> Problem {
    Problem::conflict("no_home", format!("invalid folder name `{}`", account.name))
        .why("a home folder has the name of its member by default")
}

fn taken(tx: &Transaction<'_>, item: &Resource, account: &Resource) -> Result<Problem> {
    let path = tx.name(item.id)?;
    let why = match item.as_item().and_then(|it| it.home) {
        Some(_) => "it is the home folder of another account",
        None => "it exists already and is not a home folder",
    };
    Ok(Problem::conflict("home_taken", format!("`{path}` cannot be the home folder of {}", account.reference()))
        .why(why)
        .tip(format!("rename or move it first: rolebook content rename {} NEW-NAME", shell_quote(&path))))
}

/// Ends the ownerships of an account among the files of a workspace. The items stay, and so do the shares that the
/// account made.
///
/// # Errors
/// When the facts cannot be read.
pub(super) fn end_home(tx: &mut Transaction<'_>, workspace: &Resource, account: Id) -> Result<()> {
    let Some(files) = workspace.as_workspace().and_then(|it| it.files) else { return Ok(()) };
    for owned in tx.facts().list_bindings(BindingQuery::OfAs(account, Role::ItemOwner))? {
        let above = tx.facts().ancestors(owned.resource)?;
        if !above.iter().skip(1).any(|it| it.id == files) {
            continue;
        }
        tx.end_binding(owned.id);
        if tx.facts().list_bindings(BindingQuery::OnAs(owned.resource, Role::ItemOwner))?.is_empty() {
            let path = tx.name(owned.resource)?;
            tx.warnings.push(format!("`{path}` stays, without an owner"));
        }
    }
    Ok(())
}
