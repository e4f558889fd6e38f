//! Checking a store against itself: every digest is derived again from the rows.

use super::chain::{Chain, Digest, GENESIS};
use super::history::REVISION;
use super::rows::{id as row_id, integer, natural};
use super::{Reader, Result};
use crate::model::secret::hex;
use crate::model::{Id, Revision};

/// What a check found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// How many revisions were checked.
    pub revisions: u64,
    /// How many row changes they hold.
    pub changes: u64,
    /// The digest of the last revision, in hexadecimal; empty for an empty store.
    pub head: String,
    /// Everything that is wrong, the oldest revision first; empty for a store that is right.
    pub faults: Vec<Finding>,
}

/// Something that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// In which revision; none where it belongs to none.
    pub revision: Option<Revision>,
    /// What.
    pub what: String,
}

/// Derives every digest again and compares it with the one that was written down.
///
/// # Errors
/// When the store cannot be read at all. What can be read and is wrong is in the report.
pub fn verify(reader: &Reader) -> Result<Report> {
    let mut report = Report::default();
    file(reader, &mut report)?;
    let mut rows = Rows::new(reader)?;
    let failed = |error| reader.failed(error);
    let mut statement = reader
        .connection
        .prepare(&format!("SELECT {REVISION}, previous FROM revision ORDER BY number"))
        .map_err(failed)?;
    let mut entries = statement.query([]).map_err(failed)?;
    let mut previous: Digest = GENESIS;
    let mut expected: Revision = 1;
    let mut time = i64::MIN;
    while let Some(row) = entries.next().map_err(failed)? {
        let entry = reader.entry_of(row)?;
        let stated: Vec<u8> = row.get(10).map_err(failed)?;
        let mut wrong = |what: String| report.faults.push(Finding { revision: Some(entry.number), what });
        if entry.number != expected {
            wrong(format!("revision {expected} is missing"));
        }
        if entry.at.0 < time {
            wrong("it is dated before its predecessor".to_owned());
        }
        if stated != previous {
            wrong("it does not follow on the revision before it".to_owned());
        }
        let mut chain = Chain::begin(&entry, &previous);
        report.changes += rows.take(entry.number, &mut chain)?;
        let digest = chain.end();
        if hex(&digest) != entry.digest {
            wrong("its digest does not fit its header and its changes".to_owned());
        }
        // Go on from what is written down, so that one break is reported once.
        previous = row.get(9).map_err(failed)?;
        report.head = entry.digest;
        report.revisions += 1;
        time = entry.at.0;
        expected = entry.number + 1;
    }
    rows.strays(expected - 1, &mut report)?;
    Ok(report)
}

/// SQLite's own check of the file.
fn file(reader: &Reader, report: &mut Report) -> Result<()> {
    let failed = |error| reader.failed(error);
    let mut statement = reader.connection.prepare("PRAGMA integrity_check").map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let line: String = row.get(0).map_err(failed)?;
        if line != "ok" {
            report.faults.push(Finding { revision: None, what: format!("the file is damaged: {line}") });
        }
    }
    Ok(())
}

/// The statements that yield the rows of one revision, in the order of the chain.
struct Rows<'r> {
    reader: &'r Reader,
    opened_resources: rusqlite::Statement<'r>,
    opened_bindings: rusqlite::Statement<'r>,
    closed_resources: rusqlite::Statement<'r>,
    closed_bindings: rusqlite::Statement<'r>,
}

impl<'r> Rows<'r> {
    fn new(reader: &'r Reader) -> Result<Rows<'r>> {
        let prepare = |sql: &str| reader.connection.prepare(sql).map_err(|error| reader.failed(error));
        Ok(Rows {
            reader,
            opened_resources: prepare(
                "SELECT id, kind, parent, name, key, alias, attributes FROM resource WHERE since = ?1 ORDER BY id",
            )?,
            opened_bindings: prepare(
                "SELECT id, resource, principal, role, grantor, expires, attributes FROM binding WHERE since = ?1 ORDER BY id",
            )?,
            closed_resources: prepare(
                "SELECT id, since FROM resource WHERE until = ?1 AND until IS NOT NULL ORDER BY id",
            )?,
            closed_bindings: prepare(
                "SELECT id, since FROM binding WHERE until = ?1 AND until IS NOT NULL ORDER BY id",
            )?,
        })
    }

    /// Takes the rows of a revision into its chain; answers how many.
    fn take(&mut self, number: Revision, chain: &mut Chain) -> Result<u64> {
        let reader = self.reader;
        let failed = |error| reader.failed(error);
        let mut count = 0;
        let mut rows = self.opened_resources.query([integer(number)]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let mut take = || -> rusqlite::Result<()> {
                let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
                let alias = row.get_ref(5)?.as_str_or_null()?;
                chain.opened_resource(
                    row_id(row, 0)?,
                    text(1)?,
                    natural(row.get(2)?),
                    text(3)?,
                    text(4)?,
                    alias,
                    text(6)?,
                );
                Ok(())
            };
            take().map_err(failed)?;
            count += 1;
        }
        let mut rows = self.opened_bindings.query([integer(number)]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let mut take = || -> rusqlite::Result<()> {
                let role = row.get_ref(3)?.as_str()?;
                let grantor = row.get::<_, Option<i64>>(4)?.map(natural);
                let attributes = row.get_ref(6)?.as_str_or_null()?;
                chain.opened_binding(
                    row_id(row, 0)?,
                    natural(row.get(1)?),
                    natural(row.get(2)?),
                    role,
                    grantor,
                    row.get(5)?,
                    attributes,
                );
                Ok(())
            };
            take().map_err(failed)?;
            count += 1;
        }
        for (table, statement) in [("resource", &mut self.closed_resources), ("binding", &mut self.closed_bindings)] {
            let mut rows = statement.query([integer(number)]).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                let (id, since): (Id, i64) = (row_id(row, 0).map_err(failed)?, row.get(1).map_err(failed)?);
                chain.closed(table, id, natural(since));
                count += 1;
            }
        }
        Ok(count)
    }

    /// Rows that no revision accounts for.
    fn strays(&self, last: Revision, report: &mut Report) -> Result<()> {
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
                let what = format!("{strays} rows of {table} belong to no revision up to {last}");
                report.faults.push(Finding { revision: None, what });
            }
        }
        Ok(())
    }
}
