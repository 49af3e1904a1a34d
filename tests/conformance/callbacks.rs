//! Rows F17 to F25: done-callbacks; and what a callback may do to its own pool.

use crate::common::{Bomb, Drops, Gate, hold, reports, until, watch};
use raddle::{
    BoxError, FutureState, ReturnWhen, SharedFuture, Shutdown, ShutdownError, TaskError,
    ThreadPool, promise, wait, wait_timeout,
};
use std::future::Future;
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Context, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

fn pool(workers: usize) -> ThreadPool {
    ThreadPool::new(workers).unwrap()
}

/// A pool that tells when all of its threads are over.
fn mortal_pool() -> (ThreadPool, mpsc::Receiver<()>) {
    let (ended, is_over) = mpsc::channel();
    let ended = Mutex::new(ended);
    let pool = ThreadPool::builder()
        .workers(1)
        .on_stop(move |_| ended.lock().unwrap().send(()).unwrap())
        .build()
        .unwrap();
    (pool, is_over)
}

#[test]
fn f17_a_callback_gets_the_value() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let (heard, said) = mpsc::channel();
    let future = pool.spawn(|| String::from("value"));
    future.add_done_callback(move |outcome| heard.send(outcome.unwrap().clone()).unwrap());
    busy.let_go();
    assert_eq!(said.recv().unwrap(), "value");
    assert_eq!(future.result().unwrap(), "value", "it only looked");
}

#[test]
fn f17_the_outcome_is_seen_by_the_callback_before_anyone_can_take_it() {
    let _watch = watch();
    let pool = pool(2);
    for round in 0..300 {
        let called = Arc::new(AtomicUsize::new(0));
        let calls = Arc::clone(&called);
        let future = pool.spawn(move || round);
        future.add_done_callback(move |outcome| {
            assert_eq!(outcome.unwrap(), &round);
            calls.fetch_add(1, SeqCst);
        });
        assert_eq!(future.result().unwrap(), round);
        assert_eq!(called.load(SeqCst), 1, "exactly once, and before result");
    }
}

#[test]
fn f17_the_future_is_done_when_its_callback_runs() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let shared = pool.spawn(|| 4).shared();
    let (heard, said) = mpsc::channel();
    let mine = shared.clone();
    shared.add_done_callback(move |_| {
        // It can be asked and waited for like any other done future.
        mine.wait();
        let waited = wait([mine.clone()], ReturnWhen::AllCompleted);
        let seen = (mine.state(), *mine.result().unwrap(), waited.done.len());
        heard.send(seen).unwrap();
    });
    busy.let_go();
    assert_eq!(said.recv().unwrap(), (FutureState::Finished, 4, 1));
}

#[test]
fn f18_a_callback_gets_the_error_and_the_panic() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let (heard, said) = mpsc::channel();
    let failing = pool.try_spawn(|| Err::<u8, _>("no"));
    let panicking = pool.spawn(|| -> u8 { panic!("f18") });
    for future in [&failing, &panicking] {
        let heard = heard.clone();
        future.add_done_callback(move |outcome| match outcome.unwrap_err() {
            TaskError::Failed(why) => heard.send(why.to_string()).unwrap(),
            TaskError::Panicked(report) => heard.send(report.message().to_owned()).unwrap(),
            other => panic!("{other}"),
        });
    }
    busy.let_go();
    assert_eq!(said.iter().take(2).collect::<Vec<_>>(), ["no", "f18"]);
    assert!(failing.result().is_err() && panicking.result().is_err());
}

#[test]
fn f18_a_callback_gets_the_rejection_and_the_broken_promise() {
    let _watch = watch();
    let (heard, said) = mpsc::channel();
    let (promise, future) = promise::<u8>();
    let to = heard.clone();
    future.add_done_callback(move |outcome| to.send(outcome.unwrap_err().to_string()).unwrap());
    drop(promise);
    assert_eq!(said.recv().unwrap(), TaskError::Abandoned.to_string());
    let pool = pool(1);
    pool.shutdown(Shutdown::Drain).unwrap();
    let refused = pool.spawn(|| 1u8);
    refused.add_done_callback(move |outcome| heard.send(outcome.unwrap_err().to_string()).unwrap());
    assert!(said.recv().unwrap().contains("has been shut down"));
}

