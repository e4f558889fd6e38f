//! [`Answer`]: a question with its decision, as a line, as lines for people, and as an object.

use serde_json::{Map, Value, json};

use super::super::view::ReadView;
use super::proof_text::{ProofText, step_json, visible_steps};
use super::question::ParsedQuestion;
use crate::model::{Binding, Problem};
use crate::ops::remedy::{Offer, offers, sufficient};
use crate::ops::{action_phrase, lacks_phrase, remedies};
use crate::policy::{Decision, Facts, Question, decide};
use crate::render::{RenderError, Text, Tone};

/// A question with its decision, and the texts to write both.
pub(in crate::cli) struct Answer {
    pub(super) question: Question,
    pub(super) principal: String,
    pub(super) resource: String,
    pub(super) decision: Decision,
    /// What would suffice, as phrases. `offers` also has the commands and who may run them, if that was requested.
    missing: Vec<String>,
    pub(super) offers: Vec<Offer>,
}

impl Answer {
    /// Decides a question. For a denial also finds what would suffice and, with `with_givers`, who could grant it.
    pub(in crate::cli) fn decide<F: Facts>(
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
                let visible = view.viewer()?.visible_remedies(remedies(&view.facts, &question, &view.enforced)?)?;
                offered = offers(&view.facts, &question, &visible, &name)?;
                missing.extend(offered.iter().map(|offer| offer.grant.clone()));
                missing.dedup();
            }
            (false, false) => {
                for remedy in view.viewer()?.visible_remedies(sufficient(&view.facts, &question, &view.enforced)?)? {
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

    /// Whether the action is allowed.
    pub(super) const fn is_allowed(&self) -> bool {
        self.decision.allowed
    }

    /// Writes `allowed` or `denied`.
    pub(super) fn verdict(&self, text: &mut Text) {
        match self.decision.allowed {
            true => text.toned(Tone::Good, "allowed"),
            false => text.toned(Tone::Bad, "denied"),
        }
    }

    /// The action, as a phrase.
    pub(super) fn action<F: Facts>(&self, view: &ReadView<'_, F>) -> Result<String, Problem> {
        action_phrase(self.question.action, &|id| view.name(id))
    }

    /// The answer as a sentence.
    pub(super) fn sentence<F: Facts>(&self, view: &ReadView<'_, F>) -> Result<String, Problem> {
        let may = if self.decision.allowed { "may" } else { "may not" };
        Ok(format!("{} {may} {} on {}", self.principal, self.action(view)?, self.resource))
    }

    /// The rest of the line after the verdict: the shortest proof and the rule.
    pub(super) fn grounds<F: Facts>(&self, view: &ReadView<'_, F>) -> Result<String, RenderError> {
        let proof_text = ProofText { view, proof: &self.decision.proof };
        let mut reasons = proof_text.phrases()?;
        if reasons.is_empty() && !self.decision.allowed && !self.missing.is_empty() {
            reasons.push(format!("it would take {}", self.missing.join("; or ")));
        }
        let reasons = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
        Ok(format!("{reasons} ({})", self.decision.rule.name))
    }

    /// Writes the whole answer for people.
    pub(super) fn explain<F: Facts>(&self, view: &ReadView<'_, F>, text: &mut Text) -> Result<(), RenderError> {
        self.verdict(text);
        text.line(&format!(": {}", self.sentence(view)?));
        text.line(&format!("  as of revision {}, {}", view.revision, view.at));
        text.line(&format!("  rule {}", self.decision.rule.name));
        text.line(&format!("  from {}", self.decision.rule.source));
        let proof_text = ProofText { view, proof: &self.decision.proof };
        let lines = proof_text.lines()?;
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

    /// The bindings of the proof that the reader may see, each with the place of its step in [`Answer::json`].
    pub(in crate::cli) fn bindings<F: Facts>(&self, view: &ReadView<'_, F>) -> Result<Vec<(usize, Binding)>, Problem> {
        let steps = visible_steps(view, &self.decision.proof)?.into_iter().enumerate();
        Ok(steps.filter_map(|(place, step)| Some((place, step.binding()?.clone()))).collect())
    }

    /// The answer as an object, for programs.
    pub(in crate::cli) fn json<F: Facts>(&self, view: &ReadView<'_, F>) -> Result<Map<String, Value>, RenderError> {
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
