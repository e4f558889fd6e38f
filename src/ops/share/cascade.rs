//! Which shares rest on which. A delegated share is supported by what its sharer holds: by ownership, an admin share,
//! an endpoint role, or another share. This module finds the shares that lose their support when a share is lowered,
//! and until when an account holds what it shares.
//!
//! The answer is a least fixed point over time: all affected shares are taken away, and then given back as far, and
//! for as long, as the remaining ones support them. So shares that support each other in a circle end together, a
//! share with a group that its sharer is in lasts no longer than what the sharer has from others, and a share that
//! also rests on another base survives. A share that nothing supports does not support others, except the share that
//! is to be lowered, which counts as it is.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::ControlFlow;

use crate::model::attributes::{ShareClass, Sharing};
use crate::model::{Binding, Id, Kind, Permission, Permissions, Role, Time};
use crate::ops::{Result, Transaction};
use crate::policy::{BindingQuery, Facts, Subject, content};

/// The end of a permission that is held without an end.
const FOREVER: Time = Time(i64::MAX);
/// The end of a permission that is not held.
const NEVER: Time = Time(i64::MIN);

/// The time until which each permission is held, in the order of [`Permission::ALL`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct PermissionEnds([Time; Permission::ALL.len()]);

impl PermissionEnds {
    const NONE: PermissionEnds = PermissionEnds([NEVER; Permission::ALL.len()]);

    /// The ends of a set of permissions that all end at one time; `None` for never.
    fn of(set: Permissions, end: Option<Time>) -> PermissionEnds {
        let mut ends = PermissionEnds::NONE;
        for (permission, held) in Permission::ALL.into_iter().zip(&mut ends.0) {
            if set.has(permission) {
                *held = end.unwrap_or(FOREVER);
            }
        }
        ends
    }

    /// Keeps the later end of each permission: it is held by either of two grants.
    fn join(&mut self, other: PermissionEnds) {
        for (held, also) in self.0.iter_mut().zip(other.0) {
            *held = (*held).max(also);
        }
    }

    /// The earlier end of each permission: it is held only while both grants last.
    fn cut(mut self, other: PermissionEnds) -> PermissionEnds {
        for (held, also) in self.0.iter_mut().zip(other.0) {
            *held = (*held).min(also);
        }
        self
    }

    fn iter(self) -> impl Iterator<Item = (Permission, Time)> {
        Permission::ALL.into_iter().zip(self.0)
    }

    /// The permissions that are held at a time.
    fn at(self, now: Time) -> Permissions {
        self.iter()
            .filter(|(_, end)| *end > now)
            .fold(Permissions::NONE, |all, (permission, _)| all.union(Permissions::single(permission)))
    }

    /// The time until which all of a set is held.
    fn of_all(self, set: Permissions) -> Time {
        self.iter().filter(|(permission, _)| set.has(*permission)).map(|(_, end)| end).min().unwrap_or(NEVER)
    }
}

/// A share, and what it would lose.
#[derive(Clone, Debug)]
pub struct Loss {
    /// The share before the change.
    pub share: Binding,
    /// The permissions that the share would lose.
    pub lost: Permissions,
    /// The new end of the remaining permissions; `None` if it stays the same.
    pub ends: Option<Time>,
}

impl Loss {
    /// The loss of a share whose support changes from `before` to `after`.
    fn between(share: Binding, before: PermissionEnds, after: PermissionEnds, now: Time) -> Loss {
        let lost = before.at(now).without(after.at(now));
        let left = before.at(now).without(lost);
        let shorter = before.iter().zip(after.0).filter(|((permission, was), is)| left.has(*permission) && is < was);
        let ends = shorter.map(|(_, is)| is).min();
        Loss { share, lost, ends }
    }

    const fn is_none(&self) -> bool {
        self.lost.is_empty() && self.ends.is_none()
    }
}

/// The losses of the shares that rest on a share alone, if it is lowered to `after` with the end `end`. A share that
/// is revoked is lowered to no permissions.
///
/// # Errors
/// When the facts cannot be read.
pub fn dependents(
    tx: &Transaction<'_>,
    share: &Binding,
    (after, end): (Permissions, Option<Time>),
) -> Result<Vec<Loss>> {
    let facts = tx.facts();
    let affected = resting_on(facts, share, tx.at)?;
    if affected.is_empty() {
        return Ok(Vec::new());
    }
    let count = affected.len();
    let shares = with_bases(facts, affected, share.id, tx.at)?;
    let as_it_is = PermissionEnds::of(share.attributes.permissions, share.expires);
    let before = supported(facts, Some((share.id, as_it_is)), &shares, tx.at)?;
    let then = supported(facts, Some((share.id, PermissionEnds::of(after, end))), &shares, tx.at)?;
    let losses = shares
        .into_iter()
        .take(count)
        .zip(before.into_iter().zip(then))
        .map(|(share, (before, then))| Loss::between(share, before, then, tx.at));
    Ok(losses.filter(|loss| !loss.is_none()).collect())
}

