//! Random histories: after any operations in any order, facts in memory, facts in the store and snapshots
//! of it give the same answers, the past stays as it was, an undo restores it, and invariants hold.

use std::rc::Rc;

use proptest::prelude::*;
use rolebook::model::action::verbs_of;
use rolebook::model::attributes::{MemberAccess, SendPolicy, Setting, SettingValue};
use rolebook::model::{Action, Id, Kind, Name, Problem, Reference, Role, Time, Verb};
use rolebook::ops::remedies;
use rolebook::ops::{Actor, Transaction, account, group, membership, server, undo};
use rolebook::policy::{Draft, EmptyFacts, Facts, Overlay, Question, decide, invariants};
use rolebook::store::verify::{VerifyOptions, verify};
use rolebook::store::{Reader, RevisionHeader, Store};

use crate::support::temp_folder;

const NOW: Time = Time(1_800_000_000_000);

/// One operation. Small numbers name accounts, groups, workgroups and dropboxes.
#[derive(Clone, Debug)]
enum Step {
    AddAccount(u8, Role),
    SetRole(u8, Role),
    SetActive(u8, bool),
    Remove(u8, bool),
    Setting(u8, Setting, SettingValue),
    Server(bool, bool),
    AddPlace(Kind, u8),
    RemovePlace(Kind, u8),
    Member(Kind, u8, Member, bool),
    Active(Kind, u8, Member, bool),
    Admin(Kind, u8, u8, bool),
    Policy(u8, SendPolicy, MemberAccess, bool),
}

#[derive(Clone, Copy, Debug)]
enum Member {
    Account(u8),
    Group(u8),
}

fn steps() -> impl Strategy<Value = Vec<(Option<u8>, Step)>> {
    let account = 0u8..5;
    let role = prop::sample::select(&Role::SERVER[..]);
    let kind = prop::sample::select(vec![Kind::Group, Kind::Workgroup, Kind::Dropbox]);
    let place = prop::sample::select(vec![Kind::Workgroup, Kind::Dropbox]);
    let member = prop_oneof![(0u8..5).prop_map(Member::Account), (0u8..3).prop_map(Member::Group)];
    let step = prop_oneof![
        2 => (account.clone(), role.clone()).prop_map(|(a, r)| Step::AddAccount(a, r)),
        1 => (account.clone(), role).prop_map(|(a, r)| Step::SetRole(a, r)),
        1 => (account.clone(), any::<bool>()).prop_map(|(a, on)| Step::SetActive(a, on)),
        1 => (account.clone(), any::<bool>()).prop_map(|(a, destroy)| Step::Remove(a, destroy)),
        1 => (account.clone(), prop::sample::select(&Setting::TOGGLES[..]), prop::sample::select(SettingValue::ALL)).prop_map(|(a, s, c)| Step::Setting(a, s, c)),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(a, b)| Step::Server(a, b)),
        3 => (kind.clone(), 0u8..3).prop_map(|(k, p)| Step::AddPlace(k, p)),
        1 => (kind.clone(), 0u8..3).prop_map(|(k, p)| Step::RemovePlace(k, p)),
        6 => (kind, 0u8..3, member.clone(), prop::bool::weighted(0.8)).prop_map(|(k, p, m, on)| Step::Member(k, p, m, on)),
        1 => (place.clone(), 0u8..3, member, any::<bool>()).prop_map(|(k, p, m, on)| Step::Active(k, p, m, on)),
        2 => (place, 0u8..3, account, prop::bool::weighted(0.8)).prop_map(|(k, p, a, on)| Step::Admin(k, p, a, on)),
        2 => (0u8..3, prop::sample::select(SendPolicy::ALL), prop::sample::select(MemberAccess::ALL), any::<bool>()).prop_map(|(p, s, m, f)| Step::Policy(p, s, m, f)),
    ];
    prop::collection::vec((prop::option::weighted(0.3, 0u8..5), step), 1..30)
}

fn named(kind: Kind, number: u8) -> Name {
    let letter = if kind == Kind::Account { "a" } else { kind.as_str() };
    Name::parse(&format!("{letter}{number}")).unwrap()
}

fn reference(member: Member) -> Reference {
    match member {
        Member::Account(number) => Reference::Named(Kind::Account, named(Kind::Account, number)),
        Member::Group(number) => Reference::Named(Kind::Group, named(Kind::Group, number)),
    }
}

const fn removal(destroy: bool) -> account::Removal {
    match destroy {
        true => account::Removal::Destroy { transfer_to: None, cascade: true },
        false => account::Removal::Deactivate,
    }
}

