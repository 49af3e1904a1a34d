//! What all threads of one pool share, and how a task gets in.

use super::deque::Deque;
use super::external::ExternalJoiners;
use super::handoff::HandoffSlot;
use super::idle::Idle;
use super::injector::Injector;
use super::join::SharedJob;
use super::limit::{Admission, QueueLimit};
use super::stats::{Counter, Stats, WorkerStats};
use super::threads::Threads;
use super::worker::Worker;
use crate::error::{BoxError, Rejected, TaskError};
use crate::executor::{Shutdown, WhenFull, WorkerInfo};
use crate::future::raw_task::{Header, RawTask};
use crate::future::spin::{self, Advice};
use crate::future::tag::Tag;
use crate::future::task::Task;
use crate::sync::atomic::{AtomicU32, Ordering::*};
use crate::sync::bound;
use crate::sys::{affinity, fork};
use crossbeam_utils::CachePadded;
use std::ptr::NonNull;
use std::time::Duration;

/// How a pool's idle workers behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum IdleProfile {
    /// Spin where it has paid lately, else sleep. An idle pool uses no CPU.
    #[default]
    Balanced,
    /// Never sleep: for cores that nothing else needs. Each idle worker burns its core.
    NeverPark,
    /// Sleep at once: for hosts where every cycle belongs to somebody.
    ParkAtOnce,
}

pub type StartHook = Box<dyn Fn(&WorkerInfo) -> Result<(), BoxError> + Send + Sync>;
pub type StopHook = Box<dyn Fn(&WorkerInfo) + Send + Sync>;

/// What the builder decided.
pub struct Config {
    pub name: String,
    pub idle: IdleProfile,
    pub when_full: WhenFull,
    pub queue_limit: Option<usize>,
    pub stack_size: Option<usize>,
    pub max_spares: usize,
    pub on_start: Option<StartHook>,
    pub on_stop: Option<StopHook>,
    /// With a single core to run on, spinning keeps the other side from running.
    pub can_spin: bool,
}

/// One worker's part of what is shared.
pub struct WorkerShared {
    pub info: WorkerInfo,
    pub deque: Deque<Header>,
    /// Tasks for this worker and no other.
    pub pinned: Injector<Header>,
    pub handoff: CachePadded<HandoffSlot<Header>>,
    /// A half of a `join` that this worker would let go.
    pub shared_job: CachePadded<SharedJob>,
    /// The core that it was on when it last opened its hand, plus one.
    pub last_core: AtomicU32,
    pub started: Counter,
    pub done: Counter,
    /// Started here, and left to threads whose place a spare has taken.
    pub moved: Counter,
    pub stolen: Counter,
    pub parked: Counter,
}

impl WorkerShared {
    pub fn new(info: WorkerInfo, deque: Deque<Header>) -> Self {
        Self {
            info,
            deque,
            pinned: Injector::new(),
            handoff: CachePadded::new(HandoffSlot::new()),
            shared_job: CachePadded::new(SharedJob::new()),
            last_core: AtomicU32::new(0),
            started: Counter::new(),
            done: Counter::new(),
            moved: Counter::new(),
            stolen: Counter::new(),
            parked: Counter::new(),
        }
    }

    /// What runs here goes on without this seat; how many tasks that are. For the core's holder.
    pub fn move_out(&self) -> u64 {
        let running = self.started.get() - self.done.get() - self.moved.get();
        self.moved.add(running);
        running
    }
}

/// Tasks on their way in, many at a time.
pub struct Batch<'a> {
    shared: &'a Shared,
    tasks: [NonNull<Header>; BATCH],
    count: usize,
}

/// Tasks that are handed over in one step. A worker takes as many at a time.
const BATCH: usize = bound(64, 2);

impl<'a> Batch<'a> {
    pub fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            tasks: [NonNull::dangling(); BATCH],
            count: 0,
        }
    }

    #[inline]
    pub fn add(&mut self, task: Task) {
        // Each of those that a limit counts is let in by itself.
        if task.raw().tag.is_counted() {
            return self.shared.submit(task);
        }
        self.tasks[self.count] = task.into_raw().pointer();
        self.count += 1;
        if self.count == BATCH {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let count = std::mem::take(&mut self.count);
        self.shared.submit_batch(&self.tasks[..count]);
    }
}

/// UNWIND: what makes the tasks is user code; those that are made are handed over all the same.
impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if self.count > 0 {
            self.hand_over();
        }
    }
}

/// Whether tasks are taken in; only ever grows.
const OPEN: u32 = 0;
const DRAINING: u32 = 1;
const CANCELLING: u32 = 2;

