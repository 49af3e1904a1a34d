//! Drains a lane: takes replies out of it and completes their tasks. Any thread of the parent may do this.
//!
//! A thread takes several replies under one lock of the lane, and completes them when the lock is released. It completes all of
//! them before it runs a callback or a destructor of the user, because a callback may wait for one of these tasks.

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

/// How many replies are taken under one lock of the lane. Chosen with the bench `P2`.
const BATCH: usize = bound(8, 2);

/// A reply that was taken out of the lane, with its task.
pub struct TakenReply {
    /// `None` when the task is completed.
    pub task: Option<Task>,
    pub finish: Finish,
    pub reply: Reply,
    /// The argument's span, if the task returned its argument unchanged.
    pub returned: Option<Span>,
}

/// What [`Lane::take_reply`] found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TakeOutcome {
    /// The reply of a task.
    Reply,
    /// The reply of a revoked task, which the worker skipped.
    Skipped,
    /// The next reply has not come.
    Nothing,
}

/// A large reply that is being read. Dropping it frees its memory and wakes the threads that wait for capacity.
pub struct LargeReply<'a> {
    pub lane: &'a Lane,
    pub what: LargeOwner,
}

/// Which arena the memory of a large reply belongs to.
pub enum LargeOwner {
    /// The worker's: the reply with this number.
    Reply(Seq),
    /// The parent's: the argument, unchanged.
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

/// Replies that were taken under one lock.
#[derive(Default)]
struct ReplyBatch {
    items: [Option<TakenReply>; BATCH],
    count: usize,
    /// The worker violated the protocol: the lane is quarantined.
    violation: bool,
    /// Capacity was freed, and a thread waits for it.
    notify: bool,
}

impl Lane {
    /// Takes the next reply out of the lane, if it has come, and passes it to `keep` with its task. Frees the argument's memory.
    ///
    /// # Errors
    /// The worker violated the protocol.
    #[inline(always)]
    pub fn take_reply(
        &self,
        locked: &mut Locked<'_, LaneState>,
        keep: impl FnOnce(TakenReply),
    ) -> Result<TakeOutcome, ProtocolViolation> {
        let taken = locked.take_with(|reply| {
            // SAFETY: the lane is locked, and this runs when the reply has been accepted.
            let Some(mut record) = (unsafe { self.take_record(reply.seq) }) else {
                return TakeOutcome::Skipped;
            };
            let returned = record.returned(&reply);
            self.free(record.span);
            keep(TakenReply {
                task: Some(record.task),
                finish: record.finish,
                reply,
                returned,
            });
            TakeOutcome::Reply
        })?;
        Ok(taken.unwrap_or(TakeOutcome::Nothing))
    }

    /// Takes the replies that are there, at most `most`, under the lane's lock. A reply whose completion may run code of the
    /// user ends the batch.
    fn take(&self, most: usize, batch: &mut ReplyBatch) {
        let mut locked = self.shm.lock();
        let mut freed = false;
        while batch.count < most.min(BATCH) && locked.data().quarantined.is_none() {
            let slot = &mut batch.items[batch.count];
            match self.take_reply(&mut locked, |taken| *slot = Some(taken)) {
                Ok(TakeOutcome::Reply) => {}
                Ok(TakeOutcome::Skipped) => {
                    freed = true;
                    continue;
                }
                Ok(TakeOutcome::Nothing) => break,
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
                    Some(format!("it replied with status {}", reply.status));
                batch.violation = true;
            }
            if !task.raw().state.load().runs_no_code() {
                break;
            }
        }
        let state = locked.data();
        state.done += batch.count as u64;
        // ORDERING: lane.done Relaxed: a counter, written under the lock.
        self.done.store(state.done, Relaxed);
        batch.notify = freed && state.capacity_waiters > 0;
    }

    /// Completes one batch of replies. `false`: there were none.
    pub fn drain_some(&self, pool: &Pool) -> bool {
        self.complete(pool, BATCH) > 0
    }

    /// Takes one batch of at most `most` replies and completes their tasks. Returns how many. No lock is held while a task is
    /// completed. Decoding may run code of the user; so may the last task's completion.
    fn complete(&self, pool: &Pool, most: usize) -> usize {
        let mut batch = ReplyBatch::default();
        self.take(most, &mut batch);
        if batch.violation {
            pool.supervisor_queue.send(Command::Quarantine(self.index));
        }
        if batch.notify {
            self.notify_capacity();
        }
        let ReplyBatch { items, count, .. } = &mut batch;
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
            // A hook was added, or the handle was dropped, after the reply was taken: leave that to the completer.
            if index + 1 < count && ended.runs_code() {
                pool.deferred.push_ended(ended);
                pool.completer_event.notify();
            }
        }
        count
    }

    /// Completes at most `most` replies. `false`: there were none.
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

    /// Completes replies up to that of the task in `cell`, which has the number `seq`. Called by the task's waiter.
    #[inline]
    pub fn drain_until(&self, pool: &Pool, cell: RawTask, seq: Seq) {
        // Costs one load while the reply has not come.
        while self.shm.has_reply(seq) && !cell.state.load().is_done() {
            let before = seq.since(self.shm.next()) as usize;
            // A number that was passed: another thread has taken the reply and completes it now.
            let most = if before < SLOTS { before + 1 } else { 1 };
            if self.complete(pool, most) == 0 {
                return;
            }
        }
    }

    /// Is there a reply that [`drain_replies`](Self::drain_replies) would take? Takes the lane's lock.
    pub fn has_reply(&self) -> bool {
        let mut locked = self.shm.lock();
        locked.data().quarantined.is_none() && self.shm.has_reply(locked.next())
    }
}

impl Pool {
    /// Takes one item out of `deferred` and completes it; `false` if there is none. Runs code of the user. Called by the
    /// completer, by threads that wait for a task of the pool, and by submitters that find the pool closed.
    pub fn run_deferred(&self) -> bool {
        let Some(item) = self.deferred.pop() else {
            return false;
        };
        match item {
            Item::Ended(ended) => drop(ended),
            Item::Failed(task, error) => {
                let cell = task.raw();
                // SAFETY: the extra of each task in a lane is a `RemoteTask`.
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
