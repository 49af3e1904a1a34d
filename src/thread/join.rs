//! `join`: two halves, the second of which another worker may take.
//!
//! A join that nobody takes from is a comparison, a countdown and two calls. Only the outermost joins of a tree
//! (the largest pieces) are written down at all, on the stack. The very first goes into an [`SharedJob`], where
//! any worker finds it; the next ones go into a list that is the thread's own, from which the oldest is
//! offered when a worker searches. A worker has an offer of its own. Who calls from outside, or has lost its core to a
//! spare while it was blocked, takes part as a *guest*, and puts what it offers into any free one of a few ([`super::external`]).
//!
//! A sleeper is woken at once if this thread's trees have lately taken long enough for that, else when
//! this one has.
//!
//! # The words
//! [`SharedJob`]: an `AtomicPtr`, null or one job. [`Job::latch`]: `RUNNING`, `SLEEPER`, `DONE`; the futex.
//!
//! # States of a job
//! - *Latent*: in its thread's list; nobody else knows it.
//! - *Offered*: in an offer; thieves and owner race for it by one exchange.
//! - *Taken*: the thief's until `DONE`, then the owner's again.
//!
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | new or latent | offered | owner | [`SharedJob::put`] | AcqRel |
//! | offered | taken | thief | [`SharedJob::take`] | Acquire |
//! | offered | latent | owner | [`SharedJob::reclaim`] | Relaxed |
//! | taken | done | thief | [`Job::finish`] | Release |
//!
//! A job lies on the stack of its join, which does not return before the job is done or its own
//! again. While a half is on offer, no worker falls asleep that could have taken it. Guarantees: each half runs exactly once, or not at all if the first half panics before
//! the second was taken. Models: `verify/src/scenarios/join.rs`.

mod countdown;

pub use countdown::Countdown;

use super::shared::Shared;
use super::worker::Worker;
use crate::future::block;
use crate::sync;
use crate::sync::atomic::{AtomicPtr, AtomicU32, Ordering::*};
use crate::sync::cell::UnsafeCell;
use crate::sync::futex;
use std::any::Any;
use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::{self, NonNull};
use std::time::{Duration, Instant};

/// Joins that a thread keeps written down; deeper ones are plain calls meanwhile.
const DEFERRED: u32 = 2;
/// Plain joins between two looks around, adapted so that a look comes every microsecond or two
/// (the benches `join/fib` and `join/short`).
const COUNTDOWN: u32 = 1024;
const FIRST_COUNTDOWN: u32 = 8;
/// Joins near the root of a tree between two looks at the clock: they may be all that it has.
const NEAR_ROOT: u32 = 16;
/// How long a tree runs alone before a sleeper is woken for it; waking costs a few microseconds here and
/// tens until the other side runs.
const ALONE: Duration = Duration::from_micros(20);
/// Trees that lately took so long are worth a wake at their start.
const LONG: u32 = 60_000;
/// A tree counts for at most so many nanoseconds in the mean, so that a few short ones bring it back.
const LONGEST: u32 = 4 * LONG;
/// How long to spin for a half that a thief is working on.
const PATIENCE: Duration = Duration::from_micros(100);

const RUNNING: u32 = 0;
const SLEEPER: u32 = 1;
const DONE: u32 = 2;

/// A second half. The first field of what its `run` function knows.
#[repr(C)]
pub struct Job {
    run: unsafe fn(NonNull<Job>),
    latch: AtomicU32,
    /// Links of the list of latent jobs, and whether it is in it.
    older: Cell<*const Job>,
    newer: Cell<*const Job>,
    deferred: Cell<bool>,
    /// Which one it was put into.
    offered_in: Cell<*const SharedJob>,
}

impl Job {
    pub fn new(run: unsafe fn(NonNull<Job>)) -> Self {
        Self {
            run,
            latch: AtomicU32::new(RUNNING),
            older: Cell::new(ptr::null()),
            newer: Cell::new(ptr::null()),
            deferred: Cell::new(false),
            offered_in: Cell::new(ptr::null()),
        }
    }

    /// Runs a job that was taken from an offer.
    ///
    /// # Safety
    /// The caller took it.
    pub unsafe fn execute(job: NonNull<Self>) {
        // SAFETY: taken, so the owner keeps it alive until it is done.
        let run = unsafe { job.as_ref() }.run;
        // SAFETY: the function belongs to the structure around this job.
        unsafe { run(job) };
    }

    /// The thief is done; the job may be gone at once.
    ///
    /// # Safety
    /// The caller took the job and does not touch it again.
    pub unsafe fn finish(job: NonNull<Self>) {
        // SAFETY: alive until the swap below; the address alone is used after it.
        let latch = unsafe { &raw const (*job.as_ptr()).latch };
        // ORDERING: join.finish Release -> pairs with join.done: the result.
        // SAFETY: as above.
        if unsafe { &*latch }.swap(DONE, Release) == SLEEPER {
            // WAKE: the other end is Job::sleep, which is its owner alone.
            futex::wake_one(latch);
        }
    }

