//! A task moves, or is about to, while another thread does something with it.

use super::lane_kit::{number, slept};
use super::remote::{LONG, end, pool, reply_to, serve_one};
use crate::sync::{Arc, thread};
use crate::{Loom, Scenario, Shuttle};
use raddle::process::testing::model::{Expired, Model};
use raddle::shm::WorkerEnd;
use raddle::{Future, TaskError};

const ARENA: usize = 128;

/// A worker that runs a task.
struct Busy {
    pool: Model,
    first: Box<WorkerEnd>,
    second: Box<WorkerEnd>,
    running: Future<u64>,
}

#[inline(never)]
fn busy() -> Busy {
    let (pool, mut workers) = pool(2, 0);
    let mut first = workers.remove(0);
    let second = workers.remove(0);
    let running = pool.submit_to::<u64, u64>(0, &1);
    let begun = first.next().expect("not closed");
    assert_eq!(number(&begun.payload), 1);
    Busy {
        pool,
        first,
        second,
        running,
    }
}

/// A task that no worker begins is cancelled while it moves: wherever it is then, it is cancelled.
const CANCEL: Scenario = Scenario {
    name: "move/cancel",
    test: "remote_moves::cancel",
    shows: "a task that no worker begins is cancelled wherever it moves",
    must: &["moved", "stayed"],
    loom: Loom::bound(5).at_least(100),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let busy = busy();
        let behind = busy.pool.submit_to::<u64, u64>(0, &2);
        let canceller = thread::spawn(move || {
            assert!(behind.cancel(), "no worker has begun it");
            assert!(matches!(behind.result(), Err(TaskError::Cancelled)));
        });
        let moved = busy.pool.move_waiting(0, 1);
        canceller.join().unwrap();
        out.saw(if moved > 0 { "moved" } else { "stayed" });
        end(&busy.pool, busy.first, &busy.running);
        drop(busy.second);
    },
    ..Scenario::EMPTY
};

/// The same at its deadline.
const DEADLINE: Scenario = Scenario {
    name: "move/deadline",
    test: "remote_moves::deadline",
    shows: "the same at its deadline",
    must: &["moved", "stayed"],
    loom: Loom::bound(5).at_least(300),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let busy = busy();
        let (behind, due) = busy.pool.submit_due::<u64, u64>(0, &2);
        let theirs = busy.pool.clone();
        let supervisor = thread::spawn(move || {
            assert_eq!(theirs.expire(&due), Expired::Over, "no worker has begun it");
        });
        let moved = busy.pool.move_waiting(0, 1);
        supervisor.join().unwrap();
        while busy.pool.run_deferred() {}
        let outcome = behind.try_result().expect("it has ended");
        assert!(matches!(outcome, Err(TaskError::TimedOut)));
        out.saw(if moved > 0 { "moved" } else { "stayed" });
        end(&busy.pool, busy.first, &busy.running);
        drop(busy.second);
    },
    ..Scenario::EMPTY
};

/// A task begins at its deadline: it has ended, or it runs, and its location says which worker is to be ended.
const DEADLINE_BEGUN: Scenario = Scenario {
    name: "deadline/begun",
    test: "remote_moves::deadline_begun",
    shows: "it has ended, or runs where its worker is to be ended",
    must: &["over", "runs"],
    loom: Loom::bound(3).at_least(30),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let (task, due) = pool.submit_due::<u64, u64>(0, &1);
        pool.lane(0).close();
        let serving = thread::spawn(move || {
            let request = worker.next();
            (worker, request)
        });
        let expired = pool.expire(&due);
        let (mut worker, request) = serving.join().unwrap();
        match (expired, &request) {
            (Expired::Over, None) => {}
            (Expired::Runs(location), Some(request)) if request.seq == location.seq => {
                reply_to(&mut worker, request);
            }
            (expired, request) => panic!("{expired:?}, {request:?}"),
        }
        pool.drain_replies(0);
        while pool.run_deferred() {}
        let outcome = task.try_result().expect("it has ended");
        out.saw(match outcome {
            Ok(value) => {
                assert_eq!((value, request.is_some()), (2, true));
                "runs"
            }
            Err(error) => {
                assert!(matches!(error, TaskError::TimedOut) && request.is_none());
                "over"
            }
        });
    },
    ..Scenario::EMPTY
};

/// A thread waits for a task when its deadline comes: it learns of it.
const DEADLINE_WAITER: Scenario = Scenario {
    name: "deadline/waiter",
    test: "remote_moves::deadline_waiter",
    shows: "a leader learns of it",
    must: &["awake", "slept"],
    loom: Loom::bound(3).at_least(19_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, _workers) = pool(1, 0);
        let (task, due) = pool.submit_due::<u64, u64>(0, &1);
        let waiter = thread::spawn(move || {
            assert!(matches!(task.result(), Err(TaskError::TimedOut)));
        });
        assert_eq!(pool.expire(&due), Expired::Over);
        waiter.join().unwrap();
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// A worker begins its task after all while it moves, and a number and memory are reserved in the other lane: both
/// become free again.
const UNNEEDED: Scenario = Scenario {
    name: "move/unneeded",
    test: "remote_moves::unneeded",
    shows: "number and memory of a move that does not happen become free again",
    must: &["moved", "stayed"],
    loom: Loom::bound(3).at_least(180),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(2, ARENA);
        let (mut first, mut second) = (workers.remove(0), workers.remove(0));
        let task = pool.submit_to::<Vec<u8>, u64>(0, &vec![7; 100]);
        pool.check_stuck(0);
        pool.check_stuck(0);
        pool.lane(0).close();
        let theirs = pool.clone();
        let mover = thread::spawn(move || theirs.move_waiting(0, 1));
        if let Some(request) = first.next() {
            reply_to(&mut first, &request);
        }
        let moved = mover.join().unwrap();
        if moved > 0 {
            serve_one(&mut second);
        }
        let other = pool.submit_to::<u64, u64>(1, &4);
        // Or it sleeps for ever.
        serve_one(&mut second);
        assert_eq!(other.result().unwrap(), 5);
        assert_eq!(task.result().unwrap(), LONG + 1);
        for lane in [0, 1].map(|at| pool.lane(at)) {
            let all = lane.allocate(ARENA as u32).expect("nothing is used");
            lane.free(all);
        }
        out.saw(if moved > 0 { "moved" } else { "stayed" });
        pool.stop();
    },
    ..Scenario::EMPTY
};

