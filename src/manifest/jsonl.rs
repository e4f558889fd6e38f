//! Rows: a manifest as JSON Lines, for sets that are too large for a YAML file.
//!
//! Each line is an object with one key, its tag. `{"account": {"name": "u1", "email": "u1@example.com"}}` declares an
//! account with the fields of the section `accounts`. Rows with the tags `member`, `role` and `share` declare bindings.
//! Rows are applied in their order, so a resource that a row names must exist or be declared by an earlier row.

mod fast;

use std::collections::HashMap;

use serde::de::IgnoredAny;

use super::merge::{MergeReader, MergedMapping, SourceMapping};
use super::read::labels::binding_ids;
use super::read::{content, groups, organizations, people};
use super::schema::{
    ACCOUNT, BINDING_IDS, CONTENT, DROPBOX, ENDPOINT, GROUP, HOME, MANIFEST, ORGANIZATION, SERVER, SHARE, WORKGROUP,
    WORKSPACE,
};
use super::shape::{Field, Object, Shape, field};
use super::statement::{
    Declaration, DeclaredEndpointRole, DeclaredMember, DeclaredOrgMember, DeclaredWorkspaceMember, SourceLocation,
    Statement,
};
use super::text_format::{self, TextFormat};
use super::validate::Validator;
use crate::input::document::{self, Diagnostic, Entry, Node, WithSpan};
use crate::input::json;
use crate::model::attributes::AllowDeny;
use crate::model::escape::printable;
use crate::model::spelling::closest_match;
use crate::model::{Kind, Name, Reference, Role};
use crate::ops::home::HomeFolder;

/// A kind of row: its tag, the keys that identify the resource or binding, and the other keys.
struct RowKind {
    tag: &'static str,
    identifying: Object,
    object: &'static Object,
}

const fn row_kind(tag: &'static str, naming: &'static [Field], object: &'static Object) -> RowKind {
    RowKind { tag, identifying: Object { name: tag, fields: naming }, object }
}

static HEAD: Object = Object {
    name: "head",
    fields: &[
        field("version", Shape::Number, "The version of the file format: 1"),
        field("name", Shape::Text(TextFormat::Set), "The set that owns what the rows declare"),
    ],
};

static MEMBER: Object = Object {
    name: "member-row",
    fields: &[
        field("of", Shape::Text(TextFormat::FreeText), "A group, workgroup, dropbox, organization or workspace"),
        field("user", Shape::Text(TextFormat::Name(Kind::Account)), "The account"),
        field("group", Shape::Text(TextFormat::Name(Kind::Group)), "The group, instead of an account"),
        field("level", Shape::Text(TextFormat::FreeText), "The level of the membership"),
        field("active", Shape::Bool, "`false` for a membership that gives nothing"),
        field(
            "root-upload",
            Shape::Enum(AllowDeny::WORDS),
            "In a workspace: whether the member uploads straight into the home folder",
        ),
        HOME,
        BINDING_IDS,
    ],
};

static ROLE: Object = Object {
    name: "role-row",
    fields: &[
        field("endpoint", Shape::Text(TextFormat::Name(Kind::Endpoint)), "The endpoint"),
        field("role", Shape::Enum(&Role::words(Role::ENDPOINT)), "The role"),
        field("principal", Shape::Text(TextFormat::Member), "Who holds it"),
        BINDING_IDS,
    ],
};

const ITEM: Field = field("item", Shape::Text(TextFormat::Item), "The file or folder, with its endpoint");

static ROW_KINDS: [RowKind; 13] = [
    row_kind("manifest", &[], &HEAD),
    row_kind("server", &[], &SERVER),
    row_kind("account", &[field("name", Shape::Text(TextFormat::Name(Kind::Account)), "Its name")], &ACCOUNT),
    row_kind("group", &[field("name", Shape::Text(TextFormat::Name(Kind::Group)), "Its name")], &GROUP),
    row_kind("workgroup", &[field("name", Shape::Text(TextFormat::Name(Kind::Workgroup)), "Its name")], &WORKGROUP),
    row_kind("dropbox", &[field("name", Shape::Text(TextFormat::Name(Kind::Dropbox)), "Its name")], &DROPBOX),
    row_kind("endpoint", &[field("name", Shape::Text(TextFormat::Name(Kind::Endpoint)), "Its name")], &ENDPOINT),
    row_kind("organization", &[field("name", Shape::Text(TextFormat::Name(Kind::Org)), "Its name")], &ORGANIZATION),
    row_kind("workspace", &[field("name", Shape::Text(TextFormat::FreeText), "Its name, as ORG/NAME")], &WORKSPACE),
    row_kind("member", &[], &MEMBER),
    row_kind("role", &[], &ROLE),
    row_kind("content", &[ITEM], &CONTENT),
    row_kind(
        "share",
        &[ITEM, field("principal", Shape::Text(TextFormat::Sharer), "The principal to share with")],
        &SHARE,
    ),
];

