//! The `server` commands: their arguments and their output.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::{ReadArgs, ServerSettingArgs, WriteArgs};
use super::change::{ActingAs, IssuedSecrets};
use super::session::Session;
use super::{Outcome, examples};
use crate::model::{Attributes, Id, Verb};
use crate::ops::server::{self, ServerSettings};
use crate::policy::Facts;
use crate::render::{Column, shown};

/// Show and change the server's settings
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::SERVER)]
pub(super) struct ServerArgs {
    #[command(subcommand)]
    command: ServerCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum ServerCommand {
    /// Show the settings
    ///
    /// Only admins see them.
    #[command(after_long_help = examples::SERVER_SHOW)]
    Show(ShowArgs),
    /// Change the settings
    #[command(after_long_help = examples::SERVER_SET)]
    Set(SetArgs),
}

/// Show the server's settings
#[derive(Args, Debug)]
struct ShowArgs {
    #[command(flatten)]
    reading: ReadArgs,
}

/// Change the server's settings
///
/// Only admins configure the server.
#[derive(Args, Debug)]
struct SetArgs {
    /// Let managers create, edit and administer dropboxes [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    managers_administer_dropboxes: Option<bool>,
    /// Let plain users see only themselves and fellow members of their workgroups
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    private_directory: Option<bool>,
    /// Let members of organizations edit the details of the workspaces they have [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    members_edit_workspaces: Option<bool>,
    /// Let members leave organizations by themselves
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    members_may_leave: Option<bool>,
    /// The URL with which links of dropboxes and invitations begin; empty takes it away
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    settings: ServerSettingArgs,
    #[command(flatten)]
    writing: WriteArgs,
}

static COLUMNS: [Column; 14] = [
    shown("ref"),
    shown("managers_administer_dropboxes"),
    shown("private_directory"),
    shown("public_links"),
    shown("send"),
    shown("receive"),
    shown("forward"),
    shown("send_normal"),
    shown("send_external"),
    shown("send_to_all_users"),
    shown("members_edit_workspaces"),
    shown("members_may_leave"),
    shown("url"),
    shown("revision"),
];

impl ServerArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        match self.command {
            ServerCommand::Show(it) => session.read(it.reading.at.as_deref(), |session, view| {
                view.transaction()?.require_verb(Verb::View, Id::SERVER)?;
                let row = view.facts.resource(Id::SERVER)?;
                let settings = view.facts.server()?;
                let mut fields: Map<String, Value> = Map::from_iter([("ref".to_owned(), json!("server"))]);
                fields.extend(
                    Attributes::Server(settings)
                        .named_values()
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), value)),
                );
                fields.insert("revision".to_owned(), json!(row.map_or(0, |row| row.since)));
                session.show(&COLUMNS, fields)
            }),
            ServerCommand::Set(it) => {
                let options = ServerSettings {
                    managers_administer_dropboxes: it.managers_administer_dropboxes,
                    private_directory: it.private_directory,
                    public_links: it.settings.public_links,
                    settings: it.settings.given(),
                    members_edit_workspaces: it.members_edit_workspaces,
                    members_may_leave: it.members_may_leave,
                    url: it.url,
                };
                let outcome = session.write(&it.writing, ActingAs::Named, &mut |tx| server::set(tx, &options))?;
                session.report(&outcome, &IssuedSecrets::default())
            }
        }
    }
}