    /// Is it done?
    pub fn is_done(&self) -> bool {
        // ORDERING: join.done Acquire -> pairs with join.finish: the result.
        self.latch.load(Acquire) == DONE
    }

    /// Sleeps until it is done.
    pub fn sleep(&self) {
        // ORDERING: join.sleep Relaxed: the futex compares the latch itself; the result is read
        // after is_done.
        let _ = self
            .latch
            .compare_exchange(RUNNING, SLEEPER, Relaxed, Relaxed);
        while !self.is_done() {
            // WAKE: the other end is Job::finish.
            futex::wait(&self.latch, SLEEPER, None);
        }
    }
}

/// Where a thread puts a job that it would let go. See the module.
pub struct SharedJob(AtomicPtr<Job>);

impl SharedJob {
    pub fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Is nothing in it? A hint.
    #[inline]
    pub fn is_empty(&self) -> bool {
        // ORDERING: shared_job.look Relaxed: a hint; an exchange follows.
        self.0.load(Relaxed).is_null()
    }

    /// Is this job still in it? For the job's owner, exact about `false`.
    fn holds(&self, job: *const Job) -> bool {
        // ORDERING: shared_job.holds Relaxed: nothing is read through it.
        ptr::eq(self.0.load(Relaxed), job)
    }

    /// Puts a job in. False: there is one already.
    #[must_use]
    pub fn put(&self, job: &Job) -> bool {
        let job = ptr::from_ref(job).cast_mut();
        // ORDERING: shared_job.put AcqRel -> release pairs with shared_job.take: the job; acquire pairs with shared_job.look-all: a sleep
        // that was announced before.
        self.0
            .compare_exchange(ptr::null_mut(), job, AcqRel, Relaxed)
            .is_ok()
    }

    /// For a worker that has announced its sleep: is there a job? Unlike [`is_empty`](Self::is_empty) it cannot miss
    /// one whose owner did not see the announcement.
    pub fn look(&self) -> bool {
        let none = ptr::null_mut();
        // ORDERING: shared_job.look-all Release -> pairs with shared_job.put: our announcement. An exchange of nothing for
        // nothing, so that it reads the newest value.
        self.0
            .compare_exchange(none, none, Release, Relaxed)
            .is_err()
    }

    /// A thief takes what is there.
    pub fn take(&self) -> Option<NonNull<Job>> {
        // ORDERING: shared_job.hint Relaxed: the exchange decides.
        let job = self.0.load(Relaxed);
        if job.is_null() {
            return None;
        }
        // ORDERING: shared_job.take Acquire -> pairs with shared_job.put: the job.
        self.0
            .compare_exchange(job, ptr::null_mut(), Acquire, Relaxed)
            .ok()
            .and_then(NonNull::new)
    }

    /// The owner takes its job back. False: a thief has it.
    #[must_use]
    pub fn reclaim(&self, job: &Job) -> bool {
        let job = ptr::from_ref(job).cast_mut();
        // ORDERING: shared_job.reclaim Relaxed: the job is the owner's own writing.
        self.0
            .compare_exchange(job, ptr::null_mut(), Relaxed, Relaxed)
            .is_ok()
    }
}

/// A thread's part in a tree of joins.
pub struct Joins {
    /// The pool whose joins these are: a thread takes part in one at a time.
    pool: Cell<*const Shared>,
    /// Joins until the next look around; the next one looks at 1.
    countdown: Cell<u32>,
    refill: Cell<u32>,
    /// Null for a guest.
    worker: Cell<*const Worker>,
    /// The latent jobs.
    oldest: Cell<*const Job>,
    newest: Cell<*const Job>,
    count: Cell<u32>,
    /// How long trees of this thread took lately, in nanoseconds (a running mean).
    lately: Cell<u32>,
    /// The job that was offered last, until its join ends.
    offered: Cell<*const Job>,
    /// Is the outermost join of a tree under way?
    in_tree: Cell<bool>,
    /// Countdown around without anybody who searched.
    near_root: Cell<u32>,
    looked: Cell<Option<Instant>>,
    alone_since: Cell<Option<Instant>>,
}

sync::thread_local! {
    static JOINS: Joins = const { Joins::new() };
}

/// While it lives, the thread takes part in joins of one pool.
pub struct JoinGuard<'a> {
    shared: &'a Shared,
    outer: Joins,
}

impl<'a> JoinGuard<'a> {
    /// As a worker of the pool.
    pub fn worker(worker: &'a Worker) -> Self {
        Self::new(worker.shared(), worker)
    }

