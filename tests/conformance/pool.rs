//! T: the thread pool itself: its threads, its queue, what it says about itself.

use super::common::{Gate, here, hold, until, watch};
use super::kit;
use raddle::thread::{Idle, current_worker};
use raddle::{
    BoxError, BuildError, Executor, Future, Pin, Rejected, ReturnWhen, Shutdown, TaskError,
    ThreadPool, WhenFull, as_completed, promise, wait,
};
use std::cell::Cell;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread::ThreadId;

const PROFILES: [Idle; 3] = [Idle::Balanced, Idle::NeverPark, Idle::ParkAtOnce];

fn worker() -> usize {
    current_worker().expect("on a worker").index
}

/// What the kernel calls the calling thread.
fn kernel_name() -> String {
    let comm = std::fs::read_to_string("/proc/thread-self/comm").unwrap();
    comm.trim_end_matches('\n').to_owned()
}

#[test]
fn t01_the_default_size_is_what_the_process_may_use() {
    let _watch = watch();
    if !kit::alone(
        module_path!(),
        "t01_the_default_size_is_what_the_process_may_use",
    ) {
        return;
    }
    let cores = kit::allowed_cores();
    let all = ThreadPool::builder().build().unwrap().workers();
    assert!(
        (1..=cores.len()).contains(&all),
        "{all} workers on {cores:?}"
    );
    kit::stay_on(&cores[..1]);
    assert_eq!(ThreadPool::builder().build().unwrap().workers(), 1);
}

#[test]
fn t02_never_more_running_tasks_than_workers() {
    let _watch = watch();
    for workers in 1..=3 {
        let pool = ThreadPool::new(workers).unwrap();
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..1000)
            .map(|_| {
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                pool.spawn(move || {
                    most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                    std::thread::yield_now();
                    now.fetch_sub(1, SeqCst);
                })
            })
            .collect();
        wait(tasks, ReturnWhen::AllCompleted);
        assert!((1..=workers).contains(&most.load(SeqCst)));
        assert_eq!(pool.stats().threads, workers);
    }
}

#[test]
fn t03_threads_are_there_from_the_start_and_are_used_again() {
    let _watch = watch();
    let pool = ThreadPool::new(3).unwrap();
    assert_eq!(pool.stats().threads, 3);
    let threads: HashSet<ThreadId> = (0..200)
        .map(|_| pool.spawn(here).result().unwrap())
        .collect();
    assert!(threads.len() <= 3);
    assert_eq!(pool.stats().threads, 3);
}

#[test]
fn t04_n_tasks_on_n_workers_run_at_once() {
    let _watch = watch();
    for idle in PROFILES {
        let pool = ThreadPool::builder().workers(3).idle(idle).build().unwrap();
        for round in 0..100 {
            let all = Arc::new(Barrier::new(3));
            let meet = || {
                let all = Arc::clone(&all);
                move || {
                    all.wait();
                }
            };
            let tasks = if round % 2 == 0 {
                (0..3).map(|_| pool.spawn(meet())).collect()
            } else {
                pool.spawn_many((0..3).map(|_| meet()))
            };
            assert!(tasks.into_iter().all(|task| task.result().is_ok()));
        }
    }
}

#[test]
fn t04_children_run_beside_a_parent_that_keeps_its_worker() {
    let _watch = watch();
    for idle in PROFILES {
        let pool = Arc::new(ThreadPool::builder().workers(3).idle(idle).build().unwrap());
        for _ in 0..100 {
            let inside = Arc::clone(&pool);
            pool.spawn(move || {
                let all = Arc::new(Barrier::new(3));
                for _ in 0..2 {
                    let all = Arc::clone(&all);
                    inside.spawn(move || all.wait());
                }
                // Blocks this worker behind the pool's back: the other two must take the children.
                all.wait();
            })
            .result()
            .unwrap();
        }
    }
}

