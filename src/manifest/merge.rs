//! Merging: reads the mappings of several sources for one resource as one mapping.
//!
//! All mappings are read through [`MergeReader::mapping`], which records the keys that its caller takes. A key that
//! no caller takes is a mistake, so no key is silently ignored.

use std::cell::Cell;
use std::collections::HashMap;

use super::shape::{Object, Shape};
use super::statement::SourceLocation;
use super::text_format::TextFormat;
use crate::input::document::{Diagnostic, Entry, Node, WithSpan};
use crate::model::escape::printable;

/// A mapping in one source.
#[derive(Clone, Debug)]
pub(super) struct SourceMapping<'n> {
    /// The number of the source.
    source: u32,
    /// The entries of the mapping.
    entries: &'n [Entry],
    /// The entries that were taken, as one bit each.
    taken: Cell<u64>,
}

impl<'n> SourceMapping<'n> {
    /// A mapping in a source, with no key taken.
    pub(super) const fn new(source: u32, entries: &'n [Entry]) -> SourceMapping<'n> {
        SourceMapping { source, entries, taken: Cell::new(0) }
    }

    /// Marks a key as taken and returns its value.
    fn take_key(&self, name: &str) -> Option<SourceValue<'n>> {
        let at = self.entries.iter().position(|(key, _)| &*key.value == name)?;
        self.taken.set(self.taken.get() | (1_u64 << at.min(63)));
        self.entries.get(at).map(|(_, node)| SourceValue { source: self.source, node })
    }

    /// The keys that were not taken. One bit each suffices: a mapping without duplicates has fewer than 64 known keys.
    fn left(&self) -> impl Iterator<Item = (SourceLocation, &'n str)> {
        let taken = self.taken.get();
        let are_all_taken = taken.count_ones() as usize == self.entries.len();
        let rest = if are_all_taken { &[] } else { self.entries };
        let left = rest.iter().enumerate().filter(move |(at, _)| taken & (1_u64 << at.min(&63)) == 0);
        left.map(|(_, (key, _))| (SourceLocation { source: self.source, span: key.span }, &*key.value))
    }
}

/// A value in one source.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceValue<'n> {
    /// The number of the source.
    pub(super) source: u32,
    /// The value.
    pub(super) node: &'n WithSpan<Node>,
}

impl<'n> SourceValue<'n> {
    /// The position of the value.
    pub(super) const fn location(&self) -> SourceLocation {
        SourceLocation { source: self.source, span: self.node.span }
    }

    /// The items, if the value is a list.
    pub(super) fn items(self) -> impl Iterator<Item = SourceValue<'n>> {
        let items: &[WithSpan<Node>] = match &self.node.value {
            Node::List(items) => items,
            _ => &[],
        };
        items.iter().map(move |node| SourceValue { source: self.source, node })
    }
}

/// A mistake, with the number of its source.
pub(super) type SourceDiagnostic = (u32, Diagnostic);

/// The state of a merge: the mistakes found so far and the keys that were not taken.
#[derive(Debug)]
pub(super) struct MergeReader<'s> {
    /// The names of the sources.
    pub(super) names: &'s [String],
    /// The mistakes found so far.
    pub(super) diagnostics: Vec<SourceDiagnostic>,
    /// Known keys that were not taken.
    unread: Vec<(SourceLocation, String)>,
}

impl<'s> MergeReader<'s> {
    /// Starts a merge of the sources with these names.
    pub(super) const fn new(names: &'s [String]) -> MergeReader<'s> {
        MergeReader { names, diagnostics: Vec::new(), unread: Vec::new() }
    }

    /// Reads a mapping that one or several sources contain. `read` takes the values of its keys.
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

    /// As [`MergeReader::mapping`], for those of the values that are mappings.
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

    /// Ends the merge and returns the mistakes. Keys that were not taken are reported only if there is no other
    /// mistake, because another mistake can be the reason that a key was not taken.
    pub(super) fn end(mut self) -> Vec<SourceDiagnostic> {
        if self.diagnostics.is_empty() {
            for (location, key) in std::mem::take(&mut self.unread) {
                let message = format!("`{}` has no effect here", printable(&key));
                self.report(location, message).tips.push("leave it out".to_owned());
            }
        }
        self.diagnostics
    }

    /// Adds a mistake.
    pub(super) fn report(&mut self, location: SourceLocation, message: impl Into<String>) -> &mut Diagnostic {
        self.diagnostics.push((location.source, Diagnostic::at_span(location.span, message)));
        let last = self.diagnostics.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "the element was pushed above")]
        &mut self.diagnostics[last].1
    }

    /// A position as text for messages. A row is read without other sources, so both positions are in that row.
    pub(super) fn describe_location(&self, location: SourceLocation) -> String {
        match self.names.get(location.source as usize) {
            Some(name) => format!("{name}:{}:{}", location.span.line, location.span.column),
            None => "this row".to_owned(),
        }
    }
}

