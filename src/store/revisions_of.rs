//! The revisions that changed a resource, found through the indexes of the rows by their ids. The history of one resource
//! is found in the same time however long the log is.

use std::collections::BTreeMap;
use std::ops::Range;

use rusqlite::ToSql;

use super::sql_values::{from_sql, to_sql};
use super::{Reader, Result};
use crate::model::{Id, Kind, Revision};

/// Selects the rows of a table for which a condition holds, with the revisions that opened and closed each. Current and
/// past rows have separate partial indexes, so the two are separate statements. `main.` names the table itself, since
/// older stores are read through views.
macro_rules! versions {
    ($columns:literal, $table:literal, $condition:literal) => {
        [
            concat!("SELECT since, NULL", $columns, " FROM main.", $table, " WHERE until IS NULL AND ", $condition),
            concat!(
                "SELECT since, until",
                $columns,
                " FROM main.",
                $table,
                " WHERE until IS NOT NULL AND ",
                $condition
            ),
        ]
    };
}

/// The versions of a resource.
const OWN: [&str; 2] = versions!("", "resource", "id = ?1");
/// The resources of a kind that lie in another one.
const CHILDREN: [&str; 2] = versions!(", id", "resource", "kind = ?2 AND parent = ?1");
/// The bindings on a resource.
const ON: [&str; 2] = versions!("", "binding", "resource = ?1");
/// The bindings on a resource that changes are described of: those of packages and of outside submitters follow from
/// other changes.
const DESCRIBED_ON: [&str; 2] = versions!(
    "",
    "binding",
    "resource = ?1 AND role NOT IN ('package:sender', 'package:recipient', 'dropbox:outside-submitter')"
);
/// The roles of an account, which are bindings on the server. The plus sign keeps SQLite from the index by resource: the
/// server has a binding for each account.
const ACCOUNT_ROLE: [&str; 2] = versions!("", "binding", "principal = ?1 AND +resource = 1");
/// The bindings that a principal holds.
const HELD: [&str; 2] = versions!("", "binding", "principal = ?1");
/// The bindings that a principal made. Stores before version 6 have no index for these and are searched whole.
const MADE: [&str; 2] = versions!("", "binding", "grantor = ?1");

/// The number of collected revisions above which duplicates are removed on the way.
const MIN_COMPACTED: usize = 1 << 16;

/// The revisions in a range that were found so far.
struct Found {
    range: Range<Revision>,
    numbers: Vec<Revision>,
    /// The length at which duplicates are removed next. One bulk load may have written all rows, so the list may be far
    /// shorter than the number of rows.
    compact_at: usize,
}

impl Found {
    const fn new(range: Range<Revision>) -> Found {
        Found { range, numbers: Vec::new(), compact_at: MIN_COMPACTED }
    }

    fn add(&mut self, number: Revision) {
        if self.range.contains(&number) && self.numbers.last() != Some(&number) {
            self.numbers.push(number);
            if self.numbers.len() >= self.compact_at {
                self.compact();
                self.compact_at = MIN_COMPACTED.max(self.numbers.len() * 2);
            }
        }
    }

    fn compact(&mut self) {
        self.numbers.sort_unstable();
        self.numbers.dedup();
    }

    /// The revisions, newest first, each once.
    fn newest_first(mut self) -> Vec<Revision> {
        self.compact();
        self.numbers.reverse();
        self.numbers
    }
}

/// The revisions after which a row was in a state: from the one that opened it to the last before the one that closed it.
type Lifetime = Range<Revision>;

fn overlap(one: &Lifetime, other: &Lifetime) -> Lifetime {
    one.start.max(other.start)..one.end.min(other.end)
}

/// Adds a lifetime to others of the same resource, which follow each other; joins those that touch.
fn join(lifetimes: &mut Vec<Lifetime>) {
    lifetimes.sort_unstable_by_key(|it| it.start);
    lifetimes.dedup_by(|next, last| {
        let touches = next.start <= last.end;
        if touches {
            last.end = last.end.max(next.end);
        }
        touches
    });
}

