//! Edits of the file without the program. If any part of the log or of the state is changed, added,
//! removed or reordered, `audit verify` finds it and names the revision.

use std::fs;
use std::path::PathBuf;

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, ErrorCode};
use serde_json::Value;

use super::store::rows;
use super::support::{CommandOutput, Tool};

/// A store with every value that a row can hold.
struct Victim {
    tool: Tool,
    whole: Vec<u8>,
}

impl Victim {
    fn new() -> Victim {
        let tool = Tool::staffed();
        for change in [
            "group add editors --as dana",
            "group add-member editors bob --as dana --reason 'cuts the film'",
            "workgroup add color --send members --as dana",
            "workgroup add-member color carol group:editors --as dana",
            "workgroup add-admin color carol",
            "dropbox add intake --as dana",
            "dropbox add-member intake eve --level submit-only",
            "dropbox invite intake vendor@example.com --expires 7d",
            "account set-role bob manager --as alice",
            "package send --title Dailies --to workgroup:color --file day.mov:7 --as carol",
            "undo 9",
            "group remove-member editors bob",
            "account add grace",
        ] {
            if change.starts_with("undo") {
                // In the middle of the history, so that the edit is not at the end.
                let _ = tool.fails(3, "account add mallory --as eve", "may not");
            }
            let _ = tool.ok(&format!("{change} --yes").replace("undo 9", &format!("undo {}", tool.revision() - 2)));
        }
        tool.ok("audit verify");
        let whole = fs::read(tool.store()).unwrap();
        Victim { tool, whole }
    }

    fn store(&self) -> Connection {
        Connection::open(self.tool.store()).unwrap()
    }

    fn restore(&self) {
        for side in ["-wal", "-shm"] {
            let _ = fs::remove_file(PathBuf::from(format!("{}{side}", self.tool.store().display())));
        }
        fs::write(self.tool.store(), &self.whole).unwrap();
    }

    /// Runs an SQL edit on the file and returns the findings of `audit verify`; `None` if SQLite refuses the edit.
    fn after(&self, deed: &str) -> Option<Vec<Value>> {
        self.restore();
        let store = self.store();
        if let Err(error) = store.execute_batch(deed) {
            let refused = [ErrorCode::ConstraintViolation, ErrorCode::TypeMismatch].map(Some);
            assert!(refused.contains(&error.sqlite_error_code()), "{deed}: {error}");
            return None;
        }
        assert!(store.total_changes() > 0, "{deed} did nothing");
        store.close().unwrap();
        let ran = self.verify(deed);
        assert_eq!(ran.status, 1, "{deed}: {ran:?}");
        assert_eq!(ran.err, "", "{deed}: {ran:?}");
        let report: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(report["verified"], false);
        let faults = report["faults"].as_array().unwrap().clone();
        assert!(!faults.is_empty(), "{deed}: {ran:?}");
        Some(faults)
    }

    fn verify(&self, deed: &str) -> CommandOutput {
        let run = || self.tool.run_here(&["audit", "verify", "-o", "json"]);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or_else(|_| panic!("{deed}: panicked"))
    }

    fn columns(&self, table: &str) -> Vec<String> {
        let store = self.store();
        let statement = store.prepare(&format!("SELECT * FROM {table}")).unwrap();
        statement.column_names().map(str::to_owned).collect()
    }
}

