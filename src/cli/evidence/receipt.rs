//! Making receipts: a decision with the bindings it rests on, and the revisions that made them.
//!
//! A receipt is a signed note of two lines: what it is, and a JSON object. Its signature covers everything in it. The
//! object is the answer of `perm explain` and these fields:
//!
//! - `reader`: for whom it was made.
//! - `checkpoint`: the checkpoint, a signed note of its own.
//! - `bindings`: for each step of `proof` that rests on a binding, the `step`, the `id` and the `revision`.
//! - `names`: the resources that these bindings name, with the `revision` that named them so.
//! - `revisions`: each revision named above, with its `digest`, its `tlog_proof` (c2sp.org/tlog-proof), and its `input`:
//!   the bytes that the digest is taken over. A revision without them has `left_out` instead: `hidden` or `too_large`.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Map, Value, json};

use super::SigningArgs;
use super::checkpoint::{Checkpoint, LogProof};
use super::note::Signer;
use crate::cli::Outcome;
use crate::cli::log::LogReader;
use crate::cli::perm::{Answer, ParsedQuestion, QuestionArgs};
use crate::cli::session::Session;
use crate::cli::view::ReadView;
use crate::model::secret::hex;
use crate::model::{Binding, Id, Revision};
use crate::policy::Facts;
use crate::render::{self, Format, RenderError};
use crate::store::evidence::RevisionRecord;
use crate::store::merkle::Tree;

/// The first line of a receipt. No checkpoint begins so, since its second line is a number.
pub(super) const FIRST_LINE: &str = "rolebook receipt 1";

/// The largest number of bytes of revisions that a receipt carries: more than 20,000 row changes.
const MAX_INPUT_BYTES: usize = 4 << 20;

#[derive(Args, Debug)]
pub(in crate::cli) struct ReceiptArgs {
    #[command(flatten)]
    question: QuestionArgs,
    #[command(flatten)]
    signing: SigningArgs,
}

impl ReceiptArgs {
    pub(in crate::cli) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let signer = self.signing.signer(session)?;
        let QuestionArgs { principal, action, resource, reading } = &self.question;
        session.read(reading.at.as_deref(), |session, view| {
            let asked = ParsedQuestion::read(view, principal, action, resource)?;
            let answered = Answer::decide(view, asked, true)?;
            let receipt = Receipt::of(view, &answered)?;
            for (number, why) in &receipt.left_out {
                session.warn(&format!("revision {number} is not in the receipt: {why}"));
            }
            let note = receipt.sign(&signer, answered.json(view)?)?;
            if session.output_options().format == Format::Table {
                // The JSON of a receipt has no hidden character, nor has the name of a key.
                session.document(&note)?;
                return Ok(0);
            }
            session.value(&json!({"receipt": note}))
        })
    }
}

/// Why a receipt does not carry a revision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum LeftOut {
    /// The reader may not read the whole log.
    Hidden,
    /// The revision is too large.
    TooLarge,
}

impl LeftOut {
    const fn word(self) -> &'static str {
        match self {
            LeftOut::Hidden => "hidden",
            LeftOut::TooLarge => "too_large",
        }
    }
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LeftOut::Hidden => f.write_str("the reader may not read the whole of it"),
            LeftOut::TooLarge => {
                write!(f, "a receipt carries at most {} MiB of revisions", MAX_INPUT_BYTES >> 20)
            }
        }
    }
}

/// What a receipt has beside the answer.
struct Receipt {
    reader: String,
    bindings: Vec<(usize, Binding)>,
    names: BTreeMap<Id, Revision>,
    records: BTreeMap<Revision, RevisionRecord>,
    left_out: BTreeMap<Revision, LeftOut>,
    tree: Tree,
}

