//! A value of which one part is written as it comes: a list that may be too long to be held.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};

use serde::ser::{Error, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Dress, Format, RenderError, Row, json, value};

/// Takes the elements of a list, one after the other.
pub type PushElement<'p> = &'p mut dyn FnMut(Value) -> Result<(), RenderError>;

/// Tells of the elements of a list.
pub type Elements<'e> = &'e mut dyn FnMut(PushElement<'_>) -> Result<(), RenderError>;

/// A row with one field whose value is a list that is written as it comes. Where that field stands among the others
/// the row says: what it holds there is not written.
pub(super) struct Parted<'r, 'e> {
    row: &'r Row,
    field: &'r str,
    elements: RefCell<Option<Elements<'e>>>,
    /// What went wrong while elements were told: writers of JSON know their own errors only.
    failed: Cell<Option<RenderError>>,
}

impl<'r, 'e> Parted<'r, 'e> {
    /// Of a row, with the field and what stands in it.
    pub(super) fn new(row: &'r Row, field: &'r str, elements: Elements<'e>) -> Parted<'r, 'e> {
        Parted { row, field, elements: RefCell::new(Some(elements)), failed: Cell::new(None) }
    }

    /// Writes it in a format for programs on one line, or over several where it is pretty.
    ///
    /// # Errors
    /// When the stream fails, or what telling of the elements answers.
    pub(super) fn write(&self, out: &mut dyn Write, is_pretty: bool) -> Result<(), RenderError> {
        let written = if is_pretty { json::write_pretty(out, self) } else { json::write(out, self) };
        match (written, self.failed.take()) {
            (_, Some(failed)) => Err(failed),
            (written, None) => Ok(written?),
        }
    }
}

impl Serialize for Parted<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.row {
            if name == self.field { map.serialize_entry(name, &List(self))? } else { map.serialize_entry(name, value)? }
        }
        map.end()
    }
}

struct List<'l, 'r, 'e>(&'l Parted<'r, 'e>);

impl Serialize for List<'_, '_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut stopped = None;
        // It is told once: a second time nothing would come.
        if let Some(elements) = self.0.elements.borrow_mut().take() {
            let told = elements(&mut |element| match list.serialize_element(&element) {
                Ok(()) => Ok(()),
                Err(error) => {
                    let text = error.to_string();
                    stopped = Some(error);
                    Err(RenderError::Io(io::Error::other(text)))
                }
            });
            if let (Err(error), None) = (told, &stopped) {
                self.0.failed.set(Some(error));
                return Err(S::Error::custom("the list cannot be told"));
            }
        }
        match stopped {
            Some(error) => Err(error),
            None => list.end(),
        }
    }
}

/// Writes one thing of which one field is a list that is told as it comes: of formats that can be written so, none of
/// it is held.
///
/// # Errors
/// When the stream fails, or what telling of the elements answers.
pub fn parted(
    out: &mut dyn Write,
    row: &Row,
    field: &str,
    elements: Elements<'_>,
    dress: &Dress,
) -> Result<(), RenderError> {
    if !dress.format.is_json() {
        let whole = whole(row, field, elements)?;
        return value(out, &Value::Object(whole), dress);
    }
    Parted::new(row, field, elements).write(out, dress.format == Format::Json)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// The row with the list in it.
pub(super) fn whole(row: &Row, field: &str, elements: Elements<'_>) -> Result<Row, RenderError> {
    let mut list = Vec::new();
    elements(&mut |element| {
        list.push(element);
        Ok(())
    })?;
    let mut whole = row.clone();
    if let Some(value) = whole.get_mut(field) {
        *value = Value::Array(list);
    }
    Ok(whole)
}
