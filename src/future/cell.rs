//! One cell per task: header, name, and one slot that holds first the closure, then the outcome.
//!
//! # Owners
//! An *executor reference* ([`Task`]: in a queue, or with the worker that runs it, or a promise) and a
//! *handle reference* ([`Future`](super::Future)). The state word (see [`super::state`]) says who may touch
//! the slot; whoever gives up the last reference frees the cell. Nothing else is counted.
//!
//! Who survives what: a cell never outlives its process; nothing here is shared with another one.

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

/// What a cell carries beside the closure: a name, a scope, or nothing and no bytes for it.
pub trait Extra {
    const HAS_AFTER: bool = false;
    const REMOTE: Option<&'static RemoteVtable> = None;

    fn name(&self) -> Option<&str> {
        None
    }

    fn after(&self) -> Option<After> {
        None
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
    pub(super) fn make(
        state: State,
        tag: Tag,
        extra: impl FnOnce() -> N,
        slot: Slot<F, T>,
    ) -> RawTask {
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
        RawTask(memory.cast())
    }

    /// The caller claimed the cell.
    unsafe fn run(raw: RawTask) -> Completion {
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
        // SAFETY: still ours alone; the closure was moved out, so nothing is overwritten unread.
        cell.slot.with_mut(|slot| unsafe { slot.write(next) });
        ending
    }

    unsafe fn drop_closure(raw: RawTask) {
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
            .expect("an extra that says HAS_AFTER has one")
    }

    unsafe fn name_of(raw: RawTask) -> Option<NonNull<str>> {
        // SAFETY: as in run.
        unsafe { raw.0.cast::<Self>().as_ref() }
            .extra
            .name()
            .map(NonNull::from)
    }
}
