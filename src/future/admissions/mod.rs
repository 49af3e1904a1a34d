//! What an executor has accepted and not started: who has a place in its queue, and which entries of the queue are stale.
//!
//! A queue's entry refers to a task. The task can leave before a worker takes the entry out: its handle cancels it, or a waiter runs it.
//! Then the entry is stale, and the worker drops it later. A place of the limit belongs to the task, not to the entry: the thread that
//! starts or cancels the task returns the place, whatever still lies in the queue.
//!
//! # Who does what
//! | event | by | method | place | stale entries |
//! |---|---|---|---|---|
//! | a worker starts the task of an entry | the worker, after its claim | [`Admissions::start`] | returned | |
//! | a waiter starts the task, whose entry stays | the waiter, after its claim | [`Admissions::leave`] | returned | one more |
//! | the handle cancels the task, whose entry stays | the canceller, after the transition | [`Admissions::leave`] | returned | one more |
//! | the queue's owner cancels the task of an entry | the thread that took it out | [`Admissions::start`] | returned | |
//! | a stale entry is taken out | the thread that took it out | [`Admissions::drop_stale`] | | one less |
//!
//! # Invariants
//! A task is claimed or cancelled by one transition of its state word ([`super::state`]), so its place comes back once. The thread that
//! takes out a stale entry may be quicker than the one that left it: for a moment the count is below zero, and reads as 0.
//!
//! A canceller knows its task's executor only by number ([`super::tag`]). It asks [`by_number`] *before* it cancels: as long as the
//! task is pending its executor is there, so if the cancellation succeeds, what was found is the right one.
//!
//! Models: `verify/src/scenarios/pool_limit.rs`.

pub mod by_number;
pub mod limit;

use super::tag::Tag;
use crate::sync::atomic::{AtomicU32, Ordering::*};
use limit::QueueLimit;

/// See the module.
pub struct Admissions {
    pub limit: Option<QueueLimit>,
    stale: AtomicU32,
}

impl Admissions {
    pub fn new(limit: Option<usize>) -> Self {
        Self {
            limit: limit.map(QueueLimit::new),
            stale: AtomicU32::new(0),
        }
    }

    /// A task with this tag has been started or cancelled by the thread that took its entry out.
    #[inline]
    pub fn start(&self, tag: Tag) {
        if let Some(limit) = &self.limit
            && tag.is_counted()
        {
            limit.give();
        }
    }

    /// A task with this tag has been started or cancelled, and its entry is still in a queue.
    pub fn leave(&self, tag: Tag) {
        // ORDERING: admissions.leave Relaxed: a figure; it publishes nothing.
        self.stale.fetch_add(1, Relaxed);
        self.start(tag);
    }

    /// A stale entry was taken out.
    #[cold]
    pub fn drop_stale(&self) {
        // ORDERING: admissions.drop Relaxed: as admissions.leave.
        self.stale.fetch_sub(1, Relaxed);
    }

    /// How many entries are stale.
    pub fn stale(&self) -> usize {
        // ORDERING: admissions.stale Relaxed: as admissions.leave.
        self.stale.load(Relaxed).cast_signed().max(0) as usize
    }
}
