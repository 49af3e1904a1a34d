//! `map`: outcomes in the order of the arguments.

use super::window::{Chunk, Submitter, Window, failed};
use crate::error::TaskError;
use crate::future::Future;
use std::fmt;
use std::iter::FusedIterator;
use std::time::{Duration, Instant};

/// An iterator over the outcomes of [`ThreadPool::map`](crate::ThreadPool::map) or
/// [`Executor::map`](crate::Executor::map), in the order of the arguments.
///
/// It is lazy: nothing is submitted before the first `next`, and never more than a few chunks per worker ahead of the
/// consumer, so the input may be endless. `next` blocks until the next outcome is there. Items travel in chunks whose
/// length adapts to how long they take. Each item is a `Result`; a failed item does not end the iteration.
///
/// If the executor is shut down meanwhile, the outcomes of everything submitted still come, then one
/// [`TaskError::Rejected`], then `None`. The same holds for a process pool that breaks
/// ([`Rejected::Broken`](crate::Rejected::Broken)); its last item stands for the first arguments that will not run any
/// more, so an endless input ends too. A queue that is full ([`Rejected::QueueFull`](crate::Rejected::QueueFull)) fails its
/// items only.
///
/// Dropping the iterator cancels what has not started; [`detach`](Map::detach) lets it run.
#[must_use = "iterators are lazy: nothing is submitted before the first `next`"]
pub struct Map<S, I: Iterator, R> {
    window: Window<S, I, R>,
    ready: std::vec::IntoIter<Result<R, TaskError>>,
    over: bool,
}

impl<S, I: Iterator, R> Map<S, I, R> {
    /// Makes a map of an executor of your own: see [`Submitter`].
    pub fn with<A>(submitter: S, args: A) -> Self
    where
        A: IntoIterator<IntoIter = I, Item = I::Item>,
        S: Submitter<I::Item, R>,
    {
        Self::new(Window::new(submitter, args.into_iter()))
    }

    pub(crate) fn new(window: Window<S, I, R>) -> Self {
        Self {
            window,
            ready: Vec::new().into_iter(),
            over: false,
        }
    }

    /// Sets the number of arguments that travel together, instead of adapting it. With zero the iteration has one item,
    /// [`Rejected::Zero`](crate::Rejected::Zero).
    pub fn chunk(mut self, length: usize) -> Self {
        self.window.set_chunk(length);
        self
    }

    /// Limits how many arguments are taken ahead of the outcomes that were yielded. With zero the iteration has one item,
    /// [`Rejected::Zero`](crate::Rejected::Zero).
    ///
    /// ```
    /// use raddle::ThreadPool;
    ///
    /// let pool = ThreadPool::new(2)?;
    /// let mut taken = 0;
    /// let endless = std::iter::repeat_with(|| { taken += 1; taken });
    /// let first: Vec<u32> = pool.map(|n: u32| n * 10, endless).buffer(3).take(2).map(Result::unwrap).collect();
    /// assert_eq!(first, [10, 20]);
    /// assert!(taken <= 5, "two yielded and three ahead");
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn buffer(mut self, arguments: usize) -> Self {
        self.window.set_buffer(arguments);
        self
    }

    /// Limits the whole iteration to `limit` from now. At its end one [`TaskError::TimedOut`] comes, what has not started is
    /// cancelled, and the iteration is over.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.window.set_timeout(limit);
        self
    }

    /// Ends the iteration, and lets what was submitted run.
    pub fn detach(mut self) {
        self.window.detach();
    }

    /// Ends the iteration with one last item.
    fn end(&mut self, error: TaskError) -> Option<Result<R, TaskError>> {
        self.over = true;
        self.window.cancel();
        Some(Err(error))
    }
}

impl<S, I, R> Iterator for Map<S, I, R>
where
    S: Submitter<I::Item, R>,
    I: Iterator,
{
    type Item = Result<R, TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(outcome) = self.ready.next() {
            self.window.yielded += 1;
            return Some(outcome);
        }
        if self.over {
            return None;
        }
        if let Some(error) = self.window.misuse() {
            return self.end(error);
        }
        self.window.fill();
        let Some(head) = self.window.pending.pop_front() else {
            self.over = true;
            return None;
        };
        let (first, count) = (head.first, head.count);
        let outcome = match collect(head.future, self.window.deadline) {
            Ok(outcome) => outcome,
            Err(future) => {
                future.cancel();
                return self.end(TaskError::TimedOut);
            }
        };
        debug_assert_eq!(first, self.window.yielded, "chunks are collected in order");
        let outcomes = match outcome {
            Ok(chunk) => {
                self.window.learn(count, chunk.took);
                chunk.outcomes
            }
            Err(error) => match failed(error, count) {
                Ok(outcomes) => outcomes,
                Err(error) => return self.end(error),
            },
        };
        // The workers have the next chunks while the consumer uses this one.
        self.window.fill();
        self.ready = outcomes.into_iter();
        self.window.yielded += 1;
        self.ready.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.ready.len(), None)
    }
}

type Collected<R> = Result<Result<Chunk<R>, TaskError>, Future<Chunk<R>>>;

/// The outcome of a chunk. `Err`: the deadline passed first.
fn collect<R>(future: Future<Chunk<R>>, deadline: Option<Instant>) -> Collected<R> {
    match deadline {
        None => Ok(future.result()),
        Some(deadline) => future.result_timeout(deadline.saturating_duration_since(Instant::now())),
    }
}

impl<S, I, R> FusedIterator for Map<S, I, R>
where
    S: Submitter<I::Item, R>,
    I: Iterator,
{
}

impl<S, I: Iterator, R> fmt::Debug for Map<S, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("yielded", &self.window.yielded)
            .finish_non_exhaustive()
    }
}
