//! `audit report` in each of its formats, over everything and over parts.

use serde_json::Value;

use crate::support::{Fixture, Tool};

fn store() -> Tool {
    static STORE: Fixture = Fixture::new();
    STORE.copy(|| {
        let tool = Tool::staffed();
        tool.ok("group add crew");
        tool.ok("group add-member crew eve bob");
        tool.ok("endpoint add node1 --kind node --node-version 4.4 --administrator alice");
        tool.ok("content add node1:/work/day1");
        tool.ok("content add node1:/other");
        tool.ok("share grant node1:/work group:crew --permission view --admin --reason '=the | pilot'");
        tool.ok("share grant node1:/work/day1 anyone --permission view --admin");
        tool.ok("share grant node1:/other carol --permission view --admin");
        tool
    })
}

fn pairs(report: &Value) -> Vec<(&str, &str)> {
    let rows = report["access"].as_array().unwrap();
    rows.iter().map(|row| (row["principal"].as_str().unwrap(), row["resource"].as_str().unwrap())).collect()
}

#[test]
fn a_report_says_who_has_what_and_why() {
    let tool = store();
    let report = tool.json("audit report node1:/work --since 5");
    assert_eq!(pairs(&report), [("group:crew", "node1:/work"), ("anyone", "node1:/work/day1")]);
    let crew = &report["access"][0];
    assert_eq!((&crew["through"], &crew["reason"]), (&"bob, eve".into(), &"=the | pilot".into()));
    assert_eq!(report["scope"], serde_json::json!(["node1:/work"]));
    assert_eq!(report["revision"], tool.revision());
    let log = tool.json("audit log --limit 1");
    assert_eq!(report["digest"], log[0]["digest"]);
    // Findings about it and nothing else, the most severe first.
    let ids: Vec<&str> = report["findings"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"public-read") && !ids.contains(&"single-administrator"), "{ids:?}");
    assert_eq!(report["reach"][0], serde_json::json!({"resource": "node1:/work", "people": 2}));
    assert_eq!(report["timeline"][0]["added"], 2, "{report:#}");
    let changes = report["changes"].as_array().unwrap();
    assert!(changes.iter().all(|it| it["change"].as_str().unwrap().contains("node1:/work")), "{changes:#?}");
    assert!(changes.len() > 2);
    // Other parts, and other moments.
    let of_carol = tool.json("audit report --principal carol");
    assert_eq!(pairs(&of_carol), [("user:carol", "node1:/other")]);
    assert_eq!(of_carol["changes"], serde_json::json!([]));
    let before = tool.json(&format!("audit report --principal carol --at {}", tool.revision() - 1));
    assert_eq!(pairs(&before), []);
    tool.ok("audit review start q1 --of node1:/other");
    assert_eq!(pairs(&tool.json("audit report --review q1")), [("user:carol", "node1:/other")]);
    let _ = tool.fails(4, "audit report node1:/none", "no such file or folder");
    let _ = tool.fails(2, "audit report node1:/work --review q1", "cannot be used with");
}

#[test]
fn formats_show_text_as_typed() {
    let tool = store();
    tool.ok("account add '<img src=x onerror=alert(1)>'");
    tool.ok("share grant node1:/work '<img src=x onerror=alert(1)>' --permission view --admin");
    let page = tool.ok("audit report -o html");
    assert!(!page.contains("<img") && page.contains("\\u003cimg src=x"), "a name became a tag");
    assert!(page.starts_with("<!doctype html>") && page.contains("default-src 'none'"));
    let text = tool.ok("audit report -o markdown --since 1");
    assert!(text.contains("\\<img src\\=x") && text.contains("\\=the \\| pilot"), "{text}");
    let csv = tool.ok("audit report -o csv");
    assert!(csv.contains(",'=the | pilot,"), "{csv}");
    assert_eq!(tool.ok("audit report -o html --out report.html"), "");
    let written = std::fs::read_to_string(tool.folder().join("report.html")).unwrap();
    assert!(written.contains("<h1>Access report</h1>"));
    tool.ok("audit report -o json --out report.json");
    let written = std::fs::read(tool.folder().join("report.json")).unwrap();
    assert!(serde_json::from_slice::<Value>(&written).unwrap()["access"].is_array());
}

#[test]
fn a_reader_is_told_what_lists_tell() {
    let tool = store();
    // Bob holds a share through the group, and administers nothing.
    let report = tool.json("audit report --as bob");
    assert_eq!(report["findings"], serde_json::json!([]));
    assert!(!pairs(&report).iter().any(|(who, _)| *who == "user:carol"), "{report:#}");
    let _ = tool.fails(3, "audit report --since 1 -o markdown --as bob", "bob may not view-log");
    let _ = tool.fails(2, "audit report --since 1", "no room for what changed");
}
