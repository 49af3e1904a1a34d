//! T14: waiting inside a worker starves no task and runs nothing under the waiter's locks but what is
//! the waiter's own.

use super::common::{Gate, LONG, here, hold, until, watch};
use raddle::{Future, ReturnWhen, ThreadPool, as_completed, promise, wait, wait_timeout};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex, TryLockError, mpsc};
use std::thread::ThreadId;
use std::time::Duration;

/// A pool of one worker that may not have a spare.
fn single() -> Arc<ThreadPool> {
    Arc::new(
        ThreadPool::builder()
            .workers(1)
            .max_spares(0)
            .build()
            .unwrap(),
    )
}

#[test]
fn t14_a_queued_child_runs_on_the_worker_that_waits_for_it() {
    let _watch = watch();
    let pool = single();
    let inside = Arc::clone(&pool);
    let task = pool.spawn(move || {
        let me = here();
        assert_eq!(inside.spawn(here).result().unwrap(), me);
        let child = inside.spawn(here);
        child.wait();
        assert_eq!(child.result().unwrap(), me);
        let children: Vec<_> = (0..5).map(|_| inside.spawn(here)).collect();
        let waited = wait(children, ReturnWhen::AllCompleted);
        assert!(
            waited
                .done
                .into_iter()
                .all(|child| child.result().unwrap() == me)
        );
        let children: Vec<_> = (0..5).map(|_| inside.spawn(here)).collect();
        assert!(as_completed(children).all(|child| child.result().unwrap() == me));
        let shared = inside.spawn(here).shared();
        assert_eq!(*shared.result().unwrap(), me);
    });
    task.result().unwrap();
}

#[test]
fn t14_an_older_task_from_outside_runs_on_the_worker_that_waits_for_it() {
    let _watch = watch();
    let pool = single();
    let held = hold(&pool);
    let (hand, get) = mpsc::channel::<Future<ThreadId>>();
    let first = pool.spawn(move || (get.recv().unwrap().result().unwrap(), here()));
    hand.send(pool.spawn(here)).unwrap();
    held.release();
    let (ran, waited) = first.result().unwrap();
    assert_eq!(ran, waited);
}

#[test]
fn t14_waits_nest_deeply() {
    let _watch = watch();
    fn depth(pool: &Arc<ThreadPool>, left: u32) -> u32 {
        if left == 0 {
            return 0;
        }
        let inside = Arc::clone(pool);
        1 + pool
            .spawn(move || depth(&inside, left - 1))
            .result()
            .unwrap()
    }
    fn fib(pool: &Arc<ThreadPool>, n: u64) -> u64 {
        if n < 2 {
            return n;
        }
        let inside = Arc::clone(pool);
        let left = pool.spawn(move || fib(&inside, n - 1));
        fib(pool, n - 2) + left.result().unwrap()
    }
    let pool = single();
    assert_eq!(depth(&pool, 300), 300);
    let inside = Arc::clone(&pool);
    assert_eq!(pool.spawn(move || fib(&inside, 15)).result().unwrap(), 610);
    let pool = Arc::new(ThreadPool::new(3).unwrap());
    for _ in 0..10 {
        assert_eq!(fib(&pool, 14), 377);
    }
}

#[test]
fn t14_a_child_that_runs_elsewhere_does_not_cost_the_pool_a_worker() {
    let _watch = watch();
    let pool = Arc::new(ThreadPool::new(2).unwrap());
    for _ in 0..50 {
        let (gate, started) = (Gate::default(), Arc::new(Barrier::new(2)));
        let (at, go) = (gate.clone(), Arc::clone(&started));
        let child = pool.spawn(move || {
            go.wait();
            at.wait();
        });
        started.wait();
        let waiting = pool.spawn(move || child.result().unwrap());
        // Both workers are taken; only a spare can open the gate.
        let stranger = pool.spawn(move || gate.open());
        stranger.result().unwrap();
        waiting.result().unwrap();
    }
}

