//! What all threads that have to do with one pool share.
//!
//! Who does what: submitting threads write into the lanes; a waiting thread takes its answer out of its lane
//! ([`attend`](super::attend)); what nobody waits for is taken by the pool's [`attendant`](super::attendant), the
//! one thread of the pool that runs code of the user (callbacks, wakers, destructors); workers are started, watched
//! and ended by the [`supervisor`](super::supervisor), which never does, so that nothing can hold it up. Only every other
//! one of the first workers is started by the attendant.

use super::builder::WhenWorkerDies;
use super::desk::Desk;
use super::lane::Lane;
use super::ready::Ready;
use super::start::Settings;
use super::stats::ProcessStats;
use super::supervisor;
use super::{arena, attendant};
use crate::error::{BuildError, Rejected, TaskError};
use crate::executor::{Shutdown, WhenFull};
use crate::future::tag::Tag;
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::*, fence};
use crate::sync::{Arc, FutexWait, Mutex, futex, thread};
use crate::sys::cgroup;
use crate::sys::events::{Event, Poller};
use crate::sys::fork;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// What the builder decided.
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

/// Whether tasks are taken in; only ever grows.
const OPEN: u32 = 0;
const DRAINING: u32 = 1;
const CANCELLING: u32 = 2;
/// No worker will run anything any more: whoever has put a task into a lane takes it out again.
const OVER: u32 = 3;

/// See the module.
pub struct Pool {
    pub config: Config,
    pub generation: u32,
    pub tag: Tag,
    pub lanes: Box<[Lane]>,
    mode: AtomicU32,
    /// Why the pool is broken, if it is.
    broken: Mutex<Option<String>>,
    /// Outcomes that came from no lane.
    pub ready: Ready,
    pub desk: Desk,
    /// Wakes the attendant.
    pub bell: Event,
    /// What the attendant listens to: the bell, and the events of the workers that there are.
    pub ears: Poller,
    /// Something waits behind something else: the attendant looks now and then whether a lane has become idle.
    pub backlog: AtomicBool,
    /// The supervisor is at its end.
    stopped: AtomicBool,
    /// 1 when the attendant is, which is the last.
    ended: AtomicU32,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
    pub deaths: AtomicU64,
    pub replacements: AtomicU64,
    pub moved: AtomicU64,
}

impl Pool {
    /// Starts the threads and the workers; returns when all of them are ready.
    pub fn start(config: Config, cores: &[Option<usize>]) -> Result<Arc<Self>, BuildError> {
        let system = |what| move |source| BuildError::System { what, source };
        let arena = arena::size(config.settings.arena, cores.len())?;
        let lanes = cores.iter().enumerate();
        let lanes = lanes
            .map(|(index, &core)| Lane::new(index, format!("{}-{index}", config.name), core, arena))
            .collect::<Result<_, _>>()
            .map_err(system("the memory of a lane"))?;
        let desk = Desk::new().map_err(system("a descriptor"))?;
        let bell = Event::new().map_err(system("a descriptor"))?;
        let ears = Poller::new().map_err(system("a descriptor"))?;
        let pool = Arc::new(Self::of(config, lanes, desk, bell, ears));
        if cgroup::quota() == Some(1) {
            pool.lanes.iter().for_each(|lane| lane.shm.never_spin());
        }
        let (launched, launches) = mpsc::channel();
        let attendant = attendant::start(&pool, launched).map_err(system("a thread"))?;
        pool.threads.lock().push(attendant);
        let (supervisor, started) = match supervisor::start(&pool, launches) {
            Ok(started) => started,
            Err(source) => {
                pool.stop();
                pool.join();
                return Err(BuildError::System {
                    what: "a thread",
                    source,
                });
            }
        };
        pool.threads.lock().push(supervisor);
        match started.recv() {
            Ok(Ok(())) => Ok(pool),
            Ok(Err(error)) => {
                pool.join();
                Err(error)
            }
            Err(_) => unreachable!("the supervisor answers before it ends"),
        }
    }

