//! `perm diff`: lists the access gained and lost between two moments of a store, or between two stores.

use std::ops::ControlFlow;
use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::super::Outcome;
use super::super::args::PageArgs;
use super::super::session::Session;
use super::super::view::ReadView;
use super::causes::Causes;
use super::listing_output::{action_names, capture_error};
use crate::model::{Id, Kind, Problem, Time};
use crate::ops::{AnyViewer, affected_set};
use crate::policy::cache::BoundedCache;
use crate::policy::listing::{AffectedSet, Comparison, Difference, IdMap, Pair};
use crate::policy::{Evaluator, Facts, FactsError};
use crate::render::{Column, RenderError, key, row, shown};
use crate::store::{Reader, Snapshot, Store};

static COLUMNS: [Column; 5] = [key("principal"), key("resource"), shown("gained"), shown("lost"), shown("because")];

// The two moments to compare.
#[derive(Args, Debug)]
pub(super) struct DiffArgs {
    /// Before: a revision, a time (a day begins at 00:00 UTC), or another store's path
    #[arg(long, value_name = "REV|TIME|STORE")]
    from: String,
    /// After: a revision, a time (a day begins at 00:00 UTC), or another store's path [default: now]
    #[arg(long, value_name = "REV|TIME|STORE")]
    to: Option<String>,
    /// Exit with 1 if there is a difference
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    paging: PageArgs,
}

/// The value of `--from` or `--to`.
enum DiffMoment {
    /// A moment of this store; `None` for now.
    Own(Option<String>),
    /// Another store, in its current state.
    Other(Box<Reader>),
}

impl DiffMoment {
    fn read(text: Option<&String>) -> Result<DiffMoment, Problem> {
        let Some(text) = text else { return Ok(DiffMoment::Own(None)) };
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number || Time::parse(text).is_ok() {
            return Ok(DiffMoment::Own(Some(text.clone())));
        }
        let path = Path::new(text);
        if !path.exists() {
            return Err(Problem::not_found("revision, time or store", text)
                .tip("write a revision's number, a time as in 2026-03-01, or the path of a store"));
        }
        Ok(DiffMoment::Other(Box::new(Store::open(path).and_then(|store| store.read())?)))
    }
}

impl DiffArgs {
    pub(super) fn run(self, session: &mut Session<'_>) -> Outcome {
        let (from, to) = (DiffMoment::read(Some(&self.from))?, DiffMoment::read(self.to.as_ref())?);
        let now = Time::now();
        session.read(None, |session, here| {
            let (before, after) = (load_snapshot(session, here, &from, now)?, load_snapshot(session, here, &to, now)?);
            if let Some(warning) = before.warning.as_ref().or(after.warning.as_ref()) {
                session.warn(warning);
            }
            let own = matches!((&from, &to), (DiffMoment::Own(_), DiffMoment::Own(_)));
            let found = compared(session, &before, &after, (own, &self.paging))?;
            Ok(u8::from(self.exit_code && found))
        })
    }
}

/// The facts at a moment, in memory.
fn load_snapshot<'m>(
    session: &Session<'_>,
    here: &ReadView<'m>,
    moment: &'m DiffMoment,
    now: Time,
) -> Result<ReadView<'m, Snapshot>, RenderError> {
    let view = match moment {
        DiffMoment::Own(at) => ReadView::new(here.reader, here.actor, at.as_deref(), now)?,
        DiffMoment::Other(reader) => ReadView::new(reader, session.actor(&reader.facts())?, None, now)?,
    };
    Ok(view.in_memory()?)
}