/// The losses that would trim these delegated shares to what their sharers hold, and to how long they hold it.
///
/// # Errors
/// When the facts cannot be read.
pub fn unsupported(facts: &dyn Facts, shares: Vec<Binding>, at: Time) -> Result<Vec<Loss>> {
    let supported = supported(facts, None, &shares, at)?;
    let losses = shares.into_iter().zip(supported).map(|(share, supported)| {
        let as_it_is = PermissionEnds::of(share.attributes.permissions, share.expires);
        Loss::between(share, as_it_is, supported, at)
    });
    Ok(losses.filter(|loss| !loss.is_none()).collect())
}

/// The time until which an account holds all of a set on an item, in its own right or by shares that have support;
/// `None` if without end. If its shares have no support, the time until which it holds the set by them anyway.
///
/// # Errors
/// When the facts cannot be read.
pub fn held_until(facts: &dyn Facts, (sharer, item): (Id, Id), set: Permissions, at: Time) -> Result<Option<Time>> {
    let subject = Subject::new(facts, sharer, at)?;
    if content::has_without_share(&subject, item)? {
        return Ok(None);
    }
    let mut bases = BaseSearch::new(facts, Id(0), at);
    bases.of_sharer(sharer, item)?;
    bases.of_each()?;
    let values = supported(facts, None, &bases.shares, at)?;
    let positions: HashMap<Id, usize> = bases.shares.iter().enumerate().map(|(index, it)| (it.id, index)).collect();
    let firm =
        held(&subject, item, &|share| positions.get(&share.id).and_then(|position| values.get(*position)).copied())?;
    let end = match firm.of_all(set) {
        end if end > at => end,
        _ => held(&subject, item, &|_| None)?.of_all(set),
    };
    Ok((end != FOREVER).then_some(end))
}

/// Whether a share is delegated: its sharer passed on what it holds, and the share rests on that.
pub fn is_delegated(facts: &dyn Facts, share: &Binding) -> Result<bool> {
    if share.role != Role::ItemShare || share.attributes.share_class() != ShareClass::User {
        return Ok(false);
    }
    let endpoint = facts.ancestors(share.resource)?.last().cloned();
    let sharing = endpoint.as_ref().and_then(|it| it.as_endpoint()).map(|it| it.kind.sharing());
    Ok(share.grantor.is_some() && sharing == Some(Sharing::Delegated))
}

/// Every delegated share that might rest on a share: those that its holders made on the item or below it, those
/// that the holders of these made, and so on.
fn resting_on(facts: &dyn Facts, share: &Binding, at: Time) -> Result<Vec<Binding>> {
    let mut found: Vec<Binding> = Vec::new();
    let mut seen: HashSet<Id> = HashSet::from([share.id]);
    let mut open = VecDeque::from([share.clone()]);
    while let Some(base) = open.pop_front() {
        for next in made_of(facts, &base)? {
            if next.is_effective(at) && seen.insert(next.id) && is_delegated(facts, &next)? {
                open.push_back(next.clone());
                found.push(next);
            }
        }
    }
    Ok(found)
}

/// These shares, followed by every delegated share that they might rest on, except the share `but`.
fn with_bases(facts: &dyn Facts, shares: Vec<Binding>, but: Id, at: Time) -> Result<Vec<Binding>> {
    let mut bases = BaseSearch::new(facts, but, at);
    bases.known.extend(shares.iter().map(|share| share.id));
    bases.shares = shares;
    bases.of_each()?;
    Ok(bases.shares)
}

/// A search for the delegated shares that others might rest on.
struct BaseSearch<'f> {
    facts: &'f dyn Facts,
    at: Time,
    shares: Vec<Binding>,
    known: HashSet<Id>,
    asked: HashSet<(Id, Id)>,
}

