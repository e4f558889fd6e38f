//! Comma- and tab-separated values.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::model::visible::{to_cell, to_cell_but};

/// How one such format separates and protects its values.
#[derive(Clone, Copy)]
pub(super) struct Style {
    separator: &'static [u8],
    end: &'static [u8],
    protect: fn(&str) -> Cow<'_, str>,
}

/// RFC 4180, with plain line feeds; what is hidden in values escaped.
pub(super) const CSV: Style = Style { separator: b",", end: b"\n", protect: quote };
/// One tab between values, and a backslash before what would end one: tabs, line ends, backslashes, and a quote
/// at the beginning, which spreadsheets would take for one of theirs; what else is hidden is escaped as in CSV
/// first. Read back by [`input::table`](crate::input::table).
pub(super) const TSV: Style = Style { separator: b"\t", end: b"\n", protect: escape };

pub(super) fn line<'a>(out: &mut dyn Write, cells: impl Iterator<Item = Cow<'a, str>>, style: Style) -> io::Result<()> {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            out.write_all(style.separator)?;
        }
        out.write_all((style.protect)(&cell).as_bytes())?;
    }
    out.write_all(style.end)
}

fn quote(cell: &str) -> Cow<'_, str> {
    let cell = to_cell(cell);
    if cell.contains([',', '"']) { Cow::Owned(format!("\"{}\"", cell.replace('"', "\"\""))) } else { cell }
}

fn escape(cell: &str) -> Cow<'_, str> {
    let cell = to_cell_but(cell, &['\t', '\n', '\r']);
    if cell.contains(['\t', '\n', '\r', '\\']) || cell.starts_with('"') {
        let quote = if cell.starts_with('"') { "\\" } else { "" };
        let cell = cell.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r");
        Cow::Owned(format!("{quote}{cell}"))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_values_are_protected() {
        assert_eq!(quote("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(escape("a\tb\\n\n\u{1b}"), "a\\tb\\\\n\\n\\\\u{1b}");
        assert_eq!(escape("\"a\" b"), "\\\"a\" b");
        assert_eq!(quote("a\n\u{1b}\\n"), "a\\u{a}\\u{1b}\\n");
        assert_eq!(quote("plain"), "plain");
    }
}
