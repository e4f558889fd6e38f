//! The files of a workspace, and the home folders of its members.

use rolebook::model::{Kind, Name, Reference};
use rolebook::ops::workspace_member::{self, WorkspaceTerms};

use super::{accept, acme, columns, join, people, spent};
use crate::support::{Fixture, Tool};

/// Makes a node that an account administers.
fn node(tool: &Tool, name: &str, administrator: &str) {
    tool.ok(&format!("endpoint add {name} --kind node --administrator {administrator}"));
}

/// `acme`, with a node that carol administers and the files of `prod` on it.
fn with_files() -> Tool {
    static MADE: Fixture = Fixture::new();
    MADE.copy(|| {
        let tool = acme();
        node(&tool, "node1", "carol");
        tool.ok("workspace set acme/prod --files node1:/acme-prod --as carol");
        tool
    })
}

const HOME: &str = "node1:/acme-prod/bob";

#[test]
fn members_get_a_home_folder_that_they_own() {
    let tool = with_files();
    assert_eq!(tool.json("workspace show acme/prod --as bob")["files"], "node1:/acme-prod");
    assert_eq!(columns(&tool, "workspace members acme/prod --as bob", "member,home"), format!("user:bob\t{HOME}\n"));
    for action in ["upload", "create-folder", "download", "delete", "browse"] {
        assert!(tool.may("bob", action, HOME), "{action}");
    }
    join(&tool, "eve", "member --workspace prod");
    assert!(tool.may("eve", "upload", "node1:/acme-prod/eve"), "made with the membership");
    assert!(!tool.may("eve", "browse", HOME) && !tool.may("bob", "browse", "node1:/acme-prod"));
    let owner = tool.json("perm check eve upload node1:/acme-prod/eve")["proof"].to_string();
    assert!(owner.contains("user:carol"), "by who invited: {owner}");
    assert_eq!(tool.ok("workspace set acme/prod --files node1:/acme-prod/ --as carol"), "unchanged\n");
    assert_eq!(tool.ok("workspace add acme/prod --files node1:/acme-prod --as carol"), "unchanged\n");
    tool.fails(5, "workspace add acme/prod --files node1:/other --as carol", "exists already, with other values");
}

#[test]
fn root_uploads_are_allowed_by_the_workspace_or_the_membership() {
    let tool = with_files();
    assert!(tool.may("bob", "upload-to-root", "workspace:acme/prod"));
    tool.ok("workspace set acme/prod --root-upload deny --as carol");
    assert!(!tool.may("bob", "upload", HOME) && !tool.may("bob", "upload-to-root", "workspace:acme/prod"));
    tool.fails(3, "workspace set acme/prod --root-upload allow --as bob", "may not create-workspace");
    tool.ok("workspace add-member acme/prod bob --root-upload allow --as carol");
    assert!(tool.may("bob", "upload", HOME));
    tool.ok("workspace add-member acme/prod bob --root-upload default --as carol");
    assert!(!tool.may("bob", "upload", HOME));
}

#[test]
fn the_end_of_a_membership_ends_the_ownership_and_leaves_the_folder() {
    let again = |tool: &Tool| tool.ok("workspace add-member acme/prod bob");
    let tool = with_files();
    for (end, back) in [
        ("workspace remove-member acme/prod bob", &again as &dyn Fn(&Tool) -> String),
        ("org set-workspaces acme bob staging", &again),
        ("org remove-member acme bob", &|tool| {
            tool.ok("org set-role acme bob member");
            again(tool)
        }),
    ] {
        let ran = tool.run(&format!("{end} --as carol"));
        assert_eq!(ran.status, 0, "{ran:#?}");
        assert!(ran.err.contains(&format!("`{HOME}` stays, without an owner")), "{ran:#?}");
        assert!(!tool.may("bob", "browse", HOME), "{end}");
        back(&tool);
        assert!(tool.may("bob", "browse", HOME), "one's own is given back after {end}");
    }
    tool.ok("server set --members-may-leave");
    assert!(tool.run("org leave acme --as bob").err.contains("stays, without an owner"));
    assert!(!tool.may("bob", "browse", HOME));
}

