//! Rows F: states, cancelling, blocking, errors, sharing, promises. Callbacks are in `callbacks.rs`.

use crate::common::{Bomb, Drops, Gate, hold, reports, until, watch};
use raddle::{
    BoxError, Future, FutureState, Promise, Rejected, Shutdown, TaskError, ThreadPool, promise,
};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

fn pool(workers: usize) -> ThreadPool {
    ThreadPool::new(workers).unwrap()
}

/// A future that runs until the gate is opened.
fn running(pool: &ThreadPool, gate: &Gate) -> Future<u32> {
    let (has_started, at) = (Gate::default(), gate.clone());
    let inside = has_started.clone();
    let future = pool.spawn(move || {
        inside.open();
        at.wait();
        7
    });
    has_started.wait();
    future
}

fn stage(state: FutureState) -> u32 {
    match state {
        FutureState::Pending => 0,
        FutureState::Running => 1,
        _ => 2,
    }
}

#[test]
fn f01_new_future_is_pending() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let (_kept, promised) = promise::<u32>();
    for future in [pool.spawn(|| 1), promised] {
        assert_eq!(future.state(), FutureState::Pending);
        assert!(!future.is_running() && !future.is_done() && !future.is_cancelled());
        assert!(future.peek().is_none() && future.error().is_none());
        assert!(future.cancel());
    }
    busy.let_go();
}

#[test]
fn f02_states_only_move_forward() {
    let _watch = watch();
    let (promise, future) = promise();
    assert!(promise.start());
    assert_eq!(future.state(), FutureState::Running);
    promise.complete(1).unwrap();
    assert_eq!(future.state(), FutureState::Finished);
    assert!(!future.cancel());
    assert_eq!(future.state(), FutureState::Finished);
    assert_eq!(future.result().unwrap(), 1);
}

#[test]
fn f02_cancelled_stays_cancelled() {
    let _watch = watch();
    let (promise, future) = promise();
    assert!(future.cancel());
    assert!(!promise.start());
    assert_eq!(future.state(), FutureState::Cancelled);
    assert_eq!(promise.complete(1), Err(1));
    assert_eq!(future.state(), FutureState::Cancelled);
}

#[test]
fn f02_no_observer_sees_a_step_back() {
    let _watch = watch();
    let pool = pool(2);
    for round in 0..500 {
        let future = pool.spawn(move || round);
        thread::scope(|s| {
            s.spawn(|| {
                let mut last = future.state();
                while stage(last) < 2 {
                    let now = future.state();
                    assert!(stage(now) >= stage(last), "{last:?} became {now:?}");
                    last = now;
                }
                assert_eq!(future.state(), last, "an end is an end");
            });
            if round % 2 == 0 {
                s.spawn(|| future.cancel());
            }
        });
        match future.result() {
            Ok(value) => assert_eq!(value, round),
            Err(error) => assert!(matches!(error, TaskError::Cancelled)),
        }
    }
}

#[test]
fn f03_cancel_of_a_pending_future_is_true_and_it_never_runs() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let never = pool.spawn(|| unreachable!("it was cancelled"));
    assert!(never.cancel());
    assert!(never.is_cancelled() && never.is_done());
    busy.let_go();
    pool.shutdown(Shutdown::Drain).unwrap();
    let never: Result<(), _> = never.result();
    assert!(matches!(never, Err(TaskError::Cancelled)));
}

#[test]
fn f03_cancel_drops_the_closure_before_it_returns() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let drops = Drops::default();
    let captured = drops.item();
    let future = pool.spawn(move || drop(captured));
    assert_eq!(drops.count(), 0);
    assert!(future.cancel());
    assert_eq!(drops.count(), 1);
    busy.let_go();
    drop(future);
    drop(pool);
    assert_eq!(drops.count(), 1, "once is enough");
}

#[test]
fn f03_racing_cancel_and_run_drop_the_closure_once() {
    let _watch = watch();
    let pool = pool(2);
    for _ in 0..500 {
        let drops = Drops::default();
        let captured = drops.item();
        let future = pool.spawn(move || drop(captured));
        let cancelled = future.cancel();
        assert_eq!(future.result().is_err(), cancelled);
        assert_eq!(drops.count(), 1);
    }
}

