//! W3: joins. `W3` fib(32), per join; `W3c` one fib(18) from outside, per call; `W3t` the sum over a
//! tree of a million nodes, per node.

use crate::contender::{Config, ForkJoin, Tree};
use crate::measure::round::{Kind, Options, Round, Workload};
use std::hint::black_box;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// The plain recursion that joins are compared with.
pub fn fib(n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    fib(n - 1) + fib(n - 2)
}

/// Joins in `fib(n)`: one for each call with `n` of two or more.
pub fn joins(n: u32) -> u64 {
    fib(n + 1) - 1
}

const LONG: u32 = 32;
const SHORT: u32 = 18;
const DEPTH: u32 = 19;

/// The tree of `W3t`, made once.
pub fn tree() -> &'static (Tree, u64) {
    static TREE: OnceLock<(Tree, u64)> = OnceLock::new();
    TREE.get_or_init(|| Tree::full(DEPTH, 0))
}

fn long(options: &Options, call: impl Fn(u32) -> u64) -> Round {
    let times = options.tasks(10) as u64;
    call(black_box(SHORT));
    let start = Instant::now();
    for _ in 0..times {
        assert_eq!(call(black_box(LONG)), 2_178_309);
    }
    Round::of(start.elapsed().as_nanos() as f64 / (times * joins(LONG)) as f64)
}

fn short(options: &Options, call: impl Fn(u32) -> u64) -> Round {
    let times = options.tasks(1_000);
    let latencies = (0..times + times / 10).map(|_| {
        let start = Instant::now();
        assert_eq!(call(black_box(SHORT)), 2_584);
        start.elapsed().as_nanos() as u32
    });
    Round::of_latencies(latencies.skip(times / 10).collect())
}

fn whole_tree(options: &Options, call: impl Fn(&Tree) -> u64) -> Round {
    let times = options.tasks(10) as u64;
    let (tree, nodes) = tree();
    let right = nodes * (nodes - 1) / 2;
    let start = Instant::now();
    for _ in 0..times {
        assert_eq!(call(black_box(tree)), right);
    }
    Round::of(start.elapsed().as_nanos() as f64 / (times * nodes) as f64)
}

/// Adds every contender that has joins.
fn joiners(workload: &mut Workload, options: &Options, run: Runs) {
    use crate::contender as c;
    add::<c::rayon::Rayon>(workload, options, run);
    add::<c::chili::Chili>(workload, options, run);
    #[cfg(feature = "forte")]
    add::<c::forte::ForteJoin>(workload, options, run);
    #[cfg(feature = "raddle")]
    add::<c::raddle::Raddle>(workload, options, run);
}

#[derive(Clone, Copy)]
enum Runs {
    Long,
    Short,
    Tree,
}

fn add<C: ForkJoin>(workload: &mut Workload, options: &Options, run: Runs) {
    let config = Config::new(options.workers);
    let run: fn(&Arc<C>, &Options) -> Round = match run {
        Runs::Long => |pool, options| long(options, |n| pool.fib(n)),
        Runs::Short => |pool, options| short(options, |n| pool.fib(n)),
        Runs::Tree => |pool, options| whole_tree(options, |tree| pool.tree_sum(tree)),
    };
    workload.contender(config, options, run);
}

/// W3, W3c, W3t.
pub fn workloads(options: &Options) -> Vec<Workload> {
    let floor = "plain recursion on one thread";

    let mut w3 = Workload::new("W3", "fib(32) by join, per join", "ns");
    let o = options.clone();
    w3.entry(Kind::Reference, floor, move || long(&o, fib));
    joiners(&mut w3, options, Runs::Long);

    let mut w3c = Workload::new("W3c", "one fib(18) by join from outside, per call", "ns");
    let o = options.clone();
    w3c.entry(Kind::Reference, floor, move || short(&o, fib));
    joiners(&mut w3c, options, Runs::Short);

    let title = "sum of a tree of a million nodes by join, per node";
    let mut w3t = Workload::new("W3t", title, "ns");
    let o = options.clone();
    w3t.entry(Kind::Reference, floor, move || whole_tree(&o, Tree::sum));
    joiners(&mut w3t, options, Runs::Tree);
    vec![w3, w3c, w3t]
}
