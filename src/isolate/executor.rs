//! A pool of isolates implements the contract of every executor, with tasks that use no state.

use super::pool::IsolatePool;
use crate::error::{BoxError, ShutdownError, TaskError};
use crate::executor::{Chunk, Executor, Payload, Shutdown};
use crate::future::Future;

impl<S: 'static> Executor for IsolatePool<S> {
    fn submit<F, A, R>(&self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        self.threads().submit(task, arg)
    }

    fn try_submit<F, A, R, E>(&self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        E: Into<BoxError> + 'static,
    {
        self.threads().try_submit(task, arg)
    }

    fn submit_chunk<F, A, R>(&self, task: F, args: Vec<A>) -> Future<Chunk<R>>
    where
        F: Fn(A) -> Result<R, TaskError> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        self.threads().submit_chunk(task, args)
    }

    fn workers(&self) -> usize {
        Self::workers(self)
    }

    fn shutdown(&self, how: Shutdown) -> Result<(), ShutdownError> {
        Self::shutdown(self, how)
    }
}
