//! W3: joins. `W3` fib(32), per join; `W3c` one fib(18) from outside, per call; `W3t` the sum over a
//! tree of a million nodes, per node.

use crate::contender::{Config, ForkJoin, Tree};
use crate::document::Role;
use crate::joiners;
use crate::measure::round::{Options, Round, Workload};
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
pub fn tree() -> (&'static Tree, u64) {
    static TREE: OnceLock<Tree> = OnceLock::new();
    let tree = TREE.get_or_init(|| Tree::full(DEPTH, 0));
    (tree, Tree::nodes(DEPTH))
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

/// What ratios refer to.
const FLOOR: &str = "plain recursion on one thread";

/// W3, W3c, W3t.
pub fn workloads(options: &Options) -> Vec<Workload> {
    vec![deep(options), brief(options), wide(options)]
}

/// W3.
pub fn deep(options: &Options) -> Workload {
    fn run<C: ForkJoin>(pool: &Arc<C>, options: &Options) -> Round {
        long(options, |n| pool.fib(n))
    }
    let mut w3 = Workload::new("W3", "fib(32) by join, per join", "ns");
    let o = options.clone();
    w3.entry(Role::Floor, FLOOR, move || long(&o, fib));
    joiners!(w3, Config::new(options.workers), options, run);
    w3
}

fn brief(options: &Options) -> Workload {
    fn run<C: ForkJoin>(pool: &Arc<C>, options: &Options) -> Round {
        short(options, |n| pool.fib(n))
    }
    let mut w3c = Workload::new("W3c", "one fib(18) by join from outside, per call", "ns");
    let o = options.clone();
    w3c.entry(Role::Floor, FLOOR, move || short(&o, fib));
    joiners!(w3c, Config::new(options.workers), options, run);
    w3c
}

fn wide(options: &Options) -> Workload {
    fn run<C: ForkJoin>(pool: &Arc<C>, options: &Options) -> Round {
        whole_tree(options, |tree| pool.tree_sum(tree))
    }
    let title = "sum of a tree of a million nodes by join, per node";
    let mut w3t = Workload::new("W3t", title, "ns");
    let o = options.clone();
    w3t.entry(Role::Floor, FLOOR, move || whole_tree(&o, Tree::sum));
    joiners!(w3t, Config::new(options.workers), options, run);
    w3t
}
