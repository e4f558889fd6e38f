//! Formats, columns, sorting, errors and streams: properties of every listing.

use crate::support::Tool;

#[test]
fn a_page_begins_after_a_row_and_a_cut_is_reported() {
    let tool = Tool::staffed();
    let names = |part: &str| tool.run(&format!("account list --columns name --no-headers {part}"));
    let first = names("--limit 2");
    assert_eq!(
        (first.out.as_str(), first.err.as_str()),
        ("alice\nbob\n", "warning: there is more: go on with --after user:bob\n")
    );
    // A list in the order of names continues at the same position even if the row itself is gone.
    tool.ok("account remove bob --destroy --yes");
    let next = names("--limit 9 --after user:bob");
    assert_eq!((next.out.as_str(), next.err.as_str()), ("carol\ndana\neve\n", ""));
    assert_eq!(names("--limit 1 --after USER:x").out, "");
    assert_eq!(names("--sort -name --limit 1 --after user:dana").out, "carol\n");
    assert_eq!(names("--sort -name --limit 1 -q").err, "");
    tool.fails(5, "account list --sort name --after user:bob", "no `user:bob` to go on after");
    tool.fails(2, "account list --limit 0", "--limit");
    tool.ok("group add crew");
    tool.ok("group add-member crew alice carol dana");
    let members = tool.run("group members crew --limit 2 -o jsonl --columns member");
    assert_eq!(members.out, "{\"member\":\"user:alice\"}\n{\"member\":\"user:carol\"}\n");
    assert_eq!(members.err, "warning: there is more: go on with --after user:carol\n");
    let rest = tool.ok("group members crew --limit 2 --after user:carol -o csv --columns member --no-headers");
    assert_eq!(rest, "user:dana\n");
    tool.fails(5, "group members crew --after user:zoe", "leave out --after");
}

#[test]
fn one_listing_in_every_format() {
    let tool = Tool::staffed();
    let list = |rest: &str| tool.ok(&format!("account list --columns ref,role,expires {rest}"));
    assert_eq!(list("--role admin"), "REF         ROLE   EXPIRES\nuser:alice  admin\n");
    assert_eq!(list("--role admin -o json"), "[\n  {\"ref\":\"user:alice\",\"role\":\"admin\",\"expires\":null}\n]\n");
    assert_eq!(list("--role admin -o jsonl"), "{\"ref\":\"user:alice\",\"role\":\"admin\",\"expires\":null}\n");
    assert_eq!(list("--role admin -o yaml"), "- ref: user:alice\n  role: admin\n  expires: null\n");
    assert_eq!(list("--role admin -o csv"), "ref,role,expires\nuser:alice,admin,\n");
    assert_eq!(list("--role admin -o tsv"), "ref\trole\texpires\nuser:alice\tadmin\t\n");
    assert_eq!(list("--role admin -o tsv --no-headers"), "user:alice\tadmin\t\n");
    assert_eq!(list("--role manager --no-headers"), "user:dana  manager\n");
}

#[test]
fn an_empty_list_is_valid_in_every_format() {
    let tool = Tool::new();
    assert_eq!(tool.ok("account list -o json"), "[]\n");
    assert_eq!(tool.ok("account list -o jsonl"), "");
    assert_eq!(tool.ok("account list -o yaml"), "[]\n");
    assert_eq!(tool.ok("account list -o csv --columns ref,role"), "ref,role\n");
    assert_eq!(tool.ok("account list --columns ref,role"), "REF  ROLE\n");
    assert_eq!(tool.ok("account list --no-headers"), "");
}

#[test]
fn rows_are_sorted_by_any_column_either_way() {
    let tool = Tool::staffed();
    let refs = |sort: &str| {
        tool.ok(&format!("account list --columns ref --no-headers {sort}")).replace("user:", "").replace('\n', " ")
    };
    assert_eq!(refs(""), "alice bob carol dana eve ");
    assert_eq!(refs("--sort -ref"), "eve dana carol bob alice ");
    assert_eq!(refs("--sort role"), "alice dana bob carol eve ");
    assert_eq!(refs("--sort -revision"), "eve carol bob dana alice ");
    tool.fails(2, "account list --sort nope", "no column `nope`");
    let ran = tool.fails(2, "account list --columns ref,staus", "no column `staus`");
    assert!(ran.err.contains("did you mean `status`?"), "{ran:#?}");
}

