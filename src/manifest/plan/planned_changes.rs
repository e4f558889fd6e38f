//! The changes of a plan, for output: a list of [`PlannedChanges`], or [`Counts`] if there are too many to list.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};

use sha2::{Digest, Sha256};

use super::Planner;
use crate::manifest::statement::SourceLocation;
use crate::model::secret::hex;
use crate::model::{Id, Kind, Resource, Role, SetNames};
use crate::ops::describe::Change;
use crate::policy::RowChange;

/// The type of a planned change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PlannedAction {
    /// A row is created.
    Add,
    /// The values of a row change.
    Change,
    /// The name of a resource changes.
    Rename,
    /// A row that was made by hand becomes the set's.
    Adopt,
    /// A row is removed, or an account deactivated.
    Remove,
}

impl PlannedAction {
    /// All actions, in the order of a summary.
    pub const ALL: [PlannedAction; 5] =
        [PlannedAction::Add, PlannedAction::Change, PlannedAction::Rename, PlannedAction::Adopt, PlannedAction::Remove];

    /// The sign in front of a line of a plan.
    pub const fn mark(self) -> char {
        match self {
            PlannedAction::Add => '+',
            PlannedAction::Change => '~',
            PlannedAction::Rename => '>',
            PlannedAction::Adopt => '=',
            PlannedAction::Remove => '-',
        }
    }

    /// The past participle, for the summary of an apply.
    pub const fn past_tense(self) -> &'static str {
        match self {
            PlannedAction::Add => "added",
            PlannedAction::Change => "changed",
            PlannedAction::Rename => "renamed",
            PlannedAction::Adopt => "adopted",
            PlannedAction::Remove => "removed",
        }
    }

    /// The verb, for the summary of a plan and for JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            PlannedAction::Add => "add",
            PlannedAction::Change => "change",
            PlannedAction::Rename => "rename",
            PlannedAction::Adopt => "adopt",
            PlannedAction::Remove => "remove",
        }
    }
}

/// One planned change of a row.
#[derive(Clone, Debug)]
pub struct PlannedChange {
    /// The type of the change.
    pub action: PlannedAction,
    /// The change, in the form of all change lists.
    pub change: Change,
    /// The position of the declaration; `None` for a consequence of another change.
    pub location: Option<SourceLocation>,
}

/// The planned changes in the order of the file, with removals at the end by name.
#[derive(Clone, Debug, Default)]
pub struct PlannedChanges(pub Vec<PlannedChange>);

impl PlannedChanges {
    /// The planned changes of a draft. `rows` come from [`Draft::against`](crate::policy::Draft::against).
    pub fn of(planner: &Planner<'_>, rows: &[RowChange], changes: Vec<Change>) -> PlannedChanges {
        // The changes have the order of the rows that they describe.
        let mut rows = rows.iter();
        let mut sign_of = |id: Id| rows.find(|row| row.id() == Some(id)).map(PlannedAction::of);
        let mut planned_changes: Vec<PlannedChange> = changes
            .into_iter()
            // The root folder is created and removed with its endpoint.
            .filter_map(|change| {
                let action = sign_of(change.row).unwrap_or(PlannedAction::Change);
                let is_root = change.member.is_none() && change.reference.ends_with(":/");
                if is_root && matches!(action, PlannedAction::Add | PlannedAction::Remove) {
                    return None;
                }
                let location = planner.location_of(change.row).or_else(|| planner.location_of(change.resource));
                Some(PlannedChange { action, change, location })
            })
            .collect();
        planned_changes.sort_unstable_by(PlannedChange::in_order);
        PlannedChanges(planned_changes)
    }

    /// The number of changes with an action.
    pub fn count(&self, action: PlannedAction) -> usize {
        self.0.iter().filter(|planned| planned.action == action).count()
    }

    /// A digest over the changes. Two plans with the same effects have the same digest, even if other rows of the store
    /// changed in between.
    pub fn digest(&self) -> String {
        let mut lines: Vec<String> = self.0.iter().map(PlannedChange::fingerprint).collect();
        lines.sort_unstable();
        let mut hasher = Sha256::new();
        for line in lines {
            hasher.update((line.len() as u64).to_be_bytes());
            hasher.update(line);
        }
        hex(&hasher.finalize())
    }
}

/// The summary of a plan, from the number of each action: `Plan: 12 to add, 3 to change, 0 to remove.` These three are
/// always named, and the other actions follow if there are any.
pub fn summary(count: impl Fn(PlannedAction) -> u64) -> String {
    sum("Plan", count, |action| format!("to {}", action.as_str()))
}

/// The summary of an apply: `Applied: 12 added, 3 changed, 1 removed.`
pub fn summary_done(count: impl Fn(PlannedAction) -> u64) -> String {
    sum("Applied", count, |action| action.past_tense().to_owned())
}

