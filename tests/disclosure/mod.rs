//! Nothing is told to whom it is hidden from: marked hidden things are put into a store, every command is
//! run as everybody, and what it prints is searched for them.

mod commands;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use commands::Line;
use world::{READERS, Ran, World};

use crate::support::PROGRAM;

/// What was found, and which commands did something at all.
#[derive(Default)]
struct Found {
    /// By command and marker: the readers, and one line with what it printed.
    told: BTreeMap<(String, String), (BTreeSet<String>, String)>,
    /// The lowest exit status that a command came to: one that is used wrongly by everybody tests nothing.
    statuses: BTreeMap<String, u8>,
    runs: usize,
}

impl Found {
    fn look(&mut self, world: &World, (reader, command): (&str, &str), words: &[String], ran: &Ran) {
        let (status, text) = (ran.status, &ran.text);
        let line = words.join(" ");
        self.runs += 1;
        let lowest = self.statuses.entry(command.to_owned()).or_insert(u8::MAX);
        // 2 is the worst: a command that is used wrongly says nothing of the store.
        *lowest = (*lowest).min(if status == 2 { u8::MAX - 1 } else { status });
        for marker in &world.markers {
            // What was typed may be said again.
            let typed = words.iter().any(|word| word.contains(&marker.text))
                || marker.text.rsplit_once(':').is_some_and(|(_, number)| words.iter().any(|word| word == number));
            if !typed && !marker.told.contains(&reader) && text.contains(&marker.text) {
                let place = text.lines().find(|line| line.contains(&marker.text)).unwrap_or_default();
                let place: String = place.trim().chars().take(300).collect();
                let key = (command.to_owned(), marker.text.clone());
                let found =
                    self.told.entry(key).or_insert_with(|| (BTreeSet::new(), format!("{line} as {reader}: {place}")));
                found.0.insert(reader.to_owned());
            }
        }
    }
}

/// Server admins read the whole log, and commands that say what stands in it tell them of it.
fn reads_the_log(reader: &str, words: &[String]) -> bool {
    let is_log = words[0] == "audit"
        || (words.starts_with(&["perm".to_owned(), "diff".to_owned()])
            && !words.iter().any(|word| word == "--columns"));
    reader == "root" && is_log
}

/// Each way in which a line is tried: for programs and for people; a change as a dry run with what it
/// would mean, and for good.
fn tried(line: &Line) -> Vec<Vec<String>> {
    // Lists are the same rows in every format; these put texts together.
    let composes = ["perm check", "perm explain", "perm test", "audit show", "plan", "export"];
    let ways: &[&[&str]] = match (line.writes, line.command.as_str()) {
        (true, "undo") => &[&["-o", "json", "--dry-run"]],
        (true, _) => &[&["-o", "json", "--dry-run", "--access"], &[]],
        (false, name) if composes.contains(&name) => &[&["-o", "json"], &[]],
        (false, name) if name.ends_with(" list") => &[&["-o", "json"], &["-o", "csv"]],
        (false, _) => &[&["-o", "json"]],
    };
    ways.iter().map(|more| line.words.iter().cloned().chain(more.iter().map(|it| (*it).to_owned())).collect()).collect()
}

