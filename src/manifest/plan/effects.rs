//! What a plan comes to: each thing that would be otherwise, in a line.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::Planner;
use crate::manifest::statement::Spot;
use crate::model::secret::hex;
use crate::model::{Id, Kind, Resource, Role, SetNames};
use crate::ops::describe::Change;
use crate::policy::{Facts, RowChange};

/// What would become of a thing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Sign {
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

impl Sign {
    /// Every sign, in the order in which they are counted.
    pub const ALL: [Sign; 5] = [Sign::Add, Sign::Change, Sign::Rename, Sign::Adopt, Sign::Remove];

    /// As it stands in front of a line.
    pub const fn mark(self) -> char {
        match self {
            Sign::Add => '+',
            Sign::Change => '~',
            Sign::Rename => '>',
            Sign::Adopt => '=',
            Sign::Remove => '-',
        }
    }

    /// The word once it is done.
    pub const fn past(self) -> &'static str {
        match self {
            Sign::Add => "added",
            Sign::Change => "changed",
            Sign::Rename => "renamed",
            Sign::Adopt => "adopted",
            Sign::Remove => "removed",
        }
    }

    /// The word as it is counted.
    pub const fn word(self) -> &'static str {
        match self {
            Sign::Add => "add",
            Sign::Change => "change",
            Sign::Rename => "rename",
            Sign::Adopt => "adopt",
            Sign::Remove => "remove",
        }
    }
}

/// One thing that would be otherwise.
#[derive(Clone, Debug)]
pub struct Effect {
    /// What would become of it.
    pub sign: Sign,
    /// The change, as everywhere.
    pub change: Change,
    /// Where it is declared; none for what follows from something else.
    pub spot: Option<Spot>,
}

/// Everything that would be otherwise: in the order of the file, removals by name at the end.
#[derive(Clone, Debug, Default)]
pub struct Effects(pub Vec<Effect>);

impl Effects {
    /// From the changes of a plan's draft; rows as [`Draft::against`](crate::policy::Draft::against) has them.
    pub fn of<F: Facts + ?Sized>(planner: &Planner<'_, F>, rows: &[RowChange], changes: Vec<Change>) -> Effects {
        // The changes stand in the order of the rows that they describe.
        let mut rows = rows.iter();
        let mut sign_of = |id: Id| rows.find(|row| row.id() == Some(id)).map(Sign::of);
        let mut effects: Vec<Effect> = changes
            .into_iter()
            // The root folder comes and goes with its endpoint.
            .filter_map(|change| {
                let sign = sign_of(change.row).unwrap_or(Sign::Change);
                let is_root = change.member.is_none() && change.reference.ends_with(":/");
                if is_root && matches!(sign, Sign::Add | Sign::Remove) {
                    return None;
                }
                let spot = planner.spot_of(change.row).or_else(|| planner.spot_of(change.resource));
                Some(Effect { sign, change, spot })
            })
            .collect();
        effects.sort_unstable_by(Effect::in_order);
        Effects(effects)
    }

    /// How many there are of a sign.
    pub fn count(&self, sign: Sign) -> usize {
        self.0.iter().filter(|effect| effect.sign == sign).count()
    }

    /// A digest over what would be otherwise, by name: two plans with the same effects have the same,
    /// whatever else has changed meanwhile.
    pub fn digest(&self) -> String {
        let mut lines: Vec<String> = self.0.iter().map(Effect::essence).collect();
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
pub fn summary(count: impl Fn(Sign) -> u64) -> String {
    sum("Plan", count, |sign| format!("to {}", sign.word()))
}

/// The same once it is done: `Applied: 12 added, 3 changed, 1 removed.`
pub fn summary_done(count: impl Fn(Sign) -> u64) -> String {
    sum("Applied", count, |sign| sign.past().to_owned())
}

fn sum(head: &str, count: impl Fn(Sign) -> u64, word: impl Fn(Sign) -> String) -> String {
    let always = [Sign::Add, Sign::Change, Sign::Remove];
    if Sign::ALL.into_iter().all(|sign| count(sign) == 0) {
        return "No changes.".to_owned();
    }
    let others = Sign::ALL.into_iter().filter(|sign| !always.contains(sign) && count(*sign) > 0);
    let counted: Vec<String> =
        always.into_iter().chain(others).map(|sign| format!("{} {}", count(sign), word(sign))).collect();
    format!("{head}: {}.", counted.join(", "))
}

impl Effect {
    /// In the order of the file; removals at the end, by name.
    fn in_order(&self, other: &Effect) -> Ordering {
        let removed = |effect: &Effect| effect.sign == Sign::Remove;
        let spot = |effect: &Effect| {
            effect.spot.map_or((u32::MAX, 0, 0), |spot| (spot.source, spot.place.line, spot.place.column))
        };
        let either = match (removed(self), removed(other)) {
            (true, true) => {
                let (own, others) = (&self.change, &other.change);
                own.reference.cmp(&others.reference).then_with(|| own.member.cmp(&others.member))
            }
            (false, false) => spot(self).cmp(&spot(other)),
            (one, two) => one.cmp(&two),
        };
        either.then(self.change.row.cmp(&other.change.row))
    }

    /// The effect as a line that says all of it, without its place in a file.
    pub fn essence(&self) -> String {
        format!("{} {}", self.sign.mark(), self.change.json())
    }
}

impl Sign {
    /// What a change of a row comes to.
    pub fn of(row: &RowChange) -> Sign {
        let adopted = |was: &SetNames, is: &SetNames| was.is_empty() && !is.is_empty();
        match row {
            RowChange::Resource(None, _) | RowChange::Binding(None, _) => Sign::Add,
            RowChange::Resource(_, None) | RowChange::Binding(_, None) => Sign::Remove,
            RowChange::Resource(Some(before), Some(after)) => {
                let active = |side: &Resource| side.as_account().is_none_or(|account| account.active);
                if active(before) && !active(after) {
                    Sign::Remove
                } else if before.name != after.name {
                    Sign::Rename
                } else if adopted(&before.sets, &after.sets) {
                    Sign::Adopt
                } else {
                    Sign::Change
                }
            }
            RowChange::Binding(Some(before), Some(after)) if adopted(&before.sets, &after.sets) => Sign::Adopt,
            RowChange::Binding(Some(_), Some(_)) => Sign::Change,
        }
    }
}

/// How many things would be otherwise, where they are too many to be listed: by what they are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counts(pub BTreeMap<(Sign, &'static str), u64>);

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
            *self.0.entry((Sign::of(row), what)).or_default() += 1;
        }
    }

    /// How many there are of a sign.
    pub fn count(&self, sign: Sign) -> u64 {
        self.0.iter().filter(|((known, _), _)| *known == sign).map(|(_, count)| count).sum()
    }
}
