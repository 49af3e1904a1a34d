//! The cell: which side drops the outcome, which one frees the memory, and which errors are reported.

use super::cell_kit::{Helper, Kit, Loan, touch};
use crate::sync::thread;
use crate::{Loom, Scenario, Shuttle};

/// A worker runs the task while its handle is dropped. The last of the two drops the value.
const RUN_DROP: Scenario = Scenario {
    name: "cell/run_drop",
    test: "cell::run_drop",
    shows: "the value goes with the handle or with the worker",
    must: &["gone with the handle", "left to the worker"],
    loom: Loom::unbounded().at_least(200),
    shuttle: Shuttle::exhaustive().at_least(8),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let raw = task.raw();
        let worker = thread::spawn(move || {
            touch(task.raw());
            task.run()
        });
        touch(raw);
        drop(future);
        out.saw(match kit.values.dropped() {
            0 => "left to the worker",
            _ => "gone with the handle",
        });
        assert!(worker.join().unwrap());
        assert_eq!(kit.values.made(), 1);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// The handle cancels and is dropped, while a worker finds the task in its queue.
const CANCEL_DROP: Scenario = Scenario {
    name: "cell/cancel_drop",
    test: "cell::cancel_drop",
    shows: "the value goes with the handle or with the worker",
    must: &["cancelled", "ran"],
    loom: Loom::unbounded().at_least(4_000),
    shuttle: Shuttle::exhaustive().at_least(30),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let raw = task.raw();
        let worker = thread::spawn(move || {
            touch(task.raw());
            task.run()
        });
        let cancelled = future.cancel();
        touch(raw);
        drop(future);
        assert_eq!(worker.join().unwrap(), !cancelled);
        out.saw(if cancelled { "cancelled" } else { "ran" });
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// The handle's side runs the task itself and takes the value, while the worker still has it queued.
const HELP: Scenario = Scenario {
    name: "cell/help",
    test: "cell::help",
    shows: "run by the waiter or by the worker; the queue's reference ends later",
    must: &["run by the waiter", "run by the worker"],
    loom: Loom::bound(3).at_least(500),
    shuttle: Shuttle::exhaustive().at_least(80),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let loan = Loan(task.raw());
        let worker = thread::spawn(move || {
            touch(task.raw());
            task.run()
        });
        // SAFETY: the handle lives here.
        let helped = unsafe { raddle::future::task::run_from_handle(loan.0, |_| {}) };
        touch(loan.0);
        if helped {
            drop(future.try_result().expect("ran here").unwrap());
        } else {
            drop(future);
        }
        assert_eq!(worker.join().unwrap(), !helped);
        out.saw(if helped {
            "run by the waiter"
        } else {
            "run by the worker"
        });
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// A waiter that is a worker runs the awaited task, or sleeps until the thread that runs it is done.
const HELPING_WAIT: Scenario = Scenario {
    name: "cell/helping_wait",
    test: "cell::helping_wait",
    shows: "helped, slept, or done before",
    must: &["helped", "slept or looked", "done before"],
    faults: 1,
    loom: Loom::bound(3).at_least(800),
    shuttle: Shuttle::exhaustive().at_least(300),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let worker = thread::spawn(move || task.run());
        let helper = Helper::default();
        let value = helper.work(|| future.result());
        assert!(value.is_ok());
        drop(value);
        let helped = helper.helped.get();
        assert_eq!(worker.join().unwrap(), helped == 0);
        out.saw(match (helped, helper.parked.get()) {
            (1, 0) => "helped",
            (0, 1) => "slept or looked",
            (0, 0) => "done before",
            _ => "both",
        });
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// The handle awaits to the end, keeps the empty future for a while and drops it.
const TAKEN_THEN_DROPPED: Scenario = Scenario {
    name: "cell/taken_then_dropped",
    test: "cell::taken_then_dropped",
    shows: "polled, then dropped, ready or not",
    must: &["ready", "pending"],
    loom: Loom::bound(3).at_least(8_000),
    shuttle: Shuttle::exhaustive().at_least(90_000),
    body: |out| {
        let kit = Kit::new();
        let (task, mut future) = kit.task();
        let worker = thread::spawn(move || task.run());
        let waker = kit.waker();
        let ready = super::cell_kit::poll(&mut future, &waker).is_ready();
        out.saw(if ready { "ready" } else { "pending" });
        drop(waker);
        drop(future);
        assert!(worker.join().unwrap());
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// A failed task whose handle is dropped unread: the error is reported once, by the side that frees the cell.
const UNSEEN: Scenario = Scenario {
    name: "cell/unseen_error",
    test: "cell::unseen",
    shows: "reported once, or seen; never both, never neither",
    must: &["reported by the handle's drop", "reported by the worker"],
    loom: Loom::unbounded().at_least(200),
    shuttle: Shuttle::exhaustive().at_least(8),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.failing();
        let worker = thread::spawn(move || task.run());
        drop(future);
        let here = kit.reported();
        assert!(worker.join().unwrap());
        assert_eq!(kit.reported(), 1, "reported exactly once");
        out.saw(match here {
            0 => "reported by the worker",
            _ => "reported by the handle's drop",
        });
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// The same, but the handle looks first: what it saw is not reported.
const SEEN: Scenario = Scenario {
    name: "cell/seen_error",
    test: "cell::seen",
    shows: "reported once, or seen; never both, never neither",
    must: &["seen", "reported"],
    forbidden: &["seen and reported", "neither"],
    loom: Loom::unbounded().at_least(1_000),
    shuttle: Shuttle::exhaustive().at_least(10),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.failing();
        let worker = thread::spawn(move || task.run());
        let seen = future.error().is_some();
        drop(future);
        assert!(worker.join().unwrap());
        out.saw(match (seen, kit.reported()) {
            (true, 0) => "seen",
            (false, 1) => "reported",
            (false, 0) => "neither",
            _ => "seen and reported",
        });
        kit.finish();
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    RUN_DROP,
    CANCEL_DROP,
    HELP,
    HELPING_WAIT,
    TAKEN_THEN_DROPPED,
    UNSEEN,
    SEEN,
];
