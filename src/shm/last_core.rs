//! The CPU core on which one side of a lane was seen last. The other side does not spin on that core, because its spin
//! would keep the first side from running.
//!
//! # The word
//! | value | means |
//! |---|---|
//! | 0 | unknown |
//! | `EVERY` | both sides together have one core at a time, so neither ever spins |
//! | other | the number of the core, plus 1 |
//!
//! Each side writes the word in its own file when it sleeps, wakes the other side or begins to spin. It never writes the
//! word on a path without a wait. The other side reads the word before it begins to spin.
//!
//! # Why a hint is enough
//! The writer may have moved to another core before the word is read. Both mistakes last for one wait only:
//! - A side that sleeps although it could have spun is woken, and the wake updates the word. Two sides that meet on one
//!   core and part again can spin again.
//! - A side that spins in vain goes to sleep afterwards, which also updates the word.

use crate::sync::atomic::{AtomicU32, Ordering::*};
use crate::sys::affinity;

const EVERY: u32 = u32::MAX;

/// See the module.
#[repr(transparent)]
pub(super) struct LastCore(AtomicU32);

impl LastCore {
    pub fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Notes the core of the calling thread, which now represents its side.
    pub fn note(&self) {
        let Some(mine) = current() else {
            return;
        };
        // ORDERING: last_core.before Relaxed: a hint. An unchanged value is not written again, so the cache line stays
        // shared.
        let before = self.0.load(Relaxed);
        if before != mine && before != EVERY {
            // ORDERING: last_core.note Relaxed: as last_core.before.
            self.0.store(mine, Relaxed);
        }
    }

    /// Both sides together have no more than one core at a time, whichever core that is.
    pub fn note_every(&self) {
        // ORDERING: last_core.every Relaxed: before the lane has a worker.
        self.0.store(EVERY, Relaxed);
    }

    /// Was that side last seen on the core of the calling thread?
    pub fn is_mine(&self) -> bool {
        // ORDERING: last_core.look Relaxed: a hint.
        let seen = self.0.load(Relaxed);
        seen == EVERY || seen != 0 && current() == Some(seen)
    }

    /// Was [`note_every`](Self::note_every) called?
    pub fn is_every(&self) -> bool {
        // ORDERING: last_core.is-every Relaxed: as last_core.every.
        self.0.load(Relaxed) == EVERY
    }
}

fn current() -> Option<u32> {
    u32::try_from(affinity::current()?).ok()?.checked_add(1)
}