fn apply(tx: &mut Transaction<'_>, step: &Step) -> Result<(), Problem> {
    let account = |number: u8| named(Kind::Account, number);
    match step {
        Step::AddAccount(who, role) => account::add(
            tx,
            &account(*who),
            &account::AccountSettings { role: Some(*role), ..Default::default() },
            None,
        )
        .map(drop),
        Step::SetRole(who, role) => account::set_role(tx, &account(*who), *role),
        Step::SetActive(who, on) => account::set_active(tx, &account(*who), *on),
        Step::Remove(who, destroy) => account::remove(tx, &account(*who), &removal(*destroy)),
        Step::Setting(who, setting, choice) => account::change(
            tx,
            &account(*who),
            &account::AccountSettings { settings: vec![(*setting, *choice)], ..Default::default() },
        ),
        Step::Server(private, managers) => server::set(
            tx,
            &server::ServerSettings {
                private_directory: Some(*private),
                managers_administer_dropboxes: Some(*managers),
                ..Default::default()
            },
        ),
        Step::AddPlace(kind, which) => {
            group::add(tx, *kind, &named(*kind, *which), &group::GroupSettings::default()).map(drop)
        }
        Step::RemovePlace(kind, which) => group::remove(tx, *kind, &named(*kind, *which)),
        Step::Member(kind, which, member, true) => {
            membership::add(tx, *kind, &named(*kind, *which), &[reference(*member)], None)
        }
        Step::Member(kind, which, member, false) => {
            membership::remove(tx, *kind, &named(*kind, *which), &[reference(*member)])
        }
        Step::Active(kind, which, member, on) => {
            membership::set_active(tx, *kind, &named(*kind, *which), &[reference(*member)], *on)
        }
        Step::Admin(kind, which, who, on) => {
            membership::set_admin(tx, *kind, &named(*kind, *which), &[reference(Member::Account(*who))], *on)
        }
        Step::Policy(which, send, access, flag) => {
            let options = group::GroupSettings {
                send: Some(*send),
                member_access: Some(*access),
                admins_manage_members: Some(*flag),
                admins_create_users: Some(!flag),
                ..Default::default()
            };
            group::set(tx, Kind::Workgroup, &named(Kind::Workgroup, *which), &options)
        }
    }
}

fn actor<F: Facts>(facts: &F, who: Option<u8>) -> Actor {
    let account = who.and_then(|who| facts.named(Kind::Account, None, named(Kind::Account, who).key()).unwrap());
    account.map_or(Actor::Operator, |account| Actor::Principal(account.id))
}

/// Commits a draft to facts in memory.
pub(crate) fn keep<F: Facts>(world: &mut Overlay<'_, F>, draft: Draft, last: Id) {
    for (id, row) in draft.resources {
        match row {
            Some(row) => world.put_resource(Rc::unwrap_or_clone(row)),
            None => world.end_resource(id),
        }
    }
    for (id, row) in draft.bindings {
        match row {
            Some(row) => world.put_binding(row),
            None => world.end_binding(id),
        }
    }
    while world.last_id().unwrap() < last {
        world.new_id();
    }
}

/// Every question about the small world, with its answer.
fn answers<F: Facts>(facts: &F) -> Vec<(String, bool)> {
    let mut things: Vec<(String, Id, Kind)> = vec![("server".to_owned(), Id::SERVER, Kind::Server)];
    for kind in [Kind::Account, Kind::Group, Kind::Workgroup, Kind::Dropbox] {
        for number in 0..5 {
            let name = named(kind, number);
            if let Some(found) = facts.named(kind, None, name.key()).unwrap() {
                things.push((found.reference(), found.id, kind));
            }
        }
    }
    let mut principals: Vec<(String, Id)> = things
        .iter()
        .filter(|(_, _, kind)| matches!(kind, Kind::Account | Kind::Group))
        .map(|(name, id, _)| (name.clone(), *id))
        .collect();
    principals.push(("authenticated".to_owned(), Id::AUTHENTICATED));
    let mut found = Vec::new();
    for (who, principal) in &principals {
        for (what, resource, kind) in &things {
            for verb in verbs_of(*kind) {
                let action = match verb {
                    Verb::CreateAccount => Action::CreateAccount(Role::ServerUser),
                    Verb::SetRole => Action::SetRole(Role::ServerManager),
                    Verb::Set => Action::Set(Setting::Send),
                    verb => Action::Plain(*verb),
                };
                let question = Question { principal: *principal, action, resource: *resource, at: NOW };
                found.push((format!("{who} {action} {what}"), decide(facts, &question).unwrap().allowed));
            }
        }
    }
    found
}

