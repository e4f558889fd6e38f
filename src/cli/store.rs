//! The `init` and `status` commands, which are about the store itself.

use clap::Args;
use serde_json::{Map, Value, json};

use super::args::ReadArgs;
use super::clock;
use super::session::Session;
use super::view::ReadView;
use super::{Outcome, examples};
use crate::model::{Id, Kind, Time, Verb};
use crate::policy::{Facts, invariants};
use crate::render::{Column, RenderError, row, shown};
use crate::store::Store;

#[derive(Args, Debug)]
#[command(after_long_help = examples::INIT)]
pub(super) struct InitArgs {}

#[derive(Args, Debug)]
#[command(after_long_help = examples::STATUS)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    reading: ReadArgs,
}

impl InitArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        const COLUMNS: [Column; 2] = [shown("store"), shown("created")];
        let path = session.store_path()?;
        let (_, created) = Store::create(&path)?;
        session.changed(created);
        if session.output_options().format == crate::render::Format::Table {
            let what = if created { format!("created {}", path.display()) } else { "unchanged".to_owned() };
            session.line(&what)?;
            return Ok(0);
        }
        session.show(&COLUMNS, row(&COLUMNS, [json!(path.display().to_string()), json!(created)]))
    }
}

impl StatusArgs {
    pub(super) fn run(&self, session: &mut Session<'_>) -> Outcome {
        const COLUMNS: [Column; 6] =
            [shown("store"), shown("revision"), shown("at"), shown("digest"), shown("counts"), shown("warnings")];
        session.read(self.reading.at.as_deref(), |session, view| {
            let entry = view.reader.revision(view.revision)?;
            let warnings = warnings(view)?;
            let values = [
                json!(view.reader.path().display().to_string()),
                json!(view.revision),
                json!(entry.as_ref().map(|entry| entry.at.to_string())),
                json!(entry.map(|entry| entry.digest)),
                Value::Object(counts(view)?),
                json!(warnings),
            ];
            session.show(&COLUMNS, row(&COLUMNS, values))
        })
    }
}

/// The number of resources of each kind that the reader may see.
fn counts(view: &ReadView<'_>) -> Result<Map<String, Value>, RenderError> {
    let mut counts = Map::new();
    let kinds = [
        (Kind::Account, "accounts"),
        (Kind::Group, "groups"),
        (Kind::Workgroup, "workgroups"),
        (Kind::Dropbox, "dropboxes"),
        (Kind::Package, "packages"),
        (Kind::Endpoint, "endpoints"),
        (Kind::Org, "organizations"),
        (Kind::Workspace, "workspaces"),
    ];
    for (kind, name) in kinds {
        let count = match view.actor {
            crate::ops::Actor::Operator => view.facts.count(kind)?,
            crate::ops::Actor::Principal(_) => view.all(kind)?.len() as u64,
        };
        counts.insert(name.to_owned(), json!(count));
    }
    Ok(counts)
}

fn warnings(view: &ReadView<'_>) -> Result<Vec<String>, RenderError> {
    let mut warnings = Vec::new();
    // Only the operator and server admins see warnings about the whole store.
    if !view.viewer()?.may(Verb::Configure, Id::SERVER)? {
        return Ok(warnings);
    }
    let accounts = view.facts.count(Kind::Account)?;
    if accounts > 0 && !invariants::has_active_admin(&view.facts, None, view.at)? {
        warnings.push("there are accounts, but none of them is an active admin".to_owned());
    }
    let (now, last) = (Time::now(), view.reader.last_revision()?);
    if let Some(entry) = view.reader.revision(last)?.filter(|entry| clock::is_ahead(entry.at, now)) {
        warnings.push(format!(
            "the log is dated up to {}, though the clock says {now}: changes until then get that date",
            entry.at
        ));
    }
    let server = view.facts.server()?;
    let mut links = 0;
    let mut count = |_| {
        links += 1;
        Ok(std::ops::ControlFlow::Continue(()))
    };
    view.facts.resources(Kind::PublicLink, None, &mut count)?;
    if links > 0 && !server.public_links {
        warnings.push(format!("{links} public links are on, but the server does not allow them: they give nothing"));
    }
    #[cfg(unix)]
    if let Ok(file) = std::fs::metadata(view.reader.path()) {
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            warnings.push(format!("others can reach the store file (mode {mode:o}): chmod 600 it"));
        }
    }
    Ok(warnings)
}
