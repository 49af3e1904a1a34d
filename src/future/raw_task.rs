//! [`RawTask`], a type-erased pointer to a task's cell: the [`Header`] that every cell begins with, and the operations
//! that need no type parameter.
//!
//! This module and [`hooks`](super::hooks) import each other: a cell holds a hook list, and a hook is fired with its cell.

use super::hooks::HookList;
use super::state::{Completion, FutureState, Opened, Snapshot, State, Until};
use super::tag::Tag;
use crate::error::TaskError;
use crate::sync::cell::UnsafeCell;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::time::Instant;

/// The part of a cell that is the same for every task.
#[repr(C)]
pub struct Header {
    pub state: State,
    pub tag: Tag,
    pub hooks: HookList,
    pub(super) vtable: &'static Vtable,
}

/// A pointer to a cell. It does not keep the cell alive: its user has to hold a reference that does (a
/// [`Task`](super::task::Task), a handle, or a claim). It is not a `&Header`, because the slot lies behind the header.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RawTask(pub(super) NonNull<Header>);

impl std::ops::Deref for RawTask {
    type Target = Header;

    #[inline]
    fn deref(&self) -> &Header {
        // SAFETY: the type's contract: its user holds a reference that keeps the cell alive.
        unsafe { self.0.as_ref() }
    }
}

/// The functions that depend on the types of a cell. Each takes the cell that it was made for.
pub(super) struct Vtable {
    /// Runs the closure (which the caller has claimed) and stores the outcome.
    pub run: unsafe fn(RawTask) -> Completion,
    /// Drops the closure in place.
    pub drop_closure: unsafe fn(RawTask),
    /// Drops the value in place.
    pub drop_value: unsafe fn(RawTask),
    /// Drops the header and frees the cell's memory. The slot must be empty.
    pub free: unsafe fn(RawTask),
    /// The task's name, which lives as long as the cell.
    pub name: unsafe fn(RawTask) -> Option<NonNull<str>>,
    /// The call that follows the end of the task, when its cell may be gone. Read while the cell is alive.
    pub after: Option<unsafe fn(RawTask) -> After>,
    /// Set if the task runs in another process.
    pub remote: Option<&'static RemoteVtable>,
    /// Ends a task of this process that runs, or is about to. False: it is done, or cannot be ended. The caller holds a borrow of the
    /// handle, in the process that made the cell.
    pub kill: Option<unsafe fn(RawTask) -> bool>,
    /// Bytes from the header to the slot.
    pub slot: usize,
}

impl Vtable {
    /// As [`RawTask::after`], for a caller that has read the table of `cell` before. While a task runs, a waiter that looks at its state
    /// takes the cell's cache line, so each look at the cell may wait for the line.
    #[inline]
    pub fn after(&self, cell: RawTask) -> Option<After> {
        // SAFETY: the table belongs to the cell.
        self.after.map(|after| unsafe { after(cell) })
    }
}

/// The operations of a future whose task runs in another process. The worker there cannot complete a task: a thread of
/// this process has to receive its reply. Every function takes a cell whose [`Extra`](super::cell::Extra) names this
/// table. The caller holds a borrow of the handle, in the process that made the cell.
pub struct RemoteVtable {
    /// Completes the task if its reply has arrived. Never blocks.
    pub poll: unsafe fn(RawTask),
    /// Sleeps until the point is reached (true) or the deadline has passed (false).
    pub sleep: unsafe fn(RawTask, Until, Option<Instant>) -> bool,
    /// From now on the completer has to receive the reply, because no thread waits for it.
    pub request_completion: unsafe fn(RawTask),
    /// As [`RawTask::cancel`].
    pub cancel: unsafe fn(RawTask) -> bool,
    /// Completes some of the tasks of the cell's executor whose replies have arrived. False: there were none. Never blocks.
    pub complete_some: unsafe fn(RawTask) -> bool,
    /// Whether the worker has started the task, which is not done here.
    pub is_started: unsafe fn(RawTask) -> bool,
    /// Whether spinning for the task would keep its worker from running. A guess.
    pub shares_core: unsafe fn(RawTask) -> bool,
    /// As [`Future::kill`](super::Future::kill).
    pub kill: unsafe fn(RawTask) -> bool,
}

static CANCELLED: TaskError = TaskError::Cancelled;
static ABANDONED: TaskError = TaskError::Abandoned;

