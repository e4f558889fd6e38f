//! JSON Lines: manifests with one resource or binding per line.

use super::{STUDIO, write};
use crate::support::Tool;

#[test]
fn exported_rows_rebuild_the_store() {
    let from = Tool::studio();
    let rows = from.ok("export --format jsonl -q");
    assert_eq!(from.ok("export -o jsonl -q"), rows);
    let to = Tool::new();
    write(&to, "all.jsonl", &rows);
    assert!(to.ok("apply all.jsonl --yes").contains("Applied: 42 added, 0 changed, 0 removed."));
    assert_eq!(to.ok("export --format jsonl"), rows);
    assert_eq!(to.ok("export"), from.ok("export -q"));
    assert_eq!(to.ok("apply all.jsonl --yes"), "No changes.\n");
}

#[test]
fn rows_are_detected_by_the_format_the_name_or_the_first_line() {
    let tool = Tool::new();
    let row = "{\"account\":{\"name\":\"bob\"}}\n";
    for (name, options) in
        [("a.jsonl", ""), ("a.ndjson", ""), ("a.txt", ""), ("a.json", "--format jsonl"), ("rows", "")]
    {
        write(&tool, name, row);
        assert_eq!(tool.ok(&format!("validate {name} {options}")), "valid: 1 file, 1 statement, 0 tests\n", "{name}");
    }
    write(&tool, "b.jsonl", STUDIO);
    tool.ok("validate b.jsonl --format yaml");
    assert!(tool.run("validate b.jsonl").err.contains("the line is not JSON"));
    assert!(tool.sh(&format!("echo '{}' | rolebook validate -", row.trim())).out.contains("1 statement"));
}

#[test]
fn mistakes_in_rows_are_reported_with_their_lines() {
    let tool = Tool::new();
    let rows = [
        r#"{"manifest":{"version":1,"name":"s"}}"#,
        r#"{"acount":{"name":"u1"}}"#,
        r#"{"account":{"name":"u1","rol":"user"}}"#,
        r#"{"account":{}}"#,
        r#"{"account":{"name":"u1","name":"u2"}}"#,
        r#"{"member":{"of":"group:x","user":"a","group":"b"}}"#,
        r#"{"member":{"of":"endpoint:x","user":"a"}}"#,
        r#"{"member":{"of":"group:x","user":"a","level":"admin"}}"#,
        r#"{"workspace":{"name":"x"}}"#,
        r#"{"share":{"item":"n:/x","principal":"a"}}"#,
        r#"{"manifest":{"version":1}}"#,
        r#"{"account":{"name":"a"}} {}"#,
        "nonsense",
        "",
        r#"{"account":{"name":"last","role":"boss"}}"#,
    ];
    write(&tool, "m.jsonl", &rows.join("\n"));
    let ran = tool.fails(6, "validate m.jsonl", "the input has 13 mistakes");
    for part in [
        "m.jsonl:2:2: unknown row `acount`\n    2 | {\"acount\":{\"name\":\"u1\"}}\n      |  ^^^^^^^^\n    try: did you mean `account`?",
        "m.jsonl:3:25: unknown key `rol`",
        "m.jsonl:4:12: `name` is missing",
        "m.jsonl:5:25: duplicate key `name`",
        "m.jsonl:6:1: expected either `user` or `group`",
        "m.jsonl:7:1: user:a cannot be a member of endpoint:x",
        "m.jsonl:8:1: a group has no level `admin`",
        "m.jsonl:9:1: `name` is not a workspace",
        "m.jsonl:10:1: `permission` is missing",
        "m.jsonl:11:1: only the first row can be a `manifest` row",
        "m.jsonl:12:26: the line is not JSON: something follows the value",
        "m.jsonl:13:2: the line is not JSON",
        "m.jsonl:15:",
    ] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    // A refusal underlines its row too, and nothing is applied.
    write(&tool, "m.jsonl", "{\"account\":{\"name\":\"a\"}}\n{\"member\":{\"of\":\"group:none\",\"user\":\"a\"}}\n");
    let ran = tool.fails(4, "apply m.jsonl --yes", "this change cannot be made");
    assert!(ran.err.contains("m.jsonl:2:1: no such group: `none`\n    2 | {\"member\""), "{ran:?}");
    assert_eq!(tool.revision(), 0);
}

