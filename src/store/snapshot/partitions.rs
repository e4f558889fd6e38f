//! A table in parts, so that two threads read it, each the next part when it is free.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::model::{Id, Revision};
use crate::policy::facts::{Facts, Result};
use crate::store::Reader;

/// So many that neither thread waits long for the other's last one.
const PARTITION_COUNT: u64 = 16;

/// Parts of a table whose rows lie in the order of their revisions, and in each of their ids.
pub(super) struct Partitions {
    /// Where each begins, and where the last one ends.
    bounds: Vec<(Revision, Id)>,
    next: AtomicUsize,
}

impl Partitions {
    /// What was written up to a revision as one part.
    pub(super) fn single(revision: Revision) -> Partitions {
        Partitions { bounds: vec![(0, Id(0)), (revision + 1, Id(0))], next: AtomicUsize::new(0) }
    }

    /// The same in parts of about as many ids each.
    pub(super) fn split(reader: &Reader, revision: Revision) -> Result<Partitions> {
        let mut parts = Partitions::single(revision);
        let last = reader.facts_at(revision).last_id()?;
        for part in 1..PARTITION_COUNT {
            let id = Id(last.0 / PARTITION_COUNT * part);
            // Ids are handed out in order: the first revision after which this one was.
            let (mut low, mut high) = (1, revision);
            while low < high {
                let middle = low + (high - low) / 2;
                if reader.facts_at(middle).last_id()? < id { low = middle + 1 } else { high = middle }
            }
            parts.bounds.insert(parts.bounds.len() - 1, (low, id));
        }
        Ok(parts)
    }

    /// The conditions for the rows of the next part that nobody has read; none after the last.
    pub(super) fn next_conditions(&self) -> Option<Vec<String>> {
        let part = self.next.fetch_add(1, Ordering::Relaxed);
        let ((first, from), (last, to)) = (self.bounds.get(part)?, self.bounds.get(part + 1)?);
        // Two columns compared as one would be compared again for every row.
        Some(if first == last {
            vec![format!("since = {first} AND id >= {from} AND id < {to}")]
        } else {
            vec![
                format!("since = {first} AND id >= {from}"),
                format!("since > {first} AND since < {last}"),
                format!("since = {last} AND id < {to}"),
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_part() {
        let bounds = vec![(0, Id(0)), (1, Id(5)), (1, Id(8)), (7, Id(9)), (9, Id(0))];
        let parts = Partitions { bounds, next: AtomicUsize::new(0) };
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE row (since INTEGER, id INTEGER)").unwrap();
        for since in 0..=9 {
            for id in 0..=10 {
                connection.execute("INSERT INTO row VALUES (?1, ?2)", (since, id)).unwrap();
            }
        }
        let mut read: Vec<(i64, i64)> = Vec::new();
        for condition in std::iter::from_fn(|| parts.next_conditions()).flatten() {
            let mut statement = connection.prepare(&format!("SELECT since, id FROM row WHERE {condition}")).unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            read.extend(rows.map(|row| row.unwrap()));
        }
        let expected: Vec<(i64, i64)> = (0..=8).flat_map(|since| (0..=10).map(move |id| (since, id))).collect();
        read.sort_unstable();
        assert_eq!(read, expected);
    }
}
