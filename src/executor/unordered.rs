//! `map_unordered`: outcomes as they become ready.

use super::window::{Pending, Submitter, Window, failed};
use crate::error::TaskError;
use crate::future::wait::{ReturnWhen, wait, wait_timeout};
use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::time::{Duration, Instant};

/// An iterator over the outcomes of [`ThreadPool::map_unordered`](crate::ThreadPool::map_unordered) or
/// [`Executor::map_unordered`](crate::Executor::map_unordered), as they become ready, each with the index of its argument.
///
/// It is lazy and bounded, blocks in `next`, and treats failed items, the end of the executor and its own drop as
/// [`Map`](super::Map) does. If the executor ends, the index of the last item is that of the first argument that was
/// refused.
#[must_use = "iterators are lazy: nothing is submitted before the first `next`"]
pub struct MapUnordered<S, I: Iterator, R> {
    window: Window<S, I, R>,
    ready: VecDeque<(usize, Result<R, TaskError>)>,
    /// The executor takes nothing more in: the last item, which comes after the outcomes of everything that it took.
    refused: Option<(usize, TaskError)>,
    over: bool,
}

impl<S, I: Iterator, R> MapUnordered<S, I, R> {
    /// As [`Map::with`](super::Map::with).
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
            ready: VecDeque::new(),
            refused: None,
            over: false,
        }
    }

    /// As [`Map::chunk`](super::Map::chunk).
    pub fn chunk(mut self, length: usize) -> Self {
        self.window.set_chunk(length);
        self
    }

    /// As [`Map::buffer`](super::Map::buffer).
    pub fn buffer(mut self, arguments: usize) -> Self {
        self.window.set_buffer(arguments);
        self
    }

    /// As [`Map::timeout`](super::Map::timeout). The index of the last item is that of an argument that was not finished.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.window.set_timeout(limit);
        self
    }

    /// As [`Map::detach`](super::Map::detach).
    pub fn detach(mut self) {
        self.window.detach();
    }

    fn end(&mut self, index: usize, error: TaskError) {
        self.over = true;
        self.window.cancel();
        self.ready.push_back((index, Err(error)));
    }
}

impl<S, I, R> MapUnordered<S, I, R>
where
    S: Submitter<I::Item, R>,
    I: Iterator,
{
    fn fill(&mut self) {
        if self.refused.is_none() && !self.over {
            self.window.fill();
        }
    }

    /// Waits until a chunk is done, and unpacks all that are.
    fn collect(&mut self) {
        let pending = self.window.pending.iter().map(|chunk| &chunk.future);
        let timed_out = match self.window.deadline {
            None => wait(pending, ReturnWhen::FirstCompleted).timed_out,
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                wait_timeout(pending, ReturnWhen::FirstCompleted, left).timed_out
            }
        };
        if timed_out {
            let index = self.window.pending.front().map_or(0, |chunk| chunk.first);
            return self.end(index, TaskError::TimedOut);
        }
        let pending = std::mem::take(&mut self.window.pending);
        for Pending {
            first,
            count,
            future,
        } in pending
        {
            if !future.is_done() {
                self.window.pending.push_back(Pending {
                    first,
                    count,
                    future,
                });
                continue;
            }
            match future.result() {
                Ok(chunk) => {
                    self.window.learn(count, chunk.took);
                    self.ready.extend((first..).zip(chunk.outcomes));
                }
                Err(error) => match failed(error, count) {
                    Ok(outcomes) => self.ready.extend((first..).zip(outcomes)),
                    Err(error) => {
                        let refused = self.refused.get_or_insert((first, error));
                        refused.0 = refused.0.min(first);
                    }
                },
            }
        }
    }
}

impl<S, I, R> Iterator for MapUnordered<S, I, R>
where
    S: Submitter<I::Item, R>,
    I: Iterator,
{
    type Item = (usize, Result<R, TaskError>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                self.window.yielded += 1;
                return Some(item);
            }
            if self.over {
                return None;
            }
            if let Some(error) = self.window.misuse() {
                self.end(0, error);
                continue;
            }
            self.fill();
            if self.window.pending.is_empty() {
                match self.refused.take() {
                    Some((first, error)) => self.end(first, error),
                    None => self.over = true,
                }
                continue;
            }
            self.collect();
            self.fill();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.ready.len(), None)
    }
}

impl<S, I, R> FusedIterator for MapUnordered<S, I, R>
where
    S: Submitter<I::Item, R>,
    I: Iterator,
{
}

impl<S, I: Iterator, R> fmt::Debug for MapUnordered<S, I, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapUnordered")
            .field("yielded", &self.window.yielded)
            .finish_non_exhaustive()
    }
}
