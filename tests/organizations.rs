//! Organizations through the program: the rights of their admins and of their members, and what
//! everybody is denied.

mod homes;
mod invitations;
mod keys;
mod leaving;
mod media;
mod workspaces;

use std::cell::Cell;

use rolebook::model::Time;
use rolebook::ops::{Actor, Transaction};
use rolebook::policy::AdaptiveFacts;
use rolebook::store::Store;

use crate::support::{CommandOutput, Fixture, Tool};

/// A store where carol administers the organization `acme` with the workspaces `prod` and `staging`.
/// bob is a member of `acme` and of `prod`.
fn acme() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = Tool::staffed();
        tool.ok("org add acme --as carol");
        tool.ok("workspace add acme/prod --as carol");
        tool.ok("workspace add acme/staging --as carol");
        join(&tool, "bob", "member --workspace prod");
        tool
    })
}

/// Invites somebody to `acme`, who accepts.
fn join(tool: &Tool, who: &str, role: &str) {
    let made = tool.json(&format!("org invite acme {who}@example.com --role {role} --as carol"));
    let ran = accept(tool, "acme", made["secret"].as_str().unwrap(), who);
    assert_eq!(ran.status, 0, "{ran:#?}");
}

/// Presents an invitation's secret on standard input.
fn accept(tool: &Tool, org: &str, secret: &str, who: &str) -> CommandOutput {
    tool.sh(&format!("printf '%s\\n' '{secret}' | rolebook org accept {org} --secret - --as {who}"))
}

/// Makes `count` accounts members of `acme`, with these workspaces.
fn people(tool: &Tool, count: usize, workspaces: &str) {
    let accounts: String = (0..count).map(|it| format!("  u{it}: {{}}\n")).collect();
    let members: Vec<String> = (0..count).map(|it| format!("u{it}: [{workspaces}]")).collect();
    let members = members.join(", ");
    let text = format!("version: 1\naccounts:\n{accounts}organizations:\n  acme: {{members: {{{members}}}}}\n");
    std::fs::write(tool.folder().join("people.yaml"), text).unwrap();
    tool.ok("apply people.yaml --yes");
}

