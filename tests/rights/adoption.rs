//! Sets: to adopt a resource or a binding takes the right to change it.

use super::write;
use crate::support::Tool;

#[test]
fn a_manifest_adopts_nothing_that_the_actor_may_not_change() {
    let tool = Tool::staffed();
    tool.ok("group add crew");
    tool.ok("group add-member crew bob");
    tool.ok("workgroup add color --send anyone --member-access all");
    tool.ok("workgroup add-member color bob");
    tool.ok("endpoint add disk --kind node --as eve");
    tool.ok("endpoint add-role disk activity-monitor bob --as eve");
    tool.ok("content add disk:/a --as eve");
    tool.ok("content add disk:/a/f.mov --type file --size 5 --as eve");
    tool.ok("share grant disk:/a bob --permission edit --admin --as eve");
    tool.ok("endpoint add bucket --kind s3 --as eve");
    tool.ok("share grant bucket:/a bob --permission edit --as eve");
    tool.ok("org add acme --as eve");
    tool.ok("org set-role acme bob member");
    tool.ok("workspace add acme/prod --as eve");
    tool.ok("workspace add-member acme/prod bob --as eve");
    let rows = [
        r#"{"account":{"name":"bob"}}"#,
        r#"{"account":{"name":"carol"}}"#,
        r#"{"group":{"name":"crew"}}"#,
        r#"{"workgroup":{"name":"color"}}"#,
        r#"{"member":{"of":"group:crew","user":"bob"}}"#,
        r#"{"member":{"of":"workgroup:color","user":"bob"}}"#,
        r#"{"endpoint":{"name":"disk","kind":"node"}}"#,
        r#"{"role":{"endpoint":"disk","role":"activity-monitor","principal":"bob"}}"#,
        r#"{"content":{"item":"disk:/a"}}"#,
        r#"{"content":{"item":"disk:/a/f.mov","type":"file","size":5}}"#,
        r#"{"share":{"item":"bucket:/a","principal":"bob","permission":"edit"}}"#,
        r#"{"workspace":{"name":"acme/prod"}}"#,
        r#"{"organization":{"name":"acme"}}"#,
    ];
    for row in rows {
        write(&tool, "evil.jsonl", &format!("{{\"manifest\":{{\"version\":1,\"name\":\"evil\"}}}}\n{row}\n"));
        let ran = tool.run("apply evil.jsonl --yes --as bob");
        assert!([3, 4].contains(&ran.status), "{row}: {ran:#?}");
        assert!(tool.run("export --name evil").err.contains("no such set"), "{row}");
    }
    // A sharer may change, and so declare, the own share.
    tool.ok("share grant disk:/a carol --permission view --as bob");
    let own = r#"{"share":{"item":"disk:/a","principal":"carol","permission":"view"}}"#;
    write(&tool, "own.jsonl", &format!("{{\"manifest\":{{\"version\":1,\"name\":\"own\"}}}}\n{own}\n"));
    tool.ok("apply own.jsonl --yes --as bob");
    // An actor who may change the rows adopts them. The own account of an admin stays as it is, with a notice.
    write(
        &tool,
        "m.yaml",
        "version: 1\nname: studio\naccounts: {alice: {role: admin}, bob: {}}\ngroups: {crew: [bob]}\n",
    );
    let ran = tool.run("apply m.yaml --as alice");
    assert_eq!(ran.status, 0, "{ran:#?}");
    assert!(ran.err.contains("nobody adopts their own account"), "{ran:#?}");
    assert!(ran.out.contains("3 adopted"), "{ran:#?}");
    assert!(!tool.ok("export --name studio").contains("alice"));
    // `--take-over` takes the right too, and so does giving up a row.
    write(&tool, "evil.yaml", "version: 1\nname: evil\ngroups: {crew: [bob]}\n");
    let _ = tool.fails(3, "apply evil.yaml --take-over --as bob", "");
    write(&tool, "studio.yaml", "version: 1\nname: studio\ngroups: {crew: []}\n");
    let _ = tool.fails(3, "apply studio.yaml --prune --yes --as carol", "");
}

#[test]
fn only_the_operator_prunes_a_share_of_the_systems_classes() {
    let tool = Tool::staffed();
    tool.ok("endpoint add disk --kind node --as eve");
    tool.ok("content add disk:/a --as eve");
    let share = r#"{"share":{"item":"disk:/a","principal":"bob","permission":"edit","class":"automation"}}"#;
    write(&tool, "s.jsonl", &format!("{{\"manifest\":{{\"version\":1,\"name\":\"s\"}}}}\n{share}\n"));
    tool.ok("apply s.jsonl --yes");
    write(&tool, "s.yaml", "version: 1\nname: s\nendpoints: {disk: {kind: node}}\n");
    let ran = tool.fails(3, "apply s.yaml --prune --yes --as eve", "may not change this share");
    assert!(ran.err.contains("changed by the operator alone"), "{ran:#?}");
    assert!(tool.ok("share list disk:/a --all --as eve").contains("user:bob"));
    tool.ok("apply s.yaml --prune --yes");
    assert!(!tool.ok("share list disk:/a --all --as eve").contains("user:bob"));
}
