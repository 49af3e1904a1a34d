//! A hundred tasks that spawn a thousand each.

mod common;

use common::Benches;
use criterion::{Criterion, criterion_group, criterion_main};
use raddle_benches::contender::{Config, NestedWait, Spawn};
use raddle_benches::workload::nested::{boxed, spawn_nested, wait_nested};
use raddle_benches::{nested_waiters, spawners};
use std::sync::Arc;
use std::time::Duration;

const OUTER: usize = 100;

fn nested<C: Spawn>(pool: &Arc<C>, calls: u64) -> Duration {
    (0..calls).map(|_| spawn_nested(pool, OUTER)).sum()
}

fn waiting<C: NestedWait>(pool: &Arc<C>, calls: u64) -> Duration {
    (0..calls).map(|_| wait_nested(pool, OUTER)).sum()
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("nested");
    for (name, workers) in [("two_workers", 2), ("one_worker", 1)] {
        let mut benches = Benches::new(&mut group, name, OUTER as u64 * 1_000);
        benches.bench("floor-boxed", |calls| {
            (0..calls).map(|_| boxed(OUTER)).sum()
        });
        spawners!(benches, Config::new(workers), &(), nested);
    }
    let mut benches = Benches::new(&mut group, "waiting_inside", OUTER as u64 * 1_000);
    nested_waiters!(benches, Config::new(2), &(), waiting);
    // One worker has a name of its own.
    for workers in common::counts().filter(|&workers| workers > 1) {
        let id = format!("workers@{workers}");
        let mut benches = Benches::new(&mut group, id, OUTER as u64 * 1_000);
        spawners!(benches, Config::new(workers), &(), nested);
    }
}

criterion_group!(name = inside; config = common::criterion(); targets = benches);
criterion_main!(inside);
