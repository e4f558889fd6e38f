//! `perm test`: reads tests from files and asks them of the store. Manifests use the same code for their own tests.

mod ask;
mod mutate;

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueHint};
use serde_json::{Value, json};

use super::super::Outcome;
use super::super::args::{PageArgs, ReadArgs};
use super::super::files;
use super::super::session::Session;
use super::super::view::ReadView;
use super::answer::Answer;
use super::question::{ParsedQuestion, may_ask_about_others, others_refused};
use crate::manifest::assertions::{self, Assertion};
use crate::model::escape::printable;
use crate::model::{Binding, Id, Kind, Problem, ProblemKind, Time};
use crate::policy::{Evaluator, Facts};
use crate::render::{Column, Format, RenderError, Row, Text, row, shown};
use ask::ResolvedClaim;

/// The columns of a test.
const TEST_COLUMNS: [Column; 7] = [
    shown("test"),
    shown("file"),
    shown("line"),
    shown("passed"),
    shown("message"),
    shown("because"),
    shown("answers"),
];

/// The columns of a binding.
const BINDING_COLUMNS: [Column; 6] =
    [shown("principal"), shown("role"), shown("resource"), shown("permissions"), shown("by"), shown("revision")];

// The tests to run.
#[derive(Args, Debug)]
pub(super) struct TestArgs {
    /// Files with a list of tests, at the top or under `tests:` as in a manifest; `-` is standard input
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// Remove each binding in turn, on a copy, and list those whose loss no test notices
    #[arg(long)]
    mutate: bool,
    #[command(flatten)]
    reading: ReadArgs,
}

/// The result of a test.
struct Verdict {
    /// Why the test failed, in one line; `None` if it passed.
    message: Option<String>,
    /// For people: what each contradicting answer rests on, or lacks.
    text: Text,
    /// For programs: the contradicting answers as objects.
    answers: Vec<Value>,
}

impl TestArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        let tests = read(&self.files)?;
        session.read(self.reading.at.as_deref(), |session, view| {
            let present = view.in_memory()?;
            let (results, passed) = ask_all(&present, &tests, session.colour())?;
            let results: Vec<(&Assertion, Verdict)> = tests.iter().zip(results).collect();
            let failed = results.iter().filter(|(_, result)| result.message.is_some()).count();
            if !self.mutate || failed > 0 {
                report(session, &results, failed)?;
                if self.mutate {
                    session.warn("nothing was removed: --mutate needs tests that pass");
                }
                return Ok(u8::from(failed > 0));
            }
            mutate(session, &present, &passed)
        })
    }
}

/// Runs every test, on the present or on the moment it names. Also returns the resolved claims of the tests about the
/// present that passed.
fn ask_all<F: Facts>(
    present: &ReadView<'_, F>,
    tests: &[Assertion],
    colour: bool,
) -> Result<(Vec<Verdict>, Vec<ResolvedClaim>), RenderError> {
    let mut moments: BTreeMap<Option<&str>, Vec<(usize, &Assertion)>> = BTreeMap::new();
    for (index, test) in tests.iter().enumerate() {
        moments.entry(test.as_of.as_deref()).or_default().push((index, test));
    }
    let (mut results, mut passed) = (Vec::new(), Vec::new());
    // The tests are grouped by moment, so that only one past state is in memory besides the present.
    for (as_of, asked) in moments {
        let there = as_of.map(|text| {
            ReadView::new(present.reader, present.actor, Some(text), Time::now()).and_then(|there| there.in_memory())
        });
        for (index, test) in asked {
            let result = match &there {
                None => {
                    let (result, sought) = answer(present, test, colour)?;
                    passed.extend(sought.filter(|_| result.message.is_none()));
                    result
                }
                // The past never changes, so `--mutate` does not need these.
                Some(Ok(there)) => answer(there, test, colour)?.0,
                Some(Err(problem)) => Verdict::cannot(problem.clone())?,
            };
            results.push((index, result));
        }
    }
    results.sort_by_key(|(index, _)| *index);
    Ok((results.into_iter().map(|(_, result)| result).collect(), passed))
}

/// The tests of a manifest with their results.
#[derive(Default)]
pub(in crate::cli) struct FailingTests<'t> {
    results: Vec<(&'t Assertion, Verdict)>,
}

/// Runs the tests of a manifest on the state that it leads to.
pub(in crate::cli) fn failing<'t, F: Facts>(
    session: &Session<'_>,
    view: &ReadView<'_, F>,
    tests: &'t [Assertion],
) -> Result<FailingTests<'t>, RenderError> {
    let (results, _) = ask_all(view, tests, session.colour())?;
    Ok(FailingTests { results: tests.iter().zip(results).collect() })
}

impl FailingTests<'_> {
    /// The number of failed tests.
    pub(in crate::cli) fn count(&self) -> usize {
        self.results.iter().filter(|(_, result)| result.message.is_some()).count()
    }

    /// Reports the failed tests, if there are any.
    pub(in crate::cli) fn report(&self, session: &mut Session<'_>) -> Result<(), RenderError> {
        match self.count() {
            0 => Ok(()),
            failed => report(session, &self.results, failed),
        }
    }
}

/// Reads the tests of all files; the error reports every mistake in them.
fn read(paths: &[PathBuf]) -> Result<Vec<Assertion>, Problem> {
    let (mut tests, mut mistakes) = (Vec::new(), Vec::new());
    for path in paths {
        let source = files::source(path)?;
        match assertions::read(&source.name, &source.text) {
            Ok(found) => tests.extend(found),
            Err(found) => mistakes.extend(found.iter().map(|mistake| mistake.render(&source.name, &source.text))),
        }
    }
    if mistakes.is_empty() { Ok(tests) } else { Err(files::invalid_files("bad_tests", mistakes)) }
}

