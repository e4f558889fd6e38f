//! The program: passes the arguments and the streams to [`rolebook::cli::run`] and returns its exit status.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut out = BufWriter::with_capacity(64 * 1024, std::io::stdout().lock());
    let mut err = std::io::stderr().lock();
    let status = rolebook::cli::run(std::env::args_os().collect(), &mut out, &mut err);
    // If this fails, the error was already reported, or the reader has closed the pipe.
    let _ = out.flush();
    ExitCode::from(status)
}
