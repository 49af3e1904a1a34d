//! What a task does to its process, it does to that one alone.

use crate::kit::{FileGate, lines, note, pid, pool, send, until, wait_at, watch};
use raddle::process::{LostCause, Output, WhenWorkerDies, WorkerExit};
use raddle::{Executor, ProcessPool, Rejected, TaskError};
use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

fn segfault(_: ()) {
    // SAFETY: none: the crash is the test.
    unsafe { std::ptr::without_provenance_mut::<u8>(8).write_volatile(1) };
}

#[test]
fn p11_a_segfault_costs_one_task() {
    let _watch = watch();
    let pool = pool(1);
    let gate = FileGate::new();
    let held = pool.submit(wait_at, gate.path());
    let bad = pool.submit(segfault, ());
    let behind: Vec<_> = (0..20u32).map(|n| pool.submit(|n: u32| n, n)).collect();
    gate.open();
    held.result().unwrap();
    let outcome = bad.result();
    let Err(TaskError::WorkerLost(lost)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(lost.exit(), WorkerExit::Signaled(libc::SIGSEGV));
    assert_eq!(lost.cause(), &LostCause::Died);
    for (n, task) in behind.into_iter().enumerate() {
        assert_eq!(task.result().unwrap(), n as u32, "queued behind it");
    }
    let stats = pool.stats();
    assert_eq!((stats.deaths, stats.replacements), (1, 1));
}

#[test]
fn p12_exit_in_a_task_is_the_death_of_its_worker() {
    let _watch = watch();
    let pool = pool(1);
    for code in [0, 3] {
        let outcome = pool
            .task()
            .name("leave")
            .submit(|code: i32| -> () { std::process::exit(code) }, code)
            .result();
        let Err(TaskError::WorkerLost(lost)) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(lost.exit(), WorkerExit::Exited(code));
        assert_eq!(lost.task(), Some("leave"));
    }
    pool.submit(pid, ()).result().unwrap();
}

#[test]
fn x6_an_error_keeps_its_sources() {
    let _watch = watch();
    let pool = pool(1);
    let task = |()| -> Result<(), std::io::Error> {
        let why = "x".parse::<u8>().unwrap_err();
        Err(std::io::Error::other(Outer(why)))
    };
    let error = pool.try_submit(task, ()).result().unwrap_err();
    let mut texts = Vec::new();
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = next {
        texts.push(error.to_string());
        next = error.source();
    }
    let told = [
        "the task failed",
        "no number of rows",
        "invalid digit found in string",
    ];
    assert_eq!(texts, told);
}

#[derive(Debug)]
struct Outer(std::num::ParseIntError);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no number of rows")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn p13_a_panic_is_its_tasks_error() {
    let _watch = watch();
    let pool = pool(1);
    let worker = pool.submit(pid, ()).result().unwrap();
    let outcome = pool
        .submit(|n: u32| -> u32 { panic!("no row {n}") }, 3)
        .result();
    let Err(TaskError::Panicked(report)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(report.message(), "no row 3");
    let failed = pool
        .try_submit(|word: String| word.parse::<u32>(), "x".to_owned())
        .result();
    assert!(matches!(failed, Err(TaskError::Failed(_))), "{failed:?}");
    assert_eq!(pool.submit(pid, ()).result().unwrap(), worker);
}

#[test]
fn p18_a_death_within_a_large_payload_hangs_nobody() {
    let _watch = watch();
    let pool = pool(1);
    let big = vec![1u8; 32 << 20];
    for _ in 0..3 {
        let echo = pool.submit(|bytes: Vec<u8>| bytes, big.clone());
        send(
            pool.stats()
                .pids()
                .first()
                .copied()
                .unwrap_or(0)
                .max(1 << 30),
            0,
        );
        for pid in pool.stats().pids() {
            send(pid, libc::SIGKILL);
        }
        match echo.result() {
            Ok(back) => assert!(back == big),
            Err(error) => assert!(matches!(error, TaskError::WorkerLost(_)), "{error}"),
        }
    }
    assert_eq!(
        pool.submit(|bytes: Vec<u8>| bytes.len(), big)
            .result()
            .unwrap(),
        32 << 20
    );
}

#[test]
fn p20_a_kill_from_outside_costs_the_running_task() {
    let _watch = watch();
    let pool = pool(1);
    let gate = FileGate::new();
    let running = pool.submit(wait_at, gate.path());
    let queued = pool.submit(|n: u32| n, 5);
    until(|| running.is_running());
    let worker = pool.stats().pids()[0];
    send(worker, libc::SIGKILL);
    let outcome = running.result();
    let Err(TaskError::WorkerLost(lost)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (lost.pid(), lost.exit()),
        (worker, WorkerExit::Signaled(libc::SIGKILL))
    );
    assert_eq!(queued.result().unwrap(), 5);
    assert_ne!(pool.submit(pid, ()).result().unwrap(), worker);
}

#[test]
fn p20_an_idle_worker_that_dies_is_replaced() {
    let _watch = watch();
    let pool = pool(1);
    let worker = pool.submit(pid, ()).result().unwrap();
    send(worker, libc::SIGKILL);
    until(|| {
        pool.stats()
            .pids()
            .first()
            .is_some_and(|&pid| pid != worker)
    });
    assert_ne!(pool.submit(pid, ()).result().unwrap(), worker);
}

#[test]
fn p20_the_policy_that_breaks_the_pool() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(2)
        .name("frail")
        .when_worker_dies(WhenWorkerDies::BreakPool)
        .build()
        .unwrap();
    let gate = FileGate::new();
    let held: Vec<_> = (0..2).map(|_| pool.submit(wait_at, gate.path())).collect();
    until(|| held.iter().all(|task| task.is_running()));
    let queued = pool.submit(pid, ());
    send(pool.stats().pids()[0], libc::SIGKILL);
    let outcome = queued.result();
    assert!(
        matches!(&outcome, Err(TaskError::Rejected(Rejected::Broken { pool, .. })) if pool == "frail"),
        "{outcome:?}"
    );
    for task in held {
        task.result().unwrap_err();
    }
    let later = pool.submit(pid, ()).result();
    assert!(
        matches!(later, Err(TaskError::Rejected(Rejected::Broken { .. }))),
        "{later:?}"
    );
}

