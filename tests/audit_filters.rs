//! The filters of `audit log`. Over random histories each of them agrees with a search of every entry and its rows; and
//! what they mean, as people use them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;
use rolebook::model::{Id, Kind, Time};
use rolebook::ops::Actor;
use rolebook::policy::{Facts, LogScope, Overlay, RowChange, Viewer};
use rolebook::store::{DeniedChange, RevisionHeader, Store};
use serde_json::{Value, json};

use crate::listings::rows::Rows;
use crate::oracle::worlds::{Dice, NOW};
use crate::support::{Tool, run_here, temp_folder};

const COMMANDS: [&str; 4] =
    ["apply world.yaml", "share grant n:/a bob", "share revoke n:/a bob", "group add 'share grant'"];

/// One revision of a history: its header, its rows, and the state after it.
struct Past {
    at: i64,
    actor: Option<Id>,
    command: &'static str,
    is_denied: bool,
    rows: Vec<RowChange>,
    state: Rows,
}

/// A random history in a store; the first entry is the empty state before it.
fn history(store: &Store, dice: &mut Dice) -> Vec<Past> {
    let empty = Past { at: 0, actor: None, command: "", is_denied: false, rows: Vec::new(), state: Rows::default() };
    let mut past = vec![empty];
    let (mut at, mut now) = (NOW, Rows::random(dice));
    now.skip_to(100);
    for number in 0..16 {
        let before = past.last().unwrap().state.clone();
        match dice.below(6) {
            _ if number == 0 => {}
            0 => now = now.changed(dice),
            1 => {}
            // A few rows at a time, so that most revisions change little.
            _ => change_little(&mut now, dice),
        }
        at += dice.pick(&[0, 1, 1_000]);
        let writer = store.write().unwrap();
        let facts = writer.facts();
        let mut draft = Overlay::new(&facts).unwrap();
        now.lay(&mut draft, &before);
        let rows = draft.draft().against(&facts).unwrap();
        drop(draft);
        let accounts = now.ids(Kind::Account);
        let actor = dice.chance(2, 3).then(|| dice.pick(&accounts));
        let command = dice.pick(&COMMANDS);
        let header = RevisionHeader {
            at: Time(at),
            actor,
            operator: "test".to_owned(),
            command: command.to_owned(),
            reason: None,
            undoes: None,
        };
        let is_denied = rows.is_empty();
        if is_denied {
            let denied = DeniedChange { rule: "test".to_owned(), message: "test".to_owned() };
            writer.record_denial(header, denied).unwrap();
        } else {
            writer.commit(&rows, now.last(), header).unwrap().unwrap();
        }
        past.push(Past { at, actor, command, is_denied, rows, state: now.clone() });
    }
    past
}

fn change_little(rows: &mut Rows, dice: &mut Dice) {
    for _ in 0..1 + dice.below(2) {
        let bindings: Vec<Id> = rows.bindings.keys().copied().collect();
        let binding = dice.pick(&bindings);
        match dice.below(4) {
            0 => drop(rows.bindings.remove(&binding)),
            1 => rows.bindings.get_mut(&binding).unwrap().expires = Some(Time(NOW + 10_000 + dice.below(99) as i64)),
            2 => rows.bindings.get_mut(&binding).unwrap().grantor = Some(dice.pick(&rows.ids(Kind::Account))),
            _ => rows.move_item(dice),
        }
    }
}

/// Whether a resource is another one or lies in it.
fn lies_in(state: &Rows, mut id: Id, wanted: Id) -> bool {
    loop {
        if id == wanted {
            return true;
        }
        match state.resources.get(&id).and_then(|it| it.parent) {
            Some(parent) => id = parent,
            None => return false,
        }
    }
}

const PARTS_OF_OTHERS: [&str; 3] = ["package:sender", "package:recipient", "dropbox:outside-submitter"];

