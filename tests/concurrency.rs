//! Many processes on one store at once. Every change here is a `rolebook` process of its own. This
//! tests the lock beside the file, the write transaction and the write-ahead log together, as for
//! a script that runs commands in parallel.
//!
//! `ROLEBOOK_TEST_CHANGES` raises the number of changes of each writer for longer runs.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::support::{PROGRAM, Tool};

/// A `rolebook` process, without a shell around it.
fn rolebook(tool: &Tool, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).current_dir(tool.folder()).env_clear().env("HOME", tool.folder().join("home"));
    command.stdin(Stdio::null());
    command
}

fn parsed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// Starts two commands at nearly the same moment, and waits for both.
fn at_once(mut commands: [Command; 2]) -> [Output; 2] {
    let barrier = Barrier::new(2);
    let [first, second] = &mut commands;
    thread::scope(|scope| {
        let barrier = &barrier;
        let run = |command: &mut Command| {
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            barrier.wait();
            command.output().unwrap()
        };
        let other = scope.spawn(move || run(second));
        [run(first), other.join().unwrap()]
    })
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[test]
fn eight_writers_at_once_lose_nothing_and_take_turns() {
    const WRITERS: usize = 8;
    let changes = std::env::var("ROLEBOOK_TEST_CHANGES").map_or(50, |text| text.parse().unwrap());
    let tool = Tool::new();
    let start = tool.revision();
    let barrier = Barrier::new(WRITERS);
    let began = Instant::now();
    let write = |writer: usize| {
        barrier.wait();
        let mut made = Vec::with_capacity(changes);
        for change in 0..changes {
            let name = format!("w{writer}-{change}");
            let asked = Instant::now();
            let output = rolebook(&tool, &["account", "add", &name, "-o", "json"]).output().unwrap();
            let took = asked.elapsed();
            assert!(output.status.success(), "{name}: {output:?}");
            made.push((took, parsed(&output)["revision"].as_u64().unwrap()));
        }
        made
    };
    let made: Vec<Vec<(Duration, u64)>> = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || write(writer))).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let whole = began.elapsed();

    let revisions: BTreeSet<u64> = made.iter().flatten().map(|(_, revision)| *revision).collect();
    let total = (WRITERS * changes) as u64;
    assert_eq!(revisions.len() as u64, total, "two writers were told the same revision");
    assert_eq!((revisions.first(), revisions.last()), (Some(&(start + 1)), Some(&(start + total))));
    let status = tool.json("status");
    assert_eq!(status["revision"], start + total);
    assert_eq!(status["counts"]["accounts"], total);
    let names: BTreeSet<String> = tool
        .json("account list")
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["ref"].as_str().unwrap().trim_start_matches("user:").to_owned())
        .collect();
    let expected: BTreeSet<String> =
        (0..WRITERS).flat_map(|writer| (0..changes).map(move |change| format!("w{writer}-{change}"))).collect();
    assert_eq!(names, expected);
    tool.ok("audit verify");

    let mut waits: Vec<Duration> = made.iter().flatten().map(|(took, _)| *took).collect();
    waits.sort();
    let totals: Vec<f64> = made.iter().map(|it| it.iter().map(|(took, _)| took.as_secs_f64()).sum()).collect();
    let squares: f64 = totals.iter().map(|total| total * total).sum();
    let fairness = totals.iter().sum::<f64>().powi(2) / (totals.len() as f64 * squares);
    println!(
        "8 writers x {changes} changes: {:.1} s; one change: median {:.1} ms, p95 {:.1} ms, longest {:.1} ms; fairness {fairness:.3}",
        whole.as_secs_f64(),
        milliseconds(waits[waits.len() / 2]),
        milliseconds(waits[waits.len() * 95 / 100]),
        milliseconds(*waits.last().unwrap()),
    );
    // When the first writer has made its last change, nobody is far behind.
    let last = |writer: &Vec<(Duration, u64)>| writer.last().unwrap().1;
    let first_end = made.iter().map(last).min().unwrap();
    let so_far: Vec<usize> =
        made.iter().map(|it| it.iter().filter(|(_, revision)| *revision <= first_end).count()).collect();
    println!("changes when the first writer had made all of its own: {so_far:?}");
    assert!(so_far.iter().all(|count| *count >= changes / 10), "the writers did not take turns: {so_far:?}");
}