#[test]
fn t04_the_only_worker_starts_what_one_thread_submits_in_its_order() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    let begun = Arc::new(AtomicUsize::new(0));
    let task = |number: usize| {
        let begun = Arc::clone(&begun);
        move || assert_eq!(begun.fetch_add(1, SeqCst), number)
    };
    let mut next = 0;
    let mut results = Vec::new();
    for round in 0..3_000 {
        // One, two or three, at a worker that searches, sleeps or works; then a queue that takes many of its turns.
        let count = if round % 1_000 == 999 {
            20_000
        } else {
            1 + round % 3
        };
        if round % 7 == 3 {
            results.extend(pool.spawn_many((next..next + count).map(task)));
        } else {
            results.extend((next..next + count).map(|number| pool.spawn(task(number))));
        }
        next += count;
        if round % 2 == 0 {
            results
                .drain(..)
                .for_each(|result| result.result().unwrap());
        }
    }
    results
        .into_iter()
        .for_each(|result| result.result().unwrap());
}

#[test]
fn t05_spares_do_not_stay_for_ever() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    let (promises, awaited): (Vec<_>, Vec<_>) = (0..20).map(|_| promise::<()>()).unzip();
    let blocked: Vec<_> = awaited
        .into_iter()
        .map(|future| pool.spawn(move || future.result().unwrap()))
        .collect();
    until(|| pool.stats().running == 20);
    assert!(pool.stats().threads >= 20);
    for promise in promises {
        promise.complete(()).unwrap();
    }
    assert!(blocked.into_iter().all(|task| task.result().is_ok()));
    // Two spares may wait for the next time.
    until(|| pool.stats().threads <= 4);
}

#[test]
fn t06_all_threads_end_after_shutdown() {
    let _watch = watch();
    if !kit::alone(module_path!(), "t06_all_threads_end_after_shutdown") {
        return;
    }
    let before = kit::threads();
    for idle in PROFILES {
        let pool = ThreadPool::builder().workers(3).idle(idle).build().unwrap();
        let (promise, awaited) = promise();
        let blocked = pool.spawn(move || awaited.result().unwrap());
        until(|| kit::threads() > before + 3);
        promise.complete(1).unwrap();
        assert_eq!(blocked.result().unwrap(), 1);
        pool.shutdown(Shutdown::Drain).unwrap();
        kit::until_threads_are(before);
    }
}

#[test]
fn t07_workers_carry_the_pools_name_and_their_number() {
    let _watch = watch();
    let pool = ThreadPool::builder()
        .workers(2)
        .name("fetch")
        .build()
        .unwrap();
    assert_eq!(pool.name(), "fetch");
    for worker in 0..2 {
        let (info, std_name, kernel) = pool
            .spawn_on(worker, || {
                let std_name = std::thread::current().name().unwrap().to_owned();
                (current_worker().unwrap(), std_name, kernel_name())
            })
            .result()
            .unwrap();
        let name = format!("fetch-{worker}");
        assert_eq!(
            (info.index, &*info.name, &*std_name, &*kernel),
            (worker, &*name, &*name, &*name)
        );
    }
}

#[test]
fn t07_long_names_are_cut_by_the_kernel_and_raddle_says_how() {
    let _watch = watch();
    for name in [
        "a-very-long-name-of-a-pool",
        "exactly-13-by",
        "длинное-имя",
        "x",
    ] {
        let pool = ThreadPool::builder().workers(1).name(name).build().unwrap();
        let (info, kernel) = pool
            .spawn(|| (current_worker().unwrap(), kernel_name()))
            .result()
            .unwrap();
        assert_eq!(&*info.name, format!("{name}-0"));
        // The kernel cuts in the middle of a character; such a rest is no text.
        let whole = kernel.trim_end_matches('\u{fffd}');
        assert_eq!(info.thread_name(), whole);
        assert!(info.name.starts_with(info.thread_name()) && info.thread_name().len() <= 15);
    }
}

#[test]
fn t08_default_names_tell_pools_apart() {
    let _watch = watch();
    let (one, two) = (ThreadPool::new(1).unwrap(), ThreadPool::new(1).unwrap());
    assert_ne!(one.name(), two.name());
    for pool in [one, two] {
        let number = pool.name().strip_prefix("raddle-").expect("the kind first");
        assert!(number.parse::<u32>().is_ok(), "{number}");
        let name = pool
            .spawn(|| current_worker().unwrap().name)
            .result()
            .unwrap();
        assert_eq!(*name, format!("{}-0", pool.name()));
    }
}

