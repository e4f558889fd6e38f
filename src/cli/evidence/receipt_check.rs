//! Verifying receipts, which needs no store: what the log proves of a decision, and what only the key's holder says.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::checkpoint::{Checkpoint, LogProof};
use super::note::{self, NoteError, Verifier};
use super::receipt::FIRST_LINE;
use super::{read_text, untrusted};
use crate::cli::session::Session;
use crate::cli::{Outcome, files};
use crate::model::secret::hex;
use crate::model::time::time_value;
use crate::model::{Binding, Id, Kind, Resource, Revision, Time};
use crate::policy::disclosure::HIDDEN;
use crate::policy::{EmptyFacts, Facts, Overlay};
use crate::render::{Format, Text};
use crate::store::evidence::PastRevision;
use crate::store::merkle::leaf;

/// What a verified receipt says.
#[derive(Debug)]
pub(super) struct Verdict {
    key: String,
    checkpoint: Checkpoint,
    /// The answer of `perm explain`.
    answer: Map<String, Value>,
    bindings: Vec<ProvedBinding>,
}

/// A binding of a receipt.
#[derive(Debug)]
struct ProvedBinding {
    revision: Revision,
    text: String,
    /// The time of the revision, if the receipt proves that it made the binding; else why the receipt does not.
    proved: Result<Time, String>,
}

/// Why a receipt is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// None of the keys vouches for it.
    Untrusted(&'static str),
    /// The key signed it, and it does not hold.
    Untrue(String),
}

impl From<NoteError> for Refusal {
    fn from(error: NoteError) -> Refusal {
        Refusal::Untrusted(error.what())
    }
}

fn untrue(what: impl Into<String>) -> Refusal {
    Refusal::Untrue(what.into())
}

/// The fields of a receipt that prove its answer.
#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    proof: Vec<Map<String, Value>>,
    bindings: Vec<BindingField>,
    names: Vec<NameField>,
    revisions: Vec<RevisionField>,
    checkpoint: String,
    revision: Revision,
}

#[derive(Deserialize)]
struct BindingField {
    step: usize,
    id: Id,
    revision: Revision,
}

#[derive(Deserialize)]
struct NameField {
    id: Id,
    revision: Revision,
}

#[derive(Deserialize)]
struct RevisionField {
    number: Revision,
    digest: String,
    input: Option<String>,
    tlog_proof: String,
    left_out: Option<String>,
}

/// Verifies the text of a receipt.
pub(super) fn check(text: &str, keys: &[Verifier]) -> Result<Verdict, Refusal> {
    const OTHER_FORM: &str = "is not a receipt of a form that this program knows";
    let (text, key) = note::open(text, keys)?;
    let object =
        text.strip_prefix(FIRST_LINE).and_then(|it| it.strip_prefix('\n')).and_then(|it| it.strip_suffix('\n'));
    let object = object.filter(|it| !it.contains('\n')).ok_or(Refusal::Untrusted(OTHER_FORM))?;
    let answer: Map<String, Value> = serde_json::from_str(object).map_err(|_| Refusal::Untrusted(OTHER_FORM))?;
    let fields: Fields = serde_json::from_str(object).map_err(|_| Refusal::Untrusted(OTHER_FORM))?;
    let (checkpoint, _) = Checkpoint::open(&fields.checkpoint, std::slice::from_ref(key))
        .map_err(|_| untrue("its checkpoint is not one that the same key signed"))?;
    if fields.revision > checkpoint.size {
        return Err(untrue("its answer is of a later revision than its checkpoint"));
    }
    let mut past: BTreeMap<Revision, PastRevision> = BTreeMap::new();
    for revision in &fields.revisions {
        if let Some(read) = in_log(revision, &fields.checkpoint, &checkpoint)? {
            past.insert(read.number, read);
        }
    }
    let mut names = Overlay::new(&EmptyFacts).map_err(|_| Refusal::Untrusted(OTHER_FORM))?;
    for resource in named(&fields.names, &past)? {
        names.put_resource(resource);
    }
    let bindings = fields.bindings.iter().map(|it| proved(it, &fields, &past, &names)).collect::<Result<_, _>>()?;
    Ok(Verdict { key: key.to_string(), checkpoint, answer, bindings })
}

