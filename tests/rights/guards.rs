//! Guards of single operations that no other test covers: each guard was removed once to see a test fail.

use super::write;
use crate::support::{Fixture, Tool};

/// `org:acme` with olga as the only admin.
fn olgas() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::staffed();
        tool.ok("account add olga");
        tool.ok("org add acme --as olga");
        tool
    })
}

#[test]
fn an_undo_never_gives_an_admin_an_expiry_or_an_inactive_account() {
    for (given, taken) in [
        ("account set bob --expires 30d", "account set bob --expires never"),
        ("account deactivate bob", "account activate bob"),
    ] {
        let tool = Tool::staffed();
        tool.ok(given);
        tool.ok(taken);
        let revision = tool.revision();
        tool.ok("account set-role bob admin");
        tool.fails(5, &format!("undo {revision}"), "admin accounts do not expire and are always active");
    }
    for ended in ["account set bob --expires 30d", "account deactivate bob"] {
        let tool = Tool::staffed();
        tool.ok("account set-role bob admin");
        tool.ok("account set-role bob user");
        let revision = tool.revision();
        tool.ok(ended);
        tool.fails(5, &format!("undo {revision}"), "admin accounts do not expire and are always active");
    }
}

#[test]
fn an_undo_restores_nothing_that_the_endpoint_can_no_longer_hold() {
    let tool = Tool::staffed();
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --administrator bob");
    tool.ok("endpoint add-role node1 activity-monitor carol");
    tool.ok("endpoint remove-role node1 activity-monitor carol");
    let role = tool.revision();
    tool.ok("share grant node1:/p eve --permission browse,delete");
    tool.ok("share revoke node1:/p eve");
    let share = tool.revision();
    tool.ok("endpoint set node1 --node-version 3.7.3");
    tool.fails(5, &format!("undo {share}"), "node1");
    tool.ok("endpoint set node1 --managed=false");
    tool.fails(5, &format!("undo {role}"), "node1");
    tool.ok("endpoint set node1 --managed --node-version 3.7.4");
    tool.ok(&format!("undo {share}"));
    tool.ok(&format!("undo {role}"));
}

#[test]
fn a_revoked_share_comes_back_beside_the_one_of_another_sharer() {
    let tool = Tool::staffed();
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --administrator dana");
    tool.ok("content add node1:/p --owner bob");
    tool.ok("share grant node1:/p carol --permission edit --as bob");
    tool.ok("share grant node1:/p eve --permission view --as bob");
    tool.ok("share revoke node1:/p eve --as bob");
    let revision = tool.revision();
    tool.ok("share grant node1:/p eve --permission view --as carol");
    tool.ok(&format!("undo {revision} --as bob"));
    tool.ok("share revoke node1:/p eve --by bob --as bob");
    let revision = tool.revision();
    tool.ok("share grant node1:/p eve --permission view --as bob");
    tool.fails(5, &format!("undo {revision} --as bob"), "later changes build on this revision");
}

#[test]
fn an_undo_restores_no_share_for_longer_than_its_sharer_holds() {
    let tool = Tool::staffed();
    tool.set_clock("2027-01-01T00:00:00Z");
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --administrator dana");
    tool.ok("content add node1:/p --owner bob");
    tool.ok("share grant node1:/p carol --permission edit --as bob");
    tool.ok("share grant node1:/p eve --permission view --as carol");
    tool.ok("share revoke node1:/p eve --as carol");
    let revision = tool.revision();
    tool.ok("share set node1:/p carol --expires 30d --as bob");
    let _ = tool.fails(3, &format!("undo {revision} --as carol"), "");
    tool.ok("share set node1:/p carol --expires never --as bob");
    tool.ok(&format!("undo {revision} --as carol"));
}

#[test]
fn only_admins_and_the_operator_transfer_an_organization() {
    let tool = olgas();
    let _ = tool.fails(3, "account remove olga --destroy --transfer-to bob --yes --as alice", "");
    tool.ok("org set-role acme alice admin");
    tool.ok("account set bob --expires never");
    // If another admin remains there is nothing to transfer.
    tool.ok("account remove olga --destroy --transfer-to bob --yes --as alice");
    assert!(!tool.may("bob", "view", "org:acme"));
}

