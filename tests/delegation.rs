//! Delegation never widens: after any operations, nobody gets from a sharer more than the sharer held
//! when sharing, and no operation silently removes the base of a share. The oracle judges.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rolebook::model::attributes::ShareClass;
use rolebook::model::reference::PastReference;
use rolebook::model::time::Expiry;
use rolebook::model::{Id, Kind, Name, Path, Problem, Reference, Role, Time};
use rolebook::ops::share::{self, NewShare, ShareSelector, Sharer};
use rolebook::ops::{Actor, Transaction, account, content, endpoint, membership, transfer, undo};
use rolebook::policy::{EmptyFacts, Overlay, RowChange};

use crate::oracle::put;
use crate::oracle::truth::*;
use crate::oracle::worlds::{Dice, NOW, permissions};
use crate::properties::keep;

/// The accounts, the groups and the only endpoint of every world here. Account 20 is the server's admin
/// and administers the endpoint.
pub(crate) const ADMIN: u64 = 20;
pub(crate) const PEOPLE: [u64; 6] = [ADMIN, 21, 22, 23, 24, 25];
const GROUPS: [u64; 2] = [40, 41];
const WORKGROUP: u64 = 45;
const NODE: u64 = 50;

pub(crate) fn start() -> World {
    let mut world = World::default();
    for who in PEOPLE {
        let role = if who == ADMIN { "admin" } else { "user" };
        world.accounts.insert(who, Account { active: true, expires: None, role, role_id: who + 10 });
    }
    world.groups.insert(GROUPS[0], vec![Link { id: 42, who: 23 }, Link { id: 43, who: 24 }]);
    world.groups.insert(GROUPS[1], vec![Link { id: 44, who: GROUPS[0] }]);
    let members = vec![Member { id: 46, who: 25, admin: false, active: true }];
    let workgroup = Workgroup {
        members,
        send: "anyone",
        access: "all",
        manage_members: false,
        create_users: false,
        manage_groups: false,
    };
    world.workgroups.insert(WORKGROUP, workgroup);
    let roles = vec![Held { id: 51, who: ADMIN, role: "administrator" }];
    let node =
        Endpoint { kind: "node", private: false, managed: true, version: Some([4, 4, 6, 0]), creator: ADMIN, roles };
    world.endpoints.insert(NODE, node);
    let workspace = Workspace {
        org: 60,
        root_upload: true,
        members: vec![Membership { id: 62, who: 25, manager: false, root_upload: None }],
    };
    world.workspaces.insert(61, workspace);
    let items: [(&str, Option<u64>); 9] = [
        ("/", None),
        ("/a", Some(21)),
        ("/a/b", None),
        ("/a/b/c", None),
        ("/d", Some(22)),
        ("/d/b", None),
        ("/f", None),
        ("/files", None),
        ("/files/u25", Some(25)),
    ];
    for (place, (path, owner)) in items.into_iter().enumerate() {
        let id = 70 + 2 * place as u64;
        let item = Item {
            id,
            folder: true,
            owner: owner.map(|who| Link { id: id + 1, who }),
            home: (path == "/files/u25").then_some((25, 61)),
            files_of: (path == "/files").then_some(61),
        };
        world.items.insert(at(path), item);
    }
    let given = [(100, "/", 21, VIEW), (101, "/a", 24, VIEW), (102, "/f", WORKGROUP, EDIT), (103, "/d", 22, EDIT)];
    for (id, path, with, set) in given {
        world.shares.push(Share { id, on: at(path), with, by: None, set, expires: None, class: "admin" });
    }
    world
}

fn at(path: &str) -> Place {
    (NODE, path.split('/').filter(|it| !it.is_empty()).map(str::to_owned).collect())
}

fn text(place: &Place) -> String {
    format!("/{}", place.1.join("/"))
}

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn node() -> Name {
    Name::parse(&format!("e{NODE}")).unwrap()
}

/// The reference of a principal, by the name of its row.
fn who(id: u64) -> Reference {
    let named = |kind, letter| Reference::Named(kind, Name::parse(&format!("{letter}{id}")).unwrap());
    match id {
        AUTHENTICATED => Reference::Authenticated,
        ANYONE => Reference::Anyone,
        _ if PEOPLE.contains(&id) => named(Kind::Account, "u"),
        _ if GROUPS.contains(&id) => named(Kind::Group, "g"),
        _ => named(Kind::Workgroup, "w"),
    }
}

