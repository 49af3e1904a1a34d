//! Wait sets: waiting for the first, for all, for an error; the order of completions; going away early.

use super::cell_kit::{Kit, TestWaker};
use crate::sync::{faults, thread};
use crate::{Counted, Loom, Scenario, Shuttle};
use futures_core::Stream;
use raddle::{AsCompleted, Future, Promise, ReturnWhen, as_completed, promise, wait, wait_timeout};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

type Pair = ([Promise<Counted>; 2], [Future<Counted>; 2]);

fn pair() -> Pair {
    let ((p0, f0), (p1, f1)) = (promise(), promise());
    ([p0, p1], [f0, f1])
}

fn give(kit: &Kit, promise: Promise<Counted>) {
    assert!(promise.complete(kit.values.value()).is_ok());
}

fn slept() -> &'static str {
    if faults::waits().0 > 0 {
        "slept"
    } else {
        "looked"
    }
}

/// One poll of the stream with this waker; the key of what came out.
fn poll<K: Copy>(
    all: &mut AsCompleted<(K, Future<Counted>)>,
    waker: &Arc<TestWaker>,
) -> Poll<Option<K>> {
    let task_waker = waker.as_waker();
    match Pin::new(all).poll_next(&mut Context::from_waker(&task_waker)) {
        Poll::Ready(Some((key, future))) => {
            assert!(
                future
                    .try_result()
                    .expect("it came out, so it is done")
                    .is_ok()
            );
            Poll::Ready(Some(key))
        }
        Poll::Ready(None) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    }
}

fn keyed(futures: [Future<Counted>; 2]) -> AsCompleted<(usize, Future<Counted>)> {
    as_completed(futures.into_iter().enumerate())
}

/// One of two completes; the other is taken out of the set again and completes later.
const FIRST: Scenario = Scenario {
    name: "set/first",
    test: "set::first",
    shows: "one done, one not",
    must: &["slept", "looked"],
    faults: 1,
    loom: Loom::bound(3).at_least(1_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let ([p0, p1], futures) = pair();
        let theirs = kit.clone();
        let producer = thread::spawn(move || give(&theirs, p0));
        let waited = wait(futures, ReturnWhen::FirstCompleted);
        assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1));
        assert!(!waited.timed_out);
        producer.join().unwrap();
        give(&kit, p1);
        out.saw(slept());
        drop(waited);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Two threads complete one each; the first is waited for.
