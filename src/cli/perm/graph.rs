//! Draws answers: the way from a principal to what it may do, through the bindings and conditions of the proof.

use std::collections::HashMap;

use super::super::view::ReadView;
use super::answer::Answer;
use super::proof_text::{grant_parts, holding, phrase, visible_steps};
use crate::model::{Id, Problem};
use crate::policy::{Facts, ProofStep};
use crate::render::{Graph, NodeIndex, NodeKind, RenderError};

/// A drawing of answers about one principal and one resource. Answers with the same proof share a box.
pub(in crate::cli) fn graph<F: Facts>(
    view: &ReadView<'_, F>,
    title: &str,
    answers: &[Answer],
) -> Result<Graph, RenderError> {
    let mut drawing = AnswerGraph { view, graph: Graph::new(title), nodes: HashMap::new(), drawn: Vec::new() };
    let mut groups: Vec<(&Answer, Vec<String>)> = Vec::new();
    for answer in answers {
        let action = answer.action(view)?;
        let same = |it: &Answer| (it.is_allowed(), &it.decision.proof) == (answer.is_allowed(), &answer.decision.proof);
        match groups.iter_mut().find(|(known, _)| same(known)) {
            Some((_, actions)) => actions.push(action),
            None => groups.push((answer, vec![action])),
        }
    }
    for (answer, actions) in groups {
        drawing.add(answer, &actions)?;
    }
    Ok(drawing.graph)
}

struct AnswerGraph<'v, 'r, F: Facts> {
    view: &'v ReadView<'r, F>,
    graph: Graph,
    /// The boxes of principals and resources.
    nodes: HashMap<Id, NodeIndex>,
    /// The steps that are drawn: from which box, and to which.
    drawn: Vec<(ProofStep, NodeIndex, NodeIndex)>,
}

impl<F: Facts> AnswerGraph<'_, '_, F> {
    fn add(&mut self, answer: &Answer, actions: &[String]) -> Result<(), RenderError> {
        let principal = answer.question.principal;
        let first = self.node(principal, NodeKind::Principal, answer.principal.clone());
        // The boxes that lead to the answer: the last one of each way.
        let (mut ends, mut last) = (vec![first], first);
        for step in visible_steps(self.view, &answer.decision.proof)? {
            let from = self.start_of(step, last)?;
            let to = self.step(step, from)?;
            ends.retain(|end| *end != from && *end != to);
            ends.push(to);
            if step.binding().is_some() || matches!(step, ProofStep::Token { .. } | ProofStep::Implies { .. }) {
                last = to;
            }
        }
        let (kind, verb) = match answer.is_allowed() {
            true => (NodeKind::Allowed, "allowed"),
            false => (NodeKind::Denied, "denied"),
        };
        let lines = [
            format!("{verb}: {}", actions.join(", ")),
            format!("on {}", answer.resource),
            format!("rule {}", answer.decision.rule.name),
        ];
        let missing = answer.offers.iter().map(|offer| {
            self.graph.add_node(NodeKind::Missing, &[offer.grant.clone(), format!("by {}", offer.by.join(", "))])
        });
        let missing: Vec<NodeIndex> = missing.collect();
        let verdict = self.graph.add_node(kind, &lines);
        if !missing.is_empty() {
            // What is missing stands between the principal and the denial.
            ends.retain(|end| *end != first);
        }
        for end in ends {
            self.graph.add_edge(end, verdict, &[]);
        }
        for offer in missing {
            self.graph.add_edge(first, offer, &[]);
            self.graph.add_edge(offer, verdict, &["would suffice".to_owned()]);
        }
        Ok(())
    }

    /// The box from which the arrow of a step goes: the principal or the resource that it is about. `last` is the box
    /// to which the steps before led.
    fn start_of(&mut self, step: &ProofStep, last: NodeIndex) -> Result<NodeIndex, Problem> {
        if let Some(binding) = step.binding() {
            let name = self.view.participant(binding, binding.principal)?;
            return Ok(self.node(binding.principal, NodeKind::Principal, name));
        }
        let about = match step {
            ProofStep::Account { principal }
            | ProofStep::Itself { principal }
            | ProofStep::Setting { principal, .. } => *principal,
            ProofStep::Value { on, .. } => *on,
            ProofStep::Shared { workgroup, .. } => *workgroup,
            ProofStep::Received { by } => *by,
            ProofStep::Token { token, .. } => *token,
            // A role implies another where it is held, and so where the step before it led.
            ProofStep::Implies { .. } | ProofStep::Member(_) | ProofStep::Role(_) | ProofStep::Share(_) => {
                return Ok(last);
            }
        };
        Ok(self.nodes.get(&about).copied().unwrap_or(last))
    }

    /// Draws a step, and gives the box to which it leads.
    fn step(&mut self, step: &ProofStep, from: NodeIndex) -> Result<NodeIndex, RenderError> {
        if let Some((.., to)) = self.drawn.iter().find(|(known, start, _)| known == step && *start == from) {
            return Ok(*to);
        }
        let view = self.view;
        let (to, lines) = match (step, step.binding()) {
            (_, Some(binding)) => {
                let kind = match step {
                    ProofStep::Member(_) => NodeKind::Principal,
                    _ => NodeKind::Resource,
                };
                let mut lines = vec![holding(step, binding)];
                lines.extend(grant_parts(view, binding)?);
                (self.node(binding.resource, kind, view.participant(binding, binding.resource)?), lines)
            }
            (ProofStep::Token { workspace, .. }, _) => {
                (self.node(*workspace, NodeKind::Resource, view.name(*workspace)?), vec!["live token".to_owned()])
            }
            (condition, _) => (self.graph.add_node(NodeKind::Condition, &[phrase(view, condition)?]), Vec::new()),
        };
        self.graph.add_edge(from, to, &lines);
        self.drawn.push((step.clone(), from, to));
        Ok(to)
    }

    /// The box of a principal or a resource.
    fn node(&mut self, id: Id, kind: NodeKind, name: String) -> NodeIndex {
        let graph = &mut self.graph;
        *self.nodes.entry(id).or_insert_with(|| graph.add_node(kind, &[name]))
    }
}
