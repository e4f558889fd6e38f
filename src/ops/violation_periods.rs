//! When accounts violated conflicts: [`ViolationPeriods`] takes the states of the past one after another and joins
//! those in which the same account had all rights of the same conflict.

use std::collections::BTreeMap;
use std::mem;

use super::separation::{Conflict, ConflictSearch, Missing, Violator};
use super::{Result, affected_set};
use crate::model::{Id, Revision, Time};
use crate::policy::{Facts, RowChange};

/// Whether another account, or an account in another way, can have the rights of a conflict after a revision that
/// changed these rows. Most revisions change nothing that a conflict rests on.
///
/// # Errors
/// When the facts cannot be read.
pub fn can_differ(
    conflicts: &[Conflict],
    before: &dyn Facts,
    after: &dyn Facts,
    changes: &[RowChange],
) -> Result<bool> {
    let affected = affected_set(before, after, changes)?;
    let Some(resources) = &affected.resources else { return Ok(true) };
    let of_people = [&affected.principals, &affected.holders, &affected.items];
    if of_people.into_iter().any(|ids| ids.as_ref().is_none_or(|ids| !ids.is_empty())) {
        return Ok(true);
    }
    // Nobody's own rights changed. But what a conflict names can be new, gone, renamed or changed itself.
    let at = Time(0);
    let [then, now] = [before, after].map(|facts| ConflictSearch::new(facts, at, Missing::Skip));
    for conflict in conflicts {
        let (then, now) = (then.named(conflict)?, now.named(conflict)?);
        if then != now || now.iter().flatten().any(|id| resources.contains(id)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A moment of the history: a revision, and a time at which it is the last one.
pub type HistoryMoment = (Revision, Time);

/// A time during which an account violated a conflict.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ViolationPeriod {
    /// The index of the conflict.
    pub conflict: usize,
    /// The account.
    pub account: Id,
    /// The reference of the account when the period began.
    pub name: String,
    /// The resource that the first right is on.
    pub on: String,
    /// How the account had the rights when the period began.
    pub held: String,
    /// The first moment.
    pub from: HistoryMoment,
    /// The first moment at which it was over; `None` if it lasted to the end.
    pub until: Option<HistoryMoment>,
}

/// The periods in which accounts violated some conflicts.
pub struct ViolationPeriods<'c> {
    conflicts: &'c [Conflict],
    open: BTreeMap<(usize, Id), ViolationPeriod>,
    closed: Vec<ViolationPeriod>,
}

impl<'c> ViolationPeriods<'c> {
    /// No periods yet.
    pub const fn new(conflicts: &'c [Conflict]) -> ViolationPeriods<'c> {
        ViolationPeriods { conflicts, open: BTreeMap::new(), closed: Vec::new() }
    }

    /// Adds the state after a revision, which lasted until another time. Revisions are added in order.
    ///
    /// Within that time rights only end: accounts and bindings expire. So the moments to look at are the ends of what
    /// the violators hold.
    ///
    /// # Errors
    /// When the facts cannot be read.
    pub fn add(&mut self, facts: &dyn Facts, (revision, from): HistoryMoment, until: Time) -> Result<()> {
        let mut next = Some(from);
        while let Some(at) = next.take() {
            let search = ConflictSearch::new(facts, at, Missing::Skip);
            let mut still_open = BTreeMap::new();
            for (index, conflict) in self.conflicts.iter().enumerate() {
                for violator in search.violators(conflict)? {
                    let end = first_end(facts, &violator)?.filter(|end| at < *end && *end < until);
                    next = next.into_iter().chain(end).min();
                    let key = (index, violator.account);
                    let period = match self.open.remove(&key) {
                        Some(period) => period,
                        None => began(facts, &search, (index, conflict), &violator, (revision, at))?,
                    };
                    still_open.insert(key, period);
                }
            }
            let over = mem::replace(&mut self.open, still_open).into_values();
            self.closed.extend(over.map(|period| ViolationPeriod { until: Some((revision, at)), ..period }));
        }
        Ok(())
    }

    /// All periods, in the order in which they began.
    pub fn finish(self) -> Vec<ViolationPeriod> {
        let mut all = self.closed;
        all.extend(self.open.into_values());
        all.sort_by_key(|it| (it.from, it.conflict, it.account));
        all
    }
}

fn began(
    facts: &dyn Facts,
    search: &ConflictSearch<'_>,
    (index, conflict): (usize, &Conflict),
    violator: &Violator,
    from: HistoryMoment,
) -> Result<ViolationPeriod> {
    // told: only readers of the whole log ask for periods.
    let name = |id: Id| Ok(facts.reference(id)?);
    Ok(ViolationPeriod {
        conflict: index,
        account: violator.account,
        name: name(violator.account)?,
        on: violator.held.first().map_or_else(|| Ok(String::new()), |held| name(held.on))?,
        held: search.phrase(conflict, violator, &name)?,
        from,
        until: None,
    })
}

/// The first time at which something that a violator needs ends.
fn first_end(facts: &dyn Facts, violator: &Violator) -> Result<Option<Time>> {
    let account = facts.resource(violator.account)?;
    let own = account.and_then(|it| it.as_account().and_then(|it| it.expires));
    Ok(violator.held.iter().flat_map(|held| &held.by).filter_map(|binding| binding.expires).chain(own).min())
}
