//! YAML as a tree in which every node has its position. All reading of YAML goes through this module.
//!
//! A text is first read into a tree ([`Node`]) and checked afterwards, so that one run reports every mistake
//! ([`Diagnostic`]) and not only the first. The crate is set to be strict: it refuses merge keys and tags, reads
//! only `true` and `false` as booleans, and bounds depth, aliases and sizes by the length of the text. This module
//! also refuses duplicate keys and keys that are not text, which the crate accepts.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, MergeKeyPolicy, NonFiniteFloatPolicy, Spanned};

use super::library_errors;
use super::limits::{MAX_ALIAS_BYTES, MAX_ALIAS_NODES, MAX_DEPTH};
use crate::model::Problem;
use crate::model::escape::{escape_hidden, is_hidden, printable};

/// Up to this many keys are compared one by one. Most mappings have no more, and hashing them would take longer.
const HASH_THRESHOLD: usize = 12;

/// The maximum number of characters of a source line in a message.
const MAX_SNIPPET_CHARS: usize = 100;

/// A position in a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// The line, from 1; 0 if the position is unknown.
    pub line: u32,
    /// The column, from 1, in characters.
    pub column: u32,
    /// The length, in characters.
    pub length: u32,
}

impl Span {
    fn of(location: Location) -> Span {
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Span { line: small(location.line()), column: small(location.column()), length: small(location.span().len()) }
    }
}

/// A value and its position.
#[derive(Clone, Debug)]
pub struct WithSpan<T> {
    /// The position.
    pub span: Span,
    /// The value.
    pub value: T,
}

/// A value of a YAML or JSON document.
#[derive(Clone, Debug)]
pub enum Node {
    /// A missing value after the colon, `~` or `null`.
    Null,
    /// Text, quoted or not.
    Text(Box<str>),
    /// A number, in the digits of the document.
    Number(Box<str>),
    /// `true` or `false`.
    Bool(bool),
    /// A list.
    List(Vec<WithSpan<Node>>),
    /// Keys and values, in the order of the document.
    Mapping(Vec<Entry>),
    /// Marks the value of a key that is not text. `bad_keys` removes such entries, so no finished tree has it.
    Keyless,
}

/// A key and its value.
pub type Entry = (WithSpan<Box<str>>, WithSpan<Node>);

impl Node {
    /// The type of the value, with an article, for messages: "a list".
    pub const fn type_name(&self) -> &'static str {
        match self {
            Node::Null | Node::Keyless => "nothing",
            Node::Text(_) => "text",
            Node::Number(_) => "a number",
            Node::Bool(_) => "true or false",
            Node::List(_) => "a list",
            Node::Mapping(_) => "a mapping",
        }
    }
}

/// The value of a key in a mapping; `None` if the mapping lacks the key.
pub fn get<'n>(entries: &'n [Entry], name: &str) -> Option<&'n WithSpan<Node>> {
    entries.iter().find(|(key, _)| &*key.value == name).map(|(_, value)| value)
}

/// A mistake in a text, with its position.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The position of the mistake.
    pub span: Span,
    /// The mistake, in one line.
    pub message: String,
    /// Hints for a correction, each shown after `try:`.
    pub tips: Vec<String>,
}

impl Diagnostic {
    /// A mistake at a position, without hints.
    pub fn at_span(span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { span, message: message.into(), tips: Vec::new() }
    }

    /// A problem as a mistake at a position. The message includes the reason of the problem.
    pub fn from_problem(span: Span, problem: Problem) -> Diagnostic {
        let why = problem.why.map(|why| format!(": {why}")).unwrap_or_default();
        Diagnostic { span, message: format!("{}{why}", problem.message), tips: problem.tips }
    }

    /// Adds a hint.
    #[must_use]
    pub fn tip(mut self, tip: impl Into<String>) -> Diagnostic {
        self.tips.push(tip.into());
        self
    }

    /// As [`render`](Diagnostic::render), where the caller has only the text of the line and not the whole file.
    pub fn render_line(&self, file: &str, line: &str) -> String {
        let alone = Diagnostic { span: Span { line: 1, ..self.span }, ..self.clone() };
        let shown = alone.render(file, line);
        let (number, column) = (self.span.line, self.span.column);
        shown
            .replacen(&format!(":1:{column}:"), &format!(":{number}:{column}:"), 1)
            .replacen("\n    1 | ", &format!("\n    {number} | "), 1)
            .replacen("\n      | ", &format!("\n    {} | ", " ".repeat(number.to_string().len())), 1)
    }

    /// The message and the hints, without the position.
    pub fn without_span(&self) -> String {
        let mut shown = escape_hidden(&self.message).into_owned();
        self.add_tips(&mut shown);
        shown
    }

