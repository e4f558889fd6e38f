//! Rows of dumps: what stands under a key. Platforms write an id as a text or as a number, and leave out what they like.

use serde_json::Value;

use super::dump::Document;
use super::refusal::Place;

/// A text under a key.
pub(super) fn text<'v>(row: &'v Value, key: &str) -> Option<&'v str> {
    row.get(key).and_then(Value::as_str)
}

/// A text under a key that says something.
pub(super) fn said(row: &Value, key: &str) -> Option<String> {
    text(row, key).filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

/// An id under a key in lower case, since platforms write UUIDs in either.
pub(super) fn id(row: &Value, key: &str) -> Option<String> {
    written_id(row, key).map(|id| id.to_ascii_lowercase())
}

/// An id under a key as the platform writes it, as a text or a number.
pub(super) fn written_id(row: &Value, key: &str) -> Option<String> {
    match row.get(key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The rows of a list under a key, or of a document that is a list itself, with their places.
pub(super) fn rows<'v>(document: &'v Document, key: &str) -> Vec<(&'v Value, Place)> {
    let (list, place) = match &document.value {
        Value::Array(list) => (list.as_slice(), document.place.clone()),
        value => (list(value, key), document.place.at(key)),
    };
    list.iter().enumerate().map(|(index, row)| (row, place.at(index))).collect()
}

/// The list under a key of a document.
pub(super) fn list<'v>(document: &'v Value, key: &str) -> &'v [Value] {
    document.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
