//! S8: scopes, joins and slices borrow from the stack of their caller, and return when everything
//! in them is over.

use super::common::{Drops, Gate, hold, watch};
use raddle::thread::current_worker;
use raddle::{Rejected, ReturnWhen, Shutdown, TaskError, ThreadPool, as_completed, promise, wait};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};

fn message(panic: Result<impl Sized, Box<dyn std::any::Any + Send>>) -> String {
    let payload = panic.err().expect("a panic");
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string))
        .expect("a text")
}

/// Runs it outside of the pool, and inside.
fn both_ways(pool: &ThreadPool, test: impl Fn() + Sync) {
    assert!(current_worker().is_none());
    test();
    pool.scope(|s| {
        s.spawn(|| {
            assert!(current_worker().is_some());
            test()
        })
        .result()
        .unwrap();
    });
}

/// Runs the closure when it is dropped.
fn scopeguard<F: FnMut()>(f: F) -> impl Drop {
    struct Guard<F: FnMut()>(F);
    impl<F: FnMut()> Drop for Guard<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    Guard(f)
}

#[test]
fn s08_a_scope_borrows_and_returns_when_all_is_over() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    both_ways(&pool, || {
        let mut squares = vec![0; 100];
        let factor = 3;
        let sum = pool.scope(|s| {
            for (n, square) in squares.iter_mut().enumerate() {
                s.spawn(move || *square = n * n * factor);
            }
            let borrowed = s.spawn(|| factor + 1);
            borrowed.result().unwrap()
        });
        assert_eq!(sum, 4);
        assert!(
            squares
                .iter()
                .enumerate()
                .all(|(n, square)| *square == n * n * 3)
        );
    });
}

#[test]
fn s08_tasks_of_a_scope_spawn_into_it_and_open_scopes_of_their_own() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    both_ways(&pool, || {
        let count = AtomicUsize::new(0);
        pool.scope(|s| {
            for _ in 0..10 {
                s.spawn(|| {
                    count.fetch_add(1, SeqCst);
                    s.spawn(|| count.fetch_add(1, SeqCst));
                    let here = AtomicUsize::new(0);
                    pool.scope(|inner| {
                        for _ in 0..10 {
                            inner.spawn(|| here.fetch_add(1, SeqCst));
                        }
                    });
                    assert_eq!(here.load(SeqCst), 10);
                });
            }
        });
        assert_eq!(count.load(SeqCst), 20);
    });
}

#[test]
fn s08_futures_of_a_scope_are_futures() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    let words = ["warp".to_owned(), "weft".to_owned(), "thread".to_owned()];
    pool.scope(|s| {
        let lengths: Vec<_> = words
            .iter()
            .map(|word| s.spawn(move || word.len()))
            .collect();
        let waited = wait(lengths, ReturnWhen::AllCompleted);
        let sum: usize = waited
            .done
            .into_iter()
            .map(|length| length.result().unwrap())
            .sum();
        assert_eq!(sum, 14);
        let keyed = words.iter().map(|word| (word, s.spawn(move || &word[1..])));
        for (word, rest) in as_completed(keyed) {
            assert_eq!(rest.result().unwrap(), &word[1..]);
        }
    });
}

#[test]
fn s08_a_panic_in_a_scope_goes_on_after_all_tasks_are_over() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    both_ways(&pool, || {
        let over = AtomicUsize::new(0);
        let caught = catch_unwind(AssertUnwindSafe(|| {
            pool.scope(|s| {
                for n in 0..20 {
                    let over = &over;
                    s.spawn(move || {
                        let _counts = scopeguard(|| {
                            over.fetch_add(1, SeqCst);
                        });
                        assert!(n != 7, "row {n} is broken");
                    });
                }
            });
        }));
        assert_eq!(over.load(SeqCst), 20);
        assert!(message(caught).contains("row 7 is broken"));
        // The body's own panic waits as well.
        let over = AtomicUsize::new(0);
        let caught = catch_unwind(AssertUnwindSafe(|| {
            pool.scope(|s| {
                (0..20).for_each(|_| drop(s.spawn(|| over.fetch_add(1, SeqCst))));
                panic!("the body");
            })
        }));
        assert_eq!(over.load(SeqCst), 20);
        assert_eq!(message(caught), "the body");
    });
}

