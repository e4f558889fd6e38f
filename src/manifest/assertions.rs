//! The reader of tests: lines such as `bob can download node1:/x`, and mappings for longer tests.

use super::assertion_line::{AssertionKind, AssertionLine, parse_assertion_line};
use crate::input::document::{Diagnostic, Entry, Node, WithSpan, get, parse_tree};
use crate::model::action::Destination;
use crate::model::escape::printable;
use crate::model::spelling::closest_match;
use crate::model::{Action, Id, Kind, Problem, Reference};

/// A test, with its position in a file.
#[derive(Debug)]
pub struct Assertion {
    /// The text of the test. A mapping is rendered as a line.
    pub test: String,
    /// The name of the file.
    pub file: String,
    /// The line number, from 1.
    pub line: u64,
    /// The reason that the author of the test gives.
    pub because: Option<String>,
    /// A revision or a time; `None` for the present.
    pub as_of: Option<String>,
    /// The claim of the test.
    pub claim: Claim,
}

/// The claim of a test. All texts are as written in the file, and well formed.
#[derive(Debug)]
pub enum Claim {
    /// Each principal may, or each may not, do each of the actions.
    Each {
        /// The principals.
        principals: Vec<String>,
        /// Whether the claim is that they may.
        allowed: bool,
        /// The actions.
        actions: Vec<String>,
        /// The resource.
        resource: String,
    },
    /// The principals that may do each of the actions.
    Who {
        /// The actions.
        actions: Vec<String>,
        /// The resource.
        resource: String,
        /// The claimed principals.
        expected: Expected,
    },
    /// The resources on which a principal may do any of the actions, or any action if none is named.
    List {
        /// The principal.
        principal: String,
        /// Lists only resources of this kind.
        kind: Option<Kind>,
        /// Lists only resources below this one.
        under: Option<String>,
        /// The actions.
        actions: Vec<String>,
        /// The claimed resources.
        expected: Expected,
    },
}

/// The references that an answer is claimed to have.
#[derive(Debug, Default)]
pub struct Expected {
    /// The whole answer.
    pub is: Option<Vec<String>>,
    /// References that the answer contains, perhaps with others.
    pub includes: Vec<String>,
    /// References that the answer does not contain.
    pub excludes: Vec<String>,
}

/// Reads the tests of a file: a list, or a mapping with a list under `tests`.
///
/// # Errors
/// Every mistake in the file.
pub fn read(file: &str, text: &str) -> Result<Vec<Assertion>, Vec<Diagnostic>> {
    let (root, diagnostics) = parse_tree(text);
    let mut reader = AssertionReader { file, diagnostics };
    let found = root.map(|root| reader.tests(&root)).unwrap_or_default();
    if reader.diagnostics.is_empty() { Ok(found) } else { Err(reader.diagnostics) }
}

/// Reads the list under `tests` of a manifest. Adds mistakes to `diagnostics`.
pub fn read_list(file: &str, list: &WithSpan<Node>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Assertion> {
    let mut reader = AssertionReader { file, diagnostics: Vec::new() };
    let found = reader.list_of_tests(list);
    diagnostics.append(&mut reader.diagnostics);
    found
}

struct AssertionReader<'f> {
    file: &'f str,
    diagnostics: Vec<Diagnostic>,
}

