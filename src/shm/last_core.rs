//! On which core one side of a lane was seen last: whether a spin of the other side would keep it from running.
//!
//! # The word
//! 0: unknown. `EVERY`: on whatever core the other side is, there is no other one. Else the core's number, plus 1. Each
//! side writes the word in its own file, when it sleeps, wakes the other side, or begins to spin: never on a way on which
//! it has nothing to wait for. The other side looks when it would begin to spin.
//!
//! # Why it is enough
//! It is a hint, and by the time that it is read the writer may be elsewhere. Who takes it for true and sleeps where it could
//! have spun is woken, and the wake brings the word up to date: two that share a core for once do not stay away from
//! spinning when they no longer do. Who spins in vain does so once, for the same reason.

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

    /// This thread stands for its side from now on.
    pub fn note(&self) {
        let Some(mine) = current() else {
            return;
        };
        // ORDERING: last_core.before Relaxed: a hint. While it is right the line stays where it is.
        let before = self.0.load(Relaxed);
        if before != mine && before != EVERY {
            // ORDERING: last_core.note Relaxed: as last_core.before.
            self.0.store(mine, Relaxed);
        }
    }

    /// Both sides together have no more than one core at a time, wherever they are.
    pub fn note_every(&self) {
        // ORDERING: last_core.every Relaxed: before the lane has a worker.
        self.0.store(EVERY, Relaxed);
    }

    /// Was it seen on the core of this thread?
    pub fn is_mine(&self) -> bool {
        // ORDERING: last_core.look Relaxed: a hint.
        let seen = self.0.load(Relaxed);
        seen == EVERY || seen != 0 && current() == Some(seen)
    }

    pub fn is_every(&self) -> bool {
        // ORDERING: last_core.is-every Relaxed: as last_core.every.
        self.0.load(Relaxed) == EVERY
    }
}

fn current() -> Option<u32> {
    u32::try_from(affinity::current()?).ok()?.checked_add(1)
}
