//! What the listings of `perm` share: their columns, and how rows pass from the rules to the output.

use std::ops::ControlFlow;

use serde_json::{Value, json};

use super::super::session::Session;
use super::super::view::ReadView;
use super::proof_text::{ProofText, step_json, visible_steps};
use crate::model::Action;
use crate::policy::{self, Facts, ProofStep};
use crate::render::{Column, Format, OutputOptions, RenderError, key, shown};

/// The columns with these names, of which the first is the key; `proof` only if it is requested.
pub(super) fn columns(names: &[&'static str], with_proof: bool, options: &OutputOptions) -> Vec<Column> {
    let with_proof = with_proof || options.columns.iter().any(|column| column == "proof");
    let names = names.iter().filter(|name| **name != "proof" || with_proof);
    names.enumerate().map(|(index, name)| if index == 0 { key(name) } else { shown(name) }).collect()
}

/// Processes a row and stores an error in `stopped`. The listing then ends as if no further rows were wanted.
pub(super) fn capture_error(
    stopped: &mut Result<(), RenderError>,
    step: impl FnOnce() -> Result<ControlFlow<()>, RenderError>,
) -> policy::Result<ControlFlow<()>> {
    Ok(step().unwrap_or_else(|error| {
        *stopped = Err(error);
        ControlFlow::Break(())
    }))
}

/// Warns how many principals were left out since the reader may not see them.
pub(super) fn mention_unseen(session: &mut Session<'_>, unseen: usize) {
    match unseen {
        0 => {}
        1 => session.warn("one more principal that you may not see"),
        unseen => session.warn(&format!("{unseen} more principals that you may not see")),
    }
}

/// The actions of a listing as texts. None of them names a resource, so none needs a check of the reader.
pub(in crate::cli) fn action_names(actions: &[Action]) -> Value {
    actions.iter().map(|action| Value::String(action.to_string())).collect()
}

/// A proof as a value: a list of steps for programs, phrases for people.
pub(super) fn proof_value<F: Facts>(
    view: &ReadView<'_, F>,
    proof: &[ProofStep],
    format: Format,
) -> Result<Value, RenderError> {
    if format.is_object() {
        let steps =
            visible_steps(view, proof)?.into_iter().map(|step| step_json(view, step)).collect::<Result<Vec<_>, _>>()?;
        return Ok(Value::Array(steps));
    }
    Ok(json!(ProofText { view, proof }.phrases()?.join(", ")))
}
