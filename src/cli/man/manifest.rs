//! The page rolebook-manifest(5): every key of a manifest and of a row, generated from the schema of manifests.

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

const READING: &str = "An apply changes only what the file declares. A key without a value is a mistake; [] and {} are empty values. A list of members names at least these members; with exclusive: true others are removed. An account under admins is a member of level admin. Several files, and all files of a folder, are read as one manifest. If two files set the same field, the values must be equal, also where one of the files is JSON Lines. JSON files are valid, because JSON is a subset of YAML.

Unknown keys, duplicate keys, wrong values, tabs and wrong indentation are mistakes. Each is reported with its file, line and column, and a file with a mistake changes nothing. Only true and false are booleans; yes, no, on and off are text. Merge keys, tags and templates are refused. A value marked with &NAME can be repeated as *NAME. An expiry is a day, which begins at 00:00 UTC, or a time. A duration is refused, because it would mean another time at each apply. A manifest holds no secrets.";

const SETS: &str = "The name of a manifest names a set. The set owns everything that the manifest declares: resources, memberships, roles and shares. A resource or binding that was made by hand belongs to no set; declaring it adopts it. Two sets that declare the same values own them both. Different values are a conflict, unless --take-over is given.

With --prune an apply removes what the set owns and no longer declares. It ends memberships, roles and shares, deactivates accounts, and removes groups, workgroups, dropboxes, endpoints and organizations. It never removes what holds data: dropboxes with packages, workspaces, content, endpoints with content, accounts that own files. Use ensure: absent to remove those.

One apply removes at most 20 resources and bindings, and at most a quarter of a set of 8 or more. The key limits lowers these limits, and --max-removals N raises them. No apply removes the last administrator of a resource, and a manifest that declares nothing prunes nothing.";

const ROWS: &str = "With --format jsonl, or in files whose names end in .jsonl or .ndjson, each line is an object with one key, the type of the row. Rows are applied in their order: a resource that a row names must exist or be declared by an earlier row. Rows are read one by one, so a file can have any number of them, and a later row may change what an earlier row of its file declared. A plan with more than 1,000 changes from rows shows counts instead of a list. The first row may be {\"manifest\": {\"version\": 1, \"name\": SET}}.";

const TESTS: &str = "A test is a line such as `bob can download node1:/x`, `bob, carol cannot send workgroup:color` or `only alice can delete org:acme`, or a mapping for longer tests; rolebook-perm-test(1) describes all forms. Tests run against the state after the apply. If one fails, nothing is applied.";

/// The text of the page, in roff.
pub(super) fn page() -> String {
    let mut out = title("rolebook-manifest", 5);
    out.push_str(".SH NAME\nrolebook\\-manifest \\- file format that declares what should exist\n.SH SYNOPSIS\n.nf\n");
    out.push_str(&roff(EXAMPLE));
    out.push_str(".fi\n.SH DESCRIPTION\n");
    paragraphs(
        &mut out,
        "A manifest declares what should exist and who holds which role or share. rolebook plan shows what would change. rolebook apply makes all changes in one revision, or none. rolebook export writes the present state as a manifest.",
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

/// Collects the objects of the schema, each once, in the order of their first use.
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
