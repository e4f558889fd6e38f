//! Workspaces: making, changing and removing them, and where their files lie (docs/model.md#workspaces).

use std::rc::Rc;

use super::home::{HomeFolder, end_home, make_home};
use super::item::{register_folder, subtree};
use super::membership::levels;
use super::org::{said, take_members};
use super::place::children;
use super::{Result, Work, find_workspace};
use crate::model::attributes::{AllowDeny, Attributes, Item, Workspace};
use crate::model::{Id, Kind, Name, Path, Problem, Resource, Verb};
use crate::policy::{BindingQuery, Facts};

/// What can be said of a workspace; what is none is left as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// What it is for; an empty text takes it away.
    pub description: Option<String>,
    /// The folder its files lie in.
    pub files: Option<(Name, Path)>,
    /// Whether its members upload straight into their home folders.
    pub root_upload: Option<AllowDeny>,
}

impl Options {
    /// But for the files, which are found and asked about.
    fn applied(&self, before: &Workspace) -> Result<Workspace> {
        Ok(Workspace {
            description: said(self.description.as_deref(), before.description.as_deref())?,
            files: before.files,
            root_upload: self.root_upload.unwrap_or(before.root_upload),
        })
    }
}

/// Creates a workspace.
///
/// # Errors
/// A denial; a conflict when it exists otherwise, or for a folder that cannot hold its files.
pub fn add<F: Facts + ?Sized>(work: &mut Work<'_, F>, org: &Name, name: &Name, options: &Options) -> Result<Id> {
    let org = work.find(Kind::Org, org)?;
    work.require_verb(Verb::CreateWorkspace, org.id)?;
    if let Some(known) = work.facts().named(Kind::Workspace, Some(org.id), name.key())? {
        return same_or_conflict(work, &known, options);
    }
    let id = work.make(Some(org.id), name, Attributes::Workspace(options.applied(&Workspace::default())?))?;
    if let Some(files) = &options.files {
        put_files(work, id, files)?;
    }
    Ok(id)
}

/// Adding what is there already is no change; adding it otherwise is a contradiction.
fn same_or_conflict<F: Facts + ?Sized>(work: &Work<'_, F>, known: &Resource, options: &Options) -> Result<Id> {
    let reference = work.name(known.id)?;
    if let Some(before) = known.as_workspace()
        && options.applied(before)? == *before
        && lies_there(work, before, options)?
    {
        return Ok(known.id);
    }
    let typed = crate::model::name::shell_quote(reference.trim_start_matches("workspace:"));
    Err(Problem::conflict("exists", format!("{reference} exists already, with other values"))
        .tip(format!("rolebook workspace set {typed} …")))
}

/// Whether the files lie where the options say, if they say anything.
///
/// # Errors
/// When the facts cannot be read.
pub fn lies_there<F: Facts + ?Sized>(work: &Work<'_, F>, before: &Workspace, options: &Options) -> Result<bool> {
    let Some((endpoint, path)) = &options.files else { return Ok(true) };
    let Some(host) = work.facts().named(Kind::Endpoint, None, endpoint.key())? else { return Ok(false) };
    let there = work.facts().nearest_item(host.id, path)?;
    Ok(there.is_some_and(|(item, depth)| depth == path.depth() && before.files == Some(item)))
}

/// Changes a workspace. Members may edit its details; where its files lie and who uploads straight
/// into them is for whoever may create workspaces: a member must not open the root for themselves.
///
/// # Errors
/// A denial; a conflict for a folder that cannot hold its files.
pub fn set<F: Facts + ?Sized>(work: &mut Work<'_, F>, org: &Name, name: &Name, options: &Options) -> Result<()> {
    if *options == Options::default() {
        return Err(super::nothing_to_set());
    }
    let known = find_workspace(work.facts(), &work.viewer()?, org, name)?;
    let (Some(before), Some(parent)) = (known.as_workspace(), known.parent) else { return Ok(()) };
    if options.description.is_some() {
        work.require_verb(Verb::Edit, known.id)?;
    }
    if options.files.is_some() || options.root_upload.is_some() {
        work.require_verb(Verb::CreateWorkspace, parent)?;
    }
    work.put_attributes(&known, Attributes::Workspace(options.applied(before)?));
    if let Some(files) = &options.files {
        put_files(work, known.id, files)?;
    }
    Ok(())
}

