//! YAML with the place of everything in it: the one door to the crate that reads it.
//!
//! A text is read into a tree first and looked at afterwards, so that one run tells of every mistake
//! and not of the first alone. The crate is told to be strict: no merge keys, no tags, `true` and
//! `false` are the only words that are not text, and depth, aliases and sizes are bounded by the
//! length of the text. What it would let pass is found here: keys that stand twice, a byte order mark
//! within, several documents in one file.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, MergeKeyPolicy, NonFiniteFloatPolicy, Spanned};

use super::library_errors;
use crate::model::Problem;
use crate::model::escape::{escape_hidden, is_hidden};
use crate::model::name::printable;

/// The deepest nesting: far more than a manifest has, and little enough for any stack.
pub(super) const MAX_DEPTH: usize = 32;

/// How many values aliases may repeat in all: a list of 500 people in 100 groups is far below it, and what
/// they take in memory is some 20 MB.
pub(super) const MAX_ALIAS_NODES: usize = 200_000;

/// How much text these may hold in all, in bytes.
const MAX_ALIAS_BYTES: usize = 16 << 20;

/// So many keys are compared one by one: most mappings have no more, and to hash them would take longer.
const HASH_THRESHOLD: usize = 12;

/// The longest part of a line that is shown.
const MAX_SNIPPET_CHARS: usize = 100;

/// Where something stands in a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// The line, from 1; 0 where nothing is known.
    pub line: u32,
    /// The column, from 1, in characters.
    pub column: u32,
    /// How many characters it has.
    pub length: u32,
}

impl Span {
    fn of(location: Location) -> Span {
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Span { line: small(location.line()), column: small(location.column()), length: small(location.span().len()) }
    }
}

/// Something at its place.
#[derive(Clone, Debug)]
pub struct WithSpan<T> {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub value: T,
}

/// A value.
#[derive(Clone, Debug)]
pub enum Node {
    /// Nothing after the colon, `~` or `null`.
    Null,
    /// Text, quoted or not.
    Text(Box<str>),
    /// A number, as it was written.
    Number(Box<str>),
    /// `true` or `false`.
    Bool(bool),
    /// A list.
    List(Vec<WithSpan<Node>>),
    /// Keys and values, in their order.
    Mapping(Vec<Entry>),
    /// The value of a key that is not text. No tree that was read has it.
    Keyless,
}

/// A key and its value.
pub type Entry = (WithSpan<Box<str>>, WithSpan<Node>);

impl Node {
    /// What it is, for a message about what it is not.
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

/// A value of a mapping.
pub fn get<'n>(entries: &'n [Entry], name: &str) -> Option<&'n WithSpan<Node>> {
    entries.iter().find(|(key, _)| &*key.value == name).map(|(_, value)| value)
}

/// Something wrong in a text, at its place.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Where.
    pub span: Span,
    /// What.
    pub message: String,
    /// What to try.
    pub tips: Vec<String>,
}

impl Diagnostic {
    /// A mistake at a place.
    pub fn at_span(span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { span, message: message.into(), tips: Vec::new() }
    }

    /// What a problem says, at a place.
    pub fn from_problem(span: Span, problem: Problem) -> Diagnostic {
        let why = problem.why.map(|why| format!(": {why}")).unwrap_or_default();
        Diagnostic { span, message: format!("{}{why}", problem.message), tips: problem.tips }
    }

    /// Adds something to try.
    #[must_use]
    pub fn tip(mut self, tip: impl Into<String>) -> Diagnostic {
        self.tips.push(tip.into());
        self
    }

    /// The mistake of a line whose text is at hand.
    pub fn render_line(&self, file: &str, line: &str) -> String {
        let alone = Diagnostic { span: Span { line: 1, ..self.span }, ..self.clone() };
        let shown = alone.render(file, line);
        let (number, column) = (self.span.line, self.span.column);
        shown
            .replacen(&format!(":1:{column}:"), &format!(":{number}:{column}:"), 1)
            .replacen("\n    1 | ", &format!("\n    {number} | "), 1)
            .replacen("\n      | ", &format!("\n    {} | ", " ".repeat(number.to_string().len())), 1)
    }

