//! `audit` and `undo`: the history, its check, and a revision turned round.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::{Paging, Reading, Writing, number};
use super::change::{Made, Who};
use super::session::Session;
use super::view::View;
use super::{Outcome, complete, examples};
use crate::model::{Id, Kind, Problem, Revision, Verb as Do};
use crate::ops::changes::{Change, Lookup, describe};
use crate::ops::{Actor, org_invitation, undo};
use crate::policy::{Facts, LogScope, RowChange};
use crate::render::{Column, Format, hidden, row, shown};
use crate::store::verify::verify;
use crate::store::{DeniedEntry, LogEntry, Store, StoreFacts};

/// Read and check the history
#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::AUDIT)]
pub(super) struct Audit {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum Verb {
    /// List the revisions, newest first
    #[command(after_long_help = examples::AUDIT_LOG)]
    Log(Log),
    /// Show one revision: who, when, why, and every change
    #[command(after_long_help = examples::AUDIT_SHOW)]
    Show(Show),
    /// Derive every digest again and say where the history does not fit
    #[command(after_long_help = examples::AUDIT_VERIFY)]
    Verify(Verify),
}

/// List the revisions
///
/// Server admins read all of it; admins of a workgroup or dropbox what concerns that.
#[derive(Args, Debug)]
struct Log {
    /// Only what concerns this account, group, workgroup, dropbox or package
    #[arg(long, value_name = "RESOURCE", add = complete::resources())]
    on: Option<String>,
    /// Only what this account did, `user:NAME#ID` for one that has ended; `operator` for what was done
    /// without `--as`
    #[arg(id = "who_acted", long = "actor", value_name = "USER", add = complete::accounts())]
    actor: Option<String>,
    /// Only what was denied
    #[arg(long)]
    denied: bool,
    /// At most so many lines
    #[arg(long, value_name = "N", value_parser = number)]
    limit: Option<u64>,
    /// Go on after this revision, towards the past
    #[arg(long, value_name = "REV", value_parser = number)]
    after: Option<Revision>,
    #[command(flatten)]
    reading: Reading,
}

/// Show one revision
#[derive(Args, Debug)]
struct Show {
    /// Its number
    #[arg(value_name = "REV", value_parser = number)]
    revision: Revision,
}

/// Check the history
///
/// Exit 0 when everything fits, 1 when something does not, 7 when the store cannot be opened.
#[derive(Args, Debug)]
struct Verify {}

/// Reverse a revision
///
/// Makes a new revision that turns the changes of one round. Refused, with the reasons, when
/// something later builds on it. Whoever undoes must be allowed each of the reverse changes, or have
/// made what goes and be able to make it again.
#[derive(Args, Debug)]
#[command(after_long_help = examples::UNDO)]
pub(super) struct Undo {
    /// The number of the revision to reverse
    #[arg(value_name = "REV", value_parser = number)]
    revision: Revision,
    #[command(flatten)]
    writing: Writing,
}

static COLUMNS: [Column; 12] = [
    shown("revision"),
    shown("at"),
    shown("actor"),
    hidden("operator"),
    shown("command"),
    shown("reason"),
    shown("denied"),
    hidden("rule"),
    hidden("message"),
    hidden("changes"),
    hidden("undoes"),
    hidden("digest"),
];

impl Audit {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        match self.verb {
            Verb::Log(it) => it.run(session),
            Verb::Show(it) => it.run(session),
            Verb::Verify(_) => check(session),
        }
    }
}

/// Which part of the log the reader reads.
///
/// # Errors
/// A denial for whoever reads none of it.
fn scope(view: &View<'_>) -> Result<LogScope, Problem> {
    let scope = view.viewer()?.log_scope()?;
    if matches!(&scope, LogScope::On(places) if places.is_empty()) {
        view.work()?.require_verb(Do::ViewLog, Id::SERVER)?;
    }
    Ok(scope)
}

