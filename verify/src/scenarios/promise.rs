//! Promises: one outcome, given by hand.

use super::cell_kit::Kit;
use crate::Scenario;
use crate::sync::thread;
use raddle::{TaskError, promise};

/// Completed here while it is cancelled there: one of them wins, and the value comes back or arrives.
pub const COMPLETE_CANCEL: Scenario = Scenario {
    name: "promise/complete_cancel",
    must: &["completed", "cancelled"],
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
pub const COMPLETE_DROP: Scenario = Scenario {
    name: "promise/complete_drop",
    must: &["gone with the future", "left to the producer"],
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
pub const FAIL_CANCEL: Scenario = Scenario {
    name: "promise/fail_cancel",
    must: &["failed", "cancelled"],
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
            kit.told(),
            usize::from(!cancelled),
            "an unseen error is reported once"
        );
        out.saw(if cancelled { "cancelled" } else { "failed" });
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Started here while it is cancelled there: one of them wins, and a late cancel is seen.
pub const START_CANCEL: Scenario = Scenario {
    name: "promise/start_cancel",
    must: &["started, asked in time", "started, asked late", "cancelled"],
    forbidden: &["both", "neither"],
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
pub const ABANDON: Scenario = Scenario {
    name: "promise/abandon",
    must: &["abandoned"],
    faults: 1,
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
pub const ASKED: Scenario = Scenario {
    name: "promise/asked",
    must: &["asked", "asked too late"],
    body: |out| {
        let (promise, future) = raddle::promise::<u32>();
        assert!(promise.start());
        let canceller = thread::spawn(move || {
            assert!(!future.cancel(), "it runs");
            future
        });
        let asked = promise.cancel_requested();
        let future = canceller.join().unwrap();
        assert!(promise.cancel_requested(), "nobody asked");
        promise.complete(7).unwrap();
        assert_eq!(future.result().unwrap(), 7);
        out.saw(if asked { "asked" } else { "asked too late" });
    },
    ..Scenario::EMPTY
};
