//! Ending tasks, workers and pools.

use crate::kit::{FileGate, exists, pid, pool, send, spin, until, wait_at, watch};
use raddle::process::{LostCause, WorkerExit};
use raddle::{Executor, ProcessPool, Rejected, Shutdown, ShutdownError, TaskError};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Hears the polite signal and goes on.
fn ignore_sigterm() {
    // SAFETY: a handler that is none.
    unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
}

#[test]
fn p34_terminate_sends_the_polite_signal() {
    let _watch = watch();
    let pool = pool(2);
    let pids = pool.stats().pids();
    let running: Vec<_> = (0..2).map(|_| pool.submit(spin, ())).collect();
    until(|| running.iter().all(|task| task.is_running()));
    let queued = pool.submit(pid, ());
    pool.terminate_workers(Duration::from_secs(3600)).unwrap();
    assert!(!pids.iter().any(|&pid| exists(pid)));
    for task in running {
        let outcome = task.result();
        let Err(TaskError::WorkerLost(lost)) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(lost.exit(), WorkerExit::Signaled(libc::SIGTERM));
        assert_eq!(lost.cause(), &LostCause::Stopped);
    }
    assert!(matches!(queued.result(), Err(TaskError::Cancelled)));
}

#[test]
fn p34_after_the_grace_comes_the_other_signal() {
    let _watch = watch();
    let pool = pool(1);
    let gate = FileGate::new();
    let deaf = pool.submit(
        |ready: PathBuf| {
            ignore_sigterm();
            std::fs::write(ready, "").unwrap();
            spin(())
        },
        gate.file("ready"),
    );
    until(|| gate.file("ready").exists());
    pool.terminate_workers(Duration::from_millis(20)).unwrap();
    let outcome = deaf.result();
    let Err(TaskError::WorkerLost(lost)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(lost.exit(), WorkerExit::Signaled(libc::SIGKILL));
}

#[test]
fn p35_kill_sends_the_hard_signal() {
    let _watch = watch();
    let pool = pool(1);
    let gate = FileGate::new();
    let deaf = pool.submit(
        |ready: PathBuf| -> () {
            ignore_sigterm();
            std::fs::write(ready, "").unwrap();
            spin(())
        },
        gate.file("ready"),
    );
    until(|| gate.file("ready").exists());
    pool.kill_workers().unwrap();
    let outcome = deaf.result();
    let Err(TaskError::WorkerLost(lost)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(lost.exit(), WorkerExit::Signaled(libc::SIGKILL));
}

#[test]
fn p36_a_forced_stop_of_dead_workers() {
    let _watch = watch();
    let pool = pool(2);
    for pid in pool.stats().pids() {
        send(pid, libc::SIGKILL);
    }
    pool.kill_workers().unwrap();
    pool.terminate_workers(Duration::ZERO).unwrap();
}

#[test]
fn p37_a_forced_stop_of_workers_that_never_did_anything() {
    let _watch = watch();
    let pool = pool(2);
    let pids = pool.stats().pids();
    pool.kill_workers().unwrap();
    assert!(!pids.iter().any(|&pid| exists(pid)));
}

#[test]
fn p38_after_a_forced_stop_tasks_are_refused() {
    let _watch = watch();
    let pool = pool(1);
    pool.kill_workers().unwrap();
    let outcome = pool.submit(pid, ()).result();
    assert!(
        matches!(outcome, Err(TaskError::Rejected(Rejected::ShutDown { .. }))),
        "{outcome:?}"
    );
}

#[test]
fn p30_a_worker_that_ends_during_a_forced_stop_is_not_replaced() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(2)
        .max_tasks_per_worker(1)
        .build()
        .unwrap();
    let tasks: Vec<_> = (0..20).map(|_| pool.submit(pid, ())).collect();
    pool.terminate_workers(Duration::from_secs(3600)).unwrap();
    assert!(tasks.iter().all(|task| task.is_done()));
    assert!(pool.stats().pids().is_empty());
}

#[test]
fn p40_what_was_stopped_does_not_claim_to_be_finished() {
    let _watch = watch();
    let pool = pool(1);
    let running = pool.submit(spin, ());
    let queued = pool.submit(pid, ());
    until(|| running.is_running());
    pool.kill_workers().unwrap();
    assert!(matches!(running.result(), Err(TaskError::WorkerLost(_))));
    assert!(matches!(queued.result(), Err(TaskError::Cancelled)));
}

#[test]
fn kill_ends_one_task() {
    let _watch = watch();
    let pool = pool(1);
    let endless = pool.submit(spin, ());
    let behind: Vec<_> = (0..5u32).map(|n| pool.submit(|n: u32| n, n)).collect();
    until(|| endless.is_running());
    assert!(behind[4].kill(), "queued: cancelled");
    assert!(behind[4].is_cancelled());
    assert!(endless.kill());
    let outcome = endless.result();
    let Err(TaskError::WorkerLost(lost)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(lost.cause(), &LostCause::Killed);
    for (n, task) in behind.into_iter().take(4).enumerate() {
        assert_eq!(task.result().unwrap(), n as u32);
    }
    assert_eq!(pool.stats().deaths, 0, "a death by request is no strike");
}

#[test]
fn kill_is_stronger_than_a_handler() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(1)
        .kill_grace(Duration::from_millis(10))
        .build()
        .unwrap();
    let gate = FileGate::new();
    let deaf = pool.submit(
        |ready: PathBuf| -> () {
            ignore_sigterm();
            std::fs::write(ready, "").unwrap();
            spin(())
        },
        gate.file("ready"),
    );
    until(|| gate.file("ready").exists());
    assert!(deaf.kill());
    let outcome = deaf.result();
    let Err(TaskError::WorkerLost(lost)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(lost.exit(), WorkerExit::Signaled(libc::SIGKILL));
    pool.submit(pid, ()).result().unwrap();
}

#[test]
fn kill_of_a_task_that_is_done_or_of_a_thread() {
    let _watch = watch();
    let pool = pool(1);
    let done = pool.submit(pid, ());
    done.wait();
    assert!(!done.kill());
    let threads = raddle::ThreadPool::new(1).unwrap();
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let running = threads.spawn(move || wait.recv().is_ok());
    until(|| running.is_running());
    assert!(!running.kill());
    // One that waits for the thread is cancelled.
    let queued = threads.spawn(|| ());
    assert!(queued.kill());
    assert!(queued.is_cancelled());
    go_on.send(()).unwrap();
    assert!(running.result().unwrap());
}

#[test]
fn a_deadline_ends_what_runs_and_what_waits() {
    let _watch = watch();
    let pool = pool(1);
    let soon = Duration::from_millis(20);
    let runs = pool.task().name("runs").timeout(soon).submit(spin, ());
    let waits = pool.task().name("waits").timeout(soon).submit(spin, ());
    // Without a name, at an instant.
    let past = pool.task().deadline(Instant::now()).submit(spin, ());
    let far = pool.task().timeout(Duration::MAX).idempotent(1);
    assert!(matches!(runs.result(), Err(TaskError::TimedOut)));
    assert!(matches!(waits.result(), Err(TaskError::TimedOut)));
    let quick = pool
        .task()
        .name("quick")
        .timeout(Duration::from_secs(3600))
        .submit(pid, ());
    quick.result().unwrap();
    assert!(matches!(past.result(), Err(TaskError::TimedOut)));
    let far = far.submit(pid, ());
    assert_eq!(far.name(), None);
    far.result().unwrap();
    // Of the two the last call holds.
    let soon_or_late = pool
        .task()
        .deadline(Instant::now())
        .timeout(Duration::from_secs(3600));
    soon_or_late.submit(pid, ()).result().unwrap();
}

#[test]
fn s4_what_has_not_started_is_cancelled() {
    let _watch = watch();
    let pool = pool(1);
    let gate = FileGate::new();
    let running = pool.submit(wait_at, gate.path());
    let queued: Vec<_> = (0..10).map(|_| pool.submit(pid, ())).collect();
    until(|| running.is_running());
    pool.close(Shutdown::CancelPending);
    assert!(queued.iter().all(|task| task.is_cancelled()));
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    running.result().unwrap();
}

/// A submitter that sleeps because all lanes are full is told, and everything that was accepted has an end.
#[test]
fn s11_an_end_while_the_lanes_are_full() {
    let _watch = watch();
    for how in [Shutdown::Drain, Shutdown::CancelPending] {
        let pool = pool(1);
        let gate = FileGate::new();
        let running = pool.submit(wait_at, gate.path());
        until(|| running.is_running());
        let accepted = std::thread::scope(|s| {
            let submitter = s.spawn(|| {
                let mut accepted = Vec::new();
                loop {
                    let next = pool.submit(|n: u32| n, 1);
                    if matches!(next.error(), Some(TaskError::Rejected(_))) {
                        return accepted;
                    }
                    accepted.push(next);
                }
            });
            until(|| pool.stats().queued > 1000);
            pool.close(how);
            let accepted = submitter.join().unwrap();
            gate.open();
            accepted
        });
        pool.shutdown(how).unwrap();
        running.result().unwrap();
        for one in accepted {
            match one.result() {
                Ok(value) => assert_eq!(value, 1),
                Err(error) => assert!(
                    matches!(error, TaskError::Cancelled) && how == Shutdown::CancelPending,
                    "{error}"
                ),
            }
        }
    }
}

#[test]
fn s18_a_shutdown_that_takes_too_long_says_so() {
    let _watch = watch();
    let pool = pool(1);
    let gate = FileGate::new();
    let running = pool.submit(wait_at, gate.path());
    until(|| running.is_running());
    let late = pool.shutdown_timeout(Shutdown::Drain, Duration::from_millis(5));
    assert_eq!(
        late,
        Err(ShutdownError::TimedOut {
            running: 1,
            queued: 0
        })
    );
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
}

#[test]
fn s12_a_worker_dies_while_the_pool_drains() {
    let _watch = watch();
    let pool = pool(1);
    let gate = FileGate::new();
    let held = pool.submit(wait_at, gate.path());
    let bad = pool.submit(|()| -> () { std::process::abort() }, ());
    let good = pool.submit(|n: u32| n, 3);
    pool.close(Shutdown::Drain);
    gate.open();
    pool.shutdown(Shutdown::Drain).unwrap();
    held.result().unwrap();
    assert!(matches!(bad.result(), Err(TaskError::WorkerLost(_))));
    assert_eq!(good.result().unwrap(), 3);
}

#[test]
fn a_callback_cannot_wait_for_its_pools_end() {
    let _watch = watch();
    let pool = std::sync::Arc::new(pool(1));
    let (heard, said) = std::sync::mpsc::channel();
    let inside = std::sync::Arc::clone(&pool);
    drop({
        let task = pool.submit(pid, ());
        task.add_done_callback(move |_| heard.send(inside.shutdown(Shutdown::Drain)).unwrap());
        task
    });
    // On the pool's own thread, or here if the task was quicker than the callback.
    match said.recv().unwrap() {
        Ok(()) | Err(ShutdownError::InCallback { .. }) => {}
        Err(other) => panic!("{other}"),
    }
}
