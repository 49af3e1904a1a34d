//! Taking tasks back out of a lane before the worker begins them; what it has then only to skip.
//! Models: `verify/models/remote.rs`.

use super::desk::Command;
use super::lane::{Desk, Lane, Record};
use super::pool::Pool;
use crate::future::cell::Raw;
use crate::future::task::{Ended, Task};
use crate::shm::{Locked, Revoke, Seq};

/// What became of a task that was to be taken back.
pub enum TakeBack {
    /// It will not run. What is left of its end is to be dropped when no lock is held.
    Won(Option<Ended>),
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

impl Lane {
    /// Takes one task back before it starts, and ends it as `end` says, all but its callbacks.
    pub fn take_back(
        &self,
        pool: &Pool,
        seq: Seq,
        is_it: impl Fn(Raw) -> bool,
        end: impl FnOnce(Task) -> Option<Ended>,
    ) -> TakeBack {
        let mut locked = self.shm.lock();
        let mine = |record: &mut Option<Record>| {
            record
                .as_ref()
                .is_some_and(|record| is_it(record.task.raw()))
        };
        if !locked.is_waiting(seq) || !self.record(&locked, seq, mine) {
            return TakeBack::Gone;
        }
        let Some(record) = self.revoke(pool, &mut locked, seq) else {
            return TakeBack::Running;
        };
        let ended = end(record.task);
        // The memory of its argument is somebody's room.
        let wanted = locked.data().wanting > 0;
        drop(locked);
        if wanted {
            self.call_for_room();
        }
        TakeBack::Won(ended)
    }

    pub fn revoke(&self, pool: &Pool, locked: &mut Locked<'_, Desk>, seq: Seq) -> Option<Record> {
        if !self.take_number_back(pool, locked, seq) {
            return None;
        }
        let record = self.record(locked, seq, Option::take);
        if let Some(span) = record.as_ref().and_then(|record| record.span) {
            self.shm.free(span);
        }
        record
    }

    /// The worker has to skip it from now on. False: it has begun it.
    pub fn take_number_back(&self, pool: &Pool, locked: &mut Locked<'_, Desk>, seq: Seq) -> bool {
        match locked.revoke(seq) {
            Ok(Revoke::Won) => {}
            Ok(Revoke::Claimed) => return false,
            Err(wild) => {
                self.condemn(pool, locked, format!("it {wild}"));
                return false;
            }
        }
        if !std::mem::replace(&mut locked.data().watched, true) {
            pool.desk.send(Command::Skips(self.index));
        }
        true
    }

    /// What has the worker still to skip? If nothing, the next one that is taken back is told to the supervisor again.
    pub fn skips(&self) -> Skips {
        let mut locked = self.shm.lock();
        let waiting = |seq: &Seq| !self.shm.answered(*seq);
        let is_back =
            |seq: Seq| locked.is_waiting(seq) && self.record(&locked, seq, |it| it.is_none());
        if let Some(next) = locked.pending().find(waiting).filter(|&seq| is_back(seq)) {
            return Skips::Next(next);
        }
        if locked.pending().filter(waiting).any(is_back) {
            return Skips::Later;
        }
        locked.data().watched = false;
        Skips::Nothing
    }

    /// Cancels everything that has not started; the rest is to be done (by a drop) when no lock is held.
    pub fn take_back_all(&self, pool: &Pool) -> Vec<Ended> {
        let mut locked = self.shm.lock();
        let mut ended = Vec::new();
        for seq in locked.pending() {
            if locked.is_waiting(seq)
                && self.record(&locked, seq, |record| record.is_some())
                && let Some(record) = self.revoke(pool, &mut locked, seq)
            {
                ended.extend(record.task.end_cancelled());
            }
        }
        ended
    }

    /// No worker will answer any more: everything that was published and not answered.
    pub fn abandon(&self) -> Vec<Task> {
        let mut locked = self.shm.lock();
        let mut tasks = Vec::new();
        for seq in locked.pending() {
            // Whoever has not published his task yet looks after it himself.
            if locked.is_waiting(seq) {
                let _ = locked.revoke(seq);
                let record = self.record(&locked, seq, Option::take);
                tasks.extend(record.map(|record| {
                    self.free(record.span);
                    record.task
                }));
            }
        }
        tasks
    }
}
