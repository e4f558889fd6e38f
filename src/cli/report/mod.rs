//! `audit report`: who has what and why, in one document.

mod drawings;
mod gather;
mod markdown;

use std::path::PathBuf;

use clap::{Args, ValueHint};
use serde_json::{Map, Value};

use self::gather::Extent;
use super::args::{DocumentFormat, ReadArgs, names, past_resource, reference};
use super::binding_rows::{BindingRow, make_inert};
use super::session::Session;
use super::{Outcome, complete};
use crate::model::reference::PastReference;
use crate::model::{Kind, Name, Problem, Reference};
use crate::render::{self, Column, Format, hidden, key, row, shown};

#[derive(Args, Debug)]
pub(super) struct ReportArgs {
    /// Report on this resource and what lies in it (can be repeated) [default: everything]
    #[arg(value_name = "RESOURCE", value_parser = past_resource, add = complete::resources())]
    of: Vec<PastReference>,
    /// Report on what this principal holds (can be repeated)
    #[arg(long, value_name = "PRINCIPAL", value_parser = reference, add = complete::principals())]
    principal: Vec<Reference>,
    /// Report on what this review is about
    #[arg(long, value_name = "NAME", value_parser = names(Kind::Review), add = complete::reviews(), conflicts_with_all = ["of", "principal"])]
    review: Option<Name>,
    /// Also list what changed since this revision or time (a day begins at 00:00 UTC)
    #[arg(long, value_name = "REV|TIME")]
    since: Option<String>,
    /// Write to this file in place of standard output; it is made for its owner alone
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,
    #[command(flatten)]
    reading: ReadArgs,
}

/// The columns of the bindings.
pub(super) static ACCESS: [Column; 13] = [
    key("principal"),
    key("role"),
    key("resource"),
    shown("permissions"),
    hidden("through"),
    shown("since"),
    hidden("at"),
    shown("by"),
    hidden("reason"),
    shown("expires"),
    hidden("reviewed"),
    hidden("reviewed_by"),
    shown("findings"),
];

/// The formats besides those of every command.
pub(super) const DOCUMENTS: &[DocumentFormat] = &[DocumentFormat::Html, DocumentFormat::Markdown];

impl ReportArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let extent = match (session.document_format(), session.output_options().format) {
                (Some(DocumentFormat::Html), _) => Extent::Page,
                (Some(_), _) | (None, Format::Json | Format::Yaml) => Extent::Document,
                (None, Format::Table | Format::Jsonl | Format::Csv | Format::Tsv) => Extent::Bindings,
            };
            if extent == Extent::Bindings && self.since.is_some() {
                let problem = Problem::usage("no_changes", "this format has no room for what changed since a moment");
                return Err(problem.tip("-o html").tip("-o markdown").tip("-o json").into());
            }
            let report = gather::report(self, session, view, extent)?;
            let out = self.out.as_deref();
            match (session.document_format(), session.output_options().format) {
                (Some(DocumentFormat::Html), _) => session.deliver(out, report.page()?.as_bytes()),
                (Some(_), _) => session.deliver(out, markdown::write(&report).as_bytes()),
                (None, Format::Json | Format::Yaml) => {
                    let (options, mut bytes) = (session.output_options(), Vec::new());
                    render::write_value(&mut bytes, &report.document(), &options)?;
                    session.deliver(out, &bytes)
                }
                (None, format) => {
                    let is_separated = matches!(format, Format::Csv | Format::Tsv);
                    session.list_sorted_into(out, &ACCESS, |put| {
                        report.access.iter().enumerate().try_for_each(|(at, row)| {
                            let mut row = row.clone();
                            if is_separated {
                                make_inert(&mut row);
                            }
                            put(&format!("{at:010}"), row)
                        })
                    })
                }
            }
        })
    }
}

fn access_row(it: &BindingRow) -> Map<String, Value> {
    row(&ACCESS, it.values())
}
