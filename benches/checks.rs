//! Measures questions over a snapshot of a store, at 10,000, 100,000 and 1,000,000 grants: how long the snapshot takes
//! to read, how large it is, how many checks a second it answers, and how long the listings take.
//! `cargo bench --bench checks [ACCOUNTS…]`; the peers are in `benches/peers`. Every answer is compared with the
//! oracle's. Never a test: machines differ.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and may stop at the first surprise"
)]

#[path = "workload/outlines.rs"]
mod outlines;
mod workload;

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use outlines::Outlines;
use rolebook::model::{Action, Id, Kind, Permissions, Role, Verb};
use rolebook::policy::listing::{Breadth, Filter, ItemDetail, lookup_resources, lookup_subjects};
use rolebook::policy::{BindingQuery, Evaluator, Facts, RowChange};
use rolebook::store::{Snapshot, Store};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use workload::bare::{Bare, assert_naive};
use workload::load::{commit, store_file};
use workload::rows::NOW;
use workload::{Asker, Principal, Question, Workload};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const QUESTIONS: usize = 100_000;
const ROUNDS: usize = 5;
/// The number of accounts for which listings are measured.
const LISTED: Principal = 1_000;
/// The maximum number of accounts that the listing of one folder names.
const MANY: usize = 25_000;

fn main() {
    let sizes: Vec<usize> = std::env::args().filter_map(|it| it.parse().ok()).collect();
    let sizes = if sizes.is_empty() { SIZES.to_vec() } else { sizes };
    println!(
        "{:>9} {:>9} {:>7} {:>9} {:>8} {:>9} {:>9} {:>9} {:>7} {:>9} {:>7} {:>9}",
        "grants",
        "snapshot",
        "/read",
        "M bind/s",
        "B/bind",
        "names MB",
        "checks/s",
        "proofs/s",
        "bare/",
        "list us",
        "/bare",
        "who ms"
    );
    for accounts in sizes {
        let folder = tempfile::tempdir().unwrap();
        let workload = Workload::new(accounts);
        let path = folder.path().join("store.db");
        let crowd = store(&workload, &path, accounts);
        measure(&workload, &path, crowd);
    }
}

/// Writes a store of the workload. Returns a folder that a quarter of all accounts can download through a group.
fn store(workload: &Workload, path: &Path, accounts: usize) -> Id {
    store_file(workload, path);
    let (mut group, mut last) = (None, None);
    for row in workload.rows() {
        if let RowChange::Binding(_, Some(binding)) = row {
            group = Some(binding.resource).filter(|_| binding.role == Role::GroupMember).or(group);
            last = Some(binding);
        }
    }
    let (group, last) = (group.unwrap(), last.unwrap());
    let folder = last.resource;
    // Add members to a group, and share the last folder with the group.
    let base = last.id.0 + 1;
    let mut more: Vec<RowChange> = (0..MANY.min(accounts / 4) as u64)
        .map(|number| {
            let mut member = last.clone();
            member.id = Id(base + number);
            (member.resource, member.principal) = (group, Id(Id::LAST_RESERVED.0 + 1 + number));
            (member.role, member.attributes.permissions) = (Role::GroupMember, Permissions::NONE);
            RowChange::Binding(None, Some(member))
        })
        .collect();
    let mut share = last;
    share.id = Id(base + more.len() as u64);
    (share.principal, share.attributes.permissions) = (group, Permissions::VIEW);
    more.push(RowChange::Binding(None, Some(share)));
    commit(&Store::open(path).unwrap(), &more);
    folder
}

