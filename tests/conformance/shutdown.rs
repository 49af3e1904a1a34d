//! S: shutdown ends, and leaves no future pending.

use super::common::{Gate, hold, is_shut_down, until, watch};
use super::kit;
use raddle::{
    BuildError, FutureState, Shutdown, ShutdownError, TaskError, ThreadPool, WhenFull, promise,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::time::Duration;

const MODES: [Shutdown; 2] = [Shutdown::Drain, Shutdown::CancelPending];

#[test]
fn s01_shutdown_returns_when_everything_accepted_is_over() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    let held = hold(&pool);
    let done = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let done = Arc::clone(&done);
            pool.spawn(move || done.fetch_add(1, SeqCst))
        })
        .collect();
    std::thread::scope(|s| {
        let ending = s.spawn(|| {
            pool.shutdown(Shutdown::Drain).unwrap();
            done.load(SeqCst)
        });
        until(|| {
            pool.spawn(|| ())
                .try_result()
                .is_ok_and(|outcome| is_shut_down(&outcome))
        });
        held.release();
        assert_eq!(ending.join().unwrap(), 100);
    });
    assert_eq!(pool.stats().threads, 0);
    assert!(
        tasks
            .iter()
            .all(|task| task.state() == FutureState::Finished)
    );
}

#[test]
fn s02_close_does_not_wait_and_accepted_tasks_complete() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    let held = hold(&pool);
    let accepted: Vec<_> = (0..50).map(|n| pool.spawn(move || n)).collect();
    pool.close(Shutdown::Drain);
    // The workers are still held: close has not waited for them.
    assert!(held.tasks.iter().all(|task| task.is_running()));
    assert!(is_shut_down(&pool.spawn(|| ()).result()));
    held.release();
    let results: Vec<i32> = accepted
        .into_iter()
        .map(|task| task.result().unwrap())
        .collect();
    assert_eq!(results, (0..50).collect::<Vec<_>>());
    until(|| pool.stats().threads == 0);
}

#[test]
fn s02_nothing_is_accepted_after_close_even_by_a_worker_that_searches() {
    let _watch = watch();
    for idle in [
        raddle::thread::Idle::NeverPark,
        raddle::thread::Idle::Balanced,
    ] {
        for _ in 0..100 {
            let pool = ThreadPool::builder().workers(1).idle(idle).build().unwrap();
            pool.spawn(|| ()).result().unwrap();
            pool.close(Shutdown::Drain);
            assert!(is_shut_down(&pool.spawn(|| ()).result()));
        }
    }
}

#[test]
fn s03_no_hidden_hook_holds_up_the_end_of_the_process() {
    let _watch = watch();
    if !kit::alone(
        module_path!(),
        "s03_no_hidden_hook_holds_up_the_end_of_the_process",
    ) {
        return;
    }
    let pool = ThreadPool::new(1).unwrap();
    let started = Arc::new(Barrier::new(2));
    let never = Gate::default();
    let (go, stay) = (Arc::clone(&started), never.clone());
    pool.spawn(move || {
        go.wait();
        stay.wait()
    });
    started.wait();
    // Leaked, so nothing joins it; the process ends with its task running.
    std::mem::forget((pool, never));
}

#[test]
fn s04_cancel_pending_cancels_what_has_not_started() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    let held = hold(&pool);
    let pending: Vec<_> = (0..100).map(|n| pool.spawn(move || n)).collect();
    pool.close(Shutdown::CancelPending);
    for task in pending {
        assert!(matches!(task.result(), Err(TaskError::Cancelled)));
    }
    assert!(held.tasks.iter().all(|task| task.is_running()));
    held.release();
    pool.shutdown(Shutdown::CancelPending).unwrap();
    assert!(
        held.tasks
            .iter()
            .all(|task| task.state() == FutureState::Finished)
    );
}

#[test]
fn s04_cancelled_closures_are_dropped_at_once() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    let held = hold(&pool);
    let token = Arc::new(());
    let pending: Vec<_> = (0..10)
        .map(|_| {
            let token = Arc::clone(&token);
            pool.spawn(move || drop(token))
        })
        .collect();
    pool.close(Shutdown::CancelPending);
    assert_eq!(Arc::strong_count(&token), 1);
    drop((held, pending));
}

