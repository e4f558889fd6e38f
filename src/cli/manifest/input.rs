//! Reads the files of a manifest: YAML and JSON as a whole, JSON Lines row by row.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Cursor, Read as Stream};
use std::path::{Path, PathBuf};

use clap::builder::TypedValueParser;

use super::super::args::words;
use super::super::files;
use super::super::spool::spooled;
use super::plan_file;
use crate::input::document::Diagnostic;
use crate::input::json;
use crate::input::library_errors;
use crate::input::lines::Lines;
use crate::manifest::jsonl::{self, JsonlRow, parse_row};
use crate::manifest::statement::{SourceLocation, Statement};
use crate::manifest::{self, Manifest, Source};
use crate::model::{Name, Problem};

/// The maximum number of bytes in which the first line that is not blank is searched.
const MAX_LEADING_BYTES: u64 = 1 << 20;

/// The maximum number of mistakes to show.
pub(super) const MAX_SHOWN: usize = 100;

/// The input of a command: the files that were read, and the rows that are still to be read.
pub(super) struct ManifestInput {
    pub(super) sources: Vec<Source>,
    pub(super) manifest: Manifest,
    pub(super) rows: Vec<JsonlInput>,
    /// The text of refused rows, by source and line number, for the message.
    pub(super) lines: BTreeMap<(u32, u32), String>,
    /// Whether the input may be planned more than once, because a confirmation comes in between. Otherwise statements
    /// are dropped while they are planned, because they take much memory.
    pub(super) is_planned_again: bool,
}

/// A source of JSON Lines that is read row by row.
pub(super) struct JsonlInput {
    lines: Lines<Box<dyn Stream>>,
    source: u32,
    /// The first line, if it was read ahead and not yet used.
    first: Option<Result<String, Diagnostic>>,
}

/// A line number, and the text of the line or the reason that it cannot be read.
type Line = (u32, Result<String, Diagnostic>);

/// How a file is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FileForm {
    Whole,
    Lines,
}

/// A parser for the values of `--format`.
pub(super) fn formats() -> impl TypedValueParser<Value = FileForm> {
    words(["yaml", "jsonl"], |word| Some(if word == "jsonl" { FileForm::Lines } else { FileForm::Whole }))
}

/// Reads files as one manifest. The problem lists every mistake in them. Rows are only opened here and read later. With
/// `at_once` they are first copied to a temporary file, so that reading them later does not wait for their writer.
pub(super) fn read(paths: &[PathBuf], format: Option<FileForm>, at_once: bool) -> Result<ManifestInput, Problem> {
    let (mut sources, mut opened) = (Vec::new(), Vec::new());
    for path in files::within(paths)? {
        let (form, input) = form(&path, format, files::open(&path)?)?;
        match form {
            FileForm::Whole => {
                let source = files::source_of(&path, input)?;
                plan_file::refuse(&source)?;
                sources.push(source);
            }
            FileForm::Lines => opened.push((path, input)),
        }
    }
    let mut read = match read_whole(sources) {
        Err(problem) if problem.code == "bad_manifest" => return Err(with_rows(problem, opened)),
        read => read?,
    };
    for (path, input) in opened {
        let input = if at_once { spooled(&path, input)? } else { input };
        read.open(&path, input)?;
    }
    if !read.rows.is_empty() && read.sources.len() > 1 {
        read.manifest.consistency.remember(&read.manifest.statements);
    }
    Ok(read)
}

/// Adds the mistakes of rows to a problem with files.
fn with_rows(problem: Problem, opened: Vec<(PathBuf, Box<dyn Stream>)>) -> Problem {
    let mut shown = problem.details;
    for (path, input) in opened {
        let mut rows = from_whole(Vec::new(), Manifest::default());
        if let Err(wrong) = rows.open(&path, input).and_then(|()| rows.count_rows()) {
            shown.extend(if wrong.details.is_empty() { vec![wrong.message] } else { wrong.details });
        }
    }
    files::invalid_files("bad_manifest", shown)
}

