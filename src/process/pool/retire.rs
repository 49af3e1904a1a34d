//! Retires a worker: asks it to end so that another worker replaces it. The request is a task of the pool's own, behind all tasks
//! that are in the lane. It is for this worker alone: it never moves to another lane, and it is revoked if the worker ends for
//! another reason.

use crate::future::Future;
use crate::future::task::{Ended, promised_with};
use crate::process::pool::finish::finish_value;
use crate::process::pool::lane::Lane;
use crate::process::pool::publish::{MovedArgument, Reserved};
use crate::process::pool::remote_task::RemoteTask;
use crate::process::pool::shared::Pool;
use crate::process::worker::task_code;
use crate::sync::Arc;

impl Lane {
    /// Asks the worker to end when it has run the tasks that are in the lane. `false`: the lane is full, or the retirement's code has no
    /// offset. Called by the supervisor. Takes the lane's lock.
    pub fn retire(&self, pool: &Arc<Pool>) -> bool {
        let Ok(entry) = task_code::of_retirement() else {
            return false;
        };
        let Some(seq) = self.shm.reserve() else {
            return false;
        };
        let (task, cell) =
            promised_with::<(), RemoteTask>(pool.tag, || RemoteTask::new(Arc::clone(pool), None));
        // SAFETY: the cell's type is (), and its handle reference goes to this future.
        let future: Future<()> = unsafe { Future::from_cell(cell) };
        // Before another thread can find the task in the lane, and move it.
        self.shm.lock().data().retirement = Some(seq);
        let nothing = MovedArgument::Bytes(Vec::new());
        let reserved = Reserved { seq, span: None };
        self.publish(
            reserved,
            task.into_task(),
            finish_value::<()>,
            entry,
            &nothing,
        );
        // The pool may have been closed meanwhile.
        pool.recheck(self);
        // No thread waits for it: the completer takes the reply.
        drop(future);
        true
    }

    /// Revokes the retirement task of a worker that is gone: the replacement must not see this retirement. Called by the
    /// supervisor, which passes the result to a thread that may run code of the user. Takes the lane's lock.
    pub fn forget_retirement(&self, pool: &Pool) -> Option<Ended> {
        let mut locked = self.shm.lock();
        let seq = locked.data().retirement.take()?;
        // `None`: the worker replied to it, and ended for that reason.
        let waiting = locked.waiting(seq)?;
        let record = self.revoke_record(pool, &mut locked, waiting)?;
        record.task.end_cancelled()
    }
}
