//! Rows M for `map`, `try_map` and `map_unordered` of a thread pool, whose task may own things.

use crate::common::{Drops, Gate, hold, until, watch};
use raddle::{Executor, Rejected, Shutdown, TaskError, ThreadPool};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};

fn pool(workers: usize) -> ThreadPool {
    ThreadPool::new(workers).unwrap()
}

/// What no process could be sent: not `Copy`, no serde, not `Sync`.
struct Token(Cell<u64>);

#[test]
fn m01_a_task_may_own_what_it_needs() {
    let _watch = watch();
    let pool = pool(2);
    let names = BTreeMap::from([(1, String::from("warp")), (2, String::from("weft"))]);
    let found: Vec<_> = pool
        .map(move |n: u32| names.get(&n).cloned(), 0..4)
        .map(Result::unwrap)
        .collect();
    let expected = [None, Some("warp"), Some("weft"), None];
    assert!(found.iter().map(Option::as_deref).eq(expected));
}

#[test]
fn m01_items_and_results_need_no_serde_and_outcomes_come_in_input_order() {
    let _watch = watch();
    let pool = pool(2);
    let tokens = (0..1000).map(|n| Token(Cell::new(n)));
    let doubled = pool.map(
        |token: Token| Box::new(Token(Cell::new(token.0.get() * 2))),
        tokens,
    );
    let doubled = doubled.map(|token| token.unwrap().0.get());
    assert!(doubled.eq((0..1000).map(|n| n * 2)));

    let functions = pool.map(|n: u32| move |m: u32| n * m, 1..=3);
    let products: Vec<u32> = functions.map(|times| times.unwrap()(10)).collect();
    assert_eq!(products, [10, 20, 30]);
}

#[test]
fn m03_an_error_comes_at_its_own_place_and_keeps_its_type() {
    let _watch = watch();
    let pool = pool(2);
    let radix = Arc::new(10);
    let parse = move |text: &str| u32::from_str_radix(text, *radix);
    let outcomes: Vec<_> = pool.try_map(parse, ["1", "x", "3"]).collect();
    assert!(matches!(outcomes[0], Ok(1)));
    assert!(
        matches!(&outcomes[1], Err(TaskError::Failed(why)) if why.is::<std::num::ParseIntError>())
    );
    assert!(matches!(outcomes[2], Ok(3)));
}

#[test]
fn m10_dropping_the_iterator_cancels_what_has_not_started_and_frees_the_task() {
    let _watch = watch();
    let pool = pool(1);
    let drops = Drops::default();
    let (kept, ran, gate) = (drops.item(), Arc::new(AtomicUsize::new(0)), Gate::default());
    let (counted, at) = (Arc::clone(&ran), gate.clone());
    let task = move |n: usize| {
        let _kept = &kept;
        if n > 0 {
            counted.fetch_add(1, SeqCst);
            at.wait();
        }
    };
    let mut outcomes = pool.map(task, 0..).chunk(1);
    outcomes.next().unwrap().unwrap();
    until(|| ran.load(SeqCst) == 1);
    drop(outcomes);
    assert_eq!(drops.count(), 0, "one item still runs");
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!((ran.load(SeqCst), drops.count()), (1, 1));
}

#[test]
fn m10_detach_lets_what_was_submitted_run() {
    let _watch = watch();
    let pool = pool(1);
    let (tell, told) = mpsc::channel();
    let mut outcomes = pool
        .map(move |n: u32| tell.send(n).unwrap(), 0..10)
        .chunk(1);
    outcomes.next().unwrap().unwrap();
    outcomes.detach();
    // The task is gone, and with it the channel's end, when all that was submitted has run.
    let heard: Vec<u32> = told.iter().collect();
    let count = heard.len() as u32;
    assert!(count > 1 && heard.into_iter().eq(0..count));
}

#[test]
fn m11_an_iterator_that_was_never_advanced_submits_nothing() {
    let _watch = watch();
    let pool = pool(1);
    let drops = Drops::default();
    let kept = drops.item();
    let outcomes = pool.map_unordered(
        move |_: u32| {
            let _kept = &kept;
        },
        0..10,
    );
    drop(outcomes);
    assert_eq!((drops.count(), pool.stats().done()), (1, 0));
}

#[test]
fn m13_the_buffer_is_exact() {
    let _watch = watch();
    let pool = pool(2);
    let taken = Cell::new(0);
    let input = (0_u32..).inspect(|_| taken.set(taken.get() + 1));
    let step = Arc::new(1);
    let mut outcomes = pool.map(move |n| n + *step, input).buffer(3);
    for n in 1..50 {
        assert_eq!(outcomes.next().unwrap().unwrap(), n);
        assert!(taken.get() <= n + 3);
    }
}

#[test]
fn m18_after_a_shutdown_one_refusal_comes_then_nothing() {
    let _watch = watch();
    let pool = pool(1);
    pool.shutdown(Shutdown::Drain).unwrap();
    let text = String::from("never read");
    let mut outcomes = pool.map(move |n: usize| text.len() + n, 0..);
    assert!(matches!(
        outcomes.next(),
        Some(Err(TaskError::Rejected(Rejected::ShutDown { .. })))
    ));
    assert!(outcomes.next().is_none());
}

#[test]
fn m22_errors_inside_a_chunk_cost_no_neighbour() {
    let _watch = watch();
    let pool = pool(1);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let task = move |n: u32| {
        log.lock().unwrap().push(n);
        if n == 1 {
            // Outside of the lock: a poisoned one would cost the neighbours.
            panic!("m22");
        }
        n
    };
    let outcomes: Vec<_> = pool.map(task, 0..3).chunk(3).collect();
    assert!(matches!(
        &outcomes[..],
        [Ok(0), Err(TaskError::Panicked(_)), Ok(2)]
    ));
    assert_eq!(*seen.lock().unwrap(), [0, 1, 2]);
}

#[test]
fn m25_unordered_outcomes_carry_their_index() {
    let _watch = watch();
    let pool = pool(2);
    let words = ["warp", "weft", "shuttle"].map(String::from);
    let lengths = Arc::new(words.clone().map(|word| word.len()));
    let mut seen = [false; 3];
    let table = Arc::clone(&lengths);
    for (index, same) in pool.map_unordered(move |word: String| table.contains(&word.len()), words)
    {
        assert!(same.unwrap() && !std::mem::replace(&mut seen[index], true));
    }
    assert_eq!(seen, [true; 3]);
}

#[test]
fn m12_a_busy_pool_gets_no_more_than_the_look_ahead() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let taken = Cell::new(0);
    let input = (0_u32..).inspect(|_| taken.set(taken.get() + 1));
    let nothing = String::new();
    let limit = std::time::Duration::from_millis(1);
    let mut outcomes = pool
        .map(move |n| n + nothing.len() as u32, input)
        .timeout(limit);
    assert!(matches!(outcomes.next(), Some(Err(TaskError::TimedOut))));
    drop(outcomes);
    assert!(taken.get() < 10, "some chunks of one item");
    busy.let_go();
}

/// Code that is generic over executors goes on as it did, with the trait's own `map`.
#[test]
fn e10_generic_code_maps_through_the_trait() {
    fn sum<E: Executor>(executor: &E) -> u64 {
        executor.map(|n: u64| n, 0..10).map(Result::unwrap).sum()
    }
    let _watch = watch();
    assert_eq!(sum(&pool(2)), 45);
}