/// Runs a test. Also returns its resolved claim; `None` if a name in it does not exist.
fn answer<F: Facts>(
    view: &ReadView<'_, F>,
    test: &Assertion,
    colour: bool,
) -> Result<(Verdict, Option<ResolvedClaim>), RenderError> {
    let sought = match ResolvedClaim::find(view, &test.claim) {
        Ok(sought) => sought,
        Err(RenderError::Problem(problem)) => return Ok((Verdict::cannot(problem)?, None)),
        Err(error) => return Err(error),
    };
    let mut result = Verdict { message: None, text: Text::new(colour), answers: Vec::new() };
    for contradiction in sought.contradictions(&Evaluator::new(&view.facts, view.at))? {
        let resource = ask::shown(view, &contradiction)?;
        let answered = Answer::decide(view, ParsedQuestion { question: contradiction.question, resource }, true)?;
        answered.explain(view, &mut result.text)?;
        let object = answered.json(view)?;
        let of = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default();
        let may = if contradiction.expected { "may not" } else { "may" };
        let message = format!("{} {may} {} on {}", of("principal"), of("action"), of("resource"));
        result.message = Some(match result.message.take() {
            Some(before) => format!("{before}; {message}"),
            None => message,
        });
        result.answers.push(Value::Object(object));
    }
    Ok((result, Some(sought)))
}

impl Verdict {
    /// The result of a test that cannot be asked, since a name in it does not exist: it fails.
    fn cannot(problem: Problem) -> Result<Verdict, RenderError> {
        if problem.kind == ProblemKind::Store {
            return Err(problem.into());
        }
        let mut text = Text::of(&problem.message);
        problem.tips.iter().for_each(|tip| text.line(&format!("try: {tip}")));
        Ok(Verdict { message: Some(problem.message), text, answers: Vec::new() })
    }
}

/// Prints the results: for people the failed tests, or all with `--verbose`; for programs all.
fn report(session: &mut Session<'_>, results: &[(&Assertion, Verdict)], failed: usize) -> Result<(), RenderError> {
    let summary = format!("{} passed, {failed} failed", results.len() - failed);
    if session.output_options().format != Format::Table {
        session.stream(&TEST_COLUMNS, &PageArgs::default(), |_, push| {
            for (test, result) in results {
                let values = [
                    json!(test.test),
                    json!(test.file),
                    json!(test.line),
                    json!(result.message.is_none()),
                    json!(result.message),
                    json!(test.because),
                    json!(result.answers),
                ];
                let _ = push(row(&TEST_COLUMNS, values))?;
            }
            Ok(())
        })?;
        return summarize(session, &summary);
    }
    for (test, result) in results {
        let title = format!("{}:{}: {}", test.file, test.line, printable(&test.test));
        match &result.message {
            None if session.globals.verbose => session.line(&format!("passed {title}"))?,
            None => {}
            Some(_) => {
                let mut text = Text::of(&format!("failed {title}"));
                if let Some(because) = &test.because {
                    text.line(&format!("  it should be so: {}", printable(because)));
                }
                text.indented(2, &result.text);
                session.print(&text)?;
            }
        }
    }
    session.line(&summary)
}

/// Prints a summary for people on standard error, after an answer for programs.
fn summarize(session: &mut Session<'_>, summary: &str) -> Result<(), RenderError> {
    session.flush()?;
    if !session.globals.quiet {
        // If this fails, there is nowhere left to report it.
        let _ = writeln!(session.err, "{summary}");
    }
    Ok(())
}

/// Lists the bindings whose loss no test notices.
fn mutate<F: Facts>(session: &mut Session<'_>, view: &ReadView<'_, F>, tests: &[ResolvedClaim]) -> Outcome {
    if !may_ask_about_others(view, Id::SERVER, Kind::Server)? {
        return Err(others_refused(view)?.into());
    }
    let tests: Vec<&ResolvedClaim> = tests.iter().collect();
    let (began, is_shown) = (Instant::now(), std::io::stderr().is_terminal() && !session.globals.quiet);
    let mut has_progress = false;
    let found = mutate::unnoticed(&view.facts, view.at, &tests, &mut |count, all| {
        if is_shown && count % 64 == 0 && began.elapsed().as_secs() > 0 {
            has_progress = true;
            let _ = write!(session.err, "\r{count} of {all} bindings");
        }
    })?;
    if has_progress {
        let _ = write!(session.err, "\r\x1b[K");
    }
    let viewer = view.viewer()?;
    session.stream(&BINDING_COLUMNS, &PageArgs::default(), |_, push| {
        for (binding, _) in found.iter().filter(|(_, is_missed)| !is_missed) {
            if viewer.sees_binding(binding)? && viewer.may_name(binding.resource)? {
                let _ = push(binding_row(view, binding)?)?;
            }
        }
        Ok(())
    })?;
    let held = found.iter().filter(|(_, is_missed)| *is_missed).count();
    let summary = format!("{held} of {} bindings are held by a test", found.len());
    summarize(session, &summary)?;
    Ok(u8::from(held < found.len()))
}

/// The row of a binding.
fn binding_row<F: Facts>(view: &ReadView<'_, F>, binding: &Binding) -> Result<Row, RenderError> {
    let permissions = binding.is_share().then_some(binding.attributes.permissions);
    let values = [
        json!(view.participant(binding, binding.principal)?),
        json!(binding.role.qualified()),
        json!(view.participant(binding, binding.resource)?),
        json!(permissions),
        json!(view.grantor(binding)?),
        json!(binding.since),
    ];
    Ok(row(&BINDING_COLUMNS, values))
}
