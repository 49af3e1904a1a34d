//! `join`: two halves, the second of which another worker may take.
//!
//! A join that nobody takes from is a call and a countdown. Only the outermost joins of a tree (the
//! largest pieces) are written down at all, on the stack. The very first goes into the worker's
//! [`Offer`], where any other worker finds it, and somebody who sleeps is woken for it; the next ones go into
//! a list that is the thread's own, from which the oldest is offered when another worker searches. A tree
//! that somebody outside waits for wakes nobody by itself: it is often over before a sleeper is up, and
//! who waits wakes one when it is not.
//!
//! # The words
//! [`Offer`]: an `AtomicPtr`, null or one job. [`Job::latch`]: `RUNNING`, `SLEEPER`, `DONE`; the futex.
//!
//! # States of a job
//! - *Latent*: in its thread's list; nobody else knows it.
//! - *Offered*: in the offer; thieves and owner race for it by one exchange.
//! - *Taken*: the thief's until `DONE`, then the owner's again.
//!
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | new or latent | offered | owner | [`Offer::put`] | Release |
//! | offered | taken | thief | [`Offer::take`] | Acquire |
//! | offered | latent | owner | [`Offer::reclaim`] | Relaxed |
//! | taken | done | thief | [`Job::finish`] | Release |
//!
//! A job lies on the stack of its join, which does not return before the job is done or its own
//! again. Guarantees: each half runs exactly once, or not at all if the first half panics before
//! the second was taken. Models: `verify/models/join.rs`.

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
const LATENT: u32 = 2;
/// Plain joins between two looks around, adapted so that a look comes every microsecond or two
/// (the benches `join/fib` and `join/short`).
const FUEL: u32 = 1024;
const FIRST_FUEL: u32 = 8;
/// How long a tree runs alone before a sleeper is woken for it; waking costs a few microseconds here and
/// tens until the other side runs.
pub const ALONE: Duration = Duration::from_micros(20);
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
    latent: Cell<bool>,
    /// Whose offer it was put into.
    seat: Cell<usize>,
}

