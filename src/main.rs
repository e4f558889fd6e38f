//! The program: hands the arguments and the streams to [`rolebook::cli::run`], and ends.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut out = BufWriter::with_capacity(64 * 1024, std::io::stdout().lock());
    let mut err = std::io::stderr().lock();
    let status = rolebook::cli::run(std::env::args_os().collect(), &mut out, &mut err);
    // What is left over was reported already, or the reader has gone away.
    let _ = out.flush();
    ExitCode::from(status)
}
