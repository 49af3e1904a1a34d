//! The `threadpool` crate, with a `oneshot` for the result.

use super::{Config, Contender, Map, Spawn, chunked_map};
use crate::measure::place::on_core;
use std::sync::Arc;
use threadpool::ThreadPool;

/// See the module.
pub struct Threadpool(ThreadPool);

impl Contender for Threadpool {
    const NAME: &'static str = "threadpool crate";

    fn new(config: &Config) -> Threadpool {
        Threadpool(on_core(config.core, || ThreadPool::new(config.workers)))
    }
}

impl Spawn for Threadpool {
    type Handle<T: Send + 'static> = oneshot::Receiver<T>;

    #[inline]
    fn spawn<T, F>(&self, task: F) -> oneshot::Receiver<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.0.execute(move || drop(sender.send(task())));
        receiver
    }

    #[inline]
    fn wait<T: Send + 'static>(&self, handle: oneshot::Receiver<T>) -> T {
        handle.recv().unwrap()
    }

    #[inline]
    fn detach<F: FnOnce() + Send + 'static>(&self, task: F) {
        self.0.execute(task);
    }
}

impl Map for Threadpool {
    fn map<F>(&self, items: &Arc<[u64]>, f: F) -> Vec<u64>
    where
        F: Fn(u64) -> u64 + Copy + Send + Sync + 'static,
    {
        chunked_map(self, self.0.max_count(), items, f)
    }
}
