//! Writes listings row by row, in every format, with pages and sorting. Formats that need not know all rows hold none.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, Write};
use std::ops::ControlFlow;

use serde_json::Value;

use super::held::Held;
use super::separated::{self, Dialect};
use super::streamed_field::{self, PushElement, StreamedRow};
use super::table::{Cells, TableLayout};
use super::{Column, Format, OutputOptions, RenderError, Row, json, picked, plain, write_json_line, yaml};
use crate::model::Problem;
use crate::model::escape::printable;
use crate::model::spelling::closest_match;

/// The part of a listing to write.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The maximum number of rows; `None` for all.
    pub limit: Option<u64>,
    /// The token of the last row of the page before.
    pub after: Option<String>,
}

/// Produces the elements of a row's list, from the number that was given with the row.
pub type Tell<'t> = &'t dyn Fn(u64, PushElement<'_>) -> Result<(), RenderError>;

/// A listing that is being written.
///
/// Rows are written as they come, with two exceptions. A table is as wide as its widest row, so the text of its cells
/// is held. Rows that must be sorted are held until the last one is known: packed, and no more than the page needs. A
/// streamed list is never held: its elements are produced when its row is written.
pub struct ListingWriter<'d> {
    options: &'d OutputOptions,
    names: Vec<String>,
    /// The key columns; all columns if none is marked as a key.
    keys: Vec<String>,
    /// The column to sort by, and whether in descending order.
    sort: Option<(String, bool)>,
    page: &'d Page,
    /// Whether the last row of the page before is still to come.
    is_before: bool,
    /// Whether the producer of the rows begins with the first row of the page.
    starts_at_page: Cell<bool>,
    /// The field of the rows that is a streamed list, and the function that produces its elements.
    list: Option<(&'d str, Tell<'d>)>,
    /// The rows that are held until the last one is known.
    buffered: Option<Held>,
    cells: Cells,
    /// The number of rows accepted for the page so far.
    accepted: u64,
    /// The number of rows written so far.
    written: usize,
    /// The token of the last row of the page.
    last: Option<String>,
    /// Whether there are rows after the page.
    has_more: bool,
}

