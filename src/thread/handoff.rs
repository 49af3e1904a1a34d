//! The open hand of a searching worker: a task put into it starts without passing any queue.
//!
//! # The word
//! An `AtomicPtr`: `CLOSED` (null), `OPEN`, or the task.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | closed | open | owner | [`HandoffSlot::open`] | Relaxed |
//! | open | task | who submits | [`HandoffSlot::offer`] | Release |
//! | task | closed | thief | [`HandoffSlot::steal`] | Acquire |
//! | any | closed | owner | [`HandoffSlot::close`] | Acquire |
//!
//! Who submits offers only while nothing waits in the inbox (`Shared::hand_over`), and the owner closes its hand before it
//! takes anything from there: what one thread submits comes to the only worker of a pool in order.
//!
//! The owner opens its hand only while it searches and closes it before it does anything else, so
//! a task in it waits for some nanoseconds; if the owner was just taken off its core, thieves find
//! the task here. Guarantees: a task offered is taken exactly once; wait-free.
//! Models: `verify/models/hand.rs`.

use crate::sync::atomic::{AtomicPtr, Ordering::*};
use std::ptr::{self, NonNull};

fn open<T>() -> *mut T {
    ptr::without_provenance_mut(1)
}

/// See the module. Holds a pointer, and does not own what it points to.
pub struct HandoffSlot<T>(AtomicPtr<T>);

impl<T> HandoffSlot<T> {
    pub fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// The owner opens its closed hand.
    pub fn open(&self) {
        // ORDERING: handoff.open Relaxed: it tells nothing but itself.
        let old = self.0.swap(open(), Relaxed);
        debug_assert!(old.is_null(), "a hand was opened twice");
    }

    /// Puts a task into an open hand; gives it back if it is not open.
    #[inline]
    pub fn offer(&self, item: NonNull<T>) -> Result<(), NonNull<T>> {
        // ORDERING: handoff.shared_job Release -> pairs with handoff.close and handoff.steal: the task.
        match self
            .0
            .compare_exchange(open(), item.as_ptr(), Release, Relaxed)
        {
            Ok(_) => Ok(()),
            Err(_) => Err(item),
        }
    }

    /// Is it open and empty? For others than its owner a hint, which spares an exchange that would fail.
    #[inline]
    pub fn is_open(&self) -> bool {
        // ORDERING: handoff.poll Relaxed: the owner then closes the hand and acquires the task; others offer by an exchange.
        self.0.load(Relaxed) == open()
    }

    /// The owner closes its hand; what lay in it.
    pub fn close(&self) -> Option<NonNull<T>> {
        // ORDERING: handoff.close Acquire -> pairs with handoff.shared_job: the task.
        let old = self.0.swap(ptr::null_mut(), Acquire);
        if old == open() {
            None
        } else {
            NonNull::new(old)
        }
    }

    /// Takes a task that the owner has not taken yet.
    pub fn steal(&self) -> Option<NonNull<T>> {
        // ORDERING: handoff.steal-hint Relaxed: the exchange decides.
        let now = self.0.load(Relaxed);
        if now.is_null() || now == open() {
            return None;
        }
        // ORDERING: handoff.steal Acquire -> pairs with handoff.shared_job: the task.
        self.0
            .compare_exchange(now, ptr::null_mut(), Acquire, Relaxed)
            .ok()
            .and_then(NonNull::new)
    }
}
