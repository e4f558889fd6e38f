//! One invocation of the program: its store, its actor and its streams. Commands read the store and write their answers
//! through [`Session`].

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

use serde_json::{Map, Value};

use super::args::{DocumentFormat, GlobalArgs, OutputFormat, PageArgs};
use super::command_line::command_line;
use super::config::Config;
use super::statuses::BROKEN_PIPE;
use super::view::ReadView;
use super::{files, identity, output};
use crate::input::library_errors;
use crate::model::name::shell_quote;
use crate::model::{Problem, ProblemKind, Time};
use crate::ops::Actor;
use crate::ops::separation::Conflict;
use crate::render::{
    self, Column, Elements, Format, ListingWriter, OutputOptions, Page, RenderError, Row, TableLayout, Tell, Text, Tone,
};
use crate::store::{self, Reader, Store, StoreFacts};

/// Takes a row of a list, and returns whether further rows are wanted.
pub(super) type Push<'p> = &'p mut dyn FnMut(Row) -> Result<ControlFlow<()>, RenderError>;

/// Takes a row of a list, with the text by which it is sorted.
pub(super) type Put<'p> = &'p mut dyn FnMut(&str, Row) -> Result<(), RenderError>;

pub(super) struct Session<'s> {
    pub(super) globals: GlobalArgs,
    pub(super) config: Config,
    /// Standard output, unescaped: for writers that escape, such as those of `render`.
    pub(super) out: &'s mut dyn Write,
    /// Standard error, likewise.
    pub(super) err: &'s mut dyn Write,
    args: Vec<OsString>,
    /// Whether to use colour, on standard output and on standard error.
    colour: (bool, bool),
    width: Option<usize>,
    /// Whether a revision was committed: then a closed pipe is not a failure.
    committed: bool,
    began: Instant,
}

