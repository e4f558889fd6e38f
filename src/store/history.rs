//! The history: the revisions, the changes of each, and the revision at a time.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::rc::Rc;

use rusqlite::{OptionalExtension, Row, params_from_iter};
use serde::{Deserialize, Serialize};

use super::sql_values::{self, from_sql, optional_id, to_sql};
use super::{Reader, Result, StoreError, statements};
use crate::model::{Binding, Id, Revision, SetNames, Time};
use crate::policy::{Facts, RowChange};

/// The record of a denial in the log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeniedChange {
    /// The rule that denied it.
    pub rule: String,
    /// The message of the denial.
    pub message: String,
}

/// A revision without its changes: an entry of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogEntry {
    /// The number of the revision.
    pub number: Revision,
    /// The time of the revision.
    pub at: Time,
    /// The principal that acted; `None` for the operator.
    pub actor: Option<Id>,
    /// The user of the operating system.
    pub operator: String,
    /// The command, without secrets.
    pub command: String,
    /// The reason that the actor gave.
    pub reason: Option<String>,
    /// The denial, if the change was denied; such a revision changed nothing.
    pub denied: Option<DeniedChange>,
    /// The revision that this one undoes.
    pub undoes: Option<Revision>,
    /// The last id used up to this revision.
    pub last_id: Id,
    /// The digest, in hexadecimal.
    pub digest: String,
}

/// Which entries of the log to visit, as far as the table of revisions and its indexes tell.
#[derive(Clone, Copy, Debug)]
pub struct LogRange {
    /// The first revision.
    pub from: Revision,
    /// The revision after the last one.
    pub before: Revision,
    /// Who acted, `None` for the operator; or anybody.
    pub actor: Option<Option<Id>>,
    /// Whether to visit denied changes only.
    pub is_denied: bool,
}

impl LogRange {
    /// The statement that reads the entries, newest first, and its values.
    pub(super) fn sql(&self) -> (String, Vec<i64>) {
        let mut sql = format!("SELECT {REVISION} FROM revision WHERE number >= ?1 AND number < ?2");
        let mut values = vec![to_sql(self.from), to_sql(self.before)];
        match self.actor {
            None => {}
            // The operator's entries have no index: in most logs they are many, so the newest ones are found soon.
            Some(None) => sql.push_str(" AND actor IS NULL"),
            Some(Some(actor)) => {
                sql.push_str(" AND actor = ?3");
                values.push(to_sql(actor.0));
            }
        }
        if self.is_denied {
            sql.push_str(" AND denied IS NOT NULL");
        }
        sql.push_str(" ORDER BY number DESC");
        (sql, values)
    }
}

/// The first revision at or after a time. Times never decrease: commits see to it, and verification reports it.
pub(super) const FIRST_SINCE: &str = "SELECT number FROM revision WHERE at >= ?1 ORDER BY at, number LIMIT 1";

/// The last revision at or before a time.
pub(super) const LAST_AT: &str = "SELECT number FROM revision WHERE at <= ?1 ORDER BY at DESC, number DESC LIMIT 1";

const REVISION: &str = "number, at, actor, operator, command, reason, denied, undoes, last_id, digest";

impl Reader {
    fn entry_of(&self, row: &Row<'_>) -> Result<LogEntry> {
        let read = || -> rusqlite::Result<(LogEntry, Option<String>)> {
            let entry = LogEntry {
                number: from_sql(row.get(0)?),
                at: Time(row.get(1)?),
                actor: optional_id(row, 2)?,
                operator: row.get(3)?,
                command: row.get(4)?,
                reason: row.get(5)?,
                denied: None,
                undoes: row.get::<_, Option<i64>>(7)?.map(from_sql),
                last_id: sql_values::id(row, 8)?,
                digest: crate::model::secret::hex(&row.get::<_, Vec<u8>>(9)?),
            };
            Ok((entry, row.get(6)?))
        };
        let (mut entry, denied) = read().map_err(|error| self.failed(error))?;
        if let Some(text) = denied {
            let denied = serde_json::from_str(&text).map_err(|_| {
                StoreError::corrupt(&self.path, format!("the denial of revision {} cannot be read", entry.number))
            })?;
            entry.denied = Some(denied);
        }
        Ok(entry)
    }

