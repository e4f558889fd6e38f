//! What one invocation costs, beside what a user would pick instead: a bare program that opens the
//! same SQLite file. `cargo bench --bench one_shot` makes a store of 100,000 accounts, runs all
//! contenders interleaved, and prints medians and ratios. Never a test: machines differ.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and may stop at the first surprise"
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rolebook::model::{Kind, Name, Reference, Role, Time};
use rolebook::ops::{Actor, Work, account, membership, place};
use rolebook::policy::Facts;
use rolebook::store::{Entry, Store};
use rusqlite::{Connection, OpenFlags};

const ROUNDS: usize = 400;
const PROGRAM: &str = env!("CARGO_BIN_EXE_rolebook");

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[1..] {
        ["bare", "read", path] => bare_read(path),
        ["bare", "write", path, number] => bare_write(path, number),
        ["bare", "nothing"] => {}
        _ => measure(),
    }
}

/// The floor for a question: open the file, run one prepared query, print.
fn bare_read(path: &str) {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX).unwrap();
    let mut statement = connection
        .prepare("SELECT id FROM resource WHERE kind = ?1 AND parent = 0 AND key = ?2 AND until IS NULL")
        .unwrap();
    let id: i64 = statement.query_row(["user", "user-77777"], |row| row.get(0)).unwrap();
    println!("{id}");
}

/// The floor for a change: open the file, close one row, open another, add a revision, commit.
fn bare_write(path: &str, number: &str) {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX).unwrap();
    connection.pragma_update(None, "synchronous", "full").unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let number: i64 = number.parse().unwrap();
    let last: i64 = connection.query_row("SELECT max(number) FROM revision", [], |row| row.get(0)).unwrap();
    let (since, id): (i64, i64) = connection
        .query_row(
            "SELECT since, id FROM resource WHERE kind = 'user' AND parent = 0 AND key = ?1 AND until IS NULL",
            [format!("user-{number}")],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    connection.execute("UPDATE resource SET until = ?1 WHERE since = ?2 AND id = ?3", (last + 1, since, id)).unwrap();
    connection
        .execute(
            "INSERT INTO resource VALUES (?1, ?2, NULL, 'user', 0, ?3, ?3, NULL, '{\"display_name\":\"x\"}')",
            (last + 1, id, format!("user-{number}")),
        )
        .unwrap();
    connection
        .execute(
            "INSERT INTO revision VALUES (?1, ?2, NULL, 'root', 'account edit', NULL, NULL, NULL, ?2, ?3, ?3)",
            (last + 1, 1_800_000_000_000_i64, [0u8; 32]),
        )
        .unwrap();
    connection.execute_batch("COMMIT").unwrap();
}

/// A store of 100,000 accounts in 5,000 nested groups, and one workgroup that some are in.
fn build(path: &Path) {
    let (store, _) = Store::create(path).unwrap();
    let writer = store.write().unwrap();
    let facts = writer.facts();
    let mut work = Work::new(&facts, Actor::Operator, Time::now()).unwrap();
    let name = |text: String| Name::parse(&text).unwrap();
    let admin = account::Options { role: Some(Role::ServerAdmin), ..account::Options::default() };
    account::add(&mut work, &name("alice".to_owned()), &admin, None).unwrap();
    for number in 0..100_000 {
        account::add(&mut work, &name(format!("user-{number}")), &account::Options::default(), None).unwrap();
    }
    for number in 0..5_000 {
        let group = name(format!("group-{number}"));
        place::add(&mut work, Kind::Group, &group, &place::Options::default()).unwrap();
        let members: Vec<Reference> = (0..20)
            .map(|member| Reference::Named(Kind::Account, name(format!("user-{}", number * 20 + member))))
            .collect();
        membership::add(&mut work, Kind::Group, &group, &members, None).unwrap();
        if number >= 50 {
            let above = name(format!("group-{}", number / 10));
            membership::add(&mut work, Kind::Group, &above, &[Reference::Named(Kind::Group, group)], None).unwrap();
        }
    }
    let send =
        place::Options { send: Some(rolebook::model::attributes::SendPolicy::Members), ..place::Options::default() };
    let color = name("color".to_owned());
    place::add(&mut work, Kind::Workgroup, &color, &send).unwrap();
    membership::add(
        &mut work,
        Kind::Workgroup,
        &color,
        &[Reference::Named(Kind::Group, name("group-38".to_owned()))],
        None,
    )
    .unwrap();
    let rows = work.facts().draft().against(&facts).unwrap();
    let last = work.facts().last_id().unwrap();
    drop(work);
    let entry = Entry {
        at: Time::now(),
        actor: None,
        operator: "bench".to_owned(),
        command: "build".to_owned(),
        reason: None,
        undoes: None,
    };
    writer.commit(&rows, last, entry).unwrap();
}

