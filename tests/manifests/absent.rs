//! `ensure: absent` for accounts, and its effect on the shares that they made.

use super::{HEAD, write};
use crate::support::{Fixture, Tool};

/// A node with a folder that alice shares with bob, bob with carol, and carol with eve.
fn shared() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::staffed();
        tool.ok("endpoint add n --kind node --node-version 4.4.6 --administrator alice");
        tool.ok("content add n:/a --owner alice");
        tool.ok("share grant n:/a bob --permission edit --as alice");
        tool.ok("share grant n:/a carol --permission edit --as bob");
        tool.ok("share grant n:/a eve --permission view --as carol");
        tool
    })
}

/// The shares of the folder, without the row of its owner.
fn shares(tool: &Tool) -> String {
    let listed = tool.ok("share list n:/a --all -o tsv --no-headers --columns principal,class");
    listed.lines().filter(|line| !line.ends_with("\towner")).collect()
}

#[test]
fn the_shares_of_an_absent_account_are_removed_with_cascade() {
    let tool = shared();
    write(&tool, "m.yaml", &format!("{HEAD}accounts: {{bob: {{ensure: absent}}}}\n"));
    let ran = tool.fails(5, "apply m.yaml --yes", "this change cannot be made");
    assert!(ran.err.contains("user:bob cannot be destroyed yet"), "{ran:?}");
    assert!(ran.err.contains("try: cascade: true") && ran.err.contains("try: transfer-to: SOMEBODY"), "{ran:?}");
    for (said, wanted) in [
        ("{bob: {cascade: true}}", "`cascade` needs `ensure: absent`"),
        ("{bob: {ensure: inactive, cascade: false}}", "`cascade` needs `ensure: absent`"),
        ("{bob: {ensure: absent, cascade: yes}}", "expected true or false"),
    ] {
        write(&tool, "m.yaml", &format!("{HEAD}accounts: {said}\n"));
        assert!(tool.fails(6, "validate m.yaml", "").err.contains(wanted), "{said}");
    }
    write(&tool, "m.yaml", &format!("{HEAD}accounts: {{bob: {{ensure: absent, cascade: true}}}}\n"));
    let done = tool.ok("apply m.yaml --yes --max-removals 9");
    assert!(done.contains("- user:bob"), "{done}");
    assert_eq!(shares(&tool), "");
    write(&tool, "m.jsonl", "{\"account\":{\"name\":\"carol\",\"ensure\":\"absent\",\"cascade\":true}}\n");
    tool.ok("apply m.jsonl --yes");
    let _ = tool.fails(4, "account show carol", "no such account");
}

#[test]
fn shares_pruned_by_the_same_file_do_not_keep_an_account() {
    let declared = "    shares:\n      /a:\n        bob: edit\n        carol: {permission: edit, by: bob}\n        eve: {permission: view, by: carol}\n";
    let head = format!(
        "{HEAD}name: s\nendpoints:\n  n:\n    kind: node\n    node-version: 4.4.6\n    roles: {{administrator: [alice]}}\n    content: {{/a: {{}}}}\n"
    );
    let tool = Tool::staffed();
    write(&tool, "s.yaml", &format!("{head}{declared}"));
    tool.ok("apply s.yaml --yes");
    write(&tool, "s.yaml", &format!("{head}accounts: {{bob: {{ensure: absent}}}}\n"));
    // Without pruning the shares remain, so the account cannot be destroyed.
    assert!(tool.fails(5, "apply s.yaml --yes", "").err.contains("user:bob cannot be destroyed yet"));
    let done = tool.ok("apply s.yaml --yes --prune --max-removals 9");
    assert!(done.contains("- user:bob") && done.contains("- n:/a"), "{done}");
    assert_eq!(shares(&tool), "");
    assert_eq!(tool.ok("apply s.yaml --yes --prune"), "No changes.\n");
    // A share made by hand prevents the removal.
    let tool = Tool::staffed();
    write(&tool, "s.yaml", &format!("{head}{declared}"));
    tool.ok("apply s.yaml --yes");
    tool.ok("share grant n:/a dana --permission view --as bob");
    write(&tool, "s.yaml", &format!("{head}accounts: {{bob: {{ensure: absent}}}}\n"));
    let ran = tool.fails(5, "apply s.yaml --yes --prune --max-removals 9", "");
    assert!(ran.err.contains("it made the share of n:/a with user:dana"), "{ran:?}");
    assert!(!ran.err.contains("with user:carol"), "{ran:?}");
}

#[test]
fn shares_ended_by_an_exclusive_list_do_not_keep_an_account() {
    let tool = shared();
    write(
        &tool,
        "m.yaml",
        &format!(
            "{HEAD}accounts: {{bob: {{ensure: absent}}}}\nendpoints: {{n: {{roles: {{administrator: [alice]}}, shares: {{/a: {{}}}}, exclusive: true}}}}\n"
        ),
    );
    let done = tool.ok("apply m.yaml --yes --max-removals 9");
    assert!(done.contains("- user:bob"), "{done}");
    assert_eq!(shares(&tool), "");
}
