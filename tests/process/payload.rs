//! What travels, and what does not.

use crate::kit::{pid, pool, watch};
use raddle::{Executor, PayloadStage, Rejected, TaskError, WorkerExit};
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
    // Zeroes that nobody touches take no memory.
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
