//! Manifests: `plan`, `apply`, `export`, `validate`, `schema`.

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
use input::ManifestInput;

// Which files say what should exist.
#[derive(Args, Debug)]
struct FilesArgs {
    /// Manifests: files, folders with `.yaml`, `.yml`, `.json` and `.jsonl` files, or `-` for standard input
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::AnyPath)]
    files: Vec<PathBuf>,
    /// How the files are written: `yaml`, or `jsonl` for one row a line [default: as their names or first lines say]
    #[arg(long, value_name = "FORMAT", value_parser = ["yaml", "jsonl"])]
    format: Option<String>,
}

// How far a manifest may go.
#[derive(Args, Debug, Clone)]
struct ApplyOptions {
    /// Remove what the set declared before and does no more
    #[arg(long)]
    prune: bool,
    /// Allow so many removals, in place of the limits
    #[arg(long, value_name = "N", value_parser = number)]
    max_removals: Option<u64>,
    /// Change what other sets own, and make it this one's
    #[arg(long)]
    take_over: bool,
}

/// So many of something, in words.
fn counted<N: Display + PartialEq + From<u8>>(count: N, word: &str) -> String {
    let end = if count == N::from(1) { "" } else { "s" };
    format!("{count} {word}{end}")
}

impl FilesArgs {
    /// Reads all of them as one manifest, or tells every mistake in them.
    fn read(&self) -> Result<ManifestInput, Problem> {
        input::read(&self.files, self.format.as_deref(), false)
    }
}

impl ApplyOptions {
    /// As the planner takes it.
    fn options(&self, manifest: &Manifest) -> Result<planning::PlanOptions, Problem> {
        if self.prune && manifest.set.is_none() {
            return Err(Problem::usage("no_set", "--prune needs a set, and the manifest has no `name`")
                .why("only what a set declared before is removed when it does so no more")
                .tip("add a line such as `name: studio`"));
        }
        if self.take_over && manifest.set.is_none() {
            return Err(Problem::usage("no_set", "--take-over needs a set, and the manifest has no `name`")
                .why("what is taken over becomes a set's")
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
