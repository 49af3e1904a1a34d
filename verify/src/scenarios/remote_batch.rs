//! Several replies that are taken together, and the callbacks of their tasks.

use super::lane_kit::slept;
use super::remote::{pool, serve_one, submit};
use super::remote_kit::Calls;
use crate::sync::{Arc, thread};
use crate::{Loom, Scenario, Shuttle};

/// Two tasks have their replies, and the first one has a callback: the thread that takes that reply runs it.
const CALLBACK: Scenario = Scenario {
    name: "batch/callback",
    test: "remote_batch::callback",
    shows: "the thread that takes a reply runs its callback",
    must: &["awake"],
    may: &["slept"],
    loom: Loom::bound(2).at_least(1_400),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let (first, second) = (submit(&pool, 1), submit(&pool, 2));
        let calls = Calls::default();
        calls.then(first, |value| assert_eq!(*value.unwrap(), 2));
        serve_one(&mut worker);
        serve_one(&mut worker);
        let waiter = thread::spawn(move || assert_eq!(second.result().unwrap(), 3));
        pool.drain_replies(0);
        waiter.join().unwrap();
        assert_eq!(calls.seen(), 1, "the callback was left to another thread");
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// A callback is added to the first of two tasks while both replies are taken, and waits for the second: it may. A thread
/// that runs deferred outcomes runs it.
const LATE_CALLBACK: Scenario = Scenario {
    name: "batch/late_callback",
    test: "remote_batch::late_callback",
    shows: "a callback waits for a reply that was taken with its own",
    must: &["awake"],
    may: &["slept"],
    loom: Loom::bound(2).at_least(730),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let (first, second) = (submit(&pool, 1), Arc::new(submit(&pool, 2)));
        serve_one(&mut worker);
        serve_one(&mut worker);
        let calls = Calls::default();
        let (counted, inner) = (calls.clone(), Arc::clone(&second));
        let adder = thread::spawn(move || counted.then(first, move |_| inner.wait()));
        pool.drain_replies(0);
        adder.join().unwrap();
        while pool.run_deferred() {}
        pool.drain_replies(0);
        assert!(second.is_done());
        assert_eq!(calls.seen(), 1);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// The same with a completer, which is notified of it.
const LATE_CALLBACK_NOTIFIED: Scenario = Scenario {
    name: "batch/late_callback_notified",
    test: "remote_batch::late_callback_notified",
    shows: "the completer is notified of a callback that is left to it",
    must: &["slept"],
    may: &["awake"],
    threads: 3,
    loom: Loom::bound(1).at_least(2_600),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let (first, second) = (submit(&pool, 1), submit(&pool, 2));
        serve_one(&mut worker);
        serve_one(&mut worker);
        let theirs = pool.clone();
        let adder = thread::spawn(move || {
            first.add_done_callback(move |value| {
                assert_eq!(*value.unwrap(), 2);
                theirs.stop();
            });
        });
        let theirs = pool.clone();
        let taker = thread::spawn(move || theirs.drain_replies(0));
        pool.complete();
        adder.join().unwrap();
        taker.join().unwrap();
        // The end may have come before its reply was taken.
        second.wait();
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[CALLBACK, LATE_CALLBACK, LATE_CALLBACK_NOTIFIED];
