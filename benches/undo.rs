//! Measures how long an undo takes as the revision grows: the undo of the removal of a group with many members, and of
//! an applied file. `cargo bench --bench undo [MEMBERS…]`. Never a test: machines differ.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and may stop at the first surprise")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rolebook");
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const ROUNDS: usize = 3;

fn main() {
    let given: Vec<usize> = std::env::args().skip(1).filter_map(|it| it.parse().ok()).collect();
    let sizes = if given.is_empty() { SIZES.to_vec() } else { given };
    println!("{:>10} {:>14} {:>14} {:>12}", "members", "group back", "file undone", "per member");
    for size in sizes {
        let folder = tempfile::tempdir().unwrap();
        let rounds: Vec<[Duration; 2]> = (0..ROUNDS).map(|round| measure(folder.path(), round, size)).collect();
        let best = |which: usize| rounds.iter().filter_map(|it| it.get(which)).min().copied().unwrap_or_default();
        let per = best(0) / u32::try_from(size).unwrap();
        println!("{size:>10} {:>14?} {:>14?} {per:>12?}", best(0), best(1));
    }
}

/// The times of the undo of a removal, and of the undo of an apply.
fn measure(folder: &Path, round: usize, members: usize) -> [Duration; 2] {
    let file = folder.join("people.jsonl");
    let mut text = String::from("{\"manifest\":{\"version\":1}}\n{\"group\":{\"name\":\"crew\"}}\n");
    for number in 0..members {
        writeln!(text, "{{\"account\":{{\"name\":\"u{number}\"}}}}").unwrap();
    }
    for number in 0..members {
        writeln!(text, "{{\"member\":{{\"of\":\"group:crew\",\"user\":\"u{number}\"}}}}").unwrap();
    }
    std::fs::write(&file, text).unwrap();
    let applied = |name: &str| {
        let store = folder.join(format!("{name}-{round}.db")).to_str().unwrap().to_owned();
        run(&["--store", &store, "init"]);
        run(&["--store", &store, "apply", file.to_str().unwrap(), "--yes"]);
        store
    };
    let store = applied("back");
    run(&["--store", &store, "group", "remove", "crew", "--yes", "-q"]);
    let back = run(&["--store", &store, "undo", "2", "-q"]);
    let undone = run(&["--store", &applied("gone"), "undo", "1", "-q"]);
    [back, undone]
}

/// Runs the program and returns how long it took.
fn run(args: &[&str]) -> Duration {
    let begin = Instant::now();
    let output = Command::new(PROGRAM).args(args).output().unwrap();
    let took = begin.elapsed();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    took
}
