//! Runs contenders as processes of their own, and reads their time and their peak memory.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_rolebook");

/// The peak memory so far, in bytes, of the process with this status file in `/proc`; `None` if there is no such file.
pub(crate) fn peak(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|it| it * 1024)
}

/// Runs the preparation, then the measured part, and prints how long that took, in microseconds.
pub(crate) fn report<T>(before: impl FnOnce() -> T, measured: impl FnOnce(T)) {
    let given = before();
    let begin = Instant::now();
    measured(given);
    println!("{}", begin.elapsed().as_micros());
}

/// The cost of one run of a contender.
#[derive(Clone, Copy)]
pub(crate) struct Ran {
    pub(crate) time: Duration,
    /// The peak memory in bytes; zero if the system does not report it.
    pub(crate) memory: u64,
}

/// Runs a program to its end. A floor prints how long its measured part took.
pub(crate) fn run(program: &str, words: &[&str]) -> Ran {
    let begin = Instant::now();
    let mut child = Command::new(program)
        .args(words)
        .env_remove("ROLEBOOK_AS")
        .stdin(Stdio::null())
        .stdout(if program == PROGRAM { Stdio::null() } else { Stdio::piped() })
        .stderr(if program == PROGRAM { Stdio::null() } else { Stdio::inherit() })
        .spawn()
        .unwrap();
    let status_file = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if let Some(now) = peak(&status_file) {
            memory = now;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let mut time = begin.elapsed();
    assert!(status.success(), "{words:?}: {status}");
    if let Some(mut said) = child.stdout.take() {
        time = Duration::from_micros(std::io::read_to_string(&mut said).unwrap().trim().parse().unwrap());
    }
    Ran { time, memory }
}

/// The run with the median time, with the highest memory of all runs.
pub(crate) fn middle(mut runs: Vec<Ran>) -> Ran {
    runs.sort_by_key(|it| it.time);
    Ran { memory: runs.iter().map(|it| it.memory).max().unwrap_or_default(), ..runs[runs.len() / 2] }
}
