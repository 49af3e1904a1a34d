//! The shuttle flavour: schedules of many threads. It treats every ordering as `SeqCst`, and a fence does nothing. So it finds
//! errors in schedules, but no wrong ordering.

pub use shuttle::sync::{Arc, MutexGuard};
pub(crate) use shuttle::thread_local;

use std::sync::PoisonError;

/// The name of the flavour that was compiled in.
#[must_use]
pub fn flavour() -> &'static str {
    "shuttle"
}

pub mod atomic {
    //! shuttle's atomics under the API that all flavours share.

    use crate::sync::faults;
    use shuttle::sync::atomic as shuttle_atomic;
    pub use shuttle_atomic::{Ordering, fence};

    macro_rules! common {
        ($name:ident, [$($generic:tt)*], $shuttle:ty, $value:ty) => {
            pub struct $name $($generic)* ($shuttle);

            impl $($generic)* $name $($generic)* {
                #[track_caller]
                pub const fn new(value: $value) -> Self {
                    Self(<$shuttle>::new(value))
                }

                pub fn load(&self, order: Ordering) -> $value {
                    faults::step();
                    self.0.load(order)
                }

                pub fn store(&self, value: $value, order: Ordering) {
                    faults::step();
                    self.0.store(value, order);
                }

                pub fn swap(&self, value: $value, order: Ordering) -> $value {
                    faults::step();
                    self.0.swap(value, order)
                }

                pub fn compare_exchange(
                    &self,
                    current: $value,
                    new: $value,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$value, $value> {
                    faults::step();
                    self.0.compare_exchange(current, new, success, failure)
                }

                pub fn compare_exchange_weak(
                    &self,
                    current: $value,
                    new: $value,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$value, $value> {
                    faults::step();
                    self.0.compare_exchange_weak(current, new, success, failure)
                }

                /// Plain access for the exclusive owner.
                pub fn with_mut<R>(&mut self, f: impl FnOnce(&mut $value) -> R) -> R {
                    f(self.0.get_mut())
                }

                /// A read without synchronisation.
                ///
                /// # Safety
                ///
                /// No other thread may write the atomic at the same time.
                pub unsafe fn unsync_load(&self) -> $value {
                    // SAFETY: the caller's promise is the callee's.
                    unsafe { self.0.raw_load() }
                }

                pub fn into_inner(self) -> $value {
                    self.0.into_inner()
                }
            }

            impl $($generic)* std::fmt::Debug for $name $($generic)* {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str(stringify!($name))
                }
            }
        };
    }

    macro_rules! methods {
        ($name:ident, $value:ty, $($method:ident),*) => {
            impl $name {
                $(pub fn $method(&self, value: $value, order: Ordering) -> $value {
                    faults::step();
                    self.0.$method(value, order)
                })*
            }
        };
    }

    macro_rules! integer {
        ($name:ident, $value:ty) => {
            common!($name, [], shuttle_atomic::$name, $value);
            methods!(
                $name, $value, fetch_add, fetch_sub, fetch_or, fetch_and, fetch_xor, fetch_max,
                fetch_min
            );
        };
    }

    integer!(AtomicU32, u32);
    integer!(AtomicU64, u64);
    integer!(AtomicUsize, usize);
    common!(AtomicBool, [], shuttle_atomic::AtomicBool, bool);
    methods!(AtomicBool, bool, fetch_or, fetch_and, fetch_xor);
    common!(AtomicPtr, [<T>], shuttle_atomic::AtomicPtr<T>, *mut T);
}

pub mod cell {
    //! A plain cell. shuttle switches threads only at atomics and does not find data races; loom does.

    #[repr(transparent)]
    pub struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        pub fn into_inner(self) -> T {
            self.0.into_inner()
        }
    }

    impl<T: ?Sized> UnsafeCell<T> {
        /// The pointer must not be written through and must not leave the closure.
        pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        /// The pointer must not leave the closure.
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
    /// Yields: a spinning thread can make progress only after another thread has run.
    pub fn spin_loop() {
        shuttle::thread::yield_now();
    }
}

pub mod thread {
    //! shuttle's threads, without a limit.

    pub use shuttle::thread::{JoinHandle, LocalKey, panicking, yield_now};

    /// Has the thread ended? Always false under a checker, which does not know before the join.
    pub fn is_finished<T>(handle: &JoinHandle<T>) -> bool {
        let _ = handle;
        false
    }

    #[track_caller]
    pub fn spawn<F, T>(f: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        crate::sync::faults::thread_begins();
        shuttle::thread::spawn(f)
    }

    /// As in the std flavour. The checker chooses the stack size.
    ///
    /// # Errors
    ///
    /// None here: the checker always starts the thread.
    #[track_caller]
    pub fn spawn_with<F>(
        name: String,
        _stack: Option<usize>,
        f: F,
    ) -> std::io::Result<JoinHandle<()>>
    where
        F: FnOnce() + Send + 'static,
    {
        crate::sync::faults::thread_begins();
        shuttle::thread::Builder::new().name(name).spawn(f)
    }
}

/// A lock for slow paths, never poisoned.
#[derive(Default, Debug)]
pub struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Mutex<T> {
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}