#[test]
fn odd_values_survive_every_format() {
    let tool = Tool::new();
    tool.ok(r#"account add 'a,"b"' --display-name 'x, "y" \ z'"#);
    assert_eq!(
        tool.ok("account list -o csv --columns ref,display_name --no-headers"),
        "\"user:a,\"\"b\"\"\",\"x, \"\"y\"\" \\ z\"\n"
    );
    assert_eq!(tool.ok("account list -o tsv --columns display_name --no-headers"), "x, \"y\" \\\\ z\n");
    assert_eq!(tool.json("account list")[0]["display_name"], "x, \"y\" \\ z");
    for tricky in ["no", "1e3", "~", "012", "on"] {
        tool.ok(&format!("account add '{tricky}'"));
    }
    let yaml = tool.ok("account list -o yaml --columns name");
    let read: Vec<std::collections::BTreeMap<String, String>> = serde_saphyr::from_str(&yaml).unwrap();
    assert_eq!(read.len(), 6, "{yaml}");
}

#[test]
fn references_in_output_work_as_input() {
    let tool = Tool::studio();
    for row in tool.json("account list").as_array().unwrap() {
        tool.ok(&format!("account show {}", row["ref"].as_str().unwrap()));
    }
    for row in tool.json("package list").as_array().unwrap() {
        tool.ok(&format!("package show {}", row["ref"].as_str().unwrap()));
    }
    for row in tool.json("workgroup members color").as_array().unwrap() {
        tool.ok(&format!(
            "workgroup remove-member {} {} --dry-run",
            row["ref"].as_str().unwrap(),
            row["member"].as_str().unwrap()
        ));
    }
}

#[test]
fn errors_are_one_line_then_why_and_try_or_one_object() {
    let tool = Tool::staffed();
    let ran = tool.fails(3, "account set-role bob admin --as dana", "");
    let lines: Vec<&str> = ran.err.lines().collect();
    assert_eq!(lines[0], "rolebook: user:dana may not set-role=admin on user:bob");
    assert!(lines[1].starts_with("  why: ") && lines[2].starts_with("  try: ") && lines.len() == 3, "{ran:#?}");
    let ran = tool.run("account set-role bob admin --as dana -o json");
    assert_eq!((ran.status, ran.out.as_str()), (3, ""));
    let error = &serde_json::from_str::<serde_json::Value>(&ran.err).unwrap()["error"];
    assert_eq!((error["code"].as_str(), error["rule"].as_str()), (Some("denied"), Some("account.managers-limits")));
    assert!(error["missing"][0].as_str().unwrap().contains("server:admin"), "{error}");
    for (line, status) in [
        ("account show nobody -o json", 4),
        ("account shw -o json", 2),
        ("account list --columns x -o json", 2),
        ("account list -o json --store /nowhere/x.db", 7),
    ] {
        let ran = tool.run(line);
        assert_eq!((ran.status, ran.out.as_str()), (status, ""), "{ran:#?}");
        assert!(serde_json::from_str::<serde_json::Value>(&ran.err).unwrap()["error"]["code"].is_string(), "{ran:#?}");
    }
}

#[test]
fn a_change_says_what_changed_and_its_revision() {
    let tool = Tool::new();
    let made = tool.json("account add alice --role admin");
    assert_eq!(
        made,
        serde_json::json!({"revision": 1, "changed": [{"change": "added", "ref": "user:alice", "after": {"role": "admin"}}], "warnings": []})
    );
    assert_eq!(
        tool.json("account add alice --role admin"),
        serde_json::json!({"revision": null, "changed": [], "warnings": []})
    );
    let dry = tool.json("account add bob --dry-run");
    assert_eq!((dry["dry_run"].as_bool(), dry["revision"].is_null()), (Some(true), true));
    assert_eq!(
        tool.ok("account add bob -o csv --columns change,ref,revision"),
        "change,ref,revision\nadded,user:bob,2\n"
    );
}

#[test]
fn colour_is_for_terminals_or_on_request() {
    let mut tool = Tool::staffed();
    assert!(!tool.ok("account list").contains('\x1b'));
    assert!(tool.ok("account list --color always").starts_with("\x1b[1mREF"));
    assert!(tool.ok("perm check bob send server --color always").starts_with("\x1b[32mallowed\x1b[0m"));
    tool.set("CLICOLOR_FORCE", "1");
    assert!(tool.ok("account list").contains('\x1b'));
    assert!(!tool.ok("account list --color never").contains('\x1b'));
    tool.set("NO_COLOR", "1");
    assert!(!tool.ok("account list").contains('\x1b'));
}

#[test]
fn the_configuration_gives_defaults_that_options_and_the_environment_override() {
    let mut tool = Tool::bare();
    let folder = tool.folder().join("home/.config/rolebook");
    std::fs::create_dir_all(&folder).unwrap();
    let other = tool.folder().join("other.db");
    std::fs::write(folder.join("config.yaml"), format!("store: {}\noutput: json\n", other.display())).unwrap();
    tool.ok("init");
    assert!(other.exists());
    assert_eq!(tool.ok("account list"), "[]\n");
    assert_eq!(tool.ok("account list -o csv --columns ref"), "ref\n");
    // A command line that is not understood is answered in the same format.
    for wrong in ["endpoint set node1 --node-version x", "account lst"] {
        let (ran, as_text) = (tool.run(wrong), tool.run(&format!("{wrong} -o table")));
        assert!(ran.status == 2 && ran.err.starts_with("{\"error\""), "{ran:?}");
        assert!(as_text.status == 2 && as_text.err.starts_with("rolebook: "), "{as_text:?}");
    }
    tool.set("ROLEBOOK_STORE", "third.db");
    tool.fails(7, "account list -o table", "no store at `third.db`");
    std::fs::write(folder.join("config.yaml"), "stoer: x\n").unwrap();
    let ran = tool.run("account list");
    assert_eq!(ran.status, 6, "{ran:#?}");
    let lines: Vec<&str> = ran.err.lines().collect();
    assert!(lines[1].ends_with("config.yaml:1:1: unknown key `stoer`"), "{ran:#?}");
    assert_eq!(lines[2], "    try: did you mean `store`?", "{ran:#?}");
}

#[test]
fn quiet_and_verbose_affect_standard_error_only() {
    let tool = Tool::staffed();
    let ran = tool.run("account list -v --columns ref");
    assert!(ran.err.contains("revision 5, as the operator"), "{ran:#?}");
    let ran = tool.run("audit log --limit 1 -q --columns revision --no-headers");
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("5\n", ""));
}

