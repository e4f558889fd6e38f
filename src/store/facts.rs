//! [`StoreFacts`]: the facts of a store, with one prepared statement for each kind of lookup. Lookups of the current
//! state go through the [`ReadCache`].

use std::ops::ControlFlow;
use std::rc::Rc;

use rusqlite::{OptionalExtension, Statement, ToSql, params_from_iter};

use super::read_cache::{MAX_CACHED_HOLDERS, ReadCache};
use super::sql_values::{self, to_sql};
use super::statements::{self, Query};
use super::{Reader, StoreError};
use crate::model::attributes::Home;
use crate::model::{Binding, Id, Kind, Resource, Revision, Role, Time};
use crate::policy::facts::{BindingQuery, Facts, Holding, NameKey, Result, Visit, VisitHeld};

/// The facts of a store, now or right after a revision.
#[derive(Clone, Copy, Debug)]
pub struct StoreFacts<'r> {
    reader: &'r Reader,
    revision: Option<Revision>,
}

impl<'r> StoreFacts<'r> {
    pub(super) const fn new(reader: &'r Reader, revision: Option<Revision>) -> StoreFacts<'r> {
        StoreFacts { reader, revision }
    }

    /// The reader of the rows.
    pub(super) const fn reader(self) -> &'r Reader {
        self.reader
    }

    /// The revision; `None` for the current state.
    pub(super) const fn revision(self) -> Option<Revision> {
        self.revision
    }

    fn each<T>(
        self,
        look_up: &Query,
        values: &[&dyn ToSql],
        read: impl Fn(&Reader, &rusqlite::Row<'_>) -> super::Result<T>,
        visit: Visit<'_, T>,
    ) -> Result<()> {
        self.each_of(&mut *self.prepared(&look_up.at(self.revision))?, values, read, visit)
    }

    fn prepared(self, sql: &str) -> Result<rusqlite::CachedStatement<'r>> {
        Ok(self.reader.connection.prepare_cached(sql).map_err(|error| self.reader.failed(error))?)
    }

