//! The reader of manifests: parses, validates and merges all sources into one [`Manifest`].
//!
//! Each submodule reads one part of a manifest and adds its statements.

pub(super) mod content;
pub(super) mod groups;
pub(super) mod labels;
pub(super) mod organizations;
pub(super) mod people;

use super::assertions::{self, Assertion};
use super::consistency::Consistency;
use super::merge::{MergeReader, MergedMapping, SectionEntry, SourceMapping, entries};
use super::schema::{LIMITS, MANIFEST};
use super::shape::Object;
use super::statement::{Declaration, SourceLocation, Statement};
use super::text_format::{self, TextFormat};
use super::validate::Validator;
use crate::input::document::{self, Diagnostic, Node, WithSpan, get};
use crate::model::{Kind, Name};

/// The only version of the file format.
pub(super) const VERSION: u64 = 1;

/// An input: a file or standard input.
#[derive(Clone, Debug)]
pub struct Source {
    /// The name for messages.
    pub name: String,
    /// The text.
    pub text: String,
}

/// The limits that a manifest sets on what one apply may remove.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// The maximum number of removals.
    pub removals: Option<u64>,
    /// The maximum part of the set, in percent.
    pub share: Option<u64>,
}

/// The merged contents of all sources.
#[derive(Debug, Default)]
pub struct Manifest {
    /// The set that owns the declarations; `None` if no source has a `name`.
    pub set: Option<Name>,
    /// The position of the name of the set.
    pub named: Option<SourceLocation>,
    /// The limits on what an apply may remove.
    pub limits: Limits,
    /// The declarations, in an order in which they can be applied.
    pub statements: Vec<Statement>,
    /// Tests that must pass in the state after the apply.
    pub tests: Vec<Assertion>,
    /// The facts of the files against which later rows are checked.
    pub consistency: Consistency,
}

/// Makes a manifest of statements from another source, such as a table of people.
///
/// # Errors
/// Every mistake in them, each with the number of its source.
pub fn from_statements(mut statements: Vec<Statement>) -> Result<Manifest, Vec<(usize, Diagnostic)>> {
    statements.sort_by_key(|statement| statement.declaration.stage());
    let (consistency, wrong) = Consistency::of(&statements);
    if !wrong.is_empty() {
        return Err(wrong.into_iter().map(|(source, diagnostic)| (source as usize, diagnostic)).collect());
    }
    Ok(Manifest { statements, consistency, ..Manifest::default() })
}

/// Reads sources as one manifest.
///
/// # Errors
/// Every mistake in them, each with the number of its source.
pub fn read(sources: &[Source]) -> Result<Manifest, Vec<(usize, Diagnostic)>> {
    let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
    let mut reading = MergeReader::new(&names);
    let mut trees: Vec<(u32, WithSpan<Node>)> = Vec::new();
    for (number, source) in (0..).zip(sources) {
        let (tree, diagnostics) = document::parse_tree(&source.text);
        trees.extend(tree.map(|tree| (number, tree)));
        reading.diagnostics.extend(diagnostics.into_iter().map(|diagnostic| (number, diagnostic)));
    }
    let mut parts = Vec::new();
    for (number, tree) in &trees {
        check(&mut reading, *number, tree);
        if let Node::Mapping(entries) = &tree.value {
            parts.push(SourceMapping::new(*number, entries));
        }
    }
    let mut manifest = reading.mapping(&MANIFEST, parts, merge_sources);
    let (consistency, impossible) = Consistency::of(&manifest.statements);
    manifest.consistency = consistency;
    reading.diagnostics.extend(impossible);
    let mut wrong = reading.end();
    if wrong.is_empty() {
        return Ok(manifest);
    }
    wrong.sort_by_key(|(source, diagnostic)| (*source, diagnostic.span.line, diagnostic.span.column));
    wrong.dedup_by(|a, b| a.0 == b.0 && a.1.span == b.1.span && a.1.message == b.1.message);
    Err(wrong.into_iter().map(|(source, diagnostic)| (source as usize, diagnostic)).collect())
}

