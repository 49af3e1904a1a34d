//! A pool without processes and threads, for the model checkers: its lanes are in plain memory, and the models play the workers.

use crate::error::TaskError;
use crate::error::worker_lost::{Details, LostCause, WorkerExit, WorkerLost};
use crate::executor::{self, Shutdown, WhenFull};
use crate::future::Future;
use crate::process::pool::call::RemoteCall;
use crate::process::pool::config::{Config, WhenWorkerDies};
use crate::process::pool::drain::TakenReply;
use crate::process::pool::finish::{ReplyBytes, ReplyView, finish_value};
use crate::process::pool::lane::{Files, Lane};
use crate::process::pool::recover::InFlight;
use crate::process::pool::remote_task::RemoteTask;
use crate::process::pool::shared::Pool;
use crate::process::pool::supervisor_queue::SupervisorQueue;
use crate::process::pool::task_meta::TaskOptions;
use crate::process::pool::wait_queue::WaitFor;
use crate::process::pool::{completer, submit, wait};
use crate::process::worker::start::Settings;
use crate::shm::{ParentEnd, Payload, Replies};
use crate::sync::atomic::Ordering::*;
use crate::sync::{Arc, Mutex, thread};
use std::fs::File;
use std::time::{Duration, Instant};

pub use crate::process::pool::deadline::Expired;
pub use crate::process::pool::lane::LaneState;
pub use crate::process::wire::outcome::{RETURNED, Status};
use crate::sys::events::Poller;

pub use crate::sys::events::Event;

/// A pool for the models. Its methods call the product's code.
#[derive(Clone)]
pub struct Model(Arc<Pool>);

/// Names a task with a deadline.
#[derive(Clone)]
pub struct Due(Arc<TaskOptions>);

/// A descriptor that is never used.
fn nothing() -> std::os::fd::OwnedFd {
    File::open("/dev/null").expect("there is one").into()
}

impl Model {
    /// `event` is what the completer sleeps on. The workers notify it, too.
    #[allow(clippy::vec_box)]
    #[inline(never)]
    pub fn new(lanes: Vec<Box<ParentEnd<LaneState>>>, event: &Event) -> Self {
        let config = Config {
            name: String::new(),
            when_full: WhenFull::Block,
            settings: Settings::default(),
            max_age: None,
            max_memory: None,
            when_worker_dies: WhenWorkerDies::Replace,
            restarts: 0,
            restart_window: Duration::ZERO,
            kill_grace: Duration::ZERO,
            start_timeout: Duration::MAX,
        };
        let lanes = lanes.into_iter().enumerate().map(|(index, shm)| {
            let files = Files {
                requests: nothing(),
                replies: Mutex::new(nothing()),
            };
            let lane = Lane::of(index, String::new(), None, *shm, event.clone(), files);
            lane.worker.set_pid(1);
            lane
        });
        let supervisor_queue = SupervisorQueue::new().expect("made of memory");
        let lanes = lanes.collect();
        let completer_poller = Poller::new().expect("made of memory");
        Self(Arc::new(Pool::of(
            config,
            lanes,
            supervisor_queue,
            event.clone(),
            completer_poller,
        )))
    }

    pub fn submit<A: executor::Payload, R: executor::Payload>(&self, arg: &A) -> Future<R> {
        self.submit_with(arg, None)
    }

    /// Submits a task that may run again `retries` times after its worker died.
    pub fn submit_idempotent<A: executor::Payload, R: executor::Payload>(
        &self,
        arg: &A,
        retries: u32,
    ) -> Future<R> {
        let options = TaskOptions::new(None, None, retries);
        self.submit_with(arg, Some(Arc::new(options)))
    }

    /// Submits a task with a deadline, which passes when the model calls [`expire`](Self::expire).
    #[inline(never)]
    pub fn submit_due<A: executor::Payload, R: executor::Payload>(
        &self,
        lane: usize,
        arg: &A,
    ) -> (Future<R>, Due) {
        let due = Arc::new(TaskOptions::new(None, Some(Instant::now()), 0));
        let future = self.to_lane(lane, || self.submit_with(arg, Some(Arc::clone(&due))));
        (future, Due(due))
    }

    /// As the supervisor when a task's deadline has passed.
    #[inline(never)]
    pub fn expire(&self, due: &Due) -> Expired {
        self.0.expire(&due.0)
    }

