//! The threads behind the workers: who holds which worker's core, and spares for blocked ones.
//!
//! A *core* is the right to be worker `i`: whoever holds it owns the worker's deque and mailbox. A
//! thread that blocks inside a task lends its core; a spare takes it over and goes on; the blocked
//! thread finishes its task without a core and becomes a spare itself. So there are never more than
//! `workers` threads that run tasks on cores of their own, and a wait never starves the pool.
//!
//! All of it is off the fast path and under one mutex; three futexes let threads sleep: `begun` counts
//! workers that are ready for whoever builds the pool, if one of them may fail to be; `signal` counts events for
//! waiting spares, `live` counts threads for whoever ends the pool.
//! Models: `verify/src/scenarios/pool.rs`.

use super::search::FRESH;
use super::shared::Shared;
use super::worker::Worker;
use crate::error::BuildError;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{FutexWait, Mutex, futex};
use crate::sys::limits;
use crate::sys::refusal::refused;
use std::time::Instant;

/// Spares that wait for the next blocked worker; more of them leave.
const WAITING_SPARES: usize = 2;

/// The right to be a worker. There is one for each index.
#[derive(Debug)]
pub struct WorkerToken {
    pub index: usize,
    /// How long it has lately been idle at a time, in nanoseconds (a running mean).
    pub gap: u32,
}

#[derive(Default)]
struct Registry {
    lent: Vec<WorkerToken>,
    /// How often each core was taken over; it tells a lender whether its core was touched.
    turns: Vec<u32>,
    /// Spares that sleep on `signal`.
    waiting: usize,
    spares: usize,
    retired: usize,
    /// The first failure of a worker to begin.
    unfit: Option<BuildError>,
    handles: Vec<JoinHandle<()>>,
}

/// See the module.
pub struct Threads {
    workers: usize,
    registry: Mutex<Registry>,
    signal: AtomicU32,
    live: AtomicU32,
    begun: AtomicU32,
    done_detached: AtomicU64,
    started_detached: AtomicU64,
}

impl Threads {
    pub fn new(workers: usize) -> Self {
        Self {
            workers,
            registry: Mutex::new(Registry {
                turns: vec![0; workers],
                ..Registry::default()
            }),
            signal: AtomicU32::new(0),
            live: AtomicU32::new(0),
            begun: AtomicU32::new(0),
            done_detached: AtomicU64::new(0),
            started_detached: AtomicU64::new(0),
        }
    }

    /// Starts the worker threads, and waits for them if one may yet fail. On failure the caller closes the pool
    /// and waits for its end.
    pub fn start(shared: &Arc<Shared>) -> Result<(), BuildError> {
        let threads = &shared.threads;
        for index in 0..threads.workers {
            let core = WorkerToken { index, gap: FRESH };
            let name = shared.seats[index].info.name.to_string();
            if let Err(source) = Self::spawn(shared, name, Some(core)) {
                let limit = limits::processes();
                // Cores that no thread holds count as retired.
                threads.registry.lock().retired += threads.workers - index;
                return Err(BuildError::Thread {
                    worker: index,
                    started: index,
                    limit,
                    source,
                });
            }
        }
        if !shared.can_begin_fail() {
            return Ok(());
        }
        loop {
            // ORDERING: threads.begun-look Acquire -> pairs with threads.begun: what the workers' hooks did.
            let begun = threads.begun.load(Acquire);
            if begun as usize == threads.workers {
                break;
            }
            // WAKE: the other end is Threads::begun.
            futex::wait(&threads.begun, begun, None);
        }
        threads.registry.lock().unfit.take().map_or(Ok(()), Err)
    }

