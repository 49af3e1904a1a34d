//! An allocator that gives freed blocks back late, and in no order that repeats.
//!
//! A checker replays an execution step by step, so a model must do the same each time. One that compares addresses
//! does what the allocator makes of it, which depends on the tests that ran before on that thread. Here the same
//! address hardly ever comes back in the same step twice: such a model fails at once, with loom's "is the model fully
//! deterministic?", instead of once in a hundred runs.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

const KEPT: usize = 64;

pub struct Scatter {
    /// Freed blocks: address, and what they were allocated as.
    kept: [Mutex<Option<(usize, Layout)>>; KEPT],
    state: AtomicUsize,
}

#[global_allocator]
static SCATTER: Scatter = Scatter {
    kept: [const { Mutex::new(None) }; KEPT],
    state: AtomicUsize::new(1),
};

impl Scatter {
    fn any(&self) -> usize {
        // A linear congruential generator; two threads that draw the same do no harm.
        let next = self.state.load(Ordering::Relaxed);
        let next = next
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.state.store(next, Ordering::Relaxed);
        next >> (usize::BITS / 2)
    }
}

// SAFETY: blocks are the system's, and go back to it with the layout that they came with, once.
unsafe impl GlobalAlloc for Scatter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let place = &self.kept[self.any() % KEPT];
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        let before = place.replace((block.expose_provenance(), layout));
        drop(place);
        if let Some((block, layout)) = before {
            // SAFETY: freed by its owner with this layout, and taken out of its place.
            unsafe { System.dealloc(std::ptr::with_exposed_provenance_mut(block), layout) };
        }
    }
}
