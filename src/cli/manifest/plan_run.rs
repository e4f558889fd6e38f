//! Plans a manifest on a store: the changes, or the problem that lists all refusals.

use std::cell::OnceCell;
use std::rc::Rc;

use super::super::access_impact::AccessImpact;
use super::super::change::hide_unseen;
use super::super::perm::{FailingTests, failing_tests};
use super::super::session::Session;
use super::super::view::{ReadView, adaptive};
use super::ApplyOptions;
use super::input::{MAX_SHOWN, ManifestInput};
use crate::input::document::Diagnostic;
use crate::manifest::plan::{
    Counts, Owned, PlanRefusal, PlannedAction, PlannedChanges, Planner, summary, summary_done,
};
use crate::model::escape::escape_hidden;
use crate::model::{Id, Name, Problem, ProblemKind, Revision, Time};
use crate::ops::describe::describe;
use crate::ops::separation::Conflict;
use crate::ops::{Actor, Transaction, require_active};
use crate::policy::{Draft, Facts, Overlay, RowChange, SwappableFacts};
use crate::render::RenderError;
use crate::store::{Reader, Snapshot, Writer};

/// From this many statements on, reading the store into memory costs less than queries for each statement.
const SNAPSHOT_THRESHOLD: usize = 300;

/// The maximum number of changes from rows that are listed. More changes are only counted.
const MAX_LISTED: usize = 1000;

/// The number of changed rows from which on a part of an apply is written.
const PART_ROWS: usize = 20_000;

/// The result of planning a manifest.
pub(super) struct Planned {
    /// The changes that the actor may see; empty if they are only counted.
    pub(super) planned_changes: PlannedChanges,
    /// The numbers of changes, if there are too many to list.
    pub(super) counts: Counts,
    /// Whether a part of the changes was written already.
    pub(super) in_parts: bool,
    /// The changed rows that are still to be written.
    pub(super) rows: Vec<RowChange>,
    pub(super) last_id: Id,
    /// The same changes as a draft, for questions about the state after the apply.
    pub(super) draft: Draft,
    /// The changes of access; `None` without `--access`.
    pub(super) access: Option<AccessImpact>,
    pub(super) warnings: Vec<String>,
    /// What the set owns and no longer declares, without `--prune`.
    pub(super) undeclared: Vec<String>,
    /// Descriptions of what is removed together with other resources.
    pub(super) cascades: Vec<String>,
}

/// The actor, the time and the restrictions of a plan.
#[derive(Clone)]
pub(super) struct PlanContext {
    pub(super) actor: Actor,
    pub(super) at: Time,
    /// The conflicts that no change may make.
    pub(super) enforced: Rc<[Conflict]>,
}

impl PlanContext {
    /// A view of planned facts over a revision.
    fn view<'r, F: Facts>(&self, reader: &'r Reader, facts: F, revision: Revision) -> ReadView<'r, F> {
        let (actor, at, enforced) = (self.actor, self.at, Rc::clone(&self.enforced));
        ReadView { reader, facts, actor, at, revision, today: None, enforced, warning: None }
    }
}

/// Plans a manifest on the present state of a store. With a writer, the changes of many rows are written in parts. With
/// `with_access`, the plan includes the changes of access.
pub(super) fn plan(
    (reader, writer): (&Reader, Option<&Writer>),
    read: &mut ManifestInput,
    options: &ApplyOptions,
    by: &PlanContext,
    with_access: bool,
) -> Result<Planned, Problem> {
    let stored = reader.facts();
    require_active(&stored, by.actor, by.at)?;
    // Few statements query the store; for many, it is read into memory.
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
    let mut tx = Transaction::new(facts, by.actor, by.at)?;
    tx.enforce(Rc::clone(&by.enforced));
    let mut planner = Planner::new(tx, options.options(&read.manifest)?);
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
            // The rows that the set owned before must be read before a part is written.
            owned()?;
            let rows = planner.part()?;
            counts.add(&rows);
            writer.write_part(&rows)?;
            // The snapshot in memory does not have the written part, so the planner continues on the store.
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
        Some(AccessImpact::of((&facts, planner.tx.facts()), &rows, (by.actor, by.at))?)
    } else {
        None
    };
    let Planner { mut tx, undeclared, .. } = planner;
    let cascades = std::mem::take(&mut tx.cascades);
    let (draft, last_id) = tx.finish_unchecked();
    Ok(Planned { planned_changes, counts, in_parts, rows, last_id, draft, access, warnings, undeclared, cascades })
}

