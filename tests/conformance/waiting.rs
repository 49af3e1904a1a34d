//! W: waiting for the first, for the first error, or for all.

use super::common::{Gate, hold, keys, until, watch};
use raddle::{
    BoxError, Future, Promise, ReturnWhen, TaskError, ThreadPool, promise, wait, wait_timeout,
};
use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use ReturnWhen::{AllCompleted, FirstCompleted, FirstError};

fn pair() -> (Promise<u32>, Future<u32>) {
    promise()
}

fn finished(value: u32) -> Future<u32> {
    let (promise, future) = promise();
    promise.complete(value).unwrap();
    future
}

fn failed() -> Future<u32> {
    let (promise, future) = promise();
    promise.fail(BoxError::from("no such row")).unwrap();
    future
}

fn cancelled() -> Future<u32> {
    let (_promise, future) = promise();
    assert!(future.cancel());
    future
}

/// Waits on a thread of its own, calls `then` when that thread sleeps (as far as can be told from
/// outside: it has begun), and gives what the wait found.
fn waiting<F: Send>(wait: impl FnOnce() -> F + Send, then: impl FnOnce()) -> F {
    std::thread::scope(|s| {
        let (began, begins) = mpsc::channel();
        let waiter = s.spawn(move || {
            began.send(()).unwrap();
            wait()
        });
        begins.recv().unwrap();
        then();
        waiter.join().unwrap()
    })
}

#[test]
fn w01_all_completed_waits_for_every_kind_of_end() {
    let _watch = watch();
    let (one, two) = (ThreadPool::new(1).unwrap(), ThreadPool::new(2).unwrap());
    for _ in 0..50 {
        let gate = Gate::default();
        let at = gate.clone();
        let running = two.spawn(move || {
            at.wait();
            4
        });
        let (promised, by_hand) = pair();
        let panics = one.spawn(|| panic!("on purpose"));
        let all = [finished(1), failed(), cancelled(), running, by_hand, panics];
        let waited = waiting(
            || wait((0..).zip(all), AllCompleted),
            || {
                gate.open();
                promised.complete(5).unwrap()
            },
        );
        assert_eq!(keys(&waited), (vec![0, 1, 2, 3, 4, 5], vec![]));
        assert!(!waited.timed_out);
        let sum: u32 = waited
            .done
            .into_iter()
            .filter_map(|(_, future)| future.result().ok())
            .sum();
        assert_eq!(sum, 10);
    }
}

#[test]
fn w02_first_completed_returns_with_the_first() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    for _ in 0..50 {
        let ((_kept, never), (by_hand, soon)) = (pair(), pair());
        let held = hold(&pool);
        let queued = pool.spawn(|| 1);
        let waited = waiting(
            || wait([(0, never), (1, soon), (2, queued)], FirstCompleted),
            || by_hand.complete(7).unwrap(),
        );
        assert_eq!(keys(&waited), (vec![1], vec![0, 2]));
        assert!(!waited.timed_out);
        drop(held);
    }
}

#[test]
fn w02_a_cancellation_and_a_failure_are_completions() {
    let _watch = watch();
    let (_kept, never) = pair();
    let waited = wait([(0, never), (1, cancelled())], FirstCompleted);
    assert_eq!(keys(&waited), (vec![1], vec![0]));
    let ((_kept, never), (promise, fails)) = (pair(), pair());
    let waited = waiting(
        || wait([(0, never), (1, fails)], FirstCompleted),
        || drop(promise),
    );
    assert_eq!(keys(&waited), (vec![1], vec![0]));
}

#[test]
fn w03_first_completed_gives_all_that_were_done_before() {
    let _watch = watch();
    let ((_a, never), (_b, too)) = (pair(), pair());
    let all = [
        (0, finished(1)),
        (1, never),
        (2, cancelled()),
        (3, failed()),
        (4, too),
    ];
    let waited = wait(all, FirstCompleted);
    assert_eq!(keys(&waited), (vec![0, 2, 3], vec![1, 4]));
}

#[test]
fn w04_first_error_returns_when_one_fails_with_all_that_is_done() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    for panics in [true, false] {
        for _ in 0..50 {
            let (gate, (_kept, never)) = (Gate::default(), pair());
            let at = gate.clone();
            let fails = pool.try_spawn(move || {
                at.wait();
                assert!(!panics, "as a panic");
                Err::<u32, _>("as an error")
            });
            let all = [(0, never), (1, finished(1)), (2, fails)];
            let waited = waiting(|| wait(all, FirstError), || gate.open());
            assert_eq!(keys(&waited), (vec![1, 2], vec![0]));
            assert!(!waited.timed_out);
        }
    }
}

#[test]
fn w04_an_abandoned_promise_and_a_refused_task_are_errors() {
    let _watch = watch();
    let (_kept, never) = pair();
    let (promise, abandoned) = pair();
    let waited = waiting(
        || wait([(0, never), (1, abandoned)], FirstError),
        || drop(promise),
    );
    assert_eq!(keys(&waited), (vec![1], vec![0]));
    let pool = ThreadPool::new(1).unwrap();
    let (_kept, never) = pair();
    let refused = pool.spawn_on(99, || 1);
    let waited = wait([(0, never), (1, refused)], FirstError);
    assert_eq!(keys(&waited), (vec![1], vec![0]));
}