impl Job {
    pub fn new(run: unsafe fn(NonNull<Job>)) -> Self {
        Self {
            run,
            latch: AtomicU32::new(RUNNING),
            older: Cell::new(ptr::null()),
            newer: Cell::new(ptr::null()),
            latent: Cell::new(false),
            seat: Cell::new(0),
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
            // WAKE: the other end is Job::sleep.
            futex::wake_all(latch);
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

/// Where a worker puts a job that it would let go. See the module.
pub struct Offer(AtomicPtr<Job>);

impl Offer {
    pub fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Is nothing in it? For the owner, exact about `true` only until it puts something in.
    #[inline]
    pub fn is_empty(&self) -> bool {
        // ORDERING: offer.look Relaxed: a hint; an exchange follows.
        self.0.load(Relaxed).is_null()
    }

    /// The owner puts a job into its empty offer.
    pub fn put(&self, job: &Job) {
        // ORDERING: offer.put Release -> pairs with offer.take: the job.
        let old = self.0.swap(ptr::from_ref(job).cast_mut(), Release);
        debug_assert!(old.is_null(), "an offer was overwritten");
    }

    /// A thief takes what is there.
    pub fn take(&self) -> Option<NonNull<Job>> {
        // ORDERING: offer.hint Relaxed: the exchange decides.
        let job = self.0.load(Relaxed);
        if job.is_null() {
            return None;
        }
        // ORDERING: offer.take Acquire -> pairs with offer.put: the job.
        self.0
            .compare_exchange(job, ptr::null_mut(), Acquire, Relaxed)
            .ok()
            .and_then(NonNull::new)
    }

    /// The owner takes its job back. False: a thief has it.
    #[must_use]
    pub fn reclaim(&self, job: &Job) -> bool {
        let job = ptr::from_ref(job).cast_mut();
        // ORDERING: offer.reclaim Relaxed: the job is the owner's own writing.
        self.0
            .compare_exchange(job, ptr::null_mut(), Relaxed, Relaxed)
            .is_ok()
    }
}

/// A thread's part: its latent jobs and its countdown.
pub struct Joins {
    oldest: Cell<*const Job>,
    newest: Cell<*const Job>,
    count: Cell<u32>,
    /// Joins until the next look around; the next one looks at 1.
    fuel: Cell<u32>,
    tank: Cell<u32>,
    /// Somebody outside waits for this tree and will wake a sleeper for it in time.
    is_watched: Cell<bool>,
    looked: Cell<Option<Instant>>,
    alone_since: Cell<Option<Instant>>,
}

impl Joins {
    pub const fn new() -> Self {
        Self {
            oldest: Cell::new(ptr::null()),
            newest: Cell::new(ptr::null()),
            count: Cell::new(0),
            fuel: Cell::new(1),
            tank: Cell::new(FIRST_FUEL),
            is_watched: Cell::new(false),
            looked: Cell::new(None),
            alone_since: Cell::new(None),
        }
    }

    fn link(&self, job: &Job) {
        job.older.set(self.newest.get());
        job.latent.set(true);
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
        job.latent.set(false);
        self.count.set(self.count.get() - 1);
        self.fuel.set(1);
    }

    /// Looks around: is there somebody to let a job go to, or to wake for it?
    fn look_around(&self, worker: &Worker, ran_dry: bool) {
        let Some(seat) = worker.seat() else { return };
        let idle = &worker.shared().idle;
        if idle.is_searching() {
            // SAFETY: as in link.
            if let Some(job) = unsafe { self.oldest.get().as_ref() }
                && seat.offer.is_empty()
            {
                self.unlink(job);
                job.seat.set(seat.info.index);
                seat.offer.put(job);
            }
        } else if ran_dry && idle.is_sleeping() && !sync::MODEL {
            self.wake_in_time(worker);
        }
    }

    fn wake_in_time(&self, worker: &Worker) {
        let now = Instant::now();
        if let Some(looked) = self.looked.replace(Some(now)) {
            let tank = self.tank.get();
            match now.duration_since(looked) {
                short if short < Duration::from_micros(1) => self.tank.set((tank * 2).min(FUEL)),
                long if long > Duration::from_micros(4) => self.tank.set((tank / 2).max(1)),
                _ => {}
            }
        }
        match self.alone_since.get() {
            Some(since) if now.duration_since(since) >= ALONE => {
                worker.shared().idle.wake_one();
                self.alone_since.set(Some(now));
            }
            Some(_) => {}
            None => self.alone_since.set(Some(now)),
        }
    }

    /// Somebody outside waits for what runs here, and wakes a sleeper if it takes long.
    pub fn watch(&self) {
        self.is_watched.set(true);
    }

    /// A task begins: its joins count from here.
    pub fn begin(&self) {
        self.is_watched.set(false);
        if self.alone_since.get().is_some() {
            self.alone_since.set(None);
            self.looked.set(None);
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

/// Both halves, on a worker.
#[inline(always)]
pub fn join<A, B, RA, RB>(worker: &Worker, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB,
{
    let fuel = worker.joins.fuel.get() - 1;
    worker.joins.fuel.set(fuel);
    if fuel != 0 {
        return (a(), b());
    }
    join_slowly(worker, a, b)
}

#[cold]
#[inline(never)]
fn join_slowly<A, B, RA, RB>(worker: &Worker, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB,
{
    let joins = &worker.joins;
    joins.look_around(worker, joins.count.get() >= LATENT);
    let seat = match worker.seat() {
        Some(seat) if joins.count.get() < LATENT => seat,
        _ => {
            joins.fuel.set(joins.tank.get());
            return (a(), b());
        }
    };
    let half = Half::<B, RB> {
        job: Job::new(Half::<B, RB>::run),
        closure: UnsafeCell::new(ManuallyDrop::new(b)),
        result: UnsafeCell::new(None),
    };
    if joins.count.get() == 0 && seat.offer.is_empty() {
        // The outermost one: its first half may join nothing, and then nobody would look around.
        half.job.seat.set(seat.info.index);
        seat.offer.put(&half.job);
        if !joins.is_watched.get() {
            worker.shared().idle.wake_one();
        }
    } else {
        joins.link(&half.job);
    }
    joins.fuel.set(if joins.count.get() < LATENT {
        1
    } else {
        joins.tank.get()
    });
    // UNWIND: the second half may be in other hands: it has to come back before we go on.
    let first = catch_unwind(AssertUnwindSafe(a));
    let ours = if half.job.latent.get() {
        joins.unlink(&half.job);
        true
    } else {
        joins.fuel.set(1);
        worker.shared().seats[half.job.seat.get()]
            .offer
            .reclaim(&half.job)
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
    block::block_patiently(
        PATIENCE,
        std::iter::empty(),
        || half.job.is_done(),
        None,
        || {
            half.job.sleep();
            true
        },
    );
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