    #[inline(never)]
    fn submit_with<A: executor::Payload, R: executor::Payload>(
        &self,
        arg: &A,
        options: Option<Arc<TaskOptions>>,
    ) -> Future<R> {
        let call = RemoteCall {
            entry: Ok(0),
            finish: finish_value::<R>,
        };
        submit::submit_as(&self.0, &call, arg, options)
    }

    /// Submits to one lane, whether its worker is idle or not.
    #[inline(never)]
    pub fn submit_to<A: executor::Payload, R: executor::Payload>(
        &self,
        lane: usize,
        arg: &A,
    ) -> Future<R> {
        self.to_lane(lane, || self.submit(arg))
    }

    fn to_lane<T>(&self, lane: usize, submit: impl FnOnce() -> T) -> T {
        let others = || self.0.lanes.iter().filter(|other| other.index != lane);
        others().for_each(|other| other.worker.set_pid(0));
        let future = submit();
        others().for_each(|other| other.worker.set_pid(1));
        future
    }

    /// Runs as the completer's thread until [`stop`](Self::stop).
    #[inline(never)]
    pub fn complete(&self) {
        let mut seen = 0;
        completer::run(&self.0, |_| {
            self.0.completer_event.wait(seen);
            seen = self.0.completer_event.seen();
            false
        });
    }

    /// As [`complete`](Self::complete). The first `times` waits that have a deadline, to check a worker, end at once.
    #[inline(never)]
    pub fn complete_late(&self, mut times: usize) {
        let mut seen = 0;
        completer::run(&self.0, |until| {
            if until.is_some() && times > 0 {
                times -= 1;
                return true;
            }
            self.0.completer_event.wait(seen);
            seen = self.0.completer_event.seen();
            false
        });
    }

    /// Blocks until the completer has ended.
    #[inline(never)]
    pub fn wait_end(&self) {
        assert!(self.0.wait_end(None), "without a deadline");
    }

    /// As the supervisor at its end.
    #[inline(never)]
    pub fn stop(&self) {
        self.0.stop();
    }

    pub fn lane(&self, index: usize) -> &ParentEnd<LaneState> {
        &self.0.lanes[index].shm
    }

    #[inline(never)]
    pub fn drain_replies(&self, lane: usize) {
        self.0.lanes[lane].drain_replies(&self.0, 64);
    }

    /// Takes a reply without waking the threads that wait for it. For a model of a bug.
    pub fn drain_without_notify(&self, lane: usize) {
        let lane = &self.0.lanes[lane];
        let mut taken = None;
        let mut locked = lane.shm.lock();
        let _ = lane.take_reply(&mut locked, |reply| taken = Some(reply));
        drop(locked);
        let Some(TakenReply {
            task: Some(task),
            finish,
            reply,
            ..
        }) = taken
        else {
            return;
        };
        let Payload::Inline(bytes) = &reply.payload else {
            unreachable!("short replies");
        };
        let reply_view = ReplyView {
            status: reply.status,
            bytes: ReplyBytes::Private(bytes.as_slice()),
            worker: &lane.worker,
        };
        // SAFETY: the record's own function.
        drop(unsafe { finish(task, &reply_view) });
    }

    /// Puts a leader that does not exist into the lane's wait queue: no thread makes a follower the leader. For a model of a bug.
    pub fn pretend_leader(&self, lane: usize) {
        self.0.lanes[lane].wait_queue.pretend_leader();
    }

    /// Enters the lane's wait queue and leaves it without a sleep.
    #[inline(never)]
    pub fn enter_and_leave(&self, lane: usize) {
        let wait_queue = &self.0.lanes[lane].wait_queue;
        wait_queue.enqueue(WaitFor::Capacity, |_| thread::yield_now());
    }

    /// One sleep of a waiter, without the checks before and after it.
    #[inline(never)]
    pub fn sleep_for<T>(&self, future: &Future<T>) {
        let cell = future.cell();
        // SAFETY: a task of this pool has a `RemoteTask` as its extra; the future keeps it alive.
        let remote = unsafe { RemoteTask::of(cell) };
        let location = remote.location();
        let _ = wait::sleep_at(cell, remote, &self.0.lanes[location.lane], location, None);
    }

