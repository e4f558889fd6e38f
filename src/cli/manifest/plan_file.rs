//! Saved plans: a file with a plan, which is applied only if it still has the same effects.

use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::files;
use super::ApplyOptions;
use crate::input::library_errors;
use crate::manifest::Source;
use crate::manifest::plan::{PlannedChange, PlannedChanges};
use crate::model::name::shell_quote;
use crate::model::{Problem, ProblemKind};
use crate::render::json;

/// The format of the file, with its version.
const FORM: &str = "rolebook plan 1";

/// The contents of a saved plan. It holds no secrets, because manifests hold none.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanFile {
    form: String,
    /// The name of the account that planned; `None` for the operator.
    actor: Option<String>,
    prune: bool,
    max_removals: Option<u64>,
    take_over: bool,
    sources: Vec<SavedSource>,
    /// The digest of the effects.
    digest: String,
    /// The effects, to show the differences if the digest differs.
    effects: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedSource {
    name: String,
    text: String,
}

/// Refuses a saved plan that is given as a manifest.
pub(super) fn refuse(source: &Source) -> Result<(), Problem> {
    let is_saved = source.text.starts_with('{') && source.text.lines().take(2).any(|line| line.contains(FORM));
    if !is_saved {
        return Ok(());
    }
    Err(Problem::new(ProblemKind::Input, "bad_manifest", format!("not a manifest: `{}` is a saved plan", source.name))
        .tip(format!("rolebook apply --plan {}", shell_quote(&source.name))))
}

/// Writes a plan to a file that only its owner can read, because a manifest shows who may do what.
pub(super) fn save(
    path: &Path,
    sources: &[Source],
    options: &ApplyOptions,
    actor: Option<&str>,
    planned_changes: &PlannedChanges,
) -> Result<(), Problem> {
    let failed = |why: &str| {
        let message = format!("the plan cannot be written to `{}`: {why}", files::name_of(path));
        Problem::new(ProblemKind::Input, "unwritable", message)
    };
    // The text of JSON Lines is not kept.
    if sources.iter().any(|source| source.text.is_empty()) {
        return Err(Problem::usage("rows_in_plan", "a plan of JSON Lines cannot be saved")
            .tip("apply the file itself, with --max-removals N for the removals of the plan"));
    }
    let sources = sources.iter().map(|it| SavedSource { name: it.name.clone(), text: it.text.clone() }).collect();
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

/// Reads a saved plan: the manifests that were planned, the options, and the effects.
pub(super) fn load(path: &Path) -> Result<(Vec<Source>, ApplyOptions, PlanFile), Problem> {
    let text = files::source(path)?.text;
    let bad = |what: &str| {
        let name = files::name_of(path);
        Problem::new(ProblemKind::Input, "bad_plan", format!("`{name}` is not a saved plan{what}"))
            .tip("make one with: rolebook plan FILE --out PLAN")
    };
    let mut saved: PlanFile = serde_json::from_str(&text).map_err(|_| bad(""))?;
    if saved.form != FORM {
        return Err(bad(" of a supported version"));
    }
    let sources = std::mem::take(&mut saved.sources);
    let sources = sources.into_iter().map(|it| Source { name: it.name, text: it.text }).collect();
    let options = ApplyOptions { prune: saved.prune, max_removals: saved.max_removals, take_over: saved.take_over };
    Ok((sources, options, saved))
}

impl PlanFile {
    /// Refuses an actor who is not the one who planned.
    pub(super) fn check_actor(&self, actor: Option<&str>) -> Result<(), Problem> {
        if self.actor.as_deref() != actor {
            let actor_text =
                |actor: Option<&str>| actor.map_or_else(|| "the operator".to_owned(), |it| format!("`{it}`"));
            return Err(Problem::conflict(
                "other_actor",
                format!(
                    "the plan was made as {} and is applied as {}",
                    actor_text(self.actor.as_deref()),
                    actor_text(actor)
                ),
            )
            .tip("apply it as it was planned, or plan again"));
        }
        Ok(())
    }

    /// Refuses changes that differ from the planned ones.
    pub(super) fn check(&self, planned_changes: &PlannedChanges) -> Result<(), Problem> {
        if self.digest == planned_changes.digest() {
            return Ok(());
        }
        let now = fingerprints(planned_changes);
        let mut problem = Problem::conflict("stale_plan", "the plan no longer has the planned effects")
            .why("the store has changed meanwhile")
            .tip("plan again, and review the differences");
        // There can be very many lines, so they are compared by a set.
        let only = |these: &[String], those: &[String], word: &str| -> Vec<String> {
            let those: HashSet<&String> = those.iter().collect();
            these.iter().filter(|line| !those.contains(line)).map(|line| format!("{word}: {line}")).collect()
        };
        problem.details = only(&self.effects, &now, "only planned");
        problem.details.extend(only(&now, &self.effects, "only now"));
        Err(problem)
    }
}
