//! The text of a request, in whatever form it comes.

use std::borrow::Cow;

use crate::model::shell::split_words;
use crate::model::{Problem, ProblemKind};

/// What cannot be read of a request, wherever it stands.
pub(super) fn malformed(message: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Input, "bad_request", message)
}

/// The three words of a request.
pub(super) fn parse_three(line: &str) -> Result<[Cow<'_, str>; 3], Problem> {
    if let Some(words) = parse_simple(line) {
        return Ok(words.map(Cow::Borrowed));
    }
    let words = split_words(line)?;
    <[Cow<'_, str>; 3]>::try_from(words).map_err(|words| {
        malformed(format!("a request is three words, and here are {}", words.len()))
            .tip("write PRINCIPAL ACTION RESOURCE, as in `bob download node1:/projects`")
            .tip("put a name with spaces in quotes, as a shell wants it")
    })
}

/// The words of a line that has three with one blank between and nothing quoted, as most have.
fn parse_simple(line: &str) -> Option<[&str; 3]> {
    if memchr::memchr3(b'\'', b'"', b'\\', line.as_bytes()).is_some() {
        return None;
    }
    let mut between = memchr::memchr2_iter(b' ', b'\t', line.as_bytes());
    let (first, second, None) = (between.next()?, between.next()?, between.next()) else { return None };
    let words = [line.get(..first)?, line.get(first + 1..second)?, line.get(second + 1..)?];
    words.iter().all(|word| !word.is_empty()).then_some(words)
}
