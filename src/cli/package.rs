//! The `package` commands: their arguments and their output.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::{PageArgs, ReadArgs, WriteArgs, numbers, past_reference, reference};
use super::session::Session;
use super::view::ReadView;
use super::{Outcome, complete, examples};
use crate::model::attributes::File;
use crate::model::reference::PastReference;
use crate::model::{Kind, Problem, Reference, Resource};
use crate::ops::package::{self, NewPackage};
use crate::render::{Column, RenderError, hidden, key, row, shown};

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::PACKAGE)]
pub(super) struct PackageArgs {
    #[command(subcommand)]
    command: PackageCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum PackageCommand {
    /// Send a package to people, workgroups, dropboxes and addresses outside
    ///
    /// Every recipient is checked; if one is refused, so is the whole package.
    #[command(after_long_help = examples::PACKAGE_SEND)]
    Send(SendArgs),
    /// Send on a package that one may view
    #[command(after_long_help = examples::PACKAGE_FORWARD)]
    Forward(ForwardArgs),
    /// List the packages that one may view, newest first
    #[command(after_long_help = examples::PACKAGE_LIST)]
    List(ListArgs),
    /// Show one package
    #[command(after_long_help = examples::PACKAGE_SHOW)]
    Show(ShowArgs),
}

#[derive(Args, Debug)]
struct SendArgs {
    /// The title of the package
    #[arg(long, value_name = "TEXT")]
    title: String,
    /// A recipient: an account, `workgroup:NAME`, `dropbox:NAME` or `external:ADDRESS` (can be repeated)
    #[arg(long = "to", value_name = "WHO", value_parser = reference, required = true, add = complete::recipients())]
    to: Vec<Reference>,
    /// A file in the package and its size, as `NAME:BYTES` (can be repeated)
    #[arg(long = "file", value_name = "NAME:BYTES", value_parser = package::parse_file)]
    files: Vec<File>,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct ForwardArgs {
    /// The package: its number
    #[arg(value_name = "PACKAGE", value_parser = numbers(Kind::Package))]
    package: Reference,
    /// A recipient: an account, `workgroup:NAME`, `dropbox:NAME` or `external:ADDRESS` (can be repeated)
    #[arg(long = "to", value_name = "WHO", value_parser = reference, required = true, add = complete::recipients())]
    to: Vec<Reference>,
    /// The new title
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    #[command(flatten)]
    writing: WriteArgs,
}

#[derive(Args, Debug)]
struct ListArgs {
    /// Only packages that went to this account, workgroup or dropbox
    #[arg(long, value_name = "WHO", value_parser = recipient, add = complete::recipients())]
    to: Option<PastReference>,
    /// Only packages sent by this account or outside submitter
    #[arg(long, value_name = "WHO", value_parser = past_reference, add = complete::accounts())]
    from: Option<PastReference>,
    #[command(flatten)]
    paging: PageArgs,
    #[command(flatten)]
    reading: ReadArgs,
}

#[derive(Args, Debug)]
struct ShowArgs {
    /// The package: its number
    #[arg(value_name = "PACKAGE", value_parser = numbers(Kind::Package))]
    package: Reference,
    #[command(flatten)]
    reading: ReadArgs,
}

/// As [`past_reference`], but refuses a name that no recipient can have had.
fn recipient(text: &str) -> Result<PastReference, Problem> {
    reference(text).and_then(|_| past_reference(text))
}

static COLUMNS: [Column; 9] = [
    key("ref"),
    hidden("id"),
    shown("title"),
    shown("from"),
    shown("to"),
    shown("sent"),
    hidden("files"),
    hidden("forwarded"),
    hidden("revision"),
];

/// The row of a package.
fn package_row(view: &ReadView<'_>, resource: &Resource) -> Result<Map<String, Value>, RenderError> {
    let Some(package) = resource.as_package() else { return Ok(Map::new()) };
    // told: a reader who may view a package sees its sender and its recipients (rule `package.addressees-told`).
    let mut to = package.recipients.iter().map(|id| view.reference(*id)).collect::<Result<Vec<_>, _>>()?;
    let from = view.reference(package.sender)?;
    to.extend(package.external.iter().map(|address| format!("external:{address}")));
    let files: Vec<Value> = package.files.iter().map(|file| json!({"name": file.name, "size": file.size})).collect();
    // told: a number reveals no name, and the recipient of a forwarded package sees which package it was.
    let forwarded = package.forwarded.map(|id| view.reference(id)).transpose()?;
    Ok(row(
        &COLUMNS,
        [
            json!(resource.reference()),
            json!(resource.id.0),
            json!(package.title),
            json!(from),
            json!(to),
            json!(package.sent.to_string()),
            json!(files),
            json!(forwarded),
            json!(resource.since),
        ],
    ))
}

impl PackageArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        match self.command {
            PackageCommand::Send(it) => it.run(session),
            PackageCommand::Forward(it) => it.run(session),
            PackageCommand::List(it) => it.run(session),
            PackageCommand::Show(it) => it.run(session),
        }
    }
}

impl SendArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        let request = NewPackage { title: self.title.clone(), to: self.to.clone(), files: self.files.clone() };
        session.change(&self.writing, |tx| package::send(tx, &request))
    }
}

impl ForwardArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        session.change(&self.writing, |tx| package::forward(tx, &self.package, &self.to, self.title.as_deref()))
    }
}

impl ListArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let resolve = |reference: &PastReference| view.resolve_or_ended(reference);
            let (to, external) = match &self.to {
                Some(PastReference::Existing(Reference::External(address))) => (None, Some(address)),
                to => (to.as_ref().map(resolve).transpose()?, None),
            };
            let from = self.from.as_ref().map(resolve).transpose()?;
            let found = package::list(&view.transaction()?)?;
            let fits = |resource: &Resource| {
                resource.as_package().is_some_and(|it| {
                    to.is_none_or(|to| it.recipients.contains(&to))
                        && from.is_none_or(|from| it.sender == from)
                        && external.is_none_or(|address| {
                            it.external.iter().any(|known| crate::model::name::key(known) == address.key())
                        })
                })
            };
            let rows = found.iter().filter(|it| fits(it)).map(|it| package_row(view, it));
            session.list(&COLUMNS, rows, &self.paging)
        })
    }
}

impl ShowArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let resource = view.transaction()?.find_reference(Kind::Package, &self.package)?;
            let row = package_row(view, &resource)?;
            session.show(&COLUMNS, row)
        })
    }
}
