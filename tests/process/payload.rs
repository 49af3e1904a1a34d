//! What travels, and what does not.

use crate::kit::{pid, pool, watch};
use raddle::process::{PayloadStage, WorkerExit};
use raddle::{Executor, ProcessPool, Rejected, Shutdown, TaskError};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Does what it is told when it is written or read: 1 fails, 2 exits, 3 aborts, 4 panics.
#[derive(Debug, PartialEq, Clone, Copy, Default)]
struct Trap {
    write: u8,
    read: u8,
}

fn spring(what: u8) -> Result<(), &'static str> {
    match what {
        1 => Err("no such luck"),
        2 => std::process::exit(7),
        3 => std::process::abort(),
        4 => panic!("sprung"),
        _ => Ok(()),
    }
}

impl Serialize for Trap {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        spring(self.write).map_err(S::Error::custom)?;
        (self.write, self.read).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Trap {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (write, read) = Deserialize::deserialize(from)?;
        spring(read).map_err(D::Error::custom)?;
        Ok(Self { write, read })
    }
}

#[test]
fn p6_what_serde_knows_crosses_and_comes_back() {
    let _watch = watch();
    let pool = pool(1);
    let value = (
        1u8,
        "weft".to_owned(),
        vec![1.5f64, -2.0],
        Some([1i32; 3]),
        (),
    );
    let back = pool.submit(
        |value: (u8, String, Vec<f64>, Option<[i32; 3]>, ())| value,
        value.clone(),
    );
    assert_eq!(back.result().unwrap(), value);
}

#[test]
fn p6_large_payloads_cross_both_ways() {
    let _watch = watch();
    let pool = pool(1);
    for length in [48, 49, 4096, 1 << 20, 40 << 20] {
        let bytes: Vec<u8> = (0..length).map(|n| n as u8).collect();
        let back = pool.submit(|bytes: Vec<u8>| bytes, bytes.clone());
        assert!(back.result().unwrap() == bytes, "{length} bytes");
    }
}

#[test]
fn p6_an_argument_that_no_lane_holds_is_refused() {
    let _watch = watch();
    let pool = pool(1);
    // Zeroes that are not touched take no memory.
    let outcome = pool
        .submit(|bytes: Vec<u8>| bytes.len(), vec![0; (2 << 30) + 1])
        .result();
    let Err(TaskError::Rejected(Rejected::TooLarge { bytes, limit })) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(bytes > limit && limit == 2 << 30, "{bytes} of {limit}");
    pool.submit(pid, ()).result().unwrap();
}

#[test]
fn p7_an_argument_that_cannot_be_written() {
    let _watch = watch();
    let pool = pool(1);
    for what in [1, 4] {
        let trap = Trap {
            write: what,
            read: 0,
        };
        let outcome = pool.submit(|_: Trap| (), trap).result();
        let Err(TaskError::Payload(error)) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(error.stage(), PayloadStage::EncodeArgument);
    }
    pool.submit(pid, ()).result().unwrap();
}

