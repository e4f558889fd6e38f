//! What a plan comes to: each thing that would be otherwise, in a line.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::Planner;
use crate::manifest::statement::SourceLocation;
use crate::model::secret::hex;
use crate::model::{Id, Kind, Resource, Role, SetNames};
use crate::ops::describe::Change;
use crate::policy::{Facts, RowChange};

/// What would become of a thing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PlannedAction {
    /// It would be new.
    Add,
    /// It would be otherwise.
    Change,
    /// It would have another name.
    Rename,
    /// It was made by hand, and would be the set's.
    Adopt,
    /// It would be gone, or an account deactivated.
    Remove,
}

impl PlannedAction {
    /// Every sign, in the order in which they are counted.
    pub const ALL: [PlannedAction; 5] =
        [PlannedAction::Add, PlannedAction::Change, PlannedAction::Rename, PlannedAction::Adopt, PlannedAction::Remove];

    /// As it stands in front of a line.
    pub const fn mark(self) -> char {
        match self {
            PlannedAction::Add => '+',
            PlannedAction::Change => '~',
            PlannedAction::Rename => '>',
            PlannedAction::Adopt => '=',
            PlannedAction::Remove => '-',
        }
    }

    /// The word once it is done.
    pub const fn past_tense(self) -> &'static str {
        match self {
            PlannedAction::Add => "added",
            PlannedAction::Change => "changed",
            PlannedAction::Rename => "renamed",
            PlannedAction::Adopt => "adopted",
            PlannedAction::Remove => "removed",
        }
    }

    /// The word as it is counted.
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

/// One thing that would be otherwise.
#[derive(Clone, Debug)]
pub struct PlannedChange {
    /// What would become of it.
    pub action: PlannedAction,
    /// The change, as everywhere.
    pub change: Change,
    /// Where it is declared; none for what follows from something else.
    pub location: Option<SourceLocation>,
}

/// Everything that would be otherwise: in the order of the file, removals by name at the end.
#[derive(Clone, Debug, Default)]
pub struct PlannedChanges(pub Vec<PlannedChange>);

impl PlannedChanges {
    /// From the changes of a plan's draft; rows as [`Draft::against`](crate::policy::Draft::against) has them.
    pub fn of<F: Facts + ?Sized>(planner: &Planner<'_, F>, rows: &[RowChange], changes: Vec<Change>) -> PlannedChanges {
        // The changes stand in the order of the rows that they describe.
        let mut rows = rows.iter();
        let mut sign_of = |id: Id| rows.find(|row| row.id() == Some(id)).map(PlannedAction::of);
        let mut planned_changes: Vec<PlannedChange> = changes
            .into_iter()
            // The root folder comes and goes with its endpoint.
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

    /// How many there are of a sign.
    pub fn count(&self, action: PlannedAction) -> usize {
        self.0.iter().filter(|planned| planned.action == action).count()
    }

    /// A digest over what would be otherwise, by name: two plans with the same effects have the same,
    /// whatever else has changed meanwhile.
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

/// The sum of a plan, from how many there are of each sign: `Plan: 12 to add, 3 to change, 0 to remove.` The
/// three are always named, and after them whatever else there is.
pub fn summary(count: impl Fn(PlannedAction) -> u64) -> String {
    sum("Plan", count, |action| format!("to {}", action.as_str()))
}

/// The same once it is done: `Applied: 12 added, 3 changed, 1 removed.`
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
    /// In the order of the file; removals at the end, by name.
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

    /// The effect as a line that says all of it, without its place in a file.
    pub fn fingerprint(&self) -> String {
        format!("{} {}", self.action.mark(), self.change.json())
    }
}

impl PlannedAction {
    /// What a change of a row comes to.
    pub fn of(row: &RowChange) -> PlannedAction {
        let adopted = |was: &SetNames, is: &SetNames| was.is_empty() && !is.is_empty();
        match row {
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

/// How many things would be otherwise, where they are too many to be listed: by what they are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts(pub BTreeMap<(PlannedAction, &'static str), u64>);

impl Counts {
    /// Adds some rows.
    pub fn add(&mut self, rows: &[RowChange]) {
        for row in rows {
            let what = match row {
                RowChange::Resource(before, after) => match after.as_ref().or(before.as_ref()) {
                    // The root folder comes and goes with its endpoint.
                    Some(any) if any.is_root() && (before.is_none() || after.is_none()) => continue,
                    Some(any) => any.kind().as_str(),
                    None => continue,
                },
                RowChange::Binding(before, after) => match after.as_ref().or(before.as_deref()).map(|any| any.role) {
                    Some(Role::ItemShare) => "share",
                    Some(Role::ItemOwner) => "owner",
                    // An account's role goes with the account.
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

    /// How many there are of a sign.
    pub fn count(&self, action: PlannedAction) -> u64 {
        self.0.iter().filter(|((known, _), _)| *known == action).map(|(_, count)| count).sum()
    }
}
