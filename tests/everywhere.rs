//! Properties of every command, found by walking the tree of the parser.

use std::collections::BTreeSet;

use clap::Command;
use serde_json::{Value, json};

use crate::support::{Fixture, Tool, assert_generated};

fn leaves() -> Vec<(String, Command)> {
    fn walk(command: &Command, name: &str, found: &mut Vec<(String, Command)>) {
        let verbs: Vec<&Command> = command.get_subcommands().filter(|verb| verb.get_name() != "help").collect();
        if verbs.is_empty() {
            found.push((name.to_owned(), command.clone()));
        }
        for verb in verbs {
            walk(verb, format!("{name} {}", verb.get_name()).trim(), found);
        }
    }
    let mut command = rolebook::cli::command();
    command.build();
    let mut found = Vec::new();
    walk(&command, "", &mut found);
    found
}

fn has(command: &Command, option: &str) -> bool {
    command.get_arguments().any(|argument| argument.get_long() == Some(option))
}

/// The examples that end the help of a command.
fn examples(command: &Command) -> Vec<String> {
    let text = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    text.lines().filter_map(|line| line.strip_prefix("  ")).map(str::to_owned).collect()
}

#[test]
fn every_command_reads_or_writes_and_has_the_options_for_it() {
    // `perm diff` names two times by options of its own.
    let neither = [
        "init",
        "completions",
        "man",
        "role list",
        "role show",
        "audit show",
        "audit verify",
        "audit key",
        "audit checkpoint",
        "audit review export",
        "perm diff",
        "plan",
        "validate",
        "schema",
        "fetch",
    ];
    for (name, command) in leaves() {
        let (reads, writes) = (has(&command, "at"), has(&command, "dry-run"));
        assert_eq!(writes, has(&command, "reason"), "{name}");
        assert_eq!(!reads && !writes, neither.contains(&name.as_str()), "{name}");
        assert!(!(reads && writes), "{name}");
    }
}

#[test]
fn every_command_has_help_with_two_to_four_examples() {
    let tool = Tool::bare();
    for (name, command) in leaves() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(!about.is_empty() && !about.ends_with('.') && about.starts_with(char::is_uppercase), "{name}: {about}");
        let examples = examples(&command);
        assert!((2..=4).contains(&examples.len()), "{name} has {} examples", examples.len());
        for example in examples {
            assert!(example.starts_with("rolebook "), "{name}: {example}");
        }
        let ran = tool.run_here(&name.split(' ').chain(["--help"]).collect::<Vec<_>>());
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{name}");
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            assert!(argument.get_help().is_some(), "{name}: {} has no help", argument.get_id());
        }
    }
    assert!(!tool.store().exists(), "help makes no store");
}

/// Verbs that share their arguments must not share their help.
#[test]
fn every_verb_of_a_noun_has_a_help_of_its_own() {
    let mut seen = BTreeSet::new();
    for (name, command) in leaves() {
        let noun = name.split(' ').next().unwrap().to_owned();
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(seen.insert((noun, about.clone())), "{name}: `{about}` is the help of another verb too");
        let long = command.get_long_about().map(ToString::to_string).unwrap_or_else(|| about.clone());
        assert!(long.starts_with(&about), "{name}: {long}");
    }
}

/// Commands that read a platform and no store: `tests/fetch.rs` runs them, against loopback servers.
const OF_PLATFORMS: [&str; 1] = ["fetch"];

#[test]
fn every_example_runs_on_the_studio() {
    static STUDIO: Fixture = Fixture::new();
    for (name, command) in leaves().into_iter().filter(|(name, _)| !OF_PLATFORMS.contains(&name.as_str())) {
        for example in examples(&command) {
            let tool = STUDIO.copy(|| {
                let studio = Tool::studio();
                studio.ok("server set --url ''");
                studio
            });
            prepare(&tool, &name, &example);
            let ran = tool.run_line(&example);
            let says_no = name.starts_with("perm check") || example.contains("--mutate");
            let denied_answer = says_no && ran.status == 1;
            assert!(ran.status == 0 || denied_answer, "{name}: {ran:#?}");
            assert!(
                !ran.out.is_empty() || ["jsonl", "--denied", "--out "].iter().any(|it| example.contains(it)),
                "{name}: {example} prints nothing"
            );
        }
    }
}