#[test]
fn t09_the_start_hook_runs_once_on_each_worker_before_its_first_task() {
    let _watch = watch();
    thread_local! { static STARTS: Cell<usize> = const { Cell::new(0) }; }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&seen);
    let pool = ThreadPool::builder()
        .workers(3)
        .on_start(move |worker| {
            STARTS.set(STARTS.get() + 1);
            heard.lock().unwrap().push((worker.index, here()));
            Ok(())
        })
        .build()
        .unwrap();
    // `build` returns when every worker is ready.
    let mut seen = seen.lock().unwrap().clone();
    seen.sort_by_key(|(index, _)| *index);
    assert_eq!(
        seen.iter().map(|(index, _)| *index).collect::<Vec<_>>(),
        [0, 1, 2]
    );
    for (index, thread) in seen {
        let task = pool.spawn_on(index, || (here(), STARTS.get()));
        assert_eq!(task.result().unwrap(), (thread, 1));
    }
}

#[test]
fn t09_spares_run_the_start_hook_too() {
    let _watch = watch();
    thread_local! { static READY: Cell<bool> = const { Cell::new(false) }; }
    let pool = ThreadPool::builder()
        .workers(1)
        .on_start(|_| {
            READY.set(true);
            Ok(())
        })
        .build()
        .unwrap();
    let (promise, awaited) = promise::<()>();
    let blocked = pool.spawn(move || awaited.result().is_ok());
    assert!(pool.spawn(|| READY.get()).result().unwrap());
    promise.complete(()).unwrap();
    assert!(blocked.result().unwrap());
}

#[test]
fn t10_a_failing_start_hook_fails_the_build_with_its_error() {
    let _watch = watch();
    for bad in 0..3 {
        let error = ThreadPool::builder()
            .workers(3)
            .on_start(move |worker| {
                if worker.index == bad {
                    Err(BoxError::from("no licence"))
                } else {
                    Ok(())
                }
            })
            .build()
            .unwrap_err();
        let BuildError::StartHook { worker, ref source } = error else {
            panic!("{error:?}")
        };
        assert_eq!((worker, source.to_string().as_str()), (bad, "no licence"));
        assert!(format!("{error:#}").contains("no licence"));
        assert!(std::error::Error::source(&error).is_some());
    }
}

#[test]
fn t10_a_panicking_start_hook_fails_the_build_with_its_message() {
    let _watch = watch();
    for bad in [0, 2] {
        let error = ThreadPool::builder()
            .workers(3)
            .on_start(move |worker| {
                assert!(worker.index != bad, "no table for {bad}");
                Ok(())
            })
            .build()
            .unwrap_err();
        let BuildError::StartHook { worker, source } = error else {
            panic!("{error:?}")
        };
        assert_eq!(worker, bad);
        assert!(source.to_string().contains("no table for"), "{source}");
    }
}

#[test]
fn t11_a_failed_start_leaks_nothing() {
    let _watch = watch();
    if !kit::alone(module_path!(), "t11_a_failed_start_leaks_nothing") {
        return;
    }
    let (threads, files) = (kit::threads(), kit::files());
    for round in 0..30 {
        let stops = Arc::new(AtomicUsize::new(0));
        let stopped = Arc::clone(&stops);
        let failed = ThreadPool::builder()
            .workers(3)
            .on_start(move |worker| {
                if worker.index == round % 3 {
                    Err("on purpose".into())
                } else {
                    Ok(())
                }
            })
            .on_stop(move |_| {
                stopped.fetch_add(1, SeqCst);
            })
            .build();
        assert!(failed.is_err());
        assert_eq!(
            stops.load(SeqCst),
            2,
            "those that had started well are stopped well"
        );
        kit::until_threads_are(threads);
        assert_eq!(kit::files(), files);
    }
}

#[test]
fn t16_no_lost_wake_up_when_many_finish_at_once() {
    let _watch = watch();
    let pool = ThreadPool::new(3).unwrap();
    for _ in 0..100 {
        let tasks: Vec<_> = (0..100).map(|n| pool.spawn(move || n)).collect();
        let waited = wait(tasks, ReturnWhen::AllCompleted);
        assert_eq!((waited.done.len(), waited.timed_out), (100, false));
    }
}

