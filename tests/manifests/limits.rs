//! The limits on what one apply removes.

use super::{HEAD, write};
use crate::support::Tool;

fn people(count: usize) -> String {
    (0..count).map(|number| format!("  p{number}: {{}}\n")).collect()
}

fn tool(count: usize) -> Tool {
    let tool = Tool::new();
    write(&tool, "m.yaml", &format!("{HEAD}name: crew\naccounts:\n{}", people(count)));
    tool.ok("apply m.yaml");
    tool
}

fn shrink(tool: &Tool, count: usize, limits: &str) {
    write(tool, "m.yaml", &format!("{HEAD}name: crew\n{limits}accounts:\n{}", people(count)));
}

#[test]
fn more_than_twenty_or_a_quarter_needs_max_removals() {
    let crew = tool(100);
    shrink(&crew, 80, "");
    assert!(crew.ok("plan m.yaml --prune").contains("Plan: 0 to add, 0 to change, 20 to remove."));
    shrink(&crew, 79, "");
    let ran = crew.fails(5, "plan m.yaml --prune", "21 removals are more than the 20 that one apply makes");
    assert!(ran.err.contains("user:p79") && ran.err.contains("user:p99"), "each is named: {ran:?}");
    let _ =
        crew.fails(5, "apply m.yaml --prune --yes --max-removals 20", "more than the 20 that --max-removals allows");
    crew.ok("apply m.yaml --prune --yes --max-removals 21");

    let small = tool(12);
    shrink(&small, 9, "");
    small.ok("plan m.yaml --prune");
    shrink(&small, 8, "");
    let _ = small.fails(5, "apply m.yaml --prune --yes", "4 removals are more than 25% of the 12 objects of the set");
    small.ok("apply m.yaml --prune --yes --max-removals 4");

    // The percentage does not apply to sets of fewer than eight.
    let few = tool(7);
    shrink(&few, 2, "");
    few.ok("apply m.yaml --prune --yes");
}

#[test]
fn a_file_may_tighten_the_limits_and_not_raise_them() {
    let crew = tool(100);
    shrink(&crew, 94, "limits: {removals: 5}\n");
    let _ = crew.fails(5, "plan m.yaml --prune", "6 removals are more than the 5 that one apply makes");
    shrink(&crew, 94, "limits: {share: 5%}\n");
    let _ = crew.fails(5, "plan m.yaml --prune", "6 removals are more than 5% of the 100 objects of the set");
    shrink(&crew, 94, "limits: {removals: 21, share: 26%}\n");
    let ran = crew.fails(6, "plan m.yaml --prune", "the input has 2 mistakes");
    assert!(ran.err.contains("may be tightened, not raised above 20"), "{ran:?}");
    assert!(ran.err.contains("may be tightened, not raised above 25"), "{ran:?}");
}

#[test]
fn an_empty_manifest_empties_nothing() {
    let few = tool(3);
    for text in ["", "accounts: {}\n", "tests: []\n"] {
        write(&few, "m.yaml", &format!("{HEAD}name: crew\n{text}"));
        let _ = few.fails(5, "apply m.yaml --prune --yes --max-removals 99", "the manifest declares nothing");
    }
    assert!(few.ok("plan m.yaml").contains("No longer declared"));
}

/// An apply of rows counts the removals of all its parts together.
#[test]
fn removals_of_every_part_count() {
    let tool = Tool::staffed();
    tool.ok("endpoint add n --kind node --node-version 4.4.6 --administrator alice");
    let mut rows = String::new();
    for number in 0..30 {
        rows.push_str(&format!("{{\"content\":{{\"item\":\"n:/f{number}\",\"owner\":\"bob\"}}}}\n"));
    }
    write(&tool, "rows.jsonl", &rows);
    tool.ok("apply rows.jsonl");
    let mut rows = rows.replace("bob", "eve");
    for number in 0..10_500 {
        rows.push_str(&format!("{{\"account\":{{\"name\":\"u{number}\"}}}}\n"));
    }
    write(&tool, "rows.jsonl", &rows);
    let before = tool.revision();
    let ran = tool.fails(5, "apply rows.jsonl --yes -q", "30 removals are more than the 20 that one apply makes");
    assert!(ran.err.contains("user:bob as owner of n:/f7"), "{ran:?}");
    assert_eq!(tool.revision(), before);
    tool.ok("apply rows.jsonl --yes -q --max-removals 30");
}
