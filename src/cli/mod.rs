//! The command line: arguments to operations, answers to output. It decides no question of access.
//!
//! Each noun has a file: the argument structs, whose doc comments are the help, then the functions that call the
//! library and render. [`run`] is the whole program except for the process around it; it can be called repeatedly.

mod access_impact;
mod account;
mod args;
mod audit;
mod binding_columns;
mod binding_rows;
mod change;
mod clock;
mod command_line;
mod complete;
mod config;
mod content;
mod dropbox;
mod endpoint;
mod evidence;
mod examples;
mod fetch;
mod files;
mod findings;
mod group;
mod identity;
mod keys;
mod labels;
mod links;
mod log;
mod mail;
mod man;
mod manifest;
mod media;
mod members;
mod org;
mod org_members;
mod output;
mod package;
mod perm;
mod progress;
mod prompt;
mod rename;
mod report;
mod review;
mod role;
mod sarif;
mod server;
mod session;
mod share;
mod spool;
mod statuses;
mod store;
mod usage;
mod view;
mod workgroup;
mod workspace;

use std::ffi::OsString;
use std::io::Write;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::model::Problem;
use crate::policy::FactsError;
use crate::render::RenderError;
use crate::store::StoreError;
use args::{DocumentFormat, GlobalArgs, OutputFormat};
use config::Config;
use session::Session;

/// The exit status of a command, or the error that stopped it.
type Outcome = std::result::Result<u8, RenderError>;

impl From<FactsError> for RenderError {
    fn from(fault: FactsError) -> RenderError {
        RenderError::Problem(fault.into())
    }
}

impl From<StoreError> for RenderError {
    fn from(error: StoreError) -> RenderError {
        RenderError::Problem(error.into())
    }
}

/// Access governance for file-transfer platforms
///
/// Holds accounts, groups, workgroups, dropboxes, packages, endpoints, shared content and
/// organizations in one store, enforces who may do what, answers every question about it with the
/// proof, and keeps a history that cannot be quietly rewritten.
#[derive(Parser, Debug)]
#[command(
    name = "rolebook",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = examples::TOP,
    max_term_width = 100
)]
struct Cli {
    #[command(flatten)]
    globals: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum Command {
    /// Create the store
    ///
    /// Only its owner can read and write the file. A store that exists is left as it is.
    Init(store::InitArgs),
    /// Show the store: revision, counts, warnings
    Status(store::StatusArgs),
    /// Manage accounts
    Account(account::AccountArgs),
    /// Manage groups
    Group(group::GroupArgs),
    /// Manage workgroups
    Workgroup(workgroup::WorkgroupArgs),
    /// Manage dropboxes and their links
    Dropbox(dropbox::DropboxArgs),
    /// Send packages and see who received them
    ///
    /// A ledger of what was sent to whom; no bytes are moved.
    Package(package::PackageArgs),
    /// Manage endpoints and the roles on them
    Endpoint(endpoint::EndpointArgs),
    /// Register files and folders, and do what their permissions allow
    ///
    /// No bytes are moved: the store keeps only who may reach what. A path that is not registered has the
    /// permissions of the nearest registered folder above it.
    Content(content::ContentArgs),
    /// Share files and folders, and see who shared what with whom
    ///
    /// PERMISSION is a preset (`edit`, `view`, `upload`, `preview`) or a list of permissions:
    /// `create-folder`, `rename`, `upload-files`, `download`, `preview-only`, `browse`, `delete`.
    Share(share::ShareArgs),
    /// Show and change the server's settings
    Server(server::ServerArgs),
    /// Manage organizations, their members and invitations
    Org(org::OrgArgs),
    /// Manage the workspaces of organizations
    Workspace(workspace::WorkspaceArgs),
    /// Manage signing keys
    ///
    /// Only the admins of an organization see them.
    SigningKey(keys::SigningKeyArgs),
    /// Manage access tokens
    ///
    /// A token is a principal of its own: it acts with the rights of an admin, limited to one workspace
    /// and to its mode. Only the admins of an organization see its tokens.
    AccessToken(keys::AccessTokenArgs),
    /// Manage media files
    Media(media::MediaArgs),
    /// Manage live streams
    ///
    /// Anyone who has a stream's key can broadcast. The key is shown once, when it is made; the store keeps
    /// its SHA-256, which no listing shows.
    Stream(media::StreamArgs),
    /// Show the catalogue: every role, its actions and the sentence each comes from
    Role(role::RoleArgs),
    /// Ask who may do what
    Perm(perm::PermArgs),
    /// Show what would change to match manifests
    ///
    /// Shows a line for each change: `+` added, `~` changed, `>` renamed, `=` adopted by the set, `-` removed. Nothing
    /// is changed.
    Plan(manifest::PlanArgs),
    /// Make the changes that match manifests, all in one revision or none
    ///
    /// Shows the plan and asks for confirmation on a terminal. Elsewhere it needs --yes only if something is removed.
    /// A second apply of the same manifest makes no changes and no revision.
    Apply(manifest::ApplyArgs),
    /// Write the present state as a manifest
    ///
    /// Applied to the same store, the manifest changes nothing. Applied to an empty store, it rebuilds the same access.
    /// Secrets and records of events are not exported: links, invitations, packages, keys, tokens, media and streams.
    Export(manifest::ExportArgs),
    /// Import accounts and memberships
    Import(manifest::ImportArgs),
    /// Check whether files are valid manifests; needs no store
    ///
    /// Reports every mistake with its position. Use `plan` to check the names against a store too.
    Validate(manifest::ValidateArgs),
    /// Read a platform, and record what it answers as a tape
    ///
    /// Changes nothing, on the platform or in the store. A tape is JSON Lines: who read what and when, a line for each
    /// call, and a closing line with a digest. Secrets are struck out as it is written. What the platform refuses counts
    /// as incomplete, and the exit status is 1 then. A fetch that was interrupted is continued by the same command.
    Fetch(fetch::FetchArgs),
    /// Print the JSON Schema of manifests (draft-07)
    ///
    /// Editors use the schema to complete and check a manifest. Name the schema in the first line of the manifest:
    /// `# yaml-language-server: $schema=rolebook.schema.json`
    Schema(manifest::SchemaArgs),
    /// Read and check the history
    Audit(audit::AuditArgs),
    /// Reverse a revision by a new one
    ///
    /// Makes a new revision with the reverse of each change. Refused, with the reasons, if something later
    /// builds on the revision. The actor must be allowed each of the reverse changes, or have made what is
    /// removed and be able to make it again.
    Undo(audit::UndoArgs),
    /// Print the completion script of a shell
    Completions(CompletionsArgs),
    /// Print a manual page, or write all of them
    Man(man::ManArgs),
}

#[derive(Args, Debug)]
#[command(after_long_help = examples::COMPLETIONS)]
struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_parser = args::words(complete::SHELLS, complete::script))]
    shell: &'static str,
}