#[test]
fn t17_the_stop_hook_runs_once_on_each_thread_after_its_last_task() {
    let _watch = watch();
    thread_local! { static TASKS: Cell<usize> = const { Cell::new(0) }; }
    let ends = Arc::new(Mutex::new(Vec::new()));
    let end = Arc::clone(&ends);
    let pool = ThreadPool::builder()
        .workers(2)
        .on_stop(move |_| end.lock().unwrap().push((here(), TASKS.get())))
        .build()
        .unwrap();
    for worker in [0, 1, 1] {
        pool.spawn_on(worker, || TASKS.set(TASKS.get() + 1))
            .result()
            .unwrap();
    }
    pool.shutdown(Shutdown::Drain).unwrap();
    let ends = ends.lock().unwrap();
    let threads: HashSet<_> = ends.iter().map(|(thread, _)| *thread).collect();
    let mut tasks: Vec<_> = ends.iter().map(|(_, tasks)| *tasks).collect();
    tasks.sort_unstable();
    assert_eq!((threads.len(), tasks), (2, vec![1, 2]));
}

#[test]
fn t18_one_failing_start_hook_fails_the_build_though_others_started() {
    let _watch = watch();
    let (started, stopped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (starts, stops) = (Arc::clone(&started), Arc::clone(&stopped));
    let failed = ThreadPool::builder()
        .workers(4)
        .on_start(move |worker| {
            if worker.index == 3 {
                return Err("the last one".into());
            }
            starts.fetch_add(1, SeqCst);
            Ok(())
        })
        .on_stop(move |_| {
            stops.fetch_add(1, SeqCst);
        })
        .build();
    assert!(matches!(
        failed,
        Err(BuildError::StartHook { worker: 3, .. })
    ));
    assert_eq!((started.load(SeqCst), stopped.load(SeqCst)), (3, 3));
}

#[test]
fn spawn_on_runs_on_that_worker_and_no_other() {
    let _watch = watch();
    let pool = ThreadPool::new(3).unwrap();
    let held = hold(&pool);
    // Queued while that worker is busy, then with the others idle beside it.
    let tasks: Vec<_> = (0..60)
        .map(|n| (n % 3, pool.spawn_on(n % 3, worker)))
        .collect();
    held.release();
    for (index, task) in tasks {
        assert_eq!(task.result().unwrap(), index);
    }
    let gate = Gate::default();
    let (open, busy) = (gate.clone(), pool.spawn_on(0, move || gate.wait()));
    let queued: Vec<_> = (0..20).map(|_| pool.spawn_on(0, worker)).collect();
    for _ in 0..200 {
        pool.spawn(|| ()).result().unwrap();
    }
    assert!(queued.iter().all(|task| !task.is_done()));
    open.open();
    assert!(queued.into_iter().all(|task| task.result().unwrap() == 0));
    busy.result().unwrap();
}

#[test]
fn waiting_for_a_bound_task_on_another_worker_does_not_run_it_there() {
    let _watch = watch();
    let pool = Arc::new(ThreadPool::new(2).unwrap());
    for _ in 0..100 {
        let inside = Arc::clone(&pool);
        let asked = pool.spawn_on(1, move || inside.spawn_on(0, worker).result().unwrap());
        assert_eq!(asked.result().unwrap(), 0);
        // To oneself: the worker is given up for it, but its number stays.
        let inside = Arc::clone(&pool);
        let asked = pool.spawn_on(1, move || inside.spawn_on(1, worker).result().unwrap());
        assert_eq!(asked.result().unwrap(), 1);
    }
}

#[test]
fn bound_tasks_run_first_come_first_served() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    let held = hold(&pool);
    let order = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let order = Arc::clone(&order);
            pool.spawn_on(1, move || order.lock().unwrap().push(n))
        })
        .collect();
    held.release();
    wait(tasks, ReturnWhen::AllCompleted);
    assert_eq!(*order.lock().unwrap(), (0..50).collect::<Vec<_>>());
}

