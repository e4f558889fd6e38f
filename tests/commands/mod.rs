//! Random commands by random actors on random stores: success and exit status agree with `perm check`, and
//! the commands that a denial suggests work for the people that it names.
//!
//! `ROLEBOOK_TEST_COMMANDS=N` tries N worlds, `COMMANDS_SEED=SEED` one of them again.

mod table;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rolebook::model::catalogue::{ADMINS_DO_NOT_END, CUSTOM_SETS, ROOT_STAYS};
use rolebook::model::{Action, Attributes, Id, Kind, Time};
use rolebook::ops::Actor;
use rolebook::policy::{Facts, Question, Subject, decide, sharing};
use rolebook::store::Store;
use serde_json::Value;

use crate::listings::rows::Rows;
use crate::oracle::worlds::{Dice, NOW, permissions};
use crate::support::{CommandOutput, plain_words, run_here, temp_folder};
use table::{EXEMPT, Need, Scene, Typed, verbs};

/// Number of worlds in every run of the suite, and number of commands in each.
const WORLDS: u64 = 8;
const COMMANDS: usize = 100;

/// A store, with the program running in this process.
struct TestStore {
    folder: tempfile::TempDir,
}

impl TestStore {
    fn path(&self) -> PathBuf {
        self.folder.path().join("s.db")
    }

    fn new(rows: &Rows) -> TestStore {
        let bench = TestStore { folder: temp_folder() };
        let (store, _) = Store::create(&bench.path()).unwrap();
        rows.commit(&store, &Rows::default());
        bench
    }

    fn run(&self, words: &[String], who: Option<&str>) -> CommandOutput {
        run(&self.path(), words, who)
    }
}

/// Runs the program on a store, as somebody.
fn run(store: &Path, words: &[String], who: Option<&str>) -> CommandOutput {
    let (noun, rest) = words.split_first().unwrap();
    let mut all = vec![noun.as_str(), "--yes", "-o", "json"];
    if let Some(who) = who {
        all.extend(["--as", who]);
    }
    all.extend(rest.iter().map(String::as_str));
    run_here(store, all)
}

/// The rows with every expiry far in the past or the future, so that nothing expires during the test.
fn settled(mut rows: Rows) -> Rows {
    let settle = |end: &mut Option<Time>| {
        *end = end.map(|end| Time::parse(if end <= Time(NOW) { "2020-01-01" } else { "2090-01-01" }).unwrap());
    };
    for resource in rows.resources.values_mut() {
        match &mut resource.attributes {
            Attributes::Account(it) => settle(&mut it.expires),
            Attributes::Invitation(it) => settle(&mut it.expires),
            Attributes::AccessToken(it) => settle(&mut it.expires),
            _ => {}
        }
    }
    rows.bindings.values_mut().for_each(|it| settle(&mut it.expires));
    rows
}

/// The expected result of a command.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    /// Any status but 3 and 4: the actor has the rights, even if the command fails for another reason.
    Allowed,
    /// 3.
    Denied,
    /// 5, or 3 if the actor also has no right: a rule forbids it to everybody.
    Forbidden,
    /// As `Forbidden`, or 4: a resource is also hidden.
    ForbiddenOrUnseen,
    /// 3 or 4: the right is missing and a resource is hidden.
    DeniedOrUnseen,
    /// 4.
    Unseen,
}

/// The rules that forbid an action to everybody, the operator too.
const WHOEVER_ASKS: [&str; 6] = [
    ROOT_STAYS.name,
    ADMINS_DO_NOT_END.name,
    CUSTOM_SETS.name,
    "endpoint.managed",
    "endpoint.sharing-only",
    "content.sharing-supported",
];

/// As [`WHOEVER_ASKS`]: an organization keeps an admin.
const LAST_ADMIN: &str = "org.admins-leave";

/// The expectation for a command according to `perm check`.
fn expected<F: Facts>(scene: &Scene<'_, F>, typed: &Typed, at: Time) -> Expected {
    let Actor::Principal(actor) = scene.actor else { return Expected::Allowed };
    let subject = Subject::new(scene.facts, actor, at).unwrap();
    if !subject.is_registered() {
        return Expected::Denied;
    }
    let mut forbidden = false;
    let mut ask = |(action, on): &(Action, Id)| {
        let decision = decide(scene.facts, &Question { principal: actor, action: *action, resource: *on, at }).unwrap();
        let rule = decision.rule.name;
        forbidden |= !decision.allowed && (WHOEVER_ASKS.contains(&rule) || rule == LAST_ADMIN);
        decision.allowed
    };
    let mut allowed = true;
    for need in &typed.needs {
        allowed &= match need {
            Need::May(ways) => ways.iter().any(|all| all.iter().all(&mut ask)),
            Need::Change(share) => {
                // A hidden share of another sharer does not exist for the actor.
                if !sharing::may_change(&subject, share).unwrap().allowed && !sharing::may_see(&subject, share).unwrap()
                {
                    return Expected::DeniedOrUnseen;
                }
                sharing::may_change(&subject, share).unwrap().allowed
            }
            Need::NotOneself(who) => *who != actor,
        };
    }
    let seen = typed.sees.iter().all(|id| scene.is_seen(*id, at));
    match (allowed, seen) {
        (true, true) => Expected::Allowed,
        (true, false) => Expected::Unseen,
        (false, false) if forbidden => Expected::ForbiddenOrUnseen,
        (false, false) => Expected::DeniedOrUnseen,
        (false, true) if forbidden => Expected::Forbidden,
        (false, true) => Expected::Denied,
    }
}

