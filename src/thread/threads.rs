//! The thread manager: which thread holds which worker's token, and spares for blocked workers.
//!
//! A *worker token* is the right to be worker `i`. There is one for each worker; the thread that holds it owns the worker's
//! deque and pinned queue. A thread that blocks inside a task lends its token. A *spare* takes it over and continues as this
//! worker. The blocked thread finishes its task without a token and becomes a spare itself. So at most `workers` threads
//! run tasks with a token, and a wait never starves the pool.
//!
//! | token | in | next |
//! |---|---|---|
//! | held | the thread's [`Worker`](super::worker::Worker) | lent ([`Threads::lend`]), retired ([`Threads::retire`]) |
//! | lent | `Registry::lent` | held by a spare ([`Threads::next_token`]) or by its lender again ([`Threads::reclaim`]) |
//! | retired | counted in `Registry::retired` | nothing: the worker has ended |
//!
//! None of this is on the fast path, and all of it is under one mutex, the registry's. Threads sleep on three futexes:
//! - `begun` counts the workers that are ready or have failed to begin. If a worker can fail to begin, the thread that builds the
//!   pool sleeps on it.
//! - `signal` counts events. Spares that wait for a token sleep on it.
//! - `live` counts threads. Threads that wait for the pool's end sleep on it.
//!
//! Models: `verify/src/scenarios/pool.rs`.

use crate::error::BuildError;
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use crate::sync::thread::JoinHandle;
use crate::sync::{FutexWait, Mutex, futex};
use std::time::Instant;

/// How many spares wait for the next blocked worker. Further ones end.
const WAITING_SPARES: usize = 2;

/// The mean of a worker that has not slept yet. Its first park follows at once: its work comes from the thread that builds
/// the pool, and it may have been started on the same CPU core. That first gap says nothing about the load.
pub const FRESH: u32 = if crate::sync::MODEL { 0 } else { u32::MAX };

/// The right to be worker `index`. See the module.
#[derive(Debug)]
pub struct WorkerToken {
    pub index: usize,
    /// How long the worker was idle at a time lately, in nanoseconds (a running mean).
    pub gap: u32,
}

/// What the mutex protects.
#[derive(Default)]
pub(super) struct Registry {
    /// Tokens that no thread holds.
    pub(super) lent: Vec<WorkerToken>,
    /// How often each token was taken over by a spare. It tells a lender whether its token was.
    pub(super) takeovers: Vec<u32>,
    /// Spares that sleep on `signal`.
    pub(super) waiting: usize,
    /// How many threads there are beyond the number of workers. (At the pool's end it may stay at 0 while workers end.)
    pub(super) spares: usize,
    /// Tokens of workers that have ended.
    pub(super) retired: usize,
    /// The first failure of a worker to begin.
    pub(super) unfit: Option<BuildError>,
    pub(super) handles: Vec<JoinHandle<()>>,
}

/// See the module. One for each pool.
pub struct Threads {
    pub(super) workers: usize,
    pub(super) registry: Mutex<Registry>,
    signal: AtomicU32,
    pub(super) live: AtomicU32,
    pub(super) begun: AtomicU32,
    done_detached: AtomicU64,
    started_detached: AtomicU64,
}

impl Threads {
    pub fn new(workers: usize) -> Self {
        Self {
            workers,
            registry: Mutex::new(Registry {
                takeovers: vec![0; workers],
                ..Registry::default()
            }),
            signal: AtomicU32::new(0),
            live: AtomicU32::new(0),
            begun: AtomicU32::new(0),
            done_detached: AtomicU64::new(0),
            started_detached: AtomicU64::new(0),
        }
    }

    /// A worker thread is ready for its first task, or has failed to begin. The last one wakes the thread that builds the pool.
    /// Called by the worker threads that the pool starts with, if one of them can fail.
    pub fn report_begun(&self, how: Result<(), BuildError>) {
        if let Err(error) = how {
            self.registry.lock().unfit.get_or_insert(error);
        }
        // ORDERING: threads.begun Release -> pairs with threads.begun-look: all counts are one release sequence.
        let before = self.begun.fetch_add(1, Release);
        if before as usize + 1 == self.workers {
            // WAKE: the other end is Threads::start.
            futex::wake_all(&self.begun);
        }
    }

    /// A thread's last step. Called by each thread that was started, and for one that could not be started.
    pub(super) fn leave(&self) {
        // ORDERING: threads.leave Release -> pairs with threads.wait: everything that the thread did.
        self.live.fetch_sub(1, Release);
        // WAKE: the other end is Threads::wait.
        futex::wake_all(&self.live);
    }

    /// A spare that failed to begin gives the token back that it took and has not used.
    pub fn give_up(&self, token: WorkerToken) {
        let mut registry = self.registry.lock();
        registry.takeovers[token.index] -= 1;
        registry.spares -= 1;
        registry.lent.push(token);
        drop(registry);
        self.notify_spares(false);
    }

