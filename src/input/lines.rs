//! The lines of an input: one by one or as many as are at hand, in bounded memory, whatever they hold.

use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;

use memchr::{memchr, memchr_iter, memrchr};

use crate::model::{Problem, ProblemKind};

/// The longest line, in bytes.
const MAX_LINE_BYTES: usize = 1 << 20;

/// What cannot be read of a line.
fn malformed(message: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Input, "bad_request", message)
}

/// So much is kept of a line: it tells that the line is too long also without a mark of the byte order and a `\r`.
const KEPT: usize = MAX_LINE_BYTES + 5;

/// So much is read at once.
const READ: usize = 1 << 18;

/// The lines of an input.
#[derive(Debug)]
pub struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    /// The number of the line at hand, from 1.
    pub number: u64,
}

/// A line of an input.
#[derive(Clone, Copy, Debug)]
pub struct Line<'l> {
    bytes: &'l [u8],
    /// Its number, from 1.
    pub number: u64,
}

/// Lines that were at hand together.
#[derive(Debug)]
pub struct Block {
    bytes: Vec<u8>,
    /// Where each line ends.
    ends: Vec<usize>,
    /// The number of the first.
    first: u64,
}

impl<R: Read> Lines<R> {
    /// The lines of a stream.
    pub fn new(input: R) -> Lines<R> {
        Lines { input: BufReader::with_capacity(READ, input), line: Vec::new(), number: 0 }
    }

    /// Reads the next line; false where there is none. Calls `idle` before it waits for input, so that
    /// whoever writes a request and waits for the answer gets it.
    ///
    /// # Errors
    /// When the stream cannot be read, or what `idle` answers.
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
                        "the lines cannot be read beyond line {}: {}",
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

    /// Reads the next line with all that came with it; none where there is no more. As [`advance`](Lines::advance)
    /// it calls `idle` before it waits.
    ///
    /// # Errors
    /// When the stream cannot be read, or what `idle` answers.
    pub fn block<E: From<Problem>>(&mut self, idle: &mut dyn FnMut() -> Result<(), E>) -> Result<Option<Block>, E> {
        if !self.advance(idle)? {
            return Ok(None);
        }
        let first = self.number;
        let mut bytes = std::mem::take(&mut self.line);
        let mut ends = vec![bytes.len()];
        let at_hand = self.input.buffer();
        let whole = memrchr(b'\n', at_hand).and_then(|last| at_hand.get(..=last)).unwrap_or_default();
        // What ended the first was not kept.
        bytes.push(b'\n');
        ends.extend(memchr_iter(b'\n', whole).map(|end| bytes.len() + end));
        bytes.extend_from_slice(whole);
        let used = whole.len();
        self.input.consume(used);
        self.number += ends.len() as u64 - 1;
        Ok(Some(Block { bytes, ends, first }))
    }

    /// The line at hand.
    pub fn line(&self) -> Line<'_> {
        Line::new(&self.line, self.number)
    }
}

impl Block {
    /// How many lines there are.
    pub const fn count(&self) -> usize {
        self.ends.len()
    }

    /// Some of the lines, by their places from 0.
    pub fn lines(&self, places: Range<usize>) -> impl Iterator<Item = Line<'_>> {
        let begin = places.start.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| end + 1);
        let numbers = self.first + places.start as u64..;
        self.ends.get(places).unwrap_or_default().iter().zip(numbers).scan(begin, |begin, (end, number)| {
            let bytes = self.bytes.get(*begin..*end).unwrap_or_default();
            *begin = end + 1;
            Some(Line::new(bytes, number))
        })
    }
}

impl<'l> Line<'l> {
    /// Without its end, and the first without a mark of the byte order.
    fn new(bytes: &'l [u8], number: u64) -> Line<'l> {
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let bytes = if number == 1 { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes) } else { bytes };
        Line { bytes, number }
    }

    /// Whether the line is, or was to be, an object.
    pub fn is_object(self) -> bool {
        self.bytes.trim_ascii_start().starts_with(b"{")
    }

    /// The line as text.
    ///
    /// # Errors
    /// For one that is too long, holds a NUL or is not UTF-8.
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

    /// Comes in pieces.
    struct Pieces<'p>(&'p [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len());
            (&mut self.0).read(buffer.get_mut(..length).unwrap())
        }
    }

    /// The lines one by one, and the same in blocks, however they come.
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
