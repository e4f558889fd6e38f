//! Valid new names, names that look alike, and renaming.

use proptest::prelude::*;
use rolebook::ops::lookalike::skeleton;
use rusqlite::Connection;
use serde_json::json;

use crate::support::{Tool, assert_generated};

const REFUSED: [(&str, &str); 10] = [
    ("zero\u{200b}width", "cannot be seen"),
    ("right\u{202e}left", "cannot be seen"),
    ("\u{feff}mark", "cannot be seen"),
    ("soft\u{ad}hyphen", "cannot be seen"),
    ("private\u{e000}use", "cannot be seen"),
    ("pi#18", "holds `#`"),
    ("me", "reserved for an actor"),
    ("Operator", "reserved for an actor"),
    ("authenticated", "reserved for a class"),
    (" space", "begins or ends with a space"),
];

#[test]
fn new_resources_have_valid_names() {
    let tool = Tool::staffed();
    tool.ok("org add acme --admin alice");
    tool.ok("workspace add acme/prod");
    tool.ok("media add acme/prod reel");
    let media = tool.json("media list acme")[0]["ref"].as_str().unwrap().to_owned();
    for noun in ["group", "workgroup", "dropbox"] {
        tool.ok(&format!("{noun} add one"));
    }
    tool.ok("endpoint add one --kind s3 --administrator alice");
    let revision = tool.revision();
    for (name, why) in REFUSED {
        for command in [
            "account add NAME",
            "group add NAME",
            "workgroup add NAME",
            "dropbox add NAME",
            "endpoint add NAME --kind s3 --administrator alice",
            "org add NAME --admin alice",
            "workspace add acme/NAME",
            "media add acme/prod NAME",
            "stream add acme/prod NAME",
            "account rename bob NAME",
            "group rename one NAME",
            "workgroup rename one NAME",
            "dropbox rename one NAME",
            "endpoint rename one NAME",
            "org rename acme NAME",
            "workspace rename acme/prod NAME",
            &format!("media rename {media} NAME"),
        ] {
            let ran = tool.run(&command.replace("NAME", &format!("'{name}'")));
            // `authenticated` alone is a reference to a class, which no command creates.
            let statuses: &[i32] = if name.contains("authenticated") { &[2, 5] } else { &[2] };
            assert!(statuses.contains(&ran.status), "{ran:#?}");
            assert!(ran.err.contains(why) || ran.status == 5 || name.contains("authenticated"), "{ran:#?}");
        }
        let yaml = format!("version: 1\ngroups:\n  {}: []\n", serde_json::to_string(name).unwrap());
        std::fs::write(tool.folder().join("m.yaml"), yaml).unwrap();
        let ran = tool.run("apply m.yaml");
        assert_eq!(ran.status, 6, "{ran:#?}");
        assert!(ran.err.contains("m.yaml:3:3"), "{ran:#?}");
        let line = json!({"account": {"name": name}});
        std::fs::write(tool.folder().join("m.jsonl"), format!("{line}\n")).unwrap();
        assert_eq!(tool.run("apply m.jsonl").status, 6, "{name}");
        std::fs::write(tool.folder().join("m.csv"), format!("name,email\n\"{name}\",x@example.com\n")).unwrap();
        if !name.starts_with(' ') {
            assert_eq!(tool.run("import csv m.csv").status, 6, "{name}");
        }
    }
    tool.fails(2, "account add zoe --email 'z\u{200b}oe@example.com'", "cannot be seen");
    tool.fails(2, "dropbox invite one 'z\u{200b}oe@example.com'", "cannot be seen");
    tool.fails(2, "org invite acme 'z\u{200b}oe@example.com' --role member", "cannot be seen");
    assert_eq!(tool.revision(), revision);
}

#[test]
fn names_of_older_stores_stay_readable() {
    let tool = Tool::staffed();
    tool.ok("group add one");
    let store = Connection::open(tool.store()).unwrap();
    for (old, new) in [("one", "zero\u{200b}width"), ("bob", "me"), ("carol", "pi#18")] {
        store.execute("UPDATE resource SET name = ?1, key = ?1 WHERE key = ?2", (new, old)).unwrap();
    }
    tool.ok("group add-member 'zero\u{200b}width' me user:pi#18");
    assert_eq!(tool.json("group show 'zero\u{200b}width'")["ref"], "group:zero\u{200b}width");
    std::fs::write(tool.folder().join("m.yaml"), tool.ok("export")).unwrap();
    assert_eq!(tool.ok("plan m.yaml"), "No changes.\n");
    tool.ok("group rename 'zero\u{200b}width' seen");
    assert_eq!(tool.json("group show seen")["members"], 2);
}

