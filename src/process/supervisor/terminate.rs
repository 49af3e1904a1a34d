//! Completion one task: it was killed, or ran past its deadline, or was taken back and is not skipped; and deadlines.
//!
//! The worker is stopped (`SIGSTOP`), then looked at: a stopped worker cannot go from one task to the next. Only if it
//! still runs that task does it get the signal that ends it; else it goes on.

use super::{CHECK, SOON, Supervisor};
use crate::error::worker_lost::LostCause;
use crate::process::pool::deadline::Expired;
use crate::process::pool::revoke::Skips;
use crate::process::pool::task_meta::{TaskLocation, TaskOptions};
use crate::process::supervisor::slot::{
    DeadlineTimer, SkipWatch, SlotState, Termination, TerminationCause, WorkerSlot,
};
use crate::sync::Arc;
use crate::sys::socket;
use std::cmp::Reverse;
use std::time::{Duration, Instant};

/// So long a worker that has nothing else to do has at least for skipping what was taken back.
const SHORTEST_GRACE: Duration = Duration::from_millis(100);
/// So long a worker that cannot be signalled has to end.
const LAST_WAIT: Duration = Duration::from_secs(1);

impl Supervisor {
    /// Ends the worker that runs this task, if it does.
    pub(super) fn end_task(&mut self, location: TaskLocation, why: TerminationCause, now: Instant) {
        let slot = &mut self.slots[location.lane];
        if slot.termination.is_some() || !matches!(slot.state, SlotState::Up(_)) {
            return;
        }
        slot.termination = Some(Termination {
            task: Some(location),
            why,
            stopping: true,
            hard: now + self.pool.config.kill_grace,
            polite: false,
        });
        slot.signal(libc::SIGSTOP);
        slot.due = Some(now);
    }

    /// Deadlines that have passed.
    pub(super) fn expire(&mut self, now: Instant) {
        while let Some(Reverse(DeadlineTimer(at, _))) = self.timers.peek()
            && *at <= now
        {
            let Some(Reverse(DeadlineTimer(_, options))) = self.timers.pop() else {
                return;
            };
            self.expired(&options, now);
        }
    }

    fn expired(&mut self, options: &Arc<TaskOptions>, now: Instant) {
        // The task is over, and its future gone.
        if Arc::strong_count(options) == 1 {
            return;
        }
        if let Expired::Runs(location) = self.pool.expire(options) {
            // Again until it is over: its worker may be ended for another task, or be dead, or not have told the
            // truth about this one.
            self.end_task(location, TerminationCause::Deadline, now);
            // A time beyond what the clock can say does not come.
            if let Some(soon) = now.checked_add(SOON) {
                self.timers
                    .push(Reverse(DeadlineTimer(soon, Arc::clone(options))));
            }
        }
    }

    /// Looks whether a worker has skipped what was taken back. One that has nothing else to do and does not, for as long
    /// as a grace, runs what it said it had not begun, or does not move at all.
    pub(super) fn watch_skips(&mut self, at: usize, now: Instant) {
        let before = self.slots[at].skips.take();
        let found = self.pool.lanes[at].skips();
        if found == Skips::Nothing {
            return;
        }
        let slot = &mut self.slots[at];
        let grace = self.pool.config.kill_grace.max(SHORTEST_GRACE);
        let ticks = slot.started().and_then(|started| started.process.ticks());
        slot.skips = now
            .checked_add(grace)
            .map(|at| SkipWatch { at, found, ticks });
        if let (Skips::Next(seq), SlotState::Up(started)) = (found, &slot.state)
            && let Some(before) = before.filter(|before| before.found == found)
            // One that somebody else has stopped is slow, and so is one that gets no processor.
            && started.process.has_had_time(before.ticks)
            && !started.process.has_stopped()
        {
            let why = format!("it did not skip number {}, which was taken back", seq.0);
            let location = TaskLocation { lane: at, seq };
            self.end_task(
                location,
                TerminationCause::Lost(LostCause::ProtocolViolation(why)),
                now,
            );
        }
    }

    /// A worker that cannot be signalled: it ends when its control socket is hung up. The pool can promise nothing any more.
    pub(super) fn abandon_worker(&mut self, at: usize, now: Instant) {
        let lane = &self.pool.lanes[at];
        let slot = &mut self.slots[at];
        let Some(until) = slot.given_up else {
            let (Some(error), Some(started)) = (&slot.refused, slot.started()) else {
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
            // One that has closed its end leaves when it has nothing to do.
            lane.shm.close();
            return self.pool.break_down(why);
        };
        if until > now {
            return;
        }
        if let Some(started) = slot.started() {
            log::error!(
                "worker '{}' (pid {}) cannot be ended, and goes on running its task",
                lane.worker.name,
                started.process.pid()
            );
            self.clear_slot(at);
        }
        self.slots[at] = WorkerSlot::new(now);
    }

    pub(super) fn continue_termination(&mut self, at: usize, now: Instant) {
        let grace = self.pool.config.kill_grace;
        let slot = &mut self.slots[at];
        let Some(termination) = &mut slot.termination else {
            return;
        };
        let Some(task) = termination.task else {
            if termination.hard <= now {
                termination.hard = now + CHECK;
                slot.signal(libc::SIGKILL);
            }
            return;
        };
        if !termination.stopping {
            if termination.hard <= now {
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
        let hard = termination.polite || grace.is_zero();
        if !self.pool.lanes[at].is_running_task(task.seq) {
            // It has answered: nothing is to be ended.
            slot.termination = None;
        } else if hard {
            termination.stopping = false;
            termination.hard = now + CHECK;
            slot.signal(libc::SIGKILL);
        } else {
            termination.stopping = false;
            termination.polite = true;
            termination.hard = now + grace;
            slot.signal(libc::SIGTERM);
        }
        self.slots[at].signal(libc::SIGCONT);
    }
}
