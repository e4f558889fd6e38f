//! One thing for people: its fields one below the other.

use std::io::{self, Write};

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::{Dress, plain};

pub(super) fn write(out: &mut dyn Write, value: &Value, _: &Dress) -> io::Result<()> {
    let Value::Object(fields) = value else { return writeln!(out, "{}", plain(value)) };
    let width = fields.keys().map(|name| name.width()).max().unwrap_or(0) + 2;
    for (name, value) in fields {
        match value {
            Value::Array(items) if items.iter().any(Value::is_object) => {
                writeln!(out, "{name}:")?;
                for item in items {
                    writeln!(out, "  {}", plain(&without_nulls(item)))?;
                }
            }
            Value::Object(inner) if !inner.is_empty() => {
                writeln!(out, "{name}:")?;
                let width = inner.keys().map(|name| name.width()).max().unwrap_or(0) + 2;
                for (name, value) in inner {
                    writeln!(out, "  {:width$}{}", format!("{name}:"), plain(value))?;
                }
            }
            Value::Array(items) if items.is_empty() => writeln!(out, "{:width$}none", format!("{name}:"))?,
            other => writeln!(out, "{}", format!("{:width$}{}", format!("{name}:"), plain(other)).trim_end())?,
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
