//! The header and the rows of one revision, read in the order of the chain. Verification of the whole history reads them with
//! [`scan`](super::scan) instead.

use rusqlite::{Row, Statement};

use super::chain::Chain;
use super::statements::{BINDING, RESOURCE};
use super::{Reader, Result};

/// The columns of a revision's header that are hashed, in the order of the chain.
pub(super) const HEADER: &str = "number, at, actor, operator, command, reason, denied, undoes, last_id";

/// The number of these columns.
pub(super) const HEADER_COLUMNS: usize = 9;

/// Hashes the first columns of a row into the chain.
pub(super) fn hash_row(row: &Row<'_>, word: &str, columns: usize, chain: &mut Chain) -> rusqlite::Result<()> {
    chain.word(word);
    for column in 0..columns {
        chain.value(row.get_ref(column)?);
    }
    Ok(())
}

/// The statements that read the rows of one revision, in the order of the chain.
pub(super) struct RevisionRows<'r> {
    reader: &'r Reader,
    statements: [(&'static str, Statement<'r>); 4],
}

impl<'r> RevisionRows<'r> {
    pub(super) fn new(reader: &'r Reader) -> Result<RevisionRows<'r>> {
        let opened = |table, columns| format!("SELECT {columns} FROM {table} WHERE since = ?1 ORDER BY id");
        let closed =
            |table| format!("SELECT id, since FROM {table} WHERE until = ?1 AND until IS NOT NULL ORDER BY id");
        let prepare = |sql: String| reader.connection.prepare(&sql).map_err(|error| reader.failed(error));
        let statements = [
            ("+resource", prepare(opened("resource", RESOURCE))?),
            ("+binding", prepare(opened("binding", BINDING))?),
            ("-resource", prepare(closed("resource"))?),
            ("-binding", prepare(closed("binding"))?),
        ];
        Ok(RevisionRows { reader, statements })
    }

    /// Hashes the rows of a revision into its chain, as long as `goes_on` holds.
    pub(super) fn hash_revision(
        &mut self,
        number: i64,
        chain: &mut Chain,
        goes_on: &dyn Fn(&Chain) -> bool,
    ) -> Result<()> {
        let failed = |error| self.reader.failed(error);
        for (word, statement) in &mut self.statements {
            let columns = statement.column_count();
            // The last column of an opened row, its sets, is hashed only if it is not null.
            let always = if word.starts_with('+') { columns - 1 } else { columns };
            let mut rows = statement.query([number]).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                hash_row(row, word, always, chain).map_err(failed)?;
                if always < columns {
                    chain.sets(row.get_ref(always).map_err(failed)?);
                }
                if !goes_on(chain) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
