//! A plan as a file: what was planned, to be applied only if it still comes to the same.

use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::files;
use super::ApplyOptions;
use super::input::{ManifestInput, read_whole};
use crate::input::library_errors;
use crate::manifest::Source;
use crate::manifest::plan::{PlannedChange, PlannedChanges};
use crate::model::name::shell_quote;
use crate::model::{Problem, ProblemKind};
use crate::render::json;

/// The form of the file.
const FORM: &str = "rolebook plan 1";

/// A plan as it is saved. Nothing secret stands in a manifest, so nothing secret stands here.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanFile {
    form: String,
    /// The account it was made as; none for the operator.
    actor: Option<String>,
    prune: bool,
    max_removals: Option<u64>,
    take_over: bool,
    sources: Vec<SavedSource>,
    /// The digest of the effects, and the effects, to tell what is different.
    digest: String,
    effects: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedSource {
    name: String,
    text: String,
}

/// Refuses a saved plan where a manifest is wanted.
pub(super) fn refuse(source: &Source) -> Result<(), Problem> {
    let is_saved = source.text.starts_with('{') && source.text.lines().take(2).any(|line| line.contains(FORM));
    if !is_saved {
        return Ok(());
    }
    Err(Problem::new(ProblemKind::Input, "bad_manifest", format!("`{}` is a saved plan, and no manifest", source.name))
        .tip(format!("rolebook apply --plan {}", shell_quote(&source.name))))
}

/// Writes a plan, for its owner alone: a manifest names who may do what.
pub(super) fn save(
    path: &Path,
    read: &ManifestInput,
    options: &ApplyOptions,
    actor: Option<&str>,
    planned_changes: &PlannedChanges,
) -> Result<(), Problem> {
    let failed = |why: &str| {
        let message = format!("the plan cannot be written to `{}`: {why}", files::name_of(path));
        Problem::new(ProblemKind::Input, "unwritable", message)
    };
    // What is read one by one is not there any more.
    if read.sources.iter().any(|source| source.text.is_empty()) {
        return Err(Problem::usage("rows_in_plan", "a plan of JSON Lines cannot be saved")
            .tip("apply the file itself, with --max-removals for what the plan showed"));
    }
    let sources = read.sources.iter().map(|it| SavedSource { name: it.name.clone(), text: it.text.clone() }).collect();
    let saved = PlanFile {
        form: FORM.to_owned(),
        actor: actor.map(str::to_owned),
        prune: options.prune,
        max_removals: options.max_removals,
        take_over: options.take_over,
        sources,
        digest: planned_changes.digest(),
        effects: fingerprints(planned_changes),
    };
    let mut text = Vec::new();
    json::write_pretty(&mut text, &saved).map_err(|error| failed(library_errors::io(&error)))?;
    text.push(b'\n');
    files::write_private(path, &text).map_err(|error| failed(library_errors::io(&error)))
}

fn fingerprints(planned_changes: &PlannedChanges) -> Vec<String> {
    planned_changes.0.iter().map(PlannedChange::fingerprint).collect()
}

/// Reads a plan back.
pub(super) fn load(path: &Path) -> Result<(ManifestInput, ApplyOptions, PlanFile), Problem> {
    let text = files::source(path)?.text;
    let bad = |what: &str| {
        let name = files::name_of(path);
        Problem::new(ProblemKind::Input, "bad_plan", format!("`{name}` is no saved plan{what}"))
            .tip("make one with: rolebook plan FILE --out PLAN")
    };
    let mut saved: PlanFile = serde_json::from_str(&text).map_err(|_| bad(""))?;
    if saved.form != FORM {
        return Err(bad(" of a form that this program knows"));
    }
    let sources = std::mem::take(&mut saved.sources);
    let sources = sources.into_iter().map(|it| Source { name: it.name, text: it.text }).collect();
    let options = ApplyOptions { prune: saved.prune, max_removals: saved.max_removals, take_over: saved.take_over };
    Ok((read_whole(sources)?, options, saved))
}

impl PlanFile {
    /// Demands that whoever applies it is who planned it.
    pub(super) fn check_actor(&self, actor: Option<&str>) -> Result<(), Problem> {
        if self.actor.as_deref() != actor {
            let told = |actor: Option<&str>| actor.map_or_else(|| "the operator".to_owned(), |it| format!("`{it}`"));
            return Err(Problem::conflict(
                "other_actor",
                format!("the plan was made as {}, and is applied as {}", told(self.actor.as_deref()), told(actor)),
            )
            .tip("apply it as it was planned, or plan again"));
        }
        Ok(())
    }

    /// Demands that what would be done now is what was planned.
    pub(super) fn check(&self, planned_changes: &PlannedChanges) -> Result<(), Problem> {
        if self.digest == planned_changes.digest() {
            return Ok(());
        }
        let now = fingerprints(planned_changes);
        let mut problem = Problem::conflict("stale_plan", "the plan no longer comes to what was planned")
            .why("what it would change was changed meanwhile")
            .tip("plan again, and look at what is different");
        // There may be very many.
        let only = |these: &[String], those: &[String], word: &str| -> Vec<String> {
            let those: HashSet<&String> = those.iter().collect();
            these.iter().filter(|line| !those.contains(line)).map(|line| format!("{word}: {line}")).collect()
        };
        problem.details = only(&self.effects, &now, "only planned");
        problem.details.extend(only(&now, &self.effects, "only now"));
        Err(problem)
    }
}
