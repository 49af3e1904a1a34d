//! futures-executor: its `ThreadPool`, `spawn_with_handle` of tasks that never await.

use super::{Config, Contender, Map, Spawn, chunked_map};
use crate::measure::place::on_core;
use futures::executor::{ThreadPool, block_on};
use futures::future::RemoteHandle;
use futures::task::SpawnExt;
use std::sync::Arc;

/// See the module.
pub struct FuturesExecutor {
    pool: ThreadPool,
    workers: usize,
}

impl Contender for FuturesExecutor {
    const NAME: &'static str = "futures-executor";

    fn new(config: &Config) -> FuturesExecutor {
        let mut builder = ThreadPool::builder();
        builder.pool_size(config.workers);
        FuturesExecutor {
            pool: on_core(config.core, || builder.create().unwrap()),
            workers: config.workers,
        }
    }
}

impl Spawn for FuturesExecutor {
    type Handle<T: Send + 'static> = RemoteHandle<T>;

    #[inline]
    fn spawn<T, F>(&self, task: F) -> RemoteHandle<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.pool.spawn_with_handle(async move { task() }).unwrap()
    }

    #[inline]
    fn wait<T: Send + 'static>(&self, handle: RemoteHandle<T>) -> T {
        block_on(handle)
    }

    #[inline]
    fn detach<F: FnOnce() + Send + 'static>(&self, task: F) {
        self.pool.spawn_ok(async move { task() });
    }
}

impl Map for FuturesExecutor {
    fn map<F>(&self, items: &Arc<[u64]>, f: F) -> Vec<u64>
    where
        F: Fn(u64) -> u64 + Copy + Send + Sync + 'static,
    {
        chunked_map(self, self.workers, items, f)
    }
}
