//! Builds a process pool. [`ProcessPoolBuilder::build`] checks all settings and reports each mistake as a [`BuildError`].

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

/// Largest number of workers of one pool.
const MOST_WORKERS: usize = 1024;

/// Configures and starts a [`ProcessPool`]. Returned by [`ProcessPool::builder`].
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
    /// The first setting that was refused. `build` returns it.
    refused: Option<BuildError>,
    max_age: Option<Duration>,
    max_memory: Option<u64>,
    when_worker_dies: WhenWorkerDies,
    restarts: u32,
    restart_window: Duration,
    kill_grace: Duration,
    start_timeout: Duration,
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
            start_timeout: Duration::from_secs(60),
        }
    }
}

impl ProcessPoolBuilder {
    /// Sets the number of workers. The default is the length of a [`Pin::List`]; without such a list it is the number of cores
    /// that this process may use, within the quota of its control group.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Sets the pool's name. It appears in errors, and it is the prefix of the workers' names, which `ps` shows. The default is
    /// `raddle-p1`, `raddle-p2` and so on.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the cores that the workers stay on. The default is [`Pin::None`].
    pub fn pin(mut self, pin: Pin) -> Self {
        self.pin = pin;
        self
    }

    /// Sets what happens to a task when the lanes of all workers are full. A lane holds about a thousand tasks. The default is
    /// [`WhenFull::Block`]. [`WhenFull::RunOnCaller`] is not supported: `build` refuses it.
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }

    /// Sets where in the program a worker begins. The default is [`Start::BeforeMain`].
    pub fn start(mut self, start: Start) -> Self {
        self.settings.start = start;
        self
    }

    /// Sets a variable in the workers' environment. The workers inherit the parent's environment.
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

    /// Starts the workers with an empty environment. What [`env`](Self::env) sets is added to it.
    pub fn env_clear(mut self) -> Self {
        self.settings.clear_environment = true;
        self
    }

    /// Sets the workers' working directory. The default is the parent's.
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.settings.directory = Some(directory.into());
        self
    }

    /// Sets the workers' standard input, which all workers share. The default is `/dev/null`.
    pub fn stdin(mut self, file: impl Into<OwnedFd>) -> Self {
        self.settings.stdin = Some(file.into());
        self
    }

    /// Sets where the workers' standard output goes. The default is the parent's standard output.
    /// [`Output::Captured`] forwards whole lines to the `log` crate at level `info`.
    pub fn stdout(mut self, output: Output) -> Self {
        self.settings.stdout = output;
        self
    }

    /// Sets where the workers' standard error goes. The default is the parent's standard error. With [`Output::Captured`] the
    /// last lines are part of [`WorkerLost`](crate::process::WorkerLost), and each line goes to the `log` crate at level `warn`.
    pub fn stderr(mut self, output: Output) -> Self {
        self.settings.stderr = output;
        self
    }

    /// Sets the workers' niceness: `nice` is added to the parent's.
    pub fn nice(mut self, nice: i32) -> Self {
        self.settings.nice = Some(nice);
        self
    }

    /// Sets a system limit on each worker (`setrlimit`). Each call adds one limit.
    pub fn limit(mut self, limit: Limit) -> Self {
        self.settings.limits.push(limit);
        self
    }

    /// Sets how many bytes of payloads a worker's lane can hold in each direction: arguments that wait or are in use, and
    /// results that have not been taken. Payloads of at most 48 bytes do not count.
    ///
    /// `bytes` is rounded up to a multiple of 64 KiB. It must be at least 64 KiB and at most 1 TiB. One payload takes a power
    /// of two of it and is never longer than 2 GiB: a longer one is [`Rejected::TooLarge`](crate::Rejected::TooLarge). While
    /// the arena is full, submitters and workers wait for free memory.
    ///
    /// The size is address space, taken twice for each worker. The system provides memory only for the payloads that are there.
    /// The default is 16 GiB, or as much as `RLIMIT_AS` and `RLIMIT_FSIZE` allow: all lanes of a pool together take at most half
    /// of the address space that this process has left. With an explicit size, `build` fails if a limit leaves less.
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

    /// Sets a hook that runs in each worker before its first task: a function, or a closure that captures nothing. If it fails,
    /// `build` fails. If it fails in a replacement worker, that start has failed; five failed starts in a row break the pool.
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

    /// Sets a hook that runs in each worker after `on_start` and before the first task. Give up rights in it (seccomp, Landlock).
    /// If it fails, the worker runs no task, and `build` fails.
    pub fn sandbox<H>(mut self, hook: H) -> Self
    where
        H: Fn(&WorkerInfo) -> Result<(), BoxError> + Copy + Send + 'static,
    {
        let _ = hook;
        self.settings.sandbox = self.hook(task_code::of_hook::<H>());
        self
    }

    /// Sets a hook that runs in each worker after its last task, if the worker ends in an orderly way. A panic in it is reported
    /// by a line on the worker's standard error.
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

    /// Replaces a worker after `tasks` tasks. 0 disables the limit, which is the default.
    pub fn max_tasks_per_worker(mut self, tasks: u64) -> Self {
        self.settings.max_tasks = NonZeroU64::new(tasks);
        self
    }

    /// Replaces a worker that is older than `age`, when it has ended its current task. Ages are checked about once a second.
    pub fn max_worker_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Replaces a worker whose private memory (resident set without shared pages) exceeds `bytes`, when it has ended its current
    /// task. The memory is checked about once a second.
    pub fn max_worker_memory(mut self, bytes: u64) -> Self {
        self.max_memory = Some(bytes);
        self
    }

    /// Sets what becomes of the pool when a worker dies. The default is [`WhenWorkerDies::Replace`].
    pub fn when_worker_dies(mut self, policy: WhenWorkerDies) -> Self {
        self.when_worker_dies = policy;
        self
    }

    /// Sets how many workers may die and be replaced within `window`. The default is 100 in 10 seconds. One more death breaks
    /// the pool: all pending tasks fail at once with that reason. Workers that end on request do not count.
    pub fn restarts(mut self, restarts: u32, window: Duration) -> Self {
        self.restarts = restarts;
        self.restart_window = window;
        self
    }

    /// Sets how long a worker may take from its start until its hooks are over. The default is a minute. A worker that takes longer is
    /// ended, and its start has failed: `build` fails, or, for a replacement, it is tried again; five failed starts in a row break the
    /// pool.
    pub fn start_timeout(mut self, limit: Duration) -> Self {
        self.start_timeout = limit;
        self
    }

    /// Sets the time between `SIGTERM` and `SIGKILL` for a worker whose task is killed or runs past its deadline. The default is
    /// half a second. With zero, `SIGTERM` is not sent.
    pub fn kill_grace(mut self, grace: Duration) -> Self {
        self.kill_grace = grace;
        self
    }

    /// Starts the pool. Blocks until every worker is ready.
    ///
    /// # Errors
    /// [`BuildError`] names the setting, worker, hook or limit that failed. All workers that had been started are stopped.
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
        // ORDERING: process-pool.number Relaxed: the number publishes no other memory.
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
            start_timeout: self.start_timeout,
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
