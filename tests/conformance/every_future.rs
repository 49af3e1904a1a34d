//! Rows F for each kind of executor: what a future does, whatever runs its task. The rest of these rows is in
//! `own_tasks.rs`, `future.rs` and `callbacks.rs`.

use crate::common::{Files, Kind, LONG, hold_only, notes, reports};
use crate::kinds::for_every_executor;
use crate::tasks::{checked, hundred, no_row, noted, parsed, same, with_complement};
use raddle::{Executor, FutureState, Shutdown, TaskError};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Duration;

for_every_executor! {
    f01_a_new_future_is_pending
    f02_an_end_is_final
    f03_what_has_not_started_is_cancelled_and_never_runs
    f04_a_running_task_is_not_cancelled_and_a_finished_one_keeps_its_value
    f06_each_state_is_seen
    f09_a_wait_that_is_too_short_gives_the_future_back
    f11_a_cancel_wakes_who_waits
    f13_a_panic_is_an_error_that_says_where
    f14_an_error_can_be_looked_at
    f16_shared_readers_see_the_same_value
    f17_callbacks_hear_of_values_errors_and_cancellations
    f20_a_callback_on_what_is_done_runs_at_once_and_here
    f21_callbacks_run_in_their_order
    f23_a_callback_that_panics_harms_nobody
    f29_debug_shows_the_state
    f31_a_snapshot_is_never_torn
    f34_a_dropped_future_does_not_cancel
    f34_cancel_on_drop_does
    f36_a_future_is_awaited
    f37_a_future_is_mapped_and_forwarded
}

fn f01_a_new_future_is_pending<K: Kind>() {
    let executor = K::make(1);
    let held = hold_only(&executor);
    let future = executor.submit(same, 1);
    assert_eq!(future.state(), FutureState::Pending);
    assert!(!future.is_running() && !future.is_done() && !future.is_cancelled());
    assert!(future.peek().is_none() && future.error().is_none());
    held.let_go();
    assert_eq!(future.result().unwrap(), 1);
}

fn f02_an_end_is_final<K: Kind>() {
    let executor = K::make(1);
    let done = executor.submit(same, 1);
    done.wait();
    assert!(!done.cancel());
    assert_eq!(done.state(), FutureState::Finished);
    let held = hold_only(&executor);
    let cancelled = executor.submit(same, 2);
    assert!(cancelled.cancel());
    held.let_go();
    executor.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(cancelled.state(), FutureState::Cancelled);
    assert_eq!(done.result().unwrap(), 1);
}

fn f03_what_has_not_started_is_cancelled_and_never_runs<K: Kind>() {
    let executor = K::make(1);
    let files = Files::new();
    let ran = files.path("ran");
    let held = hold_only(&executor);
    let futures: Vec<_> = (0..20)
        .map(|n| executor.submit(noted, (n, ran.clone())))
        .collect();
    for future in futures.iter().step_by(2) {
        assert!(future.cancel());
        assert!(future.cancel(), "twice is true twice (f05)");
        assert!(future.is_cancelled() && future.is_done());
    }
    held.let_go();
    for (n, future) in (0..).zip(futures) {
        match future.result() {
            Ok(value) => assert_eq!((value, n % 2), (n, 1)),
            // f12: at once.
            Err(error) => assert!(n % 2 == 0 && matches!(error, TaskError::Cancelled)),
        }
    }
    executor.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(notes(&ran).len(), 10);
}

fn f04_a_running_task_is_not_cancelled_and_a_finished_one_keeps_its_value<K: Kind>() {
    let executor = K::make(1);
    let held = hold_only(&executor);
    assert!(!held.task.cancel() && !held.task.is_cancelled());
    held.let_go();
    let done = executor.submit(same, 5);
    done.wait();
    assert!(!done.cancel() && !done.is_cancelled());
    assert_eq!(done.result().unwrap(), 5);
}

fn f06_each_state_is_seen<K: Kind>() {
    let executor = K::make(1);
    let held = hold_only(&executor);
    assert_eq!(held.task.state(), FutureState::Running);
    assert!(held.task.is_running() && !held.task.is_done() && !held.task.is_cancelled());
    let [good, bad, cancelled] = [1, 0, 2].map(|n| executor.submit(checked, n));
    cancelled.cancel();
    held.let_go();
    good.wait();
    bad.wait();
    let states = [&good, &bad, &cancelled].map(|one| one.state());
    let expected = [
        FutureState::Finished,
        FutureState::Failed,
        FutureState::Cancelled,
    ];
    assert_eq!(states, expected);
    // f07: all of them are done, however they ended.
    assert!([good, bad, cancelled].iter().all(|one| one.is_done()));
}

