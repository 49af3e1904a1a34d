//! How a task gets into a thread pool: into a worker's deque, an open handoff slot, the injector, or a pinned queue.
//!
//! Called by the submitter. Blocks only on a queue limit that blocks.

use super::shared::{Shared, task_from};
use super::worker::Worker;
use crate::error::{Rejected, TaskError};
use crate::executor::WhenFull;
use crate::future::admissions::limit::Admission;
use crate::future::spin::{self, Advice};
use crate::future::tag::Tag;
use crate::future::task::Task;
use crate::sync::atomic::Ordering::*;
use crate::sys::affinity;

impl Shared {
    /// The tag of a task that the calling thread submits. A task from outside counts against the limit.
    pub fn tag_here(&self) -> Tag {
        if self.config.queue_limit.is_some() && Worker::of(self).is_none() {
            self.tag.counted()
        } else {
            self.tag
        }
    }

    /// Takes a task in, or completes it with the reason why not. Blocks only on a limit that blocks.
    #[inline]
    pub fn submit(&self, task: Task) {
        if self.is_forked() {
            return task.fail(self.rejection());
        }
        match Worker::of(self) {
            Some(worker) => self.submit_inside(worker, task),
            None => self.submit_outside(task),
        }
    }

    /// Takes an exclusive task in that any isolate may run, or completes it with the reason why not. It is never put into the
    /// deque of the submitting isolate, whose state may be in use. Blocks only on a limit that blocks.
    pub fn submit_exclusive(&self, task: Task) {
        if self.is_forked() {
            return task.fail(self.rejection());
        }
        self.submit_outside(task);
    }

    /// Takes a task in that one of the pool's own tasks spawns: never blocks, and takes no place of the limit.
    fn submit_inside(&self, worker: &Worker, task: Task) {
        if self.is_closed() {
            return task.fail(self.rejection());
        }
        self.push_inside(worker, task);
    }

    /// As [`submit_inside`](Self::submit_inside), for a task of a scope that a running task spawns: a closed pool
    /// takes it too. If no queue takes it, the worker runs it on the spot.
    pub fn push_inside(&self, worker: &Worker, task: Task) {
        match worker.push(task) {
            Ok(()) => {
                self.sleepers.wake_one();
            }
            // The deque is full, or the thread has lent its token: as from outside, and if the injector is closed, here and now.
            Err(task) => {
                if let Err(task) = self.push_outside(task) {
                    worker.run(task);
                }
            }
        }
    }

    fn submit_outside(&self, task: Task) {
        if self.is_closed() {
            return task.fail(self.rejection());
        }
        if let Some(limit) = &self.admissions.limit
            && task.raw().tag.is_counted()
        {
            let admission = match self.config.when_full {
                WhenFull::Block => limit.take(),
                WhenFull::Reject | WhenFull::RunOnCaller => limit.try_take(),
            };
            match admission {
                Admission::Taken => {}
                Admission::Closed => return task.fail(self.rejection()),
                Admission::Full if self.config.when_full == WhenFull::RunOnCaller => {
                    task.run();
                    return;
                }
                Admission::Full => return task.fail(self.full()),
            }
        }
        self.submit_admitted(task);
    }

    /// Takes a task in that has its place, if it needs one, or completes it with the reason why not. Never blocks.
    #[inline]
    pub fn submit_admitted(&self, task: Task) {
        if let Err(task) = self.push_outside(task) {
            self.admissions.start(task.raw().tag);
            task.fail(self.rejection());
        }
    }

    /// Puts a task into an open handoff slot or the injector. `Err` returns it: the injector is closed.
    fn push_outside(&self, task: Task) -> Result<(), Task> {
        let cell = task.raw();
        let Err(task) = self.try_handoff(task) else {
            return Ok(());
        };
        self.injector
            .push(task.into_raw().pointer())
            .map_err(task_from)?;
        if let Some(worker) = self.sleepers.wake_one() {
            let elsewhere = self.workers[worker]
                .info
                .core
                .is_some_and(|core| affinity::current() != Some(core));
            spin::note(
                cell,
                if elsewhere {
                    Advice::WokenElsewhere
                } else {
                    Advice::Woken
                },
            );
        }
        Ok(())
    }

    /// Puts the task into the handoff slot that was opened last. `Err` returns it: the slot is not open, or a task waits in
    /// the injector.
    #[inline]
    fn try_handoff(&self, task: Task) -> Result<(), Task> {
        // ORDERING: pool.last-open Relaxed: a stale hint finds a closed slot.
        let worker = &self.workers[self.last_open.load(Relaxed) as usize];
        // What this thread has put into the injector goes first. It sees its own pushes; of a pop it may not know yet, and then
        // uses the injector without need.
        if !worker.handoff.is_open() || self.injector.len() > 0 {
            return Err(task);
        }
        let cell = task.raw();
        match worker.handoff.offer(task.into_raw().pointer()) {
            Ok(()) => {
                // ORDERING: pool.core Relaxed: a guess, by which the waiter spins.
                let there = worker.last_core.load(Relaxed);
                let here = affinity::current().map_or(0, |core| core as u32 + 1);
                let awake = self.config.can_spin && there != here;
                spin::note(cell, if awake { Advice::Awake } else { Advice::Woken });
                Ok(())
            }
            Err(item) => Err(task_from(item)),
        }
    }

    /// Takes a task in that only `worker` may run, which is tagged as bound, or completes it with the reason why not.
    pub fn submit_to(&self, worker: usize, task: Task) {
        if self.is_forked() {
            return task.fail(self.rejection());
        }
        let Some(target) = self.workers.get(worker) else {
            let workers = self.workers.len();
            return task.fail(TaskError::Rejected(Rejected::NoSuchWorker {
                worker,
                workers,
            }));
        };
        match target.pinned.push(task.into_raw().pointer()) {
            Ok(()) => {
                self.sleepers.wake_this(worker);
            }
            Err(item) => task_from(item).fail(self.rejection()),
        }
    }

    fn full(&self) -> TaskError {
        let limit = self.config.queue_limit.unwrap_or(usize::MAX);
        TaskError::Rejected(Rejected::QueueFull {
            pool: self.config.name.clone(),
            limit,
        })
    }
}
