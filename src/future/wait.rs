//! `wait`: blocks until the first, the first error, or all of some futures are done.

use super::block;
use super::raw_task::RawTask;
use super::set::{SetHandle, WaitMode};
use super::{Future, SharedFuture};
use std::time::{Duration, Instant};

mod sealed {
    use super::RawTask;

    pub trait Sealed {
        fn raw(&self) -> RawTask;
    }
}

pub(super) use sealed::Sealed;

/// What [`wait`] and [`as_completed()`](crate::as_completed()) take and return: a [`Future`], a borrowed
/// one, a [`SharedFuture`], or a `(key, Future)` pair. The key replaces the dictionary from future to key that
/// Python programs keep. Futures of different executors may be mixed.
pub trait Waitable: Sealed {}

impl<T> Sealed for Future<T> {
    fn raw(&self) -> RawTask {
        self.cell()
    }
}
impl<T> Sealed for &Future<T> {
    fn raw(&self) -> RawTask {
        self.cell()
    }
}
impl<T> Sealed for SharedFuture<T> {
    fn raw(&self) -> RawTask {
        self.cell()
    }
}
impl<K, F: Waitable> Sealed for (K, F) {
    fn raw(&self) -> RawTask {
        self.1.raw()
    }
}
impl<T> Waitable for Future<T> {}
impl<T> Waitable for &Future<T> {}
impl<T> Waitable for SharedFuture<T> {}
impl<K, F: Waitable> Waitable for (K, F) {}

/// What [`wait`] waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReturnWhen {
    /// One is done, whatever its outcome.
    FirstCompleted,
    /// One has failed (a cancelled one has not), or all are done.
    FirstError,
    /// All are done.
    AllCompleted,
}

/// The result of [`wait`]. Both lists keep the order in which the futures were given.
#[derive(Debug)]
pub struct Waited<F> {
    /// The futures that are done, including failed and cancelled ones.
    pub done: Vec<F>,
    /// The others. Nothing was cancelled.
    pub not_done: Vec<F>,
    /// The time limit passed before the condition held.
    pub timed_out: bool,
}

/// Blocks until the condition holds. Returns at once if there are no futures.
///
/// Costs one registration per future and one wake-up for the whole wait. Inside a worker it helps
/// as [`Future::result`] does.
///
/// ```
/// use raddle::{ReturnWhen, ThreadPool, wait};
///
/// let pool = ThreadPool::new(2)?;
/// let squares: Vec<_> = (0..4u32).map(|n| pool.spawn(move || n * n)).collect();
/// let waited = wait(squares, ReturnWhen::AllCompleted);
/// let sum: u32 = waited.done.into_iter().map(|square| square.result().unwrap()).sum();
/// assert_eq!(sum, 14);
/// assert!(waited.not_done.is_empty());
/// # Ok::<(), raddle::BuildError>(())
/// ```
pub fn wait<F: Waitable>(futures: impl IntoIterator<Item = F>, when: ReturnWhen) -> Waited<F> {
    wait_until(futures.into_iter().collect(), when, None)
}

/// As [`wait`], but blocks for at most `timeout`. Nothing is cancelled when the time has passed.
///
/// ```
/// use raddle::{ReturnWhen, promise, wait_timeout};
/// use std::time::Duration;
///
/// let (_kept, never) = promise::<u8>();
/// let waited = wait_timeout([never], ReturnWhen::FirstCompleted, Duration::ZERO);
/// assert!(waited.timed_out && waited.done.is_empty() && waited.not_done.len() == 1);
/// ```
#[must_use = "it says whether the time limit passed"]
pub fn wait_timeout<F: Waitable>(
    futures: impl IntoIterator<Item = F>,
    when: ReturnWhen,
    timeout: Duration,
) -> Waited<F> {
    wait_until(
        futures.into_iter().collect(),
        when,
        block::deadline(timeout),
    )
}

fn wait_until<F: Waitable>(
    futures: Vec<F>,
    when: ReturnWhen,
    deadline: Option<Instant>,
) -> Waited<F> {
    let total = futures.len() as u32;
    let done_now = futures
        .iter()
        .filter(|future| future.raw().poll_state().is_done())
        .count() as u32;
    let target = match when {
        ReturnWhen::FirstCompleted => total.min(1),
        ReturnWhen::FirstError | ReturnWhen::AllCompleted => total,
    };
    let failed = |future: &F| future.raw().state.load().is_failed();
    let holds = done_now >= target || when == ReturnWhen::FirstError && futures.iter().any(failed);
    let reached = holds || wait_registered(&futures, when, target, deadline);
    let (done, not_done) = futures
        .into_iter()
        .partition(|future| future.raw().state.load().is_done());
    Waited {
        done,
        not_done,
        timed_out: !reached,
    }
}

/// Waits through a wait set, in which each future is a member meanwhile. False: the deadline passed first.
fn wait_registered<F: Waitable>(
    futures: &[F],
    when: ReturnWhen,
    target: u32,
    deadline: Option<Instant>,
) -> bool {
    let watch = if when == ReturnWhen::FirstError {
        WaitMode::Errors
    } else {
        WaitMode::Completions
    };
    let set = SetHandle::new(futures.len(), watch);
    for (index, future) in futures.iter().enumerate() {
        let cell = future.raw();
        if cell.tag.predates_fork() {
            cell.end_after_fork();
        }
        set.register(index, cell);
    }
    let reached = set.wait(
        futures.iter().map(Sealed::raw),
        target,
        deadline,
        &mut false,
    );
    for future in futures {
        set.unregister(future.raw());
    }
    reached
}
