//! Accounts through the program: every verb with its rules, denials and messages.

use crate::support::Tool;

#[test]
fn the_operator_makes_the_first_admin_and_people_act_for_themselves() {
    let tool = Tool::new();
    assert_eq!(
        tool.ok("account add alice --role admin --email alice@example.com"),
        "added user:alice: role admin, email alice@example.com\nrevision 1\n"
    );
    assert_eq!(tool.ok("account add dana --role manager --as alice"), "added user:dana: role manager\nrevision 2\n");
    assert_eq!(tool.ok("account add bob --as dana"), "added user:bob: role user\nrevision 3\n");
    let ran =
        tool.fails(3, "account add eve --role manager --as dana", "user:dana may not create-account=manager on server");
    assert!(ran.err.contains("why: seed 000: However, they cannot create new managers"), "{ran:#?}");
    assert!(ran.err.contains("try: rolebook account set-role dana admin (by user:alice)"), "{ran:#?}");
    tool.fails(3, "account add eve --as bob", "Normal users typically do not manage other users");
}

#[test]
fn adding_an_account_again_changes_nothing_and_a_contradiction_is_a_conflict() {
    let tool = Tool::staffed();
    let before = tool.revision();
    assert_eq!(tool.ok("account add bob --email bob@example.com"), "unchanged\n");
    assert_eq!(tool.ok("account add BOB"), "unchanged\n");
    assert_eq!(tool.revision(), before);
    tool.fails(5, "account add bob --role admin", "exists already, as user");
    tool.fails(5, "account add bob --email other@example.com", "exists already, with other values");
    tool.ok("account deactivate bob");
    tool.fails(5, "account add bob", "exists already, inactive");
}

#[test]
fn invalid_names_are_refused() {
    let tool = Tool::new();
    for bad in ["''", "' a'", "a:b:c", "user:a/b", "anyone", "authenticated", "'a;b'", "\"$(printf 'a\\tb')\""] {
        let ran = tool.run(&format!("account add {bad}"));
        assert!(ran.status == 2 || ran.status == 5, "{ran:#?}");
    }
    tool.ok("account add 'Ünï Cödé'");
    assert_eq!(tool.json("account show 'ÜNÏ CÖDÉ'")["name"], "Ünï Cödé");
    tool.ok("account add -- -dash");
    tool.fails(5, "account add group:x", "not an account: `group:x`");
}

#[test]
fn a_workgroup_admin_is_not_an_account_role() {
    let tool = Tool::staffed();
    let ran = tool.fails(5, "account set-role bob workgroup-admin", "is not an account role");
    assert!(ran.err.contains("try: rolebook workgroup add-admin WORKGROUP bob"), "{ran:#?}");
    let ran = tool.fails(2, "account set-role bob manger", "is not an account role");
    assert!(ran.err.contains("did you mean `manager`?"), "{ran:#?}");
}

#[test]
fn only_admins_assign_roles_and_nobody_their_own() {
    let tool = Tool::staffed();
    tool.fails(
        3,
        "account set-role bob manager --as dana",
        "they cannot create new managers, edit admin accounts, or promote",
    );
    tool.fails(3, "account set-role bob manager --as eve", "Admins assign user roles");
    tool.fails(3, "account set-role alice user --as alice", "nobody changes their own role");
    assert_eq!(
        tool.ok("account set-role bob manager --as alice"),
        "changed user:bob: role user -> manager\nrevision 7\n".replace('7', &tool.revision().to_string())
    );
    assert_eq!(tool.ok("account set-role bob manager --as alice"), "unchanged\n");
    tool.ok("account set bob --role user");
}

#[test]
fn the_last_active_admin_stays() {
    let tool = Tool::staffed();
    for command in ["set-role alice user", "set-role alice manager", "remove alice --destroy --yes"] {
        tool.fails(5, &format!("account {command}"), "last");
    }
    for command in ["deactivate alice", "remove alice", "set alice --expires 30d"] {
        tool.fails(5, &format!("account {command}"), "admin");
    }
    tool.ok("account set-role dana admin");
    tool.ok("account set-role alice user");
    tool.fails(5, "account set-role dana user", "without an active admin");
}

