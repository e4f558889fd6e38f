//! Bounds on work for any input: groups nested in very many ways, folders with cyclic links, very deep paths, unknown
//! names, revisions of many rows.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::Tool;

/// Groups `g0`, `g1`, …, each with the next two as members; `bob` is in the last.
fn ladder(tool: &Tool, length: usize) {
    let mut text = String::from("groups:\n");
    for group in 0..length {
        let members: Vec<String> = (group + 1..(group + 3).min(length)).map(|it| format!("group:g{it}")).collect();
        let members = if members.is_empty() { "bob".to_owned() } else { members.join(", ") };
        let _ = writeln!(text, "  g{group}: [{members}]");
    }
    std::fs::write(tool.folder().join("ladder.yaml"), format!("version: 1\n{text}")).unwrap();
    tool.ok("apply ladder.yaml --yes");
}

#[test]
fn a_group_is_opened_once_however_many_ways_lead_to_it() {
    let tool = Tool::staffed();
    // More ways than any walk could follow: the 90th Fibonacci number.
    ladder(&tool, 90);
    let rows = tool.json("group members g0 --expand --columns member,via");
    let via = "group:g1 > group:g3 > group:g5 > (39 more) > group:g85 > group:g87 > group:g89";
    assert_eq!(rows, json!([{"member": "user:bob", "via": via}]));
    assert_eq!(
        tool.json("account show bob")["memberships"].as_array().unwrap().len(),
        178,
        "every membership, each once"
    );
    assert!(tool.may("bob", "view", "group:g0"));
    let shown = tool.json("account show bob --as bob");
    let of = |name: &str| {
        let all = shown["memberships"].as_array().unwrap();
        all.iter().find(|row| row["of"] == name).map(|row| row["via"].clone()).unwrap_or_default()
    };
    assert_eq!((of("group:g89"), of("group:g86")), (Value::Null, json!("group:g89 > group:g87")));
    assert!(of("group:g0").as_str().unwrap().contains(" > (39 more) > "), "{}", of("group:g0"));
}

#[test]
fn a_member_through_several_groups_is_listed_by_the_way_that_gives_most() {
    let tool = Tool::staffed();
    for group in ["crew", "night"] {
        tool.ok(&format!("group add {group}"));
        tool.ok(&format!("group add-member {group} bob eve"));
    }
    tool.ok("workgroup add color");
    tool.ok("workgroup add-member color bob group:crew group:night");
    tool.ok("workgroup deactivate-member color group:crew");
    let rows = tool.ok("workgroup members color --expand --columns member,active,via -o tsv --no-headers");
    assert_eq!(rows, "user:bob\ttrue\t\nuser:bob\ttrue\tgroup:night\nuser:eve\ttrue\tgroup:night\n");
}

#[test]
#[cfg(unix)]
fn a_folder_of_manifests_is_read_to_its_end_or_refused() {
    let tool = Tool::staffed();
    let inner = tool.folder().join("set/a/b");
    std::fs::create_dir_all(&inner).unwrap();
    std::fs::write(inner.join("crew.yaml"), "version: 1\ngroups: {crew: [bob]}\n").unwrap();
    // Each link leads to the whole folder again, in many ways.
    for name in ["one", "two", "three"] {
        std::os::unix::fs::symlink(tool.folder().join("set"), inner.join(name)).unwrap();
        std::os::unix::fs::symlink(name, tool.folder().join("set/a").join(name)).unwrap();
    }
    let planned = tool.ok("plan set");
    assert_eq!(planned.matches("crew.yaml").count(), 2, "the group and its member, each once: {planned}");
    std::os::unix::fs::symlink("nowhere", inner.join("gone.yaml")).unwrap();
    tool.fails(6, "plan set", "gone.yaml` is a link to nothing");
    std::fs::remove_file(inner.join("gone.yaml")).unwrap();
    assert_eq!(tool.sh("mkfifo set/a/pipe.yaml").status, 0);
    tool.fails(6, "plan set", "pipe.yaml` is not a regular file");
    tool.fails(6, "validate set", "pipe.yaml` is not a regular file");
    assert_eq!(tool.sh("rm set/a/pipe.yaml && ln -s /dev/zero set/zero.json").status, 0);
    tool.fails(6, "plan set", "zero.json` is not a regular file");
    // A file that is named explicitly is read: a shell puts such names in place of `<(…)`.
    let ran = tool.sh("mkfifo one && (cat set/a/b/crew.yaml > one &) && rolebook plan one");
    assert_eq!(ran.status, 0, "{ran:#?}");
}

