//! Rows M: what tasks of a map see that are functions of this program, and maps of threads. The rest of these rows is in `every_map.rs`.

use crate::common::{Files, Kind, open, reports, until, wait_until_open, watch};
use crate::kinds::for_every_executor;
use crate::tasks::divided;
use raddle::{Executor, Shutdown, TaskError, ThreadPool};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

for_every_executor! {
    m09_a_running_item_is_asked_to_stop_at_the_limit
    m10_a_running_item_is_asked_to_stop_on_drop
    m19_a_chunk_reports_where_an_item_panicked
    m21_a_chunk_is_one_hand_over
}

fn values<R>(outcomes: impl Iterator<Item = Result<R, TaskError>>) -> Vec<R> {
    outcomes.map(Result::unwrap).collect()
}

fn m09_a_running_item_is_asked_to_stop_at_the_limit<K: Kind>() {
    let executor = K::make(1);
    let endless = |_: u8| until(raddle::cancel_requested);
    let mut outcomes = executor.map(endless, [1]).timeout(Duration::from_millis(2));
    assert!(matches!(outcomes.next(), Some(Err(TaskError::TimedOut))));
    // It ends only if it is asked to.
    executor.shutdown(Shutdown::Drain).unwrap();
}

fn m10_a_running_item_is_asked_to_stop_on_drop<K: Kind>() {
    let executor = K::make(1);
    let files = Files::new();
    let task = |(n, started): (u8, PathBuf)| {
        if n == 1 {
            open(&started);
            until(raddle::cancel_requested);
        }
    };
    let started = files.path("started");
    let args = [0, 1, 2].map(|n| (n, started.clone()));
    let mut outcomes = executor.map(task, args).chunk(1);
    outcomes.next().unwrap().unwrap();
    wait_until_open(&started);
    drop(outcomes);
    executor.shutdown(Shutdown::Drain).unwrap();
}

fn m19_a_chunk_reports_where_an_item_panicked<K: Kind>() {
    let executor = K::make(1);
    let outcome = executor.map(divided, [0]).chunk(4).next().unwrap();
    let Err(TaskError::Panicked(report)) = outcome else {
        panic!("divided by zero")
    };
    assert!(report.location().unwrap().contains("tasks.rs:"));
    assert!(report.worker().unwrap().ends_with("-0"));
}

fn m21_a_chunk_is_one_hand_over<K: Kind>() {
    let executor = K::make(2);
    let place = |_: u64| format!("{} {:?}", std::process::id(), thread::current().id());
    let places = values(executor.map(place, 0..200).chunk(10));
    for chunk in places.chunks(10) {
        assert!(chunk.iter().all(|one| *one == chunk[0]), "{chunk:?}");
    }
}

// --- Threads only -------------------------------------------------------------------------------

#[test]
fn m10_a_dropped_map_leaves_no_error_unobserved() {
    let _watch = watch();
    let reports = reports();
    let pool = ThreadPool::builder()
        .workers(1)
        .name("m10-quiet")
        .build()
        .unwrap();
    let mut outcomes = pool
        .map(|n: u8| assert!(n == 0, "m10-quiet item"), 0..100)
        .chunk(1);
    outcomes.next().unwrap().unwrap();
    drop(outcomes);
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(pool.map(|n: u8| n, 0..100).count(), 1);
    assert_eq!(reports.count("m10-quiet"), 0);
}

#[test]
fn m01_a_map_inside_a_worker_of_the_same_pool_ends() {
    let _watch = watch();
    for workers in [1, 2] {
        let pool = Arc::new(ThreadPool::new(workers).unwrap());
        let inner = Arc::clone(&pool);
        let sums = pool.spawn(move || {
            let ordered: u64 = values(inner.map(|n: u64| n, 0..200)).into_iter().sum();
            let exact: u64 = values(inner.map(|n: u64| n, 0..200).chunk(3).buffer(4))
                .into_iter()
                .sum();
            let outcomes = inner.map_unordered(|n: u64| n, 0..200);
            let unordered: u64 = outcomes.map(|(_, one)| one.unwrap()).sum();
            let limited = inner.map(|n: u64| n, 0..200).timeout(Duration::MAX);
            (
                ordered,
                exact,
                unordered,
                values(limited).into_iter().sum::<u64>(),
            )
        });
        assert_eq!(sums.result().unwrap(), (19_900, 19_900, 19_900, 19_900));
    }
}

#[test]
fn m07_a_limit_inside_a_worker_of_the_same_pool_holds() {
    let _watch = watch();
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let inner = Arc::clone(&pool);
    let ended = pool.spawn(move || {
        let endless = |_: u8| until(raddle::cancel_requested);
        let outcomes = inner.map(endless, 0..3).timeout(Duration::from_millis(2));
        let ordered = outcomes.collect::<Vec<_>>();
        let outcomes = inner
            .map_unordered(endless, 0..3)
            .timeout(Duration::from_millis(2));
        (ordered, outcomes.collect::<Vec<_>>())
    });
    let (ordered, unordered) = ended.result().unwrap();
    assert!(matches!(ordered[..], [Err(TaskError::TimedOut)]));
    assert!(matches!(unordered[..], [(_, Err(TaskError::TimedOut))]));
}
