//! One thing for people: its fields one below the other.

use std::io::{self, Write};

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::{Dress, plain};
use crate::model::visible::visible;

pub(super) fn write(out: &mut dyn Write, value: &Value, _: &Dress) -> io::Result<()> {
    let Value::Object(fields) = value else { return writeln!(out, "{}", visible(&plain(value))) };
    let width = fields.keys().map(|name| name.width()).max().unwrap_or(0) + 2;
    for (name, value) in fields {
        match value {
            Value::Array(items) if items.iter().any(Value::is_object) => {
                writeln!(out, "{name}:")?;
                for item in items {
                    writeln!(out, "  {}", visible(&plain(&without_nulls(item))))?;
                }
            }
            Value::Object(inner) if !inner.is_empty() => {
                writeln!(out, "{name}:")?;
                let width = inner.keys().map(|name| name.width()).max().unwrap_or(0) + 2;
                for (name, value) in inner {
                    writeln!(out, "  {:width$}{}", format!("{}:", visible(name)), visible(&plain(value)))?;
                }
            }
            Value::Array(items) if items.is_empty() => writeln!(out, "{:width$}none", format!("{name}:"))?,
            other => {
                let line = format!("{:width$}{}", format!("{name}:"), visible(&plain(other)));
                writeln!(out, "{}", line.trim_end())?;
            }
        }
    }
    Ok(())
}

/// What there is of an object, for one line of it.
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
