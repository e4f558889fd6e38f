//! Endpoints and their roles through the program: kinds, private endpoints, the last administrator.

use crate::support::{Fixture, Tool};

/// An archive (a private bucket) of alice's with the editors as access managers; bob is an editor.
fn archive() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::staffed();
        tool.ok("group add editors");
        tool.ok("group add-member editors bob");
        tool.ok("endpoint add archive --kind s3 --private --as alice");
        tool.ok("endpoint add-role archive access-manager group:editors --as alice");
        tool
    })
}

/// A hidden endpoint must answer like one that does not exist.
fn same_as_nothing(tool: &Tool, commands: &[&str], who: &str) {
    for command in commands {
        for dress in ["", " -o json"] {
            let hidden = tool.run(&format!("{} --as {who}{dress}", command.replace('@', "archive")));
            let missing = tool.run(&format!("{} --as {who}{dress}", command.replace('@', "nothere")));
            assert_eq!(hidden.status, 4, "{hidden:#?}");
            assert_eq!((hidden.status, &hidden.out), (missing.status, &missing.out), "{command}");
            assert_eq!(hidden.err.replace("archive", "@"), missing.err.replace("nothere", "@"), "{command}");
        }
    }
}

#[test]
fn the_creator_administers_an_endpoint_and_the_operator_names_an_administrator() {
    let tool = Tool::staffed();
    tool.ok("endpoint add archive --kind s3 --as bob");
    assert!(tool.may("bob", "edit", "endpoint:archive"));
    let roles = tool.json("endpoint roles archive");
    assert_eq!(roles[0]["principal"], "user:bob");
    assert_eq!(roles[0]["role"], "administrator");
    assert_eq!(tool.ok("endpoint add archive --kind s3 --as bob"), "unchanged\n");
    tool.fails(5, "endpoint add archive --kind host --as bob", "exists already, with other values");
    tool.fails(2, "endpoint add open --kind host", "needs an administrator");
    tool.ok("endpoint add open --kind host --administrator eve");
    assert!(tool.may("eve", "delete", "endpoint:open"));
    tool.ok("account deactivate carol");
    tool.fails(5, "endpoint add lost --kind host --administrator carol", "without an active administrator");
    tool.fails(2, "endpoint add lost --kind tape --as bob", "tape");
    // A server role gives no power over endpoints.
    tool.fails(3, "endpoint set archive --private --as alice", "user:alice may not edit on endpoint:archive");
}

#[test]
fn a_private_endpoint_does_not_exist_for_those_who_may_not_see_it() {
    let tool = archive();
    tool.ok("content add archive:/secret");
    let commands = [
        "endpoint show @",
        "endpoint set @ --private=false",
        "endpoint remove @",
        "endpoint roles @",
        "endpoint roles @ --of eve",
        "endpoint roles @ --of me",
        "endpoint add-role @ activity-monitor eve",
        "endpoint remove-role @ administrator alice",
        "endpoint add copy --kind share --of @:/secret",
        "perm check eve see endpoint:@",
        "perm check eve manage-permissions endpoint:@",
        "perm explain eve read-files endpoint:@",
        "perm check eve download @:/secret/x",
        "perm check alice download @:/secret",
        "content list @:/",
        "content show @:/secret",
        "content upload @:/secret/x",
        "content remove @:/secret",
        "content add @:/more",
        "share list @:/secret",
        "share grant @:/secret carol --permission view",
        "share revoke @:/secret carol",
        "share prune @:/",
        "audit log --on endpoint:@",
    ];
    same_as_nothing(&tool, &commands[..commands.len() - 1], "eve");
    same_as_nothing(&tool, &["endpoint show @", "endpoint roles @", "perm check dana edit endpoint:@"], "dana");
    // The endpoint is in no list, count, suggestion or completion.
    assert_eq!(tool.ok("endpoint list --as eve -o json"), "[]\n");
    assert_eq!(tool.json("status --as eve")["counts"]["endpoints"], 0);
    let ran = tool.fails(4, "endpoint show archiv --as eve", "no such endpoint");
    assert!(!ran.err.contains("archive"), "{ran:#?}");
    assert!(tool.fails(4, "endpoint show archiv --as alice", "no such endpoint").err.contains("`archive`"));
    for (who, offered) in [("eve", false), ("alice", true), ("bob", false)] {
        let line = format!("ROLEBOOK_COMPLETE=fish rolebook -- rolebook endpoint show --as {who} arch");
        let ran = tool.sh(&line);
        assert_eq!(ran.out.contains("archive"), offered, "{who}: {ran:#?}");
    }
    // The log shows the seeker nothing about it: only explicit denials are logged.
    assert!(!tool.ok("audit log --as alice -o json").contains("endpoint show"));
}

