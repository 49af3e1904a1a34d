//! Publishes a task whose argument is already encoded: a task that moves to another lane, or one of the pool's own.

use crate::future::task::Task;
use crate::process::pool::finish::Finish;
use crate::process::pool::lane::{Lane, LaneState, Record};
use crate::process::pool::remote_task::RemoteTask;
use crate::process::pool::shared::Pool;
use crate::process::pool::task_meta::TaskLocation;
use crate::process::worker::task_code;
use crate::shm::{Body, Inline, Locked, Payload, Seq, Span};

/// The encoded argument of a task that moves.
pub enum MovedArgument {
    Inline(Inline),
    /// Longer than a slot holds.
    Bytes(Vec<u8>),
}

impl MovedArgument {
    /// Copies the argument out of a lane. `None`: there is no memory for the copy.
    pub fn of(lane: &Lane, payload: Payload) -> Option<Self> {
        Some(match payload {
            Payload::Inline(bytes) => Self::Inline(bytes),
            Payload::Span(span) => Self::Bytes(lane.shm.request_region(span).try_to_vec()?),
        })
    }
}

/// A number that was reserved, and the memory for the argument.
pub struct Reserved {
    pub seq: Seq,
    pub span: Option<Span>,
}

impl Lane {
    /// Reserves a number, and memory for the argument if it needs some. `None`: the lane has not enough capacity.
    pub fn reserve_for(&self, argument: &MovedArgument) -> Option<Reserved> {
        let span = match argument {
            MovedArgument::Inline(_) => None,
            MovedArgument::Bytes(bytes) => Some(self.shm.allocate(bytes.len() as u32)?),
        };
        match self.shm.reserve() {
            Some(seq) => Some(Reserved { seq, span }),
            None => {
                self.free(span);
                None
            }
        }
    }

    /// Publishes a reserved number without a task, since a reserved number must be published. The lane is locked.
    pub fn publish_nothing(&self, pool: &Pool, locked: &mut Locked<'_, LaneState>, seq: Seq) {
        // Revoked before it is published, so the worker skips it. While the lane is locked, no thread takes a reply to it. A worker
        // that has claimed the number before its publication violates the protocol and is ended; the next worker finds an entry
        // that names no code.
        self.revoke_number(pool, locked, seq);
        self.shm.publish(seq, task_code::NONE, Body::Inline(&[]));
    }

    /// Publishes a task whose argument is encoded. Sets the task's location first.
    pub fn publish(
        &self,
        reserved: Reserved,
        task: Task,
        finish: Finish,
        entry: u64,
        argument: &MovedArgument,
    ) {
        let Reserved { seq, span } = reserved;
        // SAFETY: the extra of each task in a lane is a `RemoteTask`.
        let remote = unsafe { RemoteTask::of(task.raw()) };
        remote.set_location(TaskLocation {
            lane: self.index,
            seq,
        });
        // SAFETY: reserved by the caller; published below.
        unsafe { self.put(seq, Record { task, finish, span }) };
        let body = match (argument, span) {
            (MovedArgument::Bytes(bytes), Some(span)) => {
                self.shm.request_region(span).write(0, bytes);
                Body::Span(span)
            }
            (MovedArgument::Bytes(bytes), None) => Body::Inline(bytes),
            (MovedArgument::Inline(bytes), _) => Body::Inline(bytes.as_slice()),
        };
        self.shm.publish(seq, entry, body);
    }
}
