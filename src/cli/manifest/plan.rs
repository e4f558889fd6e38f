//! `plan`: shows what an apply would change.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::super::session::Session;
use super::super::{Outcome, examples};
use super::output::{self, PlanOutcome};
use super::plan_run::{self, PlanContext};
use super::{ApplyOptions, FilesArgs, plan_file};
use crate::model::Time;
use crate::store::Store;

#[derive(Args, Debug)]
#[command(after_long_help = examples::PLAN)]
pub(in crate::cli) struct PlanArgs {
    #[command(flatten)]
    files: FilesArgs,
    #[command(flatten)]
    options: ApplyOptions,
    /// Show also who would gain and lose which access
    #[arg(long)]
    access: bool,
    /// Exit with status 1 if there are changes
    #[arg(long)]
    exit_code: bool,
    /// Save the plan, for `apply --plan FILE`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,
}

impl PlanArgs {
    pub(in crate::cli) fn run(&self, session: &mut Session<'_>) -> Outcome {
        let mut read = self.files.read()?;
        let path = session.store_path()?;
        let reader = Store::open(&path).and_then(|store| store.read())?;
        let by = PlanContext { actor: session.actor(&reader.facts())?, at: Time::now(), enforced: session.enforced() };
        let planned = plan_run::plan((&reader, None), &mut read, &self.options, &by, self.access)?;
        let failing = planned.failing(session, &reader, &read, &by)?;
        failing.report(session)?;
        output::show(session, (&planned, &read), planned.access.as_ref(), &PlanOutcome::Shown)?;
        if let Some(out) = &self.out {
            let actor = session.actor_name()?;
            plan_file::save(out, &read.sources, &self.options, actor.as_deref(), &planned.planned_changes)?;
        }
        let differs = self.exit_code && !planned.is_empty();
        Ok(u8::from(failing.count() > 0 || differs))
    }
}
