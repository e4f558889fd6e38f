//! Caches of bounded size: their memory does not grow with the number of questions, and a lost entry
//! costs time only.

use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

/// Maximum number of sets, with two entries each; a power of two.
const MAX_BUCKETS: usize = 1 << 18;

/// Initial number of sets; a power of two.
const INITIAL_BUCKETS: usize = 1 << 8;

/// A value with its number. The number rules out most other values without a look at the value.
type Entry<P> = Option<(u64, P)>;

/// A two-way set-associative cache of up to 2^18 sets. With 100,000 random numbers one value in six shares its
/// set with another value, and few share it with two.
#[derive(Debug)]
pub struct BoundedCache<T>(RefCell<Buckets<Rc<T>>>);

/// As [`BoundedCache`], but shared by threads: each thread finds what the others have put.
#[derive(Debug)]
pub struct SharedCache<T>(Box<[Mutex<Buckets<Arc<T>>>]>);

/// Number of parts of a shared cache, each with its own lock; a power of two.
const PARTS: usize = 1 << 6;

#[derive(Debug)]
struct Buckets<P> {
    /// The sets; their number is zero or a power of two.
    buckets: Vec<[Entry<P>; 2]>,
    /// Number of insertions since the last growth.
    count: usize,
    /// Initial and maximum number of sets.
    bounds: (usize, usize),
}

impl<P: Clone + Deref> Buckets<P> {
    const fn new(first: usize, most: usize) -> Buckets<P> {
        Buckets { buckets: Vec::new(), count: 0, bounds: (first, most) }
    }

    fn bucket(&self, number: u64) -> usize {
        // The numbers are ids or hashes, so their low bits are well spread.
        usize::try_from(number & (self.buckets.len() as u64).wrapping_sub(1)).unwrap_or_default()
    }

    fn get(&self, number: u64, is_sought: impl Fn(&P::Target) -> bool) -> Option<P> {
        let bucket = self.buckets.get(self.bucket(number))?;
        let found = bucket.iter().flatten().find(|(known, kept)| *known == number && is_sought(kept));
        found.map(|(_, kept)| kept.clone())
    }

    /// Grows by a factor of four, up to the maximum, so that few questions need little memory.
    fn grow(&mut self) {
        let (first, most) = self.bounds;
        let length = (self.buckets.len() * 4).clamp(first, most);
        let mut buckets = Vec::with_capacity(length);
        buckets.resize_with(length, || [None, None]);
        let kept = std::mem::replace(&mut self.buckets, buckets);
        self.count = 0;
        for (number, value) in kept.into_iter().flat_map(|[last, before]| [before, last]).flatten() {
            self.insert(number, value);
        }
    }

    fn insert(&mut self, number: u64, value: P) {
        let index = self.bucket(number);
        if let Some([last, before]) = self.buckets.get_mut(index) {
            *before = last.replace((number, value));
            self.count += 1;
        }
    }

    fn put(&mut self, number: u64, value: P) {
        if self.count >= self.buckets.len() && self.buckets.len() < self.bounds.1 {
            self.grow();
        }
        self.insert(number, value);
    }
}

impl<T> BoundedCache<T> {
    /// An empty cache.
    pub const fn new() -> BoundedCache<T> {
        BoundedCache(RefCell::new(Buckets::new(INITIAL_BUCKETS, MAX_BUCKETS)))
    }

    /// The value with this number that `is_sought` accepts.
    pub fn get(&self, number: u64, is_sought: impl Fn(&T) -> bool) -> Option<Rc<T>> {
        self.0.borrow().get(number, is_sought)
    }

    /// Puts a value under its number. If its set is full, the older of the two values is lost.
    pub fn put(&self, number: u64, value: T) -> Rc<T> {
        let value = Rc::new(value);
        self.0.borrow_mut().put(number, Rc::clone(&value));
        value
    }
}

impl<T> Default for BoundedCache<T> {
    fn default() -> BoundedCache<T> {
        BoundedCache::new()
    }
}

impl<T> SharedCache<T> {
    /// An empty cache.
    pub fn new() -> SharedCache<T> {
        SharedCache(
            (0..PARTS).map(|_| Mutex::new(Buckets::new(INITIAL_BUCKETS / PARTS, MAX_BUCKETS / PARTS))).collect(),
        )
    }

    /// Locks the part of a number and applies `look` to it.
    fn look<A>(&self, number: u64, look: impl FnOnce(&mut Buckets<Arc<T>>) -> A) -> Option<A> {
        // The numbers are hashes; their low bits choose the set within the part.
        let part = usize::try_from(number >> 32).unwrap_or_default() & (PARTS - 1);
        // The data stays consistent if a thread panics, so a poisoned lock is safe to use.
        self.0.get(part).map(|part| look(&mut part.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// The value with this number that `is_sought` accepts.
    pub fn get(&self, number: u64, is_sought: impl Fn(&T) -> bool) -> Option<Arc<T>> {
        self.look(number, |buckets| buckets.get(number, is_sought)).flatten()
    }

    /// Puts a value under its number. If its set is full, the older of the two values is lost.
    pub fn put(&self, number: u64, value: T) -> Arc<T> {
        let value = Arc::new(value);
        self.look(number, |buckets| buckets.put(number, Arc::clone(&value)));
        value
    }
}

impl<T> Default for SharedCache<T> {
    fn default() -> SharedCache<T> {
        SharedCache::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_keeps_two_values_and_a_third_replaces_the_older() {
        let (bounded, shared) = (BoundedCache::new(), SharedCache::new());
        // In the same set of both caches: the bits that choose the part are the same.
        let meeting = |nth: u64| 5 + (nth << 40);
        let get = |number: u64| {
            let found = bounded.get(number, |kept| *kept == number).map(|kept| *kept);
            assert_eq!(shared.get(number, |kept| *kept == number).map(|kept| *kept), found);
            found
        };
        for nth in 0..3 {
            assert_eq!(get(meeting(nth)), None);
            assert_eq!(
                (*bounded.put(meeting(nth), meeting(nth)), *shared.put(meeting(nth), meeting(nth))),
                (meeting(nth), meeting(nth))
            );
            assert_eq!(get(meeting(nth)), Some(meeting(nth)));
        }
        assert_eq!([0, 1, 2].map(|nth| get(meeting(nth)).is_some()), [false, true, true]);
    }

    #[test]
    fn growing_keeps_every_value() {
        let (bounded, shared) = (BoundedCache::new(), SharedCache::new());
        // Each in a set of its own, in both caches.
        let spread = |number: u64| number | ((number / (MAX_BUCKETS / PARTS) as u64) << 32);
        for number in (0..MAX_BUCKETS as u64).map(spread) {
            bounded.put(number, number);
            shared.put(number, number);
        }
        for number in (0..MAX_BUCKETS as u64).map(spread) {
            assert!(bounded.get(number, |_| true).is_some_and(|kept| *kept == number));
            assert!(shared.get(number, |_| true).is_some_and(|kept| *kept == number));
        }
        assert_eq!(bounded.0.borrow().buckets.len(), MAX_BUCKETS);
        let lengths = shared.0.iter().map(|part| part.lock().unwrap().buckets.len());
        assert_eq!(lengths.sum::<usize>(), MAX_BUCKETS);
        assert!(bounded.get(spread(MAX_BUCKETS as u64), |_| true).is_none());
        assert!(shared.get(spread(MAX_BUCKETS as u64), |_| true).is_none());
    }
}
