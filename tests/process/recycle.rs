//! Workers that leave their place to others.

use crate::kit::{FileGate, pid, send, until, wait_at, watch};
use raddle::executor::WorkerInfo;
use raddle::{BoxError, Executor, Future, ProcessPool, Rejected, Shutdown, TaskError};
use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

#[test]
fn p25_a_worker_is_replaced_after_its_tasks() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(1)
        .max_tasks_per_worker(3)
        .build()
        .unwrap();
    let pids: Vec<u32> = (0..9)
        .map(|_| pool.submit(pid, ()).result().unwrap())
        .collect();
    for three in pids.chunks(3) {
        assert!(three.iter().all(|pid| *pid == three[0]), "{pids:?}");
    }
    assert_eq!(pids.iter().collect::<HashSet<_>>().len(), 3, "{pids:?}");
    assert_eq!(pool.stats().deaths, 0, "that is no death");
}

#[test]
fn p28_a_backlog_longer_than_the_workers_lives() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(2)
        .max_tasks_per_worker(2)
        .build()
        .unwrap();
    let tasks: Vec<_> = (0..40u32).map(|n| pool.submit(|n: u32| n, n)).collect();
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.result().unwrap(), n as u32);
    }
}

#[test]
fn s15_recycled_workers_serve_the_backlog_of_a_shutdown() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(1)
        .max_tasks_per_worker(1)
        .build()
        .unwrap();
    let tasks: Vec<_> = (0..10u32).map(|n| pool.submit(|n: u32| n, n)).collect();
    drop(pool);
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.result().unwrap(), n as u32);
    }
}

#[test]
fn s16_a_closed_pool_goes_on_replacing_workers_until_its_backlog_is_done() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(2)
        .max_tasks_per_worker(1)
        .build()
        .unwrap();
    let tasks: Vec<_> = (0..12u32).map(|n| pool.submit(|n: u32| n, n)).collect();
    pool.close(Shutdown::Drain);
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.result().unwrap(), n as u32);
    }
    pool.shutdown(Shutdown::Drain).unwrap();
    assert!(pool.stats().pids().is_empty());
}

#[test]
fn a_worker_is_replaced_for_its_age() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(1)
        .max_worker_age(Duration::ZERO)
        .build()
        .unwrap();
    let first = pool.submit(pid, ()).result().unwrap();
    until(|| pool.submit(pid, ()).result().unwrap() != first);
    assert_eq!(pool.stats().deaths, 0);
}

/// Takes memory for good. Its bytes are looked at, or an optimised program would take none.
fn grow() {
    std::mem::forget(std::hint::black_box(vec![1u8; 128 << 20]));
}

#[test]
fn a_worker_is_replaced_for_its_memory() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(1)
        .max_worker_memory(64 << 20)
        .build()
        .unwrap();
    let first = pool.submit(pid, ()).result().unwrap();
    pool.submit(|()| grow(), ()).result().unwrap();
    until(|| pool.submit(pid, ()).result().unwrap() != first);
}

/// A pool in which a worker that has grown holds at the gate, and was asked to leave when it has done that: its task and
/// its process id.
fn asked_to_leave(workers: usize) -> (ProcessPool, FileGate, Future<()>, u32) {
    let pool = ProcessPool::builder()
        .workers(workers)
        .max_worker_memory(64 << 20)
        .build()
        .unwrap();
    let gate = FileGate::new();
    let held = pool.submit(
        |gate: PathBuf| {
            grow();
            wait_at(gate);
        },
        gate.path(),
    );
    let asked = || {
        let workers = pool.stats().workers;
        workers
            .into_iter()
            .find(|worker| worker.running && worker.queued == 1)
    };
    until(|| asked().is_some());
    let old = asked().unwrap().pid.unwrap();
    (pool, gate, held, old)
}

#[test]
fn a_worker_that_is_asked_to_leave_is_the_one_that_leaves() {
    let _watch = watch();
    let (pool, gate, held, old) = asked_to_leave(2);
    let other = pool.stats().pids().into_iter().find(|&pid| pid != old);
    // Whoever waits for a task gives what is behind it to a worker that has nothing to do.
    assert!(!held.wait_timeout(Duration::from_millis(1)));
    assert_eq!(pool.stats().moved, 0, "it is for this worker alone");
    gate.open();
    held.result().unwrap();
    until(|| pool.stats().replacements == 1 && pool.stats().pids().len() == 2);
    let pids = pool.stats().pids();
    assert!(!pids.contains(&old) && pids.contains(&other.unwrap()));
}

#[test]
fn a_worker_does_not_leave_for_one_that_died() {
    let _watch = watch();
    let (pool, _gate, held, old) = asked_to_leave(1);
    send(old, libc::SIGKILL);
    assert!(matches!(held.result(), Err(TaskError::WorkerLost(_))));
    let new = pool.submit(pid, ()).result().unwrap();
    assert_eq!(pool.submit(pid, ()).result().unwrap(), new);
    assert_eq!(pool.stats().replacements, 1);
}

/// Fails from the second time on, by a mark in the directory that the variable names.
fn only_once(_: &WorkerInfo) -> Result<(), BoxError> {
    let mark = PathBuf::from(std::env::var_os("ONCE").ok_or("no mark")?);
    std::fs::File::create_new(mark)?;
    Ok(())
}

#[test]
fn p29_a_worker_that_cannot_be_replaced_breaks_the_pool() {
    let _watch = watch();
    let gate = FileGate::new();
    let pool = ProcessPool::builder()
        .workers(1)
        .env("ONCE", gate.file("once"))
        .on_start(only_once)
        .build()
        .unwrap();
    let held = pool.submit(wait_at, gate.path());
    let bad = pool.submit(|()| -> () { std::process::abort() }, ());
    let waiting = pool.submit(pid, ());
    gate.open();
    held.result().unwrap();
    assert!(matches!(bad.result(), Err(TaskError::WorkerLost(_))));
    let outcome = waiting.result();
    let Err(TaskError::Rejected(Rejected::Broken { why, .. })) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(why.contains("could not be started"), "{why}");
}
