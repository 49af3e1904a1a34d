//! The data of a process pool's task beside its result: its location, its pool and its options.
//!
//! # Transitions of the location
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | - | a lane and a number there | the submitter, before the task is published | [`RemoteTask::set_location`] | Release |
//! | any | another lane and number | the thread that moves the task, under the locks of both lanes | [`RemoteTask::set_location`] | Release |
//!
//! Models: `verify/src/scenarios/remote.rs`.

use crate::future::raw_task::RawTask;
use crate::process::pool::shared::Pool;
use crate::process::pool::task_meta::{TaskLocation, TaskOptions};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU64, Ordering::*};

/// The extra data of a task's cell.
pub struct RemoteTask {
    /// Lane and number: the module has the transitions.
    location: AtomicU64,
    pub pool: Arc<Pool>,
    /// The options, for tasks that have some.
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

    /// The task's last known location. The caller verifies it under the lane's lock.
    #[inline]
    pub fn location(&self) -> TaskLocation {
        // ORDERING: location.read Acquire -> pairs with location.write: the task's record in the new lane.
        TaskLocation::from_word(self.location.load(Acquire))
    }

    /// Sets the location. Called before the task is published in that lane.
    #[inline]
    pub fn set_location(&self, location: TaskLocation) {
        let word = location.to_word();
        // ORDERING: location.write Release -> pairs with location.read.
        self.location.store(word, Release);
        if let Some(options) = &self.options {
            options.set_location(location);
        }
    }

    /// The data of the task in this cell.
    ///
    /// # Safety
    /// The cell was made with a `RemoteTask` as its extra, and it outlives the borrow.
    #[inline]
    pub unsafe fn of<'a>(cell: RawTask) -> &'a Self {
        // SAFETY: as the caller says.
        unsafe { &*std::ptr::from_ref(cell.extra::<Self>()) }
    }
}
