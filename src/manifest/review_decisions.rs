//! The decisions of a reviewer: a table that `audit review export` wrote, filled in and perhaps sent through a
//! spreadsheet. Columns are found by their header, in any order; columns that are not known are left alone.

use crate::input::document::{Diagnostic, Span};
use crate::input::table::TableRows;
use crate::model::attributes::Verdict;
use crate::model::escape::printable;
use crate::model::spelling::closest_match;
use crate::ops::review::{DecisionRow, parse_row_id};

/// The column with the id of the row.
pub const ID: &str = "id";
/// The column with the decision.
pub const DECISION: &str = "decision";
/// The column that says whether shares that rest on a share are revoked too.
pub const CASCADE: &str = "cascade";
/// The column with what the reviewer wrote.
pub const COMMENT: &str = "comment";

/// The columns that are read.
const READ: [&str; 4] = [ID, DECISION, CASCADE, COMMENT];

/// What a spreadsheet would run if a cell began with it.
const RUN: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The text of a cell in a form that no spreadsheet runs: with an apostrophe in front, where that is needed.
pub fn inert(text: &str) -> String {
    if text.starts_with(RUN) { format!("'{text}") } else { text.to_owned() }
}

/// The text that [`inert`] was given.
fn original(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(RUN)).unwrap_or(cell)
}

