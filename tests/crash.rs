//! `kill -9` at any moment, and an output that is closed. A reported change is kept, an unreported
//! one is there completely or not at all, and the next command needs no repair.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::support::{Killer, PROGRAM, Tool};

/// A `rolebook` process, without a shell around it.
fn rolebook(tool: &Tool, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).current_dir(tool.folder()).env_clear().env("HOME", tool.folder().join("home"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The first guess of how long a command takes.
const GUESS: Duration = Duration::from_millis(10);

#[test]
fn a_writer_killed_at_any_moment_loses_nothing_it_reported() {
    const KILLS: usize = 100;
    let tool = Tool::new();
    let mut killer = Killer::new(20, GUESS);
    let (mut kills, mut silent_but_made, mut reported) = (0, 0, 0);
    let mut expected = tool.revision();
    for turn in 0.. {
        if kills == KILLS {
            break;
        }
        let name = format!("c{turn}");
        let child = rolebook(&tool, &["account", "add", &name]).spawn().unwrap();
        let (killed, said) = killer.kill(child);
        kills += usize::from(killed);

        // Either the account and its revision exist, or neither.
        let shown = tool.run_here(&["account", "show", &name]);
        assert!(matches!(shown.status, 0 | 4), "{shown:?}");
        let is_there = shown.status == 0;
        let revision = tool.revision();
        assert_eq!(revision, expected + u64::from(is_there), "{name}: {said}");
        expected = revision;
        if said.is_empty() {
            assert!(killed, "{name} said nothing, but ran to its end");
            silent_but_made += usize::from(is_there);
        } else {
            assert!(said.ends_with(&format!("revision {revision}\n")), "{name}: {said}");
            assert!(is_there, "{name} was reported and is lost");
            reported += 1;
        }
        assert_eq!(tool.run_here(&["audit", "verify"]).status, 0, "{name}");
    }
    println!("{kills} kills: {reported} changes reported, {silent_but_made} made and not yet reported");
    // No kill prevents the next change.
    assert_eq!(tool.json("account add last")["revision"], expected + 1);
}

#[test]
fn a_creation_killed_at_any_moment_leaves_nothing_half_made() {
    let mut killer = Killer::new(7, GUESS);
    let (mut stores, mut others) = (0, 0);
    // Until kills came both before and after the moment that makes the store.
    while stores + others < 100 || stores == 0 || others == 0 {
        let tool = Tool::bare();
        let child = rolebook(&tool, &["init"]).spawn().unwrap();
        let (_, said) = killer.kill(child);
        // There is a valid store, or none.
        let status = tool.run_here(&["status", "-o", "json"]);
        match status.status {
            0 => stores += 1,
            7 => {
                others += 1;
                assert!(said.is_empty(), "{said}");
                assert!(status.err.contains(r#""code":"no_store""#), "{status:?}");
            }
            _ => panic!("{status:?}"),
        }
        let answer = tool.ok("init");
        assert_eq!(answer == "unchanged\n", status.status == 0, "{answer}");
        assert_eq!(tool.run_here(&["audit", "verify"]).status, 0);
        assert_eq!(tool.run_here(&["account", "add", "first"]).status, 0);
        assert_eq!(tool.revision(), 1);
    }
    println!("{} creations killed: {stores} made, {others} not", stores + others);
}

#[test]
fn leftovers_of_a_killed_creation_are_removed() {
    let tool = Tool::bare();
    let folder = tool.store().parent().unwrap().to_owned();
    std::fs::create_dir_all(&folder).unwrap();
    for side in [".new", ".new-journal", ".new-wal", ".new-shm"] {
        std::fs::write(format!("{}{side}", tool.store().display()), "half").unwrap();
    }
    let _ = tool.fails(7, "status", "no store at");
    assert!(tool.ok("init").starts_with("created "));
    tool.ok("account add alice");
    tool.ok("audit verify");
    let mut left: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    left.retain(|name| name.contains(".new"));
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_log_of_a_removed_store_does_not_reappear_in_a_new_one() {
    let tool = Tool::staffed();
    // A reader is open while the file is removed, so the write-ahead log is left behind.
    let reader = rusqlite::Connection::open(tool.store()).unwrap();
    reader.query_row("SELECT count(*) FROM resource", [], |row| row.get::<_, i64>(0)).unwrap();
    tool.ok("account add mallory");
    let log = format!("{}-wal", tool.store().display());
    assert!(std::fs::metadata(&log).unwrap().len() > 0);
    std::fs::remove_file(tool.store()).unwrap();
    assert!(tool.ok("init").starts_with("created "));
    assert_eq!(tool.json("account list"), Value::Array(Vec::new()));
    tool.ok("audit verify");
}

#[test]
fn a_reader_whose_output_is_closed_ends_as_by_sigpipe() {
    let tool = Tool::staffed();
    // More than the pipe and the program's own buffer hold, so that both notice in the middle of the answer.
    for number in 0..8 {
        tool.ok(&format!("group add {}{number}", "g".repeat(90)));
    }
    for reading in ["account list", "account list -o json", "audit log", "status", "group list", "man", "role list"] {
        let mut command = rolebook(&tool, &reading.split(' ').collect::<Vec<_>>());
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command.stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(141), "{reading}: {output:?}");
        assert!(output.stderr.is_empty(), "{reading}: {output:?}");
    }
    // The status that a shell sees.
    let ran = tool.sh("{ rolebook account list; echo $? >&2; } | true");
    assert!(["141\n", "0\n"].contains(&ran.err.as_str()), "{ran:?}");
}

#[test]
fn a_change_whose_output_is_closed_is_made_and_succeeds() {
    let tool = Tool::bare();
    for (revision, change) in [(0, "init"), (1, "account add alice"), (2, "account add bob -o json")] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = rolebook(&tool, &change.split(' ').collect::<Vec<_>>());
        let output = command.stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{change}: {output:?}");
        assert!(output.stderr.is_empty(), "{change}: {output:?}");
        assert_eq!(tool.revision(), revision);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_answer_that_cannot_be_written_is_a_failure_and_says_whether_the_change_was_made() {
    let tool = Tool::bare();
    let full = |arguments: &str| {
        let mut command = rolebook(&tool, &arguments.split(' ').collect::<Vec<_>>());
        let output = command.stdout(OpenOptions::new().write(true).open("/dev/full").unwrap()).output().unwrap();
        assert_eq!(output.status.code(), Some(7), "{arguments}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let made = "rolebook: the change was made, but the answer cannot be written: ";
    assert!(full("init").starts_with(made));
    assert!(full("account add alice").starts_with(made));
    assert_eq!(tool.revision(), 1);
    for reading in ["account list", "status -o yaml", "audit log -o csv", "account add alice2 --dry-run", "init"] {
        let said = full(reading);
        assert!(said.starts_with("rolebook: the answer cannot be written: "), "{reading}: {said}");
    }
    let error: Value = serde_json::from_str(&full("account list -o json")).unwrap();
    assert_eq!(error["error"]["code"], "output_failed");
    assert_eq!(tool.revision(), 1);
}

#[test]
fn a_killed_writer_releases_the_lock() {
    let tool = Tool::new();
    let reported: BTreeSet<u64> = std::thread::scope(|scope| {
        // One writer is killed over and over while another one continues.
        let other = scope.spawn(|| {
            (0..60)
                .map(|turn| {
                    let mut command = rolebook(&tool, &["account", "add", &format!("b{turn}"), "-o", "json"]);
                    let output = command.output().unwrap();
                    assert!(output.status.success(), "{output:?}");
                    serde_json::from_slice::<Value>(&output.stdout).unwrap()["revision"].as_u64().unwrap()
                })
                .collect()
        });
        let mut killer = Killer::new(3, GUESS);
        for turn in 0.. {
            if other.is_finished() {
                break;
            }
            let child = rolebook(&tool, &["account", "add", &format!("k{turn}")]).spawn().unwrap();
            killer.kill(child);
        }
        other.join().unwrap()
    });
    assert_eq!(reported.len(), 60);
    tool.ok("audit verify");
}
