//! The log, its readers, and undo, through the program.

use crate::support::Tool;

#[test]
fn the_log_says_who_did_what_when_and_why() {
    let tool = Tool::staffed();
    tool.ok("account set-role bob manager --as alice --reason 'covers for dana'");
    let log = tool.json("audit log --limit 1");
    let entry = &log[0];
    assert_eq!(entry["actor"], "user:alice");
    assert_eq!(entry["command"], "account set-role bob manager");
    assert_eq!(entry["reason"], "covers for dana");
    assert_eq!(
        entry["changes"],
        serde_json::json!([{"change": "changed", "ref": "user:bob", "before": {"role": "user"}, "after": {"role": "manager"}}])
    );
    assert_eq!(entry["digest"].as_str().unwrap().len(), 64);
    assert!(!entry["operator"].as_str().unwrap().is_empty());
    assert_eq!(
        tool.json("audit log --limit 1 --actor operator")[0]["command"],
        "account add eve --email eve@example.com"
    );
}

#[test]
fn a_denied_change_is_in_the_log_without_changes() {
    let tool = Tool::staffed();
    let before = tool.revision();
    tool.fails(3, "account set-role bob admin --as dana", "may not set-role=admin");
    let entry = tool.json(&format!("audit show {}", before + 1));
    assert_eq!((entry["denied"].as_bool(), entry["changes"].as_array().unwrap().len()), (Some(true), 0));
    assert_eq!((entry["rule"].as_str(), entry["actor"].as_str()), (Some("account.managers-limits"), Some("user:dana")));
    assert_eq!(tool.json("audit log --denied").as_array().unwrap().len(), 1);
    tool.fails(3, "account set-role bob admin --as dana --dry-run", "may not");
    tool.fails(4, "workgroup show nope --as dana", "no such workgroup");
    assert_eq!(tool.run("perm check bob configure server").status, 1);
    assert_eq!(tool.revision(), before + 1, "neither dry runs, nor questions, nor what is not there");
    assert!(tool.ok("audit verify").starts_with("verified: 6 revisions"));
}

#[test]
fn only_a_limit_cuts_the_log_and_it_says_how_to_continue() {
    let tool = Tool::staffed();
    let ran = tool.run("audit log --limit 2 --columns revision --no-headers");
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("5\n4\n", "warning: there is more: go on with --after 4\n"));
    assert_eq!(tool.ok("audit log --at 2 --columns revision --no-headers"), "2\n1\n");
    let ran = tool.run("audit log --limit 3 --after 4 --columns revision --no-headers");
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("3\n2\n1\n", ""));
}

#[test]
fn server_admins_read_the_log_and_workgroup_admins_the_part_about_their_workgroups() {
    let tool = Tool::studio();
    let all = tool.json("audit log").as_array().unwrap().len();
    assert_eq!(tool.json("audit log --as alice").as_array().unwrap().len(), all);
    tool.fails(3, "audit log --as bob", "may not view-log on server");
    tool.fails(3, "audit log --as dana", "may not view-log on server");
    let own = tool.json("audit log --as carol");
    let own = own.as_array().unwrap();
    assert!(!own.is_empty() && own.len() < all);
    for entry in own {
        for change in entry["changes"].as_array().unwrap() {
            let on = change["ref"].as_str().unwrap();
            assert!(["workgroup:color", "dropbox:intake"].contains(&on) || on.starts_with("invitation:"), "{entry}");
        }
    }
    tool.fails(4, "audit show 1 --as carol", "no such revision");
    tool.ok("audit show 12 --as carol");
    assert_eq!(tool.json("audit log --on workgroup:color").as_array().unwrap().last().unwrap()["revision"], 10);
}

#[test]
fn names_in_the_log_are_those_of_the_time() {
    let tool = Tool::staffed();
    tool.ok("group add editors");
    let made = tool.revision();
    tool.ok("group rename editors cutters");
    tool.ok("account remove bob --destroy --yes");
    assert_eq!(tool.json(&format!("audit show {made}"))["changes"][0]["ref"], "group:editors");
    // An ended resource is written with its id, so that a later one of the same name is not mistaken for it.
    let bob = tool.json("audit show 3")["changes"][0]["ref"].as_str().unwrap().to_owned();
    assert!(bob.strip_prefix("user:bob#").is_some_and(|id| id.parse::<u64>().is_ok()), "{bob}");
}

