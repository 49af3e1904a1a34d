//! What the criterion benches share: names that stay as they are, and a pool per bench that is made
//! once and dropped with it.

// No bench uses all of it.
#![allow(dead_code)]

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use raddle_benches::contender::processes::Workers;
use raddle_benches::contender::{Config, Contender};
use raddle_benches::measure::place::allowed;
use raddle_benches::workload::scaling;
use std::sync::Arc;
use std::time::Duration;

/// Settings under which a whole `cargo bench` takes minutes.
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_000))
        .configure_from_args()
}

/// The counts of workers of the benches `workload@n`; those without a count have two.
pub fn counts() -> impl Iterator<Item = usize> {
    let counts = scaling::counts(allowed().len());
    counts.into_iter().filter(|&workers| workers != 2)
}

/// The benches `group/workload/contender` of one workload.
pub struct Benches<'a, 'c> {
    group: &'a mut BenchmarkGroup<'c, WallTime>,
    workload: String,
}

impl<'a, 'c> Benches<'a, 'c> {
    /// Benches whose figure is per element, `elements` to a call.
    pub fn new(
        group: &'a mut BenchmarkGroup<'c, WallTime>,
        workload: impl Into<String>,
        elements: u64,
    ) -> Self {
        group.throughput(Throughput::Elements(elements));
        let workload = workload.into();
        Benches { group, workload }
    }

    /// Benches that carry so many bytes to a call.
    pub fn of_bytes(
        group: &'a mut BenchmarkGroup<'c, WallTime>,
        workload: impl Into<String>,
        bytes: u64,
    ) -> Self {
        group.throughput(Throughput::Bytes(bytes));
        let workload = workload.into();
        Benches { group, workload }
    }

    /// A bench that has no pool, or makes its own.
    pub fn bench(&mut self, name: &str, mut run: impl FnMut(u64) -> Duration) {
        let id = BenchmarkId::new(&self.workload, slug(name));
        self.group.bench_function(id, |b| b.iter_custom(&mut run));
    }

    /// A contender: `run` gives the time of so many calls. Takes what `spawners!` and its like give.
    pub fn contender<C: Contender>(
        &mut self,
        config: Config,
        _options: &(),
        run: fn(&Arc<C>, u64) -> Duration,
    ) {
        // What keeps its threads for ever would be there for all that follow.
        if C::APART {
            return;
        }
        let mut pool = None;
        self.bench(C::NAME, |calls| {
            run(pool.get_or_insert_with(|| Arc::new(C::new(&config))), calls)
        });
    }

    /// A pool of processes, as above. Takes what `callers!` and its like give.
    pub fn workers<C: Workers>(
        &mut self,
        workers: usize,
        _options: &(),
        mut run: impl FnMut(&mut C, u64) -> Duration,
    ) {
        let mut pool = None;
        self.bench(C::NAME, |calls| {
            run(pool.get_or_insert_with(|| C::start(workers)), calls)
        });
    }
}

fn slug(name: &str) -> String {
    let words: Vec<&str> = name
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .collect();
    words.join("-")
}
