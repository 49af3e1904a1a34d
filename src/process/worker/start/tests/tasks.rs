//! How a worker serves a request.

use super::raw::{CONTEXT, Raw};
use crate::codec::{PayloadReason, PayloadStage};
use crate::error::{BoxError, CodeError, TaskError};
use crate::process::wire::outcome::{self, Status};
use crate::process::worker::task_code::{self, of_chunk, of_submit, of_try_submit};
use crate::shm::Payload;
use serde::{Deserialize, Serialize};
use std::error::Error;

/// The entry of a task that is passed by value.
fn submit<A: crate::Payload, R: crate::Payload>(
    task: impl Fn(A) -> R + Copy + Send + 'static,
) -> Result<u64, CodeError> {
    fn of<F, A, R>(_: F) -> Result<u64, CodeError>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: crate::Payload,
        R: crate::Payload,
    {
        of_submit::<F, A, R>()
    }
    of(task)
}

fn double(n: u64) -> u64 {
    n * 2
}

#[test]
fn a_task_runs_in_another_process() {
    let raw = Raw::new();
    assert_eq!(raw.call::<_, u64>(submit(double), 21u64).unwrap(), 42);
    let pid: u32 = raw.call(submit(|()| std::process::id()), ()).unwrap();
    assert_eq!(pid, raw.started.process.pid());
    assert_ne!(pid, std::process::id());
}

#[test]
fn large_payloads_travel_both_ways() {
    let raw = Raw::new();
    let reverse = submit(|mut bytes: Vec<u8>| {
        bytes.reverse();
        bytes
    });
    for length in [0, 1, 40, 60, 4096, 10_000_000] {
        let bytes: Vec<u8> = (0..length).map(|n| (n * 7) as u8).collect();
        let mut expected = bytes.clone();
        expected.reverse();
        assert_eq!(
            raw.call::<_, Vec<u8>>(reverse.clone(), bytes).unwrap(),
            expected
        );
    }
}

#[test]
fn an_error_of_a_task_comes_with_its_sources() {
    fn parse(text: String) -> Result<i32, BoxError> {
        if text.is_empty() {
            return Err(std::io::Error::other("no text").into());
        }
        Ok(text.parse()?)
    }
    fn of<F, A, R, E>(_: F) -> Result<u64, CodeError>
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: crate::Payload,
        R: crate::Payload,
        E: Into<BoxError> + 'static,
    {
        of_try_submit::<F, A, R, E>()
    }
    let raw = Raw::new();
    assert_eq!(raw.call::<_, i32>(of(parse), "17").unwrap(), 17);
    let error = raw.call::<_, i32>(of(parse), "x").unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "the task failed: invalid digit found in string"
    );
    let error = raw.call::<_, i32>(of(parse), "").unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "no text");
}

#[test]
fn a_panic_costs_its_task_only() {
    let raw = Raw::new();
    let task = submit(|n: u32| if n == 0 { panic!("no such row") } else { n });
    let error = raw.call::<_, u32>(task.clone(), 0).unwrap_err();
    let TaskError::Panicked(report) = error else {
        panic!("{error}")
    };
    assert_eq!(report.message(), "no such row");
    assert!(report.location().unwrap().contains("tasks.rs:"));
    assert_eq!(raw.call::<_, u32>(task, 5).unwrap(), 5);
}

#[test]
fn each_item_of_a_chunk_has_its_outcome() {
    fn of<F, A, R>(_: F) -> Result<u64, CodeError>
    where
        F: Fn(A) -> Result<R, TaskError> + Copy + Send + 'static,
        A: crate::Payload,
        R: crate::Payload,
    {
        of_chunk::<F, A, R>()
    }
    let raw = Raw::new();
    let task = of(|n: u64| {
        if n == 3 {
            panic!("three")
        } else {
            Ok(double(n))
        }
    });
    raw.send(task.unwrap(), &vec![1u64, 2, 3, 4]);
    let reply = raw.next().unwrap();
    let Payload::Span(span) = reply.payload else {
        panic!("a report of a panic is longer than a slot")
    };
    let source = crate::process::wire::region::RegionSource::new(raw.lane.reply_region(span));
    let status = Status::from_number(reply.status).unwrap();
    let chunk = outcome::chunk::<u64>(status, source, CONTEXT).unwrap();
    let values: Vec<Option<u64>> = chunk.outcomes.into_iter().map(Result::ok).collect();
    assert_eq!(values, [Some(2), Some(4), None, Some(8)]);
}

/// Its number decides what it does when it is encoded or decoded.
#[derive(Clone, Debug)]
struct Odd(u8);