/// Each task spawns the next one, until it is told to stop.
fn chain(pool: &Arc<ThreadPool>, stop: &Arc<AtomicBool>) {
    if !stop.load(SeqCst) {
        let (next, stop) = (Arc::clone(pool), Arc::clone(stop));
        drop(pool.spawn(move || chain(&next, &stop)));
    }
}

#[test]
fn a_task_chain_does_not_starve_what_comes_from_outside() {
    let _watch = watch();
    for workers in [1, 2] {
        let pool = Arc::new(ThreadPool::new(workers).unwrap());
        for bound in [false, true] {
            let stop = Arc::new(AtomicBool::new(false));
            for _ in 0..4 {
                chain(&pool, &stop);
            }
            let end = Arc::clone(&stop);
            let outside = move || end.store(true, SeqCst);
            let outside = if bound {
                pool.spawn_on(0, outside)
            } else {
                pool.spawn(outside)
            };
            outside.result().unwrap();
        }
        pool.shutdown(Shutdown::Drain).unwrap();
    }
}

#[test]
fn a_task_chain_does_not_starve_older_children() {
    let _watch = watch();
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let (stop, inside) = (Arc::new(AtomicBool::new(false)), Arc::clone(&pool));
    pool.spawn(move || {
        let end = Arc::clone(&stop);
        inside.spawn(move || end.store(true, SeqCst));
        chain(&inside, &stop);
    })
    .result()
    .unwrap();
    pool.shutdown(Shutdown::Drain).unwrap();
}

#[test]
fn stats_add_up() {
    let _watch = watch();
    let pool = Arc::new(ThreadPool::new(2).unwrap());
    let held = hold(&pool);
    let stats = pool.stats();
    assert_eq!(
        (
            stats.running,
            stats.queued,
            stats.threads,
            stats.workers.len()
        ),
        (2, 0, 2, 2)
    );
    assert!(
        stats
            .workers
            .iter()
            .all(|worker| worker.running && worker.done == 0)
    );
    let tasks: Vec<_> = (0..30).map(|_| pool.spawn(|| ())).collect();
    pool.spawn_on(1, || ());
    assert_eq!(
        (pool.stats().queued, pool.stats().workers[1].queued),
        (31, 1)
    );
    held.release();
    wait(tasks, ReturnWhen::AllCompleted);
    until(|| pool.stats().done() == 33);
    let stats = pool.stats();
    assert_eq!(
        (stats.running, stats.queued, stats.done_detached),
        (0, 0, 0)
    );
    assert!(
        stats
            .workers
            .iter()
            .all(|worker| !worker.running && worker.done > 0)
    );
    assert_eq!(
        stats.done(),
        stats.workers.iter().map(|worker| worker.done).sum::<u64>()
    );
    until(|| pool.stats().parked() >= 2);
}

#[test]
fn stats_count_thefts() {
    let _watch = watch();
    let pool = Arc::new(ThreadPool::new(2).unwrap());
    let inside = Arc::clone(&pool);
    pool.spawn(move || {
        let (all, thief) = (Arc::new(Barrier::new(2)), worker());
        let meet = Arc::clone(&all);
        inside.spawn(move || {
            meet.wait();
            assert_ne!(worker(), thief);
        });
        all.wait();
    })
    .result()
    .unwrap();
    assert_eq!(pool.stats().stolen(), 1);
}

#[test]
fn stats_stay_right_when_a_spare_takes_over() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    for round in 1..=20 {
        let (promise, awaited) = promise::<()>();
        let blocked = pool.spawn(move || awaited.result().unwrap());
        // Only a spare can run it.
        pool.spawn(|| ()).result().unwrap();
        until(|| pool.stats().workers[0].done == round);
        let stats = pool.stats();
        assert_eq!(stats.running, 1, "the blocked one");
        assert!(
            !stats.workers[0].running,
            "the worker itself has nothing to do"
        );
        promise.complete(()).unwrap();
        blocked.result().unwrap();
        until(|| pool.stats().done_detached == round);
        let stats = pool.stats();
        assert_eq!((stats.running, stats.done()), (0, 2 * round));
        assert!(!stats.workers[0].running);
    }
}

