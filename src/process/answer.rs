//! What a worker has answered, and how its task is completed with it.

use super::error::{Details, LostCause, WorkerExit, WorkerLost};
use super::lane::Lane;
use super::memory::RegionSource;
use super::outcome::{self, Asked, Status};
use super::pool::Pool;
use crate::error::TaskError;
use crate::executor::Chunk;
use crate::future::cell::Raw;
use crate::future::panics;
use crate::future::task::{PromisedTask, Task};
use crate::report;
use crate::shm::{Region, Seq, Span};
use serde::de::DeserializeOwned;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Completes a task of one type with an answer. The task's result type is the function's.
pub type Finish = unsafe fn(Task, Answer<'_>);

/// What a worker has answered.
pub struct Answer<'a> {
    /// A [`Status`], if the worker is not wild.
    pub status: u32,
    pub bytes: Bytes<'a>,
    pub lane: &'a Lane,
    /// The task that the caller leads the lane for, if he does: he need not be woken. Who only looks at a task does not
    /// count: a leader may sleep for the same one.
    pub leads: Option<Raw>,
}

/// Where its payload lies.
pub enum Bytes<'a> {
    Private(&'a [u8]),
    /// Where the worker has written it, until the guard is dropped.
    Shared(Region<'a>, Reading<'a>),
}

/// A large answer that is being read; dropping it gives its memory back.
pub struct Reading<'a> {
    pub lane: &'a Lane,
    pub pool: &'a Pool,
    pub what: Large,
}

/// Whose memory it is.
pub enum Large {
    /// The worker's: the answer to this number.
    Answer(Seq),
    /// The parent's own: the argument, as it was.
    Argument(Span),
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        match self.what {
            Large::Answer(seq) => self.lane.shm.lock().release(seq),
            Large::Argument(span) => self.lane.shm.free(span),
        }
        self.pool.note_room();
    }
}

/// Completes a task of `submit` or `try_submit`.
///
/// # Safety
/// The task's result type is `R`.
pub unsafe fn finish_value<R: DeserializeOwned>(task: Task, answer: Answer<'_>) {
    // SAFETY: as the caller says.
    unsafe {
        finish::<R>(task, answer, |status, bytes, asked| match bytes {
            Bytes::Private(bytes) => outcome::value(status, bytes, asked),
            Bytes::Shared(region, _reading) => {
                outcome::value(status, RegionSource::new(region), asked)
            }
        });
    }
}

/// Completes a task of `submit_bytes`.
///
/// # Safety
/// The task's result type is `Vec<u8>`.
pub unsafe fn finish_bytes(task: Task, answer: Answer<'_>) {
    // SAFETY: as the caller says.
    unsafe {
        finish::<Vec<u8>>(task, answer, |status, bytes, asked| match bytes {
            Bytes::Private(bytes) => outcome::bytes(status, bytes, asked),
            Bytes::Shared(region, _reading) => {
                outcome::bytes(status, RegionSource::new(region), asked)
            }
        });
    }
}

/// Completes a task of `submit_chunk`.
///
/// # Safety
/// The task's result type is `Chunk<R>`.
pub unsafe fn finish_chunk<R: DeserializeOwned>(task: Task, answer: Answer<'_>) {
    // SAFETY: as the caller says.
    unsafe {
        finish::<Chunk<R>>(task, answer, |status, bytes, asked| match bytes {
            Bytes::Private(bytes) => outcome::chunk(status, bytes, asked),
            Bytes::Shared(region, _reading) => {
                outcome::chunk(status, RegionSource::new(region), asked)
            }
        });
    }
}

/// # Safety
/// The task's result type is `T`.
#[inline]
unsafe fn finish<T>(
    task: Task,
    answer: Answer<'_>,
    decode: impl FnOnce(Status, Bytes<'_>, Asked<'_>) -> Result<T, TaskError>,
) {
    let cell = task.raw();
    let Answer {
        status,
        bytes,
        lane,
        leads,
    } = answer;
    let asked = Asked {
        task: cell.name(),
        worker: &lane.name,
    };
    // UNWIND: the user's Deserialize: what it leaves half-made is its own.
    let decoded = catch_unwind(AssertUnwindSafe(|| match Status::from_number(status) {
        Some(status) => decode(status, bytes, asked),
        None => Err(wild(lane, cell.name())),
    }));
    let outcome = decoded
        .unwrap_or_else(|payload| Err(TaskError::Panicked(panics::report(payload, asked.task))));
    // SAFETY: as the caller says.
    let promised = unsafe { PromisedTask::<T>::from_task(task) };
    let attended = || {
        if leads != Some(cell) {
            lane.ring();
        }
    };
    if let Err(late) = promised.complete_telling(false, outcome, attended) {
        report::contain_drop("result", || drop(late));
    }
}

/// What a worker did is none of an answer.
fn wild(lane: &Lane, task: Option<&str>) -> TaskError {
    TaskError::WorkerLost(WorkerLost::new(Details {
        pid: lane.pid(),
        worker: lane.name.clone(),
        exit: WorkerExit::Unknown,
        cause: LostCause::Wild("its answer has no known status".to_owned()),
        task: task.map(ToOwned::to_owned),
        deaths: 1,
        stderr: None,
    }))
}