#[test]
fn f04_cancel_of_a_running_future_is_false_and_asks_it_to_stop() {
    let _watch = watch();
    let pool = pool(1);
    let has_started = Gate::default();
    let inside = has_started.clone();
    let future = pool.spawn(move || {
        assert!(!raddle::cancel_requested());
        inside.open();
        until(raddle::cancel_requested);
        "stopped"
    });
    has_started.wait();
    assert!(!future.cancel());
    assert!(!future.is_cancelled());
    assert_eq!(future.result().unwrap(), "stopped");
    assert!(!raddle::cancel_requested(), "there is no task here");
    let next = pool.spawn(raddle::cancel_requested);
    assert!(!next.result().unwrap(), "nobody asked the next one");
}

#[test]
fn f04_cancel_of_a_finished_future_is_false_and_changes_nothing() {
    let _watch = watch();
    let pool = pool(1);
    let good = pool.spawn(|| 3);
    let bad = pool.try_spawn(|| Err::<u32, _>("no"));
    for future in [&good, &bad] {
        future.wait();
        assert!(!future.cancel() && !future.is_cancelled());
    }
    assert_eq!(good.result().unwrap(), 3);
    assert!(matches!(bad.result(), Err(TaskError::Failed(why)) if why.to_string() == "no"));
}

#[test]
fn f05_cancel_is_idempotent() {
    let _watch = watch();
    let (_promise, future) = promise::<u32>();
    assert!(future.cancel());
    assert!(future.cancel());
    let shared = future.shared();
    assert!(shared.cancel() && shared.clone().cancel());
    assert!(matches!(shared.result(), Err(TaskError::Cancelled)));
}

#[test]
fn f05_of_racing_cancels_all_are_true() {
    let _watch = watch();
    for _ in 0..200 {
        let (_promise, future) = promise::<u32>();
        let together = Barrier::new(2);
        thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| {
                    together.wait();
                    assert!(future.cancel());
                });
            }
        });
    }
}

#[test]
fn f06_snapshots_agree_with_the_state() {
    let _watch = watch();
    let pool = pool(1);
    let gate = Gate::default();
    let first = running(&pool, &gate);
    let second = pool.spawn(|| 2);
    let look =
        |future: &Future<u32>| (future.is_running(), future.is_done(), future.is_cancelled());
    assert_eq!(look(&first), (true, false, false));
    assert_eq!(look(&second), (false, false, false));
    assert!(second.cancel());
    assert_eq!(look(&second), (false, true, true));
    gate.open();
    first.wait();
    assert_eq!(look(&first), (false, true, false));
}

#[test]
fn f07_done_covers_value_error_panic_cancellation_and_rejection() {
    let _watch = watch();
    let pool = pool(1);
    let value = pool.spawn(|| 1);
    let error = pool.try_spawn(|| Err::<u32, _>("no"));
    let panic = pool.spawn(|| -> u32 { panic!("f07") });
    for future in [&value, &error, &panic] {
        future.wait();
    }
    let (_kept, cancelled) = promise::<u32>();
    cancelled.cancel();
    pool.shutdown(Shutdown::Drain).unwrap();
    let rejected = pool.spawn(|| 1);
    let all = [value, error, panic, cancelled, rejected];
    assert!(all.iter().all(Future::is_done));
    let states = all.each_ref().map(Future::state);
    use FutureState::{Cancelled, Failed, Finished};
    assert_eq!(states, [Finished, Failed, Failed, Cancelled, Failed]);
    assert!(all.iter().skip(1).all(|future| future.error().is_some()));
}

#[test]
fn f08_result_blocks_until_done() {
    let _watch = watch();
    let (promise, future) = promise();
    let asking = Gate::default();
    let about_to = asking.clone();
    let asker = thread::spawn(move || {
        about_to.open();
        future.result().unwrap()
    });
    asking.wait();
    assert!(!asker.is_finished());
    promise.complete(String::from("value")).unwrap();
    assert_eq!(asker.join().unwrap(), "value");
}

#[test]
fn f08_wait_blocks_and_leaves_the_outcome() {
    let _watch = watch();
    let pool = pool(1);
    let future = pool.spawn(|| 5);
    future.wait();
    future.wait();
    assert!(future.is_done());
    assert_eq!(future.result().unwrap(), 5);
}