    /// A worker thread is ready for its first task, or has failed to be. The last one wakes whoever builds.
    pub fn begun(&self, how: Result<(), BuildError>) {
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

    fn spawn(shared: &Arc<Shared>, name: String, core: Option<WorkerToken>) -> std::io::Result<()> {
        let threads = &shared.threads;
        // ORDERING: threads.live-up Relaxed: counted down by the thread, which starts after this.
        threads.live.fetch_add(1, Relaxed);
        let mine = Arc::clone(shared);
        let handle = thread::spawn_with(name, shared.config.stack_size, move || {
            Worker::thread(&mine, core);
            mine.threads.leave();
        });
        match handle {
            Ok(handle) => {
                let mut registry = threads.registry.lock();
                registry
                    .handles
                    .retain(|handle| !thread::is_finished(handle));
                registry.handles.push(handle);
                Ok(())
            }
            Err(error) => {
                threads.leave();
                Err(refused("clone3")(error))
            }
        }
    }

    fn leave(&self) {
        // ORDERING: threads.leave Release -> pairs with threads.wait: everything the thread did.
        self.live.fetch_sub(1, Release);
        // WAKE: the other end is Threads::wait.
        futex::wake_all(&self.live);
    }

    /// A worker that is about to block lends its core to a spare; the answer is for
    /// [`reclaim`](Self::reclaim). Err: nobody can take it, and why.
    pub fn lend(shared: &Arc<Shared>, core: WorkerToken) -> Result<u32, (WorkerToken, String)> {
        let threads = &shared.threads;
        let index = core.index;
        let mut registry = threads.registry.lock();
        let turn = registry.turns[index];
        if registry.waiting <= registry.lent.len() {
            if registry.spares >= shared.config.max_spares {
                let reason = format!(
                    "the pool has its {} spares (max_spares) already",
                    registry.spares
                );
                return Err((core, reason));
            }
            registry.spares += 1;
            registry.lent.push(core);
            drop(registry);
            let name = format!("{}-spare", shared.config.name);
            if let Err(error) = Self::spawn(shared, name, None) {
                let mut registry = threads.registry.lock();
                registry.spares -= 1;
                // If another spare has taken the core meanwhile, all is well.
                let at = registry.lent.iter().position(|core| core.index == index);
                if let Some(at) = at {
                    return Err((registry.lent.swap_remove(at), error.to_string()));
                }
            }
            return Ok(turn);
        }
        registry.lent.push(core);
        drop(registry);
        threads.call(false);
        Ok(turn)
    }

    /// A spare that turned out unfit gives the core that it took, and has not used, back.
    pub fn give_up(&self, core: WorkerToken) {
        let mut registry = self.registry.lock();
        registry.turns[core.index] -= 1;
        registry.spares -= 1;
        registry.lent.push(core);
        drop(registry);
        self.call(false);
    }

    /// The core back, if no spare has taken it since. One that was taken and lent again is another
    /// task's: what lies in its deque may not run under the locks of ours.
    pub fn reclaim(&self, index: usize, turn: u32) -> Option<WorkerToken> {
        let mut registry = self.registry.lock();
        if registry.turns[index] != turn {
            return None;
        }
        let at = registry.lent.iter().position(|core| core.index == index)?;
        Some(registry.lent.swap_remove(at))
    }

    /// A thread without a core waits for one. `None`: it is not needed any more.
    pub fn next_token(&self) -> Option<WorkerToken> {
        let mut registry = self.registry.lock();
        loop {
            if let Some(core) = registry.lent.pop() {
                registry.turns[core.index] += 1;
                return Some(core);
            }
            if registry.retired == self.workers || registry.waiting >= WAITING_SPARES {
                registry.spares = registry.spares.saturating_sub(1);
                return None;
            }
            registry.waiting += 1;
            // ORDERING: threads.signal Relaxed: under the mutex that its changes are ordered by.
            let signal = self.signal.load(Relaxed);
            drop(registry);
            // WAKE: the other end is Threads::call, whose event follows a change under the mutex: the
            // futex sees the new count if the change came after our look.
            futex::wait(&self.signal, signal, None);
            registry = self.registry.lock();
            registry.waiting -= 1;
        }
    }

    fn call(&self, everybody: bool) {
        // ORDERING: threads.call Relaxed: the mutex publishes what happened.
        self.signal.fetch_add(1, Relaxed);
        if everybody {
            futex::wake_all(&self.signal);
        } else {
            futex::wake_one(&self.signal);
        }
    }

    /// A worker has ended: its core is of no use any more.
    pub fn retire(&self, _core: WorkerToken) {
        let mut registry = self.registry.lock();
        registry.retired += 1;
        let last = registry.retired == self.workers;
        drop(registry);
        if last {
            self.call(true);
        }
    }

    /// A task ended on a thread without a core.
    pub fn count_done_detached(&self) {
        // ORDERING: threads.done_detached Relaxed: a figure.
        self.done_detached.fetch_add(1, Relaxed);
    }

    pub fn done_detached(&self) -> u64 {
        // ORDERING: threads.done_detached-read Relaxed: a figure.
        self.done_detached.load(Relaxed)
    }

    /// A task starts on a thread without a core.
    pub fn count_started_detached(&self) {
        // ORDERING: threads.started_detached Relaxed: a figure.
        self.started_detached.fetch_add(1, Relaxed);
    }

    pub fn started_detached(&self) -> u64 {
        // ORDERING: threads.started_detached-read Relaxed: a figure.
        self.started_detached.load(Relaxed)
    }

    /// Threads that have not ended.
    pub fn threads(&self) -> usize {
        // ORDERING: threads.threads Relaxed: a figure.
        self.live.load(Relaxed) as usize
    }

    /// Waits until every thread has ended. False: the deadline passed first.
    pub fn wait(&self, deadline: Option<Instant>) -> bool {
        loop {
            // ORDERING: threads.wait Acquire -> pairs with threads.leave.
            let live = self.live.load(Acquire);
            if live == 0 {
                break;
            }
            // WAKE: the other end is Threads::leave.
            if futex::wait(&self.live, live, deadline) == FutexWait::TimedOut {
                return false;
            }
        }
        // Joined for the destructors of their thread-locals, under the lock: whoever else waits
        // for the end waits for those too.
        let mut registry = self.registry.lock();
        for handle in registry.handles.drain(..) {
            // A thread's own panic was contained; there is nothing to learn from the handle.
            let _ = handle.join();
        }
        true
    }
}
