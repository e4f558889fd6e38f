//! The line that says how far a long command is.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long nothing is shown: most commands are done before that.
const QUIET: Duration = Duration::from_secs(1);

/// How often the line is written.
const INTERVAL: Duration = Duration::from_millis(200);

/// Moves to the beginning of the line and clears it.
const CLEAR: &str = "\r\x1b[K";

/// A thread that shows how far a command is, until this is dropped.
pub(super) struct ProgressLine {
    ended: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ProgressLine {
    /// Begins to show a line on standard error, unless the command is quiet or that is no terminal. The line is short
    /// enough for any terminal.
    pub(super) fn begin(is_quiet: bool, line: impl Fn() -> String + Send + 'static) -> Option<ProgressLine> {
        let is_plain = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if is_quiet || is_plain || !std::io::stderr().is_terminal() {
            return None;
        }
        Some(ProgressLine::start(stderr()?, QUIET, line))
    }

    fn start(
        mut out: impl Write + Send + 'static,
        quiet: Duration,
        line: impl Fn() -> String + Send + 'static,
    ) -> ProgressLine {
        let (ended, waits) = channel();
        let thread = std::thread::spawn(move || {
            let mut wait = quiet;
            while waits.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                wait = INTERVAL;
                // A line that cannot be written is no reason to stop.
                let _ = write!(out, "{CLEAR}{}", line());
            }
            if wait == INTERVAL {
                let _ = write!(out, "{CLEAR}");
            }
        });
        ProgressLine { ended: Some(ended), thread: Some(thread) }
    }
}

/// A handle of its own for standard error: the program holds the lock of the usual one as long as it runs.
fn stderr() -> Option<std::fs::File> {
    #[cfg(unix)]
    let handle = std::os::fd::AsFd::as_fd(&std::io::stderr()).try_clone_to_owned().ok().map(Into::into);
    #[cfg(not(unix))]
    let handle = None;
    handle
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        drop(self.ended.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tells of every write, and writes nothing of it, so that the output of the tests stays clean.
    struct Telling<W>(W, Sender<Vec<u8>>);

    impl<W: Write> Write for Telling<W> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.write(b"")?;
            let _ = self.1.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            self.0.flush()
        }
    }

    /// `main` holds this lock while it runs a command.
    #[test]
    fn the_line_is_written_while_the_program_holds_standard_error_and_cleared_at_the_end() {
        let lock = std::io::stderr().lock();
        let (sender, written) = channel();
        let out = Telling(stderr().unwrap(), sender);
        let shown = ProgressLine::start(out, Duration::ZERO, || "checking the file".to_owned());
        let mut all = written.recv_timeout(Duration::from_secs(60)).expect("the thread waits for the lock");
        drop(shown);
        drop(lock);
        all.extend(written.iter().flatten());
        let all = String::from_utf8(all).unwrap();
        assert!(all.starts_with(&format!("{CLEAR}checking the file{CLEAR}")) && all.ends_with(CLEAR), "{all:?}");
    }
}
