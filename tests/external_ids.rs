//! External ids: what the platforms call accounts, groups and places, and references by them.

use serde_json::json;

use crate::support::Tool;

/// A store with one of each kind that has external ids: `NOUN:ID` is `KIND NAME`.
fn identified() -> Tool {
    let tool = Tool::staffed();
    tool.ok("account edit bob --id faspex@studio:3");
    for noun in ["group", "workgroup", "dropbox"] {
        tool.ok(&format!(
            "{noun} add crew --id faspex@studio:{noun}-7 --display-name 'Crew: A/B' --description 'on set'"
        ));
    }
    tool.ok("endpoint add node1 --kind node --administrator alice --id node:ak1 --display-name 'Node\\1'");
    tool.ok("org add acme --admin alice --id aoc:1 --display-name Acme --description Films");
    tool.ok("workspace add acme/prod --id aoc:2 --display-name Prod");
    tool
}

const PLACES: [(&str, &str, &str); 7] = [
    ("account", "faspex@studio:3", "user:bob"),
    ("group", "faspex@studio:group-7", "group:crew"),
    ("workgroup", "faspex@studio:workgroup-7", "workgroup:crew"),
    ("dropbox", "faspex@studio:dropbox-7", "dropbox:crew"),
    ("endpoint", "node:ak1", "endpoint:node1"),
    ("workspace", "aoc:2", "workspace:acme/prod"),
    ("org", "aoc:1", "org:acme"),
];

#[test]
fn every_kind_is_shown_listed_and_changed_by_its_id() {
    let tool = identified();
    for (noun, id, reference) in PLACES {
        let shown = tool.json(&format!("{noun} show id:{id}"));
        assert_eq!((&shown["ref"], &shown["ids"]), (&json!(reference), &json!([id])), "{noun}");
        let listed = tool.json(&format!("{noun} list"));
        let row = listed.as_array().unwrap().iter().find(|row| row["ref"] == reference).unwrap();
        assert_eq!(row["ids"], json!([id]), "{noun}");
        let out = tool.ok(&format!("{noun} set id:{id} --id globus:{noun} --display-name New"));
        assert!(out.contains(&format!("changed {reference}: ")), "{out}");
        assert!(out.contains(&format!("added_ids globus:{noun}")) && out.contains("-> New"), "{out}");
        tool.ok(&format!("{noun} set id:globus:{noun} --remove-id {id}"));
        tool.fails(4, &format!("{noun} show id:{id}"), &format!("`id:{id}`"));
        assert_eq!(tool.json(&format!("{noun} show id:globus:{noun}"))["display_name"], "New");
        // A new name changes nothing about the id.
        let new = if noun == "workspace" { "live" } else { "renamed" };
        tool.ok(&format!("{noun} rename id:globus:{noun} {new}"));
        assert!(tool.json(&format!("{noun} show id:globus:{noun}"))["ref"].as_str().unwrap().contains(new));
        // The history of the resource has its ids, and the past knows the old one.
        let after = tool.json(&format!("audit log --on id:globus:{noun}"));
        assert_eq!(after.as_array().unwrap().len(), if noun == "account" { 5 } else { 4 }, "{noun}: {after}");
        tool.ok(&format!("{noun} show id:{id} --at {}", tool.revision() - 2));
    }
    assert_eq!(tool.json("audit verify")["verified"], true);
}

#[test]
fn an_id_is_a_reference_everywhere() {
    let tool = identified();
    tool.ok("group add-member id:faspex@studio:group-7 id:faspex@studio:3");
    tool.ok("workgroup add-member crew id:faspex@studio:group-7");
    tool.ok("workgroup add-member crew id:faspex@studio:3");
    tool.ok("workgroup add-admin crew id:faspex@studio:3");
    tool.ok("endpoint add-role id:node:ak1 activity-monitor id:faspex@studio:group-7");
    tool.ok("content add id:node:ak1:/projects --owner id:faspex@studio:3");
    tool.ok("share grant id:node:ak1:/projects id:faspex@studio:group-7 --permission view --as id:faspex@studio:3");
    assert!(tool.may("id:faspex@studio:3", "download", "id:node:ak1:/projects"));
    assert!(!tool.may("id:faspex@studio:3", "view", "id:aoc:2"));
    assert!(tool.ok("perm who download id:node:ak1:/projects").contains("user:bob"));
    assert!(tool.ok("perm list id:faspex@studio:3").contains("node1:/projects"));
    tool.write("questions", "id:faspex@studio:3 download id:node:ak1:/projects\nid:aoc:9 view id:aoc:1\n");
    let answers = tool.run("perm check --batch questions");
    assert!(answers.out.starts_with("allowed "), "{answers:#?}");
    assert!(answers.out.contains("aoc:9"), "{answers:#?}");
    tool.ok("endpoint roles id:node:ak1 --of id:faspex@studio:group-7");
    tool.ok("share revoke id:node:ak1:/projects id:faspex@studio:group-7");
    tool.ok("package send --title hello --to id:faspex@studio:3 --as alice");
    tool.ok("audit log --touching id:node:ak1");
    tool.fails(5, "group add-member crew id:node:ak1", "not an account or a group: `id:node:ak1`");
    tool.fails(4, "account show id:node:ak1", "no such account: `id:node:ak1`");
    tool.fails(4, "perm check id:globus:nobody download id:node:ak1:/", "no such external id: `globus:nobody`");
    tool.fails(2, "account show id:globes:1", "did you mean `globus`?");
    tool.fails(2, "account add id:aoc:77", "it is an external id");
    tool.fails(2, "account rename bob id:aoc:77", "it is an external id");
}

