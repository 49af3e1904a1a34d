//! Rows M: `map`, `try_map` and `map_unordered`.

use crate::common::{
    Files, Kind, hold_only, is_shut_down, note, notes, open, reports, until, wait_until_open, watch,
};
use crate::kinds::for_every_executor;
use crate::tasks::noted;
use raddle::{Executor, Rejected, Shutdown, TaskError, ThreadPool};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

for_every_executor! {
    m01_outcomes_come_in_input_order
    m01_order_holds_when_tasks_finish_the_other_way_round
    m03_an_error_comes_at_its_own_place
    m04_the_iteration_goes_on_after_errors_and_panics
    m05_an_exhausted_iterator_stays_exhausted
    m06_the_time_limit_covers_the_whole_iteration
    m06_a_time_limit_that_is_not_reached_changes_nothing
    m07_at_the_limit_one_item_comes_then_nothing
    m09_at_the_limit_every_item_that_has_not_started_is_cancelled
    m09_a_running_item_is_asked_to_stop_at_the_limit
    m10_dropping_the_iterator_cancels_what_has_not_started
    m10_a_running_item_is_asked_to_stop_on_drop
    m10_detach_lets_what_was_submitted_run
    m11_an_iterator_that_was_never_advanced_submits_nothing
    m12_the_look_ahead_is_bounded_by_default
    m13_the_buffer_is_exact
    m13_the_buffer_holds_for_chunks_and_for_unordered_ones
    m14_zipped_inputs_with_a_buffer
    m15_endless_inputs
    m16_empty_inputs
    m17_zero_is_an_error
    m18_after_a_shutdown_what_was_submitted_comes_then_one_refusal
    m18_a_map_of_a_closed_executor_is_one_refusal
    m18_items_cancelled_by_a_shutdown_say_so
    m18_unordered_ones_keep_their_time_limit_after_a_shutdown
    m19_chunks_of_any_length_give_the_same_outcomes
    m19_automatic_chunks_keep_order_and_count_for_uneven_items
    m19_a_chunk_reports_where_an_item_panicked
    m20_a_chunk_longer_than_the_input
    m21_a_chunk_is_one_hand_over
    m22_errors_inside_a_chunk_cost_no_neighbour
    m24_the_input_is_read_by_the_thread_that_takes_the_results
    m25_unordered_outcomes_carry_their_index
    m25_a_slow_item_does_not_hold_unordered_ones_back
}

type Outcome<R> = Result<R, TaskError>;

fn values<R>(outcomes: impl Iterator<Item = Outcome<R>>) -> Vec<R> {
    outcomes.map(Result::unwrap).collect()
}

/// Counts what is pulled out of an input.
fn counted<'a>(
    taken: &'a Cell<usize>,
    input: impl Iterator<Item = u64> + 'a,
) -> impl Iterator<Item = u64> + 'a {
    input.inspect(|_| taken.set(taken.get() + 1))
}

fn m01_outcomes_come_in_input_order<K: Kind>() {
    let executor = K::make(2);
    let squares = values(executor.map(|n: u64| n * n, 0..1000));
    assert!(squares.into_iter().eq((0..1000).map(|n| n * n)));
    let words = ["warp", "weft", ""].map(String::from);
    let lengths = values(executor.map(|word: String| word.len(), words));
    assert_eq!(lengths, [4, 4, 0]);
}

fn m01_order_holds_when_tasks_finish_the_other_way_round<K: Kind>() {
    let executor = K::make(2);
    let files = Files::new();
    // The first waits for the second.
    let task = |(n, gate): (u32, PathBuf)| {
        if n == 0 {
            wait_until_open(&gate);
        } else {
            open(&gate);
        }
        n
    };
    let args = [0, 1].map(|n| (n, files.path("gate")));
    assert_eq!(values(executor.map(task, args).chunk(1)), [0, 1]);
}

fn m25_unordered_outcomes_carry_their_index<K: Kind>() {
    let executor = K::make(2);
    let mut seen = BTreeSet::new();
    for (index, outcome) in executor.map_unordered(|n: usize| n * 3, 100..1100) {
        assert_eq!(outcome.unwrap(), (index + 100) * 3);
        assert!(seen.insert(index), "{index} came twice");
    }
    assert!(seen.into_iter().eq(0..1000));
}

