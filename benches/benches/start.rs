//! A thread pool from nothing to its first result; its end is not in the figure.

mod common;

use common::Benches;
use criterion::{Criterion, criterion_group, criterion_main};
use raddle_benches::contender::{Config, Spawn};
use raddle_benches::spawners;
use raddle_benches::workload::start::{start_and_call, threads};
use std::marker::PhantomData;
use std::time::Duration;

const WORKERS: usize = 2;

/// A pool per call.
struct Starts<'a, 'c>(Benches<'a, 'c>);

impl Starts<'_, '_> {
    fn contender<C: Spawn>(
        &mut self,
        config: Config,
        _options: &(),
        run: fn(PhantomData<C>, &Config) -> Duration,
    ) {
        // What has one pool per process starts it once.
        if !C::APART {
            self.0.bench(C::NAME, |calls| {
                (0..calls).map(|_| run(PhantomData, &config)).sum()
            });
        }
    }
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("start");
    let mut starts = Starts(Benches::new(&mut group, "first_result", 1));
    starts.0.bench("floor-threads", |calls| {
        (0..calls).map(|_| threads(WORKERS)).sum()
    });
    spawners!(starts, Config::new(WORKERS), &(), start_and_call);
}

criterion_group!(name = start; config = common::criterion(); targets = benches);
criterion_main!(start);
