//! What happened: one SQLite file that keeps every version of every row.
//!
//! Two tables carry the state, each row with the revision that opened it (`since`) and the one
//! that closed it (`until`); a third carries the revisions, each with a digest over its changes
//! and its predecessor. Nothing is overwritten. The surface is small: [`Store::open`] and
//! [`Store::create`], [`Reader::facts`] at a revision, [`Writer::commit`] a draft, the history
//! ([`Reader::revision`], [`Reader::changes`]) and [`verify`](verify::verify).

mod chain;
mod commit;
mod error;
mod facts;
mod history;
mod lock;
mod present;
mod read_cache;
mod schema;
mod snapshot;
mod sql_values;
mod statements;
pub mod verify;
mod write;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

pub use commit::{Committed, RevisionHeader, Writer};
pub use error::StoreError;
pub use facts::StoreFacts;
pub use history::{DeniedChange, LogEntry};
pub use present::TodayFacts;
pub use snapshot::Snapshot;

use crate::model::Revision;
use read_cache::ReadCache;

/// How long a writer waits for others before it gives up.
pub const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// The result of anything the store does.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A store that is known to be one, of a version this program understands.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
}

impl Store {
    /// Makes a new store, readable and writable by its owner alone.
    /// Answers whether it made one: an existing store is left as it is.
    ///
    /// # Errors
    /// When the file cannot be made, or exists and is no store.
    pub fn create(path: &Path) -> Result<(Store, bool)> {
        let failed = |error| StoreError::io(path, &error);
        // An empty file is no store yet and nobody else's: `mktemp` makes such.
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

    /// Names an existing store; it is opened when it is read or written.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn open(path: &Path) -> Result<Store> {
        if path.exists() { Ok(Store { path: path.to_owned() }) } else { Err(StoreError::Missing(path.to_owned())) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens it to be read: one moment of it, unmoved by writers that come meanwhile.
    ///
    /// # Errors
    /// When it cannot be read, is no store of a known version, or has triggers or views of others.
    pub fn read(&self) -> Result<Reader> {
        let (connection, lock) = self.connect_to_read()?;
        let version = schema::check(&connection, &self.path)?;
        schema::read_as_latest(&connection, version).map_err(|error| self.failed(error))?;
        Ok(Reader::new(connection, &self.path, lock))
    }

    /// Opens it to be verified: as [`read`](Store::read), whatever others have put into its schema.
    ///
    /// # Errors
    /// When it cannot be read, or is no store of a known version.
    pub fn read_to_verify(&self) -> Result<Reader> {
        let (connection, lock) = self.connect_to_read()?;
        let version = schema::check_version(&connection, &self.path)?;
        schema::read_as_latest(&connection, version).map_err(|error| self.failed(error))?;
        Ok(Reader::new(connection, &self.path, lock))
    }

    /// A connection in a read transaction; with a lock where the medium cannot be written.
    fn connect_to_read(&self) -> Result<(Connection, Option<lock::Lock>)> {
        let begin = |connection: Connection| -> rusqlite::Result<Connection> {
            // First, so that the file is locked once for everything that is read.
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
                // Nobody changes it now, so it can be read without the files that SQLite wants beside it.
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
                let connection = self.connect_with(flags, &immutable(&self.path)).and_then(begin);
                Ok((connection.map_err(|error| self.failed(error))?, lock))
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Opens it to be changed, and waits for its turn. Nobody else writes until the writer is gone.
    ///
    /// # Errors
    /// When it cannot be opened, or others hold it for longer than [`LOCK_TIMEOUT`].
    pub fn write(&self) -> Result<Writer> {
        let mut connection = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::check(&connection, &self.path)?;
        // Only beside what is known to be a store; and what comes before it needs no turn.
        let lock = lock::Lock::take(&self.path, LOCK_TIMEOUT)?;
        schema::migrate(&mut connection).map_err(|error| self.failed(error))?;
        // A read turned into a write in mid-transaction would be refused as busy: ask for the write at once.
        connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| self.failed(error))?;
        Ok(Writer::new(Reader::new(connection, &self.path, None), lock))
    }

    fn connect(&self, flags: OpenFlags) -> Result<Connection> {
        self.connect_with(flags, &self.path).map_err(|error| self.failed(error))
    }

    fn connect_with(&self, flags: OpenFlags, path: &Path) -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(LOCK_TIMEOUT)?;
        // Else a statement is planned anew for every value of a column that some partial index
        // speaks of, such as the role: the index of shares by their sharers would slow every look-up.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // What others have planted in the schema does not run, whatever is checked before or after.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
        Ok(connection)
    }

    fn failed(&self, error: rusqlite::Error) -> StoreError {
        StoreError::sqlite(&self.path, error)
    }
}

/// Whether SQLite misses files beside the store that it cannot make.
fn needs_a_writable_folder(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// The file as SQLite takes one that nobody changes.
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

/// The file of that suffix beside a file.
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
    /// What was read of the present: it stays so for as long as this is open.
    cache: ReadCache,
    /// Keeps writers waiting while a store is read whose folder cannot be written.
    _lock: Option<lock::Lock>,
}

impl Reader {
    fn new(connection: Connection, path: &Path, lock: Option<lock::Lock>) -> Reader {
        Reader { connection, path: path.to_owned(), cache: ReadCache::default(), _lock: lock }
    }

    /// The facts as they stand now.
    pub const fn facts(&self) -> StoreFacts<'_> {
        StoreFacts::new(self, None)
    }

    /// The facts as they stood right after a revision.
    pub const fn facts_at(&self, revision: Revision) -> StoreFacts<'_> {
        StoreFacts::new(self, Some(revision))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn failed(&self, error: rusqlite::Error) -> StoreError {
        StoreError::sqlite(&self.path, error)
    }
}
