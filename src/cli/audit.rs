//! `audit` and `undo`: the history, its check, and a revision turned round.

use std::ops::ControlFlow;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::{Reading, Writing, number};
use super::change::{Made, Who};
use super::log::{LogReader, Then};
use super::session::Session;
use super::view::View;
use super::{Outcome, complete, examples};
use crate::model::{Id, Kind, Problem, Revision, Verb as Do};
use crate::ops::changes::{Change, describe};
use crate::ops::{Actor, undo};
use crate::policy::RowChange;
use crate::render::{Column, Format, PushElement, RenderError, Text, hidden, row, shown};
use crate::store::verify::verify;
use crate::store::{LogEntry, Store, StoreFacts};

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

/// How many rows of a revision are described at once.
const AT_ONCE: usize = 1_000;

/// The changes of one revision, as they were told at the time, as far as a scope reaches. There may be millions: they
/// are told one after the other, and none is kept.
struct Told<'l, 'v> {
    log: &'l StoreLog<'v>,
    view: &'v View<'v>,
    number: Revision,
    then: Then<'l, 'v, 'v, StoreFacts<'v>>,
}

/// A reader of the log of a store.
type StoreLog<'v> = LogReader<'v, 'v, StoreFacts<'v>>;

/// Told of each change.
type VisitChange<'c> = &'c mut dyn FnMut(Change) -> Result<ControlFlow<()>, RenderError>;

impl<'l, 'v> Told<'l, 'v> {
    fn new(log: &'l StoreLog<'v>, view: &'v View<'v>, number: Revision) -> Told<'l, 'v> {
        Told { log, view, number, then: log.then(number) }
    }

    fn each(&self, visit: VisitChange<'_>) -> Result<(), RenderError> {
        let reader = self.view.reader;
        let mut rows: Vec<RowChange> = Vec::new();
        let mut flow = ControlFlow::Continue(());
        reader.each_change(self.number, &mut |change| {
            match &change {
                // The role of an account is told with it, so it is looked up now and left out later.
                RowChange::Resource(before, after) => {
                    let account = after.as_ref().or(before.as_ref()).filter(|any| any.kind() == Kind::Account);
                    let account = account.map(|any| any.id);
                    rows.push(change);
                    if let Some(account) = account {
                        rows.extend(reader.changes_of(self.number, account, Id::SERVER)?);
                    }
                }
                RowChange::Binding(before, after) => {
                    let any = after.as_ref().or(before.as_deref());
                    let of = any.filter(|any| any.resource == Id::SERVER).map(|any| any.principal);
                    let is_told = of.map_or(Ok(false), |of| reader.is_changed(self.number, of))?;
                    if !is_told {
                        rows.push(change);
                    }
                }
            }
            if rows.len() >= AT_ONCE {
                flow = self.describe(&mut rows, visit)?;
            }
            Ok::<_, RenderError>(flow)
        })?;
        if flow.is_break() {
            return Ok(());
        }
        self.describe(&mut rows, visit).map(drop)
    }