#[test]
fn p21_each_future_has_an_error_of_its_own() {
    let _watch = watch();
    let pool = pool(2);
    let bad: Vec<_> = (1..4)
        .map(|code| pool.submit(|code: i32| -> () { std::process::exit(code) }, code))
        .collect();
    for (code, task) in (1..4).zip(bad) {
        let outcome = task.result();
        let Err(TaskError::WorkerLost(lost)) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(lost.exit(), WorkerExit::Exited(code));
    }
}

#[test]
fn p22_the_error_says_who_died_and_what_it_said() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(1)
        .name("told")
        .stderr(Output::Captured)
        .build()
        .unwrap();
    let worker = pool.submit(pid, ()).result().unwrap();
    let task = pool.task().name("speak").submit(
        |()| -> () {
            eprintln!("the disk is gone");
            std::process::abort()
        },
        (),
    );
    let outcome = task.result();
    let Err(TaskError::WorkerLost(lost)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (lost.pid(), lost.worker(), lost.task()),
        (worker, "told-0", Some("speak"))
    );
    assert!(lost.stderr().unwrap().contains("the disk is gone"));
    let text = lost.to_string();
    assert!(
        text.contains("SIGABRT") && text.contains("speak") && text.contains("disk"),
        "{text}"
    );
}

/// Sums the numbers up to `n` on the stack.
fn descend(n: u64) -> u64 {
    let frame = std::hint::black_box([n; 64]);
    match n {
        0 => 0,
        n => frame[7] + descend(std::hint::black_box(n - 1)),
    }
}

#[test]
fn p22_a_worker_says_that_its_stack_has_overflowed() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(1)
        .stderr(Output::Captured)
        .build()
        .unwrap();
    assert_eq!(pool.submit(descend, 100).result().unwrap(), 5_050);
    // Each worker, and not only the first.
    for _ in 0..2 {
        let outcome = pool.submit(descend, u64::MAX).result();
        let Err(TaskError::WorkerLost(lost)) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(lost.exit(), WorkerExit::Signaled(libc::SIGABRT));
        let said = lost.stderr().unwrap();
        assert!(said.contains("has overflowed its stack"), "{said}");
    }
}

#[test]
fn p23_the_panics_place_travels() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(1)
        .name("far")
        .build()
        .unwrap();
    let outcome = pool
        .task()
        .name("load")
        .submit(|()| -> u8 { panic!("gone") }, ())
        .result();
    let Err(TaskError::Panicked(report)) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(report.location().unwrap().contains("crash.rs:"));
    assert_eq!(
        (report.task(), report.worker()),
        (Some("load"), Some("far-0"))
    );
}