    /// The message with file, line and column, then the source line with the mistake underlined, then the hints.
    /// `text` is the whole text of the file.
    pub fn render(&self, file: &str, text: &str) -> String {
        let Span { line, column, length } = self.span;
        if line == 0 {
            return format!("{}: {}", escape_hidden(file), escape_hidden(&self.message));
        }
        let mut shown = format!("{}:{line}:{column}: {}", escape_hidden(file), escape_hidden(&self.message));
        let source = usize::try_from(line).ok().and_then(|line| text.lines().nth(line.checked_sub(1)?));
        if let Some(source) = source {
            let (source, mark) = underlined(source, column as usize, length as usize);
            let margin = " ".repeat(line.to_string().len());
            shown.push_str(&format!("\n    {line} | {source}\n    {margin} | {mark}"));
        }
        self.add_tips(&mut shown);
        shown
    }

    fn add_tips(&self, shown: &mut String) {
        for tip in &self.tips {
            shown.push_str(&format!("\n    try: {}", escape_hidden(tip)));
        }
    }
}

/// The source line, cut to the part around the column if it is long, and the line of `^` below it.
fn underlined(source: &str, column: usize, length: usize) -> (String, String) {
    let before = column.saturating_sub(1);
    let skipped = before.saturating_sub(MAX_SNIPPET_CHARS / 2);
    // Each hidden character becomes one space, so that the marks below keep their columns.
    let plain = |it: char| if is_hidden(it) { ' ' } else { it };
    let part: String = source.trim_end().chars().skip(skipped).take(MAX_SNIPPET_CHARS).map(plain).collect();
    let rest = part.chars().count().saturating_sub(before - skipped).max(1);
    let mark = format!("{}{}", " ".repeat(before - skipped), "^".repeat(length.clamp(1, rest)));
    (part, mark)
}

/// The bytes of a file as text: UTF-8 without NUL. A leading byte order mark is removed.
///
/// # Errors
/// The position of the first byte that is not UTF-8, or of the first NUL.
pub fn text_of(bytes: &[u8]) -> Result<&str, Diagnostic> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let at = |end: usize, message: String| {
        let before = bytes.get(..end).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let column = String::from_utf8_lossy(before.get(start..).unwrap_or_default()).chars().count() + 1;
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Diagnostic::at_span(Span { line: small(line), column: small(column), length: 1 }, message)
    };
    let text =
        std::str::from_utf8(bytes).map_err(|error| at(error.valid_up_to(), "the file is not UTF-8 here".to_owned()))?;
    match text.find('\0') {
        Some(end) => Err(at(end, "unexpected NUL byte".to_owned())),
        None => Ok(text),
    }
}

/// Reads a text: its tree, and the mistakes of syntax. A text with a bad key keeps its tree, so that the caller can
/// report other mistakes too. The tree is `None` if the text is not YAML.
pub fn parse_tree(text: &str) -> (Option<WithSpan<Node>>, Vec<Diagnostic>) {
    match parse_nodes(text) {
        Ok(mut root) => {
            let mut diagnostics = Vec::new();
            bad_keys(&mut root.value, &mut diagnostics);
            (Some(root), diagnostics)
        }
        Err(diagnostic) => (None, vec![diagnostic]),
    }
}

/// As [`parse_tree`], for callers that stop at mistakes of syntax.
///
/// # Errors
/// A syntax error, with its position; otherwise every duplicate key and every key that is not text.
pub fn parse_strict(text: &str) -> Result<WithSpan<Node>, Vec<Diagnostic>> {
    match parse_tree(text) {
        (Some(root), diagnostics) if diagnostics.is_empty() => Ok(root),
        (_, diagnostics) => Err(diagnostics),
    }
}

/// Finds duplicate keys and keys that are not text, at all levels. Removes keys that are not text, with their
/// values.
pub(super) fn bad_keys(node: &mut Node, diagnostics: &mut Vec<Diagnostic>) {
    match node {
        Node::List(items) => items.iter_mut().for_each(|item| bad_keys(&mut item.value, diagnostics)),
        Node::Mapping(entries) => {
            entries.retain(|(key, value)| {
                let is_text = !matches!(value.value, Node::Keyless);
                if !is_text {
                    diagnostics.push(Diagnostic::at_span(key.span, library_errors::COMPLEX_KEY));
                }
                is_text
            });
            let mut seen = HashMap::new();
            for (index, (key, _)) in entries.iter().enumerate() {
                let before = if entries.len() <= HASH_THRESHOLD {
                    let before = entries.iter().take(index).find(|(known, _)| known.value == key.value);
                    before.map(|(known, _)| known.span.line)
                } else {
                    seen.insert(&*key.value, key.span.line)
                };
                // An empty key is reported as missing by the validator, not as a duplicate here.
                if let Some(before) = before.filter(|_| !key.value.is_empty()) {
                    let text = printable(&key.value);
                    let message = match before {
                        same if same == key.span.line => format!("duplicate key `{text}`"),
                        before => format!("duplicate key `{text}`, first in line {before}"),
                    };
                    diagnostics.push(Diagnostic::at_span(key.span, message));
                }
            }
            entries.iter_mut().for_each(|(_, value)| bad_keys(&mut value.value, diagnostics));
        }
        Node::Keyless | Node::Null | Node::Text(_) | Node::Number(_) | Node::Bool(_) => {}
    }
}