#[test]
fn f09_try_result_polls() {
    let _watch = watch();
    let (promise, future) = promise();
    let future = future.try_result().unwrap_err();
    promise.complete(9).unwrap();
    assert_eq!(future.try_result().unwrap().unwrap(), 9);
    let pool = pool(1);
    let failed = pool.try_spawn(|| Err::<u32, _>("no"));
    failed.wait();
    assert!(matches!(failed.try_result(), Ok(Err(TaskError::Failed(_)))));
}

#[test]
fn f09_a_timeout_of_zero_polls() {
    let _watch = watch();
    let (promise, future) = promise();
    assert!(!future.wait_timeout(Duration::ZERO));
    let future = future.result_timeout(Duration::ZERO).unwrap_err();
    promise.complete(9).unwrap();
    assert!(future.wait_timeout(Duration::ZERO));
    assert_eq!(future.result_timeout(Duration::ZERO).unwrap().unwrap(), 9);
}

#[test]
fn f10_a_timeout_leaves_the_task_alone_and_the_future_usable() {
    let _watch = watch();
    let pool = pool(1);
    let gate = Gate::default();
    let future = running(&pool, &gate);
    assert!(!future.wait_timeout(Duration::from_millis(2)));
    let future = future.result_timeout(Duration::from_millis(2)).unwrap_err();
    assert!(future.is_running() && !future.is_cancelled());
    gate.open();
    assert_eq!(future.result().unwrap(), 7);
}

#[test]
fn f10_a_timeout_beyond_the_clock_waits_for_ever() {
    let _watch = watch();
    let pool = pool(1);
    for limit in [Duration::MAX, Duration::MAX - Duration::from_nanos(1)] {
        let gate = Gate::default();
        let future = running(&pool, &gate);
        gate.open();
        assert!(future.wait_timeout(limit));
        assert_eq!(future.result_timeout(limit).unwrap().unwrap(), 7);
    }
}

#[test]
fn f10_a_timeout_inside_a_worker_leaves_the_task_alone_too() {
    let _watch = watch();
    let pool = Arc::new(pool(1));
    let (promise, future) = promise();
    let late = pool.spawn(move || future.result_timeout(Duration::from_millis(2)).unwrap_err());
    let future = late.result().unwrap();
    assert!(!future.is_done());
    promise.complete(1).unwrap();
    assert_eq!(future.result().unwrap(), 1);
}

#[test]
fn f11_a_cancel_wakes_who_waits() {
    let _watch = watch();
    for _ in 0..100 {
        let (_promise, future) = promise::<u32>();
        let shared = future.shared();
        let asking = Arc::new(Barrier::new(3));
        let askers: Vec<_> = (0..2)
            .map(|_| {
                let (mine, asking) = (shared.clone(), Arc::clone(&asking));
                thread::spawn(move || {
                    asking.wait();
                    matches!(mine.result(), Err(TaskError::Cancelled))
                })
            })
            .collect();
        asking.wait();
        assert!(shared.cancel());
        assert!(askers.into_iter().all(|asker| asker.join().unwrap()));
    }
}

#[test]
fn f11_a_pool_that_cancels_what_is_pending_wakes_who_waits() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let queued = pool.spawn(|| 1);
    let asking = Gate::default();
    let about_to = asking.clone();
    let asker = thread::spawn(move || {
        about_to.open();
        queued.result()
    });
    asking.wait();
    pool.close(Shutdown::CancelPending);
    assert!(matches!(asker.join().unwrap(), Err(TaskError::Cancelled)));
    busy.let_go();
}

#[test]
fn f12_result_of_a_cancelled_future_is_the_error_at_once() {
    let _watch = watch();
    let cancelled = || {
        let (_promise, future) = promise::<u32>();
        assert!(future.cancel());
        future
    };
    assert!(matches!(cancelled().result(), Err(TaskError::Cancelled)));
    assert!(matches!(
        cancelled().try_result(),
        Ok(Err(TaskError::Cancelled))
    ));
    let timed = cancelled().result_timeout(Duration::MAX);
    assert!(matches!(timed, Ok(Err(TaskError::Cancelled))));
    assert!(matches!(cancelled().error(), Some(TaskError::Cancelled)));
    assert!(matches!(
        cancelled().peek(),
        Some(Err(TaskError::Cancelled))
    ));
}

