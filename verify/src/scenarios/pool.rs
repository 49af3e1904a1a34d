//! The whole thread pool under schedules: real workers, real submitters, few tasks. Every future resolves
//! exactly once, every closure and every value is dropped exactly once, and no call hangs.

use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::{Arc, futex, thread};
use crate::{Counted, DropCount, Scenario, Shuttle};
use raddle::thread::{Idle, ThreadPoolBuilder};
use raddle::{Future, Rejected, Shutdown, TaskError, ThreadPool, WhenFull, promise};

pub(super) fn builder(workers: usize) -> ThreadPoolBuilder {
    ThreadPool::builder().workers(workers).name("model")
}

fn pool(workers: usize) -> ThreadPool {
    builder(workers).build().expect("a modelled thread starts")
}

/// What an execution made.
#[derive(Clone, Default)]
pub(super) struct Made {
    closures: DropCount,
    values: DropCount,
}

impl Made {
    /// A task's closure, and the value that it will return.
    pub(super) fn task(&self) -> impl FnOnce() -> Counted + Send + use<> {
        let closure = self.closures.value();
        let values = self.values.clone();
        move || {
            drop(closure);
            values.value()
        }
    }

    pub(super) fn finish(&self) {
        self.closures.assert_all_dropped();
        self.values.assert_all_dropped();
    }
}

/// The end of a task that was accepted, or was not.
pub(super) fn how<T>(future: Future<T>) -> &'static str {
    match future.result() {
        Ok(_) => "done",
        Err(TaskError::Cancelled) => "cancelled",
        Err(TaskError::Rejected(_)) => "rejected",
        Err(_) => "failed",
    }
}

/// A signal whose wait blocks the thread itself: the pool does not know that it waits.
pub(super) struct Signal(Arc<AtomicU32>);

impl Signal {
    pub(super) fn pair() -> (Self, Self) {
        let word = Arc::new(AtomicU32::new(0));
        (Self(Arc::clone(&word)), Self(word))
    }

    pub(super) fn notify(&self) {
        self.0.swap(1, Ordering::Release);
        futex::wake_all(&raw const *self.0);
    }

    pub(super) fn wait(&self) {
        while self.0.load(Ordering::Acquire) == 0 {
            let _ = futex::wait(&self.0, 0, None);
        }
    }
}