fn m25_a_slow_item_does_not_hold_unordered_ones_back<K: Kind>() {
    let executor = K::make(2);
    let files = Files::new();
    let gate = files.path("gate");
    let task = |(n, gate): (usize, PathBuf)| {
        if n == 0 {
            wait_until_open(&gate);
        }
        n
    };
    let args = (0..20).map(|n| (n, gate.clone()));
    let mut outcomes = executor.map_unordered(task, args).chunk(1);
    let first: BTreeSet<_> = (0..19).map(|_| outcomes.next().unwrap().0).collect();
    assert!(first.into_iter().eq(1..20));
    open(&gate);
    let (index, last) = outcomes.next().unwrap();
    assert_eq!((index, last.unwrap()), (0, 0));
    assert!(outcomes.next().is_none());
}

fn divided(by: i64) -> i64 {
    assert!(by != 0, "divided by zero");
    12 / by
}

fn m03_an_error_comes_at_its_own_place<K: Kind>() {
    let executor = K::make(2);
    let mut outcomes = executor.map(divided, [3, 0, 4]);
    assert_eq!(outcomes.next().unwrap().unwrap(), 4);
    let Some(Err(TaskError::Panicked(report))) = outcomes.next() else {
        panic!("the second divides by zero")
    };
    assert_eq!(report.message(), "divided by zero");
    assert_eq!(outcomes.next().unwrap().unwrap(), 3);
    assert!(outcomes.next().is_none());
}

fn m04_the_iteration_goes_on_after_errors_and_panics<K: Kind>() {
    let executor = K::make(2);
    let odd = |n: u32| {
        if n % 2 == 1 {
            Ok(n)
        } else {
            Err(format!("{n} is even"))
        }
    };
    for (n, outcome) in (0..300).zip(executor.try_map(odd, 0..300)) {
        match outcome {
            Ok(value) => assert_eq!((value, n % 2), (n, 1)),
            Err(TaskError::Failed(why)) => assert_eq!(why.to_string(), format!("{n} is even")),
            Err(other) => panic!("{other}"),
        }
    }
    let outcomes = executor.map(|n: i64| divided(n % 7), 0..300);
    let fine: Vec<bool> = outcomes.map(|one| one.is_ok()).collect();
    assert!(fine.into_iter().eq((0..300).map(|n| n % 7 != 0)));
    let outcomes = executor.map_unordered(|n: i64| divided(n % 7), 0..300);
    let mut count = 0;
    for (index, outcome) in outcomes {
        assert_eq!(outcome.is_ok(), index % 7 != 0);
        count += 1;
    }
    assert_eq!(count, 300);
}

fn m05_an_exhausted_iterator_stays_exhausted<K: Kind>() {
    fn fused<I: std::iter::FusedIterator>(mut iterator: I) {
        while iterator.next().is_some() {}
        assert!((0..3).all(|_| iterator.next().is_none()));
    }
    let executor = K::make(1);
    fused(executor.map(|n: u8| n, [1, 2]));
    fused(executor.map(|n: i64| divided(n), [0]));
    fused(executor.map_unordered(|n: u8| n, [1, 2]));
    // An input that begins again is not asked again.
    let mut calls = 0;
    let stutter = std::iter::from_fn(|| {
        calls += 1;
        (calls % 3 != 0).then_some(calls)
    });
    fused(executor.map(|n: u32| n, stutter));
    assert_eq!(calls, 3);
}

/// A map whose second item does not end by itself.
fn stuck(
    files: &Files,
) -> (
    impl Fn((u64, PathBuf)) -> u64 + Copy + Send + 'static,
    PathBuf,
) {
    let gate = files.path("gate");
    let task = |(n, gate): (u64, PathBuf)| {
        if n >= 1 {
            wait_until_open(&gate);
        }
        n
    };
    (task, gate)
}

