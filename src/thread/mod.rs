//! What belongs to thread pools alone: the [builder](ThreadPoolBuilder) and what idle workers do ([`Idle`]), a task's
//! [name](TaskBuilder), the [`Scope`] of tasks that borrow, [statistics](Stats), and the [worker that runs
//! this](current_worker).

// The thread pool. `builder` makes the `config`. `shared` is what all threads of a pool share; `submit` and `batch` are the ways
// in for a task.
// Queues: `deque` (in its `slots`), `injector`, `handoff`. `idle`: which workers sleep and search.
// `worker` is a thread's loop, with its shared half in `worker_shared`; `search` is what it does without work; `threads` manages
// the threads. `join`, `scope` and `slice` borrow from the stack; `ranges` shares out a slice; `external` are threads without a
// worker token that take part in a join.

mod batch;
mod builder;
mod config;
#[cfg(not(any(raddle_loom, raddle_shuttle, raddle_counts)))]
mod deque;
#[cfg(any(raddle_loom, raddle_shuttle, raddle_counts))]
pub mod deque;
#[cfg(feature = "process")]
mod executor;
#[cfg(not(any(raddle_loom, raddle_shuttle, raddle_counts)))]
mod external;
#[cfg(any(raddle_loom, raddle_shuttle, raddle_counts))]
pub mod external;
#[cfg(not(any(raddle_loom, raddle_shuttle, raddle_counts)))]
mod handoff;
#[cfg(any(raddle_loom, raddle_shuttle, raddle_counts))]
pub mod handoff;
#[cfg(not(any(raddle_loom, raddle_shuttle, raddle_counts)))]
mod idle;
#[cfg(any(raddle_loom, raddle_shuttle, raddle_counts))]
pub mod idle;
#[cfg(not(any(raddle_loom, raddle_shuttle, raddle_counts)))]
mod injector;
#[cfg(any(raddle_loom, raddle_shuttle, raddle_counts))]
pub mod injector;
#[cfg(not(any(raddle_loom, raddle_shuttle, raddle_counts)))]
mod join;
#[cfg(any(raddle_loom, raddle_shuttle, raddle_counts))]
pub mod join;
mod map;
#[cfg(not(any(raddle_loom, raddle_shuttle, raddle_counts)))]
mod ranges;
#[cfg(any(raddle_loom, raddle_shuttle, raddle_counts))]
pub mod ranges;
#[cfg(not(any(raddle_loom, raddle_shuttle, raddle_counts)))]
mod scope;
#[cfg(any(raddle_loom, raddle_shuttle, raddle_counts))]
pub mod scope;
mod search;
mod shared;
mod slice;
mod slots;
mod start_threads;
mod stats;
mod submit;
mod threads;
mod when_room;
mod worker;
mod worker_shared;

pub use builder::ThreadPoolBuilder;
pub use config::Idle;
pub use scope::Scope;
pub use stats::{Stats, WorkerStats};
pub use when_room::SpawnWhenRoom;
pub use worker::current_worker;

use crate::error::{BoxError, BuildError, Rejected, ShutdownError, TaskError};
use crate::executor::Shutdown;
use crate::future::cell::Extra;
use crate::future::task::task;
use crate::future::{Future, block};
use crate::sync::Arc;
use batch::Batch;
use shared::Shared;
use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, Instant};
use worker::Worker;

/// A work-stealing pool of threads.
///
/// Tasks from outside start roughly in the order of their submission: workers take them in batches, and a task that is
/// handed directly to a searching worker overtakes those. Tasks spawned by tasks start newest first, on the same worker
/// unless another one has nothing to do. Workers may be pinned to cores, and sleep when there is nothing to do.
///
/// Dropping a pool drains and joins it: everything accepted is done first. While a panic unwinds, what has not started is
/// cancelled instead. If one of the pool's own tasks drops it, the pool only stops accepting, and its threads end by themselves. In
/// a forked child, dropping does nothing, and every task is refused.
///
/// ```
/// use raddle::ThreadPool;
///
/// let pool = ThreadPool::new(4)?;
/// let sum = pool.spawn(|| (1..=100u32).sum::<u32>());
/// assert_eq!(sum.result().unwrap(), 5050);
/// # Ok::<(), raddle::BuildError>(())
/// ```
pub struct ThreadPool {
    shared: Arc<Shared>,
}

