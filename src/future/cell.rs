//! The cell of a task: a header, an extra (for example a name), and one slot that holds the closure first, then the outcome.
//!
//! # Owners
//! Two references keep a cell alive: the *executor's* ([`Task`](super::task::Task): in a queue, or with the worker that runs
//! it, or in a promise) and the *handle's* ([`Future`](super::Future)). The state word (see [`super::state`]) says which
//! thread may touch the slot. The thread that gives up the last reference frees the cell. There is no reference
//! count.
//!
//! A cell lies in private memory: it ends with its process, and no other process sees it.

use super::current;
use super::hooks::HookList;
use super::memory::{self, Source};
use super::panics;
use super::raw_task::{After, Header, RawTask, RemoteVtable, Slot, Vtable};
use super::state::{Completion, State};
use super::tag::Tag;
use crate::error::TaskError;
use crate::report;
use crate::sync::cell::UnsafeCell;
use std::alloc::Layout;
use std::borrow::Cow;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

#[repr(C)]
pub(super) struct Cell<F, T, N> {
    header: Header,
    extra: N,
    slot: UnsafeCell<Slot<F, T>>,
}

/// What a cell carries beside the closure: a name, a scope's count, what a process pool knows of the task, or nothing, which
/// takes no bytes.
pub trait Extra {
    /// Whether [`after`](Self::after) returns a call.
    const HAS_AFTER: bool = false;
    /// Set for a task that runs in another process.
    const REMOTE: Option<&'static RemoteVtable> = None;

    /// Set for a task of this process that can be ended while it runs: see [`Vtable::kill`].
    const KILL: Option<unsafe fn(RawTask) -> bool> = None;

    fn name(&self) -> Option<&str> {
        None
    }

    /// The call that follows the end of the task. Read while the cell is alive.
    fn after(&self) -> Option<After> {
        None
    }
}

impl Extra for () {}

/// A task's name, if it has one.
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
        kill: N::KILL,
        slot: std::mem::offset_of!(Self, slot),
    };

    #[inline]
    pub(super) fn make(
        state: State,
        tag: Tag,
        extra: impl FnOnce() -> N,
        slot: Slot<F, T>,
    ) -> RawTask {
        let memory = memory::allocate(Self::SOURCE).cast::<Self>();
        // Made only now: a value kept over the call of `allocate` is copied after it, and the copy waits for the writes.
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
        RawTask(memory.cast())
    }

    /// Runs the closure and stores the outcome. The caller claimed the cell, and makes the outcome visible afterwards.
    unsafe fn run(raw: RawTask) -> Completion {
        // SAFETY: the vtable belongs to this cell type, and the cell is alive.
        let cell = unsafe { raw.0.cast::<Self>().as_ref() };
        // SAFETY: the claim makes the slot ours, and it holds the closure.
        let closure = cell
            .slot
            .with_mut(|slot| unsafe { ManuallyDrop::take(&mut (*slot).closure) });
        let running = current::enter(raw);
        // UNWIND: the closure and its captures are consumed inside; it cannot reach state of this crate.
        let outcome = catch_unwind(AssertUnwindSafe(closure));
        drop(running);
        let (next, completion) = match outcome {
            Ok(Ok(value)) => (
                Slot {
                    value: ManuallyDrop::new(value),
                },
                Completion::Value,
            ),
            Ok(Err(error)) => (
                Slot {
                    error: ManuallyDrop::new(Box::new(error)),
                },
                Completion::Error,
            ),
            Err(payload) => {
                let error = TaskError::Panicked(panics::report(payload, cell.extra.name()));
                (
                    Slot {
                        error: ManuallyDrop::new(Box::new(error)),
                    },
                    Completion::Error,
                )
            }
        };
        // SAFETY: the slot is still ours; the closure was moved out, so nothing is overwritten that needs dropping.
        cell.slot.with_mut(|slot| unsafe { slot.write(next) });
        completion
    }

    /// Drops the closure. The caller owns the slot. A panic in the destructor is reported.
    unsafe fn drop_closure(raw: RawTask) {
        // SAFETY: as in run.
        let cell = unsafe { raw.0.cast::<Self>().as_ref() };
        if std::mem::needs_drop::<F>() {
            report::contain_drop("task", || {
                // SAFETY: the caller won the cancellation or the claim, so the closure is its to drop.
                cell.slot
                    .with_mut(|slot| unsafe { ManuallyDrop::drop(&mut (*slot).closure) });
            });
        }
    }

    /// Drops the value. The caller holds the last reference. A panic in the destructor is reported.
    unsafe fn drop_value(raw: RawTask) {
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

    /// Drops header and extra, and frees the memory.
    unsafe fn free(raw: RawTask) {
        // SAFETY: the caller holds the last reference; the slot is a union, which drops nothing.
        unsafe { raw.0.cast::<Self>().drop_in_place() };
        memory::release(raw.0.cast(), Self::SOURCE);
    }

    unsafe fn after(raw: RawTask) -> After {
        // SAFETY: as in run.
        let cell = unsafe { raw.0.cast::<Self>().as_ref() };
        cell.extra
            .after()
            .expect("an extra with HAS_AFTER has an `after`")
    }

    unsafe fn name_of(raw: RawTask) -> Option<NonNull<str>> {
        // SAFETY: as in run.
        unsafe { raw.0.cast::<Self>().as_ref() }
            .extra
            .name()
            .map(NonNull::from)
    }
}
