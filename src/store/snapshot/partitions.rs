//! A table divided into partitions for two threads: each thread reads the next partition when it is free.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::model::{Id, Revision};
use crate::policy::facts::{Facts, Result};
use crate::store::Reader;

/// The number of partitions: enough that no thread waits long for the last one of the other.
const PARTITION_COUNT: u64 = 16;

/// Partitions of a table whose rows are sorted by revision and id.
pub(super) struct Partitions {
    /// The beginning of each partition, and the end of the last one.
    bounds: Vec<(Revision, Id)>,
    next: AtomicUsize,
}

impl Partitions {
    /// The rows up to a revision as one partition.
    pub(super) fn single(revision: Revision) -> Partitions {
        Partitions { bounds: vec![(0, Id(0)), (revision + 1, Id(0))], next: AtomicUsize::new(0) }
    }

    /// The rows up to a revision in partitions of about as many ids each.
    pub(super) fn split(reader: &Reader, revision: Revision) -> Result<Partitions> {
        let mut parts = Partitions::single(revision);
        let last = reader.facts_at(revision).last_id()?;
        for part in 1..PARTITION_COUNT {
            let id = Id(last.0 / PARTITION_COUNT * part);
            // Ids are used in order: search for the first revision that used this one.
            let (mut low, mut high) = (1, revision);
            while low < high {
                let middle = low + (high - low) / 2;
                if reader.facts_at(middle).last_id()? < id { low = middle + 1 } else { high = middle }
            }
            parts.bounds.insert(parts.bounds.len() - 1, (low, id));
        }
        Ok(parts)
    }

    /// The SQL conditions for the rows of the next unread partition; `None` after the last one.
    pub(super) fn next_conditions(&self) -> Option<Vec<String>> {
        let part = self.next.fetch_add(1, Ordering::Relaxed);
        let ((first, from), (last, to)) = (self.bounds.get(part)?, self.bounds.get(part + 1)?);
        // SQLite would evaluate a comparison of both columns as one value again for every row.
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
