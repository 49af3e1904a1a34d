//! One cell per task: header, name, and one slot that holds first the closure, then the outcome.
//!
//! # Owners
//! An *executor reference* ([`Task`]: in a queue, or with the worker that runs it, or a promise) and a
//! *handle reference* ([`Future`](super::Future)). The state word (see [`super::state`]) says who may touch
//! the slot; whoever gives up the last reference frees the cell. Nothing else is counted.
//!
//! Who survives what: a cell never outlives its process; nothing here is shared with another one.

use super::current;
use super::hooks::{self, HookList};
use super::memory::{self, Source};
use super::panics;
use super::state::{
    self, Adopted, Cancel, Completed, Ending, FutureState, Opened, Snapshot, State, Until,
};
use super::tag::Tag;
use crate::error::TaskError;
use crate::report::{self, Report};
use crate::sync::cell::UnsafeCell;
use std::alloc::Layout;
use std::borrow::Cow;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
pub struct Raw(NonNull<Header>);

impl std::ops::Deref for Raw {
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
    pub run: unsafe fn(Raw) -> Ending,
    /// Drops the closure in place.
    pub drop_closure: unsafe fn(Raw),
    /// Drops the value in place.
    drop_value: unsafe fn(Raw),
    /// Gives the cell's memory back.
    pub free: unsafe fn(Raw),
    name: unsafe fn(Raw) -> Option<NonNull<str>>,
    /// What to do when the task is over and its cell may be gone; asked while it is alive.
    after: Option<unsafe fn(Raw) -> After>,
    /// Where the task runs, if that is another process.
    remote: Option<&'static Remote>,
    /// Bytes from the header to the slot.
    slot: usize,
}

/// What a future asks of an executor whose tasks run in another process. There nobody completes a task by
/// himself: somebody in this process has to look for its answer. Every function takes a cell whose extra
/// says this is its remote, kept alive by the handle, in the process that made it.
pub struct Remote {
    /// Looks whether the answer has come, and completes the task with it. Never blocks.
    pub poll: unsafe fn(Raw),
    /// Sleeps until the point is reached (true) or the deadline has passed (false).
    pub sleep: unsafe fn(Raw, Until, Option<Instant>) -> bool,
    /// From now on somebody has to be told of the answer who does not wait for it.
    pub engage: unsafe fn(Raw),
    /// As [`Raw::cancel`].
    pub cancel: unsafe fn(Raw) -> bool,
    /// Completes some of the tasks of the cell's executor whose answers have come. False: there were none. Never blocks.
    pub serve: unsafe fn(Raw) -> bool,
    /// Has the task, which is not done here, been started there?
    pub is_started: unsafe fn(Raw) -> bool,
    /// Would a spin for the task keep its worker from running? A guess.
    pub shares_core: unsafe fn(Raw) -> bool,
    /// As [`Future::kill`](super::Future::kill).
    pub kill: unsafe fn(Raw) -> bool,
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

#[repr(C)]
pub(super) struct Cell<F, T, N> {
    header: Header,
    extra: N,
    slot: UnsafeCell<Slot<F, T>>,
}

/// What a cell carries beside the closure: a name, a scope, or nothing and no bytes for it.
pub trait Extra {
    const HAS_AFTER: bool = false;
    const REMOTE: Option<&'static Remote> = None;

    fn name(&self) -> Option<&str> {
        None
    }

    fn after(&self) -> Option<After> {
        None
    }
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

impl Extra for () {}

/// A name, or none.
impl Extra for Option<Cow<'static, str>> {
    fn name(&self) -> Option<&str> {
        self.as_deref()
    }
}

impl<F, T, N> Cell<F, T, N>
where
    F: FnOnce() -> Result<T, TaskError>,
    N: Extra,
{
    const SOURCE: Source = Source::of(Layout::new::<Self>());
    const VTABLE: &'static Vtable = &Vtable {
        run: Self::run,
        drop_closure: Self::drop_closure,
        drop_value: Self::drop_value,
        free: Self::free,
        name: Self::name_of,
        after: if N::HAS_AFTER {
            Some(Self::after)
        } else {
            None
        },
        remote: N::REMOTE,
        slot: std::mem::offset_of!(Self, slot),
    };

    #[inline]
    pub(super) fn make(state: State, tag: Tag, extra: impl FnOnce() -> N, slot: Slot<F, T>) -> Raw {
        let memory = memory::allocate(Self::SOURCE).cast::<Self>();
        // Not before: what is kept over a call is copied, and the copy waits for the writes.
        let extra = extra();
        let header = Header {
            state,
            tag,
            hooks: HookList::new(),
            vtable: Self::VTABLE,
        };
        // SAFETY: the memory is fresh, aligned and large enough for Self.
        unsafe {
            memory.write(Self {
                header,
                extra,
                slot: UnsafeCell::new(slot),
            })
        };
        Raw(memory.cast())
    }

