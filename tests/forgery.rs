//! Random changes of a store behind the program's back, and histories that are rewritten with digests computed again.
//! A second reader of the file, below, says which revision is the first that differs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rolebook::store::Store;
use rolebook::store::verify::{Fault, VerifyOptions, VerifyReport, verify};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, ErrorCode, params_from_iter};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::oracle::worlds::Dice;
use crate::support::{Tool, temp_folder};

const TABLES: [&str; 3] = ["revision", "resource", "binding"];

/// A store that is changed, and restored for the next change.
struct Victim {
    folder: TempDir,
    whole: Vec<u8>,
    content: Content,
    roots: Vec<(u64, [u8; 32])>,
}

/// The rows of each revision: its own, those it opened without their ends, and those it closed. By number.
type Content = BTreeMap<i64, Vec<String>>;

impl Victim {
    fn new() -> Victim {
        let tool = Tool::studio();
        for line in [
            "group remove-member editors bob",
            "account set-role bob manager --reason 'covers for dana'",
            "share revoke node1:/projects bob --cascade --yes",
            "account add mallory --as eve",
            "workgroup remove-member color bob",
            "account add grace --expires 2090-01-01",
        ] {
            let _ = tool.run(line);
        }
        let folder = temp_folder();
        fs::copy(tool.store(), folder.path().join("s.db")).unwrap();
        let victim = Victim { whole: fs::read(tool.store()).unwrap(), folder, content: Content::new(), roots: vec![] };
        let content = content(&victim.store());
        let sizes: Vec<u64> = (0..=content.len() as u64).collect();
        let report = victim.verify(&sizes);
        assert_eq!(report.faults, vec![]);
        Victim { roots: report.roots, content, ..victim }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("s.db")
    }

    fn store(&self) -> Connection {
        let store = Connection::open(self.path()).unwrap();
        store.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = DELETE").unwrap();
        store
    }

    fn restore(&self) {
        for side in ["-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(self.folder.path().join(format!("s.db{side}")));
        }
        fs::write(self.path(), &self.whole).unwrap();
    }

    fn verify(&self, sizes: &[u64]) -> VerifyReport {
        let reader = Store::open(&self.path()).unwrap().read_to_verify().unwrap();
        verify(&reader, &VerifyOptions { sizes, ..VerifyOptions::default() }).unwrap()
    }

    /// Runs an edit; false if SQLite refuses it.
    fn edit(&self, deed: &str) -> bool {
        self.restore();
        let store = self.store();
        if let Err(error) = store.execute_batch(deed) {
            let refused = [ErrorCode::ConstraintViolation, ErrorCode::TypeMismatch].map(Some);
            // The index of home folders reads the attributes.
            let is_refused =
                refused.contains(&error.sqlite_error_code()) || error.to_string().contains("malformed JSON");
            assert!(is_refused, "{deed}: {error}");
            return false;
        }
        store.close().unwrap();
        true
    }
}

fn content(store: &Connection) -> Content {
    let mut all = Content::new();
    let mut add = |sql: &str| {
        let mut statement = store.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))).unwrap();
        // A negative number of a revision is told as 0.
        rows.map(Result::unwrap).for_each(|(number, row)| all.entry(number.max(0)).or_default().push(row));
    };
    for (table, place) in TABLES.iter().zip(["number", "since", "since"]) {
        let statement = store.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_names().filter(|it| *it != "until");
        let quoted = columns.map(|it| format!("quote({it})")).collect::<Vec<_>>().join(" || ',' || ");
        add(&format!("SELECT {place}, '{table} ' || {quoted} FROM {table}"));
        if *table != "revision" {
            add(&format!("SELECT until, '-{table} ' || id || ' ' || since FROM {table} WHERE until IS NOT NULL"));
        }
    }
    all.values_mut().for_each(|rows| rows.sort());
    all
}

/// The first revision in which two histories differ.
fn first_difference(one: &Content, other: &Content) -> Option<i64> {
    let numbers: BTreeSet<&i64> = one.keys().chain(other.keys()).collect();
    numbers.into_iter().find(|number| one.get(number) != other.get(number)).copied()
}

fn first_named(faults: &[Fault]) -> Option<i64> {
    faults.iter().filter_map(|fault| fault.revision).min().map(|it| i64::try_from(it).unwrap())
}