    /// The mistake without any place, and what to try.
    pub fn without_span(&self) -> String {
        let mut shown = escape_hidden(&self.message).into_owned();
        self.add_tips(&mut shown);
        shown
    }

    /// The mistake with its file, line and column, the line underlined, and what to try.
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

/// A line, of a long one the part around a column, and what underlines so many characters from there.
fn underlined(source: &str, column: usize, length: usize) -> (String, String) {
    let before = column.saturating_sub(1);
    let skipped = before.saturating_sub(MAX_SNIPPET_CHARS / 2);
    // One character for each, so that what is beneath stands where it belongs.
    let plain = |it: char| if is_hidden(it) { ' ' } else { it };
    let part: String = source.trim_end().chars().skip(skipped).take(MAX_SNIPPET_CHARS).map(plain).collect();
    let rest = part.chars().count().saturating_sub(before - skipped).max(1);
    let mark = format!("{}{}", " ".repeat(before - skipped), "^".repeat(length.clamp(1, rest)));
    (part, mark)
}

/// The bytes of a file as text: UTF-8 without NUL, a byte order mark in front left out.
///
/// # Errors
/// The place of the first byte that is none.
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
        Some(end) => Err(at(end, "a NUL stands here".to_owned())),
        None => Ok(text),
    }
}

/// Reads a text: its tree, if it is YAML at all, and the mistakes that are YAML's own. A key that is there twice
/// is one, and what else is wrong with the tree can still be told.
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

/// As [`parse_tree`], where a mistake of YAML is reason enough to look no further.
///
/// # Errors
/// What is no YAML, with its place; every key that stands twice in a mapping.
pub fn parse_strict(text: &str) -> Result<WithSpan<Node>, Vec<Diagnostic>> {
    match parse_tree(text) {
        (Some(root), diagnostics) if diagnostics.is_empty() => Ok(root),
        (_, diagnostics) => Err(diagnostics),
    }
}

/// Finds duplicate keys and keys that are not text, everywhere. Keys that are not text are removed with
/// their values.
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
            for (place, (key, _)) in entries.iter().enumerate() {
                let before = if entries.len() <= HASH_THRESHOLD {
                    let before = entries.iter().take(place).find(|(known, _)| known.value == key.value);
                    before.map(|(known, _)| known.span.line)
                } else {
                    seen.insert(&*key.value, key.span.line)
                };
                // No key is told as that, and not as a duplicate.
                if let Some(before) = before.filter(|_| !key.value.is_empty()) {
                    let told = printable(&key.value);
                    let message = match before {
                        same if same == key.span.line => format!("the key `{told}` stands twice in this line"),
                        before => format!("the key `{told}` stands in line {before} already"),
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
    // Nothing that is written takes less than a byte, so a text of that length cannot have more.
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
            // One list that is repeated in a hundred groups is no attack: what counts is how much is repeated.
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_ALIAS_NODES,
            max_replay_stack_depth: MAX_DEPTH,
        },
        // Handed on, to be told of all at once.
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
    /// Text. `null` and `~` are none: as an empty key they are a mistake like any other.
    Text(Box<str>),
    /// A list or a mapping.
    Complex,
}

/// How the crate begins to complain of a list or a mapping where text is wanted.
const NO_TEXT: &str = "expected ";

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Key, D::Error> {
        match Option::<Box<str>>::deserialize(reader) {
            Ok(text) => Ok(Key::Text(text.unwrap_or_default())),
            // The crate takes a key whole before it looks what it is, and can go on behind it.
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

/// Everything that is read is said to stand at one place: for input whose reader keeps no places.
#[derive(Clone, Copy)]
pub(super) struct FixedSpan(pub(super) Span);

impl<'de> DeserializeSeed<'de> for FixedSpan {
    type Value = WithSpan<Node>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<WithSpan<Node>, D::Error> {
        Ok(WithSpan { span: self.0, value: reader.deserialize_any(NodeVisitor(Some(self.0)))? })
    }
}

/// A value, whose parts stand where the reader says, or all at one place.
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
        // With its point, so that it is never taken for a whole number.
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
        // There are very many small ones, and room for four would be most of what they take.
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