#[test]
fn an_access_manager_of_a_private_bucket_manages_it_without_seeing_it() {
    let tool = archive();
    same_as_nothing(&tool, &["endpoint show @", "endpoint roles @", "perm check bob see endpoint:@"], "bob");
    tool.ok("share grant archive:/open carol --permission view --as bob");
    let shares = tool.json("share list archive:/open --as bob");
    assert_eq!(shares[0]["principal"], "user:carol");
    assert_eq!(shares[0]["label"], "View");
    tool.ok("share set archive:/open carol --permission edit --as bob");
    tool.ok("share revoke archive:/open carol --as bob");
    assert_eq!(tool.run("perm check bob manage-permissions endpoint:archive --as bob").status, 0);
    assert_eq!(tool.run("perm check bob upload archive:/anywhere/x --as bob").status, 0);
    let own = tool.json("endpoint roles archive --of me --as bob");
    assert_eq!(own[0]["role"], "access-manager");
    assert_eq!(own[0]["via"], "group:editors");
    assert_eq!(own.as_array().unwrap().len(), 1);
    // No output shows what the endpoint is.
    let refused =
        tool.fails(5, "share grant archive:/open carol --permission upload --as bob", "view` and `edit` only");
    assert!(!refused.err.contains("s3"), "{refused:#?}");
    // On a share, and on a public bucket, an access manager sees the endpoint.
    tool.ok("endpoint set archive --private=false");
    tool.ok("endpoint show archive --as bob");
    tool.ok("endpoint add open --kind share --of archive:/open --private --as alice");
    tool.ok("endpoint add-role open access-manager bob --as alice");
    tool.ok("endpoint show open --as bob");
}

#[test]
fn roles_need_a_managed_endpoint_and_a_kind_that_has_them() {
    let tool = Tool::staffed();
    for kind in ["host", "personal", "node"] {
        tool.ok(&format!("endpoint add {kind} --kind {kind} --as alice"));
        let ran = tool.fails(
            5,
            &format!("endpoint add-role {kind} access-manager bob --as alice"),
            "nothing for an access manager",
        );
        assert!(ran.err.contains("seed 001"), "{ran:#?}");
        tool.ok(&format!("endpoint add-role {kind} activity-manager bob --as alice"));
        let own = tool.json(&format!("endpoint roles {kind} --of bob"));
        let roles: Vec<&str> = own.as_array().unwrap().iter().map(|row| row["role"].as_str().unwrap()).collect();
        assert_eq!(roles, ["activity-manager", "activity-monitor"]);
        assert_eq!(own[1]["implied_by"], "activity-manager");
        let of_alice = tool.json(&format!("endpoint roles {kind} --of alice"));
        assert_eq!(of_alice.as_array().unwrap().len(), 3, "no access manager where there is nothing to manage");
        tool.fails(
            5,
            &format!("endpoint set {kind} --managed=false --as alice"),
            "would have roles that it cannot have",
        );
        tool.ok(&format!("endpoint remove-role {kind} activity-manager bob --as alice"));
        tool.ok(&format!("endpoint set {kind} --managed=false --as alice"));
        tool.fails(5, &format!("endpoint add-role {kind} activity-monitor bob --as alice"), "is not managed");
    }
    tool.ok("endpoint set host --managed");
    tool.fails(5, "endpoint set host --node-version 4.4.6", "has no node software");
    tool.fails(2, "endpoint set node --node-version 4.x", "is not a version");
    tool.fails(5, "endpoint add-role host activity-monitor workgroup:x", "not an account or a group: `workgroup:x`");
}