/// The rows that the set of a manifest owns in the store.
fn owned_by(set: Option<&Name>, reader: &Reader, memory: Option<&Snapshot>) -> Result<Owned, Problem> {
    let Some(set) = set else { return Ok(Owned::default()) };
    let (resources, bindings) = match memory {
        Some(memory) => memory.declared_by(set.key()),
        None => reader.declared_by(set.key())?,
    };
    Ok(Owned { resources, bindings })
}

/// Plans the statements of files that were read as a whole. Keeps them only if they are planned again.
fn take_statements(planner: &mut Planner<'_>, read: &mut ManifestInput) -> Result<(), Problem> {
    for statement in std::mem::take(&mut read.manifest.statements) {
        planner.take(&statement)?;
        if read.is_planned_again {
            read.manifest.statements.push(statement);
        }
    }
    Ok(())
}

/// The problem that lists refusals, each with its position: as many as of mistakes, then how many more there are.
fn refused(refusals: &[PlanRefusal], read: &ManifestInput) -> Problem {
    let Some(first) = refusals.first() else { return Problem::conflict("refused", "nothing was refused") };
    // There can be a refusal in every line, so the lines are split once.
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
        1 => Problem { message: "this change cannot be made".to_owned(), ..first.problem.clone() },
        count => {
            let of = |kind: ProblemKind| refusals.iter().filter(|it| it.problem.kind == kind).count();
            let denied = of(ProblemKind::Denied);
            let message = match denied {
                0 => format!("{count} changes cannot be made"),
                _ if denied == count => format!("{count} changes may not be made"),
                _ => format!("{count} changes cannot or may not be made"),
            };
            let mut problem = Problem::new(first.problem.kind, first.problem.code, message);
            problem.rule = first.problem.rule;
            problem
        }
    };
    let mut blocks: Vec<String> = refusals.iter().take(MAX_SHOWN).map(shown).collect();
    blocks.extend(refusals.len().checked_sub(MAX_SHOWN + 1).map(|more| format!("and {} more", more + 1)));
    problem = problem.with_blocks(blocks);
    if refusals.len() == 1 {
        (problem.why, problem.tips) = (None, Vec::new());
    }
    problem
}

impl Planned {
    /// Runs the tests of the manifest on the state after the apply.
    pub(super) fn failing<'t>(
        &self,
        session: &Session<'_>,
        reader: &Reader,
        read: &'t ManifestInput,
        by: &PlanContext,
    ) -> Result<FailingTests<'t>, RenderError> {
        if read.manifest.tests.is_empty() {
            return Ok(FailingTests::default());
        }
        let revision = reader.last_revision()?;
        let tests = &read.manifest.tests;
        // Written parts are visible only to this connection, so a snapshot would not have them.
        if self.in_parts {
            let before = reader.facts();
            let facts = Overlay::with(&before, &self.draft)?;
            return failing_tests(session, &by.view(reader, facts, revision), tests);
        }
        let before = reader.facts().snapshot()?;
        let facts = Overlay::with(&before, &self.draft)?;
        failing_tests(session, &by.view(reader, facts, revision), tests)
    }

    /// Drops the rows after they are committed, because the output of very many changes needs the memory.
    pub(super) fn give_up_rows(&mut self) {
        (self.rows, self.draft) = (Vec::new(), Draft::default());
    }

    /// The number of changes with an action.
    pub(super) fn count(&self, action: PlannedAction) -> u64 {
        self.counts.count(action) + self.planned_changes.count(action) as u64
    }

    /// The number of removals.
    pub(super) fn removals(&self) -> u64 {
        self.count(PlannedAction::Remove)
    }

    /// The summary line of a plan, or of an apply if `is_done`.
    pub(super) fn summary(&self, is_done: bool) -> String {
        let count = |action| self.count(action);
        if is_done { summary_done(count) } else { summary(count) }
    }

    /// Whether the plan has no changes.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && !self.in_parts
    }
}
