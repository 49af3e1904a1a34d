//! The arrays in which deques keep their items: null pointers at first.
//!
//! All arrays of a pool are in one piece of fresh zeroed memory, and each page is touched only when it is first used. So
//! building a pool does not wait for the memory, a pool that spawns little does not occupy it, and a page is near the worker
//! that uses it.

pub use memory::Slots;

#[cfg(not(any(raddle_loom, raddle_shuttle)))]
mod memory {
    use crate::sync::Arc;
    use crate::sync::atomic::AtomicPtr;
    use crate::sys::pages::Pages;
    use std::ops::Deref;
    use std::ptr::NonNull;

    /// One array of `N` pointers, and a reference to the memory that it is in.
    pub struct Slots<T, const N: usize> {
        at: NonNull<[AtomicPtr<T>; N]>,
        _pages: Arc<Pages>,
    }

    // SAFETY: an array of atomics, in memory that lives as long as it does.
    unsafe impl<T, const N: usize> Send for Slots<T, N> {}
    // SAFETY: as above.
    unsafe impl<T, const N: usize> Sync for Slots<T, N> {}

    impl<T, const N: usize> Slots<T, N> {
        pub fn new() -> Self {
            Self::within(&Self::pages(1), 0)
        }

        /// `count` arrays in one piece of memory.
        pub fn many(count: usize) -> impl Iterator<Item = Self> {
            let pages = Self::pages(count);
            (0..count).map(move |index| Self::within(&pages, index))
        }

        fn pages(count: usize) -> Arc<Pages> {
            Arc::new(Pages::zeroed(count * size_of::<[AtomicPtr<T>; N]>()))
        }

        fn within(pages: &Arc<Pages>, index: usize) -> Self {
            let first = pages.base().cast::<[AtomicPtr<T>; N]>();
            Self {
                // SAFETY: the pages are large enough for more than `index` arrays.
                at: unsafe { first.add(index) },
                _pages: Arc::clone(pages),
            }
        }
    }

    impl<T, const N: usize> Deref for Slots<T, N> {
        type Target = [AtomicPtr<T>; N];

        #[inline(always)]
        fn deref(&self) -> &[AtomicPtr<T>; N] {
            // SAFETY: within the pages, which `self` keeps; aligned, at a page's start plus a multiple of a pointer's size; zero
            // bytes are null pointers.
            unsafe { self.at.as_ref() }
        }
    }
}

#[cfg(any(raddle_loom, raddle_shuttle))]
mod memory {
    use crate::sync::atomic::AtomicPtr;
    use std::ops::Deref;
    use std::{array, ptr};

    pub struct Slots<T, const N: usize>(Box<[AtomicPtr<T>; N]>);

    impl<T, const N: usize> Slots<T, N> {
        pub fn new() -> Self {
            let null = |_| AtomicPtr::new(ptr::null_mut());
            Self(Box::new(array::from_fn(null)))
        }

        pub fn many(count: usize) -> impl Iterator<Item = Self> {
            (0..count).map(|_| Self::new())
        }
    }

    impl<T, const N: usize> Deref for Slots<T, N> {
        type Target = [AtomicPtr<T>; N];

        fn deref(&self) -> &[AtomicPtr<T>; N] {
            &self.0
        }
    }
}