fn f09_a_wait_that_is_too_short_gives_the_future_back<K: Kind>() {
    let executor = K::make(1);
    let held = hold_only(&executor);
    let future = executor.submit(same, 3);
    let future = future.try_result().unwrap_err();
    let future = future.result_timeout(Duration::from_millis(1)).unwrap_err();
    assert!(!future.wait_timeout(Duration::ZERO));
    held.let_go();
    assert!(future.wait_timeout(LONG));
    let future = future.shared();
    assert!(matches!(future.peek(), Some(Ok(3))));
    // f10: the time does not come to an end that is far off.
    let other = executor.submit(same, 4).result_timeout(LONG);
    assert_eq!(other.unwrap().unwrap(), 4);
}

fn f11_a_cancel_wakes_who_waits<K: Kind>() {
    let executor = K::make(1);
    for _ in 0..20 {
        let held = hold_only(&executor);
        let queued = executor.submit(same, 1).shared();
        let asking = Barrier::new(3);
        thread::scope(|s| {
            let askers = [0, 1].map(|_| {
                s.spawn(|| {
                    asking.wait();
                    matches!(queued.result(), Err(TaskError::Cancelled))
                })
            });
            asking.wait();
            assert!(queued.cancel());
            assert!(askers.into_iter().all(|asker| asker.join().unwrap()));
        });
        held.let_go();
    }
}

fn f13_a_panic_is_an_error_that_says_where<K: Kind>() {
    let executor = K::make(1);
    let error = executor.submit(no_row, 3).result().unwrap_err();
    let (message, location) = K::panic(&error).expect("it panics");
    assert_eq!(message, "no row 3");
    assert!(location.contains("tasks.rs:"), "{location}");
}

fn f14_an_error_can_be_looked_at<K: Kind>() {
    let executor = K::make(1);
    let (good, bad) = (
        executor.try_submit(parsed, "3".into()),
        executor.try_submit(parsed, "x".into()),
    );
    good.wait();
    bad.wait();
    assert!(good.error().is_none());
    assert!(matches!(bad.error(), Some(TaskError::Failed(_))));
    assert!(matches!(bad.result(), Err(TaskError::Failed(_))));
}

fn f16_shared_readers_see_the_same_value<K: Kind>() {
    let executor = K::make(1);
    let held = hold_only(&executor);
    let shared = executor.submit(hundred, 7).shared();
    let seen: Vec<_> = thread::scope(|s| {
        let readers: Vec<_> = (0..4)
            .map(|_| s.spawn(|| shared.result().unwrap().as_ptr().addr()))
            .collect();
        held.let_go();
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .collect()
    });
    let here = shared.result().unwrap();
    assert_eq!(*here, vec![7; 100]);
    assert!(seen.iter().all(|&one| one == here.as_ptr().addr()));
}

fn f17_callbacks_hear_of_values_errors_and_cancellations<K: Kind>() {
    let executor = K::make(1);
    let held = hold_only(&executor);
    let (heard, said) = mpsc::channel();
    let listen = |future: &raddle::Future<u8>| {
        let heard = heard.clone();
        future.add_done_callback(move |outcome| {
            let text = match outcome {
                Ok(value) => value.to_string(),
                // f18, f19
                Err(error) => format!("{error:#}"),
            };
            heard.send(text).unwrap();
        });
    };
    let [good, bad, cancelled] = ["3", "x", "4"].map(|text| {
        let future = executor.try_submit(parsed, text.to_owned());
        listen(&future);
        future
    });
    assert!(cancelled.cancel());
    assert_eq!(said.recv().unwrap(), TaskError::Cancelled.to_string());
    held.let_go();
    assert_eq!(said.recv().unwrap(), "3");
    assert!(said.recv().unwrap().contains("invalid digit"));
    drop((good, bad));
    drop(heard);
    assert!(said.recv().is_err(), "each of them once");
}

fn f20_a_callback_on_what_is_done_runs_at_once_and_here<K: Kind>() {
    let executor = K::make(1);
    let held = hold_only(&executor);
    let futures = [(1, false), (0, false), (2, true)].map(|(n, cancel)| {
        let future = executor.submit(checked, n);
        if cancel {
            future.cancel();
        }
        future
    });
    held.let_go();
    for future in futures {
        future.wait();
        let (heard, said) = mpsc::channel();
        future.add_done_callback(move |_| heard.send(thread::current().id()).unwrap());
        assert_eq!(said.try_recv().unwrap(), thread::current().id());
    }
}

