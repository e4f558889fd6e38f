//! Writes an export as YAML: short values in one line, long ones as blocks. A scalar is quoted if YAML might read it as
//! another type.

use std::io::Write;

use serde::Serialize;
use serde_json::{Map, Value};
use serde_saphyr::{FlowMap, FlowSeq};

use super::{ExportError, Exporter, SECTIONS};
use crate::model::escape::{replace_placeholders, text_with_placeholders, with_placeholders};
use crate::model::{Kind, Resource};
use crate::ops::share::OrphanSearch;
use crate::policy::Facts;

/// The maximum length of a line that holds a whole mapping or list, in characters.
const MAX_LINE_CHARS: usize = 100;

/// Writes the whole export.
pub(super) fn write<F: Facts>(export: &Exporter<'_, F>, out: &mut dyn Write) -> Result<(), ExportError> {
    let mut writer = YamlWriter { out };
    writer.out.write_all(b"version: 1\n")?;
    if let Some(set) = &export.set {
        writer.entry(0, "name", &Value::String(set.clone()))?;
    }
    if let Some(server) = export.server()? {
        writer.gap()?;
        writer.entry(0, "server", &server)?;
    }
    for (section, kind) in SECTIONS {
        let resources = export.resources(kind, None)?;
        if resources.is_empty() {
            continue;
        }
        writer.gap()?;
        writer.line(0, &format!("{section}:"))?;
        for resource in &resources {
            match kind {
                Kind::Account => writer.entry(1, &resource.name, &Value::Object(export.account(resource)?))?,
                Kind::Endpoint => endpoint(export, resource, &mut writer)?,
                Kind::Org => writer.entry(1, &resource.name, &export.org(resource)?)?,
                _ => writer.entry(1, &resource.name, &export.group(resource)?)?,
            }
        }
    }
    Ok(())
}

/// Writes an endpoint. Its content and shares can be most of the store, so they are written one by one.
fn endpoint<F: Facts>(
    export: &Exporter<'_, F>,
    resource: &Resource,
    writer: &mut YamlWriter<'_>,
) -> Result<(), ExportError> {
    let alone = export.endpoint_alone(resource)?;
    writer.line(1, &format!("{}:", key(&resource.name)?))?;
    for (name, value) in &alone {
        writer.entry(2, name, value)?;
    }
    let mut begun = false;
    let mut search = OrphanSearch::default();
    export.each_item(resource, &mut |(path, item)| {
        if let Some(entry) = export.item(item)? {
            if !begun {
                writer.line(2, "content:")?;
                begun = true;
            }
            writer.entry(3, path, &Value::Object(entry))?;
        }
        Ok(search.add_item(export.facts, item.id, export.at)?)
    })?;
    let orphans = export.orphans(search)?;
    let mut begun = false;
    export.each_item(resource, &mut |(path, item)| {
        let entries = export.shares_entry(item.id, &orphans)?;
        if entries.is_empty() {
            return Ok(());
        }
        if !begun {
            writer.line(2, "shares:")?;
            begun = true;
        }
        writer.entry(3, path, &Value::Object(entries))
    })
}

struct YamlWriter<'o> {
    out: &'o mut dyn Write,
}

impl YamlWriter<'_> {
    fn gap(&mut self) -> Result<(), ExportError> {
        Ok(self.out.write_all(b"\n")?)
    }

    fn line(&mut self, depth: usize, text: &str) -> Result<(), ExportError> {
        Ok(writeln!(self.out, "{:width$}{text}", "", width = depth * 2)?)
    }

    /// Writes a key with its value, in one line if it fits.
    fn entry(&mut self, depth: usize, name: &str, value: &Value) -> Result<(), ExportError> {
        let name = key(name)?;
        let flow = flow(value)?;
        let fits = depth * 2 + name.chars().count() + flow.chars().count() + 2 <= MAX_LINE_CHARS;
        if name.len() > MAX_KEY_BYTES {
            self.line(depth, &format!("? {name}"))?;
            return self.line(depth, &format!(": {flow}"));
        }
        match value {
            Value::Object(entries) if !entries.is_empty() && (!fits || is_deep(entries)) => {
                self.line(depth, &format!("{name}:"))?;
                for (name, value) in entries {
                    self.entry(depth + 1, name, value)?;
                }
                Ok(())
            }
            Value::Array(items) if !fits => {
                self.line(depth, &format!("{name}:"))?;
                items.iter().try_for_each(|item| self.line(depth + 1, &format!("- {}", self::flow(item)?)))
            }
            _ => self.line(depth, &format!("{name}: {flow}")),
        }
    }
}

