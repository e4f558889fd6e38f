//! Reads the section `endpoints`, with roles, content and shares.

use std::collections::HashMap;

use super::super::merge::{MergeReader, MergedMapping, SectionEntry, SourceMapping, SourceValue, entries, text};
use super::super::schema::{CONTENT, ENDPOINT, ROLE_HOLDER, ROLES, SHARE};
use super::super::statement::{
    Declaration, DeclaredEndpoint, DeclaredEndpointRole, DeclaredItem, DeclaredShare, SourceLocation, Statement,
};
use super::super::text_format::{self, TextFormat};
use super::groups;
use super::groups::ensure;
use super::labels::{binding_ids, labels};
use super::{declare, first_location, section_entries};
use crate::input::document::Node;
use crate::model::attributes::{EndpointKind, ItemType, NodeVersion, ShareClass};
use crate::model::{Kind, Name, Path, Permissions, PlatformId, Reference, Role};

/// Reads the section `endpoints`.
pub(in crate::manifest) fn endpoints(
    reading: &mut MergeReader<'_>,
    root: &MergedMapping<'_>,
    statements: &mut Vec<Statement>,
) {
    section_entries(reading, root, ("endpoints", Kind::Endpoint, &ENDPOINT), |reading, (name, entered), fields| {
        endpoint(reading, (name, first_location(entered)), fields, statements);
    });
}

/// Reads one endpoint.
pub(in crate::manifest) fn endpoint(
    reading: &mut MergeReader<'_>,
    (name, first): (Name, SourceLocation),
    fields: &MergedMapping<'_>,
    statements: &mut Vec<Statement>,
) {
    let ensure = ensure(reading, fields);
    let administrators =
        fields.within(reading, ("roles", &ROLES), |reading, fields| roles(reading, fields, &name, statements));
    for entered in entries(TextFormat::Path, fields.all("content")) {
        item(reading, &name, &entered, statements);
    }
    let mut paths = Vec::new();
    for entered in entries(TextFormat::Path, fields.all("shares")) {
        let Some(path) = entered.first().and_then(|it| Path::parse(it.key).ok()) else { continue };
        shares(reading, (&name, &path), &entered, statements);
        paths.push(path);
    }
    let endpoint = DeclaredEndpoint {
        kind: fields.word(reading, "kind", EndpointKind::from_name),
        private: fields.boolean(reading, "private"),
        managed: fields.boolean(reading, "managed"),
        node_version: fields.parsed(reading, "node-version", NodeVersion::parse),
        labels: labels(reading, fields),
        of: fields.parsed(reading, "of", text_format::item),
        administrators: administrators.unwrap_or_default(),
        ensure,
        exclusive: fields.boolean(reading, "exclusive"),
        shared: paths,
        previously: fields.parsed(reading, "previously", |text| text_format::name(Kind::Endpoint, text)),
        name,
    };
    declare(statements, first, Declaration::Endpoint(Box::new(endpoint)));
}

/// Reads the roles on an endpoint. Returns its administrators.
fn roles(
    reading: &mut MergeReader<'_>,
    fields: &MergedMapping<'_>,
    endpoint: &Name,
    statements: &mut Vec<Statement>,
) -> Vec<Reference> {
    let mut administrators = Vec::new();
    for field in ROLES.fields {
        let Some(role) = Role::from_name(Kind::Endpoint, field.name) else { continue };
        let mut seen: HashMap<String, SourceLocation> = HashMap::new();
        for found in fields.items(field.name) {
            let Some((who, ids)) = holder(reading, &found) else { continue };
            // Two sources may both name a principal; a duplicate in one source is a mistake.
            let key = TextFormat::Member.canonical(&who.to_string());
            match seen.insert(key, found.location()) {
                Some(before) if before.source == found.source => {
                    let position = reading.describe_location(before);
                    reading.report(found.location(), format!("duplicate entry {who}, first in {position}"));
                }
                Some(_) => {}
                None => {
                    if role == Role::EndpointAdministrator {
                        administrators.push(who.clone());
                    }
                    let it = DeclaredEndpointRole { endpoint: endpoint.clone(), role, who, ids };
                    declare(statements, found.location(), Declaration::Role(Box::new(it)));
                }
            }
        }
    }
    administrators
}

