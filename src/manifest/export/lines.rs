//! Writes an export as JSON Lines: one resource or binding per line, with a tag.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::people::ExportedMember;
use super::{ExportError, Exporter, put, put_list};
use crate::model::{Id, Kind, Resource};
use crate::ops::share::OrphanSearch;
use crate::policy::Facts;

/// Writes the whole export.
pub(super) fn write<F: Facts>(export: &Exporter<'_, F>, out: &mut dyn Write) -> Result<(), ExportError> {
    let mut lines = JsonlWriter { out, line: Vec::new() };
    let mut head = Map::new();
    put(&mut head, "version", json!(1));
    put(&mut head, "name", json!(export.set));
    lines.put("manifest", head)?;
    if let Some(Value::Object(server)) = export.server()? {
        lines.put("server", server)?;
    }
    for account in export.resources(Kind::Account, None)? {
        lines.named("account", &account.name, export.account(&account)?)?;
    }
    for (tag, kind) in [("group", Kind::Group), ("workgroup", Kind::Workgroup), ("dropbox", Kind::Dropbox)] {
        let resources = export.resources(kind, None)?;
        for resource in &resources {
            lines.named(tag, &resource.name, export.without_members(resource)?)?;
        }
        // Members come after all groups of the kind, because groups can be members of each other.
        for resource in &resources {
            for member in export.members(resource)? {
                lines.member(&resource.reference(), &member, member.terms())?;
            }
        }
    }
    let endpoints = export.resources(Kind::Endpoint, None)?;
    let (shares, others): (Vec<_>, Vec<_>) =
        endpoints.iter().partition(|it| it.as_endpoint().is_some_and(|it| it.of.is_some()));
    for endpoint in others.into_iter().chain(shares) {
        lines.named("endpoint", &endpoint.name, export.endpoint_alone(endpoint)?)?;
    }
    for org in export.resources(Kind::Org, None)? {
        organization(export, &org, &mut lines)?;
    }
    for endpoint in &endpoints {
        content(export, endpoint, &mut lines)?;
    }
    Ok(())
}

fn organization<F: Facts>(
    export: &Exporter<'_, F>,
    org: &Resource,
    lines: &mut JsonlWriter<'_>,
) -> Result<(), ExportError> {
    let mut alone = export.without_members(org)?;
    let (admins, others) = export.org_members(org)?;
    put_list(&mut alone, "admins", admins);
    lines.named("organization", &org.name, alone)?;
    for member in others {
        lines.member(&org.reference(), &member, member.terms())?;
    }
    for workspace in export.resources(Kind::Workspace, Some(org.id))? {
        let name = format!("{}/{}", org.name, workspace.name);
        lines.named("workspace", &name, export.workspace(&workspace)?)?;
        for member in export.members(&workspace)? {
            let terms = match export.needs_own_entry(org.id, &member)? {
                true => export.workspace_member(&member).as_object().cloned().unwrap_or_default(),
                false => Map::new(),
            };
            let terms = terms.into_iter().filter(|(key, _)| key != "user").collect();
            lines.member(&format!("workspace:{name}"), &member, terms)?;
        }
    }
    Ok(())
}

fn content<F: Facts>(
    export: &Exporter<'_, F>,
    endpoint: &Resource,
    lines: &mut JsonlWriter<'_>,
) -> Result<(), ExportError> {
    let mut search = OrphanSearch::default();
    export.each_item(endpoint, &mut |(path, item)| {
        if let Some(entry) = export.item(item)? {
            let mut row = Map::new();
            put(&mut row, "item", json!(format!("{}:{path}", endpoint.name)));
            row.extend(entry);
            lines.put("content", row)?;
        }
        Ok(search.add_item(export.facts, item.id, export.at)?)
    })?;
    let orphans = export.orphans(search)?;
    // A share can rest on an earlier one, so shares with a sharer are written in the order of their creation.
    let mut later: Vec<(Id, Map<String, Value>)> = Vec::new();
    export.each_item(endpoint, &mut |(path, item)| {
        for (who, share) in export.shares(item.id)? {
            let mut row = Map::new();
            put(&mut row, "item", json!(format!("{}:{path}", endpoint.name)));
            put(&mut row, "principal", json!(who));
            row.extend(export.share(&share, &orphans)?);
            match share.grantor {
                Some(_) => later.push((share.id, row)),
                None => lines.put("share", row)?,
            }
        }
        Ok(())
    })?;
    later.sort_by_key(|(id, _)| *id);
    later.into_iter().try_for_each(|(_, row)| lines.put("share", row))
}

struct JsonlWriter<'o> {
    out: &'o mut dyn Write,
    /// The buffer of the current line, which is written as a whole.
    line: Vec<u8>,
}

impl JsonlWriter<'_> {
    fn put(&mut self, tag: &str, entry: Map<String, Value>) -> Result<(), ExportError> {
        let mut row = Map::new();
        row.insert(tag.to_owned(), Value::Object(entry));
        self.line.clear();
        serde_json::to_writer(&mut self.line, &row).map_err(std::io::Error::from)?;
        self.line.push(b'\n');
        Ok(self.out.write_all(&self.line)?)
    }

    fn named(&mut self, tag: &str, name: &str, entry: Map<String, Value>) -> Result<(), ExportError> {
        let mut row = Map::new();
        put(&mut row, "name", json!(name));
        row.extend(entry);
        self.put(tag, row)
    }

    fn member(&mut self, of: &str, member: &ExportedMember, terms: Map<String, Value>) -> Result<(), ExportError> {
        let mut row = Map::new();
        let (key, name) = member.named();
        put(&mut row, "of", json!(of));
        put(&mut row, key, json!(name));
        row.extend(terms);
        self.put("member", row)
    }
}