#[test]
fn an_idempotent_task_is_tried_again() {
    let _watch = watch();
    let pool = pool(1);
    let gate = FileGate::new();
    let file = gate.file("tries");
    let task = pool.task().name("shy").idempotent(3).submit(
        |file: PathBuf| {
            note(&file, "try");
            if lines(&file) < 3 {
                std::process::abort();
            }
            "done".to_owned()
        },
        file.clone(),
    );
    assert_eq!(task.result().unwrap(), "done");
    assert_eq!(lines(&file), 3);
}

#[test]
fn a_poison_task_is_not_tried_for_ever() {
    let _watch = watch();
    let pool = pool(1);
    let poison = pool
        .task()
        .name("poison")
        .idempotent(2)
        .submit(|()| -> () { std::process::abort() }, ());
    let outcome = poison.result();
    let Err(TaskError::WorkerLost(lost)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(lost.deaths(), 3, "the first time and two retries");
    pool.submit(pid, ()).result().unwrap();
}

#[test]
fn a_crash_loop_breaks_the_pool() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(1)
        .restarts(3, Duration::from_secs(3600))
        .build()
        .unwrap();
    let bad: Vec<_> = (0..10)
        .map(|_| pool.submit(|()| -> () { std::process::abort() }, ()))
        .collect();
    let errors: Vec<_> = bad
        .into_iter()
        .map(|task| task.result().unwrap_err())
        .collect();
    let lost = errors
        .iter()
        .filter(|error| matches!(error, TaskError::WorkerLost(_)))
        .count();
    assert_eq!(lost, 4, "{errors:?}");
    let broken = |error: &TaskError| matches!(error, TaskError::Rejected(Rejected::Broken { .. }));
    assert!(errors[4..].iter().all(broken), "{errors:?}");
}

/// Row M18 for a pool that breaks. Endless inputs: what never ends would hang.
#[test]
fn m18_a_map_ends_when_its_pool_breaks() {
    let _watch = watch();
    let frail = || {
        ProcessPool::builder()
            .workers(2)
            .when_worker_dies(WhenWorkerDies::BreakPool)
            .build()
            .unwrap()
    };
    fn ends_at_ten(n: u64) -> u64 {
        if n == 10 {
            std::process::abort()
        }
        n
    }
    let is_broken =
        |error: &TaskError| matches!(error, TaskError::Rejected(Rejected::Broken { .. }));

    let pool = frail();
    let outcomes: Vec<_> = pool.map(ends_at_ten, 0..).chunk(1).collect();
    let (last, before) = outcomes.split_last().unwrap();
    assert!(last.as_ref().is_err_and(is_broken), "{last:?}");
    for (n, outcome) in before.iter().enumerate() {
        match outcome {
            Ok(value) => assert_eq!(*value, n as u64),
            Err(error) => assert!(n == 10 && matches!(error, TaskError::WorkerLost(_))),
        }
    }
    let outcomes: Vec<_> = pool.map(ends_at_ten, 0..).collect();
    assert!(outcomes.len() == 1 && outcomes[0].as_ref().is_err_and(is_broken));
    let outcomes: Vec<_> = pool.map_unordered(ends_at_ten, 0..).collect();
    assert!(outcomes.len() == 1 && outcomes[0].0 == 0);
    assert!(outcomes[0].1.as_ref().is_err_and(is_broken));

    let pool = frail();
    let mut outcomes: Vec<_> = pool.map_unordered(ends_at_ten, 0..).chunk(1).collect();
    let (end, last) = outcomes.pop().unwrap();
    assert!(last.is_err_and(|error| is_broken(&error)));
    let mut seen = HashSet::new();
    for (index, outcome) in outcomes {
        assert!(index != end && seen.insert(index));
        match outcome {
            Ok(value) => assert_eq!(value, index as u64),
            Err(error) => assert!(index == 10 && matches!(error, TaskError::WorkerLost(_))),
        }
    }
    assert!(
        (0..end).all(|index| seen.contains(&index)),
        "the index of the first that was refused"
    );
}

#[test]
fn callbacks_hear_of_a_death() {
    let _watch = watch();
    let pool = pool(1);
    let (heard, said) = std::sync::mpsc::channel();
    pool.submit(|()| -> () { std::process::abort() }, ())
        .add_done_callback(move |outcome| heard.send(outcome.unwrap_err().to_string()).unwrap());
    assert!(said.recv().unwrap().contains("SIGABRT"));
}