/// Every kind of row: its tag, its identifying keys, and the object with its other keys.
pub fn row_kinds() -> impl Iterator<Item = (&'static str, &'static [Field], &'static Object)> {
    ROW_KINDS.iter().map(|row_kind| (row_kind.tag, row_kind.identifying.fields, row_kind.object))
}

/// Whether a line looks like a row: an object with one key that is a tag, or at least not a key of a whole manifest.
pub fn looks_like_row(line: &[u8]) -> bool {
    let read: Result<HashMap<String, IgnoredAny>, _> = serde_json::from_slice(line);
    let is_row = |tag: &String| ROW_KINDS.iter().any(|row_kind| row_kind.tag == tag) || MANIFEST.field(tag).is_none();
    read.is_ok_and(|keys| keys.len() == 1 && keys.keys().all(is_row))
}

/// The contents of a row.
#[derive(Debug)]
pub enum JsonlRow {
    /// The `manifest` row, with the name of the set if it has one.
    Head(Option<Name>),
    /// The statements of another row.
    Declaration(Vec<Statement>),
}

/// Reads a row. `source` is the number of its source, `number` its line number.
///
/// # Errors
/// Every mistake in the row, each with its position.
pub fn parse_row(text: &str, source: u32, number: u32) -> Result<JsonlRow, Vec<Diagnostic>> {
    if let Some(declaration) = fast::parse_fast(text) {
        let location = SourceLocation { source, span: json::line_span(number) };
        return Ok(JsonlRow::Declaration(vec![Statement { location, declaration }]));
    }
    parse_any_row(text, source, number)
}

/// Reads a row of any kind, also with mistakes.
fn parse_any_row(text: &str, source: u32, number: u32) -> Result<JsonlRow, Vec<Diagnostic>> {
    let read = json::read(text, number);
    // A syntax error of JSON has its column already, and YAML might accept the line.
    if let Err(diagnostics) = &read
        && diagnostics.iter().any(|diagnostic| diagnostic.message.starts_with(json::NOT_JSON))
    {
        return Err(diagnostics.clone());
    }
    read.and_then(|tree| parse_row_tree(tree, source)).map_err(|diagnostics| {
        // The line is read once more as YAML, for the columns of the mistakes.
        let at = |mut diagnostic: Diagnostic| {
            diagnostic.span.line = number;
            diagnostic
        };
        match document::parse_strict(text).and_then(|tree| parse_row_tree(tree, source)) {
            Err(placed) => placed.into_iter().map(at).collect(),
            Ok(_) => diagnostics,
        }
    })
}

