//! tokio: `spawn` of a task that never awaits, and `spawn_blocking`, each with its `JoinHandle`.

use super::{Cancel, Config, Contender, Map, NestedWait, Spawn, chunked_map};
use crate::measure::place::on_core;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, JoinSet};

/// Tasks on the runtime's own workers.
pub struct Tokio {
    runtime: Runtime,
    workers: usize,
}

/// Tasks on the runtime's blocking threads.
pub struct TokioBlocking(Runtime);

impl Contender for Tokio {
    const NAME: &'static str = "tokio spawn";

    fn new(config: &Config) -> Tokio {
        let workers = config.workers;
        let runtime = on_core(config.core, || {
            Builder::new_multi_thread().worker_threads(workers).build()
        });
        Tokio {
            runtime: runtime.unwrap(),
            workers,
        }
    }
}

impl Contender for TokioBlocking {
    const NAME: &'static str = "tokio spawn_blocking";

    fn new(config: &Config) -> TokioBlocking {
        let workers = config.workers;
        let runtime = on_core(config.core, || {
            let runtime = Builder::new_multi_thread()
                .worker_threads(1)
                .max_blocking_threads(workers)
                .build()
                .unwrap();
            // Blocking threads start with their first task and inherit its caller's placement.
            let barrier = Arc::new(std::sync::Barrier::new(workers + 1));
            for _ in 0..workers {
                let barrier = Arc::clone(&barrier);
                drop(runtime.spawn_blocking(move || barrier.wait()));
            }
            barrier.wait();
            runtime
        });
        TokioBlocking(runtime)
    }
}

impl Spawn for Tokio {
    type Handle<T: Send + 'static> = JoinHandle<T>;

    #[inline]
    fn spawn<T, F>(&self, task: F) -> JoinHandle<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.runtime.spawn(async move { task() })
    }

    #[inline]
    fn wait<T: Send + 'static>(&self, handle: JoinHandle<T>) -> T {
        self.runtime.block_on(handle).unwrap()
    }

    #[inline]
    fn detach<F: FnOnce() + Send + 'static>(&self, task: F) {
        drop(self.runtime.spawn(async move { task() }));
    }

    #[inline]
    fn detach_inside<F: FnOnce() + Send + 'static>(&self, task: F) {
        drop(tokio::spawn(async move { task() }));
    }

    fn collect<T: Send + 'static>(&self, handles: Vec<JoinHandle<T>>, mut each: impl FnMut(T)) {
        self.runtime.block_on(async {
            for handle in handles {
                each(handle.await.unwrap());
            }
        });
    }

    fn as_completed<T, F>(&self, tasks: Vec<F>, mut each: impl FnMut(T))
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.runtime.block_on(async {
            let mut set = JoinSet::new();
            for task in tasks {
                set.spawn(async move { task() });
            }
            while let Some(result) = set.join_next().await {
                each(result.unwrap());
            }
        });
    }
}

impl Cancel for Tokio {
    fn cancel_all<T: Send + 'static>(
        &self,
        handles: Vec<JoinHandle<T>>,
        release: impl FnOnce(),
    ) -> usize {
        for handle in &handles {
            handle.abort();
        }
        release();
        self.runtime.block_on(async {
            let mut cancelled = 0;
            for handle in handles {
                cancelled += usize::from(handle.await.is_err_and(|error| error.is_cancelled()));
            }
            cancelled
        })
    }
}

impl Spawn for TokioBlocking {
    type Handle<T: Send + 'static> = JoinHandle<T>;

    #[inline]
    fn spawn<T, F>(&self, task: F) -> JoinHandle<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.0.spawn_blocking(task)
    }

    #[inline]
    fn wait<T: Send + 'static>(&self, handle: JoinHandle<T>) -> T {
        self.0.block_on(handle).unwrap()
    }

    #[inline]
    fn detach<F: FnOnce() + Send + 'static>(&self, task: F) {
        drop(self.0.spawn_blocking(task));
    }

    fn collect<T: Send + 'static>(&self, handles: Vec<JoinHandle<T>>, mut each: impl FnMut(T)) {
        self.0.block_on(async {
            for handle in handles {
                each(handle.await.unwrap());
            }
        });
    }

    fn as_completed<T, F>(&self, tasks: Vec<F>, mut each: impl FnMut(T))
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.0.block_on(async {
            let mut set = JoinSet::new();
            for task in tasks {
                set.spawn_blocking(task);
            }
            while let Some(result) = set.join_next().await {
                each(result.unwrap());
            }
        });
    }
}

impl Map for Tokio {
    fn map<F>(&self, items: &Arc<[u64]>, f: F) -> Vec<u64>
    where
        F: Fn(u64) -> u64 + Copy + Send + Sync + 'static,
    {
        chunked_map(self, self.workers, items, f)
    }
}

impl NestedWait for Tokio {
    fn nested_sum(self: &Arc<Self>, outer: u64, inner: u64) -> u64 {
        self.runtime.block_on(async {
            let outers: Vec<_> = (0..outer)
                .map(|_| {
                    tokio::spawn(async move {
                        let inners: Vec<_> =
                            (0..inner).map(|i| tokio::spawn(async move { i })).collect();
                        let mut sum = 0;
                        for handle in inners {
                            sum += handle.await.unwrap();
                        }
                        sum
                    })
                })
                .collect();
            let mut sum = 0;
            for handle in outers {
                sum += handle.await.unwrap();
            }
            sum
        })
    }
}
