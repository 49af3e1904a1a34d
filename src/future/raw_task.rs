//! A pointer to a task's cell, whatever its types are: the part that every cell has, and what is asked through it.
//!
//! It and [`hooks`](super::hooks) import each other: a cell holds a hook list, and a hook is fired with its cell.

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

/// A pointer to a cell. It counts for nothing: whoever uses one holds a reference that keeps the
/// cell alive (a [`Task`], a handle, or a claim). It is no `&Header`, since the slot lies behind it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RawTask(pub(super) NonNull<Header>);

impl std::ops::Deref for RawTask {
    type Target = Header;

    #[inline]
    fn deref(&self) -> &Header {
        // SAFETY: the type's contract: its user keeps the cell alive.
        unsafe { self.0.as_ref() }
    }
}

/// What differs from task to task. Every function takes the cell that it was made for.
pub(super) struct Vtable {
    /// Runs the closure (which the caller has claimed) and stores the outcome.
    pub run: unsafe fn(RawTask) -> Completion,
    /// Drops the closure in place.
    pub drop_closure: unsafe fn(RawTask),
    /// Drops the value in place.
    pub drop_value: unsafe fn(RawTask),
    /// Gives the cell's memory back.
    pub free: unsafe fn(RawTask),
    pub name: unsafe fn(RawTask) -> Option<NonNull<str>>,
    /// What to do when the task is over and its cell may be gone; asked while it is alive.
    pub after: Option<unsafe fn(RawTask) -> After>,
    /// Where the task runs, if that is another process.
    pub remote: Option<&'static RemoteVtable>,
    /// Bytes from the header to the slot.
    pub slot: usize,
}

/// What a future asks of an executor whose tasks run in another process. There nobody completes a task by
/// himself: somebody in this process has to look for its answer. Every function takes a cell whose extra
/// says this is its remote, kept alive by the handle, in the process that made it.
pub struct RemoteVtable {
    /// Looks whether the answer has come, and completes the task with it. Never blocks.
    pub poll: unsafe fn(RawTask),
    /// Sleeps until the point is reached (true) or the deadline has passed (false).
    pub sleep: unsafe fn(RawTask, Until, Option<Instant>) -> bool,
    /// From now on somebody has to be told of the answer who does not wait for it.
    pub request_completion: unsafe fn(RawTask),
    /// As [`RawTask::cancel`].
    pub cancel: unsafe fn(RawTask) -> bool,
    /// Completes some of the tasks of the cell's executor whose answers have come. False: there were none. Never blocks.
    pub serve: unsafe fn(RawTask) -> bool,
    /// Has the task, which is not done here, been started there?
    pub is_started: unsafe fn(RawTask) -> bool,
    /// Would a spin for the task keep its worker from running? A guess.
    pub shares_core: unsafe fn(RawTask) -> bool,
    /// As [`Future::kill`](super::Future::kill).
    pub kill: unsafe fn(RawTask) -> bool,
}

static CANCELLED: TaskError = TaskError::Cancelled;
static ABANDONED: TaskError = TaskError::Abandoned;

/// What a cell holds, one after the other.
#[repr(C)]
pub(super) union Slot<F, T> {
    pub closure: ManuallyDrop<F>,
    pub value: ManuallyDrop<T>,
    pub error: ManuallyDrop<Box<TaskError>>,
}

/// A call that follows the end of a task, when nothing of its cell is used any more.
#[derive(Clone, Copy)]
pub struct After {
    pub call: unsafe fn(*const ()),
    pub context: *const (),
}

