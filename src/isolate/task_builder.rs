//! A task with a name, for a pool of isolates.

use super::state;
use crate::error::{BoxError, TaskError};
use crate::future::Future;
use crate::thread::ThreadPool;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// Begins a task that may have a name. Made by [`IsolatePool::task`](super::IsolatePool::task).
#[must_use = "nothing runs until a task is submitted with it"]
pub struct TaskBuilder<'a, S> {
    threads: &'a ThreadPool,
    name: Option<Cow<'static, str>>,
    state: PhantomData<fn(&mut S)>,
}

impl<'a, S: 'static> TaskBuilder<'a, S> {
    /// `threads` are isolates with states of type `S`.
    pub(super) fn new(threads: &'a ThreadPool) -> Self {
        Self {
            threads,
            name: None,
            state: PhantomData,
        }
    }

    /// Sets the task's name, which stands in reports, `Debug` output and panic messages.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
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
        self.threads.start(self.name, move || Ok(f()))
    }

    /// As [`IsolatePool::try_spawn`](super::IsolatePool::try_spawn).
    pub fn try_spawn<F, T, E>(self, f: F) -> Future<T>
    where
        F: FnOnce() -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let f = move || f().map_err(|error| TaskError::Failed(error.into()));
        self.threads.start(self.name, f)
    }

    fn start<R, F>(self, isolate: Option<usize>, task: F) -> Future<R>
    where
        F: FnOnce(&mut S) -> Result<R, TaskError> + Send + 'static,
        R: Send + 'static,
    {
        let run = move || state::with::<S, R>(task);
        self.threads.start_exclusive(isolate, self.name, run)
    }
}

impl<S> fmt::Debug for TaskBuilder<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskBuilder")
            .field("threads", self.threads)
            .field("name", &self.name)
            .finish()
    }
}
