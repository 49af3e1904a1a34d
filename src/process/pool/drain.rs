//! Taking answers out of a lane and completing their tasks, on whatever thread looks.
//!
//! Answers are taken a few at a time, for one lock of the lane. Those that a thread has taken it completes before it
//! runs any callback or destructor of the user: a callback may wait for one of them.

use crate::future::raw_task::RawTask;
use crate::future::task::{Ended, Task};
use crate::process::pool::deferred::{Item, RecoveredReply};
use crate::process::pool::finish::{Finish, ReplyBytes, ReplyView};
use crate::process::pool::lane::{Lane, LaneState};
use crate::process::pool::remote_task::RemoteTask;
use crate::process::pool::shared::Pool;
use crate::process::pool::supervisor_queue::Command;
use crate::process::wire::outcome::Status;
use crate::shm::{Locked, Payload, ProtocolViolation, Reply, SLOTS, Seq, Span};
use crate::sync::atomic::Ordering::*;
use crate::sync::bound;

/// How many answers are taken while the lane is locked once. Chosen with the bench `P2`.
const BATCH: usize = bound(8, 2);

/// An answer and its task, out of the lane.
pub struct TakenReply {
    /// None when it is completed.
    pub task: Option<Task>,
    pub finish: Finish,
    pub reply: Reply,
    /// The argument's span, if the answer is the argument.
    pub returned: Option<Span>,
}

/// What is next in a lane.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Reply,
    /// That of a task that was taken back.
    Skipped,
    Nothing,
}

/// A large answer that is being read; dropping it gives its memory back.
pub struct LargeReply<'a> {
    pub lane: &'a Lane,
    pub what: LargeOwner,
}

/// Whose memory it is.
pub enum LargeOwner {
    /// The worker's: the answer to this number.
    Reply(Seq),
    /// The parent's own: the argument, as it was.
    Argument(Span),
}

impl Drop for LargeReply<'_> {
    fn drop(&mut self) {
        let notify = match self.what {
            LargeOwner::Reply(seq) => {
                let mut locked = self.lane.shm.lock();
                locked.release(seq);
                locked.data().capacity_waiters > 0
            }
            LargeOwner::Argument(span) => {
                self.lane.shm.free(span);
                self.lane.shm.lock().data().capacity_waiters > 0
            }
        };
        if notify {
            self.lane.notify_capacity();
        }
    }
}

/// Answers that were taken together.
#[derive(Default)]
struct Batch {
    items: [Option<TakenReply>; BATCH],
    count: usize,
    /// Why the lane is to be quarantined from now on.
    violation: bool,
    /// Somebody wants to hear that there is room.
    notify: bool,
}

impl Lane {
    /// Takes the next answer out of the lane, if it is there, with its task. Where it is kept, `keep` decides.
    #[inline(always)]
    pub fn take_reply(
        &self,
        locked: &mut Locked<'_, LaneState>,
        keep: impl FnOnce(TakenReply),
    ) -> Result<Next, ProtocolViolation> {
        let taken = locked.take_with(|reply| {
            // SAFETY: locked, and this runs when the answer is accepted.
            let Some(mut record) = (unsafe { self.take_record(reply.seq) }) else {
                return Next::Skipped;
            };
            let returned = record.returned(&reply);
            self.free(record.span);
            keep(TakenReply {
                task: Some(record.task),
                finish: record.finish,
                reply,
                returned,
            });
            Next::Reply
        })?;
        Ok(taken.unwrap_or(Next::Nothing))
    }

    /// Takes what is there, at most `most` answers. Ends with one whose completion may run code of the user.
    fn take(&self, most: usize, batch: &mut Batch) {
        let mut locked = self.shm.lock();
        let mut freed = false;
        while batch.count < most.min(BATCH) && locked.data().quarantined.is_none() {
            let slot = &mut batch.items[batch.count];
            match self.take_reply(&mut locked, |taken| *slot = Some(taken)) {
                Ok(Next::Reply) => {}
                Ok(Next::Skipped) => {
                    freed = true;
                    continue;
                }
                Ok(Next::Nothing) => break,
                Err(violation) => {
                    locked.data().quarantined = Some(format!("it {violation}"));
                    batch.violation = true;
                    break;
                }
            }
            freed = true;
            batch.count += 1;
            let Some(TakenReply {
                task: Some(task),
                reply,
                returned,
                ..
            }) = slot
            else {
                unreachable!("just taken");
            };
            if returned.is_none() && Status::from_number(reply.status).is_none() {
                locked.data().quarantined =
                    Some(format!("it answered with status {}", reply.status));
                batch.violation = true;
            }
            if !task.raw().state.load().is_plain() {
                break;
            }
        }
        let state = locked.data();
        state.done += batch.count as u64;
        // ORDERING: lane.done Relaxed: a figure, written under the lock.
        self.done.store(state.done, Relaxed);
        batch.notify = freed && state.capacity_waiters > 0;
    }

