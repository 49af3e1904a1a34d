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
                    let ended = lane.take_back_all(self);
                    lane.notify();
                    drop(ended);
                }
            }
        }
        for lane in &self.lanes {
            lane.engage(self);
        }
        self.desk.notify();
    }

    /// No worker will run anything any more: whatever waits fails, for this reason.
    pub fn break_down(&self, why: String) {
        self.broken.lock().get_or_insert(why);
        self.sweep();
    }

    /// As [`break_down`](Self::break_down), at the orderly end.
    pub fn sweep(&self) {
        self.advance(OVER);
        for lane in &self.lanes {
            self.sweep_lane(lane);
        }
    }

    /// For who has put a task into a lane, and may have come too late to be seen by who has closed the pool: the task
    /// ends as all others there. What is left to do for it is ready.
    pub fn recheck(&self, lane: &Lane) {
        match self.mode() {
            OPEN => return,
            DRAINING => {}
            CANCELLING => {
                for ended in lane.take_back_all(self) {
                    self.ready.conclude(ended);
                }
                lane.notify();
                self.bell.notify();
            }
            _ => self.sweep_lane(lane),
        }
        lane.engage(self);
    }

    /// As [`recheck`](Self::recheck), and does what is left: the attendant may be gone. Runs code of the user.
    #[cold]
    pub fn catch_up(&self, lane: &Lane) {
        self.recheck(lane);
        while self.run_deferred() {}
    }

    /// What is in the lane and not answered will not be.
    #[cold]
    pub fn sweep_lane(&self, lane: &Lane) {
        for task in lane.abandon() {
            self.ready.fail(task, self.rejection());
        }
        lane.notify();
        self.bell.notify();
    }

    /// There is no worker any more, and there will be none: the attendant does what is left, and ends.
    pub fn stop(&self) {
        self.sweep();
        // ORDERING: process.stop Release -> pairs with process.stopped: what is ready.
        self.stopped.store(true, Release);
        self.bell.notify();
    }
}