#[test]
fn an_admin_never_expires_and_a_promotion_clears_the_expiry() {
    let tool = Tool::staffed();
    tool.fails(5, "account add frank --role admin --expires 30d", "cannot be an admin and expire");
    tool.ok("account set bob --expires 2090-01-01");
    let ran = tool.run("account set-role bob admin");
    assert_eq!(ran.status, 0);
    assert!(ran.err.contains("warning: the expiry of user:bob (2090-01-01T00:00:00Z) is cleared"), "{ran:#?}");
    assert!(tool.json("account show bob")["expires"].is_null());
    tool.ok("account deactivate carol");
    tool.fails(5, "account set-role carol admin", "is inactive, and an admin account is never inactive");
    tool.fails(5, "account deactivate bob", "demote it first: rolebook account set-role bob user");
}

#[test]
fn settings_override_the_servers_defaults() {
    let tool = Tool::staffed();
    assert!(!tool.may("bob", "send-external", "server"));
    tool.ok("account set bob --send-external allow --as dana");
    assert!(tool.may("bob", "send-external", "server"));
    tool.ok("server set --send-external allow --as alice");
    assert!(tool.may("carol", "send-external", "server"));
    tool.ok("account set carol --send-external deny");
    assert!(!tool.may("carol", "send-external", "server"));
    tool.ok("account set carol --send-external default");
    assert!(tool.may("carol", "send-external", "server"));
    tool.ok("account set alice --send deny");
    assert!(!tool.may("alice", "send", "server"), "settings bind every role");
    tool.fails(3, "account set bob --send allow --as bob", "nobody changes their own expiry or settings");
    tool.fails(3, "account set alice --expires never --as alice", "nobody changes their own expiry");
    tool.fails(3, "server set --public-links allow --as dana", "Managers do not have access to the Server tab");
}

#[test]
fn anyone_edits_their_own_details_only() {
    let tool = Tool::staffed();
    tool.ok("account edit bob --display-name 'Bob B.' --email b@example.com --as bob");
    assert_eq!(tool.json("account show bob")["display_name"], "Bob B.");
    tool.fails(3, "account edit carol --email x@example.com --as bob", "Normal users typically do not manage");
    tool.fails(3, "account edit alice --email x@example.com --as dana", "edit admin accounts");
    tool.fails(2, "account edit bob --email nonsense", "is not an e-mail address");
    tool.ok("account edit bob --email ''");
    assert!(tool.json("account show bob")["email"].is_null());
}

#[test]
fn an_account_that_is_inactive_or_expired_can_do_nothing() {
    let tool = Tool::staffed();
    tool.ok("account deactivate dana");
    tool.fails(3, "account add x --as dana", "inactive or expired can do nothing");
    tool.fails(3, "account list --as dana", "user:dana is inactive");
    assert!(!tool.may("dana", "send", "server"));
    tool.fails(3, "account deactivate bob --as dana", "user:dana is inactive");
    assert_eq!(
        tool.json("audit log --denied").as_array().unwrap().len(),
        2,
        "changes are written down, questions are not"
    );
    tool.ok("account activate dana");
    tool.ok("account add x --as dana");
    tool.ok("account set bob --expires 2090-06-30");
    assert_eq!(tool.run("perm check bob send server --at 2090-06-29T23:59:59Z").status, 0);
    assert_eq!(tool.run("perm check bob send server --at 2090-06-30").status, 1, "expired at the very moment");
    assert_eq!(tool.ok("account list --status expired --at 2091-01-01 --columns ref --no-headers"), "user:bob\n");
}

