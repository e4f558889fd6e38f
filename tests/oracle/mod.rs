//! Random worlds and random questions: the program and the oracle must agree on every question. Every
//! proof must consist of existing facts that are enough, and every remedy must allow the action.

pub(crate) mod truth;
pub(crate) mod worlds;

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use rolebook::model::action::{Destination, Verb, verbs_of};
use rolebook::model::{Action, Id, Kind, Path, Resource, Role, Time};
use rolebook::ops::remedies;
use rolebook::policy::remedy::Missing;
use rolebook::policy::{EmptyFacts, Facts, Overlay, ProofStep, Question, Remedy, decide};
use rolebook::store::{RevisionHeader, Store};

use crate::support::temp_folder;

use truth::*;
use worlds::{Dice, NAMES, NOW, permissions, set_of};

/// Number of questions per world, and number of worlds: together more than 100,000 questions.
const QUESTIONS: usize = 640;
const WORLDS: u32 = 160;

/// The nearest item of a path in the program, and whether it is the item at the path itself.
fn nearest<F: Facts>(facts: &F, place: &Place) -> (Rc<Resource>, bool) {
    let path = Path::parse(&format!("/{}", place.1.join("/"))).unwrap();
    let (item, depth) = facts.nearest_item(Id(place.0), &path).unwrap().unwrap();
    (facts.resource(item).unwrap().unwrap(), depth == place.1.len())
}

/// A question in the types of the program.
pub(crate) fn translated<F: Facts>(facts: &F, ask: &Ask) -> (Action, Id) {
    let item = |place: &Place| nearest(facts, place).0.id;
    let plain = Action::Plain;
    let here = |verb: Verb, place: &Place| {
        let (item, is_registered) = nearest(facts, place);
        (if is_registered { plain(verb) } else { plain(verb).on_unregistered() }, item.id)
    };
    let transfer = |from: &Place, to: &Place| {
        let ((source, known), (folder, is_registered)) = (nearest(facts, from), nearest(facts, to));
        (Destination { folder: folder.id, is_registered, of_file: !known }, source.id)
    };
    let of_kind = |kind: Kind, text: &str| Action::parse(text, kind, &|_| panic!("no folder")).unwrap();
    let role = |word: &str| Role::from_name(Kind::Endpoint, word).unwrap();
    match ask {
        Ask::See(place) => here(Verb::See, place),
        Ask::Thumbnail(place) => here(Verb::Thumbnail, place),
        Ask::Do(permission, place) => {
            let verb = match *permission {
                CREATE_FOLDER => Verb::CreateFolder,
                RENAME => Verb::Rename,
                UPLOAD => Verb::Upload,
                DOWNLOAD => Verb::Download,
                PREVIEW => Verb::Preview,
                BROWSE => Verb::Browse,
                DELETE => Verb::Delete,
                _ => panic!("not one permission"),
            };
            here(verb, place)
        }
        Ask::Overwrite(place) => here(Verb::Overwrite, place),
        Ask::Share(set, place) => (Action::Share(permissions(*set)), item(place)),
        Ask::MoveTo(from, to) => {
            let (to, on) = transfer(from, to);
            (Action::MoveTo(to), on)
        }
        Ask::CopyTo(from, to) => {
            let (to, on) = transfer(from, to);
            (Action::CopyTo(to), on)
        }
        Ask::ViewShares(place) => here(Verb::ViewShares, place),
        Ask::AdministerShares(place) => here(Verb::AdministerShares, place),
        Ask::Endpoint(verb, endpoint) => (of_kind(Kind::Endpoint, verb), Id(*endpoint)),
        Ask::Assign(given, endpoint) => (Action::Assign(role(given)), Id(*endpoint)),
        Ask::Revoke(taken, endpoint) => (Action::Revoke(role(taken)), Id(*endpoint)),
        Ask::Server(verb) => (of_kind(Kind::Server, verb), Id::SERVER),
        Ask::Account(verb, id) => (of_kind(Kind::Account, verb), Id(*id)),
        Ask::Group(verb, id) => (of_kind(Kind::Group, verb), Id(*id)),
        Ask::Workgroup(verb, id) => (of_kind(Kind::Workgroup, verb), Id(*id)),
    }
}

