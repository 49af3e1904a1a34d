//! The builder of a thread pool: every setting is in one place, and every mistake is an error.

use super::ThreadPool;
use super::config::{Config, Idle, StartHook, StopHook};
use super::deque::Deque;
use super::idle::MAX_WORKERS;
use super::shared::Shared;
use super::threads::Threads;
use super::worker_shared::WorkerShared;
use crate::error::{BoxError, BuildError};
use crate::executor::{Pin, Shutdown, WhenFull, WorkerInfo};
use crate::future::panics;
use crate::future::tag::Tag;
use crate::sync;
use crate::sync::Arc;
use crate::sync::unmodelled::{AtomicU32, Ordering};
use crate::sys::affinity;
use std::fmt;
use std::time::Duration;

/// Sets up a [`ThreadPool`]. Made by [`ThreadPool::builder`].
///
/// ```
/// use raddle::thread::Idle;
/// use raddle::{Pin, ThreadPool, WhenFull};
///
/// let pool = ThreadPool::builder()
///     .workers(2)
///     .name("decode")
///     .pin(Pin::None)
///     .idle(Idle::Balanced)
///     .stack_size(1 << 20)
///     .queue_limit(10_000)
///     .when_full(WhenFull::Block)
///     .on_start(|worker| { assert!(worker.index < 2); Ok(()) })
///     .on_stop(|_worker| {})
///     .build()?;
/// assert_eq!(pool.workers(), 2);
/// # Ok::<(), raddle::BuildError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
#[derive(Default)]
pub struct ThreadPoolBuilder {
    workers: Option<usize>,
    name: Option<String>,
    pin: Pin,
    idle: Idle,
    stack_size: Option<usize>,
    queue_limit: Option<usize>,
    when_full: WhenFull,
    max_spares: Option<usize>,
    on_start: Option<StartHook>,
    on_stop: Option<StopHook>,
    start_timeout: Option<Duration>,
    isolated: bool,
}

impl ThreadPoolBuilder {
    /// Sets how many workers the pool has. The default is the length of a [`Pin::List`], else the number of cores that this
    /// process may use, within the quota of its control group.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Sets the pool's name, which stands in errors and reports and is the prefix of its threads' names. The default is
    /// `raddle-1`, `raddle-2` and so on. The kernel shows the first 15 bytes of a thread's name
    /// ([`WorkerInfo::thread_name`]).
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets which cores the workers stay on. The default is [`Pin::None`].
    pub fn pin(mut self, pin: Pin) -> Self {
        self.pin = pin;
        self
    }

    /// Sets what idle workers do. The default is [`Idle::Balanced`].
    pub fn idle(mut self, idle: Idle) -> Self {
        self.idle = idle;
        self
    }

    /// Sets the bytes of stack of each thread. The default is the standard library's. A [`join`](ThreadPool::join) from
    /// outside begins on its caller's stack, so start a join that goes deep inside a task.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Sets how many tasks from outside may be accepted and not started. By default there is no limit. A task that is cancelled does not
    /// count from then on. Tasks spawned by the pool's own tasks do not count and never block.
    pub fn queue_limit(mut self, tasks: usize) -> Self {
        self.queue_limit = Some(tasks);
        self
    }