#[test]
fn s05_no_future_left_pending() {
    let _watch = watch();
    for how in MODES {
        for round in 0..30 {
            let pool = Arc::new(ThreadPool::new(1 + round % 3).unwrap());
            let held = hold(&pool);
            let mut tasks: Vec<_> = (0..40).map(|_| pool.spawn(|| ())).collect();
            tasks.extend((0..pool.workers()).map(|worker| pool.spawn_on(worker, || ())));
            let (inner, inners) = mpsc::channel();
            for _ in 0..10 {
                let (inside, inner) = (Arc::downgrade(&pool), inner.clone());
                tasks.push(pool.spawn(move || {
                    if let Some(pool) = inside.upgrade() {
                        inner.send(pool.spawn(|| ())).unwrap();
                    }
                }));
            }
            drop(inner);
            held.release();
            if round % 2 == 0 {
                std::thread::yield_now();
            }
            pool.shutdown(how).unwrap();
            tasks.extend(inners);
            assert!(
                tasks.iter().all(|task| task.is_done()),
                "{how:?}, round {round}"
            );
        }
    }
}

#[test]
fn s05_tasks_of_tasks_are_done_or_refused_too() {
    let _watch = watch();
    // Each task spawns the next one for as long as it is let.
    fn chain(pool: &Arc<ThreadPool>, links: &mpsc::Sender<raddle::Future<()>>) {
        let (next, out) = (Arc::clone(pool), links.clone());
        let link = pool.spawn(move || chain(&next, &out));
        let _ = links.send(link);
    }
    for how in MODES {
        let pool = Arc::new(ThreadPool::new(2).unwrap());
        let (link, links) = mpsc::channel();
        chain(&pool, &link);
        drop(link);
        let first = links.recv().unwrap();
        pool.shutdown(how).unwrap();
        assert!(first.is_done());
        assert!(links.into_iter().all(|link| link.is_done()));
    }
}

#[test]
fn s06_close_and_cancel_is_quiet() {
    let _watch = watch();
    if !kit::alone(module_path!(), "s06_close_and_cancel_is_quiet") {
        return;
    }
    let reports = kit::report_lines();
    let before = kit::threads();
    let pool = ThreadPool::new(2).unwrap();
    let held = hold(&pool);
    for _ in 0..10 {
        pool.spawn(|| ());
    }
    pool.close(Shutdown::CancelPending);
    drop(held);
    drop(pool);
    assert_eq!(*reports.lock().unwrap(), [""; 0]);
    kit::until_threads_are(before);
}

#[test]
fn s07_shutdown_is_idempotent() {
    let _watch = watch();
    for how in MODES {
        let pool = ThreadPool::new(2).unwrap();
        let task = pool.spawn(|| 1);
        task.wait();
        pool.shutdown(how).unwrap();
        for again in MODES {
            pool.shutdown(again).unwrap();
            pool.close(again);
            pool.shutdown_timeout(again, Duration::ZERO).unwrap();
        }
        assert_eq!(task.result().unwrap(), 1);
        assert!(is_shut_down(&pool.spawn(|| 1).result()));
        assert!(is_shut_down(&pool.spawn_on(0, || 1).result()));
        assert!(is_shut_down(&pool.task().name("late").spawn(|| 1).result()));
    }
}

#[test]
fn s07_many_threads_may_shut_down_at_once() {
    let _watch = watch();
    for _ in 0..30 {
        let pool = ThreadPool::new(2).unwrap();
        let tasks: Vec<_> = (0..20).map(|n| pool.spawn(move || n)).collect();
        std::thread::scope(|s| {
            for how in [MODES, MODES].as_flattened() {
                let pool = &pool;
                s.spawn(move || {
                    pool.shutdown(*how).unwrap();
                    assert_eq!(pool.stats().threads, 0);
                });
            }
        });
        assert!(tasks.iter().all(|task| task.is_done()));
    }
}

#[test]
fn s08_drop_is_a_shutdown_that_drains() {
    let _watch = watch();
    let done = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = {
        let pool = ThreadPool::new(2).unwrap();
        let held = hold(&pool);
        let tasks = (0..30)
            .map(|_| {
                let done = Arc::clone(&done);
                pool.spawn(move || done.fetch_add(1, SeqCst))
            })
            .collect();
        held.release();
        tasks
    };
    assert_eq!(done.load(SeqCst), 30);
    assert!(tasks.into_iter().all(|task| task.result().is_ok()));
}