fn name_of(id: u64) -> Name {
    Name::parse(&format!("u{id}")).unwrap()
}

/// The sharer and the class of a share.
type Maker = (Option<u64>, &'static str);

/// One operation.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Grant { on: String, with: u64, set: Set, expires: Option<i64>, admin: bool },
    Set { on: String, with: u64, by: Maker, set: Option<Set>, expires: Option<Option<i64>>, cascade: bool },
    Revoke { on: String, with: u64, by: Maker, cascade: bool },
    Prune { on: String },
    Move { from: String, to: String },
    Copy { from: String, to: String },
    Rename { on: String, new: String },
    Remove { on: String },
    Upload { on: String },
    Owner { on: String, to: Option<u64> },
    Member { group: u64, member: u64, add: bool },
    InWorkgroup { member: u64, add: bool },
    Active { account: u64, active: bool },
    Administrator { account: u64, add: bool },
}

fn which(with: u64, (by, class): Maker) -> ShareSelector {
    let by = by.map_or(Sharer::Operator, |by| Sharer::Account(PastReference::Existing(who(by))));
    ShareSelector { principal: who(with), by: Some(by), class: ShareClass::from_name(class) }
}

fn expiry(end: Option<i64>) -> Expiry {
    end.map_or(Expiry::Never, |end| Expiry::At(Time(end)))
}

pub(crate) fn apply(tx: &mut Transaction<'_>, step: &Step) -> Result<(), Problem> {
    let (node, one) = (node(), |id: u64| [who(id)]);
    match step {
        Step::Grant { on, with, set, expires, admin } => {
            let grant = NewShare {
                principals: vec![who(*with)],
                permissions: permissions(*set),
                expires: expires.map(|end| expiry(Some(end))),
                admin: *admin,
                class: None,
            };
            share::grant(tx, &node, &path(on), &grant)
        }
        Step::Set { on, with, by, set, expires, cascade } => {
            let after = (set.map(permissions), expires.map(expiry));
            share::set(tx, (&node, &path(on)), &which(*with, *by), after, *cascade)
        }
        Step::Revoke { on, with, by, cascade } => share::revoke(tx, (&node, &path(on)), &[which(*with, *by)], *cascade),
        Step::Prune { on } => share::prune(tx, &node, &path(on)),
        Step::Move { from, to } => transfer::move_to(tx, (&node, &path(from)), (&node, &path(to))),
        Step::Copy { from, to } => transfer::copy(tx, (&node, &path(from)), (&node, &path(to))).map(drop),
        Step::Rename { on, new } => content::rename(tx, &node, &path(on), new),
        Step::Remove { on } => content::remove(tx, &node, &path(on)),
        Step::Upload { on } => {
            let upload = content::Upload {
                item_type: rolebook::model::attributes::ItemType::Folder,
                size: None,
                files: Vec::new(),
            };
            content::upload(tx, &node, &path(on), &upload)
        }
        Step::Owner { on, to } => {
            let said = content::ItemSettings { owner: Some(to.map(who)), ..content::ItemSettings::default() };
            content::set(tx, &node, &path(on), &said)
        }
        Step::Member { group, member, add } => {
            let group = Name::parse(&format!("g{group}")).unwrap();
            if *add {
                membership::add(tx, Kind::Group, &group, &one(*member), None)
            } else {
                membership::remove(tx, Kind::Group, &group, &one(*member))
            }
        }
        Step::InWorkgroup { member, add } => {
            let workgroup = Name::parse(&format!("w{WORKGROUP}")).unwrap();
            if *add {
                membership::add(tx, Kind::Workgroup, &workgroup, &one(*member), None)
            } else {
                membership::remove(tx, Kind::Workgroup, &workgroup, &one(*member))
            }
        }
        Step::Active { account, active } => account::set_active(tx, &name_of(*account), *active),
        Step::Administrator { account, add } => {
            let role = Role::EndpointAdministrator;
            if *add {
                endpoint::add_role(tx, &node, role, &one(*account))
            } else {
                endpoint::remove_role(tx, &node, role, &one(*account))
            }
        }
    }
}

