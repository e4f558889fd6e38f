//! Tables of text: how they are encoded, what stands between their cells, and their rows with their places.
//!
//! Read are comma-, semicolon- and tab-separated values in UTF-8 or UTF-16. What a file is not is never
//! guessed: Latin-1 looks like many other things, so it is refused and named.
//!
//! Tab-separated values are read as they are written ([`render`](crate::render)): a backslash escapes (`\t`,
//! `\n`, `\r`, `\\`, `\"`), nothing is quoted. A cell that begins with a quote all the same was written by a
//! spreadsheet, and is read as it quotes.

use std::borrow::Cow;

use csv::StringRecord;

use super::document::{Diagnostic, Span, text_of};
use crate::model::escape::unescape_cell;
use crate::model::name::printable;

/// What may stand between cells, in the order in which it is preferred.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// What files begin with that are no text, and what they are.
const BINARY: [(&[u8], &str); 5] = [
    (b"PK\x03\x04", "a spreadsheet or another archive"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet of an old form"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "compressed"),
    (b"SQLite format 3\0", "a database"),
];

/// The text of a table: UTF-8 or UTF-16, with a byte order mark or without.
///
/// # Errors
/// What the bytes are, as far as it is known, or the place of the first that is no text.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Diagnostic> {
    if let Some((_, what)) = BINARY.iter().find(|(begins, _)| bytes.starts_with(begins)) {
        let diagnostic = Diagnostic::at_span(Span::default(), format!("the file is {what}, and not a table of text"));
        return Err(diagnostic.tip("save it as CSV, in UTF-8"));
    }
    // Without a mark UTF-16 shows by the zero beside the first letter of a header.
    match bytes {
        [0xff, 0xfe, rest @ ..] => return utf_16(rest, u16::from_le_bytes).map(Cow::Owned),
        [0xfe, 0xff, rest @ ..] => return utf_16(rest, u16::from_be_bytes).map(Cow::Owned),
        [one, 0, ..] if *one != 0 => return utf_16(bytes, u16::from_le_bytes).map(Cow::Owned),
        [0, one, ..] if *one != 0 => return utf_16(bytes, u16::from_be_bytes).map(Cow::Owned),
        _ => {}
    }
    text_of(bytes).map(Cow::Borrowed).map_err(|diagnostic| {
        diagnostic.tip("it may be Latin-1 or Windows-1252: save it as UTF-8, or turn it into that with `iconv`")
    })
}

fn utf_16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> Result<String, Diagnostic> {
    let units = bytes.chunks(2).map(|pair| match pair {
        [one, other] => read([*one, *other]),
        // Half a unit: what pairs with nothing.
        _ => 0xd800,
    });
    let mut text = String::with_capacity(bytes.len());
    for character in char::decode_utf16(units) {
        match character {
            Ok('\0') => return Err(Diagnostic::at_span(end_of(&text), "a NUL stands here")),
            Ok(character) => text.push(character),
            Err(_) => return Err(Diagnostic::at_span(end_of(&text), "the file is not UTF-16 here")),
        }
    }
    Ok(text)
}

/// The place behind a text.
fn end_of(text: &str) -> Span {
    let line = text.matches('\n').count() + 1;
    let column = text.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Span { line: to_u32(line), column: to_u32(column), length: 1 }
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A row of a table.
#[derive(Debug)]
pub struct TableRow {
    /// The line it begins in, from 1.
    pub line: u32,
    /// What stands in it.
    pub cells: StringRecord,
    /// Where it begins in the text, in bytes.
    start: usize,
}

/// The rows of a table, one by one. Blank lines are none.
pub struct TableRows<'t> {
    text: &'t str,
    /// What stands between cells.
    pub delimiter: u8,
    /// The part that was read by now, in bytes, and the line it ends in.
    consumed: (usize, u32),
    reader: CellReader<'t>,
}