#[test]
fn f19_a_callback_runs_on_cancel() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let future = pool.spawn(|| 1);
    let heard = Arc::new(Mutex::new(Vec::<ThreadId>::new()));
    let ear = Arc::clone(&heard);
    future.add_done_callback(move |outcome| {
        assert!(matches!(outcome, Err(TaskError::Cancelled)));
        ear.lock().unwrap().push(thread::current().id());
    });
    assert!(future.cancel());
    let here = [thread::current().id()];
    assert_eq!(
        *heard.lock().unwrap(),
        here,
        "once, in cancel, on its thread"
    );
    assert!(future.cancel());
    busy.let_go();
    drop(pool);
    assert_eq!(heard.lock().unwrap().len(), 1);
}

#[test]
fn f19_a_callback_runs_when_the_pool_cancels_what_is_pending() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let (heard, said) = mpsc::channel();
    let futures: Vec<_> = (0..100).map(|n| pool.spawn(move || n)).collect();
    for future in &futures {
        let heard = heard.clone();
        future.add_done_callback(move |outcome| heard.send(outcome.is_err()).unwrap());
    }
    pool.close(Shutdown::CancelPending);
    assert!(said.iter().take(100).all(|cancelled| cancelled));
    busy.let_go();
    assert!(futures.iter().all(|future| future.is_cancelled()));
}

#[test]
fn f20_a_callback_of_a_done_future_runs_here_and_now() {
    let _watch = watch();
    let pool = pool(1);
    let finished = pool.spawn(|| 1);
    let failed = pool.try_spawn(|| Err::<i32, _>("no"));
    let (_kept, cancelled) = promise::<i32>();
    cancelled.cancel();
    for (future, fine) in [(finished, true), (failed, false), (cancelled, false)] {
        future.wait();
        let heard = Arc::new(Mutex::new(None));
        let ear = Arc::clone(&heard);
        future.add_done_callback(move |outcome| {
            *ear.lock().unwrap() = Some((outcome.is_ok(), thread::current().id()));
        });
        let seen = *heard.lock().unwrap();
        assert_eq!(seen, Some((fine, thread::current().id())));
    }
}

#[test]
fn f20_a_callback_that_races_with_the_end_runs_exactly_once() {
    let _watch = watch();
    let pool = pool(1);
    let mut late = 0;
    for round in 0..500 {
        let called = Arc::new(AtomicUsize::new(0));
        let future = pool.spawn(move || round);
        for _ in 0..3 {
            let calls = Arc::clone(&called);
            future.add_done_callback(move |outcome| {
                assert_eq!(outcome.unwrap(), &round);
                calls.fetch_add(1, SeqCst);
            });
        }
        late += usize::from(future.is_done());
        assert_eq!(future.result().unwrap(), round);
        until(|| called.load(SeqCst) == 3);
        assert_eq!(Arc::strong_count(&called), 1, "each was dropped");
    }
    let _either = late;
}

#[test]
fn f21_callbacks_run_in_the_order_in_which_they_were_added() {
    let _watch = watch();
    let (promise, future) = promise();
    let order = Arc::new(Mutex::new(Vec::new()));
    for n in 0..50 {
        let order = Arc::clone(&order);
        future.add_done_callback(move |_| order.lock().unwrap().push(n));
    }
    promise.complete(0u8).unwrap();
    let n = 50;
    let last = Arc::clone(&order);
    future.add_done_callback(move |_| last.lock().unwrap().push(n));
    assert_eq!(*order.lock().unwrap(), (0..=50).collect::<Vec<_>>());
}

