//! Writes rows as tables, JSON, JSON Lines, YAML, CSV and TSV. [`ListingWriter`] writes lists of rows, [`write_record`]
//! a single one, [`Text`] lines for people.
//!
//! This layer knows rows, not resources: a command declares its columns once and gets every format, `--columns`,
//! `--sort` and the empty list from here. The terminal affects layout and colour, never content.
//!
//! No control or format character of a value is written as it is. People see an escape, in [`Text`], tables and
//! records; JSON, YAML and separated values have escapes that read back.

mod graph;
mod held;
pub mod json;
mod listing;
pub mod pages;
mod record;
mod separated;
mod streamed_field;
mod table;
mod text;
mod yaml;

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::{Map, Value};

use crate::model::Problem;
pub use graph::{Graph, NodeIndex, NodeKind};
pub use listing::{ListingWriter, Page, Tell};
use streamed_field::StreamedRow;
pub use streamed_field::{Elements, PushElement};
pub use table::TableLayout;
pub use text::{Text, Tone};

macro_rules! formats {
    ($($(#[$meta:meta])* $format:ident = $word:literal,)*) => {
        /// How output is written.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub enum Format { $($(#[$meta])* $format,)* }

        impl Format {
            /// The word of each format.
            pub const WORDS: [&'static str; [$($word),*].len()] = [$($word),*];

            /// Every format with its word.
            pub const ALL: [(Format, &'static str); Format::WORDS.len()] = [$((Format::$format, $word)),*];
        }
    };
}

formats! {
    /// Aligned columns, for people.
    #[default]
    Table = "table",
    /// One array of objects; one object for a single record.
    Json = "json",
    /// One object on each line.
    Jsonl = "jsonl",
    /// A YAML document.
    Yaml = "yaml",
    /// Comma-separated, RFC 4180; control and format characters as `\u{1b}`.
    Csv = "csv",
    /// Tab-separated; tabs, line ends and backslashes in values as `\t`, `\n`, `\r` and `\\`.
    Tsv = "tsv",
}

impl Format {
    /// The format of a word.
    pub fn from_word(word: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|(_, known)| *known == word).map(|(format, _)| format)
    }

    /// Whether a record is written as an object with named fields.
    pub const fn is_object(self) -> bool {
        matches!(self, Format::Json | Format::Jsonl | Format::Yaml)
    }

    /// Whether the format is JSON; errors are then JSON too.
    pub const fn is_json(self) -> bool {
        matches!(self, Format::Json | Format::Jsonl)
    }
}

/// How output is laid out.
#[derive(Clone, Debug, Default)]
pub struct OutputOptions {
    /// The format.
    pub format: Format,
    /// The requested columns, in order; empty for the listing's own choice.
    pub columns: Vec<String>,
    /// The column to sort by, with `-` in front for descending order.
    pub sort: Option<String>,
    /// Whether to leave out the line of column names.
    pub no_headers: bool,
    /// The terminal's width, on a terminal.
    pub width: Option<usize>,
    /// Whether to use colour.
    pub colour: bool,
}

/// A column: a field of every row.
#[derive(Clone, Debug)]
pub struct Column {
    /// The name, in snake_case. Its meaning never changes.
    pub name: Cow<'static, str>,
    /// Whether the table shows the column by default.
    pub shown: bool,
    /// Whether the column is part of the key that identifies a row.
    pub key: bool,
}

/// A column that the table shows by default.
pub const fn shown(name: &'static str) -> Column {
    Column { name: Cow::Borrowed(name), shown: true, key: false }
}

/// A key column, which the table shows by default.
pub const fn key(name: &'static str) -> Column {
    Column { name: Cow::Borrowed(name), shown: true, key: true }
}

/// A column that the table shows only on request.
pub const fn hidden(name: &'static str) -> Column {
    Column { name: Cow::Borrowed(name), shown: false, key: false }
}

/// A row: its fields by name, in the order of the columns.
pub type Row = Map<String, Value>;

/// Makes a row from values in the order of the columns.
pub fn row<const N: usize>(columns: &[Column; N], values: [Value; N]) -> Map<String, Value> {
    columns.iter().map(|column| column.name.to_string()).zip(values).collect()
}

/// A value as the text of a cell.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

/// An error while writing.
#[derive(Debug)]
pub enum RenderError {
    /// The request failed.
    Problem(Problem),
    /// The stream failed.
    Io(io::Error),
}

impl From<Problem> for RenderError {
    fn from(problem: Problem) -> RenderError {
        RenderError::Problem(problem)
    }
}

impl From<io::Error> for RenderError {
    fn from(error: io::Error) -> RenderError {
        RenderError::Io(error)
    }
}

/// Writes rows.
///
/// # Errors
/// For an unknown column, or when the stream fails.
pub fn write_rows(
    out: &mut dyn Write,
    columns: &[Column],
    rows: Vec<Row>,
    options: &OutputOptions,
) -> Result<(), RenderError> {
    let whole = Page::default();
    let mut stream = ListingWriter::new(columns, options, &whole)?;
    for row in rows {
        if stream.push(out, row)?.is_break() {
            break;
        }
    }
    stream.finish(out).map(drop)
}

fn picked(row: &Row, names: &[String]) -> Value {
    Value::Object(names.iter().map(|name| (name.clone(), row.get(name).cloned().unwrap_or(Value::Null))).collect())
}

/// Writes one record: one field on each line for people, one object for programs.
///
/// # Errors
/// For an unknown column, or when the stream fails.
pub fn write_record(
    out: &mut dyn Write,
    columns: &[Column],
    row: Row,
    options: &OutputOptions,
) -> Result<(), RenderError> {
    match options.format {
        Format::Csv | Format::Tsv => write_rows(out, columns, vec![row], options),
        _ => {
            // A record shows all columns, including those that a table hides.
            let whole = OutputOptions {
                format: if options.format == Format::Table { Format::Json } else { options.format },
                ..options.clone()
            };
            write_value(out, &ListingWriter::new(columns, &whole, &Page::default())?.pick(&row), options)
        }
    }
}

/// The requested fields of a record, in the requested order; all of them if none is named.
///
/// # Errors
/// For an unknown column.
pub fn picked_columns(columns: &[Column], row: Row, options: &OutputOptions) -> Result<Row, Problem> {
    if options.columns.is_empty() {
        return Ok(row);
    }
    match ListingWriter::new(columns, options, &Page::default())?.pick(&row) {
        Value::Object(picked) => Ok(picked),
        _ => Ok(row),
    }
}

/// Writes one value of any shape.
///
/// # Errors
/// When the stream fails.
pub fn write_value(out: &mut dyn Write, value: &Value, options: &OutputOptions) -> Result<(), RenderError> {
    match options.format {
        Format::Json => {
            json::write_pretty(out, value)?;
            out.write_all(b"\n")?;
        }
        Format::Jsonl => write_json_line(out, value)?,
        Format::Yaml => yaml::document(out, value)?,
        Format::Table | Format::Csv | Format::Tsv => record::write(out, value)?,
    }
    Ok(())
}

/// Writes one record in which one field is a streamed list. No element is held.
///
/// # Errors
/// When the stream fails, or the error of the producer.
pub fn write_with_list(
    out: &mut dyn Write,
    row: &Row,
    field: &str,
    elements: Elements<'_>,
    options: &OutputOptions,
) -> Result<(), RenderError> {
    match options.format {
        Format::Json | Format::Jsonl => {
            StreamedRow::new(row, field, elements).write(out, options.format == Format::Json)?;
            Ok(out.write_all(b"\n")?)
        }
        Format::Yaml => yaml::parted(out, (row, field), elements, false),
        Format::Table | Format::Csv | Format::Tsv => record::parted(out, (row, field), elements),
    }
}

fn write_json_line(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    json::write(out, value)?;
    out.write_all(b"\n")
}
