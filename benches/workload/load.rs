//! Writes the workload into a new store, through the library as any program would.

use std::path::Path;

use rolebook::model::{Id, Time};
use rolebook::policy::RowChange;
use rolebook::store::{RevisionHeader, Store};

use super::Workload;

/// The number of rows of a revision: enough that revisions cost nothing, and few enough to fit in memory.
const ROWS: usize = 200_000;

/// Writes the workload into a new store.
pub(crate) fn store_file(workload: &Workload, path: &Path) {
    let (store, _) = Store::create(path).unwrap();
    let mut rows = workload.rows();
    loop {
        let some: Vec<RowChange> = rows.by_ref().take(ROWS).collect();
        if some.is_empty() {
            return;
        }
        commit(&store, &some);
    }
}

/// Commits some rows, of which the last has the last id.
pub(crate) fn commit(store: &Store, rows: &[RowChange]) {
    let last = match rows.last() {
        Some(RowChange::Resource(_, Some(resource))) => resource.id,
        Some(RowChange::Binding(_, Some(binding))) => binding.id,
        _ => Id::LAST_RESERVED,
    };
    let entry = RevisionHeader {
        at: Time::now(),
        actor: None,
        operator: "bench".to_owned(),
        command: "load".to_owned(),
        reason: None,
        undoes: None,
    };
    store.write().unwrap().commit(rows, last, entry).unwrap();
}