#[test]
fn f13_the_panic_itself_comes_back() {
    let _watch = watch();
    #[derive(Debug, PartialEq)]
    struct Code(u32);
    let pool = ThreadPool::builder()
        .workers(1)
        .name("f13")
        .build()
        .unwrap();
    let future = pool
        .task()
        .name("payload")
        .spawn(|| std::panic::panic_any(Code(4)));
    let Err(TaskError::Panicked(report)) = future.result() else {
        panic!("it panicked")
    };
    assert_eq!(
        (report.task(), report.worker()),
        (Some("payload"), Some("f13-0"))
    );
    assert_eq!(report.into_payload().downcast_ref(), Some(&Code(4)));

    let row = std::hint::black_box(12);
    let future = pool.spawn(move || panic!("at row {row}"));
    let Err(TaskError::Panicked(report)) = future.result() else {
        panic!("it panicked")
    };
    assert_eq!(report.message(), "at row 12");
    assert!(report.location().unwrap().contains("future.rs:"));
    let resumed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| report.resume()));
    let Err(payload) = resumed;
    assert_eq!(payload.downcast_ref::<String>().unwrap(), "at row 12");
}

#[test]
fn f13_the_error_itself_comes_back() {
    let _watch = watch();
    let pool = pool(1);
    let future = pool.try_spawn(|| "12x".parse::<u32>());
    let Err(TaskError::Failed(why)) = future.result() else {
        panic!("it failed")
    };
    assert!(why.is::<std::num::ParseIntError>());
}

#[test]
fn f14_error_shows_the_error_and_keeps_it() {
    let _watch = watch();
    let pool = pool(1);
    let bad = pool.try_spawn(|| Err::<u32, _>("no"));
    bad.wait();
    assert!(matches!(bad.error(), Some(TaskError::Failed(why)) if why.to_string() == "no"));
    assert!(matches!(bad.peek(), Some(Err(TaskError::Failed(_)))));
    assert!(matches!(bad.result(), Err(TaskError::Failed(_))));
    let good = pool.spawn(|| 1);
    good.wait();
    assert!(good.error().is_none());
    assert_eq!(good.peek().unwrap().unwrap(), &1);
}

#[test]
fn f15_error_never_blocks_and_is_there_after_a_wait() {
    let _watch = watch();
    let (promise, future) = promise::<u32>();
    assert!(future.error().is_none());
    assert!(!future.wait_timeout(Duration::ZERO));
    thread::scope(|s| {
        let waiter = s.spawn(|| {
            future.wait();
            future.error().map(|error| format!("{error:#}"))
        });
        promise.fail(BoxError::from("no row")).unwrap();
        assert_eq!(waiter.join().unwrap().unwrap(), "the task failed: no row");
    });
    let (_kept, cancelled) = raddle::promise::<u32>();
    cancelled.cancel();
    assert!(matches!(cancelled.error(), Some(TaskError::Cancelled)));
}

#[test]
fn f16_shared_shows_the_same_outcome_to_all() {
    let _watch = watch();
    let pool = pool(2);
    let gate = Gate::default();
    let at = gate.clone();
    let shared = pool
        .spawn(move || {
            at.wait();
            vec![1, 2, 3]
        })
        .shared();
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let mine = shared.clone();
            thread::spawn(move || std::ptr::from_ref(mine.result().unwrap()).addr())
        })
        .collect();
    gate.open();
    let here = std::ptr::from_ref(shared.result().unwrap()).addr();
    assert!(
        readers
            .into_iter()
            .all(|reader| reader.join().unwrap() == here)
    );
    assert_eq!(shared.result().unwrap(), &[1, 2, 3]);
    assert_eq!(
        shared.result().unwrap(),
        &[1, 2, 3],
        "as often as one likes"
    );
}

#[test]
fn f16_shared_outcome_is_dropped_once_with_the_last_clone() {
    let _watch = watch();
    let pool = pool(1);
    let drops = Drops::default();
    let item = drops.item();
    let shared = pool.spawn(move || item).shared();
    let other = shared.clone();
    shared.wait();
    drop(shared);
    assert_eq!(drops.count(), 0);
    assert!(other.result().is_ok());
    drop(other);
    assert_eq!(drops.count(), 1);
}