/// A random step: mostly one that somebody can do, sometimes one that nobody should be able to do.
pub(crate) fn propose(world: &World, now: i64, dice: &mut Dice) -> (u64, Step) {
    let places: Vec<Place> = world.items.keys().cloned().collect();
    let with = dice.pick(&[21, 22, 23, 24, 25, 23, 24, GROUPS[0], GROUPS[1], WORKGROUP, AUTHENTICATED, ANYONE, ADMIN]);
    let actor = dice.pick(&PEOPLE);
    let mut place = dice.pick(&places);
    let ends = |dice: &mut Dice| dice.chance(1, 4).then(|| now + dice.pick(&[1, 2, 5, 1000]));
    let share = (!world.shares.is_empty()).then(|| dice.pick(&world.shares));
    let step = match (dice.below(24), share) {
        (0..=8, _) => {
            let held: Vec<&Place> = places.iter().filter(|it| world.holds(actor, it, now) != 0).collect();
            if !held.is_empty() && dice.chance(9, 10) {
                place = dice.pick(&held).clone();
            }
            let held = world.holds(actor, &place, now);
            let set = if held != 0 && dice.chance(4, 5) {
                Some(dice.set() & held).filter(|set| *set != 0).unwrap_or(held)
            } else {
                dice.set()
            };
            if dice.chance(1, 6) {
                place.1.push("new".to_owned());
            }
            Step::Grant { on: text(&place), with, set, expires: ends(dice), admin: dice.chance(1, 8) }
        }
        (9..=14, Some(share)) => {
            let by = (share.by, share.class);
            let (on, with, cascade) = (text(&share.on), share.with, dice.chance(1, 2));
            let step = if dice.chance(1, 2) {
                Step::Revoke { on, with, by, cascade }
            } else {
                let set =
                    dice.chance(4, 5).then(|| if dice.chance(2, 3) { share.set & dice.set() } else { dice.set() });
                let expires = (set.is_none() || dice.chance(1, 5)).then(|| ends(dice));
                Step::Set { on, with, by, set: set.map(|set| set.max(1)), expires, cascade }
            };
            let sharer = share.by.unwrap_or(ADMIN);
            return (if dice.chance(1, 8) { actor } else { sharer }, step);
        }
        (15, _) => Step::Prune { on: text(&place) },
        (16, _) => Step::Move { from: text(&place), to: text(&dice.pick(&places)) },
        (17, _) if dice.chance(1, 3) => Step::Remove { on: text(&place) },
        (17, _) => Step::Rename { on: text(&place), new: dice.pick(&["b", "x", "y"]).to_owned() },
        (18, _) if places.len() < 30 => Step::Copy { from: text(&place), to: text(&dice.pick(&places)) },
        (18 | 19, _) => {
            place.1.push(dice.pick(&["b", "x", "y"]).to_owned());
            Step::Upload { on: text(&place) }
        }
        (20, _) => {
            let to = dice.chance(2, 3).then(|| dice.pick(&PEOPLE));
            return (ADMIN, Step::Owner { on: text(&place), to });
        }
        (21, _) => {
            let member = dice.pick(&[21, 22, 23, 24, 25, GROUPS[0]]);
            let step = if dice.chance(1, 3) {
                Step::InWorkgroup { member, add: dice.chance(1, 2) }
            } else {
                Step::Member { group: dice.pick(&GROUPS), member, add: dice.chance(1, 2) }
            };
            return (ADMIN, step);
        }
        (22, _) => {
            return (ADMIN, Step::Active { account: dice.pick(&PEOPLE), active: dice.chance(2, 3) });
        }
        _ => return (ADMIN, Step::Administrator { account: dice.pick(&PEOPLE), add: dice.chance(1, 2) }),
    };
    (actor, step)
}

/// The permissions that each sharer held when making or last raising a share.
type Records = BTreeMap<u64, Set>;

fn find(world: &World, id: u64) -> Option<&Share> {
    world.shares.iter().find(|it| it.id == id)
}

fn is_later(new: Option<i64>, old: Option<i64>) -> bool {
    old.is_some_and(|old| new.is_none_or(|new| new > old))
}

/// No delegated share gives more than its sharer held when making or last raising it.
fn widens(before: &World, after: &World, actor: u64, now: i64, records: &mut Records) -> Result<(), String> {
    for share in after.shares.iter().filter(|it| after.is_delegated(it)) {
        let raised =
            find(before, share.id).is_none_or(|old| share.set & !old.set != 0 || is_later(share.expires, old.expires));
        if raised {
            if share.by != Some(actor) {
                return Err(format!("somebody else's share was raised: {share:?}"));
            }
            records.insert(share.id, before.holds(actor, &share.on, now));
            // Nor does the share last longer than the sharer's hold.
            let end = before.held_until(actor, &share.on, share.set, now);
            if end.is_some_and(|end| share.expires.is_none_or(|own| own > end)) {
                return Err(format!("{share:?} lasts longer than what its sharer held: {end:?}"));
            }
        }
        let held = records[&share.id];
        if share.set & !held != 0 {
            return Err(format!("{share:?} gives more than its sharer held: {held:07b}"));
        }
    }
    Ok(())
}

