//! Measures a contender in a process of its own: how long it takes to load the workload, by how much the process grows,
//! and how many questions a second it answers, warm, on one core. A wrong answer ends the process with a failure. A
//! contender that needs too much time or memory to load is reported as skipped.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::workload::Question;

/// How long questions are asked before the measurement.
const WARM_UP: Duration = Duration::from_millis(500);
/// How long questions are asked in one round.
const ROUND: Duration = Duration::from_millis(400);
/// The number of rounds, of which the median counts.
const ROUNDS: usize = 5;
/// The maximum time for loading.
const PATIENCE: Duration = Duration::from_secs(180);
/// The memory of the machine that must stay available, in kB.
const SPARE: u64 = 1_000_000;

/// The figures of a contender.
pub(crate) struct Figures {
    /// Questions a second.
    pub(crate) rate: f64,
    /// Seconds to load.
    pub(crate) load: f64,
    /// By how much the process grew while loading, in kB; 0 if that is not known.
    pub(crate) memory: u64,
}

/// The result of a contender.
pub(crate) enum Outcome {
    /// The contender was measured.
    Measured(Figures),
    /// The contender was not measured, for this reason.
    Skipped(String),
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.rate, self.load, self.memory)
    }
}

impl Outcome {
    /// Parses the output of a contender's process.
    pub(crate) fn parse(said: &str) -> Option<Outcome> {
        if let Some(reason) = said.strip_prefix("skipped: ") {
            return Some(Outcome::Skipped(reason.to_owned()));
        }
        let mut fields = said.split(' ');
        let mut next = || fields.next();
        let (rate, load) = (next()?.parse().ok()?, next()?.parse().ok()?);
        Some(Outcome::Measured(Figures { rate, load, memory: next()?.parse().ok()? }))
    }

    /// The figures; `None` if the contender was skipped.
    pub(crate) fn figures(&self) -> Option<&Figures> {
        if let Outcome::Measured(figures) = self { Some(figures) } else { None }
    }
}

/// Loads a contender and asks it the questions.
pub(crate) fn measure<C>(
    questions: &[Question],
    load: impl FnOnce() -> C,
    check: impl Fn(&mut C, &Question) -> bool,
) -> Figures {
    let before = kilobytes("/proc/self/status", "VmRSS:").unwrap_or(0);
    let loaded = Arc::new(AtomicBool::new(false));
    let watcher = std::thread::spawn({
        let loaded = Arc::clone(&loaded);
        move || watch(&loaded)
    });
    let began = Instant::now();
    let mut contender = load();
    let took = began.elapsed();
    loaded.store(true, Ordering::Relaxed);
    let memory = kilobytes("/proc/self/status", "VmRSS:").unwrap_or(0).saturating_sub(before);
    watcher.join().unwrap();
    let mut questions = questions.iter().cycle();
    let mut round = |time| {
        let (mut asked, mut at_once) = (0, 1);
        let (began, spent) = (Instant::now(), on_core());
        loop {
            let since = began.elapsed();
            for question in questions.by_ref().take(at_once) {
                assert_eq!(check(&mut contender, question), question.allowed, "a wrong answer to {question:?}");
            }
            asked += at_once;
            let now = began.elapsed();
            if now >= time {
                let took = spent.zip(on_core()).map_or(now, |(before, after)| after - before);
                return asked as f64 / took.as_secs_f64();
            }
            // The clock is read about once a millisecond, however fast the answers come.
            if now - since < Duration::from_micros(500) {
                at_once *= 2;
            }
        }
    };
    round(WARM_UP);
    let mut rates: Vec<f64> = (0..ROUNDS).map(|_| round(ROUND)).collect();
    rates.sort_by(f64::total_cmp);
    Figures { rate: rates[ROUNDS / 2], load: took.as_secs_f64(), memory }
}

/// Ends the process if loading takes more time or memory than allowed.
fn watch(loaded: &AtomicBool) {
    let began = Instant::now();
    while !loaded.load(Ordering::Relaxed) {
        let reason = if began.elapsed() > PATIENCE {
            format!("loading takes more than {} s", PATIENCE.as_secs())
        } else if kilobytes("/proc/meminfo", "MemAvailable:").is_some_and(|left| left < SPARE) {
            "loading takes more memory than the machine has".to_owned()
        } else {
            std::thread::sleep(Duration::from_millis(50));
            continue;
        };
        println!("skipped: {reason}");
        std::process::exit(0);
    }
}

/// How long this thread has run on a core so far, so that other processes do not count; `None` if the system does not
/// report it.
fn on_core() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// A number of kB from a file of the system; `None` if there is no such file or line.
fn kilobytes(file: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
