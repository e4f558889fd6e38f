//! A test that is written as a line: `only alice, carol can upload node1:/x as of 42`.

use crate::model::Problem;
use crate::model::name::printable;
use crate::model::shell::split_words;

/// What a line claims.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AssertionKind {
    Can,
    Cannot,
    /// These and nobody else can.
    Only,
}

/// A line, taken apart.
#[derive(Debug)]
pub(super) struct AssertionLine {
    pub(super) principals: Vec<String>,
    pub(super) kind: AssertionKind,
    pub(super) actions: Vec<String>,
    pub(super) resource: String,
    pub(super) as_of: Option<String>,
}

/// Reads a line. A comma at the end of a word says that another follows, so names and
/// values with a comma inside stay whole.
pub(super) fn parse_assertion_line(line: &str) -> Result<AssertionLine, Problem> {
    let wrong = |what: &str| {
        Problem::usage("bad_test", format!("the test is not understood: {what}"))
            .tip("write `bob can download node1:/x`, `bob cannot ...` or `only alice, carol can ...`")
            .tip("put a name with spaces in quotes, as a shell wants it")
    };
    let words = split_words(line)?;
    let mut words = words.iter().map(|word| &**word).peekable();
    let is_closed = words.next_if_eq(&"only").is_some();
    let mut principals = list(&mut words).ok_or_else(|| wrong("nobody is named"))?;
    let is_nobody = principals == ["nobody"];
    let sort = match words.next() {
        Some("can") if is_closed || is_nobody => AssertionKind::Only,
        Some("can") => AssertionKind::Can,
        Some("cannot") if is_nobody => {
            return Err(wrong("`nobody cannot` would mean that everybody can, which no test asks"));
        }
        Some("cannot") if is_closed => {
            return Err(wrong("`only` says who can, and goes with `can` alone"));
        }
        Some("cannot") => AssertionKind::Cannot,
        Some(word) => {
            return Err(wrong(&format!("expected `can` or `cannot`, found `{}`", printable(word))));
        }
        None => return Err(wrong("it has no `can` or `cannot`")),
    };
    if is_nobody {
        principals.clear();
    }
    let actions = list(&mut words).ok_or_else(|| wrong("no action is named"))?;
    let resource = words.next().ok_or_else(|| wrong("no resource is named"))?.to_owned();
    let as_of = match (words.next(), words.next(), words.next(), words.next()) {
        (None, ..) => None,
        (Some("as"), Some("of"), Some(moment), None) => Some(moment.to_owned()),
        (Some("as"), Some("of"), None, _) | (Some("as"), None, ..) => {
            return Err(wrong("`as of` names no revision and no time"));
        }
        (Some("as"), Some("of"), Some(_), Some(word)) | (Some(word), ..) => {
            return Err(wrong(&format!(
                "nothing but `as of REV|TIME` follows the resource, found `{}`",
                printable(word)
            )));
        }
    };
    Ok(AssertionLine { principals, kind: sort, actions, resource, as_of })
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

    fn told(line: &str) -> String {
        match parse_assertion_line(line) {
            Ok(it) => format!("{:?} {:?} {:?} {} {:?}", it.kind, it.principals, it.actions, it.resource, it.as_of),
            Err(problem) => problem.message,
        }
    }

    #[test]
    fn lines_are_taken_apart() {
        assert_eq!(told("bob can send x:y"), r#"Can ["bob"] ["send"] x:y None"#);
        assert_eq!(
            told("bob, 'c d' cannot view, share=browse,download n:/a,b"),
            r#"Cannot ["bob", "c d"] ["view", "share=browse,download"] n:/a,b None"#
        );
        assert_eq!(told("only a, b can see x:y as of 7"), r#"Only ["a", "b"] ["see"] x:y Some("7")"#);
        assert_eq!(told("nobody can see x:y"), r#"Only [] ["see"] x:y None"#);
        assert_eq!(told("user:nobody can see x:y"), r#"Can ["user:nobody"] ["see"] x:y None"#);
    }

    #[test]
    fn what_is_no_line_says_where_it_ends_to_be_one() {
        for (line, wanted) in [
            ("", "nobody is named"),
            ("bob", "it has no `can` or `cannot`"),
            ("bob,", "nobody is named"),
            ("bob may send x:y", "expected `can` or `cannot`, found `may`"),
            ("only bob cannot send x:y", "`only` says who can"),
            ("nobody cannot send x:y", "`nobody cannot` would mean that everybody can"),
            ("only nobody cannot send x:y", "`nobody cannot` would mean"),
            ("bob can", "no action is named"),
            ("bob can send", "no resource is named"),
            ("bob can send x:y as of", "`as of` names no revision"),
            ("bob can send x:y as", "`as of` names no revision"),
            ("bob can send x:y as of 1 2", "follows the resource, found `2`"),
            ("bob can send x:y now", "follows the resource, found `now`"),
            ("bob can 'send x:y", "is never closed"),
        ] {
            assert!(told(line).contains(wanted), "{line}: {}", told(line));
        }
    }
}
