//! An apply is atomic: if it is killed, if the disk is full, and beside other writers.
//!
//! `ROLEBOOK_TEST_OBJECTS` and `ROLEBOOK_TEST_KILLS` raise the numbers of rows and kills for longer runs.

use std::fmt::Write;
use std::process::Stdio;
use std::time::Instant;

use super::write;
use crate::support::{Killer, Tool};

fn scale(name: &str, initial: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(initial)
}

/// Rows for a number of accounts, half of them in a group.
fn rows(objects: usize) -> String {
    let mut text = String::from("{\"manifest\":{\"version\":1,\"name\":\"bulk\"}}\n{\"group\":{\"name\":\"all\"}}\n");
    for number in 0..objects {
        writeln!(text, "{{\"account\":{{\"name\":\"u{number}\",\"email\":\"u{number}@example.com\"}}}}").unwrap();
        if number % 2 == 0 {
            writeln!(text, "{{\"member\":{{\"of\":\"group:all\",\"user\":\"u{number}\"}}}}").unwrap();
        }
    }
    text
}

/// A store with an admin, and these rows in `bulk.jsonl`.
fn with_rows(objects: usize) -> Tool {
    let tool = Tool::new();
    tool.ok("account add root --role admin");
    write(&tool, "bulk.jsonl", &rows(objects));
    tool
}

/// Asserts that the store is intact and that the file can still be applied.
fn assert_good(tool: &Tool) {
    tool.ok("audit verify");
    assert!(tool.ok("apply bulk.jsonl --yes").contains("Applied:"));
}

#[test]
fn an_apply_that_is_killed_at_any_moment_is_all_or_nothing() {
    // Enough rows for two parts, so that a part is written when the kill comes.
    let (objects, kills) = (scale("ROLEBOOK_TEST_OBJECTS", 13_000), scale("ROLEBOOK_TEST_KILLS", 8));
    let tool = with_rows(objects);
    let began = Instant::now();
    tool.ok("apply bulk.jsonl --dry-run");
    let mut killer = Killer::new(37, began.elapsed());
    let mut killed = 0;
    while killed < kills {
        let before = tool.revision();
        let child = tool
            .shell("exec rolebook apply bulk.jsonl --yes -q")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        killed += usize::from(killer.kill(child).0);
        let accounts = tool.json("status")["counts"]["accounts"].as_u64().unwrap();
        let revision = tool.revision();
        assert!(revision == before || revision == before + 1, "{before} {revision}");
        let all = objects as u64 + 1;
        assert!(
            (accounts == 1 && revision == before) || (accounts == all && revision > 1),
            "{accounts} of {all} accounts after {killed} kills"
        );
        if revision > before {
            tool.ok(&format!("undo {revision} --yes -q"));
        }
    }
    assert_good(&tool);
}

/// The schema of a store: its tables and indexes, with their SQL.
fn schema(tool: &Tool) -> Vec<(String, String)> {
    let reader = rusqlite::Connection::open(tool.store()).unwrap();
    let mut all = reader.prepare("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").unwrap();
    all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// An apply to a store with fewer rows than the file rebuilds the indexes in the same transaction.
#[test]
fn a_large_first_file_is_all_or_nothing_and_leaves_every_index() {
    let (tool, objects) = (Tool::new(), 6_000);
    tool.ok("account add root --role admin");
    let before = schema(&tool);
    let accounts: String = (0..objects).map(|number| format!("\n  u{number}: {{}}")).collect();
    write(&tool, "bulk.yaml", &format!("version: 1\nname: bulk\naccounts:{accounts}\n"));
    let log = format!("{}-wal", tool.store().display());
    // Each kill comes when the log holds more of the rows and indexes, until one apply completes.
    for size in (1..).step_by(1 << 19) {
        let mut child =
            tool.shell("exec rolebook apply bulk.yaml -q").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while child.try_wait().unwrap().is_none() && !std::fs::metadata(&log).is_ok_and(|it| it.len() >= size) {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // This also removes the log.
        assert_eq!(schema(&tool), before, "killed at {size} bytes");
        if tool.revision() > 1 {
            break;
        }
        assert_eq!(tool.json("status")["counts"]["accounts"], 1, "killed at {size} bytes");
    }
    tool.ok("apply bulk.yaml -q");
    assert_eq!(tool.json("status")["counts"]["accounts"], objects + 1);
    assert_eq!(tool.ok("apply bulk.yaml"), "No changes.\n");
    assert_eq!(schema(&tool), before);
    tool.ok("audit verify");
}

/// A limit on the size of files acts like a full disk.
#[test]
fn on_a_full_disk_nothing_is_applied_and_the_store_stays_intact() {
    let tool = with_rows(scale("ROLEBOOK_TEST_OBJECTS", 13_000));
    // The limit is in blocks of 512 or 1024 bytes: more than the store has, less than the rows need.
    let ran = tool.sh("trap '' XFSZ; ulimit -f 1500; rolebook apply bulk.jsonl --yes");
    assert_eq!(ran.status, 7, "{ran:?}");
    assert!(ran.err.contains("cannot be written") || ran.err.contains("disk") || ran.err.contains("full"), "{ran:?}");
    assert_eq!(tool.revision(), 1);
    assert_good(&tool);
}

#[test]
fn the_second_of_two_concurrent_applies_changes_nothing() {
    let tool = with_rows(2_000);
    let start = || {
        let command = "exec rolebook apply bulk.jsonl --yes";
        tool.shell(command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [start(), start()];
    let mut said: Vec<String> =
        both.into_iter().map(|child| String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()).collect();
    said.sort_by_key(String::len);
    assert_eq!(said[0], "No changes.\n");
    assert!(said[1].contains("revision 2"), "{said:?}");
    assert_eq!(tool.revision(), 2);
}

#[test]
fn an_apply_sees_changes_made_while_it_waited() {
    let tool = Tool::staffed();
    write(&tool, "m.yaml", "version: 1\nname: s\ngroups: {g: [bob]}\n");
    let child = tool.shell("exec rolebook apply m.yaml").stdout(Stdio::piped()).spawn().unwrap();
    tool.ok("account edit bob --display-name B");
    let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(said.contains("Applied: 2 added, 0 changed, 0 removed."), "{said}");
    assert_eq!(tool.json("account show bob")["display_name"], "B");
    tool.ok("audit verify");
}