/// One run of a contender: its wall time.
fn once(program: &str, arguments: &[&str]) -> Duration {
    let begin = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .env_remove("ROLEBOOK_AS")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .status()
        .unwrap();
    let took = begin.elapsed();
    assert!(status.code().is_some_and(|code| code < 2), "{arguments:?}: {status}");
    took
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bench.db");
    let begin = Instant::now();
    build(&path);
    println!(
        "a store of 100,000 accounts and 5,000 groups, {} MB, made in {:.1} s\n",
        std::fs::metadata(&path).unwrap().len() / 1_000_000,
        begin.elapsed().as_secs_f64()
    );
    let own = std::env::current_exe().unwrap();
    let (own, store) = (own.to_str().unwrap(), path.to_str().unwrap());
    let small = folder.path().join("small.db");
    Store::create(&small).unwrap();
    once(PROGRAM, &["account", "add", "user-77777", "--store", small.to_str().unwrap()]);
    let contenders: [(&str, &str, Vec<&str>); 6] = [
        ("an empty program", own, vec!["bare", "nothing"]),
        ("bare: open the file, one prepared query", own, vec!["bare", "read", store]),
        ("perm check, denied", PROGRAM, vec!["perm", "check", "user-99", "configure", "server", "--store", store]),
        (
            "perm check, allowed through three groups",
            PROGRAM,
            vec!["perm", "check", "user-77777", "send", "workgroup:color", "--store", store],
        ),
        (
            "perm explain, the same",
            PROGRAM,
            vec!["perm", "explain", "user-77777", "send", "workgroup:color", "--store", store],
        ),
        (
            "perm check on a store of one account",
            PROGRAM,
            vec!["perm", "check", "user-77777", "send", "server", "--store", small.to_str().unwrap()],
        ),
    ];
    compare(&contenders, 1);
    println!();
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..100 {
        let number = (1000 + round).to_string();
        let name = format!("user-{}", 2000 + round);
        times[0].push(once(own, &["bare", "write", store, &number]));
        times[1].push(once(PROGRAM, &["account", "edit", &name, "--display-name", "x", "--store", store]));
    }
    let floor = median(&mut times[0]);
    print_line("bare: open, close a row, open a row, commit", floor, floor);
    print_line("account edit, one durable revision", median(&mut times[1]), floor);
}

fn compare(contenders: &[(&str, &str, Vec<&str>)], floor: usize) {
    let mut times = vec![Vec::with_capacity(ROUNDS); contenders.len()];
    for _ in 0..ROUNDS {
        for ((_, program, arguments), times) in contenders.iter().zip(&mut times) {
            times.push(once(program, arguments));
        }
    }
    let medians: Vec<Duration> = times.iter_mut().map(|times| median(times)).collect();
    for ((name, ..), time) in contenders.iter().zip(&medians) {
        print_line(name, *time, medians[floor]);
    }
}

fn print_line(name: &str, time: Duration, floor: Duration) {
    println!("{name:<45} {:>6.2} ms  {:>5.2} x", time.as_secs_f64() * 1000.0, time.as_secs_f64() / floor.as_secs_f64());
}
