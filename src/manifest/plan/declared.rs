//! The set of declared rows, with the positions of their declarations.

use hashbrown::HashMap;

use crate::manifest::statement::SourceLocation;
use crate::model::Id;

/// The declared rows. Compact, because an apply can declare millions.
#[derive(Debug, Default)]
pub(super) struct DeclaredRows {
    /// Rows that are declared in ascending order of their ids, which new rows mostly are.
    in_order: Vec<(Id, SourceLocation)>,
    /// All other rows.
    others: HashMap<Id, SourceLocation>,
    /// The first and last id of each range of rows that were written already, in ascending order. Their positions are
    /// no longer needed. The rows of one part mostly have consecutive ids.
    written: Vec<(Id, Id)>,
}

impl DeclaredRows {
    /// Adds a declared row, or replaces its position.
    pub(super) fn put(&mut self, row: Id, location: SourceLocation) {
        if self.is_written(row) {
            return;
        }
        if let Some(existing) = self.others.get_mut(&row) {
            *existing = location;
        } else if self.in_order.last().is_none_or(|(last, _)| *last < row) {
            self.in_order.push((row, location));
        } else if let Some((_, known)) = self.position(row).and_then(|at| self.in_order.get_mut(at)) {
            *known = location;
        } else {
            self.others.insert(row, location);
        }
    }

    /// Whether a row is declared.
    pub(super) fn has(&self, row: Id) -> bool {
        self.is_written(row) || self.location(row).is_some()
    }

    fn is_written(&self, row: Id) -> bool {
        let after = self.written.partition_point(|(first, _)| *first <= row);
        after.checked_sub(1).and_then(|at| self.written.get(at)).is_some_and(|(_, last)| row <= *last)
    }

    fn position(&self, row: Id) -> Option<usize> {
        self.in_order.binary_search_by_key(&row, |(known, _)| *known).ok()
    }

    /// The number of declared rows.
    pub(super) fn count(&self) -> u64 {
        let written: u64 = self.written.iter().map(|(first, last)| last.0 - first.0 + 1).sum();
        written + (self.in_order.len() + self.others.len()) as u64
    }

    /// The position of the declaration of a row; `None` if the row is not declared or was written already.
    pub(super) fn location(&self, row: Id) -> Option<SourceLocation> {
        let in_order = self.position(row).and_then(|at| self.in_order.get(at)).map(|(_, location)| *location);
        in_order.or_else(|| self.others.get(&row).copied())
    }

    /// Drops the positions of some rows and keeps the rows as declared. Their ids must be higher than those of earlier
    /// calls.
    pub(super) fn forget_locations(&mut self, which: impl Fn(Id) -> bool) {
        let all = self.in_order.iter().map(|(row, _)| *row).chain(self.others.keys().copied());
        let mut rows: Vec<Id> = all.filter(|row| which(*row)).collect();
        rows.sort_unstable();
        self.in_order.retain(|(row, _)| !which(*row));
        self.others.retain(|row, _| !which(*row));
        for row in rows {
            match self.written.last_mut() {
                Some((_, last)) if last.0 + 1 == row.0 => *last = row,
                _ => self.written.push((row, row)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stay_declared_when_their_positions_are_dropped() {
        let mut declared = DeclaredRows::default();
        for row in [10, 11, 12, 20, 3] {
            declared.put(Id(row), SourceLocation::default());
        }
        declared.forget_locations(|row| row.0 >= 10);
        for row in [11, 30, 3] {
            declared.put(Id(row), SourceLocation::default());
        }
        declared.forget_locations(|row| row.0 >= 30);
        assert_eq!(declared.written, [(Id(10), Id(12)), (Id(20), Id(20)), (Id(30), Id(30))]);
        let has: Vec<u64> = (0..40).filter(|row| declared.has(Id(*row))).collect();
        assert_eq!(has, [3, 10, 11, 12, 20, 30]);
        assert_eq!(declared.count(), 6);
        assert_eq!(declared.location(Id(11)), None);
        assert_eq!(declared.location(Id(3)), Some(SourceLocation::default()));
    }
}