/// What a cell holds: the closure first, then the outcome. [`super::state`] says which, and which thread may touch it.
#[repr(C)]
pub(super) union Slot<F, T> {
    pub closure: ManuallyDrop<F>,
    pub value: ManuallyDrop<T>,
    pub error: ManuallyDrop<Box<TaskError>>,
}

/// A call that follows the end of a task, when its cell is no longer used. A scope counts its tasks with it.
#[derive(Clone, Copy)]
pub struct After {
    pub call: unsafe fn(*const ()),
    pub context: *const (),
}

impl After {
    pub(super) fn run(this: Option<Self>) {
        if let Some(after) = this {
            // SAFETY: the maker of the pair keeps the context alive until the call.
            unsafe { (after.call)(after.context) }
        }
    }
}

impl RawTask {
    pub fn pointer(self) -> NonNull<Header> {
        self.0
    }

    pub fn from_pointer(pointer: NonNull<Header>) -> Self {
        Self(pointer)
    }

    /// Read while the cell is alive, run when it may be gone.
    pub(super) fn after(self) -> Option<After> {
        self.vtable.after(self)
    }

    pub fn name(&self) -> Option<&str> {
        // SAFETY: the vtable belongs to this cell.
        let name = unsafe { (self.vtable.name)(*self) };
        // SAFETY: a name lives, unchanged, as long as its cell.
        name.map(|name| unsafe { name.as_ref() })
    }

    /// The slot, seen without the closure's type.
    pub(super) fn slot<T>(&self) -> NonNull<UnsafeCell<Slot<(), T>>> {
        // SAFETY: the offset is that of the slot within this cell's allocation; every field of the
        // union starts at its beginning, whatever the closure's type.
        unsafe { self.0.cast::<u8>().add(self.vtable.slot).cast() }
    }

    /// The outcome, or `None` if the task is not done. An outcome that was taken reads as `Abandoned`.
    ///
    /// # Safety
    /// `T` is the task's result type; the outcome is not taken while the borrow lives.
    pub unsafe fn outcome<T>(&self) -> Option<Result<&T, &TaskError>> {
        let now = self.state.load();
        if !now.is_done() {
            return None;
        }
        if now.is_taken() {
            return Some(Err(&ABANDONED));
        }
        if now.is_cancelled() {
            return Some(Err(&CANCELLED));
        }
        // SAFETY: done, so the slot holds what the flags say, and it is only read from now on.
        let slot = unsafe { self.slot::<T>().as_ref() };
        Some(slot.with(|slot| {
            if now.is_failed() {
                // SAFETY: FAILED says that an error is stored.
                Err(unsafe { &**(*slot).error })
            } else {
                // SAFETY: done and not failed: a value is stored.
                Ok(unsafe { &*(*slot).value })
            }
        }))
    }

    /// Moves the outcome out.
    ///
    /// # Safety
    /// `T` is the task's result type; the state is settled; the caller is the handle, has not
    /// done this before, and marks the outcome as taken or gives the handle up as taken.
    pub unsafe fn take<T>(&self) -> Result<T, TaskError> {
        let now = self.state.load();
        debug_assert!(now.is_settled());
        if now.is_cancelled() {
            return Err(TaskError::Cancelled);
        }
        // SAFETY: settled, so the slot is the handle's alone.
        let slot = unsafe { self.slot::<T>().as_ref() };
        slot.with_mut(|slot| {
            if now.is_failed() {
                // SAFETY: FAILED says that an error is stored; it is taken once.
                Err(*unsafe { ManuallyDrop::take(&mut (*slot).error) })
            } else {
                // SAFETY: done and not failed: a value is stored; it is taken once.
                Ok(unsafe { ManuallyDrop::take(&mut (*slot).value) })
            }
        })
    }