#[test]
fn f21_polls_and_dropped_clones_and_ended_waits_keep_the_order() {
    let _watch = watch();
    for _ in 0..200 {
        let (promise, future) = promise::<u8>();
        let shared = future.shared();
        let (order, over) = (Arc::new(Mutex::new(Vec::new())), AtomicBool::new(false));
        let together = Barrier::new(4);
        let (completer, adder) = thread::scope(|s| {
            let (over, together) = (&over, &together);
            let clone = shared.clone();
            s.spawn(move || {
                let mut context = Context::from_waker(Waker::noop());
                let mut kept = clone.clone();
                together.wait();
                while !over.load(SeqCst) {
                    let mut brief = clone.clone();
                    let _ = Pin::new(&mut brief).poll(&mut context);
                    let _ = Pin::new(&mut kept).poll(&mut context);
                }
            });
            let clone = shared.clone();
            s.spawn(move || {
                together.wait();
                while !over.load(SeqCst) {
                    let futures = [clone.clone()];
                    let _ = wait_timeout(futures, ReturnWhen::AllCompleted, Duration::ZERO);
                }
            });
            let completer = s.spawn(move || {
                together.wait();
                promise.complete(1).unwrap();
                thread::current().id()
            });
            together.wait();
            for n in 0..20 {
                let order = Arc::clone(&order);
                shared.add_done_callback(move |_| {
                    order.lock().unwrap().push((n, thread::current().id()));
                });
            }
            let completer = completer.join().unwrap();
            over.store(true, SeqCst);
            (completer, thread::current().id())
        });
        let order = order.lock().unwrap();
        let numbers: Vec<i32> = order.iter().map(|&(n, _)| n).collect();
        assert_eq!(numbers, (0..20).collect::<Vec<_>>());
        for (_, ran_on) in order.iter() {
            assert!(
                *ran_on == completer || *ran_on == adder,
                "on whoever completes, or here and now"
            );
        }
    }
}

#[test]
fn f21_a_callback_added_by_a_callback_runs_after_it_and_once() {
    let _watch = watch();
    let (promise, future) = promise::<u8>();
    let shared = future.shared();
    let order = Arc::new(Mutex::new(Vec::new()));
    let (mine, outer, inner) = (shared.clone(), Arc::clone(&order), Arc::clone(&order));
    shared.add_done_callback(move |_| {
        outer.lock().unwrap().push("first");
        mine.add_done_callback(move |_| inner.lock().unwrap().push("added"));
    });
    let second = Arc::clone(&order);
    shared.add_done_callback(move |_| second.lock().unwrap().push("second"));
    promise.complete(1).unwrap();
    let mut order = order.lock().unwrap().clone();
    assert_eq!(order[0], "first");
    order.sort_unstable();
    assert_eq!(order, ["added", "first", "second"]);
}

#[test]
fn f22_a_callback_runs_on_the_thread_that_completes() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let (heard, said) = mpsc::channel();
    let future = pool.spawn(|| (std::process::id(), thread::current().id()));
    future.add_done_callback(move |outcome| {
        let &task = outcome.unwrap();
        heard
            .send((task, (std::process::id(), thread::current().id())))
            .unwrap();
    });
    busy.let_go();
    let (task, callback) = said.recv().unwrap();
    assert_eq!(task, callback);
    assert_eq!(callback.0, std::process::id());
    drop(future);

    let (promise, future) = promise();
    let (heard, said) = mpsc::channel();
    future.add_done_callback(move |_| heard.send(thread::current().id()).unwrap());
    let producer = thread::spawn(move || {
        promise.complete(1u8).unwrap();
        thread::current().id()
    });
    assert_eq!(said.recv().unwrap(), producer.join().unwrap());
}

#[test]
fn f23_a_callback_that_panics_is_reported_and_the_others_run() {
    let _watch = watch();
    let reports = reports();
    let pool = pool(1);
    let busy = hold(&pool);
    let future = pool.task().name("f23-task").spawn(|| 1);
    let called = Arc::new(AtomicUsize::new(0));
    for n in 0..3 {
        let calls = Arc::clone(&called);
        future.add_done_callback(move |_| {
            calls.fetch_add(1, SeqCst);
            assert!(n != 1, "f23-callback");
        });
    }
    busy.let_go();
    let report = reports.wait_for("f23-callback");
    assert!(report.starts_with("CallbackPanicked") && report.contains("f23-task"));
    assert_eq!(future.result().unwrap(), 1);
    assert_eq!(called.load(SeqCst), 3);
    assert_eq!(reports.count("f23-callback"), 1);
    assert_eq!(pool.spawn(|| 2).result().unwrap(), 2, "the worker lives");
}

