//! `kill -9` at random moments of a process, however long the process takes on this machine.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::time::{Duration, Instant};

const SIGKILL: i32 = 9;

/// Random delays before kills. Their range follows what happened: longer after each kill in time, shorter after each
/// process that ended first. About one process in six ends first.
pub(crate) struct Killer {
    /// Pseudo-random numbers that are the same in every run (SplitMix64).
    state: u64,
    longest: Duration,
}

impl Killer {
    /// `longest` is a first guess of how long a process takes.
    pub(crate) fn new(seed: u64, longest: Duration) -> Killer {
        Killer { state: seed, longest }
    }

    /// A random number from 0 to 1.
    fn random(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Kills a process after a random delay. Returns whether the process was still running, and its standard output.
    pub(crate) fn kill(&mut self, mut child: Child) -> (bool, String) {
        let until = Instant::now() + self.longest.mul_f64(self.random());
        // Sleeping is too coarse for delays below a millisecond.
        while Instant::now() < until {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        let status = child.wait().unwrap();
        let killed = status.signal() == Some(SIGKILL);
        assert!(killed || status.success(), "{status:?}");
        self.longest = self.longest.mul_f64(if killed { 1.02 } else { 0.9 });
        let mut out = String::new();
        if let Some(mut pipe) = child.stdout.take() {
            pipe.read_to_string(&mut out).unwrap();
        }
        (killed, out)
    }
}