    fn guest(shared: &'a Shared) -> Self {
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
            refill: Cell::new(FIRST_COUNTDOWN),
            worker: Cell::new(ptr::null()),
            oldest: Cell::new(ptr::null()),
            newest: Cell::new(ptr::null()),
            count: Cell::new(0),
            lately: Cell::new(LONGEST),
            offered: Cell::new(ptr::null()),
            in_tree: Cell::new(false),
            near_root: Cell::new(0),
            looked: Cell::new(None),
            alone_since: Cell::new(None),
        }
    }

    /// Exchanges what belongs to a tree; what was learnt of the thread's joins stays.
    fn swap(&self, other: &Self) {
        self.pool.swap(&other.pool);
        self.countdown.swap(&other.countdown);
        self.worker.swap(&other.worker);
        self.oldest.swap(&other.oldest);
        self.newest.swap(&other.newest);
        self.count.swap(&other.count);
        self.offered.swap(&other.offered);
        self.in_tree.swap(&other.in_tree);
        self.looked.swap(&other.looked);
        self.alone_since.swap(&other.alone_since);
    }

    fn is_of(&self, shared: &Shared) -> bool {
        ptr::eq(self.pool.get(), shared)
    }

    /// A join of a tree that is under way, and no look around due: two calls will do.
    #[inline(always)]
    fn is_plain(&self, shared: &Shared) -> bool {
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

    /// Does the thread take part as what it is? One from outside, or a worker that was blocked and whose core another
    /// thread has since, becomes a guest.
    fn is_member(&self, shared: &Shared) -> bool {
        self.is_of(shared) && self.worker().is_none_or(|worker| worker.seat().is_some())
    }

    /// Is a job of this thread's on offer?
    fn is_offering(&self) -> bool {
        let job = self.offered.get();
        // SAFETY: its join has not ended, and offers live as long as the pool.
        !job.is_null() && unsafe { &*(*job).offered_in.get() }.holds(job)
    }

    /// Offers a job, if this thread has none on offer and there is a place for it.
    fn offer(&self, shared: &Shared, job: &Job) -> bool {
        let put = |offer: &SharedJob| {
            job.offered_in.set(offer);
            offer.is_empty() && offer.put(job)
        };
        let done = !self.is_offering()
            && match self.worker() {
                Some(worker) => worker.seat().is_some_and(|seat| put(&seat.shared_job)),
                None => shared.external_joiners.offers().any(put),
            };
        if done {
            self.offered.set(job);
        }
        done
    }

    /// Takes back what was offered. False: a thief has it.
    fn reclaim(&self, job: &Job) -> bool {
        if ptr::eq(self.offered.get(), job) {
            self.offered.set(ptr::null());
        }
        self.countdown.set(1);
        // SAFETY: it was put there, and offers live as long as the pool.
        unsafe { &*job.offered_in.get() }.reclaim(job)
    }

    fn link(&self, job: &Job) {
        job.older.set(self.newest.get());
        job.deferred.set(true);
        // SAFETY: jobs in the list lie in stack frames below this one.
        match unsafe { self.newest.get().as_ref() } {
            Some(newest) => newest.newer.set(job),
            None => self.oldest.set(job),
        }
        self.newest.set(job);
        self.count.set(self.count.get() + 1);
    }

    fn unlink(&self, job: &Job) {
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

    /// Countdown around: is there somebody to let a job go to, or to wake for it?
    fn look_around(&self, shared: &Shared, ran_dry: bool) {
        let searching = shared.idle.is_searching();
        if !searching {
            self.near_root.set(self.near_root.get().wrapping_add(1));
            let look = ran_dry || self.near_root.get().is_multiple_of(NEAR_ROOT);
            if !(look && shared.idle.is_sleeping() && self.is_time_to_wake(ran_dry)) {
                return;
            }
        }
        // SAFETY: as in link.
        if let Some(job) = unsafe { self.oldest.get().as_ref() }
            && self.offer(shared, job)
        {
            self.unlink(job);
        }
        // Only for something to find: a sleeper looks around once.
        if !searching && self.is_offering() {
            shared.wake_for_join();
        }
    }

    /// Has this thread's tree run alone for long, or long enough since it woke somebody?
    fn is_time_to_wake(&self, ran_dry: bool) -> bool {
        if sync::MODEL {
            return false;
        }
        let now = Instant::now();
        // What is in the tank is for the joins after a tank that ran dry.
        if ran_dry && let Some(looked) = self.looked.replace(Some(now)) {
            let refill = self.refill.get();
            match now.duration_since(looked) {
                short if short < Duration::from_micros(1) => {
                    self.refill.set((refill * 2).min(COUNTDOWN))
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

    /// Waits for a half that a thief has.
    fn wait(&self, shared: &Shared, job: &Job) {
        let patience = if shared.config.can_spin {
            PATIENCE
        } else {
            Duration::ZERO
        };
        let is_guest = self.worker.get().is_null();
        if is_guest {
            shared.external_joiners.leave();
        }
        let sleep = || {
            job.sleep();
            true
        };
        block::block_spinning(patience, std::iter::empty(), || job.is_done(), None, sleep);
        if is_guest {
            shared.external_joiners.enter();
        }
    }

    /// A tree begins, if none is under way.
    fn begin(&self, shared: &Shared) -> Option<Tree<'_>> {
        if self.in_tree.replace(true) {
            return None;
        }
        let began = (!sync::MODEL && shared.idle.is_sleeping()).then(Instant::now);
        self.alone_since.set(began);
        self.looked.set(None);
        Some(Tree { joins: self, began })
    }

    /// The largest piece is on offer, and its owner may not look around for long.
    fn call(&self, shared: &Shared) {
        if self.lately.get() >= LONG && shared.idle.is_sleeping() {
            shared.wake_for_join();
        }
    }
}

/// The outermost join.
struct Tree<'a> {
    joins: &'a Joins,
    /// If somebody slept who might have been woken for it.
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

type Caught<R> = Result<R, Box<dyn Any + Send>>;

/// A second half, with its closure and then its result.
#[repr(C)]
struct Half<B, RB> {
    job: Job,
    closure: UnsafeCell<ManuallyDrop<B>>,
    result: UnsafeCell<Option<Caught<RB>>>,
}

impl<B: FnOnce() -> RB, RB> Half<B, RB> {
    unsafe fn run(job: NonNull<Job>) {
        // SAFETY: made as the first field of this type; taken, so it is the thief's until done.
        let this = unsafe { job.cast::<Self>().as_ref() };
        // SAFETY: as above, and taken once.
        let closure = this
            .closure
            .with_mut(|closure| unsafe { ManuallyDrop::take(&mut *closure) });
        // UNWIND: the panic goes on in the thread that called join.
        let result = catch_unwind(AssertUnwindSafe(closure));
        // SAFETY: as above.
        this.result
            .with_mut(|place| unsafe { *place = Some(result) });
        // SAFETY: taken, and not touched again.
        unsafe { Job::finish(job) };
    }
}

/// Both halves, somewhere.
#[inline(always)]
pub fn join<A, B, RA, RB>(shared: &Shared, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB,
{
    if JOINS.with(|joins| joins.is_plain(shared)) {
        return (a(), b());
    }
    join_slowly(shared, a, b)
}

#[cold]
#[inline(never)]
fn join_slowly<A, B, RA, RB>(shared: &Shared, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB,
{
    JOINS.with(|joins| {
        let _guest = (!joins.is_member(shared)).then(|| {
            // Back in the tree around it, the next join comes here again.
            joins.countdown.set(1);
            JoinGuard::guest(shared)
        });
        join_written(joins, shared, a, b)
    })
}

fn join_written<A, B, RA, RB>(joins: &Joins, shared: &Shared, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB,
{
    joins.look_around(shared, joins.count.get() >= DEFERRED);
    if joins.count.get() >= DEFERRED {
        joins.countdown.set(joins.refill.get());
        return (a(), b());
    }
    let half = Half::<B, RB> {
        job: Job::new(Half::<B, RB>::run),
        closure: UnsafeCell::new(ManuallyDrop::new(b)),
        result: UnsafeCell::new(None),
    };
    let _tree = joins.begin(shared);
    if joins.count.get() == 0 && joins.offer(shared, &half.job) {
        joins.call(shared);
    } else {
        joins.link(&half.job);
    }
    joins.countdown.set(if joins.count.get() < DEFERRED {
        1
    } else {
        joins.refill.get()
    });
    // UNWIND: the second half may be in other hands: it has to come back before we go on.
    let first = catch_unwind(AssertUnwindSafe(a));
    let ours = if half.job.deferred.get() {
        joins.unlink(&half.job);
        true
    } else {
        joins.reclaim(&half.job)
    };
    if ours {
        // SAFETY: nobody else has it, and it is taken once.
        let b = half
            .closure
            .with_mut(|closure| unsafe { ManuallyDrop::take(&mut *closure) });
        return match first {
            Ok(first) => (first, b()),
            Err(payload) => {
                drop(b);
                resume_unwind(payload)
            }
        };
    }
    joins.wait(shared, &half.job);
    // SAFETY: done: the thief has let go.
    let second = half
        .result
        .with_mut(|result| unsafe { &mut *result }.take());
    let second = second.expect("a finished half has a result");
    match (first, second) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(payload), _) | (_, Err(payload)) => resume_unwind(payload),
    }
}
