//! Findings as SARIF 2.1.0, the format in which pipelines and code hosts read what a check found.

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::model::catalogue::findings::{FindingKind, Severity};
use crate::model::secret::hex;
use crate::render::json::EscapingWriter;

/// Writes a log of one run. Results are written one by one as they are found.
pub(super) struct SarifWriter<'o> {
    out: EscapingWriter<'o>,
    /// The name of the store, which stands for the file that each result is in.
    store: String,
    is_first: bool,
}

impl<'o> SarifWriter<'o> {
    /// Begins the log: the tool with its rules.
    pub(super) fn begin(out: &'o mut dyn Write, store: &str) -> io::Result<SarifWriter<'o>> {
        let mut out = EscapingWriter::new(out);
        let driver = json!({
            "name": env!("CARGO_PKG_NAME"),
            "version": env!("CARGO_PKG_VERSION"),
            "rules": FindingKind::ALL.iter().map(|kind| rule(*kind)).collect::<Vec<_>>(),
        });
        write!(
            out,
            "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{{\"driver\":{driver}}},\"columnKind\":\"utf16CodeUnits\",\"results\":["
        )?;
        Ok(SarifWriter { out, store: percent_encoded(store), is_first: true })
    }

    /// Writes a finding, given as its row.
    pub(super) fn result(&mut self, kind: FindingKind, severity: Severity, row: &Map<String, Value>) -> io::Result<()> {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        let (resource, principal) = (text("resource"), text("principal"));
        let about = if principal.is_empty() { String::new() } else { format!(", {principal}") };
        let detail = if text("detail").is_empty() { String::new() } else { format!(" ({})", text("detail")) };
        let message = format!("{resource}{about}: {}{detail}", kind.row().title);
        let fingerprint = hex(&Sha256::digest(format!("{}\0{resource}\0{principal}", kind.as_str())));
        let result = json!({
            "ruleId": kind.as_str(),
            "ruleIndex": FindingKind::ALL.iter().position(|known| *known == kind),
            "level": level(severity),
            "message": {"text": message},
            "locations": [{
                "physicalLocation": {"artifactLocation": {"uri": self.store}},
                "logicalLocations": [{"fullyQualifiedName": resource, "kind": "resource"}],
            }],
            "partialFingerprints": {"finding/v1": fingerprint},
            "properties": {
                "principal": row.get("principal"),
                "since": row.get("since"),
                "by": row.get("by"),
                "fix": row.get("fix"),
            },
        });
        let separator = if self.is_first { "\n" } else { ",\n" };
        self.is_first = false;
        write!(self.out, "{separator}{result}")
    }

    /// Ends the log.
    pub(super) fn end(mut self) -> io::Result<()> {
        writeln!(self.out, "{}]}}]}}", if self.is_first { "" } else { "\n" })
    }
}

fn rule(kind: FindingKind) -> Value {
    let row = kind.row();
    json!({
        "id": row.id,
        "shortDescription": {"text": row.title},
        "fullDescription": {"text": row.why},
        "help": {"text": format!("{} To mend: {} ({})", row.how, row.fix, row.source)},
        "defaultConfiguration": {"level": level(row.severity)},
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// A file name as a relative URI.
fn percent_encoded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
