//! `perm check --batch`: one request on each line, and one answer on each line, in the same order and form.
//!
//! A line is text (`bob download node1:/x`), an object with these three fields, or a request of the OpenID AuthZEN
//! Authorization API. Empty lines and comments are copied to the answers, so that line 7 of the answers is for line 7
//! of the requests. With an explicit `-o json` or `-o jsonl` all answers are objects and nothing else is written. A
//! request that cannot be answered gets an error as its answer, and the exit status reports that at the end.

mod threads;

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, Write};
use std::mem::ManuallyDrop;
use std::path::Path;
use std::thread::available_parallelism;

use serde_json::{Map, Value, json};

use super::super::args::OutputFormat;
use super::super::session::Session;
use super::super::view::ReadView;
use super::super::{Outcome, output};
use super::answer::Answer;
use super::authzen;
use super::json_object;
use super::question::ParsedQuestion;
use super::question_cache::{Named, QuestionCache, UP};
use super::request_line::{malformed, parse_three};
use crate::input::library_errors;
use crate::input::lines::{Line, Lines};
use crate::model::escape::{escape_hidden, printable};
use crate::model::{Problem, ProblemKind};
use crate::policy::Facts;
use crate::render::{Format, RenderError, json as escaped};
use crate::store::Store;

/// The maximum number of unanswered lines that the final message names.
const MAX_NAMED_LINES: usize = 20;

/// The fields of an answer. A request that has them, because it was an answer before, gets new ones.
const ANSWER_FIELDS: [&str; 9] =
    ["allowed", "revision", "at", "proof", "rule", "source", "missing", "would_suffice", "error"];

/// Up to one request for this many ids of the store is answered from the indexes. Reading the store into memory costs
/// as much as about ten times that many requests, so little is lost if it must be read after all.
const ONE_OF: u64 = 4096;

/// The options of a batch.
pub(super) struct BatchOptions {
    /// Whether a denial makes the exit status 1.
    pub(super) all: bool,
    /// Whether answers have their proofs.
    pub(super) proof: bool,
}

/// The form in which answers are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AnswerForm {
    /// Each answer in the form of its request.
    AsAsked,
    /// Objects in any case: one on each line, or all in one array.
    Objects { in_array: bool },
}

/// Answers the requests of a file; `-` is standard input. A few requests are answered from the store's indexes; for
/// more, the store is read into memory once.
pub(super) fn run(session: &mut Session<'_>, view: &ReadView<'_>, file: &Path, options: &BatchOptions) -> Outcome {
    let input: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(File::open(file).map_err(|error| {
            let name = printable(&file.display().to_string());
            Problem::new(
                ProblemKind::Input,
                "unreadable",
                format!("`{name}` cannot be read: {}", library_errors::io(&error)),
            )
        })?)
    };
    let form = match session.globals.output {
        Some(OutputFormat::Common(Format::Json)) => AnswerForm::Objects { in_array: true },
        Some(OutputFormat::Common(Format::Jsonl)) => AnswerForm::Objects { in_array: false },
        _ => AnswerForm::AsAsked,
    };
    let mut lines = Lines::new(input);
    let mut written = Written { out: &mut *session.out, form, tally: Tally::default() };
    let moment = view.moment()?;
    let few = view.facts.last_id()?.0 / ONE_OF;
    let mut has_more = true;
    if few > 0
        && let Some(view) = moment.view(view.reader, &view.facts)?
    {
        let named = Named::new(0);
        let mut batch = Batch::new(&view, &named, form, options.proof)?;
        has_more = one_by_one(&mut lines, &mut batch, few, &mut written)?;
    }
    if has_more {
        // The process is about to end, and freeing all of it piece by piece would take a twentieth of the time.
        let facts = ManuallyDrop::new(view.facts.snapshot()?);
        let named = ManuallyDrop::new(Named::new(UP));
        let store = Store::open(view.reader.path())?;
        let team = threads::Team {
            store: &store,
            moment,
            facts: &*facts,
            named: &named,
            form,
            with_proof: options.proof,
            helpers: available_parallelism().map_or(1, usize::from) - 1,
        };
        team.run(view.reader, &mut lines, &mut written)?;
    }
    let Written { tally, .. } = written;
    if form == (AnswerForm::Objects { in_array: true }) {
        session.out.write_all(if tally.objects == 0 { b"[]\n" } else { b"\n]\n" })?;
    }
    // The answers come before the message about them. If the reader is gone, this reports that instead.
    session.out.flush()?;
    match tally.problem() {
        Some(problem) => Err(problem.into()),
        None => Ok(u8::from(options.all && tally.denied)),
    }
}

