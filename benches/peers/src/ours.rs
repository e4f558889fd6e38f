//! Rolebook itself, behind four functions: [`store_file`] writes the workload into a store, [`load`]
//! makes what answers in memory of it, and [`open`] what answers on the store, and either has a `check`.

use std::path::Path;

use rolebook::model::{Id, Time};
use rolebook::policy::{Panel, RowChange, decide};
use rolebook::store::{Entry, Reader, Snapshot, Store};

use crate::workload::rows::NOW;
use crate::workload::{Question, Workload};

/// How many rows a revision has: enough that revisions cost nothing, few enough for the memory.
const ROWS: usize = 200_000;

/// Writes the workload into a new store, through the library.
pub(crate) fn store_file(workload: &Workload, path: &Path) {
    let (store, _) = Store::create(path).unwrap();
    let mut rows = workload.rows();
    loop {
        let some: Vec<RowChange> = rows.by_ref().take(ROWS).collect();
        let last_id = match some.last() {
            Some(RowChange::Resource(_, Some(resource))) => resource.id,
            Some(RowChange::Binding(_, Some(binding))) => binding.id,
            _ => return,
        };
        commit(&store, &some, last_id);
    }
}

fn commit(store: &Store, rows: &[RowChange], last_id: Id) {
    let entry = Entry {
        at: Time::now(),
        actor: None,
        operator: "bench".to_owned(),
        command: "load".to_owned(),
        reason: None,
        undoes: None,
    };
    store.write().unwrap().commit(rows, last_id, entry).unwrap();
}

/// The evaluator over a snapshot of a store.
pub(crate) struct Loaded<'w> {
    workload: &'w Workload,
    panel: Panel<'static, Snapshot>,
}

/// Reads the facts of a store into memory.
pub(crate) fn load<'w>(workload: &'w Workload, path: &Path) -> Loaded<'w> {
    let snapshot = Store::open(path).unwrap().read().unwrap().facts().snapshot().unwrap();
    // A process has one of them, until it ends.
    Loaded { workload, panel: Panel::new(Box::leak(Box::new(snapshot)), NOW) }
}

impl Loaded<'_> {
    /// The answer to a question.
    pub(crate) fn check(&self, question: &Question) -> bool {
        let asked = self.workload.asked(question);
        self.panel.allows(asked.principal, asked.action, asked.resource).unwrap().is_some()
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
