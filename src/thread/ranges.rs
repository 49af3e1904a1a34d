//! Which items of a map nobody has begun, and whose turn they are.
//!
//! # The words
//! One `AtomicU64` for each *place*: `from` (32 bits, at the bottom) and `to` (32). The items `from .. to` are there,
//! next to be done by the thread that holds the place. At first all of them are at place 0.
//!
//! # Transitions
//! | step | by | method | ordering |
//! |---|---|---|---|
//! | `from` up by a share of what is there | the holder | [`Ranges::next`] | Relaxed |
//! | `to` down to the middle | the holder of another, empty place | [`Ranges::next`] | Relaxed |
//! | empty to what was stolen, without a share of it | its holder | [`Ranges::next`] | Relaxed |
//! | to empty | anybody | [`Ranges::clear`] | Relaxed |
//!
//! A share is large while much is left, and single items in the end, so that all finish together wherever the dear
//! ones lie.
//!
//! Guarantees: each item is given out once, and all of them are unless somebody clears; lock-free. A word that comes
//! back to an earlier value has the same items in it again, so an exchange that succeeds late is right too. A thief that
//! has items in hand, between its two steps, may let another find nothing and leave; it does those itself.
//! The words publish nothing: what belongs to an item is handed on by the join around it.
//! Models: `verify/src/scenarios/ranges.rs`.

use crate::sync;
use crate::sync::atomic::{AtomicU64, Ordering::*};
use crossbeam_utils::CachePadded;
use std::ops::Range;

const TO: u32 = 32;
/// The part of a range that is taken at a time (the benches W5 and W5s).
const SHARE: u32 = sync::bound(8, 2) as u32;

/// The items of one place.
#[derive(Clone, Copy)]
struct Interval(u64);

impl Interval {
    fn new(from: u32, to: u32) -> Self {
        Self(u64::from(to) << TO | u64::from(from))
    }

    fn from(self) -> u32 {
        self.0 as u32
    }

    fn to(self) -> u32 {
        (self.0 >> TO) as u32
    }

    fn len(self) -> u32 {
        self.to() - self.from()
    }

    /// Before and from `at` on.
    fn split(self, at: u32) -> (Self, Self) {
        (Self::new(self.from(), at), Self::new(at, self.to()))
    }

    /// What its holder does next, at most so many and at least one, and the rest.
    fn share(self, most: u32) -> (Self, Self) {
        let count = (self.len() / SHARE).clamp(1, most);
        self.split(self.from() + count)
    }

    /// What a thief leaves, and what it takes: the later half, and at least one item.
    fn halves(self) -> (Self, Self) {
        self.split(self.from() + self.len() / 2)
    }

    fn range(self) -> Range<u32> {
        self.from()..self.to()
    }
}

/// See the module.
pub struct Ranges {
    places: Box<[CachePadded<AtomicU64>]>,
    most: u32,
}

impl Ranges {
    /// So many items, at most `most` of them at a time, for at most so many threads.
    pub fn new(items: u32, most: u32, places: usize) -> Self {
        let span = |place| {
            let all = if place == 0 { items } else { 0 };
            CachePadded::new(AtomicU64::new(Interval::new(0, all).0))
        };
        let places = (0..places).map(span).collect();
        Self { places, most }
    }

    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// What the holder of this place does next, if need be out of another's. `None`: there is nothing left to take.
    pub fn next(&self, place: usize) -> Option<Range<u32>> {
        let own = &self.places[place];
        // ORDERING: ranges.own Relaxed: the exchange decides.
        let mut now = Interval(own.load(Relaxed));
        while now.len() > 0 {
            let (share, rest) = now.share(self.most);
            // ORDERING: ranges.next Relaxed: see the module.
            match own.compare_exchange(now.0, rest.0, Relaxed, Relaxed) {
                Ok(_) => return Some(share.range()),
                Err(seen) => now = Interval(seen),
            }
        }
        self.steal(own)
    }

    #[cold]
    fn steal(&self, own: &AtomicU64) -> Option<Range<u32>> {
        loop {
            let (victim, now) = self.longest()?;
            let (left, taken) = now.halves();
            // ORDERING: ranges.steal Relaxed: see the module.
            if victim
                .compare_exchange(now.0, left.0, Relaxed, Relaxed)
                .is_ok()
            {
                let (share, rest) = taken.share(self.most);
                // ORDERING: ranges.keep Relaxed: see the module. Nobody takes from an empty place.
                own.swap(rest.0, Relaxed);
                return Some(share.range());
            }
        }
    }

    /// The place with the most items, if one has any.
    fn longest(&self) -> Option<(&AtomicU64, Interval)> {
        let places = self.places.iter().map(|place| {
            // ORDERING: ranges.look Relaxed: the exchange decides.
            (&**place, Interval(place.load(Relaxed)))
        });
        places
            .max_by_key(|(_, span)| span.len())
            .filter(|(_, span)| span.len() > 0)
    }

    /// Is nothing left to take? A hint.
    pub fn is_empty(&self) -> bool {
        self.longest().is_none()
    }

    /// Nothing is left to take, but for what a thief has in its hands just now.
    pub fn clear(&self) {
        for place in &self.places {
            // ORDERING: ranges.clear Relaxed: see the module.
            place.swap(Interval::new(0, 0).0, Relaxed);
        }
    }
}