impl AssertionReader<'_> {
    fn tests(&mut self, root: &WithSpan<Node>) -> Vec<Assertion> {
        let list = match &root.value {
            Node::List(_) => root,
            Node::Mapping(entries) => match get(entries, "tests") {
                Some(list) => list,
                None => {
                    let mut diagnostic = Diagnostic::at_span(root.span, "the file has no `tests`");
                    if let Some(near) = closest_match("tests", entries.iter().map(|(key, _)| &*key.value)) {
                        diagnostic = diagnostic.tip(format!("is `{}` meant to be `tests`?", printable(near)));
                    }
                    self.diagnostics.push(diagnostic);
                    return Vec::new();
                }
            },
            other => {
                let diagnostic =
                    Diagnostic::at_span(root.span, format!("not a list of tests: the file is {}", other.type_name()));
                self.diagnostics.push(diagnostic.tip("tests: [bob can send workgroup:color]"));
                return Vec::new();
            }
        };
        self.list_of_tests(list)
    }

    fn list_of_tests(&mut self, list: &WithSpan<Node>) -> Vec<Assertion> {
        let Some(items) = self.list(list, "tests") else { return Vec::new() };
        items.iter().filter_map(|item| self.test(item)).collect()
    }

    fn test(&mut self, item: &WithSpan<Node>) -> Option<Assertion> {
        match &item.value {
            Node::Text(line) => self.line(item, line, None, None),
            Node::Mapping(entries) => self.mapping(item, entries),
            other => {
                let diagnostic = Diagnostic::at_span(
                    item.span,
                    format!("expected a line of text or a mapping, found {}", other.type_name()),
                );
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }

    fn mapping(&mut self, item: &WithSpan<Node>, entries: &[Entry]) -> Option<Assertion> {
        self.check_keys(entries, &["test", "who", "list", "as of", "because"]);
        let because = get(entries, "because").and_then(|value| self.text(value, "because")).map(str::to_owned);
        let as_of = get(entries, "as of").and_then(|value| self.moment(value));
        let heads = ["test", "who", "list"].map(|head| get(entries, head).map(|value| (head, value)));
        let mut heads = heads.into_iter().flatten();
        let (Some((head, value)), None) = (heads.next(), heads.next()) else {
            self.diagnostics.push(Diagnostic::at_span(item.span, "expected exactly one of `test`, `who` and `list`"));
            return None;
        };
        if head == "test" {
            let line = self.text(value, head)?;
            return self.line(value, line, as_of, because);
        }
        let Node::Mapping(entries) = &value.value else {
            self.diagnostics.push(Diagnostic::at_span(
                value.span,
                format!("`{head}`: expected a mapping, found {}", value.value.type_name()),
            ));
            return None;
        };
        let (test, claim) = if head == "who" { self.who(value, entries)? } else { self.listing(value, entries)? };
        Some(Assertion { test, file: self.file.to_owned(), line: u64::from(item.span.line), because, as_of, claim })
    }

    fn who(&mut self, span: &WithSpan<Node>, entries: &[Entry]) -> Option<(String, Claim)> {
        self.check_keys(entries, &["action", "resource", "is", "includes", "excludes"]);
        let resource = self.required(span, entries, "resource")?;
        let actions = self.texts(entries, "action", true).unwrap_or_default();
        let expected = self.expected(span, entries, &|text| Reference::principal(text).map(|_| ()))?;
        if actions.is_empty() {
            self.diagnostics.push(Diagnostic::at_span(span.span, "`action` is missing"));
            return None;
        }
        self.check(span, &[], &actions, &resource)?;
        let test = format!("who can {} {resource} {}", actions.join(", "), expected.render());
        Some((test, Claim::Who { actions, resource, expected }))
    }

    fn listing(&mut self, span: &WithSpan<Node>, entries: &[Entry]) -> Option<(String, Claim)> {
        self.check_keys(entries, &["principal", "kind", "under", "action", "is", "includes", "excludes"]);
        let who = self.required(span, entries, "principal")?;
        let under = get(entries, "under").and_then(|value| self.text(value, "under")).map(str::to_owned);
        let kind = match get(entries, "kind").and_then(|value| Some((value, self.text(value, "kind")?))) {
            Some((value, word)) => {
                let kind = Kind::from_name(word);
                if kind.is_none() {
                    let mut diagnostic = Diagnostic::at_span(value.span, format!("unknown kind `{}`", printable(word)));
                    if let Some(near) = closest_match(word, Kind::ALL.into_iter().map(Kind::as_str)) {
                        diagnostic = diagnostic.tip(format!("did you mean `{near}`?"));
                    }
                    self.diagnostics.push(diagnostic);
                }
                kind
            }
            None => None,
        };
        let actions = self.texts(entries, "action", true).unwrap_or_default();
        let resource = |text: &str| Reference::parse(text, Kind::Server).map(|_| ());
        let expected = self.expected(span, entries, &resource)?;
        self.take(span, Reference::principal(&who))?;
        if let Some(under) = &under {
            self.take(span, Reference::parse(under, Kind::Item))?;
        }
        let of = if under.is_some() { Some(Kind::Item) } else { kind };
        for action in &actions {
            self.take(get(entries, "action").unwrap_or(span), Action::parse_listable(action, of))?;
        }
        let of = |word: &str, text: Option<&str>| text.map(|text| format!(" {word} {text}")).unwrap_or_default();
        let test = format!(
            "list {who}{}{} {}",
            of("kind", kind.map(Kind::as_str)),
            of("under", under.as_deref()),
            expected.render()
        );
        Some((test, Claim::List { principal: who, kind, under, actions, expected }))
    }

    /// Reads `PRINCIPALS can ACTIONS RESOURCE`, with `cannot` for `can`, or `only` in front, or `as of` at the end.
    fn line<T>(
        &mut self,
        span: &WithSpan<T>,
        line: &str,
        as_of: Option<String>,
        because: Option<String>,
    ) -> Option<Assertion> {
        let sentence = self.take(span, parse_assertion_line(line))?;
        self.check(span, &sentence.principals, &sentence.actions, &sentence.resource)?;
        if sentence.as_of.is_some() && as_of.is_some() {
            self.diagnostics.push(Diagnostic::at_span(span.span, "duplicate `as of`"));
            return None;
        }
        let AssertionLine { principals, actions, resource, .. } = sentence;
        let claim = match sentence.kind {
            AssertionKind::Can => Claim::Each { principals, allowed: true, actions, resource },
            AssertionKind::Cannot => Claim::Each { principals, allowed: false, actions, resource },
            AssertionKind::Only => {
                let expected = Expected { is: Some(principals), ..Expected::default() };
                Claim::Who { actions, resource, expected }
            }
        };
        Some(Assertion {
            test: line.trim().to_owned(),
            file: self.file.to_owned(),
            line: u64::from(span.span.line),
            because,
            as_of: as_of.or(sentence.as_of),
            claim,
        })
    }

    /// Checks the form of references and actions, without a store.
    fn check<T>(
        &mut self,
        span: &WithSpan<T>,
        principals: &[String],
        actions: &[String],
        resource: &str,
    ) -> Option<()> {
        for text in principals {
            self.take(span, Reference::principal(text))?;
        }
        let resource = self.take(span, Reference::parse(resource, Kind::Server))?;
        let Some(kind) = resource.kind() else {
            self.diagnostics.push(Diagnostic::from_problem(span.span, resource.wrong_kind("a resource")));
            return None;
        };
        for text in actions {
            self.take(span, Action::parse(text, kind, &folder))?;
        }
        Some(())
    }

    fn expected(
        &mut self,
        span: &WithSpan<Node>,
        entries: &[Entry],
        check: &dyn Fn(&str) -> Result<(), Problem>,
    ) -> Option<Expected> {
        let expected = Expected {
            is: self.texts(entries, "is", false),
            includes: self.texts(entries, "includes", false).unwrap_or_default(),
            excludes: self.texts(entries, "excludes", false).unwrap_or_default(),
        };
        if !["is", "includes", "excludes"].iter().any(|name| get(entries, name).is_some()) {
            self.diagnostics
                .push(Diagnostic::at_span(span.span, "expected at least one of `is`, `includes` and `excludes`"));
            return None;
        }
        for text in expected.is.iter().flatten().chain(&expected.includes).chain(&expected.excludes) {
            self.take(span, check(text))?;
        }
        Some(expected)
    }

    /// Adds a problem to the mistakes, or returns the value.
    fn take<T, V>(&mut self, span: &WithSpan<T>, found: Result<V, Problem>) -> Option<V> {
        found.map_err(|problem| self.diagnostics.push(Diagnostic::from_problem(span.span, problem))).ok()
    }

    fn check_keys(&mut self, entries: &[Entry], names: &[&str]) {
        for (key, _) in entries.iter().filter(|(key, _)| !names.contains(&&*key.value)) {
            let diagnostic = Diagnostic::at_span(key.span, format!("unknown key `{}`", printable(&key.value)));
            self.diagnostics.push(match closest_match(&key.value, names.iter().copied()) {
                Some(near) => diagnostic.tip(format!("did you mean `{near}`?")),
                None => diagnostic.tip(format!("the keys are: {}", names.join(", "))),
            });
        }
    }

    fn required(&mut self, span: &WithSpan<Node>, entries: &[Entry], name: &str) -> Option<String> {
        match get(entries, name) {
            Some(value) => self.text(value, name).map(str::to_owned),
            None => {
                self.diagnostics.push(Diagnostic::at_span(span.span, format!("`{name}` is missing")));
                None
            }
        }
    }

    fn text<'n>(&mut self, value: &'n WithSpan<Node>, name: &str) -> Option<&'n str> {
        match &value.value {
            Node::Text(text) => Some(text),
            other => {
                self.diagnostics.push(Diagnostic::at_span(
                    value.span,
                    format!("`{name}`: expected text, found {}", other.type_name()),
                ));
                None
            }
        }
    }

    fn moment(&mut self, value: &WithSpan<Node>) -> Option<String> {
        match &value.value {
            Node::Number(text) | Node::Text(text) => Some(text.to_string()),
            other => {
                self.diagnostics.push(Diagnostic::at_span(
                    value.span,
                    format!("`as of`: expected a revision or a time, found {}", other.type_name()),
                ));
                None
            }
        }
    }

    fn list<'n>(&mut self, value: &'n WithSpan<Node>, name: &str) -> Option<&'n [WithSpan<Node>]> {
        match &value.value {
            Node::List(items) => Some(items),
            other => {
                let diagnostic =
                    Diagnostic::at_span(value.span, format!("`{name}`: expected a list, found {}", other.type_name()));
                self.diagnostics.push(diagnostic.tip(format!("write `{name}: []` for an empty list")));
                None
            }
        }
    }

    /// The value of a key as a list of texts. `alone` also allows a single text.
    fn texts(&mut self, entries: &[Entry], name: &str, alone: bool) -> Option<Vec<String>> {
        let value = get(entries, name)?;
        if alone && let Node::Text(text) = &value.value {
            return Some(vec![text.to_string()]);
        }
        let items = self.list(value, name)?;
        Some(items.iter().filter_map(|item| self.text(item, name)).map(str::to_owned).collect())
    }
}

