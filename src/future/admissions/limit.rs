//! The limit on queued tasks: a counter of free places, on which submitters can sleep.
//!
//! A task from outside takes a place before it is queued; the thread that starts or cancels it returns the place ([`Admissions`](super::Admissions)).
//! Tasks that the pool's own tasks spawn need none.
//!
//! # The word
//! One `AtomicU32`, which is also the futex:
//!
//! | bits | field | meaning |
//! |---|---|---|
//! | 31 | `CLOSED` | the pool has ended: there are no more places |
//! | 30 | `WAITING` | a submitter may be asleep on the word |
//! | 0 to 29 | `FREE` | how many places are free |
//!
//! # Transitions
//! | change | by | method | ordering |
//! |---|---|---|---|
//! | `FREE - 1` | submitter | [`QueueLimit::try_take`], [`QueueLimit::take`] | Relaxed |
//! | `WAITING` on, then sleep: no place is free | submitter | [`QueueLimit::take`] | Relaxed |
//! | `FREE + 1`, `WAITING` off, wake all | the thread that starts or cancels the task | [`QueueLimit::give`] | Relaxed |
//! | `CLOSED` on, wake all | the thread that closes the pool | [`QueueLimit::close`] | Relaxed |
//!
//! All steps are Relaxed: a place is a number, and nothing else is published with it.
//!
//! # Guarantees
//! At no time do more tasks hold a place than the limit allows. A sleeper is woken by the next free place or by the end of the pool.
//! Models: `verify/src/scenarios/limit.rs`.

use crate::sync::atomic::{AtomicU32, Ordering::*};
use crate::sync::futex;

const WAITING: u32 = 1 << 30;
const CLOSED: u32 = 1 << 31;
const FREE: u32 = WAITING - 1;

/// The largest limit. A larger setting is cut to it.
pub const MOST: usize = FREE as usize;

/// The result of asking for a place.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// The caller has a place; [`QueueLimit::give`] returns it.
    Taken,
    /// No place is free.
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

    /// Takes a place, or says at once why there is none. Never blocks.
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
            // ORDERING: limit.take Relaxed: an exchange, so that no two threads take the same place.
            match self.0.compare_exchange(now, now - 1, Relaxed, Relaxed) {
                Ok(_) => return Admission::Taken,
                Err(seen) => now = seen,
            }
        }
    }

    /// Takes a place, and sleeps until one is free or the pool is closed. Never returns [`Admission::Full`].
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
            // WAKE: the other ends are QueueLimit::give, which sees WAITING, and QueueLimit::close. Both change the word, so the
            // futex does not sleep on a word that they have passed.
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

    /// Returns a place. If a submitter may be asleep, wakes all of them; those that find no place set `WAITING` again.
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
            // WAKE: the other end is QueueLimit::take.
            futex::wake_all(&self.0);
        }
    }

    /// From here on there are no places. Submitters that sleep wake up and get [`Admission::Closed`].
    pub fn close(&self) {
        // ORDERING: limit.close Relaxed: as limit.take.
        self.0.fetch_or(CLOSED, Relaxed);
        // WAKE: the other end is QueueLimit::take.
        futex::wake_all(&self.0);
    }
}