/// See the module.
pub struct Shared {
    pub config: Config,
    pub tag: Tag,
    pub generation: u32,
    pub idle: Idle,
    pub injector: Injector<Header>,
    pub seats: Box<[WorkerShared]>,
    pub external_joiners: ExternalJoiners,
    pub threads: Threads,
    limit: Option<QueueLimit>,
    /// Whose hand was opened last: a hint.
    hint: CachePadded<AtomicU32>,
    mode: CachePadded<AtomicU32>,
}

impl Shared {
    pub fn new(config: Config, number: u32, seats: Vec<WorkerShared>) -> Self {
        let generation = fork::generation();
        Self {
            tag: Tag::new(number, generation),
            generation,
            idle: Idle::new(seats.len()),
            injector: Injector::new(),
            external_joiners: ExternalJoiners::new(seats.len()),
            threads: Threads::new(seats.len()),
            limit: config.queue_limit.map(QueueLimit::new),
            hint: CachePadded::new(AtomicU32::new(0)),
            mode: CachePadded::new(AtomicU32::new(OPEN)),
            seats: seats.into_boxed_slice(),
            config,
        }
    }

    /// The tag of a task that the calling thread submits: from outside it counts against the limit.
    pub fn tag_here(&self) -> Tag {
        if self.limit.is_some() && Worker::of(self).is_none() {
            self.tag.counted()
        } else {
            self.tag
        }
    }

    pub fn is_forked(&self) -> bool {
        fork::generation() != self.generation
    }

    pub fn is_closed(&self) -> bool {
        // ORDERING: pool.mode Acquire -> pairs with pool.close.
        self.mode.load(Acquire) != OPEN
    }

    pub fn is_cancelling(&self) -> bool {
        // ORDERING: pool.cancelling Relaxed: a task that starts just now was not pending.
        self.mode.load(Relaxed) == CANCELLING
    }

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

    /// Takes a task in, or completes it with the reason why not.
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

    /// From one of the pool's own tasks: never blocks, and does not count against the limit.
    fn submit_inside(&self, worker: &Worker, task: Task) {
        if self.is_closed() {
            return task.fail(self.rejection());
        }
        self.push_inside(worker, task);
    }