#[test]
fn an_expired_share_does_not_prevent_destroying_an_account() {
    let tool = Tool::staffed();
    tool.set_clock("2027-01-01T00:00:00Z");
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --administrator dana");
    tool.ok("share grant node1:/p carol --permission edit");
    tool.ok("share grant node1:/p eve --permission view --expires 1d --as carol");
    tool.fails(5, "account remove carol --destroy --yes", "no share is left without its sharer");
    tool.later(24 * 60 * 60);
    tool.ok("account remove carol --destroy --yes");
}

#[test]
fn an_expiry_takes_effect_at_its_moment() {
    let tool = olgas();
    tool.set_clock("2027-01-01T00:00:00Z");
    tool.fails(5, "account set bob --expires 2027-01-01T00:00:00Z", "is over already");
    tool.ok("workspace add acme/prod --as olga");
    tool.ok("dropbox add intake");
    let ends = "--expires 2027-01-02T00:00:00Z";
    tool.ok(&format!("access-token create acme/prod --mode read {ends} --as olga"));
    tool.ok(&format!("dropbox invite intake vendor@example.com {ends}"));
    tool.ok(&format!("org invite acme eve@example.com --role member {ends} --as olga"));
    tool.ok(&format!("account set bob {ends}"));
    let statuses = || {
        let first = |arguments: &str| tool.json(arguments)[0]["status"].as_str().unwrap().to_owned();
        let bob = tool.json("account show bob")["status"].as_str().unwrap().to_owned();
        [first("access-token list acme/prod"), first("dropbox invites intake"), first("org invites acme"), bob]
    };
    tool.set_clock("2027-01-01T23:59:59Z");
    assert_eq!(statuses(), ["active"; 4]);
    tool.set_clock("2027-01-02T00:00:00Z");
    assert_eq!(statuses(), ["expired"; 4]);
}

#[test]
fn a_link_is_revoked_and_resent_only_at_its_own_dropbox() {
    let tool = Tool::staffed();
    for (name, admin) in [("intake", "bob"), ("other", "carol")] {
        tool.ok(&format!("dropbox add {name} --admins-manage-invitations"));
        tool.ok(&format!("dropbox add-member {name} {admin}"));
        tool.ok(&format!("dropbox add-admin {name} {admin}"));
    }
    tool.ok("dropbox add-member intake eve");
    tool.ok("dropbox invite intake vendor@example.com --as bob");
    let link = tool.json("dropbox invites intake")[0]["ref"].as_str().unwrap().to_owned();
    for verb in ["revoke", "resend"] {
        tool.fails(4, &format!("dropbox {verb} other {link} --as carol"), "no such invitation");
    }
    tool.ok(&format!("dropbox revoke intake {link} --as bob"));
    // An actor who may neither invite nor revoke sees no link.
    tool.fails(3, "dropbox invites intake --as eve", "");
}

#[test]
fn a_member_who_may_only_submit_cannot_forward() {
    let tool = Tool::staffed();
    tool.ok("dropbox add intake");
    tool.ok("dropbox add-member intake bob");
    tool.ok("dropbox add-member intake eve --level submit-only");
    tool.ok("dropbox submit intake --title Scans --file a.tif:1 --as eve");
    let package = tool.json("package list --as eve")[0]["ref"].as_str().unwrap().to_owned();
    let ran = tool.fails(3, &format!("package forward {package} --to carol --as eve"), "");
    assert!(ran.err.contains("submit"), "{ran:#?}");
    tool.ok(&format!("package forward {package} --to carol --as bob"));
}

