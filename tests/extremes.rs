//! Extreme depth, number and names: correct answers, and no stack overflow.

use rolebook::model::attributes::{EndpointKind, ItemType};
use rolebook::model::name::shell_quote;
use rolebook::model::{Action, Id, Kind, Name, Path, Permissions, Problem, Reference, Role, Time, Verb};
use rolebook::ops::remedies;
use rolebook::ops::share::{self, NewShare, ShareSelector};
use rolebook::ops::{Actor, Transaction, account, content, endpoint, group, membership, transfer};
use rolebook::policy::{Decision, EmptyFacts, Facts, Overlay, Question, decide};
use std::rc::Rc;

use crate::properties::keep;
use crate::support::Tool;

const NOW: Time = Time(1_800_000_000_000);

/// Runs a test on a stack of 256 KiB, where a command has 8 MiB: deep data must not be walked by recursion.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(256 * 1024).spawn(test).unwrap().join().unwrap();
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn user(text: &str) -> Reference {
    Reference::Named(Kind::Account, name(text))
}

fn group(number: usize) -> Reference {
    Reference::Named(Kind::Group, name(&format!("g{number}")))
}

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

type Memory = Overlay<'static, EmptyFacts>;

fn doing<T>(
    world: &mut Memory,
    actor: Actor,
    change: impl FnOnce(&mut Transaction<'_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let mut tx = Transaction::new(world, actor, NOW)?;
    let value = change(&mut tx)?;
    let (draft, last) = tx.finish()?;
    keep(world, draft, last);
    Ok(value)
}

fn id_of(world: &Memory, kind: Kind, text: &str) -> Id {
    world.named(kind, None, name(text).key()).unwrap().unwrap().id
}

/// A world with alice, who administers the node `n`, bob and carol.
fn staffed() -> Memory {
    let mut world = Overlay::new(&EmptyFacts).unwrap();
    doing(&mut world, Actor::Operator, |tx| {
        for who in ["alice", "bob", "carol"] {
            account::add(tx, &name(who), &account::AccountSettings::default(), None)?;
        }
        let new = endpoint::NewEndpoint {
            kind: EndpointKind::Node,
            of: None,
            administrators: vec![user("alice")],
            settings: endpoint::EndpointSettings::default(),
        };
        endpoint::add(tx, &name("n"), &new)
    })
    .unwrap();
    world
}

fn grant(who: Reference, permissions: Permissions) -> NewShare {
    NewShare { principals: vec![who], permissions, expires: None, admin: false, class: None }
}

fn ask(world: &Memory, who: &str, action: Action, on: Id) -> Decision {
    let principal = id_of(world, Kind::Account, who);
    decide(world, &Question { principal, action, resource: on, at: NOW }).unwrap()
}

fn item(world: &Memory, text: &str) -> Id {
    let (item, depth) = world.nearest_item(id_of(world, Kind::Endpoint, "n"), &path(text)).unwrap().unwrap();
    assert_eq!(depth, path(text).depth());
    item
}

/// A chain of groups with bob in the innermost: bob has what the outermost group is given.
fn chain_of_groups(depth: usize) {
    let mut world = staffed();
    doing(&mut world, Actor::Operator, |tx| {
        for number in 0..depth {
            group::add(tx, Kind::Group, &name(&format!("g{number}")), &group::GroupSettings::default())?;
            let member = if number == 0 { user("bob") } else { group(number - 1) };
            membership::add(tx, Kind::Group, &name(&format!("g{number}")), &[member], None)?;
        }
        share::grant(tx, &name("n"), &Path::default(), &grant(group(depth - 1), Permissions::VIEW))?;
        endpoint::add_role(tx, &name("n"), Role::ActivityMonitor, &[group(depth - 1)])
    })
    .unwrap();
    let root = item(&world, "/");
    let download = ask(&world, "bob", Action::Plain(Verb::Download), root);
    assert!(download.allowed && download.proof.len() == depth + 1);
    assert!(!ask(&world, "carol", Action::Plain(Verb::Download), root).allowed);
    let node = id_of(&world, Kind::Endpoint, "n");
    assert!(ask(&world, "bob", Action::Plain(Verb::ViewConsole), node).allowed);
    // A cycle is refused: at once, at the end of the chain, and within one change.
    for (place, member) in [(0, depth - 1), (depth / 2, depth / 2), (0, 1)] {
        let refused = doing(&mut world, Actor::Operator, |tx| {
            membership::add(tx, Kind::Group, &name(&format!("g{place}")), &[group(member)], None)
        });
        assert_eq!(refused.unwrap_err().code, "group_cycle");
    }
    let refused = doing(&mut world, Actor::Operator, |tx| {
        group::add(tx, Kind::Group, &name("x"), &group::GroupSettings::default())?;
        membership::add(tx, Kind::Group, &name("x"), &[group(depth - 1)], None)?;
        membership::add(tx, Kind::Group, &name("g0"), &[Reference::Named(Kind::Group, name("x"))], None)
    });
    assert_eq!(refused.unwrap_err().code, "group_cycle");
    // The share that bob makes rests on the share with the outermost group.
    let bob = Actor::Principal(id_of(&world, Kind::Account, "bob"));
    doing(&mut world, bob, |tx| share::grant(tx, &name("n"), &path("/x"), &grant(user("carol"), Permissions::VIEW)))
        .unwrap();
    let outermost = ShareSelector { principal: group(depth - 1), by: None, class: None };
    let refused = doing(&mut world, Actor::Operator, |tx| {
        share::revoke(tx, (&name("n"), &Path::default()), std::slice::from_ref(&outermost), false)
    });
    assert_eq!(refused.unwrap_err().code, "dependents");
}

#[test]
fn groups_nest_64_and_1000_deep() {
    on_a_small_stack(|| {
        chain_of_groups(64);
        chain_of_groups(1000);
    });
}

fn deep_folders(depth: usize) {
    let mut world = staffed();
    let bottom = format!("/top{}", "/d".repeat(depth - 1));
    doing(&mut world, Actor::Operator, |tx| {
        let said = content::ItemSettings { item_type: Some(ItemType::Folder), ..content::ItemSettings::default() };
        content::add(tx, &name("n"), &path(&bottom), &said)?;
        content::add(tx, &name("n"), &path("/other"), &content::ItemSettings::default())?;
        share::grant(tx, &name("n"), &path("/top"), &grant(user("bob"), Permissions::EDIT))?;
        share::grant(tx, &name("n"), &path("/other"), &grant(user("bob"), Permissions::UPLOAD))
    })
    .unwrap();
    let lowest = item(&world, &bottom);
    assert_eq!(world.reference(lowest).unwrap(), format!("n:{bottom}"));
    assert!(ask(&world, "bob", Action::Plain(Verb::Delete), lowest).allowed);
    let denied = Question {
        principal: id_of(&world, Kind::Account, "carol"),
        action: Action::Plain(Verb::Delete),
        resource: lowest,
        at: NOW,
    };
    assert!(
        !decide(&world, &denied).unwrap().allowed && !remedies(&world, &denied, &Rc::default()).unwrap().is_empty()
    );
    let bob = Actor::Principal(id_of(&world, Kind::Account, "bob"));
    let tx = Transaction::new(&world, bob, NOW).unwrap();
    assert_eq!(content::list(&tx, &name("n"), &path("/top"), true).unwrap().len(), depth - 1);
    drop(tx);
    let (node, top, other) = (name("n"), path("/top"), path("/other"));
    doing(&mut world, bob, |tx| transfer::copy(tx, (&node, &top), (&node, &other)).map(drop)).unwrap();
    doing(&mut world, bob, |tx| content::rename(tx, &node, &top, "moved")).unwrap();
    doing(&mut world, bob, |tx| transfer::move_to(tx, (&node, &path("/moved")), (&node, &other))).unwrap();
    let moved = format!("n:/other/moved{}", "/d".repeat(depth - 1));
    assert_eq!(world.reference(lowest).unwrap(), moved);
    let mut tx = Transaction::new(&world, bob, NOW).unwrap();
    content::remove(&mut tx, &node, &path("/other/moved")).unwrap();
    assert_eq!(tx.cascades.len(), depth, "{:?}", tx.cascades.first());
    assert_eq!(tx.name(lowest).unwrap(), moved, "also of what is about to go");
}

#[test]
fn folders_lie_64_and_1000_deep() {
    on_a_small_stack(|| {
        deep_folders(64);
        deep_folders(1000);
    });
}

#[test]
fn ten_thousand_shares_of_one_item() {
    let count = 10_000;
    let mut world = staffed();
    let who = |number: usize| user(&format!("u{number}"));
    doing(&mut world, Actor::Operator, |tx| {
        for number in 0..count {
            account::add(tx, &name(&format!("u{number}")), &account::AccountSettings::default(), None)?;
        }
        share::grant(tx, &name("n"), &path("/x"), &grant(user("bob"), Permissions::VIEW))
    })
    .unwrap();
    let bob = Actor::Principal(id_of(&world, Kind::Account, "bob"));
    doing(&mut world, bob, |tx| {
        for number in 0..count {
            share::grant(tx, &name("n"), &path("/x"), &grant(who(number), Permissions::VIEW))?;
        }
        Ok(())
    })
    .unwrap();
    let on = item(&world, "/x");
    for number in [0, count / 2, count - 1] {
        assert!(ask(&world, &format!("u{number}"), Action::Plain(Verb::Download), on).allowed);
        assert!(!ask(&world, &format!("u{number}"), Action::Plain(Verb::Delete), on).allowed);
    }
    let principal = id_of(&world, Kind::Account, "u77");
    let question = Question { principal, action: Action::Plain(Verb::Delete), resource: on, at: NOW };
    let offer = remedies(&world, &question, &Rc::default()).unwrap().into_iter().next().unwrap();
    assert_eq!(offer.actors, [id_of(&world, Kind::Account, "alice")]);
    let bobs = [ShareSelector { principal: user("bob"), by: None, class: None }];
    let revoke = |world: &mut Memory, cascade: bool| {
        doing(world, Actor::Operator, |tx| share::revoke(tx, (&name("n"), &path("/x")), &bobs, cascade))
    };
    assert_eq!(revoke(&mut world, false).unwrap_err().details.len(), count);
    revoke(&mut world, true).unwrap();
    assert_eq!(world.list_bindings(rolebook::policy::BindingQuery::OnAs(on, Role::ItemShare)).unwrap(), []);
}

/// Names with every valid character that is likely to be misread.
fn odd_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "ünïcödé 文件 🎬",
        "e\u{301} is not é",
        "\u{202e}txt.exe\u{202c}",
        "שלום עולם",
        "new\nline",
        "tab\there",
        "it's \"quoted\" `too`",
        "-rf",
        "--all",
        "...",
        ".hidden",
        " spaces at both ends ",
        " ",
        ":",
        "a:b;c*d?e[f]g",
        ";",
        "*",
        "\\",
        "$HOME $(id) &&|<>",
        "\u{feff}bom\u{200b}",
        "\u{7f}\u{1b}[31m",
        "%2f%00",
        "a=b,c",
    ]
    .map(str::to_owned)
    .to_vec();
    names.push("x".repeat(255));
    names.push("é".repeat(255));
    names
}

