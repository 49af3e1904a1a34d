//! Batches of tasks, in the whole thread pool. Two tasks make a batch here.

use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::{Arc, futex, thread};
use crate::{DropCount, Scenario, Shuttle};
use raddle::thread::Idle;
use raddle::{Rejected, Shutdown, TaskError, ThreadPool};

/// Two threads wait for each other here, which the pool does not see.
struct Meeting(AtomicU32);

impl Meeting {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU32::new(0)))
    }

    fn meet(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
        futex::wake_all(&raw const self.0);
        loop {
            let here = self.0.load(Ordering::Acquire);
            if here == 2 {
                return;
            }
            let _ = futex::wait(&self.0, here, None);
        }
    }
}

fn pool(idle: Idle) -> ThreadPool {
    let builder = ThreadPool::builder().workers(2).name("model");
    builder
        .idle(idle)
        .build()
        .expect("a modelled thread starts")
}

fn meets(pool: &ThreadPool) {
    let meeting = Meeting::new();
    let tasks = [Arc::clone(&meeting), meeting].map(|meeting| move || meeting.meet());
    for met in pool.spawn_many(tasks) {
        met.result().unwrap();
    }
}

/// Two tasks that wait for each other come in one step, with one wake: both workers have to be awake.
const BOTH_WORKERS: Scenario = Scenario {
    name: "pool_batch/both_workers",
    test: "pool_batch::both_workers",
    shows: "two tasks that wait for each other, submitted with one wake-up",
    shuttle: Shuttle::sampled(1_000),
    may: &["done"],
    body: |out| {
        let pool = pool(Idle::ParkAtOnce);
        meets(&pool);
        drop(pool);
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// The same with workers that search for a while.
const BOTH_SEARCH: Scenario = Scenario {
    name: "pool_batch/both_search",
    test: "pool_batch::both_search",
    shows: "the same with workers that search",
    shuttle: Shuttle::sampled(1_000),
    may: &["done"],
    body: |out| {
        let pool = pool(Idle::Balanced);
        meets(&pool);
        drop(pool);
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// The same from inside: the tasks go into the worker's own deque, and the other worker has to steal one.
const INSIDE: Scenario = Scenario {
    name: "pool_batch/inside",
    test: "pool_batch::inside",
    shows: "the same from one of the pool's own tasks",
    shuttle: Shuttle::sampled(1_000),
    may: &["done"],
    body: |out| {
        let pool = pool(Idle::ParkAtOnce);
        pool.scope(|s| s.spawn(|| meets(&pool)).result()).unwrap();
        drop(pool);
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// The pool is closed while five tasks come in: each runs, is cancelled or is refused, and what was accepted is the
/// beginning.
const CLOSED: Scenario = Scenario {
    name: "pool_batch/closed",
    test: "pool_batch::closed",
    shows: "of a batch that meets the close the beginning is accepted",
    shuttle: Shuttle::sampled(1_000),
    may: &["0 accepted", "2 accepted", "4 accepted", "5 accepted"],
    body: |out| {
        let drops = DropCount::new();
        let pool = std::sync::Arc::new(pool(Idle::ParkAtOnce));
        let other = std::sync::Arc::clone(&pool);
        let closer = thread::spawn(move || other.close(Shutdown::CancelPending));
        let futures = pool.spawn_many((0..5).map(|_| {
            let value = drops.value();
            move || drop(value)
        }));
        closer.join().unwrap();
        let mut accepted = 0;
        for (at, future) in futures.into_iter().enumerate() {
            match future.result() {
                Ok(()) | Err(TaskError::Cancelled) => {
                    assert_eq!(at, accepted, "accepted after a refusal");
                    accepted += 1;
                }
                Err(TaskError::Rejected(Rejected::ShutDown { .. })) => {}
                Err(other) => panic!("{other}"),
            }
        }
        drop(pool);
        drops.assert_all_dropped();
        out.saw(format!("{accepted} accepted"));
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[BOTH_WORKERS, BOTH_SEARCH, INSIDE, CLOSED];