/// Reads sources as one manifest. The problem lists every mistake in them.
pub(super) fn read_whole(sources: Vec<Source>) -> Result<ManifestInput, Problem> {
    match manifest::read(&sources) {
        Ok(manifest) => Ok(from_whole(sources, manifest)),
        Err(diagnostics) => {
            let shown = files::render_diagnostics(&sources, diagnostics.get(..MAX_SHOWN).unwrap_or(&diagnostics));
            Err(files::invalid_files_some("bad_manifest", shown, diagnostics.len()))
        }
    }
}

/// An input without rows.
pub(super) fn from_whole(sources: Vec<Source>, manifest: Manifest) -> ManifestInput {
    ManifestInput { sources, manifest, rows: Vec::new(), lines: BTreeMap::new(), is_planned_again: false }
}

/// JSON Lines are recognised by `--format`, else by the name, else by the first line
/// (docs/decisions.md#manifests).
fn form(path: &Path, format: Option<FileForm>, input: Box<dyn Stream>) -> Result<(FileForm, Box<dyn Stream>), Problem> {
    let by_name = || {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "jsonl" | "ndjson" => Some(FileForm::Lines),
            "yaml" | "yml" | "json" => Some(FileForm::Whole),
            _ => None,
        }
    };
    if let Some(form) = format.or_else(by_name) {
        return Ok((form, input));
    }
    let mut input = BufReader::with_capacity(64 << 10, input);
    let mut begun = Vec::new();
    while begun.trim_ascii().is_empty() {
        let room = MAX_LEADING_BYTES.saturating_sub(begun.len() as u64);
        let read = (&mut input).take(room).read_until(b'\n', &mut begun);
        if read.map_err(|error| files::unreadable(path, &format!("cannot be read: {}", library_errors::io(&error))))?
            == 0
        {
            break;
        }
    }
    let form = if jsonl::looks_like_row(begun.trim_ascii()) { FileForm::Lines } else { FileForm::Whole };
    Ok((form, Box::new(Cursor::new(begun).chain(input))))
}

/// The name of the file of a position.
fn name_in(sources: &[Source], location: SourceLocation) -> &str {
    sources.get(location.source as usize).map_or("", |source| source.name.as_str())
}

/// A position as `FILE:LINE:COLUMN`.
fn position_in(sources: &[Source], location: SourceLocation) -> String {
    format!("{}:{}:{}", name_in(sources, location), location.span.line, location.span.column)
}

impl ManifestInput {
    /// Opens a source of JSON Lines. Its first row may name the set.
    fn open(&mut self, path: &Path, input: Box<dyn Stream>) -> Result<(), Problem> {
        let source = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        self.sources.push(Source { name: files::name_of(path), text: String::new() });
        let mut rows = JsonlInput { lines: Lines::new(input), source, first: None };
        if let Some((number, text)) = rows.next()? {
            match text
                .as_ref()
                .map_or_else(|diagnostic| Err(vec![diagnostic.clone()]), |text| parse_row(text, source, number))
            {
                Ok(JsonlRow::Head(Some(set))) => {
                    let line = text.as_deref().unwrap_or_default();
                    self.name(set, SourceLocation { source, span: json::line_span(number) }, line)?;
                }
                Ok(JsonlRow::Head(None)) => {}
                _ => rows.first = Some(text),
            }
        }
        self.rows.push(rows);
        Ok(())
    }

