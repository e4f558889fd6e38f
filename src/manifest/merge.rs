//! What several files say of one thing, read as if one said it.
//!
//! A mapping is read by [`MergeReader::mapping`] alone, which watches what is taken out of it: a key that nobody
//! takes is a mistake, so no key can be read and then not used.

use std::cell::Cell;
use std::collections::HashMap;

use super::shape::{Object, Shape};
use super::statement::SourceLocation;
use super::text_format::TextFormat;
use crate::input::document::{Diagnostic, Entry, Node, WithSpan};
use crate::model::name::printable;

/// A mapping of one of the sources.
#[derive(Clone, Debug)]
pub(super) struct SourceMapping<'n> {
    /// The source, by its number.
    source: u32,
    /// What stands in it.
    entries: &'n [Entry],
    /// Which of the entries were taken: a bit for each.
    taken: Cell<u64>,
}

impl<'n> SourceMapping<'n> {
    /// A mapping of a source.
    pub(super) const fn new(source: u32, entries: &'n [Entry]) -> SourceMapping<'n> {
        SourceMapping { source, entries, taken: Cell::new(0) }
    }

    /// Takes the value of a key.
    fn take_key(&self, name: &str) -> Option<SourceValue<'n>> {
        let at = self.entries.iter().position(|(key, _)| &*key.value == name)?;
        self.taken.set(self.taken.get() | (1_u64 << at.min(63)));
        self.entries.get(at).map(|(_, node)| SourceValue { source: self.source, node })
    }

    /// The keys that nobody took. No mapping has 64 known keys without a duplicate.
    fn left(&self) -> impl Iterator<Item = (SourceLocation, &'n str)> {
        let taken = self.taken.get();
        let are_all_taken = taken.count_ones() as usize == self.entries.len();
        let rest = if are_all_taken { &[] } else { self.entries };
        let left = rest.iter().enumerate().filter(move |(at, _)| taken & (1_u64 << at.min(&63)) == 0);
        left.map(|(_, (key, _))| (SourceLocation { source: self.source, span: key.span }, &*key.value))
    }
}

/// A value of one of the sources.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceValue<'n> {
    /// The source, by its number.
    pub(super) source: u32,
    /// The value.
    pub(super) node: &'n WithSpan<Node>,
}

impl SourceValue<'_> {
    /// Where it stands.
    pub(super) const fn location(&self) -> SourceLocation {
        SourceLocation { source: self.source, span: self.node.span }
    }
}

/// A mistake of one of the sources.
pub(super) type SourceDiagnostic = (u32, Diagnostic);

/// What is known while the parts of a thing are put together.
#[derive(Debug)]
pub(super) struct MergeReader<'s> {
    /// The names of the sources.
    pub(super) names: &'s [String],
    /// What is wrong.
    pub(super) diagnostics: Vec<SourceDiagnostic>,
    /// Known keys that nobody took.
    unread: Vec<(SourceLocation, String)>,
}

impl<'s> MergeReader<'s> {
    /// Begins to read sources of these names.
    pub(super) const fn new(names: &'s [String]) -> MergeReader<'s> {
        MergeReader { names, diagnostics: Vec::new(), unread: Vec::new() }
    }

    /// Reads a mapping that stands in one or several sources: `read` takes what is in it.
    pub(super) fn mapping<'n, T>(
        &mut self,
        object: &'static Object,
        parts: Vec<SourceMapping<'n>>,
        read: impl FnOnce(&mut MergeReader<'s>, &MergedMapping<'n>) -> T,
    ) -> T {
        let fields = MergedMapping { object, parts };
        let value = read(self, &fields);
        for (location, key) in fields.parts.iter().flat_map(SourceMapping::left) {
            self.unread.push((location, key.to_owned()));
        }
        value
    }

    /// As [`MergeReader::mapping`], of the mappings among some values.
    pub(super) fn mappings<'n, T>(
        &mut self,
        object: &'static Object,
        found: impl Iterator<Item = SourceValue<'n>>,
        read: impl FnOnce(&mut MergeReader<'s>, &MergedMapping<'n>) -> T,
    ) -> T {
        let parts = found.filter_map(|found| match &found.node.value {
            Node::Mapping(entries) => Some(SourceMapping::new(found.source, entries)),
            _ => None,
        });
        self.mapping(object, parts.collect(), read)
    }

    /// Ends the reading: what is wrong. Where nothing else is, a key that nobody took is; where something is,
    /// it may be what kept the key from being taken.
    pub(super) fn end(mut self) -> Vec<SourceDiagnostic> {
        if self.diagnostics.is_empty() {
            for (location, key) in std::mem::take(&mut self.unread) {
                let message = format!("`{}` has no effect here", printable(&key));
                self.report(location, message).tips.push("leave it out".to_owned());
            }
        }
        self.diagnostics
    }

    /// Keeps a mistake.
    pub(super) fn report(&mut self, location: SourceLocation, message: impl Into<String>) -> &mut Diagnostic {
        self.diagnostics.push((location.source, Diagnostic::at_span(location.span, message)));
        let last = self.diagnostics.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "the element was pushed above")]
        &mut self.diagnostics[last].1
    }

    /// A place in words. A row is read alone, and what it says twice stands in it.
    pub(super) fn describe_location(&self, location: SourceLocation) -> String {
        match self.names.get(location.source as usize) {
            Some(name) => format!("{name}:{}:{}", location.span.line, location.span.column),
            None => "this row".to_owned(),
        }
    }
}

