//! `audit findings`: each finding by itself, what mends it, who is told, and the catalogue.

use std::collections::BTreeSet;

use rolebook::model::catalogue::findings::FindingKind;
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::Value;

use crate::support::{Fixture, Tool};

/// How a store comes to have a finding.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The id of the finding.
    finding: String,
    /// The resource; for a resource with a number, its kind.
    on: String,
    #[serde(default)]
    principal: Option<String>,
    #[serde(default)]
    commands: Vec<String>,
    #[serde(default)]
    manifest: Option<String>,
    /// A change that no command makes.
    #[serde(default)]
    sql: Option<String>,
    /// How many days later the findings are asked for.
    #[serde(default)]
    later: u32,
    /// Findings that come with it.
    #[serde(default)]
    besides: Vec<String>,
}

fn cases() -> Vec<Case> {
    serde_saphyr::from_str(include_str!("findings.yaml")).unwrap()
}

/// A store without findings.
fn clean() -> Tool {
    static CLEAN: Fixture = Fixture::new();
    CLEAN.copy(|| {
        let tool = Tool::new();
        tool.set_clock("2030-01-01T00:00:00Z");
        std::fs::write(
            tool.folder().join("clean.yaml"),
            "version: 1\n\
             accounts: {alice: {role: admin}, dana: {role: admin}, bob: {email: bob@example.com}, carol: {}, eve: {}}\n\
             groups: {crew: [bob, eve]}\n\
             workgroups: {color: {send: members, admins: [carol]}}\n\
             dropboxes: {intake: {admins: [carol], members: [eve]}}\n\
             endpoints:\n\
             \x20 node1: {kind: node, node-version: \"4.4\", roles: {administrator: [alice, dana]}, content: {/work/day1: {}}}\n\
             \x20 archive: {kind: s3, roles: {administrator: [alice, dana]}, content: {/reels: {}}}\n\
             organizations: {acme: {admins: [alice, dana], members: {carol: [dev]}, workspaces: {dev: {}}}}\n",
        )
        .unwrap();
        tool.ok("apply clean.yaml");
        tool
    })
}

fn findings(tool: &Tool, options: &str) -> Vec<Value> {
    tool.json(&format!("audit findings {options}")).as_array().unwrap().clone()
}

fn text<'f>(finding: &'f Value, field: &str) -> &'f str {
    finding[field].as_str().unwrap_or_default()
}

/// Makes the store of a case.
fn made(case: &Case) -> Tool {
    let tool = clean();
    for command in &case.commands {
        let ran = tool.run(command);
        assert_eq!(ran.status, 0, "{case:?}: {ran:?}");
    }
    if let Some(manifest) = &case.manifest {
        std::fs::write(tool.folder().join("case.yaml"), manifest).unwrap();
        tool.ok("apply case.yaml");
    }
    if let Some(sql) = &case.sql {
        Connection::open(tool.store()).unwrap().execute(sql, []).unwrap();
    }
    tool.later(case.later * 24 * 60 * 60);
    tool
}

#[test]
fn a_store_in_order_has_no_findings() {
    let tool = clean();
    assert_eq!(findings(&tool, ""), Vec::<Value>::new());
    assert_eq!(tool.run("audit findings --exit-code").status, 0);
}

#[test]
fn each_finding_is_found_by_itself_and_mended_by_its_fix() {
    let mut wrong = Vec::new();
    for case in cases() {
        let tool = made(&case);
        let found = findings(&tool, "");
        let ids: BTreeSet<&str> = found.iter().map(|it| text(it, "id")).collect();
        let expected: BTreeSet<&str> = case.besides.iter().map(String::as_str).chain([case.finding.as_str()]).collect();
        let of_case = || found.iter().filter(|it| text(it, "id") == case.finding);
        let fits = |it: &Value| {
            text(it, "resource").split(':').next() == case.on.split(':').next()
                && (!case.on.contains(':') || text(it, "resource") == case.on)
                && it["principal"].as_str() == case.principal.as_deref()
        };
        if ids != expected || of_case().count() != 1 || !of_case().all(fits) {
            wrong.push(format!("{case:?}\n  found {found:#?}"));
            continue;
        }
        // The fix makes the finding go away, and brings no other.
        let one = of_case().next().unwrap();
        let fix: Vec<&str> = one["fix"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        for command in &fix {
            let ran = tool.sh(command);
            if ran.status != 0 {
                wrong.push(format!("{}: {ran:?}", case.finding));
            }
        }
        let left = findings(&tool, "");
        let new = left.iter().any(|it| text(it, "id") == case.finding || !found.contains(it));
        if fix.is_empty() || new {
            wrong.push(format!("{} after {fix:?}: {left:#?}", case.finding));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_finding_of_the_catalogue_has_a_case() {
    let cases: BTreeSet<String> = cases().into_iter().map(|it| it.finding).collect();
    let catalogue: BTreeSet<String> = FindingKind::WORDS.iter().map(|it| (*it).to_owned()).collect();
    assert_eq!(cases, catalogue);
}
