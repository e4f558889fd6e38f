//! Writes comma-separated and tab-separated values.

use std::borrow::Cow;
use std::io::{self, Write};

use super::RenderError;
use crate::model::escape::{escape_cell, escape_cell_except};

/// How a format separates and protects its values.
#[derive(Clone, Copy)]
pub(super) struct Dialect {
    separator: &'static [u8],
    end: &'static [u8],
    protect: fn(&str) -> Cow<'_, str>,
    long: Long,
}

/// How a format protects a value that is too long to be held.
#[derive(Clone, Copy)]
struct Long {
    /// The quote before and after the value.
    quote: &'static [u8],
    protect: fn(&str) -> Cow<'_, str>,
}

/// How many bytes of a value in pieces are held to see whether it needs quotes.
const HELD: usize = 64 << 10;

/// RFC 4180 with plain line feeds. Hidden characters in values are escaped.
pub(super) const CSV: Dialect = Dialect { separator: b",", end: b"\n", protect: quote, long: QUOTED };
/// One tab between values. A backslash escapes tabs, line ends and backslashes, and a quote at the beginning, which
/// spreadsheets would interpret. Other hidden characters are escaped as in CSV first.
/// [`input::table`](crate::input::table) reads this format back.
pub(super) const TSV: Dialect = Dialect { separator: b"\t", end: b"\n", protect: escape, long: ESCAPED };

const QUOTED: Long = Long { quote: b"\"", protect: double };
const ESCAPED: Long = Long { quote: b"", protect: escape_inner };

pub(super) fn line<'a>(
    out: &mut dyn Write,
    cells: impl Iterator<Item = Cow<'a, str>>,
    dialect: Dialect,
) -> io::Result<()> {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.write_all(dialect.separator)?;
        }
        out.write_all((dialect.protect)(&cell).as_bytes())?;
    }
    out.write_all(dialect.end)
}

/// Calls its argument with each piece of a value.
pub(super) type Pieces<'p> = &'p mut dyn FnMut(&mut dyn FnMut(&str) -> io::Result<()>) -> Result<(), RenderError>;

/// Writes a line in which one value comes in pieces. No piece ends within an escape.
///
/// # Errors
/// When the stream fails, or the error of `pieces`.
pub(super) fn line_in_pieces<'a>(
    out: &mut dyn Write,
    (before, after): (impl Iterator<Item = Cow<'a, str>>, impl Iterator<Item = Cow<'a, str>>),
    pieces: Pieces<'_>,
    dialect: Dialect,
) -> Result<(), RenderError> {
    for cell in before {
        out.write_all((dialect.protect)(&cell).as_bytes())?;
        out.write_all(dialect.separator)?;
    }
    let (mut held, mut is_long) = (String::new(), false);
    pieces(&mut |piece| {
        if is_long {
            return out.write_all((dialect.long.protect)(piece).as_bytes());
        }
        held.push_str(piece);
        if held.len() > HELD {
            // To know whether the value needs quotes, all of it would have to be held. Needless quotes do no harm.
            is_long = true;
            out.write_all(dialect.long.quote)?;
            let begun = if dialect.long.quote.is_empty() { dialect.protect } else { dialect.long.protect };
            out.write_all(begun(&std::mem::take(&mut held)).as_bytes())?;
        }
        Ok(())
    })?;
    if is_long {
        out.write_all(dialect.long.quote)?;
    } else {
        out.write_all((dialect.protect)(&held).as_bytes())?;
    }
    for cell in after {
        out.write_all(dialect.separator)?;
        out.write_all((dialect.protect)(&cell).as_bytes())?;
    }
    Ok(out.write_all(dialect.end)?)
}

fn quote(cell: &str) -> Cow<'_, str> {
    let cell = escape_cell(cell);
    if cell.contains([',', '"']) { Cow::Owned(format!("\"{}\"", cell.replace('"', "\"\""))) } else { cell }
}

/// Escapes a text that is written between quotes.
fn double(cell: &str) -> Cow<'_, str> {
    let cell = escape_cell(cell);
    if cell.contains('"') { Cow::Owned(cell.replace('"', "\"\"")) } else { cell }
}

fn escape(cell: &str) -> Cow<'_, str> {
    let escaped = escape_inner(cell);
    if escaped.starts_with('"') { Cow::Owned(format!("\\{escaped}")) } else { escaped }
}

/// Escapes a text that does not begin a cell.
fn escape_inner(cell: &str) -> Cow<'_, str> {
    let cell = escape_cell_except(cell, &['\t', '\n', '\r']);
    if cell.contains(['\t', '\n', '\r', '\\']) {
        Cow::Owned(cell.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r"))
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
