//! Listings against checks: `who` and `what` list exactly what `check` allows, and facts in memory
//! answer like the SQL statements, for the present and for every revision.

mod laws;
pub(crate) mod rows;
mod same_facts;
mod truth;

use std::ops::ControlFlow;

use rolebook::model::action::Destination;
use rolebook::model::attributes::{Attributes, Media};
use rolebook::model::{Action, Binding, Id, Kind, Permissions, Resource, Time};
use rolebook::policy::{AdaptiveFacts, EmptyFacts, Facts, Overlay};
use rolebook::store::Store;

use crate::oracle::worlds::{Dice, NOW, permissions};
use crate::support::temp_folder;
use laws::{Answered, assert_same_listings};
use rows::Rows;
use same_facts::{Asked, assert_same, assert_same_decisions};

/// Prints the seed that failed; `LISTINGS_SEED` repeats it.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("LISTINGS_SEED={}", self.0);
        }
    }
}

/// Runs a test on a fixed number of worlds with fixed seeds.
fn worlds(count: u64, test: impl Fn(&mut Dice)) {
    let seeds = match std::env::var("LISTINGS_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..count).collect(),
    };
    for seed in seeds {
        let _named = Seed(seed);
        test(&mut Dice::new(seed));
    }
}

/// Every resource of a kind, by id.
fn all<F: Facts>(facts: &F, kind: Kind) -> Vec<Id> {
    let mut found = Vec::new();
    facts
        .resources(kind, None, &mut |it| {
            found.push(it.id);
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    found.sort_unstable();
    found
}

/// Every principal.
fn principals<F: Facts>(facts: &F) -> Vec<Id> {
    let kinds = [Kind::Account, Kind::Group, Kind::Workgroup, Kind::Invitee, Kind::AccessToken];
    let mut found = vec![Id::ANYONE, Id::AUTHENTICATED];
    found.extend(kinds.into_iter().flat_map(|kind| all(facts, kind)));
    found
}

/// Every action on every resource: the actions that listings name, and on items some of those that take a
/// set or a folder.
fn questions<F: Facts>(facts: &F, dice: &mut Dice) -> Vec<(Id, Vec<Action>)> {
    let items = all(facts, Kind::Item);
    let homes: Vec<Id> = items
        .iter()
        .copied()
        .filter(|it| facts.resource(*it).unwrap().unwrap().as_item().unwrap().home.is_some())
        .collect();
    let mut found = vec![(Id::SERVER, Action::listable(Kind::Server))];
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Server) {
        for id in all(facts, kind) {
            let mut actions = Action::listable(kind);
            if kind == Kind::Item {
                actions.extend(Permissions::PRESETS.map(|it| Action::Share(it.0)));
                let custom = Action::Share(permissions(dice.set()));
                if !actions.contains(&custom) {
                    actions.push(custom);
                }
                let anywhere = homes.is_empty() || dice.chance(1, 2);
                let folder = dice.pick(if anywhere { &items } else { &homes });
                let to = Destination { folder, is_registered: dice.chance(3, 4), of_file: dice.chance(1, 4) };
                actions.extend([Action::MoveTo(to), Action::CopyTo(to)]);
            }
            if !actions.is_empty() {
                found.push((id, actions));
            }
        }
    }
    found
}

fn store() -> (tempfile::TempDir, Store) {
    let folder = temp_folder();
    let (store, _) = Store::create(&folder.path().join("s.db")).unwrap();
    (folder, store)
}

fn moment(dice: &mut Dice) -> Time {
    Time(NOW + dice.pick(&[0, 0, 0, -1, 1, 1000]))
}

/// Asks every question one by one; then each listing must agree.
fn hold<F: Facts>(facts: &F, dice: &mut Dice) -> usize {
    let answered = Answered::new(facts, moment(dice), dice);
    answered.who_can();
    answered.they_can(dice);
    answered.allowed()
}

#[test]
fn listings_are_what_check_allows() {
    worlds(10, |dice| {
        let rows = Rows::random(dice);
        let (_folder, store) = store();
        rows.commit(&store, &Rows::default());
        let reader = store.read().unwrap();
        assert!(hold(&reader.facts().snapshot().unwrap(), dice) > 500, "a poor world");
    });
}

#[test]
fn listings_over_drafts_are_what_check_allows() {
    worlds(1, |dice| {
        let rows = Rows::random(dice);
        let mut draft = Overlay::new(&EmptyFacts).unwrap();
        rows.lay(&mut draft, &Rows::default());
        hold(&draft, dice);
        let (_folder, store) = store();
        rows.commit(&store, &Rows::default());
        let reader = store.read().unwrap();
        let snapshot = reader.facts().snapshot().unwrap();
        let mut draft = Overlay::new(&snapshot).unwrap();
        rows.changed(dice).lay(&mut draft, &rows);
        hold(&draft, dice);
    });
}

#[test]
fn listings_over_statements_equal_those_over_a_snapshot() {
    worlds(1, |dice| {
        let (_folder, store) = store();
        let rows = Rows::random(dice);
        rows.commit(&store, &Rows::default());
        rows.changed(dice).commit(&store, &rows);
        let reader = store.read().unwrap();
        for facts in [reader.facts(), reader.facts_at(1)] {
            let (snapshot, at) = (facts.snapshot().unwrap(), moment(dice));
            assert_same_listings(&facts, &snapshot, at, dice);
            // Loaded into memory half-way, or never.
            let load = || facts.snapshot().ok().map(|it| Box::new(it) as Box<dyn Facts>);
            let adaptive = AdaptiveFacts::new(facts, dice.below(3_000) as u64, load);
            assert_same_listings(&adaptive, &snapshot, at, dice);
        }
    });
}

#[test]
fn a_snapshot_equals_the_statements_for_the_present_and_the_past() {
    worlds(2, |dice| {
        let (_folder, store) = store();
        let (mut before, mut asked) = (Rows::default(), Asked::default());
        let mut after = Rows::random(dice);
        let mut revisions = Vec::new();
        for _ in 0..4 {
            revisions.push(after.commit(&store, &before));
            asked.about(&after);
            before = after;
            after = before.changed(dice);
        }
        let reader = store.read().unwrap();
        for revision in revisions.iter().copied().chain([0]) {
            let facts = reader.facts_at(revision);
            let snapshot = facts.snapshot().unwrap();
            assert_eq!(snapshot.revision, revision);
            assert_same(&facts, &snapshot, &asked, dice);
            assert_same_decisions(&facts, &snapshot, moment(dice), 16, dice);
        }
        let facts = reader.facts();
        let snapshot = facts.snapshot().unwrap();
        assert_same(&facts, &snapshot, &asked, dice);
        assert!(assert_same_decisions(&facts, &snapshot, moment(dice), 1, dice) > 5_000);
    });
}

#[test]
fn an_overlay_equals_the_store_after_the_commit() {
    worlds(2, |dice| {
        let (_folder, store) = store();
        let (mut before, mut asked) = (Rows::default(), Asked::default());
        let mut after = Rows::random(dice);
        for _ in 0..3 {
            asked.about(&after);
            asked.but_for_no_parent();
            let reader = store.read().unwrap();
            let (stored, snapshot) = (reader.facts(), reader.facts().snapshot().unwrap());
            let both: [&dyn Facts; 2] = [&stored, &snapshot];
            let mut drafts = both.map(|below| Overlay::new(below).unwrap());
            drafts.iter_mut().for_each(|draft| after.lay(draft, &before));
            let revision = after.commit(&store, &before);
            let committed = store.read().unwrap();
            let committed = committed.facts().snapshot().unwrap();
            for mut draft in drafts {
                for row in draft.draft().resources.clone().into_values().flatten() {
                    // First another row, which is read: the caches must forget it.
                    draft.put_resource(Resource { attributes: Attributes::Media(Media::default()), ..(*row).clone() });
                    assert_eq!(draft.header(row.id).unwrap().map(|it| it.kind()), Some(Kind::Media));
                    draft.put_resource(Resource { since: revision, ..(*row).clone() });
                }
                for row in draft.draft().bindings.clone().into_values().flatten() {
                    draft.put_binding(Binding { since: revision, ..row });
                }
                assert_same(&draft, &committed, &asked, dice);
            }
            before = after;
            after = before.changed(dice);
        }
    });
}

#[test]
fn a_snapshot_of_a_store_with_many_ids_is_read_in_parallel_and_the_same() {
    worlds(1, |dice| {
        let (_folder, store) = store();
        let mut asked = Asked::default();
        let mut rows = Rows::random(dice);
        rows.commit(&store, &Rows::default());
        asked.about(&rows);
        rows.skip_to(150_000);
        let after = rows.changed(dice);
        after.commit(&store, &rows);
        asked.about(&after);
        let reader = store.read().unwrap();
        assert!(reader.facts().last_id().unwrap().0 > 150_000);
        // This reader does not see later writes, and neither must its snapshot.
        let later = after.changed(dice);
        later.commit(&store, &after);
        asked.about(&later);
        for facts in [reader.facts(), reader.facts_at(2), reader.facts_at(1)] {
            let snapshot = facts.snapshot().unwrap();
            assert_same(&facts, &snapshot, &asked, dice);
            assert_same_decisions(&facts, &snapshot, moment(dice), 16, dice);
        }
        assert_eq!(reader.facts().snapshot().unwrap().revision, 2);
    });
}
