//! What a change would mean for people: `--dry-run --access`.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde_json::json;

use super::perm::words;
use crate::model::{Binding, Id, Kind, Problem, Time};
use crate::ops::share::cascade::{is_delegated, unsupported};
use crate::ops::{Actor, scope};
use crate::policy::listing::{Comparison, Difference, Scope, Twins};
use crate::policy::{Draft, Facts, Overlay, Panel, RowChange, Select, Viewer};
use crate::render::{Column, Row, row, shown};
use crate::store::{Snapshot, StoreFacts};

/// The columns of what is gained and lost.
pub(super) static COLUMNS: [Column; 4] = [shown("principal"), shown("resource"), shown("gained"), shown("lost")];
static SHARES: [Column; 4] = [shown("item"), shown("principal"), shown("permissions"), shown("by")];

/// What a change would mean.
pub(super) struct Effect {
    /// Who would gain and lose what.
    pub(super) rows: Vec<Row>,
    /// Shares that would be left without what they rest on.
    pub(super) orphaned: Vec<Row>,
    /// How many rows whoever asks is not told of.
    hidden: usize,
}

impl Effect {
    /// Compares the state with the one a draft would lead to.
    pub(super) fn of(
        facts: &StoreFacts<'_>,
        draft: &Draft,
        changes: &[RowChange],
        actor: Actor,
        at: Time,
    ) -> Result<Effect, Problem> {
        let before = facts.snapshot()?;
        let after = Overlay::with(&before, draft)?;
        let scope = scope(&before, &after, changes)?;
        let mut effect = Effect { rows: Vec::new(), orphaned: Vec::new(), hidden: 0 };
        let (panel_before, panel_after) = (Panel::new(&before, at), Panel::new(&after, at));
        let comparison = Comparison { before: &panel_before, after: &panel_after, twins: Twins::by_id() };
        let name = |id: Id| if after.outline(id)?.is_some() { after.reference(id) } else { before.reference(id) };
        // Of what comes or goes, whoever sees it on one side is told.
        let (viewer_before, viewer_after) = (Viewer::new(&before, actor, at)?, Viewer::new(&after, actor, at)?);
        let mut differences: Vec<Difference> = Vec::new();
        comparison.each(&scope, &mut |difference| {
            differences.push(difference);
            Ok(ControlFlow::Continue(()))
        })?;
        for difference in differences {
            let (Some(who), Some(on)) =
                (difference.principal.0.or(difference.principal.1), difference.resource.0.or(difference.resource.1))
            else {
                continue;
            };
            if !viewer_before.is_told_access(who, on)? && !viewer_after.is_told_access(who, on)? {
                effect.hidden += 1;
                continue;
            }
            effect.rows.push(row(
                &COLUMNS,
                [json!(name(who)?), json!(name(on)?), words(&difference.gained), words(&difference.lost)],
            ));
        }
        for share in orphaned(&before, &after, &scope, at)? {
            if !viewer_before.may_ask_about_others(share.resource, Kind::Item)? {
                effect.hidden += 1;
                continue;
            }
            let by = share.grantor.map_or_else(|| Ok("operator".to_owned()), name)?;
            effect.orphaned.push(row(
                &SHARES,
                [
                    json!(name(share.resource)?),
                    json!(name(share.principal)?),
                    json!(share.attributes.permissions),
                    json!(by),
                ],
            ));
        }
        Ok(effect)
    }

    /// As lines for people.
    pub(super) fn lines(&self) -> Vec<String> {
        let text = |row: &Row, field: &str| row.get(field).map(crate::render::plain).unwrap_or_default();
        let mut lines = Vec::new();
        for row in &self.rows {
            let (who, on) = (text(row, "principal"), text(row, "resource"));
            for (sign, word, field) in [('-', "loses", "lost"), ('+', "gains", "gained")] {
                let actions = text(row, field).replace(' ', ", ");
                if !actions.is_empty() {
                    lines.push(format!("{sign} {who} {word} {actions} on {on}"));
                }
            }
        }
        for row in &self.orphaned {
            lines.push(format!(
                "! the share of {} with {} by {} would be left without its base",
                text(row, "item"),
                text(row, "principal"),
                text(row, "by")
            ));
        }
        if self.hidden > 0 {
            lines.push(format!("{} more, on what you do not administer", self.hidden));
        }
        if lines.is_empty() {
            lines.push("nobody would gain or lose anything".to_owned());
        }
        lines
    }
}

/// The shares that rest on something before a change and not after it.
fn orphaned(
    before: &Snapshot,
    after: &Overlay<'_, Snapshot>,
    scope: &Scope,
    at: Time,
) -> Result<Vec<Binding>, Problem> {
    let mut sharers: BTreeSet<Id> = BTreeSet::new();
    match &scope.holders {
        Some(holders) => sharers.extend(holders),
        None => sharers.extend(before.ids(Kind::Account, None)?),
    }
    let mut shares = Vec::new();
    for sharer in sharers {
        for share in after.list(Select::SharesBy(sharer))? {
            if share.is_effective(at) && is_delegated(after, &share)? {
                shares.push(share);
            }
        }
    }
    let hung: BTreeSet<Id> = unsupported(before, shares.clone(), at)?.into_iter().map(|loss| loss.share.id).collect();
    let hang = unsupported(after, shares, at)?.into_iter().map(|loss| loss.share);
    Ok(hang.filter(|share| !hung.contains(&share.id)).collect())
}