#[test]
fn the_home_folder_of_a_former_member_is_a_plain_folder_elsewhere() {
    let tool = with_files();
    tool.ok("workspace set acme/prod --root-upload deny --as carol");
    tool.ok("org remove-member acme bob");
    tool.ok("content add node1:/archive --owner carol");
    tool.ok("share grant node1:/archive user:bob --permission edit");
    tool.ok(&format!("share grant {HOME} user:bob --permission edit"));
    // Root uploads concern members: a former member may do what the share gives.
    assert!(tool.may("bob", "upload", HOME));
    assert!(tool.ok(&format!("perm who upload {HOME} -o csv")).contains("user:bob"));
    tool.ok(&format!("content move {HOME} node1:/archive"));
    let listed = "perm list bob --under node1:/archive --action upload --expand -o csv";
    assert_eq!(tool.ok(listed), "resource,actions\nnode1:/archive,upload\nnode1:/archive/bob,upload\n");
    tool.ok("org set-role acme bob member");
    tool.ok("workspace add-member acme/prod bob");
    assert_eq!(columns(&tool, "workspace members acme/prod --as bob", "member,home"), format!("user:bob\t{HOME}\n"));
}

#[test]
fn a_renamed_home_folder_stays_its_members() {
    let tool = with_files();
    tool.ok("org remove-member acme bob");
    tool.ok(&format!("content rename {HOME} archive"));
    tool.ok("account rename bob robert");
    tool.ok("org set-role acme robert member");
    for again in ["workspace add-member acme/prod robert", "workspace remove-member acme/prod robert"] {
        tool.ok(again);
    }
    // In the same change as new home folders, and by an apply that reads the store into memory.
    let others: String = (0..400).map(|it| format!(", u{it}: [prod]")).collect();
    let accounts: String = (0..400).map(|it| format!("  u{it}: {{}}\n")).collect();
    let text =
        format!("version: 1\naccounts:\n{accounts}organizations:\n  acme: {{members: {{robert: [prod]{others}}}}}\n");
    std::fs::write(tool.folder().join("more.yaml"), text).unwrap();
    tool.ok("apply more.yaml --yes");
    let homes = columns(&tool, "workspace members acme/prod", "member,home");
    assert!(homes.contains("user:robert\tnode1:/acme-prod/archive\n"), "{homes}");
    assert!(homes.contains("user:u399\tnode1:/acme-prod/u399\n"), "{homes}");
    tool.fails(4, "content show node1:/acme-prod/robert", "node1:/acme-prod/robert");
}

/// The number of lookups and rows for adding a member to a workspace with `homes` home folders.
fn spent_on_joining(homes: usize) -> u64 {
    let tool = with_files();
    people(&tool, homes, "prod");
    tool.ok("org set-role acme eve member");
    let name = |text: &str| Name::parse(text).unwrap();
    spent(&tool, &|tx| {
        let eve = Reference::parse("eve", Kind::Account).unwrap();
        workspace_member::add(tx, &name("acme"), &name("prod"), &[eve], &WorkspaceTerms::default()).unwrap();
        let draft = tx.facts().draft();
        assert!(draft.resources.values().flatten().any(|it| it.name == "eve"), "the home folder");
    })
}

#[test]
fn the_cost_of_joining_a_workspace_does_not_grow_with_its_members() {
    assert_eq!(spent_on_joining(2), spent_on_joining(300));
}

#[test]
fn a_later_account_of_the_same_name_does_not_get_a_home_folder() {
    let tool = with_files();
    tool.fails(5, "account remove bob --destroy --yes", "it owns node1:/acme-prod/bob");
    tool.ok("org remove-member acme bob");
    tool.ok("account remove bob --destroy --yes");
    tool.ok("account add bob --email bob@example.com");
    tool.ok("org set-role acme bob member");
    let ran = tool.fails(5, "workspace add-member acme/prod bob --as carol", "cannot be the home folder of user:bob");
    assert!(ran.err.contains("the home folder of another account"), "{ran:#?}");
    assert!(ran.err.contains(&format!("rolebook content rename {HOME}")), "{ran:#?}");
    assert!(!tool.may("bob", "browse", HOME));
    let made = tool.json("org invite acme eve@example.com --role member --workspace prod --as carol");
    tool.ok("account set eve --email ''");
    tool.ok("account add eve@example.com");
    let ran = accept(&tool, "acme", made["secret"].as_str().unwrap(), "eve@example.com");
    assert_eq!(ran.status, 0, "{ran:#?}");
    tool.ok("org remove-member acme eve@example.com");
    tool.ok("account remove eve@example.com --destroy --yes");
    tool.ok("account add eve@example.com");
    let made = tool.json("org invite acme eve@example.com --role member --workspace prod --as carol");
    let ran = accept(&tool, "acme", made["secret"].as_str().unwrap(), "eve@example.com");
    assert!(ran.status == 5 && ran.err.contains("cannot be the home folder"), "{ran:#?}");
    for odd in [".", ".."] {
        tool.ok(&format!("account add '{odd}'"));
        tool.ok(&format!("org set-role acme '{odd}' member"));
        tool.fails(5, &format!("workspace add-member acme/prod '{odd}'"), "invalid folder name");
    }
    tool.ok("workspace add acme/test --files node1:/acme-prod-test --as carol");
    tool.ok("workspace add-member acme/test bob --as carol");
    assert!(tool.may("bob", "upload", "node1:/acme-prod-test/bob"));
    tool.ok("workspace add-member acme/staging bob");
    // A folder that existed before is nobody's home.
    tool.ok("workspace add acme/under --files node1:/tree/files/deep --as carol");
    tool.ok("workspace remove acme/under --yes --as carol");
    tool.ok("account add files");
    tool.ok("org set-role acme files member");
    tool.ok("workspace add acme/top --files node1:/tree --as carol");
    let ran = tool.fails(5, "workspace add-member acme/top files --as carol", "cannot be the home folder");
    assert!(ran.err.contains("it exists already and is not a home folder"), "{ran:#?}");
}