impl Past {
    /// The rows of the revision, each version with the state that it belongs to: before or after.
    fn versions<'p>(&'p self, before: &'p Past) -> Vec<(&'p RowChange, &'p Rows, bool)> {
        self.rows.iter().flat_map(|row| [(row, &before.state, true), (row, &self.state, false)]).collect()
    }

    fn is_on(&self, before: &Past, wanted: Id, sees: &dyn Fn(&RowChange) -> bool) -> bool {
        self.versions(before).into_iter().any(|(row, _, is_before)| {
            sees(row)
                && match row {
                    RowChange::Resource(was, is) => (if is_before { was } else { is })
                        .as_ref()
                        .is_some_and(|it| it.id == wanted && it.kind() != Kind::Invitee),
                    RowChange::Binding(was, is) => {
                        (if is_before { was.as_deref() } else { is.as_ref() }).is_some_and(|it| {
                            let of = if it.resource == Id::SERVER { it.principal } else { it.resource };
                            of == wanted && !PARTS_OF_OTHERS.contains(&it.role.qualified())
                        })
                    }
                }
        })
    }

    fn touches(&self, before: &Past, wanted: Id, sees: &dyn Fn(&RowChange) -> bool) -> bool {
        self.versions(before).into_iter().any(|(row, state, is_before)| {
            sees(row)
                && match row {
                    RowChange::Resource(was, is) => {
                        (if is_before { was } else { is }).as_ref().is_some_and(|it| lies_in(state, it.id, wanted))
                    }
                    RowChange::Binding(was, is) => {
                        (if is_before { was.as_deref() } else { is.as_ref() }).is_some_and(|it| {
                            it.principal == wanted || it.grantor == Some(wanted) || lies_in(state, it.resource, wanted)
                        })
                    }
                }
        })
    }

    /// Whether a reader who administers some resources sees a change of a row.
    fn shows(&self, before: &Past, places: &[Id], row: &RowChange) -> bool {
        let id = match row {
            RowChange::Resource(was, is) => {
                let it = is.as_ref().or(was.as_ref()).unwrap();
                Some(it.id).filter(|_| it.kind() != Kind::Invitee)
            }
            RowChange::Binding(was, is) => {
                let it = is.as_ref().or(was.as_deref()).unwrap();
                Some(it.resource).filter(|_| !PARTS_OF_OTHERS.contains(&it.role.qualified()))
            }
        };
        id.is_some_and(|id| {
            let state = if self.state.resources.contains_key(&id) { &self.state } else { &before.state };
            places.iter().any(|place| lies_in(state, id, *place))
        })
    }
}

fn listed(store: &Path, who: Option<&str>, words: &[String]) -> Vec<Value> {
    let mut all = vec!["audit", "log", "-o", "json"];
    all.extend(who.map(|who| ["--as", who]).into_iter().flatten());
    all.extend(words.iter().map(String::as_str));
    let ran = run_here(store, all);
    assert_eq!(ran.status, 0, "{ran:#?}");
    serde_json::from_str::<Value>(&ran.out).unwrap().as_array().unwrap().clone()
}

fn numbers(entries: &[Value]) -> Vec<u64> {
    entries.iter().map(|entry| entry["revision"].as_u64().unwrap()).collect()
}

/// Every resource of a history that has a reference now, with that reference.
fn references(store: &Store, past: &[Past]) -> BTreeMap<Id, String> {
    let reader = store.read().unwrap();
    let facts = reader.facts();
    let mut found = BTreeMap::from([(Id::SERVER, "server".to_owned()), (Id::ANYONE, "anyone".to_owned())]);
    for (id, row) in past.iter().flat_map(|it| &it.state.resources) {
        if facts.header(*id).unwrap().is_some() {
            found.insert(*id, facts.reference(*id).unwrap());
        } else if row.kind().is_numbered() {
            found.insert(*id, format!("{}:{id}", row.kind()));
        } else if !matches!(row.kind(), Kind::Item | Kind::Workspace) {
            let last = reader.last_version(*id).unwrap().unwrap();
            found.insert(*id, format!("{}:{}#{id}", row.kind(), last.name));
        }
    }
    // A public link has no reference that can be typed, nor has an outside submitter whom a random change renamed.
    found.retain(|_, it| !it.starts_with("public-link:") && !it.starts_with("invitee:Renamed"));
    found
}

