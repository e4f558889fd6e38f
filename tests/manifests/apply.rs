//! Tests of `plan` and `apply` as commands.

use serde_json::{Value, json};

use super::{HEAD, STUDIO, with_studio_file, write};
use crate::support::Tool;

#[test]
fn the_manifest_of_the_studio_gives_the_same_access_as_its_script() {
    let by_script = Tool::studio();
    let by_file = with_studio_file();
    let applied = by_file.ok("apply studio.yaml");
    assert!(applied.contains("+ user:alice: role admin, email alice@example.com"), "{applied}");
    assert!(applied.contains("studio.yaml:13\n"), "{applied}");
    assert!(applied.ends_with("Applied: 42 added, 0 changed, 0 removed.\nrevision 1\n"), "{applied}");
    // The access is the same, except on resources that manifests do not hold.
    let other = by_file.store().display().to_string();
    let differences = by_script.json(&format!("perm diff --from '{other}' --to {}", by_script.revision()));
    let left_out = ["package:", "access-token:", "signing-key:", "media:", "stream:", "invitee:"];
    for row in differences.as_array().unwrap() {
        let of = |field: &str| row[field].as_str().unwrap().to_owned();
        let is_left_out =
            left_out.iter().any(|kind| of("resource").starts_with(kind) || of("principal").starts_with(kind));
        assert!(is_left_out, "{row}");
    }
    // On the store of the script, the manifest only adopts what exists.
    write(&by_script, "studio.yaml", STUDIO);
    let plan = by_script.json("plan studio.yaml");
    let actions: Vec<&str> =
        plan["changed"].as_array().unwrap().iter().map(|it| it["action"].as_str().unwrap()).collect();
    assert!(actions.iter().all(|action| *action == "adopt") && actions.len() > 30, "{actions:?}");
}

#[test]
fn the_second_apply_changes_nothing_and_makes_no_revision() {
    let tool = with_studio_file();
    tool.ok("apply studio.yaml");
    let revision = tool.revision();
    assert_eq!(tool.ok("apply studio.yaml"), "No changes.\n");
    assert_eq!(tool.ok("plan studio.yaml --exit-code"), "No changes.\n");
    assert_eq!(tool.revision(), revision);
    assert_eq!(tool.json("apply studio.yaml")["revision"], Value::Null);
}

#[test]
fn a_plan_shows_the_changes_of_the_apply() {
    let tool = with_studio_file();
    let plan = tool.run("plan studio.yaml --exit-code -o json");
    assert_eq!(plan.status, 1, "{plan:?}");
    assert_eq!(tool.revision(), 0, "a plan changes nothing");
    let planned: Value = serde_json::from_str(&plan.out).unwrap();
    let applied = tool.json("apply studio.yaml");
    assert_eq!(planned["changed"], applied["changed"]);
    assert_eq!(planned["digest"], applied["digest"]);
    assert_eq!(planned["counts"], json!({"add": 42, "change": 0, "rename": 0, "adopt": 0, "remove": 0}));
    let first = &applied["changed"][0];
    assert_eq!((first["action"].as_str(), first["line"].as_u64()), (Some("add"), Some(8)));
}

#[test]
fn each_type_of_change_has_its_sign() {
    let tool = with_studio_file();
    tool.ok("account add bob --email old@example.com");
    let changed = STUDIO
        .replace("  night-shift: [eve]", "  late-shift: {members: [eve, carol], previously: night-shift}")
        .replace("group:night-shift", "group:late-shift")
        .replace("send: members", "send: admins");
    let first = tool.ok("apply studio.yaml");
    assert!(first.contains("= user:bob: email old@example.com -> bob@example.com, sets none -> studio"), "{first}");
    write(&tool, "studio.yaml", &changed);
    let plan = tool.ok("plan studio.yaml");
    for line in [
        "> group:night-shift: name night-shift -> late-shift",
        "+ group:late-shift: member user:carol",
        "~ workgroup:color: send members -> admins",
        "Plan: 1 to add, 1 to change, 0 to remove, 1 to rename.",
    ] {
        assert!(plan.contains(line), "{line}: {plan}");
    }
    tool.ok("apply studio.yaml");
    assert!(tool.may("eve", "send", "workgroup:dailies"));
    assert_eq!(tool.ok("apply studio.yaml"), "No changes.\n", "`previously` has no effect after the rename");
}