/// Dry runs, plans and questions only read, so a writer does not make them wait.
#[test]
fn commands_that_change_nothing_answer_while_somebody_writes() {
    let mut asked = 0;
    for (name, command) in leaves().into_iter().filter(|(name, _)| !OF_PLATFORMS.contains(&name.as_str())) {
        let dry = has(&command, "dry-run");
        let Some(example) = examples(&command).into_iter().next().filter(|_| dry || name != "init") else { continue };
        let tool = Tool::studio();
        prepare(&tool, &name, &example);
        let before = tool.revision();
        let writer = rolebook::store::Store::open(&tool.store()).unwrap().write().unwrap();
        let says_so = !dry || example.contains("--dry-run");
        let ran = tool.run_line(&if says_so { example } else { format!("{example} --dry-run") });
        drop(writer);
        assert!(ran.status < 2, "{name}: {ran:#?}");
        assert_eq!(tool.revision(), before, "{name}");
        asked += 1;
    }
    assert!(asked > 100, "{asked}");
}

/// Prepares what an example assumes: a link in a file, an active link.
fn prepare(tool: &Tool, name: &str, example: &str) {
    let vendor = "dropbox invite intake vendor@example.com -o tsv --columns secret --no-headers > link.txt";
    if ["dropbox resend", "dropbox revoke", "dropbox submit"].contains(&name) || example.contains("invitee:vendor") {
        tool.ok(vendor);
    }
    if name == "perm test" {
        std::fs::write(tool.folder().join("tests.yaml"), include_str!("../examples/tests.yaml")).unwrap();
    }
    if example.contains("studio.yaml") || example.contains("studio.plan") {
        std::fs::write(tool.folder().join("studio.yaml"), include_str!("../examples/studio.yaml")).unwrap();
        tool.ok("apply studio.yaml --yes -q");
    }
    if example.contains("--plan studio.plan") {
        tool.ok("plan studio.yaml --out studio.plan");
    }
    if name == "import csv" {
        let people = "name,first_name,last_name,email,welcome_email\nuser1,John,Doe,jdoe@example.com,jdoe@example.com\nuser3,Jay,Johnson,j@example.com\n";
        std::fs::write(tool.folder().join("people.csv"), people).unwrap();
        std::fs::write(tool.folder().join("staff.csv"), "Login\tMail\tDesk\nzoe\tzoe@example.com\t7\n").unwrap();
    }
    if name == "audit key" {
        // A test runs an example more than once, and a key is never replaced.
        let _ = std::fs::remove_file(tool.folder().join("log.key"));
    } else if example.contains("log.key") || example.contains("log.pub") {
        if !tool.folder().join("log.key").exists() {
            tool.ok("audit key --out log.key > log.pub");
        }
        tool.ok("audit checkpoint --key log.key > last-night.note");
        tool.ok("audit receipt bob send workgroup:color --key log.key > bob.receipt");
    }
    if name == "audit review start" {
        // A test runs an example more than once, and a review is started once.
        let number = tool.revision();
        for review in ["2026-q3", "leavers", "yearly"] {
            if tool.run(&format!("audit review status {review}")).status == 0 {
                tool.ok(&format!("undo {number}"));
            }
        }
    } else if name.starts_with("audit review") && tool.run("audit review status q3").status != 0 {
        tool.ok("audit review start q3 --of node1:/");
        tool.ok("audit review export q3 -o csv --out q3.csv");
        let table = std::fs::read_to_string(tool.folder().join("q3.csv")).unwrap();
        // Alice decides, so not about what she holds.
        let row = table.lines().skip(1).find(|row| !row.contains("user:alice")).unwrap();
        let kept = row.strip_suffix(",,,").unwrap().to_owned() + ",keep,,";
        std::fs::write(tool.folder().join("q3.csv"), table.replace(row, &kept)).unwrap();
    }
    if example.contains("requests.txt") {
        std::fs::write(tool.folder().join("requests.txt"), "bob send workgroup:color\n").unwrap();
    }
    if name == "dropbox claim" {
        tool.ok("dropbox public-link intake on -o tsv --columns secret --no-headers > public-link.txt");
    }
    if name == "account remove" {
        // Alice is the only admin of acme.
        tool.ok("org set-role acme carol admin");
    }
    if name == "account activate" {
        tool.ok("account deactivate bob");
    }
}

#[test]
fn every_reading_command_answers_in_json_and_survives_a_closed_pipe() {
    let tool = Tool::studio();
    for (name, command) in leaves() {
        let Some(example) = examples(&command).into_iter().next() else { continue };
        if !has(&command, "at") && !name.starts_with("audit") && !name.starts_with("role") {
            continue;
        }
        prepare(&tool, &name, &example);
        let ran = tool.run_line(&format!("{example} -o json"));
        serde_json::from_str::<Value>(&ran.out).unwrap_or_else(|error| panic!("{example}: {error}: {ran:#?}"));
        prepare(&tool, &name, &example);
        let ran = tool.sh(&format!("({example} -q; echo $? > status) | true"));
        assert_eq!(ran.err, "", "{example}");
        let status = std::fs::read_to_string(tool.folder().join("status")).unwrap();
        assert!(["0", "1", "141"].contains(&status.trim()), "{example}: {status}");
    }
}

