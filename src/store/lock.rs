//! The queue of writers: an operating-system lock on a file beside the store.
//!
//! Waiting writers poll in SQLite, which is unfair under load: some wait for seconds while others write ten times. The
//! lock of the operating system queues them, so every writer gets its turn.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use super::error::StoreError;

/// A held lock; dropping it releases the lock.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits at most `patience` for the exclusive lock of a writer.
    pub(super) fn take(store: &Path, patience: Duration) -> Result<Lock, StoreError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(super::sibling_path(store, ".lock")).map_err(|error| StoreError::io(store, &error))?;
        Lock::wait(store, file, patience, File::try_lock, File::lock)
    }

    /// Waits for a lock that keeps writers out and is shared with other readers. `None` if there is no lock file,
    /// because nobody has ever written.
    pub(super) fn share(store: &Path, patience: Duration) -> Result<Option<Lock>, StoreError> {
        match File::open(super::sibling_path(store, ".lock")) {
            Ok(file) => Lock::wait(store, file, patience, File::try_lock_shared, File::lock_shared).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io(store, &error)),
        }
    }

    fn wait(
        store: &Path,
        file: File,
        patience: Duration,
        at_once: fn(&File) -> Result<(), TryLockError>,
        in_turn: fn(&File) -> std::io::Result<()>,
    ) -> Result<Lock, StoreError> {
        let failed = |error: std::io::Error| StoreError::io(store, &error);
        match at_once(&file) {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // The blocking call queues fairly but has no time limit, so it waits in a separate thread.
        // After a timeout that thread ends with the process, which is about to end.
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let taken = in_turn(&file).map(|()| file);
            let _ = sender.send(taken);
        });
        match receiver.recv_timeout(patience) {
            Ok(Ok(file)) => Ok(Lock { _file: file }),
            Ok(Err(error)) => Err(failed(error)),
            Err(_) => Err(StoreError::Busy(store.to_owned())),
        }
    }
}
