//! Which task this thread is running, for [`cancel_requested`] and for panic reports.

use super::raw_task::RawTask;
use crate::sync;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;

/// Whether the task of another process that this one runs has been asked to stop.
type Asked<'a> = dyn Fn() -> bool + 'a;

sync::thread_local! {
    static CURRENT: Cell<Option<RawTask>> = const { Cell::new(None) };
    /// Around whatever `CURRENT` says: a worker process has nothing outside of the tasks of its parent.
    static REMOTE: Cell<Option<NonNull<Asked<'static>>>> = const { Cell::new(None) };
}

/// While it lives, the task counts as the one that this thread runs.
pub struct Running {
    outer: Option<RawTask>,
}

/// Notes that the task starts here. Tasks nest when a waiter helps.
pub fn enter(task: RawTask) -> Running {
    Running {
        outer: CURRENT.with(|current| current.replace(Some(task))),
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        CURRENT.with(|current| current.set(self.outer));
    }
}

/// While it lives, this thread runs a task of another process.
pub struct RunningRemote<'a>(PhantomData<&'a Asked<'a>>);

/// Notes that a task of another process starts here. They do not nest.
pub fn enter_remote<'a>(asked: &'a Asked<'a>) -> RunningRemote<'a> {
    let asked = NonNull::from(asked);
    // SAFETY: only the lifetime changes; `RunningRemote` removes the pointer before the borrow ends.
    let long = unsafe { std::mem::transmute::<NonNull<Asked<'a>>, NonNull<Asked<'static>>>(asked) };
    REMOTE.with(|remote| remote.set(Some(long)));
    RunningRemote(PhantomData)
}

impl Drop for RunningRemote<'_> {
    fn drop(&mut self) {
        REMOTE.with(|remote| remote.set(None));
    }
}

/// Is a task running on this thread?
pub fn is_running() -> bool {
    CURRENT.with(Cell::get).is_some() || REMOTE.with(Cell::get).is_some()
}

/// Inside a task: has somebody asked it to stop? Outside of a task: false.
///
/// [`Future::cancel`](crate::Future::cancel) on a task that already runs cannot stop it, but sets
/// this mark, which a long task should look at now and then, in a worker process too. One relaxed load;
/// never blocks.
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
        return task.state.load().is_asked();
    }
    REMOTE.with(Cell::get).is_some_and(|asked| {
        // SAFETY: set by `enter_remote` on this thread and still entered.
        let asked = unsafe { asked.as_ref() };
        asked()
    })
}