/// The whole parser, for the manual, the completions and their checks.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program: parses the arguments, runs the command and writes the answer. Returns the exit status.
///
/// `args` begins with the program's own name. Answers go to `out`, everything else to `err`. Standard input is read
/// only if an argument is `-`, and to confirm.
pub fn run(args: Vec<OsString>, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    if let Some(status) = complete::answer(&args, out) {
        return status;
    }
    let requested_json = args::requested_json(&args);
    let as_json = requested_json.unwrap_or(false);
    let cli = match parse(&args) {
        Ok(cli) => cli,
        Err(error) => {
            // A configuration with a mistake is not what a wrong command line is about.
            let as_json = requested_json.unwrap_or_else(|| Config::read().is_ok_and(|it| it.is_json()));
            return output::usage(&error, as_json, out, err);
        }
    };
    if let Some(OutputFormat::Document(format)) = cli.globals.output
        && !cli.command.documents().contains(&format)
    {
        let message = format!("`-o {}` is not a format of this command", format.as_str());
        let problem = Problem::usage("format_not_here", message);
        return output::problem(&problem.tip(format.example()), as_json, false, err);
    }
    let mut session = match Session::new(cli.globals, &args, out, err) {
        Ok(session) => session,
        Err((problem, err)) => return output::problem(&problem, as_json, false, err),
    };
    let outcome = dispatch(cli.command, &mut session).and_then(|status| {
        session.flush()?;
        Ok(status)
    });
    session.end(outcome)
}

impl Command {
    /// The formats that only some commands write and that this one does.
    const fn documents(&self) -> &'static [DocumentFormat] {
        match self {
            Command::Audit(audit) => audit.documents(),
            _ => &[],
        }
    }
}

/// Parses the arguments.
fn parse(args: &[OsString]) -> clap::error::Result<Cli> {
    let by = |mut parser: clap::Command| {
        parser.try_get_matches_from_mut(args).and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches))
    };
    // The whole parser answers help, the version and every mistake.
    narrow(args).and_then(|parser| by(parser).ok()).map_or_else(|| by(Cli::command()), Ok)
}

