//! The call that follows the end of a task, on every way to that end: it comes once, and the thread that waits
//! for it may free at once what the task borrowed.

use super::cell_kit::{Helper, Kit};
use crate::sync::cell::UnsafeCell;
use crate::sync::{faults, thread};
use crate::{Counted, DropCount, Loom, Scenario, Shuttle};
use raddle::future::cell::Extra;
use raddle::future::raw_task::After;
use raddle::future::task::Task;
use raddle::thread::scope::PendingCount;
use raddle::{Future, TaskError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What the task borrows from: here the closure, its value and its callback leave their marks.
struct Frame {
    count: PendingCount,
    marks: UnsafeCell<u32>,
}

/// What the call gets. It outlives the execution, so that a second call is seen.
struct Context {
    frame: *const Frame,
    calls: AtomicUsize,
}

unsafe fn call(context: *const ()) {
    // SAFETY: the scenario frees it in the end.
    let context = unsafe { &*context.cast::<Context>() };
    assert_eq!(context.calls.fetch_add(1, Relaxed), 0, "a second call");
    // SAFETY: the first call, for which the frame has waited.
    let count = unsafe { &raw const (*context.frame).count };
    // SAFETY: as above; not touched again.
    unsafe { PendingCount::down(count.cast()) };
}

/// Ties the cell to the frame.
struct Tied(*const Context);

impl Extra for Tied {
    const HAS_AFTER: bool = true;

    fn after(&self) -> Option<After> {
        Some(After {
            call,
            context: self.0.cast(),
        })
    }
}

/// Borrows from the frame, and uses it when it is dropped.
struct Borrow {
    frame: *const Frame,
    _counted: Counted,
}

// SAFETY: the frame outlives the task; that it does is what the models check.
unsafe impl Send for Borrow {}
// SAFETY: as above.
unsafe impl Sync for Borrow {}

impl Drop for Borrow {
    fn drop(&mut self) {
        // SAFETY: the task is not over.
        let marks = unsafe { &(*self.frame).marks };
        // SAFETY: one after the other.
        marks.with_mut(|marks| unsafe { *marks += 1 });
    }
}

/// One task and its frame.
struct Scope {
    kit: Kit,
    frame: *mut Frame,
    context: *mut Context,
}

impl Scope {
    fn new() -> Self {
        let frame = Box::into_raw(Box::new(Frame {
            count: PendingCount::new(),
            marks: UnsafeCell::new(0),
        }));
        let context = Box::into_raw(Box::new(Context {
            frame,
            calls: AtomicUsize::new(0),
        }));
        Self {
            kit: Kit::new(),
            frame,
            context,
        }
    }

    fn borrow(&self, count: &DropCount) -> Borrow {
        Borrow {
            frame: self.frame,
            _counted: count.value(),
        }
    }

    /// Its closure borrows, and so does its value.
    fn task(&self) -> (Task, Future<Borrow>) {
        // SAFETY: the frame is alive until `end`.
        unsafe { &(*self.frame).count }.up();
        let (closure, value) = (
            self.borrow(&self.kit.closures),
            self.borrow(&self.kit.values),
        );
        self.kit.task_with(Tied(self.context), move || {
            drop(closure);
            Ok(value)
        })
    }

    /// Waits for the call, and frees the frame. `threads` may still be on their way out.
    fn end(self, threads: impl FnOnce()) -> &'static str {
        let before = faults::waits().0;
        // SAFETY: the frame is ours to free, below.
        unsafe { &(*self.frame).count }.wait();
        let slept = faults::waits().0 > before;
        // SAFETY: the task is over.
        let frame = unsafe { Box::from_raw(self.frame) };
        // SAFETY: as above.
        let marks = frame.marks.with_mut(|marks| unsafe { *marks });
        assert_eq!(marks, 2, "closure and value are gone");
        drop(frame);
        threads();
        // SAFETY: no thread is left that could call.
        let context = unsafe { Box::from_raw(self.context) };
        assert_eq!(context.calls.load(Relaxed), 1);
        self.kit.finish();
        if slept { "slept" } else { "did not sleep" }
    }
}

/// The handle is gone: the worker runs the task without a claim.
const ALONE: Scenario = Scenario {
    name: "after/alone",
    test: "after::alone",
    shows: "one call; closure and value are gone when the frame is freed",
    must: &["slept", "did not sleep"],
    loom: Loom::bound(3).at_least(60),
    shuttle: Shuttle::exhaustive().at_least(20),
    body: |out| {
        let scope = Scope::new();
        let (task, future) = scope.task();
        drop(future);
        let worker = thread::spawn(move || assert!(task.run()));
        out.saw(scope.end(|| worker.join().unwrap()));
    },
    ..Scenario::EMPTY
};

