//! `audit findings --between`: when accounts had rights that no one account should have together.

use std::ops::ControlFlow;

use serde_json::{Value, json};

use super::super::Outcome;
use super::super::args::PageArgs;
use super::super::session::Session;
use super::super::view::ReadView;
use crate::manifest::audit_policy::AuditPolicy;
use crate::model::{Id, Problem, Revision, Time, Verb};
use crate::ops::separation::{ConflictSearch, Missing};
use crate::ops::violation_periods::{HistoryMoment, ViolationPeriods, can_differ};
use crate::render::{Column, RenderError, hidden, key, row, shown};
use crate::store::LogRange;

static COLUMNS: [Column; 9] = [
    key("conflict"),
    key("principal"),
    key("from"),
    shown("until"),
    hidden("resource"),
    shown("detail"),
    shown("since"),
    hidden("until_revision"),
    hidden("why"),
];

/// The moments that `--between` names.
pub(super) struct Span<'t> {
    pub(super) from: &'t str,
    pub(super) to: &'t str,
}

impl Span<'_> {
    /// Lists the periods. Returns whether there is one.
    pub(super) fn run(&self, session: &mut Session<'_>, policy: &AuditPolicy, paging: &PageArgs) -> Outcome {
        if policy.conflicts.is_empty() {
            let problem = Problem::usage("no_conflicts", "no conflicts to look for");
            return Err(problem.tip("name a policy with `conflicts`: --policy FILE, or the configuration").into());
        }
        session.read(None, |session, view| {
            // A conflict can rest on anything, so its history is for readers of the whole log.
            view.transaction()?.require_verb(Verb::ViewLog, Id::SERVER)?;
            let moment = |text| ReadView::new(view.reader, view.actor, Some(text), view.at);
            let (from, to) = (moment(self.from)?, moment(self.to)?);
            if (to.revision, to.at) < (from.revision, from.at) {
                let message = format!("{} lies before {}", self.to, self.from);
                return Err(Problem::usage("bad_span", message).tip("--between FROM TO, the earlier one first").into());
            }
            check_names(view, &to, policy)?;
            let mut periods = ViolationPeriods::new(&policy.conflicts);
            let moments = moments(view, policy, (from.revision, from.at), to.revision)?;
            for (index, (revision, at)) in moments.iter().enumerate() {
                // The last state lasts through the end, which is asked for too.
                let until = moments.get(index + 1).map_or(Time(to.at.0.saturating_add(1)), |(_, next)| *next);
                periods.add(&view.reader.facts_at(*revision), (*revision, *at), until)?;
            }
            let periods = periods.finish();
            let rows = periods.iter().map(|it| {
                let conflict = policy.conflicts.get(it.conflict);
                let until = it.until.map(|(revision, at)| (revision, at.to_string())).unzip();
                let values: [Value; 9] = [
                    json!(conflict.map(|it| &it.name)),
                    json!(it.name),
                    json!(it.from.1.to_string()),
                    json!(until.1),
                    json!(it.on),
                    json!(it.held),
                    json!(it.from.0),
                    json!(until.0),
                    json!(conflict.and_then(|it| it.why.as_ref())),
                ];
                Ok(row(&COLUMNS, values))
            });
            session.list(&COLUMNS, rows, paging)?;
            Ok(u8::from(!periods.is_empty()))
        })
    }
}

/// Refuses a name that is known neither now nor at the end of the span: it is probably misspelt.
fn check_names(view: &ReadView<'_>, to: &ReadView<'_>, policy: &AuditPolicy) -> Result<(), Problem> {
    let then = ConflictSearch::new(&to.facts, to.at, Missing::Refuse);
    let now = ConflictSearch::new(&view.facts, view.at, Missing::Refuse);
    policy.conflicts.iter().try_for_each(|it| then.check_names(it).or_else(|_| now.check_names(it)))
}

/// The revisions of a span after which a conflict can have other violators, each with its time, the first one with the
/// begin of the span.
fn moments(
    view: &ReadView<'_>,
    policy: &AuditPolicy,
    from: HistoryMoment,
    last: Revision,
) -> Result<Vec<HistoryMoment>, RenderError> {
    let range = LogRange { from: from.0 + 1, before: last + 1, actor: None, is_denied: false };
    let mut moments = Vec::new();
    view.reader.log(&range, &mut |entry| {
        if entry.denied.is_none() {
            moments.push((entry.number, entry.at));
        }
        Ok::<_, RenderError>(true)
    })?;
    let mut kept = vec![from];
    for moment in moments.into_iter().rev() {
        let (number, mut changes) = (moment.0, Vec::new());
        view.reader.each_change(number, &mut |change| {
            changes.push(change);
            Ok::<_, RenderError>(ControlFlow::Continue(()))
        })?;
        let (before, after) = (view.reader.facts_at(number.saturating_sub(1)), view.reader.facts_at(number));
        if can_differ(&policy.conflicts, &before, &after, &changes)? {
            kept.push(moment);
        }
    }
    Ok(kept)
}
