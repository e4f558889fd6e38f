//! The store as facts: one prepared statement for each look-up.
//!
//! The present is read through the partial indexes on `until IS NULL`. A moment of the past is the
//! rows that were open then: those still open that are old enough, and those closed since.

use std::ops::ControlFlow;
use std::rc::Rc;

use rusqlite::{OptionalExtension, ToSql, params_from_iter};

use super::rows::{self, integer};
use super::{Reader, StoreError};
use crate::model::{Binding, Id, Kind, Resource, Revision, Role};
use crate::policy::facts::{Facts, Result, Select, Visit};

/// The facts of a store, now or as they stood after a revision.
#[derive(Clone, Copy, Debug)]
pub struct StoreFacts<'r> {
    reader: &'r Reader,
    revision: Option<Revision>,
}

impl<'r> StoreFacts<'r> {
    pub(super) const fn new(reader: &'r Reader, revision: Option<Revision>) -> StoreFacts<'r> {
        StoreFacts { reader, revision }
    }

    /// Where the rows are read.
    pub(super) const fn reader(self) -> &'r Reader {
        self.reader
    }

    /// The moment; none for the present.
    pub(super) const fn revision(self) -> Option<Revision> {
        self.revision
    }

    /// The statement that selects `columns` from `table` where `condition` holds at the revision.
    fn statement(self, columns: &str, table: &str, condition: &str) -> String {
        match self.revision {
            None => format!("SELECT {columns} FROM {table} WHERE until IS NULL AND {condition}"),
            Some(revision) => {
                let since = format!("since <= {revision}");
                format!(
                    "SELECT {columns} FROM {table} WHERE until IS NULL AND {since} AND {condition} \
                     UNION ALL SELECT {columns} FROM {table} WHERE until IS NOT NULL AND until > {revision} AND {since} AND {condition}"
                )
            }
        }
    }

