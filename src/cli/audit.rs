//! The `audit` and `undo` commands: they read the log and reverse a revision. What proves the log is in [`evidence`].

use std::ops::ControlFlow;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args::{DocumentFormat, ReadArgs, WriteArgs, number};
use super::change::{ActingAs, IssuedSecrets};
use super::findings::{AcceptArgs, FindingsArgs};
use super::log::{FilterArgs, LogReader, Search};
use super::report::ReportArgs;
use super::review::ReviewArgs;
use super::session::Session;
use super::{Outcome, evidence, examples, report};
use crate::model::{Problem, Revision};
use crate::ops::undo;
use crate::render::{Column, Format, PushElement, TableLayout, hidden, picked_columns, row, shown};
use crate::store::{LogEntry, Store, StoreFacts};

#[derive(Args, Debug)]
#[command(subcommand_required = true, arg_required_else_help = true, after_long_help = examples::AUDIT)]
pub(super) struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Subcommand, Debug)]
#[command(defer = true)]
enum AuditCommand {
    /// List the revisions, newest first
    ///
    /// Server admins read all of it; admins of a workgroup or dropbox what concerns that. An entry is listed if it passes
    /// every filter; filters go by the changes that the reader may see. In a table, the column `changes` shows the first 20
    /// of a revision; the other formats have all of them.
    ///
    /// With `--follow` the list is in the order of time and does not end: a look at the store twice a second finds the new
    /// entries, which are written as rows of the table or, with `-o jsonl`, as one object each.
    #[command(after_long_help = examples::AUDIT_LOG)]
    Log(LogArgs),
    /// Show one revision: who, when, why, and every change with the values before and after
    ///
    /// What was added (`+`) has the values that are not the default ones, what was removed (`-`) those that it had last,
    /// and what was changed (`~`) both sides of each field that changed. In JSON these are the objects `before` and
    /// `after` of each change, null for a side on which there was nothing.
    #[command(after_long_help = examples::AUDIT_SHOW)]
    Show(ShowArgs),
    /// Compute every digest again and report where the history does not fit
    ///
    /// With --checkpoint, also proves that the history extends an older checkpoint: nothing of it was removed, rewritten
    /// or reordered since. With --receipt, verifies a receipt, which needs no store. Exits with 0 if everything fits, 1
    /// if something does not, 6 if a checkpoint or receipt is not signed by the key, 7 if the store cannot be opened.
    #[command(after_long_help = examples::AUDIT_VERIFY)]
    Verify(evidence::VerifyArgs),
    /// Make a key that signs checkpoints and receipts
    ///
    /// An Ed25519 key. The private key is written to a new file (PKCS#8 in PEM), which only its owner can read; the
    /// verifier key, which everybody may have, is printed in the form of c2sp.org/signed-note.
    #[command(after_long_help = examples::AUDIT_KEY)]
    Key(evidence::KeyArgs),
    /// Print a signed checkpoint of the history, to keep elsewhere
    ///
    /// The number of revisions and the root of the tree over their digests, signed, in the form of
    /// c2sp.org/tlog-checkpoint. `audit verify --checkpoint` later proves that the history extends it. Whoever may read
    /// the whole log may make one.
    #[command(after_long_help = examples::AUDIT_CHECKPOINT)]
    Checkpoint(evidence::CheckpointArgs),
    /// Print a signed receipt of a decision, which is verified without the store
    ///
    /// The answer of `perm explain` with the bindings it rests on, the revisions that made them, the proofs that these
    /// revisions are in the log, and a checkpoint. A receipt for a reader who may read the whole log carries these
    /// revisions whole, with their reasons and every row: give it to people who may read those.
    #[command(after_long_help = examples::AUDIT_RECEIPT)]
    Receipt(evidence::ReceiptArgs),
    /// List what an audit should look at, with the commands that mend it
    ///
    /// Server admins are told all findings, others those of what they administer. `--catalogue` lists what is looked for
    /// and why.
    #[command(after_long_help = examples::AUDIT_FINDINGS)]
    Findings(FindingsArgs),
    /// Accept a finding, for a reason that the store keeps
    ///
    /// It is then no longer listed, until the acceptance ends. `audit findings --accepted` lists what is accepted; `undo`
    /// takes it back. Only server admins accept findings.
    #[command(after_long_help = examples::AUDIT_ACCEPT)]
    Accept(AcceptArgs),
    /// Write a report: who has what and why, with findings and changes
    ///
    /// About a resource and what lies in it, what a principal holds, the scope of a review, or everything. As HTML it is one
    /// page that works without a network, to be sorted, filtered and printed; Markdown and JSON have the same, the other
    /// formats the bindings alone. A reader is told what lists tell them.
    #[command(after_long_help = examples::AUDIT_REPORT)]
    Report(ReportArgs),
    /// Review access: decide about each binding whether it stays
    Review(ReviewArgs),
}

