//! Measures how the cost of questions and changes grows with the number of shares. `cargo bench --bench growth` runs
//! whole commands on inputs and histories of 1,000, 10,000 and 100,000 entries. Then it makes stores of as many shares,
//! once spread over a tree and once all on one item, and prints the median of each call, with its growth for ten times
//! as many. `GROWTH_SIZES=1000,10000` sets other sizes, `GROWTH_ONLY=commands` leaves out the shares. Never a test:
//! machines differ.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and may stop at the first surprise"
)]

mod commands;

use std::rc::Rc;
use std::time::{Duration, Instant};

use rolebook::model::attributes::EndpointKind;
use rolebook::model::{Action, Id, Kind, Name, Path, Permissions, Reference, Role, Time, Verb};
use rolebook::ops::share::{self, NewShare, ShareSelector};
use rolebook::ops::{Actor, Result, Transaction, Viewer, account, content, endpoint, group, membership, remedies};
use rolebook::policy::{BindingQuery, Facts, Question, decide, sharing};
use rolebook::store::{RevisionHeader, Store, StoreFacts};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const NOW: Time = Time(1_750_000_000_000);
/// The number of rounds for a median, and the maximum time for any figure.
const ROUNDS: usize = 51;
const PATIENCE: Duration = Duration::from_secs(4);

/// How the shares are distributed.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// In a tree with a folder for every 20 shares, made by 100 people, a tenth of them with groups.
    Spread,
    /// All on one folder, each with somebody else.
    OneItem,
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn user(number: usize) -> Reference {
    Reference::Named(Kind::Account, name(&format!("u{number}")))
}

fn grant(who: Reference, permissions: Permissions) -> NewShare {
    NewShare { principals: vec![who], permissions, expires: None, admin: false, class: None }
}

/// The folder that a share is on.
fn folder(shape: Shape, number: usize) -> Path {
    let text = match shape {
        Shape::OneItem => "/work".to_owned(),
        Shape::Spread => format!("/work/{}/{}", number / 20 % 50, number / 20),
    };
    Path::parse(&text).unwrap()
}

