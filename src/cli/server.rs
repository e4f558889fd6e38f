//! The `server` commands: their arguments and their output.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::{ReadArgs, ServerSettingArgs, WriteArgs, allow_or_deny};
use super::session::Session;
use super::{Outcome, examples};
use crate::model::attributes::Setting;
use crate::model::{Attributes, Id, Verb};
use crate::ops::server::{self, ServerSettings};
use crate::policy::Facts;
use crate::render::{Column, shown};

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::SERVER)]
pub(super) struct ServerArgs {
    #[command(subcommand)]
    command: ServerCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum ServerCommand {
    /// Show the server's settings
    ///
    /// Only admins see them.
    #[command(after_long_help = examples::SERVER_SHOW)]
    Show(ShowArgs),
    /// Change the server's settings
    ///
    /// Only admins configure the server.
    #[command(after_long_help = examples::SERVER_SET)]
    Set(SetArgs),
}

#[derive(Args, Debug)]
struct ShowArgs {
    #[command(flatten)]
    reading: ReadArgs,
}

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
    /// Whether dropboxes may have public links
    #[arg(long, value_name = "ALLOW|DENY", value_parser = allow_or_deny())]
    public_links: Option<bool>,
    #[command(flatten)]
    writing: WriteArgs,
}

fn columns() -> Vec<Column> {
    let mut columns = ["ref", "managers_administer_dropboxes", "private_directory", "public_links"].map(shown).to_vec();
    columns.extend(Setting::TOGGLES.map(|setting| shown(setting.field())));
    columns.extend(["members_edit_workspaces", "members_may_leave", "url", "revision"].map(shown));
    columns
}

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
                session.show(&columns(), fields)
            }),
            ServerCommand::Set(it) => {
                let options = ServerSettings {
                    managers_administer_dropboxes: it.managers_administer_dropboxes,
                    private_directory: it.private_directory,
                    public_links: it.public_links,
                    settings: it.settings.0,
                    members_edit_workspaces: it.members_edit_workspaces,
                    members_may_leave: it.members_may_leave,
                    url: it.url,
                };
                session.change(&it.writing, |tx| server::set(tx, &options))
            }
        }
    }
}
