//! `perm check` and `perm explain`: answer one question. Batches are in [`batch`].

use std::path::PathBuf;

use clap::{Args, ValueHint};
use serde_json::Value;

use super::super::args::ReadArgs;
use super::super::session::Session;
use super::super::{Outcome, complete};
use super::answer::Answer;
use super::batch;
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
        run(&words, session, false)
    }
}

impl ExplainArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        run(&self.words, session, true)
    }
}

fn run(words: &QuestionArgs, session: &mut Session<'_>, explain: bool) -> Outcome {
    session.read(words.reading.at.as_deref(), |session, view| {
        let asked = ParsedQuestion::read(view, &words.principal, &words.action, &words.resource)?;
        // The one-line answer of a check does not name who could grant the action, so they are not looked up.
        let in_a_line = !explain && session.output_options().format == Format::Table;
        let answered = Answer::decide(view, asked, !in_a_line)?;
        if session.output_options().format == Format::Table {
            let mut text = Text::new(session.colour());
            if explain {
                answered.explain(view, &mut text)?;
            } else {
                answered.verdict(&mut text);
                text.line(&answered.grounds(view)?);
            }
            session.print(&text)?;
        } else {
            let object = Value::Object(answered.json(view)?);
            session.value(&object)?;
        }
        Ok(u8::from(!answered.is_allowed() && !explain))
    })
}
