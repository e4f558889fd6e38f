//! Committing a draft: rows are closed and opened, and a revision is stamped, in one transaction.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params, params_from_iter};

use super::chain::{Chain, Digest, GENESIS};
use super::error::StoreError;
use super::history::DeniedEntry;
use super::lock::Lock;
use super::rows::{binding_json, integer, natural, resource_json};
use super::verify::Rows;
use super::{Reader, Result, StoreFacts};
use crate::model::{Id, Resource, Revision, Time};
use crate::policy::{Facts, RowChange};

/// Who makes a change, by what command and why: the header of a revision.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The time, as the caller's clock has it; never earlier than the last revision's.
    pub at: Time,
    /// The account (or outside submitter) that acts; none for the operator.
    pub actor: Option<Id>,
    /// The operating system's user.
    pub operator: String,
    /// The command, without anything secret.
    pub command: String,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// The revision this one undoes.
    pub undoes: Option<Revision>,
}

/// What became of a draft.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Committed {
    /// The number of the revision that was made.
    pub revision: Revision,
    /// Its time.
    pub at: Time,
}

/// How much of the file a change in parts keeps in memory: 40 MiB, as SQLite is told of kibibytes.
const PAGES: i64 = -40 * 1024;

/// A store opened to be changed. Dropped without a commit, it has changed nothing.
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

    /// The facts as they stand.
    pub const fn facts(&self) -> StoreFacts<'_> {
        self.reader.facts()
    }

    /// Makes a draft a revision, given as what it changes in these very facts. One that changes
    /// nothing makes none.
    ///
    /// # Errors
    /// When the store cannot be written; then nothing was changed.
    pub fn commit(self, changes: &[RowChange], last_id: Id, entry: Entry) -> Result<Option<Committed>> {
        if changes.is_empty() { Ok(None) } else { self.stamp(changes, last_id, entry, None).map(Some) }
    }

    /// Writes down that a change was denied: an entry with a number and no changes.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn record_denial(self, entry: Entry, denied: DeniedEntry) -> Result<Committed> {
        let last_id =
            self.facts().last_id().map_err(|fault| StoreError::corrupt(&self.reader.path, fault.to_string()))?;
        self.stamp(&[], last_id, entry, Some(denied))
    }

    /// Writes a part of a change that is too large to be held at once. What follows sees it, and nobody
    /// else does before the commit; dropped without one, it was never there.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn part(&self, changes: &[RowChange]) -> Result<()> {
        let (number, ..) = self.next()?;
        // Rows of a large change lie all over the indexes: pages that are read again and again stay.
        let connection = &self.reader.connection;
        connection.pragma_update(None, "cache_size", PAGES).map_err(|error| self.reader.failed(error))?;
        write(&self.reader, changes, number)?;
        self.reader.known.wrote(changes, number);
        Ok(())
    }

    /// Makes a change a revision whose parts were written, with what is left of it.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn commit_parts(self, rest: &[RowChange], last_id: Id, entry: Entry) -> Result<Committed> {
        self.stamp(rest, last_id, entry, None)
    }

    /// The number of the next revision, with the time and the digest of the last one.
    fn next(&self) -> Result<(Revision, Option<Time>, Digest)> {
        let last = self
            .reader
            .connection
            .prepare_cached("SELECT number, at, digest FROM revision ORDER BY number DESC LIMIT 1")
            .and_then(|mut it| {
                it.query_row([], |row| Ok((natural(row.get(0)?), Time(row.get(1)?), row.get::<_, Digest>(2)?)))
                    .optional()
            })
            .map_err(|error| self.reader.failed(error))?;
        Ok(match last {
            None => (1, None, GENESIS),
            Some((number, at, digest)) => (number + 1, Some(at), digest),
        })
    }

    fn stamp(self, changes: &[RowChange], last_id: Id, entry: Entry, denied: Option<DeniedEntry>) -> Result<Committed> {
        let reader = &self.reader;
        let failed = |error| reader.failed(error);
        let (number, last, previous) = self.next()?;
        let at = last.map_or(entry.at, |last| entry.at.max(last));
        let denied = denied.map(|denied| serde_json::to_string(&denied).unwrap_or_default());
        let header: [Value; 9] = [
            integer(number).into(),
            at.0.into(),
            entry.actor.map(|id| integer(id.0)).into(),
            entry.operator.into(),
            entry.command.into(),
            entry.reason.into(),
            denied.into(),
            entry.undoes.map(integer).into(),
            integer(last_id.0).into(),
        ];
        write(reader, changes, number)?;
        let mut chain = Chain::begin(&previous);
        chain.row("revision", &header);
        // Over the rows as they stand in the file now, in the order in which a check reads them.
        Rows::new(reader)?.take(integer(number), &mut chain)?;
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

/// Writes rows. One that this very revision opened, in an earlier part, is written over.
fn write(reader: &Reader, changes: &[RowChange], number: Revision) -> Result<()> {
    let failed = |error| reader.failed(error);
    let connection = &reader.connection;
    // Rows are closed first: a name may pass from one row to another within a revision.
    for (table, rows) in [("resource", closed_resources(changes)), ("binding", closed_bindings(changes))] {
        let close = format!("UPDATE {table} SET until = ?1 WHERE since = ?2 AND id = ?3 AND until IS NULL");
        let forget = format!("DELETE FROM {table} WHERE since = ?1 AND since = ?2 AND id = ?3 AND until IS NULL");
        let mut close = connection.prepare_cached(&close).map_err(failed)?;
        let mut forget = connection.prepare_cached(&forget).map_err(failed)?;
        for (id, since) in rows {
            let statement = if since == number { &mut forget } else { &mut close };
            if statement.execute(params![integer(number), integer(since), integer(id.0)]).map_err(failed)? != 1 {
                return Err(StoreError::corrupt(
                    &reader.path,
                    format!("the current row of {table} {id} is not where it should be"),
                ));
            }
        }
    }
    let mut insert = connection
        .prepare_cached("INSERT INTO resource VALUES (?1, ?2, NULL, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
        .map_err(failed)?;
    for resource in changes
        .iter()
        .filter_map(|change| if let RowChange::Resource(_, after) = change { after.as_ref() } else { None })
    {
        insert
            .execute(params![
                integer(number),
                integer(resource.id.0),
                resource.kind().word(),
                integer(resource.parent.map_or(0, |id| id.0)),
                resource.name,
                resource.key,
                resource.alias,
                resource_json(resource),
                resource.sets.text(),
            ])
            .map_err(failed)?;
    }
    let mut insert = connection
        .prepare_cached("INSERT INTO binding VALUES (?1, ?2, NULL, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
        .map_err(failed)?;
    for binding in changes
        .iter()
        .filter_map(|change| if let RowChange::Binding(_, after) = change { after.as_ref() } else { None })
    {
        insert
            .execute(params![
                integer(number),
                integer(binding.id.0),
                integer(binding.resource.0),
                integer(binding.principal.0),
                binding.role.full(),
                binding.grantor.map(|id| integer(id.0)),
                binding.expires.map(|time| time.0),
                binding_json(binding),
                binding.sets.text(),
            ])
            .map_err(failed)?;
    }
    Ok(())
}

fn closed_resources(changes: &[RowChange]) -> Vec<(Id, Revision)> {
    changes
        .iter()
        .filter_map(|change| {
            if let RowChange::Resource(Some(before), _) = change { Some((before.id, before.since)) } else { None }
        })
        .collect()
}

fn closed_bindings(changes: &[RowChange]) -> Vec<(Id, Revision)> {
    changes
        .iter()
        .filter_map(|change| {
            if let RowChange::Binding(Some(before), _) = change { Some((before.id, before.since)) } else { None }
        })
        .collect()
}

impl Reader {
    /// The last version of a resource, also of one that is gone: history follows ids.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn last_version(&self, wanted: Id) -> Result<Option<Resource>> {
        let failed = |error| self.failed(error);
        let sql = format!(
            "SELECT * FROM (SELECT {0} FROM resource WHERE id = ?1 AND until IS NULL UNION ALL \
             SELECT {0} FROM resource WHERE id = ?1 AND until IS NOT NULL) ORDER BY since DESC LIMIT 1",
            super::statements::RESOURCE
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let mut rows = statement.query([integer(wanted.0)]).map_err(failed)?;
        rows.next().map_err(failed)?.map(|row| self.resource_of(row)).transpose()
    }
}
