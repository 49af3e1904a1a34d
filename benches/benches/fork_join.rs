//! Joins: a long fib, a short one, a tree.

mod common;

use common::Benches;
use criterion::{Criterion, criterion_group, criterion_main};
use raddle_benches::contender::{Config, ForkJoin};
use raddle_benches::joiners;
use raddle_benches::workload::fork_join::{fib, joins, tree};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn time(calls: u64, mut call: impl FnMut() -> u64, right: u64) -> Duration {
    let start = Instant::now();
    for _ in 0..calls {
        assert_eq!(call(), right);
    }
    start.elapsed()
}

fn long<C: ForkJoin>(pool: &Arc<C>, calls: u64) -> Duration {
    time(calls, || pool.fib(black_box(27)), 196_418)
}

fn short<C: ForkJoin>(pool: &Arc<C>, calls: u64) -> Duration {
    time(calls, || pool.fib(black_box(18)), 2_584)
}

fn sum<C: ForkJoin>(pool: &Arc<C>, calls: u64) -> Duration {
    let (tree, nodes) = tree();
    time(
        calls,
        || pool.tree_sum(black_box(tree)),
        nodes * (nodes - 1) / 2,
    )
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fork_join");
    let mut benches = Benches::new(&mut group, "fib_27", joins(27));
    benches.bench("floor-sequential", |calls| {
        time(calls, || fib(black_box(27)), 196_418)
    });
    joiners!(benches, Config::new(2), &(), long);
    let mut benches = Benches::new(&mut group, "fib_18", joins(18));
    benches.bench("floor-sequential", |calls| {
        time(calls, || fib(black_box(18)), 2_584)
    });
    joiners!(benches, Config::new(2), &(), short);
    let (nodes, right) = (tree().1, tree().1 * (tree().1 - 1) / 2);
    let mut benches = Benches::new(&mut group, "tree_sum", nodes);
    benches.bench("floor-sequential", |calls| {
        time(calls, || black_box(&tree().0).sum(), right)
    });
    joiners!(benches, Config::new(2), &(), sum);
    for workers in common::counts() {
        let mut benches = Benches::new(&mut group, format!("fib_27@{workers}"), joins(27));
        joiners!(benches, Config::new(workers), &(), long);
    }
}

criterion_group!(name = fork_join; config = common::criterion(); targets = benches);
criterion_main!(fork_join);
