//! Ownership by sets: adoption, conflicts between sets, and pruning.

use rolebook::store::Store;
use serde_json::json;

use super::{HEAD, write};
use crate::support::Tool;

fn apply(tool: &Tool, set: &str, text: &str) -> String {
    write(tool, &format!("{set}.yaml"), &format!("{HEAD}name: {set}\n{text}\n"));
    tool.ok(&format!("apply {set}.yaml --prune --yes"))
}

#[test]
fn rows_made_by_hand_are_adopted_if_declared_and_else_untouched() {
    let tool = Tool::staffed();
    tool.ok("group add editors");
    tool.ok("group add-member editors bob eve");
    let done = apply(&tool, "studio", "groups: {editors: [bob]}");
    assert!(done.contains("= group:editors: sets none -> studio"), "{done}");
    assert!(done.contains("= group:editors: member user:bob, sets none -> studio"), "{done}");
    assert!(done.contains("Applied: 0 added, 0 changed, 0 removed, 2 adopted."), "{done}");
    // Eve was added by hand, so pruning keeps her.
    let done = apply(&tool, "studio", "groups: {editors: []}");
    assert!(done.contains("- group:editors: member user:bob"), "{done}");
    assert_eq!(tool.json("group members editors")[0]["member"], "user:eve");
    let _ = tool.fails(2, "plan studio.yaml --prune --take-over --max-removals x", "invalid value");
}

#[test]
fn without_a_name_nothing_is_owned_and_nothing_pruned() {
    let tool = Tool::staffed();
    write(&tool, "m.yaml", &format!("{HEAD}groups: {{a: [bob]}}\n"));
    tool.ok("apply m.yaml");
    let ran = tool.fails(2, "apply m.yaml --prune", "--prune needs a set");
    assert!(ran.err.contains("name: studio"), "{ran:?}");
    assert!(tool.run("export --name studio").err.contains("no such set: `studio`"));
}

#[test]
fn undeclared_rows_are_listed_and_pruned_on_demand() {
    let tool = Tool::staffed();
    apply(
        &tool,
        "s",
        "groups: {a: [bob], b: []}\nworkgroups: {w: {members: [bob], admins: [carol]}}\naccounts: {zoe: {}}",
    );
    write(&tool, "s.yaml", &format!("{HEAD}name: s\ngroups: {{a: []}}\n"));
    let plan = tool.ok("plan s.yaml");
    for name in
        ["group:b", "workgroup:w", "user:zoe", "user:bob as member of group:a", "user:carol as admin of workgroup:w"]
    {
        assert!(plan.contains(&format!("  {name}\n")), "{name}: {plan}");
    }
    assert!(plan.ends_with("No changes.\n"), "{plan}");
    assert_eq!(tool.ok("plan s.yaml --exit-code"), plan);
    let done = tool.ok("apply s.yaml --prune --yes");
    assert!(done.contains("- user:zoe: active true -> false"), "an account is only deactivated: {done}");
    assert!(done.contains("- workgroup:w\n") && done.contains("- group:b\n"), "{done}");
    assert_eq!(tool.ok("apply s.yaml --prune --yes"), "No changes.\n");
    assert_eq!(tool.json("account show zoe")["status"], "inactive");
}

#[test]
fn resources_that_hold_data_are_never_pruned() {
    let tool = Tool::staffed();
    tool.ok("account add root --role admin");
    let all = "dropboxes: {in: {members: [bob]}}\n\
        endpoints: {n: {kind: node, node-version: 4.4.6, roles: {administrator: [root]}, content: {/p: {owner: bob}}}}\n\
        organizations: {o: {admins: [root], workspaces: {w: {}}}}\naccounts: {zoe: {}}\n";
    apply(&tool, "s", all);
    tool.ok("content set n:/p --owner zoe");
    tool.ok("package send --title t --to dropbox:in --as bob");
    write(&tool, "s.yaml", &format!("{HEAD}name: s\ngroups: {{a: []}}\n"));
    let ran = tool.fails(5, "apply s.yaml --prune --yes --max-removals 99", "6 changes cannot be made");
    for what in [
        "dropbox:in is no longer declared, and holds packages",
        "n:/p is no longer declared",
        "workspace:o/w",
        "user:zoe",
        "endpoint:n is no longer declared, and has content",
    ] {
        assert!(ran.err.contains(what), "{what}: {ran:?}");
    }
    assert!(ran.err.contains("`ensure: absent`"), "{ran:?}");
}

