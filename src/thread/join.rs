//! `join`: two halves, of which another worker may take the second.
//!
//! A join whose second half no worker takes costs a comparison, a countdown and two calls. Only the outermost joins of a
//! tree, which are its largest pieces, are recorded as jobs, on the stack. The first job goes into a slot
//! ([`shared_job`]), where any worker finds it. The next ones go into a list of the thread itself ([`joins`]); the
//! thread shares the oldest of them when a worker searches.
//!
//! A worker shares through a slot of its own. A thread from outside, or one that lost its worker token to a spare while it
//! was blocked, takes part as an *external joiner* and uses any empty slot of a few ([`super::external`]).
//!
//! A join returns only when its second half is done or was never taken. While a half is shared, no worker that could take
//! it falls asleep. Guarantees: each half runs exactly once; if the first half panics before the second was taken, the
//! second does not run. The whole argument is in `docs/protocols/join.md`.

mod countdown;
mod joins;
pub mod shared_job;

pub use countdown::Countdown;
pub use joins::JoinGuard;

use super::shared::Shared;
use crate::sync::cell::UnsafeCell;
use joins::{JOINS, Joins, MAX_DEFERRED};
use shared_job::Job;
use std::any::Any;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;

type Caught<R> = Result<R, Box<dyn Any + Send>>;

/// A second half, with its closure and then its result.
#[repr(C)]
struct Half<B, RB> {
    job: Job,
    closure: UnsafeCell<ManuallyDrop<B>>,
    result: UnsafeCell<Option<Caught<RB>>>,
}

impl<B: FnOnce() -> RB, RB> Half<B, RB> {
    /// The thief's part.
    unsafe fn run(job: NonNull<Job>) {
        // SAFETY: made as the first field of this type; taken, so it is the thief's until done.
        let this = unsafe { job.cast::<Self>().as_ref() };
        // SAFETY: as above, and taken once.
        let closure = this
            .closure
            .with_mut(|closure| unsafe { ManuallyDrop::take(&mut *closure) });
        // UNWIND: the panic continues in the thread that called join.
        let result = catch_unwind(AssertUnwindSafe(closure));
        // SAFETY: as above.
        this.result
            .with_mut(|place| unsafe { *place = Some(result) });
        // SAFETY: taken, and not touched again.
        unsafe { Job::finish(job) };
    }
}

/// See [`ThreadPool::join`](super::ThreadPool::join).
#[inline(always)]
pub fn join<A, B, RA, RB>(shared: &Shared, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB,
{
    if JOINS.with(|joins| joins.count_without_poll(shared)) {
        return (a(), b());
    }
    join_slow(shared, a, b)
}

/// A join that polls, or the outermost one of a tree: the thread may have to become an external joiner first.
#[cold]
#[inline(never)]
fn join_slow<A, B, RA, RB>(shared: &Shared, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB,
{
    JOINS.with(|joins| {
        let _external = (!joins.is_current(shared)).then(|| {
            // Back in the tree around it, the next join takes this path again.
            joins.countdown.set(1);
            JoinGuard::external(shared)
        });
        join_recorded(joins, shared, a, b)
    })
}

/// Polls, then runs a join whose second half is a job, shared or deferred; with [`MAX_DEFERRED`] deferred jobs already it
/// is two calls.
fn join_recorded<A, B, RA, RB>(joins: &Joins, shared: &Shared, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB,
{
    joins.poll(shared, joins.count.get() >= MAX_DEFERRED);
    if joins.count.get() >= MAX_DEFERRED {
        joins.countdown.set(joins.refill.get());
        return (a(), b());
    }
    let half = Half::<B, RB> {
        job: Job::new(Half::<B, RB>::run),
        closure: UnsafeCell::new(ManuallyDrop::new(b)),
        result: UnsafeCell::new(None),
    };
    let _tree = joins.begin_tree(shared);
    if joins.count.get() == 0 && joins.share(shared, &half.job) {
        joins.wake_at_start(shared);
    } else {
        joins.link(&half.job);
    }
    joins.countdown.set(if joins.count.get() < MAX_DEFERRED {
        1
    } else {
        joins.refill.get()
    });
    // UNWIND: a thief may have the second half, which is on this stack: the panic waits until it is ours again or done.
    let first = catch_unwind(AssertUnwindSafe(a));
    let is_ours = if half.job.deferred.get() {
        joins.unlink(&half.job);
        true
    } else {
        joins.reclaim(&half.job)
    };
    if is_ours {
        // SAFETY: no other thread has it, and it is taken once.
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
    // SAFETY: done: the thief does not touch it any more.
    let second = half
        .result
        .with_mut(|result| unsafe { &mut *result }.take());
    let second = second.expect("a finished half has a result");
    match (first, second) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(payload), _) | (_, Err(payload)) => resume_unwind(payload),
    }
}
