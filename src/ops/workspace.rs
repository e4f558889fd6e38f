//! Workspaces: creating, changing and removing them, and the folder that holds their files
//! (docs/model.md#workspaces). Their members are in `workspace_member`, home folders in `home`.

use std::rc::Rc;

use super::group::children;
use super::home::{HomeFolder, end_home, make_home};
use super::item::{register_folder, subtree};
use super::labels::{self, LabelChanges};
use super::membership::cascade_members;
use super::{Result, Transaction, find_workspace};
use crate::model::attributes::{AllowDeny, Attributes, Item, LinkStatus, Workspace};
use crate::model::{Id, Kind, Name, Path, Problem, Resource, Role, Verb};
use crate::policy::{BindingQuery, Facts};

/// Settings to change; `None` leaves a setting as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WorkspaceSettings {
    /// The texts and the external ids.
    pub labels: LabelChanges,
    /// The folder that holds the files of the workspace.
    pub files: Option<(Name, Path)>,
    /// Whether members may upload directly into their home folders.
    pub root_upload: Option<AllowDeny>,
}

impl WorkspaceSettings {
    /// The attributes with the changes applied, except the files, which take a lookup and a right.
    fn applied(&self, before: &Workspace) -> Result<Workspace> {
        let mut after = Workspace { root_upload: self.root_upload.unwrap_or(before.root_upload), ..before.clone() };
        self.labels.apply_to(after.texts_mut())?;
        Ok(after)
    }
}

/// Creates a workspace.
///
/// # Errors
/// A denial; a conflict if it exists with other values, or for a folder that cannot hold its files.
pub fn add(tx: &mut Transaction<'_>, org: &Name, name: &Name, options: &WorkspaceSettings) -> Result<Id> {
    let org = tx.find(Kind::Org, org)?;
    tx.require_verb(Verb::CreateWorkspace, org.id)?;
    if let Some(existing) = tx.facts().named(Kind::Workspace, Some(org.id), name.key())? {
        return same_or_conflict(tx, &existing, options);
    }
    let id = tx.create(Some(org.id), name, Attributes::Workspace(options.applied(&Workspace::default())?))?;
    if let Some(files) = &options.files {
        put_files(tx, id, files)?;
    }
    labels::change_ids(tx, id, &options.labels.ids)?;
    Ok(id)
}

/// Adding a workspace that exists changes nothing; adding it with other values is a conflict.
fn same_or_conflict(tx: &Transaction<'_>, existing: &Resource, options: &WorkspaceSettings) -> Result<Id> {
    let reference = tx.name(existing.id)?;
    if let Some(before) = existing.as_workspace()
        && options.applied(before)? == *before
        && lies_there(tx, before, options)?
        && labels::has_ids(tx, existing, &options.labels.ids)?
    {
        return Ok(existing.id);
    }
    let typed = crate::model::name::shell_quote(reference.trim_start_matches("workspace:"));
    Err(Problem::conflict("exists", format!("{reference} exists already, with other values"))
        .tip(format!("rolebook workspace set {typed} …")))
}

/// Whether the files of a workspace lie in the folder that the options name; true if they name none.
///
/// # Errors
/// When the facts cannot be read.
pub fn lies_there(tx: &Transaction<'_>, before: &Workspace, options: &WorkspaceSettings) -> Result<bool> {
    let Some((endpoint, path)) = &options.files else { return Ok(true) };
    let Some(host) = tx.facts().named(Kind::Endpoint, None, endpoint.key())? else { return Ok(false) };
    let there = tx.facts().nearest_item(host.id, path)?;
    Ok(there.is_some_and(|(item, depth)| depth == path.depth() && before.files == Some(item)))
}

/// Changes a workspace. Members may edit its description. The folder of its files and `root-upload` take the right
/// to create workspaces: a member must not open the root folder for themselves.
///
/// # Errors
/// A denial; a conflict for a folder that cannot hold its files.
pub fn set(tx: &mut Transaction<'_>, org: &Name, name: &Name, options: &WorkspaceSettings) -> Result<()> {
    if *options == WorkspaceSettings::default() {
        return Err(super::nothing_to_set());
    }
    let existing = find_workspace(tx.facts(), &tx.viewer()?, org, name)?;
    let (Some(before), Some(parent)) = (existing.as_workspace(), existing.parent) else { return Ok(()) };
    if options.labels.has_texts() {
        tx.require_verb(Verb::Edit, existing.id)?;
    }
    if options.files.is_some() || options.root_upload.is_some() {
        tx.require_verb(Verb::CreateWorkspace, parent)?;
    }
    tx.put_attributes(&existing, Attributes::Workspace(options.applied(before)?));
    if let Some(files) = &options.files {
        put_files(tx, existing.id, files)?;
    }
    labels::change_ids(tx, existing.id, &options.labels.ids)
}