#[test]
fn two_sets_own_equal_declarations_and_conflict_over_others() {
    let tool = Tool::staffed();
    apply(&tool, "one", "workgroups: {w: {send: members, members: [bob]}}");
    // The same value: both sets own it.
    let done = apply(&tool, "two", "workgroups: {w: {send: members, members: [bob, carol]}}");
    assert!(done.contains("~ workgroup:w: sets one -> one two"), "{done}");
    // Another value is a conflict.
    write(&tool, "two.yaml", &format!("{HEAD}name: two\nworkgroups: {{w: {{send: anyone, members: [bob, carol]}}}}\n"));
    let ran = tool.fails(5, "apply two.yaml", "this change cannot be made");
    for part in ["two.yaml:3:14: workgroup:w belongs to the set one", "leave it out here", "both own it", "--take-over"]
    {
        assert!(ran.err.contains(part), "{part}: {ran:?}");
    }
    tool.ok("apply two.yaml --take-over");
    assert_eq!(tool.json("workgroup show w")["send"], "anyone");
    let _ = tool.fails(5, "apply one.yaml", "this change cannot be made");
    // A row of two sets remains until neither declares it.
    apply(&tool, "three", "groups: {g: [bob]}");
    apply(&tool, "four", "groups: {g: [bob]}");
    let done = apply(&tool, "three", "groups: {other: []}");
    assert!(done.contains("~ group:g: sets four three -> four"), "{done}");
    assert_eq!(tool.json("group members g").as_array().unwrap().len(), 1);
    apply(&tool, "four", "groups: {other2: []}");
    let _ = tool.fails(4, "group show g", "no such group");
}

#[test]
fn one_set_can_be_exported_alone() {
    let tool = Tool::staffed();
    apply(&tool, "one", "groups: {a: [bob]}\nworkgroups: {w: {members: [bob]}}");
    apply(&tool, "two", "groups: {a: [bob, carol], b: []}");
    let one = tool.ok("export --name One");
    assert_eq!(one, "version: 1\nname: one\n\ngroups:\n  a: [bob]\n\nworkgroups:\n  w: {members: [bob]}\n");
    write(&tool, "back.yaml", &one);
    assert_eq!(tool.ok("apply back.yaml --prune"), "No changes.\n");
    // A snapshot gives the same rows of a set as the store.
    let reader = Store::open(&tool.store()).unwrap().read().unwrap();
    let in_memory = reader.facts().snapshot().unwrap();
    for (set, count) in [("one", (2, 2)), ("two", (2, 2)), ("on", (0, 0))] {
        let stored = reader.declared_by(set).unwrap();
        assert_eq!((stored.0.len(), stored.1.len()), count, "{set}");
        assert_eq!(in_memory.declared_by(set), stored, "{set}");
    }
    let ran = tool.fails(4, "export --name tow", "no such set: `tow`");
    assert!(ran.err.contains("did you mean `two`?"), "{ran:?}");
}

#[test]
fn the_sets_of_a_row_are_in_the_log_and_under_the_hash() {
    let tool = Tool::staffed();
    apply(&tool, "one", "groups: {a: [bob]}");
    apply(&tool, "two", "groups: {a: [bob]}");
    let last = tool.revision();
    let shown = tool.json(&format!("audit show {last}"));
    assert_eq!(shown["changes"][0]["after"]["sets"], json!(["one", "two"]), "{shown}");
    tool.ok("audit verify");
    let store = rusqlite::Connection::open(tool.store()).unwrap();
    store.execute_batch("UPDATE binding SET sets = NULL WHERE sets IS NOT NULL AND until IS NULL").unwrap();
    drop(store);
    assert_eq!(tool.run("audit verify").status, 1, "the removal of a set is detected");
    // An undo restores the sets.
    let other = Tool::staffed();
    apply(&other, "one", "groups: {a: [bob]}");
    apply(&other, "two", "groups: {a: [bob]}");
    other.ok(&format!("undo {} --yes", other.revision()));
    assert!(other.ok("export --name one").contains("a: [bob]"));
    assert!(other.run("export --name two").err.contains("no such set"));
}

#[test]
fn adopting_a_row_needs_the_right_to_change_it() {
    let tool = Tool::staffed();
    tool.ok("group add editors");
    write(&tool, "m.yaml", &format!("{HEAD}name: mine\naccounts: {{carol: {{}}}}\n"));
    let ran = tool.fails(3, "apply m.yaml --as bob", "this change cannot be made");
    assert!(ran.err.contains("m.yaml:3:12: user:bob may not edit on user:carol"), "{ran:?}");
    tool.ok("apply m.yaml --as dana");
    // The right to edit one's own account does not include renaming it.
    write(&tool, "m.yaml", &format!("{HEAD}accounts: {{robert: {{previously: bob}}}}\n"));
    let ran = tool.fails(3, "apply m.yaml --as bob", "this change cannot be made");
    assert!(ran.err.contains("user:bob may not delete on user:bob"), "{ran:?}");
    assert!(tool.ok("apply m.yaml --as dana").contains("> user:bob: name bob -> robert"));
    assert_eq!(tool.json("account show robert")["email"], "bob@example.com");
}

