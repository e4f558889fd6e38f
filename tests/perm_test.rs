//! `perm test` through the program: passed tests, failed tests with their proof, invalid tests, and
//! bindings that no test covers.

use serde_json::{Value, json};

use crate::support::{CommandOutput, Tool};

fn test(tool: &Tool, text: &str, options: &str) -> CommandOutput {
    std::fs::write(tool.folder().join("tests.yaml"), text).unwrap();
    tool.run(&format!("perm test tests.yaml {options}"))
}

#[test]
fn the_tests_of_the_studio_pass() {
    let tool = Tool::studio();
    let text = include_str!("../examples/tests.yaml");
    let ran = test(&tool, text, "");
    assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (0, "10 passed, 0 failed\n", ""), "{ran:#?}");
    let told = test(&tool, text, "-v");
    assert!(
        told.out.starts_with("passed tests.yaml:3: bob can browse, download node1:/projects/reel3.mov\n"),
        "{told:#?}"
    );
    assert_eq!(told.out.lines().count(), 11);
    let rows = tool.run("perm test tests.yaml -o json");
    assert_eq!(rows.err, "10 passed, 0 failed\n");
    let rows: Vec<Value> = serde_json::from_str(&rows.out).unwrap();
    assert!(rows.iter().all(|row| row["passed"] == true && row["message"].is_null()));
    assert_eq!((&rows[0]["file"], &rows[0]["line"]), (&json!("tests.yaml"), &json!(3)));
    let several = tool.run("perm test tests.yaml - < tests.yaml");
    assert_eq!(several.out, "20 passed, 0 failed\n");
}

#[test]
fn a_failed_test_shows_its_proof_or_what_is_missing() {
    let tool = Tool::studio();
    let text = "name: studio\nserver: {public-links: allow}\ntests:\n- bob cannot send workgroup:color\n- test: eve can send workgroup:color\n  because: she mixes\n- bob can send workgroup:color\n- only alice can upload node1:/projects\n- only alice, bob, carol can upload node1:/projects\n";
    let ran = test(&tool, text, "");
    assert_eq!(ran.status, 1, "{ran:#?}");
    assert!(ran.out.ends_with("\n1 passed, 4 failed\n"), "{ran:#?}");
    let parts = [
        "failed tests.yaml:4: bob cannot send workgroup:color\n  allowed: user:bob may send on workgroup:color\n",
        "failed tests.yaml:5: eve can send workgroup:color\n  it should be so: she mixes\n  denied: user:eve may not send",
        "would suffice\n",
        "failed tests.yaml:8: only alice can upload node1:/projects\n  allowed: user:carol may upload on node1:/projects\n",
        "failed tests.yaml:9: only alice, bob, carol can upload node1:/projects\n  denied: user:bob may not upload",
    ];
    for part in parts {
        assert!(ran.out.contains(part), "{part}: {ran:#?}");
    }
    let ran = tool.run("perm test tests.yaml -o jsonl");
    assert_eq!((ran.status, ran.err.as_str()), (1, "1 passed, 4 failed\n"));
    let rows: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows[0]["message"], "user:bob may send on workgroup:color");
    assert!(!rows[0]["answers"][0]["proof"].as_array().unwrap().is_empty());
    assert_eq!(rows[1]["because"], "she mixes");
    assert_eq!(rows[1]["answers"][0]["missing"][0], "role workgroup:standard on workgroup:color");
    assert_eq!(rows[2]["passed"], true);
}

#[test]
fn unknown_names_fail_every_test() {
    let tool = Tool::studio();
    let ran = test(&tool, "- bbo cannot send workgroup:color\n- bob cannot send workgroup:colour\n", "");
    assert_eq!(ran.status, 1);
    assert!(ran.out.contains("  no such account: `bbo`\n  try: did you mean `bob`?\n"), "{ran:#?}");
    assert!(ran.out.ends_with("0 passed, 2 failed\n"), "{ran:#?}");
}

#[test]
fn a_test_may_be_about_the_past_and_the_future() {
    let tool = Tool::studio();
    let text = "- bob cannot send workgroup:color as of 10\n- bob can send workgroup:color as of 11\n- test: bob cannot download node1:/projects\n  as of: 2090-01-01\n- bob can send workgroup:color as of 999\n";
    let ran = test(&tool, text, "");
    assert_eq!((ran.status, ran.out.lines().last()), (1, Some("3 passed, 1 failed")), "{ran:#?}");
    assert!(ran.out.contains("no such revision: `999`"), "{ran:#?}");
    assert_eq!(test(&tool, "- bob can send workgroup:color\n", "--at 10").status, 1);
}

#[test]
fn tests_with_classes_and_groups_name_them_exactly() {
    let tool = Tool::studio();
    let ran = test(
        &tool,
        "- only anyone can see endpoint:archive\n- only authenticated can download archive:/open\n- only bob can download archive:/open\n- only group:editors can download archive:/open\n- group:editors can manage-permissions endpoint:archive\n- list: {principal: bob, kind: workgroup, action: send, includes: ['workgroup:color'], excludes: ['workgroup:color']}\n- list: {principal: bob, kind: workgroup, action: send, is: []}\n",
        "",
    );
    assert_eq!(ran.out.lines().last(), Some("2 passed, 5 failed"), "{ran:#?}");
    assert!(ran.out.contains("allowed: authenticated may download on archive:/open"), "{ran:#?}");
    assert!(ran.out.contains("  not an account: `group:editors`\n"), "{ran:#?}");
    assert!(ran.out.contains("list bob kind workgroup is none\n"), "{ran:#?}");
}

