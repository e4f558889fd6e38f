//! The commands for manifests: `plan`, `apply`, `export`, `import`, `validate` and `schema`.
//!
//! [`input`] reads files, [`plan_run`] plans them on a store, and [`output`] shows a plan.

mod apply;
mod export;
mod import;
mod input;
mod output;
mod plan;
mod plan_file;
mod plan_run;
mod schema;
mod validate;

pub(super) use apply::ApplyArgs;
pub(super) use export::ExportArgs;
pub(super) use import::ImportArgs;
pub(super) use plan::PlanArgs;
pub(super) use schema::SchemaArgs;
pub(super) use validate::ValidateArgs;

use std::fmt::Display;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::args::number;
use crate::manifest::{Manifest, plan as planning};
use crate::model::Problem;
use input::{FileForm, ManifestInput, formats};

// The files of a manifest.
#[derive(Args, Debug)]
struct FilesArgs {
    /// Manifests: files, folders with `.yaml`, `.yml`, `.json` and `.jsonl` files, or `-` for standard input
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::AnyPath)]
    files: Vec<PathBuf>,
    /// The format of the files: `yaml`, or `jsonl` for one row per line [default: by file name or first line]
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    format: Option<FileForm>,
}

// Options on what an apply may change.
#[derive(Args, Debug, Clone)]
struct ApplyOptions {
    /// Remove what the set owns and no longer declares
    #[arg(long)]
    prune: bool,
    /// Allow this many removals instead of the limits
    #[arg(long, value_name = "N", value_parser = number)]
    max_removals: Option<u64>,
    /// Change what other sets own, and take over its ownership
    #[arg(long)]
    take_over: bool,
}

/// A count with its noun, which gets a plural `s`.
fn counted<N: Display + PartialEq + From<u8>>(count: N, word: &str) -> String {
    let end = if count == N::from(1) { "" } else { "s" };
    format!("{count} {word}{end}")
}

impl FilesArgs {
    /// Reads all files as one manifest. The problem lists every mistake in them.
    fn read(&self) -> Result<ManifestInput, Problem> {
        input::read(&self.files, self.format, false)
    }
}

impl ApplyOptions {
    /// The options for the planner. Refuses `--prune` and `--take-over` for a manifest without a name.
    fn options(&self, manifest: &Manifest) -> Result<planning::PlanOptions, Problem> {
        if self.prune && manifest.set.is_none() {
            return Err(Problem::usage("no_set", "--prune needs a set, and the manifest has no `name`")
                .why("--prune removes what the set owns and no longer declares")
                .tip("add a line such as `name: studio`"));
        }
        if self.take_over && manifest.set.is_none() {
            return Err(Problem::usage("no_set", "--take-over needs a set, and the manifest has no `name`")
                .why("--take-over makes the set the owner of what it declares")
                .tip("add a line such as `name: studio`"));
        }
        Ok(planning::PlanOptions {
            set: manifest.set.clone(),
            limits: manifest.limits,
            prune: self.prune,
            take_over: self.take_over,
            max_removals: self.max_removals,
        })
    }
}
