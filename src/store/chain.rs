//! The hash chain: what the digest of a revision is taken over.
//!
//! SHA-256 over the digest before it, the revision's header, every row it opened and every row it
//! closed (by id and the revision that had opened it). It is taken over the columns as they stand
//! in the file, not over what they are read as, so nothing in a row can change unseen. Every value
//! is written with its type and length before it, so no two different revisions are encoded alike.

use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};

/// A SHA-256.
pub(super) type Digest = [u8; 32];

/// What stands before the first revision.
pub(super) const GENESIS: Digest = [0; 32];

/// So many bytes are gathered before they are hashed: most pieces have less than ten.
const BUFFER_BYTES: usize = 4096;

/// Takes in a revision piece by piece; rows in the order of their ids, opened before closed.
pub(super) struct Chain {
    hasher: Sha256,
    /// What is to be hashed next.
    buffer: Vec<u8>,
}

impl Chain {
    /// Begins a revision; its header comes first.
    pub(super) fn begin(previous: &Digest) -> Chain {
        let mut chain = Chain { hasher: Sha256::new(), buffer: Vec::with_capacity(2 * BUFFER_BYTES) };
        chain.word("rolebook revision 1");
        chain.buffer.extend_from_slice(previous);
        chain
    }

    /// Takes in a row: what it is to the revision, and its columns.
    pub(super) fn row(&mut self, word: &str, columns: &[ValueRef<'_>]) {
        self.word(word);
        for column in columns {
            self.value(*column);
        }
    }

    /// Takes in a row that was opened, whose last column says who declares it.
    pub(super) fn opened(&mut self, word: &str, columns: &[ValueRef<'_>]) {
        let Some((sets, always)) = columns.split_last() else { return };
        self.row(word, always);
        self.sets(*sets);
    }

    /// Takes in the manifests that declare a row, if any do: stores from before there were manifests have
    /// the same digests as ever.
    pub(super) fn sets(&mut self, sets: ValueRef<'_>) {
        if sets != ValueRef::Null {
            self.word("sets");
            self.value(sets);
        }
    }

    /// Takes in what the values that follow are.
    pub(super) fn word(&mut self, word: &str) {
        self.value(ValueRef::Text(word.as_bytes()));
    }

    /// Takes in a value.
    pub(super) fn value(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => self.buffer.push(0),
            ValueRef::Text(text) => self.bytes(1, text),
            ValueRef::Integer(number) => self.bytes(2, &number.to_be_bytes()),
            ValueRef::Real(number) => self.bytes(3, &number.to_be_bytes()),
            ValueRef::Blob(bytes) => self.bytes(4, bytes),
        }
    }

    /// The digest of the revision.
    pub(super) fn end(mut self) -> Digest {
        self.hasher.update(&self.buffer);
        self.hasher.finalize().into()
    }

    fn bytes(&mut self, kind: u8, bytes: &[u8]) {
        self.buffer.push(kind);
        self.buffer.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES {
            self.hasher.update(&self.buffer);
            self.buffer.clear();
        }
    }
}
