//! Revokes tasks that the worker has not begun. The worker skips a revoked number. An exchange on the number's claim decides
//! between the worker and the thread that revokes.
//! Models: `verify/src/scenarios/remote.rs`.

use crate::future::raw_task::RawTask;
use crate::future::task::{Ended, Task};
use crate::process::pool::lane::{Lane, LaneState, Record};
use crate::process::pool::shared::Pool;
use crate::process::pool::supervisor_queue::Command;
use crate::process::pool::task_meta::TaskLocation;
use crate::shm::{Locked, Revoke, Seq, Waiting};

/// What became of a task that was to be revoked.
pub enum RevokeOutcome {
    /// It will not run. Drop the rest of its end when no lock is held: that may run callbacks.
    Revoked(Option<Ended>),
    /// The worker has claimed it; it may have replied already.
    Running,
    /// It is not in this lane, or its reply was taken.
    Gone,
}

/// The revoked numbers of a lane that its worker still has to skip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Skips {
    /// The next number is a revoked one.
    Next(Seq),
    /// There is one behind the next number, or the next number is one but is not in its slot yet.
    Later,
    Nothing,
}

/// Revokes one task, in whichever lane it is, and ends it with `end`, except for its callbacks. `location` reads the task's last
/// known location; a thread that moves the task changes it before it releases the locks. Returns what became of the task, and
/// where. Takes the lock of the task's lane.
pub fn revoke(
    pool: &Pool,
    location: impl Fn() -> TaskLocation,
    is_it: impl Fn(RawTask) -> bool + Copy,
    end: impl Fn(Task) -> Option<Ended> + Copy,
) -> (RevokeOutcome, TaskLocation) {
    loop {
        let at = location();
        match pool.lanes[at.lane].revoke_if(pool, at.seq, is_it, end) {
            RevokeOutcome::Gone if location() != at => {}
            outcome => return (outcome, at),
        }
    }
}

impl Lane {
    /// As [`revoke`], in this lane.
    fn revoke_if(
        &self,
        pool: &Pool,
        seq: Seq,
        is_it: impl Fn(RawTask) -> bool,
        end: impl FnOnce(Task) -> Option<Ended>,
    ) -> RevokeOutcome {
        let mut locked = self.shm.lock();
        let is_same = |record: &mut Option<Record>| {
            record
                .as_ref()
                .is_some_and(|record| is_it(record.task.raw()))
        };
        let waiting = locked
            .waiting(seq)
            .filter(|&waiting| self.record(&locked, waiting, is_same));
        let Some(waiting) = waiting else {
            return RevokeOutcome::Gone;
        };
        let Some(record) = self.revoke_record(pool, &mut locked, waiting) else {
            return RevokeOutcome::Running;
        };
        let ended = end(record.task);
        // The argument's memory is free now: a submitter may wait for it.
        let notify = locked.data().capacity_waiters > 0;
        drop(locked);
        if notify {
            self.notify_capacity();
        }
        RevokeOutcome::Revoked(ended)
    }

    /// Revokes a task and takes its record. Frees the argument's memory. `None`: the worker has claimed it, or the record is
    /// empty. The lane is locked.
    pub fn revoke_record(
        &self,
        pool: &Pool,
        locked: &mut Locked<'_, LaneState>,
        waiting: Waiting,
    ) -> Option<Record> {
        if !self.revoke_number(pool, locked, waiting.seq()) {
            return None;
        }
        let record = self.record(locked, waiting, Option::take);
        if let Some(span) = record.as_ref().and_then(|record| record.span) {
            self.shm.free(span);
        }
        record
    }

    /// Revokes a number: the worker will skip it. `false`: the worker has claimed it. The lane is locked. The first revocation
    /// makes the supervisor watch that the worker skips it.
    pub fn revoke_number(&self, pool: &Pool, locked: &mut Locked<'_, LaneState>, seq: Seq) -> bool {
        match locked.revoke(seq) {
            Ok(Revoke::Won) => {}
            Ok(Revoke::Claimed) => return false,
            Err(violation) => {
                self.quarantine(pool, locked, format!("it {violation}"));
                return false;
            }
        }
        if !std::mem::replace(&mut locked.data().watched, true) {
            pool.supervisor_queue.send(Command::WatchSkips(self.index));
        }
        true
    }

    /// Returns which revoked numbers the worker has still to skip. If there are none, the next revocation notifies the supervisor
    /// again. Called by the supervisor. Takes the lane's lock.
    pub fn skips(&self) -> Skips {
        let mut locked = self.shm.lock();
        let mut left = locked
            .reserved()
            .filter(|&seq| !self.shm.has_reply(seq))
            .map(|seq| locked.waiting(seq));
        let is_revoked = |waiting: &Waiting| self.record(&locked, *waiting, |it| it.is_none());
        let next = left.next().flatten().filter(is_revoked);
        match next {
            // A number that its submitter has not written into its slot yet cannot be skipped.
            Some(next) if locked.is_committed(next) => return Skips::Next(next.seq()),
            Some(_) => return Skips::Later,
            None if left.flatten().any(|waiting| is_revoked(&waiting)) => return Skips::Later,
            None => {}
        }
        locked.data().watched = false;
        Skips::Nothing
    }

    /// Cancels all tasks that have not started. The caller drops the result when it holds no lock. Takes the lane's lock.
    pub fn revoke_all(&self, pool: &Pool) -> Vec<Ended> {
        let mut locked = self.shm.lock();
        let mut ended = Vec::new();
        for seq in locked.reserved() {
            if let Some(waiting) = locked.waiting(seq)
                && self.record(&locked, waiting, |record| record.is_some())
                && let Some(record) = self.revoke_record(pool, &mut locked, waiting)
            {
                ended.extend(record.task.end_cancelled());
            }
        }
        ended
    }

    /// Takes all tasks that were published and whose replies were not taken: no worker will reply any more. Takes the lane's lock.
    pub fn take_all_waiting(&self) -> Vec<Task> {
        let mut locked = self.shm.lock();
        let mut tasks = Vec::new();
        for seq in locked.reserved() {
            // A submitter that has not published its task yet sees the pool's mode afterwards, and ends the task itself.
            if let Some(waiting) = locked.waiting(seq) {
                let _ = locked.revoke(seq);
                let record = self.record(&locked, waiting, Option::take);
                tasks.extend(record.map(|record| {
                    self.free(record.span);
                    record.task
                }));
            }
        }
        tasks
    }
}
