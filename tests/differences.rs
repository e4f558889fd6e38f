//! Gained and lost actions: the listed differences are exactly the differences between random worlds and
//! changed versions of them, and `perm diff` and `--access` show them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use proptest::prelude::*;
use rolebook::model::attributes::{Attributes, LinkStatus, Status};
use rolebook::model::{Action, Id, Kind, Time, Verb};
use rolebook::ops::affected_set;
use rolebook::policy::listing::{AffectedSet, Comparison, Difference, IdMap};
use rolebook::policy::{
    EmptyFacts, Evaluator, Facts, Overlay, ProofStep, Question, RowChange, Subject, Target, decide, decide_on,
};
use serde_json::json;

use crate::oracle::put;
use crate::oracle::truth::World;
use crate::oracle::worlds::{Dice, NOW};
use crate::support::Tool;

mod random_changes;

type State = Overlay<'static, EmptyFacts>;

fn state(world: &World) -> State {
    let mut facts = Overlay::new(&EmptyFacts).unwrap();
    put(&mut facts, world);
    facts
}

/// Every row that differs between two states.
fn changes(before: &State, after: &State) -> Vec<RowChange> {
    let ids = |state: &State| {
        let (resources, bindings) = (state.draft().resources.keys(), state.draft().bindings.keys());
        resources.chain(bindings).copied().collect::<BTreeSet<Id>>()
    };
    let mut changes = Vec::new();
    for id in ids(before).union(&ids(after)) {
        let (was, is) = (before.resource(*id).unwrap(), after.resource(*id).unwrap());
        if was.as_deref() != is.as_deref() {
            changes.push(RowChange::Resource(was, is));
        }
        let (was, is) = (before.binding(*id).unwrap(), after.binding(*id).unwrap());
        if was != is {
            changes.push(RowChange::Binding(was.map(Box::new), is));
        }
    }
    changes
}

fn all(state: &State, kinds: &[Kind]) -> BTreeSet<Id> {
    let mut found = BTreeSet::new();
    for kind in kinds {
        state
            .resources(*kind, None, &mut |resource| {
                found.insert(resource.id);
                Ok(ControlFlow::Continue(()))
            })
            .unwrap();
    }
    found
}

/// The resource; if it is not registered in this state, the nearest folder above that is.
fn nearest(state: &State, other: &State, resource: Id) -> Option<Id> {
    let mut on = Some(resource);
    while let Some(id) = on.filter(|id| *id != Id::SERVER && state.resource(*id).unwrap().is_none()) {
        let is_item = other.resource(id).unwrap().is_some_and(|it| it.kind() == Kind::Item);
        on = other.resource(id).unwrap().filter(|_| is_item).and_then(|it| it.parent);
    }
    on
}

/// Whether a principal may do each of these actions on a resource, or on the nearest folder above.
fn allowed(
    state: &State,
    other: &State,
    at: Time,
    principal: Id,
    actions: &[(Action, Action)],
    resource: Id,
) -> Vec<bool> {
    // A principal that does not exist may do nothing, not even what `anyone` may.
    let exists = principal <= Id::LAST_RESERVED || state.resource(principal).unwrap().is_some();
    let on = nearest(state, other, resource).filter(|_| exists);
    let Some(target) = on.and_then(|on| Target::load(state, on).unwrap()) else { return vec![false; actions.len()] };
    let subject = Subject::new(state, principal, at).unwrap();
    actions.iter().map(|(_, asked)| decide_on(&subject, *asked, &target).unwrap().allowed).collect()
}

