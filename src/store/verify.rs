//! Verification of a store: [`verify`] computes every digest again from the rows and compares it with the stored one.

use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::OptionalExtension;

use super::chain::{Chain, Digest, GENESIS};
use super::merkle::{Hash, Tree};
use super::revision_rows::{HEADER, HEADER_COLUMNS, hash_row};
use super::scan::{ScanStatements, Strays};
use super::sql_values::from_sql;
use super::{Reader, Result, StoreError};
use crate::model::Revision;
use crate::model::secret::hex;

/// What a verification leaves out, and what it finds on its way.
#[derive(Debug, Default)]
pub struct VerifyOptions<'o> {
    /// Whether SQLite's own check of the file is left out.
    pub quick: bool,
    /// The numbers of revisions after which the root of the tree is wanted.
    pub sizes: &'o [u64],
    /// Where the verification is now.
    pub progress: Option<&'o VerifyProgress>,
}

/// Where a verification is now, for another thread that tells somebody.
#[derive(Debug, Default)]
pub struct VerifyProgress {
    revisions: AtomicU64,
    changes: AtomicU64,
}

impl VerifyProgress {
    /// The number of revisions and of row changes that were verified; zeros while the file is checked.
    pub fn so_far(&self) -> (u64, u64) {
        (self.revisions.load(Ordering::Relaxed), self.changes.load(Ordering::Relaxed))
    }
}

/// The result of a verification.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct VerifyReport {
    /// The number of revisions.
    pub revisions: u64,
    /// The number of row changes in these revisions.
    pub changes: u64,
    /// The digest of the last revision, in hexadecimal; empty for an empty store.
    pub head: String,
    /// The faults: those of the schema and the file, then those of revisions from the oldest on. Empty for an intact
    /// store.
    pub faults: Vec<Fault>,
    /// The number of further faults: a store can have more than fit in memory.
    pub more_faults: u64,
    /// The root of the tree after each number of revisions that was asked for and that the store has.
    pub roots: Vec<(u64, Hash)>,
}

/// A fault of a store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The revision with the fault; `None` for a fault of the schema or of the file.
    pub revision: Option<Revision>,
    /// The message that describes the fault.
    pub what: String,
}

/// The largest number of faults that are listed.
const MAX_FAULTS: usize = 10_000;

/// Computes every digest again and compares it with the stored one; also checks the schema and the file. The memory
/// for it does not grow with the store.
///
/// # Errors
/// When the store cannot be used at all. Damage is in the report.
pub fn verify(reader: &Reader, options: &VerifyOptions<'_>) -> Result<VerifyReport> {
    let mut report = VerifyReport::default();
    let done = schema(reader, &mut report)
        .and_then(|()| if options.quick { Ok(()) } else { file(reader, &mut report) })
        .and_then(|()| revisions(reader, options, &mut report))
        .and_then(|()| versions(reader, &mut report));
    match done {
        Err(StoreError::Corrupt { what, .. }) => report.fault(None, format!("the file is damaged: {what}")),
        other => other?,
    }
    report.faults.sort_by_key(|fault| fault.revision);
    Ok(report)
}

impl VerifyReport {
    /// Whether the store is intact.
    pub const fn is_intact(&self) -> bool {
        self.faults.is_empty()
    }

    fn fault(&mut self, revision: Option<i64>, what: impl Into<String>) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { revision: revision.map(from_sql), what: what.into() });
        } else {
            self.more_faults += 1;
        }
    }

    fn strays(&mut self, found: Vec<Strays>) {
        for Strays { table, number, count } in found {
            let rows = if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
            self.fault(Some(number), format!("{rows} of {table} from here on belong to no revision"));
        }
    }
}

