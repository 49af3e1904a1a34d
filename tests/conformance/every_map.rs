//! Rows M for each kind of executor: `map`, `try_map`, `map_unordered` and `try_map_unordered`. The rest of these rows is in `map.rs`.

use crate::common::{Files, Kind, hold_only, is_shut_down, notes, open, until, wait_until_open};
use crate::kinds::for_every_executor;
use crate::tasks::{
    added, divided, doubled, held, letters, multiplied, no_third, noted, nothing, odd, of_five,
    one_is_stuck, only_zero_ends, same, square, triple, two_is_stuck, uneven, zero_waits,
    zero_waits_for_others,
};
use raddle::{Executor, Rejected, Shutdown, TaskError};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

for_every_executor! {
    m01_outcomes_come_in_input_order
    m01_order_holds_when_tasks_finish_the_other_way_round
    m25_unordered_outcomes_carry_their_index
    m25_a_slow_item_does_not_hold_unordered_ones_back
    m03_an_error_comes_at_its_own_place
    m04_the_iteration_goes_on_after_errors_and_panics
    m05_an_exhausted_iterator_stays_exhausted
    m06_the_time_limit_covers_the_whole_iteration
    m06_a_time_limit_that_is_not_reached_changes_nothing
    m07_at_the_limit_one_item_comes_then_nothing
    m09_at_the_limit_every_item_that_has_not_started_is_cancelled
    m10_dropping_the_iterator_cancels_what_has_not_started
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
    m20_a_chunk_longer_than_the_input
    m22_errors_inside_a_chunk_cost_no_neighbour
    m24_the_input_is_read_by_the_thread_that_takes_the_results
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
    let squares = values(K::map(&executor, square, 0..1000));
    assert!(squares.into_iter().eq((0..1000).map(|n| n * n)));
    let words = ["warp", "weft", ""].map(String::from);
    let lengths = values(K::map(&executor, letters, words));
    assert_eq!(lengths, [4, 4, 0]);
}

fn m01_order_holds_when_tasks_finish_the_other_way_round<K: Kind>() {
    let executor = K::make(2);
    let files = Files::new();
    let args = [0, 1].map(|n| (n, files.path("gate")));
    assert_eq!(
        values(K::map(&executor, zero_waits_for_others, args).chunk(1)),
        [0, 1]
    );
}

fn m25_unordered_outcomes_carry_their_index<K: Kind>() {
    let executor = K::make(2);
    let mut seen = BTreeSet::new();
    for (index, outcome) in K::map_unordered(&executor, triple, 100..1100) {
        assert_eq!(outcome.unwrap(), (index as u64 + 100) * 3);
        assert!(seen.insert(index), "{index} came twice");
    }
    assert!(seen.into_iter().eq(0..1000));
}

fn m25_a_slow_item_does_not_hold_unordered_ones_back<K: Kind>() {
    let executor = K::make(2);
    let files = Files::new();
    let gate = files.path("gate");
    let args = (0..20).map(|n| (n, gate.clone()));
    let mut outcomes = K::map_unordered(&executor, zero_waits, args).chunk(1);
    let first: BTreeSet<_> = (0..19).map(|_| outcomes.next().unwrap().0).collect();
    assert!(first.into_iter().eq(1..20));
    open(&gate);
    let (index, last) = outcomes.next().unwrap();
    assert_eq!((index, last.unwrap()), (0, 0));
    assert!(outcomes.next().is_none());
}

fn m03_an_error_comes_at_its_own_place<K: Kind>() {
    let executor = K::make(2);
    let mut outcomes = K::map(&executor, divided, [3, 0, 4]);
    assert_eq!(outcomes.next().unwrap().unwrap(), 4);
    let error = outcomes.next().unwrap().unwrap_err();
    let (message, location) = K::panic(&error).expect("the second divides by zero");
    assert_eq!(message, "divided by zero");
    assert!(location.contains("tasks.rs:"), "{location}");
    assert_eq!(outcomes.next().unwrap().unwrap(), 3);
    assert!(outcomes.next().is_none());
}

