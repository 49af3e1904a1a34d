//! W5: a slice mapped in order. `W5` a million items of a few nanoseconds; `W5d` ten thousand items of
//! ten microseconds; `W5s` as many whose cost rises, so that an even split is none.

use crate::contender::python::{self, Ask, Pool};
use crate::contender::{Config, Map};
use crate::document::Role;
use crate::mappers;
use crate::measure::round::{Options, Round, Workload};
use crate::measure::work::{cheap, steps, steps_for};
use crate::statistics::median;
use std::hint::black_box;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Items of the cheap map.
pub const CHEAP: usize = 1_000_000;
/// Items of the dear map.
pub const DEAR: usize = 10_000;

/// `0..n`.
pub fn items(n: usize) -> Arc<[u64]> {
    (0..n as u64).collect()
}

/// An item's worth of work in the dear map.
pub fn dear(x: u64) -> u64 {
    static STEPS: OnceLock<u64> = OnceLock::new();
    steps(*STEPS.get_or_init(|| steps_for(10.0)), x)
}

/// Maps a few times and takes the median, after a map that is not timed: it touches the pages.
fn time(
    n: usize,
    times: usize,
    f: impl Fn(u64) -> u64,
    map: impl Fn(&Arc<[u64]>) -> Vec<u64>,
) -> Round {
    let items = items(n);
    let right: Vec<u64> = items.iter().map(|&x| f(x)).collect();
    if n > DEAR {
        assert!(map(&items) == right, "a map gave a wrong answer");
    }
    let figures: Vec<f64> = (0..times)
        .map(|_| {
            let start = Instant::now();
            let got = map(black_box(&items));
            let ns = start.elapsed().as_nanos() as f64 / n as f64;
            assert!(got == right, "a map gave a wrong answer");
            ns
        })
        .collect();
    Round::of(median(&figures))
}

/// An item's worth of work in the skewed map: of `n` items the first costs nothing, the last 20 us.
pub fn skewed(n: usize) -> impl Fn(u64) -> u64 + Copy + Send + Sync + 'static {
    let longest = steps_for(20.0);
    move |x| steps(longest * x / n as u64, x)
}

/// W5, W5d, W5s.
pub fn workloads(options: &Options) -> Vec<Workload> {
    vec![light(options), heavy(options), uneven(options)]
}

fn light(options: &Options) -> Workload {
    fn run<C: Map>(pool: &Arc<C>, options: &Options) -> Round {
        time(options.tasks(CHEAP), 5, cheap, |items| {
            pool.map(items, cheap)
        })
    }
    let title = "ordered map of 1M items of a few ns, per item";
    let mut w5 = Workload::new("W5", title, "ns").statistic("median of 5 in a round");
    floors(&mut w5, options, |options| {
        let map = |items: &Arc<[u64]>| items.iter().map(|&x| cheap(x)).collect();
        time(options.tasks(CHEAP), 5, cheap, map)
    });
    mappers!(w5, Config::new(options.workers), options, run);
    w5
}

/// W5d.
pub fn heavy(options: &Options) -> Workload {
    fn run<C: Map>(pool: &Arc<C>, options: &Options) -> Round {
        time(options.tasks(DEAR), 1, dear, |items| pool.map(items, dear))
    }
    let title = "ordered map of 10k items of 10 us, per item";
    let mut w5d = Workload::new("W5d", title, "ns").at_most(5);
    floors(&mut w5d, options, |options| {
        let map = |items: &Arc<[u64]>| items.iter().map(|&x| dear(x)).collect();
        time(options.tasks(DEAR), 1, dear, map)
    });
    let (workers, n) = (options.workers, options.tasks(DEAR));
    python::add(&mut w5d, Pool::Thread, workers, Ask::DearMap, n);
    mappers!(w5d, Config::new(workers), options, run);
    w5d
}

fn uneven(options: &Options) -> Workload {
    fn run<C: Map>(pool: &Arc<C>, options: &Options) -> Round {
        let n = options.tasks(DEAR);
        let f = skewed(n);
        time(n, 1, f, |items| pool.map(items, f))
    }
    let title = "ordered map of 10k items of 0 to 20 us, rising, per item";
    let mut w5s = Workload::new("W5s", title, "ns").at_most(5);
    floors(&mut w5s, options, |options| {
        let n = options.tasks(DEAR);
        let f = skewed(n);
        time(n, 1, f, |items| items.iter().map(|&x| f(x)).collect())
    });
    let (workers, n) = (options.workers, options.tasks(DEAR));
    python::add(&mut w5s, Pool::Thread, workers, Ask::SkewedMap, n);
    mappers!(w5s, Config::new(workers), options, run);
    w5s
}

/// One thread's time, shared out and as it is.
fn floors(workload: &mut Workload, options: &Options, sequential: fn(&Options) -> Round) {
    let o = options.clone();
    workload.entry(Role::Floor, "one thread, over the workers", move || {
        Round::of(sequential(&o).figure / o.workers as f64)
    });
    let o = options.clone();
    workload.entry(Role::Bound, "one thread", move || sequential(&o));
}