/// A random edit of a row or of two rows.
fn deed(dice: &mut Dice, victim: &Victim, store: &Connection) -> String {
    let table = TABLES[dice.below(3)];
    let key = if table == "revision" { "number" } else { "since, id" };
    let statement = store.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let count: i64 = store.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
    let mut row = || {
        format!("({key}) = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {})", dice.below(count as usize))
    };
    let (one, two) = (row(), row());
    let column = &columns[dice.below(columns.len())];
    let last = victim.content.len();
    let number = dice.below(last + 5);
    match dice.below(10) {
        0 => format!("DELETE FROM {table} WHERE {one}"),
        1 => {
            let taken = columns.iter().map(|it| if it == column { format!("{number}") } else { it.clone() });
            format!("INSERT INTO {table} SELECT {} FROM {table} WHERE {one}", taken.collect::<Vec<_>>().join(", "))
        }
        // A new row that gives something: a binding or a resource since some revision.
        2 => format!(
            "INSERT INTO binding SELECT {number}, 9000, NULL, resource, principal, role, grantor, expires, attributes, sets FROM binding WHERE (since, id) = (SELECT since, id FROM binding ORDER BY since, id LIMIT 1 OFFSET {})",
            dice.below(5)
        ),
        3 => format!(
            "CREATE TEMP TABLE old AS SELECT {column} AS it, {key} FROM {table}; UPDATE {table} SET {column} = \
             (SELECT it FROM old WHERE {two}) WHERE {one}; DROP TABLE old",
            two = two.replace(&format!("FROM {table}"), "FROM old")
        ),
        4 => format!("UPDATE {table} SET {column} = NULL WHERE {one}"),
        5 => format!("UPDATE {table} SET {column} = {number} WHERE {one}"),
        6 => format!("UPDATE {table} SET {column} = {column} || ' ' WHERE {one}"),
        7 => format!("UPDATE {table} SET {column} = '' WHERE {one}"),
        8 => format!("UPDATE {table} SET {column} = randomblob(32) WHERE {one}"),
        _ => format!("UPDATE {table} SET {column} = (SELECT {column} FROM {table} WHERE {two}) WHERE {one}"),
    }
}

#[test]
fn a_thousand_random_changes_are_found_where_they_begin() {
    let victim = Victim::new();
    let mut dice = Dice::new(7);
    let (mut found, mut tried) = (0, 0);
    while found < 1000 {
        tried += 1;
        assert!(tried < 20_000, "{found}");
        victim.restore();
        let deed = deed(&mut dice, &victim, &victim.store());
        if !victim.edit(&deed) {
            continue;
        }
        let Some(first) = first_difference(&victim.content, &content(&victim.store())) else { continue };
        let faults = victim.verify(&[]).faults;
        let named = first_named(&faults).unwrap_or_else(|| panic!("{deed}: not found: {faults:?}"));
        // A revision that is missing shows in the one after it.
        let is_missing = |it: i64| faults.iter().any(|fault| fault.what == format!("revision {it} is missing"));
        assert!(named == first || named == first + 1 && is_missing(first), "{deed}: {first} is first: {faults:?}");
        found += 1;
    }
}

/// Objects of a schema can change what statements read, whatever the rows are.
#[test]
fn random_objects_of_the_schema_are_found() {
    let victim = Victim::new();
    let mut dice = Dice::new(11);
    for number in 0..100 {
        let table = TABLES[dice.below(3)];
        let place = if table == "revision" { "number" } else { "since" };
        let indexes =
            ["revision_at", "resource_now", "resource_past", "binding_on_now", "binding_until", "binding_by_now"];
        let index = indexes[dice.below(indexes.len())];
        let deed = match dice.below(6) {
            0 => format!(
                "CREATE TRIGGER t{number} AFTER INSERT ON {table} BEGIN DELETE FROM binding WHERE since = {number}; END"
            ),
            1 => format!("CREATE VIEW v{number} AS SELECT * FROM {table} WHERE {place} <> {number}"),
            2 => format!("CREATE INDEX i{number} ON {table} ({place})"),
            3 => format!("DROP INDEX {index}"),
            4 => format!("ALTER TABLE {table} ADD COLUMN c{number} TEXT"),
            _ => format!("CREATE TABLE t{number} (a)"),
        };
        assert!(victim.edit(&deed), "{deed}");
        let faults = victim.verify(&[]).faults;
        assert!(faults.iter().any(|fault| fault.revision.is_none()), "{deed}: {faults:?}");
    }
}

/// The chain alone does not show that its end was cut off; a checkpoint does.
#[test]
fn a_cut_history_is_found_against_a_checkpoint() {
    let victim = Victim::new();
    let last = victim.content.len() as u64;
    for kept in 1..last {
        assert!(victim.edit(&format!(
            "DELETE FROM revision WHERE number > {kept};
             DELETE FROM resource WHERE since > {kept}; UPDATE resource SET until = NULL WHERE until > {kept};
             DELETE FROM binding WHERE since > {kept}; UPDATE binding SET until = NULL WHERE until > {kept}"
        )));
        let report = victim.verify(&[kept, last]);
        assert_eq!(report.faults, vec![], "the first {kept}");
        assert_eq!(report.roots, [victim.roots[kept as usize]], "a prefix fits its own checkpoint, and no later one");
    }
}