/// Proves that a revision is in the log of the checkpoint, and reads its rows if the receipt has them.
fn in_log(field: &RevisionField, note: &str, checkpoint: &Checkpoint) -> Result<Option<PastRevision>, Refusal> {
    let RevisionField { number, digest, input, tlog_proof, .. } = field;
    let bytes = (0..digest.len()).step_by(2).map(|at| u8::from_str_radix(digest.get(at..at + 2)?, 16).ok());
    let bytes: Option<Vec<u8>> = bytes.collect();
    let bytes = bytes.filter(|it| hex(it) == *digest && it.len() == 32);
    let proof =
        LogProof::parse(tlog_proof).filter(|it| it.checkpoint == note && Some(it.index) == number.checked_sub(1));
    let holds = bytes.zip(proof).is_some_and(|(bytes, proof)| proof.holds(leaf(&bytes), checkpoint));
    if !holds {
        return Err(untrue(format!("revision {number} is not proved to be in the log of its checkpoint")));
    }
    let Some(input) = input else { return Ok(None) };
    let read = STANDARD.decode(input).ok().and_then(|input| PastRevision::read(&input));
    match read.filter(|read| read.number == *number && hex(&read.digest) == *digest) {
        Some(read) => Ok(Some(read)),
        None => Err(untrue(format!("the rows of revision {number} do not fit its digest"))),
    }
}

/// The resources that the revisions prove the names of.
fn named(fields: &[NameField], past: &BTreeMap<Revision, PastRevision>) -> Result<Vec<Resource>, Refusal> {
    let mut found: HashMap<Id, Resource> = HashMap::new();
    for NameField { id, revision } in fields {
        let opened = past.get(revision).and_then(|past| past.resources.iter().find(|it| it.id == *id));
        let row = opened.ok_or_else(|| untrue(format!("revision {revision} names no resource {id}")))?;
        found.insert(*id, row.clone());
    }
    // What a workspace lies in ends the search for its name.
    let is_in_org = |it: &Resource| {
        it.kind() != Kind::Workspace || it.parent.and_then(|id| found.get(&id)).is_none_or(|it| it.kind() == Kind::Org)
    };
    Ok(found.values().filter(|it| is_in_org(it)).cloned().collect())
}

/// Compares a step of the proof with the binding it names.
fn proved<F: Facts>(
    field: &BindingField,
    fields: &Fields,
    past: &BTreeMap<Revision, PastRevision>,
    names: &F,
) -> Result<ProvedBinding, Refusal> {
    let BindingField { step, id, revision } = field;
    let step = fields.proof.get(*step).ok_or_else(|| untrue(format!("its proof has no step {step}")))?;
    let text = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default();
    let on = if step.contains_key("of") { text("of") } else { text("on") };
    let what = match text("step") {
        "member" => format!("is a member of {on}"),
        "share" => format!("holds {} on {on}", text("label")),
        _ => format!("is {} of {on}", text("role")),
    };
    let text = format!("{} {what}, by {}", text("principal"), text("by"));
    let revision = *revision;
    let Some(made) = past.get(&revision) else {
        let listed = fields.revisions.iter().find(|it| it.number == revision);
        let listed = listed.ok_or_else(|| untrue(format!("it does not prove revision {revision}")))?;
        let why = match listed.left_out.as_deref() {
            Some("hidden") => "its reader may not read that revision",
            _ => "that revision is too large for a receipt",
        };
        return Ok(ProvedBinding { revision, text, proved: Err(why.to_owned()) });
    };
    let binding = made.bindings.iter().find(|it| it.id == *id);
    let binding = binding.ok_or_else(|| untrue(format!("revision {revision} makes no binding {id}")))?;
    if !fits(step, binding, made, names) {
        return Err(untrue(format!("step `{text}` does not fit the binding that revision {revision} made")));
    }
    Ok(ProvedBinding { revision, text, proved: Ok(made.at) })
}

/// Whether a step says of a binding what its row says.
fn fits<F: Facts>(step: &Map<String, Value>, binding: &Binding, made: &PastRevision, names: &F) -> bool {
    // told: the names are those of the receipt itself, which the reader has.
    let name = |id: Id| names.reference(id).unwrap_or_default();
    // A resource whose name the receipt does not prove is written `#12`.
    let is_named = |stated: Option<&Value>, id: Id| match stated.and_then(Value::as_str) {
        Some(stated) => stated == HIDDEN || name(id).starts_with('#') || stated == name(id),
        None => false,
    };
    let is_value = |field: &str, value: Value| step.get(field).is_none_or(|stated| *stated == value);
    let by_operator = || step.get("by").and_then(Value::as_str) == Some("operator");
    is_named(step.get("principal"), binding.principal)
        && is_named(step.get("of").or_else(|| step.get("on")), binding.resource)
        && binding.grantor.map_or_else(by_operator, |id| is_named(step.get("by"), id))
        && match step.get("step").and_then(Value::as_str) {
            Some("share") => binding.is_share(),
            Some("member") => matches!(binding.role.resource_kind(), Kind::Group | Kind::Workgroup | Kind::Dropbox),
            kind => kind == Some("role") && !binding.is_share(),
        }
        && is_value("role", json!(binding.role.qualified()))
        && is_value("permissions", json!(binding.attributes.permissions))
        && is_value("label", json!(binding.attributes.permissions.label()))
        && is_value("expires", time_value(binding.expires))
        && is_value("revision", json!(binding.since))
        && is_value("at", json!(made.at.to_string()))
        && binding.since == made.number
}

