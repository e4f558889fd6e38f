//! Checks per second, warm, on one core, at 10,000 and 100,000 grants. `cargo bench --bench checks`
//! asks half allowed and half denied questions of the evaluator over facts in memory, as many as a
//! second holds. Never a test: machines differ. Beside others: `benches/peers`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and may stop at the first surprise"
)]

mod workload;

use std::time::{Duration, Instant};

use rolebook::policy::{Question, decide};
use workload::bare::{Bare, assert_naive};
use workload::rows::facts;
use workload::{Asker, Workload};

const SIZES: [usize; 2] = [1_000, 10_000];

fn main() {
    println!("{:>10}  {:>12}  {:>12}  {:>8}", "grants", "made in ms", "checks/s", "slower");
    let mut first = None;
    for accounts in SIZES {
        let workload = Workload::new(accounts);
        let questions = Asker::new(&workload).questions(&Bare::new(&workload), 20_000);
        assert_naive(&workload, &questions[..100]);
        let questions: Vec<(Question, bool)> =
            questions.iter().map(|question| (workload.asked(question), question.allowed)).collect();
        let began = Instant::now();
        let facts = facts(&workload);
        let made = began.elapsed();
        let mut asked = 0_u64;
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(2) {
            for (question, allowed) in &questions {
                assert_eq!(decide(&facts, question).unwrap().allowed, *allowed, "{question:?}");
                asked += 1;
            }
        }
        let rate = asked as f64 / began.elapsed().as_secs_f64();
        let slower = *first.get_or_insert(rate) / rate;
        println!("{:>10}  {:>12}  {rate:>12.0}  {slower:>7.2}x", workload.grants(), made.as_millis());
    }
}
