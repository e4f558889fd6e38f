//! What several files say of one thing, read as if one said it.
//!
//! A mapping is read by [`Reading::mapping`] alone, which watches what is taken out of it: a key that nobody
//! takes is a mistake, so no key can be read and then not used.

use std::cell::Cell;
use std::collections::HashMap;

use super::form::Form;
use super::said::Spot;
use super::shape::{Object, Shape};
use crate::input::document::{Diagnostic, Entry, Node, WithSpan};
use crate::model::name::printable;

/// A mapping of one of the sources.
#[derive(Clone, Debug)]
pub(super) struct Part<'n> {
    /// The source, by its number.
    source: u32,
    /// What stands in it.
    entries: &'n [Entry],
    /// Which of the entries were taken: a bit for each.
    taken: Cell<u64>,
}

impl<'n> Part<'n> {
    /// A mapping of a source.
    pub(super) const fn new(source: u32, entries: &'n [Entry]) -> Part<'n> {
        Part { source, entries, taken: Cell::new(0) }
    }

    /// Takes the value of a key.
    fn take(&self, name: &str) -> Option<Found<'n>> {
        let at = self.entries.iter().position(|(key, _)| &*key.value == name)?;
        self.taken.set(self.taken.get() | (1_u64 << at.min(63)));
        self.entries.get(at).map(|(_, node)| Found { source: self.source, node })
    }

    /// The keys that nobody took. No mapping has 64 known keys without a duplicate.
    fn left(&self) -> impl Iterator<Item = (Spot, &'n str)> {
        let taken = self.taken.get();
        let are_all_taken = taken.count_ones() as usize == self.entries.len();
        let rest = if are_all_taken { &[] } else { self.entries };
        let left = rest.iter().enumerate().filter(move |(at, _)| taken & (1_u64 << at.min(&63)) == 0);
        left.map(|(_, (key, _))| (Spot { source: self.source, place: key.span }, &*key.value))
    }
}

/// A value of one of the sources.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'n> {
    /// The source, by its number.
    pub(super) source: u32,
    /// The value.
    pub(super) node: &'n WithSpan<Node>,
}

impl Found<'_> {
    /// Where it stands.
    pub(super) const fn spot(&self) -> Spot {
        Spot { source: self.source, place: self.node.span }
    }
}

/// A mistake of one of the sources.
pub(super) type Wrong = (u32, Diagnostic);

/// What is known while the parts of a thing are put together.
#[derive(Debug)]
pub(super) struct Reading<'s> {
    /// The names of the sources.
    pub(super) names: &'s [String],
    /// What is wrong.
    pub(super) wrong: Vec<Wrong>,
    /// Known keys that nobody took.
    unread: Vec<(Spot, String)>,
}

impl<'s> Reading<'s> {
    /// Begins to read sources of these names.
    pub(super) const fn new(names: &'s [String]) -> Reading<'s> {
        Reading { names, wrong: Vec::new(), unread: Vec::new() }
    }

    /// Reads a mapping that stands in one or several sources: `read` takes what is in it.
    pub(super) fn mapping<'n, T>(
        &mut self,
        object: &'static Object,
        parts: Vec<Part<'n>>,
        read: impl FnOnce(&mut Reading<'s>, &Fields<'n>) -> T,
    ) -> T {
        let fields = Fields { object, parts };
        let value = read(self, &fields);
        for (spot, key) in fields.parts.iter().flat_map(Part::left) {
            self.unread.push((spot, key.to_owned()));
        }
        value
    }

    /// As [`Reading::mapping`], of the mappings among some values.
    pub(super) fn mappings<'n, T>(
        &mut self,
        object: &'static Object,
        found: impl Iterator<Item = Found<'n>>,
        read: impl FnOnce(&mut Reading<'s>, &Fields<'n>) -> T,
    ) -> T {
        let parts = found.filter_map(|found| match &found.node.value {
            Node::Mapping(entries) => Some(Part::new(found.source, entries)),
            _ => None,
        });
        self.mapping(object, parts.collect(), read)
    }

    /// Ends the reading: what is wrong. Where nothing else is, a key that nobody took is; where something is,
    /// it may be what kept the key from being taken.
    pub(super) fn end(mut self) -> Vec<Wrong> {
        if self.wrong.is_empty() {
            for (spot, key) in std::mem::take(&mut self.unread) {
                let message = format!("`{}` has no effect here", printable(&key));
                self.mistake(spot, message).tips.push("leave it out".to_owned());
            }
        }
        self.wrong
    }

    /// Keeps a mistake.
    pub(super) fn mistake(&mut self, spot: Spot, message: impl Into<String>) -> &mut Diagnostic {
        self.wrong.push((spot.source, Diagnostic::at_span(spot.place, message)));
        let last = self.wrong.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "the element was pushed above")]
        &mut self.wrong[last].1
    }

    /// A place in words. A row is read alone, and what it says twice stands in it.
    pub(super) fn told(&self, spot: Spot) -> String {
        match self.names.get(spot.source as usize) {
            Some(name) => format!("{name}:{}:{}", spot.place.line, spot.place.column),
            None => "this row".to_owned(),
        }
    }
}

/// A thing, as all sources describe it. Made by [`Reading::mapping`].
#[derive(Debug)]
pub(super) struct Fields<'n> {
    /// The shape of it.
    object: &'static Object,
    /// Where it is described.
    parts: Vec<Part<'n>>,
}

