//! The tables, and the migrations from older versions of them.
//!
//! Migrations only go forward. Each runs once, all in one transaction, and a released one is never edited.
//! `application_id` tells our files from other SQLite files; `user_version` is the number of migrations that a store
//! has had.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};

use super::error::StoreError;
use super::sibling_path;

/// "role" in ASCII.
const APPLICATION_ID: i64 = 0x726f_6c65;

/// Every migration, in order.
///
/// Rows are stored in the order of their revisions (`since` first in the key), so the changes of one revision are
/// adjacent and the whole history is one scan. Partial indexes find the current rows; they stay small however long
/// the history is.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE revision (
        number   INTEGER PRIMARY KEY,
        at       INTEGER NOT NULL,
        actor    INTEGER,
        operator TEXT    NOT NULL,
        command  TEXT    NOT NULL,
        reason   TEXT,
        denied   TEXT,
        undoes   INTEGER,
        last_id  INTEGER NOT NULL,
        previous BLOB    NOT NULL,
        digest   BLOB    NOT NULL
    ) STRICT;
    CREATE INDEX revision_at ON revision (at);
    CREATE INDEX revision_undoes ON revision (undoes) WHERE undoes IS NOT NULL;

    CREATE TABLE resource (
        since      INTEGER NOT NULL,
        id         INTEGER NOT NULL,
        until      INTEGER,
        kind       TEXT    NOT NULL,
        parent     INTEGER NOT NULL,
        name       TEXT    NOT NULL,
        key        TEXT    NOT NULL,
        alias      TEXT,
        attributes TEXT    NOT NULL,
        PRIMARY KEY (since, id)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX resource_now ON resource (id) WHERE until IS NULL;
    CREATE UNIQUE INDEX resource_key_now ON resource (kind, parent, key) WHERE until IS NULL;
    CREATE INDEX resource_alias_now ON resource (kind, alias) WHERE until IS NULL AND alias IS NOT NULL;
    CREATE INDEX resource_past ON resource (id) WHERE until IS NOT NULL;
    CREATE INDEX resource_key_past ON resource (kind, parent, key) WHERE until IS NOT NULL;
    CREATE INDEX resource_until ON resource (until) WHERE until IS NOT NULL;

    CREATE TABLE binding (
        since      INTEGER NOT NULL,
        id         INTEGER NOT NULL,
        until      INTEGER,
        resource   INTEGER NOT NULL,
        principal  INTEGER NOT NULL,
        role       TEXT    NOT NULL,
        grantor    INTEGER,
        expires    INTEGER,
        attributes TEXT,
        PRIMARY KEY (since, id)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX binding_now ON binding (id) WHERE until IS NULL;
    CREATE INDEX binding_on_now ON binding (resource, role, principal) WHERE until IS NULL;
    CREATE INDEX binding_of_now ON binding (principal, role, resource) WHERE until IS NULL;
    CREATE INDEX binding_past ON binding (id) WHERE until IS NOT NULL;
    CREATE INDEX binding_on_past ON binding (resource, role, principal) WHERE until IS NOT NULL;
    CREATE INDEX binding_of_past ON binding (principal, role, resource) WHERE until IS NOT NULL;
    CREATE INDEX binding_until ON binding (until) WHERE until IS NOT NULL;
",
    "
    CREATE INDEX share_by_now ON binding (grantor) WHERE until IS NULL AND role = 'item:share';
    CREATE INDEX share_by_past ON binding (grantor) WHERE until IS NOT NULL AND role = 'item:share';
",
    // With `until`, which is always null there, the index alone suffices to count the bindings of a principal.
    "
    DROP INDEX binding_of_now;
    CREATE INDEX binding_of_now ON binding (principal, role, resource, until) WHERE until IS NULL;
",
    "
    ALTER TABLE resource ADD COLUMN sets TEXT;
    ALTER TABLE binding ADD COLUMN sets TEXT;
    CREATE INDEX resource_sets_now ON resource (sets) WHERE until IS NULL AND sets IS NOT NULL;
    CREATE INDEX binding_sets_now ON binding (sets) WHERE until IS NULL AND sets IS NOT NULL;
",
    // One folder can hold very many home folders, and a lookup among them precedes each new one.
    "
    CREATE INDEX resource_home_now ON resource (parent, attributes ->> '$.home.of')
        WHERE until IS NULL AND kind = 'item' AND attributes ->> '$.home.of' IS NOT NULL;
",
    // The log is searched by grantor, by actor and for denials. The grantor's bindings of one role are adjacent, so that
    // the shares of a sharer are still one range. What the operator does is in neither index, since the operator has no id.
    "
    DROP INDEX share_by_now;
    DROP INDEX share_by_past;
    CREATE INDEX binding_by_now ON binding (grantor, role) WHERE until IS NULL AND grantor IS NOT NULL;
    CREATE INDEX binding_by_past ON binding (grantor, role) WHERE until IS NOT NULL AND grantor IS NOT NULL;
    CREATE INDEX revision_actor ON revision (actor) WHERE actor IS NOT NULL;
    CREATE INDEX revision_denied ON revision (number) WHERE denied IS NOT NULL;
",
    // An external id identifies one resource, whatever that is called; also at an earlier moment.
    "
    CREATE UNIQUE INDEX external_id_now ON resource (alias) WHERE until IS NULL AND kind = 'id';
    CREATE INDEX resource_alias_past ON resource (kind, alias) WHERE until IS NOT NULL AND alias IS NOT NULL;
",
];

/// The version this program writes.
fn latest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Creates the folder of a new store, for its owner alone.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Creates a store under another name and renames it when it is complete, so that a killed process leaves no store.
pub(super) fn make(path: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::io(path, &error);
    let aside = sibling_path(path, ".new");
    // Files that a killed process has left, and the log of a removed store, which SQLite would apply to the new one.
    let left = ["-journal", "-wal", "-shm"]
        .into_iter()
        .flat_map(|side| [sibling_path(&aside, side), sibling_path(path, side)]);
    for file in left.chain([aside.clone()]) {
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    make_file(&aside).map_err(failed)?;
    install(&aside).map_err(|error| StoreError::sqlite(path, error))?;
    std::fs::rename(&aside, path).map_err(failed)?;
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    }
    Ok(())
}

/// Creates an empty file for its owner alone; SQLite gives its side files the same mode.
fn make_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Creates the tables of a new store.
fn install(path: &Path) -> rusqlite::Result<()> {
    let mut connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    durable(&connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for migration in MIGRATIONS {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", latest())?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.commit()?;
    // Readers beside a writer are worth the 0.3 ms that a write-ahead log costs each writer.
    // This comes last, so that the tables are in the file itself, which is renamed next.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.close().map_err(|(_, error)| error)
}

fn durable(connection: &Connection) -> rusqlite::Result<()> {
    // A revision that was reported survives a power failure.
    connection.pragma_update(None, "synchronous", "full")
}

/// The first version whose rows have the sets that declare them.
const WITH_SETS: i64 = 4;

/// Gives a reader of an older store the columns of the latest version, without changing the store.
pub(super) fn read_as_latest(connection: &Connection, version: i64) -> rusqlite::Result<()> {
    if version >= WITH_SETS {
        return Ok(());
    }
    connection.execute_batch(
        "CREATE TEMP VIEW resource AS SELECT *, NULL AS sets FROM main.resource;
         CREATE TEMP VIEW binding AS SELECT *, NULL AS sets FROM main.binding;",
    )
}

/// An object of a schema: its type, its name, and the statement that creates it.
pub(super) type Object = (String, String, Option<String>);

/// Every object of a schema, except those that SQLite creates itself, `ANALYZE` included.
fn objects(connection: &Connection) -> rusqlite::Result<Vec<Object>> {
    let mut statement = connection.prepare(
        "SELECT type, name, sql FROM main.sqlite_schema \
         WHERE name NOT IN ('sqlite_stat1', 'sqlite_stat4') AND name NOT GLOB 'sqlite_autoindex_*' \
         ORDER BY type, name",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

/// The differences between the schema of a store and the one that the migrations up to its version create, as
/// messages. Other objects can change what statements do, and so what the rows mean.
pub(super) fn differences(connection: &Connection, version: i64) -> rusqlite::Result<Vec<String>> {
    let pristine = Connection::open_in_memory()?;
    for migration in MIGRATIONS.iter().take(usize::try_from(version).unwrap_or_default()) {
        pristine.execute_batch(migration)?;
    }
    let (expected, found) = (objects(&pristine)?, objects(connection)?);
    let named = |objects: &[Object], (kind, name, _): &Object| {
        objects.iter().find(|(other_kind, other, _)| other_kind == kind && other == name).cloned()
    };
    let mut different = Vec::new();
    for object in &expected {
        let (kind, name, sql) = object;
        match named(&found, object) {
            None => different.push(format!("the {kind} `{name}` is missing, which version {version} of a store has")),
            Some((.., other)) if other != *sql => {
                different.push(format!("the {kind} `{name}` differs from that of version {version} of a store"));
            }
            Some(_) => {}
        }
    }
    for object in &found {
        if named(&expected, object).is_none() {
            let (kind, name, _) = object;
            different.push(format!("the {kind} `{name}` does not belong to version {version} of a store"));
        }
    }
    Ok(different)
}

/// The type and the name of the first trigger or view of a schema. A store has none: they would change what our
/// statements read and write.
fn foreign_code(connection: &Connection) -> rusqlite::Result<Option<(String, String)>> {
    // The types are `index`, `table`, `trigger` and `view`. Every command asks this, so it is as cheap as can be.
    let mut statement = connection.prepare("SELECT type, name FROM main.sqlite_schema WHERE type > 'table' LIMIT 1")?;
    statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

/// As [`check`], but accepts triggers and views: verification reports them, and they never run
/// ([`Store::connect`](super::Store)).
pub(super) fn check_version(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    // Plain pragmas: their table-valued functions would make SQLite declare a table for each.
    let number = |pragma| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let read = || Ok((number("PRAGMA application_id")?, number("PRAGMA user_version")?));
    let (application, version) = read().map_err(|error| StoreError::sqlite(path, error))?;
    if application != APPLICATION_ID {
        return Err(StoreError::NotAStore(path.to_owned()));
    }
    if version > latest() {
        return Err(StoreError::Newer { path: path.to_owned(), found: version, known: latest() });
    }
    Ok(version)
}

/// Checks that the file is a store of a known version without triggers or views; returns the version.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let version = check_version(connection, path)?;
    match foreign_code(connection).map_err(|error| StoreError::sqlite(path, error))? {
        None => Ok(version),
        Some((kind, name)) => {
            Err(StoreError::corrupt(path, format!("it has a {kind} that rolebook did not make: `{name}`")))
        }
    }
}

/// Migrates an older store to the latest version. A current one costs two pragmas.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    durable(connection)?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version >= latest() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(usize::MAX)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", latest())?;
    transaction.commit()
}
