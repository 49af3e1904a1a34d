//! What a process pool has done so far.

/// A snapshot of a pool, from [`ProcessPool::stats`](crate::ProcessPool::stats). Taken without stopping anybody, so
/// that figures of a busy pool can be some tasks apart from each other.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Tasks that are accepted and not started.
    pub queued: usize,
    /// Tasks that are running.
    pub running: usize,
    /// Each worker's share.
    pub workers: Vec<WorkerStats>,
    /// Workers that ended while they ran a task, or between two without being told to.
    pub deaths: u64,
    /// Workers that were started after the first ones, for whatever reason.
    pub replacements: u64,
    /// Tasks that went from one worker's lane to another's, which had nothing to do.
    pub moved: u64,
}

/// One worker's share of [`Stats`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// The process id of the worker, while there is one.
    pub pid: Option<u32>,
    /// Tasks that ended here, on this worker and those before it.
    pub done: u64,
    /// Is a task running here?
    pub running: bool,
    /// Tasks that wait here.
    pub queued: usize,
}

impl Stats {
    /// Tasks that ended.
    pub fn done(&self) -> u64 {
        self.workers.iter().map(|worker| worker.done).sum()
    }

    /// The process ids of the workers that there are now.
    pub fn pids(&self) -> Vec<u32> {
        self.workers
            .iter()
            .filter_map(|worker| worker.pid)
            .collect()
    }
}
