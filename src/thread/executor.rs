//! The thread pool implements the contract of every executor.

use super::ThreadPool;
use crate::error::{BoxError, ShutdownError, TaskError};
use crate::executor::{Chunk, Executor, Payload, Shutdown};
use crate::future::Future;

impl Executor for ThreadPool {
    fn submit<F, A, R>(&self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        self.spawn(move || task(arg))
    }

    fn try_submit<F, A, R, E>(&self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        E: Into<BoxError> + 'static,
    {
        self.try_spawn(move || task(arg))
    }

    fn submit_chunk<F, A, R>(&self, task: F, args: Vec<A>) -> Future<Chunk<R>>
    where
        F: Fn(A) -> Result<R, TaskError> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        self.spawn(move || Chunk::run(task, args))
    }

    fn workers(&self) -> usize {
        Self::workers(self)
    }

    fn shutdown(&self, how: Shutdown) -> Result<(), ShutdownError> {
        Self::shutdown(self, how)
    }
}
