//! The builder of a pool of isolates. It and the pool import each other: each makes the other.

use super::deadlines::Timer;
use super::interrupt::{Interrupter, Interrupts};
use super::pool::IsolatePool;
use super::state::{self, Build, Reset, StateFactory};
use crate::error::{BoxError, BuildError};
use crate::executor::restart_limit::RestartLimit;
use crate::executor::{Pin, WhenFull, WorkerInfo};
use crate::sync::Arc;
use crate::thread::{Idle, ThreadPool, ThreadPoolBuilder};
use std::fmt;
use std::time::Duration;

/// Sets up an [`IsolatePool`]. Made by [`IsolatePool::builder`].
///
/// ```
/// use raddle::{IsolatePool, Pin};
/// use std::rc::Rc;
/// use std::time::Duration;
///
/// let pool = IsolatePool::builder(|isolate| Ok(Rc::new(isolate.index)))
///     .workers(2)
///     .name("db")
///     .pin(Pin::None)
///     .stack_size(1 << 20)
///     .queue_limit(10_000)
///     .start_timeout(Duration::from_secs(5))
///     .restarts(10, Duration::from_secs(60))
///     .build()?;
/// assert_eq!(pool.workers(), 2);
/// # Ok::<(), raddle::BuildError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct IsolatePoolBuilder<S> {
    threads: ThreadPoolBuilder,
    when_full: WhenFull,
    build: Build<S>,
    restarts: u32,
    restart_window: Duration,
    interrupter: Option<Interrupter>,
    reset: Option<Reset<S>>,
}

