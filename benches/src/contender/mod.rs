//! The pools: one module each, behind a few small traits.
//!
//! The traits are generic, not `dyn`, so that a contender's own call is all that is measured.
//! Where a pool has no result handle a `oneshot` channel is one; where it has no way to wait inside
//! a task, or no fork-join, it does not take part in the workload that asks for that.

pub mod async_executor;
pub mod blocking;
pub mod by_hand;
pub mod chili;
#[cfg(feature = "forte")]
pub mod forte;
pub mod futures_executor;
pub mod processes;
pub mod python;
#[cfg(feature = "raddle")]
pub mod raddle;
pub mod rayon;
pub mod scoped;
pub mod threadpool;
pub mod tokio;

use crate::document::Role;
use crate::measure::round::{Options, Round, Workload};
use std::sync::{Arc, mpsc};

/// How to make a pool.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Threads, or for pools in which the caller takes part, threads and the caller.
    pub workers: usize,
    /// The core that all workers are held on.
    pub core: Option<usize>,
}

impl Config {
    /// Workers that may run anywhere.
    pub fn new(workers: usize) -> Config {
        Config {
            workers,
            core: None,
        }
    }

    /// Workers held on one core.
    pub fn pinned(workers: usize, core: usize) -> Config {
        Config {
            workers,
            core: Some(core),
        }
    }
}

/// A pool that can be made.
pub trait Contender: Send + Sync + Sized + 'static {
    /// Its name in the tables.
    const NAME: &'static str;
    /// What it is compared as.
    const ROLE: Role = Role::Peer;
    /// Whether each round has a process of its own, because the pool is one per process and for ever.
    const APART: bool = false;
    /// A fresh pool with its threads started.
    fn new(config: &Config) -> Self;
}

/// Takes closures.
pub trait Spawn: Contender {
    /// Where the result comes back.
    type Handle<T: Send + 'static>: Send;

    /// Submits a closure and keeps its result.
    fn spawn<T, F>(&self, task: F) -> Self::Handle<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static;

    /// Blocks for the result.
    fn wait<T: Send + 'static>(&self, handle: Self::Handle<T>) -> T;

    /// Submits many closures: one by one, unless the contender is about handing over batches.
    fn spawn_all<T, F>(&self, tasks: impl ExactSizeIterator<Item = F>) -> Vec<Self::Handle<T>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let mut handles = Vec::with_capacity(tasks.len());
        handles.extend(tasks.map(|task| self.spawn(task)));
        handles
    }

    /// Submits a closure without a handle.
    fn detach<F: FnOnce() + Send + 'static>(&self, task: F);

    /// The same from inside a task of this pool.
    fn detach_inside<F: FnOnce() + Send + 'static>(&self, task: F) {
        self.detach(task);
    }

    /// Blocks for many results, in the order of submission.
    fn collect<T: Send + 'static>(&self, handles: Vec<Self::Handle<T>>, mut each: impl FnMut(T)) {
        for handle in handles {
            each(self.wait(handle));
        }
    }

    /// Submits all tasks and takes their results as they come. A channel, where the pool has
    /// nothing of its own.
    fn as_completed<T, F>(&self, tasks: Vec<F>, mut each: impl FnMut(T))
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel();
        for task in tasks {
            let sender = sender.clone();
            self.detach(move || sender.send(task()).unwrap());
        }
        drop(sender);
        receiver.into_iter().for_each(&mut each);
    }
}

/// Runs two closures, maybe at once, with the caller's stack borrowed.
pub trait ForkJoin: Contender {
    /// The `n`th Fibonacci number with one join per addition, called from outside.
    fn fib(&self, n: u32) -> u64;
    /// The sum over a binary tree with one join per node, called from outside.
    fn tree_sum(&self, tree: &Tree) -> u64;
}

/// A binary tree on the heap.
pub struct Tree {
    /// This node's value.
    pub value: u64,
    /// Both children, or none.
    pub children: Option<Box<(Tree, Tree)>>,
}

