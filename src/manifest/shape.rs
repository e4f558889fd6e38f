//! Shapes: the types that describe the structure of a manifest as data.
//!
//! One description drives the validator, the JSON Schema for editors, and rolebook-manifest(5).
//! [`schema`](super::schema) holds the description of the manifest.

use super::text_format::TextFormat;

/// The structure of a value.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// A whole number, not negative.
    Number,
    /// Text in a format.
    Text(TextFormat),
    /// One word of a list.
    Enum(&'static [&'static str]),
    /// A list of values of one shape.
    List(&'static Shape),
    /// A mapping whose keys are names in a format, and whose values have one shape.
    Map(TextFormat, &'static Shape),
    /// A mapping with known keys.
    Object(&'static Object),
    /// One of several shapes. The type of the value (text, list or mapping) selects the shape.
    OneOf(&'static [Shape]),
    /// The list of tests, which [`assertions`](super::assertions) reads.
    Tests,
}

/// A mapping with known keys.
#[derive(Clone, Copy, Debug)]
pub struct Object {
    /// The name of what the mapping describes: `account`, `share`. Unique among all objects.
    pub name: &'static str,
    /// The keys.
    pub fields: &'static [Field],
}

/// A key of a mapping.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The name of the key.
    pub name: &'static str,
    /// The shape of its value.
    pub shape: Shape,
    /// The meaning, in one line, for the schema and the manual page.
    pub about: &'static str,
}

/// A key with its shape and its description.
pub const fn field(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, shape, about }
}

impl Shape {
    /// The expected type, with an article, for a message about another value: "a list or a mapping".
    pub fn expected(&self) -> String {
        match self {
            Shape::Bool => "true or false".to_owned(),
            Shape::Number => "a whole number".to_owned(),
            Shape::Text(form) => form.expected().to_owned(),
            Shape::Enum(_) => "a word".to_owned(),
            Shape::List(_) | Shape::Tests => "a list".to_owned(),
            Shape::Map(..) | Shape::Object(_) => "a mapping".to_owned(),
            Shape::OneOf(shapes) => shapes.iter().map(Shape::expected).collect::<Vec<_>>().join(" or "),
        }
    }
}

impl Object {
    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}
