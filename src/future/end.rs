//! The end of a task: hooks and wakes, cancellation from the handle's side, and the end of its cell.

use super::hooks;
use super::raw_task::{After, RawTask};
use super::state::{self, Cancel, Completed, Completion, State, TakenOver};
use crate::error::{Rejected, TaskError};
use crate::report::{self, Report};
use std::mem::ManuallyDrop;

impl RawTask {
    /// Cancels from the handle's side. True: it will never run.
    pub fn cancel(&self) -> bool {
        if let Some(remote) = self.remote() {
            // SAFETY: as in `look`.
            return unsafe { (remote.cancel)(*self) };
        }
        let orphan = self.tag.is_orphan();
        match self.state.cancel(orphan) {
            Cancel::Already => true,
            Cancel::TooLate => false,
            Cancel::Won(completed) => {
                // In a forked child the closure is leaked, as in `orphan`, and the end is told to
                // nobody: a scope does not wait there, so what either refers to may be gone.
                let after = if orphan {
                    None
                } else {
                    // SAFETY: the cancellation was won, so the closure is ours; the caller's handle
                    // keeps the cell alive.
                    unsafe { (self.vtable.drop_closure)(*self) };
                    self.after()
                };
                // SAFETY: as above; `free` cannot be set while the handle lives.
                unsafe { complete(*self, completed) };
                After::run(after);
                true
            }
        }
    }

    /// In a forked child: ends a task whose executor stayed in the parent.
    pub fn orphan(&self) {
        let completed = match self.state.take_over_after_fork() {
            TakenOver::Not => return,
            // The callbacks that had not run are in the hands of a thread that is not here; those
            // that it had not taken run now.
            TakenOver::Settling => Completed {
                hooks: true,
                remote_waiter: false,
                wake: false,
                free: false,
            },
            TakenOver::Unfinished => {
                // SAFETY: adopted, and the parent's threads do not exist here: the slot is ours. What
                // lies in it is leaked on purpose: it may have been half-way in or out at the fork.
                unsafe {
                    self.store_error(TaskError::Rejected(Rejected::Forked {
                        pool: String::new(),
                    }))
                };
                self.state.finish(Completion::Error, false)
            }
        };
        // SAFETY: adopted; the handle, borrowed by the caller, keeps the cell alive.
        unsafe { complete(*self, completed) };
    }
}

/// What follows an outcome: hooks, wakes, and the end of the cell.
///
/// # Safety
/// `completed` came from a transition of this cell's state that the caller has just made.
pub(super) unsafe fn complete(cell: RawTask, completed: Completed) {
    if !completed.hooks && !completed.wake && !completed.free {
        return;
    }
    // SAFETY: no reference is made: the cell may be gone unless there are hooks or it is ours to
    // free. Its address is all that a wake needs.
    let address = State::address(unsafe { &raw const (*cell.0.as_ptr()).state });
    if completed.wake {
        state::wake(address);
    }
    if completed.hooks {
        let notices = cell.hooks.run_callbacks(cell);
        let failed = cell.state.load().is_failed();
        let settled = cell.state.settle();
        if settled.wake {
            state::wake(address);
        }
        if settled.free {
            // SAFETY: told to free: ours is the last reference.
            unsafe { destroy(cell) };
        }
        hooks::fire_waiters(notices, failed);
    } else if completed.free {
        // SAFETY: told to free: ours is the last reference.
        unsafe { destroy(cell) };
    }
}

/// Drops what the cell still holds and frees it; an error that nobody saw is reported.
///
/// # Safety
/// The caller holds the last reference, and the task is done.
pub(super) unsafe fn destroy(cell: RawTask) {
    // This look is also the acquire that the transition before it has left to us.
    let now = cell.state.load();
    if now.is_taken() {
        // SAFETY: the last reference, and nothing is left inside.
        unsafe { (cell.vtable.free)(cell) };
    } else {
        // SAFETY: the last reference, and what the flags say is inside.
        unsafe { destroy_ended(cell, now.ending(), now.is_seen()) };
    }
}

/// As [`destroy`], for an outcome that was not taken.
///
/// # Safety
/// The caller holds the last reference, and the slot holds what `ending` says.
#[inline]
pub(super) unsafe fn destroy_ended(cell: RawTask, ending: Completion, seen: bool) {
    match ending {
        // SAFETY: as the caller says: the value is ours to drop.
        Completion::Value => unsafe { (cell.vtable.drop_value)(cell) },
        // SAFETY: as the caller says: an error is stored.
        Completion::Error => unsafe { drop_error(cell, seen) },
        Completion::Cancelled => {}
    }
    // SAFETY: the last reference, and nothing is left inside.
    unsafe { (cell.vtable.free)(cell) };
}

/// # Safety
/// The slot holds an error, which is the caller's.
#[cold]
unsafe fn drop_error(cell: RawTask, seen: bool) {
    // SAFETY: an error fits at the slot's start whatever the types are.
    let slot = unsafe { cell.slot::<()>().as_ref() };
    // SAFETY: as the caller says.
    let error = slot.with_mut(|slot| unsafe { ManuallyDrop::take(&mut (*slot).error) });
    if !seen {
        report::tell(&Report::UnobservedError {
            task: cell.name(),
            error: &error,
        });
    }
    report::contain_drop("result", || drop(error));
}
