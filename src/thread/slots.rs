//! The arrays that deques keep their items in: null pointers at first.
//!
//! All arrays of a pool lie in one piece of fresh memory, of which a page is touched when it is first used: building
//! a pool does not wait for it, a pool that spawns little does not hold it, and it lies near the worker it belongs to.

use crate::sync::atomic::AtomicPtr;
use std::ops::Deref;

pub use memory::Slots;

#[cfg(not(any(raddle_loom, raddle_shuttle)))]
mod memory {
    use super::{AtomicPtr, Deref};
    use crate::sync::Arc;
    use crate::sys::pages::Pages;
    use std::ptr::NonNull;

    /// One array of `N` pointers, and its share in the memory.
    pub struct Slots<T, const N: usize> {
        at: NonNull<[AtomicPtr<T>; N]>,
        _pages: Arc<Pages>,
    }

    // SAFETY: an array of atomics, in memory that lives as long.
    unsafe impl<T, const N: usize> Send for Slots<T, N> {}
    // SAFETY: as above.
    unsafe impl<T, const N: usize> Sync for Slots<T, N> {}

    impl<T, const N: usize> Slots<T, N> {
        pub fn new() -> Self {
            Self::within(&Self::pages(1), 0)
        }

        /// So many arrays.
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
                // SAFETY: the pages have room for more than `index` of them.
                at: unsafe { first.add(index) },
                _pages: Arc::clone(pages),
            }
        }
    }

    impl<T, const N: usize> Deref for Slots<T, N> {
        type Target = [AtomicPtr<T>; N];

        #[inline(always)]
        fn deref(&self) -> &[AtomicPtr<T>; N] {
            // SAFETY: within the pages, which `self` keeps; page-aligned or a multiple of a pointer further; zero bytes
            // are null pointers.
            unsafe { self.at.as_ref() }
        }
    }
}

#[cfg(any(raddle_loom, raddle_shuttle))]
mod memory {
    use super::{AtomicPtr, Deref};
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
