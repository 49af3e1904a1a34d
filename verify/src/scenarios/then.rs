//! What follows a future: the poll and the wake of a step, beside the task's end, its cancellation, and that of what follows.

use super::cell_kit::Kit;
use crate::sync::thread;
use crate::{Counted, Loom, Scenario, Shuttle};
use raddle::{TaskError, promise};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// A task ends while what follows it is being added.
const RUN_MAP: Scenario = Scenario {
    name: "then/run_map",
    test: "then::run_map",
    shows: "the function runs once, with the value",
    must: &["mapped"],
    loom: Loom::bound(3).at_least(100),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let worker = thread::spawn(move || task.run());
        let mapped = future.map_ok(|value: Counted| (value, 7));
        assert_eq!(mapped.result().unwrap().1, 7);
        assert!(worker.join().unwrap());
        out.saw("mapped");
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// A task ends while what follows it is cancelled.
const RUN_CANCEL: Scenario = Scenario {
    name: "then/run_cancel",
    test: "then::run_cancel",
    shows: "mapped, or cancelled and the value dropped",
    must: &["mapped", "cancelled"],
    loom: Loom::bound(3).at_least(100),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let ran = Arc::new(AtomicBool::new(false));
        let runs = Arc::clone(&ran);
        let mapped = future.map_ok(move |value: Counted| {
            runs.store(true, Relaxed);
            value
        });
        let worker = thread::spawn(move || task.run());
        let cancelled = mapped.cancel();
        assert!(worker.join().unwrap(), "only what follows is cancelled");
        assert_eq!(ran.load(Relaxed), !cancelled);
        let outcome = mapped.result();
        assert_eq!(
            cancelled,
            matches!(outcome, Err(TaskError::Cancelled)),
            "{outcome:?}"
        );
        drop(outcome);
        out.saw(if cancelled { "cancelled" } else { "mapped" });
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// A task fails while what follows it is added and dropped.
const FAIL_DROP: Scenario = Scenario {
    name: "then/fail_drop",
    test: "then::fail_drop",
    shows: "the error is reported once",
    must: &["reported"],
    loom: Loom::bound(3).at_least(100),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.failing();
        let worker = thread::spawn(move || task.run());
        drop(future.map_ok(|value: Counted| value));
        assert!(worker.join().unwrap());
        assert_eq!(kit.reported(), 1);
        out.saw("reported");
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// A task that ends goes on in another, whose promise is completed meanwhile.
const RUN_AND_THEN: Scenario = Scenario {
    name: "then/run_and_then",
    test: "then::run_and_then",
    shows: "the second outcome arrives",
    must: &["both"],
    threads: 3,
    loom: Loom::bound(2).at_least(100),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let (promise, second) = promise();
        let worker = thread::spawn(move || task.run());
        let first = thread::spawn(move || promise.complete(7));
        let last = future.and_then(|value: Counted| {
            drop(value);
            second
        });
        assert_eq!(last.result().unwrap(), 7);
        assert!(worker.join().unwrap());
        first.join().unwrap().unwrap();
        out.saw("both");
        kit.finish();
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[RUN_MAP, RUN_CANCEL, FAIL_DROP, RUN_AND_THEN];
