//! [`IsolatePool`]. It and its builder import each other: each makes the other.

use super::builder::{IsolatePoolBuilder, boxed};
use super::state::{self, StateFactory};
use super::task_builder::TaskBuilder;
use crate::error::{BoxError, BuildError, Rejected, ShutdownError, TaskError};
use crate::executor::{Shutdown, WorkerInfo};
use crate::future::Future;
use crate::sync::Arc;
use crate::thread::{Stats, ThreadPool};
use std::fmt;
use std::time::Duration;

/// A pool of isolates: threads that have a private state each.
///
/// A task that uses a state goes to whichever isolate is free next, or to one that you name. Tasks that use none may be
/// sent too; an isolate without work takes them from the queues of others. See the [module](crate::isolate) for waiting and
/// panics.
///
/// Dropping a pool drains and joins it: everything accepted is done first, and then each state is dropped on its thread. While a
/// panic unwinds, what has not started is cancelled instead. If one of the pool's own tasks drops it, the pool only stops
/// accepting, and its threads end by themselves. In a forked child, dropping does nothing, and every task is refused.
///
/// ```
/// use raddle::IsolatePool;
/// use std::cell::RefCell;
/// use std::rc::Rc;
///
/// // The state is not `Send`.
/// let pool = IsolatePool::new(2, |_| Ok(Rc::new(RefCell::new(Vec::new()))))?;
/// let count = pool.submit_with(
///     |log, line: String| {
///         log.borrow_mut().push(line);
///         log.borrow().len()
///     },
///     "hello".to_owned(),
/// );
/// assert_eq!(count.result().unwrap(), 1);
/// # Ok::<(), raddle::BuildError>(())
/// ```
///
/// A state stays on its thread, so a result cannot contain it:
///
/// ```compile_fail
/// let pool = raddle::IsolatePool::new(1, |_| Ok(std::rc::Rc::new(1))).unwrap();
/// pool.submit_with(|state, ()| std::rc::Rc::clone(state), ());
/// ```
pub struct IsolatePool<S> {
    threads: ThreadPool,
    factory: Arc<StateFactory<S>>,
}

