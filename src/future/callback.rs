//! Done-callbacks: a boxed closure as a node of the hook list ([`hooks`]).

use super::hooks::{self, CallbackVtable};
use super::raw_task::RawTask;
use crate::error::TaskError;
use crate::report::{self, Report, message_of};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

#[repr(C)]
struct Callback<T, F> {
    node: hooks::Callback,
    run: F,
    result: PhantomData<fn(&T)>,
}

impl<T, F> Callback<T, F>
where
    F: FnOnce(Result<&T, &TaskError>),
{
    const VTABLE: &'static CallbackVtable = &CallbackVtable { fire: Self::fire };

    unsafe fn fire(node: NonNull<hooks::Callback>, cell: RawTask) {
        // SAFETY: made by `node` below as a box of this type, and consumed once.
        let this = *unsafe { Box::from_raw(node.cast::<Self>().as_ptr()) };
        run(cell, this.run);
    }
}

/// A node that runs `f` on the outcome. The list that takes it fires it once, which frees it.
pub fn node<T, F>(f: F) -> NonNull<hooks::Callback>
where
    F: FnOnce(Result<&T, &TaskError>),
{
    let callback = Callback::<T, F> {
        node: hooks::Callback::new(Callback::<T, F>::VTABLE, 0),
        run: f,
        result: PhantomData,
    };
    NonNull::from(Box::leak(Box::new(callback))).cast()
}

/// Runs a callback. The caller is the finisher, or holds a borrow of the handle: the outcome is stored and is not
/// taken meanwhile.
pub fn run<T, F>(cell: RawTask, f: F)
where
    F: FnOnce(Result<&T, &TaskError>),
{
    // SAFETY: T is the cell's type (the typed handle made the node); the outcome is not taken now:
    // the state is settling, or the caller holds a borrow of the handle.
    let outcome = unsafe { cell.outcome::<T>() }.expect("callbacks run when the outcome is stored");
    if outcome.is_err() {
        cell.state.mark_seen();
    }
    // UNWIND: a callback is user code on a thread that has to go on: report the panic, then run the next callback.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| f(outcome))) {
        report::tell(&Report::CallbackPanicked {
            task: cell.name(),
            message: message_of(&*payload),
        });
        report::contain_drop("panic payload", || drop(payload));
    }
}

#[repr(C)]
struct Over<F> {
    node: hooks::Callback,
    run: F,
}

impl<F: FnOnce()> Over<F> {
    const VTABLE: &'static CallbackVtable = &CallbackVtable { fire: Self::fire };

    unsafe fn fire(node: NonNull<hooks::Callback>, _: RawTask) {
        // SAFETY: made by `over` below as a box of this type, and consumed once.
        let this = *unsafe { Box::from_raw(node.cast::<Self>().as_ptr()) };
        (this.run)();
    }
}

/// A node that runs `f`, which is no code of the user and does not panic, and leaves the outcome alone. The list that takes it fires
/// it once, which frees it.
#[cfg(feature = "process")]
pub fn over<F: FnOnce()>(f: F) -> NonNull<hooks::Callback> {
    let over = Over {
        node: hooks::Callback::new(Over::<F>::VTABLE, 0),
        run: f,
    };
    NonNull::from(Box::leak(Box::new(over))).cast()
}