/// Answers line by line, up to `most` requests. Returns whether there may be more.
fn one_by_one<R: Read, F: Facts>(
    lines: &mut Lines<R>,
    batch: &mut Batch<'_, '_, '_, F>,
    most: u64,
    written: &mut Written<'_>,
) -> Result<bool, RenderError> {
    while written.tally.requests < most {
        if !lines.advance(&mut || written.idle())? {
            return Ok(false);
        }
        let answers = batch.answers(std::iter::once(lines.line()));
        written.add(answers)?;
    }
    Ok(true)
}

/// The answers to some lines.
#[derive(Debug)]
struct Answers {
    text: Vec<u8>,
    tally: Tally,
    /// The error that ended them early: the store failed.
    end: Result<(), RenderError>,
}

/// The output of the answers.
struct Written<'o> {
    out: &'o mut dyn Write,
    form: AnswerForm,
    tally: Tally,
}

impl Written<'_> {
    /// Writes further answers.
    fn add(&mut self, mut answers: Answers) -> Result<(), RenderError> {
        if self.form == (AnswerForm::Objects { in_array: true })
            && self.tally.objects == 0
            && let Some(first) = answers.text.first_mut()
        {
            *first = b'[';
        }
        self.out.write_all(&answers.text)?;
        self.tally.add(answers.tally);
        answers.end
    }

    /// Flushes the output when every request so far is answered, since the sender may wait for the answers.
    fn idle(&mut self) -> Result<(), RenderError> {
        Ok(self.out.flush()?)
    }
}

/// The counts of a batch, for the final message and the exit status.
#[derive(Debug, Default)]
struct Tally {
    requests: u64,
    /// The number of objects written.
    objects: u64,
    unanswered: u64,
    /// The numbers of the first unanswered lines.
    lines: Vec<u64>,
    denied: bool,
}

impl Tally {
    fn unanswered(&mut self, line: u64) {
        self.unanswered += 1;
        if self.lines.len() < MAX_NAMED_LINES {
            self.lines.push(line);
        }
    }

    /// Adds the counts of later lines.
    fn add(&mut self, after: Tally) {
        self.requests += after.requests;
        self.objects += after.objects;
        self.unanswered += after.unanswered;
        self.lines.extend(after.lines.into_iter().take(MAX_NAMED_LINES - self.lines.len().min(MAX_NAMED_LINES)));
        self.denied |= after.denied;
    }

    /// The problem that reports the unanswered requests; `None` if there are none.
    fn problem(&self) -> Option<Problem> {
        if self.unanswered == 0 {
            return None;
        }
        let lines = if self.requests == 1 { "line" } else { "lines" };
        let message = format!("{} of {} {lines} could not be answered", self.unanswered, self.requests);
        let mut numbers = self.lines.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let more = self.unanswered.saturating_sub(self.lines.len() as u64);
        if more > 0 {
            numbers.push_str(&format!(", and {more} more"));
        }
        let which = if self.unanswered == 1 { "line" } else { "lines" };
        Some(
            Problem::new(ProblemKind::Input, "bad_requests", message)
                .detail(format!("{which} {numbers}"))
                .why("each of these answers is an error that says what is wrong"),
        )
    }
}

/// Answers lines, and keeps the output and its counts until they are taken.
struct Batch<'v, 'r, 's, F: Facts> {
    judge: Decider<'v, 'r, 's, F>,
    form: AnswerForm,
    tally: Tally,
    /// The answers so far.
    out: Vec<u8>,
}

