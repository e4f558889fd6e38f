//! A map from ids to positions in an array, in pages of 64 ids each. Neither a store with dense ids nor one with a long
//! history, where many ids have ended, pays for ids without a row.

/// The number of ids in a page, as a power of two.
const PAGE: u32 = 6;
/// The position of an id without a row.
pub(super) const ABSENT: u32 = u32::MAX;

/// The position of each id.
#[derive(Debug, Default)]
pub(super) struct IdIndex {
    /// The index of the first slot of each page; [`ABSENT`] for pages without slots.
    pages: Vec<u32>,
    slots: Vec<u32>,
}

impl IdIndex {
    /// The position of an id.
    pub(super) fn get(&self, id: u32) -> Option<u32> {
        let start = self.pages.get((id >> PAGE) as usize).copied().filter(|start| *start != ABSENT)?;
        let slot = start + (id & ((1 << PAGE) - 1));
        self.slots.get(slot as usize).copied().filter(|position| *position != ABSENT)
    }

    /// Sets the position of an id.
    pub(super) fn put(&mut self, id: u32, position: u32) {
        let page = (id >> PAGE) as usize;
        if page >= self.pages.len() {
            self.pages.resize(page + 1, ABSENT);
        }
        let end = u32::try_from(self.slots.len()).unwrap_or(ABSENT);
        let Some(start) = self.pages.get_mut(page) else { return };
        if *start == ABSENT {
            *start = end;
            self.slots.resize(self.slots.len() + (1 << PAGE), ABSENT);
        }
        let slot = *start + (id & ((1 << PAGE) - 1));
        if let Some(slot) = self.slots.get_mut(slot as usize) {
            *slot = position;
        }
    }

    /// The size in bytes.
    pub(super) fn bytes(&self) -> usize {
        (self.pages.capacity() + self.slots.capacity()) * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_without_a_position_have_none_on_any_page() {
        let ids = [1, 63, 64, 5 << PAGE, 100_000];
        let mut index = IdIndex::default();
        for (position, id) in (0..).zip(ids) {
            index.put(id, position);
        }
        for id in 0..200_000 {
            let position = (0..).zip(ids).find(|(_, known)| *known == id).map(|(position, _)| position);
            assert_eq!(index.get(id), position, "{id}");
        }
        assert_eq!(index.get(u32::MAX), None);
    }
}
