//! Policy as data: facts and questions in `tests/scenarios/*.yaml`, each question with the sentence
//! of the seeds it comes from, its expected answer and, where it matters, the rule that decides.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rolebook::model::attributes::{Choice, MemberAccess, SendPolicy, Setting};
use rolebook::model::secret::Secret;
use rolebook::model::time::Expiry;
use rolebook::model::{Action, Id, Kind, Name, Reference, Role, Time};
use rolebook::ops::{Actor, Work, account, invitation, membership, package, place, server};
use rolebook::policy::{Facts, Nothing, Question, decide, remedies};
use serde::Deserialize;

/// A file of scenarios.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    server: ServerFacts,
    #[serde(default)]
    accounts: BTreeMap<String, AccountFacts>,
    #[serde(default)]
    groups: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    workgroups: BTreeMap<String, PlaceFacts>,
    #[serde(default)]
    dropboxes: BTreeMap<String, PlaceFacts>,
    /// In order: the first is `package:first` in questions, by its name here.
    #[serde(default)]
    packages: Vec<PackageFacts>,
    questions: Vec<Asked>,
}

#[derive(Deserialize, Debug, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct ServerFacts {
    managers_administer_dropboxes: Option<bool>,
    private_directory: Option<bool>,
    settings: BTreeMap<String, String>,
}

#[derive(Deserialize, Debug, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct AccountFacts {
    role: Option<String>,
    settings: BTreeMap<String, String>,
    expires: Option<String>,
    inactive: bool,
}

#[derive(Deserialize, Debug, Default)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct PlaceFacts {
    send: Option<String>,
    member_access: Option<String>,
    admins_manage_members: Option<bool>,
    admins_create_users: Option<bool>,
    admins_manage_groups: Option<bool>,
    admins_manage_invitations: Option<bool>,
    members_invite: Option<bool>,
    members: Vec<String>,
    submit_only: Vec<String>,
    admins: Vec<String>,
    deactivated: Vec<String>,
    /// Addresses with an active private link.
    invited: Vec<String>,
    /// Addresses whose private link was revoked.
    revoked: Vec<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct PackageFacts {
    name: String,
    from: String,
    to: Vec<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// The id of the sentence in `sentences.yaml`, or of a decision.
    sentence: String,
    /// `PRINCIPAL ACTION RESOURCE`.
    ask: String,
    /// `allowed` or `denied`.
    answer: String,
    /// The rule that decides, where the scenario is about that.
    #[serde(default)]
    rule: Option<String>,
    /// The time it is asked at; the first moment of 2026 otherwise.
    #[serde(default)]
    at: Option<String>,
}

/// A sentence of a seed.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Sentence {
    /// The sentence, word for word.
    text: String,
    /// Whether it states a rule; if not, why not.
    #[serde(default)]
    no_rule: Option<String>,
}

