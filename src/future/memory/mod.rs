//! Memory for cells, reused by the thread that allocated it.
//!
//! A submitter allocates a cell and a worker frees it: that is the slow case of every general allocator. Here
//! each thread carves cells out of its own chunks. A cell that another thread frees returns to its owner on a
//! lock-free list, several at a time, and is reused there. Empty chunks beyond a bound are returned to the program's
//! allocator, which also serves cells that are too large for a chunk.
//!
//! [`remote_free_list`] is the part that other threads touch, [`local`] the part that only the owner touches.

mod local;
pub mod remote_free_list;

use crate::sync;
use local::Local;
use std::alloc::Layout;
use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::sync::{Mutex, PoisonError};

/// The bytes of a cell, for each size class.
const CLASSES: [usize; 4] = [32, 64, 128, 256];

/// Where cells of one layout come from. A constant of each cell type.
#[derive(Clone, Copy)]
pub struct Source {
    layout: Layout,
    /// The index in [`CLASSES`]. `None`: the program's allocator.
    class: Option<usize>,
}

impl Source {
    /// In a model each cell comes from the program's allocator, where the checkers follow it. The protocol of
    /// [`remote_free_list`] has models of its own.
    pub const fn of(layout: Layout) -> Self {
        let mut class = 0;
        while class < CLASSES.len() && layout.size() > CLASSES[class] {
            class += 1;
        }
        let is_foreign = sync::MODEL || cfg!(miri) || layout.align() > 16 || class == CLASSES.len();
        Self {
            layout,
            class: if is_foreign { None } else { Some(class) },
        }
    }
}

sync::thread_local! {
    /// Null: not made yet. `gone()`: the thread's destructors have ended it.
    static LOCAL: Cell<*const Local> = const { Cell::new(ptr::null()) };
}

std::thread_local! {
    /// Only its destructor is used.
    static END: End = const { End };
}

/// Abandons the thread's memory when the thread ends.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        let local = LOCAL.with(|slot| slot.replace(gone()));
        if !local.is_null() && local != gone() {
            // SAFETY: made by Box::into_raw in `enter`, and the slot no longer points to it.
            let local = *unsafe { Box::from_raw(local.cast_mut()) };
            local.abandon();
        }
    }
}

/// Marks a thread whose memory was abandoned.
fn gone() -> *const Local {
    ptr::without_provenance(1)
}

/// Serves threads whose memory was abandoned and whose other destructors still use cells.
static LAST_RESORT: Mutex<Option<SendLocal>> = Mutex::new(None);

struct SendLocal(Box<Local>);

// SAFETY: only the owner uses a Local; the thread that holds the mutex is the owner.
unsafe impl Send for SendLocal {}

/// Makes this thread's memory, at its first use of a cell.
#[cold]
fn enter() -> *const Local {
    // The first use of `END` registers its destructor. It fails if that destructor has run.
    match END.try_with(|_| ()) {
        Ok(()) => {
            let local = Box::into_raw(Box::new(Local::new()));
            LOCAL.with(|slot| slot.set(local));
            local
        }
        Err(_) => {
            LOCAL.with(|slot| slot.set(gone()));
            gone()
        }
    }
}

/// Calls `f` with this thread's memory. Takes the lock of `LAST_RESORT` only in a thread that ends.
#[inline]
fn with_local<R>(f: impl FnOnce(&Local) -> R) -> R {
    let mut local = LOCAL.with(Cell::get);
    if local.is_null() {
        local = enter();
    }
    if local == gone() {
        let mut last = LAST_RESORT.lock().unwrap_or_else(PoisonError::into_inner);
        return f(&last
            .get_or_insert_with(|| SendLocal(Box::new(Local::new())))
            .0);
    }
    // SAFETY: made by `enter` on this thread, and freed only when this thread ends.
    f(unsafe { &*local })
}

/// Memory for a cell. If there is none, this calls `std::alloc::handle_alloc_error`, which ends the process.
#[inline]
pub fn allocate(source: Source) -> NonNull<u8> {
    let layout = source.layout;
    match source.class {
        Some(class) => with_local(|local| local.allocate(class)),
        None => {
            // SAFETY: a cell is never of size zero.
            let memory = unsafe { std::alloc::alloc(layout) };
            NonNull::new(memory).unwrap_or_else(|| std::alloc::handle_alloc_error(layout))
        }
    }
}

/// Frees a cell's memory. May be called on any thread.
#[inline]
pub fn release(memory: NonNull<u8>, source: Source) {
    match source.class {
        Some(_) => with_local(|local| local.release(memory)),
        // SAFETY: allocated with this layout by `allocate`.
        None => unsafe { std::alloc::dealloc(memory.as_ptr(), source.layout) },
    }
}

/// Returns to their owners all cells of other threads that this thread has freed and still holds. Workers call it before
/// they sleep.
pub fn flush() {
    let local = LOCAL.with(Cell::get);
    if !local.is_null() && local != gone() {
        // SAFETY: as in `with_local`.
        unsafe { &*local }.flush();
    }
}
