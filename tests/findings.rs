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
    /// The policy that finds it.
    #[serde(default)]
    policy: Option<String>,
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
    if let Some(policy) = &case.policy {
        std::fs::write(tool.folder().join("policy.yaml"), policy).unwrap();
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
        let options = if case.policy.is_some() { "--policy policy.yaml" } else { "" };
        let found = findings(&tool, options);
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
        let left = findings(&tool, options);
        // What mends another finding can depend on this one.
        let without_fix =
            |it: &Value| it.as_object().unwrap().clone().into_iter().filter(|(key, _)| key != "fix").collect();
        let known: Vec<Value> = found.iter().map(without_fix).collect();
        let new = left.iter().any(|it| text(it, "id") == case.finding || !known.contains(&without_fix(it)));
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

/// A store with a finding: alice alone administers the server.
fn lone() -> Tool {
    let tool = clean();
    tool.ok("account set-role dana user");
    assert_eq!(ids(&tool, ""), ["single-administrator"]);
    tool
}

fn ids(tool: &Tool, options: &str) -> Vec<String> {
    findings(tool, options).iter().map(|it| text(it, "id").to_owned()).collect()
}

#[test]
fn an_accepted_finding_is_listed_apart_until_its_end() {
    let tool = lone();
    let _ = tool.fails(2, "audit accept single-administrator server", "a finding is accepted for a reason");
    let accept = "audit accept single-administrator server --reason 'a small team' --expires 30d";
    let _ = tool.fails(3, &format!("{accept} --as dana"), "user:dana may not configure on server");
    let done = tool.ok(&format!("{accept} --as alice"));
    assert!(done.contains("finding single-administrator") && done.contains("on server"), "{done}");
    assert!(ids(&tool, "").is_empty() && tool.run("audit findings --exit-code").status == 0);
    let accepted = findings(&tool, "--accepted");
    assert_eq!(accepted.len(), 1);
    assert_eq!((text(&accepted[0], "reason"), text(&accepted[0], "accepted_by")), ("a small team", "user:alice"));
    // Accepted again: the new reason and end.
    tool.ok("audit accept single-administrator server --principal user:alice --reason 'until May'");
    assert_eq!(text(&findings(&tool, "--accepted")[0], "reason"), "until May");
    tool.ok(&format!("undo {}", tool.revision()));
    tool.later(31 * 24 * 60 * 60);
    assert_eq!(ids(&tool, ""), ["single-administrator"]);
    assert!(findings(&tool, "--accepted").is_empty());
    assert_eq!(tool.run("audit findings --exit-code").status, 1);
    tool.ok("audit verify");
}

#[test]
fn only_what_is_found_is_accepted() {
    let tool = lone();
    for (line, message) in [
        ("single-administrator org:acme", "no such finding: `single-administrator on org:acme`"),
        ("public-read server", "no such finding: `public-read on server`"),
        ("single-administrator server --principal bob", "no such finding"),
        ("single-administrator org:nowhere", "no such organization: `nowhere`"),
    ] {
        let _ = tool.fails(4, &format!("audit accept {line} --reason why"), message);
    }
    let _ = tool.fails(2, "audit accept dormant server --reason why", "invalid value `dormant`");
    let _ = tool.fails(5, "audit accept single-administrator server --reason why --expires 2020-01-01", "the past");
}

#[test]
fn a_mistyped_resource_is_not_in_order() {
    let tool = clean();
    for name in ["node1:/wrok", "endpoint:node2", "user:nobody"] {
        let _ = tool.fails(4, &format!("audit findings {name} --exit-code"), "no such");
    }
}

#[test]
fn an_acceptance_for_one_principal_leaves_the_others() {
    let tool = clean();
    tool.ok("share grant archive:/reels anyone authenticated --permission view");
    tool.ok("audit accept public-read archive:/reels --principal anyone --reason 'press kit'");
    let left = findings(&tool, "");
    assert_eq!((left.len(), text(&left[0], "principal")), (1, "authenticated"));
    tool.ok("audit accept public-read archive:/reels --reason 'all of it'");
    assert!(findings(&tool, "").is_empty());
}

#[test]
fn options_choose_findings() {
    let tool = lone();
    tool.ok("share grant archive:/reels authenticated --permission view");
    tool.ok("group add night");
    assert_eq!(ids(&tool, ""), ["single-administrator", "empty-group", "public-read"]);
    assert_eq!(ids(&tool, "--severity warning"), ["single-administrator"]);
    assert_eq!(ids(&tool, "--id public-read,empty-group"), ["empty-group", "public-read"]);
    assert_eq!(ids(&tool, "--ignore public-read,empty-group"), ["single-administrator"]);
    assert_eq!(ids(&tool, "endpoint:archive"), ["public-read"]);
    assert_eq!(ids(&tool, "archive:/reels"), ["public-read"]);
    assert_eq!(ids(&tool, "user:alice"), ["single-administrator"]);
    assert_eq!(ids(&tool, "org:acme"), Vec::<String>::new());
    // As of the revision before the last one.
    assert_eq!(ids(&tool, &format!("--at {}", tool.revision() - 1)), ["single-administrator", "public-read"]);
    let _ = tool.fails(4, "audit findings org:nowhere", "no such organization: `nowhere`");
}

#[test]
fn readers_are_told_the_findings_of_what_they_administer() {
    let tool = lone();
    tool.ok("workgroup set color --admins-create-users");
    tool.ok("share grant archive:/reels authenticated --permission view");
    assert_eq!(ids(&tool, "--as alice").len(), 3);
    assert_eq!(ids(&tool, "--as carol"), ["global-user-creation"]);
    assert_eq!(ids(&tool, "--as dana"), ["public-read"]);
    let _ = tool.fails(3, "audit findings --as eve", "user:eve may not view-log on server");
}

#[test]
fn findings_are_written_as_sarif() {
    let tool = lone();
    tool.ok("share grant archive:/reels authenticated --permission view");
    let log: Value = serde_json::from_str(&tool.ok("audit findings -o sarif")).unwrap();
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    let schema: Value = serde_json::from_str(&sarif_schema()).unwrap();
    compiler.add_resource("sarif.json", schema).unwrap();
    let schema = compiler.compile("sarif.json", &mut schemas).unwrap();
    schemas.validate(&log, schema).unwrap_or_else(|wrong| panic!("{wrong:#}"));
    // Types made from the schema read it too.
    let typed: serde_sarif::sarif::Sarif = serde_json::from_value(log.clone()).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(typed.runs[0].results.as_ref().map(Vec::len), Some(results.len()));
    let levels: Vec<(&str, &str)> = results.iter().map(|it| (text(it, "ruleId"), text(it, "level"))).collect();
    assert_eq!(levels, [("single-administrator", "warning"), ("public-read", "note")]);
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let index = usize::try_from(results[0]["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!((rules.len(), text(&rules[index], "id")), (FindingKind::ALL.len(), "single-administrator"));
    let empty: Value = serde_json::from_str(&clean().ok("audit findings -o sarif")).unwrap();
    assert_eq!(empty["runs"][0]["results"], Value::Array(Vec::new()));
    schemas.validate(&empty, schema).unwrap();
    for other in ["account list", "audit findings --catalogue", "audit findings --accepted"] {
        let _ = tool.fails(2, &format!("{other} -o sarif"), "`-o sarif` is not a format of this command");
    }
}

/// The schema of SARIF 2.1.0, as it comes with a crate of types for it.
fn sarif_schema() -> String {
    // Crates for other platforms need not be there.
    let version = std::process::Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let package = metadata["packages"].as_array().unwrap().iter().find(|it| it["name"] == "serde-sarif").unwrap();
    let folder = std::path::Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
    std::fs::read_to_string(folder.join("src/schema.json")).unwrap()
}

#[test]
fn a_policy_says_what_is_in_order() {
    let tool = lone();
    tool.ok("dropbox invite intake x@example.com --expires 60d");
    tool.later(20 * 24 * 60 * 60);
    assert_eq!(ids(&tool, ""), ["single-administrator", "stale-invitation"]);
    let policy = |text: &str| std::fs::write(tool.folder().join("policy.yaml"), text).unwrap();
    policy("findings: {single-administrator: off, stale-invitation: 30d}\n");
    assert!(ids(&tool, "--policy policy.yaml").is_empty());
    policy("findings: {stale-invitation: 3w}\n");
    assert_eq!(ids(&tool, "--policy policy.yaml"), ["single-administrator"]);
    policy("findings: {single-administrator: 3d}\n");
    let ran = tool.fails(
        6,
        "audit findings --policy policy.yaml",
        "policy.yaml:1:34: `single-administrator` is not about age",
    );
    assert!(ran.err.contains("write `off`"), "{ran:?}");
    let _ = tool.fails(6, "audit findings --policy none.yaml", "none.yaml");
    policy("conflicts: [{name: x, each-of: [{may: view, on: 'org:none'}, {role: server:admin}]}]\n");
    let _ = tool.fails(4, "audit findings --policy policy.yaml", "no such organization: `none`");
}

#[test]
fn conflicts_are_found_in_effective_access() {
    let tool = clean();
    tool.ok("share grant node1:/work group:crew --permission browse,upload-files --admin");
    tool.ok("share grant node1:/work bob carol --permission browse,delete --admin");
    std::fs::write(
        tool.folder().join("policy.yaml"),
        "findings: {useless-set: off}\n\
         conflicts: [{name: maker-checker, why: four eyes, except: [eve], each-of: [\
         {may: upload, on: \"node1:/work/day1\"}, {may: delete, on: \"node1:/work/day1\"}]}]\n",
    )
    .unwrap();
    let found = findings(&tool, "--policy policy.yaml");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((text(&found[0], "id"), text(&found[0], "principal")), ("conflict", "user:bob"));
    let expected =
        "maker-checker: may upload on node1:/work/day1 through group:crew; may delete on node1:/work/day1 (four eyes)";
    assert_eq!(text(&found[0], "detail"), expected);
    assert_eq!(found[0]["since"], tool.revision());
    // As of before the second share nobody had both.
    assert!(findings(&tool, &format!("--policy policy.yaml --at {}", tool.revision() - 1)).is_empty());
    tool.ok("audit accept conflict node1:/work/day1 --principal bob --policy policy.yaml --reason 'covers for carol'");
    assert!(findings(&tool, "--policy policy.yaml").is_empty());
    assert_eq!(findings(&tool, "--policy policy.yaml --accepted").len(), 1);
}