/// Every holder of a permission has it as an owner, by a role, by an admin share, or from a sharer who held it
/// when sharing.
fn has_a_source(world: &World, now: i64, records: &Records) -> Result<(), String> {
    let mut firm = world.clone();
    firm.shares.retain(|it| !world.is_delegated(it));
    for who in PEOPLE {
        let me = world.is(who);
        for place in world.items.keys() {
            let mut source = firm.holds(who, place, now);
            for share in world.shares.iter().filter(|it| me.contains(&it.with) && place.1.starts_with(&it.on.1)) {
                source |= records.get(&share.id).copied().unwrap_or(0);
            }
            let held = world.holds(who, place, now);
            if held & !source != 0 {
                return Err(format!("{who} holds {held:07b} on {place:?}, out of {source:07b}"));
            }
        }
    }
    Ok(())
}

/// Nobody has later what rested on a removed share: with `--cascade`, a share that another base supports for a
/// while ends with that base; without it, the change was refused.
fn over_time(before: &World, after: &World, target: u64, cascade: bool, now: i64) -> Result<(), String> {
    let mut then = before.clone();
    for share in then.shares.iter_mut().filter(|it| it.id == target) {
        let left = find(after, target);
        share.set &= left.map_or(0, |it| it.set);
        // Setting an earlier end is not lowering.
        if let (true, Some(left)) = (cascade, left) {
            share.expires = left.expires;
        }
    }
    let moments = before.moments(now).union(&then.moments(now)).copied().collect::<std::collections::BTreeSet<i64>>();
    for share in before.shares.iter().filter(|it| it.id != target && before.is_delegated(it)) {
        let Some(left) = find(after, share.id) else { continue };
        let lost = |at: i64| {
            let (was, is) = (before.supported_with(Some(target), at), then.supported_with(Some(target), at));
            was[&share.id] & !is[&share.id] & left.set != 0
        };
        let end = moments.iter().copied().find(|at| lost(*at));
        let wanted = end.map_or(share.expires, |end| Some(share.expires.map_or(end, |own| own.min(end))));
        if left.expires != wanted {
            return Err(format!("{share:?} ends at {:?}, not at {wanted:?}", left.expires));
        }
    }
    Ok(())
}

/// Compares the shares after a step with those that the model expects.
fn shares_after(step: &Step, actor: u64, before: &World, after: &World, now: i64) -> Result<(), String> {
    let mut expected: BTreeMap<u64, Set> = before.shares.iter().map(|it| (it.id, it.set)).collect();
    let target = |on: &str, with: u64, by: Maker| {
        before.shares.iter().find(|it| text(&it.on) == on && it.with == with && (it.by, it.class) == by).map(|it| it.id)
    };
    match step {
        Step::Set { on, with, by, cascade, .. } | Step::Revoke { on, with, by, cascade } => {
            let target = target(on, *with, *by).unwrap();
            let mut then = before.clone();
            let left = find(after, target).map_or(0, |it| it.set);
            then.shares.iter_mut().filter(|it| it.id == target).for_each(|it| it.set &= left);
            let (was, is) = (before.supported_with(Some(target), now), then.supported_with(Some(target), now));
            for share in before.shares.iter().filter(|it| it.id != target && before.is_delegated(it)) {
                let lost = was[&share.id] & !is[&share.id];
                if lost != 0 && !cascade {
                    return Err(format!("{share:?} was left without what it rested on"));
                }
                expected.insert(share.id, share.set & !lost);
            }
            expected.insert(target, left);
            let (was, is) = (before.supported(now), after.supported(now));
            for share in after.shares.iter().filter(|it| it.id != target && before.is_delegated(it)) {
                if was[&share.id] & share.set & !is[&share.id] != 0 {
                    return Err(format!("{share:?} hangs in the air and did not before"));
                }
            }
            over_time(before, after, target, *cascade, now)?;
            let wanted = match step {
                Step::Set { set: Some(set), .. } => *set,
                Step::Set { .. } => find(before, target).unwrap().set,
                _ => 0,
            };
            if left != wanted {
                return Err(format!("the share itself gives {left:07b}, not {wanted:07b}"));
            }
        }
        Step::Prune { on } => {
            let supported = before.supported(now);
            let administers = before.may(actor, &Ask::AdministerShares(at(on)), now);
            for share in before.shares.iter().filter(|it| before.is_delegated(it)) {
                let inside = share.on.1.starts_with(&at(on).1);
                let in_force = share.expires.is_none_or(|end| now < end);
                if inside && in_force && (administers || share.by == Some(actor)) {
                    expected.insert(share.id, share.set & supported[&share.id]);
                }
            }
        }
        // Granting an expired share again makes a new one.
        Step::Grant { on, with, set, admin, .. } => {
            if let Some(known) = target(on, *with, (Some(actor), if *admin { "admin" } else { "user" })) {
                expected.insert(known, *set);
            }
        }
        _ => {}
    }
    let left: std::collections::BTreeSet<u64> = after.items.values().map(|it| it.id).collect();
    for share in &before.shares {
        let there = left.contains(&before.items[&share.on].id);
        let wanted = if there { expected[&share.id] } else { 0 };
        let found = find(after, share.id).map_or(0, |it| it.set);
        if wanted != found {
            return Err(format!("{share:?} gives {found:07b}, not {wanted:07b}"));
        }
    }
    let new = after.shares.iter().filter(|it| find(before, it.id).is_none()).count();
    if new > usize::from(matches!(step, Step::Grant { .. })) {
        return Err("shares came out of nothing".to_owned());
    }
    Ok(())
}