#[test]
fn many_rows_are_written_in_parts_as_one_revision() {
    let tool = Tool::new();
    let mut rows = String::from(
        "{\"manifest\":{\"version\":1,\"name\":\"bulk\"}}\n{\"account\":{\"name\":\"root\",\"role\":\"admin\"}}\n",
    );
    for number in 0..15_000 {
        rows.push_str(&format!("{{\"account\":{{\"name\":\"u{number}\"}}}}\n"));
    }
    rows.push_str("{\"group\":{\"name\":\"all\"}}\n");
    for number in 0..15_000 {
        rows.push_str(&format!("{{\"member\":{{\"of\":\"group:all\",\"user\":\"u{number}\"}}}}\n"));
    }
    // This row changes an account of an earlier part.
    rows.push_str("{\"account\":{\"name\":\"u7\",\"email\":\"u7@example.com\"}}\n");
    write(&tool, "bulk.jsonl", &rows);
    let done = tool.ok("apply bulk.jsonl --yes");
    assert!(done.contains("+ 15001 users\n") && done.contains("+ 15000 members\n"), "{done}");
    assert!(done.ends_with("revision 1\n"), "{done}");
    assert_eq!(tool.json("account show u7")["email"], "u7@example.com");
    assert_eq!(tool.json("group show all")["members"], 15_000);
    let verified = tool.json("audit verify");
    assert_eq!(verified["changes"], 15_001 * 2 + 1 + 15_000, "{verified}");
    assert_eq!(tool.ok("apply bulk.jsonl --yes"), "No changes.\n");
    // A refusal at the end rolls everything back.
    let before = tool.revision();
    let more = rows.replace("\"u1", "\"v1").replace("\"u7", "\"v7")
        + "{\"member\":{\"of\":\"group:none\",\"user\":\"root\"}}\n";
    write(&tool, "bulk.jsonl", &more);
    let _ = tool.fails(4, "apply bulk.jsonl --yes", "this change cannot be made");
    assert_eq!(tool.revision(), before);
    tool.ok("audit verify");
    let _ = tool.fails(4, "account show v1", "no such account");
}

#[test]
fn a_denied_row_rolls_back_the_rows_before_it() {
    let tool = Tool::staffed();
    let mut rows = String::new();
    for number in 0..25_000 {
        rows.push_str(&format!("{{\"account\":{{\"name\":\"u{number}\"}}}}\n"));
    }
    rows.push_str("{\"account\":{\"name\":\"boss\",\"role\":\"admin\"}}\n");
    write(&tool, "m.jsonl", &rows);
    let before = tool.revision();
    let _ = tool.fails(3, "apply m.jsonl --yes --as dana", "this change cannot be made");
    assert_eq!(tool.revision(), before + 1, "the denial is recorded");
    assert_eq!(tool.json("audit log --denied")[0]["changes"], serde_json::json!([]));
    let _ = tool.fails(4, "account show u3", "no such account");
    tool.ok("audit verify");
}