impl ThreadPool {
    /// Builds a pool of `workers` workers, with the defaults of [`ThreadPoolBuilder`] for everything else.
    ///
    /// # Errors
    /// [`BuildError`]: zero workers, too many, or the system refused a thread.
    pub fn new(workers: usize) -> Result<Self, BuildError> {
        Self::builder().workers(workers).build()
    }

    /// Returns a builder with default settings.
    pub fn builder() -> ThreadPoolBuilder {
        ThreadPoolBuilder::default()
    }

    fn from_shared(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Queues `f` to run on a worker. The future may be dropped: the task runs all the same, and an error in it reaches the
    /// [report hook](crate::set_report_hook).
    ///
    /// Blocks only if the pool has a `queue_limit` that blocks. If the pool has been shut down, is full and rejects, or belongs
    /// to the parent of a forked child, the future is done already, with [`TaskError::Rejected`]. A panic in `f` is the
    /// future's error and has no other effect.
    #[inline]
    pub fn spawn<F, T>(&self, f: F) -> Future<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.start((), move || Ok(f()))
    }

    /// As [`spawn`](Self::spawn), for async code: waits for a place in the queue without blocking the thread, whatever the pool does
    /// when it is full. The output is the task's future, which can be awaited, cancelled or dropped as any other.
    ///
    /// Who waits gets a place in the order in which the waits began, unless another submitter is quicker. Dropping the wait is safe at any
    /// moment: the task does not run then, and the place goes to the next. Without a `queue_limit`, and in a task of the pool
    /// itself, it is ready at once. It costs a lock and a node of a tree for a submitter that has to wait.
    ///
    /// ```
    /// use raddle::{ThreadPool, WhenFull};
    ///
    /// async fn digest(pool: &ThreadPool, body: Vec<u8>) -> u64 {
    ///     let task = pool.spawn_when_room(move || body.iter().map(|&byte| u64::from(byte)).sum()).await;
    ///     task.await.unwrap()
    /// }
    ///
    /// let pool = ThreadPool::builder().workers(1).queue_limit(1).build()?;
    /// assert_eq!(futures::executor::block_on(digest(&pool, vec![1, 2, 3])), 6);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn spawn_when_room<F, T>(&self, f: F) -> SpawnWhenRoom<'_, F>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        SpawnWhenRoom::new(self, f)
    }

    /// As [`spawn`](Self::spawn) for a task that can fail: its `Err` becomes [`TaskError::Failed`].
    ///
    /// ```
    /// use raddle::{TaskError, ThreadPool};
    ///
    /// let pool = ThreadPool::new(1)?;
    /// let number = pool.try_spawn(|| "12x".parse::<u32>());
    /// assert!(matches!(number.result(), Err(TaskError::Failed(why)) if why.is::<std::num::ParseIntError>()));
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn try_spawn<F, T, E>(&self, f: F) -> Future<T>
    where
        F: FnOnce() -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Into<BoxError> + 'static,
    {
        self.start((), failing(f))
    }

    /// Queues `f` to run on worker `worker` and no other, in the order of submission. A wait for it on another worker does not
    /// run it there either. Never blocks, and does not count against a `queue_limit`.
    ///
    /// If there is no such worker, the future's error is [`TaskError::Rejected`].
    pub fn spawn_on<F, T>(&self, worker: usize, f: F) -> Future<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.start_on(worker, (), move || Ok(f()))
    }

    /// Spawns many tasks and returns their futures in the same order. The tasks are submitted in batches of some dozens, each
    /// batch in one step with one wake-up, which is cheaper than as many calls of [`spawn`](Self::spawn). So the first may start
    /// before the last is made, but the iterator must not wait for any of them. With a `queue_limit` each task from outside is
    /// submitted by itself.
    ///
    /// ```
    /// let pool = raddle::ThreadPool::new(2)?;
    /// let squares = pool.spawn_many((0..3u32).map(|n| move || n * n));
    /// let squares: Vec<u32> = squares.into_iter().map(|square| square.result().unwrap()).collect();
    /// assert_eq!(squares, [0, 1, 4]);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn spawn_many<I, F, T>(&self, tasks: I) -> Vec<Future<T>>
    where
        I: IntoIterator<Item = F>,
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let tasks = tasks.into_iter();
        let mut futures = Vec::with_capacity(tasks.size_hint().0);
        let tag = self.shared.tag_here();
        let mut batch = Batch::new(&self.shared);
        for f in tasks {
            let (task, cell) = task::<_, T, _>(tag, (), move || Ok(f()));
            // SAFETY: the cell's type is T, and its handle reference goes to this future.
            futures.push(unsafe { Future::from_cell(cell) });
            batch.add(task);
        }
        drop(batch);
        futures
    }

    /// Begins a task with a name.
    ///
    /// ```
    /// let pool = raddle::ThreadPool::new(1)?;
    /// let rows = pool.task().name("load rows").spawn(|| 3);
    /// assert_eq!(rows.name(), Some("load rows"));
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn task(&self) -> TaskBuilder<'_> {
        TaskBuilder {
            pool: self,
            name: None,
        }
    }

    #[inline]
    pub(crate) fn start<F, T>(&self, extra: impl Extra + 'static, f: F) -> Future<T>
    where
        F: FnOnce() -> Result<T, TaskError> + Send + 'static,
        T: Send + 'static,
    {
        let (task, cell) = task::<F, T, _>(self.shared.tag_here(), extra, f);
        self.shared.submit(task);
        // SAFETY: the cell's type is T, and its handle reference goes to this future.
        unsafe { Future::from_cell(cell) }
    }

    fn start_on<F, T>(&self, worker: usize, extra: impl Extra + 'static, f: F) -> Future<T>
    where
        F: FnOnce() -> Result<T, TaskError> + Send + 'static,
        T: Send + 'static,
    {
        let (task, cell) = task::<F, T, _>(self.shared.tag.bound(), extra, f);
        self.shared.submit_to(worker, task);
        // SAFETY: the cell's type is T, and its handle reference goes to this future.
        unsafe { Future::from_cell(cell) }
    }

    /// Queues an exclusive task, for a pool of isolates: `isolate` may run it, or any if that is `None`. A thread runs one
    /// exclusive task at a time; a wait inside one does not run another on the same thread.
    pub(crate) fn start_exclusive<F, T>(
        &self,
        isolate: Option<usize>,
        extra: impl Extra + 'static,
        f: F,
    ) -> Future<T>
    where
        F: FnOnce() -> Result<T, TaskError> + Send + 'static,
        T: Send + 'static,
    {
        let shared = &self.shared;
        let tag = isolate.map_or_else(
            || shared.tag_here().exclusive(),
            |isolate| shared.isolate_tag(isolate),
        );
        let (task, cell) = task::<F, T, _>(tag, extra, f);
        // SAFETY: the cell's type is T, and its handle reference goes to this future.
        let future = unsafe { Future::from_cell(cell) };
        if let Some(inside) = Worker::of(shared).filter(|worker| worker.is_in_use())
            && (self.workers() == 1 || isolate == Some(inside.last_index()))
        {
            task.fail(TaskError::Rejected(Rejected::InsideIsolate {
                isolate: shared.workers[inside.last_index()].info.name.to_string(),
            }));
            return future;
        }
        match isolate {
            Some(isolate) => shared.submit_to(isolate, task),
            None => shared.submit_exclusive(task),
        }
        future
    }

    /// Calls `run` on a worker of this pool; meanwhile a wait on this thread runs no exclusive task.
    #[inline]
    pub(crate) fn exclusively<R>(run: impl FnOnce() -> R) -> R {
        Worker::exclusively(run)
    }

    /// Is the calling thread one of the pool's workers?
    pub(crate) fn is_inside(&self) -> bool {
        Worker::of(&self.shared).is_some()
    }

    /// Opens a scope: tasks spawned in it may borrow from this stack frame. Blocks until all of them are over.
    ///
    /// # Panics
    /// If `f` or a task of the scope has panicked, after all tasks are over.
    ///
    /// ```
    /// let pool = raddle::ThreadPool::new(2)?;
    /// let words = ["warp", "weft"];
    /// let mut lengths = [0; 2];
    /// pool.scope(|s| {
    ///     for (word, length) in words.iter().zip(&mut lengths) {
    ///         s.spawn(move || *length = word.len());
    ///     }
    /// });
    /// assert_eq!(lengths, [4, 4]);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn scope<'env, F, R>(&self, f: F) -> R
    where
        F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
    {
        scope::scope(self, f)
    }

    /// Runs both closures, the second on another worker if one has nothing to do, and returns both results. They may borrow.
    /// A join inside of another costs a nanosecond or two while no other thread takes a part.
    ///
    /// The caller takes part, on a worker as well as outside of the pool. It runs the first closure itself, and the second too
    /// unless a worker has taken it; it blocks only while a worker runs that. A caller from outside does not become a
    /// worker: what it runs itself runs on its own stack, and there [`current_worker`] returns `None`. Workers are woken to
    /// share in a tree of joins only while fewer threads work than the pool has workers, callers from outside included. At the
    /// start of a tree none is woken if the caller's last trees took less than some 60 µs. In a pool that has been shut down
    /// both closures run on the caller.
    ///
    /// # Panics
    /// With the panic of the first closure, else with that of the second.
    ///
    /// ```
    /// fn sum(pool: &raddle::ThreadPool, numbers: &[u64]) -> u64 {
    ///     if numbers.len() < 64 {
    ///         return numbers.iter().sum();
    ///     }
    ///     let (left, right) = numbers.split_at(numbers.len() / 2);
    ///     let (left, right) = pool.join(|| sum(pool, left), || sum(pool, right));
    ///     left + right
    /// }
    /// let pool = raddle::ThreadPool::new(2)?;
    /// assert_eq!(sum(&pool, &(0..1000).collect::<Vec<_>>()), 499_500);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    #[inline]
    pub fn join<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce() -> RA + Send,
        B: FnOnce() -> RB + Send,
        RA: Send,
        RB: Send,
    {
        join::join(&self.shared, a, b)
    }

    /// Maps a slice in parallel, for many small items: results in order, written in place, with no future per item. Blocks
    /// until all are done. The caller takes part, as in [`join`](Self::join).
    ///
    /// # Panics
    /// With the panic of `f`. Results that exist by then are dropped.
    ///
    /// ```
    /// let pool = raddle::ThreadPool::new(2)?;
    /// let halves = pool.map_slice(&[2, 4, 6], |n| n / 2);
    /// assert_eq!(halves, [1, 2, 3]);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn map_slice<T, R>(&self, items: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R>
    where
        T: Sync,
        R: Send,
    {
        slice::map(self, items, &f)
    }

    /// Returns how many workers the pool has.
    pub fn workers(&self) -> usize {
        self.shared.workers.len()
    }

    /// Returns the pool's name.
    pub fn name(&self) -> &str {
        &self.shared.config.name
    }

    /// Returns a snapshot of what the pool has done so far. It reads the counters of each worker and stops none of them.
    ///
    /// ```
    /// let pool = raddle::ThreadPool::new(2)?;
    /// for _ in 0..10 {
    ///     pool.spawn(|| ()).result().unwrap();
    /// }
    /// let stats = pool.stats();
    /// assert_eq!((stats.workers.len(), stats.queued), (2, 0));
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// Stops accepting tasks, without waiting for the end. With [`Shutdown::CancelPending`] everything that has not started is
    /// cancelled before it returns, except for a task that a worker has just taken out of a queue, which that worker cancels. The
    /// threads end when nothing is left to do. In a forked child it does nothing.
    pub fn close(&self, how: Shutdown) {
        if !self.shared.is_forked() {
            self.shared.close(how);
        }
    }

    /// Stops accepting tasks and blocks until everything accepted is over and every thread has ended. It may be called again.
    ///
    /// # Errors
    /// [`ShutdownError::InsideWorker`] if one of the pool's own tasks calls it (the pool is closed all the same);
    /// [`ShutdownError::Forked`] in a forked child.
    ///
    /// ```
    /// use raddle::{Shutdown, TaskError, ThreadPool};
    ///
    /// let pool = ThreadPool::new(1)?;
    /// let before = pool.spawn(|| 1);
    /// pool.shutdown(Shutdown::Drain).unwrap();
    /// assert_eq!(before.result().unwrap(), 1);
    /// assert!(matches!(pool.spawn(|| 2).result(), Err(TaskError::Rejected(_))));
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> Result<(), ShutdownError> {
        self.shutdown_until(how, None)
    }

    /// As [`shutdown`](Self::shutdown), but blocks for at most `limit`.
    ///
    /// # Errors
    /// Those of [`shutdown`](Self::shutdown), and [`ShutdownError::TimedOut`], which says how many tasks were left. The pool
    /// continues to end.
    pub fn shutdown_timeout(&self, how: Shutdown, limit: Duration) -> Result<(), ShutdownError> {
        self.shutdown_until(how, block::deadline(limit))
    }

    fn shutdown_until(
        &self,
        how: Shutdown,
        deadline: Option<Instant>,
    ) -> Result<(), ShutdownError> {
        let pool = || self.name().to_owned();
        if self.shared.is_forked() {
            return Err(ShutdownError::Forked { pool: pool() });
        }
        self.shared.close(how);
        let inside = Worker::of(&self.shared).map(Worker::last_index);
        if let Some(worker) = inside.or_else(|| Worker::left(&self.shared)) {
            let pool = pool();
            return Err(ShutdownError::InsideWorker { pool, worker });
        }
        if self.shared.threads.wait(deadline) {
            Ok(())
        } else {
            let Stats {
                running, queued, ..
            } = self.stats();
            Err(ShutdownError::TimedOut { running, queued })
        }
    }
}

fn failing<F, T, E>(f: F) -> impl FnOnce() -> Result<T, TaskError>
where
    F: FnOnce() -> Result<T, E>,
    E: Into<BoxError>,
{
    move || f().map_err(|error| TaskError::Failed(error.into()))
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        let how = if std::thread::panicking() {
            Shutdown::CancelPending
        } else {
            Shutdown::Drain
        };
        // The error is ignored: one of the pool's own tasks cannot wait, and in a forked child there is nothing to wait for.
        let _ = self.shutdown(how);
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool")
            .field("name", &self.name())
            .field("workers", &self.workers())
            .field("closed", &self.shared.is_closed())
            .finish_non_exhaustive()
    }
}

/// Begins a task that may have a name. Made by [`ThreadPool::task`].
#[must_use = "nothing runs until a task is spawned with it"]
#[derive(Debug)]
pub struct TaskBuilder<'a> {
    pool: &'a ThreadPool,
    name: Option<Cow<'static, str>>,
}

impl TaskBuilder<'_> {
    /// Sets the task's name, which stands in reports, `Debug` output and panic messages.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// As [`ThreadPool::spawn`].
    pub fn spawn<F, T>(self, f: F) -> Future<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.pool.start(self.name, move || Ok(f()))
    }

    /// As [`ThreadPool::try_spawn`].
    pub fn try_spawn<F, T, E>(self, f: F) -> Future<T>
    where
        F: FnOnce() -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Into<BoxError> + 'static,
    {
        self.pool.start(self.name, failing(f))
    }

    /// As [`ThreadPool::spawn_on`].
    pub fn spawn_on<F, T>(self, worker: usize, f: F) -> Future<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.pool.start_on(worker, self.name, move || Ok(f()))
    }
}
