//! Rolebook itself, on a store of the workload: [`load`] makes a contender that answers from memory, and [`open`] one
//! that answers from the store. Each has a `check`.

use std::path::Path;

use rolebook::policy::{Evaluator, decide};
use rolebook::store::{Reader, Snapshot, Store};

use crate::workload::rows::NOW;
use crate::workload::{Question, Workload};

/// The evaluator over a snapshot of a store.
pub(crate) struct Loaded<'w> {
    workload: &'w Workload,
    evaluator: Evaluator<'static, Snapshot>,
}

/// Reads the facts of a store into memory.
pub(crate) fn load<'w>(workload: &'w Workload, path: &Path) -> Loaded<'w> {
    let snapshot = Store::open(path).unwrap().read().unwrap().facts().snapshot().unwrap();
    // A process has one snapshot, which it needs until it ends, so it may leak.
    Loaded { workload, evaluator: Evaluator::new(Box::leak(Box::new(snapshot)), NOW) }
}

impl Loaded<'_> {
    /// The answer to a question.
    pub(crate) fn check(&self, question: &Question) -> bool {
        let asked = self.workload.asked(question);
        self.evaluator.allows(asked.principal, asked.action, asked.resource).unwrap().is_some()
    }
}

/// The evaluator over a store.
pub(crate) struct Opened<'w> {
    workload: &'w Workload,
    reader: Reader,
}

/// Opens a store of the workload.
pub(crate) fn open<'w>(workload: &'w Workload, path: &Path) -> Opened<'w> {
    Opened { workload, reader: Store::open(path).unwrap().read().unwrap() }
}

impl Opened<'_> {
    /// The answer to a question.
    pub(crate) fn check(&self, question: &Question) -> bool {
        decide(&self.reader.facts(), &self.workload.asked(question)).unwrap().allowed
    }
}