impl Reader {
    /// The revisions in a range that changed a resource itself, newest first: its own row, its external ids, the
    /// bindings on it, and for an account its role. These are the revisions with a change that is described as one of the resource
    /// ([`changed_resource`](crate::policy::RowChange::changed_resource)).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn revisions_on(&self, resource: Id, range: Range<Revision>) -> Result<Vec<Revision>> {
        let mut found = Found::new(range);
        let kind = self.last_version(resource)?.map(|it| it.kind());
        // Changes of outside submitters are described with the invitations that they follow from.
        if kind != Some(Kind::Invitee) {
            self.versions(OWN, &[&to_sql(resource.0)], &mut |life| found.add_both(&life))?;
        }
        // The bindings on the server are the roles of accounts, and described with them.
        if resource != Id::SERVER {
            self.versions(DESCRIBED_ON, &[&to_sql(resource.0)], &mut |life| found.add_both(&life))?;
        }
        self.versions(ACCOUNT_ROLE, &[&to_sql(resource.0)], &mut |life| found.add_both(&life))?;
        if kind.is_some_and(Kind::has_external_ids) {
            self.children(resource, Kind::ExternalId, &mut |_, life| found.add_both(&life))?;
        }
        Ok(found.newest_first())
    }

    /// The revisions in a range that changed a resource, what lay in it at the time at any depth, a binding on either, or
    /// a binding that the resource held or made; newest first. Takes time with the number of rows that ever lay in the
    /// resource, and not with the length of the log.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn revisions_touching(&self, resource: Id, range: Range<Revision>) -> Result<Vec<Revision>> {
        let mut found = Found::new(range);
        let id = to_sql(resource.0);
        for statements in [OWN, ON, HELD, MADE] {
            self.versions(statements, &[&id], &mut |life| found.add_both(&life))?;
        }
        // Items move between folders, so each lies in the resource for a part of its time only.
        let kind = self.last_version(resource)?.map_or(Kind::Server, |it| it.kind());
        let mut open: Vec<(Id, Kind, Lifetime)> = vec![(resource, kind, 0..Revision::MAX)];
        while let Some((parent, kind, within)) = open.pop() {
            for child in kind.children() {
                let mut children: BTreeMap<Id, Vec<Lifetime>> = BTreeMap::new();
                self.children(parent, child, &mut |id, life| {
                    found.add_within(&life, &within);
                    let life = overlap(&life, &within);
                    if !life.is_empty() {
                        children.entry(id).or_default().push(life);
                    }
                })?;
                for (id, mut lifetimes) in children {
                    join(&mut lifetimes);
                    for life in lifetimes {
                        self.versions(ON, &[&to_sql(id.0)], &mut |of_binding| found.add_within(&of_binding, &life))?;
                        open.push((id, child, life));
                    }
                }
            }
        }
        Ok(found.newest_first())
    }

    /// Visits the lifetime of each row that one of the two statements finds.
    fn versions(&self, statements: [&str; 2], values: &[&dyn ToSql], visit: &mut dyn FnMut(Lifetime)) -> Result<()> {
        self.each_version(statements, values, &mut |row| {
            visit(lifetime(row)?);
            Ok(())
        })
    }

    /// Visits the id and the lifetime of each version of a resource of a kind that lies in another one.
    fn children(&self, parent: Id, kind: Kind, visit: &mut dyn FnMut(Id, Lifetime)) -> Result<()> {
        self.each_version(CHILDREN, &[&to_sql(parent.0), &kind.as_str()], &mut |row| {
            visit(super::sql_values::id(row, 2)?, lifetime(row)?);
            Ok(())
        })
    }

    fn each_version(
        &self,
        statements: [&str; 2],
        values: &[&dyn ToSql],
        visit: &mut dyn FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<()> {
        let failed = |error| self.failed(error);
        for sql in statements {
            let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
            let mut rows = statement.query(values).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                visit(row).map_err(failed)?;
            }
        }
        Ok(())
    }
}

impl Found {
    /// Adds the revisions that opened and closed a row.
    fn add_both(&mut self, life: &Lifetime) {
        self.add_within(life, &(0..Revision::MAX));
    }

    /// Adds the revisions that opened and closed a row, as far as it lay in the resource after the former and before the
    /// latter.
    fn add_within(&mut self, life: &Lifetime, within: &Lifetime) {
        if within.contains(&life.start) {
            self.add(life.start);
        }
        if life.end < Revision::MAX && within.start < life.end && life.end <= within.end {
            self.add(life.end);
        }
    }
}