fn measure(workload: &Workload, path: &Path, crowd: Id) {
    let reader = Store::open(path).unwrap().read().unwrap();
    let read = || reader.facts().snapshot().unwrap();
    let took = median(|| drop(read()));
    let plain = median(|| read_rows(path));
    let snapshot = read();
    let (bytes, names) = snapshot.bytes();
    let bare = Bare::new(workload);
    // Questions about the crowd are dropped, since the plain data does not know it.
    let mut questions = Asker::new(workload).questions(&bare, QUESTIONS);
    let evaluator = Evaluator::new(&snapshot, NOW);
    let ask = |question: &Question| {
        let asked = workload.asked(question);
        evaluator.allows(asked.principal, asked.action, asked.resource).unwrap().is_some()
    };
    assert_naive(workload, &questions[..50]);
    questions.retain(|question| ask(question) == question.allowed);
    assert!(questions.len() * 100 > QUESTIONS * 95, "{} answers agree", questions.len());
    let checks = rate(&questions, &ask);
    let proofs = rate(&questions, &|question| {
        let asked = workload.asked(question);
        evaluator.decide(asked.principal, asked.action, asked.resource).unwrap().allowed
    });
    let walks = rate(&questions, &|question| bare.check(question));
    let (listed, outlined) = list(workload, &snapshot, &bare);
    println!(
        "{:>9} {:>7}ms {:>6.2}x {:>9.2} {:>8.1} {:>9.1} {checks:>9.0} {proofs:>9.0} {:>6.2}x {:>9.1} {:>6.2}x {:>9.1}",
        workload.grants(),
        took.as_millis(),
        took.as_secs_f64() / plain.as_secs_f64(),
        snapshot.bindings_count() as f64 / took.as_secs_f64() / 1e6,
        (bytes - names) as f64 / snapshot.bindings_count() as f64,
        names as f64 / 1e6,
        walks / checks,
        listed.as_secs_f64() * 1e6,
        listed.as_secs_f64() / outlined.as_secs_f64(),
        who_downloads(&snapshot, crowd).as_secs_f64() * 1e3,
    );
}

/// The floor for reading a store: reads each row and keeps none.
fn read_rows(path: &Path) {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut seen = 0;
    for table in ["resource", "binding"] {
        let mut statement =
            connection.prepare(&format!("SELECT * FROM {table} NOT INDEXED WHERE until IS NULL")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            seen += (0..columns).filter(|column| row.get_ref(*column).unwrap() != ValueRef::Null).count();
        }
    }
    assert!(seen > 0);
}

fn median(mut once: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            once();
            began.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

/// Questions answered per second; all of them are asked repeatedly for a second.
fn rate(questions: &[Question], answer: &dyn Fn(&Question) -> bool) -> f64 {
    let (mut asked, mut allowed) = (0_u64, 0_u64);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        for question in questions {
            allowed += u64::from(answer(question));
            asked += 1;
        }
    }
    assert!(allowed > 0 && allowed < asked);
    asked as f64 / began.elapsed().as_secs_f64()
}

/// The mean times of listing what one account can do on files and folders, and of the floor for that, over a thousand
/// accounts that are not in the crowd.
fn list(workload: &Workload, snapshot: &Snapshot, bare: &Bare) -> (Duration, Duration) {
    let accounts = workload.accounts as Principal;
    let some = accounts - LISTED.min(accounts / 2)..accounts;
    let filter = Filter { kind: Some(Kind::Item), ..Filter::default() };
    let evaluator = Evaluator::new(snapshot, NOW);
    let (mut rows, mut folders) = (0_usize, 0_usize);
    let began = Instant::now();
    for account in some.clone() {
        let subject = evaluator.subject(workload.principal(account)).unwrap();
        lookup_resources(&evaluator, &subject, &filter, ItemDetail::Boundaries, &mut |_, actions| {
            rows += usize::from(!actions.is_empty());
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    }
    let listed = began.elapsed() / some.len() as u32;
    let outlines = Outlines::new(workload, bare);
    let began = Instant::now();
    for account in some.clone() {
        folders += outlines.of(account).len();
    }
    let outlined = began.elapsed() / some.len() as u32;
    // The plain data does not know the folder of the crowd.
    assert!(rows - folders <= some.len(), "{rows} folders where the plain data says {folders}");
    if std::env::var_os("ROWS").is_some() {
        println!("rows of a list: {}", rows as f64 / some.len() as f64);
    }
    (listed, outlined)
}

/// The median time of listing who can download the folder of the crowd.
fn who_downloads(snapshot: &Snapshot, folder: Id) -> Duration {
    let mut found = 0_usize;
    let took = median(|| {
        let evaluator = Evaluator::new(snapshot, NOW);
        let target = evaluator.target(folder).unwrap().unwrap();
        found = 0;
        lookup_subjects(&evaluator, &[Action::Plain(Verb::Download)], &target, Breadth::Classes, &mut |_, _| {
            found += 1;
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
    });
    let shares = snapshot.list_bindings(BindingQuery::OnAs(folder, Role::ItemShare)).unwrap().len();
    if std::env::var_os("ROWS").is_some() {
        println!("answers to who: {found}, shares of the folder: {shares}");
    }
    took
}