fn m04_the_iteration_goes_on_after_errors_and_panics<K: Kind>() {
    let executor = K::make(2);
    for (n, outcome) in (0..300).zip(K::try_map(&executor, odd, 0..300)) {
        match outcome {
            Ok(value) => assert_eq!((value, n % 2), (n, 1)),
            Err(TaskError::Failed(why)) => {
                assert!(why.to_string().ends_with(&format!("{n} is even")))
            }
            Err(other) => panic!("{other}"),
        }
    }
    for (index, outcome) in K::try_map_unordered(&executor, odd, 0..300) {
        match outcome {
            Ok(value) => assert_eq!((value, value % 2), (index as u64, 1)),
            Err(TaskError::Failed(_)) => assert_eq!(index % 2, 0),
            Err(other) => panic!("{other}"),
        }
    }
    let outcomes = K::map(&executor, divided, (0..300).map(|n| n % 7));
    let fine: Vec<bool> = outcomes.map(|one| one.is_ok()).collect();
    assert!(fine.into_iter().eq((0..300).map(|n| n % 7 != 0)));
    let outcomes = K::map_unordered(&executor, divided, (0..300).map(|n| n % 7));
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
    fused(K::map(&executor, same, [1, 2]));
    fused(K::map(&executor, divided, [0]));
    fused(K::map_unordered(&executor, same, [1, 2]));
    // An input that begins again is not asked again.
    let mut calls = 0;
    let stutter = std::iter::from_fn(|| {
        calls += 1;
        (calls % 3 != 0).then_some(calls)
    });
    fused(K::map(&executor, same, stutter));
    assert_eq!(calls, 3);
}

fn m06_the_time_limit_covers_the_whole_iteration<K: Kind>() {
    let executor = K::make(1);
    let files = Files::new();
    let gate = files.path("gate");
    let limit = Duration::from_millis(20);
    let mut outcomes = K::map(&executor, only_zero_ends, (0..2).map(|n| (n, gate.clone())))
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
        let outcomes = K::map(&executor, same, 0..100).timeout(limit);
        assert!(values(outcomes).into_iter().eq(0..100));
        let outcomes = K::map_unordered(&executor, same, 0..100).timeout(limit);
        assert_eq!(outcomes.count(), 100);
    }
}

fn m07_at_the_limit_one_item_comes_then_nothing<K: Kind>() {
    let executor = K::make(1);
    let files = Files::new();
    let gate = files.path("gate");
    let args = || (1..100).map(|n| (n, gate.clone()));
    let limit = Duration::from_millis(2);
    let outcomes: Vec<_> = K::map(&executor, only_zero_ends, args())
        .timeout(limit)
        .collect();
    assert!(matches!(outcomes[..], [Err(TaskError::TimedOut)]));
    let outcomes: Vec<_> = K::map_unordered(&executor, only_zero_ends, args())
        .timeout(limit)
        .collect();
    assert!(matches!(outcomes[..], [(0, Err(TaskError::TimedOut))]));
    let outcomes: Vec<_> = K::map(&executor, only_zero_ends, args())
        .timeout(Duration::ZERO)
        .collect();
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
            let mut outcomes = K::map_unordered(&executor, noted, args)
                .chunk(1)
                .timeout(limit);
            assert!(matches!(
                outcomes.next(),
                Some((0, Err(TaskError::TimedOut)))
            ));
            assert!(outcomes.next().is_none());
        } else {
            let mut outcomes = K::map(&executor, noted, args).chunk(1).timeout(limit);
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
        let args = (0..10).map(|n| (n, ran.clone(), stuck.clone(), gate.clone()));
        if unordered {
            let mut outcomes = K::map_unordered(&executor, one_is_stuck, args)
                .chunk(1)
                .buffer(3);
            assert_eq!(outcomes.next().unwrap().1.unwrap(), 0);
            wait_until_open(&stuck);
            drop(outcomes);
        } else {
            let mut outcomes = K::map(&executor, one_is_stuck, args).chunk(1).buffer(3);
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
    let mut outcomes = K::map(&executor, noted, args()).chunk(1).buffer(3);
    assert_eq!(outcomes.next().unwrap().unwrap(), 0);
    outcomes.detach();
    let mut outcomes = K::map_unordered(&executor, noted, args())
        .chunk(1)
        .buffer(3);
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
    drop(K::map(&executor, noted, args()));
    K::map(&executor, noted, args()).detach();
    drop(K::map_unordered(&executor, noted, args()));
    executor.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(notes(&path), [""; 0]);
}

fn m12_the_look_ahead_is_bounded_by_default<K: Kind>() {
    let executor = K::make(2);
    let taken = Cell::new(0);
    let mut outcomes = K::map(&executor, same, counted(&taken, 0..));
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
            for outcome in K::map(&executor, same, input).chunk(1).buffer(buffer) {
                assert_eq!(outcome.unwrap(), yielded.get() as u64);
                yielded.set(yielded.get() + 1);
            }
        });
    }
    // Longer than the input, and longer than needed.
    for buffer in [1000, usize::MAX] {
        assert!(
            values(K::map(&executor, same, 0..10).buffer(buffer))
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
            (0..50).inspect(|_| {
                taken.set(taken.get() + 1);
                bounded(buffer, taken.get(), yielded.get());
            })
        };
        for outcome in K::map(&executor, same, input()).chunk(chunk).buffer(buffer) {
            assert_eq!(outcome.unwrap(), yielded.get() as u64);
            yielded.set(yielded.get() + 1);
        }
        assert_eq!((taken.get(), yielded.get()), (50, 50));
        taken.set(0);
        yielded.set(0);
        let outcomes = K::map_unordered(&executor, same, input());
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
    let sums = values(K::map(&executor, added, pairs).buffer(2));
    assert_eq!(
        sums,
        [100, 102, 104, 106, 108],
        "to the end of the shortest"
    );
}

