//! One invocation: the store it uses, as whom, and the streams it writes to.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::args::{Globals, WITH_VALUE, WITHOUT_VALUE, Writing};
use super::config::{self, Config};
use super::view::View;
use super::{output, prompt};
use crate::model::secret::Secret;
use crate::model::{Id, Kind, Name, Problem, ProblemKind, Reference, Revision, Time};
use crate::ops::changes::{Change, describe};
use crate::ops::invitation::Refused;
use crate::ops::{Actor, Work};
use crate::policy::Facts;
use crate::render::{self, Column, Dress, Format, Listing, RenderError, hidden, shown, style};
use crate::store::{DeniedEntry, Entry, Reader, Store, StoreFacts};

/// The exit status of a command whose reader went away: that of a process killed by SIGPIPE.
pub(super) const BROKEN_PIPE: u8 = 141;

pub(super) struct Session<'s> {
    pub(super) globals: Globals,
    pub(super) config: Config,
    out: &'s mut dyn Write,
    err: &'s mut dyn Write,
    command: String,
    colour: (bool, bool),
    width: Option<usize>,
    committed: bool,
    began: Instant,
}

/// Who acts in a change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// The account of `--as`, or the operator.
    Named,
    /// Whoever holds a link, without an account.
    LinkHolder,
}

/// What became of a change.
pub(super) struct Done<T> {
    pub(super) value: T,
    changes: Vec<Change>,
    revision: Option<Revision>,
    warnings: Vec<String>,
    dry_run: bool,
}

/// A secret that was made, and the link it is part of.
#[derive(Default)]
pub(super) struct Made {
    pub(super) secret: Option<Secret>,
    pub(super) url: Option<String>,
    /// Whether the link was mailed; none where no mail server is configured.
    pub(super) mailed: Option<bool>,
}

impl<T> Done<T> {
    /// Whether something changed for good.
    pub(super) const fn is_committed(&self) -> bool {
        self.revision.is_some()
    }

    pub(super) fn warn(&mut self, text: String) {
        self.warnings.push(text);
    }
}

