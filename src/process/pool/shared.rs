//! [`Pool`]: what the threads of one process pool share.
//!
//! # The threads
//! | thread | does | code of the user |
//! |---|---|---|
//! | submitter | writes requests into the lanes ([`submit`](crate::process::pool::submit)) | `Serialize` |
//! | waiter | takes its reply, and those before it, out of the lane ([`wait`](crate::process::pool::wait)) | yes |
//! | [completer](crate::process::pool::completer) | completes tasks that no thread waits for; moves waiting tasks to idle workers | yes: callbacks, wakers, destructors |
//! | [supervisor](crate::process::supervisor) | starts, watches and ends the workers | never, so that nothing can hold it up |
//!
//! When a pool is built, the completer starts every other one of the first workers.

use crate::error::{Rejected, TaskError};
use crate::future::tag::Tag;
use crate::process::pool::config::Config;
use crate::process::pool::deferred::Deferred;
use crate::process::pool::interest::Registered;
use crate::process::pool::lane::{Lane, LaneState};
use crate::process::pool::stats::Stats;
use crate::process::pool::supervisor_queue::{Command, SupervisorQueue};
use crate::shm::Locked;
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::*, fence};
use crate::sync::{FutexWait, Mutex, futex, thread};
use crate::sys::events::{Event, Poller};
use crate::sys::fork;
use std::time::Instant;

// The modes of a pool. The mode only grows.

/// Tasks are accepted.
pub const OPEN: u32 = 0;
/// Closed: accepted tasks run.
pub const DRAINING: u32 = 1;
/// Closed: tasks that have not started are cancelled.
pub const CANCELLING: u32 = 2;
/// No worker will run a task any more: a submitter that has put a task into a lane takes it out again.
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
    /// Outcomes that wait for a thread that may run code of the user.
    pub deferred: Deferred,
    pub supervisor_queue: SupervisorQueue,
    /// Wakes the completer.
    pub completer_event: Event,
    /// What the completer listens to: its own event, and the events of the current workers.
    pub completer_poller: Poller,
    /// A task waits behind another one: the completer checks at intervals whether a worker has become idle.
    pub backlog: AtomicBool,
    /// The supervisor has ended: no worker is left.
    pub(super) stopped: AtomicBool,
    /// 1 when the completer has ended. It is the last thread to end.
    ended: AtomicU32,
    pub(in crate::process) threads: Mutex<Vec<thread::JoinHandle<()>>>,
    /// Counters for [`Stats`].
    pub deaths: AtomicU64,
    pub replacements: AtomicU64,
    pub moved: AtomicU64,
}

impl Pool {
    /// Makes a pool without threads.
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

    /// Is this process a forked child of the one that built the pool?
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

    /// Moves the mode forward, and wakes the submitters that wait for capacity.
    pub(super) fn advance(&self, mode: u32) {
        // ORDERING: process.close Release -> pairs with process.mode.
        self.mode.fetch_max(mode, Release);
        // ORDERING: process.over-fence SeqCst -> pairs with the fence in `ParentEnd::publish`: a task that was published before
        // is found in its lane, and a submitter that publishes after finds the mode.
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

    /// The completer has ended. Called by the completer.
    pub fn end(&self) {
        // ORDERING: process.end Release -> pairs with process.ended: all that the threads did. An exchange, as for every word that
        // a thread sleeps on: loom shows that a plain store may come later in the word's order than the value that the sleeper
        // reads under the futex's lock.
        self.ended.swap(1, Release);
        // WAKE: the other end is `wait_end`.
        futex::wake_all(&self.ended);
    }

    pub fn has_ended(&self) -> bool {
        // ORDERING: process.ended Acquire -> pairs with process.end.
        self.ended.load(Acquire) == 1
    }

    /// Blocks until the completer has ended, and joins the pool's threads. `false`: the deadline has passed.
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

    /// Joins the pool's threads.
    pub(in crate::process) fn join(&self) {
        let threads = std::mem::take(&mut *self.threads.lock());
        for thread in threads {
            // A panic there is a bug of this crate, and the panic hook has reported it.
            let _ = thread.join();
        }
    }

    /// Wakes the threads that wait for capacity in any lane. Called when capacity may have been freed, or the pool was closed.
    #[cold]
    pub fn notify_capacity(&self) {
        for lane in &self.lanes {
            lane.notify_capacity();
        }
    }

    /// Takes the figures, lane by lane, under the lanes' locks.
    pub fn stats(&self) -> Stats {
        let forked = self.is_forked();
        let lanes = self.lanes.iter();
        let workers: Vec<_> = lanes.map(|lane| lane.stats(forked)).collect();
        Stats {
            queued: workers.iter().map(|worker| worker.queued).sum(),
            running: workers.iter().filter(|worker| worker.running).count(),
            workers,
            // ORDERING: process.deaths Relaxed: a counter.
            deaths: self.deaths.load(Relaxed),
            // ORDERING: process.replacements Relaxed: a counter.
            replacements: self.replacements.load(Relaxed),
            // ORDERING: process.moved Relaxed: a counter.
            moved: self.moved.load(Relaxed),
        }
    }

    /// A task waits that another worker could run: the completer checks for idle workers from now on. Called by submitters.
    pub fn mark_backlog(&self) {
        // ORDERING: backlog.seen Relaxed: each thread that finds the flag clear notifies the completer.
        if !self.backlog.load(Relaxed) {
            // ORDERING: backlog.set Relaxed: before the event is notified.
            self.backlog.store(true, Relaxed);
            self.completer_event.notify();
        }
    }

    /// A lane has lost its worker: its tasks are a backlog. Called by the supervisor.
    pub fn mark_stranded(&self, lane: &Lane) {
        if self.lanes.len() > 1 && lane.depth() > 0 {
            // ORDERING: backlog.stranded-fence SeqCst -> pairs with backlog.fence: the completer finds the waiting tasks, or we find
            // the flag clear.
            fence(SeqCst);
            self.mark_backlog();
        }
    }

    /// Have all accepted tasks ended?
    pub fn is_drained(&self) -> bool {
        self.lanes.iter().all(Lane::is_empty) && self.deferred.is_empty()
    }
}

impl Lane {
    /// Quarantines the lane after a protocol violation: no reply is taken from it any more, and the supervisor ends the worker. The
    /// lane is locked.
    #[cold]
    pub fn quarantine(&self, pool: &Pool, locked: &mut Locked<'_, LaneState>, why: String) {
        locked.data().quarantined.get_or_insert(why);
        pool.supervisor_queue.send(Command::Quarantine(self.index));
    }

    /// Asks the completer to listen to this lane until it is empty.
    #[inline]
    pub fn request_completion(&self, pool: &Pool) {
        if self.interest.register() == Registered::First {
            // WAKE: the other end is the completer's poller.
            pool.completer_event.notify();
        }
    }
}