impl<'d> ListingWriter<'d> {
    /// Begins a listing of rows with these columns.
    ///
    /// # Errors
    /// A usage problem for an unknown column.
    pub fn new(columns: &[Column], options: &'d OutputOptions, page: &'d Page) -> Result<ListingWriter<'d>, Problem> {
        let names = if options.columns.is_empty() {
            let all = options.format != Format::Table;
            columns.iter().filter(|column| all || column.shown).map(|column| column.name.to_string()).collect()
        } else {
            options.columns.iter().map(|name| check_column(columns, name)).collect::<Result<_, _>>()?
        };
        let sort = match &options.sort {
            Some(sort) => {
                let (name, descending) = sort.strip_prefix('-').map_or((sort.as_str(), false), |name| (name, true));
                Some((check_column(columns, name)?, descending))
            }
            None => None,
        };
        let has_keys = columns.iter().any(|column| column.key);
        let keys = columns.iter().filter(|column| column.key || !has_keys).map(|it| it.name.to_string()).collect();
        Ok(ListingWriter {
            options,
            names,
            keys,
            sort,
            page,
            is_before: page.after.is_some(),
            starts_at_page: Cell::new(false),
            list: None,
            buffered: None,
            cells: Cells::default(),
            accepted: 0,
            written: 0,
            last: None,
            has_more: false,
        })
    }

    /// The same listing with a field that is a streamed list; `tell` produces its elements from the number given with
    /// each row.
    #[must_use]
    pub fn telling(mut self, field: &'d str, tell: Tell<'d>) -> ListingWriter<'d> {
        self.list = Some((field, tell));
        self
    }

    /// The row after which the page begins, for a producer that makes rows in the order of their keys and can begin
    /// after one. `None` if the page begins with the first row, or if another order is requested.
    pub fn page_start(&self) -> Option<&'d str> {
        let after = self.page.after.as_deref().filter(|_| self.sort.is_none());
        self.starts_at_page.set(after.is_some());
        after
    }

    /// Takes the first row for the first of the page, if the producer read [`page_start`](ListingWriter::page_start)
    /// from `other`, another writer of the same page.
    pub fn begin_as(&mut self, other: &ListingWriter<'_>) {
        self.is_before &= !other.starts_at_page.get();
    }

    /// The same listing as a further part of one whose earlier parts had this layout.
    #[must_use]
    pub fn after(mut self, layout: TableLayout) -> Self {
        self.cells = Cells::after(layout);
        self
    }

    /// Writes what is held of a part of a listing, for which only tables and JSON Lines are suited: they have no end.
    ///
    /// # Errors
    /// When the stream fails.
    pub fn finish_part(self, out: &mut dyn Write) -> Result<TableLayout, RenderError> {
        self.close(out)?;
        Ok(self.cells.layout(&self.names, self.options))
    }

    /// The token that identifies a row, as `--after` takes it.
    fn token(&self, row: &Row) -> String {
        let texts = self.keys.iter().filter_map(|name| row.get(name)).map(plain);
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// `None` if a row is on the page; else whether to go on. The rows after the page are not made.
    fn accepts(&mut self, row: &Row) -> Option<ControlFlow<()>> {
        if self.is_before {
            self.is_before = self.page.after.as_deref() != Some(&self.token(row));
            return Some(ControlFlow::Continue(()));
        }
        if self.page.limit.is_some_and(|limit| self.accepted >= limit) {
            self.has_more = true;
            return Some(ControlFlow::Break(()));
        }
        self.accepted += 1;
        if self.page.limit == Some(self.accepted) {
            self.last = Some(self.token(row));
        }
        None
    }

    /// Whether a column is written or sorted by, so that its value is needed.
    pub fn has_column(&self, column: &str) -> bool {
        self.names.iter().any(|name| name == column) || self.sort.as_ref().is_some_and(|(name, _)| name == column)
    }

    /// The columns of a row that are written.
    pub(super) fn pick(&self, row: &Row) -> Value {
        picked(row, &self.names)
    }

    /// Adds a row. Returns whether further rows are wanted.
    ///
    /// # Errors
    /// When the stream fails.
    pub fn push(&mut self, out: &mut dyn Write, row: Row) -> Result<ControlFlow<()>, RenderError> {
        self.push_with_list(out, row, 0)
    }

    /// Adds a row with the number from which its list is produced. Returns whether further rows are wanted.
    ///
    /// # Errors
    /// When the stream fails, or the error of the list's producer.
    pub fn push_with_list(&mut self, out: &mut dyn Write, row: Row, list: u64) -> Result<ControlFlow<()>, RenderError> {
        if self.sort.is_some() {
            self.hold(&row, "", list)?;
            return Ok(ControlFlow::Continue(()));
        }
        if let Some(flow) = self.accepts(&row) {
            return Ok(flow);
        }
        self.write(out, &row, list)?;
        Ok(ControlFlow::Continue(()))
    }

    /// Adds a row with the text by which it is sorted, so that rows may come in any order.
    ///
    /// # Errors
    /// When the stream fails.
    pub fn push_at(&mut self, sort_text: &str, row: &Row) -> Result<(), RenderError> {
        self.hold(row, sort_text, 0)
    }

    /// Holds a row until all rows are known.
    fn hold(&mut self, row: &Row, sort_text: &str, list: u64) -> Result<(), RenderError> {
        let ListingWriter { names, keys, page, sort, list: streamed, .. } = self;
        let (by, descending) = sort.as_ref().map_or((None, false), |(name, descending)| (Some(name), *descending));
        let held = self.buffered.get_or_insert_with(|| {
            // A page needs the keys to find its first row and to make the token of its last.
            let is_page = page.limit.is_some() || page.after.is_some();
            let keys = keys.iter().filter(|key| is_page && !names.contains(key));
            // One row more than the page shows whether there are more.
            let most = page.limit.filter(|_| page.after.is_none()).map(|limit| limit.saturating_add(1));
            Held::new(names.iter().chain(keys).cloned().collect(), descending, most)
        });
        let first = match (by, *streamed) {
            // Only the first elements of a streamed list are compared.
            (Some(name), Some((field, tell))) if name == field => {
                Some(streamed_field::first_of(&mut |push| tell(list, push))?)
            }
            _ => None,
        };
        held.push(row, first.as_ref().or_else(|| row.get(by?)), sort_text, list);
        Ok(())
    }

    /// Writes the held rows and the end of the listing. Returns the token to go on after if there are further rows.
    ///
    /// # Errors
    /// When the stream fails; a conflict if the page begins after a row that does not exist.
    pub fn finish(mut self, out: &mut dyn Write) -> Result<Option<String>, RenderError> {
        if let Some(held) = self.buffered.take() {
            for (row, list) in held.sorted() {
                match self.accepts(&row) {
                    None => self.write(out, &row, list)?,
                    Some(ControlFlow::Continue(())) => {}
                    Some(ControlFlow::Break(())) => break,
                }
            }
        }
        if self.is_before {
            let token = printable(self.page.after.as_deref().unwrap_or_default());
            return Err(Problem::conflict("no_such_row", format!("the list has no `{token}` to go on after"))
                .why("the row was removed, or belongs to another list")
                .tip("leave out --after to start at the beginning")
                .into());
        }
        self.close(out)?;
        Ok(self.last.filter(|_| self.has_more))
    }

    /// Writes a row; for a table, adds its cells.
    fn write(&mut self, out: &mut dyn Write, row: &Row, list: u64) -> Result<(), RenderError> {
        let streamed = self.list.filter(|(field, _)| self.names.iter().any(|name| name == field));
        match streamed {
            Some((field, tell)) => self.write_streamed(out, row, field, &|push| tell(list, push))?,
            None => self.write_whole(out, row)?,
        }
        self.written += 1;
        Ok(())
    }

    fn write_whole(&mut self, out: &mut dyn Write, row: &Row) -> io::Result<()> {
        match self.options.format {
            Format::Csv => self.separated(out, row, separated::CSV),
            Format::Tsv => self.separated(out, row, separated::TSV),
            Format::Json => {
                self.begin_object(out)?;
                json::write(out, &self.pick(row))
            }
            Format::Jsonl => write_json_line(out, &self.pick(row)),
            Format::Yaml => yaml::element(out, self.pick(row)),
            Format::Table => {
                self.cells.push(self.names.iter().map(|name| cell(row, name)));
                Ok(())
            }
        }
    }

    /// Writes a row with a streamed list.
    fn write_streamed(
        &mut self,
        out: &mut dyn Write,
        row: &Row,
        field: &str,
        tell: &dyn Fn(PushElement<'_>) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        let dialect = match self.options.format {
            Format::Table => {
                let first = streamed_field::first_of(&mut |push| tell(push))?;
                let cell = |name: &String| if name == field { plain(&first).into() } else { cell(row, name) };
                self.cells.push(self.names.iter().map(cell));
                return Ok(());
            }
            Format::Csv => separated::CSV,
            Format::Tsv => separated::TSV,
            Format::Json | Format::Jsonl | Format::Yaml => {
                let Value::Object(picked) = self.pick(row) else { return Ok(()) };
                let elements: streamed_field::Elements<'_> = &mut |push| tell(push);
                match self.options.format {
                    Format::Yaml => return yaml::parted(out, (&picked, field), elements, true),
                    Format::Json => self.begin_object(out)?,
                    _ => {}
                }
                StreamedRow::new(&picked, field, elements).write(out, false)?;
                if self.options.format == Format::Jsonl {
                    out.write_all(b"\n")?;
                }
                return Ok(());
            }
        };
        self.header(out, dialect)?;
        let index = self.names.iter().position(|name| name == field).unwrap_or(self.names.len());
        let (before, after) = self.names.split_at(index);
        let cells = |names: &'_ [String]| names.iter().map(|name| cell(row, name)).collect::<Vec<_>>().into_iter();
        let after = after.get(1..).unwrap_or_default();
        let pieces: separated::Pieces<'_> = &mut |piece| streamed_field::words(&mut |push| tell(push), piece);
        separated::line_in_pieces(out, (cells(before), cells(after)), pieces, dialect)
    }

    /// Writes the text before an object in an array.
    fn begin_object(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(if self.written == 0 { b"[\n  " } else { b",\n  " })
    }

    fn separated(&self, out: &mut dyn Write, row: &Row, dialect: Dialect) -> io::Result<()> {
        self.header(out, dialect)?;
        separated::line(out, self.names.iter().map(|name| cell(row, name)), dialect)
    }

    /// The line of column names, before the first row.
    fn header(&self, out: &mut dyn Write, dialect: Dialect) -> io::Result<()> {
        if self.written > 0 || self.options.no_headers {
            return Ok(());
        }
        separated::line(out, self.names.iter().map(|name| name.as_str().into()), dialect)
    }

    fn close(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.options.format {
            Format::Csv => self.header(out, separated::CSV),
            Format::Tsv => self.header(out, separated::TSV),
            Format::Json => out.write_all(if self.written == 0 { b"[]\n" } else { b"\n]\n" }),
            Format::Yaml if self.written == 0 => yaml::document(out, &Value::Array(Vec::new())),
            Format::Table => self.cells.write(out, &self.names, self.options),
            Format::Jsonl | Format::Yaml => Ok(()),
        }
    }
}