#[test]
fn a_revision_shows_each_field_before_and_after() {
    let tool = Tool::staffed();
    let changes = |tool: &Tool| {
        let shown = tool.ok(&format!("audit show {}", tool.revision()));
        shown.lines().filter(|line| line.starts_with("  ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(changes(&tool), ["  + user:eve", "      role: user", "      email: eve@example.com"]);
    tool.ok("account set bob --send-external deny --display-name 'Bob B.'");
    assert_eq!(
        changes(&tool),
        ["  ~ user:bob", "      display_name: none -> Bob B.", "      send_external: default -> deny"]
    );
    tool.ok("account set-role bob manager");
    assert_eq!(changes(&tool), ["  ~ user:bob", "      role: user -> manager"]);
    tool.ok("workgroup add color --send members");
    assert_eq!(changes(&tool), ["  + workgroup:color", "      send: members"]);
    tool.ok("workgroup add-member color bob");
    assert_eq!(changes(&tool), ["  + workgroup:color: member user:bob", "      level: standard"]);
    tool.ok("workgroup remove color --yes");
    let last = tool.revision();
    let color = tool.json(&format!("audit show {last}"))["changes"][0]["ref"].as_str().unwrap().to_owned();
    assert!(color.starts_with("workgroup:color#"), "{color}");
    assert_eq!(
        changes(&tool),
        [
            format!("  - {color}"),
            "      send: members".to_owned(),
            format!("  - {color}: member user:bob"),
            "      level: standard".to_owned()
        ]
    );
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --as alice");
    tool.ok("content add node1:/a --owner bob");
    tool.ok("share grant node1:/a carol --permission view --as bob");
    assert_eq!(changes(&tool)[0], "  + node1:/a: share with user:carol");
    tool.ok("share set node1:/a carol --permission preview --as bob");
    assert_eq!(changes(&tool)[0], "  ~ node1:/a: share with user:carol");
    assert!(changes(&tool)[1].starts_with("      permissions: download "), "{:?}", changes(&tool));
    tool.ok("share revoke node1:/a carol --as bob");
    assert_eq!(changes(&tool)[0], "  - node1:/a: share with user:carol");
    assert!(changes(&tool).contains(&"      by: user:bob".to_owned()), "{:?}", changes(&tool));
}

/// What was removed has the values that an undo would give it again.
#[test]
fn both_sides_are_in_json_and_a_removal_has_the_last_values() {
    let tool = Tool::staffed();
    tool.ok("account set bob --send-external deny");
    let added = tool.json("audit show 3")["changes"][0].clone();
    assert_eq!(added["before"], serde_json::json!(null));
    assert_eq!(added["after"], serde_json::json!({"role": "user", "email": "bob@example.com"}));
    tool.ok("account remove bob --destroy --yes");
    let removed = tool.json(&format!("audit show {}", tool.revision()))["changes"][0].clone();
    assert_eq!((&removed["change"], &removed["after"]), (&"removed".into(), &serde_json::json!(null)));
    assert_eq!(
        removed["before"],
        serde_json::json!({"role": "user", "email": "bob@example.com", "send_external": "deny"})
    );
    assert_eq!(tool.json("audit log --limit 1")[0]["changes"][0], removed, "the log has the same");
    tool.ok(&format!("undo {}", tool.revision()));
    let again = tool.json(&format!("audit show {}", tool.revision()))["changes"][0].clone();
    assert_eq!((&again["before"], &again["after"]), (&serde_json::json!(null), &removed["before"]));
}

#[test]
fn a_shown_revision_has_the_columns_that_are_asked_for() {
    let tool = Tool::staffed();
    tool.ok("account set-role bob manager --as alice");
    let last = tool.revision();
    assert_eq!(
        tool.ok(&format!("audit show {last} --columns actor,revision")),
        format!("actor:    user:alice\nrevision: {last}\n")
    );
    assert_eq!(
        tool.ok(&format!("audit show {last} --columns changes,actor")),
        "actor: user:alice\n  ~ user:bob\n      role: user -> manager\n"
    );
    assert_eq!(
        tool.json(&format!("audit show {last} --columns actor,undone_by")),
        serde_json::json!({"actor": "user:alice", "undone_by": null})
    );
    let keys = tool.json(&format!("audit show {last} --columns changes,revision"));
    assert_eq!(keys.as_object().unwrap().keys().collect::<Vec<_>>(), ["changes", "revision"]);
    assert_eq!(keys["changes"].as_array().unwrap().len(), 1);
    assert_eq!(
        tool.ok(&format!("audit show {last} --columns revision,changes -o csv")),
        format!("revision,changes\n{last},change=changed ref=user:bob before=role=user after=role=manager\n")
    );
    assert_eq!(tool.ok(&format!("audit show {last} -o tsv --no-headers --columns actor")), "user:alice\n");
    tool.fails(2, &format!("audit show {last} --columns nope"), "no column `nope`");
}

#[test]
fn undo_reverses_a_revision_by_a_new_one() {
    let tool = Tool::staffed();
    tool.ok("workgroup add color --send members");
    tool.ok("workgroup add-member color bob carol");
    tool.ok("workgroup set color --send anyone");
    let changed = tool.revision();
    assert_eq!(
        tool.ok(&format!("undo {changed} --as dana")),
        format!("changed workgroup:color: send anyone -> members\nrevision {}\n", changed + 1)
    );
    let ran = tool.fails(5, &format!("undo {changed}"), "was undone by revision");
    assert!(ran.err.contains(&format!("try: rolebook undo {}", changed + 1)), "{ran:#?}");
    tool.ok(&format!("undo {}", changed + 1));
    assert_eq!(tool.json("workgroup show color")["send"], "anyone");
    assert_eq!(tool.json(&format!("audit show {changed}"))["undone_by"], changed + 1);
    tool.fails(4, "undo 99", "no such revision");
    assert!(tool.ok("audit verify").starts_with("verified"));
}

#[test]
fn undo_is_refused_with_the_reasons_when_later_changes_build_on_it() {
    let tool = Tool::staffed();
    tool.ok("workgroup add color");
    let made = tool.revision();
    tool.ok("workgroup add-member color bob");
    let ran = tool.fails(5, &format!("undo {made}"), "later changes build on this revision");
    assert!(
        ran.err.contains(&format!("- user:bob is standard of workgroup:color since revision {}", made + 1)),
        "{ran:#?}"
    );
    tool.ok("workgroup rename color grading");
    let ran = tool.fails(5, &format!("undo {made}"), "later changes");
    assert!(ran.err.contains("workgroup:color was changed in revision"), "{ran:#?}");
    tool.ok("group add editors && rolebook group remove editors");
    let removed = tool.revision();
    tool.ok("group add editors");
    let ran = tool.fails(5, &format!("undo {removed}"), "later changes");
    assert!(ran.err.contains("the name of group:editors was taken"), "{ran:#?}");
}

#[test]
fn undo_brings_back_what_was_destroyed() {
    let tool = Tool::staffed();
    tool.ok("workgroup add color --send members");
    tool.ok("workgroup add-member color bob");
    tool.ok("account remove bob --destroy --yes");
    tool.ok(&format!("undo {}", tool.revision()));
    assert!(tool.may("bob", "send", "workgroup:color"));
    assert_eq!(tool.json("account show bob")["role"], "user");
}

#[test]
fn undo_takes_the_right_to_each_reverse_change_and_keeps_the_invariants() {
    let tool = Tool::staffed();
    tool.ok("account set-role bob manager --as alice");
    let promoted = tool.revision();
    tool.fails(3, &format!("undo {promoted} --as dana"), "may not set-role=user on user:bob");
    tool.fails(3, &format!("undo {promoted} --as eve"), "may not set-role=user on user:bob");
    tool.fails(3, &format!("undo {promoted} --as bob"), "nobody changes their own role");
    tool.ok(&format!("undo {promoted} --as alice"));
    tool.fails(5, "undo 1", "without an active admin");
    tool.ok("workgroup add secret");
    let ran = tool.fails(3, &format!("undo {} --as eve", tool.revision()), "you may not undo this revision");
    assert!(!ran.err.contains("secret"), "{ran:#?}");
    tool.fails(3, "account set-role bob admin --as dana", "may not");
    tool.fails(5, &format!("undo {}", tool.revision()), "was a denied change");
}
