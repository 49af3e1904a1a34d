//! Promises: an outcome that is set without a task.

use super::cell_kit::Kit;
use crate::sync::thread;
use crate::{Loom, Scenario, Shuttle};
use raddle::{TaskError, promise};

/// Completed here while it is cancelled there: one of them wins, and the value comes back or arrives.
const COMPLETE_CANCEL: Scenario = Scenario {
    name: "promise/complete_cancel",
    test: "promise::complete_cancel",
    shows: "arrived, or returned",
    must: &["completed", "cancelled"],
    loom: Loom::unbounded().at_least(100),
    shuttle: Shuttle::exhaustive().at_least(3),
    body: |out| {
        let kit = Kit::new();
        let (promise, future) = promise();
        let value = kit.values.value();
        let producer = thread::spawn(move || promise.complete(value));
        let cancelled = future.cancel();
        let refused = producer.join().unwrap();
        assert_eq!(refused.is_err(), cancelled);
        drop(refused);
        let outcome = future.try_result().expect("completed or cancelled");
        assert_eq!(cancelled, matches!(outcome, Err(TaskError::Cancelled)));
        assert_eq!(!cancelled, outcome.is_ok());
        drop(outcome);
        out.saw(if cancelled { "cancelled" } else { "completed" });
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Completed while the future is dropped.
const COMPLETE_DROP: Scenario = Scenario {
    name: "promise/complete_drop",
    test: "promise::complete_drop",
    shows: "the value is dropped by the last",
    must: &["gone with the future", "left to the producer"],
    loom: Loom::unbounded().at_least(300),
    shuttle: Shuttle::exhaustive().at_least(5),
    body: |out| {
        let kit = Kit::new();
        let (promise, future) = promise();
        let value = kit.values.value();
        let producer = thread::spawn(move || promise.complete(value).is_ok());
        drop(future);
        out.saw(match kit.values.dropped() {
            0 => "left to the producer",
            _ => "gone with the future",
        });
        assert!(producer.join().unwrap());
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Failed while the future is cancelled: the error arrives, or it comes back.
const FAIL_CANCEL: Scenario = Scenario {
    name: "promise/fail_cancel",
    test: "promise::fail_cancel",
    shows: "arrived, or returned",
    must: &["failed", "cancelled"],
    loom: Loom::unbounded().at_least(100),
    shuttle: Shuttle::exhaustive().at_least(3),
    body: |out| {
        let kit = Kit::new();
        let (promise, future) = promise::<()>();
        let error = kit.error();
        let producer = thread::spawn(move || promise.fail(error));
        let cancelled = future.cancel();
        let refused = producer.join().unwrap();
        assert_eq!(refused.is_err(), cancelled);
        drop((refused, future));
        assert_eq!(
            kit.reported(),
            usize::from(!cancelled),
            "an unseen error is reported once"
        );
        out.saw(if cancelled { "cancelled" } else { "failed" });
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Started here while it is cancelled there: one of them wins, and a late cancel is seen.
const START_CANCEL: Scenario = Scenario {
    name: "promise/start_cancel",
    test: "promise::start_cancel",
    shows: "started or cancelled; never both, never neither",
    must: &["started, asked in time", "started, asked late", "cancelled"],
    forbidden: &["both", "neither"],
    loom: Loom::unbounded().at_least(400),
    shuttle: Shuttle::exhaustive().at_least(5),
    body: |out| {
        let kit = Kit::new();
        let (promise, future) = promise();
        let value = kit.values.value();
        let producer = thread::spawn(move || {
            let started = promise.start();
            let asked = promise.cancel_requested();
            let given = promise.complete(value);
            assert_eq!(given.is_ok(), started);
            (started, asked)
        });
        let cancelled = future.cancel();
        let (started, asked) = producer.join().unwrap();
        out.saw(match (started, cancelled, asked) {
            (true, true, _) => "both",
            (false, false, _) => "neither",
            (false, true, _) => "cancelled",
            (true, false, true) => "started, asked in time",
            (true, false, false) => "started, asked late",
        });
        drop(future);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// A promise that is dropped wakes its waiter and says so.
const ABANDON: Scenario = Scenario {
    name: "promise/abandon",
    test: "promise::abandon",
    shows: "the waiter gets the error",
    must: &["abandoned"],
    faults: 1,
    loom: Loom::bound(3).at_least(400),
    shuttle: Shuttle::exhaustive().at_least(100),
    body: |out| {
        let kit = Kit::new();
        let (promise, future) = promise::<crate::Counted>();
        let producer = thread::spawn(move || drop(promise));
        assert!(matches!(future.result(), Err(TaskError::Abandoned)));
        producer.join().unwrap();
        out.saw("abandoned");
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// A promise that has been started is cancelled: it is asked to stop, at any time.
const CANCEL_REQUESTED: Scenario = Scenario {
    name: "promise/cancel_requested",
    test: "promise::cancel_requested",
    shows: "one that was started is asked to stop",
    must: &["asked", "asked too late"],
    loom: Loom::unbounded().at_least(15),
    shuttle: Shuttle::exhaustive(),
    body: |out| {
        let (promise, future) = raddle::promise::<u32>();
        assert!(promise.start());
        let canceller = thread::spawn(move || {
            assert!(!future.cancel(), "it runs");
            future
        });
        let asked = promise.cancel_requested();
        let future = canceller.join().unwrap();
        assert!(promise.cancel_requested(), "the request is not seen");
        promise.complete(7).unwrap();
        assert_eq!(future.result().unwrap(), 7);
        out.saw(if asked { "asked" } else { "asked too late" });
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    COMPLETE_CANCEL,
    FAIL_CANCEL,
    COMPLETE_DROP,
    START_CANCEL,
    CANCEL_REQUESTED,
    ABANDON,
];