fn parse_nodes(text: &str) -> Result<WithSpan<Node>, Diagnostic> {
    // Every node takes at least one byte, so a text cannot hold more nodes than bytes.
    let most = text.len().saturating_add(64);
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_events: most.saturating_mul(2).saturating_add(MAX_ALIAS_NODES),
            max_nodes: most.saturating_add(MAX_ALIAS_NODES),
            max_total_scalar_bytes: most.saturating_mul(2).saturating_add(MAX_ALIAS_BYTES),
            max_documents: 1,
            max_aliases: MAX_ALIAS_NODES,
            max_anchors: MAX_ALIAS_NODES,
            // A list that is repeated in a hundred groups is no attack: the limit is on the amount repeated.
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_ALIAS_NODES,
            max_replay_stack_depth: MAX_DEPTH,
        },
        // `bad_keys` reports all duplicates together.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        merge_keys: MergeKeyPolicy::Error,
        reject_unsupported_tags: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let (message, tip) = library_errors::yaml(&error);
        let span = error.location().map_or(Span::default(), Span::of);
        let mut diagnostic = Diagnostic::at_span(span, message);
        diagnostic.tips.extend(tip.map(str::to_owned));
        diagnostic
    })
}

impl<'de> Deserialize<'de> for WithSpan<Node> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<WithSpan<Node>, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<Node>::deserialize(reader)?;
        Ok(WithSpan { span: Span::of(referenced), value })
    }
}

/// A key of a mapping.
enum Key {
    /// Text. `null` and `~` become the empty key, which the validator reports.
    Text(Box<str>),
    /// A list or a mapping.
    Complex,
}

/// The start of the crate's message for a list or a mapping where it expects text.
const NO_TEXT: &str = "expected ";

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Key, D::Error> {
        match Option::<Box<str>>::deserialize(reader) {
            Ok(text) => Ok(Key::Text(text.unwrap_or_default())),
            // The crate reads the whole key before it checks the type, so reading can continue behind it.
            Err(error) if error.to_string().starts_with(NO_TEXT) => Ok(Key::Complex),
            Err(error) => Err(error),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Node, D::Error> {
        reader.deserialize_any(NodeVisitor(None))
    }
}

/// Gives every node the same position, for readers that keep no positions.
#[derive(Clone, Copy)]
pub(super) struct FixedSpan(pub(super) Span);

impl<'de> DeserializeSeed<'de> for FixedSpan {
    type Value = WithSpan<Node>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<WithSpan<Node>, D::Error> {
        Ok(WithSpan { span: self.0, value: reader.deserialize_any(NodeVisitor(Some(self.0)))? })
    }
}

/// Builds a value. With `None` its parts get the positions of the reader, with `Some` they all get that position.
struct NodeVisitor(Option<Span>);

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, reader: D) -> Result<Node, D::Error> {
        reader.deserialize_any(self)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Node, E> {
        Ok(Node::Bool(truth))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(number.to_string().into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number.to_string().into()))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Node, E> {
        Ok(Node::Number(number.to_string().into()))
    }

    fn visit_i128<E>(self, number: i128) -> Result<Node, E> {
        Ok(Node::Number(number.to_string().into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        // `{:?}` keeps the decimal point, so that the number is never read as a whole number.
        Ok(Node::Number(format!("{number:?}").into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.into()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut found = Vec::new();
        loop {
            let item = match self.0 {
                None => items.next_element()?,
                Some(span) => items.next_element_seed(FixedSpan(span))?,
            };
            match item {
                Some(item) => found.push(item),
                None => break,
            }
        }
        // Documents hold very many small lists, and the spare room for four elements would be most of their memory.
        found.shrink_to_fit();
        Ok(Node::List(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut found = Vec::new();
        loop {
            let entry = match self.0 {
                None => entries.next_entry::<Spanned<Key>, WithSpan<Node>>()?.map(|(key, value)| {
                    let span = Span::of(key.referenced);
                    match key.value {
                        Key::Text(text) => (WithSpan { span, value: text }, value),
                        Key::Complex => {
                            (WithSpan { span, value: Box::default() }, WithSpan { span, value: Node::Keyless })
                        }
                    }
                }),
                Some(span) => match entries.next_key::<Box<str>>()? {
                    Some(value) => Some((WithSpan { span, value }, entries.next_value_seed(FixedSpan(span))?)),
                    None => None,
                },
            };
            match entry {
                Some(entry) => found.push(entry),
                None => break,
            }
        }
        found.shrink_to_fit();
        Ok(Node::Mapping(found))
    }
}