fn agree(seed: u64) {
    let mut dice = Dice::new(seed);
    let folder = temp_folder();
    let path = folder.path().join("s.db");
    let (store, _) = Store::create(&path).unwrap();
    let past = history(&store, &mut dice);
    let known = references(&store, &past);
    let reader = store.read().unwrap();
    let facts = reader.facts();
    // The operator, and everybody who reads a part of the log.
    let mut readers: Vec<(Option<Id>, Option<String>, Vec<Id>)> = vec![(None, None, Vec::new())];
    for account in past.last().unwrap().state.ids(Kind::Account) {
        let viewer = Viewer::new(&facts as &dyn Facts, Actor::Principal(account), Time::now()).unwrap();
        if let LogScope::On(places) = viewer.log_scope().unwrap()
            && !places.is_empty()
        {
            let name = facts.reference(account).unwrap();
            let name = name.strip_prefix("user:").unwrap().to_owned();
            if run_here(&path, ["audit", "log", "--as", &name]).status == 0 {
                readers.push((Some(account), Some(name), places));
            }
        }
    }
    for (reader, name, places) in &readers {
        let whole = listed(&path, name.as_deref(), &[]);
        for _ in 0..24 {
            let Some((words, wanted)) = filter(&mut dice, &known, &past) else { continue };
            // A limited reader may be unable to name the resource.
            let mut all = vec!["audit".to_owned(), "log".to_owned(), "--limit".to_owned(), "1".to_owned()];
            all.extend(name.iter().flat_map(|name| ["--as".to_owned(), name.clone()]));
            all.extend(words.iter().cloned());
            let ran = run_here(&path, &all);
            if reader.is_some() && ran.status == 4 {
                assert!(words.iter().any(|it| ["--on", "--touching", "--actor"].contains(&it.as_str())), "{ran:#?}");
                continue;
            }
            assert_eq!(ran.status, 0, "{seed}: {ran:#?}");
            let expected: Vec<u64> = numbers(&whole)
                .into_iter()
                .zip(&whole)
                .filter(|(number, entry)| {
                    let index = usize::try_from(*number).unwrap();
                    let (before, it) = (&past[index - 1], &past[index]);
                    let sees = |row: &RowChange| reader.is_none() || it.shows(before, places, row);
                    wanted.accepts(it, before, entry, &sees)
                })
                .map(|(number, _)| number)
                .collect();
            let found = numbers(&listed(&path, name.as_deref(), &words));
            assert_eq!(found, expected, "{seed}: {words:?} as {name:?}");
            // Page by page it is the same list.
            let (mut paged, mut after) = (Vec::new(), Vec::new());
            loop {
                let page: Vec<String> =
                    words.iter().cloned().chain(["--limit".to_owned(), "2".to_owned()]).chain(after).collect();
                let page = numbers(&listed(&path, name.as_deref(), &page));
                let Some(last) = page.last() else { break };
                after = vec!["--after".to_owned(), last.to_string()];
                paged.extend(page);
            }
            assert_eq!(paged, expected, "{seed}: {words:?} as {name:?}");
        }
    }
}

/// The filters that one line has.
#[derive(Default)]
struct Wanted {
    since: Option<i64>,
    until: Option<i64>,
    actor: Option<Option<Id>>,
    on: Option<Id>,
    touching: Option<Id>,
    command: Option<&'static str>,
    denied: bool,
    changed: bool,
}

/// A random filter, as words and as a value.
fn filter(dice: &mut Dice, known: &BTreeMap<Id, String>, past: &[Past]) -> Option<(Vec<String>, Wanted)> {
    let (mut words, mut wanted) = (Vec::new(), Wanted::default());
    let mut put = |option: &str, value: String| words.extend([option.to_owned(), value]);
    let ids: Vec<Id> = known.keys().copied().collect();
    let most = if dice.chance(1, 2) { 3 } else { 7 };
    if dice.chance(1, most) {
        let at = past[dice.below(past.len())].at.max(NOW) + dice.below(2) as i64;
        put("--since", Time(at).to_string());
        wanted.since = Some(at);
    }
    if dice.chance(1, most) {
        let at = past[dice.below(past.len())].at.max(NOW) - dice.below(2) as i64;
        put("--until", Time(at).to_string());
        wanted.until = Some(at);
    }
    if dice.chance(1, most) {
        let accounts: BTreeSet<Id> = past.iter().filter_map(|it| it.actor).collect();
        let actor = dice.chance(2, 3).then(|| accounts.into_iter().next()).flatten();
        put("--actor", actor.map_or_else(|| "operator".to_owned(), |id| known[&id].clone()));
        wanted.actor = Some(actor);
    }
    if dice.chance(2, 5) {
        let id = dice.pick(&ids);
        put("--on", known[&id].clone());
        wanted.on = Some(id);
    }
    if dice.chance(2, 5) {
        let id = dice.pick(&ids);
        put("--touching", known[&id].clone());
        wanted.touching = Some(id);
    }
    if dice.chance(1, most) {
        let command = dice.pick(&["share grant", "share", "n:/a bob", "apply world.yaml", "grant bob"]);
        put("--command", command.to_owned());
        wanted.command = Some(command);
    }
    match dice.below(6) {
        0 => wanted.denied = true,
        1 => wanted.changed = true,
        _ => {}
    }
    words.extend(wanted.denied.then(|| "--denied".to_owned()));
    words.extend(wanted.changed.then(|| "--changed".to_owned()));
    (!words.is_empty()).then_some((words, wanted))
}

