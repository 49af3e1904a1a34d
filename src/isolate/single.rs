//! [`Isolate`]: a pool of one.

use super::builder::{IsolatePoolBuilder, boxed};
use super::pool::IsolatePool;
use super::task_builder::TaskBuilder;
use crate::error::{BoxError, BuildError, ShutdownError, TaskError};
use crate::executor::{Pin, Shutdown, WorkerInfo};
use crate::future::Future;
use std::fmt;
use std::time::Duration;

/// A thread with a private state.
///
/// The state is built on the thread, lives there and is dropped there, so it need not be `Send`. Calls run one after the other,
/// in the order in which they were made. See the [module](crate::isolate) for waiting and panics.
///
/// Dropping an isolate drains it: all calls are done first, and then the state is dropped.
///
/// ```
/// use raddle::Isolate;
/// use std::collections::HashMap;
/// use std::rc::Rc;
///
/// let words = Isolate::new(|_| Ok(HashMap::<Rc<str>, u32>::new()))?;
/// for word in ["warp", "weft", "warp"] {
///     words.call(|counts, word: &str| *counts.entry(word.into()).or_default() += 1, word);
/// }
/// assert_eq!(words.exec(|counts| counts["warp"])?, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Isolate<S> {
    pool: IsolatePool<S>,
}

impl<S: 'static> Isolate<S> {
    /// Starts an isolate with default settings, whose thread calls `build`.
    ///
    /// # Errors
    /// Those of [`IsolatePoolBuilder::build`].
    pub fn new(
        build: impl Fn(&WorkerInfo) -> Result<S, BoxError> + Send + Sync + 'static,
    ) -> Result<Self, BuildError> {
        Self::builder(build).build()
    }

    /// Returns a builder with default settings. The isolate's thread calls `build`: when it starts, then after each panic of a call.
    ///
    /// ```
    /// use raddle::Isolate;
    ///
    /// let isolate = Isolate::builder(|_| Ok(())).name("lua").build()?;
    /// assert_eq!(isolate.exec(|()| std::thread::current().name().map(str::to_owned))?.unwrap(), "lua-0");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder(
        build: impl Fn(&WorkerInfo) -> Result<S, BoxError> + Send + Sync + 'static,
    ) -> IsolateBuilder<S> {
        IsolateBuilder {
            pool: IsolatePoolBuilder::new(boxed(build)).workers(1),
        }
    }

    /// Queues `task(state, arg)`, and returns at once: the result comes in the future.
    ///
    /// A panic in `task` is the future's error, and the state is built anew before its next use. Refusals are errors of the
    /// future, [`TaskError::Rejected`]: the isolate was closed, is broken, belongs to the parent of a forked child, or the caller
    /// is itself a call of this isolate.
    pub fn call<A, R, F>(&self, task: F, arg: A) -> Future<R>
    where
        F: FnOnce(&mut S, A) -> R + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
    {
        self.pool.submit_with(task, arg)
    }

    /// As [`call`](Self::call), for a task that can fail: its `Err` becomes [`TaskError::Failed`].
    pub fn try_call<A, R, E, F>(&self, task: F, arg: A) -> Future<R>
    where
        F: FnOnce(&mut S, A) -> Result<R, E> + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
        E: Into<BoxError> + 'static,
    {
        self.pool.try_submit_with(task, arg)
    }

    /// Blocks: calls `task` with the state, and returns its result.
    ///
    /// # Errors
    /// Those of the future of [`call`](Self::call).
    ///
    /// ```
    /// use raddle::{Isolate, TaskError};
    ///
    /// let isolate = Isolate::new(|_| Ok(0))?;
    /// assert_eq!(isolate.exec(|n| { *n += 1; *n })?, 1);
    /// let failed = isolate.exec(|_| -> u8 { panic!("disk is gone") });
    /// assert!(matches!(failed, Err(TaskError::Panicked(report)) if report.message() == "disk is gone"));
    /// assert_eq!(isolate.exec(|n| *n)?, 0, "a new state");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn exec<R: Send + 'static>(
        &self,
        task: impl FnOnce(&mut S) -> R + Send + 'static,
    ) -> Result<R, TaskError> {
        self.call(move |state, ()| task(state), ()).result()
    }

    /// Begins a call with a name or a time limit: its `submit_with` is [`call`](Self::call).
    ///
    /// ```
    /// let isolate = raddle::Isolate::new(|_| Ok(7))?;
    /// let call = isolate.task().name("add").submit_with(|n, more: u32| *n + more, 1);
    /// assert_eq!(call.result()?, 8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn task(&self) -> TaskBuilder<'_, S> {
        self.pool.task()
    }

    /// Changes the state now, and each state that is built later, after a panic: see [`IsolatePool::prepare`]. Blocks until it is
    /// done.
    ///
    /// # Errors
    /// Those of [`IsolatePool::prepare`].
    pub fn prepare(
        &self,
        change: impl Fn(&mut S) + Send + Sync + 'static,
    ) -> Result<(), TaskError> {
        self.pool.prepare(change)
    }

    /// Whether a call is running at this moment.
    pub fn is_running(&self) -> bool {
        self.pool.stats().running > 0
    }

    /// Returns how many calls wait.
    pub fn queued(&self) -> usize {
        self.pool.stats().queued
    }

    /// Returns the isolate's name: that of its thread.
    pub fn name(&self) -> String {
        format!("{}-0", self.pool.name())
    }

    /// Stops accepting calls, and returns at once: see [`IsolatePool::close`].
    pub fn close(&self, how: Shutdown) {
        self.pool.close(how);
    }

    /// Stops accepting calls, and blocks until all are over, the state was dropped and the thread has ended.
    ///
    /// # Errors
    /// Those of [`IsolatePool::shutdown`].
    pub fn shutdown(&self, how: Shutdown) -> Result<(), ShutdownError> {
        self.pool.shutdown(how)
    }

    /// As [`shutdown`](Self::shutdown), but blocks for at most `limit`.
    ///
    /// # Errors
    /// Those of [`IsolatePool::shutdown_timeout`].
    pub fn shutdown_timeout(&self, how: Shutdown, limit: Duration) -> Result<(), ShutdownError> {
        self.pool.shutdown_timeout(how, limit)
    }
}

