//! Asking a worker to leave its place to another one: by a task of the pool's own, behind everything that is in the lane
//! by then. It is meant for that worker alone, so it is never moved to another lane, and when the worker is gone for
//! another reason it goes, too.

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
    /// Asks the worker to leave when it has run what is in the lane. False: there is no room to say so.
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
        // Before anybody finds it in the lane.
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
        // It may have slipped in while the pool was being closed.
        pool.recheck(self);
        // Nobody waits for it: the attendant takes the answer.
        drop(future);
        true
    }

    /// The worker is gone: the next one is not to leave in its stead. What is left to do is to be done by who runs code of
    /// the user.
    pub fn forget_retirement(&self, pool: &Pool) -> Option<Ended> {
        let mut locked = self.shm.lock();
        let seq = locked.data().retirement.take()?;
        // Else the worker has left for it.
        let waiting = locked.waiting(seq)?;
        let record = self.revoke_record(pool, &mut locked, waiting)?;
        record.task.end_cancelled()
    }
}
