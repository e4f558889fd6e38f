//! Files and folders: registering, uploading, saving, renaming and removing items, and listing folders
//! (docs/model.md#items). No bytes are moved: rolebook records which items exist and who may reach them. `transfer`
//! copies and moves items; `item` has the steps that several operations share.

use std::collections::HashSet;
use std::rc::Rc;

use super::endpoint::opened_on;
use super::item::{self, refuse_files, require_folder, subtree};
use super::{ResolvedPath, Result, Transaction};
use crate::model::attributes::{Attributes, File, Item, ItemType};
use crate::model::escape::printable;
use crate::model::name::shell_quote;
use crate::model::{Action, Id, Kind, Name, Path, Problem, Reference, Resource, Role, Verb};
use crate::policy::{BindingQuery, Facts};

/// Attributes of an item to register, or to change; `None` leaves an attribute as it is.
#[derive(Clone, Debug, Default)]
pub struct ItemSettings {
    /// File or folder; a new item is a folder by default.
    pub item_type: Option<ItemType>,
    /// The size of a file in bytes.
    pub size: Option<u64>,
    /// The owner; `Some(None)` removes the owner.
    pub owner: Option<Option<Reference>>,
}

/// Registers a path that exists on the endpoint, with the folders above it.
///
/// # Errors
/// A denial; a conflict if the path is registered with other values.
pub fn add(tx: &mut Transaction<'_>, endpoint: &Name, path: &Path, settings: &ItemSettings) -> Result<Id> {
    let existing = tx.find(Kind::Endpoint, endpoint)?;
    tx.require_verb(Verb::Edit, existing.id)?;
    let item_type = settings.item_type.unwrap_or(ItemType::Folder);
    refuse_size_of_folder(item_type, settings.size)?;
    let resolved = tx.find_item(endpoint, path)?;
    let item = if resolved.missing.is_empty() {
        let before = resolved.nearest.as_item().cloned().unwrap_or(Item::FOLDER);
        let requested = Item { size: settings.size.or(before.size), ..before.clone() };
        if settings.item_type.is_some_and(|it| it != before.item_type) || requested != before {
            return Err(exists(&tx.name(resolved.nearest.id)?));
        }
        resolved.nearest.id
    } else {
        make_below(tx, &resolved, Item { item_type, size: settings.size, ..Item::FOLDER })?
    };
    let Some(owner) = &settings.owner else { return Ok(item) };
    let owner = find_owner(tx, owner.as_ref())?;
    match (tx.facts().list_bindings(BindingQuery::OnAs(item, Role::ItemOwner))?.first(), owner) {
        (Some(held), Some(owner)) if held.principal == owner.id => {}
        (Some(_), _) => return Err(exists(&tx.name(item)?)),
        (None, Some(owner)) => drop(tx.bind(item, owner.id, Role::ItemOwner)),
        (None, None) => {}
    }
    Ok(item)
}

fn refuse_size_of_folder(item_type: ItemType, size: Option<u64>) -> Result<()> {
    if item_type == ItemType::Folder && size.is_some() {
        return Err(Problem::usage("size_of_folder", "a folder has no size of its own").tip("--type file"));
    }
    Ok(())
}

fn exists(path: &str) -> Problem {
    Problem::conflict("exists", format!("`{path}` is registered already, with other values"))
        .tip(format!("rolebook content set {} …", shell_quote(path)))
}

/// Creates the item at an unregistered path, and the folders between it and the nearest registered one.
fn make_below(tx: &mut Transaction<'_>, resolved: &ResolvedPath, item: Item) -> Result<Id> {
    require_folder(tx, &resolved.nearest)?;
    let mut parent = resolved.nearest.id;
    let Some((last, between)) = resolved.missing.split_last() else { return Ok(parent) };
    for component in between {
        parent = item::make(tx, parent, component, Item::FOLDER);
    }
    Ok(item::make(tx, parent, last, item))
}

fn find_owner(tx: &Transaction<'_>, owner: Option<&Reference>) -> Result<Option<Rc<Resource>>> {
    match owner.map(|owner| tx.with_kind(owner)).transpose()?.as_deref() {
        None => Ok(None),
        Some(Reference::Named(Kind::Account, name)) => tx.find(Kind::Account, name).map(Some),
        Some(other) => Err(other.wrong_kind("an account (only accounts own files and folders)")),
    }
}