#[test]
fn stats_count_a_task_once_whose_result_blocks_where_it_is_dropped() {
    struct Waits(Option<Future<()>>);
    impl Drop for Waits {
        fn drop(&mut self) {
            self.0.take().unwrap().result().unwrap();
        }
    }
    let _watch = watch();
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let (promise, awaited) = promise::<()>();
    let inside = Arc::clone(&pool);
    let outer = pool.spawn(move || {
        let inner = inside.spawn(move || Waits(Some(awaited)));
        // The waiter runs it. The worker finds it in its deque later, and drops the result then.
        inner.wait();
        drop(inner);
    });
    outer.result().unwrap();
    // Only a spare can run it.
    pool.spawn(|| ()).result().unwrap();
    promise.complete(()).unwrap();
    pool.shutdown(Shutdown::Drain).unwrap();
    let stats = pool.stats();
    assert_eq!((stats.running, stats.done()), (0, 3));
    assert!(!stats.workers[0].running);
}

#[test]
fn stats_stay_right_when_no_spare_was_needed_after_all() {
    let _watch = watch();
    let pool = ThreadPool::builder()
        .workers(1)
        .max_spares(0)
        .build()
        .unwrap();
    for round in 1..=20 {
        let (promise, awaited) = promise::<()>();
        let task = pool.spawn(move || awaited.result().unwrap());
        until(|| pool.stats().workers[0].running);
        promise.complete(()).unwrap();
        task.result().unwrap();
        until(|| pool.stats().done() == round);
        let stats = pool.stats();
        assert_eq!(
            (stats.running, stats.workers[0].running, stats.done_detached),
            (0, false, 0)
        );
    }
}

#[test]
fn a_full_queue_rejects() {
    let _watch = watch();
    let pool = ThreadPool::builder()
        .workers(1)
        .name("small")
        .queue_limit(2)
        .when_full(WhenFull::Reject)
        .build()
        .unwrap();
    let held = hold(&pool);
    let accepted: Vec<_> = (0..2).map(|_| pool.spawn(|| ())).collect();
    let full = Rejected::QueueFull {
        pool: "small".into(),
        limit: 2,
    };
    for _ in 0..3 {
        assert!(matches!(pool.spawn(|| ()).result(), Err(TaskError::Rejected(why)) if why == full));
    }
    held.release();
    assert!(accepted.into_iter().all(|task| task.result().is_ok()));
    // There is room again, for exactly two.
    let held = hold(&pool);
    let again: Vec<_> = (0..3).map(|_| pool.spawn(|| ())).collect();
    let refused: Vec<_> = again.iter().map(|task| task.is_done()).collect();
    assert_eq!(refused, [false, false, true]);
    drop(held);
}

#[test]
fn tasks_of_tasks_do_not_count_against_the_limit() {
    let _watch = watch();
    let pool = ThreadPool::builder()
        .workers(1)
        .queue_limit(1)
        .when_full(WhenFull::Reject)
        .build()
        .unwrap();
    let pool = Arc::new(pool);
    let inside = Arc::clone(&pool);
    let children = pool.spawn(move || {
        let children: Vec<_> = (0..20).map(|n| inside.spawn(move || n)).collect();
        inside.scope(|s| (0..20).for_each(|_| drop(s.spawn(|| ()))));
        children
            .into_iter()
            .map(|child| child.result().unwrap())
            .sum::<i32>()
    });
    assert_eq!(children.result().unwrap(), 190);
    // Nor have they made room that is not there.
    let held = hold(&pool);
    let tasks: Vec<_> = (0..4).map(|_| pool.spawn(|| ())).collect();
    let refused: Vec<_> = tasks.iter().map(|task| task.is_done()).collect();
    assert_eq!(refused, [false, true, true, true]);
    drop(held);
}

