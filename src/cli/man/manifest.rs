//! `rolebook-manifest(5)`: every key of a manifest and of a row, generated from the schema that the reader uses.

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

const READING: &str = "What a manifest leaves out stays as it is. A key without a value is a mistake; [] and {} mean nobody and nothing. A list of people means at least these; with exclusive: true it means nobody else. A person listed under admins is a member of level admin. Several files, and all files of a folder, are read as one manifest. If two of them declare the same resource or binding, they must agree, also if one of them is JSON Lines. JSON is YAML.

Unknown keys, duplicate keys, wrong values, tabs and bad indents are mistakes. Each is reported with its file, line and column, and nothing is done while there is one. Of the plain words, only true and false are not text; merge keys, tags and templates are refused. A value marked with &NAME can be repeated as *NAME. An expiry is a day, which begins at 00:00 UTC, or a time. It cannot be a length, which would end later every time the file is applied. A manifest holds no secrets.";

const SETS: &str = "The name of a manifest is a set. Everything that the manifest declares, each resource and each membership, role and share, remembers the set. What was made by hand belongs to no set, and is adopted when a manifest declares it. Two sets may declare the same resource or binding alike, and then both own it. To declare it differently is a conflict, unless with --take-over.

With --prune, what the set declared before and no longer declares is removed: memberships, roles and shares are ended, accounts deactivated, groups, workgroups, dropboxes, endpoints and organizations removed. What holds data is never pruned: dropboxes with packages, workspaces, content, endpoints with content, accounts that own files; ensure: absent removes those.

One apply makes at most 20 removals, and removes at most a quarter of a set of 8 or more; limits lower these numbers, --max-removals N raises them. Nothing may lose its last administrator, and a manifest that declares nothing prunes nothing.";

const ROWS: &str = "With --format jsonl, or in files whose names end in .jsonl or .ndjson, each line is one object with one key, which says what the row is about. Rows are applied in order: whatever a row names must exist already or be declared by an earlier row. Rows are read one by one, in any number, and a later row of a file may change what an earlier one made. More than 1,000 changes from rows are counted instead of listed. The first row may be {\"manifest\": {\"version\": 1, \"name\": SET}}.";

const TESTS: &str = "A test is a line such as `bob can download node1:/x`, `bob, carol cannot send workgroup:color` or `only alice can delete org:acme`, or a mapping for longer tests; rolebook-perm-test(1) describes all of them. The tests are asked of the state that the file leads to; if one fails, nothing is done.";

/// The text of the page.
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

/// Collects every mapping once, in the order of first use.
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