#[test]
fn s08_drop_while_unwinding_cancels_what_is_pending() {
    let _watch = watch();
    let gate = Gate::default();
    let (hand, futures) = mpsc::channel();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let pool = ThreadPool::new(1).unwrap();
        let (started, open) = (Arc::new(Barrier::new(2)), gate.clone());
        let go = Arc::clone(&started);
        let running = pool.spawn(move || {
            go.wait();
            open.wait();
            1
        });
        started.wait();
        let pending: Vec<_> = (0..20).map(|n| pool.spawn(move || n)).collect();
        let last = &pending[19];
        // Opens the gate when the last one is cancelled: only then can the drop end.
        let open = gate.clone();
        last.add_done_callback(move |_| open.open());
        hand.send((running, pending)).unwrap();
        panic!("on purpose");
    }));
    assert!(outcome.is_err());
    let (running, pending) = futures.recv().unwrap();
    assert_eq!(running.result().unwrap(), 1);
    assert!(pending.iter().all(|task| task.is_cancelled()));
}

#[test]
fn s09_losing_the_pool_lets_accepted_tasks_finish() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    let held = hold(&pool);
    let accepted: Vec<_> = (0..20).map(|n| pool.spawn(move || n)).collect();
    let ending = std::thread::spawn(move || drop(pool));
    held.release();
    let sum: i32 = accepted
        .into_iter()
        .map(|task| task.result().unwrap())
        .sum();
    assert_eq!(sum, 190);
    ending.join().unwrap();
}

#[test]
fn s09_threads_are_gone_when_drop_returns() {
    let _watch = watch();
    if !kit::alone(module_path!(), "s09_threads_are_gone_when_drop_returns") {
        return;
    }
    let before = kit::threads();
    for _ in 0..50 {
        let pool = ThreadPool::new(3).unwrap();
        pool.spawn(|| ());
        drop(pool);
        kit::until_threads_are(before);
    }
}

#[test]
fn s10_shutdown_right_after_submit_and_cancel_does_not_hang() {
    let _watch = watch();
    for round in 0..500 {
        let pool = ThreadPool::new(1 + round % 2).unwrap();
        let task = pool.spawn(|| ());
        task.cancel();
        pool.shutdown(MODES[round % 2]).unwrap();
        assert!(task.is_done());
    }
}

#[test]
fn s11_shutdown_frees_those_who_wait_for_room() {
    let _watch = watch();
    for how in MODES {
        let pool = ThreadPool::builder()
            .workers(1)
            .queue_limit(1)
            .when_full(WhenFull::Block)
            .build()
            .unwrap();
        let held = hold(&pool);
        let queued = pool.spawn(|| ());
        std::thread::scope(|s| {
            let (came, comes) = mpsc::channel();
            let blocked: Vec<_> = (0..3)
                .map(|_| {
                    let (pool, came) = (&pool, came.clone());
                    s.spawn(move || {
                        came.send(()).unwrap();
                        pool.spawn(|| ()).result()
                    })
                })
                .collect();
            for _ in 0..3 {
                comes.recv().unwrap();
            }
            pool.close(how);
            for blocked in blocked {
                assert!(is_shut_down(&blocked.join().unwrap()));
            }
        });
        held.release();
        pool.shutdown(how).unwrap();
        assert_eq!(queued.result().is_ok(), how == Shutdown::Drain);
    }
}

#[test]
fn s12_panics_during_shutdown_do_not_hold_it_up() {
    let _watch = watch();
    if !kit::alone(
        module_path!(),
        "s12_panics_during_shutdown_do_not_hold_it_up",
    ) {
        return;
    }
    let reports = kit::report_lines();
    let pool = ThreadPool::builder()
        .workers(2)
        .on_stop(|worker| panic!("no end for {}", worker.index))
        .build()
        .unwrap();
    let held = hold(&pool);
    let tasks: Vec<_> = (0..20)
        .map(|n| pool.spawn(move || assert!(n > 100)))
        .collect();
    pool.close(Shutdown::Drain);
    held.release();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert!(
        tasks
            .into_iter()
            .all(|task| matches!(task.result(), Err(TaskError::Panicked(_))))
    );
    assert_eq!(reports.lock().unwrap().len(), 2);
}

#[test]
fn s15_spares_serve_the_backlog_during_shutdown() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    let (promise, last) = promise();
    let started = Arc::new(Barrier::new(2));
    let go = Arc::clone(&started);
    // Blocks the only worker until the last task of the backlog has run.
    let blocked = pool.spawn(move || {
        go.wait();
        last.result().unwrap()
    });
    started.wait();
    let mut backlog: Vec<_> = (0..20).map(|_| pool.spawn(|| ())).collect();
    backlog.push(pool.spawn(move || promise.complete(7).unwrap()));
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(blocked.result().unwrap(), 7);
    assert!(backlog.into_iter().all(|task| task.result().is_ok()));
}

