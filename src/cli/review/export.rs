//! `audit review export`: the table that a reviewer fills in.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use serde_json::{Map, Value, json};

use super::super::args::{DocumentFormat, names};
use super::super::binding_rows::{BindingRow, BindingRows, make_inert};
use super::super::findings::found_by;
use super::super::session::Session;
use super::super::{Outcome, complete};
use super::status::{each_visible, scope_names};
use crate::manifest::review_decisions::{CASCADE, COMMENT, DECISION, ID};
use crate::model::attributes::ReviewDecision;
use crate::model::{Kind, Name};
use crate::ops::review::ReviewState;
use crate::render::pages::{PageTable, ReviewSheet};
use crate::render::{Column, Format, hidden, key, row, shown};

#[derive(Args, Debug)]
pub(in crate::cli) struct ExportArgs {
    /// The review
    #[arg(value_name = "NAME", value_parser = names(Kind::Review), add = complete::reviews())]
    name: Name,
    /// Write to this file in place of standard output; it is made for its owner alone
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,
}

/// The columns of the table, in the order of the export.
pub(super) static COLUMNS: [Column; 17] = [
    key(ID),
    key("principal"),
    shown("role"),
    key("resource"),
    shown("permissions"),
    hidden("through"),
    shown("since"),
    hidden("at"),
    shown("by"),
    hidden("reason"),
    shown("expires"),
    hidden("last_review"),
    hidden("last_reviewer"),
    shown("findings"),
    shown(DECISION),
    hidden(CASCADE),
    hidden(COMMENT),
];

impl ExportArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        session.read(None, |session, view| {
            let review = view.find(Kind::Review, &self.name)?;
            let Some(attributes) = review.as_review() else { return Ok(0) };
            let memory = view.in_memory()?;
            let rows = BindingRows::new(&memory, &found_by(session, &memory)?)?;
            let is_csv = matches!(session.output_options().format, Format::Csv | Format::Tsv);
            let mut table: Vec<(String, Map<String, Value>)> = Vec::new();
            each_visible(&memory, (review.id, attributes), &mut |found| {
                if matches!(found.state, ReviewState::Open | ReviewState::Kept) {
                    let it = rows.row(&found.binding)?;
                    let sort_text = format!("{}\0{}\0{}", it.resource, it.principal, it.role);
                    table.push((sort_text, table_row(&it, found.decision.as_ref(), is_csv)));
                }
                Ok(())
            })?;
            if session.document_format() == Some(DocumentFormat::Html) {
                table.sort_by(|(one, _), (other, _)| one.cmp(other));
                let mut sheet = ReviewSheet {
                    name: review.name.clone(),
                    reviewer: attributes.reviewer.map_or_else(|| Ok(String::new()), |id| view.name(id))?,
                    due: attributes.due.map(|due| due.to_string()).unwrap_or_default(),
                    scope: scope_names(&memory, attributes)?,
                    revision: attributes.as_of,
                    at: attributes.created.to_string(),
                    ..ReviewSheet::default()
                };
                sheet.table = PageTable::new(COLUMNS.iter().map(|column| &*column.name));
                for (_, row) in &table {
                    sheet.table.push(&mut sheet.texts, row);
                }
                return session.deliver(self.out.as_deref(), sheet.render()?.as_bytes());
            }
            session.list_sorted_into(self.out.as_deref(), &COLUMNS, |put| {
                table.into_iter().try_for_each(|(sort_text, row)| put(&sort_text, row))
            })
        })
    }
}

/// A row of the table. In CSV no spreadsheet runs what a cell says.
fn table_row(it: &BindingRow, decision: Option<&ReviewDecision>, is_csv: bool) -> Map<String, Value> {
    let [verdict, comment] = match decision {
        Some(it) => [json!(it.verdict.as_str()), json!(it.comment)],
        None => [Value::Null, Value::Null],
    };
    let [principal, role, resource, permissions, through, since, at, by, reason, expires, reviewed, reviewer, findings] =
        it.values();
    let mut row = row(
        &COLUMNS,
        [
            json!(it.id),
            principal,
            role,
            resource,
            permissions,
            through,
            since,
            at,
            by,
            reason,
            expires,
            reviewed,
            reviewer,
            findings,
            verdict,
            Value::Null,
            comment,
        ],
    );
    if is_csv {
        make_inert(&mut row);
    }
    row
}
