//! The lookups of the store as SQL. Lookups of the current state use the partial indexes on `until IS NULL`. Lookups at
//! a past revision read the rows that were open then: those that are still open and old enough, and those that were
//! closed since.

use std::borrow::Cow;

use crate::model::{Revision, Role};

/// A lookup in one table. Its text for the current state is a constant, since most lookups are of that.
pub(super) struct Query {
    columns: &'static str,
    table: &'static str,
    condition: &'static str,
    now: &'static str,
}

/// A lookup of columns of the rows of a table for which a condition holds.
macro_rules! query {
    ($columns:expr, $table:literal, $condition:literal) => {
        Query {
            columns: $columns,
            table: $table,
            condition: $condition,
            now: concat!("SELECT ", $columns, " FROM ", $table, " WHERE until IS NULL AND ", $condition),
        }
    };
}

/// The columns of a resource, in the order in which they are read and hashed into the chain; or a lookup of them.
macro_rules! resource {
    () => {
        "since, id, kind, parent, name, key, alias, attributes, sets"
    };
    ($condition:literal) => {
        query!(resource!(), "resource", $condition)
    };
}

/// The columns of a binding, or a lookup of them.
macro_rules! binding {
    () => {
        "since, id, resource, principal, role, grantor, expires, attributes, sets"
    };
    ($condition:literal) => {
        query!(binding!(), "binding", $condition)
    };
}

pub(super) const RESOURCE: &str = resource!();
pub(super) const BINDING: &str = binding!();

pub(super) static RESOURCE_OF: Query = resource!("id = ?1");
pub(super) static NAMED: Query = resource!("kind = ?1 AND parent = ?2 AND key = ?3");
pub(super) static ALIASED: Query = resource!("kind = ?1 AND alias = ?2 AND alias IS NOT NULL");
pub(super) static OF_KIND: Query = resource!("kind = ?1");
pub(super) static WITHIN: Query = resource!("kind = ?1 AND parent = ?2");

/// The expressions must be those of the index of home folders, word for word.
pub(super) static HOME: Query = resource!(
    "kind = 'item' AND parent = ?1 AND attributes ->> '$.home.of' = ?2 AND attributes ->> '$.home.workspace' = ?3"
);

pub(super) static BY_KEY: Query = resource!("kind = ?1 AND parent = 0 AND key > ?2");
/// Reads the index alone: the rows of many resources are spread over the file.
pub(super) static IDS_OF_KIND: Query = query!("id", "resource", "kind = ?1");
pub(super) static IDS_WITHIN: Query = query!("id", "resource", "kind = ?1 AND parent = ?2");

pub(super) static BINDING_OF: Query = binding!("id = ?1");
pub(super) static EXACT: Query = binding!("resource = ?1 AND role = ?2 AND principal = ?3");
pub(super) static ON: Query = binding!("resource = ?1");
pub(super) static ON_AS: Query = binding!("resource = ?1 AND role = ?2");
pub(super) static OF: Query = binding!("principal = ?1");
pub(super) static OF_AS: Query = binding!("principal = ?1 AND role = ?2");
/// The bindings in all roles of [`MEMBERS`]: a question about one of them is followed by the others. The text for the
/// current state has two parts instead of a list of roles, which SQLite would turn into a table each time. `BETWEEN`
/// works because no other role sorts between the two levels of a workgroup.
pub(super) static MEMBERSHIPS_OF: Query = Query {
    condition: "principal = ?1 AND role IN ('group:member', 'workgroup:admin', 'workgroup:standard')",
    now: concat!(
        "SELECT ",
        binding!(),
        " FROM binding WHERE until IS NULL AND principal = ?1 AND role = 'group:member' UNION ALL SELECT ",
        binding!(),
        " FROM binding WHERE until IS NULL AND principal = ?1 \
         AND role BETWEEN 'workgroup:admin' AND 'workgroup:standard'"
    ),
    ..binding!("principal = ?1")
};
/// The member roles whose holders act as the group or workgroup too.
pub(super) const MEMBERS: [Role; 3] = [Role::GroupMember, Role::WorkgroupAdmin, Role::WorkgroupStandard];
/// The role is in the text because the index of older stores covers only shares.
pub(super) static SHARES_BY: Query = binding!("grantor = ?1 AND role = 'item:share'");

