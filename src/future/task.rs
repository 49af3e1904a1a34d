//! The references to a cell: the executor's ([`Task`], or [`PromisedTask`] for one that never runs a closure), and the
//! handle's.
//!
//! Each is given up by exactly one transition of [`super::state`].

use super::cell::{Cell, Extra};
use super::end::{complete, destroy, destroy_ended};
use super::panics;
use super::raw_task::{After, RawTask, Slot};
use super::state::{Claim, Completed, Completion, Snapshot, State};
use super::tag::Tag;
use crate::error::TaskError;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The executor's reference to a task. Dropping it cancels the task, so that no waiter is left without an outcome.
pub struct Task(RawTask);

// SAFETY: executors make tasks of closures that are `Send`; the state word's protocol guards everything else.
unsafe impl Send for Task {}

impl Task {
    pub fn into_raw(self) -> RawTask {
        ManuallyDrop::new(self).0
    }

    /// # Safety
    /// The pointer came from [`Task::into_raw`] and was not turned into a `Task` since.
    pub unsafe fn from_raw(raw: RawTask) -> Self {
        Self(raw)
    }

    pub fn raw(&self) -> RawTask {
        self.0
    }

    /// Runs the task on this thread, unless it was cancelled or a waiter runs it. True: it ran here.
    #[inline]
    pub fn run(self) -> bool {
        self.run_after(|_| {})
    }

    /// As [`run`](Self::run). `begin` is told that the task is about to run, with its tag, when no other thread can run or cancel it any
    /// more; or that it does not run here. Called by workers.
    #[inline]
    pub fn run_after(self, begin: impl FnOnce(Option<Tag>)) -> bool {
        let cell = self.into_raw();
        let vtable = cell.vtable;
        let now = cell.state.load();
        if now.is_pending_without_handle() {
            begin(Some(cell.tag));
            // SAFETY: no other thread touches the cell any more, so it needs no claim.
            let completion = unsafe { (vtable.run)(cell) };
            let after = vtable.after(cell);
            // SAFETY: ours is the last reference, and the slot holds what was just stored.
            unsafe { destroy_ended(cell, completion, false) };
            After::run(after);
            return true;
        }
        match cell.state.claim_from(now) {
            Claim::Won => {
                begin(Some(cell.tag));
                // SAFETY: claimed.
                let completion = unsafe { (vtable.run)(cell) };
                let after = vtable.after(cell);
                let completed = cell.state.finish(completion, true);
                // SAFETY: the transition just made.
                unsafe { complete(cell, completed) };
                After::run(after);
                true
            }
            Claim::Lost => {
                Self::release(cell);
                begin(None);
                false
            }
        }
    }

    /// Ends the task without running its closure, which is dropped; `store` stores the outcome. `None`: the task had been
    /// cancelled or started before.
    fn end_with(self, completion: Completion, store: impl FnOnce(RawTask)) -> Option<Ended> {
        let cell = self.into_raw();
        if cell.state.claim() == Claim::Lost {
            Self::release(cell);
            return None;
        }
        // SAFETY: claimed, so the closure is ours to drop.
        unsafe { (cell.vtable.drop_closure)(cell) };
        store(cell);
        let after = cell.after();
        let completed = cell.state.finish(completion, true);
        Some(Ended {
            cell,
            completed,
            after,
        })
    }

    /// Cancels the task from the executor's side.
    pub fn cancel(self) {
        drop(self.end_cancelled());
    }

    /// The first half of [`cancel`](Self::cancel): dropping the [`Ended`] is the second. `None`: it had been cancelled or
    /// started before.
    pub fn end_cancelled(self) -> Option<Ended> {
        self.end_with(Completion::Cancelled, |_| {})
    }

    /// Fails the task instead of running it.
    pub fn fail(self, error: TaskError) {
        drop(self.end_failed(error));
    }

    /// The first half of [`fail`](Self::fail): dropping the [`Ended`] is the second. `None`: it had been cancelled or
    /// started before.
    pub fn end_failed(self, error: TaskError) -> Option<Ended> {
        self.end_with(Completion::Error, |cell| {
            // SAFETY: claimed, and the closure was dropped, so the slot is ours and empty.
            unsafe { cell.store_error(error) };
        })
    }

    /// Gives up the executor's reference to a task that another thread started or cancelled.
    fn release(cell: RawTask) {
        // If ours is the last reference, no other thread reads the word: `release_executor` is not needed.
        if cell.state.load().is_settled_without_handle() || cell.state.release_executor() {
            // SAFETY: ours is the last reference: the load or the release says so.
            unsafe { destroy(cell) };
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        Self(self.0).cancel();
    }
}

/// A task that is done, but whose waiters do not know it yet. Dropping it does the rest, which may run user code: it wakes
/// waiters, runs callbacks, and frees the cell if this was the last reference. So a pool can end a task under a lock and
/// drop the `Ended` after it.
#[must_use = "dropping it runs callbacks"]
pub struct Ended {
    cell: RawTask,
    completed: Completed,
    after: Option<After>,
}

// SAFETY: the transition made the rest the part of this value alone, on whichever thread it is dropped.
unsafe impl Send for Ended {}

impl Ended {
    /// Whether a waiter has called [`State::set_remote_waiter`] and has to be woken where it sleeps. Dropping this does not
    /// wake it.
    pub fn has_remote_waiter(&self) -> bool {
        self.completed.remote_waiter
    }