#[test]
fn changes_of_access_are_shown_with_access() {
    let tool = with_studio_file();
    tool.ok("apply studio.yaml");
    write(&tool, "studio.yaml", &STUDIO.replace("  editors: [bob]", "  editors: [bob, eve]"));
    let plan = tool.ok("plan studio.yaml --access");
    assert!(plan.contains("For people:\n"), "{plan}");
    assert!(plan.contains("+ user:eve gains") && plan.contains("workgroup:color"), "{plan}");
    let rows = tool.json("plan studio.yaml --access");
    assert!(rows["access"].as_array().unwrap().iter().all(|row| row["principal"] == "user:eve"), "{rows}");
    let dry = tool.ok("apply studio.yaml --dry-run --access");
    assert_eq!(dry, plan);
}

#[test]
fn several_files_and_folders_are_one_manifest() {
    let tool = Tool::new();
    std::fs::create_dir_all(tool.folder().join("m/sub/.hidden")).unwrap();
    write(&tool, "m/a.yaml", "version: 1\nname: x\naccounts: {bob: {}, Eve: {}}\ngroups: {editors: [bob]}\n");
    write(
        &tool,
        "m/sub/b.yml",
        "version: 1\naccounts: {bob: {email: b@example.com}}\ngroups: {Editors: {members: [eve]}}\n",
    );
    write(&tool, "m/sub/c.json", "{\"version\": 1, \"groups\": {\"editors\": [\"user:eve\"]}}");
    write(&tool, "m/sub/.hidden/d.yaml", "nonsense");
    write(&tool, "m/notes.txt", "nonsense");
    tool.ok("apply m");
    assert_eq!(tool.json("account show bob")["email"], "b@example.com");
    assert_eq!(tool.json("group members editors").as_array().unwrap().len(), 2);
    write(&tool, "m/z.yaml", "version: 1\naccounts:\n  user:bob: {email: c@example.com}\n");
    let ran = tool.fails(6, "plan m", "the input has a mistake");
    assert!(
        ran.err.contains("m/z.yaml:3:21: `email` is `c@example.com` here and `b@example.com` in m/sub/b.yml:2:25"),
        "{ran:?}"
    );
    write(&tool, "m/z.yaml", "version: 1\nname: y\n");
    let ran = tool.fails(6, "plan m", "the input has a mistake");
    assert!(ran.err.contains("`name` is `y` here and `x` in m/a.yaml:2:7"), "{ran:?}");
    let _ = tool.fails(6, "plan none", "cannot be read");
    std::fs::create_dir(tool.folder().join("empty")).unwrap();
    let _ = tool.fails(6, "plan empty", "holds no");
}

#[test]
fn json_and_standard_input_are_manifests_too() {
    let tool = Tool::new();
    let text = r#"{"version": 1, "accounts": {"bob": {"role": "manager"}}}"#;
    assert!(tool.sh(&format!("echo '{text}' | rolebook apply -")).out.contains("+ user:bob: role manager"));
    assert_eq!(tool.json("account show bob")["role"], "manager");
}

#[test]
fn every_refusal_has_its_position_and_nothing_is_applied() {
    let tool = Tool::staffed();
    let before = tool.revision();
    write(&tool, "m.yaml", "version: 1\ngroups:\n  a: [nobody, group:b]\n  b: [bob]\nendpoints:\n  e: {kind: host}\n");
    let ran = tool.fails(4, "apply m.yaml", "2 changes cannot be made");
    for part in [
        "m.yaml:3:7: no such account: `nobody`\n    3 |   a: [nobody, group:b]\n      |       ^^^^^^",
        "m.yaml:6:3: endpoint:e needs an administrator",
        "try: roles: {administrator: [NAME]}",
    ] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    assert_eq!(tool.revision(), before);
    // A consequence of a refusal is not reported again.
    write(
        &tool,
        "m.yaml",
        "version: 1\ngroups: {a: [x], 'b': [group:a]}\naccounts: {x: {role: admin, email: a@b.c}}\n",
    );
    let ran = tool.fails(3, "apply m.yaml --as bob", "");
    assert!(!ran.err.contains("no such"), "{ran:?}");
}