    /// Sets the name of the set. Refuses a name that differs from an earlier one.
    fn name(&mut self, set: Name, location: SourceLocation, line: &str) -> Result<(), Problem> {
        if let Some(known) = self.manifest.set.as_ref().filter(|known| known.key() != set.key()) {
            let before = self.manifest.named.unwrap_or_default();
            let at = position_in(&self.sources, before);
            let diagnostic =
                Diagnostic::at_span(location.span, format!("the set is `{set}` here and `{known}` in {at}"));
            let shown = diagnostic
                .tip("declare it once, or the same value twice")
                .render_line(name_in(&self.sources, location), line);
            return Err(files::invalid_files("bad_manifest", vec![shown]));
        }
        (self.manifest.set, self.manifest.named) = (Some(set), Some(location));
        Ok(())
    }

    /// Calls `take` with the statements of every row, in order. After the first mistake, rows are only checked; the
    /// problem at the end lists the mistakes of all rows. `take` returns false for a refused statement.
    pub(super) fn each_row(
        &mut self,
        take: &mut dyn FnMut(&Statement) -> Result<bool, Problem>,
    ) -> Result<(), Problem> {
        let (mut shown, mut wrong, has_rows) = (Vec::new(), 0_usize, !self.rows.is_empty());
        for mut rows in std::mem::take(&mut self.rows) {
            let name = self.sources.get(rows.source as usize).map(|source| source.name.clone()).unwrap_or_default();
            while let Some((number, text)) = rows.next()? {
                let (text, read) = match text {
                    Ok(text) => {
                        let read = parse_row(&text, rows.source, number);
                        (text, read)
                    }
                    Err(diagnostic) => (String::new(), Err(vec![diagnostic])),
                };
                let diagnostics = match read {
                    Ok(JsonlRow::Declaration(statements)) => {
                        let sources = &self.sources;
                        let describe = |location: SourceLocation| position_in(sources, location);
                        let impossible: Vec<Diagnostic> =
                            statements.iter().filter_map(|it| self.manifest.consistency.row(it, &describe)).collect();
                        if wrong == 0 && impossible.is_empty() {
                            for statement in &statements {
                                if !take(statement)? {
                                    self.lines.insert((rows.source, number), text.clone());
                                }
                            }
                        }
                        impossible
                    }
                    Ok(JsonlRow::Head(_)) => {
                        vec![Diagnostic::at_span(json::line_span(number), "only the first row can be a `manifest` row")]
                    }
                    Err(diagnostics) => diagnostics,
                };
                for diagnostic in diagnostics {
                    wrong += 1;
                    if shown.len() < MAX_SHOWN {
                        shown.push(diagnostic.render_line(&name, &text));
                    }
                }
            }
        }
        if !has_rows {
            return Ok(());
        }
        // Cycles in files that were read as a whole were reported with these files.
        for (source, diagnostic) in self.manifest.consistency.circles() {
            wrong += 1;
            let name = self.sources.get(source as usize).map_or("", |source| source.name.as_str());
            shown.push(diagnostic.render(name, ""));
        }
        if wrong == 0 {
            return Ok(());
        }
        Err(files::invalid_files_some("bad_manifest", shown, wrong))
    }

    /// Checks every row without planning it. Returns the number of statements.
    pub(super) fn count_rows(&mut self) -> Result<usize, Problem> {
        let mut count = 0;
        self.each_row(&mut |_| {
            count += 1;
            Ok(true)
        })?;
        Ok(count)
    }
}

impl JsonlInput {
    /// The next line that is not blank; `None` at the end of the source.
    fn next(&mut self) -> Result<Option<Line>, Problem> {
        let number = |lines: &Lines<_>| u32::try_from(lines.number).unwrap_or(u32::MAX);
        if let Some(first) = self.first.take() {
            return Ok(Some((number(&self.lines), first)));
        }
        while self.lines.advance(&mut || Ok::<(), Problem>(()))? {
            let number = number(&self.lines);
            match self.lines.line().text() {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => return Ok(Some((number, Ok(text.to_owned())))),
                Err(problem) => {
                    return Ok(Some((number, Err(Diagnostic::from_problem(json::line_span(number), problem)))));
                }
            }
        }
        Ok(None)
    }
}
