//! What the builder of a pool decided.

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
}

/// What becomes of a pool whose worker has died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum WhenWorkerDies {
    /// A new worker takes its place. Only the task that it ran is lost.
    #[default]
    Replace,
    /// The pool is broken, as Python's would be: everything accepted fails with
    /// [`Rejected::Broken`](crate::Rejected::Broken), and so does every submission from then on.
    BreakPool,
}
