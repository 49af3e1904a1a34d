//! blocking: `unblock` on its one global pool, whose threads never end. So each round has a process of its own.

use super::{Config, Contender, Map, Spawn, chunked_map};
use crate::measure::place::on_core;
use blocking::{Task, unblock};
use futures_lite::future::block_on;
use std::sync::Arc;

/// See the module.
pub struct Blocking {
    workers: usize,
}

impl Contender for Blocking {
    const NAME: &'static str = "blocking";
    const APART: bool = true;

    fn new(config: &Config) -> Blocking {
        // SAFETY: the process was started for this round and has no second thread yet.
        unsafe { std::env::set_var("BLOCKING_MAX_THREADS", config.workers.to_string()) };
        // The first task starts the first thread; others are started by threads of the pool.
        on_core(config.core, || block_on(unblock(|| {})));
        Blocking {
            workers: config.workers,
        }
    }
}

impl Spawn for Blocking {
    type Handle<T: Send + 'static> = Task<T>;

    #[inline]
    fn spawn<T, F>(&self, task: F) -> Task<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        unblock(task)
    }

    #[inline]
    fn wait<T: Send + 'static>(&self, handle: Task<T>) -> T {
        block_on(handle)
    }

    #[inline]
    fn detach<F: FnOnce() + Send + 'static>(&self, task: F) {
        unblock(task).detach();
    }
}

impl Map for Blocking {
    fn map<F>(&self, items: &Arc<[u64]>, f: F) -> Vec<u64>
    where
        F: Fn(u64) -> u64 + Copy + Send + Sync + 'static,
    {
        chunked_map(self, self.workers, items, f)
    }
}
