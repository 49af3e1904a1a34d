//! Moving tasks that wait from crowded lanes to idle ones.

use crate::process::pool::lane::{Lane, LaneState};
use crate::process::pool::publish::MovedArgument;
use crate::process::pool::shared::Pool;
use crate::shm::{Locked, Waiting};
use crate::sync::atomic::Ordering::*;
use std::time::{Duration, Instant};

/// How often a pool is looked through whose lanes hold more than their workers run, for one that has become idle
/// unheard, and for one that does not begin what is next.
const CHECK_INTERVAL: Duration = Duration::from_millis(5);

/// When somebody who sleeps until the deadline looks at a worker that does not begin what is next, if that is before it.
pub fn next_check(deadline: Option<Instant>) -> Option<Instant> {
    let soon = Instant::now().checked_add(CHECK_INTERVAL)?;
    deadline
        .is_none_or(|deadline| soon < deadline)
        .then_some(soon)
}

impl Pool {
    /// A look, now and then, whether all workers begin what is next; what one does not begin goes to others.
    pub fn check_lanes(&self) {
        self.lanes.iter().for_each(|lane| lane.check_stuck(self));
        self.rebalance();
    }

    /// Gives what waits to workers that have nothing to do. How many tasks were moved.
    pub fn rebalance(&self) -> usize {
        if self.lanes.len() == 1 || self.is_cancelling() {
            return 0;
        }
        // A lane is known to be empty when its answers have been taken.
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
            // The deepest one that has something to give: much of it may have been taken back.
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
    /// The attendant's look, now and then, whether the worker begins what is next. What it finds unbegun twice in a row
    /// is stuck: the worker is stopped, or does not say what it does. One that has claimed what it does not run, so that
    /// nobody else can, is wild.
    pub fn check_stuck(&self, pool: &Pool) {
        let mut locked = self.shm.lock();
        if let Some((current, ahead)) = locked.claimed_ahead() {
            let why = format!(
                "it claimed number {} and had not answered number {}",
                ahead.0, current.0
            );
            self.quarantine(pool, &mut locked, why);
        }
        let next = locked.next();
        let begun = self.shm.is_started(next) || self.shm.answered(next);
        let is_there = locked
            .waiting(next)
            .is_some_and(|waiting| locked.is_committed(waiting));
        let unbegun = (is_there && !begun).then_some(next);
        let state = locked.data();
        let before = std::mem::replace(&mut state.unbegun, unbegun);
        state.stuck = unbegun.filter(|_| before == unbegun);
    }

    /// Moves some of what has not begun to `to`, which has nothing to do. How many.
    ///
    /// What is next is the worker's own, which is about to begin it, unless it is stuck or there is no worker. What is
    /// still on its way into its slot is its submitter's. Whatever the worker says of a task, its claim decides whether it
    /// is moved.
    pub fn move_waiting(&self, pool: &Pool, to: &Self) -> usize {
        /// The locks are not held for longer than this takes.
        const MOST: usize = 64;
        // One that was crowded a moment ago may be idle by now.
        if self.index == to.index {
            return 0;
        }
        // Both, so that whoever sees a task's new place and locks that lane finds the task there. The lower one first, since
        // another thread may give the other way.
        let (mut locked, mut theirs);
        if self.index < to.index {
            locked = self.shm.lock();
            theirs = to.shm.lock();
        } else {
            theirs = to.shm.lock();
            locked = self.shm.lock();
        }
        // Who closes the pool says so before it locks the lanes one by one: it finds what is moved, or we find the pool closed.
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
            .filter(|waiting| !self.shm.is_started(waiting.seq()))
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
            // Who waits for one of them here has to wait there.
            self.notify();
            // ORDERING: process.count-moved Relaxed: a figure.
            pool.moved.fetch_add(moved as u64, Relaxed);
        }
        moved
    }

    /// False: it stays.
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
            // It has started.
            to.free(reserved.span);
            to.publish_nothing(pool, theirs, reserved.seq);
            return false;
        };
        to.publish(reserved, record.task, record.finish, entry, &argument);
        true
    }
}
