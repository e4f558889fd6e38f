//! A manifest held against a store: what would change, and what stands in the way.

use std::cell::OnceCell;

use super::super::access_impact::AccessImpact;
use super::super::change::hide_unseen;
use super::super::perm::{FailingTests, failing_tests};
use super::super::session::Session;
use super::super::view::{ReadView, adaptive};
use super::ApplyOptions;
use super::input::ManifestInput;
use crate::input::document::Diagnostic;
use crate::manifest::plan::{
    Counts, Owned, PlanRefusal, PlannedAction, PlannedChanges, Planner, summary, summary_done,
};
use crate::model::escape::escape_hidden;
use crate::model::{Id, Name, Problem, ProblemKind, Time};
use crate::ops::describe::describe;
use crate::ops::{Actor, Transaction, require_active};
use crate::policy::{Draft, Facts, Overlay, RowChange, SwappableFacts};
use crate::render::RenderError;
use crate::store::{Reader, Snapshot, Writer};

/// From so many statements on the store is read into memory once, instead of being asked for each.
const SNAPSHOT_THRESHOLD: usize = 300;

/// From so many changes on, those that rows bring are counted and not listed.
const MAX_LISTED: usize = 1000;

/// How many rows of the store a part of an apply has.
const PART_ROWS: usize = 20_000;

/// What a manifest would change.
pub(super) struct Planned {
    /// Each thing that would be otherwise, as far as whoever plans may see it.
    pub(super) planned_changes: PlannedChanges,
    /// How many there are, where they are too many to be listed.
    pub(super) counts: Counts,
    /// Whether a part of it was written already.
    pub(super) in_parts: bool,
    /// The rows, for the store.
    pub(super) rows: Vec<RowChange>,
    pub(super) last_id: Id,
    /// The same as a draft, for questions about the state it leads to.
    pub(super) draft: Draft,
    /// What it would mean for people, where that was asked for.
    pub(super) access: Option<AccessImpact>,
    pub(super) warnings: Vec<String>,
    /// What the set declared before and does no more.
    pub(super) undeclared: Vec<String>,
    /// What goes with what is removed.
    pub(super) cascades: Vec<String>,
}

/// Who plans, and when.
#[derive(Clone, Copy)]
pub(super) struct PlanContext {
    pub(super) actor: Actor,
    pub(super) at: Time,
}

/// Holds a manifest against the present of a store. What many rows come to is written in parts, where
/// somebody writes. Where that is to be shown, the state is compared with the one that the manifest leads to.
pub(super) fn plan(
    (reader, writer): (&Reader, Option<&Writer>),
    read: &mut ManifestInput,
    options: &ApplyOptions,
    by: PlanContext,
    with_access: bool,
) -> Result<Planned, Problem> {
    let stored = reader.facts();
    require_active(&stored, by.actor, by.at)?;
    // The store as it is for a few, in memory for many.
    let (memory, as_needed) = (OnceCell::new(), OnceCell::new());
    let below = SwappableFacts::new(&stored);
    let into_memory = || -> Result<(), Problem> {
        let snapshot = stored.snapshot()?;
        below.swap(memory.get_or_init(|| snapshot));
        Ok(())
    };
    let has_rows = !read.rows.is_empty();
    let mut taken = read.manifest.statements.len();
    if taken >= SNAPSHOT_THRESHOLD {
        into_memory()?;
    }
    let (set, owned) = (read.manifest.set.clone(), OnceCell::new());
    let owned = || match owned.get() {
        Some(found) => Ok(found),
        None => owned_by(set.as_ref(), reader, memory.get()).map(|found| owned.get_or_init(|| found)),
    };
    let facts: &dyn Facts = &below;
    let mut planner = Planner::new(Transaction::new(facts, by.actor, by.at)?, options.options(&read.manifest)?);
    take_statements(&mut planner, read)?;
    let (mut counts, mut in_parts) = (Counts::default(), false);
    read.each_row(&mut |statement| {
        let before = planner.refusals.len();
        planner.take(statement)?;
        taken += 1;
        if taken == SNAPSHOT_THRESHOLD && !in_parts {
            into_memory()?;
        }
        if let Some(writer) = writer
            && planner.size() > PART_ROWS
            && planner.refusals.is_empty()
        {
            // What is written is not what was owned before.
            owned()?;
            let rows = planner.part()?;
            counts.add(&rows);
            writer.write_part(&rows)?;
            // Only the store has what was written.
            below.swap(&stored);
            in_parts = true;
        }
        Ok(planner.refusals.len() == before)
    })?;
    planner.finish(owned()?)?;
    if !planner.refusals.is_empty() {
        return Err(refused(&planner.refusals, read));
    }
    let rows = planner.tx.facts().draft().against(facts)?;
    let mut warnings = std::mem::take(&mut planner.tx.warnings);
    let planned_changes = if in_parts || (has_rows && rows.len() > MAX_LISTED) {
        counts.add(&rows);
        PlannedChanges::default()
    } else {
        let mut changes = describe(&rows, &planner.tx)?;
        hide_unseen(&mut changes, &planner.tx, &mut warnings)?;
        PlannedChanges::of(&planner, &rows, changes)
    };
    let access = if with_access {
        if memory.get().is_none() {
            let facts = adaptive(stored)?;
            below.swap(as_needed.get_or_init(|| facts));
        }
        Some(AccessImpact::of((facts, planner.tx.facts()), &rows, (by.actor, by.at))?)
    } else {
        None
    };
    let Planner { mut tx, undeclared, .. } = planner;
    let cascades = std::mem::take(&mut tx.cascades);
    let (draft, last_id) = tx.finish_unchecked();
    Ok(Planned { planned_changes, counts, in_parts, rows, last_id, draft, access, warnings, undeclared, cascades })
}

