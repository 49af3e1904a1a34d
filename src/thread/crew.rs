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
pub struct Core {
    pub index: usize,
    /// How long it has lately been idle at a time, in nanoseconds (a running mean).
    pub gap: u32,
}

#[derive(Default)]
struct Roll {
    lent: Vec<Core>,
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
pub struct Crew {
    workers: usize,
    roll: Mutex<Roll>,
    signal: AtomicU32,
    live: AtomicU32,
    begun: AtomicU32,
    displaced: AtomicU64,
    homeless: AtomicU64,
}

impl Crew {
    pub fn new(workers: usize) -> Self {
        Self {
            workers,
            roll: Mutex::new(Roll {
                turns: vec![0; workers],
                ..Roll::default()
            }),
            signal: AtomicU32::new(0),
            live: AtomicU32::new(0),
            begun: AtomicU32::new(0),
            displaced: AtomicU64::new(0),
            homeless: AtomicU64::new(0),
        }
    }

    /// Starts the worker threads, and waits for them if one may yet fail. On failure the caller closes the pool
    /// and waits for its end.
    pub fn start(shared: &Arc<Shared>) -> Result<(), BuildError> {
        let crew = &shared.crew;
        for index in 0..crew.workers {
            let core = Core { index, gap: FRESH };
            let name = shared.seats[index].info.name.to_string();
            if let Err(source) = Self::spawn(shared, name, Some(core)) {
                let limit = limits::processes();
                // Cores that no thread holds count as retired.
                crew.roll.lock().retired += crew.workers - index;
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
            // ORDERING: crew.begun-look Acquire -> pairs with crew.begun: what the workers' hooks did.
            let begun = crew.begun.load(Acquire);
            if begun as usize == crew.workers {
                break;
            }
            // WAKE: the other end is Crew::begun.
            futex::wait(&crew.begun, begun, None);
        }
        crew.roll.lock().unfit.take().map_or(Ok(()), Err)
    }

    /// A worker thread is ready for its first task, or has failed to be. The last one wakes whoever builds.
    pub fn begun(&self, how: Result<(), BuildError>) {
        if let Err(error) = how {
            self.roll.lock().unfit.get_or_insert(error);
        }
        // ORDERING: crew.begun Release -> pairs with crew.begun-look: all counts are one release sequence.
        let before = self.begun.fetch_add(1, Release);
        if before as usize + 1 == self.workers {
            // WAKE: the other end is Crew::start.
            futex::wake_all(&self.begun);
        }
    }

    fn spawn(shared: &Arc<Shared>, name: String, core: Option<Core>) -> std::io::Result<()> {
        let crew = &shared.crew;
        // ORDERING: crew.live-up Relaxed: counted down by the thread, which starts after this.
        crew.live.fetch_add(1, Relaxed);
        let mine = Arc::clone(shared);
        let handle = thread::spawn_with(name, shared.config.stack_size, move || {
            Worker::thread(&mine, core);
            mine.crew.leave();
        });
        match handle {
            Ok(handle) => {
                let mut roll = crew.roll.lock();
                roll.handles.retain(|handle| !thread::is_finished(handle));
                roll.handles.push(handle);
                Ok(())
            }
            Err(error) => {
                crew.leave();
                Err(refused("clone3")(error))
            }
        }
    }

    fn leave(&self) {
        // ORDERING: crew.leave Release -> pairs with crew.wait: everything the thread did.
        self.live.fetch_sub(1, Release);
        // WAKE: the other end is Crew::wait.
        futex::wake_all(&self.live);
    }

    /// A worker that is about to block lends its core to a spare; the answer is for
    /// [`reclaim`](Self::reclaim). Err: nobody can take it, and why.
    pub fn lend(shared: &Arc<Shared>, core: Core) -> Result<u32, (Core, String)> {
        let crew = &shared.crew;
        let index = core.index;
        let mut roll = crew.roll.lock();
        let turn = roll.turns[index];
        if roll.waiting <= roll.lent.len() {
            if roll.spares >= shared.config.max_spares {
                let reason = format!(
                    "the pool has its {} spares (max_spares) already",
                    roll.spares
                );
                return Err((core, reason));
            }
            roll.spares += 1;
            roll.lent.push(core);
            drop(roll);
            let name = format!("{}-spare", shared.config.name);
            if let Err(error) = Self::spawn(shared, name, None) {
                let mut roll = crew.roll.lock();
                roll.spares -= 1;
                // If another spare has taken the core meanwhile, all is well.
                let at = roll.lent.iter().position(|core| core.index == index);
                if let Some(at) = at {
                    return Err((roll.lent.swap_remove(at), error.to_string()));
                }
            }
            return Ok(turn);
        }
        roll.lent.push(core);
        drop(roll);
        crew.call(false);
        Ok(turn)
    }

    /// A spare that turned out unfit gives the core that it took, and has not used, back.
    pub fn give_up(&self, core: Core) {
        let mut roll = self.roll.lock();
        roll.turns[core.index] -= 1;
        roll.spares -= 1;
        roll.lent.push(core);
        drop(roll);
        self.call(false);
    }

    /// The core back, if no spare has taken it since. One that was taken and lent again is another
    /// task's: what lies in its deque may not run under the locks of ours.
    pub fn reclaim(&self, index: usize, turn: u32) -> Option<Core> {
        let mut roll = self.roll.lock();
        if roll.turns[index] != turn {
            return None;
        }
        let at = roll.lent.iter().position(|core| core.index == index)?;
        Some(roll.lent.swap_remove(at))
    }

    /// A thread without a core waits for one. `None`: it is not needed any more.
    pub fn next_core(&self) -> Option<Core> {
        let mut roll = self.roll.lock();
        loop {
            if let Some(core) = roll.lent.pop() {
                roll.turns[core.index] += 1;
                return Some(core);
            }
            if roll.retired == self.workers || roll.waiting >= WAITING_SPARES {
                roll.spares = roll.spares.saturating_sub(1);
                return None;
            }
            roll.waiting += 1;
            // ORDERING: crew.signal Relaxed: under the mutex that its changes are ordered by.
            let signal = self.signal.load(Relaxed);
            drop(roll);
            // WAKE: the other end is Crew::call, whose event follows a change under the mutex: the
            // futex sees the new count if the change came after our look.
            futex::wait(&self.signal, signal, None);
            roll = self.roll.lock();
            roll.waiting -= 1;
        }
    }

    fn call(&self, everybody: bool) {
        // ORDERING: crew.call Relaxed: the mutex publishes what happened.
        self.signal.fetch_add(1, Relaxed);
        if everybody {
            futex::wake_all(&self.signal);
        } else {
            futex::wake_one(&self.signal);
        }
    }

    /// A worker has ended: its core is of no use any more.
    pub fn retire(&self, _core: Core) {
        let mut roll = self.roll.lock();
        roll.retired += 1;
        let last = roll.retired == self.workers;
        drop(roll);
        if last {
            self.call(true);
        }
    }

    /// A task ended on a thread without a core.
    pub fn count_displaced(&self) {
        // ORDERING: crew.displaced Relaxed: a figure.
        self.displaced.fetch_add(1, Relaxed);
    }

    pub fn displaced(&self) -> u64 {
        // ORDERING: crew.displaced-read Relaxed: a figure.
        self.displaced.load(Relaxed)
    }

    /// A task starts on a thread without a core.
    pub fn count_homeless(&self) {
        // ORDERING: crew.homeless Relaxed: a figure.
        self.homeless.fetch_add(1, Relaxed);
    }

    pub fn homeless(&self) -> u64 {
        // ORDERING: crew.homeless-read Relaxed: a figure.
        self.homeless.load(Relaxed)
    }

    /// Threads that have not ended.
    pub fn threads(&self) -> usize {
        // ORDERING: crew.threads Relaxed: a figure.
        self.live.load(Relaxed) as usize
    }

    /// Waits until every thread has ended. False: the deadline passed first.
    pub fn wait(&self, deadline: Option<Instant>) -> bool {
        loop {
            // ORDERING: crew.wait Acquire -> pairs with crew.leave.
            let live = self.live.load(Acquire);
            if live == 0 {
                break;
            }
            // WAKE: the other end is Crew::leave.
            if futex::wait(&self.live, live, deadline) == FutexWait::TimedOut {
                return false;
            }
        }
        // Joined for the destructors of their thread-locals, under the lock: whoever else waits
        // for the end waits for those too.
        let mut roll = self.roll.lock();
        for handle in roll.handles.drain(..) {
            // A thread's own panic was contained; there is nothing to learn from the handle.
            let _ = handle.join();
        }
        true
    }
}
