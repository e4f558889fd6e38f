//! Tests that every key of the schema has an effect, in YAML and in JSON Lines.
//!
//! The tests build their files from the schema, so that a new key is tried without a change here. A file without the
//! key and a file with the key must give different statements.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::jsonl::{JsonlRow, parse_row, row_kinds};
use super::schema::MANIFEST;
use super::shape::{Object, Shape};
use super::text_format::TextFormat;
use super::{Source, read};
use crate::model::Kind;

/// The entries that a mapping needs besides the tried key. The tests try each alternative.
fn beside(object: &str) -> &'static [&'static str] {
    match object {
        "manifest" => &["\"version\": 1"],
        "account" => &["", "\"ensure\": \"absent\""],
        "group-member" | "workgroup-member" | "dropbox-member" | "workspace-member" | "role-holder" => {
            &["\"user\": \"bob\"", ""]
        }
        "member-row" => &[
            "\"user\": \"bob\", \"of\": \"workgroup:w\"",
            "\"of\": \"workgroup:w\"",
            "\"user\": \"bob\"",
            "\"user\": \"bob\", \"of\": \"workspace:o/w\"",
        ],
        "role-row" => &["\"endpoint\": \"n\", \"role\": \"administrator\", \"principal\": \"bob\""],
        "content" => &["", "\"type\": \"file\""],
        "share" => &["\"permission\": \"view\"", ""],
        "head" => &["\"version\": 1", ""],
        _ => &[""],
    }
}

/// Values of a shape. At least one of them differs from the default.
fn values(shape: &Shape) -> Vec<String> {
    match shape {
        Shape::Bool => vec!["true".to_owned(), "false".to_owned()],
        Shape::Number => vec!["1".to_owned()],
        Shape::Enum(words) => words.iter().map(|word| format!("\"{word}\"")).collect(),
        Shape::Text(form) => texts(*form).iter().map(|text| format!("\"{text}\"")).collect(),
        Shape::List(of) => values(of).into_iter().map(|value| format!("[{value}]")).collect(),
        Shape::Map(form, of) => {
            let key = texts(*form).first().copied().unwrap_or("x");
            values(of).into_iter().map(|value| format!("{{\"{key}\": {value}}}")).collect()
        }
        Shape::Object(object) => {
            let mut found = vec!["{}".to_owned()];
            for field in object.fields {
                found.extend(values(&field.shape).into_iter().map(|value| {
                    let base = beside(object.name).first().copied().unwrap_or_default();
                    format!("{{{}}}", with(base, field.name, &value))
                }));
            }
            found
        }
        Shape::OneOf(shapes) => shapes.iter().flat_map(values).collect(),
        Shape::Tests => vec!["[\"bob can send workgroup:w\"]".to_owned()],
    }
}

fn texts(form: TextFormat) -> &'static [&'static str] {
    match form {
        TextFormat::FreeText => &["standard", "manager", "some text", "workgroup:v"],
        TextFormat::Name(Kind::Workspace) | TextFormat::Set => &["x"],
        // A group is no member of itself.
        TextFormat::Name(Kind::Group) => &["zoe", "crew"],
        TextFormat::Name(_) => &["zoe"],
        TextFormat::Email => &["zoe@example.com"],
        TextFormat::Url => &["https://example.com"],
        TextFormat::AccountRole => &["manager"],
        TextFormat::Member | TextFormat::Sharer => &["group:staff"],
        TextFormat::Path => &["/p"],
        TextFormat::Item => &["n:/p"],
        TextFormat::Version => &["4.4.6"],
        TextFormat::Moment => &["2031-01-01"],
        TextFormat::Permission => &["edit"],
        TextFormat::Home => &["n:/a", "none"],
        TextFormat::Percent => &["7%"],
        TextFormat::ExternalId => &["faspex@studio:3"],
    }
}