impl<'s> Session<'s> {
    /// Reads the configuration and looks at the streams. On failure, gives the stream for errors back.
    pub(super) fn new(
        globals: Globals,
        args: &[OsString],
        out: &'s mut dyn Write,
        err: &'s mut dyn Write,
    ) -> Result<Session<'s>, (Box<Problem>, &'s mut dyn Write)> {
        let config = match Config::read() {
            Ok(config) => config,
            Err(problem) => return Err((Box::new(problem), err)),
        };
        let when = globals.color.clone().or_else(|| config.color.clone()).unwrap_or_else(|| "auto".to_owned());
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let colour = |is_terminal: bool| match when.as_str() {
            "always" => true,
            "never" => false,
            _ if set("NO_COLOR") => false,
            _ if set("CLICOLOR_FORCE") => true,
            _ => is_terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb"),
        };
        let on_terminal = io::stdout().is_terminal();
        Ok(Session {
            colour: (colour(on_terminal), colour(io::stderr().is_terminal())),
            width: if on_terminal {
                terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
            } else {
                None
            },
            command: command_line(args),
            globals,
            config,
            out,
            err,
            committed: false,
            began: Instant::now(),
        })
    }

    /// Where the store is: the option, the environment, the configuration, the default.
    pub(super) fn store_path(&self) -> Result<PathBuf, Problem> {
        let from_environment =
            || std::env::var_os("ROLEBOOK_STORE").filter(|value| !value.is_empty()).map(PathBuf::from);
        let by_default = || {
            config::folder("XDG_DATA_HOME", ".local/share").map(|folder| folder.join("rolebook").join("rolebook.db"))
        };
        self.globals
            .store
            .clone()
            .or_else(from_environment)
            .or_else(|| self.config.store.clone())
            .or_else(by_default)
            .ok_or_else(|| {
                Problem::new(ProblemKind::Store, "no_store", "no store is named and there is no home folder")
                    .tip("name one with --store PATH")
            })
    }

    /// The account to act as, if one is named.
    fn actor_name(&self) -> Option<String> {
        self.globals.actor.clone().or_else(|| std::env::var("ROLEBOOK_AS").ok()).filter(|name| !name.is_empty())
    }

    /// The account to act as; the operator where none is named.
    pub(super) fn actor(&self, facts: &StoreFacts<'_>) -> Result<Actor, Problem> {
        let Some(text) = self.actor_name() else { return Ok(Actor::Operator) };
        let reference = Reference::parse(&text, Kind::Account)?;
        let Reference::Named(Kind::Account, name) = &reference else {
            return Err(reference.wrong_kind("an account to act as"));
        };
        let name: &Name = name;
        let account =
            facts.named(Kind::Account, None, name.key())?.ok_or_else(|| Problem::not_found("account", name.shown()))?;
        Ok(Actor::Principal(account.id))
    }

    // Reading.

    /// Opens the store to be read, at the moment that `--at` names.
    pub(super) fn read<T>(
        &mut self,
        at: Option<&str>,
        look: impl FnOnce(&mut Session<'s>, &View<'_>) -> Result<T, RenderError>,
    ) -> Result<T, RenderError> {
        let path = self.store_path()?;
        let reader = Store::open(&path).and_then(|store| store.read())?;
        let actor = self.actor(&reader.facts())?;
        let view = View::new(&reader, actor, at, Time::now())?;
        let answer = look(self, &view)?;
        self.mention(&format!("store {}, revision {}", path.display(), view.revision));
        Ok(answer)
    }

    // Writing.

    /// Does an operation and commits its draft; or shows it, with `--dry-run`.
    pub(super) fn write<T, E: Into<Refused>>(
        &mut self,
        writing: &Writing,
        who: Who,
        operation: &mut dyn FnMut(&mut Work<'_, StoreFacts<'_>>) -> Result<T, E>,
    ) -> Result<Done<T>, RenderError> {
        self.write_with(writing, who, None, &mut |_, work| operation(work))
    }

    /// As [`Session::write`], for an operation that reads the history too: it undoes a revision.
    ///
    /// The operation may be done twice: once to find out what must be confirmed, once for good.
    pub(super) fn write_with<T, E: Into<Refused>>(
        &mut self,
        writing: &Writing,
        who: Who,
        undoes: Option<Revision>,
        operation: &mut dyn FnMut(&Reader, &mut Work<'_, StoreFacts<'_>>) -> Result<T, E>,
    ) -> Result<Done<T>, RenderError> {
        let path = self.store_path()?;
        let store = if writing.create { Store::create(&path).map(|(store, _)| store) } else { Store::open(&path) }?;
        let mut confirmed: Option<Vec<String>> = None;
        loop {
            let writer = store.write()?;
            let facts = writer.facts();
            let actor = if who == Who::Named { self.actor(&facts)? } else { Actor::Principal(Id::ANYONE) };
            let now = Time::now();
            let mut work = Work::new(&facts, actor, now)?;
            let value = match operation(writer.reader(), &mut work).map_err(Into::into) {
                Ok(value) => value,
                Err(refused) => {
                    let actor = refused.invitee.map_or(work.actor, Actor::Principal);
                    drop(work);
                    let entry = self.entry(writing, actor, now);
                    return Err(self.refuse(writer, writing, entry, refused, actor)?.into());
                }
            };
            work.check()?;
            let (actor, notices, takes) =
                (work.actor, std::mem::take(&mut work.notices), std::mem::take(&mut work.takes));
            let rows = work.facts().draft().against(&facts)?;
            let changes = describe(&rows, &|id| work.name(id))?;
            let last_id = work.facts().last_id()?;
            drop(work);
            if !takes.is_empty() && !writing.dry_run && !self.globals.yes && confirmed.as_ref() != Some(&takes) {
                if confirmed.is_some() {
                    return Err(Problem::conflict("changed_meanwhile", "what goes with it has changed meanwhile")
                        .tip("run the command again")
                        .into());
                }
                // Nobody else should wait while a person thinks.
                drop(writer);
                prompt::confirm(&takes, self.err)?;
                confirmed = Some(takes);
                continue;
            }
            let revision = if writing.dry_run || rows.is_empty() {
                None
            } else {
                let entry = Entry { undoes, ..self.entry(writing, actor, now) };
                writer.commit(&rows, last_id, entry)?.map(|committed| committed.revision)
            };
            self.committed = self.committed || revision.is_some();
            self.mention(&format!("store {}", path.display()));
            return Ok(Done { value, changes, revision, warnings: notices, dry_run: writing.dry_run });
        }
    }

    pub(super) fn entry(&self, writing: &Writing, actor: Actor, at: Time) -> Entry {
        Entry {
            at,
            actor: actor.principal(),
            operator: whoami::username().unwrap_or_else(|_| "unknown".to_owned()),
            command: self.command.clone(),
            reason: writing.reason.clone(),
            undoes: None,
        }
    }

    /// "A denied mutation is recorded in the same chained log" (model §11); questions are not.
    fn refuse(
        &self,
        writer: crate::store::Writer,
        writing: &Writing,
        entry: Entry,
        refused: Refused,
        actor: Actor,
    ) -> Result<Problem, Problem> {
        let problem = *refused.problem;
        if problem.kind == ProblemKind::Denied && actor != Actor::Operator && !writing.dry_run {
            let message = if refused.reason.is_empty() { problem.message.clone() } else { refused.reason.to_owned() };
            let denied = DeniedEntry { rule: problem.rule.unwrap_or(problem.code).to_owned(), message };
            writer.record_denial(entry, denied)?;
        }
        Ok(problem)
    }

    // Answering.

    /// How listings are dressed.
    pub(super) fn dress(&self) -> Dress {
        let by_config = || self.config.output.as_deref().and_then(Format::from_word);
        Dress {
            format: self.globals.output.or_else(by_config).unwrap_or_default(),
            columns: self.globals.columns.clone(),
            sort: self.globals.sort.clone(),
            no_headers: self.globals.no_headers,
            width: self.width,
            colour: self.colour.0,
        }
    }

    pub(super) fn list(&mut self, columns: &'static [Column], rows: Vec<Map<String, Value>>) -> super::Outcome {
        let dress = self.dress();
        render::listing(self.out, Listing { columns, rows }, &dress)?;
        Ok(0)
    }

    pub(super) fn show(&mut self, columns: &'static [Column], row: Map<String, Value>) -> super::Outcome {
        let dress = self.dress();
        render::thing(self.out, columns, row, &dress)?;
        Ok(0)
    }

    pub(super) fn value(&mut self, value: &Value) -> super::Outcome {
        let dress = self.dress();
        render::value(self.out, value, &dress)?;
        Ok(0)
    }

    pub(super) fn print(&mut self, text: &str) -> Result<(), RenderError> {
        self.out.write_all(text.as_bytes())?;
        Ok(())
    }

    /// Says what a writing command did.
    pub(super) fn report<T>(&mut self, done: &Done<T>, made: &Made) -> super::Outcome {
        const COLUMNS: [Column; 8] = [
            shown("change"),
            shown("ref"),
            shown("member"),
            hidden("before"),
            hidden("after"),
            hidden("revision"),
            hidden("secret"),
            hidden("url"),
        ];
        for warning in &done.warnings {
            self.warn(warning);
        }
        let secret = made.secret.as_ref().map(Secret::reveal);
        match self.dress().format {
            Format::Table => self.report_lines(done, made)?,
            Format::Csv | Format::Tsv => {
                let rows = done.changes.iter().map(|change| {
                    let mut row = change.json().as_object().cloned().unwrap_or_default();
                    row.insert("revision".to_owned(), json!(done.revision));
                    row.insert("secret".to_owned(), json!(secret));
                    row.insert("url".to_owned(), json!(made.url));
                    row
                });
                let rows = rows.collect();
                self.list(&COLUMNS, rows)?;
            }
            _ => {
                let mut object = Map::new();
                object.insert("revision".to_owned(), json!(done.revision));
                object.insert("changed".to_owned(), Value::Array(done.changes.iter().map(Change::json).collect()));
                object.insert("warnings".to_owned(), json!(done.warnings));
                if done.dry_run {
                    object.insert("dry_run".to_owned(), json!(true));
                }
                if let Some(mailed) = made.mailed {
                    object.insert("mailed".to_owned(), json!(mailed));
                }
                if let Some(secret) = secret {
                    object.insert("secret".to_owned(), json!(secret));
                }
                if let Some(url) = &made.url {
                    object.insert("url".to_owned(), json!(url));
                }
                self.value(&Value::Object(object))?;
            }
        }
        Ok(0)
    }

    fn report_lines<T>(&mut self, done: &Done<T>, made: &Made) -> Result<(), RenderError> {
        let mut text = String::new();
        for change in &done.changes {
            text.push_str(&change.line());
            text.push('\n');
        }
        match done.revision {
            Some(revision) => text.push_str(&format!("revision {revision}\n")),
            None if done.changes.is_empty() => text.push_str("unchanged\n"),
            None => text.push_str("dry run: nothing was changed\n"),
        }
        if let Some(url) = &made.url {
            text.push_str(&format!("url {url}\n"));
        }
        if let Some(secret) = &made.secret {
            text.push_str(&format!("secret {}\n", secret.reveal()));
        }
        self.print(&text)
    }

    pub(super) fn warn(&mut self, text: &str) {
        if !self.globals.quiet {
            // What was answered so far stands before what is said about it.
            let _ = self.out.flush();
            let word = if self.colour.1 { style::warn("warning:") } else { "warning:".to_owned() };
            let _ = writeln!(self.err, "{word} {text}");
        }
    }

    fn mention(&mut self, text: &str) {
        if self.globals.verbose {
            let actor = self.actor_name().unwrap_or_else(|| "the operator".to_owned());
            let _ = writeln!(self.err, "{text}, as {actor}, {} ms", self.began.elapsed().as_millis());
        }
    }

    pub(super) fn colour(&self) -> bool {
        self.colour.0
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Ends the session: what stopped it becomes text and a number.
    pub(super) fn end(self, outcome: super::Outcome) -> u8 {
        match outcome {
            Ok(status) => status,
            Err(RenderError::Problem(problem)) => {
                let as_json = self.dress().format.is_json();
                output::problem(&problem, as_json, self.colour.1, self.err)
            }
            // Whoever read has seen enough. A change that was made stays made.
            Err(RenderError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                if self.committed {
                    0
                } else {
                    BROKEN_PIPE
                }
            }
            Err(RenderError::Io(error)) => {
                let what = if self.committed {
                    "the change was made, but the answer cannot be written"
                } else {
                    "the answer cannot be written"
                };
                let problem = Problem::new(ProblemKind::Store, "output_failed", format!("{what}: {error}"));
                output::problem(&problem, self.dress().format.is_json(), self.colour.1, self.err)
            }
        }
    }
}

/// The command as the log keeps it: what was typed, but for how it was to be shown and as whom.
fn command_line(args: &[OsString]) -> String {
    let mut kept = Vec::new();
    let mut words = args.iter().skip(1).map(|arg| arg.to_string_lossy());
    while let Some(word) = words.next() {
        let name = word.split('=').next().unwrap_or_default();
        if WITH_VALUE.contains(&name) {
            if !word.contains('=') {
                words.next();
            }
        } else if !WITHOUT_VALUE.contains(&word.as_ref()) && !(word.starts_with("-o") && !word.starts_with("--")) {
            let option =
                word == "-" || word.starts_with("--") && !word.contains(|c: char| c.is_whitespace() || c == '\'');
            kept.push(if option { word.into_owned() } else { crate::policy::remedy::quoted(&word) });
        }
    }
    kept.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_the_command_without_its_dress() {
        let args: Vec<OsString> = [
            "rolebook",
            "--store",
            "x.db",
            "account",
            "add",
            "bob smith",
            "-ojson",
            "--reason=why",
            "--as",
            "alice",
            "--role",
            "user",
            "-q",
        ]
        .map(OsString::from)
        .to_vec();
        assert_eq!(command_line(&args), "account add 'bob smith' --role user");
    }
}
