//! [`StoreError`]: the reasons why a store cannot be used, in our words instead of those of SQLite or of the operating
//! system.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::model::system::reason;
use crate::model::{Problem, ProblemKind};
use crate::policy::FactsError;

/// Why a store cannot be used.
#[derive(Debug)]
pub enum StoreError {
    /// There is no such file.
    Missing(PathBuf),
    /// The file is not a store.
    NotAStore(PathBuf),
    /// A later version of this program wrote the store.
    Newer {
        /// The path of the store.
        path: PathBuf,
        /// The version of its tables.
        found: i64,
        /// The latest version this program knows.
        known: i64,
    },
    /// Other processes locked the store for too long.
    Busy(PathBuf),
    /// The disk has no room for the change.
    Full(PathBuf),
    /// The folder cannot be written, and the last changes of the store are still in the log beside it.
    NeedsItsLog(PathBuf),
    /// The store has used more ids than a snapshot holds.
    TooLarge(PathBuf),
    /// The file or a row of it is damaged.
    Corrupt {
        /// The path of the store.
        path: PathBuf,
        /// The damage.
        what: String,
    },
    /// The operating system or SQLite refused an operation.
    Failed {
        /// The path of the store.
        path: PathBuf,
        /// The reason.
        what: String,
    },
}

impl StoreError {
    pub(super) fn io(path: &Path, error: &std::io::Error) -> StoreError {
        StoreError::Failed { path: path.to_owned(), what: reason(error).to_owned() }
    }

    #[expect(clippy::needless_pass_by_value, reason = "the shape map_err wants")]
    pub(super) fn sqlite(path: &Path, error: rusqlite::Error) -> StoreError {
        use rusqlite::{Error, ErrorCode};
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy(path),
            Some(ErrorCode::DiskFull) => StoreError::Full(path),
            Some(ErrorCode::NotADatabase) => StoreError::NotAStore(path),
            // SQLite's message about a folder or a device does not help.
            _ if path.exists() && !path.is_file() => StoreError::NotAStore(path),
            Some(ErrorCode::DatabaseCorrupt) => StoreError::Corrupt { path, what: sqlite_words(&error) },
            // Our statements are valid, so the schema is not ours.
            Some(ErrorCode::Unknown | ErrorCode::AuthorizationForStatementDenied) => {
                StoreError::Corrupt { path, what: "its schema does not fit its version".to_owned() }
            }
            None if matches!(error, Error::SqlInputError { .. }) => {
                StoreError::Corrupt { path, what: "its schema does not fit its version".to_owned() }
            }
            // A value does not have the type of its column.
            None if matches!(
                error,
                Error::FromSqlConversionFailure(..) | Error::InvalidColumnType(..) | Error::Utf8Error(..)
            ) =>
            {
                StoreError::Corrupt { path, what: sqlite_words(&error) }
            }
            _ => StoreError::Failed { path, what: sqlite_words(&error) },
        }
    }

    pub(super) fn corrupt(path: &Path, what: impl Into<String>) -> StoreError {
        StoreError::Corrupt { path: path.to_owned(), what: what.into() }
    }
}

/// The message of SQLite in our words, with its error number.
fn sqlite_words(error: &rusqlite::Error) -> String {
    use rusqlite::{Error, ErrorCode};
    let what = match (error.sqlite_error_code(), error) {
        (Some(ErrorCode::CannotOpen), _) => "the file cannot be opened",
        (Some(ErrorCode::PermissionDenied), _) => "the system does not permit it",
        (Some(ErrorCode::ReadOnly), _) => "the file can only be read",
        (Some(ErrorCode::SystemIoFailure), _) => "the disk cannot be read or written",
        (Some(ErrorCode::DatabaseCorrupt), _) => "its pages are inconsistent",
        (Some(ErrorCode::ConstraintViolation), _) => "a row breaks a rule of its table",
        (Some(ErrorCode::TooBig), _) => "a value is too large",
        (Some(ErrorCode::OutOfMemory), _) => "there is no memory for it",
        (None, Error::FromSqlConversionFailure(..) | Error::InvalidColumnType(..) | Error::Utf8Error(..)) => {
            "a column holds a value of another type"
        }
        _ => "SQLite refuses it",
    };
    match error.sqlite_error() {
        Some(error) => format!("{what} ({})", error.extended_code),
        None => what.to_owned(),
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Missing(path) => write!(f, "no store at `{}`", path.display()),
            StoreError::NotAStore(path) => write!(f, "`{}` is not a rolebook store", path.display()),
            StoreError::Newer { path, found, known } => {
                write!(
                    f,
                    "the store `{}` is of version {found}, this program knows versions up to {known}",
                    path.display()
                )
            }
            StoreError::Busy(path) => {
                write!(f, "other processes have locked the store `{}` for more than 30 seconds", path.display())
            }
            StoreError::Full(path) => {
                write!(f, "the disk is full: the store `{}` has no room for the change", path.display())
            }
            StoreError::NeedsItsLog(path) => {
                write!(
                    f,
                    "the last changes of the store `{0}` are in `{0}-wal`, which can be read only in a writable folder",
                    path.display()
                )
            }
            StoreError::TooLarge(path) => {
                write!(
                    f,
                    "the store `{}` has used more than 4,294,967,295 ids, more than a snapshot holds",
                    path.display()
                )
            }
            StoreError::Corrupt { path, what } => write!(f, "the store `{}` is damaged: {what}", path.display()),
            StoreError::Failed { path, what } => write!(f, "the store `{}` cannot be used: {what}", path.display()),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<StoreError> for FactsError {
    fn from(error: StoreError) -> FactsError {
        FactsError(Box::new(error.into()))
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        let (code, tip) = match &error {
            StoreError::Missing(_) => ("no_store", "rolebook init"),
            StoreError::NotAStore(_) => ("not_a_store", "name another file with --store"),
            StoreError::Newer { .. } => ("newer_store", "use the version of rolebook that wrote it, or a later one"),
            StoreError::Busy(_) => ("store_busy", "try again; nothing was changed"),
            StoreError::Full(_) => ("disk_full", "free some space and try again; nothing was changed"),
            StoreError::NeedsItsLog(_) => {
                ("store_failed", "copy the store and its `-wal` file to a folder that can be written")
            }
            StoreError::TooLarge(_) => ("store_too_large", "ask one question at a time, with `rolebook perm check`"),
            StoreError::Corrupt { .. } => ("store_corrupt", "rolebook audit verify"),
            StoreError::Failed { .. } => ("store_failed", "check the path, its permissions and the free space"),
        };
        Problem::new(ProblemKind::Store, code, error.to_string()).tip(tip)
    }
}
