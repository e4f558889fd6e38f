//! Writes tables with aligned columns and without borders. Lines are cut to the width of a terminal, and only there.

use std::borrow::Cow;
use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{OutputOptions, Text, Tone};
use crate::model::escape::escape_hidden;

/// The characters between cells and after a row. Cells never contain them, since they are escaped.
const BETWEEN: char = '\t';
const END: char = '\n';

/// The cells of a table, held as one text: the widths of columns are known only after the last row.
#[derive(Default)]
pub(super) struct Cells {
    text: String,
    widths: Vec<usize>,
    /// Whether the header was written with an earlier part of the table.
    has_header: bool,
}

/// The layout of the part of a table that was written: what the next part must know to continue it.
#[derive(Debug, Default)]
pub struct TableLayout {
    widths: Vec<usize>,
    has_header: bool,
}

impl Cells {
    /// Adds a row.
    pub(super) fn push<'c>(&mut self, cells: impl Iterator<Item = Cow<'c, str>>) {
        for (index, cell) in cells.enumerate() {
            let cell = escape_hidden(&cell);
            if index > 0 {
                self.text.push(BETWEEN);
            }
            self.text.push_str(&cell);
            match self.widths.get_mut(index) {
                Some(width) => *width = (*width).max(cell.width()),
                None => self.widths.push(cell.width()),
            }
        }
        self.text.push(END);
    }

    /// The cells of the next part of a table. Its columns are at least as wide as those of the earlier parts.
    pub(super) fn after(layout: TableLayout) -> Cells {
        Cells { text: String::new(), widths: layout.widths, has_header: layout.has_header }
    }

    /// The layout of what [`write`](Cells::write) wrote.
    pub(super) fn layout(self, names: &[String], options: &OutputOptions) -> TableLayout {
        TableLayout { widths: self.widths_with_header(names, options), has_header: true }
    }

    fn widths_with_header(&self, names: &[String], options: &OutputOptions) -> Vec<usize> {
        let of_header = |name: &str| if options.no_headers { 0 } else { name.to_uppercase().width() };
        let widths = self.widths.iter().copied().chain(std::iter::repeat(0));
        names.iter().zip(widths).map(|(name, width)| of_header(name).max(width)).collect()
    }

    /// Writes the table with the names of its columns as a header.
    ///
    /// # Errors
    /// When the stream fails.
    pub(super) fn write(&self, out: &mut dyn Write, names: &[String], options: &OutputOptions) -> io::Result<()> {
        let widths = self.widths_with_header(names, options);
        if !options.no_headers && !self.has_header {
            let header: Vec<String> = names.iter().map(|name| name.to_uppercase()).collect();
            write_line(out, &aligned(header.iter().map(String::as_str), &widths), true, options)?;
        }
        for row in self.text.split_terminator(END) {
            write_line(out, &aligned(row.split(BETWEEN), &widths), false, options)?;
        }
        Ok(())
    }
}

fn aligned<'c>(cells: impl Iterator<Item = &'c str>, widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.zip(widths) {
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + 2));
    }
    line
}

fn write_line(out: &mut dyn Write, line: &str, is_header: bool, options: &OutputOptions) -> io::Result<()> {
    let line = line.trim_end();
    let line = options.width.map_or_else(|| line.to_owned(), |width| truncate(line, width));
    let mut text = Text::new(options.colour);
    if is_header {
        text.toned(Tone::Bold, &line);
    } else {
        text.part(&line);
    }
    text.end();
    text.write(out)
}

/// A line cut to a width, with an ellipsis if it was cut.
fn truncate(line: &str, width: usize) -> String {
    if line.width() <= width {
        return line.to_owned();
    }
    let mut used = 1;
    let mut kept = String::new();
    for character in line.chars() {
        used += character.width().unwrap_or(0);
        if used > width {
            break;
        }
        kept.push(character);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut cells = Cells::default();
        for row in [["a", "日本"], ["", "b\tc\n"], ["long er", ""]] {
            cells.push(row.into_iter().map(Cow::Borrowed));
        }
        let names = ["one".to_owned(), "two".to_owned()];
        let shown = |options: &OutputOptions| {
            let mut out = Vec::new();
            cells.write(&mut out, &names, options).unwrap();
            String::from_utf8(out).unwrap()
        };
        let rows = "a        日本\n         b\\tc\\n\nlong er\n";
        assert_eq!(shown(&OutputOptions::default()), format!("ONE      TWO\n{rows}"));
        assert_eq!(shown(&OutputOptions { no_headers: true, ..OutputOptions::default() }), rows);
    }

    #[test]
    fn a_table_in_parts_has_one_header_and_columns_that_never_narrow() {
        let names = ["one".to_owned(), "two".to_owned()];
        for no_headers in [false, true] {
            let options = OutputOptions { no_headers, ..OutputOptions::default() };
            let mut out = Vec::new();
            let mut layout = TableLayout::default();
            for part in [&[] as &[[&str; 2]], &[["a", "b"]], &[["wider", "c"], ["d", "e"]], &[["f", "g"]]] {
                let mut cells = Cells::after(layout);
                part.iter().for_each(|row| cells.push(row.iter().map(|it| Cow::Borrowed(*it))));
                cells.write(&mut out, &names, &options).unwrap();
                layout = cells.layout(&names, &options);
            }
            let text = String::from_utf8(out).unwrap();
            let first = if no_headers { "a  b\n" } else { "ONE  TWO\na    b\n" };
            assert_eq!(text, format!("{first}wider  c\nd      e\nf      g\n"));
        }
    }

    #[test]
    fn a_line_is_cut_to_the_width() {
        assert_eq!(truncate("abcdef", 4), "abc…");
        assert_eq!(truncate("abc", 3), "abc");
        assert_eq!(truncate("日本語", 4), "日…");
    }
}