/// Changes the size or the owner of a registered item.
///
/// # Errors
/// A denial; "no such file or folder".
pub fn set(tx: &mut Transaction<'_>, endpoint: &Name, path: &Path, settings: &ItemSettings) -> Result<()> {
    if settings.size.is_none() && settings.owner.is_none() {
        return Err(super::nothing_to_set());
    }
    let ResolvedPath { nearest: item, endpoint: host, .. } = registered(tx, endpoint, path)?;
    tx.require_verb(Verb::Edit, host.id)?;
    let Some(before) = item.as_item() else { return Ok(()) };
    if let Some(size) = settings.size {
        refuse_size_of_folder(before.item_type, Some(size))?;
        tx.put_attributes(&item, Attributes::Item(Item { size: Some(size), ..before.clone() }));
    }
    if let Some(owner) = &settings.owner {
        let owner = find_owner(tx, owner.as_ref())?.map(|owner| owner.id);
        give_to(tx, item.id, owner)?;
    }
    Ok(())
}

/// Makes a principal the only owner of an item; `None` leaves it without an owner. The caller has asked for the
/// right.
pub(super) fn give_to(tx: &mut Transaction<'_>, item: Id, owner: Option<Id>) -> Result<()> {
    let mut is_owner = false;
    for held in tx.facts().list_bindings(BindingQuery::OnAs(item, Role::ItemOwner))? {
        is_owner |= Some(held.principal) == owner;
        if Some(held.principal) != owner {
            tx.end_binding(held.id);
        }
    }
    if let (Some(owner), false) = (owner, is_owner) {
        tx.bind(item, owner, Role::ItemOwner);
    }
    Ok(())
}

/// The item at a path, which must be registered itself.
///
/// # Errors
/// "No such file or folder".
pub fn registered(tx: &Transaction<'_>, endpoint: &Name, path: &Path) -> Result<ResolvedPath> {
    let resolved = tx.find_item(endpoint, path)?;
    if resolved.missing.is_empty() {
        return Ok(resolved);
    }
    let path = format!("{endpoint}:{path}");
    Err(Problem::not_found("file or folder", &path)
        .why("the path is not registered: `perm check` answers for it, but there is nothing to change")
        .tip(format!("rolebook content add {}", shell_quote(&path))))
}

/// A file or folder to upload.
#[derive(Clone, Debug)]
pub struct Upload {
    /// File or folder.
    pub item_type: ItemType,
    /// The size of a file in bytes.
    pub size: Option<u64>,
    /// The files to put into a folder.
    pub files: Vec<File>,
}

/// Uploads a file, or a folder with files; a file replaces a file of the same name.
///
/// # Errors
/// A denial; a conflict for a file whose name is that of a folder, or the reverse.
pub fn upload(tx: &mut Transaction<'_>, endpoint: &Name, path: &Path, request: &Upload) -> Result<()> {
    let Some((folder, name)) = path.split_last() else {
        return Err(Problem::conflict("is_root", "the root folder exists already"));
    };
    if request.item_type == ItemType::File && !request.files.is_empty() {
        return Err(Problem::usage("files_in_file", "a file holds no files").tip("--type folder"));
    }
    refuse_size_of_folder(request.item_type, request.size)?;
    // An actor who may replace a file need not see its folder: the file may be shared alone.
    if let Some(existing) = visible_item(tx, endpoint, path)? {
        if request.item_type == ItemType::File {
            return replace(tx, &existing, request.size);
        }
        require_folder(tx, &existing)?;
        return put_files(tx, &existing, &request.files);
    }
    let folder = target_folder(tx, endpoint, &folder)?;
    if request.item_type == ItemType::File {
        return put_file(tx, &folder, name, request.size);
    }
    let existing = tx.facts().named(Kind::Item, Some(folder.id), name)?;
    let target = match existing {
        Some(existing) => {
            require_folder(tx, &existing)?;
            existing
        }
        None => {
            tx.require_verb(Verb::CreateFolder, folder.id)?;
            // A folder with files takes create-folder and upload, both in the target (docs/model.md#items).
            if !request.files.is_empty() {
                tx.require_verb(Verb::Upload, folder.id)?;
            }
            let made = make_in(tx, &folder, name, Item::FOLDER)?;
            tx.facts().resource(made)?.unwrap_or(folder)
        }
    };
    put_files(tx, &target, &request.files)
}

/// Saves the files of a package in a folder.
///
/// # Errors
/// A denial, for the package or for the folder; "no such package".
pub fn save(tx: &mut Transaction<'_>, package: &Reference, endpoint: &Name, path: &Path) -> Result<()> {
    let package = tx.find_reference(Kind::Package, package)?;
    tx.require_verb(Verb::Download, package.id)?;
    let folder = target_folder(tx, endpoint, path)?;
    let files = package.as_package().map(|it| it.files.clone()).unwrap_or_default();
    if files.is_empty() {
        tx.warnings.push(format!("{} holds no files", package.reference()));
    }
    put_files(tx, &folder, &files)
}

