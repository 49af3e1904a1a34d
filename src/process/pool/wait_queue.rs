//! The wait queue of a lane: the threads that sleep for its replies or for its capacity. One of them, the *leader*, sleeps on the
//! lane's event words, which the worker notifies. The *followers* sleep on a word of their own each. (The leader/follower pattern;
//! Schmidt et al., "Leader/Followers".)
//!
//! # Why
//! The worker notifies one waiter, and a waiter must not depend on a thread that may run code of the user. So a thread leads only
//! while it checks and sleeps, never while it completes tasks. When it leaves the queue, the same step makes a follower the
//! leader.
//!
//! # The words
//! Under one lock: what the leader waits for, and the followers, oldest first. Each waiter has a word, `notified`. It is written
//! under the lock, and a follower sleeps on it.
//!
//! # States of a waiter
//! | `notified` | in the queue | means |
//! |---|---|---|
//! | `ASLEEP` | yes | it follows |
//! | `RECHECK` | no | what it waits for may have come |
//! | `LEADER` | no | it leads |
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | - | `LEADER`, if there is no leader | a waiter | [`WaitQueue::enqueue`], [`enqueue_all`] | the lock |
//! | - | `ASLEEP`, if there is one | a waiter | [`WaitQueue::enqueue`], [`enqueue_all`] | the lock |
//! | `ASLEEP` | `RECHECK` | a thread that completes, moves or fails the task, or that makes capacity | [`WaitQueue::notify`], [`WaitQueue::notify_all`] | the lock, Release |
//! | `ASLEEP` | `LEADER` | the leader that leaves | the drop of its [`Queued`] | the lock, Release |
//! | any | - | the waiter; if it leads, the oldest follower becomes the leader | the drop of its [`Queued`] | the lock |
//!
//! # Guarantees
//! - While there is a follower, there is a leader.
//! - A waiter does not miss a notification that is sent after it has entered the queue: it checks its condition once more before it
//!   sleeps, and the lock orders its entry and the notification.
//! - Blocking: the lock is held for a few steps. No thread sleeps and no user code runs under it.
//!
//! Models: `verify/src/scenarios/remote.rs`.

use crate::future::raw_task::RawTask;
use crate::sync::atomic::{AtomicU32, Ordering::*};
use crate::sync::{FutexWait, Mutex, Watched, futex};
use std::collections::VecDeque;
use std::ptr::NonNull;
use std::time::Instant;

const ASLEEP: u32 = 0b00;
const RECHECK: u32 = 0b01;
const LEADER: u32 = 0b10;

/// What a thread sleeps for. The cell is compared, never read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WaitFor {
    /// The end of this task.
    Task(RawTask),
    /// Capacity for another task.
    Capacity,
}

struct Waiter {
    wait_for: WaitFor,
    notified: AtomicU32,
}

impl Waiter {
    fn new(wait_for: WaitFor) -> Self {
        Self {
            wait_for,
            notified: AtomicU32::new(ASLEEP),
        }
    }

    fn notified(&self) -> u32 {
        // ORDERING: notified.read Acquire -> pairs with notified.write: what the notifying thread did.
        self.notified.load(Acquire)
    }

    fn notify(&self, what: u32) {
        // ORDERING: notified.write Release -> pairs with notified.read.
        self.notified.swap(what, Release);
        // WAKE: the other end is `Queued::sleep` or `Queued::watched`, of one thread.
        futex::wake_one(&self.notified);
    }
}

/// The state of the queue, under its lock.
#[derive(Default)]
struct Waiters {
    /// What the leader waits for. `None`: there is no leader.
    leader: Option<WaitFor>,
    followers: VecDeque<NonNull<Waiter>>,
}

// SAFETY: a waiter leaves the queue, under its lock, before it is dropped.
unsafe impl Send for Waiters {}

impl Waiters {
    /// The leader leaves: the oldest follower becomes the leader.
    fn pass_on(&mut self) {
        self.leader = None;
        if let Some(next) = self.followers.pop_front() {
            // SAFETY: it is in the queue, and so alive.
            let next = unsafe { next.as_ref() };
            self.leader = Some(next.wait_for);
            next.notify(LEADER);
        }
    }

