//! An executor that is chosen when the program runs.

use crate::error::{BoxError, ShutdownError, TaskError};
use crate::executor::{Chunk, Executor, Payload, Shutdown};
use crate::future::Future;
use crate::isolate::IsolatePool;
use crate::process::ProcessPool;
use crate::thread::ThreadPool;
use std::time::Duration;

/// A thread pool, isolates without a state or a process pool, whichever the program chose when it ran.
///
/// [`Executor`] has generic methods, so there is no `dyn Executor`. This is the type for a field or a variable that holds
/// any kind. It does what the pool in it does. What only one kind can do is reached by a `match`. Code that is
/// written once and used with one kind at a time needs no such type: it takes an `impl Executor`.
///
/// A task has to be one that a process pool takes, whichever pool is chosen: it captures nothing.
///
/// ```
/// use raddle::{AnyExecutor, BuildError, Executor, ProcessPool, ThreadPool};
///
/// fn pool(in_processes: bool) -> Result<AnyExecutor, BuildError> {
///     Ok(match in_processes {
///         true => ProcessPool::new(2)?.into(),
///         false => ThreadPool::new(2)?.into(),
///     })
/// }
///
/// for in_processes in [false, true] {
///     let squares: Result<Vec<u64>, _> = pool(in_processes)?.map(|n: u64| n * n, 1..=3).collect();
///     assert_eq!(squares.unwrap(), [1, 4, 9]);
/// }
/// # Ok::<(), BuildError>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum AnyExecutor {
    /// Tasks run on threads of this process.
    Threads(ThreadPool),
    /// Tasks run on isolates of this process, whose states they do not use.
    Isolates(IsolatePool<()>),
    /// Tasks run in other processes.
    Processes(ProcessPool),
}

/// The same call, to whichever pool it is.
macro_rules! each {
    ($this:expr, $pool:ident => $call:expr) => {
        match $this {
            Self::Threads($pool) => $call,
            Self::Isolates($pool) => $call,
            Self::Processes($pool) => $call,
        }
    };
}

impl AnyExecutor {
    /// The pool's name.
    pub fn name(&self) -> &str {
        each!(self, pool => pool.name())
    }

    /// Stops accepting tasks, and returns at once. See [`ThreadPool::close`] and [`ProcessPool::close`].
    pub fn close(&self, how: Shutdown) {
        each!(self, pool => pool.close(how));
    }

    /// As [`Executor::shutdown`], waiting for at most `limit`.
    ///
    /// # Errors
    /// [`ShutdownError::TimedOut`] says how many tasks were left; the pool goes on ending. Others as
    /// [`ThreadPool::shutdown`] and [`ProcessPool::shutdown`] have them.
    pub fn shutdown_timeout(&self, how: Shutdown, limit: Duration) -> Result<(), ShutdownError> {
        each!(self, pool => pool.shutdown_timeout(how, limit))
    }
}

impl From<ThreadPool> for AnyExecutor {
    fn from(pool: ThreadPool) -> Self {
        Self::Threads(pool)
    }
}

impl From<IsolatePool<()>> for AnyExecutor {
    fn from(pool: IsolatePool<()>) -> Self {
        Self::Isolates(pool)
    }
}

impl From<ProcessPool> for AnyExecutor {
    fn from(pool: ProcessPool) -> Self {
        Self::Processes(pool)
    }
}

impl Executor for AnyExecutor {
    fn submit<F, A, R>(&self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        each!(self, pool => pool.submit(task, arg))
    }

    fn try_submit<F, A, R, E>(&self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        E: Into<BoxError> + 'static,
    {
        each!(self, pool => pool.try_submit(task, arg))
    }

    fn submit_chunk<F, A, R>(&self, task: F, args: Vec<A>) -> Future<Chunk<R>>
    where
        F: Fn(A) -> Result<R, TaskError> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        each!(self, pool => pool.submit_chunk(task, args))
    }

    fn workers(&self) -> usize {
        each!(self, pool => pool.workers())
    }

    fn shutdown(&self, how: Shutdown) -> Result<(), ShutdownError> {
        each!(self, pool => pool.shutdown(how))
    }
}
