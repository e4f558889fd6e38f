//! Which rows are declared, and where.

use hashbrown::HashMap;

use crate::manifest::said::Spot;
use crate::model::Id;

/// Rows that are declared.
#[derive(Debug, Default)]
pub(super) struct Declared {
    spots: HashMap<Id, Spot>,
    /// First and last of rows that were written already, in order: what they are is known, and of where
    /// they stood nobody asks any more. Those of one part have ids in a row for the most part.
    written: Vec<(Id, Id)>,
}

impl Declared {
    /// Remembers where a row is declared.
    pub(super) fn put(&mut self, row: Id, spot: Spot) {
        if !self.is_written(row) {
            self.spots.insert(row, spot);
        }
    }

    /// Whether a row is declared.
    pub(super) fn has(&self, row: Id) -> bool {
        self.is_written(row) || self.spots.contains_key(&row)
    }

    fn is_written(&self, row: Id) -> bool {
        let after = self.written.partition_point(|(first, _)| *first <= row);
        after.checked_sub(1).and_then(|at| self.written.get(at)).is_some_and(|(_, last)| row <= *last)
    }

    /// How many rows are declared.
    pub(super) fn count(&self) -> u64 {
        let written: u64 = self.written.iter().map(|(first, last)| last.0 - first.0 + 1).sum();
        written + self.spots.len() as u64
    }

    /// Where a row is declared, unless it was written since.
    pub(super) fn spot(&self, row: Id) -> Option<Spot> {
        self.spots.get(&row).copied()
    }

    /// Forgets where some rows are declared, and keeps that they are. They come after those before them.
    pub(super) fn forget_spots(&mut self, which: impl Fn(Id) -> bool) {
        let mut rows: Vec<Id> = self.spots.keys().copied().filter(|row| which(*row)).collect();
        rows.sort_unstable();
        for row in rows {
            self.spots.remove(&row);
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
    fn rows_stay_declared_when_their_spots_are_forgotten() {
        let mut declared = Declared::default();
        for row in [10, 11, 12, 20, 3] {
            declared.put(Id(row), Spot::default());
        }
        declared.forget_spots(|row| row.0 >= 10);
        for row in [11, 30] {
            declared.put(Id(row), Spot::default());
        }
        declared.forget_spots(|row| row.0 >= 30);
        assert_eq!(declared.written, [(Id(10), Id(12)), (Id(20), Id(20)), (Id(30), Id(30))]);
        let has: Vec<u64> = (0..40).filter(|row| declared.has(Id(*row))).collect();
        assert_eq!(has, [3, 10, 11, 12, 20, 30]);
        assert_eq!(declared.count(), 6);
        assert_eq!(declared.spot(Id(11)), None);
        assert_eq!(declared.spot(Id(3)), Some(Spot::default()));
    }
}
