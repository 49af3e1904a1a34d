//! The bytes of an answer, which are copied out of the guest into memory that the thread keeps: a call needs no memory of its own.
//!
//! The guest's list is gone when its function's call is over, since wasmtime lets the guest free it. So it is copied while wasmtime makes
//! the result.

use std::cell::RefCell;
use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext};
use wasmtime::component::{ComponentType, Lift, WasmList};

thread_local! {
    static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Memory for an answer that was longer is not kept.
const KEPT: usize = 1 << 20;

/// A `list<u8>` of a guest, whose bytes the thread has.
pub struct Answer;

/// Calls `take` with the bytes of the last answer on this thread.
pub fn take<R>(take: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    let mut bytes = BYTES.take();
    let taken = take(&mut bytes);
    if bytes.capacity() <= KEPT {
        BYTES.set(bytes);
    }
    taken
}

impl Answer {
    fn copy(cx: &mut LiftContext<'_>, list: &WasmList<u8>) -> wasmtime::Result<Self> {
        BYTES.with_borrow_mut(|bytes| {
            bytes.clear();
            u8::linear_lift_into_from_memory(cx, list, bytes)
        })?;
        Ok(Self)
    }
}

// SAFETY: all is that of `WasmList<u8>`.
unsafe impl ComponentType for Answer {
    type Lower = <WasmList<u8> as ComponentType>::Lower;

    const ABI: CanonicalAbiInfo = <WasmList<u8> as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        <WasmList<u8> as ComponentType>::typecheck(ty, types)
    }
}

// SAFETY: the list is that of `WasmList<u8>`, which has checked where it lies.
unsafe impl Lift for Answer {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        src: &Self::Lower,
    ) -> wasmtime::Result<Self> {
        let list = WasmList::<u8>::linear_lift_from_flat(cx, ty, src)?;
        Self::copy(cx, &list)
    }

    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        bytes: &[u8],
    ) -> wasmtime::Result<Self> {
        let list = WasmList::<u8>::linear_lift_from_memory(cx, ty, bytes)?;
        Self::copy(cx, &list)
    }
}