/// Makes a change and commits it as one revision.
fn commit(
    store: &Store,
    actor: &dyn Fn(&StoreFacts<'_>) -> Actor,
    change: &dyn Fn(&mut Transaction<'_>) -> Result<()>,
) {
    let writer = store.write().unwrap();
    let facts = writer.facts();
    let mut tx = Transaction::new(&facts, actor(&facts), NOW).unwrap();
    change(&mut tx).unwrap();
    tx.check().unwrap();
    let rows = tx.facts().draft().against(&facts).unwrap();
    let last = tx.facts().last_id().unwrap();
    drop(tx);
    let entry = RevisionHeader {
        at: NOW,
        actor: None,
        operator: "bench".to_owned(),
        command: "grow".to_owned(),
        reason: None,
        undoes: None,
    };
    writer.commit(&rows, last, entry).unwrap();
}

fn operator(_: &StoreFacts<'_>) -> Actor {
    Actor::Operator
}

fn account_id(facts: &StoreFacts<'_>, number: usize) -> Id {
    facts.named(Kind::Account, None, &format!("u{number}")).unwrap().unwrap().id
}

/// Makes a store in which u0 owns the folder `/work` and shares it with u1 to u100, who share it with u101 and on.
fn build(path: &std::path::Path, shape: Shape, count: usize) -> Store {
    let (store, _) = Store::create(path).unwrap();
    let people = if shape == Shape::Spread { 2_000 } else { count + 1_300 };
    commit(&store, &operator, &|tx| {
        for number in 0..people {
            // The sharers are managers, who see every group.
            let role = if (1..=100).contains(&number) { Role::ServerManager } else { Role::ServerUser };
            let options = account::AccountSettings { role: Some(role), ..account::AccountSettings::default() };
            account::add(tx, &name(&format!("u{number}")), &options, None)?;
        }
        for number in 0..50 {
            let group = name(&format!("g{number}"));
            group::add(tx, Kind::Group, &group, &group::GroupSettings::default())?;
            let members: Vec<Reference> = (200 + 20 * number..220 + 20 * number).map(user).collect();
            membership::add(tx, Kind::Group, &group, &members, None)?;
        }
        let new = endpoint::NewEndpoint {
            kind: EndpointKind::Node,
            of: None,
            administrators: vec![user(0)],
            settings: endpoint::EndpointSettings::default(),
        };
        endpoint::add(tx, &name("n"), &new)?;
        let said = content::ItemSettings { owner: Some(Some(user(0))), ..content::ItemSettings::default() };
        content::add(tx, &name("n"), &Path::parse("/work").unwrap(), &said).map(drop)
    });
    commit(&store, &|facts| Actor::Principal(account_id(facts, 0)), &|tx| {
        for sharer in 1..=100 {
            share::grant(tx, &name("n"), &Path::parse("/work").unwrap(), &grant(user(sharer), Permissions::EDIT))?;
        }
        Ok(())
    });
    // All shares are one revision, made by every sharer in turn.
    let writer = store.write().unwrap();
    let facts = writer.facts();
    let sharers: Vec<Id> = (1..=100).map(|number| account_id(&facts, number)).collect();
    let mut tx = Transaction::new(&facts, Actor::Operator, NOW).unwrap();
    for number in 0..count {
        tx.actor = Actor::Principal(sharers[number % 100]);
        let with = match shape {
            Shape::OneItem => user(101 + number),
            Shape::Spread if number % 10 == 0 => Reference::Named(Kind::Group, name(&format!("g{}", number / 10 % 50))),
            Shape::Spread => user(101 + number * 7 % 1_800),
        };
        share::grant(&mut tx, &name("n"), &folder(shape, number), &grant(with, Permissions::VIEW)).unwrap();
    }
    let rows = tx.facts().draft().against(&facts).unwrap();
    let last = tx.facts().last_id().unwrap();
    drop(tx);
    let entry = RevisionHeader {
        at: NOW,
        actor: None,
        operator: "bench".to_owned(),
        command: "share".to_owned(),
        reason: None,
        undoes: None,
    };
    writer.commit(&rows, last, entry).unwrap();
    store
}

/// The median of some rounds. Each opens a new reader, as a process of its own would.
fn median(store: &Store, round: &dyn Fn(&StoreFacts<'_>)) -> Duration {
    let (mut times, begin) = (Vec::new(), Instant::now());
    while times.len() < ROUNDS && (times.is_empty() || begin.elapsed() < PATIENCE) {
        let start = Instant::now();
        let reader = store.read().unwrap();
        round(&reader.facts());
        times.push(start.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

/// The median times of all calls on one store.
fn measure(store: &Store, shape: Shape, count: usize) -> Vec<(&'static str, Duration)> {
    let node = name("n");
    let last = count - 1;
    let on = folder(shape, last);
    let with = if shape == Shape::OneItem { 101 + last } else { 101 + last * 7 % 1_800 };
    let item = |facts: &StoreFacts<'_>| {
        let node = facts.named(Kind::Endpoint, None, "n").unwrap().unwrap().id;
        facts.nearest_item(node, &on).unwrap().unwrap().0
    };
    let asked = |facts: &StoreFacts<'_>, verb: Verb| Question {
        principal: account_id(facts, with),
        action: Action::Plain(verb),
        resource: item(facts),
        at: NOW,
    };
    let working = |facts: &StoreFacts<'_>, sharer: usize, change: &dyn Fn(&mut Transaction<'_>) -> Result<()>| {
        let mut tx = Transaction::new(facts, Actor::Principal(account_id(facts, sharer)), NOW).unwrap();
        change(&mut tx).unwrap();
        tx.check().unwrap();
        assert!(tx.facts().draft().against(facts).unwrap().len() < 2 * count + 10);
    };
    let whole = Path::parse("/work").unwrap();
    vec![
        (
            "check, allowed",
            median(store, &|facts| {
                assert!(decide(facts, &asked(facts, Verb::Download)).unwrap().allowed);
            }),
        ),
        (
            "check, denied",
            median(store, &|facts| {
                assert!(!decide(facts, &asked(facts, Verb::Delete)).unwrap().allowed);
            }),
        ),
        (
            "explain a denial",
            median(store, &|facts| {
                let question = asked(facts, Verb::Delete);
                assert!(!decide(facts, &question).unwrap().allowed);
                assert!(!remedies(facts, &question, &Rc::default()).unwrap().is_empty());
            }),
        ),
        (
            "list the shares of one item",
            median(store, &|facts| {
                let viewer = Viewer::new(facts, Actor::Principal(account_id(facts, 1)), NOW).unwrap();
                let (on, subject) = (item(facts), viewer.subject().unwrap());
                // As in `share list`, the right to see others' shares is checked once.
                let sees_others = viewer.may(Verb::ViewShares, on).unwrap();
                let mut seen = 0;
                for share in facts.list_bindings(BindingQuery::OnAs(on, Role::ItemShare)).unwrap() {
                    seen += usize::from(sees_others || sharing::may_see(subject, &share).unwrap());
                    facts.reference(share.principal).unwrap();
                }
                assert!(seen > 0);
            }),
        ),
        (
            "grant one more",
            median(store, &|facts| {
                working(facts, 1, &|tx| share::grant(tx, &node, &on, &grant(user(0), Permissions::VIEW)));
            }),
        ),
        // Refused, so the cost is that of finding the shares that rest on this one.
        (
            "revoke what a hundredth rests on, refused",
            median(store, &|facts| {
                let mut tx = Transaction::new(facts, Actor::Principal(account_id(facts, 0)), NOW).unwrap();
                let first = [ShareSelector { principal: user(1), by: None, class: None }];
                assert_eq!(share::revoke(&mut tx, (&node, &whole), &first, false).unwrap_err().code, "dependents");
            }),
        ),
        (
            "revoke it with --cascade",
            median(store, &|facts| {
                let first = [ShareSelector { principal: user(1), by: None, class: None }];
                working(facts, 0, &|tx| share::revoke(tx, (&node, &whole), &first, true));
            }),
        ),
        (
            "revoke what everything rests on, --cascade",
            median(store, &|facts| {
                let all: Vec<ShareSelector> =
                    (1..=100).map(|it| ShareSelector { principal: user(it), by: None, class: None }).collect();
                working(facts, 0, &|tx| share::revoke(tx, (&node, &whole), &all, true));
            }),
        ),
        (
            "prune all",
            median(store, &|facts| {
                working(facts, 0, &|tx| share::prune(tx, &node, &Path::default()));
            }),
        ),
    ]
}

/// The time of revoking the first share of a chain, in which each account received the folder from the one before.
fn chain(path: &std::path::Path, length: usize) -> Duration {
    let (store, _) = Store::create(path).unwrap();
    commit(&store, &operator, &|tx| {
        for number in 0..=length {
            account::add(tx, &name(&format!("u{number}")), &account::AccountSettings::default(), None)?;
        }
        let new = endpoint::NewEndpoint {
            kind: EndpointKind::Node,
            of: None,
            administrators: vec![user(0)],
            settings: endpoint::EndpointSettings::default(),
        };
        endpoint::add(tx, &name("n"), &new)?;
        let said = content::ItemSettings { owner: Some(Some(user(0))), ..content::ItemSettings::default() };
        content::add(tx, &name("n"), &Path::parse("/work").unwrap(), &said).map(drop)
    });
    let tx = Path::parse("/work").unwrap();
    let writer = store.write().unwrap();
    let facts = writer.facts();
    let people: Vec<Id> = (0..=length).map(|number| account_id(&facts, number)).collect();
    let mut all = Transaction::new(&facts, Actor::Operator, NOW).unwrap();
    for (link, sharer) in people.iter().enumerate().take(length) {
        all.actor = Actor::Principal(*sharer);
        share::grant(&mut all, &name("n"), &tx, &grant(user(link + 1), Permissions::VIEW)).unwrap();
    }
    let rows = all.facts().draft().against(&facts).unwrap();
    let last = all.facts().last_id().unwrap();
    drop(all);
    let entry = RevisionHeader {
        at: NOW,
        actor: None,
        operator: "bench".to_owned(),
        command: "share".to_owned(),
        reason: None,
        undoes: None,
    };
    writer.commit(&rows, last, entry).unwrap();
    median(&store, &|facts| {
        let mut draft = Transaction::new(facts, Actor::Principal(account_id(facts, 0)), NOW).unwrap();
        let first = [ShareSelector { principal: user(1), by: None, class: None }];
        share::revoke(&mut draft, (&name("n"), &tx), &first, true).unwrap();
        assert_eq!(draft.facts().draft().against(facts).unwrap().len(), length);
    })
}

fn line(what: &str, times: &[Duration]) {
    let mut text = format!("| {what} |");
    for (place, time) in times.iter().enumerate() {
        let growth = match place.checked_sub(1).and_then(|before| times.get(before)) {
            Some(before) => format!(" ×{:.1}", time.as_secs_f64() / before.as_secs_f64()),
            None => String::new(),
        };
        text.push_str(&format!(" {:.2}{growth} |", time.as_secs_f64() * 1000.0));
    }
    println!("{text}");
}

/// Measures commands on inputs and histories of each size, and prints the table.
fn whole_commands(folder: &std::path::Path, sizes: &[usize]) {
    let mut table: Vec<(&str, Vec<Duration>)> = Vec::new();
    for count in sizes {
        for (place, (what, time)) in commands::measure(folder, *count).into_iter().enumerate() {
            match table.get_mut(place) {
                Some((_, times)) => times.push(time),
                None => table.push((what, vec![time])),
            }
        }
    }
    println!("\nWhole commands: ms, and the growth over the column before\n");
    println!("| | {} |", sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | "));
    println!("|---|{}", "---|".repeat(sizes.len()));
    for (what, times) in &table {
        line(what, times);
    }
}

fn main() {
    let sizes: Vec<usize> = match std::env::var("GROWTH_SIZES") {
        Ok(text) => text.split(',').map(|it| it.parse().unwrap()).collect(),
        Err(_) => SIZES.to_vec(),
    };
    let folder = tempfile::tempdir().unwrap();
    whole_commands(folder.path(), &sizes);
    if std::env::var("GROWTH_ONLY").is_ok() {
        return;
    }
    for (shape, title) in [(Shape::Spread, "spread over a tree"), (Shape::OneItem, "all on one item")] {
        let mut table: Vec<(&str, Vec<Duration>)> = Vec::new();
        let mut built = Vec::new();
        for count in &sizes {
            let begin = Instant::now();
            let path = folder.path().join(format!("{}-{count}.db", title.len()));
            let store = build(&path, shape, *count);
            built.push(begin.elapsed());
            for (place, (what, time)) in measure(&store, shape, *count).into_iter().enumerate() {
                match table.get_mut(place) {
                    Some((_, times)) => times.push(time),
                    None => table.push((what, vec![time])),
                }
            }
        }
        println!("\nShares {title}: ms, and the growth over the column before\n");
        println!("| | {} |", sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | "));
        println!("|---|{}", "---|".repeat(sizes.len()));
        for (what, times) in &table {
            line(what, times);
        }
        line("make the store, one revision for all shares", &built);
    }
    let lengths = [10, 100, 1_000];
    let times: Vec<Duration> =
        lengths.iter().map(|length| chain(&folder.path().join(format!("chain-{length}.db")), *length)).collect();
    println!(
        "\nA chain of 10, 100 and 1,000 shares, each made of the one before\n\n| | 10 | 100 | 1,000 |\n|---|---|---|---|"
    );
    line("revoke the first with --cascade", &times);
}
