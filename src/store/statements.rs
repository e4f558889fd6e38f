//! The look-ups of the store, as SQL: for the present through the partial indexes on `until IS NULL`,
//! for a moment of the past over the rows that were open then, which are those still open that are old
//! enough and those closed since.

use std::borrow::Cow;

use crate::model::{Revision, Role};

/// A look-up in one table. Its text for the present is there from the start: there are very many of them.
pub(super) struct Query {
    columns: &'static str,
    table: &'static str,
    condition: &'static str,
    now: &'static str,
}

/// A look-up for columns of a table where a condition holds.
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

/// The columns of a resource, in the order that they are read and taken into the chain.
macro_rules! resource {
    () => {
        "since, id, kind, parent, name, key, alias, attributes, sets"
    };
    ($condition:literal) => {
        query!(resource!(), "resource", $condition)
    };
}

/// The same of a binding.
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

/// As the index of home folders has it, word for word.
pub(super) static HOME: Query = resource!(
    "kind = 'item' AND parent = ?1 AND attributes ->> '$.home.of' = ?2 AND attributes ->> '$.home.workspace' = ?3"
);

pub(super) static BY_KEY: Query = resource!("kind = ?1 AND parent = 0 AND key > ?2");
/// Of the index alone: names and attributes of many lie far apart.
pub(super) static IDS_OF_KIND: Query = query!("id", "resource", "kind = ?1");
pub(super) static IDS_WITHIN: Query = query!("id", "resource", "kind = ?1 AND parent = ?2");

pub(super) static BINDING_OF: Query = binding!("id = ?1");
pub(super) static EXACT: Query = binding!("resource = ?1 AND role = ?2 AND principal = ?3");
pub(super) static ON: Query = binding!("resource = ?1");
pub(super) static ON_AS: Query = binding!("resource = ?1 AND role = ?2");
pub(super) static OF: Query = binding!("principal = ?1");
pub(super) static OF_AS: Query = binding!("principal = ?1 AND role = ?2");
/// In the roles of [`MEMBERS`], all at once: whoever asks for one of them asks for the others too. Of the
/// present in two parts and not as a list, which SQLite would make a table of each time: between the levels of a
/// workgroup no other role has its place.
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
/// What makes somebody be something else as well.
pub(super) const MEMBERS: [Role; 3] = [Role::GroupMember, Role::WorkgroupAdmin, Role::WorkgroupStandard];
/// The role stands in the text: the index is only on shares.
pub(super) static SHARES_BY: Query = binding!("grantor = ?1 AND role = 'item:share'");

/// For counting in the index alone: the rows of somebody who has much lie far apart.
pub(super) static ANY_OF: Query = query!("1", "binding", "principal = ?1");
pub(super) static COUNT_OF_KIND: Query = query!("count(*)", "resource", "kind = ?1");
pub(super) static COUNT_ON_AS: Query = query!("count(*)", "binding", "resource = ?1 AND role = ?2");

impl Query {
    /// The text, at a revision or for the present.
    pub(super) fn at(&self, revision: Option<Revision>) -> Cow<'static, str> {
        let Some(revision) = revision else { return Cow::Borrowed(self.now) };
        let Query { columns, table, condition, .. } = self;
        let since = format!("since <= {revision}");
        Cow::Owned(format!(
            "SELECT {columns} FROM {table} WHERE until IS NULL AND {since} AND {condition} \
             UNION ALL SELECT {columns} FROM {table} WHERE until IS NOT NULL AND until > {revision} AND {since} AND {condition}"
        ))
    }

    /// The same, in an order where it is of the past.
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
            // Somebody has one there, and somebody else has none.
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
