//! A global allocator that counts, but only while counting is on: otherwise a call costs one relaxed
//! load more than malloc, so the other workloads of the same program are not disturbed.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

/// The system's malloc with counters in front. A binary installs it with `#[global_allocator]`.
pub struct Counting;

static COUNTING: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);

/// What was asked of the heap so far, while counting was on.
#[derive(Clone, Copy, Debug)]
pub struct Heap {
    /// Allocations and reallocations.
    pub calls: u64,
    /// Bytes asked for, whether freed since or not.
    pub bytes: u64,
    /// Bytes asked for less bytes freed.
    pub live: i64,
}

/// Switches the counters on or off.
pub fn count(on: bool) {
    COUNTING.store(on, Relaxed);
}

/// The counters now. Meaningful when the other threads are known to be quiet.
pub fn heap() -> Heap {
    Heap {
        calls: CALLS.load(Relaxed),
        bytes: BYTES.load(Relaxed),
        live: LIVE.load(Relaxed),
    }
}

/// Whether this program's allocator is the counting one.
pub fn installed() -> bool {
    let was = COUNTING.swap(true, Relaxed);
    let before = heap().calls;
    drop(std::hint::black_box(Box::new(0_u64)));
    let counted = heap().calls != before;
    COUNTING.store(was, Relaxed);
    counted
}

#[inline]
fn note(allocated: usize, freed: usize) {
    if COUNTING.load(Relaxed) {
        if allocated > 0 {
            CALLS.fetch_add(1, Relaxed);
            BYTES.fetch_add(allocated as u64, Relaxed);
        }
        LIVE.fetch_add(allocated as i64 - freed as i64, Relaxed);
    }
}

// SAFETY: every call is passed on to `System` unchanged; counting touches no memory of the caller.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size(), 0);
        // SAFETY: the caller keeps `GlobalAlloc::alloc`'s contract, which is `System`'s.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size(), 0);
        // SAFETY: as for `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        note(0, layout.size());
        // SAFETY: the block came from `System` by one of the calls above, with this layout.
        unsafe { System.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size, layout.size());
        // SAFETY: as for `dealloc`, and the caller vouches for `size`.
        unsafe { System.realloc(block, layout, size) }
    }
}
