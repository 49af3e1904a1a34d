//! The task that the calling thread runs, for [`cancel_requested`] and for panic reports. Thread-local; no locks.

use super::raw_task::RawTask;
use crate::sync;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;

/// In a worker process: whether the parent has asked the running task to stop.
type StopRequested<'a> = dyn Fn() -> bool + 'a;

sync::thread_local! {
    static CURRENT: Cell<Option<RawTask>> = const { Cell::new(None) };
    /// In a worker process, while it runs a task of its parent. A task in `CURRENT` then runs inside that one, so
    /// `CURRENT` is asked first.
    static REMOTE: Cell<Option<NonNull<StopRequested<'static>>>> = const { Cell::new(None) };
}

/// While it lives, the task that was entered is the one that this thread runs.
pub struct Running {
    outer: Option<RawTask>,
}

/// Makes `task` the one that this thread runs. Entries nest: a waiter that helps runs another task meanwhile.
#[inline]
pub fn enter(task: RawTask) -> Running {
    Running {
        outer: CURRENT.with(|current| current.replace(Some(task))),
    }
}

impl Drop for Running {
    #[inline]
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.outer));
    }
}

/// While it lives, this thread runs a task of another process.
pub struct RunningRemote<'a>(PhantomData<&'a StopRequested<'a>>);

/// Notes that a task of the parent process starts on this thread. Entries do not nest. `stop_requested` is called by
/// [`cancel_requested`] in that task.
pub fn enter_remote<'a>(stop_requested: &'a StopRequested<'a>) -> RunningRemote<'a> {
    let stop_requested = NonNull::from(stop_requested);
    // SAFETY: only the lifetime changes; `RunningRemote` removes the pointer before the borrow ends.
    let long = unsafe {
        std::mem::transmute::<NonNull<StopRequested<'a>>, NonNull<StopRequested<'static>>>(
            stop_requested,
        )
    };
    REMOTE.with(|remote| remote.set(Some(long)));
    RunningRemote(PhantomData)
}

impl Drop for RunningRemote<'_> {
    fn drop(&mut self) {
        REMOTE.with(|remote| remote.set(None));
    }
}

/// The task of this process that this thread runs.
#[inline]
pub fn task() -> Option<RawTask> {
    CURRENT.with(Cell::get)
}

/// Whether a task is running on this thread.
pub fn is_running() -> bool {
    CURRENT.with(Cell::get).is_some() || REMOTE.with(Cell::get).is_some()
}

/// Inside a task: whether it has been asked to stop. Outside of a task: false.
///
/// [`Future::cancel`](crate::Future::cancel) cannot stop a task that already runs; it sets this flag instead. A long
/// task should check it now and then. This works in a worker process too. It costs one atomic load and never blocks.
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
    if let Some(task) = CURRENT.with(Cell::get) {
        return task.state.load().is_stop_requested();
    }
    REMOTE.with(Cell::get).is_some_and(|stop_requested| {
        // SAFETY: set by `enter_remote` on this thread and still entered.
        let stop_requested = unsafe { stop_requested.as_ref() };
        stop_requested()
    })
}
