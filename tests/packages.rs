//! Packages through the program: who may send to whom, who sees what, forwarding.

use crate::support::{Fixture, Tool};

fn studio() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::staffed();
        tool.ok("workgroup add color --send members");
        tool.ok("workgroup add-member color bob carol");
        tool.ok("dropbox add intake");
        tool.ok("dropbox add-member intake bob");
        tool
    })
}

/// The reference of the package that a command sent.
fn made(tool: &Tool, arguments: &str) -> String {
    tool.json(arguments)["changed"][0]["ref"].as_str().unwrap().to_owned()
}

#[test]
fn one_refused_recipient_refuses_the_package_and_every_refusal_is_named() {
    let tool = studio();
    tool.ok("workgroup add closed");
    tool.ok("workgroup add-member closed bob");
    let before = tool.revision();
    let ran = tool.fails(
        3,
        "package send --title x --to carol --to workgroup:closed --to dropbox:nowhere --as bob",
        "2 of 3 recipients are refused",
    );
    assert!(ran.err.contains("- user:bob may not send on workgroup:closed"), "{ran:#?}");
    assert!(ran.err.contains("- no such dropbox: `nowhere`"), "{ran:#?}");
    assert_eq!(tool.json("package list"), serde_json::json!([]));
    assert_eq!(tool.revision(), before + 1, "the denial is in the log");
    tool.ok("package send --title x --to carol --to workgroup:color --to dropbox:intake --as bob");
    tool.fails(2, "package send --title x --to carol", "a package needs a sender");
}

#[test]
fn sender_recipients_and_members_view_a_package() {
    let tool = studio();
    let package = made(&tool, "package send --title Dailies --to workgroup:color --file a.mov:1 --as carol");
    for (who, sees) in [("carol", true), ("bob", true), ("eve", false), ("dana", false), ("alice", true)] {
        assert_eq!(tool.may(who, "view", &package), sees, "{who}");
        assert_eq!(tool.may(who, "download", &package), sees, "{who}");
    }
    let private = made(&tool, "package send --title Note --to bob --as carol");
    assert!(!tool.may("alice", "view", &private), "a server admin sees what went to workgroups and dropboxes");
    tool.fails(4, &format!("package show {private} --as alice"), "no such package");
    tool.ok("account set bob --receive deny");
    assert!(tool.may("bob", "view", &private) && !tool.may("bob", "download", &private));
    tool.ok("workgroup remove-member color bob");
    assert!(!tool.may("bob", "view", &package), "the right follows the membership");
    let shown = tool.json(&format!("package show {package}"));
    assert_eq!(shown["files"][0]["size"], 1);
    assert_eq!(shown["to"][0], "workgroup:color");
}

#[test]
fn everybody_lists_what_they_may_view() {
    let tool = studio();
    tool.ok("package send --title Note --to bob --file n.txt:3 --as carol");
    tool.ok("package send --title Cut --to eve --file c.txt:3 --as bob");
    for (who, count) in [("carol", 1), ("bob", 2), ("eve", 1), ("dana", 0)] {
        assert_eq!(tool.json(&format!("package list --as {who}")).as_array().unwrap().len(), count, "{who}");
    }
}

#[test]
fn settings_take_away() {
    let tool = studio();
    tool.ok("account set bob --send-normal deny");
    tool.fails(3, "package send --title x --to carol --as bob", "sends only to dropboxes it belongs to");
    tool.ok("package send --title x --to dropbox:intake --as bob");
    tool.ok("account set bob --send-normal default --send-to-all-users deny");
    tool.fails(3, "package send --title x --to eve --as bob", "people and workgroups it shares a workgroup with");
    tool.ok("package send --title x --to carol --to workgroup:color --as bob");
    tool.ok("workgroup add open --send anyone");
    tool.fails(4, "package send --title x --to workgroup:open --as bob", "no such workgroup");
    tool.ok("account set bob --send-to-all-users default --send deny");
    for to in ["carol", "workgroup:color", "dropbox:intake"] {
        tool.fails(3, &format!("package send --title x --to {to} --as bob"), "its specific user settings");
    }
    tool.ok("account deactivate eve");
    tool.fails(3, "package send --title x --to eve --as carol", "nothing is sent to an account that is inactive");
}

#[test]
fn outside_addresses_take_a_setting_and_are_written_explicitly() {
    let tool = studio();
    tool.fails(3, "package send --title x --to external:v@example.com --as bob", "may not send-external");
    tool.ok("account set bob --send-external allow");
    let package = made(&tool, "package send --title x --to external:v@example.com --as bob");
    assert_eq!(tool.json(&format!("package show {package}"))["to"][0], "external:v@example.com");
    let ran = tool.fails(
        5,
        "package send --title x --to external:CAROL@example.com --as bob",
        "is the address of user:carol",
    );
    assert!(ran.err.contains("try: --to user:carol"), "{ran:#?}");
    let ran = tool.fails(4, "package send --title x --to v@example.com --as bob", "no such account");
    assert!(ran.err.contains("write `external:v@example.com`"), "{ran:#?}");
    assert_eq!(tool.json("package list --to external:V@example.com").as_array().unwrap().len(), 1);
}

#[test]
fn forwarding_takes_the_right_to_view_and_the_setting() {
    let tool = studio();
    let package = made(&tool, "package send --title Note --to bob --file n.txt:3 --as carol");
    tool.fails(4, &format!("package forward {package} --to dana --as eve"), "no such package");
    let forwarded = made(&tool, &format!("package forward {package} --to dana --as bob"));
    let shown = tool.json(&format!("package show {forwarded} --as dana"));
    assert_eq!((shown["title"].as_str(), shown["forwarded"].as_str()), (Some("Note"), Some(package.as_str())));
    assert_eq!(shown["files"][0]["name"], "n.txt");
    tool.ok("account set bob --forward deny");
    tool.fails(3, &format!("package forward {package} --to dana --as bob"), "may not forward");
}

#[test]
fn a_package_outlives_its_sender() {
    let tool = studio();
    let package = made(&tool, "package send --title Note --to bob --as carol");
    tool.ok("account remove carol --destroy --yes");
    let from = tool.json(&format!("package show {package} --as bob"))["from"].as_str().unwrap().to_owned();
    assert!(from.starts_with("user:carol#"), "{from}");
    assert_eq!(tool.json(&format!("package list --from '{from}'")).as_array().unwrap().len(), 1);
}

#[test]
fn files_are_a_name_and_a_size() {
    let tool = studio();
    let expected = "expected `NAME:BYTES`";
    for bad in ["a.mov", "a.mov:x", ":5", "a.mov:-1"] {
        tool.fails(2, &format!("package send --title x --to bob --file '{bad}' --as carol"), expected);
    }
    for bad in ["../a.mov:5", "a//b.mov:5", "/a.mov:5", "b/:5", "./a:5"] {
        tool.fails(2, &format!("package send --title x --to bob --file {bad} --as carol"), expected);
    }
    tool.fails(2, "package send --title '' --to bob --as carol", "a title is not empty");
    tool.ok("package send --title x --to bob --file 'C:notes.txt:5' --as carol");
    tool.fails(2, "package show abc", "is not the number of a package");
}