#[test]
fn a_writer_never_waits_for_a_dry_run() {
    let tool = Tool::staffed();
    let mut dry = rolebook(&tool, &["apply", "-", "--format", "jsonl", "--dry-run", "-o", "json"]);
    let mut dry = dry.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut rows = dry.stdin.take().unwrap();
    rows.write_all(b"{\"group\": {\"name\": \"crew\"}}\n").unwrap();
    // More than a pipe and a buffer hold: once all of it is written, the store is open and being read.
    rows.write_all(&[b'\n'; 1 << 19]).unwrap();
    tool.ok("account add zoe");
    drop(rows);
    let output = dry.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(parsed(&output)["changed"][0]["ref"], "group:crew", "{output:?}");
    tool.fails(4, "group show crew", "crew");
}

#[test]
fn a_writer_never_waits_for_the_input_of_another_apply() {
    let tool = Tool::staffed();
    assert_eq!(tool.sh("mkfifo rows.jsonl").status, 0);
    // Standard input, a named pipe, and rows that are recognised by their first line; short ones, and more than is
    // kept in memory.
    let ways: [(&[&str], bool, usize); 4] = [
        (&["apply", "-", "--format", "jsonl", "-o", "json"], true, 1 << 19),
        (&["apply", "-", "-o", "json"], true, 1 << 19),
        (&["apply", "rows.jsonl", "-o", "json"], false, 1 << 19),
        (&["apply", "-", "-o", "json"], true, 5 << 20),
    ];
    for (number, (words, is_stdin, length)) in ways.into_iter().enumerate() {
        let mut command = rolebook(&tool, words);
        command.stdin(if is_stdin { Stdio::piped() } else { Stdio::null() });
        let mut applying = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut rows: Box<dyn Write> = match applying.stdin.take() {
            Some(pipe) => Box::new(pipe),
            None => Box::new(File::options().write(true).open(tool.folder().join("rows.jsonl")).unwrap()),
        };
        rows.write_all(format!("{{\"group\": {{\"name\": \"crew{number}\"}}}}\n").as_bytes()).unwrap();
        // More than a pipe and a buffer hold: once all of it is written, the rows are being read.
        rows.write_all(&vec![b'\n'; length]).unwrap();
        // The apply is judged by the state of the store when all rows have arrived.
        tool.ok(&format!("account add late{number}"));
        let row = format!("{{\"member\": {{\"of\": \"group:crew{number}\", \"user\": \"late{number}\"}}}}\n");
        rows.write_all(row.as_bytes()).unwrap();
        drop(rows);
        let output = applying.wait_with_output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        assert_eq!(parsed(&output)["changed"].as_array().map(Vec::len), Some(2), "{words:?}: {output:?}");
    }
}

#[test]
fn two_uses_of_a_one_upload_link_never_both_succeed() {
    let tool = Tool::staffed();
    tool.ok("dropbox add intake");
    let mut refusals = BTreeSet::new();
    for round in 0..20 {
        let address = format!("vendor{round}@example.net");
        tool.ok(&format!(
            "dropbox invite intake {address} --after-one-upload --columns secret -o tsv --no-headers > link.txt"
        ));
        let before = tool.json("status");
        let submit = || {
            let title = format!("Reel {round}");
            let mut command = rolebook(
                &tool,
                &["dropbox", "submit", "intake", "--title", &title, "--file", "reel.mov:1", "--link", "-"],
            );
            command.stdin(File::open(tool.folder().join("link.txt")).unwrap());
            command
        };
        let mut outputs = at_once([submit(), submit()]);
        outputs.sort_by_key(|output| output.status.code());
        let codes = outputs.each_ref().map(|output| output.status.code());
        assert_eq!(codes, [Some(0), Some(3)], "{outputs:?}");
        assert!(outputs[1].stdout.is_empty(), "{outputs:?}");
        refusals.insert(String::from_utf8(outputs[1].stderr.clone()).unwrap());
        let after = tool.json("status");
        let packages = |status: &Value| status["counts"]["packages"].as_u64().unwrap();
        assert_eq!(packages(&after), packages(&before) + 1);
        // The submission, and the denial in the log.
        assert_eq!(after["revision"].as_u64().unwrap(), before["revision"].as_u64().unwrap() + 2);
    }
    // The same answer as for an unknown link.
    let unknown = tool.sh("echo nonsense | rolebook dropbox submit intake --title x --file a:1 --link -");
    refusals.insert(unknown.err);
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    tool.ok("audit verify");
}