fn parse_row_tree(tree: WithSpan<Node>, source: u32) -> Result<JsonlRow, Vec<Diagnostic>> {
    let one = |diagnostic: Diagnostic| vec![diagnostic];
    let WithSpan { span, value } = tree;
    let Node::Mapping(entries) = value else {
        let message = format!("expected an object with one key, found {}", value.type_name());
        return Err(one(Diagnostic::at_span(span, message).tip("{\"account\": {\"name\": \"bob\"}}")));
    };
    let [(tag, body)] = match <[Entry; 1]>::try_from(entries) {
        Ok(one) => one,
        Err(entries) => {
            let message = format!("expected an object with one key, found {} keys", entries.len());
            return Err(one(Diagnostic::at_span(span, message).tip("{\"account\": {\"name\": \"bob\"}}")));
        }
    };
    let Some(row_kind) = ROW_KINDS.iter().find(|row_kind| row_kind.tag == &*tag.value) else {
        let tags = ROW_KINDS.iter().map(|row_kind| row_kind.tag);
        let diagnostic = Diagnostic::at_span(tag.span, format!("unknown row `{}`", printable(&tag.value)));
        return Err(one(match closest_match(&tag.value, tags.clone()) {
            Some(near) => diagnostic.tip(format!("did you mean `{near}`?")),
            None => diagnostic.tip(format!("one of: {}", tags.collect::<Vec<_>>().join(", "))),
        }));
    };
    let WithSpan { span: body_span, value: body } = body;
    let Node::Mapping(fields) = body else {
        return Err(one(Diagnostic::at_span(
            body_span,
            format!("`{}`: expected a mapping, found {}", row_kind.tag, body.type_name()),
        )));
    };
    let (naming, rest): (Vec<Entry>, Vec<Entry>) =
        fields.into_iter().partition(|(key, _)| row_kind.identifying.field(&key.value).is_some());
    let mut checker = Validator::default();
    for field in row_kind.identifying.fields {
        match naming.iter().find(|(key, _)| &*key.value == field.name) {
            Some((_, value)) => checker.value(&field.shape, value),
            None => checker.diagnostics.push(Diagnostic::at_span(body_span, format!("`{}` is missing", field.name))),
        }
    }
    checker.object(row_kind.object, &rest);
    if !checker.diagnostics.is_empty() {
        return Err(checker.diagnostics);
    }
    let location = SourceLocation { source, span };
    let mut reading = MergeReader::new(&[]);
    let mut statements = Vec::new();
    let head = reading.mapping(&row_kind.identifying, vec![SourceMapping::new(source, &naming)], |reading, naming| {
        reading.mapping(row_kind.object, vec![SourceMapping::new(source, &rest)], |reading, fields| {
            declare(reading, (row_kind.tag, location), naming, fields, &mut statements)
        })
    });
    let wrong = reading.end();
    if !wrong.is_empty() {
        return Err(wrong.into_iter().map(|(_, diagnostic)| diagnostic).collect());
    }
    statements.sort_by_key(|statement| statement.declaration.stage());
    Ok(head.unwrap_or(JsonlRow::Declaration(statements)))
}

/// Adds the statements of a row. Returns the head if the row is the `manifest` row.
fn declare(
    reading: &mut MergeReader<'_>,
    (tag, location): (&str, SourceLocation),
    naming: &MergedMapping<'_>,
    fields: &MergedMapping<'_>,
    statements: &mut Vec<Statement>,
) -> Option<JsonlRow> {
    let name = |key: &str| naming.all(key).find_map(|found| super::merge::text(found.node));
    let named = |kind: Kind| name("name").and_then(|text| text_format::name(kind, text).ok());
    match tag {
        "manifest" => return Some(head(reading, location, fields)),
        "server" => people::settings(reading, location, fields, statements),
        "account" => people::account(reading, (named(Kind::Account)?, location), fields, statements),
        "group" => groups::group(reading, Kind::Group, (named(Kind::Group)?, &[]), fields, statements),
        "workgroup" => groups::group(reading, Kind::Workgroup, (named(Kind::Workgroup)?, &[]), fields, statements),
        "dropbox" => groups::group(reading, Kind::Dropbox, (named(Kind::Dropbox)?, &[]), fields, statements),
        "endpoint" => content::endpoint(reading, (named(Kind::Endpoint)?, location), fields, statements),
        "organization" => organizations::organization(reading, (named(Kind::Org)?, location), fields, statements),
        "workspace" => match name("name").map(|text| Reference::parse(text, Kind::Workspace)) {
            Some(Ok(Reference::Workspace(org, workspace))) => {
                organizations::workspace_alone(reading, (org, workspace, location), fields, statements);
            }
            _ => {
                reading.report(location, "`name` is not a workspace").tips.push("write `ORG/NAME`".to_owned());
            }
        },
        "member" => member(reading, location, fields, statements),
        "role" => {
            let it = DeclaredEndpointRole {
                endpoint: fields.parsed(reading, "endpoint", |text| text_format::name(Kind::Endpoint, text))?,
                role: fields.word(reading, "role", |word| Role::from_name(Kind::Endpoint, word))?,
                who: fields.parsed(reading, "principal", text_format::member)?,
                ids: binding_ids(fields),
            };
            statements.push(Statement { location, declaration: Declaration::Role(Box::new(it)) });
        }
        "content" => {
            let (endpoint, path) = name("item").and_then(|text| text_format::item(text).ok())?;
            content::one_item(reading, (endpoint, path, location), fields, statements);
        }
        "share" => {
            let (endpoint, path) = name("item").and_then(|text| text_format::item(text).ok())?;
            let principal = name("principal").and_then(|text| text_format::sharer(text).ok())?;
            let share = content::one_share(reading, (&endpoint, &path, &principal), location, fields)?;
            statements.push(Statement { location, declaration: Declaration::Share(Box::new(share)) });
        }
        _ => {}
    }
    // Groups are read without entries, so their statements get the position of the row here.
    for statement in statements {
        if statement.location.span.line == 0 {
            statement.location = location;
        }
    }
    None
}

