//! The references to a cell: the executor's ([`Task`]), the handle's, and a promise's.
//!
//! Each of them ends in exactly one of the transitions of [`super::state`] that give a reference up.

use super::cell::{Cell, Extra};
use super::end::{complete, destroy, destroy_ended};
use super::panics;
use super::raw_task::{After, RawTask, Slot};
use super::state::{Claim, Completed, Completion, Snapshot, State};
use super::tag::Tag;
use crate::error::TaskError;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The executor's reference to a task. Dropping it cancels the task, so no task is ever lost.
pub struct Task(RawTask);

// SAFETY: the closure inside is Send (see `task`), and everything else is the protocol's.
unsafe impl Send for Task {}

impl Task {
    pub fn into_raw(self) -> RawTask {
        ManuallyDrop::new(self).0
    }

    /// # Safety
    /// The pointer came from [`Task::into_raw`], once.
    pub unsafe fn from_raw(raw: RawTask) -> Self {
        Self(raw)
    }

    pub fn raw(&self) -> RawTask {
        self.0
    }

    /// Runs the task here, unless it was cancelled or is run by a waiter. True: it ran.
    #[inline]
    pub fn run(self) -> bool {
        let cell = self.into_raw();
        let now = cell.state.load();
        if now.is_executors_alone() {
            // SAFETY: nobody else will ever touch the cell, so it needs no claim.
            let ending = unsafe { (cell.vtable.run)(cell) };
            let after = cell.after();
            // SAFETY: ours is the last reference, and the slot holds what was just stored.
            unsafe { destroy_ended(cell, ending, false) };
            After::run(after);
            return true;
        }
        match cell.state.claim_from(now) {
            Claim::Won => {
                // SAFETY: claimed.
                let ending = unsafe { (cell.vtable.run)(cell) };
                let after = cell.after();
                let completed = cell.state.finish(ending, true);
                // SAFETY: the transition just made.
                unsafe { complete(cell, completed) };
                After::run(after);
                true
            }
            Claim::Lost => {
                Self::let_go(cell);
                false
            }
        }
    }

    /// Ends the task without running its closure, which is dropped. None: it had been cancelled.
    fn end_with(self, ending: Completion, store: impl FnOnce(RawTask)) -> Option<Ended> {
        let cell = self.into_raw();
        if cell.state.claim() == Claim::Lost {
            Self::let_go(cell);
            return None;
        }
        // SAFETY: claimed, so the closure is ours to drop.
        unsafe { (cell.vtable.drop_closure)(cell) };
        store(cell);
        let after = cell.after();
        let completed = cell.state.finish(ending, true);
        Some(Ended {
            cell,
            completed,
            after,
        })
    }

    /// Cancels from the executor's side.
    pub fn cancel(self) {
        drop(self.end_cancelled());
    }

    /// The first half of [`cancel`](Self::cancel).
    pub fn end_cancelled(self) -> Option<Ended> {
        self.end_with(Completion::Cancelled, |_| {})
    }

    /// Fails the task instead of running it.
    pub fn fail(self, error: TaskError) {
        drop(self.end_failed(error));
    }

    /// The first half of [`fail`](Self::fail).
    pub fn end_failed(self, error: TaskError) -> Option<Ended> {
        self.end_with(Completion::Error, |cell| {
            // SAFETY: claimed, and the closure was dropped: the slot is ours and empty.
            unsafe { cell.store_error(error) };
        })
    }

    fn let_go(cell: RawTask) {
        // The word need not say that the last reference has gone.
        if cell.state.load().is_executors_last() || cell.state.release_queue() {
            // SAFETY: told to free, or seen to be alone: ours was the last reference.
            unsafe { destroy(cell) };
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        Self(self.0).cancel();
    }
}

/// A task whose outcome stands. Dropping it does the rest, which may run code of the user: wakes who sleeps, runs
/// callbacks, and frees the cell if nobody refers to it.
#[must_use = "dropping it runs callbacks"]
pub struct Ended {
    cell: RawTask,
    completed: Completed,
    after: Option<After>,
}

// SAFETY: whoever ends a task may let another thread do the rest.
unsafe impl Send for Ended {}

impl Ended {
    /// Somebody [attends](State::set_remote_waiter) to the task, and has to be woken where he sleeps.
    pub fn has_remote_waiter(&self) -> bool {
        self.completed.remote_waiter
    }

