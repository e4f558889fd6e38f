//! `kill -9` at any moment, and an output that is closed. A reported change is kept, an unreported
//! one is there completely or not at all, and the next command needs no repair.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::{PROGRAM, Tool};

const SIGKILL: i32 = 9;

/// A `rolebook` process, without a shell around it.
fn rolebook(tool: &Tool, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).current_dir(tool.folder()).env_clear().env("HOME", tool.folder().join("home"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Pseudo-random numbers that are the same in every run (SplitMix64).
struct Scatter(u64);

impl Scatter {
    /// A random duration below `longest`.
    fn below(&mut self, longest: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        longest.mul_f64(((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

/// Kills a process after a delay; returns whether it was still running, and its output.
fn kill_after(mut child: Child, delay: Duration) -> (bool, String) {
    // Sleeping is too coarse for delays below a millisecond.
    let until = Instant::now() + delay;
    while Instant::now() < until {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(status.success() || status.signal() == Some(SIGKILL), "{status:?}");
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    (status.signal() == Some(SIGKILL), said)
}

/// The duration of one change, which differs between a debug build on a busy machine and a release build.
fn pace(tool: &Tool) -> Duration {
    let mut times: Vec<Duration> = (0..9)
        .map(|turn| {
            let began = Instant::now();
            assert!(rolebook(tool, &["account", "add", &format!("pace{turn}")]).output().unwrap().status.success());
            began.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

#[test]
fn a_writer_killed_at_any_moment_loses_nothing_it_reported() {
    const KILLS: usize = 100;
    let tool = Tool::new();
    let longest = pace(&tool).mul_f64(1.2);
    let mut scatter = Scatter(20);
    let (mut kills, mut silent_but_made, mut reported) = (0, 0, 0);
    let mut expected = tool.revision();
    for turn in 0.. {
        assert!(turn < 20 * KILLS, "only {kills} of {turn} processes were killed in time");
        if kills == KILLS {
            break;
        }
        let name = format!("c{turn}");
        let child = rolebook(&tool, &["account", "add", &name]).spawn().unwrap();
        let (killed, said) = kill_after(child, scatter.below(longest));
        kills += usize::from(killed);

        // Either the account and its revision exist, or neither.
        let listed = tool.json("account list");
        let is_there = listed.as_array().unwrap().iter().any(|row| row["ref"] == format!("user:{name}"));
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
        tool.ok("audit verify");
    }
    println!(
        "{kills} kills within {:.1} ms: {reported} changes reported, {silent_but_made} made and not yet reported",
        longest.as_secs_f64() * 1e3
    );
    // No kill prevents the next change.
    assert_eq!(tool.json("account add last")["revision"], expected + 1);
}

#[test]
fn a_creation_killed_at_any_moment_leaves_nothing_half_made() {
    let mut scatter = Scatter(7);
    let (mut stores, mut others) = (0, 0);
    let longest = {
        let tool = Tool::bare();
        let began = Instant::now();
        tool.ok("init");
        began.elapsed()
    };
    for turn in 0..100 {
        let tool = Tool::bare();
        let child = rolebook(&tool, &["init"]).spawn().unwrap();
        let (_, said) = kill_after(child, scatter.below(longest));
        // There is a valid store, or none.
        let status = tool.run("status -o json");
        match status.status {
            0 => stores += 1,
            7 => {
                others += 1;
                assert!(said.is_empty(), "{turn}: {said}");
                assert!(status.err.contains(r#""code":"no_store""#), "{turn}: {status:?}");
            }
            _ => panic!("{turn}: {status:?}"),
        }
        let answer = tool.ok("init");
        assert_eq!(answer == "unchanged\n", status.status == 0, "{turn}: {answer}");
        tool.ok("audit verify");
        assert_eq!(tool.json("account add first")["revision"], 1);
    }
    println!("100 creations killed within {longest:?}: {stores} made, {others} not");
    assert!(stores > 0 && others > 0, "no kill came at an interesting moment: {stores} made, {others} not");
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
        let mut scatter = Scatter(3);
        for turn in 0.. {
            if other.is_finished() {
                break;
            }
            let child = rolebook(&tool, &["account", "add", &format!("k{turn}")]).spawn().unwrap();
            kill_after(child, scatter.below(Duration::from_millis(12)));
        }
        other.join().unwrap()
    });
    assert_eq!(reported.len(), 60);
    tool.ok("audit verify");
}
