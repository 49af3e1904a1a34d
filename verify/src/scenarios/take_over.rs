//! Tasks whose pool stayed in the parent of a forked process: in the child, a holder that waits for such a task takes it
//! over, and ends it in place of the executor.
//!
//! A checker cannot fork. So the parent's threads are those that did something before the scenario's
//! threads begin, and do not go on with it.

use super::cell_kit::{Kit, TestWaker, drive};
use crate::sync::{faults, thread};
use crate::{Counted, Loom, Scenario, Shuttle};
use raddle::future::state::{Claim, Completion};
use raddle::{Rejected, ReturnWhen, SharedFuture, TaskError, as_completed, wait};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What one holder learned.
fn ending(outcome: Option<Result<&Counted, &TaskError>>) -> &'static str {
    match outcome {
        Some(Err(TaskError::Rejected(Rejected::Forked { .. }))) => "rejected",
        Some(Err(TaskError::Cancelled)) => "cancelled",
        Some(_) => "another outcome",
        None => "no outcome",
    }
}

/// Waits on the state word.
fn block(future: SharedFuture<Counted>) -> &'static str {
    ending(Some(future.result()))
}

/// Waits through a set.
fn wait_for(future: SharedFuture<Counted>) -> &'static str {
    let mut waited = wait([future], ReturnWhen::AllCompleted);
    assert!(waited.not_done.is_empty());
    let future = waited.done.pop().expect("waited for");
    settled(&future)
}

/// Waits through a set that has it registered even if its outcome stands.
fn next_of(future: SharedFuture<Counted>) -> &'static str {
    settled(&as_completed([future]).next().expect("waited for"))
}

/// Awaits it.
fn await_it(mut future: SharedFuture<Counted>, waker: &Arc<TestWaker>) -> &'static str {
    let (done, _) = drive(&mut future, waker);
    settled(&done)
}

fn settled(future: &SharedFuture<Counted>) -> &'static str {
    ending(future.peek())
}

/// Counts the calls of one callback, whose drop is counted too.
fn count_calls(kit: &Kit, future: &SharedFuture<Counted>) -> Arc<AtomicUsize> {
    let calls = Arc::new(AtomicUsize::new(0));
    let (held, count) = (kit.closures.value(), Arc::clone(&calls));
    future.add_done_callback(move |outcome| {
        assert!(outcome.is_err());
        count.fetch_add(1, Relaxed);
        drop(held);
    });
    calls
}