impl<'f> BaseSearch<'f> {
    fn new(facts: &'f dyn Facts, but: Id, at: Time) -> BaseSearch<'f> {
        BaseSearch { facts, at, shares: Vec::new(), known: HashSet::from([but]), asked: HashSet::new() }
    }

    /// Adds the shares that each share might rest on, and those that these might rest on in turn.
    fn of_each(&mut self) -> Result<()> {
        let mut next = 0;
        while let Some((sharer, item)) = self.shares.get(next).map(|share| (share.grantor, share.resource)) {
            next += 1;
            if let Some(sharer) = sharer {
                self.of_sharer(sharer, item)?;
            }
        }
        Ok(())
    }

    /// Adds the delegated shares that an account has on an item, or on a folder above it.
    fn of_sharer(&mut self, sharer: Id, item: Id) -> Result<()> {
        if !self.asked.insert((sharer, item)) {
            return Ok(());
        }
        let subject = Subject::new(self.facts, sharer, self.at)?;
        for above in self.facts.ancestors(item)?.iter().filter(|above| above.kind() == Kind::Item) {
            let mut held = Vec::new();
            let flow = subject.shares_on(above.id, &mut |_, binding| {
                held.push(binding.clone());
                Ok(ControlFlow::Continue(()))
            })?;
            debug_assert!(flow.is_continue(), "every share is wanted");
            for base in held {
                if !self.known.contains(&base.id) && is_delegated(self.facts, &base)? {
                    self.known.insert(base.id);
                    self.shares.push(base);
                }
            }
        }
        Ok(())
    }
}

/// The shares that the holders of a share made on its item or below it.
fn made_of(facts: &dyn Facts, base: &Binding) -> Result<Vec<Binding>> {
    let mut found = Vec::new();
    match accounts_in(facts, base.principal)? {
        Some(accounts) => {
            for account in accounts {
                for share in facts.list_bindings(BindingQuery::SharesBy(account))? {
                    if facts.ancestors(share.resource)?.iter().any(|above| above.id == base.resource) {
                        found.push(share);
                    }
                }
            }
        }
        // Everybody holds the share, so every share below may rest on it.
        None => {
            let mut open = vec![base.resource];
            while let Some(item) = open.pop() {
                found.extend(facts.list_bindings(BindingQuery::OnAs(item, Role::ItemShare))?);
                open.extend(facts.ids(Kind::Item, Some(item))?);
            }
        }
    }
    Ok(found)
}

/// A principal and everybody in it, as a list of ids; `None` for `authenticated` and `anyone`.
pub(in crate::ops) fn accounts_in(facts: &dyn Facts, principal: Id) -> Result<Option<Vec<Id>>> {
    if principal == Id::AUTHENTICATED || principal == Id::ANYONE {
        return Ok(None);
    }
    let mut members = vec![principal];
    let mut seen: HashSet<Id> = HashSet::from([principal]);
    let mut next = 0;
    while let Some(id) = members.get(next).copied() {
        next += 1;
        for role in [Role::GroupMember, Role::WorkgroupAdmin, Role::WorkgroupStandard] {
            facts.bindings(BindingQuery::OnAs(id, role), &mut |binding| {
                if seen.insert(binding.principal) {
                    members.push(binding.principal);
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
    }
    Ok(Some(members))
}

/// The time until which each permission of these shares is supported, in their order. `change` gives one further
/// share other ends than it has.
fn supported(
    facts: &dyn Facts,
    change: Option<(Id, PermissionEnds)>,
    shares: &[Binding],
    at: Time,
) -> Result<Vec<PermissionEnds>> {
    let mut by_sharer: HashMap<Id, Vec<usize>> = HashMap::new();
    let mut positions: HashMap<Id, usize> = HashMap::with_capacity(shares.len());
    let mut subjects: HashMap<Id, Subject<'_, dyn Facts + '_>> = HashMap::new();
    for (index, share) in shares.iter().enumerate() {
        positions.insert(share.id, index);
        if let Some(sharer) = share.grantor {
            by_sharer.entry(sharer).or_default().push(index);
            if let Entry::Vacant(vacant) = subjects.entry(sharer) {
                vacant.insert(Subject::new(facts, sharer, at)?);
            }
        }
    }
    let mut found = vec![PermissionEnds::NONE; shares.len()];
    let mut waiting = vec![true; shares.len()];
    let mut queue: VecDeque<usize> = (0..shares.len()).collect();
    while let Some(index) = queue.pop_front() {
        let (Some(share), Some(waits)) = (shares.get(index), waiting.get_mut(index)) else { continue };
        *waits = false;
        let Some(subject) = share.grantor.and_then(|sharer| subjects.get(&sharer)) else { continue };
        let held = held(subject, share.resource, &|base| match change {
            Some((id, ends)) if id == base.id => Some(ends),
            _ => positions.get(&base.id).and_then(|position| found.get(*position)).copied(),
        })?;
        let now = PermissionEnds::of(share.attributes.permissions, share.expires).cut(held);
        let Some(supported) = found.get_mut(index).filter(|supported| **supported != now) else { continue };
        *supported = now;
        // The holders of the share may support more now: the shares that they made are weighed again.
        let resting: Vec<usize> = match accounts_in(facts, share.principal)? {
            Some(accounts) => accounts.iter().filter_map(|id| by_sharer.get(id)).flatten().copied().collect(),
            None => (0..shares.len()).collect(),
        };
        for next in resting {
            if let Some(waits) = waiting.get_mut(next).filter(|waits| !**waits) {
                *waits = true;
                queue.push_back(next);
            }
        }
    }
    Ok(found)
}

/// The time until which an account holds each permission on an item, whether the account is active or not. A share
/// counts for as long as `value` says, or for its own time if `value` is `None`.
fn held(
    subject: &Subject<'_, dyn Facts + '_>,
    item: Id,
    value: &dyn Fn(&Binding) -> Option<PermissionEnds>,
) -> Result<PermissionEnds> {
    if content::has_without_share(subject, item)? {
        return Ok(PermissionEnds::of(Permissions::EDIT, None));
    }
    let mut ends = PermissionEnds::NONE;
    for above in subject.facts().ancestors(item)?.iter().filter(|above| above.kind() == Kind::Item) {
        let flow = subject.shares_on(above.id, &mut |_, share| {
            ends.join(value(share).unwrap_or_else(|| PermissionEnds::of(share.attributes.permissions, share.expires)));
            Ok(ControlFlow::Continue(()))
        })?;
        debug_assert!(flow.is_continue(), "every share is wanted");
    }
    Ok(ends)
}
