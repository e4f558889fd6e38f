//! Mistakes that the files alone show: `validate`, `plan` and `apply` give the same messages, positions and status.

use super::{HEAD, write};
use crate::support::Tool;

/// Manifests with a mistake at the position behind `§`, and its message: kinds, versions, cycles, shares of shares.
const IMPOSSIBLE: [(&str, &str); 17] = [
    ("endpoints: {§e: {kind: s3, node-version: 4.4.6}}", "an endpoint of kind s3 has no node software"),
    ("endpoints: {§e: {kind: host, of: 'n:/x'}}", "only a share opens a folder of another endpoint"),
    ("endpoints: {§e: {kind: share, of: 'e:/x'}}", "endpoint:e is a share itself"),
    ("endpoints: {§a: {of: 'b:/x'}, b: {of: 'n:/x'}}", "endpoint:b is a share itself"),
    ("endpoints: {e: {kind: node, roles: {access-manager: [§bob]}}}", "endpoint:e is of kind node"),
    ("endpoints: {e: {kind: host, roles: {access-manager: [§bob]}}}", "endpoint:e is of kind host"),
    (
        "endpoints: {e: {kind: s3, managed: false, roles: {access-manager: [§bob]}}}",
        "endpoint:e is not managed, so no role can be assigned on it",
    ),
    ("endpoints: {e: {kind: host, managed: false, roles: {administrator: [bob, §eve]}}}", "endpoint:e is not managed"),
    ("endpoints: {e: {kind: host, shares: {/a: {§bob: view}}}}", "endpoint:e is of kind host whose content"),
    ("endpoints: {e: {kind: s3, shares: {/a: {§bob: upload}}}}", "endpoint:e is of kind s3 that takes `view`"),
    (
        "endpoints: {e: {kind: s3, shares: {/a: {§'workgroup:w': view}}}}",
        "not an account, a group, `authenticated` or `anyone`: `workgroup:w`",
    ),
    (
        "endpoints: {e: {node-version: 3.7.3, shares: {/a: {§bob: [browse, delete]}}}}",
        "endpoint:e cannot hold a custom set of permissions",
    ),
    (
        "endpoints: {e: {kind: s3, content: {/a: {type: file}}, shares: {/a: {§bob: view}}}}",
        "`e:/a` is a file, not a folder",
    ),
    ("endpoints: {e: {kind: node, content: {/a: {type: file}, §/a/b: {}}}}", "`e:/a` is a file, not a folder"),
    ("groups: {g: [§'group:g']}", "group:g cannot be a member of group:g: a cycle"),
    (
        "groups: {a: ['group:b'], b: ['group:c'], c: [§'group:a', bob]}",
        "group:c cannot be a member of group:a: a cycle",
    ),
    ("accounts: {bob: {role: admin, expires: §2020-01-01}}", "an admin account never expires"),
];

#[test]
fn a_contradiction_in_a_file_is_a_mistake_in_every_command() {
    let tool = Tool::staffed();
    tool.ok("endpoint add n --kind node --node-version 4.4.6 --administrator alice");
    let before = tool.revision();
    for (marked, message) in IMPOSSIBLE {
        let column = marked.chars().position(|it| it == '§').unwrap() + 1;
        let (text, wanted) = (marked.replace('§', ""), format!("m.yaml:2:{column}: {message}"));
        write(&tool, "m.yaml", &format!("{HEAD}{text}\n"));
        let validated = tool.fails(6, "validate m.yaml", "the input has a mistake");
        // The message for a cycle names the last edge, which depends on the order of the search.
        let told = if message.contains("a cycle") { "a cycle" } else { &wanted };
        assert!(validated.err.contains(told) && validated.err.contains("m.yaml:2:"), "{wanted}: {validated:?}");
        for command in ["plan m.yaml", "apply m.yaml --yes", "apply m.yaml --dry-run", "apply m.yaml --as alice --yes"]
        {
            assert_eq!(tool.fails(6, command, "").err, validated.err, "{command}: {text}");
        }
    }
    assert_eq!(tool.revision(), before);
}

