//! Writing the rows of a change: closing some and opening others, and hashing each into the chain as it is written.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, params, params_from_iter};

use super::chain::Chain;
use super::error::StoreError;
use super::sql_values::{binding_json, resource_json, to_sql};
use super::{Reader, Result};
use crate::model::{Binding, Id, Resource, Revision};
use crate::policy::RowChange;

/// A change with more rows than this gets a larger page cache, and may rebuild the indexes.
pub(super) const LARGE_CHANGE_ROWS: usize = 10_000;

/// The size of the larger page cache: 40 MiB, which SQLite takes as a negative number of KiB.
const CACHE_KIB: i64 = -40 * 1024;

/// Drops the indexes of both tables in this transaction; returns the statements that create them again.
pub(super) fn drop_indexes(reader: &Reader) -> Result<Vec<String>> {
    let read = || -> rusqlite::Result<Vec<(String, String)>> {
        let mut all = reader.connection.prepare(
            "SELECT name, sql FROM sqlite_master \
             WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('resource', 'binding') ORDER BY rowid",
        )?;
        all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    let indexes = read().map_err(|error| reader.failed(error))?;
    for (name, _) in &indexes {
        reader.connection.execute_batch(&format!("DROP INDEX {name}")).map_err(|error| reader.failed(error))?;
    }
    Ok(indexes.into_iter().map(|(_, sql)| sql).collect())
}

/// Writes the rows of a change, and hashes them into `chain` if there is one. A row that an earlier part of the same
/// revision opened is replaced.
pub(super) fn write(reader: &Reader, changes: &[RowChange], number: Revision, chain: Option<&mut Chain>) -> Result<()> {
    if changes.len() > LARGE_CHANGE_ROWS {
        // The rows are spread over the indexes, so the same pages are read again and again.
        let pages = reader.connection.pragma_update(None, "cache_size", CACHE_KIB);
        pages.map_err(|error| reader.failed(error))?;
    }
    // Closing comes first: a name can pass from one row to another within a revision.
    close(reader, changes, number)?;
    open(reader, changes, number, chain)
}

/// Closes the rows that end, and those that a new version replaces.
fn close(reader: &Reader, changes: &[RowChange], number: Revision) -> Result<()> {
    let failed = |error| reader.failed(error);
    let connection = &reader.connection;
    for (table, rows) in [("resource", closed_resources(changes)), ("binding", closed_bindings(changes))] {
        if rows.is_empty() {
            continue;
        }
        let close = format!("UPDATE {table} SET until = ?1 WHERE since = ?2 AND id = ?3 AND until IS NULL");
        let forget = format!("DELETE FROM {table} WHERE since = ?1 AND since = ?2 AND id = ?3 AND until IS NULL");
        let mut close = connection.prepare_cached(&close).map_err(failed)?;
        let mut forget = connection.prepare_cached(&forget).map_err(failed)?;
        for (id, since) in rows {
            let statement = if since == number { &mut forget } else { &mut close };
            if statement.execute(params![to_sql(number), to_sql(since), to_sql(id.0)]).map_err(failed)? != 1 {
                return Err(StoreError::corrupt(
                    &reader.path,
                    format!("the current row of {table} {id} is not where it should be"),
                ));
            }
        }
    }
    Ok(())
}

/// Opens the new versions of rows, and hashes the opened and closed rows.
fn open(reader: &Reader, changes: &[RowChange], number: Revision, mut chain: Option<&mut Chain>) -> Result<()> {
    let mut into = RowWriter { reader, table: "resource", word: "+resource", statement: None };
    for change in changes {
        if let RowChange::Resource(_, Some(row)) = change {
            let attributes = resource_json(row);
            into.insert(resource_columns(number, row, &attributes), chain.as_deref_mut())?;
        }
    }
    let mut into = RowWriter { reader, table: "binding", word: "+binding", statement: None };
    for change in changes {
        if let RowChange::Binding(_, Some(row)) = change {
            let attributes = binding_json(row);
            into.insert(binding_columns(number, row, attributes.as_deref()), chain.as_deref_mut())?;
        }
    }
    let Some(chain) = chain else { return Ok(()) };
    for (word, rows) in [("-resource", closed_resources(changes)), ("-binding", closed_bindings(changes))] {
        for (id, since) in rows {
            chain.row(word, &[number_of(id.0), number_of(since)]);
        }
    }
    Ok(())
}

/// Opens rows in one table.
struct RowWriter<'r> {
    reader: &'r Reader,
    table: &'static str,
    /// The word for such rows in the chain.
    word: &'static str,
    /// The statement, prepared for the first row: most changes write to one table.
    statement: Option<CachedStatement<'r>>,
}

impl RowWriter<'_> {
    fn insert(&mut self, columns: [ValueRef<'_>; 9], chain: Option<&mut Chain>) -> Result<()> {
        let failed = |error| self.reader.failed(error);
        if let Some(chain) = chain {
            chain.opened(self.word, &columns);
        }
        let statement = match &mut self.statement {
            Some(statement) => statement,
            none => {
                let sql = format!("INSERT INTO {} VALUES (?1, ?2, NULL, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", self.table);
                none.insert(self.reader.connection.prepare_cached(&sql).map_err(failed)?)
            }
        };
        statement.execute(params_from_iter(columns.map(ToSqlOutput::Borrowed))).map(drop).map_err(failed)
    }
}

fn resource_columns<'r>(number: Revision, row: &'r Resource, attributes: &'r str) -> [ValueRef<'r>; 9] {
    [
        number_of(number),
        number_of(row.id.0),
        text_of(Some(row.kind().as_str())),
        number_of(row.parent.map_or(0, |id| id.0)),
        text_of(Some(&row.name)),
        text_of(Some(&row.key)),
        text_of(row.alias.as_deref()),
        text_of(Some(attributes)),
        text_of(row.sets.text()),
    ]
}

fn binding_columns<'r>(number: Revision, row: &'r Binding, attributes: Option<&'r str>) -> [ValueRef<'r>; 9] {
    [
        number_of(number),
        number_of(row.id.0),
        number_of(row.resource.0),
        number_of(row.principal.0),
        text_of(Some(row.role.qualified())),
        row.grantor.map_or(ValueRef::Null, |id| number_of(id.0)),
        row.expires.map_or(ValueRef::Null, |time| ValueRef::Integer(time.0)),
        text_of(attributes),
        text_of(row.sets.text()),
    ]
}

/// A number as a column value.
fn number_of(number: u64) -> ValueRef<'static> {
    ValueRef::Integer(to_sql(number))
}

/// A text as a column value; null for `None`.
fn text_of(text: Option<&str>) -> ValueRef<'_> {
    text.map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes()))
}

/// Whether rows are in the order in which verification reads them: resources before bindings, each by id.
pub(super) fn are_in_order(changes: &[RowChange]) -> bool {
    changes.is_sorted_by_key(|change| (matches!(change, RowChange::Binding(..)), change.id()))
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
