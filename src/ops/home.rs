//! Home folders: what a member of a workspace that has files owns there (docs/model.md#home-folders).

use super::item::make;
use super::{Result, Work};
use crate::model::attributes::{Home, Item};
use crate::model::name::quoted;
use crate::model::{Binding, Id, Kind, Path, Problem, Resource, Role};
use crate::policy::{Facts, Select};

/// Makes the home folder of a member, owned by them; nothing where the workspace has no files.
///
/// # Errors
/// A conflict where something of that name is there and is not this account's home: a namesake does
/// not inherit what somebody left behind.
pub(super) fn make_home<F: Facts + ?Sized>(
    work: &mut Work<'_, F>,
    workspace: &Resource,
    account: &Resource,
    grantor: Option<Id>,
) -> Result<()> {
    let Some(files) = workspace.as_workspace().and_then(|it| it.files) else { return Ok(()) };
    let home = Home { workspace: workspace.id, of: account.id };
    // What the account had before, whatever it is called now.
    let item = match work.facts().home(files, home)? {
        Some(known) => known.id,
        None => {
            // Names of accounts hold no `/`, but `.` and `..` are names too.
            let Ok(name) = Path::component(&account.name) else { return Err(no_folder(account)) };
            if let Some(known) = work.facts().named(Kind::Item, Some(files), &name)? {
                return Err(taken(work, &known, account)?);
            }
            make(work, files, &name, Item { home: Some(home), ..Item::FOLDER })
        }
    };
    if work.facts().held(item, Role::ItemOwner, account.id)?.is_none() {
        let binding = work.bind(item, account.id, Role::ItemOwner);
        if let Some(made) = work.facts().binding(binding)? {
            work.put_binding(Binding { grantor, ..made });
        }
    }
    Ok(())
}

fn no_folder(account: &Resource) -> Problem {
    Problem::conflict("no_home", format!("no folder can be called `{}`", account.name))
        .why("the home folder of a member is called by their name")
}

fn taken<F: Facts + ?Sized>(work: &Work<'_, F>, item: &Resource, account: &Resource) -> Result<Problem> {
    let path = work.name(item.id)?;
    let why = match item.as_item().and_then(|it| it.home) {
        Some(_) => "it is the home folder of somebody else of that name",
        None => "it was there before",
    };
    Ok(Problem::conflict("home_taken", format!("`{path}` cannot be the home folder of {}", account.reference()))
        .why(why)
        .tip(format!("rename or move it first: rolebook content rename {} NEW-NAME", quoted(&path))))
}

/// Ends what an account owns among the files of a workspace. The folders stay, and so do the shares
/// that the account made.
///
/// # Errors
/// When the facts cannot be read.
pub(super) fn end_home<F: Facts + ?Sized>(work: &mut Work<'_, F>, workspace: &Resource, account: Id) -> Result<()> {
    let Some(files) = workspace.as_workspace().and_then(|it| it.files) else { return Ok(()) };
    for owned in work.facts().list(Select::OfAs(account, Role::ItemOwner))? {
        let above = work.facts().lineage(owned.resource)?;
        if !above.iter().skip(1).any(|it| it.id == files) {
            continue;
        }
        work.end_binding(owned.id);
        if work.facts().list(Select::OnAs(owned.resource, Role::ItemOwner))?.is_empty() {
            let path = work.name(owned.resource)?;
            work.notices.push(format!("`{path}` stays, without an owner"));
        }
    }
    Ok(())
}
