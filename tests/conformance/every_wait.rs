//! Rows W and A for each kind of executor. The rest of these rows is in `own_tasks.rs`, `waiting.rs` and `as_completed.rs`.

use crate::common::{Files, Kind, LONG, hold_only, keys, open};
use crate::kinds::for_every_executor;
use crate::tasks::{checked, same, waited};
use raddle::{Executor, Future, ReturnWhen, TaskError, as_completed, wait, wait_timeout};
use std::thread;
use std::time::Duration;

use ReturnWhen::{AllCompleted, FirstCompleted, FirstError};

for_every_executor! {
    w01_all_completed_waits_for_every_kind_of_end
    w02_first_completed_returns_with_the_first
    w03_first_completed_gives_all_that_were_done_before
    w04_first_error_returns_when_one_fails
    w05_first_error_returns_at_once_if_one_had_failed
    w06_a_cancellation_is_no_failure
    w07_first_error_without_an_error_waits_for_all
    w08_a_time_limit_gives_both_lists_and_cancels_nothing
    w14_many_that_end_together_are_all_seen
    a01_each_comes_once_however_it_ended
    a02_what_is_done_comes_first
    a03_a_time_limit_is_kept
    a08_abandoning_it_cancels_nothing
    a10_it_knows_how_many_are_left
}

fn w01_all_completed_waits_for_every_kind_of_end<K: Kind>() {
    let executor = K::make(1);
    for _ in 0..10 {
        let held = hold_only(&executor);
        let all = [1, 0, 2].map(|n| executor.submit(checked, n));
        all[2].cancel();
        let gate = held.gate();
        let waited = thread::scope(|s| {
            s.spawn(|| open(&gate));
            wait((0..).zip(all), AllCompleted)
        });
        assert_eq!(keys(&waited), (vec![0, 1, 2], vec![]));
        let mut ends = waited.done.into_iter().map(|(_, one)| one.result());
        assert_eq!(ends.next().unwrap().unwrap(), 1);
        assert!(K::panic(&ends.next().unwrap().unwrap_err()).is_some());
        assert!(matches!(ends.next(), Some(Err(TaskError::Cancelled))));
        held.let_go();
    }
}

fn w02_first_completed_returns_with_the_first<K: Kind>() {
    let executor = K::make(2);
    let files = Files::new();
    let gate = files.path("gate");
    for _ in 0..20 {
        let slow = executor.submit(waited, (0, gate.clone()));
        let quick = executor.submit(same, 1);
        let waited = wait([(0, slow), (1, quick)], FirstCompleted);
        assert_eq!(keys(&waited), (vec![1], vec![0]));
        open(&gate);
        let (_, slow) = waited.not_done.into_iter().next().unwrap();
        assert_eq!(slow.result().unwrap(), 0);
        std::fs::remove_file(&gate).unwrap();
    }
}

fn w03_first_completed_gives_all_that_were_done_before<K: Kind>() {
    let executor = K::make(1);
    let done = [1, 0].map(|n| executor.submit(checked, n));
    done.iter().for_each(Future::wait);
    let held = hold_only(&executor);
    let queued = executor.submit(checked, 3);
    let [good, bad] = done;
    let waited = wait([(0, good), (1, queued), (2, bad)], FirstCompleted);
    assert_eq!(keys(&waited), (vec![0, 2], vec![1]));
    held.let_go();
}

fn w04_first_error_returns_when_one_fails<K: Kind>() {
    let executor = K::make(1);
    for _ in 0..10 {
        let good = executor.submit(checked, 1);
        let bad = executor.submit(checked, 0);
        let files = Files::new();
        let gate = files.path("gate");
        let stuck = executor.submit(waited, (9, gate.clone()));
        let waited = wait([(0, good), (1, bad), (2, stuck)], FirstError);
        assert_eq!(keys(&waited), (vec![0, 1], vec![2]));
        open(&gate);
        executor.submit(checked, 1).wait();
    }
}

fn w05_first_error_returns_at_once_if_one_had_failed<K: Kind>() {
    let executor = K::make(1);
    let bad = executor.submit(checked, 0);
    bad.wait();
    let held = hold_only(&executor);
    let queued = executor.submit(checked, 1);
    let waited = wait([(0, queued), (1, bad)], FirstError);
    assert_eq!(keys(&waited), (vec![1], vec![0]));
    held.let_go();
}