fn revisions(reader: &Reader, options: &VerifyOptions<'_>, report: &mut VerifyReport) -> Result<()> {
    let failed = |error| reader.failed(error);
    let mut rows = ScanStatements::new(reader)?;
    let mut rows = rows.begin()?;
    let sql = format!("SELECT {HEADER}, previous, digest FROM revision ORDER BY number");
    let mut statement = reader.connection.prepare(&sql).map_err(failed)?;
    let mut entries = statement.query([]).map_err(failed)?;
    let mut previous: Digest = GENESIS;
    let (mut expected, mut time) = (1, i64::MIN);
    let mut tree = Tree::default();
    let largest = options.sizes.iter().copied().max();
    let tell = |changes| {
        if let Some(progress) = options.progress {
            progress.changes.store(changes, Ordering::Relaxed);
        }
    };
    let root_at = |tree: &Tree, report: &mut VerifyReport| {
        if options.sizes.contains(&tree.size()) {
            report.roots.push((tree.size(), tree.root()));
        }
    };
    root_at(&tree, report);
    while let Some(row) = entries.next().map_err(failed)? {
        let number: i64 = row.get(0).map_err(failed)?;
        let at: i64 = row.get(1).map_err(failed)?;
        let bytes = |column| row.get_ref(column)?.as_bytes().map_err(rusqlite::Error::from);
        let (follows, stated) = (bytes(HEADER_COLUMNS).map_err(failed)?, bytes(HEADER_COLUMNS + 1).map_err(failed)?);
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
        hash_row(row, "revision", HEADER_COLUMNS, &mut chain).map_err(failed)?;
        let strays = rows.hash_revision(number, &mut chain, &mut report.changes, &tell)?;
        report.strays(strays);
        let digest = chain.end();
        if stated != digest {
            report.fault(Some(number), "its digest does not fit its header and its changes");
        }
        // The next revision is compared with the stored digest, so that one break is reported once.
        previous = stated.try_into().unwrap_or(digest);
        report.revisions += 1;
        if largest.is_some_and(|largest| tree.size() < largest) {
            tree.push(&previous);
            root_at(&tree, report);
        }
        if let Some(progress) = options.progress {
            progress.revisions.store(report.revisions, Ordering::Relaxed);
        }
        time = at;
        expected = number.saturating_add(1);
    }
    if report.revisions > 0 {
        report.head = hex(&previous);
    }
    tell(report.changes);
    let strays = rows.end()?;
    report.strays(strays);
    if report.is_intact() && !rows.closings_agree() {
        report.fault(None, "the file is damaged: an index of closed rows does not fit its table");
    }
    Ok(())
}

/// Compares the versions of each row with each other: a row is opened before it is closed, and a version begins when
/// the one before it has ended. So the present is what the revisions make, also if all digests were computed again.
fn versions(reader: &Reader, report: &mut VerifyReport) -> Result<()> {
    let failed = |error| reader.failed(error);
    for table in ["resource", "binding"] {
        let closed = format!("SELECT id, since, until FROM {table} WHERE until IS NOT NULL ORDER BY id, since");
        let current = format!("SELECT since FROM {table} WHERE id = ?1 AND until IS NULL");
        let mut closed = reader.connection.prepare(&closed).map_err(failed)?;
        let mut current = reader.connection.prepare(&current).map_err(failed)?;
        let mut rows = closed.query([]).map_err(failed)?;
        // The row whose versions are compared: its id, the beginning of its current version, and the end of the one before.
        let (mut of, mut open, mut ended) = (None, None, i64::MIN);
        while let Some(row) = rows.next().map_err(failed)? {
            let read = || Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            let (id, since, until): (i64, i64, i64) = read().map_err(failed)?;
            if of != Some(id) {
                let found = current.query_row([id], |row| row.get::<_, i64>(0)).optional();
                (of, open, ended) = (Some(id), found.map_err(failed)?, i64::MIN);
            }
            if until <= since {
                report.fault(Some(until), format!("it closes {table} {id}, which revision {since} opens"));
            }
            let second =
                if since < ended { Some(since) } else { open.filter(|open| *open < until).map(|open| open.max(since)) };
            if let Some(second) = second {
                report.fault(Some(second), format!("it opens a second version of {table} {id}"));
            }
            ended = ended.max(until);
        }
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
