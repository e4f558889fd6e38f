//! Committing a draft: one transaction closes and opens rows and adds a revision. [`Writer`] holds the lock and the
//! transaction until it is committed or dropped.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{OptionalExtension, params_from_iter};

use super::chain::{Chain, Digest, GENESIS};
use super::error::StoreError;
use super::history::DeniedChange;
use super::lock::Lock;
use super::revision_rows::RevisionRows;
use super::sql_values::{from_sql, to_sql};
use super::write::{LARGE_CHANGE_ROWS, are_in_order, drop_indexes, write};
use super::{Reader, Result, StoreFacts};
use crate::model::{Id, Resource, Revision, Time};
use crate::policy::{Facts, RowChange};

/// The header of a revision: the actor of a change, the command and the reason.
#[derive(Clone, Debug)]
pub struct RevisionHeader {
    /// The time of the caller's clock. If it is before the last revision, the new one gets the time of that.
    pub at: Time,
    /// The principal that acts; `None` for the operator.
    pub actor: Option<Id>,
    /// The user of the operating system.
    pub operator: String,
    /// The command, without secrets.
    pub command: String,
    /// The reason that the actor gives.
    pub reason: Option<String>,
    /// The revision that this one undoes.
    pub undoes: Option<Revision>,
}

/// A revision that was committed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Committed {
    /// The number of the revision.
    pub revision: Revision,
    /// The time of the revision.
    pub at: Time,
}

/// A store opened for a change. A writer that is dropped without a commit has changed nothing.
#[derive(Debug)]
pub struct Writer {
    reader: Reader,
    _lock: Lock,
}

impl Writer {
    pub(super) const fn new(reader: Reader, lock: Lock) -> Writer {
        Writer { reader, _lock: lock }
    }

    /// The store as this writer sees it.
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The current facts, with the parts written so far.
    pub const fn facts(&self) -> StoreFacts<'_> {
        self.reader.facts()
    }

    /// Commits the row changes of a draft as a revision. Returns `None`, and adds no revision, if there is no change.
    ///
    /// # Errors
    /// When the store cannot be written; then nothing has changed.
    pub fn commit(self, changes: &[RowChange], last_id: Id, entry: RevisionHeader) -> Result<Option<Committed>> {
        if changes.is_empty() {
            Ok(None)
        } else {
            self.write_revision((changes, false), last_id, entry, None).map(Some)
        }
    }

    /// Records a denied change: a revision without row changes.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn record_denial(self, entry: RevisionHeader, denied: DeniedChange) -> Result<Committed> {
        let last_id =
            self.facts().last_id().map_err(|fault| StoreError::corrupt(&self.reader.path, fault.to_string()))?;
        self.write_revision((&[], false), last_id, entry, Some(denied))
    }

    /// Writes a part of a change that is too large for memory. Only this writer sees the part before the commit, and
    /// nothing of it stays without one.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn write_part(&self, changes: &[RowChange]) -> Result<()> {
        let (number, ..) = self.next_revision()?;
        write(&self.reader, changes, number, None)?;
        self.reader.cache.record_writes(changes, number);
        Ok(())
    }

    /// Commits a change whose earlier parts were written, with the rest of it, as a revision.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn commit_parts(self, rest: &[RowChange], last_id: Id, entry: RevisionHeader) -> Result<Committed> {
        self.write_revision((rest, true), last_id, entry, None)
    }

    /// The number of the next revision, with the time and the digest of the last one.
    fn next_revision(&self) -> Result<(Revision, Option<Time>, Digest)> {
        let last = self
            .reader
            .connection
            .prepare_cached("SELECT number, at, digest FROM revision ORDER BY number DESC LIMIT 1")
            .and_then(|mut it| {
                it.query_row([], |row| Ok((from_sql(row.get(0)?), Time(row.get(1)?), row.get::<_, Digest>(2)?)))
                    .optional()
            })
            .map_err(|error| self.reader.failed(error))?;
        Ok(match last {
            None => (1, None, GENESIS),
            Some((number, at, digest)) => (number + 1, Some(at), digest),
        })
    }

    /// Whether a change has more rows than the store ever had. Then it is faster to build each index once than to
    /// insert every row into it.
    fn is_mostly_new(&self, changes: &[RowChange]) -> Result<bool> {
        if changes.len() < LARGE_CHANGE_ROWS {
            return Ok(false);
        }
        let last = self.facts().last_id();
        let last = last.map_err(|fault| StoreError::corrupt(&self.reader.path, fault.to_string()))?;
        Ok(changes.len() as u64 > last.0)
    }

    /// Writes the rows of a change, or the rest of one that was written in parts, and adds the revision.
    fn write_revision(
        self,
        (changes, in_parts): (&[RowChange], bool),
        last_id: Id,
        entry: RevisionHeader,
        denied: Option<DeniedChange>,
    ) -> Result<Committed> {
        let reader = &self.reader;
        let failed = |error| reader.failed(error);
        let (number, last, previous) = self.next_revision()?;
        let at = last.map_or(entry.at, |last| entry.at.max(last));
        let denied = denied.map(|denied| serde_json::to_string(&denied).unwrap_or_default());
        let header: [Value; 9] = [
            to_sql(number).into(),
            at.0.into(),
            entry.actor.map(|id| to_sql(id.0)).into(),
            entry.operator.into(),
            entry.command.into(),
            entry.reason.into(),
            denied.into(),
            entry.undoes.map(to_sql).into(),
            to_sql(last_id.0).into(),
        ];
        let indexes = if self.is_mostly_new(changes)? { drop_indexes(reader)? } else { Vec::new() };
        let mut chain = Chain::begin(&previous);
        chain.row("revision", &header.each_ref().map(ValueRef::from));
        if !in_parts && are_in_order(changes) {
            write(reader, changes, number, Some(&mut chain))?;
        } else {
            write(reader, changes, number, None)?;
            // Earlier parts, or rows in another order, are among these: hash all rows as verification reads them.
            RevisionRows::new(reader)?.hash_revision(to_sql(number), &mut chain, &|_| true)?;
        }
        for sql in indexes {
            reader.connection.execute_batch(&sql).map_err(failed)?;
        }
        let digests = [Value::Blob(previous.to_vec()), Value::Blob(chain.end().to_vec())];
        reader
            .connection
            .prepare_cached("INSERT INTO revision VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")
            .and_then(|mut it| it.execute(params_from_iter(header.iter().chain(&digests))))
            .map_err(failed)?;
        reader.connection.execute_batch("COMMIT").map_err(failed)?;
        Ok(Committed { revision: number, at })
    }
}

impl Reader {
    /// The last version of a resource, also of one that has ended.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn last_version(&self, id: Id) -> Result<Option<Resource>> {
        let failed = |error| self.failed(error);
        let sql = format!(
            "SELECT * FROM (SELECT {0} FROM resource WHERE id = ?1 AND until IS NULL UNION ALL \
             SELECT {0} FROM resource WHERE id = ?1 AND until IS NOT NULL) ORDER BY since DESC LIMIT 1",
            super::statements::RESOURCE
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let mut rows = statement.query([to_sql(id.0)]).map_err(failed)?;
        rows.next().map_err(failed)?.map(|row| self.resource_of(row)).transpose()
    }
}
