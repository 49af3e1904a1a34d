//! The event word of one side of a queue: receivers sleep until items arrive, senders until items depart.
//!
//! # The word
//! | bits | hold |
//! |---|---|
//! | 0 | `WAITING`: a thread sleeps on the word, or is about to |
//! | 1 to 31 | how many events there were; it wraps |
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | any | waiting | a thread that found nothing, with the lock held | [`Event::announce`] | Acquire |
//! | waiting | counted, not waiting | a thread that put or got, with the lock held | [`Event::notify`] | Relaxed |
//! | any | counted | a thread that changed the state or the ends, without the lock | [`Event::count`] | Release |
//!
//! # Why no wake is lost
//! An item: both steps are under the lock. Either the waiter comes first, and the other thread finds `WAITING`, changes the word and
//! wakes; or it comes second, and the waiter finds the item before it sleeps.
//!
//! The state: the waiter announces itself and then reads the state. The other thread changes the state and then counts an event. If
//! the waiter's word has that event, the waiter sees the state. If not, the event changes the word and the waiter does not sleep, or is
//! woken.

use crate::sync::atomic::{AtomicU32, Ordering::*};

const WAITING: u32 = 0b1;
const EVENT: u32 = 0b10;

/// The event words of a side as a waiter saw them: that in the shared memory, and the one of this process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    pub(super) shared: u32,
    pub(super) own: u32,
}

#[repr(transparent)]
pub struct Event(AtomicU32);

impl Event {
    pub fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// The word, to sleep on and to wake.
    pub fn word(&self) -> &AtomicU32 {
        &self.0
    }

    /// Announces a waiter, and returns the word that it sleeps on. The waiter checks the state after this.
    pub fn announce(&self) -> u32 {
        // ORDERING: queue_event.announce Acquire -> pairs with queue_event.count: the state and the ends.
        self.0.fetch_or(WAITING, Acquire) | WAITING
    }

    /// Has the word changed? Only a reason to look again.
    pub fn has_changed(&self, seen: u32) -> bool {
        // ORDERING: queue_event.look Relaxed: the waiter looks again under the lock.
        self.0.load(Relaxed) != seen
    }

    /// Counts an event, if a thread waits. True: the caller has to wake all of them. The lock is held.
    #[inline]
    #[must_use]
    pub fn notify(&self) -> bool {
        // ORDERING: queue_event.waiting Relaxed: waiters announce themselves under the lock.
        let mut now = self.0.load(Relaxed);
        while now & WAITING != 0 {
            let next = (now & !WAITING).wrapping_add(EVENT);
            // ORDERING: queue_event.notify Relaxed: the lock publishes the item.
            match self.0.compare_exchange_weak(now, next, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(newer) => now = newer,
            }
        }
        false
    }

    /// Counts an event. The caller wakes all waiters.
    pub fn count(&self) {
        // ORDERING: queue_event.count Release -> pairs with queue_event.announce: the state and the ends.
        self.0.fetch_add(EVENT, Release);
    }
}
