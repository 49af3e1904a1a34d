//! The settings of a pool, from its builder.

use crate::executor::WhenFull;
use crate::process::worker::start::Settings;
use std::time::Duration;

/// See the module.
pub struct Config {
    pub name: String,
    pub when_full: WhenFull,
    pub settings: Settings,
    pub max_age: Option<Duration>,
    pub max_memory: Option<u64>,
    pub when_worker_dies: WhenWorkerDies,
    pub restarts: u32,
    pub restart_window: Duration,
    pub kill_grace: Duration,
    /// How long a worker may take to be ready.
    pub start_timeout: Duration,
}

/// What the pool does when a worker has died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum WhenWorkerDies {
    /// A new worker replaces it. Only the task that the dead worker ran is lost.
    #[default]
    Replace,
    /// The pool breaks, as in Python's `concurrent.futures`: all accepted tasks fail with
    /// [`Rejected::Broken`](crate::Rejected::Broken), and so does each later submission.
    BreakPool,
}
