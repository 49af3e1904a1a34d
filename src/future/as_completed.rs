//! `as_completed`: yields futures in the order in which they complete.

use super::block;
use super::set::{SetHandle, WaitMode, WaitSet};
use super::wait::{Sealed, Waitable};
use futures_core::Stream;
use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Yields the futures in the order in which they complete; those that are done already come
/// first. It is an iterator that blocks, and a [`Stream`](https://docs.rs/futures-core/0.3/futures_core/stream/trait.Stream.html) that
/// does not.
///
/// Registers each future once; each completion then costs O(1), whatever the number of futures. A consumer that
/// is behind is not woken for futures that are already there. Dropping it cancels nothing;
/// [`into_remaining`](AsCompleted::into_remaining) returns the futures that were not yielded.
///
/// ```
/// use raddle::{ThreadPool, as_completed};
///
/// let pool = ThreadPool::new(2)?;
/// let words = ["raddle", "comb", "loom"];
/// let lengths = words.map(|word| (word, pool.spawn(move || word.len())));
/// for (word, length) in as_completed(lengths) {
///     assert_eq!(length.result().unwrap(), word.len());
/// }
/// # Ok::<(), raddle::BuildError>(())
/// ```
pub fn as_completed<F: Waitable>(futures: impl IntoIterator<Item = F>) -> AsCompleted<F> {
    let futures: Vec<Option<F>> = futures.into_iter().map(Some).collect();
    let set = SetHandle::new(futures.len(), WaitMode::Completions);
    let total = futures.len();
    let all = AsCompleted {
        futures,
        set,
        ready: VecDeque::new(),
        arrived: 0,
        left: total,
        first: 0,
        requested: false,
    };
    for (index, future) in all.futures.iter().flatten().enumerate() {
        let cell = future.raw();
        if cell.tag.predates_fork() {
            cell.end_after_fork();
        }
        all.set.register(index, cell);
    }
    all
}

/// See [`as_completed()`].
#[must_use = "iterators are lazy: nothing is waited for, and dropping it detaches the futures"]
pub struct AsCompleted<F: Waitable> {
    /// By index; `None` once yielded.
    futures: Vec<Option<F>>,
    set: SetHandle,
    /// Indices of members that were taken from the set and not yielded, in order of completion.
    ready: VecDeque<usize>,
    /// How many members were taken from the set.
    arrived: u32,
    /// How many futures were not yielded.
    left: usize,
    /// All futures before this index were yielded.
    first: usize,
    /// Their executors were asked to complete them though no thread waits.
    requested: bool,
}

impl<F: Waitable> AsCompleted<F> {
    /// The next future that is done, if there is one. Never blocks.
    fn next_ready(&mut self) -> Option<F> {
        if self.ready.is_empty() {
            let (ready, arrived) = (&mut self.ready, &mut self.arrived);
            self.set.take(|index| {
                ready.push_back(index);
                *arrived += 1;
            });
        }
        let index = self.ready.pop_front()?;
        self.left -= 1;
        let future = self.futures[index].take();
        let out = self.futures[self.first..]
            .iter()
            .take_while(|f| f.is_none());
        self.first += out.count();
        future
    }

    /// Blocks for the next future that is done. `Ok(None)`: all were yielded. `Err`: the deadline passed.
    fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<F>, ()> {
        loop {
            if let Some(future) = self.next_ready() {
                return Ok(Some(future));
            }
            if self.left == 0 {
                return Ok(None);
            }
            let waiting = self.futures[self.first..].iter().flatten();
            let waiting = waiting.map(Sealed::raw);
            let requested = &mut self.requested;
            let target = self.arrived + 1;
            if !self.set.wait(waiting, target, deadline, requested) {
                return Err(());
            }
        }
    }

    /// Stops here and returns the futures that were not yielded, in the order in which they
    /// were given. Nothing is cancelled.
    pub fn into_remaining(mut self) -> Vec<F> {
        self.unregister();
        std::mem::take(&mut self.futures)
            .into_iter()
            .flatten()
            .collect()
    }

