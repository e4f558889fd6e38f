//! Shares through the program: who may grant, change, revoke and see them, and which share rests on which.

use serde_json::json;

use crate::support::{Fixture, Tool};

/// A node with `/p` of alice's and a chain of shares: alice gave bob Edit, bob gave carol View.
fn chain() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::staffed();
        tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --as dana");
        tool.ok("content add node1:/p --owner alice");
        tool.ok("share grant node1:/p bob --permission edit --as alice");
        tool.ok("share grant node1:/p carol --permission view --as bob");
        tool
    })
}

#[test]
fn presets_and_permissions_are_distinguished() {
    let tool = chain();
    for (said, label, set) in [
        (
            "edit",
            "Edit",
            json!(["create-folder", "rename", "upload-files", "download", "preview-only", "browse", "delete"]),
        ),
        (
            "rw",
            "Edit",
            json!(["create-folder", "rename", "upload-files", "download", "preview-only", "browse", "delete"]),
        ),
        ("download-only", "View", json!(["download", "preview-only", "browse"])),
        ("upload", "Upload", json!(["create-folder", "upload-files"])),
        ("perm:upload", "Custom", json!(["upload-files"])),
        ("preview", "Preview", json!(["preview-only", "browse"])),
        ("preview-only", "Custom", json!(["preview-only"])),
        ("browse,download,preview-only", "View", json!(["download", "preview-only", "browse"])),
    ] {
        tool.ok(&format!("share grant node1:/p eve --permission {said} --as alice"));
        let shares = tool.json("share list node1:/p --here");
        let share = shares.as_array().unwrap().iter().find(|share| share["principal"] == "user:eve").unwrap();
        assert_eq!((&share["label"], &share["permissions"]), (&json!(label), &set), "{said}");
        // The shown set reads back as the same set.
        let words: Vec<&str> = set.as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        assert_eq!(
            tool.ok(&format!("share grant node1:/p eve --permission {} --as alice", words.join(","))),
            "unchanged\n"
        );
        tool.ok("share revoke node1:/p eve --as alice");
    }
    let ran = tool.fails(2, "share grant node1:/p eve --permission brwose --as alice", "unknown permission `brwose`");
    assert!(ran.err.contains("did you mean `browse`?"), "{ran:#?}");
}

#[test]
fn nobody_gives_more_than_they_hold() {
    let tool = chain();
    let ran = tool.fails(3, "share grant node1:/p eve --permission delete --as carol", "may not share=delete");
    assert!(ran.err.contains("seed 003"), "{ran:#?}");
    tool.fails(3, "share grant node1:/p eve --permission edit --as carol", "may not share=");
    tool.ok("share grant node1:/p eve --permission download,preview-only --as carol");
    assert!(tool.may("eve", "download", "node1:/p/x"));
    assert!(!tool.may("eve", "browse", "node1:/p/x"));
    tool.fails(5, "share grant node1:/p carol --permission view --as carol", "nothing is shared with oneself");
    tool.fails(3, "share set node1:/p eve --permission view,delete --as carol", "may not share=");
    // A folder below has the same permissions; one above does not.
    tool.ok("share grant node1:/p/sub eve --permission view --as carol");
    tool.fails(4, "share grant node1:/ eve --permission view --as carol", "no such file or folder");
    // The same share again changes nothing, a different one is a conflict.
    assert_eq!(tool.ok("share grant node1:/p/sub eve --permission view --as carol"), "unchanged\n");
    let ran =
        tool.fails(5, "share grant node1:/p/sub eve --permission browse --as carol", "is shared with user:eve already");
    assert!(ran.err.contains("rolebook share set"), "{ran:#?}");
}

#[test]
fn only_the_sharer_changes_a_share() {
    let tool = chain();
    // The owner, another holder of Edit, a server admin, an administrator of the endpoint: none of them.
    tool.ok("share grant node1:/p eve --permission edit --as alice");
    for who in ["alice", "eve", "dana"] {
        let ran = tool.fails(3, &format!("share revoke node1:/p carol --as {who}"), "may not change the share");
        assert!(ran.err.contains("ask user:bob"), "{ran:#?}");
        tool.fails(3, &format!("share set node1:/p carol --permission browse --as {who}"), "may not change the share");
    }
    let denied = tool.json("audit log --denied --limit 1");
    assert_eq!(denied[0]["rule"], "content.sharer-only");
    // An actor who may not see the share is told that there is none.
    tool.ok("share grant node1:/p/q eve --permission view --as bob");
    tool.fails(4, "share revoke node1:/p/q eve --as carol", "no such share");
    tool.ok("share revoke node1:/p carol --as bob");
    assert!(!tool.may("carol", "download", "node1:/p"));
}

