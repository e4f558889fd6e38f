//! What a change would mean for people: `--dry-run --access`.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde_json::{Map, Value, json};

use super::perm::words;
use crate::model::{Binding, Id, Kind, Problem, Time};
use crate::ops::share::cascade::{is_delegated, unsupported};
use crate::ops::{Actor, scope};
use crate::policy::listing::{Comparison, Counts, Difference, Part, Scope, Twins};
use crate::policy::{Draft, Facts, Overlay, Panel, RowChange, Select, Viewer};
use crate::render::{Column, Row, hidden, row, shown};
use crate::store::{Snapshot, StoreFacts};

/// The columns of what is gained and lost.
pub(super) static COLUMNS: [Column; 6] =
    [shown("principal"), shown("resource"), hidden("items"), shown("gained"), shown("lost"), shown("via")];
static SHARES: [Column; 4] = [shown("item"), shown("principal"), shown("permissions"), shown("by")];

/// What a change would mean.
pub(super) struct Effect {
    /// Who would gain and lose what.
    pub(super) rows: Vec<Row>,
    /// The same as lines for people.
    lines: Vec<String>,
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
        let mut effect = Effect { rows: Vec::new(), lines: Vec::new(), orphaned: Vec::new(), hidden: 0 };
        let (panel_before, panel_after) = (Panel::new(&before, at), Panel::new(&after, at));
        let comparison = Comparison::new(&panel_before, &panel_after, Twins::by_id());
        // told: each line is asked about below.
        let name = |id: Id| if after.outline(id)?.is_some() { after.reference(id) } else { before.reference(id) };
        // Of what comes or goes, whoever sees it on one side is told.
        let (viewer_before, viewer_after) = (Viewer::new(&before, actor, at)?, Viewer::new(&after, actor, at)?);
        let mut differences: Vec<Difference> = Vec::new();
        let mut counts = Counts::default();
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
            let parts = comparison.parts(&difference)?;
            let items = comparison.items(difference.resource, &mut counts)?;
            let (who, on) = (name(who)?, name(on)?);
            let mut groups: Vec<String> = Vec::new();
            for part in &parts {
                let via = part.via.map(name).transpose()?;
                effect.lines.push(line(part, &who, &on, items, via.as_deref()));
                groups.extend(via.filter(|via| !groups.contains(via)));
            }
            let (gained, lost) = (words(&difference.gained), words(&difference.lost));
            effect.rows.push(row(&COLUMNS, [json!(who), json!(on), json!(items), gained, lost, json!(groups)]));
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
        let mut lines = self.lines.clone();
        lines.extend(self.notices());
        if lines.is_empty() {
            lines.push("nobody would gain or lose anything".to_owned());
        }
        lines
    }

    /// What stands beside the rows, where these are all that is printed.
    pub(super) fn notices(&self) -> Vec<String> {
        let text = |row: &Row, field: &str| row.get(field).map(crate::render::plain).unwrap_or_default();
        let mut lines = Vec::new();
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
        lines
    }

    /// Adds what programs are told: the rows, and how many there are that whoever asks is not told of.
    pub(super) fn add_to(&self, object: &mut Map<String, Value>) {
        object.insert("access".to_owned(), json!(self.rows));
        object.insert("orphaned".to_owned(), json!(self.orphaned));
        object.insert("access_hidden".to_owned(), json!(self.hidden));
    }
}

/// A part of a difference as a line: `+ user:bob gains download on node1:/projects (412 items) via group:editors`.
fn line(part: &Part, who: &str, on: &str, items: Option<usize>, via: Option<&str>) -> String {
    let (sign, verb) = if part.gained { ('+', "gains") } else { ('-', "loses") };
    let actions: Vec<String> = part.actions.iter().map(ToString::to_string).collect();
    let mut line = format!("{sign} {who} {verb} {} on {on}", actions.join(", "));
    if let Some(items) = items.filter(|items| *items > 0) {
        line.push_str(&if items == 1 { " (1 item)".to_owned() } else { format!(" ({items} items)") });
    }
    if let Some(via) = via {
        line.push_str(&format!(" via {via}"));
    }
    line
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
