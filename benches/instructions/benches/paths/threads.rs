//! A pool of one worker: from outside while it stands still, or on it.

use gungraun::{library_benchmark, library_benchmark_group};
use raddle::ThreadPool;
use raddle_instructions::{asleep, busy, counted, on_worker, stand_still, warm};
use std::hint::black_box;
use std::mem;
use std::time::Duration;

fn submit_outside() {
    let pool = busy();
    warm(|| 7_u64, |n| pool.spawn(move || n));
}

fn submit_outside_unwatched() {
    let pool = busy();
    warm(|| 7_u64, |n| drop(pool.spawn(move || n)));
}

/// Over the border between two blocks of the injector.
fn submit_outside_100() {
    let pool = busy();
    let room = || Vec::with_capacity(100);
    warm(room, |mut futures| {
        futures.extend((0..100_u64).map(|n| pool.spawn(move || n)));
        futures
    });
}

fn submit_wakes() {
    let pool = asleep();
    // Leaked: its end is in no count.
    mem::forget(counted(|| pool.spawn(|| 7_u64)));
}

fn submit_inside() {
    on_worker(|pool| drop(warm(|| 7_u64, |n| pool.spawn(move || n))));
}

#[library_benchmark]
#[bench::outside(submit_outside)]
#[bench::outside_unwatched(submit_outside_unwatched)]
#[bench::outside_100(submit_outside_100)]
#[bench::wakes(submit_wakes)]
#[bench::inside(submit_inside)]
fn submit(case: fn()) {
    case();
}

/// Submit, pop, run, complete and take.
fn run_inside() {
    on_worker(|pool| drop(warm(|| 7_u64, |n| pool.spawn(move || n).result())));
}

fn run_inside_100() {
    on_worker(|pool| {
        let room = || Vec::with_capacity(100);
        let sum = warm(room, |mut futures| {
            futures.extend((0..100_u64).map(|n| pool.spawn(move || n)));
            let results = futures.drain(..).map(|future| future.result());
            (results.map(Result::unwrap).sum::<u64>(), futures)
        });
        assert_eq!(sum.0, 4950);
    });
}

#[library_benchmark]
#[bench::inside(run_inside)]
#[bench::inside_100(run_inside_100)]
fn run(case: fn()) {
    case();
}

fn join_one(pool: &ThreadPool) -> (u64, u64) {
    pool.join(|| black_box(1), || black_box(2))
}

fn join_outside() {
    let pool = busy();
    warm(|| (), |()| join_one(pool));
}

fn join_inside() {
    on_worker(|pool| warm(|| (), |()| join_one(pool)));
}

fn join_nested() {
    on_worker(|pool| pool.join(|| warm(|| (), |()| join_one(pool)), || ()));
}

fn fib(pool: &ThreadPool, n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (a, b) = pool.join(|| fib(pool, n - 1), || fib(pool, n - 2));
    a + b
}

fn join_fib() {
    let fib_10 = on_worker(|pool| warm(|| 10, |n| fib(pool, n)));
    assert_eq!(fib_10, 55);
}

#[library_benchmark]
#[bench::outside(join_outside)]
#[bench::inside(join_inside)]
#[bench::nested(join_nested)]
#[bench::fib_10(join_fib)]
fn join(case: fn()) {
    case();
}

fn cancel_queued() {
    let pool = busy();
    warm(
        || pool.spawn(|| 7_u64),
        |future| {
            assert!(future.cancel());
            future
        },
    );
}

#[library_benchmark]
#[bench::queued(cancel_queued)]
fn cancel(case: fn()) {
    case();
}

/// The worker has been woken for the task, so the waiter does not spin; then time is over.
fn wait_block() {
    let pool = asleep();
    let endless = pool.spawn(|| stand_still());
    warm(
        || Duration::from_millis(1),
        |limit| assert!(!endless.wait_timeout(limit)),
    );
    mem::forget(endless);
}

#[library_benchmark]
#[bench::block(wait_block)]
fn wait(case: fn()) {
    case();
}

library_benchmark_group!(
    name = thread_paths,
    benchmarks = [submit, run, join, cancel, wait]
);
