//! What follows a future without a thread that waits for it: [`Future::map_ok`], [`Future::and_then`], [`Future::forward`].
//!
//! The future lies in a [`Step`], which is its waker. The thread that completes the task wakes the step, takes the outcome and goes on
//! with it.
//! There is no protocol of its own here: it is one poll and one wake, under a lock. Models: `verify/src/scenarios/then.rs`.

use super::Future;
use super::promise::{Promise, promise};
use crate::error::TaskError;
use crate::report::{self, Report};
use crate::sync::{self, Mutex};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// A future, and what is done with its outcome. Empty once that has begun.
struct Step<T, F>(Mutex<Option<(Future<T>, F)>>);

impl<T, F> Step<T, F>
where
    T: Send + 'static,
    F: FnOnce(Result<T, TaskError>) + Send + 'static,
{
    /// Goes on if the future is done, else when it will be.
    fn go_on(self: Arc<Self>) {
        let waker = Waker::from(Arc::clone(&self));
        // Held while it is polled: who completes the task meanwhile waits until the future is back in its place.
        let mut step = self.0.lock();
        let Some((mut future, then)) = step.take() else {
            return;
        };
        match Pin::new(&mut future).poll(&mut Context::from_waker(&waker)) {
            Poll::Pending => *step = Some((future, then)),
            Poll::Ready(outcome) => {
                drop(step);
                drop(future);
                nested(move || then(outcome));
            }
        }
    }
}

impl<T, F> Wake for Step<T, F>
where
    T: Send + 'static,
    F: FnOnce(Result<T, TaskError>) + Send + 'static,
{
    fn wake(self: Arc<Self>) {
        self.go_on();
    }
}

/// So many steps may run inside each other on one thread: a long chain that is completed at its start would use up the stack.
const DEEPEST: usize = 16;

sync::thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// What was found deeper. The outermost step runs it.
    static LATER: RefCell<VecDeque<Box<dyn FnOnce()>>> = const { RefCell::new(VecDeque::new()) };
}

/// Runs `work` now, or when the outermost step of this thread is done.
fn nested(work: impl FnOnce() + 'static) {
    let depth = DEPTH.with(Cell::get);
    if depth == DEEPEST {
        LATER.with(|later| later.borrow_mut().push_back(Box::new(work)));
        return;
    }
    DEPTH.with(|now| now.set(depth + 1));
    work();
    while depth == 0
        && let Some(work) = LATER.with(|later| later.borrow_mut().pop_front())
    {
        work();
    }
    DEPTH.with(|now| now.set(depth));
}

impl<T: Send + 'static> Future<T> {
    /// Calls `then` once, with the outcome: on this thread if the task is done, else on the one that completes it. `then` does not panic.
    fn on_outcome(self, then: impl FnOnce(Result<T, TaskError>) + Send + 'static) {
        Arc::new(Step(Mutex::new(Some((self, then))))).go_on();
    }

    /// A future for what `f` makes of the value. Never blocks, and no thread waits.
    ///
    /// `f` runs on the thread that completes the task, as a [callback](Self::add_done_callback) does, or on this one if the task is
    /// done: keep it short, and give what takes long to a pool with [`and_then`](Self::and_then). An error of the task is the new
    /// future's, and `f` does not run. A panic in `f` is the new future's [`TaskError::Panicked`].
    ///
    /// Cancelling the new future keeps `f` from running. The task goes on.
    ///
    /// ```
    /// let pool = raddle::ThreadPool::new(1)?;
    /// let length = pool.spawn(|| "weft".to_owned()).map_ok(|word| word.len());
    /// assert_eq!(length.result().unwrap(), 4);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn map_ok<U: Send + 'static>(self, f: impl FnOnce(T) -> U + Send + 'static) -> Future<U> {
        let (promise, mapped) = promise();
        self.on_outcome(move |outcome| match outcome {
            Ok(value) => {
                promise.run(move || f(value));
            }
            Err(error) => {
                report::contain_drop("task", || drop(f));
                fail(promise, error);
            }
        });
        mapped
    }

    /// As [`map_ok`](Self::map_ok) for an `f` that begins another task. The outcome is that task's. If the new future is cancelled after
    /// `f` has run, that task goes on.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let pool = Arc::new(raddle::ThreadPool::new(2)?);
    /// let read = pool.spawn(|| vec![3, 1, 2]);
    /// let next = Arc::clone(&pool);
    /// let sorted = read.and_then(move |mut rows| {
    ///     next.spawn(move || {
    ///         rows.sort();
    ///         rows
    ///     })
    /// });
    /// assert_eq!(sorted.result().unwrap(), [1, 2, 3]);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn and_then<U: Send + 'static>(
        self,
        f: impl FnOnce(T) -> Future<U> + Send + 'static,
    ) -> Future<U> {
        let (promise, last) = promise();
        self.on_outcome(move |outcome| {
            let begun = match outcome {
                Ok(value) if !promise.is_cancelled() => promise.call(move || f(value)),
                Ok(value) => {
                    report::contain_drop("task", || drop((f, value)));
                    return;
                }
                Err(error) => {
                    report::contain_drop("task", || drop(f));
                    Err(error)
                }
            };
            match begun {
                Ok(second) => second.forward(promise),
                Err(error) => fail(promise, error),
            }
        });
        last
    }

    /// Gives the outcome to `promise` when there is one. Never blocks. If the promise's future was cancelled, a value is dropped, and
    /// an error goes to the [report hook](crate::set_report_hook).
    ///
    /// ```
    /// let pool = raddle::ThreadPool::new(1)?;
    /// let (promise, future) = raddle::promise();
    /// pool.spawn(|| 7).forward(promise);
    /// assert_eq!(future.result().unwrap(), 7);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn forward(self, promise: Promise<T>) {
        self.on_outcome(move |outcome| match outcome {
            Ok(value) => drop_value(promise.complete(value)),
            Err(error) => fail(promise, error),
        });
    }
}

/// The value that a cancelled promise has refused.
fn drop_value<T>(given: Result<(), T>) {
    if let Err(value) = given {
        report::contain_drop("result", || drop(value));
    }
}

fn fail<T>(promise: Promise<T>, error: TaskError) {
    if let Err(error) = promise.fail(error) {
        if !matches!(error, TaskError::Cancelled) {
            report::tell(&Report::UnobservedError {
                task: None,
                error: &error,
            });
        }
        report::contain_drop("result", || drop(error));
    }
}
