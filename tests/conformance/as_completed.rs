//! A: futures as they complete.

use super::common::{Drops, Gate, LONG, Wakes, hold, watch};
use raddle::{BoxError, Future, Promise, TaskError, ThreadPool, as_completed, promise};
use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Far beyond the watchdog.
type Keyed = (usize, Future<usize>);

fn many(count: usize) -> (Vec<Promise<usize>>, Vec<Keyed>) {
    let (promises, futures): (Vec<_>, Vec<_>) = (0..count).map(|_| promise()).unzip();
    (promises, futures.into_iter().enumerate().collect())
}

#[test]
fn a01_every_future_comes_once_in_the_order_of_completion() {
    let _watch = watch();
    let (promises, futures) = many(4);
    let mut all = as_completed(futures);
    let [zero, one, two, three] = <[_; 4]>::try_from(promises).unwrap();
    two.complete(2).unwrap();
    assert_eq!(all.next().unwrap().0, 2);
    zero.fail(BoxError::from("no")).unwrap();
    drop(three);
    assert_eq!(all.next().unwrap().0, 0);
    let (key, abandoned) = all.next().unwrap();
    assert_eq!(key, 3);
    assert!(matches!(abandoned.result(), Err(TaskError::Abandoned)));
    one.complete(1).unwrap();
    assert_eq!(all.next().unwrap().1.result().unwrap(), 1);
    assert!(all.next().is_none() && all.next().is_none());
}

#[test]
fn a01_failed_and_cancelled_ones_come_too() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    let held = hold(&pool);
    let (fine, fails, cancelled) = (
        pool.spawn(|| 1),
        pool.spawn(|| panic!("on purpose")),
        pool.spawn(|| 3),
    );
    assert!(cancelled.cancel());
    let mut all = as_completed([("fine", fine), ("fails", fails), ("cancelled", cancelled)]);
    let (first, outcome) = all.next().unwrap();
    assert_eq!(first, "cancelled");
    assert!(matches!(outcome.result(), Err(TaskError::Cancelled)));
    held.release();
    let rest: HashSet<_> = all
        .map(|(key, future)| (key, future.result().is_ok()))
        .collect();
    assert_eq!(rest, HashSet::from([("fine", true), ("fails", false)]));
}

#[test]
fn a01_a_future_cancelled_meanwhile_comes_out() {
    let _watch = watch();
    let (_kept, futures) = many(3);
    let (a, b, c) = (&futures[0].1, &futures[1].1, &futures[2].1);
    let mut all = as_completed([("a", a), ("b", b), ("c", c)]);
    for (name, future) in [("b", b), ("c", c), ("a", a)] {
        assert!(future.cancel());
        assert_eq!(all.next().unwrap().0, name);
    }
}

#[test]
fn a01_outcomes_can_be_taken_as_they_come() {
    let _watch = watch();
    let pool = ThreadPool::new(3).unwrap();
    for _ in 0..50 {
        let tasks = (0..200).map(|n| (n, pool.spawn(move || n * n)));
        let mut seen = HashSet::new();
        for (n, square) in as_completed(tasks) {
            // Done, so it is there without waiting.
            assert_eq!(square.try_result().unwrap().unwrap(), n * n);
            assert!(seen.insert(n));
        }
        assert_eq!(seen.len(), 200);
    }
}

#[test]
fn a02_those_that_are_done_come_first() {
    let _watch = watch();
    let (mut promises, futures) = many(6);
    let late = promises.split_off(3);
    promises
        .into_iter()
        .for_each(|promise| promise.complete(0).unwrap());
    let mut reversed: Vec<_> = futures.into_iter().rev().collect();
    reversed.swap(0, 5);
    let mut all = as_completed(reversed);
    let first: HashSet<_> = all.by_ref().take(3).map(|(key, _)| key).collect();
    assert_eq!(first, HashSet::from([0, 1, 2]));
    drop(late);
    assert_eq!(all.count(), 3);
}

#[test]
fn a03_a_time_limit_of_zero_gives_what_is_done() {
    let _watch = watch();
    let (mut promises, futures) = many(5);
    let late = promises.split_off(2);
    promises
        .into_iter()
        .for_each(|promise| promise.complete(0).unwrap());
    let mut all = as_completed(futures).timeout(Duration::ZERO);
    for _ in 0..2 {
        assert!(all.next().unwrap().is_ok());
    }
    assert!(all.next().unwrap().is_err());
    assert!(all.next().is_none() && all.next().is_none());
    drop(late);
    // It is over, whatever comes later.
    assert!(all.next().is_none());
    assert_eq!(all.into_remaining().len(), 3);
}

