//! From ids to places in an array: pages of 64 ids each, so that neither a store whose ids lie close
//! together nor one with a long past pays for ids that are not there.

/// How many ids a page covers, as a power of two.
const PAGE: u32 = 6;
/// The place of what is not there.
pub(super) const NOWHERE: u32 = u32::MAX;

/// Where each id is.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Where the slots of each page begin; [`NOWHERE`] for pages without any.
    pages: Vec<u32>,
    slots: Vec<u32>,
}

impl Index {
    /// The place of an id.
    pub(super) fn get(&self, id: u32) -> Option<u32> {
        let start = self.pages.get((id >> PAGE) as usize).copied().filter(|start| *start != NOWHERE)?;
        let slot = start + (id & ((1 << PAGE) - 1));
        self.slots.get(slot as usize).copied().filter(|place| *place != NOWHERE)
    }

    /// Remembers the place of an id.
    pub(super) fn put(&mut self, id: u32, place: u32) {
        let page = (id >> PAGE) as usize;
        if page >= self.pages.len() {
            self.pages.resize(page + 1, NOWHERE);
        }
        let end = u32::try_from(self.slots.len()).unwrap_or(NOWHERE);
        let Some(start) = self.pages.get_mut(page) else { return };
        if *start == NOWHERE {
            *start = end;
            self.slots.resize(self.slots.len() + (1 << PAGE), NOWHERE);
        }
        let slot = *start + (id & ((1 << PAGE) - 1));
        if let Some(slot) = self.slots.get_mut(slot as usize) {
            *slot = place;
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
        let mut index = Index::default();
        for (place, id) in (0..).zip(ids) {
            index.put(id, place);
        }
        for id in 0..200_000 {
            let place = (0..).zip(ids).find(|(_, known)| *known == id).map(|(place, _)| place);
            assert_eq!(index.get(id), place, "{id}");
        }
        assert_eq!(index.get(u32::MAX), None);
    }
}