/// Two threads from outside, two workers.
const OUTSIDE: Scenario = Scenario {
    name: "pool/outside",
    test: "pool::outside",
    shows: "submission and waking",
    may: &["done"],
    faults: 1,
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = std::sync::Arc::new(pool(2));
        let submitters = [(), ()].map(|()| {
            let (pool, made) = (std::sync::Arc::clone(&pool), made.clone());
            thread::spawn(move || {
                let futures = [pool.spawn(made.task()), pool.spawn(made.task())];
                for future in futures {
                    assert_eq!(how(future), "done");
                }
            })
        });
        for submitter in submitters {
            submitter.join().unwrap();
        }
        drop(pool);
        made.finish();
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// Workers that never search: each submission wakes one.
const PARKED: Scenario = Scenario {
    name: "pool/parked",
    test: "pool::parked",
    shows: "submission and waking",
    may: &["done"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = builder(2).idle(Idle::ParkAtOnce).build().unwrap();
        let pool = std::sync::Arc::new(pool);
        let (other, theirs) = (std::sync::Arc::clone(&pool), made.clone());
        let submitter = thread::spawn(move || {
            for _ in 0..2 {
                assert_eq!(how(other.spawn(theirs.task())), "done");
            }
        });
        for _ in 0..2 {
            assert_eq!(how(pool.spawn(made.task())), "done");
        }
        submitter.join().unwrap();
        drop(pool);
        made.finish();
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// One worker; a task waits for tasks that it has spawned: it runs them itself.
const NESTED: Scenario = Scenario {
    name: "pool/nested",
    test: "pool::nested",
    shows: "waits: helping, lending the token, taking it back",
    may: &["done"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = std::sync::Arc::new(pool(1));
        let (inner, theirs) = (std::sync::Arc::clone(&pool), made.clone());
        let outer = pool.spawn(move || {
            let children = [inner.spawn(theirs.task()), inner.spawn(theirs.task())];
            children.map(how)
        });
        let beside = pool.spawn(made.task());
        assert_eq!(outer.result().unwrap(), ["done"; 2]);
        assert_eq!(how(beside), "done");
        drop(pool);
        made.finish();
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// One worker, blocked by a task that waits for something from outside: a spare takes its place, and the
/// task behind it gets done.
const SPARE: Scenario = Scenario {
    name: "pool/spare",
    test: "pool::spare",
    shows: "waits: helping, lending the token, taking it back",
    may: &["done"],
    faults: 1,
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = pool(1);
        let (give, awaited) = promise::<u32>();
        let blocked = pool.spawn(move || awaited.result().unwrap());
        let behind = pool.spawn(made.task());
        assert_eq!(how(behind), "done");
        assert_eq!(give.complete(7), Ok(()));
        assert_eq!(blocked.result().unwrap(), 7);
        drop(pool);
        made.finish();
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// Two tasks block one after the other, and what they wait for comes at any time: worker tokens are lent, taken
/// back or kept, spares come and go, and the end of the pool finds all of them.
const SPARES: Scenario = Scenario {
    name: "pool/spares",
    test: "pool::spares",
    shows: "waits: helping, lending the token, taking it back",
    may: &["done"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = pool(1);
        let (give, awaited): (Vec<_>, Vec<_>) = (0..2).map(|_| promise::<u32>()).unzip();
        let blocked: Vec<_> = awaited
            .into_iter()
            .map(|awaited| pool.spawn(move || awaited.result().unwrap()))
            .collect();
        let giver = thread::spawn(move || {
            for (number, give) in (0..).zip(give) {
                assert_eq!(give.complete(number), Ok(()));
            }
        });
        let behind = pool.spawn(made.task());
        let numbers: Vec<u32> = blocked
            .into_iter()
            .map(|future| future.result().unwrap())
            .collect();
        assert_eq!(numbers, [0, 1]);
        assert_eq!(how(behind), "done");
        giver.join().unwrap();
        drop(pool);
        made.finish();
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// A task that blocks where the pool does not see it, until a task that it has spawned was run: the other
/// worker has to find that one, however it went to sleep.
const HIDDEN_WAIT: Scenario = Scenario {
    name: "pool/hidden_wait",
    test: "pool::hidden_wait",
    shows: "a wait that the pool does not see, for a task in a deque",
    may: &["done"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let pool = std::sync::Arc::new(pool(2));
        let inner = std::sync::Arc::clone(&pool);
        let outer = pool.spawn(move || {
            let (signal, other) = Signal::pair();
            let child = inner.spawn(move || signal.notify());
            other.wait();
            child
        });
        assert_eq!(how(outer.result().unwrap()), "done");
        drop(pool);
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// The same with workers that go to sleep at once.
const HIDDEN_WAIT_PARKED: Scenario = Scenario {
    name: "pool/hidden_wait_parked",
    test: "pool::hidden_wait_parked",
    shows: "a wait that the pool does not see, for a task in a deque",
    may: &["done"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let pool = builder(2).idle(Idle::ParkAtOnce).build().unwrap();
        let pool = std::sync::Arc::new(pool);
        let inner = std::sync::Arc::clone(&pool);
        let outer = pool.spawn(move || {
            let (signal, other) = Signal::pair();
            let child = inner.spawn(move || signal.notify());
            other.wait();
            child
        });
        assert_eq!(how(outer.result().unwrap()), "done");
        drop(pool);
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// Two tasks that each wait for the other's signal: both workers have to be awake.
const BOTH_WORKERS: Scenario = Scenario {
    name: "pool/both_workers",
    test: "pool::both_workers",
    shows: "submission and waking",
    may: &["done"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let pool = builder(2).idle(Idle::ParkAtOnce).build().unwrap();
        let (left, left_too) = Signal::pair();
        let (right, right_too) = Signal::pair();
        let first = pool.spawn(move || {
            left.notify();
            right.wait();
        });
        let second = pool.spawn(move || {
            right_too.notify();
            left_too.wait();
        });
        assert_eq!([how(first), how(second)], ["done"; 2]);
        drop(pool);
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// Tasks for one worker alone run there, whichever other workers are awake.
const SPAWN_ON: Scenario = Scenario {
    name: "pool/spawn_on",
    test: "pool::spawn_on",
    shows: "tasks for one worker alone",
    may: &["done"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = pool(2);
        let bound = [0, 1, 0].map(|worker| {
            let task = made.task();
            let future = pool.spawn_on(worker, move || {
                drop(task());
                raddle::thread::current_worker().expect("on a worker").index
            });
            (worker, future)
        });
        let free = pool.spawn(made.task());
        for (worker, future) in bound {
            assert_eq!(future.result().unwrap(), worker);
        }
        assert_eq!(how(free), "done");
        drop(pool);
        made.finish();
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// Everything is cancelled from two sides while it starts.
const CANCEL_STORM: Scenario = Scenario {
    name: "pool/cancel_storm",
    test: "pool::cancel_storm",
    shows: "cancelled from two sides",
    may: &["0 cancelled", "1 cancelled", "2 cancelled", "3 cancelled"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = pool(2);
        let futures: Vec<_> = (0..3).map(|_| pool.spawn(made.task()).shared()).collect();
        let others = futures.clone();
        let canceller = thread::spawn(move || {
            for future in others {
                future.cancel();
            }
        });
        for future in &futures {
            future.cancel();
        }
        let cancelled = futures
            .iter()
            .filter(|future| matches!(future.result(), Err(TaskError::Cancelled)))
            .count();
        canceller.join().unwrap();
        drop(futures);
        drop(pool);
        assert_eq!(made.values.made(), 3 - cancelled, "run, or cancelled");
        made.finish();
        out.saw(format!("{cancelled} cancelled"));
    },
    ..Scenario::EMPTY
};

fn shutdown_races(out: &crate::Outcomes, workers: usize, end: Shutdown) {
    let made = Made::default();
    let pool = std::sync::Arc::new(pool(workers));
    let (other, theirs) = (std::sync::Arc::clone(&pool), made.clone());
    let submitter = thread::spawn(move || {
        let futures = [other.spawn(theirs.task()), other.spawn_on(0, theirs.task())];
        futures.map(how)
    });
    let before = pool.spawn(made.task());
    pool.shutdown(end).unwrap();
    assert!(before.is_done(), "shutdown waits for what was accepted");
    let before = how(before);
    assert!(before == "done" || end == Shutdown::CancelPending && before == "cancelled");
    assert_eq!(how(pool.spawn(made.task())), "rejected");
    let raced = submitter.join().unwrap();
    assert!(end == Shutdown::CancelPending || !raced.contains(&"cancelled"));
    drop(pool);
    made.finish();
    out.saw(raced.join(", "));
}

/// A pool is drained while others still submit: done or rejected, and never neither.
const DRAIN: Scenario = Scenario {
    name: "pool/drain",
    test: "pool::drain",
    shows: "submissions race with the end: each future resolves",
    may: &[
        "done, done",
        "done, rejected",
        "rejected, rejected",
        "rejected, done",
    ],
    shuttle: Shuttle::sampled(1_000),
    body: |out| shutdown_races(out, 1, Shutdown::Drain),
    ..Scenario::EMPTY
};

/// The same with two workers, one of which may end while the other one works.
const DRAIN_TWO: Scenario = Scenario {
    name: "pool/drain_two",
    test: "pool::drain_two",
    shows: "submissions race with the end: each future resolves",
    shuttle: Shuttle::sampled(1_000),
    body: |out| shutdown_races(out, 2, Shutdown::Drain),
    ..DRAIN
};

/// The same where what has not started is cancelled.
const CANCEL_PENDING: Scenario = Scenario {
    name: "pool/cancel_pending",
    test: "pool::cancel_pending",
    shows: "submissions race with the end: each future resolves",
    may: &[
        "done, done",
        "done, cancelled",
        "done, rejected",
        "cancelled, done",
        "cancelled, cancelled",
        "cancelled, rejected",
        "rejected, rejected",
        "rejected, done",
        "rejected, cancelled",
    ],
    shuttle: Shuttle::sampled(1_000),
    body: |out| shutdown_races(out, 2, Shutdown::CancelPending),
    ..Scenario::EMPTY
};

/// A closed pool takes nothing from a thread that knows that it is closed, whatever its workers do just now.
pub(super) const CLOSED: Scenario = Scenario {
    name: "pool/closed",
    test: "pool::closed",
    shows: "nothing gets in",
    may: &["rejected"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = pool(1);
        pool.close(Shutdown::Drain);
        assert_eq!(how(pool.spawn(made.task())), "rejected");
        assert_eq!(how(pool.spawn_on(0, made.task())), "rejected");
        pool.shutdown(Shutdown::Drain).unwrap();
        drop(pool);
        made.finish();
        out.saw("rejected");
    },
    ..Scenario::EMPTY
};

/// A task that runs while the pool is drained still has its spawned tasks done, or learns that they were not
/// accepted.
const DRAIN_NESTED: Scenario = Scenario {
    name: "pool/drain_nested",
    test: "pool::drain_nested",
    shows: "the same with tasks that spawn",
    may: &["done", "rejected"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = std::sync::Arc::new(pool(2));
        let (inner, theirs) = (std::sync::Arc::clone(&pool), made.clone());
        let outer = pool.spawn(move || {
            let how = how(inner.spawn(theirs.task()));
            // In its own task a pool cannot be waited for.
            drop(inner);
            how
        });
        pool.shutdown(Shutdown::Drain).unwrap();
        out.saw(outer.result().unwrap());
        drop(pool);
        made.finish();
    },
    ..Scenario::EMPTY
};

/// A scope from outside, whose tasks borrow and spawn.
const SCOPE: Scenario = Scenario {
    name: "pool/scope",
    test: "pool::scope",
    shows: "borrowing",
    may: &["done"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = pool(2);
        let mut parts = [0_u32; 2];
        pool.scope(|scope| {
            for part in &mut parts {
                let task = made.task();
                let made = &made;
                drop(scope.spawn(move || {
                    drop(task());
                    drop(scope.spawn(made.task()));
                    *part += 1;
                }));
            }
        });
        assert_eq!(parts, [1, 1]);
        drop(pool);
        made.finish();
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// Joins in joins, on two workers: each half runs once and both results come back.
const JOIN: Scenario = Scenario {
    name: "pool/join",
    test: "pool::join",
    shows: "borrowing",
    may: &["done"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        fn sum(pool: &ThreadPool, numbers: &[u32]) -> u32 {
            if let &[one] = numbers {
                thread::yield_now();
                return one;
            }
            let (left, right) = numbers.split_at(numbers.len() / 2);
            let (left, right) = pool.join(|| sum(pool, left), || sum(pool, right));
            left + right
        }
        let pool = pool(2);
        assert_eq!(sum(&pool, &[1, 2, 4, 8]), 15);
        drop(pool);
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// A worker was blocked, and its token went to a spare that keeps it: a join of its task goes on as an external joiner's, and
/// its second half finds a thread though the first one waits for it.
const JOIN_WITHOUT_TOKEN: Scenario = Scenario {
    name: "pool/join_without_token",
    test: "pool::join_without_token",
    shows: "borrowing",
    may: &["done"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let pool = std::sync::Arc::new(pool(2));
        let (give, awaited) = promise::<()>();
        let (leave, left) = Signal::pair();
        let (leave_too, left_too) = Signal::pair();
        let (meet, met) = Signal::pair();
        let (call, called) = Signal::pair();
        let inner = std::sync::Arc::clone(&pool);
        let blocked = pool.spawn(move || {
            awaited.result().unwrap();
            let first = || {
                leave.notify();
                leave_too.notify();
                called.wait();
            };
            inner.join(first, || call.notify());
        });
        let beside = pool.spawn(move || {
            meet.notify();
            left.wait();
        });
        let keeper = pool.spawn(move || {
            met.wait();
            give.complete(()).unwrap();
            left_too.wait();
        });
        for task in [blocked, beside, keeper] {
            task.result().unwrap();
        }
        drop(pool);
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// The only worker starts what one thread submits in the order in which it does, by whichever way it comes.
const IN_ORDER: Scenario = Scenario {
    name: "pool/in_order",
    test: "pool::in_order",
    shows: "the only worker starts one thread's tasks in their order",
    may: &["done"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let pool = pool(1);
        let begun = std::sync::Arc::new(AtomicU32::new(0));
        let tasks: Vec<_> = (0..4)
            .map(|number| {
                let begun = std::sync::Arc::clone(&begun);
                pool.spawn(move || {
                    let before = begun.fetch_add(1, Ordering::Relaxed);
                    assert_eq!(before, number, "a task started out of turn");
                })
            })
            .collect();
        for task in tasks {
            task.result().unwrap();
        }
        drop(pool);
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// Two threads from outside take part in joins of their own, and a worker of another pool in a third.
const JOIN_EXTERNAL: Scenario = Scenario {
    name: "pool/join_external",
    test: "pool::join_external",
    shows: "borrowing",
    may: &["done"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        fn sum(pool: &ThreadPool, numbers: &[u32]) -> u32 {
            if let &[one] = numbers {
                thread::yield_now();
                return one;
            }
            let (left, right) = numbers.split_at(numbers.len() / 2);
            let (left, right) = pool.join(|| sum(pool, left), || sum(pool, right));
            left + right
        }
        let pool = std::sync::Arc::new(pool(2));
        let other = std::sync::Arc::clone(&pool);
        let outside = thread::spawn(move || sum(&other, &[16, 32, 64]));
        let far = builder(1).build().unwrap();
        let near = std::sync::Arc::clone(&pool);
        let nested = far.spawn(move || sum(&near, &[128, 256]));
        assert_eq!(sum(&pool, &[1, 2, 4, 8]), 15);
        assert_eq!(nested.result().unwrap(), 384);
        assert_eq!(outside.join().unwrap(), 112);
        drop(far);
        drop(pool);
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// A full queue blocks two submitters, and everything gets done all the same.
const LIMIT: Scenario = Scenario {
    name: "pool/limit",
    test: "pool::limit",
    shows: "the limit",
    may: &["done"],
    faults: 1,
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = builder(1).queue_limit(1).build().unwrap();
        let pool = std::sync::Arc::new(pool);
        let (other, theirs) = (std::sync::Arc::clone(&pool), made.clone());
        let submitter = thread::spawn(move || {
            let futures = [other.spawn(theirs.task()), other.spawn(theirs.task())];
            assert_eq!(futures.map(how), ["done"; 2]);
        });
        let futures = [pool.spawn(made.task()), pool.spawn(made.task())];
        assert_eq!(futures.map(how), ["done"; 2]);
        submitter.join().unwrap();
        drop(pool);
        made.finish();
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// A submitter sleeps for a place while the pool ends.
pub(super) const LIMIT_CLOSED: Scenario = Scenario {
    name: "pool/limit_closed",
    test: "pool::limit_closed",
    shows: "a submitter that waits for a place learns of the end",
    may: &["done", "rejected"],
    threads: 3,
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = builder(1).queue_limit(1).build().unwrap();
        let pool = std::sync::Arc::new(pool);
        let (other, theirs) = (std::sync::Arc::clone(&pool), made.clone());
        let submitter = thread::spawn(move || {
            let futures = [other.spawn(theirs.task()), other.spawn(theirs.task())];
            futures.map(how)[1]
        });
        pool.shutdown(Shutdown::Drain).unwrap();
        out.saw(submitter.join().unwrap());
        drop(pool);
        made.finish();
    },
    ..Scenario::EMPTY
};

/// Tasks that tasks have spawned do not count against the limit, and give nothing back to it either.
const LIMIT_NESTED: Scenario = Scenario {
    name: "pool/limit_nested",
    test: "pool::limit_nested",
    shows: "the limit",
    may: &["full"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = builder(1).queue_limit(1).when_full(WhenFull::Reject);
        let pool = std::sync::Arc::new(pool.build().unwrap());
        let (inner, theirs) = (std::sync::Arc::clone(&pool), made.clone());
        let outer = pool.spawn(move || {
            let children = [inner.spawn(theirs.task()), inner.spawn(theirs.task())];
            children.map(how)
        });
        assert_eq!(outer.result().unwrap(), ["done"; 2]);
        let (gate, open) = Signal::pair();
        let (started, has_started) = Signal::pair();
        let blocker = pool.spawn(move || {
            started.notify();
            gate.wait();
        });
        has_started.wait();
        let queued = pool.spawn(made.task());
        let refused = pool.spawn(made.task()).result();
        let full = matches!(
            refused,
            Err(TaskError::Rejected(Rejected::QueueFull { limit: 1, .. }))
        );
        open.notify();
        assert_eq!([how(blocker), how(queued)].concat(), "donedone");
        drop(pool);
        made.finish();
        out.saw(if full { "full" } else { "over the limit" });
    },
    ..Scenario::EMPTY
};

/// The last reference to the pool is dropped in one of its own tasks.
const DROPPED_INSIDE: Scenario = Scenario {
    name: "pool/dropped_inside",
    test: "pool::dropped_inside",
    shows: "the last reference goes in a task",
    may: &["done"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let (signal, ended) = Signal::pair();
        let pool = builder(2)
            .on_stop(move |_| signal.notify())
            .build()
            .unwrap();
        let pool = std::sync::Arc::new(pool);
        let inner = std::sync::Arc::clone(&pool);
        let task = made.task();
        let future = pool.spawn(move || {
            drop(inner);
            task()
        });
        drop(pool);
        assert_eq!(how(future), "done");
        ended.wait();
        made.finish();
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// A scope inside of a task that has blocked before: it may have lost its token to a spare, and its tasks
/// go through the injector.
const SCOPE_AFTER_A_WAIT: Scenario = Scenario {
    name: "pool/scope_after_a_wait",
    test: "pool::scope_after_a_wait",
    shows: "borrowing",
    may: &["done"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = std::sync::Arc::new(pool(1));
        let (give, awaited) = promise::<u32>();
        let (inner, theirs) = (std::sync::Arc::clone(&pool), made.clone());
        let outer = pool.spawn(move || {
            let mut number = awaited.result().unwrap();
            inner.scope(|scope| {
                drop(scope.spawn(theirs.task()));
                drop(scope.spawn(|| number += 1));
            });
            let (left, right) = inner.join(|| number, || 1);
            left + right
        });
        let beside = pool.spawn(made.task());
        let giver = thread::spawn(move || give.complete(7).unwrap());
        assert_eq!(how(beside), "done");
        assert_eq!(outer.result().unwrap(), 9);
        giver.join().unwrap();
        drop(pool);
        made.finish();
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// Drained while a task is blocked, its place with a spare: what it waits for comes, and it ends.
const DRAIN_BLOCKED: Scenario = Scenario {
    name: "pool/drain_blocked",
    test: "pool::drain_blocked",
    shows: "the same with tasks that are blocked",
    may: &["done"],
    faults: 1,
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = std::sync::Arc::new(pool(2));
        let (give, awaited) = promise::<u32>();
        let blocked = pool.spawn(move || awaited.result().unwrap());
        let behind = [pool.spawn(made.task()), pool.spawn_on(1, made.task())];
        let giver = thread::spawn(move || give.complete(7).unwrap());
        let other = std::sync::Arc::clone(&pool);
        let ender = thread::spawn(move || other.shutdown(Shutdown::Drain).unwrap());
        pool.shutdown(Shutdown::Drain).unwrap();
        assert!(blocked.is_done() && behind.iter().all(Future::is_done));
        assert_eq!(blocked.result().unwrap(), 7);
        assert_eq!(behind.map(how), ["done"; 2]);
        giver.join().unwrap();
        ender.join().unwrap();
        assert_eq!(pool.stats().threads, 0);
        drop(pool);
        made.finish();
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// More tasks than a worker's deque holds, spawned by a task: the rest goes through the injector.
const OVERFLOW: Scenario = Scenario {
    name: "pool/overflow",
    test: "pool::overflow",
    shows: "submission and waking",
    may: &["done"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let made = Made::default();
        let pool = std::sync::Arc::new(pool(2));
        let (inner, theirs) = (std::sync::Arc::clone(&pool), made.clone());
        let outer = pool.spawn(move || {
            let children: Vec<_> = (0..6).map(|_| inner.spawn(theirs.task())).collect();
            drop(inner);
            children.into_iter().rev().all(|child| how(child) == "done")
        });
        assert!(outer.result().unwrap());
        drop(pool);
        made.finish();
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// The smallest pool that can be shut down: one worker that sleeps at once, one task, and the end.
pub(super) const SMALLEST: Scenario = Scenario {
    name: "shutdown/smallest",
    test: "pool::smallest",
    shows: "one task, drained",
    must: &["done"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let pool = builder(1).idle(Idle::ParkAtOnce).build().unwrap();
        let future = pool.spawn(|| 7);
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(future.result().unwrap(), 7);
        drop(pool);
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// A submitter meets the end of the pool: its task is done, or it is rejected.
pub(super) const SMALLEST_RACE: Scenario = Scenario {
    name: "shutdown/race",
    test: "pool::smallest_race",
    shows: "a submitter meets the end: done or rejected",
    must: &["done", "rejected"],
    threads: 3,
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let pool = builder(1).idle(Idle::ParkAtOnce).build().unwrap();
        let pool = Arc::new(pool);
        let other = Arc::clone(&pool);
        let submitter = thread::spawn(move || how(other.spawn(|| 7)));
        pool.shutdown(Shutdown::Drain).unwrap();
        out.saw(submitter.join().unwrap());
    },
    ..Scenario::EMPTY
};

/// A worker that is about to sleep, and the end: it learns of it.
pub(super) const NOTHING_TO_DO: Scenario = Scenario {
    name: "shutdown/nothing_to_do",
    test: "pool::nothing_to_do",
    shows: "a worker that is about to sleep learns of the end",
    must: &["ended"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let pool = builder(1).idle(Idle::ParkAtOnce).build().unwrap();
        pool.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(pool.stats().threads, 0);
        out.saw("ended");
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    NOTHING_TO_DO,
    SMALLEST,
    SMALLEST_RACE,
    CLOSED,
    LIMIT_CLOSED,
    DRAIN,
    DRAIN_TWO,
    CANCEL_PENDING,
    DRAIN_NESTED,
    DRAIN_BLOCKED,
    DROPPED_INSIDE,
    OUTSIDE,
    PARKED,
    BOTH_WORKERS,
    OVERFLOW,
    NESTED,
    SPARE,
    SPARES,
    HIDDEN_WAIT,
    HIDDEN_WAIT_PARKED,
    SPAWN_ON,
    CANCEL_STORM,
    SCOPE,
    SCOPE_AFTER_A_WAIT,
    JOIN,
    JOIN_WITHOUT_TOKEN,
    IN_ORDER,
    JOIN_EXTERNAL,
    LIMIT,
    LIMIT_NESTED,
];
