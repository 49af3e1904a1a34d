//! The types of process pools alone: the [builder](ProcessPoolBuilder) and the settings of workers ([`Start`], [`Output`],
//! [`Limit`], [`WhenWorkerDies`]); a task's [name, time limit and retries](TaskBuilder); the errors of a worker
//! ([`WorkerLost`]) and of a payload ([`PayloadError`]); [bytes in shared memory](BytesIn); [statistics](Stats); and a bounded
//! [`queue`](queue()) between this process and its workers.

// - `pool`: the parent's side. `pool::shared` lists its threads and their duties.
// - `supervisor`: starts, watches and ends the workers.
// - `worker`: the worker's side, from its start to its last reply.
// - `queue`: the queue between processes.
// - `wire`: the form in which arguments and outcomes travel.

mod builder;
mod executor;
mod pool;
mod queue;
mod start_pool;
mod supervisor;
mod task;
#[cfg(any(raddle_loom, raddle_shuttle, raddle_hostile))]
pub mod testing;
mod wire;
mod worker;

pub use crate::error::{
    CodeError, LostCause, PayloadError, PayloadReason, PayloadStage, PutError, QueueError,
    WorkerExit, WorkerLost,
};
pub use builder::ProcessPoolBuilder;
pub use pool::config::WhenWorkerDies;
pub use pool::stats::{Stats, WorkerStats};
pub use queue::{Receiver, Sender, queue};
pub use task::TaskBuilder;
pub use wire::in_place::{BytesIn, BytesOut};
pub use worker::start::{Limit, Output, Start, worker_main};

use crate::error::{BoxError, BuildError, ShutdownError};
use crate::executor::Shutdown;
use crate::future::{Future, block};
use crate::sync::Arc;
use pool::call::RemoteCall;
use pool::shared::Pool;
use pool::supervisor_queue::Command;
use pool::{completer, submit};
use std::fmt;
use std::time::{Duration, Instant};
use wire::region::RawBytes;

/// A pool of worker processes. A task that crashes or leaks harms only the process that runs it.
///
/// A task is a function, or a closure that captures nothing. Its argument and its result implement serde's traits. Submit it
/// through [`Executor`](crate::Executor), or through [`task`](Self::task) to give it a name, a time limit or retries. Workers
/// are this same program, started again; the program registers nothing. The parent shares memory with each worker, and a thread
/// that waits for a result takes it from that memory itself.
///
/// When a worker dies, only the task that it ran is lost ([`TaskError::WorkerLost`](crate::TaskError::WorkerLost)). A new
/// worker replaces the dead one.
///
/// Dropping a pool runs all accepted tasks and joins the workers. While a panic unwinds, tasks that have not started are
/// cancelled instead. In a forked child, dropping does nothing and every call is refused. If the parent dies, for any reason,
/// its workers die too.
///
/// ```
/// use raddle::{Executor, ProcessPool};
///
/// fn heavy(n: u64) -> u64 {
///     (1..=n).product()
/// }
///
/// let pool = ProcessPool::new(2)?;
/// let product = pool.submit(heavy, 20);
/// assert_eq!(product.result().unwrap(), 2_432_902_008_176_640_000);
/// # Ok::<(), raddle::BuildError>(())
/// ```
pub struct ProcessPool {
    pool: Arc<Pool>,
}

impl ProcessPool {
    /// Starts a pool of `workers` workers with the defaults of [`ProcessPoolBuilder`]. Blocks until all of them are ready.
    ///
    /// # Errors
    /// [`BuildError`]: `workers` is zero, or a worker could not be started.
    pub fn new(workers: usize) -> Result<Self, BuildError> {
        Self::builder().workers(workers).build()
    }

    /// Returns a builder with the default settings.
    pub fn builder() -> ProcessPoolBuilder {
        ProcessPoolBuilder::default()
    }

    fn from_pool(pool: Arc<Pool>) -> Self {
        Self { pool }
    }