fn sum(head: &str, count: impl Fn(PlannedAction) -> u64, word: impl Fn(PlannedAction) -> String) -> String {
    let always = [PlannedAction::Add, PlannedAction::Change, PlannedAction::Remove];
    if PlannedAction::ALL.into_iter().all(|action| count(action) == 0) {
        return "No changes.".to_owned();
    }
    let others = PlannedAction::ALL.into_iter().filter(|action| !always.contains(action) && count(*action) > 0);
    let counted: Vec<String> =
        always.into_iter().chain(others).map(|action| format!("{} {}", count(action), word(action))).collect();
    format!("{head}: {}.", counted.join(", "))
}

impl PlannedChange {
    /// Compares by position in the file; removals come last, by name.
    fn in_order(&self, other: &PlannedChange) -> Ordering {
        let removed = |planned: &PlannedChange| planned.action == PlannedAction::Remove;
        let location = |planned: &PlannedChange| {
            planned
                .location
                .map_or((u32::MAX, 0, 0), |location| (location.source, location.span.line, location.span.column))
        };
        let either = match (removed(self), removed(other)) {
            (true, true) => {
                let (own, others) = (&self.change, &other.change);
                own.reference.cmp(&others.reference).then_with(|| own.member.cmp(&others.member))
            }
            (false, false) => location(self).cmp(&location(other)),
            (one, two) => one.cmp(&two),
        };
        either.then(self.change.row.cmp(&other.change.row))
    }

    /// The effect as one line with all values, without the position in a file. Input of the digest.
    pub fn fingerprint(&self) -> String {
        format!("{} {}", self.action.mark(), self.change.json())
    }
}

impl PlannedAction {
    /// The action of a change of a row.
    pub fn of(row: &RowChange) -> PlannedAction {
        let adopted = |was: &SetNames, is: &SetNames| was.is_empty() && !is.is_empty();
        let is_id =
            |side: &Option<std::rc::Rc<Resource>>| side.as_ref().is_some_and(|it| it.kind() == Kind::ExternalId);
        match row {
            // Part of what it identifies.
            RowChange::Resource(before, after) if is_id(before) || is_id(after) => PlannedAction::Change,
            RowChange::Resource(None, _) | RowChange::Binding(None, _) => PlannedAction::Add,
            RowChange::Resource(_, None) | RowChange::Binding(_, None) => PlannedAction::Remove,
            RowChange::Resource(Some(before), Some(after)) => {
                let active = |side: &Resource| side.as_account().is_none_or(|account| account.active);
                if active(before) && !active(after) {
                    PlannedAction::Remove
                } else if before.name != after.name {
                    PlannedAction::Rename
                } else if adopted(&before.sets, &after.sets) {
                    PlannedAction::Adopt
                } else {
                    PlannedAction::Change
                }
            }
            RowChange::Binding(Some(before), Some(after)) if adopted(&before.sets, &after.sets) => PlannedAction::Adopt,
            RowChange::Binding(Some(_), Some(_)) => PlannedAction::Change,
        }
    }
}

/// The number of changes by action and type of row, for plans with too many changes to list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts(pub BTreeMap<(PlannedAction, &'static str), u64>);

impl Counts {
    /// Counts some rows.
    pub fn add(&mut self, rows: &[RowChange]) {
        let changed: HashSet<Id> = rows.iter().filter_map(RowChange::id).collect();
        for row in rows {
            let what = match row {
                RowChange::Resource(before, after) => match after.as_ref().or(before.as_ref()) {
                    // The root folder is created and removed with its endpoint.
                    Some(any) if any.is_root() && (before.is_none() || after.is_none()) => continue,
                    // An external id is part of what it identifies.
                    Some(any)
                        if any.kind() == Kind::ExternalId && any.parent.is_some_and(|of| changed.contains(&of)) =>
                    {
                        continue;
                    }
                    Some(any) => any.kind().as_str(),
                    None => continue,
                },
                RowChange::Binding(before, after) => match after.as_ref().or(before.as_deref()).map(|any| any.role) {
                    Some(Role::ItemShare) => "share",
                    Some(Role::ItemOwner) => "owner",
                    // The role of an account is created and removed with the account.
                    Some(role) if role.resource_kind() == Kind::Server => {
                        let both = matches!(row, RowChange::Binding(Some(_), Some(_)));
                        if !both {
                            continue;
                        }
                        "role"
                    }
                    Some(role) if role.resource_kind() == Kind::Endpoint => "role",
                    Some(_) => "member",
                    None => continue,
                },
            };
            *self.0.entry((PlannedAction::of(row), what)).or_default() += 1;
        }
    }

    /// The number of changes with an action.
    pub fn count(&self, action: PlannedAction) -> u64 {
        self.0.iter().filter(|((known, _), _)| *known == action).map(|(_, count)| count).sum()
    }
}