    /// Wakes the followers that match, and takes them out of the queue.
    fn notify(&mut self, is_match: impl Fn(WaitFor) -> bool) {
        self.followers.retain(|follower| {
            // SAFETY: it is in the queue, and so alive.
            let follower = unsafe { follower.as_ref() };
            let matched = is_match(follower.wait_for);
            if matched {
                follower.notify(RECHECK);
            }
            !matched
        });
    }
}

/// See the module.
#[derive(Default)]
pub struct WaitQueue(Mutex<Waiters>);

impl WaitQueue {
    /// Enters the queue, runs `f`, and leaves the queue. `f` must not run code of the user.
    pub fn enqueue<R>(&self, wait_for: WaitFor, f: impl FnOnce(&Queued<'_>) -> R) -> R {
        let waiter = Waiter::new(wait_for);
        // SAFETY: `f` gets a shared borrow, so the `Queued` is dropped here, before the waiter.
        f(&unsafe { self.push(&waiter) })
    }

    /// Enters the queue, as the leader if there is none. Dropping the result leaves the queue.
    ///
    /// # Safety
    /// The result is dropped before the waiter is.
    unsafe fn push<'a>(&'a self, waiter: &'a Waiter) -> Queued<'a> {
        let mut waiters = self.0.lock();
        if waiters.leader.is_none() {
            waiters.leader = Some(waiter.wait_for);
            // ORDERING: notified.first Relaxed: its own thread writes and reads it.
            waiter.notified.swap(LEADER, Relaxed);
        } else {
            waiters.followers.push_back(NonNull::from(waiter));
        }
        drop(waiters);
        Queued {
            queue: self,
            waiter,
        }
    }

    /// For a model of a broken queue: enters a leader that does not exist.
    #[cfg(any(raddle_loom, raddle_shuttle))]
    pub fn pretend_leader(&self) {
        self.0.lock().leader = Some(WaitFor::Capacity);
    }

    /// Wakes the followers that wait for this. `true`: the leader waits for it, too, and the caller has to notify the lane's event
    /// word.
    #[must_use]
    pub fn notify(&self, wait_for: WaitFor) -> bool {
        let mut waiters = self.0.lock();
        waiters.notify(|other| other == wait_for);
        waiters.leader == Some(wait_for)
    }

    /// Wakes all followers. The caller notifies the lane's event word for the leader.
    pub fn notify_all(&self) {
        self.0.lock().notify(|_| true);
    }
}

/// Enters several queues, runs `f`, and leaves them. `f` must not run code of the user.
pub fn enqueue_all<'a, R>(
    queues: impl ExactSizeIterator<Item = &'a WaitQueue>,
    wait_for: WaitFor,
    f: impl FnOnce(&[Queued<'_>]) -> R,
) -> R {
    let waiters: Box<[Waiter]> = (0..queues.len()).map(|_| Waiter::new(wait_for)).collect();
    let queued = queues.zip(&waiters);
    // SAFETY: as in `enqueue`: made after the waiters, these are dropped before them.
    let queued: Vec<Queued<'_>> = queued
        .map(|(queue, waiter)| unsafe { queue.push(waiter) })
        .collect();
    f(&queued)
}

/// A thread's entry in a wait queue. Dropping it leaves the queue.
pub struct Queued<'a> {
    queue: &'a WaitQueue,
    waiter: &'a Waiter,
}

impl Queued<'_> {
    /// Is this thread the leader? A follower may become the leader at any time.
    pub fn is_leader(&self) -> bool {
        self.waiter.notified() == LEADER
    }

    /// The word of a follower, for a thread that sleeps on several words.
    pub fn watched(&self) -> Watched<'_> {
        // WAKE: the other end is `Waiter::notify`.
        Watched::own(&self.waiter.notified, ASLEEP)
    }

    /// A follower's sleep, until it is notified or the deadline has passed.
    pub fn sleep(&self, deadline: Option<Instant>) -> FutexWait {
        loop {
            if self.waiter.notified() != ASLEEP {
                return FutexWait::Changed;
            }
            // WAKE: the other end is `Waiter::notify`.
            if futex::wait(&self.waiter.notified, ASLEEP, deadline) == FutexWait::TimedOut {
                return FutexWait::TimedOut;
            }
        }
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        let mut waiters = self.queue.0.lock();
        match self.waiter.notified() {
            LEADER => waiters.pass_on(),
            ASLEEP => {
                let me = NonNull::from(self.waiter);
                waiters.followers.retain(|&other| other != me);
            }
            _ => {}
        }
    }
}
