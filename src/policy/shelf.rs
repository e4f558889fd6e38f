//! What is kept at hand in memory that does not grow with the number of questions.

use std::cell::RefCell;
use std::rc::Rc;

/// How many places there are at most, with room for two things each; a power of two.
const PLACES: usize = 1 << 18;

/// How many there are at first; a power of two.
const FIRST: usize = 1 << 8;

/// A thing beside its number, which tells without a look at the thing that it is another one.
type Kept<T> = Option<(u64, Rc<T>)>;

/// Things, each in the one place that a number leads to, beside the one put there before it: of a hundred
/// thousand in no order a sixth meet another in their place, and few two others.
#[derive(Debug)]
pub struct Shelf<T>(RefCell<Places<T>>);

#[derive(Debug)]
struct Places<T> {
    /// None, or a power of two of them.
    places: Vec<[Kept<T>; 2]>,
    /// How many things were put since there are so many places.
    count: usize,
}

impl<T> Places<T> {
    fn place(&self, number: u64) -> usize {
        // The numbers are ids or hashes: their low bits are as good as any.
        usize::try_from(number & (self.places.len() as u64).wrapping_sub(1)).unwrap_or_default()
    }

    /// Makes room, as long as there may be more: few questions need little memory.
    fn grow(&mut self) {
        let length = (self.places.len() * 4).clamp(FIRST, PLACES);
        let mut places = Vec::with_capacity(length);
        places.resize_with(length, || [None, None]);
        let kept = std::mem::replace(&mut self.places, places);
        self.count = 0;
        for (number, thing) in kept.into_iter().flat_map(|[last, before]| [before, last]).flatten() {
            self.put(number, thing);
        }
    }

    fn put(&mut self, number: u64, thing: Rc<T>) {
        let place = self.place(number);
        if let Some([last, before]) = self.places.get_mut(place) {
            *before = last.replace((number, thing));
            self.count += 1;
        }
    }
}

impl<T> Shelf<T> {
    /// An empty one.
    pub const fn new() -> Shelf<T> {
        Shelf(RefCell::new(Places { places: Vec::new(), count: 0 }))
    }

    /// The thing that is sought of those with a number.
    pub fn get(&self, number: u64, is_sought: impl Fn(&T) -> bool) -> Option<Rc<T>> {
        let shelf = self.0.borrow();
        let place = shelf.places.get(shelf.place(number))?;
        place
            .iter()
            .flatten()
            .find(|(known, kept)| *known == number && is_sought(kept))
            .map(|(_, kept)| Rc::clone(kept))
    }

    /// Puts a thing where its number leads to; the older one of two there goes.
    pub fn put(&self, number: u64, thing: T) -> Rc<T> {
        let thing = Rc::new(thing);
        let mut shelf = self.0.borrow_mut();
        if shelf.count >= shelf.places.len() && shelf.places.len() < PLACES {
            shelf.grow();
        }
        shelf.put(number, Rc::clone(&thing));
        thing
    }
}

impl<T> Default for Shelf<T> {
    fn default() -> Shelf<T> {
        Shelf::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_that_meet_are_kept_and_the_older_goes_for_a_third() {
        let shelf = Shelf::new();
        let meeting = |nth: u64| 5 + nth * PLACES as u64;
        let get = |number: u64| shelf.get(number, |kept| *kept == number).map(|kept| *kept);
        for nth in 0..3 {
            assert_eq!(get(meeting(nth)), None);
            assert_eq!(*shelf.put(meeting(nth), meeting(nth)), meeting(nth));
            assert_eq!(get(meeting(nth)), Some(meeting(nth)));
        }
        assert_eq!([0, 1, 2].map(|nth| get(meeting(nth)).is_some()), [false, true, true]);
    }

    #[test]
    fn what_is_kept_is_kept_when_there_is_more_room() {
        let shelf = Shelf::new();
        for number in 0..PLACES as u64 {
            shelf.put(number, number);
        }
        assert!((0..PLACES as u64).all(|number| shelf.get(number, |_| true).is_some_and(|kept| *kept == number)));
        assert_eq!(shelf.0.borrow().places.len(), PLACES);
        assert!(shelf.get(PLACES as u64, |_| true).is_none());
    }
}
