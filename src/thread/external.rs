//! ExternalJoiners: threads from outside that take part in a join of their own.
//!
//! # The words
//! [`ExternalJoiners::offers`]: as many offers as there are workers, each null or one job. They are nobody's own: a
//! guest puts its job into any that is empty, and one exchange decides as ever (see [`super::join`]). More would not
//! find a worker with time for them. `here`: how many guests are at work.
//!
//! A guest that finds no place keeps its job, and tries again whenever it looks around. One that has offered its job may not
//! look around again before it is done: a worker that has announced its sleep looks at the offers ([`ExternalJoiners::look`]), and
//! a guest that came too late for this look finds the announcement.
//! Models: `verify/src/scenarios/join.rs`.

use super::join::SharedJob;
use crate::sync::atomic::{AtomicU32, Ordering::*};
use crossbeam_utils::CachePadded;

/// See the module.
pub struct ExternalJoiners {
    offers: Box<[CachePadded<SharedJob>]>,
    here: CachePadded<AtomicU32>,
}

impl ExternalJoiners {
    pub fn new(workers: usize) -> Self {
        Self {
            offers: (0..workers)
                .map(|_| CachePadded::new(SharedJob::new()))
                .collect(),
            here: CachePadded::new(AtomicU32::new(0)),
        }
    }

    pub fn offers(&self) -> impl Iterator<Item = &SharedJob> {
        self.offers.iter().map(|offer| &**offer)
    }

    /// A guest is at work.
    pub fn enter(&self) {
        // ORDERING: external_joiners.enter Acquire -> pairs with external_joiners.look: a sleep that was announced before.
        self.here.fetch_add(1, Acquire);
    }

    /// It is done, or waits for a thief.
    pub fn leave(&self) {
        // ORDERING: external_joiners.leave Relaxed: a hint.
        self.here.fetch_sub(1, Relaxed);
    }

    /// For a worker that has announced its sleep: is a half on offer? It cannot miss one whose guest did not see the
    /// announcement.
    pub fn look(&self) -> bool {
        // ORDERING: external_joiners.look Release -> pairs with external_joiners.enter: our announcement. An addition of zero, so that it
        // reads the newest count.
        self.here.fetch_add(0, Release) > 0 && self.offers().any(SharedJob::look)
    }

    /// A hint.
    pub fn count(&self) -> usize {
        // ORDERING: external_joiners.count Relaxed: a hint.
        self.here.load(Relaxed) as usize
    }
}