fn m06_the_time_limit_covers_the_whole_iteration<K: Kind>() {
    let executor = K::make(1);
    let files = Files::new();
    let (task, gate) = stuck(&files);
    let limit = Duration::from_millis(20);
    let mut outcomes = executor
        .map(task, (0..2).map(|n| (n, gate.clone())))
        .chunk(1)
        .timeout(limit);
    // The time counts from the call, whatever the consumer does meanwhile.
    let over = Instant::now() + limit;
    match outcomes.next().unwrap() {
        Ok(value) => {
            assert_eq!(value, 0);
            until(|| Instant::now() >= over);
            assert!(matches!(outcomes.next(), Some(Err(TaskError::TimedOut))));
        }
        Err(error) => assert!(matches!(error, TaskError::TimedOut) && Instant::now() >= over),
    }
    assert!(outcomes.next().is_none());
    open(&gate);
}

fn m06_a_time_limit_that_is_not_reached_changes_nothing<K: Kind>() {
    let executor = K::make(2);
    for limit in [Duration::from_secs(3600), Duration::MAX] {
        let outcomes = executor.map(|n: u64| n, 0..100).timeout(limit);
        assert!(values(outcomes).into_iter().eq(0..100));
        let outcomes = executor.map_unordered(|n: u64| n, 0..100).timeout(limit);
        assert_eq!(outcomes.count(), 100);
    }
}

fn m07_at_the_limit_one_item_comes_then_nothing<K: Kind>() {
    let executor = K::make(1);
    let files = Files::new();
    let (task, gate) = stuck(&files);
    let args = || (1..100).map(|n| (n, gate.clone()));
    let limit = Duration::from_millis(2);
    let outcomes: Vec<_> = executor.map(task, args()).timeout(limit).collect();
    assert!(matches!(outcomes[..], [Err(TaskError::TimedOut)]));
    let outcomes: Vec<_> = executor
        .map_unordered(task, args())
        .timeout(limit)
        .collect();
    assert!(matches!(outcomes[..], [(0, Err(TaskError::TimedOut))]));
    let outcomes: Vec<_> = executor.map(task, args()).timeout(Duration::ZERO).collect();
    assert!(matches!(outcomes[..], [Err(TaskError::TimedOut)]));
    open(&gate);
}

fn m09_at_the_limit_every_item_that_has_not_started_is_cancelled<K: Kind>() {
    for unordered in [false, true] {
        let executor = K::make(1);
        let files = Files::new();
        let ran = files.path("ran");
        let held = hold_only(&executor);
        let args = (0..10).map(|n| (n, ran.clone()));
        // The first is being waited for: it goes too, and not only those behind it.
        let limit = Duration::from_millis(2);
        if unordered {
            let mut outcomes = executor.map_unordered(noted, args).chunk(1).timeout(limit);
            assert!(matches!(
                outcomes.next(),
                Some((0, Err(TaskError::TimedOut)))
            ));
            assert!(outcomes.next().is_none());
        } else {
            let mut outcomes = executor.map(noted, args).chunk(1).timeout(limit);
            assert!(matches!(outcomes.next(), Some(Err(TaskError::TimedOut))));
            assert!(outcomes.next().is_none());
        }
        held.let_go();
        executor.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(notes(&ran), [""; 0]);
    }
}

fn m10_dropping_the_iterator_cancels_what_has_not_started<K: Kind>() {
    for unordered in [false, true] {
        let executor = K::make(1);
        let files = Files::new();
        let (ran, gate, stuck) = (files.path("ran"), files.path("gate"), files.path("stuck"));
        let task = |(n, ran, stuck, gate): (u64, PathBuf, PathBuf, PathBuf)| {
            note(&ran, n);
            if n == 1 {
                open(&stuck);
                wait_until_open(&gate);
            }
            n
        };
        let args = (0..10).map(|n| (n, ran.clone(), stuck.clone(), gate.clone()));
        if unordered {
            let mut outcomes = executor.map_unordered(task, args).chunk(1).buffer(3);
            assert_eq!(outcomes.next().unwrap().1.unwrap(), 0);
            wait_until_open(&stuck);
            drop(outcomes);
        } else {
            let mut outcomes = executor.map(task, args).chunk(1).buffer(3);
            assert_eq!(outcomes.next().unwrap().unwrap(), 0);
            wait_until_open(&stuck);
            drop(outcomes);
        }
        open(&gate);
        executor.shutdown(Shutdown::Drain).unwrap();
        assert_eq!(notes(&ran), ["0", "1"]);
    }
}

