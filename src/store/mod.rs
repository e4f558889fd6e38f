//! The store: one SQLite file that keeps every version of every row.
//!
//! Two tables hold the state, each row with the revision that opened it (`since`) and the one that closed it
//! (`until`). A third table holds the revisions, each with a digest over its changes and its predecessor. Nothing is
//! overwritten. The surface is small: [`Store::open`] and [`Store::create`], [`Reader::facts`] at a revision,
//! [`Writer::commit`] a draft, the history ([`Reader::revision`], [`Reader::changes`]) and
//! [`verify`](verify::verify).

mod chain;
mod commit;
mod error;
pub mod evidence;
mod facts;
mod history;
mod lock;
pub mod merkle;
mod present;
mod read_cache;
mod revision_rows;
mod revisions_of;
mod scan;
mod schema;
mod snapshot;
mod sql_values;
mod statements;
pub mod verify;
mod watch;
mod write;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

pub use commit::{Committed, RevisionHeader, Writer};
pub use error::StoreError;
pub use facts::StoreFacts;
pub use history::{DeniedChange, LogEntry, LogRange};
pub use present::TodayFacts;
pub use snapshot::Snapshot;
pub use watch::Watch;

use crate::model::Revision;
use read_cache::ReadCache;

/// How long a reader or writer waits for others before it gives up.
pub const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// The result of an operation on the store.
pub type Result<T> = std::result::Result<T, StoreError>;

/// The path of a store. Opening it to read or write checks that the file is a store of a known version.
///
/// ```
/// use rolebook::model::{Kind, Name, Time};
/// use rolebook::ops::account::{self, AccountSettings};
/// use rolebook::ops::{Actor, Transaction};
/// use rolebook::policy::Facts;
/// use rolebook::store::{RevisionHeader, Store};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("rolebook.db");
/// let (store, _) = Store::create(&path)?;
/// let now = Time::parse("2026-06-01")?;
///
/// let writer = store.write()?;
/// let facts = writer.facts();
/// let mut tx = Transaction::new(&facts, Actor::Operator, now)?;
/// account::add(&mut tx, &Name::parse("alice")?, &AccountSettings::default(), None)?;
/// tx.check()?;
/// let (changes, last_id) = (tx.facts().draft().against(&facts)?, tx.facts().last_id()?);
/// drop(tx);
/// let header = RevisionHeader {
///     at: now,
///     actor: None,
///     operator: "root".to_owned(),
///     command: "account add alice".to_owned(),
///     reason: None,
///     undoes: None,
/// };
/// let committed = writer.commit(&changes, last_id, header)?;
/// assert_eq!(committed.map(|it| it.revision), Some(1));
///
/// let alice = store.read()?.facts().named(Kind::Account, None, "alice")?;
/// assert!(alice.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
}

