//! The `rename` commands, for all kinds that have names.

use clap::Args;

use super::args::{WriteArgs, media_kind, name, numbers, workspace, workspace_of};
use super::session::Session;
use super::{Outcome, complete};
use crate::model::{Kind, Name, Reference};
use crate::ops::{group, media};

// A new name for a resource that is identified by name.
#[derive(Args, Debug)]
pub(super) struct RenameArgs {
    /// The current name
    #[arg(value_name = "NAME", add = complete::names_of_noun())]
    name: String,
    /// The new name; it may differ in capitals only
    #[arg(value_name = "NEW-NAME")]
    new: String,
    #[command(flatten)]
    writing: WriteArgs,
}

// A new name for a workspace.
#[derive(Args, Debug)]
pub(super) struct RenameWorkspaceArgs {
    /// The workspace, as `ORG/NAME`
    #[arg(value_name = "ORG/NAME", value_parser = workspace, add = complete::workspaces())]
    workspace: (Name, Name),
    /// The new name, in the same organization
    #[arg(value_name = "NEW-NAME")]
    new: String,
    #[command(flatten)]
    writing: WriteArgs,
}

// A new name for a resource that is identified by number.
#[derive(Args, Debug)]
pub(super) struct RenameNumberedArgs<const OF_STREAM: bool> {
    /// The number
    #[arg(value_name = "ID", value_parser = numbers(media_kind(OF_STREAM)), add = complete::media())]
    id: Reference,
    /// The new name
    #[arg(value_name = "NEW-NAME", value_parser = Name::parse)]
    new: Name,
    #[command(flatten)]
    writing: WriteArgs,
}

impl RenameArgs {
    pub(super) fn run(&self, session: &mut Session<'_>, kind: Kind) -> Outcome {
        let (which, new) = (name(kind, &self.name)?, name(kind, &self.new)?);
        new.check_new()?;
        session.change(&self.writing, |tx| group::rename(tx, kind, &which, &new))
    }
}

impl RenameWorkspaceArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let (org, which) = &self.workspace;
        let new = workspace_of(org, &self.new)?;
        new.check_new()?;
        session.change(&self.writing, |tx| group::rename_workspace(tx, org, which, &new))
    }
}

impl<const OF_STREAM: bool> RenameNumberedArgs<OF_STREAM> {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        self.new.check_new()?;
        let edit = media::MediaEdit { name: Some(self.new.clone()), ..media::MediaEdit::default() };
        session.change(&self.writing, |tx| media::edit(tx, media_kind(OF_STREAM), &self.id, &edit))
    }
}