#[derive(Args, Debug)]
struct LogArgs {
    #[command(flatten)]
    filters: FilterArgs,
    /// List at most this many entries
    #[arg(long, value_name = "N", value_parser = number)]
    limit: Option<u64>,
    /// Go on after this revision, towards the past
    #[arg(long, value_name = "REV", value_parser = number)]
    after: Option<Revision>,
    /// List oldest first, then write each new entry as it comes; with `--limit`, after the last N. Ends with Ctrl-C
    #[arg(long, conflicts_with_all = ["after", "at"])]
    follow: bool,
    #[command(flatten)]
    reading: ReadArgs,
}

#[derive(Args, Debug)]
struct ShowArgs {
    /// The number of the revision
    #[arg(value_name = "REV", value_parser = number)]
    revision: Revision,
}

#[derive(Args, Debug)]
#[command(after_long_help = examples::UNDO)]
pub(super) struct UndoArgs {
    /// The number of the revision to reverse
    #[arg(value_name = "REV", value_parser = number)]
    revision: Revision,
    #[command(flatten)]
    writing: WriteArgs,
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

impl AuditArgs {
    /// The formats besides those of every command.
    pub(super) const fn documents(&self) -> &'static [DocumentFormat] {
        match &self.command {
            AuditCommand::Findings(it) => it.documents(),
            AuditCommand::Report(_) => report::DOCUMENTS,
            AuditCommand::Review(it) => it.documents(),
            _ => &[],
        }
    }

    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        match self.command {
            AuditCommand::Log(it) => it.run(session),
            AuditCommand::Show(it) => it.run(session),
            AuditCommand::Verify(it) => it.run(session),
            AuditCommand::Key(it) => it.run(session),
            AuditCommand::Checkpoint(it) => it.run(session),
            AuditCommand::Receipt(it) => it.run(session),
            AuditCommand::Findings(it) => it.run(session),
            AuditCommand::Accept(it) => it.run(session),
            AuditCommand::Report(it) => it.run(session),
            AuditCommand::Review(it) => it.run(session),
        }
    }
}

/// A reader of the log of a store.
type StoreLog<'v> = LogReader<'v, 'v, StoreFacts<'v>>;