#[test]
fn every_administrator_changes_admin_shares() {
    let tool = chain();
    tool.ok("endpoint add-role node1 administrator eve --as dana");
    tool.fails(3, "share grant node1:/p carol --permission edit --admin --as bob", "may not administer-shares");
    tool.ok("share grant node1:/p carol --permission edit --admin --as dana");
    // Its maker and any other administrator may; nobody else.
    tool.fails(3, "share revoke node1:/p carol --as alice", "may not change the share");
    tool.ok("share set node1:/p carol --permission view --as eve");
    tool.fails(3, "share revoke node1:/p bob --as eve", "may not change the share");
    // Bob's View and the admin share are two shares: the command changes the one that the actor may change.
    tool.ok("share revoke node1:/p carol --as eve");
    assert!(tool.may("carol", "download", "node1:/p"), "bob's share is left");
}

#[test]
fn a_share_cannot_be_lowered_while_others_rest_on_it() {
    let tool = chain();
    let ran = tool.fails(5, "share revoke node1:/p bob --as alice", "another share rests on this one");
    assert!(
        ran.err.contains("user:bob shared node1:/p with user:carol: would lose download,preview-only,browse"),
        "{ran:#?}"
    );
    tool.fails(5, "share set node1:/p bob --permission upload --as alice", "rests on this one");
    // Taking `delete` from bob does not change what carol has.
    tool.ok("share set node1:/p bob --permission view,upload --as alice");
    tool.ok("share grant node1:/p/day eve --permission browse --as carol");
    let told = tool.ok("share set node1:/p bob --permission download,browse --as alice --cascade");
    assert!(told.contains("changed the share of node1:/p with user:carol"), "{told}");
    assert!(tool.may("carol", "download", "node1:/p") && !tool.may("carol", "preview", "node1:/p"));
    assert!(tool.may("eve", "browse", "node1:/p/day"), "what is still supported stays");
    tool.ok("share revoke node1:/p bob --as alice --cascade");
    for (who, path) in [("bob", "node1:/p"), ("carol", "node1:/p"), ("eve", "node1:/p/day")] {
        assert!(!tool.may(who, "browse", path), "{who}");
    }
    tool.ok(&format!("undo {}", tool.revision()));
    assert!(tool.may("eve", "browse", "node1:/p/day"));
}

#[test]
fn a_share_with_two_bases_survives_and_a_cycle_does_not() {
    let tool = chain();
    tool.ok("share grant node1:/p eve --permission view --as alice");
    tool.ok("share grant node1:/p bob --permission view --as eve");
    // bob's Edit goes; View by eve still holds what he gave carol.
    tool.ok("share revoke node1:/p bob --by alice --as alice");
    assert!(tool.may("carol", "download", "node1:/p"));
    // carol gives bob what bob gave her: that supports nobody.
    tool.ok("share grant node1:/p bob --permission view --as carol");
    tool.fails(5, "share revoke node1:/p eve --as alice", "shares rest on this one");
    tool.ok("share revoke node1:/p eve --as alice --cascade");
    for who in ["bob", "carol", "eve"] {
        assert!(!tool.may(who, "download", "node1:/p"), "{who}");
    }
}

#[test]
fn a_share_that_lost_its_base_another_way_stays_until_it_is_pruned() {
    let tool = Tool::staffed();
    tool.ok("group add crew");
    tool.ok("group add-member crew bob");
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --as dana");
    tool.ok("content add node1:/p --owner alice");
    tool.ok("share grant node1:/p group:crew --permission edit --as alice");
    tool.ok("share grant node1:/p carol --permission view --as bob");
    tool.ok("share grant node1:/p/x eve --permission browse --as carol");
    tool.ok("group remove-member crew bob");
    assert!(tool.may("eve", "browse", "node1:/p/x"), "the shares they made stay");
    assert_eq!(tool.ok("share prune node1:/p --as alice"), "unchanged\n", "alice made none of them");
    let told = tool.ok("share prune node1:/ --as dana --dry-run");
    assert!(told.contains("user:carol") && told.contains("user:eve"), "{told}");
    assert_eq!(tool.ok("share prune --as eve"), "unchanged\n", "she made none");
    let told = tool.ok("share prune --as carol --dry-run");
    assert!(told.contains("user:eve") && !told.contains("with user:carol"), "one's own alone: {told}");
    tool.ok("share prune node1:/p/x --as carol");
    assert!(!tool.may("eve", "browse", "node1:/p/x"));
    assert!(tool.may("carol", "browse", "node1:/p"));
    tool.ok("share prune");
    assert!(!tool.may("carol", "browse", "node1:/p"));
    assert_eq!(tool.ok("share prune"), "unchanged\n");
}