/// The difference for a principal on a resource, computed by brute force.
fn brute(before: (&State, Time), after: (&State, Time), who: Id, on: Id, kind: Kind) -> (Vec<Action>, Vec<Action>) {
    let is_present = |(state, at): (&State, Time)| {
        let Some(row) = state.resource(who).unwrap() else { return false };
        match &row.attributes {
            Attributes::Account(account) => account.status(at) == Status::Active,
            Attributes::AccessToken(token) => {
                token.status(at) == LinkStatus::Active && state.resource(row.parent.unwrap()).unwrap().is_some()
            }
            _ => true,
        }
    };
    let stayed = is_present(before) == is_present(after);
    let row = after.0.resource(who).unwrap().or(before.0.resource(who).unwrap());
    // A principal without an account has what `anyone` has.
    let class = if row.is_some_and(|it| it.kind() == Kind::Account) { Id::AUTHENTICATED } else { Id::ANYONE };
    let is_class = who <= Id::LAST_RESERVED;
    let (mut gained, mut lost) = (Vec::new(), Vec::new());
    // An item stands for what lies below it.
    let on_item = |action: Action| if kind == Kind::Item { action.on_unregistered() } else { action };
    let actions: Vec<(Action, Action)> = Action::listable(kind).into_iter().map(|it| (it, on_item(it))).collect();
    let ask = |who| {
        let had = allowed(before.0, after.0, before.1, who, &actions, on);
        had.into_iter().zip(allowed(after.0, before.0, after.1, who, &actions, on))
    };
    for (((action, _), (had, has)), (any_had, any_has)) in actions.iter().zip(ask(who)).zip(ask(class)) {
        let general =
            |this: bool, other: bool| !is_class && if stayed { this && !other } else { this && kind != Kind::Server };
        if has && !had && !general(any_has, any_had) {
            gained.push(*action);
        }
        if had && !has && !general(any_had, any_has) {
            lost.push(*action);
        }
    }
    (gained, lost)
}

fn is_file(before: &State, after: &State, item: Id) -> bool {
    let row = after.resource(item).unwrap().or(before.resource(item).unwrap());
    row.is_some_and(|it| it.as_item().is_some_and(|it| !it.is_folder()))
}

/// The group through which a principal may do an action, from the proof.
fn through(state: &State, other: &State, at: Time, principal: Id, action: Action, resource: Id) -> Option<Id> {
    let on = nearest(state, other, resource)?;
    let is_item = state.resource(on).unwrap().is_some_and(|it| it.kind() == Kind::Item);
    let action = if is_item { action.on_unregistered() } else { action };
    let proof = decide(state, &Question { principal, action, resource: on, at }).unwrap().proof;
    let first = proof.iter().take_while(|step| !matches!(step, ProofStep::Role(_) | ProofStep::Share(_)));
    let groups = first.filter_map(|step| if let ProofStep::Member(it) = step { Some(it.resource) } else { None });
    groups.last()
}

/// The parts of a difference cover it completely, each action with the group that gives it.
fn assert_parts<'f>(
    comparison: &Comparison<'_, 'f, 'f, State, State>,
    sides: [&Evaluator<'f, State>; 2],
    it: &Difference,
) {
    let parts = comparison.parts(it).unwrap();
    let (who, on) = (it.principal.0.or(it.principal.1).unwrap(), it.resource.0.or(it.resource.1).unwrap());
    for (gained, all, [here, there]) in [(true, &it.gained, [sides[1], sides[0]]), (false, &it.lost, sides)] {
        let mut told = BTreeSet::new();
        for part in parts.iter().filter(|part| part.gained == gained) {
            for action in &part.actions {
                let via = through(here.facts(), there.facts(), here.at(), who, *action, on);
                assert_eq!(part.via, via, "{who} {action} {on}");
                assert!(told.insert(*action), "{who} {action} {on} twice");
            }
        }
        assert_eq!(told, all.iter().copied().collect(), "{who} {on}");
    }
}

