//! The lines of a file of requests: one by one, in bounded memory, whatever they hold; and the words
//! of a line.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};

use crate::model::{Problem, ProblemKind};
use crate::render::RenderError;

/// The longest line, in bytes.
const LONGEST: usize = 1 << 20;

/// What cannot be read of a request, wherever it stands.
pub(super) fn malformed(message: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Input, "bad_request", message)
}

/// The lines of an input.
pub(super) struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    is_too_long: bool,
    /// The number of the line at hand, from 1.
    pub(super) number: u64,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R) -> Lines<R> {
        Lines { input: BufReader::with_capacity(64 * 1024, input), line: Vec::new(), is_too_long: false, number: 0 }
    }

    /// Reads the next line; false where there is none. Calls `idle` before it waits for input, so that
    /// whoever writes a request and waits for the answer gets it.
    pub(super) fn advance(&mut self, idle: &mut dyn FnMut() -> io::Result<()>) -> Result<bool, RenderError> {
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
                    let message = format!("the requests cannot be read beyond line {}: {error}", self.number);
                    return Err(Problem::new(ProblemKind::Input, "unreadable", message).into());
                }
            };
            has_begun = true;
            let end = chunk.iter().position(|byte| *byte == b'\n');
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
    pub(super) fn is_object(&self) -> bool {
        self.bytes().trim_ascii_start().starts_with(b"{")
    }

    /// The line as text.
    pub(super) fn text(&self) -> Result<&str, Problem> {
        let line = self.bytes();
        if self.is_too_long || line.len() > LONGEST {
            return Err(malformed(format!("the line is longer than {LONGEST} bytes")));
        }
        if let Some(place) = line.iter().position(|byte| *byte == 0) {
            return Err(malformed(format!("byte {} of the line is a NUL", place + 1)));
        }
        std::str::from_utf8(line)
            .map_err(|error| malformed(format!("byte {} of the line is not UTF-8", error.valid_up_to() + 1)))
    }
}

/// The three words of a request.
pub(super) fn three(line: &str) -> Result<[Cow<'_, str>; 3], Problem> {
    let words = words(line)?;
    <[Cow<'_, str>; 3]>::try_from(words).map_err(|words| {
        malformed(format!("a request is three words, and here are {}", words.len()))
            .tip("write PRINCIPAL ACTION RESOURCE, as in `bob download node1:/projects`")
            .tip("put a name with spaces in quotes, as a shell wants it")
    })
}

/// The words of a line, split where a shell would: at spaces and tabs that are neither quoted nor
/// escaped. Nothing is expanded.
pub(super) fn words(line: &str) -> Result<Vec<Cow<'_, str>>, Problem> {
    let is_blank = |character| character == ' ' || character == '\t';
    if !line.contains(['\'', '"', '\\']) {
        return Ok(line.split(is_blank).filter(|word| !word.is_empty()).map(Cow::Borrowed).collect());
    }
    let open = |quote: char| {
        malformed(format!("a `{quote}` is never closed"))
            .tip("put a name that holds a quote or a backslash in quotes of the other sort")
    };
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        match character {
            blank if is_blank(blank) => words.extend(word.take().map(Cow::Owned)),
            '\\' => word.get_or_insert_default().push(rest.next().ok_or_else(|| open('\\'))?),
            '\'' | '"' => quoted(character, &mut rest, word.get_or_insert_default()).ok_or_else(|| open(character))?,
            plain => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word.map(Cow::Owned));
    Ok(words)
}

/// Reads up to a closing quote; none where there is none.
fn quoted(quote: char, rest: &mut std::str::Chars<'_>, word: &mut String) -> Option<()> {
    loop {
        match rest.next()? {
            end if end == quote => return Some(()),
            '\\' if quote == '"' => match rest.next()? {
                escaped @ ('"' | '\\' | '$' | '`') => word.push(escaped),
                other => word.extend(['\\', other]),
            },
            plain => word.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> Vec<Result<String, String>> {
        let mut lines = Lines::new(input);
        let mut found = Vec::new();
        while lines.advance(&mut || Ok(())).unwrap() {
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

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        let split = |line| words(line).map(|found| found.join("|")).map_err(|problem| problem.message);
        assert_eq!(split(" bob  send\tworkgroup:color ").unwrap(), "bob|send|workgroup:color");
        assert_eq!(split(r#"'bob b' "a\"b\n" x\ y"z"'' """#).unwrap(), "bob b|a\"b\\n|x yz|");
        assert_eq!(split("a 'b").unwrap_err(), "a `'` is never closed");
        assert_eq!(split("a \"b\\").unwrap_err(), "a `\"` is never closed");
        assert_eq!(split("a\\").unwrap_err(), "a `\\` is never closed");
        assert!(three("a b").unwrap_err().message.contains("three words, and here are 2"));
    }
}
