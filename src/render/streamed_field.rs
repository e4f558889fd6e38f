//! A value of which one part is written as it comes: a list that may be too long to be held.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};

use serde::ser::{Error, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Format, OutputOptions, RenderError, Row, json, plain, record, yaml};

/// As many elements of a list that is told as it comes stand in a cell of a table.
const IN_A_CELL: usize = 20;

/// Takes the elements of a list, one after the other.
pub type PushElement<'p> = &'p mut dyn FnMut(Value) -> Result<(), RenderError>;

/// Tells of the elements of a list.
pub type Elements<'e> = &'e mut dyn FnMut(PushElement<'_>) -> Result<(), RenderError>;

/// A row with one field whose value is a list that is written as it comes. Where that field stands among the others
/// the row says: what it holds there is not written.
pub(super) struct StreamedRow<'r, 'e> {
    row: &'r Row,
    field: &'r str,
    elements: RefCell<Option<Elements<'e>>>,
    /// What went wrong while elements were told: writers of JSON know their own errors only.
    failed: Cell<Option<RenderError>>,
}

impl<'r, 'e> StreamedRow<'r, 'e> {
    /// Of a row, with the field and what stands in it.
    pub(super) fn new(row: &'r Row, field: &'r str, elements: Elements<'e>) -> StreamedRow<'r, 'e> {
        StreamedRow { row, field, elements: RefCell::new(Some(elements)), failed: Cell::new(None) }
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

/// Writes one thing of which one field is a list that is told as it comes: none of it is held.
///
/// # Errors
/// When the stream fails, or what telling of the elements answers.
pub fn write_with_list(
    out: &mut dyn Write,
    row: &Row,
    field: &str,
    elements: Elements<'_>,
    options: &OutputOptions,
) -> Result<(), RenderError> {
    match options.format {
        Format::Json | Format::Jsonl => {
            StreamedRow::new(row, field, elements).write(out, options.format == Format::Json)?;
            Ok(out.write_all(b"\n")?)
        }
        Format::Yaml => yaml::parted(out, (row, field), elements, false),
        Format::Table | Format::Csv | Format::Tsv => record::parted(out, (row, field), elements),
    }
}

/// The elements of a list as a cell of a table has them: the first, and how many there are besides.
///
/// # Errors
/// What telling of the elements answers.
pub(super) fn first_of(elements: Elements<'_>) -> Result<Value, RenderError> {
    let (mut first, mut more) = (Vec::new(), 0_u64);
    elements(&mut |element| {
        if first.len() < IN_A_CELL {
            first.push(element)
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

/// Tells of the elements as the words of a cell.
///
/// # Errors
/// What telling of the elements answers.
pub(super) fn words(elements: Elements<'_>, word: &mut dyn FnMut(&str) -> io::Result<()>) -> Result<(), RenderError> {
    let mut is_any = false;
    elements(&mut |element| {
        let text = plain(&element);
        word(&if is_any { format!(" {text}") } else { text })?;
        is_any = true;
        Ok(())
    })
}