fn lifetime(row: &rusqlite::Row<'_>) -> rusqlite::Result<Lifetime> {
    let since = from_sql(row.get(0)?);
    let until: Option<i64> = row.get(1)?;
    Ok(since..until.map_or(Revision::MAX, from_sql))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Role;
    use crate::store::Store;
    use crate::store::history::LogRange;

    /// What SQLite does for a statement, one step a line.
    pub(super) fn plan(reader: &Reader, sql: &str) -> Vec<String> {
        let mut statement = reader.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let count = statement.parameter_count();
        let values = vec![1_i64; count];
        let steps = statement.query_map(rusqlite::params_from_iter(values), |row| row.get(3)).unwrap();
        steps.collect::<rusqlite::Result<_>>().unwrap()
    }

    #[test]
    fn every_statement_of_the_log_goes_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = Store::create(&folder.path().join("s.db")).unwrap();
        let reader = store.read().unwrap();
        let by = |statements: [&'static str; 2], indexes: [&'static str; 2]| statements.into_iter().zip(indexes);
        let all = by(OWN, ["resource USING INDEX resource_now (id=?)", "resource USING INDEX resource_past (id=?)"])
            .chain(by(
                CHILDREN,
                [
                    "resource USING INDEX resource_key_now (kind=? AND parent=?)",
                    "resource USING INDEX resource_key_past (kind=? AND parent=?)",
                ],
            ))
            .chain([ON, DESCRIBED_ON].into_iter().flat_map(|it| {
                by(
                    it,
                    [
                        "binding USING INDEX binding_on_now (resource=?)",
                        "binding USING INDEX binding_on_past (resource=?)",
                    ],
                )
            }))
            .chain([ACCOUNT_ROLE, HELD].into_iter().flat_map(|it| {
                by(
                    it,
                    [
                        "binding USING COVERING INDEX binding_of_now (principal=?)",
                        "binding USING INDEX binding_of_past (principal=?)",
                    ],
                )
            }))
            .chain(by(
                MADE,
                ["binding USING INDEX binding_by_now (grantor=?)", "binding USING INDEX binding_by_past (grantor=?)"],
            ));
        for (sql, index) in all {
            assert_eq!(plan(&reader, sql), [format!("SEARCH main.{index}")], "{sql}");
        }
        let whole = LogRange { from: 0, before: Revision::MAX, actor: None, is_denied: false };
        for (range, index) in [
            (whole, "USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
            (
                LogRange { actor: Some(Some(Id(20))), ..whole },
                "USING INDEX revision_actor (actor=? AND rowid>? AND rowid<?)",
            ),
            (LogRange { is_denied: true, ..whole }, "USING INDEX revision_denied (number>? AND number<?)"),
            // The operator has no id, and most entries of many logs: no index, but the newest entries first.
            (LogRange { actor: Some(None), ..whole }, "USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ] {
            assert_eq!(plan(&reader, &range.sql().0), [format!("SEARCH revision {index}")]);
        }
        for sql in [super::super::history::FIRST_SINCE, super::super::history::LAST_AT] {
            let [step] = &plan(&reader, sql)[..] else { panic!("{sql}") };
            assert!(step.contains("USING COVERING INDEX revision_at (at"), "{step}");
        }
    }

    #[test]
    fn shares_of_a_sharer_are_one_range_of_the_index_by_grantor() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = Store::create(&folder.path().join("s.db")).unwrap();
        let reader = store.read().unwrap();
        let query = &super::super::statements::SHARES_BY;
        let search = |index: &str, and: &str| format!("SEARCH binding USING INDEX {index} (grantor=? AND role=?{and})");
        assert_eq!(plan(&reader, &query.at(None)), [search("binding_by_now", "")]);
        let past = plan(&reader, &query.at(Some(7)));
        for index in ["binding_by_now", "binding_by_past"] {
            assert!(past.contains(&search(index, " AND since<?")), "{past:?}");
        }
    }

    #[test]
    fn the_bindings_without_a_description_of_their_own_are_named_in_the_statement() {
        for role in Role::ALL {
            let is_named = DESCRIBED_ON.iter().all(|sql| sql.contains(&format!("'{}'", role.qualified())));
            assert_eq!(is_named, !role.is_described(), "{}", role.qualified());
        }
        assert_eq!(Id::SERVER, Id(1), "which the statement for the roles of accounts names");
    }

    #[test]
    fn revisions_are_listed_once_and_newest_first() {
        let mut found = Found::new(2..5);
        for number in [1, 4, 2, 4, 4, 9, 3, 2, 5] {
            found.add(number);
        }
        assert_eq!(found.newest_first(), [4, 3, 2]);
        let mut many = Found::new(0..Revision::MAX);
        for number in 0..10 * MIN_COMPACTED as u64 {
            many.add(number % 3);
            assert!(many.numbers.len() <= MIN_COMPACTED);
        }
        assert_eq!(many.newest_first(), [2, 1, 0]);
    }

    #[test]
    fn lifetimes_that_touch_are_joined() {
        let mut lifetimes = vec![7..9, 1..3, 3..5];
        join(&mut lifetimes);
        assert_eq!(lifetimes, [1..5, 7..9]);
    }
}
