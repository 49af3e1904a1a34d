//! Statistics of a process pool.

/// A snapshot of a pool, from [`ProcessPool::stats`](crate::ProcessPool::stats). The pool goes on while the snapshot is taken,
/// so the figures of a busy pool can differ from each other by some tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Tasks that were accepted and have not started.
    pub queued: usize,
    /// Tasks that run now.
    pub running: usize,
    /// The figures of each worker.
    pub workers: Vec<WorkerStats>,
    /// Workers that ended while they ran a task, or that ended between two tasks without a request.
    pub deaths: u64,
    /// Workers that were started to replace another one, for any reason.
    pub replacements: u64,
    /// Tasks that moved from one worker's lane to the lane of an idle worker.
    pub moved: u64,
}

/// The figures of one worker in [`Stats`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// The worker's process id. `None` while there is no worker that is ready.
    pub pid: Option<u32>,
    /// Tasks that ended on this worker and on those that it replaced.
    pub done: u64,
    /// Whether the worker runs a task.
    pub running: bool,
    /// Tasks that wait in this worker's lane.
    pub queued: usize,
}

impl Stats {
    /// Returns the number of tasks that ended.
    pub fn done(&self) -> u64 {
        self.workers.iter().map(|worker| worker.done).sum()
    }

    /// Returns the process ids of the workers that are ready.
    pub fn pids(&self) -> Vec<u32> {
        self.workers
            .iter()
            .filter_map(|worker| worker.pid)
            .collect()
    }
}
