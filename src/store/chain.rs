//! The hash chain: the input of the digest of a revision.
//!
//! The digest is a SHA-256 over the digest of the revision before, the header, every row that the revision opened, and
//! every row that it closed (by id and the revision that had opened it). The input is the columns as they are in the
//! file, not the values that they are read as, so no change of a row goes unnoticed. The type and the length precede
//! every value, so no two different revisions have the same input.

use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest.
pub(super) type Digest = [u8; 32];

/// The digest before the first revision.
pub(super) const GENESIS: Digest = [0; 32];

/// The number of bytes that are collected before they are hashed: most values have fewer than ten.
const BUFFER_BYTES: usize = 4096;

/// Hashes a revision value by value; rows come in the order of their ids, opened ones before closed ones.
pub(super) struct Chain {
    hasher: Sha256,
    /// The bytes to hash next.
    buffer: Vec<u8>,
    /// The bytes that were hashed, if they are recorded.
    record: Option<Vec<u8>>,
}

/// The word that begins every revision.
pub(super) const BEGINNING: &str = "rolebook revision 1";

impl Chain {
    /// Begins a revision; the header must come first.
    pub(super) fn begin(previous: &Digest) -> Chain {
        let mut chain = Chain { hasher: Sha256::new(), buffer: Vec::with_capacity(2 * BUFFER_BYTES), record: None };
        chain.word(BEGINNING);
        chain.buffer.extend_from_slice(previous);
        chain
    }

    /// As [`begin`](Chain::begin), and records what is hashed, for [`end_with_record`](Chain::end_with_record).
    pub(super) fn begin_recorded(previous: &Digest) -> Chain {
        Chain { record: Some(Vec::new()), ..Chain::begin(previous) }
    }

    /// The number of bytes that were recorded.
    pub(super) fn recorded(&self) -> usize {
        self.record.as_ref().map_or(0, Vec::len)
    }

    /// Hashes a row: the word for what it is to the revision, and its columns.
    pub(super) fn row(&mut self, word: &str, columns: &[ValueRef<'_>]) {
        self.word(word);
        for column in columns {
            self.value(*column);
        }
    }

    /// Hashes a row that was opened; its last column has the sets that declare it.
    pub(super) fn opened(&mut self, word: &str, columns: &[ValueRef<'_>]) {
        let Some((sets, always)) = columns.split_last() else { return };
        self.row(word, always);
        self.sets(*sets);
    }

    /// Hashes the sets that declare a row, if there are any: so stores from before manifests keep their digests.
    pub(super) fn sets(&mut self, sets: ValueRef<'_>) {
        if sets != ValueRef::Null {
            self.word("sets");
            self.value(sets);
        }
    }

    /// Hashes a word that says what the next values are.
    pub(super) fn word(&mut self, word: &str) {
        self.value(ValueRef::Text(word.as_bytes()));
    }

    /// Hashes a value.
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
        self.flush();
        self.hasher.finalize().into()
    }

    /// The digest of the revision, and the bytes it is taken over.
    pub(super) fn end_with_record(mut self) -> (Digest, Vec<u8>) {
        self.flush();
        (self.hasher.finalize().into(), self.record.unwrap_or_default())
    }

    fn flush(&mut self) {
        self.hasher.update(&self.buffer);
        if let Some(record) = &mut self.record {
            record.extend_from_slice(&self.buffer);
        }
        self.buffer.clear();
    }

    fn bytes(&mut self, kind: u8, bytes: &[u8]) {
        self.buffer.push(kind);
        self.buffer.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush();
        }
    }
}