/// Reads a holder of a role: a reference, or a mapping with the ids of the role.
fn holder(reading: &mut MergeReader<'_>, found: &SourceValue<'_>) -> Option<(Reference, Vec<PlatformId>)> {
    if let Some(who) = text(found.node).and_then(|text| text_format::member(text).ok()) {
        return Some((who, Vec::new()));
    }
    let Node::Mapping(entries) = &found.node.value else { return None };
    let parts = vec![SourceMapping::new(found.source, entries)];
    let location = found.location();
    reading.mapping(&ROLE_HOLDER, parts, |reading, fields| {
        Some((groups::who(reading, location, fields)?, binding_ids(fields)))
    })
}

/// Reads a file or folder, merged from all sources.
fn item(reading: &mut MergeReader<'_>, endpoint: &Name, entered: &[SectionEntry<'_>], statements: &mut Vec<Statement>) {
    let Some(path) = entered.first().and_then(|it| Path::parse(it.key).ok()) else { return };
    let item = (endpoint.clone(), path, first_location(entered));
    let found = entered.iter().map(|it| it.found);
    reading.mappings(&CONTENT, found, |reading, fields| one_item(reading, item, fields, statements));
}

/// Reads the fields of a file or folder.
pub(in crate::manifest) fn one_item(
    reading: &mut MergeReader<'_>,
    (endpoint, path, location): (Name, Path, SourceLocation),
    fields: &MergedMapping<'_>,
    statements: &mut Vec<Statement>,
) {
    let ensure = ensure(reading, fields);
    let item_type = fields.word(reading, "type", ItemType::from_name);
    let size = fields.number(reading, "size");
    if size.is_some() && item_type != Some(ItemType::File) {
        let found = fields.get(reading, "size");
        let span = found.map_or(location, |found| found.location());
        reading.report(span, "a folder has no size").tips.push("type: file".to_owned());
    }
    let owner = fields.parsed(reading, "owner", |text| match text_format::is_nobody(text) {
        true => Ok(None),
        false => text_format::name(Kind::Account, text).map(Some),
    });
    let (ownerless, owner) = (owner == Some(None), owner.flatten());
    let item = DeclaredItem { endpoint, path, item_type, size, owner, ownerless, ensure };
    declare(statements, location, Declaration::Item(Box::new(item)));
}

