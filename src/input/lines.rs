//! The lines of a stream, in bounded memory: one by one ([`Lines::advance`]), or as many as have arrived
//! ([`Lines::block`]).

use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;

use memchr::{memchr, memchr_iter, memrchr};

use crate::model::{Problem, ProblemKind};

/// The maximum length of a line, in bytes.
const MAX_LINE_BYTES: usize = 1 << 20;

/// The error for a line that cannot be used.
fn malformed(message: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Input, "bad_request", message)
}

/// The number of bytes that are kept of a line. The extra bytes show that a line is too long also after a byte order
/// mark (3 bytes) and a `\r` are removed from it.
const KEPT: usize = MAX_LINE_BYTES + 5;

/// The size of the read buffer, in bytes.
const READ: usize = 1 << 18;

/// A reader of the lines of a stream.
#[derive(Debug)]
pub struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    /// The number of the current line, from 1; 0 before the first.
    pub number: u64,
}

/// A line of a stream, with its number.
#[derive(Clone, Copy, Debug)]
pub struct Line<'l> {
    bytes: &'l [u8],
    /// The line number, from 1.
    pub number: u64,
}

/// Consecutive lines that arrived together.
#[derive(Debug)]
pub struct Block {
    bytes: Vec<u8>,
    /// The end of each line, as an offset in `bytes`.
    ends: Vec<usize>,
    /// The number of the first line.
    first: u64,
}

impl<R: Read> Lines<R> {
    /// A reader at the start of a stream.
    pub fn new(input: R) -> Lines<R> {
        Lines { input: BufReader::with_capacity(READ, input), line: Vec::new(), number: 0 }
    }

    /// Reads the next line. Returns false at the end of the stream. Calls `idle` before it waits for input, so that a
    /// client that writes a request and waits for the answer gets the answer.
    ///
    /// # Errors
    /// When the stream cannot be read, and any error of `idle`.
    pub fn advance<E: From<Problem>>(&mut self, idle: &mut dyn FnMut() -> Result<(), E>) -> Result<bool, E> {
        self.line.clear();
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
                    let message = format!(
                        "input cannot be read beyond line {}: {}",
                        self.number,
                        super::library_errors::io(&error)
                    );
                    return Err(Problem::new(ProblemKind::Input, "unreadable", message).into());
                }
            };
            has_begun = true;
            let end = memchr(b'\n', chunk);
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            let room = KEPT.saturating_sub(self.line.len());
            self.line.extend_from_slice(part.get(..room).unwrap_or(part));
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                break;
            }
        }
        self.number += u64::from(has_begun);
        Ok(has_begun)
    }

    /// Reads the next line and all complete lines behind it that are already buffered. Returns `None` at the end of
    /// the stream. Calls `idle` before it waits, as [`advance`](Lines::advance) does.
    ///
    /// # Errors
    /// When the stream cannot be read, and any error of `idle`.
    pub fn block<E: From<Problem>>(&mut self, idle: &mut dyn FnMut() -> Result<(), E>) -> Result<Option<Block>, E> {
        if !self.advance(idle)? {
            return Ok(None);
        }
        let first = self.number;
        let mut bytes = std::mem::take(&mut self.line);
        let mut ends = vec![bytes.len()];
        let at_hand = self.input.buffer();
        let whole = memrchr(b'\n', at_hand).and_then(|last| at_hand.get(..=last)).unwrap_or_default();
        // `advance` does not keep the end of the first line.
        bytes.push(b'\n');
        ends.extend(memchr_iter(b'\n', whole).map(|end| bytes.len() + end));
        bytes.extend_from_slice(whole);
        let used = whole.len();
        self.input.consume(used);
        self.number += ends.len() as u64 - 1;
        Ok(Some(Block { bytes, ends, first }))
    }

    /// The current line.
    pub fn line(&self) -> Line<'_> {
        Line::new(&self.line, self.number)
    }
}

impl Block {
    /// The number of lines.
    pub const fn count(&self) -> usize {
        self.ends.len()
    }

    /// A range of the lines, by index from 0.
    pub fn lines(&self, range: Range<usize>) -> impl Iterator<Item = Line<'_>> {
        let begin = range.start.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| end + 1);
        let numbers = self.first + range.start as u64..;
        self.ends.get(range).unwrap_or_default().iter().zip(numbers).scan(begin, |begin, (end, number)| {
            let bytes = self.bytes.get(*begin..*end).unwrap_or_default();
            *begin = end + 1;
            Some(Line::new(bytes, number))
        })
    }
}

