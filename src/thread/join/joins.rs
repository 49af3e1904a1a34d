//! What a thread keeps of the joins that it is in: the list of deferred jobs, the one that it shares, and the countdown
//! to its next poll.
//!
//! All of it is a thread-local and plain cells: only the thread itself reads and writes it. It takes part in the joins of one
//! pool at a time. A join in a second pool inside of the first one sets this state aside and puts it back
//! ([`JoinGuard`]).
//!
//! # Polls
//! Most joins are two plain calls. A counter, the *countdown*, says when the next join *polls* ([`Joins::poll`]): if a worker searches,
//! or sleeps and may be woken for this tree (see *Wakes*), the thread shares its oldest deferred job. When the countdown ends it is set to the
//! *refill*, which adapts so that a poll comes every microsecond or two. This is the promotion of heartbeat scheduling (Acar
//! et al., "Heartbeat Scheduling: Provable Efficiency for Nested Parallelism"), with a counter in place of a timer.
//!
//! # Wakes
//! A sleeper is woken at the start of a tree if this thread's trees took long lately ([`Joins::wake_at_start`]), else
//! when this tree has run alone for a while ([`ALONE`]).

use super::shared_job::{Job, SharedJob};
use crate::future::block;
use crate::sync;
use crate::thread::shared::Shared;
use crate::thread::worker::Worker;
use std::cell::Cell;
use std::ptr;
use std::time::{Duration, Instant};

/// How many joins of a thread are recorded as deferred jobs. While there are as many, deeper joins are plain calls.
pub const MAX_DEFERRED: u32 = 2;
/// The most plain joins between two polls (the benches `join/fib` and `join/short`).
const MAX_REFILL: u32 = 1024;
const FIRST_REFILL: u32 = 8;
/// How many polls near the root of a tree there are for one look at the clock. A tree may have no other polls.
const NEAR_ROOT: u32 = 16;
/// How long a tree runs alone before a sleeper is woken for it. A wake costs a few microseconds here, and it takes tens of
/// them until the other side runs.
const ALONE: Duration = Duration::from_micros(20);
/// Nanoseconds. If trees took that long lately, a wake at the start of one pays.
const LONG: u32 = 60_000;
/// Nanoseconds. A tree counts for at most that much in the mean, so that a few short ones bring it down again.
const LONGEST: u32 = 4 * LONG;
/// How long to spin for a job that a thief is working on.
const SPIN: Duration = Duration::from_micros(100);

/// A thread's part in a tree of joins. See the module.
pub struct Joins {
    /// The pool whose joins these are.
    pool: Cell<*const Shared>,
    /// Joins until the next poll; the join that finds 1 polls.
    pub(super) countdown: Cell<u32>,
    /// What the countdown is set to when it has ended.
    pub(super) refill: Cell<u32>,
    /// Null: the thread is an external joiner.
    worker: Cell<*const Worker>,
    /// The ends of the list of deferred jobs, and its length.
    oldest: Cell<*const Job>,
    newest: Cell<*const Job>,
    pub(super) count: Cell<u32>,
    /// How long trees of this thread took lately, in nanoseconds (a running mean).
    lately: Cell<u32>,
    /// The job that was shared last, until its join ends.
    last_shared: Cell<*const Job>,
    /// Is the outermost join of a tree under way?
    in_tree: Cell<bool>,
    /// Counts the polls that found no worker searching.
    near_root: Cell<u32>,
    /// When the countdown last ended in this tree, if a look at the clock followed.
    last_end: Cell<Option<Instant>>,
    /// Since when the tree has run without a wake.
    alone_since: Cell<Option<Instant>>,
}

sync::thread_local! {
    pub(super) static JOINS: Joins = const { Joins::new() };
}

/// While it lives, the thread takes part in the joins of one pool.
pub struct JoinGuard<'a> {
    shared: &'a Shared,
    outer: Joins,
}

impl<'a> JoinGuard<'a> {
    /// As a worker of the pool: for as long as the worker's thread runs.
    pub fn worker(worker: &'a Worker) -> Self {
        Self::new(worker.shared(), worker)
    }

    /// As an external joiner: for the time of one outermost join.
    pub(super) fn external(shared: &'a Shared) -> Self {
        shared.external_joiners.enter();
        Self::new(shared, ptr::null())
    }

    fn new(shared: &'a Shared, worker: *const Worker) -> Self {
        let outer = Joins::new();
        outer.pool.set(shared);
        outer.worker.set(worker);
        JOINS.with(|joins| joins.swap(&outer));
        Self { shared, outer }
    }
}

