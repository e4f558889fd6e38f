//! Home folders: what a member of a workspace that has files owns there (docs/model.md#home-folders).

use std::rc::Rc;

use super::item::make;
use super::{Result, Transaction};
use crate::model::attributes::{Home, Item};
use crate::model::name::shell_quote;
use crate::model::{Binding, Id, Kind, Name, Path, Problem, Reference, Resource, Role};
use crate::policy::{BindingQuery, Facts};

/// Where the home folder of a member lies.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum HomeFolder {
    /// Under the name of the member, unless there is one already.
    #[default]
    Usual,
    /// At a path of an endpoint, straight among the files of the workspace.
    At(Name, Path),
    /// The member has none.
    Missing,
}

impl HomeFolder {
    /// Reads a path on an endpoint, or `none`.
    ///
    /// # Errors
    /// When the text is neither.
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

/// Refuses a home folder that does not lie straight in the folder of the workspace's files.
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
        .why("a home folder lies straight in the folder that holds the files of its workspace")
}

/// Makes the home folder of a member, owned by them; nothing where the workspace has no files.
///
/// # Errors
/// A conflict where something of that name is there and is not this account's home: a namesake does
/// not inherit what somebody left behind.
pub(super) fn make_home<F: Facts + ?Sized>(
    tx: &mut Transaction<'_, F>,
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
    // What the account had before, whatever it is called now.
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
            // Names of accounts hold no `/`, but `.` and `..` are names too.
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

/// Gives somebody who is a member already, and has no home folder, one that lies where it is named.
///
/// # Errors
/// A conflict where their home folder lies elsewhere; as [`make_home`].
pub(super) fn put_home<F: Facts + ?Sized>(
    tx: &mut Transaction<'_, F>,
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

/// Whether the home folder of a member is where it is said to be, if that is said.
///
/// # Errors
/// When the facts cannot be read.
pub fn lies_at<F: Facts + ?Sized>(
    tx: &Transaction<'_, F>,
    workspace: &Resource,
    account: Id,
    at: &HomeFolder,
) -> Result<bool> {
    Ok(match at {
        HomeFolder::Usual => true,
        HomeFolder::Missing => home_of(tx, workspace, account)?.is_none(),
        HomeFolder::At(endpoint, path) => match home_of(tx, workspace, account)? {
            Some(existing) => item_at(tx, endpoint, path)? == Some(existing.id),
            None => false,
        },
    })
}

/// The home folder of a member.
fn home_of<F: Facts + ?Sized>(tx: &Transaction<'_, F>, workspace: &Resource, of: Id) -> Result<Option<Rc<Resource>>> {
    match workspace.as_workspace().and_then(|it| it.files) {
        Some(files) => Ok(tx.facts().home(files, Home { workspace: workspace.id, of })?),
        None => Ok(None),
    }
}

/// The item that is registered at a path.
fn item_at<F: Facts + ?Sized>(tx: &Transaction<'_, F>, endpoint: &Name, path: &Path) -> Result<Option<Id>> {
    let Some(host) = tx.facts().named(Kind::Endpoint, None, endpoint.key())? else { return Ok(None) };
    let nearest = tx.facts().nearest_item(host.id, path)?;
    Ok(nearest.filter(|(_, depth)| *depth == path.depth()).map(|(item, _)| item))
}

/// What a folder at that path is called, if it lies straight in another.
fn name_in<F: Facts + ?Sized>(tx: &Transaction<'_, F>, files: Id, (endpoint, path): (&Name, &Path)) -> Result<String> {
    if let Some((folder, name)) = path.split_last()
        && item_at(tx, endpoint, &folder)? == Some(files)
    {
        return Ok(name.to_owned());
    }
    Err(elsewhere(endpoint, path))
}

fn has_home<F: Facts + ?Sized>(tx: &Transaction<'_, F>, existing: &Resource, account: &Resource) -> Result<Problem> {
    let path = tx.name(existing.id)?;
    Ok(Problem::conflict("has_home", format!("the home folder of {} is `{path}`", account.reference()))
        .why("a member has one home folder, which stays where it is"))
}

fn no_folder(account: &Resource) -> Problem {
    Problem::conflict("no_home", format!("no folder can be called `{}`", account.name))
        .why("the home folder of a member is called by their name")
}

fn taken<F: Facts + ?Sized>(tx: &Transaction<'_, F>, item: &Resource, account: &Resource) -> Result<Problem> {
    let path = tx.name(item.id)?;
    let why = match item.as_item().and_then(|it| it.home) {
        Some(_) => "it is the home folder of somebody else of that name",
        None => "it was there before",
    };
    Ok(Problem::conflict("home_taken", format!("`{path}` cannot be the home folder of {}", account.reference()))
        .why(why)
        .tip(format!("rename or move it first: rolebook content rename {} NEW-NAME", shell_quote(&path))))
}

/// Ends what an account owns among the files of a workspace. The folders stay, and so do the shares
/// that the account made.
///
/// # Errors
/// When the facts cannot be read.
pub(super) fn end_home<F: Facts + ?Sized>(
    tx: &mut Transaction<'_, F>,
    workspace: &Resource,
    account: Id,
) -> Result<()> {
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