pub(crate) const ROLES: [&str; 4] = ["administrator", "access-manager", "activity-manager", "activity-monitor"];
pub(crate) const OF_ENDPOINTS: [&str; 9] = [
    "see",
    "edit",
    "delete",
    "list-roles",
    "view-console",
    "control-console",
    "manage-permissions",
    "read-files",
    "write-files",
];
pub(crate) const OF_SERVER: [&str; 8] = [
    "view",
    "configure",
    "create-account=admin",
    "create-account=manager",
    "create-account=user",
    "create-group",
    "create-workgroup",
    "create-endpoint",
];
pub(crate) const OF_ACCOUNTS: [&str; 5] = ["view", "edit", "delete", "deactivate", "set-role=manager"];
pub(crate) const OF_GROUPS: [&str; 6] = ["view", "view-members", "edit", "delete", "add-member", "remove-member"];
pub(crate) const OF_WORKGROUPS: [&str; 16] = [
    "send",
    "view",
    "view-packages",
    "view-members",
    "send-to-members",
    "edit",
    "delete",
    "add-admin",
    "remove-admin",
    "add-member",
    "remove-member",
    "deactivate-member",
    "activate-member",
    "create-member",
    "add-group",
    "remove-group",
];

/// What questions about a world can be about.
struct Topics {
    principals: Vec<u64>,
    places: Vec<Place>,
    /// Everybody who holds something, and what.
    holders: Vec<(u64, Place)>,
    /// Everything that each account is.
    is: Vec<(u64, BTreeSet<u64>)>,
}

impl Topics {
    fn new(world: &World) -> Topics {
        let shares = world.shares.iter().map(|share| (share.with, share.on.clone()));
        let owners = world.items.iter().filter_map(|(on, item)| Some((item.owner.as_ref()?.who, on.clone())));
        let roles = world.endpoints.iter().flat_map(|(endpoint, it)| {
            it.roles.iter().map(|held| (held.who, (*endpoint, Vec::new()))).collect::<Vec<_>>()
        });
        Topics {
            principals: world.principals(),
            places: world.items.keys().cloned().collect(),
            holders: shares.chain(owners).chain(roles).collect(),
            is: world.accounts.keys().map(|account| (*account, world.is(*account))).collect(),
        }
    }
}

fn question(world: &World, topics: &Topics, dice: &mut Dice) -> (u64, Ask, i64) {
    let keys = |ids: Vec<u64>, dice: &mut Dice| dice.pick(&ids);
    let all = &topics.places;
    let (mut who, mut top) = (dice.pick(&topics.principals), Vec::new());
    // Principals without any rights are less interesting: two questions in three are about one with rights.
    if dice.chance(2, 3) {
        let (holder, on) = dice.pick(&topics.holders);
        let members: Vec<u64> =
            topics.is.iter().filter(|(_, groups)| groups.contains(&holder)).map(|(account, _)| *account).collect();
        who = if members.is_empty() || dice.chance(1, 4) { holder } else { dice.pick(&members) };
        top = all.iter().filter(|place| place.0 == on.0 && place.1.starts_with(&on.1)).cloned().collect();
    }
    let at = NOW + dice.pick(&[0, 0, 0, 0, -1, 1, 1000]);
    let place = |dice: &mut Dice| {
        let mut place = dice.pick(if top.is_empty() { all } else { &top });
        // Sometimes an unregistered path in a folder.
        while world.items.get(&place).is_none_or(|it| it.folder) && place.1.len() < 8 && dice.chance(1, 6) {
            place.1.push(dice.pick(&NAMES).to_owned());
        }
        place
    };
    let ask = match dice.below(20) {
        0 if dice.chance(1, 2) => Ask::Thumbnail(place(dice)),
        0 => Ask::See(place(dice)),
        1..=5 => Ask::Do(dice.pick(&WORDS).0, place(dice)),
        6 => Ask::Overwrite(place(dice)),
        7 | 8 => Ask::Share(dice.set(), place(dice)),
        9 => Ask::MoveTo(place(dice), place(dice)),
        10 => Ask::CopyTo(place(dice), place(dice)),
        11 => Ask::ViewShares(place(dice)),
        12 => Ask::AdministerShares(place(dice)),
        13 | 14 => Ask::Endpoint(dice.pick(&OF_ENDPOINTS), place(dice).0),
        15 => Ask::Assign(dice.pick(&ROLES), place(dice).0),
        16 => Ask::Revoke(dice.pick(&ROLES), place(dice).0),
        17 if dice.chance(1, 2) => Ask::Server(dice.pick(&OF_SERVER)),
        17 => Ask::Account(dice.pick(&OF_ACCOUNTS), keys(world.accounts.keys().copied().collect(), dice)),
        18 => Ask::Group(dice.pick(&OF_GROUPS), keys(world.groups.keys().copied().collect(), dice)),
        _ => Ask::Workgroup(dice.pick(&OF_WORKGROUPS), keys(world.workgroups.keys().copied().collect(), dice)),
    };
    (who, ask, at)
}