/// What no receipt proves.
const NOT_PROVED: [&str; 3] = [
    "that no later revision took a binding away: by the time of the answer, the key's holder says so; after the checkpoint, nobody does",
    "what rests on no binding: the rules, the settings, and whether an account is active",
    "that the log is the one that others were shown: compare its checkpoint with one that was kept elsewhere",
];

/// Verifies the receipt in a file, and writes what it proves.
pub(super) fn run(session: &mut Session<'_>, path: &Path, keys: &[Verifier]) -> Outcome {
    let code = "bad_receipt";
    let text = read_text(path, files::MAX_FILE_BYTES)?.ok_or_else(|| untrusted(code, path, "is not a receipt"))?;
    let is_table = session.output_options().format == Format::Table;
    match check(&text, keys) {
        Err(Refusal::Untrusted(what)) => Err(untrusted(code, path, what).into()),
        Err(Refusal::Untrue(what)) if is_table => {
            session.line(&format!("NOT verified: {what}"))?;
            Ok(1)
        }
        Err(Refusal::Untrue(what)) => {
            session.value(&json!({"verified": false, "faults": [{"revision": null, "what": what}]}))?;
            Ok(1)
        }
        Ok(verdict) => {
            if is_table {
                let mut text = Text::default();
                verdict.write(&mut text);
                session.print(&text)?;
            } else {
                session.value(&verdict.json())?;
            }
            Ok(0)
        }
    }
}

impl Verdict {
    fn text(&self, field: &str) -> &str {
        self.answer.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    fn is_allowed(&self) -> bool {
        self.answer.get("allowed") == Some(&json!(true))
    }

    fn write(&self, text: &mut Text) {
        let Checkpoint { origin, size, .. } = &self.checkpoint;
        let (word, may) = if self.is_allowed() { ("allowed", "may") } else { ("denied", "may not") };
        let (who, action, on) = (self.text("principal"), self.text("action"), self.text("resource"));
        text.line(&format!("{word}: {who} {may} {action} on {on}"));
        let revision = self.answer.get("revision").and_then(Value::as_u64).unwrap_or_default();
        text.line(&format!("  as of revision {revision}, {}", self.text("at")));
        text.line(&format!("  rule {}", self.text("rule")));
        text.line(&format!("signed by {origin}, with a checkpoint of {size} revisions"));
        let (proved, stated): (Vec<_>, Vec<_>) = self.bindings.iter().partition(|it| it.proved.is_ok());
        if !proved.is_empty() {
            text.line("proved: these bindings were made, by revisions in the log of the checkpoint");
        }
        for ProvedBinding { revision, text: what, proved } in proved {
            let at = proved.as_ref().map(|at| format!(", {at}")).unwrap_or_default();
            text.line(&format!("  {what} (revision {revision}{at})"));
        }
        if !stated.is_empty() {
            text.line("only stated by the key's holder; proved is that the revision is in the log");
        }
        for ProvedBinding { revision, text: what, proved } in stated {
            let why = proved.as_ref().err().map_or("", String::as_str);
            text.line(&format!("  {what} (revision {revision}: {why})"));
        }
        text.line("not proved");
        for what in NOT_PROVED {
            text.line(&format!("  {what}"));
        }
        text.line(&format!("verified: {} of {} bindings proved", self.proved(), self.bindings.len()));
    }

    fn proved(&self) -> usize {
        self.bindings.iter().filter(|it| it.proved.is_ok()).count()
    }

    fn json(&self) -> Value {
        let binding = |it: &ProvedBinding| {
            json!({
                "revision": it.revision,
                "at": it.proved.as_ref().ok().map(Time::to_string),
                "what": it.text,
                "proved": it.proved.is_ok(),
                "why_not": it.proved.as_ref().err(),
            })
        };
        let mut decision = Map::new();
        for field in ["principal", "action", "resource", "allowed", "revision", "at", "rule", "source", "reader"] {
            decision.insert(field.to_owned(), self.answer.get(field).cloned().unwrap_or_default());
        }
        json!({
            "verified": true,
            "key": self.key,
            "origin": self.checkpoint.origin,
            "size": self.checkpoint.size,
            "root": hex(&self.checkpoint.root),
            "decision": decision,
            "bindings": self.bindings.iter().map(binding).collect::<Vec<_>>(),
            "not_proved": NOT_PROVED,
        })
    }
}