#[test]
fn an_id_belongs_to_one_thing() {
    let tool = identified();
    let taken = "`faspex@studio:3` is an id of user:bob";
    tool.fails(5, "account edit carol --id faspex@studio:3", taken);
    tool.fails(5, "group add other --id faspex@studio:3", taken);
    tool.fails(2, "account edit bob --id aoc:5 --remove-id aoc:5", "both added and removed");
    // Adding what exists is no change; with another id it is a conflict.
    assert_eq!(tool.ok("group add crew --id faspex@studio:group-7 --description 'on set'"), "unchanged\n");
    tool.fails(5, "group add crew --id faspex@studio:8", "exists already, with other values");
    // What is destroyed frees its ids, and comes back with them.
    tool.ok("account remove bob --destroy --yes");
    tool.fails(4, "account show id:faspex@studio:3", "no such account");
    let removal = tool.revision();
    tool.ok(&format!("undo {removal} --yes"));
    assert_eq!(tool.json("account show id:faspex@studio:3")["name"], "bob");
    tool.ok("account edit bob --remove-id faspex@studio:3");
    let lost = tool.revision();
    tool.ok("account edit carol --id faspex@studio:3");
    tool.fails(5, &format!("undo {lost}"), "the id `faspex@studio:3` belongs to user:carol now");
}

/// An import reads by the ids whose access it is.
#[test]
fn ids_take_the_rights_to_change_all_of_a_resource() {
    let tool = identified();
    tool.fails(3, "account edit bob --id aoc:9 --as bob", "nobody deletes or deactivates themselves");
    tool.fails(3, "account edit bob --remove-id faspex@studio:3 --as bob", "may not delete");
    tool.fails(3, "group set crew --id aoc:9 --as bob", "may not edit");
    tool.ok("workspace set acme/prod --id aoc:9 --as alice");
    // What changes nothing takes no right.
    assert_eq!(tool.ok("account edit bob --id faspex@studio:3 --as bob"), "unchanged\n");
}

#[test]
fn manifests_hold_ids_and_texts() {
    let tool = identified();
    let exported = tool.ok("export");
    for (_, id, _) in PLACES {
        assert!(exported.contains(id), "{id}: {exported}");
    }
    tool.write("m.yaml", &exported);
    assert_eq!(tool.ok("plan m.yaml"), "No changes.\n");
    let other = Tool::new();
    other.write("m.yaml", &exported);
    other.ok("apply m.yaml --yes");
    assert_eq!(other.ok("export"), exported);
    let lines = tool.ok("export --format jsonl");
    let third = Tool::new();
    third.write("rows.jsonl", &lines);
    third.ok("apply rows.jsonl --yes");
    assert_eq!(third.ok("export"), exported);
    // Ids are those that it has at least; an id of something else is refused with its place.
    tool.write("more.yaml", "version: 1\naccounts:\n  bob: {ids: [aoc:4]}\n  carol: {ids: [faspex@studio:3]}\n");
    let refused = tool.fails(5, "apply more.yaml --yes", "`faspex@studio:3` is an id of user:bob");
    assert!(refused.err.contains("more.yaml:4"), "{refused:#?}");
    tool.write("bad.yaml", "version: 1\naccounts:\n  bob: {ids: [globes:4]}\n");
    tool.fails(6, "validate bad.yaml", "did you mean `globus`?");
}

const BINDINGS: &str = "version: 1
name: studio
accounts:
  alice: {role: admin}
  bob: {}
  carol: {}
