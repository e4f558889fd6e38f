//! Checks per second, warm, on one core, at 10,000 and 100,000 grants. `cargo bench --bench checks`
//! asks half allowed and half denied questions of the evaluator over facts in memory, as many as a
//! second holds. Never a test: machines differ.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and may stop at the first surprise"
)]

mod workload;

use std::time::{Duration, Instant};

use rolebook::policy::decide;
use workload::World;

const SIZES: [usize; 2] = [1_000, 10_000];

fn main() {
    println!("{:>10}  {:>12}  {:>12}  {:>8}", "grants", "made in ms", "checks/s", "slower");
    let mut first = None;
    for accounts in SIZES {
        let began = Instant::now();
        let mut world = World::new(accounts);
        let made = began.elapsed();
        let twin = World::new(accounts);
        let questions = world.questions(20_000, &|question| decide(&twin.facts, question).unwrap().allowed);
        let (mut asked, mut allowed) = (0_u64, 0_u64);
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(2) {
            for question in &questions {
                allowed += u64::from(decide(&world.facts, question).unwrap().allowed);
                asked += 1;
            }
        }
        assert_eq!(allowed * 2, asked, "the same answers every time");
        let rate = asked as f64 / began.elapsed().as_secs_f64();
        let slower = *first.get_or_insert(rate) / rate;
        println!("{:>10}  {:>12}  {rate:>12.0}  {slower:>7.2}x", world.grants, made.as_millis());
    }
}
