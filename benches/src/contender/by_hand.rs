//! A pool put together by hand: one unbounded crossbeam channel of boxed closures, workers that take
//! from it, a `oneshot` for the result.

use super::{Config, Contender, Map, NestedWait, Spawn, chunked_map};
use crate::measure::place::on_core;
use crossbeam_channel::{Sender, unbounded};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

type Job = Box<dyn FnOnce() + Send>;

/// See the module.
pub struct ByHand {
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Contender for ByHand {
    const NAME: &'static str = "crossbeam-channel by hand";

    fn new(config: &Config) -> ByHand {
        let (jobs, receiver) = unbounded::<Job>();
        let threads = on_core(config.core, || {
            (0..config.workers)
                .map(|_| {
                    let receiver = receiver.clone();
                    thread::spawn(move || receiver.into_iter().for_each(|job| job()))
                })
                .collect()
        });
        ByHand {
            jobs: Some(jobs),
            threads,
        }
    }
}

impl Drop for ByHand {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A pool whose last reference a task held is dropped by a worker, which cannot join itself.
            if thread.thread().id() != thread::current().id() {
                thread.join().unwrap();
            }
        }
    }
}

impl Spawn for ByHand {
    type Handle<T: Send + 'static> = oneshot::Receiver<T>;

    #[inline]
    fn spawn<T, F>(&self, task: F) -> oneshot::Receiver<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.detach(move || drop(sender.send(task())));
        receiver
    }

    #[inline]
    fn wait<T: Send + 'static>(&self, handle: oneshot::Receiver<T>) -> T {
        handle.recv().unwrap()
    }

    #[inline]
    fn detach<F: FnOnce() + Send + 'static>(&self, task: F) {
        let jobs = self.jobs.as_ref().expect("only drop takes it");
        assert!(jobs.send(Box::new(task)).is_ok(), "a worker is gone");
    }
}

impl Map for ByHand {
    fn map<F>(&self, items: &Arc<[u64]>, f: F) -> Vec<u64>
    where
        F: Fn(u64) -> u64 + Copy + Send + Sync + 'static,
    {
        chunked_map(self, self.threads.len(), items, f)
    }
}

impl NestedWait for ByHand {
    /// One outer task after the other, since an outer task blocks a worker while it waits: with all
    /// of them at once, or with one worker, no worker would be left to run the inner ones.
    fn nested_sum(self: &Arc<Self>, outer: u64, inner: u64) -> u64 {
        assert!(self.threads.len() > 1, "a blocked worker needs another one");
        (0..outer)
            .map(|_| {
                let pool = Arc::clone(self);
                let sum = self.spawn(move || {
                    let inners: Vec<_> = (0..inner).map(|i| pool.spawn(move || i)).collect();
                    let mut sum = 0;
                    pool.collect(inners, |i| sum += i);
                    sum
                });
                self.wait(sum)
            })
            .sum()
    }
}
