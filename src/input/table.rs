//! Tables of text: their encoding, their delimiter, and their rows with positions.
//!
//! The reader accepts comma-, semicolon- and tab-separated values in UTF-8 or UTF-16. It never guesses an encoding:
//! Latin-1 cannot be distinguished from many others, so other bytes are refused with a hint.
//!
//! Tab-separated values have the form that [`render`](crate::render) writes: a backslash escapes (`\t`, `\n`, `\r`,
//! `\\`, `\"`), and cells are not quoted. A cell that begins with a quote was written by a spreadsheet, so it is read
//! as a quoted cell.

use std::borrow::Cow;

use csv::StringRecord;

use super::document::{Diagnostic, Span, text_of};
use crate::model::escape::{printable, unescape_cell};

/// The delimiters between cells, the preferred one first.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// The first bytes of common files that are not text, and a description of each.
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
/// The type of the file if it is a known one; otherwise the position of the first byte that is not text.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Diagnostic> {
    if let Some((_, what)) = BINARY.iter().find(|(begins, _)| bytes.starts_with(begins)) {
        let diagnostic = Diagnostic::at_span(Span::default(), format!("not a table of text: the file is {what}"));
        return Err(diagnostic.tip("save it as CSV, in UTF-8"));
    }
    // Without a byte order mark, the zero byte beside the first letter of a header shows UTF-16.
    match bytes {
        [0xff, 0xfe, rest @ ..] => return utf_16(rest, u16::from_le_bytes).map(Cow::Owned),
        [0xfe, 0xff, rest @ ..] => return utf_16(rest, u16::from_be_bytes).map(Cow::Owned),
        [one, 0, ..] if *one != 0 => return utf_16(bytes, u16::from_le_bytes).map(Cow::Owned),
        [0, one, ..] if *one != 0 => return utf_16(bytes, u16::from_be_bytes).map(Cow::Owned),
        _ => {}
    }
    text_of(bytes).map(Cow::Borrowed).map_err(|diagnostic| {
        diagnostic.tip("it may be Latin-1 or Windows-1252: save it as UTF-8, or convert it with `iconv`")
    })
}

fn utf_16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> Result<String, Diagnostic> {
    let units = bytes.chunks(2).map(|pair| match pair {
        [one, other] => read([*one, *other]),
        // A single byte at the end: a surrogate without a pair makes it an error.
        _ => 0xd800,
    });
    let mut text = String::with_capacity(bytes.len());
    for character in char::decode_utf16(units) {
        match character {
            Ok('\0') => return Err(Diagnostic::at_span(end_of(&text), "unexpected NUL byte")),
            Ok(character) => text.push(character),
            Err(_) => return Err(Diagnostic::at_span(end_of(&text), "the file is not UTF-16 here")),
        }
    }
    Ok(text)
}

/// The position behind the last character of a text.
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
    /// The line that the row begins in, from 1.
    pub line: u32,
    /// The values of the cells.
    pub cells: StringRecord,
    /// The offset of the row in the text, in bytes.
    start: usize,
}

/// An iterator over the rows of a table. It skips blank lines.
pub struct TableRows<'t> {
    text: &'t str,
    /// The delimiter between cells.
    pub delimiter: u8,
    /// The length of the part that was read, in bytes, and the line that this part ends in.
    consumed: (usize, u32),
    reader: CellReader<'t>,
}

enum CellReader<'t> {
    /// Cells in quotes: the offset at which the first row begins, and the CSV reader.
    Quoted(usize, Box<csv::StringRecordsIntoIter<&'t [u8]>>),
    /// Cells with escapes: the rest of the text.
    Escaped(&'t str),
}

impl<'t> TableRows<'t> {
    /// The rows of a text. If `delimiter` is `None`, it is the delimiter of a first line such as `sep=;`, which
    /// spreadsheets write. Without such a line it is the delimiter that splits the header into the most known names.
    pub fn new(text: &'t str, delimiter: Option<u8>, is_known: &dyn Fn(&str) -> bool) -> TableRows<'t> {
        let first = text.lines().next().unwrap_or_default();
        let declared = first.strip_prefix("sep=").and_then(|rest| rest.bytes().next());
        let start = if declared.is_some() { text.find('\n').map_or(text.len(), |end| end + 1) } else { 0 };
        let rest = text.get(start..).unwrap_or_default();
        let delimiter = delimiter.or(declared).unwrap_or_else(|| detect_delimiter(rest, is_known));
        let reader = if delimiter == b'\t' {
            CellReader::Escaped(rest)
        } else {
            let mut builder = csv::ReaderBuilder::new();
            let builder = builder.delimiter(delimiter).has_headers(false).flexible(true);
            CellReader::Quoted(start, Box::new(builder.from_reader(rest.as_bytes()).into_records()))
        };
        TableRows { text, delimiter, consumed: (0, 1), reader }
    }

    /// The row that begins at a byte offset, or behind the line ends at that offset.
    fn row(&mut self, start: usize, cells: StringRecord) -> TableRow {
        let blank = |rest: &str| rest.bytes().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let start = start + self.text.get(start..).map_or(0, blank);
        let (before, line) = self.consumed;
        let newlines = self.text.get(before..start).unwrap_or_default().bytes().filter(|byte| *byte == b'\n').count();
        self.consumed = (start, line.saturating_add(to_u32(newlines)));
        TableRow { line: self.consumed.1, cells: unescape_cells(cells), start }
    }

    /// The position of a cell; the start of the row if the row lacks the cell. Scans the row.
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

/// The original values of cells: hidden characters are written as escapes.
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
                // The reader fails only for bad UTF-8 and uneven rows; the text is UTF-8 and rows may be uneven.
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

/// The delimiter that splits the header into the most known names; among equals, the one with the most cells.
fn detect_delimiter(text: &str, is_known: &dyn Fn(&str) -> bool) -> u8 {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let sums = |delimiter: u8| {
        let cells = header.split(char::from(delimiter)).map(|cell| cell.trim().trim_matches('"').trim());
        (cells.clone().filter(|cell| is_known(cell)).count(), cells.count())
    };
    // `max_by_key` returns the last of several equals, so the preferred delimiter comes last.
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| sums(*delimiter)).unwrap_or(b',')
}

/// The value of a cell of tab-separated values: without quotes and escapes.
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
            Some(other) => return Err(format!("unknown escape `\\{}`", printable(&other.to_string()))),
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
    fn a_row_has_the_line_it_begins_in_with_either_line_end() {
        for end in ["\n", "\r\n"] {
            let text = ["name,email", "a,1", "", "\"b", "b\",2", "c", ""].join(end);
            let inner = if end == "\n" { "b\nb" } else { "b\r\nb" };
            assert_eq!(rows(&text, None), ["1:name|email", "2:a|1", &format!("4:{inner}|2"), "6:c"], "{end:?}");
        }
    }

    #[test]
    fn cells_have_positions() {
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
    fn the_delimiter_is_detected() {
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
        assert_eq!(rows("name\temail\nx\ta\\b", None)[1], "2:3! unknown escape `\\b`");
        assert_eq!(rows("name\temail\nx\t\"a", None)[1], "2:3! the cell begins with a quote that is never closed");
        assert_eq!(rows("name\temail\nx\\\ta", None)[1], "2:1! the cell ends with a backslash");
    }

    #[test]
    fn encodings_are_decoded_or_refused() {
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
        assert_eq!(wrong(b"na\0me").message, "unexpected NUL byte");
    }
}
