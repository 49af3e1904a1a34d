//! Ending one task: it was killed, or ran past its deadline; and deadlines.
//!
//! The worker is stopped (`SIGSTOP`), then looked at: a stopped worker cannot go from one task to the next. Only if it
//! still runs that task does it get the signal that ends it; else it goes on.

use super::{CHECK, SOON, Supervisor};
use crate::error::TaskError;
use crate::process::lane::TakeBack;
use crate::process::seat::{Ending, State, Timer, Why};
use crate::process::ticket::{Options, Place, Ticket};
use crate::sync::Arc;
use std::cmp::Reverse;
use std::time::Instant;

impl Supervisor {
    /// Ends the worker that runs this task, if it does.
    pub(super) fn end_task(&mut self, place: Place, why: Why, now: Instant) {
        let seat = &mut self.seats[place.lane];
        if seat.ending.is_some() || !matches!(seat.state, State::Up(_)) {
            return;
        }
        seat.ending = Some(Ending {
            task: Some(place),
            why,
            stopping: true,
            hard: now + self.pool.config.kill_grace,
            polite: false,
        });
        seat.signal(libc::SIGSTOP);
        seat.due = Some(now);
    }

    /// Deadlines that have passed.
    pub(super) fn expire(&mut self, now: Instant) {
        while let Some(Reverse(Timer(at, _))) = self.timers.peek()
            && *at <= now
        {
            let Some(Reverse(Timer(_, options))) = self.timers.pop() else {
                return;
            };
            self.expired(&options, now);
        }
    }

    fn expired(&mut self, options: &Arc<Options>, now: Instant) {
        let place = options.place();
        if self.pool.lanes[place.lane].is_held_up_by(place.seq) {
            // Taken back a grace ago, and the worker has nothing before it: it runs what it says it has not begun, or
            // does not move at all.
            self.end_task(place, Why::Deadline, now);
            return self.watch_again(options, now.checked_add(SOON));
        }
        // The task is over, and its future gone.
        if Arc::strong_count(options) == 1 {
            return;
        }
        let is_it = |cell| {
            // SAFETY: tasks in lanes have tickets.
            let ticket = unsafe { Ticket::of(cell) };
            ticket
                .options
                .as_ref()
                .is_some_and(|its| Arc::ptr_eq(its, options))
        };
        loop {
            let place = options.place();
            let lane = &self.pool.lanes[place.lane];
            match lane.take_back(place.seq, is_it, |task| {
                task.end_failed(TaskError::TimedOut)
            }) {
                TakeBack::Won(ended) => {
                    if let Some(ended) = ended {
                        self.pool.ready.conclude(ended);
                    }
                    self.wake(place.lane);
                    return self.watch_again(options, now.checked_add(self.pool.config.kill_grace));
                }
                TakeBack::Running => {
                    // Again until it is over: its worker may be ended for another task, or be dead, or not have told the
                    // truth about this one.
                    self.end_task(place, Why::Deadline, now);
                    return self.watch_again(options, now.checked_add(SOON));
                }
                TakeBack::Gone if options.place() != place => {}
                TakeBack::Gone => return,
            }
        }
    }

    fn watch_again(&mut self, options: &Arc<Options>, at: Option<Instant>) {
        // A time beyond what the clock can say does not come.
        if let Some(at) = at {
            self.timers.push(Reverse(Timer(at, Arc::clone(options))));
        }
    }

    pub(super) fn go_on_ending(&mut self, at: usize, now: Instant) {
        let grace = self.pool.config.kill_grace;
        let seat = &mut self.seats[at];
        let Some(ending) = &mut seat.ending else {
            return;
        };
        let Some(task) = ending.task else {
            if ending.hard <= now {
                ending.hard = now + CHECK;
                seat.signal(libc::SIGKILL);
            }
            return;
        };
        if !ending.stopping {
            if ending.hard <= now {
                ending.stopping = true;
                seat.signal(libc::SIGSTOP);
                seat.due = Some(now + SOON);
            }
            return;
        }
        let State::Up(started) = &seat.state else {
            return;
        };
        if !started.process.has_stopped() {
            seat.due = Some(now + SOON);
            return;
        }
        let hard = ending.polite || grace.is_zero();
        if !self.pool.lanes[at].is_running_task(task.seq) {
            // It has answered: nothing is to be ended.
            seat.ending = None;
        } else if hard {
            ending.stopping = false;
            ending.hard = now + CHECK;
            seat.signal(libc::SIGKILL);
        } else {
            ending.stopping = false;
            ending.polite = true;
            ending.hard = now + grace;
            seat.signal(libc::SIGTERM);
        }
        self.seats[at].signal(libc::SIGCONT);
    }
}