/// Puts files into a folder. A file name can be a path: the file goes into that subfolder, which is created if it
/// is missing.
fn put_files(tx: &mut Transaction<'_>, folder: &Rc<Resource>, files: &[File]) -> Result<()> {
    let mut seen: HashSet<&str> = HashSet::new();
    for file in files {
        if !seen.insert(&file.name) {
            return Err(Problem::usage("file_twice", format!("`{}` is named twice", printable(&file.name))));
        }
        let path = Path::parse(&format!("/{}", file.name)).ok().filter(|path| path.to_string()[1..] == file.name);
        let Some((between, name)) = path.as_ref().and_then(Path::split_last) else {
            return Err(Problem::conflict("bad_file_name", format!("invalid file name `{}`", printable(&file.name)))
                .why("a file name is a path below its folder, without `.`, `..` and empty parts"));
        };
        let mut into = Rc::clone(folder);
        for component in between.components() {
            into = folder_in(tx, &into, component)?;
        }
        put_file(tx, &into, name, Some(file.size))?;
    }
    Ok(())
}

/// The folder of that name in another; created if it is missing, which takes `create-folder`.
fn folder_in(tx: &mut Transaction<'_>, folder: &Rc<Resource>, name: &str) -> Result<Rc<Resource>> {
    if let Some(existing) = tx.facts().named(Kind::Item, Some(folder.id), name)? {
        require_folder(tx, &existing)?;
        return Ok(existing);
    }
    tx.require_verb(Verb::CreateFolder, folder.id)?;
    let made = make_in(tx, folder, name, Item::FOLDER)?;
    Ok(tx.facts().resource(made)?.unwrap_or_else(|| Rc::clone(folder)))
}

/// Puts a file into a folder; replaces a file of the same name.
fn put_file(tx: &mut Transaction<'_>, folder: &Resource, name: &str, size: Option<u64>) -> Result<()> {
    let Some(existing) = tx.facts().named(Kind::Item, Some(folder.id), name)? else {
        tx.require_verb(Verb::Upload, folder.id)?;
        return make_in(tx, folder, name, Item::file(size)).map(drop);
    };
    replace(tx, &existing, size)
}

/// The item at a path, if it is registered and the actor may see it.
fn visible_item(tx: &Transaction<'_>, endpoint: &Name, path: &Path) -> Result<Option<Rc<Resource>>> {
    let Some(host) = tx.facts().named(Kind::Endpoint, None, endpoint.key())? else { return Ok(None) };
    let Some((item, depth)) = tx.facts().nearest_item(host.id, path)? else { return Ok(None) };
    if depth < path.depth() {
        return Ok(None);
    }
    let item = tx.facts().resource(item)?;
    Ok(match item {
        Some(item) if tx.sees(&item)? => Some(item),
        _ => None,
    })
}

/// Replaces a file; the item keeps its shares and its owner.
fn replace(tx: &mut Transaction<'_>, existing: &Rc<Resource>, size: Option<u64>) -> Result<()> {
    if existing.as_item().is_some_and(|it| it.is_folder()) {
        return Err(Problem::conflict("is_a_folder", format!("`{}` is a folder", tx.name(existing.id)?))
            .why("a file does not replace a folder"));
    }
    tx.require_verb(Verb::Overwrite, existing.id)?;
    if let Some(before) = existing.as_item() {
        tx.put_attributes(existing, Attributes::Item(Item { size, ..before.clone() }));
    }
    Ok(())
}

/// Creates an item in a folder. The actor owns what it puts directly into its own home folder
/// (seed 003: "you have full Edit permission"); elsewhere a new item has no owner.
pub(super) fn make_in(tx: &mut Transaction<'_>, folder: &Resource, name: &str, item: Item) -> Result<Id> {
    item::require_room(tx, folder, 1)?;
    let id = item::make(tx, folder.id, name, item);
    own_if_home(tx, folder, id)?;
    Ok(id)
}

/// Makes the actor the owner of an item that it put directly into its own home folder.
pub(super) fn own_if_home(tx: &mut Transaction<'_>, folder: &Resource, item: Id) -> Result<()> {
    let Some(actor) = tx.actor.principal() else { return Ok(()) };
    if folder.as_item().and_then(|it| it.home).is_some_and(|home| home.of == actor) {
        give_to(tx, item, Some(actor))?;
    }
    Ok(())
}

/// The folder at the path of a target. Folders of the path that are not registered are created, which takes
/// `create-folder`.
pub(super) fn target_folder(tx: &mut Transaction<'_>, endpoint: &Name, path: &Path) -> Result<Rc<Resource>> {
    let resolved = tx.find_item(endpoint, path)?;
    require_folder(tx, &resolved.nearest)?;
    if resolved.missing.is_empty() {
        return Ok(resolved.nearest);
    }
    tx.require_verb(Verb::CreateFolder, resolved.nearest.id)?;
    let mut folder = resolved.nearest;
    for component in &resolved.missing {
        let made = make_in(tx, &folder, component, Item::FOLDER)?;
        folder = tx.facts().resource(made)?.unwrap_or(folder);
    }
    Ok(folder)
}