#[test]
fn f16_a_clone_shows_what_the_future_shows() {
    let _watch = watch();
    let pool = pool(1);
    let gate = Gate::default();
    let shared = running(&pool, &gate).shared();
    assert!(shared.is_running() && !shared.is_done() && !shared.is_cancelled());
    assert!(!shared.wait_timeout(Duration::ZERO));
    assert!(shared.peek().is_none());
    gate.open();
    shared.wait();
    assert_eq!(shared.clone().state(), FutureState::Finished);
    assert_eq!(shared.peek().unwrap().unwrap(), &7);
}

#[test]
fn f26_the_first_outcome_stands() {
    let _watch = watch();
    // `complete` and `fail` consume the promise, so a second outcome does not compile; what is left is
    // a second start.
    let (promise, future) = promise();
    assert!(promise.start());
    assert!(!promise.start());
    promise.complete(1).unwrap();
    assert_eq!(future.result().unwrap(), 1);
}

#[test]
fn f27_an_outcome_for_a_cancelled_future_comes_back_to_the_producer() {
    let _watch = watch();
    let drops = Drops::default();
    let (first, future) = promise();
    assert!(future.cancel());
    assert!(first.is_cancelled());
    let back = first.complete(drops.item()).unwrap_err();
    assert_eq!(drops.count(), 0);
    drop(back);
    assert_eq!(drops.count(), 1);
    let (second, future) = promise::<u32>();
    assert!(future.cancel());
    let back = second.fail(BoxError::from("late")).unwrap_err();
    assert!(matches!(back, TaskError::Failed(why) if why.to_string() == "late"));
}

#[test]
fn f27_an_outcome_for_a_future_that_is_gone_is_dropped_once() {
    let _watch = watch();
    let drops = Drops::default();
    let (first, future) = promise();
    drop(future);
    assert!(first.complete(drops.item()).is_ok());
    assert_eq!(drops.count(), 1);
}

#[test]
fn f28_start_is_true_once_and_false_for_a_cancelled_future() {
    let _watch = watch();
    let (first, future) = promise::<u32>();
    assert!(first.start());
    assert!(!first.start());
    assert!(!first.cancel_requested());
    assert!(!future.cancel(), "too late");
    assert!(first.cancel_requested());
    assert!(!first.is_cancelled());
    first.complete(1).unwrap();
    assert_eq!(future.result().unwrap(), 1);

    let (second, future) = promise::<u32>();
    assert!(future.cancel());
    assert!(!second.start());
    assert!(matches!(future.result(), Err(TaskError::Cancelled)));
}

#[test]
fn f28_of_start_and_cancel_one_wins() {
    let _watch = watch();
    for _ in 0..500 {
        let (promise, future) = promise::<u32>();
        let (started, cancelled) = thread::scope(|s| {
            let starter = s.spawn(move || {
                let started = promise.start();
                (started, promise.complete(1).is_ok())
            });
            let cancelled = future.cancel();
            (starter.join().unwrap(), cancelled)
        });
        assert_eq!(started, (!cancelled, !cancelled));
    }
}

#[test]
fn f29_debug_shows_name_state_and_outcome() {
    let _watch = watch();
    let pool = pool(1);
    let gate = Gate::default();
    let at = gate.clone();
    let future = pool.task().name("load").spawn(move || {
        at.wait();
        1u32
    });
    until(|| future.is_running());
    let queued = pool.spawn(|| 1u32);
    assert_eq!(
        format!("{future:?}"),
        r#"Future { name: "load", state: Running }"#
    );
    assert_eq!(format!("{queued:?}"), "Future { state: Pending }");
    queued.cancel();
    assert_eq!(
        format!("{queued:?}"),
        "Future { state: Cancelled, error: Cancelled }"
    );
    gate.open();
    future.wait();
    let done = r#"{ name: "load", state: Finished, result: "u32" }"#;
    assert_eq!(format!("{future:?}"), format!("Future {done}"));
    assert_eq!(
        format!("{:?}", future.shared()),
        format!("SharedFuture {done}")
    );
    let failed = pool.try_spawn(|| Err::<u32, _>("no"));
    failed.wait();
    assert_eq!(
        format!("{failed:?}"),
        r#"Future { state: Failed, error: Failed("no") }"#
    );
    let (promise, _future) = promise::<u32>();
    assert_eq!(format!("{promise:?}"), "Promise { state: Pending }");
}