    fn each<T>(
        self,
        sql: &str,
        values: &[&dyn ToSql],
        read: impl Fn(&Reader, &rusqlite::Row<'_>) -> super::Result<T>,
        visit: Visit<'_, T>,
    ) -> Result<()> {
        let failed = |error| -> StoreError { self.reader.failed(error) };
        let mut statement = self.reader.connection.prepare_cached(sql).map_err(failed)?;
        let mut found = statement.query(params_from_iter(values)).map_err(failed)?;
        while let Some(row) = found.next().map_err(failed)? {
            if visit(read(self.reader, row)?)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn one_resource(self, condition: &str, values: &[&dyn ToSql]) -> Result<Option<Rc<Resource>>> {
        let mut found = None;
        self.each(
            &self.statement(rows::RESOURCE, "resource", condition),
            values,
            Reader::resource_of,
            &mut |resource| {
                found = Some(Rc::new(resource));
                Ok(ControlFlow::Break(()))
            },
        )?;
        Ok(found)
    }
}

impl Facts for StoreFacts<'_> {
    fn resource(&self, id: Id) -> Result<Option<Rc<Resource>>> {
        self.one_resource("id = ?1", &[&integer(id.0)])
    }

    fn named(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Rc<Resource>>> {
        let parent = integer(parent.map_or(0, |parent| parent.0));
        self.one_resource("kind = ?1 AND parent = ?2 AND key = ?3", &[&kind.word(), &parent, &key])
    }

    fn aliased(&self, kind: Kind, alias: &str, visit: Visit<'_, Rc<Resource>>) -> Result<()> {
        let sql = self.statement(rows::RESOURCE, "resource", "kind = ?1 AND alias = ?2 AND alias IS NOT NULL");
        self.each(&sql, &[&kind.word(), &alias], |reader, row| reader.resource_of(row).map(Rc::new), visit)
    }

    fn resources(&self, kind: Kind, parent: Option<Id>, visit: Visit<'_, Rc<Resource>>) -> Result<()> {
        let read = |reader: &Reader, row: &rusqlite::Row<'_>| reader.resource_of(row).map(Rc::new);
        match parent {
            None => self.each(&self.statement(rows::RESOURCE, "resource", "kind = ?1"), &[&kind.word()], read, visit),
            Some(parent) => {
                let sql = self.statement(rows::RESOURCE, "resource", "kind = ?1 AND parent = ?2");
                self.each(&sql, &[&kind.word(), &integer(parent.0)], read, visit)
            }
        }
    }

    fn bindings(&self, select: Select, visit: Visit<'_, Binding>) -> Result<()> {
        let each = |condition: &str, values: &[&dyn ToSql], visit: Visit<'_, Binding>| {
            let mut sql = self.statement(rows::BINDING, "binding", condition);
            // The order in which the indexes of the present have them: then a decision about the past
            // rests on the same of several bindings as it did at the time.
            if self.revision.is_some() {
                sql.push_str(" ORDER BY ");
                sql.push_str(match select {
                    Select::Exact(..) | Select::On(_) | Select::OnAs(..) => "role, principal, since, id",
                    Select::Of(_) | Select::OfAs(..) => "role, resource, since, id",
                    Select::SharesBy(_) => "since, id",
                });
            }
            self.each(&sql, values, Reader::binding_of, visit)
        };
        match select {
            Select::Exact(resource, role, principal) => each(
                "resource = ?1 AND role = ?2 AND principal = ?3",
                &[&integer(resource.0), &role.full(), &integer(principal.0)],
                visit,
            ),
            Select::On(resource) => each("resource = ?1", &[&integer(resource.0)], visit),
            Select::OnAs(resource, role) => {
                each("resource = ?1 AND role = ?2", &[&integer(resource.0), &role.full()], visit)
            }
            Select::Of(principal) => each("principal = ?1", &[&integer(principal.0)], visit),
            Select::OfAs(principal, role) => {
                each("principal = ?1 AND role = ?2", &[&integer(principal.0), &role.full()], visit)
            }
            // The role stands in the text: the index is only on shares.
            Select::SharesBy(sharer) => each("grantor = ?1 AND role = 'item:share'", &[&integer(sharer.0)], visit),
        }
    }

    fn binding(&self, id: Id) -> Result<Option<Binding>> {
        let mut found = None;
        self.each(
            &self.statement(rows::BINDING, "binding", "id = ?1"),
            &[&integer(id.0)],
            Reader::binding_of,
            &mut |binding| {
                found = Some(binding);
                Ok(ControlFlow::Break(()))
            },
        )?;
        Ok(found)
    }

    fn last_id(&self) -> Result<Id> {
        let sql = match self.revision {
            None => "SELECT last_id FROM revision ORDER BY number DESC LIMIT 1".to_owned(),
            Some(revision) => format!("SELECT last_id FROM revision WHERE number = {revision}"),
        };
        let last: Option<i64> = self
            .reader
            .connection
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional())
            .map_err(|error| -> StoreError { self.reader.failed(error) })?;
        Ok(last.map_or(Id::LAST_RESERVED, |last| Id(rows::natural(last))))
    }
}

impl StoreFacts<'_> {
    /// How many rows of a kind there are.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn count(&self, kind: Kind) -> Result<u64> {
        self.number(&self.statement("count(*)", "resource", "kind = ?1"), &[&kind.word()])
    }

    /// How many bindings of a role there are on a resource.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn count_held(&self, resource: Id, role: Role) -> Result<u64> {
        self.number(
            &self.statement("count(*)", "binding", "resource = ?1 AND role = ?2"),
            &[&integer(resource.0), &role.full()],
        )
    }

    /// The sum of the numbers a statement yields: the past is counted in two parts.
    fn number(&self, sql: &str, values: &[&dyn ToSql]) -> Result<u64> {
        let mut total = 0;
        self.each(
            sql,
            values,
            |reader, row| row.get::<_, i64>(0).map(rows::natural).map_err(|error| reader.failed(error)),
            &mut |part| {
                total += part;
                Ok(ControlFlow::Continue(()))
            },
        )?;
        Ok(total)
    }
}