/// Counts in the index alone: the rows of a principal with many bindings are spread over the file.
pub(super) static ANY_OF: Query = query!("1", "binding", "principal = ?1");
pub(super) static COUNT_OF_KIND: Query = query!("count(*)", "resource", "kind = ?1");
pub(super) static COUNT_ON_AS: Query = query!("count(*)", "binding", "resource = ?1 AND role = ?2");

impl Query {
    /// The SQL text, for a revision or for the current state.
    pub(super) fn at(&self, revision: Option<Revision>) -> Cow<'static, str> {
        let Some(revision) = revision else { return Cow::Borrowed(self.now) };
        let Query { columns, table, condition, .. } = self;
        let since = format!("since <= {revision}");
        Cow::Owned(format!(
            "SELECT {columns} FROM {table} WHERE until IS NULL AND {since} AND {condition} \
             UNION ALL SELECT {columns} FROM {table} WHERE until IS NOT NULL AND until > {revision} AND {since} AND {condition}"
        ))
    }

    /// As [`Query::at`]; for a revision, with an order. The current indexes have that order anyway.
    pub(super) fn ordered(&self, revision: Option<Revision>, order: &str) -> Cow<'static, str> {
        let mut text = self.at(revision);
        if revision.is_some() {
            text.to_mut().push_str(" ORDER BY ");
            text.to_mut().push_str(order);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::model::attributes::{Attributes, Home, Item};
    use crate::model::{Id, Resource, SetNames, Time};
    use crate::policy::{Facts, RowChange};
    use crate::store::{RevisionHeader, Store};

    #[test]
    fn a_home_folder_is_found_in_as_many_steps_among_few_as_among_many() {
        let steps = |homes: u64| {
            let folder = tempfile::tempdir().unwrap();
            let (store, _) = Store::create(&folder.path().join("s.db")).unwrap();
            let changes: Vec<RowChange> = (0..homes)
                .map(|number| {
                    let home = Some(Home { workspace: Id(50), of: Id(1000 + number) });
                    let (name, attributes) = (format!("f{number}"), Attributes::Item(Item { home, ..Item::FOLDER }));
                    let (id, key) = (Id(10_000 + number), name.clone());
                    let (parent, alias) = (Some(Id(60)), None);
                    let row = Resource { id, parent, name, key, alias, attributes, sets: SetNames::NONE, since: 0 };
                    RowChange::Resource(None, Some(row.into()))
                })
                .collect();
            let (operator, command) = ("test".to_owned(), "test".to_owned());
            let entry = RevisionHeader { at: Time(0), actor: None, operator, command, reason: None, undoes: None };
            store.write().unwrap().commit(&changes, Id(100_000), entry).unwrap();
            let reader = store.read().unwrap();
            let mut statement = reader.connection.prepare(&HOME.at(None)).unwrap();
            // One account has a home folder there, and another one has none.
            let ids =
                [1001, 500].map(|of| statement.query_map([60, of, 50], |row| row.get::<_, i64>(1)).unwrap().count());
            assert_eq!(ids, [1, 0]);
            let found = reader.facts().home(Id(60), Home { workspace: Id(50), of: Id(1001) }).unwrap();
            assert_eq!(found.map(|it| it.id), Some(Id(10_001)));
            statement.get_status(StatementStatus::VmStep)
        };
        assert_eq!(steps(3), steps(2_000));
    }

    #[test]
    fn between_the_levels_of_a_workgroup_there_is_no_other_role() {
        let (first, last) = (Role::WorkgroupAdmin.qualified(), Role::WorkgroupStandard.qualified());
        let between = Role::ALL.into_iter().filter(|role| (first..=last).contains(&role.qualified()));
        assert!(between.eq(Role::WORKGROUP));
        assert!(MEMBERS.into_iter().eq(std::iter::once(Role::GroupMember).chain(Role::WORKGROUP)));
    }
}