/// The changes of a revision, as they were told at the time, as far as the scope reaches.
fn told(view: &View<'_>, number: Revision, rows: &[RowChange], scope: &LogScope) -> Result<Vec<Change>, Problem> {
    let then = view.reader.facts_at(number);
    let before = view.reader.facts_at(number.saturating_sub(1));
    let mut found = describe(rows, &Then { view, sides: [then, before] })?;
    if let LogScope::On(places) = scope {
        found.retain(|change| places.contains(&change.concerns));
    }
    Ok(found)
}

/// Things as they were when a revision was made: after it, else before it, else at any time.
struct Then<'v> {
    view: &'v View<'v>,
    sides: [StoreFacts<'v>; 2],
}

impl Lookup for Then<'_> {
    fn name(&self, id: Id) -> Result<String, Problem> {
        if self.has_ended(id)? {
            return self.view.name(id);
        }
        for facts in &self.sides {
            if facts.resource(id)?.is_some() {
                return Ok(facts.reference(id)?);
            }
        }
        self.view.name(id)
    }

    fn has_ended(&self, id: Id) -> Result<bool, Problem> {
        if id <= Id::LAST_RESERVED || self.view.facts.outline(id)?.is_some() {
            return Ok(false);
        }
        // Files and folders are told by the paths they had.
        for facts in &self.sides {
            if let Some(was) = facts.outline(id)? {
                return Ok(was.kind() != Kind::Item);
            }
        }
        Ok(true)
    }

    fn outermost(&self, id: Id) -> Result<Id, Problem> {
        for facts in &self.sides {
            if let Some(outermost) = facts.lineage(id)?.last() {
                return Ok(outermost.id);
            }
        }
        Ok(id)
    }
}

fn entry_row(
    view: &View<'_>,
    scope: &LogScope,
    entry: &LogEntry,
    changes: &[Change],
) -> Result<Map<String, Value>, Problem> {
    // Why an invitation was refused is not told to whom it was refused, who reads their own entries.
    let told = |denied: &&DeniedEntry| matches!(scope, LogScope::All) || denied.rule != org_invitation::RULE;
    Ok(row(
        &COLUMNS,
        [
            json!(entry.number),
            json!(entry.at.to_string()),
            json!(entry.actor.map(|id| view.name(id)).transpose()?.unwrap_or_else(|| "operator".to_owned())),
            json!(entry.operator),
            json!(entry.command),
            json!(entry.reason),
            json!(entry.denied.is_some()),
            json!(entry.denied.as_ref().map(|denied| &denied.rule)),
            json!(entry.denied.as_ref().filter(told).map(|denied| &denied.message)),
            Value::Array(changes.iter().map(Change::json).collect()),
            json!(entry.undoes),
            json!(entry.digest),
        ],
    ))
}

impl Log {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let scope = scope(view)?;
            let wanted = self.on.as_deref().map(|text| view.resolve_or_ended(text, Kind::Server)).transpose()?;
            let actor = match self.actor.as_deref() {
                None => None,
                Some("operator") => Some(None),
                Some(text) => Some(Some(view.resolve_or_ended(text, Kind::Account)?)),
            };
            // What a revision changed is looked up only where it is shown or asked about.
            let dress = session.dress();
            let needs_changes = wanted.is_some()
                || matches!(scope, LogScope::On(_))
                || dress.format != Format::Table
                || dress.columns.iter().any(|name| name == "changes");
            let mut rows = Vec::new();
            let mut rest = None;
            view.reader.log(Some(self.after.unwrap_or(Revision::MAX).min(view.revision + 1)), &mut |entry| {
                if actor.is_some_and(|actor| entry.actor != actor) || (self.denied && entry.denied.is_none()) {
                    return Ok(true);
                }
                let touched = if needs_changes { view.reader.changes(entry.number)? } else { Vec::new() };
                let changes = told(view, entry.number, &touched, &scope)?;
                // What happened on an endpoint or in an organization happened to what lies in it.
                let concerns = |id| {
                    touched.iter().any(|row| touches(row, id)) || changes.iter().any(|change| change.concerns == id)
                };
                if wanted.is_some_and(|id| !concerns(id)) || hidden_from(view, &scope, &entry, &changes) {
                    return Ok(true);
                }
                if self.limit.is_some_and(|limit| rows.len() as u64 >= limit) {
                    rest = Some(entry.number + 1);
                    return Ok(false);
                }
                rows.push(entry_row(view, &scope, &entry, &changes)?);
                Ok::<_, Problem>(true)
            })?;
            let status = session.list(&COLUMNS, rows, &Paging::default())?;
            if let Some(next) = rest {
                session.warn(&format!("there is more: go on with --after {next}"));
            }
            Ok(status)
        })
    }
}