impl Serialize for Odd {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            1 => panic!("written"),
            2 => Err(serde::ser::Error::custom("not to be written")),
            n => serializer.serialize_u8(n),
        }
    }
}

impl<'de> Deserialize<'de> for Odd {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            3 => panic!("read"),
            4 => Err(serde::de::Error::custom("not to be read")),
            n => Ok(Self(n)),
        }
    }
}

#[test]
fn a_payload_that_cannot_travel_costs_its_task_only() {
    let raw = Raw::new();
    let make = submit(|n: u8| Odd(n));
    let take = submit(|odd: Odd| odd.0);
    let payload = |error: TaskError| match error {
        TaskError::Payload(error) => (error.stage(), error.reason().clone()),
        other => panic!("{other}"),
    };
    let panicked = |error: TaskError| match error {
        TaskError::Panicked(report) => report.message().to_owned(),
        other => panic!("{other}"),
    };
    let error = raw.call::<_, Odd>(make.clone(), 1u8).unwrap_err();
    assert_eq!(panicked(error), "written");
    let error = raw.call::<_, Odd>(make.clone(), 2u8).unwrap_err();
    let reason = PayloadReason::Custom("not to be written".to_owned());
    assert_eq!(payload(error), (PayloadStage::EncodeResult, reason));
    let error = raw.call::<_, u8>(take.clone(), Odd(3)).unwrap_err();
    assert_eq!(panicked(error), "read");
    let error = raw.call::<_, u8>(take.clone(), Odd(4)).unwrap_err();
    let reason = PayloadReason::Custom("not to be read".to_owned());
    assert_eq!(payload(error), (PayloadStage::DecodeArgument, reason));
    assert_eq!(raw.call::<_, u8>(take, Odd(9)).unwrap(), 9);
}

/// The second half of a large reply fails to encode: its memory is used again.
#[test]
fn a_half_written_reply_is_never_seen() {
    #[derive(Clone, Debug)]
    struct Fragile;
    impl Serialize for Fragile {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use crate::sync::unmodelled::{AtomicU32, Ordering};
            static CALLS: AtomicU32 = AtomicU32::new(0);
            // ORDERING: test.calls Relaxed: one thread.
            assert!(
                CALLS.fetch_add(1, Ordering::Relaxed) == 0,
                "the second time"
            );
            serializer.serialize_u8(0)
        }
    }
    impl<'de> Deserialize<'de> for Fragile {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            u8::deserialize(deserializer).map(|_| Self)
        }
    }
    let raw = Raw::new();
    // The size is computed without a panic, and then the encoding panics.
    let task = submit(|()| (vec![7u8; 100_000], Fragile));
    let error = raw.call::<_, (Vec<u8>, Fragile)>(task, ()).unwrap_err();
    assert!(error.to_string().contains("the second time"), "{error}");
    let bytes = raw
        .call::<_, Vec<u8>>(submit(|()| vec![8u8; 100_000]), ())
        .unwrap();
    assert_eq!(bytes, vec![8; 100_000]);
}

#[test]
fn a_task_sees_the_request_to_stop() {
    let raw = Raw::new();
    let task = submit(|()| {
        let mut rounds = 0u64;
        while !crate::cancel_requested() {
            rounds += 1;
        }
        rounds
    });
    let seq = raw.send(task.unwrap(), &());
    while !raw.lane.is_claimed(seq) {
        crate::sync::hint::spin_loop();
    }
    raw.lane.request_stop(seq);
    let reply = raw.next().unwrap();
    raw.read::<u64>(&reply).unwrap();
    let context = raw.call::<_, bool>(submit(|()| crate::cancel_requested()), ());
    assert!(!context.unwrap(), "the next task is another one");
}

#[test]
fn an_entry_that_is_no_code_is_refused() {
    let raw = Raw::new();
    // The first leads to code of this crate that is no task.
    for entry in [task_code::NONE, 8, 1 << 40, u64::MAX / 2] {
        raw.send(entry, &());
        let reply = raw.next().unwrap();
        assert_eq!(reply.status, Status::NoSuchCode as u32);
        assert!(raw.read::<()>(&reply).is_err());
    }
    assert_eq!(raw.call::<_, u64>(submit(double), 1u64).unwrap(), 2);
}

#[test]
fn an_offset_leads_back_to_its_entry() {
    let offset = submit(double).unwrap();
    // SAFETY: an offset of `of_submit` in this very process.
    assert!(unsafe { task_code::resolve(offset) }.is_some());
    assert_eq!(submit(double).unwrap(), offset);
    assert_ne!(submit(|n: u64| n * 3).unwrap(), offset);
}