/// A mistake in a file does not depend on the store. Facts that the file leaves open are checked against the store.
#[test]
fn facts_that_a_file_leaves_open_are_checked_against_the_store() {
    let tool = Tool::staffed();
    tool.ok("endpoint add e --kind node --node-version 3.7.3 --administrator alice");
    tool.ok("group add a");
    tool.ok("group add b");
    tool.ok("group add-member a group:b");
    for (text, status, wanted) in [
        ("endpoints: {e: {shares: {/a: {bob: [browse, delete]}}}}", 5, "cannot hold a custom set"),
        ("endpoints: {e: {kind: node, shares: {/a: {bob: [browse, delete]}}}}", 5, "cannot hold a custom set"),
        ("endpoints: {e: {kind: s3, node-version: 4.4.6}}", 6, "has no node software"),
        ("endpoints: {e: {kind: s3}}", 5, "endpoint:e is of kind node, not s3"),
        ("groups: {b: ['group:a']}", 5, "a cycle"),
        ("groups: {b: [nobody-there]}", 4, "m.yaml:2:14: no such account: `nobody-there`"),
        ("endpoints: {e: {roles: {administrator: [nobody-there]}}}", 4, "m.yaml:2:41: no such account"),
        ("endpoints: {e: {content: {/a: {owner: nobody-there}}}}", 4, "m.yaml:2:27: no such account"),
        (
            "endpoints: {e: {shares: {/a: {bob: {permission: view, by: nobody-there}}}}}",
            4,
            "m.yaml:2:36: no such account",
        ),
        ("endpoints: {f: {kind: share, of: 'nowhere:/x', roles: {administrator: [alice]}}}", 4, "no such endpoint"),
        ("organizations: {o: {admins: [alice], workspaces: {w: {files: 'nowhere:/x'}}}}", 4, "no such endpoint"),
        ("organizations: {o: {admins: [alice], members: {bob: [nowhere]}}}", 4, "no such workspace"),
        ("accounts: {bob: {ensure: absent, transfer-to: nobody-there}}", 4, "m.yaml:2:12: no such account"),
    ] {
        write(&tool, "m.yaml", &format!("{HEAD}{text}\n"));
        assert_eq!(tool.run("validate m.yaml").status, if status == 6 { 6 } else { 0 }, "{text}");
        let ran = tool.fails(status, "plan m.yaml", "");
        assert!(ran.err.contains(wanted), "{text}: {ran:?}");
    }
    tool.ok("endpoint set e --node-version 4.4.6");
    write(
        &tool,
        "m.yaml",
        &format!("{HEAD}endpoints: {{e: {{kind: node, shares: {{/a: {{bob: [browse, delete]}}}}}}}}\n"),
    );
    tool.ok("apply m.yaml");
}

#[test]
fn rows_are_checked_against_earlier_rows_and_files() {
    let tool = Tool::staffed();
    let rows = [
        r#"{"endpoint":{"name":"e","kind":"s3","roles":{"administrator":["alice"]}}}"#,
        r#"{"role":{"endpoint":"e","role":"access-manager","principal":"bob"}}"#,
        r#"{"share":{"item":"e:/a","principal":"bob","permission":"upload"}}"#,
        r#"{"endpoint":{"name":"f","of":"e:/a","kind":"share","roles":{"administrator":["alice"]}}}"#,
        r#"{"endpoint":{"name":"g","of":"f:/a","kind":"share","roles":{"administrator":["alice"]}}}"#,
        r#"{"group":{"name":"a","members":["bob"]}}"#,
        r#"{"group":{"name":"b","members":["group:a"]}}"#,
        r#"{"member":{"of":"group:a","group":"b"}}"#,
    ];
    write(&tool, "m.jsonl", &rows.join("\n"));
    let before = tool.revision();
    for command in ["validate m.jsonl", "plan m.jsonl", "apply m.jsonl --yes"] {
        let ran = tool.fails(6, command, "the input has 3 mistakes");
        for part in ["m.jsonl:3:1: endpoint:e is of kind s3", "m.jsonl:5:1: endpoint:f is a share itself", "a cycle"] {
            assert!(ran.err.contains(part), "{command}: {ran:?}");
        }
    }
    assert_eq!(tool.revision(), before);
    // A file beside the rows declares the kind that they are checked against.
    write(&tool, "e.yaml", &format!("{HEAD}endpoints: {{e: {{kind: host, roles: {{administrator: [alice]}}}}}}\n"));
    write(&tool, "m.jsonl", "{\"share\":{\"item\":\"e:/a\",\"principal\":\"bob\",\"permission\":\"view\"}}\n");
    let _ = tool.fails(6, "plan e.yaml m.jsonl", "the input has a mistake");
    tool.ok("validate m.jsonl");
}

