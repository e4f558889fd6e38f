//! Writes YAML in pieces that together equal the document written at once.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::streamed_field::Elements;
use super::{RenderError, Row};
use crate::model::escape::{replace_placeholders, with_placeholders};

/// Writes a value as a document.
///
/// # Errors
/// When the stream fails.
pub(super) fn document(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    out.write_all(text(value)?.as_bytes())
}

/// Writes a row as an element of the list that makes up the document.
///
/// # Errors
/// When the stream fails.
pub(super) fn element(out: &mut dyn Write, row: Value) -> io::Result<()> {
    document(out, &Value::Array(vec![row]))
}

/// Writes a row with a streamed list, as the document or as an element of the list that makes up the document.
///
/// # Errors
/// When the stream fails, or the error of the list's producer.
pub(super) fn parted(
    out: &mut dyn Write,
    (row, field): (&Row, &str),
    elements: Elements<'_>,
    is_element: bool,
) -> Result<(), RenderError> {
    let mut elements = Some(elements);
    for (index, (name, value)) in row.iter().enumerate() {
        let put = |out: &mut dyn Write, value: Value, is_further: bool| {
            let value = Value::Object(Map::from_iter([(name.clone(), value)]));
            let value = if is_element { Value::Array(vec![value]) } else { value };
            let text = text(&value)?;
            // The name of a list comes before its first element only.
            let lines = text.split_inclusive('\n').skip(usize::from(is_further));
            for (number, line) in lines.enumerate() {
                let is_first = number == 0 && !is_further;
                match line.strip_prefix("- ").filter(|_| is_element && is_first && index > 0) {
                    Some(rest) => write!(out, "  {rest}")?,
                    None => out.write_all(line.as_bytes())?,
                }
            }
            Ok::<(), io::Error>(())
        };
        let Some(elements) = elements.take_if(|_| name == field) else {
            put(out, value.clone(), false)?;
            continue;
        };
        let mut is_any = false;
        elements(&mut |element| {
            put(out, Value::Array(vec![element]), is_any)?;
            is_any = true;
            Ok(())
        })?;
        if !is_any {
            put(out, Value::Array(Vec::new()), false)?;
        }
    }
    Ok(())
}

fn text(value: &Value) -> io::Result<String> {
    // Block scalars are off, so a line end in a text is an escape and does not begin a line.
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    let marked = with_placeholders(value);
    let text =
        serde_saphyr::to_string_with_options(marked.as_ref().unwrap_or(value), options).map_err(io::Error::other)?;
    let mut text = if marked.is_some() { replace_placeholders(&text) } else { text };
    text.truncate(text.trim_end().len());
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows() -> Vec<Value> {
        vec![
            json!({"a": "x", "list": [{"k": 1, "deep": {"l": [], "m": [1, {"n": null}]}}, "- y", []], "z": {}}),
            json!({"list": [], "a": "two\nlines", "b": ["p: q", "\u{200b}", ""]}),
            json!({"a": {"list": [1]}, "list": [[1, 2], {"list": ["#"]}]}),
            json!({"list": ["a"]}),
            json!({"list": []}),
        ]
    }

    #[test]
    fn elements_written_one_by_one_equal_the_whole_document() {
        let (mut whole, mut pieces) = (Vec::new(), Vec::new());
        document(&mut whole, &Value::Array(rows())).unwrap();
        for row in rows() {
            element(&mut pieces, row).unwrap();
        }
        assert_eq!(String::from_utf8(pieces).unwrap(), String::from_utf8(whole).unwrap());
    }

    #[test]
    fn a_streamed_list_is_written_like_a_list_in_memory() {
        for row in rows() {
            let fields = row.as_object().unwrap().clone();
            let list = fields["list"].as_array().unwrap().clone();
            for is_element in [false, true] {
                let (mut whole, mut pieces) = (Vec::new(), Vec::new());
                let value = if is_element { json!([row]) } else { row.clone() };
                document(&mut whole, &value).unwrap();
                parted(
                    &mut pieces,
                    (&fields, "list"),
                    &mut |push| list.iter().cloned().try_for_each(&mut *push),
                    is_element,
                )
                .unwrap();
                assert_eq!(String::from_utf8(pieces).unwrap(), String::from_utf8(whole).unwrap());
            }
        }
    }
}
