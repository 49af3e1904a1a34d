//! One trivial task from outside and its result.

mod common;

use common::Benches;
use criterion::{Criterion, criterion_group, criterion_main};
use raddle_benches::contender::{Config, Spawn};
use raddle_benches::floor::parked::Parked;
use raddle_benches::floor::spinning::Spinning;
use raddle_benches::spawners;
use raddle_benches::workload::round_trip::{Between, call, trips};
use std::sync::Arc;
use std::time::Duration;

fn total(calls: u64, between: Between, call: impl FnMut(u32) -> u32) -> Duration {
    let latencies = trips(calls as usize, between, call);
    Duration::from_nanos(latencies.iter().map(|&ns| u64::from(ns)).sum())
}

fn hot<C: Spawn>(pool: &Arc<C>, calls: u64) -> Duration {
    total(calls, Between::Nothing, |x| call(&**pool, x))
}

fn idle<C: Spawn>(pool: &Arc<C>, calls: u64) -> Duration {
    total(calls, Between::Busy, |x| call(&**pool, x))
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("round_trip");
    for (name, between) in [("hot", Between::Nothing), ("idle_200us", Between::Busy)] {
        let mut benches = Benches::new(&mut group, name, 1);
        let (mut spinning, mut parked) = (None, None);
        benches.bench("floor-spinning", move |calls| {
            let mailbox = spinning.get_or_insert_with(|| Spinning::new(None));
            total(calls, between, |x| mailbox.call(x))
        });
        benches.bench("floor-parked", move |calls| {
            let mailbox = parked.get_or_insert_with(|| Parked::new(None));
            total(calls, between, |x| mailbox.call(x))
        });
        if between == Between::Nothing {
            spawners!(benches, Config::new(2), &(), hot);
        } else {
            spawners!(benches, Config::new(2), &(), idle);
        }
    }
}

criterion_group!(name = round_trip; config = common::criterion(); targets = benches);
criterion_main!(round_trip);
