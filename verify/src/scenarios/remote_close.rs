//! A pool is closed, or comes to its end, while a thread puts a task into a lane: no task is forgotten.

use super::lane_kit::{number, slept};
use super::remote::{pool, submit};
use super::remote_kit::Calls;
use crate::sync::thread;
use crate::{Loom, Scenario, Shuttle};
use raddle::process::testing::model::Model;
use raddle::shm::WorkerEnd;
use raddle::{Future, Rejected, TaskError};

fn is_refused(outcome: &Result<u64, TaskError>) -> bool {
    match outcome {
        Err(TaskError::Rejected(Rejected::ShutDown { .. })) => true,
        Err(TaskError::Cancelled) => false,
        other => panic!("{other:?}"),
    }
}

/// Closed and cancelled while a thread submits.
const SUBMIT: Scenario = Scenario {
    name: "close/submit",
    test: "remote_close::submit",
    shows: "refused or cancelled",
    must: &["refused", "cancelled"],
    loom: Loom::bound(3).at_least(1_150),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, _workers) = pool(1, 0);
        let theirs = pool.clone();
        let submitter = thread::spawn(move || submit(&theirs, 1));
        pool.close();
        let late = submitter.join().unwrap();
        // It has ended already: no worker will run it.
        let late = late.try_result().expect("it has ended");
        let refused = is_refused(&late);
        out.saw(if refused { "refused" } else { "cancelled" });
        pool.stop();
    },
    ..Scenario::EMPTY
};

/// Closed and cancelled while a thread waits.
const WAITER: Scenario = Scenario {
    name: "close/waiter",
    test: "remote_close::waiter",
    shows: "a leader learns that its task is cancelled",
    must: &["awake", "slept"],
    faults: 1,
    loom: Loom::bound(3).at_least(4_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, _workers) = pool(1, 0);
        let task = submit(&pool, 1);
        let waiter = thread::spawn(move || task.result());
        pool.close();
        let outcome = waiter.join().unwrap();
        assert!(matches!(outcome, Err(TaskError::Cancelled)));
        out.saw(slept());
        pool.stop();
    },
    ..Scenario::EMPTY
};

/// The second lane's worker runs a task, and another task waits behind it.
#[inline(never)]
fn crowded() -> (Model, Box<WorkerEnd>, Future<u64>, Future<u64>) {
    let (pool, mut workers) = pool(2, 0);
    let mut second = workers.remove(1);
    let running = pool.submit_to::<u64, u64>(1, &1);
    let begun = second.next().expect("not closed");
    assert_eq!(number(&begun.payload), 1);
    let behind = pool.submit_to::<u64, u64>(1, &2);
    (pool, second, running, behind)
}

/// A task moves to a lane whose tasks have been cancelled already.
const MOVE: Scenario = Scenario {
    name: "close/move",
    test: "remote_close::move",
    shows: "a task that moves meanwhile is cancelled",
    must: &["moved", "stayed"],
    loom: Loom::bound(4).at_least(300),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, worker, running, behind) = crowded();
        let theirs = pool.clone();
        let mover = thread::spawn(move || theirs.move_waiting(1, 0));
        pool.close();
        let moved = mover.join().unwrap();
        let outcome = behind.try_result().expect("it has ended");
        assert!(matches!(outcome, Err(TaskError::Cancelled)));
        out.saw(if moved > 0 { "moved" } else { "stayed" });
        pool.stop();
        running.wait();
        drop(worker);
    },
    ..Scenario::EMPTY
};

/// As above, at the end of the pool, with a waiter.
const MOVE_AT_END: Scenario = Scenario {
    name: "close/move_at_end",
    test: "remote_close::move_at_end",
    shows: "a task that moves at the pool's end fails with it",
    must: &["moved", "stayed"],
    loom: Loom::bound(5).at_least(720),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, worker, running, behind) = crowded();
        let theirs = pool.clone();
        let mover = thread::spawn(move || theirs.move_waiting(1, 0));
        pool.stop();
        let moved = mover.join().unwrap();
        assert!(is_refused(&behind.result()));
        out.saw(if moved > 0 { "moved" } else { "stayed" });
        running.wait();
        drop(worker);
    },
    ..Scenario::EMPTY
};

/// A task with a callback is submitted while the pool comes to its end, the completer's included.
const LATE: Scenario = Scenario {
    name: "close/late",
    test: "remote_close::late",
    shows: "a callback of a task that came too late runs",
    must: &["awake"],
    may: &["slept"],
    loom: Loom::bound(3).at_least(15_800),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, _workers) = pool(1, 0);
        let theirs = pool.clone();
        let calls = Calls::default();
        let counted = calls.clone();
        let submitter = thread::spawn(move || {
            let task = submit(&theirs, 2);
            counted.then(task, |value| {
                assert!(matches!(value, Err(TaskError::Rejected(_))));
            });
        });
        pool.stop();
        pool.complete();
        submitter.join().unwrap();
        assert_eq!(calls.seen(), 1);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// A thread waits for the pool's end, and then sees everything that its threads did.
const WAIT_END: Scenario = Scenario {
    name: "close/wait_end",
    test: "remote_close::wait_end",
    shows: "a thread that waits for the end finds everything ended",
    must: &["slept"],
    may: &["awake"],
    faults: 2,
    threads: 3,
    loom: Loom::bound(2).at_least(2_800),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, _workers) = pool(1, 0);
        let task = submit(&pool, 1);
        let theirs = pool.clone();
        let completer = thread::spawn(move || theirs.complete());
        let theirs = pool.clone();
        let waiter = thread::spawn(move || {
            theirs.wait_end();
            let outcome = task.try_result().expect("it has ended");
            assert!(is_refused(&outcome));
        });
        pool.stop();
        waiter.join().unwrap();
        completer.join().unwrap();
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[SUBMIT, WAITER, MOVE, MOVE_AT_END, WAIT_END, LATE];
