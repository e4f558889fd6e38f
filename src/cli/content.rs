//! The `content` commands: their arguments and their output.

use std::collections::HashMap;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::{OrWord, PageArgs, ReadArgs, WriteArgs, item, item_types, numbers, or_word, reference, size};
use super::session::Session;
use super::view::ReadView;
use super::{Outcome, complete, examples};
use crate::model::attributes::{File, Item, ItemType};
use crate::model::time::time_value;
use crate::model::{Id, Kind, Name, Path, Permissions, Reference, Resource};
use crate::ops::content::{self, ItemSettings, Upload};
use crate::ops::{AnyViewer, package, transfer};
use crate::policy::content::permission_sources;
use crate::policy::{BindingQuery, Facts, ProofStep};
use crate::render::{Column, RenderError, hidden, key, row, shown};

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::CONTENT)]
pub(super) struct ContentArgs {
    #[command(subcommand)]
    command: ContentCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum ContentCommand {
    /// Register an existing file or folder, with its owner
    #[command(after_long_help = examples::CONTENT_ADD)]
    Add(AddArgs),
    /// Change the registered size or owner of a file or folder
    #[command(after_long_help = examples::CONTENT_SET)]
    Set(SetArgs),
    /// List the items in a folder
    #[command(after_long_help = examples::CONTENT_LIST)]
    List(ListArgs),
    /// List everything below a folder
    #[command(after_long_help = examples::CONTENT_TREE)]
    Tree(ListArgs),
    /// Show one file or folder, with one's permissions on it
    #[command(after_long_help = examples::CONTENT_SHOW)]
    Show(FolderArgs),
    /// Upload a file, or a folder with files
    ///
    /// A file of the same name is replaced, which takes `delete` as well. Folders of the path that are not
    /// registered are made, which takes `create-folder`.
    #[command(after_long_help = examples::CONTENT_UPLOAD)]
    Upload(UploadArgs),
    /// Save the files of a package in a folder
    #[command(after_long_help = examples::CONTENT_SAVE)]
    Save(SaveArgs),
    /// Copy a file or folder into a folder
    #[command(after_long_help = examples::CONTENT_COPY)]
    Copy(TransferArgs),
    /// Move a file or folder into a folder
    #[command(name = "move", after_long_help = examples::CONTENT_MOVE)]
    Move(TransferArgs),
    /// Give a file or folder another name
    #[command(after_long_help = examples::CONTENT_RENAME)]
    Rename(RenameArgs),
    /// Remove a file or folder, with everything in it and every share of it
    #[command(after_long_help = examples::CONTENT_REMOVE)]
    Remove(RemoveArgs),
}

#[derive(Args, Debug)]
struct AddArgs {
    /// The path of the file or folder, as `ENDPOINT:/path`
    #[arg(value_name = "ITEM", value_parser = item, add = complete::items())]
    item: (Name, Path),
    /// Whether it is a file or a folder [default: folder]
    #[arg(long = "type", value_name = "TYPE", value_parser = item_types())]
    item_type: Option<ItemType>,
    /// The size of a file in bytes
    #[arg(long, value_name = "BYTES", value_parser = size)]
    size: Option<u64>,
    /// The owner
    #[arg(long, value_name = "USER", value_parser = or_word("none", reference), add = complete::accounts())]
    owner: Option<OrWord<Reference>>,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct SetArgs {
    /// The path of the file or folder, as `ENDPOINT:/path`
    #[arg(value_name = "ITEM", value_parser = item, add = complete::items())]
    item: (Name, Path),
    /// The size of a file in bytes
    #[arg(long, value_name = "BYTES", value_parser = size)]
    size: Option<u64>,
    /// The owner; `none` for nobody
    #[arg(long, value_name = "USER|none", value_parser = or_word("none", reference), add = complete::accounts())]
    owner: Option<OrWord<Reference>>,
    #[command(flatten)]
    writing: WriteArgs,
}

// The folder to list, and the requested part of the list.
#[derive(Args, Debug)]
struct ListArgs {
    #[command(flatten)]
    folder: FolderArgs,
    #[command(flatten)]
    paging: PageArgs,
}

// The item to show or list.
#[derive(Args, Debug)]
struct FolderArgs {
    /// The path of the file or folder, as `ENDPOINT:/path`
    #[arg(value_name = "ITEM", value_parser = item, add = complete::items())]
    item: (Name, Path),
    #[command(flatten)]
    reading: ReadArgs,
}

#[derive(Args, Debug)]
struct UploadArgs {
    /// The path of the file or folder, as `ENDPOINT:/folder/name`
    #[arg(value_name = "ITEM", value_parser = item, add = complete::items())]
    item: (Name, Path),
    /// Whether it is a file or a folder
    #[arg(long = "type", value_name = "TYPE", default_value = "file", value_parser = item_types())]
    item_type: ItemType,
    /// The size of a file in bytes
    #[arg(long, value_name = "BYTES", value_parser = size)]
    size: Option<u64>,
    /// A file in the folder and its size, as `NAME:BYTES` (can be repeated)
    #[arg(long = "file", value_name = "NAME:BYTES", value_parser = package::parse_file)]
    files: Vec<File>,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct SaveArgs {
    /// The package: its number
    #[arg(value_name = "PACKAGE", value_parser = numbers(Kind::Package))]
    package: Reference,
    /// The folder to save the files in, as `ENDPOINT:/folder`
    #[arg(value_name = "FOLDER", value_parser = item, add = complete::items())]
    folder: (Name, Path),
    #[command(flatten)]
    writing: WriteArgs,
}

// The item to copy or move, and the folder it goes to.
#[derive(Args, Debug)]
struct TransferArgs {
    /// The file or folder, as `ENDPOINT:/path`
    #[arg(value_name = "ITEM", value_parser = item, add = complete::items())]
    item: (Name, Path),
    /// The folder it goes to, as `ENDPOINT:/folder`
    #[arg(value_name = "FOLDER", value_parser = item, add = complete::items())]
    folder: (Name, Path),
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct RenameArgs {
    /// The file or folder, as `ENDPOINT:/path`
    #[arg(value_name = "ITEM", value_parser = item, add = complete::items())]
    item: (Name, Path),
    /// The new name, without a path
    #[arg(value_name = "NEW-NAME")]
    new: String,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct RemoveArgs {
    /// The file or folder, as `ENDPOINT:/path`
    #[arg(value_name = "ITEM", value_parser = item, add = complete::items())]
    item: (Name, Path),
    #[command(flatten)]
    writing: WriteArgs,
}

static COLUMNS: [Column; 7] = [
    key("ref"),
    shown("type"),
    shown("owner"),
    shown("size"),
    hidden("permissions"),
    shown("label"),
    hidden("revision"),
];

/// The columns of one item: also the sources of the reader's permissions.
static WITH_SOURCES: [Column; 8] = [
    shown("ref"),
    shown("type"),
    shown("owner"),
    shown("size"),
    shown("permissions"),
    shown("label"),
    shown("through"),
    hidden("revision"),
];

/// The row of an item, with the reader's own permissions.
fn item_row(
    view: &ReadView<'_>,
    reader: &AnyViewer<'_>,
    resource: &Resource,
    reference: &str,
) -> Result<Map<String, Value>, RenderError> {
    let Some(it) = resource.as_item() else { return Ok(Map::new()) };
    let owner = view.facts.list_bindings(BindingQuery::owner_of(resource.id))?.into_iter().next();
    let owner = owner.map(|binding| view.name(binding.principal)).transpose()?;
    let held = reader.permissions(resource.id)?;
    Ok(row(
        &COLUMNS,
        [
            json!(reference),
            json!(it.item_type),
            json!(owner),
            json!(it.size),
            json!(held),
            json!(held.label()),
            json!(resource.since),
        ],
    ))
}

/// One source of the reader's permissions on an item: a share, ownership or a role.
fn through_what(view: &ReadView<'_>, source: &[ProofStep]) -> Result<Option<Value>, RenderError> {
    let mut via = Vec::new();
    for step in source {
        let what = match step {
            ProofStep::Member(membership) => {
                via.push(view.name(membership.resource)?);
                continue;
            }
            ProofStep::Role(held) if held.is_ownership() => "owner",
            ProofStep::Role(_) => "role",
            ProofStep::Share(_) => "share",
            _ => continue,
        };
        let Some(binding) = step.binding() else { continue };
        let (set, role) = match what {
            "share" => (binding.attributes.permissions, None),
            "role" => (Permissions::EDIT, Some(binding.role.as_str())),
            _ => (Permissions::EDIT, None),
        };
        return Ok(Some(json!({
            "what": what,
            "role": role,
            "label": set.label(),
            "permissions": set,
            "on": view.name(binding.resource)?,
            "by": view.actor_name(binding.grantor)?,
            "via": (!via.is_empty()).then(|| via.join(" > ")),
            "expires": time_value(binding.expires),
        })));
    }
    Ok(None)
}

impl ContentArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        match self.command {
            ContentCommand::Add(it) => {
                let (endpoint, path) = &it.item;
                let settings = ItemSettings { item_type: it.item_type, size: it.size, owner: it.owner };
                session.change(&it.writing, |tx| content::add(tx, endpoint, path, &settings))
            }
            ContentCommand::Set(it) => {
                let (endpoint, path) = &it.item;
                let settings = ItemSettings { item_type: None, size: it.size, owner: it.owner };
                session.change(&it.writing, |tx| content::set(tx, endpoint, path, &settings))
            }
            ContentCommand::List(it) => it.folder.list(session, false, &it.paging),
            ContentCommand::Tree(it) => it.folder.list(session, true, &it.paging),
            ContentCommand::Show(it) => it.show(session),
            ContentCommand::Upload(it) => it.run(session),
            ContentCommand::Save(it) => {
                let (endpoint, path) = &it.folder;
                session.change(&it.writing, |tx| content::save(tx, &it.package, endpoint, path))
            }
            ContentCommand::Copy(it) => it.run(session, true),
            ContentCommand::Move(it) => it.run(session, false),
            ContentCommand::Rename(it) => {
                let (endpoint, path) = &it.item;
                session.change(&it.writing, |tx| content::rename(tx, endpoint, path, &it.new))
            }
            ContentCommand::Remove(it) => {
                let (endpoint, path) = &it.item;
                session.change(&it.writing, |tx| content::remove(tx, endpoint, path))
            }
        }
    }
}

impl FolderArgs {
    fn list(&self, session: &mut Session<'_>, deep: bool, paging: &PageArgs) -> Outcome {
        let (endpoint, path) = &self.item;
        session.read(self.reading.at.as_deref(), |session, view| {
            // A folder is listed before the items in it, so each name is built from its folder's.
            let mut names: HashMap<Id, String> = HashMap::new();
            let reader = view.viewer_at_moment()?;
            let rows = content::list(&view.transaction()?, endpoint, path, deep)?.into_iter().map(|found| {
                let name = match found.parent.and_then(|parent| names.get(&parent)) {
                    Some(folder) => format!("{folder}/{}", found.name),
                    None => view.name(found.id)?,
                };
                let row = item_row(view, &reader, &found, &name)?;
                if found.as_item().is_some_and(Item::is_folder) {
                    names.insert(found.id, name);
                }
                Ok(row)
            });
            session.list(&COLUMNS, rows, paging)
        })
    }

