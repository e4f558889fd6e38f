//! [`Watch`] notices that somebody committed to a store, without reading it.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{Result, Store, StoreError, needs_a_writable_folder};

/// Notices commits to a store. It holds no transaction, so writers and checkpoints go on beside it.
#[derive(Debug)]
pub struct Watch {
    store: Store,
    /// `None` where SQLite cannot open the store beside its writers, since the folder cannot be written.
    connection: Option<Connection>,
    /// The number that SQLite changes with every commit of another connection.
    seen: i64,
    /// The identity of the file, which another one may replace.
    file: FileId,
}

#[cfg(unix)]
type FileId = (u64, u64);
#[cfg(not(unix))]
type FileId = ();

impl Store {
    /// Begins to watch the store: whatever is committed from now on is noticed.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn watch(&self) -> Result<Watch> {
        let store = Store { path: self.path.clone() };
        let mut watch = Watch { store, connection: None, seen: 0, file: file_id(&self.path)? };
        watch.connect()?;
        Ok(watch)
    }
}

impl Watch {
    fn connect(&mut self) -> Result<()> {
        let opened = self.store.connect_with(OpenFlags::SQLITE_OPEN_READ_ONLY, &self.store.path);
        let read = opened.and_then(|connection| data_version(&connection).map(|seen| (connection, seen)));
        (self.connection, self.seen) = match read {
            Ok((connection, seen)) => (Some(connection), seen),
            Err(error) if needs_a_writable_folder(&error) => (None, 0),
            Err(error) => return Err(self.store.failed(error)),
        };
        Ok(())
    }

    /// Whether the store may have changed since the last call, or since the watch began.
    ///
    /// # Errors
    /// When the store cannot be read any more.
    pub fn has_changed(&mut self) -> Result<bool> {
        let file = file_id(&self.store.path)?;
        if file != self.file {
            // Another file has its name now, such as a copy that was put back.
            self.file = file;
            self.connect()?;
            return Ok(true);
        }
        // Where nothing can be watched, every look may find something.
        let Some(connection) = &self.connection else { return Ok(true) };
        let now = data_version(connection).map_err(|error| self.store.failed(error))?;
        Ok(std::mem::replace(&mut self.seen, now) != now)
    }
}

fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0))
}

fn file_id(path: &Path) -> Result<FileId> {
    let found = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => StoreError::Missing(path.to_owned()),
        _ => StoreError::io(path, &error),
    })?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Ok((found.dev(), found.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = found;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Time;
    use crate::store::{DeniedChange, RevisionHeader};

    fn commit(store: &Store) {
        let entry = RevisionHeader {
            at: Time(0),
            actor: None,
            operator: "test".to_owned(),
            command: "test".to_owned(),
            reason: None,
            undoes: None,
        };
        let denied = DeniedChange { rule: "test".to_owned(), message: "test".to_owned() };
        store.write().unwrap().record_denial(entry, denied).unwrap();
    }

    #[test]
    fn a_watch_notices_each_commit_and_another_file_of_that_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let (store, _) = Store::create(&path).unwrap();
        let mut watch = store.watch().unwrap();
        assert!(!watch.has_changed().unwrap());
        for _ in 0..2 {
            commit(&store);
            assert!(watch.has_changed().unwrap());
            assert!(!watch.has_changed().unwrap());
        }
        // Readers are not noticed.
        assert_eq!(store.read().unwrap().last_revision().unwrap(), 2);
        assert!(!watch.has_changed().unwrap());
        let other = folder.path().join("t.db");
        let (copy, _) = Store::create(&other).unwrap();
        drop(copy);
        if cfg!(unix) {
            std::fs::rename(&other, &path).unwrap();
            assert!(watch.has_changed().unwrap());
            assert!(!watch.has_changed().unwrap());
            commit(&Store::open(&path).unwrap());
            assert!(watch.has_changed().unwrap());
        }
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(watch.has_changed(), Err(StoreError::Missing(_))));
    }
}
