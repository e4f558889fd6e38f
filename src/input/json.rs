//! A line of JSON as a tree: what a million rows are read by.
//!
//! Places are not kept: everything is said to stand in the line. Where something is wrong with it, the
//! line is read once more as YAML, of which JSON is a part, for the places of each mistake.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::document::{Mistake, Node, Place, Placed};
use crate::model::name::printable;

/// Reads a line, which has that number.
///
/// # Errors
/// What is no JSON, with its column; a key that stands twice.
pub fn read(text: &str, number: u32) -> Result<Placed<Node>, Mistake> {
    let place = Place { line: number, column: 1, length: 0 };
    let mut reader = serde_json::Deserializer::from_str(text);
    let root = Seed(place).deserialize(&mut reader).and_then(|root| reader.end().map(|()| root));
    root.map_err(|error| {
        let column = u32::try_from(error.column()).unwrap_or(1).max(1);
        let said = error.to_string();
        let said = said.split(" at line ").next().unwrap_or_default();
        Mistake::at(Place { column, length: 1, ..place }, format!("the line is no JSON: {}", printable(said)))
    })
}

#[derive(Clone, Copy)]
struct Seed(Place);

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Placed<Node>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Placed<Node>, D::Error> {
        Ok(Placed { place: self.0, value: reader.deserialize_any(self)? })
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Node, E> {
        Ok(Node::Truth(truth))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(number.to_string().into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number.to_string().into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        // With its point, so that it is never taken for a whole number.
        Ok(Node::Number(format!("{number:?}").into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut found = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            found.push(item);
        }
        Ok(Node::List(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut found: Vec<(Placed<Box<str>>, Placed<Node>)> = Vec::new();
        while let Some(key) = entries.next_key::<Box<str>>()? {
            if found.iter().any(|(known, _)| known.value == key) {
                let message = format!("the key `{}` stands twice", printable(&key));
                return Err(serde::de::Error::custom(message));
            }
            found.push((Placed { place: self.0, value: key }, entries.next_value_seed(self)?));
        }
        Ok(Node::Mapping(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        let mistake = read(text, 7).unwrap_err();
        format!("{}:{} {}", mistake.place.line, mistake.place.column, mistake.message)
    }

    #[test]
    fn what_is_no_json_says_where() {
        assert!(wrong("{\"a\": }").starts_with("7:7 the line is no JSON: expected value"), "{}", wrong("{\"a\": }"));
        assert!(wrong("{} {}").contains("trailing characters"));
        assert!(wrong("").contains("EOF"));
        assert!(wrong("{\"a\":1,\"a\":2}").contains("the key `a` stands twice"));
        assert!(wrong(&"[".repeat(10_000)).contains("recursion limit"));
        assert!(matches!(read("{\"a\":[1.0,\"x\",null,true]}", 1).unwrap().value, Node::Mapping(_)));
    }
}