impl Receipt {
    fn of(view: &ReadView<'_>, answered: &Answer) -> Result<Receipt, RenderError> {
        let bindings = answered.bindings(view)?;
        // The bytes of a revision have all its rows and texts, so they are for readers of the whole log.
        let is_open = LogReader::new(view)?.reads_all();
        let mut receipt = Receipt {
            reader: view.actor_name(view.actor.principal())?,
            names: if is_open { names(view, &bindings)? } else { BTreeMap::new() },
            records: BTreeMap::new(),
            left_out: BTreeMap::new(),
            tree: Tree::default(),
            bindings,
        };
        let mut room = MAX_INPUT_BYTES;
        let of_bindings: BTreeSet<Revision> = receipt.bindings.iter().map(|(_, binding)| binding.since).collect();
        for number in of_bindings {
            let limit = if is_open { room } else { 0 };
            let Some(record) = view.reader.record(number, limit)? else { continue };
            match &record.input {
                Some(input) => room -= input.len(),
                None => {
                    let why = if is_open { LeftOut::TooLarge } else { LeftOut::Hidden };
                    receipt.left_out.insert(number, why);
                }
            }
            receipt.records.insert(number, record);
        }
        // A name is proved where there is room for it.
        let of_names: BTreeSet<Revision> = receipt.names.values().copied().collect();
        for number in of_names {
            if !receipt.records.contains_key(&number)
                && let Some(record) = view.reader.record(number, room)?
                && let Some(input) = &record.input
            {
                room -= input.len();
                receipt.records.insert(number, record);
            }
        }
        let (records, left_out) = (&receipt.records, &receipt.left_out);
        receipt.names.retain(|_, number| records.contains_key(number) && !left_out.contains_key(number));
        let leaves = receipt.records.keys().map(|number| number.saturating_sub(1));
        receipt.tree = Tree::proving(leaves, view.reader.last_revision()?);
        view.reader.fill(&mut receipt.tree)?;
        Ok(receipt)
    }

    /// The signed note, from the answer.
    fn sign(&self, signer: &Signer, mut object: Map<String, Value>) -> Result<String, RenderError> {
        let checkpoint = Checkpoint::sign(signer, self.tree.size(), &self.tree.root());
        let binding = |(step, it): &(usize, Binding)| json!({"step": step, "id": it.id, "revision": it.since});
        let name = |(id, revision): (&Id, &Revision)| json!({"id": id, "revision": revision});
        let mut revisions = Vec::with_capacity(self.records.len());
        for (number, record) in &self.records {
            let index = number.saturating_sub(1);
            let Some(hashes) = self.tree.proof(index) else { continue };
            let proof = LogProof { index, hashes, checkpoint: &checkpoint };
            let mut revision = json!({
                "number": number,
                "digest": hex(&record.digest),
                "input": record.input.as_ref().map(|input| STANDARD.encode(input)),
                "tlog_proof": proof.text(),
            });
            if let (Some(why), Some(fields)) = (self.left_out.get(number), revision.as_object_mut()) {
                fields.insert("left_out".to_owned(), json!(why.word()));
            }
            revisions.push(revision);
        }
        object.insert("reader".to_owned(), json!(self.reader));
        object.insert("bindings".to_owned(), self.bindings.iter().map(binding).collect());
        object.insert("names".to_owned(), self.names.iter().map(name).collect());
        object.insert("revisions".to_owned(), Value::Array(revisions));
        object.insert("checkpoint".to_owned(), json!(checkpoint));
        Ok(signer.sign(&format!("{FIRST_LINE}\n{}\n", render::json::text(&object))))
    }
}

/// The resources that bindings name, and those that these lie in, with the revision that named each so.
fn names(view: &ReadView<'_>, bindings: &[(usize, Binding)]) -> Result<BTreeMap<Id, Revision>, RenderError> {
    let mut found = BTreeMap::new();
    for (_, binding) in bindings {
        for id in [Some(binding.principal), Some(binding.resource), binding.grantor].into_iter().flatten() {
            for named in view.facts.ancestors(id)? {
                if named.id > Id::LAST_RESERVED {
                    found.insert(named.id, named.since);
                }
            }
        }
    }
    Ok(found)
}