/// Validates the tree of one source: its version and its shape.
fn check(reading: &mut MergeReader<'_>, source: u32, tree: &WithSpan<Node>) {
    let location = SourceLocation { source, span: tree.span };
    let Node::Mapping(entries) = &tree.value else {
        let message = match &tree.value {
            Node::Null => "the file is empty".to_owned(),
            other => format!("not a manifest: the file is {}", other.type_name()),
        };
        reading.report(location, message).tips.push("begin with `version: 1`".to_owned());
        return;
    };
    match get(entries, "version").map(|found| (&found.value, found.span)) {
        Some((Node::Number(text), span)) if text.parse() != Ok(VERSION) => {
            let location = SourceLocation { source, span };
            let message = format!("unsupported `version` {text}, expected {VERSION}");
            reading.report(location, message).tips.push(format!("version: {VERSION}"));
        }
        Some(_) => {}
        None => {
            let diagnostic = reading.report(location, "`version` is missing");
            diagnostic.tips.push(format!("begin with `version: {VERSION}`"));
        }
    }
    let mut checker = Validator::default();
    checker.object(&MANIFEST, entries);
    reading.diagnostics.extend(checker.diagnostics.into_iter().map(|diagnostic| (source, diagnostic)));
}

fn merge_sources(reading: &mut MergeReader<'_>, root: &MergedMapping<'_>) -> Manifest {
    // `check` validates the version of each source; this only marks the key as taken.
    let _ = root.all("version").count();
    let mut manifest = Manifest {
        set: root.parsed(reading, "name", text_format::set),
        named: root.all("name").next().map(|found| found.location()),
        limits: limits(reading, root),
        ..Manifest::default()
    };
    let statements = &mut manifest.statements;
    people::server(reading, root, statements);
    people::accounts(reading, root, statements);
    for (section, kind) in [("groups", Kind::Group), ("workgroups", Kind::Workgroup), ("dropboxes", Kind::Dropbox)] {
        groups::section(reading, root, (section, kind), statements);
    }
    content::endpoints(reading, root, statements);
    organizations::section(reading, root, statements);
    statements.sort_by_key(|statement| statement.declaration.stage());
    for list in root.all("tests") {
        let (name, mut diagnostics) =
            (reading.names.get(list.source as usize).cloned().unwrap_or_default(), Vec::new());
        manifest.tests.extend(assertions::read_list(&name, list.node, &mut diagnostics));
        reading.diagnostics.extend(diagnostics.into_iter().map(|diagnostic| (list.source, diagnostic)));
    }
    manifest
}

fn limits(reading: &mut MergeReader<'_>, root: &MergedMapping<'_>) -> Limits {
    root.within(reading, ("limits", &LIMITS), tightened_limits).unwrap_or_default()
}

fn tightened_limits(reading: &mut MergeReader<'_>, fields: &MergedMapping<'_>) -> Limits {
    let limits = Limits {
        removals: fields.number(reading, "removals"),
        share: fields.parsed(reading, "share", text_format::percent),
    };
    for (name, given, most) in [
        ("removals", limits.removals, super::removal_limits::MAX_REMOVALS),
        ("share", limits.share, super::removal_limits::MAX_PERCENT),
    ] {
        if given.is_some_and(|given| given > most)
            && let Some(found) = fields.get(reading, name)
        {
            let diagnostic =
                reading.report(found.location(), format!("the limit may be tightened, not raised above {most}"));
            diagnostic.tips.push("to raise it, apply with --max-removals N".to_owned());
        }
    }
    limits
}

/// Reads the resources of a section. Calls `each` with the name, the entries and the merged fields of each resource.
fn section_entries<'s, 'n>(
    reading: &mut MergeReader<'s>,
    root: &MergedMapping<'n>,
    (section, kind, object): (&str, Kind, &'static Object),
    mut each: impl FnMut(&mut MergeReader<'s>, (Name, &[SectionEntry<'n>]), &MergedMapping<'n>),
) {
    for entered in entries(TextFormat::Name(kind), root.all(section)) {
        let Some(name) = entered.first().and_then(|it| text_format::name(kind, it.key).ok()) else { continue };
        let found = entered.iter().map(|it| it.found);
        reading.mappings(object, found, |reading, fields| each(reading, (name, &entered), fields));
    }
}

/// The position of the first entry of a resource.
fn first_location(entered: &[SectionEntry<'_>]) -> SourceLocation {
    entered.first().map(|it| it.location).unwrap_or_default()
}

/// Reports keys beside `ensure: absent`, except those in `allowed`.
fn refuse_other_keys(reading: &mut MergeReader<'_>, fields: &MergedMapping<'_>, allowed: &[&str]) {
    let others: Vec<(SourceLocation, &str)> =
        fields.keys().filter(|(_, key)| *key != "ensure" && !allowed.contains(key)).collect();
    for (location, key) in others {
        reading.report(location, format!("`{key}` cannot be combined with `ensure: absent`"));
    }
}

/// Adds a statement to the list.
fn declare(statements: &mut Vec<Statement>, location: SourceLocation, it: Declaration) {
    statements.push(Statement { location, declaration: it });
}