fn m10_detach_lets_what_was_submitted_run<K: Kind>() {
    let executor = K::make(1);
    let files = Files::new();
    let path = files.path("ran");
    let args = || (0..10).map(|n| (n, path.clone()));
    let mut outcomes = executor.map(noted, args()).chunk(1).buffer(3);
    assert_eq!(outcomes.next().unwrap().unwrap(), 0);
    outcomes.detach();
    let mut outcomes = executor.map_unordered(noted, args()).chunk(1).buffer(3);
    assert_eq!(outcomes.next().unwrap().1.unwrap(), 0);
    outcomes.detach();
    executor.shutdown(Shutdown::Drain).unwrap();
    let ran = notes(&path);
    assert_eq!(ran[..3], ["0", "1", "2"]);
    assert!(ran.len() >= 6 && ran[3..6] == ["0", "1", "2"]);
}

fn m11_an_iterator_that_was_never_advanced_submits_nothing<K: Kind>() {
    let executor = K::make(1);
    let files = Files::new();
    let path = files.path("ran");
    let args = || (0..3).map(|n| (n, path.clone()));
    drop(executor.map(noted, args()));
    executor.map(noted, args()).detach();
    drop(executor.map_unordered(noted, args()));
    executor.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(notes(&path), [""; 0]);
}

fn m12_the_look_ahead_is_bounded_by_default<K: Kind>() {
    let executor = K::make(2);
    let taken = Cell::new(0);
    let mut outcomes = executor.map(|n: u64| n, counted(&taken, 0..));
    assert_eq!(taken.get(), 0, "lazy");
    assert_eq!(outcomes.next().unwrap().unwrap(), 0);
    let ahead = taken.get();
    assert!((1..100).contains(&ahead), "{ahead}");
    drop(outcomes);
    assert_eq!(taken.get(), ahead);
}

/// Checks at every pull that no more than `buffer` are taken and not yielded.
fn check_buffer(buffer: usize, run: impl FnOnce(&mut dyn Iterator<Item = u64>, &Cell<usize>)) {
    let (taken, yielded, most) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let mut input = (0..100).inspect(|_| {
        taken.set(taken.get() + 1);
        most.set(most.get().max(taken.get() - yielded.get()));
    });
    run(&mut input, &yielded);
    assert_eq!((taken.get(), yielded.get()), (100, 100));
    assert_eq!(most.get(), buffer, "never more, and no less");
}

fn m13_the_buffer_is_exact<K: Kind>() {
    let executor = K::make(2);
    for buffer in [1, 2, 3, 8] {
        check_buffer(buffer, |input, yielded| {
            for outcome in executor.map(|n: u64| n, input).chunk(1).buffer(buffer) {
                assert_eq!(outcome.unwrap(), yielded.get() as u64);
                yielded.set(yielded.get() + 1);
            }
        });
    }
    // Longer than the input, and longer than needed.
    for buffer in [1000, usize::MAX] {
        assert!(
            values(executor.map(|n: u64| n, 0..10).buffer(buffer))
                .into_iter()
                .eq(0..10)
        );
    }
}

fn m13_the_buffer_holds_for_chunks_and_for_unordered_ones<K: Kind>() {
    let executor = K::make(2);
    for (chunk, buffer) in [(1, 3), (3, 3), (3, 7), (5, 2), (usize::MAX, 4)] {
        let bounded = |buffer: usize, taken: usize, yielded: usize| {
            assert!(
                taken - yielded <= buffer,
                "{taken} taken, {yielded} yielded, {buffer}"
            );
        };
        let (taken, yielded) = (Cell::new(0), Cell::new(0));
        let input = || {
            (0..50u64).inspect(|_| {
                taken.set(taken.get() + 1);
                bounded(buffer, taken.get(), yielded.get());
            })
        };
        for outcome in executor
            .map(|n: u64| n, input())
            .chunk(chunk)
            .buffer(buffer)
        {
            assert_eq!(outcome.unwrap(), yielded.get() as u64);
            yielded.set(yielded.get() + 1);
        }
        assert_eq!((taken.get(), yielded.get()), (50, 50));
        taken.set(0);
        yielded.set(0);
        let outcomes = executor.map_unordered(|n: u64| n, input());
        for (index, outcome) in outcomes.chunk(chunk).buffer(buffer) {
            assert_eq!(outcome.unwrap(), index as u64);
            yielded.set(yielded.get() + 1);
        }
        assert_eq!((taken.get(), yielded.get()), (50, 50));
    }
}

