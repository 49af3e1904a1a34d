//! A slice mapped in order, with cheap items and dear ones.

mod common;

use common::Benches;
use criterion::{Criterion, criterion_group, criterion_main};
use raddle_benches::contender::{Config, Map};
use raddle_benches::mappers;
use raddle_benches::measure::work::cheap;
use raddle_benches::workload::map::{CHEAP, dear, items, skewed};
use std::sync::Arc;
use std::time::{Duration, Instant};

const DEAR: usize = 1_000;

fn time(
    n: usize,
    calls: u64,
    f: impl Fn(u64) -> u64,
    map: impl Fn(&Arc<[u64]>) -> Vec<u64>,
) -> Duration {
    let items = items(n);
    let middle = n / 2;
    (0..calls)
        .map(|_| {
            let start = Instant::now();
            let got = map(&items);
            let time = start.elapsed();
            assert_eq!((got.len(), got[middle]), (n, f(middle as u64)));
            time
        })
        .sum()
}

fn light<C: Map>(pool: &Arc<C>, calls: u64) -> Duration {
    time(CHEAP, calls, cheap, |items| pool.map(items, cheap))
}

fn heavy<C: Map>(pool: &Arc<C>, calls: u64) -> Duration {
    time(DEAR, calls, dear, |items| pool.map(items, dear))
}

fn uneven<C: Map>(pool: &Arc<C>, calls: u64) -> Duration {
    let f = skewed(DEAR);
    time(DEAR, calls, f, |items| pool.map(items, f))
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("map");
    let mut benches = Benches::new(&mut group, "cheap_1m", CHEAP as u64);
    benches.bench("floor-sequential", |calls| {
        time(CHEAP, calls, cheap, |items| {
            items.iter().map(|&x| cheap(x)).collect()
        })
    });
    mappers!(benches, Config::new(2), &(), light);
    let mut benches = Benches::new(&mut group, "dear_1k_x_10us", DEAR as u64);
    benches.bench("floor-sequential", |calls| {
        time(DEAR, calls, dear, |items| {
            items.iter().map(|&x| dear(x)).collect()
        })
    });
    mappers!(benches, Config::new(2), &(), heavy);
    let mut benches = Benches::new(&mut group, "skewed_1k_x_0_to_20us", DEAR as u64);
    benches.bench("floor-sequential", |calls| {
        let f = skewed(DEAR);
        time(DEAR, calls, f, |items| {
            items.iter().map(|&x| f(x)).collect()
        })
    });
    mappers!(benches, Config::new(2), &(), uneven);
    for workers in common::counts() {
        let id = format!("dear_1k_x_10us@{workers}");
        let mut benches = Benches::new(&mut group, id, DEAR as u64);
        mappers!(benches, Config::new(workers), &(), heavy);
    }
}

criterion_group!(name = ordered; config = common::criterion(); targets = benches);
criterion_main!(ordered);
