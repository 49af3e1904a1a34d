//! Putting a task whose argument is encoded into a lane: one that moves, or one of the pool's own.

use crate::future::task::Task;
use crate::process::pool::finish::Finish;
use crate::process::pool::lane::{Lane, LaneState, Record};
use crate::process::pool::remote_task::RemoteTask;
use crate::process::pool::shared::Pool;
use crate::process::pool::task_meta::TaskLocation;
use crate::process::worker::task_code;
use crate::shm::{Body, Inline, Locked, Payload, Seq, Span};

/// An argument on its way to another lane.
pub enum MovedArgument {
    Inline(Inline),
    /// More than fits a slot.
    Bytes(Vec<u8>),
}

impl MovedArgument {
    /// None: there is no memory for a copy of it.
    pub fn of(lane: &Lane, payload: Payload) -> Option<Self> {
        Some(match payload {
            Payload::Inline(bytes) => Self::Inline(bytes),
            Payload::Span(span) => Self::Bytes(lane.shm.request_region(span).try_to_vec()?),
        })
    }
}

/// Where a task can be put.
pub struct Reserved {
    pub seq: Seq,
    pub span: Option<Span>,
}

impl Lane {
    /// A number, and a place for an argument that was in a lane before.
    pub fn reserve_for(&self, argument: &MovedArgument) -> Option<Reserved> {
        let span = match argument {
            MovedArgument::Inline(_) => None,
            MovedArgument::Bytes(bytes) => Some(self.shm.space(bytes.len() as u32)?),
        };
        match self.shm.reserve() {
            Some(seq) => Some(Reserved { seq, span }),
            None => {
                self.free(span);
                None
            }
        }
    }

    /// Gives up a number that was reserved and is not needed.
    pub fn publish_nothing(&self, pool: &Pool, locked: &mut Locked<'_, LaneState>, seq: Seq) {
        // With the lane locked nobody takes what the worker may make of it before it is taken back. A worker that has
        // claimed it before it is there is ended, and the next one finds an entry that is none.
        self.revoke_number(pool, locked, seq);
        self.shm.publish(seq, task_code::NONE, Body::Inline(&[]));
    }

    /// Hands a task whose argument is encoded to this lane's worker.
    pub fn publish(
        &self,
        reserved: Reserved,
        task: Task,
        finish: Finish,
        entry: u64,
        argument: &MovedArgument,
    ) {
        let Reserved { seq, span } = reserved;
        // SAFETY: tasks in lanes have tickets.
        let remote = unsafe { RemoteTask::of(task.raw()) };
        remote.set_location(TaskLocation {
            lane: self.index,
            seq,
        });
        // SAFETY: reserved by the caller, and published below.
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
