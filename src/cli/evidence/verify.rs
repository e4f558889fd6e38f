//! `audit verify`: the history, checkpoints that it must extend, and receipts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueHint};
use serde_json::{Value, json};

use super::super::progress::ProgressLine;
use super::checkpoint::Checkpoint;
use super::note::Verifier;
use super::{MAX_CHECKPOINT_BYTES, read_text, receipt_check, require_verifying, untrusted};
use crate::cli::session::Session;
use crate::cli::{Outcome, files};
use crate::model::Problem;
use crate::render::{Format, Text};
use crate::store::Store;
use crate::store::verify::{Fault, VerifyOptions, VerifyProgress, VerifyReport, verify};

#[derive(Args, Debug)]
pub(in crate::cli) struct VerifyArgs {
    /// Leave out SQLite's own check of the file, which takes longer than the rest
    #[arg(long)]
    quick: bool,
    /// Prove that the history extends the checkpoint in this file; `-` is standard input (can be repeated)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "verifiers")]
    checkpoint: Vec<PathBuf>,
    /// Verify the receipt in this file instead of a store; `-` is standard input
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        requires = "verifiers",
        conflicts_with_all = ["quick", "checkpoint"]
    )]
    receipt: Option<PathBuf>,
    /// The verifier key that `audit key` printed (can be repeated)
    #[arg(id = "verifiers", long = "key", value_name = "VERIFIER", value_parser = Verifier::parse)]
    keys: Vec<Verifier>,
}

/// A checkpoint that the history must extend, and the file it came from.
struct Expected {
    file: String,
    checkpoint: Checkpoint,
}

impl VerifyArgs {
    pub(in crate::cli) fn run(&self, session: &mut Session<'_>) -> Outcome {
        if let Some(path) = &self.receipt {
            return receipt_check::run(session, path, &self.keys);
        }
        if !self.keys.is_empty() && self.checkpoint.is_empty() {
            return Err(Problem::usage("nothing_signed", "--key takes --checkpoint or --receipt")
                .tip("--checkpoint FILE, an older checkpoint")
                .into());
        }
        let expected = self.checkpoint.iter().map(|path| self.expected(path)).collect::<Result<Vec<_>, _>>()?;
        // An actor's right to verify rests on facts, so the store must be sound enough to read. The operator needs no
        // right and can verify a damaged store.
        let open = if session.actor_name()?.is_some() { Store::read } else { Store::read_to_verify };
        session.read_with(open, None, |session, view| {
            require_verifying(view)?;
            let progress = Arc::new(VerifyProgress::default());
            let (of, revisions) = (Arc::clone(&progress), view.revision);
            let shown = ProgressLine::begin(session.globals.quiet, move || progress_line(of.so_far(), revisions));
            let sizes: Vec<u64> = expected.iter().map(|it| it.checkpoint.size).collect();
            let options = VerifyOptions { quick: self.quick, sizes: &sizes, progress: Some(&progress) };
            let mut report = verify(view.reader, &options)?;
            drop(shown);
            let extends = compare(&expected, &mut report);
            answer(session, &report, &extends)
        })
    }

    fn expected(&self, path: &Path) -> Result<Expected, Problem> {
        let code = "bad_checkpoint";
        let text =
            read_text(path, MAX_CHECKPOINT_BYTES)?.ok_or_else(|| untrusted(code, path, "is not a checkpoint"))?;
        let (checkpoint, _) =
            Checkpoint::open(&text, &self.keys).map_err(|error| untrusted(code, path, error.what()))?;
        Ok(Expected { file: files::name_of(path), checkpoint })
    }
}

/// Compares the history with the checkpoints: adds a fault for each that it does not extend, and returns for each
/// whether it does.
fn compare<'e>(expected: &'e [Expected], report: &mut VerifyReport) -> Vec<(&'e Expected, bool)> {
    let fits = |it: &Expected| report.roots.contains(&(it.checkpoint.size, it.checkpoint.root));
    let results: Vec<(&Expected, bool)> = expected.iter().map(|it| (it, fits(it))).collect();
    for (it, _) in results.iter().filter(|(_, fits)| !fits) {
        let (file, size) = (&it.file, it.checkpoint.size);
        if size > report.revisions {
            let first = report.revisions + 1;
            let what = format!("it is missing: the checkpoint `{file}` has {size} revisions");
            report.faults.push(Fault { revision: Some(first), what });
            continue;
        }
        // A checkpoint says only whether all revisions up to its own are the same. The difference lies after the
        // largest one that the history extends.
        let known = |(other, fits): &(&Expected, bool)| {
            (*fits && other.checkpoint.size < size).then_some(other.checkpoint.size)
        };
        let first = results.iter().filter_map(known).max().unwrap_or_default() + 1;
        let (revision, place) = match first >= size {
            true => (Some(size), String::new()),
            false => (None, format!("; the first revision that differs is among {first} to {size}")),
        };
        let what = format!("this is another history than that of the checkpoint `{file}` of {size} revisions{place}");
        report.faults.push(Fault { revision, what });
    }
    results
}

fn answer(session: &mut Session<'_>, report: &VerifyReport, extends: &[(&Expected, bool)]) -> Outcome {
    let right = report.is_intact();
    if session.output_options().format == Format::Table {
        let mut text = Text::default();
        for fault in &report.faults {
            let place = fault.revision.map_or_else(String::new, |revision| format!("revision {revision}: "));
            text.line(&format!("{place}{}", fault.what));
        }
        if report.more_faults > 0 {
            text.line(&format!("and {} more", report.more_faults));
        }
        for (it, _) in extends.iter().filter(|(_, fits)| *fits) {
            text.line(&format!("extends the checkpoint `{}` of {} revisions", it.file, it.checkpoint.size));
        }
        let verdict = if right { "verified" } else { "NOT verified" };
        text.line(&format!(
            "{verdict}: {} revisions, {} row changes, head {}",
            report.revisions, report.changes, report.head
        ));
        session.print(&text)?;
    } else {
        let faults: Vec<Value> =
            report.faults.iter().map(|fault| json!({"revision": fault.revision, "what": fault.what})).collect();
        let mut value = json!({
            "verified": right,
            "revisions": report.revisions,
            "changes": report.changes,
            "head": report.head,
            "faults": faults,
            "more_faults": report.more_faults,
        });
        if let Some(fields) = value.as_object_mut().filter(|_| !extends.is_empty()) {
            let checkpoints = extends.iter().map(|(it, fits)| {
                let Checkpoint { origin, size, .. } = &it.checkpoint;
                json!({"file": it.file, "origin": origin, "size": size, "extended": fits})
            });
            fields.insert("checkpoints".to_owned(), checkpoints.collect());
        }
        session.value(&value)?;
    }
    Ok(u8::from(!right))
}

/// The line for a number of revisions and row changes; short enough for any terminal.
fn progress_line((done, changes): (u64, u64), revisions: u64) -> String {
    if (done, changes) == (0, 0) {
        return "checking the file".to_owned();
    }
    format!("revision {done} of {revisions}, {changes} row changes")
}

#[cfg(test)]
mod tests {
    use super::progress_line;

    #[test]
    fn the_line_says_what_is_done() {
        assert_eq!(progress_line((0, 0), 9), "checking the file");
        assert_eq!(progress_line((3, 1200), 9), "revision 3 of 9, 1200 row changes");
    }
}