#[test]
fn a_table_imports_accounts_and_memberships() {
    let tool = Tool::staffed();
    tool.ok("group add editors");
    let table = "name,first_name,last_name,email,welcome_email\nuser1,John,Doe,jdoe@example.com,jdoe@example.com\nuser3,Jay,Johnson,jj@example.com\nbob,,,\n";
    write(&tool, "people.csv", table);
    let dry = tool.ok("import csv people.csv --group editors --dry-run");
    assert!(dry.contains("+ user:user1: role user, email jdoe@example.com, display_name John Doe"), "{dry}");
    assert!(dry.contains("people.csv:2\n") && dry.contains("Plan: 5 to add, 0 to change, 0 to remove."), "{dry}");
    tool.ok("import csv people.csv --group editors --as dana --reason 'moved here'");
    assert_eq!(tool.ok("import csv people.csv --group editors"), "No changes.\n");
    assert_eq!(tool.json("account show bob")["email"], "bob@example.com", "an empty cell changes nothing");
    write(&tool, "own.csv", "Login;Mail;Desk;workgroup\nzoe;zoe@example.com;7;w\n");
    let ran = tool.fails(6, "import csv own.csv --delimiter ';'", "the input has 3 mistakes");
    assert!(ran.err.contains("--map Login=FIELD"), "{ran:?}");
    let _ = tool.fails(
        4,
        "import csv own.csv --delimiter ';' --map Login=name --map Mail=email --map Desk=-",
        "this change cannot be made",
    );
    tool.ok("workgroup add w");
    tool.ok("import csv own.csv --delimiter ';' --map Login=name --map Mail=email --map Desk=-");
    assert_eq!(tool.json("workgroup members w")[0]["member"], "user:zoe");
    assert!(tool.sh("echo 'name\nyan' | rolebook import csv -").out.contains("+ user:yan"));
}

/// An export of a set contains the bindings that its rows declare on resources outside the set.
#[test]
fn the_export_of_a_set_includes_its_bindings_on_other_resources() {
    let tool = Tool::staffed();
    tool.ok("endpoint add n --kind node --node-version 4.4.6 --administrator alice");
    tool.ok("group add g");
    tool.ok("content add n:/a");
    let rows = "{\"manifest\":{\"version\":1,\"name\":\"x\"}}\n{\"member\":{\"of\":\"g\",\"user\":\"bob\"}}\n\
                {\"share\":{\"item\":\"n:/a\",\"principal\":\"bob\",\"permission\":\"view\"}}\n";
    write(&tool, "x.jsonl", rows);
    tool.ok("apply x.jsonl");
    for format in ["yaml", "jsonl"] {
        let plan = tool.sh(&format!("rolebook export --name x --format {format} | rolebook plan - --prune"));
        assert!(plan.status == 0 && !plan.out.contains("\n- ") && !plan.out.starts_with("- "), "{plan:?}");
    }
}

/// A member of an organization is a list of workspaces, or a mapping that can name a level.
#[test]
fn a_member_of_an_organization_can_have_a_level() {
    let tool = Tool::staffed();
    let org = |admins: &str, members: &str| {
        format!(
            "version: 1\norganizations: {{acme: {{admins: [{admins}], members: {{{members}}}, workspaces: {{dev: {{}}}}}}}}\n"
        )
    };
    write(&tool, "o.yaml", &org("alice", "bob: {level: admin}, carol: {workspaces: [dev]}, eve: {}, dana: [dev]"));
    tool.ok("apply o.yaml");
    let levels = tool.ok("org members acme -o tsv --columns member,role --no-headers");
    assert_eq!(levels, "user:alice\tadmin\nuser:bob\tadmin\nuser:carol\tmember\nuser:dana\tmember\nuser:eve\tmember\n");
    let inside = tool.ok("workspace members acme/dev -o tsv --columns member --no-headers");
    assert_eq!(inside, "user:carol\nuser:dana\n");
    assert!(tool.ok("plan o.yaml").contains("No changes"));
    for (admins, members, wanted) in [
        ("alice, bob", "bob: {level: member}", "bob is member here and admin in o.yaml:2:"),
        ("alice", "bob: {level: admin, workspaces: [dev]}", "bob is an admin of the organization"),
        ("alice", "bob: {level: boss}", "`organizations.acme.members.bob.level`: invalid value `boss`"),
        ("alice", "bob: dev", "expected a list or a mapping, found the text `dev`"),
    ] {
        write(&tool, "o.yaml", &org(admins, members));
        let ran = tool.fails(6, "validate o.yaml", "the input has a mistake");
        assert!(ran.err.contains(wanted), "{wanted}: {ran:?}");
    }
    write(&tool, "a.yaml", &org("alice", "bob: {level: admin}"));
    write(&tool, "b.yaml", &org("alice", "bob: {level: member}"));
    let ran = tool.fails(6, "validate a.yaml b.yaml", "the input has a mistake");
    assert!(ran.err.contains("`level` is `member` here and `admin` in a.yaml:2:"), "{ran:?}");
}