/// A cycle is found in time proportional to the number of groups, however long the cycle is.
#[test]
fn a_long_cycle_is_found() {
    let tool = Tool::bare();
    let rows: String = (0..20_000)
        .map(|at| format!("{{\"member\":{{\"of\":\"group:g{}\",\"group\":\"g{at}\"}}}}\n", (at + 1) % 20_000))
        .collect();
    write(&tool, "m.jsonl", &rows);
    let ran = tool.fails(6, "validate m.jsonl", "the input has a mistake");
    assert!(ran.err.contains("a cycle"), "{ran:?}");
}

/// The message for a contradiction of two files has both positions.
#[test]
fn a_contradiction_names_both_positions() {
    let tool = Tool::staffed();
    for (one, other, wanted) in [
        ("name: x", "name: y", "b.yaml:2:7: `name` is `y` here and `x` in a.yaml:2:7"),
        ("limits: {removals: 3}", "limits: {removals: 4}", "b.yaml:2:20: `removals` is 4 here and 3 in a.yaml:2:20"),
        (
            "server: {send: deny}",
            "server: {send: allow}",
            "b.yaml:2:16: `send` is `allow` here and `deny` in a.yaml:2:16",
        ),
        (
            "accounts: {bob: {settings: {send: deny}}}",
            "accounts: {Bob: {settings: {send: allow}}}",
            "b.yaml:2:35: `send` is `allow` here and `deny` in a.yaml:2:35",
        ),
        (
            "groups: {g: {exclusive: true}}",
            "groups: {g: {exclusive: false}}",
            "b.yaml:2:25: `exclusive` is false here and true in a.yaml:2:25",
        ),
        (
            "workgroups: {w: {members: [{user: bob, level: admin}]}}",
            "workgroups: {w: {members: [{user: bob, level: standard}]}}",
            "b.yaml:2:28: user:bob is standard here and admin in a.yaml:2:28",
        ),
        (
            "dropboxes: {d: {members: [{user: bob, active: false}]}}",
            "dropboxes: {d: {members: [{user: bob, active: true}]}}",
            "b.yaml:2:27: user:bob is active here and not active in a.yaml:2:27",
        ),
        (
            "endpoints: {n: {shares: {/a: {bob: view}}}}",
            "endpoints: {n: {shares: {/a: {bob: edit}}}}",
            "b.yaml:2:31: the share with user:bob differs from the one in a.yaml:2:31",
        ),
        (
            "organizations: {o: {admins: [bob]}}",
            "organizations: {o: {members: {bob: []}}}",
            "b.yaml:2:31: bob is member here and admin in a.yaml:2:30",
        ),
        (
            "organizations: {o: {workspaces: {w: {members: [{user: bob, level: member}]}}}}",
            "organizations: {o: {workspaces: {w: {members: [{user: bob, level: manager}]}}}}",
            "b.yaml:2:48: the workspace membership of bob differs from the one in a.yaml:2:48",
        ),
    ] {
        write(&tool, "a.yaml", &format!("{HEAD}{one}\n"));
        write(&tool, "b.yaml", &format!("{HEAD}{other}\n"));
        for command in ["validate", "plan", "apply --yes"] {
            let ran = tool.fails(6, &format!("{command} a.yaml b.yaml"), "the input has a mistake");
            assert!(ran.err.contains(wanted), "{ran:?}");
        }
        tool.ok("validate a.yaml a.yaml");
    }
    write(&tool, "a.yaml", &format!("{HEAD}name: x\n"));
    write(&tool, "b.jsonl", "\n{\"manifest\":{\"version\":1,\"name\":\"y\"}}\n");
    let ran = tool.fails(6, "plan a.yaml b.jsonl", "the input has a mistake");
    assert!(
        ran.err.contains("b.jsonl:2:1: the set is `y` here and `x` in a.yaml:2:7\n    2 | {\"manifest\""),
        "{ran:?}"
    );
}

