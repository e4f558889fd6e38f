//! From ids to places in an array: pages of 64 ids each, so that neither a store whose ids lie close
//! together nor one with a long past pays for ids that are not there.

/// How many ids a page covers, as a power of two.
const PAGE: u32 = 6;
/// The place of what is not there.
pub(super) const ABSENT: u32 = u32::MAX;

/// Where each id is.
#[derive(Debug, Default)]
pub(super) struct IdIndex {
    /// Where the slots of each page begin; [`ABSENT`] for pages without any.
    pages: Vec<u32>,
    slots: Vec<u32>,
}

impl IdIndex {
    /// The place of an id.
    pub(super) fn get(&self, id: u32) -> Option<u32> {
        let start = self.pages.get((id >> PAGE) as usize).copied().filter(|start| *start != ABSENT)?;
        let slot = start + (id & ((1 << PAGE) - 1));
        self.slots.get(slot as usize).copied().filter(|position| *position != ABSENT)
    }

    /// Remembers the place of an id.
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

    /// How many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        (self.pages.capacity() + self.slots.capacity()) * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_put_is_nowhere_on_pages_there_are_and_between_them() {
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
