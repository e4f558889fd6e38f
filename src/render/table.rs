//! Aligned columns without borders, cut to the terminal's width on a terminal only.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Map, Value};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Dress, Text, Tone, plain};
use crate::model::visible::visible;

/// Beyond so many rows the library's layout costs more than the reading: 170 ms and 150 MB at
/// 100,000 rows, a fifth of that in plain columns.
const LAID_OUT: usize = 2_000;

pub(super) fn write(
    out: &mut dyn Write,
    names: &[String],
    rows: &[Map<String, Value>],
    dress: &Dress,
) -> io::Result<()> {
    if rows.is_empty() && dress.no_headers {
        return Ok(());
    }
    let header: Vec<String> = names.iter().map(|name| name.to_uppercase()).collect();
    let cells = rows.iter().map(|row| {
        names
            .iter()
            .map(|name| row.get(name).map(|value| visible(&plain(value)).into_owned()).unwrap_or_default())
            .collect::<Vec<_>>()
    });
    if rows.len() <= LAID_OUT {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        if !dress.no_headers {
            table.set_header(&header);
        }
        table.add_rows(cells);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        for (place, line) in table.lines().enumerate() {
            put(out, &line, place == 0 && !dress.no_headers, dress)?;
        }
        return Ok(());
    }
    let cells: Vec<Vec<String>> = cells.collect();
    let mut widths: Vec<usize> = header.iter().map(|name| if dress.no_headers { 0 } else { name.width() }).collect();
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    if !dress.no_headers {
        put(out, &aligned(&header, &widths), true, dress)?;
    }
    for row in &cells {
        put(out, &aligned(row, &widths), false, dress)?;
    }
    Ok(())
}

fn aligned(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + 2));
    }
    line
}

fn put(out: &mut dyn Write, line: &str, is_header: bool, dress: &Dress) -> io::Result<()> {
    let line = line.trim_end();
    let line = dress.width.map_or_else(|| line.to_owned(), |width| cut(line, width));
    let mut text = Text::new(dress.colour);
    if is_header {
        text.toned(Tone::Bold, &line);
    } else {
        text.part(&line);
    }
    text.end();
    text.write(out)
}

/// The beginning of a line that fits a width, with an ellipsis where it was cut.
fn cut(line: &str, width: usize) -> String {
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

    fn rows(count: usize) -> Vec<Map<String, Value>> {
        (0..count)
            .map(|n| {
                Map::from_iter([("a".to_owned(), Value::from(format!("x{n}"))), ("b".to_owned(), Value::from("y"))])
            })
            .collect()
    }

    #[test]
    fn both_ways_of_laying_out_look_alike() {
        let dress = Dress::default();
        let mut few = Vec::new();
        write(&mut few, &["a".to_owned(), "b".to_owned()], &rows(LAID_OUT), &dress).unwrap();
        let mut many = Vec::new();
        write(&mut many, &["a".to_owned(), "b".to_owned()], &rows(LAID_OUT + 1), &dress).unwrap();
        let few = String::from_utf8(few).unwrap();
        let many = String::from_utf8(many).unwrap();
        assert_eq!(few.lines().take(50).collect::<Vec<_>>(), many.lines().take(50).collect::<Vec<_>>());
        assert_eq!(few.lines().next(), Some("A      B"));
    }

    #[test]
    fn a_line_is_cut_to_the_width() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("日本語", 4), "日…");
    }
}
