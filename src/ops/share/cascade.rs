//! What a share rests on: delegated shares hold each other up, down from owners, admin shares and
//! endpoint roles. Here is found what a share's lowering would leave without a base.
//!
//! The answer is a least fixed point: everything that might be touched is taken away, and then given
//! back as far as what stands still supports it. So shares that hold each other up in a circle fall
//! together, and what rests on another base as well survives. A base that hangs in the air itself is
//! none: only the share that is to be lowered is taken as it stands.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::ControlFlow;

use crate::model::attributes::{ShareClass, Sharing};
use crate::model::{Binding, Id, Kind, Permissions, Role, Time};
use crate::ops::{Result, Work};
use crate::policy::{Facts, Overlay, Select, Subject, content};

/// A share and what would be taken from it.
#[derive(Clone, Debug)]
pub struct Loss {
    /// The share as it stands.
    pub share: Binding,
    /// What it would lose.
    pub lost: Permissions,
}

/// What rests on a share that is to be lowered to `after` (nothing, to be revoked), and on nothing else.
///
/// # Errors
/// When the facts cannot be read.
pub fn dependents<F: Facts + ?Sized>(work: &Work<'_, F>, share: &Binding, after: Permissions) -> Result<Vec<Loss>> {
    let facts = work.facts();
    let affected = resting_on(facts, share, work.at)?;
    if affected.is_empty() {
        return Ok(Vec::new());
    }
    let count = affected.len();
    let shares = with_bases(facts, affected, share.id, work.at)?;
    let before = supported(facts, None, &shares, work.at)?;
    let then = supported(facts, Some((share, after)), &shares, work.at)?;
    let losses = shares
        .into_iter()
        .take(count)
        .zip(before.into_iter().zip(then))
        .map(|(share, (before, then))| Loss { share, lost: before.without(then) });
    Ok(losses.filter(|loss| !loss.lost.is_empty()).collect())
}

/// The delegated shares among these that have more than their sharers are entitled to.
///
/// # Errors
/// When the facts cannot be read.
pub fn unsupported<F: Facts + ?Sized>(facts: &F, shares: Vec<Binding>, at: Time) -> Result<Vec<Loss>> {
    let supported = supported(facts, None, &shares, at)?;
    let losses = shares.into_iter().zip(supported).map(|(share, supported)| {
        let lost = share.attributes.permissions.without(supported);
        Loss { share, lost }
    });
    Ok(losses.filter(|loss| !loss.lost.is_empty()).collect())
}

/// Whether a share is one that somebody made of what they hold, and rests on that.
pub fn is_delegated<F: Facts + ?Sized>(facts: &F, share: &Binding) -> Result<bool> {
    if share.role != Role::ItemShare || share.attributes.share_class() != ShareClass::User {
        return Ok(false);
    }
    let endpoint = facts.lineage(share.resource)?.last().cloned();
    let sharing = endpoint.as_ref().and_then(|it| it.as_endpoint()).map(|it| it.kind.sharing());
    Ok(share.grantor.is_some() && sharing == Some(Sharing::Delegated))
}

/// Every delegated share that might rest on a share: made by somebody who has it, on the item or
/// below, and so on from there.
fn resting_on<F: Facts + ?Sized>(facts: &F, share: &Binding, at: Time) -> Result<Vec<Binding>> {
    let mut found: Vec<Binding> = Vec::new();
    let mut known: HashSet<Id> = HashSet::from([share.id]);
    let mut open = VecDeque::from([share.clone()]);
    while let Some(base) = open.pop_front() {
        for next in made_of(facts, &base)? {
            if next.is_effective(at) && known.insert(next.id) && is_delegated(facts, &next)? {
                open.push_back(next.clone());
                found.push(next);
            }
        }
    }
    Ok(found)
}

