//! What all threads that have to do with one pool share.
//!
//! Who does what: submitting threads write into the lanes; a waiting thread takes its answer out of its lane
//! ([`attend`](crate::process::pool::wait)); what nobody waits for is taken by the pool's [`attendant`](crate::process::pool::completer), the
//! one thread of the pool that runs code of the user (callbacks, wakers, destructors); workers are started, watched
//! and ended by the [`supervisor`](crate::process::supervisor), which never does, so that nothing can hold it up. Only every other
//! one of the first workers is started by the attendant.

use crate::error::{Rejected, TaskError};
use crate::future::tag::Tag;
use crate::process::pool::config::Config;
use crate::process::pool::deferred::Deferred;
use crate::process::pool::interest::Registered;
use crate::process::pool::lane::{Lane, LaneState};
use crate::process::pool::stats::ProcessStats;
use crate::process::pool::supervisor_queue::{Command, SupervisorQueue};
use crate::shm::Locked;
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::*, fence};
use crate::sync::{FutexWait, Mutex, futex, thread};
use crate::sys::events::{Event, Poller};
use crate::sys::fork;
use std::time::Instant;

/// Whether tasks are taken in; only ever grows.
pub const OPEN: u32 = 0;
pub const DRAINING: u32 = 1;
pub const CANCELLING: u32 = 2;
/// No worker will run anything any more: whoever has put a task into a lane takes it out again.
pub const OVER: u32 = 3;

/// See the module.
pub struct Pool {
    pub config: Config,
    pub generation: u32,
    pub tag: Tag,
    pub lanes: Box<[Lane]>,
    pub(super) mode: AtomicU32,
    /// Why the pool is broken, if it is.
    pub(super) broken: Mutex<Option<String>>,
    /// Outcomes that came from no lane.
    pub deferred: Deferred,
    pub supervisor_queue: SupervisorQueue,
    /// Wakes the attendant.
    pub completer_event: Event,
    /// What the attendant listens to: the completer_event, and the events of the workers that there are.
    pub completer_poller: Poller,
    /// Something waits behind something else: the attendant looks now and then whether a lane has become idle.
    pub backlog: AtomicBool,
    /// The supervisor is at its end.
    pub(super) stopped: AtomicBool,
    /// 1 when the attendant is, which is the last.
    ended: AtomicU32,
    pub(in crate::process) threads: Mutex<Vec<thread::JoinHandle<()>>>,
    pub deaths: AtomicU64,
    pub replacements: AtomicU64,
    pub moved: AtomicU64,
}

impl Pool {
    /// A pool without threads.
    pub(in crate::process) fn of(
        config: Config,
        lanes: Box<[Lane]>,
        supervisor_queue: SupervisorQueue,
        completer_event: Event,
        completer_poller: Poller,
    ) -> Self {
        let generation = fork::generation();
        Self {
            generation,
            tag: Tag::remote(generation),
            lanes,
            mode: AtomicU32::new(OPEN),
            broken: Mutex::new(None),
            deferred: Deferred::new(),
            supervisor_queue,
            completer_event,
            completer_poller,
            backlog: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            ended: AtomicU32::new(0),
            threads: Mutex::new(Vec::new()),
            deaths: AtomicU64::new(0),
            replacements: AtomicU64::new(0),
            moved: AtomicU64::new(0),
            config,
        }
    }

    pub fn is_forked(&self) -> bool {
        fork::generation() != self.generation
    }

    pub(super) fn mode(&self) -> u32 {
        // ORDERING: process.mode Acquire -> pairs with process.close: why the pool is broken.
        self.mode.load(Acquire)
    }

    pub fn is_closed(&self) -> bool {
        self.mode() != OPEN
    }

    pub fn is_cancelling(&self) -> bool {
        self.mode() >= CANCELLING
    }

    pub fn is_over(&self) -> bool {
        self.mode() == OVER
    }

    pub(super) fn advance(&self, mode: u32) {
        // ORDERING: process.close Release -> pairs with process.mode.
        self.mode.fetch_max(mode, Release);
        // ORDERING: process.over-fence SeqCst -> pairs with the fence in `ParentEnd::publish`: who published before is found
        // in its lane, who published after finds the mode.
        fence(SeqCst);
        self.notify_capacity();
    }

