//! `export`: writes the present state as a manifest.

use clap::Args;

use super::super::args::ReadArgs;
use super::super::session::Session;
use super::super::view::ReadView;
use super::super::{Outcome, examples};
use super::counted;
use super::input::{FileForm, formats};
use crate::manifest::export::{ExportError, Exporter};
use crate::model::name::key;
use crate::model::spelling::closest_match;
use crate::model::{Id, Name, Problem};
use crate::ops::Actor;
use crate::policy::Facts;
use crate::render::json::EscapingWriter;
use crate::render::{Format, RenderError};
use crate::store::Snapshot;

#[derive(Args, Debug)]
#[command(after_long_help = examples::EXPORT)]
pub(in crate::cli) struct ExportArgs {
    /// Export only what this set declares
    #[arg(long, value_name = "SET", value_parser = Name::parse)]
    name: Option<Name>,
    /// The format: `yaml`, or `jsonl` for many rows [default: the format of -o, else yaml]
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    format: Option<FileForm>,
    #[command(flatten)]
    reading: ReadArgs,
}

impl ExportArgs {
    pub(in crate::cli) fn run(&self, session: &mut Session<'_>) -> Outcome {
        session.read(self.reading.at.as_deref(), |session, view| {
            let set = self.name.as_ref().map(|name| name.key().to_owned());
            let memory = view.in_memory()?;
            let (resources, bindings) = set.as_ref().map(|set| memory.facts.declared_by(set)).unwrap_or_default();
            // A set exists for a reader who may see at least one of its rows.
            if let Some(set) = &set
                && !is_visible(&memory, &resources, &bindings)?
            {
                let known = if view.actor == Actor::Operator { view.reader.sets()? } else { Vec::new() };
                return Err(unknown(set, &known).into());
            }
            let export = Exporter::new(&memory.facts, view.actor, view.at, set)?.with_containers(&bindings)?;
            let written = match (self.format, session.output_options().format) {
                (Some(FileForm::Lines), _) | (None, Format::Jsonl) => {
                    export.lines(&mut EscapingWriter::new(session.out))
                }
                // One JSON value, for programs that do not read YAML.
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
                1 => session.warn("one resource has members that you may not see: they are left out"),
                many => session.warn(&format!("{many} resources have members that you may not see: they are left out")),
            }
            let left_out = export.left_out()?;
            if !left_out.is_empty() {
                let counts: Vec<String> = left_out.iter().map(|(kind, count)| counted(*count, kind.as_str())).collect();
                session.warn(&format!("not in a manifest: {}", counts.join(", ")));
            }
            Ok(0)
        })
    }
}

/// Whether the reader may see any of the rows.
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