fn check_column(columns: &[Column], name: &str) -> Result<String, Problem> {
    let names = || columns.iter().map(|column| &*column.name);
    if let Some(known) = names().find(|known| *known == name) {
        return Ok(known.to_owned());
    }
    let problem = Problem::usage("unknown_column", format!("no column `{}`", printable(name)));
    let problem = match closest_match(name, names()) {
        Some(near) => problem.tip(format!("did you mean `{near}`?")),
        None => problem,
    };
    Err(problem.tip(format!("the columns are: {}", names().collect::<Vec<_>>().join(", "))))
}

/// The text of a cell.
fn cell<'r>(row: &'r Row, name: &str) -> Cow<'r, str> {
    match row.get(name) {
        Some(Value::String(text)) => Cow::Borrowed(text),
        other => Cow::Owned(other.map(plain).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use serde_json::json;

    use super::*;
    use crate::render::{hidden, key, shown};

    /// A number of elements that is too large to be held.
    const MANY: u64 = 10_000;

    /// Counts the bytes written to it.
    struct Counting(Rc<Cell<usize>>);

    impl Write for Counting {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.set(self.0.get() + bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn columns() -> [Column; 3] {
        [key("number"), hidden("list"), shown("name")]
    }

    fn row(number: u64) -> Row {
        let fields = [("number", json!(number)), ("list", json!([])), ("name", json!(format!("n{number}, \"\t")))];
        fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }

    fn element(number: u64) -> Value {
        json!({"change": "added, or\n\"so", "to": number})
    }

    /// Writes rows whose lists have the given lengths.
    fn written(
        out: &mut dyn Write,
        options: &OutputOptions,
        page: &Page,
        lengths: &[u64],
        at: &dyn Fn(u64),
    ) -> Option<String> {
        let tell = |number: u64, push: PushElement<'_>| {
            for index in 0..lengths.get(number as usize).copied().unwrap_or_default() {
                push(element(index))?;
                at(index);
            }
            Ok(())
        };
        let columns = columns();
        let mut stream = ListingWriter::new(&columns, options, page).unwrap().telling("list", &tell);
        for number in 0..lengths.len() as u64 {
            let flow = stream.push_with_list(out, row(number), number).unwrap();
            assert!(flow.is_continue() || page.limit.is_some());
        }
        stream.finish(out).unwrap()
    }

    #[test]
    fn a_streamed_list_is_written_as_it_comes() {
        for (_, word) in Format::ALL {
            let format = Format::from_word(word).unwrap();
            for sort in [None, Some("-number".to_owned()), Some("list".to_owned())] {
                let options =
                    OutputOptions { format, sort, columns: vec!["list".to_owned()], ..OutputOptions::default() };
                let count = Rc::new(Cell::new(0));
                let halfway = Cell::new(0);
                let at = |index| {
                    if index == MANY / 2 {
                        halfway.set(count.get())
                    }
                };
                written(&mut Counting(Rc::clone(&count)), &options, &Page::default(), &[MANY], &at);
                if format == Format::Table {
                    assert!(count.get() < 10_000, "a cell has only the first: {}", count.get());
                } else {
                    let (half, whole) = (halfway.get(), count.get());
                    assert!(half * 3 > whole && whole > 200_000, "{word}: {half} of {whole}");
                }
            }
        }
    }

    #[test]
    fn a_streamed_list_is_written_like_a_list_in_memory() {
        // None, one, and more than a cell in pieces holds.
        let lengths = [0, 1, 5_000, 3];
        for (_, word) in Format::ALL {
            for sort in [None, Some("-number".to_owned())] {
                let format = Format::from_word(word).unwrap();
                let options = OutputOptions {
                    format,
                    sort,
                    columns: ["name", "list", "number"].map(str::to_owned).to_vec(),
                    ..OutputOptions::default()
                };
                let (mut streamed, mut whole) = (Vec::new(), Vec::new());
                written(&mut streamed, &options, &Page::default(), &lengths, &|_| ());
                let rows = (0..).zip(&lengths).map(|(number, length)| {
                    let mut row = row(number);
                    let shown = if format == Format::Table { (*length).min(20) } else { *length };
                    let mut list: Vec<Value> = (0..shown).map(element).collect();
                    list.extend((shown < *length).then(|| json!(format!("({} more)", *length - shown))));
                    row.insert("list".to_owned(), Value::Array(list));
                    row
                });
                crate::render::write_rows(&mut whole, &columns(), rows.collect(), &options).unwrap();
                // Not `assert_eq!`: the texts are long.
                assert!(streamed == whole, "{word}");
            }
        }
    }

    #[test]
    fn a_page_of_sorted_rows_says_how_to_go_on_and_does() {
        let options = |columns: &[&str]| OutputOptions {
            format: Format::Csv,
            sort: Some("-number".to_owned()),
            columns: columns.iter().map(|it| (*it).to_owned()).collect(),
            no_headers: true,
            ..OutputOptions::default()
        };
        // The key is not among the written columns.
        let options = options(&["list"]);
        let lengths = [1, 2, 3, 4, 5];
        let page = |after: Option<String>| {
            let mut out = Vec::new();
            let next = written(&mut out, &options, &Page { limit: Some(2), after }, &lengths, &|_| ());
            (
                String::from_utf8(out).unwrap().lines().map(|line| line.matches("added").count()).collect::<Vec<_>>(),
                next,
            )
        };
        assert_eq!(page(None), (vec![5, 4], Some("3".to_owned())));
        assert_eq!(page(Some("3".to_owned())), (vec![3, 2], Some("1".to_owned())));
        assert_eq!(page(Some("1".to_owned())), (vec![1], None));
    }
}