/// The handle is dropped while the task runs: one of the two drops the value, before the call.
const DETACHED: Scenario = Scenario {
    name: "after/detached",
    test: "after::detached",
    shows: "one call; closure and value are gone when the frame is freed",
    must: &["slept", "did not sleep"],
    loom: Loom::bound(3).at_least(700),
    shuttle: Shuttle::exhaustive().at_least(600),
    body: |out| {
        let scope = Scope::new();
        let (task, future) = scope.task();
        let worker = thread::spawn(move || assert!(task.run()));
        drop(future);
        out.saw(scope.end(|| worker.join().unwrap()));
    },
    ..Scenario::EMPTY
};

/// A task with a callback, which comes before the end of the scope.
const CALLBACK: Scenario = Scenario {
    name: "after/callback",
    test: "after::callback",
    shows: "the same, behind a callback",
    must: &["slept", "did not sleep"],
    loom: Loom::bound(3).at_least(10_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let scope = Scope::new();
        let (task, future) = scope.task();
        let called = Arc::new(AtomicUsize::new(0));
        let (held, calls) = (scope.kit.closures.value(), Arc::clone(&called));
        future.add_done_callback(move |_| {
            calls.fetch_add(1, Relaxed);
            drop(held);
        });
        let worker = thread::spawn(move || assert!(task.run()));
        drop(future);
        let how = scope.end(|| {
            assert_eq!(called.load(Relaxed), 1, "the scope waits for callbacks");
            worker.join().unwrap();
        });
        out.saw(how);
    },
    ..Scenario::EMPTY
};

/// The handle cancels while a worker runs it.
const CANCEL: Scenario = Scenario {
    name: "after/cancel",
    test: "after::cancel",
    shows: "one call, by the thread that ends the task",
    must: &["cancelled", "ran"],
    loom: Loom::bound(3).at_least(500),
    shuttle: Shuttle::exhaustive().at_least(600),
    body: |out| {
        let scope = Scope::new();
        let (task, future) = scope.task();
        let worker = thread::spawn(move || task.run());
        let cancelled = future.cancel();
        drop(future);
        scope.end(|| assert_eq!(worker.join().unwrap(), !cancelled));
        out.saw(if cancelled { "cancelled" } else { "ran" });
    },
    ..Scenario::EMPTY
};

/// The handle and the executor cancel.
const CANCEL_CANCEL: Scenario = Scenario {
    name: "after/cancel_cancel",
    test: "after::cancel_cancel",
    shows: "one call, by the thread that ends the task",
    must: &["by the handle or before it", "by the executor"],
    loom: Loom::bound(3).at_least(600),
    shuttle: Shuttle::exhaustive().at_least(300),
    body: |out| {
        let scope = Scope::new();
        let (task, future) = scope.task();
        let executor = thread::spawn(move || task.cancel());
        let cancelled = future.cancel();
        drop(future);
        scope.end(|| executor.join().unwrap());
        out.saw(if cancelled {
            "by the handle or before it"
        } else {
            "by the executor"
        });
    },
    ..Scenario::EMPTY
};

/// The executor fails the task instead of running it, while the handle is dropped.
const FAIL: Scenario = Scenario {
    name: "after/fail",
    test: "after::fail",
    shows: "one call, by the thread that ends the task",
    must: &["slept", "did not sleep"],
    loom: Loom::bound(3).at_least(900),
    shuttle: Shuttle::exhaustive().at_least(400),
    body: |out| {
        let scope = Scope::new();
        let (task, future) = scope.task();
        let executor = thread::spawn(move || task.fail(TaskError::Abandoned));
        drop(future);
        out.saw(scope.end(|| executor.join().unwrap()));
    },
    ..Scenario::EMPTY
};

/// A waiter runs the task itself, or waits for the worker that does.
const HELPED: Scenario = Scenario {
    name: "after/helped",
    test: "after::helped",
    shows: "one call, by the waiter or the worker",
    must: &["helped", "waited"],
    loom: Loom::bound(3).at_least(3_000),
    shuttle: Shuttle::exhaustive().at_least(4_000),
    body: |out| {
        let scope = Scope::new();
        let (task, future) = scope.task();
        let worker = thread::spawn(move || task.run());
        let helper = Helper::default();
        drop(helper.work(|| future.result()).unwrap());
        let helped = helper.helped.get() == 1;
        scope.end(|| assert_eq!(worker.join().unwrap(), !helped));
        out.saw(if helped { "helped" } else { "waited" });
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    ALONE,
    DETACHED,
    CALLBACK,
    CANCEL,
    CANCEL_CANCEL,
    FAIL,
    HELPED,
];