/// Verbs that answer with an array but are not lists.
const NO_LISTS: [&str; 4] = ["audit report", "audit review export", "perm test", "role show"];

#[test]
fn every_list_is_read_page_by_page() {
    let tool = Tool::studio();
    let mut lists = 0;
    for (name, command) in leaves() {
        let Some(example) = examples(&command).into_iter().next() else { continue };
        let name_is_in = |names: &[&str]| names.contains(&name.as_str());
        if has(&command, "dry-run") || name_is_in(&NO_LISTS) || name_is_in(&OF_PLATFORMS) || name == "init" {
            continue;
        }
        prepare(&tool, &name, &example);
        let mut words: Vec<&str> = example.split(' ').collect();
        if let Some(place) = words.iter().position(|word| *word == "--limit") {
            words.drain(place..place + 2);
        }
        let example = words.join(" ");
        let rows = |part: &str| -> Option<(Vec<Value>, String)> {
            let ran = tool.run_line(&format!("{example} {part} -o json"));
            Some((serde_json::from_str(&ran.out).ok()?, ran.err))
        };
        let whole = rows("").map(|(rows, _)| rows);
        assert_eq!(whole.is_some(), has(&command, "limit"), "{name} is a list, or else has no --limit");
        assert_eq!(whole.is_some(), has(&command, "after"), "{name} is a list, or else has no --after");
        let Some(whole) = whole else { continue };
        let size = (whole.len() / 3).max(1);
        let (mut pages, mut part) = (Vec::new(), format!("--limit {size}"));
        loop {
            let (page, err) = rows(&part).unwrap_or_else(|| panic!("{example} {part}"));
            assert!(page.len() <= size, "{name}: {page:?}");
            pages.extend(page);
            // A list that is cut says so, and how to continue.
            let Some((_, token)) = err.trim_end().split_once("there is more: go on with --after ") else { break };
            part = format!("--limit {size} --after {token}");
            assert!(pages.len() < whole.len(), "{name}: {token}");
        }
        assert_eq!(pages, whole, "{name}");
        lists += 1;
    }
    assert!(lists > 20, "{lists}");
}

#[test]
fn no_command_panics_or_changes_anything_on_nonsense() {
    let tool = Tool::studio();
    let before = tool.revision();
    let odd = ["", "a:b", "user:", ":", "\u{202e}x", "%s%n", "../../x", "0", "a\nb", "18446744073709551616"];
    for (name, command) in leaves() {
        let wanted = command.get_positionals().count();
        if name == "init" || name == "man" || wanted == 0 {
            continue;
        }
        for word in odd {
            let mut words: Vec<&str> = name.split(' ').chain(std::iter::repeat_n(word, wanted)).collect();
            if has(&command, "dry-run") {
                words.push("--dry-run");
            }
            if has(&command, "title") {
                words.extend(["--title", "x", "--to", "x"]);
            }
            let run = || tool.run_here(&words);
            let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            let ran = ran.unwrap_or_else(|_| panic!("{words:?} panicked"));
            assert!((2..=7).contains(&ran.status) || name == "role show" || name.ends_with("add"), "{ran:#?}");
        }
    }
    assert_eq!(tool.revision(), before);
}

/// The interface as a value: names, arguments, options and their words. Every difference is a decision
/// about compatibility.
#[test]
fn the_surface_is_as_committed() {
    let mut surface = serde_json::Map::new();
    for (name, command) in leaves() {
        let positionals: Vec<String> = command
            .get_positionals()
            .map(|it| it.get_value_names().map_or_else(String::new, |names| names[0].to_string()))
            .collect();
        let options: BTreeSet<String> = command
            .get_arguments()
            .filter(|it| !it.is_global_set())
            .filter_map(|it| it.get_long().map(|long| format!("--{long}")))
            .collect();
        surface.insert(name, json!({"arguments": positionals, "options": options}));
    }
    let globals: BTreeSet<String> = rolebook::cli::command()
        .get_arguments()
        .filter(|it| it.is_global_set())
        .filter_map(|it| it.get_long().map(|long| format!("--{long}")))
        .collect();
    surface.insert("(every command)".to_owned(), json!({"options": globals}));
    let text = format!("{}\n", serde_json::to_string_pretty(&Value::Object(surface)).unwrap());
    assert_generated("tests/surface.json", &text);
}