#[test]
fn files_of_workspaces_do_not_overlap_and_lie_on_an_endpoint_of_the_actor() {
    let tool = with_files();
    let cannot = "cannot hold the files of the workspace";
    for path in ["/", "/acme-prod", "/acme-prod/x", "/acme-prod/bob", "/acme-prod/bob/x"] {
        let ran = tool.fails(5, &format!("workspace set acme/staging --files node1:{path} --as carol"), cannot);
        assert!(ran.err.contains("the files of workspace:acme/prod lie in `node1:/acme-prod`"), "{ran:#?}");
    }
    tool.fails(
        5,
        "workspace set acme/prod --files node1:/other --as carol",
        "has its files in `node1:/acme-prod` already",
    );
    tool.fails(5, "workspace set acme/staging --files org:acme", "not a path on an endpoint");
    tool.fails(2, "workspace set acme/staging --files acme/x", "not a path: `acme/x`");
    tool.fails(4, "workspace set acme/staging --files nowhere:/x --as carol", "no such endpoint");
    node(&tool, "node2", "dana");
    tool.fails(3, "workspace set acme/staging --files node2:/x --as carol", "may not edit on endpoint:node2");
    tool.ok("org add globex --as dana");
    tool.ok("workspace add globex/prod --files node2:/x --as dana");
    tool.ok("org set-role acme dana admin");
    let ran = tool.fails(5, "workspace set acme/staging --files node2:/x/y --as dana", cannot);
    assert!(ran.err.contains("workspace:globex/prod"), "{ran:#?}");
    tool.ok("org set-role globex eve admin");
    tool.ok("org leave globex --as dana");
    let ran = tool.fails(5, "workspace set acme/staging --files node2:/x/y --as dana", cannot);
    assert!(!ran.err.contains("globex"), "what one may not see is not named: {ran:#?}");
}

#[test]
fn a_copy_of_the_files_of_a_workspace_belongs_to_no_workspace() {
    let tool = with_files();
    tool.ok("share grant node1:/ carol --permission edit");
    tool.ok("content add node1:/copies");
    tool.ok("content copy node1:/acme-prod node1:/copies --as carol");
    assert!(!tool.may("bob", "upload", "node1:/copies/acme-prod/bob"));
    tool.ok("content remove node1:/copies/acme-prod --yes --as carol");
}

#[test]
fn an_upload_into_the_home_of_another_is_not_owned_by_the_uploader() {
    let tool = with_files();
    tool.ok("share grant node1:/acme-prod/bob carol --permission edit --as bob");
    tool.ok("content upload node1:/acme-prod/bob/a.mov --size 1 --as carol");
    tool.ok("share revoke node1:/acme-prod/bob carol --as bob");
    assert!(!tool.may("carol", "download", "node1:/acme-prod/bob/a.mov"));
}

#[test]
fn undoing_the_folder_of_a_workspace_takes_the_right_over_the_endpoint() {
    let tool = with_files();
    tool.ok("org set-role acme dana admin");
    tool.ok("workspace set acme/staging --files node1:/staging --as carol");
    let revision = tool.revision();
    let _ = tool.fails(3, &format!("undo {revision} --as dana"), "");
    // The folder does not leave the endpoint either, with or without a member.
    node(&tool, "node2", "carol");
    tool.ok("share grant node1:/ carol --permission edit");
    tool.ok("share grant node2:/ carol --permission edit");
    tool.fails(5, "content move node1:/staging node2:/ --as carol", "the files of workspace:acme/staging lie in");
    tool.ok(&format!("undo {revision} --as carol"));
}