#[test]
fn a_full_queue_runs_on_the_caller() {
    let _watch = watch();
    let pool = ThreadPool::builder()
        .workers(1)
        .queue_limit(1)
        .when_full(WhenFull::RunOnCaller)
        .build()
        .unwrap();
    let held = hold(&pool);
    let queued = pool.spawn(here);
    let inline = pool.spawn(here);
    assert!(inline.is_done() && !queued.is_done());
    assert_eq!(inline.result().unwrap(), here());
    let panicking = pool.spawn(|| panic!("on the caller"));
    assert!(matches!(panicking.result(), Err(TaskError::Panicked(_))));
    held.release();
    assert_ne!(queued.result().unwrap(), here());
}

#[test]
fn a_full_queue_blocks_until_there_is_room() {
    let _watch = watch();
    let pool = ThreadPool::builder()
        .workers(2)
        .queue_limit(3)
        .when_full(WhenFull::Block)
        .build()
        .unwrap();
    let (accepted, started) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let most = AtomicUsize::new(0);
    std::thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                pool.scope(|tasks| {
                    for _ in 0..300 {
                        tasks.spawn(|| started.fetch_add(1, SeqCst));
                        let now = accepted.fetch_add(1, SeqCst) + 1;
                        most.fetch_max(now.saturating_sub(started.load(SeqCst)), SeqCst);
                    }
                });
            });
        }
    });
    assert_eq!(started.load(SeqCst), 900);
    // Three in the queue, and two that a worker has taken and not counted yet.
    assert!(most.load(SeqCst) <= 5, "{most:?}");
}

#[test]
fn a_cancelled_task_gives_its_place_back() {
    let _watch = watch();
    let pool = ThreadPool::builder()
        .workers(1)
        .queue_limit(2)
        .when_full(WhenFull::Block)
        .build()
        .unwrap();
    for _ in 0..50 {
        assert!({
            let task = pool.spawn(|| ());
            task.cancel() || task.result().is_ok()
        });
    }
    pool.spawn(|| ()).result().unwrap();
}

#[test]
fn a_cancelled_task_has_no_place_while_its_entry_is_queued() {
    let _watch = watch();
    let pool = ThreadPool::builder()
        .workers(1)
        .queue_limit(2)
        .when_full(WhenFull::Reject)
        .build()
        .unwrap();
    let held = hold(&pool);
    // More than there are places, one storm after the other, with nothing that could run.
    for _ in 0..10 {
        let tasks = [pool.spawn(|| ()), pool.spawn(|| ())];
        assert_eq!(pool.stats().queued, 2);
        assert!(pool.spawn(|| ()).is_done(), "over the limit");
        for task in tasks {
            assert!(task.cancel(), "it was accepted, and has not started");
            drop(task);
        }
        assert_eq!(pool.stats().queued, 0);
    }
    let (named, other) = (pool.task().name("last").spawn(|| 7), pool.spawn(|| 8));
    held.release();
    assert_eq!((named.result().unwrap(), other.result().unwrap()), (7, 8));
    pool.spawn_on(0, || ()).result().unwrap();
    assert_eq!(pool.stats().queued, 0);
}

#[test]
fn every_idle_profile_works() {
    let _watch = watch();
    for idle in PROFILES {
        let pool = Arc::new(ThreadPool::builder().workers(2).idle(idle).build().unwrap());
        for n in 0..200 {
            assert_eq!(pool.spawn(move || n).result().unwrap(), n);
        }
        let inside = Arc::clone(&pool);
        let nested = pool.spawn(move || {
            let children: Vec<_> = (0..50).map(|n| inside.spawn(move || n)).collect();
            as_completed(children)
                .map(|child| child.result().unwrap())
                .sum::<i32>()
        });
        assert_eq!(nested.result().unwrap(), 1225);
        let squares: Vec<u64> = pool
            .map(|n: u64| n * n, 0..100)
            .map(Result::unwrap)
            .collect();
        assert_eq!(squares[99], 9801);
        // After a rest, when all workers that sleep at all are asleep.
        if idle != Idle::NeverPark {
            until(|| pool.stats().parked() >= 2 && pool.stats().running == 0);
        }
        assert_eq!(pool.spawn_on(1, worker).result().unwrap(), 1);
        pool.shutdown(Shutdown::Drain).unwrap();
    }
}