#[test]
fn removing_deactivates_and_destroying_removes_every_binding() {
    let tool = Tool::staffed();
    tool.ok("workgroup add color");
    tool.ok("workgroup add-member color bob");
    tool.ok("account remove bob --as dana");
    assert_eq!(tool.json("account show bob")["status"], "inactive");
    assert_eq!(tool.json("workgroup members color")[0]["member"], "user:bob");
    let ran = tool.fails(5, "account remove bob --destroy", "not confirmed");
    assert!(ran.err.contains("- user:bob as standard of workgroup:color"), "{ran:#?}");
    let dry = tool.ok("account remove bob --destroy --dry-run");
    assert!(dry.contains("removed user:bob") && dry.ends_with("dry run: nothing was changed\n"), "{dry}");
    tool.ok("account remove bob --destroy --yes --reason 'left for good'");
    tool.fails(4, "account show bob", "no such account: `bob`");
    assert_eq!(tool.ok("workgroup members color -o json"), "[]\n");
    let past = tool.revision() - 1;
    assert_eq!(tool.json(&format!("account show bob --at {past}"))["status"], "inactive");
    // A later account of the same name is another account: history follows ids.
    tool.ok("account add bob");
    assert_eq!(tool.ok("workgroup members color -o json"), "[]\n");
}

#[test]
fn nobody_removes_themselves() {
    let tool = Tool::staffed();
    tool.ok("account set-role dana admin");
    for command in ["deactivate dana", "remove dana", "remove dana --destroy"] {
        tool.fails(3, &format!("account {command} --as dana"), "nobody deletes or deactivates themselves");
    }
}

#[test]
fn somebody_takes_over_from_the_last_admin() {
    let tool = Tool::staffed();
    tool.fails(2, "account remove alice --transfer-to dana", "--destroy");
    tool.fails(5, "account remove alice --destroy --transfer-to alice --yes", "cannot take over from itself");
    tool.ok("account remove alice --destroy --transfer-to dana --yes");
    assert_eq!(tool.json("account show dana")["role"], "admin");
}

#[test]
fn a_workgroup_admin_creates_users_only_as_members_of_the_workgroup() {
    let tool = Tool::staffed();
    tool.ok("workgroup add color --admins-create-users");
    tool.ok("workgroup add sound");
    tool.ok("workgroup add-member color carol && rolebook workgroup add-admin color carol");
    tool.fails(3, "account add new --as carol", "may not create-account=user");
    tool.fails(3, "account add new --role manager --workgroup color --as carol", "may not create-account=manager");
    tool.fails(4, "account add new --workgroup sound --as carol", "no such workgroup: `sound`");
    tool.ok("account add new --workgroup color --as carol");
    let members = tool.json("workgroup members color");
    assert!(members.as_array().unwrap().iter().any(|row| row["member"] == "user:new"), "{members}");
    tool.ok("workgroup set color --admins-create-users=false");
    tool.fails(3, "account add newer --workgroup color --as carol", "according to the permissions set for that role");
}

#[test]
fn a_private_directory_hides_everybody_but_fellow_members() {
    let tool = Tool::staffed();
    tool.ok("server set --private-directory");
    assert_eq!(tool.ok("account list --as bob --columns ref --no-headers"), "user:bob\n");
    let hidden = tool.fails(4, "account show carol --as bob", "no such account: `carol`");
    let missing = tool.fails(4, "account show carla --as bob", "no such account: `carla`");
    assert_eq!(
        hidden.err.replace("carol", "X"),
        missing.err.replace("carla", "X"),
        "what is hidden answers as what is not there"
    );
    assert_eq!(tool.json("status --as bob")["counts"]["accounts"], 1);
    tool.ok("workgroup add color --member-access all");
    tool.ok("workgroup add-member color bob carol");
    tool.ok("account show carol --as bob");
    tool.ok("workgroup set color --member-access admins");
    tool.fails(4, "account show carol --as bob", "no such account");
    tool.ok("workgroup add-admin color carol");
    tool.ok("account show carol --as bob");
    assert_eq!(tool.json("account list --as carol").as_array().unwrap().len(), 5, "workgroup admins see all");
}

#[test]
fn a_shared_address_is_mentioned() {
    let tool = Tool::staffed();
    let ran = tool.run("account add bob2 --email BOB@example.com");
    assert_eq!(ran.status, 0);
    assert_eq!(ran.err, "warning: user:bob has the address `BOB@example.com` too\n");
    assert_eq!(tool.run("account add bob3 --email bob@example.com -q").err, "");
}
