//! A manifest held against a store: what would change, and what stands in the way.

use super::super::access::Effect as Access;
use super::super::change::hide_unseen;
use super::super::perm::failing_tests;
use super::super::session::Session;
use super::super::view::View;
use super::{Reach, Read};
use crate::input::document::Mistake;
use crate::manifest::Source;
use crate::manifest::plan::{Effects, Owned, Planner, Refusal};
use crate::model::{Id, Problem, ProblemKind, Time};
use crate::ops::changes::describe;
use crate::ops::{Actor, Work, require_active};
use crate::policy::{Draft, Facts, Overlay, RowChange};
use crate::render::RenderError;
use crate::store::{Reader, StoreFacts};

/// From so many statements on the store is read into memory once, instead of being asked for each.
const MANY: usize = 300;

/// What a manifest would change.
pub(super) struct Planned {
    /// Each thing that would be otherwise, as far as whoever plans may see it.
    pub(super) effects: Effects,
    /// The rows, for the store.
    pub(super) rows: Vec<RowChange>,
    pub(super) last_id: Id,
    /// The same as a draft, for questions about the state it leads to.
    pub(super) draft: Draft,
    pub(super) warnings: Vec<String>,
    /// What the set declared before and does no more.
    pub(super) undeclared: Vec<String>,
    /// What goes with what is removed.
    pub(super) takes: Vec<String>,
}

/// Who plans, and when.
#[derive(Clone, Copy)]
pub(super) struct As {
    pub(super) actor: Actor,
    pub(super) at: Time,
}

/// Holds a manifest against the present of a store.
pub(super) fn plan(reader: &Reader, read: &Read, reach: &Reach, by: As) -> Result<Planned, Problem> {
    let stored = reader.facts();
    require_active(&stored, by.actor, by.at)?;
    // The store as it is for a few, in memory for many.
    let memory;
    let facts: &dyn Facts = if read.manifest.statements.len() < MANY {
        &stored
    } else {
        memory = stored.snapshot()?;
        &memory
    };
    let owned = match &read.manifest.set {
        Some(set) => {
            let (resources, bindings) = reader.declared_by(set.key())?;
            Owned { resources, bindings }
        }
        None => Owned::default(),
    };
    let mut planner = Planner::new(Work::new(facts, by.actor, by.at)?, reach.options(&read.manifest)?);
    for statement in &read.manifest.statements {
        planner.take(statement)?;
    }
    planner.finish(&owned)?;
    if !planner.refusals.is_empty() {
        return Err(refused(&planner.refusals, &read.sources));
    }
    let rows = planner.work.facts().draft().against(facts)?;
    let mut changes = describe(&rows, &planner.work)?;
    let mut warnings = std::mem::take(&mut planner.work.notices);
    hide_unseen(&mut changes, &planner.work, &mut warnings)?;
    let effects = Effects::of(&planner, changes)?;
    let (takes, undeclared) = (std::mem::take(&mut planner.work.takes), std::mem::take(&mut planner.undeclared));
    let Planner { work, .. } = planner;
    let (draft, last_id) = work.finish_unchecked();
    Ok(Planned { effects, rows, last_id, draft, warnings, undeclared, takes })
}

/// What cannot be made so, each at its place.
fn refused(refusals: &[Refusal], sources: &[Source]) -> Problem {
    let Some(first) = refusals.first() else { return Problem::conflict("refused", "nothing was refused") };
    let shown = |refusal: &Refusal| {
        let problem = refusal.problem.clone();
        let details = problem.details.clone();
        let at = refusal.spot.and_then(|spot| Some((spot.place, sources.get(spot.source as usize)?)));
        let mut text = match at {
            Some((place, source)) => Mistake::of(place, problem).shown(&source.name, &source.text),
            None => Mistake::of(crate::input::document::Place::default(), problem).alone(),
        };
        for line in details {
            text.push_str(&format!("\n    - {line}"));
        }
        text
    };
    let mut problem = match refusals.len() {
        1 => first.problem.clone(),
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
    // A single one that stands nowhere is told as any other problem.
    if refusals.len() == 1 && first.spot.is_none() {
        return problem;
    }
    problem.details = refusals.iter().map(shown).collect();
    if refusals.len() == 1 {
        (problem.why, problem.tips) = (None, Vec::new());
    }
    problem
}

impl Planned {
    /// Asks the tests of the state that the manifest leads to, and tells of those that fail. Answers
    /// how many do.
    pub(super) fn failing(
        &self,
        session: &mut Session<'_>,
        reader: &Reader,
        read: &Read,
        by: As,
    ) -> Result<usize, RenderError> {
        if read.manifest.tests.is_empty() {
            return Ok(0);
        }
        let before = reader.facts().snapshot()?;
        let facts = Overlay::with(&before, &self.draft)?;
        let view = View { reader, facts, actor: by.actor, at: by.at, revision: reader.last_revision()? };
        failing_tests(session, &view, &read.manifest.tests)
    }

    /// What it would mean for people.
    pub(super) fn access(&self, facts: &StoreFacts<'_>, by: As) -> Result<Access, Problem> {
        Access::of(facts, &self.draft, &self.rows, by.actor, by.at)
    }

    /// How many things would be gone.
    pub(super) fn removals(&self) -> usize {
        self.effects.count(crate::manifest::plan::Sign::Remove)
    }
}
