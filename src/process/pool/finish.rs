//! What a worker has answered, and how its task is completed with it.

use crate::error::TaskError;
use crate::error::worker_lost::{Details, LostCause, WorkerExit, WorkerLost};
use crate::executor::{Chunk, Payload};
use crate::future::task::{Ended, PromisedTask, Task};
use crate::process::wire::outcome::{self, OutcomeContext, Status};
use crate::process::wire::region::RegionSource;
use crate::shm::Region;
use crate::sync::atomic::{AtomicU32, Ordering::*};

/// Completes a task of one type with an reply_view, all but its callbacks. The task's result type is the function's.
pub type Finish = unsafe fn(Task, &ReplyView<'_>) -> Ended;

/// The worker of a lane.
pub struct WorkerId {
    pub name: String,
    /// The worker's process id; 0 if there is none that is ready.
    pid: AtomicU32,
}

impl WorkerId {
    pub fn new(name: String) -> Self {
        let pid = AtomicU32::new(0);
        Self { name, pid }
    }

    #[inline]
    pub fn pid(&self) -> u32 {
        // ORDERING: lane.pid Relaxed: a number.
        self.pid.load(Relaxed)
    }

    /// A worker is ready, or (0) gone.
    pub fn set_pid(&self, pid: u32) {
        // ORDERING: lane.set-pid Relaxed: as lane.pid.
        self.pid.store(pid, Relaxed);
    }
}

/// What a worker has answered.
pub struct ReplyView<'a> {
    /// A [`Status`], if the worker is not wild.
    pub status: u32,
    pub bytes: ReplyBytes<'a>,
    pub worker: &'a WorkerId,
}

/// Where its payload lies.
pub enum ReplyBytes<'a> {
    Private(&'a [u8]),
    /// Where the worker has written it.
    Shared(Region<'a>),
}

/// Completes a task of `submit` or `try_submit`.
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

/// Completes a task of `submit_bytes`.
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

/// Completes a task of `submit_chunk`.
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
    // UNWIND: the user's Deserialize: what it leaves half-made is its own.
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

/// What a worker did is none of an reply_view.
#[cold]
fn unknown_status(worker: &WorkerId, task: Option<&str>) -> TaskError {
    TaskError::WorkerLost(WorkerLost::new(Details {
        pid: worker.pid(),
        worker: worker.name.clone(),
        exit: WorkerExit::Unknown,
        cause: LostCause::ProtocolViolation("its answer has no known status".to_owned()),
        task: task.map(ToOwned::to_owned),
        deaths: 1,
        stderr: None,
    }))
}