/// Two holders wait for a task that was queued at the fork: one takes it over.
const QUEUED: Scenario = Scenario {
    name: "take_over/queued",
    test: "take_over::queued",
    shows: "two holders, one takes the task over; both get the error that names the fork",
    must: &["slept", "did not sleep"],
    loom: Loom::bound(3).at_least(3_000),
    shuttle: Shuttle::exhaustive().at_least(4_000),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.left_in_parent();
        let shared = future.shared();
        let clone = shared.clone();
        let other = thread::spawn(move || block(clone));
        let before = faults::waits().0;
        assert_eq!(block(shared), "rejected");
        assert_eq!(other.join().unwrap(), "rejected");
        out.saw(if faults::waits().0 > before {
            "slept"
        } else {
            "did not sleep"
        });
        drop(task);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Three holders, each in its own way, of a task that ran at the fork and has a callback.
const RUNNING: Scenario = Scenario {
    name: "take_over/running",
    test: "take_over::running",
    shows: "the same for a claimed task, waited for in three ways; its callback runs once",
    must: &["slept", "did not sleep"],
    threads: 3,
    loom: Loom::bound(1).at_least(25_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.left_in_parent();
        let shared = future.shared();
        let calls = count_calls(&kit, &shared);
        assert_eq!(task.raw().state.claim(), Claim::Won);
        let clones = [shared.clone(), shared.clone()];
        let waker = kit.waker();
        let others = {
            let [one, two] = clones;
            [
                thread::spawn(move || (wait_for(one), None)),
                thread::spawn(move || (await_it(two, &waker), Some(waker))),
            ]
        };
        let before = faults::waits().0;
        assert_eq!(block(shared), "rejected");
        out.saw(if faults::waits().0 > before {
            "slept"
        } else {
            "did not sleep"
        });
        for other in others {
            let (learned, waker) = other.join().unwrap();
            assert_eq!(learned, "rejected");
            drop(waker);
        }
        assert_eq!(calls.load(Relaxed), 1);
        drop(task);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// The parent's finisher was about to run the callback: one of two holders does it in its place, and
/// both get the outcome.
const SETTLING: Scenario = Scenario {
    name: "take_over/settling",
    test: "take_over::settling",
    shows: "the remaining callback runs once; a holder that awaits and one that blocks get the outcome",
    must: &["awaited at once", "woken"],
    loom: Loom::bound(3).at_least(45_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.left_in_parent();
        let shared = future.shared();
        let calls = count_calls(&kit, &shared);
        let raw = task.into_raw();
        assert_eq!(raw.state.claim(), Claim::Won);
        assert!(raw.state.finish(Completion::Cancelled, true).hooks);
        let clone = shared.clone();
        let waker = kit.waker();
        let other = thread::spawn(move || (await_it(clone, &waker), waker));
        assert_eq!(next_of(shared), "cancelled");
        let (learned, waker) = other.join().unwrap();
        assert_eq!(learned, "cancelled");
        assert_eq!(calls.load(Relaxed), 1);
        out.saw(["awaited at once", "woken", "woken twice"][waker.wakes()]);
        drop(waker);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// The parent's finisher was one step before settling: nothing runs again, and both holders get the outcome.
const SETTLING_CLOSED: Scenario = Scenario {
    name: "take_over/settling_closed",
    test: "take_over::settling_closed",
    shows: "no callback runs again; both get the outcome",
    must: &["slept", "did not sleep"],
    loom: Loom::bound(3).at_least(20_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.left_in_parent();
        let shared = future.shared();
        let calls = count_calls(&kit, &shared);
        let raw = task.into_raw();
        assert_eq!(raw.state.claim(), Claim::Won);
        assert!(raw.state.finish(Completion::Cancelled, true).hooks);
        let _lost_waiters = raw.hooks.run_callbacks(raw);
        assert_eq!(calls.load(Relaxed), 1);
        let clone = shared.clone();
        let waker = kit.waker();
        let other = thread::spawn(move || (await_it(clone, &waker), waker));
        let before = faults::waits().0;
        assert_eq!(next_of(shared), "cancelled");
        let (learned, waker) = other.join().unwrap();
        assert_eq!(learned, "cancelled");
        assert_eq!((calls.load(Relaxed), waker.wakes()), (1, 0));
        out.saw(if faults::waits().0 > before {
            "slept"
        } else {
            "did not sleep"
        });
        drop(waker);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// One holder cancels a task that was queued at the fork, another waits for it: one of them ends it, and both
/// see the same end.
const CANCEL: Scenario = Scenario {
    name: "take_over/cancel",
    test: "take_over::cancel",
    shows: "cancelled or rejected, the same for both",
    must: &["cancelled", "rejected"],
    loom: Loom::bound(3).at_least(40_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.left_in_parent();
        let shared = future.shared();
        let calls = count_calls(&kit, &shared);
        let clone = shared.clone();
        let waker = kit.waker();
        let other = thread::spawn(move || (await_it(clone, &waker), waker));
        let cancelled = shared.cancel();
        let learned = wait_for(shared);
        assert_eq!(cancelled, learned == "cancelled");
        let (theirs, waker) = other.join().unwrap();
        assert_eq!(theirs, learned);
        assert_eq!(calls.load(Relaxed), 1);
        out.saw(learned);
        drop((task, waker));
        kit.finish();
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[QUEUED, RUNNING, SETTLING, SETTLING_CLOSED, CANCEL];
