//! W4: tasks that spawn tasks. `W4` a thousand tasks, each spawning a thousand that are not waited for
//! one by one; `W41` the same with one worker; `W4w` each outer task waits for the results of its
//! inner ones inside the pool.

use crate::contender::{Config, NestedWait, Spawn};
use crate::document::Role;
use crate::measure::latch::{GROUPS, Latch};
use crate::measure::round::{Options, Round, Workload};
use crate::{nested_waiters, spawners};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const INNER: u64 = 1_000;

/// `outer` tasks from outside, each of which spawns a thousand; until the last has run.
pub fn spawn_nested<C: Spawn>(pool: &Arc<C>, outer: usize) -> Duration {
    assert!(outer <= GROUPS);
    let latch = Latch::get();
    // The outer task ticks as well, after its last use of the pool.
    let of = INNER + 1;
    latch.set(outer);
    let start = Instant::now();
    for group in 0..outer {
        let inside = Arc::clone(pool);
        pool.detach(move || {
            for i in 0..INNER {
                let packed = (group as u64) << 32 | i;
                inside.detach_inside(move || {
                    let (group, i) = ((packed >> 32) as usize, packed & 0xffff_ffff);
                    Latch::get().tick(group, of, i);
                });
            }
            drop(inside);
            latch.tick(group, of, 0);
        });
    }
    let sum = latch.wait();
    let all = start.elapsed();
    let right = outer as u64 * (INNER * (INNER - 1) / 2);
    assert_eq!(sum, right, "a subtask was lost or ran twice");
    all
}

/// The floor: one thread boxes a thousand closures, then calls and frees them, again and again.
pub fn boxed(outer: usize) -> Duration {
    let mut held: Vec<Box<dyn FnOnce() -> u64 + Send>> = Vec::with_capacity(INNER as usize);
    let mut sum = 0;
    let start = Instant::now();
    for _ in 0..outer {
        for i in 0..INNER {
            held.push(black_box(Box::new(move || i)));
        }
        sum += held.drain(..).map(|task| task()).sum::<u64>();
    }
    let all = start.elapsed();
    assert_eq!(sum, outer as u64 * (INNER * (INNER - 1) / 2));
    all
}

/// Outer tasks that wait inside the pool.
pub fn wait_nested<C: NestedWait>(pool: &Arc<C>, outer: usize) -> Duration {
    let start = Instant::now();
    let sum = pool.nested_sum(outer as u64, INNER);
    let all = start.elapsed();
    let right = outer as u64 * (INNER * (INNER - 1) / 2);
    assert_eq!(sum, right, "a subtask was lost or ran twice");
    all
}

fn per_subtask(time: Duration, outer: usize) -> Round {
    Round::of(time.as_nanos() as f64 / (outer as u64 * INNER) as f64)
}

/// What ratios refer to.
fn floor(workload: &mut Workload, options: &Options) {
    let outer = options.tasks(GROUPS);
    let run = move || per_subtask(boxed(outer), outer);
    workload.entry(Role::Floor, "box, call, free on one thread", run);
}

/// W4, W41, W4w.
pub fn workloads(options: &Options) -> Vec<Workload> {
    let mut all = vec![inside(options)];
    if options.workers > 1 {
        let mut w41 = inside(&Options {
            workers: 1,
            ..options.clone()
        });
        w41.id = "W41".into();
        w41.title = "the same with one worker, per subtask".into();
        all.push(w41);
    }
    all.push(waiting(options));
    all
}

/// W4.
pub fn inside(options: &Options) -> Workload {
    fn run<C: Spawn>(pool: &Arc<C>, options: &Options) -> Round {
        let outer = options.tasks(GROUPS);
        per_subtask(spawn_nested(pool, outer), outer)
    }
    let title = "1000 tasks spawn 1000 each inside the pool, per subtask";
    let mut w4 = Workload::new("W4", title, "ns");
    floor(&mut w4, options);
    spawners!(w4, Config::new(options.workers), options, run);
    w4
}

fn waiting(options: &Options) -> Workload {
    fn run<C: NestedWait>(pool: &Arc<C>, options: &Options) -> Round {
        let outer = options.tasks(GROUPS);
        per_subtask(wait_nested(pool, outer), outer)
    }
    let title = "1000 tasks spawn 1000 each and wait for their results inside, per subtask";
    let mut w4w = Workload::new("W4w", title, "ns");
    floor(&mut w4w, options);
    nested_waiters!(w4w, Config::new(options.workers), options, run);
    w4w
}
