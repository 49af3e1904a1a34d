//! W2: a million small closures from outside. `W2` one thread keeps all handles, then collects them
//! in order; `W2b` no handle is kept; `W2c` four threads submit and collect a quarter each; `W2d` the same
//! four without handles.

use crate::contender::python::{self, Ask, Pool};
use crate::contender::{Config, Spawn};
use crate::document::Role;
use crate::measure::latch::{GROUPS, Latch};
use crate::measure::round::{Column, Options, Round, Workload};
use crate::spawners;
use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

const TASKS: usize = 1_000_000;
const SUBMITTERS: usize = 4;

const SUBMITTING: Column = Column::low("submit-only", "the submitting alone", "ns");

/// What a task answers; eight bytes in, eight bytes out.
#[inline]
pub fn answer(i: u64) -> u64 {
    i ^ 0x55
}

fn expected(tasks: std::ops::Range<u64>) -> u64 {
    tasks.map(answer).fold(0, u64::wrapping_add)
}

/// Submits the tasks and collects their results; gives the time of the submitting alone and of all.
pub fn with_handles<C: Spawn>(pool: &C, tasks: std::ops::Range<u64>) -> (Duration, Duration) {
    let right = expected(tasks.clone());
    let start = Instant::now();
    let count = (tasks.end - tasks.start) as usize;
    let handles = pool.spawn_all((0..count).map(|i| {
        let i = tasks.start + i as u64;
        move || answer(i)
    }));
    let submitted = start.elapsed();
    let mut sum = 0_u64;
    pool.collect(handles, |x| sum = sum.wrapping_add(x));
    let all = start.elapsed();
    assert_eq!(sum, right, "a result was lost or wrong");
    (submitted, all)
}

/// Submits `n` tasks without handles, in groups of a latch, and waits for the last.
pub fn without_handles<C: Spawn>(pool: &C, n: usize) -> (Duration, Duration) {
    let latch = Latch::get();
    let group = n.div_ceil(GROUPS);
    let n = group * GROUPS;
    let right: u64 = (0..n as u64).map(|i| answer(i) & 0xff).sum();
    latch.set(GROUPS);
    let start = Instant::now();
    detach(pool, 0..n as u64, group as u64);
    let submitted = start.elapsed();
    let sum = latch.wait();
    let all = start.elapsed();
    assert_eq!(sum, right, "a task was lost or ran twice");
    (submitted, all)
}

/// Submits tasks that report to the latch, `of` to a group.
fn detach<C: Spawn>(pool: &C, tasks: std::ops::Range<u64>, of: u64) {
    for i in tasks {
        // The capture stays at eight bytes: the group's size is found from the same number.
        let packed = i << 20 | of;
        pool.detach(move || {
            let (i, of) = (packed >> 20, packed & 0xf_ffff);
            Latch::get().tick((i / of) as usize, of, answer(i) & 0xff);
        });
    }
}

/// Four threads submit a quarter of the latch's groups each, and none of them waits; from the first thread's start until
/// the last task has run.
pub fn from_many_without_handles<C: Spawn>(pool: &C, n: usize) -> Duration {
    let latch = Latch::get();
    let of = n.div_ceil(GROUPS) as u64;
    let each = of * (GROUPS / SUBMITTERS) as u64;
    let right: u64 = (0..each * SUBMITTERS as u64)
        .map(|i| answer(i) & 0xff)
        .sum();
    latch.set(GROUPS);
    let (start, _) = in_threads(|thread| {
        let from = thread as u64 * each;
        detach(pool, from..from + each, of);
    });
    let sum = latch.wait();
    let all = start.elapsed();
    assert_eq!(sum, right, "a task was lost or ran twice");
    all
}

/// Four threads, each with handles of its own.
pub fn from_many<C: Spawn>(pool: &C, n: usize) -> Duration {
    let each = (n / SUBMITTERS) as u64;
    let (start, end) = in_threads(|thread| {
        let from = thread as u64 * each;
        with_handles(pool, from..from + each);
    });
    end - start
}

