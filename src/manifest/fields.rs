//! What several files say of one thing, read as if one said it.

use std::collections::HashMap;

use super::form::Form;
use super::said::Spot;
use super::shape::{Object, Shape};
use crate::input::document::{Entry, Mistake, Node, Placed, get};
use crate::model::name::printable;

/// A mapping of one of the sources.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'n> {
    /// The source, by its number.
    pub(super) source: u32,
    /// What stands in it.
    pub(super) entries: &'n [Entry],
}

/// A value of one of the sources.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'n> {
    /// The source, by its number.
    pub(super) source: u32,
    /// The value.
    pub(super) node: &'n Placed<Node>,
}

impl Found<'_> {
    /// Where it stands.
    pub(super) const fn spot(&self) -> Spot {
        Spot { source: self.source, place: self.node.place }
    }
}

/// A mistake of one of the sources.
pub(super) type Wrong = (u32, Mistake);

/// What is known while the parts of a thing are put together.
#[derive(Debug)]
pub(super) struct Reading<'s> {
    /// The names of the sources.
    pub(super) names: &'s [String],
    /// What is wrong.
    pub(super) wrong: Vec<Wrong>,
}

impl Reading<'_> {
    /// Keeps a mistake.
    pub(super) fn mistake(&mut self, spot: Spot, message: impl Into<String>) -> &mut Mistake {
        self.wrong.push((spot.source, Mistake::at(spot.place, message)));
        let last = self.wrong.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "the element was pushed above")]
        &mut self.wrong[last].1
    }

    /// A place in words.
    pub(super) fn told(&self, spot: Spot) -> String {
        let name = self.names.get(spot.source as usize).map_or("?", String::as_str);
        format!("{name}:{}", spot.place.line)
    }
}

/// A thing, as all sources describe it.
#[derive(Debug)]
pub(super) struct Fields<'n> {
    /// The shape of it.
    pub(super) object: &'static Object,
    /// Where it is described.
    pub(super) parts: Vec<Part<'n>>,
}

impl<'n> Fields<'n> {
    /// Everything that stands behind a key.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = Found<'n>> {
        self.parts.iter().filter_map(move |part| {
            let node = get(part.entries, name)?;
            Some(Found { source: part.source, node })
        })
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
            Node::Truth(truth) => Some(truth),
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

    /// What the mappings among some values say.
    pub(super) fn of(object: &'static Object, found: impl Iterator<Item = Found<'n>>) -> Fields<'n> {
        let parts = found.filter_map(|found| match &found.node.value {
            Node::Mapping(entries) => Some(Part { source: found.source, entries }),
            _ => None,
        });
        Fields { object, parts: parts.collect() }
    }

    /// The mapping behind a key, in every source.
    pub(super) fn within(&self, name: &str, object: &'static Object) -> Option<Fields<'n>> {
        let fields = Fields::of(object, self.all(name));
        (!fields.parts.is_empty()).then_some(fields)
    }

    /// Everything in the lists behind a key.
    pub(super) fn items(&self, name: &str) -> impl Iterator<Item = Found<'n>> {
        self.all(name).flat_map(|found| {
            let items: &[Placed<Node>] = match &found.node.value {
                Node::List(items) => items,
                _ => &[],
            };
            items.iter().map(move |node| Found { source: found.source, node })
        })
    }

    /// Every key that is said.
    pub(super) fn said(&self) -> impl Iterator<Item = (Spot, &'n str)> {
        self.parts.iter().flat_map(|part| {
            part.entries.iter().map(move |(key, _)| (Spot { source: part.source, place: key.place }, &*key.value))
        })
    }
}

/// The text of a value.
pub(super) fn text(node: &Placed<Node>) -> Option<&str> {
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
    let mut known: HashMap<String, usize> = HashMap::new();
    for section in &sections {
        let Node::Mapping(entries) = &section.node.value else { continue };
        for (key, node) in entries {
            let spot = Spot { source: section.source, place: key.place };
            let entry = Entered { spot, key: &key.value, found: Found { source: section.source, node } };
            // Most manifests are one file, in which no key stands twice.
            let canonical = (sections.len() > 1).then(|| form.canonical(&key.value));
            match canonical.as_ref().and_then(|key| known.get(key)).and_then(|place| things.get_mut(*place)) {
                Some(thing) => thing.push(entry),
                None => {
                    known.extend(canonical.map(|key| (key, things.len())));
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
        Node::Truth(truth) => truth.to_string(),
        Node::List(items) => {
            let items: Vec<String> = items.iter().map(|item| told(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.sort().to_owned(),
    }
}
