//! Creating accounts as members, expiries of accounts, and the own e-mail address.

use super::{creators, write};
use crate::support::Tool;

#[test]
fn no_flag_of_account_add_bypasses_a_right_on_the_workgroup_or_dropbox() {
    let tool = creators();
    // Managers create users, but may add nobody to this dropbox.
    tool.fails(3, "account add puppet --dropbox intake --as dana", "may not create-member on dropbox:intake");
    tool.fails(3, "account add bob --dropbox intake --as dana", "may not create-member on dropbox:intake");
    tool.fails(3, "account add puppet --dropbox intake --role admin --as dana", "may not create-account=admin");
    tool.ok("account add puppet --dropbox intake --as alice");
    // A workgroup admin who may create users may do nothing else with them.
    tool.fails(3, "account add bob --workgroup color --as carol", "may not add-member on workgroup:color");
    for option in ["--send-external allow", "--receive deny", "--expires 30d"] {
        tool.fails(3, &format!("account add nina --workgroup color {option} --as carol"), "may not set=");
    }
    tool.fails(3, "account add nina --workgroup color --role manager --as carol", "may not create-account=manager");
    tool.fails(3, "account add nina --as carol", "may not create-account=user");
    tool.ok("account add nina --workgroup color --email nina@example.com --send-external default --as carol");
    assert_eq!(tool.ok("account add nina --workgroup color --as carol"), "unchanged\n");
    // An admin who may only add existing users creates none.
    tool.ok("workgroup set color --admins-create-users=false --admins-manage-members");
    tool.fails(3, "account add zoe --workgroup color --as carol", "may not create-member on workgroup:color");
    tool.ok("workgroup add-member color bob --as carol");
}

#[test]
fn a_table_creates_users_as_members_like_the_command() {
    let tool = creators();
    write(&tool, "people.csv", "name,email\nnina,nina@example.com\nzoe,\n");
    let done = tool.ok("import csv people.csv --workgroup color --as carol");
    assert!(done.contains("Applied: 4 added, 0 changed, 0 removed."), "{done}");
    assert!(tool.may("nina", "view", "workgroup:color"));
    assert_eq!(tool.ok("import csv people.csv --workgroup color --as carol"), "No changes.\n");
    // The table refuses what the command refuses.
    write(&tool, "more.csv", "name,expires\nyan,2099-01-01\n");
    let ran = tool.fails(3, "import csv more.csv --workgroup color --as carol", "this change cannot be made");
    assert!(ran.err.contains("may not set=expires"), "{ran:#?}");
    write(&tool, "more.csv", "name\nbob\n");
    let ran = tool.fails(3, "import csv more.csv --workgroup color --as carol", "this change cannot be made");
    assert!(ran.err.contains("may not add-member on workgroup:color"), "{ran:#?}");
    write(&tool, "more.csv", "name\nyan\n");
    let ran = tool.fails(3, "import csv more.csv --as carol", "this change cannot be made");
    assert!(ran.err.contains("may not create-account=user"), "{ran:#?}");
    // A row that names the new account waits for it, wherever the row is.
    write(
        &tool,
        "m.yaml",
        "version: 1\naccounts: {yan: {}}\ngroups: {g: [yan]}\nworkgroups: {color: {members: [yan]}}\n",
    );
    let ran = tool.fails(3, "apply m.yaml --as carol", "this change cannot be made");
    assert!(ran.err.contains("may not create-group"), "{ran:#?}");
    tool.ok("group add g --as dana");
    let ran = tool.fails(3, "apply m.yaml --as carol", "this change cannot be made");
    assert!(ran.err.contains("may not add-member on group:g"), "{ran:#?}");
}

#[test]
fn the_right_to_remove_a_membership_covers_deactivating_and_activating_it() {
    let tool = creators();
    tool.ok("workgroup add-member color bob");
    tool.ok("group add crew");
    tool.ok("workgroup add-member color group:crew");
    tool.fails(3, "workgroup deactivate-member color bob --as carol", "may not deactivate-member on workgroup:color");
    assert!(!tool.may("carol", "activate-member", "workgroup:color"));
    tool.ok("workgroup set color --admins-manage-members");
    for verb in ["deactivate", "activate"] {
        assert!(tool.may("carol", &format!("{verb}-member"), "workgroup:color"));
        tool.ok(&format!("workgroup {verb}-member color bob --as carol"));
        // An admin's membership takes `remove-admin`, a group's takes `remove-group`.
        tool.fails(3, &format!("workgroup {verb}-member color carol --as carol"), "may not remove-admin");
        tool.fails(3, &format!("workgroup {verb}-member color group:crew --as carol"), "");
    }
    assert!(tool.may("dana", "deactivate-member", "workgroup:color"));
    assert!(!tool.may("dana", "deactivate-member", "dropbox:intake"), "managers do not administer dropboxes here");
}

