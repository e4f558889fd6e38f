//! Listings against the oracle: they must name the principals and actions that the oracle allows.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use rolebook::model::{Action, Id, Kind, Time};
use rolebook::policy::listing::{Breadth, Filter, ItemDetail, lookup_resources, lookup_subjects};
use rolebook::policy::{Evaluator, Facts};

use super::rows::Rows;
use super::{store, worlds};
use crate::oracle::truth::{Ask, PRESETS, WORDS, World};
use crate::oracle::worlds::{Dice, NOW};
use crate::oracle::{OF_ACCOUNTS, OF_ENDPOINTS, OF_GROUPS, OF_SERVER, OF_WORKGROUPS, ROLES, translated};

/// Every question that the oracle can answer about a world.
fn asks(world: &World, dice: &mut Dice) -> Vec<Ask> {
    let mut all = Vec::new();
    let places: Vec<_> = world.items.keys().cloned().collect();
    for place in &places {
        all.extend(WORDS.map(|(permission, _)| Ask::Do(permission, place.clone())));
        all.extend(PRESETS.map(|set| Ask::Share(set, place.clone())));
        let other = dice.pick(&places);
        all.extend([
            Ask::See(place.clone()),
            Ask::Overwrite(place.clone()),
            Ask::ViewShares(place.clone()),
            Ask::AdministerShares(place.clone()),
            Ask::MoveTo(place.clone(), other.clone()),
            Ask::CopyTo(place.clone(), other),
        ]);
    }
    for endpoint in world.endpoints.keys() {
        all.extend(OF_ENDPOINTS.map(|verb| Ask::Endpoint(verb, *endpoint)));
        all.extend(ROLES.map(|role| Ask::Assign(role, *endpoint)));
        all.extend(ROLES.map(|role| Ask::Revoke(role, *endpoint)));
    }
    all.extend(OF_SERVER.map(Ask::Server));
    all.extend(world.accounts.keys().flat_map(|id| OF_ACCOUNTS.map(|verb| Ask::Account(verb, *id))));
    all.extend(world.groups.keys().flat_map(|id| OF_GROUPS.map(|verb| Ask::Group(verb, *id))));
    all.extend(world.workgroups.keys().flat_map(|id| OF_WORKGROUPS.map(|verb| Ask::Workgroup(verb, *id))));
    all
}

fn named<F: Facts>(evaluator: &Evaluator<'_, F>, action: Action, resource: Id) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    let target = evaluator.target(resource).unwrap().unwrap();
    lookup_subjects(evaluator, &[action], &target, Breadth::Everybody, &mut |principal, _| {
        found.insert(principal.0);
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    found
}

fn listed<F: Facts>(evaluator: &Evaluator<'_, F>, principal: Id) -> BTreeSet<(Id, Action)> {
    let mut found = BTreeSet::new();
    let subject = evaluator.subject(principal).unwrap();
    lookup_resources(evaluator, &subject, &Filter::default(), ItemDetail::All, &mut |resource, actions| {
        found.extend(actions.iter().map(|action| (resource, *action)));
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    found
}

#[test]
fn listings_agree_with_the_oracle() {
    let (yes, no) = (Cell::new(0), Cell::new(0));
    worlds(12, |dice| {
        let world = World::random(dice);
        let (_folder, store) = store();
        Rows::of(&world).commit(&store, &Rows::default());
        let reader = store.read().unwrap();
        let facts = reader.facts().snapshot().unwrap();
        let at = NOW + dice.pick(&[0, -1, 1]);
        let evaluator = Evaluator::new(&facts, Time(at));
        let asks = asks(&world, dice);
        for ask in &asks {
            let (action, resource) = translated(&facts, ask);
            let is_named = |id: &u64| !world.groups.contains_key(id) && !world.workgroups.contains_key(id);
            let may: BTreeSet<u64> =
                world.principals().into_iter().filter(|it| is_named(it) && world.may(*it, ask, at)).collect();
            assert_eq!(named(&evaluator, action, resource), may, "{ask:?}");
        }
        for principal in world.principals() {
            let listed = listed(&evaluator, Id(principal));
            for ask in &asks {
                let (action, resource) = translated(&facts, ask);
                let kind =
                    if resource == Id::SERVER { Kind::Server } else { facts.header(resource).unwrap().unwrap().kind() };
                if !Action::listable(kind).contains(&action) {
                    continue;
                }
                let may = world.may(principal, ask, at);
                assert_eq!(listed.contains(&(resource, action)), may, "{principal} {ask:?}");
                let count = if may { &yes } else { &no };
                count.set(count.get() + 1);
            }
        }
    });
    let (yes, no) = (yes.get(), no.get());
    println!("{yes} listed, {no} not");
    assert!(yes * 20 > no && no > yes, "the questions are one-sided: {yes} listed, {no} not");
}