    /// Takes the members out of the futures that are not done.
    fn unregister(&self) {
        for future in self.futures.iter().flatten() {
            self.set.unregister(future.raw());
        }
    }

    /// Limits the whole iteration to `limit` from now. The items become `Result`s: when the time has passed and a
    /// future is not done, the iterator yields one `Err`, then ends.
    ///
    /// ```
    /// use raddle::{as_completed, promise};
    /// use std::time::Duration;
    ///
    /// let (_kept, never) = promise::<u8>();
    /// let mut all = as_completed([never]).timeout(Duration::ZERO);
    /// let late = all.next().unwrap().unwrap_err();
    /// assert_eq!((late.unfinished, late.total), (1, 1));
    /// assert!(all.next().is_none());
    /// assert_eq!(all.into_remaining().len(), 1);
    /// ```
    pub fn timeout(self, limit: Duration) -> AsCompletedTimeout<F> {
        AsCompletedTimeout {
            deadline: block::deadline(limit),
            inner: self,
            is_over: false,
        }
    }
}

impl<F: Waitable> Iterator for AsCompleted<F> {
    type Item = F;

    fn next(&mut self) -> Option<F> {
        self.next_until(None).unwrap_or(None)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<F: Waitable> ExactSizeIterator for AsCompleted<F> {}
impl<F: Waitable> FusedIterator for AsCompleted<F> {}

// No field is pinned structurally: futures are handles, and moving one moves no task.
impl<F: Waitable> Unpin for AsCompleted<F> {}

impl<F: Waitable> Stream for AsCompleted<F> {
    type Item = F;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F>> {
        loop {
            if let Some(future) = self.next_ready() {
                return Poll::Ready(Some(future));
            }
            if self.left == 0 {
                return Poll::Ready(None);
            }
            let this = &mut *self;
            let waiting = this.futures.iter().flatten().map(Sealed::raw);
            WaitSet::request_completion(waiting, &mut this.requested);
            if !self.set.poll(cx.waker(), self.arrived + 1) {
                return Poll::Pending;
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<F: Waitable> Drop for AsCompleted<F> {
    fn drop(&mut self) {
        self.unregister();
    }
}

impl<F: Waitable> fmt::Debug for AsCompleted<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("left", &self.left)
            .field("total", &self.futures.len())
            .finish_non_exhaustive()
    }
}

/// The time limit of [`AsCompleted::timeout`] passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedOut {
    /// How many futures had not been yielded.
    pub unfinished: usize,
    /// How many futures there were.
    pub total: usize,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the time limit passed with {} of {} futures unfinished",
            self.unfinished, self.total
        )
    }
}

impl std::error::Error for TimedOut {}

/// [`as_completed()`] with a time limit, made by [`AsCompleted::timeout`].
#[must_use = "iterators are lazy: nothing is waited for, and dropping it detaches the futures"]
pub struct AsCompletedTimeout<F: Waitable> {
    inner: AsCompleted<F>,
    /// `None`: no deadline, because the clock cannot represent it.
    deadline: Option<Instant>,
    is_over: bool,
}

impl<F: Waitable> AsCompletedTimeout<F> {
    /// As [`AsCompleted::into_remaining`].
    pub fn into_remaining(self) -> Vec<F> {
        self.inner.into_remaining()
    }
}

impl<F: Waitable> Iterator for AsCompletedTimeout<F> {
    type Item = Result<F, TimedOut>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        match self.inner.next_until(self.deadline) {
            Ok(next) => next.map(Ok),
            Err(()) => {
                self.is_over = true;
                Some(Err(TimedOut {
                    unfinished: self.inner.left,
                    total: self.inner.futures.len(),
                }))
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.is_over {
            (0, Some(0))
        } else {
            (usize::from(self.inner.left > 0), Some(self.inner.left))
        }
    }
}

impl<F: Waitable> FusedIterator for AsCompletedTimeout<F> {}

impl<F: Waitable> fmt::Debug for AsCompletedTimeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompletedTimeout")
            .field("inner", &self.inner)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