/// The number of lookups and rows that an operation takes.
fn spent(tool: &Tool, operation: &dyn Fn(&mut Transaction<'_>)) -> u64 {
    let reader = Store::open(&tool.store()).unwrap().read().unwrap();
    let is_enough = |most: u64| {
        let is_spent = Cell::new(false);
        let facts = AdaptiveFacts::new(reader.facts(), most, || {
            is_spent.set(true);
            None
        });
        operation(&mut Transaction::new(&facts, Actor::Operator, Time::now()).unwrap());
        !is_spent.get()
    };
    let (mut few, mut enough) = (0, 10_000);
    assert!(is_enough(enough));
    while few + 1 < enough {
        let middle = few.midpoint(enough);
        if is_enough(middle) { enough = middle } else { few = middle }
    }
    enough
}

/// The output of a listing in these columns, without a header.
fn columns(tool: &Tool, arguments: &str, columns: &str) -> String {
    tool.ok(&format!("{arguments} -o tsv --no-headers --columns {columns}"))
}

#[test]
fn the_founder_of_an_organization_is_its_first_admin() {
    let tool = Tool::staffed();
    assert_eq!(
        tool.ok("org add acme --description Films --as carol").lines().take(2).collect::<Vec<_>>(),
        ["added org:acme: description Films", "added user:carol to org:acme: role admin"]
    );
    assert_eq!(tool.ok("org add acme --as carol"), "unchanged\n");
    assert_eq!(tool.ok("org add acme --description Films --as carol"), "unchanged\n");
    tool.fails(5, "org add acme --description Songs --as carol", "exists already, with other values");
    tool.fails(5, "org add ACME --as bob", "the name `acme` is taken");
    tool.fails(2, "org add globex", "an organization needs an admin");
    tool.fails(5, "org add globex --admin bob --as carol", "cannot be made an admin outright");
    tool.fails(4, "org add globex --admin nobody", "no such account");
    tool.ok("account deactivate eve");
    tool.fails(5, "org add globex --admin eve", "without an active administrator");
    tool.ok("org add globex --admin bob");
    let rows = tool.json("org list");
    assert_eq!(rows[0]["ref"], "org:acme");
    assert_eq!((rows[0]["members"].as_u64(), rows[0]["description"].as_str()), (Some(1), Some("Films")));
    assert_eq!(columns(&tool, "org list --as bob", "ref"), "org:globex\n", "one sees one's own");
    assert_eq!(tool.json("status")["counts"]["organizations"], 2);
    assert_eq!(tool.json("status --as bob")["counts"]["organizations"], 1);
}

#[test]
fn a_server_role_gives_no_power_over_organizations() {
    let tool = acme();
    for who in ["alice", "dana", "eve"] {
        for command in [
            "org show acme",
            "org members acme",
            "org invites acme",
            "org set acme --description x",
            "org remove acme --yes",
            "org invite acme x@example.com --role member",
            "org set-role acme bob admin",
            "org set-workspaces acme bob",
            "org remove-member acme bob",
            "org leave acme",
            "workspace add acme/test",
            "workspace show acme/prod",
            "workspace members acme/prod",
            "signing-key list acme",
            "access-token list acme/prod",
            "media list acme",
            "stream list acme/prod",
        ] {
            tool.fails(4, &format!("{command} --as {who}"), "no such");
        }
        for noun in ["org", "workspace"] {
            assert_eq!(tool.ok(&format!("{noun} list --as {who} -o json")), "[]\n");
        }
    }
}

#[test]
fn a_member_views_and_changes_nothing_but_the_details_of_a_workspace() {
    let tool = acme();
    assert_eq!(tool.json("org show acme --as bob")["members"], 2);
    assert_eq!(columns(&tool, "org members acme --as bob", "member,role"), "user:bob\tmember\nuser:carol\tadmin\n");
    tool.ok("org invite acme eve@example.com --role member --as carol");
    assert_eq!(columns(&tool, "org invites acme --as bob", "email,status").lines().count(), 2);
    let only = "Members get only the view access";
    for command in [
        "org set acme --description x",
        "org invite acme x@example.com --role member",
        "org cancel-invite acme eve@example.com",
        "org set-role acme bob admin",
        "org set-role acme eve member",
        "org set-workspaces acme bob prod staging",
        "org remove-member acme carol",
        "org remove-member acme bob",
        "workspace add acme/test",
        "workspace set acme/prod --root-upload allow",
        "workspace remove acme/prod --yes",
        "workspace add-member acme/prod bob --level manager",
        "workspace remove-member acme/prod bob",
        "media add acme/prod reel",
        "stream add acme/prod show",
    ] {
        tool.fails(3, &format!("{command} --as bob"), only);
    }
    tool.fails(3, "org remove acme --yes --as bob", "removed by the operator alone");
    tool.fails(3, "org remove acme --yes --as carol", "removed by the operator alone");
    assert!(tool.ok("workspace set acme/prod --description Live --as bob").contains("description none -> Live"));
    assert!(tool.ok("perm check bob edit workspace:acme/prod").contains("workspace.members-edit"));
    tool.ok("server set --members-edit-workspaces=false");
    tool.fails(3, "workspace set acme/prod --description x --as bob", "may not edit on workspace:acme/prod");
    tool.ok("workspace set acme/prod --description x --as carol");
}

#[test]
fn two_settings_of_the_server_extend_the_rights_of_members() {
    let tool = acme();
    let shown = tool.json("server show");
    assert_eq!((&shown["members_edit_workspaces"], &shown["members_may_leave"]), (&true.into(), &false.into()));
    tool.fails(3, "org leave acme --as bob", "members leave by themselves only where members-may-leave is on");
    tool.ok("server set --members-may-leave --members-edit-workspaces=false --as alice");
    let text = tool.ok("server show");
    assert!(text.contains("members_may_leave:") && text.contains("members_edit_workspaces:"), "{text}");
    tool.ok("org leave acme --as bob");
    tool.fails(4, "org show acme --as bob", "no such organization");
    assert!(!tool.may("bob", "view", "workspace:acme/prod"), "the workspaces went with it");
}

#[test]
fn a_role_in_one_organization_gives_nothing_in_another() {
    let tool = acme();
    tool.ok("org add globex --as eve");
    tool.ok("workspace add globex/prod --as eve");
    tool.fails(4, "org members globex --as carol", "no such organization");
    assert!(!tool.may("carol", "view", "workspace:globex/prod"));
    assert_eq!(columns(&tool, "workspace list --as carol", "ref"), "workspace:acme/prod\nworkspace:acme/staging\n");
    tool.fails(5, "org set-workspaces acme bob globex/prod --as carol", "is not a workspace of org:acme");
}

#[test]
fn a_role_is_changed_in_place() {
    let tool = acme();
    assert!(tool.ok("org set-role acme bob admin --as carol").contains("role member -> admin"));
    assert_eq!(tool.ok("org set-role acme bob admin"), "unchanged\n");
    assert_eq!(
        columns(&tool, "org members acme", "member,workspaces"),
        "user:bob\tworkspace:acme/prod workspace:acme/staging\nuser:carol\tworkspace:acme/prod workspace:acme/staging\n",
        "admins have all"
    );
    let ran = tool.fails(5, "org set-workspaces acme bob prod", "is an admin of org:acme");
    assert!(ran.err.contains("has all of its workspaces, always"), "{ran:#?}");
    tool.ok("org set-role acme bob member --as carol");
    assert_eq!(columns(&tool, "workspace list --as bob", "ref"), "workspace:acme/prod\n", "what was given stays given");
    let ran = tool.fails(5, "org set-role acme eve admin --as carol", "is not a member of org:acme");
    assert!(ran.err.contains("try: rolebook org invite acme eve@example.com --role admin"), "{ran:#?}");
    tool.fails(2, "org set-role acme bob owner", "owner");
    tool.fails(5, "org set-role acme group:x admin", "not an account");
    tool.ok("org set-role acme eve admin");
    assert_eq!(tool.json("org show acme")["members"], 3, "the operator puts somebody in outright");
}

#[test]
fn a_member_has_only_the_workspaces_given() {
    let tool = acme();
    let ran = tool.run("org set-workspaces acme bob staging acme/staging workspace:acme/staging --as carol");
    assert!(
        ran.out.starts_with(
            "removed user:bob from workspace:acme/prod\nadded user:bob to workspace:acme/staging: level member\n"
        ),
        "{ran:#?}"
    );
    assert_eq!(tool.ok("org set-workspaces acme bob staging"), "unchanged\n");
    assert_eq!(columns(&tool, "workspace list --as bob", "ref"), "workspace:acme/staging\n");
    tool.fails(4, "workspace show acme/prod --as bob", "no such workspace: `acme/prod`");
    tool.fails(4, "org set-workspaces acme bob nowhere --as carol", "no such workspace: `acme/nowhere`");
    tool.fails(5, "org set-workspaces acme eve prod --as carol", "is not a member of org:acme");
    tool.ok("org set-workspaces acme bob --as carol");
    assert_eq!(tool.ok("workspace list --as bob -o json"), "[]\n");
}

#[test]
fn a_private_directory_hides_no_member_from_an_admin() {
    let tool = acme();
    tool.ok("server set --private-directory");
    tool.fails(4, "account show bob --as carol", "no such account");
    tool.ok("org set-workspaces acme bob staging --as carol");
    tool.ok("workspace add-member acme/prod bob --as carol");
    tool.ok("org set-role acme bob admin --as carol");
    tool.fails(4, "org set-role acme eve admin --as carol", "no such account: `eve`");
}

#[test]
fn removing_an_organization_removes_everything_in_it() {
    let tool = acme();
    tool.ok("access-token create acme/prod --mode read --as carol");
    tool.ok("signing-key create acme --as carol");
    tool.ok("media add acme/prod reel --as carol");
    tool.ok("stream add acme/prod show --as carol");
    tool.ok("org invite acme eve@example.com --role member --as carol");
    let ran = tool.fails(5, "org remove acme", "not confirmed");
    for line in [
        "workspace:acme/prod",
        "workspace:acme/staging",
        "access-token:",
        "signing-key:",
        "media:",
        "stream:",
        "the invitation for eve@example.com",
        "user:bob as member of org:acme",
        "user:bob as member of workspace:acme/prod",
        "user:carol as admin of org:acme",
    ] {
        assert!(ran.err.contains(&format!("  - {line}")), "{line}: {ran:#?}");
    }
    tool.ok("org remove acme --yes");
    let counts = &tool.json("status")["counts"];
    assert_eq!((counts["organizations"].as_u64(), counts["workspaces"].as_u64()), (Some(0), Some(0)));
    tool.ok("org add acme --as bob");
    assert_eq!(tool.ok("workspace list -o json"), "[]\n", "the name is free, and nothing is inherited");
    let last = tool.revision();
    tool.ok(&format!("undo {last}"));
    tool.ok(&format!("undo {}", last - 1));
    assert_eq!(columns(&tool, "org members acme --as bob", "member"), "user:bob\nuser:carol\n");
}

#[test]
fn an_undo_takes_the_right_to_make_each_change() {
    let tool = acme();
    let undo = |number: u64, who: &str| tool.run(&format!("undo {number} --as {who}"));
    tool.ok("workspace set acme/prod --description Live --as carol");
    let details = tool.revision();
    tool.ok("workspace set acme/prod --root-upload deny --as carol");
    let root = tool.revision();
    assert_eq!(undo(root, "bob").status, 3, "a member edits the details, and no more");
    assert_eq!(undo(root, "carol").status, 0);
    assert_eq!(undo(details, "eve").status, 3);
    tool.ok("access-token create acme/prod --mode read --as carol");
    let token = tool.revision();
    let ran = undo(token, "bob");
    assert!(ran.status == 3 && !ran.err.contains("token"), "{ran:#?}");
    assert_eq!(undo(token, "carol").status, 0);
    // A former member does not come back through a workspace.
    tool.ok("org set-workspaces acme bob --as carol");
    let taken = tool.revision();
    tool.ok("org remove-member acme bob --as carol");
    tool.fails(5, &format!("undo {taken}"), "later changes build on this revision");
    // Nobody is a member twice.
    let removed = tool.revision();
    tool.ok("org set-role acme bob admin");
    tool.fails(5, &format!("undo {removed}"), "later changes build on this revision");
    // An organization does not end before its workspaces.
    let founded = tool.json("audit log --on org:acme").as_array().unwrap().last().unwrap()["revision"].clone();
    tool.fails(5, &format!("undo {founded}"), "later changes build on this revision");
}

#[test]
fn the_log_of_an_organization_is_for_its_admins() {
    let tool = acme();
    tool.ok("access-token create acme/prod --mode read --as carol");
    let log = tool.ok("audit log --touching org:acme --as carol -o json");
    assert!(log.contains("access-token create acme/prod"), "{log}");
    let own = tool.ok("audit log --on org:acme --as carol -o json");
    assert!(!own.contains("access-token create acme/prod") && own.contains("org add acme"), "{own}");
    tool.fails(3, "audit log --as bob", "may not view-log");
}