    fn describe(&self, rows: &mut Vec<RowChange>, visit: VisitChange<'_>) -> Result<ControlFlow<()>, RenderError> {
        // Resources come first, as everywhere.
        rows.sort_by_key(|row| matches!(row, RowChange::Binding(..)));
        for change in describe(&std::mem::take(rows), &self.then)? {
            if self.log.is_within(&change) && visit(change)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Whether some change is one that is looked for.
    fn any(&self, is_sought: impl Fn(&Change) -> bool) -> Result<bool, RenderError> {
        let mut found = false;
        self.each(&mut |change| {
            found = is_sought(&change);
            Ok(if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(found)
    }

    /// Whether it changed a resource, what lies in it, or a binding on it or of it.
    fn touches(&self, wanted: Id) -> Result<bool, RenderError> {
        let mut found = false;
        self.view.reader.each_change(self.number, &mut |row| {
            found = touches(&row, wanted);
            Ok::<_, Problem>(if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        // What happened on an endpoint or in an organization happened to what lies in it.
        Ok(found || self.any(|change| change.concerns == wanted)?)
    }

    /// Tells of the changes as a list of a row.
    fn list(&self, push: PushElement<'_>) -> Result<(), RenderError> {
        self.each(&mut |change| {
            push(change.json())?;
            Ok(ControlFlow::Continue(()))
        })
    }
}

/// A line of the log; what it changed is told as it comes.
fn entry_row(log: &StoreLog<'_>, entry: &LogEntry) -> Result<Map<String, Value>, Problem> {
    let texts = log.tells_texts(entry)?;
    let command = texts.then_some(&entry.command);
    let reason = entry.reason.as_ref().filter(|_| texts);
    let message = entry.denied.as_ref().filter(|denied| log.tells_denial(&denied.rule)).map(|denied| &denied.message);
    Ok(row(
        &COLUMNS,
        [
            json!(entry.number),
            json!(entry.at.to_string()),
            json!(log.actor(entry)?),
            json!(entry.operator),
            json!(command),
            json!(reason),
            json!(entry.denied.is_some()),
            json!(entry.denied.as_ref().map(|denied| &denied.rule)),
            json!(message),
            Value::Array(Vec::new()),
            json!(entry.undoes),
            json!(entry.digest),
        ],
    ))
}

impl Log {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let log = LogReader::new(view)?;
            log.require()?;
            let wanted = self.on.as_deref().map(|text| view.resolve_or_ended(text, Kind::Server)).transpose()?;
            let actor = match self.actor.as_deref() {
                None => None,
                Some("operator") => Some(None),
                Some(text) => Some(Some(view.resolve_or_ended(text, Kind::Account)?)),
            };
            let (mut listed, mut rest) = (0, None);
            session.stream_parted(&COLUMNS, "changes", |push| {
                view.reader.log(Some(self.after.unwrap_or(Revision::MAX).min(view.revision + 1)), &mut |entry| {
                    if actor.is_some_and(|actor| entry.actor != actor) || (self.denied && entry.denied.is_none()) {
                        return Ok(true);
                    }
                    let told = Told::new(&log, view, entry.number);
                    if let Some(wanted) = wanted
                        && !told.touches(wanted)?
                    {
                        return Ok(true);
                    }
                    if is_hidden(&told, &entry)? {
                        return Ok(true);
                    }
                    if self.limit.is_some_and(|limit| listed >= limit) {
                        rest = Some(entry.number + 1);
                        return Ok(false);
                    }
                    listed += 1;
                    push(entry_row(&log, &entry)?, &mut |push| told.list(push))?;
                    Ok::<_, RenderError>(true)
                })
            })?;
            if let Some(next) = rest {
                session.warn(&format!("there is more: go on with --after {next}"));
            }
            Ok(0)
        })
    }
}

/// Whether an entry is none of the reader's business: neither their own nor about what they administer.
fn is_hidden(told: &Told<'_, '_>, entry: &LogEntry) -> Result<bool, RenderError> {
    Ok(!told.log.reads_all() && !told.log.is_own(entry) && !told.any(|_| true)?)
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
            let log = LogReader::new(view)?;
            log.require()?;
            let missing = || Problem::not_found("revision", &self.revision.to_string());
            let entry = view.reader.revision(self.revision)?.ok_or_else(missing)?;
            let told = Told::new(&log, view, entry.number);
            if is_hidden(&told, &entry)? {
                return Err(missing().into());
            }
            let mut fields = entry_row(&log, &entry)?;
            if let Some(by) = view.reader.undone_by(self.revision)? {
                fields.insert("undone_by".to_owned(), json!(by));
            }
            if session.dress().format == Format::Table {
                fields.remove("changes");
                session.value(&Value::Object(fields))?;
                told.each(&mut |change| {
                    session.line(&format!("  {}", change.line()))?;
                    Ok(ControlFlow::Continue(()))
                })?;
                return Ok(0);
            }
            session.show_parted(&fields, "changes", &mut |push| told.list(push))?;
            Ok(0)
        })
    }
}

fn check(session: &mut Session<'_>) -> Outcome {
    // Whose facts are not to be trusted cannot say who may verify.
    let open = if session.actor_name()?.is_some() { Store::read } else { Store::read_to_verify };
    session.read_with(open, None, |session, view| {
        if let Actor::Principal(_) = view.actor {
            view.work()?.require_verb(Do::ViewLog, Id::SERVER)?;
        }
        let report = verify(view.reader)?;
        let right = report.faults.is_empty();
        if session.dress().format == Format::Table {
            let mut text = Text::default();
            for fault in &report.faults {
                let place = fault.revision.map_or_else(String::new, |revision| format!("revision {revision}: "));
                text.line(&format!("{place}{}", fault.what));
            }
            let verdict = if right { "verified" } else { "NOT verified" };
            text.line(&format!("{verdict}: {} revisions, {} row changes, head {}", report.revisions, report.changes, report.head));
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