#[test]
fn f23_a_callback_that_panics_on_cancel_does_not_reach_the_canceller() {
    let _watch = watch();
    let reports = reports();
    let (_promise, future) = promise::<u8>();
    future.add_done_callback(|_| panic!("f23-on-cancel"));
    assert!(future.cancel());
    assert_eq!(reports.count("f23-on-cancel"), 1);
}

#[test]
fn f24_a_callback_that_panics_at_once_is_reported_with_the_name() {
    let _watch = watch();
    let reports = reports();
    let pool = pool(1);
    let future = pool.task().name("f24-task").spawn(|| 1);
    future.wait();
    future.add_done_callback(|_| panic!("f24-callback"));
    let report = reports.wait_for("f24-callback");
    assert!(report.starts_with("CallbackPanicked") && report.contains("f24-task"));
    assert_eq!(future.result().unwrap(), 1);
}

#[test]
fn f25_any_panic_of_a_callback_stays_inside() {
    let _watch = watch();
    let reports = reports();
    let pool = pool(1);
    let busy = hold(&pool);
    let future = pool.task().name("f25-task").spawn(|| 1);
    let called = Gate::default();
    let inside = called.clone();
    future.add_done_callback(|_| panic_any(7));
    future.add_done_callback(|_| panic_any(Bomb("f25-payload")));
    let captured = Bomb("f25-capture");
    future.add_done_callback(move |_| {
        let _captured = &captured;
    });
    future.add_done_callback(move |_| inside.open());
    busy.let_go();
    called.wait();
    assert_eq!(future.result().unwrap(), 1);
    assert_eq!(reports.count("f25-payload"), 1, "its payload's drop");
    assert_eq!(reports.count("f25-capture"), 1);
    assert_eq!(reports.count("f25-task"), 3);
    assert_eq!(pool.spawn(|| 2).result().unwrap(), 2, "the worker lives");
}

#[test]
fn f34_a_dropped_future_still_runs_its_callbacks_once() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let drops = Drops::default();
    let (item, captured) = (drops.item(), drops.item());
    let (heard, said) = mpsc::channel();
    let future = pool.spawn(move || item);
    future.add_done_callback(move |outcome| {
        let _captured = &captured;
        heard.send(outcome.is_ok()).unwrap();
    });
    drop(future);
    assert_eq!(drops.count(), 0);
    busy.let_go();
    assert!(said.recv().unwrap());
    assert!(said.recv().is_err(), "and never again");
    drop(pool);
    assert_eq!(drops.count(), 2);
}

#[test]
fn bad_input_a_callback_may_drop_the_last_handle_of_its_future() {
    let _watch = watch();
    let pool = pool(1);
    for _ in 0..100 {
        let drops = Drops::default();
        let item = drops.item();
        let busy = hold(&pool);
        let shared = pool.spawn(move || item).shared();
        let hold: Arc<Mutex<Option<SharedFuture<_>>>> = Arc::default();
        let held = Arc::clone(&hold);
        shared.add_done_callback(move |outcome| {
            let last = held.lock().unwrap().take();
            assert!(outcome.is_ok());
            drop(last);
            assert!(outcome.is_ok(), "it stays until the callbacks are over");
        });
        *hold.lock().unwrap() = Some(shared);
        busy.let_go();
        until(|| drops.count() == 1);
    }
}

#[test]
fn bad_input_a_callback_may_cancel() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let first = pool.spawn(|| 1).shared();
    let second = pool.spawn(|| 2).shared();
    let (heard, said) = mpsc::channel();
    let (own, other) = (first.clone(), second.clone());
    first.add_done_callback(move |_| heard.send((own.cancel(), other.cancel())).unwrap());
    busy.let_go();
    assert_eq!(said.recv().unwrap(), (false, true));
    assert_eq!(first.result().unwrap(), &1);
    assert!(second.is_cancelled());

    let (_promise, future) = promise::<u8>();
    let shared = future.shared();
    let (mine, (heard, said)) = (shared.clone(), mpsc::channel());
    shared.add_done_callback(move |_| heard.send(mine.cancel()).unwrap());
    assert!(shared.cancel());
    assert!(said.recv().unwrap(), "it is cancelled already");
}