/// These shares, and after them every delegated share that they might rest on, but one.
fn with_bases<F: Facts + ?Sized>(facts: &F, mut shares: Vec<Binding>, but: Id, at: Time) -> Result<Vec<Binding>> {
    let mut known: HashSet<Id> = shares.iter().map(|share| share.id).chain([but]).collect();
    let mut asked: HashSet<(Id, Id)> = HashSet::new();
    let mut next = 0;
    while let Some((sharer, item)) = shares.get(next).map(|share| (share.grantor, share.resource)) {
        next += 1;
        let Some(sharer) = sharer.filter(|sharer| asked.insert((*sharer, item))) else { continue };
        let subject = Subject::new(facts, sharer, at)?;
        for above in facts.lineage(item)?.iter().filter(|above| above.kind() == Kind::Item) {
            let mut held = Vec::new();
            let flow = subject.shares_on(above.id, &mut |_, binding| {
                held.push(binding.clone());
                Ok(ControlFlow::Continue(()))
            })?;
            debug_assert!(flow.is_continue(), "every share is wanted");
            for base in held {
                if !known.contains(&base.id) && is_delegated(facts, &base)? {
                    known.insert(base.id);
                    shares.push(base);
                }
            }
        }
    }
    Ok(shares)
}

/// The shares made by whoever has a share, on its item or below.
fn made_of<F: Facts + ?Sized>(facts: &F, base: &Binding) -> Result<Vec<Binding>> {
    let mut found = Vec::new();
    match accounts_in(facts, base.principal)? {
        Some(accounts) => {
            for account in accounts {
                for share in facts.list(Select::SharesBy(account))? {
                    if facts.lineage(share.resource)?.iter().any(|above| above.id == base.resource) {
                        found.push(share);
                    }
                }
            }
        }
        // Everybody has it: then every share below may rest on it.
        None => {
            let mut open = vec![base.resource];
            while let Some(item) = open.pop() {
                found.extend(facts.list(Select::OnAs(item, Role::ItemShare))?);
                open.extend(facts.ids(Kind::Item, Some(item))?);
            }
        }
    }
    Ok(found)
}

/// The accounts that a principal stands for; none for everybody.
fn accounts_in<F: Facts + ?Sized>(facts: &F, principal: Id) -> Result<Option<Vec<Id>>> {
    if principal == Id::AUTHENTICATED || principal == Id::ANYONE {
        return Ok(None);
    }
    let mut members = vec![principal];
    let mut known: HashSet<Id> = HashSet::from([principal]);
    let mut next = 0;
    while let Some(id) = members.get(next).copied() {
        next += 1;
        for role in [Role::GroupMember, Role::WorkgroupAdmin, Role::WorkgroupStandard] {
            facts.bindings(Select::OnAs(id, role), &mut |binding| {
                if known.insert(binding.principal) {
                    members.push(binding.principal);
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
    }
    Ok(Some(members))
}

/// How much of each of these shares is supported, once one of the others is changed.
fn supported<F: Facts + ?Sized>(
    facts: &F,
    change: Option<(&Binding, Permissions)>,
    shares: &[Binding],
    at: Time,
) -> Result<Vec<Permissions>> {
    let mut trial = Overlay::new(facts)?;
    if let Some((share, after)) = change {
        put(&mut trial, share, after);
    }
    let mut by_sharer: HashMap<Id, Vec<usize>> = HashMap::new();
    for (place, share) in shares.iter().enumerate() {
        trial.end_binding(share.id);
        if let Some(sharer) = share.grantor {
            by_sharer.entry(sharer).or_default().push(place);
        }
    }
    let mut found = vec![Permissions::NONE; shares.len()];
    let mut waiting = vec![true; shares.len()];
    let mut queue: VecDeque<usize> = (0..shares.len()).collect();
    while let Some(place) = queue.pop_front() {
        let (Some(share), Some(supported), Some(waits)) =
            (shares.get(place), found.get_mut(place), waiting.get_mut(place))
        else {
            continue;
        };
        *waits = false;
        let Some(sharer) = share.grantor else { continue };
        let held = content::entitled(&Subject::new(&trial, sharer, at)?, share.resource)?;
        let now = share.attributes.permissions.intersection(held);
        if now == *supported {
            continue;
        }
        *supported = now;
        put(&mut trial, share, now);
        // Whoever has the share now may hold up more of their own.
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

fn put<F: Facts + ?Sized>(trial: &mut Overlay<'_, F>, share: &Binding, set: Permissions) {
    if set.is_empty() {
        trial.end_binding(share.id);
        return;
    }
    let mut share = share.clone();
    share.attributes.permissions = set;
    trial.put_binding(share);
}