#[test]
fn no_item_lies_deeper_than_a_path_can_name() {
    let tool = Tool::studio();
    let deep = |levels: usize| "/d".repeat(levels);
    tool.ok(&format!("content add node1:/x{} --as alice", deep(1021)));
    tool.ok(&format!("content add node1:/y{} --as alice", deep(3)));
    tool.fails(2, &format!("content add node1:/x{} --as alice", deep(1024)), "deeper than 1024 folders");
    for verb in ["move", "copy"] {
        let ran = tool.fails(5, &format!("content {verb} node1:/y node1:/x{}", deep(1021)), "4 levels do not fit");
        assert!(ran.err.contains("a path has at most 1024 components"), "{ran:#?}");
    }
    tool.fails(5, &format!("content move node1:/y/d node1:/x{}", deep(1021)), "3 levels do not fit");
    // Two more levels fit, so the deepest item still has a path.
    tool.ok(&format!("content copy node1:/y/d/d node1:/x{}", deep(1021)));
    let end = format!("node1:/x{}", deep(1023));
    tool.ok(&format!("content show {end}"));
    tool.fails(5, &format!("content copy node1:/y/d/d/d {end}"), "nothing can lie in");
    tool.fails(2, &format!("content upload {end}/f"), "deeper than 1024 folders");
    tool.fails(5, &format!("content upload {end} --type folder --file f:1"), "nothing can lie in");
}

#[test]
fn suggestions_are_bounded_and_every_unknown_name_is_reported() {
    let tool = Tool::staffed();
    // Each is one typing mistake away from `carol`.
    let letters = || ('a'..='z').filter(|it| *it != 'l' && *it != 'o');
    let mut names: Vec<String> = letters().map(|it| format!("caro{it}")).collect();
    names.extend(letters().map(|it| format!("car{it}l")));
    names.extend(letters().map(|it| format!("carol{it}")));
    names.truncate(60);
    std::fs::write(
        tool.folder().join("crew.yaml"),
        format!(
            "version: 1\ngroups:\n{}",
            names.iter().fold(String::new(), |text, it| text + &format!("  {it}x: [{it}]\n"))
        ),
    )
    .unwrap();
    let ran = tool.fails(4, "plan crew.yaml", "60 changes cannot be made");
    assert_eq!(ran.err.matches("no such account").count(), 60, "{ran:#?}");
    assert_eq!(ran.err.matches("did you mean `carol`?").count(), 20, "{ran:#?}");
    assert!(ran.err.contains("crew.yaml:62:"), "each at its place: {ran:#?}");
}

