//! What is kept at hand in memory that does not grow with the number of questions.

use std::cell::RefCell;
use std::rc::Rc;

/// How many places there are, with room for two things each; a power of two.
const PLACES: usize = 1 << 18;

/// Things, each in the one place that a number leads to, beside the one put there before it: of a hundred
/// thousand in no order a sixth meet another in their place, and few two others.
#[derive(Debug)]
pub struct Shelf<T>(RefCell<Vec<[Option<Rc<T>>; 2]>>);

impl<T> Shelf<T> {
    /// An empty one.
    pub const fn new() -> Shelf<T> {
        Shelf(RefCell::new(Vec::new()))
    }

    fn place(number: u64) -> usize {
        usize::try_from(number % PLACES as u64).unwrap_or_default()
    }

    /// The thing that is sought where the number leads to.
    pub fn get(&self, number: u64, is_sought: impl Fn(&T) -> bool) -> Option<Rc<T>> {
        let shelf = self.0.borrow();
        let place = shelf.get(Self::place(number))?;
        place.iter().flatten().find(|kept| is_sought(kept)).map(Rc::clone)
    }

    /// Puts a thing where the number leads to; the older one of two there goes.
    pub fn put(&self, number: u64, thing: T) -> Rc<T> {
        let place = Self::place(number);
        let thing = Rc::new(thing);
        let mut shelf = self.0.borrow_mut();
        if shelf.len() <= place {
            shelf.resize_with(place + 1, || [None, None]);
        }
        if let Some([last, before]) = shelf.get_mut(place) {
            *before = last.replace(Rc::clone(&thing));
        }
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
}