    /// Whether dropping this runs callbacks or destructors.
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
            // SAFETY: `completed` came from the transition that made this.
            unsafe { complete(self.cell, self.completed) };
        }
        After::run(self.after);
    }
}

/// Runs a task that is still queued, through its handle, on this thread, after `begin`. True: it ran here. Called by a worker that
/// waits for the task. The queue's reference stays: the worker that finds the task there drops it.
///
/// # Safety
/// The caller holds a borrow of the handle; the task may run on this thread.
pub unsafe fn run_from_handle(cell: RawTask, begin: impl FnOnce(RawTask)) -> bool {
    if cell.state.claim() == Claim::Lost {
        return false;
    }
    begin(cell);
    let vtable = cell.vtable;
    // SAFETY: claimed.
    let completion = unsafe { (vtable.run)(cell) };
    let after = vtable.after(cell);
    let completed = cell.state.finish(completion, false);
    // SAFETY: the transition just made.
    unsafe { complete(cell, completed) };
    After::run(after);
    true
}

/// Gives up the handle's reference. `taken`: the handle has moved the outcome out.
///
/// # Safety
/// The caller is the handle and does not use the cell again.
#[inline]
pub unsafe fn release_handle(cell: RawTask, taken: bool) {
    let now: Snapshot = cell.state.load();
    if taken && now.is_executor_gone() {
        // Settled, taken, and the executor's reference is gone: ours is the last one, so no other thread reads the
        // word and `State::release_handle` is not needed.
        // SAFETY: the last reference, and the outcome was moved out.
        unsafe { (cell.vtable.free)(cell) };
    } else if cell.state.release_handle(taken) {
        // SAFETY: the release says that ours was the last reference.
        unsafe { destroy(cell) };
    }
}

/// Makes a queued task: the executor's reference, and the cell for the handle.
pub fn task<F, T, N>(tag: Tag, extra: N, closure: F) -> (Task, RawTask)
where
    F: FnOnce() -> Result<T, TaskError>,
    N: Extra,
{
    task_with(tag, || extra, closure)
}

/// As [`task`], with an extra that is made where it is stored.
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

/// Makes a promise's cell, whose executor's side runs no closure and only completes.
pub fn promised<T>() -> (PromisedTask<T>, RawTask) {
    promised_with(Tag::NONE, || ())
}

/// As [`promised`], for a task that its executor runs in another process.
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

/// The executor's reference to a promise.
pub struct PromisedTask<T> {
    task: ManuallyDrop<Task>,
    /// Invariant in `T`: the future yields exactly the type that the promise takes.
    result: std::marker::PhantomData<fn(T) -> T>,
}

impl<T> PromisedTask<T> {
    pub fn raw(&self) -> RawTask {
        self.task.raw()
    }

    /// Forgets the type, for a record that holds tasks of any type.
    pub fn into_task(self) -> Task {
        ManuallyDrop::into_inner(self.task)
    }

    /// # Safety
    /// The task came from [`into_task`](Self::into_task) with the same `T`.
    pub unsafe fn from_task(task: Task) -> Self {
        Self {
            task: ManuallyDrop::new(task),
            result: std::marker::PhantomData,
        }
    }

    /// Completes the task and does all that follows. `started`: this side has claimed the cell before. Err: the task had been
    /// cancelled; the outcome comes back.
    pub fn complete(
        self,
        started: bool,
        outcome: Result<T, TaskError>,
    ) -> Result<(), Result<T, TaskError>> {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: taken once: `this` is not used again and never dropped.
        let cell = unsafe { ManuallyDrop::take(&mut this.task) }.into_raw();
        if !started && cell.state.claim() == Claim::Lost {
            Task::release(cell);
            return Err(outcome);
        }
        let completion = match outcome {
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
        let completed = cell.state.finish(completion, true);
        // SAFETY: the transition just made.
        unsafe { complete(cell, completed) };
        Ok(())
    }

    /// The first half of completing a task that only its executor can start or cancel: stores what `make` returns, or a
    /// report of its panic. Dropping the [`Ended`] is the second half.
    #[inline(always)]
    pub fn end_with(self, make: impl FnOnce() -> Result<T, TaskError>) -> Ended {
        let cell = self.into_task().into_raw();
        // UNWIND: `make` runs user code; nothing is stored before it has returned.
        // The value is stored inside the closure, because returning it would copy it once more.
        let completion = catch_unwind(AssertUnwindSafe(|| match make() {
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
        let completion = completion.unwrap_or_else(|payload| {
            let error = TaskError::Panicked(panics::report(payload, cell.name()));
            // SAFETY: as above.
            unsafe { cell.store_error(error) };
            Completion::Error
        });
        let after = cell.after();
        let completed = cell.state.finish_unclaimed(completion);
        Ended {
            cell,
            completed,
            after,
        }
    }
}