#[test]
fn names_that_look_alike_are_made_with_a_warning() {
    let tool = Tool::staffed();
    let warned = |command: &str, text: &str| {
        let ran = tool.run(command);
        assert_eq!(ran.status, 0, "{ran:#?}");
        assert!(ran.err.contains(text) && ran.err.starts_with("warning:"), "{ran:#?}");
    };
    warned("account add '\u{430}lice'", "looks like the account `alice`");
    warned("group add 'gro\u{443}p'", "mixes letters of several scripts");
    tool.ok("account add user1");
    warned("account add userl", "looks like the account `user1`");
    warned("account rename eve a1ice", "looks like the account `alice`");
    for plain in ["account add böb", "account add 日本", "account add Иван", "group add alice", "account add user2"]
    {
        assert_eq!(tool.run(plain).err, "", "{plain}");
    }
    // In a file, names are also compared with each other. Hidden resources are not named.
    std::fs::write(tool.folder().join("m.yaml"), "version: 1\naccounts: {\u{441}\u{430}r: {}, car: {}}\n").unwrap();
    warned("apply m.yaml", "looks like the account");
    tool.ok("server set --private-directory");
    tool.ok("endpoint add hidden --kind s3 --private --administrator alice");
    assert_eq!(tool.run("endpoint add h1dden --kind s3 --as bob").err, "");
    assert!(!tool.run("endpoint add 'h\u{456}dden' --kind s3 --as bob").err.contains("`hidden`"));
}

#[test]
fn every_named_resource_can_be_renamed() {
    let tool = Tool::studio();
    for (command, shown) in [
        ("account rename bob robert", "account show robert"),
        ("account rename robert ROBERT", "account show robert"),
        ("group rename editors cutters", "group show cutters"),
        ("workgroup rename color Color", "workgroup show color"),
        ("dropbox rename intake inbox", "dropbox show inbox"),
        ("endpoint rename archive Archive --as alice", "endpoint show archive"),
        ("org rename acme acme-films --as alice", "org show acme-films"),
        ("workspace rename acme-films/prod Prod", "workspace show acme-films/prod"),
        ("media rename 58 reel-3b", "media show 58"),
        ("stream rename 59 opening", "stream show 59"),
    ] {
        let said = tool.ok(command);
        assert!(said.contains("revision "), "{command}: {said}");
        let words: Vec<&str> = command.split(' ').collect();
        assert_eq!(tool.json(shown)["name"], words[3], "{command}");
        // Renamed and renamed back, by an actor who may rename.
        let revision = tool.revision();
        tool.ok(&format!("undo {revision}"));
        tool.ok(&format!("undo {}", revision + 1));
        assert_eq!(tool.json(shown)["name"], words[3], "{command}");
    }
    tool.ok("audit verify");
}

#[test]
fn renaming_takes_the_right_to_edit_and_for_accounts_to_delete() {
    let tool = Tool::studio();
    for (command, status) in [
        ("account rename bob robert --as bob", 3),
        ("account rename alice root --as dana", 3),
        ("account rename bob robert --as dana", 0),
        ("group rename editors cutters --as carol", 3),
        ("endpoint rename archive vault --as eve", 3),
        ("endpoint rename node1 node2 --as eve", 3),
        ("org rename acme films --as carol", 3),
        ("media rename 58 other --as robert", 3),
        ("account rename robert dana", 5),
        ("account rename nobody somebody", 4),
        ("group rename editors editors", 0),
    ] {
        let ran = tool.run(command);
        assert!(ran.status == status || (status == 3 && ran.status == 4), "{status}: {ran:#?}");
    }
    // A manifest renames by `previously`, also if only capitals change; applied again, it changes nothing.
    std::fs::write(tool.folder().join("m.yaml"), "version: 1\ngroups: {Editors: {previously: editors}}\n").unwrap();
    assert!(tool.ok("apply m.yaml --yes").contains("renamed"));
    assert_eq!(tool.json("group show editors")["name"], "Editors");
    assert_eq!(tool.ok("apply m.yaml --yes"), "No changes.\n");
}