const FIRST_OF_TWO: Scenario = Scenario {
    name: "set/first_of_two",
    test: "set::first_of_two",
    shows: "one or both done, never none",
    must: &["one", "both"],
    forbidden: &["none"],
    threads: 3,
    loom: Loom::bound(2).at_least(30_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let (promises, futures) = pair();
        let producers = promises.map(|promise| {
            let kit = kit.clone();
            thread::spawn(move || give(&kit, promise))
        });
        let waited = wait(futures, ReturnWhen::FirstCompleted);
        out.saw(["none", "one", "both"][waited.done.len()]);
        for producer in producers {
            producer.join().unwrap();
        }
        drop(waited);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// One thread completes two, and both are waited for.
const ALL: Scenario = Scenario {
    name: "set/all",
    test: "set::all",
    shows: "both",
    must: &["slept", "looked"],
    loom: Loom::bound(3).at_least(8_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let ([p0, p1], futures) = pair();
        let theirs = kit.clone();
        let producer = thread::spawn(move || {
            give(&theirs, p0);
            give(&theirs, p1);
        });
        let waited = wait(futures, ReturnWhen::AllCompleted);
        assert_eq!((waited.done.len(), waited.timed_out), (2, false));
        drop(waited);
        producer.join().unwrap();
        out.saw(slept());
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Two threads complete one each, and both are waited for.
const ALL_OF_TWO: Scenario = Scenario {
    name: "set/all_of_two",
    test: "set::all_of_two",
    shows: "both",
    must: &["slept", "looked"],
    threads: 3,
    loom: Loom::bound(2).at_least(5_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let (promises, futures) = pair();
        let producers = promises.map(|promise| {
            let kit = kit.clone();
            thread::spawn(move || give(&kit, promise))
        });
        let waited = wait(futures, ReturnWhen::AllCompleted);
        assert_eq!((waited.done.len(), waited.timed_out), (2, false));
        for producer in producers {
            producer.join().unwrap();
        }
        drop(waited);
        out.saw(slept());
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// An error that stood before is no reason to stop waiting for all.
const ALL_AFTER_AN_ERROR: Scenario = Scenario {
    name: "set/all_after_an_error",
    test: "set::all_after_an_error",
    shows: "an earlier error ends no wait for all",
    must: &["slept", "looked"],
    loom: Loom::bound(3).at_least(600),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let ([p0, p1], futures) = pair();
        assert!(p0.fail(kit.error()).is_ok());
        let theirs = kit.clone();
        let producer = thread::spawn(move || give(&theirs, p1));
        let waited = wait(futures, ReturnWhen::AllCompleted);
        assert_eq!((waited.done.len(), waited.timed_out), (2, false));
        drop(waited);
        producer.join().unwrap();
        assert_eq!(kit.reported(), 1, "no thread looked at it");
        out.saw(slept());
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// One fails, the other never ends: waiting for the first error ends, and shows it.
const FIRST_ERROR: Scenario = Scenario {
    name: "set/first_error",
    test: "set::first_error",
    shows: "the error is found and can be read",
    must: &["slept", "looked"],
    loom: Loom::bound(4).at_least(8_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let ([p0, p1], futures) = pair();
        let error = kit.error();
        let producer = thread::spawn(move || assert!(p0.fail(error).is_ok()));
        let waited = wait(futures, ReturnWhen::FirstError);
        assert_eq!((waited.done.len(), waited.not_done.len()), (1, 1));
        assert!(waited.done[0].error().is_some());
        producer.join().unwrap();
        out.saw(slept());
        drop(waited);
        drop(p1);
        assert_eq!(kit.reported(), 0, "the error was seen");
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// One thread completes one, another fails the other: the wait ends with the error.
const ERROR_OF_TWO: Scenario = Scenario {
    name: "set/error_of_two",
    test: "set::error_of_two",
    shows: "the error is among the done",
    must: &["one", "both"],
    forbidden: &["none"],
    threads: 3,
    loom: Loom::bound(2).at_least(20_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let ([p0, p1], futures) = pair();
        let theirs = kit.clone();
        let good = thread::spawn(move || give(&theirs, p0));
        let error = kit.error();
        let bad = thread::spawn(move || assert!(p1.fail(error).is_ok()));
        let waited = wait(futures, ReturnWhen::FirstError);
        assert!(waited.done.iter().any(|future| future.error().is_some()));
        out.saw(["none", "one", "both"][waited.done.len()]);
        good.join().unwrap();
        bad.join().unwrap();
        drop(waited);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// The time limit may strike: what is registered is taken out again, or has come in meanwhile.
const TIMEOUT: Scenario = Scenario {
    name: "set/timeout",
    test: "set::timeout",
    shows: "all in time; or late with none, one or two",
    must: &["in time", "late with 0", "late with 1"],
    may: &["late with 2"],
    faults: 1,
    loom: Loom::bound(2).at_least(500),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let ([p0, p1], futures) = pair();
        let theirs = kit.clone();
        let producer = thread::spawn(move || {
            give(&theirs, p0);
            give(&theirs, p1);
        });
        let waited = wait_timeout(futures, ReturnWhen::AllCompleted, Duration::from_secs(1));
        out.saw(match (waited.timed_out, waited.done.len()) {
            (false, 2) => "in time",
            (false, _) => "early",
            (true, 0) => "late with 0",
            (true, 1) => "late with 1",
            (true, _) => "late with 2",
        });
        producer.join().unwrap();
        drop(waited);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// One thread completes two in order: so they come out.
const IN_ORDER: Scenario = Scenario {
    name: "set/as_completed_in_order",
    test: "set::in_order",
    shows: "each once",
    must: &["slept", "looked"],
    loom: Loom::bound(3).at_least(10_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let ([p0, p1], [f0, f1]) = pair();
        let theirs = kit.clone();
        let producer = thread::spawn(move || {
            give(&theirs, p0);
            give(&theirs, p1);
        });
        // Given the other way round, so that only the completions can make this order.
        let mut order = Vec::new();
        for (key, future) in as_completed([(1, f1), (0, f0)]) {
            assert!(
                future
                    .try_result()
                    .expect("it came out, so it is done")
                    .is_ok()
            );
            order.push(key);
        }
        order.sort_unstable();
        assert_eq!(order, [0, 1], "each comes out once");
        producer.join().unwrap();
        out.saw(slept());
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Registered first, completed after by one thread: they come out in that order.
const IN_ORDER_REGISTERED: Scenario = Scenario {
    name: "set/as_completed_registered",
    test: "set::in_order_registered",
    shows: "each once, in the order of completion",
    must: &["slept", "looked"],
    loom: Loom::bound(3).at_least(2_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let ([p0, p1], [f0, f1]) = pair();
        let all = as_completed([(1, f1), (0, f0)]);
        let theirs = kit.clone();
        let producer = thread::spawn(move || {
            give(&theirs, p0);
            give(&theirs, p1);
        });
        let order: Vec<_> = all
            .map(|(key, future)| {
                assert!(
                    future
                        .try_result()
                        .expect("it came out, so it is done")
                        .is_ok()
                );
                key
            })
            .collect();
        assert_eq!(order, [0, 1], "in the order of completion");
        producer.join().unwrap();
        out.saw(slept());
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Two threads complete one each: both come out, once each, in either order.
const EITHER_ORDER: Scenario = Scenario {
    name: "set/as_completed_of_two",
    test: "set::either_order",
    shows: "each once, in either order",
    must: &["01", "10"],
    threads: 3,
    loom: Loom::bound(2).at_least(3_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let (promises, futures) = pair();
        let all = keyed(futures);
        let producers = promises.map(|promise| {
            let kit = kit.clone();
            thread::spawn(move || give(&kit, promise))
        });
        let order: String = all
            .map(|(key, future)| {
                assert!(
                    future
                        .try_result()
                        .expect("it came out, so it is done")
                        .is_ok()
                );
                key.to_string()
            })
            .collect();
        for producer in producers {
            producer.join().unwrap();
        }
        out.saw(order);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// A failed one comes out first; the next is waited for, not looked for in a loop.
const AFTER_AN_ERROR: Scenario = Scenario {
    name: "set/as_completed_after_an_error",
    test: "set::after_an_error",
    shows: "waits for the next, does not spin",
    must: &["slept", "looked"],
    loom: Loom::bound(3).at_least(200),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let ([p0, p1], futures) = pair();
        assert!(p0.fail(kit.error()).is_ok());
        let mut all = keyed(futures);
        let theirs = kit.clone();
        let producer = thread::spawn(move || give(&theirs, p1));
        let (first, failed) = all.next().unwrap();
        assert!(first == 0 && failed.error().is_some());
        let (second, future) = all.next().unwrap();
        assert!(second == 1 && future.result().is_ok());
        producer.join().unwrap();
        out.saw(slept());
        drop((failed, all));
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Dropped while one completes: the set is freed once, with the waker that was left in it.
const DROPPED: Scenario = Scenario {
    name: "set/as_completed_dropped",
    test: "set::dropped",
    shows: "the set and its waker are freed once",
    must: &["woken", "silent"],
    loom: Loom::bound(3).at_least(4_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let ([p0, p1], futures) = pair();
        let waker = kit.waker();
        let mut all = keyed(futures);
        assert!(poll(&mut all, &waker).is_pending());
        let theirs = kit.clone();
        let producer = thread::spawn(move || give(&theirs, p0));
        drop(all);
        producer.join().unwrap();
        out.saw(["silent", "woken", "woken twice"][waker.wakes()]);
        give(&kit, p1);
        drop(waker);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Driven as a stream to its end by a waker.
const STREAM: Scenario = Scenario {
    name: "set/stream",
    test: "set::stream",
    shows: "each once, in order, woken for each",
    must: &["slept", "looked"],
    loom: Loom::bound(3).at_least(1_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let ([p0, p1], futures) = pair();
        let waker = kit.waker();
        let mut all = keyed(futures);
        let theirs = kit.clone();
        let producer = thread::spawn(move || {
            give(&theirs, p0);
            give(&theirs, p1);
        });
        let mut order = Vec::new();
        loop {
            match poll(&mut all, &waker) {
                Poll::Ready(Some(key)) => order.push(key),
                Poll::Ready(None) => break,
                Poll::Pending => waker.wait(),
            }
        }
        assert_eq!(order, [0, 1], "in the order of completion");
        producer.join().unwrap();
        out.saw(slept());
        drop((all, waker));
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Polled again with another waker, which is the one that is woken.
const STREAM_REPOLL: Scenario = Scenario {
    name: "set/stream_repoll",
    test: "set::stream_repoll",
    shows: "ready, or the second waker is woken; the first perhaps as well",
    must: &["ready", "second woken"],
    may: &["both woken"],
    loom: Loom::bound(3).at_least(80),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let ([p0, p1], futures) = pair();
        let (first, second) = (kit.waker(), kit.waker());
        let mut all = keyed(futures);
        assert!(poll(&mut all, &first).is_pending());
        let theirs = kit.clone();
        let producer = thread::spawn(move || give(&theirs, p0));
        let mut how = "ready";
        while poll(&mut all, &second).is_pending() {
            second.wait();
            how = "second woken";
        }
        producer.join().unwrap();
        if how != "ready" && first.wakes() > 0 {
            how = "both woken";
        }
        out.saw(how);
        give(&kit, p1);
        drop((all, first, second));
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Polled once, then iterated: the thread that blocks is woken, though an earlier poll left a waker.
const POLL_THEN_BLOCK: Scenario = Scenario {
    name: "set/poll_then_block",
    test: "set::poll_then_block",
    shows: "a consumer that polled and then blocks is woken",
    must: &["slept", "looked"],
    loom: Loom::bound(3).at_least(100),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let ([p0, p1], futures) = pair();
        let waker = kit.waker();
        let mut all = keyed(futures);
        assert!(poll(&mut all, &waker).is_pending());
        let theirs = kit.clone();
        let producer = thread::spawn(move || give(&theirs, p0));
        let (key, future) = all.next().unwrap();
        assert!(key == 0 && future.result().is_ok());
        producer.join().unwrap();
        out.saw(slept());
        give(&kit, p1);
        drop((all, waker));
        kit.finish();
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    FIRST,
    FIRST_OF_TWO,
    ALL,
    ALL_OF_TWO,
    ALL_AFTER_AN_ERROR,
    FIRST_ERROR,
    ERROR_OF_TWO,
    TIMEOUT,
    IN_ORDER,
    IN_ORDER_REGISTERED,
    EITHER_ORDER,
    AFTER_AN_ERROR,
    DROPPED,
    STREAM,
    STREAM_REPOLL,
    POLL_THEN_BLOCK,
];
