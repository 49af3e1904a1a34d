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
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// The queues of one process. Never freed.
struct Registry {
    generation: u32,
    queues: Mutex<Queues>,
}

#[derive(Default)]
struct Queues {
    /// Those that the process has made, while they have ends anywhere: a worker may keep an end when the process has none any more.
    made: Vec<Arc<Side>>,
    /// Those of its parent, while it has ends of them.
    joined: Vec<Weak<Side>>,
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
            queues: Mutex::default(),
        }));
        // ORDERING: registry.begin Release -> pairs with registry.look: the registry.
        let begun = REGISTRY.compare_exchange(old, fresh, Ordering::Release, Ordering::Relaxed);
        if begun.is_err() {
            // SAFETY: made above, and no other thread has seen it.
            drop(unsafe { Box::from_raw(fresh) });
        }
    }
}

fn lock(registry: &Registry) -> MutexGuard<'_, Queues> {
    let queues = registry.queues.lock();
    queues.unwrap_or_else(PoisonError::into_inner)
}

/// Adds a queue that this process has made.
pub fn add_made(side: &Arc<Side>) {
    lock(begin()).made.push(Arc::clone(side));
}

/// Adds a queue of the parent.
pub fn add_joined(side: &Arc<Side>) {
    let joined = &mut lock(begin()).joined;
    joined.retain(|side| side.strong_count() > 0);
    joined.push(Arc::downgrade(side));
}

/// A queue of the parent that this process has joined.
pub fn find_joined(is_it: impl Fn(&Side) -> bool) -> Option<Arc<Side>> {
    let queues = lock(current()?);
    let mut joined = queues.joined.iter().filter_map(Weak::upgrade);
    joined.find(|side| is_it(side))
}

/// Forgets the queues that have no ends any more.
pub fn forget_unused() {
    let Some(registry) = current() else {
        return;
    };
    let made = &mut lock(registry).made;
    let unused = made.extract_if(.., |side| !side.queue.has_ends());
    let unused: Vec<_> = unused.collect();
    // Unmapping takes a while.
    drop(unused);
}

/// Tells all queues that a worker is dead. Called by the supervisor, before the process id can come again. Does not block for another
/// process.
pub fn worker_ended(pid: u32) {
    let Some(registry) = current() else {
        return;
    };
    let made = lock(registry).made.clone();
    for side in &made {
        side.queue.recover(pid);
    }
    drop(made);
    forget_unused();
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