#[test]
fn an_apply_as_an_actor_is_bound_by_their_rights() {
    let tool = Tool::staffed();
    write(&tool, "m.yaml", "version: 1\nname: x\ngroups: {crew: [bob, carol]}\nworkgroups: {hall: {send: anyone}}\n");
    let ran = tool.fails(3, "apply m.yaml --as bob", "2 changes may not be made");
    assert!(ran.err.contains("m.yaml:3:10:") && ran.err.contains("m.yaml:4:14:"), "{ran:?}");
    let log = tool.json("audit log --denied");
    assert_eq!(log[0]["command"], "apply m.yaml");
    tool.ok("apply m.yaml --as dana");
    assert_eq!(tool.json("audit log")[0]["actor"], "user:dana");
    // An actor who may see that nothing changes needs no further rights.
    assert_eq!(tool.ok("apply m.yaml --as dana"), "No changes.\n");
    let ran = tool.run("apply m.yaml --as eve");
    assert!(ran.status == 3 || ran.status == 5, "an actor who may not see the state is refused: {ran:?}");
}

#[test]
fn failing_tests_of_a_manifest_stop_the_apply() {
    let tool = with_studio_file();
    let broken =
        STUDIO.replace("        carol: {permission: edit, by: alice}", "        carol: {permission: view, by: alice}");
    write(&tool, "studio.yaml", &broken.replace("      /projects/day01: {eve: {permission: view, by: carol}}\n", ""));
    for command in ["plan studio.yaml", "apply studio.yaml"] {
        let ran = tool.run(command);
        assert_eq!(ran.status, 1, "{ran:?}");
        assert!(ran.out.contains("failed studio.yaml:69: only alice, carol can upload node1:/projects"), "{ran:?}");
    }
    assert_eq!(tool.revision(), 0);
}

#[test]
fn removals_need_a_confirmation() {
    let tool = with_studio_file();
    tool.ok("apply studio.yaml");
    write(&tool, "gone.yaml", "version: 1\nworkgroups: {color: {ensure: absent}}\n");
    let ran = tool.fails(5, "apply gone.yaml", "this change cannot be made");
    assert!(ran.err.contains("workgroup:color belongs to the set studio, and would be removed"), "{ran:?}");
    write(&tool, "gone.yaml", "version: 1\nname: studio\nworkgroups: {color: {ensure: absent}}\n");
    let ran = tool.fails(5, "apply gone.yaml", "not confirmed, so nothing was changed");
    assert!(ran.err.contains("user:carol as admin of workgroup:color"), "{ran:?}");
    let done = tool.ok("apply gone.yaml --yes");
    assert!(done.contains("- workgroup:color\n") && done.contains("Applied: 0 added, 0 changed, 4 removed."), "{done}");
    assert!(tool.ok("apply gone.yaml").ends_with("No changes.\n"));
}

