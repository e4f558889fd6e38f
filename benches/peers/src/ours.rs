//! Rolebook itself, behind four functions: [`store_file`] writes the workload into a store, [`load`]
//! makes what answers in memory and [`open`] what answers on the store, and either has a `check`.

use std::path::Path;

use rolebook::model::{Id, Time};
use rolebook::policy::{Nothing, Overlay, RowChange, decide};
use rolebook::store::{Entry, Reader, Store};

use crate::workload::rows::facts;
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

/// The evaluator over facts in memory.
pub(crate) struct Loaded<'w> {
    workload: &'w Workload,
    facts: Overlay<'static, Nothing>,
}

/// Lays the facts out in memory.
pub(crate) fn load(workload: &Workload) -> Loaded<'_> {
    Loaded { workload, facts: facts(workload) }
}

impl Loaded<'_> {
    /// The answer to a question.
    pub(crate) fn check(&self, question: &Question) -> bool {
        decide(&self.facts, &self.workload.asked(question)).unwrap().allowed
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