/// Renames an item.
///
/// # Errors
/// A denial; a conflict if the name is taken, or for a root folder or a member's home folder.
pub fn rename(tx: &mut Transaction<'_>, endpoint: &Name, path: &Path, new: &str) -> Result<()> {
    let item = registered(tx, endpoint, path)?.nearest;
    tx.require_verb(Verb::Rename, item.id)?;
    let new = Path::component(new)?;
    refuse_fixed(tx, &item, "renamed")?;
    if let Some(other) = tx.facts().named(Kind::Item, item.parent, &new)?
        && other.id != item.id
    {
        return Err(Problem::conflict("exists", format!("`{}` exists already", tx.name(other.id)?)));
    }
    tx.put(Resource { name: new.clone(), key: new, ..(*item).clone() });
    Ok(())
}

/// Refuses to rename, move or remove a root folder, which every endpoint has (docs/model.md#items), and a home
/// folder, which lasts as long as the membership of its owner (docs/model.md#home-folders).
pub(super) fn refuse_fixed(tx: &Transaction<'_>, item: &Resource, what: &str) -> Result<()> {
    if item.is_root() {
        return Err(Problem::conflict("is_root", format!("the root folder cannot be {what}")));
    }
    let Some(home) = item.as_item().and_then(|it| it.home) else { return Ok(()) };
    if tx.facts().held(item.id, Role::ItemOwner, home.of)?.is_some() {
        let (path, who) = (tx.name(item.id)?, tx.name(home.of)?);
        return Err(Problem::conflict("is_home", format!("`{path}` is the home folder of {who} and cannot be {what}"))
            .tip("end the membership of the workspace first"));
    }
    Ok(())
}

/// Removes an item with everything below it and every share of it.
///
/// # Errors
/// A denial; a conflict if a share endpoint opens the folder, or if it holds home folders or files of a workspace.
pub fn remove(tx: &mut Transaction<'_>, endpoint: &Name, path: &Path) -> Result<()> {
    let item = registered(tx, endpoint, path)?.nearest;
    tx.require_verb(Verb::Delete, item.id)?;
    remove_unchecked(tx, &item)
}

/// Removes an item. The caller has asked for the right.
pub(super) fn remove_unchecked(tx: &mut Transaction<'_>, top: &Rc<Resource>) -> Result<()> {
    let items = subtree(tx, top)?;
    let ids: Vec<Id> = items.iter().map(|item| item.id).collect();
    if let Some(opened) = opened_on(tx, &ids)?.first() {
        let what = if tx.may_name(opened.id)? { tx.name(opened.id)? } else { "an endpoint".to_owned() };
        return Err(Problem::conflict("is_opened", format!("{what} opens `{}` or a folder in it", tx.name(top.id)?)));
    }
    for item in &items {
        refuse_fixed(tx, item, "removed")?;
        refuse_files(tx, item)?;
        let path = tx.name(item.id)?;
        if item.id != top.id {
            tx.cascades.push(path.clone());
        }
        for share in tx.facts().list_bindings(BindingQuery::OnAs(item.id, Role::ItemShare))? {
            let who = tx.participant(&share, share.principal)?;
            tx.cascades.push(format!("the share of {path} with {who}"));
        }
    }
    for item in items.iter().rev() {
        tx.end_with_bindings(item.id)?;
    }
    Ok(())
}

/// The items in a folder, by name; with `deep`, also everything below them.
///
/// # Errors
/// A denial without the permission to browse.
pub fn list(tx: &Transaction<'_>, endpoint: &Name, path: &Path, deep: bool) -> Result<Vec<Rc<Resource>>> {
    let resolved = tx.find_item(endpoint, path)?;
    tx.require(Action::Plain(Verb::Browse), resolved.nearest.id)?;
    // A folder that is not registered has no registered items.
    if !resolved.missing.is_empty() {
        return Ok(Vec::new());
    }
    let by_name = |items: &mut Vec<Rc<Resource>>| items.sort_by(|a, b| a.name.cmp(&b.name));
    let mut open = super::group::children(tx, Kind::Item, resolved.nearest.id)?;
    by_name(&mut open);
    open.reverse();
    let mut found = Vec::new();
    // Depth first, without recursion: each folder is followed by what lies in it.
    while let Some(item) = open.pop() {
        if deep && item.as_item().is_some_and(|it| it.is_folder()) {
            let mut below = super::group::children(tx, Kind::Item, item.id)?;
            by_name(&mut below);
            open.extend(below.into_iter().rev());
        }
        found.push(item);
    }
    Ok(found)
}
