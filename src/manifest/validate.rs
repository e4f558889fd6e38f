//! The validator: checks a tree against a shape and reports every mistake with its position.

use hashbrown::HashMap;

use super::shape::{Object, Shape};
use crate::input::document::{Diagnostic, Entry, Node, Span, WithSpan};
use crate::model::escape::printable;
use crate::model::spelling::closest_match;

/// The maximum number of mistakes that get a hint.
const MAX_TIPS: usize = 200;

/// Checks trees and collects their mistakes.
#[derive(Debug, Default)]
pub(super) struct Validator<'n> {
    /// The mistakes found so far.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The keys from the root to the current node.
    path: Vec<&'n str>,
}

impl<'n> Validator<'n> {
    /// Adds a mistake. Its message begins with the path of keys.
    fn report(&mut self, span: Span, message: impl std::fmt::Display) -> &mut Diagnostic {
        let path: Vec<String> = self.path.iter().map(|key| printable(key)).collect();
        let path = if path.is_empty() { String::new() } else { format!("`{}`: ", path.join(".")) };
        self.diagnostics.push(Diagnostic::at_span(span, format!("{path}{message}")));
        let last = self.diagnostics.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "the element was pushed above")]
        &mut self.diagnostics[last]
    }

    fn at_key(&mut self, key: &'n str, look: impl FnOnce(&mut Validator<'n>)) {
        self.path.push(key);
        look(self);
        self.path.pop();
    }

    /// Checks a value.
    pub(super) fn value(&mut self, shape: &Shape, node: &'n WithSpan<Node>) {
        match (shape, &node.value) {
            (_, Node::Null | Node::Keyless) => {
                let tip = match shape {
                    Shape::List(_) | Shape::Tests => "write `[]` for an empty list, or leave the key out",
                    Shape::Map(..) | Shape::Object(_) => "write `{}` for an empty mapping, or leave the key out",
                    _ => "leave the key out to keep the present value",
                };
                self.report(node.span, "missing value").tips.push(tip.to_owned());
            }
            (Shape::Bool, Node::Bool(_)) | (Shape::Tests, Node::List(_)) => {}
            (Shape::Number, Node::Number(text)) => self.number(node.span, text),
            (Shape::Text(form), Node::Text(text)) => {
                if let Err(problem) = form.check(text) {
                    let of = Diagnostic::from_problem(node.span, problem);
                    self.report(node.span, of.message).tips = of.tips;
                }
            }
            (Shape::Enum(words), Node::Text(text)) => self.word(words, node.span, text),
            (Shape::List(of), Node::List(items)) => items.iter().for_each(|item| self.value(of, item)),
            (Shape::Map(form, of), Node::Mapping(entries)) => {
                let mut seen: HashMap<String, &WithSpan<Box<str>>> = HashMap::with_capacity(entries.len());
                for (key, value) in entries {
                    match form.check(&key.value) {
                        Err(_) if key.value.is_empty() => self.no_key(key.span),
                        Err(problem) => {
                            let of = Diagnostic::from_problem(key.span, problem);
                            self.report(key.span, of.message).tips = of.tips;
                        }
                        Ok(()) => {
                            // The reader of YAML reports keys with the same text.
                            if let Some(before) = seen.insert(form.canonical(&key.value), key)
                                && before.value != key.value
                            {
                                let message = format!(
                                    "duplicate key `{}`, first in line {}",
                                    printable(&key.value),
                                    before.span.line
                                );
                                self.report(key.span, message);
                            }
                        }
                    }
                    self.at_key(&key.value, |checker| checker.value(of, value));
                }
            }
            (Shape::Object(object), Node::Mapping(entries)) => self.object(object, entries),
            (Shape::OneOf(shapes), value) => match shapes.iter().find(|shape| fits(shape, value)) {
                Some(shape) => self.value(shape, node),
                None => self.wrong_type(shape, node),
            },
            _ => self.wrong_type(shape, node),
        }
    }

    /// Checks the keys of a mapping and their values.
    pub(super) fn object(&mut self, object: &Object, entries: &'n [Entry]) {
        for (key, value) in entries {
            let Some(field) = object.field(&key.value) else {
                if key.value.is_empty() {
                    self.no_key(key.span);
                    continue;
                }
                let message = format!("unknown key `{}`", printable(&key.value));
                // A file with this many mistakes is not a manifest, and the search for similar names takes time.
                let is_helped = self.diagnostics.len() < MAX_TIPS;
                let diagnostic = self.report(key.span, message);
                if is_helped {
                    let names = object.fields.iter().map(|field| field.name);
                    diagnostic.tips.push(match closest_match(&key.value, names.clone()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("the keys are: {}", names.collect::<Vec<_>>().join(", ")),
                    });
                }
                continue;
            };
            self.at_key(field.name, |checker| checker.value(&field.shape, value));
        }
    }

    /// Reports a missing key: `null`, `~`, or nothing before the colon.
    fn no_key(&mut self, span: Span) {
        let diagnostic = self.report(span, "missing key");
        diagnostic.tips.push("put a name such as `null` in quotes".to_owned());
    }

    fn number(&mut self, span: Span, text: &str) {
        if !text.bytes().all(|byte| byte.is_ascii_digit()) || text.parse::<u64>().is_err() {
            self.report(span, format!("{text} is not a whole number from 0 to {}", u64::MAX));
        }
    }

    fn word(&mut self, words: &[&str], span: Span, text: &str) {
        if words.contains(&text) {
            return;
        }
        let tip = match closest_match(text, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of: {}", words.join(", ")),
        };
        self.report(span, format!("invalid value `{}`", printable(text))).tips.push(tip);
    }

    /// Reports a value of a wrong type.
    fn wrong_type(&mut self, shape: &Shape, node: &WithSpan<Node>) {
        let tip = type_tip(shape, &node.value);
        let found = match &node.value {
            Node::Text(text) => format!("the text `{}`", printable(text)),
            Node::Number(text) => format!("the number {text}"),
            other => other.type_name().to_owned(),
        };
        self.report(node.span, format!("expected {}, found {found}", shape.expected())).tips.extend(tip);
    }
}

