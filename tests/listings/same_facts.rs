//! Two implementations of facts about one state: every lookup gives the same result.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::ops::ControlFlow;

use rolebook::model::{Action, Binding, Id, Kind, Resource, Role, Time};
use rolebook::policy::facts::{ResourceHeader, Visit};
use rolebook::policy::{BindingQuery, Evaluator, Facts, Question, decide};
use rolebook::store::{Snapshot, StoreFacts};

use super::rows::Rows;
use super::{principals, questions};
use crate::oracle::worlds::{Dice, NOW};

/// The arguments of lookups: every row that ever existed, and some that never did.
#[derive(Default)]
pub(crate) struct Asked {
    ids: BTreeSet<Id>,
    keys: BTreeSet<(Kind, Option<Id>, String)>,
    aliases: BTreeSet<String>,
    held: BTreeSet<(Id, Role, Id)>,
}

impl Asked {
    pub(crate) fn about(&mut self, rows: &Rows) {
        self.ids.extend((0..20).map(Id));
        self.ids.extend([Id(rows.last().0 + 1), Id(u64::from(u32::MAX)), Id(1 << 32), Id(u64::MAX)]);
        for it in rows.resources.values() {
            self.ids.insert(it.id);
            self.keys.insert((it.kind(), it.parent, it.key.clone()));
            self.aliases.extend(it.alias.clone());
        }
        self.aliases.insert("nobody@example.com".to_owned());
        for it in rows.bindings.values() {
            self.ids.insert(it.id);
            self.held.insert((it.resource, it.role, it.principal));
        }
    }
}

impl Asked {
    /// Removes the id that a store uses for "no parent": an overlay treats it as any other id.
    pub(crate) fn but_for_no_parent(&mut self) {
        self.ids.remove(&Id(0));
    }
}

