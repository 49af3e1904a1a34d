//! A task with a name, for a pool of isolates.

use super::pool::IsolatePool;
use super::state;
use crate::error::{BoxError, TaskError};
use crate::future::Future;
use std::borrow::Cow;
use std::fmt;

/// Begins a task that may have a name. Made by [`IsolatePool::task`].
#[must_use = "nothing runs until a task is submitted with it"]
pub struct TaskBuilder<'a, S> {
    pool: &'a IsolatePool<S>,
    name: Option<Cow<'static, str>>,
}

impl<'a, S: 'static> TaskBuilder<'a, S> {
    pub(super) fn new(pool: &'a IsolatePool<S>) -> Self {
        Self { pool, name: None }
    }

    /// Sets the task's name, which stands in reports, `Debug` output and panic messages.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// As [`IsolatePool::submit_with`].
    pub fn submit_with<A, R, F>(self, task: F, arg: A) -> Future<R>
    where
        F: FnOnce(&mut S, A) -> R + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
    {
        self.start(None, move |state| Ok(task(state, arg)))
    }

    /// As [`IsolatePool::try_submit_with`].
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

    /// As [`IsolatePool::submit_on`].
    pub fn submit_on<A, R, F>(self, isolate: usize, task: F, arg: A) -> Future<R>
    where
        F: FnOnce(&mut S, A) -> R + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
    {
        self.start(Some(isolate), move |state| Ok(task(state, arg)))
    }

    /// As [`IsolatePool::submit_on`], for a task that can fail: its `Err` becomes [`TaskError::Failed`].
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

    fn start<R, F>(self, isolate: Option<usize>, task: F) -> Future<R>
    where
        F: FnOnce(&mut S) -> Result<R, TaskError> + Send + 'static,
        R: Send + 'static,
    {
        let threads = self.pool.threads();
        threads.start_exclusive(isolate, self.name, move || state::with::<S, R>(task))
    }
}

impl<S> fmt::Debug for TaskBuilder<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskBuilder")
            .field("pool", self.pool)
            .field("name", &self.name)
            .finish()
    }
}
