//! The text of a request, in whatever form it comes.

use std::borrow::Cow;

use crate::model::line::words;
use crate::model::{Problem, ProblemKind};

/// What cannot be read of a request, wherever it stands.
pub(super) fn malformed(message: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Input, "bad_request", message)
}

/// The three words of a request.
pub(super) fn three(line: &str) -> Result<[Cow<'_, str>; 3], Problem> {
    if let Some(words) = plain(line) {
        return Ok(words.map(Cow::Borrowed));
    }
    let words = words(line)?;
    <[Cow<'_, str>; 3]>::try_from(words).map_err(|words| {
        malformed(format!("a request is three words, and here are {}", words.len()))
            .tip("write PRINCIPAL ACTION RESOURCE, as in `bob download node1:/projects`")
            .tip("put a name with spaces in quotes, as a shell wants it")
    })
}

/// The words of a line that has three with single spaces between and nothing quoted, as most have.
fn plain(line: &str) -> Option<[&str; 3]> {
    if memchr::memchr3(b'\'', b'"', b'\\', line.as_bytes()).is_some() || line.contains('\t') {
        return None;
    }
    let (first, rest) = line.split_once(' ')?;
    let (second, third) = rest.split_once(' ')?;
    let words = [first, second, third];
    (words.iter().all(|word| !word.is_empty()) && !third.contains(' ')).then_some(words)
}
