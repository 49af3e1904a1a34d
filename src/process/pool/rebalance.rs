//! Moves waiting tasks from crowded lanes to idle workers.

use crate::process::pool::lane::{Lane, LaneState};
use crate::process::pool::publish::MovedArgument;
use crate::process::pool::shared::Pool;
use crate::shm::{Locked, Waiting};
use crate::sync::atomic::Ordering::*;
use std::time::{Duration, Instant};

/// How often a pool with a backlog is checked for workers that have become idle unnoticed, and for workers that do not begin
/// their next task.
const CHECK_INTERVAL: Duration = Duration::from_millis(5);

/// When a thread that sleeps until `deadline` has to wake up to check the lanes. `None`: not before the deadline.
pub fn next_check(deadline: Option<Instant>) -> Option<Instant> {
    let soon = Instant::now().checked_add(CHECK_INTERVAL)?;
    deadline
        .is_none_or(|deadline| soon < deadline)
        .then_some(soon)
}

impl Pool {
    /// Checks whether all workers begin their next task, and moves the tasks that they do not begin. Called by the completer, by
    /// waiting threads, and by submitters that wait for capacity, every [`CHECK_INTERVAL`] while a worker has not begun its next task.
    pub fn check_lanes(&self) {
        self.lanes.iter().for_each(|lane| lane.check_stuck(self));
        self.rebalance();
    }

    /// Moves waiting tasks to idle workers. Returns how many. Called by the completer, by a waiter before its sleep, and by
    /// submitters that wait for capacity (from [`check_lanes`](Self::check_lanes)). Drains
    /// replies first, so it runs code of the user.
    pub fn rebalance(&self) -> usize {
        if self.lanes.len() == 1 || self.is_cancelling() {
            return 0;
        }
        // The depth of a lane is 0 only when its replies have been taken.
        for lane in &self.lanes {
            lane.drain_replies(self, 64);
        }
        let is_idle = |lane: &Lane| lane.depth() == 0 && lane.pid() != 0;
        if !self.lanes.iter().any(is_idle) {
            return 0;
        }
        let mut crowded: Vec<&Lane> = self
            .lanes
            .iter()
            .filter(|lane| lane.has_backlog())
            .collect();
        crowded.sort_by_cached_key(|lane| lane.depth());
        let mut moved = 0;
        for idle in self.lanes.iter().filter(|lane| is_idle(lane)) {
            // The deepest lane first. A lane may have nothing to move, for example if most of its numbers are revoked: then the next.
            while let Some(lane) = crowded.last() {
                let given = lane.move_waiting(self, idle);
                moved += given;
                if given > 0 {
                    break;
                }
                crowded.pop();
            }
        }
        moved
    }
}

impl Lane {
    /// Checks whether the worker begins its next task. A number that two checks in a row find unbegun is stuck: the worker is
    /// stopped, or it does not announce what it runs. (The checks may be those of two threads, and so be close together; the exchange
    /// on the claim still decides.) A worker that has claimed a number ahead of the one that it runs keeps that
    /// task from moving: this is a protocol violation. Called from [`Pool::check_lanes`]. Takes the lane's lock.
    pub fn check_stuck(&self, pool: &Pool) {
        let mut locked = self.shm.lock();
        if let Some((current, ahead)) = locked.claimed_ahead() {
            let why = format!(
                "it claimed number {} and had not replied to number {}",
                ahead.0, current.0
            );
            self.quarantine(pool, &mut locked, why);
        }
        let next = locked.next();
        let begun = self.shm.is_claimed(next) || self.shm.has_reply(next);
        let is_there = locked
            .waiting(next)
            .is_some_and(|waiting| locked.is_committed(waiting));
        let unbegun = (is_there && !begun).then_some(next);
        let state = locked.data();
        let before = std::mem::replace(&mut state.unbegun, unbegun);
        state.stuck = unbegun.filter(|_| before == unbegun);
    }

    /// Moves up to half of the waiting tasks to `to`, whose worker is idle. Returns how many. Takes the locks of both lanes.
    ///
    /// These stay:
    /// - the next number, which the worker is about to begin, unless it is stuck or there is no worker;
    /// - the retirement task;
    /// - a task that its submitter has not written into its slot yet;
    /// - a task that the worker says it has begun.
    ///
    /// For the others the exchange on the claim decides: a task moves only if the worker has not claimed it.
    pub fn move_waiting(&self, pool: &Pool, to: &Self) -> usize {
        /// Bounds the time for which the locks are held.
        const MOST: usize = 64;
        // A lane that was crowded a moment ago may be idle now, and be the target.
        if self.index == to.index {
            return 0;
        }
        // Both locks: a thread that reads a task's new location and locks that lane finds the task there. The lower index first,
        // since another thread may move tasks in the other direction.
        let (mut locked, mut theirs);
        if self.index < to.index {
            locked = self.shm.lock();
            theirs = to.shm.lock();
        } else {
            theirs = to.shm.lock();
            locked = self.shm.lock();
        }
        // The thread that closes the pool changes the mode before it locks the lanes one by one: it finds the moved tasks, or we
        // find the pool closed.
        if pool.is_cancelling() {
            return 0;
        }
        let next = locked.next();
        let state = locked.data();
        let takes_next = self.pid() == 0 || state.stuck == Some(next);
        let stay = [state.retirement, (!takes_next).then_some(next)];
        let waiting: Vec<Waiting> = locked
            .all_waiting()
            .filter(|waiting| !stay.contains(&Some(waiting.seq())))
            .filter(|&waiting| locked.is_committed(waiting))
            .filter(|waiting| !self.shm.is_claimed(waiting.seq()))
            .filter(|&waiting| self.has_record(&locked, waiting))
            .collect();
        let most = waiting.len().div_ceil(2).min(MOST);
        let moved = waiting
            .into_iter()
            .take(most)
            .take_while(|&waiting| self.move_one(pool, &mut locked, waiting, to, &mut theirs))
            .count();
        drop(theirs);
        drop(locked);
        if moved > 0 {
            if self.interest.is_set() {
                to.request_completion(pool);
            }
            // A thread that waits here for one of them has to wait in the other lane.
            self.notify();
            // ORDERING: process.count-moved Relaxed: a counter.
            pool.moved.fetch_add(moved as u64, Relaxed);
        }
        moved
    }

    /// Moves one task. `false`: it stays. Both lanes are locked.
    fn move_one(
        &self,
        pool: &Pool,
        locked: &mut Locked<'_, LaneState>,
        waiting: Waiting,
        to: &Self,
        theirs: &mut Locked<'_, LaneState>,
    ) -> bool {
        let Some((entry, payload)) = locked.request(waiting) else {
            return false;
        };
        let Some(argument) = MovedArgument::of(self, payload) else {
            return false;
        };
        let Some(reserved) = to.reserve_for(&argument) else {
            return false;
        };
        let Some(record) = self.revoke_record(pool, locked, waiting) else {
            // The worker has claimed it.
            to.free(reserved.span);
            to.publish_nothing(pool, theirs, reserved.seq);
            return false;
        };
        to.publish(reserved, record.task, record.finish, entry, &argument);
        true
    }
}