fn m14_zipped_inputs_with_a_buffer<K: Kind>() {
    let executor = K::make(2);
    let pairs = (0..20u64).zip(100..105u64);
    let sums = values(executor.map(|(a, b): (u64, u64)| a + b, pairs).buffer(2));
    assert_eq!(
        sums,
        [100, 102, 104, 106, 108],
        "to the end of the shortest"
    );
}

fn m15_endless_inputs<K: Kind>() {
    let executor = K::make(2);
    let first = values(executor.map(|n: u64| n, 0..).take(300));
    assert!(first.into_iter().eq(0..300));
    let first = values(executor.map(|n: u64| n, 0..).chunk(7).buffer(20).take(300));
    assert!(first.into_iter().eq(0..300));
    let both = (0u64..).zip(std::iter::repeat(2u64));
    let first = values(
        executor
            .map(|(a, b): (u64, u64)| a * b, both)
            .buffer(3)
            .take(3),
    );
    assert_eq!(first, [0, 2, 4]);
    assert_eq!(
        executor.map_unordered(|n: u64| n, 0..).take(300).count(),
        300
    );
}

fn m16_empty_inputs<K: Kind>() {
    let executor = K::make(1);
    assert!(executor.map(|n: u64| n, []).next().is_none());
    assert!(
        executor
            .map(|n: u64| n, [])
            .buffer(1)
            .chunk(9)
            .next()
            .is_none()
    );
    assert!(executor.map_unordered(|n: u64| n, []).next().is_none());
    assert!(
        executor
            .map(|n: u64| n, [])
            .timeout(Duration::ZERO)
            .next()
            .is_none()
    );
}

fn m17_zero_is_an_error<K: Kind>() {
    let executor = K::make(1);
    let taken = Cell::new(0);
    let is = |error: Option<Outcome<u64>>, what: &str| match error {
        Some(Err(TaskError::Rejected(Rejected::Zero { what: it }))) => assert_eq!(it, what),
        other => panic!("{other:?}"),
    };
    let mut outcomes = executor.map(|n: u64| n, counted(&taken, 0..9)).chunk(0);
    is(outcomes.next(), "chunk");
    assert!(outcomes.next().is_none());
    let mut outcomes = executor.map(|n: u64| n, counted(&taken, 0..9)).buffer(0);
    is(outcomes.next(), "buffer");
    assert!(outcomes.next().is_none());
    let mut outcomes = executor
        .map_unordered(|n: u64| n, counted(&taken, 0..9))
        .chunk(0);
    is(outcomes.next().map(|(_, outcome)| outcome), "chunk");
    assert!(outcomes.next().is_none());
    let mut outcomes = executor
        .map_unordered(|n: u64| n, counted(&taken, 0..9))
        .buffer(0);
    is(outcomes.next().map(|(_, outcome)| outcome), "buffer");
    assert!(outcomes.next().is_none());
    assert_eq!(taken.get(), 0, "nothing was taken");
}