#[test]
fn f29_a_task_has_the_name_that_it_was_given() {
    let _watch = watch();
    let pool = pool(1);
    let constant = pool.task().name("constant").spawn(|| 1);
    let made = pool
        .task()
        .name(format!("row {}", 3))
        .try_spawn(|| Ok::<_, BoxError>(1));
    let bound = pool.task().name("bound").spawn_on(0, || 1);
    let nameless = pool.spawn(|| 1);
    let names = [&constant, &made, &bound, &nameless].map(Future::name);
    assert_eq!(
        names,
        [Some("constant"), Some("row 3"), Some("bound"), None]
    );
    for future in [&constant, &made, &bound, &nameless] {
        future.wait();
    }
    assert_eq!(constant.shared().name(), Some("constant"));
    assert_eq!(made.cancel_on_drop().name(), Some("row 3"));
}

#[test]
fn f30_names_are_importable_from_the_root_or_their_kind_of_pool() {
    // That this compiles is the test.
    #[allow(unused_imports)]
    use raddle::executor::{Chunk, Map, MapUnordered, WorkerInfo};
    #[allow(unused_imports)]
    use raddle::process::{
        self, BytesIn, BytesOut, CodeError, Limit, LostCause, Output, PayloadError, PayloadReason,
        PayloadStage, ProcessPoolBuilder, Start, WhenWorkerDies, WorkerExit, WorkerLost,
        worker_main,
    };
    #[allow(unused_imports)]
    use raddle::thread::{self, Idle, Scope, ThreadPoolBuilder, current_worker};
    #[allow(unused_imports)]
    use raddle::{
        AnyExecutor, AsCompleted, AsCompletedTimeout, BoxError, BuildError, CancelOnDrop, Executor,
        Future, FutureState, PanicReport, Payload, Pin, ProcessPool, Promise, Rejected, Report,
        ReturnWhen, SharedFuture, Shutdown, ShutdownError, TaskError, ThreadPool, TimedOut,
        Waitable, Waited, WhenFull, as_completed, cancel_requested, promise, set_report_hook, wait,
        wait_timeout,
    };
    // What both kinds of pool have is called the same.
    type OfThreads<'a> = (thread::Stats, thread::WorkerStats, thread::TaskBuilder<'a>);
    type OfProcesses<'a> = (
        process::Stats,
        process::WorkerStats,
        process::TaskBuilder<'a>,
    );
    fn exist<T>() {}
    exist::<(OfThreads<'_>, OfProcesses<'_>)>();
}

#[test]
fn f31_a_snapshot_is_never_torn() {
    let _watch = watch();
    let pool = pool(1);
    for round in 0..300u64 {
        let shared = pool.spawn(move || (round, !round)).shared();
        if round % 3 == 0 {
            shared.cancel();
        }
        thread::scope(|s| {
            for _ in 0..2 {
                let mine = shared.clone();
                s.spawn(move || {
                    loop {
                        match mine.peek() {
                            None => continue,
                            Some(Ok(&(a, b))) => {
                                assert_eq!((a, b), (round, !round));
                                assert_eq!(mine.state(), FutureState::Finished);
                            }
                            Some(Err(error)) => {
                                assert!(matches!(error, TaskError::Cancelled));
                                assert_eq!(mine.state(), FutureState::Cancelled);
                            }
                        }
                        assert!(mine.is_done());
                        break;
                    }
                });
            }
        });
    }
}

#[test]
fn f33_an_executor_of_ones_own_is_a_promise_away() {
    let _watch = watch();
    fn on_a_thread<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Future<T> {
        let (promise, future) = promise();
        thread::spawn(move || {
            if promise.start() {
                let _ = promise.complete(f());
            }
        });
        future
    }
    let futures: Vec<_> = (0..4).map(|n| on_a_thread(move || n * 2)).collect();
    let sum: i32 = raddle::as_completed(futures)
        .map(|future| future.result().unwrap())
        .sum();
    assert_eq!(sum, 12);
}