/// Asks the program and the oracle, and checks the answer, its proof and its remedies.
fn agree<F: Facts>(facts: &F, world: &World, who: u64, ask: &Ask, at: i64, deep: bool) -> Result<bool, String> {
    let (action, resource) = translated(facts, ask);
    let question = Question { principal: Id(who), action, resource, at: Time(at) };
    let decision = decide(facts, &question).unwrap();
    let expected = world.may(who, ask, at);
    if decision.allowed != expected {
        return Err(format!("the oracle says {expected}: {decision:#?}"));
    }
    let proof: Vec<_> = decision.proof.iter().filter_map(|step| step.binding()).collect();
    for binding in &proof {
        if facts.binding(binding.id).unwrap().as_ref() != Some(*binding) || !binding.is_effective(Time(at)) {
            return Err(format!("the proof rests on what is not there or gives nothing: {binding:?}"));
        }
    }
    if decision.allowed {
        if decision.proof.is_empty() {
            return Err("no proof".to_owned());
        }
        let bindings: BTreeSet<u64> = proof.iter().map(|it| it.id.0).collect();
        // A proof step about another member has no membership of its own.
        let alone = !decision.proof.iter().any(|step| matches!(step, ProofStep::Shared { .. }));
        if deep && alone && !world.with_only(&bindings).may(who, ask, at) {
            return Err(format!("the proof is not enough: {:#?}", decision.proof));
        }
        return Ok(true);
    }
    if deep && let Some(first) = remedies(facts, &question, &std::rc::Rc::default()).unwrap().first() {
        suffices(facts, world, (who, ask, at), first)?;
    }
    Ok(false)
}

/// What a remedy says is missing must be enough, all of it must be needed, and its actors must be able to
/// provide it.
fn suffices<F: Facts>(
    facts: &F,
    world: &World,
    (who, ask, at): (u64, &Ask, i64),
    remedy: &Remedy,
) -> Result<(), String> {
    if remedy.missing.is_empty() {
        return Err("a remedy of nothing".to_owned());
    }
    let without = |left_out: Option<usize>| {
        let mut mended = world.clone();
        let missing = remedy.missing.iter().enumerate().filter(|(place, _)| Some(*place) != left_out);
        let ok = missing.fold(true, |ok, (_, one)| ok && mend(facts, &mut mended, who, *one));
        ok.then(|| mended.may(who, ask, at))
    };
    match without(None) {
        None => return Ok(()),
        Some(true) => {}
        Some(false) => return Err(format!("does not suffice: {:?}", remedy.missing)),
    }
    for place in 0..remedy.missing.len() {
        if without(Some(place)) == Some(true) {
            return Err(format!("{:?} of {:?} is not lacking", remedy.missing[place], remedy.missing));
        }
    }
    for one in &remedy.missing {
        if let Missing::Share(set, item) = one {
            let place = place_of(world, item.0);
            let managed = world.sharing(place.0) == "managed";
            let refused = managed && (!world.items[&place].folder || world.workgroups.contains_key(&who));
            if !world.takes(place.0, set_of(*set)) || refused {
                return Err(format!("{one:?} is refused"));
            }
        }
    }
    for able in &remedy.actors {
        for one in &remedy.missing {
            let may = |ask: &Ask| world.may(able.0, ask, at);
            let can = match one {
                Missing::Share(set, item) => {
                    let place = place_of(world, item.0);
                    may(&Ask::Share(set_of(*set), place.clone())) || may(&Ask::AdministerShares(place))
                }
                // An unmanaged endpoint becomes managed first.
                Missing::Role(role, on) if role.resource_kind() == Kind::Endpoint => {
                    may(&Ask::Assign(role.as_str(), on.0)) || may(&Ask::Endpoint("edit", on.0))
                }
                _ => true,
            };
            // Nobody shares with themselves, or sets their own role or settings.
            let is_others = matches!(one, Missing::Share(..) | Missing::ServerRole(_) | Missing::Setting(_));
            if !can || (*able == Id(who) && is_others) {
                return Err(format!("{able} cannot give {one:?}"));
            }
        }
    }
    Ok(())
}

