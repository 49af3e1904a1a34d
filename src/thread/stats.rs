//! A pool's counters, and a snapshot of them.

use crate::sync::atomic::{AtomicU64, Ordering::*};

/// A snapshot of a pool, from [`ThreadPool::stats`](crate::ThreadPool::stats). It is taken while the workers run, so
/// figures of a busy pool can differ from each other by some tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Tasks that are accepted and not started. A cancelled one does not count, even if a worker has still to take it out of its queue.
    pub queued: usize,
    /// Tasks that are running, including those that are blocked.
    pub running: usize,
    /// Threads: the workers, and spares for blocked ones.
    pub threads: usize,
    /// Each worker's share, in the order of their indices.
    pub workers: Vec<WorkerStats>,
    /// Tasks that ended on a thread whose worker a spare had taken over while it was blocked.
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
    /// How often it went to sleep because it found no work.
    pub parked: u64,
    /// Whether a task is running on this worker.
    pub running: bool,
    /// Tasks in this worker's own queues, with those that were cancelled there.
    pub queued: usize,
}

impl Stats {
    /// Tasks that ended, on any thread.
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

/// A count that one thread at a time writes, the holder of the worker's token, and any thread reads.
pub struct Counter(AtomicU64);

impl Counter {
    pub fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The writer adds to the count.
    #[inline]
    pub fn add(&self, more: u64) {
        // ORDERING: counter.read-own Relaxed: one writer at a time; a token passes from thread to thread under a mutex.
        let now = self.0.load(Relaxed);
        // ORDERING: counter.write Relaxed: a figure; it publishes nothing.
        self.0.store(now + more, Relaxed);
    }

    /// The writer subtracts what it has added before.
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
