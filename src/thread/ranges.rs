//! The items of a map that no thread has begun, and which thread does them next.
//!
//! # The words
//! One `AtomicU64` for each thread that takes part, its *interval*: `from` (bits 0 to 31) and `to` (bits 32 to 63). The
//! items `from .. to` are done next by the thread that holds the interval. At first interval 0 has all of them.
//!
//! # Transitions
//! | change | by | method | ordering |
//! |---|---|---|---|
//! | `from` up by a share of the interval | the holder | [`Ranges::next`] | Relaxed |
//! | `to` down to the middle | the holder of another interval, which is empty | [`Ranges::next`] | Relaxed |
//! | empty to the stolen items less the first share | its holder | [`Ranges::next`] | Relaxed |
//! | to empty | a thread that panics | [`Ranges::clear`] | Relaxed |
//!
//! The words publish nothing: the join around a map hands on what belongs to an item.
//!
//! A share is large while much is left, and single items at the end, so that all threads finish together wherever the
//! expensive items are.
//!
//! # Guarantees
//! Each item is given out at most once; unless a thread clears, exactly once. Lock-free. A word that returns to an earlier value
//! has the same items in it again, so an exchange that succeeds late is right too. Between the two steps of a theft another
//! thread may find nothing and leave; the thief does these items itself.
//! Models: `verify/src/scenarios/ranges.rs`.

use crate::sync;
use crate::sync::atomic::{AtomicU64, Ordering::*};
use crossbeam_utils::CachePadded;
use std::ops::Range;

const TO: u32 = 32;
/// A share is this part of an interval: an eighth (the benches W5 and W5s).
const SHARE: u32 = sync::bound(8, 2) as u32;

/// A copy of one interval.
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

    /// The items before `at`, and those from `at` on.
    fn split(self, at: u32) -> (Self, Self) {
        (Self::new(self.from(), at), Self::new(at, self.to()))
    }

    /// What its holder does next, at least one item and at most `most`, and the rest.
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
    intervals: Box<[CachePadded<AtomicU64>]>,
    /// The most items of a share.
    most: u32,
}

impl Ranges {
    /// `items` items, given out in shares of at most `most`, for at most `threads` threads.
    pub fn new(items: u32, most: u32, threads: usize) -> Self {
        let interval = |index| {
            let to = if index == 0 { items } else { 0 };
            CachePadded::new(AtomicU64::new(Interval::new(0, to).0))
        };
        let intervals = (0..threads).map(interval).collect();
        Self { intervals, most }
    }

    /// How many threads can take part.
    pub fn threads(&self) -> usize {
        self.intervals.len()
    }

    /// What the holder of interval `index` does next. If its interval is empty, it steals the later half of the longest one.
    /// `None`: there is nothing left to take.
    pub fn next(&self, index: usize) -> Option<Range<u32>> {
        let own = &self.intervals[index];
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

    /// Takes from the longest interval into `own`, which is empty.
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
                // ORDERING: ranges.keep Relaxed: see the module. No thread takes from an empty interval.
                own.swap(rest.0, Relaxed);
                return Some(share.range());
            }
        }
    }

    /// The interval with the most items, if one has any.
    fn longest(&self) -> Option<(&AtomicU64, Interval)> {
        let intervals = self.intervals.iter().map(|interval| {
            // ORDERING: ranges.look Relaxed: the exchange decides.
            (&**interval, Interval(interval.load(Relaxed)))
        });
        intervals
            .max_by_key(|(_, now)| now.len())
            .filter(|(_, now)| now.len() > 0)
    }

    /// Is nothing left to take? A hint.
    pub fn is_empty(&self) -> bool {
        self.longest().is_none()
    }

    /// Removes what is left to take. A thief between its two steps still does what it has stolen.
    pub fn clear(&self) {
        for interval in &self.intervals {
            // ORDERING: ranges.clear Relaxed: see the module.
            interval.swap(Interval::new(0, 0).0, Relaxed);
        }
    }
}
