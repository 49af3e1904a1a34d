//! Options of one task of a process pool: its name, time limit and retries.

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

/// Submits one task with options. Each option may be left out. Returned by [`ProcessPool::task`](crate::ProcessPool::task).
///
/// ```
/// use raddle::{ProcessPool, TaskError};
/// use std::time::Duration;
///
/// let pool = ProcessPool::new(1)?;
/// let endless = pool.task().timeout(Duration::from_millis(50)).submit(
///     |()| loop {
///         std::hint::spin_loop();
///     },
///     (),
/// );
/// let outcome: Result<(), _> = endless.result();
/// assert!(matches!(outcome, Err(TaskError::TimedOut)));
/// # Ok::<(), raddle::BuildError>(())
/// ```
#[must_use = "nothing runs until a task is submitted with it"]
pub struct TaskBuilder<'a> {
    pool: &'a Arc<Pool>,
    name: Option<Cow<'static, str>>,
    deadline: Option<Instant>,
    retries: u32,
}

impl<'a> TaskBuilder<'a> {
    pub(super) fn new(pool: &'a Arc<Pool>) -> Self {
        Self {
            pool,
            name: None,
            deadline: None,
            retries: 0,
        }
    }

    /// Sets the task's name. It appears in reports, `Debug`, panic messages and [`WorkerLost`](crate::process::WorkerLost).
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets a time limit that starts now: the same as [`deadline`](Self::deadline) with the current time plus `limit`.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.deadline = Instant::now().checked_add(limit);
        self
    }

    /// Sets the time at which the task is ended. A task that has not started by then never starts. A task that runs is killed
    /// with its worker, as by [`Future::kill`](crate::Future::kill). Its future ends with
    /// [`TaskError::TimedOut`](crate::TaskError::TimedOut). A later call of this or of [`timeout`](Self::timeout) replaces an
    /// earlier one.
    ///
    /// ```
    /// use raddle::{ProcessPool, TaskError};
    /// use std::time::{Duration, Instant};
    ///
    /// let pool = ProcessPool::new(1)?;
    /// // One deadline for all tasks of a request.
    /// let deadline = Instant::now() + Duration::from_secs(60);
    /// let parts = [20, 22].map(|n| pool.task().deadline(deadline).submit(|n: u64| n + 1, n));
    /// assert_eq!(parts.map(|part| part.result().unwrap()), [21, 23]);
    ///
    /// let late = pool.task().deadline(Instant::now()).submit(|n: u64| n + 1, 1);
    /// assert!(matches!(late.result(), Ok(2) | Err(TaskError::TimedOut)));
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Declares that the task may run more than once. If its worker dies, the task runs again, at most `retries` times. A task
    /// that is killed or runs past its deadline does not run again.
    pub fn idempotent(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Submits the task. See [`Executor::submit`](crate::Executor::submit).
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

    /// Submits a task that can fail. See [`Executor::try_submit`](crate::Executor::try_submit).
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

    /// Submits a task on bytes. See [`ProcessPool::submit_bytes`](crate::ProcessPool::submit_bytes).
    pub fn submit_bytes<F>(self, task: F, arg: &[u8]) -> Future<Vec<u8>>
    where
        F: Fn(BytesIn<'_>) -> BytesOut<'_> + Copy + Send + 'static,
    {
        let _ = task;
        let (pool, options) = self.options();
        submit::submit_as(pool, &RemoteCall::bytes::<F>(), &RawBytes(arg), options)
    }

    /// Submits a task on bytes that can fail. See [`ProcessPool::try_submit_bytes`](crate::ProcessPool::try_submit_bytes).
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
        let options = TaskOptions::new(self.name, self.deadline, self.retries);
        (self.pool, Some(Arc::new(options)))
    }
}

impl fmt::Debug for TaskBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskBuilder")
            .field("name", &self.name)
            .field("deadline", &self.deadline)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}
