//! What belongs to process pools alone: the [builder](ProcessPoolBuilder) and how workers are set up ([`Start`],
//! [`Output`], [`Limit`], [`WhenWorkerDies`]); a task's [name, time limit and retries](TaskBuilder); what can go wrong with
//! a worker ([`WorkerLost`]) or with what travels ([`PayloadError`]); bytes that are read [where they lie](BytesIn); and
//! [statistics](Stats).

// The process pool: the same tasks and futures as a thread pool's, each task in another process.
//
// `entry`, `codec`, `outcome`: how a task travels. `start`, `worker`: the worker's side. `pool` says who does
// what on the parent's.

mod builder;
mod executor;
mod pool;
mod start_pool;
mod supervisor;
mod task;
#[cfg(any(raddle_loom, raddle_shuttle, raddle_hostile))]
pub mod testing;
mod wire;
mod worker;

pub use crate::error::{
    CodeError, LostCause, PayloadError, PayloadReason, PayloadStage, WorkerExit, WorkerLost,
};
pub use builder::ProcessPoolBuilder;
pub use pool::config::WhenWorkerDies;
pub use pool::stats::{Stats, WorkerStats};
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

/// A pool of worker processes: what a task does to its process, it does to that one alone.
///
/// A task is a function, or a closure that captures nothing, with an argument and a result that serde knows; it is
/// submitted through [`Executor`](crate::Executor), or with more to say about it through [`task`](Self::task). Workers
/// are this same program, started again; nothing has to be registered. Memory is shared between the parent and each
/// worker, and a thread that waits for a result takes it from there itself.
///
/// A worker that dies takes the task that it ran along ([`TaskError::WorkerLost`](crate::TaskError::WorkerLost)) and no
/// other one; a new worker takes its place.
///
/// Dropping a pool drains and joins it: everything accepted is done first. While a panic unwinds, what has
/// not started is cancelled instead. In a forked child, dropping does nothing and every call is refused. If the parent
/// dies, however it dies, its workers die too.
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
    /// A pool of so many workers, everything else as [`ProcessPoolBuilder`] has it. Returns when all of them are ready.
    ///
    /// # Errors
    /// [`BuildError`]: zero workers, or a worker could not be started.
    pub fn new(workers: usize) -> Result<Self, BuildError> {
        Self::builder().workers(workers).build()
    }

    /// Sets up a pool.
    pub fn builder() -> ProcessPoolBuilder {
        ProcessPoolBuilder::default()
    }

    fn from_pool(pool: Arc<Pool>) -> Self {
        Self { pool }
    }

    /// Begins a task about which there is more to say, a name or a time limit: see [`TaskBuilder`].
    pub fn task(&self) -> TaskBuilder<'_> {
        TaskBuilder::new(&self.pool)
    }

    /// Runs a task on bytes that it reads where they lie, in memory shared with the worker, and whose result it writes
    /// there, too: the parent copies `arg` in and the result out, and nothing else is copied. For payloads of many
    /// kilobytes that are bytes anyway; what [`Executor::submit`](crate::Executor::submit) carries is decoded and encoded
    /// again at the other end.
    ///
    /// Blocks, and is refused, as `submit` does. `arg` has been copied when it returns.
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

    /// As [`submit_bytes`](Self::submit_bytes) for a task that can fail: its `Err` becomes
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

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.pool.lanes.len()
    }

    /// The pool's name.
    pub fn name(&self) -> &str {
        &self.pool.config.name
    }

    /// What the pool has done so far, and the process ids of its workers. Costs a look at each worker; stops nobody. In a
    /// forked child it knows nothing of what runs or waits.
    ///
    /// ```
    /// let pool = raddle::ProcessPool::new(2)?;
    /// assert_eq!(pool.stats().pids().len(), 2);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn stats(&self) -> Stats {
        self.pool.stats()
    }

    /// Stops accepting tasks, and returns at once. With [`Shutdown::CancelPending`] everything that has not started is
    /// cancelled before it returns. The workers end when nothing is left to do. In a forked child it does nothing.
    pub fn close(&self, how: Shutdown) {
        if !self.pool.is_forked() {
            self.pool.close(how);
        }
    }

    /// Stops accepting tasks and waits until everything accepted is over and every worker has ended. Calling it
    /// again is no error.
    ///
    /// # Errors
    /// [`ShutdownError::InCallback`] when a callback calls it on the pool's own thread (the pool is closed all the
    /// same); [`ShutdownError::Forked`] in a forked child.
    pub fn shutdown(&self, how: Shutdown) -> Result<(), ShutdownError> {
        self.shutdown_until(how, None)
    }

    /// As [`shutdown`](Self::shutdown), waiting for at most `limit`.
    ///
    /// # Errors
    /// [`ShutdownError::TimedOut`] says how many tasks were left. The pool goes on ending.
    pub fn shutdown_timeout(&self, how: Shutdown, limit: Duration) -> Result<(), ShutdownError> {
        self.shutdown_until(how, block::deadline(limit))
    }

    /// Ends every worker: what has not started is cancelled; each worker gets the polite signal (`SIGTERM`), and after
    /// `grace` the one that it cannot refuse. What it runs ends with
    /// [`TaskError::WorkerLost`](crate::TaskError::WorkerLost), unless it is quicker. Returns when all of them are gone; the
    /// pool is shut down then.
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

    /// As [`terminate_workers`](Self::terminate_workers), without the polite signal.
    ///
    /// # Errors
    /// As there.
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
        // In a callback on the pool's own thread, or in a forked child, there is nothing to wait for.
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
