//! The report as Markdown.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::ACCESS;
use super::gather::{CHANGES, FINDINGS, Report};
use crate::render::pages::markdown_text;
use crate::render::{Column, plain};

/// Writes the report.
pub(super) fn write(report: &Report) -> String {
    let page = &report.page;
    let mut out = format!("# {}\n\n", markdown_text(&page.title));
    let scope = page.scope.iter().map(|it| markdown_text(it)).collect::<Vec<_>>().join(", ");
    let facts = [
        ("Scope", scope),
        ("As of", format!("revision {}, {}", page.revision, page.at)),
        ("Digest", page.digest.clone()),
        ("Read by", markdown_text(&page.reader)),
    ];
    for (name, value) in facts {
        let _ = writeln!(out, "- {name}: {value}");
    }
    for count in page.counts.iter().chain(&page.severities) {
        let _ = writeln!(out, "- {}: {}", count.name, count.value);
    }
    table(&mut out, "Findings", &FINDINGS, &report.findings);
    if !page.since_at.is_empty() {
        table(&mut out, &format!("What changed since revision {}", page.since_revision), &CHANGES, &report.changes);
    }
    table(&mut out, "Who has what and why", &ACCESS, &report.access);
    let _ = writeln!(out, "\n## Reach\n\n| resource | people |\n|---|---|");
    for it in &page.reach {
        let _ = writeln!(out, "| {} | {} |", markdown_text(&it.resource), it.people);
    }
    let _ = writeln!(out, "\n## Timeline\n\n| period | added | changed | removed |\n|---|---|---|---|");
    for it in &page.timeline {
        let _ = writeln!(out, "| {} | {} | {} | {} |", it.label, it.added, it.changed, it.removed);
    }
    let _ = writeln!(out, "\n## How this report was made\n");
    for (name, value) in &page.made {
        let _ = writeln!(out, "- {name}: {}", markdown_text(value));
    }
    out
}

/// Writes a table under a heading.
fn table(out: &mut String, title: &str, columns: &[Column], rows: &[Map<String, Value>]) {
    let _ = writeln!(out, "\n## {title}\n");
    if rows.is_empty() {
        let _ = writeln!(out, "None.");
        return;
    }
    let header: Vec<&str> = columns.iter().map(|column| &*column.name).collect();
    let _ = writeln!(out, "| {} |\n|{}", header.join(" | "), "---|".repeat(header.len()));
    for row in rows {
        let cell = |name: &&str| match row.get(*name) {
            None | Some(Value::Null) => String::new(),
            Some(value) => markdown_text(&plain(value)),
        };
        let _ = writeln!(out, "| {} |", header.iter().map(cell).collect::<Vec<_>>().join(" | "));
    }
}
