//! Rows written as they come: of formats that need not know them all, none is held.

use std::cell::Cell;
use std::cmp::Ordering;
use std::io::{self, Write};
use std::ops::ControlFlow;

use serde_json::Value;

use super::parts::{self, Elements, Parted};
use super::separated::{self, Style};
use super::{Column, Dress, Format, RenderError, Row, json, json_line, picked, plain, table, yaml};
use crate::model::Problem;
use crate::model::name::printable;
use crate::model::reference::nearest;

/// The part of a listing that is written.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// How many rows at most; all where there is none.
    pub limit: Option<u64>,
    /// What tells the row that the page before ended with.
    pub after: Option<String>,
}

/// A listing that is being written.
///
/// JSON, JSON Lines and separated values are written row by row. A table is as wide as its widest
/// row and YAML is one document, so these hold their rows, as every format does that is to be sorted.
pub struct Stream<'d> {
    dress: &'d Dress,
    names: Vec<String>,
    /// The columns that tell one row from every other; all of them where none is said to.
    keys: Vec<String>,
    /// The column to sort by, and whether downwards.
    sort: Option<(String, bool)>,
    page: &'d Page,
    /// Whether the row that the page before ended with is still to come.
    is_before: bool,
    /// Whether whoever makes the rows begins with the first of the page.
    begun: Cell<bool>,
    held: Vec<Row>,
    /// How many rows were written, or are held to be.
    taken: u64,
    /// How many rows were written.
    written: usize,
    /// What tells the last row of the page.
    last: Option<String>,
    /// Whether there are further rows.
    has_more: bool,
}

impl<'d> Stream<'d> {
    /// Begins a listing of rows that have these columns.
    ///
    /// # Errors
    /// A usage problem for an unknown column.
    pub fn new(columns: &[Column], dress: &'d Dress, page: &'d Page) -> Result<Stream<'d>, Problem> {
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
        let has_keys = columns.iter().any(|column| column.key);
        let keys = columns.iter().filter(|column| column.key || !has_keys).map(|it| it.name.to_string()).collect();
        Ok(Stream {
            dress,
            names,
            keys,
            sort,
            page,
            is_before: page.after.is_some(),
            begun: Cell::new(false),
            held: Vec::new(),
            taken: 0,
            written: 0,
            last: None,
            has_more: false,
        })
    }

    /// Where the page begins, for whoever makes the rows in the order of their keys and can begin after one;
    /// none where that is the first row, or another order is asked for.
    pub fn begins_after(&self) -> Option<&'d str> {
        let after = self.page.after.as_deref().filter(|_| self.sort.is_none());
        self.begun.set(after.is_some());
        after
    }

    /// Takes the first row for the first of the page, if another stream of the same page was asked where to
    /// begin.
    pub fn begin_as(&mut self, other: &Stream<'_>) {
        self.is_before &= !other.begun.get();
    }

    /// What tells a row from every other, as `--after` takes it.
    fn token(&self, row: &Row) -> String {
        let texts = self.keys.iter().filter_map(|name| row.get(name)).map(plain);
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// Whether a row is on the page; whatever comes after the page is not made.
    fn takes(&mut self, row: &Row) -> Option<ControlFlow<()>> {
        if self.is_before {
            self.is_before = self.page.after.as_deref() != Some(&self.token(row));
            return Some(ControlFlow::Continue(()));
        }
        if self.page.limit.is_some_and(|limit| self.taken >= limit) {
            self.has_more = true;
            return Some(ControlFlow::Break(()));
        }
        self.taken += 1;
        if self.page.limit == Some(self.taken) {
            self.last = Some(self.token(row));
        }
        None
    }

    /// Whether a column is written, so that what stands in it is worth finding out.
    pub fn wants(&self, column: &str) -> bool {
        self.names.iter().any(|name| name == column) || self.sort.as_ref().is_some_and(|(name, _)| name == column)
    }

    /// The columns of a row that are written.
    pub(super) fn pick(&self, row: &Row) -> Value {
        picked(row, &self.names)
    }

    /// Adds a row. Answers whether further ones are wanted.
    ///
    /// # Errors
    /// When the stream fails.
    pub fn push(&mut self, out: &mut dyn Write, row: Row) -> Result<ControlFlow<()>, RenderError> {
        if self.sort.is_some() {
            self.held.push(row);
            return Ok(ControlFlow::Continue(()));
        }
        if let Some(flow) = self.takes(&row) {
            return Ok(flow);
        }
        if matches!(self.dress.format, Format::Table | Format::Yaml) {
            self.held.push(row);
        } else {
            self.write(out, &row)?;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Adds a row of which one field is a list that is told as it comes, and is not held where rows are not.
    /// Answers whether further rows are wanted.
    ///
    /// # Errors
    /// When the stream fails, or what telling of the list answers.
    pub fn push_parted(
        &mut self,
        out: &mut dyn Write,
        row: Row,
        field: &str,
        elements: Elements<'_>,
    ) -> Result<ControlFlow<()>, RenderError> {
        if !self.wants(field) {
            return self.push(out, row);
        }
        if self.sort.is_some() || !self.dress.format.is_json() {
            let whole = parts::whole(&row, field, elements)?;
            return self.push(out, whole);
        }
        if let Some(flow) = self.takes(&row) {
            return Ok(flow);
        }
        let Value::Object(picked) = picked(&row, &self.names) else { return Ok(ControlFlow::Continue(())) };
        let is_json = self.dress.format == Format::Json;
        if is_json {
            out.write_all(if self.written == 0 { b"[\n  " } else { b",\n  " })?;
        }
        Parted::new(&picked, field, elements).write(out, false)?;
        if !is_json {
            out.write_all(b"\n")?;
        }
        self.written += 1;
        Ok(ControlFlow::Continue(()))
    }

    /// Writes what is held and what closes the listing. Where there are further rows, answers what to go on
    /// after.
    ///
    /// # Errors
    /// When the stream fails; a conflict where the page begins after a row that is not there any more.
    pub fn finish(mut self, out: &mut dyn Write) -> Result<Option<String>, RenderError> {
        let mut held = std::mem::take(&mut self.held);
        if let Some((name, descending)) = &self.sort {
            held.sort_by(|a, b| {
                let order = compare(a.get(name), b.get(name));
                if *descending { order.reverse() } else { order }
            });
            held.retain(|row| self.takes(row).is_none());
        }
        if self.is_before {
            let token = printable(self.page.after.as_deref().unwrap_or_default());
            return Err(Problem::conflict("no_such_row", format!("the list has no `{token}` to go on after"))
                .why("the row was removed, or is one of another list")
                .tip("leave out --after to begin anew")
                .into());
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
        Ok(self.last.filter(|_| self.has_more))
    }

    fn write(&mut self, out: &mut dyn Write, row: &Row) -> io::Result<()> {
        match self.dress.format {
            Format::Csv => self.separated(out, row, separated::CSV)?,
            Format::Tsv => self.separated(out, row, separated::TSV)?,
            Format::Json => {
                out.write_all(if self.written == 0 { b"[\n  " } else { b",\n  " })?;
                json::write(out, &picked(row, &self.names))?;
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
    let problem = Problem::usage("unknown_column", format!("no column `{}`", printable(name)));
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
