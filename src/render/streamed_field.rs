//! Writes rows in which one field is a streamed list: its elements are written as they are produced, since the list may
//! be too long to be held.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};

use serde::ser::{Error, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{RenderError, Row, json, plain};

/// The maximum number of elements of a streamed list that a cell of a table shows.
const IN_A_CELL: usize = 20;

/// Takes one element of a list at each call.
pub type PushElement<'p> = &'p mut dyn FnMut(Value) -> Result<(), RenderError>;

/// Produces the elements of a list: passes each to its argument.
pub type Elements<'e> = &'e mut dyn FnMut(PushElement<'_>) -> Result<(), RenderError>;

/// A row in which one field is a streamed list. The row has that field for its position; its value there is not
/// written.
pub(super) struct StreamedRow<'r, 'e> {
    row: &'r Row,
    field: &'r str,
    elements: RefCell<Option<Elements<'e>>>,
    /// The error of the producer of elements, since the JSON serializer can pass on only its own errors.
    failed: Cell<Option<RenderError>>,
}

impl<'r, 'e> StreamedRow<'r, 'e> {
    /// A row with the name of the field and the producer of its elements.
    pub(super) fn new(row: &'r Row, field: &'r str, elements: Elements<'e>) -> StreamedRow<'r, 'e> {
        StreamedRow { row, field, elements: RefCell::new(Some(elements)), failed: Cell::new(None) }
    }

    /// Writes the row as JSON: on several lines if `is_pretty`, else on one.
    ///
    /// # Errors
    /// When the stream fails, or the error of the producer.
    pub(super) fn write(&self, out: &mut dyn Write, is_pretty: bool) -> Result<(), RenderError> {
        let written = if is_pretty { json::write_pretty(out, self) } else { json::write(out, self) };
        match (written, self.failed.take()) {
            (_, Some(failed)) => Err(failed),
            (written, None) => Ok(written?),
        }
    }
}

impl Serialize for StreamedRow<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.row {
            if name == self.field { map.serialize_entry(name, &List(self))? } else { map.serialize_entry(name, value)? }
        }
        map.end()
    }
}

struct List<'l, 'r, 'e>(&'l StreamedRow<'r, 'e>);

impl Serialize for List<'_, '_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut stopped = None;
        // The producer can run only once.
        if let Some(elements) = self.0.elements.borrow_mut().take() {
            let produced = elements(&mut |element| match list.serialize_element(&element) {
                Ok(()) => Ok(()),
                Err(error) => {
                    let text = error.to_string();
                    stopped = Some(error);
                    Err(RenderError::Io(io::Error::other(text)))
                }
            });
            if let (Err(error), None) = (produced, &stopped) {
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

/// The elements of a list as a cell of a table shows them: the first ones, and the number of the others.
///
/// # Errors
/// The error of the producer.
pub(super) fn first_of(elements: Elements<'_>) -> Result<Value, RenderError> {
    let (mut first, mut more) = (Vec::new(), 0_u64);
    elements(&mut |element| {
        if first.len() < IN_A_CELL {
            first.push(without_nulls(element))
        } else {
            more += 1
        }
        Ok(())
    })?;
    if more > 0 {
        first.push(Value::String(format!("({more} more)")));
    }
    Ok(Value::Array(first))
}

/// An object without its null fields, for a cell.
fn without_nulls(mut element: Value) -> Value {
    if let Value::Object(fields) = &mut element {
        fields.retain(|_, value| !value.is_null());
    }
    element
}

/// Calls `word` with each element as a word of a cell.
///
/// # Errors
/// The error of the producer.
pub(super) fn words(elements: Elements<'_>, word: &mut dyn FnMut(&str) -> io::Result<()>) -> Result<(), RenderError> {
    let mut is_any = false;
    elements(&mut |element| {
        let text = plain(&without_nulls(element));
        word(&if is_any { format!(" {text}") } else { text })?;
        is_any = true;
        Ok(())
    })
}