    /// Begins a task with options: a name, a time limit, retries. See [`TaskBuilder`].
    pub fn task(&self) -> TaskBuilder<'_> {
        TaskBuilder::new(&self.pool)
    }

    /// Submits a task on bytes. The task reads its argument and writes its result in memory that the parent shares with the
    /// worker: the parent copies `arg` in and the result out, and nothing else is copied. Use it for payloads of many kilobytes
    /// that are bytes already; what [`Executor::submit`](crate::Executor::submit) carries is encoded at one end and decoded at
    /// the other.
    ///
    /// Blocks, and is refused, as `submit` is. `arg` has been copied when this returns.
    ///
    /// ```
    /// use raddle::process::{BytesIn, BytesOut};
    /// use raddle::ProcessPool;
    ///
    /// fn inverted(image: BytesIn<'_>) -> BytesOut<'_> {
    ///     let mut out = image.out(image.len());
    ///     for (to, from) in out.iter_mut().zip(image.as_slice()) {
    ///         *to = !*from;
    ///     }
    ///     out
    /// }
    ///
    /// let pool = ProcessPool::new(1)?;
    /// let image = vec![0xf0; 1 << 20];
    /// let inverse = pool.submit_bytes(inverted, &image).result().unwrap();
    /// assert!(inverse.iter().all(|&byte| byte == 0x0f));
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn submit_bytes<F>(&self, task: F, arg: &[u8]) -> Future<Vec<u8>>
    where
        F: Fn(BytesIn<'_>) -> BytesOut<'_> + Copy + Send + 'static,
    {
        let _ = task;
        submit::submit_as(&self.pool, &RemoteCall::bytes::<F>(), &RawBytes(arg), None)
    }

    /// Like [`submit_bytes`](Self::submit_bytes), for a task that can fail. Its `Err` becomes
    /// [`TaskError::Failed`](crate::TaskError::Failed).
    ///
    /// ```
    /// use raddle::process::{BytesIn, BytesOut};
    /// use raddle::ProcessPool;
    ///
    /// fn header(file: BytesIn<'_>) -> Result<BytesOut<'_>, &'static str> {
    ///     let header = file.first_chunk::<64>().ok_or("too short")?;
    ///     let mut out = file.out(header.len());
    ///     out.copy_from_slice(header);
    ///     Ok(out)
    /// }
    ///
    /// let pool = ProcessPool::new(1)?;
    /// assert_eq!(pool.try_submit_bytes(header, &[7; 4096]).result().unwrap(), [7; 64]);
    /// assert!(pool.try_submit_bytes(header, &[7; 10]).result().is_err());
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn try_submit_bytes<F, E>(&self, task: F, arg: &[u8]) -> Future<Vec<u8>>
    where
        F: Fn(BytesIn<'_>) -> Result<BytesOut<'_>, E> + Copy + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let _ = task;
        submit::submit_as(
            &self.pool,
            &RemoteCall::try_bytes::<F, E>(),
            &RawBytes(arg),
            None,
        )
    }

    /// Returns the number of workers.
    pub fn workers(&self) -> usize {
        self.pool.lanes.len()
    }

    /// Returns the pool's name.
    pub fn name(&self) -> &str {
        &self.pool.config.name
    }

    /// Returns what the pool has done so far, and the process ids of its workers. Reads the figures of each lane, under the
    /// lane's lock where tasks are in it; no worker waits for that. In a forked child it knows nothing of what runs or waits.
    ///
    /// ```
    /// let pool = raddle::ProcessPool::new(2)?;
    /// assert_eq!(pool.stats().pids().len(), 2);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn stats(&self) -> Stats {
        self.pool.stats()
    }

    /// Stops accepting tasks. Does not wait for running tasks. With [`Shutdown::CancelPending`], all tasks that have not started
    /// are cancelled before it returns. The workers end when no task is left. In a forked child it does nothing.
    pub fn close(&self, how: Shutdown) {
        if !self.pool.is_forked() {
            self.pool.close(how);
        }
    }

    /// Stops accepting tasks and blocks until all accepted tasks have ended and all workers have exited. It may be called again.
    ///
    /// # Errors
    /// [`ShutdownError::InCallback`] when a callback calls it on the pool's own thread; the pool is closed all the same.
    /// [`ShutdownError::Forked`] in a forked child.
    pub fn shutdown(&self, how: Shutdown) -> Result<(), ShutdownError> {
        self.shutdown_until(how, None)
    }

    /// Like [`shutdown`](Self::shutdown), but blocks for at most `limit`.
    ///
    /// # Errors
    /// As [`shutdown`](Self::shutdown), and [`ShutdownError::TimedOut`] with the number of tasks that were left. The shutdown
    /// goes on in the background.
    pub fn shutdown_timeout(&self, how: Shutdown, limit: Duration) -> Result<(), ShutdownError> {
        self.shutdown_until(how, block::deadline(limit))
    }

    /// Ends every worker and shuts the pool down. Tasks that have not started are cancelled. Each worker gets `SIGTERM`, and
    /// after `grace` it gets `SIGKILL`. A task that has not ended by then ends with
    /// [`TaskError::WorkerLost`](crate::TaskError::WorkerLost). Blocks until all workers have exited.
    ///
    /// # Errors
    /// As [`shutdown`](Self::shutdown).
    pub fn terminate_workers(&self, grace: Duration) -> Result<(), ShutdownError> {
        if !self.pool.is_forked() {
            self.pool.close(Shutdown::CancelPending);
            self.pool
                .supervisor_queue
                .send(Command::StopWorkers { grace });
        }
        self.shutdown(Shutdown::CancelPending)
    }

    /// Like [`terminate_workers`](Self::terminate_workers), but sends `SIGKILL` at once.
    ///
    /// # Errors
    /// As [`shutdown`](Self::shutdown).
    pub fn kill_workers(&self) -> Result<(), ShutdownError> {
        self.terminate_workers(Duration::ZERO)
    }

    fn shutdown_until(
        &self,
        how: Shutdown,
        deadline: Option<Instant>,
    ) -> Result<(), ShutdownError> {
        let pool = || self.name().to_owned();
        if self.pool.is_forked() {
            return Err(ShutdownError::Forked { pool: pool() });
        }
        self.pool.close(how);
        if completer::is_this_thread(&self.pool) {
            return Err(ShutdownError::InCallback { pool: pool() });
        }
        if self.pool.wait_end(deadline) {
            Ok(())
        } else {
            let Stats {
                running, queued, ..
            } = self.stats();
            Err(ShutdownError::TimedOut { running, queued })
        }
    }
}

impl Drop for ProcessPool {
    fn drop(&mut self) {
        let how = if std::thread::panicking() {
            Shutdown::CancelPending
        } else {
            Shutdown::Drain
        };
        // `shutdown` fails in a callback on the pool's own thread and in a forked child: nothing to wait for in either.
        let _ = self.shutdown(how);
    }
}

impl fmt::Debug for ProcessPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPool")
            .field("name", &self.name())
            .field("workers", &self.workers())
            .field("closed", &self.pool.is_closed())
            .finish_non_exhaustive()
    }
}