#[test]
fn a_saved_plan_is_applied_only_with_the_same_effects() {
    let tool = with_studio_file();
    tool.ok("plan studio.yaml --out p.plan");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(tool.folder().join("p.plan")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let ran = tool.fails(6, "apply p.plan", "not a manifest: `p.plan` is a saved plan");
    assert!(ran.err.contains("rolebook apply --plan p.plan"), "{ran:?}");
    // An unrelated change leaves the plan valid; applying it makes it stale.
    tool.ok("account add somebody");
    std::fs::remove_file(tool.folder().join("studio.yaml")).unwrap();
    let _ = tool.fails(5, "apply --plan p.plan --as somebody", "the plan was made as the operator");
    assert!(tool.ok("apply --plan p.plan").contains("Applied: 42 added, 0 changed, 0 removed."));
    let ran = tool.fails(5, "apply --plan p.plan", "the plan no longer has the planned effects");
    assert!(ran.err.contains("only planned: + {\"change\":\"added\",\"ref\":\"user:alice\""), "{ran:?}");
    write(&tool, "p.plan", "{}");
    let _ = tool.fails(6, "apply --plan p.plan", "is not a saved plan");
    let _ = tool.fails(2, "apply --plan p.plan --prune", "cannot be used with");
}

#[test]
fn ensure_deactivates_removes_and_activates_accounts() {
    let tool = Tool::staffed();
    write(
        &tool,
        "m.yaml",
        &format!("{HEAD}accounts:\n  bob: {{ensure: inactive}}\n  carol: {{ensure: absent, transfer-to: eve}}\n"),
    );
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --administrator alice");
    tool.ok("content add node1:/p --owner carol");
    let done = tool.ok("apply m.yaml --yes --max-removals 3");
    assert!(done.contains("- user:bob: active true -> false"), "{done}");
    assert_eq!(tool.json("share list node1:/p")[0]["principal"], "user:eve");
    assert_eq!(tool.json("account show bob")["status"], "inactive");
    write(&tool, "m.yaml", &format!("{HEAD}accounts: {{bob: {{}}}}\n"));
    let ran = tool.run("apply m.yaml");
    assert!(ran.err.contains("user:bob is inactive and stays inactive"), "{ran:?}");
    write(&tool, "m.yaml", &format!("{HEAD}accounts: {{bob: {{ensure: present}}}}\n"));
    tool.ok("apply m.yaml");
    assert_eq!(tool.json("account show bob")["status"], "active");
}

#[test]
fn exclusive_lists_remove_other_members() {
    let tool = Tool::staffed();
    tool.ok("group add editors");
    tool.ok("group add-member editors bob carol eve");
    write(&tool, "m.yaml", &format!("{HEAD}groups: {{editors: {{members: [bob], exclusive: true}}}}\n"));
    let plan = tool.ok("plan m.yaml");
    assert!(plan.contains("- group:editors: member user:carol") && plan.contains("2 to remove"), "{plan}");
    tool.ok("apply m.yaml --yes");
    assert_eq!(tool.json("group members editors").as_array().unwrap().len(), 1);
    assert_eq!(tool.ok("apply m.yaml"), "No changes.\n");
}

#[test]
fn an_empty_exclusive_path_ends_all_its_shares() {
    let tool = with_studio_file();
    tool.ok("apply studio.yaml");
    let text = "name: studio\nendpoints: {archive: {exclusive: true, shares: {/open: {}}, roles: {administrator: [alice], access-manager: [group:editors]}}}";
    write(&tool, "m.yaml", &format!("{HEAD}{text}\n"));
    let plan = tool.ok("plan m.yaml");
    assert!(
        plan.contains("- archive:/open: share with authenticated")
            && plan.contains("Plan: 0 to add, 0 to change, 1 to remove."),
        "{plan}"
    );
}

#[test]
fn no_apply_locks_anybody_out() {
    let tool = with_studio_file();
    tool.ok("apply studio.yaml");
    tool.ok("group add-member editors group:night-shift");
    let before = tool.revision();
    for (text, wanted) in [
        ("accounts: {alice: {role: user}}", "this would leave the server without an active admin"),
        ("accounts: {alice: {ensure: inactive}}", "this would leave the server without an active admin"),
        ("organizations: {acme: {members: {alice: []}}}", "this would leave org:acme without an active administrator"),
        (
            "endpoints: {node1: {roles: {administrator: [bob]}, exclusive: true}}\naccounts: {bob: {ensure: inactive}}",
            "without an active administrator",
        ),
        ("groups: {night-shift: [group:editors]}", "a cycle"),
    ] {
        write(&tool, "m.yaml", &format!("{HEAD}name: studio\n{text}\n"));
        let ran = tool.run("apply m.yaml --yes --max-removals 99");
        assert_eq!(ran.status, 5, "{text}: {ran:?}");
        assert!(ran.err.contains(wanted), "{text}: {ran:?}");
        assert_eq!(tool.revision(), before);
    }
}
