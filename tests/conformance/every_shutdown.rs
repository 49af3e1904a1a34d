//! Rows S for each kind of executor. The rest of these rows is in `shutdown.rs`, and for processes in
//! `tests/process/stop.rs`.

use crate::common::{Files, Kind, hold_only, notes, open, until, wait_until_open};
use crate::kinds::for_every_executor;
use crate::tasks::{held, noted, nothing, same};
use raddle::{Executor, Future, Rejected, Shutdown, ShutdownError, TaskError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

for_every_executor! {
    s01_shutdown_returns_when_everything_is_over
    s02_close_returns_at_once_and_what_was_accepted_is_done
    s05_nothing_is_left_pending_by_either_way
    s06_closing_and_cancelling_is_quiet
    s07_ending_twice_is_no_error
    s08_a_panic_cancels_what_has_not_started
    s09_dropping_drains
    s10_an_end_right_after_a_cancelled_submission
    s18_a_shutdown_with_a_limit_says_what_is_left
}

fn s01_shutdown_returns_when_everything_is_over<K: Kind>() {
    let executor = K::make(2);
    let files = Files::new();
    let ran = files.path("ran");
    let futures: Vec<_> = (0..100)
        .map(|n| executor.submit(noted, (n, ran.clone())))
        .collect();
    executor.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(notes(&ran).len(), 100);
    assert!(futures.iter().all(Future::is_done));
}

fn s02_close_returns_at_once_and_what_was_accepted_is_done<K: Kind>() {
    let executor = K::make(1);
    let held = hold_only(&executor);
    let queued: Vec<_> = (0..20u64).map(|n| executor.submit(same, n)).collect();
    K::close(&executor, Shutdown::Drain);
    let refused = executor.submit(same, 1);
    assert!(matches!(
        refused.result(),
        Err(TaskError::Rejected(Rejected::ShutDown { .. }))
    ));
    assert!(queued.iter().all(|one| !one.is_done()));
    held.let_go();
    for (n, one) in (0..).zip(queued) {
        assert_eq!(one.result().unwrap(), n);
    }
}

fn s05_nothing_is_left_pending_by_either_way<K: Kind>() {
    for how in [Shutdown::Drain, Shutdown::CancelPending] {
        for _ in 0..3 {
            let executor = K::make(2);
            let futures: Vec<_> = thread::scope(|s| {
                // They go on until they are refused.
                let submitters = [0, 1].map(|_| {
                    s.spawn(|| {
                        let mut mine = Vec::new();
                        loop {
                            let one = executor.submit(same, mine.len() as u64);
                            let over = matches!(one.error(), Some(TaskError::Rejected(_)));
                            mine.push(one);
                            if over {
                                return mine;
                            }
                        }
                    })
                });
                executor.shutdown(how).unwrap();
                submitters
                    .into_iter()
                    .flat_map(|submitter| submitter.join().unwrap())
                    .collect()
            });
            for one in futures {
                assert!(one.is_done(), "{one:?}");
                match one.result() {
                    Ok(_) | Err(TaskError::Rejected(_)) => {}
                    Err(TaskError::Cancelled) => assert_eq!(how, Shutdown::CancelPending),
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }
}

fn s06_closing_and_cancelling_is_quiet<K: Kind>() {
    let executor = K::make(1);
    let held = hold_only(&executor);
    let queued: Vec<_> = (0..20u64).map(|n| executor.submit(same, n)).collect();
    K::close(&executor, Shutdown::CancelPending);
    assert!(queued.iter().all(Future::is_cancelled));
    let gate = held.gate();
    thread::scope(|s| {
        s.spawn(|| drop(executor));
        open(&gate);
    });
    held.task.result().unwrap();
}

fn s07_ending_twice_is_no_error<K: Kind>() {
    let executor = K::make(1);
    K::close(&executor, Shutdown::Drain);
    K::close(&executor, Shutdown::CancelPending);
    for how in [Shutdown::Drain, Shutdown::CancelPending, Shutdown::Drain] {
        executor.shutdown(how).unwrap();
    }
    K::close(&executor, Shutdown::Drain);
}

fn s08_a_panic_cancels_what_has_not_started<K: Kind>() {
    let mut queued = Vec::new();
    let files = Files::new();
    let (started, gate) = (files.path("started"), files.path("gate"));
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let executor = K::make(1);
        queued.push(executor.submit(held, (started.clone(), gate.clone())));
        wait_until_open(&started);
        queued.extend((0..10).map(|_| executor.submit(nothing, ())));
        let last = queued.pop().unwrap();
        // When what is queued has been cancelled, what runs may end.
        let at = gate.clone();
        last.add_done_callback(move |outcome| {
            assert!(matches!(outcome, Err(TaskError::Cancelled)));
            open(&at);
        });
        panic!("the body of the scope fails");
    }));
    assert!(unwound.is_err());
    let mut queued = queued.into_iter();
    queued.next().unwrap().result().unwrap();
    assert!(queued.all(|one| matches!(one.result(), Err(TaskError::Cancelled))));
}

fn s09_dropping_drains<K: Kind>() {
    let executor = K::make(2);
    let futures: Vec<_> = (0..100u64).map(|n| executor.submit(same, n)).collect();
    drop(executor);
    for (n, one) in (0..).zip(futures) {
        assert!(one.is_done());
        assert_eq!(one.result().unwrap(), n);
    }
}

fn s10_an_end_right_after_a_cancelled_submission<K: Kind>() {
    for round in 0..8 {
        let executor = K::make(1);
        let one = executor.submit(same, round);
        if round % 2 == 0 {
            until(|| one.is_running() || one.is_done());
        }
        one.cancel();
        executor.shutdown(Shutdown::Drain).unwrap();
        assert!(one.is_done());
    }
}

fn s18_a_shutdown_with_a_limit_says_what_is_left<K: Kind>() {
    let executor = K::make(1);
    let held = hold_only(&executor);
    let queued: Vec<_> = (0..3).map(|n| executor.submit(same, n)).collect();
    for limit in [Duration::ZERO, Duration::from_millis(5)] {
        let late = K::shutdown_timeout(&executor, Shutdown::Drain, limit).unwrap_err();
        assert!(
            matches!(
                late,
                ShutdownError::TimedOut {
                    running: 1,
                    queued: 3
                }
            ),
            "{late:?}"
        );
    }
    let late = K::shutdown_timeout(&executor, Shutdown::CancelPending, Duration::ZERO).unwrap_err();
    assert!(
        matches!(
            late,
            ShutdownError::TimedOut {
                running: 1,
                queued: 0
            }
        ),
        "{late:?}"
    );
    assert!(queued.iter().all(Future::is_cancelled));
    held.let_go();
    K::shutdown_timeout(&executor, Shutdown::Drain, Duration::MAX).unwrap();
}