    /// A pool without threads.
    pub(super) fn of(
        config: Config,
        lanes: Box<[Lane]>,
        desk: Desk,
        bell: Event,
        ears: Poller,
    ) -> Self {
        let generation = fork::generation();
        Self {
            generation,
            tag: Tag::remote(generation),
            lanes,
            mode: AtomicU32::new(OPEN),
            broken: Mutex::new(None),
            ready: Ready::new(),
            desk,
            bell,
            ears,
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

    fn mode(&self) -> u32 {
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

    fn advance(&self, mode: u32) {
        // ORDERING: process.close Release -> pairs with process.mode.
        self.mode.fetch_max(mode, Release);
        // ORDERING: process.over-fence SeqCst -> pairs with the fence in `Parent::publish`: who published before is found
        // in its lane, who published after finds the mode.
        fence(SeqCst);
        self.tell_room();
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

    /// Takes nothing in from now on.
    pub fn close(&self, how: Shutdown) {
        match how {
            Shutdown::Drain => self.advance(DRAINING),
            Shutdown::CancelPending => {
                self.advance(CANCELLING);
                for lane in &self.lanes {
                    let ended = lane.take_back_all(self);
                    lane.ring();
                    drop(ended);
                }
            }
        }
        for lane in &self.lanes {
            lane.engage(self);
        }
        self.desk.ring();
    }

    /// No worker will run anything any more: whatever waits fails, for this reason.
    pub fn break_down(&self, why: String) {
        self.broken.lock().get_or_insert(why);
        self.sweep();
    }

    /// As [`break_down`](Self::break_down), at the orderly end.
    pub fn sweep(&self) {
        self.advance(OVER);
        for lane in &self.lanes {
            self.sweep_lane(lane);
        }
    }

    /// For who has put a task into a lane, and may have come too late to be seen by who has closed the pool: the task
    /// ends as all others there. What is left to do for it is ready.
    pub fn recheck(&self, lane: &Lane) {
        match self.mode() {
            OPEN => return,
            DRAINING => {}
            CANCELLING => {
                for ended in lane.take_back_all(self) {
                    self.ready.conclude(ended);
                }
                lane.ring();
                self.bell.ring();
            }
            _ => self.sweep_lane(lane),
        }
        lane.engage(self);
    }

    /// As [`recheck`](Self::recheck), and does what is left: the attendant may be gone. Runs code of the user.
    #[cold]
    pub fn catch_up(&self, lane: &Lane) {
        self.recheck(lane);
        while self.ready.serve(self) {}
    }

    /// What is in the lane and not answered will not be.
    #[cold]
    pub fn sweep_lane(&self, lane: &Lane) {
        for task in lane.abandon() {
            self.ready.fail(task, self.rejection());
        }
        lane.ring();
        self.bell.ring();
    }

    /// There is no worker any more, and there will be none: the attendant does what is left, and ends.
    pub fn stop(&self) {
        self.sweep();
        // ORDERING: process.stop Release -> pairs with process.stopped: what is ready.
        self.stopped.store(true, Release);
        self.bell.ring();
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

    fn join(&self) {
        let threads = std::mem::take(&mut *self.threads.lock());
        for thread in threads {
            // A panic there is a fault of ours, and was reported by the panic hook.
            let _ = thread.join();
        }
    }

    /// A lane that was full has room, or the pool is closed: whoever sleeps until then looks again.
    #[cold]
    pub fn tell_room(&self) {
        for lane in &self.lanes {
            lane.call_for_room();
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
    pub fn tell_backlog(&self) {
        // ORDERING: backlog.seen Relaxed: one of those who find it unset rings the bell.
        if !self.backlog.load(Relaxed) {
            // ORDERING: backlog.set Relaxed: before the bell.
            self.backlog.store(true, Relaxed);
            self.bell.ring();
        }
    }

    /// A lane has lost its worker: what waits there is for others, too.
    pub fn tell_orphans(&self, lane: &Lane) {
        if self.lanes.len() > 1 && lane.depth() > 0 {
            // ORDERING: backlog.orphans-fence SeqCst -> pairs with backlog.fence: the attendant finds what waits, or we find the
            // mark gone.
            fence(SeqCst);
            self.tell_backlog();
        }
    }

    /// A look, now and then, whether all workers begin what is next; what one does not begin goes to others.
    pub fn tend(&self) {
        self.lanes.iter().for_each(|lane| lane.look(self));
        self.balance();
    }

    /// Gives what waits to workers that have nothing to do. How many tasks were moved.
    pub fn balance(&self) -> usize {
        if self.lanes.len() == 1 || self.is_cancelling() {
            return 0;
        }
        // A lane is known to be empty when its answers have been taken.
        for lane in &self.lanes {
            lane.pump(self, 64);
        }
        let is_idle = |lane: &Lane| lane.depth() == 0 && lane.pid() != 0;
        if !self.lanes.iter().any(is_idle) {
            return 0;
        }
        let mut crowded: Vec<&Lane> = self.lanes.iter().filter(|lane| lane.is_crowded()).collect();
        crowded.sort_by_cached_key(|lane| lane.depth());
        let mut moved = 0;
        for idle in self.lanes.iter().filter(|lane| is_idle(lane)) {
            // The deepest one that has something to give: much of it may have been taken back.
            while let Some(lane) = crowded.last() {
                let given = lane.give(self, idle);
                moved += given;
                if given > 0 {
                    break;
                }
                crowded.pop();
            }
        }
        moved
    }

    /// Is everything that was accepted over?
    pub fn is_drained(&self) -> bool {
        self.lanes.iter().all(Lane::is_empty) && self.ready.is_empty()
    }
}
