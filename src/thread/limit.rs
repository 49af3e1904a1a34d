//! The limit on queued tasks: a counter of free places that submitters can sleep on.
//!
//! # The word
//! One `AtomicU32`, also the futex: free places (30 bits), `WAITING` (somebody may sleep), `CLOSED`.
//!
//! # Transitions
//! | step | by | method | ordering |
//! |---|---|---|---|
//! | free - 1 | who submits | [`QueueLimit::try_take`], [`QueueLimit::take`] | Relaxed |
//! | free + 1, `WAITING` off, wake all | who starts a task | [`QueueLimit::give`] | Relaxed |
//! | `CLOSED` on, wake all | pool | [`QueueLimit::close`] | Relaxed |
//!
//! All Relaxed: a place is a number, and nothing is passed on with it.
//!
//! Guarantees: never more than the limit are queued; a sleeper is woken by the next free place or
//! by the end of the pool. Models: `verify/models/limit.rs`.

use crate::sync::atomic::{AtomicU32, Ordering::*};
use crate::sync::futex;

const WAITING: u32 = 1 << 30;
const CLOSED: u32 = 1 << 31;
const FREE: u32 = WAITING - 1;

/// The largest limit that can be set; a larger one is as good as none.
pub const MOST: usize = FREE as usize;

/// What asking for a place gave.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is taken; [`QueueLimit::give`] returns it.
    Taken,
    /// None is free.
    Full,
    /// The pool has ended.
    Closed,
}

/// See the module.
pub struct QueueLimit(AtomicU32);

impl QueueLimit {
    pub fn new(places: usize) -> Self {
        Self(AtomicU32::new(places.min(MOST) as u32))
    }

    /// Takes a place, or says at once why not.
    pub fn try_take(&self) -> Admission {
        // ORDERING: limit.look Relaxed: the exchange below decides.
        let mut now = self.0.load(Relaxed);
        loop {
            if now & CLOSED != 0 {
                return Admission::Closed;
            }
            if now & FREE == 0 {
                return Admission::Full;
            }
            // ORDERING: limit.take Relaxed: an exchange, so a place is used by one.
            match self.0.compare_exchange(now, now - 1, Relaxed, Relaxed) {
                Ok(_) => return Admission::Taken,
                Err(seen) => now = seen,
            }
        }
    }

    /// Takes a place, sleeping until one is free. Never [`Admission::Full`].
    pub fn take(&self) -> Admission {
        loop {
            match self.try_take() {
                Admission::Full => {}
                other => return other,
            }
            // ORDERING: limit.wait-look Relaxed: the futex compares the word itself.
            let now = self.0.load(Relaxed);
            if now & (FREE | CLOSED) != 0 {
                continue;
            }
            // WAKE: the other ends are QueueLimit::give and QueueLimit::close, which see WAITING.
            // ORDERING: limit.waiting Relaxed: as above.
            if now & WAITING == 0
                && self
                    .0
                    .compare_exchange(now, now | WAITING, Relaxed, Relaxed)
                    .is_err()
            {
                continue;
            }
            futex::wait(&self.0, now | WAITING, None);
        }
    }

    /// Returns a place.
    pub fn give(&self) {
        // ORDERING: limit.give-look Relaxed: the exchange below decides.
        let mut now = self.0.load(Relaxed);
        loop {
            // ORDERING: limit.give Relaxed: as limit.take.
            match self
                .0
                .compare_exchange(now, (now & !WAITING) + 1, Relaxed, Relaxed)
            {
                Ok(_) => break,
                Err(seen) => now = seen,
            }
        }
        if now & WAITING != 0 {
            futex::wake_all(&self.0);
        }
    }

    /// Ends it: nobody gets a place any more, and who waits learns so.
    pub fn close(&self) {
        // ORDERING: limit.close Relaxed: as limit.take.
        self.0.fetch_or(CLOSED, Relaxed);
        futex::wake_all(&self.0);
    }
}