#[test]
fn bad_input_a_callback_may_submit_to_and_wait_on_its_own_pool() {
    let _watch = watch();
    let pool = Arc::new(pool(1));
    let busy = hold(&pool);
    let (heard, said) = mpsc::channel();
    let future = pool.spawn(|| 20);
    let same = Arc::clone(&pool);
    future.add_done_callback(move |outcome| {
        let &twenty = outcome.unwrap();
        let sum = same.spawn(move || twenty + 1).result().unwrap();
        let many = same.spawn_many((0..10).map(|n| move || n));
        let rest: i32 = many.into_iter().map(|one| one.result().unwrap()).sum();
        heard.send(sum + rest).unwrap();
    });
    busy.let_go();
    assert_eq!(said.recv().unwrap(), 20 + 1 + 45);
    assert_eq!(future.result().unwrap(), 20);
}

#[test]
fn bad_input_a_callback_may_wait_for_work_that_was_queued_before_it() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let (heard, said) = mpsc::channel();
    let first = pool.spawn(|| 1);
    let second = pool.spawn(|| 2);
    first.add_done_callback(move |_| heard.send(second.result().unwrap()).unwrap());
    busy.let_go();
    assert_eq!(said.recv().unwrap(), 2);
    drop(first);
}

#[test]
fn bad_input_a_callback_may_drop_its_own_pool() {
    let _watch = watch();
    for _ in 0..20 {
        let (pool, is_over) = mortal_pool();
        let gate = Gate::default();
        let at = gate.clone();
        let future = pool.spawn(move || at.wait());
        let after = pool.spawn(|| 5);
        future.add_done_callback(move |_| drop(pool));
        gate.open();
        future.result().unwrap();
        assert_eq!(after.result().unwrap(), 5, "accepted before, so it is done");
        is_over.recv().unwrap();
    }
}

#[test]
fn bad_input_a_callback_that_shuts_its_own_pool_down_gets_an_error() {
    let _watch = watch();
    let (pool, is_over) = mortal_pool();
    let pool = Arc::new(pool);
    let busy = hold(&pool);
    let (heard, said) = mpsc::channel();
    let (future, queued) = (pool.spawn(|| 1), pool.spawn(|| 2));
    let same = Arc::clone(&pool);
    future.add_done_callback(move |_| {
        let answer = same.shutdown(Shutdown::CancelPending);
        heard.send((answer, same.spawn(|| 3).result())).unwrap();
    });
    busy.let_go();
    let (answer, late) = said.recv().unwrap();
    assert!(matches!(
        answer,
        Err(ShutdownError::InsideWorker { worker: 0, .. })
    ));
    assert!(matches!(late, Err(TaskError::Rejected(_))));
    assert!(matches!(queued.result(), Err(TaskError::Cancelled)));
    assert_eq!(future.result().unwrap(), 1);
    pool.shutdown(Shutdown::Drain).unwrap();
    is_over.recv().unwrap();
}

#[test]
fn bad_input_callbacks_of_racing_clones_run_once_each() {
    let _watch = watch();
    for _ in 0..200 {
        let (promise, future) = promise::<u8>();
        let shared = future.shared();
        let called = Arc::new(AtomicUsize::new(0));
        let together = Barrier::new(3);
        thread::scope(|s| {
            for _ in 0..2 {
                let (mine, called, together) = (shared.clone(), &called, &together);
                s.spawn(move || {
                    together.wait();
                    for _ in 0..5 {
                        let calls = Arc::clone(called);
                        mine.add_done_callback(move |_| {
                            calls.fetch_add(1, SeqCst);
                        });
                    }
                });
            }
            together.wait();
            promise.fail(BoxError::from("no")).unwrap();
        });
        until(|| called.load(SeqCst) == 10);
        assert!(shared.result().is_err());
    }
}