    /// Sets what happens at the `queue_limit`. The default is [`WhenFull::Block`].
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }

    /// Sets how many spare threads may take over workers that are blocked in a wait. The default is 256. If no spare is
    /// left, a blocked worker runs nothing else until its wait ends, and the [report hook](crate::set_report_hook) is
    /// called.
    pub fn max_spares(mut self, spares: usize) -> Self {
        self.max_spares = Some(spares);
        self
    }

    /// Sets a hook that runs on each thread before its first task. If it fails, `build` fails with its error. If it fails
    /// on a spare, that spare ends, and the [report hook](crate::set_report_hook) is called.
    pub fn on_start(
        mut self,
        hook: impl Fn(&WorkerInfo) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.on_start = Some(Box::new(hook));
        self
    }

    /// Sets a hook that runs on each thread after its last task. If it panics, the
    /// [report hook](crate::set_report_hook) is called.
    pub fn on_stop(mut self, hook: impl Fn(&WorkerInfo) + Send + Sync + 'static) -> Self {
        self.on_stop = Some(Box::new(hook));
        self
    }

    /// Sets how long `build` waits until the `on_start` hooks of all workers are over. By default it waits as long as they take.
    ///
    /// A thread that is still in its hook then cannot be stopped: it ends when its hook returns.
    pub fn start_timeout(mut self, limit: Duration) -> Self {
        self.start_timeout = Some(limit);
        self
    }

    /// Makes the workers isolates: see [`Config::isolated`].
    pub(crate) fn isolated(mut self) -> Self {
        self.isolated = true;
        self
    }

    /// How many workers the pool will have.
    ///
    /// # Errors
    /// Those of [`build`](Self::build) that concern the number of workers and their cores.
    pub(crate) fn worker_count(&self) -> Result<usize, BuildError> {
        let cores = self
            .pin
            .cores(self.workers, &affinity::allowed(), MAX_WORKERS)?;
        Ok(cores.len())
    }

    /// Starts the pool. Blocks until every thread has been created; with an `on_start` hook or pinning, either of which may
    /// fail on the thread itself, until every worker is ready.
    ///
    /// # Errors
    /// [`BuildError`] says which setting, worker, core or limit was the cause. Threads that had been started were stopped and
    /// joined; after a [`start_timeout`](Self::start_timeout) they are stopped, and not waited for.
    pub fn build(self) -> Result<ThreadPool, BuildError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        panics::install();
        let allowed = affinity::allowed();
        let cores = self.pin.cores(self.workers, &allowed, MAX_WORKERS)?;
        // Each isolate has a number of its own, after that of its pool. The tag of a task for one isolate has that number.
        let numbers = Config::numbers_of(self.isolated, cores.len());
        // ORDERING: pool.number Relaxed: a number; it publishes nothing.
        let number = NUMBER.fetch_add(numbers, Ordering::Relaxed) % (Tag::MOST - numbers) + 1;
        let name = self.name.unwrap_or_else(|| format!("raddle-{number}"));
        if name.contains('\0') {
            return Err(BuildError::BadName { name });
        }
        if self.queue_limit == Some(0) {
            return Err(BuildError::ZeroQueueLimit);
        }
        let halves = cores.iter().zip(Deque::many(cores.len())).enumerate();
        let workers = halves
            .map(|(index, (&core, deque))| {
                WorkerShared::new(WorkerInfo::new(index, &name, core), deque)
            })
            .collect();
        let config = Config {
            name,
            idle: self.idle,
            when_full: self.when_full,
            queue_limit: self.queue_limit,
            stack_size: self.stack_size,
            max_spares: self.max_spares.unwrap_or(256),
            on_start: self.on_start,
            on_stop: self.on_stop,
            start_timeout: self.start_timeout,
            isolated: self.isolated,
            can_spin: sync::MODEL || allowed.len() > 1,
        };
        let shared = Arc::new(Shared::new(config, number, workers));
        if let Err(error) = Threads::start(&shared) {
            shared.close(Shutdown::CancelPending);
            // A worker that has not returned from its hook ends by itself.
            if !matches!(error, BuildError::StartTimeout { .. }) {
                shared.threads.wait(None);
            }
            return Err(error);
        }
        Ok(ThreadPool::from_shared(shared))
    }
}

impl fmt::Debug for ThreadPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolBuilder")
            .field("workers", &self.workers)
            .field("name", &self.name)
            .field("pin", &self.pin)
            .field("idle", &self.idle)
            .field("queue_limit", &self.queue_limit)
            .field("when_full", &self.when_full)
            .finish_non_exhaustive()
    }
}