fn m18_after_a_shutdown_what_was_submitted_comes_then_one_refusal<K: Kind>() {
    let executor = K::make(1);
    let mut outcomes = executor.map(|n: u64| n, 0..).chunk(1).buffer(3);
    assert_eq!(outcomes.next().unwrap().unwrap(), 0);
    executor.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(outcomes.next().unwrap().unwrap(), 1);
    assert_eq!(outcomes.next().unwrap().unwrap(), 2);
    assert!(is_shut_down(&outcomes.next().unwrap()));
    assert!(outcomes.next().is_none());

    let executor = K::make(1);
    let mut outcomes = executor.map_unordered(|n: u64| n, 0..).chunk(1).buffer(3);
    let (first, _) = outcomes.next().unwrap();
    executor.shutdown(Shutdown::Drain).unwrap();
    let mut seen = BTreeSet::from([first]);
    let end = loop {
        match outcomes.next().unwrap() {
            (index, Ok(value)) => assert!(index as u64 == value && seen.insert(index)),
            end => break end,
        }
    };
    assert!(is_shut_down(&end.1));
    assert!(outcomes.next().is_none());
    assert!(seen.len() >= 3, "none that was taken in is lost");
    assert!(
        seen.into_iter().eq(0..end.0),
        "the index of the first that was refused"
    );
}

fn m18_a_map_of_a_closed_executor_is_one_refusal<K: Kind>() {
    let executor = K::make(2);
    executor.shutdown(Shutdown::Drain).unwrap();
    let outcomes: Vec<_> = executor.map(|n: u64| n, 0..).collect();
    assert!(outcomes.len() == 1 && is_shut_down(&outcomes[0]));
    let outcomes: Vec<_> = executor.map_unordered(|n: u64| n, 0..).collect();
    assert!(outcomes.len() == 1 && outcomes[0].0 == 0 && is_shut_down(&outcomes[0].1));
}

fn m18_items_cancelled_by_a_shutdown_say_so<K: Kind>() {
    let executor = K::make(1);
    let files = Files::new();
    let (stuck, gate) = (files.path("stuck"), files.path("gate"));
    let task = |(n, stuck, gate): (u64, PathBuf, PathBuf)| {
        if n == 2 {
            open(&stuck);
            wait_until_open(&gate);
        }
        n
    };
    let args = (0..).map(|n| (n, stuck.clone(), gate.clone()));
    let mut outcomes = executor.map(task, args).chunk(2).buffer(6);
    assert_eq!(outcomes.next().unwrap().unwrap(), 0);
    wait_until_open(&stuck);
    thread::scope(|s| {
        let ending = s.spawn(|| executor.shutdown(Shutdown::CancelPending));
        // Refused only once the executor is closed.
        until(|| !executor.submit(|n: u64| n, 1).is_done() || !gate.exists());
        until(|| {
            executor
                .submit(|n: u64| n, 1)
                .error()
                .is_some_and(|e| matches!(e, TaskError::Rejected(_)))
        });
        open(&gate);
        ending.join().unwrap().unwrap();
    });
    let rest: Vec<_> = outcomes.collect();
    assert!(rest[..3].iter().map(|one| *one.as_ref().unwrap()).eq(1..4));
    assert!(matches!(
        rest[3..5],
        [Err(TaskError::Cancelled), Err(TaskError::Cancelled)]
    ));
    assert!(rest.len() == 6 && is_shut_down(&rest[5]));
}

fn m18_unordered_ones_keep_their_time_limit_after_a_shutdown<K: Kind>() {
    let executor = K::make(1);
    let files = Files::new();
    let (started, gate) = (files.path("started"), files.path("gate"));
    let task = |(started, gate): (PathBuf, PathBuf)| {
        open(&started);
        wait_until_open(&gate);
    };
    // The second argument comes when the executor is closed, and is refused; the first is running.
    thread::scope(|s| {
        let args = (0..2).map(|n| {
            if n == 1 {
                wait_until_open(&started);
                s.spawn(|| executor.shutdown(Shutdown::Drain));
                let closed = || {
                    matches!(
                        executor.submit(|()| (), ()).error(),
                        Some(TaskError::Rejected(_))
                    )
                };
                until(closed);
            }
            (started.clone(), gate.clone())
        });
        let limit = Duration::from_millis(50);
        let outcomes = executor.map_unordered(task, args).chunk(1).timeout(limit);
        let outcomes: Vec<_> = outcomes.collect();
        assert!(matches!(outcomes[..], [(0, Err(TaskError::TimedOut))]));
        open(&gate);
    });
}

