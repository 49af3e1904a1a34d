//! An `Arc` whose happens-before edges loom sees.
//!
//! It replaces loom's own `Arc`, which aborts the process when it is dropped after the checker has given up. Only the count
//! is modelled. The memory belongs to a `std` `Arc`, so a wrong count cannot free it too early.

use super::imp::is_over;
use loom::sync::atomic::{AtomicUsize, Ordering};
use std::mem::ManuallyDrop;
use std::ops::Deref;

// The value comes first, so that a pointer to it is also a pointer to the whole struct.
#[repr(C)]
struct Shared<T> {
    value: T,
    count: AtomicUsize,
}

pub struct Arc<T>(ManuallyDrop<std::sync::Arc<Shared<T>>>);

impl<T> Arc<T> {
    pub fn new(value: T) -> Self {
        Self(ManuallyDrop::new(std::sync::Arc::new(Shared {
            value,
            count: AtomicUsize::new(1),
        })))
    }

    #[must_use]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        std::sync::Arc::ptr_eq(&this.0, &other.0)
    }

    #[must_use]
    pub fn as_ptr(this: &Self) -> *const T {
        std::sync::Arc::as_ptr(&this.0).cast()
    }

    #[must_use]
    pub fn into_raw(this: Self) -> *const T {
        let mut this = ManuallyDrop::new(this);
        // SAFETY: `this` is never touched again, not even dropped.
        std::sync::Arc::into_raw(unsafe { ManuallyDrop::take(&mut this.0) }).cast()
    }

    /// # Safety
    ///
    /// The pointer comes from [`into_raw`](Self::into_raw), and its reference is not used up yet.
    #[must_use]
    pub unsafe fn from_raw(pointer: *const T) -> Self {
        // SAFETY: the value is the first field of the struct whose pointer `into_raw` returned.
        Self(ManuallyDrop::new(unsafe {
            std::sync::Arc::from_raw(pointer.cast())
        }))
    }

    #[must_use]
    pub fn strong_count(this: &Self) -> usize {
        std::sync::Arc::strong_count(&this.0)
    }

    /// The value, if this is the last reference.
    #[must_use]
    pub fn into_inner(this: Self) -> Option<T> {
        let mut this = ManuallyDrop::new(this);
        this.release();
        // SAFETY: `this` is never touched again, not even dropped.
        let shared = unsafe { ManuallyDrop::take(&mut this.0) };
        std::sync::Arc::into_inner(shared).map(|shared| shared.value)
    }

    fn release(&self) {
        if !is_over() && self.0.count.fetch_sub(1, Ordering::Release) == 1 {
            self.0.count.load(Ordering::Acquire);
        }
    }
}

impl<T> Clone for Arc<T> {
    fn clone(&self) -> Self {
        if !is_over() {
            self.0.count.fetch_add(1, Ordering::Relaxed);
        }
        Self(self.0.clone())
    }
}

impl<T> Drop for Arc<T> {
    fn drop(&mut self) {
        self.release();
        // SAFETY: dropped once, here.
        unsafe { ManuallyDrop::drop(&mut self.0) }
    }
}

impl<T> Deref for Arc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T: Default> Default for Arc<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Arc<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.value.fmt(f)
    }
}
