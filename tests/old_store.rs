//! A store of an earlier version (`stores/version-4.sql`, its tables as text) opens, verifies with its old
//! digests, and answers every question as it did then (`stores/version-4.answers`), except for what was fixed
//! since.

use std::collections::BTreeSet;

use rusqlite::Connection;
use serde_json::Value;

use super::support::{Fixture, Tool};

const TABLES: &str = include_str!("stores/version-4.sql");
const ANSWERS: &str = include_str!("stores/version-4.answers");
const HEAD: &str = "2b91b747ebb4d991413fc61b150ba3eab81b9c282ea23edd862bd4fe628dcdff";

/// Whether an answer has changed since: groups are visible to everyone with an account, unless their
/// `visible` says otherwise (docs/model.md#groups).
fn is_mended(action: &str, resource: &str, principal: &str, allowed: bool) -> bool {
    allowed && action == "view" && resource.starts_with("group:") && principal != "anyone"
}

fn kept() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::new();
        tool.set_clock("2026-12-01T12:00:00Z");
        for side in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{side}", tool.store().display()));
        }
        let store = Connection::open(tool.store()).unwrap();
        store.execute_batch(TABLES).unwrap();
        store.pragma_update(None, "journal_mode", "wal").unwrap();
        store.close().unwrap();
        tool
    })
}

fn head(tool: &Tool) -> Value {
    let report = tool.json("audit verify");
    assert_eq!(report["verified"], true, "{report}");
    report["head"].clone()
}

#[test]
fn a_store_of_an_earlier_version_keeps_its_digests() {
    let tool = kept();
    assert_eq!(head(&tool), HEAD);
    tool.ok("account add heidi --as alice");
    let last = tool.json("audit show 59");
    assert_eq!(last["digest"], HEAD, "{last}");
    head(&tool);
    tool.ok("undo 60 --as alice");
    head(&tool);
}

#[test]
fn a_store_of_an_earlier_version_answers_as_it_did() {
    let tool = kept();
    let mut lines = ANSWERS.lines();
    let principals: Vec<&str> = lines.next().unwrap().split(' ').skip(1).collect();
    let questions: Vec<(&str, &str, BTreeSet<&str>)> = lines
        .map(|line| {
            let mut words = line.split(' ');
            (words.next().unwrap(), words.next().unwrap(), words.filter(|word| *word != "-").collect())
        })
        .collect();
    let mut batch = String::new();
    for (action, resource, _) in &questions {
        for principal in &principals {
            batch.push_str(&format!("{principal} {action} {resource}\n"));
        }
    }
    std::fs::write(tool.folder().join("questions"), batch).unwrap();
    let answers = tool.ok("perm check --batch questions");
    let mut answers = answers.lines();
    let mut different = Vec::new();
    for (action, resource, allowed) in &questions {
        for principal in &principals {
            let answer = answers.next().unwrap();
            let now = answer.starts_with("allowed ");
            assert!(now || answer.starts_with("denied "), "{answer}");
            if now != allowed.contains(principal) && !is_mended(action, resource, principal, now) {
                different.push(answer);
            }
        }
    }
    assert!(different.is_empty(), "{different:#?}");
}