/// Undoes a step at once: the state is as before, or the undo is refused.
fn undone(
    world: &Overlay<'_, EmptyFacts>,
    rows: &[RowChange],
    actor: Actor,
    now: i64,
    before: &World,
) -> Result<(), String> {
    let mut tx = Transaction::new(world, actor, Time(now)).unwrap();
    if undo::undo(&mut tx, &undo::UndoneRevision { author: actor.principal(), ..Default::default() }, rows).is_err()
        || tx.check().is_err()
    {
        return Ok(());
    }
    let found = World::read(tx.facts());
    if found == *before { Ok(()) } else { Err(format!("the undo by {actor:?} left {found:?}")) }
}

fn history(seed: u64, steps: usize) -> Result<usize, TestCaseError> {
    let mut dice = Dice::new(seed);
    let mut world = Overlay::new(&EmptyFacts).unwrap();
    put(&mut world, &start());
    let (mut records, mut done, mut told) = (Records::new(), 0, Vec::new());
    let mut before = World::read(&world);
    for number in 0..steps {
        let now = NOW + number as i64;
        let (actor, step) = propose(&before, now, &mut dice);
        let acting = Actor::Principal(Id(actor));
        let mut tx = Transaction::new(&world, acting, Time(now)).unwrap();
        let active = before.is_active(actor, now);
        if !active || apply(&mut tx, &step).is_err() {
            continue;
        }
        let rows = tx.facts().draft().against(&world).unwrap();
        let Ok((draft, last)) = tx.finish() else { continue };
        if rows.is_empty() {
            continue;
        }
        told.push(format!("{actor} {step:?}"));
        keep(&mut world, draft, last);
        let after = World::read(&world);
        let mut checked = widens(&before, &after, actor, now, &mut records)
            .and_then(|()| shares_after(&step, actor, &before, &after, now))
            .and_then(|()| undone(&world, &rows, acting, now, &before))
            .and_then(|()| undone(&world, &rows, Actor::Operator, now, &before));
        if number % 8 == 0 {
            checked = checked.and_then(|()| has_a_source(&after, now, &records));
        }
        if let Err(why) = checked {
            let shares: Vec<String> = before.shares.iter().map(|it| format!("{it:?}")).collect();
            let text =
                format!("DELEGATION_SEED={seed}: {why}\nafter\n{}\nwith\n{}", told.join("\n"), shares.join("\n"));
            return Err(TestCaseError::fail(text));
        }
        (before, done) = (after, done + 1);
    }
    Ok(done)
}

#[test]
fn nobody_gets_more_than_a_sharer_had_and_no_share_falls_silently() {
    if let Ok(seed) = std::env::var("DELEGATION_SEED") {
        history(seed.parse().unwrap(), 120).map(drop).unwrap();
        return;
    }
    let done = std::sync::atomic::AtomicUsize::new(0);
    let config = ProptestConfig { cases: 24, max_shrink_iters: 0, failure_persistence: None, ..Default::default() };
    proptest!(config, |(seed in any::<u64>())| {
        done.fetch_add(history(seed, 120)?, std::sync::atomic::Ordering::Relaxed);
    });
    let done = done.into_inner();
    assert!(done > 900, "too much is refused: {done}");
}