    /// Requests completion, as a future does when a hook is added.
    #[inline(never)]
    pub fn request_completion<T>(&self, future: &Future<T>) {
        future.cell().request_completion();
    }

    /// The same without the fence. For a model of a bug.
    #[inline(never)]
    pub fn request_completion_without_fence<T>(&self, future: &Future<T>) {
        // SAFETY: a task of this pool has a `RemoteTask` as its extra; the future keeps it alive.
        let remote = unsafe { RemoteTask::of(future.cell()) };
        loop {
            let location = remote.location();
            self.0.lanes[location.lane].request_completion(&self.0);
            if remote.location() == location {
                return;
            }
        }
    }

    pub fn has_interest(&self, lane: usize) -> bool {
        self.0.lanes[lane].interest.is_set()
    }

    /// Reserves a number of a lane and publishes it without a task, as a thread does that moves a task which starts meanwhile.
    /// `false`: the lane is full.
    #[inline(never)]
    pub fn publish_nothing(&self, lane: usize) -> bool {
        let lane = &self.0.lanes[lane];
        let Some(seq) = lane.shm.reserve() else {
            return false;
        };
        lane.publish_nothing(&self.0, &mut lane.shm.lock(), seq);
        true
    }

    /// As the supervisor when it retires the worker of a lane. `false`: the lane is full.
    #[inline(never)]
    pub fn retire(&self, lane: usize) -> bool {
        self.0.lanes[lane].retire(&self.0)
    }

    /// Makes new tasks go to other lanes while those are not full.
    pub fn avoid(&self, lane: usize) {
        self.0.lanes[lane].worker.set_pid(0);
    }

    /// Moves tasks that wait behind the running task of a lane to another lane.
    #[inline(never)]
    pub fn move_waiting(&self, from: usize, to: usize) -> usize {
        self.0.lanes[from].move_waiting(&self.0, &self.0.lanes[to])
    }

    /// Completes one deferred item, if there is one.
    pub fn run_deferred(&self) -> bool {
        self.0.run_deferred()
    }

    /// The completer's check of the backlog.
    #[inline(never)]
    pub fn check_backlog(&self) {
        completer::check_backlog(&self.0);
    }

    /// The completer's check whether the worker of a lane begins its next task.
    pub fn check_stuck(&self, lane: usize) {
        self.0.lanes[lane].check_stuck(&self.0);
    }

    /// Is the backlog flag set, so that the completer checks again?
    pub fn has_backlog(&self) -> bool {
        // ORDERING: backlog.model Relaxed: all threads have been joined.
        self.0.backlog.load(Relaxed)
    }

    /// As `ProcessPool::close`, cancelling what has not started.
    #[inline(never)]
    pub fn close(&self) {
        self.0.close(Shutdown::CancelPending);
    }

    /// As `ProcessPool::close`, to let everything run.
    #[inline(never)]
    pub fn drain(&self) {
        self.0.close(Shutdown::Drain);
    }

    /// As the supervisor when the worker of a lane is dead. `fresh` is memory for the next worker. `false`: a thread still reads a
    /// reply, and the supervisor tries again.
    #[must_use]
    #[inline(never)]
    pub fn recover(&self, index: usize, fresh: &Replies) -> bool {
        let lane = &self.0.lanes[index];
        let again = |_| !self.0.is_cancelling();
        lane.worker.set_pid(0);
        let Some(recovered) = lane.recover_with(Ok(fresh), again, || Ok(())) else {
            return false;
        };
        assert!(recovered.violation.is_none());
        for reply in recovered.replies {
            self.0.deferred.push_reply(index, reply);
        }
        if let Some(ended) = lane.forget_retirement(&self.0) {
            self.0.deferred.push_ended(ended);
        }
        for InFlight { deaths, lost, .. } in recovered.in_flight {
            let Some(task) = lost else {
                continue;
            };
            let lost = WorkerLost::new(Details {
                pid: 1,
                worker: String::new(),
                exit: WorkerExit::Unknown,
                cause: LostCause::Died,
                task: None,
                deaths,
                stderr: None,
            });
            self.0
                .deferred
                .push_failed(task, TaskError::WorkerLost(lost));
        }
        self.0.mark_stranded(lane);
        lane.notify();
        self.0.completer_event.notify();
        true
    }
}
