//! `audit review apply`: the decisions of a table.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::super::args::{WriteArgs, names};
use super::super::change::{ActingAs, IssuedSecrets};
use super::super::session::Session;
use super::super::{Outcome, complete, files};
use crate::input::document::{Diagnostic, Span};
use crate::input::table;
use crate::manifest::Source;
use crate::manifest::review_decisions;
use crate::model::{Kind, Name, Problem};
use crate::ops::review::{self, DecisionRow, Refused, RowRefusal};

/// How many refused rows are shown.
const MAX_SHOWN: usize = 100;

#[derive(Args, Debug)]
pub(in crate::cli) struct ApplyArgs {
    /// The review
    #[arg(value_name = "NAME", value_parser = names(Kind::Review), add = complete::reviews())]
    name: Name,
    /// The table with the decisions, or `-` for standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    #[command(flatten)]
    writing: WriteArgs,
}

impl ApplyArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let source = files::source_as(&self.file, table::decode)?;
        let read = review_decisions::read(&source.text).map_err(|wrong| {
            let shown = wrong.iter().take(MAX_SHOWN).map(|it| it.render(&source.name, &source.text)).collect();
            files::invalid_files_some("bad_decisions", shown, wrong.len())
        })?;
        let (rows, spans): (Vec<DecisionRow>, Vec<Span>) = read.into_iter().unzip();
        let outcome = session.write_with(&self.writing, ActingAs::Named, None, &mut |reader, tx| {
            let existing = tx.find(Kind::Review, &self.name)?;
            let as_of = existing.as_review().map_or(0, |it| it.as_of);
            match review::apply(tx, &reader.facts_at(as_of), &existing, &rows) {
                Ok(()) => Ok(()),
                Err(Refused::Whole(problem)) => Err(problem),
                Err(Refused::Rows(refusals)) => Err(refused(&refusals, &spans, &source)),
            }
        })?;
        session.report(&outcome, &IssuedSecrets::default())
    }
}

/// The problem that lists refused rows, each with its position. Its kind is that of the first one.
fn refused(refusals: &[RowRefusal], spans: &[Span], source: &Source) -> Problem {
    let Some(first) = refusals.first() else { return Problem::conflict("refused", "nothing was refused") };
    let lines: Vec<&str> = source.text.lines().collect();
    let shown = |refusal: &RowRefusal| {
        let span = spans.get(refusal.row).copied().unwrap_or_default();
        let line = lines.get((span.line as usize).wrapping_sub(1)).copied().unwrap_or_default();
        Diagnostic::from_problem(span, refusal.problem.clone()).render_line(&source.name, line)
    };
    let mut blocks: Vec<String> = refusals.iter().take(MAX_SHOWN).map(shown).collect();
    if refusals.len() > MAX_SHOWN {
        blocks.push(format!("and {} more", refusals.len() - MAX_SHOWN));
    }
    let message = match refusals.len() {
        1 => "a decision cannot be applied, so none was".to_owned(),
        count => format!("{count} decisions cannot be applied, so none was"),
    };
    let mut problem = Problem::new(first.problem.kind, first.problem.code, message).with_blocks(blocks);
    problem.rule = first.problem.rule;
    problem
}
