//! `perm check` and `perm explain`: answer one question. Batches are in [`batch`].

use std::path::PathBuf;

use clap::{Args, ValueHint};
use serde_json::{Map, Value, json};

use super::super::args::ReadArgs;
use super::super::session::Session;
use super::super::view::ReadView;
use super::super::{Outcome, complete};
use super::batch;
use super::proof_text::{ProofText, step_json, visible_steps};
use super::question::ParsedQuestion;
use crate::model::Problem;
use crate::ops::remedy::{Offer, offers, sufficient};
use crate::ops::{action_phrase, lacks_phrase, remedies};
use crate::policy::{Decision, Facts, Question, decide};
use crate::render::{Format, RenderError, Text, Tone};

// The question of `perm explain`, and of `perm check` without a batch.
#[derive(Args, Debug)]
struct QuestionArgs {
    /// Who: an account, `group:NAME`, `workgroup:NAME`, `invitee:ADDRESS`, `access-token:NUMBER`, `authenticated`, `anyone`
    #[arg(value_name = "PRINCIPAL", add = complete::principals())]
    principal: String,
    /// What: `VERB`, or `VERB=VALUE` as in `set-role=admin`
    #[arg(value_name = "ACTION", add = complete::actions())]
    action: String,
    /// On what: `server`, `KIND:NAME`, `KIND:NUMBER`, `workspace:ORG/NAME`, `ENDPOINT:/path`
    #[arg(value_name = "RESOURCE", add = complete::resources())]
    resource: String,
    #[command(flatten)]
    reading: ReadArgs,
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
            let wanted = batch::BatchOptions { all: self.all, proof: self.proof };
            return session.read(self.reading.at.as_deref(), |session, view| batch::run(session, view, file, &wanted));
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
        Ok(u8::from(!answered.decision.allowed && !explain))
    })
}

/// A question with its decision, and the texts to write both.
pub(super) struct Answer {
    question: Question,
    principal: String,
    resource: String,
    decision: Decision,
    /// What would suffice, as phrases. `offers` also has the commands and who may run them, if that was requested.
    missing: Vec<String>,
    offers: Vec<Offer>,
}

impl Answer {
    /// Decides a question. For a denial also finds what would suffice and, with `with_givers`, who could grant it.
    pub(super) fn decide<F: Facts>(
        view: &ReadView<'_, F>,
        asked: ParsedQuestion,
        with_givers: bool,
    ) -> Result<Answer, RenderError> {
        let question = asked.question;
        let decision = decide(&view.facts, &question)?;
        let (mut missing, mut offered): (Vec<String>, Vec<Offer>) = (Vec::new(), Vec::new());
        let name = |id| view.name(id);
        match (decision.allowed, with_givers) {
            (true, _) => {}
            (false, true) => {
                let told = view.viewer()?.visible_remedies(remedies(&view.facts, &question)?)?;
                offered = offers(&view.facts, &question, &told, &name)?;
                missing.extend(offered.iter().map(|offer| offer.grant.clone()));
                missing.dedup();
            }
            (false, false) => {
                for remedy in view.viewer()?.visible_remedies(sufficient(&view.facts, &question)?)? {
                    missing.push(lacks_phrase(&remedy.missing, &name)?);
                }
            }
        }
        Ok(Answer {
            question,
            principal: view.name(question.principal)?,
            resource: asked.resource,
            decision,
            missing,
            offers: offered,
        })
    }

    pub(super) const fn is_allowed(&self) -> bool {
        self.decision.allowed
    }

    fn verdict(&self, text: &mut Text) {
        match self.decision.allowed {
            true => text.toned(Tone::Good, "allowed"),
            false => text.toned(Tone::Bad, "denied"),
        }
    }

    fn action<F: Facts>(&self, view: &ReadView<'_, F>) -> Result<String, Problem> {
        action_phrase(self.question.action, &|id| view.name(id))
    }

    /// The rest of the line after the verdict: the shortest proof and the rule.
    pub(super) fn grounds<F: Facts>(&self, view: &ReadView<'_, F>) -> Result<String, RenderError> {
        let told = ProofText { view, proof: &self.decision.proof };
        let mut reasons = told.phrases()?;
        if reasons.is_empty() && !self.decision.allowed && !self.missing.is_empty() {
            reasons.push(format!("it would take {}", self.missing.join("; or ")));
        }
        let reasons = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
        Ok(format!("{reasons} ({})", self.decision.rule.name))
    }

    /// Writes the whole answer for people.
    pub(super) fn explain<F: Facts>(&self, view: &ReadView<'_, F>, text: &mut Text) -> Result<(), RenderError> {
        let not = if self.decision.allowed { "may" } else { "may not" };
        self.verdict(text);
        text.line(&format!(": {} {not} {} on {}", self.principal, self.action(view)?, self.resource));
        text.line(&format!("  as of revision {}, {}", view.revision, view.at));
        text.line(&format!("  rule {}", self.decision.rule.name));
        text.line(&format!("  from {}", self.decision.rule.source));
        let told = ProofText { view, proof: &self.decision.proof };
        let lines = told.lines()?;
        if !lines.is_empty() {
            text.line(if self.decision.allowed { "because" } else { "against it" });
            for (depth, line) in &lines {
                text.line(&format!("  {}{line}", "  ".repeat(*depth)));
            }
        }
        if !self.decision.allowed {
            text.line("would suffice");
            if self.offers.is_empty() {
                text.line("  none found");
            }
        }
        for offer in &self.offers {
            text.line(&format!("  {}", offer.grant));
            text.line(&format!("    {}", offer.command));
            text.line(&format!("    by {}", offer.by.join(", ")));
        }
        Ok(())
    }

    /// The answer as an object, for programs.
    pub(super) fn json<F: Facts>(&self, view: &ReadView<'_, F>) -> Result<Map<String, Value>, RenderError> {
        let mut object = Map::new();
        object.insert("principal".to_owned(), json!(self.principal));
        object.insert("action".to_owned(), json!(self.action(view)?));
        object.insert("resource".to_owned(), json!(self.resource));
        object.insert("allowed".to_owned(), json!(self.decision.allowed));
        object.insert("revision".to_owned(), json!(view.revision));
        object.insert("at".to_owned(), json!(self.question.at.to_string()));
        let steps = visible_steps(view, &self.decision.proof)?;
        let steps = steps.into_iter().map(|step| step_json(view, step)).collect::<Result<Vec<_>, _>>()?;
        object.insert("proof".to_owned(), Value::Array(steps));
        object.insert("rule".to_owned(), json!(self.decision.rule.name));
        object.insert("source".to_owned(), json!(self.decision.rule.source));
        if !self.decision.allowed {
            let offer = |it: &Offer| json!({"grant": it.grant, "command": it.command, "by": it.by});
            object.insert("missing".to_owned(), json!(self.missing));
            object.insert("would_suffice".to_owned(), self.offers.iter().map(offer).collect());
        }
        Ok(object)
    }
}