    /// Completes some of what the worker has answered. False: nothing was there.
    pub fn drain_some(&self, pool: &Pool) -> bool {
        self.complete(pool, BATCH) > 0
    }

    /// Completes what the worker has answered, at most `most` tasks and as many as are taken together. How many.
    fn complete(&self, pool: &Pool, most: usize) -> usize {
        let mut batch = Batch::default();
        self.take(most, &mut batch);
        if batch.violation {
            pool.supervisor_queue.send(Command::Quarantine(self.index));
        }
        if batch.notify {
            self.notify_capacity();
        }
        let Batch { items, count, .. } = &mut batch;
        let count = *count;
        for (index, taken) in items[..count].iter_mut().flatten().enumerate() {
            let Some(task) = taken.task.take() else {
                unreachable!("each is completed once");
            };
            let cell = task.raw();
            let Reply {
                seq,
                status,
                payload,
            } = &taken.reply;
            let reading = |what| {
                let lane = self;
                Some(LargeReply { lane, what })
            };
            let (status, bytes, reading) = match (taken.returned, payload) {
                (Some(span), _) => (
                    Status::Value as u32,
                    ReplyBytes::Shared(self.shm.request_region(span)),
                    reading(LargeOwner::Argument(span)),
                ),
                (None, Payload::Inline(bytes)) => {
                    (*status, ReplyBytes::Private(bytes.as_slice()), None)
                }
                (None, Payload::Span(span)) => (
                    *status,
                    ReplyBytes::Shared(self.shm.reply_region(*span)),
                    reading(LargeOwner::Reply(*seq)),
                ),
            };
            let reply_view = ReplyView {
                status,
                bytes,
                worker: &self.worker,
            };
            // SAFETY: the record's own function.
            let ended = unsafe { (taken.finish)(task, &reply_view) };
            drop(reading);
            if ended.has_remote_waiter() {
                self.notify_waiter(cell);
            }
            // A hook came, or the handle went, since the answer was taken.
            if index + 1 < count && ended.runs_code() {
                pool.deferred.push_ended(ended);
                pool.completer_event.notify();
            }
        }
        count
    }

    /// Completes what the worker has answered, at most `most` tasks. False: nothing was there.
    pub fn drain_replies(&self, pool: &Pool, most: usize) -> bool {
        let mut left = most;
        while left > 0 {
            match self.complete(pool, left) {
                0 => break,
                done => left -= done,
            }
        }
        left < most
    }

    /// Completes what the worker has answered, up to the task of the cell.
    #[inline]
    pub fn drain_until(&self, pool: &Pool, cell: RawTask, seq: Seq) {
        // One load while it is not there.
        while self.shm.answered(seq) && !cell.state.load().is_done() {
            let before = seq.since(self.shm.next()) as usize;
            // Somebody else has taken it already, and completes it now.
            let most = if before < SLOTS { before + 1 } else { 1 };
            if self.complete(pool, most) == 0 {
                return;
            }
        }
    }

    /// Is there something that [`pump`](Self::drain_replies) would take?
    pub fn has_reply(&self) -> bool {
        let mut locked = self.shm.lock();
        locked.data().quarantined.is_none() && self.shm.answered(locked.next())
    }
}

impl Pool {
    /// Completes one task whose outcome came from no lane; false if there is none. Runs code of the user.
    pub fn run_deferred(&self) -> bool {
        let Some(item) = self.deferred.pop() else {
            return false;
        };
        match item {
            Item::Ended(ended) => drop(ended),
            Item::Failed(task, error) => {
                let cell = task.raw();
                // SAFETY: tasks in lanes have tickets.
                let location = unsafe { RemoteTask::of(cell) }.location();
                let ended = task.end_failed(error);
                if ended.as_ref().is_some_and(Ended::has_remote_waiter) {
                    self.lanes[location.lane].notify_waiter(cell);
                }
            }
            Item::RecoveredReply(lane, reply) => {
                let RecoveredReply {
                    task,
                    finish,
                    status,
                    bytes,
                } = reply;
                let reply_view = ReplyView {
                    status,
                    bytes: ReplyBytes::Private(&bytes),
                    worker: &self.lanes[lane].worker,
                };
                let cell = task.raw();
                // SAFETY: the record's own function.
                let ended = unsafe { finish(task, &reply_view) };
                if ended.has_remote_waiter() {
                    self.lanes[lane].notify_waiter(cell);
                }
            }
        }
        true
    }
}