/// The row of an entry of the log. Its `changes` are empty here; they are written one by one later.
fn entry_row(log: &StoreLog<'_>, entry: &LogEntry) -> Result<Map<String, Value>, Problem> {
    let texts = log.shows_texts(entry)?;
    let command = texts.then_some(&entry.command);
    let reason = entry.reason.as_ref().filter(|_| texts);
    let message = entry.denied.as_ref().filter(|denied| log.shows_denial(&denied.rule)).map(|denied| &denied.message);
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

/// How often `--follow` looks for new revisions.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(500);

impl LogArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        if self.follow {
            return self.follow(session);
        }
        session.read(self.reading.at.as_deref(), |session, view| {
            let log = LogReader::new(view)?;
            log.require()?;
            let filter = self.filters.resolve(view)?;
            let (mut listed, mut rest) = (0, None);
            let before = self.after.unwrap_or(Revision::MAX).min(view.revision + 1);
            let tell = |number, push: PushElement<'_>| log.changes(number).list(push);
            session.stream_telling(&COLUMNS, ("changes", &tell), |push| {
                filter.each(&log, 0..before, Search::ByIndex, &mut |entry| {
                    if self.limit.is_some_and(|limit| listed >= limit) {
                        rest = Some(entry.number + 1);
                        return Ok(false);
                    }
                    listed += 1;
                    push(entry_row(&log, &entry)?, entry.number)?;
                    Ok(true)
                })
            })?;
            if let Some(next) = rest {
                session.warn(&format!("there is more: go on with --after {next}"));
            }
            Ok(0)
        })
    }

    /// Lists the entries, oldest first, and then each new one as it comes. Does not return unless something fails: Ctrl-C
    /// ends the process, and nothing that was found waits to be written.
    fn follow(&self, session: &mut Session<'_>) -> Outcome {
        let options = session.output_options();
        if !matches!(options.format, Format::Table | Format::Jsonl) {
            return Err(Problem::usage("endless_format", "--follow writes a table or JSON Lines")
                .why("the other formats have an end, and this list has none")
                .tip("use `-o jsonl`")
                .into());
        }
        if options.sort.is_some() {
            return Err(Problem::usage("endless_sort", "--follow cannot be used with --sort")
                .why("entries are written as they come")
                .into());
        }
        let mut watch = Store::open(&session.store_path()?)?.watch()?;
        let (mut filter, mut layout, mut seen) = (None, TableLayout::default(), 0);
        let mut search = Search::ByIndex;
        loop {
            // Rights are those of the time at which an entry is written: each look is a new reading.
            session.read(None, |session, view| {
                let log = LogReader::new(view)?;
                log.require()?;
                let filter = match &mut filter {
                    Some(filter) => filter,
                    none => none.insert(self.filters.resolve(view)?),
                };
                let limit = self.limit.filter(|_| search == Search::ByIndex).unwrap_or(u64::MAX);
                let mut numbers: Vec<Revision> = Vec::new();
                filter.each(&log, seen + 1..view.revision + 1, search, &mut |entry| {
                    if (numbers.len() as u64) < limit {
                        numbers.push(entry.number);
                    }
                    Ok((numbers.len() as u64) < limit)
                })?;
                seen = view.revision;
                let tell = |number, push: PushElement<'_>| log.changes(number).list(push);
                layout = session.stream_part(&COLUMNS, ("changes", &tell), std::mem::take(&mut layout), |push| {
                    for number in numbers.into_iter().rev() {
                        if let Some(entry) = view.reader.revision(number)? {
                            push(entry_row(&log, &entry)?, number)?;
                        }
                    }
                    Ok(())
                })?;
                Ok(())
            })?;
            search = Search::EachEntry;
            while !watch.has_changed()? {
                std::thread::sleep(FOLLOW_INTERVAL);
            }
        }
    }
}

/// The columns of one entry: those of the list, and the revision that undid it.
fn entry_columns() -> Vec<Column> {
    COLUMNS.iter().cloned().chain([hidden("undone_by")]).collect()
}

impl ShowArgs {
    fn run(&self, session: &mut Session<'_>) -> Outcome {
        session.read(None, |session, view| {
            let log = LogReader::new(view)?;
            log.require()?;
            let missing = || Problem::not_found("revision", &self.revision.to_string());
            let entry = view.reader.revision(self.revision)?.ok_or_else(missing)?;
            if log.hides(&entry)? {
                return Err(missing().into());
            }
            let changes = log.changes(entry.number);
            let mut fields = entry_row(&log, &entry)?;
            if let Some(by) = view.reader.undone_by(self.revision)? {
                fields.insert("undone_by".to_owned(), json!(by));
            }
            let (options, columns) = (session.output_options(), entry_columns());
            if matches!(options.format, Format::Csv | Format::Tsv) {
                let tell = |_, push: PushElement<'_>| changes.list(push);
                session.stream_telling(&columns, ("changes", &tell), |push| push(fields, entry.number))?;
                return Ok(0);
            }
            let mut fields = picked_columns(&columns, fields, &options)?;
            let has_changes = fields.contains_key("changes");
            if options.format == Format::Table {
                fields.remove("changes");
                session.value(&Value::Object(fields))?;
                if has_changes {
                    changes.each(&mut |change| {
                        change.lines().iter().try_for_each(|line| session.line(&format!("  {line}")))?;
                        Ok(ControlFlow::Continue(()))
                    })?;
                }
            } else {
                session.show_parted(&fields, "changes", &mut |push| changes.list(push))?;
            }
            Ok(0)
        })
    }
}

impl UndoArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let number = self.revision;
        let outcome = session.write_with(&self.writing, ActingAs::Named, Some(number), &mut |reader, tx| {
            let entry = reader.revision(number)?.ok_or_else(|| Problem::not_found("revision", &number.to_string()))?;
            let past = undo::UndoneRevision {
                number,
                author: entry.actor,
                is_denied: entry.denied.is_some(),
                undone_by: reader.undone_by(number)?,
            };
            undo::undo(tx, &past, &reader.changes(number)?)
        })?;
        session.report(&outcome, &IssuedSecrets::default())
    }
}
