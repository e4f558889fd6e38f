//! `perm check` and `perm explain`: answer one question. Batches are in [`batch`].

use std::path::PathBuf;

use clap::{Args, ValueHint};
use serde_json::Value;

use super::super::args::{ReadArgs, words};
use super::super::session::Session;
use super::super::{Outcome, complete};
use super::answer::Answer;
use super::batch;
use super::graph::graph;
use super::question::ParsedQuestion;
use crate::render::{Format, Text};

// The question of `perm explain`, of `perm check` without a batch, and of a receipt.
#[derive(Args, Debug)]
pub(in crate::cli) struct QuestionArgs {
    /// Who: an account, `group:NAME`, `workgroup:NAME`, `invitee:ADDRESS`, `access-token:NUMBER`, `authenticated`, `anyone`
    #[arg(value_name = "PRINCIPAL", add = complete::principals())]
    pub(in crate::cli) principal: String,
    /// What: `VERB`, or `VERB=VALUE` as in `set-role=admin`
    #[arg(value_name = "ACTION", add = complete::actions())]
    pub(in crate::cli) action: String,
    /// On what: `server`, `KIND:NAME`, `KIND:NUMBER`, `workspace:ORG/NAME`, `ENDPOINT:/path`
    #[arg(value_name = "RESOURCE", add = complete::resources())]
    pub(in crate::cli) resource: String,
    #[command(flatten)]
    pub(in crate::cli) reading: ReadArgs,
}

// Whether a principal may do an action on a resource.
#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    /// Who: an account, `group:NAME`, `workgroup:NAME`, `invitee:ADDRESS`, `access-token:NUMBER`, `authenticated`, `anyone`
    #[arg(value_name = "PRINCIPAL", required_unless_present = "batch", add = complete::principals())]
    principal: Option<String>,
    /// What: `VERB`, or `VERB=VALUE` as in `set-role=admin`
    #[arg(value_name = "ACTION", required_unless_present = "batch", add = complete::actions())]
    action: Option<String>,
    /// On what: `server`, `KIND:NAME`, `KIND:NUMBER`, `workspace:ORG/NAME`, `ENDPOINT:/path`
    #[arg(value_name = "RESOURCE", required_unless_present = "batch", add = complete::resources())]
    resource: Option<String>,
    /// Answer the requests of this file, one on each line, in the same order and form: PRINCIPAL ACTION
    /// RESOURCE, an object with these three, or a request of OpenID AuthZEN; `-` is standard input. With
    /// -o json or jsonl every answer is an object
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["principal", "action", "resource"])]
    batch: Option<PathBuf>,
    /// Exit with 1 if anything is denied
    #[arg(long, requires = "batch", conflicts_with_all = ["principal", "action", "resource"])]
    all: bool,
    /// Show what each answer rests on
    #[arg(long, requires = "batch", conflicts_with_all = ["principal", "action", "resource"])]
    proof: bool,
    #[command(flatten)]
    reading: ReadArgs,
}

// The arguments of `perm explain`.
#[derive(Args, Debug)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    words: QuestionArgs,
    /// Draw the way from the principal to the answer: for Graphviz, or as a picture
    #[arg(long, value_name = "FORMAT", value_parser = words(GraphFormat::ALL.map(GraphFormat::as_str), GraphFormat::from_word), conflicts_with = "output")]
    graph: Option<GraphFormat>,
}

/// How a drawing is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum GraphFormat {
    /// The language of Graphviz.
    Dot,
    /// A picture.
    Svg,
}

impl GraphFormat {
    const ALL: [GraphFormat; 2] = [GraphFormat::Dot, GraphFormat::Svg];

    const fn as_str(self) -> &'static str {
        match self {
            GraphFormat::Dot => "dot",
            GraphFormat::Svg => "svg",
        }
    }

    fn from_word(word: &str) -> Option<GraphFormat> {
        GraphFormat::ALL.into_iter().find(|format| format.as_str() == word)
    }
}

impl CheckArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        if let Some(file) = &self.batch {
            let options = batch::BatchOptions { all: self.all, proof: self.proof };
            return session.read(self.reading.at.as_deref(), |session, view| batch::run(session, view, file, &options));
        }
        let words = QuestionArgs {
            principal: self.principal.unwrap_or_default(),
            action: self.action.unwrap_or_default(),
            resource: self.resource.unwrap_or_default(),
            reading: self.reading,
        };
        run(&words, session, Detail::Line)
    }
}

impl ExplainArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        run(&self.words, session, self.graph.map_or(Detail::Whole, Detail::Graph))
    }
}

/// How much of an answer is written, if the format is for people.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    Line,
    Whole,
    Graph(GraphFormat),
}

fn run(words: &QuestionArgs, session: &mut Session<'_>, detail: Detail) -> Outcome {
    session.read(words.reading.at.as_deref(), |session, view| {
        let asked = ParsedQuestion::read(view, &words.principal, &words.action, &words.resource)?;
        let is_for_people = session.output_options().format == Format::Table;
        // The one-line answer of a check does not name who could grant the action, so they are not looked up.
        let answered = Answer::decide(view, asked, !(is_for_people && detail == Detail::Line))?;
        match (detail, is_for_people) {
            (Detail::Graph(format), _) => {
                let title = answered.sentence(view)?;
                let drawing = graph(view, &title, std::slice::from_ref(&answered))?;
                let written = match format {
                    GraphFormat::Dot => drawing.dot(),
                    GraphFormat::Svg => drawing.svg("access")?,
                };
                session.deliver(None, written.as_bytes())?;
            }
            (Detail::Whole, true) => {
                let mut text = Text::new(session.colour());
                answered.explain(view, &mut text)?;
                session.print(&text)?;
            }
            (Detail::Line, true) => {
                let mut text = Text::new(session.colour());
                answered.verdict(&mut text);
                text.line(&answered.grounds(view)?);
                session.print(&text)?;
            }
            (_, false) => {
                session.value(&Value::Object(answered.json(view)?))?;
            }
        }
        Ok(u8::from(!answered.is_allowed() && detail == Detail::Line))
    })
}
