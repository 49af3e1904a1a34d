//! async-executor: its `Executor` run by threads of ours, tasks that never await.

use super::{Cancel, Config, Contender, Map, NestedWait, Spawn, chunked_map};
use crate::measure::place::on_core;
use async_executor::{Executor, Task};
use futures_lite::future::{block_on, poll_once};
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering::*};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};

/// See the module.
pub struct AsyncExecutor {
    executor: Arc<Executor<'static>>,
    stops: Vec<Arc<Stop>>,
    threads: Vec<JoinHandle<()>>,
}

/// Ends one thread's run of the executor.
#[derive(Default)]
struct Stop {
    over: AtomicBool,
    // The thread's own waker, which is the same for as long as it runs.
    thread: OnceLock<Waker>,
}

impl Stop {
    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        self.thread.get_or_init(|| context.waker().clone());
        match self.over.load(Acquire) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    fn stop(&self) {
        self.over.store(true, Release);
        if let Some(thread) = self.thread.get() {
            thread.wake_by_ref();
        }
    }
}

impl Contender for AsyncExecutor {
    const NAME: &'static str = "async-executor";

    fn new(config: &Config) -> AsyncExecutor {
        let executor = Arc::new(Executor::new());
        let stops: Vec<Arc<Stop>> = (0..config.workers).map(|_| Arc::default()).collect();
        let threads = on_core(config.core, || {
            stops
                .iter()
                .map(|stop| {
                    let (executor, stop) = (Arc::clone(&executor), Arc::clone(stop));
                    thread::spawn(move || {
                        block_on(executor.run(poll_fn(|context| stop.poll(context))));
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
        self.stops.iter().for_each(|stop| stop.stop());
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

impl Cancel for AsyncExecutor {
    /// The first look at what `Task::cancel` gives cancels; it is ready when the executor has dropped the task.
    fn cancel_all<T: Send + 'static>(
        &self,
        handles: Vec<Task<T>>,
        release: impl FnOnce(),
    ) -> usize {
        let mut cancels: Vec<_> = handles
            .into_iter()
            .map(|task| Box::pin(task.cancel()))
            .collect();
        block_on(async {
            let mut cancelled = 0;
            let mut waiting = Vec::with_capacity(cancels.len());
            for mut cancel in cancels.drain(..) {
                match poll_once(cancel.as_mut()).await {
                    Some(end) => cancelled += usize::from(end.is_none()),
                    None => waiting.push(cancel),
                }
            }
            release();
            for cancel in waiting {
                cancelled += usize::from(cancel.await.is_none());
            }
            cancelled
        })
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
