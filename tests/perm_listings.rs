//! `perm who`, `list` and `matrix` through the program: who may ask, the formats, and the messages for
//! invalid questions.

use serde_json::json;

use crate::support::Tool;

#[test]
fn who_names_the_rule_and_on_request_the_proof() {
    let tool = Tool::studio();
    let rows = tool.json("perm who download node1:/projects");
    assert_eq!(
        rows,
        json!([{"principal": "user:alice", "rule": "content.owner"},
               {"principal": "user:bob", "rule": "content.share"},
               {"principal": "user:carol", "rule": "content.share"}])
    );
    let rows = tool.json("perm who download node1:/projects --proof");
    assert_eq!(rows[1]["proof"][0]["on"], "node1:/projects");
    let named = tool.ok("perm who download node1:/projects -o csv --columns proof,principal --no-headers");
    assert!(named.starts_with("owner of node1:/projects,user:alice\n"), "{named}");
}

#[test]
fn a_class_stands_for_its_accounts_unless_everybody_is_asked_for() {
    let tool = Tool::studio();
    let names = |command: &str| -> Vec<String> {
        let rows = tool.json(command);
        rows.as_array().unwrap().iter().map(|row| row["principal"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("perm who see endpoint:node1"), ["authenticated", "user:alice"]);
    let all = ["authenticated", "user:alice", "user:dana", "user:bob", "user:carol", "user:eve"];
    assert_eq!(names("perm who see endpoint:node1 --expand"), all);
}

#[test]
fn a_folder_stands_for_its_items_unless_every_item_is_asked_for() {
    let tool = Tool::studio();
    let places = |command: &str| -> Vec<String> {
        let rows = tool.json(command);
        rows.as_array().unwrap().iter().map(|row| row["resource"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(places("perm list bob --under node1:/"), ["node1:/projects"]);
    assert_eq!(places("perm list bob --under node1:/projects/day01"), ["node1:/projects/day01"]);
    assert_eq!(places("perm list bob --under node1:/ --expand").len(), 5);
    assert_eq!(places("perm list bob --action share=view --under node1:/"), [] as [&str; 0]);
    assert_eq!(places("perm list bob --kind workgroup --at 10"), [] as [&str; 0]);
    assert_eq!(places("perm list bob --kind workgroup --at 13"), ["workgroup:color"]);
    tool.fails(4, "perm list bob --at 2", "no such account");
}

#[test]
fn what_every_account_may_do_is_one_closing_line() {
    let tool = Tool::studio();
    let closing = "and what every active account may do (--everything lists it)\n";
    let listed = tool.ok("perm list bob --no-headers");
    assert!(listed.ends_with(closing), "{listed}");
    assert!(!listed.contains("user:eve") && listed.contains("workgroup:color"), "{listed}");
    let everything = tool.ok("perm list bob --no-headers --everything");
    assert!(everything.contains("user:eve") && !everything.contains(closing), "{everything}");
    let rows = tool.json("perm list bob");
    let last = rows.as_array().unwrap().last().unwrap();
    assert_eq!(last, &json!({"resource": null, "actions": [], "also": "authenticated", "but_not": []}));
    // If not every account may do the action, there is no such line.
    assert!(!tool.ok("perm list bob --kind package").contains("every active account"));
    assert!(!tool.ok("perm list authenticated").contains("every active account"));
    assert!(!tool.ok("perm list bob --limit 1").contains("every active account"));
    tool.ok("account set bob --send deny");
    let listed = tool.ok("perm list bob");
    let (_, but) = listed.rsplit_once("may do, but not ").unwrap();
    for stopped in ["send (server), send-external (server), send-to (user)", "view (workgroup)", "(--everything"] {
        assert!(but.contains(stopped), "{but}");
    }
    assert!(!but.contains("view (user)"), "{but}");
}

#[test]
fn a_matrix_of_a_folder_has_its_items() {
    let tool = Tool::studio();
    let resources = |command: &str| -> Vec<String> {
        let rows = tool.json(command);
        let mut found: Vec<String> =
            rows.as_array().unwrap().iter().map(|row| row["resource"].as_str().unwrap().to_owned()).collect();
        found.dedup();
        found
    };
    let beneath = resources("perm matrix --under node1:/projects --action download");
    let tree: Vec<String> = tool
        .json("content tree node1:/projects")
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["ref"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(beneath, [&["node1:/projects".to_owned()], &*tree].concat());
    assert_eq!(resources("perm matrix dropbox:intake --under node1:/projects")[0], "dropbox:intake");
    assert_eq!(resources("--as alice perm matrix --under node1:/projects --action download"), beneath);
    tool.fails(3, "--as bob perm matrix --under node1:/projects", "may ask about themselves only");
    tool.fails(4, "perm matrix --under nowhere:/", "nowhere:/");
    // A mistyped folder is not an empty one.
    for listing in ["perm matrix", "perm list bob"] {
        tool.fails(4, &format!("{listing} --under node1:/projects/nothing"), "no such file or folder");
    }
}

#[test]
fn a_matrix_has_a_field_for_each_action() {
    let tool = Tool::studio();
    let rows = tool.json("perm matrix node1:/projects dropbox:intake");
    let of = |who: &str, on: &str| {
        rows.as_array().unwrap().iter().find(|row| row["principal"] == who && row["resource"] == on).cloned().unwrap()
    };
    let bob = of("user:bob", "node1:/projects");
    assert_eq!((&bob["download"], &bob["create_folder"]), (&json!(true), &json!(false)));
    assert_eq!(bob["submit"], json!(null), "nothing is submitted to a folder");
    let eve = of("user:eve", "dropbox:intake");
    assert_eq!((&eve["submit"], &eve["view_packages"]), (&json!(true), &json!(false)));
    assert_eq!(
        tool.ok("perm matrix node1:/projects --action download,share=view -o csv"),
        "resource,principal,download,share_view\nnode1:/projects,user:alice,true,true\n\
         node1:/projects,user:bob,true,false\nnode1:/projects,user:carol,true,true\n"
    );
}

#[test]
fn an_actor_may_ask_about_others_on_what_it_administers() {
    let tool = Tool::studio();
    tool.fails(3, "--as bob perm who download node1:/projects", "may ask about themselves only");
    tool.fails(3, "--as bob perm matrix node1:/projects", "may ask about themselves only");
    tool.fails(3, "--as eve perm list bob", "may ask about themselves only");
    assert!(tool.ok("--as alice perm list bob").contains("workgroup:color"));
    assert!(tool.ok("--as bob perm list bob").contains("workgroup:color"));
    let own = tool.json("--as eve perm diff --from 40");
    assert!(own.as_array().unwrap().iter().all(|row| row["principal"] == "user:eve"), "{own}");
    tool.fails(4, "--as eve perm who see endpoint:archive", "no such endpoint");
}

#[test]
fn an_invalid_listing_suggests_an_alternative() {
    let tool = Tool::studio();
    tool.fails(2, "perm list bob --action move-to=node1:/x", "rolebook perm check");
    tool.fails(2, "perm list bob --kind item --action dwnload", "did you mean `download`?");
    tool.fails(2, "perm list bob --kind nothing", "nothing");
    tool.fails(2, "perm list bob --columns nothing", "the columns are: resource, actions");
    tool.fails(4, "perm list zoe", "no such account");
    tool.fails(5, "perm list workspace:acme/prod", "principal");
    tool.fails(2, "perm matrix node1:/projects --action view", "no action `view`");
}