/// The first thread's start and the last one's end. The threads look at the clock themselves: with
/// more of them than cores, another thread could look long after they began.
fn in_threads(run: impl Fn(usize) + Sync) -> (Instant, Instant) {
    let ready = Barrier::new(SUBMITTERS);
    let spans: Vec<(Instant, Instant)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..SUBMITTERS)
            .map(|i| {
                let (ready, run) = (&ready, &run);
                scope.spawn(move || {
                    ready.wait();
                    let start = Instant::now();
                    run(i);
                    (start, Instant::now())
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let start = spans.iter().map(|span| span.0).min().unwrap();
    let end = spans.iter().map(|span| span.1).max().unwrap();
    (start, end)
}

/// The floor: one thread boxes the closures, holds them all, calls and frees them.
pub fn boxed(tasks: std::ops::Range<u64>) -> (Duration, Duration) {
    let right = expected(tasks.clone());
    let start = Instant::now();
    let mut held: Vec<Box<dyn FnOnce() -> u64 + Send>> =
        Vec::with_capacity((tasks.end - tasks.start) as usize);
    for i in tasks {
        held.push(black_box(Box::new(move || answer(i))));
    }
    let submitted = start.elapsed();
    let mut sum = 0_u64;
    for task in held {
        sum = sum.wrapping_add(task());
    }
    let all = start.elapsed();
    assert_eq!(sum, right);
    (submitted, all)
}

fn per_task((submitted, all): (Duration, Duration), n: usize) -> Round {
    let per = |time: Duration| time.as_nanos() as f64 / n as f64;
    Round::of(per(all)).with(SUBMITTING, per(submitted))
}

/// W2, W2b, W2c, W2d.
pub fn workloads(options: &Options) -> Vec<Workload> {
    vec![
        kept(options),
        forgotten(options),
        shared(options),
        shared_forgotten(options),
    ]
}

/// What ratios refer to.
fn floor(workload: &mut Workload, options: &Options) {
    let n = options.tasks(TASKS);
    let run = move || per_task(boxed(0..n as u64), n);
    workload.entry(Role::Floor, "box, hold, call, free on one thread", run);
}

/// The same on four threads.
fn floor_of_four(workload: &mut Workload, options: &Options) {
    let n = options.tasks(TASKS);
    workload.entry(Role::Floor, "the same on four threads at once", move || {
        let each = (n / SUBMITTERS) as u64;
        let (start, end) = in_threads(|_| {
            black_box(boxed(0..each));
        });
        Round::of((end - start).as_nanos() as f64 / n as f64)
    });
}

/// W2.
pub fn kept(options: &Options) -> Workload {
    fn run<C: Spawn>(pool: &Arc<C>, options: &Options) -> Round {
        let n = options.tasks(TASKS);
        per_task(with_handles(&**pool, 0..n as u64), n)
    }
    let title = "1M closures from one thread, then all results, per task";
    let mut kept = Workload::new("W2", title, "ns");
    floor(&mut kept, options);
    let (workers, n) = (options.workers, options.tasks(TASKS));
    python::add(&mut kept, Pool::Thread, workers, Ask::Batch, n / 20);
    let config = Config::new(workers);
    spawners!(kept, config, options, run);
    #[cfg(feature = "raddle")]
    kept.contender(config, options, run::<crate::contender::raddle::Batch>);
    kept
}

fn forgotten(options: &Options) -> Workload {
    fn run<C: Spawn>(pool: &Arc<C>, options: &Options) -> Round {
        let n = options.tasks(TASKS);
        per_task(without_handles(&**pool, n), n)
    }
    let title = "1M closures from one thread without handles, per task";
    let mut forgotten = Workload::new("W2b", title, "ns");
    floor(&mut forgotten, options);
    spawners!(forgotten, Config::new(options.workers), options, run);
    forgotten
}

fn shared(options: &Options) -> Workload {
    fn run<C: Spawn>(pool: &Arc<C>, options: &Options) -> Round {
        let n = options.tasks(TASKS);
        Round::of(from_many(&**pool, n).as_nanos() as f64 / n as f64)
    }
    let title = "4 threads submit and collect 250k closures each, per task";
    let mut shared = Workload::new("W2c", title, "ns");
    floor_of_four(&mut shared, options);
    let config = Config::new(options.workers);
    spawners!(shared, config, options, run);
    #[cfg(feature = "raddle")]
    shared.contender(config, options, run::<crate::contender::raddle::Batch>);
    shared
}

fn shared_forgotten(options: &Options) -> Workload {
    fn run<C: Spawn>(pool: &Arc<C>, options: &Options) -> Round {
        let n = options.tasks(TASKS);
        Round::of(from_many_without_handles(&**pool, n).as_nanos() as f64 / n as f64)
    }
    let title = "4 threads submit 250k closures each without handles, per task";
    let mut shared = Workload::new("W2d", title, "ns");
    floor_of_four(&mut shared, options);
    spawners!(shared, Config::new(options.workers), options, run);
    shared
}
