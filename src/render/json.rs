//! JSON whose strings hold nothing that a terminal would act on.
//!
//! JSON escapes the control characters of ASCII. This escapes what else is hidden, in the same way:
//! the value read back is the same.

use std::fmt::Write as _;
use std::io::{self, BufWriter, IntoInnerError, Write};

use serde::Serialize;

use crate::model::escape::is_hidden;

/// Passes JSON on. What is hidden can only stand in its strings, but for the line ends between values.
pub struct EscapingWriter<'o>(&'o mut dyn Write);

impl<'o> EscapingWriter<'o> {
    /// Writes to a stream.
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
        // Whoever writes hands over whole pieces of strings, or many at once.
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

/// Whether JSON has left nothing to escape. Every byte is looked at: without an early end many are compared
/// at once.
fn is_ascii_but_del(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, byte| all & (*byte < 0x7f))
}

/// Whether a character is hidden and JSON would let it stand.
fn is_beyond_json(character: char) -> bool {
    character >= '\u{7f}' && is_hidden(character)
}

/// How many bytes are looked at and passed on at once.
const GATHERED: usize = 1024;

/// Gathers what is written in small pieces, each of them whole.
fn gathered(
    out: &mut dyn Write,
    write: impl FnOnce(&mut BufWriter<EscapingWriter<'_>>) -> serde_json::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(GATHERED, EscapingWriter(out));
    write(&mut out)?;
    out.into_inner().map_err(IntoInnerError::into_error)?;
    Ok(())
}

/// Writes a value on one line, without the line's end.
///
/// # Errors
/// When the stream fails.
pub fn write<T: Serialize + ?Sized>(out: &mut dyn Write, value: &T) -> io::Result<()> {
    gathered(out, |out| serde_json::to_writer(out, value))
}

/// Writes a value on as many lines as it has parts.
///
/// # Errors
/// When the stream fails.
pub fn write_pretty<T: Serialize + ?Sized>(out: &mut dyn Write, value: &T) -> io::Result<()> {
    gathered(out, |out| serde_json::to_writer_pretty(out, value))
}

/// A value on one line.
pub fn text<T: Serialize + ?Sized>(value: &T) -> String {
    let mut out = Vec::new();
    // A vector takes whatever is written.
    let _ = write(&mut out, value);
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_escaped_in_however_many_pieces_it_comes() {
        let odd = "ü\u{200b}日\u{e0041}\u{7f}x";
        let texts: Vec<String> = (0..600).map(|length| odd.repeat(length % 7) + &"y".repeat(length % 5)).collect();
        let shown = text(&texts);
        assert!(shown.len() > 4 * GATHERED && !shown.contains(is_hidden));
        assert_eq!(shown, format!("[{}]", texts.iter().map(text).collect::<Vec<_>>().join(",")));
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), texts);
    }

    #[test]
    fn what_is_hidden_is_escaped_and_reads_back() {
        let odd = "a\u{1b}\n\u{7f}\u{9b}\u{200b}\u{2028}\u{e0041}ü日";
        assert_eq!(text(odd), "\"a\\u001b\\n\\u007f\\u009b\\u200b\\u2028\\udb40\\udc41ü日\"");
        assert_eq!(serde_json::from_str::<String>(&text(odd)).unwrap(), odd);
    }
}