/// An apply does not change or remove rows of another set as a side effect: not the role of an account, not the owner
/// of a file, not a member that an exclusive list leaves out, not a binding that `ensure: absent` would end.
#[test]
fn rows_of_another_set_are_not_changed_or_removed_as_a_side_effect() {
    let tool = Tool::staffed();
    tool.ok("endpoint add n --kind node --node-version 4.4.6 --administrator alice");
    apply(
        &tool,
        "s",
        "accounts: {bob: {role: manager}}\ngroups: {g: [bob]}\nendpoints: {n: {content: {/x: {owner: bob}}}}",
    );
    for (text, what) in [
        ("accounts: {bob: {role: user}}", "user:bob belongs to the set s, and would be changed"),
        ("endpoints: {n: {content: {/x: {owner: eve}}}}", "n:/x belongs to the set s, and would be changed"),
        ("groups: {g: {ensure: absent}}", "group:g belongs to the set s, and would be removed"),
        ("groups: {g: {exclusive: true, members: [eve]}}", "user:bob as member of group:g belongs to the set s"),
    ] {
        write(&tool, "t.yaml", &format!("{HEAD}name: t\n{text}\n"));
        let before = tool.ok("export");
        let ran = tool.fails(5, "apply t.yaml --yes", "this change cannot be made");
        assert!(ran.err.contains(what) && ran.err.contains("t.yaml:3:"), "{what}: {ran:?}");
        assert_eq!(tool.ok("export"), before, "{what}");
    }
    // A conflict over a binding on the set's own resource has the position of that resource.
    apply(&tool, "u", "groups: {mine: []}");
    write(
        &tool,
        "rows.jsonl",
        "{\"manifest\":{\"version\":1,\"name\":\"v\"}}\n{\"member\":{\"of\":\"mine\",\"user\":\"bob\"}}\n",
    );
    tool.ok("apply rows.jsonl");
    write(&tool, "u.yaml", &format!("{HEAD}name: u\ngroups: {{mine: {{ensure: absent}}}}\n"));
    let ran = tool.fails(5, "apply u.yaml --yes", "this change cannot be made");
    assert!(ran.err.contains("u.yaml:3:10: user:bob as member of group:mine belongs to the set v"), "{ran:?}");
    // Equal values are no conflict: both sets own them.
    let done = apply(&tool, "t", "accounts: {bob: {role: manager}}\nendpoints: {n: {content: {/x: {owner: bob}}}}");
    assert!(done.contains("~ user:bob: sets s -> s t") && done.contains("~ n:/x: sets s -> s t"), "{done}");
    write(&tool, "t.yaml", &format!("{HEAD}name: t\naccounts: {{bob: {{role: user}}}}\n"));
    let done = tool.ok("apply t.yaml --take-over");
    assert!(done.contains("~ user:bob: role manager -> user, sets s t -> t"), "{done}");
    write(&tool, "nameless.yaml", &format!("{HEAD}accounts: {{bob: {{role: manager}}}}\n"));
    let _ = tool.fails(2, "apply nameless.yaml --take-over", "--take-over needs a set");
}

/// A resource with `ensure: absent` does not count as no longer declared.
#[test]
fn absent_resources_are_removed_before_pruning_refuses_them() {
    let tool = Tool::staffed();
    let all = "accounts: {bob: {}}\ngroups: {g: [bob], h: []}\n\
               endpoints: {n: {kind: node, roles: {administrator: [alice]}, content: {/: {}, /x: {owner: bob}, /y: {}}}}\n\
               organizations: {acme: {admins: [alice], workspaces: {dev: {}}}}";
    apply(&tool, "s", all);
    let text = "accounts: {bob: {ensure: absent, transfer-to: alice}}\ngroups: {h: {ensure: absent}}\n\
                endpoints: {n: {kind: node, roles: {administrator: [alice]}, content: {/x: {}, /y: {ensure: absent}}}}\n\
                organizations: {acme: {admins: [alice], workspaces: {dev: {ensure: absent}}}}";
    write(&tool, "s.yaml", &format!("{HEAD}name: s\n{text}\n"));
    let plan = tool.ok("plan s.yaml --max-removals 20");
    assert!(!plan.contains("  user:bob\n") && plan.contains("  group:g\n"), "{plan}");
    let done = tool.ok("apply s.yaml --prune --yes --max-removals 20");
    for gone in ["- user:bob\n", "- group:g\n", "- group:h\n", "- n:/y\n", "- workspace:acme/dev\n"] {
        assert!(done.contains(gone), "{gone}: {done}");
    }
    assert_eq!(tool.ok("apply s.yaml --prune"), "No changes.\n");
    // All resources of a set can be declared absent.
    apply(&tool, "rest", "groups: {a: [], b: []}");
    write(&tool, "rest.yaml", &format!("{HEAD}name: rest\ngroups: {{a: {{ensure: absent}}, b: {{ensure: absent}}}}\n"));
    let done = tool.ok("apply rest.yaml --prune --yes");
    assert!(done.contains("Applied: 0 added, 0 changed, 2 removed."), "{done}");
}