    fn each_of<T>(
        self,
        statement: &mut Statement<'_>,
        values: &[&dyn ToSql],
        read: impl Fn(&Reader, &rusqlite::Row<'_>) -> super::Result<T>,
        visit: Visit<'_, T>,
    ) -> Result<()> {
        let failed = |error| -> StoreError { self.reader.failed(error) };
        let mut found = statement.query(params_from_iter(values)).map_err(failed)?;
        while let Some(row) = found.next().map_err(failed)? {
            if visit(read(self.reader, row)?)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The cache, if these are the facts of the current state.
    fn cache(self) -> Option<&'r ReadCache> {
        self.revision.is_none().then_some(&self.reader.cache)
    }

    /// Whether no row can have or name an id, because the id is larger than the last one used.
    fn is_unallocated(self, id: Id) -> bool {
        self.cache().and_then(|cache| cache.last_id.get()).is_some_and(|last| id > last)
    }

    /// The bindings of a principal in a role.
    fn held_as(self, principal: Id, role: Role) -> Result<Rc<[Binding]>> {
        let key = (principal, role);
        if let Some(found) = self.cache().and_then(|cache| cache.held.get(&key)) {
            return Ok(found);
        }
        let found: Rc<[Binding]> = self.list_bindings(BindingQuery::OfAs(principal, role))?.into();
        if let Some(cache) = self.cache() {
            cache.held.put(key, Rc::clone(&found));
        }
        Ok(found)
    }

    /// The bindings of a principal in the member roles ([`statements::MEMBERS`]).
    fn memberships(self, principal: Id) -> Result<Rc<[Binding]>> {
        if let Some(found) = self.cache().and_then(|cache| cache.memberships.get(&principal)) {
            return Ok(found);
        }
        let mut found = Vec::new();
        let mut statement =
            self.prepared(&statements::MEMBERSHIPS_OF.ordered(self.revision, "role, resource, since, id"))?;
        self.each_of(&mut statement, &[&to_sql(principal.0)], Reader::binding_of, &mut |binding| {
            found.push(binding);
            Ok(ControlFlow::Continue(()))
        })?;
        let found: Rc<[Binding]> = found.into();
        if let Some(cache) = self.cache() {
            cache.memberships.put(principal, Rc::clone(&found));
        }
        Ok(found)
    }

    /// The bindings in a role on a resource; `None` if there are more than [`MAX_CACHED_HOLDERS`].
    fn cached_bindings_on(self, resource: Id, role: Role) -> Result<Option<Rc<[Binding]>>> {
        let key = (resource, role);
        if let Some(found) = self.cache().and_then(|cache| cache.holders.get(&key)) {
            return Ok(found);
        }
        let mut few = Vec::new();
        self.bindings(BindingQuery::OnAs(resource, role), &mut |binding| {
            few.push(binding);
            Ok(if few.len() > MAX_CACHED_HOLDERS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        let found = (few.len() <= MAX_CACHED_HOLDERS).then(|| Rc::from(few));
        if let Some(cache) = self.cache() {
            cache.holders.put(key, found.clone());
        }
        Ok(found)
    }

    fn one_resource(self, look_up: &Query, values: &[&dyn ToSql]) -> Result<Option<Rc<Resource>>> {
        let mut found = None;
        self.each(look_up, values, Reader::resource_of, &mut |resource| {
            found = Some(Rc::new(resource));
            Ok(ControlFlow::Break(()))
        })?;
        if let (Some(cache), Some(found)) = (self.cache(), &found) {
            cache.insert(found);
        }
        Ok(found)
    }
}

impl Facts for StoreFacts<'_> {
    fn resource(&self, id: Id) -> Result<Option<Rc<Resource>>> {
        if self.is_unallocated(id) {
            return Ok(None);
        }
        if let Some(found) = self.cache().and_then(|cache| cache.resources.get(&id)) {
            return Ok(found);
        }
        let found = self.one_resource(&statements::RESOURCE_OF, &[&to_sql(id.0)])?;
        if let (Some(cache), None) = (self.cache(), &found) {
            cache.resources.put(id, None);
        }
        Ok(found)
    }

    fn by_key(&self, kind: Kind, parent: Option<Id>, key: &str) -> Result<Option<Rc<Resource>>> {
        if parent.is_some_and(|parent| self.is_unallocated(parent)) {
            return Ok(None);
        }
        if let Some(found) = self.cache().and_then(|cache| cache.names.get(NameKey(kind, parent, key))) {
            return Ok(Some(found));
        }
        let parent = to_sql(parent.map_or(0, |parent| parent.0));
        self.one_resource(&statements::NAMED, &[&kind.as_str(), &parent, &key])
    }

    fn aliased(&self, kind: Kind, alias: &str, visit: Visit<'_, Rc<Resource>>) -> Result<()> {
        self.each(
            &statements::ALIASED,
            &[&kind.as_str(), &alias],
            |reader, row| reader.resource_of(row).map(Rc::new),
            visit,
        )
    }

    fn resources(&self, kind: Kind, parent: Option<Id>, visit: Visit<'_, Rc<Resource>>) -> Result<()> {
        let read = |reader: &Reader, row: &rusqlite::Row<'_>| reader.resource_of(row).map(Rc::new);
        match parent {
            None => self.each(&statements::OF_KIND, &[&kind.as_str()], read, visit),
            Some(parent) if self.is_unallocated(parent) => Ok(()),
            Some(parent) => self.each(&statements::WITHIN, &[&kind.as_str(), &to_sql(parent.0)], read, visit),
        }
    }

    fn ids(&self, kind: Kind, parent: Option<Id>) -> Result<Vec<Id>> {
        let mut found = Vec::new();
        let read = |reader: &Reader, row: &rusqlite::Row<'_>| {
            row.get::<_, i64>(0).map(|id| Id(sql_values::from_sql(id))).map_err(|error| reader.failed(error))
        };
        let visit: Visit<'_, Id> = &mut |id| {
            found.push(id);
            Ok(ControlFlow::Continue(()))
        };
        match parent {
            None => self.each(&statements::IDS_OF_KIND, &[&kind.as_str()], read, visit)?,
            Some(parent) if self.is_unallocated(parent) => {}
            Some(parent) => self.each(&statements::IDS_WITHIN, &[&kind.as_str(), &to_sql(parent.0)], read, visit)?,
        }
        Ok(found)
    }

    fn home(&self, folder: Id, home: Home) -> Result<Option<Rc<Resource>>> {
        if self.is_unallocated(folder) || self.is_unallocated(home.of) {
            return Ok(None);
        }
        let values = [to_sql(folder.0), to_sql(home.of.0), to_sql(home.workspace.0)];
        self.one_resource(&statements::HOME, &values.each_ref().map(|it| it as &dyn ToSql))
    }

    fn bindings(&self, select: BindingQuery, visit: Visit<'_, Binding>) -> Result<()> {
        let (resource, principal) = select.resource_and_principal();
        if [resource, principal].into_iter().flatten().any(|id| self.is_unallocated(id)) {
            return Ok(());
        }
        // This is the order of the current indexes. So a decision about the past rests on the same one of several
        // bindings as it did at the time.
        let each = |look_up: &Query, values: &[&dyn ToSql], visit: Visit<'_, Binding>| {
            let order = match select {
                BindingQuery::Exact(..) | BindingQuery::On(_) | BindingQuery::OnAs(..) => "role, principal, since, id",
                BindingQuery::Of(_) | BindingQuery::OfAs(..) => "role, resource, since, id",
                BindingQuery::SharesBy(_) => "since, id",
            };
            let mut statement = self.prepared(&look_up.ordered(self.revision, order))?;
            self.each_of(&mut statement, values, Reader::binding_of, visit)
        };
        // Most items have few shares, and a question about one of them is followed by others.
        if let BindingQuery::Exact(resource, Role::ItemShare, principal) = select
            && let Some(few) = self.cached_bindings_on(resource, Role::ItemShare)?
        {
            for share in few.iter().filter(|share| share.principal == principal) {
                if visit(share.clone())?.is_break() {
                    break;
                }
            }
            return Ok(());
        }
        match select {
            BindingQuery::Exact(resource, role, principal) => {
                let values: [&dyn ToSql; 3] = [&to_sql(resource.0), &role.qualified(), &to_sql(principal.0)];
                each(&statements::EXACT, &values, visit)
            }
            BindingQuery::On(resource) => each(&statements::ON, &[&to_sql(resource.0)], visit),
            BindingQuery::OnAs(resource, role) => {
                each(&statements::ON_AS, &[&to_sql(resource.0), &role.qualified()], visit)
            }
            BindingQuery::Of(principal) => each(&statements::OF, &[&to_sql(principal.0)], visit),
            BindingQuery::OfAs(principal, role) => {
                each(&statements::OF_AS, &[&to_sql(principal.0), &role.qualified()], visit)
            }
            BindingQuery::SharesBy(sharer) => each(&statements::SHARES_BY, &[&to_sql(sharer.0)], visit),
        }
    }

    fn binding(&self, id: Id) -> Result<Option<Binding>> {
        let mut found = None;
        if self.is_unallocated(id) {
            return Ok(found);
        }
        self.each(&statements::BINDING_OF, &[&to_sql(id.0)], Reader::binding_of, &mut |binding| {
            found = Some(binding);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    fn holdings(&self, principal: Id, roles: &[Role], at: Time, visit: &mut dyn FnMut(Holding)) -> Result<()> {
        if self.is_unallocated(principal) {
            return Ok(());
        }
        let all = if roles.len() > 1 && roles.iter().all(|role| statements::MEMBERS.contains(role)) {
            Some(self.memberships(principal)?)
        } else {
            self.cache().and_then(|cache| cache.memberships.get(&principal))
        };
        for role in roles {
            let held = match &all {
                Some(all) if statements::MEMBERS.contains(role) => Rc::clone(all),
                _ => self.held_as(principal, *role)?,
            };
            for held in held.iter().filter(|binding| binding.role == *role && binding.is_effective(at)) {
                visit(Holding { resource: held.resource, role: *role, permissions: held.attributes.permissions });
            }
        }
        Ok(())
    }

    fn count_bindings(&self, principal: Id, most: usize) -> Result<usize> {
        if self.is_unallocated(principal) {
            return Ok(0);
        }
        let sql = format!("SELECT count(*) FROM ({} LIMIT {most})", statements::ANY_OF.at(self.revision));
        let count = self.sum(&sql, &[&to_sql(principal.0)])?;
        Ok(usize::try_from(count).unwrap_or(most))
    }

    fn held_by(&self, resource: Id, role: Role, principals: &[Id], visit: VisitHeld<'_>) -> Result<ControlFlow<()>> {
        if self.is_unallocated(resource) {
            return Ok(ControlFlow::Continue(()));
        }
        // Most items have few shares, so all shares of an item are read at once. On other resources that is done if
        // there are many principals to look for, or if there was a lookup before.
        let is_asked_again = || self.cache().is_some_and(|cache| cache.is_asked_again((resource, role)));
        let at_once = role.resource_kind() == Kind::Item || principals.len() > MAX_CACHED_HOLDERS || is_asked_again();
        let few = if at_once { self.cached_bindings_on(resource, role)? } else { None };
        let mut exact = None;
        let mut flow = ControlFlow::Continue(());
        for (index, principal) in principals.iter().enumerate() {
            let mut visit = |binding: &Binding| {
                flow = visit(index, binding)?;
                Ok(flow)
            };
            match &few {
                Some(few) => {
                    for binding in few.iter().filter(|binding| binding.principal == *principal) {
                        if visit(binding)?.is_break() {
                            break;
                        }
                    }
                }
                None => {
                    let statement = match &mut exact {
                        Some(statement) => statement,
                        none => none.insert(self.prepared(&statements::EXACT.at(self.revision))?),
                    };
                    let values: [&dyn ToSql; 3] = [&to_sql(resource.0), &role.qualified(), &to_sql(principal.0)];
                    self.each_of(statement, &values, Reader::binding_of, &mut |binding| visit(&binding))?;
                }
            }
            if flow.is_break() {
                break;
            }
        }
        Ok(flow)
    }

    fn held(&self, resource: Id, role: Role, principal: Id) -> Result<Option<Binding>> {
        if self.is_unallocated(resource) || self.is_unallocated(principal) {
            return Ok(None);
        }
        let of_it = |known: Rc<[Binding]>| {
            known.iter().find(|binding| binding.resource == resource && binding.principal == principal).cloned()
        };
        let cache = self.cache();
        if let Some(found) = cache.and_then(|known| known.held.get(&(principal, role))) {
            return Ok(of_it(found));
        }
        if role.resource_kind() == Kind::Item
            && let Some(few) = self.cached_bindings_on(resource, role)?
        {
            return Ok(of_it(few));
        }
        self.first_binding(BindingQuery::Exact(resource, role, principal))
    }

    fn ended(&self, id: Id) -> Result<Option<Rc<Resource>>> {
        if id <= Id::LAST_RESERVED || self.is_unallocated(id) || self.resource(id)?.is_some() {
            return Ok(None);
        }
        Ok(self.reader.last_version(id)?.map(Rc::new))
    }

    fn last_id(&self) -> Result<Id> {
        if let Some(last) = self.cache().and_then(|cache| cache.last_id.get()) {
            return Ok(last);
        }
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
        let last = last.map_or(Id::LAST_RESERVED, |last| Id(sql_values::from_sql(last)));
        if let Some(cache) = self.cache() {
            cache.last_id.set(Some(last));
        }
        Ok(last)
    }
}

impl StoreFacts<'_> {
    /// The number of resources of a kind.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn count(&self, kind: Kind) -> Result<u64> {
        self.sum(&statements::COUNT_OF_KIND.at(self.revision), &[&kind.as_str()])
    }

    /// Visits every resource of a kind without a parent, in the order of their keys, starting after a key.
    ///
    /// # Errors
    /// When the store cannot be read; those of the visitor.
    pub fn resources_in_order(&self, kind: Kind, after: Option<&str>, visit: Visit<'_, Resource>) -> Result<()> {
        let sql = format!("{} ORDER BY key", statements::BY_KEY.at(self.revision));
        let values: [&dyn ToSql; 2] = [&kind.as_str(), &after.unwrap_or_default()];
        self.each_of(&mut *self.prepared(&sql)?, &values, Reader::resource_of, visit)
    }

    /// The number of bindings in a role on a resource.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn count_held(&self, resource: Id, role: Role) -> Result<u64> {
        self.sum(&statements::COUNT_ON_AS.at(self.revision), &[&to_sql(resource.0), &role.qualified()])
    }

    /// The sum of the numbers that a statement returns: rows of the past are counted in two parts.
    fn sum(self, sql: &str, values: &[&dyn ToSql]) -> Result<u64> {
        let mut total = 0;
        self.each_of(
            &mut *self.prepared(sql)?,
            values,
            |reader, row| row.get::<_, i64>(0).map(sql_values::from_sql).map_err(|error| reader.failed(error)),
            &mut |part| {
                total += part;
                Ok(ControlFlow::Continue(()))
            },
        )?;
        Ok(total)
    }
}