fn head(reading: &mut MergeReader<'_>, location: SourceLocation, fields: &MergedMapping<'_>) -> JsonlRow {
    if fields.number(reading, "version") != Some(super::read::VERSION) {
        let diagnostic =
            reading.report(location, format!("missing or unsupported `version`, expected {}", super::read::VERSION));
        diagnostic.tips.push("{\"manifest\": {\"version\": 1}}".to_owned());
    }
    JsonlRow::Head(fields.parsed(reading, "name", text_format::set))
}

/// Reads a `member` row, for groups, workgroups, dropboxes, organizations and workspaces.
fn member(
    reading: &mut MergeReader<'_>,
    location: SourceLocation,
    fields: &MergedMapping<'_>,
    statements: &mut Vec<Statement>,
) {
    let Some(who) = groups::who(reading, location, fields) else { return };
    let of = match fields.text(reading, "of").map(|text| Reference::parse(text, Kind::Group)) {
        Some(Ok(of)) => of,
        Some(Err(problem)) => {
            let diagnostic = Diagnostic::from_problem(location.span, problem);
            reading.diagnostics.push((location.source, diagnostic));
            return;
        }
        None => {
            reading.report(location, "`of` is missing").tips.push("\"of\": \"group:editors\"".to_owned());
            return;
        }
    };
    let root_upload = fields.word(reading, "root-upload", AllowDeny::from_name);
    let home = fields.parsed(reading, "home", HomeFolder::parse);
    let active = fields.boolean(reading, "active");
    let ids = binding_ids(fields);
    let word = fields.text(reading, "level");
    let kind = of.kind();
    let level = match (kind, word) {
        (Some(kind), Some(word)) => match Role::from_name(kind, word) {
            Some(level) => Some(level),
            None => {
                reading.report(location, format!("{} has no level `{}`", kind.article(), printable(word)));
                return;
            }
        },
        _ => None,
    };
    let takes_active = matches!(kind, Some(Kind::Group | Kind::Workgroup | Kind::Dropbox));
    for (key, is_wrong) in [
        ("active", active.is_some() && !takes_active),
        ("root-upload", root_upload.is_some() && kind != Some(Kind::Workspace)),
        ("home", home.is_some() && kind != Some(Kind::Workspace)),
    ] {
        if is_wrong {
            reading.report(location, format!("`{key}` does not apply to a member of {of}"));
            return;
        }
    }
    let it = match (of, who) {
        (Reference::Named(kind @ (Kind::Group | Kind::Workgroup | Kind::Dropbox), name), who) => {
            Declaration::Member(Box::new(DeclaredMember { kind, of: name, who, level, active, ids }))
        }
        (Reference::Named(Kind::Org, org), Reference::Named(Kind::Account, who)) => {
            Declaration::OrgMember(Box::new(DeclaredOrgMember { org, who, role: level, ids }))
        }
        (Reference::Workspace(org, workspace), Reference::Named(Kind::Account, who)) => {
            let home = home.unwrap_or_default();
            Declaration::WorkspaceMember(Box::new(DeclaredWorkspaceMember {
                org,
                workspace,
                who,
                level,
                root_upload,
                home,
                ids,
            }))
        }
        (of, who) => {
            reading.report(location, format!("{who} cannot be a member of {of}"));
            return;
        }
    };
    statements.push(Statement { location, declaration: it });
}
