//! Rows written as they come: of formats that need not know them all, none is held.

use std::cmp::Ordering;
use std::io::{self, Write};

use serde_json::Value;

use super::separated::{self, Style};
use super::{Column, Dress, Format, RenderError, Row, json_line, picked, plain, table, yaml};
use crate::model::Problem;
use crate::model::reference::nearest;

/// A listing that is being written.
///
/// JSON, JSON Lines and separated values are written row by row. A table is as wide as its widest
/// row and YAML is one document, so these hold their rows, as every format does that is to be sorted.
pub struct Stream<'d> {
    dress: &'d Dress,
    names: Vec<String>,
    /// The column to sort by, and whether downwards.
    sort: Option<(String, bool)>,
    held: Vec<Row>,
    /// How many rows were written.
    written: usize,
}

impl<'d> Stream<'d> {
    /// Begins a listing of rows that have these columns.
    ///
    /// # Errors
    /// A usage problem for an unknown column.
    pub fn new(columns: &[Column], dress: &'d Dress) -> Result<Stream<'d>, Problem> {
        let names = if dress.columns.is_empty() {
            let all = dress.format != Format::Table;
            columns.iter().filter(|column| all || column.shown).map(|column| column.name.to_string()).collect()
        } else {
            dress.columns.iter().map(|name| known(columns, name)).collect::<Result<_, _>>()?
        };
        let sort = match &dress.sort {
            Some(sort) => {
                let (name, descending) = sort.strip_prefix('-').map_or((sort.as_str(), false), |name| (name, true));
                Some((known(columns, name)?, descending))
            }
            None => None,
        };
        Ok(Stream { dress, names, sort, held: Vec::new(), written: 0 })
    }

    /// Whether a column is written, so that what stands in it is worth finding out.
    pub fn wants(&self, column: &str) -> bool {
        self.names.iter().any(|name| name == column) || self.sort.as_ref().is_some_and(|(name, _)| name == column)
    }

    /// The columns of a row that are written.
    pub(super) fn pick(&self, row: &Row) -> Value {
        picked(row, &self.names)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When the stream fails.
    pub fn push(&mut self, out: &mut dyn Write, row: Row) -> Result<(), RenderError> {
        if self.sort.is_some() || matches!(self.dress.format, Format::Table | Format::Yaml) {
            self.held.push(row);
            return Ok(());
        }
        Ok(self.write(out, &row)?)
    }

    /// Writes what is held and what closes the listing.
    ///
    /// # Errors
    /// When the stream fails.
    pub fn finish(mut self, out: &mut dyn Write) -> Result<(), RenderError> {
        let mut held = std::mem::take(&mut self.held);
        if let Some((name, descending)) = &self.sort {
            held.sort_by(|a, b| {
                let order = compare(a.get(name), b.get(name));
                if *descending { order.reverse() } else { order }
            });
        }
        match self.dress.format {
            Format::Table => table::write(out, &self.names, &held, self.dress)?,
            Format::Yaml => {
                let rows = held.iter().map(|row| picked(row, &self.names)).collect();
                yaml(out, &Value::Array(rows))?;
            }
            _ => {
                for row in &held {
                    self.write(out, row)?;
                }
                self.close(out)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, out: &mut dyn Write, row: &Row) -> io::Result<()> {
        match self.dress.format {
            Format::Csv => self.separated(out, row, separated::CSV)?,
            Format::Tsv => self.separated(out, row, separated::TSV)?,
            Format::Json => {
                out.write_all(if self.written == 0 { b"[\n  " } else { b",\n  " })?;
                serde_json::to_writer(&mut *out, &picked(row, &self.names)).map_err(io::Error::from)?;
            }
            Format::Jsonl | Format::Table | Format::Yaml => json_line(out, &picked(row, &self.names))?,
        }
        self.written += 1;
        Ok(())
    }

    fn separated(&self, out: &mut dyn Write, row: &Row, style: Style) -> io::Result<()> {
        self.header(out, style)?;
        separated::line(out, self.names.iter().map(|name| row.get(name).map(plain).unwrap_or_default().into()), style)
    }

    /// The line of column names, before the first row.
    fn header(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        if self.written > 0 || self.dress.no_headers {
            return Ok(());
        }
        separated::line(out, self.names.iter().map(|name| name.as_str().into()), style)
    }

    fn close(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.dress.format {
            Format::Csv => self.header(out, separated::CSV),
            Format::Tsv => self.header(out, separated::TSV),
            Format::Json => out.write_all(if self.written == 0 { b"[]\n" } else { b"\n]\n" }),
            Format::Jsonl | Format::Table | Format::Yaml => Ok(()),
        }
    }
}

fn known(columns: &[Column], name: &str) -> Result<String, Problem> {
    let names = || columns.iter().map(|column| &*column.name);
    if let Some(known) = names().find(|known| *known == name) {
        return Ok(known.to_owned());
    }
    let problem = Problem::usage("unknown_column", format!("no column `{}`", crate::model::name::printable(name)));
    let problem = match nearest(name, names()) {
        Some(near) => problem.tip(format!("did you mean `{near}`?")),
        None => problem,
    };
    Err(problem.tip(format!("the columns are: {}", names().collect::<Vec<_>>().join(", "))))
}

fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => {
            a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal)
        }
        (Some(a), Some(b)) => plain(a).cmp(&plain(b)),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}