    /// Does the rest run callbacks or destructors?
    pub fn runs_code(&self) -> bool {
        self.completed.hooks || self.completed.free
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        let Completed {
            hooks, wake, free, ..
        } = self.completed;
        if hooks || wake || free {
            // SAFETY: the transition that made this.
            unsafe { complete(self.cell, self.completed) };
        }
        After::run(self.after);
    }
}

/// Runs a task that is still queued somewhere, from the handle's side. True: it ran here.
///
/// # Safety
/// The caller holds a borrow of the handle; the task may run on this thread.
pub unsafe fn run_from_handle(cell: RawTask) -> bool {
    if cell.state.claim() == Claim::Lost {
        return false;
    }
    // SAFETY: claimed.
    let ending = unsafe { (cell.vtable.run)(cell) };
    let after = cell.after();
    let completed = cell.state.finish(ending, false);
    // SAFETY: the transition just made.
    unsafe { complete(cell, completed) };
    After::run(after);
    true
}

/// Gives up the handle's reference.
///
/// # Safety
/// The caller is the handle and does not use the cell again.
#[inline]
pub unsafe fn release_handle(cell: RawTask, taken: bool) {
    let now: Snapshot = cell.state.load();
    if taken && now.is_queue_gone() {
        // Settled, taken, and no executor refers to it: the reference is the last one, and the
        // word need not say so.
        // SAFETY: the last reference, and the outcome was moved out.
        unsafe { (cell.vtable.free)(cell) };
    } else if cell.state.release_handle(taken) {
        // SAFETY: told to free: ours was the last reference.
        unsafe { destroy(cell) };
    }
}

/// A queued task: one reference for the executor, one for the handle.
pub fn task<F, T, N>(tag: Tag, extra: N, closure: F) -> (Task, RawTask)
where
    F: FnOnce() -> Result<T, TaskError>,
    N: Extra,
{
    task_with(tag, || extra, closure)
}

/// As [`task`], with an extra that is made in its place.
#[inline]
fn task_with<F, T, N>(tag: Tag, extra: impl FnOnce() -> N, closure: F) -> (Task, RawTask)
where
    F: FnOnce() -> Result<T, TaskError>,
    N: Extra,
{
    let slot = Slot {
        closure: ManuallyDrop::new(closure),
    };
    let header = Cell::<F, T, N>::make(State::queued(), tag, extra, slot);
    (Task(header), header)
}

/// A promise's cell: its executor's side never runs anything, it only completes.
pub fn promised<T>() -> (PromisedTask<T>, RawTask) {
    promised_with(Tag::NONE, || ())
}

/// As [`promised`], for a task of an executor that runs it elsewhere.
#[inline]
pub fn promised_with<T, N: Extra>(
    tag: Tag,
    extra: impl FnOnce() -> N,
) -> (PromisedTask<T>, RawTask) {
    fn nothing<T>() -> Result<T, TaskError> {
        Err(TaskError::Abandoned)
    }
    let (task, header) = task_with::<fn() -> Result<T, TaskError>, T, N>(tag, extra, nothing::<T>);
    (
        PromisedTask {
            task: ManuallyDrop::new(task),
            result: std::marker::PhantomData,
        },
        header,
    )
}

/// The executor's side of a promise.
pub struct PromisedTask<T> {
    task: ManuallyDrop<Task>,
    /// Invariant: what goes in by a promise comes out by a future of that very type.
    result: std::marker::PhantomData<fn(T) -> T>,
}

impl<T> PromisedTask<T> {
    pub fn raw(&self) -> RawTask {
        self.task.raw()
    }

    /// Forgets the type, for a record that holds tasks of any.
    pub fn into_task(self) -> Task {
        ManuallyDrop::into_inner(self.task)
    }

    /// # Safety
    /// The task came from [`into_task`](Self::into_task) of this very type.
    pub unsafe fn from_task(task: Task) -> Self {
        Self {
            task: ManuallyDrop::new(task),
            result: std::marker::PhantomData,
        }
    }

    /// Completes; `started` tells that this side has claimed the cell before.
    pub fn complete(
        self,
        started: bool,
        outcome: Result<T, TaskError>,
    ) -> Result<(), Result<T, TaskError>> {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: taken once: `this` is not used again and never dropped.
        let cell = unsafe { ManuallyDrop::take(&mut this.task) }.into_raw();
        if !started && cell.state.claim() == Claim::Lost {
            Task::let_go(cell);
            return Err(outcome);
        }
        let ending = match outcome {
            Ok(value) => {
                // SAFETY: claimed: the slot is ours; it holds a plain fn pointer.
                unsafe { cell.store_value(value) };
                Completion::Value
            }
            Err(error) => {
                // SAFETY: as above.
                unsafe { cell.store_error(error) };
                Completion::Error
            }
        };
        let completed = cell.state.finish(ending, true);
        // SAFETY: the transition just made.
        unsafe { complete(cell, completed) };
        Ok(())
    }

    /// The first half of completing a task that its executor alone can start or cancel: with what `make` returns, or
    /// how it panics.
    #[inline(always)]
    pub fn end_with(self, make: impl FnOnce() -> Result<T, TaskError>) -> Ended {
        let cell = self.into_task().into_raw();
        // UNWIND: `make` is the user's; what it made is stored when it has returned.
        // It is stored in there: a value that is returned first is copied once more.
        let ending = catch_unwind(AssertUnwindSafe(|| match make() {
            Ok(value) => {
                // SAFETY: the slot is the executor's, which the caller is; it holds a plain fn pointer.
                unsafe { cell.store_value(value) };
                Completion::Value
            }
            Err(error) => {
                // SAFETY: as above.
                unsafe { cell.store_error(error) };
                Completion::Error
            }
        }));
        let ending = ending.unwrap_or_else(|payload| {
            let error = TaskError::Panicked(panics::report(payload, cell.name()));
            // SAFETY: as above.
            unsafe { cell.store_error(error) };
            Completion::Error
        });
        let after = cell.after();
        let completed = cell.state.finish_unclaimed(ending);
        Ended {
            cell,
            completed,
            after,
        }
    }
}