#[test]
fn a_number_is_one_of_its_kind() {
    let tool = olgas();
    tool.ok("package send --title Note --to bob --file n.txt:3 --as carol");
    let package = tool.json("package list --as bob")[0]["ref"].as_str().unwrap().to_owned();
    let number = package.trim_start_matches("package:").to_owned();
    for kind in ["signing-key", "access-token"] {
        tool.fails(4, &format!("perm check bob view {kind}:{number}"), "no such");
    }
}

#[test]
fn only_the_operator_shares_in_the_name_of_others() {
    let tool = Tool::staffed();
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --administrator bob");
    tool.ok("share grant node1:/p carol --permission edit");
    let shares = "{/p: {eve: {permission: view, by: carol}}}";
    write(&tool, "m.yaml", &format!("version: 1\nendpoints: {{node1: {{shares: {shares}}}}}\n"));
    tool.fails(3, "apply m.yaml --as bob", "only user:carol may share as user:carol");
    tool.ok("apply m.yaml");
}

#[test]
fn files_replace_no_folder_and_folders_replace_no_file() {
    let tool = Tool::staffed();
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --administrator dana");
    tool.ok("content add node1:/p --owner bob");
    tool.ok("content upload node1:/p/a.mov --size 1 --as bob");
    tool.ok("content upload node1:/p/dir --type folder --as bob");
    tool.fails(2, "content upload node1:/p/b.mov --file x:1 --as bob", "a file holds no files");
    tool.fails(5, "content upload node1:/p/a.mov --type folder --as bob", "is a file, not a folder");
    tool.fails(5, "content upload node1:/p/dir --size 1 --as bob", "is a folder");
    tool.fails(2, "content upload node1:/p/two --type folder --file x:1 --file x:2 --as bob", "is named twice");
    // A package whose files lie in folders creates these, which takes `create-folder`.
    tool.ok("package send --title Cut --to bob --to eve --file reel/one.mov:1 --as carol");
    let package = tool.json("package list --as bob")[0]["ref"].as_str().unwrap().to_owned();
    tool.ok("share grant node1:/p/dir eve --permission upload-files,browse --as bob");
    tool.fails(3, &format!("content save {package} node1:/p/dir --as eve"), "create-folder");
    tool.ok(&format!("content save {package} node1:/p/dir --as bob"));
    tool.ok("content upload node1:/p/reel --size 1 --as bob");
    tool.fails(5, &format!("content save {package} node1:/p --as bob"), "is a file, not a folder");
}

#[test]
fn a_change_with_no_or_unreadable_values_is_refused() {
    let tool = olgas();
    tool.ok("account add zoe");
    tool.ok("endpoint add node1 --kind node --as bob");
    tool.ok("workgroup add crew");
    for command in ["account set zoe", "org set acme", "server set", "endpoint set node1", "workgroup set crew"] {
        let _ = tool.fails(2, command, "");
    }
    for command in ["account edit zoe --display-name", "org set acme --description"] {
        let ran = tool.sh(&format!("rolebook {command} \"$(printf 'a\\033b')\""));
        assert_eq!(ran.status, 2, "{ran:#?}");
    }
}

#[test]
fn transferring_what_an_account_alone_administers_takes_the_right_over_it() {
    let tool = Tool::staffed();
    tool.ok("endpoint add node1 --kind node --administrator bob");
    let _ = tool.fails(3, "account remove bob --destroy --transfer-to carol --yes --as alice", "");
    tool.ok("endpoint add-role node1 administrator alice");
    tool.ok("account remove bob --destroy --transfer-to carol --yes --as alice");
    assert!(!tool.may("carol", "edit", "endpoint:node1"), "another administrator remained");
}

#[test]
fn a_manifest_designates_admins_only_with_the_right() {
    let tool = Tool::staffed();
    for (noun, name) in [("workgroup", "color"), ("dropbox", "intake")] {
        tool.ok(&format!("{noun} add {name} --admins-manage-members"));
        tool.ok(&format!("{noun} add-member {name} carol bob"));
        tool.ok(&format!("{noun} add-admin {name} carol"));
    }
    for (nouns, name) in [("workgroups", "color"), ("dropboxes", "intake")] {
        for who in ["bob", "eve"] {
            write(&tool, "m.yaml", &format!("version: 1\n{nouns}: {{{name}: {{admins: [carol, {who}]}}}}\n"));
            tool.fails(3, "apply m.yaml --as carol", "add-admin");
        }
        write(&tool, "m.yaml", &format!("version: 1\n{nouns}: {{{name}: {{admins: [carol, bob]}}}}\n"));
        tool.ok("apply m.yaml --as dana");
    }
}

