//! Policy as data: worlds and questions in `tests/scenarios/*.yaml`. A world is a manifest. Each question has the
//! sentence of the seeds that it comes from, its expected answer and, if it matters, the rule that decides.

mod form;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rolebook::model::action::Destination;
use rolebook::model::catalogue::disclosure::{Aspect, DISCLOSURES};
use rolebook::model::catalogue::{denial_reasons, grants, restrictions};
use rolebook::model::{Action, Id, Kind, Role, Time};
use rolebook::ops::remedies;
use rolebook::policy::{Actor, BindingQuery, Decision, Facts, Question, Subject, Viewer, decide, sharing};

use form::{Asked, File, Sentence, ShareAsked};
use world::World;

const NOW: &str = "2026-01-01";

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn files() -> Vec<File> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".yaml") && name != "sentences.yaml" {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push(File::parse(&name, &text));
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn sentences() -> BTreeMap<String, Sentence> {
    serde_saphyr::from_str(&std::fs::read_to_string(folder().join("sentences.yaml")).unwrap()).unwrap()
}

fn time(text: Option<&String>) -> Time {
    Time::parse(text.map_or(NOW, String::as_str)).unwrap()
}

/// One question of a file.
struct Put<'a> {
    world: &'a World,
    asked: &'a Asked,
    /// The file and the text of the question, for messages.
    place: String,
    kind: Kind,
    question: Question,
    decision: Decision,
}