#[test]
fn an_item_moved_out_of_a_home_folder_has_the_permissions_of_its_new_folder() {
    let tool = with_files();
    tool.ok("workspace set acme/prod --root-upload allow --as carol");
    tool.ok("content add node1:/out --as carol");
    tool.ok("share grant node1:/out bob --permission upload");
    tool.ok("content upload node1:/acme-prod/bob/a.mov --size 1 --as bob");
    assert!(tool.may("bob", "delete", "node1:/acme-prod/bob/a.mov"));
    assert_eq!(tool.json("content show node1:/acme-prod/bob/a.mov --as carol")["owner"], "user:bob");
    tool.ok("content move node1:/acme-prod/bob/a.mov node1:/out --as bob");
    assert!(!tool.may("bob", "delete", "node1:/out/a.mov"));
}

#[test]
fn removing_a_workspace_leaves_its_files_as_plain_folders() {
    let tool = with_files();
    let ran = tool.fails(5, "workspace remove acme/prod --as carol", "not confirmed");
    assert!(ran.err.contains("its files in `node1:/acme-prod`, which stay there without their owners"), "{ran:#?}");
    tool.ok("workspace remove acme/prod --yes --as carol");
    assert!(!tool.may("bob", "browse", HOME));
    tool.ok("workspace add acme/next --files node1:/acme-prod --as carol");
    tool.fails(5, "workspace add-member acme/next bob --as carol", "it exists already and is not a home folder");
    tool.ok("org remove acme --yes");
    tool.ok("org add acme --as carol");
    tool.ok("workspace add acme/prod --files node1:/acme-prod --as carol");
}

#[test]
fn a_folder_with_the_files_of_a_workspace_stays_and_does_not_name_a_hidden_one() {
    let tool = with_files();
    node(&tool, "node2", "carol");
    tool.ok("endpoint add-role node1 administrator eve --as carol");
    tool.ok("content set node1:/acme-prod --owner eve --as carol");
    tool.ok("share grant node1:/acme-prod carol --permission edit");
    for command in ["content remove node1:/acme-prod --yes", "endpoint remove node1 --yes"] {
        let ran = tool.fails(
            5,
            &format!("{command} --as carol"),
            "the files of workspace:acme/prod lie in `node1:/acme-prod`",
        );
        assert!(ran.err.contains("rolebook workspace remove acme/prod"), "{ran:#?}");
        let ran = tool.fails(5, &format!("{command} --as eve"), "the files of something that you may not see");
        assert!(!ran.err.contains("workspace:"), "{ran:#?}");
    }
    tool.fails(5, "content move node1:/acme-prod node2:/ --yes", "node1:/acme-prod");
}

/// A tool with a new store to which the export of another store was applied.
fn restored(from: &Tool, format: &str) -> Tool {
    let to = Tool::new();
    let name = format!("all.{format}");
    std::fs::write(to.folder().join(&name), from.ok(&format!("export --format {format} -q"))).unwrap();
    to.ok(&format!("apply {name} --yes"));
    to
}