    /// A thread that was blocked takes its token back. Called by the lender, after its sleep.
    /// `None`: a spare has taken it over since. A token that was taken over and lent again belongs to another blocked task: what
    /// that task spawned must not run under the locks of ours.
    pub fn reclaim(&self, index: usize, takeovers: u32) -> Option<WorkerToken> {
        let mut registry = self.registry.lock();
        if registry.takeovers[index] != takeovers {
            return None;
        }
        let at = registry
            .lent
            .iter()
            .position(|token| token.index == index)?;
        Some(registry.lent.swap_remove(at))
    }

    /// A thread without a token sleeps until there is one. Called by spares, and by threads whose token a spare took
    /// over. `None`: the thread is not needed any more, since all workers have ended or enough spares wait.
    pub fn next_token(&self) -> Option<WorkerToken> {
        let mut registry = self.registry.lock();
        loop {
            if let Some(token) = registry.lent.pop() {
                registry.takeovers[token.index] += 1;
                return Some(token);
            }
            if registry.retired == self.workers || registry.waiting >= WAITING_SPARES {
                registry.spares = registry.spares.saturating_sub(1);
                return None;
            }
            registry.waiting += 1;
            // ORDERING: threads.signal Relaxed: read under the mutex, under which the event's cause changes first.
            let signal = self.signal.load(Relaxed);
            drop(registry);
            // WAKE: the other end is Threads::notify_spares, which counts after a change under the mutex. If the change came
            // after our look, the futex sees another count.
            futex::wait(&self.signal, signal, None);
            registry = self.registry.lock();
            registry.waiting -= 1;
        }
    }

    /// Wakes one waiting spare, or all of them. Called after a token was lent or given back, and at the pool's end.
    pub(super) fn notify_spares(&self, all: bool) {
        // ORDERING: threads.notify Relaxed: the mutex publishes the cause.
        self.signal.fetch_add(1, Relaxed);
        // WAKE: the other end is Threads::next_token.
        if all {
            futex::wake_all(&self.signal);
        } else {
            futex::wake_one(&self.signal);
        }
    }

    /// A worker has ended and gives its token up. The last one wakes all spares, which end too.
    pub fn retire(&self, _token: WorkerToken) {
        let mut registry = self.registry.lock();
        registry.retired += 1;
        let last = registry.retired == self.workers;
        drop(registry);
        if last {
            self.notify_spares(true);
        }
    }

    /// A task has ended on a thread without the token that it started with.
    pub fn count_done_detached(&self) {
        // ORDERING: threads.done-detached Relaxed: a figure.
        self.done_detached.fetch_add(1, Relaxed);
    }

    pub fn done_detached(&self) -> u64 {
        // ORDERING: threads.done-detached-read Relaxed: a figure.
        self.done_detached.load(Relaxed)
    }

    /// A task starts on a thread without a token.
    pub fn count_started_detached(&self) {
        // ORDERING: threads.started-detached Relaxed: a figure.
        self.started_detached.fetch_add(1, Relaxed);
    }

    /// A task did not run after all, on a thread without the token that it had counted the start with. That start may be counted
    /// on the worker, whose counters belong to another thread now; so it is taken back here.
    pub fn take_back_started(&self) {
        // ORDERING: threads.take-back Relaxed: a figure.
        self.started_detached.fetch_sub(1, Relaxed);
    }

    /// How many tasks have started on threads without a token, less those that were taken back. It wraps below zero.
    pub fn started_detached(&self) -> u64 {
        // ORDERING: threads.started-detached-read Relaxed: a figure.
        self.started_detached.load(Relaxed)
    }

    /// How many threads have not ended.
    pub fn threads(&self) -> usize {
        // ORDERING: threads.threads Relaxed: a figure.
        self.live.load(Relaxed) as usize
    }

    /// Waits until every thread has ended. False: the deadline passed first. Called by shutdowns, and by a build that failed.
    pub fn wait(&self, deadline: Option<Instant>) -> bool {
        loop {
            // ORDERING: threads.wait Acquire -> pairs with threads.leave: everything that the threads did.
            let live = self.live.load(Acquire);
            if live == 0 {
                break;
            }
            // WAKE: the other end is Threads::leave.
            if futex::wait(&self.live, live, deadline) == FutexWait::TimedOut {
                return false;
            }
        }
        // The threads are joined for the destructors of their thread-locals. That happens under the lock, so that another thread
        // that waits for the end waits for those too.
        let mut registry = self.registry.lock();
        for handle in registry.handles.drain(..) {
            // The thread contained its panics, so the handle has none.
            let _ = handle.join();
        }
        true
    }
}