#[test]
fn no_path_takes_the_last_administrator_away() {
    let tool = Tool::staffed();
    tool.ok("group add crew --visible members");
    tool.ok("group add night");
    tool.ok("group add-member night bob");
    tool.ok("group add-member crew group:night");
    tool.fails(4, "endpoint add lost --kind s3 --administrator group:crew --as carol", "no such group");
    tool.ok("endpoint add archive --kind s3 --as alice");
    tool.ok("endpoint add-role archive administrator group:crew --as alice");
    tool.ok("endpoint remove-role archive administrator alice --as alice");
    let last = "without an active administrator";
    tool.fails(5, "endpoint remove-role archive administrator group:crew", last);
    tool.fails(5, "group remove-member night bob", last);
    tool.fails(5, "group remove-member crew group:night", last);
    tool.fails(5, "group remove night --yes", last);
    tool.fails(5, "group remove crew --yes", last);
    tool.fails(5, "account deactivate bob", last);
    tool.fails(5, "account remove bob", last);
    tool.fails(5, "account remove bob --destroy --yes", last);
    tool.fails(5, "account set bob --expires 2099-01-01", last);
    tool.ok("endpoint set archive --private --as bob");
    // A manager who may not see the endpoint only learns that the account has something.
    let ran = tool.fails(5, "group remove-member night bob --as dana", last);
    assert!(!ran.err.contains("archive"), "{ran:#?}");
    tool.ok("endpoint add-role archive administrator eve --as bob");
    tool.ok("group remove-member night bob");
}

#[test]
fn destroying_an_account_transfers_what_it_alone_administers() {
    let tool = Tool::staffed();
    tool.ok("endpoint add node1 --kind node --private --as bob");
    tool.ok("content add node1:/projects --owner bob --as bob");
    tool.ok("share grant node1:/projects carol --permission view --as bob");
    let ran = tool.fails(5, "account remove bob --destroy --yes", "cannot be destroyed yet");
    assert!(
        ran.err.contains("it owns node1:/projects") && ran.err.contains("it alone administers endpoint:node1"),
        "{ran:#?}"
    );
    let ran = tool.fails(5, "account remove bob --destroy --yes --as dana", "cannot be destroyed yet");
    assert!(!ran.err.contains("node1"), "{ran:#?}");
    let ran = tool.fails(
        3,
        "account remove bob --destroy --transfer-to dana --yes --as dana",
        "may not see and may not transfer",
    );
    assert!(!ran.err.contains("node1"), "{ran:#?}");
    tool.ok("account remove bob --destroy --transfer-to eve --yes");
    assert!(tool.may("eve", "delete", "endpoint:node1"));
    assert_eq!(tool.json("content show node1:/projects")["owner"], "user:eve");
    assert_eq!(tool.json("share list node1:/projects --here")[1]["by"], "user:eve");
    assert!(tool.may("carol", "download", "node1:/projects/x"));
}

#[test]
fn removing_an_endpoint_removes_everything_on_it_and_says_so() {
    let tool = archive();
    tool.ok("content add archive:/open");
    tool.ok("share grant archive:/open eve --permission view --as bob");
    tool.ok("endpoint add open --kind share --of archive:/open --as alice");
    tool.fails(5, "endpoint add twice --kind share --of open:/x --as alice", "is a share itself");
    tool.fails(5, "content remove archive:/open --as alice --yes", "endpoint:open opens");
    let ran = tool.fails(5, "endpoint remove archive --as alice", "");
    for line in [
        "group:editors as access-manager",
        "archive:/open",
        "the share of archive:/open with user:eve",
        "endpoint:open",
    ] {
        assert!(ran.err.contains(line), "{line}: {ran:#?}");
    }
    tool.ok("endpoint remove archive --as alice --yes");
    assert_eq!(tool.ok("endpoint list -o json"), "[]\n");
    tool.ok(&format!("undo {}", tool.revision()));
    assert!(tool.may("eve", "download", "archive:/open/x"));
    assert_eq!(tool.json("endpoint list").as_array().unwrap().len(), 2);
}

#[test]
fn the_output_of_a_change_shows_nothing_hidden() {
    let tool = Tool::staffed();
    tool.ok("endpoint add vault --kind s3 --private --as bob");
    tool.ok("endpoint add-role vault access-manager carol --as bob");
    let printed = tool.ok("account remove carol --destroy --yes --as dana");
    assert!(!printed.contains("vault"), "{printed}");
    let ran = tool.run("account remove eve --destroy --as dana --yes -o json");
    assert_eq!(ran.status, 0, "{ran:#?}");
}