impl<'n> Fields<'n> {
    /// Everything that stands behind a key.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = Found<'n>> {
        self.parts.iter().filter_map(move |part| part.take(name))
    }

    /// What stands behind a key; said twice it must be the same.
    pub(super) fn get(&self, reading: &mut Reading<'_>, name: &str) -> Option<Found<'n>> {
        let mut all = self.all(name);
        let first = all.next()?;
        let shape = self.object.field(name).map(|field| &field.shape)?;
        for other in all {
            if canonical(shape, &other.node.value) != canonical(shape, &first.node.value) {
                let message = format!(
                    "`{name}` is {} here and {} in {}",
                    told(&other.node.value),
                    told(&first.node.value),
                    reading.told(first.spot())
                );
                reading.mistake(other.spot(), message).tips.push("say it once, or the same twice".to_owned());
            }
        }
        Some(first)
    }

    /// The text behind a key.
    pub(super) fn text(&self, reading: &mut Reading<'_>, name: &str) -> Option<&'n str> {
        text(self.get(reading, name)?.node)
    }

    /// The text behind a key, as something else.
    pub(super) fn parsed<T, E>(
        &self,
        reading: &mut Reading<'_>,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        read(self.text(reading, name)?).ok()
    }

    /// The word behind a key.
    pub(super) fn word<T>(
        &self,
        reading: &mut Reading<'_>,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        read(self.text(reading, name)?)
    }

    /// Whether what stands behind a key is so.
    pub(super) fn truth(&self, reading: &mut Reading<'_>, name: &str) -> Option<bool> {
        match self.get(reading, name)?.node.value {
            Node::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    /// The number behind a key.
    pub(super) fn number(&self, reading: &mut Reading<'_>, name: &str) -> Option<u64> {
        match &self.get(reading, name)?.node.value {
            Node::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Reads the mapping behind a key, in every source; none where no source has one.
    pub(super) fn within<'s, T>(
        &self,
        reading: &mut Reading<'s>,
        (name, object): (&str, &'static Object),
        read: impl FnOnce(&mut Reading<'s>, &Fields<'n>) -> T,
    ) -> Option<T> {
        let mut found = self.all(name).peekable();
        found.peek()?;
        Some(reading.mappings(object, found, read))
    }

    /// Everything in the lists behind a key.
    pub(super) fn items(&self, name: &str) -> impl Iterator<Item = Found<'n>> {
        self.all(name).flat_map(|found| {
            let items: &[WithSpan<Node>] = match &found.node.value {
                Node::List(items) => items,
                _ => &[],
            };
            items.iter().map(move |node| Found { source: found.source, node })
        })
    }

    /// Every key that is said.
    pub(super) fn said(&self) -> impl Iterator<Item = (Spot, &'n str)> {
        self.parts.iter().flat_map(|part| {
            part.entries.iter().map(move |(key, _)| (Spot { source: part.source, place: key.span }, &*key.value))
        })
    }
}

/// The text of a value.
pub(super) fn text(node: &WithSpan<Node>) -> Option<&str> {
    match &node.value {
        Node::Text(text) => Some(text),
        _ => None,
    }
}

/// A thing as one of the sources names it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entered<'n> {
    /// Where the key stands.
    pub(super) spot: Spot,
    /// The key.
    pub(super) key: &'n str,
    /// What stands behind it.
    pub(super) found: Found<'n>,
}

/// The things of a section, in the order in which they are first named, each with where it is named.
pub(super) fn entries<'n>(form: Form, found: impl Iterator<Item = Found<'n>>) -> Vec<Vec<Entered<'n>>> {
    let sections: Vec<Found<'n>> = found.collect();
    let mut things: Vec<Vec<Entered<'n>>> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for section in &sections {
        let Node::Mapping(entries) = &section.node.value else { continue };
        for (key, node) in entries {
            let spot = Spot { source: section.source, place: key.span };
            let entry = Entered { spot, key: &key.value, found: Found { source: section.source, node } };
            // Most manifests are one file, in which no key stands twice.
            let canonical = (sections.len() > 1).then(|| form.canonical(&key.value));
            match canonical.as_ref().and_then(|key| seen.get(key)).and_then(|place| things.get_mut(*place)) {
                Some(thing) => thing.push(entry),
                None => {
                    seen.extend(canonical.map(|key| (key, things.len())));
                    things.push(vec![entry]);
                }
            }
        }
    }
    things
}

/// A value in the form in which two that mean the same are equal.
fn canonical(shape: &Shape, node: &Node) -> String {
    match (shape, node) {
        (Shape::OneOf(shapes), _) => match shapes.iter().find(|shape| super::check::fits(shape, node)) {
            Some(shape) => canonical(shape, node),
            None => String::new(),
        },
        (Shape::Text(form), Node::Text(text)) => form.canonical(text),
        (Shape::List(of), Node::List(items)) => {
            let mut parts: Vec<String> = items.iter().map(|item| canonical(of, &item.value)).collect();
            parts.sort_unstable();
            parts.join(",")
        }
        (_, node) => told(node),
    }
}

/// A value in words.
fn told(node: &Node) -> String {
    match node {
        Node::Text(text) => format!("`{}`", printable(text)),
        Node::Number(text) => text.to_string(),
        Node::Bool(truth) => truth.to_string(),
        Node::List(items) => {
            let items: Vec<String> = items.iter().map(|item| told(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.type_name().to_owned(),
    }
}
