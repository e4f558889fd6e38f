//! The hash chain: what the digest of a revision is taken over.
//!
//! SHA-256 over a canonical encoding of the revision's header, of every row it opened and every
//! row it closed (each by id), and of the digest before it. Changing, adding or removing any past
//! row, its order or its time changes the digest of some revision. Every field is written with its
//! length before it, so no two different revisions are encoded alike.

use sha2::{Digest as _, Sha256};

use super::history::LogEntry;
use crate::model::{Id, Revision};

/// A SHA-256.
pub(super) type Digest = [u8; 32];

/// What stands before the first revision.
pub(super) const GENESIS: Digest = [0; 32];

/// Takes in a revision piece by piece; rows in the order of their ids, opened before closed.
pub(super) struct Chain(Sha256);

impl Chain {
    /// Begins a revision with its header.
    pub(super) fn begin(entry: &LogEntry, previous: &Digest) -> Chain {
        let mut chain = Chain(Sha256::new());
        chain.text(Some("rolebook revision 1"));
        chain.number(Some(entry.number));
        chain.integer(Some(entry.at.0));
        chain.number(entry.actor.map(|id| id.0));
        chain.text(Some(&entry.operator));
        chain.text(Some(&entry.command));
        chain.text(entry.reason.as_deref());
        chain.text(entry.denied_json().as_deref());
        chain.number(entry.undoes);
        chain.number(Some(entry.last_id.0));
        chain.0.update(previous);
        chain
    }

    /// Takes in a resource that was opened, by its columns.
    #[expect(clippy::too_many_arguments, reason = "the columns of the row")]
    pub(super) fn opened_resource(
        &mut self,
        id: Id,
        kind: &str,
        parent: u64,
        name: &str,
        key: &str,
        alias: Option<&str>,
        attributes: &str,
    ) {
        self.text(Some("+resource"));
        self.number(Some(id.0));
        self.text(Some(kind));
        self.number(Some(parent));
        self.text(Some(name));
        self.text(Some(key));
        self.text(alias);
        self.text(Some(attributes));
    }

    /// Takes in a binding that was opened, by its columns.
    #[expect(clippy::too_many_arguments, reason = "the columns of the row")]
    pub(super) fn opened_binding(
        &mut self,
        id: Id,
        resource: u64,
        principal: u64,
        role: &str,
        grantor: Option<u64>,
        expires: Option<i64>,
        attributes: Option<&str>,
    ) {
        self.text(Some("+binding"));
        self.number(Some(id.0));
        self.number(Some(resource));
        self.number(Some(principal));
        self.text(Some(role));
        self.number(grantor);
        self.integer(expires);
        self.text(attributes);
    }

    /// Takes in a row that was closed: its table, its id and the revision that had opened it.
    pub(super) fn closed(&mut self, table: &str, id: Id, since: Revision) {
        self.text(Some("-"));
        self.text(Some(table));
        self.number(Some(id.0));
        self.number(Some(since));
    }

    /// The digest of the revision.
    pub(super) fn end(self) -> Digest {
        self.0.finalize().into()
    }

    fn text(&mut self, text: Option<&str>) {
        match text {
            None => self.0.update([0]),
            Some(text) => {
                self.0.update([1]);
                self.0.update((text.len() as u64).to_be_bytes());
                self.0.update(text.as_bytes());
            }
        }
    }

    fn number(&mut self, number: Option<u64>) {
        match number {
            None => self.0.update([0]),
            Some(number) => {
                self.0.update([2]);
                self.0.update(number.to_be_bytes());
            }
        }
    }

    fn integer(&mut self, number: Option<i64>) {
        match number {
            None => self.0.update([0]),
            Some(number) => {
                self.0.update([3]);
                self.0.update(number.to_be_bytes());
            }
        }
    }
}