#[test]
fn f33_a_promise_moves_and_takes_any_error() {
    let _watch = watch();
    fn ends<T: Send + 'static>(end: impl FnOnce(Promise<T>) + Send + 'static) -> Future<T> {
        let (promise, future) = promise();
        thread::spawn(move || end(promise));
        future
    }
    let failed = ends(|p: Promise<u32>| p.fail(BoxError::from("no")).unwrap()).result();
    assert!(matches!(failed, Err(TaskError::Failed(_))));
    let timed = ends(|p: Promise<u32>| p.fail(TaskError::TimedOut).unwrap()).result();
    assert!(matches!(timed, Err(TaskError::TimedOut)));
    let refused = Rejected::ShutDown {
        pool: "mine".into(),
    };
    let refused = ends(|p: Promise<u32>| p.fail(refused).unwrap()).result();
    assert!(matches!(
        refused,
        Err(TaskError::Rejected(Rejected::ShutDown { .. }))
    ));
    // A cancelled task of one's own looks like every other failed one, but for its error.
    let future = ends(|p: Promise<u32>| p.fail(TaskError::Cancelled).unwrap());
    assert!(matches!(future.result(), Err(TaskError::Cancelled)));
}

#[test]
fn f34_dropping_the_future_lets_the_task_run() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let ran = Gate::default();
    let inside = ran.clone();
    pool.spawn(move || inside.open());
    busy.let_go();
    ran.wait();
}

#[test]
fn f34_a_result_that_nobody_takes_is_dropped_once() {
    let _watch = watch();
    let pool = pool(1);
    let drops = Drops::default();
    let (before, after) = (drops.item(), drops.item());
    let busy = hold(&pool);
    drop(pool.spawn(move || before));
    busy.let_go();
    let done = pool.spawn(move || after);
    done.wait();
    drop(done);
    drop(pool);
    assert_eq!(drops.count(), 2);
}

#[test]
fn f34_cancel_on_drop_cancels_and_into_inner_does_not() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let drops = Drops::default();
    let captured = drops.item();
    let unwanted = pool.spawn(move || drop(captured)).cancel_on_drop();
    let wanted = pool.spawn(|| 2).cancel_on_drop();
    let kept = pool.spawn(|| 3).cancel_on_drop();
    assert_eq!(unwanted.state(), FutureState::Pending);
    drop(unwanted);
    assert_eq!(drops.count(), 1, "cancelled, so its closure is gone");
    let kept = kept.into_inner();
    busy.let_go();
    assert_eq!(wanted.result().unwrap(), 2);
    assert_eq!(kept.result().unwrap(), 3);
}

#[test]
fn f34_cancel_on_drop_asks_a_running_task_to_stop() {
    let _watch = watch();
    let pool = pool(1);
    let has_started = Gate::default();
    let (inside, stopped) = (has_started.clone(), Gate::default());
    let end = stopped.clone();
    let guard = pool
        .spawn(move || {
            inside.open();
            until(raddle::cancel_requested);
            end.open();
        })
        .cancel_on_drop();
    has_started.wait();
    drop(guard);
    stopped.wait();
}

#[test]
fn f34_an_error_that_nobody_looked_at_reaches_the_hook() {
    let _watch = watch();
    let reports = reports();
    let pool = pool(1);
    // Dropped before the end, and after it.
    let busy = hold(&pool);
    drop(
        pool.task()
            .name("f34-early")
            .try_spawn(|| Err::<(), _>("nobody asked")),
    );
    busy.let_go();
    let report = reports.wait_for("f34-early");
    assert!(report.starts_with("UnobservedError") && report.contains("nobody asked"));
    let late = pool.task().name("f34-late").spawn(|| panic!("unheard"));
    late.wait();
    assert_eq!(reports.count("f34-late"), 0);
    drop::<Future<()>>(late);
    assert_eq!(reports.count("f34-late"), 1);
    let shared = pool
        .task()
        .name("f34-shared")
        .try_spawn(|| Err::<u8, _>("no"))
        .shared();
    shared.wait();
    drop(shared.clone());
    assert_eq!(reports.count("f34-shared"), 0);
    drop(shared);
    assert_eq!(reports.count("f34-shared"), 1);
    let (promise, future) = promise::<u8>();
    drop(future);
    promise.fail(BoxError::from("f34-promise")).unwrap();
    assert_eq!(reports.count("f34-promise"), 1);
}

#[test]
fn f34_an_error_that_was_looked_at_reaches_nobody_else() {
    let _watch = watch();
    let reports = reports();
    let pool = pool(1);
    let fail = || {
        let future = pool
            .task()
            .name("f34-seen")
            .try_spawn(|| Err::<u8, _>("no"));
        future.wait();
        future
    };
    assert!(fail().result().is_err());
    assert!(fail().try_result().unwrap().is_err());
    assert!(fail().error().is_some());
    assert!(fail().peek().unwrap().is_err());
    assert!(fail().shared().result().is_err());
    fail().add_done_callback(|outcome| assert!(outcome.is_err()));
    let cancelled = pool.task().name("f34-seen").spawn(|| 1);
    cancelled.cancel();
    drop(cancelled);
    drop(pool);
    assert_eq!(reports.count("f34-seen"), 0);
}