#[test]
fn nothing_hidden_is_told_by_any_command_to_anybody() {
    let world = World::new();
    let lines = commands::lines(&world);
    let whole = std::fs::read(world.store()).unwrap();
    let found = Mutex::new(Found::default());
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (world, lines, whole, found) = (&world, &lines, &whole, &found);
            scope.spawn(move || {
                // One store is read, and one is written anew before each change for good.
                let (kept, changed) =
                    (world.path(&format!("kept-{half}.db")), world.path(&format!("changed-{half}.db")));
                std::fs::write(&kept, whole).unwrap();
                for reader in READERS.into_iter().skip(half).step_by(2) {
                    for line in lines {
                        for words in tried(line) {
                            let words: Vec<String> =
                                words.into_iter().map(|word| word.replace("SELF", reader)).collect();
                            if reads_the_log(reader, &words) {
                                continue;
                            }
                            let is_for_good = line.writes && !words.iter().any(|word| word == "--dry-run");
                            if is_for_good {
                                std::fs::write(&changed, whole).unwrap();
                            }
                            let store = if is_for_good { &changed } else { &kept };
                            let typed = words.iter().cloned().chain(["--as".to_owned(), reader.to_owned()]);
                            let ran = world.run_on(store, &typed.collect::<Vec<_>>());
                            found.lock().unwrap().look(world, (reader, &line.command), &words, &ran);
                        }
                    }
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    let told: Vec<String> = found
        .told
        .iter()
        .map(|((command, marker), (readers, example))| {
            format!("{command} tells {marker} to {readers:?}:\n    {example}")
        })
        .collect();
    assert!(told.is_empty(), "{} leaks in {} runs:\n{}", told.len(), found.runs, told.join("\n"));
    let useless: Vec<&String> =
        found.statuses.iter().filter(|(_, status)| **status >= 7).map(|(command, _)| command).collect();
    assert!(useless.is_empty(), "used wrongly by everybody, so nothing is tested: {useless:?}");
}

/// What is hidden answers as what is not there does: the same text, the same exit status.
#[test]
fn what_is_hidden_answers_as_what_is_not_there() {
    let world = World::new();
    // Of each kind a hidden name, and one of nothing; neither is near any other.
    let names: [(&str, &str, &str); 8] = [
        ("account", "zqbert", "xxbert"),
        ("group", "zqcrew", "xxcrew"),
        ("workgroup", "zqwork", "xxwork"),
        ("dropbox", "zqbox", "xxbox"),
        ("endpoint", "zqbucket", "xxbucket"),
        ("org", "zqorg", "xxorg"),
        ("workspace", "zqorg/zqspace", "xxorg/xxspace"),
        ("content", "zqbucket:/zqdir", "xxbucket:/xxdir"),
    ];
    let mut different = Vec::new();
    for (noun, hidden, absent) in names {
        for line in commands::lines(&world) {
            // An endpoint's name is taken whoever sees it, and so is every other.
            let names_new = ["add", "rename"].contains(&line.words.get(1).map_or("", String::as_str));
            if line.words.first().is_none_or(|word| word != noun) || line.words.len() < 3 || names_new {
                continue;
            }
            let answer = |name: &str| {
                let mut words = line.words.clone();
                words[2] = name.to_owned();
                if line.writes {
                    words.push("--dry-run".to_owned());
                }
                words.extend(["-o", "json", "--as", "pat"].map(str::to_owned));
                let ran = world.run_on(&world.store(), &words);
                // The two differ in the mark alone.
                (ran.status, ran.text.replace("zq", "xx"))
            };
            let (told, expected) = (answer(hidden), answer(absent));
            if told != expected {
                different.push(format!("{}: {told:?}\n    and not {expected:?}", line.words.join(" ")));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// Completions are asked of the program itself: they read its own arguments.
#[test]
fn nothing_hidden_is_offered_as_a_completion() {
    let world = World::new();
    let mut told = Vec::new();
    let asked = [
        "account show",
        "group show",
        "workgroup show",
        "dropbox show",
        "endpoint show",
        "org show",
        "workspace show",
        "content list",
        "content list zqbucket:/",
        "content list pub:/",
        "share list",
        "access-token show",
        "signing-key show",
        "media show",
        "stream show",
        "perm list",
        "perm check pat view",
        "package send --to",
        "audit log --on",
    ];
    for reader in READERS {
        for line in asked {
            let (words, typed) = match line.split_once("zq") {
                Some(_) => line.rsplit_once(' ').unwrap(),
                None => (line, ""),
            };
            let mut command = std::process::Command::new(PROGRAM);
            command.env_clear().env("HOME", world.file("home")).env("ROLEBOOK_COMPLETE", "fish");
            command.args(["--", "rolebook", "--store"]).arg(world.store()).args(["--as", reader]);
            let output = command.args(words.split(' ')).arg(typed).output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            for marker in &world.markers {
                if !marker.told.contains(&reader) && !line.contains(&marker.text) && text.contains(&marker.text) {
                    told.push(format!("{reader}: {line} offers {}", marker.text));
                }
            }
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
}

/// The members of a nested group are listed only to readers who may list that group, or may check the member on
/// the resource; the same holds for the memberships of an account.
#[test]
fn nobody_is_listed_through_a_group_whose_members_are_hidden() {
    let world = World::new();
    for line in [
        "server set --private-directory=false",
        "group add inner",
        "group set inner --visible members",
        "group add-member inner nina rita",
        "workgroup set color --member-access all",
        "workgroup add-member color group:inner",
        "group add-member team group:inner",
        "dropbox add-member intake group:inner",
    ] {
        world.ok(line);
    }
    let ask = |line: &str, reader: &str| {
        let ran = world.run_on(&world.store(), &world::split(&format!("{line} --as {reader}")));
        (ran.status, ran.text)
    };
    let (mut opened, mut closed) = (BTreeSet::new(), BTreeSet::new());
    for reader in READERS {
        let knows_group = ask("group members inner", reader).0 == 0;
        for place in ["group team", "workgroup color", "dropbox intake"] {
            let (noun, name) = place.split_once(' ').unwrap();
            let may_tell = |member: &str| {
                let own = member == format!("user:{reader}");
                own || knows_group || ask(&format!("perm check {member} view {noun}:{name}"), reader).0 < 2
            };
            let (status, text) = ask(&format!("{noun} members {name} --expand -o json"), reader);
            let rows: Vec<serde_json::Value> =
                if status == 0 { serde_json::from_str(&text).unwrap() } else { Vec::new() };
            for row in rows {
                let member = row["member"].as_str().unwrap();
                if !row["via"].is_null() {
                    assert!(may_tell(member), "{place} tells {reader} of {member}: {text}");
                    opened.insert((place, reader));
                } else if member == "group:inner" || member == "hidden" {
                    closed.insert((place, reader));
                }
            }
            let (status, text) = ask("account show nina -o json", reader);
            assert!(status == 0, "{text}");
            let shown: serde_json::Value = serde_json::from_str(&text).unwrap();
            for row in shown["memberships"].as_array().into_iter().flatten() {
                if !row["via"].is_null() && row["of"] == format!("{noun}:{name}") {
                    assert!(may_tell("user:nina"), "account show tells {reader} of nina in {place}: {text}");
                }
            }
        }
    }
    assert!(opened.contains(&("workgroup color", "wanda")) && opened.contains(&("group team", "manny")), "{opened:?}");
    assert!(closed.contains(&("workgroup color", "mel")) && closed.contains(&("group team", "pat")), "{closed:?}");
}