#[test]
fn t14_one_worker_is_enough_for_tasks_that_wait_for_later_ones() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    let (mut before, first) = promise::<u32>();
    let mut waiting = vec![pool.spawn(move || first.result().unwrap())];
    for _ in 0..20 {
        let (next, future) = promise::<u32>();
        // Each completes the one before it, and waits for the next.
        let promise = std::mem::replace(&mut before, next);
        waiting.push(pool.spawn(move || {
            promise.complete(1).unwrap();
            future.result().unwrap()
        }));
    }
    let last = pool.spawn(move || before.complete(1).unwrap());
    last.result().unwrap();
    assert_eq!(
        waiting
            .into_iter()
            .map(|task| task.result().unwrap())
            .sum::<u32>(),
        21
    );
}

#[test]
fn t14_two_workers_may_wait_for_each_others_children() {
    let _watch = watch();
    for workers in 1..=3 {
        let pool = Arc::new(ThreadPool::new(workers).unwrap());
        for _ in 0..100 {
            let (to_left, for_left) = mpsc::channel::<Future<u32>>();
            let (to_right, for_right) = mpsc::channel::<Future<u32>>();
            let (a, b) = (Arc::clone(&pool), Arc::clone(&pool));
            let left = pool.spawn(move || {
                to_right.send(a.spawn(|| 1)).unwrap();
                let (promise, turn) = promise();
                promise.complete(()).unwrap();
                turn.result().unwrap();
                (here(), for_left)
            });
            let right = pool.spawn(move || {
                to_left.send(b.spawn(|| 2)).unwrap();
                for_right.recv().unwrap().result().unwrap()
            });
            let (_, for_left) = left.result().unwrap();
            assert_eq!(for_left.recv().unwrap().result().unwrap(), 2);
            assert_eq!(right.result().unwrap(), 1);
        }
    }
}

#[test]
fn t14_two_workers_that_have_each_others_queued_child_run_it_themselves() {
    let _watch = watch();
    let pool = Arc::new(
        ThreadPool::builder()
            .workers(2)
            .max_spares(0)
            .build()
            .unwrap(),
    );
    for _ in 0..200 {
        let met = Arc::new(Barrier::new(2));
        let post: [(_, mpsc::Receiver<Future<usize>>); 2] =
            std::array::from_fn(|_| mpsc::channel());
        let [(to_0, at_0), (to_1, at_1)] = post;
        let halves = [(to_1, at_0), (to_0, at_1)].map(|(to, at)| {
            let (pool2, met) = (Arc::clone(&pool), Arc::clone(&met));
            pool.spawn(move || {
                met.wait();
                to.send(pool2.spawn(|| 1)).unwrap();
                at.recv().unwrap().result().unwrap()
            })
        });
        let [left, right] = halves;
        assert_eq!(left.result().unwrap() + right.result().unwrap(), 2);
    }
}

