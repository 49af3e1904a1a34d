//! Rows of guests beside other executors, and of callbacks that run on a guest's worker.

use crate::common::{Kind, hold_only, keys, watch};
use crate::kinds::Guests;
use crate::tasks::{checked, same};
use raddle::{
    Executor, Future, ReturnWhen, Shutdown, ShutdownError, TaskError, ThreadPool, as_completed,
    wait,
};
use std::sync::{Arc, mpsc};

use ReturnWhen::{AllCompleted, FirstError};

type Kept = Guests<false>;

#[test]
fn w10_futures_of_guests_and_of_threads_are_waited_for_together() {
    let _watch = watch();
    let (guests, threads) = (Kept::make(2), ThreadPool::new(2).unwrap());
    let all: Vec<(u64, Future<u64>)> = (0..100)
        .map(|n| match n % 2 {
            0 => (n, Executor::submit(&threads, checked, n + 1)),
            _ => (n, guests.submit(checked, n + 1)),
        })
        .collect();
    for (n, one) in wait(all, AllCompleted).done {
        assert_eq!(one.result().unwrap(), n + 1);
    }
}

#[test]
fn w10_a_trap_ends_a_wait_for_threads() {
    let _watch = watch();
    let (guests, threads) = (Kept::make(1), ThreadPool::new(1).unwrap());
    let held = hold_only(&threads);
    let queued = Executor::submit(&threads, checked, 1);
    let panics = guests.submit(checked, 0);
    let waited = wait([(0u32, queued), (1, panics)], FirstError);
    assert_eq!(keys(&waited), (vec![1], vec![0]));
    held.let_go();
}

#[test]
fn a07_guests_and_threads_come_in_the_order_in_which_they_end() {
    let _watch = watch();
    let (guests, threads) = (Kept::make(1), ThreadPool::new(1).unwrap());
    for _ in 0..10 {
        let (one, other) = (hold_only(&threads), hold_only(&guests));
        let slow = Executor::submit(&threads, checked, 1);
        let quick = guests.submit(checked, 2);
        let mut all = as_completed([(1, slow), (2, quick)]);
        other.let_go();
        assert_eq!(all.next().unwrap().0, 2);
        one.let_go();
        assert_eq!(all.next().unwrap().0, 1);
    }
}

/// What a callback says that runs on the only worker, while a task is queued behind its own.
fn in_a_callback<T: Send + 'static>(
    with: impl FnOnce(Arc<Kept>) -> T + Send + 'static,
) -> (T, Result<u64, TaskError>) {
    let pool = Arc::new(Kept::make(1));
    let held = hold_only(&*pool);
    let called = pool.submit(same, 1);
    let behind = pool.submit(same, 2);
    let (send, said) = mpsc::channel();
    called.add_done_callback(move |_| send.send(with(pool)).unwrap());
    held.let_go();
    (said.recv().unwrap(), behind.result())
}

#[test]
fn s01_a_callback_on_the_worker_cannot_wait_for_the_end() {
    let _watch = watch();
    let (ended, behind) = in_a_callback(|pool| pool.shutdown(Shutdown::Drain));
    assert!(matches!(
        ended,
        Err(ShutdownError::InsideWorker { worker: 0, .. })
    ));
    assert_eq!(behind.unwrap(), 2);
}

#[test]
fn s09_the_last_handle_may_go_in_a_callback() {
    let _watch = watch();
    let ((), behind) = in_a_callback(drop);
    assert_eq!(behind.unwrap(), 2);
}

#[test]
fn e01_a_callback_on_the_worker_submits() {
    let _watch = watch();
    let (submitted, behind) = in_a_callback(|pool| pool.submit(same, 3));
    assert_eq!(behind.unwrap(), 2);
    assert_eq!(submitted.result().unwrap(), 3);
}

#[test]
fn e01_a_callback_on_the_worker_waits() {
    let _watch = watch();
    let (waited, behind) = in_a_callback(|pool| pool.submit(same, 3).result());
    assert_eq!(behind.unwrap(), 2);
    assert_eq!(waited.unwrap(), 3);
}