    /// As [`submit`](Self::submit), for work that belongs to a task that is running: a closed pool
    /// takes it too.
    pub fn push_inside(&self, worker: &Worker, task: Task) {
        match worker.push(task) {
            Ok(()) => {
                self.idle.wake_one();
            }
            // No room, or no core: as from outside; and if that is closed, here and now.
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
            let place = match self.config.when_full {
                WhenFull::Block => limit.take(),
                WhenFull::Reject | WhenFull::RunOnCaller => limit.try_take(),
            };
            match place {
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
            self.give_place(&task);
            task.fail(self.rejection());
        }
    }

    /// Into an open hand or the inbox; back if the inbox is closed.
    fn push_outside(&self, task: Task) -> Result<(), Task> {
        let cell = task.raw();
        let Err(task) = self.hand_over(task) else {
            return Ok(());
        };
        // SAFETY: given back.
        let back = |item| unsafe { Task::from_raw(RawTask::from_pointer(item)) };
        self.injector
            .push(task.into_raw().pointer())
            .map_err(back)?;
        if let Some(worker) = self.idle.wake_one() {
            let elsewhere = self.seats[worker]
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

    /// Takes in tasks that no limit counts, from the oldest on, and wakes for all of them at once: who is woken wakes
    /// the next one.
    fn submit_batch(&self, tasks: &[NonNull<Header>]) {
        let mut rest = tasks;
        if !self.is_forked() && !self.is_closed() {
            if let Some(worker) = Worker::of(self) {
                rest = &rest[worker.push_many(rest)..];
            }
            rest = &rest[self.injector.push_many(rest)..];
            self.idle.wake_one();
        }
        for &task in rest {
            // SAFETY: it was given to the batch, and to no queue.
            unsafe { Task::from_raw(RawTask::from_pointer(task)) }.fail(self.rejection());
        }
    }

    /// Puts the task into an open hand, if there is one and nothing waits in the injector.
    #[inline]
    fn hand_over(&self, task: Task) -> Result<(), Task> {
        // ORDERING: pool.hint Relaxed: a stale hint finds a closed hand.
        let seat = &self.seats[self.hint.load(Relaxed) as usize];
        // What this thread has put into the inbox goes first: it knows of its own pushes, and at most not yet of a pop.
        if !seat.handoff.is_open() || self.injector.len() > 0 {
            return Err(task);
        }
        let cell = task.raw();
        match seat.handoff.offer(task.into_raw().pointer()) {
            Ok(()) => {
                // ORDERING: pool.core Relaxed: a guess to spin by.
                let there = seat.last_core.load(Relaxed);
                let here = affinity::current().map_or(0, |core| core as u32 + 1);
                let awake = self.config.can_spin && there != here;
                spin::note(cell, if awake { Advice::Awake } else { Advice::Woken });
                Ok(())
            }
            // SAFETY: given back.
            Err(item) => Err(unsafe { Task::from_raw(RawTask::from_pointer(item)) }),
        }
    }

    /// A worker opens its hand.
    pub fn open_hand(&self, worker: usize) {
        let seat = &self.seats[worker];
        let core = affinity::current().map_or(0, |core| core as u32 + 1);
        // ORDERING: pool.core-look Relaxed: only this worker writes it.
        if seat.last_core.load(Relaxed) != core {
            // ORDERING: pool.core-set Relaxed: as pool.core.
            seat.last_core.store(core, Relaxed);
        }
        seat.handoff.open();
        // ORDERING: pool.hint-look Relaxed: spares the line when nothing changes.
        if self.hint.load(Relaxed) as usize != worker {
            // ORDERING: pool.hint-set Relaxed: as pool.hint.
            self.hint.store(worker as u32, Relaxed);
        }
    }

    /// Takes a task in that only `worker` may run; it is tagged as bound.
    pub fn submit_to(&self, worker: usize, task: Task) {
        if self.is_forked() {
            return task.fail(self.rejection());
        }
        let Some(seat) = self.seats.get(worker) else {
            let workers = self.seats.len();
            return task.fail(TaskError::Rejected(Rejected::NoSuchWorker {
                worker,
                workers,
            }));
        };
        match seat.pinned.push(task.into_raw().pointer()) {
            Ok(()) => {
                self.idle.wake_this(worker);
            }
            Err(item) => {
                // SAFETY: given back.
                let task = unsafe { Task::from_raw(RawTask::from_pointer(item)) };
                task.fail(self.rejection());
            }
        }
    }

    /// A task that counted against the limit leaves the queue.
    #[inline]
    pub fn give_place(&self, task: &Task) {
        if let Some(limit) = &self.limit
            && task.raw().tag.is_counted()
        {
            limit.give();
        }
    }

    /// Takes nothing in from now on; every worker ends when there is nothing left to do.
    pub fn close(&self, how: Shutdown) {
        let mode = match how {
            Shutdown::Drain => DRAINING,
            Shutdown::CancelPending => CANCELLING,
        };
        // ORDERING: pool.close Release -> pairs with pool.mode.
        self.mode.fetch_max(mode, Release);
        self.injector.close();
        for seat in &self.seats {
            seat.pinned.close();
        }
        if let Some(limit) = &self.limit {
            limit.close();
        }
        if how == Shutdown::CancelPending {
            self.cancel_queued();
        }
        self.idle.wake_all();
    }

    fn cancel_queued(&self) {
        let cancel = |item: NonNull<Header>| {
            // SAFETY: popped, so it is ours.
            let task = unsafe { Task::from_raw(RawTask::from_pointer(item)) };
            self.give_place(&task);
            task.cancel();
        };
        while self.injector.pop_many(64, cancel) > 0 {}
        let stolen = Deque::new();
        for seat in &self.seats {
            while seat.pinned.pop_many(64, cancel) > 0 {}
            if let Some(item) = seat.handoff.steal() {
                cancel(item);
            }
            while let Some((first, _)) = seat.deque.steal_into(&stolen) {
                cancel(first);
                while let Some(item) = stolen.pop_front() {
                    cancel(item);
                }
            }
        }
    }

    /// Wakes a sleeper for a part of a join, unless as many threads as the pool has workers are at work: with
    /// one more than there are cores, a half would wait for its thief to get one.
    pub fn wake_for_join(&self) {
        if self.idle.awake() + self.external_joiners.count() < self.seats.len() {
            self.idle.wake_one();
        }
    }

    /// May a thread fail to begin, once it has been created?
    pub fn can_begin_fail(&self) -> bool {
        self.config.on_start.is_some() || self.seats.iter().any(|seat| seat.info.core.is_some())
    }

    /// How long an idle worker searches.
    pub fn search_budget(&self) -> Duration {
        match self.config.idle {
            IdleProfile::NeverPark => Duration::MAX,
            _ if !self.config.can_spin => Duration::ZERO,
            IdleProfile::Balanced => Duration::from_micros(50),
            IdleProfile::ParkAtOnce => Duration::ZERO,
        }
    }

    pub fn stats(&self) -> Stats {
        let workers: Vec<_> = self
            .seats
            .iter()
            .map(|seat| {
                // `done` first: a task that ends in between is then still counted as running.
                let done = seat.done.get();
                let moved = seat.moved.get();
                let started = seat.started.get();
                let stats = WorkerStats {
                    done,
                    stolen: seat.stolen.get(),
                    parked: seat.parked.get(),
                    running: started > done + moved,
                    queued: seat.deque.len() + seat.pinned.len(),
                };
                (started, stats)
            })
            .collect();
        let done_detached = self.threads.done_detached();
        let seated: u64 = workers.iter().map(|(started, _)| started).sum();
        let started = seated + self.threads.started_detached();
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