    /// The caller claimed the cell.
    unsafe fn run(raw: Raw) -> Ending {
        // SAFETY: the vtable belongs to this very cell type, and the cell is alive.
        let cell = unsafe { raw.0.cast::<Self>().as_ref() };
        // SAFETY: having claimed the cell, we alone touch the slot, and it holds the closure.
        let closure = cell
            .slot
            .with_mut(|slot| unsafe { ManuallyDrop::take(&mut (*slot).closure) });
        let running = current::enter(raw);
        // UNWIND: the closure is consumed inside, captures and all; nothing of ours is in reach.
        let outcome = catch_unwind(AssertUnwindSafe(closure));
        drop(running);
        let (next, ending) = match outcome {
            Ok(Ok(value)) => (
                Slot {
                    value: ManuallyDrop::new(value),
                },
                Ending::Value,
            ),
            Ok(Err(error)) => (
                Slot {
                    error: ManuallyDrop::new(Box::new(error)),
                },
                Ending::Error,
            ),
            Err(payload) => {
                let error = TaskError::Panicked(panics::report(payload, cell.extra.name()));
                (
                    Slot {
                        error: ManuallyDrop::new(Box::new(error)),
                    },
                    Ending::Error,
                )
            }
        };
        // SAFETY: still ours alone; the closure was moved out, so nothing is overwritten unread.
        cell.slot.with_mut(|slot| unsafe { slot.write(next) });
        ending
    }

    unsafe fn drop_closure(raw: Raw) {
        // SAFETY: as in run.
        let cell = unsafe { raw.0.cast::<Self>().as_ref() };
        if std::mem::needs_drop::<F>() {
            report::contain_drop("task", || {
                // SAFETY: the caller won the cancellation or the claim: the closure is its to drop.
                cell.slot
                    .with_mut(|slot| unsafe { ManuallyDrop::drop(&mut (*slot).closure) });
            });
        }
    }

    unsafe fn drop_value(raw: Raw) {
        // SAFETY: as in run.
        let cell = unsafe { raw.0.cast::<Self>().as_ref() };
        if std::mem::needs_drop::<T>() {
            report::contain_drop("result", || {
                // SAFETY: the caller holds the last reference and the value was not taken.
                cell.slot
                    .with_mut(|slot| unsafe { ManuallyDrop::drop(&mut (*slot).value) });
            });
        }
    }

    unsafe fn free(raw: Raw) {
        // SAFETY: the caller holds the last reference; the slot is a union, which drops nothing.
        unsafe { raw.0.cast::<Self>().drop_in_place() };
        memory::release(raw.0.cast(), Self::SOURCE);
    }

    unsafe fn after(raw: Raw) -> After {
        // SAFETY: as in run.
        let cell = unsafe { raw.0.cast::<Self>().as_ref() };
        cell.extra
            .after()
            .expect("an extra that says HAS_AFTER has one")
    }

    unsafe fn name_of(raw: Raw) -> Option<NonNull<str>> {
        // SAFETY: as in run.
        unsafe { raw.0.cast::<Self>().as_ref() }
            .extra
            .name()
            .map(NonNull::from)
    }
}

impl Raw {
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
    pub(super) fn remote(&self) -> Option<&'static Remote> {
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
            self.engage();
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
    pub fn engage(&self) {
        if let Some(remote) = self.remote() {
            // SAFETY: as in `look`.
            unsafe { (remote.engage)(*self) };
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
        let completed = match self.state.adopt() {
            Adopted::Not => return,
            // The callbacks that had not run are in the hands of a thread that is not here; those
            // that it had not taken run now.
            Adopted::Settling => Completed {
                hooks: true,
                attended: false,
                wake: false,
                free: false,
            },
            Adopted::Unfinished => {
                // SAFETY: adopted, and the parent's threads do not exist here: the slot is ours. What
                // lies in it is leaked on purpose: it may have been half-way in or out at the fork.
                unsafe {
                    self.store_error(TaskError::Rejected(crate::Rejected::Forked {
                        pool: String::new(),
                    }))
                };
                self.state.finish(Ending::Error, false)
            }
        };
        // SAFETY: adopted; the handle, borrowed by the caller, keeps the cell alive.
        unsafe { complete(*self, completed) };
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

/// What follows an outcome: hooks, wakes, and the end of the cell.
///
/// # Safety
/// `completed` came from a transition of this cell's state that the caller has just made.
pub(super) unsafe fn complete(cell: Raw, completed: Completed) {
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
        hooks::fire_notices(notices, failed);
    } else if completed.free {
        // SAFETY: told to free: ours is the last reference.
        unsafe { destroy(cell) };
    }
}

/// Drops what the cell still holds and frees it; an error that nobody saw is reported.
///
/// # Safety
/// The caller holds the last reference, and the task is done.
pub(super) unsafe fn destroy(cell: Raw) {
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
pub(super) unsafe fn destroy_ended(cell: Raw, ending: Ending, seen: bool) {
    match ending {
        // SAFETY: as the caller says: the value is ours to drop.
        Ending::Value => unsafe { (cell.vtable.drop_value)(cell) },
        // SAFETY: as the caller says: an error is stored.
        Ending::Error => unsafe { drop_error(cell, seen) },
        Ending::Cancelled => {}
    }
    // SAFETY: the last reference, and nothing is left inside.
    unsafe { (cell.vtable.free)(cell) };
}

/// # Safety
/// The slot holds an error, which is the caller's.
#[cold]
unsafe fn drop_error(cell: Raw, seen: bool) {
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

const _: () = assert!(crate::sync::MODEL || size_of::<Header>() == 24);