    fn show(&self, session: &mut Session<'_>) -> Outcome {
        let (endpoint, path) = &self.item;
        session.read(self.reading.at.as_deref(), |session, view| {
            let found = content::registered(&view.transaction()?, endpoint, path)?.nearest;
            let viewer = view.viewer_at_moment()?;
            let mut row = item_row(view, &viewer, &found, &view.name(found.id)?)?;
            let mut through = Vec::new();
            if let Some(subject) = viewer.subject() {
                for source in permission_sources(subject, found.id)? {
                    through.extend(through_what(view, &source)?);
                }
            }
            row.insert("through".to_owned(), Value::Array(through));
            session.show(&WITH_SOURCES, row)
        })
    }
}

impl UploadArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        let (endpoint, path) = &self.item;
        let request = Upload { item_type: self.item_type, size: self.size, files: self.files.clone() };
        session.change(&self.writing, |tx| content::upload(tx, endpoint, path, &request))
    }
}

impl TransferArgs {
    fn run(&self, session: &mut Session<'_>, copy: bool) -> Outcome {
        let (from, to) = (&self.item, &self.folder);
        let (from, to) = ((&from.0, &from.1), (&to.0, &to.1));
        session.change(&self.writing, |tx| {
            if copy { transfer::copy(tx, from, to).map(drop) } else { transfer::move_to(tx, from, to) }
        })
    }
}
