//! The rows of all revisions, read in the order of the chain: each table twice from beginning to end, once by the
//! revision that opened a row and once by the one that closed it. Asking for each revision by itself takes up to 2.7
//! times as long, where each has few rows.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::{Rows, Statement};

use super::chain::Chain;
use super::revision_rows::hash_row;
use super::statements::{BINDING, RESOURCE};
use super::{Reader, Result};

/// The words for the rows of a revision, in the order of the chain, and the table of each.
const PARTS: [(&str, &str); 4] =
    [("+resource", "resource"), ("+binding", "binding"), ("-resource", "resource"), ("-binding", "binding")];

/// The statements of a scan.
pub(super) struct ScanStatements<'r> {
    reader: &'r Reader,
    statements: [Statement<'r>; 4],
}

impl<'r> ScanStatements<'r> {
    pub(super) fn new(reader: &'r Reader) -> Result<ScanStatements<'r>> {
        let opened = |table, columns| format!("SELECT {columns}, until FROM {table} ORDER BY since, id");
        let closed = |table| format!("SELECT id, since, until FROM {table} WHERE until IS NOT NULL ORDER BY until, id");
        let prepare = |sql: String| reader.connection.prepare(&sql).map_err(|error| reader.failed(error));
        let statements = [
            prepare(opened("resource", RESOURCE))?,
            prepare(opened("binding", BINDING))?,
            prepare(closed("resource"))?,
            prepare(closed("binding"))?,
        ];
        Ok(ScanStatements { reader, statements })
    }

    /// Begins the scan at the first revision.
    pub(super) fn begin(&mut self) -> Result<Scan<'_, 'r>> {
        let reader = self.reader;
        let mut cursors = Vec::with_capacity(PARTS.len());
        for (statement, (word, table)) in self.statements.iter_mut().zip(PARTS) {
            // The columns that are not part of the chain come last: `until`, for both the opened and the closed rows.
            let always = statement.column_count() - if word.starts_with('+') { 2 } else { 1 };
            let rows = statement.query([]).map_err(|error| reader.failed(error))?;
            let mut cursor = Cursor { reader, rows, word, table, always, number: None };
            cursor.advance()?;
            cursors.push(cursor);
        }
        Ok(Scan { cursors, keys: RandomState::new(), closings: [0; 2] })
    }
}

/// Rows that a scan met and that belong to no revision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Strays {
    pub(super) table: &'static str,
    /// The first number of a revision that they name.
    pub(super) number: i64,
    pub(super) count: u64,
}

/// A position in the rows of all revisions.
pub(super) struct Scan<'s, 'r> {
    cursors: Vec<Cursor<'s, 'r>>,
    /// For [`Scan::closings_agree`].
    keys: RandomState,
    closings: [u64; 2],
}

struct Cursor<'s, 'r> {
    reader: &'r Reader,
    rows: Rows<'s>,
    word: &'static str,
    table: &'static str,
    /// The number of columns that are always hashed. An opened row has its sets after them.
    always: usize,
    /// The revision of the current row; `None` after the last.
    number: Option<i64>,
}

impl Cursor<'_, '_> {
    fn advance(&mut self) -> Result<()> {
        let mut step = || {
            self.rows.advance()?;
            // An opened row has its revision in the first column, a closed one in the last.
            let column = if self.is_opening() { 0 } else { self.always };
            self.rows.get().map(|row| row.get(column)).transpose()
        };
        self.number = step().map_err(|error| self.reader.failed(error))?;
        Ok(())
    }

    fn is_opening(&self) -> bool {
        self.word.starts_with('+')
    }
}

impl Scan<'_, '_> {
    /// Hashes the rows of the next revision into its chain, and adds their number to `count`, which `tell` gets now and
    /// then. Returns the rows of revisions before it, which belong to none.
    pub(super) fn hash_revision(
        &mut self,
        number: i64,
        chain: &mut Chain,
        count: &mut u64,
        tell: &dyn Fn(u64),
    ) -> Result<Vec<Strays>> {
        let strays = self.strays_before(number)?;
        for cursor in &mut self.cursors {
            while cursor.number == Some(number) {
                let Some(row) = cursor.rows.get() else { break };
                let mut hash = || -> rusqlite::Result<Option<u64>> {
                    hash_row(row, cursor.word, cursor.always, chain)?;
                    if cursor.is_opening() {
                        chain.sets(row.get_ref(cursor.always)?);
                        let until: Option<i64> = row.get(cursor.always + 1)?;
                        let Some(until) = until else { return Ok(None) };
                        let version: (i64, i64) = (row.get(0)?, row.get(1)?);
                        Ok(Some(self.keys.hash_one((cursor.table, version, until))))
                    } else {
                        let version: (i64, i64) = (row.get(1)?, row.get(0)?);
                        Ok(Some(self.keys.hash_one((cursor.table, version, number))))
                    }
                };
                let closing = hash().map_err(|error| cursor.reader.failed(error))?;
                let side = usize::from(cursor.is_opening());
                if let (Some(closing), Some(sum)) = (closing, self.closings.get_mut(side)) {
                    *sum = sum.wrapping_add(closing);
                }
                *count += 1;
                if *count & 0xfff == 0 {
                    tell(*count);
                }
                cursor.advance()?;
            }
        }
        Ok(strays)
    }

    /// Passes over the rows of revisions before a number.
    fn strays_before(&mut self, number: i64) -> Result<Vec<Strays>> {
        let mut found = Vec::new();
        for cursor in &mut self.cursors {
            if let Some(first) = cursor.number.filter(|it| *it < number) {
                let mut count = 0;
                while cursor.number.is_some_and(|it| it < number) {
                    count += 1;
                    cursor.advance()?;
                }
                found.push(Strays { table: cursor.table, number: first, count });
            }
        }
        Ok(found)
    }

    /// Passes over the rest: rows of revisions after the last.
    pub(super) fn end(&mut self) -> Result<Vec<Strays>> {
        let mut found = self.strays_before(i64::MAX)?;
        for cursor in &mut self.cursors {
            if cursor.number.is_some() {
                found.push(Strays { table: cursor.table, number: i64::MAX, count: 1 });
            }
        }
        Ok(found)
    }

    /// Whether the rows that the tables close are those that the indexes of closed rows have. The sums are over keyed
    /// hashes, so nobody can choose rows that have the same sum. Strays are in neither.
    pub(super) const fn closings_agree(&self) -> bool {
        let [closed, opened] = self.closings;
        closed == opened
    }
}
