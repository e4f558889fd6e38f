//! The parser of a test in one line, such as `only alice, carol can upload node1:/x as of 42`.

use crate::model::Problem;
use crate::model::escape::printable;
use crate::model::shell::split_words;

/// The type of a claim.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AssertionKind {
    Can,
    Cannot,
    /// The named principals can, and no others.
    Only,
}

/// The parts of a line.
#[derive(Debug)]
pub(super) struct AssertionLine {
    pub(super) principals: Vec<String>,
    pub(super) kind: AssertionKind,
    pub(super) actions: Vec<String>,
    pub(super) resource: String,
    pub(super) as_of: Option<String>,
}

/// Parses a line. A comma at the end of a word separates list entries; a comma inside a word is part of the word.
pub(super) fn parse_assertion_line(line: &str) -> Result<AssertionLine, Problem> {
    let wrong = |what: &str| {
        Problem::usage("bad_test", format!("the test is not understood: {what}"))
            .tip("write `bob can download node1:/x`, `bob cannot ...` or `only alice, carol can ...`")
            .tip("put a name with spaces in quotes, as in a shell")
    };
    let words = split_words(line)?;
    let mut words = words.iter().map(|word| &**word).peekable();
    let is_closed = words.next_if_eq(&"only").is_some();
    let mut principals = list(&mut words).ok_or_else(|| wrong("missing principal"))?;
    let is_nobody = principals == ["nobody"];
    let kind = match words.next() {
        Some("can") if is_closed || is_nobody => AssertionKind::Only,
        Some("can") => AssertionKind::Can,
        Some("cannot") if is_nobody => {
            return Err(wrong("`nobody cannot` would mean that everybody can, which is not supported"));
        }
        Some("cannot") if is_closed => {
            return Err(wrong("`only` needs `can`, not `cannot`"));
        }
        Some("cannot") => AssertionKind::Cannot,
        Some(word) => {
            return Err(wrong(&format!("expected `can` or `cannot`, found `{}`", printable(word))));
        }
        None => return Err(wrong("missing `can` or `cannot`")),
    };
    if is_nobody {
        principals.clear();
    }
    let actions = list(&mut words).ok_or_else(|| wrong("missing action"))?;
    let resource = words.next().ok_or_else(|| wrong("missing resource"))?.to_owned();
    let as_of = match (words.next(), words.next(), words.next(), words.next()) {
        (None, ..) => None,
        (Some("as"), Some("of"), Some(moment), None) => Some(moment.to_owned()),
        (Some("as"), Some("of"), None, _) | (Some("as"), None, ..) => {
            return Err(wrong("`as of` needs a revision or a time"));
        }
        (Some("as"), Some("of"), Some(_), Some(word)) | (Some(word), ..) => {
            return Err(wrong(&format!(
                "expected `as of REV|TIME` or nothing after the resource, found `{}`",
                printable(word)
            )));
        }
    };
    Ok(AssertionLine { principals, kind, actions, resource, as_of })
}

fn list<'w>(words: &mut impl Iterator<Item = &'w str>) -> Option<Vec<String>> {
    let mut found = Vec::new();
    loop {
        let word = words.next()?;
        match word.strip_suffix(',') {
            Some(word) => found.push(word.to_owned()),
            None => {
                found.push(word.to_owned());
                return Some(found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> String {
        match parse_assertion_line(line) {
            Ok(it) => format!("{:?} {:?} {:?} {} {:?}", it.kind, it.principals, it.actions, it.resource, it.as_of),
            Err(problem) => problem.message,
        }
    }

    #[test]
    fn lines_are_parsed() {
        assert_eq!(parsed("bob can send x:y"), r#"Can ["bob"] ["send"] x:y None"#);
        assert_eq!(
            parsed("bob, 'c d' cannot view, share=browse,download n:/a,b"),
            r#"Cannot ["bob", "c d"] ["view", "share=browse,download"] n:/a,b None"#
        );
        assert_eq!(parsed("only a, b can see x:y as of 7"), r#"Only ["a", "b"] ["see"] x:y Some("7")"#);
        assert_eq!(parsed("nobody can see x:y"), r#"Only [] ["see"] x:y None"#);
        assert_eq!(parsed("user:nobody can see x:y"), r#"Can ["user:nobody"] ["see"] x:y None"#);
    }

    #[test]
    fn malformed_lines_are_refused_with_the_reason() {
        for (line, expected) in [
            ("", "missing principal"),
            ("bob", "missing `can` or `cannot`"),
            ("bob,", "missing principal"),
            ("bob may send x:y", "expected `can` or `cannot`, found `may`"),
            ("only bob cannot send x:y", "`only` needs `can`"),
            ("nobody cannot send x:y", "`nobody cannot` would mean that everybody can"),
            ("only nobody cannot send x:y", "`nobody cannot` would mean"),
            ("bob can", "missing action"),
            ("bob can send", "missing resource"),
            ("bob can send x:y as of", "`as of` needs a revision"),
            ("bob can send x:y as", "`as of` needs a revision"),
            ("bob can send x:y as of 1 2", "after the resource, found `2`"),
            ("bob can send x:y now", "after the resource, found `now`"),
            ("bob can 'send x:y", "is never closed"),
        ] {
            assert!(parsed(line).contains(expected), "{line}: {}", parsed(line));
        }
    }
}
