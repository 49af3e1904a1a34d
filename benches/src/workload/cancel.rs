//! W9: a hundred thousand tasks behind workers that are kept busy, all cancelled before one of them has begun; until every
//! handle has said so. Only of pools whose handles can cancel.

use crate::contender::python::{self, Ask, Pool};
use crate::contender::{Cancel, Config};
use crate::document::Role;
use crate::measure::round::{Column, Options, Round, Workload};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::time::Instant;

const TASKS: usize = 100_000;

/// The first part of the time.
pub const ASKING: Column = Column::low("asking", "the asking alone", "ns");

static RAN: AtomicUsize = AtomicUsize::new(0);

fn storm<C: Cancel>(pool: &Arc<C>, options: &Options) -> Round {
    let n = options.tasks(TASKS);
    let sides = options.workers + 1;
    let (busy, open) = (Arc::new(Barrier::new(sides)), Arc::new(Barrier::new(sides)));
    for _ in 0..options.workers {
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
    per_task(n, start, asked, all.as_nanos())
}

fn per_task(n: usize, start: Instant, asked: Instant, all_ns: u128) -> Round {
    let per = |ns: u128| ns as f64 / n as f64;
    Round::of(per(all_ns)).with(ASKING, per((asked - start).as_nanos()))
}

/// The floor: closures with a flag each; every flag is set, then every closure looks at its own and is freed.
fn flags(n: usize) -> Round {
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
    let asked = Instant::now();
    for (flag, task) in tasks {
        task();
        drop(flag);
    }
    let all = start.elapsed();
    assert_eq!(RAN.load(Relaxed), 0, "a cancelled task ran");
    per_task(n, start, asked, all.as_nanos())
}

/// W9.
pub fn workloads(options: &Options) -> Vec<Workload> {
    use crate::contender as c;
    let title = "100k waiting tasks cancelled, until every handle says so, per task";
    let mut workload = Workload::new("W9", title, "ns");
    let (n, workers) = (options.tasks(TASKS), options.workers);
    workload.entry(Role::Floor, "a flag per closure on one thread", move || {
        flags(n)
    });
    let config = Config::new(workers);
    workload.contender(config, options, storm::<c::tokio::Tokio>);
    workload.contender(config, options, storm::<c::async_executor::AsyncExecutor>);
    python::add(&mut workload, Pool::Thread, workers, Ask::Cancel, n / 10);
    #[cfg(feature = "raddle")]
    workload.contender(config, options, storm::<c::raddle::Raddle>);
    vec![workload]
}