impl<'s> Session<'s> {
    /// Reads the configuration and examines the streams. A failure gives back the stream for errors.
    pub(super) fn new(
        globals: GlobalArgs,
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
            args: args.to_vec(),
            globals,
            config,
            out,
            err,
            committed: false,
            began: Instant::now(),
        })
    }

    /// The path of the store, from the first of: the option, the environment, the configuration, the default.
    pub(super) fn store_path(&self) -> Result<PathBuf, Problem> {
        identity::store_path(self.globals.store.clone().map(PathBuf::into_os_string), &self.config)
    }

    /// The account to act as, as it was typed; `None` for the operator.
    pub(super) fn actor_name(&self) -> Result<Option<String>, Problem> {
        identity::actor_name(self.globals.actor.as_ref().map(OsStr::new))
    }

    /// The account to act as; the operator if none is named.
    pub(super) fn actor(&self, facts: &StoreFacts<'_>) -> Result<Actor, Problem> {
        identity::actor(self.actor_name()?.as_deref(), facts)
    }

    /// The conflicts that no change may make, by the configuration.
    pub(super) fn enforced(&self) -> Rc<[Conflict]> {
        self.config.policy.conflicts.iter().filter(|it| it.is_enforced).cloned().collect()
    }

    /// The command line as the log keeps it.
    pub(super) fn command(&self) -> String {
        command_line(&self.args)
    }

    // Reading.

    /// Opens the store for reading, at the moment that `--at` names, and calls `look`.
    pub(super) fn read<T>(
        &mut self,
        at: Option<&str>,
        look: impl FnOnce(&mut Session<'s>, &ReadView<'_>) -> Result<T, RenderError>,
    ) -> Result<T, RenderError> {
        self.read_with(Store::read, at, look)
    }

    /// As [`read`](Session::read), with another function that opens the store.
    pub(super) fn read_with<T>(
        &mut self,
        open: fn(&Store) -> store::Result<Reader>,
        at: Option<&str>,
        look: impl FnOnce(&mut Session<'s>, &ReadView<'_>) -> Result<T, RenderError>,
    ) -> Result<T, RenderError> {
        let path = self.store_path()?;
        let reader = Store::open(&path).and_then(|store| open(&store))?;
        let actor = self.actor(&reader.facts())?;
        let view = ReadView { enforced: self.enforced(), ..ReadView::new(&reader, actor, at, Time::now())? };
        if let Some(warning) = &view.warning {
            self.warn(warning);
        }
        let answer = look(self, &view)?;
        self.verbose(&format!("store {}, revision {}", path.display(), view.revision));
        Ok(answer)
    }

    // Answering.

    /// The format and layout of output.
    pub(super) fn output_options(&self) -> OutputOptions {
        let by_config = || self.config.output.as_deref().and_then(Format::from_word);
        OutputOptions {
            format: match self.globals.output {
                Some(OutputFormat::Common(format)) => format,
                // Commands that write a document ask for its format first.
                Some(OutputFormat::Document(_)) => Format::Json,
                None => by_config().unwrap_or_default(),
            },
            columns: self.globals.columns.clone(),
            sort: self.globals.sort.clone(),
            no_headers: self.globals.no_headers,
            width: self.width,
            colour: self.colour.0,
        }
    }

    /// The format that only some commands write, if one is requested.
    pub(super) const fn document_format(&self) -> Option<DocumentFormat> {
        match self.globals.output {
            Some(OutputFormat::Document(format)) => Some(format),
            _ => None,
        }
    }

    /// Writes bytes to a file for its owner alone, or as the answer if none is named.
    pub(super) fn deliver(&mut self, file: Option<&Path>, bytes: &[u8]) -> super::Outcome {
        match file {
            None => self.out.write_all(bytes)?,
            Some(file) => files::write_private(file, bytes).map_err(|error| {
                let what = format!("cannot be written: {}", library_errors::io(&error));
                files::unreadable(file, &what)
            })?,
        }
        Ok(0)
    }

    /// As [`Session::list_sorted`], into a file if one is named.
    pub(super) fn list_sorted_into(
        &mut self,
        file: Option<&Path>,
        columns: &[Column],
        make: impl FnOnce(Put<'_>) -> Result<(), RenderError>,
    ) -> super::Outcome {
        let Some(file) = file else { return self.list_sorted(columns, &PageArgs::default(), make) };
        let (options, page, mut bytes) = (self.output_options(), Page::default(), Vec::new());
        let mut stream = ListingWriter::new(columns, &options, &page)?;
        make(&mut |sort_text, row| stream.push_at(sort_text, &row))?;
        stream.finish(&mut bytes)?;
        self.deliver(Some(file), &bytes)
    }

    /// Lists rows, or the requested part of them. Each row is made only when it is needed.
    pub(super) fn list(
        &mut self,
        columns: &[Column],
        rows: impl IntoIterator<Item = Result<Row, RenderError>>,
        paging: &PageArgs,
    ) -> super::Outcome {
        self.stream(columns, paging, |_, push| {
            for row in rows {
                if push(row?)?.is_break() {
                    break;
                }
            }
            Ok(())
        })?;
        Ok(0)
    }

    /// Lists rows that `make` finds in any order, sorted by the text that comes with each.
    pub(super) fn list_sorted(
        &mut self,
        columns: &[Column],
        paging: &PageArgs,
        make: impl FnOnce(Put<'_>) -> Result<(), RenderError>,
    ) -> super::Outcome {
        let (options, page) = (self.output_options(), paging.page());
        let mut stream = ListingWriter::new(columns, &options, &page)?;
        make(&mut |sort_text, row| stream.push_at(sort_text, &row))?;
        self.finish(stream)?;
        Ok(0)
    }

    /// Ends a list. Returns whether it is complete; if not, a notice says how to go on.
    fn finish(&mut self, stream: ListingWriter<'_>) -> Result<bool, RenderError> {
        let Some(token) = stream.finish(self.out)? else { return Ok(true) };
        self.warn(&format!("there is more: go on with --after {}", shell_quote(&token)));
        Ok(false)
    }

    /// Lists rows in the order in which `make` finds them, as long as further rows are wanted. Formats that need not
    /// wait write each row at once. Returns whether the list is complete; if not, a notice says how to go on.
    pub(super) fn stream(
        &mut self,
        columns: &[Column],
        paging: &PageArgs,
        make: impl FnOnce(&ListingWriter<'_>, Push<'_>) -> Result<(), RenderError>,
    ) -> Result<bool, RenderError> {
        let (options, page) = (self.output_options(), paging.page());
        let wants = ListingWriter::new(columns, &options, &page)?;
        let mut stream = ListingWriter::new(columns, &options, &page)?;
        make(&wants, &mut |row| {
            stream.begin_as(&wants);
            stream.push(self.out, row)
        })?;
        stream.begin_as(&wants);
        self.finish(stream)
    }

    /// As [`Session::stream`], but one field of each row is a list whose elements are streamed. `tell` produces them
    /// from the number that comes with the row.
    pub(super) fn stream_telling(
        &mut self,
        columns: &[Column],
        (field, tell): (&str, Tell<'_>),
        make: impl FnOnce(&mut dyn FnMut(Row, u64) -> Result<(), RenderError>) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        let (options, page) = (self.output_options(), Page::default());
        let mut stream = ListingWriter::new(columns, &options, &page)?.telling(field, tell);
        make(&mut |row, list| stream.push_with_list(self.out, row, list).map(drop))?;
        stream.finish(self.out).map(drop)
    }

    /// As [`Session::stream_telling`], for a part of a list that goes on later: continues the layout of the parts before,
    /// and passes on all that is written.
    pub(super) fn stream_part(
        &mut self,
        columns: &[Column],
        (field, tell): (&str, Tell<'_>),
        layout: TableLayout,
        make: impl FnOnce(&mut dyn FnMut(Row, u64) -> Result<(), RenderError>) -> Result<(), RenderError>,
    ) -> Result<TableLayout, RenderError> {
        let (options, page) = (self.output_options(), Page::default());
        let mut stream = ListingWriter::new(columns, &options, &page)?.telling(field, tell).after(layout);
        make(&mut |row, list| stream.push_with_list(self.out, row, list).map(drop))?;
        let layout = stream.finish_part(self.out)?;
        self.out.flush()?;
        Ok(layout)
    }

    /// Writes one record, of which one field is a list whose elements are streamed.
    pub(super) fn show_parted(&mut self, row: &Row, field: &str, elements: Elements<'_>) -> Result<(), RenderError> {
        let options = self.output_options();
        render::write_with_list(self.out, row, field, elements, &options)
    }

    pub(super) fn show(&mut self, columns: &[Column], row: Map<String, Value>) -> super::Outcome {
        let options = self.output_options();
        render::write_record(self.out, columns, row, &options)?;
        Ok(0)
    }

    pub(super) fn value(&mut self, value: &Value) -> super::Outcome {
        let options = self.output_options();
        render::write_value(self.out, value, &options)?;
        Ok(0)
    }

    /// Writes lines for people.
    pub(super) fn print(&mut self, text: &Text) -> Result<(), RenderError> {
        Ok(text.write(self.out)?)
    }

    /// Writes one line for people.
    pub(super) fn line(&mut self, text: &str) -> Result<(), RenderError> {
        self.print(&Text::of(text))
    }

    /// Writes a document of the program itself unescaped: a script, a page of the manual, a schema. It must not contain
    /// anything that somebody entered.
    pub(super) fn document(&mut self, text: &str) -> Result<(), RenderError> {
        Ok(self.out.write_all(text.as_bytes())?)
    }

    pub(super) fn warn(&mut self, text: &str) {
        if !self.globals.quiet {
            // The answer so far must come before the warning about it.
            let _ = self.out.flush();
            let mut line = Text::new(self.colour.1);
            line.toned(Tone::Warn, "warning:");
            line.line(&format!(" {text}"));
            let _ = line.write(self.err);
        }
    }

    /// Remembers whether a revision was committed, which holds even if the answer cannot be written.
    pub(super) fn changed(&mut self, really: bool) {
        self.committed = self.committed || really;
    }

    pub(super) fn verbose(&mut self, text: &str) {
        if self.globals.verbose {
            let actor = self.actor_name().ok().flatten().unwrap_or_else(|| "the operator".to_owned());
            let line = format!("{text}, as {actor}, {} ms", self.began.elapsed().as_millis());
            let _ = Text::of(&line).write(self.err);
        }
    }

    pub(super) fn colour(&self) -> bool {
        self.colour.0
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Ends the session: reports the error, if any, and returns the exit status.
    pub(super) fn end(self, outcome: super::Outcome) -> u8 {
        match outcome {
            Ok(status) => status,
            Err(RenderError::Problem(problem)) => {
                let as_json = self.document_format().is_none() && self.output_options().format.is_json();
                output::problem(&problem, as_json, self.colour.1, self.err)
            }
            // The reader closed the pipe. A committed change counts as success.
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
                let problem = Problem::new(
                    ProblemKind::Store,
                    "output_failed",
                    format!("{what}: {}", library_errors::io(&error)),
                );
                output::problem(&problem, self.output_options().format.is_json(), self.colour.1, self.err)
            }
        }
    }
}