enum CellReader<'t> {
    /// Where the text begins, and the reader of it.
    Quoted(usize, Box<csv::StringRecordsIntoIter<&'t [u8]>>),
    /// What is left of the text.
    Escaped(&'t str),
}

impl<'t> TableRows<'t> {
    /// The rows of a text. Without a delimiter it is found: that of the first line, if it is said there as
    /// spreadsheets do (`sep=;`), else the one between which most headers are known.
    pub fn new(text: &'t str, delimiter: Option<u8>, is_known: &dyn Fn(&str) -> bool) -> TableRows<'t> {
        let first = text.lines().next().unwrap_or_default();
        let said = first.strip_prefix("sep=").and_then(|rest| rest.bytes().next());
        let start = if said.is_some() { text.find('\n').map_or(text.len(), |end| end + 1) } else { 0 };
        let rest = text.get(start..).unwrap_or_default();
        let delimiter = delimiter.or(said).unwrap_or_else(|| detect_delimiter(rest, is_known));
        let reader = if delimiter == b'\t' {
            CellReader::Escaped(rest)
        } else {
            let mut builder = csv::ReaderBuilder::new();
            let builder = builder.delimiter(delimiter).has_headers(false).flexible(true);
            CellReader::Quoted(start, Box::new(builder.from_reader(rest.as_bytes()).into_records()))
        };
        TableRows { text, delimiter, consumed: (0, 1), reader }
    }

    /// The row that begins at a byte, or behind the ends of lines that stand there.
    fn row(&mut self, start: usize, cells: StringRecord) -> TableRow {
        let blank = |rest: &str| rest.bytes().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let start = start + self.text.get(start..).map_or(0, blank);
        let (before, line) = self.consumed;
        let newlines = self.text.get(before..start).unwrap_or_default().bytes().filter(|byte| *byte == b'\n').count();
        self.consumed = (start, line.saturating_add(to_u32(newlines)));
        TableRow { line: self.consumed.1, cells: unescape_cells(cells), start }
    }

    /// Where a cell of a row stands; the row itself for one that it does not have.
    pub fn span(&self, row: &TableRow, cell: usize) -> Span {
        let whole = Span { line: row.line, column: 1, length: 0 };
        let (mut line, mut column, mut at, mut begun) = (row.line, 1, 0, (row.line, 1));
        let (mut is_quoted, mut length) = (false, 0);
        for character in self.text.get(row.start..).unwrap_or_default().chars() {
            let is_end = matches!(character, '\r' | '\n') && !is_quoted;
            if is_end || (character == char::from(self.delimiter) && !is_quoted) {
                if at == cell {
                    return Span { line: begun.0, column: begun.1, length };
                }
                if is_end {
                    return whole;
                }
                (at, begun, length) = (at + 1, (line, column + 1), 0);
            } else {
                length += 1;
                is_quoted ^= character == '"' && self.delimiter != b'\t';
            }
            (line, column) = if character == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        if at == cell { Span { line: begun.0, column: begun.1, length } } else { whole }
    }
}

/// Cells with what they were written from: hidden characters stand in them as escapes.
fn unescape_cells(cells: StringRecord) -> StringRecord {
    match cells.iter().any(|cell| matches!(unescape_cell(cell), Cow::Owned(_))) {
        true => cells.iter().map(unescape_cell).collect(),
        false => cells,
    }
}

impl Iterator for TableRows<'_> {
    type Item = Result<TableRow, Diagnostic>;

    fn next(&mut self) -> Option<Result<TableRow, Diagnostic>> {
        match &mut self.reader {
            CellReader::Quoted(begin, records) => {
                // The text is UTF-8, and rows may have any number of cells: nothing else is an error.
                let record = records.next()?.ok()?;
                let at = record.position().map_or(0, csv::Position::byte);
                let start = *begin + usize::try_from(at).unwrap_or_default();
                Some(Ok(self.row(start, record)))
            }
            CellReader::Escaped(rest) => loop {
                if rest.is_empty() {
                    return None;
                }
                let start = self.text.len() - rest.len();
                let (line, after) = rest.split_once('\n').unwrap_or((*rest, ""));
                *rest = after;
                let line = line.strip_suffix('\r').unwrap_or(line);
                if line.is_empty() {
                    continue;
                }
                let cells: Result<Vec<Cow<'_, str>>, (usize, String)> = line
                    .split('\t')
                    .enumerate()
                    .map(|(at, cell)| unescape_tsv(cell).map_err(|wrong| (at, wrong)))
                    .collect();
                return Some(match cells {
                    Ok(cells) => Ok(self.row(start, cells.iter().map(|cell| &**cell).collect())),
                    Err((at, wrong)) => {
                        let row = self.row(start, StringRecord::new());
                        Err(Diagnostic::at_span(self.span(&row, at), wrong)
                            .tip("in tab-separated values a backslash is written `\\\\`, a tab `\\t`"))
                    }
                });
            },
        }
    }
}

/// The delimiter between which most headers of a first line are known; of those, the one with most cells.
fn detect_delimiter(text: &str, is_known: &dyn Fn(&str) -> bool) -> u8 {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let sums = |delimiter: u8| {
        let cells = header.split(char::from(delimiter)).map(|cell| cell.trim().trim_matches('"').trim());
        (cells.clone().filter(|cell| is_known(cell)).count(), cells.count())
    };
    // Of equals the last is taken, so the preferred one stands last.
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| sums(*delimiter)).unwrap_or(b',')
}

/// A cell of tab-separated values as it is meant.
fn unescape_tsv(cell: &str) -> Result<Cow<'_, str>, String> {
    if let Some(rest) = cell.strip_prefix('"') {
        let inner = rest.strip_suffix('"').filter(|inner| inner.replace("\"\"", "").find('"').is_none());
        return match inner {
            Some(inner) => Ok(Cow::Owned(inner.replace("\"\"", "\""))),
            None => Err("the cell begins with a quote that is never closed".to_owned()),
        };
    }
    if !cell.contains('\\') {
        return Ok(Cow::Borrowed(cell));
    }
    let mut text = String::with_capacity(cell.len());
    let mut rest = cell.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match rest.next() {
            Some('t') => text.push('\t'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some(escaped @ ('\\' | '"')) => text.push(escaped),
            Some(other) => return Err(format!("`\\{}` is no escape", printable(&other.to_string()))),
            None => return Err("the cell ends with a backslash".to_owned()),
        }
    }
    Ok(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, delimiter: Option<u8>) -> Vec<String> {
        let rows = TableRows::new(text, delimiter, &|cell| ["name", "email"].contains(&cell));
        rows.map(|row| match row {
            Ok(row) => format!("{}:{}", row.line, row.cells.iter().collect::<Vec<_>>().join("|")),
            Err(diagnostic) => format!("{}:{}! {}", diagnostic.span.line, diagnostic.span.column, diagnostic.message),
        })
        .collect()
    }

    #[test]
    fn rows_stand_in_the_line_they_begin_in_however_lines_end() {
        for end in ["\n", "\r\n"] {
            let text = ["name,email", "a,1", "", "\"b", "b\",2", "c", ""].join(end);
            let inner = if end == "\n" { "b\nb" } else { "b\r\nb" };
            assert_eq!(rows(&text, None), ["1:name|email", "2:a|1", &format!("4:{inner}|2"), "6:c"], "{end:?}");
        }
    }

    #[test]
    fn cells_have_places() {
        let text = "name,email\r\n\"a,\"\"\r\nb\",x\r\nc,dd\r\n";
        let mut all = TableRows::new(text, None, &|_| true);
        let found: Vec<TableRow> = all.by_ref().map(Result::unwrap).collect();
        let at = |row: usize, cell| {
            let Span { line, column, length } = all.span(&found[row], cell);
            (line, column, length)
        };
        assert_eq!((at(0, 1), at(1, 0), at(1, 1)), ((1, 6, 5), (2, 1, 9), (3, 4, 1)));
        assert_eq!((at(2, 1), at(2, 2)), ((4, 3, 2), (4, 1, 0)));
    }

    #[test]
    fn what_stands_between_cells_is_found() {
        assert_eq!(rows("name;email\na;b,c", None), ["1:name|email", "2:a|b,c"]);
        assert_eq!(rows("name\temail\na;b\tc,d", None), ["1:name|email", "2:a;b|c,d"]);
        assert_eq!(rows("sep=;\r\nname;x\r\na;b", None), ["2:name|x", "3:a|b"]);
        assert_eq!(rows("name|email\na|b", Some(b'|')), ["1:name|email", "2:a|b"]);
        assert_eq!(rows("name\na;b", None), ["1:name", "2:a;b"]);
        assert_eq!(rows("\"name\";\"x,y,z\"\n", None), ["1:name|x,y,z"]);
    }

    #[test]
    fn tabs_are_escaped_and_spreadsheets_quote() {
        assert_eq!(rows("name\temail\r\na\\tb\\\\c\t\"x \"\"y\"\"\"", None), ["1:name|email", "2:a\tb\\c|x \"y\""]);
        assert_eq!(rows("name\temail\nx\ta\\b", None)[1], "2:3! `\\b` is no escape");
        assert_eq!(rows("name\temail\nx\t\"a", None)[1], "2:3! the cell begins with a quote that is never closed");
        assert_eq!(rows("name\temail\nx\\\ta", None)[1], "2:1! the cell ends with a backslash");
    }

    #[test]
    fn encodings_are_known_or_named() {
        let utf_16 = |text: &str, little: bool, mark: bool| -> Vec<u8> {
            let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
            units.flat_map(|unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
        };
        for (little, mark) in [(true, true), (true, false), (false, true), (false, false)] {
            assert_eq!(decode(&utf_16("name\nÜ😀", little, mark)).unwrap(), "name\nÜ😀", "{little} {mark}");
        }
        assert_eq!(decode("\u{feff}näme".as_bytes()).unwrap(), "näme");
        let wrong = |bytes: &[u8]| decode(bytes).unwrap_err();
        assert!(wrong(b"name\nM\xfcller").tips[0].contains("Latin-1"));
        assert_eq!(wrong(b"name\nM\xfcller").span, Span { line: 2, column: 2, length: 1 });
        assert!(wrong(b"PK\x03\x04...").message.contains("a spreadsheet"));
        let mut odd = utf_16("a\nb", true, true);
        odd.push(7);
        assert_eq!(wrong(&odd).message, "the file is not UTF-16 here");
        assert_eq!(wrong(&odd).span, Span { line: 2, column: 2, length: 1 });
        assert_eq!(wrong(b"na\0me").message, "a NUL stands here");
    }
}