impl<'l> Line<'l> {
    /// A line without a `\r` at its end, and the first line without a byte order mark.
    fn new(bytes: &'l [u8], number: u64) -> Line<'l> {
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let bytes = if number == 1 { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes) } else { bytes };
        Line { bytes, number }
    }

    /// Whether the line is a JSON object, or looks like the start of one.
    pub fn is_object(self) -> bool {
        self.bytes.trim_ascii_start().starts_with(b"{")
    }

    /// The line as text.
    ///
    /// # Errors
    /// When the line is too long, holds a NUL or is not UTF-8.
    pub fn text(self) -> Result<&'l str, Problem> {
        if self.bytes.len() > MAX_LINE_BYTES {
            return Err(malformed(format!("the line is longer than {MAX_LINE_BYTES} bytes")));
        }
        if let Some(span) = memchr(0, self.bytes) {
            return Err(malformed(format!("byte {} of the line is a NUL", span + 1)));
        }
        std::str::from_utf8(self.bytes)
            .map_err(|error| malformed(format!("byte {} of the line is not UTF-8", error.valid_up_to() + 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that delivers its bytes in pieces of at most the given size.
    struct Pieces<'p>(&'p [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len());
            (&mut self.0).read(buffer.get_mut(..length).unwrap())
        }
    }

    /// The lines of an input, read one by one. Asserts that blocks give the same lines, whatever size the pieces have.
    fn read(input: &[u8]) -> Vec<Result<String, String>> {
        let owned = |line: Line<'_>| (line.number, line.text().map(str::to_owned).map_err(|problem| problem.message));
        let mut lines = Lines::new(input);
        let mut found = Vec::new();
        while lines.advance::<Problem>(&mut || Ok(())).unwrap() {
            found.push(owned(lines.line()));
        }
        for size in [1, 2, 3, 7, 1000, READ].into_iter().filter(|size| input.len() / size < 10_000) {
            let mut lines = Lines::new(Pieces(input, size));
            let mut in_blocks = Vec::new();
            while let Some(block) = lines.block::<Problem>(&mut || Ok(())).unwrap() {
                let half = block.count() / 2;
                in_blocks.extend(block.lines(0..half).chain(block.lines(half..block.count())).map(owned));
            }
            assert_eq!(in_blocks, found, "in pieces of {size}");
        }
        assert!((1..).zip(&found).all(|(number, (own, _))| number == *own));
        found.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn lines_are_split_and_bad_bytes_are_reported() {
        assert!(read(b"").is_empty());
        assert_eq!(read(b"\n"), [Ok(String::new())]);
        assert_eq!(read(b"\xef\xbb\xbfa\r\nb"), [Ok("a".to_owned()), Ok("b".to_owned())]);
        assert_eq!(read(b"a\0b\n\xff\nc\n")[0], Err("byte 2 of the line is a NUL".to_owned()));
        assert_eq!(read(b"a\0b\n\xff\nc\n")[1], Err("byte 1 of the line is not UTF-8".to_owned()));
        assert_eq!(read(b"a\0b\n\xff\nc\n")[2], Ok("c".to_owned()));
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped() {
        let mut input = b"\xef\xbb\xbf".to_vec();
        input.extend(vec![b'x'; MAX_LINE_BYTES]);
        input.extend_from_slice(b"\r\n");
        input.extend(vec![b'y'; 3 * MAX_LINE_BYTES]);
        input.extend_from_slice(b"\nz\n");
        input.extend(vec![b'r'; MAX_LINE_BYTES + 1]);
        input.extend_from_slice(b"\r\n");
        let found = read(&input);
        assert_eq!(found[0].as_ref().unwrap().len(), MAX_LINE_BYTES);
        assert_eq!(found[1], Err(format!("the line is longer than {MAX_LINE_BYTES} bytes")));
        assert_eq!(found[2], Ok("z".to_owned()));
        assert_eq!(found[3], found[1]);
        let mut marked = b"\xef\xbb\xbf".to_vec();
        marked.extend(vec![b'\r'; 2 * MAX_LINE_BYTES]);
        assert_eq!(read(&marked), [found[1].clone()]);
    }
}
