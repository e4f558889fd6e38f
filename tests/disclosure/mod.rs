//! No reader is shown what is hidden from that reader: a store has hidden resources with marked names, every
//! command runs as every reader, and its output is searched for the marks.

mod commands;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use commands::Line;
use serde_json::Value;
use world::{CommandOutput, READERS, World};

use crate::support::PROGRAM;

/// The findings, and the commands that succeeded.
#[derive(Default)]
struct Found {
    /// By command and marker: the readers, and one line with what it printed.
    told: BTreeMap<(String, String), (BTreeSet<String>, String)>,
    /// The lowest exit status of each command: a command that is always a usage error tests nothing.
    statuses: BTreeMap<String, i32>,
    runs: usize,
}

impl Found {
    fn add(&mut self, other: Found) {
        for (key, (readers, example)) in other.told {
            self.told.entry(key).or_insert_with(|| (BTreeSet::new(), example)).0.extend(readers);
        }
        for (command, status) in other.statuses {
            let lowest = self.statuses.entry(command).or_insert(i32::MAX);
            *lowest = (*lowest).min(status);
        }
        self.runs += other.runs;
    }

    fn look(&mut self, world: &World, (reader, command): (&str, &str), words: &[String], ran: &CommandOutput) {
        let (status, text) = (ran.status, &(ran.text.clone() + &revisions_in(&ran.text)));
        let line = words.join(" ");
        self.runs += 1;
        let lowest = self.statuses.entry(command.to_owned()).or_insert(i32::MAX);
        // 2 is the worst: a usage error shows nothing of the store.
        *lowest = (*lowest).min(if status == 2 { i32::MAX - 1 } else { status });
        for marker in &world.markers {
            // A message may repeat what was typed.
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

/// The bytes of the revisions that a receipt carries, as far as they are text. An encoded name is told too.
fn revisions_in(text: &str) -> String {
    let receipt = serde_json::from_str::<Value>(text).ok().and_then(|it| it["receipt"].as_str().map(str::to_owned));
    let Some(object) = receipt.and_then(|it| serde_json::from_str::<Value>(it.lines().nth(1)?).ok()) else {
        return String::new();
    };
    let inputs = object["revisions"].as_array().unwrap().iter().filter_map(|it| it["input"].as_str());
    inputs.map(|it| String::from_utf8_lossy(&STANDARD.decode(it).unwrap()).into_owned()).collect()
}

/// Whether the reader may read the whole log and the command shows parts of it.
fn reads_the_log(reader: &str, words: &[String]) -> bool {
    let is_log = words[0] == "audit"
        || (words.starts_with(&["perm".to_owned(), "diff".to_owned()])
            && !words.iter().any(|word| word == "--columns"));
    reader == "root" && is_log
}

/// The formats to try besides JSON, which has every field: text for people where it is composed separately, and
/// CSV or TSV, which alternate among the readers.
fn formats(line: &Line, turn: usize) -> Vec<&'static [&'static str]> {
    let composes = ["perm check", "perm explain", "perm test", "audit show", "plan", "export"];
    let text: Option<&[&str]> = composes.contains(&line.command.as_str()).then_some(&[]);
    let table: Option<&[&str]> = match turn % 3 {
        0 => Some(&["-o", "csv"]),
        1 => Some(&["-o", "tsv"]),
        _ => None,
    };
    text.into_iter().chain(table).collect()
}

/// One thread's part of the work: one store for reading, and one that is restored before each committed change.
struct Half<'w> {
    world: &'w World,
    whole: &'w [u8],
    kept: PathBuf,
    changed: PathBuf,
    found: Found,
    /// The refusals so far, by line and exit status. The next reader refused with that status must get the same text.
    refused: BTreeSet<(usize, i32)>,
}

impl Half<'_> {
    fn run(&mut self, line: &Line, more: &[&str], reader: &str, for_good: bool) -> i32 {
        let words = line.words.iter().map(|word| word.replace("SELF", reader));
        let words: Vec<String> = words.chain(more.iter().map(|it| (*it).to_owned())).collect();
        if reads_the_log(reader, &words) {
            return 0;
        }
        if for_good {
            std::fs::write(&self.changed, self.whole).unwrap();
        }
        let store = if for_good { &self.changed } else { &self.kept };
        let typed = words.iter().cloned().chain(["--as".to_owned(), reader.to_owned()]);
        let ran = self.world.run_on(store, &typed.collect::<Vec<_>>());
        self.found.look(self.world, (reader, &line.command), &words, &ran);
        ran.status
    }

    /// Runs a line as one reader: a reading command in several formats; a change as a dry run with `--access`, and
    /// committed.
    fn line(&mut self, (number, line): (usize, &Line), reader: &str, turn: usize) {
        let first: &[&str] = if line.writes { &["-o", "json", "--dry-run", "--access"] } else { &["-o", "json"] };
        let status = self.run(line, first, reader, false);
        // Exit status 1 is an answer too.
        if status > 1 && !self.refused.insert((number, status)) {
            return;
        }
        if !line.writes {
            for format in formats(line, turn) {
                self.run(line, format, reader, false);
            }
            return;
        }
        let table = if turn.is_multiple_of(2) { "csv" } else { "tsv" };
        // With `--access`, the table has nothing else.
        let access: &[&str] = if turn % 4 < 2 { &["--access"] } else { &[] };
        self.run(line, &[&["-o", table, "--dry-run"], access].concat(), reader, false);
        if line.command != "undo" {
            self.run(line, &[], reader, true);
        }
    }
}

#[test]
fn no_command_shows_anything_hidden_to_anybody() {
    let world = World::new();
    let lines = commands::lines(&world);
    let whole = std::fs::read(world.store()).unwrap();
    let found = Mutex::new(Found::default());
    std::thread::scope(|scope| {
        for number in 0..2 {
            let (world, lines, whole, found) = (&world, &lines, &whole, &found);
            scope.spawn(move || {
                let (kept, changed) =
                    (world.path(&format!("kept-{number}.db")), world.path(&format!("changed-{number}.db")));
                std::fs::write(&kept, whole).unwrap();
                // While the store is open, SQLite need not set up its files for each command.
                let store = rolebook::store::Store::open(&kept).unwrap();
                let _open = store.read().unwrap();
                let (mine, refused) = (Found::default(), BTreeSet::new());
                let mut half = Half { world, whole, kept, changed, found: mine, refused };
                for (turn, reader) in READERS.into_iter().enumerate().skip(number).step_by(2) {
                    for (at, line) in lines.iter().enumerate() {
                        half.line((at, line), reader, turn / 2 + at);
                    }
                }
                found.lock().unwrap().add(half.found);
            });
        }
    });
    let found = found.into_inner().unwrap();
    println!("{} runs", found.runs);
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

/// A hidden resource answers like one that does not exist: the same text, the same exit status.
#[test]
fn a_hidden_resource_answers_like_one_that_does_not_exist() {
    let world = World::new();
    // For each kind a hidden name and an unused name; neither is similar to any other.
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
            // Every name is taken, whoever may see its resource.
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
                // The two answers differ only in the mark.
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

/// Completions come from the program itself, which reads its own arguments.
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
