//! Deadlines: a task that has not begun by its deadline is revoked, in whichever lane it is.
//! Models: `verify/src/scenarios/remote_moves.rs`.

use crate::error::TaskError;
use crate::future::task::Task;
use crate::process::pool::remote_task::RemoteTask;
use crate::process::pool::revoke::{self, RevokeOutcome};
use crate::process::pool::shared::Pool;
use crate::process::pool::task_meta::{TaskLocation, TaskOptions};
use crate::sync::Arc;

/// What [`Pool::expire`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expired {
    /// The task has ended, now or before.
    Over,
    /// The task runs there.
    Runs(TaskLocation),
}

impl Pool {
    /// Revokes the task with these options, whose deadline has passed. Called by the supervisor. Takes the lock of the task's
    /// lane. Runs no code of the user: the callbacks go to `deferred`.
    pub fn expire(&self, options: &Arc<TaskOptions>) -> Expired {
        let is_it = |cell| {
            // SAFETY: the extra of each task in a lane is a `RemoteTask`.
            let remote = unsafe { RemoteTask::of(cell) };
            let its = remote.options.as_ref();
            its.is_some_and(|its| Arc::ptr_eq(its, options))
        };
        let end = |task: Task| task.end_failed(TaskError::TimedOut);
        match revoke::revoke(self, || options.location(), is_it, end) {
            (RevokeOutcome::Revoked(ended), location) => {
                if let Some(ended) = ended {
                    self.deferred.push_ended(ended);
                }
                self.lanes[location.lane].notify();
                self.notify_capacity();
                self.completer_event.notify();
                Expired::Over
            }
            (RevokeOutcome::Running, location) => Expired::Runs(location),
            (RevokeOutcome::Gone, _) => Expired::Over,
        }
    }
}