impl After {
    pub(super) fn run(this: Option<Self>) {
        if let Some(after) = this {
            // SAFETY: whoever made the pair keeps the context alive until the call.
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

    /// Asked for while the cell is alive, run when it may be gone.
    pub(super) fn after(self) -> Option<After> {
        // SAFETY: the vtable belongs to this cell.
        self.vtable.after.map(|after| unsafe { after(self) })
    }

    pub fn name(&self) -> Option<&str> {
        // SAFETY: the vtable belongs to this cell.
        let name = unsafe { (self.vtable.name)(*self) };
        // SAFETY: a name lives, unchanged, as long as its cell.
        name.map(|name| unsafe { name.as_ref() })
    }

    pub(super) fn slot<T>(&self) -> NonNull<UnsafeCell<Slot<(), T>>> {
        // SAFETY: the offset is that of the slot within this cell's allocation; every field of the
        // union starts at its beginning, whatever the closure's type.
        unsafe { self.0.cast::<u8>().add(self.vtable.slot).cast() }
    }

    /// The outcome, or `None` if it does not stand yet. One that was taken is an error by now.
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
    /// done this before, and gives the handle up as taken.
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

    /// Where the task runs, if that is another process and this one its parent.
    #[inline]
    pub(super) fn remote(&self) -> Option<&'static RemoteVtable> {
        let remote = self.vtable.remote?;
        (!self.tag.is_orphan()).then_some(remote)
    }

    /// One look at the state, after the answer of another process was looked for. Never blocks.
    #[inline]
    pub fn look(&self) -> Snapshot {
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

    /// Sleeps until the point is reached (true) or the deadline has passed (false).
    pub fn sleep(&self, until: Until, deadline: Option<Instant>) -> bool {
        match self.remote() {
            None => self.state.sleep(until, deadline),
            // SAFETY: as in `look`.
            Some(remote) => unsafe { (remote.sleep)(*self, until, deadline) },
        }
    }

    /// Where the task stands.
    pub fn phase(&self) -> FutureState {
        let phase = self.look().phase();
        let Some(remote) = self.remote() else {
            return phase;
        };
        // SAFETY: as in `look`.
        if phase != FutureState::Pending || !unsafe { (remote.is_started)(*self) } {
            return phase;
        }
        // Done between the two looks, or running.
        match self.state.load().phase() {
            FutureState::Pending => FutureState::Running,
            later => later,
        }
    }

    /// Announces that a hook is about to be added: whoever completes the task has to look for it.
    pub fn open_hooks(&self) -> Opened {
        let opened = self.state.open_hooks();
        if opened == Opened::Open {
            self.request_completion();
        }
        opened
    }

    /// As [`open_hooks`](Self::open_hooks), by who will wait for the task, or [engage](Self::engage) before it sleeps.
    pub fn open_hooks_to_wait(&self) -> Opened {
        self.state.open_hooks()
    }

    /// Completes some tasks of another process whose answers have come, this one or others. False: there were none, or it
    /// runs here.
    pub fn serve(&self) -> bool {
        // SAFETY: as in `look`.
        self.remote()
            .is_some_and(|remote| unsafe { (remote.serve)(*self) })
    }

    /// The task is to be completed though nobody waits for it.
    pub fn request_completion(&self) {
        if let Some(remote) = self.remote() {
            // SAFETY: as in `look`.
            unsafe { (remote.request_completion)(*self) };
        }
    }

    /// Ends the worker that runs the task, where that is a process. True: it was done, or the task cancelled.
    pub fn kill(&self) -> bool {
        // SAFETY: as in `look`.
        self.remote()
            .is_some_and(|remote| unsafe { (remote.kill)(*self) })
    }

    /// What the cell carries beside the closure.
    ///
    /// # Safety
    /// The cell was made with an extra that begins with an `N`, aligned to 8 bytes.
    pub unsafe fn extra<N>(&self) -> &N {
        const { assert!(align_of::<N>() <= 8, "the extra follows the header at once") };
        // SAFETY: the extra follows the header, whose size is a multiple of 8; it is never written through
        // a unique reference while the cell lives.
        unsafe { self.0.add(1).cast::<N>().as_ref() }
    }

    /// # Safety
    /// The caller owns the slot of a task whose result type this is, and nothing is in it that needs dropping.
    #[inline]
    pub(super) unsafe fn store_value<T>(&self, value: T) {
        // SAFETY: as the caller says.
        let slot = unsafe { self.slot::<T>().as_ref() };
        slot.with_mut(|slot| {
            // SAFETY: as above, and the slot has room for a T.
            unsafe { (&raw mut (*slot).value).write(ManuallyDrop::new(value)) };
        });
    }

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