fn place_of(world: &World, item: u64) -> Place {
    world.items.iter().find(|(_, it)| it.id == item).unwrap().0.clone()
}

/// Makes the change that provides a missing right in the oracle's world; false if the oracle cannot express it.
fn mend<F: Facts>(facts: &F, world: &mut World, who: u64, one: Missing) -> bool {
    let id = 1_000_000;
    match one {
        Missing::Share(set, item) => {
            let (on, set) = (place_of(world, item.0), set_of(set));
            world.shares.push(Share { id, on, with: who, by: None, set, expires: None, class: "admin" });
        }
        Missing::Role(role, on) if role.resource_kind() == Kind::Endpoint => {
            world.endpoints.get_mut(&on.0).unwrap().roles.push(Held { id, who, role: role.as_str() });
        }
        Missing::Role(Role::GroupMember, on) => world.groups.get_mut(&on.0).unwrap().push(Link { id, who }),
        Missing::Role(role @ (Role::WorkgroupStandard | Role::WorkgroupAdmin), on) => {
            let members = &mut world.workgroups.get_mut(&on.0).unwrap().members;
            members.retain(|it| it.who != who);
            members.push(Member { id, who, admin: role == Role::WorkgroupAdmin, active: true });
        }
        Missing::Role(role @ (Role::WorkspaceMember | Role::WorkspaceManager), on) => {
            let members = &mut world.workspaces.get_mut(&on.0).unwrap().members;
            let root_upload = members.iter().find(|it| it.who == who).and_then(|it| it.root_upload);
            members.retain(|it| it.who != who);
            members.push(Membership { id, who, manager: role == Role::WorkspaceManager, root_upload });
        }
        Missing::ServerRole(role) => world.accounts.get_mut(&who).unwrap().role = role.as_str(),
        Missing::Active(account) => {
            let account = world.accounts.get_mut(&account.0).unwrap();
            (account.active, account.expires) = (true, None);
        }
        Missing::Owner(item) => {
            let on = place_of(world, item.0);
            world.items.get_mut(&on).unwrap().owner = Some(Link { id, who });
        }
        Missing::NodeVersion(endpoint) => world.endpoints.get_mut(&endpoint.0).unwrap().version = Some([3, 7, 4, 0]),
        Missing::Managed(endpoint) => world.endpoints.get_mut(&endpoint.0).unwrap().managed = true,
        Missing::RootUpload(workspace) => {
            let workspace = world.workspaces.get_mut(&workspace.0).unwrap();
            workspace.root_upload = true;
            workspace.members.iter_mut().for_each(|it| it.root_upload = None);
        }
        Missing::Condition(condition, on) => {
            let text = condition.phrase();
            match facts.resource(on).unwrap().map(|it| it.kind()) {
                Some(Kind::Endpoint | Kind::Item) if text == "private is off" => {
                    world.endpoints.get_mut(&on.0).unwrap().private = false;
                }
                Some(Kind::Group) if text == "it is visible to everyone" => {
                    world.visible.insert(on.0, true);
                }
                _ => return false,
            }
        }
        Missing::Setting(_) | Missing::Role(..) | Missing::Files(..) => return false,
    }
    true
}

/// Puts the rows of a world into an overlay.
pub(crate) fn put(facts: &mut Overlay<'_, impl Facts>, world: &World) {
    let (resources, bindings) = world.rows();
    for resource in resources {
        facts.put_resource(resource);
    }
    for binding in bindings {
        facts.put_binding(binding);
    }
    let last = world.last_id();
    while facts.last_id().unwrap().0 < last {
        facts.new_id();
    }
}

