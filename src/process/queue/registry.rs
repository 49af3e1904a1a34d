//! The queues that this process has open, so that the supervisors of its pools can tell them of the death of a worker.
//!
//! This module and [`end`](super::end) import each other: the list has the sides of queues, and a side adds itself to the list.
//!
//! A forked child begins with none. The lock of its parent's list may be held by a thread that the child does not have.

use crate::process::queue::end::Side;
use crate::shm::queue::Holder;
use crate::sync::unmodelled::{AtomicPtr, AtomicU32, Ordering};
use crate::sys::fork;
use crate::sys::pidfd::Child;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The queues of one process. Never freed.
struct Registry {
    generation: u32,
    sides: Mutex<Vec<Weak<Side>>>,
}

/// Null until the first queue.
static REGISTRY: AtomicPtr<Registry> = AtomicPtr::new(ptr::null_mut());

/// The list of this process, if it has one.
fn current() -> Option<&'static Registry> {
    // ORDERING: registry.look Acquire -> pairs with registry.begin: the registry.
    // SAFETY: null, or made by `begin` and never freed.
    let registry = unsafe { REGISTRY.load(Ordering::Acquire).as_ref() };
    registry.filter(|registry| registry.generation == fork::generation())
}

/// The list of this process.
fn begin() -> &'static Registry {
    loop {
        if let Some(registry) = current() {
            return registry;
        }
        // ORDERING: registry.old Relaxed: the exchange decides.
        let old = REGISTRY.load(Ordering::Relaxed);
        let fresh = Box::into_raw(Box::new(Registry {
            generation: fork::generation(),
            sides: Mutex::new(Vec::new()),
        }));
        // ORDERING: registry.begin Release -> pairs with registry.look: the registry.
        let begun = REGISTRY.compare_exchange(old, fresh, Ordering::Release, Ordering::Relaxed);
        if begun.is_err() {
            // SAFETY: made above, and no other thread has seen it.
            drop(unsafe { Box::from_raw(fresh) });
        }
    }
}

/// Adds a queue, until its last handle in this process is dropped.
pub fn add(side: &Arc<Side>) {
    let mut sides = begin().sides.lock().unwrap_or_else(PoisonError::into_inner);
    sides.retain(|side| side.strong_count() > 0);
    sides.push(Arc::downgrade(side));
}

/// The queues of this process.
fn all() -> Vec<Arc<Side>> {
    let Some(registry) = current() else {
        return Vec::new();
    };
    let sides = registry
        .sides
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    sides.iter().filter_map(Weak::upgrade).collect()
}

/// A queue of this process.
pub fn find(is_it: impl Fn(&Side) -> bool) -> Option<Arc<Side>> {
    all().into_iter().find(|side| is_it(side))
}

/// Tells all queues that a worker is dead. Called by the supervisor, before the process id can come again. Does not block for another
/// process.
pub fn worker_ended(pid: u32) {
    for side in all() {
        side.queue.recover(pid);
    }
}

/// A number that no other queue of this process has.
pub fn next_id() -> u64 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    // ORDERING: registry.id Relaxed: only the number matters.
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    u64::from(std::process::id()) << 32 | u64::from(number)
}

/// Judges a process that has the lock of a queue which this process has made. `before` holds the ticks that it had used at an earlier look,
/// and one; 0: there was none.
pub fn judge(pid: u32, before: &mut u64) -> Holder {
    match Child::look(pid, before.checked_sub(1)) {
        Child::No => Holder::Gone,
        Child::Unknown => Holder::Delayed,
        Child::Yes { ticks, had_time } => {
            *before = ticks.saturating_add(1);
            match had_time {
                true => Holder::Alive,
                false => Holder::Delayed,
            }
        }
    }
}