#[test]
fn s08_a_scope_that_waits_for_its_panic_sees_it_in_the_future_too() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        pool.scope(|s| {
            let failed = s.spawn(|| panic!("seen"));
            assert!(matches!(failed.result(), Err(TaskError::Panicked(report)) if report.message() == "seen"));
        });
    }));
    assert!(message(caught).contains("seen"));
}

#[test]
fn s08_cancelled_tasks_of_a_scope_are_over() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    let drops = Drops::default();
    pool.scope(|s| {
        let held = hold(&pool);
        for _ in 0..10 {
            let item = drops.item();
            let task = s.spawn(move || drop(item));
            assert!(task.cancel());
        }
        assert_eq!(drops.count(), 10);
        held.release();
    });
}

#[test]
fn s08_a_scope_in_a_closed_pool_refuses() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    pool.shutdown(Shutdown::Drain).unwrap();
    let refused = pool.scope(|s| s.spawn(|| 1).result());
    assert!(matches!(
        refused,
        Err(TaskError::Rejected(Rejected::ShutDown { .. }))
    ));
}

#[test]
fn s08_shutdown_in_the_middle_of_a_scope_ends_it() {
    let _watch = watch();
    for how in [Shutdown::Drain, Shutdown::CancelPending] {
        let pool = ThreadPool::new(2).unwrap();
        let ran = AtomicUsize::new(0);
        pool.scope(|s| {
            let held = hold(&pool);
            let tasks: Vec<_> = (0..20)
                .map(|_| s.spawn(|| ran.fetch_add(1, SeqCst)))
                .collect();
            pool.close(how);
            held.release();
            let done = tasks.into_iter().filter(|task| {
                task.wait();
                !task.is_cancelled()
            });
            assert_eq!(done.count(), if how == Shutdown::Drain { 20 } else { 0 });
        });
        assert_eq!(
            ran.load(SeqCst),
            if how == Shutdown::Drain { 20 } else { 0 }
        );
    }
}

#[test]
fn s08_join_runs_both_halves_once() {
    let _watch = watch();
    fn sum(pool: &ThreadPool, numbers: &[u64]) -> u64 {
        if let [number] = numbers {
            return *number;
        }
        let (left, right) = numbers.split_at(numbers.len() / 2);
        let (left, right) = pool.join(|| sum(pool, left), || sum(pool, right));
        left + right
    }
    let numbers: Vec<u64> = (1..=5000).collect();
    for workers in 1..=3 {
        let pool = ThreadPool::new(workers).unwrap();
        both_ways(&pool, || {
            for _ in 0..20 {
                assert_eq!(sum(&pool, &numbers), 12_502_500);
            }
            let mut out = [String::new(), String::new()];
            let [left, right] = &mut out;
            pool.join(|| left.push_str("warp"), || right.push_str("weft"));
            assert_eq!(out, ["warp", "weft"]);
        });
    }
}

#[test]
fn s08_join_nests_deeply() {
    let _watch = watch();
    fn deep(pool: &ThreadPool, depth: usize) -> usize {
        if depth == 0 {
            return 0;
        }
        let (left, right) = pool.join(|| deep(pool, depth - 1), || 1);
        left + right
    }
    let pool = ThreadPool::builder()
        .workers(2)
        .stack_size(16 << 20)
        .build()
        .unwrap();
    // Inside of a task, where the stack is the pool's: a caller from outside takes part on its own.
    let pool = Arc::new(pool);
    let inside = Arc::clone(&pool);
    let reached = pool.spawn(move || deep(&inside, 3000));
    assert_eq!(reached.result().unwrap(), 3000);
}

#[test]
fn s08_join_mixes_with_tasks_and_waits() {
    let _watch = watch();
    fn fib(pool: &ThreadPool, n: u64) -> u64 {
        if n < 2 {
            return n;
        }
        let (left, right) = pool.join(
            || fib(pool, n - 1),
            || pool.scope(|s| s.spawn(|| fib(pool, n - 2)).result().unwrap()),
        );
        left + right
    }
    for workers in 1..=3 {
        let pool = ThreadPool::new(workers).unwrap();
        both_ways(&pool, || assert_eq!(fib(&pool, 12), 144));
    }
}

