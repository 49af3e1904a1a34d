//! Spares and what is left in the queues, in the whole thread pool.

use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::cell::UnsafeCell;
use crate::sync::{Arc, futex, thread};
use crate::{Scenario, Shuttle};
use raddle::thread::Idle;
use raddle::{Future, Shutdown, TaskError, ThreadPool, promise};

/// One spare waits when both workers block: it takes one token, and another thread has to take the other.
const TWO_LENT: Scenario = Scenario {
    name: "pool/two_lent",
    test: "pool::two_lent",
    shows: "two that block at once with one spare",
    may: &["done"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let builder = ThreadPool::builder().workers(2).name("model");
        let pool = builder.idle(Idle::ParkAtOnce).build().unwrap();
        // One that blocks and is replaced becomes a spare.
        let (give, awaited) = promise::<()>();
        let blocked = pool.spawn_on(0, move || awaited.result().unwrap());
        pool.spawn_on(0, || ()).result().unwrap();
        give.complete(()).unwrap();
        blocked.result().unwrap();
        let (give, awaited): (Vec<_>, Vec<_>) = (0..2).map(|_| promise::<()>()).unzip();
        let blocked: Vec<_> = (0..2)
            .zip(awaited)
            .map(|(worker, awaited)| pool.spawn_on(worker, move || awaited.result().unwrap()))
            .collect();
        // Both of them run, or this waits for ever.
        for behind in [0, 1].map(|worker| pool.spawn_on(worker, || ())) {
            behind.result().unwrap();
        }
        for give in give {
            give.complete(()).unwrap();
        }
        for blocked in blocked {
            blocked.result().unwrap();
        }
        drop(pool);
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// Two ends: the second one blocks its thread, which the pool does not see, until the first one was called.
fn hold() -> (impl FnOnce(), impl FnOnce()) {
    let word = Arc::new(AtomicU32::new(0));
    let theirs = Arc::clone(&word);
    let let_go = move || {
        word.swap(1, Ordering::Release);
        futex::wake_all(&raw const *word);
    };
    let hold = move || {
        while theirs.load(Ordering::Acquire) == 0 {
            let _ = futex::wait(&theirs, 0, None);
        }
    };
    (let_go, hold)
}

/// A submitter waits for a place in the queue of a pool that is drained, while its worker takes long: it is refused, and need
/// not wait for that one.
const LIMIT_DRAINED: Scenario = Scenario {
    name: "pool/limit_drained",
    test: "pool::limit_drained",
    shows: "a submitter that waits for a place learns of the end, though no worker is done",
    may: &["rejected"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let builder = ThreadPool::builder().workers(1).name("model");
        let pool = builder.queue_limit(1).build().unwrap();
        let pool = std::sync::Arc::new(pool);
        let (let_go, hold) = hold();
        let (say, begun) = promise::<()>();
        let running = pool.spawn(move || {
            say.complete(()).unwrap();
            hold();
        });
        begun.result().unwrap();
        let queued = pool.spawn(|| ());
        let other = std::sync::Arc::clone(&pool);
        let submitter = thread::spawn(move || other.spawn(|| ()).result());
        pool.close(Shutdown::Drain);
        let refused = submitter.join().unwrap();
        assert!(matches!(refused, Err(TaskError::Rejected(_))));
        let_go();
        running.result().unwrap();
        queued.result().unwrap();
        drop(pool);
        out.saw("rejected");
    },
    ..Scenario::EMPTY
};

/// A pool is ended while a worker's deque is full of what its task has spawned: all of that is cancelled.
const CANCEL_SPAWNED: Scenario = Scenario {
    name: "pool/cancel_spawned",
    test: "pool::cancel_spawned",
    shows: "what waits in a deque is cancelled, all of it",
    may: &["cancelled"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let pool = ThreadPool::builder().workers(1).name("model");
        let pool = std::sync::Arc::new(pool.build().unwrap());
        let inner = std::sync::Arc::clone(&pool);
        let (hold, held) = hold();
        let (say, spawned) = promise::<Vec<Future<()>>>();
        let outer = pool.spawn(move || {
            let children = (0..3).map(|_| inner.spawn(|| ())).collect();
            drop(inner);
            assert!(say.complete(children).is_ok());
            held();
        });
        let children = spawned.result().unwrap();
        let pinned = pool.spawn_on(0, || ());
        pool.close(Shutdown::CancelPending);
        // The worker has no part in it.
        for child in children.into_iter().chain([pinned]) {
            assert!(matches!(child.result(), Err(TaskError::Cancelled)));
        }
        hold();
        outer.result().unwrap();
        drop(pool);
        out.saw("cancelled");
    },
    ..Scenario::EMPTY
};

/// What a worker's hook writes, and the thread that has built the pool reads.
struct Written(UnsafeCell<u32>);

// SAFETY: written before the pool is built and read afterwards, which loom checks.
unsafe impl Send for Written {}
// SAFETY: as above.
unsafe impl Sync for Written {}

/// A pool is built when all hooks have run, and the thread that has built it finds what they did.
pub(super) const HOOK: Scenario = Scenario {
    name: "shutdown/hook",
    test: "pool::hook",
    shows: "the thread that has built a pool finds what its workers' hooks did",
    must: &["ended"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let written = std::sync::Arc::new(Written(UnsafeCell::new(0)));
        let theirs = std::sync::Arc::clone(&written);
        let builder = ThreadPool::builder().workers(1).name("model");
        let builder = builder.idle(Idle::ParkAtOnce).on_start(move |_| {
            // SAFETY: no other thread reads it yet.
            theirs.0.with_mut(|word| unsafe { *word = 7 });
            Ok(())
        });
        let pool = builder.build().unwrap();
        // SAFETY: the hook has run.
        assert_eq!(written.0.with(|word| unsafe { *word }), 7);
        pool.shutdown(Shutdown::Drain).unwrap();
        out.saw("ended");
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[HOOK, TWO_LENT, LIMIT_DRAINED, CANCEL_SPAWNED];
