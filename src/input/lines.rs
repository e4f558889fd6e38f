//! The lines of an input: one by one, in bounded memory, whatever they hold.

use std::io::{self, BufRead, BufReader, Read};

use memchr::memchr;

use crate::model::{Problem, ProblemKind};

/// The longest line, in bytes.
const LONGEST: usize = 1 << 20;

/// What cannot be read of a line.
fn malformed(message: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Input, "bad_request", message)
}

/// The lines of an input.
#[derive(Debug)]
pub struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    is_too_long: bool,
    /// The number of the line at hand, from 1.
    pub number: u64,
}

impl<R: Read> Lines<R> {
    /// The lines of a stream.
    pub fn new(input: R) -> Lines<R> {
        Lines { input: BufReader::with_capacity(64 * 1024, input), line: Vec::new(), is_too_long: false, number: 0 }
    }

    /// Reads the next line; false where there is none. Calls `idle` before it waits for input, so that
    /// whoever writes a request and waits for the answer gets it.
    ///
    /// # Errors
    /// When the stream cannot be read, or what `idle` answers.
    pub fn advance<E: From<Problem>>(&mut self, idle: &mut dyn FnMut() -> Result<(), E>) -> Result<bool, E> {
        self.line.clear();
        self.is_too_long = false;
        let mut has_begun = false;
        loop {
            if self.input.buffer().is_empty() {
                idle()?;
            }
            let chunk = match self.input.fill_buf() {
                Ok([]) => break,
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let message =
                        format!("the lines cannot be read beyond line {}: {}", self.number, super::faults::io(&error));
                    return Err(Problem::new(ProblemKind::Input, "unreadable", message).into());
                }
            };
            has_begun = true;
            let end = memchr(b'\n', chunk);
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            // One more for the `\r` of a line as long as allowed.
            let room = (LONGEST + 1).saturating_sub(self.line.len());
            self.line.extend_from_slice(part.get(..room).unwrap_or(part));
            self.is_too_long |= part.len() > room;
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                break;
            }
        }
        self.number += u64::from(has_begun);
        Ok(has_begun)
    }

    /// The line at hand without its end, and on the first without a mark of the byte order.
    fn bytes(&self) -> &[u8] {
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        if self.number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line }
    }

    /// Whether the line is, or was to be, an object.
    pub fn is_object(&self) -> bool {
        self.bytes().trim_ascii_start().starts_with(b"{")
    }

    /// The line as text.
    ///
    /// # Errors
    /// For one that is too long, holds a NUL or is not UTF-8.
    pub fn text(&self) -> Result<&str, Problem> {
        let line = self.bytes();
        if self.is_too_long || line.len() > LONGEST {
            return Err(malformed(format!("the line is longer than {LONGEST} bytes")));
        }
        if let Some(place) = memchr(0, line) {
            return Err(malformed(format!("byte {} of the line is a NUL", place + 1)));
        }
        std::str::from_utf8(line)
            .map_err(|error| malformed(format!("byte {} of the line is not UTF-8", error.valid_up_to() + 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> Vec<Result<String, String>> {
        let mut lines = Lines::new(input);
        let mut found = Vec::new();
        while lines.advance::<Problem>(&mut || Ok(())).unwrap() {
            found.push(lines.text().map(str::to_owned).map_err(|problem| problem.message));
        }
        found
    }

    #[test]
    fn lines_end_where_they_end() {
        assert!(read(b"").is_empty());
        assert_eq!(read(b"\n"), [Ok(String::new())]);
        assert_eq!(read(b"\xef\xbb\xbfa\r\nb"), [Ok("a".to_owned()), Ok("b".to_owned())]);
        assert_eq!(read(b"a\0b\n\xff\nc\n")[0], Err("byte 2 of the line is a NUL".to_owned()));
        assert_eq!(read(b"a\0b\n\xff\nc\n")[1], Err("byte 1 of the line is not UTF-8".to_owned()));
        assert_eq!(read(b"a\0b\n\xff\nc\n")[2], Ok("c".to_owned()));
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_by() {
        let mut input = vec![b'x'; LONGEST];
        input.extend_from_slice(b"\r\n");
        input.extend(vec![b'y'; 3 * LONGEST]);
        input.extend_from_slice(b"\nz\n");
        let found = read(&input);
        assert_eq!(found[0].as_ref().unwrap().len(), LONGEST);
        assert_eq!(found[1], Err(format!("the line is longer than {LONGEST} bytes")));
        assert_eq!(found[2], Ok("z".to_owned()));
    }
}