impl<'v, 'r, 's, F: Facts> Batch<'v, 'r, 's, F> {
    fn new(
        view: &'v ReadView<'r, &'s F>,
        named: &'v Named<'s, F>,
        form: AnswerForm,
        with_proof: bool,
    ) -> Result<Batch<'v, 'r, 's, F>, Problem> {
        Ok(Batch { judge: Decider::new(view, named, with_proof)?, form, tally: Tally::default(), out: Vec::new() })
    }

    /// Answers some lines, in their order.
    fn answers<'l>(&mut self, lines: impl IntoIterator<Item = Line<'l>>) -> Answers {
        let end = lines.into_iter().try_for_each(|line| self.answer(line));
        Answers { text: std::mem::take(&mut self.out), tally: std::mem::take(&mut self.tally), end }
    }

    fn answer(&mut self, line: Line<'_>) -> Result<(), RenderError> {
        let text = match line.text() {
            Ok(text) => text.trim_matches([' ', '\t']),
            Err(problem) => {
                self.tally.requests += 1;
                let is_object = line.is_object() || self.form != AnswerForm::AsAsked;
                return self.refused(line.number, problem, is_object.then(Map::new));
            }
        };
        if text.is_empty() || text.starts_with('#') {
            // If all answers must be objects, these lines are left out.
            if self.form == AnswerForm::AsAsked {
                self.put(&[&echoed(text), "\n"]);
            }
            return Ok(());
        }
        self.tally.requests += 1;
        if !line.is_object() {
            return self.text(line.number, text);
        }
        match json_object::object(text) {
            Ok(object) if authzen::is_request(&object) => self.authzen(line.number, &object),
            Ok(object) => self.object(line.number, object),
            Err(problem) => self.refused(line.number, problem, Some(Map::new())),
        }
    }

    fn put(&mut self, parts: &[&str]) {
        for part in parts {
            self.out.extend_from_slice(part.as_bytes());
        }
    }

    fn text(&mut self, line: u64, text: &str) -> Result<(), RenderError> {
        if self.form != AnswerForm::AsAsked {
            return match parse_three(text) {
                Ok(words) => {
                    let fields = ["principal", "action", "resource"].into_iter().map(str::to_owned);
                    let words = words.into_iter().map(|word| Value::String(word.into_owned()));
                    self.object(line, fields.zip(words).collect())
                }
                Err(problem) => self.refused(line, problem, Some(Map::new())),
            };
        }
        let judged = match parse_three(text) {
            Ok([principal, action, resource]) => self.judge.in_a_line(&principal, &action, &resource),
            Err(problem) => Err(problem.into()),
        };
        match answerable(judged)? {
            Ok((allowed, grounds)) => {
                self.tally.denied |= !allowed;
                let verdict = if allowed { "allowed " } else { "denied " };
                self.put(&[verdict, &echoed(text), &escape_hidden(&grounds), "\n"]);
                Ok(())
            }
            Err(problem) => self.refused(line, problem, None),
        }
    }

    /// Answers an object: writes the same object with the answer's fields.
    fn object(&mut self, line: u64, mut object: Map<String, Value>) -> Result<(), RenderError> {
        for field in ANSWER_FIELDS {
            object.shift_remove(field);
        }
        let judged = match words(&object) {
            Ok([principal, action, resource]) => self.judge.decide(principal, action, resource),
            Err(problem) => Err(problem.into()),
        };
        match answerable(judged)? {
            Ok((allowed, answer)) => {
                self.tally.denied |= !allowed;
                object.insert("allowed".to_owned(), json!(allowed));
                object.extend(answer);
                self.write(&object)
            }
            Err(problem) => self.refused(line, problem, Some(object)),
        }
    }

    fn authzen(&mut self, line: u64, object: &Map<String, Value>) -> Result<(), RenderError> {
        let judge = &mut self.judge;
        let answered = authzen::answer(object, &mut |[principal, action, resource]| {
            answerable(judge.decide(&principal, &action, &resource))
        })?;
        match answered {
            Ok((answer, allowed)) => {
                self.tally.denied |= !allowed;
                self.write(&answer)
            }
            Err(problem) => self.refused(line, problem, Some(Map::new())),
        }
    }

    /// Writes an error as the answer, in the form of the request: added to an object, or as a line.
    fn refused(&mut self, line: u64, problem: Problem, object: Option<Map<String, Value>>) -> Result<(), RenderError> {
        self.tally.unanswered(line);
        let Some(mut object) = object else {
            self.put(&[&format!("error {line}: "), &escape_hidden(&problem.message), "\n"]);
            return Ok(());
        };
        let mut error = output::object(&problem);
        if let Some(Value::Object(fields)) = error.get_mut("error") {
            fields.insert("line".to_owned(), json!(line));
        }
        if let Value::Object(error) = error {
            object.extend(error);
        }
        self.write(&object)
    }

    /// Writes an object: on a line of its own, or as an element of the array.
    fn write(&mut self, object: &Map<String, Value>) -> Result<(), RenderError> {
        let in_array = self.form == (AnswerForm::Objects { in_array: true });
        if in_array {
            // `Written::add` turns the comma before the first object into the bracket that begins the array.
            self.put(&[",\n  "]);
        }
        escaped::write(&mut self.out, object)?;
        if !in_array {
            self.put(&["\n"]);
        }
        self.tally.objects += 1;
        Ok(())
    }
}