/// The decisions of a table, each with the position of its row.
///
/// # Errors
/// Every mistake, with its position.
pub fn read(text: &str) -> Result<Vec<(DecisionRow, Span)>, Vec<Diagnostic>> {
    let mut rows = TableRows::new(text, None, &|header| READ.contains(&column(header).as_str()));
    let header = loop {
        match rows.next() {
            Some(Ok(row)) if row.cells.iter().all(|cell| cell.trim().is_empty()) => {}
            Some(Ok(row)) => break row,
            Some(Err(diagnostic)) => return Err(vec![diagnostic]),
            None => return Err(vec![Diagnostic::at_span(Span::default(), "the table is empty")]),
        }
    };
    let columns: Vec<String> = header.cells.iter().map(column).collect();
    let mut wrong = Vec::new();
    for (at, name) in columns.iter().enumerate() {
        if READ.contains(&name.as_str()) && columns.iter().take(at).any(|before| before == name) {
            wrong.push(Diagnostic::at_span(rows.span(&header, at), format!("duplicate column `{name}`")));
        }
    }
    for name in [ID, DECISION] {
        if !columns.iter().any(|it| it == name) {
            let span = Span { line: header.line, column: 1, length: 0 };
            let missing = Diagnostic::at_span(span, format!("the column `{name}` is missing"));
            wrong.push(missing.tip("the first line must be the header that the export wrote"));
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let at = |name: &str| columns.iter().position(|it| it == name);
    let places = Places { id: at(ID), decision: at(DECISION), cascade: at(CASCADE), comment: at(COMMENT) };
    let mut found = Vec::new();
    while let Some(row) = rows.next() {
        let row = match row {
            Ok(row) => row,
            Err(diagnostic) => {
                wrong.push(diagnostic);
                continue;
            }
        };
        if row.cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let width = columns.len();
        if let Some((at, _)) = row.cells.iter().enumerate().skip(width).find(|(_, it)| !it.trim().is_empty()) {
            let message = format!("the row has {} cells, but the header has {width}", row.cells.len());
            let diagnostic = Diagnostic::at_span(rows.span(&row, at), message);
            wrong.push(diagnostic.tip("put a cell that holds the delimiter in quotes"));
            continue;
        }
        let cell = |at: Option<usize>| at.and_then(|at| row.cells.get(at)).map_or("", str::trim);
        let mut refuse = |at: Option<usize>, message: String, tip: &str| {
            let span = rows.span(&row, at.unwrap_or(usize::MAX));
            wrong.push(Diagnostic::at_span(span, message).tip(tip));
        };
        let id = parse_row_id(cell(places.id));
        if id.is_none() {
            let message = format!("`{}` is not the id of a row", printable(cell(places.id)));
            refuse(places.id, message, "the export writes ids such as b12r34");
        }
        let verdict = match cell(places.decision).to_lowercase().as_str() {
            "" => Ok(None),
            word => Verdict::from_name(word).map(Some).ok_or_else(|| word.to_owned()),
        };
        if let Err(word) = &verdict {
            let tip = match closest_match(word, Verdict::WORDS.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("one of: {}; empty for none", Verdict::WORDS.join(", ")),
            };
            refuse(places.decision, format!("unknown decision `{}`", printable(word)), &tip);
        }
        let cascade = match cell(places.cascade).to_lowercase().as_str() {
            "" | "no" | "false" | "0" => Some(false),
            "yes" | "true" | "1" => Some(true),
            word => {
                let message = format!("invalid value `{}`, expected `yes` or nothing", printable(word));
                refuse(places.cascade, message, "`yes` also revokes the shares that rest on this one");
                None
            }
        };
        if cascade == Some(true) && verdict.as_ref().is_ok_and(|it| *it != Some(Verdict::Revoke)) {
            refuse(places.cascade, "`cascade` has no effect here: the row is not revoked".to_owned(), "leave it empty");
        }
        if let (Some((binding, version)), Ok(verdict), Some(cascade)) = (id, verdict, cascade) {
            let comment = Some(original(cell(places.comment)).to_owned()).filter(|it| !it.is_empty());
            let span = Span { line: row.line, column: 1, length: 0 };
            found.push((DecisionRow { binding, version, verdict, cascade, comment }, span));
        }
    }
    wrong.sort_by_key(|diagnostic| (diagnostic.span.line, diagnostic.span.column));
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

/// The indexes of the columns that are read.
struct Places {
    id: Option<usize>,
    decision: Option<usize>,
    cascade: Option<usize>,
    comment: Option<usize>,
}

/// The name of a column, as its header is written.
fn column(header: &str) -> String {
    header.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match read(text) {
            Ok(rows) => rows.iter().map(|(row, at)| format!("{}:{row:?}\n", at.line)).collect(),
            Err(wrong) => {
                wrong.iter().map(|it| format!("{}:{} {}\n", it.span.line, it.span.column, it.message)).collect()
            }
        }
    }

    #[test]
    fn a_table_is_read_as_spreadsheets_write_it() {
        let plain = shown("id,decision,cascade,comment\nb1r2,keep,,\nb3r4,revoke,yes,'=1+1\nb5r6,,,\n");
        assert!(plain.contains("2:DecisionRow") && plain.contains(r#"comment: Some("=1+1")"#), "{plain}");
        for other in [
            "comment;ID;note;Decision;cascade\r\n;b1r2;x;Keep;\r\n\r\n'=1+1;b3r4;;REVOKE;TRUE\r\n;b5r6;;;\r\n",
            "sep=;\r\nid;decision;cascade;comment\r\nb1r2;keep;no;\r\nb3r4;revoke;1;\"'=1+1\"\r\n;;;\r\nb5r6\r\n",
            "id\tdecision\tcascade\tcomment\nb1r2\tkeep\t\t\nb3r4\trevoke\tyes\t'=1+1\nb5r6\t\t\t\n",
        ] {
            let lines = |text: &str| -> Vec<String> {
                text.lines().map(|line| line.split_once(':').unwrap().1.to_owned()).collect()
            };
            assert_eq!(lines(&shown(other)), lines(&plain), "{other}");
        }
    }

    #[test]
    fn every_mistake_has_its_row_and_column() {
        for (text, expected) in [
            ("", "the table is empty"),
            ("decision\nkeep\n", "1:1 the column `id` is missing"),
            ("id\nb1r1\n", "1:1 the column `decision` is missing"),
            ("id,decision,id\n", "1:13 duplicate column `id`"),
            ("id,decision\n12,keep\n", "2:1 `12` is not the id of a row"),
            ("id,decision\nb1r2r3,keep\nb-1r2,keep\nb1r,keep\n", "4:1 `b1r` is not the id of a row"),
            ("id,decision\nb1r2,kep\n", "2:6 unknown decision `kep`"),
            ("id,decision,cascade\nb1r2,keep,yes\n", "2:11 `cascade` has no effect here"),
            ("id,decision,cascade\nb1r2,revoke,maybe\n", "2:13 invalid value `maybe`"),
            ("id,decision\nb1r2,keep,x\n", "2:11 the row has 3 cells, but the header has 2"),
        ] {
            assert!(shown(text).contains(expected), "{text}: {}", shown(text));
        }
    }

    #[test]
    fn cells_that_a_spreadsheet_would_run_are_inert_and_read_back() {
        for text in ["=1", "+1", "-x", "@a", "\tx", "\rx", "plain", "'quoted", ""] {
            assert_eq!(original(&inert(text)), text);
            assert!(!inert(text).starts_with(RUN));
        }
    }
}
