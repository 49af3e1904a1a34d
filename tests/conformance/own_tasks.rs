//! Rows F, W and A for executors whose tasks are functions of this program: what such a task sees of it, and waits for several
//! kinds of executor at once.

use crate::common::{Files, Kind, hold_only, keys, open, until, wait_until_open, watch};
use crate::kinds::{Processes, Threads, for_every_executor};
use crate::tasks::{checked, no_row};
use raddle::{Executor, Future, ReturnWhen, TaskError, as_completed, wait};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use ReturnWhen::{AllCompleted, FirstCompleted, FirstError};

for_every_executor! {
    f04_a_running_task_is_asked_to_stop
    f13_a_panic_can_be_resumed
    f22_a_callback_runs_in_the_process_that_added_it
}

fn f04_a_running_task_is_asked_to_stop<K: Kind>() {
    let executor = K::make(1);
    let files = Files::new();
    let task = |started: PathBuf| {
        open(&started);
        until(raddle::cancel_requested);
        5u32
    };
    let asked = executor.submit(task, files.path("started"));
    wait_until_open(&files.path("started"));
    assert!(!asked.cancel());
    asked.wait();
    assert!(!asked.cancel() && !asked.is_cancelled());
    assert_eq!(asked.result().unwrap(), 5);
    let next = executor.submit(|()| raddle::cancel_requested(), ());
    assert!(
        !next.result().unwrap(),
        "the request was for the other task"
    );
}

fn f13_a_panic_can_be_resumed<K: Kind>() {
    let executor = K::make(1);
    let Err(TaskError::Panicked(report)) = executor.submit(no_row, 3).result() else {
        panic!("it panics")
    };
    let thrown = thread::spawn(|| report.resume()).join().unwrap_err();
    assert_eq!(*thrown.downcast::<String>().unwrap(), "no row 3");
}

fn f22_a_callback_runs_in_the_process_that_added_it<K: Kind>() {
    let executor = K::make(1);
    let (heard, said) = mpsc::channel();
    executor
        .submit(|()| std::process::id(), ())
        .add_done_callback(move |there| {
            heard.send((*there.unwrap(), std::process::id())).unwrap();
        });
    let (task, callback) = said.recv().unwrap();
    assert_eq!(callback, std::process::id());
    assert_eq!(task == callback, K::IS_HERE);
}

// --- Several kinds at once ------------------------------------------------------------------------

#[test]
fn w10_futures_of_threads_and_of_processes_are_waited_for_together() {
    let _watch = watch();
    let (threads, processes) = (Threads::make(2), Processes::make(2));
    let (promise, by_hand) = raddle::promise();
    let mut all: Vec<(u64, Future<u64>)> = (0..100)
        .map(|n| match n % 2 {
            0 => (n, threads.submit(checked, n + 1)),
            _ => (n, processes.submit(checked, n + 1)),
        })
        .collect();
    all.push((100, by_hand));
    let waited = wait(all, FirstCompleted);
    assert!(!waited.done.is_empty());
    let rest = waited.done.into_iter().chain(waited.not_done);
    let waited = thread::scope(|s| {
        s.spawn(|| promise.complete(101).unwrap());
        wait(rest.collect::<Vec<_>>(), AllCompleted)
    });
    let sum: u64 = waited
        .done
        .into_iter()
        .map(|(n, one)| {
            let value = one.result().unwrap();
            assert_eq!(value, n + 1);
            value
        })
        .sum();
    assert_eq!(sum, (1..=101).sum());
}

#[test]
fn w10_an_error_of_a_process_ends_a_wait_for_threads() {
    let _watch = watch();
    let (threads, processes) = (Threads::make(1), Processes::make(1));
    let held = hold_only(&threads);
    let queued = threads.submit(checked, 1);
    let lost = processes.submit(|()| -> u64 { std::process::abort() }, ());
    let waited = wait([(0, queued), (1, lost)], FirstError);
    assert_eq!(keys(&waited), (vec![1], vec![0]));
    held.let_go();
}

#[test]
fn a07_threads_and_processes_come_in_the_order_in_which_they_end() {
    let _watch = watch();
    let (threads, processes) = (Threads::make(1), Processes::make(1));
    for _ in 0..10 {
        let (one, other) = (hold_only(&threads), hold_only(&processes));
        let slow = threads.submit(checked, 1);
        let quick = processes.submit(checked, 2);
        let mut all = as_completed([(1, slow), (2, quick)]);
        other.let_go();
        assert_eq!(all.next().unwrap().0, 2);
        one.let_go();
        assert_eq!(all.next().unwrap().0, 1);
    }
}