#[test]
fn acting_as_nobody_is_refused() {
    let mut tool = Tool::staffed();
    tool.fails(4, "account list --as nobody", "no such account: `nobody`");
    tool.fails(5, "account list --as group:editors", "not an account to act as: `group:editors`");
    tool.set("ROLEBOOK_AS", "bob");
    tool.fails(3, "account add x", "user:bob may not");
    assert_eq!(tool.run("account add x --as alice").status, 0, "the option speaks louder");
}

#[test]
fn a_change_with_nothing_to_change_is_a_usage_error() {
    let tool = Tool::studio();
    for command in ["account set bob", "account edit bob", "workgroup set color", "dropbox set intake", "server set"] {
        tool.fails(2, command, "nothing to change");
    }
    tool.fails(2, "audit show x", "a whole number is wanted");
}

#[test]
fn the_catalogue_is_the_one_that_decides() {
    let tool = Tool::bare();
    let rows = tool.json("role list");
    let rows = rows.as_array().unwrap();
    for grant in rolebook::model::catalogue::grants() {
        assert!(
            rows.iter().any(|row| row["rule"] == grant.rule.name && row["source"] == grant.rule.source),
            "{}",
            grant.rule.name
        );
    }
    assert!(rows.iter().any(|row| row["role"] == "server:user"), "also the role that allows nothing by itself");
    let admin = tool.ok("role show workgroup:admin --columns role --no-headers");
    assert!(admin.contains("workgroup:standard"), "with what it implies: {admin}");
    assert!(tool.ok("role show admin --columns role --no-headers").contains("dropbox:admin"));
    let ran = tool.fails(4, "role show workgroup:admn", "no such role");
    assert!(ran.err.contains("did you mean `workgroup:admin`?"), "{ran:#?}");
}
