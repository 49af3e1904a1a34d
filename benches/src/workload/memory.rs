//! W8: what a task asks of the heap: eight bytes captured, eight bytes of result, a hundred thousand
//! tasks held at once behind workers that are kept busy.
//!
//! Only a program whose allocator is [`crate::measure::heap::Counting`] can run it. Bytes are those
//! asked for: no stacks, no mmap, no rounding by malloc. The vector of handles is not counted.

use super::submit::answer;
use crate::contender::{Config, Spawn};
use crate::document::Role;
use crate::measure::heap::{self, Heap};
use crate::measure::round::{Column, Options, Round, Workload};
use crate::spawners;
use std::sync::{Arc, Barrier};

const TASKS: usize = 100_000;

const ALLOCATIONS: Column = Column::low(
    "allocations",
    "allocations in the first batch",
    "allocations",
);
const LIVE: Column = Column::low("live", "bytes live while the tasks are held", "B");
const STEADY: Column = Column::low("steady", "bytes in the third batch", "B");
const STEADY_ALLOCATIONS: Column = Column::low(
    "steady-allocations",
    "allocations in the third batch",
    "allocations",
);
const KEPT: Column = Column::low("kept", "bytes kept after three batches", "B");

struct Batch {
    start: Heap,
    before: Heap,
    held: Heap,
    after: Heap,
}

fn batch<C: Spawn>(pool: &C, workers: usize, n: usize) -> Batch {
    let start = heap::heap();
    let mut handles = Vec::with_capacity(n);
    let (busy, open) = (
        Arc::new(Barrier::new(workers + 1)),
        Arc::new(Barrier::new(workers + 1)),
    );
    for _ in 0..workers {
        let (busy, open) = (Arc::clone(&busy), Arc::clone(&open));
        pool.detach(move || {
            busy.wait();
            open.wait();
        });
    }
    busy.wait();
    let before = heap::heap();
    for i in 0..n as u64 {
        handles.push(pool.spawn(move || answer(i)));
    }
    let held = heap::heap();
    open.wait();
    let mut sum = 0;
    heap::count(false);
    let right = (0..n as u64).map(answer).sum::<u64>();
    heap::count(true);
    pool.collect(handles, |x| sum += x);
    assert_eq!(sum, right, "a result was lost or wrong");
    Batch {
        start,
        before,
        held,
        after: heap::heap(),
    }
}

/// On a thread of its own, since a contender may keep what it recycles with the thread that submits.
fn run<C: Spawn>(pool: &Arc<C>, options: &Options) -> Round {
    std::thread::scope(|scope| {
        let fresh = scope.spawn(|| run_here(pool, options));
        fresh.join().expect("the measuring thread ends well")
    })
}

fn run_here<C: Spawn>(pool: &Arc<C>, options: &Options) -> Round {
    let n = options.tasks(TASKS);
    heap::count(true);
    let cold = batch(&**pool, options.workers, n);
    batch(&**pool, options.workers, n);
    let steady = batch(&**pool, options.workers, n);
    heap::count(false);
    let per = |amount: u64| amount as f64 / n as f64;
    let calls = |b: &Batch| per(b.after.calls - b.before.calls);
    let bytes = |b: &Batch| per(b.after.bytes - b.before.bytes);
    Round::of(bytes(&cold))
        .with(ALLOCATIONS, calls(&cold))
        .with(LIVE, (cold.held.live - cold.before.live) as f64 / n as f64)
        .with(STEADY, bytes(&steady))
        .with(STEADY_ALLOCATIONS, calls(&steady))
        .with(
            KEPT,
            (steady.after.live - cold.start.live) as f64 / n as f64,
        )
}

fn boxed(n: usize) -> Round {
    let mut held: Vec<Box<dyn FnOnce() -> u64>> = Vec::with_capacity(n);
    heap::count(true);
    let before = heap::heap();
    for i in 0..n as u64 {
        held.push(Box::new(move || answer(i)));
    }
    let after = heap::heap();
    heap::count(false);
    let right: u64 = (0..n as u64).map(answer).sum();
    assert_eq!(held.into_iter().map(|task| task()).sum::<u64>(), right);
    let per = |amount: u64| amount as f64 / n as f64;
    let (bytes, calls) = (
        per(after.bytes - before.bytes),
        per(after.calls - before.calls),
    );
    Round::of(bytes)
        .with(ALLOCATIONS, calls)
        .with(LIVE, bytes)
        .with(STEADY, bytes)
        .with(STEADY_ALLOCATIONS, calls)
        .with(KEPT, 0.0)
}

/// W8, where the allocator counts.
pub fn workloads(options: &Options) -> Vec<Workload> {
    if !heap::installed() {
        return Vec::new();
    }
    let title = "heap bytes per task, 100k tasks held at once; first batch, then the third";
    let mut workload = Workload::new("W8", title, "B")
        .at_most(5)
        .statistic("bytes asked for per task");
    let n = options.tasks(TASKS);
    workload.entry(Role::Floor, "a boxed closure, no result", move || boxed(n));
    spawners!(workload, Config::new(options.workers), options, run);
    vec![workload]
}