/// Puts the files of a workspace into a folder. This also takes the right to edit the endpoint, since every member
/// will own a folder there.
fn put_files(tx: &mut Transaction<'_>, workspace: Id, to: &(Name, Path)) -> Result<()> {
    let (endpoint, path) = to;
    let host = tx.find(Kind::Endpoint, endpoint)?;
    tx.require_verb(Verb::Edit, host.id)?;
    let Some(existing) = tx.facts().resource(workspace)? else { return Ok(()) };
    let Some(before) = existing.as_workspace() else { return Ok(()) };
    let options = WorkspaceSettings { files: Some(to.clone()), ..WorkspaceSettings::default() };
    if before.files.is_some() && lies_there(tx, before, &options)? {
        return Ok(());
    }
    if let Some(elsewhere) = before.files {
        return Err(Problem::conflict(
            "has_files",
            format!("{} has its files in `{}` already", tx.name(workspace)?, tx.name(elsewhere)?),
        )
        .why("its members own their folders there"));
    }
    let folder = register_folder(tx, endpoint, path)?;
    refuse_overlap(tx, &folder)?;
    let item = folder.as_item().cloned().unwrap_or(Item::FOLDER);
    tx.put_attributes(&folder, Attributes::Item(Item { files_of: Some(workspace), ..item }));
    tx.put_attributes(&existing, Attributes::Workspace(Workspace { files: Some(folder.id), ..before.clone() }));
    let Some(existing) = tx.facts().resource(workspace)? else { return Ok(()) };
    let grantor = tx.actor.principal();
    for level in Role::levels(Kind::Workspace) {
        for binding in tx.facts().list_bindings(BindingQuery::OnAs(workspace, *level))? {
            if let Some(account) = tx.facts().resource(binding.principal)? {
                make_home(tx, &existing, &account, (&HomeFolder::Usual, grantor))?;
            }
        }
    }
    Ok(())
}

/// Refuses a folder that contains or lies in the files of another workspace, or that lies in a home folder: the
/// owner of a folder owns everything in it.
fn refuse_overlap(tx: &Transaction<'_>, folder: &Rc<Resource>) -> Result<()> {
    let path = tx.name(folder.id)?;
    let above = tx.facts().ancestors(folder.id)?;
    let below = subtree(tx, folder)?;
    for other in above.iter().chain(&below) {
        let Some(item) = other.as_item() else { continue };
        let other_path = tx.name(other.id)?;
        if let Some(workspace) = item.files_of {
            let seen = tx.facts().resource(workspace)?.map_or(Ok(false), |it| tx.sees(&it))?;
            let whose = if seen { tx.name(workspace)? } else { "another workspace".to_owned() };
            return Err(Problem::conflict("holds_files", format!("`{path}` cannot hold the files of the workspace"))
                .why(format!("the files of {whose} lie in `{other_path}`")));
        }
    }
    if let Some(home) = above.iter().find(|it| it.as_item().is_some_and(|it| it.home.is_some())) {
        let home_path = tx.name(home.id)?;
        return Err(Problem::conflict("home_folder", format!("`{path}` cannot hold the files of the workspace"))
            .why(format!("`{home_path}` is somebody's home folder")));
    }
    Ok(())
}

/// Removes a workspace, with its members, tokens, keys, media and streams. Its files stay on the endpoint.
///
/// # Errors
/// A denial.
pub fn remove(tx: &mut Transaction<'_>, org: &Name, name: &Name) -> Result<()> {
    let existing = find_workspace(tx.facts(), &tx.viewer()?, org, name)?;
    tx.require_verb(Verb::Delete, existing.id)?;
    remove_unchecked(tx, &existing)
}

/// Removes a workspace. The caller has asked for the right.
///
/// # Errors
/// When the facts cannot be read.
pub(super) fn remove_unchecked(tx: &mut Transaction<'_>, existing: &Resource) -> Result<()> {
    cascade_members(tx, existing)?;
    for kind in Kind::Workspace.children().filter(|kind| *kind != Kind::ExternalId) {
        let mut lying = children(tx, kind, existing.id)?;
        lying.sort_by_key(|it| it.id);
        for it in lying {
            // A token that has ended gives nothing, so its removal needs no confirmation.
            if it.as_token().is_none_or(|token| token.status(tx.at) == LinkStatus::Active) {
                let name = if it.name.is_empty() { String::new() } else { format!(" `{}`", it.name) };
                tx.cascades.push(format!("{}{name}", it.reference()));
            }
            tx.end_with_bindings(it.id)?;
        }
    }
    if let Some(files) = existing.as_workspace().and_then(|it| it.files) {
        release_files(tx, existing, files)?;
    }
    tx.end_with_bindings(existing.id)
}

/// Turns the folders of a workspace into plain folders: they stay, no longer tied to the workspace or a membership.
fn release_files(tx: &mut Transaction<'_>, workspace: &Resource, files: Id) -> Result<()> {
    let Some(folder) = tx.facts().resource(files)? else { return Ok(()) };
    let path = tx.name(files)?;
    tx.cascades.push(format!("its files in `{path}`, which stay there without their owners"));
    let warning_count = tx.warnings.len();
    for level in Role::levels(Kind::Workspace) {
        for binding in tx.facts().list_bindings(BindingQuery::OnAs(workspace.id, *level))? {
            end_home(tx, workspace, binding.principal)?;
        }
    }
    // One line in the cascades covers all of them, so the warnings of `end_home` are dropped.
    tx.warnings.truncate(warning_count);
    for item in subtree(tx, &folder)? {
        let Some(it) = item.as_item() else { continue };
        let files_of = it.files_of.filter(|id| *id != workspace.id);
        let home = it.home.filter(|home| home.workspace != workspace.id);
        if (files_of, home) != (it.files_of, it.home) {
            tx.put_attributes(&item, Attributes::Item(Item { files_of, home, ..it.clone() }));
        }
    }
    Ok(())
}