/// A row changes only the fields that it names, and is refused with a field that its membership does not have.
#[test]
fn a_member_keeps_the_level_that_a_row_does_not_name() {
    let tool = Tool::staffed();
    write(&tool, "o.yaml", "version: 1\norganizations: {acme: {admins: [alice, bob]}}\n");
    tool.ok("apply o.yaml");
    write(
        &tool,
        "m.jsonl",
        "{\"member\":{\"of\":\"org:acme\",\"user\":\"bob\"}}\n{\"member\":{\"of\":\"org:acme\",\"user\":\"eve\"}}\n",
    );
    let done = tool.ok("apply m.jsonl");
    assert!(done.contains("+ org:acme: member user:eve") && !done.contains("bob"), "{done}");
    for (row, key) in [
        (
            "{\"member\":{\"of\":\"org:acme\",\"user\":\"bob\",\"active\":false}}",
            "`active` does not apply to a member of org:acme",
        ),
        (
            "{\"member\":{\"of\":\"g\",\"user\":\"bob\",\"root-upload\":\"deny\"}}",
            "`root-upload` does not apply to a member of group:g",
        ),
    ] {
        write(&tool, "m.jsonl", &format!("{row}\n"));
        let ran = tool.fails(6, "validate m.jsonl", "the input has a mistake");
        assert!(ran.err.contains(key), "{ran:?}");
    }
}

/// Rows on standard input are detected by the first line that is not blank, also if it arrives in pieces.
#[test]
fn rows_on_standard_input_are_detected() {
    let tool = Tool::staffed();
    for input in [
        // A pipe holds less than this line, so the line arrives in pieces.
        "(printf '{\"account\":'; head -c 200000 /dev/zero | tr '\\0' ' '; printf '{\"name\":\"u1\"}}\\n')",
        "printf '\\n\\n{\"account\":{\"name\":\"u1\"}}\\n'",
    ] {
        let ran = tool.sh(&format!("{input} | rolebook validate -"));
        assert!(ran.out.contains("1 statement,"), "{ran:?}");
    }
    let ran = tool.sh("printf '{\"acount\":{\"name\":\"u1\"}}\\n' | rolebook validate -");
    assert!(ran.err.contains("unknown row `acount`") && ran.err.contains("did you mean `account`?"), "{ran:?}");
    let ran = tool.sh("printf '{\"accounts\":{\"u1\":{}}}\\n' | rolebook validate -");
    assert!(ran.err.contains("`version` is missing"), "{ran:?}");
}

/// One run reports the mistakes of all files, of rows beside a file, and of lines that are not text.
#[test]
fn mistakes_of_rows_and_files_are_reported_together() {
    let tool = Tool::staffed();
    std::fs::write(
        tool.folder().join("bad.jsonl"),
        b"{\"account\":{\"nam\":\"x\"}}\n{\"account\":\xff}\n{\"accout\":{}}\n",
    )
    .unwrap();
    let ran = tool.fails(6, "validate bad.jsonl", "the input has");
    for part in ["bad.jsonl:1:", "bad.jsonl:2:1: byte 12 of the line is not UTF-8", "bad.jsonl:3:"] {
        assert!(ran.err.contains(part), "{part}: {ran:?}");
    }
    write(&tool, "bad.yaml", "version: 1\nacounts: {}\n");
    let ran = tool.fails(6, "validate bad.yaml bad.jsonl", "the input has");
    for part in ["bad.yaml:2:1:", "bad.jsonl:1:", "bad.jsonl:3:"] {
        assert!(ran.err.contains(part), "{part}: {ran:?}");
    }
    write(&tool, "two.yaml", "version: 1\n---\nversion: 1\n");
    let ran = tool.fails(6, "validate two.yaml", "the input has a mistake");
    assert!(ran.err.contains("two.yaml:2:1: a second document begins here: a file holds one document"), "{ran:?}");
}