fn m19_chunks_of_any_length_give_the_same_outcomes<K: Kind>() {
    let executor = K::make(2);
    for chunk in [1, 2, 3, 7, 50, 51, 1000, usize::MAX] {
        let outcomes = executor.map(|n: u64| n * 2, 0..50).chunk(chunk);
        assert!(values(outcomes).into_iter().eq((0..50).map(|n| n * 2)));
        let mut outcomes: Vec<_> = executor
            .map_unordered(|n: u64| n * 2, 0..50)
            .chunk(chunk)
            .map(|(index, outcome)| (index, outcome.unwrap()))
            .collect();
        outcomes.sort_unstable();
        assert!(
            outcomes
                .into_iter()
                .eq((0..50).map(|n| (n as usize, n * 2)))
        );
    }
}

fn m09_a_running_item_is_asked_to_stop_at_the_limit<K: Kind>() {
    let executor = K::make(1);
    let endless = |_: u8| until(raddle::cancel_requested);
    let mut outcomes = executor.map(endless, [1]).timeout(Duration::from_millis(2));
    assert!(matches!(outcomes.next(), Some(Err(TaskError::TimedOut))));
    // It ends only if it is asked to.
    executor.shutdown(Shutdown::Drain).unwrap();
}

fn m10_a_running_item_is_asked_to_stop_on_drop<K: Kind>() {
    let executor = K::make(1);
    let files = Files::new();
    let task = |(n, started): (u8, PathBuf)| {
        if n == 1 {
            open(&started);
            until(raddle::cancel_requested);
        }
    };
    let started = files.path("started");
    let args = [0, 1, 2].map(|n| (n, started.clone()));
    let mut outcomes = executor.map(task, args).chunk(1);
    outcomes.next().unwrap().unwrap();
    wait_until_open(&started);
    drop(outcomes);
    executor.shutdown(Shutdown::Drain).unwrap();
}

fn m19_automatic_chunks_keep_order_and_count_for_uneven_items<K: Kind>() {
    let executor = K::make(2);
    let task = |n: u64| {
        let mut x = n;
        for _ in 0..(n % 97) * 20 {
            x = std::hint::black_box(x.rotate_left(7) ^ n);
        }
        std::hint::black_box(x);
        n
    };
    assert!(
        values(executor.map(task, 0..20_000))
            .into_iter()
            .eq(0..20_000)
    );
    let mut indices: Vec<_> = executor
        .map_unordered(task, 0..20_000)
        .map(|(index, _)| index)
        .collect();
    indices.sort_unstable();
    assert!(indices.into_iter().eq(0..20_000));
}

fn m19_a_chunk_reports_where_an_item_panicked<K: Kind>() {
    let executor = K::make(1);
    let outcome = executor.map(divided, [0]).chunk(4).next().unwrap();
    let Err(TaskError::Panicked(report)) = outcome else {
        panic!("divided by zero")
    };
    assert!(report.location().unwrap().contains("map.rs:"));
    assert!(report.worker().unwrap().ends_with("-0"));
}

fn m20_a_chunk_longer_than_the_input<K: Kind>() {
    let executor = K::make(2);
    assert_eq!(values(executor.map(|n: u64| n, 0..3).chunk(100)), [0, 1, 2]);
    let outcomes = executor.map_unordered(|n: u64| n, 0..3).chunk(usize::MAX);
    assert_eq!(outcomes.count(), 3);
    // A length of zero is m17's.
}

fn m21_a_chunk_is_one_hand_over<K: Kind>() {
    let executor = K::make(2);
    let place = |_: u64| format!("{} {:?}", std::process::id(), thread::current().id());
    let places = values(executor.map(place, 0..200).chunk(10));
    for chunk in places.chunks(10) {
        assert!(chunk.iter().all(|one| *one == chunk[0]), "{chunk:?}");
    }
}