impl<S> fmt::Debug for Isolate<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Isolate").field("pool", &self.pool).finish()
    }
}

/// Sets up an [`Isolate`]. Made by [`Isolate::builder`].
#[must_use = "a builder does nothing until `build`"]
pub struct IsolateBuilder<S> {
    pool: IsolatePoolBuilder<S>,
}

impl<S: 'static> IsolateBuilder<S> {
    fn with(mut self, set: impl FnOnce(IsolatePoolBuilder<S>) -> IsolatePoolBuilder<S>) -> Self {
        self.pool = set(self.pool);
        self
    }

    /// Sets the prefix of the thread's name, which ends in `-0`. It stands in errors and reports.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with(|pool| pool.name(name))
    }

    /// Sets the core that the thread stays on. By default the system may move it.
    pub fn core(self, core: usize) -> Self {
        self.with(|pool| pool.pin(Pin::List(vec![core])))
    }

    /// As [`IsolatePoolBuilder::stack_size`].
    pub fn stack_size(self, bytes: usize) -> Self {
        self.with(|pool| pool.stack_size(bytes))
    }

    /// As [`IsolatePoolBuilder::start_timeout`].
    pub fn start_timeout(self, limit: Duration) -> Self {
        self.with(|pool| pool.start_timeout(limit))
    }

    /// As [`IsolatePoolBuilder::restarts`].
    pub fn restarts(self, restarts: u32, window: Duration) -> Self {
        self.with(|pool| pool.restarts(restarts, window))
    }

    /// As [`IsolatePoolBuilder::on_interrupt`].
    pub fn on_interrupt(self, interrupter: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.with(|pool| pool.on_interrupt(interrupter))
    }

    /// As [`IsolatePoolBuilder::after_interrupt`].
    pub fn after_interrupt(self, reset: impl Fn(&mut S) + Send + Sync + 'static) -> Self {
        self.with(|pool| pool.after_interrupt(reset))
    }

    /// Starts the isolate. Blocks until its state was built.
    ///
    /// # Errors
    /// Those of [`IsolatePoolBuilder::build`].
    pub fn build(self) -> Result<Isolate<S>, BuildError> {
        let pool = self.pool.build()?;
        Ok(Isolate { pool })
    }
}

impl<S> fmt::Debug for IsolateBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IsolateBuilder")
            .field("pool", &self.pool)
            .finish()
    }
}