    /// Why a task is not accepted, or will never run.
    pub fn rejection(&self) -> TaskError {
        let pool = self.config.name.clone();
        TaskError::Rejected(if self.is_forked() {
            Rejected::Forked { pool }
        } else if let Some(why) = self.broken.lock().clone() {
            Rejected::Broken { pool, why }
        } else {
            Rejected::ShutDown { pool }
        })
    }

    pub fn has_stopped(&self) -> bool {
        // ORDERING: process.stopped Acquire -> pairs with process.stop.
        self.stopped.load(Acquire)
    }

    /// The attendant is at its end.
    pub fn end(&self) {
        // ORDERING: process.end Release -> pairs with process.ended: everything that the threads did. An exchange, as for
        // every word that somebody sleeps on: a plain store may come later in the word's order than what the sleeper reads
        // under the futex's lock, says loom.
        self.ended.swap(1, Release);
        // WAKE: the other end is `wait_end`.
        futex::wake_all(&self.ended);
    }

    pub fn has_ended(&self) -> bool {
        // ORDERING: process.ended Acquire -> pairs with process.end.
        self.ended.load(Acquire) == 1
    }

    /// Sleeps until the end (true) or the deadline.
    pub fn wait_end(&self, deadline: Option<Instant>) -> bool {
        while !self.has_ended() {
            // WAKE: the other end is `end`.
            if futex::wait(&self.ended, 0, deadline) == FutexWait::TimedOut {
                return self.has_ended();
            }
        }
        self.join();
        true
    }

    pub(in crate::process) fn join(&self) {
        let threads = std::mem::take(&mut *self.threads.lock());
        for thread in threads {
            // A panic there is a fault of ours, and was reported by the panic hook.
            let _ = thread.join();
        }
    }

    /// A lane that was full has room, or the pool is closed: whoever sleeps until then looks again.
    #[cold]
    pub fn notify_capacity(&self) {
        for lane in &self.lanes {
            lane.notify_capacity();
        }
    }

    pub fn stats(&self) -> ProcessStats {
        let forked = self.is_forked();
        let lanes = self.lanes.iter();
        let workers: Vec<_> = lanes.map(|lane| lane.stats(forked)).collect();
        ProcessStats {
            queued: workers.iter().map(|worker| worker.queued).sum(),
            running: workers.iter().filter(|worker| worker.running).count(),
            workers,
            // ORDERING: process.deaths Relaxed: a figure.
            deaths: self.deaths.load(Relaxed),
            // ORDERING: process.replacements Relaxed: a figure.
            replacements: self.replacements.load(Relaxed),
            // ORDERING: process.moved Relaxed: a figure.
            moved: self.moved.load(Relaxed),
        }
    }

    /// Something waits that another worker could run: the attendant looks at it from now on.
    pub fn mark_backlog(&self) {
        // ORDERING: backlog.seen Relaxed: one of those who find it unset rings the bell.
        if !self.backlog.load(Relaxed) {
            // ORDERING: backlog.set Relaxed: before the bell.
            self.backlog.store(true, Relaxed);
            self.completer_event.notify();
        }
    }

    /// A lane has lost its worker: what waits there is for others, too.
    pub fn mark_stranded(&self, lane: &Lane) {
        if self.lanes.len() > 1 && lane.depth() > 0 {
            // ORDERING: backlog.orphans-fence SeqCst -> pairs with backlog.fence: the attendant finds what waits, or we find the
            // mark gone.
            fence(SeqCst);
            self.mark_backlog();
        }
    }

    /// Is everything that was accepted over?
    pub fn is_drained(&self) -> bool {
        self.lanes.iter().all(Lane::is_empty) && self.deferred.is_empty()
    }
}

impl Lane {
    /// The worker is wild: nothing is taken from it any more, and the supervisor ends it.
    #[cold]
    pub fn quarantine(&self, pool: &Pool, locked: &mut Locked<'_, LaneState>, why: String) {
        locked.data().quarantined.get_or_insert(why);
        pool.supervisor_queue.send(Command::Quarantine(self.index));
    }

    /// Asks the attendant to listen to this lane until it is empty.
    #[inline]
    pub fn request_completion(&self, pool: &Pool) {
        if self.interest.register() == Registered::First {
            // WAKE: the other end is the attendant's poller.
            pool.completer_event.notify();
        }
    }
}
