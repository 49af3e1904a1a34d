//! Which task this thread is running, for [`cancel_requested`] and for panic reports.

use super::cell::Raw;
use crate::sync;
use std::cell::Cell;

sync::thread_local! {
    static CURRENT: Cell<Option<Raw>> = const { Cell::new(None) };
}

/// While it lives, the task counts as the one that this thread runs.
pub struct Running {
    outer: Option<Raw>,
}

/// Notes that the task starts here. Tasks nest when a waiter helps.
pub fn enter(task: Raw) -> Running {
    Running {
        outer: CURRENT.with(|current| current.replace(Some(task))),
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.outer));
    }
}

/// Is a task running on this thread?
pub fn is_running() -> bool {
    CURRENT.with(Cell::get).is_some()
}

/// Inside a task: has somebody asked it to stop? Outside of a task: false.
///
/// [`Future::cancel`](crate::Future::cancel) on a task that already runs cannot stop it, but sets
/// this mark, which a long task should look at now and then. One relaxed load; never blocks.
///
/// ```
/// let pool = raddle::ThreadPool::new(1)?;
/// let endless = pool.spawn(|| {
///     let mut rounds = 0u64;
///     while !raddle::cancel_requested() {
///         rounds += 1;
///     }
///     rounds
/// });
/// while !endless.is_running() {
///     std::thread::yield_now();
/// }
/// assert!(!endless.cancel(), "too late to keep it from running");
/// assert!(endless.result().is_ok());
/// # Ok::<(), raddle::BuildError>(())
/// ```
pub fn cancel_requested() -> bool {
    CURRENT
        .with(Cell::get)
        .is_some_and(|task| task.state.load().is_asked())
}
