//! A task of a process pool about which there is more to say.

use crate::error::BoxError;
use crate::executor::Payload;
use crate::future::Future;
use crate::process::pool::call::RemoteCall;
use crate::process::pool::shared::Pool;
use crate::process::pool::submit;
use crate::process::pool::task_meta::TaskOptions;
use crate::process::wire::in_place::{BytesIn, BytesOut};
use crate::process::wire::region::RawBytes;
use crate::sync::Arc;
use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, Instant};

/// A task's name, deadline and retries, waiting for the task. Made by [`ProcessPool::task`](crate::ProcessPool::task).
///
/// ```
/// use raddle::{ProcessPool, TaskError};
/// use std::time::Duration;
///
/// let pool = ProcessPool::new(1)?;
/// let endless = pool.task("endless").deadline(Duration::from_millis(50)).submit(
///     |()| loop {
///         std::hint::spin_loop();
///     },
///     (),
/// );
/// let outcome: Result<(), _> = endless.result();
/// assert!(matches!(outcome, Err(TaskError::TimedOut)));
/// # Ok::<(), raddle::BuildError>(())
/// ```
#[must_use = "a name does nothing until a task is submitted with it"]
pub struct ProcessTask<'a> {
    pool: &'a Arc<Pool>,
    name: Cow<'static, str>,
    deadline: Option<Instant>,
    retries: u32,
}

impl<'a> ProcessTask<'a> {
    pub(super) fn new(pool: &'a Arc<Pool>, name: Cow<'static, str>) -> Self {
        Self {
            pool,
            name,
            deadline: None,
            retries: 0,
        }
    }

    /// The task has so long from now on. One that has not started by then never does; one that runs loses its worker,
    /// as by [`Future::kill`](crate::Future::kill). Its future ends with
    /// [`TaskError::TimedOut`](crate::TaskError::TimedOut).
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Instant::now().checked_add(limit);
        self
    }

    /// Running the task more than once does no harm: if its worker dies under it, it is run again, `retries` times at
    /// most. One that is killed or runs past its deadline is not.
    pub fn idempotent(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// As [`Executor::submit`](crate::Executor::submit).
    pub fn submit<F, A, R>(self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        let _ = task;
        let (pool, options) = self.options();
        submit::submit(pool, &RemoteCall::submit::<F, A, R>(), &arg, options)
    }

    /// As [`Executor::try_submit`](crate::Executor::try_submit).
    pub fn try_submit<F, A, R, E>(self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        E: Into<BoxError> + 'static,
    {
        let _ = task;
        let (pool, options) = self.options();
        submit::submit(pool, &RemoteCall::try_submit::<F, A, R, E>(), &arg, options)
    }

    /// As [`ProcessPool::submit_bytes`](crate::ProcessPool::submit_bytes).
    pub fn submit_bytes<F>(self, task: F, arg: &[u8]) -> Future<Vec<u8>>
    where
        F: Fn(BytesIn<'_>) -> BytesOut<'_> + Copy + Send + 'static,
    {
        let _ = task;
        let (pool, options) = self.options();
        submit::submit_as(pool, &RemoteCall::bytes::<F>(), &RawBytes(arg), options)
    }

    /// As [`ProcessPool::try_submit_bytes`](crate::ProcessPool::try_submit_bytes).
    pub fn try_submit_bytes<F, E>(self, task: F, arg: &[u8]) -> Future<Vec<u8>>
    where
        F: Fn(BytesIn<'_>) -> Result<BytesOut<'_>, E> + Copy + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let _ = task;
        let (pool, options) = self.options();
        submit::submit_as(
            pool,
            &RemoteCall::try_bytes::<F, E>(),
            &RawBytes(arg),
            options,
        )
    }

    fn options(self) -> (&'a Arc<Pool>, Option<Arc<TaskOptions>>) {
        let options = TaskOptions::new(Some(self.name), self.deadline, self.retries);
        (self.pool, Some(Arc::new(options)))
    }
}

impl fmt::Debug for ProcessTask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessTask")
            .field("name", &self.name)
            .field("deadline", &self.deadline)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}
