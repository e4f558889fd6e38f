//! Measures audits: all findings over a million grants, the report over a tenth of them, and both over a long log, beside
//! the time of building the snapshot in the same run. `cargo bench --bench audit [ACCOUNTS [REVISIONS]]`. Each contender is a
//! process of its own; its peak memory is read from `/proc`, if that exists. Never a test: machines differ.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and may stop at the first surprise"
)]

#[path = "workload/process.rs"]
mod process;
#[expect(dead_code, reason = "questions are asked by other benchmarks")]
mod workload;

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use process::{PROGRAM, Ran, middle, report, run};
use rolebook::store::Store;
use rusqlite::Connection;
use workload::Workload;

/// A million grants.
const ACCOUNTS: usize = 100_000;
const REVISIONS: usize = 100_000;
const ROUNDS: usize = 3;
const MEGABYTE: u64 = 1_000_000;

/// Two rights that no one should have together: one holds for many accounts, the other for few.
const POLICY: &str = "conflicts:\n  - name: two-hats\n    why: whoever runs an endpoint must not read it\n    \
                      each-of: [{role: administrator, on: endpoint:e0}, {may: download, on: 'e0:/'}]\n";

fn main() {
    let args: Vec<String> = std::env::args().filter(|it| it != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[1..] {
        ["snapshot", store] => {
            let reader = Store::open(Path::new(store)).unwrap().read().unwrap();
            report(|| (), |()| drop(black_box(reader.facts().snapshot().unwrap())));
        }
        [] => measure(ACCOUNTS, REVISIONS),
        [accounts] => measure(accounts.parse().unwrap(), REVISIONS),
        [accounts, revisions] => measure(accounts.parse().unwrap(), revisions.parse().unwrap()),
        _ => println!("cargo bench --bench audit [ACCOUNTS [REVISIONS]]"),
    }
}

fn measure(accounts: usize, revisions: usize) {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.yaml");
    std::fs::write(&policy, POLICY).unwrap();
    let policy = policy.to_str().unwrap();
    let workload = Workload::new(accounts);
    let store = folder.path().join("grants.db");
    workload::load::store_file(&workload, &store);
    println!("{} grants", workload.grants());
    drop(workload);
    compare(
        &store,
        &[
            ("all findings", &["audit", "findings", "-o", "jsonl"]),
            ("the same with a conflict", &["audit", "findings", "-o", "jsonl", "--policy", policy]),
            ("report about one endpoint as HTML", &["audit", "report", "endpoint:e0", "-o", "html"]),
        ],
    );
    let store = folder.path().join("fewer.db");
    workload::load::store_file(&Workload::new(accounts / 10), &store);
    println!("\n{} grants", Workload::new(accounts / 10).grants());
    compare(
        &store,
        &[
            ("all findings", &["audit", "findings", "-o", "jsonl"]),
            ("report as HTML", &["audit", "report", "-o", "html"]),
            ("report as JSON", &["audit", "report", "-o", "json"]),
        ],
    );
    let store = folder.path().join("log.db");
    workload::load::store_file(&Workload::new(accounts / 100), &store);
    let last = lengthen(&store, revisions).to_string();
    println!("\n{} grants, {revisions} revisions", Workload::new(accounts / 100).grants());
    compare(
        &store,
        &[
            ("all findings", &["audit", "findings", "-o", "jsonl"]),
            ("conflicts in each revision", &["audit", "findings", "--between", "0", &last, "--policy", policy]),
            ("report as HTML", &["audit", "report", "-o", "html"]),
            ("report as CSV", &["audit", "report", "-o", "csv"]),
        ],
    );
}

/// Adds revisions that each add one group. Their digests are zeros, since the program would take a disk's
/// time for each. Returns the number of the last one.
fn lengthen(store: &Path, revisions: usize) -> i64 {
    let store = Connection::open(store).unwrap();
    store
        .execute_batch(&format!(
            "BEGIN;
             CREATE TEMP TABLE head AS SELECT number AS r, at AS t, last_id AS i, digest AS d FROM revision
                 ORDER BY number DESC LIMIT 1;
             CREATE TEMP TABLE number AS WITH RECURSIVE number (n) AS (
                 SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {revisions}) SELECT n FROM number;
             INSERT INTO resource SELECT r + n, i + n, NULL, 'group', 0, 'new' || n, 'new' || n, NULL, '{{}}', NULL
                 FROM number, head;
             INSERT INTO revision SELECT r + n, t + n, NULL, 'bench', 'group add new' || n, NULL, NULL, NULL,
                 i + n, CASE n WHEN 1 THEN d ELSE zeroblob(32) END, zeroblob(32) FROM number, head;
             COMMIT;"
        ))
        .unwrap();
    let last = store.query_row("SELECT max(number) FROM revision", [], |row| row.get(0)).unwrap();
    store.close().unwrap();
    last
}

/// Runs the commands in turn with the build of the snapshot, and prints the medians.
fn compare(store: &Path, commands: &[(&str, &[&str])]) {
    let own = std::env::current_exe().unwrap();
    let (own, store) = (own.to_str().unwrap(), store.to_str().unwrap());
    let mut runs = vec![Vec::new(); commands.len() + 1];
    for _ in 0..ROUNDS {
        runs[0].push(run(own, &["snapshot", store]));
        for ((_, words), runs) in commands.iter().zip(&mut runs[1..]) {
            runs.push(run(PROGRAM, &[words, &["--store", store][..]].concat()));
        }
    }
    let mut medians = runs.into_iter().map(middle);
    let snapshot = medians.next().unwrap();
    print("build the snapshot", snapshot, snapshot.time);
    for ((name, _), ran) in commands.iter().zip(medians) {
        print(name, ran, snapshot.time);
    }
}

fn print(name: &str, ran: Ran, snapshot: Duration) {
    let (time, ratio) = (ran.time.as_secs_f64(), ran.time.as_secs_f64() / snapshot.as_secs_f64());
    println!("{name:<34} {time:>7.2} s  {:>5} MB  {ratio:>6.2} x the snapshot", ran.memory / MEGABYTE);
}
