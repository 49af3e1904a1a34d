//! Ten thousand tasks behind busy workers, all cancelled, until every handle says so.

mod common;

use common::Benches;
use criterion::{Criterion, criterion_group, criterion_main};
use raddle_benches::cancellers;
use raddle_benches::contender::{Cancel, Config};
use raddle_benches::workload::cancel::{flags, storm};
use std::sync::Arc;
use std::time::Duration;

const TASKS: usize = 10_000;
const WORKERS: usize = 2;

fn cancelled<C: Cancel>(pool: &Arc<C>, calls: u64) -> Duration {
    (0..calls).map(|_| storm(&**pool, WORKERS, TASKS).1).sum()
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cancel");
    let mut benches = Benches::new(&mut group, "10k_waiting", TASKS as u64);
    benches.bench("floor-flags", |calls| {
        (0..calls).map(|_| flags(TASKS).1).sum()
    });
    cancellers!(benches, Config::new(WORKERS), &(), cancelled);
}

criterion_group!(name = cancel; config = common::criterion(); targets = benches);
criterion_main!(cancel);
