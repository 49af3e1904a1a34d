//! Sleeping on the state word: no wake-up is lost, whatever a wait comes back with.

use super::cell_kit::Kit;
use crate::sync::cell::UnsafeCell;
use crate::sync::{faults, thread};
use crate::{Loom, Scenario, Shuttle};
use raddle::TaskError;
use std::sync::Arc;
use std::time::Duration;

fn slept() -> &'static str {
    if faults::waits().0 > 0 {
        "slept"
    } else {
        "looked"
    }
}

/// A waiter takes the outcome that a worker makes.
const RESULT: Scenario = Scenario {
    name: "park/result",
    test: "park::result",
    shows: "slept, or did not have to",
    must: &["slept", "looked"],
    faults: 2,
    loom: Loom::bound(3).at_least(300),
    shuttle: Shuttle::exhaustive().at_least(400),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let worker = thread::spawn(move || task.run());
        let value = future.result();
        assert!(value.is_ok());
        drop(value);
        assert!(worker.join().unwrap());
        out.saw(slept());
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// A waiter with a deadline, which waits again without one when it has passed.
const TIMEOUT: Scenario = Scenario {
    name: "park/result_timeout",
    test: "park::timeout",
    shows: "in time, or late and then taken or dropped",
    must: &["in time", "late, then taken"],
    faults: 2,
    loom: Loom::bound(3).at_least(500),
    shuttle: Shuttle::exhaustive().at_least(200),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let worker = thread::spawn(move || task.run());
        let (value, how) = match future.result_timeout(Duration::from_secs(1)) {
            Ok(value) => (value, "in time"),
            Err(future) => (future.result(), "late, then taken"),
        };
        assert!(value.is_ok());
        drop(value);
        assert!(worker.join().unwrap());
        out.saw(how);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// A waiter with a deadline, which goes away when it has passed.
const TIMEOUT_DROP: Scenario = Scenario {
    name: "park/timeout_drop",
    test: "park::timeout_drop",
    shows: "in time, or late and then taken or dropped",
    must: &["in time", "late, gone"],
    faults: 1,
    loom: Loom::bound(3).at_least(400),
    shuttle: Shuttle::exhaustive().at_least(200),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let worker = thread::spawn(move || task.run());
        out.saw(match future.result_timeout(Duration::from_secs(1)) {
            Ok(value) => {
                assert!(value.is_ok());
                "in time"
            }
            Err(future) => {
                drop(future);
                "late, gone"
            }
        });
        assert!(worker.join().unwrap());
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// What a canceller writes for threads that find the task cancelled.
struct Why(UnsafeCell<u32>);

// SAFETY: written before the cancellation and read after it.
unsafe impl Sync for Why {}
// SAFETY: as above.
unsafe impl Send for Why {}

/// A cancellation from another holder of the handle wakes the waiter, which sees what came before it.
const CANCEL_WAKES: Scenario = Scenario {
    name: "park/cancel_wakes",
    test: "park::cancel_wakes",
    shows: "the waiter is woken and sees what came before",
    must: &["slept", "looked"],
    faults: 1,
    loom: Loom::bound(3).at_least(100),
    shuttle: Shuttle::exhaustive().at_least(100),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let future = Arc::new(future);
        let shared = Arc::clone(&future);
        let why = Arc::new(Why(UnsafeCell::new(0)));
        let theirs = Arc::clone(&why);
        let canceller = thread::spawn(move || {
            // SAFETY: read only after the cancellation was seen; loom checks it.
            theirs.0.with_mut(|why| unsafe { *why = 7 });
            assert!(shared.cancel());
        });
        future.wait();
        // SAFETY: as above.
        assert_eq!(why.0.with(|why| unsafe { *why }), 7);
        assert!(matches!(future.error(), Some(TaskError::Cancelled)));
        out.saw(slept());
        canceller.join().unwrap();
        assert!(!task.run());
        drop(future);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Two waiters, one completion.
const TWO_WAITERS: Scenario = Scenario {
    name: "park/two_waiters",
    test: "park::two_waiters",
    shows: "both wake",
    must: &["slept", "looked"],
    threads: 3,
    loom: Loom::bound(2).at_least(5_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let future = Arc::new(future);
        let shared = Arc::clone(&future);
        let other = thread::spawn(move || shared.wait());
        let worker = thread::spawn(move || task.run());
        future.wait();
        other.join().unwrap();
        assert!(worker.join().unwrap());
        assert!(future.peek().is_some());
        out.saw(slept());
        drop(future);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// A waiter for the value, while a callback holds up the taking of it.
const BEHIND_A_CALLBACK: Scenario = Scenario {
    name: "park/behind_a_callback",
    test: "park::behind_a_callback",
    shows: "the callback runs before the outcome is taken",
    must: &["slept", "looked"],
    faults: 1,
    loom: Loom::bound(3).at_least(1_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let held = kit.closures.value();
        future.add_done_callback(move |outcome| {
            assert!(outcome.is_ok());
            drop(held);
        });
        let closures = kit.closures.clone();
        let worker = thread::spawn(move || task.run());
        let value = future.result();
        assert_eq!(
            closures.dropped(),
            2,
            "the callback comes before the taking"
        );
        assert!(value.is_ok());
        drop(value);
        assert!(worker.join().unwrap());
        out.saw(slept());
        kit.finish();
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    RESULT,
    TIMEOUT,
    TIMEOUT_DROP,
    CANCEL_WAKES,
    TWO_WAITERS,
    BEHIND_A_CALLBACK,
];
