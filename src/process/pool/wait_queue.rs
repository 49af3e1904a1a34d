//! Who sleeps for the answers of a lane: one thread, its *leader*, on the lane's bell, which the worker rings; the
//! others, its *followers*, each on a word of its own.
//!
//! # Why
//! The worker rings for one waiter, and whoever sleeps must not depend on a thread that may be busy with code of the
//! user. So the lead is held only while a thread looks and sleeps, never while it completes tasks, and goes to a
//! follower with the same step in which the leader leaves.
//!
//! # The words
//! Under one lock: whom the leader sleeps for, and the followers, oldest first. Of each waiter one word, `told`: it is
//! written under the lock, and a follower sleeps on it.
//!
//! # States of a waiter
//! | `told` | in the queue | means |
//! |---|---|---|
//! | `ASLEEP` | yes | it follows |
//! | `RECHECK` | no | what it sleeps for may have come |
//! | `LEADER` | no | it leads |
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | - | `LEADER`, if nobody leads | a waiter | [`WaitQueue::enqueue`] | the lock |
//! | - | `ASLEEP`, if somebody does | a waiter | [`WaitQueue::enqueue`] | the lock |
//! | `ASLEEP` | `RECHECK` | whoever completes, moves or makes what it sleeps for | [`WaitQueue::tell`] | the lock, Release |
//! | `ASLEEP` | `LEADER` | the leader that leaves | the end of its place | the lock, Release |
//! | any | - | the waiter; a leader passes the lead on | the end of its place | the lock |
//!
//! # Guarantees
//! While there is a follower, there is a leader. What is told after a waiter has got its place reaches it: before its
//! sleep each looks once more, and the lock orders this look and the telling. Blocking, but for a few steps, under which
//! nobody sleeps and no user code runs.
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

/// What a thread sleeps for. A cell is only compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WaitFor {
    /// The end of this task.
    Task(RawTask),
    /// Room for another task.
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
        // ORDERING: wait_queue.told Acquire -> pairs with wait_queue.tell: what the teller did.
        self.notified.load(Acquire)
    }

    fn notify(&self, what: u32) {
        // ORDERING: wait_queue.tell Release -> pairs with wait_queue.notified.
        self.notified.swap(what, Release);
        // WAKE: the other end is `Queued::sleep` or `Queued::watched`, of one thread.
        futex::wake_one(&self.notified);
    }
}

#[derive(Default)]
struct Waiters {
    leader: Option<WaitFor>,
    followers: VecDeque<NonNull<Waiter>>,
}

// SAFETY: the pointers lead to waiters that leave the queue, under its lock, before they are gone.
unsafe impl Send for Waiters {}

impl Waiters {
    fn pass_on(&mut self) {
        self.leader = None;
        if let Some(next) = self.followers.pop_front() {
            // SAFETY: in the queue, and so alive.
            let next = unsafe { next.as_ref() };
            self.leader = Some(next.wait_for);
            next.notify(LEADER);
        }
    }

    /// Tells those followers to look that are meant.
    fn notify(&mut self, is_match: impl Fn(WaitFor) -> bool) {
        self.followers.retain(|follower| {
            // SAFETY: in the queue, and so alive.
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
    /// Runs `f` with a place among those who sleep for the lane. It runs no code of the user.
    pub fn enqueue<R>(&self, wait_for: WaitFor, f: impl FnOnce(&Queued<'_>) -> R) -> R {
        let waiter = Waiter::new(wait_for);
        // SAFETY: a shared borrow is all that `f` gets: the place ends here, before the waiter.
        f(&unsafe { self.push(&waiter) })
    }

    /// The waiter's place.
    ///
    /// # Safety
    /// The place is dropped before the waiter is.
    unsafe fn push<'a>(&'a self, waiter: &'a Waiter) -> Queued<'a> {
        let mut waiters = self.0.lock();
        if waiters.leader.is_none() {
            waiters.leader = Some(waiter.wait_for);
            // ORDERING: wait_queue.first Relaxed: by its own thread, which alone looks.
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

    /// For a model of what would be wrong: from now on a leader is believed to be there.
    #[cfg(any(raddle_loom, raddle_shuttle))]
    pub fn pretend_leader(&self) {
        self.0.lock().leader = Some(WaitFor::Capacity);
    }

    /// Tells those who sleep for this to look. True: the leader is one of them, and has to be rung.
    #[must_use]
    pub fn notify(&self, wait_for: WaitFor) -> bool {
        let mut waiters = self.0.lock();
        waiters.notify(|other| other == wait_for);
        waiters.leader == Some(wait_for)
    }

    /// Tells all followers to look.
    pub fn notify_all(&self) {
        self.0.lock().notify(|_| true);
    }
}

/// Runs `f` with a place among those who sleep for each of several lanes. It runs no code of the user.
pub fn enqueue_all<'a, R>(
    queues: impl ExactSizeIterator<Item = &'a WaitQueue>,
    wait_for: WaitFor,
    f: impl FnOnce(&[Queued<'_>]) -> R,
) -> R {
    let waiters: Box<[Waiter]> = (0..queues.len()).map(|_| Waiter::new(wait_for)).collect();
    let queued = queues.zip(&waiters);
    // SAFETY: as in `enqueue`: made after the waiters, the places are dropped before them.
    let queued: Vec<Queued<'_>> = queued
        .map(|(queue, waiter)| unsafe { queue.push(waiter) })
        .collect();
    f(&queued)
}

/// A thread's place among those who sleep for a lane, which it leaves when this is dropped.
pub struct Queued<'a> {
    queue: &'a WaitQueue,
    waiter: &'a Waiter,
}

impl Queued<'_> {
    /// Is this the leader, who sleeps on the bell? It may become so as long as it follows.
    pub fn is_leader(&self) -> bool {
        self.waiter.notified() == LEADER
    }

    /// What a follower sleeps on, who sleeps on other words, too.
    pub fn watched(&self) -> Watched<'_> {
        // WAKE: the other end is `Waiter::tell`.
        Watched::own(&self.waiter.notified, ASLEEP)
    }

    /// A follower's sleep, until it is told something or the deadline has passed.
    pub fn sleep(&self, deadline: Option<Instant>) -> FutexWait {
        loop {
            if self.waiter.notified() != ASLEEP {
                return FutexWait::Changed;
            }
            // WAKE: the other end is `Waiter::tell`.
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