/// Lists the differences. Returns whether there is one.
fn compared(
    session: &mut Session<'_>,
    before: &ReadView<'_, Snapshot>,
    after: &ReadView<'_, Snapshot>,
    (same_store, paging): (bool, &PageArgs),
) -> Result<bool, RenderError> {
    let (panel_before, panel_after) =
        (Evaluator::new(&before.facts, before.at), Evaluator::new(&after.facts, after.at));
    let (scope, expired, id_map) = if same_store {
        let (scope, expired) = scope_between(before, after)?;
        (scope, expired, IdMap::by_id())
    } else {
        (AffectedSet::default(), false, match_ids(&before.facts, &after.facts)?)
    };
    let (viewer_before, viewer_after) = (before.viewer()?, after.viewer()?);
    // A reader sees the lines that they could also check one by one, on a side where principal and resource exist.
    let is_visible = |difference: &Difference| -> Result<bool, FactsError> {
        let ((who_was, who_is), (on_was, on_is)) = (difference.principal, difference.resource);
        Ok(match (who_is.or(who_was), on_is.or(on_was)) {
            (Some(who), Some(on)) => {
                viewer_after.sees_access(who, on)?
                    || viewer_saw(&viewer_before, (who_was.or(who_is), on_was.or(on_is)))?
            }
            _ => false,
        })
    };
    let comparison = Comparison::new(&panel_before, &panel_after, id_map);
    let mut causes = same_store.then(|| Causes::new(before, after, expired)).transpose()?;
    let is_text = !session.output_options().format.is_object();
    let mut found = false;
    let names: BoundedCache<(Pair, String)> = BoundedCache::new();
    session.stream(&COLUMNS, paging, |wants, push| {
        let mut stopped = Ok(());
        comparison.each(&scope, &mut |difference| {
            if !is_visible(&difference)? {
                return Ok(ControlFlow::Continue(()));
            }
            capture_error(&mut stopped, || {
                found = true;
                let because = match &mut causes {
                    Some(causes) if wants.has_column("because") => causes.of(&difference, is_text)?,
                    _ => Value::Null,
                };
                let name = |pair: (Option<Id>, Option<Id>)| -> Result<Value, RenderError> {
                    let number = pair.1.or(pair.0).map_or(0, |id| id.0);
                    let known = names.get(number, |(of, _)| *of == pair);
                    let known = match (known, pair) {
                        (Some(known), _) => known,
                        // told: `is_visible` checked the reader above.
                        (None, (_, Some(is))) => names.put(number, (pair, after.reference(is)?)),
                        (None, (Some(was), None)) => names.put(number, (pair, before.reference(was)?)),
                        (None, (None, None)) => return Ok(json!("")),
                    };
                    Ok(json!(known.1))
                };
                push(row(
                    &COLUMNS,
                    [
                        name(difference.principal)?,
                        name(difference.resource)?,
                        action_names(&difference.gained),
                        action_names(&difference.lost),
                        because,
                    ],
                ))
            })
        })?;
        stopped
    })?;
    Ok(found)
}

/// What can differ between two moments of one store, in either order; and whether anything expired in between.
fn scope_between(
    before: &ReadView<'_, Snapshot>,
    after: &ReadView<'_, Snapshot>,
) -> Result<(AffectedSet, bool), RenderError> {
    let (first, last) = if before.revision <= after.revision { (before, after) } else { (after, before) };
    let mut changes = first.reader.changed_between((first.revision, &first.facts), (last.revision, &last.facts))?;
    let changed = changes.len();
    for view in [before, after] {
        changes.extend(view.facts.ending(before.at.min(after.at), before.at.max(after.at)));
    }
    Ok((affected_set(&before.facts, &after.facts, &changes)?, changes.len() > changed))
}

/// Whether the reader may see the access on the side before.
fn viewer_saw(viewer: &AnyViewer<'_>, (who, on): (Option<Id>, Option<Id>)) -> Result<bool, FactsError> {
    match (who, on) {
        (Some(who), Some(on)) => viewer.sees_access(who, on),
        _ => Ok(false),
    }
}

/// Pairs the principals and resources of two stores that have the same reference.
fn match_ids(before: &Snapshot, after: &Snapshot) -> Result<IdMap, RenderError> {
    let mut seen = std::collections::HashMap::new();
    for kind in Kind::ALL {
        for id in before.ids(kind, None)? {
            // told: the references pair both sides and are not shown.
            seen.insert(before.reference(id)?, id);
        }
    }
    let mut pairs = Vec::new();
    for kind in Kind::ALL {
        for id in after.ids(kind, None)? {
            // told: the references pair both sides and are not shown.
            if let Some(twin) = seen.get(&after.reference(id)?) {
                pairs.push((*twin, id));
            }
        }
    }
    Ok(IdMap::by_pairs(pairs))
}