const NOW: &str = "2026-01-01";

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn files() -> Vec<(String, File)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".yaml") && name != "sentences.yaml" {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((name.clone(), serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn sentences() -> BTreeMap<String, Sentence> {
    serde_saphyr::from_str(&std::fs::read_to_string(folder().join("sentences.yaml")).unwrap()).unwrap()
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn references(texts: &[String]) -> Vec<Reference> {
    texts.iter().map(|text| Reference::parse(text, Kind::Account).unwrap()).collect()
}

fn settings(given: &BTreeMap<String, String>) -> Vec<(Setting, Choice)> {
    given
        .iter()
        .map(|(setting, choice)| (Setting::from_word(setting).unwrap(), Choice::from_word(choice).unwrap()))
        .collect()
}

/// Makes the facts by the operations that people use, as the operator.
fn build(file: &File, now: Time) -> (Work<'static, Nothing>, BTreeMap<String, Id>) {
    let mut work = Work::new(&Nothing, Actor::Operator, now).unwrap();
    let options = server::Options {
        managers_administer_dropboxes: file.server.managers_administer_dropboxes,
        private_directory: file.server.private_directory,
        public_links: Some(true),
        settings: settings(&file.server.settings),
        ..server::Options::default()
    };
    server::set(&mut work, &options).unwrap();
    for (who, facts) in &file.accounts {
        let options = account::Options {
            role: facts.role.as_deref().map(|role| account::parse_role(role, who).unwrap()),
            settings: settings(&facts.settings),
            expires: facts.expires.as_deref().map(|text| Expiry::parse(text).unwrap()),
            ..account::Options::default()
        };
        account::add(&mut work, &name(who), &options, None).unwrap();
        if facts.inactive {
            account::set_active(&mut work, &name(who), false).unwrap();
        }
    }
    for group in file.groups.keys() {
        place::add(&mut work, Kind::Group, &name(group), &place::Options::default()).unwrap();
    }
    for (group, members) in &file.groups {
        membership::add(&mut work, Kind::Group, &name(group), &references(members), None).unwrap();
    }
    for (kind, places) in [(Kind::Workgroup, &file.workgroups), (Kind::Dropbox, &file.dropboxes)] {
        for (which, facts) in places {
            build_place(&mut work, kind, which, facts);
        }
    }
    let mut packages = BTreeMap::new();
    for facts in &file.packages {
        let sender = work.facts().named(Kind::Account, None, name(&facts.from).key()).unwrap();
        let sender = match sender {
            Some(account) => account.id,
            None => work.facts().named(Kind::Invitee, None, name(&facts.from).key()).unwrap().unwrap().id,
        };
        let inside: Vec<Id> = references(&facts.to).iter().filter_map(|to| recipient(&work, to)).collect();
        let made = package::record(&mut work, sender, &facts.name, &[], &inside, &[], None).unwrap();
        packages.insert(facts.name.clone(), made);
    }
    (work, packages)
}

/// A recipient inside; an address outside is none that a question could be about.
fn recipient(work: &Work<'_, Nothing>, reference: &Reference) -> Option<Id> {
    match reference {
        Reference::Named(kind, name) => Some(work.facts().named(*kind, None, name.key()).unwrap().unwrap().id),
        Reference::External(_) => None,
        other => panic!("{other} cannot be sent to"),
    }
}

fn build_place(work: &mut Work<'static, Nothing>, kind: Kind, which: &str, facts: &PlaceFacts) {
    let options = place::Options {
        send: facts.send.as_deref().map(|word| SendPolicy::from_word(word).unwrap()),
        member_access: facts.member_access.as_deref().map(|word| MemberAccess::from_word(word).unwrap()),
        admins_manage_members: facts.admins_manage_members,
        admins_create_users: facts.admins_create_users,
        admins_manage_groups: facts.admins_manage_groups,
        admins_manage_invitations: facts.admins_manage_invitations,
        members_invite: facts.members_invite,
    };
    let which = name(which);
    place::add(work, kind, &which, &options).unwrap();
    membership::add(work, kind, &which, &references(&facts.members), None).unwrap();
    membership::add(work, kind, &which, &references(&facts.submit_only), Some(Role::DropboxSubmitOnly)).unwrap();
    membership::add(work, kind, &which, &references(&facts.admins), None).unwrap();
    membership::set_admin(work, kind, &which, &references(&facts.admins), true).unwrap();
    membership::set_active(work, kind, &which, &references(&facts.deactivated), false).unwrap();
    for (place, address) in facts.invited.iter().chain(&facts.revoked).enumerate() {
        let secret = Secret::from_bytes(&[u8::try_from(place).unwrap(); 32]);
        invitation::invite(work, &which, &Name::parse_email(address).unwrap(), invitation::Life::default(), &secret)
            .unwrap();
    }
    for address in &facts.revoked {
        invitation::revoke(work, &which, &Name::parse_email(address).unwrap()).unwrap();
    }
}

fn resolve(work: &Work<'_, Nothing>, packages: &BTreeMap<String, Id>, text: &str, bare: Kind) -> (Id, Kind) {
    if let Some(package) = text.strip_prefix("package:") {
        return (packages[package], Kind::Package);
    }
    match Reference::parse(text, bare).unwrap() {
        Reference::Server => (Id::SERVER, Kind::Server),
        Reference::Authenticated => (Id::AUTHENTICATED, Kind::Account),
        Reference::Anyone => (Id::ANYONE, Kind::Account),
        Reference::Named(kind, name) => {
            let found = work.facts().named(kind, None, name.key()).unwrap();
            (found.unwrap_or_else(|| panic!("no {text} in the facts")).id, kind)
        }
        other => panic!("{other} cannot stand in a scenario"),
    }
}

#[test]
fn every_question_is_answered_as_expected() {
    let mut wrong = Vec::new();
    let mut asked = 0;
    for (file_name, file) in files() {
        let now = Time::parse(NOW).unwrap();
        let (work, packages) = build(&file, now);
        for it in &file.questions {
            let words: Vec<&str> = it.ask.split(' ').collect();
            assert_eq!(words.len(), 3, "{file_name}: {}", it.ask);
            let (principal, _) = resolve(&work, &packages, words[0], Kind::Account);
            let (resource, kind) = resolve(&work, &packages, words[2], Kind::Server);
            let action = Action::parse(words[1], kind, &|text| panic!("no folder {text}"))
                .unwrap_or_else(|problem| panic!("{file_name}: {}: {problem}", it.ask));
            let at = it.at.as_deref().map_or(now, |text| Time::parse(text).unwrap());
            let question = Question { principal, action, resource, at };
            let decision = decide(work.facts(), &question).unwrap();
            let answer = if decision.allowed { "allowed" } else { "denied" };
            asked += 1;
            if answer != it.answer {
                wrong.push(format!(
                    "{file_name}: {}: {answer} by {}, expected {}",
                    it.ask, decision.rule.name, it.answer
                ));
            }
            if let Some(rule) = &it.rule
                && *rule != decision.rule.name
            {
                wrong.push(format!("{file_name}: {}: decided by {}, expected {rule}", it.ask, decision.rule.name));
            }
            // What is allowed has a proof, and what would suffice for a denial never is what is there already.
            let remedies = remedies(work.facts(), &question).unwrap();
            assert!(remedies.iter().all(|remedy| !remedy.lacks.is_empty()), "{file_name}: {}", it.ask);
            assert!(!decision.allowed || !decision.proof.is_empty(), "{file_name}: {}: no proof", it.ask);
        }
    }
    assert!(wrong.is_empty(), "{} of {asked} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_sentence_that_states_a_rule_has_a_scenario_either_way() {
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let sentences = sentences();
    for (file_name, file) in files() {
        for it in file.questions {
            let known = sentences.contains_key(&it.sentence)
                || it.sentence.starts_with("decision")
                || it.sentence.starts_with("product");
            assert!(known, "{file_name}: no sentence {}", it.sentence);
            seen.insert((it.sentence, it.answer));
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
    use rolebook::model::catalogue::{denials, grants, limits};
    let sentences = sentences();
    let rules = grants().map(|it| it.rule).chain(limits().map(|it| it.rule)).chain(denials().map(|it| it.rule));
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
    use rolebook::model::catalogue::{denials, grants, limits};
    let mut decided = BTreeSet::new();
    for (_, file) in files() {
        let now = Time::parse(NOW).unwrap();
        let (work, packages) = build(&file, now);
        for it in &file.questions {
            let words: Vec<&str> = it.ask.split(' ').collect();
            let (principal, _) = resolve(&work, &packages, words[0], Kind::Account);
            let (resource, kind) = resolve(&work, &packages, words[2], Kind::Server);
            let at = it.at.as_deref().map_or(now, |text| Time::parse(text).unwrap());
            let action = Action::parse(words[1], kind, &|text| panic!("no folder {text}")).unwrap();
            let decision = decide(work.facts(), &Question { principal, action, resource, at }).unwrap();
            decided.insert((decision.rule.name, kind, action.verb(), decision.allowed));
        }
    }
    let mut idle = Vec::new();
    let rows = grants().map(|it| (it.rule, it.kind, it.verbs, true));
    let rows = rows.chain(limits().map(|it| (it.rule, it.kind, it.verbs, false)));
    let rows = rows.chain(denials().map(|it| (it.rule, it.kind, it.verbs, false)));
    for (rule, kind, verbs, allowed) in rows {
        for verb in verbs {
            if !decided.contains(&(rule.name, kind, *verb, allowed)) {
                idle.push(format!("{} decides no {} on {kind}", rule.name, verb.word()));
            }
        }
    }
    assert!(idle.is_empty(), "{}", idle.join("\n"));
}