#[test]
fn f35_a_promise_dropped_without_an_outcome_abandons_its_future() {
    let _watch = watch();
    let (promise, future) = promise::<u32>();
    let asker = thread::spawn(move || future.result());
    drop(promise);
    assert!(matches!(asker.join().unwrap(), Err(TaskError::Abandoned)));
    // Started ones, too; and by a panic of the producer.
    let (promise, future) = raddle::promise::<u32>();
    assert!(promise.start());
    let producer = thread::spawn(move || {
        let _promise = promise;
        panic!("the producer is gone");
    });
    assert!(matches!(future.result(), Err(TaskError::Abandoned)));
    assert!(producer.join().is_err());
    // Nobody misses the outcome of a cancelled one.
    let (promise, future) = raddle::promise::<u32>();
    assert!(future.cancel());
    drop(promise);
    assert!(matches!(future.result(), Err(TaskError::Cancelled)));
}

#[test]
fn bad_input_a_result_whose_drop_panics_is_reported_and_harms_nobody() {
    let _watch = watch();
    let reports = reports();
    let pool = pool(1);
    let busy = hold(&pool);
    drop(pool.spawn(|| Bomb("bomb in a detached result")));
    busy.let_go();
    let report = reports.wait_for("bomb in a detached result");
    assert!(report.starts_with("DropPanicked") && report.contains("\"result\""));
    let done = pool.spawn(|| Bomb("bomb in a result that was not taken"));
    done.wait();
    drop(done);
    assert_eq!(reports.count("bomb in a result that was not taken"), 1);
    let shared = pool.spawn(|| Bomb("bomb in a shared result")).shared();
    shared.wait();
    drop(shared);
    assert_eq!(reports.count("bomb in a shared result"), 1);
    assert_eq!(pool.spawn(|| 1).result().unwrap(), 1, "the worker lives");
}

#[test]
fn bad_input_a_task_that_panics_in_its_own_drop_fails_or_is_reported() {
    let _watch = watch();
    let reports = reports();
    let pool = pool(1);
    let captured = Bomb("bomb in a task that ran");
    let ran = pool.spawn(move || {
        let _captured = &captured;
        1
    });
    let Err(TaskError::Panicked(report)) = ran.result() else {
        panic!("its captures panicked when they were dropped")
    };
    assert_eq!(report.message(), "bomb in a task that ran");
    let busy = hold(&pool);
    let captured = Bomb("bomb in a cancelled task");
    let cancelled = pool.spawn(move || {
        let _captured = &captured;
    });
    assert!(cancelled.cancel(), "the panic stays inside");
    let report = reports.wait_for("bomb in a cancelled task");
    assert!(report.starts_with("DropPanicked") && report.contains("\"task\""));
    assert!(matches!(cancelled.result(), Err(TaskError::Cancelled)));
    // Cancelled by the pool, and refused by it.
    let captured = Bomb("bomb in a task of a pool that ends");
    let swept = pool.spawn(move || drop(captured));
    pool.close(Shutdown::CancelPending);
    assert!(matches!(swept.result(), Err(TaskError::Cancelled)));
    reports.wait_for("bomb in a task of a pool that ends");
    let captured = Bomb("bomb in a refused task");
    let refused = pool.spawn(move || drop(captured));
    assert!(matches!(refused.result(), Err(TaskError::Rejected(_))));
    reports.wait_for("bomb in a refused task");
    busy.let_go();
}

#[test]
fn bad_input_a_panic_payload_whose_drop_panics_is_the_takers_business_or_reported() {
    let _watch = watch();
    let reports = reports();
    let pool = pool(1);
    let busy = hold(&pool);
    drop(pool.spawn(|| std::panic::panic_any(Bomb("bomb in a payload"))));
    busy.let_go();
    reports.wait_for("bomb in a payload");
    assert_eq!(pool.spawn(|| 1).result().unwrap(), 1, "the worker lives");
}
