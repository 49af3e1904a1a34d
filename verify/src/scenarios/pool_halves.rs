//! Halves of joins in the whole thread pool: a thread that waits for one gets it done, and each runs once.

use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::{Arc, futex, thread};
use crate::{Outcomes, Scenario, Shuttle};
use raddle::ThreadPool;
use raddle::thread::Idle;

/// Blocks the thread itself: the pool does not know that it waits.
struct Signal(Arc<AtomicU32>);

impl Signal {
    fn new() -> Self {
        Self(Arc::new(AtomicU32::new(0)))
    }

    fn notify(&self) {
        self.0.swap(1, Ordering::Release);
        futex::wake_all(&raw const *self.0);
    }

    fn wait(&self) {
        while self.0.load(Ordering::Acquire) == 0 {
            let _ = futex::wait(&self.0, 0, None);
        }
    }
}

fn pool(idle: Idle) -> ThreadPool {
    let builder = ThreadPool::builder().workers(2).name("model").idle(idle);
    builder.build().expect("a modelled thread starts")
}

/// The first half waits for the second, so the other worker has to run it, however it went to sleep.
fn met(out: &Outcomes, idle: Idle) {
    let pool = std::sync::Arc::new(pool(idle));
    let inner = std::sync::Arc::clone(&pool);
    let task = pool.spawn(move || {
        let signal = Signal::new();
        inner.join(|| signal.wait(), || signal.notify());
    });
    task.result().unwrap();
    drop(pool);
    out.saw("met");
}

/// Workers that search before they sleep.
const MET: Scenario = Scenario {
    name: "pool/halves_meet",
    test: "pool::halves_meet",
    shows: "halves of joins are found, and run once",
    may: &["met"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| met(out, Idle::Balanced),
    ..Scenario::EMPTY
};

/// Workers that sleep at once.
const MET_PARKED: Scenario = Scenario {
    name: "pool/halves_meet_parked",
    test: "pool::halves_meet_parked",
    shows: "halves of joins are found, and run once",
    may: &["met"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| met(out, Idle::ParkAtOnce),
    ..Scenario::EMPTY
};

/// The first half, and another task, wait for the second half: the third worker has to run it, whichever worker searched
/// when it was shared.
const MET_BESIDE: Scenario = Scenario {
    name: "pool/halves_meet_beside",
    test: "pool::halves_meet_beside",
    shows: "halves of joins are found, and run once",
    may: &["met"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let pool = ThreadPool::builder().workers(3).name("model");
        let pool = std::sync::Arc::new(pool.build().unwrap());
        let inner = std::sync::Arc::clone(&pool);
        let signal = Signal::new();
        let other = Signal(Arc::clone(&signal.0));
        let task = pool.spawn(move || {
            inner.join(|| signal.wait(), || signal.notify());
        });
        let beside = pool.spawn(move || other.wait());
        task.result().unwrap();
        beside.result().unwrap();
        drop(pool);
        out.saw("met");
    },
    ..Scenario::EMPTY
};

/// The same with a half that an external joiner shares.
const EXTERNAL: Scenario = Scenario {
    name: "pool/external_half_meets",
    test: "pool::external_half_meets",
    shows: "halves of joins are found, and run once",
    may: &["met"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let pool = pool(Idle::ParkAtOnce);
        let signal = Signal::new();
        pool.join(|| signal.wait(), || signal.notify());
        drop(pool);
        out.saw("met");
    },
    ..Scenario::EMPTY
};

/// The outermost half goes to the other worker, which then searches: a deferred half is shared with it,
/// and runs once.
const DEFERRED: Scenario = Scenario {
    name: "pool/deferred_half",
    test: "pool::deferred_half",
    shows: "halves of joins are found, and run once",
    may: &["stolen", "kept"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let pool = std::sync::Arc::new(pool(Idle::Balanced));
        let inner = std::sync::Arc::clone(&pool);
        let task = pool.spawn(move || {
            let runs = AtomicU32::new(0);
            let mut by = None;
            let many = || {
                for _ in 0..3 {
                    inner.join(thread::yield_now, thread::yield_now);
                }
            };
            let deferred = || {
                runs.fetch_add(1, Ordering::Relaxed);
                by = raddle::thread::current_worker().map(|worker| worker.index);
            };
            let left = || {
                inner.join(many, deferred);
            };
            inner.join(left, || ());
            assert_eq!(runs.load(Ordering::Relaxed), 1, "a half ran twice");
            by != raddle::thread::current_worker().map(|worker| worker.index)
        });
        let stolen = task.result().unwrap();
        drop(pool);
        out.saw(if stolen { "stolen" } else { "kept" });
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[MET, MET_PARKED, MET_BESIDE, EXTERNAL, DEFERRED];
