//! Lines of text for people. No value in a line can end or colour it.

use std::io::{self, Write};

use crate::model::escape::{is_visible, push_escaped};

/// The meaning of a part of a line, which is shown by colour if there is colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// For headers.
    Bold,
    /// For what is allowed or added.
    Good,
    /// For what is denied or removed, and for errors.
    Bad,
    /// For warnings and changes.
    Warn,
}

impl Tone {
    const fn code(self) -> &'static str {
        match self {
            Tone::Bold => "\x1b[1m",
            Tone::Good => "\x1b[32m",
            Tone::Bad => "\x1b[31m",
            Tone::Warn => "\x1b[33m",
        }
    }
}

/// Lines for people. Every text that is added is escaped. Line ends and colours come only from this type, so a name
/// cannot forge a line.
#[derive(Clone, Debug, Default)]
pub struct Text {
    out: String,
    colour: bool,
}

impl Text {
    /// An empty text, with or without colour.
    pub const fn new(colour: bool) -> Text {
        Text { out: String::new(), colour }
    }

    /// One line without colour.
    pub fn of(line: &str) -> Text {
        let mut text = Text::default();
        text.line(line);
        text
    }

    /// Adds a whole line.
    pub fn line(&mut self, text: &str) {
        self.part(text);
        self.end();
    }

    /// Adds to the current line.
    pub fn part(&mut self, text: &str) {
        if is_visible(text) {
            self.out.push_str(text);
        } else {
            text.chars().for_each(|character| push_escaped(&mut self.out, character));
        }
    }

    /// Adds to the current line, in the colour of a meaning.
    pub fn toned(&mut self, tone: Tone, text: &str) {
        if self.colour {
            self.out.push_str(tone.code());
        }
        self.part(text);
        if self.colour {
            self.out.push_str("\x1b[0m");
        }
    }

    /// Ends the current line.
    pub fn end(&mut self) {
        self.out.push('\n');
    }

    /// Adds the lines of another text, indented by `depth` spaces.
    pub fn indented(&mut self, depth: usize, text: &Text) {
        for line in text.out.lines() {
            self.out.extend(std::iter::repeat_n(' ', depth));
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    /// Whether the text is empty.
    pub const fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// The length in bytes.
    pub const fn len(&self) -> usize {
        self.out.len()
    }

    /// Writes the text.
    ///
    /// # Errors
    /// When the stream fails.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.out.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_a_line_cannot_end_or_colour_it() {
        let mut text = Text::new(true);
        text.toned(Tone::Bad, "denied\u{1b}[0m\n");
        text.line(": /x\u{1b}[2J\nrevision 999");
        let mut outer = Text::default();
        outer.indented(2, &text);
        let mut out = Vec::new();
        outer.write(&mut out).unwrap();
        let shown = "  \u{1b}[31mdenied\\u{1b}[0m\\n\u{1b}[0m: /x\\u{1b}[2J\\nrevision 999\n";
        assert_eq!(String::from_utf8(out).unwrap(), shown);
    }
}
