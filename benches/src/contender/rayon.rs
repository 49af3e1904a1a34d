//! rayon: `spawn` with a `oneshot` for the result, `install` and `join`, parallel iterators.

use super::{Config, Contender, ForkJoin, Map, NestedWait, Spawn, Tree};
use crate::measure::place::on_core;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// See the module.
pub struct Rayon(ThreadPool);

impl Contender for Rayon {
    const NAME: &'static str = "rayon";

    fn new(config: &Config) -> Rayon {
        let builder = ThreadPoolBuilder::new().num_threads(config.workers);
        Rayon(on_core(config.core, || builder.build().unwrap()))
    }
}

impl Spawn for Rayon {
    type Handle<T: Send + 'static> = oneshot::Receiver<T>;

    #[inline]
    fn spawn<T, F>(&self, task: F) -> oneshot::Receiver<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.0.spawn(move || drop(sender.send(task())));
        receiver
    }

    #[inline]
    fn wait<T: Send + 'static>(&self, handle: oneshot::Receiver<T>) -> T {
        handle.recv().unwrap()
    }

    #[inline]
    fn detach<F: FnOnce() + Send + 'static>(&self, task: F) {
        self.0.spawn(task);
    }

    #[inline]
    fn detach_inside<F: FnOnce() + Send + 'static>(&self, task: F) {
        rayon::spawn(task);
    }
}

impl ForkJoin for Rayon {
    fn fib(&self, n: u32) -> u64 {
        self.0.install(|| fib(n))
    }

    fn tree_sum(&self, tree: &Tree) -> u64 {
        self.0.install(|| tree_sum(tree))
    }
}

fn fib(n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = rayon::join(|| fib(n - 1), || fib(n - 2));
    a + b
}

fn tree_sum(tree: &Tree) -> u64 {
    let Some((left, right)) = tree.children.as_deref() else {
        return tree.value;
    };
    let (a, b) = rayon::join(|| tree_sum(left), || tree_sum(right));
    tree.value + a + b
}

impl Map for Rayon {
    fn map<F>(&self, items: &Arc<[u64]>, f: F) -> Vec<u64>
    where
        F: Fn(u64) -> u64 + Copy + Send + Sync + 'static,
    {
        self.0.install(|| items.par_iter().map(|&x| f(x)).collect())
    }
}

impl NestedWait for Rayon {
    fn nested_sum(self: &Arc<Self>, outer: u64, inner: u64) -> u64 {
        let total = AtomicU64::new(0);
        self.0.scope(|scope| {
            for _ in 0..outer {
                scope.spawn(|_| {
                    let sum = AtomicU64::new(0);
                    rayon::scope(|scope| {
                        for i in 0..inner {
                            let sum = &sum;
                            scope.spawn(move |_| {
                                sum.fetch_add(i, Relaxed);
                            });
                        }
                    });
                    total.fetch_add(sum.into_inner(), Relaxed);
                });
            }
        });
        total.into_inner()
    }
}
