//! W6: ten thousand tasks of 0 to 50 us, taken in the order in which they finish. The figure is the
//! whole batch; the latencies are from a task's last instruction to the consumer's first.

use crate::contender::python::{self, Ask, Pool};
use crate::contender::{Config, Spawn};
use crate::document::Role;
use crate::measure::round::{Options, Round, Workload};
use crate::measure::work::{stamp, steps, steps_for, steps_per_us};
use crate::spawners;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

const TASKS: usize = 10_000;

/// The size of each task in steps, the same in every run on one machine.
pub fn sizes(n: usize) -> Vec<u64> {
    let longest = steps_for(50.0);
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    (0..n)
        .map(|_| {
            random = steps(1, random);
            ((u128::from(random) * u128::from(longest)) >> 64) as u64
        })
        .collect()
}

/// What a finished task tells.
#[derive(Clone, Copy)]
pub struct Done {
    index: usize,
    at: u64,
}

#[inline]
fn work(index: usize, size: u64) -> Done {
    black_box(steps(size, index as u64));
    Done { index, at: stamp() }
}

struct Consumer {
    seen: Vec<bool>,
    latencies: Vec<u32>,
}

impl Consumer {
    fn new(n: usize) -> Consumer {
        Consumer {
            seen: vec![false; n],
            latencies: Vec::with_capacity(n),
        }
    }

    fn take(&mut self, done: Done) {
        self.latencies.push(stamp().saturating_sub(done.at) as u32);
        assert!(!self.seen[done.index], "task {} came twice", done.index);
        self.seen[done.index] = true;
    }

    fn round(self, us: f64) -> Round {
        assert!(self.seen.iter().all(|&seen| seen), "a task was lost");
        Round {
            figure: us,
            latencies: self.latencies,
            extra: Vec::new(),
        }
    }
}

/// One batch through a pool.
pub fn batch<C: Spawn>(pool: &C, sizes: &[u64]) -> Round {
    let mut consumer = Consumer::new(sizes.len());
    let tasks = sizes
        .iter()
        .enumerate()
        .map(|(index, &size)| move || work(index, size))
        .collect();
    let start = Instant::now();
    pool.as_completed(tasks, |done| consumer.take(done));
    consumer.round(start.elapsed().as_nanos() as f64 / 1_000.0)
}

/// Two threads that draw tasks by a shared index; the caller hears of each, or of none.
pub fn by_index(workers: usize, sizes: &[u64], hear: bool) -> Round {
    let mut consumer = Consumer::new(sizes.len());
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let start = Instant::now();
    let us = thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|_| {
                let (next, sender) = (&next, sender.clone());
                scope.spawn(move || {
                    loop {
                        let index = next.fetch_add(1, Relaxed);
                        let Some(&size) = sizes.get(index) else { break };
                        let done = work(index, size);
                        if hear {
                            sender.send(done).unwrap();
                        }
                    }
                })
            })
            .collect();
        drop(sender);
        receiver.into_iter().for_each(|done| consumer.take(done));
        for thread in threads {
            thread.join().unwrap();
        }
        start.elapsed().as_nanos() as f64 / 1_000.0
    });
    if hear {
        consumer.round(us)
    } else {
        Round::of(us)
    }
}

/// W6.
pub fn workloads(options: &Options) -> Vec<Workload> {
    fn run<C: Spawn>(pool: &Arc<C>, options: &Options) -> Round {
        batch(&**pool, &sizes(options.tasks(TASKS)))
    }
    let title = "10k tasks of 0 to 50 us as they complete, per batch";
    let mut workload = Workload::new("W6", title, "us")
        .statistic("the batch of a round")
        .latencies_of("pick-up");
    let (n, workers) = (options.tasks(TASKS), options.workers);
    workload.entry(Role::Bound, "the work alone, over the workers", move || {
        let total: u64 = sizes(n).iter().sum();
        let us = total as f64 / steps_per_us() / workers as f64;
        Round::of(us)
    });
    workload.entry(Role::Floor, "shared index, no hand-over", move || {
        by_index(workers, &sizes(n), false)
    });
    workload.entry(Role::Bound, "shared index and a channel", move || {
        by_index(workers, &sizes(n), true)
    });
    python::add(&mut workload, Pool::Thread, workers, Ask::Completed, n);
    spawners!(workload, Config::new(options.workers), options, run);
    vec![workload]
}
