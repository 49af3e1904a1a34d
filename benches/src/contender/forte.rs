//! forte: closures and futures spawned from outside, and joins.
//!
//! Version 1.0.0-beta.2 can lose the wake-up for work that comes from outside while a worker goes to
//! sleep, and the work then lies until the next spawn. So a helper thread spawns nothing ten times a second;
//! what an idle forte costs includes those ten.

use super::{Config, Contender, ForkJoin, Map, Spawn, Tree, chunked_map};
use crate::measure::place::on_core;
use forte::{Task, ThreadPool, Worker};
use futures_lite::future::block_on;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::*};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Work from outside: as many threads as workers.
pub struct Forte {
    pool: &'static ThreadPool,
    workers: usize,
    over: Arc<AtomicBool>,
    nudge: Option<JoinHandle<()>>,
}

/// Joins: the caller takes part, so one thread fewer.
pub struct ForteJoin(&'static ThreadPool);

/// forte wants a pool that lives for ever; what is left of one after its threads have gone is small.
fn start(config: &Config, threads: usize) -> &'static ThreadPool {
    let pool: &'static ThreadPool = Box::leak(Box::new(ThreadPool::new()));
    on_core(config.core, || pool.resize_to(threads));
    pool
}

impl Contender for Forte {
    const NAME: &'static str = "forte spawn";

    fn new(config: &Config) -> Forte {
        let pool = start(config, config.workers);
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let nudge = thread::spawn(move || {
            while !seen.load(Acquire) {
                thread::park_timeout(Duration::from_millis(100));
                pool.spawn(|_: &Worker| {});
            }
        });
        Forte {
            pool,
            workers: config.workers,
            over,
            nudge: Some(nudge),
        }
    }
}

impl Drop for Forte {
    fn drop(&mut self) {
        self.over.store(true, Release);
        if let Some(nudge) = self.nudge.take() {
            nudge.thread().unpark();
            nudge.join().unwrap();
        }
        self.pool.depopulate();
    }
}

impl Contender for ForteJoin {
    const NAME: &'static str = "forte join";

    fn new(config: &Config) -> ForteJoin {
        ForteJoin(start(config, config.workers - 1))
    }
}

impl Drop for ForteJoin {
    fn drop(&mut self) {
        self.0.depopulate();
    }
}

impl Spawn for Forte {
    type Handle<T: Send + 'static> = Task<T>;

    #[inline]
    fn spawn<T, F>(&self, task: F) -> Task<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.pool.spawn(async move { task() })
    }

    #[inline]
    fn wait<T: Send + 'static>(&self, handle: Task<T>) -> T {
        block_on(handle)
    }

    #[inline]
    fn detach<F: FnOnce() + Send + 'static>(&self, task: F) {
        self.pool.spawn(move |_: &Worker| task());
    }
}

impl ForkJoin for ForteJoin {
    fn fib(&self, n: u32) -> u64 {
        self.0.with_worker(|worker| fib(worker, n))
    }

    fn tree_sum(&self, tree: &Tree) -> u64 {
        self.0.with_worker(|worker| tree_sum(worker, tree))
    }
}

fn fib(worker: &Worker, n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = worker.join(|w| fib(w, n - 1), |w| fib(w, n - 2));
    a + b
}

fn tree_sum(worker: &Worker, tree: &Tree) -> u64 {
    let Some((left, right)) = tree.children.as_deref() else {
        return tree.value;
    };
    let (a, b) = worker.join(|w| tree_sum(w, left), |w| tree_sum(w, right));
    tree.value + a + b
}

impl Map for Forte {
    fn map<F>(&self, items: &Arc<[u64]>, f: F) -> Vec<u64>
    where
        F: Fn(u64) -> u64 + Copy + Send + Sync + 'static,
    {
        chunked_map(self, self.workers, items, f)
    }
}