/// What the set of a manifest owns so far.
fn owned_by(set: Option<&Name>, reader: &Reader, memory: Option<&Snapshot>) -> Result<Owned, Problem> {
    let Some(set) = set else { return Ok(Owned::default()) };
    let (resources, bindings) = match memory {
        Some(memory) => memory.declared_by(set.key()),
        None => reader.declared_by(set.key())?,
    };
    Ok(Owned { resources, bindings })
}

/// Takes what was read whole, and keeps it only if it is planned again.
fn take_statements(planner: &mut Planner<'_, dyn Facts + '_>, read: &mut ManifestInput) -> Result<(), Problem> {
    for statement in std::mem::take(&mut read.manifest.statements) {
        planner.take(&statement)?;
        if read.is_planned_again {
            read.manifest.statements.push(statement);
        }
    }
    Ok(())
}

/// What cannot be made so, each at its place.
fn refused(refusals: &[PlanRefusal], read: &ManifestInput) -> Problem {
    let Some(first) = refusals.first() else { return Problem::conflict("refused", "nothing was refused") };
    // There may be as many as there are lines.
    let texts: Vec<Vec<&str>> = read.sources.iter().map(|source| source.text.lines().collect()).collect();
    let shown = |refusal: &PlanRefusal| {
        let problem = refusal.problem.clone();
        let details = problem.details.clone();
        let at = refusal.location.and_then(|location| Some((location, read.sources.get(location.source as usize)?)));
        let mut text = match at {
            Some((location, source)) => match read.lines.get(&(location.source, location.span.line)) {
                Some(line) => Diagnostic::from_problem(location.span, problem).render_line(&source.name, line),
                None => {
                    let number = (location.span.line as usize).wrapping_sub(1);
                    let line = texts.get(location.source as usize).and_then(|lines| lines.get(number));
                    match line {
                        Some(line) => Diagnostic::from_problem(location.span, problem).render_line(&source.name, line),
                        None => Diagnostic::from_problem(location.span, problem).without_span(),
                    }
                }
            },
            None => Diagnostic::from_problem(crate::input::document::Span::default(), problem).without_span(),
        };
        for line in details {
            text.push_str(&format!("\n    - {}", escape_hidden(&line)));
        }
        text
    };
    let mut problem = match refusals.len() {
        1 if first.location.is_none() => return first.problem.clone(),
        1 => Problem { message: "this cannot be made so".to_owned(), ..first.problem.clone() },
        count => {
            let of = |kind: ProblemKind| refusals.iter().filter(|it| it.problem.kind == kind).count();
            let denied = of(ProblemKind::Denied);
            let message = match denied {
                0 => format!("{count} things cannot be made so"),
                _ if denied == count => format!("{count} things may not be made so"),
                _ => format!("{count} things cannot or may not be made so"),
            };
            let mut problem = Problem::new(first.problem.kind, first.problem.code, message);
            problem.rule = first.problem.rule;
            problem
        }
    };
    problem = problem.with_blocks(refusals.iter().map(shown).collect());
    if refusals.len() == 1 {
        (problem.why, problem.tips) = (None, Vec::new());
    }
    problem
}

impl Planned {
    /// Asks the tests of the state that the manifest leads to.
    pub(super) fn failing<'t>(
        &self,
        session: &Session<'_>,
        reader: &Reader,
        read: &'t ManifestInput,
        by: PlanContext,
    ) -> Result<FailingTests<'t>, RenderError> {
        if read.manifest.tests.is_empty() {
            return Ok(FailingTests::default());
        }
        let revision = reader.last_revision()?;
        let tests = &read.manifest.tests;
        // What was written in parts only this connection sees, and no snapshot.
        if self.in_parts {
            let before = reader.facts();
            let facts = Overlay::with(&before, &self.draft)?;
            return failing_tests(
                session,
                &ReadView { reader, facts, actor: by.actor, at: by.at, revision, today: None, warning: None },
                tests,
            );
        }
        let before = reader.facts().snapshot()?;
        let facts = Overlay::with(&before, &self.draft)?;
        failing_tests(
            session,
            &ReadView { reader, facts, actor: by.actor, at: by.at, revision, today: None, warning: None },
            tests,
        )
    }

    /// Gives up what the store has by now: words for very many changes need the room.
    pub(super) fn give_up_rows(&mut self) {
        (self.rows, self.draft) = (Vec::new(), Draft::default());
    }

    /// How many things there are of a sign.
    pub(super) fn count(&self, action: PlannedAction) -> u64 {
        self.counts.count(action) + self.planned_changes.count(action) as u64
    }

    /// How many things would be gone.
    pub(super) fn removals(&self) -> u64 {
        self.count(PlannedAction::Remove)
    }

    /// The sum of it, planned or done.
    pub(super) fn summary(&self, is_done: bool) -> String {
        let count = |action| self.count(action);
        if is_done { summary_done(count) } else { summary(count) }
    }

    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && !self.in_parts
    }
}
