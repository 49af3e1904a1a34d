//! Row E1 for `spawn_many`: tasks that are handed over many at a time.

use crate::common::{Drops, Gate, hold, watch};
use raddle::{Future, Rejected, Shutdown, TaskError, ThreadPool, WhenFull};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

/// None, one, and around what is handed over in one step, or fills a block or a deque.
const LENGTHS: [usize; 9] = [0, 1, 2, 61, 64, 65, 129, 1000, 10_000];

fn values(futures: Vec<Future<usize>>) -> impl Iterator<Item = usize> {
    futures.into_iter().map(|future| future.result().unwrap())
}

#[test]
fn e01_batches_of_any_length_give_their_futures_in_order() {
    let _watch = watch();
    for workers in [1, 2] {
        let pool = ThreadPool::new(workers).unwrap();
        for length in LENGTHS {
            let futures = pool.spawn_many((0..length).map(|n| move || n));
            assert!(values(futures).eq(0..length));
            // From one of its own tasks: into the deque, and what finds no room there into the injector.
            let inside = pool.scope(|s| {
                let many = || pool.spawn_many((0..length).map(|n| move || n));
                s.spawn(many).result().unwrap()
            });
            assert!(values(inside).eq(0..length));
        }
        pool.shutdown(Shutdown::Drain).unwrap();
        // Each batch twice, and the task that made the second one.
        let tasks: usize = LENGTHS.iter().map(|length| 2 * length + 1).sum();
        let stats = pool.stats();
        assert_eq!((stats.done(), stats.queued), (tasks as u64, 0));
    }
}

#[test]
fn e01_a_pool_of_one_worker_starts_a_batch_in_its_order() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    let started = Arc::new(Mutex::new(Vec::new()));
    let note = |n: usize| {
        let started = Arc::clone(&started);
        move || started.lock().unwrap().push(n)
    };
    let busy = hold(&pool);
    let first = pool.spawn(note(0));
    let batch = pool.spawn_many((1..200).map(note));
    let last = pool.spawn(note(200));
    busy.let_go();
    for future in [first].into_iter().chain(batch).chain([last]) {
        future.result().unwrap();
    }
    assert!(started.lock().unwrap().iter().copied().eq(0..=200));
}

#[test]
fn e01_the_first_tasks_of_a_long_batch_start_before_the_last_is_made() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    let begun = Gate::default();
    let tasks = (0..1000).map(|n| {
        if n == 999 {
            begun.wait();
        }
        let begun = begun.clone();
        move || begun.open()
    });
    for future in pool.spawn_many(tasks) {
        future.result().unwrap();
    }
}

#[test]
fn e04_a_batch_that_a_closed_pool_gets_is_refused_and_its_closures_are_dropped() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    pool.shutdown(Shutdown::Drain).unwrap();
    let drops = Drops::default();
    let futures = pool.spawn_many((0..100).map(|_| {
        let item = drops.item();
        move || drop(item)
    }));
    assert_eq!(drops.count(), 100);
    for future in futures {
        assert!(matches!(
            future.result(),
            Err(TaskError::Rejected(Rejected::ShutDown { .. }))
        ));
    }
}

#[test]
fn e01_a_panic_while_tasks_are_made_loses_none_of_those_before() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    let ran = Arc::new(AtomicUsize::new(0));
    let tasks = (0..100).map(|n| {
        assert!(n < 70, "no more of these");
        let ran = Arc::clone(&ran);
        move || {
            ran.fetch_add(1, SeqCst);
        }
    });
    let outcome = catch_unwind(AssertUnwindSafe(|| pool.spawn_many(tasks)));
    assert!(outcome.is_err());
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(ran.load(SeqCst), 70);
}

#[test]
fn e01_a_queue_limit_holds_for_each_task_of_a_batch() {
    let _watch = watch();
    let pool = ThreadPool::builder()
        .workers(1)
        .queue_limit(3)
        .when_full(WhenFull::Reject)
        .build()
        .unwrap();
    let busy = hold(&pool);
    let futures = pool.spawn_many((0..5).map(|n| move || n));
    let refused = |future: &Future<i32>| {
        let error = future.error();
        matches!(
            error,
            Some(TaskError::Rejected(Rejected::QueueFull { limit: 3, .. }))
        )
    };
    let refused: Vec<bool> = futures.iter().map(refused).collect();
    assert_eq!(refused, [false, false, false, true, true]);
    busy.let_go();
    drop(futures);
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(pool.stats().queued, 0);
}
