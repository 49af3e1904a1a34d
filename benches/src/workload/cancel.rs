//! W9: a hundred thousand tasks behind workers that are kept busy, all cancelled before one of them has begun; until every
//! handle has said so. Only of pools whose handles can cancel.

use crate::cancellers;
use crate::contender::python::{self, Ask, Pool};
use crate::contender::{Cancel, Config};
use crate::document::Role;
use crate::measure::round::{Column, Options, Round, Workload};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

const TASKS: usize = 100_000;

/// The first part of the time.
pub const ASKING: Column = Column::low("asking", "the asking alone", "ns");

static RAN: AtomicUsize = AtomicUsize::new(0);

/// Keeps all workers busy, submits `n` tasks and cancels them; the time of the asking alone and of all.
pub fn storm<C: Cancel>(pool: &C, workers: usize, n: usize) -> (Duration, Duration) {
    let sides = workers + 1;
    let (busy, open) = (Arc::new(Barrier::new(sides)), Arc::new(Barrier::new(sides)));
    for _ in 0..workers {
        let (busy, open) = (Arc::clone(&busy), Arc::clone(&open));
        pool.detach(move || {
            busy.wait();
            open.wait();
        });
    }
    busy.wait();
    RAN.store(0, Relaxed);
    let task = || {
        RAN.fetch_add(1, Relaxed);
    };
    let handles: Vec<_> = (0..n).map(|_| pool.spawn(task)).collect();
    let start = Instant::now();
    let mut asked = start;
    let cancelled = pool.cancel_all(handles, || {
        asked = Instant::now();
        open.wait();
    });
    let all = start.elapsed();
    assert_eq!(cancelled, n, "a task was not cancelled");
    assert_eq!(RAN.load(Relaxed), 0, "a cancelled task ran");
    (asked - start, all)
}

fn per_task((asking, all): (Duration, Duration), n: usize) -> Round {
    let per = |time: Duration| time.as_nanos() as f64 / n as f64;
    Round::of(per(all)).with(ASKING, per(asking))
}

/// The floor: closures with a flag each; every flag is set, then every closure looks at its own and is freed.
pub fn flags(n: usize) -> (Duration, Duration) {
    RAN.store(0, Relaxed);
    let one = || {
        let flag = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&flag);
        let task: Box<dyn FnOnce() + Send> = Box::new(move || {
            if !seen.load(Relaxed) {
                RAN.fetch_add(1, Relaxed);
            }
        });
        (flag, black_box(task))
    };
    let tasks: Vec<_> = (0..n).map(|_| one()).collect();
    let start = Instant::now();
    for (flag, _) in &tasks {
        flag.store(true, Relaxed);
    }
    let asked = start.elapsed();
    for (flag, task) in tasks {
        task();
        drop(flag);
    }
    let all = start.elapsed();
    assert_eq!(RAN.load(Relaxed), 0, "a cancelled task ran");
    (asked, all)
}

/// W9.
pub fn workloads(options: &Options) -> Vec<Workload> {
    fn run<C: Cancel>(pool: &Arc<C>, options: &Options) -> Round {
        let n = options.tasks(TASKS);
        per_task(storm(&**pool, options.workers, n), n)
    }
    let title = "100k waiting tasks cancelled, until every handle says so, per task";
    let mut workload = Workload::new("W9", title, "ns");
    let (n, workers) = (options.tasks(TASKS), options.workers);
    workload.entry(Role::Floor, "a flag per closure on one thread", move || {
        per_task(flags(n), n)
    });
    python::add(&mut workload, Pool::Thread, workers, Ask::Cancel, n / 10);
    cancellers!(workload, Config::new(workers), options, run);
    vec![workload]
}
