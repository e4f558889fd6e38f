//! YAML with the place of everything in it: the one door to the crate that reads it.
//!
//! The text is read into a tree first and looked at afterwards, so that one run tells of every mistake
//! and not of the first alone. The crate is told to be strict: no key twice, no merge keys, no tags, and
//! `true` and `false` are the only words that are not text.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, MergeKeyPolicy, Spanned};

use crate::model::Problem;
use crate::model::name::printable;

/// The deepest nesting: far more than a manifest has, and little enough for any stack.
const DEEPEST: usize = 32;

/// The longest part of a line that is shown.
const WIDEST: usize = 100;

/// Something at its place.
pub(super) type Placed<T> = Spanned<T>;

/// A value.
#[derive(Debug)]
pub(super) enum Node {
    Nothing,
    Text(String),
    /// A number, as text.
    Number(String),
    Truth,
    List(Vec<Placed<Node>>),
    Mapping(Vec<Entry>),
}

/// A key and its value.
pub(super) type Entry = (Placed<String>, Placed<Node>);

/// Something wrong in a text, at its place.
#[derive(Debug)]
pub(super) struct Mistake {
    place: Location,
    message: String,
    tips: Vec<String>,
}

impl Mistake {
    pub(super) fn at<T>(place: &Placed<T>, message: impl Into<String>) -> Mistake {
        Mistake { place: place.referenced, message: message.into(), tips: Vec::new() }
    }

    /// What a problem says, at a place.
    pub(super) fn of<T>(place: &Placed<T>, problem: Problem) -> Mistake {
        let why = problem.why.map(|why| format!(": {why}")).unwrap_or_default();
        Mistake { place: place.referenced, message: format!("{}{why}", problem.message), tips: problem.tips }
    }

    pub(super) fn tip(mut self, tip: impl Into<String>) -> Mistake {
        self.tips.push(tip.into());
        self
    }

    /// The mistake with its file, line and column, the line underlined, and what to try.
    pub(super) fn shown(&self, file: &str, text: &str) -> String {
        let (line, column) = (self.place.line(), self.place.column());
        let mut shown = format!("{file}:{line}:{column}: {}", self.message);
        let source = usize::try_from(line).ok().and_then(|line| text.lines().nth(line.checked_sub(1)?));
        if let Some(source) = source {
            let column = usize::try_from(column).unwrap_or_default();
            let length = usize::try_from(self.place.span().len()).unwrap_or_default();
            let (source, mark) = underlined(source, column, length);
            let margin = " ".repeat(line.to_string().len());
            shown.push_str(&format!("\n    {line} | {source}\n    {margin} | {mark}"));
        }
        for tip in &self.tips {
            shown.push_str(&format!("\n    try: {tip}"));
        }
        shown
    }
}

/// A line, of a long one the part around a column, and what underlines so many characters from there.
fn underlined(source: &str, column: usize, length: usize) -> (String, String) {
    let before = column.saturating_sub(1);
    let skipped = before.saturating_sub(WIDEST / 2);
    // One character for each, so that what is beneath stands where it belongs.
    let plain = |it: char| if it.is_control() { ' ' } else { it };
    let part: String = source.trim_end().chars().skip(skipped).take(WIDEST).map(plain).collect();
    let rest = part.chars().count().saturating_sub(before - skipped).max(1);
    let mark = format!("{}{}", " ".repeat(before - skipped), "^".repeat(length.clamp(1, rest)));
    (part, mark)
}

/// Reads a text; the mistakes are those of YAML alone.
pub(super) fn read(text: &str) -> Result<Placed<Node>, Vec<Mistake>> {
    let root = parse(text).map_err(|mistake| vec![mistake])?;
    let mut mistakes = Vec::new();
    doubled(&root.value, &mut mistakes);
    if mistakes.is_empty() { Ok(root) } else { Err(mistakes) }
}

/// Finds the keys that stand twice in a mapping, everywhere.
fn doubled(node: &Node, mistakes: &mut Vec<Mistake>) {
    match node {
        Node::List(items) => items.iter().for_each(|item| doubled(&item.value, mistakes)),
        Node::Mapping(entries) => {
            let mut seen = HashMap::new();
            for (key, value) in entries {
                if let Some(before) = seen.insert(key.value.as_str(), key.referenced.line()) {
                    let message = format!("the key `{}` stands in line {before} already", printable(&key.value));
                    mistakes.push(Mistake::at(key, message));
                }
                doubled(&value.value, mistakes);
            }
        }
        Node::Nothing | Node::Text(_) | Node::Number(_) | Node::Truth => {}
    }
}

fn parse(text: &str) -> Result<Placed<Node>, Mistake> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: DEEPEST },
        // Handed on, to be told of all at once.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        merge_keys: MergeKeyPolicy::Error,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let said = error.without_snippet().to_string();
        let first = said.lines().next().unwrap_or_default();
        // The place is said in our own way.
        let message = first.split_once(" at line ").map_or(first, |(message, _)| message);
        let message = message.trim_start_matches("error: ").trim_end_matches(" by configured policy");
        let is_bound = message.starts_with("budget breached") || message.starts_with("recursion limit");
        let message = if is_bound { "the file is too deep or has too much in it" } else { message };
        let place = error.location().unwrap_or(Location::UNKNOWN);
        Mistake { place, message: printable(message), tips: Vec::new() }
    })
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Node, D::Error> {
        reader.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, reader: D) -> Result<Node, D::Error> {
        Node::deserialize(reader)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Truth)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Number(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut found = Vec::new();
        while let Some(item) = items.next_element()? {
            found.push(item);
        }
        Ok(Node::List(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut found = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            found.push(entry);
        }
        Ok(Node::Mapping(found))
    }
}

impl Node {
    /// What it is, for a message about what it is not.
    pub(super) const fn sort(&self) -> &'static str {
        match self {
            Node::Nothing => "nothing",
            Node::Text(_) => "text",
            Node::Number(_) => "a number",
            Node::Truth => "true or false",
            Node::List(_) => "a list",
            Node::Mapping(_) => "a mapping",
        }
    }
}
