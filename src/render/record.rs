//! Writes one record for people, with one field on each line.

use std::io::{self, Write};

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::streamed_field::Elements;
use super::{RenderError, Row, plain};
use crate::model::escape::escape_hidden;

pub(super) fn write(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    let Value::Object(fields) = value else { return writeln!(out, "{}", escape_hidden(&plain(value))) };
    let width = width(fields);
    fields.iter().try_for_each(|(name, value)| field(out, width, name, value))
}

/// As [`write`], with one field that is a streamed list of objects.
///
/// # Errors
/// When the stream fails, or the error of the list's producer.
pub(super) fn parted(
    out: &mut dyn Write,
    (row, list): (&Row, &str),
    elements: Elements<'_>,
) -> Result<(), RenderError> {
    let width = width(row);
    let mut elements = Some(elements);
    for (name, value) in row {
        let Some(elements) = elements.take_if(|_| name == list) else {
            field(out, width, name, value)?;
            continue;
        };
        let mut is_any = false;
        elements(&mut |element| {
            if !is_any {
                writeln!(out, "{name}:")?;
            }
            is_any = true;
            Ok(item(out, &element)?)
        })?;
        if !is_any {
            field(out, width, name, &Value::Array(Vec::new()))?;
        }
    }
    Ok(())
}

/// The width of the column of names.
fn width(fields: &Row) -> usize {
    fields.keys().map(|name| name.width()).max().unwrap_or(0) + 2
}

fn field(out: &mut dyn Write, width: usize, name: &str, value: &Value) -> io::Result<()> {
    match value {
        Value::Array(items) if items.iter().any(Value::is_object) => {
            writeln!(out, "{name}:")?;
            items.iter().try_for_each(|it| item(out, it))
        }
        Value::Object(inner) if !inner.is_empty() => {
            writeln!(out, "{name}:")?;
            let width = inner.keys().map(|name| name.width()).max().unwrap_or(0) + 2;
            for (name, value) in inner {
                writeln!(out, "  {:width$}{}", format!("{}:", escape_hidden(name)), escape_hidden(&plain(value)))?;
            }
            Ok(())
        }
        Value::Array(items) if items.is_empty() => writeln!(out, "{:width$}none", format!("{name}:")),
        other => {
            let line = format!("{:width$}{}", format!("{name}:"), escape_hidden(&plain(other)));
            writeln!(out, "{}", line.trim_end())
        }
    }
}

fn item(out: &mut dyn Write, item: &Value) -> io::Result<()> {
    writeln!(out, "  {}", escape_hidden(&plain(&without_nulls(item))))
}

/// An object without its null fields, for one line.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        other => other.clone(),
    }
}
