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
use super::idle::Sleepers;
use super::injector::Injector;
use super::stats::{Stats, WorkerStats};
use super::threads::Threads;
use super::worker_shared::WorkerShared;
use crate::error::{Rejected, TaskError};
use crate::executor::Shutdown;
use crate::future::admissions::{Admissions, by_number};
use crate::future::raw_task::{Header, RawTask};
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
    number: u32,
    /// The fork generation of the process that built the pool.
    pub generation: u32,
    pub sleepers: Sleepers,
    pub injector: Injector<Header>,
    pub workers: Box<[WorkerShared]>,
    pub external_joiners: ExternalJoiners,
    pub threads: Threads,
    pub(super) admissions: std::sync::Arc<Admissions>,
    _listing: by_number::Listing,
    /// The worker that opened its handoff slot last: a hint.
    pub(super) last_open: CachePadded<AtomicU32>,
    mode: CachePadded<AtomicU32>,
}

impl Shared {
    pub fn new(config: Config, number: u32, workers: Vec<WorkerShared>) -> Self {
        let generation = fork::generation();
        let admissions = std::sync::Arc::new(Admissions::new(config.queue_limit));
        Self {
            _listing: by_number::list(
                number..number + Config::numbers_of(config.isolated, workers.len()),
                &admissions,
            ),
            admissions,
            tag: Tag::new(number, generation),
            number,
            generation,
            sleepers: Sleepers::new(workers.len()),
            injector: Injector::new(),
            external_joiners: ExternalJoiners::new(workers.len()),
            threads: Threads::new(workers.len()),
            last_open: CachePadded::new(AtomicU32::new(0)),
            mode: CachePadded::new(AtomicU32::new(OPEN)),
            workers: workers.into_boxed_slice(),
            config,
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

    /// The tag of an exclusive task that is bound to isolate `index`.
    pub fn isolate_tag(&self, index: usize) -> Tag {
        let number = self.number + 1 + index as u32;
        Tag::new(number, self.generation).exclusive().bound()
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

    /// A task that was taken out of a queue starts. Most pools have no limit, and the line with the admissions is not read then.
    #[inline]
    pub fn start(&self, tag: Tag) {
        if self.config.queue_limit.is_some() {
            self.admissions.start(tag);
        }
    }

    /// Cancels a task that was taken out of a queue.
    pub fn cancel(&self, task: Task) {
        let tag = task.raw().tag;
        match task.end_cancelled() {
            Some(ended) => {
                self.admissions.start(tag);
                drop(ended);
            }
            None => self.admissions.drop_stale(),
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
        if let Some(limit) = &self.admissions.limit {
            limit.close();
        }
        if how == Shutdown::CancelPending {
            self.cancel_queued();
        }
        self.sleepers.wake_all();
    }

    /// Takes every queued task out and cancels it.
    fn cancel_queued(&self) {
        let cancel = |item: NonNull<Header>| self.cancel(task_from(item));
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
    /// more threads than cores, a half would wait until its thief gets a core. Called by a thread that has shared a job, and by a worker
    /// that stops searching or parks and leaves one behind.
    pub fn wake_for_join(&self) {
        if self.sleepers.awake() + self.external_joiners.count() < self.workers.len() {
            self.sleepers.wake_one();
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
                let continued = worker.continued_elsewhere.get();
                let started = worker.started.get();
                let stats = WorkerStats {
                    done,
                    stolen: worker.stolen.get(),
                    parked: worker.parked.get(),
                    running: started > done + continued,
                    queued: worker.deque.len() + worker.pinned.len(),
                };
                (started, stats)
            })
            .collect();
        let done_detached = self.threads.done_detached();
        let started_on_workers: u64 = workers.iter().map(|(started, _)| started).sum();
        let started = started_on_workers.wrapping_add(self.threads.started_detached());
        let done: u64 = done_detached + workers.iter().map(|(_, stats)| stats.done).sum::<u64>();
        let entries =
            self.injector.len() + workers.iter().map(|(_, stats)| stats.queued).sum::<usize>();
        Stats {
            queued: entries.saturating_sub(self.admissions.stale()),
            // Signed: the counts were read one after the other, and may differ either way.
            running: started.wrapping_sub(done).cast_signed().max(0) as usize,
            threads: self.threads.threads(),
            workers: workers.into_iter().map(|(_, stats)| stats).collect(),
            done_detached,
        }
    }
}

/// The task behind a queue's item that was taken out, or was not accepted.
pub fn task_from(item: NonNull<Header>) -> Task {
    // SAFETY: a queue's items come from Task::into_raw, and this one was just taken out, or refused.
    unsafe { Task::from_raw(RawTask::from_pointer(item)) }
}