impl<S: 'static> IsolatePool<S> {
    /// Builds a pool of `isolates` isolates, with the defaults of [`IsolatePoolBuilder`] for everything else. Each calls `build` on
    /// its own thread.
    ///
    /// # Errors
    /// Those of [`IsolatePoolBuilder::build`].
    pub fn new(
        isolates: usize,
        build: impl Fn(&WorkerInfo) -> Result<S, BoxError> + Send + Sync + 'static,
    ) -> Result<Self, BuildError> {
        Self::builder(build).workers(isolates).build()
    }

    /// Returns a builder with default settings. Each isolate calls `build` on its own thread: first when the pool is built, then
    /// after each panic of a task that used the state.
    ///
    /// ```
    /// use raddle::{BuildError, IsolatePool};
    ///
    /// let refused = IsolatePool::<()>::builder(|isolate| Err(format!("no licence for {}", isolate.name).into()))
    ///     .workers(1)
    ///     .name("scan")
    ///     .build();
    /// assert!(matches!(refused, Err(BuildError::StartHook { worker: 0, source }) if source.to_string() == "no licence for scan-0"));
    /// ```
    pub fn builder(
        build: impl Fn(&WorkerInfo) -> Result<S, BoxError> + Send + Sync + 'static,
    ) -> IsolatePoolBuilder<S> {
        IsolatePoolBuilder::new(boxed(build))
    }

    pub(super) fn from_parts(threads: ThreadPool, factory: Arc<StateFactory<S>>) -> Self {
        Self { threads, factory }
    }

    /// Queues `task(state, arg)` to run on whichever isolate is free next. The future may be dropped: the task runs all the same, and
    /// an error in it reaches the [report hook](crate::set_report_hook).
    ///
    /// Blocks only if the pool has a `queue_limit` that blocks. A panic in `task` is the future's error, and the isolate's state
    /// is built anew before its next use.
    ///
    /// Refusals are errors of the future, [`TaskError::Rejected`]: the pool has been shut down, is full, is broken, belongs to the
    /// parent of a forked child, or has one isolate and the caller is a task that uses its state
    /// ([`Rejected::InsideIsolate`]).
    pub fn submit_with<A, R, F>(&self, task: F, arg: A) -> Future<R>
    where
        F: FnOnce(&mut S, A) -> R + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
    {
        self.task().submit_with(task, arg)
    }

    /// As [`submit_with`](Self::submit_with), for a task that can fail: its `Err` becomes [`TaskError::Failed`].
    pub fn try_submit_with<A, R, E, F>(&self, task: F, arg: A) -> Future<R>
    where
        F: FnOnce(&mut S, A) -> Result<R, E> + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
        E: Into<BoxError> + 'static,
    {
        self.task().try_submit_with(task, arg)
    }

    /// As [`submit_with`](Self::submit_with), on isolate `isolate` and no other, in the order of submission. Never blocks, and
    /// does not count against a `queue_limit`.
    ///
    /// If there is no such isolate, or the caller is a task that uses its state, the future's error is
    /// [`TaskError::Rejected`].
    ///
    /// ```
    /// let pool = raddle::IsolatePool::new(2, |_| Ok(0))?;
    /// for n in [1, 2] {
    ///     pool.submit_on(1, |sum, n: u32| *sum += n, n);
    /// }
    /// let sums = [0, 1].map(|isolate| pool.submit_on(isolate, |sum, ()| *sum, ()).result().unwrap());
    /// assert_eq!(sums, [0, 3]);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn submit_on<A, R, F>(&self, isolate: usize, task: F, arg: A) -> Future<R>
    where
        F: FnOnce(&mut S, A) -> R + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
    {
        self.task().submit_on(isolate, task, arg)
    }

    /// As [`submit_on`](Self::submit_on), for a task that can fail: its `Err` becomes [`TaskError::Failed`].
    pub fn try_submit_on<A, R, E, F>(&self, isolate: usize, task: F, arg: A) -> Future<R>
    where
        F: FnOnce(&mut S, A) -> Result<R, E> + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
        E: Into<BoxError> + 'static,
    {
        self.task().try_submit_on(isolate, task, arg)
    }

    /// Queues `f`, which uses no state, to run on any isolate, as [`ThreadPool::spawn`] does.
    pub fn spawn<F, T>(&self, f: F) -> Future<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.threads.spawn(f)
    }

    /// As [`spawn`](Self::spawn), for a task that can fail: its `Err` becomes [`TaskError::Failed`].
    pub fn try_spawn<F, T, E>(&self, f: F) -> Future<T>
    where
        F: FnOnce() -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Into<BoxError> + 'static,
    {
        self.threads.try_spawn(f)
    }

    /// Begins a task with a name.
    ///
    /// ```
    /// let pool = raddle::IsolatePool::new(1, |_| Ok(7))?;
    /// let rows = pool.task().name("load rows").submit_with(|state, more: u32| *state + more, 1);
    /// assert_eq!(rows.name(), Some("load rows"));
    /// assert_eq!(rows.result().unwrap(), 8);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn task(&self) -> TaskBuilder<'_, S> {
        TaskBuilder::new(&self.threads, self.factory.interrupts())
    }

    /// Calls `change` with the state of each isolate, and with each state that is built later, after a panic. Blocks until all
    /// isolates have done it. It overtakes tasks that wait; an isolate that runs one finishes it first. The pool keeps `change` as long
    /// as it lives, so this is not for messages: send those by [`submit_on`](Self::submit_on).
    ///
    /// # Errors
    /// The first error of an isolate: `change` panicked ([`TaskError::Panicked`]), or the isolate refused it
    /// ([`TaskError::Rejected`]), as it does if one of the pool's own tasks calls this. States that are built later do not
    /// get the change then; other isolates may have it.
    ///
    /// ```
    /// let pool = raddle::IsolatePool::new(2, |_| Ok(vec![1]))?;
    /// pool.prepare(|state| state.push(2)).unwrap();
    /// assert_eq!(pool.submit_with(|state, ()| state.clone(), ()).result().unwrap(), [1, 2]);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn prepare(
        &self,
        change: impl Fn(&mut S) + Send + Sync + 'static,
    ) -> Result<(), TaskError> {
        if self.threads.is_inside() {
            let pool = self.threads.name().to_owned();
            return Err(TaskError::Rejected(Rejected::InsidePool { pool }));
        }
        let number = self.factory.add(change);
        let prepared: Vec<_> = (0..self.workers())
            .map(|isolate| {
                let catch_up = state::catch_up::<S>;
                self.threads.start_exclusive(Some(isolate), (), catch_up)
            })
            .collect();
        let mut all = Ok(());
        for one in prepared {
            all = all.and(one.result());
        }
        if all.is_err() {
            // An isolate may have done it already, or all have refused.
            self.factory.withdraw(number);
        }
        all
    }

    /// Returns how many isolates the pool has.
    pub fn workers(&self) -> usize {
        self.threads.workers()
    }

    /// Returns the pool's name.
    pub fn name(&self) -> &str {
        self.threads.name()
    }

    /// Returns a snapshot of what the pool has done so far: see [`ThreadPool::stats`].
    pub fn stats(&self) -> Stats {
        self.threads.stats()
    }

    /// Stops accepting tasks, without waiting for the end: see [`ThreadPool::close`].
    pub fn close(&self, how: Shutdown) {
        self.threads.close(how);
    }

    /// Stops accepting tasks, and blocks until everything accepted is over, each state was dropped and every thread has ended. It
    /// may be called again.
    ///
    /// # Errors
    /// Those of [`ThreadPool::shutdown`].
    pub fn shutdown(&self, how: Shutdown) -> Result<(), ShutdownError> {
        self.threads.shutdown(how)
    }

    /// As [`shutdown`](Self::shutdown), but blocks for at most `limit`.
    ///
    /// # Errors
    /// Those of [`ThreadPool::shutdown_timeout`].
    pub fn shutdown_timeout(&self, how: Shutdown, limit: Duration) -> Result<(), ShutdownError> {
        self.threads.shutdown_timeout(how, limit)
    }

    pub(super) fn threads(&self) -> &ThreadPool {
        &self.threads
    }
}

impl<S> fmt::Debug for IsolatePool<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IsolatePool")
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}