/// A thing, as all sources describe it. Made by [`MergeReader::mapping`].
#[derive(Debug)]
pub(super) struct MergedMapping<'n> {
    /// The shape of it.
    object: &'static Object,
    /// Where it is described.
    parts: Vec<SourceMapping<'n>>,
}

impl<'n> MergedMapping<'n> {
    /// Everything that stands behind a key.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = SourceValue<'n>> {
        self.parts.iter().filter_map(move |part| part.take_key(name))
    }

    /// What stands behind a key; said twice it must be the same.
    pub(super) fn get(&self, reading: &mut MergeReader<'_>, name: &str) -> Option<SourceValue<'n>> {
        let mut all = self.all(name);
        let first = all.next()?;
        let shape = self.object.field(name).map(|field| &field.shape)?;
        for other in all {
            if canonical(shape, &other.node.value) != canonical(shape, &first.node.value) {
                let message = format!(
                    "`{name}` is {} here and {} in {}",
                    describe_value(&other.node.value),
                    describe_value(&first.node.value),
                    reading.describe_location(first.location())
                );
                reading.report(other.location(), message).tips.push("say it once, or the same twice".to_owned());
            }
        }
        Some(first)
    }

    /// The text behind a key.
    pub(super) fn text(&self, reading: &mut MergeReader<'_>, name: &str) -> Option<&'n str> {
        text(self.get(reading, name)?.node)
    }

    /// The text behind a key, as something else.
    pub(super) fn parsed<T, E>(
        &self,
        reading: &mut MergeReader<'_>,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        read(self.text(reading, name)?).ok()
    }

    /// The word behind a key.
    pub(super) fn word<T>(
        &self,
        reading: &mut MergeReader<'_>,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        read(self.text(reading, name)?)
    }

    /// Whether what stands behind a key is so.
    pub(super) fn boolean(&self, reading: &mut MergeReader<'_>, name: &str) -> Option<bool> {
        match self.get(reading, name)?.node.value {
            Node::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    /// The number behind a key.
    pub(super) fn number(&self, reading: &mut MergeReader<'_>, name: &str) -> Option<u64> {
        match &self.get(reading, name)?.node.value {
            Node::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Reads the mapping behind a key, in every source; none where no source has one.
    pub(super) fn within<'s, T>(
        &self,
        reading: &mut MergeReader<'s>,
        (name, object): (&str, &'static Object),
        read: impl FnOnce(&mut MergeReader<'s>, &MergedMapping<'n>) -> T,
    ) -> Option<T> {
        let mut found = self.all(name).peekable();
        found.peek()?;
        Some(reading.mappings(object, found, read))
    }

    /// Everything in the lists behind a key.
    pub(super) fn items(&self, name: &str) -> impl Iterator<Item = SourceValue<'n>> {
        self.all(name).flat_map(|found| {
            let items: &[WithSpan<Node>] = match &found.node.value {
                Node::List(items) => items,
                _ => &[],
            };
            items.iter().map(move |node| SourceValue { source: found.source, node })
        })
    }

    /// Every key that is said.
    pub(super) fn keys(&self) -> impl Iterator<Item = (SourceLocation, &'n str)> {
        self.parts.iter().flat_map(|part| {
            part.entries
                .iter()
                .map(move |(key, _)| (SourceLocation { source: part.source, span: key.span }, &*key.value))
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
pub(super) struct SectionEntry<'n> {
    /// Where the key stands.
    pub(super) location: SourceLocation,
    /// The key.
    pub(super) key: &'n str,
    /// What stands behind it.
    pub(super) found: SourceValue<'n>,
}

/// The things of a section, in the order in which they are first named, each with where it is named.
pub(super) fn entries<'n>(
    form: TextFormat,
    found: impl Iterator<Item = SourceValue<'n>>,
) -> Vec<Vec<SectionEntry<'n>>> {
    let sections: Vec<SourceValue<'n>> = found.collect();
    let mut things: Vec<Vec<SectionEntry<'n>>> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for section in &sections {
        let Node::Mapping(entries) = &section.node.value else { continue };
        for (key, node) in entries {
            let location = SourceLocation { source: section.source, span: key.span };
            let entry = SectionEntry { location, key: &key.value, found: SourceValue { source: section.source, node } };
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
        (Shape::OneOf(shapes), _) => match shapes.iter().find(|shape| super::validate::fits(shape, node)) {
            Some(shape) => canonical(shape, node),
            None => String::new(),
        },
        (Shape::Text(form), Node::Text(text)) => form.canonical(text),
        (Shape::List(of), Node::List(items)) => {
            let mut parts: Vec<String> = items.iter().map(|item| canonical(of, &item.value)).collect();
            parts.sort_unstable();
            parts.join(",")
        }
        (_, node) => describe_value(node),
    }
}

/// A value in words.
fn describe_value(node: &Node) -> String {
    match node {
        Node::Text(text) => format!("`{}`", printable(text)),
        Node::Number(text) => text.to_string(),
        Node::Bool(truth) => truth.to_string(),
        Node::List(items) => {
            let items: Vec<String> = items.iter().map(|item| describe_value(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.type_name().to_owned(),
    }
}