/// A store with the rows of a world.
fn stored(world: &World) -> (tempfile::TempDir, Store) {
    let folder = temp_folder();
    let (store, _) = Store::create(&folder.path().join("s.db")).unwrap();
    let writer = store.write().unwrap();
    let mut draft = Overlay::new(&EmptyFacts).unwrap();
    put(&mut draft, world);
    let rows = draft.draft().against(&writer.facts()).unwrap();
    let entry = RevisionHeader {
        at: Time(NOW),
        actor: None,
        operator: "test".to_owned(),
        command: "world".to_owned(),
        reason: None,
        undoes: None,
    };
    writer.commit(&rows, Id(world.last_id()), entry).unwrap();
    (folder, store)
}

fn ask_all<F: Facts>(facts: &F, world: &World, dice: &mut Dice, count: usize) -> Result<(), TestCaseError> {
    let topics = Topics::new(world);
    for number in 0..count {
        let (who, ask, at) = question(world, &topics, dice);
        let answer = agree(facts, world, who, &ask, at, number % 12 == 0);
        match answer {
            Ok(true) => ALLOWED.fetch_add(1, Ordering::Relaxed),
            Ok(false) => DENIED.fetch_add(1, Ordering::Relaxed),
            Err(why) => return Err(TestCaseError::fail(format!("{who} {ask:?} at {at}: {why}\nin {world:?}"))),
        };
    }
    Ok(())
}

static ALLOWED: AtomicUsize = AtomicUsize::new(0);
static DENIED: AtomicUsize = AtomicUsize::new(0);

/// Runs one world per seed. A failing seed is printed; `ORACLE_SEED` repeats it.
fn one_world(seed: u64) -> Result<(), TestCaseError> {
    let mut dice = Dice::new(seed);
    let world = World::random(&mut dice);
    if seed.is_multiple_of(6) {
        // In a store, and in a draft over it.
        let (_folder, store) = stored(&world);
        let reader = store.read().unwrap();
        let facts = reader.facts();
        prop_assert_eq!(&World::read(&facts), &world);
        ask_all(&facts, &world, &mut dice, QUESTIONS / 2)?;
        let after = world.changed(&mut dice);
        let mut draft = Overlay::new(&facts).unwrap();
        put(&mut draft, &after);
        let kept: BTreeSet<Id> = after.rows().1.iter().map(|it| it.id).collect();
        for gone in world.rows().1.iter().filter(|it| !kept.contains(&it.id)) {
            draft.end_binding(gone.id);
        }
        prop_assert_eq!(&World::read(&draft), &after);
        return ask_all(&draft, &after, &mut dice, QUESTIONS / 2);
    }
    let mut facts = Overlay::new(&EmptyFacts).unwrap();
    put(&mut facts, &world);
    ask_all(&facts, &world, &mut dice, QUESTIONS)
}

#[test]
fn the_program_and_the_oracle_agree() {
    if let Ok(seed) = std::env::var("ORACLE_SEED") {
        return one_world(seed.parse().unwrap()).unwrap();
    }
    let config = ProptestConfig { cases: WORLDS, max_shrink_iters: 0, failure_persistence: None, ..Default::default() };
    proptest!(config, |(seed in any::<u64>())| one_world(seed).map_err(|error| {
        TestCaseError::fail(format!("ORACLE_SEED={seed}: {error}"))
    })?);
    let (allowed, denied) = (ALLOWED.load(Ordering::Relaxed), DENIED.load(Ordering::Relaxed));
    println!("{allowed} allowed, {denied} denied");
    assert!(allowed + denied >= 100_000);
    assert!(allowed > 20_000 && denied > 20_000, "the questions are one-sided: {allowed} allowed, {denied} denied");
}

/// Every action on an item and on an endpoint is among the questions.
#[test]
fn no_action_on_items_and_endpoints_is_left_out() {
    let mut dice = Dice::new(7);
    let world = World::random(&mut dice);
    let mut facts = Overlay::new(&EmptyFacts).unwrap();
    put(&mut facts, &world);
    let topics = Topics::new(&world);
    let mut asked: BTreeSet<(Kind, Verb)> = BTreeSet::new();
    for _ in 0..4_000 {
        let (action, on) = translated(&facts, &question(&world, &topics, &mut dice).1);
        asked.insert((facts.resource(on).unwrap().map_or(Kind::Server, |it| it.kind()), action.verb()));
    }
    for kind in [Kind::Item, Kind::Endpoint] {
        for verb in verbs_of(kind) {
            assert!(asked.contains(&(kind, *verb)), "{kind} {}", verb.as_str());
        }
    }
}
