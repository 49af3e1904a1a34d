//! What all threads of one pool share, and how a task gets in.
//!
//! # Ways in
//! - From outside ([`Shared::submit`]): a place if the pool has a limit, then an open handoff slot, else the injector.
//! - From one of the pool's own tasks: the worker's deque, else as from outside, but without a place.
//! - For one worker ([`Shared::submit_to`]): its pinned queue.
//!
//! # The mode
//! `mode` is `OPEN`, `DRAINING` or `CANCELLING` and only grows. [`Shared::close`] sets it before it closes the queues; the
//! queues' own `CLOSED` bits decide whether a push gets in (`docs/protocols/shutdown.md`).

use super::config::Config;
use super::deque::Deque;
use super::external::ExternalJoiners;
use super::idle::Idle;
use super::injector::Injector;
use super::limit::{Admission, QueueLimit};
use super::stats::{Stats, WorkerStats};
use super::threads::Threads;
use super::worker::{Worker, task_from};
use super::worker_shared::WorkerShared;
use crate::error::{Rejected, TaskError};
use crate::executor::{Shutdown, WhenFull};
use crate::future::raw_task::Header;
use crate::future::spin::{self, Advice};
use crate::future::tag::Tag;
use crate::future::task::Task;
use crate::sync::atomic::{AtomicU32, Ordering::*};
use crate::sys::{affinity, fork};
use crossbeam_utils::CachePadded;
use std::ptr::NonNull;

// Values of `Shared::mode`, which only grows.
const OPEN: u32 = 0;
const DRAINING: u32 = 1;
const CANCELLING: u32 = 2;

/// See the module. Each thread of the pool and each handle holds a reference.
pub struct Shared {
    pub config: Config,
    pub tag: Tag,
    /// The fork generation of the process that built the pool.
    pub generation: u32,
    pub idle: Idle,
    pub injector: Injector<Header>,
    pub workers: Box<[WorkerShared]>,
    pub external_joiners: ExternalJoiners,
    pub threads: Threads,
    limit: Option<QueueLimit>,
    /// The worker that opened its handoff slot last: a hint.
    last_open: CachePadded<AtomicU32>,
    mode: CachePadded<AtomicU32>,
}

impl Shared {
    pub fn new(config: Config, number: u32, workers: Vec<WorkerShared>) -> Self {
        let generation = fork::generation();
        Self {
            tag: Tag::new(number, generation),
            generation,
            idle: Idle::new(workers.len()),
            injector: Injector::new(),
            external_joiners: ExternalJoiners::new(workers.len()),
            threads: Threads::new(workers.len()),
            limit: config.queue_limit.map(QueueLimit::new),
            last_open: CachePadded::new(AtomicU32::new(0)),
            mode: CachePadded::new(AtomicU32::new(OPEN)),
            workers: workers.into_boxed_slice(),
            config,
        }
    }

    /// The tag of a task that the calling thread submits. A task from outside counts against the limit.
    pub fn tag_here(&self) -> Tag {
        if self.limit.is_some() && Worker::of(self).is_none() {
            self.tag.counted()
        } else {
            self.tag
        }
    }

    /// Does the pool belong to the parent of this forked child?
    pub fn is_forked(&self) -> bool {
        fork::generation() != self.generation
    }

    pub fn is_closed(&self) -> bool {
        // ORDERING: pool.mode Acquire -> pairs with pool.close: what the closer did before.
        self.mode.load(Acquire) != OPEN
    }

    pub fn is_cancelling(&self) -> bool {
        // ORDERING: pool.cancelling Relaxed: a task that starts at this moment is not pending any more.
        self.mode.load(Relaxed) == CANCELLING
    }

    /// Why the pool takes no task in.
    pub fn rejection(&self) -> TaskError {
        let pool = self.config.name.clone();
        TaskError::Rejected(if self.is_forked() {
            Rejected::Forked { pool }
        } else {
            Rejected::ShutDown { pool }
        })
    }