impl Store {
    /// Creates a store, readable and writable by its owner alone. Returns whether it created one: an existing store
    /// stays as it is.
    ///
    /// # Errors
    /// When the file cannot be created, or exists and is not a store.
    pub fn create(path: &Path) -> Result<(Store, bool)> {
        let failed = |error| StoreError::io(path, &error);
        // An empty file, such as `mktemp` makes, is not a store yet and belongs to nobody else.
        let exists = || std::fs::metadata(path).is_ok_and(|file| !file.is_file() || file.len() > 0);
        let store = Store { path: path.to_owned() };
        if !exists() {
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                schema::make_folder(folder).map_err(failed)?;
            }
            let _lock = lock::Lock::take(path, LOCK_TIMEOUT)?;
            if !exists() {
                schema::make(path)?;
                return Ok((store, true));
            }
        }
        schema::check(&store.connect(OpenFlags::SQLITE_OPEN_READ_ONLY)?, path)?;
        Ok((store, false))
    }

    /// An existing store, which is opened only when it is read or written.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn open(path: &Path) -> Result<Store> {
        if path.exists() { Ok(Store { path: path.to_owned() }) } else { Err(StoreError::Missing(path.to_owned())) }
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the store to read one moment of it; later commits do not show.
    ///
    /// # Errors
    /// When the file cannot be read, is not a store of a known version, or has triggers or views.
    pub fn read(&self) -> Result<Reader> {
        let (connection, lock) = self.connect_to_read()?;
        let version = schema::check(&connection, &self.path)?;
        schema::read_as_latest(&connection, version).map_err(|error| self.failed(error))?;
        Ok(Reader::new(connection, &self.path, lock))
    }

    /// Opens the store to verify it: as [`read`](Store::read), but accepts any schema.
    ///
    /// # Errors
    /// When the file cannot be read, or is not a store of a known version.
    pub fn read_to_verify(&self) -> Result<Reader> {
        let (connection, lock) = self.connect_to_read()?;
        let version = schema::check_version(&connection, &self.path)?;
        schema::read_as_latest(&connection, version).map_err(|error| self.failed(error))?;
        Ok(Reader::new(connection, &self.path, lock))
    }

    /// A connection in a read transaction, with a lock if the folder cannot be written.
    fn connect_to_read(&self) -> Result<(Connection, Option<lock::Lock>)> {
        let begin = |connection: Connection| -> rusqlite::Result<Connection> {
            // This comes first, so that the file is locked once for all statements.
            connection.execute_batch("BEGIN")?;
            // `BEGIN` alone does not touch the file.
            connection.query_row("PRAGMA user_version", [], |_| Ok(()))?;
            Ok(connection)
        };
        match self.connect_with(OpenFlags::SQLITE_OPEN_READ_ONLY, &self.path).and_then(begin) {
            Ok(connection) => Ok((connection, None)),
            Err(error) if needs_a_writable_folder(&error) && self.path.is_file() => {
                let lock = lock::Lock::share(&self.path, LOCK_TIMEOUT)?;
                if std::fs::metadata(sibling_path(&self.path, "-wal")).is_ok_and(|log| log.len() > 0) {
                    return Err(StoreError::NeedsItsLog(self.path.clone()));
                }
                // The lock keeps writers out, so SQLite can read the store without its side files.
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
                let connection = self.connect_with(flags, &immutable(&self.path)).and_then(begin);
                Ok((connection.map_err(|error| self.failed(error))?, lock))
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Opens the store to change it, after waiting in the queue of writers. Nobody else writes until the writer is
    /// dropped.
    ///
    /// # Errors
    /// When the file cannot be opened, or others lock it for longer than [`LOCK_TIMEOUT`].
    pub fn write(&self) -> Result<Writer> {
        let mut connection = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::check(&connection, &self.path)?;
        // After the check, so that only a store gets a lock file; the check itself needs no lock.
        let lock = lock::Lock::take(&self.path, LOCK_TIMEOUT)?;
        schema::migrate(&mut connection).map_err(|error| self.failed(error))?;
        // SQLite refuses a read transaction that becomes a write as busy, so the transaction begins as a write.
        connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| self.failed(error))?;
        Ok(Writer::new(Reader::new(connection, &self.path, None), lock))
    }

    fn connect(&self, flags: OpenFlags) -> Result<Connection> {
        self.connect_with(flags, &self.path).map_err(|error| self.failed(error))
    }

    fn connect_with(&self, flags: OpenFlags, path: &Path) -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(LOCK_TIMEOUT)?;
        // Without this, SQLite plans a statement again for every value of a column that a partial index names, such
        // as the kind, and the index of home folders would slow every lookup.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // Triggers and views that others have added to the schema never run, whatever else is checked.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
        Ok(connection)
    }

    fn failed(&self, error: rusqlite::Error) -> StoreError {
        StoreError::sqlite(&self.path, error)
    }
}

/// Whether SQLite failed because it cannot create its files beside the store.
fn needs_a_writable_folder(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// The SQLite URI of a file that nobody changes.
fn immutable(path: &Path) -> PathBuf {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' => uri.push(char::from(*byte)),
            it if it.is_ascii_alphanumeric() => uri.push(char::from(*it)),
            it => uri.push_str(&format!("%{it:02X}")),
        }
    }
    PathBuf::from(uri + "?immutable=1")
}

/// The path of a file with a suffix after its name.
fn sibling_path(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A store opened at one moment.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    path: PathBuf,
    /// Rows of the current state that were read; they stay valid while the reader is open.
    cache: ReadCache,
    /// Keeps writers out while the store is read in a folder that cannot be written.
    _lock: Option<lock::Lock>,
}

impl Reader {
    fn new(connection: Connection, path: &Path, lock: Option<lock::Lock>) -> Reader {
        Reader { connection, path: path.to_owned(), cache: ReadCache::default(), _lock: lock }
    }

    /// The current facts.
    pub const fn facts(&self) -> StoreFacts<'_> {
        StoreFacts::new(self, None)
    }

    /// The facts right after a revision.
    pub const fn facts_at(&self, revision: Revision) -> StoreFacts<'_> {
        StoreFacts::new(self, Some(revision))
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn failed(&self, error: rusqlite::Error) -> StoreError {
        StoreError::sqlite(&self.path, error)
    }
}
