//! Building a process pool: every decision in one place, every mistake an error.

use super::ProcessPool;
use crate::error::{BoxError, BuildError, CodeError};
use crate::executor::{Pin, WhenFull, WorkerInfo};
use crate::future::panics;
use crate::process::pool::config::{Config, WhenWorkerDies};
use crate::process::pool::shared::Pool;
use crate::process::worker::start::{self, Limit, Output, Settings, Start};
use crate::process::worker::task_code;
use crate::sync::unmodelled::{AtomicU32, Ordering};
use crate::sys::affinity;
use std::ffi::OsString;
use std::fmt;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

/// The most workers that a pool can have.
const MOST_WORKERS: usize = 1024;

/// Sets up a [`ProcessPool`]. Made by [`ProcessPool::builder`].
///
/// ```
/// use raddle::process::{Limit, Output};
/// use raddle::ProcessPool;
/// use std::time::Duration;
///
/// let pool = ProcessPool::builder()
///     .workers(2)
///     .name("render")
///     .env("TZ", "UTC")
///     .stderr(Output::Captured)
///     .nice(5)
///     .limit(Limit::AddressSpace(2 << 30))
///     .max_tasks_per_worker(10_000)
///     .kill_grace(Duration::from_millis(100))
///     .build()?;
/// assert_eq!(pool.workers(), 2);
/// # Ok::<(), raddle::BuildError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct ProcessPoolBuilder {
    workers: Option<usize>,
    name: Option<String>,
    pin: Pin,
    when_full: WhenFull,
    settings: Settings,
    /// The first thing that cannot be, told by `build`.
    refused: Option<BuildError>,
    max_age: Option<Duration>,
    max_memory: Option<u64>,
    when_worker_dies: WhenWorkerDies,
    restarts: u32,
    restart_window: Duration,
    kill_grace: Duration,
}

impl Default for ProcessPoolBuilder {
    fn default() -> Self {
        Self {
            workers: None,
            name: None,
            pin: Pin::None,
            when_full: WhenFull::Block,
            settings: Settings::default(),
            refused: None,
            max_age: None,
            max_memory: None,
            when_worker_dies: WhenWorkerDies::Replace,
            restarts: 100,
            restart_window: Duration::from_secs(10),
            kill_grace: Duration::from_millis(500),
        }
    }
}

impl ProcessPoolBuilder {
    /// How many workers. Without it: the length of a [`Pin::List`], else as many as there are cores that this
    /// process may use, within the quota of its control group.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// The pool's name, in errors, and the prefix of its workers' names, which `ps` shows. Without it: `raddle-p1`,
    /// `raddle-p2` and so on.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Which cores the workers stay on; [`Pin::None`] without it.
    pub fn pin(mut self, pin: Pin) -> Self {
        self.pin = pin;
        self
    }

