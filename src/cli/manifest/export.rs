//! `export`: the present state as a manifest.

use clap::Args;

use super::super::args::ReadArgs;
use super::super::session::Session;
use super::super::view::ReadView;
use super::super::{Outcome, examples};
use super::counted;
use crate::manifest::export::{ExportError, Exporter};
use crate::model::name::key;
use crate::model::reference::closest_match;
use crate::model::{Id, Name, Problem};
use crate::ops::Actor;
use crate::policy::Facts;
use crate::render::json::EscapingWriter;
use crate::render::{Format, RenderError};
use crate::store::Snapshot;

/// Write the present state as a manifest
///
/// Applied to the same store it changes nothing; applied to an empty one it rebuilds the same access.
/// What has secrets or happened once stands in no manifest: links, invitations, packages, keys, tokens,
/// media and streams.
#[derive(Args, Debug)]
#[command(after_long_help = examples::EXPORT)]
pub(in crate::cli) struct ExportArgs {
    /// Only what this set declares
    #[arg(long, value_name = "SET")]
    name: Option<String>,
    /// How it is written: `yaml`, or `jsonl` for many rows [default: as -o says, else yaml]
    #[arg(long, value_name = "FORMAT", value_parser = ["yaml", "jsonl"])]
    format: Option<String>,
    #[command(flatten)]
    reading: ReadArgs,
}

impl ExportArgs {
    pub(in crate::cli) fn run(&self, session: &mut Session<'_>) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let set = self.name.as_deref().map(Name::parse).transpose()?.map(|name| name.key().to_owned());
            let memory = view.in_memory()?;
            let (resources, bindings) = set.as_ref().map(|set| memory.facts.declared_by(set)).unwrap_or_default();
            // A set is there for whoever is told of something that it declares.
            if let Some(set) = &set
                && !is_visible(&memory, &resources, &bindings)?
            {
                let known = if view.actor == Actor::Operator { view.reader.sets()? } else { Vec::new() };
                return Err(unknown(set, &known).into());
            }
            let export = Exporter::new(&memory.facts, view.actor, view.at, set)?.with_containers(&bindings)?;
            let written = match (self.format.as_deref(), session.output_options().format) {
                (Some("jsonl"), _) | (None, Format::Jsonl) => export.lines(&mut EscapingWriter::new(session.out)),
                // One value, for programs that read no YAML.
                (None, Format::Json) => {
                    session.value(&export.value()?)?;
                    Ok(())
                }
                _ => export.yaml(session.out),
            };
            written.map_err(|stopped| match stopped {
                ExportError::Problem(problem) => RenderError::Problem(problem),
                ExportError::Io(error) => RenderError::Io(error),
            })?;
            match export.incomplete_count() {
                0 => {}
                1 => session.warn("of one thing there are members that you may not see: they are left out"),
                many => {
                    session.warn(&format!("of {many} things there are members that you may not see: they are left out"))
                }
            }
            let left_out = export.left_out()?;
            if !left_out.is_empty() {
                let told: Vec<String> = left_out.iter().map(|(kind, count)| counted(*count, kind.as_str())).collect();
                session.warn(&format!("not in a manifest: {}", told.join(", ")));
            }
            Ok(0)
        })
    }
}

/// Whether the reader is told of any of some rows.
fn is_visible(view: &ReadView<'_, Snapshot>, resources: &[Id], bindings: &[Id]) -> Result<bool, Problem> {
    let viewer = view.viewer()?;
    for id in resources {
        if viewer.may_name(*id)? {
            return Ok(true);
        }
    }
    for id in bindings {
        if let Some(binding) = view.facts.binding(*id)?
            && viewer.may_name(binding.resource)?
            && viewer.sees_binding(&binding)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn unknown(set: &str, known: &[String]) -> Problem {
    let problem = Problem::not_found("set", set);
    match closest_match(&key(set), known.iter().map(String::as_str)) {
        Some(near) => problem.tip(format!("did you mean `{near}`?")),
        None => problem.tip("a set is the `name` of a manifest that was applied"),
    }
}
