//! What a worker is told before its first task.

use crate::kit::{FileGate, lines, note, until, watch};
use raddle::executor::WorkerInfo;
use raddle::process::{Limit, Output, PayloadReason};
use raddle::{BoxError, BuildError, Executor, Pin, ProcessPool, Rejected, TaskError};
use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

std::thread_local! {
    static READY: Cell<u32> = const { Cell::new(0) };
}

fn get_ready(worker: &WorkerInfo) -> Result<(), BoxError> {
    assert!(worker.index < 2 && worker.name.ends_with(&format!("-{}", worker.index)));
    READY.set(READY.get() + 1);
    Ok(())
}

fn refuse(_: &WorkerInfo) -> Result<(), BoxError> {
    Err("there is no database".into())
}

fn leave_a_note(_: &WorkerInfo) {
    let notes = std::env::var_os("NOTES").expect("a file");
    note(&PathBuf::from(notes), "bye");
}

#[test]
fn p33_the_start_hook_runs_in_each_worker_once() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(2)
        .on_start(get_ready)
        .sandbox(get_ready)
        .build()
        .unwrap();
    for _ in 0..10 {
        assert_eq!(pool.submit(|()| READY.get(), ()).result().unwrap(), 2);
    }
    assert_eq!(READY.get(), 0, "and not here");
}

#[test]
fn p33_a_failing_start_hook_fails_the_build() {
    let _watch = watch();
    for builder in [
        ProcessPool::builder().workers(2).on_start(refuse),
        ProcessPool::builder().workers(2).sandbox(refuse),
        ProcessPool::builder()
            .workers(1)
            .on_start(|_| panic!("there is no database")),
    ] {
        let why = builder.build().unwrap_err().to_string();
        assert!(why.contains("there is no database"), "{why}");
    }
}

#[test]
fn p33_a_start_hook_that_never_returns_fails_the_build() {
    let _watch = watch();
    for builder in [
        ProcessPool::builder().on_start(|_| {
            loop {
                std::thread::park();
            }
        }),
        ProcessPool::builder().sandbox(|_| {
            loop {
                std::thread::park();
            }
        }),
    ] {
        let limit = Duration::from_millis(50);
        let why = builder.workers(2).start_timeout(limit).build();
        let why = why.unwrap_err().to_string();
        assert!(
            why.contains("not ready after 50ms") && why.contains("start_timeout"),
            "{why}"
        );
    }
}

#[test]
fn the_stop_hook_runs_at_an_orderly_end() {
    let _watch = watch();
    let gate = FileGate::new();
    let notes = gate.file("notes");
    let pool = ProcessPool::builder()
        .workers(2)
        .env("NOTES", &notes)
        .on_stop(leave_a_note)
        .build()
        .unwrap();
    drop(pool);
    assert_eq!(lines(&notes), 2);
}

#[test]
fn p45_environment_directory_and_limits_are_explicit() {
    let _watch = watch();
    // SAFETY: numbers.
    let before = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
    let directory = tempfile::tempdir().unwrap();
    let pool = ProcessPool::builder()
        .workers(1)
        .env("WEFT", "blue")
        .env_remove("HOME")
        .current_dir(directory.path())
        .limit(Limit::OpenFiles(100))
        .nice(3)
        .pin(Pin::Cores)
        .stdout(Output::Null)
        .build()
        .unwrap();
    let (weft, home, place) = pool
        .submit(
            |()| {
                (
                    std::env::var("WEFT").ok(),
                    std::env::var("HOME").ok(),
                    std::env::current_dir().unwrap(),
                )
            },
            (),
        )
        .result()
        .unwrap();
    assert_eq!((weft.as_deref(), home), (Some("blue"), None));
    assert_eq!(place, directory.path().canonicalize().unwrap());
    let (files, nice) = pool
        .submit(
            |()| {
                let mut limit = libc::rlimit {
                    rlim_cur: 0,
                    rlim_max: 0,
                };
                // SAFETY: fills the struct.
                unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
                // SAFETY: numbers.
                (limit.rlim_cur, unsafe {
                    libc::getpriority(libc::PRIO_PROCESS, 0)
                })
            },
            (),
        )
        .result()
        .unwrap();
    assert_eq!(files, 100);
    assert_eq!(nice, (before + 3).min(19));
}

#[test]
fn p45_a_limit_on_memory_is_kept() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(1)
        .limit(Limit::Data(256 << 20))
        .build()
        .unwrap();
    let greedy = pool.submit(|()| vec![1u8; 1 << 30].len(), ());
    let outcome = greedy.result();
    assert!(
        matches!(outcome, Err(TaskError::WorkerLost(_))),
        "{outcome:?}"
    );
    assert_eq!(pool.submit(|n: u8| n, 1).result().unwrap(), 1);
}

#[test]
fn p45_what_a_worker_prints_can_be_captured() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(1)
        .stdout(Output::Captured)
        .stderr(Output::Captured)
        .build()
        .unwrap();
    // Far more than a pipe holds: the worker would stop if the parent did not read.
    let task = pool.submit(
        |()| {
            for _ in 0..10_000 {
                eprintln!("a line that is long enough to fill a pipe after some thousand times");
                println!("another one");
            }
        },
        (),
    );
    until(|| task.is_done());
    task.result().unwrap();
}

#[test]
fn an_arena_bounds_what_goes_to_and_fro() {
    let _watch = watch();
    // No power of two: what goes in is.
    let pool = ProcessPool::builder()
        .workers(1)
        .arena(3 << 19)
        .build()
        .unwrap();
    let limit = 1 << 20;
    let fill = |len: usize| vec![7u8; len];
    let most = limit - 8;
    for _ in 0..3 {
        let there = pool.submit(|bytes: Vec<u8>| bytes.len(), vec![1; most]);
        assert_eq!(there.result().unwrap(), most);
        assert_eq!(pool.submit(fill, most).result().unwrap().len(), most);
        // Its successor has as much.
        let lost = pool.submit(|()| std::process::exit(1), ());
        let lost: Result<(), _> = lost.result();
        assert!(matches!(lost, Err(TaskError::WorkerLost(_))), "{lost:?}");
    }
    let Err(TaskError::Rejected(why)) = pool.submit(|_: Vec<u8>| (), vec![1; limit]).result()
    else {
        panic!("it fits")
    };
    assert!(matches!(why, Rejected::TooLarge { limit: told, .. } if told == limit));
    assert!(
        why.to_string().contains("ProcessPoolBuilder::arena"),
        "{why}"
    );
    let Err(TaskError::Payload(error)) = pool.submit(fill, limit).result() else {
        panic!("it fits")
    };
    assert_eq!(error.reason(), &PayloadReason::NoRoom { limit });
    assert!(
        error.to_string().contains("ProcessPoolBuilder::arena"),
        "{error}"
    );
    let out = pool.submit_bytes(|bytes| bytes.out(2 << 20), b"");
    let Err(TaskError::Panicked(report)) = out.result() else {
        panic!("it fits")
    };
    assert!(
        report.message().contains("ProcessPoolBuilder::arena"),
        "{report}"
    );
}

#[test]
fn an_arena_that_cannot_be_is_an_error_of_build() {
    for bytes in [0, 65_535, usize::MAX] {
        let error = ProcessPool::builder().workers(1).arena(bytes).build();
        assert!(
            matches!(error, Err(BuildError::BadArena { bytes: told, .. }) if told == bytes),
            "{error:?}"
        );
    }
}
