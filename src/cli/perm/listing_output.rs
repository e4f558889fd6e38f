//! What the listings of `perm` have in common: their columns, and how rows get from the rules to
//! the output.

use std::ops::ControlFlow;

use serde_json::{Value, json};

use super::super::session::Session;
use super::super::view::ReadView;
use super::proof_text::{ProofText, step_json, visible_steps};
use crate::model::Action;
use crate::policy::{self, Facts, ProofStep};
use crate::render::{Column, Format, OutputOptions, RenderError, key, shown};

/// The columns of these names, the first of which tells the rows apart; `proof` only where it is asked for.
pub(super) fn columns(names: &[&'static str], with_proof: bool, options: &OutputOptions) -> Vec<Column> {
    let with_proof = with_proof || options.columns.iter().any(|column| column == "proof");
    let names = names.iter().filter(|name| **name != "proof" || with_proof);
    names.enumerate().map(|(index, name)| if index == 0 { key(name) } else { shown(name) }).collect()
}

/// Does something with a row and keeps what went wrong with it, so that the listing ends there, as it does
/// where no further rows are wanted.
pub(super) fn capture_error(
    stopped: &mut Result<(), RenderError>,
    step: impl FnOnce() -> Result<ControlFlow<()>, RenderError>,
) -> policy::Result<ControlFlow<()>> {
    Ok(step().unwrap_or_else(|error| {
        *stopped = Err(error);
        ControlFlow::Break(())
    }))
}

/// Says how many of those who have something the reader may not see: it administers what they have it on.
pub(super) fn mention_unseen(session: &mut Session<'_>, unseen: usize) {
    match unseen {
        0 => {}
        1 => session.warn("one more has it whom you may not see"),
        unseen => session.warn(&format!("{unseen} more have it whom you may not see")),
    }
}

/// The actions of a listing as they are written; none of them names another thing.
pub(in crate::cli) fn action_names(actions: &[Action]) -> Value {
    actions.iter().map(|action| Value::String(action.to_string())).collect()
}

/// A proof as a value: steps as objects for programs, as phrases for people.
pub(super) fn proof_value<F: Facts>(
    view: &ReadView<'_, F>,
    proof: &[ProofStep],
    format: Format,
) -> Result<Value, RenderError> {
    if matches!(format, Format::Json | Format::Jsonl | Format::Yaml) {
        let steps =
            visible_steps(view, proof)?.into_iter().map(|step| step_json(view, step)).collect::<Result<Vec<_>, _>>()?;
        return Ok(Value::Array(steps));
    }
    Ok(json!(ProofText { view, proof }.phrases()?.join(", ")))
}