#[test]
fn only_admins_configure_the_server() {
    let tool = creators();
    tool.ok("server show --as alice");
    for who in ["dana", "bob"] {
        tool.fails(3, &format!("server show --as {who}"), "may not view on server");
        assert!(!tool.may(who, "view", "server"));
    }
    assert!(tool.may("alice", "view", "server"));
    // Nor does a file reveal whether the server has these values already.
    write(&tool, "m.yaml", "version: 1\nserver: {managers-administer-dropboxes: false}\n");
    let _ = tool.fails(3, "plan m.yaml --as bob", "");
    assert_eq!(tool.ok("plan m.yaml --as alice"), "No changes.\n");
}

#[test]
fn a_past_expiry_is_refused_on_the_command_line_and_noticed_in_a_file() {
    let tool = Tool::staffed();
    for command in ["add nina", "set bob", "edit bob"] {
        tool.fails(5, &format!("account {command} --expires 2020-01-01"), "is over already");
    }
    write(&tool, "m.yaml", "version: 1\naccounts: {bob: {expires: 2020-01-01}, nina: {expires: 2020-01-01}}\n");
    let ran = tool.run("apply m.yaml");
    assert_eq!(ran.status, 0, "{ran:#?}");
    assert!(ran.err.contains("user:bob expired at") && ran.err.contains("user:nina expired at"), "{ran:#?}");
    assert_eq!(tool.json("account show nina")["status"], "expired");
}

#[test]
fn the_only_administrator_of_anything_is_given_no_expiry() {
    let tool = Tool::staffed();
    tool.ok("endpoint add node1 --kind node --as bob");
    tool.ok("org add acme --as bob");
    tool.fails(5, "account set bob --expires 30d", "without an active administrator once");
    tool.fails(5, "account set alice --expires 30d", "cannot be an admin and expire");
    tool.fails(5, "account deactivate alice", "");
    // Carol administers them too, but only until the day before; then nobody would.
    tool.ok("endpoint add-role node1 administrator carol");
    tool.ok("org set-role acme carol admin");
    tool.ok("account set carol --expires 29d");
    tool.fails(5, "account set bob --expires 30d", "without an active administrator once");
    tool.fails(5, "account set bob --expires 28d", "without an active administrator once");
    tool.ok("account set carol --expires never");
    tool.ok("account set bob --expires 28d");
    tool.fails(5, "account set carol --expires 30d", "without an active administrator once");
    tool.ok("account set bob --expires 27d");
    // Through a group too.
    let tool = Tool::staffed();
    tool.ok("endpoint add node1 --kind node --as bob");
    tool.ok("group add crew");
    tool.ok("group add-member crew eve");
    tool.ok("endpoint add-role node1 administrator group:crew");
    tool.ok("endpoint remove-role node1 administrator bob");
    tool.fails(5, "account set eve --expires 30d", "this would leave endpoint:node1 without");
    write(&tool, "m.yaml", "version: 1\naccounts: {eve: {expires: 2099-01-01}}\n");
    tool.fails(5, "apply m.yaml", "this would leave endpoint:node1 without");
}

#[test]
fn promotion_clears_an_expiry_and_says_so() {
    let tool = Tool::staffed();
    tool.ok("account set bob --expires 30d");
    let ran = tool.run("account set-role bob admin");
    assert_eq!(ran.status, 0, "{ran:#?}");
    assert!(ran.err.contains("is cleared: an admin account never expires"), "{ran:#?}");
    for command in ["deactivate bob", "remove bob", "set bob --expires 30d"] {
        let ran = tool.fails(5, &format!("account {command}"), "");
        assert!(ran.err.contains("admin accounts do not expire and are always active"), "{ran:#?}");
    }
}

#[test]
fn nobody_takes_the_address_of_somebody_else() {
    let tool = Tool::staffed();
    tool.ok("account add frank@example.com");
    tool.ok("dropbox add intake");
    tool.ok("dropbox invite intake vendor@example.com");
    tool.ok("org add acme --admin alice");
    tool.ok("org invite acme partner@example.com --role member");
    tool.ok("account edit bob --email robert@example.com --as bob");
    tool.ok("account edit bob --display-name Robert --as bob");
    let refusal = |address: &str, who: &str| {
        let ran = tool.fails(3, &format!("account edit {who} --email {address} --as {who}"), "your own address");
        ran.err.replace(address, "ADDRESS")
    };
    let one = refusal("carol@example.com", "bob");
    assert!(one.contains("ask an admin for: rolebook account edit bob --email ADDRESS"), "{one}");
    // The same message, whoever has the address: nobody learns who was invited.
    for address in ["CAROL@example.com", "frank@example.com", "vendor@example.com", "partner@example.com"] {
        assert_eq!(refusal(address, "bob"), one, "{address}");
    }
    refusal("carol@example.com", "dana");
    tool.ok("account edit bob --email robert@example.com --as bob");
    tool.ok("account edit bob --email vendor@example.com --as alice");
    // Nor back to an address that somebody else has taken since.
    tool.ok("account edit eve --email eva@example.com --as eve");
    let changed = tool.revision();
    tool.ok("account edit carol --email eve@example.com --as alice");
    tool.fails(3, &format!("undo {changed} --as eve"), "your own address");
    tool.ok(&format!("undo {changed} --as alice"));
}