/// A request as the answer repeats it: escaped, except for the tabs between its words.
fn echoed(text: &str) -> Cow<'_, str> {
    let shown = escape_hidden(text);
    if matches!(shown, Cow::Owned(_)) && text.contains('\t') {
        return text.split('\t').map(escape_hidden).collect::<Vec<_>>().join("\t").into();
    }
    shown
}

/// Separates the problem of one request from the errors that end the batch, such as a store or stream that fails.
fn answerable<T>(judged: Result<T, RenderError>) -> Result<Result<T, Problem>, RenderError> {
    match judged {
        Ok(answer) => Ok(Ok(answer)),
        Err(RenderError::Problem(problem)) if problem.kind != ProblemKind::Store => Ok(Err(problem)),
        Err(error) => Err(error),
    }
}

/// The principal, action and resource of an object.
fn words(object: &Map<String, Value>) -> Result<[&str; 3], Problem> {
    let word = |field: &str| match object.get(field) {
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(_) => Err(malformed(format!("`{field}` is not a string"))),
        None => Err(malformed(format!("`{field}` is missing"))
            .tip("write an object with `principal`, `action` and `resource`")
            .tip("or a request of AuthZEN, with `subject`, `action` and `resource`")),
    };
    Ok([word("principal")?, word("action")?, word("resource")?])
}

/// Decides questions.
struct Decider<'v, 'r, 's, F: Facts> {
    view: &'v ReadView<'r, &'s F>,
    questions: QuestionCache<'v, 'r, 's, F>,
    with_proof: bool,
    /// The moment of every answer.
    at: String,
}

impl<'v, 'r, 's, F: Facts> Decider<'v, 'r, 's, F> {
    fn new(
        view: &'v ReadView<'r, &'s F>,
        named: &'v Named<'s, F>,
        with_proof: bool,
    ) -> Result<Decider<'v, 'r, 's, F>, Problem> {
        Ok(Decider { view, questions: QuestionCache::new(view, named)?, with_proof, at: view.at.to_string() })
    }

    /// Whether the request is allowed, and the rest of the answer's line.
    fn in_a_line(&mut self, principal: &str, action: &str, resource: &str) -> Result<(bool, String), RenderError> {
        let request = self.questions.request(principal, action, resource)?;
        if !self.with_proof {
            return Ok((self.questions.allows(&request)?.is_some(), String::new()));
        }
        let answered = Answer::decide(
            self.view,
            ParsedQuestion { question: request.question, resource: resource.to_owned() },
            false,
        )?;
        Ok((answered.is_allowed(), answered.grounds(self.view)?))
    }

    /// Whether the request is allowed, and the other fields of the answer.
    fn decide(
        &mut self,
        principal: &str,
        action: &str,
        resource: &str,
    ) -> Result<(bool, Map<String, Value>), RenderError> {
        let request = self.questions.request(principal, action, resource)?;
        if self.with_proof {
            let answered = Answer::decide(
                self.view,
                ParsedQuestion { question: request.question, resource: resource.to_owned() },
                true,
            )?;
            let mut fields = answered.json(self.view)?;
            for field in ["principal", "action", "resource", "allowed"] {
                fields.shift_remove(field);
            }
            return Ok((answered.is_allowed(), fields));
        }
        let allowed = self.questions.allows(&request)?;
        let rule = match allowed {
            Some(rule) => rule,
            // Only a full decision finds the rule of a denial.
            None => self.questions.decide(&request)?.rule,
        };
        let mut fields = Map::new();
        fields.insert("revision".to_owned(), json!(self.view.revision));
        fields.insert("at".to_owned(), json!(self.at));
        fields.insert("rule".to_owned(), json!(rule.name));
        Ok((allowed.is_some(), fields))
    }
}
