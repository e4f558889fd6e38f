//! Every path keeps at least one active admin (docs/model.md#invariants).

use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;

use super::{acme, columns, join};
use crate::support::{PROGRAM, Tool};

#[test]
fn no_command_removes_the_last_admin() {
    let tool = acme();
    // A pending invitation is not an admin.
    tool.ok("org invite acme eve@example.com --role admin --as carol");
    let ran = tool.fails(5, "org leave acme --as carol", "user:carol is the last active admin of org:acme");
    assert!(ran.err.contains("Can leave organization by making another admin"), "{ran:#?}");
    assert!(ran.err.contains("try: rolebook org leave acme --promote SOMEBODY"), "{ran:#?}");
    let ran = tool.run("org leave acme --as carol -o json");
    assert!(ran.err.contains("\"code\":\"last_administrator\""), "{ran:#?}");
    let left = "without an active administrator";
    let ran = tool.fails(5, "org set-role acme carol member --as carol", left);
    assert!(ran.err.contains("try: rolebook org set-role acme SOMEBODY admin"), "{ran:#?}");
    tool.fails(5, "org set-role acme carol member", left);
    tool.fails(5, "org remove-member acme carol", left);
    tool.fails(5, "account deactivate carol", left);
    tool.fails(5, "account remove carol", left);
    tool.fails(5, "account remove carol --destroy --yes", "it alone administers org:acme");
    let ran = tool.fails(5, "account deactivate carol --as alice", "something that you may not see");
    assert!(!ran.err.contains("acme"), "{ran:#?}");
}

#[test]
fn admins_leave_and_do_not_remove_themselves() {
    let tool = acme();
    let ran = tool.fails(3, "org remove-member acme carol --as carol", "nobody removes themselves");
    assert!(ran.err.contains("try: rolebook org leave acme"), "{ran:#?}");
    tool.fails(2, "org leave acme", "the operator is not a member");
    let ran = tool.run("org remove-member acme eve --as carol");
    assert_eq!((ran.status, ran.out.as_str()), (0, "unchanged\n"), "{ran:#?}");
    assert!(ran.err.contains("user:eve is not a member of org:acme"), "{ran:#?}");
    tool.ok("org remove-member acme bob --as carol");
    assert!(!tool.may("bob", "view", "workspace:acme/prod"));
    assert_eq!(tool.ok("workspace members acme/prod -o json"), "[]\n");
}

#[test]
fn an_admin_promotes_and_leaves_in_one_revision() {
    let tool = acme();
    let before = tool.revision();
    tool.fails(5, "org leave acme --promote eve --as carol", "user:eve is not a member of org:acme");
    tool.fails(5, "org leave acme --promote carol --as carol", "cannot take over from themselves");
    tool.fails(3, "org leave acme --promote bob --as bob", "may not edit-member");
    tool.ok("account deactivate bob");
    tool.fails(5, "org leave acme --promote bob --as carol", "user:bob is not active");
    tool.fails(5, "org leave acme --as carol", "is the last active admin");
    tool.ok("account activate bob");
    let at = tool.revision();
    let out = tool.ok("org leave acme --promote bob --as carol");
    assert!(out.contains("role member -> admin") && out.contains("removed user:carol from org:acme"), "{out}");
    assert_eq!(tool.revision(), at + 1);
    assert!(at > before);
    assert_eq!(columns(&tool, "org members acme", "member,role"), "user:bob\tadmin\n");
}

#[test]
fn an_admin_leaves_where_another_active_one_remains() {
    let tool = acme();
    join(&tool, "eve", "admin");
    tool.ok("account deactivate eve");
    tool.fails(5, "org leave acme --as carol", "is the last active admin");
    tool.ok("account activate eve");
    tool.ok("org leave acme --as carol");
    tool.fails(4, "org show acme --as carol", "no such organization");
    tool.fails(5, "org leave acme --as eve", "is the last active admin");
}

/// A `rolebook` process, without a shell around it.
fn rolebook(tool: &Tool, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).current_dir(tool.folder()).env_clear().env("HOME", tool.folder().join("home"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn of_two_admins_who_leave_at_the_same_moment_exactly_one_leaves() {
    const ROUNDS: usize = 100;
    let tool = Tool::staffed();
    tool.ok("org add acme --admin carol");
    let mut second = 0;
    for round in 0..ROUNDS {
        for name in ["carol", "bob"] {
            tool.ok_here(&format!("org set-role acme {name} admin"));
        }
        let barrier = Barrier::new(2);
        let leave = |name: &'static str| {
            let mut command = rolebook(&tool, &["org", "leave", "acme", "--as", name]);
            barrier.wait();
            command.output().unwrap()
        };
        let outputs = thread::scope(|scope| {
            let other = scope.spawn(|| leave("bob"));
            [leave("carol"), other.join().unwrap()]
        });
        let mut codes = outputs.each_ref().map(|output| output.status.code());
        second += usize::from(codes[1] == Some(0));
        codes.sort_unstable();
        assert_eq!(codes, [Some(0), Some(5)], "round {round}: {outputs:?}");
    }
    println!("the second of the two went in {second} of {ROUNDS} rounds");
    assert_eq!(tool.json("org members acme").as_array().unwrap().len(), 1);
    tool.ok("audit verify");
}

#[test]
fn the_remedy_for_the_only_admin_is_to_promote_another_member() {
    let tool = acme();
    let answer: serde_json::Value =
        serde_json::from_str(&tool.run("perm check carol leave org:acme -o json").out).unwrap();
    let offers = answer["would_suffice"].as_array().unwrap();
    let offer = offers.iter().find(|it| it["command"] == "rolebook org set-role acme bob admin");
    assert_eq!(offer.unwrap_or_else(|| panic!("{answer:#}"))["by"], serde_json::json!(["user:carol"]));
    tool.ok("org set-role acme bob admin --as carol");
    assert!(tool.may("carol", "leave", "org:acme"));
}