/// Decides every question of every file.
fn each_question(visit: &mut dyn FnMut(&Put<'_>)) {
    for file in files() {
        let world = World::new(&file, Time::parse(NOW).unwrap());
        for asked in &file.questions {
            for [principal, action, resource] in asked.questions() {
                let place = format!("{}: {principal} {action} {resource}", file.name);
                let on = world.meant(resource, Kind::Server);
                let folder = |text: &str| {
                    let to = world.meant(text, Kind::Item);
                    Ok(Destination { folder: to.id, is_registered: to.is_registered, of_file: !on.is_registered })
                };
                let action =
                    Action::parse(action, on.kind, &folder).unwrap_or_else(|problem| panic!("{place}: {problem}"));
                let action = if on.is_registered { action } else { action.on_unregistered() };
                let principal = world.account(principal);
                let question = Question { principal, action, resource: on.id, at: time(asked.at.as_ref()) };
                let decision = decide(world.tx.facts(), &question).unwrap();
                visit(&Put { world: &world, asked, place, kind: on.kind, question, decision });
            }
        }
    }
}

/// Checks which aspects are shown or hidden as the files say, and the rule that discloses them.
#[test]
fn disclosures_are_as_expected() {
    let mut wrong = Vec::new();
    let mut by: BTreeSet<(&str, String)> = BTreeSet::new();
    for file in files() {
        let world = World::new(&file, Time::parse(NOW).unwrap());
        for it in &file.told {
            assert!(it.sentence.starts_with("decision ("), "{}: no sentence {}", file.name, it.sentence);
            for (who, on) in it.who.split('|').flat_map(|who| it.on.split('|').map(move |on| (who, on))) {
                let (aspect, place) =
                    (matter(&it.what), link(&world, on).unwrap_or_else(|| world.meant(on, Kind::Server).id));
                let at = Time::parse(NOW).unwrap();
                let viewer = Viewer::new(world.tx.facts(), Actor::Principal(world.account(who)), at).unwrap();
                let binding = it.with.as_ref().map(|with| {
                    let held = world.tx.facts().list_bindings(BindingQuery::On(place)).unwrap();
                    let with = world.account(with);
                    held.into_iter().find(|binding| binding.principal == with).unwrap()
                });
                let rule = viewer.disclosing_rule(aspect, place, binding.as_ref()).unwrap();
                let told = match &binding {
                    Some(binding) => viewer.sees_binding(binding).unwrap(),
                    None => rule.is_some(),
                };
                let answer = if told { "told" } else { "hidden" };
                let name = rule.map(|rule| rule.name);
                let kind = world.tx.facts().resource(place).unwrap().map_or(Kind::Server, |it| it.kind());
                by.extend(name.filter(|_| told).map(|name| (name, format!("{aspect:?} of {kind}"))));
                if answer != it.answer || (it.rule.is_some() && it.rule.as_deref() != name) {
                    wrong.push(format!("{}: {} of {on} is {answer} to {who} by {name:?}", file.name, it.what));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let rows = DISCLOSURES.iter().flat_map(|row| row.kinds.iter().map(move |kind| (row, *kind)));
    // A public link has no name for a scenario to use. On the other four kinds, holders see all bindings by an
    // earlier row.
    let rows = rows.filter(|(row, kind)| match kind {
        Kind::PublicLink => false,
        Kind::Group | Kind::Org | Kind::Workspace | Kind::Package => row.rule.name != "disclosure.own-bindings",
        _ => true,
    });
    let idle: BTreeSet<_> = rows
        .map(|(row, kind)| (row.rule.name, format!("{:?} of {kind}", row.aspect)))
        .filter(|told| !by.contains(told))
        .collect();
    assert!(idle.is_empty(), "these rules tell nothing in any scenario: {idle:#?}");
}

/// The private link of a dropbox for an address: `link:ADDRESS`.
fn link(world: &World, text: &str) -> Option<Id> {
    let address = text.strip_prefix("link:")?;
    let facts = world.tx.facts();
    let links = facts.ids(Kind::Invitation, None).unwrap().into_iter();
    let of = |id: &Id| facts.resource(*id).unwrap().and_then(|it| it.as_invitation().map(|it| it.email == address));
    links.into_iter().find(|id| of(id) == Some(true))
}

fn matter(word: &str) -> Aspect {
    match word {
        "existence" => Aspect::Existence,
        "details" => Aspect::Details,
        "bindings" => Aspect::Bindings,
        "own-access" => Aspect::OwnAccess,
        "others-access" => Aspect::OthersAccess,
        "log" => Aspect::Log,
        other => panic!("`{other}` is nothing that is told"),
    }
}

const fn word(allowed: bool) -> &'static str {
    if allowed { "allowed" } else { "denied" }
}

#[test]
fn every_question_is_answered_as_expected() {
    let mut wrong = Vec::new();
    let mut asked = 0;
    each_question(&mut |it| {
        let Put { asked: expected, decision, place, .. } = it;
        asked += 1;
        let (answer, rule) = (word(decision.allowed), decision.rule.name);
        if answer != expected.answer {
            wrong.push(format!("{place}: {answer} by {rule}, expected {}", expected.answer));
        } else if let Some(other) = &expected.rule
            && other != rule
        {
            wrong.push(format!("{place}: decided by {rule}, expected {other}"));
        }
        // An allowed action has a proof, and a remedy never names an existing right.
        let remedies = remedies(it.world.tx.facts(), &it.question, &std::rc::Rc::default()).unwrap();
        for missing in remedies.iter().map(|remedy| &remedy.missing) {
            let twice = missing.iter().enumerate().any(|(at, one)| missing[..at].contains(one));
            assert!(!missing.is_empty() && !twice, "{place}: {missing:?}");
        }
        assert!(!decision.allowed || !decision.proof.is_empty(), "{place}: no proof");
    });
    assert!(wrong.is_empty(), "{} of {asked} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether a principal may change or see a share; for a change, also the rule that decides.
fn answer(world: &World, it: &ShareAsked, who: &str) -> (bool, Option<&'static str>) {
    let item = world.meant(&it.item, Kind::Item);
    let by = it.by.as_ref().map(|who| world.account(who));
    let select = BindingQuery::Exact(item.id, Role::ItemShare, world.account(&it.with));
    let mut shares = world.tx.facts().list_bindings(select).unwrap();
    shares.retain(|share| share.grantor == by);
    assert_eq!((shares.len(), item.is_registered), (1, true), "{it:?}");
    let subject = Subject::new(world.tx.facts(), world.account(who), time(it.at.as_ref())).unwrap();
    match it.may.as_str() {
        "change" => {
            let decision = sharing::may_change(&subject, &shares[0]).unwrap();
            (decision.allowed, Some(decision.rule.name))
        }
        "see" => (sharing::may_see(&subject, &shares[0]).unwrap(), None),
        other => panic!("`{other}`: a share is seen or changed"),
    }
}

#[test]
fn shares_are_changed_and_seen_as_expected() {
    let mut wrong = Vec::new();
    let mut decided = BTreeSet::new();
    for file in files() {
        let world = World::new(&file, Time::parse(NOW).unwrap());
        for it in &file.share_changes {
            for who in it.who.split('|') {
                let (allowed, rule) = answer(&world, it, who);
                decided.extend(rule.map(|rule| (rule, allowed)));
                if word(allowed) != it.answer || (it.rule.is_some() && it.rule.as_deref() != rule) {
                    let which = format!("{} with {}", it.item, it.with);
                    let (file, answer) = (&file.name, word(allowed));
                    wrong.push(format!("{file}: {who} {} {which}: {answer} by {rule:?}", it.may));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for rule in ["content.sharer-only", "content.admin-shares", "content.managed-shares"] {
        assert!(decided.contains(&(rule, true)) && decided.contains(&(rule, false)), "{rule}");
    }
    assert!(decided.contains(&("content.others-shares", false)));
}

#[test]
fn every_sentence_that_states_a_rule_has_a_scenario_either_way() {
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let sentences = sentences();
    for file in files() {
        let questions = file.questions.into_iter().map(|it| (it.sentence, it.answer));
        for (sentence, answer) in questions.chain(file.share_changes.into_iter().map(|it| (it.sentence, it.answer))) {
            let known = sentences.contains_key(&sentence)
                || sentence.starts_with("decision")
                || sentence.starts_with("product");
            assert!(known, "{}: no sentence {sentence}", file.name);
            seen.insert((sentence, answer));
        }
    }
    let mut lacking = Vec::new();
    for (id, sentence) in &sentences {
        for answer in ["allowed", "denied"] {
            if sentence.no_rule.is_none() && !seen.contains(&(id.clone(), answer.to_owned())) {
                lacking.push(format!("{id} has no scenario that is {answer}: {}", sentence.text));
            }
        }
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}

#[test]
fn every_seed_sentence_that_a_rule_quotes_is_in_the_list() {
    let sentences = sentences();
    let rules =
        grants().map(|it| it.rule).chain(restrictions().map(|it| it.rule)).chain(denial_reasons().map(|it| it.rule));
    for rule in rules {
        if let Some((seed, text)) = rule.source.strip_prefix("seed ").and_then(|rest| rest.split_once(": ")) {
            let found =
                sentences.iter().any(|(id, sentence)| id.starts_with(&format!("S{seed}-")) && sentence.text == text);
            assert!(found, "{}: seed {seed} has no sentence `{text}`", rule.name);
        }
    }
}

/// A rule that decides nothing in the scenarios could be broken without a test failing.
#[test]
fn every_rule_decides_some_scenario() {
    let mut decided = BTreeSet::new();
    each_question(&mut |it| {
        decided.insert((it.decision.rule.name, it.kind, it.question.action.verb(), it.decision.allowed));
    });
    let mut idle = Vec::new();
    let rows = grants().map(|it| (it.rule, it.kind, it.verbs, true));
    let rows = rows.chain(restrictions().map(|it| (it.rule, it.kind, it.verbs, false)));
    let rows = rows.chain(denial_reasons().map(|it| (it.rule, it.kind, it.verbs, false)));
    for (rule, kind, verbs, allowed) in rows {
        for verb in verbs {
            if !decided.contains(&(rule.name, kind, *verb, allowed)) {
                idle.push(format!("{} decides no {} on {kind}", rule.name, verb.as_str()));
            }
        }
    }
    assert!(idle.is_empty(), "{}", idle.join("\n"));
}
