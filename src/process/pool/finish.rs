//! Completes a task with its worker's reply: decodes the reply and stores the outcome.

use crate::error::TaskError;
use crate::error::worker_lost::{Details, LostCause, WorkerExit, WorkerLost};
use crate::executor::{Chunk, Payload};
use crate::future::task::{Ended, PromisedTask, Task};
use crate::process::pool::worker_id::WorkerId;
use crate::process::wire::outcome::{self, OutcomeContext, Status};
use crate::process::wire::region::RegionSource;
use crate::shm::Region;

/// Completes a task with a reply, except for its callbacks, which run when the returned [`Ended`] is dropped. The task must have
/// the result type that the function is for.
pub type Finish = unsafe fn(Task, &ReplyView<'_>) -> Ended;

/// A worker's reply while it is decoded.
pub struct ReplyView<'a> {
    /// The number of a [`Status`], unless the worker violated the protocol.
    pub status: u32,
    pub bytes: ReplyBytes<'a>,
    pub worker: &'a WorkerId,
}

/// Where the payload of a reply lies.
pub enum ReplyBytes<'a> {
    /// In the parent's own memory.
    Private(&'a [u8]),
    /// In memory that is shared with the worker.
    Shared(Region<'a>),
}

/// The [`Finish`] of `submit` and `try_submit`.
///
/// # Safety
/// The task's result type is `R`.
pub unsafe fn finish_value<R: Payload>(task: Task, reply_view: &ReplyView<'_>) -> Ended {
    // SAFETY: as the caller says.
    unsafe {
        finish::<R>(task, reply_view, |status, context| {
            match &reply_view.bytes {
                ReplyBytes::Private(bytes) => outcome::value(status, *bytes, context),
                ReplyBytes::Shared(region) => {
                    outcome::value(status, RegionSource::new(*region), context)
                }
            }
        })
    }
}

/// The [`Finish`] of `submit_bytes` and `try_submit_bytes`.
///
/// # Safety
/// The task's result type is `Vec<u8>`.
pub unsafe fn finish_bytes(task: Task, reply_view: &ReplyView<'_>) -> Ended {
    // SAFETY: as the caller says.
    unsafe {
        finish::<Vec<u8>>(task, reply_view, |status, context| {
            match &reply_view.bytes {
                ReplyBytes::Private(bytes) => outcome::bytes(status, *bytes, context),
                ReplyBytes::Shared(region) => {
                    outcome::bytes(status, RegionSource::new(*region), context)
                }
            }
        })
    }
}

/// The [`Finish`] of `submit_chunk`.
///
/// # Safety
/// The task's result type is `Chunk<R>`.
pub unsafe fn finish_chunk<R: Payload>(task: Task, reply_view: &ReplyView<'_>) -> Ended {
    // SAFETY: as the caller says.
    unsafe {
        finish::<Chunk<R>>(task, reply_view, |status, context| {
            match &reply_view.bytes {
                ReplyBytes::Private(bytes) => outcome::chunk(status, *bytes, context),
                ReplyBytes::Shared(region) => {
                    outcome::chunk(status, RegionSource::new(*region), context)
                }
            }
        })
    }
}

/// Completes the task with what `decode` makes of the reply.
///
/// # Safety
/// The task's result type is `T`.
#[inline(always)]
unsafe fn finish<T>(
    task: Task,
    reply_view: &ReplyView<'_>,
    decode: impl FnOnce(Status, OutcomeContext<'_>) -> Result<T, TaskError>,
) -> Ended {
    let cell = task.raw();
    // SAFETY: as the caller says.
    let promised = unsafe { PromisedTask::<T>::from_task(task) };
    // UNWIND: the user's Deserialize. Only its own values can be half-made.
    promised.end_with(|| match Status::from_number(reply_view.status) {
        Some(status) => {
            let context = OutcomeContext {
                task: cell.name(),
                worker: &reply_view.worker.name,
            };
            decode(status, context)
        }
        None => Err(unknown_status(reply_view.worker, cell.name())),
    })
}

/// The error for a reply whose status is no [`Status`].
#[cold]
fn unknown_status(worker: &WorkerId, task: Option<&str>) -> TaskError {
    TaskError::WorkerLost(WorkerLost::new(Details {
        pid: worker.pid(),
        worker: worker.name.clone(),
        exit: WorkerExit::Unknown,
        cause: LostCause::ProtocolViolation("its reply has no known status".to_owned()),
        task: task.map(ToOwned::to_owned),
        deaths: 1,
        stderr: None,
    }))
}