#[test]
fn a_past_expiry_in_a_file_takes_the_right_to_set_it() {
    let tool = Tool::staffed();
    write(&tool, "m.yaml", "version: 1\naccounts: {bob: {expires: 2020-01-01}}\n");
    for who in ["eve", "bob"] {
        tool.fails(3, &format!("apply m.yaml --as {who}"), "may not set=expires on user:bob");
    }
    tool.ok("apply m.yaml --as dana");
}

#[test]
fn setting_the_same_values_again_changes_nothing() {
    let tool = olgas();
    tool.ok("org set-role acme bob member");
    tool.ok("org set-role acme carol admin");
    let revision = tool.revision();
    assert_eq!(tool.ok("org set-role acme bob member --as carol"), "unchanged\n");
    assert_eq!(tool.revision(), revision);
}

#[test]
fn renaming_a_workspace_takes_the_right_to_edit_it() {
    let tool = olgas();
    tool.ok("org set-role acme bob member");
    tool.ok("workspace add acme/prod --as olga");
    tool.ok("workspace add-member acme/prod bob --as olga");
    tool.ok("server set --members-edit-workspaces=false");
    tool.fails(3, "workspace rename acme/prod final --as bob", "may not edit");
    tool.ok("server set --members-edit-workspaces");
    tool.ok("workspace rename acme/prod final --as bob");
}

#[test]
fn missing_parent_folders_take_the_right_to_create_them() {
    let tool = Tool::staffed();
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --administrator dana");
    tool.ok("content add node1:/p --owner bob");
    tool.ok("share grant node1:/p eve --permission upload-files --as bob");
    tool.ok("content upload node1:/p/a.mov --size 1 --as eve");
    tool.fails(3, "content upload node1:/p/new/a.mov --size 1 --as eve", "create-folder");
    tool.ok("content upload node1:/p/new/a.mov --size 1 --as bob");
    tool.fails(2, "content set node1:/p --size 5 --as dana", "a folder has no size");
}

#[test]
fn a_hidden_resource_only_reveals_that_its_name_is_taken() {
    let tool = Tool::staffed();
    tool.ok("endpoint add vault --kind node --private --as bob");
    let ran = tool.fails(5, "endpoint add vault --kind node --as eve", "the name `vault` is taken");
    assert!(!ran.err.contains("values"), "{ran:#?}");
    // The same if the name was free before.
    tool.ok("endpoint add disk --kind node --as eve");
    tool.ok("endpoint remove disk --yes --as eve");
    let revision = tool.revision();
    tool.ok("endpoint add disk --kind node --private --as bob");
    let ran = tool.fails(5, &format!("undo {revision} --as eve"), "the name of endpoint:disk was taken");
    assert!(!ran.err.contains("in revision"), "{ran:#?}");
    // And for links of a hidden dropbox.
    tool.ok("workgroup add color --admins-create-users");
    tool.ok("workgroup add-member color carol");
    tool.ok("workgroup add-admin color carol");
    tool.ok("dropbox add intake");
    tool.ok("dropbox invite intake vendor@example.com");
    let told = tool.run("account add vic --email vendor@example.com --dry-run");
    assert!(told.err.contains("intake"), "{told:#?}");
    let ran = tool.run("account add vic --email vendor@example.com --workgroup color --as carol");
    assert_eq!((ran.status, ran.err.contains("private link")), (0, false), "{ran:#?}");
}