fn m22_errors_inside_a_chunk_cost_no_neighbour<K: Kind>() {
    let executor = K::make(2);
    let task = |n: u32| match n % 5 {
        1 => panic!("{n} panics"),
        2 => Err(format!("{n} fails")),
        _ => Ok(n),
    };
    let check = |n: u32, outcome: Outcome<u32>| match outcome {
        Ok(value) => assert_eq!(value, n),
        Err(TaskError::Panicked(report)) => {
            assert_eq!((n % 5, report.message()), (1, &*format!("{n} panics")));
        }
        Err(TaskError::Failed(why)) => {
            assert_eq!((n % 5, why.to_string()), (2, format!("{n} fails")));
        }
        Err(other) => panic!("{other}"),
    };
    for chunk in [1, 4, 100] {
        let outcomes: Vec<_> = executor.try_map(task, 0..40).chunk(chunk).collect();
        assert_eq!(outcomes.len(), 40);
        (0..)
            .zip(outcomes)
            .for_each(|(n, outcome)| check(n, outcome));
    }
    let task = move |n: u32| task(n).unwrap_or_else(|why| panic!("{why}"));
    let outcomes: Vec<_> = executor.map_unordered(task, 0..40).chunk(8).collect();
    assert_eq!(outcomes.iter().filter(|(_, one)| one.is_ok()).count(), 24);
}

fn m24_the_input_is_read_by_the_thread_that_takes_the_results<K: Kind>() {
    let executor = K::make(2);
    // Such an input could not go to another thread.
    let read = Rc::new(Cell::new(0u64));
    let counter = Rc::clone(&read);
    let me = thread::current().id();
    let input = std::iter::from_fn(move || {
        assert_eq!(thread::current().id(), me);
        counter.set(counter.get() + 1);
        (counter.get() <= 50).then_some(counter.get())
    });
    assert_eq!(values(executor.map(|n: u64| n, input)).len(), 50);
    assert_eq!(read.get(), 51);
}

// --- Threads only -------------------------------------------------------------------------------

#[test]
fn m10_a_dropped_map_leaves_no_error_unobserved() {
    let _watch = watch();
    let reports = reports();
    let pool = ThreadPool::builder()
        .workers(1)
        .name("m10-quiet")
        .build()
        .unwrap();
    let mut outcomes = pool
        .map(|n: u8| assert!(n == 0, "m10-quiet item"), 0..100)
        .chunk(1);
    outcomes.next().unwrap().unwrap();
    drop(outcomes);
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(pool.map(|n: u8| n, 0..100).count(), 1);
    assert_eq!(reports.count("m10-quiet"), 0);
}

#[test]
fn m01_a_map_inside_a_worker_of_the_same_pool_ends() {
    let _watch = watch();
    for workers in [1, 2] {
        let pool = Arc::new(ThreadPool::new(workers).unwrap());
        let inner = Arc::clone(&pool);
        let sums = pool.spawn(move || {
            let ordered: u64 = values(inner.map(|n: u64| n, 0..200)).into_iter().sum();
            let exact: u64 = values(inner.map(|n: u64| n, 0..200).chunk(3).buffer(4))
                .into_iter()
                .sum();
            let outcomes = inner.map_unordered(|n: u64| n, 0..200);
            let unordered: u64 = outcomes.map(|(_, one)| one.unwrap()).sum();
            let limited = inner.map(|n: u64| n, 0..200).timeout(Duration::MAX);
            (
                ordered,
                exact,
                unordered,
                values(limited).into_iter().sum::<u64>(),
            )
        });
        assert_eq!(sums.result().unwrap(), (19_900, 19_900, 19_900, 19_900));
    }
}

#[test]
fn m07_a_limit_inside_a_worker_of_the_same_pool_holds() {
    let _watch = watch();
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let inner = Arc::clone(&pool);
    let ended = pool.spawn(move || {
        let endless = |_: u8| until(raddle::cancel_requested);
        let outcomes = inner.map(endless, 0..3).timeout(Duration::from_millis(2));
        let ordered = outcomes.collect::<Vec<_>>();
        let outcomes = inner
            .map_unordered(endless, 0..3)
            .timeout(Duration::from_millis(2));
        (ordered, outcomes.collect::<Vec<_>>())
    });
    let (ordered, unordered) = ended.result().unwrap();
    assert!(matches!(ordered[..], [Err(TaskError::TimedOut)]));
    assert!(matches!(unordered[..], [(_, Err(TaskError::TimedOut))]));
}