/// How to write a value of a wrong type; of several shapes, as the first that has an advice.
fn type_tip(shape: &Shape, value: &Node) -> Option<String> {
    if let Shape::OneOf(shapes) = shape {
        return shapes.iter().find_map(|shape| type_tip(shape, value));
    }
    match (shape, value) {
        (Shape::Bool, Node::Text(text)) => match text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "y" => Some("write `true`".to_owned()),
            "no" | "off" | "n" => Some("write `false`".to_owned()),
            "true" | "false" => Some("leave out the quotes".to_owned()),
            _ => None,
        },
        (Shape::Number, Node::Text(_)) => Some("write it as a plain number, without quotes".to_owned()),
        (Shape::Enum(["allow", "deny", ..]), Node::Bool(truth)) => {
            Some(format!("write `{}`", if *truth { "allow" } else { "deny" }))
        }
        (Shape::Text(_) | Shape::Enum(_), Node::Number(_) | Node::Bool(_)) => {
            Some("put it in quotes to make it text".to_owned())
        }
        (Shape::Text(_), Node::List(_)) => {
            Some("leave out the inner brackets: write a repeated list as `*NAME` alone".to_owned())
        }
        (Shape::List(_), Node::Text(text)) => Some(format!("write it as a list: `[{}]`", printable(text))),
        _ => None,
    }
}

/// Checks that a tree is a mapping with the keys of an object. Returns every mistake, in the order of the text.
pub fn validate(object: &Object, root: &WithSpan<Node>) -> Vec<Diagnostic> {
    let mut checker = Validator::default();
    match &root.value {
        Node::Mapping(entries) => checker.object(object, entries),
        other => drop(checker.report(root.span, format!("expected a mapping, found {}", other.type_name()))),
    }
    checker.diagnostics
}

/// Whether a value has the type of a shape. Does not check its contents.
pub(super) fn fits(shape: &Shape, node: &Node) -> bool {
    match shape {
        Shape::Bool => matches!(node, Node::Bool(_)),
        Shape::Number => matches!(node, Node::Number(_)),
        Shape::Text(_) | Shape::Enum(_) => matches!(node, Node::Text(_)),
        Shape::List(_) | Shape::Tests => matches!(node, Node::List(_)),
        Shape::Map(..) | Shape::Object(_) => matches!(node, Node::Mapping(_)),
        Shape::OneOf(shapes) => shapes.iter().any(|shape| fits(shape, node)),
    }
}