#[test]
fn odd_names_come_back_unchanged() {
    let mut world = staffed();
    for odd in odd_names() {
        let deep = format!("/{odd}/{odd}");
        doing(&mut world, Actor::Operator, |tx| {
            content::add(tx, &name("n"), &path(&deep), &content::ItemSettings::default())
        })
        .unwrap();
        let found = item(&world, &deep);
        let reference = world.reference(found).unwrap();
        assert_eq!(reference, format!("n:{deep}"));
        let Reference::Item(node, read) = Reference::parse(&reference, Kind::Account).unwrap() else {
            panic!("{reference:?}")
        };
        assert_eq!((node, &read), (name("n"), &path(&deep)));
        assert_eq!(Reference::Item(name("n"), read).to_string(), reference);
    }
    for bad in ["/a//b", "/./a", "/a/..", "/\0", "a", "", &format!("/{}", "x".repeat(256)), &"/d".repeat(1025)] {
        assert!(Path::parse(bad).is_err(), "{bad:?}");
    }
    assert!(Path::parse(&"/d".repeat(1024)).is_ok());
    // Every endpoint is found by its printed reference, whatever its name begins with.
    assert!(matches!(Reference::parse("user:/a", Kind::Account), Ok(Reference::Item(..))));
}

#[test]
fn the_program_takes_odd_names_and_deep_trees() {
    let tool = Tool::staffed();
    tool.ok("endpoint add n --kind node --node-version 4.4.6 --administrator alice");
    for odd in odd_names() {
        let given = shell_quote(&format!("n:/{odd}"));
        tool.ok(&format!("content add {given}"));
        tool.ok(&format!("share grant {given} bob --permission view"));
        assert!(tool.run(&format!("perm check bob download {given}")).status == 0, "{odd:?}");
        let shown = tool.json(&format!("content show {given}"))["ref"].as_str().unwrap().to_owned();
        assert_eq!(shown, format!("n:/{odd}"));
        assert_eq!(tool.run(&format!("perm check bob delete {}", shell_quote(&shown))).status, 1, "{odd:?}");
    }
    let listed = tool.json("content list n:/");
    let mut names: Vec<&str> = listed.as_array().unwrap().iter().map(|it| it["ref"].as_str().unwrap()).collect();
    names.sort_unstable();
    let mut wanted: Vec<String> = odd_names().iter().map(|odd| format!("n:/{odd}")).collect();
    wanted.sort_unstable();
    assert_eq!(names, wanted);
    tool.fails(2, "content add n:/a/../b", "is not a path");
    tool.fails(2, &format!("content add n:/{}", "x".repeat(256)), "255 characters");
    tool.fails(2, &format!("content add n:{}", "/d".repeat(1025)), "1024 folders");
    tool.fails(5, "share grant n:/-rf bob --permission edit", "is shared with");
    // 1,000 folders deep.
    let bottom = format!("n:/top{}", "/d".repeat(999));
    tool.ok(&format!("content add {bottom}"));
    tool.ok("share grant n:/top carol --permission edit");
    tool.ok(&format!("perm check carol delete {bottom}"));
    assert_eq!(tool.json("content tree n:/top").as_array().unwrap().len(), 999);
    assert_eq!(tool.json(&format!("content show {bottom}"))["ref"], bottom.as_str());
    tool.fails(5, "content remove n:/top", "not confirmed");
    tool.ok("content remove n:/top --yes --as carol");
    tool.fails(4, "content show n:/top", "no such file or folder");
}
