//! Writes JSON whose strings hold nothing that a terminal would act on.
//!
//! JSON escapes the control characters of ASCII. This module escapes all other hidden characters in the same way, so
//! the value that a program reads back is the same.

use std::fmt::Write as _;
use std::io::{self, BufWriter, IntoInnerError, Write};

use serde::Serialize;

use crate::model::escape::is_hidden;

/// A writer that escapes hidden characters in JSON. They occur only in strings, except for line ends between values.
pub struct EscapingWriter<'o>(&'o mut dyn Write);

impl<'o> EscapingWriter<'o> {
    /// A writer to `out`.
    pub fn new(out: &'o mut dyn Write) -> EscapingWriter<'o> {
        EscapingWriter(out)
    }
}

impl Write for EscapingWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Callers never split a character between two writes.
        let text = match is_ascii_but_del(bytes) {
            true => None,
            false => std::str::from_utf8(bytes).ok().filter(|text| text.contains(is_beyond_json)),
        };
        let Some(text) = text else { return self.0.write_all(bytes) };
        let mut out = String::with_capacity(text.len() + 8);
        for character in text.chars() {
            if is_beyond_json(character) {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            } else {
                out.push(character);
            }
        }
        self.0.write_all(out.as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Whether nothing is left to escape. Without an early exit the loop compares many bytes at once.
fn is_ascii_but_del(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, byte| all & (*byte < 0x7f))
}

/// Whether a character is hidden and JSON does not escape it.
fn is_beyond_json(character: char) -> bool {
    character >= '\u{7f}' && is_hidden(character)
}

/// The number of bytes that are examined and written at once.
const GATHERED: usize = 1024;

/// Gathers small pieces into larger writes. No piece is split.
fn gathered(
    out: &mut dyn Write,
    write: impl FnOnce(&mut BufWriter<EscapingWriter<'_>>) -> serde_json::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(GATHERED, EscapingWriter(out));
    write(&mut out)?;
    out.into_inner().map_err(IntoInnerError::into_error)?;
    Ok(())
}

/// Writes a value on one line, without a line end.
///
/// # Errors
/// When the stream fails.
pub fn write<T: Serialize + ?Sized>(out: &mut dyn Write, value: &T) -> io::Result<()> {
    gathered(out, |out| serde_json::to_writer(out, value))
}

/// Writes a value indented, on several lines.
///
/// # Errors
/// When the stream fails.
pub fn write_pretty<T: Serialize + ?Sized>(out: &mut dyn Write, value: &T) -> io::Result<()> {
    gathered(out, |out| serde_json::to_writer_pretty(out, value))
}

/// A value as JSON on one line.
pub fn text<T: Serialize + ?Sized>(value: &T) -> String {
    let mut out = Vec::new();
    // Writing to a vector does not fail.
    let _ = write(&mut out, value);
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_escaped_at_any_length() {
        let odd = "ü\u{200b}日\u{e0041}\u{7f}x";
        let texts: Vec<String> = (0..600).map(|length| odd.repeat(length % 7) + &"y".repeat(length % 5)).collect();
        let shown = text(&texts);
        assert!(shown.len() > 4 * GATHERED && !shown.contains(is_hidden));
        assert_eq!(shown, format!("[{}]", texts.iter().map(text).collect::<Vec<_>>().join(",")));
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), texts);
    }

    #[test]
    fn escaped_characters_read_back() {
        let odd = "a\u{1b}\n\u{7f}\u{9b}\u{200b}\u{2028}\u{e0041}ü日";
        assert_eq!(text(odd), "\"a\\u001b\\n\\u007f\\u009b\\u200b\\u2028\\udb40\\udc41ü日\"");
        assert_eq!(serde_json::from_str::<String>(&text(odd)).unwrap(), odd);
    }
}
