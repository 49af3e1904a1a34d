//! async-executor: its `Executor` run by threads of ours, tasks that never await.

use super::{Config, Contender, Map, NestedWait, Spawn, chunked_map};
use crate::measure::place::on_core;
use async_executor::{Executor, Task};
use futures_lite::future::block_on;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// See the module.
pub struct AsyncExecutor {
    executor: Arc<Executor<'static>>,
    // Each thread runs the executor until its sender here is dropped.
    stops: Vec<oneshot::Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Contender for AsyncExecutor {
    const NAME: &'static str = "async-executor";

    fn new(config: &Config) -> AsyncExecutor {
        let executor = Arc::new(Executor::new());
        let (stops, receivers): (Vec<_>, Vec<_>) = (0..config.workers)
            .map(|_| oneshot::async_channel::<()>())
            .unzip();
        let threads = on_core(config.core, || {
            receivers
                .into_iter()
                .map(|stop| {
                    let executor = Arc::clone(&executor);
                    thread::spawn(move || {
                        let _stopped = block_on(executor.run(stop));
                    })
                })
                .collect()
        });
        AsyncExecutor {
            executor,
            stops,
            threads,
        }
    }
}

impl Drop for AsyncExecutor {
    fn drop(&mut self) {
        self.stops.clear();
        for thread in self.threads.drain(..) {
            // A pool whose last reference a task held is dropped by a worker, which cannot join itself.
            if thread.thread().id() != thread::current().id() {
                thread.join().unwrap();
            }
        }
    }
}

impl Spawn for AsyncExecutor {
    type Handle<T: Send + 'static> = Task<T>;

    #[inline]
    fn spawn<T, F>(&self, task: F) -> Task<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.executor.spawn(async move { task() })
    }

    #[inline]
    fn wait<T: Send + 'static>(&self, handle: Task<T>) -> T {
        block_on(handle)
    }

    #[inline]
    fn detach<F: FnOnce() + Send + 'static>(&self, task: F) {
        self.executor.spawn(async move { task() }).detach();
    }
}

impl Map for AsyncExecutor {
    fn map<F>(&self, items: &Arc<[u64]>, f: F) -> Vec<u64>
    where
        F: Fn(u64) -> u64 + Copy + Send + Sync + 'static,
    {
        chunked_map(self, self.threads.len(), items, f)
    }
}

impl NestedWait for AsyncExecutor {
    fn nested_sum(self: &Arc<Self>, outer: u64, inner: u64) -> u64 {
        let outers: Vec<_> = (0..outer)
            .map(|_| {
                let executor = Arc::clone(&self.executor);
                self.executor.spawn(async move {
                    let inners: Vec<_> = (0..inner)
                        .map(|i| executor.spawn(async move { i }))
                        .collect();
                    let mut sum = 0;
                    for task in inners {
                        sum += task.await;
                    }
                    sum
                })
            })
            .collect();
        let mut sum = 0;
        self.collect(outers, |part| sum += part);
        sum
    }
}
