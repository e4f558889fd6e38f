//! `media` and `stream`: the two nouns take nearly the same, and are answered alike.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::{ReadArgs, WriteArgs, numbered, org_or_workspace, workspace};
use super::change::{ActingAs, IssuedSecrets};
use super::keys::ListArgs;
use super::links::new_secret;
use super::rename::RenameNumberedArgs;
use super::session::Session;
use super::view::ReadView;
use super::{Outcome, complete, examples};
use crate::model::secret::Secret;
use crate::model::{Kind, Name, Reference, Resource};
use crate::ops::media::{self, MediaEdit};
use crate::render::{Column, RenderError, hidden, key, row, shown};

/// Manage media files
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::MEDIA)]
pub(super) struct MediaArgs {
    #[command(subcommand)]
    command: MediaCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum MediaCommand {
    /// Add a media file to a workspace
    #[command(after_long_help = examples::MEDIA_ADD)]
    Add(AddArgs),
    /// List media files
    #[command(after_long_help = examples::MEDIA_LIST)]
    List(ListArgs),
    /// Show one media file
    #[command(after_long_help = examples::MEDIA_SHOW)]
    Show(ShowArgs),
    /// Change the name or the title of a media file
    #[command(after_long_help = examples::MEDIA_EDIT)]
    Edit(ChangeArgs),
    /// Give a media file another name
    #[command(after_long_help = examples::MEDIA_RENAME)]
    Rename(RenameNumberedArgs),
    /// Remove a media file
    #[command(after_long_help = examples::MEDIA_REMOVE)]
    Remove(RemoveArgs),
}

/// Manage live streams
///
/// Whoever has a stream's key can broadcast. It is shown once, when it is made; the store keeps its
/// SHA-256, and no listing shows even that.
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::STREAM)]
pub(super) struct StreamArgs {
    #[command(subcommand)]
    command: StreamCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum StreamCommand {
    /// Add a live stream to a workspace; its stream key is shown once
    #[command(after_long_help = examples::STREAM_ADD)]
    Add(AddArgs),
    /// List live streams
    #[command(after_long_help = examples::STREAM_LIST)]
    List(ListArgs),
    /// Show one live stream
    #[command(after_long_help = examples::STREAM_SHOW)]
    Show(ShowArgs),
    /// Change the name or the title of a live stream, or make another stream key
    #[command(after_long_help = examples::STREAM_EDIT)]
    Edit(ChangeStreamArgs),
    /// Give a live stream another name
    #[command(after_long_help = examples::STREAM_RENAME)]
    Rename(RenameNumberedArgs),
    /// Remove a live stream
    #[command(after_long_help = examples::STREAM_REMOVE)]
    Remove(RemoveArgs),
}

// A new one.
#[derive(Args, Debug)]
struct AddArgs {
    /// The workspace, as `ORG/NAME`
    #[arg(value_name = "ORG/NAME", add = complete::workspaces())]
    workspace: String,
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    /// The title people read
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    #[command(flatten)]
    writing: WriteArgs,
}

// One by number, to be read.
#[derive(Args, Debug)]
struct ShowArgs {
    /// Its number
    #[arg(value_name = "ID", add = complete::media())]
    id: String,
    #[command(flatten)]
    reading: ReadArgs,
}

// What shall be otherwise.
#[derive(Args, Debug)]
struct ChangeArgs {
    /// Its number
    #[arg(value_name = "ID", add = complete::media())]
    id: String,
    /// Another name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Another title; empty takes it away
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    #[command(flatten)]
    writing: WriteArgs,
}

// What shall be otherwise of a stream.
#[derive(Args, Debug)]
struct ChangeStreamArgs {
    #[command(flatten)]
    change: ChangeArgs,
    /// Make another stream key; the old one is worth nothing from then on
    #[arg(long)]
    new_key: bool,
}

// One by number, to be removed.
#[derive(Args, Debug)]
struct RemoveArgs {
    /// Its number
    #[arg(value_name = "ID", add = complete::media())]
    id: String,
    #[command(flatten)]
    writing: WriteArgs,
}

static COLUMNS: [Column; 5] = [key("ref"), shown("name"), shown("workspace"), shown("title"), hidden("revision")];

fn media_row(view: &ReadView<'_>, resource: &Resource) -> Result<Map<String, Value>, RenderError> {
    Ok(row(
        &COLUMNS,
        [
            json!(resource.reference()),
            json!(resource.name),
            json!(resource.parent.map(|id| view.name(id)).transpose()?),
            json!(media::title(resource)),
            json!(resource.since),
        ],
    ))
}

/// A stream key is shown only where there is a stream, and the store will know the key.
fn issued_secrets(kind: Kind, committed: bool, key: Option<Secret>) -> IssuedSecrets {
    match key {
        Some(key) if committed && kind == Kind::Stream => IssuedSecrets::secret(key),
        _ => IssuedSecrets::default(),
    }
}

impl AddArgs {
    fn run(&self, session: &mut Session<'_>, kind: Kind) -> Outcome {
        let (org, place) = workspace(&self.workspace)?;
        let (on, name, key) = (Reference::Workspace(org, place), Name::parse(&self.name)?, new_secret()?);
        let outcome = session.write(&self.writing, ActingAs::Named, &mut |tx| {
            media::add(tx, kind, &on, &name, self.title.as_deref(), &key)
        })?;
        session.report(&outcome, &issued_secrets(kind, outcome.is_committed(), Some(key)))
    }
}

impl ListArgs {
    fn run_media(&self, session: &mut Session<'_>, kind: Kind) -> Outcome {
        let on = org_or_workspace(&self.on)?;
        session.read(self.reading.at.as_deref(), |session, view| {
            let found = media::list(&view.transaction()?, kind, &on)?;
            session.list(&COLUMNS, found.iter().map(|it| media_row(view, it)), &self.paging)
        })
    }
}

impl ShowArgs {
    fn run(&self, session: &mut Session<'_>, kind: Kind) -> Outcome {
        let which = numbered(kind, &self.id)?;
        session.read(self.reading.at.as_deref(), |session, view| {
            let found = view.transaction()?.find_reference(kind, &which)?;
            session.show(&COLUMNS, media_row(view, &found)?)
        })
    }
}

impl ChangeArgs {
    fn run(&self, session: &mut Session<'_>, kind: Kind, new_key: bool) -> Outcome {
        let which = numbered(kind, &self.id)?;
        let name = self.name.as_deref().map(Name::parse).transpose()?;
        let key = new_key.then(new_secret).transpose()?;
        let edit = MediaEdit { name, title: self.title.clone(), key };
        let outcome = session.write(&self.writing, ActingAs::Named, &mut |tx| media::edit(tx, kind, &which, &edit))?;
        session.report(&outcome, &issued_secrets(kind, outcome.is_committed(), edit.key))
    }
}

impl RemoveArgs {
    fn run(&self, session: &mut Session<'_>, kind: Kind) -> Outcome {
        let which = numbered(kind, &self.id)?;
        let outcome = session.write(&self.writing, ActingAs::Named, &mut |tx| media::remove(tx, kind, &which))?;
        session.report(&outcome, &IssuedSecrets::default())
    }
}

impl MediaArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        let kind = Kind::Media;
        match self.command {
            MediaCommand::Add(it) => it.run(session, kind),
            MediaCommand::List(it) => it.run_media(session, kind),
            MediaCommand::Show(it) => it.run(session, kind),
            MediaCommand::Edit(it) => it.run(session, kind, false),
            MediaCommand::Rename(it) => it.run(session, kind),
            MediaCommand::Remove(it) => it.run(session, kind),
        }
    }
}

impl StreamArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        let kind = Kind::Stream;
        match self.command {
            StreamCommand::Add(it) => it.run(session, kind),
            StreamCommand::List(it) => it.run_media(session, kind),
            StreamCommand::Show(it) => it.run(session, kind),
            StreamCommand::Edit(it) => it.change.run(session, kind, it.new_key),
            StreamCommand::Rename(it) => it.run(session, kind),
            StreamCommand::Remove(it) => it.run(session, kind),
        }
    }
}
