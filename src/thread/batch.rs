//! Tasks that are submitted many at a time: `spawn_many`.

use super::shared::{Shared, task_from};
use super::worker::Worker;
use crate::future::raw_task::Header;
use crate::future::task::Task;
use crate::sync::bound;
use std::ptr::NonNull;

/// The most tasks that are submitted in one step. A worker takes as many out of the injector at a time.
const BATCH: usize = bound(64, 2);

/// Tasks that are made and not submitted yet. Dropping it submits them.
pub struct Batch<'a> {
    shared: &'a Shared,
    tasks: [NonNull<Header>; BATCH],
    count: usize,
}

impl<'a> Batch<'a> {
    pub fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            tasks: [NonNull::dangling(); BATCH],
            count: 0,
        }
    }

    /// Adds a task, and submits the batch when it is full. A task that counts against the limit is submitted at once.
    #[inline]
    pub fn add(&mut self, task: Task) {
        // Each task that counts needs its own place of the limit.
        if task.raw().tag.is_counted() {
            return self.shared.submit(task);
        }
        self.tasks[self.count] = task.into_raw().pointer();
        self.count += 1;
        if self.count == BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let count = std::mem::take(&mut self.count);
        self.shared.submit_batch(&self.tasks[..count]);
    }
}

/// UNWIND: user code makes the tasks; those that were made before its panic are submitted all the same.
impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if self.count > 0 {
            self.flush();
        }
    }
}

impl Shared {
    /// Takes in tasks that do not count against the limit, the oldest first, with one wake-up: a worker that finds more
    /// than it takes wakes the next one. Called by the submitter of a [`Batch`].
    fn submit_batch(&self, tasks: &[NonNull<Header>]) {
        let mut rest = tasks;
        if !self.is_forked() && !self.is_closed() {
            if let Some(worker) = Worker::of(self) {
                rest = &rest[worker.push_many(rest)..];
            }
            rest = &rest[self.injector.push_many(rest)..];
            self.sleepers.wake_one();
        }
        for &task in rest {
            match task_from(task).end_failed(self.rejection()) {
                Some(ended) => drop(ended),
                // Its handle has cancelled it, as one in a queue.
                None => self.admissions.drop_stale(),
            }
        }
    }
}
