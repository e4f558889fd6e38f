//! The `media` and `stream` commands, which share most arguments and their output.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::{ReadArgs, WriteArgs, media_kind, numbers, workspace};
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
    Show(ShowArgs<false>),
    /// Change the name or the title of a media file
    #[command(after_long_help = examples::MEDIA_EDIT)]
    Edit(ChangeArgs<false>),
    /// Give a media file another name
    #[command(after_long_help = examples::MEDIA_RENAME)]
    Rename(RenameNumberedArgs<false>),
    /// Remove a media file
    #[command(after_long_help = examples::MEDIA_REMOVE)]
    Remove(RemoveArgs<false>),
}

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
    Show(ShowArgs<true>),
    /// Change the name or the title of a live stream, or make another stream key
    #[command(after_long_help = examples::STREAM_EDIT)]
    Edit(ChangeStreamArgs),
    /// Give a live stream another name
    #[command(after_long_help = examples::STREAM_RENAME)]
    Rename(RenameNumberedArgs<true>),
    /// Remove a live stream
    #[command(after_long_help = examples::STREAM_REMOVE)]
    Remove(RemoveArgs<true>),
}

// A new media file or stream.
#[derive(Args, Debug)]
struct AddArgs {
    /// The workspace, as `ORG/NAME`
    #[arg(value_name = "ORG/NAME", value_parser = workspace, add = complete::workspaces())]
    workspace: (Name, Name),
    /// The name
    #[arg(value_name = "NAME", value_parser = Name::parse)]
    name: Name,
    /// The title shown to people
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    #[command(flatten)]
    writing: WriteArgs,
}

// A media file or stream to show, by number.
#[derive(Args, Debug)]
struct ShowArgs<const OF_STREAM: bool> {
    /// The number
    #[arg(value_name = "ID", value_parser = numbers(media_kind(OF_STREAM)), add = complete::media())]
    id: Reference,
    #[command(flatten)]
    reading: ReadArgs,
}

// The changes to a media file or stream.
#[derive(Args, Debug)]
struct ChangeArgs<const OF_STREAM: bool> {
    /// The number
    #[arg(value_name = "ID", value_parser = numbers(media_kind(OF_STREAM)), add = complete::media())]
    id: Reference,
    /// The new name
    #[arg(long, value_name = "NAME", value_parser = Name::parse)]
    name: Option<Name>,
    /// The new title; empty takes it away
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    #[command(flatten)]
    writing: WriteArgs,
}

// The changes to a stream.
#[derive(Args, Debug)]
struct ChangeStreamArgs {
    #[command(flatten)]
    change: ChangeArgs<true>,
    /// Make a new stream key; the old one no longer works
    #[arg(long)]
    new_key: bool,
}

// A media file or stream to remove, by number.
#[derive(Args, Debug)]
struct RemoveArgs<const OF_STREAM: bool> {
    /// The number
    #[arg(value_name = "ID", value_parser = numbers(media_kind(OF_STREAM)), add = complete::media())]
    id: Reference,
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

/// The stream key to show: only for a stream, and only if a revision was committed, so that the store knows the key.
fn issued_secrets(kind: Kind, committed: bool, key: Option<Secret>) -> IssuedSecrets {
    match key {
        Some(key) if committed && kind == Kind::Stream => IssuedSecrets::secret(key),
        _ => IssuedSecrets::default(),
    }
}

impl AddArgs {
    fn run(&self, session: &mut Session<'_>, kind: Kind) -> Outcome {
        let (org, workspace) = self.workspace.clone();
        let (on, key) = (Reference::Workspace(org, workspace), new_secret()?);
        let outcome = session.write(&self.writing, ActingAs::Named, &mut |tx| {
            media::add(tx, kind, &on, &self.name, self.title.as_deref(), &key)
        })?;
        session.report(&outcome, &issued_secrets(kind, outcome.is_committed(), Some(key)))
    }
}

impl ListArgs {
    fn run_media(&self, session: &mut Session<'_>, kind: Kind) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let found = media::list(&view.transaction()?, kind, &self.on)?;
            session.list(&COLUMNS, found.iter().map(|it| media_row(view, it)), &self.paging)
        })
    }
}

impl<const OF_STREAM: bool> ShowArgs<OF_STREAM> {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let found = view.transaction()?.find_reference(media_kind(OF_STREAM), &self.id)?;
            session.show(&COLUMNS, media_row(view, &found)?)
        })
    }
}

impl<const OF_STREAM: bool> ChangeArgs<OF_STREAM> {
    fn run(&self, session: &mut Session<'_>, new_key: bool) -> Outcome {
        let (kind, key) = (media_kind(OF_STREAM), new_key.then(new_secret).transpose()?);
        let edit = MediaEdit { name: self.name.clone(), title: self.title.clone(), key };
        let outcome =
            session.write(&self.writing, ActingAs::Named, &mut |tx| media::edit(tx, kind, &self.id, &edit))?;
        session.report(&outcome, &issued_secrets(kind, outcome.is_committed(), edit.key))
    }
}

impl<const OF_STREAM: bool> RemoveArgs<OF_STREAM> {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        session.change(&self.writing, |tx| media::remove(tx, media_kind(OF_STREAM), &self.id))
    }
}

impl MediaArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        match self.command {
            MediaCommand::Add(it) => it.run(session, Kind::Media),
            MediaCommand::List(it) => it.run_media(session, Kind::Media),
            MediaCommand::Show(it) => it.run(session),
            MediaCommand::Edit(it) => it.run(session, false),
            MediaCommand::Rename(it) => it.run(session),
            MediaCommand::Remove(it) => it.run(session),
        }
    }
}

impl StreamArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        match self.command {
            StreamCommand::Add(it) => it.run(session, Kind::Stream),
            StreamCommand::List(it) => it.run_media(session, Kind::Stream),
            StreamCommand::Show(it) => it.run(session),
            StreamCommand::Edit(it) => it.change.run(session, it.new_key),
            StreamCommand::Rename(it) => it.run(session),
            StreamCommand::Remove(it) => it.run(session),
        }
    }
}
