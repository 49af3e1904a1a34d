//! Guests: threads from outside that take part in a join of their own.
//!
//! # The words
//! [`Guests::offers`]: as many offers as there are workers, each null or one job. They are nobody's own: a
//! guest puts its job into any that is empty, and one exchange decides as ever (see [`super::join`]). More would not
//! find a worker with time for them. `here`: how many guests are at work.
//!
//! A guest that finds no place keeps its job, and tries again whenever it looks around. One that has offered its job may not
//! look around again before it is done: a worker that has announced its sleep looks at the offers ([`Guests::look`]), and
//! a guest that came too late for this look finds the announcement.
//! Models: `verify/src/scenarios/join.rs`.

use super::join::Offer;
use crate::sync::atomic::{AtomicU32, Ordering::*};
use crossbeam_utils::CachePadded;

/// See the module.
pub struct Guests {
    offers: Box<[CachePadded<Offer>]>,
    here: CachePadded<AtomicU32>,
}

impl Guests {
    pub fn new(workers: usize) -> Self {
        Self {
            offers: (0..workers)
                .map(|_| CachePadded::new(Offer::new()))
                .collect(),
            here: CachePadded::new(AtomicU32::new(0)),
        }
    }

    pub fn offers(&self) -> impl Iterator<Item = &Offer> {
        self.offers.iter().map(|offer| &**offer)
    }

    /// A guest is at work.
    pub fn enter(&self) {
        // ORDERING: guests.enter Acquire -> pairs with guests.look: a sleep that was announced before.
        self.here.fetch_add(1, Acquire);
    }

    /// It is done, or waits for a thief.
    pub fn leave(&self) {
        // ORDERING: guests.leave Relaxed: a hint.
        self.here.fetch_sub(1, Relaxed);
    }

    /// For a worker that has announced its sleep: is a half on offer? It cannot miss one whose guest did not see the
    /// announcement.
    pub fn look(&self) -> bool {
        // ORDERING: guests.look Release -> pairs with guests.enter: our announcement. An addition of zero, so that it
        // reads the newest count.
        self.here.fetch_add(0, Release) > 0 && self.offers().any(Offer::look)
    }

    /// A hint.
    pub fn count(&self) -> usize {
        // ORDERING: guests.count Relaxed: a hint.
        self.here.load(Relaxed) as usize
    }
}
