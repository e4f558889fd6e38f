//! What a plan comes to: each thing that would be otherwise, in a line.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Planner, Result};
use crate::manifest::said::Spot;
use crate::model::Id;
use crate::model::secret::hex;
use crate::ops::changes::{Change, What};
use crate::policy::Facts;

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
    /// From the changes of a plan's draft.
    pub fn of<F: Facts + ?Sized>(planner: &Planner<'_, F>, changes: Vec<Change>) -> Result<Effects> {
        let mut effects: Vec<Effect> = changes
            .into_iter()
            // The root folder comes and goes with its endpoint.
            .filter(|change| change.member.is_some() || !change.reference.ends_with(":/"))
            .map(|change| {
                let sign = sign(&change);
                let spot = planner.spot_of(change.row).or_else(|| planner.spot_of(change.about));
                Effect { sign, change, spot }
            })
            .collect();
        effects.sort_by_cached_key(|effect| {
            let removed = effect.sign == Sign::Remove;
            let name = removed.then(|| (effect.change.reference.clone(), effect.change.member.clone()));
            let spot = effect
                .spot
                .filter(|_| !removed)
                .map_or((u32::MAX, 0, 0), |spot| (spot.source, spot.place.line, spot.place.column));
            (removed, name, spot, effect.change.row)
        });
        Ok(Effects(effects))
    }

    /// How many there are of a sign.
    pub fn count(&self, sign: Sign) -> usize {
        self.0.iter().filter(|effect| effect.sign == sign).count()
    }

    /// The sum of it: `Plan: 12 to add, 3 to change, 1 to remove.`
    pub fn summary(&self) -> String {
        if self.0.is_empty() {
            return "No changes.".to_owned();
        }
        let counted = Sign::ALL.into_iter().filter_map(|sign| match self.count(sign) {
            0 => None,
            count => Some(format!("{count} to {}", sign.word())),
        });
        format!("Plan: {}.", counted.collect::<Vec<_>>().join(", "))
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

impl Effect {
    /// The effect as a line that says all of it, without its place in a file.
    pub fn essence(&self) -> String {
        format!("{} {}", self.sign.mark(), self.change.json())
    }

    /// The row that changes.
    pub const fn row(&self) -> Id {
        self.change.row
    }
}

fn sign(change: &Change) -> Sign {
    let field = |name: &str| change.fields.iter().find(|(field, ..)| *field == name);
    let is_empty = |value: &Value| value.as_array().is_none_or(Vec::is_empty);
    match change.what {
        What::Added => Sign::Add,
        What::Removed => Sign::Remove,
        What::Changed
            if field("active").is_some_and(|(.., is)| *is == Value::Bool(false)) && change.member.is_none() =>
        {
            Sign::Remove
        }
        What::Changed if field("name").is_some() => Sign::Rename,
        What::Changed if field("sets").is_some_and(|(_, was, is)| is_empty(was) && !is_empty(is)) => Sign::Adopt,
        What::Changed => Sign::Change,
    }
}