#[test]
fn s08_a_panic_in_either_half_of_a_join_goes_on_after_both_are_over() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    both_ways(&pool, || {
        for _ in 0..50 {
            let drops = Drops::default();
            let (left, right) = (drops.item(), drops.item());
            let caught = catch_unwind(AssertUnwindSafe(|| {
                pool.join(
                    move || {
                        let _left = left;
                        panic!("left")
                    },
                    move || drop(right),
                )
            }));
            assert_eq!(message(caught), "left");
            assert_eq!(drops.count(), 2);
            let caught = catch_unwind(AssertUnwindSafe(|| {
                pool.join(|| 1, || -> i32 { panic!("right") })
            }));
            assert_eq!(message(caught), "right");
            let caught = catch_unwind(AssertUnwindSafe(|| {
                pool.join(|| -> i32 { panic!("left") }, || -> i32 { panic!("right") })
            }));
            assert_eq!(message(caught), "left");
        }
        // The pool is as good as before.
        assert_eq!(pool.join(|| 1, || 2), (1, 2));
    });
}

#[test]
fn s08_a_panic_deep_in_a_tree_of_joins_comes_up_alone() {
    let _watch = watch();
    fn tree(pool: &ThreadPool, low: u32, high: u32) {
        if high - low == 1 {
            assert!(low != 77, "leaf {low}");
            return;
        }
        let middle = low.midpoint(high);
        pool.join(|| tree(pool, low, middle), || tree(pool, middle, high));
    }
    let pool = ThreadPool::new(3).unwrap();
    for _ in 0..100 {
        let caught = catch_unwind(AssertUnwindSafe(|| tree(&pool, 0, 128)));
        assert_eq!(message(caught), "leaf 77");
    }
}

#[test]
fn s08_join_in_a_pool_that_is_shut_down_runs_on_the_caller() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    pool.shutdown(Shutdown::Drain).unwrap();
    let here = || std::thread::current().id();
    assert_eq!(pool.join(here, here), (here(), here()));
    assert_eq!(
        pool.map_slice(&[1, 2], |n| (n + 1, here())),
        [(2, here()), (3, here())]
    );
}

#[test]
fn s08_a_caller_from_outside_takes_part_and_needs_no_worker() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    let held = hold(&pool);
    let here = || (std::thread::current().id(), current_worker());
    assert_eq!(pool.join(here, here), (here(), here()));
    assert_eq!(pool.map_slice(&[1, 2], |_| here()), [here(), here()]);
    held.release();
}

#[test]
fn s08_a_caller_from_outside_may_end_the_pool_in_its_join() {
    let _watch = watch();
    for how in [Shutdown::Drain, Shutdown::CancelPending] {
        let pool = ThreadPool::new(2).unwrap();
        let before = pool.spawn(|| 1);
        before.wait();
        let (ended, second) = pool.join(|| pool.shutdown(how), || pool.join(|| 1, || 2));
        assert_eq!((ended, second), (Ok(()), (1, 2)));
        assert_eq!(pool.join(|| 1, || 2), (1, 2));
    }
}

#[test]
fn s08_joins_of_many_callers_and_of_two_pools_nest() {
    let _watch = watch();
    fn sum(pools: &[ThreadPool], low: u64, high: u64) -> u64 {
        if high - low == 1 {
            return low;
        }
        let middle = low.midpoint(high);
        let pool = &pools[(high - low) as usize % pools.len()];
        let (left, right) = pool.join(|| sum(pools, low, middle), || sum(pools, middle, high));
        left + right
    }
    let pools = [1, 2].map(|workers| ThreadPool::new(workers).unwrap());
    std::thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| {
                both_ways(&pools[0], || {
                    for _ in 0..20 {
                        assert_eq!(sum(&pools, 0, 1001), 500_500);
                    }
                });
            });
        }
    });
}

#[test]
fn s08_both_halves_of_a_long_join_run_at_once() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    // The halves need each other: the other worker must come for the second one. It is let go
    // where a join looks around, so the first half keeps joining.
    both_ways(&pool, || {
        let both = Barrier::new(2);
        let gate = Gate::default();
        let met = AtomicUsize::new(0);
        pool.join(
            || {
                while met.load(SeqCst) == 0 {
                    pool.join(|| (), || ());
                }
                both.wait();
                gate.open();
            },
            || {
                met.store(1, SeqCst);
                both.wait();
                gate.wait();
            },
        );
    });
}