/// Whether an entry is none of the reader's business: neither their own nor about what they administer.
fn hidden_from(view: &View<'_>, scope: &LogScope, entry: &LogEntry, changes: &[Change]) -> bool {
    let own = view.actor.principal().is_some() && entry.actor == view.actor.principal();
    matches!(scope, LogScope::On(_)) && changes.is_empty() && !own
}

/// Whether a row that changed is of a resource: itself, what lies in it, or a binding on it or of it.
fn touches(row: &RowChange, wanted: Id) -> bool {
    match row {
        RowChange::Resource(before, after) => {
            after.as_ref().or(before.as_ref()).is_some_and(|it| it.id == wanted || it.parent == Some(wanted))
        }
        RowChange::Binding(before, after) => {
            after.as_ref().or(before.as_deref()).is_some_and(|it| it.resource == wanted || it.principal == wanted)
        }
    }
}

impl Show {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        session.read(None, |session, view| {
            let scope = scope(view)?;
            let missing = || Problem::not_found("revision", &self.revision.to_string());
            let entry = view.reader.revision(self.revision)?.ok_or_else(missing)?;
            let found = told(view, entry.number, &view.reader.changes(entry.number)?, &scope)?;
            if hidden_from(view, &scope, &entry, &found) {
                return Err(missing().into());
            }
            let mut fields = entry_row(view, &scope, &entry, &found)?;
            if let Some(by) = view.reader.undone_by(self.revision)? {
                fields.insert("undone_by".to_owned(), json!(by));
            }
            if session.dress().format == Format::Table {
                fields.remove("changes");
                session.value(&Value::Object(fields))?;
                for change in &found {
                    session.print(&format!("  {}\n", change.line()))?;
                }
                return Ok(0);
            }
            session.value(&Value::Object(fields))
        })
    }
}

fn check(session: &mut Session<'_>) -> Outcome {
    // Whose facts are not to be trusted cannot say who may verify.
    let open = if session.actor_name().is_some() { Store::read } else { Store::read_to_verify };
    session.read_with(open, None, |session, view| {
        if let Actor::Principal(_) = view.actor {
            view.work()?.require_verb(Do::ViewLog, Id::SERVER)?;
        }
        let report = verify(view.reader)?;
        let right = report.faults.is_empty();
        if session.dress().format == Format::Table {
            let mut text = String::new();
            for fault in &report.faults {
                let place = fault.revision.map_or_else(String::new, |revision| format!("revision {revision}: "));
                text.push_str(&format!("{place}{}\n", fault.what));
            }
            let verdict = if right { "verified" } else { "NOT verified" };
            text.push_str(&format!("{verdict}: {} revisions, {} row changes, head {}\n", report.revisions, report.changes, report.head));
            session.print(&text)?;
        } else {
            let faults: Vec<Value> = report.faults.iter().map(|fault| json!({"revision": fault.revision, "what": fault.what})).collect();
            session.value(&json!({"verified": right, "revisions": report.revisions, "changes": report.changes, "head": report.head, "faults": faults}))?;
        }
        Ok(u8::from(!right))
    })
}

impl Undo {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let number = self.revision;
        let done = session.write_with(&self.writing, Who::Named, Some(number), &mut |reader, work| {
            let entry = reader.revision(number)?.ok_or_else(|| Problem::not_found("revision", &number.to_string()))?;
            let past = undo::Past {
                number,
                author: entry.actor,
                is_denied: entry.denied.is_some(),
                undone_by: reader.undone_by(number)?,
            };
            undo::undo(work, &past, &reader.changes(number)?)
        })?;
        session.report(&done, &Made::default())
    }
}
