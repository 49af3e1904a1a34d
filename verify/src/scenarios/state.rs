//! The state word: which side runs a task, which one cancels it, and what each side learns.

use super::cell_kit::{Kit, touch};
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::thread;
use crate::{Loom, Scenario, Shuttle};
use raddle::{FutureState, TaskError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// A worker runs the task while its handle cancels it: exactly one wins. A cancelled closure is gone
/// when `cancel` returns; one that runs can see that it was asked to stop.
const RUN_CANCEL: Scenario = Scenario {
    name: "state/run_cancel",
    test: "state::run_cancel",
    shows: "ran, or cancelled; never both, never neither; a running task may see the request",
    must: &["cancelled", "ran, then asked", "ran, asked in time"],
    forbidden: &["ran and cancelled", "neither"],
    loom: Loom::unbounded().at_least(600),
    shuttle: Shuttle::exhaustive().at_least(10),
    body: |out| {
        let kit = Kit::new();
        let asked = Arc::new(AtomicBool::new(false));
        let (values, seen) = (kit.values.clone(), Arc::clone(&asked));
        let (task, future) = kit.task_of(move || {
            seen.store(raddle::cancel_requested(), Relaxed);
            Ok(values.value())
        });
        let worker = thread::spawn(move || task.run());
        let cancelled = future.cancel();
        if cancelled {
            assert_eq!(
                kit.closures.dropped(),
                1,
                "the closure is gone when cancel says so"
            );
            assert_eq!(future.state(), FutureState::Cancelled);
        }
        let ran = worker.join().unwrap();
        let settled = future.try_result().expect("it ran or was cancelled");
        assert_eq!(cancelled, matches!(settled, Err(TaskError::Cancelled)));
        assert_eq!(ran, settled.is_ok());
        out.saw(match (ran, cancelled, asked.load(Relaxed)) {
            (true, true, _) => "ran and cancelled",
            (false, false, _) => "neither",
            (false, true, _) => "cancelled",
            (true, false, true) => "ran, asked in time",
            (true, false, false) => "ran, then asked",
        });
        drop(settled);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// The executor drops the task unrun while the handle cancels it: it is cancelled either way.
const CANCEL_CANCEL: Scenario = Scenario {
    name: "state/cancel_cancel",
    test: "state::cancel_cancel",
    shows: "cancelled by either side; the closure is gone when `cancel` returns true",
    must: &["by the handle or before it", "by the executor"],
    loom: Loom::unbounded().at_least(100),
    shuttle: Shuttle::exhaustive().at_least(3),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let executor = thread::spawn(move || drop(task));
        let won = future.cancel();
        if won {
            assert_eq!(
                kit.closures.dropped(),
                1,
                "the closure is gone when cancel says so"
            );
        }
        executor.join().unwrap();
        assert!(future.cancel(), "cancelling again is true");
        assert!(matches!(future.try_result(), Ok(Err(TaskError::Cancelled))));
        assert_eq!(kit.values.made(), 0);
        out.saw(if won {
            "by the handle or before it"
        } else {
            "by the executor"
        });
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Two holders of the handle cancel what a worker runs: both get the same result.
const TWO_CANCELS: Scenario = Scenario {
    name: "state/two_cancels",
    test: "state::two_cancels",
    shows: "both get the same result",
    must: &["both true", "both false"],
    forbidden: &["one true"],
    threads: 3,
    loom: Loom::bound(3).at_least(800),
    shuttle: Shuttle::exhaustive().at_least(1_000),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let future = Arc::new(future);
        let shared = Arc::clone(&future);
        let other = thread::spawn(move || shared.cancel());
        let worker = thread::spawn(move || task.run());
        let mine = future.cancel();
        let theirs = other.join().unwrap();
        let ran = worker.join().unwrap();
        assert_eq!(ran, !mine);
        out.saw(match (mine, theirs) {
            (true, true) => "both true",
            (false, false) => "both false",
            _ => "one true",
        });
        drop(future);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Two holders cancel what no worker runs. Both learn that it will never run; one of them has dropped the
/// closure, and the other may learn it before that.
const CANCEL_TWICE: Scenario = Scenario {
    name: "state/cancel_twice",
    test: "state::cancel_twice",
    shows: "both return true; the closure is gone when the first does",
    must: &["gone for both", "gone for the first"],
    forbidden: &["gone for none"],
    loom: Loom::unbounded().at_least(800),
    shuttle: Shuttle::exhaustive().at_least(30),
    body: |out| {
        /// Its drop can be seen by the checker's threads.
        struct Seen(Arc<AtomicU32>);

        impl Drop for Seen {
            fn drop(&mut self) {
                self.0.store(1, Ordering::Release);
            }
        }

        let kit = Kit::new();
        let gone = Arc::new(AtomicU32::new(0));
        let (seen, values) = (Seen(Arc::clone(&gone)), kit.values.clone());
        let (task, future) = kit.task_of(move || {
            let _captured = &seen;
            Ok(values.value())
        });
        let future = Arc::new(future);
        let (shared, also) = (Arc::clone(&future), Arc::clone(&gone));
        let other = thread::spawn(move || {
            assert!(shared.cancel());
            also.load(Ordering::Acquire) == 1
        });
        assert!(future.cancel());
        let mine = gone.load(Ordering::Acquire) == 1;
        let theirs = other.join().unwrap();
        out.saw(match (mine, theirs) {
            (true, true) => "gone for both",
            (false, false) => "gone for none",
            _ => "gone for the first",
        });
        drop(future);
        assert!(!task.run());
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// What a look at the word says may be relied on: done means that the value can be read.
const LOOK: Scenario = Scenario {
    name: "state/look",
    test: "state::look",
    shows: "pending, running, finished; finished means readable",
    must: &["pending", "running", "finished"],
    forbidden: &["failed", "cancelled"],
    loom: Loom::unbounded().at_least(1_000),
    shuttle: Shuttle::exhaustive().at_least(10),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let raw = task.raw();
        let worker = thread::spawn(move || task.run());
        let state = future.state();
        if state == FutureState::Finished {
            assert!(future.peek().is_some_and(|outcome| outcome.is_ok()));
        }
        touch(raw);
        out.saw(match state {
            FutureState::Pending => "pending",
            FutureState::Running => "running",
            FutureState::Finished => "finished",
            FutureState::Failed => "failed",
            FutureState::Cancelled => "cancelled",
        });
        drop(future);
        assert!(worker.join().unwrap());
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: the worker takes the closure before its claim has won, so a cancellation can win as well. The closure
/// is then dropped twice.
const UNCLAIMED: Scenario = Scenario {
    name: "state/broken_unclaimed",
    test: "state::a_worker_that_begins_before_its_claim_is_found",
    shows: "a worker that takes the closure before its claim has won",
    may: &["done"],
    must_fail: Some("two owners of one closure"),
    loom: Loom::unbounded(),
    shuttle: Shuttle::exhaustive(),
    body: |out| {
        use raddle::future::state::{Cancel, Claim, Completion, State};
        let state = Arc::new(State::queued());
        let owners = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let (word, owned) = (Arc::clone(&state), Arc::clone(&owners));
        let worker = thread::spawn(move || {
            if word.load().is_pending() {
                owned.fetch_add(1, Relaxed);
                if word.claim() == Claim::Won {
                    let _ = word.finish(Completion::Value, true);
                }
            }
        });
        if let Cancel::Won(_) = state.cancel(false) {
            owners.fetch_add(1, Relaxed);
        }
        worker.join().unwrap();
        assert!(owners.load(Relaxed) < 2, "two owners of one closure");
        out.saw("done");
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    RUN_CANCEL,
    CANCEL_CANCEL,
    TWO_CANCELS,
    CANCEL_TWICE,
    LOOK,
    UNCLAIMED,
];