/// A world to be changed step by step.
struct Case(Overlay<'static, EmptyFacts>, i64);

impl Case {
    fn new() -> Case {
        let mut world = start();
        world.shares.clear();
        let mut facts = Overlay::new(&EmptyFacts).unwrap();
        put(&mut facts, &world);
        Case(facts, NOW)
    }

    fn by(&mut self, actor: Actor, step: &Step) -> Result<(), Problem> {
        let mut tx = Transaction::new(&self.0, actor, Time(self.1))?;
        apply(&mut tx, step)?;
        let (draft, last) = tx.finish()?;
        keep(&mut self.0, draft, last);
        Ok(())
    }

    fn grant(&mut self, actor: u64, on: &str, with: u64, set: Set) {
        let step = Step::Grant { on: on.to_owned(), with, set, expires: None, admin: false };
        self.by(Actor::Principal(Id(actor)), &step).unwrap();
    }

    fn revoke(&mut self, actor: u64, on: &str, with: u64, cascade: bool) -> Result<(), Problem> {
        let step = Step::Revoke { on: on.to_owned(), with, by: (Some(actor), "user"), cascade };
        self.by(Actor::Principal(Id(actor)), &step)
    }

    fn lower(&mut self, actor: u64, on: &str, with: u64, set: Set, cascade: bool) -> Result<(), Problem> {
        let by = (Some(actor), "user");
        let step = Step::Set { on: on.to_owned(), with, by, set: Some(set), expires: None, cascade };
        self.by(Actor::Principal(Id(actor)), &step)
    }

    fn refused(&mut self, actor: u64, on: &str, with: u64, dependents: usize) {
        let problem = self.revoke(actor, on, with, false).unwrap_err();
        assert_eq!((problem.code, problem.details.len()), ("dependents", dependents), "{problem:?}");
    }

    /// Every share in force: sharer, receiver and permissions.
    fn shares(&self) -> Vec<(u64, u64, Set)> {
        let world = World::read(&self.0);
        world.shares.iter().map(|it| (it.by.unwrap_or(0), it.with, it.set)).collect()
    }
}

#[test]
fn shares_that_support_each_other_in_a_cycle_fall_together() {
    let mut case = Case::new();
    case.grant(21, "/a", 22, EDIT);
    case.grant(22, "/a", 23, EDIT);
    case.grant(23, "/a", 24, EDIT);
    case.grant(24, "/a", 22, EDIT);
    case.refused(21, "/a", 22, 3);
    case.revoke(21, "/a", 22, true).unwrap();
    assert_eq!(case.shares(), []);
}

#[test]
fn a_share_with_another_base_survives() {
    let mut case = Case::new();
    // Two sharers.
    case.grant(21, "/a", 22, VIEW);
    case.grant(21, "/a", 23, VIEW);
    case.grant(22, "/a", 24, VIEW);
    case.grant(23, "/a", 24, BROWSE);
    case.grant(24, "/a/b", 25, VIEW);
    case.refused(21, "/a", 22, 2);
    case.revoke(21, "/a", 22, true).unwrap();
    // What 23 gave supports browse only.
    assert_eq!(case.shares(), [(21, 23, VIEW), (23, 24, BROWSE), (24, 25, BROWSE)]);
    // Ownership.
    case.by(Actor::Principal(Id(ADMIN)), &Step::Owner { on: "/a/b".to_owned(), to: Some(24) }).unwrap();
    case.refused(21, "/a", 23, 1);
    case.revoke(21, "/a", 23, true).unwrap();
    assert_eq!(case.shares(), [(24, 25, BROWSE)]);
}

#[test]
fn a_member_passes_on_what_the_group_was_given() {
    let mut case = Case::new();
    // The sharer is in the group, so that the sharer may see it.
    let join = Step::Member { group: GROUPS[1], member: 21, add: true };
    case.by(Actor::Principal(Id(ADMIN)), &join).unwrap();
    case.grant(21, "/a", GROUPS[1], VIEW);
    case.grant(24, "/a/b/c", 25, DOWNLOAD);
    case.refused(21, "/a", GROUPS[1], 1);
    // Without the group the share is unsupported until it is pruned.
    let leave = Step::Member { group: GROUPS[0], member: 24, add: false };
    case.by(Actor::Principal(Id(ADMIN)), &leave).unwrap();
    assert_eq!(case.shares(), [(21, GROUPS[1], VIEW), (24, 25, DOWNLOAD)]);
    case.by(Actor::Principal(Id(22)), &Step::Prune { on: "/d".to_owned() }).unwrap();
    assert_eq!(case.shares().len(), 2, "none of 22's");
    case.by(Actor::Principal(Id(ADMIN)), &Step::Prune { on: "/a".to_owned() }).unwrap();
    assert_eq!(case.shares(), [(21, GROUPS[1], VIEW)]);
}

#[test]
fn lowering_trims_only_what_rests_on_the_removed_permissions() {
    let mut case = Case::new();
    case.grant(21, "/a", 22, EDIT);
    case.grant(22, "/a", 23, DOWNLOAD);
    case.lower(21, "/a", 22, VIEW | DELETE, false).unwrap();
    case.grant(22, "/a", 24, DELETE);
    case.grant(24, "/a", 25, DELETE);
    let problem = case.lower(21, "/a", 22, VIEW, false).unwrap_err();
    assert_eq!(problem.details.len(), 2, "{problem:?}");
    case.lower(21, "/a", 22, VIEW, true).unwrap();
    assert_eq!(case.shares(), [(21, 22, VIEW), (22, 23, DOWNLOAD)]);
}

#[test]
fn a_passed_on_share_ends_with_its_base() {
    let mut case = Case::new();
    let step = Step::Grant { on: "/a".to_owned(), with: 22, set: VIEW, expires: Some(NOW + 10), admin: false };
    case.by(Actor::Principal(Id(21)), &step).unwrap();
    case.grant(22, "/a", 23, VIEW);
    case.grant(23, "/a", 24, VIEW);
    // Shared back to its sharer, and with a group that the sharer is in.
    case.grant(24, "/a", 22, VIEW);
    case.grant(24, "/a", GROUPS[0], VIEW);
    let ends = |case: &Case| World::read(&case.0).shares.iter().map(|it| it.expires).collect::<Vec<_>>();
    assert_eq!(ends(&case), [Some(NOW + 10); 5]);
    // Asking for a later end changes nothing.
    let by = (Some(24), "user");
    let step = Step::Set { on: "/a".to_owned(), with: GROUPS[0], by, set: None, expires: Some(None), cascade: false };
    case.by(Actor::Principal(Id(24)), &step).unwrap();
    assert_eq!(ends(&case), [Some(NOW + 10); 5]);
    // If the sharer holds the permission longer, the share may last as long as that.
    let step = Step::Grant { on: "/a/b".to_owned(), with: 24, set: VIEW, expires: Some(NOW + 20), admin: false };
    case.by(Actor::Principal(Id(21)), &step).unwrap();
    let step = Step::Grant { on: "/a/b/c".to_owned(), with: 25, set: VIEW, expires: Some(NOW + 90), admin: false };
    case.by(Actor::Principal(Id(24)), &step).unwrap();
    assert_eq!(ends(&case).last(), Some(&Some(NOW + 20)));
    case.1 += 10;
    let step = Step::Grant { on: "/a".to_owned(), with: 25, set: VIEW, expires: None, admin: false };
    assert!(case.by(Actor::Principal(Id(22)), &step).is_err(), "what has expired is not passed on");
}

/// Older versions let shares outlast their base.
#[test]
fn pruning_cuts_a_share_that_outlasts_its_base() {
    let mut world = start();
    world.shares.clear();
    let share =
        |id, with, by, expires| Share { id, on: at("/a"), with, by: Some(by), set: VIEW, expires, class: "user" };
    world.shares.push(share(300, 22, 21, Some(NOW + 10)));
    world.shares.push(share(301, GROUPS[0], 22, None));
    world.shares.push(share(302, 25, 23, None));
    world.groups.get_mut(&GROUPS[0]).unwrap().push(Link { id: 400, who: 22 });
    let mut facts = Overlay::new(&EmptyFacts).unwrap();
    put(&mut facts, &world);
    let mut case = Case(facts, NOW);
    case.by(Actor::Operator, &Step::Prune { on: "/".to_owned() }).unwrap();
    let world = World::read(&case.0);
    assert_eq!(world.shares.iter().map(|it| it.expires).collect::<Vec<_>>(), [Some(NOW + 10); 3]);
    // Once the base has expired they no longer support each other.
    let mut world = world;
    world.shares.iter_mut().skip(1).for_each(|it| it.expires = None);
    let mut facts = Overlay::new(&EmptyFacts).unwrap();
    put(&mut facts, &world);
    let mut case = Case(facts, NOW + 10);
    case.by(Actor::Operator, &Step::Prune { on: "/".to_owned() }).unwrap();
    assert_eq!(case.shares(), [(21, 22, VIEW)]);
}

#[test]
fn a_share_that_is_granted_again_belongs_to_the_new_sharer() {
    let mut world = start();
    let bucket = world.endpoints.get_mut(&NODE).unwrap();
    (bucket.kind, bucket.version) = ("s3", None);
    bucket.roles.push(Held { id: 200, who: 21, role: "access-manager" });
    world.shares.clear();
    let mut facts = Overlay::new(&EmptyFacts).unwrap();
    put(&mut facts, &world);
    let mut case = Case(facts, NOW);
    let step = Step::Grant { on: "/a".to_owned(), with: 22, set: EDIT, expires: Some(NOW + 10), admin: false };
    case.by(Actor::Principal(Id(ADMIN)), &step).unwrap();
    case.1 += 10;
    case.grant(21, "/a", 22, VIEW);
    assert_eq!(case.shares(), [(21, 22, VIEW)]);
}

#[test]
fn an_unsupported_share_supports_no_other() {
    let mut case = Case::new();
    // 23 and 24 support only each other once their common sharer holds nothing any more.
    case.by(Actor::Principal(Id(ADMIN)), &Step::Owner { on: "/a/b".to_owned(), to: Some(20) }).unwrap();
    case.grant(20, "/a/b", 23, VIEW);
    case.grant(23, "/a/b", 24, VIEW);
    case.grant(24, "/a/b", 23, VIEW);
    case.grant(24, "/a/b", 22, VIEW);
    case.by(Actor::Principal(Id(ADMIN)), &Step::Owner { on: "/a/b".to_owned(), to: None }).unwrap();
    case.grant(21, "/a", 22, VIEW);
    case.grant(22, "/a/b", 25, VIEW);
    case.refused(21, "/a", 22, 1);
    case.revoke(21, "/a", 22, true).unwrap();
    assert!(!case.shares().contains(&(22, 25, VIEW)));
}

#[test]
fn a_chain_of_300_falls_as_one() {
    let mut world = start();
    world.shares.clear();
    for who in 1_000..1_300 {
        world.accounts.insert(who, Account { active: true, expires: None, role: "user", role_id: who + 1_000 });
    }
    for link in 0..300 {
        let by = if link == 0 { 21 } else { 999 + link };
        let (id, with) = (3_000 + link, 1_000 + link);
        world.shares.push(Share { id, on: at("/a"), with, by: Some(by), set: VIEW, expires: None, class: "user" });
    }
    let mut facts = Overlay::new(&EmptyFacts).unwrap();
    put(&mut facts, &world);
    let mut case = Case(facts, NOW);
    case.by(Actor::Operator, &Step::Prune { on: "/".to_owned() }).unwrap();
    assert_eq!(case.shares().len(), 300);
    let first = ShareSelector { principal: Reference::parse("u1000", Kind::Account).unwrap(), by: None, class: None };
    let revoke = |case: &Case, cascade: bool| {
        let mut tx = Transaction::new(&case.0, Actor::Principal(Id(21)), Time(NOW)).unwrap();
        share::revoke(&mut tx, (&node(), &path("/a")), std::slice::from_ref(&first), cascade)?;
        tx.finish()
    };
    assert_eq!(revoke(&case, false).unwrap_err().details.len(), 299);
    let (draft, last) = revoke(&case, true).unwrap();
    keep(&mut case.0, draft, last);
    assert_eq!(case.shares(), []);
    // The owner gives the folder away, and the chain is unsupported.
    let mut facts = Overlay::new(&EmptyFacts).unwrap();
    put(&mut facts, &world);
    let mut case = Case(facts, NOW);
    case.by(Actor::Principal(Id(ADMIN)), &Step::Owner { on: "/a".to_owned(), to: None }).unwrap();
    assert_eq!(case.shares().len(), 300);
    case.by(Actor::Operator, &Step::Prune { on: "/".to_owned() }).unwrap();
    assert_eq!(case.shares(), []);
}