#[test]
fn s08_a_join_of_a_worker_whose_place_was_taken_finds_helpers() {
    let _watch = watch();
    let pool = Arc::new(ThreadPool::new(2).unwrap());
    for _ in 0..50 {
        let (give, awaited) = promise::<()>();
        let (left, second) = (Gate::default(), Gate::default());
        let (inside, leave, met) = (Arc::clone(&pool), left.clone(), second.clone());
        let displaced = pool.spawn(move || {
            awaited.result().unwrap();
            let first = || {
                leave.open();
                met.wait();
            };
            inside.join(first, || met.open());
        });
        // The other worker runs one, a spare the other, and they keep both places until the join has begun.
        let (met, at) = (Arc::new(Barrier::new(2)), left.clone());
        let other = Arc::clone(&met);
        let beside = pool.spawn(move || {
            other.wait();
            at.wait();
        });
        let keeper = pool.spawn(move || {
            met.wait();
            give.complete(()).unwrap();
            left.wait();
        });
        for task in [displaced, beside, keeper] {
            task.result().unwrap();
        }
    }
}

#[test]
fn s08_a_slow_item_holds_up_no_other() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    both_ways(&pool, || {
        for slow in [0, 50, 99] {
            let items: Vec<usize> = (0..100).collect();
            let others = AtomicUsize::new(0);
            let gate = Gate::default();
            let results = pool.map_slice(&items, |&n| {
                if n == slow {
                    gate.wait();
                } else if others.fetch_add(1, SeqCst) == 98 {
                    gate.open();
                }
                n
            });
            assert_eq!(results, items);
        }
    });
}

#[test]
fn s08_map_slice_keeps_the_order() {
    let _watch = watch();
    for workers in 1..=3 {
        let pool = ThreadPool::new(workers).unwrap();
        both_ways(&pool, || {
            for len in [0, 1, 2, 3, 511, 512, 513, 10_000] {
                let items: Vec<u64> = (0..len).collect();
                let offset = 5;
                let texts = pool.map_slice(&items, |n| (n + offset).to_string());
                assert!(
                    texts
                        .iter()
                        .zip(&items)
                        .all(|(text, n)| *text == (n + 5).to_string())
                );
                assert_eq!(texts.len(), items.len());
            }
            assert_eq!(pool.map_slice(&[(); 3], |()| ()).len(), 3);
            assert_eq!(
                pool.map_slice(&[] as &[u8], |_| -> u8 { unreachable!() }),
                []
            );
        });
    }
}

#[test]
fn s08_a_panic_in_map_slice_drops_every_result_once() {
    let _watch = watch();
    let pool = ThreadPool::new(3).unwrap();
    let items: Vec<usize> = (0..3000).collect();
    both_ways(&pool, || {
        for bad in [0, 1, 1500, 2998, 2999] {
            let (drops, made) = (Drops::default(), AtomicUsize::new(0));
            let caught = catch_unwind(AssertUnwindSafe(|| {
                pool.map_slice(&items, |&n| {
                    assert!(n != bad, "item {n}");
                    made.fetch_add(1, SeqCst);
                    drops.item()
                })
            }));
            assert_eq!(message(caught), format!("item {bad}"));
            assert_eq!(drops.count(), made.load(SeqCst));
        }
        let drops = Drops::default();
        drop(pool.map_slice(&items, |_| drops.item()));
        assert_eq!(drops.count(), items.len());
    });
}

#[test]
fn s08_a_scope_in_a_done_callback_works() {
    let _watch = watch();
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let (inside, sum) = (Arc::clone(&pool), Arc::new(AtomicUsize::new(0)));
    let (gate, at) = (Gate::default(), Gate::default());
    let hold = gate.clone();
    let task = pool.spawn(move || hold.wait());
    let (total, done) = (Arc::clone(&sum), at.clone());
    task.add_done_callback(move |_| {
        inside.scope(|s| {
            (1..=4).for_each(|n| {
                drop({
                    let total = &total;
                    s.spawn(move || total.fetch_add(n, SeqCst))
                })
            })
        });
        done.open();
    });
    gate.open();
    at.wait();
    assert_eq!(sum.load(SeqCst), 10);
}