/// Puts the files of a workspace into a folder. That takes the administration of the endpoint too:
/// every member will own a folder there.
fn put_files<F: Facts + ?Sized>(work: &mut Work<'_, F>, workspace: Id, to: &(Name, Path)) -> Result<()> {
    let (endpoint, path) = to;
    let host = work.find(Kind::Endpoint, endpoint)?;
    work.require_verb(Verb::Edit, host.id)?;
    let Some(known) = work.facts().resource(workspace)? else { return Ok(()) };
    let Some(before) = known.as_workspace() else { return Ok(()) };
    let options = Options { files: Some(to.clone()), ..Options::default() };
    if before.files.is_some() && lies_there(work, before, &options)? {
        return Ok(());
    }
    if let Some(elsewhere) = before.files {
        return Err(Problem::conflict(
            "has_files",
            format!("{} has its files in `{}` already", work.name(workspace)?, work.name(elsewhere)?),
        )
        .why("its members own their folders there"));
    }
    let folder = register_folder(work, endpoint, path)?;
    refuse_overlap(work, &folder)?;
    let item = folder.as_item().cloned().unwrap_or(Item::FOLDER);
    work.put_attributes(&folder, Attributes::Item(Item { files_of: Some(workspace), ..item }));
    work.put_attributes(&known, Attributes::Workspace(Workspace { files: Some(folder.id), ..before.clone() }));
    let Some(known) = work.facts().resource(workspace)? else { return Ok(()) };
    let grantor = work.actor.principal();
    for level in levels(Kind::Workspace) {
        for binding in work.facts().list_bindings(BindingQuery::OnAs(workspace, *level))? {
            if let Some(account) = work.facts().resource(binding.principal)? {
                make_home(work, &known, &account, (&HomeFolder::Usual, grantor))?;
            }
        }
    }
    Ok(())
}

/// The files of two workspaces must not lie in one another, nor in anybody's home folder: who owns a
/// folder owns all that is in it.
fn refuse_overlap<F: Facts + ?Sized>(work: &Work<'_, F>, folder: &Rc<Resource>) -> Result<()> {
    let path = work.name(folder.id)?;
    let above = work.facts().ancestors(folder.id)?;
    let below = subtree(work, folder)?;
    for other in above.iter().chain(&below) {
        let Some(item) = other.as_item() else { continue };
        let place = work.name(other.id)?;
        if let Some(workspace) = item.files_of {
            let seen = work.facts().resource(workspace)?.map_or(Ok(false), |it| work.sees(&it))?;
            let whose = if seen { work.name(workspace)? } else { "another workspace".to_owned() };
            return Err(Problem::conflict("holds_files", format!("`{path}` cannot hold the files of the workspace"))
                .why(format!("the files of {whose} lie in `{place}`")));
        }
    }
    if let Some(home) = above.iter().find(|it| it.as_item().is_some_and(|it| it.home.is_some())) {
        let place = work.name(home.id)?;
        return Err(Problem::conflict("home_folder", format!("`{path}` cannot hold the files of the workspace"))
            .why(format!("`{place}` is somebody's home folder")));
    }
    Ok(())
}

/// Removes a workspace, with its members, tokens, keys, media and streams. Its files stay on the
/// endpoint.
///
/// # Errors
/// A denial.
pub fn remove<F: Facts + ?Sized>(work: &mut Work<'_, F>, org: &Name, name: &Name) -> Result<()> {
    let known = find_workspace(work.facts(), &work.viewer()?, org, name)?;
    work.require_verb(Verb::Delete, known.id)?;
    remove_unasked(work, &known)
}

/// Removes a workspace, unasked: the caller has asked.
///
/// # Errors
/// When the facts cannot be read.
pub(super) fn remove_unasked<F: Facts + ?Sized>(work: &mut Work<'_, F>, known: &Resource) -> Result<()> {
    take_members(work, known)?;
    for kind in [Kind::SigningKey, Kind::AccessToken, Kind::Media, Kind::Stream] {
        let mut lying = children(work, kind, known.id)?;
        lying.sort_by_key(|it| it.id);
        for it in lying {
            // A token that was ended gives nothing that could be missed.
            if it.as_token().is_none_or(|token| token.status(work.at) == "active") {
                let name = if it.name.is_empty() { String::new() } else { format!(" `{}`", it.name) };
                work.takes.push(format!("{}{name}", it.reference()));
            }
            work.end_with_bindings(it.id)?;
        }
    }
    if let Some(files) = known.as_workspace().and_then(|it| it.files) {
        release_files(work, known, files)?;
    }
    work.end_with_bindings(known.id)
}

/// Leaves the files where they are, as plain folders that belong to nobody's membership.
fn release_files<F: Facts + ?Sized>(work: &mut Work<'_, F>, workspace: &Resource, files: Id) -> Result<()> {
    let Some(folder) = work.facts().resource(files)? else { return Ok(()) };
    let path = work.name(files)?;
    work.takes.push(format!("its files in `{path}`, which stay there without their owners"));
    let told = work.notices.len();
    for level in levels(Kind::Workspace) {
        for binding in work.facts().list_bindings(BindingQuery::OnAs(workspace.id, *level))? {
            end_home(work, workspace, binding.principal)?;
        }
    }
    // One line about all of them stands among what goes already.
    work.notices.truncate(told);
    for item in subtree(work, &folder)? {
        let Some(it) = item.as_item() else { continue };
        let files_of = it.files_of.filter(|id| *id != workspace.id);
        let home = it.home.filter(|home| home.workspace != workspace.id);
        if (files_of, home) != (it.files_of, it.home) {
            work.put_attributes(&item, Attributes::Item(Item { files_of, home, ..it.clone() }));
        }
    }
    Ok(())
}