impl Drop for JoinGuard<'_> {
    fn drop(&mut self) {
        JOINS.with(|joins| joins.swap(&self.outer));
        // After the swap `outer` holds what belongs to this guard.
        if self.outer.worker.get().is_null() {
            self.shared.external_joiners.leave();
        }
    }
}

impl Joins {
    const fn new() -> Self {
        Self {
            pool: Cell::new(ptr::null()),
            countdown: Cell::new(1),
            refill: Cell::new(FIRST_REFILL),
            worker: Cell::new(ptr::null()),
            oldest: Cell::new(ptr::null()),
            newest: Cell::new(ptr::null()),
            count: Cell::new(0),
            lately: Cell::new(LONGEST),
            last_shared: Cell::new(ptr::null()),
            in_tree: Cell::new(false),
            near_root: Cell::new(0),
            last_end: Cell::new(None),
            alone_since: Cell::new(None),
        }
    }

    /// Exchanges what belongs to a tree. What was learnt of the thread's joins (`refill`, `lately`, `near_root`) stays.
    fn swap(&self, other: &Self) {
        self.pool.swap(&other.pool);
        self.countdown.swap(&other.countdown);
        self.worker.swap(&other.worker);
        self.oldest.swap(&other.oldest);
        self.newest.swap(&other.newest);
        self.count.swap(&other.count);
        self.last_shared.swap(&other.last_shared);
        self.in_tree.swap(&other.in_tree);
        self.last_end.swap(&other.last_end);
        self.alone_since.swap(&other.alone_since);
    }

    pub(super) fn is_of(&self, shared: &Shared) -> bool {
        ptr::eq(self.pool.get(), shared)
    }

    /// Counts a join. True: a tree of this pool is under way and no poll is due, so two calls will do.
    #[inline(always)]
    pub(super) fn count_without_poll(&self, shared: &Shared) -> bool {
        self.is_of(shared) && {
            let countdown = self.countdown.get() - 1;
            self.countdown.set(countdown);
            countdown != 0
        }
    }

    fn worker(&self) -> Option<&Worker> {
        // SAFETY: set by JoinGuard, which borrows the worker.
        unsafe { self.worker.get().as_ref() }
    }

    /// Can the thread join in this pool as what it is here, a worker with its token or an external joiner? False for a
    /// thread from outside, and for a worker that was blocked and whose token a spare holds since: they become external
    /// joiners.
    pub(super) fn is_current(&self, shared: &Shared) -> bool {
        self.is_of(shared) && self.worker().is_none_or(|worker| worker.own().is_some())
    }

    /// Is the job that was shared last still in its slot?
    fn is_sharing(&self) -> bool {
        let job = self.last_shared.get();
        // SAFETY: its join has not ended, and slots live as long as the pool.
        !job.is_null() && unsafe { &*(*job).slot.get() }.holds(job)
    }

    /// Puts a job into a slot. False: this thread's last one is still in its slot, or no slot is empty. Called by the outermost
    /// join for its own job, and by a poll for the oldest deferred one.
    pub(super) fn share(&self, shared: &Shared, job: &Job) -> bool {
        let put = |slot: &SharedJob| {
            job.slot.set(slot);
            slot.is_empty() && slot.put(job)
        };
        let done = !self.is_sharing()
            && match self.worker() {
                Some(worker) => worker.own().is_some_and(|own| put(&own.shared_job)),
                None => shared.external_joiners.slots().any(put),
            };
        if done {
            self.last_shared.set(job);
        }
        done
    }

    /// Takes a shared job back when the first half has run. False: a thief has it. The next join polls.
    pub(super) fn reclaim(&self, job: &Job) -> bool {
        if ptr::eq(self.last_shared.get(), job) {
            self.last_shared.set(ptr::null());
        }
        self.countdown.set(1);
        // SAFETY: it was put there, and slots live as long as the pool.
        unsafe { &*job.slot.get() }.reclaim(job)
    }

    /// Adds a job to the list of deferred ones, as the newest.
    pub(super) fn link(&self, job: &Job) {
        job.older.set(self.newest.get());
        job.deferred.set(true);
        // SAFETY: the jobs in the list are in stack frames below this one.
        match unsafe { self.newest.get().as_ref() } {
            Some(newest) => newest.newer.set(job),
            None => self.oldest.set(job),
        }
        self.newest.set(job);
        self.count.set(self.count.get() + 1);
    }