    /// The operations of a task that runs in another process. `None` in a forked child, which does not own the pool.
    #[inline]
    pub(super) fn remote(&self) -> Option<&'static RemoteVtable> {
        let remote = self.vtable.remote?;
        (!self.tag.predates_fork()).then_some(remote)
    }

    /// The state. A task of another process is completed first if its reply has arrived. Never blocks.
    #[inline]
    pub fn poll_state(&self) -> Snapshot {
        let now = self.state.load();
        if now.is_done() {
            return now;
        }
        match self.remote() {
            None => now,
            Some(remote) => {
                // SAFETY: the cell's own remote; the caller's handle keeps the cell alive.
                unsafe { (remote.poll)(*self) };
                self.state.load()
            }
        }
    }

    /// Sleeps, on the state word or where replies of another process arrive, until the point is reached (true) or the
    /// deadline has passed (false).
    pub fn sleep(&self, until: Until, deadline: Option<Instant>) -> bool {
        match self.remote() {
            None => self.state.sleep(until, deadline),
            // SAFETY: as in `poll_state`.
            Some(remote) => unsafe { (remote.sleep)(*self, until, deadline) },
        }
    }

    /// The task's state for [`Future::state`](super::Future::state).
    pub fn phase(&self) -> FutureState {
        let phase = self.poll_state().phase();
        let Some(remote) = self.remote() else {
            return phase;
        };
        // SAFETY: as in `poll_state`.
        if phase != FutureState::Pending || !unsafe { (remote.is_started)(*self) } {
            return phase;
        }
        // Started there. It may have become done since the first load.
        match self.state.load().phase() {
            FutureState::Pending => FutureState::Running,
            later => later,
        }
    }

    /// Announces that a hook is about to be added, and has the task completed though no thread waits for it.
    pub fn open_hooks(&self) -> Opened {
        let opened = self.state.open_hooks();
        if opened == Opened::Open {
            self.request_completion();
        }
        opened
    }

    /// As [`open_hooks`](Self::open_hooks), by a thread that will wait for the task, or will
    /// [request its completion](Self::request_completion) before it sleeps.
    pub fn open_hooks_to_wait(&self) -> Opened {
        self.state.open_hooks()
    }

    /// Completes some tasks of this cell's executor whose replies have arrived from other processes. False: there were
    /// none, or the task runs in this process.
    pub fn complete_some(&self) -> bool {
        // SAFETY: as in `poll_state`.
        self.remote()
            .is_some_and(|remote| unsafe { (remote.complete_some)(*self) })
    }

    /// Has the task completed though no thread waits for it. A task of this process needs nothing.
    pub fn request_completion(&self) {
        if let Some(remote) = self.remote() {
            // SAFETY: as in `poll_state`.
            unsafe { (remote.request_completion)(*self) };
        }
    }

    /// Cancels a task that has not started. Ends one that runs: its worker process, or what its isolate runs. True: one of these was
    /// begun. False: the task is done, or runs on a thread that cannot be interrupted.
    pub fn kill(&self) -> bool {
        if let Some(remote) = self.remote() {
            // SAFETY: as in `poll_state`.
            return unsafe { (remote.kill)(*self) };
        }
        if self.vtable.remote.is_some() {
            return false;
        }
        if self.cancel() {
            return true;
        }
        if self.state.load().is_done() {
            return false;
        }
        match self.vtable.kill {
            // SAFETY: the cell's own function; the caller's handle keeps the cell alive, in the process that made it.
            Some(kill) if !self.tag.predates_fork() => unsafe { kill(*self) },
            _ => false,
        }
    }

    /// The cell's [`Extra`](super::cell::Extra).
    ///
    /// # Safety
    /// The cell was made with an extra that begins with an `N`, aligned to 8 bytes.
    pub unsafe fn extra<N>(&self) -> &N {
        const { assert!(align_of::<N>() <= 8, "the extra follows the header at once") };
        // SAFETY: the extra follows the header, whose size is a multiple of 8; it is never written through
        // a unique reference while the cell lives.
        unsafe { self.0.add(1).cast::<N>().as_ref() }
    }

    /// Stores a value; [`State::finish`] then makes it visible.
    ///
    /// # Safety
    /// The caller owns the slot, `T` is the task's result type, and nothing in the slot needs dropping.
    #[inline]
    pub(super) unsafe fn store_value<T>(&self, value: T) {
        // SAFETY: as the caller says.
        let slot = unsafe { self.slot::<T>().as_ref() };
        slot.with_mut(|slot| {
            // SAFETY: as above, and the slot is large enough for a T.
            unsafe { (&raw mut (*slot).value).write(ManuallyDrop::new(value)) };
        });
    }

    /// Stores an error, as [`store_value`](Self::store_value).
    ///
    /// # Safety
    /// The caller owns the slot, and nothing in it needs dropping.
    pub(super) unsafe fn store_error(&self, error: TaskError) {
        // SAFETY: the caller owns the slot; an error fits at its start whatever the types are.
        let slot = unsafe { self.slot::<()>().as_ref() };
        slot.with_mut(|slot| {
            // SAFETY: as above; nothing that needs dropping is overwritten.
            unsafe { (&raw mut (*slot).error).write(ManuallyDrop::new(Box::new(error))) };
        });
    }
}

const _: () = assert!(crate::sync::MODEL || size_of::<Header>() == 24);
