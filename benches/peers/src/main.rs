//! Compares the checks per second of rolebook with the alternatives of a user, in one run of one command: `cargo run
//! --release --manifest-path benches/peers/Cargo.toml -- 10k 100k 1M`. All contenders load the same workload and answer
//! the same questions, and every answer is compared with the oracle's. Machines differ, so only the ratios count.
//!
//! Each contender runs at each size in a process of its own, so that its memory can be measured: [`measure`] runs in
//! that process. [`one_shot`] measures one check in one process; the other modules are a contender each.

mod casbin;
mod cedar;
mod intervals;
mod measure;
mod one_shot;
mod ours;
mod report;
mod sqlite;
#[path = "../../workload/mod.rs"]
mod workload;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use measure::{Figures, Outcome, measure};
use workload::bare::{Bare, assert_naive};
use workload::load;
use workload::{Asker, Question, Workload};

const USAGE: &str = "\
usage: rolebook-peers [--growth] [--only KEY] [--program PATH] [SIZES]

  SIZES           numbers of grants: 10k, 100k, 1M; these three by default
  --growth        ours alone at 10M as well
  --only KEY      ours and this one alone (can be repeated)
  --program PATH  the program for one-shot checks, else rolebook as a part of this one";

/// The number of different questions.
const QUESTIONS: usize = 100_000;
/// The number of questions whose answers are compared with the naive walk.
const SAMPLE: usize = 50;
/// The number of grants at which only rolebook is measured, for its growth.
const GROWTH: usize = 10_000_000;

/// Every contender with its word on the command line. Ours comes first; all others are compared with it.
const CONTENDERS: [(&str, &str); 10] = [
    ("ours", "rolebook, snapshot of its store"),
    ("ours-store", "rolebook, on its store"),
    ("bare", "bare arrays, walk up and scan"),
    ("intervals", "bare arrays, preorder intervals"),
    ("sqlite", "SQLite, prepared recursive query"),
    ("cedar-flat", "Cedar, hierarchy flattened"),
    ("cedar-sets", "Cedar, hierarchy and groups flattened"),
    ("cedar", "Cedar, hierarchy as it is"),
    ("casbin", "casbin, graph from the user up"),
    ("casbin-down", "casbin, graph from the folder down"),
];

/// Measures one contender, in its own process. `store` is a store of the workload.
fn run(key: &str, workload: &Workload, questions: &[Question], store: &Path) -> Figures {
    use casbin::Direction;
    use cedar::Shape;
    match key {
        "ours" => measure(questions, || ours::load(workload, store), |it, question| it.check(question)),
        "ours-store" => measure(questions, || ours::open(workload, store), |it, question| it.check(question)),
        "bare" => measure(questions, || Bare::new(workload), |it, question| it.check(question)),
        "intervals" => measure(questions, || intervals::Intervals::new(workload), |it, question| it.check(question)),
        "sqlite" => measure(questions, || sqlite::load(workload), |it, question| it.check(question)),
        "cedar-flat" => {
            measure(questions, || cedar::load(workload, Shape::Flattened), |it, question| it.check(question))
        }
        "cedar-sets" => measure(questions, || cedar::load(workload, Shape::Sets), |it, question| it.check(question)),
        "cedar" => measure(questions, || cedar::load(workload, Shape::AsItIs), |it, question| it.check(question)),
        "casbin" => {
            measure(questions, || casbin::load(workload, Direction::FromUser), |it, question| it.check(question))
        }
        "casbin-down" => {
            measure(questions, || casbin::load(workload, Direction::FromFolder), |it, question| it.check(question))
        }
        other => panic!("no contender `{other}`"),
    }
}

/// The options of the command line.
struct Options {
    sizes: Vec<usize>,
    growth: bool,
    only: Vec<String>,
    program: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == one_shot::PROGRAM) {
        return one_shot::program(arguments);
    }
    if let [first, key, grants, store] = &arguments[..]
        && first == "contender"
    {
        let workload = Workload::new(grants.parse::<usize>().unwrap() / 10);
        let (oracle, mut asker) = (Bare::new(&workload), Asker::new(&workload));
        let questions = asker.questions(&oracle, QUESTIONS);
        println!("{}", run(key, &workload, &questions, Path::new(store)));
        return ExitCode::SUCCESS;
    }
    match options(&arguments).ok_or_else(|| USAGE.to_owned()).and_then(|options| compare(&arguments, &options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn options(arguments: &[String]) -> Option<Options> {
    let mut options = Options { sizes: Vec::new(), growth: false, only: Vec::new(), program: None };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--growth" => options.growth = true,
            "--only" => options.only.push(arguments.next()?.clone()),
            "--program" => options.program = Some(arguments.next()?.into()),
            size => options.sizes.push(grants(size)?),
        }
    }
    if options.sizes.is_empty() {
        options.sizes = vec![10_000, 100_000, 1_000_000];
    }
    options.only.iter().all(|key| CONTENDERS.iter().any(|known| known.0 == key)).then_some(options)
}

/// Parses a number of grants: `10k`, `1M`.
fn grants(text: &str) -> Option<usize> {
    let (digits, factor) = match text.strip_suffix('k') {
        Some(digits) => (digits, 1_000),
        None => text.strip_suffix('M').map_or((text, 1), |digits| (digits, 1_000_000)),
    };
    digits.parse::<usize>().ok().map(|number| number * factor).filter(|number| *number >= 1_000)
}

/// Measures all contenders at every size, and prints the results.
fn compare(arguments: &[String], options: &Options) -> Result<(), String> {
    report::machine(arguments);
    let mut all: Vec<(usize, report::Size)> = Vec::new();
    for grants in options.sizes.iter().copied().chain(options.growth.then_some(GROWTH)) {
        // The additional size is for the growth of ours only.
        let alone = options.growth && grants == GROWTH;
        let takes = |key: &str| {
            key.starts_with("ours") || !alone && (options.only.is_empty() || options.only.iter().any(|it| it == key))
        };
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let store = folder.path().join("store.db");
        let workload = Workload::new(grants / 10);
        let questions = Asker::new(&workload).questions(&Bare::new(&workload), QUESTIONS);
        assert_naive(&workload, &questions[..SAMPLE]);
        let began = Instant::now();
        load::store_file(&workload, &store);
        report::size(&workload, began.elapsed(), &store);
        let mut figures = report::Size::new();
        for (key, title) in CONTENDERS.into_iter().filter(|(key, _)| takes(key)) {
            let outcome = in_a_process(key, grants, &store)?;
            let ours = figures.first().map_or(&outcome, |(_, ours)| ours);
            let before = all.first().and_then(|(_, first)| report::of(first, key));
            report::line(title, &outcome, ours, before);
            figures.push((key, outcome));
        }
        one_shot::compare(&workload, &questions, &store, options.program.as_deref(), takes("sqlite"));
        all.push((grants, figures));
    }
    report::bars(&all);
    Ok(())
}

/// Runs a contender at a size in a process of its own.
fn in_a_process(key: &str, grants: usize, store: &Path) -> Result<Outcome, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(program)
        .args(["contender", key, &grants.to_string()])
        .arg(store)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.success()
        && let Some(outcome) = Outcome::parse(said.trim())
    {
        return Ok(outcome);
    }
    Err(format!("stopped: `{key}` at {grants} grants ended with {}", output.status))
}