/// The entries of a mapping with one key set to a value.
fn with(base: &str, key: &str, value: &str) -> String {
    let entry = format!("\"{key}\": {value}");
    let base: Vec<&str> =
        base.split(", ").filter(|it| !it.is_empty() && !it.starts_with(&format!("\"{key}\":"))).collect();
    base.into_iter().chain([entry.as_str()]).collect::<Vec<_>>().join(", ")
}

fn without(base: &str, key: &str) -> String {
    let base: Vec<&str> = base.split(", ").filter(|it| !it.starts_with(&format!("\"{key}\":"))).collect();
    base.join(", ")
}

/// Reads a text and returns its statements in debug form, or the first mistake.
type Parse<'s> = &'s dyn Fn(&str) -> Result<String, String>;

fn of_yaml(text: &str) -> Result<String, String> {
    match read(&[Source { name: "m.yaml".to_owned(), text: text.to_owned() }]) {
        Ok(it) => {
            let declarations: Vec<_> = it.statements.iter().map(|statement| &statement.declaration).collect();
            Ok(format!("{:?} {:?} {declarations:?} {:?}", it.set, it.limits, it.tests))
        }
        Err(diagnostics) => {
            Err(diagnostics.first().map(|(_, diagnostic)| diagnostic.message.clone()).unwrap_or_default())
        }
    }
}

fn of_row(text: &str) -> Result<String, String> {
    match parse_row(text, 0, 1) {
        Ok(JsonlRow::Head(set)) => Ok(format!("{set:?}")),
        Ok(JsonlRow::Declaration(statements)) => {
            Ok(format!("{:?}", statements.iter().map(|statement| &statement.declaration).collect::<Vec<_>>()))
        }
        Err(diagnostics) => Err(diagnostics.first().map(|diagnostic| diagnostic.message.clone()).unwrap_or_default()),
    }
}

/// Tries the keys of a mapping and of every mapping inside it. `wrap` makes a whole file of the entries.
fn try_keys(
    object: &'static Object,
    wrap: &dyn Fn(&str) -> String,
    parse: Parse<'_>,
    tried: &mut BTreeSet<String>,
    wrong: &mut String,
) {
    for field in object.fields {
        tried.insert(format!("{}.{}", object.name, field.name));
        let has_effect = beside(object.name).iter().any(|base| {
            let before = parse(&wrap(&without(base, field.name)));
            values(&field.shape).iter().any(|value| {
                let after = parse(&wrap(&with(base, field.name, value)));
                after.is_ok() && after != before
            })
        });
        if !has_effect {
            writeln!(
                wrong,
                "{}.{}: {}",
                object.name,
                field.name,
                wrap(&with(beside(object.name)[0], field.name, &values(&field.shape)[0]))
            )
            .unwrap();
        }
        let base = beside(object.name)[0];
        let wrap = |value: &str| wrap(&with(base, field.name, value));
        within(&field.shape, &wrap, parse, tried, wrong);
    }
}

/// Tries the keys of the mappings inside a value. `wrap` makes a whole file of the value.
fn within(
    shape: &Shape,
    wrap: &dyn Fn(&str) -> String,
    parse: Parse<'_>,
    tried: &mut BTreeSet<String>,
    wrong: &mut String,
) {
    match shape {
        Shape::Object(object) => {
            try_keys(object, &|entries| wrap(&format!("{{{entries}}}")), parse, tried, wrong);
        }
        Shape::List(of) => within(of, &|value| wrap(&format!("[{value}]")), parse, tried, wrong),
        Shape::Map(form, of) => {
            let key = texts(*form)[0];
            within(of, &|value| wrap(&format!("{{\"{key}\": {value}}}")), parse, tried, wrong);
        }
        Shape::OneOf(shapes) => shapes.iter().for_each(|shape| within(shape, wrap, parse, tried, wrong)),
        Shape::Bool | Shape::Number | Shape::Text(_) | Shape::Enum(_) | Shape::Tests => {}
    }
}

