//! Workgroups through the program: send policies, member access, admins and their permissions.

use crate::support::{Fixture, Tool};

fn color() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::staffed();
        tool.ok("workgroup add color --send members --member-access all");
        tool.ok("workgroup add-member color bob carol");
        tool.ok("workgroup add-admin color carol");
        tool
    })
}

#[test]
fn a_new_workgroup_is_closed() {
    let tool = Tool::staffed();
    tool.ok("workgroup add color");
    let shown = tool.json("workgroup show color");
    assert_eq!(shown["send"], "nobody");
    assert_eq!(shown["member_access"], "none");
    for flag in ["admins_manage_members", "admins_create_users", "admins_manage_groups"] {
        assert_eq!(shown[flag], false, "{flag}");
    }
    assert!(!tool.may("alice", "send", "workgroup:color"), "nobody, not even a server admin");
    assert_eq!(tool.ok("workgroup add color"), "unchanged\n");
    tool.fails(5, "workgroup add color --send anyone", "exists already, with other values");
}

#[test]
fn the_send_policy_decides_who_sends() {
    let tool = color();
    let who = ["alice", "dana", "bob", "carol", "eve"];
    for (policy, may) in [
        ("anyone", [true; 5]),
        ("members", [false, false, true, true, false]),
        ("admins", [false, false, false, true, false]),
        ("nobody", [false; 5]),
    ] {
        tool.ok(&format!("workgroup set color --send {policy}"));
        for (name, expected) in who.iter().zip(may) {
            assert_eq!(tool.may(name, "send", "workgroup:color"), expected, "{policy} {name}");
        }
    }
    tool.fails(2, "workgroup set color --send everybody", "everybody");
}

#[test]
fn a_hidden_workgroup_does_not_exist() {
    let tool = color();
    tool.fails(4, "workgroup show color --as eve", "no such workgroup: `color`");
    tool.fails(4, "workgroup add-member color eve --as eve", "no such workgroup: `color`");
    assert_eq!(tool.ok("workgroup list --as eve -o json"), "[]\n");
    tool.ok("workgroup set color --send anyone");
    tool.ok("workgroup show color --as eve");
    tool.fails(3, "workgroup members color --as eve", "may not view-members");
    let shown = tool.json("workgroup show color --as eve");
    assert_eq!(shown["send"], "anyone", "name and policy only");
    for field in ["member_access", "admins_manage_members", "members"] {
        assert!(shown[field].is_null(), "{field}: {shown}");
    }
    assert_eq!(tool.json("workgroup show color --as bob")["member_access"], "all");
}

#[test]
fn member_access_decides_whom_a_member_sees() {
    let tool = color();
    let names = |line: &str| tool.ok(&format!("{line} --columns member --no-headers"));
    assert_eq!(names("workgroup members color --as bob"), "user:bob\nuser:carol\n");
    tool.ok("workgroup add-member color eve");
    tool.ok("workgroup set color --member-access admins");
    assert_eq!(names("workgroup members color --as bob"), "user:bob\nuser:carol\n", "the admins, and oneself");
    assert_eq!(names("workgroup members color --as carol"), "user:bob\nuser:carol\nuser:eve\n");
    assert!(tool.may("bob", "send-to-members", "workgroup:color"));
    tool.ok("workgroup set color --member-access none");
    tool.fails(3, "workgroup members color --as bob", "may not view-members");
    assert!(!tool.may("bob", "send-to-members", "workgroup:color"));
    assert_eq!(names("workgroup members color --as dana"), "user:bob\nuser:carol\nuser:eve\n");
    assert!(tool.json("workgroup show color --as bob")["members"].is_null(), "nor are they counted");
}

#[test]
fn only_admins_and_managers_designate() {
    let tool = color();
    tool.fails(3, "workgroup add-admin color bob --as carol", "(by a Faspex admin or manager)");
    tool.fails(3, "workgroup remove-admin color carol --as carol", "(by a Faspex admin or manager)");
    let ran = tool.fails(5, "workgroup add-admin color eve --as dana", "user:eve is not a member of workgroup:color");
    assert!(ran.err.contains("try: rolebook workgroup add-member color eve"), "{ran:#?}");
    tool.ok("group add editors");
    tool.ok("workgroup add-member color group:editors");
    tool.fails(5, "workgroup add-admin color group:editors", "only accounts can be admins");
    assert!(
        tool.ok("workgroup add-admin color bob --as dana")
            .starts_with("changed user:bob in workgroup:color: level standard -> admin\n")
    );
    tool.ok("workgroup remove-admin color bob --as alice");
    assert_eq!(tool.ok("workgroup remove-admin color bob"), "unchanged\n");
    assert!(tool.may("bob", "view-packages", "workgroup:color"), "still a member");
}

#[test]
fn a_workgroup_admin_manages_as_the_workgroup_permits() {
    let tool = color();
    tool.fails(
        3,
        "workgroup add-member color eve --as carol",
        "according to the permissions set for that role in that workgroup",
    );
    tool.ok("workgroup set color --admins-manage-members");
    tool.ok("workgroup add-member color eve --as carol");
    tool.ok("workgroup remove-member color eve --as carol");
    tool.ok("workgroup add-admin color bob");
    tool.fails(3, "workgroup remove-member color bob --as carol", "may not remove-admin");
    tool.fails(3, "workgroup deactivate-member color bob --as carol", "may not remove-admin");
    tool.ok("group add editors");
    tool.fails(3, "workgroup add-member color group:editors --as carol", "may not add-group");
    tool.ok("workgroup set color --admins-manage-groups");
    tool.ok("workgroup add-member color group:editors --as carol");
    tool.ok("workgroup remove-member color group:editors --as carol");
    for command in ["set color --send anyone", "rename color x", "remove color --yes"] {
        tool.fails(3, &format!("workgroup {command} --as carol"), "may not");
    }
    tool.fails(3, "workgroup add other --as carol", "may not create-workgroup");
}

#[test]
fn several_members_are_added_all_or_none() {
    let tool = color();
    let before = tool.revision();
    tool.fails(4, "workgroup add-member color eve nobody alice", "no such account: `nobody`");
    assert_eq!(tool.revision(), before);
    assert!(
        tool.ok("workgroup add-member color eve alice").contains("added user:alice to workgroup:color: level standard")
    );
    assert_eq!(tool.revision(), before + 1);
}

#[test]
fn a_deactivated_membership_is_listed_and_gives_nothing() {
    let tool = color();
    tool.ok("workgroup deactivate-member color bob");
    let row = &tool.json("workgroup members color")[0];
    assert_eq!((row["member"].as_str(), row["active"].as_bool()), (Some("user:bob"), Some(false)));
    assert!(!tool.may("bob", "send", "workgroup:color"));
    tool.fails(4, "workgroup show color --as bob", "no such workgroup");
    assert_eq!(tool.ok("workgroup deactivate-member color bob"), "unchanged\n");
    tool.ok("workgroup activate-member color bob");
    assert!(tool.may("bob", "send", "workgroup:color"));
    tool.fails(5, "workgroup deactivate-member color eve", "is not a member");
}

#[test]
fn a_group_counts_as_all_its_accounts() {
    let tool = color();
    tool.ok("group add editors");
    tool.ok("group add-member editors eve");
    tool.ok("workgroup add-member color group:editors");
    assert!(tool.may("eve", "send", "workgroup:color"));
    assert!(tool.may("group:editors", "send", "workgroup:color"));
    tool.ok("group remove-member editors eve");
    assert!(!tool.may("eve", "send", "workgroup:color"));
}