#[test]
fn an_identity_that_cannot_be_read_is_an_error() {
    let mut tool = Tool::staffed();
    let revision = tool.revision();
    for command in
        ["account add zoe", "account list", "status", "export", "plan m.yaml", "perm check bob send server", "undo 1"]
    {
        std::fs::write(tool.folder().join("m.yaml"), "version: 1\n").unwrap();
        for (front, back, text) in [
            ("", "--as ''", "--as is empty"),
            ("ROLEBOOK_AS= ", "", "ROLEBOOK_AS is empty"),
            ("ROLEBOOK_AS=$(printf '\\377') ", "", "not written in UTF-8"),
            ("ROLEBOOK_STORE= ", "", "ROLEBOOK_STORE is empty"),
        ] {
            let ran = tool.sh(&format!("{front}rolebook {command} {back}"));
            assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{ran:#?}");
            assert!(ran.err.contains(text), "{ran:#?}");
        }
        for front in ["ROLEBOOK_AS=nobody ", "ROLEBOOK_AS='nobody ' ", "ROLEBOOK_AS=group:x "] {
            let ran = tool.sh(&format!("{front}rolebook {command}"));
            assert!([2, 4, 5].contains(&ran.status) && ran.out.is_empty(), "{ran:#?}");
        }
    }
    tool.fails(2, "account list --at ''", "is not a time");
    let ran = tool.run("account list --store ''");
    assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{ran:#?}");
    tool.set("XDG_CONFIG_HOME", tool.folder().join("config").to_str().unwrap());
    std::fs::create_dir_all(tool.folder().join("config/rolebook")).unwrap();
    std::fs::write(tool.folder().join("config/rolebook/config.yaml"), "store: ''\n").unwrap();
    assert_ne!(tool.run("account list").status, 0);
    std::fs::remove_file(tool.folder().join("config/rolebook/config.yaml")).unwrap();
    // The option has precedence, as everywhere.
    assert_eq!(tool.sh("ROLEBOOK_AS= rolebook account list --as alice").status, 0);
    assert_eq!(tool.revision(), revision);
}

#[test]
fn a_log_that_is_ahead_of_the_clock_is_reported() {
    let tool = Tool::staffed();
    tool.set_clock("2031-01-01T00:00:00Z");
    assert_eq!(tool.run("account add fred").err, "");
    tool.set_clock("2027-01-01T00:00:00Z");
    let ran = tool.run("account add gina");
    assert!(ran.err.contains("dated 2031-01-01T00:00:00Z") && ran.err.contains("2027-01-01"), "{ran:#?}");
    std::fs::write(tool.folder().join("m.yaml"), "version: 1\ngroups: {g: [bob]}\n").unwrap();
    assert!(tool.run("apply m.yaml").err.contains("dated 2031-01-01"));
    let warning = &tool.json("status")["warnings"][0];
    assert!(warning.as_str().unwrap().contains("dated up to 2031-01-01"), "{warning}");
    for question in [
        "account list --at 2",
        "account list --at 2027-01-01",
        "perm check bob send server --at 2",
        "perm diff --from 2",
    ] {
        assert!(tool.run(question).err.contains("dated up to 2031-01-01"), "{question}");
    }
    assert_eq!(tool.run("account list").err, "");
    // A small difference is not reported.
    tool.set_clock("2030-12-31T23:59:30Z");
    assert_eq!(tool.run("account add hans").err, "");
    assert!(tool.json("status")["warnings"].as_array().unwrap().is_empty());
}

#[test]
fn the_log_keeps_words_that_look_like_options() {
    let tool = Tool::new();
    tool.ok("group add --reason why -- --yes");
    assert_eq!(tool.json("audit show 1")["command"], "group add -- '--yes'");
}

/// `src/ops/lookalike/confusables.txt`: each letter that is not decomposed and has another skeleton, with that.
#[test]
fn the_committed_confusables_are_those_of_unicode() {
    let mut table = String::new();
    for letter in '\0'..=char::MAX {
        let text = letter.to_string();
        let skeleton: String = unicode_security::confusable_detection::skeleton(&text).collect();
        let is_decomposed = unicode_normalization::UnicodeNormalization::nfd(text.as_str()).eq([letter]);
        if is_decomposed && skeleton != text {
            let codes: Vec<String> =
                text.chars().chain(skeleton.chars()).map(|it| format!("{:x}", u32::from(it))).collect();
            table.push_str(&codes.join(" "));
            table.push('\n');
        }
    }
    assert_generated("src/ops/lookalike/confusables.txt", &table);
}

proptest! {
    #[test]
    fn skeletons_are_those_of_unicode(text in "\\PC{0,12}") {
        let wanted: String = unicode_security::confusable_detection::skeleton(&text).collect();
        prop_assert_eq!(skeleton(&text), wanted);
    }
}
