//! Ends one task by ending its worker: the task was killed, ran past its deadline, or was revoked and is not skipped. Also the
//! deadline timers.
//!
//! # Steps
//! 1. The supervisor stops the worker (`SIGSTOP`). A stopped worker cannot go from one task to the next.
//! 2. When the worker has stopped, the supervisor checks whether it still runs that task. If not, the termination is over.
//! 3. If it does, it gets `SIGTERM`, and after the grace the steps repeat with `SIGKILL`. Without grace it gets `SIGKILL` at once.
//! 4. `SIGCONT` continues the worker in each case.
//!
//! All methods run on the supervisor's thread.

use super::{CHECK, SOON, Supervisor};
use crate::error::worker_lost::LostCause;
use crate::process::pool::deadline::Expired;
use crate::process::pool::revoke::Skips;
use crate::process::pool::task_meta::{TaskLocation, TaskOptions};
use crate::process::supervisor::slot::{
    DeadlineTimer, SkipWatch, SlotState, Termination, TerminationCause, WorkerSlot,
};
use crate::report;
use crate::sync::Arc;
use crate::sys::socket;
use std::cmp::Reverse;
use std::time::{Duration, Instant};

/// The least time that a worker has to skip a revoked number when it has nothing else to do.
const SHORTEST_GRACE: Duration = Duration::from_millis(100);
/// The time that a worker has to end when it cannot be signalled.
const LAST_WAIT: Duration = Duration::from_secs(1);

impl Supervisor {
    /// Begins to end the worker that runs this task. Does nothing if the worker is being ended already, or is not up.
    pub(super) fn end_task(&mut self, location: TaskLocation, why: TerminationCause, now: Instant) {
        // A worker that runs a task has reported that it is ready, though the supervisor may not have read that yet.
        self.read_handshake(location.lane);
        let slot = &mut self.slots[location.lane];
        if slot.termination.is_some() || !matches!(slot.state, SlotState::Up(_)) {
            return;
        }
        slot.termination = Some(Termination {
            task: Some(location),
            why,
            stopping: true,
            next_step: now + self.pool.config.kill_grace,
            polite: false,
        });
        slot.signal(libc::SIGSTOP);
        slot.due = Some(now);
    }

    /// Handles the deadlines that have passed.
    pub(super) fn handle_timers(&mut self, now: Instant) {
        while let Some(Reverse(DeadlineTimer(at, _))) = self.timers.peek()
            && *at <= now
        {
            let Some(Reverse(DeadlineTimer(_, options))) = self.timers.pop() else {
                return;
            };
            self.end_expired(&options, now);
        }
    }

    /// Ends a task whose deadline has passed: revokes it or, if it runs, ends its worker.
    fn end_expired(&mut self, options: &Arc<TaskOptions>, now: Instant) {
        // The timer has the last reference: the task has ended, and its future is gone.
        if Arc::strong_count(options) == 1 {
            return;
        }
        if let Expired::Runs(location) = self.pool.expire(options) {
            // Repeated until the task has ended: its worker may be being ended for another task, be dead, or have announced
            // this task falsely.
            self.end_task(location, TerminationCause::Deadline, now);
            // Beyond the range of the clock there is no later time.
            if let Some(soon) = now.checked_add(SOON) {
                self.timers
                    .push(Reverse(DeadlineTimer(soon, Arc::clone(options))));
            }
        }
    }

    /// Checks whether a worker skips its revoked numbers. A worker whose next number is a revoked one, and that does not skip it
    /// within the grace, violates the protocol: it runs a task that it announced as not begun, or it makes no progress.
    ///
    /// Called when a lane gets its first revoked number, and when the watch is due. Takes the lane's lock.
    pub(super) fn watch_skips(&mut self, index: usize, now: Instant) {
        let before = self.slots[index].skips.take();
        let found = self.pool.lanes[index].skips();
        if found == Skips::Nothing {
            return;
        }
        let slot = &mut self.slots[index];
        let grace = self.pool.config.kill_grace.max(SHORTEST_GRACE);
        let ticks = slot.started().and_then(|started| started.process.ticks());
        slot.skips = now
            .checked_add(grace)
            .map(|at| SkipWatch { at, found, ticks });
        if let (Skips::Next(seq), SlotState::Up(started)) = (found, &slot.state)
            && let Some(before) = before.filter(|before| before.found == found)
            // A worker that was stopped from outside, or that got no processor time, is only slow.
            && started.process.has_had_time(before.ticks)
            && !started.process.has_stopped()
        {
            let why = format!("it did not skip number {}, which was revoked", seq.0);
            let location = TaskLocation { lane: index, seq };
            self.end_task(
                location,
                TerminationCause::Lost(LostCause::ProtocolViolation(why)),
                now,
            );
        }
    }

    /// Gives up a worker that cannot be signalled: hangs up its control socket, which makes it end, and breaks the pool. If it has
    /// not ended after a last wait, the slot is emptied all the same.
    pub(super) fn abandon_worker(&mut self, index: usize, now: Instant) {
        let lane = &self.pool.lanes[index];
        let slot = &mut self.slots[index];
        let Some(until) = slot.given_up else {
            let (Some(error), Some(started)) = (&slot.signal_error, slot.started()) else {
                return;
            };
            socket::hang_up(&started.control);
            let why = format!(
                "worker '{}' (pid {}) cannot be signalled: {error}; if this program has given up rights, build the pool after that",
                lane.worker.name,
                started.process.pid(),
            );
            slot.given_up = Some(now + LAST_WAIT);
            slot.closing = true;
            // A worker that has closed its end of the socket ends when the lane is closed and it has no task left.
            lane.shm.close();
            return self.pool.break_down(why);
        };
        if until > now {
            return;
        }
        if let Some(started) = slot.started() {
            report::write(format_args!(
                "worker '{}' (pid {}) cannot be ended, and goes on running its task",
                lane.worker.name,
                started.process.pid()
            ));
            self.clear_slot(index);
        }
        self.slots[index] = WorkerSlot::new(now);
    }

    /// Does the next step of ending a worker, if it is due.
    pub(super) fn continue_termination(&mut self, index: usize, now: Instant) {
        let grace = self.pool.config.kill_grace;
        let slot = &mut self.slots[index];
        let Some(termination) = &mut slot.termination else {
            return;
        };
        let Some(task) = termination.task else {
            if termination.next_step <= now {
                termination.next_step = now + CHECK;
                slot.signal(libc::SIGKILL);
            }
            return;
        };
        if !termination.stopping {
            if termination.next_step <= now {
                termination.stopping = true;
                slot.signal(libc::SIGSTOP);
                slot.due = Some(now + SOON);
            }
            return;
        }
        let SlotState::Up(started) = &slot.state else {
            return;
        };
        if !started.process.has_stopped() {
            slot.due = Some(now + SOON);
            return;
        }
        let kills = termination.polite || grace.is_zero();
        if !self.pool.lanes[index].lacks_reply(task.seq) {
            // It has replied: the task has ended by itself.
            slot.termination = None;
        } else if kills {
            termination.stopping = false;
            termination.next_step = now + CHECK;
            slot.signal(libc::SIGKILL);
        } else {
            termination.stopping = false;
            termination.polite = true;
            termination.next_step = now + grace;
            slot.signal(libc::SIGTERM);
        }
        self.slots[index].signal(libc::SIGCONT);
    }
}