#[test]
fn s17_a_spare_that_cannot_start_is_told_and_hangs_nobody() {
    let _watch = watch();
    if !kit::alone(
        module_path!(),
        "s17_a_spare_that_cannot_start_is_told_and_hangs_nobody",
    ) {
        return;
    }
    let reports = kit::report_lines();
    let pool = ThreadPool::builder()
        .workers(2)
        .max_spares(0)
        .build()
        .unwrap();
    let (promise, awaited) = promise();
    let blocked = pool.spawn(move || awaited.result().unwrap());
    until(|| !reports.lock().unwrap().is_empty());
    let line = reports.lock().unwrap().join("\n");
    assert!(line.contains("max_spares"), "{line}");
    // The other worker goes on.
    assert_eq!(pool.spawn(|| 5).result().unwrap(), 5);
    promise.complete(9).unwrap();
    assert_eq!(blocked.result().unwrap(), 9);
    pool.shutdown(Shutdown::Drain).unwrap();
}

#[test]
fn s17_a_spare_whose_start_hook_fails_is_told_and_runs_nothing() {
    let _watch = watch();
    if !kit::alone(
        module_path!(),
        "s17_a_spare_whose_start_hook_fails_is_told_and_runs_nothing",
    ) {
        return;
    }
    thread_local! {
        static READY: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }
    let reports = kit::report_lines();
    let starts = AtomicUsize::new(0);
    let pool = ThreadPool::builder()
        .workers(1)
        .on_start(move |_| {
            if starts.fetch_add(1, SeqCst) > 0 {
                return Err("no more of these".into());
            }
            READY.set(true);
            Ok(())
        })
        .build()
        .unwrap();
    let (promise, awaited) = promise();
    let blocked = pool.spawn(move || awaited.result().unwrap());
    until(|| !reports.lock().unwrap().is_empty());
    assert!(reports.lock().unwrap()[0].contains("no more of these"));
    let after: Vec<_> = (0..20).map(|_| pool.spawn(|| READY.get())).collect();
    promise.complete(9).unwrap();
    assert_eq!(blocked.result().unwrap(), 9);
    assert!(after.into_iter().all(|ready| ready.result().unwrap()));
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(pool.stats().threads, 0);
}

#[test]
fn s18_shutdown_timeout_says_how_many_are_left() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    let held = hold(&pool);
    let queued: Vec<_> = (0..3).map(|_| pool.spawn(|| ())).collect();
    for limit in [Duration::ZERO, Duration::from_millis(5)] {
        let error = pool.shutdown_timeout(Shutdown::Drain, limit).unwrap_err();
        assert_eq!(
            error,
            ShutdownError::TimedOut {
                running: 2,
                queued: 3
            }
        );
    }
    let error = pool
        .shutdown_timeout(Shutdown::CancelPending, Duration::ZERO)
        .unwrap_err();
    assert_eq!(
        error,
        ShutdownError::TimedOut {
            running: 2,
            queued: 0
        }
    );
    assert!(queued.iter().all(|task| task.is_cancelled()));
    held.release();
    pool.shutdown_timeout(Shutdown::Drain, Duration::MAX)
        .unwrap();
}

#[test]
fn s18_destructors_of_thread_locals_are_over_when_shutdown_returns() {
    let _watch = watch();
    struct Counts(Arc<AtomicUsize>);
    impl Drop for Counts {
        fn drop(&mut self) {
            for _ in 0..100 {
                std::thread::yield_now();
            }
            self.0.fetch_add(1, SeqCst);
        }
    }
    thread_local! {
        static KEPT: std::cell::RefCell<Option<Counts>> = const { std::cell::RefCell::new(None) };
    }
    for _ in 0..20 {
        let dropped = Arc::new(AtomicUsize::new(0));
        let pool = ThreadPool::new(2).unwrap();
        for worker in 0..2 {
            let counts = Counts(Arc::clone(&dropped));
            pool.spawn_on(worker, || KEPT.set(Some(counts)))
                .result()
                .unwrap();
        }
        std::thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| {
                    pool.shutdown(Shutdown::Drain).unwrap();
                    assert_eq!(dropped.load(SeqCst), 2);
                });
            }
        });
    }
}

#[test]
fn s18_building_again_after_shutdown_works() {
    let _watch = watch();
    for _ in 0..20 {
        let pool = ThreadPool::new(2).unwrap();
        assert_eq!(pool.spawn(|| 1).result().unwrap(), 1);
        pool.shutdown(Shutdown::Drain).unwrap();
    }
    assert!(matches!(ThreadPool::new(0), Err(BuildError::ZeroWorkers)));
}
