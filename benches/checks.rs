//! Checks per second, warm, on one core, over a snapshot of a store, at 10,000, 100,000 and 1,000,000
//! grants. `cargo bench --bench checks [ACCOUNTS…]` asks half allowed and half denied questions, as
//! many as two seconds hold. Never a test: machines differ.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and may stop at the first surprise"
)]

mod workload;

use std::time::{Duration, Instant};

use rolebook::model::Time;
use rolebook::policy::{Facts, Nothing, decide};
use rolebook::store::{Entry, Store};
use workload::{NOW, World};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn main() {
    let sizes: Vec<usize> = std::env::args().filter_map(|it| it.parse().ok()).collect();
    let sizes = if sizes.is_empty() { SIZES.to_vec() } else { sizes };
    println!(
        "{:>10} {:>10} {:>10} {:>8} {:>8} {:>12} {:>12}",
        "grants", "snap ms", "M bind/s", "B/bind", "names", "proofs/s", "checks/s"
    );
    for accounts in sizes {
        let mut world = World::new(accounts);
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = Store::create(&folder.path().join("s.db")).unwrap();
        let writer = store.write().unwrap();
        let rows = world.facts.draft().against(&Nothing).unwrap();
        let entry = Entry {
            at: Time::now(),
            actor: None,
            operator: "bench".to_owned(),
            command: "build".to_owned(),
            reason: None,
            undoes: None,
        };
        writer.commit(&rows, world.facts.last_id().unwrap(), entry).unwrap();
        let reader = store.read().unwrap();
        let mut took = Duration::MAX;
        for _ in 0..3 {
            let began = Instant::now();
            let snapshot = reader.facts().snapshot().unwrap();
            took = took.min(began.elapsed());
            drop(snapshot);
        }
        let snapshot = reader.facts().snapshot().unwrap();
        let (bytes, names) = snapshot.bytes();
        let questions = world.questions(100_000, &|question| decide(&snapshot, question).unwrap().allowed);
        let rate = |answer: &dyn Fn(&rolebook::policy::Question) -> bool| {
            // Once unmeasured: what is kept at hand is there then.
            questions.iter().for_each(|question| assert!(answer(question) || true));
            let (mut asked, mut allowed) = (0_u64, 0_u64);
            let began = Instant::now();
            while began.elapsed() < Duration::from_secs(2) {
                for question in &questions {
                    allowed += u64::from(answer(question));
                    asked += 1;
                }
            }
            assert_eq!(allowed * 2, asked);
            asked as f64 / began.elapsed().as_secs_f64()
        };
        let proofs = rate(&|question| decide(&snapshot, question).unwrap().allowed);
        let panel = rolebook::policy::Panel::new(&snapshot, NOW);
        let checks =
            rate(&|question| panel.allows(question.principal, question.action, question.resource).unwrap().is_some());
        let bindings = snapshot.bindings_count() as f64;
        println!(
            "{:>10} {:>10} {:>10.2} {:>8.1} {:>8} {proofs:>12.0} {checks:>12.0}",
            world.grants,
            took.as_millis(),
            bindings / took.as_secs_f64() / 1e6,
            (bytes - names) as f64 / bindings,
            names,
        );
    }
}
