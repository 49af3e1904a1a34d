//! What a task of a process pool carries beside its result: where it stands, and how to reach its pool.
//! Models: `verify/src/scenarios/remote.rs`.

use crate::future::raw_task::RawTask;
use crate::process::pool::shared::Pool;
use crate::process::pool::task_meta::{TaskLocation, TaskOptions};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU64, Ordering::*};

/// The extra of a task's cell.
pub struct RemoteTask {
    /// Lane and number. It changes when the task is moved to another lane, under the locks of the old one and the new.
    location: AtomicU64,
    pub pool: Arc<Pool>,
    /// What only some tasks have.
    pub options: Option<Arc<TaskOptions>>,
}

impl RemoteTask {
    pub fn new(pool: Arc<Pool>, options: Option<Arc<TaskOptions>>) -> Self {
        Self {
            location: AtomicU64::new(0),
            pool,
            options,
        }
    }

    /// Where the task was seen last. To be verified under the lane's lock.
    #[inline]
    pub fn location(&self) -> TaskLocation {
        // ORDERING: remote.place Acquire -> pairs with remote.move: the task's record in the new lane.
        TaskLocation::from_word(self.location.load(Acquire))
    }

    #[inline]
    pub fn set_location(&self, location: TaskLocation) {
        let word = location.to_word();
        // ORDERING: remote.move Release -> pairs with remote.place.
        self.location.store(word, Release);
        if let Some(options) = &self.options {
            options.set_location(location);
        }
    }

    /// The remote of a task of a process pool.
    ///
    /// # Safety
    /// The cell was made with a remote as its extra, and is alive for as long as the borrow.
    #[inline]
    pub unsafe fn of<'a>(cell: RawTask) -> &'a Self {
        // SAFETY: as the caller says.
        unsafe { &*std::ptr::from_ref(cell.extra::<Self>()) }
    }
}