/// "A sharer's lack of rights in a file of the operator's (`by: bea`) is 5".
#[test]
fn a_sharer_without_rights_is_a_conflict_in_a_file_of_the_operator() {
    let tool = Tool::staffed();
    tool.ok("endpoint add n --kind node --node-version 4.4.6 --administrator alice");
    tool.ok("content add n:/a");
    write(
        &tool,
        "m.yaml",
        &format!("{HEAD}endpoints: {{n: {{shares: {{/a: {{eve: {{permission: view, by: bob}}}}}}}}}}\n"),
    );
    tool.ok("validate m.yaml");
    let before = tool.revision();
    for command in ["plan m.yaml", "apply m.yaml --yes"] {
        let ran = tool.fails(5, command, "this change cannot be made");
        assert!(
            ran.err.contains("m.yaml:2:36: user:bob may not share=") && ran.err.contains("orphaned: true"),
            "{ran:?}"
        );
    }
    assert_eq!(tool.revision(), before, "nobody was denied anything, so nothing is recorded");
    let ran = tool.fails(3, "apply m.yaml --yes --as alice", "this change cannot be made");
    assert!(ran.err.contains("only user:bob may share as user:bob"), "{ran:?}");
}

/// An account with an expiry in the past is made as declared, with a warning that it may do nothing.
#[test]
fn an_expiry_in_the_past_gives_a_warning() {
    let tool = Tool::staffed();
    write(
        &tool,
        "m.yaml",
        &format!("{HEAD}accounts: {{zoe: {{expires: 2020-01-01}}, bob: {{expires: 2020-01-01T00:00:00Z}}}}\n"),
    );
    let ran = tool.run("apply m.yaml --yes");
    for who in ["zoe", "bob"] {
        let wanted = format!("warning: user:{who} expired at 2020-01-01T00:00:00Z, and may do nothing");
        assert!(ran.status == 0 && ran.err.contains(&wanted), "{ran:?}");
        assert_eq!(tool.json(&format!("account show {who}"))["status"], "expired");
    }
    assert_eq!(tool.run("apply m.yaml --yes").err, "", "a second apply does not warn");
}

#[test]
fn repeated_lists_are_read_and_nested_ones_refused() {
    let tool = Tool::staffed();
    let people: Vec<String> = (0..20).map(|at| format!("p{at}")).collect();
    let accounts: String = people.iter().map(|name| format!("  {name}: {{}}\n")).collect();
    let groups: String = (0..200).map(|at| format!("  g{at}: *everyone\n")).collect();
    write(
        &tool,
        "m.yaml",
        &format!("{HEAD}accounts:\n{accounts}groups:\n  all: &everyone [{}]\n{groups}", people.join(", ")),
    );
    assert_eq!(tool.ok("validate m.yaml"), "valid: 1 file, 4241 statements, 0 tests\n");
    tool.ok("apply m.yaml");
    assert_eq!(tool.json("group show g199")["members"], 20);
    // A mistake in a repeated list has the position of the repetition.
    write(&tool, "m.yaml", &format!("{HEAD}groups:\n  a: &x [bob]\n  b: [*x, eve]\n"));
    let ran = tool.fails(6, "validate m.yaml", "");
    assert!(
        ran.err.contains("m.yaml:4:7: `groups.b`: expected an account or a group or a mapping, found a list"),
        "{ran:?}"
    );
    assert!(ran.err.contains("write a repeated list as `*NAME` alone"), "{ran:?}");
}