/// Reads the shares of one path.
fn shares(
    reading: &mut MergeReader<'_>,
    (endpoint, path): (&Name, &Path),
    entered: &[SectionEntry<'_>],
    statements: &mut Vec<Statement>,
) {
    for entered in entries(TextFormat::Sharer, entered.iter().map(|it| it.found)) {
        let Some(principal) = entered.first().and_then(|it| text_format::sharer(it.key).ok()) else { continue };
        // One sharer can make several shares with one principal if their classes differ.
        let mut seen: Vec<((Option<String>, ShareClass), DeclaredShare, SourceLocation)> = Vec::new();
        for it in &entered {
            for (share, location) in of_one(reading, (endpoint, path, &principal), it) {
                let by = share.by.as_ref().map(|by| by.key().to_owned());
                let initial = if by.is_some() { ShareClass::User } else { ShareClass::Admin };
                let by = (by, share.class.unwrap_or(initial));
                match seen.iter().find(|(other, ..)| *other == by) {
                    Some((_, other, before)) if !same(other, &share) => {
                        let position = reading.describe_location(*before);
                        reading
                            .report(location, format!("the share with {principal} differs from the one in {position}"));
                    }
                    Some((.., before)) if before.source == location.source => {
                        let position = reading.describe_location(*before);
                        reading.report(location, format!("duplicate share with {principal}, first in {position}"));
                    }
                    Some(_) => {}
                    None => seen.push((by, share, location)),
                }
            }
        }
        for (_, share, location) in seen {
            declare(statements, location, Declaration::Share(Box::new(share)));
        }
    }
}

fn same(one: &DeclaredShare, other: &DeclaredShare) -> bool {
    (one.permissions, one.expires, one.class, one.orphaned)
        == (other.permissions, other.expires, other.class, other.orphaned)
}

/// The shares of one path with one principal in one source.
fn of_one(
    reading: &mut MergeReader<'_>,
    of: (&Name, &Path, &Reference),
    entered: &SectionEntry<'_>,
) -> Vec<(DeclaredShare, SourceLocation)> {
    let found = entered.found;
    let plain = |permissions| share_of(of, permissions);
    match &found.node.value {
        Node::List(items) if items.iter().any(|item| matches!(item.value, Node::Mapping(_))) => {
            let mut shares = Vec::new();
            for node in items {
                let found = SourceValue { source: found.source, node };
                match &node.value {
                    Node::Mapping(_) => shares.extend(of_mapping(reading, of, &found)),
                    _ => {
                        let diagnostic = reading.report(found.location(), "each of several shares must be a mapping");
                        diagnostic.tips.push("{permission: view, by: alice}".to_owned());
                    }
                }
            }
            shares
        }
        Node::Mapping(_) => of_mapping(reading, of, &found).into_iter().collect(),
        _ => permissions(reading, &found).map(|set| (plain(set), entered.location)).into_iter().collect(),
    }
}

fn share_of((endpoint, path, principal): (&Name, &Path, &Reference), permissions: Permissions) -> DeclaredShare {
    DeclaredShare {
        endpoint: endpoint.clone(),
        path: path.clone(),
        principal: principal.clone(),
        permissions,
        by: None,
        expires: None,
        class: None,
        orphaned: false,
        ids: Vec::new(),
    }
}

fn of_mapping(
    reading: &mut MergeReader<'_>,
    of: (&Name, &Path, &Reference),
    found: &SourceValue<'_>,
) -> Option<(DeclaredShare, SourceLocation)> {
    let Node::Mapping(entries) = &found.node.value else { return None };
    let parts = vec![SourceMapping::new(found.source, entries)];
    let share = reading.mapping(&SHARE, parts, |reading, fields| one_share(reading, of, found.location(), fields));
    Some((share?, found.location()))
}

/// Reads a share that is declared as a mapping.
pub(in crate::manifest) fn one_share(
    reading: &mut MergeReader<'_>,
    of: (&Name, &Path, &Reference),
    location: SourceLocation,
    fields: &MergedMapping<'_>,
) -> Option<DeclaredShare> {
    let Some(given) = fields.get(reading, "permission") else {
        reading.report(location, "`permission` is missing").tips.push("permission: view".to_owned());
        return None;
    };
    let share = DeclaredShare {
        by: fields.parsed(reading, "by", |text| text_format::name(Kind::Account, text)),
        expires: fields.parsed(reading, "expires", text_format::moment),
        class: fields.word(reading, "class", ShareClass::from_name),
        orphaned: fields.boolean(reading, "orphaned").unwrap_or_default(),
        ids: binding_ids(fields),
        ..share_of(of, permissions(reading, &given)?)
    };
    if let (Some(by), Reference::Named(Kind::Account, who)) = (&share.by, of.2)
        && by.key() == who.key()
    {
        reading.report(location, "nothing is shared with oneself");
    }
    Some(share)
}

fn permissions(reading: &mut MergeReader<'_>, found: &SourceValue<'_>) -> Option<Permissions> {
    match &found.node.value {
        Node::Text(text) => Permissions::parse(text).ok(),
        Node::List(items) => {
            let mut set = Permissions::NONE;
            for item in items {
                set = set.union(Permissions::parse(text(item)?).ok()?);
            }
            if set.is_empty() {
                let diagnostic = reading.report(found.location(), "a share gives at least one permission");
                diagnostic.tips.push("to end it, leave it out and apply with --prune".to_owned());
                return None;
            }
            Some(set)
        }
        _ => None,
    }
}