    /// What happens to a task that finds the lanes of all workers full, each with about a thousand tasks;
    /// [`WhenFull::Block`] without it. [`WhenFull::RunOnCaller`] is not possible here.
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }

    /// Where in the life of the program its workers begin; [`Start::BeforeMain`] without it.
    pub fn start(mut self, start: Start) -> Self {
        self.settings.start = start;
        self
    }

    /// Sets a variable in the workers' environment, which otherwise is the parent's.
    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        let change = (key.into(), Some(value.into()));
        self.settings.environment.push(change);
        self
    }

    /// Removes a variable from the workers' environment.
    pub fn env_remove(mut self, key: impl Into<OsString>) -> Self {
        self.settings.environment.push((key.into(), None));
        self
    }

    /// Begins with an empty environment; what [`env`](Self::env) sets is added.
    pub fn env_clear(mut self) -> Self {
        self.settings.clear_environment = true;
        self
    }

    /// The workers' working directory; the parent's without it.
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.settings.directory = Some(directory.into());
        self
    }

    /// What the workers read from their standard input; nothing without it. All workers share it.
    pub fn stdin(mut self, file: impl Into<OwnedFd>) -> Self {
        self.settings.stdin = Some(file.into());
        self
    }

    /// Where the workers' standard output goes; to the parent's without it.
    /// [`Output::Captured`] forwards whole lines to the `log` crate at level `info`.
    pub fn stdout(mut self, output: Output) -> Self {
        self.settings.stdout = output;
        self
    }

    /// Where the workers' standard error goes; to the parent's without it. With [`Output::Captured`] the last lines are
    /// part of [`WorkerLost`](crate::process::WorkerLost), and each line goes to the `log` crate at level `warn`.
    pub fn stderr(mut self, output: Output) -> Self {
        self.settings.stderr = output;
        self
    }

    /// Added to the parent's niceness.
    pub fn nice(mut self, nice: i32) -> Self {
        self.settings.nice = Some(nice);
        self
    }

    /// A limit of the system on each worker. May be called for several.
    pub fn limit(mut self, limit: Limit) -> Self {
        self.settings.limits.push(limit);
        self
    }

    /// How many bytes of payloads a worker's lane can hold in each direction: arguments that wait or are being used, and results
    /// that were not taken yet; what fits into 48 bytes does not count. Rounded up to a multiple of 64 KiB; at least that, at most
    /// 1 TiB. One payload takes a power of two of it, and is never longer than 2 GiB: a longer one is
    /// [`Rejected::TooLarge`](crate::Rejected::TooLarge). Where the arena is full, submitters and workers wait for room.
    ///
    /// It is address space, twice for each worker, and not memory: that is taken only where payloads lie. Without this option
    /// it is 16 GiB, or as much as `RLIMIT_AS` and `RLIMIT_FSIZE` allow: all lanes of a pool together take at most half of the
    /// address space that this process has left. With it `build` fails if a limit leaves less.
    ///
    /// ```
    /// use raddle::{Executor, ProcessPool, Rejected, TaskError};
    ///
    /// let pool = ProcessPool::builder().workers(1).arena(1 << 20).build()?;
    /// assert_eq!(pool.submit(|text: String| text.len(), "x".repeat(1 << 19)).result().unwrap(), 1 << 19);
    /// let refused = pool.submit(|text: String| text.len(), "x".repeat(1 << 20)).result();
    /// assert!(matches!(refused, Err(TaskError::Rejected(Rejected::TooLarge { limit, .. })) if limit == 1 << 20));
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn arena(mut self, bytes: usize) -> Self {
        self.settings.arena = Some(bytes);
        self
    }

    /// Runs in each worker before its first task: a function, or a closure that captures nothing. If it fails, so
    /// does `build`. In a replacement that is an attempt that failed; five in a row break the pool.
    ///
    /// ```
    /// use raddle::{Executor, ProcessPool};
    ///
    /// let pool = ProcessPool::builder()
    ///     .workers(1)
    ///     .name("render")
    ///     .on_start(|worker| {
    ///         assert_eq!((worker.index, &*worker.name), (0, "render-0"));
    ///         std::fs::metadata("/proc/self/exe")?;
    ///         Ok(())
    ///     })
    ///     .on_stop(|worker| eprintln!("{} has nothing left to do", worker.name))
    ///     .build()?;
    /// assert_eq!(pool.submit(|n: u32| n + 1, 1).result().unwrap(), 2);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn on_start<H>(mut self, hook: H) -> Self
    where
        H: Fn(&WorkerInfo) -> Result<(), BoxError> + Copy + Send + 'static,
    {
        let _ = hook;
        self.settings.on_start = self.hook(task_code::of_hook::<H>());
        self
    }

    /// Runs in each worker after `on_start` and before its first task: the place to give up rights (seccomp,
    /// Landlock). If it fails, the worker runs nothing, and `build` fails.
    pub fn sandbox<H>(mut self, hook: H) -> Self
    where
        H: Fn(&WorkerInfo) -> Result<(), BoxError> + Copy + Send + 'static,
    {
        let _ = hook;
        self.settings.sandbox = self.hook(task_code::of_hook::<H>());
        self
    }

    /// Runs in each worker after its last task, if it ends in an orderly way. A panic in it is a line on the worker's
    /// standard error.
    pub fn on_stop<H>(mut self, hook: H) -> Self
    where
        H: Fn(&WorkerInfo) + Copy + Send + 'static,
    {
        let _ = hook;
        self.settings.on_stop = self.hook(task_code::of_stop_hook::<H>());
        self
    }

    fn hook(&mut self, code: Result<u64, CodeError>) -> Option<u64> {
        match code {
            Ok(code) => Some(code),
            Err(error) => {
                let why = error.to_string();
                self.refused.get_or_insert(BuildError::Code { why });
                None
            }
        }
    }

    /// A worker is replaced after so many tasks. Zero is none at all, and the same as never.
    pub fn max_tasks_per_worker(mut self, tasks: u64) -> Self {
        self.settings.max_tasks = NonZeroU64::new(tasks);
        self
    }

    /// A worker that has lived for so long is replaced once it has ended its task.
    pub fn max_worker_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// A worker whose private memory (resident set without shared pages) has grown beyond so many bytes is replaced once it has ended its
    /// task. Looked at about once a second while the pool works.
    pub fn max_worker_memory(mut self, bytes: u64) -> Self {
        self.max_memory = Some(bytes);
        self
    }

    /// What becomes of the pool when a worker dies; [`WhenWorkerDies::Replace`] without it.
    pub fn when_worker_dies(mut self, policy: WhenWorkerDies) -> Self {
        self.when_worker_dies = policy;
        self
    }

    /// How many workers may be replaced after a death within `window`; 100 in 10 seconds without it. One more, and the pool is
    /// broken: everything pending fails at once with that reason. Workers that end because they are told to do not
    /// count.
    pub fn restarts(mut self, restarts: u32, window: Duration) -> Self {
        self.restarts = restarts;
        self.restart_window = window;
        self
    }

    /// How long a worker that is to end has between the polite signal (`SIGTERM`) and the one that it cannot refuse;
    /// half a second without it. Zero: the polite one is not sent at all.
    pub fn kill_grace(mut self, grace: Duration) -> Self {
        self.kill_grace = grace;
        self
    }

    /// Starts the pool. Returns when every worker is ready.
    ///
    /// # Errors
    /// [`BuildError`] says which setting, worker, hook or limit it was. Whatever had been started was stopped.
    pub fn build(self) -> Result<ProcessPool, BuildError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        panics::install();
        if let Some(refused) = self.refused {
            return Err(refused);
        }
        if self.when_full == WhenFull::RunOnCaller {
            return Err(BuildError::RunOnCaller);
        }
        start::check().map_err(|error| BuildError::Code {
            why: error.to_string(),
        })?;
        let cores = self
            .pin
            .cores(self.workers, &affinity::allowed(), MOST_WORKERS)?;
        // ORDERING: process-pool.number Relaxed: a number that says nothing about other memory.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed) + 1;
        let name = self.name.unwrap_or_else(|| format!("raddle-p{number}"));
        if name.contains('\0') {
            return Err(BuildError::BadName { name });
        }
        let config = Config {
            name,
            when_full: self.when_full,
            settings: self.settings,
            max_age: self.max_age,
            max_memory: self.max_memory,
            when_worker_dies: self.when_worker_dies,
            restarts: self.restarts,
            restart_window: self.restart_window,
            kill_grace: self.kill_grace,
        };
        Pool::start(config, &cores).map(ProcessPool::from_pool)
    }
}

impl fmt::Debug for ProcessPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPoolBuilder")
            .field("workers", &self.workers)
            .field("name", &self.name)
            .field("pin", &self.pin)
            .field("when_full", &self.when_full)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