/// A plan shows an actor no hidden rows of a set: neither undeclared ones nor ones that would be removed.
#[test]
fn a_plan_shows_only_rows_that_the_actor_may_see() {
    let tool = Tool::staffed();
    apply(
        &tool,
        "s",
        "groups: {secret: {members: [bob], visible: members}}\nendpoints: {hidden: {kind: node, private: true, roles: {administrator: [alice]}, \
         content: {/p: {}}, shares: {/p: {bob: view}}}}\nworkgroups: {open: {send: anyone}}",
    );
    write(&tool, "s.yaml", &format!("{HEAD}name: s\nworkgroups: {{open: {{}}}}\n"));
    for command in ["plan s.yaml --as eve", "plan s.yaml --prune --as eve", "plan s.yaml --prune --as eve -o json"] {
        let ran = tool.run(command);
        for word in ["hidden", "secret"] {
            assert!(!ran.out.contains(word) && !ran.err.contains(word), "{command}: {ran:?}");
        }
        assert!(ran.err.contains("you may not see"), "{command}: {ran:?}");
    }
}

/// An endpoint counts as holding data if another endpoint opens a folder of it.
#[test]
fn an_endpoint_that_another_opens_is_not_pruned() {
    let tool = Tool::staffed();
    apply(&tool, "s", "groups: {g: []}\nendpoints: {a: {kind: s3, roles: {administrator: [alice]}}}");
    tool.ok("endpoint add sh --kind share --of a:/ --administrator eve");
    write(&tool, "s.yaml", &format!("{HEAD}name: s\ngroups: {{g: []}}\n"));
    let ran = tool.fails(5, "apply s.yaml --prune --yes", "another endpoint opens a folder of it");
    assert!(ran.err.contains("endpoint:a is no longer declared"), "{ran:?}");
}

/// An expired share matches its declaration, so an apply does not change it.
#[test]
fn an_expired_share_stays_declared() {
    let tool = Tool::staffed();
    let text = "endpoints: {n: {kind: node, roles: {administrator: [alice]}, exclusive: true, \
                shares: {/x: {bob: {permission: view, expires: SOON}}}}}";
    tool.set_clock("2030-01-01T09:00:00Z");
    apply(&tool, "s", &text.replace("SOON", "2030-01-01T09:00:01Z"));
    tool.later(1);
    assert_eq!(tool.ok("apply s.yaml --prune"), "No changes.\n");
}

/// `exclusive` in a file of another set hides nothing that its reader may list (docs/model.md#visibility).
#[test]
fn an_exclusive_list_names_members_that_the_reader_may_list() {
    let tool = Tool::staffed();
    apply(&tool, "one", "groups: {g: [bob]}\nworkgroups: {w: {members: [bob]}}");
    write(
        &tool,
        "two.yaml",
        &format!(
            "{HEAD}name: two\ngroups: {{g: {{members: [eve], exclusive: true}}}}\nworkgroups: {{w: {{members: [eve], exclusive: true}}}}\n"
        ),
    );
    for who in ["", "--as dana", "--as alice"] {
        let ran = tool.fails(5, &format!("plan two.yaml {who}"), "2 changes cannot be made");
        for part in [
            "two.yaml:3:10: user:bob as member of group:g belongs to the set one, and would be removed",
            "two.yaml:4:14: user:bob as standard of workgroup:w belongs to the set one, and would be removed",
        ] {
            assert!(ran.err.contains(part) && !ran.err.contains("may not see"), "{part}: {ran:?}");
        }
        let taken = tool.ok(&format!("plan two.yaml --take-over {who}"));
        assert!(
            taken.contains("- group:g: member user:bob") && taken.contains("- workgroup:w: member user:bob"),
            "{taken}"
        );
    }
}
