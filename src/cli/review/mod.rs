//! `audit review`: reviews of access, from the start over the table for the reviewer to the end.

mod apply;
mod export;
mod status;

pub(super) use status::scope_names;

use clap::{Args, Subcommand};

use super::args::{DocumentFormat, WriteArgs, names, past_resource, reference};
use super::change::{ActingAs, IssuedSecrets};
use super::session::Session;
use super::{Outcome, complete, examples};
use crate::model::reference::PastReference;
use crate::model::time::Expiry;
use crate::model::{Kind, Name, Problem, Reference};
use crate::ops::review::{self, ReviewScope};

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::AUDIT_REVIEW)]
pub(super) struct ReviewArgs {
    #[command(subcommand)]
    pub(super) command: ReviewCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
pub(super) enum ReviewCommand {
    /// Start a review of the bindings that there are now
    ///
    /// A review is about roles, memberships, ownerships and shares as they are when it is started. Only server admins start
    /// one; its reviewer decides.
    #[command(after_long_help = examples::AUDIT_REVIEW_START)]
    Start(StartArgs),
    /// Write the table that the reviewer fills in
    ///
    /// One row for each binding that is still there: who holds what on what, through what, since when, by whom and why,
    /// the last review, and findings. The reviewer fills in `decision` with `keep` or `revoke`, `cascade` with `yes` to
    /// revoke also the shares that rest on a share, and `comment`. The HTML page has buttons for that, works without a
    /// network, and saves the same CSV.
    #[command(after_long_help = examples::AUDIT_REVIEW_EXPORT)]
    Export(export::ExportArgs),
    /// Apply the decisions of a table, all in one revision or none
    ///
    /// What is revoked is revoked as by the ordinary command, under the rights of whoever applies. Rows without a decision
    /// stay open. Refused are rows that changed since the export, rows that are not in the review, and decisions about
    /// what the reviewer holds.
    #[command(after_long_help = examples::AUDIT_REVIEW_APPLY)]
    Apply(apply::ApplyArgs),
    /// List the reviews, or what was decided in one
    #[command(after_long_help = examples::AUDIT_REVIEW_STATUS)]
    Status(status::StatusArgs),
    /// Close a review: nothing more is decided in it
    #[command(after_long_help = examples::AUDIT_REVIEW_CLOSE)]
    Close(CloseArgs),
}

#[derive(Args, Debug)]
#[group(id = "scope", required = true, multiple = true, args = ["of", "principal", "all"])]
pub(super) struct StartArgs {
    /// The name of the review, such as `2026-q3`
    #[arg(value_name = "NAME", value_parser = names(Kind::Review))]
    name: Name,
    /// Review this resource and what lies in it (can be repeated)
    #[arg(long, value_name = "RESOURCE", value_parser = resource, add = complete::resources())]
    of: Vec<Reference>,
    /// Review what this principal holds (can be repeated)
    #[arg(long, value_name = "PRINCIPAL", value_parser = reference, add = complete::principals())]
    principal: Vec<Reference>,
    /// Review everything
    #[arg(long, conflicts_with_all = ["of", "principal"])]
    all: bool,
    /// Who decides: an account [default: every server admin]
    #[arg(long, value_name = "USER", value_parser = reference, add = complete::accounts())]
    reviewer: Option<Reference>,
    /// By when everything should be decided: a length such as `30d`, a day, a time (a day begins at 00:00 UTC)
    #[arg(long, value_name = "WHEN", value_parser = Expiry::parse)]
    due: Option<Expiry>,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
pub(super) struct CloseArgs {
    /// The review
    #[arg(value_name = "NAME", value_parser = names(Kind::Review), add = complete::reviews())]
    name: Name,
    #[command(flatten)]
    writing: WriteArgs,
}

/// A reference to a resource.
fn resource(text: &str) -> Result<Reference, Problem> {
    match past_resource(text)? {
        PastReference::Existing(reference) => Ok(reference),
        PastReference::Ended(_) => Err(Problem::not_found("resource", text)),
    }
}

impl ReviewArgs {
    /// The formats besides those of every command.
    pub(super) const fn documents(&self) -> &'static [DocumentFormat] {
        match &self.command {
            ReviewCommand::Export(_) => &[DocumentFormat::Html],
            _ => &[],
        }
    }

    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        match self.command {
            ReviewCommand::Start(it) => it.run(session),
            ReviewCommand::Export(it) => it.run(session),
            ReviewCommand::Apply(it) => it.run(session),
            ReviewCommand::Status(it) => it.run(session),
            ReviewCommand::Close(it) => it.run(session),
        }
    }
}

impl StartArgs {
    fn run(self, session: &mut Session<'_>) -> Outcome {
        let scope = ReviewScope { of: self.of, principals: self.principal, reviewer: self.reviewer, due: self.due };
        let outcome = session.write_with(&self.writing, ActingAs::Named, None, &mut |reader, tx| {
            review::start(tx, &self.name, &scope, reader.last_revision()?)
        })?;
        session.report(&outcome, &IssuedSecrets::default())
    }
}

impl CloseArgs {
    fn run(self, session: &mut Session<'_>) -> Outcome {
        session.change(&self.writing, |tx| review::close(tx, &self.name))
    }
}
