//! What a pool has done so far.

use crate::sync::atomic::{AtomicU64, Ordering::*};

/// A snapshot of a pool, from [`ThreadPool::stats`](crate::ThreadPool::stats). Taken without stopping
/// anybody, so that figures of a busy pool can be some tasks apart from each other.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Tasks that are accepted and not started. Cancelled ones count until a worker meets them.
    pub queued: usize,
    /// Tasks that are running, blocked ones among them.
    pub running: usize,
    /// Threads there are: the workers, and spares for blocked ones.
    pub threads: usize,
    /// Each worker's share.
    pub workers: Vec<WorkerStats>,
    /// Tasks that ended on a thread whose place a spare had taken.
    pub done_detached: u64,
}

/// One worker's share of [`Stats`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// Tasks that ended here.
    pub done: u64,
    /// Tasks that came from other workers' queues.
    pub stolen: u64,
    /// How often it went to sleep for want of work.
    pub parked: u64,
    /// Is a task running here?
    pub running: bool,
    /// Tasks queued for this worker.
    pub queued: usize,
}

impl Stats {
    /// Tasks that ended.
    pub fn done(&self) -> u64 {
        self.done_detached + self.workers.iter().map(|worker| worker.done).sum::<u64>()
    }

    /// Tasks that came from another worker's queue.
    pub fn stolen(&self) -> u64 {
        self.workers.iter().map(|worker| worker.stolen).sum()
    }

    /// How often workers went to sleep.
    pub fn parked(&self) -> u64 {
        self.workers.iter().map(|worker| worker.parked).sum()
    }
}

/// A count that one thread at a time writes (whoever holds the worker's core) and anybody reads.
pub struct Counter(AtomicU64);

impl Counter {
    pub fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The writer counts.
    #[inline]
    pub fn add(&self, more: u64) {
        // ORDERING: counter.read-own Relaxed: one writer at a time; cores change hands in order.
        let now = self.0.load(Relaxed);
        // ORDERING: counter.write Relaxed: a figure that says nothing about other memory.
        self.0.store(now + more, Relaxed);
    }

    /// The writer takes some back.
    pub fn take_back(&self, some: u64) {
        // ORDERING: counter.read-back Relaxed: as counter.read-own.
        let now = self.0.load(Relaxed);
        // ORDERING: counter.write-back Relaxed: as counter.write.
        self.0.store(now - some, Relaxed);
    }

    pub fn get(&self) -> u64 {
        // ORDERING: counter.read Relaxed: as counter.write.
        self.0.load(Relaxed)
    }
}
