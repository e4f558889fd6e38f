//! The JSON Schema of manifests, generated from the shapes that the validator uses.

use serde_json::{Map, Value, json};

use super::schema::MANIFEST;
use super::shape::{Object, Shape};
use super::text_format::TextFormat;
use crate::model::Role;
use crate::model::permission::NAMES;

/// The schema, in draft-07, which editors support.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    let mut root = object(&MANIFEST, &mut definitions);
    if let Some(root) = root.as_object_mut() {
        root.insert("required".to_owned(), json!(["version"]));
        if let Some(version) = root.get_mut("properties").and_then(|it| it.get_mut("version")) {
            *version = json!({"const": 1, "description": version.get("description")});
        }
    }
    let mut whole = Map::new();
    whole.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    whole.insert("title".to_owned(), json!("rolebook manifest"));
    whole.insert("description".to_owned(), json!("What should exist: who may do what on file-transfer platforms"));
    if let Value::Object(root) = root {
        whole.extend(root);
    }
    whole.insert("definitions".to_owned(), Value::Object(definitions));
    Value::Object(whole)
}

/// A mapping with known keys.
fn object(object: &'static Object, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for field in object.fields {
        let mut value = value(&field.shape, definitions);
        match value.as_object_mut() {
            // Draft-07 ignores all keys beside `$ref`.
            Some(map) if map.contains_key("$ref") => {
                let reference = Value::Object(std::mem::take(map));
                map.insert("allOf".to_owned(), json!([reference]));
                map.insert("description".to_owned(), json!(field.about));
            }
            Some(map) => {
                map.insert("description".to_owned(), json!(field.about));
            }
            None => {}
        }
        properties.insert(field.name.to_owned(), value);
    }
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

/// A reference to a mapping that is defined once.
fn defined(it: &'static Object, definitions: &mut Map<String, Value>) -> Value {
    if !definitions.contains_key(it.name) {
        // The entry exists before the value, so that an object that refers to itself ends the recursion.
        definitions.insert(it.name.to_owned(), Value::Null);
        let value = object(it, definitions);
        definitions.insert(it.name.to_owned(), value);
    }
    json!({"$ref": format!("#/definitions/{}", it.name)})
}

fn value(shape: &Shape, definitions: &mut Map<String, Value>) -> Value {
    match shape {
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Number => json!({"type": "integer", "minimum": 0}),
        Shape::Text(form) => text(*form),
        Shape::Enum(words) => json!({"type": "string", "enum": words}),
        Shape::List(of) => json!({"type": "array", "items": value(of, definitions)}),
        Shape::Map(form, of) => {
            let mut map = json!({"type": "object", "additionalProperties": value(of, definitions)});
            if let (Some(pattern), Some(map)) = (form.pattern(), map.as_object_mut()) {
                map.insert("propertyNames".to_owned(), json!({"pattern": pattern}));
            }
            map
        }
        Shape::Object(object) => defined(object, definitions),
        Shape::OneOf(shapes) => {
            let all: Vec<Value> = shapes.iter().map(|shape| value(shape, definitions)).collect();
            json!({"anyOf": all})
        }
        Shape::Tests => tests(),
    }
}

fn text(form: TextFormat) -> Value {
    let mut map = Map::new();
    map.insert("type".to_owned(), json!("string"));
    match form {
        TextFormat::AccountRole => {
            map.insert("enum".to_owned(), Role::SERVER.iter().map(|role| role.as_str()).collect());
        }
        TextFormat::Permission => {
            map.insert("examples".to_owned(), json!(NAMES));
        }
        _ => {}
    }
    map.extend(form.pattern().map(|pattern| ("pattern".to_owned(), json!(pattern))));
    Value::Object(map)
}

/// The schema of a test: a line, or a mapping for longer tests.
fn tests() -> Value {
    let texts = json!({"type": "array", "items": {"type": "string"}});
    let one_or_more = json!({"anyOf": [{"type": "string"}, texts]});
    let moment = json!({"type": ["string", "integer"]});
    let answer = |mut properties: Value| {
        if let Some(map) = properties.as_object_mut() {
            map.extend(["is", "includes", "excludes"].map(|key| (key.to_owned(), texts.clone())));
        }
        json!({"type": "object", "properties": properties, "additionalProperties": false})
    };
    json!({
        "type": "array",
        "items": {"anyOf": [
            {"type": "string", "examples": ["bob can download node1:/projects", "only alice can delete org:acme"]},
            {
                "type": "object",
                "properties": {
                    "test": {"type": "string"},
                    "who": answer(json!({"action": one_or_more, "resource": {"type": "string"}})),
                    "list": answer(json!({
                        "principal": {"type": "string"}, "kind": {"type": "string"},
                        "under": {"type": "string"}, "action": one_or_more,
                    })),
                    "as of": moment,
                    "because": {"type": "string"},
                },
                "additionalProperties": false,
            },
        ]},
    })
}