fn w06_a_cancellation_is_no_failure<K: Kind>() {
    let executor = K::make(1);
    let held = hold_only(&executor);
    let (queued, cancelled) = (executor.submit(checked, 1), executor.submit(checked, 2));
    assert!(cancelled.cancel());
    let futures = [(0, queued), (1, cancelled)];
    let waited = wait_timeout(futures, FirstError, Duration::from_millis(5));
    assert!(waited.timed_out);
    // w11: what was cancelled is done at once.
    assert_eq!(keys(&waited), (vec![1], vec![0]));
    held.let_go();
}

fn w07_first_error_without_an_error_waits_for_all<K: Kind>() {
    let executor = K::make(2);
    let all: Vec<_> = (1..50).map(|n| (n, executor.submit(checked, n))).collect();
    let waited = wait(all, FirstError);
    assert_eq!((waited.done.len(), waited.not_done.len()), (49, 0));
}

fn w08_a_time_limit_gives_both_lists_and_cancels_nothing<K: Kind>() {
    let executor = K::make(1);
    let done = executor.submit(checked, 1);
    done.wait();
    let held = hold_only(&executor);
    let queued = executor.submit(checked, 2);
    let futures = [(0, done), (1, queued)];
    let waited = wait_timeout(futures, AllCompleted, Duration::from_millis(2));
    assert!(waited.timed_out);
    assert_eq!(keys(&waited), (vec![0], vec![1]));
    held.let_go();
    let waited = wait_timeout(waited.not_done, AllCompleted, LONG);
    assert!(!waited.timed_out);
    assert_eq!(keys(&waited), (vec![1], vec![]));
}

fn w14_many_that_end_together_are_all_seen<K: Kind>() {
    let executor = K::make(2);
    for _ in 0..20 {
        let all: Vec<_> = (0..100u64).map(|n| executor.submit(same, n)).collect();
        assert_eq!(wait(all, AllCompleted).done.len(), 100);
    }
}

fn a01_each_comes_once_however_it_ended<K: Kind>() {
    let executor = K::make(2);
    let all: Vec<_> = (0..300u64)
        .map(|n| (n, executor.submit(checked, n % 10)))
        .collect();
    for (n, one) in &all {
        if n % 3 == 0 {
            one.cancel();
        }
    }
    let mut seen = vec![0; 300];
    for (n, one) in as_completed(all) {
        seen[n as usize] += 1;
        match one.result() {
            Ok(value) => assert_eq!(value, n % 10),
            Err(TaskError::Cancelled) => assert_eq!(n % 3, 0),
            Err(error) => assert!(K::panic(&error).is_some() && n % 10 == 0, "{error}"),
        }
    }
    assert_eq!(seen, [1; 300]);
}

fn a02_what_is_done_comes_first<K: Kind>() {
    let executor = K::make(1);
    let done = executor.submit(checked, 1);
    done.wait();
    let held = hold_only(&executor);
    let queued = executor.submit(checked, 2);
    let mut all = as_completed([(0, queued), (1, done)]);
    assert_eq!(all.next().unwrap().0, 1);
    held.let_go();
    assert_eq!(all.next().unwrap().0, 0);
    assert!(all.next().is_none());
}

fn a03_a_time_limit_is_kept<K: Kind>() {
    let executor = K::make(1);
    let quick = executor.submit(checked, 1);
    quick.wait();
    let held = hold_only(&executor);
    let queued = executor.submit(checked, 2);
    let mut all = as_completed([quick, queued]).timeout(Duration::from_millis(5));
    assert!(all.next().unwrap().is_ok());
    let late = all.next().unwrap().unwrap_err();
    // a04: how many of how many.
    assert_eq!((late.unfinished, late.total), (1, 2));
    assert!(all.next().is_none());
    let left = all.into_remaining();
    held.let_go();
    let mut again = as_completed(left).timeout(LONG);
    assert_eq!(again.next().unwrap().unwrap().result().unwrap(), 2);
}

fn a08_abandoning_it_cancels_nothing<K: Kind>() {
    let executor = K::make(2);
    for taken in 0..10 {
        let all: Vec<_> = (0..30u64).map(|n| executor.submit(same, n)).collect();
        let mut some = as_completed(&all);
        for _ in 0..taken {
            some.next().unwrap().wait();
        }
        drop(some);
        let sum: u64 = all.into_iter().map(|one| one.result().unwrap()).sum();
        assert_eq!(sum, (0..30).sum::<u64>());
    }
}

fn a10_it_knows_how_many_are_left<K: Kind>() {
    let executor = K::make(2);
    let all: Vec<_> = (0..20u64).map(|n| executor.submit(same, n)).collect();
    let mut all = as_completed(all);
    for left in (0..20).rev() {
        all.next().unwrap().wait();
        assert_eq!((all.len(), all.size_hint()), (left, (left, Some(left))));
    }
}