#[test]
fn every_invalid_test_is_reported_with_its_position() {
    let tool = Tool::studio();
    let ran = test(&tool, "tests:\n  - bob kan send workgroup:color\n  - {tset: x}\n", "");
    assert_eq!((ran.status, ran.out.as_str()), (6, ""));
    assert!(ran.err.starts_with("rolebook: the tests have 3 mistakes\n"), "{ran:#?}");
    assert!(ran.err.contains("tests.yaml:2:5: the test is not understood"), "{ran:#?}");
    assert!(ran.err.contains("\n    2 |   - bob kan send workgroup:color\n      |     ^^^^"), "{ran:#?}");
    assert!(ran.err.contains("tests.yaml:3:6: unknown key `tset`"), "{ran:#?}");
    tool.fails(6, "perm test missing.yaml", "cannot be read");
    std::fs::write(tool.folder().join("tests.yaml"), b"- \xff\n").unwrap();
    tool.fails(6, "perm test tests.yaml", "is not UTF-8");
}

#[test]
fn tests_run_with_the_rights_of_the_actor() {
    let tool = Tool::studio();
    let ran = test(&tool, "- bob can send workgroup:color\n- carol can send workgroup:color\n", "--as bob");
    assert_eq!((ran.status, ran.out.lines().last()), (1, Some("1 passed, 1 failed")));
    assert!(ran.out.contains("user:bob may ask about themselves only"), "{ran:#?}");
}

#[test]
fn bindings_that_no_test_covers_are_listed() {
    let tool = Tool::staffed();
    tool.ok("workgroup add color --send members");
    tool.ok("workgroup add-member color bob carol");
    let text = "- bob can send workgroup:color\n- eve cannot send workgroup:color\n";
    let ran = test(&tool, text, "--mutate -o json");
    assert_eq!(ran.status, 1, "{ran:#?}");
    let rows: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    let of = |name: &str, role: &str| rows.iter().any(|row| row["principal"] == name && row["role"] == role);
    assert!(of("user:carol", "workgroup:standard") && !of("user:bob", "workgroup:standard"), "{ran:#?}");
    let held =
        |ran: &CommandOutput| -> Vec<usize> { ran.err.split(' ').filter_map(|word| word.parse().ok()).collect() };
    let before = held(&ran);
    assert_eq!(before[1] - before[0], rows.len());
    // One more test covers one more binding; an exclusive list of who may covers every binding that gives.
    let ran = test(&tool, &format!("{text}- carol can send workgroup:color\n"), "--mutate -o json");
    assert_eq!(held(&ran), [before[0] + 1, before[1]], "{ran:#?}");
    let closed = "- who: {action: send, resource: workgroup:color, is: [bob, carol]}\n";
    let ran = test(&tool, closed, "--mutate -o json");
    assert_eq!(held(&ran)[1], before[1]);
    assert!(!ran.out.contains("workgroup:standard"), "{ran:#?}");
}

/// The shortcut that skips bindings no test has read gives the same result as running every test again.
#[test]
fn uncovered_bindings_are_those_whose_removal_fails_no_test() {
    let tool = Tool::studio();
    let text = "- bob can send workgroup:color\n- only alice, carol can upload node1:/projects\n- bob can manage-permissions endpoint:archive\n- carol can add-member workgroup:color\n";
    let ran = test(&tool, text, "--mutate -o json");
    assert_eq!(ran.status, 1, "{ran:#?}");
    let rows: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    let has = |who: &str, role: &str, on: &str| {
        rows.iter()
            .any(|row| (&row["principal"], &row["role"], &row["resource"]) == (&json!(who), &json!(role), &json!(on)))
    };
    for (who, role, on, command) in [
        ("user:bob", "workgroup:standard", "workgroup:color", "workgroup remove-member color bob"),
        ("user:bob", "group:member", "group:editors", "group remove-member editors bob"),
        (
            "group:editors",
            "endpoint:access-manager",
            "endpoint:archive",
            "endpoint remove-role archive access-manager group:editors",
        ),
        ("user:carol", "item:share", "node1:/projects", "share revoke node1:/projects carol --cascade --yes"),
        ("user:bob", "item:share", "node1:/projects", "share revoke node1:/projects bob --yes"),
        ("user:eve", "dropbox:submit-only", "dropbox:intake", "dropbox remove-member intake eve"),
    ] {
        let tool = Tool::studio();
        tool.ok(command);
        let fails = test(&tool, text, "").status == 1;
        assert_eq!(!has(who, role, on), fails, "{who} {role} {on}: {ran:#?}");
    }
}

#[test]
fn tests_that_fail_already_are_not_mutated() {
    let tool = Tool::studio();
    let ran = test(&tool, "- eve can send workgroup:color\n", "--mutate");
    assert_eq!(ran.status, 1);
    assert!(ran.out.ends_with("0 passed, 1 failed\n"), "{ran:#?}");
    assert!(ran.err.contains("--mutate needs tests that pass"), "{ran:#?}");
}
