//! The handoff slot of a searching worker: a task put into it starts without passing through a queue, and without a
//! wake-up.
//!
//! # The word
//! One `AtomicPtr` with three states:
//!
//! - `CLOSED` (null): the owner does something else than search.
//! - `OPEN`: the owner searches; the slot is empty.
//! - a task: it belongs to the thread that takes it out, the owner or a thief.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | closed | open | owner | [`HandoffSlot::open`] | Relaxed |
//! | open | task | submitter | [`HandoffSlot::offer`] | Release |
//! | task | closed | thief: another searching worker, or the thread that cancels what is queued | [`HandoffSlot::steal`] | Acquire |
//! | any | closed | owner | [`HandoffSlot::close`] | Acquire |
//!
//! The owner opens its slot when it begins to search. It closes the slot before it does anything else: before it runs
//! what it found, parks or ends. So a task stays in the slot for some nanoseconds, or for as long as the owner is
//! descheduled, and then thieves find it there.
//!
//! Order: a submitter uses the slot only while the injector is empty (`Shared::try_handoff`), and the owner closes its slot
//! before it takes anything from the injector. So in a pool of one worker, tasks of one submitter start in order
//! (`docs/protocols/handoff-slot.md`).
//!
//! # Guarantees
//! A task that [`HandoffSlot::offer`] accepted is taken exactly once. Every method is wait-free.
//! Models: `verify/src/scenarios/handoff.rs`.

use crate::sync::atomic::{AtomicPtr, Ordering::*};
use std::ptr::{self, NonNull};

/// The `OPEN` state.
fn open<T>() -> *mut T {
    ptr::without_provenance_mut(1)
}

/// See the module. It holds a pointer and does not own what it points to.
pub struct HandoffSlot<T>(AtomicPtr<T>);

impl<T> HandoffSlot<T> {
    pub fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// The owner opens its slot, which is closed.
    pub fn open(&self) {
        // ORDERING: handoff.open Relaxed: it publishes nothing else.
        let old = self.0.swap(open(), Relaxed);
        debug_assert!(old.is_null(), "a handoff slot was opened twice");
    }

    /// A submitter puts a task into the slot. `Err` returns it: the slot is closed, or holds a task already.
    #[inline]
    pub fn offer(&self, item: NonNull<T>) -> Result<(), NonNull<T>> {
        // ORDERING: handoff.offer Release -> pairs with handoff.close and handoff.steal: the task.
        match self
            .0
            .compare_exchange(open(), item.as_ptr(), Release, Relaxed)
        {
            Ok(_) => Ok(()),
            Err(_) => Err(item),
        }
    }

    /// Is it open and empty? For the owner, `false` means that a task was offered. For other threads it is a hint, which
    /// spares an exchange that would fail.
    #[inline]
    pub fn is_open(&self) -> bool {
        // ORDERING: handoff.is-open Relaxed: the owner then closes the slot and acquires the task; other threads offer by an
        // exchange.
        self.0.load(Relaxed) == open()
    }

    /// The owner closes its slot and takes the task in it, if there is one.
    pub fn close(&self) -> Option<NonNull<T>> {
        // ORDERING: handoff.close Acquire -> pairs with handoff.offer: the task.
        let old = self.0.swap(ptr::null_mut(), Acquire);
        if old == open() {
            None
        } else {
            NonNull::new(old)
        }
    }

    /// A thief takes a task that the owner has not taken yet. The slot is then closed.
    pub fn steal(&self) -> Option<NonNull<T>> {
        // ORDERING: handoff.steal-hint Relaxed: the exchange decides.
        let now = self.0.load(Relaxed);
        if now.is_null() || now == open() {
            return None;
        }
        // ORDERING: handoff.steal Acquire -> pairs with handoff.offer: the task.
        self.0
            .compare_exchange(now, ptr::null_mut(), Acquire, Relaxed)
            .ok()
            .and_then(NonNull::new)
    }
}
