//! Process pools: round trips, many tasks, bytes there and back, start-up, and the replacement of a worker that dies.

mod common;

use common::Benches;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group};
use raddle_benches::contender::processes::{
    Batch, Call, Payload, Polling, Replace, Workers, serve_if_asked, socketpair,
};
use raddle_benches::floor::exec::Exec;
use raddle_benches::floor::shared::{Copies, Parked, Spinning};
use raddle_benches::measure::place::on_core;
use raddle_benches::measure::round::Options;
use raddle_benches::workload::processes::{payload, round_trip, start, submit};
use raddle_benches::workload::round_trip::{Between, trips};
use raddle_benches::{callers, carriers, replacers};
use std::marker::PhantomData;
use std::time::Duration;

/// Of one batch.
const TASKS: u64 = 20_000;
/// Of one pool: workers are not replaced without end.
const DEATHS: u64 = 5;

fn trip<C: Call>(pool: &mut C, calls: u64, between: Between) -> Duration {
    let latencies = trips(calls as usize, between, |x| round_trip::one(pool, x));
    Duration::from_nanos(latencies.iter().map(|&ns| u64::from(ns)).sum())
}

fn hot<C: Call>(pool: &mut C, calls: u64) -> Duration {
    trip(pool, calls, Between::Nothing)
}

fn idle<C: Call>(pool: &mut C, calls: u64) -> Duration {
    trip(pool, calls, Between::Busy)
}

/// What takes far longer gets as many tasks fewer, and its time counts as often.
fn batches<C: Batch>(pool: &mut C, calls: u64) -> Duration {
    let n = TASKS / C::SLOWER as u64;
    let time: Duration = (0..calls).map(|_| submit::all_of(pool, n)).sum();
    time * C::SLOWER as u32
}

/// A floor that spins, on two cores if there are two.
fn spinning(benches: &mut Benches<'_, '_>, mut run: impl FnMut(&mut Spinning, u64) -> Duration) {
    let (caller, worker) = Options::new(1, 1.0).cores.unzip();
    let mut ring = None;
    benches.bench("floor-spinning", |calls| {
        let ring = ring.get_or_insert_with(|| Spinning::start_on(worker));
        on_core(caller, || run(ring, calls))
    });
}

fn round_trips(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("process_round_trip");
    let mut benches = Benches::new(&mut group, "hot", 1);
    spinning(&mut benches, hot);
    callers!(benches, 1, &(), hot);
    let mut benches = Benches::new(&mut group, "idle_200us", 1);
    let mut ring = None;
    benches.bench("floor-parked", |calls| {
        idle(ring.get_or_insert_with(|| Parked::start(1)), calls)
    });
    callers!(benches, 1, &(), idle);
}

fn submits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("process_submit");
    let mut benches = Benches::new(&mut group, "handles", TASKS);
    spinning(&mut benches, batches);
    benches.workers(1, &(), batches::<socketpair::Buffered>);
    callers!(benches, 1, &(), batches);
}

struct Exchanges<'a, 'c> {
    benches: Benches<'a, 'c>,
    len: usize,
}

impl<'a, 'c> Exchanges<'a, 'c> {
    fn new(group: &'a mut BenchmarkGroup<'c, WallTime>, size: &str, len: usize) -> Self {
        let mut benches = Benches::of_bytes(group, size, 2 * len as u64);
        let copies = Copies::default();
        benches.bench("floor-memcpy", |calls| {
            payload::copied(len, calls as usize, |from, to| {
                copies.there_and_back(from, to)
            })
        });
        Exchanges { benches, len }
    }

    fn carrier<C: Payload>(&mut self) {
        let len = self.len;
        // Seconds to an exchange.
        if C::SLOWER > 1 && len > 1 << 20 {
            return;
        }
        self.benches.workers(1, &(), |pool: &mut C, calls| {
            payload::measured(len, calls as usize, |bytes| pool.exchange(bytes))
        });
    }
}

fn payloads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("process_payload");
    for (size, _, len, _) in payload::SIZES {
        let mut exchanges = Exchanges::new(&mut group, size, len);
        carriers!(exchanges);
    }
}

/// A pool per call.
struct Starts<'a, 'c>(Benches<'a, 'c>);

impl Starts<'_, '_> {
    fn workers<C: Call>(
        &mut self,
        workers: usize,
        _options: &(),
        run: fn(PhantomData<C>, usize) -> Duration,
    ) {
        self.0.bench(C::NAME, |calls| {
            (0..calls).map(|_| run(PhantomData, workers)).sum()
        });
    }
}

fn starts(criterion: &mut Criterion) {
    use start::start_and_call;
    let mut group = criterion.benchmark_group("process_start");
    let mut starts = Starts(Benches::new(&mut group, "first_result", 1));
    starts.0.bench("floor-exec", |calls| {
        (0..calls)
            .map(|_| start_and_call(PhantomData::<Exec>, 2))
            .sum()
    });
    callers!(starts, 2, &(), start_and_call);
}

/// A pool per few deaths.
struct Deaths<'a, 'c>(Benches<'a, 'c>);

impl Deaths<'_, '_> {
    fn workers<C: Replace>(
        &mut self,
        workers: usize,
        _options: &(),
        run: fn(&mut C, u64) -> Duration,
    ) {
        self.bench(C::NAME, workers, run);
    }

    fn bench<C: Replace>(&mut self, name: &str, workers: usize, run: fn(&mut C, u64) -> Duration) {
        self.0.bench(name, |calls| {
            let pools = (0..calls).step_by(DEATHS as usize);
            let few = |done| run(&mut C::start(workers), DEATHS.min(calls - done));
            pools.map(few).sum()
        });
    }
}

fn replaced<C: Replace>(pool: &mut C, deaths: u64) -> Duration {
    start::replaced(pool, deaths as usize).into_iter().sum()
}

fn deaths(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("process_death");
    let mut deaths = Deaths(Benches::new(&mut group, "next_result", 1));
    deaths.bench("floor-exec", 1, replaced::<Exec>);
    replacers!(deaths, 1, &(), replaced);
}

criterion_group!(
    name = processes;
    config = common::criterion();
    targets = round_trips, submits, payloads, starts, deaths
);

fn main() {
    // A worker does not come back from here.
    serve_if_asked();
    processes();
    Criterion::default().configure_from_args().final_summary();
}