fn commit<T>(
    store: &Store,
    who: Option<u8>,
    change: impl FnOnce(&Reader, &mut Transaction<'_>) -> Result<T, Problem>,
) -> Result<Option<u64>, Problem> {
    let writer = store.write().unwrap();
    let facts = writer.facts();
    let mut tx = Transaction::new(&facts, actor(&facts, who), NOW)?;
    change(writer.reader(), &mut tx)?;
    tx.check()?;
    let rows = tx.facts().draft().against(&facts)?;
    let last = tx.facts().last_id()?;
    drop(tx);
    let entry = RevisionHeader {
        at: NOW,
        actor: None,
        operator: "test".to_owned(),
        command: "step".to_owned(),
        reason: None,
        undoes: None,
    };
    Ok(writer.commit(&rows, last, entry).unwrap().map(|committed| committed.revision))
}

/// Each revision ends a history of its own. None is accused, and each extends the checkpoints of all before it.
#[test]
fn a_thousand_honest_histories_are_not_accused() {
    let config = ProptestConfig { cases: 330, max_shrink_iters: 200, ..ProptestConfig::default() };
    let histories = std::cell::Cell::new(0);
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let result = runner.run(&steps(), |steps| {
        let folder = temp_folder();
        let (store, _) = Store::create(&folder.path().join("s.db")).unwrap();
        let mut roots: Vec<(u64, [u8; 32])> = Vec::new();
        for (who, step) in &steps {
            let Ok(Some(revision)) = commit(&store, *who, |_, tx| apply(tx, step)) else { continue };
            let sizes: Vec<u64> = (0..=revision).collect();
            let options = VerifyOptions { sizes: &sizes, ..VerifyOptions::default() };
            let mut report = verify(&store.read().unwrap(), &options).unwrap();
            prop_assert_eq!(&report.faults, &vec![], "{:?}", step);
            let last = report.roots.pop();
            prop_assert!(roots.is_empty() || roots == report.roots, "{:?}", step);
            roots = report.roots;
            roots.extend(last);
            histories.set(histories.get() + 1);
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(histories.get() >= 1000, "only {} histories", histories.get());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_store_and_the_memory_agree_now_and_about_the_past(steps in steps()) {
        let folder = temp_folder();
        let (store, _) = Store::create(&folder.path().join("s.db")).unwrap();
        let mut world = Overlay::new(&EmptyFacts).unwrap();
        let mut past: Vec<(u64, Vec<(String, bool)>)> = Vec::new();
        let mut had_admin = false;
        for (who, step) in &steps {
            let mut tx = Transaction::new(&world, actor(&world, *who), NOW).unwrap();
            let in_memory = apply(&mut tx, step).and_then(|()| tx.finish());
            let in_store = commit(&store, *who, |_, tx| apply(tx, step));
            match (in_memory, in_store) {
                (Ok((draft, last)), Ok(revision)) => {
                    let changes = draft.against(&world).unwrap().len();
                    prop_assert_eq!(changes > 0, revision.is_some(), "{:?}", step);
                    keep(&mut world, draft, last);
                    if let Some(revision) = revision {
                        past.push((revision, answers(&world)));
                    }
                }
                (Err(one), Err(other)) => prop_assert_eq!((one.kind, one.code, one.message), (other.kind, other.code, other.message)),
                (one, other) => prop_assert!(false, "{:?}: {:?} {:?}", step, one.map(drop), other),
            }
            let has_admin = invariants::has_active_admin(&world, None, NOW).unwrap();
            prop_assert!(has_admin || !had_admin, "no admin is left after {:?}", step);
            had_admin = has_admin;
        }
        let reader = store.read().unwrap();
        prop_assert_eq!(answers(&reader.facts()), answers(&world));
        for (revision, then) in &past {
            let facts = reader.facts_at(*revision);
            prop_assert_eq!(&answers(&facts), then, "revision {}", revision);
            prop_assert_eq!(&answers(&facts.snapshot().unwrap()), then, "revision {} in memory", revision);
        }
        prop_assert_eq!(verify(&reader, &VerifyOptions::default()).unwrap().faults, vec![]);
        drop(reader);
        // The undo of the last revision gives the state before it.
        if let Some((last, _)) = past.last()
            && commit(&store, None, |reader, tx| undo::undo(tx, &undo::UndoneRevision::default(), &reader.changes(*last)?)).is_ok()
        {
            let before = past.len().checked_sub(2).map_or_else(|| answers(&EmptyFacts), |place| past[place].1.clone());
            prop_assert_eq!(answers(&store.read().unwrap().facts()), before);
        }
    }

    #[test]
    fn remedies_name_what_is_missing_and_only_managers_help_themselves(steps in steps()) {
        let mut world = Overlay::new(&EmptyFacts).unwrap();
        for (_, step) in &steps {
            let mut tx = Transaction::new(&world, Actor::Operator, NOW).unwrap();
            if let Ok((draft, last)) = apply(&mut tx, step).and_then(|()| tx.finish()) {
                keep(&mut world, draft, last);
            }
        }
        for number in 0..5 {
            let Some(who) = world.named(Kind::Account, None, named(Kind::Account, number).key()).unwrap() else { continue };
            for place in 0..3 {
                let Some(place) = world.named(Kind::Workgroup, None, named(Kind::Workgroup, place).key()).unwrap() else { continue };
                for verb in verbs_of(Kind::Workgroup) {
                    let question = Question { principal: who.id, action: Action::Plain(*verb), resource: place.id, at: NOW };
                    let decision = decide(&world, &question).unwrap();
                    let offers = remedies(&world, &question, &Rc::default()).unwrap();
                    prop_assert!(offers.iter().all(|offer| !offer.missing.is_empty()));
                    let manages = [Role::ServerAdmin, Role::ServerManager]
                        .iter()
                        .any(|role| world.held(Id::SERVER, *role, who.id).unwrap().is_some());
                    let helps_oneself = offers.iter().any(|offer| offer.actors.contains(&who.id));
                    prop_assert!(!helps_oneself || manages, "only who manages workgroups can help themselves");
                    prop_assert!(!decision.allowed || !decision.proof.is_empty());
                }
            }
        }
    }
}