fn f21_callbacks_run_in_their_order<K: Kind>() {
    let executor = K::make(1);
    for _ in 0..10 {
        let held = hold_only(&executor);
        let future = executor.submit(same, 1);
        let (heard, said) = mpsc::channel();
        for n in 0..10 {
            let heard = heard.clone();
            future.add_done_callback(move |_| heard.send(n).unwrap());
        }
        drop((future, heard));
        held.let_go();
        assert!(said.iter().eq(0..10));
    }
}

fn f23_a_callback_that_panics_harms_nobody<K: Kind>() {
    let reports = reports();
    let executor = K::make(1);
    let held = hold_only(&executor);
    let future = executor.submit(same, 1);
    let (heard, said) = mpsc::channel();
    for n in 0..3 {
        let heard = heard.clone();
        future.add_done_callback(move |_| {
            assert!(n != 1, "every-f23 {}", K::IS_HERE);
            heard.send(n).unwrap();
        });
    }
    drop((future, heard));
    held.let_go();
    assert!(said.iter().eq([0, 2]));
    let report = reports.wait_for(&format!("every-f23 {}", K::IS_HERE));
    assert!(report.starts_with("CallbackPanicked"), "{report}");
    assert_eq!(executor.submit(same, 2).result().unwrap(), 2);
}

fn f29_debug_shows_the_state<K: Kind>() {
    let executor = K::make(1);
    let held = hold_only(&executor);
    let queued = executor.submit(same, 1);
    assert_eq!(format!("{queued:?}"), "Future { state: Pending }");
    assert_eq!(format!("{:?}", held.task), "Future { state: Running }");
    held.let_go();
    queued.wait();
    assert_eq!(
        format!("{queued:?}"),
        r#"Future { state: Finished, result: "u64" }"#
    );
}

fn f31_a_snapshot_is_never_torn<K: Kind>() {
    let executor = K::make(1);
    for round in 0..100u64 {
        let shared = executor.submit(with_complement, round).shared();
        if round % 3 == 0 {
            shared.cancel();
        }
        thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| {
                    // Nobody waits: the outcome has to come by itself.
                    crate::common::until(|| shared.peek().is_some());
                    match shared.peek().unwrap() {
                        Ok(&both) => assert_eq!(both, (round, !round)),
                        Err(error) => assert!(matches!(error, TaskError::Cancelled)),
                    }
                    assert!(shared.is_done());
                });
            }
        });
    }
}

fn f34_a_dropped_future_does_not_cancel<K: Kind>() {
    let executor = K::make(2);
    let files = Files::new();
    let ran = files.path("ran");
    for n in 0..50 {
        executor.submit(noted, (n, ran.clone()));
    }
    executor.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(notes(&ran).len(), 50);
}

fn f34_cancel_on_drop_does<K: Kind>() {
    let executor = K::make(1);
    let files = Files::new();
    let ran = files.path("ran");
    let held = hold_only(&executor);
    drop(executor.submit(noted, (1, ran.clone())).cancel_on_drop());
    held.let_go();
    executor.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(notes(&ran), [""; 0]);
}

fn f36_a_future_is_awaited<K: Kind>() {
    let executor = K::make(2);
    let all = (0..100u64).map(|n| executor.submit(same, n));
    let sum = futures::executor::block_on(async {
        let mut sum = 0;
        for one in futures::future::join_all(all).await {
            sum += one.unwrap();
        }
        sum
    });
    assert_eq!(sum, (0..100).sum::<u64>());
}

fn f37_a_future_is_mapped_and_forwarded<K: Kind>() {
    let executor = K::make(1);
    // Done before, and not done yet.
    let done = executor.submit(same, 1);
    done.wait();
    assert_eq!(done.map_ok(|n| n + 1).result().unwrap(), 2);
    let held = hold_only(&executor);
    let mapped = executor.submit(same, 2).map_ok(|n| n.to_string());
    let (promise, forwarded) = raddle::promise();
    executor.submit(same, 3).forward(promise);
    assert!(!mapped.is_done() && !forwarded.is_done());
    held.let_go();
    assert_eq!(mapped.result().unwrap(), "2");
    assert_eq!(forwarded.result().unwrap(), 3);
}