    /// Removes a job from the list of deferred ones. The next join polls.
    pub(super) fn unlink(&self, job: &Job) {
        let (older, newer) = (job.older.get(), job.newer.get());
        // SAFETY: as in link.
        match unsafe { older.as_ref() } {
            Some(older) => older.newer.set(newer),
            None => self.oldest.set(newer),
        }
        // SAFETY: as in link.
        match unsafe { newer.as_ref() } {
            Some(newer) => newer.older.set(older),
            None => self.newest.set(older),
        }
        job.deferred.set(false);
        self.count.set(self.count.get() - 1);
        self.countdown.set(1);
    }

    /// If a worker searches, or one sleeps and may be woken for this tree, shares the oldest deferred job; in the second case
    /// wakes a worker for it. `has_ended`: the countdown has ended. If not, the join is near the root of its tree. Called by a join
    /// whose countdown has ended or that is near the root, and by `map_slice` between items.
    pub(super) fn poll(&self, shared: &Shared, has_ended: bool) {
        let searching = shared.sleepers.is_searching();
        if !searching {
            self.near_root.set(self.near_root.get().wrapping_add(1));
            let is_clock_due = has_ended || self.near_root.get().is_multiple_of(NEAR_ROOT);
            if !(is_clock_due && shared.sleepers.is_sleeping() && self.is_time_to_wake(has_ended)) {
                return;
            }
        }
        // SAFETY: as in link.
        if let Some(job) = unsafe { self.oldest.get().as_ref() }
            && self.share(shared, job)
        {
            self.unlink(job);
        }
        // Only if there is a job to find: a woken worker looks once.
        if !searching && self.is_sharing() {
            shared.wake_for_join();
        }
    }

    /// Has this thread's tree run for [`ALONE`] since its start, or since the last wake for it? With `has_ended` it
    /// also adapts the refill, by the time since the countdown last ended.
    fn is_time_to_wake(&self, has_ended: bool) -> bool {
        if sync::MODEL {
            return false;
        }
        let now = Instant::now();
        if has_ended && let Some(last) = self.last_end.replace(Some(now)) {
            let refill = self.refill.get();
            match now.duration_since(last) {
                short if short < Duration::from_micros(1) => {
                    self.refill.set((refill * 2).min(MAX_REFILL))
                }
                long if long > Duration::from_micros(4) => self.refill.set((refill / 2).max(1)),
                _ => {}
            }
        }
        match self.alone_since.get() {
            Some(since) if now.duration_since(since) < ALONE => false,
            since => {
                self.alone_since.set(Some(now));
                since.is_some()
            }
        }
    }

    /// The owner waits for a job that a thief has: it spins, helps as every blocked worker does, then sleeps.
    pub(super) fn wait(&self, shared: &Shared, job: &Job) {
        let spin = if shared.config.can_spin {
            SPIN
        } else {
            Duration::ZERO
        };
        let is_external = self.worker.get().is_null();
        if is_external {
            shared.external_joiners.leave();
        }
        let sleep = || {
            job.sleep();
            true
        };
        block::block_spinning(spin, std::iter::empty(), || job.is_done(), None, sleep);
        if is_external {
            shared.external_joiners.enter();
        }
    }

    /// Begins a tree, unless one is under way.
    pub(super) fn begin_tree(&self, shared: &Shared) -> Option<Tree<'_>> {
        if self.in_tree.replace(true) {
            return None;
        }
        let began = (!sync::MODEL && shared.sleepers.is_sleeping()).then(Instant::now);
        self.alone_since.set(began);
        self.last_end.set(None);
        Some(Tree { joins: self, began })
    }

    /// The outermost join has shared its job, which is the largest one, and may not poll for long: wakes a worker for it, if this
    /// thread's trees took long lately.
    pub(super) fn wake_at_start(&self, shared: &Shared) {
        if self.lately.get() >= LONG && shared.sleepers.is_sleeping() {
            shared.wake_for_join();
        }
    }
}

/// The outermost join of a tree, while it is under way.
pub struct Tree<'a> {
    joins: &'a Joins,
    /// When it began, if a worker slept then that might have been woken for it.
    began: Option<Instant>,
}

impl Drop for Tree<'_> {
    fn drop(&mut self) {
        self.joins.in_tree.set(false);
        if let Some(began) = self.began {
            let took = began.elapsed().as_nanos().min(u128::from(LONGEST)) as u32;
            self.joins
                .lately
                .set((self.joins.lately.get() * 3 + took) / 4);
        }
    }
}