impl Expected {
    fn render(&self) -> String {
        let of = |word: &str, list: &[String]| match list {
            [] if word != "is" => String::new(),
            [] => "is none".to_owned(),
            some => format!("{word} {}", some.join(", ")),
        };
        let parts = [
            self.is.as_deref().map(|list| of("is", list)).unwrap_or_default(),
            of("includes", &self.includes),
            of("excludes", &self.excludes),
        ];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// Checks the form of the path of an action, and returns a placeholder for its folder.
fn folder(text: &str) -> Result<Destination, Problem> {
    match Reference::parse(text, Kind::Item)? {
        Reference::Item(..) => Ok(Destination { folder: Id::SERVER, is_registered: true, of_file: false }),
        other => Err(other.wrong_kind("a path on an endpoint")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let diagnostics = read("t.yaml", text).unwrap_err();
        diagnostics.iter().map(|diagnostic| diagnostic.render("t.yaml", text)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn lines_and_mappings_are_read() {
        let text = "name: x\ntests:\n  - bob, 'c d' can view, send workgroup:color as of 42\n  - test: nobody can delete workgroup:color\n    as of: 2026-01-01\n    because: it is kept\n  - who: {action: see, resource: endpoint:x, is: [alice]}\n  - list: {principal: bob, kind: endpoint, excludes: ['endpoint:x']}\n";
        let found = read("t.yaml", text).unwrap();
        let lines: Vec<u64> = found.iter().map(|it| it.line).collect();
        assert_eq!(lines, [3, 4, 7, 8]);
        assert_eq!(found[0].as_of.as_deref(), Some("42"));
        assert_eq!((found[1].as_of.as_deref(), found[1].because.as_deref()), (Some("2026-01-01"), Some("it is kept")));
        assert_eq!(found[2].test, "who can see endpoint:x is alice");
        assert_eq!(found[3].test, "list bob kind endpoint excludes endpoint:x");
        assert!(
            matches!(&found[0].claim, Claim::Each { principals, actions, .. } if principals[1] == "c d" && actions.len() == 2)
        );
        assert!(
            matches!(&found[1].claim, Claim::Who { expected, .. } if expected.is.as_ref().is_some_and(Vec::is_empty))
        );
        assert_eq!(read("t.yaml", "- bob can send workgroup:color").unwrap().len(), 1);
    }

    #[test]
    fn every_mistake_is_reported_with_its_position() {
        let text = "tests:\n  - bob kan send workgroup:color\n  - {tset: x}\n  - 7\n  - bob can sned workgroup:color\n";
        let shown = shown(text);
        assert!(
            shown.contains("t.yaml:2:5: the test is not understood: expected `can` or `cannot`, found `kan`"),
            "{shown}"
        );
        assert!(
            shown.contains("\n    2 |   - bob kan send workgroup:color\n      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^"),
            "{shown}"
        );
        assert!(shown.contains("t.yaml:3:6: unknown key `tset`"), "{shown}");
        assert!(shown.contains("did you mean `test`?"), "{shown}");
        assert!(shown.contains("t.yaml:4:5: expected a line of text or a mapping, found a number"), "{shown}");
        assert!(shown.contains("t.yaml:5:5: no action `sned` on a workgroup"), "{shown}");
    }

    #[test]
    fn files_that_are_not_lists_of_tests_are_refused() {
        for (text, expected) in [
            ("tests:\n", "`tests`: expected a list, found nothing"),
            ("tset: []\n", "the file has no `tests`"),
            ("tests: []\ntests: []\n", "t.yaml:2:1: duplicate key `tests`, first in line 1"),
            ("tests:\n  - {test: a, test: b}\n", "t.yaml:2:15: duplicate key `test`"),
            ("tests:\n  - <<: {test: a}\n", "merge"),
            ("tests: !x []\n", "tag"),
            ("tests: [\n", "t.yaml:"),
            ("", "not a list of tests"),
            (&"- ".repeat(10_000), "nested more than 32 levels"),
        ] {
            let shown = shown(text);
            assert!(shown.contains(expected) && shown.len() < 1000, "{shown}");
        }
    }
}