    fn full(&self) -> TaskError {
        let limit = self.config.queue_limit.unwrap_or(usize::MAX);
        TaskError::Rejected(Rejected::QueueFull {
            pool: self.config.name.clone(),
            limit,
        })
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
                self.idle.wake_one();
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
        if let Some(limit) = &self.limit
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
        if let Err(task) = self.push_outside(task) {
            self.return_place(&task);
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
        if let Some(worker) = self.idle.wake_one() {
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

    /// The holder of the worker's token opens its handoff slot, and says so to submitters.
    pub fn open_handoff(&self, own: &WorkerShared) {
        let core = affinity::current().map_or(0, |core| core as u32 + 1);
        // ORDERING: pool.core-look Relaxed: only this worker writes it.
        if own.last_core.load(Relaxed) != core {
            // ORDERING: pool.core-set Relaxed: as pool.core.
            own.last_core.store(core, Relaxed);
        }
        own.handoff.open();
        let index = own.info.index as u32;
        // ORDERING: pool.last-open-look Relaxed: spares a write to the cache line if nothing changes.
        if self.last_open.load(Relaxed) != index {
            // ORDERING: pool.last-open-set Relaxed: as pool.last-open.
            self.last_open.store(index, Relaxed);
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
                self.idle.wake_this(worker);
            }
            Err(item) => task_from(item).fail(self.rejection()),
        }
    }

    /// A task leaves the queue: if it counted against the limit, its place is free again.
    #[inline]
    pub fn return_place(&self, task: &Task) {
        if let Some(limit) = &self.limit
            && task.raw().tag.is_counted()
        {
            limit.give();
        }
    }

    /// Takes nothing in from now on, and wakes every worker: each ends when there is nothing left that it could do. With
    /// [`Shutdown::CancelPending`] it first cancels what is queued. Does not wait.
    pub fn close(&self, how: Shutdown) {
        let mode = match how {
            Shutdown::Drain => DRAINING,
            Shutdown::CancelPending => CANCELLING,
        };
        // ORDERING: pool.close Release -> pairs with pool.mode: what the closer did before.
        self.mode.fetch_max(mode, Release);
        self.injector.close();
        for worker in &self.workers {
            worker.pinned.close();
        }
        if let Some(limit) = &self.limit {
            limit.close();
        }
        if how == Shutdown::CancelPending {
            self.cancel_queued();
        }
        self.idle.wake_all();
    }

    /// Takes every queued task out and cancels it.
    fn cancel_queued(&self) {
        let cancel = |item: NonNull<Header>| {
            let task = task_from(item);
            self.return_place(&task);
            task.cancel();
        };
        while self.injector.pop_many(64, cancel) > 0 {}
        let stolen = Deque::new();
        for worker in &self.workers {
            while worker.pinned.pop_many(64, cancel) > 0 {}
            if let Some(item) = worker.handoff.steal() {
                cancel(item);
            }
            while let Some((first, _)) = worker.deque.steal_into(&stolen) {
                cancel(first);
                while let Some(item) = stolen.pop_front() {
                    cancel(item);
                }
            }
        }
    }

    /// Wakes a sleeper for a shared job of a join, unless as many threads as the pool has workers are at work already. With
    /// more threads than cores, a half would wait until its thief gets a core.
    pub fn wake_for_join(&self) {
        if self.idle.awake() + self.external_joiners.count() < self.workers.len() {
            self.idle.wake_one();
        }
    }

    /// May a worker's thread fail to begin, after it was created? It may fail to pin itself, and its hook may fail.
    pub fn can_begin_fail(&self) -> bool {
        self.config.on_start.is_some()
            || self.workers.iter().any(|worker| worker.info.core.is_some())
    }

    /// A snapshot, taken without a lock.
    pub fn stats(&self) -> Stats {
        let workers: Vec<_> = self
            .workers
            .iter()
            .map(|worker| {
                // `done` first: a task that ends in between then still counts as running.
                let done = worker.done.get();
                let moved = worker.moved.get();
                let started = worker.started.get();
                let stats = WorkerStats {
                    done,
                    stolen: worker.stolen.get(),
                    parked: worker.parked.get(),
                    running: started > done + moved,
                    queued: worker.deque.len() + worker.pinned.len(),
                };
                (started, stats)
            })
            .collect();
        let done_detached = self.threads.done_detached();
        let started_on_workers: u64 = workers.iter().map(|(started, _)| started).sum();
        let started = started_on_workers + self.threads.started_detached();
        let done: u64 = done_detached + workers.iter().map(|(_, stats)| stats.done).sum::<u64>();
        Stats {
            queued: self.injector.len()
                + workers.iter().map(|(_, stats)| stats.queued).sum::<usize>(),
            running: started.saturating_sub(done) as usize,
            threads: self.threads.threads(),
            workers: workers.into_iter().map(|(_, stats)| stats).collect(),
            done_detached,
        }
    }
}