#[test]
fn w05_first_error_returns_at_once_if_one_had_failed_before() {
    let _watch = watch();
    let (_kept, never) = pair();
    let waited = wait([(0, never), (1, failed()), (2, finished(1))], FirstError);
    assert_eq!(keys(&waited), (vec![1, 2], vec![0]));
}

#[test]
fn w06_a_cancelled_future_is_no_error() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    for _ in 0..50 {
        let ((promise, last), held) = (pair(), hold(&pool));
        let queued = pool.spawn(|| 1);
        assert!(queued.cancel());
        let later = pool.spawn(|| 2);
        let all = [(0, &last), (1, &queued), (2, &later)];
        let waited = waiting(
            || wait(all, FirstError),
            || {
                assert!(later.cancel());
                promise.complete(3).unwrap();
            },
        );
        assert_eq!(keys(&waited), (vec![0, 1, 2], vec![]));
        drop(held);
    }
}

#[test]
fn w07_first_error_without_one_waits_for_all() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    for _ in 0..100 {
        let ((promise, by_hand), gate) = (pair(), Gate::default());
        let at = gate.clone();
        let all = [
            (0, by_hand),
            (
                1,
                pool.spawn(move || {
                    at.wait();
                    1
                }),
            ),
            (2, finished(2)),
        ];
        let waited = waiting(
            || wait(all, FirstError),
            || {
                promise.complete(0).unwrap();
                gate.open();
            },
        );
        assert_eq!(keys(&waited), (vec![0, 1, 2], vec![]));
    }
}

#[test]
fn w08_a_time_limit_gives_both_lists_and_cancels_nothing() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    let held = hold(&pool);
    let (promise, by_hand) = pair();
    let queued = pool.spawn(|| 1);
    for when in [AllCompleted, FirstError] {
        for limit in [
            Duration::ZERO,
            Duration::from_micros(300),
            Duration::from_millis(2),
        ] {
            let done = finished(1);
            let waited = wait_timeout([(0, &by_hand), (1, &done), (2, &queued)], when, limit);
            assert_eq!(keys(&waited), (vec![1], vec![0, 2]));
            assert!(waited.timed_out);
        }
    }
    assert!(wait_timeout([&by_hand], FirstCompleted, Duration::from_micros(50)).timed_out);
    held.release();
    promise.complete(3).unwrap();
    assert_eq!(queued.result().unwrap() + by_hand.result().unwrap(), 4);
}

#[test]
fn w08_a_time_limit_that_is_not_needed_is_not_reported() {
    let _watch = watch();
    let waited = wait_timeout([(0, finished(1))], AllCompleted, Duration::ZERO);
    assert_eq!(
        (keys(&waited), waited.timed_out),
        ((vec![0], vec![]), false)
    );
    let pool = ThreadPool::new(1).unwrap();
    let waited = wait_timeout(
        [(0, pool.spawn(|| 1))],
        AllCompleted,
        Duration::from_secs(100_000),
    );
    assert_eq!(
        (keys(&waited), waited.timed_out),
        ((vec![0], vec![]), false)
    );
}

#[test]
fn w08_after_a_time_limit_everything_can_be_waited_for_again() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    let gate = Gate::default();
    let mut left: Vec<_> = (0..20)
        .map(|n| {
            let at = gate.clone();
            pool.spawn(move || {
                at.wait();
                n
            })
        })
        .collect();
    for _ in 0..20 {
        let waited = wait_timeout(left, AllCompleted, Duration::from_micros(20));
        assert_eq!((waited.done.len(), waited.timed_out), (0, true));
        left = waited.not_done;
    }
    gate.open();
    assert_eq!(wait(left, AllCompleted).done.len(), 20);
}

#[test]
fn w09_owned_futures_cannot_be_given_twice_and_borrowed_ones_come_back_as_given() {
    let _watch = watch();
    let (promise, future) = pair();
    let (other, never) = pair();
    let waited = waiting(
        || wait([&future, &never, &future], FirstCompleted),
        || promise.complete(1).unwrap(),
    );
    assert_eq!((waited.done.len(), waited.not_done.len()), (2, 1));
    other.complete(2).unwrap();
    // Twice the same one does not stand for two.
    let (promise, future) = pair();
    let waited = waiting(
        || wait([&future, &future, &never], AllCompleted),
        || promise.complete(1).unwrap(),
    );
    assert_eq!(waited.done.len(), 3);
    let shared = never.shared();
    assert_eq!(
        wait([shared.clone(), shared.clone(), shared], AllCompleted)
            .done
            .len(),
        3
    );
}