/// Collects every row that a lookup visits, and asserts that it stops on request.
fn listed<T: Debug>(
    look: impl Fn(Visit<'_, T>) -> rolebook::policy::Result<()>,
    id: impl Fn(&T) -> Id,
    dice: &mut Dice,
) -> Vec<String> {
    let mut found = Vec::new();
    look(&mut |row| {
        found.push((id(&row), format!("{row:?}")));
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    if !found.is_empty() && dice.chance(1, 4) {
        let (enough, mut seen) = (dice.below(found.len()) + 1, 0);
        look(&mut |_| {
            seen += 1;
            Ok(if seen < enough { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })
        .unwrap();
        assert_eq!(seen, enough, "it did not stop");
    }
    found.sort();
    found.into_iter().map(|(_, row)| row).collect()
}

fn of_resources(
    look: impl Fn(Visit<'_, std::rc::Rc<Resource>>) -> rolebook::policy::Result<()>,
    dice: &mut Dice,
) -> Vec<String> {
    listed(look, |row| row.id, dice)
}

fn of_bindings<F: Facts>(facts: &F, select: BindingQuery, dice: &mut Dice) -> Vec<String> {
    listed(|visit| facts.bindings(select, visit), |row: &Binding| row.id, dice)
}

/// The part of a header that rules read.
fn outlined(it: ResourceHeader) -> String {
    format!("{:?}", (it.id, it.parent, it.attributes.policy_view()))
}

/// Makes every lookup in both.
pub(crate) fn assert_same<F: Facts>(one: &F, other: &Snapshot, asked: &Asked, dice: &mut Dice) {
    assert_eq!(one.last_id().unwrap(), other.last_id().unwrap());
    assert_eq!(one.server().unwrap(), other.server().unwrap());
    resources(one, other, asked, dice);
    bindings(one, other, asked, dice);
    of_principals(one, other, asked, dice);
    at_hand(one, other, asked);
}

fn resources<F: Facts>(one: &F, other: &Snapshot, asked: &Asked, dice: &mut Dice) {
    for id in &asked.ids {
        assert_eq!(one.resource(*id).unwrap(), other.resource(*id).unwrap(), "resource {id}");
        // Only the store keeps the names of ended resources.
        if one.resource(*id).unwrap().is_some() {
            assert_eq!(one.reference(*id).unwrap(), other.reference(*id).unwrap(), "reference {id}");
        }
        let (mine, theirs) = (one.header(*id).unwrap(), other.header(*id).unwrap());
        assert_eq!(mine.clone().map(outlined), theirs.clone().map(outlined), "outline {id}");
        if let (Some(mine), Some(theirs)) = (mine, theirs) {
            let line = |outlines: Vec<ResourceHeader>| outlines.into_iter().map(outlined).collect::<Vec<_>>();
            let lines = (line(one.ancestor_headers(mine).unwrap()), line(other.ancestor_headers(theirs).unwrap()));
            assert_eq!(lines.0, lines.1, "line {id}");
        }
        assert_eq!(one.ancestors(*id).unwrap(), other.ancestors(*id).unwrap(), "lineage {id}");
        for kind in Kind::ALL {
            let all = |facts: &dyn Facts, dice: &mut Dice| {
                of_resources(|visit| facts.resources(kind, Some(*id), visit), dice)
            };
            assert_eq!(all(one, dice), all(other, dice), "{kind} in {id}");
        }
    }
    for kind in Kind::ALL {
        let all = |facts: &dyn Facts, dice: &mut Dice| of_resources(|visit| facts.resources(kind, None, visit), dice);
        assert_eq!(all(one, dice), all(other, dice), "{kind}");
        for alias in &asked.aliases {
            let all =
                |facts: &dyn Facts, dice: &mut Dice| of_resources(|visit| facts.aliased(kind, alias, visit), dice);
            assert_eq!(all(one, dice), all(other, dice), "{kind} {alias}");
        }
    }
    let ids: Vec<Id> = asked.ids.iter().copied().collect();
    for (kind, parent, key) in &asked.keys {
        let other_kind = dice.pick(&Kind::ALL);
        let elsewhere = dice.chance(1, 2).then(|| dice.pick(&ids));
        let near = [
            (*kind, *parent, key.clone()),
            (other_kind, *parent, key.clone()),
            (*kind, elsewhere, key.clone()),
            (*kind, *parent, format!("{key} ")),
        ];
        for (kind, parent, key) in near {
            let found = (one.named(kind, parent, &key).unwrap(), other.named(kind, parent, &key).unwrap());
            assert_eq!(found.0, found.1, "{kind} {parent:?} {key}");
        }
    }
}

fn bindings<F: Facts>(one: &F, other: &Snapshot, asked: &Asked, dice: &mut Dice) {
    let same = |select: BindingQuery, dice: &mut Dice| {
        assert_eq!(of_bindings(one, select, dice), of_bindings(other, select, dice), "{select:?}");
    };
    for id in &asked.ids {
        assert_eq!(one.binding(*id).unwrap(), other.binding(*id).unwrap(), "binding {id}");
        for select in [BindingQuery::On(*id), BindingQuery::Of(*id), BindingQuery::SharesBy(*id)] {
            same(select, dice);
        }
        for role in Role::ALL {
            same(BindingQuery::OnAs(*id, role), dice);
            same(BindingQuery::OfAs(*id, role), dice);
        }
    }
    let ids: Vec<Id> = asked.ids.iter().copied().collect();
    for (resource, role, principal) in &asked.held {
        let near = [
            (*resource, *role, *principal),
            (*principal, *role, *resource),
            (*resource, dice.pick(&Role::ALL), *principal),
            (*resource, *role, dice.pick(&ids)),
        ];
        for (resource, role, principal) in near {
            same(BindingQuery::Exact(resource, role, principal), dice);
            // Several sharers can share with one principal, and `held` gives any of these shares.
            if role == Role::ItemShare {
                continue;
            }
            let held = (one.held(resource, role, principal).unwrap(), other.held(resource, role, principal).unwrap());
            assert_eq!(held.0, held.1, "{resource} {role} {principal}");
        }
    }
}

/// The bindings of some principals on one resource, in their order, until the visitor stops.
fn held_by<F: Facts>(facts: &F, on: (Id, Role), who: &[Id], enough: usize) -> (Vec<(usize, Binding)>, bool) {
    let mut found = Vec::new();
    let flow = facts.held_by(on.0, on.1, who, &mut |place, binding| {
        found.push((place, binding.clone()));
        Ok(if found.len() < enough { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    });
    (found, flow.unwrap().is_break())
}

fn of_principals<F: Facts>(one: &F, other: &Snapshot, asked: &Asked, dice: &mut Dice) {
    let holders: Vec<Id> = asked.held.iter().map(|it| it.2).collect::<BTreeSet<_>>().into_iter().collect();
    let on: BTreeSet<(Id, Role)> = asked.held.iter().map(|it| (it.0, it.1)).collect();
    for on in on {
        // With few principals each is looked up, with many the bindings are scanned.
        for count in [0, 1, 2, 5, 30] {
            let mut who: Vec<Id> = Vec::new();
            for _ in 0..count {
                let next = dice.pick(&holders);
                if !who.contains(&next) {
                    who.push(next);
                }
            }
            let enough = dice.pick(&[1, 2, usize::MAX]);
            assert_eq!(held_by(one, on, &who, enough), held_by(other, on, &who, enough), "{on:?} {who:?}");
        }
    }
    let lists: [&[Role]; 5] = [&[Role::GroupMember], &Role::WORKGROUP, &Role::DROPBOX, &[Role::ItemShare], &Role::ALL];
    for principal in &asked.ids {
        for most in [1, 3, 1_000] {
            let all = one.list_bindings(BindingQuery::Of(*principal)).unwrap().len().min(most);
            assert_eq!(
                (one.count_bindings(*principal, most).unwrap(), other.count_bindings(*principal, most).unwrap()),
                (all, all)
            );
        }
        let may_hold = [one.roles_of(*principal).unwrap(), other.roles_of(*principal).unwrap()];
        for role in Role::ALL {
            let holds = !one.list_bindings(BindingQuery::OfAs(*principal, role)).unwrap().is_empty();
            assert!(may_hold[0].has(role) || !holds, "{principal} {role}");
            assert_eq!(may_hold[1].has(role), holds, "{principal} {role}");
        }
        for roles in lists {
            for at in [-1, 0, 2] {
                let holdings = |facts: &dyn Facts| {
                    let mut found = Vec::new();
                    facts.holdings(*principal, roles, Time(NOW + at), &mut |held| found.push(held)).unwrap();
                    // Role by role; the order within a role is not fixed.
                    found.chunk_by_mut(|a, b| a.role == b.role).for_each(|all| all.sort_by_key(|held| held.resource));
                    found
                };
                assert_eq!(holdings(one), holdings(other), "{principal} {roles:?} {at}");
            }
        }
    }
}

/// Packed shares from arrays in memory equal those that the statements find on the way up.
fn at_hand<F: Facts>(one: &F, other: &Snapshot, asked: &Asked) {
    for id in &asked.ids {
        let Some(header) = other.header(*id).unwrap().filter(|it| it.kind() == Kind::Item) else { continue };
        let (mut shares, mut owners, mut outermost) = (Vec::new(), Vec::new(), None);
        for above in one.ancestors(*id).unwrap() {
            outermost = Some(above.id);
            if above.kind() == Kind::Item {
                shares.push(one.list_bindings(BindingQuery::OnAs(above.id, Role::ItemShare)).unwrap());
                owners.extend(one.list_bindings(BindingQuery::OnAs(above.id, Role::ItemOwner)).unwrap());
            }
        }
        shares.iter_mut().for_each(|level| level.sort_by_key(|it| it.id));
        let total = shares.iter().map(Vec::len).sum::<usize>() + owners.len();
        for most in 0..total {
            if let Some(found) = other.packed_shares(&header, most) {
                assert!(found.shares.len() <= most);
            }
        }
        let found = other.packed_shares(&header, total).unwrap();
        assert_eq!(Some(found.outermost.id), outermost);
        assert_eq!(found.owners, owners.iter().map(|it| it.principal).collect::<Vec<_>>());
        let mut behind: Vec<Vec<Binding>> = shares.iter().map(|_| Vec::new()).collect();
        for handle in found.shares {
            let share = other.unpack(handle).unwrap();
            assert_eq!((handle.principal(), handle.permissions), (share.principal, share.attributes.permissions));
            assert_eq!(handle.always, share.expires.is_none() && !share.attributes.inactive);
            let level = one.ancestors(*id).unwrap().iter().position(|it| it.id == share.resource).unwrap();
            assert!(behind[level + 1..].iter().all(Vec::is_empty), "the nearest come first");
            behind[level].push(share);
        }
        behind.iter_mut().for_each(|level| level.sort_by_key(|it| it.id));
        assert_eq!(behind, shares);
    }
}

/// Every question, or a sample, gets the same decision with the same proof.
pub(crate) fn assert_same_decisions(
    one: &StoreFacts<'_>,
    other: &Snapshot,
    at: Time,
    one_in: usize,
    dice: &mut Dice,
) -> usize {
    let (mine, theirs) = (Evaluator::new(one, at), Evaluator::new(other, at));
    let mut asked = 0;
    for principal in principals(other) {
        for (resource, actions) in questions(other, dice) {
            for action in actions {
                if !dice.chance(1, one_in) {
                    continue;
                }
                asked += 1;
                let what = |action: Action| format!("{principal} {action} {resource}");
                let decision = theirs.decide(principal, action, resource).unwrap();
                assert_eq!(mine.decide(principal, action, resource).unwrap(), decision, "{}", what(action));
                if dice.chance(1, 16) {
                    let question = Question { principal, action, resource, at };
                    assert_eq!(decide(one, &question).unwrap(), decision, "{}", what(action));
                    assert_eq!(decide(other, &question).unwrap(), decision, "{}", what(action));
                }
            }
        }
    }
    asked
}
