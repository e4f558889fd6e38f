//! Round trips: an export applied to its own state changes nothing, and applied to an empty store it rebuilds the same
//! state. Tested with random manifests and random worlds.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rolebook::manifest::export::Exporter;
use rolebook::manifest::plan::{Owned, PlanOptions, Planner};
use rolebook::manifest::{Source, read};
use rolebook::model::{Name, Time};
use rolebook::ops::{Actor, Transaction};
use rolebook::policy::{EmptyFacts, Facts, Overlay};

use crate::oracle::put;
use crate::oracle::truth::World;
use crate::oracle::worlds::Dice;
use crate::properties::keep;

const NOW: Time = Time(crate::oracle::worlds::NOW);

fn exported<F: Facts>(facts: &F) -> String {
    let mut text = Vec::new();
    Exporter::new(facts, Actor::Operator, NOW, None).unwrap().yaml(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// Applies a manifest. Returns the new state and the number of changed rows, or the mistakes and refusals.
fn applied<'f, F: Facts>(facts: &'f F, text: &str) -> Result<(Overlay<'f, F>, usize), String> {
    let sources = [Source { name: "t.yaml".to_owned(), text: text.to_owned() }];
    let manifest = read(&sources).map_err(|mistakes| {
        mistakes.iter().map(|(_, mistake)| mistake.render("t.yaml", text)).collect::<Vec<_>>().join("\n")
    })?;
    let tx = Transaction::new(facts, Actor::Operator, NOW).unwrap();
    let mut planner = Planner::new(tx, PlanOptions { set: manifest.set.clone(), ..PlanOptions::default() });
    for statement in &manifest.statements {
        planner.take(statement).unwrap();
    }
    planner.finish(&Owned::default()).unwrap();
    if !planner.refusals.is_empty() {
        return Err(format!("{:#?}", planner.refusals));
    }
    let (draft, last) = planner.tx.finish_unchecked();
    let rows = draft.against(facts).unwrap().len();
    let mut state = Overlay::new(facts).unwrap();
    keep(&mut state, draft, last);
    Ok((state, rows))
}

const SETTINGS: [&str; 6] = ["send", "receive", "forward", "send-normal", "send-external", "send-to-all-users"];
const PEOPLE: [&str; 8] = ["root", "bob", "Carol", "no", "1e3", "d ö", "null", "~x"];

/// A random valid manifest, with entries in all sections.
fn manifest(dice: &mut Dice) -> String {
    let mut text = String::from("version: 1\n");
    if dice.chance(1, 2) {
        text.push_str("name: set\n");
    }
    if dice.chance(1, 2) {
        text.push_str(
            "server: {public-links: allow, private-directory: true, send: deny, url: \"https://x.example\"}\n",
        );
    }
    text.push_str("accounts:\n  root: {role: admin}\n");
    for who in PEOPLE.iter().skip(1) {
        let mut said = Vec::new();
        if dice.chance(1, 2) {
            said.push(format!("email: {}@example.com", dice.pick(&["x", "y", "7"])));
        }
        if dice.chance(1, 3) {
            said.push("display-name: \"It's: #1, \\\"the\\\" — [x]\"".to_owned());
        }
        if dice.chance(1, 3) {
            said.push(format!("expires: {}", dice.pick(&["2001-01-01", "2999-06-30T12:00:00Z", "never"])));
        }
        if dice.chance(1, 4) {
            said.push("ensure: inactive".to_owned());
        }
        if dice.chance(1, 3) {
            said.push(format!("settings: {{{}: {}}}", dice.pick(&SETTINGS), dice.pick(&["allow", "deny", "default"])));
        }
        text.push_str(&format!("  \"{who}\": {{{}}}\n", said.join(", ")));
    }
    let some = |dice: &mut Dice, list: &[&str]| -> Vec<String> {
        let chosen: BTreeSet<&str> = (0..dice.below(4)).map(|_| dice.pick(list)).collect();
        chosen.into_iter().map(|it| format!("\"{it}\"")).collect()
    };
    let members = ["root", "bob", "Carol", "no", "d ö", "group:a", "group:B b"];
    text.push_str(&format!("groups:\n  a: [{}]\n", some(dice, &PEOPLE).join(", ")));
    text.push_str(&format!("  \"B b\": [{}]\n", some(dice, &["bob", "group:a", "null"]).join(", ")));
    for (section, name, extra) in
        [("workgroups", "w", "send: members, member-access: all"), ("dropboxes", "d", "members-invite: true")]
    {
        let members = some(dice, &members);
        let admins = some(dice, &["1e3", "~x", "null"]);
        let special = if dice.chance(1, 2) { "{user: bob, active: false}" } else { "{user: Carol}" };
        let plain: Vec<&String> = members.iter().filter(|it| !it.contains("bob") && !it.contains("Carol")).collect();
        let listed: Vec<String> = plain.into_iter().cloned().chain([special.to_owned()]).collect();
        text.push_str(&format!(
            "{section}:\n  {name}: {{{extra}, members: [{}], admins: [{}]}}\n",
            listed.join(", "),
            admins.join(", ")
        ));
    }
    text.push_str("endpoints:\n");
    text.push_str(
        "  n:\n    kind: node\n    node-version: \"4.10\"\n    roles: {administrator: [root, \"group:a\"]}\n",
    );
    text.push_str("    content:\n      /p: {owner: bob}\n      \"/p/a: b\": {type: file, size: 7}\n      /p/q/r: {}\n");
    text.push_str("    shares:\n      /p:\n");
    text.push_str(&format!(
        "        \"Carol\": {{permission: {}, by: bob}}\n",
        dice.pick(&["edit", "view", "[browse, delete]"])
    ));
    if dice.chance(1, 2) {
        text.push_str("        anyone: preview\n        \"group:B b\": {permission: upload, class: automation}\n");
    }
    if dice.chance(1, 2) {
        text.push_str("      /p/q: {no: [{permission: view, by: bob, expires: 2998-01-01}, {permission: edit}]}\n");
    }
    if dice.chance(1, 3) {
        text.push_str("      /s: {\"1e3\": {permission: view, by: no, orphaned: true}}\n");
    }
    text.push_str("  b: {kind: s3, private: true, roles: {administrator: [root], access-manager: [bob]}, shares: {/x: {authenticated: edit}}}\n");
    text.push_str("  o: {kind: share, of: \"b:/x\", roles: {administrator: [root]}}\n");
    text.push_str("  h: {managed: false, roles: {administrator: [no]}}\n".replace("no]", "root]").as_str());
    text.push_str("organizations:\n  acme:\n    description: \"yes\"\n    admins: [root]\n    members: {bob: {workspaces: [w1]}, \"d ö\": [w1, \"w 2\"]}\n    workspaces:\n");
    text.push_str("      w1: {files: \"n:/files\", root-upload: deny}\n      \"w 2\": {members: [{user: bob, level: manager, root-upload: allow}]}\n");
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn a_manifest_applies_once_and_its_export_is_stable(seed in any::<u64>()) {
        let text = manifest(&mut Dice::new(seed));
        let (state, rows) = applied(&EmptyFacts, &text).unwrap_or_else(|wrong| panic!("{text}\n{wrong}"));
        prop_assert!(rows > 50);
        let (_, again) = applied(&state, &text).unwrap_or_else(|wrong| panic!("{text}\n{wrong}"));
        prop_assert_eq!(again, 0, "{}", text);
        let written = exported(&state);
        let (_, back) = applied(&state, &written).unwrap_or_else(|wrong| panic!("{written}\n{wrong}"));
        prop_assert_eq!(back, 0, "{}", written);
        let (rebuilt, _) = applied(&EmptyFacts, &written).unwrap_or_else(|wrong| panic!("{written}\n{wrong}"));
        prop_assert_eq!(exported(&rebuilt), written);
    }

    #[test]
    fn the_export_of_a_random_world_changes_nothing_in_it(seed in any::<u64>()) {
        let mut dice = Dice::new(seed);
        let world = World::random(&mut dice);
        let mut state = Overlay::new(&EmptyFacts).unwrap();
        put(&mut state, &world);
        let written = exported(&state);
        // A random world can be in a state that no operation makes, such as an endpoint without an administrator.
        match applied(&state, &written) {
            Ok((_, rows)) => prop_assert_eq!(rows, 0, "{}", written),
            Err(wrong) => prop_assert!(wrong.contains("has_all_workspaces") || wrong.contains("active"), "{}\n{}", written, wrong),
        }
    }
}

/// After any edit of its manifest and an apply with pruning, a set owns exactly what it declares.
#[test]
fn a_pruned_set_owns_exactly_what_its_manifest_declares() {
    for seed in 0..40 {
        let mut dice = Dice::new(seed);
        let name = |text: String| {
            text.replace("version: 1\n", "version: 1\nname: set\n").replace("name: set\nname: set\n", "name: set\n")
        };
        let (first, second) = (name(manifest(&mut dice)), name(manifest(&mut dice)));
        let (state, _) = applied(&EmptyFacts, &first).unwrap();
        let owned = {
            let draft = state.draft();
            let of = |has: bool| has;
            let resources =
                draft.resources.iter().filter(|(_, row)| of(row.as_ref().is_some_and(|row| row.sets.has("set"))));
            let bindings =
                draft.bindings.iter().filter(|(_, row)| of(row.as_ref().is_some_and(|row| row.sets.has("set"))));
            Owned { resources: resources.map(|(id, _)| *id).collect(), bindings: bindings.map(|(id, _)| *id).collect() }
        };
        let sources = [Source { name: "t.yaml".to_owned(), text: second.clone() }];
        let manifest = read(&sources).unwrap();
        let tx = Transaction::new(&state, Actor::Operator, Time(NOW.0 + 1)).unwrap();
        let options = PlanOptions {
            set: Some(Name::parse("set").unwrap()),
            prune: true,
            max_removals: Some(999),
            ..PlanOptions::default()
        };
        let mut planner = Planner::new(tx, options);
        for statement in &manifest.statements {
            planner.take(statement).unwrap();
        }
        planner.finish(&owned).unwrap();
        // An account that has become inactive cannot make new shares.
        let expected = |problem: &rolebook::model::Problem| {
            problem.code == "holds_data" || problem.rule == Some(rolebook::model::catalogue::ACTIVE_ONLY)
        };
        let refusals: Vec<_> = planner.refusals.iter().filter(|it| !expected(&it.problem)).collect();
        assert!(refusals.is_empty(), "{first}\n{second}\n{refusals:#?}");
        let declared: BTreeSet<_> = {
            let draft = planner.tx.facts().draft();
            draft
                .bindings
                .iter()
                .filter(|(_, row)| row.as_ref().is_some_and(|row| row.sets.has("set")))
                .map(|(id, _)| *id)
                .collect()
        };
        for id in declared {
            assert!(planner.location_of(id).is_some(), "the set still owns {id}, which is not declared");
        }
    }
}

/// Long keys, which YAML writes in another form, survive a round trip.
#[test]
fn long_paths_and_shares_of_other_classes_survive_a_round_trip() {
    let tool = crate::support::Tool::staffed();
    tool.ok("endpoint add n --kind node --node-version 4.4.6 --administrator alice");
    for part in ["x".repeat(100), "y z".repeat(40)] {
        let path = format!("/{}", vec![part; 11].join("/"));
        tool.ok(&format!("content add 'n:{path}' --owner bob"));
        tool.ok(&format!("share grant 'n:{path}' eve --permission view"));
    }
    tool.ok("share grant n:/x bob --permission view");
    tool.ok("share grant n:/x bob --permission edit --class automation");
    tool.ok("share grant n:/ bob --permission view");
    for format in ["yaml", "jsonl"] {
        let plan = tool.sh(&format!("rolebook export --format {format} | rolebook plan -"));
        assert_eq!((plan.status, plan.out.as_str()), (0, "No changes.\n"), "{format}: {plan:?}");
    }
}
