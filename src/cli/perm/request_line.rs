//! Parses requests that are lines of text.

use std::borrow::Cow;

use crate::model::shell::split_words;
use crate::model::{Problem, ProblemKind};

/// The problem of a malformed request, in text or JSON.
pub(super) fn malformed(message: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Input, "bad_request", message)
}

/// Splits a request into principal, action and resource.
pub(super) fn parse_three(line: &str) -> Result<[Cow<'_, str>; 3], Problem> {
    if let Some(words) = parse_simple(line) {
        return Ok(words.map(Cow::Borrowed));
    }
    let words = split_words(line)?;
    <[Cow<'_, str>; 3]>::try_from(words).map_err(|words| {
        malformed(format!("expected three words, found {}", words.len()))
            .tip("write PRINCIPAL ACTION RESOURCE, as in `bob download node1:/projects`")
            .tip("put a name with spaces in quotes, as in a shell")
    })
}

/// The words of a simple line, as most are: three words, one blank between two, nothing quoted.
fn parse_simple(line: &str) -> Option<[&str; 3]> {
    if memchr::memchr3(b'\'', b'"', b'\\', line.as_bytes()).is_some() {
        return None;
    }
    let mut between = memchr::memchr2_iter(b' ', b'\t', line.as_bytes());
    let (first, second, None) = (between.next()?, between.next()?, between.next()) else { return None };
    let words = [line.get(..first)?, line.get(first + 1..second)?, line.get(second + 1..)?];
    words.iter().all(|word| !word.is_empty()).then_some(words)
}