#[test]
fn a_share_ends_at_the_moment_of_its_expiry() {
    let tool = chain();
    tool.ok("share grant node1:/p eve --permission view --expires 2040-01-01 --as alice");
    let may = |at: &str| tool.run(&format!("perm check eve download node1:/p --at {at}")).status == 0;
    assert!(may("2039-12-31T23:59:59Z"));
    assert!(!may("2040-01-01"));
    tool.fails(5, "share grant node1:/p/q eve --permission view --expires 2020-01-01 --as alice", "would have expired");
    tool.ok("share set node1:/p eve --expires never --as alice");
    assert!(may("2041-01-01"));
}

#[test]
fn shares_give_access_to_their_receivers() {
    let tool = chain();
    tool.ok("workgroup add color");
    tool.ok("workgroup add-member color eve");
    let ask = |who: &str| tool.may(who, "download", "node1:/p/x");
    assert!(!ask("eve"));
    tool.ok("share grant node1:/p workgroup:color --permission view --as alice");
    assert!(ask("eve") && ask("workgroup:color") && !ask("dana") && !ask("authenticated"));
    tool.ok("share grant node1:/p authenticated --permission view --as alice");
    assert!(ask("dana") && ask("authenticated") && !ask("anyone"));
    tool.ok("account deactivate eve");
    assert!(!ask("eve"), "an inactive account is denied everything");
    tool.ok("share grant node1:/p anyone --permission view --as alice");
    assert!(ask("anyone") && !ask("eve"));
    tool.fails(
        5,
        "share grant node1:/p invitee:v@example.com --permission view --as alice",
        "`authenticated` or `anyone`: `invitee:v@example.com`",
    );
    tool.fails(4, "share grant node1:/p nobody --permission view --as alice", "no such account");
}

#[test]
fn access_managers_decide_about_managed_sharing() {
    let tool = Tool::staffed();
    tool.ok("endpoint add box --kind s3 --as alice");
    tool.ok("endpoint add-role box access-manager bob --as alice");
    tool.ok("endpoint add-role box access-manager carol --as alice");
    tool.ok("share grant box:/p eve --permission rw --as bob");
    tool.fails(3, "share grant box:/p dana --permission view --as eve", "may not share=");
    tool.ok("share set box:/p eve --permission r --as carol");
    assert_eq!(
        tool.ok("share grant box:/p eve --permission view --as alice"),
        "unchanged\n",
        "one share per principal"
    );
    for word in ["upload", "preview", "browse", "view,delete"] {
        tool.fails(5, &format!("share grant box:/p dana --permission {word} --as bob"), "`view` and `edit` only");
    }
    tool.ok("content upload box:/file.mov --as alice");
    tool.fails(5, "share grant box:/file.mov dana --permission view --as bob", "is a file, not a folder");
    tool.fails(5, "share grant box:/p dana --permission view --admin --as alice", "no admin shares");
    let rows = tool.json("share list box:/p --as bob");
    let roles: Vec<_> = rows.as_array().unwrap().iter().filter(|row| row["class"] == "role").collect();
    assert_eq!(roles.len(), 3, "what comes from a role is listed as such");
    assert_eq!(roles[0]["item"], "box:/");
    for kind in ["host", "personal"] {
        tool.ok(&format!("endpoint add {kind} --kind {kind} --as alice"));
        tool.fails(5, &format!("share grant {kind}:/p eve --permission view --as alice"), "is not shared");
        tool.fails(5, &format!("share grant {kind}:/p eve --permission view"), "is not shared");
    }
}

#[test]
fn custom_sets_need_a_node_that_holds_them() {
    let tool = Tool::staffed();
    tool.ok("endpoint add old --kind node --node-version 3.7.3 --as alice");
    tool.ok("endpoint add none --kind node --as alice");
    for node in ["old", "none"] {
        tool.fails(5, &format!("share grant {node}:/p bob --permission browse"), "cannot hold a custom set");
        tool.ok(&format!("share grant {node}:/p bob --permission view"));
        let ran = tool.run(&format!("share grant {node}:/p carol --permission upload"));
        assert!(ran.status == 0 && ran.err.contains("knows only view and edit"), "{ran:#?}");
    }
    tool.ok("endpoint set old --node-version 3.10");
    tool.ok("share grant old:/p eve --permission browse,download");
    let ran = tool.fails(5, "endpoint set old --node-version 3.7.3", "would hold shares that its node software cannot");
    assert!(ran.err.contains("old:/p is shared with user:eve"), "{ran:#?}");
    tool.fails(5, "endpoint set old --node-version none", "would hold shares that its node software cannot");
    tool.ok("endpoint set old --node-version 3.7.4");
}