#[test]
fn t14_no_stranger_runs_under_the_waiters_locks() {
    let _watch = watch();
    /// How a task may wait.
    type Wait = fn(Future<()>);
    let ways: [(&str, Wait); 6] = [
        ("result", |awaited| awaited.result().unwrap()),
        ("result_timeout", |awaited| {
            awaited.result_timeout(LONG).unwrap().unwrap()
        }),
        ("wait", |awaited| awaited.wait()),
        ("wait for many", |awaited| {
            assert_eq!(wait([awaited], ReturnWhen::FirstError).done.len(), 1)
        }),
        ("wait_timeout", |awaited| {
            let _ = wait_timeout([awaited], ReturnWhen::AllCompleted, LONG);
        }),
        ("as_completed", |awaited| {
            assert_eq!(as_completed([awaited]).count(), 1)
        }),
    ];
    for workers in [1, 2] {
        let pool = Arc::new(ThreadPool::new(workers).unwrap());
        for (way, block) in ways {
            let lock = Arc::new(Mutex::new(None));
            let (promise, awaited) = promise::<()>();
            let inside = Arc::clone(&pool);
            let mine = Arc::clone(&lock);
            let (came, comes) = mpsc::channel();
            let own = Arc::new(AtomicUsize::new(0));
            let children = Arc::clone(&own);
            let waiter = pool.spawn(move || {
                let mut guard = mine.lock().unwrap();
                *guard = Some(here());
                for _ in 0..10 {
                    let children = Arc::clone(&children);
                    inside.spawn(move || children.fetch_add(1, SeqCst));
                }
                came.send(here()).unwrap();
                block(awaited);
                assert_eq!(*guard, Some(here()));
            });
            let holder = comes.recv().unwrap();
            let strangers: Vec<_> = (0..50)
                .map(|_| {
                    let lock = Arc::clone(&lock);
                    pool.spawn(move || {
                        assert_ne!(here(), holder, "re-entered");
                        assert!(matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
                    })
                })
                .collect();
            for stranger in strangers {
                stranger
                    .result()
                    .unwrap_or_else(|error| panic!("{way}: {error}"));
            }
            until(|| own.load(SeqCst) == 10);
            promise.complete(()).unwrap();
            waiter.result().unwrap();
        }
    }
}

#[test]
fn t14_a_core_that_was_in_other_hands_brings_no_strangers_along() {
    let _watch = watch();
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let violated = Arc::new(AtomicBool::new(false));
    for _ in 0..300 {
        // Whoever waits under a lock, by thread; its own children are fine there.
        let (first, first_done) = promise::<()>();
        let (second, second_done) = promise::<()>();
        let (inside, seen) = (Arc::clone(&pool), Arc::clone(&violated));
        let holder = Arc::new(Mutex::new(None));
        let mine = Arc::clone(&holder);
        let waiter = pool.spawn(move || {
            *mine.lock().unwrap() = Some(here());
            first_done.result().unwrap();
            // Now perhaps with a core again. A child to wait for that is not there to be run.
            let (promise, never_queued) = promise::<()>();
            let child = inside.spawn(|| ());
            std::thread::spawn(move || promise.complete(()).unwrap());
            never_queued.result().unwrap();
            child.result().unwrap();
            *mine.lock().unwrap() = None;
        });
        until(|| waiter.is_running());
        let inside = Arc::clone(&pool);
        let stranger = pool.spawn(move || {
            let strangers_child = inside.spawn(move || {
                if *holder.lock().unwrap() == Some(here()) {
                    seen.store(true, SeqCst);
                }
            });
            first.complete(()).unwrap();
            // With a deadline a waiter does not help: its child stays queued while it lends its worker token.
            assert!(second_done.wait_timeout(LONG));
            strangers_child
        });
        until(|| waiter.is_done() || pool.stats().running == 2 || stranger.is_done());
        second.complete(()).unwrap();
        stranger.result().unwrap().result().unwrap();
        waiter.result().unwrap();
    }
    assert!(
        !violated.load(SeqCst),
        "a stranger ran on a thread that waits under a lock"
    );
}

#[test]
fn t14_wait_and_as_completed_inside_a_worker_help_with_any_of_them() {
    let _watch = watch();
    let pool = single();
    let inside = Arc::clone(&pool);
    let (promise, slow) = promise::<u32>();
    let task = pool.spawn(move || {
        let mut futures = vec![slow];
        futures.extend((0..5).map(|n| inside.spawn(move || n)));
        let waited = wait(futures, ReturnWhen::FirstCompleted);
        assert!(!waited.done.is_empty());
        let rest = waited.not_done;
        let mut all = as_completed(rest);
        while all.len() > 1 {
            all.next().unwrap().result().unwrap();
        }
        // The last one comes from elsewhere.
        promise.complete(9).unwrap();
        all.next().unwrap().result().unwrap()
    });
    assert_eq!(task.result().unwrap(), 9);
}

#[test]
fn t14_a_wait_that_times_out_gives_the_worker_back() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    for _ in 0..50 {
        let (kept, never) = promise::<()>();
        let late = pool.spawn(move || never.result_timeout(Duration::from_micros(50)).is_err());
        assert!(late.result().unwrap());
        assert_eq!(pool.spawn(|| 1).result().unwrap(), 1);
        drop(kept);
    }
    until(|| pool.stats().running == 0);
}

#[test]
fn t14_workers_of_two_pools_may_wait_for_each_other() {
    let _watch = watch();
    let (one, two) = (
        Arc::new(ThreadPool::new(1).unwrap()),
        Arc::new(ThreadPool::new(1).unwrap()),
    );
    for _ in 0..100 {
        let (a, b) = (Arc::clone(&one), Arc::clone(&two));
        let there_and_back = one.spawn(move || {
            let back = Arc::clone(&a);
            b.spawn(move || back.spawn(|| 5).result().unwrap())
                .result()
                .unwrap()
        });
        assert_eq!(there_and_back.result().unwrap(), 5);
    }
}
