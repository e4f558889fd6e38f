//! Manifests: `plan`, `apply`, `export`, `validate`, `schema`.

mod apply;
mod export;
mod output;
mod plan;
mod planned;
mod saved;
mod schema;
mod validate;

pub(super) use apply::Apply;
pub(super) use export::Export;
pub(super) use plan::Plan;
pub(super) use schema::Schema;
pub(super) use validate::Validate;

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::files;
use crate::manifest::{self, Manifest, Source, plan as planning};
use crate::model::Problem;

// Which files say what should exist.
#[derive(Args, Debug)]
struct Files {
    /// Manifests: files, folders with `.yaml`, `.yml` and `.json` files, or `-` for standard input
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::AnyPath)]
    files: Vec<PathBuf>,
}

// How far a manifest may go.
#[derive(Args, Debug, Clone)]
struct Reach {
    /// Remove what the set declared before and does no more
    #[arg(long)]
    prune: bool,
    /// Allow so many removals, in place of the limits
    #[arg(long, value_name = "N")]
    max_removals: Option<u64>,
    /// Change what other sets own, and make it this one's
    #[arg(long)]
    take_over: bool,
}

/// What was read.
struct Read {
    sources: Vec<Source>,
    manifest: Manifest,
}

impl Files {
    /// Reads all of them as one manifest, or tells every mistake in them.
    fn read(&self) -> Result<Read, Problem> {
        let mut sources = Vec::new();
        for path in files::within(&self.files)? {
            sources.push(files::source(&path)?);
        }
        read(sources)
    }
}

/// Reads sources as one manifest, or tells every mistake in them.
fn read(sources: Vec<Source>) -> Result<Read, Problem> {
    match manifest::read(&sources) {
        Ok(manifest) => Ok(Read { sources, manifest }),
        Err(mistakes) => Err(files::mistaken("bad_manifest", files::shown(&sources, &mistakes))),
    }
}

impl Reach {
    /// As the planner takes it.
    fn options(&self, manifest: &Manifest) -> Result<planning::Options, Problem> {
        if self.prune && manifest.set.is_none() {
            return Err(Problem::usage("no_set", "--prune needs a set, and the manifest has no `name`")
                .why("only what a set declared before is removed when it does so no more")
                .tip("add a line such as `name: studio`"));
        }
        Ok(planning::Options {
            set: manifest.set.clone(),
            limits: manifest.limits,
            prune: self.prune,
            take_over: self.take_over,
            max_removals: self.max_removals,
        })
    }
}