#[test]
fn classes_of_the_system_are_hidden_unless_all_is_asked_for() {
    let tool = chain();
    tool.ok("share grant node1:/p dana --permission view --class internal:application");
    tool.ok("share grant node1:/p carol --permission view --class automation");
    let rows = |arguments: &str| tool.json(&format!("share list node1:/p {arguments}")).as_array().unwrap().len();
    assert_eq!(rows(""), 3);
    assert_eq!(rows("--all"), 5);
    assert_eq!(rows("--all --as dana"), 5, "an administrator of the endpoint");
    tool.fails(3, "share list node1:/p --all --as alice", "may not administer-shares");
    assert_eq!(rows("--as carol"), 1, "not even one's own");
    tool.fails(3, "share grant node1:/p eve --permission view --class other --as alice", "only the operator");
    // These shares count like any other; only the operator changes them.
    assert!(tool.may("dana", "download", "node1:/p"));
    tool.fails(4, "share revoke node1:/p dana --as alice", "no such share");
    tool.ok("share revoke node1:/p dana");
}

#[test]
fn the_operators_shares_are_admin_shares_and_the_operator_raises_others_no_further_than_their_sharers() {
    let tool = chain();
    tool.ok("share grant node1:/p eve --permission edit");
    let rows = tool.json("share list node1:/p --here");
    let share = rows.as_array().unwrap().iter().find(|row| row["principal"] == "user:eve").unwrap();
    assert_eq!((&share["class"], &share["by"]), (&json!("admin"), &json!("operator")));
    tool.ok("share set node1:/p eve --permission view --as dana");
    tool.ok("share set node1:/p bob --permission view,upload --by alice");
    tool.fails(5, "share set node1:/p carol --permission edit", "does not hold");
    tool.ok("share set node1:/p carol --permission upload,view");
    tool.ok("share grant node1:/p carol --permission view");
    tool.fails(5, "share revoke node1:/p carol", "is shared with user:carol by several");
    tool.ok("share revoke node1:/p carol --by operator");
    assert!(tool.may("carol", "upload", "node1:/p"));
}

#[test]
fn only_the_sharer_undoes_a_share() {
    let tool = chain();
    let granted = tool.revision();
    tool.fails(3, &format!("undo {granted} --as alice"), "may not undo");
    tool.ok("share grant node1:/p eve --permission view --as carol");
    tool.fails(5, &format!("undo {granted} --as bob"), "");
    tool.ok(&format!("undo {} --as carol", tool.revision()));
    tool.ok(&format!("undo {granted} --as bob"));
    assert!(!tool.may("carol", "download", "node1:/p"));
    // To bring back a share of permissions that the sharer no longer holds would be a new share.
    tool.ok("share grant node1:/p carol --permission edit --as bob");
    tool.ok("share revoke node1:/p carol --as bob");
    let revoked = tool.revision();
    tool.ok("share set node1:/p bob --permission view --as alice");
    tool.fails(3, &format!("undo {revoked} --as bob"), "may not undo");
}

#[test]
fn an_undo_respects_the_limits_of_an_endpoint_and_makes_no_cycle() {
    let tool = chain();
    tool.ok("endpoint set node1 --node-version 4.4.7");
    tool.ok("endpoint set node1 --node-version none");
    tool.ok("endpoint set node1 --node-version 4.0");
    let raised = tool.revision();
    tool.ok("share grant node1:/p eve --permission browse --as alice");
    tool.fails(5, &format!("undo {raised}"), "would hold shares that its node software cannot");
    tool.ok("endpoint add host --kind host --managed=false --as alice");
    tool.ok("endpoint set host --managed");
    let managed = tool.revision();
    tool.ok("endpoint add-role host activity-monitor bob");
    tool.fails(5, &format!("undo {managed}"), "would have roles that it cannot have");
    for group in ["a", "b"] {
        tool.ok(&format!("group add {group}"));
    }
    tool.ok("group add-member a group:b");
    tool.ok("group remove-member a group:b");
    let removed = tool.revision();
    tool.ok("group add-member b group:a");
    tool.fails(5, &format!("undo {removed}"), "a cycle");
}