#[test]
fn a_revision_of_many_rows_is_shown_whole_and_alike_in_every_format() {
    let tool = Tool::staffed();
    let mut text = String::from("version: 1\naccounts:\n");
    for number in 0..2_500 {
        let _ = writeln!(text, "  u{number}: {{role: {}}}", if number % 7 == 0 { "manager" } else { "user" });
    }
    std::fs::write(tool.folder().join("many.yaml"), text + "groups:\n  crew: [u0, u2499]\n").unwrap();
    tool.ok("apply many.yaml --yes");
    let last = tool.revision();
    let shown = tool.json(&format!("audit show {last}"));
    let changes = shown["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2_503, "accounts with their roles, the group and its two members");
    let of = |name: &str| changes.iter().filter(|it| it["ref"] == name).cloned().collect::<Vec<_>>();
    let added = json!({"change": "added", "ref": "user:u7", "before": null, "after": {"role": "manager"}});
    assert_eq!(of("user:u7"), [added]);
    assert_eq!(of("user:u2498")[0]["after"]["role"], "user");
    let keys: Vec<&str> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys[9..], ["changes", "undoes", "digest"]);
    let log = tool.json(&format!("audit log --limit 1 --after {}", last + 1));
    assert_eq!(log[0]["changes"], shown["changes"]);
    let line = tool.ok(&format!("audit log --limit 1 --after {} -o jsonl", last + 1));
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), log[0]);
    let yaml = tool.ok(&format!("audit show {last} -o yaml"));
    assert_eq!(yaml.matches("change: added").count(), 2_503);
    let text = tool.ok(&format!("audit show {last}"));
    assert_eq!(text.lines().filter(|line| line.starts_with("  + ")).count(), 2_503);
    // Every format has the same rows, in every order.
    let log = tool.json("audit log");
    let yaml = |arguments: &str| -> Value {
        let text = tool.ok(&format!("{arguments} -o yaml"));
        let budget = serde_saphyr::budget! { max_events: text.len(), max_nodes: text.len() };
        serde_saphyr::from_str_with_options(&text, serde_saphyr::options! { budget: budget }).unwrap()
    };
    assert_eq!((yaml("audit log"), yaml(&format!("audit show {last}"))), (log.clone(), shown.clone()));
    let turned: Vec<&Value> = log.as_array().unwrap().iter().rev().collect();
    assert_eq!(tool.json("audit log --sort revision"), json!(turned));
    assert_eq!(yaml("audit log --sort revision"), json!(turned));
    for (format, words) in [("csv", 2_503), ("tsv", 2_503), ("table", 20)] {
        let text = tool.ok(&format!("audit log --limit 1 --columns revision,changes,digest -o {format}"));
        let line = text.lines().nth(1).unwrap();
        assert_eq!(line.matches("change=added").count(), words, "{format}");
        assert_eq!(line.contains("(2483 more)"), format == "table", "{format}");
        assert!(line.ends_with(log[0]["digest"].as_str().unwrap()), "{format}");
    }
    let row = tool.ok(&format!("audit show {last} -o csv --columns changes,digest"));
    assert_eq!((row.lines().count(), row.matches("change=added").count()), (2, 2_503));
    // A change of an existing account, and a change of a role only.
    tool.ok("account set-role bob manager");
    let shown = tool.json(&format!("audit show {}", last + 1));
    assert_eq!(
        shown["changes"],
        json!([{"change": "changed", "ref": "user:bob", "before": {"role": "user"}, "after": {"role": "manager"}}])
    );
    tool.ok(&format!("undo {last} --yes"));
    let shown = tool.json(&format!("audit show {}", last + 2));
    let undone = shown["changes"].as_array().unwrap();
    assert_eq!(undone.iter().filter(|it| it["change"] == "removed").count(), 2_503);
    assert_eq!(tool.json("audit log --on user:bob --columns revision").as_array().unwrap().len(), 2);
}

#[test]
fn refusals_are_counted_and_the_first_hundred_shown() {
    let tool = Tool::staffed();
    let names: Vec<String> = (0..300).map(|number| format!("v{number}")).collect();
    let manifest = format!("version: 1\ngroups:\n  crew: [{}]\n", names.join(", "));
    std::fs::write(tool.folder().join("m.yaml"), manifest).unwrap();
    let ran = tool.fails(4, "plan m.yaml", "300 changes cannot be made");
    assert_eq!(ran.err.matches("m.yaml:3:").count(), 100, "{ran:#?}");
    assert!(ran.err.trim_end().ends_with("and 200 more"), "{ran:#?}");
}
