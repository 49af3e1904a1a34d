//! A pool without processes and threads. A fuzzer plays its workers (`fuzz/src/lane_ops.rs`): it writes arbitrary bytes into lanes in
//! real files. All else is the product's code.

use crate::error::TaskError;
use crate::error::worker_lost::{Details, LostCause, WorkerExit, WorkerLost};
use crate::executor::{Payload, WhenFull};
use crate::future::Future;
use crate::process::pool::call::RemoteCall;
use crate::process::pool::config::{Config, WhenWorkerDies};
use crate::process::pool::finish::{Finish, finish_bytes, finish_value};
use crate::process::pool::lane::Lane;
use crate::process::pool::remote_task::RemoteTask;
use crate::process::pool::shared::Pool;
use crate::process::pool::submit;
use crate::process::pool::supervisor_queue::{Command, SupervisorQueue};
use crate::process::wire::region::{Encode, RawBytes};
use crate::process::worker::start::Settings;
use crate::shm::{ARENA, Seq};
use crate::sync::{Arc, Mutex};
use crate::sys::events::{Event, Poller};
use crate::sys::memfd::{Access, Mapping};
use std::os::fd::AsFd;
use std::time::Duration;

/// Bytes of a lane's `Replies` that the fuzzer can write: all words, and some of the arena.
pub const REACH: usize = 131_072 + (1 << 20);

/// See the module.
pub struct Hostile {
    pool: Arc<Pool>,
    /// The workers' own mappings.
    replies: Vec<Mutex<Mapping>>,
}

fn map(lane: &Lane) -> Mapping {
    let fd = lane.files.replies.lock();
    Mapping::new(fd.as_fd(), REACH, Access::ReadWrite).expect("memory")
}

impl Hostile {
    /// Makes a pool of `lanes` lanes.
    pub fn new(lanes: usize) -> Self {
        let config = Config {
            name: "hostile".to_owned(),
            when_full: WhenFull::Reject,
            settings: Settings::default(),
            max_age: None,
            max_memory: None,
            when_worker_dies: WhenWorkerDies::Replace,
            restarts: 0,
            restart_window: Duration::ZERO,
            kill_grace: Duration::ZERO,
            start_timeout: Duration::MAX,
        };
        let lanes: Box<[Lane]> = (0..lanes)
            .map(|index| Lane::new(index, format!("hostile-{index}"), None, ARENA).expect("memory"))
            .collect();
        let event = || Event::new().expect("a descriptor");
        let (supervisor_queue, completer_poller) = (
            SupervisorQueue::new().expect("a descriptor"),
            Poller::new().expect("a descriptor"),
        );
        let pool = Pool::of(config, lanes, supervisor_queue, event(), completer_poller);
        for lane in &pool.lanes {
            lane.worker.set_pid(1);
        }
        Self {
            replies: pool
                .lanes
                .iter()
                .map(|lane| Mutex::new(map(lane)))
                .collect(),
            pool: Arc::new(pool),
        }
    }

    /// Submits a task to one lane, or to another one if that is full.
    pub fn submit<A: Payload, R: Payload>(&self, lane: usize, arg: &A) -> Future<R> {
        // SAFETY: the future's type is R.
        unsafe { self.send(lane, arg, finish_value::<R>) }
    }

    /// As [`submit`](Self::submit), for bytes without encoding.
    pub fn submit_bytes(&self, lane: usize, bytes: &[u8]) -> Future<Vec<u8>> {
        // SAFETY: the future's type is `Vec<u8>`.
        unsafe { self.send(lane, &RawBytes(bytes), finish_bytes) }
    }

    /// Submits to one lane: the other lanes have no worker for the moment, so the submitter does not choose them.
    ///
    /// # Safety
    /// `finish` completes tasks whose result is `R`.
    unsafe fn send<R>(&self, lane: usize, arg: &impl Encode, finish: Finish) -> Future<R> {
        let others = || self.pool.lanes.iter().filter(|other| other.index != lane);
        let call = RemoteCall {
            entry: Ok(0),
            finish,
        };
        others().for_each(|other| other.worker.set_pid(0));
        let future = submit::submit_as(&self.pool, &call, arg, None);
        others().for_each(|other| other.worker.set_pid(1));
        future
    }

