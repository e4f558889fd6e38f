//! Several files, some of them rows: contradictions are refused with both positions, whatever the formats are.

use super::{HEAD, write};
use crate::support::Tool;

/// A manifest, a row that contradicts it, and the message for the row.
const CONTRADICTIONS: [(&str, &str, &str); 15] = [
    (
        "accounts: {bob: {email: x@example.com}}",
        r#"{"account":{"name":"Bob","email":"y@example.com"}}"#,
        "`email` of user:bob is `y@example.com` here and has another value in a.yaml:2:12",
    ),
    (
        "accounts: {bob: {settings: {send: deny}}}",
        r#"{"account":{"name":"bob","settings":{"send":"allow"}}}"#,
        "`send` of user:bob is `allow` here",
    ),
    (
        "accounts: {zoe: {expires: 2031-01-01}}",
        r#"{"account":{"name":"zoe","expires":"never"}}"#,
        "`expires` of user:zoe is `never` here",
    ),
    (
        "accounts: {bob: {ensure: absent}}",
        r#"{"account":{"name":"bob"}}"#,
        "user:bob is declared here and absent in a.yaml:2:12",
    ),
    (
        "groups: {g: [bob]}",
        r#"{"group":{"name":"g","ensure":"absent"}}"#,
        "group:g is absent here and declared in a.yaml:2:10",
    ),
    (
        "groups: {g: {ensure: absent}}",
        r#"{"member":{"of":"group:g","user":"bob"}}"#,
        "group:g is declared here and absent",
    ),
    (
        "groups: {g: {members: [bob], exclusive: true}}",
        r#"{"group":{"name":"g","exclusive":false}}"#,
        "`exclusive` of group:g is `false` here",
    ),
    (
        "workgroups: {w: {admins: [carol]}}",
        r#"{"member":{"of":"workgroup:w","user":"carol","level":"standard"}}"#,
        "`level` of user:carol in workgroup:w is `standard` here and has another value in a.yaml:2:27",
    ),
    (
        "endpoints: {n: {kind: node, roles: {administrator: [alice]}}}",
        r#"{"endpoint":{"name":"n","kind":"s3"}}"#,
        "`kind` of endpoint:n is `s3` here",
    ),
    (
        "endpoints: {n: {kind: node, roles: {administrator: [alice]}, content: {/a: {owner: bob}}}}",
        r#"{"content":{"item":"n:/a","owner":"carol"}}"#,
        "`owner` of n:/a is `user:carol` here",
    ),
    (
        "endpoints: {n: {kind: node, roles: {administrator: [alice]}, shares: {/a: {bob: view}}}}",
        r#"{"share":{"item":"n:/a","principal":"bob","permission":"edit"}}"#,
        "`permission` of the share of n:/a with user:bob is",
    ),
    (
        "organizations: {acme: {admins: [alice]}}",
        r#"{"member":{"of":"org:acme","user":"alice","level":"member"}}"#,
        "`role` of user:alice in org:acme is `member` here",
    ),
    (
        "organizations: {acme: {admins: [alice], workspaces: {w: {root-upload: deny}}}}",
        r#"{"workspace":{"name":"acme/w","root-upload":"allow"}}"#,
        "`root-upload` of workspace:acme/w is `allow` here",
    ),
    (
        "organizations: {acme: {admins: [alice], members: {bob: []}, workspaces: {w: {members: [{user: bob, level: manager}]}}}}",
        r#"{"member":{"of":"workspace:acme/w","user":"bob","level":"member"}}"#,
        "`level` of user:bob in workspace:acme/w is `member` here",
    ),
    (
        "server: {public-links: allow}",
        r#"{"server":{"public-links":"deny"}}"#,
        "`public-links` of the server is `deny` here",
    ),
];

#[test]
fn contradicting_rows_and_files_are_refused_with_both_positions() {
    let tool = Tool::staffed();
    let before = tool.revision();
    for (yaml, row, wanted) in CONTRADICTIONS {
        write(&tool, "a.yaml", &format!("{HEAD}{yaml}\n"));
        write(&tool, "b.jsonl", &format!("{row}\n"));
        let ran = tool.fails(6, "validate a.yaml b.jsonl", "the input has a mistake");
        assert!(ran.err.contains(&format!("b.jsonl:1:1: {wanted}")), "{wanted}: {ran:?}");
        assert!(ran.err.contains(" in a.yaml:2:") && ran.err.contains(row), "{ran:?}");
        // The order of the files and the command make no difference.
        for command in ["validate b.jsonl a.yaml", "plan a.yaml b.jsonl", "apply b.jsonl a.yaml --yes"] {
            assert_eq!(tool.fails(6, command, "").err, ran.err, "{command}");
        }
        // Each file alone is valid.
        assert_ne!(tool.run("validate a.yaml").status, 6, "{yaml}");
        assert_ne!(tool.run("validate b.jsonl").status, 6, "{row}");
    }
    assert_eq!(tool.revision(), before);
}

#[test]
fn a_row_may_change_an_earlier_row_of_its_own_file_only() {
    let tool = Tool::staffed();
    let row = |name: &str, email: &str| format!("{{\"account\":{{\"name\":\"{name}\",\"email\":\"{email}\"}}}}\n");
    write(&tool, "a.jsonl", &(row("zoe", "x@example.com") + &row("zoe", "y@example.com")));
    tool.ok("validate a.jsonl");
    write(&tool, "b.jsonl", &row("Zoe", "x@example.com"));
    let ran = tool.fails(6, "apply a.jsonl b.jsonl --yes", "the input has a mistake");
    assert!(ran.err.contains("b.jsonl:1:1: `email` of user:zoe is `x@example.com` here"), "{ran:?}");
    assert!(ran.err.contains("and has another value in a.jsonl:2:1"), "{ran:?}");
    // Equal values, and a field in one file only, do not contradict.
    write(
        &tool,
        "b.jsonl",
        &(row("zoe", "y@example.com") + "{\"account\":{\"name\":\"zoe\",\"display-name\":\"Zoe\"}}\n"),
    );
    tool.ok("apply a.jsonl b.jsonl --yes");
    let zoe = tool.json("account show zoe");
    assert_eq!((zoe["email"].as_str(), zoe["display_name"].as_str()), (Some("y@example.com"), Some("Zoe")));
}
