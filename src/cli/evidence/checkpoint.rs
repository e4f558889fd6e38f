//! Checkpoints of a log (c2sp.org/tlog-checkpoint), and proofs that an entry is in the log of a checkpoint
//! (c2sp.org/tlog-proof), as texts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::note::{self, NoteError, Signer, Verifier};
use crate::store::merkle::{Hash, root_of_proof};

/// The state of a log: its name, its number of entries, and the root of the tree over them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Checkpoint {
    pub(super) origin: String,
    pub(super) size: u64,
    pub(super) root: Hash,
}

impl Checkpoint {
    /// The checkpoint as a note signed by a key, whose name is the origin.
    pub(super) fn sign(signer: &Signer, size: u64, root: &Hash) -> String {
        signer.sign(&format!("{}\n{size}\n{}\n", signer.verifier.name, STANDARD.encode(root)))
    }

    /// Reads a checkpoint that one of the keys signed, and whose origin is the name of that key; returns the key too.
    pub(super) fn open<'k>(note: &str, keys: &'k [Verifier]) -> Result<(Checkpoint, &'k Verifier), NoteError> {
        let (text, key) = note::open(note, keys)?;
        let checkpoint = Checkpoint::parse(text).ok_or(NoteError::Malformed)?;
        if checkpoint.origin == key.name { Ok((checkpoint, key)) } else { Err(NoteError::Unsigned) }
    }

    /// Reads the text of a checkpoint. Lines after the third are extensions, which are ignored.
    fn parse(text: &str) -> Option<Checkpoint> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, number(lines.next()?)?, hash(lines.next()?)?);
        let is_whole = !origin.is_empty() && lines.all(|line| !line.is_empty());
        is_whole.then(|| Checkpoint { origin: origin.to_owned(), size, root })
    }
}

/// Reads a decimal number without a sign or leading zeros.
fn number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain)
}

fn hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

/// A proof that an entry is in the log of a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct LogProof<'p> {
    /// The number of entries before this one.
    pub(super) index: u64,
    /// The hashes from the sibling of the entry up.
    pub(super) hashes: Vec<Hash>,
    /// The checkpoint, as a signed note.
    pub(super) checkpoint: &'p str,
}

const PROOF: &str = "c2sp.org/tlog-proof@v1";

/// The largest number of hashes: the height of a tree whose size is a 64-bit number.
const MAX_HASHES: usize = 64;

impl<'p> LogProof<'p> {
    /// The text of the proof.
    pub(super) fn text(&self) -> String {
        let hashes: String = self.hashes.iter().map(|hash| format!("{}\n", STANDARD.encode(hash))).collect();
        format!("{PROOF}\nindex {}\n{hashes}\n{}", self.index, self.checkpoint)
    }

    /// Reads the text of a proof. Extra data is ignored, since nothing in the proof vouches for it.
    pub(super) fn parse(text: &'p str) -> Option<LogProof<'p>> {
        let rest = text.strip_prefix(PROOF)?.strip_prefix('\n')?;
        let rest = match rest.strip_prefix("extra ") {
            None => rest,
            Some(extra) => {
                let (extra, rest) = extra.split_once('\n')?;
                STANDARD.decode(extra).ok()?;
                rest
            }
        };
        let (index, mut rest) = rest.strip_prefix("index ")?.split_once('\n')?;
        let mut hashes = Vec::new();
        loop {
            let (line, after) = rest.split_once('\n')?;
            rest = after;
            if line.is_empty() {
                break;
            }
            hashes.push(hash(line).filter(|_| hashes.len() < MAX_HASHES)?);
        }
        Some(LogProof { index: number(index)?, hashes, checkpoint: rest })
    }

    /// Whether the proof leads from a leaf to the root of a checkpoint.
    pub(super) fn holds(&self, leaf: Hash, of: &Checkpoint) -> bool {
        root_of_proof(leaf, self.index, of.size, &self.hashes) == Some(of.root)
    }
}