/// The values that replace a value.
fn others(value: &Cell) -> Vec<String> {
    let texts: &[&str] = match value {
        Cell::Null => &["1", "'x'", "''", "0"],
        Cell::Integer(0) => &["-1", "1000"],
        Cell::Integer(_) => &["{} + 1000", "-{}", "NULL", "0"],
        // An additional space does not change JSON.
        Cell::Text(_) => &["{} || ' '", "'x'", "CAST(x'ff' AS TEXT)", "NULL", "''"],
        Cell::Blob(_) => &["zeroblob(32)", "x''", "NULL"],
        Cell::Real(_) => &[],
    };
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn same(column: &str, value: &Cell, other: &str) -> bool {
    // The digest before the first revision is all zeros.
    matches!(value, Cell::Blob(bytes) if other == "zeroblob(32)" && bytes.iter().all(|byte| *byte == 0))
        || other.replace("{}", column) == column
}

#[test]
fn every_changed_value_is_found() {
    let victim = Victim::new();
    let mut deeds = 0;
    for (table, key) in [("revision", "number"), ("resource", "since, id"), ("binding", "since, id")] {
        let columns = victim.columns(table);
        victim.restore();
        let all = rows(&victim.store(), table);
        assert!(all.len() > 5, "{table}");
        for (place, name) in columns.iter().enumerate() {
            let mut tried = 0;
            for (number, row) in all.iter().enumerate() {
                let numbers = |column: &str| {
                    let place = columns.iter().position(|it| it == column);
                    place
                        .map(|place| &row[place])
                        .and_then(|it| if let Cell::Integer(it) = it { Some(*it) } else { None })
                };
                let others = others(&row[place]);
                // All values in the middle row; one value in every third other row, and in the last row.
                let count = match number {
                    _ if number == all.len() / 2 => others.len(),
                    _ => usize::from(number % 3 == 0 || number + 1 == all.len()),
                };
                for other in others.iter().take(count).filter(|other| !same(name, &row[place], other)) {
                    let deed = format!(
                        "UPDATE {table} SET {name} = {} WHERE ({key}) = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {number})",
                        other.replace("{}", name)
                    );
                    let Some(faults) = victim.after(&deed) else { continue };
                    tried += 1;
                    // The revision that wrote the value; a row that moved to another revision shows in that one too.
                    let named: Vec<i64> = faults.iter().filter_map(|fault| fault["revision"].as_i64()).collect();
                    let written = match (table, name.as_str()) {
                        (_, "number") => None,
                        ("revision", _) => numbers("number"),
                        (_, "until") => numbers("until"),
                        _ => numbers("since"),
                    };
                    match written {
                        Some(written) => assert!(named.contains(&written), "{deed}: {faults:?}"),
                        None => assert!(faults.iter().all(|fault| fault["what"].is_string()), "{deed}: {faults:?}"),
                    }
                }
            }
            assert!(tried > all.len() / 4, "{table}.{name}: only {tried} values could be changed");
            deeds += tried;
        }
    }
    println!("{deeds} changes, each found");
}

#[test]
fn every_removed_or_added_row_is_found() {
    let victim = Victim::new();
    for (table, key) in [("revision", "number"), ("resource", "since, id"), ("binding", "since, id")] {
        victim.restore();
        let count = rows(&victim.store(), table).len();
        for number in 0..count {
            let deed = format!(
                "DELETE FROM {table} WHERE ({key}) = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {number})"
            );
            victim.after(&deed).unwrap();
        }
    }
    for deed in [
        // Rows that make bob an admin since revision 4, and since a revision that does not exist.
        "INSERT INTO binding SELECT 4, 900, NULL, resource, principal, role, grantor, expires, attributes, sets FROM binding LIMIT 1",
        "INSERT INTO binding SELECT 900, 900, NULL, resource, principal, role, grantor, expires, attributes, sets FROM binding LIMIT 1",
        "INSERT INTO resource SELECT 4, 901, 6, kind, parent, 'ghost', 'ghost', NULL, attributes, sets FROM resource LIMIT 1",
        "INSERT INTO resource SELECT 0, 901, NULL, kind, parent, 'ghost', 'ghost', NULL, attributes, sets FROM resource LIMIT 1",
        "INSERT INTO revision SELECT max(number) + 1, at, actor, operator, command, reason, denied, undoes, last_id, digest, digest FROM revision",
        "INSERT INTO revision SELECT 0, at, actor, operator, command, reason, denied, undoes, last_id, previous, digest FROM revision WHERE number = 1",
        "INSERT INTO revision SELECT -1, at, actor, operator, command, reason, denied, undoes, last_id, previous, digest FROM revision WHERE number = 1",
        "DELETE FROM revision; DELETE FROM binding",
        "DELETE FROM revision WHERE number BETWEEN 3 AND 5; DELETE FROM resource WHERE since BETWEEN 3 AND 5",
    ] {
        victim.after(deed).unwrap_or_else(|| panic!("{deed} was refused"));
    }
}

#[test]
fn changed_order_and_times_of_revisions_are_found() {
    let victim = Victim::new();
    let swap = |column: &str, a: i64, b: i64| {
        format!(
            "CREATE TEMP TABLE old AS SELECT * FROM revision; \
             UPDATE revision SET {column} = (SELECT {column} FROM old WHERE old.number = {a} + {b} - revision.number) \
             WHERE number IN ({a}, {b})"
        )
    };
    for (a, b) in [(2, 3), (5, 9), (1, 12)] {
        for column in ["at", "command", "digest", "previous", "last_id"] {
            let faults = victim.after(&swap(column, a, b)).unwrap();
            assert!(faults.iter().any(|fault| fault["revision"] == a), "{column}: {faults:?}");
            assert!(faults.iter().any(|fault| fault["revision"] == b), "{column}: {faults:?}");
        }
    }
    // Two revisions are swapped with all their rows.
    let moves = |from: i64, to: i64| {
        format!(
            "UPDATE revision SET number = {to} WHERE number = {from};
             UPDATE resource SET since = {to} WHERE since = {from}; UPDATE resource SET until = {to} WHERE until = {from};
             UPDATE binding SET since = {to} WHERE since = {from}; UPDATE binding SET until = {to} WHERE until = {from};"
        )
    };
    let faults = victim.after(&format!("{}{}{}", moves(4, 800), moves(5, 4), moves(800, 5))).unwrap();
    assert_eq!(faults[0]["revision"], 4, "{faults:?}");
    // A gap, and a later start; both with all following revisions moved along.
    let shift = |from: i64| (from..30).rev().map(|number| moves(number, number + 1)).collect::<String>();
    assert_eq!(victim.after(&shift(7)).unwrap()[0]["what"], "revision 7 is missing");
    assert_eq!(victim.after(&shift(1)).unwrap()[0]["what"], "revision 1 is missing");
}

#[test]
fn a_flipped_byte_is_found_wherever_it_matters() {
    let victim = Victim::new();
    let mut statuses = std::collections::BTreeMap::new();
    let contents = || ["revision", "resource", "binding"].map(|table| rows(&victim.store(), table));
    let right = contents();
    // Half of the file is unused space of pages; a byte in use is rarely zero.
    let places: Vec<usize> = (0..victim.whole.len()).filter(|place| victim.whole[*place] != 0).collect();
    for place in places.iter().copied().step_by(places.len() / 300) {
        let deed = format!("byte {place} flipped");
        victim.restore();
        let mut bytes = victim.whole.clone();
        bytes[place] ^= 0x55;
        fs::write(victim.tool.store(), &bytes).unwrap();
        let ran = victim.verify(&deed);
        *statuses.entry(ran.status).or_insert(0) += 1;
        match ran.status {
            // The byte is in the free part of a page and never read.
            0 => assert_eq!(contents(), right, "{deed}"),
            1 => assert_eq!(ran.err, "", "{deed}"),
            7 => assert!(ran.out.is_empty() && ran.err.contains("\"error\""), "{deed}: {ran:?}"),
            _ => panic!("{deed}: {ran:?}"),
        }
    }
    println!("exit statuses of verify after one flipped byte: {statuses:?}");
    assert!(statuses[&1] > 100, "{statuses:?}");
}

#[test]
fn findings_have_messages_and_other_commands_report_the_damage() {
    let victim = Victim::new();
    let deed = "UPDATE resource SET attributes = '{' WHERE kind = 'user' AND name = 'bob' AND until IS NULL";
    let faults = victim.after(deed).unwrap();
    let revision = faults[0]["revision"].as_i64().unwrap();
    let ran = victim.tool.run("audit verify");
    assert_eq!(ran.status, 1);
    let expected = format!("revision {revision}: its digest does not fit its header and its changes\nNOT verified: ");
    assert!(ran.out.starts_with(&expected), "{ran:?}");
    let ran = victim.tool.fails(7, "account list", "is damaged: the attributes of resource ");
    assert!(ran.err.ends_with("  try: rolebook audit verify\n"), "{ran:?}");

    victim.after("UPDATE resource SET kind = 'gremlin' WHERE name = 'editors'").unwrap();
    streams_until_damage(&victim.tool, "is of the unknown kind `gremlin`");
    victim.after("UPDATE binding SET role = 'gremlin'").unwrap();
    streams_until_damage(&victim.tool, "is of the unknown role `gremlin`");
    victim.after("UPDATE revision SET denied = '{' WHERE denied IS NOT NULL").unwrap();
    let _ = victim.tool.fails(7, "audit log", "the denial of revision ");
    victim.after("UPDATE resource SET name = CAST(x'ff' AS TEXT) WHERE name = 'bob'").unwrap();
    let _ = victim.tool.fails(7, "account list", "is damaged: ");
    victim.after("UPDATE revision SET digest = x'00' WHERE number = (SELECT max(number) FROM revision)").unwrap();
    let _ = victim.tool.fails(7, "account add heidi", "is damaged: ");
}

/// Output before the damaged row has been printed already; the command still ends with an error.
fn streams_until_damage(tool: &Tool, text: &str) {
    let ran = tool.run("audit log -o csv");
    assert!(ran.status == 7 && ran.err.contains(text), "{ran:#?}");
}

/// Foreign objects in the schema, missing ones, and a wrong version.
#[test]
fn a_schema_that_no_migration_made_is_found() {
    let victim = Victim::new();
    let version: i64 = victim.store().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let lowered: Vec<String> = (0..version).map(|lower| format!("PRAGMA user_version = {lower}")).collect();
    let deeds = [
        "CREATE TRIGGER forget AFTER INSERT ON revision BEGIN DELETE FROM binding WHERE since = 3; END",
        "CREATE VIEW told AS SELECT * FROM resource",
        "CREATE TABLE notes (text TEXT)",
        "CREATE INDEX mine ON binding (expires)",
        "CREATE UNIQUE INDEX mine ON resource (since, id, name)",
        "DROP INDEX binding_on_now",
        "DROP INDEX resource_now; CREATE INDEX resource_now ON resource (id) WHERE until IS NULL",
        "ALTER TABLE resource ADD COLUMN more TEXT",
        "ALTER TABLE resource RENAME TO kept; CREATE VIEW resource AS SELECT * FROM kept WHERE id <> 20",
    ];
    for deed in deeds.into_iter().map(str::to_owned).chain(lowered) {
        victim.restore();
        let store = victim.store();
        store.execute_batch(&deed).unwrap();
        store.close().unwrap();
        let ran = victim.verify(&deed);
        assert_eq!((ran.status, ran.err.as_str()), (1, ""), "{deed}: {ran:?}");
        let report: Value = serde_json::from_str(&ran.out).unwrap();
        assert!(!report["faults"].as_array().unwrap().is_empty(), "{deed}: {ran:?}");
        // Foreign code in the schema: the program does not read or write through it.
        if deed.contains("TRIGGER") || deed.contains("VIEW") {
            for line in ["account list", "account add heidi", "audit log", "audit verify --as alice"] {
                victim.tool.fails(7, line, "that rolebook did not make");
            }
        }
        if deed.contains("user_version") {
            let ran = victim.tool.run("account add heidi");
            assert!(
                ran.status == 0 || ran.status == 7 && ran.err.contains("does not fit its version"),
                "{deed}: {ran:?}"
            );
        }
    }
    // Tables of SQLite itself, and of older versions of the program, are not findings.
    victim.restore();
    victim.store().execute_batch("ANALYZE").unwrap();
    assert_eq!(victim.verify("ANALYZE").status, 0);
}
