//! Tasks of 0 to 50 us, taken as they complete.

mod common;

use common::Benches;
use criterion::{Criterion, criterion_group, criterion_main};
use raddle_benches::contender::{Config, Spawn};
use raddle_benches::spawners;
use raddle_benches::workload::completion::{batch, by_index, sizes};
use std::sync::Arc;
use std::time::Duration;

const TASKS: usize = 1_000;

fn completed<C: Spawn>(pool: &Arc<C>, calls: u64) -> Duration {
    let sizes = sizes(TASKS);
    (0..calls)
        .map(|_| micros(batch(&**pool, &sizes).figure))
        .sum()
}

fn micros(us: f64) -> Duration {
    Duration::from_secs_f64(us / 1e6)
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("as_completed");
    let mut benches = Benches::new(&mut group, "1k_x_0_to_50us", TASKS as u64);
    let sizes = sizes(TASKS);
    benches.bench("floor-shared-index", |calls| {
        (0..calls)
            .map(|_| micros(by_index(2, &sizes, false).figure))
            .sum()
    });
    spawners!(benches, Config::new(2), &(), completed);
}

criterion_group!(name = completion; config = common::criterion(); targets = benches);
criterion_main!(completion);