impl Wanted {
    /// `shown` is the entry as the unfiltered log shows it to the reader.
    fn accepts(&self, it: &Past, before: &Past, shown: &Value, sees: &dyn Fn(&RowChange) -> bool) -> bool {
        let has_words = |wanted: &str| match (shown["command"].as_str(), wanted) {
            // The command is hidden from the reader.
            (None, _) => false,
            (Some(_), "share grant") => it.command == COMMANDS[1],
            (Some(_), "share") => it.command == COMMANDS[1] || it.command == COMMANDS[2],
            (Some(_), "n:/a bob") => it.command == COMMANDS[1] || it.command == COMMANDS[2],
            (Some(_), "apply world.yaml") => it.command == COMMANDS[0],
            (Some(_), _) => false,
        };
        self.since.is_none_or(|since| it.at >= since)
            && self.until.is_none_or(|until| it.at <= until)
            && self.actor.is_none_or(|actor| it.actor == actor)
            && self.on.is_none_or(|id| it.is_on(before, id, sees))
            && self.touching.is_none_or(|id| it.touches(before, id, sees))
            && self.command.is_none_or(has_words)
            && (!self.denied || it.is_denied)
            && (!self.changed || !it.rows.is_empty())
    }
}

#[test]
fn every_filter_agrees_with_a_search_of_all_rows() {
    if let Ok(seed) = std::env::var("FILTER_SEED") {
        return agree(seed.parse().unwrap());
    }
    let config = ProptestConfig { cases: 24, max_shrink_iters: 0, failure_persistence: None, ..Default::default() };
    proptest!(config, |(seed in any::<u64>())| agree(seed));
}

/// The revisions that a log lists, newest first.
fn revisions(tool: &Tool, arguments: &str) -> Vec<u64> {
    numbers(tool.json(&format!("audit log {arguments}")).as_array().unwrap())
}

#[test]
fn on_is_of_the_resource_itself_and_touching_also_of_what_lies_in_it_and_what_it_holds() {
    let tool = Tool::staffed();
    tool.ok("endpoint add node1 --kind node --node-version 4.4.6 --as alice");
    let endpoint = tool.revision();
    tool.ok("content add node1:/a --owner bob");
    tool.ok("content add node1:/a/b --owner bob");
    let folder = tool.revision();
    tool.ok("share grant node1:/a/b carol --permission view --as bob");
    let share = tool.revision();
    tool.ok("account set-role carol manager");
    let role = tool.revision();
    assert_eq!(revisions(&tool, "--on endpoint:node1"), [endpoint]);
    assert_eq!(revisions(&tool, "--touching endpoint:node1"), [share, folder, folder - 1, endpoint]);
    assert_eq!(revisions(&tool, "--on node1:/a/b"), [share, folder]);
    assert_eq!(revisions(&tool, "--on node1:/a"), [folder - 1]);
    assert_eq!(revisions(&tool, "--touching node1:/a"), [share, folder, folder - 1]);
    // Of an account, its role is a part; what it holds elsewhere is not, and is touched.
    assert_eq!(revisions(&tool, "--on user:carol"), [role, 4]);
    assert_eq!(revisions(&tool, "--touching user:carol"), [role, share, 4]);
    // What a sharer granted.
    assert_eq!(revisions(&tool, "--touching user:bob"), [share, folder, folder - 1, 3]);
    assert_eq!(revisions(&tool, "--on server"), [] as [u64; 0]);
    // After a move, what happens there is no longer touched; the move is.
    tool.ok("content add node1:/c --owner alice");
    tool.ok("content move node1:/a/b node1:/c");
    let moved = tool.revision();
    tool.ok("share revoke node1:/c/b carol --as bob");
    assert_eq!(revisions(&tool, "--touching node1:/a"), [moved, share, folder, folder - 1]);
    assert_eq!(revisions(&tool, "--on node1:/c/b"), [moved + 1, moved, share, folder]);
    tool.fails(4, "audit log --on node1:/a/nothing", "no such file or folder");
    assert_eq!(
        tool.run("audit log --on node1:/a/b --at 9 --columns revision --no-headers").out,
        format!("{share}\n{folder}\n")
    );
}