groups:
  crew: {members: [{user: bob, ids: [\"globus:m1\"]}, carol]}
workgroups:
  color: {members: [{user: bob, ids: [\"faspex:w1\"]}, {user: carol, level: admin, ids: [\"faspex:w2\"]}]}
dropboxes:
  intake: {members: [{group: crew, level: submit-only, ids: [\"faspex:d1\"]}]}
endpoints:
  node1:
    kind: node
    node-version: 4.4.6
    roles: {administrator: [{user: alice, ids: [\"globus:r1\"]}], activity-monitor: [{group: crew, ids: [\"globus:r2\"]}, bob]}
    shares:
      /projects: {bob: {permission: view, ids: [\"node:p1\", \"globus:a1\"]}}
organizations:
  acme:
    members: {alice: {level: admin, ids: [\"aoc:o1\"]}, bob: {workspaces: [prod], ids: [\"aoc:o2\"]}}
    admins: [alice]
    workspaces: {prod: {members: [{user: bob, ids: [\"aoc:w1\"]}]}}
";

/// The id of each binding in the lists: the command, and the ids of its rows.
const LISTS: [(&str, &str, &[&str]); 7] = [
    ("group members crew", "member", &["globus:m1"]),
    ("workgroup members color", "member", &["faspex:w1", "faspex:w2"]),
    ("dropbox members intake", "member", &["faspex:d1"]),
    ("endpoint roles node1", "principal", &["globus:r1", "globus:r2"]),
    ("share list node1:/projects --here", "principal", &["globus:a1", "node:p1"]),
    ("org members acme", "member", &["aoc:o1", "aoc:o2"]),
    ("workspace members acme/prod", "member", &["aoc:w1"]),
];

fn assert_bindings_have_ids(tool: &Tool) {
    for (command, _, expected) in LISTS {
        let rows = tool.json(command);
        let ids = rows.as_array().unwrap().iter().flat_map(|row| row["ids"].as_array().unwrap().clone());
        let mut ids: Vec<String> = ids.map(|id| id.as_str().unwrap().to_owned()).collect();
        ids.sort();
        assert_eq!(ids, expected, "{command}: {rows}");
    }
}

#[test]
fn bindings_keep_the_ids_that_platforms_give_them() {
    let tool = Tool::new();
    tool.write("m.yaml", BINDINGS);
    tool.ok("apply m.yaml --yes");
    assert_bindings_have_ids(&tool);
    assert_eq!(tool.ok("plan m.yaml"), "No changes.\n");
    let exported = tool.ok("export --name studio");
    tool.write("again.yaml", &exported);
    assert_eq!(tool.ok("plan again.yaml"), "No changes.\n");
    for (format, file) in [("yaml", "whole.yaml"), ("jsonl", "whole.jsonl")] {
        let other = Tool::new();
        other.write(file, &tool.ok(&format!("export --format {format}")));
        other.ok(&format!("apply {file} --yes"));
        assert_bindings_have_ids(&other);
        assert_eq!(other.ok("export"), tool.ok("export"), "{format}");
    }
    // A list of members is imported again as it is.
    let list = tool.ok("workgroup members color -o csv");
    tool.write("list.csv", &list);
    assert_eq!(tool.ok("import csv list.csv"), "No changes.\n");
}

/// A platform numbers a binding once: what it is given again has a new number, and that of another installation stays.
#[test]
fn a_declared_id_replaces_that_of_its_installation() {
    let tool = Tool::new();
    tool.write("m.yaml", BINDINGS);
    tool.ok("apply m.yaml --yes");
    tool.write("new.yaml", &BINDINGS.replace("\"node:p1\", \"globus:a1\"", "\"globus:a2\""));
    let plan = tool.ok("plan new.yaml");
    assert!(plan.contains("ids globus:a1 node:p1 -> globus:a2 node:p1"), "{plan}");
    tool.ok("apply new.yaml --yes");
    assert_eq!(tool.json("share list node1:/projects --here")[0]["ids"], json!(["globus:a2", "node:p1"]));
    // Other changes of the binding keep its ids.
    tool.ok("share set node1:/projects bob --permission edit");
    assert_eq!(tool.json("share list node1:/projects --here")[0]["ids"], json!(["globus:a2", "node:p1"]));
    tool.write("m.yaml", &BINDINGS.replace(": view", ": edit"));
    tool.ok("apply m.yaml --yes");
    assert_eq!(tool.json("share list node1:/projects --here")[0]["ids"], json!(["globus:a1", "node:p1"]));
    tool.ok(&format!("undo {}", tool.revision()));
    assert_eq!(tool.json("share list node1:/projects --here")[0]["ids"], json!(["globus:a2", "node:p1"]));
    assert_eq!(tool.json("audit verify")["verified"], true);
    // Whoever may not change the binding may not change its ids.
    tool.write("own.yaml", "version: 1\nworkgroups:\n  color: {members: [{user: bob, ids: [\"faspex:w9\"]}]}\n");
    tool.fails(3, "apply own.yaml --yes --as bob", "may not");
}
