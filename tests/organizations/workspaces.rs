//! Workspaces: who creates them, their members, and what ends with them.

use super::{acme, columns, join};

#[test]
fn an_admin_adds_changes_and_removes_workspaces() {
    let tool = acme();
    assert_eq!(tool.ok("workspace add acme/prod --as carol"), "unchanged\n");
    assert_eq!(tool.ok("workspace add workspace:ACME/Prod --root-upload allow --as carol"), "unchanged\n");
    tool.fails(5, "workspace add acme/prod --description Live --as carol", "exists already, with other values");
    let out = tool.ok("workspace add acme/test --description 'Try it' --root-upload deny --as carol");
    assert!(out.starts_with("added workspace:acme/test: description Try it, root_upload deny\n"), "{out}");
    let shown = tool.json("workspace show acme/test --as carol");
    assert_eq!(
        (shown["ref"].as_str(), shown["name"].as_str(), shown["description"].as_str(), shown["root_upload"].as_str()),
        (Some("workspace:acme/test"), Some("test"), Some("Try it"), Some("deny"))
    );
    assert!(shown["files"].is_null() && shown["members"] == 0, "{shown}");
    tool.ok("workspace set acme/test --description '' --root-upload allow --as carol");
    assert!(tool.json("workspace show acme/test")["description"].is_null());
    tool.fails(2, "workspace set acme/test", "nothing to change");
    tool.fails(2, "workspace show test", "not a workspace: `test`");
    tool.fails(5, "workspace show user:bob", "not a workspace: `user:bob`");
    tool.fails(2, "workspace add acme/test2 --root-upload perhaps", "perhaps");
    tool.fails(4, "workspace add nowhere/test", "no such organization");
    tool.fails(4, "workspace show acme/nowhere --as carol", "no such workspace: `acme/nowhere`");
    assert_eq!(tool.ok("workspace remove acme/test --as carol").lines().next(), Some("removed workspace:acme/test"));
    assert_eq!(columns(&tool, "workspace list acme", "ref"), "workspace:acme/prod\nworkspace:acme/staging\n");
    let text = tool.ok("workspace list --as bob");
    assert!(text.contains("workspace:acme/prod") && !text.contains("staging"), "{text}");
    assert_eq!(tool.json("status --as bob")["counts"]["workspaces"], 1);
}

#[test]
fn members_of_the_organization_are_added_to_a_workspace() {
    let tool = acme();
    let ran = tool.fails(5, "workspace add-member acme/prod eve --as carol", "is not a member of org:acme");
    assert!(ran.err.contains("rolebook org invite acme eve@example.com --role member --workspace prod"), "{ran:#?}");
    tool.fails(5, "workspace add-member acme/prod group:x", "only accounts");
    tool.fails(2, "workspace add-member acme/prod bob --level owner", "owner");
    assert_eq!(tool.ok("workspace add-member acme/prod bob --as carol"), "unchanged\n");
    assert_eq!(tool.ok("workspace add-member acme/prod bob --level member"), "unchanged\n");
    let out = tool.ok("workspace add-member acme/prod bob --level manager --root-upload deny --as carol");
    assert!(out.contains("level member -> manager, root_upload none -> deny"), "{out}");
    assert_eq!(tool.ok("workspace add-member acme/prod bob"), "unchanged\n", "what is not said stays");
    let row = &tool.json("workspace members acme/prod --as bob")[0];
    assert_eq!(
        (row["ref"].as_str(), row["member"].as_str(), row["level"].as_str(), row["root_upload"].as_str()),
        (Some("workspace:acme/prod"), Some("user:bob"), Some("manager"), Some("deny"))
    );
    assert!(row["home"].is_null());
    tool.ok("workspace add-member acme/prod bob --root-upload default");
    assert_eq!(tool.json("workspace members acme/prod")[0]["root_upload"], "default");
    join(&tool, "eve", "member");
    tool.ok("workspace add-member acme/prod eve carol --as carol");
    assert_eq!(columns(&tool, "workspace members acme/prod", "member"), "user:bob\nuser:carol\nuser:eve\n");
    tool.ok("workspace remove-member acme/prod eve carol --as carol");
    let ran = tool.run("workspace remove-member acme/prod eve --as carol");
    assert_eq!((ran.out.as_str(), ran.err.contains("is not a member of workspace:acme/prod")), ("unchanged\n", true));
    assert!(tool.may("carol", "edit", "workspace:acme/prod"), "an admin has it all the same");
    tool.fails(4, "workspace members acme/prod --as eve", "no such workspace");
}

#[test]
fn a_workspace_with_content_is_removed_only_with_yes() {
    let tool = acme();
    tool.ok("workspace remove acme/staging --as carol");
    tool.ok("workspace remove-member acme/prod bob");
    tool.ok("access-token create acme/prod --mode read --as carol");
    let revoked = tool.json("access-token list acme")[0]["ref"].as_str().unwrap().to_owned();
    tool.ok(&format!("access-token revoke {revoked}"));
    tool.ok("workspace remove acme/prod --dry-run --as carol");
    for make in [
        "access-token create acme/prod --mode read",
        "signing-key create acme/prod",
        "media add acme/prod reel",
        "stream add acme/prod show",
    ] {
        tool.ok(&format!("{make} --as carol"));
    }
    let ran = tool.fails(5, "workspace remove acme/prod --as carol", "not confirmed");
    for line in ["  - access-token:", "  - signing-key:", "  - media:", "  - stream:"] {
        assert!(ran.err.contains(line), "{ran:#?}");
    }
    assert!(!ran.err.contains(&format!("{revoked}\n")), "a token that ended is no loss: {ran:#?}");
    tool.ok("workspace remove acme/prod --yes --as carol");
    for noun in ["access-token", "signing-key", "media", "stream"] {
        assert_eq!(tool.ok(&format!("{noun} list acme -o json")), "[]\n");
    }
    let made = tool.ok(&format!("undo {}", tool.revision()));
    assert!(made.contains("added workspace:acme/prod"), "{made}");
    assert_eq!(tool.json("access-token list acme").as_array().unwrap().len(), 2);
}
