//! A task with a name or a time limit, for a pool of isolates.

use super::interrupt::{Interrupts, Ticket};
use super::state;
use crate::error::{BoxError, TaskError};
use crate::future::Future;
use crate::sync::Arc;
use crate::thread::ThreadPool;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

/// Begins a task that may have a name and a time limit. Made by [`IsolatePool::task`](super::IsolatePool::task).
#[must_use = "nothing runs until a task is submitted with it"]
pub struct TaskBuilder<'a, S> {
    threads: &'a ThreadPool,
    interrupts: &'a Arc<Interrupts>,
    name: Option<Cow<'static, str>>,
    deadline: Option<Instant>,
    state: PhantomData<fn(&mut S)>,
}

impl<'a, S: 'static> TaskBuilder<'a, S> {
    /// `threads` are isolates with states of type `S`.
    pub(super) fn new(threads: &'a ThreadPool, interrupts: &'a Arc<Interrupts>) -> Self {
        Self {
            threads,
            interrupts,
            name: None,
            deadline: None,
            state: PhantomData,
        }
    }

    /// Sets the task's name, which stands in reports, `Debug` output and panic messages.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets a time limit that starts now: the same as [`deadline`](Self::deadline) with the current time plus `limit`.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.deadline = Instant::now().checked_add(limit);
        self
    }

    /// Sets the time at which a task is ended that uses a state. If it has not started by then it never starts: an isolate finds that out when
    /// it comes to the task. If it runs, it is interrupted, as by [`Future::kill`](crate::Future::kill), where the pool
    /// [can do that](super::IsolatePoolBuilder::on_interrupt); else it goes on. The future ends with
    /// [`TaskError::TimedOut`](crate::TaskError::TimedOut). A later call of this or of [`timeout`](Self::timeout) replaces an earlier
    /// one. A task without a state ([`spawn`](Self::spawn)) is never interrupted.
    ///
    /// ```
    /// use raddle::{IsolatePool, TaskError};
    /// use std::time::Instant;
    ///
    /// let pool = IsolatePool::new(1, |_| Ok(()))?;
    /// let late = pool.task().deadline(Instant::now()).submit_with(|(), n: u64| n + 1, 1);
    /// assert!(matches!(late.result(), Err(TaskError::TimedOut)));
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// As [`IsolatePool::submit_with`](super::IsolatePool::submit_with).
    pub fn submit_with<A, R, F>(self, task: F, arg: A) -> Future<R>
    where
        F: FnOnce(&mut S, A) -> R + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
    {
        self.start(None, move |state| Ok(task(state, arg)))
    }

    /// As [`IsolatePool::try_submit_with`](super::IsolatePool::try_submit_with).
    pub fn try_submit_with<A, R, E, F>(self, task: F, arg: A) -> Future<R>
    where
        F: FnOnce(&mut S, A) -> Result<R, E> + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
        E: Into<BoxError> + 'static,
    {
        self.start(None, move |state| {
            task(state, arg).map_err(|error| TaskError::Failed(error.into()))
        })
    }

    /// As [`IsolatePool::submit_on`](super::IsolatePool::submit_on).
    pub fn submit_on<A, R, F>(self, isolate: usize, task: F, arg: A) -> Future<R>
    where
        F: FnOnce(&mut S, A) -> R + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
    {
        self.start(Some(isolate), move |state| Ok(task(state, arg)))
    }

    /// As [`IsolatePool::submit_on`](super::IsolatePool::submit_on), for a task that can fail: its `Err` becomes [`TaskError::Failed`].
    pub fn try_submit_on<A, R, E, F>(self, isolate: usize, task: F, arg: A) -> Future<R>
    where
        F: FnOnce(&mut S, A) -> Result<R, E> + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
        E: Into<BoxError> + 'static,
    {
        self.start(Some(isolate), move |state| {
            task(state, arg).map_err(|error| TaskError::Failed(error.into()))
        })
    }

    /// As [`IsolatePool::spawn`](super::IsolatePool::spawn).
    pub fn spawn<F, T>(self, f: F) -> Future<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.start_without(move || Ok(f()))
    }

    /// As [`IsolatePool::try_spawn`](super::IsolatePool::try_spawn).
    pub fn try_spawn<F, T, E>(self, f: F) -> Future<T>
    where
        F: FnOnce() -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Into<BoxError> + 'static,
    {
        self.start_without(move || f().map_err(|error| TaskError::Failed(error.into())))
    }

    fn start_without<R, F>(self, task: F) -> Future<R>
    where
        F: FnOnce() -> Result<R, TaskError> + Send + 'static,
        R: Send + 'static,
    {
        let Some(deadline) = self.deadline else {
            return self.threads.start(self.name, task);
        };
        self.threads.start(self.name, move || {
            if deadline <= Instant::now() {
                return Err(TaskError::TimedOut);
            }
            task()
        })
    }

    fn start<R, F>(self, isolate: Option<usize>, task: F) -> Future<R>
    where
        F: FnOnce(&mut S) -> Result<R, TaskError> + Send + 'static,
        R: Send + 'static,
    {
        if self.deadline.is_none() && !self.interrupts.can_interrupt() {
            let run = move || state::with::<S, R>(task);
            return self.threads.start_exclusive(isolate, self.name, run);
        }
        let ticket = Ticket::new(Arc::clone(self.interrupts), self.deadline, self.name);
        // SAFETY: it is the closure of a cell with a ticket.
        let run = move || unsafe { state::with_ticket::<S, R>(task) };
        self.threads.start_exclusive(isolate, ticket, run)
    }
}

impl<S> fmt::Debug for TaskBuilder<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskBuilder")
            .field("threads", self.threads)
            .field("name", &self.name)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
