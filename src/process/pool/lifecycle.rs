//! Closing a pool, and its end: what waits is cancelled or fails.

use crate::executor::Shutdown;
use crate::process::pool::lane::Lane;
use crate::process::pool::shared::{CANCELLING, DRAINING, OPEN, OVER, Pool};
use crate::sync::atomic::Ordering::*;

impl Pool {
    /// Takes nothing in from now on.
    pub fn close(&self, how: Shutdown) {
        match how {
            Shutdown::Drain => self.advance(DRAINING),
            Shutdown::CancelPending => {
                self.advance(CANCELLING);
                for lane in &self.lanes {
                    let ended = lane.revoke_all(self);
                    lane.notify();
                    drop(ended);
                }
            }
        }
        for lane in &self.lanes {
            lane.request_completion(self);
        }
        self.supervisor_queue.notify();
    }

    /// No worker will run anything any more: whatever waits fails, for this reason.
    pub fn break_down(&self, why: String) {
        self.broken.lock().get_or_insert(why);
        self.fail_all();
    }

    /// As [`break_down`](Self::break_down), at the orderly end.
    pub fn fail_all(&self) {
        self.advance(OVER);
        for lane in &self.lanes {
            self.fail_lane(lane);
        }
    }

    /// For who has put a task into a lane, and may have come too late to be seen by who has closed the pool: the task
    /// ends as all others there. What is left to do for it is ready.
    pub fn recheck(&self, lane: &Lane) {
        match self.mode() {
            OPEN => return,
            DRAINING => {}
            CANCELLING => {
                for ended in lane.revoke_all(self) {
                    self.deferred.push_ended(ended);
                }
                lane.notify();
                self.completer_event.notify();
            }
            _ => self.fail_lane(lane),
        }
        lane.request_completion(self);
    }

    /// As [`recheck`](Self::recheck), and does what is left: the attendant may be gone. Runs code of the user.
    #[cold]
    pub fn recheck_and_run(&self, lane: &Lane) {
        self.recheck(lane);
        while self.run_deferred() {}
    }

    /// What is in the lane and not answered will not be.
    #[cold]
    pub fn fail_lane(&self, lane: &Lane) {
        for task in lane.take_unanswered() {
            self.deferred.push_failed(task, self.rejection());
        }
        lane.notify();
        self.completer_event.notify();
    }

    /// There is no worker any more, and there will be none: the attendant does what is left, and ends.
    pub fn stop(&self) {
        self.fail_all();
        // ORDERING: process.stop Release -> pairs with process.stopped: what is ready.
        self.stopped.store(true, Release);
        self.completer_event.notify();
    }
}
