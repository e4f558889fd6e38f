//! `media` and `stream`: the two nouns take nearly the same, and are answered alike.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::{Reading, Writing, numbered, org_or_workspace, workspace};
use super::change::{Made, Who};
use super::keys::List;
use super::links::new_secret;
use super::rename::RenameNumbered;
use super::session::Session;
use super::view::View;
use super::{Outcome, complete, examples};
use crate::model::secret::Secret;
use crate::model::{Kind, Name, Reference, Resource};
use crate::ops::media::{self, MediaEdit};
use crate::render::{Column, RenderError, hidden, key, row, shown};

/// Manage media files
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::MEDIA)]
pub(super) struct Media {
    #[command(subcommand)]
    verb: MediaVerb,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum MediaVerb {
    /// Add a media file to a workspace
    #[command(after_long_help = examples::MEDIA_ADD)]
    Add(Add),
    /// List media files
    #[command(after_long_help = examples::MEDIA_LIST)]
    List(List),
    /// Show one media file
    #[command(after_long_help = examples::MEDIA_SHOW)]
    Show(Show),
    /// Change the name or the title of a media file
    #[command(after_long_help = examples::MEDIA_EDIT)]
    Edit(Change),
    /// Give a media file another name
    #[command(after_long_help = examples::MEDIA_RENAME)]
    Rename(RenameNumbered),
    /// Remove a media file
    #[command(after_long_help = examples::MEDIA_REMOVE)]
    Remove(Remove),
}

/// Manage live streams
///
/// Whoever has a stream's key can broadcast. It is shown once, when it is made; the store keeps its
/// SHA-256, and no listing shows even that.
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::STREAM)]
pub(super) struct Stream {
    #[command(subcommand)]
    verb: StreamVerb,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum StreamVerb {
    /// Add a live stream to a workspace; its stream key is shown once
    #[command(after_long_help = examples::STREAM_ADD)]
    Add(Add),
    /// List live streams
    #[command(after_long_help = examples::STREAM_LIST)]
    List(List),
    /// Show one live stream
    #[command(after_long_help = examples::STREAM_SHOW)]
    Show(Show),
    /// Change the name or the title of a live stream, or make another stream key
    #[command(after_long_help = examples::STREAM_EDIT)]
    Edit(ChangeStream),
    /// Give a live stream another name
    #[command(after_long_help = examples::STREAM_RENAME)]
    Rename(RenameNumbered),
    /// Remove a live stream
    #[command(after_long_help = examples::STREAM_REMOVE)]
    Remove(Remove),
}

// A new one.
#[derive(Args, Debug)]
struct Add {
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
    writing: Writing,
}

// One by number, to be read.
#[derive(Args, Debug)]
struct Show {
    /// Its number
    #[arg(value_name = "ID", add = complete::media())]
    id: String,
    #[command(flatten)]
    reading: Reading,
}

// What shall be otherwise.
#[derive(Args, Debug)]
struct Change {
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
    writing: Writing,
}

// What shall be otherwise of a stream.
#[derive(Args, Debug)]
struct ChangeStream {
    #[command(flatten)]
    change: Change,
    /// Make another stream key; the old one is worth nothing from then on
    #[arg(long)]
    new_key: bool,
}

// One by number, to be removed.
#[derive(Args, Debug)]
struct Remove {
    /// Its number
    #[arg(value_name = "ID", add = complete::media())]
    id: String,
    #[command(flatten)]
    writing: Writing,
}

static COLUMNS: [Column; 5] = [key("ref"), shown("name"), shown("workspace"), shown("title"), hidden("revision")];

fn media_row(view: &View<'_>, resource: &Resource) -> Result<Map<String, Value>, RenderError> {
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
fn made(kind: Kind, committed: bool, key: Option<Secret>) -> Made {
    match key {
        Some(key) if committed && kind == Kind::Stream => Made::secret(key),
        _ => Made::default(),
    }
}

impl Add {
    fn run(&self, session: &mut Session<'_>, kind: Kind) -> Outcome {
        let (org, place) = workspace(&self.workspace)?;
        let (on, name, key) = (Reference::Workspace(org, place), Name::parse(&self.name)?, new_secret()?);
        let done = session.write(&self.writing, Who::Named, &mut |tx| {
            media::add(tx, kind, &on, &name, self.title.as_deref(), &key)
        })?;
        session.report(&done, &made(kind, done.is_committed(), Some(key)))
    }
}

impl List {
    fn run_media(&self, session: &mut Session<'_>, kind: Kind) -> Outcome {
        let on = org_or_workspace(&self.on)?;
        session.read(self.reading.at.as_deref(), |session, view| {
            let found = media::list(&view.transaction()?, kind, &on)?;
            session.list(&COLUMNS, found.iter().map(|it| media_row(view, it)), &self.paging)
        })
    }
}

impl Show {
    fn run(&self, session: &mut Session<'_>, kind: Kind) -> Outcome {
        let which = numbered(kind, &self.id)?;
        session.read(self.reading.at.as_deref(), |session, view| {
            let found = view.transaction()?.find_reference(kind, &which)?;
            session.show(&COLUMNS, media_row(view, &found)?)
        })
    }
}

impl Change {
    fn run(&self, session: &mut Session<'_>, kind: Kind, new_key: bool) -> Outcome {
        let which = numbered(kind, &self.id)?;
        let name = self.name.as_deref().map(Name::parse).transpose()?;
        let key = new_key.then(new_secret).transpose()?;
        let edit = MediaEdit { name, title: self.title.clone(), key };
        let done = session.write(&self.writing, Who::Named, &mut |tx| media::edit(tx, kind, &which, &edit))?;
        session.report(&done, &made(kind, done.is_committed(), edit.key))
    }
}

impl Remove {
    fn run(&self, session: &mut Session<'_>, kind: Kind) -> Outcome {
        let which = numbered(kind, &self.id)?;
        let done = session.write(&self.writing, Who::Named, &mut |tx| media::remove(tx, kind, &which))?;
        session.report(&done, &Made::default())
    }
}

impl Media {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        let kind = Kind::Media;
        match self.verb {
            MediaVerb::Add(it) => it.run(session, kind),
            MediaVerb::List(it) => it.run_media(session, kind),
            MediaVerb::Show(it) => it.run(session, kind),
            MediaVerb::Edit(it) => it.run(session, kind, false),
            MediaVerb::Rename(it) => it.run(session, kind),
            MediaVerb::Remove(it) => it.run(session, kind),
        }
    }
}

impl Stream {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        let kind = Kind::Stream;
        match self.verb {
            StreamVerb::Add(it) => it.run(session, kind),
            StreamVerb::List(it) => it.run_media(session, kind),
            StreamVerb::Show(it) => it.run(session, kind),
            StreamVerb::Edit(it) => it.change.run(session, kind, it.new_key),
            StreamVerb::Rename(it) => it.run(session, kind),
            StreamVerb::Remove(it) => it.run(session, kind),
        }
    }
}
