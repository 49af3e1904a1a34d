//! Spares and what is left in the queues, in the whole thread pool.

use crate::Scenario;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::cell::UnsafeCell;
use crate::sync::{Arc, futex};
use raddle::{Idle, Shutdown, TaskError, ThreadPool, promise};

/// One spare waits when both workers block: it takes one place, and another thread has to take the other.
pub const TWO_LENT: Scenario = Scenario {
    name: "pool/two_lent",
    may: &["done"],
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

/// A pool is ended while a worker's deque is full of what its task has spawned: all of that is cancelled.
pub const CANCEL_SPAWNED: Scenario = Scenario {
    name: "pool/cancel_spawned",
    may: &["cancelled"],
    body: |out| {
        let pool = ThreadPool::builder().workers(1).name("model");
        let pool = std::sync::Arc::new(pool.build().unwrap());
        let inner = std::sync::Arc::clone(&pool);
        let closed = Arc::new(AtomicU32::new(0));
        let (word, spawned) = (Arc::clone(&closed), promise::<()>());
        let (say, spawned) = spawned;
        let outer = pool.spawn(move || {
            let children: Vec<_> = (0..3).map(|_| inner.spawn(|| ())).collect();
            drop(inner);
            say.complete(()).unwrap();
            while word.load(Ordering::Acquire) == 0 {
                let _ = futex::wait(&word, 0, None);
            }
            children
        });
        spawned.result().unwrap();
        let mailed = pool.spawn_on(0, || ());
        pool.close(Shutdown::CancelPending);
        closed.swap(1, Ordering::Release);
        futex::wake_all(&raw const *closed);
        for child in outer.result().unwrap().into_iter().chain([mailed]) {
            assert!(matches!(child.result(), Err(TaskError::Cancelled)));
        }
        drop(pool);
        out.saw("cancelled");
    },
    ..Scenario::EMPTY
};

/// What a worker's hook writes and who has built the pool reads.
struct Written(UnsafeCell<u32>);

// SAFETY: written before the pool is built and read afterwards, which loom checks.
unsafe impl Send for Written {}
// SAFETY: as above.
unsafe impl Sync for Written {}

/// A pool is built when all hooks have run, and who has built it finds what they did.
pub const HOOK: Scenario = Scenario {
    name: "shutdown/hook",
    must: &["ended"],
    body: |out| {
        let written = std::sync::Arc::new(Written(UnsafeCell::new(0)));
        let theirs = std::sync::Arc::clone(&written);
        let builder = ThreadPool::builder().workers(1).name("model");
        let builder = builder.idle(Idle::ParkAtOnce).on_start(move |_| {
            // SAFETY: nobody else looks yet.
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