/// A task that its worker does not begin moves to another one, and its waiter finds it there.
const STOPPED: Scenario = Scenario {
    name: "move/stopped",
    test: "remote_moves::stopped",
    shows: "what a worker does not begin moves, and its waiter follows",
    must: &["awake", "slept"],
    loom: Loom::bound(2).at_least(1_800),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(2, 0);
        let mut second = workers.remove(1);
        let task = pool.submit_to::<u64, u64>(0, &1);
        let waiter = thread::spawn(move || assert_eq!(task.result().unwrap(), 2));
        pool.check_stuck(0);
        pool.check_stuck(0);
        assert_eq!(pool.move_waiting(0, 1), 1, "the worker has not begun it");
        serve_one(&mut second);
        waiter.join().unwrap();
        out.saw(slept());
        pool.stop();
    },
    ..Scenario::EMPTY
};

/// A waiter whose task is behind the running one moves its own task before it sleeps, while another thread leads the old
/// lane: it does not follow there.
const FOLLOWER: Scenario = Scenario {
    name: "move/follower",
    test: "remote_moves::follower",
    shows: "a waiter that moves its own task does not follow in the old lane",
    must: &["slept"],
    may: &["awake"],
    threads: 3,
    loom: Loom::bound(1).at_least(350),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let mut busy = busy();
        let behind = busy.pool.submit_to::<u64, u64>(0, &2);
        let running = Arc::new(busy.running);
        let (theirs, leading) = (busy.pool.clone(), Arc::clone(&running));
        let leader = thread::spawn(move || {
            theirs.sleep_for(&leading);
            leading.wait();
        });
        let serving = thread::spawn(move || serve_one(&mut busy.second));
        assert_eq!(behind.result().unwrap(), 3);
        serving.join().unwrap();
        out.saw(slept());
        busy.pool.stop();
        leader.join().unwrap();
        running.wait();
        drop(busy.first);
    },
    ..Scenario::EMPTY
};

/// The other lane may have no number left for a task with a long argument: the memory that was reserved there is freed.
const FULL: Scenario = Scenario {
    name: "move/full",
    test: "remote_moves::full",
    shows: "memory is freed where there is no number",
    must: &["moved", "stayed"],
    loom: Loom::bound(2).at_least(10),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(2, ARENA);
        let (mut first, mut second) = (workers.remove(0), workers.remove(0));
        let full = [1, 2].map(|value| pool.submit_to::<u64, u64>(1, &value));
        let task = pool.submit_to::<Vec<u8>, u64>(0, &vec![7; 100]);
        pool.check_stuck(0);
        pool.check_stuck(0);
        let theirs = pool.clone();
        let mover = thread::spawn(move || theirs.move_waiting(0, 1));
        serve_one(&mut second);
        pool.drain_replies(1);
        let moved = mover.join().unwrap();
        serve_one(&mut second);
        serve_one(if moved > 0 { &mut second } else { &mut first });
        assert_eq!(task.result().unwrap(), LONG + 1);
        for (task, value) in full.into_iter().zip([2, 3]) {
            assert_eq!(task.result().unwrap(), value);
        }
        for lane in [0, 1].map(|at| pool.lane(at)) {
            let all = lane.allocate(ARENA as u32).expect("nothing is used");
            lane.free(all);
        }
        out.saw(if moved > 0 { "moved" } else { "stayed" });
        pool.stop();
    },
    ..Scenario::EMPTY
};

/// A worker begins its task while it moves, beside the other worker, which must not run a number without a task.
const UNNEEDED_BESIDE: Scenario = Scenario {
    name: "move/unneeded_beside",
    test: "remote_moves::unneeded_beside",
    shows: "the other worker runs nothing meanwhile",
    must: &["moved", "stayed"],
    threads: 3,
    loom: Loom::bound(2).at_least(8_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(2, 0);
        let (mut first, mut second) = (workers.remove(0), workers.remove(0));
        let task = pool.submit_to::<u64, u64>(0, &1);
        pool.check_stuck(0);
        pool.check_stuck(0);
        pool.lane(0).close();
        let theirs = pool.clone();
        let mover = thread::spawn(move || {
            let moved = theirs.move_waiting(0, 1);
            theirs.lane(1).close();
            moved
        });
        let beside = thread::spawn(move || {
            let mut served = 0;
            while let Some(request) = second.next() {
                reply_to(&mut second, &request);
                served += 1;
            }
            served
        });
        if let Some(request) = first.next() {
            reply_to(&mut first, &request);
        }
        let moved = mover.join().unwrap();
        assert_eq!(beside.join().unwrap(), moved);
        assert_eq!(task.result().unwrap(), 2);
        out.saw(if moved > 0 { "moved" } else { "stayed" });
        pool.stop();
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    CANCEL,
    DEADLINE,
    UNNEEDED,
    UNNEEDED_BESIDE,
    STOPPED,
    FULL,
    FOLLOWER,
    DEADLINE_BEGUN,
    DEADLINE_WAITER,
];