/// The digests of a store, computed again from a revision on. Written from the description in ARCHITECTURE.md and
/// src/store/chain.rs, so that the tests do not trust the program's own code.
fn forge(path: &Path, from: i64) {
    fn put(into: &mut Vec<u8>, cell: &Cell) {
        let (kind, bytes) = match cell {
            Cell::Null => return into.push(0),
            Cell::Text(text) => (1, text.as_bytes().to_vec()),
            Cell::Integer(number) => (2, number.to_be_bytes().to_vec()),
            Cell::Real(number) => (3, number.to_be_bytes().to_vec()),
            Cell::Blob(bytes) => (4, bytes.clone()),
        };
        into.push(kind);
        into.extend((bytes.len() as u64).to_be_bytes());
        into.extend(bytes);
    }
    let store = Connection::open(path).unwrap();
    let rows = |sql: &str, number: i64| -> Vec<Vec<Cell>> {
        let mut statement = store.prepare(sql).unwrap();
        let count = statement.column_count();
        let rows = statement.query_map([number], |row| (0..count).map(|at| row.get(at)).collect()).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let header =
        "SELECT number, at, actor, operator, command, reason, denied, undoes, last_id FROM revision WHERE number = ?";
    let resources =
        "SELECT since, id, kind, parent, name, key, alias, attributes, sets FROM resource WHERE since = ? ORDER BY id";
    let bindings = "SELECT since, id, resource, principal, role, grantor, expires, attributes, sets FROM binding WHERE since = ? ORDER BY id";
    let mut previous = vec![0; 32];
    let last: i64 = store.query_row("SELECT max(number) FROM revision", [], |row| row.get(0)).unwrap();
    for number in 1..=last {
        if number < from {
            previous =
                store.query_row("SELECT digest FROM revision WHERE number = ?", [number], |row| row.get(0)).unwrap();
            continue;
        }
        let word = |text: &str| Cell::Text(text.to_owned());
        let mut input = Vec::new();
        put(&mut input, &word("rolebook revision 1"));
        input.extend(&previous);
        put(&mut input, &word("revision"));
        rows(header, number)[0].iter().for_each(|cell| put(&mut input, cell));
        for (name, sql) in [("+resource", resources), ("+binding", bindings)] {
            for mut row in rows(sql, number) {
                let sets = row.pop().unwrap();
                put(&mut input, &word(name));
                row.iter().for_each(|cell| put(&mut input, cell));
                if sets != Cell::Null {
                    put(&mut input, &word("sets"));
                    put(&mut input, &sets);
                }
            }
        }
        for table in ["resource", "binding"] {
            for row in rows(&format!("SELECT id, since FROM {table} WHERE until = ? ORDER BY id"), number) {
                put(&mut input, &word(&format!("-{table}")));
                row.iter().for_each(|cell| put(&mut input, cell));
            }
        }
        let digest = Sha256::digest(&input).to_vec();
        let values = [Cell::Blob(previous), Cell::Blob(digest.clone()), Cell::Integer(number)];
        store
            .execute("UPDATE revision SET previous = ?, digest = ? WHERE number = ?", params_from_iter(values))
            .unwrap();
        previous = digest;
    }
    store.close().unwrap();
}

/// Whoever has the file can rewrite it whole. A checkpoint from before shows that, and several show where.
#[test]
fn a_history_that_was_rewritten_with_new_digests_is_found_against_checkpoints() {
    let victim = Victim::new();
    victim.restore();
    forge(&victim.path(), 1);
    assert_eq!(content(&victim.store()), victim.content, "the same rows have the same digests");
    let last = victim.content.len() as i64;
    let sizes: Vec<u64> = (0..=last as u64).collect();
    for number in 1..=last {
        assert!(victim.edit(&format!("UPDATE revision SET operator = 'nobody' WHERE number = {number}")));
        forge(&victim.path(), number);
        let report = victim.verify(&sizes);
        assert_eq!(report.faults, vec![], "revision {number}");
        let fits = report.roots.iter().filter(|root| victim.roots.contains(root)).count();
        assert_eq!(fits as i64, number, "the checkpoints before revision {number} fit, and no other");
    }
}

/// Digests that were computed again over a present that no history makes: a row with two versions at once, or one that
/// ends before it begins.
#[test]
fn rows_that_no_history_makes_are_found_though_all_digests_fit() {
    let victim = Victim::new();
    for (deed, what) in [
        (
            "INSERT INTO binding SELECT 5, id, 7, resource, principal, role, grantor, expires, attributes, sets \
             FROM binding WHERE until IS NULL AND since < 5 LIMIT 1",
            "it opens a second version of binding ",
        ),
        (
            "INSERT INTO binding SELECT since + 1, id, since + 2, resource, principal, role, grantor, expires, attributes, sets \
             FROM binding WHERE until > since + 3 LIMIT 1",
            "it opens a second version of binding ",
        ),
        ("UPDATE resource SET until = until + 1 WHERE until IS NOT NULL", "it opens a second version of resource "),
        (
            "UPDATE binding SET until = 3 WHERE (since, id) = (SELECT since, id FROM binding WHERE since = 8 OR since = 12 LIMIT 1)",
            "it closes binding ",
        ),
    ] {
        assert!(victim.edit(deed), "{deed}");
        assert!(content(&victim.store()) != victim.content, "{deed}");
        forge(&victim.path(), 1);
        let faults = victim.verify(&[]).faults;
        assert!(faults.iter().all(|fault| fault.what.starts_with(what)) && !faults.is_empty(), "{deed}: {faults:?}");
    }
}

/// What the program says of a rewritten history, from the checkpoints of several nights.
#[test]
fn the_verdict_names_the_first_revision_that_differs_if_the_checkpoints_tell() {
    let tool = Tool::staffed();
    let key = tool.ok("audit key --out log.key --name example.com/log").trim_end().to_owned();
    let mut nights = Vec::new();
    for night in 1..=4 {
        tool.ok(&format!("audit checkpoint --key log.key > {night}.note"));
        nights.push(format!("--checkpoint {night}.note"));
        tool.ok(&format!("group add g{night}"));
        if night > 1 {
            tool.ok(&format!("group add-member g{night} bob"));
        }
    }
    let verify = |which: &[usize]| {
        let files: Vec<&str> = which.iter().map(|night| nights[night - 1].as_str()).collect();
        tool.run(&format!("audit verify --key {key} {}", files.join(" ")))
    };
    let all = [1, 2, 3, 4];
    assert_eq!(verify(&all).status, 0);
    // Sizes: 5, 6, 8, 10, and 12 revisions today.
    let edit = |deed: &str, from: i64| {
        let store = Connection::open(tool.store()).unwrap();
        store.execute_batch(deed).unwrap();
        store.close().unwrap();
        forge(&tool.store(), from);
        assert_eq!(tool.run("audit verify").status, 0, "{deed}");
    };
    let whole = fs::read(tool.store()).unwrap();
    let restore = || {
        for side in ["-wal", "-shm"] {
            let _ = fs::remove_file(PathBuf::from(format!("{}{side}", tool.store().display())));
        }
        fs::write(tool.store(), &whole).unwrap();
    };
    edit("UPDATE revision SET operator = 'nobody' WHERE number = 7", 7);
    let ran = verify(&all);
    let another = "this is another history than that of the checkpoint";
    let expected = format!(
        "{another} `3.note` of 8 revisions; the first revision that differs is among 7 to 8\n\
         {another} `4.note` of 10 revisions; the first revision that differs is among 7 to 10\n\
         extends the checkpoint `1.note` of 5 revisions\nextends the checkpoint `2.note` of 6 revisions\nNOT verified: "
    );
    assert!(ran.status == 1 && ran.out.starts_with(&expected), "{ran:?}");
    assert!(verify(&[4]).out.starts_with(&format!(
        "{another} `4.note` of 10 revisions; the first revision that differs is among 1 to 10\n"
    )));
    restore();
    edit("UPDATE revision SET operator = 'nobody' WHERE number = 6", 6);
    let ran = verify(&[1, 2]);
    assert!(ran.out.starts_with(&format!("revision 6: {another} `2.note` of 6 revisions\n")), "{ran:?}");
    // Two revisions change places.
    restore();
    edit("UPDATE revision SET command = CASE number WHEN 2 THEN 'b' ELSE 'a' END WHERE number IN (2, 3)", 2);
    assert!(
        verify(&[1]).out.starts_with(&format!(
            "{another} `1.note` of 5 revisions; the first revision that differs is among 1 to 5\n"
        ))
    );
    restore();
    edit(
        "DELETE FROM revision WHERE number > 9; DELETE FROM resource WHERE since > 9; DELETE FROM binding WHERE since > 9",
        9,
    );
    let ran = verify(&all);
    assert!(
        ran.status == 1
            && ran.out.starts_with("revision 10: it is missing: the checkpoint `4.note` has 10 revisions\n"),
        "{ran:?}"
    );
}