#[test]
fn p8_an_argument_that_cannot_be_read_costs_its_task_alone() {
    let _watch = watch();
    let pool = pool(1);
    let worker = pool.submit(pid, ()).result().unwrap();
    let outcome = pool
        .submit(|_: Trap| (), Trap { write: 0, read: 1 })
        .result();
    let Err(TaskError::Payload(error)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(error.stage(), PayloadStage::DecodeArgument);
    assert_eq!(
        pool.submit(pid, ()).result().unwrap(),
        worker,
        "the worker lives"
    );
}

#[test]
fn p9_an_exit_while_the_argument_is_read() {
    let _watch = watch();
    let pool = pool(1);
    let outcome = pool
        .submit(|_: Trap| (), Trap { write: 0, read: 2 })
        .result();
    let Err(TaskError::WorkerLost(lost)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(lost.exit(), WorkerExit::Exited(7));
    pool.submit(pid, ()).result().unwrap();
}

#[test]
fn p10_a_crash_while_the_argument_is_read() {
    let _watch = watch();
    let pool = pool(1);
    let outcome = pool
        .submit(|_: Trap| (), Trap { write: 0, read: 3 })
        .result();
    let Err(TaskError::WorkerLost(lost)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(lost.exit(), WorkerExit::Signaled(libc::SIGABRT));
    pool.submit(pid, ()).result().unwrap();
}

#[test]
fn p14_a_crash_while_the_result_is_written() {
    let _watch = watch();
    let pool = pool(1);
    let outcome = pool.submit(|()| Trap { write: 3, read: 0 }, ()).result();
    assert!(
        matches!(outcome, Err(TaskError::WorkerLost(_))),
        "{outcome:?}"
    );
    pool.submit(pid, ()).result().unwrap();
}

#[test]
fn p15_an_exit_while_the_result_is_written() {
    let _watch = watch();
    let pool = pool(1);
    let outcome = pool.submit(|()| Trap { write: 2, read: 0 }, ()).result();
    let Err(TaskError::WorkerLost(lost)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(lost.exit(), WorkerExit::Exited(7));
    pool.submit(pid, ()).result().unwrap();
}

#[test]
fn p16_a_result_that_cannot_be_written() {
    let _watch = watch();
    let pool = pool(1);
    let outcome = pool.submit(|()| Trap { write: 1, read: 0 }, ()).result();
    let Err(TaskError::Payload(error)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(error.stage(), PayloadStage::EncodeResult);
    pool.submit(pid, ()).result().unwrap();
}

#[test]
fn p17_a_result_that_cannot_be_read_costs_its_task_alone() {
    let _watch = watch();
    let pool = pool(1);
    let outcome = pool.submit(|()| Trap { write: 0, read: 1 }, ()).result();
    let Err(TaskError::Payload(error)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(error.stage(), PayloadStage::DecodeResult);
    let outcome = pool.submit(|()| Trap { write: 0, read: 4 }, ()).result();
    assert!(
        matches!(outcome, Err(TaskError::Panicked(_))),
        "{outcome:?}"
    );
    pool.submit(pid, ()).result().unwrap();
}

/// What `/proc/meminfo` says that programs could have, in bytes.
fn available_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap();
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    kilobytes.unwrap().parse::<u64>().unwrap() << 10
}

/// Bytes of which one in each page says where it is.
fn marked(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    for page in (0..length).step_by(4096) {
        bytes[page] = (page >> 12) as u8;
    }
    bytes
}

fn is_marked(bytes: &[u8]) -> bool {
    let mut pages = bytes.chunks(4096).enumerate();
    pages.all(|(page, bytes)| bytes[0] == page as u8 && bytes[1..].ends_with(&[0]))
}

/// It is in memory five times at once: here, in the worker, in both directions of the lane, and here again. Most of the
/// time goes into the kernel, which makes those pages.
#[test]
fn p6_a_gibibyte_crosses_and_comes_back() {
    let _watch = watch();
    if cfg!(debug_assertions) && std::env::var_os("RADDLE_GIBIBYTE").is_none() {
        eprintln!(
            "SKIPPED: 1 GiB there and back takes seconds: RADDLE_GIBIBYTE=1 cargo test --test process gibibyte"
        );
        return;
    }
    let available = available_memory();
    if available < 6 << 30 {
        eprintln!(
            "SKIPPED: 1 GiB there and back needs 6 GiB of memory, and {available} bytes are available"
        );
        return;
    }
    let pool = pool(1);
    let back = pool
        .submit(
            |mut bytes: Vec<u8>| {
                assert!(is_marked(&bytes));
                bytes[1] = 77;
                bytes
            },
            marked(1 << 30),
        )
        .result()
        .unwrap();
    assert_eq!((back.len(), back[1]), (1 << 30, 77));
    assert!(is_marked(&back));
    drop(back);
    pool.submit(pid, ()).result().unwrap();
}

fn trap(n: u8, sprung: u8) -> Trap {
    // Two in ten are no good.
    let what = if n % 5 == 3 { sprung } else { 0 };
    Trap {
        write: what,
        read: 0,
    }
}

#[test]
fn m22_an_argument_that_cannot_be_written_costs_no_neighbour() {
    let _watch = watch();
    let pool = pool(1);
    for what in [1, 4] {
        let args = (0..40).map(|n| trap(n, what));
        let outcomes: Vec<_> = pool.map(|trap: Trap| trap.write, args).chunk(10).collect();
        assert_eq!(outcomes.len(), 40);
        for (n, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(0) => assert_ne!(n % 5, 3),
                Err(TaskError::Payload(error)) => {
                    assert_eq!((n % 5, error.stage()), (3, PayloadStage::EncodeArgument));
                    assert!(error.type_name().ends_with("Trap"), "{error}");
                }
                other => panic!("{n}: {other:?}"),
            }
        }
    }
}

#[test]
fn m22_a_result_that_cannot_be_written_costs_no_neighbour() {
    let _watch = watch();
    let pool = pool(1);
    let worker = pool.submit(pid, ()).result().unwrap();
    let failing = |n: u8| trap(n, 1);
    let panicking = |n: u8| trap(n, 4);
    let failing: Vec<_> = pool.map(failing, 0..40).chunk(10).collect();
    let panicking: Vec<_> = pool.map(panicking, 0..40).chunk(10).collect();
    for outcomes in [failing, panicking] {
        assert_eq!(outcomes.len(), 40);
        for (n, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(Trap { write: 0, read: 0 }) => assert_ne!(n % 5, 3),
                Err(TaskError::Payload(error)) => {
                    assert_eq!((n % 5, error.stage()), (3, PayloadStage::EncodeResult));
                }
                Err(TaskError::Panicked(report)) => {
                    assert_eq!((n % 5, report.message()), (3, "sprung"));
                }
                other => panic!("{n}: {other:?}"),
            }
        }
    }
    // Mixed with errors of the task's own.
    let task = |n: u8| match n {
        2 => Err("two"),
        n => Ok(trap(n, 1)),
    };
    let outcomes: Vec<_> = pool.try_map(task, 0..5).chunk(5).collect();
    assert!(matches!(
        outcomes[..],
        [
            Ok(_),
            Ok(_),
            Err(TaskError::Failed(_)),
            Err(TaskError::Payload(_)),
            Ok(_)
        ]
    ));
    assert_eq!(pool.submit(pid, ()).result().unwrap(), worker);
}

#[test]
fn m22_what_cannot_be_read_costs_no_neighbour() {
    let _watch = watch();
    let pool = pool(1);
    let worker = pool.submit(pid, ()).result().unwrap();
    for what in [1, 4] {
        let args = (0..40).map(|n| turned(trap(n, what)));
        let there: Vec<_> = pool.map(|trap: Trap| trap, args).chunk(10).collect();
        // Decoding panics where the results are taken, too.
        let back: Vec<_> = match what {
            1 => pool
                .map(|n: u8| turned(trap(n, 1)), 0..40)
                .chunk(10)
                .collect(),
            _ => pool
                .map(|n: u8| turned(trap(n, 4)), 0..40)
                .chunk(10)
                .collect(),
        };
        for (outcomes, stage) in [
            (there, PayloadStage::DecodeArgument),
            (back, PayloadStage::DecodeResult),
        ] {
            assert_eq!(outcomes.len(), 40);
            for (n, outcome) in outcomes.into_iter().enumerate() {
                match outcome {
                    Ok(trap) => assert_eq!((trap, n % 5 == 3), (Trap::default(), false)),
                    Err(TaskError::Payload(error)) => {
                        assert_eq!((n % 5, error.stage(), what), (3, stage, 1));
                        assert!(error.type_name().ends_with("Trap"), "{error}");
                    }
                    Err(TaskError::Panicked(report)) => {
                        assert_eq!((n % 5, report.message(), what), (3, "sprung", 4));
                        // The panic hook keeps the place for tasks only.
                        let place = report.location().unwrap_or_default();
                        let in_task = stage == PayloadStage::DecodeArgument;
                        assert_eq!(place.contains("payload.rs:"), in_task, "{place}");
                    }
                    Err(other) => panic!("{n}: {other}"),
                }
            }
        }
    }
    assert_eq!(pool.submit(pid, ()).result().unwrap(), worker);
}

fn turned(Trap { write, read }: Trap) -> Trap {
    Trap {
        write: read,
        read: write,
    }
}

#[test]
fn m22_what_is_lost_with_its_worker_says_so_for_each_item() {
    let _watch = watch();
    let pool = pool(1);
    let task = |n: u32| {
        if n == 13 {
            std::process::exit(4);
        }
        n
    };
    let outcomes: Vec<_> = pool.map(task, 0..30).chunk(10).collect();
    assert_eq!(outcomes.len(), 30);
    for (n, outcome) in (0..).zip(outcomes) {
        match outcome {
            Ok(value) => assert_eq!(value, n),
            Err(TaskError::WorkerLost(lost)) => {
                assert_eq!((n / 10, lost.exit()), (1, WorkerExit::Exited(4)));
            }
            Err(other) => panic!("{n}: {other}"),
        }
    }
}

#[test]
fn s13_closing_with_an_argument_that_cannot_be_written() {
    let _watch = watch();
    let pool = pool(1);
    let good = pool.submit(|n: u32| n, 1);
    let bad = pool.submit(|_: Trap| (), Trap { write: 1, read: 0 });
    pool.close(Shutdown::Drain);
    let late = pool.submit(|_: Trap| (), Trap { write: 1, read: 0 });
    drop(pool);
    assert_eq!(good.result().unwrap(), 1);
    assert!(matches!(bad.result(), Err(TaskError::Payload(_))));
    assert!(matches!(
        late.result(),
        Err(TaskError::Rejected(Rejected::ShutDown { .. }))
    ));
}

#[test]
fn s14_closing_with_workers_that_leave_and_tasks_that_fail() {
    let _watch = watch();
    for read in [0, 1, 3] {
        let pool = ProcessPool::builder()
            .workers(1)
            .max_tasks_per_worker(1)
            .build()
            .unwrap();
        let good = pool.submit(|n: u32| n, 1);
        let bad: Vec<_> = [read, 4]
            .map(|read| pool.submit(|_: Trap| -> () { panic!("no") }, Trap { write: 0, read }))
            .into();
        let after = pool.submit(|n: u32| n, 2);
        pool.close(Shutdown::Drain);
        assert_eq!(good.result().unwrap(), 1);
        for bad in bad {
            bad.result().unwrap_err();
        }
        assert_eq!(after.result().unwrap(), 2);
        drop(pool);
    }
}
