//! The places of a pool's limit come back once, whoever starts or cancels the task.

use super::cell_kit::{Kit, drive, poll};
use super::pool::{Made, Signal, builder, how};
use crate::sync::thread;
use crate::{Scenario, Shuttle};
use raddle::{ThreadPool, WhenFull};
use std::sync::{Arc, Mutex};

/// A pool of one worker and one place.
fn small(when_full: WhenFull) -> Arc<ThreadPool> {
    let pool = builder(1).queue_limit(1).when_full(when_full);
    Arc::new(pool.build().unwrap())
}

/// How many tasks a pool of one place takes in while its only worker is held.
fn places(pool: &ThreadPool) -> &'static str {
    let (gate, open) = Signal::pair();
    let (started, has_started) = Signal::pair();
    let blocker = pool.spawn(move || {
        started.notify();
        gate.wait();
    });
    assert!(!blocker.is_done(), "no place was free");
    has_started.wait();
    let (first, second) = (pool.spawn(|| ()), pool.spawn(|| ()));
    let queued = pool.stats().queued;
    let taken = [first.is_done(), second.is_done()];
    open.notify();
    blocker.result().unwrap();
    assert_eq!(queued, 1, "tasks that would run");
    match taken {
        [false, true] => "one",
        [true, _] => "none",
        [false, false] => "two",
    }
}

/// The handle cancels a task while the worker takes it.
const CANCEL: Scenario = Scenario {
    name: "pool/limit_cancel",
    test: "pool_limit::cancel",
    shows: "one place, whoever gets the task",
    may: &["one"],
    forbidden: &["none", "two"],
    threads: 3,
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = small(WhenFull::Reject);
        let task = pool.spawn(made.task());
        task.cancel();
        assert!(matches!(how(task), "done" | "cancelled"));
        out.saw(places(&pool));
        drop(pool);
        made.finish();
    },
    ..Scenario::EMPTY
};

/// The only worker is held. A submitter waits for the place of a task that is cancelled.
const CANCEL_WAKES: Scenario = Scenario {
    name: "pool/limit_cancel_wakes",
    test: "pool_limit::cancel_wakes",
    shows: "a cancelled task's place goes to a submitter that waits, though no worker is free",
    may: &["one"],
    forbidden: &["none", "two"],
    threads: 3,
    faults: 1,
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = small(WhenFull::Block);
        let (gate, open) = Signal::pair();
        let (started, has_started) = Signal::pair();
        let blocker = pool.spawn(move || {
            started.notify();
            gate.wait();
        });
        has_started.wait();
        let task = pool.spawn(made.task());
        let (other, theirs) = (Arc::clone(&pool), made.clone());
        let submitter = thread::spawn(move || other.spawn(theirs.task()));
        assert!(task.cancel());
        // Before the worker is free.
        let accepted = submitter.join().unwrap();
        assert_eq!(pool.stats().queued, 1, "tasks that would run");
        open.notify();
        assert_eq!([how(blocker), how(accepted)], ["done"; 2]);
        drop((task, pool));
        made.finish();
        out.saw("one");
    },
    ..Scenario::EMPTY
};

/// The only worker waits for a queued task, runs it itself, and finds its entry later.
const HELPED: Scenario = Scenario {
    name: "pool/limit_helped",
    test: "pool_limit::helped",
    shows: "one place, if a waiter runs the task and its entry stays",
    may: &["one"],
    forbidden: &["none", "two"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = small(WhenFull::Reject);
        let (given, is_given) = Signal::pair();
        let (started, has_started) = Signal::pair();
        let handed = Arc::new(Mutex::new(None));
        let theirs = Arc::clone(&handed);
        let waiter = pool.spawn(move || {
            started.notify();
            is_given.wait();
            let task = theirs.lock().unwrap().take();
            task.map(how)
        });
        has_started.wait();
        *handed.lock().unwrap() = Some(pool.spawn(made.task()));
        given.notify();
        assert_eq!(waiter.result().unwrap(), Some("done"));
        out.saw(places(&pool));
        drop(pool);
        made.finish();
    },
    ..Scenario::EMPTY
};

/// Three wait in async code for the place of a held pool; one of them is dropped.
const ROOM: Scenario = Scenario {
    name: "pool/limit_room",
    test: "pool_limit::room",
    shows: "async code that waits for a place gets one, each its own",
    may: &["one"],
    forbidden: &["none", "two"],
    threads: 3,
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let kit = Kit::new();
        let made = Made::default();
        let pool = small(WhenFull::Reject);
        let (gate, open) = Signal::pair();
        let (started, has_started) = Signal::pair();
        let blocker = pool.spawn(move || {
            started.notify();
            gate.wait();
        });
        has_started.wait();
        let queued = pool.spawn(made.task());
        let (other, theirs, waker) = (Arc::clone(&pool), made.clone(), kit.waker());
        let submitter = thread::spawn(move || {
            let mut tasks = [(), ()].map(|()| other.spawn_when_room(theirs.task()));
            // Both wait, if the place is not free yet.
            let early: Vec<_> = tasks.iter_mut().map(|task| poll(task, &waker)).collect();
            for (task, early) in tasks.iter_mut().zip(early) {
                let task = match early {
                    std::task::Poll::Ready(task) => task,
                    std::task::Poll::Pending => drive(task, &waker).0,
                };
                assert_eq!(how(task), "done");
            }
        });
        let ours = kit.waker();
        let mut dropped = pool.spawn_when_room(made.task());
        assert!(poll(&mut dropped, &ours).is_pending());
        open.notify();
        drop(dropped);
        assert_eq!([how(blocker), how(queued)].concat(), "donedone");
        submitter.join().unwrap();
        out.saw(places(&pool));
        drop((pool, ours));
        made.finish();
        kit.finish();
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[CANCEL, CANCEL_WAKES, HELPED, ROOM];