    /// Writes a word of `N` bytes into the worker's memory.
    pub fn write<const N: usize>(&self, lane: usize, at: usize, word: [u8; N]) {
        assert!(at + N <= REACH);
        let replies = self.replies[lane].lock();
        // SAFETY: within the mapping, to which there is no reference.
        unsafe {
            replies
                .base()
                .add(at)
                .cast::<[u8; N]>()
                .write_volatile(word)
        };
    }

    /// Reads a word of `N` bytes of the worker's memory.
    pub fn read<const N: usize>(&self, lane: usize, at: usize) -> [u8; N] {
        assert!(at + N <= REACH);
        let replies = self.replies[lane].lock();
        // SAFETY: as above.
        unsafe { replies.base().add(at).cast::<[u8; N]>().read_volatile() }
    }

    /// The next number to get a reply, and the next number to be reserved.
    pub fn numbers(&self, lane: usize) -> (u32, u32) {
        let locked = self.pool.lanes[lane].shm.lock();
        let count = locked.reserved().count() as u32;
        (locked.next().0, locked.next().0.wrapping_add(count))
    }

    /// The argument of a task that is in a lane.
    pub fn argument(&self, lane: usize, seq: u32) -> Vec<u8> {
        let shm = &self.pool.lanes[lane].shm;
        let locked = shm.lock();
        let waiting = locked.waiting(Seq(seq)).expect("in the lane");
        match locked.request(waiting).expect("submitted").1 {
            crate::shm::Payload::Inline(bytes) => bytes.as_slice().to_vec(),
            crate::shm::Payload::Span(span) => shm.request_region(span).to_vec(),
        }
    }

    /// How many arguments are in the lanes' arenas.
    pub fn spans_in_use(&self) -> usize {
        let lanes = self.pool.lanes.iter();
        lanes.map(|lane| lane.shm.spans_in_use()).sum()
    }

    /// Drains the replies of a lane.
    pub fn drain_replies(&self, lane: usize) {
        self.pool.lanes[lane].drain_replies(&self.pool, 64);
    }

    /// The lane of a future's task.
    pub fn lane_of<T>(&self, future: &Future<T>) -> usize {
        // SAFETY: a task of this pool has a `RemoteTask` as its extra; the future keeps it alive.
        unsafe { RemoteTask::of(future.cell()) }.location().lane
    }

    /// As the completer: moves waiting tasks and runs deferred items. Returns how many tasks moved.
    pub fn check_lanes(&self) -> usize {
        self.pool
            .lanes
            .iter()
            .for_each(|lane| lane.check_stuck(&self.pool));
        let moved = self.pool.rebalance();
        while self.pool.run_deferred() {}
        moved
    }

    /// As the supervisor: ends workers that violated the protocol. Returns their indexes.
    pub fn supervise(&self) -> Vec<usize> {
        let mut ended = Vec::new();
        for command in self.pool.supervisor_queue.take() {
            match command {
                Command::Quarantine(lane) if self.pool.lanes[lane].is_quarantined() => {
                    self.die(lane);
                    ended.push(lane);
                }
                Command::WatchSkips(lane) => _ = self.pool.lanes[lane].skips(),
                _ => {}
            }
        }
        ended
    }

    /// The worker of a lane dies, and another one replaces it.
    pub fn die(&self, at: usize) {
        let lane = &self.pool.lanes[at];
        lane.worker.set_pid(0);
        let recovered = lane.recover(|_| false).expect("no thread reads");
        assert!(recovered.refused.is_none(), "memory");
        for reply in recovered.replies {
            self.pool.deferred.push_reply(at, reply);
        }
        for task in recovered.in_flight.into_iter().filter_map(|task| task.lost) {
            let lost = WorkerLost::new(Details {
                pid: 1,
                worker: lane.worker.name.clone(),
                exit: WorkerExit::Unknown,
                cause: recovered
                    .violation
                    .clone()
                    .map_or(LostCause::Died, LostCause::ProtocolViolation),
                task: None,
                deaths: 1,
                stderr: None,
            });
            let error = TaskError::WorkerLost(lost);
            self.pool.deferred.push_failed(task, error);
        }
        *self.replies[at].lock() = map(lane);
        lane.worker.set_pid(1);
        lane.notify();
        while self.pool.run_deferred() {}
    }

    /// Ends the pool: no worker will reply any more.
    pub fn end(&self) {
        self.pool.stop();
        while self.pool.run_deferred() {}
    }
}
