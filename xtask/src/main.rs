//! Development tasks: `cargo xtask regenerate | check | bench [NAME…]`.
//!
//! Each task is a list of cargo commands, run from the root of the repository. The first that fails ends
//! the task.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};

const USAGE: &str = "\
Usage: cargo xtask <TASK>

Tasks:
  regenerate         Write the generated files: man/, completions/, docs/roles.md, docs/findings.md, tests/surface.json
  check              Run formatting, lints, documentation and all tests, as CI does
  bench [NAME...]    Run the benchmarks that docs/performance.md quotes, or those named";

/// The benchmarks in the order of `docs/performance.md`, with the arguments for its figures.
const BENCHES: [(&str, &[&str]); 5] = [
    ("one_shot", &[]),
    ("growth", &[]),
    ("checks", &["1000", "10000", "100000", "1000000"]),
    ("bulk", &[]),
    ("undo", &[]),
];

/// The tests that compare a generated file with the committed one. With `BLESS` set they write it.
const GENERATED: [&str; 6] = [
    "man::the_committed_pages_are_those_of_the_parser",
    "completions::the_committed_scripts_are_those_of_the_program",
    "docs::the_page_of_roles_is_the_catalogue",
    "docs::the_page_of_findings_is_the_catalogue",
    "everywhere::the_surface_is_as_committed",
    "names::the_committed_confusables_are_those_of_unicode",
];

fn main() -> ExitCode {
    match task() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn task() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next();
    let names: Vec<String> = arguments.collect();
    match task.as_deref() {
        Some("regenerate") if names.is_empty() => regenerate(),
        Some("check") if names.is_empty() => check(),
        Some("bench") => bench(&names),
        Some("help" | "--help" | "-h") => print(USAGE),
        Some(task) => bail!("unknown task or argument: `{task} {}`\n\n{USAGE}", names.join(" ")),
        None => bail!("no task given\n\n{USAGE}"),
    }
}

/// Writes every generated file, by running the tests that compare them.
fn regenerate() -> Result<()> {
    let mut command = cargo(["test", "--locked", "--quiet", "--test", "all", "--"]);
    run(command.args(GENERATED).env("BLESS", "1"))
}

/// Runs all checks that a change must pass. `.ci/run` calls this task.
fn check() -> Result<()> {
    run(&mut cargo(["fmt", "--all", "--check"]))?;
    run(&mut cargo(["clippy", "--locked", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))?;
    run(cargo(["doc", "--locked", "--no-deps", "--quiet"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    run(&mut cargo(["test", "--locked"]))
}

/// Runs the benchmarks one after the other, since each needs the machine for itself.
fn bench(names: &[String]) -> Result<()> {
    for name in names {
        let is_known = BENCHES.iter().any(|(known, _)| known == name);
        ensure!(is_known, "unknown benchmark `{name}`; there are {}", BENCHES.map(|(known, _)| known).join(", "));
    }
    for (name, arguments) in BENCHES {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            run(cargo(["bench", "--locked", "--bench", name, "--"]).args(arguments))?;
        }
    }
    Ok(())
}

/// A cargo command in the root of the repository, with the cargo that runs this task.
fn cargo<const N: usize>(arguments: [&str; N]) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root);
    command
}

/// Prints a command and runs it to its end.
fn run(command: &mut Command) -> Result<()> {
    let words: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    let line = format!("cargo {}", words.join(" "));
    print(&format!("$ {line}"))?;
    let status = command.status().with_context(|| format!("`{line}` did not start"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

fn print(text: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").context("standard output is closed")
}