#[test]
fn turning_the_public_link_off_revokes_only_claimed_links() {
    let tool = Tool::staffed();
    tool.ok("server set --public-links allow");
    tool.ok("dropbox add intake");
    tool.ok("dropbox invite intake vendor@example.com");
    let public = tool.json("dropbox public-link intake on")["secret"].as_str().unwrap().to_owned();
    let claim = format!("printf %s '{public}' | rolebook dropbox claim intake guest@example.com --link -");
    let ran = tool.sh(&claim);
    assert_eq!(ran.status, 0, "{ran:#?}");
    tool.ok("dropbox public-link intake off --revoke-issued");
    let invites = tool.json("dropbox invites intake");
    let status = |email: &str| {
        let row = invites.as_array().unwrap().iter().find(|row| row["email"] == email).unwrap();
        row["status"].as_str().unwrap().to_owned()
    };
    assert_eq!((status("vendor@example.com"), status("guest@example.com")), ("active".into(), "revoked".into()));
}

#[test]
fn an_undo_takes_the_right_of_the_equivalent_command() {
    let tool = Tool::staffed();
    // Renaming an account takes the right to delete it, which users do not have over their own.
    tool.ok("account rename bob robert --as alice");
    let renamed = tool.revision();
    let _ = tool.fails(3, &format!("undo {renamed} --as robert"), "");
    tool.ok(&format!("undo {renamed} --as dana"));
    tool.ok("account edit bob --email robert@example.com --as alice");
    let edited = tool.revision();
    let _ = tool.fails(3, &format!("undo {edited} --as eve"), "");
    tool.ok(&format!("undo {edited} --as dana"));
    // An admin's membership takes the right to designate admins.
    tool.ok("workgroup add color --admins-manage-members");
    tool.ok("workgroup add-member color carol eve bob");
    tool.ok("workgroup add-admin color carol eve");
    tool.ok("workgroup deactivate-member color eve");
    let deactivated = tool.revision();
    let _ = tool.fails(3, &format!("undo {deactivated} --as carol"), "");
    tool.ok("workgroup deactivate-member color bob");
    let plain = tool.revision();
    tool.ok(&format!("undo {plain} --as carol"));
    tool.ok(&format!("undo {deactivated} --as dana"));
    tool.ok("workgroup remove-admin color eve --as dana");
    let undesignated = tool.revision();
    let _ = tool.fails(3, &format!("undo {undesignated} --as carol"), "");
    tool.ok(&format!("undo {undesignated} --as dana"));
    // Renaming a file takes `rename`.
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --administrator dana");
    tool.ok("content add node1:/p/a.mov --type file");
    tool.ok("share grant node1:/p bob --permission edit");
    tool.ok("share grant node1:/p eve --permission view");
    tool.ok("content rename node1:/p/a.mov b.mov --as bob");
    let renamed = tool.revision();
    let _ = tool.fails(3, &format!("undo {renamed} --as eve"), "");
    tool.ok(&format!("undo {renamed} --as bob"));
    // The creation of a resource cannot be undone while newer resources lie in it.
    tool.ok("org add acme --as bob");
    let made = tool.revision();
    tool.ok("workspace add acme/prod --as bob");
    let ran = tool.fails(5, &format!("undo {made} --as bob"), "later changes build on this revision");
    assert!(ran.err.contains("workspace:acme/prod was made in revision"), "{ran:#?}");
}

#[test]
fn an_undo_restores_content_with_the_rights_of_the_manual_change() {
    let tool = Tool::staffed();
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --administrator dana");
    tool.ok("content add node1:/p/a.mov --type file --size 1");
    tool.ok("content add node1:/q");
    tool.ok("share grant node1:/ bob --permission edit");
    tool.ok("share grant node1:/ eve --permission view");
    for (who, command) in [
        ("bob", "content move node1:/p/a.mov node1:/q"),
        ("bob", "content upload node1:/p/a.mov --size 7"),
        ("dana", "content set node1:/p --owner bob"),
    ] {
        tool.ok(&format!("{command} --as {who}"));
        let revision = tool.revision();
        let _ = tool.fails(3, &format!("undo {revision} --as eve"), "");
        tool.ok(&format!("undo {revision} --as {who}"));
    }
}

