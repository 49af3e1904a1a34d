//! Taking tasks back out of a lane before the worker begins them; what it has then only to skip.
//! Models: `verify/src/scenarios/remote.rs`.

use crate::future::raw_task::RawTask;
use crate::future::task::{Ended, Task};
use crate::process::pool::lane::{Lane, LaneState, Record};
use crate::process::pool::shared::Pool;
use crate::process::pool::supervisor_queue::Command;
use crate::process::pool::task_meta::TaskLocation;
use crate::shm::{Locked, Revoke, Seq, Waiting};

/// What became of a task that was to be taken back.
pub enum RevokeOutcome {
    /// It will not run. What is left of its end is to be dropped when no lock is held.
    Revoked(Option<Ended>),
    /// It runs.
    Running,
    /// It is not in this lane, or is being completed.
    Gone,
}

/// What of a lane the worker has only to skip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Skips {
    /// This is the next thing that it has to do.
    Next(Seq),
    /// Something behind what it runs.
    Later,
    Nothing,
}

/// Takes one task back before it starts, wherever it is, and ends it as `end` says, all but its callbacks. `place` tells
/// where it was seen last; who moves it tells so before it gives up the locks. With what became of it: where.
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
        // The memory of its argument is somebody's room.
        let notify = locked.data().capacity_waiters > 0;
        drop(locked);
        if notify {
            self.notify_capacity();
        }
        RevokeOutcome::Revoked(ended)
    }

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

    /// The worker has to skip it from now on. False: it has begun it.
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

    /// What has the worker still to skip? If nothing, the next one that is taken back is told to the supervisor again.
    pub fn skips(&self) -> Skips {
        let mut locked = self.shm.lock();
        let mut left = locked
            .pending()
            .filter(|&seq| !self.shm.answered(seq))
            .map(|seq| locked.waiting(seq));
        let is_revoked = |waiting: &Waiting| self.record(&locked, *waiting, |it| it.is_none());
        let next = left.next().flatten().filter(is_revoked);
        match next {
            // What its submitter has not put into its slot yet no worker can skip.
            Some(next) if locked.is_committed(next) => return Skips::Next(next.seq()),
            Some(_) => return Skips::Later,
            None if left.flatten().any(|waiting| is_revoked(&waiting)) => return Skips::Later,
            None => {}
        }
        locked.data().watched = false;
        Skips::Nothing
    }

    /// Cancels everything that has not started; the rest is to be done (by a drop) when no lock is held.
    pub fn revoke_all(&self, pool: &Pool) -> Vec<Ended> {
        let mut locked = self.shm.lock();
        let mut ended = Vec::new();
        for seq in locked.pending() {
            if let Some(waiting) = locked.waiting(seq)
                && self.record(&locked, waiting, |record| record.is_some())
                && let Some(record) = self.revoke_record(pool, &mut locked, waiting)
            {
                ended.extend(record.task.end_cancelled());
            }
        }
        ended
    }

    /// No worker will answer any more: everything that was published and not answered.
    pub fn take_unanswered(&self) -> Vec<Task> {
        let mut locked = self.shm.lock();
        let mut tasks = Vec::new();
        for seq in locked.pending() {
            // Whoever has not published his task yet looks after it himself.
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