#[test]
fn every_key_of_a_manifest_has_an_effect() {
    let (mut tried, mut wrong) = (BTreeSet::new(), String::new());
    let wrap = |entries: &str| format!("{{{entries}}}");
    try_keys(&MANIFEST, &wrap, &of_yaml, &mut tried, &mut wrong);
    assert!(wrong.is_empty(), "these keys change nothing:\n{wrong}");
    assert!(tried.len() > 90, "{}", tried.len());
}

/// The tests of a manifest are not in the schema, because they have a reader of their own.
#[test]
fn every_key_of_a_test_has_an_effect() {
    let parse = |test: &str| of_yaml(&format!("{{\"version\": 1, \"tests\": [{test}]}}"));
    let line = "\"test\": \"bob can send workgroup:w\"";
    for (key, value) in [("as of", "42"), ("because", "\"x\"")] {
        let with = parse(&format!("{{{line}, \"{key}\": {value}}}"));
        assert!(with.is_ok() && with != parse(&format!("{{{line}}}")), "{key}: {with:?}");
    }
    for (head, base, keys) in [
        (
            "who",
            "\"action\": \"see\", \"resource\": \"endpoint:x\", \"is\": []",
            &[
                ("action", "\"edit\""),
                ("resource", "\"endpoint:y\""),
                ("is", "[\"a\"]"),
                ("includes", "[\"a\"]"),
                ("excludes", "[\"a\"]"),
            ][..],
        ),
        (
            "list",
            "\"principal\": \"bob\", \"is\": []",
            &[
                ("principal", "\"eve\""),
                ("kind", "\"org\""),
                ("under", "\"n:/a\""),
                ("action", "\"view\""),
                ("is", "[\"org:a\"]"),
                ("includes", "[\"org:a\"]"),
                ("excludes", "[\"org:a\"]"),
            ],
        ),
    ] {
        let before = parse(&format!("{{\"{head}\": {{{base}}}}}"));
        assert!(before.is_ok(), "{before:?}");
        for (key, value) in keys {
            let with = parse(&format!("{{\"{head}\": {{{}}}}}", with(base, key, value)));
            assert!(with.is_ok() && with != before, "{head}.{key}: {with:?}");
        }
    }
}

#[test]
fn every_key_of_a_row_has_an_effect() {
    let (mut tried, mut wrong) = (BTreeSet::new(), String::new());
    for (tag, naming, object) in row_kinds() {
        let name = |field: &str| match (tag, field) {
            ("workspace", "name") => "o/x",
            (_, "name") => "x",
            (_, "principal") => "bob",
            _ => "n:/a",
        };
        let names: Vec<String> =
            naming.iter().map(|field| format!("\"{0}\": \"{1}\"", field.name, name(field.name))).collect();
        let wrap = |entries: &str| {
            let all: Vec<&str> =
                names.iter().map(String::as_str).chain([entries]).filter(|it| !it.is_empty()).collect();
            format!("{{\"{tag}\": {{{}}}}}", all.join(", "))
        };
        try_keys(object, &wrap, &of_row, &mut tried, &mut wrong);
        for field in naming {
            let entry = format!("\"{}\": \"{}\"", field.name, name(field.name));
            let own = beside(object.name)[0];
            let whole = wrap(own);
            let other = whole
                .replace(&entry, &entry.replace(name(field.name), &name(field.name).replace(['x', 'b', 'a'], "y")));
            assert_ne!(whole, other);
            assert_ne!(of_row(&whole), of_row(&other), "{tag}.{}", field.name);
            assert!(of_row(&whole.replace(&entry, "\"zz\": 1")).is_err(), "{tag}.{} is needed", field.name);
        }
    }
    assert!(wrong.is_empty(), "these keys change nothing:\n{wrong}");
    assert!(tried.len() > 90, "{}", tried.len());
}