fn m15_endless_inputs<K: Kind>() {
    let executor = K::make(2);
    let first = values(K::map(&executor, same, 0..).take(300));
    assert!(first.into_iter().eq(0..300));
    let first = values(K::map(&executor, same, 0..).chunk(7).buffer(20).take(300));
    assert!(first.into_iter().eq(0..300));
    let both = (0u64..).zip(std::iter::repeat(2u64));
    let first = values(K::map(&executor, multiplied, both).buffer(3).take(3));
    assert_eq!(first, [0, 2, 4]);
    assert_eq!(
        K::map_unordered(&executor, same, 0..).take(300).count(),
        300
    );
}

fn m16_empty_inputs<K: Kind>() {
    let executor = K::make(1);
    assert!(K::map(&executor, same, []).next().is_none());
    assert!(
        K::map(&executor, same, [])
            .buffer(1)
            .chunk(9)
            .next()
            .is_none()
    );
    assert!(K::map_unordered(&executor, same, []).next().is_none());
    assert!(
        K::map(&executor, same, [])
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
    let mut outcomes = K::map(&executor, same, counted(&taken, 0..9)).chunk(0);
    is(outcomes.next(), "chunk");
    assert!(outcomes.next().is_none());
    let mut outcomes = K::map(&executor, same, counted(&taken, 0..9)).buffer(0);
    is(outcomes.next(), "buffer");
    assert!(outcomes.next().is_none());
    let mut outcomes = K::map_unordered(&executor, same, counted(&taken, 0..9)).chunk(0);
    is(outcomes.next().map(|(_, outcome)| outcome), "chunk");
    assert!(outcomes.next().is_none());
    let mut outcomes = K::map_unordered(&executor, same, counted(&taken, 0..9)).buffer(0);
    is(outcomes.next().map(|(_, outcome)| outcome), "buffer");
    assert!(outcomes.next().is_none());
    assert_eq!(taken.get(), 0, "nothing was taken");
}

fn m18_after_a_shutdown_what_was_submitted_comes_then_one_refusal<K: Kind>() {
    let executor = K::make(1);
    let mut outcomes = K::map(&executor, same, 0..).chunk(1).buffer(3);
    assert_eq!(outcomes.next().unwrap().unwrap(), 0);
    executor.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(outcomes.next().unwrap().unwrap(), 1);
    assert_eq!(outcomes.next().unwrap().unwrap(), 2);
    assert!(is_shut_down(&outcomes.next().unwrap()));
    assert!(outcomes.next().is_none());

    let executor = K::make(1);
    let mut outcomes = K::map_unordered(&executor, same, 0..).chunk(1).buffer(3);
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
    let outcomes: Vec<_> = K::map(&executor, same, 0..).collect();
    assert!(outcomes.len() == 1 && is_shut_down(&outcomes[0]));
    let outcomes: Vec<_> = K::map_unordered(&executor, same, 0..).collect();
    assert!(outcomes.len() == 1 && outcomes[0].0 == 0 && is_shut_down(&outcomes[0].1));
}

fn m18_items_cancelled_by_a_shutdown_say_so<K: Kind>() {
    let executor = K::make(1);
    let files = Files::new();
    let (stuck, gate) = (files.path("stuck"), files.path("gate"));
    let args = (0..).map(|n| (n, stuck.clone(), gate.clone()));
    let mut outcomes = K::map(&executor, two_is_stuck, args).chunk(2).buffer(6);
    assert_eq!(outcomes.next().unwrap().unwrap(), 0);
    wait_until_open(&stuck);
    thread::scope(|s| {
        let ending = s.spawn(|| executor.shutdown(Shutdown::CancelPending));
        // Refused only once the executor is closed.
        until(|| !executor.submit(same, 1).is_done() || !gate.exists());
        until(|| {
            executor
                .submit(same, 1)
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
    // The second argument comes when the executor is closed, and is refused; the first is running.
    thread::scope(|s| {
        let args = (0..2).map(|n| {
            if n == 1 {
                wait_until_open(&started);
                s.spawn(|| executor.shutdown(Shutdown::Drain));
                let closed = || {
                    matches!(
                        executor.submit(nothing, ()).error(),
                        Some(TaskError::Rejected(_))
                    )
                };
                until(closed);
            }
            (started.clone(), gate.clone())
        });
        let limit = Duration::from_millis(50);
        let outcomes = K::map_unordered(&executor, held, args)
            .chunk(1)
            .timeout(limit);
        let outcomes: Vec<_> = outcomes.collect();
        assert!(matches!(outcomes[..], [(0, Err(TaskError::TimedOut))]));
        open(&gate);
    });
}

fn m19_chunks_of_any_length_give_the_same_outcomes<K: Kind>() {
    let executor = K::make(2);
    for chunk in [1, 2, 3, 7, 50, 51, 1000, usize::MAX] {
        let outcomes = K::map(&executor, doubled, 0..50).chunk(chunk);
        assert!(values(outcomes).into_iter().eq((0..50).map(|n| n * 2)));
        let mut outcomes: Vec<_> = K::map_unordered(&executor, doubled, 0..50)
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

fn m19_automatic_chunks_keep_order_and_count_for_uneven_items<K: Kind>() {
    let executor = K::make(2);
    assert!(
        values(K::map(&executor, uneven, 0..6_000))
            .into_iter()
            .eq(0..6_000)
    );
    let mut indices: Vec<_> = K::map_unordered(&executor, uneven, 0..6_000)
        .map(|(index, _)| index)
        .collect();
    indices.sort_unstable();
    assert!(indices.into_iter().eq(0..6_000));
}

fn m20_a_chunk_longer_than_the_input<K: Kind>() {
    let executor = K::make(2);
    assert_eq!(values(K::map(&executor, same, 0..3).chunk(100)), [0, 1, 2]);
    let outcomes = K::map_unordered(&executor, same, 0..3).chunk(usize::MAX);
    assert_eq!(outcomes.count(), 3);
    // A length of zero is m17's.
}

fn m22_errors_inside_a_chunk_cost_no_neighbour<K: Kind>() {
    let executor = K::make(2);
    let check = |n: u64, outcome: Outcome<u64>| match outcome {
        Ok(value) => assert_eq!(value, n),
        Err(error) => match K::panic(&error) {
            Some((message, _)) => assert_eq!((n % 5, message), (1, format!("{n} panics"))),
            None => {
                let why = format!("{error:#}");
                assert!(n % 5 == 2 && why.ends_with(&format!("{n} fails")), "{why}");
            }
        },
    };
    for chunk in [1, 4, 100] {
        let outcomes: Vec<_> = K::try_map(&executor, of_five, 0..40).chunk(chunk).collect();
        assert_eq!(outcomes.len(), 40);
        (0..)
            .zip(outcomes)
            .for_each(|(n, outcome)| check(n, outcome));
    }
    let outcomes: Vec<_> = K::map_unordered(&executor, no_third, 0..40)
        .chunk(8)
        .collect();
    assert_eq!(outcomes.iter().filter(|(_, one)| one.is_ok()).count(), 26);
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
    assert_eq!(values(K::map(&executor, same, input)).len(), 50);
    assert_eq!(read.get(), 51);
}