impl Tree {
    /// A full tree whose values count up from `first`. Which child comes first in memory differs from node to node, so
    /// that it is no matter which half of a join a contender begins with.
    pub fn full(depth: u32, first: u64) -> Tree {
        let children = (depth > 0).then(|| {
            let middle = first + Tree::nodes(depth - 1);
            let left = || Tree::full(depth - 1, first + 1);
            let right = || Tree::full(depth - 1, middle + 1);
            Box::new(if first.count_ones().is_multiple_of(2) {
                let left = left();
                (left, right())
            } else {
                let right = right();
                (left(), right)
            })
        });
        Tree {
            value: first,
            children,
        }
    }

    /// How many nodes a full tree has.
    pub fn nodes(depth: u32) -> u64 {
        (2 << depth) - 1
    }

    /// The sum by plain recursion.
    pub fn sum(&self) -> u64 {
        let children = self.children.as_deref();
        self.value + children.map_or(0, |(left, right)| left.sum() + right.sum())
    }
}

/// Maps a slice in order.
pub trait Map: Contender {
    /// `f` of every item.
    fn map<F>(&self, items: &Arc<[u64]>, f: F) -> Vec<u64>
    where
        F: Fn(u64) -> u64 + Copy + Send + Sync + 'static;
}

/// The map of pools that have none: eight chunks per worker, each a vector, put together in order.
pub fn chunked_map<P, F>(pool: &P, workers: usize, items: &Arc<[u64]>, f: F) -> Vec<u64>
where
    P: Spawn,
    F: Fn(u64) -> u64 + Copy + Send + Sync + 'static,
{
    let chunk = items.len().div_ceil(workers * 8).max(1);
    let handles = (0..items.len())
        .step_by(chunk)
        .map(|start| {
            let items = Arc::clone(items);
            pool.spawn(move || {
                let end = (start + chunk).min(items.len());
                items[start..end].iter().map(|&x| f(x)).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut all = Vec::with_capacity(items.len());
    pool.collect(handles, |part| all.extend_from_slice(&part));
    all
}

/// Takes tasks back.
pub trait Cancel: Spawn {
    /// Cancels tasks of which none has begun, calls `release` when all have been asked, and waits until every handle says how
    /// it ended. How many were cancelled.
    fn cancel_all<T: Send + 'static>(
        &self,
        handles: Vec<Self::Handle<T>>,
        release: impl FnOnce(),
    ) -> usize;
}

/// Tasks that spawn tasks and wait for them inside the pool.
pub trait NestedWait: Contender {
    /// `outer` tasks, each of which spawns `inner` tasks that give their index, waits for them
    /// and gives the sum; in all, the sum of those.
    fn nested_sum(self: &Arc<Self>, outer: u64, inner: u64) -> u64;
}

impl Workload {
    /// Adds a contender: each round makes a pool, runs, and drops the pool.
    pub fn contender<C: Contender>(
        &mut self,
        config: Config,
        options: &Options,
        run: fn(&Arc<C>, &Options) -> Round,
    ) {
        let options = options.clone();
        self.entry(C::ROLE, C::NAME, move || {
            run(&Arc::new(C::new(&config)), &options)
        });
        if C::APART {
            self.apart();
        }
    }
}

/// Adds to a workload every contender that takes closures from outside.
#[macro_export]
macro_rules! spawners {
    ($workload:expr, $config:expr, $options:expr, $run:ident) => {{
        use $crate::contender as c;
        let (config, options) = ($config, $options);
        $workload.contender(config, options, $run::<c::rayon::Rayon>);
        $workload.contender(config, options, $run::<c::tokio::Tokio>);
        $workload.contender(config, options, $run::<c::tokio::TokioBlocking>);
        $workload.contender(config, options, $run::<c::threadpool::Threadpool>);
        $workload.contender(config, options, $run::<c::by_hand::ByHand>);
        $workload.contender(config, options, $run::<c::async_executor::AsyncExecutor>);
        $workload.contender(
            config,
            options,
            $run::<c::futures_executor::FuturesExecutor>,
        );
        $workload.contender(config, options, $run::<c::blocking::Blocking>);
        #[cfg(feature = "forte")]
        $workload.contender(config, options, $run::<c::forte::Forte>);
        #[cfg(feature = "raddle")]
        $workload.contender(config, options, $run::<c::raddle::Raddle>);
    }};
}

/// Adds every contender that has joins.
#[macro_export]
macro_rules! joiners {
    ($workload:expr, $config:expr, $options:expr, $run:ident) => {{
        use $crate::contender as c;
        let (config, options) = ($config, $options);
        $workload.contender(config, options, $run::<c::rayon::Rayon>);
        $workload.contender(config, options, $run::<c::chili::Chili>);
        #[cfg(feature = "forte")]
        $workload.contender(config, options, $run::<c::forte::ForteJoin>);
        #[cfg(feature = "raddle")]
        $workload.contender(config, options, $run::<c::raddle::Raddle>);
    }};
}

/// Adds every contender that maps a slice.
#[macro_export]
macro_rules! mappers {
    ($workload:expr, $config:expr, $options:expr, $run:ident) => {{
        use $crate::contender as c;
        let (config, options) = ($config, $options);
        $workload.contender(config, options, $run::<c::rayon::Rayon>);
        $workload.contender(config, options, $run::<c::scoped::Scoped>);
        $workload.contender(config, options, $run::<c::chili::Chili>);
        $workload.contender(config, options, $run::<c::tokio::Tokio>);
        $workload.contender(config, options, $run::<c::threadpool::Threadpool>);
        $workload.contender(config, options, $run::<c::by_hand::ByHand>);
        $workload.contender(config, options, $run::<c::async_executor::AsyncExecutor>);
        $workload.contender(
            config,
            options,
            $run::<c::futures_executor::FuturesExecutor>,
        );
        $workload.contender(config, options, $run::<c::blocking::Blocking>);
        #[cfg(feature = "forte")]
        $workload.contender(config, options, $run::<c::forte::Forte>);
        #[cfg(feature = "raddle")]
        {
            $workload.contender(config, options, $run::<c::raddle::Raddle>);
            $workload.contender(config, options, $run::<c::raddle::OrderedMap>);
        }
    }};
}

/// Adds every contender whose tasks can be cancelled, and whose handles say so.
#[macro_export]
macro_rules! cancellers {
    ($workload:expr, $config:expr, $options:expr, $run:ident) => {{
        use $crate::contender as c;
        let (config, options) = ($config, $options);
        $workload.contender(config, options, $run::<c::tokio::Tokio>);
        $workload.contender(config, options, $run::<c::async_executor::AsyncExecutor>);
        #[cfg(feature = "raddle")]
        $workload.contender(config, options, $run::<c::raddle::Raddle>);
    }};
}

/// Adds every contender whose tasks can wait for tasks of the same pool.
#[macro_export]
macro_rules! nested_waiters {
    ($workload:expr, $config:expr, $options:expr, $run:ident) => {{
        use $crate::contender as c;
        let (config, options) = ($config, $options);
        $workload.contender(config, options, $run::<c::rayon::Rayon>);
        $workload.contender(config, options, $run::<c::tokio::Tokio>);
        $workload.contender(config, options, $run::<c::async_executor::AsyncExecutor>);
        // A worker that waits does nothing else.
        if config.workers > 1 {
            $workload.contender(config, options, $run::<c::by_hand::ByHand>);
        }
        #[cfg(feature = "raddle")]
        {
            $workload.contender(config, options, $run::<c::raddle::Raddle>);
            $workload.contender(config, options, $run::<c::raddle::Scoped>);
        }
    }};
}