#[test]
fn two_admins_who_demote_each_other_never_leave_none() {
    type Deed = fn(&str) -> Vec<String>;
    const DEACTIVATE: usize = 1;
    let deeds: [Deed; 3] = [
        |other| ["account", "set-role", other, "user"].map(str::to_owned).to_vec(),
        |other| ["account", "deactivate", other].map(str::to_owned).to_vec(),
        |other| ["account", "remove", other, "--destroy", "--yes"].map(str::to_owned).to_vec(),
    ];
    let tool = Tool::new();
    tool.ok("account add root --role admin");
    let mut raced = 0;
    for round in 0..25 {
        let pair = [format!("ann{round}"), format!("ben{round}")];
        for name in &pair {
            tool.ok_here(&format!("account add {name} --role admin"));
        }
        // From here on these two are the only admins.
        tool.ok_here("account set-role root user");
        let against = |actor: &str, other: &str, deed: Deed| {
            let mut arguments = deed(other);
            arguments.extend(["--as".to_owned(), actor.to_owned()]);
            rolebook(&tool, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let (first, second) = (round % 3, round / 3 % 3);
        let outputs = at_once([against(&pair[0], &pair[1], deeds[first]), against(&pair[1], &pair[0], deeds[second])]);
        let done = outputs.iter().filter(|output| output.status.success()).count();
        // An admin cannot be deactivated at all; of the other commands, the first one succeeds.
        assert_eq!(done, usize::from((first, second) != (DEACTIVATE, DEACTIVATE)), "round {round}: {outputs:?}");
        for refused in outputs.iter().filter(|output| !output.status.success()) {
            assert!(matches!(refused.status.code(), Some(3..=5)), "{refused:?}");
        }
        raced += usize::from(outputs[1].status.success());

        let status = tool.json("status");
        assert_eq!(status["warnings"], Value::Array(Vec::new()), "round {round}: {outputs:?}");
        let admins = tool.json("account list --role admin");
        let active: Vec<&Value> = admins.as_array().unwrap().iter().filter(|row| row["status"] == "active").collect();
        assert_eq!(active.len(), 2 - done, "round {round}: {admins}");
        tool.ok_here("account set-role root admin");
        for name in &pair {
            // One of them may have ended already.
            let _ = tool.run_here(&["account", "remove", name, "--destroy", "--yes"]);
        }
    }
    println!("the second of the two came first in {raced} of 25 rounds");
    tool.ok("audit verify");
}

/// Stops the readers, also when the writer fails.
struct Over<'o>(&'o AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn readers_beside_a_writer_see_whole_states_in_order() {
    const STATES: usize = 12;
    let tool = Tool::new();
    let over = AtomicBool::new(false);
    let seen: [AtomicUsize; 3] = Default::default();
    let read = |seen: &AtomicUsize| {
        let (mut last, mut states) = (0, BTreeSet::new());
        while !over.load(Ordering::Relaxed) {
            let output = rolebook(&tool, &["account", "list", "-o", "json"]).output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            assert!(output.stderr.is_empty(), "{output:?}");
            let count = parsed(&output).as_array().unwrap().len();
            assert!(count >= last, "{count} accounts after {last}");
            last = count;
            states.insert(count);
            seen.store(states.len(), Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        let readers: Vec<_> = seen.iter().map(|seen| scope.spawn(move || read(seen))).collect();
        let end = Over(&over);
        // Until each reader has seen several states, or has failed.
        let lacks = || seen.iter().any(|states| states.load(Ordering::Relaxed) < STATES);
        for change in 0.. {
            if change >= 40 && (!lacks() || readers.iter().any(|reader| reader.is_finished())) {
                break;
            }
            let output = rolebook(&tool, &["account", "add", &format!("a{change}")]).output().unwrap();
            assert!(output.status.success(), "{output:?}");
        }
        drop(end);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
}