impl<S: 'static> IsolatePoolBuilder<S> {
    pub(super) fn new(build: Build<S>) -> Self {
        Self {
            threads: ThreadPool::builder()
                .isolated()
                .start_timeout(Duration::from_secs(60)),
            when_full: WhenFull::Block,
            build,
            restarts: 100,
            restart_window: Duration::from_secs(10),
            interrupter: None,
            reset: None,
        }
    }

    fn with(mut self, set: impl FnOnce(ThreadPoolBuilder) -> ThreadPoolBuilder) -> Self {
        self.threads = set(self.threads);
        self
    }

    /// Sets how many isolates the pool has. The default is the length of a [`Pin::List`], else the number of cores that this
    /// process may use, within the quota of its control group.
    pub fn workers(self, isolates: usize) -> Self {
        self.with(|threads| threads.workers(isolates))
    }

    /// Sets the pool's name, which stands in errors and reports and is the prefix of its isolates' names. The default is
    /// `raddle-1`, `raddle-2` and so on.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with(|threads| threads.name(name))
    }

    /// Sets which cores the isolates stay on. The default is [`Pin::None`].
    pub fn pin(self, pin: Pin) -> Self {
        self.with(|threads| threads.pin(pin))
    }

    /// Sets what idle isolates do. The default is [`Idle::Balanced`].
    pub fn idle(self, idle: Idle) -> Self {
        self.with(|threads| threads.idle(idle))
    }

    /// Sets the bytes of stack of each isolate. The default is the standard library's.
    pub fn stack_size(self, bytes: usize) -> Self {
        self.with(|threads| threads.stack_size(bytes))
    }

    /// Sets how many tasks from outside may be accepted and not started. By default there is no limit. Tasks sent by the pool's
    /// own tasks, and tasks for one isolate, do not count and never block.
    pub fn queue_limit(self, tasks: usize) -> Self {
        self.with(|threads| threads.queue_limit(tasks))
    }

    /// Sets what happens at the `queue_limit`. The default is [`WhenFull::Block`]. [`WhenFull::RunOnCaller`] is not supported, since
    /// the caller has no state: `build` refuses it.
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self.with(|threads| threads.when_full(when_full))
    }

    /// Sets how long `build` waits until all isolates have their states. The default is a minute.
    pub fn start_timeout(self, limit: Duration) -> Self {
        self.with(|threads| threads.start_timeout(limit))
    }

    /// Sets how often states may be built anew within `window`, after panics. The default is 100 times in 10 seconds. Once more
    /// breaks the pool: all tasks that use a state fail with [`Rejected::Broken`](crate::error::Rejected::Broken).
    pub fn restarts(mut self, restarts: u32, window: Duration) -> Self {
        self.restarts = restarts;
        self.restart_window = window;
        self
    }

    /// Sets how a task is stopped that uses the state of an isolate and does not end: `interrupter` gets the isolate's number, and has
    /// to stop what that isolate runs, from another thread. Without it, such a task cannot be stopped.
    ///
    /// [`Future::kill`](crate::Future::kill) calls it, and so does the pool when a task's
    /// [deadline](crate::isolate::TaskBuilder::deadline) passes, on a thread of its own. It is called at most once for each task,
    /// while that task runs, and the isolate begins no other task before it has returned. So it must not wait for the task.
    /// A panic in it goes to the [report hook](crate::set_report_hook).
    ///
    /// The task has to end then. If it returns an error, the future's error is [`TaskError::Killed`](crate::TaskError::Killed) or
    /// [`TimedOut`](crate::TaskError::TimedOut). A result stays a result, and a panic stays a panic. The task learns that it was
    /// interrupted by [`interrupted`](crate::isolate::interrupted).
    ///
    /// ```
    /// use raddle::{IsolatePool, TaskError};
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// // An interpreter that looks at a flag now and then.
    /// struct Interpreter(Arc<AtomicBool>);
    /// impl Interpreter {
    ///     fn endless(&mut self) -> Result<u32, &'static str> {
    ///         while !self.0.load(Ordering::Relaxed) {
    ///             std::thread::yield_now();
    ///         }
    ///         Err("stopped")
    ///     }
    /// }
    ///
    /// let stop = Arc::new(AtomicBool::new(false));
    /// let (theirs, mine) = (Arc::clone(&stop), Arc::clone(&stop));
    /// let pool = IsolatePool::builder(move |_| Ok(Interpreter(Arc::clone(&theirs))))
    ///     .workers(1)
    ///     .on_interrupt(move |_isolate| mine.store(true, Ordering::Relaxed))
    ///     .after_interrupt(|state| state.0.store(false, Ordering::Relaxed))
    ///     .build()?;
    /// for _ in 0..2 {
    ///     let task = pool.try_submit_with(|state, ()| state.endless(), ());
    ///     while !task.is_running() {
    ///         std::thread::yield_now();
    ///     }
    ///     assert!(task.kill());
    ///     assert!(matches!(task.result(), Err(TaskError::Killed)));
    /// }
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn on_interrupt(mut self, interrupter: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.interrupter = Some(Box::new(interrupter));
        self
    }

    /// Sets what makes a state fit for the next task after an interruption: for instance, it takes a stop flag back. The isolate
    /// calls it when the interrupter has returned and the task is over. If it panics, the state is built anew.
    pub fn after_interrupt(mut self, reset: impl Fn(&mut S) + Send + Sync + 'static) -> Self {
        self.reset = Some(Box::new(reset));
        self
    }

    /// Starts the pool. Blocks until each isolate has built its state.
    ///
    /// # Errors
    /// [`BuildError`] says which setting, isolate, core or limit was the cause. What builds a state is called the start hook
    /// there: [`StartHook`](BuildError::StartHook) if it fails or panics, [`StartTimeout`](BuildError::StartTimeout) if it
    /// takes too long.
    pub fn build(self) -> Result<IsolatePool<S>, BuildError> {
        if self.when_full == WhenFull::RunOnCaller {
            return Err(BuildError::RunOnCaller);
        }
        let workers = self.threads.worker_count()?;
        let limit = RestartLimit::new(self.restarts, self.restart_window);
        let interrupts = Arc::new(Interrupts::new(workers, self.interrupter));
        let timer = interrupts
            .can_interrupt()
            .then(|| Timer::start(&interrupts))
            .transpose()
            .map_err(|source| BuildError::System {
                what: "the thread for deadlines",
                source,
            })?;
        let factory = StateFactory::new(self.build, limit, interrupts, self.reset, timer);
        let factory = Arc::new(factory);
        let mine = Arc::clone(&factory);
        let threads = self
            .threads
            .workers(workers)
            .on_start(move |info: &WorkerInfo| StateFactory::enter(&mine, info))
            .on_stop(|_| state::leave::<S>())
            .build()?;
        Ok(IsolatePool::from_parts(threads, factory))
    }
}

impl<S> fmt::Debug for IsolatePoolBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IsolatePoolBuilder")
            .field("threads", &self.threads)
            .field("restarts", &self.restarts)
            .field("restart_window", &self.restart_window)
            .finish_non_exhaustive()
    }
}

/// Boxes what builds a state.
pub(super) fn boxed<S>(
    build: impl Fn(&WorkerInfo) -> Result<S, BoxError> + Send + Sync + 'static,
) -> Build<S> {
    Box::new(build)
}
