//! Measures one check in a process of its own: the program on its store, and the `sqlite3` shell with the recursive
//! query on a file of the same workload. Each answers the same questions in turn. The benchmark `one_shot` of the main
//! crate measures the cost of an invocation itself.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::sqlite;
use crate::workload::{About, Question, Workload};

/// The number of questions for each program.
const ROUNDS: usize = 100;

/// The first argument that makes this program act as rolebook.
pub(crate) const PROGRAM: &str = "rolebook";

/// Runs rolebook with arguments that begin with its name. This program is larger than the real one, which costs a
/// fraction of a millisecond.
pub(crate) fn program(arguments: Vec<String>) -> ExitCode {
    let arguments = arguments.into_iter().map(Into::into).collect();
    ExitCode::from(rolebook::cli::run(arguments, &mut std::io::stdout().lock(), &mut std::io::stderr().lock()))
}

/// Asks each program the same questions in turn, and prints the medians.
pub(crate) fn compare(
    workload: &Workload,
    questions: &[Question],
    store: &Path,
    program: Option<&Path>,
    with_shell: bool,
) {
    let of_folders = || questions.iter().filter(|question| matches!(question.about, About::Folder(..))).take(ROUNDS);
    let database = store.with_file_name("peer.db");
    let has_shell = with_shell && Command::new("sqlite3").arg("-version").stdout(Stdio::null()).status().is_ok();
    if has_shell {
        sqlite::file(workload, &database);
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for question in of_folders() {
        ours.push(ask_ours(workload, question, store, program));
        if has_shell {
            theirs.push(ask_shell(question, &database));
        }
    }
    println!("\n| one check, one process | ms | ours takes |\n|---|---|---|");
    let ours = median(&mut ours);
    line("rolebook perm check", ours, ours);
    if with_shell {
        line("the sqlite3 shell, recursive query", median(&mut theirs), ours);
    }
    println!();
}

/// The median in milliseconds; `None` if no question was asked.
fn median(times: &mut [Duration]) -> Option<f64> {
    times.sort();
    times.get(times.len() / 2).map(|median| median.as_secs_f64() * 1000.0)
}

fn line(title: &str, time: Option<f64>, ours: Option<f64>) {
    match time.zip(ours) {
        Some((time, ours)) => println!("| {title} | {time:.2} | {:.2} × |", ours / time),
        None => println!("| {title} | skipped: it is not installed |"),
    }
}

fn ask_ours(workload: &Workload, question: &Question, store: &Path, program: Option<&Path>) -> Duration {
    let About::Folder(folder, permission) = question.about else { return Duration::ZERO };
    let verb = crate::workload::rows::verb_of(permission);
    let mut names = Vec::new();
    let mut next = Some(folder);
    while let Some(inner) = next {
        next = workload.folders[inner as usize].parent;
        if next.is_some() {
            names.push(workload.folder_name(inner));
        }
    }
    names.reverse();
    let place = format!("e{}:/{}", workload.folders[folder as usize].endpoint, names.join("/"));
    let mut command = match program {
        Some(program) => Command::new(program),
        None => {
            let mut own = Command::new(std::env::current_exe().unwrap());
            own.arg(PROGRAM);
            own
        }
    };
    command.args(["perm", "check", &format!("u{}", question.account), verb.as_str(), &place, "--store"]).arg(store);
    let began = Instant::now();
    let status = command.env_remove("ROLEBOOK_AS").stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
    let took = began.elapsed();
    assert_eq!(status.code(), Some(i32::from(!question.allowed)), "{command:?}");
    took
}

fn ask_shell(question: &Question, database: &Path) -> Duration {
    let mut command = Command::new("sqlite3");
    command.arg(database).arg(sqlite::text(question));
    let began = Instant::now();
    let output = command.output().unwrap();
    let took = began.elapsed();
    assert_eq!(output.stdout, [b'0' + u8::from(question.allowed), b'\n'], "{command:?}");
    took
}
