//! `rolebook-manifest(5)`: every key of a manifest and of a row, from the shapes that the reader reads by.

use std::fmt::Write as _;

use super::{paragraphs, roff, title};
use crate::manifest::jsonl;
use crate::manifest::schema::MANIFEST;
use crate::manifest::shape::{Field, Object, Shape};

const EXAMPLE: &str = "version: 1
name: studio

accounts:
  alice: {role: admin, email: alice@example.com}
  bob: {settings: {send-external: deny}, expires: 2027-06-30}

groups:
  editors: [bob]

endpoints:
  node1:
    kind: node
    node-version: 4.4.6
    roles: {administrator: [alice]}
    shares:
      /projects:
        bob: [browse, download]
        group:editors: {permission: edit, by: alice, expires: 2027-01-01}

tests:
  - bob can download node1:/projects/reel3.mov";

const READING: &str = "What is not said stays as it is; a key with nothing behind the colon is a mistake; [] and {} say nobody and nothing. A list of people means at least these; with exclusive: true it means nobody else. Who stands under admins is a member of level admin. Several files, and all files of a folder, are read as one; what two of them say of one thing must be the same, also where one of them is JSON Lines. JSON is YAML.

Unknown keys, keys that stand twice, wrong values, tabs and bad indents are mistakes, each told with its file, line and column; nothing is done while there is one. Only true and false are no text; merge keys, tags and templates are refused. A value marked with &NAME can be repeated as *NAME. An expiry is a day, which begins at 00:00 UTC, or a time, and no length, which would be another one every time the file is applied. Secrets stand in no manifest.";

const SETS: &str = "The name of a manifest is a set. Everything that it declares, each thing and each membership, role and share, remembers the set; what was made by hand belongs to none, and is adopted when it is declared. Two sets may declare the same thing alike and then both own it; to declare it otherwise is a conflict, unless with --take-over.

With --prune what the set declared before and does no more is removed: memberships, roles and shares are ended, accounts deactivated, groups, workgroups, dropboxes, endpoints and organizations removed. What holds data is never pruned: dropboxes with packages, workspaces, content, endpoints with content, accounts that own files; ensure: absent removes those.

One apply removes at most 20 things, and at most a quarter of a set of 8 or more; limits tighten that, --max-removals N raises it. Nothing may lose its last administrator, and a manifest that declares nothing prunes nothing.";

const ROWS: &str = "With --format jsonl, or in files whose names end in .jsonl or .ndjson, each line is one object with one key, which says what it is about. Rows are taken in their order: what a row names must be there or stand before it. They are read one by one, however many, and a later row of a file may change what an earlier one made; changes that rows bring are counted where they are more than 1,000. The first row may be {\"manifest\": {\"version\": 1, \"name\": SET}}.";

const TESTS: &str = "A test is a line such as `bob can download node1:/x`, `bob, carol cannot send workgroup:color` or `only alice can delete org:acme`, or a mapping for longer ones; rolebook-perm-test(1) has them all. They are asked of the state that the file leads to; if one fails, nothing is done.";

/// The page.
pub(super) fn page() -> String {
    let mut out = title("rolebook-manifest", 5);
    out.push_str(".SH NAME\nrolebook\\-manifest \\- what should exist, as a file\n.SH SYNOPSIS\n.nf\n");
    out.push_str(&roff(EXAMPLE));
    out.push_str(".fi\n.SH DESCRIPTION\n");
    paragraphs(
        &mut out,
        "A manifest says what should exist and who holds what. rolebook plan shows what would change, rolebook apply makes it so in one revision or not at all, and rolebook export writes the present state as a manifest.",
    );
    section(&mut out, "READING", READING);
    out.push_str(".SH KEYS\n");
    let mut objects: Vec<&Object> = Vec::new();
    gather(&MANIFEST, &mut objects);
    for object in objects {
        let _ = write!(out, ".SS {}", roff(if object.name == MANIFEST.name { "the file" } else { object.name }));
        keys(&mut out, object.fields);
    }
    section(&mut out, "SETS", SETS);
    section(&mut out, "TESTS", TESTS);
    section(&mut out, "JSON LINES", ROWS);
    for (tag, naming, object) in jsonl::row_kinds() {
        let own: Vec<&str> = naming.iter().map(|field| field.name).collect();
        let rest: Vec<&str> = object.fields.iter().map(|field| field.name).collect();
        let all = [own, rest].concat().join(", ");
        let _ = write!(out, ".TP\n.B {}{}", roff(tag), roff(&format!("{all}.")));
    }
    out.push_str(
        ".SH SEE ALSO\n.BR rolebook\\-plan (1),\n.BR rolebook\\-apply (1),\n.BR rolebook\\-export (1),\n.BR rolebook\\-schema (1),\n.BR rolebook\\-model (7)\n",
    );
    out
}

fn section(out: &mut String, name: &str, text: &str) {
    let _ = writeln!(out, ".SH {name}");
    paragraphs(out, text);
}

fn keys(out: &mut String, fields: &[Field]) {
    for field in fields {
        let values = match &field.shape {
            Shape::Enum(words) => format!(" One of {}.", words.join(", ")),
            _ => String::new(),
        };
        let _ = write!(out, ".TP\n.B {}{}", roff(field.name), roff(&format!("{}.{values}", field.about)));
    }
}

/// Every mapping, each once, in the order in which they are first used.
fn gather(object: &'static Object, found: &mut Vec<&'static Object>) {
    if found.iter().any(|known| known.name == object.name) {
        return;
    }
    found.push(object);
    for field in object.fields {
        within(&field.shape, found);
    }
}

fn within(shape: &'static Shape, found: &mut Vec<&'static Object>) {
    match shape {
        Shape::Object(object) => gather(object, found),
        Shape::List(of) | Shape::Map(_, of) => within(of, found),
        Shape::OneOf(shapes) => shapes.iter().for_each(|shape| within(shape, found)),
        Shape::Bool | Shape::Number | Shape::Text(_) | Shape::Enum(_) | Shape::Tests => {}
    }
}
