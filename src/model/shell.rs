//! Splitting a line into words as a shell does.

use std::borrow::Cow;

use super::problem::{Problem, ProblemKind};

/// Splits a line where a shell would: at spaces and tabs that are neither quoted nor escaped. Nothing
/// is expanded.
///
/// # Errors
/// For a quote that is never closed, or a backslash at the end.
pub fn split_words(line: &str) -> Result<Vec<Cow<'_, str>>, Problem> {
    let is_blank = |character| character == ' ' || character == '\t';
    if !line.contains(['\'', '"', '\\']) {
        return Ok(line.split(is_blank).filter(|word| !word.is_empty()).map(Cow::Borrowed).collect());
    }
    let open = |quote: char| {
        Problem::new(ProblemKind::Input, "bad_request", format!("a `{quote}` is never closed"))
            .tip("put a name that holds a quote or a backslash in quotes of the other kind")
    };
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        match character {
            blank if is_blank(blank) => words.extend(word.take().map(Cow::Owned)),
            '\\' => word.get_or_insert_default().push(rest.next().ok_or_else(|| open('\\'))?),
            '\'' | '"' => {
                read_quoted(character, &mut rest, word.get_or_insert_default()).ok_or_else(|| open(character))?
            }
            plain => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word.map(Cow::Owned));
    Ok(words)
}

/// Reads up to the closing quote; `None` if it is missing.
fn read_quoted(quote: char, rest: &mut std::str::Chars<'_>, word: &mut String) -> Option<()> {
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

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        let split = |line| split_words(line).map(|found| found.join("|")).map_err(|problem| problem.message);
        assert_eq!(split(" bob  send\tworkgroup:color ").unwrap(), "bob|send|workgroup:color");
        assert_eq!(split(r#"'bob b' "a\"b\n" x\ y"z"'' """#).unwrap(), "bob b|a\"b\\n|x yz|");
        assert_eq!(split("a 'b").unwrap_err(), "a `'` is never closed");
        assert_eq!(split("a \"b\\").unwrap_err(), "a `\"` is never closed");
        assert_eq!(split("a\\").unwrap_err(), "a `\\` is never closed");
    }
}