#[test]
fn an_actor_who_creates_users_restores_no_other_account() {
    let tool = Tool::staffed();
    tool.ok("workgroup add color --admins-create-users");
    tool.ok("workgroup add-member color carol eve");
    tool.ok("workgroup add-admin color carol");
    for (options, status) in [("", 0), ("--forward deny", 3), ("--role manager", 3)] {
        tool.ok(&format!("account add zed --workgroup color {options} --as alice"));
        tool.ok("account remove zed --destroy --yes --as alice");
        let ran = tool.run(&format!("undo {} --as carol", tool.revision()));
        assert_eq!(ran.status, status, "{ran:#?}");
        if status == 0 {
            tool.ok("account remove zed --destroy --yes --as alice");
        }
    }
    tool.ok("workgroup set color --admins-manage-members");
    tool.ok("workgroup add-admin color eve --as dana");
    let designated = tool.revision();
    let _ = tool.fails(3, &format!("undo {designated} --as carol"), "");
    tool.ok(&format!("undo {designated} --as dana"));
}

#[test]
fn revoke_prefers_the_share_of_the_actor() {
    let tool = Tool::staffed();
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --administrator dana --administrator bob");
    for who in ["dana", "bob"] {
        tool.ok(&format!("share grant node1:/p eve --permission view --admin --as {who}"));
    }
    tool.ok("share revoke node1:/p eve --as dana");
    assert_eq!(tool.json("share list node1:/p --with eve")[0]["by"], "user:bob");
    // With managed sharing no share rests on its sharer's role.
    tool.ok("endpoint add bucket --kind s3 --administrator dana");
    tool.ok("endpoint add-role bucket access-manager bob");
    tool.ok("share grant bucket:/films eve --permission view --as bob");
    tool.ok("endpoint remove-role bucket access-manager bob");
    assert_eq!(tool.ok("share prune bucket:/ --yes --as dana"), "unchanged\n");
}

#[test]
fn an_heir_needs_no_right_over_a_share_that_has_ended() {
    let tool = Tool::staffed();
    tool.set_clock("2027-01-01T00:00:00Z");
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --administrator dana");
    tool.ok("share grant node1:/p carol --permission edit");
    tool.ok("share grant node1:/p eve --permission view --expires 1d --as carol");
    let _ = tool.fails(3, "account remove carol --destroy --transfer-to bob --yes --as alice", "");
    tool.later(24 * 60 * 60);
    tool.ok("account remove carol --destroy --transfer-to bob --yes --as alice");
}

#[test]
fn two_merged_shares_end_with_the_earlier() {
    let tool = Tool::staffed();
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --administrator dana");
    tool.ok("share grant node1:/p carol bob --permission edit");
    for (first, second) in [("2099-01-10", "2099-01-20"), ("2099-01-20", "2099-01-10")] {
        tool.ok(&format!("share grant node1:/p eve --permission preview --expires {first} --as carol"));
        tool.ok(&format!("share grant node1:/p eve --permission upload --expires {second} --as bob"));
        tool.ok("account remove carol --destroy --transfer-to bob --yes");
        let shares = tool.json("share list node1:/p --with eve");
        assert_eq!(shares.as_array().unwrap().len(), 1, "{shares:#}");
        assert_eq!(shares[0]["expires"], "2099-01-10T00:00:00Z", "{shares:#}");
        tool.ok("share revoke node1:/p eve --as bob");
        tool.ok("account add carol");
        tool.ok("share grant node1:/p carol --permission edit");
    }
}

#[test]
fn an_access_manager_of_a_hidden_bucket_sees_it_in_its_own_listing() {
    let tool = Tool::staffed();
    tool.ok("endpoint add vault --kind s3 --private --administrator bob");
    tool.ok("endpoint add-role vault access-manager carol");
    assert!(tool.ok("perm list carol --as carol").contains("vault"));
    assert!(!tool.ok("perm list eve --as eve").contains("vault"));
}
