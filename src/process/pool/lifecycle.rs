//! Closes a pool and ends it: waiting tasks still run, are cancelled, or fail, as the pool's mode says.

use crate::executor::Shutdown;
use crate::process::pool::lane::Lane;
use crate::process::pool::shared::{CANCELLING, DRAINING, OPEN, OVER, Pool};
use crate::sync::atomic::Ordering::*;

impl Pool {
    /// Stops accepting tasks. With `CancelPending`, also revokes all tasks that have not started, under the lanes' locks. Called
    /// by the owner of the pool. Runs code of the user (callbacks of cancelled tasks).
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

    /// Breaks the pool: no worker will run a task any more, and all tasks in the lanes fail for this reason. Called by the
    /// supervisor.
    pub fn break_down(&self, why: String) {
        self.broken.lock().get_or_insert(why);
        self.fail_all();
    }

    /// As [`break_down`](Self::break_down), without a reason: at the orderly end.
    pub fn fail_all(&self) {
        self.advance(OVER);
        for lane in &self.lanes {
            self.fail_lane(lane);
        }
    }

    /// Ends the tasks of a lane as the pool's mode demands. Called after a publication, by a thread whose task the closing thread
    /// may not have seen. The callbacks go to `deferred`.
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

    /// As [`recheck`](Self::recheck), and runs what is in `deferred`, since the completer may have ended. Runs code of the user.
    /// Called by submitters.
    #[cold]
    pub fn recheck_and_run(&self, lane: &Lane) {
        self.recheck(lane);
        while self.run_deferred() {}
    }

    /// Fails all tasks in the lane whose replies were not taken. Takes the lane's lock.
    #[cold]
    pub fn fail_lane(&self, lane: &Lane) {
        for task in lane.take_all_waiting() {
            self.deferred.push_failed(task, self.rejection());
        }
        lane.notify();
        self.completer_event.notify();
    }

    /// Fails what is left and ends the completer. Called by the supervisor at its end: there is no worker any more, and there will
    /// be none.
    pub fn stop(&self) {
        self.fail_all();
        // ORDERING: process.stop Release -> pairs with process.stopped: the deferred items.
        self.stopped.store(true, Release);
        self.completer_event.notify();
    }
}
