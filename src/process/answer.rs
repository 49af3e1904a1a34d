//! What a worker has answered, and how its task is completed with it.

use super::error::{Details, LostCause, WorkerExit, WorkerLost};
use super::lane::Lane;
use super::memory::RegionSource;
use super::outcome::{self, Asked, Status};
use crate::error::TaskError;
use crate::executor::Chunk;
use crate::executor::Payload;
use crate::future::task::{Ended, PromisedTask, Task};
use crate::shm::{Region, Seq, Span};

/// Completes a task of one type with an answer, all but its callbacks. The task's result type is the function's.
pub type Finish = unsafe fn(Task, &Answer<'_>) -> Ended;

/// What a worker has answered.
pub struct Answer<'a> {
    /// A [`Status`], if the worker is not wild.
    pub status: u32,
    pub bytes: Bytes<'a>,
    pub lane: &'a Lane,
}

/// Where its payload lies.
pub enum Bytes<'a> {
    Private(&'a [u8]),
    /// Where the worker has written it.
    Shared(Region<'a>),
}

/// A large answer that is being read; dropping it gives its memory back.
pub struct Reading<'a> {
    pub lane: &'a Lane,
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
        let wanted = match self.what {
            Large::Answer(seq) => {
                let mut locked = self.lane.shm.lock();
                locked.release(seq);
                locked.data().wanting > 0
            }
            Large::Argument(span) => {
                self.lane.shm.free(span);
                self.lane.shm.lock().data().wanting > 0
            }
        };
        if wanted {
            self.lane.call_for_room();
        }
    }
}

/// Completes a task of `submit` or `try_submit`.
///
/// # Safety
/// The task's result type is `R`.
pub unsafe fn finish_value<R: Payload>(task: Task, answer: &Answer<'_>) -> Ended {
    // SAFETY: as the caller says.
    unsafe {
        finish::<R>(task, answer, |status, asked| match &answer.bytes {
            Bytes::Private(bytes) => outcome::value(status, *bytes, asked),
            Bytes::Shared(region) => outcome::value(status, RegionSource::new(*region), asked),
        })
    }
}

/// Completes a task of `submit_bytes`.
///
/// # Safety
/// The task's result type is `Vec<u8>`.
pub unsafe fn finish_bytes(task: Task, answer: &Answer<'_>) -> Ended {
    // SAFETY: as the caller says.
    unsafe {
        finish::<Vec<u8>>(task, answer, |status, asked| match &answer.bytes {
            Bytes::Private(bytes) => outcome::bytes(status, *bytes, asked),
            Bytes::Shared(region) => outcome::bytes(status, RegionSource::new(*region), asked),
        })
    }
}

/// Completes a task of `submit_chunk`.
///
/// # Safety
/// The task's result type is `Chunk<R>`.
pub unsafe fn finish_chunk<R: Payload>(task: Task, answer: &Answer<'_>) -> Ended {
    // SAFETY: as the caller says.
    unsafe {
        finish::<Chunk<R>>(task, answer, |status, asked| match &answer.bytes {
            Bytes::Private(bytes) => outcome::chunk(status, *bytes, asked),
            Bytes::Shared(region) => outcome::chunk(status, RegionSource::new(*region), asked),
        })
    }
}

/// # Safety
/// The task's result type is `T`.
#[inline(always)]
unsafe fn finish<T>(
    task: Task,
    answer: &Answer<'_>,
    decode: impl FnOnce(Status, Asked<'_>) -> Result<T, TaskError>,
) -> Ended {
    let cell = task.raw();
    // SAFETY: as the caller says.
    let promised = unsafe { PromisedTask::<T>::from_task(task) };
    // UNWIND: the user's Deserialize: what it leaves half-made is its own.
    promised.end_with(|| match Status::from_number(answer.status) {
        Some(status) => {
            let asked = Asked {
                task: cell.name(),
                worker: &answer.lane.name,
            };
            decode(status, asked)
        }
        None => Err(wild(answer.lane, cell.name())),
    })
}

/// What a worker did is none of an answer.
#[cold]
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