#[test]
fn a03_the_time_limit_counts_from_the_call_and_ends_a_wait() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    let (kept, never) = promise();
    let all = as_completed([never, pool.spawn(|| 1)]).timeout(Duration::from_millis(30));
    let mut ends = 0;
    for item in all {
        match item {
            Ok(future) => assert_eq!(future.result().unwrap(), 1),
            Err(late) => {
                assert!(late.unfinished >= 1);
                ends += 1;
            }
        }
    }
    assert_eq!(ends, 1);
    kept.complete(2).unwrap();
}

#[test]
fn a03_a_time_limit_that_is_not_needed_is_not_seen() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    for limit in [LONG, Duration::MAX] {
        let tasks: Vec<_> = (0..50).map(|n| pool.spawn(move || n)).collect();
        let all = as_completed(tasks).timeout(limit);
        let sum: i32 = all.map(|item| item.unwrap().result().unwrap()).sum();
        assert_eq!(sum, 1225);
    }
}

#[test]
fn a04_the_time_out_says_how_many_of_how_many() {
    let _watch = watch();
    let (mut promises, futures) = many(5);
    promises.pop().unwrap().complete(4).unwrap();
    let mut all = as_completed(futures).timeout(Duration::ZERO);
    assert!(all.next().unwrap().is_ok());
    let late = all.next().unwrap().unwrap_err();
    assert_eq!((late.unfinished, late.total), (4, 5));
    let text = late.to_string();
    assert!(text.contains('4') && text.contains('5'), "{text}");
    let _: &dyn std::error::Error = &late;
}

#[test]
fn a05_any_iterable_will_do_also_a_lazy_one() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    let mut made = 0;
    let lazy = (0..10).map(|n| {
        made += 1;
        pool.spawn(move || n)
    });
    assert_eq!(
        as_completed(lazy)
            .map(|task| task.result().unwrap())
            .sum::<i32>(),
        45
    );
    assert_eq!(made, 10);
    assert_eq!(as_completed(Some(pool.spawn(|| 1))).count(), 1);
    assert_eq!(as_completed(Vec::<Future<u8>>::new()).count(), 0);
    assert!(
        as_completed(Vec::<Future<u8>>::new())
            .timeout(Duration::ZERO)
            .next()
            .is_none()
    );
}

#[test]
fn a05_borrowed_and_shared_futures_come_as_often_as_they_were_given() {
    let _watch = watch();
    let (promise, future) = promise::<u8>();
    let all = as_completed([&future, &future]);
    promise.complete(1).unwrap();
    assert_eq!(all.count(), 2);
    let shared = future.shared();
    assert_eq!(as_completed([shared.clone(), shared]).count(), 2);
}

#[test]
fn a07_futures_of_different_executors_mix() {
    let _watch = watch();
    let (one, two) = (ThreadPool::new(1).unwrap(), ThreadPool::new(2).unwrap());
    for _ in 0..50 {
        let (promises, mut all) = many(30);
        all.extend((30..60).map(|n| (n, one.spawn(move || n))));
        all.extend((60..90).map(|n| (n, two.spawn(move || n))));
        let all = as_completed(all);
        let by_hand = std::thread::spawn(move || {
            for (n, promise) in promises.into_iter().enumerate() {
                promise.complete(n).unwrap();
            }
        });
        let mut seen: Vec<_> = all
            .map(|(key, future)| {
                assert_eq!(future.result().unwrap(), key);
                key
            })
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..90).collect::<Vec<_>>());
        by_hand.join().unwrap();
    }
}

#[test]
fn a08_abandoning_it_cancels_nothing() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    let drops = Drops::default();
    for round in 0..50 {
        let gate = Gate::default();
        let tasks: Vec<_> = (0..10)
            .map(|n| {
                let (at, item) = (gate.clone(), drops.item());
                pool.spawn(move || {
                    if n == 9 {
                        at.wait();
                    }
                    drop(item);
                })
            })
            .collect();
        let mut all = as_completed(&tasks);
        for _ in 0..round % 3 {
            all.next().unwrap();
        }
        drop(all);
        gate.open();
        assert!(tasks.into_iter().all(|task| task.result().is_ok()));
    }
    assert_eq!(drops.count(), 500);
    // Owned ones are detached: they run all the same.
    let held = hold(&pool);
    drop(as_completed((0..10).map(|_| {
        let item = drops.item();
        pool.spawn(move || drop(item))
    })));
    held.release();
    drop(pool);
    assert_eq!(drops.count(), 510);
}

