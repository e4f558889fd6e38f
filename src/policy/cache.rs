//! What is kept at hand in memory that does not grow with the number of questions.

use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

/// How many places there are at most, with room for two things each; a power of two.
const MAX_BUCKETS: usize = 1 << 18;

/// How many there are at first; a power of two.
const INITIAL_BUCKETS: usize = 1 << 8;

/// A thing beside its number, which tells without a look at the thing that it is another one.
type Entry<P> = Option<(u64, P)>;

/// Things, each in the one place that a number leads to, beside the one put there before it: of a hundred
/// thousand in no order a sixth meet another in their place, and few two others.
#[derive(Debug)]
pub struct BoundedCache<T>(RefCell<Buckets<Rc<T>>>);

/// As [`BoundedCache`], for threads that ask at the same time: what one has put there the others find.
#[derive(Debug)]
pub struct SharedShelf<T>(Box<[Mutex<Buckets<Arc<T>>>]>);

/// Into how many parts a shared shelf is divided, each for one thread at a time; a power of two.
const PARTS: usize = 1 << 6;

#[derive(Debug)]
struct Buckets<P> {
    /// None, or a power of two of them.
    buckets: Vec<[Entry<P>; 2]>,
    /// How many things were put since there are so many places.
    count: usize,
    /// How many places there are at first, and at most.
    bounds: (usize, usize),
}

impl<P: Clone + Deref> Buckets<P> {
    const fn new(first: usize, most: usize) -> Buckets<P> {
        Buckets { buckets: Vec::new(), count: 0, bounds: (first, most) }
    }

    fn bucket(&self, number: u64) -> usize {
        // The numbers are ids or hashes: their low bits are as good as any.
        usize::try_from(number & (self.buckets.len() as u64).wrapping_sub(1)).unwrap_or_default()
    }

    fn get(&self, number: u64, is_sought: impl Fn(&P::Target) -> bool) -> Option<P> {
        let place = self.buckets.get(self.bucket(number))?;
        let found = place.iter().flatten().find(|(known, kept)| *known == number && is_sought(kept));
        found.map(|(_, kept)| kept.clone())
    }

    /// Makes room, as long as there may be more: few questions need little memory.
    fn grow(&mut self) {
        let (first, most) = self.bounds;
        let length = (self.buckets.len() * 4).clamp(first, most);
        let mut places = Vec::with_capacity(length);
        places.resize_with(length, || [None, None]);
        let kept = std::mem::replace(&mut self.buckets, places);
        self.count = 0;
        for (number, thing) in kept.into_iter().flat_map(|[last, before]| [before, last]).flatten() {
            self.insert(number, thing);
        }
    }

    fn insert(&mut self, number: u64, thing: P) {
        let place = self.bucket(number);
        if let Some([last, before]) = self.buckets.get_mut(place) {
            *before = last.replace((number, thing));
            self.count += 1;
        }
    }

    fn put(&mut self, number: u64, thing: P) {
        if self.count >= self.buckets.len() && self.buckets.len() < self.bounds.1 {
            self.grow();
        }
        self.insert(number, thing);
    }
}

impl<T> BoundedCache<T> {
    /// An empty one.
    pub const fn new() -> BoundedCache<T> {
        BoundedCache(RefCell::new(Buckets::new(INITIAL_BUCKETS, MAX_BUCKETS)))
    }

    /// The thing that is sought of those with a number.
    pub fn get(&self, number: u64, is_sought: impl Fn(&T) -> bool) -> Option<Rc<T>> {
        self.0.borrow().get(number, is_sought)
    }

    /// Puts a thing where its number leads to; the older one of two there goes.
    pub fn put(&self, number: u64, thing: T) -> Rc<T> {
        let thing = Rc::new(thing);
        self.0.borrow_mut().put(number, Rc::clone(&thing));
        thing
    }
}

impl<T> Default for BoundedCache<T> {
    fn default() -> BoundedCache<T> {
        BoundedCache::new()
    }
}

impl<T> SharedShelf<T> {
    /// An empty one.
    pub fn new() -> SharedShelf<T> {
        SharedShelf(
            (0..PARTS).map(|_| Mutex::new(Buckets::new(INITIAL_BUCKETS / PARTS, MAX_BUCKETS / PARTS))).collect(),
        )
    }

    /// Looks at the part that a number leads to.
    fn look<A>(&self, number: u64, look: impl FnOnce(&mut Buckets<Arc<T>>) -> A) -> Option<A> {
        // The numbers are hashes; their low bits tell the place within the part.
        let part = usize::try_from(number >> 32).unwrap_or_default() & (PARTS - 1);
        // What is kept is whole at any moment.
        self.0.get(part).map(|part| look(&mut part.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// The thing that is sought of those with a number.
    pub fn get(&self, number: u64, is_sought: impl Fn(&T) -> bool) -> Option<Arc<T>> {
        self.look(number, |places| places.get(number, is_sought)).flatten()
    }

    /// Puts a thing where its number leads to; the older one of two there goes.
    pub fn put(&self, number: u64, thing: T) -> Arc<T> {
        let thing = Arc::new(thing);
        self.look(number, |places| places.put(number, Arc::clone(&thing)));
        thing
    }
}

impl<T> Default for SharedShelf<T> {
    fn default() -> SharedShelf<T> {
        SharedShelf::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_that_meet_are_kept_and_the_older_goes_for_a_third() {
        let (shelf, shared) = (BoundedCache::new(), SharedShelf::new());
        // In one place of both: the bits that tell the part are the same.
        let meeting = |nth: u64| 5 + (nth << 40);
        let get = |number: u64| {
            let found = shelf.get(number, |kept| *kept == number).map(|kept| *kept);
            assert_eq!(shared.get(number, |kept| *kept == number).map(|kept| *kept), found);
            found
        };
        for nth in 0..3 {
            assert_eq!(get(meeting(nth)), None);
            assert_eq!(
                (*shelf.put(meeting(nth), meeting(nth)), *shared.put(meeting(nth), meeting(nth))),
                (meeting(nth), meeting(nth))
            );
            assert_eq!(get(meeting(nth)), Some(meeting(nth)));
        }
        assert_eq!([0, 1, 2].map(|nth| get(meeting(nth)).is_some()), [false, true, true]);
    }

    #[test]
    fn what_is_kept_is_kept_when_there_is_more_room() {
        let (shelf, shared) = (BoundedCache::new(), SharedShelf::new());
        // Each in a place of its own, in both.
        let spread = |number: u64| number | ((number / (MAX_BUCKETS / PARTS) as u64) << 32);
        for number in (0..MAX_BUCKETS as u64).map(spread) {
            shelf.put(number, number);
            shared.put(number, number);
        }
        for number in (0..MAX_BUCKETS as u64).map(spread) {
            assert!(shelf.get(number, |_| true).is_some_and(|kept| *kept == number));
            assert!(shared.get(number, |_| true).is_some_and(|kept| *kept == number));
        }
        assert_eq!(shelf.0.borrow().buckets.len(), MAX_BUCKETS);
        let places = shared.0.iter().map(|part| part.lock().unwrap().buckets.len());
        assert_eq!(places.sum::<usize>(), MAX_BUCKETS);
        assert!(shelf.get(spread(MAX_BUCKETS as u64), |_| true).is_none());
        assert!(shared.get(spread(MAX_BUCKETS as u64), |_| true).is_none());
    }
}
