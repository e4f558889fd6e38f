//! Prints the results: the machine, a table for each size, and a table of ratios.

use std::path::Path;
use std::time::Duration;

use crate::measure::{Figures, Outcome};
use crate::workload::Workload;

/// The results of the contenders at one size, by key.
pub(crate) type Size = Vec<(&'static str, Outcome)>;

/// The figures of a contender at a size, if it was measured.
pub(crate) fn of<'s>(size: &'s Size, key: &str) -> Option<&'s Figures> {
    size.iter().find(|it| it.0 == key)?.1.figures()
}

/// Prints the machine, the peers' versions, and the command that repeats the run.
pub(crate) fn machine(arguments: &[String]) {
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{model}, {cores} cores; {}, {}", std::env::consts::OS, std::env::consts::ARCH);
    let versions = ["cedar-policy", "casbin"].map(|name| format!("{name} {}", version(name)));
    println!("{}, SQLite {}", versions.join(", "), rusqlite::version());
    let command = "cargo run --release --manifest-path benches/peers/Cargo.toml --";
    println!("{}\n", [&[command.to_owned()], arguments].concat().join(" "));
}

/// The version of a crate in the lock file.
fn version(name: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let entry = lock.split("[[package]]").find(|entry| entry.contains(&format!("\nname = \"{name}\"\n")));
    entry.and_then(|entry| entry.split('"').nth(3)).unwrap_or("?")
}

/// Prints the head of the table of a size.
pub(crate) fn size(workload: &Workload, took: Duration, store: &Path) {
    println!(
        "{} grants: {} accounts, {} groups, {} folders, {} endpoints; the store of {} MB was written in {:.1} s\n",
        thousands(workload.grants() as f64),
        thousands(workload.accounts as f64),
        thousands(workload.groups as f64),
        thousands(workload.folders.len() as f64),
        workload.endpoints,
        std::fs::metadata(store).map_or(0, |file| file.len()) / 1_000_000,
        took.as_secs_f64()
    );
    println!("| | checks/s | ours is | slower by | load s | memory MB |\n|---|---|---|---|---|---|");
}

/// Prints the line of a contender, with its ratios to ours at this size and to itself at the first size.
pub(crate) fn line(title: &str, outcome: &Outcome, ours: &Outcome, first: Option<&Figures>) {
    let it = match outcome {
        Outcome::Measured(figures) => figures,
        Outcome::Skipped(reason) => {
            println!("| {title} | skipped: {reason} |");
            return;
        }
    };
    let ratio = ours.figures().map_or_else(String::new, |ours| times(ours.rate / it.rate));
    let slower = times(first.unwrap_or(it).rate / it.rate);
    let memory = if it.memory == 0 { "?".to_owned() } else { thousands((it.memory / 1_000) as f64) };
    println!("| {title} | {} | {ratio} | {slower} | {:.2} | {memory} |", thousands(it.rate), it.load);
}

/// Prints the ratios of ours to the best of each peer, at each size.
pub(crate) fn bars(sizes: &[(usize, Size)]) {
    let best = |size: &Size, prefix: &str| {
        let keys = size.iter().filter(|it| it.0.starts_with(prefix));
        keys.filter_map(|it| it.1.figures()).map(|it| it.rate).max_by(f64::total_cmp)
    };
    let rate = |size: &Size| of(size, "ours").map(|it| it.rate);
    let row = |title: &str, value: &dyn Fn(&Size) -> Option<f64>| {
        let cells = sizes.iter().map(|(_, size)| value(size).map_or_else(|| "–".to_owned(), times));
        println!("| {title} | {} |", cells.collect::<Vec<_>>().join(" | "));
    };
    let heads = sizes.iter().map(|(grants, _)| thousands(*grants as f64));
    println!("| ours at grants | {} |\n|---|{}", heads.collect::<Vec<_>>().join(" | "), "---|".repeat(sizes.len()));
    row("as fast as Cedar's best", &|size| Some(rate(size)? / best(size, "cedar")?));
    row("as fast as casbin's best", &|size| Some(rate(size)? / best(size, "casbin")?));
    row("as fast as SQLite", &|size| Some(rate(size)? / of(size, "sqlite")?.rate));
    row("slower than the bare walk", &|size| Some(of(size, "bare")?.rate / rate(size)?));
    row("slower than at the first size", &|size| Some(rate(&sizes.first()?.1)? / rate(size)?));
}

/// A ratio as text.
fn times(ratio: f64) -> String {
    if ratio < 100.0 { format!("{ratio:.2} ×") } else { format!("{} ×", thousands(ratio)) }
}

/// A whole number as text, with commas.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