fn listed<'f>(before: &Evaluator<'f, State>, after: &Evaluator<'f, State>, scope: &AffectedSet) -> Vec<Difference> {
    let mut found = Vec::new();
    let comparison = Comparison::new(before, after, IdMap::by_id());
    comparison
        .each(scope, &mut |difference| {
            assert_parts(&comparison, [before, after], &difference);
            found.push(difference);
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    found
}

fn compare(first: &World, then: &World, at: (Time, Time)) {
    compare_states(&state(first), &state(then), at);
}

fn compare_states(before: &State, after: &State, at: (Time, Time)) {
    let changes = changes(before, after);
    let narrow = affected_set(before, after, &changes).unwrap();
    let (panel_before, panel_after) = (Evaluator::new(before, at.0), Evaluator::new(after, at.1));
    let rows = listed(&panel_before, &panel_after, &AffectedSet::default());
    if at.0 == at.1 {
        let narrowed: BTreeSet<String> =
            listed(&panel_before, &panel_after, &narrow).iter().map(|it| format!("{it:?}")).collect();
        let wide: BTreeSet<String> = rows.iter().map(|it| format!("{it:?}")).collect();
        let lacking: Vec<&String> = wide.difference(&narrowed).collect();
        assert!(lacking.is_empty(), "not within the scope: {lacking:#?}\nof {changes:#?}");
        assert_eq!(narrowed, wide);
    }
    let id = |(was, is): (Option<Id>, Option<Id>)| was.or(is).unwrap();
    let mut by: BTreeMap<(Id, Id), (Vec<Action>, Vec<Action>)> = BTreeMap::new();
    for row in rows {
        let place = (id(row.principal), id(row.resource));
        assert!(by.insert(place, (row.gained, row.lost)).is_none(), "listed twice: {place:?}");
    }
    let people: BTreeSet<Id> = [before, after]
        .into_iter()
        .flat_map(|state| all(state, &[Kind::Account, Kind::Invitee, Kind::AccessToken]))
        .chain([Id::AUTHENTICATED, Id::ANYONE])
        .collect();
    for kind in Kind::ALL {
        let mut things: BTreeSet<Id> = [before, after].into_iter().flat_map(|state| all(state, &[kind])).collect();
        if kind == Kind::Server {
            things.insert(Id::SERVER);
        }
        for who in &people {
            for on in &things {
                let truth = brute((before, at.0), (after, at.1), *who, *on, kind);
                let own = by.get(&(*who, *on));
                if let Some(own) = own {
                    assert_eq!(own, &truth, "{who} on {on}");
                }
                if truth.0.is_empty() && truth.1.is_empty() {
                    assert!(own.is_none(), "{who} on {on}: nothing changed");
                    continue;
                }
                let mut above = Some(*on);
                let mut said = None;
                while let Some(item) = above {
                    said = by.get(&(*who, item));
                    if said.is_some() || kind != Kind::Item {
                        break;
                    }
                    let row = after.resource(item).unwrap().or(before.resource(item).unwrap());
                    above = row.and_then(|it| it.parent);
                }
                // With managed sharing only folders have shares, so the row of a folder does not say who may
                // administer the shares of a file.
                let of_file = own.is_none() && is_file(before, after, *on);
                let plain = |(gained, lost): &(Vec<Action>, Vec<Action>)| {
                    let all = |actions: &[Action]| -> Vec<Action> {
                        let administers = |action: &Action| *action == Action::Plain(Verb::AdministerShares);
                        actions.iter().copied().filter(|action| !(of_file && administers(action))).collect()
                    };
                    (all(gained), all(lost))
                };
                assert_eq!(said.map(plain), Some(plain(&truth)), "{who} on {on}, a {kind}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_difference_is_listed_and_nothing_else(seed in any::<u64>()) {
        let mut dice = Dice::new(seed);
        let first = World::random(&mut dice);
        let mut then = first.changed(&mut dice);
        for account in then.accounts.values_mut() {
            account.active ^= dice.chance(1, 8);
        }
        then.private_directory ^= dice.chance(1, 4);
        let later = if dice.chance(1, 3) { NOW + 1_000 } else { NOW };
        compare(&first, &then, (Time(NOW), Time(later)));
        compare(&first, &first, (Time(NOW), Time(later)));
    }

    #[test]
    fn after_random_changes_every_difference_is_listed_and_nothing_else(seed in any::<u64>()) {
        let mut dice = Dice::new(seed);
        let world = World::random(&mut dice);
        let (mut before, mut after) = (state(&world), state(&world));
        let furniture = dice.below(usize::MAX) as u64;
        let first = world.last_id() + 100;
        random_changes::furnish(&mut before, first, &mut Dice::new(furniture));
        random_changes::furnish(&mut after, first, &mut Dice::new(furniture));
        random_changes::shake(&mut after, first + 1_000, &mut dice);
        compare_states(&before, &after, (Time(NOW), Time(NOW)));
        compare_states(&after, &before, (Time(NOW), Time(NOW)));
    }
}

#[test]
fn a_difference_names_the_revision_that_made_it() {
    let tool = Tool::studio();
    let first = tool.revision();
    tool.ok("share set node1:/projects carol --permission view --as alice --cascade --yes");
    tool.ok("group remove-member editors bob --reason 'left'");
    let rows = tool.json(&format!("perm diff --from {first}"));
    let of = |who: &str, on: &str| {
        rows.as_array().unwrap().iter().find(|row| row["principal"] == who && row["resource"] == on).cloned().unwrap()
    };
    let carol = of("user:carol", "node1:/projects");
    assert_eq!(carol["lost"], json!(["upload", "create-folder", "rename", "delete", "overwrite", "view-shares"]));
    assert_eq!(carol["gained"], json!([]));
    assert_eq!(carol["because"][0]["revision"], json!(first + 1));
    assert_eq!(carol["because"][0]["actor"], "user:alice");
    let bob = of("user:bob", "workgroup:dailies");
    assert_eq!((&bob["lost"], &bob["because"][0]["reason"]), (&json!(["view-packages"]), &json!("left")));
    let back = tool.json(&format!("perm diff --from {} --to {first}", first + 2));
    let turned = back.as_array().unwrap().iter().find(|row| row["principal"] == "user:carol").unwrap();
    assert_eq!((&turned["gained"], &turned["lost"]), (&carol["lost"], &json!([])));
    assert_eq!(turned["because"][0]["revision"], json!(first + 1));
}

#[test]
fn a_changed_setting_of_an_account_shows_on_unchanged_resources() {
    let tool = Tool::studio();
    tool.ok("workgroup add open --send anyone");
    let first = tool.revision();
    tool.ok("account set bob --send-normal deny");
    let rows = tool.json(&format!("perm diff --from {first}"));
    let open = rows.as_array().unwrap().iter().find(|row| row["resource"] == "workgroup:open").unwrap();
    assert_eq!((&open["principal"], &open["lost"]), (&json!("user:bob"), &json!(["view", "send"])));
}

#[test]
fn no_difference_is_an_empty_list_and_exit_status_zero() {
    let tool = Tool::studio();
    let last = tool.revision();
    assert_eq!(tool.json(&format!("perm diff --from {last}")), json!([]));
    assert_eq!(tool.run(&format!("perm diff --from {last} --exit-code")).status, 0);
    assert_eq!(tool.run("perm diff --from 0 --exit-code -o jsonl").status, 1);
    tool.fails(4, "perm diff --from nowhere.db", "no such");
    tool.fails(4, "perm diff --from 9999", "no such revision");
}

#[test]
fn expiry_is_distinguished_from_changes_by_people() {
    let tool = Tool::studio();
    let rows = tool.json("perm diff --from 2026-12-31 --to 2027-01-02");
    let bob = rows.as_array().unwrap().iter().find(|row| row["principal"] == "user:bob").unwrap();
    assert_eq!(bob["resource"], "node1:/projects");
    assert_eq!(bob["lost"], json!(["see", "browse", "thumbnail", "download"]));
    assert_eq!(bob["because"][0]["expired"], json!(true));
}

#[test]
fn two_stores_are_compared_by_references() {
    let (one, two) = (Tool::studio(), Tool::studio());
    let other = two.store();
    let other = other.to_str().unwrap();
    assert_eq!(one.json(&format!("perm diff --from {other} --columns principal,resource,gained,lost")), json!([]));
    one.ok("share grant node1:/projects dana --permission view --as alice");
    let rows = one.json(&format!("perm diff --from {other}"));
    assert_eq!(
        rows,
        json!([{"principal": "user:dana", "resource": "node1:/projects",
                "gained": ["see", "browse", "thumbnail", "preview", "download"], "lost": [], "because": null}])
    );
}

#[test]
fn a_dry_run_shows_what_it_would_mean_for_people() {
    let tool = Tool::studio();
    let last = tool.revision();
    let shown = tool.ok("share revoke node1:/projects carol --as alice --cascade --dry-run --access");
    assert!(shown.contains("- user:carol loses see, browse, thumbnail"), "{shown}");
    assert!(
        shown.contains("- user:eve loses see, browse, thumbnail, preview, download on node1:/projects/day01"),
        "{shown}"
    );
    let report = tool.json("account deactivate carol --dry-run --access");
    assert_eq!(report["orphaned"], json!([]), "what somebody shared when active stays in force");
    assert!(report["access"].as_array().unwrap().iter().any(|row| row["resource"] == "workgroup:color"));
    tool.ok("group add-member night-shift carol");
    tool.ok("share grant node1:/projects/day01 group:night-shift --permission edit --as alice");
    tool.ok("share revoke node1:/projects carol --as alice --dry-run");
    let last = (last + 2, tool.revision());
    assert_eq!(last.0, last.1, "a dry run changes nothing");
    tool.fails(2, "account deactivate carol --access", "--dry-run");
    let nothing = tool.ok("account edit carol --display-name Carol --dry-run --access");
    assert!(nothing.contains("nobody would gain or lose anything"), "{nothing}");
}

#[test]
fn shares_that_would_lose_their_base_are_named() {
    let tool = Tool::studio();
    tool.ok("group add crew");
    tool.ok("group add-member crew eve");
    tool.ok("share grant node1:/projects group:crew --permission view --as alice");
    tool.ok("share grant node1:/projects dana --permission view --as eve");
    let report = tool.json("group remove-member crew eve --dry-run --access");
    assert_eq!(
        report["orphaned"],
        json!([{"item": "node1:/projects", "principal": "user:dana",
                "permissions": ["download", "preview-only", "browse"], "by": "user:eve"}])
    );
}

/// The rows of `--access`: principal, gained and lost actions, resource.
fn effect(tool: &Tool, command: &str) -> Vec<String> {
    let report = tool.json(&format!("{command} --dry-run --access"));
    let words = |value: &serde_json::Value| {
        value.as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect::<Vec<_>>().join(",")
    };
    let of = |row: &serde_json::Value| {
        let text = |field: &str| row[field].as_str().unwrap().to_owned();
        format!("{} {} +{} -{}", text("principal"), text("resource"), words(&row["gained"]), words(&row["lost"]))
    };
    report["access"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn a_server_that_was_never_configured_has_no_duplicate_or_wrong_rows() {
    let tool = Tool::staffed();
    let rows = effect(&tool, "account add zoe");
    let on_server: Vec<&String> = rows.iter().filter(|row| row.contains(" server ")).collect();
    assert_eq!(on_server, ["user:zoe server +send,forward,create-endpoint,create-org -"]);
    let mut once = rows.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), rows.len(), "{rows:#?}");
    // A value that no rule reads changes nothing for anybody, not even on a manager.
    assert_eq!(effect(&tool, "account edit dana --email dana@example.org"), [""; 0]);
    assert_eq!(effect(&tool, "server set --public-links allow"), [""; 0]);
    let first = tool.revision();
    tool.ok("account edit dana --email dana@example.org");
    assert_eq!(tool.json(&format!("perm diff --from {first}")), json!([]));
    assert!(
        effect(&tool, "account set-role bob manager").contains(
            &"user:bob server +create-account=user,create-workgroup,create-dropbox,create-group -".to_owned()
        )
    );
}

#[test]
fn a_row_names_its_group_and_counts_the_items_it_stands_for() {
    let tool = Tool::studio();
    tool.ok("group add crew");
    tool.ok("share grant node1:/projects group:crew --permission view --as alice");
    let text = tool.ok("group add-member crew eve --dry-run --access");
    let count = tool.json("content tree node1:/projects").as_array().unwrap().len();
    let expected = format!(
        "+ user:eve gains see, browse, thumbnail, preview, download on node1:/projects ({count} items) via group:crew"
    );
    assert!(text.contains(&expected), "{count}: {text}");
    let report = tool.json("group add-member crew eve --dry-run --access");
    let row = report["access"].as_array().unwrap().iter().find(|row| row["resource"] == "node1:/projects").unwrap();
    assert_eq!((&row["items"], &row["via"]), (&json!(count), &json!(["group:crew"])));
    tool.ok("group add-member crew eve");
    let text = tool.ok("group remove-member crew eve --dry-run --access");
    assert!(text.contains(&expected.replace("+ user:eve gains", "- user:eve loses")), "{text}");
}

#[test]
fn the_number_of_hidden_rows_is_in_every_format() {
    let tool = Tool::studio();
    tool.ok("group add crew");
    tool.ok("endpoint add hidden --kind s3 --private --as alice");
    tool.ok("endpoint add-role hidden access-manager group:crew --as alice");
    let command = "group add-member crew eve --as dana --dry-run --access";
    let text = tool.ok(command);
    let told = |text: &str| {
        let line = text.lines().find(|line| line.contains(" more, on what you do not administer")).unwrap().to_owned();
        line.trim_start_matches("warning: ").split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    assert!(told(&text) > 0 && !text.contains("hidden"), "{text}");
    assert_eq!(tool.json(command)["access_hidden"], json!(told(&text)));
    assert_eq!(told(&tool.run(&format!("{command} -o csv")).err), told(&text));
    assert_eq!(tool.json("group add-member crew eve --dry-run --access")["access_hidden"], json!(0));
}

#[test]
fn an_admin_who_becomes_the_last_one_can_no_longer_leave() {
    let tool = Tool::staffed();
    tool.ok("org add acme --admin alice");
    tool.ok("org invite acme carol@example.com --role admin --as alice > secret.txt");
    assert_eq!(
        tool.sh("sed -n 's/^secret.* //p' secret.txt | tail -1 | rolebook org accept acme --secret - --as carol")
            .status,
        0
    );
    let rows = effect(&tool, "account deactivate carol");
    assert!(rows.contains(&"user:alice org:acme + -leave".to_owned()), "{rows:#?}");
}
