//! W5: a slice mapped in order. `W5` a million items of a few nanoseconds; `W5d` ten thousand items of
//! ten microseconds.

use crate::contender::{Config, Map};
use crate::measure::round::{Kind, Options, Round, Workload, spread};
use crate::measure::work::{cheap, steps, steps_for};
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
fn time(n: usize, times: usize, f: fn(u64) -> u64, map: impl Fn(&Arc<[u64]>) -> Vec<u64>) -> Round {
    let items = items(n);
    let right: Vec<u64> = items.iter().map(|&x| f(x)).collect();
    if n > DEAR {
        assert!(map(&items) == right, "a map gave a wrong answer");
    }
    let figures = (0..times)
        .map(|_| {
            let start = Instant::now();
            let got = map(black_box(&items));
            let ns = start.elapsed().as_nanos() as f64 / n as f64;
            assert!(got == right, "a map gave a wrong answer");
            ns
        })
        .collect();
    Round::of(spread(figures).0)
}

/// W5, W5d.
pub fn workloads(options: &Options) -> Vec<Workload> {
    let title = "ordered map of 1M items of a few ns, per item";
    let mut w5 = Workload::new("W5", title, "ns");
    fill(&mut w5, options, false);
    let title = "ordered map of 10k items of 10 us, per item";
    let mut w5d = Workload::new("W5d", title, "ns").at_most(5);
    fill(&mut w5d, options, true);
    vec![w5, w5d]
}

fn fill(workload: &mut Workload, options: &Options, is_dear: bool) {
    use crate::contender as c;
    let sequential = move |options: &Options| {
        if is_dear {
            let map = |items: &Arc<[u64]>| items.iter().map(|&x| dear(x)).collect();
            time(options.tasks(DEAR), 1, dear, map)
        } else {
            let map = |items: &Arc<[u64]>| items.iter().map(|&x| cheap(x)).collect();
            time(options.tasks(CHEAP), 5, cheap, map)
        }
    };
    let o = options.clone();
    workload.entry(Kind::Reference, "one thread, over the workers", move || {
        let mut round = sequential(&o);
        round.figure /= o.workers as f64;
        round
    });
    let o = options.clone();
    workload.entry(Kind::Floor, "one thread", move || sequential(&o));
    add::<c::rayon::Rayon>(workload, options, is_dear);
    add::<c::scoped::Scoped>(workload, options, is_dear);
    add::<c::chili::Chili>(workload, options, is_dear);
    add::<c::tokio::Tokio>(workload, options, is_dear);
    add::<c::threadpool::Threadpool>(workload, options, is_dear);
    add::<c::by_hand::ByHand>(workload, options, is_dear);
    add::<c::async_executor::AsyncExecutor>(workload, options, is_dear);
    #[cfg(feature = "forte")]
    add::<c::forte::Forte>(workload, options, is_dear);
    #[cfg(feature = "raddle")]
    {
        add::<c::raddle::Raddle>(workload, options, is_dear);
        add::<c::raddle::OrderedMap>(workload, options, is_dear);
    }
}

fn add<C: Map>(workload: &mut Workload, options: &Options, is_dear: bool) {
    let config = Config::new(options.workers);
    if is_dear {
        workload.contender(config, options, |pool: &Arc<C>, options| {
            time(options.tasks(DEAR), 1, dear, |items| pool.map(items, dear))
        });
    } else {
        workload.contender(config, options, |pool: &Arc<C>, options| {
            time(options.tasks(CHEAP), 5, cheap, |items| {
                pool.map(items, cheap)
            })
        });
    }
}
