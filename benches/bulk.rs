//! Measures large manifests against their floors: a million bindings as JSON Lines and two hundred thousand objects as
//! YAML, each applied to an empty store, applied again with nothing to change, and exported.
//! `cargo bench --bench bulk [ACCOUNTS [OBJECTS]]`. A floor is the least work with the same result: read the text with
//! the same parser into any tree, insert the same rows with the same indexes by prepared statements in one transaction,
//! read every row once. Each contender is a process of its own; its peak memory is read from `/proc`, if that exists.
//! Never a test: machines differ.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and may stop at the first surprise"
)]

#[path = "workload/manifest.rs"]
mod manifest;
#[path = "workload/process.rs"]
mod process;
#[expect(dead_code, reason = "questions are asked by other benchmarks")]
mod workload;

use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Duration;

use process::{PROGRAM, Ran, middle, report, run};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use workload::Workload;

/// A million bindings.
const ACCOUNTS: usize = 100_000;
/// The number of objects in the YAML manifest, which is then 25 MB.
const OBJECTS: usize = 200_000;
const ROUNDS: usize = 3;
const MEGABYTE: u64 = 1_000_000;

fn main() {
    let args: Vec<String> = std::env::args().filter(|it| it != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[1..] {
        ["floor", "insert", from, to] => report(|| read_all(from), |rows| insert(from, rows, to)),
        ["floor", "read", store] => report(|| (), |()| drop(black_box(read_all(store)))),
        ["floor", "yaml", file] => report(|| std::fs::read_to_string(file).unwrap(), |text| parse_yaml(&text)),
        ["floor", "lines", file] => report(|| (), |()| parse_lines(file)),
        ["write", accounts, objects, folder] => {
            write(accounts.parse().unwrap(), objects.parse().unwrap(), Path::new(folder));
        }
        [] => measure(ACCOUNTS, OBJECTS),
        [accounts] => measure(accounts.parse().unwrap(), OBJECTS),
        [accounts, objects] => measure(accounts.parse().unwrap(), objects.parse().unwrap()),
        _ => println!("cargo bench --bench bulk [ACCOUNTS [OBJECTS]]"),
    }
}

/// Every row of a store, in the order in which the rows were written.
fn read_all(store: &str) -> [Vec<Vec<Value>>; 2] {
    let connection =
        Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX).unwrap();
    ["SELECT * FROM resource", "SELECT * FROM binding"].map(|sql| {
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect()).unwrap();
        rows.collect::<rusqlite::Result<_>>().unwrap()
    })
}

/// Inserts the rows into a new file with the tables and indexes of the store they come from.
fn insert(from: &str, rows: [Vec<Vec<Value>>; 2], to: &str) {
    let definitions: Vec<String> = {
        let store = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut all = store.prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid").unwrap();
        all.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
    };
    let connection = Connection::open(to).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    connection.pragma_update(None, "synchronous", "full").unwrap();
    // The same cache size as the program's.
    connection.pragma_update(None, "cache_size", -40 * 1024).unwrap();
    for sql in definitions {
        connection.execute_batch(&sql).unwrap();
    }
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    for (table, rows) in ["resource", "binding"].into_iter().zip(rows) {
        let places = vec!["?"; rows[0].len()].join(", ");
        let mut insert = connection.prepare(&format!("INSERT INTO {table} VALUES ({places})")).unwrap();
        for row in rows {
            insert.execute(params_from_iter(row)).unwrap();
        }
    }
    connection.execute_batch("COMMIT").unwrap();
    connection.close().unwrap();
}

fn parse_yaml(text: &str) {
    let most = text.len();
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: most, max_nodes: most, max_total_scalar_bytes: most,
        },
    };
    let tree: serde_json::Value = serde_saphyr::from_str_with_options(text, options).unwrap();
    black_box(tree);
}

fn parse_lines(file: &str) {
    for line in BufReader::new(std::fs::File::open(file).unwrap()).lines() {
        let row: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        black_box(row);
    }
}

/// Writes both manifests.
fn write(accounts: usize, objects: usize, folder: &Path) {
    manifest::lines(&Workload::new(accounts), &folder.join("rows.jsonl")).unwrap();
    manifest::yaml(objects, &folder.join("objects.yaml")).unwrap();
}

fn print(name: &str, ran: Ran, floor: Option<Duration>) {
    let ratio = floor.map_or_else(String::new, |floor| {
        format!("  {:>5.2} x its floor", ran.time.as_secs_f64() / floor.as_secs_f64())
    });
    println!("{name:<56} {:>7.2} s  {:>5} MB{ratio}", ran.time.as_secs_f64(), ran.memory / MEGABYTE);
}

/// Removes a store and the files beside it.
fn remove(store: &Path) {
    for side in ["", "-wal", "-shm", ".lock"] {
        let mut name = store.as_os_str().to_owned();
        name.push(side);
        let _ = std::fs::remove_file(name);
    }
}

fn measure(accounts: usize, objects: usize) {
    let folder = tempfile::tempdir().unwrap();
    write(accounts, objects, folder.path());
    for (file, floor) in [("rows.jsonl", "lines"), ("objects.yaml", "yaml")] {
        let text = folder.path().join(file);
        let store = folder.path().join(file).with_extension("db");
        println!("{file}, {:.1} MB", std::fs::metadata(&text).unwrap().len() as f64 / MEGABYTE as f64);
        one(&text, &store, floor);
        println!();
    }
}

/// Runs all measurements of one manifest. The contenders take turns, so that a machine that slows down or speeds up
/// affects all of them.
fn one(text: &Path, store: &Path, parser: &str) {
    let own = std::env::current_exe().unwrap();
    let own = own.to_str().unwrap();
    let copy = store.with_extension("floor");
    let [text, store_path, copy_path] = [text, store, &copy].map(|it| it.to_str().unwrap());
    let apply = ["apply", text, "--create", "--yes", "--store", store_path];
    let contenders: [(&str, &[&str]); 8] = [
        (PROGRAM, &apply),
        (own, &["floor", parser, text]),
        (own, &["floor", "insert", store_path, copy_path]),
        (own, &["floor", "read", store_path]),
        (PROGRAM, &apply),
        (PROGRAM, &["plan", text, "--store", store_path]),
        (PROGRAM, &["export", "--format", "jsonl", "--store", store_path]),
        (PROGRAM, &["export", "--format", "yaml", "--store", store_path]),
    ];
    let mut runs: [Vec<Ran>; 8] = Default::default();
    for _ in 0..ROUNDS {
        remove(store);
        remove(&copy);
        for ((program, words), runs) in contenders.iter().zip(&mut runs) {
            runs.push(run(program, words));
        }
    }
    let [applied, parse, insert, read, again, planned, jsonl, yaml] = runs.map(middle);
    let [resources, bindings] = read_all(store_path).map(|rows| rows.len());
    println!("{resources} resources, {bindings} bindings");
    print("floor: parse", parse, None);
    print("floor: insert the rows and commit", insert, None);
    print("floor: read every row", read, None);
    let written = if parser == "yaml" { parse.time + insert.time } else { insert.time };
    print("apply onto an empty store", applied, Some(written));
    print("apply again: no changes", again, Some(parse.time + read.time));
    print("plan: no changes", planned, Some(parse.time + read.time));
    for (format, exported) in [("jsonl", jsonl), ("yaml", yaml)] {
        print(&format!("export --format {format}"), exported, None);
        println!("{:<56} {:>7.0} k bindings/s", "", bindings as f64 / exported.time.as_secs_f64() / 1000.0);
    }
}