#[test]
fn w10_futures_of_different_executors_mix() {
    let _watch = watch();
    let pools: Vec<_> = (1..=3)
        .map(|workers| ThreadPool::new(workers).unwrap())
        .collect();
    for when in [AllCompleted, FirstError] {
        for _ in 0..50 {
            let (promise, by_hand) = pair();
            let mut all: Vec<_> = pools.iter().map(|pool| pool.spawn(|| 1)).collect();
            all.push(by_hand);
            let pool = &pools[0];
            let waited = waiting(
                || wait(all, when),
                || {
                    pool.spawn(move || promise.complete(1).unwrap());
                },
            );
            assert_eq!(
                waited
                    .done
                    .into_iter()
                    .map(|future| future.result().unwrap())
                    .sum::<u32>(),
                4
            );
        }
    }
}

#[test]
fn w11_a_cancelled_future_is_done_at_once() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    let held = hold(&pool);
    let (_kept, never) = pair();
    let queued = pool.spawn(|| 1);
    assert!(queued.cancel());
    // Its worker has not reached it yet, and need not.
    let waited = wait([(0, never), (1, queued)], FirstCompleted);
    assert_eq!(keys(&waited), (vec![1], vec![0]));
    drop(held);
}

#[test]
fn w13_nothing_to_wait_for_returns_at_once() {
    let _watch = watch();
    for when in [AllCompleted, FirstCompleted, FirstError] {
        let waited = wait(Vec::<Future<u32>>::new(), when);
        assert_eq!(
            (waited.done.len(), waited.not_done.len(), waited.timed_out),
            (0, 0, false)
        );
        let waited = wait_timeout(Vec::<Future<u32>>::new(), when, Duration::ZERO);
        assert_eq!(
            (waited.done.len(), waited.not_done.len(), waited.timed_out),
            (0, 0, false)
        );
    }
}

#[test]
fn w14_no_lost_wake_up_when_many_finish_together() {
    let _watch = watch();
    let pools = [ThreadPool::new(3).unwrap(), ThreadPool::new(2).unwrap()];
    for round in 0..200 {
        let gate = Gate::default();
        let mut promises = Vec::new();
        let mut all: Vec<Future<u32>> = Vec::new();
        for n in 0..90 {
            all.push(pools[n % 2].spawn(|| 1));
        }
        for _ in 0..10 {
            let (promise, future) = pair();
            promises.push(promise);
            all.push(future);
        }
        let go = Arc::new(Barrier::new(2));
        let start = Arc::clone(&go);
        let by_hand = std::thread::spawn(move || {
            start.wait();
            promises
                .into_iter()
                .for_each(|promise| promise.complete(1).unwrap());
        });
        go.wait();
        let waited = match round % 3 {
            0 => wait(all, AllCompleted),
            1 => wait(all, FirstError),
            _ => wait_timeout(all, AllCompleted, Duration::from_secs(100_000)),
        };
        assert_eq!((waited.done.len(), waited.timed_out), (100, false));
        by_hand.join().unwrap();
        gate.open();
    }
}

#[test]
fn w15_both_lists_keep_the_order_in_which_they_were_given() {
    let _watch = watch();
    let pool = ThreadPool::new(3).unwrap();
    let (_kept, never): (Vec<_>, Vec<_>) = (0..50).map(|_| pair()).unzip();
    let mut never = never.into_iter();
    let all: Vec<_> = (0..100)
        .map(|n| {
            (
                n,
                if n % 2 == 0 {
                    pool.spawn(move || n)
                } else {
                    never.next().unwrap()
                },
            )
        })
        .collect();
    until(|| all.iter().step_by(2).all(|(_, future)| future.is_done()));
    let waited = wait_timeout(all, AllCompleted, Duration::ZERO);
    let even = (0..100).step_by(2).collect::<Vec<_>>();
    let odd = (1..100).step_by(2).collect::<Vec<_>>();
    assert_eq!(keys(&waited), (even, odd));
}

#[test]
fn w16_waiting_again_and_again_for_the_rest_works_over_thousands() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    let mut left = pool.spawn_many((0..3000).map(|n| move || n));
    let mut sum = 0;
    while !left.is_empty() {
        let waited = wait(left, FirstCompleted);
        assert!(!waited.done.is_empty());
        sum += waited
            .done
            .into_iter()
            .map(|future| future.result().unwrap())
            .sum::<u32>();
        left = waited.not_done;
    }
    assert_eq!(sum, 2999 * 3000 / 2);
}

#[test]
fn w16_many_threads_may_wait_for_the_same_futures() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    for _ in 0..50 {
        let gate = Gate::default();
        let futures: Vec<_> = (0..10)
            .map(|n| {
                let at = gate.clone();
                pool.spawn(move || {
                    at.wait();
                    n
                })
            })
            .collect();
        std::thread::scope(|s| {
            let waiters: Vec<_> = [AllCompleted, FirstCompleted, FirstError, AllCompleted]
                .into_iter()
                .map(|when| {
                    let all = &futures;
                    s.spawn(move || wait(all, when).done.len())
                })
                .collect();
            gate.open();
            for waiter in waiters {
                assert!(waiter.join().unwrap() >= 1);
            }
        });
        let error = futures.into_iter().find_map(|future| future.result().err());
        assert!(!matches!(error, Some(TaskError::Cancelled)));
    }
}
