//! Writes proofs as phrases for people and as JSON for programs.

use serde_json::{Map, Value, json};

use super::super::view::ReadView;
use crate::model::time::time_value;
use crate::model::{Binding, Problem};
use crate::policy::{Facts, ProofStep};
use crate::render::RenderError;

/// A proof and the view in which it is written.
pub(super) struct ProofText<'t, F: Facts> {
    pub(super) view: &'t ReadView<'t, F>,
    pub(super) proof: &'t [ProofStep],
}

impl<F: Facts> ProofText<'_, F> {
    /// Each step as a short phrase.
    pub(super) fn phrases(&self) -> Result<Vec<String>, RenderError> {
        visible_steps(self.view, self.proof)?.into_iter().map(|step| phrase(self.view, step)).collect()
    }

    /// Each step as a line, with who gave it, when, and in which revision; and the depth of its indentation. Each step
    /// after a membership is one level deeper; conditions have the depth of the steps before them.
    pub(super) fn lines(&self) -> Result<Vec<(usize, String)>, RenderError> {
        let mut depth = 0;
        let mut lines = Vec::new();
        for step in visible_steps(self.view, self.proof)? {
            let Some(binding) = step.binding() else {
                lines.push((depth, phrase(self.view, step)?));
                continue;
            };
            let verb = if matches!(step, ProofStep::Share(_)) { "holds" } else { "is" };
            let line = format!(
                "{} {verb} {}  ({})",
                self.view.participant(binding, binding.principal)?,
                phrase(self.view, step)?,
                grant_parts(self.view, binding)?.join(", ")
            );
            lines.push((depth, line));
            if matches!(step, ProofStep::Member(_)) {
                depth += 1;
            }
        }
        Ok(lines)
    }
}

/// The steps of a proof that the reader may see.
pub(super) fn visible_steps<'p, F: Facts>(
    view: &ReadView<'_, F>,
    proof: &'p [ProofStep],
) -> Result<Vec<&'p ProofStep>, Problem> {
    let viewer = view.viewer()?;
    let mut visible = Vec::with_capacity(proof.len());
    for step in proof {
        if viewer.sees_step(step)? {
            visible.push(step);
        }
    }
    Ok(visible)
}

/// Who gave a binding, in which revision and when, and until when.
pub(super) fn grant_parts<F: Facts>(view: &ReadView<'_, F>, binding: &Binding) -> Result<Vec<String>, RenderError> {
    let at = view.reader.revision(binding.since)?.map_or_else(String::new, |entry| format!(", {}", entry.at));
    let mut parts = vec![format!("by {}", view.grantor(binding)?), format!("revision {}{at}", binding.since)];
    parts.extend(binding.expires.map(|time| format!("until {time}")));
    Ok(parts)
}

/// What a principal holds by the binding of a step.
pub(super) fn holding(step: &ProofStep, binding: &Binding) -> String {
    let set = binding.attributes.permissions;
    match step {
        ProofStep::Share(_) => format!("{} ({set})", set.label()),
        _ => binding.role.as_str().to_owned(),
    }
}

/// A step as a short phrase.
pub(super) fn phrase<F: Facts>(view: &ReadView<'_, F>, step: &ProofStep) -> Result<String, RenderError> {
    Ok(match step {
        ProofStep::Account { principal } => format!("{} is an active account", view.name(*principal)?),
        ProofStep::Itself { principal } => format!("{} is oneself", view.name(*principal)?),
        ProofStep::Member(binding) => format!("member of {}", view.participant(binding, binding.resource)?),
        ProofStep::Share(binding) => {
            format!("{} on {}", holding(step, binding), view.participant(binding, binding.resource)?)
        }
        ProofStep::Token { token, workspace } => {
            format!("{} is a live token of {}", view.name(*token)?, view.name(*workspace)?)
        }
        ProofStep::Role(binding) => match binding.role.resource_kind() {
            crate::model::Kind::Server => format!("{} on the server", binding.role.as_str()),
            _ => format!("{} of {}", binding.role.as_str(), view.participant(binding, binding.resource)?),
        },
        ProofStep::Implies { role, implied } => format!("{} implies {}", role.as_str(), implied.as_str()),
        ProofStep::Setting { principal, setting, allowed, own } => {
            let value = if *allowed { "allowed" } else { "denied" };
            let whose = if *own {
                format!("to {} itself", view.name(*principal)?)
            } else {
                "by the server's default".to_owned()
            };
            format!("{} is {value} {whose}", setting.as_str())
        }
        ProofStep::Value { on, name, value } => format!("{name} of {} is {value}", view.name(*on)?),
        ProofStep::Shared { workgroup, with } => format!("{} is in {} too", view.name(*with)?, view.name(*workgroup)?),
        ProofStep::Received { by } => format!("it went to {}", view.name(*by)?),
    })
}

/// A step as an object; its field `step` is the kind of step.
pub(super) fn step_json<F: Facts>(view: &ReadView<'_, F>, step: &ProofStep) -> Result<Value, RenderError> {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| {
        object.insert(name.to_owned(), value);
    };
    match step {
        ProofStep::Account { principal } => {
            put("step", json!("account"));
            put("principal", json!(view.name(*principal)?));
        }
        ProofStep::Itself { principal } => {
            put("step", json!("oneself"));
            put("principal", json!(view.name(*principal)?));
        }
        ProofStep::Member(binding) => {
            put("step", json!("member"));
            put("of", json!(view.participant(binding, binding.resource)?));
        }
        ProofStep::Role(binding) => {
            put("step", json!("role"));
            put("role", json!(binding.role.qualified()));
            put("on", json!(view.participant(binding, binding.resource)?));
        }
        ProofStep::Share(binding) => {
            let set = binding.attributes.permissions;
            put("step", json!("share"));
            put("on", json!(view.participant(binding, binding.resource)?));
            put("permissions", json!(set));
            put("label", json!(set.label()));
            put("class", json!(binding.attributes.share_class()));
        }
        ProofStep::Token { token, workspace } => {
            put("step", json!("token"));
            put("principal", json!(view.name(*token)?));
            put("workspace", json!(view.name(*workspace)?));
        }
        ProofStep::Implies { role, implied } => {
            put("step", json!("implies"));
            put("role", json!(role.qualified()));
            put("implied", json!(implied.qualified()));
        }
        ProofStep::Setting { principal, setting, allowed, own } => {
            put("step", json!("setting"));
            put("setting", json!(setting.as_str()));
            put("allowed", json!(allowed));
            put("of", json!(if *own { view.name(*principal)? } else { "server".to_owned() }));
        }
        ProofStep::Value { on, name, value } => {
            put("step", json!("value"));
            put("on", json!(view.name(*on)?));
            put("name", json!(name.replace('-', "_")));
            put("value", json!(value));
        }
        ProofStep::Shared { workgroup, with } => {
            put("step", json!("shared"));
            put("workgroup", json!(view.name(*workgroup)?));
            put("with", json!(view.name(*with)?));
        }
        ProofStep::Received { by } => {
            put("step", json!("received"));
            put("by", json!(view.name(*by)?));
        }
    }
    if let Some(binding) = step.binding() {
        put("principal", json!(view.participant(binding, binding.principal)?));
        put("by", json!(view.grantor(binding)?));
        put("expires", time_value(binding.expires));
        put("revision", json!(binding.since));
        put("at", json!(view.reader.revision(binding.since)?.map(|entry| entry.at.to_string())));
    }
    Ok(Value::Object(object))
}