#[test]
fn ended_and_renamed_resources_are_found_by_what_they_are() {
    let tool = Tool::staffed();
    tool.ok("org add acme --admin carol");
    tool.ok("workspace add acme/prod");
    let token = tool.json("access-token create acme/prod --mode read");
    let token = token["changed"][0]["ref"].as_str().unwrap().to_owned();
    let made = tool.revision();
    tool.ok("workspace rename acme/prod live");
    tool.ok("workspace remove acme/live --yes");
    let removed = tool.revision();
    assert_eq!(revisions(&tool, &format!("--on {token}")), [removed, made]);
    assert_eq!(revisions(&tool, "--touching org:acme"), [removed, removed - 1, made, made - 1, made - 2]);
    tool.fails(4, "audit log --on access-token:99999", "no such access token");
    tool.ok("group add crew");
    tool.ok("group add-member crew bob");
    tool.ok("group rename crew team");
    let renamed = tool.revision();
    assert_eq!(revisions(&tool, "--on group:team"), [renamed, renamed - 1, renamed - 2]);
    tool.fails(4, "audit log --on group:crew", "no such group");
    tool.ok("group remove team --yes");
    let ended = tool.json(&format!("audit show {renamed}"))["changes"][0]["ref"].as_str().unwrap().to_owned();
    let id = ended.rsplit_once('#').unwrap().1.to_owned();
    assert_eq!(revisions(&tool, &format!("--on 'group:team#{id}'")), [renamed + 1, renamed, renamed - 1, renamed - 2]);
    assert_eq!(revisions(&tool, "--touching user:bob --since 2020-01-01"), [renamed + 1, renamed - 1, 3]);
}

#[test]
fn filters_of_time_command_and_outcome() {
    let tool = Tool::staffed();
    for (day, line) in [("10", "group add crew"), ("11", "group add 'the crew'"), ("12", "group add-member crew bob")] {
        tool.set_clock(&format!("2030-01-{day}T12:00:00Z"));
        tool.ok(line);
    }
    tool.fails(3, "group add mine --as bob", "may not");
    let last = tool.revision();
    assert_eq!(revisions(&tool, "--since 2030-01-11"), [last, last - 1, last - 2]);
    assert_eq!(revisions(&tool, "--since 2030-01-11T12:00:00Z --until 2030-01-11T12:00:00Z"), [last - 2]);
    assert_eq!(revisions(&tool, "--since 2030-01-11 --until 2030-01-12"), [last - 2]);
    assert_eq!(revisions(&tool, "--since 2031-01-01"), [] as [u64; 0]);
    assert_eq!(revisions(&tool, "--until 2000-01-01"), [] as [u64; 0]);
    assert_eq!(revisions(&tool, "--command 'group add'"), [last, last - 2, last - 3]);
    assert_eq!(revisions(&tool, "--command \"add 'the crew'\""), [last - 2]);
    assert_eq!(revisions(&tool, "--command crew"), [last - 1, last - 3]);
    assert_eq!(revisions(&tool, "--denied"), [last]);
    assert_eq!(revisions(&tool, "--changed --since 2030-01-01"), [last - 1, last - 2, last - 3]);
    assert_eq!(revisions(&tool, "--actor bob --command group --denied --since 2030-01-12"), [last]);
    tool.fails(2, "audit log --denied --changed", "cannot be used with");
    tool.fails(2, "audit log --since yesterday", "`yesterday` is not a time");
    tool.fails(2, "audit log --command ''", "the words of a command are missing");
    tool.fails(2, "audit log --command \"it's\"", "is never closed");
}

/// A workgroup admin reads what concerns the workgroup. No filter says more of an entry than the entry itself shows.
#[test]
fn a_filter_by_what_the_reader_may_not_see_reveals_nothing() {
    let tool = Tool::staffed();
    tool.ok("server set --private-directory=false");
    for name in ["color", "secret"] {
        tool.ok(&format!("workgroup add {name}"));
    }
    tool.ok("workgroup add-member color eve");
    tool.ok("workgroup add-admin color eve");
    std::fs::write(
        tool.folder().join("m.yaml"),
        "version: 1\nworkgroups:\n  color: {members: [carol]}\n  secret: {members: [bob]}\n",
    )
    .unwrap();
    tool.ok("apply m.yaml --yes");
    let both = tool.revision();
    assert!(revisions(&tool, "--as eve").contains(&both));
    assert_eq!(revisions(&tool, "--touching user:bob"), [both, 3]);
    // The entry changes bob's place in a workgroup that eve may not read about.
    for filter in ["--touching user:bob", "--on user:bob"] {
        assert!(!revisions(&tool, &format!("{filter} --as eve")).contains(&both), "{filter}");
    }
    assert!(revisions(&tool, "--touching user:carol --as eve").contains(&both));
    assert!(revisions(&tool, "--on workgroup:color --as eve").contains(&both));
    // The command is hidden, since the revision concerns more than the workgroup, and so are its words.
    assert_eq!(tool.json(&format!("audit show {both} --as eve"))["command"], json!(null));
    assert_eq!(revisions(&tool, "--command apply"), [both]);
    assert_eq!(revisions(&tool, "--command apply --as eve"), [] as [u64; 0]);
}