fn is_as_expected(expected: &Expected, status: i32) -> bool {
    match expected {
        Expected::Allowed => !matches!(status, 3 | 4),
        Expected::Denied => status == 3,
        Expected::Forbidden => matches!(status, 3 | 5),
        Expected::ForbiddenOrUnseen => matches!(status, 3..=5),
        Expected::DeniedOrUnseen => matches!(status, 3 | 4),
        Expected::Unseen => status == 4,
    }
}

/// How often each verb was allowed and denied, to prove that each was tested both ways.
static SEEN: Mutex<Vec<(&'static str, [usize; 2])>> = Mutex::new(Vec::new());
static OFFERED: AtomicUsize = AtomicUsize::new(0);

fn count(verb: &'static str, allowed: bool) {
    let mut seen = SEEN.lock().unwrap();
    let place = match seen.iter().position(|(known, _)| *known == verb) {
        Some(place) => place,
        None => {
            seen.push((verb, [0, 0]));
            seen.len() - 1
        }
    };
    seen[place].1[usize::from(allowed)] += 1;
}

/// Runs commands in one world; returns the first unexpected result as an error.
fn one_world(seed: u64) -> Result<(), String> {
    let mut dice = Dice::new(seed);
    let rows = settled(Rows::random(&mut dice));
    let bench = TestStore::new(&rows);
    let store = Store::open(&bench.path()).unwrap();
    for number in 0..COMMANDS {
        let reader = store.read().unwrap();
        let (facts, at) = (reader.facts(), Time::now());
        let mut accounts = facts.ids(Kind::Account, None).unwrap();
        accounts.sort_unstable();
        let actor = if dice.chance(1, 12) { Actor::Operator } else { Actor::Principal(dice.pick(&accounts)) };
        let scene = Scene { facts: &facts, actor, folder: bench.folder.path().to_owned() };
        let table = verbs();
        let (verb, make) = dice.pick(&table);
        let Some(typed) = make(&scene, &mut dice) else { continue };
        let expected = expected(&scene, &typed, at);
        let who = actor.principal().map(|id| facts.resource(id).unwrap().unwrap().name.clone());
        let told = || format!("COMMANDS_SEED={seed} (command {number}): {:?} as {who:?}, expected {expected:?}", typed);
        count(verb, expected == Expected::Allowed);
        let before = reader.last_revision().unwrap();
        drop(reader);

        let mut trial = typed.words.clone();
        trial.push("--dry-run".to_owned());
        let dry = bench.run(&trial, who.as_deref());
        if !is_as_expected(&expected, dry.status) {
            return Err(format!("{}, got {}: {}{}", told(), dry.status, dry.out, dry.err));
        }
        // Sometimes committed, so that the world changes; rarely if the command would empty it.
        if !dice.chance(1, if verb.ends_with("remove") { 8 } else { 3 }) {
            continue;
        }
        let ran = bench.run(&typed.words, who.as_deref());
        if ran.status != dry.status {
            return Err(format!("{}, a dry run gave {}, the change {}: {}", told(), dry.status, ran.status, ran.err));
        }
        let reader = store.read().unwrap();
        let after = reader.last_revision().unwrap();
        let entry = reader.revision(after).unwrap();
        match ran.status {
            0 => {}
            3 => {
                // The entry of a denial is a revision without changes.
                let changes = reader.changes(after).unwrap();
                let is_denied = entry.is_some_and(|it| it.denied.is_some());
                if after != before + 1 || !is_denied || !changes.is_empty() {
                    return Err(format!("{}: a denial left {before} -> {after}, {changes:?}", told()));
                }
            }
            _ if after != before => return Err(format!("{}: status {} left a revision", told(), ran.status)),
            _ => {}
        }
    }
    Ok(())
}

/// Runs worlds of one seed each.
fn worlds(all: u64, one: &dyn Fn(u64) -> Result<(), String>) {
    if let Ok(seed) = std::env::var("COMMANDS_SEED") {
        return one(seed.parse().unwrap()).unwrap();
    }
    let count = std::env::var("ROLEBOOK_TEST_COMMANDS").map_or(all, |text| text.parse().unwrap());
    let wrong: Vec<String> = (0..count).filter_map(|seed| one(seed).err()).collect();
    assert!(wrong.is_empty(), "{} of {count} worlds:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn commands_do_what_a_check_allows() {
    worlds(WORLDS, &one_world);
    let seen = SEEN.lock().unwrap();
    let sum = |allowed: usize| seen.iter().map(|(_, counts)| counts[allowed]).sum::<usize>();
    println!("{} allowed, {} not", sum(1), sum(0));
    if std::env::var("COMMANDS_SEED").is_err() {
        assert!(sum(1) * 6 > sum(0), "the commands are one-sided: {} allowed, {} not", sum(1), sum(0));
    }
}

/// A verb that is not in the table would not be tested.
#[test]
fn every_writing_command_is_in_the_table() {
    let surface: Value = serde_json::from_str(include_str!("../surface.json")).unwrap();
    let known: Vec<&str> = verbs::<rolebook::policy::EmptyFacts>().iter().map(|(verb, _)| *verb).collect();
    for (name, command) in surface.as_object().unwrap() {
        let writes = command["options"].as_array().unwrap().iter().any(|it| it == "--dry-run");
        let is_held = known.contains(&name.as_str()) || EXEMPT.contains(&name.as_str());
        assert_eq!(writes, is_held, "{name}");
    }
}

// The suggestions of a denial.

/// Runs a suggested command as the person that it names; an invited person accepts.
fn type_offer(store: &Path, command: &str, by: Option<&str>, principal: &str) -> Result<(), String> {
    for line in command.split(" && ") {
        let words = plain_words(line).unwrap();
        let ran = run(store, &words[1..], by);
        if ran.status != 0 {
            return Err(format!("`{line}` gave {}: {}", ran.status, ran.err));
        }
        if words.get(1).map(String::as_str) == Some("org") && words[2] == "invite" {
            let answer: Value = serde_json::from_str(&ran.out).unwrap();
            let secret = answer["secret"].as_str().or_else(|| answer["secrets"][0]["secret"].as_str()).unwrap();
            let file = store.with_file_name("secret.txt");
            std::fs::write(&file, secret).unwrap();
            let accept = ["org", "accept", &words[3], "--secret", file.to_str().unwrap()].map(str::to_owned);
            let ran = run(store, &accept, principal.strip_prefix("user:"));
            if ran.status != 0 {
                return Err(format!("the invitation of `{line}` was not accepted: {}", ran.err));
            }
        }
    }
    Ok(())
}

/// Asks random questions, and tries every suggestion of every denial on a copy of the store.
fn offers_of_one_world(seed: u64) -> Result<(), String> {
    let mut dice = Dice::new(seed);
    let rows = settled(Rows::random(&mut dice));
    let bench = TestStore::new(&rows);
    let store = Store::open(&bench.path()).unwrap();
    let reader = store.read().unwrap();
    let (facts, at) = (reader.facts(), Time::now());
    let principals: Vec<Id> =
        rows.ids(Kind::Account).into_iter().chain(rows.ids(Kind::Group)).chain(rows.ids(Kind::Invitee)).collect();
    let mut asked = 0;
    while asked < 12 {
        let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| !Action::listable(*kind).is_empty()).collect();
        let kind = if dice.chance(1, 3) { Kind::Item } else { dice.pick(&kinds) };
        let on = if kind == Kind::Server { vec![Id::SERVER] } else { rows.ids(kind) };
        if on.is_empty() {
            continue;
        }
        let (who, on) = (dice.pick(&principals), dice.pick(&on));
        let mut actions = Action::listable(kind);
        if kind == Kind::Item {
            actions.push(Action::Share(permissions(dice.set())));
        }
        let action = dice.pick(&actions);
        let question = Question { principal: who, action, resource: on, at };
        if decide(&facts, &question).unwrap().allowed {
            continue;
        }
        asked += 1;
        let principal = facts.reference(who).unwrap();
        let check: Vec<String> = ["perm", "check", &principal, &action.to_string(), &facts.reference(on).unwrap()]
            .map(str::to_owned)
            .to_vec();
        let ran = bench.run(&check, None);
        let answer: Value =
            serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{check:?}: {} {}", ran.out, ran.err));
        for offer in answer["would_suffice"].as_array().unwrap() {
            let command = offer["command"].as_str().unwrap();
            for by in offer["by"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()) {
                if by == "others" {
                    continue;
                }
                OFFERED.fetch_add(1, Ordering::Relaxed);
                let copy = TestStore::new(&rows);
                let path = copy.path();
                let name = if by == "operator" { None } else { by.strip_prefix("user:") };
                let what = || format!("COMMANDS_SEED={seed}: {check:?}: `{command}` by {by}");
                type_offer(&path, command, name, &principal).map_err(|why| format!("{}: {why}", what()))?;
                let again = run(&path, &check, None);
                if again.status != 0 {
                    return Err(format!("{} does not suffice: {}", what(), again.out));
                }
            }
        }
    }
    Ok(())
}

#[test]
fn suggested_commands_work_for_the_people_they_name() {
    worlds(WORLDS / 2, &offers_of_one_world);
    if std::env::var("COMMANDS_SEED").is_err() {
        let offered = OFFERED.load(Ordering::Relaxed);
        println!("{offered} offers");
        assert!(offered > 20, "only {offered} offers were tried");
    }
}
