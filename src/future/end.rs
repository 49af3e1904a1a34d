//! The end of a task: cancellation through the handle, hooks and wakes, and the end of its cell. No locks: the state
//! word ([`super::state`]) says which thread does which step.

use super::admissions::by_number;
use super::hooks;
use super::raw_task::{After, RawTask};
use super::state::{self, Cancel, Completed, Completion, State, TakenOver};
use crate::error::{Rejected, TaskError};
use crate::report::{self, Report};
use std::mem::ManuallyDrop;

impl RawTask {
    /// Cancels through the handle, which the caller borrows. True: the task will never run.
    pub fn cancel(&self) -> bool {
        if let Some(remote) = self.remote() {
            // SAFETY: as in `poll_state`.
            return unsafe { (remote.cancel)(*self) };
        }
        let after_fork = self.tag.predates_fork();
        // Asked first: while the task is pending, its executor is there. In a forked child it is not.
        let admissions = match !after_fork && self.state.load().is_pending() {
            true => by_number::of(self.tag),
            false => None,
        };
        match self.state.cancel(after_fork) {
            Cancel::Already => true,
            Cancel::TooLate => false,
            Cancel::Won(completed) => {
                if let Some(admissions) = admissions {
                    admissions.leave(self.tag);
                }
                // In a forked child the closure is leaked, as in `end_after_fork`, and `after` is not called: no
                // scope waits there, so what closure and scope refer to may be gone.
                let after = if after_fork {
                    None
                } else {
                    // SAFETY: we won the cancellation, so the closure is ours; the caller's handle
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

    /// In a forked child: ends a task whose executor stayed in the parent, as rejected. If the parent had stored the
    /// outcome, this runs the remaining callbacks. Called through the handle by each thread that is about to wait; one
    /// thread gets the task, for the others this does nothing.
    pub fn end_after_fork(&self) {
        let completed = match self.state.take_over_after_fork() {
            TakenOver::Not => return,
            // Callbacks that the parent's thread had taken out of the list are lost; those still in the list
            // run now.
            TakenOver::Settling => Completed {
                hooks: true,
                remote_waiter: false,
                wake: false,
                free: false,
            },
            TakenOver::Unfinished => {
                // SAFETY: taken over, and the parent's threads do not exist here: the slot is ours. Its contents
                // are leaked on purpose: at the fork a thread may have been moving them.
                unsafe {
                    self.store_error(TaskError::Rejected(Rejected::Forked {
                        pool: String::new(),
                    }))
                };
                self.state.finish(Completion::Error, false)
            }
        };
        // SAFETY: taken over; the handle, borrowed by the caller, keeps the cell alive.
        unsafe { complete(*self, completed) };
    }
}

/// Does what [`Completed`] says: wakes waiters, runs hooks, settles, and frees the cell.
///
/// # Safety
/// `completed` came from a transition of this cell's state that the caller has just made.
pub(super) unsafe fn complete(cell: RawTask, completed: Completed) {
    if !completed.hooks && !completed.wake && !completed.free {
        return;
    }
    // SAFETY: no reference is made: the cell may be gone unless it has hooks or we have to free it. A wake needs only
    // its address.
    let address = State::address(unsafe { &raw const (*cell.0.as_ptr()).state });
    if completed.wake {
        state::wake(address);
    }
    if completed.hooks {
        let waiters = cell.hooks.run_callbacks(cell);
        let failed = cell.state.load().is_failed();
        let settled = cell.state.settle();
        if settled.wake {
            state::wake(address);
        }
        if settled.free {
            // SAFETY: `free` says that ours is the last reference.
            unsafe { destroy(cell) };
        }
        hooks::fire_waiters(waiters, failed);
    } else if completed.free {
        // SAFETY: `free` says that ours is the last reference.
        unsafe { destroy(cell) };
    }
}

/// Drops what the cell still holds and frees it. Reports an error that was never read.
///
/// # Safety
/// The caller holds the last reference, and the task is done.
pub(super) unsafe fn destroy(cell: RawTask) {
    // This load is also the acquire that the transitions before it leave to us.
    let now = cell.state.load();
    if now.is_taken() {
        // SAFETY: the last reference, and nothing is left inside.
        unsafe { (cell.vtable.free)(cell) };
    } else {
        // SAFETY: the last reference, and the slot holds what the flags say.
        unsafe { destroy_ended(cell, now.completion(), now.is_seen()) };
    }
}

/// As [`destroy`], for an outcome that was not taken.
///
/// # Safety
/// The caller holds the last reference, and the slot holds what `completion` says.
#[inline]
pub(super) unsafe fn destroy_ended(cell: RawTask, completion: Completion, seen: bool) {
    match completion {
        // SAFETY: as the caller says: the value is ours to drop.
        Completion::Value => unsafe { (cell.vtable.drop_value)(cell) },
        // SAFETY: as the caller says: an error is stored.
        Completion::Error => unsafe { drop_error(cell, seen) },
        Completion::Cancelled => {}
    }
    // SAFETY: the last reference, and nothing is left inside.
    unsafe { (cell.vtable.free)(cell) };
}

/// Drops the stored error, and reports it if it was never read.
///
/// # Safety
/// The slot holds an error, and the caller owns the slot.
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
