//! `apply`: makes the changes that match manifests, all in one revision or none.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::super::args::WriteArgs;
use super::super::change::OpenedStore;
use super::super::session::Session;
use super::super::{Outcome, examples};
use super::super::{clock, prompt};
use super::input::{FileForm, ManifestInput, formats};
use super::output::{self, PlanOutcome};
use super::plan_file::{self, PlanFile};
use super::plan_run::{self, PlanContext, Planned};
use super::{ApplyOptions, input};
use crate::model::{Problem, ProblemKind, Time};
use crate::ops::Refusal;
use crate::render::Format;
use crate::store::Store;

#[derive(Args, Debug)]
#[command(after_long_help = examples::APPLY)]
pub(in crate::cli) struct ApplyArgs {
    /// Manifests: files, folders with `.yaml`, `.yml`, `.json` and `.jsonl` files, or `-` for standard input
    #[arg(value_name = "FILE", required_unless_present = "plan", conflicts_with = "plan", value_hint = ValueHint::AnyPath)]
    files: Vec<PathBuf>,
    /// The format of the files: `yaml`, or `jsonl` for one row per line [default: by file name or first line]
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    format: Option<FileForm>,
    /// Apply a plan that `plan --out` saved, if it still has the same effects
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["prune", "max_removals", "take_over"])]
    plan: Option<PathBuf>,
    #[command(flatten)]
    options: ApplyOptions,
    #[command(flatten)]
    writing: WriteArgs,
}

impl ApplyArgs {
    pub(in crate::cli) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let (read, options, saved) = match &self.plan {
            Some(path) => {
                let (sources, options, saved) = plan_file::load(path)?;
                (input::read_whole(sources)?, options, Some(saved))
            }
            None => {
                // A slow writer of the input must not block other writers of the store, so rows are read to their end.
                let read = input::read(&self.files, self.format, !self.writing.dry_run)?;
                (read, self.options.clone(), None)
            }
        };
        ApplyRun { writing: &self.writing, options, plan_file: saved }.run(session, read)
    }
}

/// The options of an apply, besides its input.
pub(super) struct ApplyRun<'a> {
    pub(super) writing: &'a WriteArgs,
    pub(super) options: ApplyOptions,
    pub(super) plan_file: Option<PlanFile>,
}

impl ApplyRun<'_> {
    /// Applies an input, all in one revision or not at all.
    pub(super) fn run(&self, session: &mut Session<'_>, mut read: ManifestInput) -> Outcome {
        self.options.options(&read.manifest)?;
        let has_rows = !read.rows.is_empty();
        read.is_planned_again = !session.globals.yes && prompt::can_ask();
        let path = session.store_path()?;
        let make = self.writing.create && !self.writing.dry_run;
        let store = if make { Store::create(&path)?.0 } else { Store::open(&path)? };
        let mut confirmed: Option<String> = None;
        loop {
            let opened = OpenedStore::new(&store, self.writing.dry_run)?;
            let actor = session.actor(&opened.reader().facts())?;
            let by = PlanContext { actor, at: Time::now(), enforced: session.enforced() };
            let mut planned = match self.planned(session, &opened, &mut read, &by) {
                Ok(planned) => planned,
                Err(problem) => {
                    // This also rolls back the parts that were written already.
                    drop(opened);
                    return Err(self.refuse(session, &store, problem, &by)?.into());
                }
            };
            let failing = planned.failing(session, opened.reader(), &read, &by)?;
            if failing.count() > 0 {
                // A slow reader of the answer must not hold the lock of the store.
                drop(opened);
                failing.report(session)?;
                session.warn("tests fail in the state after the apply, so nothing was changed");
                return Ok(1);
            }
            if self.writing.dry_run || planned.is_empty() {
                drop(opened);
                let outcome = if self.writing.dry_run { PlanOutcome::Shown } else { PlanOutcome::Applied(None) };
                return output::show(session, (&planned, &read), planned.access.as_ref(), &outcome);
            }
            if has_rows && !session.globals.yes && (planned.removals() > 0 || prompt::can_ask()) {
                // Rows are read once: they cannot be planned again after a question.
                return Err(Problem::conflict("needs_confirmation", "not confirmed, so nothing was changed")
                    .why("JSON Lines are read once, so they cannot be planned again after a question")
                    .tip("review the changes with `rolebook plan`, and add --yes to confirm")
                    .into());
            }
            if !session.globals.yes && !is_confirmed(confirmed.as_deref(), &planned)? {
                // Other commands must not wait while a person decides.
                drop(opened);
                if session.output_options().format == Format::Table && prompt::can_ask() {
                    output::show(session, (&planned, &read), None, &PlanOutcome::Shown)?;
                    session.flush()?;
                }
                prompt::confirm_apply(&planned.cascades, planned.removals(), session.err)?;
                confirmed = Some(planned.planned_changes.digest());
                continue;
            }
            let entry = session.entry(self.writing, by.actor, by.at);
            let committed = match opened.into_writer() {
                Some(writer) if planned.in_parts => Some(writer.commit_parts(&planned.rows, planned.last_id, entry)?),
                Some(writer) => writer.commit(&planned.rows, planned.last_id, entry)?,
                None => None,
            };
            planned.give_up_rows();
            planned.warnings.extend(committed.as_ref().and_then(|committed| clock::dated_ahead(committed.at, by.at)));
            let revision = committed.map(|committed| committed.revision);
            session.changed(revision.is_some());
            session.verbose(&format!("store {}", path.display()));
            return output::show(session, (&planned, &read), None, &PlanOutcome::Applied(revision));
        }
    }

    fn planned(
        &self,
        session: &Session<'_>,
        opened: &OpenedStore,
        read: &mut ManifestInput,
        by: &PlanContext,
    ) -> Result<Planned, Problem> {
        if let Some(saved) = &self.plan_file {
            saved.check_actor(session.actor_name()?.as_deref())?;
        }
        let stores = (opened.reader(), opened.writer());
        let planned = plan_run::plan(stores, read, &self.options, by, self.writing.access)?;
        if let Some(saved) = &self.plan_file {
            saved.check(&planned.planned_changes)?;
        }
        Ok(planned)
    }

    /// Records a denied apply in the log, as any denied change.
    fn refuse(
        &self,
        session: &Session<'_>,
        store: &Store,
        problem: Problem,
        by: &PlanContext,
    ) -> Result<Problem, Problem> {
        if problem.kind != ProblemKind::Denied {
            return Ok(problem);
        }
        let entry = session.entry(self.writing, by.actor, by.at);
        session.refuse(OpenedStore::new(store, self.writing.dry_run)?, entry, Refusal::from(problem), by.actor)
    }
}

/// Whether a plan is confirmed or needs no confirmation. Fails if the plan changed since the confirmation.
fn is_confirmed(confirmed: Option<&str>, planned: &Planned) -> Result<bool, Problem> {
    match confirmed {
        Some(digest) if digest == planned.planned_changes.digest() => Ok(true),
        Some(_) => {
            Err(Problem::conflict("changed_meanwhile", "its effects have changed meanwhile")
                .tip("run the command again"))
        }
        None => Ok(!prompt::can_ask() && planned.removals() == 0 && planned.cascades.is_empty()),
    }
}