/// Whether a mapping has several entries and a non-empty mapping among its values, which is hard to read in one line.
fn is_deep(entries: &Map<String, Value>) -> bool {
    entries.values().any(|value| value.as_object().is_some_and(|inner| !inner.is_empty() && entries.len() > 1))
}

fn text<T: Serialize>(value: &T) -> Result<String, ExportError> {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    let text = serde_saphyr::to_string_with_options(value, options).map_err(std::io::Error::other)?;
    Ok(text.trim_end_matches('\n').to_owned())
}

/// A value in flow style, for one line.
fn flow(value: &Value) -> Result<String, ExportError> {
    match value {
        Value::Object(entries) if entries.is_empty() => Ok("{}".to_owned()),
        Value::Array(items) if items.is_empty() => Ok("[]".to_owned()),
        _ => match with_placeholders(value) {
            Some(marked) => Ok(replace_placeholders(&in_a_line(&marked)?)),
            None => in_a_line(value),
        },
    }
}

fn in_a_line(value: &Value) -> Result<String, ExportError> {
    match value {
        Value::Object(entries) => text(&FlowMap(entries)),
        Value::Array(items) => text(&FlowSeq(items)),
        scalar => text(scalar),
    }
}

/// A longer key, in bytes, gets a line of its own, because YAML looks for the colon within 1,024 characters.
const MAX_KEY_BYTES: usize = 1000;

/// A key as YAML text. Most keys are plain names or paths and skip the library.
fn key(name: &str) -> Result<String, ExportError> {
    if name.len() > MAX_KEY_BYTES {
        // A JSON string is valid YAML, also with the placeholders in it.
        let marked = text_with_placeholders(name);
        let text = serde_json::to_string(marked.as_deref().unwrap_or(name)).map_err(std::io::Error::from)?;
        return Ok(if marked.is_some() { replace_placeholders(&text.replace('\u{ffff}', "\\uFFFF")) } else { text });
    }
    let inner =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.' | b'/');
    let plain = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '/')
        && name.bytes().all(inner)
        && !matches!(name, "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n" | "nan" | "inf");
    if plain {
        return Ok(name.to_owned());
    }
    any_key(name)
}

/// A key as the library writes it.
fn any_key(name: &str) -> Result<String, ExportError> {
    let marked = text_with_placeholders(name);
    let name = marked.as_deref().unwrap_or(name);
    let line = text(&std::iter::once((name, 0)).collect::<std::collections::BTreeMap<_, _>>())?;
    let line = if marked.is_some() { replace_placeholders(&line) } else { line };
    Ok(line.strip_suffix(": 0").unwrap_or(&line).to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{any_key, key};

    fn assert_same(name: &str) {
        assert_eq!(key(name).ok(), any_key(name).ok(), "{name}");
    }

    #[test]
    fn words_that_yaml_reads_as_other_types_are_quoted() {
        for name in [
            "", "true", "null", "no", "y", "off", "-", "--", "1e3", "0x1", ".inf", "~", "nan", "inf", "e1", "/", "a-",
            "a.",
        ] {
            assert_same(name);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn plain_keys_are_written_as_the_library_writes_them(name in "[a-z/][a-z0-9._/-]{0,6}|[a-z]{1,5}") {
            assert_same(&name);
        }
    }
}
