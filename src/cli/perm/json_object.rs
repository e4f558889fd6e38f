//! Reads JSON objects without duplicate keys: a reader that silently takes one of two values for a principal may take
//! the wrong one.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::request_line::malformed;
use crate::input::json::NOT_JSON;
use crate::input::library_errors;
use crate::model::Problem;
use crate::model::escape::printable;

/// Parses a line that holds an object.
pub(super) fn object(line: &str) -> Result<Map<String, Value>, Problem> {
    let mut reader = serde_json::Deserializer::from_str(line);
    let read = Strict.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match read {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(malformed("the line is not a JSON object")),
        Err(error) => {
            Err(malformed(format!("{NOT_JSON}: {} at column {}", library_errors::json(&error), error.column())))
        }
    }
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut found = Vec::new();
        while let Some(value) = values.next_element_seed(Strict)? {
            found.push(value);
        }
        Ok(Value::Array(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut found = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if found.contains_key(&key) {
                return Err(A::Error::custom(format!("duplicate key `{}`", printable(&key))));
            }
            found.insert(key, entries.next_value_seed(Strict)?);
        }
        Ok(Value::Object(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_read_unchanged_and_duplicate_keys_are_refused() {
        let text = r#"{"a":[1,-2,1.5,null,true,{"b":"ü"}],"c":{}}"#;
        assert_eq!(Value::Object(object(text).unwrap()).to_string(), text);
        let why = |text| object(text).unwrap_err().message;
        assert_eq!(why(r#"{"a":1,"a":2}"#), "the line is not JSON: duplicate key `a` at column 10");
        assert!(why(r#"{"x":{"a":1,"a":2}}"#).contains("duplicate key `a`"));
        assert!(why("{\"a\":1").starts_with("the line is not JSON: it ends too early"));
        assert!(why("{} {}").contains("something follows"));
        assert!(why(&format!("{{\"a\":{}", "[".repeat(10_000))).contains("nested too deep"));
    }
}