#[test]
fn a_home_folder_of_another_name_survives_export_and_import() {
    let tool = with_files();
    for who in ["eve", "dana", "alice"] {
        tool.ok(&format!("org set-role acme {who} member"));
        tool.ok(&format!("workspace add-member acme/prod {who}"));
    }
    // The home folder keeps its name; a later account of the same name gets a new one, and one is removed.
    tool.ok("account rename bob robert");
    tool.ok("content set node1:/acme-prod/eve --owner none");
    tool.ok("content rename node1:/acme-prod/eve none");
    tool.ok("content set node1:/acme-prod/none --owner eve");
    tool.ok("content set node1:/acme-prod/dana --owner none");
    tool.ok("content remove node1:/acme-prod/dana");
    tool.ok("workspace set acme/prod --root-upload deny");
    let text = tool.ok("export -q");
    for part in ["home: node1:/acme-prod/bob", "home: node1:/acme-prod/none", "home: none"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(text.matches("home:").count(), 3, "the usual one is not said: {text}");
    for format in ["yaml", "jsonl"] {
        let copy = restored(&tool, format);
        assert_eq!(copy.ok("export -q"), text);
        let listed = "content list node1:/acme-prod -o csv --columns ref,owner";
        assert_eq!(copy.ok(listed), tool.ok(listed));
        for line in ["workspace members acme/prod", "perm list user:robert --everything", "perm list user:eve"] {
            let columns = if line.starts_with("perm") { "--sort resource" } else { "--columns member,home" };
            let line = format!("{line} -o csv {columns}");
            assert_eq!(copy.ok(&line), tool.ok(&line), "{line}");
        }
        // Uploads to the root are denied there as before: the folder keeps its account.
        assert!(!copy.may("robert", "upload", HOME) && copy.may("robert", "download", HOME));
        assert_eq!(copy.sh(&format!("rolebook export -q --format {format} | rolebook plan -")).out, "No changes.\n");
    }
}

#[test]
fn a_home_folder_lies_at_the_given_path() {
    let tool = with_files();
    let add = |who: &str, home: &str| format!("workspace add-member acme/prod {who} --home {home} --as carol");
    tool.ok("org set-role acme eve member");
    tool.ok("org set-role acme dana member");
    tool.fails(5, &add("eve", "node1:/acme-prod/x/eve"), "`node1:/acme-prod/x/eve` cannot be a home folder");
    tool.fails(5, &add("eve", "node2:/acme-prod/eve"), "cannot be a home folder of the workspace");
    tool.fails(5, &add("eve", HOME), "cannot be the home folder of user:eve");
    tool.fails(2, &add("eve", "acme-prod"), "not a path: `acme-prod`");
    tool.fails(2, &add("'eve' 'dana'", "node1:/acme-prod/x"), "one folder is the home of one member");
    tool.ok(&add("eve", "node1:/acme-prod/guest"));
    assert!(tool.may("eve", "upload", "node1:/acme-prod/guest"));
    assert_eq!(tool.ok(&add("eve", "node1:/acme-prod/guest")), "unchanged\n");
    tool.fails(5, &add("eve", "node1:/acme-prod/eve"), "the home folder of user:eve is `node1:/acme-prod/guest`");
    tool.fails(5, &add("eve", "none"), "the home folder of user:eve is `node1:/acme-prod/guest`");
    tool.ok(&add("dana", "none"));
    tool.fails(4, "content show node1:/acme-prod/dana", "no such file or folder");
    assert_eq!(tool.ok(&add("dana", "none")), "unchanged\n");
    tool.ok(&add("dana", "node1:/acme-prod/late"));
    assert!(tool.may("dana", "upload", "node1:/acme-prod/late"));
    tool.fails(
        5,
        "workspace add-member acme/staging bob --home node1:/acme-prod/b --as carol",
        "cannot be a home folder",
    );
    let text = "version: 1\norganizations:\n  acme:\n    workspaces:\n      w: {files: 'node1:/w', members: [{user: bob, home: 'node1:/v/bob'}]}\n";
    std::fs::write(tool.folder().join("m.yaml"), text).unwrap();
    let ran = tool.fails(6, "validate m.yaml", "the input has a mistake");
    assert!(ran.err.contains("`node1:/v/bob` cannot be a home folder of the workspace"), "{ran:?}");
}

#[test]
fn remedies_give_files_to_a_workspace_without_files() {
    let tool = acme();
    tool.ok("workspace add-member acme/staging bob");
    let check = "perm check bob upload-to-root workspace:acme/staging";
    let offers = |tool: &Tool| {
        let answer: serde_json::Value = serde_json::from_str(&tool.run(&format!("{check} -o json")).out).unwrap();
        let offer = |it: &serde_json::Value| format!("{} by {}", it["command"].as_str().unwrap(), it["by"]);
        answer["would_suffice"].as_array().unwrap().iter().map(offer).collect::<Vec<_>>()
    };
    assert!(offers(&tool).is_empty(), "there is no endpoint yet: {:?}", offers(&tool));
    node(&tool, "anode", "dana");
    node(&tool, "node1", "carol");
    let wanted = "rolebook workspace set acme/staging --files node1:/acme-staging by [\"user:carol\"]";
    assert_eq!(offers(&tool), [wanted]);
    // Existing items would become files of the workspace.
    tool.ok("content add node1:/acme-staging");
    assert!(offers(&tool).is_empty(), "{:?}", offers(&tool));
    tool.ok("content remove node1:/acme-staging");
    tool.ok("workspace set acme/staging --files node1:/acme-staging --as carol");
    assert_eq!(tool.run(check).status, 0);
}
