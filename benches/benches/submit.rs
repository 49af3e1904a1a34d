//! A hundred thousand small closures from outside.

mod common;

use common::Benches;
use criterion::{Criterion, criterion_group, criterion_main};
use raddle_benches::contender::{Config, Spawn};
use raddle_benches::spawners;
use raddle_benches::workload::submit::{
    boxed, from_many, from_many_without_handles, with_handles, without_handles,
};
use std::sync::Arc;
use std::time::Duration;

const TASKS: usize = 100_000;

fn keep<C: Spawn>(pool: &Arc<C>, calls: u64) -> Duration {
    (0..calls)
        .map(|_| with_handles(&**pool, 0..TASKS as u64).1)
        .sum()
}

fn forget<C: Spawn>(pool: &Arc<C>, calls: u64) -> Duration {
    (0..calls).map(|_| without_handles(&**pool, TASKS).1).sum()
}

fn many<C: Spawn>(pool: &Arc<C>, calls: u64) -> Duration {
    (0..calls).map(|_| from_many(&**pool, TASKS)).sum()
}

fn many_forget<C: Spawn>(pool: &Arc<C>, calls: u64) -> Duration {
    (0..calls)
        .map(|_| from_many_without_handles(&**pool, TASKS))
        .sum()
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("submit");
    let mut benches = Benches::new(&mut group, "handles", TASKS as u64);
    benches.bench("floor-boxed", |calls| {
        (0..calls).map(|_| boxed(0..TASKS as u64).1).sum()
    });
    spawners!(benches, Config::new(2), &(), keep);
    let mut benches = Benches::new(&mut group, "no_handles", TASKS as u64);
    spawners!(benches, Config::new(2), &(), forget);
    let mut benches = Benches::new(&mut group, "four_submitters", TASKS as u64);
    spawners!(benches, Config::new(2), &(), many);
    let mut benches = Benches::new(&mut group, "four_submitters_no_handles", TASKS as u64);
    spawners!(benches, Config::new(2), &(), many_forget);
    for workers in common::counts() {
        let mut benches = Benches::new(&mut group, format!("handles@{workers}"), TASKS as u64);
        spawners!(benches, Config::new(workers), &(), keep);
    }
}

criterion_group!(name = submit; config = common::criterion(); targets = benches);
criterion_main!(submit);
