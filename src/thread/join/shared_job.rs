//! A job, which is the second half of a join, and the slot through which another thread takes it.
//!
//! # The words
//! [`SharedJob`]: an `AtomicPtr`, null or one job. A worker has a slot of its own, external joiners use those of
//! [`super::super::external`]. [`Job`]: its `latch`, also the futex, is `RUNNING`, `SLEEPER` (the owner may be asleep
//! on it) or `DONE`.
//!
//! # States of a job
//! - *Deferred*: in the list of its owner's thread ([`super::joins`]); no other thread knows it.
//! - *Shared*: in a slot; thieves and the owner race for it by one exchange.
//! - *Taken*: it belongs to the thief until `DONE`, then to the owner again.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | new or deferred | shared | owner | [`SharedJob::put`] | AcqRel |
//! | shared | taken | thief | [`SharedJob::take`] | Acquire |
//! | shared | deferred | owner | [`SharedJob::reclaim`] | Relaxed |
//! | taken | done | thief | [`Job::finish`] | Release |
//!
//! A job is on the stack of its join, which does not return before the job is done or its own again. A thief may have
//! read a pointer, been descheduled, and find the same address in the slot again: that is another join at the same
//! place on the stack, or another external joiner's. Then its exchange takes this one, which is shared too.
//!
//! # Guarantees
//! Each job is taken by one thief or reclaimed by its owner, never both. All methods but [`Job::sleep`] are wait-free.
//! Models: `verify/src/scenarios/join.rs`.

use crate::sync::atomic::{AtomicPtr, AtomicU32, Ordering::*};
use crate::sync::futex;
use std::cell::Cell;
use std::ptr::{self, NonNull};

const RUNNING: u32 = 0;
const SLEEPER: u32 = 1;
const DONE: u32 = 2;

/// A second half. It is the first field of the structure that its `run` function expects.
#[repr(C)]
pub struct Job {
    run: unsafe fn(NonNull<Job>),
    latch: AtomicU32,
    /// The links of the list of deferred jobs.
    pub(super) older: Cell<*const Job>,
    pub(super) newer: Cell<*const Job>,
    /// Is it in that list?
    pub(super) deferred: Cell<bool>,
    /// The slot that it was put into, if it ever was.
    pub(super) slot: Cell<*const SharedJob>,
}

impl Job {
    pub fn new(run: unsafe fn(NonNull<Job>)) -> Self {
        Self {
            run,
            latch: AtomicU32::new(RUNNING),
            older: Cell::new(ptr::null()),
            newer: Cell::new(ptr::null()),
            deferred: Cell::new(false),
            slot: Cell::new(ptr::null()),
        }
    }

    /// A thief runs the job that it took.
    ///
    /// # Safety
    /// The caller took it.
    pub unsafe fn execute(job: NonNull<Self>) {
        // SAFETY: taken, so the owner keeps it alive until it is done.
        let run = unsafe { job.as_ref() }.run;
        // SAFETY: the function belongs to the structure around this job.
        unsafe { run(job) };
    }

    /// The thief is done, and wakes the owner if it sleeps. The job may be freed at once: the wake uses the latch's address
    /// alone. At worst it wakes another thread that sleeps at this address by then; every sleeper checks its word again.
    ///
    /// # Safety
    /// The caller took the job and does not touch it again.
    pub unsafe fn finish(job: NonNull<Self>) {
        // SAFETY: alive until the swap below; only the address is used after it.
        let latch = unsafe { &raw const (*job.as_ptr()).latch };
        // ORDERING: join.finish Release -> pairs with join.done: the result.
        // SAFETY: as above.
        if unsafe { &*latch }.swap(DONE, Release) == SLEEPER {
            // WAKE: the other end is Job::sleep, which only the owner calls.
            futex::wake_one(latch);
        }
    }

    /// Is it done?
    pub fn is_done(&self) -> bool {
        // ORDERING: join.done Acquire -> pairs with join.finish: the result.
        self.latch.load(Acquire) == DONE
    }

    /// The owner sleeps until the job is done.
    pub fn sleep(&self) {
        // ORDERING: join.sleep Relaxed: the futex compares the latch itself, and the owner reads the result after is_done.
        let _ = self
            .latch
            .compare_exchange(RUNNING, SLEEPER, Relaxed, Relaxed);
        while !self.is_done() {
            // WAKE: the other end is Job::finish.
            futex::wait(&self.latch, SLEEPER, None);
        }
    }
}

/// A slot for one job that its owner lets another thread take. See the module.
pub struct SharedJob(AtomicPtr<Job>);

impl SharedJob {
    pub fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Is the slot empty? A hint.
    #[inline]
    pub fn is_empty(&self) -> bool {
        // ORDERING: shared_job.is-empty Relaxed: a hint; an exchange follows.
        self.0.load(Relaxed).is_null()
    }

    /// Is this job still in the slot? For the job's owner; `false` is exact.
    pub(super) fn holds(&self, job: *const Job) -> bool {
        // ORDERING: shared_job.holds Relaxed: the pointer is compared only.
        ptr::eq(self.0.load(Relaxed), job)
    }

    /// The owner puts a job in. False: the slot holds one already.
    #[must_use]
    pub fn put(&self, job: &Job) -> bool {
        let job = ptr::from_ref(job).cast_mut();
        // ORDERING: shared_job.put AcqRel -> release pairs with shared_job.take: the job; acquire pairs with shared_job.look: a
        // park that was announced before.
        self.0
            .compare_exchange(ptr::null_mut(), job, AcqRel, Relaxed)
            .is_ok()
    }

    /// For a worker that has announced its park: is there a job? Unlike [`is_empty`](Self::is_empty) it cannot miss one
    /// whose owner did not see the announcement.
    pub fn look(&self) -> bool {
        let none = ptr::null_mut();
        // ORDERING: shared_job.look Release -> pairs with shared_job.put: our announcement. It exchanges null for null, so that
        // it reads the newest value if that is null.
        self.0
            .compare_exchange(none, none, Release, Relaxed)
            .is_err()
    }

    /// A thief takes the job, if there is one.
    pub fn take(&self) -> Option<NonNull<Job>> {
        // ORDERING: shared_job.take-hint Relaxed: the exchange decides.
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
        // ORDERING: shared_job.reclaim Relaxed: the owner wrote the job itself.
        self.0
            .compare_exchange(job, ptr::null_mut(), Relaxed, Relaxed)
            .is_ok()
    }
}