#[test]
fn pinned_workers_stay_on_their_core() {
    let _watch = watch();
    let cores = kit::allowed_cores();
    let on_core = |pool: &ThreadPool, worker: usize| {
        pool.spawn_on(worker, || {
            // SAFETY: no arguments, no memory.
            let now = unsafe { libc::sched_getcpu() } as usize;
            (current_worker().unwrap().core, kit::allowed_cores(), now)
        })
        .result()
        .unwrap()
    };
    let pool = ThreadPool::builder()
        .pin(Pin::List(cores.clone()))
        .build()
        .unwrap();
    assert_eq!(pool.workers(), cores.len());
    for (worker, &core) in cores.iter().enumerate() {
        assert_eq!(on_core(&pool, worker), (Some(core), vec![core], core));
    }
    let backwards: Vec<_> = cores.iter().rev().copied().collect();
    let pool = ThreadPool::builder()
        .pin(Pin::List(backwards.clone()))
        .build()
        .unwrap();
    for (worker, &core) in backwards.iter().enumerate() {
        assert_eq!(on_core(&pool, worker), (Some(core), vec![core], core));
    }
    let pool = ThreadPool::builder()
        .workers(cores.len())
        .pin(Pin::Cores)
        .build()
        .unwrap();
    let mut used: Vec<_> = (0..cores.len())
        .map(|worker| on_core(&pool, worker).2)
        .collect();
    used.sort_unstable();
    assert_eq!(used, cores);
    let pool = ThreadPool::builder()
        .workers(1)
        .pin(Pin::None)
        .build()
        .unwrap();
    assert_eq!(pool.spawn(kit::allowed_cores).result().unwrap(), cores);
}

#[test]
fn a_spare_takes_over_the_core_too() {
    let _watch = watch();
    let core = kit::allowed_cores()[0];
    let pool = ThreadPool::builder()
        .pin(Pin::List(vec![core]))
        .build()
        .unwrap();
    let (promise, awaited) = promise::<()>();
    let blocked = pool.spawn(move || awaited.result().unwrap());
    assert_eq!(pool.spawn(kit::allowed_cores).result().unwrap(), [core]);
    promise.complete(()).unwrap();
    blocked.result().unwrap();
}

#[test]
fn a_panic_never_kills_a_worker() {
    let _watch = watch();
    let pool = ThreadPool::builder()
        .workers(1)
        .name("tough")
        .build()
        .unwrap();
    let thread = pool.spawn(here).result().unwrap();
    for _ in 0..20 {
        let failed = pool.task().name("risky").spawn(|| panic!("row {}", 7));
        let Err(TaskError::Panicked(report)) = failed.result() else {
            panic!("no panic")
        };
        assert_eq!(report.message(), "row 7");
        assert_eq!(
            (report.task(), report.worker()),
            (Some("risky"), Some("tough-0"))
        );
        assert!(report.location().unwrap().contains("pool.rs:"));
    }
    assert_eq!(pool.spawn(here).result().unwrap(), thread);
    assert_eq!(pool.stats().threads, 1);
}

#[test]
fn spawn_many_keeps_the_order() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    let tasks = pool.spawn_many((0..1000).map(|n| move || n));
    let results: Vec<i32> = tasks
        .into_iter()
        .map(|task| task.result().unwrap())
        .collect();
    assert_eq!(results, (0..1000).collect::<Vec<_>>());
    assert!(pool.spawn_many(std::iter::empty::<fn()>()).is_empty());
}

#[test]
fn each_worker_knows_itself() {
    let _watch = watch();
    assert!(current_worker().is_none());
    let (pool, other) = (ThreadPool::new(1).unwrap(), ThreadPool::new(1).unwrap());
    let (sent, names) = mpsc::channel();
    pool.spawn(move || {
        let mine = current_worker().unwrap().name;
        sent.send((
            mine.clone(),
            other
                .spawn(|| current_worker().unwrap().name)
                .result()
                .unwrap(),
        ))
        .unwrap();
        assert_eq!(current_worker().unwrap().name, mine);
    })
    .result()
    .unwrap();
    let (mine, others) = names.recv().unwrap();
    assert_eq!(*mine, format!("{}-0", pool.name()));
    assert_ne!(mine, others);
}