#[test]
fn a08_the_remaining_ones_are_handed_back_in_order() {
    let _watch = watch();
    let (promises, futures) = many(10);
    let mut all = as_completed(futures);
    for (n, promise) in promises.into_iter().enumerate() {
        if n % 3 == 0 {
            promise.complete(n).unwrap();
        } else {
            std::mem::forget(promise);
        }
    }
    for _ in 0..2 {
        drop(all.next().unwrap());
    }
    let left = all.into_remaining();
    let keys: Vec<_> = left.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys.len(), 8);
    assert!(keys.is_sorted());
    assert_eq!(
        left.iter().filter(|(_, future)| future.is_done()).count(),
        2
    );
    assert!(left.iter().all(|(_, future)| !future.is_cancelled()));
}

#[test]
fn a08_a_future_that_came_out_may_be_given_to_another_one() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    let mut left: Vec<_> = (0..60).map(|n| pool.spawn(move || n)).collect();
    let mut sum = 0;
    while !left.is_empty() {
        let mut all = as_completed(left);
        sum += all.next().unwrap().result().unwrap();
        left = all.into_remaining();
    }
    assert_eq!(sum, 1770);
}

#[test]
fn a10_it_knows_how_many_are_left() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    let mut all = as_completed((0..5).map(|n| pool.spawn(move || n)));
    for left in (0..5).rev() {
        assert_eq!(
            (all.len(), all.size_hint()),
            (left + 1, (left + 1, Some(left + 1)))
        );
        assert!(all.next().is_some());
    }
    assert_eq!(all.size_hint(), (0, Some(0)));
    let (_kept, futures) = many(3);
    let mut limited = as_completed(futures).timeout(Duration::ZERO);
    assert_eq!(limited.size_hint(), (1, Some(3)));
    assert!(limited.next().unwrap().is_err());
    assert_eq!(limited.size_hint(), (0, Some(0)));
}

#[test]
fn a10_ten_thousand_come_out() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    let tasks = pool.spawn_many((0..10_000u64).map(|n| move || n));
    assert_eq!(
        as_completed(tasks)
            .map(|task| task.result().unwrap())
            .sum::<u64>(),
        49_995_000
    );
    // From inside a worker as well.
    let pool = Arc::new(pool);
    let inside = Arc::clone(&pool);
    let sum = pool.spawn(move || {
        let tasks = inside.spawn_many((0..2000u64).map(|n| move || n));
        as_completed(tasks)
            .map(|task| task.result().unwrap())
            .sum::<u64>()
    });
    assert_eq!(sum.result().unwrap(), 1_999_000);
}

#[test]
fn it_is_a_stream_that_wakes_for_each_item_and_does_not_block() {
    let _watch = watch();
    use futures_core::Stream;
    let (promises, futures) = many(3);
    let mut all = as_completed(futures);
    let (wakes, waker) = Wakes::new();
    let mut context = Context::from_waker(&waker);
    assert_eq!(Stream::size_hint(&all), (3, Some(3)));
    for (n, promise) in promises.into_iter().enumerate() {
        assert!(Pin::new(&mut all).poll_next(&mut context).is_pending());
        assert_eq!(wakes.count(), n);
        promise.complete(n).unwrap();
        assert_eq!(wakes.count(), n + 1);
        let Poll::Ready(Some((key, _))) = Pin::new(&mut all).poll_next(&mut context) else {
            panic!("woken for nothing");
        };
        assert_eq!(key, n);
    }
    assert!(matches!(
        Pin::new(&mut all).poll_next(&mut context),
        Poll::Ready(None)
    ));
}

#[test]
fn a_stream_may_go_on_as_an_iterator_and_back() {
    let _watch = watch();
    use futures_core::Stream;
    let (mut promises, futures) = many(3);
    let last = promises.pop().unwrap();
    let second = promises.pop().unwrap();
    let mut all = as_completed(futures);
    let (wakes, waker) = Wakes::new();
    let mut context = Context::from_waker(&waker);
    assert!(Pin::new(&mut all).poll_next(&mut context).is_pending());
    let helper = std::thread::spawn(move || second.complete(1).unwrap());
    // Blocks with a waker left behind by the poll.
    assert_eq!(all.next().unwrap().0, 1);
    helper.join().unwrap();
    assert!(Pin::new(&mut all).poll_next(&mut context).is_pending());
    let before = wakes.count();
    last.complete(2).unwrap();
    assert_eq!(wakes.count(), before + 1);
    assert!(matches!(
        Pin::new(&mut all).poll_next(&mut context),
        Poll::Ready(Some((2, _)))
    ));
    promises.pop().unwrap().complete(0).unwrap();
    assert_eq!(all.next().unwrap().0, 0);
}
