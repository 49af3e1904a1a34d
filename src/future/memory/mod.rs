//! Memory for cells, recycled by the thread that asked for it.
//!
//! A cell allocated by a submitter and freed by a worker is the slow case of every allocator. Here
//! each thread carves cells out of its own chunks; a cell freed elsewhere travels home on a
//! lock-free list, several at a time, and is used again there. Empty chunks beyond a bound go back
//! to the system. The program's allocator serves the chunks and whatever is too large for one.
//!
//! [`home`] is the part that other threads touch, [`local`] the part that only the owner touches.

pub mod home;
mod local;

use crate::sync;
use local::Local;
use std::alloc::Layout;
use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::sync::{Mutex, PoisonError};

/// Bytes of a cell of each class.
const CLASSES: [usize; 4] = [32, 64, 128, 256];

/// Where cells of one layout come from; found out when the program is compiled.
#[derive(Clone, Copy)]
pub struct Source {
    layout: Layout,
    /// `None`: the program's allocator.
    class: Option<usize>,
}

impl Source {
    /// Under a model each cell comes from the program's allocator: the checkers follow it there, and
    /// the protocol of `home` has models of its own.
    pub const fn of(layout: Layout) -> Self {
        let mut class = 0;
        while class < CLASSES.len() && layout.size() > CLASSES[class] {
            class += 1;
        }
        let foreign = sync::MODEL || cfg!(miri) || layout.align() > 16 || class == CLASSES.len();
        Self {
            layout,
            class: if foreign { None } else { Some(class) },
        }
    }
}

sync::thread_local! {
    /// Null: not made yet. `gone()`: the thread's destructors have run over it.
    static LOCAL: Cell<*const Local> = const { Cell::new(ptr::null()) };
}

std::thread_local! {
    static END: End = const { End };
}

/// Gives the thread's memory up when the thread ends.
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

fn gone() -> *const Local {
    ptr::without_provenance(1)
}

/// Serves threads whose destructors are running.
static LAST_RESORT: Mutex<Option<SendLocal>> = Mutex::new(None);

struct SendLocal(Box<Local>);

// SAFETY: a Local is owner-only state; whoever holds the mutex is the owner.
unsafe impl Send for SendLocal {}

#[cold]
fn enter() -> *const Local {
    // The guard's first use registers its destructor; during the thread's end it is refused.
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
    // SAFETY: made by `enter` on this thread, and freed only by this thread's end.
    f(unsafe { &*local })
}

/// Memory for a cell.
///
/// # Panics
/// Never; when the system has no memory left the process ends as `std::alloc::handle_alloc_error`
/// says.
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

/// Takes a cell's memory back, on any thread.
#[inline]
pub fn release(memory: NonNull<u8>, source: Source) {
    match source.class {
        Some(_) => with_local(|local| local.release(memory)),
        // SAFETY: allocated with this layout by `allocate`.
        None => unsafe { std::alloc::dealloc(memory.as_ptr(), source.layout) },
    }
}

/// Sends home what this thread still holds for others; workers call it before they sleep.
pub fn flush() {
    let local = LOCAL.with(Cell::get);
    if !local.is_null() && local != gone() {
        // SAFETY: as in `with_local`.
        unsafe { &*local }.flush();
    }
}
