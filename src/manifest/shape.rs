//! Shapes: what a manifest may look like, as data.
//!
//! One description of the file drives the strict reader (every mistake with its place), the JSON
//! Schema that editors read, and the manual page. [`schema`](super::schema) holds the manifest's.

use super::text_format::TextFormat;

/// What a value may look like.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// A whole number, not negative.
    Number,
    /// Text of some form.
    Text(TextFormat),
    /// One of these words.
    Enum(&'static [&'static str]),
    /// A list.
    List(&'static Shape),
    /// A mapping whose keys are names of some form.
    Map(TextFormat, &'static Shape),
    /// A mapping with these keys.
    Object(&'static Object),
    /// One of several, told apart by whether it is text, a list or a mapping.
    OneOf(&'static [Shape]),
    /// The tests, which have a reader of their own.
    Tests,
}

/// A mapping with known keys.
#[derive(Clone, Copy, Debug)]
pub struct Object {
    /// What it describes: an account, a share. Unique among all of them.
    pub name: &'static str,
    /// Its keys.
    pub fields: &'static [Field],
}

/// A key of a mapping.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What stands behind it.
    pub shape: Shape,
    /// What it means, in a line.
    pub about: &'static str,
}

/// A key.
pub const fn field(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, shape, about }
}

impl Shape {
    /// What is wanted, for a message about something else: "a list or a mapping".
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
    /// The key of that name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}