/// One mapping, merged from all sources that contain it. [`MergeReader::mapping`] creates it.
#[derive(Debug)]
pub(super) struct MergedMapping<'n> {
    /// The known keys.
    object: &'static Object,
    /// The mapping in each source.
    parts: Vec<SourceMapping<'n>>,
}

impl<'n> MergedMapping<'n> {
    /// The values of a key in all sources.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = SourceValue<'n>> {
        self.parts.iter().filter_map(move |part| part.take_key(name))
    }

    /// The value of a key. Reports a mistake if two sources give different values.
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
                reading
                    .report(other.location(), message)
                    .tips
                    .push("declare it once, or the same value twice".to_owned());
            }
        }
        Some(first)
    }

    /// The value of a key, if it is text.
    pub(super) fn text(&self, reading: &mut MergeReader<'_>, name: &str) -> Option<&'n str> {
        text(self.get(reading, name)?.node)
    }

    /// The text of a key, parsed with `read`; `None` if the parser fails, which the validator reports.
    pub(super) fn parsed<T, E>(
        &self,
        reading: &mut MergeReader<'_>,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        read(self.text(reading, name)?).ok()
    }

    /// The word of a key, converted with `read`.
    pub(super) fn word<T>(
        &self,
        reading: &mut MergeReader<'_>,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        read(self.text(reading, name)?)
    }

    /// The value of a key, if it is a boolean.
    pub(super) fn boolean(&self, reading: &mut MergeReader<'_>, name: &str) -> Option<bool> {
        match self.get(reading, name)?.node.value {
            Node::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    /// The value of a key, if it is a whole number.
    pub(super) fn number(&self, reading: &mut MergeReader<'_>, name: &str) -> Option<u64> {
        match &self.get(reading, name)?.node.value {
            Node::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Reads the mapping under a key, merged from all sources; `None` if no source has the key.
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

    /// The items of the lists under a key in all sources.
    pub(super) fn items(&self, name: &str) -> impl Iterator<Item = SourceValue<'n>> {
        self.all(name).flat_map(SourceValue::items)
    }

    /// The keys of all sources.
    pub(super) fn keys(&self) -> impl Iterator<Item = (SourceLocation, &'n str)> {
        self.parts.iter().flat_map(|part| {
            part.entries
                .iter()
                .map(move |(key, _)| (SourceLocation { source: part.source, span: key.span }, &*key.value))
        })
    }
}

/// The text of a value, if it is text.
pub(super) fn text(node: &WithSpan<Node>) -> Option<&str> {
    match &node.value {
        Node::Text(text) => Some(text),
        _ => None,
    }
}

/// One key of a section in one source.
#[derive(Clone, Copy, Debug)]
pub(super) struct SectionEntry<'n> {
    /// The position of the key.
    pub(super) location: SourceLocation,
    /// The key.
    pub(super) key: &'n str,
    /// The value of the key.
    pub(super) found: SourceValue<'n>,
}

/// The entries of a section, grouped by resource: the entries of one resource from all sources together. Resources
/// are in the order of their first entry.
pub(super) fn entries<'n>(
    form: TextFormat,
    found: impl Iterator<Item = SourceValue<'n>>,
) -> Vec<Vec<SectionEntry<'n>>> {
    let sections: Vec<SourceValue<'n>> = found.collect();
    let mut by_resource: Vec<Vec<SectionEntry<'n>>> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for section in &sections {
        let Node::Mapping(entries) = &section.node.value else { continue };
        for (key, node) in entries {
            let location = SourceLocation { source: section.source, span: key.span };
            let entry = SectionEntry { location, key: &key.value, found: SourceValue { source: section.source, node } };
            // One source has no duplicate keys, so only several sources need canonical keys.
            let canonical = (sections.len() > 1).then(|| form.canonical(&key.value));
            match canonical.as_ref().and_then(|key| seen.get(key)).and_then(|index| by_resource.get_mut(*index)) {
                Some(of_resource) => of_resource.push(entry),
                None => {
                    seen.extend(canonical.map(|key| (key, by_resource.len())));
                    by_resource.push(vec![entry]);
                }
            }
        }
    }
    by_resource
}

/// The canonical form of a value: values with the same meaning have equal forms.
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

/// A value as text for messages.
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