    /// The number of the last revision; 0 for an empty store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn last_revision(&self) -> Result<Revision> {
        let number: Option<i64> = self
            .connection
            .prepare_cached("SELECT max(number) FROM revision")
            .and_then(|mut it| it.query_row([], |row| row.get(0)))
            .map_err(|error| self.failed(error))?;
        Ok(number.map_or(0, from_sql))
    }

    /// The last revision made at or before a time; 0 if there is none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn revision_at(&self, time: Time) -> Result<Revision> {
        Ok(self.revision_by_time(LAST_AT, time)?.unwrap_or(0))
    }

    /// The first revision made at or after a time.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn first_revision_since(&self, time: Time) -> Result<Option<Revision>> {
        self.revision_by_time(FIRST_SINCE, time)
    }

    fn revision_by_time(&self, sql: &str, time: Time) -> Result<Option<Revision>> {
        let number: Option<i64> = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut it| it.query_row([time.0], |row| row.get(0)).optional())
            .map_err(|error| self.failed(error))?;
        Ok(number.map(from_sql))
    }

    /// The log entry of a revision.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn revision(&self, number: Revision) -> Result<Option<LogEntry>> {
        let sql = format!("SELECT {REVISION} FROM revision WHERE number = ?1");
        let mut found = None;
        self.each_entry(&sql, &[to_sql(number)], &mut |entry| {
            found = Some(entry);
            Ok::<_, StoreError>(false)
        })?;
        Ok(found)
    }

    /// The last revision that undid a revision, if there is one.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn undone_by(&self, number: Revision) -> Result<Option<Revision>> {
        let found: Option<i64> = self
            .connection
            .prepare_cached(
                "SELECT number FROM revision WHERE undoes = ?1 AND undoes IS NOT NULL ORDER BY number DESC LIMIT 1",
            )
            .and_then(|mut it| it.query_row([to_sql(number)], |row| row.get(0)).optional())
            .map_err(|error| self.failed(error))?;
        Ok(found.map(from_sql))
    }

    /// Visits the entries in a range, from the newest to the oldest, until the visitor returns false.
    ///
    /// # Errors
    /// When the store cannot be read; those of the visitor.
    pub fn log<E: From<StoreError>>(
        &self,
        range: &LogRange,
        visit: &mut dyn FnMut(LogEntry) -> std::result::Result<bool, E>,
    ) -> std::result::Result<(), E> {
        let (sql, values) = range.sql();
        self.each_entry(&sql, &values, visit)
    }

    fn each_entry<E: From<StoreError>>(
        &self,
        sql: &str,
        values: &[i64],
        visit: &mut dyn FnMut(LogEntry) -> std::result::Result<bool, E>,
    ) -> std::result::Result<(), E> {
        let failed = |error| self.failed(error);
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            if !visit(self.entry_of(row)?)? {
                break;
            }
        }
        Ok(())
    }

    /// The row changes of a revision, resources before bindings, each by id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn changes(&self, number: Revision) -> Result<Vec<RowChange>> {
        let mut found = Vec::new();
        self.each_change(number, &mut |change| {
            found.push(change);
            Ok::<_, StoreError>(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// Visits the row changes of a revision in the order of [`changes`](Reader::changes). There can be millions; none
    /// stays in memory.
    ///
    /// # Errors
    /// When the store cannot be read; those of the visitor.
    pub fn each_change<E: From<StoreError>>(
        &self,
        number: Revision,
        visit: &mut dyn FnMut(RowChange) -> std::result::Result<ControlFlow<()>, E>,
    ) -> std::result::Result<(), E> {
        let resources = ("resource", statements::RESOURCE);
        let flow = self.sides(resources, number, Reader::resource_of, |row| row.id, &mut |before, after| {
            visit(RowChange::Resource(before.map(Rc::new), after.map(Rc::new)))
        })?;
        if flow.is_break() {
            return Ok(());
        }
        let bindings = ("binding", statements::BINDING);
        self.sides(bindings, number, Reader::binding_of, |row| row.id, &mut |before, after| {
            visit(RowChange::Binding(before.map(Box::new), after))
        })
        .map(drop)
    }

    /// The changes that a revision made to the bindings of a principal on a resource.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn changes_of(&self, number: Revision, principal: Id, resource: Id) -> Result<Vec<RowChange>> {
        let failed = |error| self.failed(error);
        let mut sides: BTreeMap<Id, (Option<Binding>, Option<Binding>)> = BTreeMap::new();
        // Current and past rows have separate indexes. The plus sign keeps SQLite from an index by revision: a revision
        // may have opened a million rows, and a principal has few.
        for (is_after, condition) in [
            (true, "+since = ?1 AND until IS NULL"),
            (true, "+since = ?1 AND until IS NOT NULL"),
            (false, "+until = ?1 AND until IS NOT NULL"),
        ] {
            let sql = format!(
                "SELECT {} FROM binding WHERE principal = ?2 AND resource = ?3 AND {condition}",
                statements::BINDING
            );
            let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
            let mut rows =
                statement.query([to_sql(number), to_sql(principal.0), to_sql(resource.0)]).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                let binding = self.binding_of(row)?;
                let side = sides.entry(binding.id).or_default();
                if is_after { side.1 = Some(binding) } else { side.0 = Some(binding) }
            }
        }
        Ok(sides.into_values().map(|(before, after)| RowChange::Binding(before.map(Box::new), after)).collect())
    }

    /// Whether a revision opened or closed a resource.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn is_changed(&self, number: Revision, resource: Id) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM resource WHERE since = ?1 AND id = ?2)
                       OR EXISTS (SELECT 1 FROM resource WHERE id = ?2 AND +until = ?1 AND until IS NOT NULL)";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut it| it.query_row([to_sql(number), to_sql(resource.0)], |row| row.get(0)))
            .map_err(|error| self.failed(error))
    }

    /// Whether a revision opened or closed any row.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn has_changes(&self, number: Revision) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM resource WHERE since = ?1)
                       OR EXISTS (SELECT 1 FROM binding WHERE since = ?1)
                       OR EXISTS (SELECT 1 FROM resource WHERE until = ?1 AND until IS NOT NULL)
                       OR EXISTS (SELECT 1 FROM binding WHERE until = ?1 AND until IS NOT NULL)";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut it| it.query_row([to_sql(number)], |row| row.get(0)))
            .map_err(|error| self.failed(error))
    }

    /// The row changes between two revisions, given with the facts at each. Rows that were both opened and closed in
    /// between are left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn changed_between<A: Facts, B: Facts>(
        &self,
        (from, before): (Revision, &A),
        (to, after): (Revision, &B),
    ) -> crate::policy::Result<Vec<RowChange>> {
        let mut changes = Vec::new();
        for id in self.changed_ids("resource", from, to)? {
            changes.push(RowChange::Resource(before.resource(id)?, after.resource(id)?));
        }
        for id in self.changed_ids("binding", from, to)? {
            changes.push(RowChange::Binding(before.binding(id)?.map(Box::new), after.binding(id)?));
        }
        changes.retain(|change| !matches!(change, RowChange::Resource(None, None) | RowChange::Binding(None, None)));
        Ok(changes)
    }

    /// The ids of the resources and of the bindings that a set declares, sorted.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn declared_by(&self, set: &str) -> Result<(Vec<Id>, Vec<Id>)> {
        Ok((self.rows_declared_in("resource", set)?, self.rows_declared_in("binding", set)?))
    }

    /// The names of all sets that declare a row.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn sets(&self) -> Result<Vec<String>> {
        let mut found = std::collections::BTreeSet::new();
        for table in ["resource", "binding"] {
            self.each_sets(table, &mut |sets| {
                found.extend(sets.names().map(str::to_owned));
                Ok(())
            })?;
        }
        Ok(found.into_iter().collect())
    }

    /// Visits each distinct value of the `sets` column of a table.
    fn each_sets(&self, table: &str, visit: &mut dyn FnMut(&SetNames) -> Result<()>) -> Result<()> {
        let failed = |error| self.failed(error);
        // There are few distinct values among many rows: the index leads from one to the next.
        let sql = format!("SELECT min(sets) FROM {table} WHERE until IS NULL AND sets IS NOT NULL AND sets > ?1");
        let mut next = self.connection.prepare_cached(&sql).map_err(failed)?;
        let mut last = String::new();
        while let Some(text) = next.query_row([&last], |row| row.get::<_, Option<String>>(0)).map_err(failed)? {
            visit(&SetNames::from_text(Some(&text)))?;
            last = text;
        }
        Ok(())
    }

    fn rows_declared_in(&self, table: &str, set: &str) -> Result<Vec<Id>> {
        let failed = |error| self.failed(error);
        let sql = format!("SELECT id FROM {table} WHERE until IS NULL AND sets IS NOT NULL AND sets = ?1");
        let mut of = self.connection.prepare_cached(&sql).map_err(failed)?;
        let mut found = Vec::new();
        self.each_sets(table, &mut |sets| {
            if sets.has(set) {
                let ids = of.query_map([sets.text()], |row| sql_values::id(row, 0)).map_err(failed)?;
                for id in ids {
                    found.push(id.map_err(failed)?);
                }
            }
            Ok(())
        })?;
        found.sort_unstable();
        Ok(found)
    }

    fn changed_ids(&self, table: &str, from: Revision, to: Revision) -> Result<std::collections::BTreeSet<Id>> {
        let failed = |error| self.failed(error);
        let sql = format!(
            "SELECT id FROM {table} WHERE since > ?1 AND since <= ?2 \
             UNION SELECT id FROM {table} WHERE until > ?1 AND until <= ?2 AND until IS NOT NULL"
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let ids = statement.query_map([to_sql(from), to_sql(to)], |row| sql_values::id(row, 0)).map_err(failed)?;
        ids.collect::<rusqlite::Result<_>>().map_err(failed)
    }

    /// Visits each row of a table that a revision closed or opened, by id, with its versions before and after. The
    /// closed and the opened rows are read in the same order and merged.
    fn sides<T, E: From<StoreError>>(
        &self,
        (table, columns): (&str, &str),
        number: Revision,
        read: impl Fn(&Reader, &Row<'_>) -> Result<T>,
        id: impl Fn(&T) -> Id,
        visit: &mut dyn FnMut(Option<T>, Option<T>) -> std::result::Result<ControlFlow<()>, E>,
    ) -> std::result::Result<ControlFlow<()>, E> {
        let failed = |error| self.failed(error);
        let prepare = |condition: &str| {
            let sql = format!("SELECT {columns} FROM {table} WHERE {condition} ORDER BY id");
            self.connection.prepare(&sql).map_err(failed)
        };
        let (mut closed, mut opened) = (prepare("until = ?1 AND until IS NOT NULL")?, prepare("since = ?1")?);
        let number = [to_sql(number)];
        let (mut closed, mut opened) = (closed.query(number).map_err(failed)?, opened.query(number).map_err(failed)?);
        let next = |rows: &mut rusqlite::Rows<'_>| -> Result<Option<T>> {
            rows.next().map_err(failed)?.map(|row| read(self, row)).transpose()
        };
        let (mut before, mut after) = (next(&mut closed)?, next(&mut opened)?);
        while before.is_some() || after.is_some() {
            let order = match (&before, &after) {
                (Some(before), Some(after)) => id(before).cmp(&id(after)),
                (Some(_), None) => Ordering::Less,
                _ => Ordering::Greater,
            };
            let was = if order.is_le() { before.take() } else { None };
            let is = if order.is_ge() { after.take() } else { None };
            if order.is_le() {
                before = next(&mut closed)?;
            }
            if order.is_ge() {
                after = next(&mut opened)?;
            }
            if visit(was, is)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}
