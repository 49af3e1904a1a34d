//! `wasm-start`: from nothing to the first result of four workers. The module was compiled before.

use crate::contender::Pool;
use raddle::{Executor, IsolatePool, Pin, ProcessPool, ThreadPool};
use raddle_benches::document::Role;
use raddle_benches::measure::round::{Column, Options, Round, Workload};
use raddle_benches::statistics::median;
use raddle_benches::workload::start::threads;
use std::time::{Duration, Instant};

const WORKERS: usize = 4;
const TIMES: usize = 5;

const BUILT: Column = Column::low("built", "until there is a pool", "us");

/// Until the pool is there, and until the first result.
type Times = (Duration, Duration);

fn round(start: impl Fn() -> Times) -> Round {
    let times: Vec<Times> = (0..TIMES).map(|_| start()).collect();
    let us = |of: fn(&Times) -> Duration| {
        let us = times.iter().map(|times| of(times).as_nanos() as f64 / 1e3);
        median(&us.collect::<Vec<f64>>())
    };
    Round::of(us(|times| times.1)).with(BUILT, us(|times| times.0))
}

/// A pool and its first result. The end of the pool is not in the figures.
fn timed<P>(make: impl FnOnce() -> P, first: impl FnOnce(&P) -> u64) -> Times {
    let start = Instant::now();
    let pool = make();
    let built = start.elapsed();
    let answer = first(&pool);
    let answered = start.elapsed();
    assert_eq!(answer, 42, "a wrong answer came back");
    (built, answered)
}

fn double(n: u64) -> u64 {
    n * 2
}

fn wasm<const WASI: bool>() -> Times {
    timed(
        || Pool::<false, WASI>::of(WORKERS, Pin::None),
        |pool| {
            let double = pool.pool().function::<u64, u64>("double").unwrap();
            pool.pool().submit(&double, 21).result().unwrap()
        },
    )
}

/// `wasm-start`.
pub fn workload(_: &Options) -> Workload {
    let title = "start-up of 4 workers to the first result, the module compiled before";
    let mut workload = Workload::new("wasm-start", title, "us").statistic("median of 5 in a round");
    workload.entry(Role::Floor, "threads, one of which answers", || {
        let once = |_| threads(WORKERS).as_nanos() as f64 / 1e3;
        Round::of(median(&(0..TIMES).map(once).collect::<Vec<_>>()))
    });
    workload.entry(Role::Bound, "raddle threads", || {
        round(|| {
            timed(
                || ThreadPool::builder().workers(WORKERS).build().unwrap(),
                |pool| pool.spawn(|| double(21)).result().unwrap(),
            )
        })
    });
    workload.entry(Role::Bound, "raddle isolates", || {
        round(|| {
            timed(
                || {
                    let builder = IsolatePool::builder(|_| Ok(0_u64)).workers(WORKERS);
                    builder.build().unwrap()
                },
                |pool| pool.submit_with(|_, n| double(n), 21).result().unwrap(),
            )
        })
    });
    workload.entry(Role::Peer, "raddle processes", || {
        round(|| {
            timed(
                || ProcessPool::new(WORKERS).unwrap(),
                |pool| pool.submit(double, 21).result().unwrap(),
            )
        })
    });
    let raddle = Role::Raddle;
    workload.entry(raddle, "raddle-wasm", || round(wasm::<false>));
    workload.entry(raddle, "raddle-wasm, guest with WASI", || {
        round(wasm::<true>)
    });
    workload
}
