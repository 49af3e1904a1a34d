//! Deferred outcomes: two threads run them, and each task ends once.

use super::lane_kit::slept;
use super::remote::{pool, serve_one, submit};
use super::remote_kit::one;
use crate::sync::thread;
use crate::{Loom, Scenario, Shuttle};
use raddle::{Rejected, TaskError};

/// The pool has ended. A waiter and the completer both complete what is left: each may complete the other's.
const FAILED: Scenario = Scenario {
    name: "deferred/failed",
    test: "remote_deferred::failed",
    shows: "two threads complete what is left when the pool ends: each task once",
    must: &["awake", "slept"],
    loom: Loom::bound(2).at_least(119_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, _workers) = pool(1, 0);
        let (first, second) = (submit(&pool, 1), submit(&pool, 2));
        let waiter = thread::spawn(move || first.result());
        pool.stop();
        while pool.run_deferred() {}
        let first = waiter.join().unwrap();
        let second = second.try_result().expect("completed by one of the two");
        for outcome in [first, second] {
            assert!(matches!(
                outcome,
                Err(TaskError::Rejected(Rejected::ShutDown { .. }))
            ));
        }
        assert!(!pool.run_deferred());
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// A worker has replied to two tasks and died. A waiter of one of them takes it from the lane, or completes it as a
/// deferred outcome, as the completer does; each may complete the other's.
const REPLIED: Scenario = Scenario {
    name: "deferred/replied",
    test: "remote_deferred::replied",
    shows: "the same for replies of a dead worker, which a waiter may take first",
    must: &["awake", "slept"],
    loom: Loom::bound(1).at_least(4_300),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut worker, ends) = one(0);
        let (first, second) = (submit(&pool, 1), submit(&pool, 2));
        serve_one(&mut worker);
        serve_one(&mut worker);
        drop(worker);
        let waiter = thread::spawn(move || assert_eq!(first.result().unwrap(), 2));
        assert!(pool.recover(0, ends.replies()));
        while pool.run_deferred() {}
        waiter.join().unwrap();
        let second = second.try_result().expect("completed by one of the two");
        assert_eq!(second.unwrap(), 3);
        assert!(!pool.run_deferred());
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// A reply of a dead worker that no thread waits for: the completer, which may be asleep, is notified.
const NOTIFIED: Scenario = Scenario {
    name: "deferred/notified",
    test: "remote_deferred::notified",
    shows: "the completer is notified of a reply that no thread waits for",
    must: &["awake", "slept"],
    loom: Loom::bound(3).at_least(3_400),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut worker, ends) = one(0);
        let task = submit(&pool, 1);
        serve_one(&mut worker);
        drop(worker);
        let theirs = pool.clone();
        task.add_done_callback(move |value| {
            assert_eq!(*value.unwrap(), 2);
            theirs.stop();
        });
        drop(task);
        let theirs = pool.clone();
        let supervisor = thread::spawn(move || assert!(theirs.recover(0, ends.replies())));
        pool.complete();
        supervisor.join().unwrap();
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[FAILED, REPLIED, NOTIFIED];
