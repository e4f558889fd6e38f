//! Verification of a store: [`verify`] computes every digest again from the rows and compares it with the stored one.

use rusqlite::{Row, Statement};

use super::chain::{Chain, Digest, GENESIS};
use super::sql_values::from_sql;
use super::statements::{BINDING, RESOURCE};
use super::{Reader, Result, StoreError};
use crate::model::Revision;
use crate::model::secret::hex;

/// The result of a verification.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct VerifyReport {
    /// The number of revisions.
    pub revisions: u64,
    /// The number of row changes in these revisions.
    pub changes: u64,
    /// The digest of the last revision, in hexadecimal; empty for an empty store.
    pub head: String,
    /// All faults: those of the schema and the file, then those of revisions from the oldest on. Empty for an intact
    /// store.
    pub faults: Vec<Finding>,
}

/// A fault of a store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The revision with the fault; `None` for a fault of the schema or of the file.
    pub revision: Option<Revision>,
    /// The message that describes the fault.
    pub what: String,
}

/// Computes every digest again and compares it with the stored one; also checks the schema and the file.
///
/// # Errors
/// When the store cannot be used at all. Damage is in the report.
pub fn verify(reader: &Reader) -> Result<VerifyReport> {
    let mut report = VerifyReport::default();
    let done = schema(reader, &mut report)
        .and_then(|()| file(reader, &mut report))
        .and_then(|()| revisions(reader, &mut report));
    match done {
        Err(StoreError::Corrupt { what, .. }) => report.fault(None, format!("the file is damaged: {what}")),
        other => other?,
    }
    Ok(report)
}

impl VerifyReport {
    fn fault(&mut self, revision: Option<i64>, what: impl Into<String>) {
        self.faults.push(Finding { revision: revision.map(from_sql), what: what.into() });
    }
}

fn revisions(reader: &Reader, report: &mut VerifyReport) -> Result<()> {
    let mut rows = RevisionRows::new(reader)?;
    let failed = |error| reader.failed(error);
    // The columns of the header come first, in the order of the chain.
    const HEADER: usize = 9;
    let mut statement = reader
        .connection
        .prepare(
            "SELECT number, at, actor, operator, command, reason, denied, undoes, last_id, previous, digest \
             FROM revision ORDER BY number",
        )
        .map_err(failed)?;
    let mut entries = statement.query([]).map_err(failed)?;
    let mut previous: Digest = GENESIS;
    let (mut expected, mut time) = (1, i64::MIN);
    while let Some(row) = entries.next().map_err(failed)? {
        let number: i64 = row.get(0).map_err(failed)?;
        let at: i64 = row.get(1).map_err(failed)?;
        let (follows, stated): (Vec<u8>, Vec<u8>) =
            (row.get(HEADER).map_err(failed)?, row.get(HEADER + 1).map_err(failed)?);
        if number != expected {
            report.fault(Some(number), format!("revision {expected} is missing"));
        }
        if at < time {
            report.fault(Some(number), "it is dated before its predecessor");
        }
        if follows != previous {
            report.fault(Some(number), "it does not follow the revision before it");
        }
        let mut chain = Chain::begin(&previous);
        hash_row(row, "revision", HEADER, &mut chain).map_err(failed)?;
        report.changes += rows.hash_revision(number, &mut chain)?;
        let digest = chain.end();
        if stated != digest {
            report.fault(Some(number), "its digest does not fit its header and its changes");
        }
        report.head = hex(&stated);
        // The next revision is compared with the stored digest, so that one break is reported once.
        previous = stated.try_into().unwrap_or(digest);
        report.revisions += 1;
        time = at;
        expected = number.saturating_add(1);
    }
    rows.strays(expected - 1, report)
}

/// Hashes the first columns of a row into the chain.
fn hash_row(row: &Row<'_>, word: &str, columns: usize, chain: &mut Chain) -> rusqlite::Result<()> {
    chain.word(word);
    for column in 0..columns {
        chain.value(row.get_ref(column)?);
    }
    Ok(())
}

/// Compares the schema with the one that the migrations create.
fn schema(reader: &Reader, report: &mut VerifyReport) -> Result<()> {
    let failed = |error| reader.failed(error);
    let version = super::schema::check_version(&reader.connection, &reader.path)?;
    for what in super::schema::differences(&reader.connection, version).map_err(failed)? {
        report.fault(None, what);
    }
    Ok(())
}

/// Runs SQLite's own check of the file.
fn file(reader: &Reader, report: &mut VerifyReport) -> Result<()> {
    let failed = |error| reader.failed(error);
    let mut statement = reader.connection.prepare("PRAGMA integrity_check").map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let line: String = row.get(0).map_err(failed)?;
        if line != "ok" {
            report.fault(None, format!("the file is damaged: {line}"));
        }
    }
    Ok(())
}

/// The statements that read the rows of one revision, in the order of the chain.
pub(super) struct RevisionRows<'r> {
    reader: &'r Reader,
    statements: [(&'static str, Statement<'r>); 4],
}

impl<'r> RevisionRows<'r> {
    pub(super) fn new(reader: &'r Reader) -> Result<RevisionRows<'r>> {
        let opened = |table, columns| format!("SELECT {columns} FROM {table} WHERE since = ?1 ORDER BY id");
        let closed =
            |table| format!("SELECT id, since FROM {table} WHERE until = ?1 AND until IS NOT NULL ORDER BY id");
        let prepare = |sql: String| reader.connection.prepare(&sql).map_err(|error| reader.failed(error));
        let statements = [
            ("+resource", prepare(opened("resource", RESOURCE))?),
            ("+binding", prepare(opened("binding", BINDING))?),
            ("-resource", prepare(closed("resource"))?),
            ("-binding", prepare(closed("binding"))?),
        ];
        Ok(RevisionRows { reader, statements })
    }

    /// Hashes the rows of a revision into its chain; returns their number.
    pub(super) fn hash_revision(&mut self, number: i64, chain: &mut Chain) -> Result<u64> {
        let failed = |error| self.reader.failed(error);
        let mut count = 0;
        for (word, statement) in &mut self.statements {
            let columns = statement.column_count();
            // The last column of an opened row, its sets, is hashed only if it is not null.
            let always = if word.starts_with('+') { columns - 1 } else { columns };
            let mut rows = statement.query([number]).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                hash_row(row, word, always, chain).map_err(failed)?;
                if always < columns {
                    chain.sets(row.get_ref(always).map_err(failed)?);
                }
                count += 1;
            }
        }
        Ok(count)
    }

    /// Reports rows whose revisions do not exist.
    fn strays(&self, last: i64, report: &mut VerifyReport) -> Result<()> {
        for table in ["resource", "binding"] {
            let sql = format!(
                "SELECT count(*) FROM {table} WHERE since NOT IN (SELECT number FROM revision) \
                 OR (until IS NOT NULL AND (until <= since OR until NOT IN (SELECT number FROM revision)))"
            );
            let strays: i64 = self
                .reader
                .connection
                .query_row(&sql, [], |row| row.get(0))
                .map_err(|error| self.reader.failed(error))?;
            if strays > 0 {
                report.fault(None, format!("{strays} rows of {table} belong to no revision up to {last}"));
            }
        }
        Ok(())
    }
}
