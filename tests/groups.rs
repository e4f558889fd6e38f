//! Groups through the program: nesting, cycles, and the way of a membership through groups.

use crate::support::{Fixture, Tool};

fn nested() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::staffed();
        for group in ["staff", "editors", "night"] {
            tool.ok(&format!("group add {group}"));
        }
        tool.ok("group add-member staff group:editors carol");
        tool.ok("group add-member editors group:night bob");
        tool.ok("group add-member night eve");
        tool
    })
}

#[test]
fn groups_nest_and_members_show_their_way_through_groups() {
    let tool = nested();
    assert_eq!(tool.json("group members staff").as_array().unwrap().len(), 2);
    let rows = tool.ok("group members staff --expand --columns member,via -o tsv --no-headers");
    assert_eq!(rows, "user:bob\tgroup:editors\nuser:carol\t\nuser:eve\tgroup:editors > group:night\n");
    let eve = tool.json("account show eve");
    let ways: Vec<(String, String)> = eve["memberships"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["of"].as_str().unwrap().to_owned(), row["via"].as_str().unwrap_or("").to_owned()))
        .collect();
    let expected =
        [("group:night", ""), ("group:editors", "group:night"), ("group:staff", "group:night > group:editors")];
    assert_eq!(ways, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn a_cycle_is_refused_with_its_way() {
    let tool = nested();
    let ran = tool.fails(5, "group add-member night group:staff", "a cycle");
    assert!(
        ran.err.contains("group:night contains group:staff contains group:editors contains group:night"),
        "{ran:#?}"
    );
    tool.fails(5, "group add-member staff group:staff", "a cycle");
    tool.fails(5, "group add-member editors group:staff", "a cycle");
    tool.fails(5, "group add-member staff workgroup:color", "not an account or a group: `workgroup:color`");
    tool.fails(5, "group add-member staff anyone", "not an account or a group: `anyone`");
}

#[test]
fn a_group_that_is_visible_to_members_is_seen_by_them_and_by_those_who_manage_groups() {
    let tool = nested();
    for group in ["night", "editors", "staff"] {
        tool.ok(&format!("group set {group} --visible members"));
    }
    assert_eq!(tool.ok("group list --as eve --columns ref --no-headers"), "group:editors\ngroup:night\ngroup:staff\n");
    assert_eq!(tool.ok("group list --as carol --columns ref --no-headers"), "group:staff\n");
    tool.fails(4, "group show editors --as carol", "no such group: `editors`");
    tool.fails(4, "group remove editors --as carol", "no such group: `editors`");
    tool.fails(3, "group remove staff --as carol", "may not delete on group:staff");
    assert_eq!(tool.json("group list --as dana").as_array().unwrap().len(), 3);
}

#[test]
fn anyone_may_give_roles_and_shares_to_a_visible_group_without_seeing_its_members() {
    let tool = nested();
    tool.ok("account add zoe");
    let shown = tool.json("group show night --as zoe");
    assert_eq!((&shown["visible"], &shown["members"]), (&"everyone".into(), &serde_json::Value::Null));
    tool.fails(3, "group members night --as zoe", "may not view-members on group:night");
    assert_eq!(tool.json("account show eve --as zoe")["memberships"], serde_json::json!([]));
    tool.ok("endpoint add disk --kind node --as zoe");
    tool.ok("endpoint add-role disk activity-monitor group:night --as zoe");
    tool.ok("share grant disk:/ group:night --permission view --admin --as zoe");
    // A private directory hides the groups without a `visible` value.
    tool.ok("server set --private-directory");
    tool.ok("group set staff --visible everyone");
    assert_eq!(tool.ok("group list --as zoe --columns ref,visible --no-headers"), "group:staff  everyone\n");
    assert_eq!(tool.json("group show night")["visible"], "members");
    assert_eq!(
        tool.ok("group set staff --visible default"),
        "changed group:staff: visible everyone -> default\nrevision 19\n".replace("19", &tool.revision().to_string())
    );
    assert_eq!(tool.ok("group list --as zoe -o json"), "[]\n");
    // A manifest sets the value too, and sets it back.
    std::fs::write(
        tool.folder().join("m.yaml"),
        "version: 1\ngroups: {night: {visible: members}, crew: {visible: everyone, members: [bob]}}\n",
    )
    .unwrap();
    tool.ok("apply m.yaml");
    let text = tool.ok("export");
    assert!(text.contains("visible: members") && text.contains("visible: everyone"), "{text}");
    std::fs::write(tool.folder().join("back.yaml"), text).unwrap();
    assert_eq!(tool.ok("plan back.yaml"), "No changes.\n");
}

#[test]
fn removing_a_group_removes_its_memberships_after_a_confirmation() {
    let tool = nested();
    tool.ok("workgroup add color --send members");
    tool.ok("workgroup add-member color group:editors");
    assert!(tool.may("eve", "send", "workgroup:color"));
    let ran = tool.fails(5, "group remove editors", "not confirmed");
    for line in [
        "- user:bob as member of group:editors",
        "- group:night as member of group:editors",
        "- group:editors as member of group:staff",
        "- group:editors as standard of workgroup:color",
    ] {
        assert!(ran.err.contains(line), "{line}: {ran:#?}");
    }
    tool.ok("group remove editors --yes");
    assert!(!tool.may("eve", "send", "workgroup:color"));
    tool.ok("group add lonely");
    tool.ok("group remove lonely");
}

#[test]
fn renaming_keeps_members_and_refuses_a_taken_name() {
    let tool = nested();
    tool.fails(5, "group rename editors NIGHT", "exists already");
    assert!(tool.ok("group rename editors Cutters").starts_with("changed group:editors: name editors -> Cutters\n"));
    assert_eq!(tool.json("group show cutters")["members"], 2);
    tool.ok("group rename cutters CUTTERS");
    tool.fails(4, "group show editors", "no such group");
    assert_eq!(tool.ok("group rename CUTTERS CUTTERS"), "unchanged\n");
}

#[test]
fn adding_twice_and_removing_a_stranger_change_nothing() {
    let tool = nested();
    let before = tool.revision();
    assert_eq!(tool.ok("group add-member staff carol"), "unchanged\n");
    let ran = tool.run("group remove-member staff bob");
    assert_eq!((ran.status, ran.out.as_str()), (0, "unchanged\n"));
    assert_eq!(ran.err, "warning: user:bob is not a member of group:staff\n");
    assert_eq!(tool.revision(), before);
    tool.ok("group remove-member staff carol group:editors");
    assert_eq!(tool.ok("group members staff -o json"), "[]\n");
}