/// The parser with only the noun that is the first argument; `None` if that is not a noun. Clap adds the global options
/// to every noun of a parser, and a process needs only one of them.
fn narrow(args: &[OsString]) -> Option<clap::Command> {
    let noun = Command::augment_subcommands(clap::Command::new("")).find_subcommand(args.get(1)?)?.clone();
    Some(GlobalArgs::augment_args(clap::Command::new("rolebook")).subcommand(noun).subcommand_required(true))
}

fn dispatch(command: Command, session: &mut Session<'_>) -> Outcome {
    match command {
        Command::Init(it) => it.run(session),
        Command::Status(it) => it.run(session),
        Command::Account(it) => it.run(session),
        Command::Group(it) => it.run(session),
        Command::Workgroup(it) => it.run(session),
        Command::Dropbox(it) => it.run(session),
        Command::Package(it) => it.run(session),
        Command::Endpoint(it) => it.run(session),
        Command::Content(it) => it.run(session),
        Command::Share(it) => it.run(session),
        Command::Server(it) => it.run(session),
        Command::Org(it) => it.run(session),
        Command::Workspace(it) => it.run(session),
        Command::SigningKey(it) => it.run(session),
        Command::AccessToken(it) => it.run(session),
        Command::Media(it) => it.run(session),
        Command::Stream(it) => it.run(session),
        Command::Role(it) => it.run(session),
        Command::Perm(it) => it.run(session),
        Command::Plan(it) => it.run(session),
        Command::Apply(it) => it.run(session),
        Command::Export(it) => it.run(session),
        Command::Import(it) => it.run(session),
        Command::Validate(it) => it.run(session),
        Command::Fetch(it) => it.run(session),
        Command::Schema(it) => it.run(session),
        Command::Audit(it) => it.run(session),
        Command::Undo(it) => it.run(session),
        Command::Completions(it) => {
            session.document(it.shell)?;
            Ok(0)
        }
        Command::Man(it) => it.run(session),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parser_is_sound() {
        // Subcommands are built only when they are used, so mistakes would show nowhere else.
        let mut command = command();
        command.build();
        command.debug_assert();
    }

    fn each_example(command: &clap::Command, visit: &mut dyn FnMut(Vec<OsString>)) {
        let text = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
        for line in text.lines().filter_map(|line| line.trim().strip_prefix("rolebook ")) {
            visit(std::iter::once("rolebook").chain(line.split(' ')).map(OsString::from).collect());
        }
        command.get_subcommands().for_each(|below| each_example(below, visit));
    }

    /// A day is not a moment, so the help says which moment of the day is meant.
    #[test]
    fn every_option_that_takes_a_time_says_when_a_day_begins() {
        fn each(command: &clap::Command, visit: &mut dyn FnMut(&clap::Command, &clap::Arg)) {
            command.get_arguments().for_each(|argument| visit(command, argument));
            command.get_subcommands().for_each(|below| each(below, visit));
        }
        let mut whole = command();
        whole.build();
        let mut count = 0;
        each(&whole, &mut |command, argument| {
            let is_time = |name: &str| name.split('|').any(|word| word == "TIME" || word == "WHEN" || word == "DATE");
            let names = argument.get_value_names().unwrap_or_default();
            if argument.get_id() != "color" && names.iter().any(|name| is_time(name)) {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("a day begins at 00:00 UTC"), "{} {argument}: {help}", command.get_name());
                count += 1;
            }
        });
        assert!(count > 30, "{count}");
    }

    #[test]
    fn one_noun_of_the_parser_reads_a_line_as_the_whole_of_it_does() {
        let mut whole = command();
        whole.build();
        let (mut read, mut lines) = (0, 0);
        each_example(&whole, &mut |args| {
            let parsed = |parser: clap::Command| {
                let matches = parser.try_get_matches_from(&args).ok()?;
                Some(format!("{:?}", Cli::from_arg_matches(&matches).ok()?))
            };
            lines += 1;
            // Quotes are not removed here, so some lines do not parse.
            if let Some(whole) = parsed(command()) {
                assert_eq!(narrow(&args).and_then(parsed), Some(whole), "{args:?}");
                read += 1;
            }
        });
        assert!(read > 100 && read * 5 > lines * 4, "{read} of {lines}");
        let none = ["rolebook --version", "rolebook", "rolebook --store x perm check a b c", "rolebook none"];
        assert!(none.iter().all(|line| narrow(&line.split(' ').map(OsString::from).collect::<Vec<_>>()).is_none()));
    }
}
