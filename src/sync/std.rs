//! The std flavour: wrappers without a cost.

pub use std::sync::Arc;
pub(crate) use std::thread_local;

use std::sync::PoisonError;

/// The name of the flavour that was compiled in.
#[must_use]
pub fn flavour() -> &'static str {
    "std"
}

/// A point at which `raddle_delays` may insert a delay.
#[inline(always)]
fn point() {
    #[cfg(raddle_delays)]
    super::delays::point();
}

pub mod atomic {
    //! Atomics with the API that all flavours share, and the layout and cost of `std`'s.

    pub use std::sync::atomic::Ordering;

    // A function, not a re-export: the lint that forbids `std`'s fence elsewhere checks what a path resolves to.
    #[inline(always)]
    pub fn fence(order: Ordering) {
        super::point();
        std::sync::atomic::fence(order);
    }

    macro_rules! common {
        ($name:ident, [$($generic:tt)*], $std:ty, $value:ty) => {
            #[repr(transparent)]
            pub struct $name $($generic)* ($std);

            impl $($generic)* $name $($generic)* {
                #[inline(always)]
                pub const fn new(value: $value) -> Self {
                    Self(<$std>::new(value))
                }

                #[inline(always)]
                pub fn load(&self, order: Ordering) -> $value {
                    super::point();
                    self.0.load(order)
                }

                #[inline(always)]
                pub fn store(&self, value: $value, order: Ordering) {
                    super::point();
                    self.0.store(value, order);
                }

                #[inline(always)]
                pub fn swap(&self, value: $value, order: Ordering) -> $value {
                    super::point();
                    self.0.swap(value, order)
                }

                #[inline(always)]
                pub fn compare_exchange(
                    &self,
                    current: $value,
                    new: $value,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$value, $value> {
                    super::point();
                    self.0.compare_exchange(current, new, success, failure)
                }

                #[inline(always)]
                pub fn compare_exchange_weak(
                    &self,
                    current: $value,
                    new: $value,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$value, $value> {
                    super::point();
                    self.0.compare_exchange_weak(current, new, success, failure)
                }

                /// Plain access for the exclusive owner.
                #[inline(always)]
                pub fn with_mut<R>(&mut self, f: impl FnOnce(&mut $value) -> R) -> R {
                    f(self.0.get_mut())
                }

                /// A read without synchronisation.
                ///
                /// # Safety
                ///
                /// No other thread may write the atomic at the same time.
                #[inline(always)]
                pub unsafe fn unsync_load(&self) -> $value {
                    // SAFETY: the caller excludes concurrent writes; the pointer is to a live atomic.
                    unsafe { *self.0.as_ptr() }
                }

                #[inline(always)]
                pub fn into_inner(self) -> $value {
                    self.0.into_inner()
                }
            }

            impl $($generic)* std::fmt::Debug for $name $($generic)* {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    self.0.fmt(f)
                }
            }
        };
    }

    macro_rules! methods {
        ($name:ident, $value:ty, $($method:ident),*) => {
            impl $name {
                $(#[inline(always)]
                pub fn $method(&self, value: $value, order: Ordering) -> $value {
                    super::point();
                    self.0.$method(value, order)
                })*
            }
        };
    }

    macro_rules! integer {
        ($name:ident, $value:ty) => {
            common!($name, [], std::sync::atomic::$name, $value);
            methods!(
                $name, $value, fetch_add, fetch_sub, fetch_or, fetch_and, fetch_xor, fetch_max,
                fetch_min
            );
        };
    }

    integer!(AtomicU32, u32);
    integer!(AtomicU64, u64);
    integer!(AtomicUsize, usize);
    common!(AtomicBool, [], std::sync::atomic::AtomicBool, bool);
    methods!(AtomicBool, bool, fetch_or, fetch_and, fetch_xor);
    common!(AtomicPtr, [<T>], std::sync::atomic::AtomicPtr<T>, *mut T);

    const _: () = assert!(size_of::<AtomicU32>() == 4 && align_of::<AtomicU32>() == 4);
    const _: () = assert!(size_of::<AtomicU64>() == 8 && align_of::<AtomicU64>() == 8);
    const _: () = assert!(size_of::<AtomicPtr<u8>>() == size_of::<usize>());
    const _: () = assert!(align_of::<AtomicPtr<u8>>() == align_of::<usize>());
}

pub mod cell {
    //! A cell whose accesses have a beginning and an end, so that loom can track them.

    #[repr(transparent)]
    pub struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        #[inline(always)]
        pub const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        #[inline(always)]
        pub fn into_inner(self) -> T {
            self.0.into_inner()
        }
    }

    impl<T: ?Sized> UnsafeCell<T> {
        /// The pointer must not be written through and must not leave the closure.
        #[inline(always)]
        pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        /// The pointer must not leave the closure.
        #[inline(always)]
        pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }

    impl<T: ?Sized> std::fmt::Debug for UnsafeCell<T> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("UnsafeCell { .. }")
        }
    }
}

pub mod hint {
    #[inline(always)]
    pub fn spin_loop() {
        std::hint::spin_loop();
    }
}

pub mod thread {
    //! Threads with a name and a stack size. There is no park: threads sleep on a futex.

    pub use std::thread::{JoinHandle, LocalKey, panicking, yield_now};

    /// Has the thread ended? Always false under a checker, which does not know before the join.
    pub fn is_finished<T>(handle: &JoinHandle<T>) -> bool {
        handle.is_finished()
    }

    pub fn spawn<F, T>(f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        std::thread::spawn(f)
    }

    /// Starts a named thread; `stack` is in bytes, `None` for the platform's default.
    ///
    /// # Errors
    ///
    /// The kernel's error if it refuses the thread. `InvalidInput` for a name with a NUL byte, for which `std` would panic.
    pub fn spawn_with<F>(
        name: String,
        stack: Option<usize>,
        f: F,
    ) -> std::io::Result<JoinHandle<()>>
    where
        F: FnOnce() + Send + 'static,
    {
        if name.as_bytes().contains(&0) {
            return Err(std::io::Error::new(
                std::io::ErrorKind::InvalidInput,
                "a thread name cannot contain a NUL byte",
            ));
        }
        let mut builder = std::thread::Builder::new().name(name);
        if let Some(bytes) = stack {
            builder = builder.stack_size(bytes);
        }
        builder.spawn(f)
    }
}

pub use std::sync::MutexGuard;

/// A lock for slow paths. It is never poisoned: the guarded data must be valid whenever user code can run.
#[derive(Default, Debug)]
pub struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    pub fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Mutex<T> {
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        point();
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}
